"""Time and memory over the size of a batch."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from benches import growth, workload

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.mark.benchmark(group="growth, in processes of their own")
def test_curve(benchmark: Any, is_measuring: bool) -> None:
    """Each size is measured; up to the largest the lines are straight."""
    sizes = growth.SIZES if is_measuring else (workload.SMALL, 2 * workload.SMALL)
    points = benchmark.pedantic(growth.curve, (sizes, 3 if is_measuring else 1), rounds=1)
    for size, point in zip(sizes, points, strict=True):
        assert (point.n, point.input_octets) == (size, len(workload.batch(size)))
        assert min(point.seconds_load, point.seconds_read, point.seconds_verify) > 0
    if is_measuring:
        assert [it for it in growth.promises(points) if it[2] > it[1]] == []


def test_promises() -> None:
    """Twice the time for a message, or three times the input, is not what was promised."""
    usual = growth.Point(workload.BATCH, 1000, 1.0, 1.0, 1.0, 2000)
    same = growth.Point(workload.HUGE, 100_000, 100.0, 100.0, 100.0, 200_000)
    worse = growth.Point(workload.HUGE, 100_000, 200.0, 100.0, 100.0, 300_000)
    kept = [measured <= bound for _, bound, measured in growth.promises([usual, same])]
    assert kept == [True, True, True, True]
    kept = [measured <= bound for _, bound, measured in growth.promises([usual, worse])]
    assert kept == [False, True, True, False]
