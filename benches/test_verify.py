"""Verifying a batch: the outer message and every nested one, two signatures each."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import cmcodec

pytestmark = pytest.mark.benchmark(group="verify")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.usefixtures("backend")
def test_cmcodec(benchmark: Any, batch: bytes, size: int, threads: int) -> None:
    report = benchmark(partial(cmcodec.verify_batch, batch, threads=threads))
    assert report.counts() == {"verified": size + 1}
    assert {request.pop for row in report for request in row.requests} == {"verified"}
