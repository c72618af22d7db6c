"""EE, RA and CA in random order, messages lost, doubled, reordered and late, against a model.

Each exchange comes to the end that the model says, once nothing is lost any more, and nobody gets
what is another's, or gets it twice (RFC 10002 §3 and §6).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kit.asking import KINDS
from kit.chains import DAY
from kit.network import LAST, Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from kit.asking import Asking, Packet

STEPS = 40
TIMES_THE_EXAMPLES = 4
"""Of other tests: what goes wrong takes several things together."""
MOST = 6
"""So many exchanges at most."""

PLACES = st.integers(0, 30)
TIMES = st.sampled_from(
    (timedelta(seconds=20), timedelta(seconds=61), timedelta(minutes=6), timedelta(minutes=6),
     timedelta(hours=2), timedelta(hours=26), timedelta(days=8))
)  # fmt: skip


def has(wanted: Callable[[Asking], bool]) -> Callable[[Roles], bool]:
    return lambda machine: any(map(wanted, machine.network.all))


def is_served(asking: Asking) -> bool:
    """Whether it has a certificate, and of a key that signs."""
    return bool(asking.exchange.certificates) and asking.kind != "challenged"


class Roles(RuleBasedStateMachine):
    """Who does something next."""

    @initialize(
        ras=st.sampled_from((1, 1, 2)),
        confirm=st.booleans(),
        overlap=st.sampled_from((None, timedelta(0), 2 * DAY)),
        split=st.sampled_from((None, None, 2)),
        kinds=st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=3),
        is_direct=st.booleans(),
    )
    def build(
        self,
        ras: int,
        confirm: bool,
        overlap: timedelta | None,
        split: int | None,
        kinds: list[str],
        is_direct: bool,
    ) -> None:
        rules = {"confirm": confirm, "revoke_replaced_after": overlap, "split_after": split}
        self.network = Network(ras, **rules)
        for kind in kinds:
            self.network.begin(kind, is_direct=is_direct, ca_knows=False)

    def one(self, place: int, wanted: Callable[[Asking], bool] = lambda _: True) -> Asking:
        found = [each for each in self.network.all if wanted(each)]
        return found[place % len(found)]

    def packet(self, place: int, *, keep: bool) -> Packet:
        bag = self.network.bag
        place %= len(bag)
        return bag[place] if keep else bag.pop(place)

    # --- end entities ----------------------------------------------------------------------------

    @precondition(lambda self: len(self.network.all) < MOST)
    @rule(kind=st.sampled_from(list(KINDS)), is_direct=st.booleans(), ca_knows=st.booleans())
    def begin(self, kind: str, is_direct: bool, ca_knows: bool) -> None:
        self.network.begin(kind, is_direct=is_direct, ca_knows=ca_knows)

    @precondition(lambda self: len(self.network.all) < MOST)
    @precondition(has(lambda each: each.identification is not None))
    @rule(place=PLACES)
    def begin_by_the_same_secret(self, place: int) -> None:
        self.network.again(self.one(place, lambda each: each.identification is not None))

    @precondition(has(is_served))
    @rule(place=PLACES)
    def renew(self, place: int) -> None:
        self.network.renew(self.one(place, is_served))

    @precondition(has(is_served))
    @rule(place=PLACES, by_secret=st.booleans())
    def revoke(self, place: int, by_secret: bool) -> None:
        self.network.revoke(self.one(place, is_served), by_secret=by_secret)

    @precondition(has(lambda each: each.is_open))
    @rule(place=PLACES)
    def send(self, place: int) -> None:
        self.network.send(self.one(place, lambda each: each.is_open))

    @precondition(has(lambda each: each.exchange.state == "confirm"))
    @rule(place=PLACES, accept=st.booleans())
    def choose(self, place: int, accept: bool) -> None:
        asking = self.one(place, lambda each: each.exchange.state == "confirm")
        self.network.choose(asking, accept=accept)

    @precondition(lambda self: self.network.all)
    @rule(place=PLACES, back=st.integers(0, 3))
    def resume(self, place: int, back: int) -> None:
        self.network.resume(self.one(place), back)

    # --- the network -----------------------------------------------------------------------------

    @precondition(lambda self: self.network.bag)
    @rule(chosen=st.lists(st.tuples(PLACES, st.booleans()), min_size=1, max_size=4))
    def deliver(self, chosen: list[tuple[int, bool]]) -> None:
        for place, keep in chosen:
            if self.network.bag:
                self.network.deliver(self.packet(place, keep=keep))

    @precondition(lambda self: self.network.bag)
    @rule()
    def deliver_in_order(self) -> None:
        for _ in range(len(self.network.bag)):
            self.network.deliver(self.packet(0, keep=False))

    @precondition(lambda self: self.network.bag)
    @rule()
    def deliver_all(self) -> None:
        self.network.deliver_all()

    @precondition(lambda self: self.network.answers)
    @rule(place=PLACES, other=PLACES)
    def deliver_an_old_answer(self, place: int, other: int) -> None:
        answers = self.network.answers
        self.network.take(self.one(other), answers[place % len(answers)])

    @precondition(lambda self: self.network.bag)
    @rule(place=PLACES)
    def lose(self, place: int) -> None:
        self.packet(place, keep=False)

    # --- servers ---------------------------------------------------------------------------------

    @rule(limit=st.sampled_from((1, 3, 100)))
    def batch(self, limit: int) -> None:
        self.network.batch(limit)

    @precondition(lambda self: "pending" in self.network.ways.values())
    @rule(place=PLACES, issue=st.booleans())
    def decide(self, place: int, issue: bool) -> None:
        self.network.decide(place, issue=issue)

    @precondition(lambda self: self.network.now < LAST)
    @rule(time=TIMES)
    def wait(self, time: timedelta) -> None:
        self.network.advance(time)

    @rule(what=st.sampled_from(("poll", "settle", "restart", "release")))
    def serve(self, what: str) -> None:
        getattr(self.network, what)()

    @rule()
    def break_the_issuer(self) -> None:
        self.network.break_the_issuer()

    @rule(place=PLACES, number=st.integers(0, 4), durable=st.booleans())
    def break_a_store(self, place: int, number: int, durable: bool) -> None:
        stores = self.network.stores
        stores[place % len(stores)].fail(number, durable=durable)

    @invariant()
    def nothing_is_wrong(self) -> None:
        self.network.check()

    def teardown(self) -> None:
        if hasattr(self, "network"):
            try:
                self.network.finish()
            finally:
                self.network.close()


def test_roles_in_random_order() -> None:
    """R-017, R-118, R-123, R-142 to R-145, R-155: each ends as it should, with its own alone."""
    examples = TIMES_THE_EXAMPLES * settings().max_examples
    run_state_machine_as_test(
        Roles, settings=settings(max_examples=examples, stateful_step_count=STEPS)
    )


@pytest.mark.parametrize("kind", ["held", "held, mac"])
def test_what_was_held_and_put_off_is_not_forgotten(kind: str) -> None:
    """R-142: a client that asks again long after the next server was busy gets an answer."""
    network = Network()
    asking = network.begin(kind, is_direct=False, ca_knows=False)
    network.deliver_all()
    network.release()
    network.advance(timedelta(minutes=6))
    network.break_the_issuer()
    network.send(asking)
    network.deliver_all()
    network.advance(timedelta(days=8))
    network.finish()
    network.close()
    assert len(network.book) == 1


def test_an_answer_that_comes_twice_confirms_nothing() -> None:
    """R-117, R-144: nothing in the answer to a Simple PKI Request says what it answers.

    The confirmation that follows has a nonce, so that the same answer once more is none to it.
    """
    network = Network(confirm=True)
    asking = network.begin("simple", is_direct=True, ca_knows=False)
    network.send(asking)
    for _ in range(4):
        network.deliver(network.bag.pop(0))
    assert asking.exchange.state == "send"
    # The confirmation is lost: it is sent again, as it is not answered.
    network.bag.clear()
    network.finish()
    network.close()
    assert (asking.exchange.state, len(asking.exchange.certificates)) == ("done", 1)
    assert not network.revoked
