"""Values of a message in one line each, for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cmcodec import oids, types
from cmcodec.asn1 import TLV, BitString, NullType, display, schema
from cmcodec.asn1.schema import Kind, Node
from cmcodec.cli.options import printable
from cmcodec.cli.show import secrets
from cmcodec.cli.show.elements import BrokenError, elements
from cmcodec.errors import CMCError
from cmcodec.types.tables import EXTENSIONS, PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from enum import IntEnum

OCTETS: Final = 32
"""Octets of a byte string that are shown: key identifiers and most digests in full."""

DIGITS: Final = 80
"""Digits of an integer that are shown: serial numbers and transaction ids in full."""

_STRINGS: Final = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
"""How the string types of X.680 encode text, by tag."""

_KEY_USAGES: Final = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)


def octets(value: bytes) -> str:
    """Hex, cut after `OCTETS`."""
    if len(value) <= OCTETS:
        return value.hex() or "(empty)"
    return f"{value[:OCTETS].hex()}… ({len(value)} octets)"


def oid(value: str) -> str:
    """The name of an OID, and the OID."""
    known = oids.name(value)
    return value if known == value else f"{known} ({value})"


def integer(value: int) -> str:
    """Decimal digits, cut where there are more than `DIGITS`."""
    digits = display.decimal(value)
    return digits if len(digits) <= DIGITS else f"{digits[:20]}… ({len(digits)} digits)"


def named_number(value: int, numbers: type[IntEnum] | None) -> str:
    """``failed (2)``, or the bare number where the standard names none."""
    try:
        number = numbers(value) if numbers else None
    except ValueError:
        number = None
    return integer(value) if number is None else f"{schema.number_name(number)} ({value})"


def time(value: datetime) -> str:
    """ISO 8601 in UTC."""
    return value.astimezone(UTC).isoformat(sep=" ").replace("+00:00", "Z")


def any_value(der: bytes) -> str:
    """A value of a type that no declaration names: strings, numbers and OIDs read, others hex."""
    try:
        if der[0] in _STRINGS:
            return printable(_content(der).decode(_STRINGS[der[0]]))
        if der[0] == 0x02:
            return integer(types.TransactionId.from_der(der).value)
        if der[0] == 0x06:
            return oid(types.ContentType.from_der(der).value)
    except (CMCError, UnicodeDecodeError):
        return octets(der)
    return "NULL" if der == b"\x05\x00" else octets(der)


def _content(der: bytes) -> bytes:
    """What follows the header of one validated element with a low tag number."""
    return der[2:] if der[1] < 0x80 else der[2 + (der[1] & 0x7F) :]


def algorithm(value: types.AlgorithmIdentifier) -> str:
    """The algorithm, and its parameters where it has any but NULL."""
    parameters = value.parameters
    if parameters is None or parameters.der == b"\x05\x00":
        return oid(value.algorithm)
    return f"{oid(value.algorithm)}, {_parameters(value.algorithm, parameters.der)}"


def _parameters(kind: str, der: bytes) -> str:
    cls = PARAMETERS.get(kind)
    try:
        value = None if cls is None else cls.from_der(der)
    except CMCError:
        value = None
    if value is None:
        return any_value(der)
    return _whole(value)


def _whole(value: Any) -> str:
    """A value in one line, whatever it takes: its elements or its fields one after the other."""
    value, node = unnamed(value, schema.node(type(value)))
    line = one_line(value, node)
    if line is not None:
        return line
    if node.inner is not None:
        return ", ".join(map(_whole, value))
    if node.kind is Kind.CHOICE:
        node, _, value = alternative(value)
        return one_line(value, node) or _whole(value)
    shown = (
        f"{field.name} {one_line(item, field.node) or octets(item.to_der())}"
        for field in node.fields
        if (item := getattr(value, field.attribute)) is not None
    )
    return ", ".join(shown)


def name(value: types.Name) -> str:
    """A name in the order it is encoded in, values escaped as in RFC 4514."""
    if value.rdn_sequence is None:
        return "NULL (legacy form)"
    parts = (
        " + ".join(f"{oids.LABELS.get(a.type, a.type)}={_name_value(a.value)}" for a in relative)
        for relative in value.rdn_sequence
    )
    return printable(", ".join(parts), 1000) or "(empty name)"


def _name_value(value: Any) -> str:
    text = any_value(value.der) if isinstance(value, TLV) else str(value.to_dict())
    return "".join(f"\\{letter}" if letter in ',+"\\<>;=' else letter for letter in text)


def _salt(value: types.PBKDF2Salt) -> str:
    return octets(value.specified) if value.specified is not None else "otherSource"


def general_name(value: types.GeneralName) -> str:
    """The kind of a general name, and the name."""
    if value.directory_name is not None:
        return f"directoryName: {name(value.directory_name)}"
    if value.ip_address is not None:
        return f"iPAddress: {_address(value.ip_address)}"
    node, label, content = alternative(value)
    return f"{label}: {one_line(content, node) or octets(content.to_der())}"


def _address(value: bytes) -> str:
    import ipaddress

    return str(ipaddress.ip_address(value)) if len(value) in (4, 16) else value.hex()


def alternative(value: Any) -> tuple[Node, str, Any]:
    """Of a CHOICE: the type, the standard's name and the value of what is present."""
    for field in schema.node(type(value)).fields:
        content = getattr(value, field.attribute)
        if content is not None:
            return field.node, field.name + (" (legacy form)" if field.legacy else ""), content
    raise ValueError(f"{type(value).__name__} without an alternative")


def extension(value: types.Extension) -> str:
    """The extension, whether it is critical, and its value where that is short to say."""
    critical = ", critical" if value.critical else ""
    return f"{oids.name(value.extn_id)}{critical}: {_extension_value(value)}"


def _extension_value(value: types.Extension) -> str:
    der = value.extn_value
    try:
        if value.extn_id == oids.ID_SMIME_CAPABILITIES:
            return _capabilities(der)
        if value.extn_id == oids.ID_CE_SUBJECT_KEY_IDENTIFIER:
            return types.DataReturn.from_der(der).value.hex()
        cls = EXTENSIONS.get(value.extn_id)
        if cls is not None:
            return _whole(cls.from_der(der))
    except (CMCError, BrokenError):
        return octets(der)
    if value.extn_id == oids.ID_CE_KEY_USAGE and der[:1] == b"\x03" and len(der) in (4, 5):
        return bits(BitString(der[3:], der[2]), _KEY_USAGES)
    return octets(der)


def attribute(identifier: str, values: Sequence[Any]) -> str | None:
    """The values of an attribute in one line, where their type does not say how."""
    if identifier in secrets.IDENTIFIERS:
        return secrets.HIDDEN
    if identifier == oids.ID_SMIME_CAPABILITIES:
        try:
            return ", ".join(_capabilities(value.der) for value in values)
        except (CMCError, BrokenError):
            return None
    return None


def _capabilities(der: bytes) -> str:
    """SMIMECapabilities (RFC 8551 §2.5.2), each of the form of an AlgorithmIdentifier."""
    found = (types.AlgorithmIdentifier.from_der(each) for each in elements(der))
    return ", ".join(map(algorithm, found)) or "(empty)"


def bits(value: BitString, names: Iterable[str]) -> str:
    """The names of the bits that are set."""
    found = [label for bit, label in enumerate(names) if bit in value]
    return ", ".join(found) or "(none)"


def key(value: types.SubjectPublicKeyInfo) -> str:
    """Kind and size of a public key."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        public: Any = value.to_cryptography()
    except (CMCError, ValueError, TypeError, UnsupportedAlgorithm):
        return f"{algorithm(value.algorithm)}, {len(value.subject_public_key.data)} octets"
    return public_key(public)


def public_key(public: Any) -> str:
    """Kind and size of a key of ``cryptography``."""
    # MLDSA65PublicKey is the key of ML-DSA-65.
    kind = type(public).__name__.removesuffix("PublicKey").strip("_").replace("MLDSA", "ML-DSA-")
    curve = getattr(public, "curve", None)
    size = getattr(public, "key_size", None)
    return f"{kind} {curve.name if curve else size or ''}".strip()


def unnamed(value: Any, node: Node) -> tuple[Any, Node]:
    """A value and its type, out of the names it stands under and of what is open."""
    while node.kind in (Kind.ALIAS, Kind.OPEN):
        if node.kind is Kind.OPEN:
            node = schema.node(type(value))
        elif node.inner is not None:
            value, node = value.value, node.inner
    return value, node


def one_line(value: Any, node: Node) -> str | None:
    """A value in one line; None where it takes several."""
    value, node = unnamed(value, node)
    if node.named_bit_list:
        return bits(value, map(schema.number_name, types.ReasonFlag))
    summary = _BY_TYPE.get(type(value))
    if summary is not None:
        return summary(value)
    if node.kind is Kind.OBJECT_IDENTIFIER:
        return oid(value)
    if isinstance(value, int):
        return str(value) if isinstance(value, bool) else named_number(value, node.numbers)
    if node.kind in (Kind.SEQUENCE_OF, Kind.SET_OF) and isinstance(value, tuple):
        return _short_list(value, node)
    return _by_base(value)


def _short_list(value: tuple[Any, ...], node: Node) -> str | None:
    """Numbers, octets and the like one after the other, if they are few."""
    if not value:
        return "(empty)"
    if len(value) > 10 or node.inner is None or isinstance(value[0], types.Extension):
        return None
    shown = [one_line(element, node.inner) for element in value]
    text = None if None in shown else ", ".join(map(str, shown))
    return text if text is not None and len(text) <= 120 else None


def _by_base(value: Any) -> str | None:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, (bytes, bytearray)):
        return octets(bytes(value))
    if isinstance(value, datetime):
        return time(value)
    return None


def _bit_string(value: BitString) -> str:
    unused = f", {value.unused_bits} unused bits" if value.unused_bits else ""
    return octets(value.data) + unused


_BY_TYPE: Final[dict[type[Any], Callable[[Any], str]]] = {
    BitString: _bit_string,
    NullType: lambda _: "NULL",
    TLV: lambda value: any_value(value.der),
    types.AlgorithmIdentifier: algorithm,
    types.PBKDF2Salt: _salt,
    types.Extension: extension,
    types.GeneralName: general_name,
    types.Name: name,
    types.SubjectPublicKeyInfo: key,
    types.Time: lambda value: time(value.value),
}
