"""What waits until a certificate is accepted, or until its time (RFC 10002 §6.11, §6.14 and §6.18).

Renewing revokes nothing by itself. What a client or a rule wants done about an old certificate is
kept beside the new one, and done once that is confirmed, or collected where nobody confirms. Each
action is kept before it is begun and removed when it is done: after a crash it is done again.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509

from cmcodec import types
from cmcodec.roles import records
from cmcodec.roles.applications import NOBODY, Revocation, requester_of, requester_record
from cmcodec.roles.service.issued import known_by, name_of
from cmcodec.roles.service.statements import keys_of, of_certificate
from cmcodec.roles.store import Kind
from cmcodec.verify.certificates import certificate_octets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from cmcodec.roles.applications import Requester
    from cmcodec.roles.rules import Rules
    from cmcodec.roles.service.cases import Asked, Case
    from cmcodec.roles.service.server import Server
    from cmcodec.roles.store import Transaction

    Hooks = dict[str, Callable[[Any], None] | None]

__all__ = [
    "collected", "finish", "keep_due", "publication", "put_issued", "record_issued", "release",
    "revocation", "run", "withdrawal",
]  # fmt: skip

_LOG: Final = logging.getLogger("cmcodec.roles")
_STEP: Final = 100


def revocation(wanted: Revocation, *, after: timedelta | None = None) -> dict[str, Any]:
    """An action: a certificate is to be revoked, some time after the new one is settled."""
    date = wanted.invalidity_date
    return {
        "do": "revoke",
        "certificate": records.text(wanted.certificate.to_der()),
        "reason": int(wanted.reason),
        "date": None if date is None else records.seconds(date),
        "comment": wanted.comment,
        "requester": requester_record(wanted.requester),
        "after": 0 if after is None else after.total_seconds(),
    }


def publication(info: types.CMCPublicationInfo) -> dict[str, Any]:
    """An action: certificates are to be published, or no longer."""
    return {"do": "publish", "info": records.text(info.to_der()), "after": 0}


def expiry(key: bytes, within: timedelta) -> dict[str, Any]:
    """An action: nobody has confirmed a certificate in time."""
    return {"do": "expire", "issued": records.text(key), "after": within.total_seconds()}


def withdrawal(issued: dict[str, Any], requester: Requester = NOBODY) -> dict[str, Any]:
    """An action: a certificate that was not accepted is to be revoked.

    ``requester``: who does not accept it, nobody where the time for that is over.
    """
    certificate = x509.load_der_x509_certificate(records.octets(issued["certificate"]))
    return revocation(
        Revocation(
            certificate=name_of(certificate),
            reason=types.CRLReason.CESSATION_OF_OPERATION,
            requester=requester,
        )
    )


def keep_due(
    transaction: Transaction,
    actions: Iterable[dict[str, Any]],
    now: datetime,
    random: Callable[[int], bytes],
) -> list[bytes]:
    """Keeps actions until they are done; returns the keys of those whose time has come."""
    found = []
    for action in actions:
        moment = records.seconds(now) + action["after"]
        key = int(moment).to_bytes(8, "big") + random(16)
        records.put(transaction, Kind.DUE, key, {**action, "until": 0})
        if not action["after"]:
            found.append(key)
    return found


# --- certificates that were issued --------------------------------------------------------------


def record_issued(
    transaction: Transaction,
    case: Case,
    now: datetime,
    rules: Rules,
    random: Callable[[int], bytes],
) -> None:
    """Keeps certificates, the first time; the first of them has what waits for all.

    Where an issuer made another one for an application that has one, the one that is kept counts.
    """
    fresh: dict[bytes, Asked] = {}
    for asked in case.asked:
        if asked.issued is None:
            continue
        known = records.read(transaction, Kind.ISSUED, asked.issued.key, now)
        if known is None:
            fresh[asked.issued.key] = asked
        else:
            case.replace_issued(asked, records.octets(known["certificate"]))
    if not fresh:
        return
    first, actions = next(iter(fresh)), _waiting(case, fresh.values(), rules)
    state = "confirming" if rules.confirm else "issued"
    for key, asked in fresh.items():
        asked.is_waited_for = bool(actions)
        record = {**_issued(case, asked), "state": state, "first": records.text(first)}
        record["identification"] = _identification(transaction, asked, now)
        if key == first and actions:
            record |= {"group": list(map(records.text, fresh)), "actions": actions}
        put_issued(transaction, key, record)
    if rules.confirm:
        expiries = [expiry(key, rules.confirm_within) for key in fresh]
        keep_due(transaction, expiries, now, random)


def _waiting(case: Case, issued: Iterable[Asked], rules: Rules) -> list[dict[str, Any]]:
    """What is to be done once these certificates are settled."""
    # What is said beside requests waits with those that somebody decides later.
    actions = [] if any(each.is_pending for each in case.asked) else list(case.actions)
    actions += [each for asked in issued if asked.known for each in asked.known["actions"]]
    after = rules.revoke_replaced_after
    if after is not None:
        actions += [revocation(each, after=after) for each in _replaced(issued)]
    return actions


def _replaced(issued: Iterable[Asked]) -> list[Revocation]:
    """The certificates that are renewed, each once."""
    found: dict[bytes, Revocation] = {}
    for asked in issued:
        application = asked.application
        if application is not None and application.renews is not None:
            named = name_of(application.renews)
            found[named.to_der()] = Revocation(
                certificate=named,
                reason=types.CRLReason.SUPERSEDED,
                requester=application.requester,
            )
    return list(found.values())


def _issued(case: Case, asked: Asked) -> dict[str, Any]:
    """What is kept of a certificate; ``who`` may confirm it."""
    issued, application = asked.issued, asked.application
    assert issued is not None
    assert application is not None
    who = case.who if asked.known is None else asked.known["who"]
    octets = issued.octets
    own = (*keys_of(asked.request), of_certificate(octets))
    return {
        "certificate": records.text(octets),
        "application": records.text(application.id),
        "requester": str(application.requester),
        "who": [*dict.fromkeys((*who, *own))],
        "transaction": records.hexadecimal(application.transaction_id),
        "not_after": records.seconds(issued.certificate.not_valid_after_utc),
        "actions": [],
    }


def _identification(transaction: Transaction, asked: Asked, now: datetime) -> str | None:
    """The identification that a certificate was issued under; a renewal has that of the old one."""
    application = asked.application
    assert application is not None
    if application.renews is None:
        return application.requester.identification
    key, _ = known_by(certificate_octets(application.renews))
    replaced = records.read(transaction, Kind.ISSUED, key, now)
    found: str | None = None if replaced is None else replaced["identification"]
    return found


def put_issued(transaction: Transaction, key: bytes, record: dict[str, Any]) -> None:
    """Keeps what is known of a certificate, as long as it is valid."""
    expires = records.time(record["not_after"])
    records.put(transaction, Kind.ISSUED, key, record, expires=expires)


def collected(transaction: Transaction, case: Case, now: datetime) -> list[dict[str, Any]]:
    """The actions that waited for certificates of a message, where nobody confirms them."""
    firsts = {}
    for asked in case.asked:
        if asked.issued is not None and asked.is_waited_for:
            issued = records.read(transaction, Kind.ISSUED, asked.issued.key, now)
            if issued is not None:
                firsts[issued["first"]] = issued
    found = (release(transaction, issued, now) for issued in firsts.values())
    return [action for actions in found for action in actions]


def release(
    transaction: Transaction, issued: dict[str, Any], now: datetime
) -> list[dict[str, Any]]:
    """The actions that waited for a certificate, once all that came with it are settled.

    No action where one of them was rejected: the old certificate stays.
    """
    key = records.octets(issued["first"])
    first = records.read(transaction, Kind.ISSUED, key, now)
    if first is None or not first["actions"]:
        return []
    group = (records.octets(each) for each in first["group"])
    found = [records.read(transaction, Kind.ISSUED, each, now) for each in group]
    states = {each and each["state"] for each in found}
    if "confirming" in states:
        return []
    put_issued(transaction, key, {**first, "actions": []})
    actions: list[dict[str, Any]] = first["actions"]
    return actions if states <= {"issued", "confirmed"} else []


# --- what is due ---------------------------------------------------------------------------------


def run(server: Server, hooks: Hooks, keys: Iterable[bytes], now: datetime) -> int:
    """Does what is due; says how much of it is done."""
    done = 0
    for key in keys:
        action = server.unit(partial(_take, server, key, now))
        if action is None:
            continue
        try:
            _perform(server, hooks, action, now)
        except LookupError as error:
            _LOG.warning("%s is given up: %r", action["do"], error)
        except Exception as error:
            # Once more, when `finish` is called.
            _LOG.error("%s: %r", action["do"], error, exc_info=error)
            continue
        server.unit(partial(_drop, key))
        done += 1
    return done


def _drop(key: bytes, transaction: Transaction) -> None:
    transaction.delete(Kind.DUE, key)


def _take(
    server: Server, key: bytes, now: datetime, transaction: Transaction
) -> dict[str, Any] | None:
    """Claims an action; None where it is done, or somebody is at it."""
    action = records.read(transaction, Kind.DUE, key, now)
    if action is None or action["until"] > records.seconds(now):
        return None
    until = records.seconds(now + server.rules.claim_for)
    records.put(transaction, Kind.DUE, key, {**action, "until": until})
    return action


def _perform(server: Server, hooks: Hooks, action: dict[str, Any], now: datetime) -> None:
    if action["do"] == "expire":
        found = _expired(server, records.octets(action["issued"]), now)
        if found is None:
            return
        action = found
    hook = hooks[action["do"]]
    if hook is None:
        _LOG.warning("nobody does this: %s", action["do"])
    elif action["do"] == "publish":
        hook(types.CMCPublicationInfo.from_der(records.octets(action["info"])))
    else:
        hook(_revocation(action))


def _reason(number: int) -> types.CRLReason | int:
    """A reason as it was received: one that nobody has defined is a number."""
    try:
        return types.CRLReason(number)
    except ValueError:
        return number


def _revocation(action: dict[str, Any]) -> Revocation:
    named, date = records.octets(action["certificate"]), action["date"]
    return Revocation(
        certificate=types.IssuerAndSerialNumber.from_der(named),
        reason=_reason(action["reason"]),
        invalidity_date=None if date is None else records.time(date),
        comment=action["comment"],
        requester=requester_of(action["requester"]),
    )


def _expired(server: Server, key: bytes, now: datetime) -> dict[str, Any] | None:
    """What is to be done about a certificate that nobody confirmed in time.

    It is revoked, and what waited for it is dropped. None where it was confirmed or rejected.
    """

    def state(transaction: Transaction) -> dict[str, Any] | None:
        issued = records.read(transaction, Kind.ISSUED, key, now)
        if issued is None or issued["state"] not in ("confirming", "expired"):
            return None
        put_issued(transaction, key, {**issued, "state": "expired"})
        release(transaction, issued, now)
        return withdrawal(issued)

    return server.unit(state)


def _scan(after: bytes, transaction: Transaction) -> list[tuple[bytes, bytes]]:
    return transaction.scan(Kind.DUE, after=after, limit=_STEP)


def finish(server: Server, hooks: Hooks, now: datetime) -> int:
    """Does all that is due, and removes what has expired, in small steps."""
    done, after = 0, b""
    while True:
        found = server.unit(partial(_scan, after))
        due = [key for key, _ in found if int.from_bytes(key[:8], "big") <= records.seconds(now)]
        done += run(server, hooks, due, now)
        if len(due) < _STEP:
            break
        after = due[-1]
    while server.unit(lambda transaction: transaction.expire(now, limit=1000)):
        pass
    return done
