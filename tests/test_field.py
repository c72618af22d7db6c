"""Forms that clients in use produce: what is said of each (tests/vectors/field)."""

from __future__ import annotations

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
    assert judged(octets, legacy=True).verdict == "verified"
