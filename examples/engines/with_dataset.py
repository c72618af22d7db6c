"""pyarrow.dataset: from files to files, batch by batch.

Threads: one stream is verified batch by batch, so ``threads=None`` takes all cores for each batch.

Trap: a batch is what a row group has, and 131,072 rows at most; memory is some of them, for files
are read ahead (``batch_size``, ``batch_readahead``). Batches of some ten rows cost more than the
messages in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import archive
import pyarrow as pa
import pyarrow.dataset as ds

from cmcodec import arrow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive import Row


def verify(source: str, target: str) -> None:
    """Writes what the messages in Parquet files are into a folder of others."""
    messages = ds.dataset(source).scanner(columns=["id", "message"]).to_reader()
    stream = arrow.verify_stream(messages, keep=["id"], threads=None)
    verdicts = pa.RecordBatchReader.from_stream(stream)
    ds.write_dataset(verdicts, target, format="parquet")


def verified(path: str) -> Iterator[Row]:
    """The same, read again."""
    verify(path, f"{path}.verdicts")
    columns = ds.dataset(f"{path}.verdicts").to_table(["id", "verdict", "reason"]).to_pydict()
    return zip(*columns.values(), strict=True)


if __name__ == "__main__":
    archive.main(verified)
