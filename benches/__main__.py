"""``python -m benches``, which is also ``cmc bench``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benches import table
from benches.report import Comparison, Figure, Report
from benches.run import APART, ROOT, SECTIONS, Settings, environment, plans, run, version
from benches.sides import Cast

if TYPE_CHECKING:
    from types import ModuleType

RECORDS = ROOT / "benches" / "record"
FILE = click.Path(dir_okay=False, path_type=Path)


def _names(
    _: click.Context, parameter: click.Parameter, given: str | None
) -> frozenset[str] | None:
    if given is None:
        return None
    names = frozenset(filter(None, given.split(",")))
    known = (*SECTIONS, *APART)
    if parameter.name == "only" and (unknown := names.difference(known)):
        raise click.BadParameter(f"{', '.join(unknown)}: not one of {', '.join(known)}")
    return names


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="A hundred messages; held against no promise.")
@click.option(
    "--only",
    metavar="NAMES",
    callback=_names,
    default=",".join(SECTIONS),
    show_default=True,
    help=f"Only these; also {', '.join(APART)}, which is no part of a whole run.",
)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Turns.")
@click.option("--peers", metavar="NAMES", callback=_names, help="Only these peers, and the limits.")
@click.option("--jvm", is_flag=True, help="BouncyCastle too: needs a JDK (17 or newer) and Maven.")
@click.option("--json", "to", type=FILE, help="Write the report to this file.")
@click.option("--picture", type=FILE, help="Draw it: .svg or .png.")
@click.option("--record", is_flag=True, help="Write report and picture to benches/record.")
@click.option("--from", "source", type=FILE, help="Show this report instead of measuring.")
def main(
    *,
    quick: bool,
    only: frozenset[str],
    rounds: int,
    peers: frozenset[str] | None,
    jvm: bool,
    to: Path | None,
    picture: Path | None,
    record: bool,
    source: Path | None,
) -> None:
    """Measure what is promised, beside every peer that is here and the limits of the machine.

    The same as `cmc bench`. Takes about 15 minutes with all peers, and one with --quick.

    Exit status: 0 all promises are kept, 1 one is not, 2 wrong use.
    """
    if record and (quick or source):
        raise click.UsageError("a record is of a whole run")
    if picture is not None or record:
        drawing = _drawing()
    console = table.console()
    if source is not None:
        report = Report.read(source)
        for it in report.comparisons:
            console.print(table.comparison(it))
    else:
        report = _measured(Settings(only, rounds, quick), peers, jvm)
    alone = [it for it in report.figures if it.section != "engines"]
    if alone:
        console.print(table.figures(alone))
    if len(alone) < len(report.figures):
        console.print(table.engines(it for it in report.figures if it.section == "engines"))
    if report.promises():
        console.print(table.promises(report))
    if to is not None:
        report.write(to)
    if picture is not None:
        drawing.draw(report, picture)
    if record:
        report.write(RECORDS / f"{report.version}.json")
        drawing.draw(report, RECORDS / f"{report.version}.svg")
    broken = sum(not it.is_kept for it in report.promises())
    click.echo(f"{broken} of {len(report.promises())} promises not kept")
    sys.exit(1 if broken else 0)


def _drawing() -> ModuleType:
    """What draws, which must be there before anything is measured."""
    try:
        from benches import picture
    except ImportError as error:
        raise click.ClickException(f'{error}: pip install ".[bench]"') from None
    return picture


def _measured(settings: Settings, peers: frozenset[str] | None, jvm: bool) -> Report:
    console = table.console()

    def show(result: Comparison | Figure) -> None:
        table.progress("")
        if isinstance(result, Comparison):
            console.print(table.comparison(result))

    with Cast(peers, jvm=jvm) as cast:
        report = Report(version(), environment(cast))
        planned = plans(cast, settings.only, quick=settings.quick)
    return run(report, planned, settings, show, table.progress)


if __name__ == "__main__":
    main(prog_name="python -m benches")
