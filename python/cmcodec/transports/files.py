"""Messages in files (RFC 10003 §4): each in one of its own, as it is."""

from __future__ import annotations

import hashlib
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, final

from cmcodec import durable
from cmcodec.transports.limits import DEFAULT, Limits, TransportError, TransportReason
from cmcodec.transports.media import ANSWERS, media_of

if TYPE_CHECKING:
    from cmcodec.received import Buffer
    from cmcodec.transports.media import Direction

__all__ = ["Client", "read", "write"]

_PAUSE: Final = 0.05
"""Seconds between two looks into a folder."""


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


@final
class Client:
    """Asks through a folder in which somebody else answers ``NAME.crq`` with ``NAME.crp``.

    A name follows from the octets, so that an answer which came too late is there when the same
    message is sent again. Both files are removed once the answer is read; a request that has none
    stays. ``timeout``: seconds until there is an answer.
    """

    def __init__(
        self, folder: str | Path, *, timeout: float = 30.0, limits: Limits = DEFAULT
    ) -> None:
        self._folder, self._timeout, self._limits = Path(folder), timeout, limits

    def send(self, octets: bytes) -> bytes:
        """The answer to a message; raises `TransportError` and what `media_of` raises."""
        name = hashlib.sha256(octets).hexdigest()[:32]
        request = self._folder / (name + media_of(octets, "request").file_extension)
        answers = [self._folder / (name + media.file_extension) for media in ANSWERS]
        until = time.monotonic() + self._timeout
        try:
            if not any(map(Path.is_file, answers)):
                write(octets, request)
            answer = self._awaited(answers, until)
            found = read(answer, limits=self._limits)
            # In this order: a request without an answer would be answered once more.
            for each in (request, answer):
                each.unlink(missing_ok=True)
        except OSError as error:
            raise TransportError(TransportReason.REFUSED) from error
        return found

    def _awaited(self, answers: list[Path], until: float) -> Path:
        while True:
            for each in answers:
                # Anything else may never end.
                if each.is_file():
                    return each
            if time.monotonic() >= until:
                raise TransportError(TransportReason.TIMEOUT)
            time.sleep(_PAUSE)

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
