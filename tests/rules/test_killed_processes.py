"""CA and RA processes that are killed, or told to stop, while many ask: nothing is lost or twice.

End entities ask the RA in front over every transport, plainly and encrypted, and send the same
octets again until they have an answer. A server is disturbed right after one of its transactions,
of which each message takes several. Each end entity ends with its own certificate, and the CA has
issued these and no others.

``CMCODEC_KILLS`` is how often servers are killed: 20 times unless it says more.
"""

from __future__ import annotations

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

from kit.fleet import Fleet, Member
from kit.processes import Row, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLS = int(os.environ.get("CMCODEC_KILLS", "20"))
ASKING = 16
"""End entities that ask at a time."""
MOST = 40
"""Transactions of a server from one disturbance to the next: of some eight messages."""
WORKER_KILLS = 4
"""Workers of a server that are killed until it is itself: after a fifth it would give up."""
TWO = ("--workers", "2")
MODES = ((), ("--batch", "8", "--every", "1"))
"""Of an RA, which keeps in either what it has received in the other."""
QUICK = {"iterations": 1, "poll_after": 1, "claim_for": 2, "confirm": True}


def states(member: Member) -> list[str]:
    return [] if member.kind == "refused" else ["confirmed"]


@contextmanager
def asking(servers: Row) -> Iterator[Fleet]:
    """End entities that ask, one after the other in each thread, until the block ends.

    Then what they have is looked at.
    """
    numbers, is_enough = count(), threading.Event()
    with Fleet(servers) as fleet, ThreadPoolExecutor(ASKING) as pool:

        def ask() -> None:
            while not is_enough.is_set():
                (member,) = fleet.join([next(numbers)])
                fleet.live(member)

        threads = [pool.submit(ask) for _ in range(ASKING)]
        try:
            yield fleet
        except BaseException:
            fleet.give_up()
            raise
        finally:
            is_enough.set()
        for each in threads:
            each.result()
        fleet.check(states)


def test_servers_are_killed(backend: str, tmp_path: Path) -> None:
    """R-017, R-142, R-144, R-155: the CA and both RAs, one at a time or several at once.

    An RA that is started again sends each message up at once, or collects them, by chance.
    """
    chance, kills = random.Random(13), 0
    with row(backend, tmp_path, "cmc", "http", **QUICK) as servers, asking(servers) as fleet:
        while kills < KILLS:
            victims = chance.sample(servers.servers, chance.choice((1, 1, 1, 2, 3)))
            victims[0].works(chance.randint(1, MOST))
            for each in victims:
                each.kill()
            for each in victims:
                each.start(*(() if each is servers.ca else chance.choice(MODES)))
            kills += len(victims)
    assert any("closed" in each for each in fleet.answers)


def test_workers_are_killed(backend: str, tmp_path: Path) -> None:
    """R-017: those of a CA that has two, and after some of them the CA itself."""
    chance = random.Random(14)
    with row(backend, tmp_path, "http", **QUICK) as servers:
        servers.ca.again(*TWO)
        with asking(servers):
            for number in range(KILLS // 2):
                servers.ca.works(chance.randint(1, MOST))
                if number % (WORKER_KILLS + 1) < WORKER_KILLS:
                    servers.ca.kill_worker(chance.randrange(2))
                else:
                    servers.ca.kill()
                    servers.ca.start(*TWO)
        assert "died: SIGKILL" in servers.ca.log()


def test_servers_stop_under_load(backend: str, tmp_path: Path) -> None:
    """R-017: each ends with status 0 within ten seconds, whatever it works on."""
    chance = random.Random(15)
    with row(backend, tmp_path, "est", "cmc", **QUICK) as servers, asking(servers):
        for victim in 2 * servers.servers:
            victim.works(chance.randint(1, MOST))
            victim.again(*chance.choice(((), TWO)))
