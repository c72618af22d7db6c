"""Mutants of elements: lengths around a change are put right again, so that half stay readable.

A mutant follows from the octets and the state of ``random`` alone. Whoever draws otherwise here
changes every mutant: a number that found something in `tests.search` then stands for another case.
Those of `roles` and `transports` before 30 November 2026 do: they were of another mutator.

The same in Rust is ``rust/cmcodec/fuzz/src/mutate.rs``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .trees import INDEFINITE, Tree, encode, parse, places, walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

TAGS = b"\x01\x02\x03\x04\x05\x06\x0a\x0c\x13\x16\x17\x18\x1e\x24\x30\x31" + bytes(
    (0x80, 0x81, 0x82, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA6, 0xBF, 0x00)
)
"""What an identifier is swapped for: universal types, context tags, and what DER has not."""

CONTENTS = (
    b"", b"\x00", b"\x01", b"\x02", b"\x03", b"\x7f", b"\x80", b"\xff", b"\x00\x80", b"\x00\xff",
    b"\xff\xff", b"\x00\xff\xff\xff\xff", b"\x01\x00\x00\x00\x00", b"\x0f\x42\x40", b"\x0f\x42\x41",
    b"\x30\x00", b"\x31\x00", b"\x05\x00", b"260101000000Z", b"20260101000000Z",
    b"20260101000000.5Z", b"00000101000000Z",
)  # fmt: skip
"""What a content is swapped for."""

TIMES = (1, 1, 1, 2, 3, 16, 65)
"""Elements that are doubled this often at once reach bounds."""


def mutant(
    random: Random, octets: bytes, seal: Callable[[list[Tree]], object] | None = None
) -> bytes:
    """A mutant: nearly always of the structure, and then ``seal`` may put more right again."""
    if random.random() < 1 / 16:
        return changed_octets(random, octets)
    forest = parse(octets)
    change_all(random, forest)
    if seal is not None:
        seal(forest)
    return encode(forest)


def change_all(random: Random, forest: list[Tree]) -> None:
    """A few changes in these elements; SETs are mostly put in order again."""
    for _ in range(random.choice((1, 1, 1, 1, 2, 4))):
        if forest:
            change(random, forest)
    if random.random() < 7 / 8:
        sort_sets(forest)


def sort_sets(trees: list[Tree]) -> None:
    for each in trees:
        if isinstance(each.inside, list):
            sort_sets(each.inside)
            if each.tag == 0x31 and len(each.inside) > 1:
                each.inside.sort(key=Tree.encode)


def change(random: Random, forest: list[Tree]) -> None:
    """One change of one element."""
    found = places(forest)
    siblings, at = random.choice(found)
    chosen = siblings[at]
    others, place = random.choice(found)
    donor = others[place].copy()
    # Most of what comes first is not read any more; the last two often are.
    match random.randrange(40):
        case 0:
            del siblings[at]
        case 1:
            siblings[at:at] = [chosen] * random.choice(TIMES)
        case 2:
            other = random.randrange(len(siblings))
            siblings[at], siblings[other] = siblings[other], siblings[at]
        case 3:
            siblings[at] = donor
        case 4:
            siblings.insert(at, donor)
        case 5 if chosen.identifier:
            siblings[at] = chosen.retagged(random.choice(TAGS))
        case 6 if chosen.identifier:
            bit = random.choice((0x01, 0x02, 0x20, 0x40, 0x80))
            siblings[at] = chosen.retagged(chosen.tag ^ bit)
        case 7:
            siblings[at] = chosen.copy()
            siblings[at].form = random.choice((INDEFINITE, INDEFINITE, 1, 2, 4))
        case 8 if random.random() < 1 / 4:
            siblings[at] = chosen.copy()
            siblings[at].lie = random.choice((-2, -1, 1, 2, 127))
        case 9:
            tag = random.choice((0x30, 0x31, 0xA0, 0xA1, 0x24, 0x04))
            siblings[at] = Tree(bytes([tag]), [chosen])
        case 10:
            siblings[at : at + 1] = chosen.trees
        case 11:
            siblings[at] = _segmented(random, chosen)
        case 12:
            siblings[at] = Tree(chosen.identifier, random.choice(CONTENTS))
        case number if number < 25:
            _same_kind(random, forest)
        case _:
            _change_content(random, siblings, at)


def _same_kind(random: Random, forest: list[Tree]) -> None:
    """One element takes the place of another of the same identifier."""
    found = places(forest)
    siblings, at = random.choice(found)
    donor = siblings[at].copy()
    fitting = [
        (others, place)
        for others, place in found
        if others[place].identifier == donor.identifier and others[place] != donor
    ]
    if fitting:
        others, place = random.choice(fitting)
        others[place] = donor


def _segmented(random: Random, chosen: Tree) -> Tree:
    """A string in segments, as BER has it."""
    content = chosen.content
    if len(chosen.identifier) != 1 or chosen.tag & 0x20 or not content:
        return chosen
    size = random.randrange(len(content)) + 1
    segments = [Tree(b"\x04", content[at : at + size]) for at in range(0, len(content), size)]
    form = random.choice((0, INDEFINITE))
    return Tree(bytes([chosen.tag | 0x20]), segments, form)


def _change_content(random: Random, siblings: list[Tree], at: int) -> None:
    """The octets of an element; of one that contains elements, of a leaf in it."""
    leaves = [
        (others, place)
        for others, place in [(siblings, at), *places(siblings[at].trees)]
        if isinstance(others[place].inside, bytes)
    ]
    if leaves:
        others, place = random.choice(leaves)
        leaf = others[place]
        content = changed_octets(random, leaf.content)
        others[place] = Tree(leaf.identifier, content, leaf.form, leaf.lie)


def changed_octets(random: Random, octets: bytes) -> bytes:
    """Some octets changed, put in, taken away, or doubled."""
    made = bytearray(octets)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.randrange(len(made) + 1)
        match random.randrange(8):
            case 0 | 1 if at < len(made):
                made[at] ^= 1 << random.randrange(8)
            case 2:
                made.insert(at, random.choice((0x00, 0x80, 0xFF, 0x30, random.randrange(256))))
            case 3:
                del made[at : at + 1]
            case 4:
                made[at:at] = made[at : at + random.randrange(1, 8)]
            case 5 if random.random() < 1 / 4:
                del made[at:]
            case 6:
                made[at : at + 1] = random.choice(CONTENTS)
            case _ if at < len(made):
                made[at] = random.choice((0x00, 0x01, 0x7F, 0x80, 0x81, 0x84, 0x85, 0xFF))
    return bytes(made)


def grafted(random: Random, octets: bytes, other: bytes) -> bytes:
    """``octets`` with an element of ``other`` in the place of, or before, one of the same kind."""
    forest = parse(octets)
    donor = random.choice([*walk(parse(other)), Tree(b"\x30", b"")]).copy()
    fitting = [
        (siblings, at) for siblings, at in places(forest)
        if siblings[at].identifier == donor.identifier
    ]  # fmt: skip
    if fitting:
        siblings, at = random.choice(fitting)
        siblings[at : at + (random.random() < 2 / 3)] = [donor]
    return encode(forest)
