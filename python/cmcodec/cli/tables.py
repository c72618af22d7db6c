"""Messages out of Parquet files, and verdicts into Parquet and Arrow IPC files."""

from __future__ import annotations

import io
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from cmcodec import durable
from cmcodec.cli.options import Failure, Misuse, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cmcodec.cli.show.progress import Bar
    from cmcodec.verify.report import BatchReport

    Write: TypeAlias = Callable[[BatchReport, Sequence[int] | None], object]
    """Writes the rows of a report; of each input the number, or None where they are in order."""

__all__ = ["Batch", "Format", "read_column", "writing"]

Format: TypeAlias = Literal["parquet", "arrow"]

_ROWS: Final = 8192
_OCTETS: Final = 1 << 24
"""Rows that are read at once: so many, or of so many octets if all are of average size."""


class Batch(NamedTuple):
    """Messages that are verified together.

    ``numbers``: their rows in the table they are from, which may have others that are null; None
    where they are from no table. ``done``: how many of the ``rows`` of the table came before.
    """

    names: Sequence[str]
    octets: Sequence[bytes]
    numbers: Sequence[int] | None = None
    done: int = 0
    rows: int = 0

    def progress(self, bar: Bar) -> Callable[[int, int], object]:
        """What shows how much of the table is done, or of the messages where there is none."""
        if self.numbers is None:
            return bar
        return lambda done, of: bar(self.done + len(self.octets) * done // max(1, of), self.rows)


def read_column(name: str, column: str) -> Iterator[Batch]:
    """The messages in a column of a Parquet file, called ``FILE#ROW``, some thousand at once.

    The file and its column are looked at before anything is given; what is wrong with them, or
    later with what is read, is told in a line.
    """
    _required("--column")
    import pyarrow as pa
    import pyarrow.parquet as pq

    if name == "-":
        raise Misuse("--column: a Parquet file is no stream, and is not read from standard input")
    try:
        with open(name, "rb"):
            # pyarrow does not tell as well what is wrong.
            pass
        # So read, a page is in memory as a whole, and no row group.
        file = pq.ParquetFile(name, pre_buffer=False, buffer_size=1 << 20)
    except OSError as error:
        raise Misuse(f"{printable(name)}: {error.strerror or error}") from None
    except pa.ArrowException:
        raise Misuse(f"{printable(name)}: this is no Parquet file") from None
    with file:
        _check(name, file.schema_arrow, column)
        try:
            yield from _batches(name, file, column)
        except (OSError, pa.ArrowException) as error:
            said = printable(str(error).partition("\n")[0])
            raise Failure(f"{printable(name)}: column {printable(column)}: {said}") from None


def _check(name: str, schema: Any, column: str) -> None:
    """Ends where the column is not there once, or has no octets."""
    import pyarrow.types as of

    found = schema.get_all_field_indices(column)
    if len(found) != 1:
        there = "is there more than once" if found else "is not there"
        known = printable(", ".join(schema.names))
        raise Misuse(
            f"{printable(name)}: column {printable(column)} {there}: the columns are {known}"
        )
    kind = schema.field(found[0]).type
    values = kind.value_type if of.is_dictionary(kind) else kind
    tests = (of.is_binary, of.is_large_binary, of.is_binary_view, of.is_fixed_size_binary)
    if not any(test(values) for test in tests):
        wanted = "binary, large_binary, binary_view or fixed_size_binary"
        shown = f"column {printable(column)} is {printable(str(kind))}"
        raise Misuse(f"{printable(name)}: {shown}, and not {wanted}")


def _batches(name: str, file: Any, column: str) -> Iterator[Batch]:
    metadata = file.metadata
    total, octets = metadata.num_rows, 0
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        leaves = map(group.column, range(group.num_columns))
        octets += sum(it.total_uncompressed_size for it in leaves if it.path_in_schema == column)
    rows = max(1, min(_ROWS, _OCTETS * total // max(1, octets)))
    done = 0
    for batch in file.iter_batches(rows, columns=[column]):
        values = batch.column(0).to_pylist()
        numbers = [done + row for row, value in enumerate(values) if value is not None]
        names = [f"{name}#{number}" for number in numbers]
        yield Batch(names, [value for value in values if value is not None], numbers, done, total)
        done += len(values)
    if not done:
        yield Batch([], [], [])


@contextmanager
def writing(name: str, kind: Format) -> Iterator[Write]:
    """What writes verdicts to a file, in the columns of `BatchReport.to_arrow`.

    ``-`` is standard output. The file is there when all is written, and not before.
    """
    _required(f"--{kind}")
    import pyarrow as pa
    import pyarrow.parquet as pq

    from cmcodec import arrow

    schema = pa.schema(arrow.ROWS_SCHEMA)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(durable.writing(name) if name != "-" else _Output())
            made = pq.ParquetWriter if kind == "parquet" else pa.ipc.new_file
            writer = stack.enter_context(made(file, schema))

            def write(report: BatchReport, numbers: Sequence[int] | None) -> None:
                try:
                    table = report.to_arrow().to_pyarrow()
                except ValueError as error:
                    raise Failure(f"--{kind}: {error}") from None
                if numbers is not None:
                    called = pa.array(numbers, pa.uint64()).take(table["index"])
                    table = table.set_column(0, schema.field("index"), called)
                writer.write_batch(table)

            yield write
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Misuse(f"{printable(name)}: {error.strerror or error}") from None


def _required(option: str) -> None:
    try:
        import pyarrow as pa  # noqa: F401
    except ModuleNotFoundError:
        raise Misuse(f'{option}: needs pyarrow: pip install "cmcodec[arrow]"') from None


class _Output(io.RawIOBase):
    """Standard output, which stays open when this is closed."""

    def writable(self) -> bool:
        return True

    def write(self, octets: Any) -> int:
        sys.stdout.buffer.write(octets)
        return len(octets)

    def flush(self) -> None:
        sys.stdout.buffer.flush()
