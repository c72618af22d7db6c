"""What of a value was validated is not read again when it is encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cmcodec.asn1 import LazySequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec.asn1.schema import Node


class Validated(NamedTuple):
    """``buffer[start:end]``, elements of a cmsSequence, were validated with the default bounds.

    They stand in the outermost message layer of what was read.
    """

    buffer: bytes
    start: int
    end: int


def mark_validated(node: Node, value: Any) -> None:
    """Marks what is lazy in ``value``, which was read as ``node`` out of validated octets."""
    for elements in _lazy(node, value):
        elements.validated = Validated(elements.buffer, elements.start, elements.end)


def validated_octets(node: Node, value: Any) -> bytes:
    """The elements of ``value`` that were validated and are as they were; empty for none."""
    for elements in _lazy(node, value):
        known = elements.validated
        if (
            isinstance(known, Validated)
            and known.buffer is elements.buffer
            and known[1:] == (elements.start, elements.end)
        ):
            return elements.octets
    return b""


def _lazy(node: Node, value: Any) -> Iterator[LazySequence[Any]]:
    for field in node.fields if node.body_parts else ():
        found = getattr(value, field.attribute, None)
        inner = field.node.inner
        if inner and type(found) is LazySequence and found.type_name == inner.name:
            yield found
