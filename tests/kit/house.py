"""A CA with RAs before it, which real clients talk to, all in memory and at the time that is set.

Who stands in front knows the shared secrets, unless the house is told that the CA does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat.primitives import hashes

from cmcodec import oids
from cmcodec.roles import (
    CertificationAuthority,
    Client,
    Issue,
    RegistrationAuthority,
    Rules,
    default_policy,
)
from cmcodec.stores import MemoryStore, add_secret

from .chains import DAY, NOW, Issued, issue
from .enrolment import CA, DEVICE, RA, SERVER, SIGNS, STRANGER, Clock, opener, purpose, signer
from .keys import key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509

    from cmcodec import types
    from cmcodec.roles import Application, Exchange, Policy, Revocation

STEPS = 12
"""More than any exchange of these tests takes."""

FRONT_RA = issue(
    "Front RA", CA, key("p-256", 57), ca=None, usages=SIGNS, identified=True,
    extensions=[purpose(oids.ID_KP_CMC_RA)],
)  # fmt: skip


class Person(NamedTuple):
    """Somebody who wants certificates: with a certificate, and with a secret."""

    has: Issued
    identification: str
    secret: bytes

    @property
    def name(self) -> str:
        found: str = self.has.certificate.subject.rfc4514_string().removeprefix("CN=")
        return found

    def client(self, house: House, *, secret: bool = False, **fields: Any) -> Client:
        """A client of this person; ``secret``: it has the secret."""
        if secret:
            fields = {"secret": self.secret, "identification": self.identification, **fields}
        settings = {"trust": [CA.certificate], "clock": house.clock, "iterations": 1}
        return Client(**{**settings, **fields})


PEOPLE = (Person(DEVICE, "ee-1", b"first secret"), Person(STRANGER, "ee-2", b"second secret"))


class House:
    """``ras``: how many RAs there are, the one that clients talk to first."""

    def __init__(
        self,
        ras: int = 0,
        *,
        policy: Policy = default_policy,
        ca_knows: bool = False,
        **rules: Any,
    ) -> None:
        self.clock = Clock()
        self.revoked: list[Revocation] = []
        settings: dict[str, Any] = {
            "rules": Rules(**{"iterations": 1, **rules}),
            "clock": self.clock,
            "trust": [CA.certificate],
        }
        stores = [MemoryStore() for _ in range(ras + 1)]
        for person in PEOPLE:
            known = stores[-1 if ca_knows else 0]
            add_secret(known, person.identification, person.secret, uses=2)
        self.ca = CertificationAuthority(
            signer=signer(SERVER),
            issue=_issue,
            store=stores[-1],
            policy=policy,
            chain=[CA.certificate],
            authorised_ras=[RA.certificate, FRONT_RA.certificate],
            keys=[opener(CA)],
            revoke=self.revoked.append,
            **settings,
        )
        self.ras = [
            RegistrationAuthority(
                signer=signer(of),
                store=store,
                policy=_vouching,
                upstream_trust=[CA.certificate],
                authorised_ras=[FRONT_RA.certificate],
                keys=[opener(of)],
                **settings,
            )
            for of, store in zip((FRONT_RA, RA)[2 - ras :], stores, strict=False)
        ]

    @property
    def front(self) -> Issued:
        """Whose certificate whoever encrypts for the server in front has."""
        return (CA, RA, FRONT_RA)[len(self.ras)]

    def respond(self, octets: bytes, ras: Iterable[RegistrationAuthority] | None = None) -> bytes:
        """The answer to a message, through all RAs."""
        first, *others = (*(self.ras if ras is None else ras), None)
        if first is None:
            return self.ca.respond(octets)
        return first.respond(octets, lambda sent: self.respond(sent, others[:-1]))

    def step(self, exchange: Exchange) -> Exchange:
        """The exchange after one thing that happens to it; pending ones are decided and due."""
        if exchange.state == "send":
            assert exchange.request is not None
            return exchange.receive(self.respond(exchange.request))
        if exchange.state == "wait":
            assert exchange.not_before is not None
            self.clock.now = max(self.clock.now, exchange.not_before) + timedelta(seconds=1)
            for application in list(self.ca.pending()):
                self.ca.decide(application.id, Issue())
            self.ask_for_clients()
            return exchange.due()
        return exchange.confirm()

    def ask_for_clients(self) -> None:
        """Each RA asks for what its clients without CMC wait for, as it does from time to time."""
        for place, ra in enumerate(self.ras, 1):
            for octets in ra.due():
                ra.deliver(self.respond(octets, self.ras[place:]))

    def all_done(self, *exchanges: Exchange) -> list[Exchange]:
        """Exchanges that take turns until each has an end."""
        found = list(exchanges)
        for _ in range(STEPS):
            found = [
                each if each.state in ("done", "failed") else self.step(each) for each in found
            ]
        return found


def _vouching(_: Application) -> Issue:
    """The policy of RAs that vouch for whoever comes, bare requests included."""
    return Issue()


def _issue(application: Application, template: types.CertTemplate) -> x509.Certificate:
    """A certificate, whose serial number follows from the application."""
    number = int.from_bytes(application.id, "big") >> 1 or 1
    builder = application.builder(CA.certificate.subject).serial_number(number)
    builder = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    return builder.sign(CA.key, hashes.SHA256())
