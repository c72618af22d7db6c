"""Ray Data: a function over batches, in processes.

Threads: Ray runs as many tasks as there are cores (``num_cpus=1`` each), so ``threads=1``, as
`verify` has it.

Trap: the default batch is 1,024 rows, or with ``batch_size=None`` a block, which may be a whole
file; a file that is smaller than a block is one task on one core (``repartition``).
"""

from __future__ import annotations

import archive
import pyarrow as pa
import ray

from cmcodec import arrow


def verdicts(messages: pa.Table) -> pa.Table:
    """A row for each row."""
    found = pa.table(arrow.verify(messages["message"], plain=True))
    return found.append_column("id", messages["id"])


def verified(path: str) -> pa.Table:
    """What the messages in a Parquet file are."""
    ray.init(ignore_reinit_error=True, log_to_driver=False, include_dashboard=False)
    read = ray.data.read_parquet(path).repartition(2 * int(ray.cluster_resources()["CPU"]))
    found = read.map_batches(verdicts, batch_format="pyarrow", batch_size=2048)
    return pa.concat_tables(ray.get(found.to_arrow_refs()))


if __name__ == "__main__":
    archive.main(verified)
