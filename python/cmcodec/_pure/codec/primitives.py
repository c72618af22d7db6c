"""Contents of primitive values: strict checks first, then asn1crypto or the standard library.

A check takes the input, and where an element starts, has its content, and ends; what makes a value
takes content that was checked.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asn1crypto import core

from cmcodec._pure.codec.tlv import Error, header
from cmcodec.asn1 import NULL, BitString
from cmcodec.asn1.schema import Kind
from cmcodec.limits import MAX_ARC_OCTETS, MAX_DEPTH, MAX_INTEGER_OCTETS, MAX_OID_OCTETS
from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.asn1.schema import Node

    Leaf = Callable[[bytes, int, int, int], Any]

_GENERALIZED_TIME = re.compile(rb"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{0,5}[1-9]))?Z")
_UTC_TIME = re.compile(rb"(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z")

# --- checks ----------------------------------------------------------------------------------


def boolean(data: bytes, start: int, content: int, end: int) -> None:
    if end - content != 1:
        raise Error(Reason.BAD_VALUE, start)
    if data[content] not in (0x00, 0xFF):
        raise Error(Reason.NOT_CANONICAL, start)


def integer(data: bytes, start: int, content: int, end: int) -> None:
    length = end - content
    if length == 0:
        raise Error(Reason.BAD_VALUE, start)
    first = data[content]
    if length > MAX_INTEGER_OCTETS + (first == 0):
        raise Error(Reason.LIMIT, start, Rule.P5)
    if first in (0x00, 0xFF) and length > 1 and first >> 7 == data[content + 1] >> 7:
        raise Error(Reason.NOT_CANONICAL, start)


def bit_string(data: bytes, start: int, content: int, end: int) -> None:
    if content == end:
        raise Error(Reason.BAD_VALUE, start)
    unused = data[content]
    if unused:
        if unused > 7 or end - content == 1:
            raise Error(Reason.BAD_VALUE, start)
        if data[end - 1] & (1 << unused) - 1:
            raise Error(Reason.NOT_CANONICAL, start)


def named_bit_string(data: bytes, start: int, content: int, end: int) -> None:
    bit_string(data, start, content, end)
    if end - content > 1 and not data[end - 1] >> data[content] & 1:
        raise Error(Reason.NOT_CANONICAL, start)


def octet_string(data: bytes, start: int, content: int, end: int) -> None:
    """Any octets are good."""


def null(data: bytes, start: int, content: int, end: int) -> None:
    if content != end:
        raise Error(Reason.BAD_VALUE, start)


_known_oids: set[bytes] = set()


def object_identifier(data: bytes, start: int, content: int, end: int) -> None:
    octets = data[content:end]
    if octets not in _known_oids:
        _check_oid(octets, start)
        if len(_known_oids) < 4096:  # hostile input must not grow it for ever
            _known_oids.add(octets)


def _check_oid(octets: bytes, start: int) -> None:
    if not octets:
        raise Error(Reason.BAD_VALUE, start)
    if len(octets) > MAX_OID_OCTETS:
        raise Error(Reason.LIMIT, start, Rule.P5)
    arc_start = 0
    for index, octet in enumerate(octets):
        if index == arc_start and octet == 0x80:
            raise Error(Reason.NOT_CANONICAL, start)
        if octet < 0x80:
            used = index + 1 - arc_start
            if used > MAX_ARC_OCTETS or (used == MAX_ARC_OCTETS and octets[arc_start] & 0x7C):
                raise Error(Reason.LIMIT, start, Rule.P5)
            arc_start = index + 1
    if arc_start != len(octets):
        raise Error(Reason.BAD_VALUE, start)


def utf8_string(data: bytes, start: int, content: int, end: int) -> None:
    try:
        data[content:end].decode("utf-8")
    except UnicodeDecodeError:
        raise Error(Reason.BAD_VALUE, start) from None


def ia5_string(data: bytes, start: int, content: int, end: int) -> None:
    if not data[content:end].isascii():
        raise Error(Reason.BAD_VALUE, start)


def bmp_string(data: bytes, start: int, content: int, end: int) -> None:
    try:
        data[content:end].decode("utf-16-be")
    except UnicodeDecodeError:
        raise Error(Reason.BAD_VALUE, start) from None


def generalized_time(data: bytes, start: int, content: int, end: int) -> None:
    _check_time(_generalized_time, data[content:end], start)


def utc_time(data: bytes, start: int, content: int, end: int) -> None:
    _check_time(_utc_time, data[content:end], start)


def _check_time(read: Callable[[bytes], datetime | None], octets: bytes, start: int) -> None:
    try:
        if read(octets) is None:
            raise Error(Reason.NOT_CANONICAL, start)
    except ValueError:
        raise Error(Reason.BAD_VALUE, start) from None


_CHECKS: dict[Kind, Leaf] = {
    Kind.BIT_STRING: bit_string,
    Kind.BMP_STRING: bmp_string,
    Kind.BOOLEAN: boolean,
    Kind.ENUMERATED: integer,
    Kind.GENERALIZED_TIME: generalized_time,
    Kind.IA5_STRING: ia5_string,
    Kind.INTEGER: integer,
    Kind.NULL: null,
    Kind.OBJECT_IDENTIFIER: object_identifier,
    Kind.OCTET_STRING: octet_string,
    Kind.UTC_TIME: utc_time,
    Kind.UTF8_STRING: utf8_string,
}

# --- values ----------------------------------------------------------------------------------


def number(octets: bytes) -> int:
    return int.from_bytes(octets, "big", signed=True)


_dotted: dict[bytes, str] = {}


def dotted(octets: bytes) -> str:
    """The text of an OBJECT IDENTIFIER."""
    found = _dotted.get(octets)
    if found is None:
        found = str(core.ObjectIdentifier(contents=octets).dotted)
        if len(_dotted) < 4096:  # hostile input must not grow it for ever
            _dotted[octets] = found
    return found


def _generalized_time(octets: bytes) -> datetime | None:
    """None where the form is wrong; raises `ValueError` where no calendar has this time."""
    found = _GENERALIZED_TIME.fullmatch(octets)
    if not found:
        return None
    microsecond = int((found[7] or b"").ljust(6, b"0"))
    return _time(found, int(found[1]), microsecond)


def _utc_time(octets: bytes) -> datetime | None:
    found = _UTC_TIME.fullmatch(octets)
    if not found:
        return None
    year = int(found[1])
    return _time(found, year + (1900 if year >= 50 else 2000), 0)


def _time(found: re.Match[bytes], year: int, microsecond: int) -> datetime:
    month, day, hour, minute, second = (int(found[part]) for part in range(2, 7))
    return datetime(year, month, day, hour, minute, second, microsecond, UTC)


_VALUES: dict[Kind, Callable[[bytes], Any]] = {
    Kind.BIT_STRING: lambda octets: BitString(octets[1:], octets[0]),
    Kind.BMP_STRING: lambda octets: octets.decode("utf-16-be"),
    Kind.BOOLEAN: lambda octets: octets == b"\xff",
    Kind.ENUMERATED: number,
    Kind.GENERALIZED_TIME: _generalized_time,
    Kind.IA5_STRING: bytes.decode,
    Kind.INTEGER: number,
    Kind.NULL: lambda octets: NULL,
    Kind.OBJECT_IDENTIFIER: dotted,
    Kind.OCTET_STRING: bytes,
    Kind.UTC_TIME: _utc_time,
    Kind.UTF8_STRING: bytes.decode,
}

# --- both, of a node -------------------------------------------------------------------------


def leaf(node: Node, *, makes: bool) -> Leaf | None:
    """The check of a primitive type, which with ``makes`` returns the value; None for others."""
    if node.kind is Kind.ALIAS:
        assert node.inner
        inner, cls = leaf(node.inner, makes=makes), node.cls
        if inner is None or cls is None or not makes:
            return inner
        return lambda data, start, content, end: cls(inner(data, start, content, end))
    check = named_bit_string if node.named_bit_list else _CHECKS.get(node.kind)
    if check is None:
        return None
    if node.range:
        check = _in_range(*node.range)
    return _checked(check, _valued(node)) if makes else check


def _in_range(minimum: int, maximum: int) -> Leaf:
    def check(data: bytes, start: int, content: int, end: int) -> None:
        integer(data, start, content, end)
        if not minimum <= number(data[content:end]) <= maximum:
            raise Error(Reason.LIMIT, start, Rule.P6)

    return check


def _checked(check: Leaf, value: Callable[[bytes], Any]) -> Leaf:
    def read(data: bytes, start: int, content: int, end: int) -> Any:
        check(data, start, content, end)
        return value(data[content:end])

    return read


def _valued(node: Node) -> Callable[[bytes], Any]:
    members: dict[int, int] = {int(member): member for member in node.numbers or ()}
    if not members:
        return _VALUES[node.kind]

    def value(octets: bytes) -> int:
        found = number(octets)
        return members.get(found, found)

    return value


# --- values of unknown type ------------------------------------------------------------------


def _bad_tag(data: bytes, start: int, content: int, end: int) -> None:
    raise Error(Reason.BAD_TAG, start)


_UNIVERSAL: dict[int, Leaf] = {
    0x01: boolean,
    0x02: integer,
    0x03: bit_string,
    0x05: null,
    0x06: object_identifier,
    0x0A: integer,
    0x0C: utf8_string,
}
_CONSTRUCTED_UNIVERSAL = (0x08, 0x0B, 0x10, 0x11, 0x1D)


def _by_tag(tag: int) -> Leaf | None:
    """What an element must be if its first identifier octet is ``tag``."""
    number, constructed = tag & 0x1F, bool(tag & 0x20)
    if tag & 0xC0 or number == 0x1F:
        return None
    if number == 0 or constructed != (number in _CONSTRUCTED_UNIVERSAL):
        return _bad_tag
    return _UNIVERSAL.get(tag)


_BY_TAG = [_by_tag(tag) for tag in range(256)]


def check_any(
    data: bytes, start: int, content: int, end: int, depth: int, *, ordered: bool
) -> None:
    """Checks that an element of unknown type is DER as far as tags tell (rules P1, P3).

    Iterative: a stack of ends, never deeper than MAX_DEPTH. A SET is taken for a SET OF, which is
    to be in order where ``ordered``.
    """
    tag = data[start]
    check = _BY_TAG[tag]
    if check:
        check(data, start, content, end)
    if not tag & 0x20 or content == end:
        return
    if depth >= MAX_DEPTH:
        raise Error(Reason.DEPTH, content)
    set_tag = 0x31 if ordered else None
    pos, is_set, previous = content, tag == set_tag, b""
    stack: list[tuple[int, bool, bytes]] = []
    while True:
        if pos == end:
            if not stack:
                return
            end, is_set, previous = stack.pop()
            continue
        content, stop = header(data, pos, end)
        tag = data[pos]
        check = _BY_TAG[tag]
        if check:
            check(data, pos, content, stop)
        if is_set:
            octets = data[pos:stop]
            if octets < previous:
                raise Error(Reason.NOT_CANONICAL, pos)
            previous = octets
        if tag & 0x20 and content != stop:
            stack.append((end, is_set, previous))
            if depth + len(stack) >= MAX_DEPTH:
                raise Error(Reason.DEPTH, content)
            pos, end, is_set, previous = content, stop, tag == set_tag, b""
        else:
            pos = stop


# --- writing ---------------------------------------------------------------------------------


_encoded: dict[str, bytes] = {}


def encode_object_identifier(value: str) -> bytes | None:
    """The content octets, or None where ``value`` is no OBJECT IDENTIFIER within rule P5."""
    found = _encoded.get(value)
    if found is None:
        found = _encode_oid(value)
        if found is not None and len(_encoded) < 4096:  # as what is read
            _encoded[value] = found
    return found


def _encode_oid(value: str) -> bytes | None:
    if len(value) > 1024 or not re.fullmatch(r"[012](\.(0|[1-9][0-9]*))+", value):
        return None
    first, second, *others = (int(arc) for arc in value.split("."))
    if (first < 2 and second > 39) or max(first * 40 + second, *others, 0) >= 1 << 128:
        return None
    octets = bytes(core.ObjectIdentifier(value).contents)
    return octets if len(octets) <= MAX_OID_OCTETS else None
