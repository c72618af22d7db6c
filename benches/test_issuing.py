"""A CA beside the signatures that it checks and makes."""

from __future__ import annotations

from typing import Any

import pytest

from benches import building, issuing, polling
from cmcodec.stores import MemoryStore

COUNT = 20


@pytest.mark.benchmark(group="a batch of 20 requests, with certificates made beforehand")
@pytest.mark.parametrize("work", ["bare", "served"])
def test_issue(benchmark: Any, work: str) -> None:
    """Every request has a certificate and an answer."""
    given, signer = issuing.inputs(COUNT), building.signer("p-256")
    if work == "bare":
        assert benchmark(issuing.bare, given, signer) == COUNT
        return
    processed = benchmark(lambda: issuing.served(given, signer, MemoryStore()))
    assert all(each.certificate is not None for each in processed.outcomes)


def test_transactions_of_a_batch() -> None:
    """As many for 20 messages as for 4: one for each step, none for each request."""
    signer = building.signer("p-256")
    counted = []
    for count in (4, COUNT):
        store = issuing.Counting(MemoryStore())
        issuing.served(issuing.inputs(count), signer, store)
        counted.append(store.transactions)
    assert counted == [4, 4]


def test_polls() -> None:
    """A poll is answered where many wait."""
    few, many = polling.compared(200, "memory", rounds=1, polls=3)
    assert few > 0 < many


def test_memory() -> None:
    """What a batch needs can be told, of one that does not fit in what an earlier one left."""
    assert issuing.memory_of(400, "memory") > 0
