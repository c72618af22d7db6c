"""EE, RA and CA with somebody between them who says what he likes (RFC 10002 §9)."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from kit.adversary import Adversary
from search import roles


@pytest.mark.parametrize("number", range(2))
def test_nobody_gets_what_is_another_s(number: int, backend: str) -> None:
    """R-017, R-118, R-142, R-155: only documented errors, and whoever asks is served in the end.

    ``python -m tests.search roles`` tries more of it.
    """
    case = roles.case(Random(f"test {number}"))
    case = replace(case, backend=backend, has_twins=False, steps=case.steps[:40])
    assert case.run().tried


def test_both_backends_and_all_stores_say_the_same(backend: str) -> None:
    """V14: also where a role starts anew from its store before each message.

    ``python -m tests.search roles`` tries more of it.
    """
    case = roles.case(Random("test 3"))
    case = replace(case, backend=backend, has_twins=True, steps=case.steps[:40])
    assert case.run().tried


def test_the_adversary_is_heard() -> None:
    """He gets certificates of his own name and key, so that he is refused for what is wrong."""
    network = Adversary(1)
    random = Random(1)
    for _ in range(12):
        network.ca.respond(network._own(random))
    network.close()
    assert network.his
    assert not network.book


def test_a_case_repeats_what_it_is() -> None:
    """It follows from its number, and so do those that are smaller."""
    one, other = (roles.case(Random("test 1")) for _ in range(2))
    assert one == other
    assert list(one.smaller()) == list(other.smaller())
