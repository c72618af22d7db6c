"""Certification requests on their way to a certificate (RFC 10002 §6.3 to §6.8, §6.13).

Each step is a function over all requests of one call: what they prove, what becomes of them, and
what is kept of it. Nothing here does I/O but through the transactions it is given.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any, Final

from cmcodec import oids, types
from cmcodec.algorithms import DH_PROOFS
from cmcodec.controls import dh_pop, encrypted_pop
from cmcodec.controls.requests import public_key_of
from cmcodec.errors import CMCError, ProofError, UnsupportedError
from cmcodec.reasons import Reason
from cmcodec.roles import public_keys, records
from cmcodec.roles.applications import Application, requester_record
from cmcodec.roles.decisions import Challenge, Issue, Pend, Refuse
from cmcodec.roles.service.arrivals import failure_of
from cmcodec.roles.service.cases import Asked, Case, Status
from cmcodec.roles.service.issued import known_by
from cmcodec.roles.service.statements import keys_of
from cmcodec.roles.store import Kind
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from cmcodec.verify.references import request_id

if TYPE_CHECKING:
    from datetime import datetime

    from cmcodec.roles.decisions import Decision, Policy
    from cmcodec.roles.service.server import Server
    from cmcodec.roles.store import Transaction

__all__ = ["challenge", "decide", "keep_challenges", "prepare"]

_LOG: Final = logging.getLogger("cmcodec.roles")
_MISSING: Final = ("absent", "challenge-needed")
_EMPTY: Final = (None, types.Name(rdn_sequence=()))


# --- what was challenged ---------------------------------------------------------------------


def challenge_keys(case: Case, request: types.TaggedRequest) -> list[bytes]:
    """Under which keys a request of a case may have been challenged before."""
    named = (records.hexadecimal(case.transaction_id) or "").encode()
    asked = hashlib.sha256(request.to_der()).digest()
    who = dict.fromkeys((*case.who, *keys_of(request)))
    return [hashlib.sha256(b"\0".join((each.encode(), named, asked))).digest() for each in who]


def find_challenges(transaction: Transaction, case: Case, now: datetime) -> dict[int, Any]:
    """The challenges that requests of a message had before, by body part id."""
    found: dict[int, Any] = {}
    for request in case.arrival.requests:
        for key in challenge_keys(case, request):
            record = records.read(transaction, Kind.CHALLENGE, key, now)
            if record is not None:
                found[request_id(request)] = record
                break
    return found


def keep_challenges(transaction: Transaction, case: Case, now: datetime, expires: datetime) -> None:
    """Keeps what the requests of a message were challenged with, or that they wait for others.

    Under each name that the requester can answer by. Nobody takes the place of another who claims
    the same key in a transaction of the same id, and came first.
    """
    for asked in case.asked:
        if asked.kept is None:
            continue
        for key in challenge_keys(case, asked.request):
            known = records.read(transaction, Kind.CHALLENGE, key, now)
            if known is None or known["answered"] or known["exchange"] == asked.kept["exchange"]:
                records.put(transaction, Kind.CHALLENGE, key, asked.kept, expires=expires)


# --- proofs ----------------------------------------------------------------------------------


def prepare(server: Server, case: Case) -> None:
    """The applications of a message, each with the proofs it has; those that are wrong fail."""
    arrival, rules = case.arrival, server.rules
    case.asked = [
        Asked(request_id(request), request, report.pop)
        for request, report in zip(arrival.requests, arrival.reports, strict=True)
    ]
    others = tuple(each.number for each in case.asked if each.request.orm is not None)
    if others:
        # nothing else of the message is done.
        for each in case.asked:
            is_other = each.request.orm is not None
            each.status = (
                Status(CMCStatus.NO_SUPPORT, (each.number,))
                if is_other
                else Status.failed(CMCFailInfo.BAD_REQUEST, each.number)
            )
        return
    if isinstance(arrival.content, types.CertificationRequest) and not rules.simple_requests:
        case.failure = ProofError(Reason.NOT_PERMITTED, CMCFailInfo.BAD_REQUEST, (1,))
        return
    try:
        if case.asked:
            server.check_links(case)
    except ProofError as error:
        case.fail_requests(error)
    except CMCError as error:
        case.fail_requests(failure_of(error))
    answers = {
        answer.body_part_id: answer for _, answer in arrival.control(oids.ID_CMC_DECRYPTED_POP)
    }
    for asked in case.asked:
        if asked.status is None:
            try:
                _check(server, case, asked, answers.get(asked.number))
            except CMCError as error:
                found = failure_of(error)
                asked.status = Status.failed(found.fail_info, asked.number, text=str(found.reason))


def _check(server: Server, case: Case, asked: Asked, answer: types.DecryptedPOP | None) -> None:
    """One request: its key, its name, its proof of possession; raises `ProofError`."""
    rules = server.rules
    template = case.templates[*case.arrival.path, asked.number]
    key = public_key_of(asked.request)
    if key is None or template.public_key is None:
        raise ProofError(Reason.BAD_VALUE, CMCFailInfo.BAD_REQUEST)
    is_verified = asked.pop == "verified"
    public_keys.check(key, asked.number, legacy=rules.legacy, is_verified=is_verified)
    if template.subject in _EMPTY and not rules.empty_subject and not _alternative(template):
        raise ProofError(Reason.BAD_VALUE, CMCFailInfo.BAD_REQUEST)
    signer = case.arrival.signer_octets
    may_reuse = rules.allow_key_reuse or not signer or case.arrival.is_ra
    if not may_reuse and known_by(signer)[1] == key.to_der():
        raise ProofError(Reason.KEY_REJECTED, CMCFailInfo.NO_KEY_REUSE)
    asked.pop = _possession(server, case, asked, answer)


def _alternative(template: types.CertTemplate) -> bool:
    extensions = template.extensions or ()
    return any(each.extn_id == oids.ID_CE_SUBJECT_ALT_NAME for each in extensions)


def _possession(server: Server, case: Case, asked: Asked, answer: types.DecryptedPOP | None) -> Any:
    """How possession of the key is proved, as far as it is; raises `ProofError` where wrongly."""
    arrival, number = case.arrival, asked.number
    crm = asked.request.crm
    by_ra = number in arrival.possessed or asked.pop == "ra-asserted"
    if crm is not None and crm.popo is not None and crm.popo.ra_verified is not None:
        by_ra = by_ra or arrival.is_ra
    if by_ra and asked.pop != "verified":
        if not server.rules.ra_pop:
            # R-131, and no challenge of its own.
            raise ProofError(Reason.NOT_PERMITTED, CMCFailInfo.POP_FAILED)
        return "ra-asserted"
    if answer is not None and _is_for(server, case, number):
        _check_answer(case, asked, answer)
        asked.is_decrypted = True
        return "verified"
    if asked.pop == "absent" and _is_diffie_hellman(asked.request):
        assert asked.request.tcr is not None
        try:
            dh_pop.verify(asked.request.tcr.certification_request)
        except ProofError as error:
            if error.fail_info != CMCFailInfo.BAD_ALG:
                raise
        except UnsupportedError:
            pass
        else:
            return "verified"
    return asked.pop


def _is_diffie_hellman(request: types.TaggedRequest) -> bool:
    if request.tcr is None:
        return False
    named = request.tcr.certification_request.signature_algorithm.algorithm
    return any(row.oid == named for row in DH_PROOFS)


def _is_for(server: Server, case: Case, number: int) -> bool:
    """Whether an answer is to a challenge of this server, and not of the next one."""
    known = case.follows.challenges.get(number)
    return server.is_final or (known is not None and known["value"] is not None)


def _check_answer(case: Case, asked: Asked, answer: types.DecryptedPOP) -> None:
    """R-130: the answer is to the challenge that this request had, and the first to it."""
    record = case.follows.challenges.get(asked.number)
    if record is None or record["value"] is None:
        raise ProofError(Reason.POP_WRONG, CMCFailInfo.POP_FAILED)
    if record["answered"] not in (None, case.arrival.digest.hex()):
        raise ProofError(Reason.POP_WRONG, CMCFailInfo.POP_FAILED)
    assert case.arrival.opened is not None
    encrypted_pop.verify(case.arrival.opened, answer, records.octets(record["value"]))


def accept_answers(transaction: Transaction, case: Case, now: datetime) -> None:
    """Marks the challenges that a message has answered: another message has no such answer."""
    for asked in case.asked:
        known = case.follows.challenges.get(asked.number)
        if known is None or not asked.is_decrypted or asked.decision is None:
            continue
        digest = case.arrival.digest.hex()
        for key in challenge_keys(case, asked.request):
            record = records.read(transaction, Kind.CHALLENGE, key, now)
            if record is None or record["exchange"] != known["exchange"]:
                continue
            if record["answered"] not in (None, digest):
                asked.status = Status.failed(
                    CMCFailInfo.POP_FAILED, asked.number, text=str(Reason.POP_WRONG)
                )
            expires = records.time(record["expires"])
            answered = {**record, "answered": record["answered"] or digest}
            records.put(transaction, Kind.CHALLENGE, key, answered, expires=expires)


def refuse_blocked(transaction: Transaction, case: Case) -> None:
    """R-210: keys that the store has on its list get no certificate."""
    for asked in case.asked:
        key = None if asked.application is None else asked.application.template.public_key
        if asked.status is None and key and public_keys.is_blocked(transaction, key.to_der()):
            asked.status = Status.failed(
                CMCFailInfo.BAD_REQUEST, asked.number, text=str(Reason.KEY_REJECTED)
            )


# --- challenges ------------------------------------------------------------------------------


def challenge(server: Server, case: Case) -> None:
    """Asks for proofs of possession that are missing.

    R-122: all requests of a PKIData wait for it, also where one of them had a wrong proof.
    """
    wanted = [
        each
        for each in case.asked
        if each.status is None and (each.pop in _MISSING or isinstance(each.decision, Challenge))
    ]
    if not wanted and not any(
        each.status is not None and each.status.fail_info == CMCFailInfo.POP_FAILED
        for each in case.asked
    ):
        return
    for asked in wanted:
        ask(server, case, asked)
    for asked in case.asked:
        if asked.status is None and asked.poll is None:
            asked.status = Status.failed(CMCFailInfo.POP_REQUIRED, asked.number)
            asked.kept = seen(case, asked)


def ask(server: Server, case: Case, asked: Asked) -> None:
    """Challenges one request (RFC 10002 §6.7)."""
    asked.status = Status.failed(CMCFailInfo.POP_REQUIRED, asked.number)
    before = case.follows.challenges.get(asked.number)
    if not server.rules.challenge or asked.number in case.arrival.possessed:
        return
    known = before["value"] if before is not None and before["answered"] is None else None
    value = server.random(32) if known is None else records.octets(known)
    try:
        made, _ = encrypted_pop.challenge(asked.request, value=value, random=server.random)
    except CMCError as error:
        # Nothing can be encrypted for such a key: it has to prove possession in another way.
        _LOG.info("request %d cannot be challenged: %s", asked.number, error)
        return
    asked.challenge = made
    asked.kept = seen(case, asked, value)


def seen(case: Case, asked: Asked, value: bytes | None = None) -> dict[str, Any]:
    """What is kept of a request that comes again: who sent it, and what it was challenged with."""
    began: dict[str, Any] = {
        "exchange": records.text(case.exchange),
        "requester": requester_record(case.requester),
        "who": case.who,
    }
    if asked.known is not None:
        requester = asked.known["application"]["requester"]
        began = {**asked.known, "requester": requester}
    return {
        "value": None if value is None else records.text(value),
        "answered": None,
        **{name: began[name] for name in ("exchange", "requester", "who")},
    }


# --- decisions -------------------------------------------------------------------------------


def decide(case: Case, policy: Policy) -> None:
    """Asks the policy about each request that has all proofs, unless it was asked before."""
    arrival = case.arrival
    info = tuple(value.value for _, value in arrival.control(oids.ID_CMC_REG_INFO))
    for asked in case.asked:
        if asked.status is not None:
            continue
        renews = case.requester.certificate if case.requester.kind == "certificate" else None
        asked.application = Application(
            id=_identifier(case, asked),
            request=asked.request,
            template=case.templates[*case.arrival.path, asked.number],
            requester=case.requester,
            pop=asked.pop,
            renews=renews,
            path=(*arrival.path, asked.number),
            transaction_id=case.transaction_id,
            reg_info=info,
            unsigned_data=case.unsigned_data,
            again=case.is_again or bool(case.follows.challenges),
        )
        kept = case.decisions.get(str(asked.number))
        try:
            decision = policy(asked.application) if kept is None else decision_of(kept)
            record = decision_record(decision)
        except Exception as error:
            fail_for(asked, error)
            continue
        # A policy that asks for a proof which has just been given misses nothing else.
        is_given = isinstance(decision, Challenge) and asked.is_decrypted
        asked.decision = Issue() if is_given else decision
        if not _is_passing(decision):
            case.decisions[str(asked.number)] = record


def _is_passing(decision: Decision) -> bool:
    """Whether a policy is to be asked again when the message comes again."""
    return isinstance(decision, Refuse) and Status.failed(decision.fail_info).is_passing


def fail_for(asked: Asked, error: Exception) -> None:
    """A hook raised for an application: it is kept, and worked on when the message comes again."""
    assert asked.application is not None
    _LOG.error("application %s: %r", asked.application.id.hex(), error, exc_info=error)
    asked.error = error
    asked.status = Status.raised(error, asked.number)


def _identifier(case: Case, asked: Asked) -> bytes:
    """The same whenever this request comes again in its exchange."""
    return hashlib.sha256(case.exchange + asked.request.to_der()).digest()[:16]


def decision_record(decision: Decision) -> dict[str, Any]:
    """A decision as a record has it."""
    match decision:
        case Issue(template):
            return {"issue": None if template is None else records.text(template.to_der())}
        case Pend(until):
            return {"pend": records.seconds(until)}
        case Refuse(fail_info, text):
            return {"refuse": int(fail_info), "text": text}
        case Challenge():
            return {"challenge": True}
    raise TypeError(f"a policy answers with a Decision, not {type(decision).__name__}")


def decision_of(record: dict[str, Any]) -> Decision:
    """And back."""
    if "issue" in record:
        template = record["issue"]
        if template is None:
            return Issue()
        return Issue(types.CertTemplate.from_der(records.octets(template)))
    if "pend" in record:
        return Pend(records.time(record["pend"]))
    if "refuse" in record:
        return Refuse(record["refuse"], record["text"])
    return Challenge()
