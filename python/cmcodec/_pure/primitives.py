"""Contents of primitive values: strict checks first, then asn1crypto or the standard library."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asn1crypto import core

from cmcodec._pure.tlv import Fault, Tlv, child
from cmcodec.asn1 import NULL, BitString
from cmcodec.limits import MAX_ARC_OCTETS, MAX_INTEGER_OCTETS, MAX_OID_OCTETS

if TYPE_CHECKING:
    from collections.abc import Callable

_GENERALIZED_TIME = re.compile(rb"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{0,5}[1-9]))?Z")
_UTC_TIME = re.compile(rb"(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z")


def boolean(data: bytes, tlv: Tlv) -> bool:
    if tlv.end - tlv.content != 1:
        raise Fault("bad_value", tlv.start)
    octet = data[tlv.content]
    if octet not in (0x00, 0xFF):
        raise Fault("not_canonical", tlv.start)
    return octet == 0xFF


def integer(data: bytes, tlv: Tlv) -> int:
    length = tlv.end - tlv.content
    if length == 0:
        raise Fault("bad_value", tlv.start)
    first = data[tlv.content]
    if length > MAX_INTEGER_OCTETS + (first == 0):
        raise Fault("limit", tlv.start, "P5")
    if length > 1 and (first, data[tlv.content + 1] >> 7) in ((0x00, 0), (0xFF, 1)):
        raise Fault("not_canonical", tlv.start)
    return int.from_bytes(data[tlv.content : tlv.end], "big", signed=True)


def bit_string(data: bytes, tlv: Tlv) -> BitString:
    length = tlv.end - tlv.content
    if length == 0:
        raise Fault("bad_value", tlv.start)
    unused = data[tlv.content]
    if unused > 7 or (length == 1 and unused):
        raise Fault("bad_value", tlv.start)
    if unused and data[tlv.end - 1] & (1 << unused) - 1:
        raise Fault("not_canonical", tlv.start)
    return BitString(data[tlv.content + 1 : tlv.end], unused)


def named_bit_string(data: bytes, tlv: Tlv) -> BitString:
    bits = bit_string(data, tlv)
    if bits.data and not bits.data[-1] >> bits.unused_bits & 1:
        raise Fault("not_canonical", tlv.start)
    return bits


def octet_string(data: bytes, tlv: Tlv) -> bytes:
    return data[tlv.content : tlv.end]


def null(data: bytes, tlv: Tlv) -> Any:
    if tlv.end != tlv.content:
        raise Fault("bad_value", tlv.start)
    return NULL


def check_object_identifier(data: bytes, tlv: Tlv) -> bytes:
    octets = data[tlv.content : tlv.end]
    if not octets:
        raise Fault("bad_value", tlv.start)
    if len(octets) > MAX_OID_OCTETS:
        raise Fault("limit", tlv.start, "P5")
    arc_start = 0
    for index, octet in enumerate(octets):
        if index == arc_start and octet == 0x80:
            raise Fault("not_canonical", tlv.start)
        if octet < 0x80:
            used = index + 1 - arc_start
            if used > MAX_ARC_OCTETS or (used == MAX_ARC_OCTETS and octets[arc_start] & 0x7C):
                raise Fault("limit", tlv.start, "P5")
            arc_start = index + 1
    if arc_start != len(octets):
        raise Fault("bad_value", tlv.start)
    return octets


_dotted: dict[bytes, str] = {}


def object_identifier(data: bytes, tlv: Tlv) -> str:
    octets = check_object_identifier(data, tlv)
    dotted = _dotted.get(octets)
    if dotted is None:
        dotted = str(core.ObjectIdentifier(contents=octets).dotted)
        if len(_dotted) < 4096:  # hostile input must not grow it for ever
            _dotted[octets] = dotted
    return dotted


def utf8_string(data: bytes, tlv: Tlv) -> str:
    try:
        return data[tlv.content : tlv.end].decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("bad_value", tlv.start) from None


def ia5_string(data: bytes, tlv: Tlv) -> str:
    try:
        return data[tlv.content : tlv.end].decode("ascii")
    except UnicodeDecodeError:
        raise Fault("bad_value", tlv.start) from None


def generalized_time(data: bytes, tlv: Tlv) -> datetime:
    found = _GENERALIZED_TIME.fullmatch(data, tlv.content, tlv.end)
    if not found:
        raise Fault("not_canonical", tlv.start)
    microsecond = int((found[7] or b"").ljust(6, b"0"))
    return _time(tlv, found, int(found[1]), microsecond)


def utc_time(data: bytes, tlv: Tlv) -> datetime:
    found = _UTC_TIME.fullmatch(data, tlv.content, tlv.end)
    if not found:
        raise Fault("not_canonical", tlv.start)
    year = int(found[1])
    return _time(tlv, found, year + (1900 if year >= 50 else 2000), 0)


def _time(tlv: Tlv, found: re.Match[bytes], year: int, microsecond: int) -> datetime:
    try:
        month, day, hour, minute, second = (int(found[part]) for part in range(2, 7))
        return datetime(year, month, day, hour, minute, second, microsecond, UTC)
    except ValueError:
        raise Fault("bad_value", tlv.start) from None


_UNIVERSAL: dict[int, Callable[[bytes, Tlv], object]] = {
    0x01: boolean,
    0x02: integer,
    0x03: bit_string,
    0x05: null,
    0x06: check_object_identifier,
    0x0A: integer,
    0x0C: utf8_string,
}
_CONSTRUCTED_UNIVERSAL = (0x08, 0x0B, 0x10, 0x11, 0x1D)


def check_any(data: bytes, root: Tlv, depth: int) -> None:
    """Proves that an element of unknown type is DER as far as tags tell (RULES P1, P3).

    Iterative: a stack of ends, never deeper than MAX_DEPTH. A SET is taken for a SET OF.
    """
    _check_element(data, root)
    if not root.tag & 0x20:
        return
    pos, end, is_set, previous = root.content, root.end, root.tag == 0x31, b""
    stack: list[tuple[int, bool, bytes]] = []
    while True:
        if pos == end:
            if not stack:
                return
            end, is_set, previous = stack.pop()
            continue
        tlv = child(data, pos, end, depth + 1 + len(stack))
        _check_element(data, tlv)
        if is_set:
            octets = data[tlv.start : tlv.end]
            if octets < previous:
                raise Fault("not_canonical", tlv.start)
            previous = octets
        pos = tlv.end
        if tlv.tag & 0x20:
            stack.append((end, is_set, previous))
            pos, end, is_set, previous = tlv.content, tlv.end, tlv.tag == 0x31, b""


def _check_element(data: bytes, tlv: Tlv) -> None:
    tag = tlv.tag
    if tag & 0xC0:
        return
    number, constructed = tag & 0x1F, bool(tag & 0x20)
    if number == 0 or (number != 0x1F and constructed != (number in _CONSTRUCTED_UNIVERSAL)):
        raise Fault("bad_tag", tlv.start)
    check = _UNIVERSAL.get(tag)
    if check:
        check(data, tlv)


# --- writing ---------------------------------------------------------------------------------


def encode_object_identifier(value: str) -> bytes | None:
    """The content octets, or None where ``value`` is no OBJECT IDENTIFIER within RULES P5."""
    if len(value) > 1024 or not re.fullmatch(r"[012](\.(0|[1-9][0-9]*))+", value):
        return None
    first, second, *others = (int(arc) for arc in value.split("."))
    if (first < 2 and second > 39) or max(first * 40 + second, *others, 0) >= 1 << 128:
        return None
    octets = bytes(core.ObjectIdentifier(value).contents)
    return octets if len(octets) <= MAX_OID_OCTETS else None
