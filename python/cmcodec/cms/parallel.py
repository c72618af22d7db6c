"""Doing the same to every index of a list, in several threads."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


_SECONDS_TO_SIGNAL: Final = 0.1


def for_each(count: int, work: Callable[[int], None], threads: int) -> None:
    """Calls ``work(0)`` to ``work(count - 1)``, and raises what the first of them raises.

    "First" is the lowest index, whatever the number of threads: indices are given out in order,
    and those below one that failed are finished. With one thread it is the calling thread;
    otherwise the calling thread waits, so that it takes signals. No thread outlives the call.
    """
    threads = min(threads, count)
    if threads <= 1:
        for index in range(count):
            work(index)
        return
    from concurrent.futures import ThreadPoolExecutor, wait

    lock = Lock()
    indices = iter(range(0))
    failed: dict[int, BaseException] = {}

    def take() -> int | None:
        with lock:
            return None if failed else next(indices, None)

    def worker() -> None:
        while (index := take()) is not None:
            try:
                work(index)
            except BaseException as error:  # Raised again by the calling thread.
                with lock:
                    failed[index] = error

    with ThreadPoolExecutor(threads) as pool:
        try:
            # Nobody begins before all are there: a start that is interrupted has done nothing.
            with lock:
                futures = [pool.submit(worker) for _ in range(threads)]
                indices = iter(range(count))
            # A signal that comes just before a wait begins is only seen when it ends.
            while wait(futures, timeout=_SECONDS_TO_SIGNAL).not_done:
                pass
        except BaseException:
            # An interrupt: each finishes the index that it is at, and takes no other.
            indices = iter(range(0))
            raise
    if failed:
        raise failed[min(failed)]
