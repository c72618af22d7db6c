"""The vector set for others in ``vectors/``: how it is made, and how tests read it.

``python tools/vectors.py`` writes it, octet for octet the same every time.
"""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from . import answers, controls, encrypted, hostile_cases, index, kinds, layers
from .vector import FOLDER, Vector

if TYPE_CHECKING:
    from hostile import Case

__all__ = ["FOLDER", "Vector", "cases", "encrypted", "files", "kept", "made", "stale"]

MODULES = (kinds, controls, layers, answers, hostile_cases)
"""What makes vectors, in the order of the index."""

BY_HAND = ("LICENSE", "README.md", "index.schema.json", "runners")
"""What nothing makes, in the folder."""


@cache
def kept() -> tuple[Vector, ...]:
    """What stands in the folder."""
    return tuple(index.read())


@cache
def cases() -> dict[str, Case]:
    """The hostile messages that stand there, by name."""
    return hostile_cases.cases(kept())


def made() -> dict[str, Vector]:
    """What is to stand there, by id."""
    found: dict[str, Vector] = {}
    for vector in chain.from_iterable(module.vectors() for module in MODULES):
        if vector.id in found:
            raise ValueError(f"two vectors are called {vector.id}")
        found[vector.id] = vector
    return found


def files(counts: index.Counts) -> dict[str, bytes]:
    """The octets of each file, by name; ``counts`` are of others."""
    vectors = made().values()
    found = {name: octets for vector in vectors for name, octets in vector.beside.items()}
    found |= {vector.file: vector.octets for vector in vectors}
    found[index.NAME] = index.text(vectors, counts).encode()
    return found


def stale(counts: index.Counts) -> dict[str, bytes | None]:
    """What is not in the folder as it is to be, None for what is not to be there."""
    right = files(counts)
    there = {
        name: path.read_bytes()
        for path in FOLDER.rglob("*")
        if path.is_file() and not (name := path.relative_to(FOLDER).as_posix()).startswith(BY_HAND)
    }
    wrong = {name: octets for name, octets in right.items() if there.get(name) != octets}
    return wrong | dict.fromkeys(set(there) - set(right))
