"""A report as text: a table for each comparison, one of figures, and the promises."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from benches.engines import FIGURES as ENGINES
from benches.promises import OPERATIONS, OURS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benches.report import Comparison, Figure, Report

VERDICTS = {True: "kept", False: "NOT KEPT", None: ""}
STYLES = {True: "green", False: "bold red", None: ""}


def console() -> Console:
    """Standard output; a file gets all columns."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=140)


def progress(text: str) -> None:
    """What is being done, on a terminal."""
    # No more than a line, and no thread that draws it: they would be measured too.
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


def environment(report: Report) -> str:
    """Where it was measured, in one line."""
    return ", ".join(f"{name} {value}" for name, value in report.environment.items())


def comparison(it: Comparison) -> Table:
    """Sides by speed, the fastest first; beside each how many times as fast `OURS` is."""
    title = (
        f"{it.operation}: {OPERATIONS[it.operation]}\n{it.messages:,} messages, {it.octets:,} "
        f"octets, {it.rounds} rounds in turn, load average {it.load_average[0]:.1f} to "
        f"{it.load_average[1]:.1f}"
    )
    table = _table(title, "side", "messages/s", "best", "median", "worst", f"{OURS} is")
    ours = next((side for side in it.sides if side.side == OURS), None)
    for side in sorted(it.sides, key=lambda side: side.best):
        ratio = "" if ours in (None, side) else f"{times(side.best / ours.best)}"
        speed = f"{it.messages / side.best:,.0f}"
        shown = map(seconds, (side.best, side.median, side.worst))
        table.add_row(side.side, speed, *shown, ratio, style="bold" if side is ours else "")
    if it.absent:
        absent = (f"{name} ({how})" for name, how in it.absent.items())
        table.caption = f"not here: {'; '.join(absent)}"
    return table


def figures(found: Iterable[Figure]) -> Table:
    """Memory, growth and starting."""
    table = _table("measured alone", "figure", "measured", "")
    for it in found:
        table.add_row(f"{it.section}: {it.name}", f"{it.value:.3g}", it.unit)
    return table


def engines(found: Iterable[Figure]) -> Table:
    """An engine in each row."""
    columns = (f"{what}, {unit}" for what, unit in ENGINES.items())
    table = _table("engines beside bare verification of the same messages", "engine", *columns)
    rows: dict[str, dict[str, str]] = {}
    for it in found:
        name, _, what = it.name.partition(", ")
        rows.setdefault(name, {})[what] = f"{it.value:.3g}"
    for name, row in rows.items():
        table.add_row(name, *(row.get(what, "") for what in ENGINES))
    return table


def promises(report: Report) -> Table:
    """Every promise, and what was measured."""
    table = _table(
        "promises: ratios of bests, of medians, and of single rounds",
        *("promise", "bound", "best", "median", "rounds", ""),
    )
    for compared in report.comparisons:
        for it in compared.ratios:
            if it.at_least is None:
                continue
            name = f"{compared.operation} {compared.messages:,}: {it.ours} / {it.peer}"
            ratio = it.ratio
            rounds = f"{times(ratio.low)} to {times(ratio.high)}"
            shown = times(ratio.best), times(ratio.median), rounds, VERDICTS[it.is_kept]
            table.add_row(name, f"≥ {it.at_least:.4g}", *shown, style=STYLES[it.is_kept])
        for name in compared.absent:
            label = f"{compared.operation} {compared.messages:,}: {name} is not here"
            table.add_row(label, style="dim")
    for figure in report.figures:
        if figure.at_most is not None:
            name, bound = f"{figure.section}: {figure.name}", f"≤ {figure.at_most:.4g}"
            values = f"{figure.value:.3g} {figure.unit}", "", "", VERDICTS[figure.is_kept]
            table.add_row(name, bound, *values, style=STYLES[figure.is_kept])
    return table


def times(ratio: float) -> str:
    """A ratio to three digits."""
    return f"{ratio:,.0f} ×" if ratio >= 100 else f"{ratio:.3g} ×"


def seconds(value: float) -> str:
    """A time to three digits, in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.3g} µs"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD)
    table.caption_justify = "left"
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    return table
