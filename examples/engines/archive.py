"""What every example here is given, and must find: an archive of messages, and their verdicts."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet

import cmcodec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Row: TypeAlias = tuple[int, str | None, str | None]
    """The number of a message, its verdict, and the reason."""

BATCH = Path(__file__).parent.parent / "batch-1000.der"


def messages() -> list[bytes | None]:
    """A thousand enrolment requests; of each hundred one is cut short, and one is null."""
    batch = cmcodec.load(BATCH.read_bytes())
    found: list[bytes | None] = [message.to_der() for _, message in batch.unverified_messages]
    for number in range(0, len(found), 100):
        found[number + 3] = (found[number] or b"")[:100]
        found[number + 7] = None
    return found


def write(path: str, messages: list[bytes | None], *, row_group: int = 256) -> None:
    """A Parquet file of numbered messages: ``id`` and ``message``.

    ``row_group``: rows that are read at once, by one thread of an engine.
    """
    columns = {"id": range(len(messages)), "message": pa.array(messages, pa.binary())}
    # No two messages are alike: a dictionary of them is written, read and copied for nothing.
    plain = {"use_dictionary": False, "compression": "lz4"}
    pyarrow.parquet.write_table(pa.table(columns), path, row_group_size=row_group, **plain)


def read(path: str) -> list[bytes | None]:
    """The messages in such a file."""
    found: list[bytes | None] = pyarrow.parquet.read_table(path)["message"].to_pylist()
    return found


def check(found: Iterable[Row], messages: list[bytes | None]) -> None:
    """Raises `AssertionError` unless each message has its verdict, once."""
    given = [(number, each) for number, each in enumerate(messages) if each is not None]
    report = cmcodec.verify_batch([each for _, each in given])
    wanted: dict[int, Row] = {number: (number, None, None) for number in range(len(messages))}
    for row in report:
        if not row.path:
            number, _ = given[row.index]
            wanted[number] = (number, row.verdict, row.reason)
    assert sorted(found) == list(wanted.values()), "verdicts are wrong"


def rows(found: Any) -> list[Row]:
    """The rows of what an example gives: a table, in any order."""
    table = found.to_table() if isinstance(found, pyarrow.dataset.Dataset) else pa.table(found)
    columns = table.select(["id", "verdict", "reason"]).to_pydict().values()
    return list(zip(*columns, strict=True))


def main(verified: Callable[[str], Any]) -> None:
    """Runs an example on the archive, and says what came out."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/archive.parquet"
        write(path, messages())
        found = rows(verified(path))
    check(found, messages())
    counts = Counter(str(verdict) for _, verdict, _ in found)
    print(", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())))
