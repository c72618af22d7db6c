"""The bench of columns, with few messages."""

from __future__ import annotations

import pytest

pytest.importorskip("pyarrow")

from benches import columns


def test_columns_are_counted_beside_verdicts() -> None:
    """What is counted are the same messages, all of them verified."""
    for _, work in columns.operations():
        assert work() in (None, 1000) or len(work()) == 1000  # type: ignore[arg-type]


def test_processor_time() -> None:
    ((_, ratio, _),) = columns.cpu(50)
    assert ratio > 0


def test_what_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Each way in which the command prints, and what is done with rows."""
    figures = columns.written(20)
    assert len(figures) == 6
    assert all(ratio > 0 for _, ratio, _ in figures)
    assert capsys.readouterr().out.count("µs a message") == 6


def test_the_lock() -> None:
    ((_, share, _),) = columns.lock(50)
    assert 0 <= share < 1
