"""The declarations of ``cmcodec.types`` in compiled form.

`node` turns a declared class into a graph of `Node` objects, which the fallback runs and
``tools/compile_schema.py`` writes down for the engine. Nothing else reads the annotations.
"""

from __future__ import annotations

import types as python_types
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints

from cmcodec import asn1, types
from cmcodec.types.tables import OPEN_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import IntEnum


class Kind(Enum):
    """What a node reads; the name is the variant of the engine's ``Kind``."""

    ANY = "Any"
    BIT_STRING = "BitString"
    BOOLEAN = "Boolean"
    CHOICE = "Choice"
    CONTAINING = "Containing"
    ENUMERATED = "Enumerated"
    GENERALIZED_TIME = "GeneralizedTime"
    IA5_STRING = "Ia5String"
    INTEGER = "Integer"
    NAMED = "Named"
    NULL = "Null"
    OBJECT_IDENTIFIER = "ObjectIdentifier"
    OCTET_STRING = "OctetString"
    OPAQUE = "Opaque"
    OPEN = "Open"
    SEQUENCE = "Sequence"
    SEQUENCE_OF = "SequenceOf"
    SET_OF = "SetOf"
    UTC_TIME = "UtcTime"
    UTF8_STRING = "Utf8String"


TAGS = {
    Kind.BIT_STRING: 0x03,
    Kind.BOOLEAN: 0x01,
    Kind.CONTAINING: 0x04,
    Kind.ENUMERATED: 0x0A,
    Kind.GENERALIZED_TIME: 0x18,
    Kind.IA5_STRING: 0x16,
    Kind.INTEGER: 0x02,
    Kind.NULL: 0x05,
    Kind.OBJECT_IDENTIFIER: 0x06,
    Kind.OCTET_STRING: 0x04,
    Kind.OPAQUE: 0x30,
    Kind.SEQUENCE: 0x30,
    Kind.SEQUENCE_OF: 0x30,
    Kind.SET_OF: 0x31,
    Kind.UTC_TIME: 0x17,
    Kind.UTF8_STRING: 0x0C,
}
"""Identifier octets (X.680 8.6)."""

_PYTHON_TYPES = {
    bool: Kind.BOOLEAN,
    bytes: Kind.OCTET_STRING,
    datetime: Kind.GENERALIZED_TIME,
    int: Kind.INTEGER,
    str: Kind.UTF8_STRING,
    asn1.BitString: Kind.BIT_STRING,
    asn1.NullType: Kind.NULL,
    asn1.TLV: Kind.ANY,
}

_MARKED = {
    "IA5String": Kind.IA5_STRING,
    "OBJECT IDENTIFIER": Kind.OBJECT_IDENTIFIER,
    "UTCTime": Kind.UTC_TIME,
}


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """One type. ``tags`` are the identifier octets it can start with; empty means any."""

    name: str
    kind: Kind
    cls: type[Any] | None = None
    tags: tuple[int, ...] = ()
    fields: tuple[Field, ...] = ()
    inner: Node | None = None
    table: str = ""
    minimum: int = 0
    maximum: int | None = None
    range: tuple[int, int] | None = None
    numbers: type[IntEnum] | None = None
    named_bits: bool = False
    signed: bool = False
    parts: bool = False
    at_least_one: bool = False
    body_parts: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Field:
    """A field of a SEQUENCE or an alternative of a CHOICE."""

    name: str
    attribute: str
    node: Node
    tags: tuple[int, ...]
    implicit: int | None = None
    explicit: bool = False
    optional: bool = False
    default: Any = None
    first: tuple[int, ...] = ()
    or_empty: bool = False
    legacy: bool = False


@dataclass(slots=True)
class _Annotations:
    """What stands in ``Annotated`` around one Python type."""

    python_type: Any
    extras: list[Any] = field(default_factory=list)
    optional: bool = False

    def take(self, kind: type[Any]) -> Any:
        """The annotation of this kind, or None."""
        return next((extra for extra in self.extras if isinstance(extra, kind)), None)

    def marked(self, name: str) -> bool:
        return any(isinstance(e, asn1.Marker) and e.name == name for e in self.extras)


def _unwrap(hint: Any) -> _Annotations:
    """Peels ``Annotated`` and ``| None`` off in whichever order they stand."""
    if get_origin(hint) is Annotated:
        inner, *extras = get_args(hint)
        found = _unwrap(inner)
        found.extras.extend(extras)
        return found
    if get_origin(hint) in (Union, python_types.UnionType):
        (inner,) = (arg for arg in get_args(hint) if arg is not type(None))
        found = _unwrap(inner)
        found.optional = True
        return found
    return _Annotations(hint)


def camel_case(attribute: str) -> str:
    """``control_sequence`` → ``controlSequence``."""
    head, *tail = attribute.split("_")
    return head + "".join(word.capitalize() for word in tail)


_SPELLINGS = {
    "aaCompromise": "aACompromise",
    "caCompromise": "cACompromise",
    "internalCaError": "internalCAError",
}
"""Named numbers that the standard does not spell in plain camel case."""


def number_name(number: IntEnum) -> str:
    """A named number as the standard spells it."""
    spelled = camel_case(number.name.lower())
    return _SPELLINGS.get(spelled, spelled)


_ROOTS = {"BitString": "bitString", "NullType": "null", "TLV": "any", "bit_string": "bitString"}
"""Roots of the classes, and so of the nodes, that stand for types of ASN.1 itself."""


def root_name(name: str) -> str:
    """What a path calls its root: ``pkiData`` for ``PKIData``."""
    if name in _ROOTS:
        return _ROOTS[name]
    capitals = next((i for i, letter in enumerate(name) if not letter.isupper()), len(name))
    head = capitals - 1 if 1 < capitals < len(name) and name[capitals].islower() else capitals
    return name[: max(head, 1)].lower() + name[max(head, 1) :]


_anonymous: dict[object, Node] = {}
_classes: dict[type[Any], Node] = {}


def node(cls: type[Any]) -> Node:
    """The compiled form of a declared class."""
    made = _classes.get(cls)
    if made is not None:
        return made
    if cls in _PYTHON_TYPES:
        return _primitive(_Annotations(cls))
    kind = cls.__asn1__
    made = Node(cls.__name__, Kind.SEQUENCE, cls)
    if kind == "opaque":
        made.kind, made.tags = Kind.OPAQUE, (0x30,)
        return _classes.setdefault(cls, made)
    hints = get_type_hints(cls, include_extras=True)
    if kind == "named":
        made.kind = Kind.NAMED
        made.inner = _of(_unwrap(hints["value"]))
        made.tags = made.inner.tags
    elif kind == "choice":
        made.kind = Kind.CHOICE
        made.fields = tuple(_fields(cls, hints))
        made.tags = tuple(dict.fromkeys(tag for f in made.fields for tag in f.tags))
        if any(not f.tags for f in made.fields):
            made.tags = ()
    else:
        made.tags = (0x30,)
        made.at_least_one, made.body_parts = cls.__asn1_options__
        made.fields = tuple(_fields(cls, hints))
    # Complete, as another thread may take it at once; one node per class, whoever made it first.
    return _classes.setdefault(cls, made)


def _fields(cls: type[Any], hints: dict[str, Any]) -> Iterator[Field]:
    for declared in fields(cls):
        found = _unwrap(hints[declared.name])
        inner = _of(found)
        rename = found.take(asn1.Name)
        implicit, explicit = found.take(asn1.Implicit), found.take(asn1.Explicit)
        if explicit:
            tags: tuple[int, ...] = (0xA0 | explicit.tag,)
        elif implicit:
            constructed = inner.tags in ((), (0x30,), (0x31,)) or inner.kind is Kind.CHOICE
            tags = ((0xA0 if constructed else 0x80) | implicit.tag,)
        else:
            tags = inner.tags
        first, default = found.take(asn1.First), found.take(asn1.Default)
        yield Field(
            name=rename.name if rename else camel_case(declared.name),
            attribute=declared.name,
            node=inner,
            tags=tags,
            implicit=tags[0] if implicit else None,
            explicit=explicit is not None,
            optional=found.optional,
            default=default.value if default else None,
            first=first.tags if first else (),
            or_empty=bool(first and first.or_empty),
            legacy=found.take(asn1.Legacy) is not None,
        )


def _of(found: _Annotations) -> Node:
    """The node of a field's type, without its context tag."""
    opened = found.take(asn1.Open)
    if opened:
        return _share(Node(f"open_{opened.table}", Kind.OPEN, table=opened.table))
    if get_origin(found.python_type) is tuple:
        return _collection(found)
    if found.python_type in _PYTHON_TYPES:
        return _primitive(found)
    return node(found.python_type)


def _collection(found: _Annotations) -> Node:
    element = _of(_unwrap(get_args(found.python_type)[0]))
    size = found.take(asn1.Size) or asn1.Size(0)
    signed, parts = found.marked("SET OF, signed"), found.marked("SEQUENCE OF, built on access")
    kind = Kind.SET_OF if signed or found.marked("SET OF") else Kind.SEQUENCE_OF
    bounds = "" if size == asn1.Size(0) else f"_{size.minimum}_{size.maximum or 'max'}"
    prefix = ("signed_" if signed else "") + ("parts_" if parts else "")
    return _share(
        Node(
            f"{prefix}{kind.name.lower()}_{element.name}{bounds}",
            kind,
            tags=(TAGS[kind],),
            inner=element,
            minimum=size.minimum,
            maximum=size.maximum,
            signed=signed,
            parts=parts,
        )
    )


def _primitive(found: _Annotations) -> Node:
    kind = _PYTHON_TYPES[found.python_type]
    name = ""
    for extra in found.extras:
        if isinstance(extra, asn1.Marker) and extra.name in _MARKED:
            kind = _MARKED[extra.name]
    containing, bounds = found.take(asn1.Containing), found.take(asn1.Range)
    numbers = found.take(asn1.Named)
    if containing:
        kind, name = Kind.CONTAINING, f"_{containing.table}"
    if bounds:
        name = f"_{bounds.minimum}_{bounds.maximum}"
    if numbers:
        name = f"_{numbers.numbers.__name__}"
        kind = Kind.ENUMERATED if numbers.enumerated else kind
    named_bits = found.marked("named bit list")
    return _share(
        Node(
            kind.name.lower() + name + ("_named" if named_bits else ""),
            kind,
            tags=(TAGS[kind],) if kind in TAGS else (),
            table=containing.table if containing else "",
            range=(bounds.minimum, bounds.maximum) if bounds else None,
            numbers=numbers.numbers if numbers else None,
            named_bits=named_bits,
        )
    )


def _share(made: Node) -> Node:
    """One node per anonymous type: its name says all that it is."""
    return _anonymous.setdefault(made.name, made)


@cache
def nodes() -> tuple[Node, ...]:
    """Every node, classes first in the order of ``types.__all__``; the index is its id."""
    declared = [node(getattr(types, name)) for name in types.__all__ if _is_declared(name)]
    for table in OPEN_TYPES.values():
        for cls in table.values():
            node(cls)
    return (*declared, *sorted(_anonymous.values(), key=lambda made: made.name))


def _is_declared(name: str) -> bool:
    cls = getattr(types, name)
    return isinstance(cls, type) and issubclass(cls, asn1.Asn1)
