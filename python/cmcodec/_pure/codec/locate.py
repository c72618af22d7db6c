"""Where the octets of a named element stand."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from cmcodec._pure.codec.primitives import dotted
from cmcodec._pure.codec.tlv import Error, Tlv, children, read_tlv
from cmcodec._pure.codec.walk import begins
from cmcodec.asn1 import schema
from cmcodec.asn1.schema import Field, Kind, Node
from cmcodec.types.tables import OPEN_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence


def locate(node: Node, data: bytes, pos: int, end: int, path: Sequence[str | int]) -> Tlv | None:
    """The element that ``path`` leads to, or None where there is no such element.

    ``data[pos:end]`` has been validated as the ``node`` the path begins at. A path crosses
    CONTAINING octet strings and open types without a step of its own, as the paths of errors do.
    """
    try:
        tlv: Tlv | None = read_tlv(data, pos, end)
        oid = ""
        for step in path:
            entered = _enter(node, data, tlv, oid) if tlv else None
            if entered is None:
                return None
            inside, tlv = entered
            found = _step(inside, data, tlv, step, oid)
            if found is None:
                return None
            node, tlv, oid = found
    except Error:
        return None
    return tlv


def _step(
    node: Node, data: bytes, tlv: Tlv, step: str | int, oid: str
) -> tuple[Node, Tlv, str] | None:
    """One step inwards, and the OBJECT IDENTIFIER that open types go by there."""
    if node.kind is Kind.SEQUENCE:
        return _field(node, data, tlv, step)
    if node.kind is Kind.CHOICE:
        field = next((field for field in node.fields if _matches(field, data, tlv)), None)
        if field and field.name == step:
            return field.node, _unwrap(field, data, tlv), oid
    if node.kind in (Kind.SEQUENCE_OF, Kind.SET_OF) and isinstance(step, int) and step >= 0:
        element = next(islice(children(data, tlv.content, tlv.end), step, None), None)
        if element and node.inner:
            return node.inner, element, oid
    return None


def _enter(node: Node, data: bytes, tlv: Tlv, oid: str) -> tuple[Node, Tlv] | None:
    """Through names, opaque and open types and octet strings to what has elements."""
    while node.kind in (Kind.ALIAS, Kind.OPAQUE, Kind.OPEN, Kind.CONTAINING):
        if node.inner:
            node = node.inner
            continue
        cls = OPEN_TYPES[node.table].get(oid)
        if cls is None:
            return None
        if node.kind is Kind.CONTAINING:
            tlv = read_tlv(data, tlv.content, tlv.end)
        node = schema.node(cls)
    return node, tlv


def _field(node: Node, data: bytes, tlv: Tlv, name: str | int) -> tuple[Node, Tlv, str] | None:
    """The field of this name, if it is present."""
    elements = children(data, tlv.content, tlv.end)
    element = next(elements, None)
    oid = ""
    for field in node.fields:
        if element is None or not _matches(field, data, element):
            continue
        if field.name == name:
            return field.node, _unwrap(field, data, element), oid
        if field.node.kind is Kind.OBJECT_IDENTIFIER:
            oid = dotted(data[element.content : element.end])
        element = next(elements, None)
    return None


def _matches(field: Field, data: bytes, tlv: Tlv) -> bool:
    """Whether this element is this field, legacy or not."""
    if field.tags and tlv.tag not in field.tags:
        return False
    return not field.first or begins(field, data, tlv.content, tlv.end)


def _unwrap(field: Field, data: bytes, tlv: Tlv) -> Tlv:
    return read_tlv(data, tlv.content, tlv.end) if field.explicit else tlv
