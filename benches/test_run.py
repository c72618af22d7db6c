"""A whole run on ten messages, by whoever is here without building anything."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import pytest
from click.testing import CliRunner

from benches import run, sides, workload
from benches.__main__ import main
from benches.peers import served
from benches.promises import ALL_THREADS, FALLBACK, LIMIT, MEMCPY, OPERATIONS, OURS
from benches.report import Report
from cmcodec import _backend

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

pytest.importorskip("cmcodec._rust")


class Missing:
    """A program that cannot be built."""

    def start(self) -> NoReturn:
        raise served.ServedError("cargo is not installed")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(run, "QUICK", workload.SMALL)
    monkeypatch.setattr(served, "RUST", Missing())
    yield
    _backend.use(os.environ.get("CMCODEC_BACKEND", "auto"))


def measured(
    cast: sides.Cast, only: Collection[str], show: Callable[[object], object] = lambda _: None
) -> Report:
    """A quick run of one round in this process."""
    planned = run.plans(cast, only, quick=True)
    settings = run.Settings(only, rounds=1, quick=True)
    report = Report(run.version(), run.environment(cast))
    return run.run(report, planned, settings, show, print, compare=partial(run.compared, cast))


def test_every_operation_is_measured_and_answers_are_right() -> None:
    shown: list[object] = []
    with sides.Cast() as cast:
        report = measured(cast, OPERATIONS, shown.append)
    assert {it.operation for it in report.comparisons} == set(OPERATIONS)
    assert shown == report.comparisons
    for compared in report.comparisons:
        assert {OURS, FALLBACK} <= {side.side for side in compared.sides}
        assert all(side.best > 0 for side in compared.sides)


def test_a_quick_run_is_held_against_no_promise() -> None:
    with sides.Cast(frozenset()) as cast:
        report = measured(cast, ["load"])
    assert report.promises() == []


def test_who_is_absent_is_told_how_to_get() -> None:
    with sides.Cast({"asn1crypto"}) as cast:
        assert cast.is_here(OURS + ALL_THREADS)
        assert cast.is_here(MEMCPY)
        assert not cast.is_here(LIMIT)
        assert cast.how_to_get(LIMIT) == "cargo is not installed"
        assert cast.how_to_get("rasn") == "left out by --peers"
    with sides.Cast() as cast:
        assert "--jvm" in cast.how_to_get("bouncycastle")
        assert "pip install" in cast.how_to_get("anything of Python")


def test_a_full_run_measures_slow_peers_on_fewer_messages() -> None:
    with sides.Cast() as cast:
        plans = run.plans(cast, OPERATIONS, quick=False)
    assert {plan.count for plan in plans} == {1, workload.BATCH, workload.LARGE}
    for plan in plans:
        assert plan.sides[0] == OURS
        assert ("python_cmc" in plan.sides) <= (plan.count <= workload.BATCH)


def test_the_command_writes_a_report_and_shows_it_again(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    options = ["--quick", "--rounds", "1", "--peers", "none"]
    done = CliRunner().invoke(main, [*options, "--only", "unchanged", "--json", str(file)])
    assert done.exit_code == 0, done.output
    assert Report.read(file).comparisons[0].operation == "unchanged"
    again = CliRunner().invoke(main, ["--from", str(file)])
    assert again.exit_code == 0
    assert "unchanged: encode the loaded content" in again.output


@pytest.mark.parametrize("options", [["--only", "nonsense"], ["--quick", "--record"]])
def test_wrong_use(options: list[str]) -> None:
    assert CliRunner().invoke(main, options).exit_code == 2
