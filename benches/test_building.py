"""Builders beside what they stand on."""

from __future__ import annotations

from typing import Any

import pytest

from benches import building

COUNT = 20


@pytest.mark.benchmark(group="messages around 20 finished requests")
@pytest.mark.parametrize("work", [building.built, building.signed])
def test_build(benchmark: Any, work: Any) -> None:
    """Both sign the same contents."""
    given = building.inputs(COUNT)
    made = benchmark(work, given)
    assert building.contents(made) == given.contents


@pytest.mark.benchmark(group="a batch of 20 messages")
@pytest.mark.parametrize("work", [building.batch_built, building.batch_made])
def test_batch(benchmark: Any, work: Any) -> None:
    """Both make the same batch."""
    given = building.inputs(COUNT)
    assert building.contents(benchmark(work, given)) == building.contents(
        building.batch_made(given)
    )
