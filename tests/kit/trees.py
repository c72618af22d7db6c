"""Any octets as elements that can be changed one by one, and written again.

Nothing here is the package's: what that reads wrongly, this does not read wrongly as well. The same
in Rust is ``rust/cmcodec/fuzz/src/tree.rs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEEPEST = 80
"""Elements inside elements, at most; what is deeper stays octets."""

MINIMAL, INDEFINITE = 0, -1
"""How a length is written; another number is that of the octets behind the first."""

STRINGS = (0x03, 0x04)
PLAUSIBLE = (0x30, 0x31, 0x04, 0xA0)
"""What an element in a string begins with."""


@dataclass(slots=True)
class Tree:
    """An element. One without an identifier stands for its octets alone.

    ``lie``: by how much its length is wrong.
    """

    identifier: bytes
    inside: bytes | list[Tree]
    form: int = MINIMAL
    lie: int = 0

    @property
    def tag(self) -> int:
        """The first octet of the identifier; 0 for octets that are no element."""
        return self.identifier[0] if self.identifier else 0

    @property
    def trees(self) -> list[Tree]:
        """The elements inside: the list itself, to be changed; of octets a list of none."""
        return self.inside if isinstance(self.inside, list) else []

    @property
    def content(self) -> bytes:
        return encode(self.inside) if isinstance(self.inside, list) else self.inside

    def encode(self) -> bytes:
        content = self.content
        if not self.identifier:
            return content
        if self.form == INDEFINITE:
            return self.identifier + b"\x80" + content + b"\0\0"
        told = max(0, len(content) + self.lie)
        if self.form == MINIMAL and told < 0x80:
            return b"%b%c%b" % (self.identifier, told, content)
        size = max((told.bit_length() + 7) // 8, self.form, 1)
        return b"%b%c%b%b" % (self.identifier, 0x80 | size, told.to_bytes(size, "big"), content)

    def copy(self) -> Tree:
        inside = self.inside
        if isinstance(inside, list):
            inside = [tree.copy() for tree in inside]
        return Tree(self.identifier, inside, self.form, self.lie)

    def retagged(self, tag: int) -> Tree:
        return Tree(bytes([tag]), self.inside, self.form, self.lie)


def tree(tag: int, inside: bytes | list[Tree] = b"") -> Tree:
    """An element with a tag of one octet."""
    return Tree(bytes([tag]), inside)


def encode(trees: Iterable[Tree]) -> bytes:
    return b"".join([each.encode() for each in trees])


def places(trees: list[Tree]) -> list[tuple[list[Tree], int]]:
    """Where each element stands: the list and the position, from the outside in."""
    found: list[tuple[list[Tree], int]] = []
    _add_places(trees, found)
    return found


def _add_places(trees: list[Tree], found: list[tuple[list[Tree], int]]) -> None:
    for at, each in enumerate(trees):
        found.append((trees, at))
        if isinstance(each.inside, list):
            _add_places(each.inside, found)


def walk(trees: Iterable[Tree]) -> Iterator[Tree]:
    """Each element, from the outside in."""
    for each in trees:
        yield each
        if isinstance(each.inside, list):
            yield from walk(each.inside)


def parse(octets: bytes) -> list[Tree]:
    """Any octets as elements; the last is what is none. `encode` gives the octets back."""
    return _elements(octets, 0, len(octets), 0)


def _elements(octets: bytes, pos: int, end: int, depth: int) -> list[Tree]:
    found = []
    while pos < end:
        read = _element(octets, pos, end, depth)
        if read is None:
            found.append(Tree(b"", octets[pos:end]))
            break
        each, pos = read
        found.append(each)
    return found


def _element(octets: bytes, start: int, end: int, depth: int) -> tuple[Tree, int] | None:
    """The element at ``start`` and where it ends; None where none stands there."""
    pos = start + 1
    tag = octets[start]
    if tag & 0x1F == 0x1F:
        while pos < min(end, start + 6) and octets[pos] & 0x80:
            pos += 1
        pos += 1
    if pos >= end or pos > start + 6:
        return None
    identifier, length, form = octets[start:pos], octets[pos], MINIMAL
    pos += 1
    if length == 0x80:
        return _indefinite(octets, identifier, pos, end, depth) if tag & 0x20 else None
    if length > 0x80:
        size = length - 0x80
        if size > 4 or pos + size > end:
            return None
        length = int.from_bytes(octets[pos : pos + size], "big")
        form = size if length < 0x80 or not octets[pos] else MINIMAL
        pos += size
    if pos + length > end:
        return None
    return Tree(identifier, _inside(tag, octets, pos, pos + length, depth), form), pos + length


def _indefinite(
    octets: bytes, identifier: bytes, pos: int, end: int, depth: int
) -> tuple[Tree, int] | None:
    found: list[Tree] = []
    while octets[pos : pos + 2] != b"\0\0":
        read = None if pos >= end or depth >= DEEPEST else _element(octets, pos, end, depth + 1)
        if read is None:
            return None
        found.append(read[0])
        pos = read[1]
    return (Tree(identifier, found, INDEFINITE), pos + 2) if pos + 2 <= end else None


def _inside(tag: int, octets: bytes, pos: int, end: int, depth: int) -> bytes | list[Tree]:
    """The elements in an element, in a string as well; else octets."""
    skipped = tag == 0x03
    is_string = tag in STRINGS or tag & 0xE0 == 0x80
    if depth >= DEEPEST or not (tag & 0x20 or is_string):
        return octets[pos:end]
    if not is_string:
        return _elements(octets, pos, end, depth + 1)
    first = pos + skipped
    if first >= end or octets[first] not in PLAUSIBLE:
        return octets[pos:end]
    found = _elements(octets, first, end, depth + 1)
    if not all(each.identifier for each in found):
        return octets[pos:end]
    return [Tree(b"", octets[pos:first]), *found] if skipped else found
