"""Files that are there as a whole or not at all, also after a crash."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PRIVATE", "write", "writing"]

PRIVATE: Final = 0o600
"""The mode of what nobody else reads: keys, and what is trusted when it is read again."""


def write(
    path: str | Path, octets: bytes, *, mode: int | None = None, replace: bool = True
) -> None:
    """Writes a file under another name, and gives it its own once it is on the disk.

    ``mode``: of the file from its creation on, less what the umask takes; by default that of the
    file that is replaced. ``replace``: whether one that is there is replaced, which whoever reads
    it meanwhile does not notice; without it that raises `FileExistsError`. A device or a pipe is
    written to as it is. Raises `OSError`, and then leaves nothing behind.
    """
    with writing(path, mode=mode, replace=replace) as file:
        file.write(octets)


@contextmanager
def writing(
    path: str | Path, *, mode: int | None = None, replace: bool = True
) -> Iterator[IO[bytes]]:
    """The same piece by piece: what is written is there when the block ends without an error."""
    path, kept = Path(path), None
    if replace and path.exists():
        if not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        # The file is replaced, and not a name that leads to it.
        path = path.resolve()
        kept = stat.S_IMODE(path.stat().st_mode) if mode is None else None
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode or kept or 0o666)
    try:
        with os.fdopen(number, "wb") as file:
            if kept is not None:
                part.chmod(kept)
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            part.replace(path)
        else:
            # A link is made to no name that is taken, and made at once.
            path.hardlink_to(part)
    finally:
        part.unlink(missing_ok=True)
    _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    """Waits until the names in a folder are on the disk too."""
    # Where folders cannot be opened, the system keeps names by itself.
    with suppress(PermissionError, IsADirectoryError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
