"""A registration authority: checks, vouches, batches and relays (RFC 10002 §6.17 to §6.21 and §8).

It stands between end entities and a CA, or another RA. It checks what it can and says so beside the
requests, which it never touches. What it has received is kept until the answer came back.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, final

from cmcodec import types
from cmcodec.builders import BatchRequestBuilder, RequestBuilder
from cmcodec.builders.finished import finished, tagged
from cmcodec.cms import encrypt, sign_envelope
from cmcodec.errors import CMCError, EncodeError
from cmcodec.reasons import Reason
from cmcodec.roles import records
from cmcodec.roles.ca import now
from cmcodec.roles.registration import forwarding, outbox
from cmcodec.roles.registration.delivering import Deliveries, Delivery
from cmcodec.roles.registration.forwarding import Entry, Said
from cmcodec.roles.registration.generated import generated
from cmcodec.roles.registration.intake import Intake, Received, forward
from cmcodec.roles.registration.relaying import Upstream
from cmcodec.roles.rules import Rules
from cmcodec.roles.service.arrivals import Reader
from cmcodec.roles.service.replies import Replies
from cmcodec.roles.service.server import Server
from cmcodec.roles.store import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from cryptography import x509

    from cmcodec.cms.recipients import Recipient, RecipientKey
    from cmcodec.cms.signing import SigningKey
    from cmcodec.roles.applications import Requester
    from cmcodec.roles.decisions import Policy
    from cmcodec.roles.registration.outbox import Sent
    from cmcodec.roles.secrets import Lookup
    from cmcodec.roles.service.server import Call
    from cmcodec.roles.store import Store, Transaction
    from cmcodec.verify.given import CertificateLike, Trust

__all__ = ["Batch", "Delivery", "Received", "RegistrationAuthority", "forward"]

_LOG: Final = logging.getLogger("cmcodec.roles")
_ROUNDS: Final = 2
"""A request, and the confirmation of its certificate."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A message for the next server, and the ids of what is in it, in its order."""

    octets: bytes
    ids: tuple[bytes, ...]


@final
@dataclass(frozen=True, kw_only=True)
class RegistrationAuthority:
    """Between clients and the next server; safe in many threads and processes with one store.

    ``signer``: its key, with a certificate that the next server knows as that of an RA. ``policy``:
    Issue() sends on, with a template by modCertTemplate; Pend holds until the client asks again,
    when the policy is asked again; Refuse answers; Challenge asks for possession. By default
    everything goes on that the next server can judge itself, so that a bare PKCS#10 has to be
    vouched for, or to be decided about. ``rules``, ``store``, ``secrets``, ``recipients``,
    ``clock``, ``random``: as for a `CertificationAuthority`. ``trust``: anchors of clients; nobody
    by default. ``authorised_ras``: RAs whose batches it takes. ``keys``: open what clients encrypt.

    ``upstream_trust``: anchors of the next server. ``encrypt_to``: whom its messages are encrypted
    for, and ``upstream_keys`` open what comes back.
    """

    signer: SigningKey
    store: Store = field(repr=False)
    policy: Policy = forward
    rules: Rules = field(default_factory=Rules)
    trust: Trust = ()
    authorised_ras: Iterable[CertificateLike] | Callable[[x509.Certificate], bool] = ()
    keys: Iterable[RecipientKey] = field(default=(), repr=False)
    secrets: Lookup | None = field(default=None, repr=False)
    upstream_trust: Trust = ()
    upstream_keys: Iterable[RecipientKey] = field(default=(), repr=False)
    encrypt_to: Iterable[Recipient] = ()
    recipients: Callable[[Requester], Iterable[Recipient]] | None = None
    clock: Callable[[], datetime] = now
    random: Callable[[int], bytes] = os.urandom
    _server: Server = field(init=False, repr=False)
    _replies: Replies = field(init=False, repr=False)
    _intake: Intake = field(init=False, repr=False)
    _deliveries: Deliveries = field(init=False, repr=False)

    def __post_init__(self) -> None:
        reader = Reader(
            trust=self.trust,
            authorised_ras=self.authorised_ras,
            keys=self.keys,
            certificates=(),
            rules=self.rules,
            enters_batches=False,
        )
        server = Server(
            store=self.store,
            reader=reader,
            rules=self.rules,
            secrets=self.secrets,
            random=self.random,
            is_final=False,
        )
        replies = Replies(
            signer=self.signer,
            chain=(),
            rules=self.rules,
            decorate=None,
            recipients=self.recipients,
            clock=self.clock,
            random=self.random,
        )
        upstream = Upstream(trust=self.upstream_trust, keys=tuple(self.upstream_keys))
        intake = Intake(
            server=server,
            replies=replies,
            policy=self.policy,
            signer=self.signer,
            rules=self.rules,
            random=self.random,
        )
        deliveries = Deliveries(
            server=server,
            replies=replies,
            upstream=upstream,
            signer=self.signer,
            rules=self.rules,
            random=self.random,
        )
        object.__setattr__(self, "encrypt_to", tuple(self.encrypt_to))
        object.__setattr__(self, "_server", server)
        object.__setattr__(self, "_replies", replies)
        object.__setattr__(self, "_intake", intake)
        object.__setattr__(self, "_deliveries", deliveries)

    # --- from clients ------------------------------------------------------------------------

    def receive(self, octets: bytes) -> Received:
        """Takes a message of a client; raises nothing for what is in it, nor for its store."""
        (received,) = self.receive_all([octets])
        return received

    def receive_all(self, messages: Iterable[bytes]) -> tuple[Received, ...]:
        """Many, verified together on all cores, in one transaction."""
        return self._intake.receive(list(messages), self._server.call(self.clock()))

    # --- without a message of a client -------------------------------------------------------

    def vouch(
        self, csr: x509.CertificateSigningRequest | bytes, *, by: str, identity: str
    ) -> Received:
        """Takes a PKCS#10 of a client without CMC, which somebody vouches for (§6.20).

        ``by``: who does, ``identity``: for whom; both are kept with the record and logged, not
        sent. The answer that comes back is certificates alone, or a Full PKI Response of the RA
        that says why there are none. Raises what `RequestBuilder.add_request` raises.
        """
        asked = finished(csr)
        if not isinstance(asked, types.CertificationRequest):
            raise EncodeError(Reason.BAD_TYPE, None, "csr")
        received = self._own(tagged(asked, 1), "vouched", by=by, identity=identity)
        _LOG.info("%s: %s vouches for %s", received.id.hex(), by, identity)
        return received

    def generate(
        self,
        subject: x509.Name,
        *,
        deliver_to: Recipient,
        extensions: Iterable[x509.Extension[Any]] = (),
        key: str = "rsa2048",
    ) -> Received:
        """Makes a key for a client, and asks for its certificate (§6.21, RFC 5958).

        ``deliver_to``: who reads the key. It is encrypted at once, and kept nowhere else.
        ``key``: ``rsa2048``, ``rsa3072``, ``rsa4096``, ``p256``, ``p384``, ``p521``, ``ed25519``,
        ``mldsa65``, ``x25519``, ``mlkem768``. The answer that comes back has the CA's response and
        the key. Raises `ValueError` for another name, `UnsupportedError` where ``cryptography``
        does not make such keys.
        """
        request, package = generated(
            subject, deliver_to, extensions=extensions, key=key, random=self.random
        )
        received = self._own(request, "generated", package=package)
        _LOG.info("%s: a key was made for %s", received.id.hex(), subject.rfc4514_string())
        return received

    def _own(self, request: types.TaggedRequest, way: str, **more: Any) -> Received:
        """A request that the RA makes for somebody, in a PKIData and a transaction of its own."""
        call = self._server.call(self.clock())
        about = Said(identified=(1,), possessed=(1,) if way == "generated" else ())
        octets, key = forwarding.own(request, about, self.signer, self.random)
        entry = Entry(octets, Said(), way, None, {"transaction": key, **more})
        identifier = self.random(16)

        def keep(transaction: Transaction) -> None:
            outbox.put(transaction, identifier, entry.record(), call.now)

        self._server.unit(keep)
        return Received(id=identifier)

    # --- to the next server ------------------------------------------------------------------

    def waiting(self, limit: int = 10_000) -> int:
        """How many messages wait for `batch`, up to a limit."""
        return self._server.unit(
            lambda transaction: len(transaction.scan(Kind.WAITING, limit=limit))
        )

    def batch(
        self,
        limit: int = 10_000,
        max_size: int = 16 * 2**20,
        *,
        waited: timedelta | None = None,
    ) -> Batch | None:
        """The next message for the next server, None where nothing waits.

        With up to ``limit`` requests of ``max_size`` octets together, or one that is longer, in the
        order in which they came. ``waited``: only those that have waited for so long, where others
        are sent alone by `respond`. A batch that is not answered within `Rules.claim_for` is given
        again, with the same octets, until it is. Raises `ValueError` for a limit below 1, and what
        the store and the signer raise; then it is given again later.
        """
        if limit < 1:
            raise ValueError("limit: at least one")
        call = self._server.call(self.clock())
        until = call.now + self.rules.claim_for
        came_by = None if waited is None else call.now - waited

        def take(transaction: Transaction) -> Sent | None:
            return outbox.overdue(transaction, call.now, until) or outbox.take(
                transaction,
                limit=limit,
                max_size=max_size,
                came_by=came_by,
                until=until,
                random=self.random,
            )

        while (found := self._server.unit(take)) is not None:
            octets = self._octets(found, call)
            if octets is not None:
                return Batch(octets=octets, ids=tuple(found.ids))
        return None

    def _octets(self, sent: Sent, call: Call) -> bytes | None:
        """Those of a batch (§6.17); None where it was answered meanwhile."""

        def read(transaction: Transaction) -> tuple[bytes | None, list[dict[str, Any]] | None]:
            known = outbox.octets_of(transaction, sent, call.now)
            if known is not None or outbox.sent(transaction, sent.key, call.now) is None:
                return known, None
            return None, outbox.entries(transaction, sent.ids, call.now)

        octets, entries = self._server.unit(read)
        if entries is None:
            return octets
        made = self._sealed(self._signed(sent, entries))
        return self._server.unit(
            lambda transaction: outbox.octets_of(transaction, sent, call.now, made)
        )

    def _signed(self, sent: Sent, entries: list[dict[str, Any]]) -> bytes:
        """A batch, and what the RA says of the messages in it."""
        assert sent.nonce is not None
        builder = BatchRequestBuilder(random=_giving(sent.nonce))
        builder = builder.transaction(int.from_bytes(sent.key, "big"))
        builder = builder.add_all(records.octets(entry["octets"]) for entry in entries)
        # Ids are given in this order: those of the transaction id and the nonce come first.
        for member, entry in enumerate(entries, 3):
            for attr_type, value in Said.of(entry["said"]).controls(member):
                builder = builder.add_control(value, attr_type)
        return builder.sign(self.signer)

    def _sealed(self, octets: bytes) -> bytes:
        """For the next server alone, where it is to be encrypted: Option 2 (R-072, R-245)."""
        if not self.encrypt_to:
            return octets
        return sign_envelope(encrypt(octets, self.encrypt_to, random=self.random), self.signer)

    def due(self) -> tuple[bytes, ...]:
        """The queryPending messages whose time has come (§6.13).

        For the rest of batches that are answered in part, and for requests of clients without CMC.
        What is not answered within `Rules.claim_for` is asked again.
        """
        call = self._server.call(self.clock())
        until = call.now + self.rules.claim_for
        polls = self._server.unit(partial(outbox.polls, call.now, until, self.random))
        made = []
        for sent in polls:
            assert sent.nonce is not None
            assert sent.token is not None
            builder = RequestBuilder(random=_giving(sent.nonce))
            builder = builder.transaction(int.from_bytes(sent.key, "big"))
            octets = builder.add_control(types.QueryPending(sent.token)).sign(self.signer)
            made.append(self._sealed(octets))
        return tuple(made)

    # --- from the next server ----------------------------------------------------------------

    def deliver(self, response: bytes) -> tuple[Delivery, ...]:
        """The answers in a response of the next server, each for whom it is.

        An answer that says tryLater or internalCAError for the whole message delivers nothing: the
        message is sent again. The same response delivers the same once more, as long as
        `Rules.answers_kept` says. Raises what `load` and `Message.open` raise, `ProofError` for a
        response to something else, and what the store raises; then nothing is delivered.
        """
        return self._deliveries.deliver(response, self._server.call(self.clock()))

    # --- one at a time -----------------------------------------------------------------------

    def respond(self, octets: bytes, upstream: Callable[[bytes], bytes] | None = None) -> bytes:
        """One request through: the answer of the next server, which ``upstream`` asks.

        RAs are chained by it. Where ``upstream`` raises an OSError, or its answer is none, the
        client is told tryLater, and the next time the same message is sent on. Without
        ``upstream`` it waits for `batch`, and is answered so until its answer was delivered.
        """
        received = self.receive(octets)
        if received.answer is not None:
            return received.answer
        if upstream is not None:
            try:
                self._send(received.id, upstream)
            except (OSError, CMCError) as error:
                _LOG.error("%s is put off: %r", received.id.hex(), error, exc_info=error)
        moment = self._server.call(self.clock()).now
        try:
            record = self._server.unit(
                lambda transaction: outbox.entry(transaction, received.id, moment)
            )
        except OSError:
            record = None
        answer = None if record is None else record.get("answer")
        return self._intake.put_off(octets, moment) if answer is None else records.octets(answer)

    def _send(self, identifier: bytes, upstream: Callable[[bytes], bytes]) -> None:
        """Sends something received alone, as long as the RA has something to ask for it."""
        call = self._server.call(self.clock())
        until = call.now + self.rules.claim_for
        take = partial(outbox.take_one, identifier, call.now, until, self.random)
        for _ in range(_ROUNDS):
            sent = self._server.unit(take)
            asked = None if sent is None else self._octets(sent, call)
            if asked is None or not self.deliver(upstream(asked)):
                break


def _giving(nonce: bytes) -> Callable[[int], bytes]:
    """What gives a builder the nonce that is known already."""
    return lambda _: nonce
