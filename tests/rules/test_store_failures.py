"""A CA whose disk is full or whose database is down: put off, not lost, and not done twice."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from cmcodec.builders import BatchRequestBuilder
from cmcodec.stores import SQLStore
from cmcodec.types import CMCFailInfo
from kit.authority import Authority, device, identified, ra, signer
from kit.postgresql import server

if TYPE_CHECKING:
    from pathlib import Path
    from sqlite3 import Connection

    from cmcodec import types

BOTH_BACKENDS = False
BUSY = CMCFailInfo.TRY_LATER
PAGES = (*range(3, 8), *range(8, 40, 2))
"""Of which a batch needs some: so many that the disk is full at each of its steps."""


def full_at(store: SQLStore, pages: int) -> None:
    """Lets the database have no more pages than these."""

    @sa.event.listens_for(store._database._engine, "connect")
    def limit(connection: Connection, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    store.close()


def is_put_off(answer: Any) -> bool:
    return [each[2] for each in answer.statuses()] == [BUSY]


def test_a_full_disk_puts_off(tmp_path: Path) -> None:
    """R-017: tryLater at whichever step; once there is room, the same octets get certificates."""
    put_off = with_certificates = 0
    octets = (
        BatchRequestBuilder().add_all(map(device, range(1, 9))).transaction().sign(signer(ra()))
    )
    for pages in PAGES:
        url = f"sqlite:///{tmp_path / str(pages)}.db"
        authority = Authority({"authorised_ras": [ra().certificate]})
        with closing(SQLStore(url)) as tight:
            full_at(tight, pages)
            authority.store = tight
            answer = authority.process(octets)
            if is_put_off(answer):
                put_off += 1
                with_certificates += bool(authority.issued)
            else:
                assert all(each.certificates() for each in answer.members())
        authority.advance(minutes=2)
        with closing(SQLStore(url)) as roomy:
            authority.store = roomy
            again = authority.process(octets)
            found = [each.certificates() for each in again.members()]
            assert [len(each) for each in found] == [1] * 8
            issued = {each.serial_number for each in authority.issued.values()}
            assert {each.serial_number for (each,) in found} == issued
            assert len(authority.issued) == 8
            assert authority.process(octets).octets == again.octets
    assert 0 < with_certificates <= put_off < len(PAGES)


@pytest.mark.parametrize("moment", ["before", "policy", "issue"])
def test_a_database_that_is_down_puts_off(moment: str) -> None:
    """R-017: tryLater; once it runs, the same octets get the one certificate."""
    with server() as running, closing(SQLStore(running.new())) as store:
        authority = Authority(store=store)
        authority.secret()
        octets = identified()
        policy, issue = authority.build().policy, authority.issue

        def down_while_deciding(application: Any) -> Any:
            running.stop()
            return policy(application)

        def down_while_issuing(application: Any, template: types.CertTemplate) -> Any:
            certificate = issue(application, template)
            running.stop()
            return certificate

        changes: dict[str, Any] = {
            "before": {},
            "policy": {"policy": down_while_deciding},
            "issue": {"issue": down_while_issuing},
        }[moment]
        if moment == "before":
            running.stop()
        assert is_put_off(authority.process(octets, **changes))
        assert len(authority.issued) == (moment == "issue")
        assert is_put_off(authority.process(octets))
        running.start()
        authority.advance(minutes=2)
        answer = authority.process(octets)
        (certificate,) = answer.certificates()
        assert list(authority.issued.values()) == [certificate]
        assert authority.process(octets).octets == answer.octets
