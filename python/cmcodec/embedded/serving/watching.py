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
from contextlib import suppress
from itertools import islice
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

    from cmcodec.embedded.serving.service import Answer

__all__ = ["AGAIN", "EVERY", "MOST", "SETTLED", "Watch"]

EVERY: Final = 0.1
"""Seconds from one look at the folder to the next; more where one takes long and finds nothing."""
SETTLED: Final = 5.0
"""Seconds without a change after which a file that is no complete message is taken as it is."""
AGAIN: Final = 5.0
"""Seconds until a request is tried again that could not be worked on."""
MOST: Final = 100
"""Requests that are worked on in one look."""

_LOG: Final = logging.getLogger("cmcodec.embedded")
_REQUESTS: Final = tuple(each.file_extension for each in REQUESTS)
_ANSWERS: Final = tuple(each.file_extension for each in ANSWERS)
_NEVER: Final = float("inf")
_LATER: Final = "tryLater"


class _State(NamedTuple):
    """What changes when a file does: octets, and nanoseconds of its last change."""

    size: int
    changed: int


class _Known(NamedTuple):
    """What a file was like when it got no answer, and when it is worked on again."""

    state: _State
    until: float


class _Waiting(NamedTuple):
    """A request that is to be worked on; ``is_settled``: it has not changed since the last time."""

    path: Path
    state: _State
    is_settled: bool


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
        pause = 0.0
        while not stopping.wait(pause):
            begun = time.monotonic()
            has_answered = self.look(stopping)
            took = time.monotonic() - begun
            # A folder of very many files costs a fifth of a processor, and not all of it.
            pause = EVERY if has_answered else max(EVERY, 4 * took)

    def look(self, stopping: threading.Event | None = None) -> int:
        """Works on what waits, up to `MOST`, and says how many requests were answered."""
        answered = 0
        try:
            for entry in islice(self._waiting(), MOST):
                if stopping is not None and stopping.is_set():
                    break
                answered += self._take(entry)
        except OSError as error:
            if str(error) != self._trouble:
                _LOG.error("the folder cannot be read: %s", error)
            self._trouble = str(error)
        else:
            self._trouble = ""
        return answered

    def _waiting(self) -> Iterator[_Waiting]:
        """The requests that are to be worked on now, by name."""
        with os.scandir(self._folder) as entries:
            found = {entry.name: entry for entry in entries if entry.name[:1] != "."}
        self._known = {name: known for name, known in self._known.items() if name in found}
        for name, entry in sorted(found.items()):
            stem, extension = os.path.splitext(name)
            if extension not in _REQUESTS or any(stem + each in found for each in _ANSWERS):
                continue
            with suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False):
                    state, known = entry.stat(follow_symlinks=False), self._known.get(name)
                    is_same = known is not None and known.state == _of(state)
                    if known is None or not is_same or time.monotonic() >= known.until:
                        yield _Waiting(Path(entry.path), _of(state), is_settled=is_same)

    def _take(self, waiting: _Waiting) -> bool:
        """Whether a request is answered now."""
        now, name = time.monotonic(), waiting.path.name
        try:
            until = self._worked(waiting, now)
        except FileNotFoundError:
            return False
        except Exception:
            _LOG.exception("%r is tried again", name)
            until = now + self._again
        if until is None:
            self._known.pop(name, None)
            return True
        self._known[name] = _Known(waiting.state, until)
        return False

    def _worked(self, waiting: _Waiting, now: float) -> float | None:
        """Works on a request; when to do so again, None where it is answered."""
        path = waiting.path
        try:
            octets = files.read(path, limits=self._limits)
        except TransportError:
            _LOG.warning("%r is longer than %d octets", path.name, self._limits.max_size)
            return _NEVER
        if not waiting.is_settled and not _is_complete(octets):
            return now + self._settled
        answer = self._answer(octets)
        if not answer.octets:
            _LOG.warning("%r gets no answer", path.name)
            return _NEVER
        if answer.outcome == _LATER:
            return now + self._again
        extension = media_of(answer.octets, "answer").file_extension
        files.write(answer.octets, path.with_suffix(extension))
        return None


def _of(state: os.stat_result) -> _State:
    return _State(state.st_size, state.st_mtime_ns)


def _is_complete(octets: bytes) -> bool:
    try:
        load(octets)
    except CMCError:
        return False
    return True
