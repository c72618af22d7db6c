"""Rules P9 to P11: which exceptions leave, what parsing does not do, and what is input."""

from __future__ import annotations

import io
import mmap
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec import types
from kit.der import integer, seq
from kit.strategies import DECLARED
from kit.vectors import shared

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1

MESSAGE = shared("signed/p256-pkcs10.der")

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


WRONG_TYPES = {
    "file": (lambda: io.BytesIO(MESSAGE), "BytesIO is a file: give the bytes that its read()"),
    "text file": (lambda: io.StringIO("text"), "StringIO is a file: give"),
    "path": (lambda: Path("message.der"), "Path is a path: give the bytes that its read_bytes()"),
    "dict": (lambda: {MESSAGE: MESSAGE}, "dict is a mapping: give its values()"),
    "number": (lambda: 7, "int is no message: give bytes, text or a Message"),
    "nothing": (lambda: None, "NoneType is no message"),
    "value": (lambda: types.CMCStatus.SUCCESS, "CMCStatus is no message"),
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_p11_what_has_no_octets_is_a_type_error(name: str) -> None:
    """P11: no file is read, and no mapping or file is taken for a list; what to do is said."""
    make, said = WRONG_TYPES[name]
    for call in (cmcodec.load, cmcodec.verify_batch):
        with pytest.raises(TypeError) as caught:
            call(make())  # type: ignore[operator]
        assert said in str(caught.value)
    with pytest.raises(TypeError) as caught:
        cmcodec.verify_batch([MESSAGE, make()])  # type: ignore[list-item]
    assert str(caught.value).startswith("number 1: ")
    assert said in str(caught.value)


def test_p11_an_open_file_is_not_read(tmp_path: Path) -> None:
    """P11: its lines would be messages; it stays where it is."""
    file = tmp_path / "message.der"
    file.write_bytes(MESSAGE)
    with file.open("rb") as stream:
        with pytest.raises(TypeError, match="BufferedReader is a file"):
            cmcodec.verify_batch(stream)  # type: ignore[arg-type]
        assert stream.tell() == 0
        assert cmcodec.verify_batch(stream.read()).counts() == {"verified": 1}


def test_p11_any_iterable_of_messages_is_a_batch() -> None:
    """P11: lists, sets, generators, the values of a mapping."""
    loaded = cmcodec.load(MESSAGE)
    for many in ([MESSAGE, loaded], {MESSAGE, loaded}, (each for each in (MESSAGE, loaded))):
        assert cmcodec.verify_batch(many).counts() == {"verified": 2}
    assert cmcodec.verify_batch({"a": MESSAGE}.values()).counts() == {"verified": 1}
    assert len(cmcodec.verify_batch(())) == 0
