"""What the fallback does where a library, a machine or a caller has less than usual."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

import cmcodec
from cmcodec._pure.verify import batch, ml_dsa, written
from kit.messages import Signer, signed_by, verify

BOTH_BACKENDS = False

pytestmark = pytest.mark.parametrize("backend", ["pure"], indirect=True)

MESSAGE = signed_by(Signer()).encode()


def test_no_thread_to_be_had_costs_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """V14: an interpreter that ends, or a system that has none, verifies in the calling thread."""

    def none(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    expected = list(cmcodec.verify_batch([MESSAGE] * 3, threads=1))
    monkeypatch.setattr(batch.ThreadPoolExecutor, "map", none)
    assert list(cmcodec.verify_batch([MESSAGE] * 3, threads=2)) == expected


@pytest.mark.parametrize("lacks", ["module", "algorithm"])
def test_ml_dsa_is_on_offer_as_a_whole_or_not(monkeypatch: pytest.MonkeyPatch, lacks: str) -> None:
    """V7: where `cryptography` or what it was built with lacks it, nothing of it is on offer."""
    mldsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa")

    class Lacking:
        @staticmethod
        def from_public_bytes(octets: bytes) -> None:
            raise UnsupportedAlgorithm("not built in")

    if lacks == "module":
        monkeypatch.setattr(ml_dsa, "find_spec", lambda name: None)
    else:
        monkeypatch.setattr(mldsa, "MLDSA65PublicKey", Lacking)
    assert ml_dsa._offered() == {}


def test_a_column_has_no_more_text_than_its_offsets_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: offsets of columns have 31 bits."""
    monkeypatch.setattr(written, "_MOST", 10)
    assert written._bounds([4, 6]) == struct.pack("=3i", 0, 4, 10)
    with pytest.raises(ValueError, match="give fewer messages"):
        written._bounds([4, 7])


def test_items_that_are_not_there_have_no_row() -> None:
    """V14: the place of an item is asked for by its number alone."""
    found = verify(MESSAGE, MESSAGE)
    assert [found.position(item) for item in (0, 1)] == [0, 1]
    for item in (-1, 2):
        with pytest.raises(IndexError):
            found.position(item)
