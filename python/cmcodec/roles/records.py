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

__all__ = ["octets", "put", "read", "seconds", "text", "time"]

_EXPIRES: Final = "expires"


def text(value: bytes) -> str:
    """Octets as a record has them."""
    return b64encode(value).decode()


def octets(value: str) -> bytes:
    """And back."""
    return b64decode(value)


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
) -> None:
    """Keeps a record, until it expires if it does."""
    if expires is not None:
        record = {**record, _EXPIRES: seconds(expires)}
    value = json.dumps(record, separators=(",", ":")).encode()
    transaction.put(kind, key, value, expires=expires)


def read(transaction: Transaction, kind: str, key: bytes, now: datetime) -> dict[str, Any] | None:
    """A record that is there and has not expired."""
    value = transaction.get(kind, key)
    return None if value is None else loaded(value, now)


def loaded(value: bytes, now: datetime) -> dict[str, Any] | None:
    """A record that has not expired."""
    record: dict[str, Any] = json.loads(value)
    expires = record.get(_EXPIRES)
    return None if expires is not None and expires <= seconds(now) else record
