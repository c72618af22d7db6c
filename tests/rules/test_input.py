"""Rules P9 to P11: which exceptions leave, what parsing does not do, and what is input."""

from __future__ import annotations

import mmap
from array import array
from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec import types
from kit.der import integer, seq
from kit.strategies import DECLARED
from kit.vectors import shared

if TYPE_CHECKING:
    from pathlib import Path

    from cmcodec.asn1 import Asn1

# --- P9 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", DECLARED, ids=lambda cls: cls.__name__)
def test_p9_only_documented_exceptions(cls: type[Asn1]) -> None:
    """P9: garbage is refused with the package's exceptions, under one base class, as ValueError."""
    for octets in (b"", b"\x00", b"\x30", b"\xff" * 100, bytes(10_000), b"PEM?"):
        with pytest.raises(cmcodec.DecodeError) as caught:
            cls.from_der(octets)
        assert isinstance(caught.value, (cmcodec.CMCError, ValueError))


def test_p9_reasons_are_one_of_a_list() -> None:
    """P9: what parsing refuses is an error with reason, offset and path, in a readable sentence."""
    with pytest.raises(cmcodec.DecodeError) as caught:
        types.BodyPartList.from_der(bytes.fromhex("300402810101"))
    error = caught.value
    assert (error.reason, error.offset, error.path) == ("not_canonical", 2, "bodyPartList[0]")
    assert str(error) == "not_canonical at offset 2 in bodyPartList[0]"


# --- P10 ---------------------------------------------------------------------------------------


def test_p10_parsing_derives_no_key() -> None:
    """P10: two billion iterations are a number to the parser."""
    octets = seq(b"\x04\x08" + bytes(8), integer(2**31 - 1))
    assert types.PBKDF2Params.from_der(octets).iteration_count == 2**31 - 1


# --- P11 ---------------------------------------------------------------------------------------


def test_p11_any_buffer_is_input(tmp_path: Path) -> None:
    """P11: bytes, bytearray, memoryview, array and mmap are read alike."""
    octets = shared("signed/p256-pkcs10.der")
    expected = cmcodec.load(octets)
    value = types.ContentInfo.from_der(octets)
    file = tmp_path / "message"
    file.write_bytes(octets)
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        for data in (
            bytearray(octets),
            memoryview(octets),
            memoryview(bytes(reversed(octets)))[::-1],
            array("B", octets),
            mapped,
        ):
            assert cmcodec.load(data) == expected  # type: ignore[arg-type]
            assert types.ContentInfo.from_der(data) == value  # type: ignore[arg-type]


def test_p11_input_may_change_afterwards() -> None:
    """P11: a bytearray is copied: what is written into it later changes no message."""
    octets = shared("signed/p256-pkcs10.der")
    data = bytearray(octets)
    message, value = cmcodec.load(data), types.ContentInfo.from_der(data)
    data[:] = bytes(len(data))
    data.clear()  # nothing exports its buffer any more
    assert message.to_der() == octets
    assert value.to_der() == octets


def test_p11_bytes_are_read_in_place() -> None:
    """P11: ``bytes`` are not copied."""
    octets = shared("signed/p256-pkcs10.der")
    assert cmcodec.load(octets).buffer is octets


@pytest.mark.parametrize("data", [5, 10**12, [48, 0], "0000", None, ["a"], {1: 2}])
def test_p11_other_input_is_a_type_error(data: object) -> None:
    """P11: a number is not a length of zeros, nor a list octets; text is of a message only (P4)."""
    with pytest.raises(TypeError):
        types.DataReturn.from_der(data)  # type: ignore[arg-type]
    with pytest.raises(cmcodec.DecodeError if isinstance(data, str) else TypeError):
        cmcodec.load(data)  # type: ignore[arg-type]
