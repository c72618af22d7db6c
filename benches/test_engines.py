"""What engines cost can be told, and verdicts that are wrong are noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benches import engines, table, workload
from benches.report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

FAST = ("duckdb", "datafusion", "polars", "dataset", "kafka")


@pytest.mark.parametrize("name", FAST)
def test_an_engine_is_measured_beside_bare_verification(name: str) -> None:
    if not engines.is_here(name):
        pytest.skip(f"{name} is not installed")
    found = {it.name: it for it in engines.figures(workload.SMALL, 1, [name])}
    assert {f"{name}, start", f"{name}, CPU", f"{name}, wall"} <= set(found)
    assert all(it.value > 0 for it in found.values())
    assert found[f"{name}, CPU"].at_most == engines.PROMISED[name]


def test_who_is_not_here_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "is_here", lambda _: False)
    assert list(engines.figures(workload.SMALL, 1)) == []


def test_an_engine_that_fails_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.MODULES, "nonsense", "json")
    with pytest.raises(RuntimeError, match="with_nonsense"):
        list(engines.figures(workload.SMALL, 1, ["nonsense"]))


def test_there_is_a_row_for_each_engine(capsys: pytest.CaptureFixture[str]) -> None:
    def made() -> Iterator[Figure]:
        for name in ("one", "two"):
            yield Figure("engines", f"{name}, CPU", 1.05, "× bare", 1.1)

    table.console().print(table.engines(made()))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines if "1.05" in line] == [["one", "1.05"], ["two", "1.05"]]
