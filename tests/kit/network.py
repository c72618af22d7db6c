"""End entities, RAs and a CA, between which messages lie about until somebody delivers them.

The `Network` is told what happens next, in any order. It has a model of what may come of it: which
exchange may get which certificates, and when a certificate may be revoked.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from cmcodec import cms, types
from cmcodec.builders import NewRequest
from cmcodec.errors import CMCError
from cmcodec.roles import (
    CertificationAuthority,
    Challenge,
    Client,
    Issue,
    Pend,
    Refuse,
    RegistrationAuthority,
    Rules,
)
from cmcodec.roles.ra import forward
from cmcodec.stores import add_secret

from .asking import KINDS, Asking, Packet, spki
from .authority import anchor, opener, signer
from .chains import DAY, NOW
from .keys import name
from .registration import ra as ra_of
from .watched_stores import BreakingStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography import x509

    from cmcodec.roles import Application, Decision, Exchange, Revocation
    from cmcodec.stores import Store

WAIT = timedelta(minutes=5)
LAST = NOW + 45 * DAY
MANY = 1_000
"""More messages than come of those on their way."""
ROUNDS = 80
"""More than any exchange takes, where all is delivered."""


class Noting(logging.Handler):
    """Notes what roles log of errors, but for those of a store or issuer that is down."""

    def __init__(self, wrong: list[BaseException]) -> None:
        super().__init__()
        self._wrong = wrong

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info and record.exc_info[1]
        if error and not isinstance(error, OSError):
            self._wrong.append(error)


class Network:
    """All of them, and the messages between them: ``bag``.

    ``answers``: all that went to end entities. ``book``: what was issued, by application.
    ``wrong``: errors that are none of a store or issuer that is down.
    """

    def __init__(self, ras: int = 1, **rules: Any) -> None:
        self.now = NOW
        self.rules = Rules(iterations=1, **rules)
        self.stores = [BreakingStore() for _ in range(ras + 1)]
        self.bag: list[Packet] = []
        self.answers: list[Packet] = []
        self.all: list[Asking] = []
        self.senders: dict[bytes, list[Packet]] = {}
        self.book: dict[bytes, x509.Certificate] = {}
        self.wrong: list[BaseException] = []
        self.issuer_fails = False
        self.revoked: set[int] = set()
        self.released: set[bytes] = set()
        self.ways: dict[bytes, str] = {}
        self._numbers, self._chance = count(), count()
        self._noting_all = Noting(self.wrong)
        logging.getLogger("cmcodec").addHandler(self._noting_all)
        self.restart()

    @property
    def ra_rules(self) -> Rules:
        """Those of the RAs."""
        return Rules(iterations=1)

    def restart(self) -> None:
        """The roles are made anew, on the same stores."""
        self.ca, self.ras = self._roles(self.stores, lambda _: self.random)

    def _roles(
        self, stores: Sequence[Store], chance: Callable[[int], Callable[[int], bytes]]
    ) -> tuple[CertificationAuthority, list[RegistrationAuthority]]:
        """On those stores; ``chance``: what the one of a place has by chance."""
        trust = [anchor().certificate]
        common: dict[str, Any] = {"clock": lambda: self.now}
        ca = CertificationAuthority(
            signer=signer(anchor()),
            issue=self._noting(self._issue),
            policy=self._noting(self._decide),
            revoke=self._noting(self._revoke),
            store=stores[-1],
            rules=self.rules,
            trust=trust,
            authorised_ras=[ra_of(number).certificate for number in range(len(stores) - 1)],
            keys=[opener(anchor())],
            random=chance(len(stores) - 1),
            **common,
        )
        ras = [
            RegistrationAuthority(
                signer=signer(ra_of(number)),
                policy=self._noting(self._hold) if number == 0 else forward,
                store=store,
                rules=self.ra_rules,
                trust=trust,
                authorised_ras=[ra_of(each).certificate for each in range(number)],
                keys=[opener(ra_of(number))],
                upstream_trust=trust,
                random=chance(number),
                **common,
            )
            for number, store in enumerate(stores[:-1])
        ]
        return ca, ras

    def random(self, octets: int) -> bytes:
        return hashlib.shake_256(str(next(self._chance)).encode()).digest(octets)

    # --- hooks -----------------------------------------------------------------------------------

    def _noting(self, hook: Callable[..., Any]) -> Callable[..., Any]:
        """A hook whose errors are noted, as roles go on after them."""

        def noted(*arguments: Any) -> Any:
            try:
                return hook(*arguments)
            except Exception as error:
                if not isinstance(error, OSError):
                    self.wrong.append(error)
                raise

        return noted

    def _asking(self, certificate: x509.Certificate) -> Asking:
        """Whose request a certificate is for."""
        return self._of_key(certificate.public_key())

    def _of_key(self, key: Any) -> Asking:
        """Whose key it is."""
        (found,) = (each for each in self.all if spki(key) in each.keys)
        return found

    def _hold(self, application: Application) -> Decision:
        key = spki(application.public_key)
        is_held = self.ways[key] == "held" and key not in self.released
        return Pend(self.now + WAIT) if is_held else Issue()

    def _decide(self, application: Application) -> Decision:
        match self.ways[spki(application.public_key)]:
            case "refused":
                return Refuse(types.CMCFailInfo.BAD_IDENTITY)
            case "challenged":
                return Challenge()
            case "pending":
                return Pend(self.now + WAIT)
        return Issue()

    def _issue(self, application: Application, _: types.CertTemplate) -> x509.Certificate:
        self._issuer_is_up()
        if application.id not in self.book:
            made = self._certified(application)
            self._check_new(made)
            self.book[application.id] = made
        return self.book[application.id]

    @staticmethod
    def _certified(application: Application) -> x509.Certificate:
        ca = anchor()
        return (
            application.builder(ca.certificate.subject)
            .serial_number(int.from_bytes(application.id, "big") >> 1 or 1)
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + 90 * DAY)
            .sign(ca.key, hashes.SHA256())
        )

    def _check_new(self, made: x509.Certificate) -> None:
        """A key gets one certificate, a secret serves one exchange, who is refused gets none."""
        asking, key = self._asking(made), spki(made.public_key())
        assert not asking.is_hopeless
        # What was answered so long ago is forgotten, and whoever asks again is decided about again.
        is_late = self.now - asking.began >= self.rules.answers_kept
        assert is_late or key not in asking.refused
        others = [self._asking(each) for each in self.book.values()]
        assert is_late or key not in {spki(each.public_key()) for each in self.book.values()}
        if asking.identification is not None:
            same = [each for each in others if each.identification == asking.identification]
            assert set(same) <= {asking}
        if not self.rules.confirm and asking.settled is None:
            asking.settled = self.now

    def _issuer_is_up(self) -> None:
        is_up, self.issuer_fails = not self.issuer_fails, False
        if not is_up:
            raise OSError("the issuer is down")

    def _revoke(self, revocation: Revocation) -> None:
        self._issuer_is_up()
        serial = revocation.certificate.serial_number
        (certificate,) = (each for each in self.book.values() if each.serial_number == serial)
        asking, after = self._asking(certificate), self.rules.revoke_replaced_after
        match revocation.reason:
            case types.CRLReason.SUPERSEDED:
                assert after is not None
                new = [each for each in self.all if each.old == certificate]
                assert any(x.settled is not None and x.settled + after <= self.now for x in new)
            case types.CRLReason.CESSATION_OF_OPERATION:
                is_late = self.now - asking.began >= self.rules.confirm_within
                assert asking.is_rejected or (self.rules.confirm and is_late)
                assert certificate not in asking.exchange.certificates
            case reason:
                assert reason == types.CRLReason.KEY_COMPROMISE
                assert any(each.kind == "revocation" and each.old == certificate
                           for each in self.all)  # fmt: skip
        self.revoked.add(serial)

    # --- what begins -----------------------------------------------------------------------------

    def begin(self, kind: str, *, is_direct: bool, ca_knows: bool) -> Asking:
        """Somebody asks for a first certificate."""
        about = KINDS[kind]
        number = next(self._numbers)
        if "held" in about.ways:
            # Only the RA holds, and only for whom it knows when it is asked again.
            is_direct = ca_knows = False
        identification = None if about.knows is None else f"entity {number}"
        secret = None if identification is None else f"secret {number}".encode()
        if secret is not None:
            known = secret if about.knows else b"another one"
            self.add_secret(-1 if is_direct or ca_knows else 0, identification, known)
        made = self._asked(kind, is_direct, identification, secret)
        made.is_known_to_ca = secret is not None and (is_direct or ca_knows)
        return made

    def add_secret(self, place: int, identification: str, secret: bytes, **more: Any) -> None:
        """Makes a secret known to the server of that place."""
        self.stores[place].fail(None)
        add_secret(self.stores[place], identification, secret, **more)

    def again(self, asking: Asking) -> Asking:
        """Another exchange by the same secret, for another key."""
        asking.shares = True
        found = self._asked(
            asking.kind, asking.is_direct, asking.identification, asking.client.secret
        )
        found.shares = True
        return found

    def _asked(
        self, kind: str, is_direct: bool, identification: str | None, secret: bytes | None
    ) -> Asking:
        about = KINDS[kind]
        reader = anchor() if is_direct else ra_of()
        encrypt_to = [cms.Recipient.from_certificate(reader.certificate)] if about.encrypts else []
        client = self._client(
            secret=secret,
            identification=identification,
            mac=about.mac,
            link_pop=about.link_pop,
            encrypt_to=encrypt_to,
            accept=(lambda _: None) if about.asks else self._accept,
        )
        subject = name(f"{kind} {next(self._numbers)}")
        agrees = about.pop == "challenge"
        requests = [
            self._request(way, agrees=agrees, subject=subject, form=about.form, pop=about.pop)
            for way in about.ways
        ]
        made = Asking(kind, is_direct, client, requests, identification, self.now)
        return self._begun(made, client.enroll(*requests))

    def _client(self, **fields: Any) -> Client:
        common = {"trust": [anchor().certificate], "clock": lambda: self.now}
        return Client(**{**common, "iterations": 1, "random": self.random, **fields})

    def _request(self, way: str, *, agrees: bool = False, **fields: Any) -> NewRequest:
        octets = self.random(32)
        own: Any = ec.derive_private_key(int.from_bytes(octets, "big") >> 1, ec.SECP256R1())
        if agrees:
            own = x25519.X25519PrivateKey.from_private_bytes(octets)
        self.ways[spki(own.public_key())] = way
        return NewRequest(key=own, **fields)

    def _accept(self, certificate: x509.Certificate) -> bool:
        asking = self._asking(certificate)
        asking.settled = asking.settled or self.now
        return True

    def renew(self, asking: Asking) -> Asking:
        """Another one in the place of the first certificate of an exchange."""
        old, client = self._owner(asking)
        request = self._request(self.ways[spki(old.public_key())])
        made = Asking("renewal", asking.is_direct, client, [request], None, self.now, old=old)
        return self._begun(made, client.renew(old, request))

    def revoke(self, asking: Asking, *, by_secret: bool = False) -> Asking:
        """It is to be revoked; by the secret where the CA knows that."""
        old, client = self._owner(asking)
        if by_secret and asking.is_known_to_ca:
            client = asking.client
        made = Asking("revocation", asking.is_direct, client, [], None, self.now, old=old)
        return self._begun(made, client.revoke(old, types.CRLReason.KEY_COMPROMISE))

    def _owner(self, asking: Asking) -> tuple[x509.Certificate, Client]:
        old = asking.exchange.certificates[0]
        (own,) = (x.key for x in asking.requests if x.key.public_key() == old.public_key())
        return old, self._client(
            signer=cms.SigningKey.from_private_key(own, old), accept=self._accept
        )

    def _begun(self, asking: Asking, exchange: Exchange) -> Asking:
        asking.exchange = exchange
        self.all.append(asking)
        self.send(asking)
        return asking

    # --- what end entities do --------------------------------------------------------------------

    def send(self, asking: Asking) -> None:
        """Its request, once more if it was sent; where it waits, what is due."""
        asking.exchange = asking.exchange.due()
        octets = asking.exchange.request
        if octets is not None:
            to = len(self.ras) if asking.is_direct else 0
            self.bag.append(Packet(octets, to, asking, octets))

    def choose(self, asking: Asking, *, accept: bool) -> None:
        """What it says of a certificate that it was asked about."""
        if accept:
            asking.settled = asking.settled or self.now
            asking.exchange = asking.exchange.confirm()
        else:
            asking.is_rejected = True
            asking.exchange = asking.exchange.reject()
        self.send(asking)

    def resume(self, asking: Asking, place: int = 0) -> None:
        """It was switched off meanwhile, and goes on from there, or from a place before that."""
        asking.saved += [asking.exchange.save()]
        place %= len(asking.saved)
        # What it has done since then, the servers may refuse a second time.
        asking.is_excused |= place != 0
        asking.exchange = asking.client.resume(asking.saved[-1 - place], *asking.requests)

    def take(self, asking: Asking, packet: Packet) -> None:
        """Reads an answer; one that is not to its last request changes nothing."""
        before = asking.exchange
        saved = before.save()
        try:
            after = before.receive(packet.octets)
        except CMCError:
            assert before.save() == saved
            return
        except ValueError:
            assert before.request is None
            return
        if packet.asking is not asking or packet.about != before.request:
            # Nothing tells the answer to one Simple PKI Request from that to another. What has the
            # secret in it is saved without, and encrypted anew.
            assert asking.kind.startswith("simple") or asking.is_by_secret
            asking.is_excused = True
        asking.exchange = after
        asking.saved += [saved]
        for certificate in after.certificates:
            assert spki(certificate.public_key()) in asking.keys
            assert certificate.subject == asking.subject
            assert certificate in self.book.values()
        if after.state == "send":
            self.send(asking)

    # --- what is delivered -----------------------------------------------------------------------

    def deliver(self, packet: Packet) -> None:
        if packet.is_answer and packet.asking is not None:
            self.take(packet.asking, packet)
        elif packet.is_answer:
            self._delivered(packet)
        elif packet.to == len(self.ras):
            self._answer(packet, self.ca.respond(packet.octets))
        else:
            received = self.ras[packet.to].receive(packet.octets)
            if received.answer is not None:
                self._answer(packet, received.answer)
            else:
                self.senders.setdefault(received.id, []).append(packet)

    def _answer(self, packet: Packet, octets: bytes) -> None:
        """To whoever sent that."""
        made = Packet(octets, packet.to - 1, packet.asking, packet.about, is_answer=True)
        self.bag.append(made)
        if made.asking is not None:
            self.answers.append(made)

    def _delivered(self, packet: Packet) -> None:
        try:
            deliveries = self.ras[packet.to].deliver(packet.octets)
        except (CMCError, OSError):
            return
        for each in deliveries:
            # It does not know whose it is where the store broke when it had it.
            for sent in self.senders.get(each.id, ()):
                self._answer(sent, each.octets)

    def batch(self, limit: int = 10_000) -> bool:
        """The RAs send what waits; False where nothing does."""
        count = len(self.bag)
        for place, ra in enumerate(self.ras, 1):
            with suppress(OSError):
                batch = ra.batch(limit)
                if batch is not None:
                    self.bag.append(Packet(batch.octets, place))
        return len(self.bag) > count

    def poll(self) -> None:
        """The RAs ask for what is due."""
        for place, ra in enumerate(self.ras, 1):
            with suppress(OSError):
                self.bag += [Packet(octets, place) for octets in ra.due()]

    def decide(self, place: int, *, issue: bool) -> None:
        """Somebody decides about an application that waits; once more where the store is down."""
        try:
            waiting = sorted(self.ca.pending(), key=lambda each: each.subject.rfc4514_string())
        except OSError:
            return
        if not waiting:
            return
        application = waiting[place % len(waiting)]
        decision = Issue() if issue else Refuse(types.CMCFailInfo.BAD_REQUEST)
        if not issue:
            key = spki(application.public_key)
            (asking,) = (each for each in self.all if key in each.keys)
            asking.refused.add(key)
        for _ in range(2):
            try:
                self.ca.decide(application.id, decision)
            except LookupError:
                # It was kept, though the store said that it was not.
                break
            except OSError:
                continue
            break

    def release(self) -> None:
        """The RA no longer holds what it holds."""
        self.released |= self.ways.keys()

    def break_the_issuer(self) -> None:
        self.issuer_fails = True

    def close(self) -> None:
        logging.getLogger("cmcodec").removeHandler(self._noting_all)
        for store in self.stores:
            store.close()

    def settle(self) -> None:
        with suppress(OSError):
            self.ca.settle()

    def advance(self, time: timedelta) -> None:
        self.now = min(self.now + time, LAST)
        for each in self.all:
            if each.is_open:
                passed = self.now - each.began
                is_late = self.rules.confirm and passed >= self.rules.confirm_within
                each.is_excused |= is_late or passed >= self.rules.answers_kept

    # --- the end ---------------------------------------------------------------------------------

    def finish(self) -> None:
        """Nothing is lost any more, and each exchange comes to its end."""
        self.check()
        for store in self.stores:
            store.fail(None)
        self.issuer_fails = False
        for _ in range(ROUNDS):
            self.deliver_all()
            waiting = [each for each in self.all if each.is_open]
            if not waiting:
                break
            self.release()
            self.decide(0, issue=True)
            for each in waiting:
                if each.exchange.state == "confirm":
                    self.choose(each, accept=True)
                else:
                    self.send(each)
            self.deliver_all()
            self.now += WAIT + timedelta(minutes=1)
            self.advance(timedelta())
        for each in self.all:
            self._check_end(each)
        self._check_overlap()
        self.check()

    def check(self) -> None:
        """Nothing was raised inside of a role that should not be."""
        for error in self.wrong:
            raise error

    def deliver_all(self) -> None:
        """All that is on its way, and what comes of it."""
        self.poll()
        many = MANY
        while self.bag or self.batch():
            while self.bag:
                self.deliver(self.bag.pop(0))
                many -= 1
            assert many > 0, "it has no end"

    def _check_end(self, asking: Asking) -> None:
        state, about = asking.exchange.state, (asking.kind, asking.exchange.statuses)
        assert not asking.is_open, about
        # Who goes on from before it chose may choose otherwise.
        if asking.is_hopeless or (asking.is_rejected and not asking.is_excused):
            assert (state, asking.exchange.certificates) == ("failed", ()), about
        elif asking.kind == "revocation":
            assert asking.is_excused or state == "done", about
        elif asking.shares:
            same = [each for each in self.all if each.identification == asking.identification]
            served = [each for each in same if each.exchange.certificates]
            is_sure = not any(x.is_excused or x.is_rejected or x.refused for x in same)
            assert len(served) == 1 if is_sure else len(served) < 2, about
        elif not asking.is_excused:
            wanted = asking.keys - asking.refused
            found = {spki(each.public_key()) for each in asking.exchange.certificates}
            assert found == wanted, about
            assert state == ("done" if wanted else "failed"), about

    def _check_overlap(self) -> None:
        """What was replaced is revoked in the end, where the CA does that, and nothing else."""
        after = self.rules.revoke_replaced_after
        self.now += after or timedelta(minutes=2)
        self.ca.settle()
        for each in self.all:
            if each.kind == "renewal" and each.exchange.state == "done" and after is not None:
                assert each.old is not None
                assert each.old.serial_number in self.revoked
