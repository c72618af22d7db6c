"""Reading nested messages: six fields of each, or everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benches.conftest import offering
from benches.peers import ours

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

SIX = pytest.mark.benchmark(group="load and read six fields of each")
EVERYTHING = pytest.mark.benchmark(group="load and read everything")


@SIX
@pytest.mark.usefixtures("backend")
def test_cmcodec(run: Callable[[ModuleType, str], None]) -> None:
    run(ours, "read")


@SIX
@pytest.mark.parametrize("peer", offering("read"))
def test_peer(run: Callable[[ModuleType, str], None], peer: ModuleType) -> None:
    run(peer, "read")


@EVERYTHING
@pytest.mark.usefixtures("backend")
def test_everything(run: Callable[[ModuleType, str], None]) -> None:
    run(ours, "walk")


@EVERYTHING
@pytest.mark.parametrize("peer", offering("walk"))
def test_everything_by_peer(run: Callable[[ModuleType, str], None], peer: ModuleType) -> None:
    run(peer, "walk")
