"""A report as a picture: messages per second of every side, and growth over the size of a batch.

The same report gives the same SVG, so that a committed picture changes only when figures do.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullLocator

from benches.promises import ALL_THREADS, CORE, FALLBACK, LIMIT, OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from benches.report import Report

    Panel = Callable[..., None]
    Points = Sequence[dict[str, float]]

TITLES = {
    "load": "Load: validate every value",
    "verify": "Verify signer and proof of possession",
    "read": "Load and read six fields of each",
    "walk": "Load and make everything typed values",
    "encode": "Encode from fresh objects",
    "build": "Build and sign a batch of responses",
}
CURVES = {"load": "#0969da", "read": "#1a7f37", "verify": "#cf222e"}
CURVE_LINES = 15
"""How tall the curves are, in bars."""

HEAD = 0.95
"""Inches above the panels."""

INK, FAINT, LINE = "#1f2328", "#59636e", "#d1d9e0"
OUR_COLOUR, RELATED, LIMIT_COLOUR, PEERS = "#0969da", "#80ccff", "#9198a1", "#d4a72c"

LOOK = {
    "svg.hashsalt": "cmcodec",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": FAINT,
    "ytick.color": INK,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}


def draw(report: Report, path: Path) -> None:
    """Writes ``.svg`` or ``.png``."""
    with mpl.rc_context(LOOK):
        figure = _figure(report)
        metadata = {"Date": None, "Creator": None} if path.suffix == ".svg" else None
        figure.savefig(path, metadata=metadata, dpi=120)


def _figure(report: Report) -> Figure:
    """A panel for each operation that was measured, and the curves."""
    panels: list[tuple[int, Panel]] = [
        (len(found), partial(_bars, operation=operation, found=found))
        for operation in TITLES
        if (found := speeds(report, operation))
    ]
    if len(panels) % 2:
        panels.append((0, _nothing))
    if report.growth:
        curves = (_time, _memory)
        panels += [(CURVE_LINES, partial(curve, points=report.growth)) for curve in curves]
    rows = [max(left[0], right[0]) for left, right in zip(panels[::2], panels[1::2], strict=True)]
    height = 0.23 * sum(rows) + 0.8 * len(rows) + HEAD
    figure = Figure(figsize=(12, height), layout="constrained")
    grid = figure.add_gridspec(len(rows), 2, height_ratios=[row + 2 for row in rows])
    below_head = (0, 0, 1, 1 - HEAD / height)
    figure.get_layout_engine().set(hspace=0.03, wspace=0.03, rect=below_head)
    for place, (_, panel) in enumerate(panels):
        row, column = divmod(place, 2)
        panel(figure.add_subplot(grid[row, column]), lines=rows[row])
    _head(figure, report, height)
    return figure


def _head(figure: Figure, report: Report, height: float) -> None:
    """What this is, where it was measured, and whose colour is whose."""
    title = f"cmcodec {report.version}: messages per second, and growth with the size of a batch"
    figure.text(0.01, 1 - 0.1 / height, title, va="top", fontsize=13, fontweight="bold")
    here = report.environment
    about = [here.get("processor", ""), f"{here.get('cores', '?')} cores", here.get("system", "")]
    about += [f"Python {here.get('python', '?')}", "best of all rounds, sides in turn"]
    about += ["logarithmic scales", "repeat it: cmc bench"]
    figure.text(0.01, 1 - 0.42 / height, " · ".join(about), va="top", color=FAINT)
    colours = {
        "cmcodec, from Python": OUR_COLOUR,
        "its core crate from Rust, its fallback": RELATED,
        "limit: only the verifications, or a bare walk": LIMIT_COLOUR,
        "peers, one thread": PEERS,
    }
    patches = [Patch(color=colour, label=label) for label, colour in colours.items()]
    place = (0.002, 1 - 0.58 / height)
    legend = figure.legend(handles=patches, ncols=4, loc="upper left", bbox_to_anchor=place)
    legend.set_in_layout(False)


def _nothing(axes: Axes, lines: int) -> None:  # noqa: ARG001 - as other panels
    axes.set_axis_off()


def speeds(report: Report, operation: str) -> dict[str, float]:
    """Messages per second of everybody, in the largest batch that they were up to."""
    found: dict[str, float] = {}
    batches = [it for it in report.comparisons if it.operation == operation]
    for compared in sorted(batches, key=lambda it: it.messages):
        found |= {side.side: compared.messages / side.best for side in compared.sides}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _colour(side: str) -> str:
    if side.startswith(LIMIT):
        return LIMIT_COLOUR
    if side.removesuffix(ALL_THREADS) == OURS:
        return OUR_COLOUR
    return RELATED if side.removesuffix(ALL_THREADS) in (CORE, FALLBACK) else PEERS


def _bars(axes: Axes, lines: int, operation: str, found: dict[str, float]) -> None:
    """A bar for each side, its end labelled."""
    names = list(found)
    axes.barh(names, list(found.values()), color=[_colour(name) for name in names], height=0.72)
    axes.set_xscale("log")
    axes.set(xlim=(50, 1e7), ylim=(len(found) - lines - 0.6, len(found) - 0.4))
    axes.xaxis.set_major_formatter(FuncFormatter(_number))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(axis="x")
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)
    axes.set_title(TITLES[operation])
    for place, (name, speed) in enumerate(found.items()):
        weight = "bold" if name.startswith(OURS) else "normal"
        axes.text(speed * 1.12, place, _number(speed), va="center", fontweight=weight)
        axes.get_yticklabels()[place].set_fontweight(weight)


# --- growth ----------------------------------------------------------------------------------


def _time(axes: Axes, lines: int, points: Points) -> None:  # noqa: ARG001
    """Seconds for the batch; straight is what goes with the size."""
    axes.set_title("Time over the size of a batch (dotted: straight)")
    _curves(axes, points, {name: f"seconds_{name}" for name in CURVES})
    axes.yaxis.set_major_formatter(FuncFormatter(_seconds))


def _memory(axes: Axes, lines: int, points: Points) -> None:  # noqa: ARG001
    """Octets of input, and the most that verifying it takes, the input among them."""
    axes.set_title("Memory over the size of a batch")
    _curves(axes, points, {"peak of load and verify": "peak_octets"})
    octets = [it["input_octets"] for it in points]
    axes.plot([it["n"] for it in points], octets, color=FAINT, marker=".", label="input")
    axes.yaxis.set_major_formatter(FuncFormatter(_octets))
    axes.legend(loc="upper left")


def _curves(axes: Axes, points: Points, lines: dict[str, str]) -> None:
    """Each member of the points as a line, and dotted what is straight through its end."""
    axes.set(xscale="log", yscale="log", xlabel="messages in the batch")
    for name, member in lines.items():
        colour = CURVES.get(name, CURVES["verify"])
        # The peak of a small batch can be what the interpreter had before: nothing to draw.
        sizes, values = zip(
            *((it["n"], it[member]) for it in points if it[member] > 0), strict=True
        )
        straight = [values[-1] * size / sizes[-1] for size in sizes]
        axes.plot(sizes, values, color=colour, marker="o", markersize=4, label=name)
        axes.plot(sizes, straight, color=colour, linestyle=":", linewidth=1)
    axes.xaxis.set_major_formatter(FuncFormatter(_number))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.grid()
    axes.tick_params(length=0)
    axes.legend(loc="upper left")


# --- numbers ---------------------------------------------------------------------------------


def _number(value: float, _: int | None = None) -> str:
    return _scaled(value, ((" M", 1e6), (" k", 1e3), ("", 1.0)))


def _octets(value: float, _: int) -> str:
    return _scaled(value, ((" MB", 1e6), (" kB", 1e3), (" B", 1.0)))


def _seconds(value: float, _: int) -> str:
    return _scaled(value, ((" s", 1.0), (" ms", 1e-3), (" µs", 1e-6)))


def _scaled(value: float, units: tuple[tuple[str, float], ...]) -> str:
    """The value in the largest unit of which it is one or more, to three digits."""
    for unit, size in units:
        if value >= size * 0.9995:
            return f"{float(f'{value / size:.3g}'):g}{unit}"
    return f"{value:.2g}"
