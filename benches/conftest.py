"""The benches run once each, as tests, on ten messages; ``--benchmark-enable`` measures.

    pytest benches                          # are the answers right?
    pytest benches --benchmark-enable       # a thousand messages, timed, side by side

Every bench asserts its answer either way.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from benches import peers, workload
from cmcodec import _backend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

BACKENDS = ("rust", "pure")
ROUNDS = 5


def offering(operation: str) -> list[Any]:
    """As parameters, the peers that offer an operation; a skip for each that is not installed."""
    cases = [
        pytest.param(peer, id=name.removesuffix("_peer"))
        for name, peer in peers.installed().items()
        if operation in peers.offered(peer)
    ]
    missing = [(name, reason) for name in peers.PEERS if (reason := peers.missing(name))]
    return cases + [
        pytest.param(None, id=name.removesuffix("_peer"), marks=pytest.mark.skip(reason=reason))
        for name, reason in missing
    ]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    option = config.option
    if not (option.benchmark_enable or option.benchmark_only):
        option.benchmark_disable = True


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """The backend that is measured."""
    if request.param == "rust" and find_spec("cmcodec._rust") is None:
        pytest.skip("the engine is not installed")
    _backend.use(request.param)
    yield request.param
    _backend.use(os.environ.get("CMCODEC_BACKEND", "auto"))


@pytest.fixture(scope="session")
def is_measuring(pytestconfig: pytest.Config) -> bool:
    """Whether times are taken."""
    return not pytestconfig.option.benchmark_disable


@pytest.fixture(scope="session")
def size(is_measuring: bool) -> int:
    """Messages in the batch that is measured."""
    return workload.BATCH if is_measuring else workload.SMALL


@pytest.fixture(scope="session")
def batch(size: int) -> bytes:
    """The batch that is measured."""
    return workload.batch(size)


@pytest.fixture
def run(benchmark: Any, batch: bytes, size: int) -> Callable[[ModuleType, str], None]:
    """Measures an operation of a module of `peers`, and asserts its answer."""

    def measure(peer: ModuleType, operation: str) -> None:
        answer = benchmark.pedantic(
            getattr(peer, operation),
            setup=lambda: ((peers.prepared(peer, operation, batch),), {}),
            rounds=ROUNDS,
        )
        peers.assert_answer(peer, operation, answer, batch, size)

    return measure
