"""Validating a whole batch, nested messages included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benches.conftest import offering
from benches.peers import ours

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

pytestmark = pytest.mark.benchmark(group="load")


@pytest.mark.usefixtures("backend")
def test_cmcodec(run: Callable[[ModuleType, str], None]) -> None:
    run(ours, "load")


@pytest.mark.parametrize("peer", offering("load"))
def test_peer(run: Callable[[ModuleType, str], None], peer: ModuleType) -> None:
    run(peer, "load")
