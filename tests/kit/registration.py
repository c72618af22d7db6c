"""A registration authority in front of the certification authority of the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509

import cmcodec
from cmcodec import oids, types
from cmcodec.roles import Delivery, Received, RegistrationAuthority
from cmcodec.roles.secrets import add_secret
from cmcodec.roles.store import Kind

from .authority import SECRET, Answer, Authority, anchor, certified, opener, signer
from .chains import NOW, Issued
from .watched_stores import WatchedStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


EKU = x509.ExtendedKeyUsage([x509.ObjectIdentifier(oids.ID_KP_CMC_RA)])


@cache
def ra(number: int = 0) -> Issued:
    """An RA whose certificate says so."""
    return certified(f"RA {number}", number=80 + number, extensions=((EKU, False),))


@dataclass
class Registration:
    """An RA of the test, with a clock that stands, in front of ``authority``.

    ``sent``: what went to the next server. ``build`` makes the RA anew, on the same store.
    """

    options: dict[str, Any] = field(default_factory=dict)
    number: int = 0
    authority: Any = None
    store: Any = field(default_factory=WatchedStore)
    sent: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.authority is None:
            self.authority = Authority({"authorised_ras": [ra(0).certificate, ra(1).certificate]})

    @property
    def own(self) -> Issued:
        return ra(self.number)

    @property
    def now(self) -> datetime:
        """The time, which is that of the server behind."""
        moment: datetime = self.authority.now
        return moment

    def build(self, **changes: Any) -> RegistrationAuthority:
        options: dict[str, Any] = {
            "signer": signer(self.own),
            "store": self.store,
            "trust": [anchor().certificate],
            "keys": [opener(self.own)],
            "upstream_trust": [anchor().certificate],
            "clock": lambda: self.now,
        }
        return RegistrationAuthority(**{**options, **self.options, **changes})

    def secret(self, identification: str = "device", secret: bytes = SECRET, **more: Any) -> None:
        add_secret(self.store, identification, secret, **more)

    def advance(self, **time: float) -> None:
        self.authority.advance(**time)

    # --- steps -----------------------------------------------------------------------------------

    def receive(self, octets: bytes, **changes: Any) -> Received:
        return self.build(**changes).receive(octets)

    def refused(self, octets: bytes, **changes: Any) -> Answer:
        """The answer of the RA itself; nothing went on."""
        received = self.receive(octets, **changes)
        assert received.answer is not None
        assert not self.store.keys("waiting")
        return Answer(received.answer)

    def upstream(self, octets: bytes) -> bytes:
        """The server behind."""
        self.sent.append(octets)
        found: bytes = self.authority.build().respond(octets)
        return found

    def answered(self, **changes: Any) -> tuple[Delivery, ...]:
        """Sends all that waits, and delivers what comes back."""
        made = self.build(**changes)
        batch = made.batch()
        return () if batch is None else made.deliver(self.upstream(batch.octets))

    def polled(self, **changes: Any) -> tuple[Delivery, ...]:
        """Asks for all that is due."""
        made = self.build(**changes)
        return tuple(each for octets in made.due() for each in made.deliver(self.upstream(octets)))

    def respond(
        self, octets: bytes, upstream: Callable[[bytes], bytes] | None = None, **changes: Any
    ) -> Answer:
        """One request through."""
        found = self.build(**changes).respond(octets, upstream or self.upstream)
        return Answer(found, kind=cmcodec.load(found).kind)

    @property
    def content(self) -> types.PKIData:
        """What the RA sent last."""
        found = cmcodec.load(self.sent[-1], strict=True).unverified_content
        assert isinstance(found, types.PKIData)
        return found

    def member(self, place: int = 0) -> Any:
        """A message of a client, or in the place of one, in what was sent last."""
        message = cmcodec.load(self.sent[-1])
        (listed,) = self.said(oids.ID_CMC_BATCH_REQUESTS)
        return dict(message.unverified_messages)[tuple(listed)[place]]

    def said(self, attr_type: str, content: Any = None) -> list[Any]:
        """What the RA said last of the messages of others."""
        return [
            value
            for each in (self.content if content is None else content).control_sequence
            if each.attr_type == attr_type
            for value in each.attr_values
        ]


def chained(behind: Registration, **options: Any) -> Registration:
    """An RA in front of another one, which sends its messages on one by one."""
    made = Registration(options, number=behind.number + 1, authority=behind.authority)
    made.upstream = lambda octets: behind.respond(octets).octets  # type: ignore[method-assign]
    return made


def kept(store: Any) -> list[bytes]:
    """The values of all records."""
    with store.transaction() as transaction:
        return [value for kind in Kind for _, value in transaction.scan(kind)]


def opened_at(octets: bytes, *keys: Any, trusted: Issued | None = None) -> Any:
    """An answer, with its signature checked."""
    trust = [(trusted or anchor()).certificate]
    return cmcodec.load(octets).open(keys, trust=trust, at=NOW)
