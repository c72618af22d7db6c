"""Taking turns, and what is made of the samples."""

from __future__ import annotations

import gc

from benches.measure import Ratio, Side, Times, alternate, calls, sample, timed


def test_sides_take_turns_and_each_round_begins_with_another() -> None:
    order: list[str] = []

    def side(name: str) -> Side:
        return Side(name, lambda: float(len(order.append(name) or order)))

    alternate([side("a"), side("b"), side("c")], 3, least=0)
    assert "".join(order) == "abc" + "abc" + "bca" + "cab"


def test_each_side_has_a_sample_of_each_round() -> None:
    rounds: list[int] = []
    sides = [Side("a", lambda: 1.0), Side("b", lambda: 2.0)]
    times = alternate(sides, 3, least=0, progress=rounds.append)
    assert times == [Times("a", (1.0, 1.0, 1.0)), Times("b", (2.0, 2.0, 2.0))]
    assert rounds == [0, 1, 2]


def test_a_sample_is_of_as_many_calls_as_take_long_enough() -> None:
    assert calls(lambda: 0.01, least=0.05) == 5
    assert calls(lambda: 1.0, least=0.05) == 1


def test_a_sample_is_the_mean_and_no_garbage_is_collected_in_it() -> None:
    found = []
    taken = iter((1.0, 2.0, 6.0))

    def run() -> float:
        found.append(gc.isenabled())
        return next(taken)

    assert sample(run, 3) == 3.0
    assert (found, gc.isenabled()) == ([False] * 3, True)


def test_each_call_gets_something_fresh() -> None:
    given: list[list[int]] = []
    run = timed(given.append, lambda: [len(given)])
    assert run() >= 0
    assert run() >= 0
    assert given == [[0], [1]]


def test_a_ratio_is_of_bests_of_medians_and_of_single_rounds() -> None:
    ours, theirs = Times("a", (1.0, 2.0, 4.0)), Times("b", (8.0, 2.0, 6.0))
    assert Ratio.between(ours, theirs) == Ratio(best=2.0, median=3.0, low=1.0, high=8.0)
