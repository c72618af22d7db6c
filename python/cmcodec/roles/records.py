"""What records say, as octets for a store.

JSON, so that an operator can read what is kept; octets in it are base64, times seconds since 1970.
A record names the moment from which it no longer counts itself, as stores have no clock.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cmcodec.roles.store import Transaction

__all__ = ["hexadecimal", "octets", "put", "read", "seconds", "text", "time"]

_EXPIRES: Final = "expires"
_ENCODE: Final = json.JSONEncoder(separators=(",", ":")).encode


def text(value: bytes) -> str:
    """Octets as a record has them."""
    return b64encode(value).decode()


def octets(value: str) -> bytes:
    """And back."""
    return b64decode(value)


def hexadecimal(number: int | None) -> str | None:
    """A number of any size as a record has it."""
    return None if number is None else f"{number:x}"


def seconds(moment: datetime) -> float:
    """A time as a record has it."""
    return moment.timestamp()


def time(value: float) -> datetime:
    """And back, in UTC."""
    return datetime.fromtimestamp(value, UTC)


def put(
    transaction: Transaction,
    kind: str,
    key: bytes,
    record: dict[str, Any],
    *,
    expires: datetime | None = None,
) -> bytes:
    """Keeps a record, until it expires if it does; returns what is kept."""
    # Of a record that was read before, the moment was another one.
    record = {key: each for key, each in record.items() if key != _EXPIRES}
    if expires is not None:
        record[_EXPIRES] = seconds(expires)
    value = _ENCODE(record).encode()
    transaction.put(kind, key, value, expires=expires)
    return value


def read(transaction: Transaction, kind: str, key: bytes, now: datetime) -> dict[str, Any] | None:
    """A record that is there and has not expired."""
    value = transaction.get(kind, key)
    return None if value is None else loaded(value, now)


def loaded(value: bytes, now: datetime) -> dict[str, Any] | None:
    """A record that has not expired."""
    record: dict[str, Any] = json.loads(value)
    expires = record.get(_EXPIRES)
    return None if expires is not None and expires <= seconds(now) else record
