"""A certification authority that decides through hooks and loses nothing (RFC 10002 §3 to §6).

It takes requests as octets and answers with octets. Whoever embeds it keeps issuing, policy and
database: the authority calls them, and keeps in its store what must survive a crash. A request is
claimed, decided, issued, recorded and answered, each step durable before the next.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, final

from cryptography import x509

from cmcodec import types
from cmcodec.controls.names import CertificateNames, comparable
from cmcodec.message import load
from cmcodec.roles import public_keys, records
from cmcodec.roles.applications import (
    Revocation,
    application_of,
    application_record,
)
from cmcodec.roles.decisions import Issue, Pend, Refuse, default_policy
from cmcodec.roles.rules import Rules
from cmcodec.roles.service import enrolment, later, services
from cmcodec.roles.service.arrivals import Reader
from cmcodec.roles.service.cases import Case, Status, try_later
from cmcodec.roles.service.issued import Issued, IssuedCertificate
from cmcodec.roles.service.replies import Replies
from cmcodec.roles.service.server import Server
from cmcodec.roles.service.statements import keys_of
from cmcodec.roles.store import Kind
from cmcodec.types.controls import CMCStatus
from cmcodec.verify.certificates import certificates_octets
from cmcodec.verify.references import request_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cmcodec.builders import ResponseBuilder
    from cmcodec.cms.opening import Opened, Unsigned
    from cmcodec.cms.recipients import Recipient, RecipientKey
    from cmcodec.cms.signing import SigningKey
    from cmcodec.errors import ProofError
    from cmcodec.roles.applications import Application, Issuer, Requester
    from cmcodec.roles.decisions import Decision, Policy
    from cmcodec.roles.secrets import Lookup
    from cmcodec.roles.service.cases import Asked
    from cmcodec.roles.service.server import Call
    from cmcodec.roles.store import Store, Transaction
    from cmcodec.verify.given import CertificateLike, Certificates, Trust
    from cmcodec.verify.verdict import Kind as MessageKind

__all__ = ["CertificationAuthority", "Outcome", "Processed"]

_LOG: Final = logging.getLogger("cmcodec.roles")


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one certification request.

    ``path``: ids in cmsSequence, then its own. ``application_id`` is None where no policy was
    asked. ``error``: what a hook raised.
    """

    path: tuple[int, ...]
    application_id: bytes | None
    status: types.CMCStatus
    fail_info: int | None
    certificate: x509.Certificate | None = None
    error: Exception | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Processed:
    """An answer, and what is behind it.

    ``outcomes``: in the order of the requests, those of batches within batches too. ``statuses``:
    what is said of the message, its requests and controls and those inside it, with the failInfo.
    Both are empty where the answer is one that was given before.
    """

    octets: bytes
    outcomes: tuple[Outcome, ...] = ()
    statuses: tuple[tuple[types.CMCStatus, int | None], ...] = ()

    @property
    def kind(self) -> MessageKind:
        """Which kind of message the answer is."""
        return load(self.octets).kind if self.octets else "other"


@final
@dataclass(frozen=True, kw_only=True)
class CertificationAuthority:
    """Answers PKI requests; safe to call from many threads and processes that share a store.

    ``signer`` signs the answers, with a certificate that clients trust; it need not be the issuer.
    ``issue`` makes certificates (`Issuer`). ``store``: see `cmcodec.stores`. ``policy`` decides;
    by default whoever is authenticated gets what is asked for. ``rules``: `Rules`. ``trust``: trust
    anchors of requesters, or a callback; nobody by default. ``authorised_ras``: their certificates,
    or a function that knows them. ``keys`` open encrypted requests. ``chain``: certificates that go
    with every issued one. ``secrets``: who knows shared secrets, by default the store; a callback
    counts their uses itself.

    ``revoke``, ``publish``: do it; LookupError says that there is no such certificate. Both may be
    called again after a crash. ``certificate``, ``crl``: find the DER of one, or None. ``decorate``
    adds to an answer before it is signed. ``recipients``: who reads the answer to an encrypted
    request; by default the certificate that signed, where its key can, or whoever has the secret.
    ``clock``, ``random``: the time, with its zone, and octets by chance.

    Hooks run in the thread of the call. What they raise is logged under ``cmcodec.roles`` and
    given to `process`; the client is told internalCAError, or tryLater for an OSError.
    """

    signer: SigningKey
    issue: Issuer
    store: Store = field(repr=False)
    policy: Policy = default_policy
    rules: Rules = field(default_factory=Rules)
    trust: Trust = ()
    authorised_ras: Iterable[CertificateLike] | Callable[[x509.Certificate], bool] = ()
    keys: Iterable[RecipientKey] = field(default=(), repr=False)
    chain: Certificates = ()
    secrets: Lookup | None = field(default=None, repr=False)
    revoke: Callable[[Revocation], None] | None = None
    certificate: Callable[[types.GeneralName, int], bytes | None] | None = None
    crl: Callable[[types.GetCRL], bytes | None] | None = None
    publish: Callable[[types.CMCPublicationInfo], None] | None = None
    decorate: Callable[[Opened | Unsigned, ResponseBuilder], ResponseBuilder] | None = None
    recipients: Callable[[Requester], Iterable[Recipient]] | None = None
    clock: Callable[[], datetime] = now
    random: Callable[[int], bytes] = os.urandom
    _server: Server = field(init=False, repr=False)
    _replies: Replies = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _name_missing_checks()
        reader = Reader(
            trust=self.trust,
            authorised_ras=self.authorised_ras,
            keys=self.keys,
            certificates=self.chain,
            rules=self.rules,
        )
        server = Server(
            store=self.store,
            reader=reader,
            rules=self.rules,
            secrets=self.secrets,
            random=self.random,
        )
        replies = Replies(
            signer=self.signer,
            chain=certificates_octets("chain", self.chain),
            rules=self.rules,
            decorate=self.decorate,
            recipients=self.recipients,
            clock=self.clock,
            random=self.random,
        )
        object.__setattr__(self, "_server", server)
        object.__setattr__(self, "_replies", replies)

    # --- requests ----------------------------------------------------------------------------

    def respond(self, octets: bytes) -> bytes:
        """The answer to a request (R-017); empty where there is to be none.

        Raises nothing for what a peer sent, nor for a store or a hook that fails.
        """
        return self.process(octets).octets

    def process(self, octets: bytes) -> Processed:
        """`respond`, and what became of each request."""
        (processed,) = self.process_all([octets])
        return processed

    def process_all(self, messages: Iterable[bytes]) -> tuple[Processed, ...]:
        """`process` of many, verified together on all cores, in the few transactions of one.

        Each is answered as if it had come alone, but later: when all are. What stands there twice
        is worked on once. A server collects in this way what comes while it is at work.
        """
        given = list(messages)
        together = list(dict.fromkeys(given))
        call = self._server.call(self.clock())
        try:
            found = self._process(together, call)
        except Exception as error:
            if len(together) == 1 or isinstance(error, OSError):
                found = [self._failed(octets, error) for octets in together]
            else:
                # Nobody suffers from what came beside it.
                found = [self._process_alone(octets, call) for octets in together]
        by_octets = dict(zip(together, found, strict=True))
        return tuple(by_octets[octets] for octets in given)

    def _process_alone(self, octets: bytes, call: Call) -> Processed:
        try:
            return self._process([octets], call)[0]
        except Exception as error:
            return self._failed(octets, error)

    def _failed(self, octets: bytes, error: Exception) -> Processed:
        _LOG.error("a request failed: %r", error, exc_info=error)
        refused = Status.raised(error)
        return _processed(self._replies.refusal(octets, refused), (), [refused])

    def _process(self, messages: list[bytes], call: Call) -> list[Processed]:
        def follow(transaction: Transaction, case: Case) -> bool:
            return services.follow(transaction, case, call)

        roots = self._server.receive(messages, call, follow)
        cases = [case for root in roots for case in root.walk_open()]
        if cases:
            self._work(cases, call)
        due = self._answer(roots, cases, call)
        later.run(self._server, self._hooks(), due, call.now)
        return [_processed(root.answer, _outcomes(root), _statuses(root)) for root in roots]

    def _work(self, cases: list[Case], call: Call) -> None:
        """Everything between the claim of the messages and their answers."""
        for case in cases:
            if case.follows.polls:
                services.poll(case)
                enrolment.challenge(self._server, case)
            else:
                enrolment.prepare(self._server, case)
                enrolment.challenge(self._server, case)
                enrolment.decide(case, self.policy)
                enrolment.challenge(self._server, case)
        self._server.unit(lambda transaction: self._keep_decisions(transaction, cases, call))
        made: dict[bytes, Issued] = {}
        for case in cases:
            if case.is_open:
                for asked in case.asked:
                    self._act(case, asked, made)
                self._serve(case)
        self._server.unit(lambda transaction: self._record(transaction, cases, call))

    def _keep_decisions(self, transaction: Transaction, cases: list[Case], call: Call) -> None:
        """What was decided, before anything is done about it; what is blocked is refused."""
        for case in cases:
            if not self._server.holds(transaction, case):
                # It took so long that another call took the message over.
                case.is_busy = True
                continue
            services.authorise(
                transaction,
                case,
                call,
                limit=self.rules.secret_attempts,
                lookup=self.secrets,
            )
            enrolment.refuse_blocked(transaction, case)
            enrolment.accept_answers(transaction, case, call.now)
            if any(each.decision is not None and each.poll is None for each in case.asked):
                self._server.keep_claim(transaction, case, call)

    def _act(self, case: Case, asked: Asked, made: dict[bytes, Issued]) -> None:
        """Does what was decided about one request; ``made``: what was issued in this call.

        A message that stands twice in a batch has one application, and so one certificate.
        """
        if asked.status is not None:
            return
        decision, application = asked.decision, asked.application
        assert application is not None
        number = asked.number
        match decision:
            case Issue(template):
                if asked.issued is None:
                    asked.issued = made.get(application.id)
                if asked.issued is None:
                    self._issue(asked, template)
                if asked.issued is not None:
                    made[application.id] = asked.issued
                if asked.certificate is not None:
                    case.certificates += (asked.certificate,)
                    is_settled = not self.rules.confirm
                    status = CMCStatus.SUCCESS if is_settled else CMCStatus.CONFIRM_REQUIRED
                    asked.status = Status(status, (number,))
            case Refuse(fail_info, text):
                asked.status = Status.failed(fail_info, number, text=text)
            case Pend(until):
                asked.status = Status(
                    CMCStatus.PENDING, (number,), token=application.id, time=until
                )

    def _issue(self, asked: Asked, template: types.CertTemplate | None) -> None:
        """Calls the issuer; its certificate is of the key that was asked for."""
        assert asked.application is not None
        try:
            decided = asked.application.decided(template)
            made = self.issue(decided, decided.template)
            certificate = x509.load_der_x509_certificate(made) if isinstance(made, bytes) else made
            issued, key = Issued.of(certificate), decided.template.public_key
            if key is None or issued.public_key != key.to_der():
                raise ValueError("the issuer returned a certificate of another key")
            if _has_name_of_issuer(issued):
                # Clients take what it signs for an answer of this CA (RFC 10002 §9.1).
                raise ValueError("the issuer returned a certificate with its own name")
        except Exception as error:
            enrolment.fail_for(asked, error)
        else:
            asked.issued = issued

    def _serve(self, case: Case) -> None:
        """What is asked for beside certificates (§6.9 to §6.14, §6.18)."""
        services.revoke(case, self.revoke)
        services.fetch(case, self.certificate, self.crl)
        services.publish(case, self.publish)

    # --- what is recorded --------------------------------------------------------------------

    def _record(self, transaction: Transaction, cases: list[Case], call: Call) -> None:
        """Certificates, applications that wait, and challenges."""
        expires = call.now + self.rules.answers_kept
        for case in cases:
            if not case.is_open:
                continue
            case.due = services.confirm(transaction, case, call.now, self.random)
            enrolment.keep_challenges(transaction, case, call.now, expires)
            later.record_issued(transaction, case, call.now, self.rules, self.random)
            for asked in case.asked:
                self._record_application(transaction, case, asked, call)

    def _record_application(
        self,
        transaction: Transaction,
        case: Case,
        asked: Asked,
        call: Call,
    ) -> None:
        """An application that is pending, or was: its token is its id."""
        application, decision = asked.application, asked.decision
        if application is None:
            return
        known = asked.known
        if known is not None:
            issued = asked.issued
            if issued is not None or isinstance(decision, Refuse):
                made = None if issued is None else records.text(issued.octets)
                found = {**known, "certificate": made}
                expires = call.now + self.rules.answers_kept
                records.put(transaction, Kind.APPLICATION, application.id, found, expires=expires)
            return
        if not isinstance(decision, Pend) or not asked.is_pending:
            return
        if transaction.get(Kind.APPLICATION, application.id) is not None:
            # Kept by a call that came no further; somebody may have decided meanwhile.
            return
        is_first = asked is next(each for each in case.asked if each.is_pending)
        record = {
            "application": application_record(application),
            "who": [*dict.fromkeys((*case.who, *keys_of(asked.request)))],
            "transaction": records.hexadecimal(application.transaction_id),
            "exchange": records.text(case.exchange),
            "since": records.seconds(call.now),
            "until": records.seconds(decision.until),
            "decision": None,
            "certificate": None,
            "actions": case.actions if is_first else [],
        }
        records.put(transaction, Kind.APPLICATION, application.id, record)

    # --- answers -----------------------------------------------------------------------------

    def _answer(self, roots: list[Case], cases: list[Case], call: Call) -> list[bytes]:
        """Writes the answers, innermost first, and keeps them; returns what is due now."""
        self._write(roots, call)
        for case in cases:
            for status in case.all_statuses():
                if status.fail_info is not None:
                    digest = case.arrival.digest.hex()[:16]
                    _LOG.info("%s refused: %s", digest, status)

        def keep(transaction: Transaction) -> list[bytes]:
            due: list[dict[str, Any]] = []
            for case in cases:
                if not self.rules.confirm:
                    due += later.collected(transaction, case, call.now)
                self._keep_parts(transaction, case, call)
                self._server.keep_answer(transaction, case, call)
            transaction.expire(call.now, limit=100)
            return later.keep_due(transaction, due, call.now, self.random)

        found = self._server.unit(keep) if cases else []
        return [*found, *(key for case in cases for key in case.due)]

    def _keep_parts(self, transaction: Transaction, case: Case, call: Call) -> None:
        for token, answers in case.parts.items():
            record = {
                "answers": list(map(records.text, answers)),
                "who": case.who,
                "transaction": records.hexadecimal(case.transaction_id),
            }
            expires = call.now + self.rules.answers_kept
            records.put(transaction, Kind.PART, token, record, expires=expires)

    def _write(self, roots: list[Case], call: Call) -> None:
        """Every answer: those of members together, then those of the batches around them."""
        levels: dict[int, list[Case]] = {}
        inside = (member for root in roots for case in root.walk_open() for member in case.members)
        for case in (*roots, *inside):
            levels.setdefault(len(case.arrival.path), []).append(case)
        for depth in sorted(levels, reverse=True):
            answers = [(case, _members_of(case)) for case in levels[depth]]
            self._replies.write([case for case, within in answers if not within])
            for case, within in answers:
                if within:
                    self._replies.write_batch(case, within, call.now)

    def _hooks(self) -> later.Hooks:
        return {"revoke": self.revoke, "publish": self.publish}

    # --- applications that wait --------------------------------------------------------------

    def pending(self) -> Iterator[Application]:
        """The applications that somebody has to decide about, in the order of their ids."""
        after, moment = b"", self.clock()
        while found := self._server.unit(partial(_scan, Kind.APPLICATION, after)):
            for after, value in found:  # noqa: B007 - the last is where to go on
                record = records.loaded(value, moment)
                if record is not None and record["decision"] is None:
                    since, until = records.time(record["since"]), records.time(record["until"])
                    application = application_of(record["application"])
                    yield replace(application, since=since, until=until)

    def decide(self, application_id: bytes, decision: Decision) -> None:
        """Decides about an application that waits; the client learns of it when it asks again.

        Raises `LookupError` where no such application waits.
        """
        moment = self.clock()

        def keep(transaction: Transaction) -> None:
            record = records.read(transaction, Kind.APPLICATION, application_id, moment)
            if record is None or record["decision"] is not None:
                raise LookupError(f"no application {application_id.hex()} waits")
            decided = None if isinstance(decision, Pend) else enrolment.decision_record(decision)
            records.put(
                transaction, Kind.APPLICATION, application_id, {**record, "decision": decided}
            )

        self._server.unit(keep)

    def issued(self) -> Iterator[IssuedCertificate]:
        """The certificates that were issued and have not ended, in no order that means anything."""
        after, moment = b"", self.clock()
        while found := self._server.unit(partial(_scan, Kind.ISSUED, after)):
            for after, value in found:  # noqa: B007 - the last is where to go on
                record = records.loaded(value, moment)
                if record is not None:
                    yield IssuedCertificate.of(record)

    def find_issued(self, certificate: types.IssuerAndSerialNumber) -> IssuedCertificate | None:
        """One of them; None where there is none."""
        moment = self.clock()
        return self._server.unit(
            lambda transaction: IssuedCertificate.read(transaction, certificate, moment)
        )

    def settle(self) -> int:
        """Finishes what a crash or the clock left; says how much of it.

        Confirmations that did not come, old certificates whose time has come, what could not be
        published or revoked; and what has expired is removed. To be called from time to time.
        """
        return later.finish(self._server, self._hooks(), self.clock())


@cache
def _name_missing_checks() -> None:
    """Says once in a process which weaknesses keys are not checked for (R-210)."""
    missing = public_keys.missing()
    if missing:
        _LOG.warning("public keys are not checked for: %s", ", ".join(missing))


def _has_name_of_issuer(issued: Issued) -> bool:
    # By its octets: a certificate of ``cryptography`` keeps the names that were asked for.
    names = CertificateNames.of(issued.octets)
    subject, issuer = map(types.Name.from_der, (names.subject, names.issuer))
    return comparable(subject) == comparable(issuer)


def _scan(kind: Kind, after: bytes, transaction: Transaction) -> list[tuple[bytes, bytes]]:
    return transaction.scan(kind, after=after)


def _members_of(case: Case) -> list[bytes]:
    """The answers that go into the answer to a batch, or the next part of them."""
    if not case.is_open:
        return []
    parts = [part for record in case.follows.parts.values() for part in record["answers"]]
    return [member.answer for member in case.members] or list(map(records.octets, parts))


def _processed(answer: bytes, outcomes: Iterable[Outcome], statuses: Iterable[Status]) -> Processed:
    said = tuple((CMCStatus(each.status), each.fail_info) for each in statuses)
    return Processed(octets=answer, outcomes=tuple(outcomes), statuses=said)


def _statuses(case: Case) -> Iterator[Status]:
    """What is said of a message as a whole, or of what is in it."""
    for each in case.walk():
        if each.failure is not None:
            yield Status.of(each.failure)
        elif each.is_busy:
            yield try_later()
        else:
            yield from each.all_statuses()


def _outcomes(case: Case, around: ProofError | None = None) -> Iterator[Outcome]:
    """What became of each request; ``around``: what is wrong with the batch that they came in."""
    failure = case.failure or around
    if failure is not None:
        for request in case.arrival.claimed_requests:
            yield Outcome(
                path=(*case.arrival.path, request_id(request)),
                application_id=None,
                status=CMCStatus.FAILED,
                fail_info=failure.fail_info,
            )
    for asked in case.asked:
        if failure is None and asked.status is not None:
            yield Outcome(
                path=(*case.arrival.path, asked.number),
                application_id=asked.application and asked.application.id,
                status=CMCStatus(asked.status.status),
                fail_info=asked.status.fail_info,
                certificate=asked.certificate,
                error=asked.error,
            )
    for member in case.members:
        yield from _outcomes(member, failure)
