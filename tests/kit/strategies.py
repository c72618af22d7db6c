"""Hypothesis strategies for values of every declared type, made from the compiled declarations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from cmcodec import types
from cmcodec._pure.codec.encode import write
from cmcodec.asn1 import NULL, TLV, Asn1, BitString, NullType, schema
from cmcodec.asn1.schema import Field, Kind, Node
from cmcodec.types.tables import OPEN_TYPES

from .der import integer, tlv
from .keys import ALICE, BOB
from .messages import EMPTY_PKI_DATA

if TYPE_CHECKING:
    from collections.abc import Iterator

Strategy = st.SearchStrategy[Any]

DECLARED: list[type[Asn1]] = [BitString, NullType, TLV] + [
    cls
    for cls in (getattr(types, name) for name in types.__all__)
    if isinstance(cls, type) and issubclass(cls, Asn1)
]
"""Every class of `cmcodec.types`, and those that stand for types of ASN.1 itself."""

DEEPEST = 5
"""Levels of declared types; below them only what ends soon is chosen."""

UNORDERED = b"\x31\x05\x05\x00\x02\x01\x00"
"""A SET OF that only what others have signed may hold."""

TLVS = st.sampled_from(
    [b"\x05\x00", b"\x02\x01\x07", b"\x30\x00", b"\x0c\x01x", b"\x31\x04\x05\x00\x05\x00",
     b"\xa0\x03\x80\x01\x00", b"\x04\x00", tlv(0x04, bytes(200))]
)  # fmt: skip
OIDS = st.one_of(
    st.sampled_from(["1.2.3", "2.999.1", "0.0", "2.5.4.3", f"1.2.{2**128 - 1}", "2.39", "1.39.0"]),
    st.lists(st.integers(0, 2**70), min_size=1, max_size=5).map(
        lambda arcs: "2." + ".".join(map(str, arcs))
    ),
)
INTEGERS = st.one_of(
    st.integers(-300, 300), st.integers(-(2**70), 2**70), st.sampled_from([2**16383, -(2**16383)])
)
TEXT = st.text(max_size=20)
ASCII = st.text(st.characters(max_codepoint=127), max_size=20)
OCTETS = st.binary(max_size=40)
BITS = st.one_of(
    st.binary(max_size=10).map(BitString),
    st.tuples(st.binary(min_size=1, max_size=5), st.integers(0, 7)).map(
        lambda pair: BitString(pair[0][:-1] + bytes([pair[0][-1] >> pair[1] << pair[1]]), pair[1])
    ),
)
NAMED_BITS = st.sets(st.integers(0, 20)).map(lambda bits: BitString.of_bits(*bits))
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))
SECONDS = st.datetimes(
    datetime(1950, 1, 1),
    datetime(2049, 12, 31),
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))

PRIMITIVES: dict[Kind, Strategy] = {
    Kind.ANY: TLVS.map(TLV),
    Kind.BIT_STRING: BITS,
    Kind.BMP_STRING: TEXT,
    Kind.BOOLEAN: st.booleans(),
    Kind.GENERALIZED_TIME: MOMENTS,
    Kind.IA5_STRING: ASCII,
    Kind.NULL: st.just(NULL),
    Kind.OBJECT_IDENTIFIER: OIDS,
    Kind.OCTET_STRING: OCTETS,
    Kind.UTC_TIME: SECONDS,
    Kind.UTF8_STRING: TEXT,
}


@cache
def values(node: Node, depth: int = 0) -> Strategy:
    """Values of a type in which no open type depends on what stands outside it."""
    if node.kind in PRIMITIVES:
        return NAMED_BITS if node.named_bit_list else PRIMITIVES[node.kind]
    if node.kind in (Kind.INTEGER, Kind.ENUMERATED):
        if node.range:
            return st.one_of(st.sampled_from(node.range), st.integers(*node.range))
        known = [st.sampled_from(list(node.numbers))] if node.numbers else []
        return st.one_of(*known, INTEGERS)
    if node.kind is Kind.OPAQUE:
        return opaque_values(node, depth)
    if node.kind is Kind.ALIAS:
        assert node.inner
        assert node.cls
        return values(node.inner, depth).map(node.cls)
    if node.kind is Kind.CHOICE:
        return st.one_of(*(alternative(node, field, depth) for field in choose(node, depth)))
    if node.kind is Kind.SEQUENCE:
        return sequences(node, depth)
    if node.kind in (Kind.SEQUENCE_OF, Kind.SET_OF):
        return elements(node, depth, "")
    return open_values(node, depth, "")


def opaque_values(node: Node, depth: int) -> Strategy:
    """Octets of what an opaque type is checked to be: all kinds at the top, few further down."""
    cls, inner = node.cls, node.inner
    assert cls
    assert inner
    if inner.kind is Kind.ANY:
        octets = [b"\x30\x00", tlv(0x30, b"\x02\x01\x00"), tlv(0x30, UNORDERED)]
        return st.sampled_from(octets).map(cls)
    if depth:
        return st.sampled_from([ALICE.certificate(), BOB.certificate(7, b"note")]).map(cls)
    return values(inner, depth).map(lambda value: cls(write(inner, value)))


def choose(node: Node, depth: int) -> list[Field]:
    """The alternatives of a CHOICE that are not too deep."""
    shallow = [f for f in node.fields if f.node.kind in PRIMITIVES or f.node.name == "Name"]
    return shallow if depth > DEEPEST and shallow else list(node.fields)


def alternative(node: Node, field: Field, depth: int) -> Strategy:
    cls = node.cls
    assert cls
    inner = st.deferred(lambda: values(field.node, depth + 1))
    if field.implicit is not None and field.node.kind is Kind.ANY:
        # The octets carry the context tag themselves.
        inner = st.sampled_from([b"", b"\x05\x00"]).map(lambda c: TLV(tlv(field.tags[0], c)))
    if field.attribute == "encrypted_value":
        inner = st.just(TLV(b"\x30\x00"))
    if field.attribute == "legacy_issuer_serial":
        # The one form of RFC 2797's that is understood (T-11).
        issuer = (types.GeneralName(directory_name=types.Name(rdn_sequence=())),)
        inner = inner.map(lambda value: replace(value, issuer=issuer))
    return inner.map(lambda value: cls(**{field.attribute: value}))


def open_values(node: Node, depth: int, oid: str) -> Strategy:
    """Values of an open type, or octets that contain one, after this OBJECT IDENTIFIER."""
    cls = OPEN_TYPES[node.table].get(oid)
    if node.kind is Kind.CONTAINING:
        if cls is types.PKIData:
            return st.just(EMPTY_PKI_DATA)
        return OCTETS if cls is None else values(schema.node(cls), depth).map(Asn1.to_der)
    return PRIMITIVES[Kind.ANY] if cls is None else values(schema.node(cls), depth)


def elements(node: Node, depth: int, oid: str) -> Strategy:
    assert node.inner
    inner = node.inner
    most = 3 if depth <= DEEPEST else 1
    if inner.kind is Kind.OPEN:
        one = st.deferred(lambda: open_values(inner, depth + 1, oid))
    else:
        one = st.deferred(lambda: values(inner, depth + 1))
    size = max(node.minimum, min(most, node.maximum or most))
    made = st.lists(one, min_size=node.minimum, max_size=size)
    if node.kind is Kind.SET_OF and not node.issued:
        # In DER order already, so that what comes back is equal.
        return made.map(lambda found: tuple(sorted(found, key=encoded)))
    return made.map(tuple)


def encoded(element: Asn1 | int) -> bytes:
    return integer(element) if isinstance(element, int) else element.to_der()


@st.composite
def sequences(draw: st.DrawFn, node: Node, depth: int) -> Any:
    """A SEQUENCE, whose open types follow the OBJECT IDENTIFIER that was drawn for them."""
    assert node.cls
    drawn: dict[str, Any] = {}
    oid = ""
    absent: set[int] = set()
    for position, field in enumerate(node.fields):
        required = node.at_least_one and not drawn and position == len(node.fields) - 1
        # What would be taken for a field before it, which is absent, is absent too.
        absent_too = depth > DEEPEST or bool(absent.intersection(field.tags))
        if field.optional and not required and (absent_too or draw(st.booleans())):
            absent.update(field.tags)
            continue
        absent.clear()
        drawn[field.attribute] = value = draw(field_values(node, field, depth, oid))
        if field.node.kind is Kind.OBJECT_IDENTIFIER:
            oid = value
        if field.written and value == field.default:
            drawn[field.written] = draw(st.sampled_from([None, True]))
    made = node.cls(**drawn)
    return numbered(made) if node.body_parts else made


def field_values(node: Node, field: Field, depth: int, oid: str) -> Strategy:
    kind = field.node.kind
    if kind is Kind.OBJECT_IDENTIFIER:
        return st.one_of(OIDS, *known_oids(node, field, depth))
    if kind in (Kind.OPEN, Kind.CONTAINING):
        return open_values(field.node, depth + 1, oid)
    if kind in (Kind.SEQUENCE_OF, Kind.SET_OF):
        return elements(field.node, depth, oid)
    return values(field.node, depth + 1)


def known_oids(node: Node, field: Field, depth: int) -> list[Strategy]:
    """Identifiers of the table that the open type after this field goes by."""
    following = node.fields[node.fields.index(field) + 1 :]
    for other in following:
        opened = other.node.inner if other.node.kind is Kind.SET_OF else other.node
        if opened and opened.table:
            table = OPEN_TYPES[opened.table]
            fit = [oid for oid, cls in table.items() if depth <= 2 or shallow(cls)]
            return [st.sampled_from(fit)] if fit else []
    return []


def shallow(cls: type[Asn1]) -> bool:
    """Whether a type holds no other declared one, by which alone recursion ends."""
    node = schema.node(cls)
    inner = node.inner if node.kind is Kind.ALIAS else node
    return bool(inner) and inner.kind in PRIMITIVES


def numbered(value: Any) -> Any:
    """A PKIData or PKIResponse whose elements have the ids 1, 2, 3, …"""
    ids = iter(range(1, 1000))
    changed = {}
    for name in type(value).__dataclass_fields__:
        changed[name] = tuple(_with_id(element, ids) for element in getattr(value, name))
    return replace(value, **changed)


def _with_id(element: Any, ids: Iterator[int]) -> Any:
    if not isinstance(element, types.TaggedRequest):
        return replace(element, body_part_id=next(ids))
    if element.crm:
        request = replace(element.crm.cert_req, cert_req_id=next(ids))
        return types.TaggedRequest(crm=replace(element.crm, cert_req=request))
    held = replace(element.value, body_part_id=next(ids))
    return types.TaggedRequest(**{element.alternative: held})
