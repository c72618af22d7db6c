"""pyarrow.dataset: from files to files, batch by batch.

Threads: one stream is verified batch by batch, so ``threads=None`` takes all cores for each batch.

Trap: a batch is what a row group has, and 131,072 rows at most; memory is some of them, for files
are read ahead (``batch_size``, ``batch_readahead``). Batches of some ten rows cost more than the
messages in them, and each makes a row group of what is written, unless ``min_rows_per_group`` joins
them.
"""

from __future__ import annotations

import archive
import pyarrow as pa
import pyarrow.dataset as ds

from cmcodec import arrow


def verified(path: str) -> ds.Dataset:
    """What the messages in Parquet files are, in a folder of others."""
    messages = ds.dataset(path).scanner(columns=["id", "message"]).to_reader()
    stream = arrow.verify_stream(messages, keep=["id"], threads=None)
    verdicts = pa.RecordBatchReader.from_stream(stream)
    target = f"{path}.verdicts"
    ds.write_dataset(verdicts, target, format="parquet", min_rows_per_group=1 << 16)
    return ds.dataset(target)


if __name__ == "__main__":
    archive.main(verified)
