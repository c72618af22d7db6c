"""What the checks of controls need of a message, in whichever form it is."""

from __future__ import annotations

from typing import Any, TypeAlias

from cmcodec import types
from cmcodec.cms.opening import Opened, Unsigned
from cmcodec.errors import ProofError, VerificationError
from cmcodec.message import Message
from cmcodec.reasons import Reason, Rule

Source: TypeAlias = Message | Opened | Unsigned
"""A message as it was loaded, or one whose layers are open."""


def message_of(source: Source) -> Message:
    """The innermost message."""
    return source if isinstance(source, Message) else source.message


def inner_of(source: Source) -> Any:
    """The content of the innermost message, whatever it is."""
    return source.unverified_content if isinstance(source, Message) else source.inner


def content_of(source: Source) -> types.PKIData | types.PKIResponse:
    """The content; raises `VerificationError` (``wrong_content_type``) where there is none."""
    content = inner_of(source)
    if not isinstance(content, types.PKIData | types.PKIResponse):
        raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)
    return content


def request_of(source: Source) -> types.PKIData:
    """The same, of a request."""
    content = content_of(source)
    if not isinstance(content, types.PKIData):
        raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)
    return content


def octets_of(source: Source, path: str) -> bytes | None:
    """The octets of an element of the content as received: ``reqSequence[0]``."""
    return message_of(source).octets(f"content.encapContentInfo.eContent.{path}")


def single(content: types.PKIData | types.PKIResponse, attr_type: str) -> tuple[int, Any] | None:
    """Body part id and value of a control that may stand once; None where there is none.

    Raises `ProofError` (``badRequest``) where it stands twice (``duplicate_control``) or has not
    exactly one value (``control_misplaced``): which of them is meant, nobody can tell.
    """
    found = [each for each in content.control_sequence if each.attr_type == attr_type]
    if not found:
        return None
    if len(found) == 1 and len(found[0].attr_values) == 1:
        return found[0].body_part_id, found[0].attr_values[0]
    reason = Reason.DUPLICATE_CONTROL if len(found) > 1 else Reason.CONTROL_MISPLACED
    ids = tuple(each.body_part_id for each in found)
    raise ProofError(reason, types.CMCFailInfo.BAD_REQUEST, ids, Rule.R4)
