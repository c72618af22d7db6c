"""What references to body parts lead to (RFC 10002 §3.2.2).

The controls that refer to others (§6.8, §6.19, §6.20, §6.21), each followed::

    requests = [follow(message, (value.pki_data_bodyid, number)) for number in value.body_ids]
    controls = [follow(message, reference) for reference in controls_processed.body_list]
    witnessed = follow(message, ra_identity_witness)
    response = follow(message, response_body)

The first are those of lraPOPWitness. What a reference leads to may still be of a kind that its
control has no use for, as a response would be for lraPOPWitness.
"""

from __future__ import annotations

from collections.abc import Iterable

from cmcodec import types
from cmcodec.checked import checked
from cmcodec.controls.messages import Source, message_of
from cmcodec.errors import ProofError
from cmcodec.message import Message
from cmcodec.reasons import Reason, Rule
from cmcodec.types.controls import CMCFailInfo
from cmcodec.verify.references import Scope, request_id

__all__ = ["follow"]


@checked
def follow(
    message: Source, path: int | Iterable[int] | types.BodyPartReference
) -> Message | types.TaggedRequest | types.TaggedAttribute:
    """The body part that a path leads to: a control, a request, or a member of cmsSequence.

    ``path``: ids from this message inwards, as a BodyPartPath has them; or one id; or a
    BodyPartReference. All but the last are members of cmsSequence that are messages and not
    encrypted; 0 is the message it stands in, so that ``(0,)`` leads to the message itself (T-25,
    T-26). Nobody has verified a nested message: see `cmcodec.verify_batch`.

    Raises `ProofError` (``dangling_reference``, badRequest) where it leads nowhere: its ids are
    the message's, as those of the control that refers are not known here.
    """
    scope, last = _last(Scope(message_of(message)), path)
    if scope is not None:
        if last == 0:
            return scope.message
        found = _part(scope.message, last) or scope.members.get(last)
        if found is not None:
            return found
    raise ProofError(Reason.DANGLING_REFERENCE, CMCFailInfo.BAD_REQUEST, rule=Rule.R4)


def _part(message: Message, identifier: int) -> types.TaggedRequest | types.TaggedAttribute | None:
    """The control or the request with an id."""
    content = message.unverified_content
    if not isinstance(content, types.PKIData | types.PKIResponse):
        return None
    for control in content.control_sequence:
        if control.body_part_id == identifier:
            return control
    requests = content.req_sequence if isinstance(content, types.PKIData) else ()
    return next((each for each in requests if request_id(each) == identifier), None)


def _last(
    scope: Scope[Message], path: int | Iterable[int] | types.BodyPartReference
) -> tuple[Scope[Message] | None, int]:
    """Where the last id of a path is looked up, and that id."""
    given = path.value if isinstance(path, types.BodyPartReference) else path
    steps = (given,) if isinstance(given, int) else tuple(given)
    found = scope.follow(steps) if steps else None
    return (None, 0) if found is None else found
