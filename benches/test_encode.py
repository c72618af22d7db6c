"""Encoding the content of every message afresh, and a batch whose parts are unchanged."""

from __future__ import annotations

from typing import Any

import pytest

import cmcodec
from benches import peers

FRESH = pytest.mark.benchmark(group="encode each content")


@FRESH
@pytest.mark.usefixtures("backend")
def test_cmcodec(benchmark: Any, batch: bytes) -> None:
    assert benchmark(peers.encode, peers.contents(batch)) == peers.received(batch)


@FRESH
def test_hazmat_asn1(benchmark: Any, batch: bytes) -> None:
    peer_hazmat = pytest.importorskip("benches.peer_hazmat", exc_type=ImportError)
    contents = peer_hazmat.load(batch)
    assert benchmark(peer_hazmat.encode, contents) == peers.received(batch)


@pytest.mark.benchmark(group="encode an unchanged batch")
@pytest.mark.usefixtures("backend")
def test_unchanged(benchmark: Any, batch: bytes) -> None:
    message = cmcodec.load(batch)
    content: Any = message.unverified_content
    assert benchmark(content.to_der) == peers.e_content(message)
