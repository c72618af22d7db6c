"""DuckDB: a function of SQL.

Threads: DuckDB's own call the function, each with some 2,000 rows, and wait for nobody; so
``threads=1``, as `verify` has it. Fewer than 122,880 rows of a table in DuckDB are one row group,
which is for one thread (then ``threads=None`` takes all cores); of a Parquet file, the row groups
are what its writer made.

Trap: a function that is read by ``v.*`` is called for each column; name the columns, or
``unnest(cmc_verify(message))``. Functions take no dictionaries: ``plain=True``.
"""

from __future__ import annotations

from typing import Any

import archive
import duckdb
import pyarrow as pa
from duckdb.func import PythonUDFType

from cmcodec import arrow


def verdicts(messages: Any) -> Any:
    """A struct for each message."""
    return pa.array(arrow.verify(messages, plain=True))


def verified(path: str) -> pa.Table:
    """What the messages in a Parquet file are."""
    engine = duckdb.connect()
    empty = engine.from_arrow(arrow.verify(pa.array([], pa.binary()), plain=True))
    struct = duckdb.struct_type(dict(zip(empty.columns, empty.types, strict=True)))
    engine.create_function("cmc_verify", verdicts, ["BLOB"], struct, type=PythonUDFType.ARROW)
    found = engine.sql("SELECT id, cmc_verify(message) AS v FROM read_parquet($1)", params=[path])
    return found.select("id, v.verdict, v.reason").to_arrow_table()


if __name__ == "__main__":
    archive.main(verified)
