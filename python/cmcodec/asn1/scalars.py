"""Content octets of the scalar values that both backends write with Python's own types."""

from __future__ import annotations

from datetime import UTC, datetime


def encode_integer(value: int) -> bytes:
    """INTEGER in as few octets as possible (X.690 8.3)."""
    return value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True)


def encode_object_identifier(oid: str) -> bytes:
    """OBJECT IDENTIFIER (X.690 8.19) of dotted text that is one."""
    first, second, *others = map(int, oid.split("."))
    octets = bytearray()
    for arc in (first * 40 + second, *others):
        groups = range((max(arc.bit_length(), 1) - 1) // 7, -1, -1)
        octets += bytes(arc >> 7 * group & 0x7F | (0x80 if group else 0) for group in groups)
    return bytes(octets)


def encode_generalized_time(value: datetime) -> bytes | None:
    """GeneralizedTime (X.690 11.7), or None where ``value`` has no time zone or year."""
    moment = _in_utc(value)
    if moment is None:
        return None
    fraction = f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else ""
    return f"{moment.year:04}{moment:%m%d%H%M%S}{fraction}Z".encode()


def encode_utc_time(value: datetime) -> bytes | None:
    """UTCTime (X.690 11.8), or None where ``value`` is no second of the years 1950 to 2049."""
    moment = _in_utc(value)
    if moment is None or not 1950 <= moment.year <= 2049 or moment.microsecond:
        return None
    return f"{moment:%y%m%d%H%M%S}Z".encode()


def _in_utc(value: datetime) -> datetime | None:
    if value.utcoffset() is None:
        return None
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None
