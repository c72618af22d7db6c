"""Revocation by a shared secret (RFC 10002 §6.11)."""

from __future__ import annotations

from dataclasses import replace

import pytest

import cmcodec
from cmcodec import types
from cmcodec.controls import revocation
from kit.messages import control, pki_data, signed_data
from kit.proofs import CORPUS_SECRET, vector, wrong
from kit.vectors import shared

BAD_IDENTITY = types.CMCFailInfo.BAD_IDENTITY
REQUEST = types.RevokeRequest.from_der(shared("controls/17-revokeRequest.value.der"))


def test_r_139_signed_and_unsigned() -> None:
    """R-137, R-139: BouncyCastle's secret is found in a message that somebody signed or nobody."""
    ((_, signed),) = vector("controls/17-revokeRequest.signed.der").open().find(types.RevokeRequest)
    bare = cmcodec.load(signed_data(pki_data([control(1, 17, REQUEST)]))).open_unsigned()
    ((_, unsigned),) = bare.find("id-cmc-revokeRequest")
    for request in (signed, unsigned):
        revocation.verify(request, CORPUS_SECRET)


@pytest.mark.parametrize(
    "secret", [CORPUS_SECRET[:-1], CORPUS_SECRET + b"\0", CORPUS_SECRET.upper(), b"", b"x"]
)
def test_r_139_wrong_secret(secret: bytes) -> None:
    """R-139, rule R3: it counts in full length, octet by octet."""
    expected = "identity_proof_wrong", BAD_IDENTITY, (0,)
    assert wrong(lambda: revocation.verify(REQUEST, secret)) == expected
    other = replace(REQUEST, shared_secret=secret)
    assert wrong(lambda: revocation.verify(other, CORPUS_SECRET)) == expected


def test_rule_r3_nothing_matches_an_empty_secret() -> None:
    """Rule R3: two empty secrets are no match."""
    empty = replace(REQUEST, shared_secret=b"")
    assert wrong(lambda: revocation.verify(empty, b""))[0] == "identity_proof_wrong"


def test_r_139_no_secret() -> None:
    """R-139: a request without a secret proves nothing by itself."""
    bare = replace(REQUEST, shared_secret=None)
    assert wrong(lambda: revocation.verify(bare, CORPUS_SECRET)) == (
        "identity_proof_missing",
        BAD_IDENTITY,
        (0,),
    )
    with pytest.raises(TypeError, match="secret"):
        revocation.verify(REQUEST, "cmc-corpus-shared-secret")  # type: ignore[arg-type]
