"""Reading nested messages: six fields of each, or everything."""

from __future__ import annotations

from typing import Any

import pytest

from benches import peers

SIX = pytest.mark.benchmark(group="load and read six fields of each")


@SIX
@pytest.mark.usefixtures("backend")
def test_cmcodec(benchmark: Any, batch: bytes, size: int) -> None:
    peers.check(peers.fields(benchmark(peers.read, batch)), size)


@SIX
def test_hazmat_asn1(benchmark: Any, batch: bytes, size: int) -> None:
    peer_hazmat = pytest.importorskip("benches.peer_hazmat", exc_type=ImportError)
    peers.check(peer_hazmat.fields(benchmark(peer_hazmat.read, batch)), size)


@pytest.mark.benchmark(group="load and read everything")
@pytest.mark.usefixtures("backend")
def test_everything(benchmark: Any, batch: bytes, size: int) -> None:
    assert benchmark(peers.walk, batch) == size + 1
