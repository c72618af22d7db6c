"""Values for people and for JSON: short ``repr``, and dictionaries under the standard's names."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final

from cmcodec.asn1 import schema

MAX_TEXT: Final = 2000
"""Characters of a ``repr``: what fits a screen."""

MAX_OCTETS: Final = 16
"""Octets of a byte string that a ``repr`` shows."""

MAX_ELEMENTS: Final = 5
"""Elements of a sequence that a ``repr`` shows."""

MAX_JSON_INTEGER: Final = 2**53
"""Integers from here on lose digits in JSON readers that use doubles."""


def decimal(value: int) -> str:
    """Decimal digits of an integer of any size; ``str`` refuses those above 4,300 digits."""
    if abs(value) < 10**4000:
        return str(value)
    sign, rest = ("-", -value) if value < 0 else ("", value)
    chunks = []
    while rest:
        rest, chunk = divmod(rest, 10**4000)
        chunks.append(str(chunk) if not rest else f"{chunk:04000}")
    return sign + "".join(reversed(chunks))


def represent(value: Any) -> str:
    """The ``repr`` of a declared value: its fields, cut where they are long."""
    text = _represent(value, 0)
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _represent(value: Any, depth: int) -> str:
    if isinstance(value, IntEnum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, int) and not isinstance(value, bool):
        digits = decimal(value)
        return digits if len(digits) <= 40 else f"{digits[:20]}…({len(digits)} digits)"
    if isinstance(value, bytes):
        cut = f"…({len(value)} octets)" if len(value) > MAX_OCTETS else ""
        return f"<{value[:MAX_OCTETS].hex()}{cut}>"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else f"{value[:60]}…")
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields is None and (isinstance(value, (tuple, list)) or hasattr(value, "type_name")):
        return _represent_elements(value, depth)
    if fields is None:
        return repr(value)
    if depth > 8:
        return f"{type(value).__name__}(…)"
    parts = []
    for name in fields:
        item = getattr(value, name)
        if item is not None:
            parts.append(f"{name}={_represent(item, depth + 1)}")
    return f"{type(value).__name__}({', '.join(parts)})"


def _represent_elements(value: Any, depth: int) -> str:
    size = len(value)
    shown = [_represent(value[index], depth + 1) for index in range(min(size, MAX_ELEMENTS))]
    if size > MAX_ELEMENTS:
        shown.append(f"… {size - MAX_ELEMENTS} more")
    return f"({', '.join(shown)}{',' if size == 1 else ''})"


def to_dict(value: Any) -> Any:
    """The value as JSON types.

    Octets become hex; integers from 2^53 on, decimal text; times, ISO 8601; absent fields are
    left out; a CHOICE is an object with one member; a value of a named type is the value.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, IntEnum):
        return int(value)
    if isinstance(value, int):
        return value if abs(value) < MAX_JSON_INTEGER else decimal(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields is None:
        if hasattr(value, "__iter__"):
            return [to_dict(item) for item in value]
        return str(value)
    return _fields_to_dict(value)


def _fields_to_dict(value: Any) -> Any:
    kind = type(value).__asn1__
    if kind in ("any", "opaque"):
        return value.der.hex()
    if kind == "null":
        return None
    if kind == "bit string":
        return {"unusedBits": value.unused_bits, "octets": value.data.hex()}
    if kind == "alias":
        return to_dict(value.value)
    return {
        field.name: to_dict(item)
        for field in schema.node(type(value)).fields
        if (item := getattr(value, field.attribute)) is not None
    }
