"""Building a batch of responses: each of them signed, and the batch around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benches import peers
from benches.conftest import ROUNDS, offering
from benches.peers import ours

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

pytestmark = pytest.mark.benchmark(group="build and sign a batch of responses")


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.usefixtures("backend")
def test_cmcodec(benchmark: Any, batch: bytes, size: int, threads: int) -> None:
    answers = peers.prepared(ours, "build", batch)
    built = benchmark.pedantic(ours.build, args=(answers, threads), rounds=ROUNDS)
    peers.assert_answer(ours, "build", built, batch, size)


@pytest.mark.parametrize("peer", offering("build"))
def test_peer(run: Callable[[ModuleType, str], None], peer: ModuleType) -> None:
    run(peer, "build")
