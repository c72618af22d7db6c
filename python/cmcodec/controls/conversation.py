"""What holds the messages of a transaction together (RFC 10002 §6.4 and §6.6).

Only the controls of the message itself count, not those of messages nested in it (R-120). Of a
control that may stand once, two are none (rule R4).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from hmac import compare_digest
from typing import Any, Final

from cmcodec import oids, types
from cmcodec.arguments import by_chance, flag
from cmcodec.checked import checked
from cmcodec.controls.messages import Source, inner_of
from cmcodec.errors import ProofError
from cmcodec.reasons import Reason

__all__ = ["NONCE_OCTETS", "check", "reply"]

NONCE_OCTETS: Final = 16
"""Of the nonces that are made here (RFC 10002 §6.6)."""
_RETURNED: Final = (
    oids.ID_CMC_TRANSACTION_ID, oids.ID_CMC_SENDER_NONCE, oids.ID_CMC_DATA_RETURN,
)  # fmt: skip


@checked
def reply(
    request: Source, *, random: Callable[[int], bytes] = os.urandom
) -> tuple[types.TaggedAttribute, ...]:
    """The controls that an answer has because of what it answers, with ids from 1 on.

    The transactionId (R-116); the senderNonce as recipientNonce, and a senderNonce of 16 octets of
    ``random`` where there was one (R-117); each dataReturn (R-108). Of a response, to follow it up,
    the same without dataReturn, which is the client's own. A Simple PKI Request calls for none.
    """
    found: dict[str, list[Any]] = {each: [] for each in _RETURNED}
    content = inner_of(request)
    for control in getattr(content, "control_sequence", ()):
        if control.attr_type in found:
            found[control.attr_type] += control.attr_values
    values: list[tuple[str, Any]] = []
    if len(found[oids.ID_CMC_TRANSACTION_ID]) == 1:
        values.append((oids.ID_CMC_TRANSACTION_ID, *found[oids.ID_CMC_TRANSACTION_ID]))
    if len(found[oids.ID_CMC_SENDER_NONCE]) == 1:
        (nonce,) = found[oids.ID_CMC_SENDER_NONCE]
        values.append((oids.ID_CMC_RECIPIENT_NONCE, types.RecipientNonce(nonce.value)))
        own = types.SenderNonce(by_chance(random, NONCE_OCTETS))
        values.append((oids.ID_CMC_SENDER_NONCE, own))
    if isinstance(content, types.PKIData):
        values += [(oids.ID_CMC_DATA_RETURN, each) for each in found[oids.ID_CMC_DATA_RETURN]]
    return tuple(
        types.TaggedAttribute(body_part_id=number, attr_type=attr_type, attr_values=(value,))
        for number, (attr_type, value) in enumerate(values, 1)
    )


@checked
def check(response: Source, request: Source | None, *, compatibility: bool = False) -> None:
    """Checks that a message answers the one that was sent, before anything else is done (R-118).

    ``request`` is what was sent: a request, or for who answers, the response that ``response``
    follows up. Its transactionId is repeated (R-116), its senderNonce returned, and every
    dataReturn of a request (R-108). A nonce that nobody sent is returned by nobody. With None for
    ``request`` this is a first message, which has no recipientNonce (R-119). ``compatibility``
    takes a message without a transactionId where a nonce says what it answers: django-ca-cmc
    returns no more than that.

    Raises `ProofError` with badRequest and the control at fault, or 0 where it is missing:
    ``transaction_wrong``, also where a dataReturn is missing, which is what a client keeps of its
    transaction; ``nonce_wrong``.
    """
    expected = None if request is None else _sole(request, oids.ID_CMC_TRANSACTION_ID)
    sent = None if request is None else _sole(request, oids.ID_CMC_SENDER_NONCE)
    repeated = [value for _, value in _values(response, oids.ID_CMC_TRANSACTION_ID)]
    is_enough = flag("compatibility", compatibility) and sent is not None and not repeated
    if expected is not None and repeated != [expected] and not is_enough:
        raise _wrong(Reason.TRANSACTION_WRONG, response, oids.ID_CMC_TRANSACTION_ID)
    returned = _sole(response, oids.ID_CMC_RECIPIENT_NONCE)
    if sent is None:
        is_right = not _values(response, oids.ID_CMC_RECIPIENT_NONCE)
    else:
        is_right = returned is not None and compare_digest(returned.value, sent.value)
    if not is_right:
        raise _wrong(Reason.NONCE_WRONG, response, oids.ID_CMC_RECIPIENT_NONCE)
    kept = Counter(each.value for each in _to_return(request))
    found = Counter(each.value for _, each in _values(response, oids.ID_CMC_DATA_RETURN))
    if kept - found:
        raise _wrong(Reason.TRANSACTION_WRONG, response, oids.ID_CMC_DATA_RETURN)


def _values(message: Source, attr_type: str) -> list[tuple[int, Any]]:
    """Body part id and value of each control of this type; none where there are no controls."""
    content = inner_of(message)
    return [
        (control.body_part_id, value)
        for control in getattr(content, "control_sequence", ())
        if control.attr_type == attr_type
        for value in control.attr_values
    ]


def _sole(message: Source, attr_type: str) -> Any:
    """The value of a control that stands once; None where it does not."""
    found = _values(message, attr_type)
    return found[0][1] if len(found) == 1 else None


def _to_return(request: Source | None) -> list[types.DataReturn]:
    """What a server has to return: nothing of what it sent itself."""
    if request is None or not isinstance(inner_of(request), types.PKIData):
        return []
    return [value for _, value in _values(request, oids.ID_CMC_DATA_RETURN)]


def _wrong(reason: Reason, message: Source, attr_type: str) -> ProofError:
    ids = tuple(body_part_id for body_part_id, _ in _values(message, attr_type))
    return ProofError(reason, types.CMCFailInfo.BAD_REQUEST, ids or (0,), reason.rule)
