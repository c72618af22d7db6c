"""The vocabulary in which every ASN.1 type of this package is declared, once.

A declaration is a frozen dataclass; what ASN.1 needs beyond the Python type stands in
``Annotated``::

    @sequence
    class GetCert(Asn1):
        issuer_name: GeneralName
        serial_number: int

Both backends read these declarations: the fallback compiles them into closures, the engine
into the committed table ``rust/cmcodec/src/schema/compiled.rs``.

Python type                       ASN.1 type
``int`` ``bool`` ``bytes``        INTEGER, BOOLEAN, OCTET STRING
``str``                           UTF8String (``IA5String``, ``OID`` below)
``BitString`` ``NullType``        BIT STRING, NULL
``datetime``                      GeneralizedTime (``UTCTime`` below), always in UTC
``tuple[T, ...]`` ``SetOf[T]``    SEQUENCE OF, SET OF
``T | None`` with default None    OPTIONAL, or an alternative of a CHOICE
an ``Asn1`` class                 that type
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    Self,
    TypeVar,
    dataclass_transform,
    final,
    overload,
)

from cmcodec import _backend, _present

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import IntEnum

__all__ = [
    "NULL",
    "OID",
    "TLV",
    "Asn1",
    "BitString",
    "Containing",
    "Default",
    "Explicit",
    "First",
    "IA5String",
    "Implicit",
    "Legacy",
    "Name",
    "Named",
    "NamedBits",
    "NullType",
    "Open",
    "Parts",
    "Range",
    "SetOf",
    "SignedSetOf",
    "Size",
    "UTCTime",
    "choice",
    "named",
    "sequence",
]

T = TypeVar("T")

# --- annotations -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Implicit:
    """``[tag] IMPLICIT``: the context tag replaces the type's own."""

    tag: int


@dataclass(frozen=True, slots=True)
class Explicit:
    """``[tag] EXPLICIT``: the context tag stands around the type's own."""

    tag: int


@dataclass(frozen=True, slots=True)
class Default:
    """``DEFAULT value``: the value is never encoded."""

    value: object


@dataclass(frozen=True, slots=True)
class Size:
    """``SIZE (minimum..MAX)`` of a SEQUENCE OF or SET OF."""

    minimum: int
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """``INTEGER (minimum..maximum)``, both included."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Name:
    """The name the standard gives a field, where it is not the camelCase of ours."""

    name: str


@dataclass(frozen=True, slots=True)
class Named:
    """An INTEGER or ENUMERATED with named numbers; unknown numbers stay plain ``int`` (T-18)."""

    numbers: type[IntEnum]
    enumerated: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """``ANY DEFINED BY`` the last OBJECT IDENTIFIER before it in the enclosing SEQUENCE.

    ``table`` names a row of ``types.tables.OPEN_TYPES``. A value whose identifier is not in the
    table is a ``TLV`` and round-trips octet for octet.
    """

    table: str


@dataclass(frozen=True, slots=True)
class Containing:
    """``OCTET STRING (CONTAINING type)``, the type being named as for `Open`.

    The octets are validated as that type and stay octets.
    """

    table: str


@dataclass(frozen=True, slots=True)
class First:
    """Chooses between types of one tag by the identifier octets of the first elements inside.

    ``First(0x30, 0xA4)`` matches where the first element is a SEQUENCE whose own first element is
    [4]. ``or_empty`` matches a value without content too.
    """

    tags: tuple[int, ...]
    or_empty: bool = False


@dataclass(frozen=True, slots=True)
class Legacy:
    """A form of RFC 2797, RFC 6402 or old peers: read unless ``strict``, re-encoded unchanged."""


@dataclass(frozen=True, slots=True)
class Marker:
    """An annotation that needs nothing but a name."""

    name: str


_SET_OF: Final = Marker("SET OF")
_SIGNED_SET_OF: Final = Marker("SET OF, signed")
_PARTS: Final = Marker("SEQUENCE OF, built on access")

SetOf = Annotated[tuple[T, ...], _SET_OF]
"""SET OF: encoded in DER order, which `==` does not see through."""

SignedSetOf = Annotated[tuple[T, ...], _SIGNED_SET_OF]
"""SET OF whose received octets are signed: out of order is `attributes_unsorted` (RULES V4)."""

Parts = Annotated[tuple[T, ...], _PARTS]
"""SEQUENCE OF that may hold a whole batch: decoded, its elements are built on access."""

OID = Annotated[str, Marker("OBJECT IDENTIFIER")]
"""OBJECT IDENTIFIER as dotted decimal text."""

IA5String = Annotated[str, Marker("IA5String")]
UTCTime = Annotated[datetime, Marker("UTCTime")]
"""UTCTime: years 1950 to 2049, whole seconds."""

NamedBits: Final = Marker("named bit list")
"""A BIT STRING whose trailing zero bits carry no meaning, so that DER drops them."""

# --- values ----------------------------------------------------------------------------------


class Asn1:
    """What every declared type can do."""

    __slots__ = ()
    __asn1__: ClassVar[str]
    """Which kind of type this is."""
    __asn1_name__: ClassVar[str] = ""
    """The name of the declared type, which a class derived from it has too."""

    def __init_subclass__(cls) -> None:
        if "__asn1__" in vars(cls) or not cls.__asn1_name__:
            cls.__asn1_name__ = cls.__name__

    @classmethod
    def from_der(cls, data: bytes | bytearray | memoryview, *, strict: bool = False) -> Self:
        """Decodes exactly one DER value of this type.

        ``strict`` refuses the legacy forms of RFC 2797 and RFC 6402. Raises `DecodeError` or
        `LimitError` with reason, offset and path.
        """
        # A view, so that a number is no length and a list no octets.
        octets = data if type(data) is bytes else bytes(memoryview(data))
        value: Self = _backend.decode(cls.__name__, octets, strict)
        return value

    def to_der(self) -> bytes:
        """Encodes this value as DER; what it returns, `from_der` accepts.

        Raises `EncodeError` with reason and path where a field has no such encoding.
        """
        return _backend.encode(self.__asn1_name__, self)

    def to_dict(self) -> Any:
        """The value as JSON types under the standard's names.

        Octets are hex, integers from 2^53 on decimal strings, absent fields absent.
        """
        return _present.to_dict(self)

    def __repr__(self) -> str:
        return _present.represent(self)


@dataclass_transform(frozen_default=True, kw_only_default=True)
@overload
def sequence(cls: type[T], /) -> type[T]: ...
@overload
def sequence(
    *, at_least_one: bool = False, body_parts: bool = False
) -> Callable[[type[T]], type[T]]: ...
def sequence(
    cls: type[T] | None = None, /, *, at_least_one: bool = False, body_parts: bool = False
) -> type[T] | Callable[[type[T]], type[T]]:
    """Declares a SEQUENCE: fields in the standard's order, built by keyword.

    ``at_least_one`` demands one field although all are OPTIONAL; ``body_parts`` that the elements
    inside have unique body part ids (RULES P6).
    """

    def declare(cls: type[T]) -> type[T]:
        made = _dataclass(cls, "sequence", kw_only=True)
        made.__asn1_options__ = (at_least_one, body_parts)  # type: ignore[attr-defined]
        return made

    return declare if cls is None else declare(cls)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def choice(cls: type[T], /) -> type[T]:
    """Declares a CHOICE: one keyword per alternative, exactly one of them given."""
    return _dataclass(cls, "choice", kw_only=True)


@dataclass_transform(frozen_default=True)
def named(cls: type[T], /) -> type[T]:
    """Declares a type that is another one under a name of its own, held in ``value``."""
    return _dataclass(cls, "named", kw_only=False)


def _dataclass(cls: type[T], kind: str, *, kw_only: bool) -> type[T]:
    made = dataclass(init=False, frozen=True, slots=True, kw_only=kw_only, repr=False)(cls)
    made.__asn1__ = kind  # type: ignore[attr-defined]
    made.__asn1_name__ = cls.__name__  # type: ignore[attr-defined]
    made.__init__ = _constructor(made, kw_only=kw_only)  # type: ignore[method-assign]
    return made


def _constructor(cls: type[Any], *, kw_only: bool) -> Callable[..., None]:
    """An ``__init__`` that writes the slots.

    The one of a frozen dataclass looks up each attribute by name, which takes half as long again.
    """
    items = fields(cls)
    scope: dict[str, Any] = {}
    parameters, lines = ["self", "*"] if kw_only else ["self"], []
    for item in items:
        scope[f"_{item.name}"] = getattr(cls, item.name).__set__
        lines.append(f"_{item.name}(self, {item.name})")
        if item.default is MISSING:
            parameters.append(item.name)
        else:
            scope[f"__{item.name}"] = item.default
            parameters.append(f"{item.name}=__{item.name}")
    if issubclass(cls, Choice):
        scope["_count"] = _expect_one
        present = " + ".join(f"({item.name} is not None)" for item in items)
        lines.append(f"if {present} != 1: _count(self, {present})")
    body = "\n    ".join(lines or ["pass"])
    made: dict[str, Any] = {}
    exec(f"def __init__({', '.join(parameters)}):\n    {body}", scope, made)  # noqa: S102
    constructor: Callable[..., None] = made["__init__"]
    constructor.__qualname__ = f"{cls.__qualname__}.__init__"
    constructor.__module__ = cls.__module__
    constructor.__annotations__ = {item.name: item.type for item in items} | {"return": None}
    return constructor


def _expect_one(value: Choice, present: int) -> None:
    raise TypeError(f"{type(value).__name__}: exactly one alternative, not {present}")


class Choice(Asn1):
    """What every CHOICE can do besides."""

    __slots__ = ()

    @property
    def alternative(self) -> str:
        """The name of the alternative that is present."""
        for name in type(self).__dataclass_fields__:  # type: ignore[attr-defined]
            if getattr(self, name) is not None:
                return str(name)
        raise ValueError(f"{type(self).__name__} without an alternative")

    @property
    def value(self) -> Any:
        """The value of the alternative that is present."""
        return getattr(self, self.alternative)


class Elements(Asn1):
    """What every named SEQUENCE OF can do besides: it reads like the tuple in ``value``."""

    __slots__ = ()
    value: Any

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Any:
        return iter(self.value)

    def __getitem__(self, index: Any) -> Any:
        return self.value[index]


@final
@dataclass(frozen=True, slots=True, repr=False)
class BitString(Asn1):
    """BIT STRING: octets and the number of unused low bits of the last one, 0 to 7."""

    __asn1__ = "bit string"
    data: bytes
    unused_bits: int = 0

    def __contains__(self, bit: int) -> bool:
        """Whether ``bit`` is set, counting from 0 at the first octet's high bit."""
        octet, shift = divmod(int(bit), 8)
        return 0 <= octet < len(self.data) and bool(self.data[octet] << shift & 0x80)

    @classmethod
    def of_bits(cls, *bits: int) -> BitString:
        """The named bit list with exactly these bits set, in DER form."""
        octets = bytearray(max(bits, default=-1) // 8 + 1)
        for bit in bits:
            octets[bit // 8] |= 0x80 >> bit % 8
        return cls(bytes(octets), 7 - max(bits) % 8 if bits else 0)


@final
@dataclass(frozen=True, slots=True)
class NullType(Asn1):
    """NULL. `NULL` is its value."""

    __asn1__ = "null"


NULL: Final = NullType()


@dataclass(frozen=True, slots=True, repr=False)
class TLV(Asn1):
    """One element of a type that is not declared here, as its complete DER octets."""

    __asn1__ = "any"
    der: bytes
