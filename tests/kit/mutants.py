"""Mutants of valid octets: some with every length put right again, some not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .der import tlv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

TAGS = bytes(range(0x01, 0x20)) + b"\x30\x31\x24\x80\x81\x82\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xbf\x00"
"""What a tag is swapped for: each universal type, context tags, and forms DER has not."""


@dataclass
class Element:
    """One element, whose content is octets or elements."""

    tag: int
    content: bytes = b""
    elements: list[Element] = field(default_factory=list)

    def octets(self) -> bytes:
        return tlv(self.tag, self.content, *(element.octets() for element in self.elements))

    def all(self) -> Iterator[Element]:
        yield self
        for element in self.elements:
            yield from element.all()


def parse(octets: bytes, *, strings: bool = True) -> list[Element]:
    """The elements in ``octets``, opened where they are constructed or, strings, contain elements.

    Raises `ValueError` or `IndexError` where they are not elements of definite lengths.
    """
    found = []
    pos = 0
    while pos < len(octets):
        tag, length, content = octets[pos], octets[pos + 1], pos + 2
        if length > 0x80:
            content += length - 0x80
            length = int.from_bytes(octets[pos + 2 : content], "big")
        if tag & 0x1F == 0x1F or length == 0x80 or content + length > len(octets):
            raise ValueError("not definite")
        inside = octets[content : content + length]
        element = Element(tag, inside)
        if tag & 0x20 or (strings and tag == 0x04 and inside[:1] == b"\x30"):
            try:
                element.elements = parse(inside, strings=strings)
                element.content = b""
            except (ValueError, IndexError):
                element.content, element.elements = inside, []
        found.append(element)
        pos = content + length
    return found


def mutant(random: Random, octets: bytes) -> bytes:
    """One mutant: of the structure half the time, else of the octets."""
    if random.random() < 0.5:
        return _changed_octets(random, octets)
    try:
        elements = parse(octets)
    except (ValueError, IndexError):
        return _changed_octets(random, octets)
    for _ in range(random.choice((1, 1, 1, 2))):
        _change_structure(random, list(elements[0].all()) if elements else [])
    return b"".join(element.octets() for element in elements)


def _changed_octets(random: Random, octets: bytes) -> bytes:
    changed = bytearray(octets)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if not changed:
            break
        at = random.randrange(len(changed))
        match random.randrange(7):
            case 0 | 1:
                changed[at] ^= 1 << random.randrange(8)
            case 2:
                changed.insert(at, random.choice((0x00, 0x80, 0xFF, 0x30, random.randrange(256))))
            case 3:
                del changed[at]
            case 4:
                changed[at:at] = changed[at : at + random.randrange(1, 8)]
            case 5:
                del changed[at:]
            case _:
                changed[at] = random.choice((0x00, 0x7F, 0x80, 0x81, 0x84, 0x85, 0xFF))
    return bytes(changed)


def _change_structure(random: Random, elements: list[Element]) -> None:
    if not elements:
        return
    chosen, other = random.choice(elements), random.choice(elements)
    match random.randrange(9):
        case 0:
            chosen.tag = random.choice(TAGS)
        case 1:
            chosen.tag ^= random.choice((0x20, 0x80, 0xA0))
        case 2:
            random.shuffle(chosen.elements)
        case 3 if chosen.elements:
            del chosen.elements[random.randrange(len(chosen.elements))]
        case 4 if chosen.elements:
            chosen.elements.append(random.choice(chosen.elements))
        case 5 if chosen not in other.all():
            twin = Element(other.tag, other.content, list(other.elements))
            chosen.tag, chosen.content, chosen.elements = twin.tag, twin.content, twin.elements
        case 6:
            chosen.content, chosen.elements = b"", []
        case 7:
            chosen.content += bytes([random.choice((0x00, 0x05, 0x80, 0xFF))])
        case _:
            if not chosen.elements:
                chosen.content = _changed_octets(random, chosen.content or b"\x00")
