"""Peak memory above the interpreter's own, against the bounds of `promises`."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from benches import memory, promises, workload
from benches.workload import malformed

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


SIZES = {"rust": [5, 50, 200], "pure": [5, 50]}
"""Millions of octets; without ``--benchmark-enable`` the first, and of the fallback one kind."""


SLOW = [("pure", "shuffled"), ("pure", "nested")]


@pytest.mark.parametrize("kind", malformed.KINDS)
def test_malformed_members(
    benchmark: Any, backend: str, kind: str, is_measuring: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P8: a row costs no more where it tells of five octets."""
    if not is_measuring and (backend, kind) in SLOW:
        pytest.skip("takes half a minute: --benchmark-enable")
    monkeypatch.setenv("CMCODEC_BACKEND", backend)
    # Nested ones are below every limit, and have a row for each member whatever the size.
    sizes = SIZES[backend] if is_measuring and kind != "nested" else SIZES[backend][:1]
    files = [malformed.file(kind, millions * 1_000_000) for millions in sizes]
    found = benchmark.pedantic(lambda: [memory.measured("look", file) for file in files], rounds=1)
    for figures, millions in zip(found, sizes, strict=True):
        octets, extra = figures["octets"], figures["peak"] - figures["octets"]
        benchmark.extra_info[f"{millions} MB"] = round(extra / octets, 2)
        assert extra <= max(promises.MALFORMED[backend] * octets, FLOOR)
        # One row where the message is refused: for its ids, or for the part that is too many.
        refused = kind == "equal" or millions > SIZES[backend][0]
        assert (figures["messages"] == 0) == refused
