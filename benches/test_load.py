"""Validating a whole batch, nested messages included."""

from __future__ import annotations

from typing import Any

import pytest

from benches import peer_asn1crypto, peers

pytestmark = pytest.mark.benchmark(group="load")


@pytest.mark.usefixtures("backend")
def test_cmcodec(benchmark: Any, batch: bytes, size: int) -> None:
    message = benchmark(peers.load, batch)
    assert (message.kind, len(message.unverified_messages)) == ("full-request", size)


def test_asn1crypto(benchmark: Any, batch: bytes, size: int) -> None:
    native = benchmark(peer_asn1crypto.load, batch)
    peers.check(peer_asn1crypto.fields(native), size)


def test_hazmat_asn1(benchmark: Any, batch: bytes, size: int) -> None:
    peer_hazmat = pytest.importorskip("benches.peer_hazmat", exc_type=ImportError)
    contents = benchmark(peer_hazmat.load, batch)
    peers.check(peer_hazmat.fields(map(peer_hazmat.six_fields, contents)), size)
