"""What stands in ``Annotated`` beside a Python type where ASN.1 says more than that type.

`cmcodec.asn1.schema` reads these, and refuses one that it does not know, that stands twice, or
that the type beside it cannot have.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

if TYPE_CHECKING:
    from enum import IntEnum

T = TypeVar("T")


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
    """``DEFAULT value``: the value is not encoded.

    ``written`` names the attribute, after the fields, that is True where the value was written out
    all the same, and None elsewhere: it is read unless ``strict``, and re-encoded unchanged.
    """

    value: object
    written: str = ""


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
class FieldName:
    """The name the standard gives a field, where it is not the camelCase of ours."""

    name: str


@dataclass(frozen=True, slots=True)
class NamedNumbers:
    """An INTEGER or ENUMERATED with named numbers; unknown numbers stay plain ``int`` (T-18)."""

    numbers: type[IntEnum]
    enumerated: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """``ANY DEFINED BY`` the last OBJECT IDENTIFIER before it in the enclosing SEQUENCE.

    ``table`` names a row of ``types.tables.OPEN_TYPES``. A value whose identifier is not in the
    table is a ``TLV`` and round-trips octet for octet; so is one that does not fit a type of
    ``types.tables.TOLERANT``.
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


AS_ISSUED: Final = Marker("as issued")
SET_OF: Final = Marker("SET OF")
SIGNED_SET_OF: Final = Marker("SET OF, signed")
OBJECT_IDENTIFIER: Final = Marker("OBJECT IDENTIFIER")
BMP_STRING: Final = Marker("BMPString")
IA5_STRING: Final = Marker("IA5String")
UTC_TIME: Final = Marker("UTCTime")
LAZY: Final = Marker("SEQUENCE OF, built on access")

AsIssued = Annotated[T, AS_ISSUED]
"""Octets that others have signed, or a copy of a part of them (rule P3).

All the way down a SET OF may be in any order, which encoding keeps, and a DEFAULT written out.
"""

SetOf = Annotated[tuple[T, ...], SET_OF]
"""SET OF: encoded in DER order, which `==` does not see through."""

SignedSetOf = Annotated[tuple[T, ...], SIGNED_SET_OF]
"""SET OF whose received octets are signed: out of order is `attributes_unsorted` (rule V4)."""

LazySequenceOf = Annotated[tuple[T, ...], LAZY]
"""SEQUENCE OF that may hold a whole batch: decoded, its elements are built on access."""

OID = Annotated[str, OBJECT_IDENTIFIER]
"""OBJECT IDENTIFIER as dotted decimal text."""

IA5String = Annotated[str, IA5_STRING]
"""IA5String: ASCII text."""

BMPString = Annotated[str, BMP_STRING]
"""BMPString: text in UTF-16, of whatever planes, as Windows writes it."""

UTCTime = Annotated[datetime, UTC_TIME]
"""UTCTime: years 1950 to 2049, whole seconds."""

NamedBitList: Final = Marker("named bit list")
"""A BIT STRING whose trailing zero bits carry no meaning, so that DER drops them."""
