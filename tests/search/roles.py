"""EE, RA and CA with somebody between them who says what he likes.

A case is a network of a few end entities, and what happens in it: messages are delivered, lost and
doubled, time passes, servers start again, and the adversary (`kit.adversary`) sends something to
somebody. Roles raise documented errors and no others; nobody gets a certificate that is another's,
or for another key, or without what authorises him; and whoever asks is served in the end. In some
cases each role has a twin (`kit.twins`) on the other backend, in a database, that starts anew for
each call, and says the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from kit.adversary import Adversary
from kit.asking import KINDS
from kit.backends import using
from kit.twins import Twins

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60.0
"""Of processor time for a case, whose size is that of one message."""
STEPS = 120
HONEST = (
    "deliver", "deliver", "deliver", "deliver_twice", "lose", "send", "batch", "poll", "settle",
    "restart", "release", "decide", "renew", "revoke", "wait", "begin", "resume",
)  # fmt: skip
TIMES = (timedelta(seconds=20), timedelta(seconds=61), timedelta(minutes=6), timedelta(hours=2))


@dataclass(frozen=True)
class Case:
    """What a network is like, and the numbers that say what happens in it, one after the other."""

    backend: str
    ras: int
    rules: dict[str, Any]
    kinds: tuple[tuple[str, bool, bool], ...]
    steps: tuple[int, ...]
    has_twins: bool = False
    size = 1024

    def check(self) -> str:
        """Runs it; the word says how many messages of the adversary there were."""
        with using(self.backend):
            found = self.run()
        return f"{sum(found.tried.values()) // 10 * 10} messages or more"

    def run(self) -> Adversary:
        """The network at its end."""
        twins = Twins(self.ras) if self.has_twins else None
        network = Adversary(self.ras, twins=twins, **self.rules)
        try:
            for kind, is_direct, ca_knows in self.kinds:
                network.begin(kind, is_direct=is_direct, ca_knows=ca_knows)
            for step in self.steps:
                happens(network, Random(step))
                network.check()
            network.finish()
        finally:
            network.close()
            if twins is not None:
                twins.close()
        return network

    def smaller(self) -> Iterator[Case]:
        """Without half of the steps, without one of them, without one who asks."""
        half = len(self.steps) // 2
        if half:
            yield replace(self, steps=self.steps[:half])
            yield replace(self, steps=self.steps[half:])
        for place in range(len(self.steps)):
            yield replace(self, steps=(*self.steps[:place], *self.steps[place + 1 :]))
        for place in range(len(self.kinds)):
            yield replace(self, kinds=(*self.kinds[:place], *self.kinds[place + 1 :]))


def case(random: Random) -> Case:
    """A case by chance."""
    return Case(
        backend=random.choice(("rust", "rust", "pure")),
        ras=random.choice((1, 1, 2)),
        rules={
            "confirm": random.random() < 0.5,
            "split_after": random.choice((None, None, 2)),
            "revoke_replaced_after": random.choice((None, timedelta(0))),
        },
        kinds=tuple(
            (random.choice(list(KINDS)), random.random() < 0.5, random.random() < 0.5)
            for _ in range(random.randrange(1, 4))
        ),
        steps=tuple(random.randrange(2**32) for _ in range(random.randrange(10, STEPS))),
        has_twins=random.random() < 0.3,
    )


def happens(network: Adversary, random: Random) -> None:
    """Something, most often of the adversary."""
    if random.random() < 0.75:
        network.attack(random)
        return
    what, bag = random.choice(HONEST), network.bag
    place = random.randrange(30)
    served = [x for x in network.all if x.exchange.certificates and x.kind != "challenged"]
    unsettled = [each for each in network.all if each.is_open]
    match what:
        case "deliver" | "deliver_twice" | "lose" if bag:
            packet = bag[place % len(bag)]
            if what != "deliver_twice":
                bag.remove(packet)
            if what != "lose":
                network.deliver(packet)
        case "send" if unsettled:
            asking = unsettled[place % len(unsettled)]
            if asking.exchange.state == "confirm":
                network.choose(asking, accept=random.random() < 0.7)
            else:
                network.send(asking)
        case "resume":
            network.resume(network.all[place % len(network.all)], place % 3)
        case "batch" | "poll" | "settle" | "restart" | "release":
            getattr(network, what)()
        case "decide" if "pending" in network.ways.values():
            network.decide(place, issue=random.random() < 0.7)
        case "renew" | "revoke" if served:
            getattr(network, what)(served[place % len(served)])
        case "wait":
            network.advance(random.choice(TIMES))
        case "begin" if len(network.all) < 6:
            kind = random.choice(list(KINDS))
            network.begin(kind, is_direct=random.random() < 0.5, ca_knows=random.random() < 0.5)
