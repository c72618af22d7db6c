"""Several signatures at once."""

from __future__ import annotations

from typing import Any

import pytest

import cmcodec
from benches import lanes, workload
from benches.workload import lanes as made

needs_lanes = pytest.mark.skipif(
    cmcodec.backend_info().lanes != "available", reason="this processor has no lanes"
)


@needs_lanes
@pytest.mark.benchmark(group="lanes, one thread")
@pytest.mark.parametrize("wanted", ["off", "auto"])
def test_verify(benchmark: Any, wanted: Any, is_measuring: bool) -> None:
    """The mixed batch, with lanes and without."""
    count = workload.BATCH if is_measuring else workload.SMALL
    batch = workload.batch(count)
    report = benchmark(cmcodec.verify_batch, batch, lanes=wanted, threads=1)
    assert report.counts() == {"verified": count + 1}


@needs_lanes
@pytest.mark.parametrize("name", made.SLOW)
def test_slow_kinds_are_what_they_are_named_after(name: str) -> None:
    """What is made to be slow says the same with lanes and without."""
    items, decisions = made.SLOW[name]
    some = items()[:40]
    counts = [
        cmcodec.verify_batch(some, lanes=wanted, threads=1, **decisions()).counts()
        for wanted in ("off", "auto")
    ]
    assert counts[0] == counts[1]
    assert ("failed" in counts[0]) == name.startswith("no ")


@needs_lanes
def test_promises(is_measuring: bool) -> None:
    """Of a large batch, and of what is made to be slow."""
    if is_measuring:
        found = lanes.promises(10_000, 5)
        assert all(is_kept for _, is_kept in found.values()), found
