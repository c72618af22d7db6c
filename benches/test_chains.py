"""Chains in messages of many CAs."""

from __future__ import annotations

from typing import Any

import pytest

import cmcodec
from benches import chains
from benches.workload import meshes
from benches.workload.parts import DAY


@pytest.mark.usefixtures("backend")
@pytest.mark.benchmark(group="chains, 108 kB with 64 signers")
@pytest.mark.parametrize("shape", meshes.SHAPES)
def test_chains(benchmark: Any, shape: str, is_measuring: bool) -> None:
    """Good chains are trusted, and whatever else is in a message, most of it is not."""
    size = (meshes.AUTHORITIES, meshes.SIGNERS) if is_measuring else (24, 4)
    der = meshes.message(shape, *size)
    report = benchmark(cmcodec.verify_batch, der, trust=meshes.anchors(), at=DAY, threads=1)
    found = [signer.chain for signer in report[0].signers]
    assert len(found) == size[1]
    good = shape in (meshes.GOOD, "one name and key")
    assert (set(found) == {"trusted"}) is good


@pytest.mark.usefixtures("backend")
def test_promise(is_measuring: bool) -> None:
    """V15: a mesh takes at most eight times as long as good chains."""
    if is_measuring:
        assert max(chains.ratios().values()) <= chains.LONGER
