"""Encoding every message from fresh objects, and a batch whose parts are unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from benches.conftest import offering
from benches.peers import ours

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

FRESH = pytest.mark.benchmark(group="encode each message")


@FRESH
@pytest.mark.usefixtures("backend")
def test_cmcodec(run: Callable[[ModuleType, str], None]) -> None:
    run(ours, "encode")


@FRESH
@pytest.mark.parametrize("peer", offering("encode"))
def test_peer(run: Callable[[ModuleType, str], None], peer: ModuleType) -> None:
    run(peer, "encode")


@pytest.mark.benchmark(group="encode an unchanged batch")
@pytest.mark.usefixtures("backend")
def test_unchanged(benchmark: Any, batch: bytes) -> None:
    message = cmcodec.load(batch)
    content: Any = message.unverified_content
    octet_string = message.octets("content.encapContentInfo.eContent")
    assert octet_string is not None
    assert octet_string.endswith(benchmark(content.to_der))
