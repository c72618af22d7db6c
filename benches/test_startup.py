"""Start of the interpreter and of the command."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

import pytest

from benches import startup


@pytest.mark.benchmark(group="start, in processes of their own")
def test_start(benchmark: Any, is_measuring: bool) -> None:
    """Every command does what it is asked for, and when measured as soon as was promised."""
    times = benchmark.pedantic(startup.measured, (15 if is_measuring else 1,), rounds=1)
    assert times.keys() == startup.commands().keys()
    if is_measuring:
        assert [it for it in startup.promises(times) if it[2] > it[1]] == []


ENGINE = pytest.mark.skipif(
    find_spec("cmcodec._rust") is None, reason="the fallback needs more than the engine"
)


@pytest.mark.parametrize(
    ("name", "unused"),
    [
        ("import cmcodec", {"asn1crypto", "click", "cmcodec.types", "cryptography", "rich"}),
        pytest.param(
            "cmc --version", {"asn1crypto", "cmcodec.types", "cryptography", "rich"}, marks=ENGINE
        ),
        pytest.param(
            "cmc verify, rust", {"asn1crypto", "cmcodec.types", "cryptography"}, marks=ENGINE
        ),
        pytest.param(
            "cmc verify of a batch of ten, rust",
            {"asn1crypto", "cmcodec.types", "cryptography"},
            marks=ENGINE,
        ),
        ("cmc verify, pure", {"cryptography.x509"}),
    ],
)
def test_nothing_is_imported_in_vain(name: str, unused: set[str]) -> None:
    """Types, libraries and what draws tables are loaded when they are used."""
    imported = {module for _, module in startup.causes(startup.commands()[name], sys.maxsize)}
    assert "typing" in imported
    assert imported & unused == set()
