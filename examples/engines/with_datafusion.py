"""DataFusion: a function of SQL.

Threads: DataFusion's own call the function, one for each partition (``target_partitions``: as many
as cores), with some 8,000 rows at most; so ``threads=1``, as `verify` has it.

Traps: from Parquet, binary comes as binary_view, and a function that was declared for binary is
not found. A field that is taken out of the struct (``v['verdict']``) calls the function once more
for each; ``unnest`` takes all with one call.
"""

from __future__ import annotations

from typing import Any

import archive
import pyarrow as pa
from datafusion import SessionContext, col, udf

from cmcodec import arrow


def verdicts(messages: pa.Array[Any]) -> pa.Array[Any]:
    """A struct for each message."""
    return pa.array(arrow.verify(messages))


def verified(path: str) -> pa.Table:
    """What the messages in a Parquet file are."""
    engine = SessionContext()
    struct = pa.struct(list(pa.schema(arrow.SCHEMA)))
    verify = udf(verdicts, [pa.binary_view()], struct, "immutable", name="cmc_verify")
    engine.register_udf(verify)
    engine.register_parquet("archive", path)
    called = engine.sql("SELECT id, cmc_verify(message) AS v FROM archive")
    found = called.unnest_columns("v")
    columns = (col(f'"v.{name}"').alias(name) for name in ("verdict", "reason"))
    return found.select(col("id"), *columns).to_arrow_table()


if __name__ == "__main__":
    archive.main(verified)
