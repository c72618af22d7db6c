"""Building a batch of responses: each of them signed, and the batch around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benches import peers
from benches.conftest import ROUNDS, offering
from benches.peers import ours
from benches.workload import certificates, keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

SIGNED = pytest.mark.benchmark(group="build and sign a batch of responses")


@SIGNED
@pytest.mark.usefixtures("backend")
def test_cmcodec(run: Callable[[ModuleType, str], None]) -> None:
    run(ours, "build")


@SIGNED
@pytest.mark.parametrize("peer", offering("build"))
def test_peer(run: Callable[[ModuleType, str], None], peer: ModuleType) -> None:
    run(peer, "build")


@pytest.mark.benchmark(group="build and sign a batch of responses, RSA-2048")
@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.usefixtures("backend")
def test_threads(benchmark: Any, batch: bytes, size: int, threads: int) -> None:
    key = keys.rsa_keys(1)[0]
    by = key, certificates.chain(key, "Example Devices CA", -1)[0]
    answers = peers.prepared(ours, "build", batch)
    built = benchmark.pedantic(ours.build, args=(answers, threads, by), rounds=ROUNDS)
    peers.assert_answer(ours, "build", built, batch, size)
