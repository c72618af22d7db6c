"""A short search of each loop, the same every time, and that a search finds what is there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING

import pytest

import cmcodec
from kit.trees import encode, parse
from kit.vectors import ROOT, VECTORS
from search import differential, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOTH_BACKENDS = False
pytestmark = pytest.mark.skipif(
    find_spec("cmcodec._rust") is None, reason="the engine is not installed"
)

SEED = 10002
SHORT = {"differential": 300, "layers": 120, "controls": 120, "builders": 60, "arrow": 60}
"""Cases of each loop, some seconds each; `python -m tests.search` tries more."""


@pytest.mark.parametrize("name", SHORT)
def test_nothing_is_found(name: str) -> None:
    """P9, V14: the first cases of each loop break no property."""
    found = running.run(import_module(f"search.{name}"), name, range(SHORT[name]), SEED)
    assert found.executions == SHORT[name] == found.outcomes.total()
    assert not found.findings, next(iter(found.findings.values()))


def test_what_was_read_is_written() -> None:
    """Octets that are taken apart to be changed are the same when they are put together."""
    for path in sorted((VECTORS / "shared").rglob("*.der")):
        octets = path.read_bytes()
        assert encode(parse(octets)) == octets
        assert encode(parse(octets[:-1])) == octets[:-1]


def test_a_message_signed_again_verifies() -> None:
    """Some mutants have another content and good signatures, so that search goes on behind V6."""
    random = Random(SEED)
    verified = set()
    for _ in range(300):
        octets = differential.content_signed_again(random).octets
        row = cmcodec.verify_batch(octets, certificates=differential.CERTIFICATES, threads=1)[0]
        if row.verdict == "verified":
            verified.add(octets)
    assert len(verified - set(differential.messages())) > 20


def test_a_difference_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fallback without V5 differs from the engine where attributes were signed again."""
    from cmcodec._pure.verify import signer

    monkeypatch.setattr(signer._SignerInfo, "v5_content_type", lambda *_: None)
    cases = [differential.attributes_signed_again(Random(number)) for number in range(200)]
    with pytest.raises(AssertionError, match="content_type_mismatch"):
        deque((case.check() for case in cases), maxlen=0)


def test_one_case_is_tried_again() -> None:
    """``--at`` shows a case by its number, and what becomes of it."""
    command = [sys.executable, "-m", "tests.search", "arrow", "--at", "3"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert told.startswith("Broken(messages=")
    assert told.splitlines()[-1].startswith("verify")


@dataclass
class Dying:
    """A case that ends its process, or raises, or does neither."""

    chance: float
    size: int = 1

    def check(self) -> str:
        if self.chance < 0.05:
            os._exit(3)
        assert self.chance > 0.1, "a finding"
        return "good"

    def smaller(self) -> Iterator[Dying]:
        if self.chance > 0.06:
            yield Dying(0.06)


class Loop:
    SECONDS = 1.0

    @staticmethod
    def case(random: Random) -> Dying:
        return Dying(random.random())


def test_a_process_that_dies_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows it is tried all the same, and each finding is kept."""
    monkeypatch.setattr(running, "KEPT", tmp_path)
    found = running.search(Loop, "dying", count=200, seed=SEED, processes=2)
    texts = "".join(found.findings.values())
    assert "ended its process, with status 3" in texts
    assert "Dying(chance=0.06" in texts
    numbers = range(200)
    chances = [running.made(Loop, "dying", SEED, number).chance for number in numbers]
    assert sorted(found.findings) == [each for each in numbers if chances[each] <= 0.1]
    assert len(list((tmp_path / "dying").iterdir())) == len(found.findings)
