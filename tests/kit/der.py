"""Elements in DER and BER, made without the package under test."""

from __future__ import annotations

from functools import cache

from asn1crypto import core

NULL, EMPTY = b"\x05\x00", b"\x30\x00"


def tlv(tag: int, *parts: bytes) -> bytes:
    """An element with a tag of one octet; large parts are copied once."""
    length = sum(map(len, parts))
    size = (length.bit_length() + 7) // 8
    form = bytes([length]) if length < 0x80 else bytes([0x80 | size]) + length.to_bytes(size, "big")
    return b"".join((bytes([tag]), form, *parts))


def indefinite(tag: int, *parts: bytes) -> bytes:
    """A constructed element of indefinite length, which BER has and DER has not."""
    return b"".join((bytes([tag, 0x80]), *parts, b"\0\0"))


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def set_of(*elements: bytes, tag: int = 0x31) -> bytes:
    """A SET OF, whose elements DER sorts."""
    return tlv(tag, *sorted(elements))


def integer(value: int) -> bytes:
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return tlv(0x02, value.to_bytes(size, "big", signed=True))


@cache
def oid(dotted: str) -> bytes:
    encoded: bytes = core.ObjectIdentifier(dotted).dump()
    return encoded


def identifier(dotted: str, *parameters: bytes, tag: int = 0x30) -> bytes:
    """An AlgorithmIdentifier."""
    return tlv(tag, oid(dotted), *parameters)


def attribute(dotted: str, *values: bytes) -> bytes:
    return seq(oid(dotted), set_of(*values))


def spki(algorithm: bytes, key: bytes, *, tag: int = 0x30, unused: int = 0) -> bytes:
    """A SubjectPublicKeyInfo."""
    return tlv(tag, algorithm, tlv(0x03, bytes([unused]), key))
