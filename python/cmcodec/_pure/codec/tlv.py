"""Elements, by asn1crypto's parser where their form is not a common one.

What is read is bounded before asn1crypto sees it (rules P2, P5, P12).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asn1crypto import parser

from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


class Error(Exception):
    """Octets are refused while they are read.

    Each level adds its step to ``path``, innermost first.
    """

    def __init__(self, reason: Reason, offset: int, rule: Rule | None = None) -> None:
        super().__init__(reason, offset)
        self.reason = reason
        self.offset = offset
        self.rule = rule or reason.rule
        self.path: list[str | int] = []


class Tlv(NamedTuple):
    """One element: its first identifier octet, and where it starts, has its content, and ends."""

    tag: int
    start: int
    content: int
    end: int


def header(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Where the element at ``pos`` has its content, and where it ends, by ``end`` at most.

    Every error has the offset ``pos``.
    """
    content = pos + 2
    if content > end:
        raise Error(Reason.TRUNCATED, pos)
    if data[pos] & 0x1F == 0x1F:
        return _long(data, pos, end)
    # Lengths of up to two octets here: a walk takes nearly twice the time where asn1crypto reads
    # all of them.
    length = data[pos + 1]
    if length >= 0x80:
        if length == 0x82 and content + 2 <= end and data[content]:
            length = data[content] << 8 | data[content + 1]
            content += 2
        elif length == 0x81 and content < end and data[content] >= 0x80:
            length = data[content]
            content += 1
        else:
            return _long(data, pos, end)
    stop = content + length
    if stop > end:
        raise Error(Reason.TRUNCATED, pos)
    return content, stop


def _long(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """`header` of any other form: asn1crypto's, once it is within bounds."""
    _bound(data, pos, end)
    # The only entry of asn1crypto's parser that takes a position; the others copy the rest of
    # the input for every element.
    found: tuple[int, int] = parser._parse(data, end, pos, lengths_only=True)  # noqa: SLF001
    return found


def read_tlv(data: bytes, pos: int, end: int) -> Tlv:
    """The element at ``pos``, by ``end`` at most."""
    content, stop = header(data, pos, end)
    return tuple.__new__(Tlv, (data[pos], pos, content, stop))


def _bound(data: bytes, start: int, end: int) -> None:
    """Refuses what X.690 10.1 or rules P2 and P5 forbid in an identifier and a length."""
    pos = start + 1
    if data[start] & 0x1F == 0x1F:
        number = 0
        while True:
            if pos >= end:
                raise Error(Reason.TRUNCATED, start)
            octet = data[pos]
            if number == 0 and octet == 0x80:
                raise Error(Reason.NOT_CANONICAL, start)
            number = number << 7 | octet & 0x7F
            pos += 1
            if number >= 1 << 31:
                raise Error(Reason.LIMIT, start, Rule.P5)
            if octet < 0x80:
                break
        if number < 0x1F:
            raise Error(Reason.NOT_CANONICAL, start)
    if pos >= end:
        raise Error(Reason.TRUNCATED, start)
    first = data[pos]
    pos += 1
    length = first
    if first == 0x80:
        raise Error(Reason.NOT_CANONICAL, start)
    if first > 0x84:
        raise Error(Reason.LIMIT, start, Rule.P2)
    if first > 0x80:
        length = 0
        for _ in range(first - 0x80):
            if pos >= end:
                raise Error(Reason.TRUNCATED, start)
            if length == 0 and data[pos] == 0:
                raise Error(Reason.NOT_CANONICAL, start)
            length = length << 8 | data[pos]
            pos += 1
        if length < 0x80:
            raise Error(Reason.NOT_CANONICAL, start)
    if length > end - pos:
        raise Error(Reason.TRUNCATED, start)


def children(data: bytes, pos: int, end: int) -> Iterator[Tlv]:
    """The elements of ``data[pos:end]``."""
    make = tuple.__new__  # which takes half the time of the constructor
    while pos < end:
        content, stop = header(data, pos, end)
        yield make(Tlv, (data[pos], pos, content, stop))
        pos = stop


def element(tag: int, octets: bytes) -> bytes:
    """The element with this identifier octet and content."""
    if len(octets) < 0x80:
        return bytes((tag, len(octets))) + octets
    return bytes(parser.emit(tag >> 6, tag >> 5 & 1, tag & 0x1F, octets))
