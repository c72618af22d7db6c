"""From a response of the next server to the answers for clients (RFC 10002 §6.13, §6.17, §6.21)."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, final

from cmcodec import oids, types
from cmcodec.builders import RequestBuilder
from cmcodec.builders.finished import tagged
from cmcodec.controls.requests import public_key_of
from cmcodec.errors import ProofError
from cmcodec.message import load
from cmcodec.reasons import Reason
from cmcodec.roles import records
from cmcodec.roles.applications import requester_of
from cmcodec.roles.registration import outbox
from cmcodec.roles.registration.forwarding import OWN
from cmcodec.roles.registration.relaying import NOTHING, Told, answers, relay
from cmcodec.roles.service.cases import Status
from cmcodec.roles.service.issued import known_by
from cmcodec.roles.service.statements import keys_of
from cmcodec.roles.store import Kind
from cmcodec.types.controls import CMCFailInfo, CMCStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cmcodec.cms.opening import Opened
    from cmcodec.cms.signing import SigningKey
    from cmcodec.message import Message
    from cmcodec.roles.registration.outbox import Sent
    from cmcodec.roles.registration.relaying import Upstream
    from cmcodec.roles.rules import Rules
    from cmcodec.roles.service.cases import Case
    from cmcodec.roles.service.replies import Replies
    from cmcodec.roles.service.server import Call, Server
    from cmcodec.roles.store import Transaction

__all__ = ["Deliveries", "Delivery"]

_LOG: Final = logging.getLogger("cmcodec.roles")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The answer to what was received: ``id`` is that of its `Received`.

    ``octets``: for the client; certificates alone for one that sent a bare PKCS#10. ``status``: the
    worst that it says, success where it is encrypted for the client. ``final``: False where the
    client has to ask or send again, or where the RA does so for it: another delivery follows.
    """

    id: bytes
    octets: bytes
    status: types.CMCStatus
    final: bool


@final
@dataclass(slots=True, eq=False)
class _Answered:
    """Something received, and the answer to it; ``confirmation``: what the RA asks next."""

    id: bytes
    entry: dict[str, Any] = field(repr=False)
    answer: Message | None
    told: Told
    octets: bytes = b""
    confirmation: bytes | None = None

    @property
    def is_own(self) -> bool:
        """Whether the RA is the client of the next server, and asks again itself."""
        return self.entry["way"] in OWN

    @property
    def is_final(self) -> bool:
        return self.told.is_final and not self.told.is_passing and self.confirmation is None


@final
class Deliveries:
    """Makes the answers of one RA out of those of the next server."""

    def __init__(
        self,
        *,
        server: Server,
        replies: Replies,
        upstream: Upstream,
        signer: SigningKey,
        rules: Rules,
        random: Callable[[int], bytes],
    ) -> None:
        self._server, self._replies, self._upstream = server, replies, upstream
        self._signer, self._rules, self._random = signer, rules, random

    def deliver(self, response: bytes, call: Call) -> tuple[Delivery, ...]:
        """As `RegistrationAuthority.deliver` says."""
        opened = self._upstream.open(response, call.now)
        digest = hashlib.sha256(response).digest()
        key = outbox.key_of(opened.transaction_id)

        def read(transaction: Transaction) -> tuple[Any, Sent | None, list[dict[str, Any]]]:
            before = outbox.delivered(transaction, digest, call.now)
            sent = None if key is None else outbox.sent(transaction, key, call.now)
            waiting = () if sent is None else outbox.entries(transaction, sent.waiting, call.now)
            return before, sent, list(waiting)

        before, sent, waiting = self._server.unit(read)
        if before is not None:
            return tuple(_delivery(*each) for each in before)
        if sent is None or sent.nonce is None:
            raise ProofError(Reason.TRANSACTION_WRONG, CMCFailInfo.BAD_REQUEST)
        _check_nonce(opened, sent.nonce)
        told = Told.of(opened.message)
        found: list[Message | None] = [opened.message]
        if sent.is_batch:
            found = self._upstream.answers(opened, call.now)
        if told.is_passing and not (sent.is_batch and found):
            _LOG.warning("the next server puts off %s", sent.key.hex())
            return ()
        later = call.now + self._rules.poll_after
        answered = _paired(sent, waiting, found, told, later)
        self._write(answered, call)

        def keep(transaction: Transaction) -> list[tuple[bytes, dict[str, Any]]]:
            if outbox.sent(transaction, sent.key, call.now) != sent:
                # Another process was faster, and its answers count.
                known = outbox.delivered(transaction, digest, call.now)
                if known is None:
                    raise ProofError(Reason.TRANSACTION_WRONG, CMCFailInfo.BAD_REQUEST)
                return known
            for each in answered:
                self._keep(transaction, each, sent, call)
            outbox.advance(transaction, sent, len(answered), told, later)
            expires = call.now + self._rules.answers_kept
            outbox.keep_delivered(transaction, digest, [each.id for each in answered], expires)
            transaction.expire(call.now, limit=100)
            return [(each.id, each.entry) for each in answered]

        return tuple(_delivery(*each) for each in self._server.unit(keep))

    # --- the octets --------------------------------------------------------------------------

    def _write(self, answered: Sequence[_Answered], call: Call) -> None:
        """Gives each its octets, those that the RA signs together."""
        for each in answered:
            if each.is_own:
                self._answer_own(each)
            elif each.entry["way"] == "as-is" and each.answer is not None:
                each.octets = each.answer.to_der()
        others = [each for each in answered if not each.octets]
        originals = [
            (records.octets(each.entry["original"]), requester_of(each.entry["requester"]))
            for each in others
        ]
        cases = self._server.reopen(originals, call.now) if others else []
        written = [
            case
            for each, case in zip(others, cases, strict=True)
            if not self._is_sealed(each, case)
        ]
        self._replies.write(written)
        for each, case in zip(others, cases, strict=True):
            each.octets = case.answer
        for each in answered:
            each.entry["answer"] = records.text(each.octets)
            each.entry["status"], each.entry["final"] = int(each.told.status), each.is_final

    def _is_sealed(self, each: _Answered, case: Case) -> bool:
        """Whether the answer is that of the next server, encrypted for the client."""
        if each.answer is None:
            case.statuses = (Status.failed(each.told.fail_info or CMCFailInfo.BAD_REQUEST),)
        elif each.entry["way"] == "opened":
            self._replies.seal(case, each.answer.to_der())
            return True
        else:
            relay(case, each.answer)
        return False

    def _answer_own(self, each: _Answered) -> None:
        """The answer to what the RA asked itself."""
        accepted = each.entry.get("accepted")
        if each.told.status == CMCStatus.CONFIRM_REQUIRED and each.answer is not None:
            each.confirmation = self._confirmation(each)
        elif accepted is not None and each.told.status == CMCStatus.SUCCESS:
            each.answer = load(records.octets(accepted))
        package = each.entry.get("package")
        each.octets = self._replies.of_ra(each.answer, each.told, package)

    def _confirmation(self, each: _Answered) -> bytes | None:
        """Accepts the certificate of the key that was asked for (R-144); None where it is none."""
        assert each.answer is not None
        asked = load(records.octets(each.entry["octets"])).unverified_content
        assert isinstance(asked, types.PKIData)
        key = public_key_of(asked.req_sequence[0])
        for certificate in each.answer.certificates:
            _, public_key = known_by(certificate.der)
            if key is not None and public_key == key.to_der():
                builder = RequestBuilder(random=self._random).follow_up(each.answer)
                return builder.confirm(certificate).sign(self._signer)
        return None

    # --- what is kept ------------------------------------------------------------------------

    def _keep(self, transaction: Transaction, each: _Answered, sent: Sent, call: Call) -> None:
        """The answer, and what is to be done until there is a final one."""
        identifier, entry = each.id, each.entry
        expires = call.now + self._rules.answers_kept
        if each.told.is_passing and not each.is_own:
            outbox.keep_put_off(transaction, identifier, entry, expires)
        elif each.is_final or not each.is_own:
            outbox.keep_answered(transaction, identifier, entry, expires)
            self._keep_for_poll(transaction, each, call)
        elif each.confirmation is not None and each.answer is not None:
            accepted = records.text(each.answer.to_der())
            octets = records.text(each.confirmation)
            confirming = {**entry, "accepted": accepted, "octets": octets}
            outbox.put(transaction, identifier, confirming, call.now)
        elif each.told.is_passing:
            outbox.put(transaction, identifier, entry, call.now)
        else:
            self._keep_for_client(transaction, each)
            records.put(transaction, Kind.RECEIVED, identifier, entry)
            outbox.keep_for_client(transaction, identifier, entry, expires)
            if sent.is_batch:
                key = records.octets(entry["transaction"])
                outbox.keep_poll(transaction, key, identifier, each.told)

    def _keep_for_client(self, transaction: Transaction, each: _Answered) -> None:
        """A client that sent a bare PKCS#10 may ask for it by the token, as for what is held."""
        token, time = each.told.token, each.told.time
        if each.entry["way"] != "bare" or token is None or time is None:
            return
        each.entry["held"] = records.text(token)
        asked = load(records.octets(each.entry["original"])).unverified_content
        assert isinstance(asked, types.CertificationRequest)
        record = {
            "exchange": records.text(token),
            "who": keys_of(tagged(asked, 1)),
            "transaction": None,
            "until": records.seconds(time),
            "sent": records.text(each.id),
        }
        records.put(transaction, Kind.APPLICATION, token, record)

    def _keep_for_poll(self, transaction: Transaction, each: _Answered, call: Call) -> None:
        """The answer to a message that the RA held, for a client that asks for it once more."""
        held = each.entry.get("held")
        token = None if held is None else records.octets(held)
        record = None
        if token is not None:
            record = records.read(transaction, Kind.APPLICATION, token, call.now)
        if token is None or record is None or not (each.is_own or each.answer):
            return
        answer = each.octets if each.is_own or each.answer is None else each.answer.to_der()
        kept = {**record, "answer": records.text(answer)}
        expires = call.now + self._rules.answers_kept
        records.put(transaction, Kind.APPLICATION, token, kept, expires=expires)


def _check_nonce(opened: Opened, nonce: bytes) -> None:
    """The response is to what was sent last (R-118); raises `ProofError`."""
    found = opened.find(oids.ID_CMC_RECIPIENT_NONCE)
    if [value.value for _, value in found] != [nonce]:
        parts = tuple(number for number, _ in found)
        raise ProofError(Reason.NONCE_WRONG, CMCFailInfo.BAD_REQUEST, parts or (0,))


def _paired(
    sent: Sent,
    waiting: list[dict[str, Any]],
    found: list[Message | None],
    told: Told,
    later: datetime,
) -> list[_Answered]:
    """What has an answer now, in order; where no more are to come, also what has none."""
    is_open = sent.is_batch and not told.is_final and (told.token or sent.token) is not None
    count = min(len(found), len(waiting)) if is_open else len(waiting)
    # Without any answer the whole message was refused; else one is missing.
    missing = NOTHING if found or told.fail_info is None else Told(CMCStatus.FAILED, told.fail_info)
    answered = []
    for place, (identifier, entry) in enumerate(zip(sent.waiting, waiting, strict=True)):
        if place >= count:
            break
        answer = found[place] if place < len(found) else None
        if answer is not None and sent.is_batch:
            answer = answer if answers(answer, load(records.octets(entry["octets"]))) else None
        own = missing if answer is None else Told.of(answer)
        if entry["way"] in OWN and not own.is_final and own.token is None:
            if sent.is_batch:
                # Nobody can ask again.
                answer, own = None, NOTHING
            else:
                # as it was said before.
                own = replace(own, token=sent.token, time=later)
        answered.append(_Answered(identifier, entry, answer, own))
    return answered


def _delivery(identifier: bytes, entry: dict[str, Any]) -> Delivery:
    return Delivery(
        id=identifier,
        octets=records.octets(entry["answer"]),
        status=CMCStatus(entry["status"]),
        final=entry["final"],
    )
