"""Decoding and encoding on asn1crypto, driven by the declarations (the engine's ``schema``).

`reader` compiles a node of the schema into a closure that checks one element and returns its
Python value. The order of checks is the engine's, so that both refuse with the same reason at the
same offset under the same path.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from asn1crypto import parser

from cmcodec import _scalars, _schema, types
from cmcodec._pure import primitives
from cmcodec._pure.tlv import Fault, Tlv, child, children, read_tlv
from cmcodec._schema import Field, Kind, Node
from cmcodec.asn1 import TLV, Asn1, BitString, NullType
from cmcodec.limits import DEFAULT_MESSAGE_LAYERS, MAX_BODY_PARTS
from cmcodec.types.tables import OPEN_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec._parts import Parts

    Reader = Callable[["Walk", Tlv, int, str], Any]


class Walk:
    """One pass over one input."""

    __slots__ = ("confined", "data", "descends", "layers", "max_layers", "proven", "strict")

    def __init__(
        self,
        data: bytes,
        *,
        strict: bool = False,
        max_layers: int = DEFAULT_MESSAGE_LAYERS,
        confined: dict[int, Fault] | None = None,
        descends: bool = True,
        proven: bytes = b"",
    ) -> None:
        self.data = data
        self.strict = strict
        self.max_layers = max_layers
        self.layers = 1
        # Where given: faults inside a TaggedContentInfo of sound frame, by the offset of that
        # frame, instead of the end of the walk (RULES R5).
        self.confined = confined
        # Unset where the input was validated before: nested messages are not read again.
        self.descends = descends
        # The elements of a cmsSequence of the outermost layer that are not read again.
        self.proven = proven

    def is_proven(self, tlv: Tlv) -> bool:
        """Whether the elements in ``tlv``, a cmsSequence, need not be read."""
        if not self.descends:
            return True
        if not self.proven or self.layers > 1:
            return False
        return self.data[tlv.content : tlv.end] == self.proven

    def root(self, node: Node) -> Any:
        """The value of the whole input as ``node``."""
        return self.at(node, 0, len(self.data), 1)

    def at(self, node: Node, pos: int, end: int, depth: int) -> Any:
        """The value of ``data[pos:end]`` as ``node``, nothing left over."""
        tlv = child(self.data, pos, end, depth)
        if node.tags and tlv.tag not in node.tags:
            raise Fault("bad_tag", tlv.start)
        value = reader(node)(self, tlv, depth, "")
        if tlv.end != end:
            raise Fault("trailing_data", tlv.end)
        return value


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


_readers: dict[Node, Reader] = {}


def reader(node: Node) -> Reader:
    """The closure that reads an element whose tag is known to fit ``node``."""
    made = _readers.get(node)
    if made is None:
        made = _readers[node] = _READERS[node.kind](node)
    return made


def _primitive(read: Callable[[bytes, Tlv], Any]) -> Callable[[Node], Reader]:
    def compile_node(node: Node) -> Reader:
        return lambda walk, tlv, depth, oid: read(walk.data, tlv)

    return compile_node


def _integer(node: Node) -> Reader:
    bounds = node.range
    members: dict[int, int] = {int(member): member for member in node.numbers or ()}

    def read(walk: Walk, tlv: Tlv, depth: int, oid: str) -> int:
        value = primitives.integer(walk.data, tlv)
        if bounds and not bounds[0] <= value <= bounds[1]:
            raise Fault("limit", tlv.start, "P6")
        return members.get(value, value)

    return read


def _bit_string(node: Node) -> Reader:
    check = primitives.named_bit_string if node.named_bits else primitives.bit_string
    return lambda walk, tlv, depth, oid: check(walk.data, tlv)


def _any(node: Node) -> Reader:
    cls = node.cls or TLV

    def read(walk: Walk, tlv: Tlv, depth: int, oid: str) -> TLV:
        primitives.check_any(walk.data, tlv, depth)
        value: TLV = cls(walk.data[tlv.start : tlv.end])
        return value

    return read


def _named(node: Node) -> Reader:
    assert node.inner
    assert node.cls
    inner, cls = node.inner, node.cls
    return lambda walk, tlv, depth, oid: cls(reader(inner)(walk, tlv, depth, oid))


def _open(node: Node) -> Reader:
    table = OPEN_TYPES[node.table]
    unknown = _any(node)

    def read(walk: Walk, tlv: Tlv, depth: int, oid: str) -> Any:
        cls = table.get(oid)
        if cls is None:
            return unknown(walk, tlv, depth, oid)
        known = _schema.node(cls)
        if known.tags and tlv.tag not in known.tags:
            raise Fault("bad_tag", tlv.start)
        return reader(known)(walk, tlv, depth, oid)

    return read


def _containing(node: Node) -> Reader:
    table = OPEN_TYPES[node.table]

    def read(walk: Walk, tlv: Tlv, depth: int, oid: str) -> bytes:
        cls = table.get(oid) if walk.descends else None
        if cls is not None:
            if walk.layers > walk.max_layers:
                raise Fault("limit", tlv.content, "P6")
            walk.layers += 1
            walk.at(_schema.node(cls), tlv.content, tlv.end, 1)
            walk.layers -= 1
        return walk.data[tlv.content : tlv.end]

    return read


def _collection(node: Node) -> Reader:
    assert node.inner
    element, minimum, maximum = node.inner, node.minimum, node.maximum
    ordered, unordered = node.kind is Kind.SET_OF, "not_canonical"
    if node.signed:
        unordered = "attributes_unsorted"

    def read(walk: Walk, tlv: Tlv, depth: int, oid: str) -> Any:
        if node.parts and walk.is_proven(tlv):
            return _parts(walk, tlv)
        read_element, tags = reader(element), element.tags
        values: list[Any] = []
        pos, end, index, previous = tlv.content, tlv.end, 0, b""
        while pos < end:
            try:
                inner = child(walk.data, pos, end, depth + 1)
                if tags and inner.tag not in tags:
                    raise Fault("bad_tag", pos)
                if node.parts:
                    _part(walk, inner, depth + 1)
                else:
                    values.append(read_element(walk, inner, depth + 1, oid))
                if ordered:
                    octets = walk.data[pos : inner.end]
                    if octets < previous:
                        raise Fault(unordered, pos)
                    previous = octets
            except Fault as fault:
                fault.path.append(index)
                raise
            pos = inner.end
            index += 1
        if index < minimum or (maximum is not None and index > maximum):
            raise Fault("bad_value", tlv.start)
        return _parts(walk, tlv) if node.parts else tuple(values)

    def _parts(walk: Walk, tlv: Tlv) -> Any:
        from cmcodec._parts import Parts

        return Parts(walk.data, tlv.content, tlv.end, element.name)

    def _part(walk: Walk, inner: Tlv, depth: int) -> None:
        layers, confined = walk.layers, walk.confined
        try:
            reader(element)(walk, inner, depth, "")
        except Fault as fault:
            walk.layers, walk.confined = layers, confined
            if confined is None or not _sound_frame(walk.data, inner):
                raise
            # Without the frames it came through, which hold all that was read.
            confined[inner.start] = fault.with_traceback(None)

    return read


def _sound_frame(data: bytes, tlv: Tlv) -> bool:
    """Whether a TaggedContentInfo names its id: what follows can be refused by itself (R5)."""
    try:
        identifier = read_tlv(data, tlv.content, tlv.end)
        return identifier.tag == 0x02 and 0 < primitives.integer(data, identifier) < 1 << 32
    except Fault:
        return False


def _matches(field: Field, walk: Walk, tlv: Tlv) -> bool:
    return matches(field, walk.data, tlv) and not (field.legacy and walk.strict)


def matches(field: Field, data: bytes, tlv: Tlv) -> bool:
    """Whether this element, by its tag and the first ones inside, is this field, legacy or not."""
    if field.tags and tlv.tag not in field.tags:
        return False
    if not field.first:
        return True
    if tlv.content == tlv.end:
        return field.or_empty
    inner = tlv
    for tag in field.first:
        try:
            inner = read_tlv(data, inner.content, inner.end)
        except Fault:
            return False
        if inner.tag != tag:
            return False
    return True


def _read_field(field: Field, walk: Walk, tlv: Tlv, depth: int, oid: str) -> Any:
    """The value of a field whose outermost tag is known to fit."""
    node = field.node
    if field.explicit:
        inner = child(walk.data, tlv.content, tlv.end, depth + 1)
        if node.tags and inner.tag not in node.tags:
            raise Fault("bad_tag", inner.start)
        value = reader(node)(walk, inner, depth + 1, oid)
        if inner.end != tlv.end:
            raise Fault("trailing_data", inner.end)
    else:
        value = reader(node)(walk, tlv, depth, oid)
    if field.default is not None and value == field.default:
        raise Fault("not_canonical", tlv.start)
    return value


def _sequence(node: Node) -> Reader:
    assert node.cls
    cls, fields = node.cls, node.fields
    names = [field.attribute for field in fields]

    def read(walk: Walk, tlv: Tlv, depth: int, oid: str) -> Any:
        data, pos, end = walk.data, tlv.content, tlv.end
        element: Tlv | None = None
        last_oid, values, present = "", [], False
        for field in fields:
            try:
                if pos < end:
                    if element is None:
                        element = child(data, pos, end, depth + 1)
                    if _matches(field, walk, element):
                        confined = walk.confined
                        if node.body_parts and not field.node.parts:
                            walk.confined = None
                        value = _read_field(field, walk, element, depth + 1, last_oid)
                        walk.confined = confined
                        if field.node.kind is Kind.OBJECT_IDENTIFIER:
                            last_oid = value
                        values.append(value)
                        pos, element, present = element.end, None, True
                        continue
                if not field.optional and field.default is None:
                    raise Fault("bad_tag", pos)
            except Fault as fault:
                fault.path.append(field.name)
                raise
            values.append(field.default)
        if pos < end:
            raise Fault("trailing_data", pos)
        if node.at_least_one and not present:
            raise Fault("bad_value", tlv.start)
        if node.body_parts:
            _check_body_parts(data, tlv, fields)
        return cls(**dict(zip(names, values, strict=True)))

    return read


def _check_body_parts(data: bytes, tlv: Tlv, fields: tuple[Field, ...]) -> None:
    """RULES P6, R-055 to R-057: ids from 1 to 2^32-1, unique over all sequences.

    The id of every kind of element is the first INTEGER met on the way down through first
    children: bodyPartID, or certReq.certReqId of a crm.
    """
    seen: set[int] = set()
    for field, sequence in zip(fields, children(data, tlv.content, tlv.end), strict=True):
        for index, element in enumerate(children(data, sequence.content, sequence.end)):
            identifier = element
            while identifier.tag != 0x02:
                identifier = read_tlv(data, identifier.content, identifier.end)
            value = primitives.integer(data, identifier)
            reason = ""
            if not 0 < value < 1 << 32 or len(seen) >= MAX_BODY_PARTS:
                reason = "limit"
            elif value in seen:
                reason = "duplicate_body_part_id"
            if reason:
                fault = Fault(reason, identifier.start, "P6")
                fault.path += [index, field.name]
                raise fault
            seen.add(value)


def _choice(node: Node) -> Reader:
    assert node.cls
    cls, fields = node.cls, node.fields

    def read(walk: Walk, tlv: Tlv, depth: int, oid: str) -> Any:
        for field in fields:
            if _matches(field, walk, tlv):
                try:
                    return cls(**{field.attribute: _read_field(field, walk, tlv, depth, oid)})
                except Fault as fault:
                    fault.path.append(field.name)
                    raise
        raise Fault("bad_tag", tlv.start)

    return read


_READERS: dict[Kind, Callable[[Node], Reader]] = {
    Kind.ANY: _any,
    Kind.BIT_STRING: _bit_string,
    Kind.BOOLEAN: _primitive(primitives.boolean),
    Kind.CHOICE: _choice,
    Kind.CONTAINING: _containing,
    Kind.ENUMERATED: _integer,
    Kind.GENERALIZED_TIME: _primitive(primitives.generalized_time),
    Kind.IA5_STRING: _primitive(primitives.ia5_string),
    Kind.INTEGER: _integer,
    Kind.NAMED: _named,
    Kind.NULL: _primitive(primitives.null),
    Kind.OBJECT_IDENTIFIER: _primitive(primitives.object_identifier),
    Kind.OCTET_STRING: _primitive(primitives.octet_string),
    Kind.OPAQUE: _any,
    Kind.OPEN: _open,
    Kind.SEQUENCE: _sequence,
    Kind.SEQUENCE_OF: _collection,
    Kind.SET_OF: _collection,
    Kind.UTC_TIME: _primitive(primitives.utc_time),
    Kind.UTF8_STRING: _primitive(primitives.utf8_string),
}

# --- writing ---------------------------------------------------------------------------------


def write(node: Node, value: Any, tag: int | None = None, oid: str = "") -> bytes:
    """The DER encoding of ``value``, under ``tag`` instead of the type's own where given.

    Types are checked here; sizes, ranges and references by reading the result back.
    """
    kind = node.kind
    if kind in _CONTENTS:
        expected, contents = _CONTENTS[kind]
        # bool is an int to Python, never to ASN.1.
        if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
            raise Fault("bad_type", 0)
        octets = contents(value)
        if octets is None:
            raise Fault("bad_value", 0)
        return _element(tag or node.tags[0], octets)
    if kind is Kind.SEQUENCE:
        return _element(tag or 0x30, _write_fields(node, value))
    if kind is Kind.CHOICE:
        return _write_choice(node, value, tag, oid)
    if kind is Kind.NAMED:
        assert node.inner
        _expect(value, node.cls)
        return write(node.inner, getattr(value, "value", _ABSENT), tag, oid)
    if kind in (Kind.SEQUENCE_OF, Kind.SET_OF):
        return _element(tag or node.tags[0], _write_elements(node, value, oid))
    if kind is Kind.OPEN:
        _expect(value, Asn1)
        known = OPEN_TYPES[node.table].get(oid)
        if isinstance(value, TLV):
            return _verbatim(value)
        return write(_schema.node(known or _declared(type(value))), value)
    # What is left, ANY and OPAQUE, carries its own tag.
    _expect(value, node.cls or TLV)
    return _verbatim(value)


_ABSENT: Final = object()
"""An attribute that was never set, or deleted: of no type."""


def _verbatim(value: Any) -> bytes:
    """The octets of one element, no less and no more: they must not become other fields."""
    der = getattr(value, "der", _ABSENT)
    if not isinstance(der, bytes):
        raise Fault("bad_type", 0)
    try:
        whole = read_tlv(der, 0, len(der)).end == len(der)
    except Fault:
        whole = False
    if not whole:
        raise Fault("bad_value", 0)
    return der


def _declared(cls: type[Any]) -> type[Any]:
    """``cls``, which is one of ours and not a caller's own."""
    if cls not in (BitString, NullType) and getattr(types, cls.__name__, None) is not cls:
        raise Fault("bad_type", 0)
    return cls


def _expect(value: object, cls: type[Any] | None) -> None:
    if cls is None or not isinstance(value, cls):
        raise Fault("bad_type", 0)


def _element(tag: int, octets: bytes) -> bytes:
    return bytes(parser.emit(tag >> 6, tag >> 5 & 1, tag & 0x1F, octets))


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
        if field.default is not None and item == field.default:
            continue
        parts.append(_write_field(field, item, last_oid))
    return b"".join(parts)


def _write_field(field: Field, item: Any, oid: str) -> bytes:
    try:
        octets = write(field.node, item, field.implicit, oid)
    except Fault as fault:
        fault.path.append(field.name)
        raise
    return _element(field.tags[0], octets) if field.explicit else octets


def _write_choice(node: Node, value: Any, tag: int | None, oid: str) -> bytes:
    _expect(value, node.cls)
    items = [(field, getattr(value, field.attribute, _ABSENT)) for field in node.fields]
    present = [(field, item) for field, item in items if item is not None]
    if len(present) != 1 or tag is not None:
        raise Fault("bad_value", 0)
    return _write_field(*present[0], oid)


def _write_elements(node: Node, value: Any, oid: str) -> bytes:
    from cmcodec._parts import Parts

    assert node.inner
    if isinstance(value, Parts) and value.type_name == node.inner.name:
        return value.octets
    if not isinstance(value, (tuple, list, Parts)):
        raise Fault("bad_type", 0)
    encoded = []
    for index, item in enumerate(value):
        try:
            encoded.append(write(node.inner, item, None, oid))
        except Fault as fault:
            fault.path.append(index)
            raise
    if node.kind is Kind.SET_OF:
        encoded.sort()
    return b"".join(encoded)


def _utf8(value: str) -> bytes | None:
    try:
        return value.encode("utf-8")
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
    Kind.BOOLEAN: (bool, lambda value: b"\xff" if value else b"\x00"),
    Kind.CONTAINING: (bytes, bytes),
    Kind.ENUMERATED: (int, _scalars.encode_integer),
    Kind.GENERALIZED_TIME: (datetime, _scalars.encode_generalized_time),
    Kind.IA5_STRING: (str, _ascii),
    Kind.INTEGER: (int, _scalars.encode_integer),
    Kind.NULL: (NullType, lambda value: b""),
    Kind.OBJECT_IDENTIFIER: (str, primitives.encode_object_identifier),
    Kind.OCTET_STRING: (bytes, bytes),
    Kind.UTC_TIME: (datetime, _scalars.encode_utc_time),
    Kind.UTF8_STRING: (str, _utf8),
}
