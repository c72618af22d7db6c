"""Peak memory above the interpreter's own, against the bounds of `promises`."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from benches import memory, promises, workload

pytestmark = [
    pytest.mark.benchmark(group="memory, in a process of its own"),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

FLOOR = 16 * 1024 * 1024
"""What no input is too small for (rule P8)."""


@pytest.mark.parametrize("work", ["load", "read", "verify"])
def test_cmcodec(
    benchmark: Any, backend: str, work: str, is_measuring: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = workload.LARGE if is_measuring and backend == "rust" else workload.SMALL
    monkeypatch.setenv("CMCODEC_BACKEND", backend)
    figures = benchmark.pedantic(memory.measured, (work, workload.batch_file(size)), rounds=1)
    assert figures["messages"] == size + 1
    benchmark.extra_info["peak"] = figures["peak"]
    promised = int(promises.MEMORY[work] * figures["octets"])
    floor = 0 if is_measuring and backend == "rust" else FLOOR
    assert figures["peak"] <= max(promised, floor)
