"""Opening encrypted requests, beside the bare work in it."""

from __future__ import annotations

from typing import Any

import pytest

from benches import opening

COUNT = 10


@pytest.mark.benchmark(group="open 10 encrypted requests")
@pytest.mark.parametrize("work", [opening.opened, opening.decrypted])
def test_open(benchmark: Any, work: Any) -> None:
    """Both sides do all of it, ours on what is encrypted and the other on what is in it."""
    assert benchmark(work, opening.inputs(COUNT)) == COUNT
