"""Reading elements with asn1crypto's parser, bounded before it sees them (RULES P2, P5, P12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asn1crypto import parser

from cmcodec.limits import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterator


PARSE_RULES = {
    "attributes_unsorted": "V4",
    "bad_tag": "P3",
    "bad_value": "P3",
    "depth": "P1",
    "duplicate_body_part_id": "P6",
    "limit": "P2",
    "not_canonical": "P3",
    "trailing_data": "P4",
    "truncated": "P2",
}
"""The rule of each reason for which octets are malformed, where a fault names no other."""


class Fault(Exception):
    """A refusal on its way out; each level adds its step to ``path``, innermost first."""

    def __init__(self, reason: str, offset: int, rule: str = "") -> None:
        super().__init__(reason, offset)
        self.reason = reason
        self.offset = offset
        self.rule = rule or PARSE_RULES.get(reason, "")
        self.path: list[str | int] = []

    def dotted(self) -> str:
        """The path from the root inwards: ``controlSequence[2].attrValues[0]``."""
        path = reversed(self.path)
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
        return "".join(steps).removeprefix(".")


class Tlv(NamedTuple):
    """One element: its first identifier octet, and where it starts, has its content, and ends."""

    tag: int
    start: int
    content: int
    end: int


def read_tlv(data: bytes, pos: int, end: int) -> Tlv:
    """The element at ``pos``, which must end by ``end``; every fault has the offset ``pos``."""
    if pos + 2 > end:
        raise Fault("truncated", pos)
    tag = data[pos]
    if tag & 0x1F != 0x1F and data[pos + 1] < 0x80:
        stop = pos + 2 + data[pos + 1]
        if stop > end:
            raise Fault("truncated", pos)
        return Tlv(tag, pos, pos + 2, stop)
    _bound(data, pos, end)
    # The only entry of asn1crypto's parser that takes a position; the others copy the rest of
    # the input for every element.
    content, stop = parser._parse(data, end, pos, lengths_only=True)  # noqa: SLF001
    return Tlv(tag, pos, content, stop)


def _bound(data: bytes, start: int, end: int) -> None:
    """Refuses what X.690 10.1 or RULES P2 and P5 forbid in an identifier and a length."""
    pos = start + 1
    if data[start] & 0x1F == 0x1F:
        number = 0
        while True:
            if pos >= end:
                raise Fault("truncated", start)
            octet = data[pos]
            if number == 0 and octet == 0x80:
                raise Fault("not_canonical", start)
            number = number << 7 | octet & 0x7F
            pos += 1
            if number >= 1 << 31:
                raise Fault("limit", start, "P5")
            if octet < 0x80:
                break
        if number < 0x1F:
            raise Fault("not_canonical", start)
    if pos >= end:
        raise Fault("truncated", start)
    first = data[pos]
    pos += 1
    length = first
    if first == 0x80:
        raise Fault("not_canonical", start)
    if first > 0x84:
        raise Fault("limit", start)
    if first > 0x80:
        length = 0
        for _ in range(first - 0x80):
            if pos >= end:
                raise Fault("truncated", start)
            if length == 0 and data[pos] == 0:
                raise Fault("not_canonical", start)
            length = length << 8 | data[pos]
            pos += 1
        if length < 0x80:
            raise Fault("not_canonical", start)
    if length > end - pos:
        raise Fault("truncated", start)


def child(data: bytes, pos: int, end: int, depth: int) -> Tlv:
    """`read_tlv` of an element that ``depth - 1`` others stand around (RULES P1)."""
    if depth > MAX_DEPTH:
        raise Fault("depth", pos)
    return read_tlv(data, pos, end)


def children(data: bytes, pos: int, end: int) -> Iterator[Tlv]:
    """The elements of ``data[pos:end]``."""
    while pos < end:
        tlv = read_tlv(data, pos, end)
        yield tlv
        pos = tlv.end
