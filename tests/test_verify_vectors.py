"""Verdicts over the vectors of BouncyCastle (rules V, R)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cmcodec import _backend as backend

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

from kit.der import integer
from kit.messages import everything, rows, verify
from kit.vectors import BATCH, VECTORS, manifest

# --- vectors ---------------------------------------------------------------------------------


def _manifest(folder: Path) -> Iterable[Any]:
    for row in manifest(folder=folder):
        if row["verdict"] in {"verified", "failed", "unsigned", "unverified", "malformed"}:
            yield pytest.param(folder, row, id=f"{folder.name}-{row['file']}")


@pytest.mark.parametrize(
    ("folder", "expected"),
    [*_manifest(VECTORS / "bouncycastle"), *_manifest(VECTORS / "shared")],
)
def test_vectors(folder: Path, expected: dict[str, str]) -> None:
    octets = (folder / expected["file"]).read_bytes()
    verdicts = verify(octets)
    row = verdicts[0]
    verdict, pop = expected["verdict"], expected["pop"]
    if expected["file"] == "faults/attributes-unsorted.der":
        # The walk refuses them before anything is verified, and looks into nothing (V4).
        verdict, pop = "malformed", ""
    assert row.verdict == verdict
    assert row.reason == (expected.get("reason") or expected.get("reason_or_type") or None)
    assert row.rule == (expected["rule"] or None)
    if pop or "reason" in expected:
        assert ",".join(request.pop for request in row.requests) == pop
    if verdict != "malformed" and "reason" in expected:
        assert row.kind == expected["kind"]
    if "legacy: verified" in expected["note"]:
        assert verify(octets, legacy=True)[0].verdict == "verified"
    if expected.get("rows_verified/other"):
        verified, _, other = expected["rows_verified/other"].partition("/")
        assert verdicts.counts()["verified"] == int(verified)
        assert len(verdicts) == int(verified) + int(other)


def test_inner_messages_have_verdicts_of_their_own() -> None:
    octets = (VECTORS / "bouncycastle/batches/batch-3-inner-signature-broken.der").read_bytes()
    found = [(row.path, row.verdict, row.reason, row.rule) for row in rows(verify(octets))]
    assert found == [
        ((), "verified", None, None),
        ((11,), "verified", None, None),
        ((12,), "failed", "signature_invalid", "V10"),
        ((13,), "verified", None, None),
    ]


def test_rows_are_in_pre_order() -> None:
    octets = (VECTORS / "bouncycastle/batches/nested-batch.der").read_bytes()
    assert [row.path for row in rows(verify(octets))][:4] == [(), (21,), (21, 11), (21, 12)]
    assert len(verify(octets)) == 5
    assert [row.path for row in rows(verify(octets, nested=False))] == [()]


def test_a_batch_of_a_thousand() -> None:
    octets = BATCH.read_bytes()
    verdicts = verify(octets)
    assert verdicts.counts() == {
        "verified": 1001, "failed": 0, "unsigned": 0, "unverified": 0, "malformed": 0,
    }  # fmt: skip
    broken = bytearray(octets)
    for index in (100, 900):
        span = verdicts[index].span
        path = ("content", "signerInfos", 0, "signature")
        found = backend.locate("ContentInfo", octets, *span, path)
        assert found
        broken[found[2] - 1] ^= 1
    assert verdicts[500].transaction_id
    transaction = integer(verdicts[500].transaction_id)[2:]
    broken[octets.index(transaction, verdicts[500].span[0]) + 1] ^= 1
    again = verify(bytes(broken))
    assert again.counts() == {
        "verified": 997, "failed": 4, "unsigned": 0, "unverified": 0, "malformed": 0,
    }  # fmt: skip
    failed = [(row.path, row.reason) for row in rows(again) if row.verdict == "failed"]
    assert failed == [
        ((), "digest_mismatch"),
        (verdicts[100].path, "signature_invalid"),
        (verdicts[500].path, "digest_mismatch"),
        (verdicts[900].path, "signature_invalid"),
    ]
    assert everything(again) == everything(verify(bytes(broken), threads=4))
