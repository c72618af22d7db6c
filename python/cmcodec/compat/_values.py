"""What the derived classes are made of: asn1crypto's classes, strict where they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from asn1crypto import core, csr

from cmcodec import _backend, asn1
from cmcodec.asn1 import schema
from cmcodec.asn1.schema import Kind
from cmcodec.errors import DecodeError
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from cmcodec.asn1.schema import Node

_SCALARS: Final = {
    Kind.ANY: "TLV",
    Kind.INTEGER: "TransactionId",
    Kind.OBJECT_IDENTIFIER: "ContentType",
    Kind.OCTET_STRING: "SenderNonce",
}
"""What the backend knows a type without a class by: a class that says no more than its kind."""


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
        node = cls._node
        if node.cls is not None:
            node.cls.from_der(octets)
            return
        refuse = _refusal if node.inner is None else _list_refusal
        refusal = refuse(node, octets, schema.root_name(cls.__name__))
        if refusal is not None:
            raise refusal


def _refusal(node: Node | str, octets: bytes, place: str, offset: int = 0) -> DecodeError | None:
    """Why ``octets``, which stand at ``place`` and ``offset``, are no value of a declared type."""
    if not isinstance(node, str):
        node = node.cls.__name__ if node.cls else _SCALARS[node.kind]
    try:
        _backend.decode(node, octets, False)
    except DecodeError as error:
        path = place + error.path.removeprefix(schema.root_name(node))
        return type(error)(error.reason, offset + (error.offset or 0), path)
    return None


def _list_refusal(node: Node, octets: bytes, place: str) -> DecodeError | None:
    """The same for a SEQUENCE OF or SET OF without a name: each element is of a declared type."""
    assert node.inner is not None
    if octets[:1] != bytes(node.tags):
        return _refusal("NullType", octets, place) or DecodeError(Reason.BAD_TAG, 0, place)
    # The header, the order of a SET OF, depth, and what follows.
    whole = _refusal("TLV", octets, place)
    wrong = len(octets) if whole is None else whole.offset or 0
    pos, end = _span(octets, 0, len(octets)) if wrong else (0, 0)
    index, refusal = 0, None
    while pos < end and refusal is None:
        _, stop = _span(octets, pos, end)
        element = f"{place}[{index}]"
        refusal = _refusal(node.inner, octets[pos:stop], element, pos)
        if refusal is None and whole is not None and wrong < stop:
            refusal = type(whole)(whole.reason, wrong, element)
        pos, index = stop, index + 1
    return refusal or whole


def _span(octets: bytes, pos: int, end: int) -> tuple[int, int]:
    """Where an element has its content, and where it ends.

    That is ``end`` where its header is not DER or it has a tag that no declared type has.
    """
    content, length = pos + 2, int.from_bytes(octets[pos + 1 : pos + 2])
    if length == 0x80 or length > 0x84 or octets[pos] & 0x1F == 0x1F:
        return end, end
    if length > 0x80:
        content += length - 0x80
        length = int.from_bytes(octets[pos + 2 : content])
    return content, min(content + length, end)


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
    _node = schema.node(asn1.TLV)

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
