"""A folder in which requests are answered (RFC 10003 §4): ``NAME.p10`` or ``NAME.crq``.

The answer is ``NAME.p7c`` or ``NAME.crp``, by what it is. Where one of both is there, the request
is left alone, also another one of the same name: who wants an answer anew removes it. Names that
begin with a dot, folders, links and whatever is no regular file are left alone too.

A file may be seen before it is written to its end. One that is a complete message is answered at
once; any other one once it has not changed for a while (`SETTLED`): no answer is made of half a
message unless its writer has stopped for so long. What gets no answer is logged once, and looked at
again when it changes.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, final

from cmcodec.errors import CMCError
from cmcodec.message import load
from cmcodec.transports import TransportError, files
from cmcodec.transports.limits import DEFAULT, Limits
from cmcodec.transports.media import ANSWERS, REQUESTS, media_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from cmcodec.embedded.service import Answer

__all__ = ["AGAIN", "EVERY", "MOST", "SETTLED", "Watch"]

EVERY: Final = 0.5
"""Seconds from one look at the folder to the next."""
SETTLED: Final = 5.0
"""Seconds without a change after which a file that is no complete message is taken as it is."""
AGAIN: Final = 30.0
"""Seconds until a request is tried again that could not be worked on."""
MOST: Final = 100
"""Requests that are answered between two looks."""

_LOG: Final = logging.getLogger("cmcodec.embedded")
_REQUESTS: Final = tuple(each.file_extension for each in REQUESTS)
_ANSWERS: Final = tuple(each.file_extension for each in ANSWERS)
_NEVER: Final = float("inf")
_LATER: Final = "tryLater"


class _Known(NamedTuple):
    """What is known of a file: what it looked like, and when to look at it again."""

    size: int
    changed: int
    until: float


@final
class Watch:
    """A folder, and who answers.

    ``settled``, ``again``: as `SETTLED` and `AGAIN`.
    """

    def __init__(
        self,
        folder: Path,
        answer: Callable[[bytes], Answer],
        *,
        limits: Limits = DEFAULT,
        settled: float = SETTLED,
        again: float = AGAIN,
    ) -> None:
        self._folder, self._answer, self._limits = folder, answer, limits
        self._settled, self._again = settled, again
        self._known: dict[str, _Known] = {}
        self._trouble = ""

    def run(self, stopping: threading.Event) -> None:
        """Looks at the folder until it is to stop."""
        while True:
            self.look(stopping)
            if stopping.wait(EVERY):
                return

    def look(self, stopping: threading.Event | None = None) -> int:
        """Answers what waits, up to `MOST`, and says how many were answered."""
        answered = 0
        try:
            for entry in self._waiting():
                if answered == MOST or (stopping is not None and stopping.is_set()):
                    break
                answered += self._take(entry)
        except OSError as error:
            if str(error) != self._trouble:
                _LOG.error("the folder cannot be read: %s", error)
            self._trouble = str(error)
        else:
            self._trouble = ""
        return answered

    def _waiting(self) -> Iterator[os.DirEntry[str]]:
        """The requests that are to be looked at, by name."""
        with os.scandir(self._folder) as entries:
            found = {entry.name: entry for entry in entries if entry.name[:1] != "."}
        self._known = {name: known for name, known in self._known.items() if name in found}
        for name, entry in sorted(found.items()):
            stem, extension = os.path.splitext(name)
            if extension not in _REQUESTS or any(stem + each in found for each in _ANSWERS):
                continue
            if entry.is_file(follow_symlinks=False):
                yield entry

    def _take(self, entry: os.DirEntry[str]) -> bool:
        """Whether a request is answered now."""
        try:
            state = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return False
        known, now = self._known.get(entry.name), time.monotonic()
        is_same = known is not None and known[:2] == (state.st_size, state.st_mtime_ns)
        if known is not None and is_same and now < known.until:
            return False
        try:
            until = self._worked(entry, now, is_settled=is_same)
        except FileNotFoundError:
            return False
        except Exception:
            _LOG.exception("%r is tried again", entry.name)
            until = now + self._again
        if until is None:
            self._known.pop(entry.name, None)
            return True
        self._known[entry.name] = _Known(state.st_size, state.st_mtime_ns, until)
        return False

    def _worked(self, entry: os.DirEntry[str], now: float, *, is_settled: bool) -> float | None:
        """Works on a request; when to look at it again, None where it is answered."""
        path = Path(entry.path)
        try:
            octets = files.read(path, limits=self._limits)
        except TransportError:
            _LOG.warning("%r is longer than %d octets", entry.name, self._limits.max_size)
            return _NEVER
        if not is_settled and not _is_complete(octets):
            return now + self._settled
        answer = self._answer(octets)
        if not answer.octets:
            _LOG.warning("%r gets no answer", entry.name)
            return _NEVER
        if answer.outcome == _LATER:
            _LOG.warning("%r is tried again: %s", entry.name, answer.outcome)
            return now + self._again
        extension = media_of(answer.octets, "answer").file_extension
        files.write(answer.octets, path.with_suffix(extension))
        return None


def _is_complete(octets: bytes) -> bool:
    try:
        load(octets)
    except CMCError:
        return False
    return True
