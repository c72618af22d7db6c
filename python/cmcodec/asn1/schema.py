"""The declarations in compiled form: a graph of `Node` objects.

`node` compiles a declared class. The fallback runs the graph, and ``tools/generate.py`` writes it
down for the engine. Nothing else reads annotations. A declaration with an annotation that is not
known, stands twice, or does not go with its type is refused with `TypeError`.
"""

from __future__ import annotations

import types as python_types
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from enum import Enum
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from cmcodec.asn1 import notation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from enum import IntEnum

    from cmcodec.asn1.notation import Marker

A = TypeVar("A")


class Kind(Enum):
    """What a node reads; the name is the variant of the engine's ``Kind``."""

    ALIAS = "Alias"
    ANY = "Any"
    BIT_STRING = "BitString"
    BMP_STRING = "BmpString"
    BOOLEAN = "Boolean"
    CHOICE = "Choice"
    CONTAINING = "Containing"
    ENUMERATED = "Enumerated"
    GENERALIZED_TIME = "GeneralizedTime"
    IA5_STRING = "Ia5String"
    INTEGER = "Integer"
    NULL = "Null"
    OBJECT_IDENTIFIER = "ObjectIdentifier"
    OCTET_STRING = "OctetString"
    OPAQUE = "Opaque"
    OPEN = "Open"
    SEQUENCE = "Sequence"
    SEQUENCE_OF = "SequenceOf"
    SET_OF = "SetOf"
    TOLERANT = "Tolerant"
    UTC_TIME = "UtcTime"
    UTF8_STRING = "Utf8String"


TAGS = {
    Kind.BIT_STRING: 0x03,
    Kind.BMP_STRING: 0x1E,
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
}

_OWN_TYPES = {"any": Kind.ANY, "bit string": Kind.BIT_STRING, "null": Kind.NULL}
"""The classes that stand for types of ASN.1 itself, by what they say they are."""

_MARKERS: dict[Marker, tuple[Kind, Kind]] = {
    notation.BMP_STRING: (Kind.UTF8_STRING, Kind.BMP_STRING),
    notation.IA5_STRING: (Kind.UTF8_STRING, Kind.IA5_STRING),
    notation.OBJECT_IDENTIFIER: (Kind.UTF8_STRING, Kind.OBJECT_IDENTIFIER),
    notation.UTC_TIME: (Kind.GENERALIZED_TIME, Kind.UTC_TIME),
}
"""Which kind a marker makes of which."""

_open_tables: dict[str, Mapping[str, type[Any]]] = {}


def register_open_types(tables: Mapping[str, Mapping[str, type[Any]]]) -> None:
    """Makes the tables known that ``Open`` and ``Containing`` may name."""
    _open_tables.update(tables)


def open_types(table: str) -> Mapping[str, type[Any]]:
    """A table that was made known: classes by the OBJECT IDENTIFIER that stands before a value."""
    return _open_tables[table]


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """One type. ``tags`` are the identifier octets it can start with; empty means any.

    ``issued``: it stands in what others have signed (`notation.AsIssued`), and so does all in it.
    """

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
    named_bit_list: bool = False
    signed: bool = False
    issued: bool = False
    lazy: bool = False
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
    written: str = ""
    first: tuple[int, ...] = ()
    or_empty: bool = False
    legacy: bool = False


@dataclass(slots=True)
class _Annotations:
    """What stands in ``Annotated`` around one Python type, at one place of a declaration."""

    place: str
    python_type: Any
    issued: bool = False
    extras: list[Any] = field(default_factory=list)
    optional: bool = False

    def take(self, kind: type[A]) -> A | None:
        """The annotation of this kind, or None."""
        found = [extra for extra in self.extras if isinstance(extra, kind)]
        if len(found) > 1:
            raise TypeError(f"{self.place}: {kind.__name__} stands twice")
        self.extras = [extra for extra in self.extras if not isinstance(extra, kind)]
        return found[0] if found else None

    def marked(self, marker: Marker) -> bool:
        """Whether this marker is there."""
        found = self.extras.count(marker)
        if found > 1:
            raise TypeError(f"{self.place}: {marker.name} stands twice")
        self.extras = [extra for extra in self.extras if extra != marker]
        return found == 1

    def end(self) -> None:
        """Refuses what nothing has taken."""
        for extra in self.extras:
            raise TypeError(f"{self.place}: {extra!r} does not go with {self.python_type!r}")


def _unwrap(place: str, hint: Any, *, issued: bool) -> _Annotations:
    """Peels ``Annotated`` and ``| None`` off in whichever order they stand."""
    if get_origin(hint) is Annotated:
        inner, *extras = get_args(hint)
        found = _unwrap(place, inner, issued=issued)
        found.extras.extend(extras)
        return found
    if get_origin(hint) in (Union, python_types.UnionType):
        inner, *others = (arg for arg in get_args(hint) if arg is not type(None))
        if others:
            raise TypeError(f"{place}: {hint!r} is no CHOICE: declare a class")
        found = _unwrap(place, inner, issued=issued)
        found.optional = True
        return found
    return _Annotations(place, hint, issued)


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
_classes: dict[tuple[type[Any], bool], Node] = {}


def node(cls: type[Any], *, issued: bool = False) -> Node:
    """The compiled form of a declared class, or of what it is in what others have signed."""
    made = _classes.get((cls, issued))
    if made is not None:
        return made
    kind = cls.__asn1__
    if kind in _OWN_TYPES:
        return _primitive(_Annotations(cls.__name__, cls, issued))
    made = Node(_prefix(issued) + cls.__name__.lstrip("_"), Kind.SEQUENCE, cls, issued=issued)
    if kind == "opaque":
        made.kind, made.tags = Kind.OPAQUE, (0x30,)
        made.inner = node(cls.__asn1_inside__, issued=True)
        return _classes.setdefault((cls, issued), made)
    hints = get_type_hints(cls, include_extras=True)
    if kind == "alias":
        made.kind = Kind.ALIAS
        made.inner = _of(_unwrap(f"{cls.__name__}.value", hints["value"], issued=issued))
        made.tags = made.inner.tags
    elif kind == "choice":
        made.kind = Kind.CHOICE
        made.fields = tuple(_fields(cls, hints, issued=issued))
        made.tags = tuple(dict.fromkeys(tag for f in made.fields for tag in f.tags))
        if any(not f.tags for f in made.fields):
            made.tags = ()
    else:
        made.tags = (0x30,)
        made.at_least_one, made.body_parts = cls.__asn1_options__
        made.fields = tuple(_fields(cls, hints, issued=issued))
    # Complete, as another thread may take it at once; one node per class, whoever made it first.
    return _classes.setdefault((cls, issued), made)


def _prefix(issued: bool) -> str:
    """How the name of a type begins that differs in what others have signed."""
    return "issued_" if issued else ""


def _fields(cls: type[Any], hints: dict[str, Any], *, issued: bool) -> Iterator[Field]:
    remembering: set[str] = set()
    for declared in fields(cls):
        if declared.name in remembering:
            if declared.default is not None:
                raise TypeError(f"{cls.__name__}.{declared.name}: remembers a DEFAULT, is not None")
            remembering.remove(declared.name)
            continue
        found = _unwrap(f"{cls.__name__}.{declared.name}", hints[declared.name], issued=issued)
        rename = found.take(notation.FieldName)
        implicit, explicit = found.take(notation.Implicit), found.take(notation.Explicit)
        first, default = found.take(notation.First), found.take(notation.Default)
        legacy = found.take(notation.Legacy)
        inner = _of(found)
        if implicit and explicit:
            raise TypeError(f"{found.place}: IMPLICIT and EXPLICIT exclude each other")
        if explicit and default and default.written:
            raise TypeError(f"{found.place}: a DEFAULT under EXPLICIT is never written out")
        if (
            declared.default != (default.value if default else None)
            and declared.default is not MISSING
        ):
            raise TypeError(f"{found.place}: the DEFAULT is not that of the class")
        if explicit:
            tags: tuple[int, ...] = (0xA0 | explicit.tag,)
        elif implicit:
            constructed = inner.tags in ((), (0x30,), (0x31,)) or inner.kind is Kind.CHOICE
            tags = ((0xA0 if constructed else 0x80) | implicit.tag,)
        else:
            tags = inner.tags
        yield Field(
            name=rename.name if rename else camel_case(declared.name),
            attribute=declared.name,
            node=inner,
            tags=tags,
            implicit=tags[0] if implicit else None,
            explicit=explicit is not None,
            optional=found.optional or (issued and default is not None),
            default=default.value if default and not issued else None,
            written=default.written if default else "",
            first=first.tags if first else (),
            or_empty=bool(first and first.or_empty),
            legacy=legacy is not None,
        )
        if default and default.written:
            remembering.add(default.written)
    for name in remembering:
        raise TypeError(f"{cls.__name__}.{name}: does not stand after the DEFAULT it remembers")


def _of(found: _Annotations) -> Node:
    """The node of a type that has no context tag of its own."""
    opened = found.take(notation.Open)
    if found.python_type not in _PYTHON_TYPES:
        found.issued |= found.marked(notation.AS_ISSUED)
    if opened:
        name = f"{_prefix(found.issued)}open_{_table(found, opened)}"
        made = _share(Node(name, Kind.OPEN, table=opened.table, issued=found.issued))
    elif get_origin(found.python_type) is tuple:
        made = _collection(found)
    elif found.python_type in _PYTHON_TYPES or _asn1(found) in _OWN_TYPES:
        made = _primitive(found)
    elif _asn1(found):
        made = node(found.python_type, issued=found.issued)
    else:
        raise TypeError(f"{found.place}: {found.python_type!r} is no declared type")
    found.end()
    return made


def _asn1(found: _Annotations) -> str:
    return getattr(found.python_type, "__asn1__", "")


def _table(found: _Annotations, named: notation.Open | notation.Containing) -> str:
    if named.table not in _open_tables:
        raise TypeError(f"{found.place}: there is no table {named.table!r}")
    return named.table


def _collection(found: _Annotations) -> Node:
    element = _of(_unwrap(found.place, get_args(found.python_type)[0], issued=found.issued))
    size = found.take(notation.Size) or notation.Size(0)
    signed, lazy = found.marked(notation.SIGNED_SET_OF), found.marked(notation.LAZY)
    is_set = found.marked(notation.SET_OF) or signed
    kind = Kind.SET_OF if is_set else Kind.SEQUENCE_OF
    bounds = "" if size == notation.Size(0) else f"_{size.minimum}_{size.maximum or 'max'}"
    prefix = _prefix(found.issued) + ("signed_" if signed else "") + ("lazy_" if lazy else "")
    return _share(
        Node(
            f"{prefix}{kind.name.lower()}_{element.name}{bounds}",
            kind,
            tags=(TAGS[kind],),
            inner=element,
            minimum=size.minimum,
            maximum=size.maximum,
            signed=signed,
            issued=found.issued,
            lazy=lazy,
        )
    )


def _primitive(found: _Annotations) -> Node:
    kind = _PYTHON_TYPES.get(found.python_type) or _OWN_TYPES[_asn1(found)]
    name = ""
    for marker, (before, after) in _MARKERS.items():
        if kind is before and found.marked(marker):
            kind = after
    containing = found.take(notation.Containing) if kind is Kind.OCTET_STRING else None
    integer = kind is Kind.INTEGER
    bounds = found.take(notation.Range) if integer else None
    numbers = found.take(notation.NamedNumbers) if integer else None
    named_bit_list = kind is Kind.BIT_STRING and found.marked(notation.NamedBitList)
    issued = kind is Kind.ANY and found.issued
    if containing:
        kind, name = Kind.CONTAINING, f"_{_table(found, containing)}"
    if bounds:
        name = f"_{bounds.minimum}_{bounds.maximum}"
    if numbers:
        name = f"_{numbers.numbers.__name__}"
        kind = Kind.ENUMERATED if numbers.enumerated else kind
    return _share(
        Node(
            _prefix(issued) + kind.name.lower() + name + ("_named" if named_bit_list else ""),
            kind,
            tags=(TAGS[kind],) if kind in TAGS else (),
            table=containing.table if containing else "",
            range=(bounds.minimum, bounds.maximum) if bounds else None,
            numbers=numbers.numbers if numbers else None,
            named_bit_list=named_bit_list,
            issued=issued,
        )
    )


def _share(made: Node) -> Node:
    """One node per anonymous type: its name says all that it is."""
    return _anonymous.setdefault(made.name, made)


def tolerant(published: Node) -> Node:
    """A value of this type where it fits, else one of any type."""
    return _share(Node(f"tolerant_{published.name}", Kind.TOLERANT, inner=published))


def others() -> list[Node]:
    """What was compiled so far beside the classes as they are by themselves, by name."""
    issued = [made for made in _classes.values() if made.issued]
    return sorted([*_anonymous.values(), *issued], key=lambda made: made.name)
