"""Controls that ask a CA for something else than a certificate (RFC 10002 §6.9 to §6.14, §6.18)."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509

from cmcodec import oids, types
from cmcodec.controls import names, revocation, statuses
from cmcodec.errors import CMCError, ProofError
from cmcodec.reasons import Reason
from cmcodec.roles import records
from cmcodec.roles.applications import Revocation, application_of, requester_of
from cmcodec.roles.secrets import attempt
from cmcodec.roles.service import later
from cmcodec.roles.service.arrivals import failure_of
from cmcodec.roles.service.cases import Asked, Status
from cmcodec.roles.service.enrolment import decision_of, find_challenges
from cmcodec.roles.service.issued import Issued, issued_key, name_of
from cmcodec.roles.service.statements import identification
from cmcodec.roles.store import Kind
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from cmcodec.verify.references import request_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cmcodec.roles.secrets import Lookup
    from cmcodec.roles.service.cases import Case
    from cmcodec.roles.service.server import Call
    from cmcodec.roles.store import Transaction

__all__ = ["authorise", "confirm", "fetch", "follow", "poll", "publish", "revoke"]

_LOG: Final = logging.getLogger("cmcodec.roles")
_BEFORE: Final = {
    "confirmed": ("confirming", "issued", "confirmed"),
    "rejected": ("confirming", "rejected"),
}
"""In which states a certificate may be told that it is accepted, or not."""


# --- in the transaction that claims a message ------------------------------------------------


def follow(transaction: Transaction, case: Case, call: Call, *, is_final: bool = True) -> bool:
    """Looks up what a message follows up; False where it begins nothing new.

    A message with queryPending begins nothing, whatever requests it repeats. ``is_final``: whether
    all challenges are this server's own.
    """
    arrival, follows = case.arrival, case.follows
    tokens = arrival.control(oids.ID_CMC_QUERY_PENDING)
    for number, token in tokens:
        follows.polls[number] = _pending(transaction, case, token.value, call.now)
        part = records.read(transaction, Kind.PART, token.value, call.now)
        if part is not None and _is_same(case, part):
            follows.parts[number] = part
    for number, value in arrival.control(oids.ID_CMC_CONFIRM_CERT_ACCEPTANCE):
        named = value.issuer_and_serial_number
        key = None if named is None else issued_key(named)
        found = None if key is None else records.read(transaction, Kind.ISSUED, key, call.now)
        is_own = found is not None and _is_own(case, found)
        follows.issued[number] = key if is_own else None
    if tokens or not arrival.requests:
        return False
    if not arrival.control(oids.ID_CMC_DECRYPTED_POP):
        return True
    follows.challenges = find_challenges(transaction, case, call.now)
    ids = [request_id(request) for request in arrival.requests]
    before = list(follows.challenges.values())
    exchanges = {record["exchange"] for record in before}
    if follows.challenges.keys() != set(ids) or len(exchanges) > 1:
        return True
    first = follows.challenges[ids[0]]
    is_own = not is_final and not set(first["who"]).isdisjoint(case.who)
    if all(record["value"] is None for record in before) and not is_own:
        # Anybody can send again what was not challenged here.
        return True
    case.exchange = records.octets(first["exchange"])
    case.inherited = requester_of(first["requester"])
    case.who = (*dict.fromkeys((*case.who, *first["who"])),)
    return False


def _pending(
    transaction: Transaction, case: Case, token: bytes, now: datetime
) -> dict[str, Any] | None:
    found = records.read(transaction, Kind.APPLICATION, token, now)
    return found if found is not None and _is_same(case, found) else None


def _is_same(case: Case, record: dict[str, Any]) -> bool:
    """Whether a message is from the requester that began the exchange, and of its transaction."""
    return _is_of(case, record, (*case.who, *case.claimed))


def _is_own(case: Case, record: dict[str, Any]) -> bool:
    """The same where the message has to prove it: an issuer and serial number are no secret."""
    return _is_of(case, record, case.who)


def _is_of(case: Case, record: dict[str, Any], who: tuple[str, ...]) -> bool:
    is_known = not set(record["who"]).isdisjoint(who)
    return is_known and record["transaction"] == records.hexadecimal(case.transaction_id)


# --- polls -----------------------------------------------------------------------------------


def poll(case: Case) -> None:
    """What became of pending requests (§6.13): answered as things stand, also before their time."""
    for number, record in case.follows.polls.items():
        if record is None:
            if number not in case.follows.parts:
                bad = CMCFailInfo.BAD_REQUEST
                case.statuses += (Status.failed(bad, number, text=str(Reason.DANGLING_REFERENCE)),)
            continue
        application = replace(application_of(record["application"]), again=True)
        asked = Asked(application.path[-1], application.request, application.pop, poll=number)
        asked.application, asked.known = application, record
        case.asked.append(asked)
        if record["certificate"] is not None:
            octets = records.octets(record["certificate"])
            asked.issued = Issued.of(x509.load_der_x509_certificate(octets))
        if record["decision"] is not None:
            asked.decision = decision_of(record["decision"])
        else:
            # the same time as at first.
            time = records.time(record["until"])
            asked.status = Status(CMCStatus.PENDING, (number,), token=application.id, time=time)


# --- certificates and CRLs -------------------------------------------------------------------


def fetch(
    case: Case,
    certificate: Callable[[types.GeneralName, int], bytes | None] | None,
    crl: Callable[[types.GetCRL], bytes | None] | None,
) -> None:
    """Certificates and CRLs that are asked for (§6.9, §6.10)."""
    for number, value in case.arrival.control(oids.ID_CMC_GET_CERT):
        find = certificate and partial(certificate, value.issuer_name, value.serial_number)
        case.certificates += _found(case, number, find)
    for number, value in case.arrival.control(oids.ID_CMC_GET_CRL):
        case.crls += _found(case, number, crl and partial(crl, value))


def _found(case: Case, number: int, find: Callable[[], bytes | None] | None) -> tuple[bytes, ...]:
    """What a hook finds, and its status."""
    found: list[bytes] = []

    def work() -> None:
        octets = None if find is None else find()
        if octets is None:
            raise LookupError("there is none")
        found.append(octets)

    is_offered = find is not None
    status = _called(number, work) if is_offered else Status(CMCStatus.NO_SUPPORT, (number,))
    case.statuses += (status,)
    return tuple(found)


# --- revocation ------------------------------------------------------------------------------


def authorise(
    transaction: Transaction,
    case: Case,
    call: Call,
    *,
    limit: int,
    lookup: Lookup | None,
) -> None:
    """Who may revoke what a message asks for (§6.11): the results are in ``case.revocations``.

    The certificate itself, one with the same names, an RA, or whoever has the secret under whose
    identification it was issued. A secret is not used up by it, and a spent one revokes still.
    """
    case.revocations = {}
    for number, value in case.arrival.control(oids.ID_CMC_REVOKE_REQUEST):
        named = types.IssuerAndSerialNumber(
            issuer=value.issuer_name, serial_number=value.serial_number
        )
        issued = records.read(transaction, Kind.ISSUED, issued_key(named), call.now)
        own = None if issued is None else issued["identification"]
        name = identification(case.arrival) or own

        def check(secret: bytes, value: types.RevokeRequest = value) -> None:
            revocation.verify(value, secret)

        try:
            if _may_revoke(case, named, issued):
                pass
            elif value.shared_secret is None:
                raise ProofError(Reason.NOT_PERMITTED, CMCFailInfo.BAD_IDENTITY)
            else:
                # Whoever guesses learns nothing of what was issued to whom: first the secret.
                attempt(
                    transaction,
                    name,
                    check,
                    now=call.now,
                    limit=limit,
                    decoy=call.decoy,
                    lookup=lookup,
                )
                if own is None or name != own:
                    raise ProofError(Reason.NOT_PERMITTED, CMCFailInfo.BAD_IDENTITY)
        except CMCError as error:
            refused = failure_of(error)
            case.revocations[number] = Status.failed(
                refused.fail_info, number, text=str(refused.reason)
            )
            continue
        date = value.invalidity_date
        case.revocations[number] = Revocation(
            certificate=named,
            reason=value.reason,
            invalidity_date=date,
            comment=value.comment,
            requester=case.requester,
        )


def _may_revoke(
    case: Case, named: types.IssuerAndSerialNumber, issued: dict[str, Any] | None
) -> bool:
    requester = case.requester
    if case.arrival.is_ra:
        return True
    if requester.kind == "secret":
        # The whole message is under the secret, or has a proof of it.
        return issued is not None and issued["identification"] == requester.identification
    if requester.certificate is None:
        return False
    if issued_key(name_of(requester.certificate)) == issued_key(named):
        return True
    if issued is None:
        return False
    old = x509.load_der_x509_certificate(records.octets(issued["certificate"]))
    return _names(old) == _names(requester.certificate) != _names(None)


def _names(certificate: x509.Certificate | None) -> object:
    if certificate is None:
        return (), frozenset()
    try:
        return names.CertificateNames.of(certificate).comparable()
    except CMCError:
        return (), frozenset()


def revoke(case: Case, hook: Callable[[Revocation], None] | None) -> None:
    """Revokes, or keeps that it is to be done once new certificates are settled."""
    for number, found in case.revocations.items():
        if isinstance(found, Status):
            case.statuses += (found,)
        elif hook is None:
            case.statuses += (Status(CMCStatus.NO_SUPPORT, (number,)),)
        else:
            action = later.revocation(found)
            _do(case, number, action, partial(hook, found))


def publish(case: Case, hook: Callable[[types.CMCPublicationInfo], None] | None) -> None:
    """Publishes, or no longer, after issuing and revoking (§6.18); not where issuing failed."""
    for number, value in case.arrival.control(oids.ID_CMC_PUBLISH_CERT):
        if hook is None:
            case.statuses += (Status(CMCStatus.NO_SUPPORT, (number,)),)
        else:
            action = later.publication(value)
            _do(case, number, action, partial(hook, value))


def _do(case: Case, number: int, action: dict[str, Any], work: Callable[[], None]) -> None:
    """Does something about certificates, or keeps it until those of the same message are settled.

    Not where a request of the message failed.
    """
    if any(
        each.status is not None and each.status.status in statuses.REFUSED for each in case.asked
    ):
        case.statuses += (Status.failed(CMCFailInfo.BAD_REQUEST, number),)
    elif any(each.poll is None for each in case.asked):
        case.actions += (action,)
        text = "once the new certificate is settled"
        case.statuses += (Status(CMCStatus.SUCCESS, (number,), text=text),)
    else:
        case.statuses += (_called(number, work),)


def _called(number: int, work: Callable[[], None]) -> Status:
    """What comes of a hook: LookupError says that there is no such certificate."""
    try:
        work()
    except LookupError:
        return Status.failed(CMCFailInfo.BAD_CERT_ID, number)
    except Exception as error:
        _LOG.error("control %d: %r", number, error, exc_info=error)
        return Status.raised(error, number)
    return Status(CMCStatus.SUCCESS, (number,))


# --- confirmation ----------------------------------------------------------------------------


def confirm(
    transaction: Transaction, case: Case, now: datetime, random: Callable[[int], bytes]
) -> list[bytes]:
    """Settles the certificates that a message accepts, or does not (§6.14).

    Returns the keys of what is to be done now: what waited for them, and the withdrawal of what is
    not accepted. What came too late, or says another thing than before, is badCertId.
    """
    opened = case.arrival.opened
    said = () if opened is None else statuses.read(opened)
    case.confirmations = ()
    due: list[dict[str, Any]] = []
    for number, key in case.follows.issued.items():
        about = [
            status.cmc_status
            for status in said
            if number in map(statuses.number_of, status.body_list)
        ]
        state = "rejected" if any(status in statuses.REFUSED for status in about) else "confirmed"
        issued = None if key is None else records.read(transaction, Kind.ISSUED, key, now)
        if key is None or issued is None or issued["state"] not in _BEFORE[state]:
            case.confirmations += (Status.failed(CMCFailInfo.BAD_CERT_ID, number),)
            continue
        case.confirmations += (Status(CMCStatus.SUCCESS, (number,)),)
        was = issued["state"]
        if was != state:
            issued = {**issued, "state": state}
            later.put_issued(transaction, key, issued)
        if was == "confirming":
            due += later.release(transaction, issued, now)
            if state == "rejected":
                due.append(later.withdrawal(issued, case.requester))
    return later.keep_due(transaction, due, now, random)
