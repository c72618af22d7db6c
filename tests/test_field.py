"""Forms that clients in use produce: what is said of each (tests/vectors/field)."""

from __future__ import annotations

import pytest

import cmcodec
from cmcodec import Row
from kit.vectors import VECTORS

FIELD = VECTORS / "field"


def field(name: str) -> bytes:
    return (FIELD / name).read_bytes()


def judged(octets: bytes, *, legacy: bool = False) -> Row:
    (row,) = cmcodec.verify_batch(octets, legacy=legacy)
    return row


def test_v1_detached() -> None:
    """A signed PKIData that is not in the message."""
    octets = field("cmc-detached.der")
    row = judged(octets)
    assert (row.kind, row.verdict) == ("full-request", "failed")
    assert (row.reason, row.rule, row.offset) == ("content_missing", "V1", 45)
    assert row.signers == ()


def test_v1_request_version() -> None:
    """A PKCS#10 with version 1."""
    row = judged(field("csr-version-1.der"))
    assert (row.kind, row.verdict) == ("simple-request", "failed")
    assert (row.reason, row.rule, row.offset) == ("version_mismatch", "V1", 8)
    assert [request.pop for request in row.requests] == ["failed"]


def test_v10a_sha1() -> None:
    """The default of certreq: SHA-1 in the SignerInfo."""
    octets = field("win-certreq-sha1-no-legacy.der")
    row = judged(octets)
    assert (row.verdict, row.reason) == ("failed", "unsupported_algorithm")
    assert [signer.algorithm for signer in row.signers] == ["sha1WithRSAEncryption"]
    assert judged(octets, legacy=True).verdict == "verified"


@pytest.mark.parametrize(
    ("name", "kind", "verdict", "reason"),
    [
        ("certsonly-ber-empty-econtent.der", "simple-response", "unsigned", None),
        ("certsonly-unsorted.der", "simple-response", "unsigned", None),
        ("cmc-issuer-rdn-unsorted.der", "full-request", "verified", None),
        ("cmc-issuer-string-type.der", "full-request", "failed", "signer_not_found"),
        ("csr-unsorted-rdn.der", "other", "malformed", "not_canonical"),
        ("win-eobo-two-signers.der", "full-request", "failed", "request_key_not_sole_signer"),
        ("win-key-archival.der", "full-request", "verified", None),
        ("win-otp-nosignature-and-ra.der", "full-request", "failed", "no_signature"),
        ("win-pkcs7-renewal.der", "other", "failed", "wrong_content_type"),
    ],
)
def test_verdicts(name: str, kind: str, verdict: str, reason: str | None) -> None:
    """V1, V8, V11, V12, P3: what BouncyCastle, PKI.js, CAs and Windows leave on the wire."""
    row = judged(field(name))
    assert (row.kind, row.verdict, row.reason) == (kind, verdict, reason)


@pytest.mark.parametrize("name", ["certsonly-ber-empty-econtent.der", "certsonly-unsorted.der"])
def test_certs_only_out_of_order(name: str) -> None:
    """P3: the wrapper is BER, which is converted, and carries three certificates."""
    message = cmcodec.load(field(name))
    assert (message.encoding, len(message.certificates)) == ("ber", 3)


def test_p3_a_certificate_out_of_order() -> None:
    """P3, G10: what an issuer signed comes back as it is, DER but for the order in it."""
    octets = field("cmc-issuer-rdn-unsorted.der")
    for strict in (False, True):
        message = cmcodec.load(octets, strict=strict)
        assert (message.encoding, len(message.certificates)) == ("der", 1)
        assert message.unverified_structure.to_der() == octets


@pytest.mark.parametrize("name", ["win-eobo-two-signers.der", "win-otp-nosignature-and-ra.der"])
def test_one_signer_of_two_is_good(name: str) -> None:
    """V3: the agent's signature is good, whatever the other's is."""
    reasons = [signer.reason for signer in judged(field(name)).signers]
    assert len(reasons) == 2
    assert reasons.count(None) == 1


def test_an_unsorted_name_is_located() -> None:
    """P3: the path leads to the attribute that is out of order."""
    with pytest.raises(cmcodec.DecodeError) as caught:
        cmcodec.load(field("csr-unsorted-rdn.der"))
    assert caught.value.path.endswith("subject.rdnSequence[0][1]")
