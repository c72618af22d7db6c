"""A thousand end entities, two RAs and a CA in processes of their own, over every transport.

Shown is that each ends with its own certificate and no other's, that the CA has issued these and no
others, and that what was revoked is on its CRL. A quarter each asks the RA in front over HTTP, EST,
TCP and in a watched folder; that one asks the other RA over EST, and this one the CA over TCP. What
RAs send is encrypted for the next server; of the end entities, half encrypt what they send, and are
answered so. The shared secrets of a half the RA in front knows, those of the others the CA.

On the fallback there are 128, which take as long as the thousand do on the engine.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from kit.fleet import Fleet, Member
from kit.processes import Row, row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COUNT = {"rust": 1000, "pure": 128}
APPROVED = 64
"""Below this, applications of the kind "pending" wait for somebody."""
CONFIRMED = 128
"""Below this, certificates are confirmed."""
REVOKED = 100
QUICK = {"iterations": 1, "poll_after": 1}


def is_held(member: Member) -> bool:
    return member.kind == "pending" and member.number < APPROVED


def approve(row: Row, count: int) -> None:
    """Lets everything be issued that waits, by commands."""
    lines = row.done("ca", "pending", row.ca.folder, "--json").splitlines()
    assert len(lines) == count
    with ThreadPoolExecutor(2) as pool:
        waiting = (json.loads(line)["application_id"] for line in lines)
        list(pool.map(lambda each: row.done("ca", "approve", row.ca.folder, each), waiting))


def states(
    member: Member, renewed: Iterable[Member] = (), revoked: Iterable[Member] = ()
) -> list[str]:
    """What the CA says of the certificates of a member."""
    if member.kind == "refused":
        return []
    found = ["confirmed" if member.number < CONFIRMED else "issued"]
    if member in renewed:
        found.append("issued")
    if member in revoked:
        found[-1] = "revoked"
    return found


def test_a_thousand_end_entities_and_processes(backend: str, tmp_path: Path) -> None:
    """R-002, R-123, R-142, R-144, R-175, R-245: each ends with its own certificate."""
    with row(backend, tmp_path, "cmc", "est", **QUICK) as servers, Fleet(servers) as fleet:
        servers.ca.again("--manual", "--confirm")
        first = fleet.join(range(min(CONFIRMED, COUNT[backend])))
        held = [each for each in first if is_held(each)]
        fleet.settle(held, enough=lambda waiting: all(e.log[-1:] == ["wait"] for e in waiting))
        approve(servers, len(held))
        fleet.settle(held)

        servers.ca.again("--confirm")
        fleet.settle(first)

        servers.ca.again()
        fleet.settle(fleet.join(range(CONFIRMED, COUNT[backend])))

        renewing = [each for each in fleet.members if each.kind in ("linked", "plain")]
        fleet.renew(renewing)
        fleet.settle(renewing)
        others = [each for each in fleet.members if each.kind in ("crmf", "maced")]
        revoking = renewing[: REVOKED // 2] + others[: REVOKED // 2]
        fleet.revoke(revoking)
        fleet.settle(revoking)
        fleet.check(lambda each: states(each, renewing, revoking))


def test_batches_between_processes(backend: str, tmp_path: Path) -> None:
    """R-155: the RA in front collects what it sends; clients are told to ask again."""
    with row(backend, tmp_path, "file", "http", **QUICK) as servers, Fleet(servers) as fleet:
        servers.front.again("--batch", "16", "--every", "1")
        fleet.settle(fleet.join(range(CONFIRMED, CONFIRMED + 64)))
        fleet.check(states)
