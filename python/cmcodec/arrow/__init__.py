"""Verdicts as columns, for every engine that speaks the Arrow PyCapsule interface.

    from cmcodec import arrow

    verdicts = arrow.verify(table["message"], trust=anchors)      # one row in, one row out
    polars.DataFrame(verdicts), pyarrow.record_batch(verdicts)    # nothing is copied

Messages come as anything that has ``__arrow_c_array__`` or ``__arrow_c_stream__``: an array, a
chunked array, a series; of type binary, large_binary, binary_view or fixed_size_binary, also in a
dictionary, sliced, with nulls. A null gives a row of nulls. A bad message is a row, never an
exception. Neither pyarrow nor another library is needed.

`SCHEMA` has the columns of `verify` and `verify_stream`, `ROWS_SCHEMA` those of `verify_rows` and
of `BatchReport.to_arrow`. They are never changed but by adding at the end of the columns or of a
struct.
"""

from __future__ import annotations

from typing import Final

from cmcodec.arrow.streams import VerdictStream, verify_stream
from cmcodec.arrow.verifying import verify, verify_rows
from cmcodec.verify.verdicts import Schema, Verdicts

__all__ = [
    "ROWS_SCHEMA",
    "SCHEMA",
    "Schema",
    "VerdictStream",
    "Verdicts",
    "verify",
    "verify_rows",
    "verify_stream",
]

SCHEMA: Final = Schema()
"""The columns of a row for each message given."""

ROWS_SCHEMA: Final = Schema(places=True)
"""The same, with the number of the input and the path before them."""
