"""Polars: an expression, over a frame or a file that is scanned.

Threads: Polars' own call the function, each with a part of the column, and wait for nobody; so
``threads=1``, as `verify` has it.

Trap: without ``is_elementwise=True`` there is one call, with the whole column: one thread, and all
messages in memory.
"""

from __future__ import annotations

import archive
import polars as pl

from cmcodec import arrow


def verdicts(messages: pl.Series) -> pl.Series:
    """A struct for each message."""
    return pl.DataFrame(arrow.verify(messages)).to_struct()


def verified(path: str) -> pl.DataFrame:
    """What the messages in a Parquet file are."""
    struct = pl.Struct(pl.Schema(arrow.SCHEMA))
    verify = pl.col("message").map_batches(verdicts, struct, is_elementwise=True)
    found = pl.scan_parquet(path).select("id", v=verify).unnest("v")
    return found.collect()


if __name__ == "__main__":
    archive.main(verified)
