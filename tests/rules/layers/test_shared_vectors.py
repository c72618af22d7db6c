"""The encrypted and MACed vectors of BouncyCastle that came with their keys, each by its name."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key

import cmcodec
from cmcodec import controls
from cmcodec.cms import RecipientKey
from kit.answers import refusal
from kit.proofs import CORPUS_SECRET
from kit.vectors import SHARED, manifest, shared

KEYS = {
    "enveloped/rsa-keytrans-aes256cbc.der": RecipientKey.from_private_key(
        load_der_private_key(shared("keys/enc-rsa-key.p8"), None), shared("keys/enc-rsa-cert.der")
    ),
    "enveloped/pwri-aes128cbc.der": RecipientKey.from_password(CORPUS_SECRET),
    "authdata/pwri-hmacsha256-req.der": RecipientKey.from_password(CORPUS_SECRET, "device-1"),
}
OPENED = {
    "enveloped/rsa-keytrans-aes256cbc.der": [
        ("enveloped", "id-aes256-CBC", "ktri"), ("signed", "sha256WithRSAEncryption", None),
    ],
    "enveloped/pwri-aes128cbc.der": [
        ("enveloped", "id-aes128-CBC", "pwri"), ("signed", "sha256WithRSAEncryption", None),
    ],
    "authdata/pwri-hmacsha256-req.der": [("authenticated", "id-hmacWithSHA256", "pwri")],
}  # fmt: skip


def test_every_vector_is_here() -> None:
    """Of both folders none is left out."""
    names = {row["file"] for row in manifest()}
    assert {name for name in names if name.startswith(("enveloped/", "authdata/"))} == set(KEYS)
    assert (SHARED / "keys" / "enc-rsa-key.p8").exists()


@pytest.mark.parametrize("name", KEYS)
def test_r_070_shared_vectors_open(name: str) -> None:
    """R-023, R-070: with their own key, and with no other of them."""
    message = cmcodec.load(shared(name))
    found = message.open(KEYS[name])
    layers = [(layer.kind, layer.algorithm, layer.recipient) for layer in found.layers]
    assert layers == OPENED[name]
    controls.check(found.content)
    assert [request.pop for request in found.requests] == ["verified"]
    others = [key for other, key in KEYS.items() if other != name]
    answer = refusal(lambda: message.open(others))
    assert answer is not None
    assert answer[:2] in (
        ("DecryptionError", "no_recipient"), ("DecryptionError", "decryption_failed"),
    )  # fmt: skip
