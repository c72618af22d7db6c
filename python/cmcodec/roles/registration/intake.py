"""From the messages of clients to what goes on, is held, or is answered (RFC 10002 §8)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, final

from cmcodec import oids
from cmcodec.builders.batches import REQUESTS
from cmcodec.errors import DecodeError, ProofError
from cmcodec.limits import DEFAULT_MESSAGE_LAYERS, MAX_CLIENT_LAYERS
from cmcodec.message import load
from cmcodec.reasons import Reason, Rule
from cmcodec.roles import records
from cmcodec.roles.applications import Requester, requester_of, requester_record
from cmcodec.roles.decisions import Challenge, Issue, Pend, Refuse
from cmcodec.roles.registration import forwarding, outbox
from cmcodec.roles.registration.forwarding import Entry, Said
from cmcodec.roles.registration.relaying import relay
from cmcodec.roles.service import enrolment, services
from cmcodec.roles.service.arrivals import failure_of
from cmcodec.roles.service.cases import Status, try_later
from cmcodec.roles.service.statements import identification
from cmcodec.roles.store import Kind
from cmcodec.types.controls import CMCFailInfo, CMCStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cmcodec.cms.signing import SigningKey
    from cmcodec.roles.applications import Application
    from cmcodec.roles.decisions import Decision, Policy
    from cmcodec.roles.rules import Rules
    from cmcodec.roles.service.cases import Case
    from cmcodec.roles.service.replies import Replies
    from cmcodec.roles.service.server import Call, Server
    from cmcodec.roles.store import Transaction

__all__ = ["Intake", "Received", "forward"]

_LOG: Final = logging.getLogger("cmcodec.roles")


def forward(_: Application) -> Decision:
    """Everything goes on that the next server can judge itself: the default of RAs.

    A bare PKCS#10 does not: in a message of the RA the next server takes it as vouched for.
    """
    return Issue()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What an RA received: its id, and the answer where the RA refuses or holds it."""

    id: bytes
    answer: bytes | None = None


@final
class Intake:
    """Takes the messages of the clients of one RA."""

    def __init__(
        self,
        *,
        server: Server,
        replies: Replies,
        policy: Policy,
        signer: SigningKey,
        rules: Rules,
        random: Callable[[int], bytes],
    ) -> None:
        self._server, self._replies, self._policy = server, replies, policy
        self._signer, self._rules, self._random = signer, rules, random

    def receive(self, messages: Sequence[bytes], call: Call) -> tuple[Received, ...]:
        """Verified together, and kept in one transaction."""
        try:
            return self._receive(messages, call)
        except Exception as error:
            if len(messages) > 1 and not isinstance(error, OSError):
                # Nobody suffers from what came beside it.
                return tuple(self.receive([each], call)[0] for each in messages)
            _LOG.error("%d requests failed: %r", len(messages), error, exc_info=error)
            status = Status.raised(error)
        return tuple(
            Received(id=self._random(16), answer=self._replies.refusal(each, status))
            for each in messages
        )

    def _receive(self, messages: Sequence[bytes], call: Call) -> tuple[Received, ...]:
        def follow(transaction: Transaction, case: Case) -> bool:
            return services.follow(transaction, case, call, is_final=False)

        cases = self._server.receive(messages, call, follow)
        claimed = [case for case in cases if case.is_open]
        entries = {case: self._entry(case, call) for case in claimed}
        self._replies.write(
            [case for case in cases if entries.get(case) is None and _is_here(case)]
        )

        def keep(transaction: Transaction) -> tuple[Received, ...]:
            made = []
            first = outbox.next_place(transaction, call.now)
            for place, case in enumerate(cases, first):
                entry = entries.get(case)
                if entry is not None:
                    made.append(self._keep_waiting(transaction, case, entry, call, place))
                elif case in entries:
                    made.append(self._keep_answered(transaction, case, call))
                else:
                    made.append(_known(transaction, case, call, self._random))
            transaction.expire(call.now, limit=100)
            return tuple(made)

        return self._server.unit(keep)

    def put_off(self, octets: bytes, now: datetime) -> bytes:
        """The answer to a message that was received and has none yet: tryLater, under its MAC."""
        try:
            (case,) = self._server.reopen([(octets, Requester(kind="none"))], now)
            case.statuses = (try_later(),)
            self._replies.write([case])
        except OSError:
            return self._replies.refusal(octets, try_later())
        return case.answer

    # --- what becomes of a message -----------------------------------------------------------

    def _entry(self, case: Case, call: Call) -> Entry | None:
        """What goes on of a message; None where it is answered here."""
        held = [(n, record) for n, record in case.follows.polls.items() if record is not None]
        if held:
            return self._again(case, *held[0], call)
        case.failure = _not_in_batches(case)
        if case.failure is not None:
            return None
        if case.arrival.opened is None or case.arrival.is_ra:
            # What it cannot open, and the batch of another RA: the next server's, as a whole.
            return self._going_on(case)
        case.failure = self._not_for_others(case)
        if case.failure is not None:
            return None
        if case.follows.polls:
            return self._going_on(case)
        enrolment.prepare(self._server, case)
        return None if case.failure is not None else self._decided(case, case)

    def _not_for_others(self, case: Case) -> ProofError | None:
        """What the next server would believe the RA, and the RA does not know."""
        revoking = tuple(number for number, _ in case.arrival.control(oids.ID_CMC_REVOKE_REQUEST))
        if forwarding.is_remade(case) and revoking:
            return ProofError(Reason.NOT_PERMITTED, CMCFailInfo.BAD_IDENTITY, revoking)
        named = tuple(number for number, _ in case.arrival.control(oids.ID_CMC_IDENTIFICATION))
        if named and not case.is_proved and case.inherited is not None:
            name = identification(case.arrival)
            if name != case.requester.identification:
                # The RA knows who began the exchange, and that is somebody else.
                return ProofError(Reason.NOT_PERMITTED, CMCFailInfo.BAD_IDENTITY, named)
        if forwarding.is_bare(case) and self._policy is forward:
            return ProofError(Reason.NOT_PERMITTED, CMCFailInfo.BAD_IDENTITY, (1,))
        return None

    def _decided(self, case: Case, asking: Case) -> Entry | None:
        """What the policy says of the requests of ``case``; the answer goes to ``asking``."""
        enrolment.decide(case, self._policy)
        for asked in case.asked:
            match asked.decision:
                case Refuse(fail_info, text):
                    asked.status = Status.failed(fail_info, asked.number, text=text)
                case Challenge():
                    enrolment.ask(self._server, case, asked)
        if any(each.status is not None for each in case.asked):
            _refuse_others(case)
            asking.asked = case.asked
            return None
        times = [each.decision.until for each in case.asked if isinstance(each.decision, Pend)]
        if times:
            numbers = tuple(each.number for each in case.asked)
            asking.held = max(times)
            held = Status(CMCStatus.PENDING, numbers, token=case.exchange, time=asking.held)
            asking.statuses += (held,)
            return None
        return self._going_on(case)

    def _again(self, case: Case, poll: int, held: dict[str, Any], call: Call) -> Entry | None:
        """A client asks for what was held (§6.13).

        The policy is asked again, until the message goes on; then there is one answer to it.
        """
        if held.get("answer"):
            relay(case, load(records.octets(held["answer"])))
            return None
        token, time = records.octets(held["exchange"]), records.time(held["until"])
        pending = (Status(CMCStatus.PENDING, (poll,), token=token, time=time),)
        if held.get("sent"):
            sent = records.octets(held["sent"])
            entry = self._server.unit(lambda transaction: outbox.entry(transaction, sent, call.now))
            if entry is not None and entry["put_off"]:
                octets, about = records.octets(entry["octets"]), Said.of(entry["said"])
                return Entry(octets, about, "remade", case, {"held": token})
            if entry is not None or "octets" not in held:
                case.statuses = pending
                return None
            # It was put off for so long that it is forgotten: as if it had not gone on.
        message = (records.octets(held["octets"]), requester_of(held["requester"]))
        (first,) = self._server.reopen([message], call.now)
        first.exchange, first.is_proved = token, held["proved"]
        first.follows.challenges = {int(n): each for n, each in held["challenges"].items()}
        enrolment.prepare(self._server, first)
        found = self._decided(first, case)
        if found is None and case.held is not None:
            case.held, case.statuses = None, pending
        # The answer is to the message that asks, and about the one that was held.
        more = {"held": token}
        return None if found is None else replace(found, way="remade", original=case, more=more)

    def _going_on(self, case: Case) -> Entry:
        """A message that is sent on."""
        if forwarding.is_bare(case):
            (request,) = case.arrival.requests
            about = forwarding.said(case)
            octets, key = forwarding.own(request, about, self._signer, self._random)
            return Entry(octets, Said(), "bare", case, {"transaction": key})
        if forwarding.is_remade(case):
            return Entry(forwarding.remade(case, self._signer), Said(), "remade", case)
        opened = case.arrival.opened
        message = case.arrival.message if opened is None else opened.message
        way = "opened" if case.arrival.is_encrypted else "as-is"
        about = Said() if opened is None else forwarding.said(case)
        return Entry(message.to_der(), about, way, case)

    # --- what is kept of it ------------------------------------------------------------------

    def _keep_answered(self, transaction: Transaction, case: Case, call: Call) -> Received:
        expires = call.now + self._rules.answers_kept
        enrolment.accept_answers(transaction, case, call.now)
        enrolment.keep_challenges(transaction, case, call.now, expires)
        if case.held is not None:
            self._keep_held(transaction, case)
        self._server.keep_answer(transaction, case, call)
        return Received(id=case.exchange, answer=case.answer)

    def _keep_held(self, transaction: Transaction, case: Case) -> None:
        number = case.transaction_id
        assert case.held is not None
        record = {
            "octets": records.text(case.arrival.message.to_der()),
            "exchange": records.text(case.exchange),
            "requester": requester_record(case.requester),
            "proved": case.is_proved,
            "challenges": case.follows.challenges,
            "who": [*dict.fromkeys((*case.who, *case.claimed))],
            "transaction": None if number is None else f"{number:x}",
            "until": records.seconds(case.held),
            "sent": None,
            "answer": None,
        }
        records.put(transaction, Kind.APPLICATION, case.exchange, record)

    def _keep_waiting(
        self, transaction: Transaction, case: Case, entry: Entry, call: Call, place: int
    ) -> Received:
        """A message waits for the next batch; the same octets are known to wait."""
        identifier = self._random(16)
        is_first = self._is_first(transaction, case, entry, identifier, call)
        known = is_first and self._server.keep_received(transaction, case, identifier, call)
        if not known:
            case.asked, case.statuses = [], (try_later(),)
            self._replies.write([case])
            return self._keep_answered(transaction, case, call)
        if known != identifier:
            return Received(id=known)
        if case.requester.kind == "secret":
            # The next server may challenge it.
            for asked in case.asked:
                is_known = asked.number in case.follows.challenges
                asked.kept = None if is_known else enrolment.seen(case, asked)
            expires = call.now + self._rules.answers_kept
            enrolment.keep_challenges(transaction, case, call.now, expires)
        outbox.put(transaction, identifier, entry.record(), call.now, place)
        return Received(id=identifier)

    def _is_first(
        self, transaction: Transaction, case: Case, entry: Entry, identifier: bytes, call: Call
    ) -> bool:
        """Marks what goes on once only: answers to challenges, and what was held.

        False where another message was faster.
        """
        enrolment.accept_answers(transaction, case, call.now)
        if any(each.status is not None for each in case.asked):
            return False
        token = entry.more.get("held")
        if token is None:
            return True
        held = records.read(transaction, Kind.APPLICATION, token, call.now)
        follows = list(case.follows.polls.values())
        if held is None or held not in follows:
            return False
        sent = {**held, "sent": records.text(identifier)}
        records.put(transaction, Kind.APPLICATION, token, sent)
        return True


def _not_in_batches(case: Case) -> ProofError | None:
    """Why a message cannot stand in a batch, where it would be in the way of all others."""
    if forwarding.is_remade(case):
        return None
    arrival = case.arrival
    message = arrival.message if arrival.opened is None else arrival.opened.message
    layers = DEFAULT_MESSAGE_LAYERS - 1 if arrival.is_ra else MAX_CLIENT_LAYERS
    try:
        kind = load(message.to_der(), max_layers=layers).kind
    except DecodeError as error:
        return failure_of(error)
    if kind not in REQUESTS:
        return ProofError(Reason.WRONG_CONTENT_TYPE, CMCFailInfo.BAD_REQUEST, rule=Rule.V1)
    return None


def _is_here(case: Case) -> bool:
    """Whether the answer is made, or kept, here: the next server has nothing to do about it."""
    return case.stored is not None or case.received is None


def _known(
    transaction: Transaction, case: Case, call: Call, random: Callable[[int], bytes]
) -> Received:
    """A message that was received before, is worked on elsewhere, or is no good."""
    if case.received is not None and not _is_here(case):
        outbox.resume(transaction, case.received, call.now)
        return Received(id=case.received)
    return Received(id=case.received or random(16), answer=case.answer)


def _refuse_others(case: Case) -> None:
    """R-162: where one request fails, none goes on; all wait for a missing proof (R-122)."""
    is_challenged = any(each.challenge is not None for each in case.asked)
    code = CMCFailInfo.POP_REQUIRED if is_challenged else CMCFailInfo.BAD_REQUEST
    for asked in case.asked:
        if asked.status is None:
            asked.status = Status.failed(code, asked.number)
            asked.kept = enrolment.seen(case, asked) if is_challenged else None
