"""``cmc verify``: the verdicts over messages and all that are nested in them."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from functools import partial
from typing import get_args

import click

from cmcodec.arguments import moment
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
@backend_option
def command(
    *,
    files: tuple[str, ...],
    recursive: bool,
    as_json: bool,
    as_csv: bool,
    trust: tuple[str, ...],
    request_keys: RequestKeys,
    certificates: tuple[str, ...],
    authorised_ra: tuple[str, ...],
    at: datetime | None,
    legacy: bool,
    wrapped: bool,
    threads: int | None,
) -> int:
    """Verify the messages in FILE... and every message nested in them; - is standard input.

    A file of several PEM blocks is as many messages, called FILE#1, FILE#2 and so on. What cannot
    be read in a folder is passed over, and told on standard error.

    Prints a summary for people, or with --json or --csv the verdict over each message. The exit
    status is 0 where all are verified or certificates only, 1 where one is not or was passed over,
    2 for wrong use.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    if files.count("-") > 1:
        raise click.UsageError("standard input can be read only once")
    inputs = read_messages(files, recursive=recursive)
    names = [each.name for each in inputs.messages]
    octets = [each.octets for each in inputs.messages]
    anchors = read_certificates(trust)
    others = read_certificates(certificates)
    ras = read_certificates(authorised_ra)

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
        at=at,
        wrapped=wrapped,
    )
    since = time.perf_counter()
    try:
        with Bar() as bar:
            verdicts = verify(octets, legacy=legacy, progress=bar)
    except UnsupportedError as error:
        raise Misuse(str(error)) from None
    leniently = None if legacy else partial(verify, legacy=True)
    seconds = time.perf_counter() - since
    run = report.Run(names, octets, seconds, threads, leniently, wrapped=wrapped)
    if as_json or as_csv:
        lines = verdicts.to_json_lines(names) if as_json else verdicts.to_csv(names)
        sys.stdout.writelines(lines)
    tally = report.Tally(verdicts)
    for line in (*inputs.passed_over, *report.strangers(tally, verdicts, names)):
        click.echo(f"cmc: {line}", err=True)
    write = report.write_line if as_json or as_csv else report.write_table
    write(tally, run)
    return 1 if tally.bad or inputs.passed_over else 0
