"""Who may use what one thread alone can use, in the order in which they came."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Final, final

__all__ = ["Turns"]


@final
class Turns:
    """One turn, which is taken, passed on and released."""

    def __init__(self) -> None:
        self._mutex: Final = Lock()
        self._waiting: Final[deque[Lock]] = deque()
        self.is_taken = False

    def take(self, patience: float) -> bool:
        """Waits for the turn; False where it did not come within so many seconds."""
        with self._mutex:
            if not self.is_taken:
                self.is_taken = True
                return True
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            if mine.acquire(timeout=patience):
                return True
        except BaseException:
            if not self._gives_up(mine):
                self.release()
            raise
        return not self._gives_up(mine)

    def _gives_up(self, mine: Lock) -> bool:
        """Whether the turn has not come at the last moment."""
        with self._mutex:
            if mine not in self._waiting:
                return False
            self._waiting.remove(mine)
            return True

    def pass_on(self) -> bool:
        """Gives the turn to whoever has waited longest; False where nobody waits: it is kept."""
        with self._mutex:
            if not self._waiting:
                return False
            self._waiting.popleft().release()
            return True

    def release(self) -> None:
        """Gives it to whoever has waited longest, or comes next."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self.is_taken = False
