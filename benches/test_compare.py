"""When a commit is slower than noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cmcodec
from benches import compare, served_commit, workload
from benches.compare import Change, chance

NOISE = (0.98, 1.01, 1.04, 0.99, 1.0, 1.1, 0.97)


def verdict(*starts: float) -> str:
    return Change("rust/load", 1.0, 1.0, starts).verdict


def test_ups_and_downs_are_noise() -> None:
    assert verdict(*NOISE) == "same"


def test_slower_in_every_start_is_slower() -> None:
    assert verdict(*(it + 0.1 for it in NOISE)) == "slower"


def test_faster_in_every_start_is_faster() -> None:
    assert verdict(*(it - 0.15 for it in NOISE)) == "faster"


def test_slower_by_less_than_anybody_minds_is_the_same() -> None:
    assert verdict(*[1.01] * 7) == "same"


def test_one_start_of_seven_that_is_not_slower_leaves_it_open() -> None:
    assert verdict(*[1.2] * 6, 0.9) == "same"


def test_one_of_twelve_does_not() -> None:
    assert verdict(*[1.2] * 11, 0.9) == "slower"


def test_chance_is_that_of_a_coin() -> None:
    assert chance(0, 5) == 1.0
    assert chance(5, 5) == 1 / 32
    assert chance(4, 5) == 6 / 32


@pytest.mark.parametrize("operation", compare.OPERATIONS)
def test_each_operation_is_served(operation: str) -> None:
    """With the right answer, and a time."""
    if operation.startswith("rust/"):
        pytest.importorskip("cmcodec._rust")
    reply = served_commit.reply(f"{operation} 1 {workload.batch_file(workload.SMALL)}")
    assert reply["messages"] == workload.SMALL, reply
    assert json.loads(json.dumps(reply))["seconds"] > 0


def test_what_cannot_be_served_is_told(tmp_path: Path) -> None:
    reply = served_commit.reply(f"pure/load 1 {tmp_path / 'none'}")
    assert str(reply["error"]).startswith("FileNotFoundError")


def test_another_package_than_that_of_the_commit_is_refused(tmp_path: Path) -> None:
    assert not Path(cmcodec.__file__).is_relative_to(tmp_path)
    with pytest.raises(AssertionError, match="was found first"):
        served_commit.main(tmp_path)
