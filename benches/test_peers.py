"""Every peer gives the right answer to everything it is asked, and refuses what was tampered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import cmcodec
from benches import peers, workload
from benches.peers import answers, ours

if TYPE_CHECKING:
    from types import ModuleType

COUNT = workload.SMALL


@pytest.fixture(params=peers.PEERS)
def peer(request: pytest.FixtureRequest) -> ModuleType:
    """A peer, as far as it is installed."""
    return peers.peer(request.param)
