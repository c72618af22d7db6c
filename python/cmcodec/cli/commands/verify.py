"""``cmc verify``: the verdicts over messages and all that are nested in them."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import get_args

import click

from cmcodec.arguments import moment
from cmcodec.cli import tables
from cmcodec.cli.inputs import read_messages
from cmcodec.cli.options import FILE, WRAPPED, Misuse, backend_option, read_certificates
from cmcodec.errors import UnsupportedError
from cmcodec.limits import MAX_THREADS
from cmcodec.verify.batch import default_threads, verify_batch
from cmcodec.verify.checks import RequestKeys


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no ISO 8601 time") from None
    try:
        return moment("the time", parsed)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("verify", short_help="Verify messages and everything nested in them.")
@click.argument("files", type=FILE, metavar="FILE...", nargs=-1, required=True)
@click.option("--recursive", "-r", is_flag=True, help="Take all files in folders, and below them.")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines: one object per message.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV: one line per message.")
@click.option("--parquet", type=FILE, help="Write the verdicts as a Parquet file.")
@click.option("--arrow", type=FILE, help="Write the verdicts as an Arrow IPC file.")
@click.option("--column", metavar="NAME", help="Take messages from this column of a Parquet FILE.")
@click.option("--trust", multiple=True, type=FILE, help="Trust anchors, DER or PEM; checks chains.")
@click.option(
    "--request-keys",
    type=click.Choice(get_args(RequestKeys)),
    default="none",
    show_default=True,
    help="With --trust: which messages their own request's key may sign.",
)
@click.option("--certificates", multiple=True, type=FILE, help="More certificates of signers.")
@click.option("--authorised-ra", multiple=True, type=FILE, help="RAs whose raVerified counts.")
@click.option(
    "--at",
    callback=_moment,
    metavar="TIME",
    help="When chains must be valid (ISO 8601, with its time zone): now.",
)
@click.option("--legacy", is_flag=True, help="Accept RSA with SHA-1 and 1024-bit RSA.")
@click.option("--wrapped", is_flag=True, help=WRAPPED)
@click.option(
    "--threads",
    type=click.IntRange(1, MAX_THREADS),
    metavar="N",
    help="Threads: by default one per core.",
)
@click.option(
    "--lanes/--no-lanes",
    default=None,
    help="Whether eight signatures are looked at at once, rather than what CMCODEC_LANES says.",
)
@backend_option
def command(
    *,
    files: tuple[str, ...],
    recursive: bool,
    as_json: bool,
    as_csv: bool,
    parquet: str | None,
    arrow: str | None,
    column: str | None,
    trust: tuple[str, ...],
    request_keys: RequestKeys,
    certificates: tuple[str, ...],
    authorised_ra: tuple[str, ...],
    at: datetime | None,
    legacy: bool,
    wrapped: bool,
    threads: int | None,
    lanes: bool | None,
) -> int:
    """Verify the messages in FILE... and every message nested in them; - is standard input.

    A file of several PEM blocks is as many messages, called FILE#1, FILE#2 and so on. What cannot
    be read in a folder is passed over, and told on standard error.

    With --column, FILE is a Parquet file, whose messages are called FILE#0, FILE#1 and so on, by
    their rows; a row that is null is none. It is read piece by piece.

    Prints a summary for people, or with --json or --csv the verdict over each message. --parquet
    and --arrow write the columns of cmcodec.arrow into a file, or with - to standard output; index
    is the number of the message that was given, or its row. The exit status is 0 where all are
    verified or certificates only, 1 where one is not or was passed over, 2 for wrong use.
    """
    written: dict[tables.Format, str | None] = {"parquet": parquet, "arrow": arrow}
    targets = [(kind, name) for kind, name in written.items() if name is not None]
    if as_json + as_csv + len(targets) > 1:
        raise click.UsageError("--json, --csv, --parquet and --arrow exclude each other")
    if files.count("-") > 1:
        raise click.UsageError("standard input can be read only once")
    if column is not None and (len(files) > 1 or recursive):
        raise click.UsageError("--column reads one file")
    anchors = read_certificates(trust)
    others = read_certificates(certificates)
    ras = read_certificates(authorised_ra)
    passed_over: list[str] = []
    if column is None:
        inputs = read_messages(files, recursive=recursive)
        names = [each.name for each in inputs.messages]
        passed_over = inputs.passed_over
        batches = iter([tables.Batch(names, [each.octets for each in inputs.messages])])
    else:
        batches = tables.read_column(files[0], column)

    from cmcodec.cli.show import report
    from cmcodec.cli.show.progress import Bar

    threads = threads or default_threads()
    verify = partial(
        verify_batch,
        threads=threads,
        trust=anchors if trust else None,
        request_keys=request_keys,
        certificates=others,
        authorised_ras=ras,
        at=at or datetime.now(UTC),
        wrapped=wrapped,
        lanes=None if lanes is None else "auto" if lanes else "off",
    )
    tally, seconds = report.Tally(), 0.0
    with ExitStack() as stack:
        bar = stack.enter_context(Bar())
        writers = [stack.enter_context(tables.writing(name, kind)) for kind, name in targets]
        for batch in batches:
            since = time.perf_counter()
            try:
                verdicts = verify(batch.octets, legacy=legacy, progress=batch.progress(bar))
            except UnsupportedError as error:
                raise Misuse(str(error)) from None
            seconds += time.perf_counter() - since
            if as_json:
                sys.stdout.writelines(verdicts.to_json_lines(batch.names))
            elif as_csv:
                lines = verdicts.to_csv(batch.names)
                sys.stdout.writelines(islice(lines, 1 if batch.done else 0, None))
            for write in writers:
                write(verdicts, batch.numbers)
            tally.add(verdicts, batch.names, batch.octets)
    leniently = None if legacy else partial(verify, legacy=True)
    run = report.Run(seconds, threads, leniently, wrapped=wrapped)
    for line in (*passed_over, *report.strangers(tally)):
        click.echo(f"cmc: {line}", err=True)
    brief = as_json or as_csv or targets
    (report.write_line if brief else report.write_table)(tally, run)
    return 1 if tally.bad or passed_over else 0
