"""End entities that ask the first of a `Row` of servers, over every transport, in threads.

Each sends the same octets again where it had no answer. In the end what they have is compared with
what the CA has issued.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from cmcodec import cms
from cmcodec.embedded import EmbeddedCA, EmbeddedRA
from cmcodec.transports import TransportError, connect

from .keys import name
from .population import KINDS, SECRET, Entity
from .served import DEADLINE
from .transports import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cmcodec.transports import Sender

    from .processes import Row

_THREADS: Final = 2
"""Of each transport; of a watched folder, more: there whoever is put off waits for longer."""
_PAUSE: Final = 0.05
"""Seconds until the same octets are sent again, where nobody is there to answer."""
_LONGEST: Final = timedelta(seconds=1)
"""How long a member waits that is to wait for longer: its clock is moved on instead."""


def _sha256(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(SHA256()).hex()


@dataclass
class Member(Entity):
    """One of them; its number says which way it goes.

    ``obtained``: all certificates that it ever had, by their digests. ``ahead``: of its clock.
    """

    obtained: dict[str, x509.Certificate] = field(default_factory=dict)
    ahead: timedelta = timedelta()

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    @property
    def scheme(self) -> str:
        return SCHEMES[self.number // len(KINDS) % len(SCHEMES)]

    @property
    def encrypts(self) -> bool:
        """What it sends, where that has no MAC; what is answered then is encrypted too."""
        is_odd = self.number // (len(KINDS) * len(SCHEMES)) % 2 == 1
        return self.kind == "encrypted" or (self.kind != "maced" and is_odd)

    @property
    def is_known_to_ca(self) -> bool:
        """Whether the CA has its secret, rather than the RA in front."""
        return self.number // (2 * len(KINDS) * len(SCHEMES)) % 2 == 1

    def take(self, octets: bytes) -> None:
        super().take(octets)
        assert self.exchange is not None
        if self.exchange.not_before is not None:
            self.ahead += max(timedelta(), self.exchange.not_before - self.clock() - _LONGEST)
        if self.certificate is not None:
            self.obtained[_sha256(self.certificate)] = self.certificate


class Fleet:
    """All that ask a row of servers.

    ``answers``: how many there were, and how often there was none, by transport and reason.
    """

    def __init__(self, row: Row) -> None:
        self.row = row
        self.members: list[Member] = []
        self.answers: Counter[str] = Counter()
        self._trust = [row.anchor]
        self._readers = [cms.Recipient.from_certificate(row.reader)]
        self._own = threading.local()
        self._senders: list[Sender] = []
        self._counting = threading.Lock()
        self._is_over = threading.Event()
        # What the commands do, of which each would take a second.
        self._ca, self._ra = EmbeddedCA(path=row.ca.folder), EmbeddedRA(path=row.front.folder)

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_up()
        for each in self._senders:
            each.close()
        self._ca.close()
        self._ra.close()

    # --- what they want --------------------------------------------------------------------------

    def join(self, numbers: Iterable[int]) -> list[Member]:
        """New ones, who ask for their first certificate; those to be refused have no secret."""
        joined = [Member.of(number) for number in numbers]
        for each in joined:
            if each.kind != "refused":
                knows = self._ca if each.is_known_to_ca else self._ra
                knows.add_secret(each.name, SECRET, subject=name(each.name))
            if each.encrypts:
                each.options = {"encrypt_to": self._readers}
            each.begin(self._trust, each.clock, ())
        self.members.extend(joined)
        return joined

    def renew(self, members: Iterable[Member]) -> None:
        for each in members:
            each.check()
            each.renew(self._trust, each.clock)

    def revoke(self, members: Iterable[Member]) -> None:
        for each in members:
            each.check()
            each.revoke(self._trust, each.clock)

    # --- how they get it -------------------------------------------------------------------------

    def settle(
        self, members: list[Member], *, enough: Callable[[list[Member]], bool] = lambda _: False
    ) -> None:
        """Until none of them wants anything, or ``enough`` of what still wait."""
        end = time.monotonic() + 10 * DEADLINE
        with ExitStack() as stack:
            pools = {
                scheme: stack.enter_context(
                    ThreadPoolExecutor(_THREADS * (8 if scheme == "file" else 1))
                )
                for scheme in SCHEMES
            }
            while (waiting := [each for each in members if each.waits]) and not enough(waiting):
                assert time.monotonic() < end, [(each.name, each.log[-5:]) for each in waiting]
                for done in [pools[each.scheme].submit(self._live, each) for each in waiting]:
                    done.result()
                self._is_over.wait(_PAUSE)

    def live(self, member: Member) -> None:
        """One of them until it wants nothing."""
        end = time.monotonic() + 10 * DEADLINE
        while member.waits and not self._is_over.is_set():
            assert time.monotonic() < end, (member.name, member.log[-5:])
            self._live(member)
            self._is_over.wait(_PAUSE)

    def give_up(self) -> None:
        """Nobody sends anything more."""
        self._is_over.set()

    def _live(self, member: Member) -> None:
        """One of them until it has nothing to send."""
        sender = self._sender(member.scheme)
        while not self._is_over.is_set() and (octets := member.next(member.clock())) is not None:
            try:
                answer = sender.send(octets)
            except TransportError as error:
                self._note(f"{member.scheme} {error}")
                self._is_over.wait(_PAUSE)
                continue
            member.take(answer)
            self._note("answer")
            if not member.waits:
                return

    def _sender(self, scheme: str) -> Sender:
        """A connection of this thread."""
        sender: Sender | None = getattr(self._own, scheme, None)
        if sender is None:
            sender = connect(self.row.front.url(scheme))
            setattr(self._own, scheme, sender)
            self._senders.append(sender)
        return sender

    def _note(self, what: str) -> None:
        with self._counting:
            self.answers[what] += 1

    # --- what they have --------------------------------------------------------------------------

    def check(self, states: Callable[[Member], list[str]]) -> None:
        """Each has its own certificates and no other's; the CA has issued these and no others.

        ``states``: what ``cmc ca list`` says of those of a member, in the order in which it had
        them.
        """
        for each in self.members:
            each.check()
        printed = self.row.done("ca", "list", self.row.ca.folder, "--json")
        listed = [json.loads(line) for line in printed.splitlines()]
        found = {each["sha256"]: each for each in listed}
        serials = {each["serial"] for each in listed}
        own = {each["sha256"] for each in listed if self._is_own(each)}
        applications = {each["application_id"] for each in listed} - {None}
        assert len(found) == len(serials) == len(listed)
        assert len(applications) == len(listed) - 1
        assert len(own) == len(self.row.servers)
        obtained = {}
        for each in self.members:
            for (sha256, certificate), state in zip(
                each.obtained.items(), states(each), strict=True
            ):
                obtained[sha256] = each.name
                assert certificate.subject == name(each.name)
                assert found[sha256]["state"] == state, (each.name, each.log)
        assert len(obtained) == sum(len(each.obtained) for each in self.members)
        assert found.keys() - own == obtained.keys()
        revoked = {each["serial"] for each in listed if each["state"] == "revoked"}
        assert self._on_crl() == revoked

    @staticmethod
    def _is_own(row: dict[str, Any]) -> bool:
        """Whether a certificate is that of a server."""
        return row["requester"] == "none" or row["subject"].startswith("CN=ra-")

    def _on_crl(self) -> set[str]:
        path = self.row.ca.folder.with_name("crl.der")
        self.row.done("ca", "crl", self.row.ca.folder, "--out", path)
        crl = x509.load_der_x509_crl(path.read_bytes())
        assert crl.is_signature_valid(self.row.anchor.public_key())  # type: ignore[arg-type]
        return {f"{each.serial_number:x}" for each in crl}
