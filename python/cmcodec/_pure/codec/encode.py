"""Encoding on asn1crypto, driven by the declarations."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cmcodec import types
from cmcodec._pure.codec import primitives
from cmcodec._pure.codec.tlv import Error, element, header
from cmcodec.asn1 import TLV, Asn1, BitString, LazySequence, NullType, scalars, schema
from cmcodec.asn1.schema import Field, Kind, Node
from cmcodec.reasons import Reason
from cmcodec.types.tables import OPEN_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable


class Refusal(Exception):
    """A value has no encoding; each level adds its step to ``path``, innermost first."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str | int] = []


def write(node: Node, value: Any, tag: int | None = None, oid: str = "") -> bytes:
    """The DER encoding of ``value``, under ``tag`` instead of the type's own where given.

    Types are checked here; sizes, ranges and references by reading the result back.
    """
    kind = node.kind
    primitive = _CONTENTS.get(kind)
    if primitive:
        expected, contents = primitive
        # bool is an int to Python, never to ASN.1.
        if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
            raise Refusal(Reason.BAD_TYPE)
        octets = contents(value)
        if octets is None:
            raise Refusal(Reason.BAD_VALUE)
        return element(tag or node.tags[0], octets)
    if kind is Kind.SEQUENCE:
        return element(tag or 0x30, _write_fields(node, value))
    if kind is Kind.CHOICE:
        return _write_choice(node, value, tag, oid)
    if kind is Kind.ALIAS:
        assert node.inner
        _expect(value, node.cls)
        return write(node.inner, getattr(value, "value", _ABSENT), tag, oid)
    if kind in (Kind.SEQUENCE_OF, Kind.SET_OF):
        return element(tag or node.tags[0], _write_elements(node, value, oid))
    if kind is Kind.OPEN:
        _expect(value, Asn1)
        known = OPEN_TYPES[node.table].get(oid)
        if isinstance(value, TLV):
            return _verbatim(value)
        return write(schema.node(known or _declared(type(value))), value)
    # What is left, ANY and OPAQUE, carries its own tag.
    _expect(value, node.cls or TLV)
    return _verbatim(value)


_ABSENT: Final = object()
"""An attribute that was never set, or deleted: of no type."""


def _verbatim(value: Any) -> bytes:
    """The octets of one element, no less and no more: they must not become other fields."""
    der = getattr(value, "der", _ABSENT)
    if not isinstance(der, bytes):
        raise Refusal(Reason.BAD_TYPE)
    try:
        whole = header(der, 0, len(der))[1] == len(der)
    except Error:
        whole = False
    if not whole:
        raise Refusal(Reason.BAD_VALUE)
    return der


def _declared(cls: type[Any]) -> type[Any]:
    """``cls``, which is one of ours and not a caller's own."""
    if cls not in (BitString, NullType) and getattr(types, cls.__name__, None) is not cls:
        raise Refusal(Reason.BAD_TYPE)
    return cls


def _expect(value: object, cls: type[Any] | None) -> None:
    if cls is None or not isinstance(value, cls):
        raise Refusal(Reason.BAD_TYPE)


def _write_fields(node: Node, value: Any) -> bytes:
    _expect(value, node.cls)
    parts = []
    last_oid = ""
    for field in node.fields:
        item = getattr(value, field.attribute, _ABSENT)
        if field.node.kind is Kind.OBJECT_IDENTIFIER and isinstance(item, str):
            last_oid = item
        if item is None and field.optional:
            continue
        if field.default is not None and item == field.default and not _is_written(field, value):
            continue
        parts.append(_write_field(field, item, last_oid))
    return b"".join(parts)


def _is_written(field: Field, value: Any) -> bool:
    """Whether the DEFAULT value of a field is to be written out."""
    written = getattr(value, field.written, _ABSENT) if field.written else None
    if written is not None and written is not True:
        refusal = Refusal(Reason.BAD_TYPE)
        refusal.path.append(field.name)
        raise refusal
    return written is True


def _write_field(field: Field, item: Any, oid: str) -> bytes:
    try:
        octets = write(field.node, item, field.implicit, oid)
    except Refusal as refusal:
        refusal.path.append(field.name)
        raise
    return element(field.tags[0], octets) if field.explicit else octets


def _write_choice(node: Node, value: Any, tag: int | None, oid: str) -> bytes:
    _expect(value, node.cls)
    items = [(field, getattr(value, field.attribute, _ABSENT)) for field in node.fields]
    present = [(field, item) for field, item in items if item is not None]
    if len(present) != 1 or tag is not None:
        raise Refusal(Reason.BAD_VALUE)
    return _write_field(*present[0], oid)


def _write_elements(node: Node, value: Any, oid: str) -> bytes:
    assert node.inner
    if isinstance(value, LazySequence) and value.type_name == node.inner.name:
        return value.octets
    if not isinstance(value, (tuple, list, LazySequence)):
        raise Refusal(Reason.BAD_TYPE)
    encoded = []
    for index, item in enumerate(value):
        try:
            encoded.append(write(node.inner, item, None, oid))
        except Refusal as refusal:
            refusal.path.append(index)
            raise
    if node.kind is Kind.SET_OF and not node.issued:
        encoded.sort()
    return b"".join(encoded)


def _utf8(value: str) -> bytes | None:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        return None


def _utf16(value: str) -> bytes | None:
    try:
        return value.encode("utf-16-be")
    except UnicodeEncodeError:
        return None


def _ascii(value: str) -> bytes | None:
    return value.encode() if value.isascii() else None


def _bits(value: BitString) -> bytes | None:
    data, unused = getattr(value, "data", _ABSENT), getattr(value, "unused_bits", _ABSENT)
    if not isinstance(unused, int) or not 0 <= unused <= 7 or not isinstance(data, bytes):
        return None
    return bytes([unused]) + data


_CONTENTS: dict[Kind, tuple[type[Any], Callable[[Any], bytes | None]]] = {
    Kind.BIT_STRING: (BitString, _bits),
    Kind.BMP_STRING: (str, _utf16),
    Kind.BOOLEAN: (bool, lambda value: b"\xff" if value else b"\x00"),
    Kind.CONTAINING: (bytes, bytes),
    Kind.ENUMERATED: (int, scalars.encode_integer),
    Kind.GENERALIZED_TIME: (datetime, scalars.encode_generalized_time),
    Kind.IA5_STRING: (str, _ascii),
    Kind.INTEGER: (int, scalars.encode_integer),
    Kind.NULL: (NullType, lambda value: b""),
    Kind.OBJECT_IDENTIFIER: (str, primitives.encode_object_identifier),
    Kind.OCTET_STRING: (bytes, bytes),
    Kind.UTC_TIME: (datetime, scalars.encode_utc_time),
    Kind.UTF8_STRING: (str, _utf8),
}
