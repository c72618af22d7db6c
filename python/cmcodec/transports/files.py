"""Messages in files (RFC 10003 §4): each in one of its own, as it is."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from cmcodec import durable
from cmcodec.transports.limits import DEFAULT, Limits, TransportError, TransportReason
from cmcodec.transports.media import media_of

if TYPE_CHECKING:
    from cmcodec.received import Buffer
    from cmcodec.transports.media import Direction

__all__ = ["read", "write"]


def write(octets: Buffer, path: str | Path, *, direction: Direction | None = None) -> Path:
    """Writes a message, and returns where it stands.

    In a folder it gets a name of its own, with the extension of its kind: ``.p10``, ``.crq``,
    ``.p7c``, ``.crp``. ``direction``: as for `media_of`; only needed there. A file that is there is
    replaced at once: whoever reads meanwhile sees the one or the other, never half of it.

    Raises `OSError`, and in a folder what `media_of` raises.
    """
    path, message = Path(path), bytes(memoryview(octets))
    if path.is_dir():
        path /= secrets.token_hex(8) + media_of(message, direction).file_extension
    durable.write(path, message)
    return path


def read(path: str | Path, *, limits: Limits = DEFAULT) -> bytes:
    """The message in a file.

    Raises `OSError`, and `TransportError` (``limit``) for one above ``limits.max_size``.
    """
    with Path(path).open("rb") as file:
        octets = file.read(limits.max_size + 1)
    if len(octets) > limits.max_size:
        raise TransportError(TransportReason.LIMIT)
    return octets
