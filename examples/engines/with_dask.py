"""Dask: a function over the partitions of a frame.

Threads: Dask's own call the function, one for each partition, and wait for nobody; so
``threads=1``, as `verify` has it. Processes are not needed.

Trap: a partition is at least a row group or a file, and all of it is in memory; a file of one row
group is for one thread. Without ``dtype_backend="pyarrow"`` each message is an object of Python.
"""

from __future__ import annotations

import archive
import dask.dataframe
import pandas as pd

from cmcodec import arrow


def verdicts(messages: pd.DataFrame) -> pd.DataFrame:
    """A row for each row."""
    found = pd.DataFrame.from_arrow(arrow.verify(messages["message"], plain=True))
    return found[["verdict", "reason"]].set_index(messages.index).assign(id=messages["id"])


def verified(path: str) -> pd.DataFrame:
    """What the messages in a Parquet file are."""
    read = dask.dataframe.read_parquet(path, dtype_backend="pyarrow", split_row_groups=True)
    meta = {"verdict": "str", "reason": "str", "id": "int64"}
    return read.map_partitions(verdicts, meta=meta).compute()


if __name__ == "__main__":
    archive.main(verified)
