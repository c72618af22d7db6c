"""What a shared secret authenticates inside of a message (RFC 10002 §6.16).

A client that has no trust anchor yet gets one that way: see `cmcodec.controls.trust_anchors`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cmcodec import types
from cmcodec.checked import checked
from cmcodec.cms.envelopes import layer_of
from cmcodec.cms.opening import Opened
from cmcodec.cms.recipients import RecipientKey
from cmcodec.controls.messages import Source, content_of, message_of
from cmcodec.errors import CMCError, ProofError
from cmcodec.reasons import Reason
from cmcodec.types.controls import CMCFailInfo

if TYPE_CHECKING:
    from cmcodec.message import Message

__all__ = ["open"]


@checked
def open(  # noqa: A001 - what it is called
    opened: Source, keys: RecipientKey | Iterable[RecipientKey]
) -> tuple[tuple[int, Opened], ...]:
    """The id of each authData control, and the PKIData it names, opened: in received order.

    The controls of such a PKIData are to be processed as those of the message are. A member of
    cmsSequence that no authData names is not looked at. ``keys`` are those of `Message.open`: it
    takes a password.

    Raises `ProofError` (``auth_data_wrong``, authDataFail) with the id of the first control whose
    member is not there, is no AuthenticatedData over a PKIData, or does not open; then nothing is
    returned (R-153, R-154).
    """
    given = keys if isinstance(keys, RecipientKey) else tuple(keys)
    controls = content_of(opened).find(types.AuthPublish)
    members = dict(message_of(opened).unverified_messages) if controls else {}
    done: dict[int, Opened] = {}
    found = []
    for control, value in controls:
        member = members.get(value.value)
        # A derivation of a key takes long, so that none is done twice.
        inner = done.get(value.value) or (None if member is None else _opened(member, given))
        if inner is None:
            raise ProofError(Reason.AUTH_DATA_WRONG, CMCFailInfo.AUTH_DATA_FAIL, (control,))
        done[value.value] = inner
        found.append((control, inner))
    return tuple(found)


def _opened(member: Message, keys: RecipientKey | tuple[RecipientKey, ...]) -> Opened | None:
    """A PKIData in AuthenticatedData whose MAC holds; None for anything else."""
    try:
        layer = layer_of(member)
        if not isinstance(layer, types.AuthenticatedData):
            return None
        inner = member.open(keys)
    except CMCError:
        return None
    return inner if isinstance(inner.content, types.PKIData) else None
