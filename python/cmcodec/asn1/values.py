"""What declares an ASN.1 type, and what every value of a declared type can do."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Self,
    TypeVar,
    dataclass_transform,
    final,
    overload,
)

from cmcodec import _backend
from cmcodec.arguments import flag
from cmcodec.asn1 import display

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Asn1:
    """What every declared type can do."""

    __slots__ = ()
    __asn1__: ClassVar[str]
    """Which kind of type this is."""
    __asn1_inside__: ClassVar[type[Asn1]]
    """What the octets of an opaque type are checked to be, as others have signed them."""
    __asn1_name__: ClassVar[str] = ""
    """The name of the declared type, which a class derived from it has too."""

    def __init_subclass__(cls) -> None:
        if "__asn1__" in vars(cls) or not cls.__asn1_name__:
            cls.__asn1_name__ = cls.__name__

    @classmethod
    def from_der(cls, data: bytes | bytearray | memoryview, *, strict: bool = False) -> Self:
        """Decodes exactly one DER value of this type.

        ``strict`` refuses the legacy forms of RFC 2797 and RFC 6402, DEFAULT values that are
        written out, and versions of SignedData and SignerInfo that their contents do not call for.
        Raises `DecodeError` or `LimitError` with reason, offset and path.
        """
        # A view, so that a number is no length and a list no octets.
        flag("strict", strict)
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
        return display.to_dict(self)

    def __repr__(self) -> str:
        return display.represent(self)


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
    inside have unique body part ids (rule P6).
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
def alias(cls: type[T], /) -> type[T]:
    """Declares a type that is another one under a name of its own, held in ``value``."""
    return _dataclass(cls, "alias", kw_only=False)


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
"""The one value of NULL."""


@dataclass(frozen=True, slots=True, repr=False)
class TLV(Asn1):
    """One element of a type that is not declared here, as its complete DER octets."""

    __asn1__ = "any"
    der: bytes
