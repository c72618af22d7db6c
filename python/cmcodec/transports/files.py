"""Messages in files (RFC 10003 §4): each in one of its own, as it is."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

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
    path = Path(path)
    message = bytes(memoryview(octets))
    is_folder = path.is_dir()
    extension = media_of(message, direction).file_extension if is_folder else ""
    folder = path if is_folder else path.parent
    number, name = tempfile.mkstemp(".part", ".", folder)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(message)
            file.flush()
            os.fsync(file.fileno())
        if is_folder:
            path = path / f"{Path(name).name[1:-5]}{extension}"
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
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
