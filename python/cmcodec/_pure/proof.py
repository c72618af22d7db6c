"""Parts that were validated are not read again when they are encoded (the engine's ``proof``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec._parts import Parts
    from cmcodec._schema import Node


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Proof:
    """``buffer[start:end]``, elements of a cmsSequence, were validated with the default bounds.

    They stand in the root of a message layer.
    """

    buffer: bytes
    start: int
    end: int


def prove(node: Node, value: Any) -> None:
    """Gives the parts of ``value``, read as ``node`` out of validated octets, their proof."""
    for parts in _parts_of(node, value):
        parts.proof = Proof(parts.buffer, parts.start, parts.end)


def proven(node: Node, value: Any) -> bytes:
    """The elements of ``value`` that were validated and are as they were; empty for none."""
    for parts in _parts_of(node, value):
        proof = parts.proof
        if (
            isinstance(proof, Proof)
            and proof.buffer is parts.buffer
            and (proof.start, proof.end) == (parts.start, parts.end)
        ):
            return parts.octets
    return b""


def _parts_of(node: Node, value: Any) -> Iterator[Parts[Any]]:
    from cmcodec._parts import Parts

    for field in node.fields if node.body_parts else ():
        parts = getattr(value, field.attribute, None)
        if field.node.inner and type(parts) is Parts and parts.type_name == field.node.inner.name:
            yield parts
