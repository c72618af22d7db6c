"""A thousand end entities, two RAs and a CA, from the first request to the last revocation."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cmcodec import cms, types
from cmcodec.roles import Issue, RegistrationAuthority, Rules
from cmcodec.stores import MemoryStore, add_secret
from kit.authority import Authority, anchor, opener, ra, signer
from kit.population import SECRET, WAIT, Entity, policy

if TYPE_CHECKING:
    from collections.abc import Iterable

COUNT = 1000


class House:
    """A CA with two RAs in a row before it."""

    def __init__(self, **rules: Any) -> None:
        self.ca = Authority({"rules": Rules(**rules), "authorised_ras": [
            ra(1).certificate, ra(2).certificate]})  # fmt: skip
        self.ca.options["policy"] = policy(self.clock)
        trust = [anchor().certificate]
        common: dict[str, Any] = {"trust": trust, "upstream_trust": trust, "clock": self.clock}
        self.front = RegistrationAuthority(
            signer=signer(ra(1)), store=MemoryStore(), keys=[opener(ra(1))],
            rules=Rules(iterations=1), **common,
        )  # fmt: skip
        self.middle = RegistrationAuthority(
            signer=signer(ra(2)),
            store=MemoryStore(),
            authorised_ras=[ra(1).certificate],
            **common,
        )
        self.trust = trust

    def clock(self) -> Any:
        return self.ca.now

    def respond(self, octets: bytes) -> bytes:
        """The CA, asked by the second RA, asked by the first."""
        return self.ca.build().respond(octets)

    def turn(self, entities: Iterable[Entity]) -> int:
        """All that have something to send send it, in one batch through both RAs."""
        asking = []
        for each in entities:
            octets = each.next(self.ca.now)
            if octets is not None:
                asking.append((each, octets))
        received = self.front.receive_all([octets for _, octets in asking])
        by_id = {}
        for (each, _), one in zip(asking, received, strict=True):
            if one.answer is not None:
                each.take(one.answer)
            else:
                by_id[one.id] = each
        batch = self.front.batch()
        if batch is not None:
            assert set(batch.ids) == set(by_id)
            through = self.middle.respond(batch.octets, self.respond)
            delivered = self.front.deliver(through)
            assert [each.id for each in delivered] == list(batch.ids)
            for delivery in delivered:
                by_id.pop(delivery.id).take(delivery.octets)
        assert not by_id
        return len(asking)

    def settle(self, entities: list[Entity]) -> None:
        """Until nobody wants anything; time passes where all wait."""
        for _ in range(12):
            waiting = [each for each in entities if each.waits]
            if not waiting:
                break
            if not self.turn(waiting):
                ca = self.ca.build()
                for application in ca.pending():
                    ca.decide(application.id, Issue())
                self.ca.advance(seconds=WAIT.total_seconds())
        for each in entities:
            each.check()


def test_a_thousand_end_entities() -> None:
    """R-002, R-123, R-142, R-144, R-155 to R-158: each ends with its own certificate."""
    house = House(confirm=True, revoke_replaced_after=timedelta(days=1))
    entities = [Entity.of(number) for number in range(COUNT)]
    recipient = cms.Recipient.from_certificate(ra(1).certificate)
    for each in entities:
        add_secret(house.front.store, each.name, SECRET)
        each.begin(house.trust, house.clock, [recipient])
    house.settle(entities)
    served = [each for each in entities if each.certificate is not None]
    assert len(served) == COUNT - COUNT // 8
    assert len(house.ca.issued) == len(served)
    assert not house.ca.revoked

    # Renewal with overlap: the old certificate stays until its day has come.
    renewing = [each for each in served if each.kind in ("linked", "plain")]
    old = {each.certificate.serial_number for each in renewing if each.certificate is not None}
    for each in renewing:
        each.renew(house.trust, house.clock)
    house.settle(renewing)
    assert len(house.ca.issued) == len(served) + len(renewing)
    house.ca.build().settle()
    assert not house.ca.revoked
    house.ca.advance(days=1)
    house.ca.build().settle()
    assert {each.certificate.serial_number for each in house.ca.revoked} == old
    assert {each.reason for each in house.ca.revoked} == {types.CRLReason.SUPERSEDED}

    # Revocation by the certificate itself.
    house.ca.revoked.clear()
    for each in renewing[:100]:
        each.revoke(house.trust, house.clock)
    house.settle([])
    for each in renewing[:100]:
        while each.waits:
            house.turn([each])
        assert each.exchange is not None
        assert each.exchange.state == "done"
    assert len(house.ca.revoked) == len(renewing[:100])
