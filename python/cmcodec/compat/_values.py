"""What the derived classes are made of: asn1crypto's classes, strict where they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from asn1crypto import core, csr

from cmcodec import _schema, asn1, types
from cmcodec._pure import backend

if TYPE_CHECKING:
    from cmcodec._schema import Node


class Checked(core.Asn1Value):  # type: ignore[misc]
    """What every derived class does: it refuses octets that are not DER of its type."""

    _node: ClassVar[Node]

    @classmethod
    def load(
        cls,
        encoded_data: bytes,
        strict: bool = False,  # noqa: ARG003
        **tagging: Any,
    ) -> Any:
        """The value of the whole of ``encoded_data``, read as it is looked at.

        Raises `DecodeError`, a `ValueError`, with reason, offset and path. ``strict`` is
        asn1crypto's and makes no difference: what follows the value is always refused.
        """
        if tagging:
            value = super().load(encoded_data, strict=True, **tagging)
            cls._check(value.untag().dump())
            return value
        cls._check(encoded_data)
        return super().load(encoded_data, strict=True)

    def dump(self, force: bool = False) -> Any:
        _tell_definite(self)
        return super().dump(force=force)

    @classmethod
    def _check(cls, octets: bytes) -> None:
        declared = cls._node.cls
        if declared is None or declared.__name__ not in types.__all__:
            backend.decode_node(cls._node, cls.__name__, octets, strict=False)
        else:
            declared.from_der(octets)


def _tell_definite(value: Any) -> None:
    """Keeps asn1crypto from encoding again, with whatever classes it has, what it read.

    It takes every length that ends in 80, such as 81 80, for the indefinite one.
    """
    header = value._header  # noqa: SLF001 - there is no public way to say it
    if header is not None and len(header) > 2 and header.endswith(b"\x80"):
        value._header = None  # noqa: SLF001
    if isinstance(value, core.Choice) and value._parsed is not None:  # noqa: SLF001
        _tell_definite(value._parsed)  # noqa: SLF001


class Sequence(Checked, core.Sequence):  # type: ignore[misc]
    """A SEQUENCE."""

    children: Any

    def _parse_children(self, recurse: bool = False) -> None:
        super()._parse_children(recurse)
        # asn1crypto keeps what follows an optional last field, and loses it when encoding again.
        if self.children is not None and len(self.children) > len(self._fields):
            self.children = None
            raise ValueError(f"{type(self).__name__}: an element for which there is no field")

    def _determine_spec(self, index: int) -> tuple[Any, ...]:
        return _any_value(super()._determine_spec(index))

    def _make_value(
        self, field_name: str, field_spec: Any, value_spec: Any, field_params: Any, value: Any
    ) -> Any:
        if issubclass(value_spec, (Choice, CertificationRequest)):
            value = value_spec.holding(value)
        return super()._make_value(field_name, field_spec, value_spec, field_params, value)


class SequenceOf(Checked, core.SequenceOf):  # type: ignore[misc]
    """A SEQUENCE OF."""


class SetOf(Checked, core.SetOf):  # type: ignore[misc]
    """A SET OF."""


class Integer(Checked, core.Integer):  # type: ignore[misc]
    """An INTEGER with named numbers."""


class ObjectIdentifier(Checked, core.ObjectIdentifier):  # type: ignore[misc]
    """An OBJECT IDENTIFIER of a table."""


class Choice(Checked, core.Choice):  # type: ignore[misc]
    """A CHOICE, in which a legacy SEQUENCE may stand beside the one that replaced it."""

    _choice: Any
    _legacy: ClassVar[dict[int, int]] = {}
    """Index of a legacy alternative, by the identifier octet of its first element."""

    def validate(self, class_: int, tag: int, contents: bytes) -> None:
        super().validate(class_, tag, contents)
        if (class_, tag) == (core.Sequence.class_, core.Sequence.tag) and contents:
            self._choice = self._legacy.get(contents[0], self._choice)

    @classmethod
    def holding(cls, value: Any) -> Any:
        """``value``, as the present form where there is a legacy one of the same class.

        asn1crypto goes by tags, and would take the legacy form, which has none.
        """
        present = {name: spec for name, spec, *_ in cls._alternatives}
        for index in cls._legacy.values():
            name, spec, *_ = cls._alternatives[index]
            if type(value) is spec is present[name]:
                return cls(name, value)
        return value


class AnyValue(Checked, core.Choice):  # type: ignore[misc]
    """A value of a type that is not known: ``core.Any`` that takes whatever DER there is.

    ``native`` is the octets where asn1crypto finds no type for them; ``core.Any`` raises there.
    """

    _alternatives: ClassVar[list[Any]] = [("any", core.Any)]
    _node = _schema.node(asn1.TLV)

    def __init__(self, value: Any = None, **tagging: Any) -> None:
        super().__init__(**tagging)
        if value is not None:
            if not isinstance(value, core.Asn1Value):
                raise TypeError(f"{type(value).__name__}: not an object of asn1crypto")
            self._parsed = value

    def validate(self, class_: int, tag: int, contents: bytes) -> None:
        """Every value is one."""

    def parse(self, spec: Any = None, spec_params: dict[str, Any] | None = None) -> Any:
        """The value as ``spec``, as which it is shown from now on."""
        if spec is not None:
            self._parsed = spec.load(self.dump(), **(spec_params or {}))
        return self._parsed

    @property
    def parsed(self) -> Any:
        """The value by its universal tag; `ValueError` if it has none."""
        if self._parsed is None:
            octets = self._contents
            if octets[0] & 0xC0:
                raise ValueError(f"identifier octet {octets[0]:02x}: not a universal tag")
            self._parsed = (_SetOfAny if octets[0] == 0x31 else core.Asn1Value).load(octets)
        return self._parsed

    chosen = parsed

    @property
    def native(self) -> Any:
        try:
            return self.parsed.native
        except ValueError:
            return self.dump()

    def dump(self, force: bool = False) -> Any:
        if self._parsed is None:
            return self._contents
        _tell_definite(self._parsed)
        return self._parsed.dump(force=force)


class _SetOfAny(core.SetOf):  # type: ignore[misc]
    _child_spec = AnyValue


def _any_value(spec: tuple[Any, ...]) -> tuple[Any, ...]:
    """What asn1crypto found for a field, with `AnyValue` for ``core.Any``."""
    name, field_spec, value_spec, parameters, override = spec
    if value_spec is core.Any:
        value_spec = override = AnyValue
    return name, field_spec, value_spec, parameters, override


# --- PKCS#10 with attributes that asn1crypto does not know --------------------------------------


class CRIAttribute(csr.CRIAttribute):  # type: ignore[misc]
    """An attribute of a PKCS#10 request; asn1crypto's own has no ``native`` if it is unknown."""

    def _determine_spec(self, index: int) -> tuple[Any, ...]:
        return _any_value(super()._determine_spec(index))


class CRIAttributes(csr.CRIAttributes):  # type: ignore[misc]
    """The attributes of a PKCS#10 request."""

    _child_spec = CRIAttribute


class CertificationRequestInfo(csr.CertificationRequestInfo):  # type: ignore[misc]
    """What the signature of a PKCS#10 request covers."""

    _fields: ClassVar[list[Any]] = [
        *csr.CertificationRequestInfo._fields[:-1],
        ("attributes", CRIAttributes, {"implicit": 0, "optional": True}),
    ]


class CertificationRequest(csr.CertificationRequest):  # type: ignore[misc]
    """A PKCS#10 request."""

    _fields: ClassVar[list[Any]] = [
        ("certification_request_info", CertificationRequestInfo),
        *csr.CertificationRequest._fields[1:],
    ]

    @classmethod
    def holding(cls, value: Any) -> Any:
        """``value``, as this class where it is a request of asn1crypto's own."""
        return cls.load(value.dump()) if type(value) is csr.CertificationRequest else value
