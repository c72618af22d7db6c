"""Verifying a batch: the outer message and every nested one, two signatures each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from benches.conftest import offering

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

pytestmark = pytest.mark.benchmark(group="verify")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.usefixtures("backend")
def test_cmcodec(benchmark: Any, batch: bytes, size: int, threads: int) -> None:
    report = benchmark(partial(cmcodec.verify_batch, batch, threads=threads))
    assert report.counts() == {"verified": size + 1}
    assert {request.pop for row in report for request in row.requests} == {"verified"}


@pytest.mark.parametrize("peer", offering("verify"))
def test_peer(run: Callable[[ModuleType, str], None], peer: ModuleType) -> None:
    run(peer, "verify")
