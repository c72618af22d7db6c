"""Octets as the elements of BER that they are, whatever they mean (X.690 §8.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cmcodec import oids, types
from cmcodec.errors import CMCError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from mmap import mmap

    Octets = bytes | mmap

__all__ = ["Element", "elements", "write_elements"]

DEEPEST: Final = 64
"""Elements inside one another that are shown."""

_CONSTRUCTED: Final = 0x20
_OCTET_STRING, _OBJECT_IDENTIFIER, _SEQUENCE = 0x04, 0x06, 0x30
_MAX_TAG_OCTETS: Final = 5
_MAX_LENGTH_OCTETS: Final = 8
_LONGEST_IDENTIFIER: Final = 128

_UNIVERSAL: Final = {
    0: "end of contents",
    1: "BOOLEAN",
    2: "INTEGER",
    3: "BIT STRING",
    4: "OCTET STRING",
    5: "NULL",
    6: "OBJECT IDENTIFIER",
    9: "REAL",
    10: "ENUMERATED",
    11: "EMBEDDED PDV",
    12: "UTF8String",
    13: "RELATIVE-OID",
    16: "SEQUENCE",
    17: "SET",
    18: "NumericString",
    19: "PrintableString",
    20: "TeletexString",
    21: "VideotexString",
    22: "IA5String",
    23: "UTCTime",
    24: "GeneralizedTime",
    25: "GraphicString",
    26: "VisibleString",
    27: "GeneralString",
    28: "UniversalString",
    30: "BMPString",
}


class BrokenError(Exception):
    """Octets that are no element: where they stand, and why, in words."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(offset, why)
        self.offset = offset
        self.why = why


class Element(NamedTuple):
    """One element: its tag, and where it starts, has its content, and ends.

    ``end`` is None where the length is indefinite.
    """

    first: int
    number: int
    start: int
    content: int
    end: int | None

    @property
    def is_constructed(self) -> bool:
        return bool(self.first & _CONSTRUCTED)

    @property
    def tag(self) -> str:
        """As ASN.1 writes it: ``SEQUENCE``, ``[0]``, ``[APPLICATION 3]``."""
        kind = self.first >> 6
        if kind == 0:
            name = _UNIVERSAL.get(self.number, f"[UNIVERSAL {self.number}]")
        else:
            name = f"[{('', 'APPLICATION ', '', 'PRIVATE ')[kind]}{self.number}]"
        is_odd = kind == 0 and self.is_constructed and self.number not in (8, 11, 16, 17)
        return f"{name}, constructed" if is_odd else name


def element(octets: Octets, start: int, end: int) -> Element:
    """The element at ``start``, which ends by ``end``; raises `BrokenError` where there is none."""
    place = start + 1
    try:
        first = octets[start]
        number = first & 0x1F
        if number == 0x1F:
            number, place = _long_number(octets, start)
        length, place = octets[place], place + 1
        if length == 0x80:
            if not first & _CONSTRUCTED:
                raise BrokenError(start, "a primitive element has no length")
            return Element(first, number, start, place, None)
        if length > 0x80:
            size = length & 0x7F
            if size > _MAX_LENGTH_OCTETS:
                raise BrokenError(start, f"a length of {size} octets")
            length, place = int.from_bytes(octets[place : place + size], "big"), place + size
    except IndexError:
        place = end + 1
    if place > end:
        raise BrokenError(start, "the octets end within tag and length")
    if length > end - place:
        raise BrokenError(start, f"a length of {length:,} octets where {end - place:,} are left")
    return Element(first, number, start, place, place + length)


def elements(octets: bytes) -> Iterator[bytes]:
    """The elements inside a SEQUENCE; raises `BrokenError` where that is none."""
    outer = element(octets, 0, len(octets))
    if outer.first != _SEQUENCE or outer.end is None:
        raise BrokenError(0, "no SEQUENCE of a length")
    place, end = outer.content, outer.end
    while place < end:
        inner = element(octets, place, end)
        yield octets[inner.start : inner.end]
        place = inner.end or end


def write_elements(octets: Octets, write: Callable[[str], object]) -> bool:
    """Writes a line for each element, and gives whether all are whole.

    Octet strings that hold a SEQUENCE are opened. Behind what is broken, it goes on after the
    element around that.
    """
    is_whole = True
    place, around = 0, [_Around(len(octets))]
    write("    offset depth     length  tag")

    def line(start: int, length: str, text: str) -> None:
        depth = len(around) - 1
        write(f"{start:>10} {depth:>5} {length:>10}  {'  ' * depth}{text}")

    while around:
        end, is_indefinite, is_guess = around[-1]
        try:
            if place < end:
                it = element(octets, place, end)
            elif is_indefinite:
                raise BrokenError(place, "the end of contents is missing")
            else:
                around.pop()
                continue
            if it.end is None and len(around) > DEEPEST:
                raise BrokenError(place, f"more than {DEEPEST} elements inside one another")
        except BrokenError as error:
            line(error.offset, "", f"broken: {error.why}")
            is_whole = is_whole and is_guess
            while around and around[-1].is_indefinite:
                around.pop()
            place = around.pop().end if around else end
            continue
        if is_indefinite and it.first == 0 and it.end == it.content:
            around.pop()
            line(it.start, "0", it.tag)
            place = it.end
            continue
        length = "indefinite" if it.end is None else str(it.end - it.content)
        line(it.start, length, it.tag + _identifier(octets, it))
        is_opened = _holds_sequence(octets, it)
        if not it.is_constructed and not is_opened:
            place = it.end or end
        elif it.end is not None and len(around) > DEEPEST:
            line(it.content, "", "…")
            place = it.end
        else:
            around.append(_Around(it.end or end, it.end is None, is_guess or is_opened))
            place = it.content
    return is_whole


class _Around(NamedTuple):
    """An element that what is shown stands in.

    ``end``: where it ends, at the latest; ``is_guess``: whether it may be none.
    """

    end: int
    is_indefinite: bool = False
    is_guess: bool = False


def _holds_sequence(octets: Octets, it: Element) -> bool:
    """Whether an octet string is filled by what seems to be a SEQUENCE."""
    if it.first != _OCTET_STRING or not it.end or it.end < it.content + 2:
        return False
    if octets[it.content] != _SEQUENCE:
        return False
    try:
        inner = element(octets, it.content, it.end)
        if inner.end == it.end and inner.content < it.end:
            element(octets, inner.content, it.end)
    except BrokenError:
        return False
    return inner.end == it.end


def _identifier(octets: Octets, it: Element) -> str:
    """The name of an OBJECT IDENTIFIER, after a space."""
    if it.first != _OBJECT_IDENTIFIER or not it.end or it.end - it.start > _LONGEST_IDENTIFIER:
        return ""
    try:
        found = types.ContentType.from_der(octets[it.start : it.end]).value
        return f" {found}" if oids.name(found) == found else f" {oids.name(found)} ({found})"
    except CMCError:
        return ""


def _long_number(octets: Octets, start: int) -> tuple[int, int]:
    """A tag number above 30, and where the length begins (X.690 §8.1.2.4)."""
    number = 0
    for place in range(start + 1, start + 1 + _MAX_TAG_OCTETS):
        number = number << 7 | octets[place] & 0x7F
        if octets[place] < 0x80:
            return number, place + 1
    raise BrokenError(start, "a tag number without end")
