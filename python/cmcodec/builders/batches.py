"""Signed messages in a signed batch (RFC 10002 §6.17)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from cmcodec import oids, types
from cmcodec.builders.body_part_ids import allocate
from cmcodec.builders.parts import cms_sequence
from cmcodec.checked import checked
from cmcodec.cms import SigningKey, sign
from cmcodec.cms.signing import CRLLike
from cmcodec.errors import ArgumentError, DecodeError, EncodeError
from cmcodec.limits import DEFAULT_MESSAGE_LAYERS
from cmcodec.message import Message, load
from cmcodec.reasons import Reason
from cmcodec.received import Buffer
from cmcodec.verify.given import CertificateLike

__all__ = ["batch_requests", "batch_responses"]

REQUESTS: Final = ("full-request", "other")
RESPONSES: Final = ("full-response", "simple-response", "other")
"""The kinds of messages that batches have; what is encrypted is other."""


@checked
def batch_requests(
    messages: Iterable[Buffer | Message],
    signer: SigningKey,
    *,
    controls: Sequence[types.TaggedAttribute] = (),
    ids: Sequence[int] | None = None,
    certificates: Iterable[CertificateLike] = (),
    crls: Iterable[CRLLike] = (),
    signing_time: datetime | None = None,
) -> bytes:
    """A PKIData that has Full PKI Requests processed, signed by an RA (RFC 10002 §6.17).

    ``messages``: each as `load` takes it, which checks it, or loaded already. Its octets go into
    the batch as they are (a BER wrapper in its DER form); an encrypted request is taken as it is.
    ``controls``: those of the PKIData beside batchRequests, with their ids. ``ids``: the body part
    ids of the messages; by default they are numbered on after the controls. The others are as for
    `sign`.

    Raises `DecodeError` for what is no message or nests others so deep that `load` would not read
    the batch, `EncodeError` for a message of another kind (``bad_type``), for ids that are repeated
    or out of range, and for a batch of nothing, and what `sign` raises. Nobody verifies the nested
    messages here: see `verify_batch`.
    """
    octets = checked_octets(messages, REQUESTS)
    control, members = _members(oids.ID_CMC_BATCH_REQUESTS, octets, controls, ids)
    content = types.PKIData(
        control_sequence=(*controls, control),
        req_sequence=(),
        cms_sequence=members,
        other_msg_sequence=(),
    )
    return sign(content, signer, certificates=certificates, crls=crls, signing_time=signing_time)


@checked
def batch_responses(
    messages: Iterable[Buffer | Message],
    signer: SigningKey,
    *,
    controls: Sequence[types.TaggedAttribute] = (),
    ids: Sequence[int] | None = None,
    certificates: Iterable[CertificateLike] = (),
    crls: Iterable[CRLLike] = (),
    signing_time: datetime | None = None,
) -> bytes:
    """A PKIResponse with the responses to a batch, in the order of its requests.

    As `batch_requests`, with responses, which may be simple ones. The status of the batch is one
    of ``controls``; it is success once each request has its response, whatever those say.
    """
    octets = checked_octets(messages, RESPONSES)
    control, members = _members(oids.ID_CMC_BATCH_RESPONSES, octets, controls, ids)
    content = types.PKIResponse(
        control_sequence=(*controls, control), cms_sequence=members, other_msg_sequence=()
    )
    return sign(content, signer, certificates=certificates, crls=crls, signing_time=signing_time)


def checked_octets(messages: Iterable[Buffer | Message], kinds: tuple[str, ...]) -> list[bytes]:
    """The DER of messages of these kinds; raises as `batch_requests` does."""
    found = []
    for index, each in enumerate(messages):
        try:
            octets = each.to_der() if isinstance(each, Message) else each
            # One layer less than `load` reads by default: the batch is one more.
            message = load(octets, max_layers=DEFAULT_MESSAGE_LAYERS - 1)
        except TypeError as error:
            raise ArgumentError(f"messages[{index}]", hint=str(error)) from None
        except DecodeError as error:
            path = f"messages[{index}].{error.path}"
            raise type(error)(error.reason, error.offset, path) from None
        if message.kind not in kinds:
            raise EncodeError(Reason.BAD_TYPE, None, f"messages[{index}]")
        found.append(message.to_der())
    return found


def _members(
    attr_type: str,
    messages: list[bytes],
    controls: Sequence[types.TaggedAttribute],
    ids: Sequence[int] | None,
) -> tuple[types.TaggedAttribute, Any]:
    """The control and the cmsSequence of a batch."""
    own, ids = allocate(controls, ids, len(messages))
    control = types.TaggedAttribute(
        body_part_id=own, attr_type=attr_type, attr_values=(types.BodyPartList(tuple(ids)),)
    )
    return control, cms_sequence(zip(ids, messages, strict=True))
