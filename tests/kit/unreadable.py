"""Certificates that ``cryptography`` does not read, or not to their end."""

from __future__ import annotations

from .keys import ALICE
from .trees import Tree, encode, parse, tree

NO_TEXT = tree(0x0C, b"\xff")
"""A UTF8String that is none."""


def with_field(tag: int, number: int, field: Tree, certificate: bytes | None = None) -> bytes:
    """A certificate with another field: the first of this tag, the second and so on."""
    forest = parse(certificate or ALICE.certificate())
    fields = forest[0].trees[0].trees
    at = [place for place, each in enumerate(fields) if each.tag == tag][number]
    fields[at] = field
    return encode(forest)


def of_version(number: int, certificate: bytes | None = None) -> bytes:
    """A certificate of a version that there is not."""
    return with_field(0xA0, 0, tree(0xA0, [tree(0x02, bytes([number]))]), certificate)


def named(value: Tree) -> Tree:
    """A name whose only attribute, the common name, has this value."""
    return tree(0x30, [tree(0x31, [tree(0x30, [tree(0x06, b"\x55\x04\x03"), value])])])


def of_issuer(value: Tree, certificate: bytes | None = None) -> bytes:
    """A certificate whose issuer has a common name of this value."""
    return with_field(0x30, 1, named(value), certificate)
