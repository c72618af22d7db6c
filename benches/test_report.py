"""Reports: as files, as text, as pictures; and the records of releases."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from benches import run, table
from benches.__main__ import RECORDS
from benches.measure import Ratio
from benches.promises import ALL_THREADS, OPERATIONS, OURS, SPEED
from benches.report import Against, Comparison, Figure, Report, Timing

if TYPE_CHECKING:
    from pathlib import Path

COMPARISON = Comparison(
    operation="load",
    messages=1000,
    octets=1_912_087,
    rounds=5,
    load_average=(0.5, 1.5),
    sides=(Timing(OURS, 0.001, 0.0011, 0.002), Timing("hazmat.asn1", 0.03, 0.031, 0.04)),
    ratios=(Against(OURS, "hazmat.asn1", Ratio(30.0, 28.2, 15.0, 40.0), 12.0),),
    absent={"rasn": "cargo is not installed"},
)
REPORT = Report(
    "1.2.3",
    {"processor": "one", "python": "3.14"},
    [COMPARISON],
    [Figure("memory", "load", 1.05, "× input", 1.1)],
    [
        {
            "n": n,
            "input_octets": 1900 * n,
            "peak_octets": 2500 * n,
            "seconds_load": n / 1e6,
            "seconds_read": n / 1e5,
            "seconds_verify": n / 1e4,
        }
        for n in (10, 100, 1000)
    ],
)
RECORDED = sorted(RECORDS.glob("[0-9]*.json"))


def text(report: Report) -> str:
    """What is printed of a report."""
    written = StringIO()
    console = Console(width=140, file=written)
    for it in report.comparisons:
        console.print(table.comparison(it))
    console.print(table.figures(report.figures))
    console.print(table.promises(report))
    return written.getvalue()


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    REPORT.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json") == REPORT


def test_what_is_written_has_no_digits_that_say_nothing(tmp_path: Path) -> None:
    figure = Figure("memory", "load", 1.23456789, "× input", None)
    replace(REPORT, figures=[figure]).write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json").figures[0].value == 1.2346


def test_another_format_is_refused(tmp_path: Path) -> None:
    REPORT.write(tmp_path / "report.json")
    members = json.loads((tmp_path / "report.json").read_text()) | {"format": 99}
    (tmp_path / "report.json").write_text(json.dumps(members))
    with pytest.raises(ValueError, match="format 99"):
        Report.read(tmp_path / "report.json")


def test_the_table_names_sides_ratios_bounds_and_the_absent() -> None:
    shown = text(REPORT)
    for part in ("1,000,000", "30 ×", "≥ 12", "≤ 1.1", "kept", "rasn (cargo is not installed)"):
        assert part in shown, part
    assert "NOT KEPT" not in shown


def test_a_promise_that_is_not_kept_is_told() -> None:
    slow = replace(COMPARISON.ratios[0], ratio=Ratio(11.0, 13.0, 9.0, 15.0))
    report = replace(REPORT, comparisons=[replace(COMPARISON, ratios=(slow,))])
    assert [it.is_kept for it in report.promises()] == [True, False]
    assert "NOT KEPT" in text(report)


def test_what_has_no_bound_is_no_promise() -> None:
    shown = replace(COMPARISON.ratios[0], at_least=None)
    report = replace(REPORT, comparisons=[replace(COMPARISON, ratios=(shown,))], figures=[])
    assert report.promises() == []


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_same_report_gives_the_same_picture(tmp_path: Path, kind: str) -> None:
    picture = pytest.importorskip("benches.picture", exc_type=ImportError)
    first, second = tmp_path / f"first.{kind}", tmp_path / f"second.{kind}"
    picture.draw(REPORT, first)
    picture.draw(REPORT, second)
    assert first.read_bytes() == second.read_bytes()


def test_a_picture_needs_neither_growth_nor_every_operation(tmp_path: Path) -> None:
    picture = pytest.importorskip("benches.picture", exc_type=ImportError)
    picture.draw(replace(REPORT, growth=[]), tmp_path / "some.svg")
    assert b"</svg>" in (tmp_path / "some.svg").read_bytes()


# --- records ---------------------------------------------------------------------------------


def test_this_version_has_a_record_of_all_that_is_promised() -> None:
    report = Report.read(RECORDS / f"{run.version()}.json")
    found = {
        (compared.operation, compared.messages, it.ours, it.peer)
        for compared in report.comparisons
        for it in compared.ratios
    }
    assert {(it.operation, it.count, it.ours, it.peer) for it in SPEED if it.bound} <= found


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_record_is_of_a_whole_run(path: Path) -> None:
    """Every section, every peer of whom something is promised."""
    report = Report.read(path)
    assert report.version == path.stem
    assert {it.section for it in report.figures} == set(run.FIGURES)
    assert [it.absent for it in report.comparisons] == [{}] * len(report.comparisons)
    assert report.growth[-1]["n"] == 100_000
    assert {"processor", "cores", "python", "date"} <= report.environment.keys()


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_record_agrees_with_itself(path: Path) -> None:
    """Ratios are those of the times, and times are in order."""
    for compared in Report.read(path).comparisons:
        sides = {side.side: side for side in compared.sides}
        for side in compared.sides:
            assert 0 < side.best <= side.median <= side.worst
        for it in compared.ratios:
            assert it.ratio.low <= it.ratio.high
            ratio = sides[it.peer].best / sides[it.ours].best
            assert it.ratio.best == pytest.approx(ratio, rel=1e-3)


# --- promises --------------------------------------------------------------------------------


def test_promises_are_of_operations_and_of_this_library() -> None:
    for it in SPEED:
        assert it.operation in OPERATIONS
        assert it.ours.startswith(OURS)
    assert len({(it.operation, it.count, it.ours, it.peer) for it in SPEED}) == len(SPEED)


def test_a_promise_for_each_core_grows_with_them() -> None:
    (limit,) = (it for it in SPEED if it.peer == "limit" and it.ours == OURS + ALL_THREADS)
    assert limit.at_least(4) == pytest.approx(0.93 * 4)
    assert next(it for it in SPEED if not it.per_core).at_least(4) == SPEED[0].bound


def test_members_of_a_report_are_plain() -> None:
    """So that its file can be read without these classes."""
    json.dumps(asdict(REPORT))
