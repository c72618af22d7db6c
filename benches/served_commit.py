"""Runs the operations of these benches with the package of another commit, for `compare`.

    python -m benches.served_commit TREE

Asked and replying as `peers.served` says; the operations are ``rust/load``, ``pure/load`` and so
on, and the seconds are those of a sample of `measure`.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cmcodec
from benches import measure, sides

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def sampled(operation: str, threads: int, file: str) -> tuple[Callable[[], float], int]:
    """What takes a sample, and how many messages are in the batch, whose answer was right."""
    backend, _, name = operation.partition("/")
    der = Path(file).read_bytes()
    messages = len(cmcodec.load(der).unverified_messages)
    run = sides.our_run(backend, name, der, messages, threads)
    calls = measure.calls(run)
    return lambda: measure.sample(run, calls), messages


def reply(line: str) -> dict[str, object]:
    """The time, or why there is none."""
    operation, threads, file = line.split(" ", 2)
    try:
        run, messages = sampled(operation, int(threads), file)
        return {"seconds": run(), "messages": messages, "answer": messages}
    except Exception as error:
        # Whatever it is, the other end of the pipe must learn of it.
        return {"error": f"{type(error).__name__}: {error}"}


def main(tree: Path) -> None:
    """Replies until nobody asks any more."""
    assert Path(cmcodec.__file__).is_relative_to(tree), f"{cmcodec.__file__} was found first"
    for line in sys.stdin:
        print(json.dumps(reply(line.rstrip("\n"))), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
