"""Classes of asn1crypto, made from the declarations of `cmcodec.types`.

`derive` maps a node of the compiled declarations to a class: SEQUENCE to ``Sequence`` with its
``_fields``, CHOICE to ``Choice`` with its ``_alternatives``, and so on. What asn1crypto has itself
it contributes itself (`_tables.STANDARD`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from asn1crypto import core, crl

from cmcodec import asn1, oids, types
from cmcodec.asn1 import schema
from cmcodec.asn1.schema import Field, Kind, Node
from cmcodec.compat._tables import (
    CLASS_NAMES,
    FIELD_NAMES,
    FIELD_TYPES,
    STANDARD,
    STANDARD_LISTS,
)
from cmcodec.compat._values import (
    AnyValue,
    Checked,
    Choice,
    Integer,
    ObjectIdentifier,
    Sequence,
    SequenceOf,
    SetOf,
)
from cmcodec.types.tables import OPEN_TYPES, TOLERANT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_made: dict[object, Any] = {}


@cache
def derive(node: Node) -> Any:
    """The class of asn1crypto for a compiled type."""
    if node.cls in STANDARD:
        return STANDARD[node.cls]
    return _MAKERS[node.kind](node)


def _make(key: object, name: str, base: Any, node: Node, **members: Any) -> Any:
    """The one class for ``key``, under the name ``python_cmc`` has for it."""
    if key not in _made:
        members["_node"] = node
        members["__doc__"] = node.cls.__doc__ if node.cls else f"{name}, a type without a name."
        _made[key] = type(CLASS_NAMES.get(name, name), (base,), members)
    return _made[key]


def _sequence(node: Node) -> Any:
    fields = [
        (
            FIELD_NAMES.get((node.name, field.name), field.name),
            _field_class(node, field),
            _tagging(field) | _presence(field),
        )
        for field in node.fields
        if not field.legacy
    ]
    members: dict[str, Any] = {"_fields": fields}
    if _is_typed_by_identifier(node.fields[-1].node):
        members.update(_oid_members(node, fields))
    return _make(node, node.name, Sequence, node, **members)


def _is_typed_by_identifier(node: Node) -> bool:
    """Whether this is the SET OF values of a control."""
    return node.kind is Kind.SET_OF and node.inner is not None and node.inner.kind is Kind.OPEN


def _oid_members(node: Node, fields: list[Any]) -> dict[str, Any]:
    """What asn1crypto wants where an identifier tells the type of the values behind it."""
    (identifier, _, parameters), (values, _, _) = fields[-2:]
    inner = node.fields[-1].node.inner
    assert inner is not None
    # What may be of another type than the published one stays any.
    table = {oid: cls for oid, cls in OPEN_TYPES[inner.table].items() if oid not in TOLERANT}
    names = {oid: oids.name(oid) for oid in table}
    name = f"{node.name}Type"
    fields[-2] = (
        identifier,
        _make(name, name, ObjectIdentifier, node.fields[-2].node, _map=names),
        parameters,
    )
    specs = {names[oid]: _list_of(Kind.SET_OF, schema.node(cls)) for oid, cls in table.items()}
    return {"_oid_pair": (identifier, values), "_oid_specs": specs}


def _choice(node: Node) -> Any:
    current = [field for field in node.fields if not field.legacy]
    if len(current) == 1:
        return derive(current[0].node)
    alternatives = [(f.name, _field_class(node, f), _tagging(f)) for f in node.fields]
    legacy = {f.first[0]: index for index, f in enumerate(node.fields) if f.legacy}
    return _make(node, node.name, Choice, node, _alternatives=alternatives, _legacy=legacy)


def _field_class(node: Node, field: Field) -> Any:
    if _is_typed_by_identifier(field.node):
        return core.Any
    better = FIELD_TYPES.get((node.name, field.name))
    if better is None:
        return derive(field.node)
    return derive(schema.node(better)) if issubclass(better, asn1.Asn1) else better


def _tagging(field: Field) -> dict[str, Any]:
    if field.explicit:
        return {"explicit": field.tags[0] & 0x1F}
    return {} if field.implicit is None else {"implicit": field.implicit & 0x1F}


def _presence(field: Field) -> dict[str, Any]:
    if field.default is not None:
        return {"default": field.default}
    return {"optional": True} if field.optional else {}


def _alias(node: Node) -> Any:
    assert node.inner is not None
    if node.inner.kind not in _LISTS:
        return derive(node.inner)
    assert node.inner.inner is not None
    child = derive(node.inner.inner)
    return _make(node, node.name, _LISTS[node.inner.kind], node, _child_spec=child)


def _list(node: Node) -> Any:
    assert node.inner is not None
    return _list_of(node.kind, node.inner)


def _list_of(kind: Kind, inner: Node) -> Any:
    """One class for each element class, as ``python_cmc`` has it: SIZE is not looked at."""
    child = derive(inner)
    if (kind, child) == (Kind.SEQUENCE_OF, core.Integer):
        return derive(schema.node(types.BodyPartList))
    if (kind, child) in STANDARD_LISTS:
        return STANDARD_LISTS[kind, child]
    name = f"SetOf{child.__name__}" if kind is Kind.SET_OF else f"{child.__name__}s"
    node = Node(name, kind, tags=(schema.TAGS[kind],), inner=inner)
    return _make((kind, child), name, _LISTS[kind], node, _child_spec=child)


def _integer(node: Node) -> Any:
    if node.numbers is None:
        return core.Integer
    names = {int(number): schema.number_name(number) for number in node.numbers}
    return _make(node, node.numbers.__name__, Integer, node, _map=names)


_LISTS = {Kind.SEQUENCE_OF: SequenceOf, Kind.SET_OF: SetOf}

_MAKERS: dict[Kind, Callable[[Node], Any]] = {
    Kind.ANY: lambda _: AnyValue,
    Kind.BIT_STRING: lambda _: core.BitString,
    Kind.BMP_STRING: lambda _: core.BMPString,
    Kind.BOOLEAN: lambda _: core.Boolean,
    Kind.CHOICE: _choice,
    Kind.ENUMERATED: lambda _: crl.CRLReason,
    Kind.GENERALIZED_TIME: lambda _: core.GeneralizedTime,
    Kind.IA5_STRING: lambda _: core.IA5String,
    Kind.INTEGER: _integer,
    Kind.ALIAS: _alias,
    Kind.NULL: lambda _: core.Null,
    Kind.OBJECT_IDENTIFIER: lambda _: core.ObjectIdentifier,
    Kind.OCTET_STRING: lambda _: core.OctetString,
    Kind.OPEN: lambda _: AnyValue,
    Kind.SEQUENCE: _sequence,
    Kind.SEQUENCE_OF: _list,
    Kind.SET_OF: _list,
    Kind.UTC_TIME: lambda _: core.UTCTime,
    Kind.UTF8_STRING: lambda _: core.UTF8String,
}


def classes(module: str, *roots: type[asn1.Asn1]) -> dict[str, Any]:
    """The derived classes that values of the roots are made of, by name.

    ``module`` becomes the home of those that have none.
    """
    found: dict[str, Any] = {}
    pending = [derive(schema.node(root)) for root in roots]
    while pending:
        cls = pending.pop()
        if not issubclass(cls, Checked) or cls.__name__ in found:
            continue
        found[cls.__name__] = cls
        if cls.__module__ == __name__:
            cls.__module__ = module
        pending.extend(_parts(cls))
    return found


def _parts(cls: Any) -> Iterator[Any]:
    """The classes of fields, alternatives and elements."""
    for parts in (getattr(cls, "_fields", None), getattr(cls, "_alternatives", None)):
        yield from (part for _, part, *_ in parts or ())
    yield from (getattr(cls, "_oid_specs", None) or {}).values()
    if getattr(cls, "_child_spec", None):
        yield cls._child_spec
