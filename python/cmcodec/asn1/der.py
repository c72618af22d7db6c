"""Elements put together from octets that are DER already."""

from __future__ import annotations


def header(tag: int, length: int) -> bytes:
    """Identifier and length octets of an element with a tag of one octet (X.690 8.1, 10.1)."""
    if length < 0x80:
        return bytes((tag, length))
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big")


def element(tag: int, *parts: bytes) -> bytes:
    """An element around parts, which are copied once."""
    return b"".join((header(tag, sum(map(len, parts))), *parts))


def set_of(elements: list[bytes]) -> bytes:
    """A SET OF, whose elements DER sorts (X.690 11.6)."""
    return element(0x31, *sorted(elements))
