"""Spark: ``mapInArrow``, in the Python workers of its executors.

Threads: Spark runs a Python worker for each core, so ``threads=1``, as `verify` has it.

Traps: a batch is 10,000 rows (``spark.sql.execution.arrow.maxRecordsPerBatch``), whatever size they
have, and 64 MiB (``maxBytesPerBatch``); more than 2 GiB in one needs
``spark.sql.execution.arrow.useLargeVarTypes``. Spark has no unsigned numbers and takes no
dictionaries: ``plain=True``, and columns by name. Workers run the first ``python3`` of the path, or
``PYSPARK_PYTHON``. A Parquet file that is smaller than
``spark.sql.files.maxPartitionBytes`` is one task on one core (``repartition``).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import archive
from pyspark.sql import SparkSession

from cmcodec import arrow

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

COLUMNS = ["verdict", "reason"]


def verdicts(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """A batch for each batch."""
    for batch in batches:
        found = arrow.verify(batch["message"], plain=True).to_pyarrow().select(COLUMNS)
        yield found.add_column(0, "id", batch["id"])


def verified(path: str) -> pa.Table:
    """What the messages in a Parquet file are."""
    engine = SparkSession.builder.getOrCreate()
    read = engine.read.parquet(path).repartition(2 * engine.sparkContext.defaultParallelism)
    return read.mapInArrow(verdicts, "id long, verdict string, reason string").toArrow()


if __name__ == "__main__":
    archive.main(verified)
