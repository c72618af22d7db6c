"""Batches of requests and of responses, step by step (RFC 10002 §6.5, §6.8, §6.17 to §6.20)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, final

from cryptography import x509

from cmcodec import oids, types
from cmcodec.builders import forbidden
from cmcodec.builders.batches import REQUESTS, RESPONSES, checked_octets
from cmcodec.builders.finished import finished, tagged
from cmcodec.builders.parts import (
    Builder,
    Context,
    MemberPart,
    Parts,
    RequestPart,
    references,
    status_of,
)
from cmcodec.checked import checked
from cmcodec.cms.signing import CRLLike, SigningKey, sign_octets
from cmcodec.controls import unsigned_data
from cmcodec.controls.messages import Source
from cmcodec.errors import EncodeError
from cmcodec.message import Message
from cmcodec.reasons import Reason
from cmcodec.received import Buffer
from cmcodec.types.cmc import control_type
from cmcodec.types.tables import Place
from cmcodec.verify.given import CertificateLike

__all__ = ["BatchRequestBuilder", "BatchResponseBuilder"]


@final
@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequestBuilder(Builder):
    """What a registration authority sends: requests of others, and what it says of them.

    Each call returns a new one and changes none. A message is named by its body part id, a request
    in it by that id and its own; 0 is this message itself. Ids are given when the content is made,
    from 1 on in the order of the calls, around those given::

        octets = BatchRequestBuilder().add_all(messages).transaction().sign(signer)
    """

    def add(self, message: Buffer | Message, *, body_part_id: int | None = None) -> Self:
        """A Full PKI Request, or one that is encrypted, to be processed (§6.17).

        Its CMC Unsigned Data is promoted to this message (§3.2.3). Raises what `add_all` raises.
        """
        (octets,) = checked_octets((message,), REQUESTS)
        return self._plus(MemberPart(octets, body_part_id))

    def add_all(self, messages: Iterable[Buffer | Message]) -> Self:
        """Many, in order.

        Raises what `load` raises, with the place of the message in the path, and `EncodeError`
        (``bad_type``) for a message of another kind.
        """
        found = checked_octets(messages, REQUESTS)
        return self._plus(*map(MemberPart, found))

    def add_request(
        self,
        request: x509.CertificateSigningRequest | types.CertificationRequest | bytes,
        *,
        body_part_id: int | None = None,
    ) -> Self:
        """A Simple PKI Request, in reqSequence and as it is (R-174).

        Raises what `RequestBuilder.add_request` raises.
        """
        asked = finished(request)
        if not isinstance(asked, types.CertificationRequest):
            raise EncodeError(Reason.BAD_TYPE, None, "request")
        return self._plus(RequestPart(asked, body_part_id))

    def modify(
        self,
        message_id: int,
        request_ids: Sequence[int],
        template: types.CertTemplate,
        *,
        replace: bool = True,
    ) -> Self:
        """Fields of the requests named are replaced, or removed with ``replace=False`` (§6.5.1)."""
        value = types.ModCertTemplate(
            pki_data_reference=types.BodyPartPath((message_id,)),
            cert_references=types.BodyPartList(tuple(request_ids)),
            replace=replace,
            cert_template=template,
        )
        return self._control(oids.ID_CMC_MOD_CERT_TEMPLATE, value)

    def witness_pop(self, message_id: int, request_ids: Sequence[int]) -> Self:
        """The RA verified possession of the keys of the requests named (§6.8)."""
        value = types.LraPopWitness(pki_data_bodyid=message_id, body_ids=tuple(request_ids))
        return self._control(oids.ID_CMC_LRA_POP_WITNESS, value)

    def witness_identity(self, *path: int) -> Self:
        """The RA verified who asks: a path to the identity proof, or to the request (§6.20).

        One to an identity proof, of two ids or more, is marked as processed too (R-164).
        """
        value = types.BodyPartPath(tuple(path))
        made = self._control(oids.ID_CMC_RA_IDENTITY_WITNESS, value)
        return made.processed(tuple(path)) if len(path) > 1 else made

    def processed(self, *paths: int | tuple[int, ...]) -> Self:
        """The RA has dealt with these controls (§6.19)."""
        value = types.ControlsProcessed(body_list=references(paths))
        return self._control(oids.ID_CMC_CONTROL_PROCESSED, value)

    def add_control(
        self, value: Any, attr_type: str | None = None, *, body_part_id: int | None = None
    ) -> Self:
        """A control, as for `RequestBuilder.add_control`."""
        named = control_type(value, attr_type)
        forbidden.check_control(named, value, Place.REQUEST)
        return self._control(named, value, body_part_id)

    def transaction(self, identifier: int | None = None) -> Self:
        """A transaction id, 128 bits by chance unless given, and a senderNonce (§6.6)."""
        return self._in_transaction(identifier)

    def sign(
        self,
        signer: SigningKey | Sequence[SigningKey],
        *,
        certificates: Iterable[CertificateLike] = (),
        crls: Iterable[CRLLike] = (),
        signing_time: datetime | None = None,
    ) -> bytes:
        """The batch signed by the RA: the DER of a ContentInfo.

        Raises what `cmcodec.cms.sign` raises, and `ForbiddenError` for ids that are repeated or out
        of range (R-055, R-056).
        """
        content, promoted = self._made()
        return sign_octets(
            oids.ID_CCT_PKI_DATA,
            content.to_der(),
            signer,
            certificates=certificates,
            crls=crls,
            signing_time=signing_time,
            unsigned_data=promoted,
        )

    def content(self) -> types.PKIData:
        """The PKIData; raises what `sign` raises."""
        return self._made()[0]

    def _made(self) -> tuple[types.PKIData, tuple[types.CMCUnsignedData, ...]]:
        """The content, and the unsigned data of the messages in it."""
        listed = self._parts.with_list(oids.ID_CMC_BATCH_REQUESTS)
        ids = listed.ids()
        promoted: list[types.CMCUnsignedData] = []
        taken: list[Any] = []
        for part, number in zip(listed.parts, ids, strict=True):
            if isinstance(part, MemberPart) and unsigned_data.may_stand_in(part.octets):
                octets, data = unsigned_data.promote(part.octets, number)
                promoted += data
                taken.append(MemberPart(octets, number))
            else:
                taken.append(part)
        parts = Parts(tuple(taken))
        content = types.PKIData(
            control_sequence=parts.controls(Context(b"", ids)),
            req_sequence=tuple(
                tagged(part.asked, number)
                for part, number in zip(parts.parts, ids, strict=True)
                if isinstance(part, RequestPart)
            ),
            cms_sequence=parts.members(ids),
            other_msg_sequence=(),
        )
        forbidden.check_places(content)
        return content, tuple(promoted)


@final
@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResponseBuilder(Builder):
    """The answers to a batch, in the order of its requests, each a message of its own (§6.17).

    Errors stay inside the answers: the batch itself succeeded (R-158).
    """

    def for_request(self, batch: Source) -> Self:
        """The transaction id, the nonces and each dataReturn of the batch that is answered."""
        return self._replying(batch)

    def add(self, response: Buffer | Message) -> Self:
        """The answer to the next request; raises what `add_all` raises."""
        (octets,) = checked_octets((response,), RESPONSES)
        return self._plus(MemberPart(octets))

    def add_all(self, responses: Iterable[Buffer | Message]) -> Self:
        """Many, in order; raises as `BatchRequestBuilder.add_all` does."""
        found = checked_octets(responses, RESPONSES)
        return self._plus(*map(MemberPart, found))

    def partial(self, token: bytes, time: datetime, *ids: int) -> Self:
        """More answers are to come: ask again at ``time`` with the token (R-157).

        ``ids`` are those of the batchRequests control of the batch, for example.
        """
        pending = types.PendInfo(pend_token=token, pend_time=time)
        other = types.OtherStatusInfo(pend_info=pending)
        value = status_of(types.CMCStatus.PARTIAL, ids or (0,), None, other)
        return self.add_control(value)

    def add_control(
        self, value: Any, attr_type: str | None = None, *, body_part_id: int | None = None
    ) -> Self:
        """A control, as for `ResponseBuilder.add_control`."""
        named = control_type(value, attr_type)
        forbidden.check_control(named, value, Place.RESPONSE)
        forbidden.check_status(value)
        return self._control(named, value, body_part_id)

    def content(self) -> types.PKIResponse:
        """The PKIResponse; raises `ForbiddenError` (R-055, R-056) and `EncodeError`."""
        content = self._parts.with_list(oids.ID_CMC_BATCH_RESPONSES).response()
        forbidden.check_places(content)
        return content

    def sign(
        self,
        signer: SigningKey | Sequence[SigningKey],
        *,
        certificates: Iterable[CertificateLike] = (),
        crls: Iterable[CRLLike] = (),
        signing_time: datetime | None = None,
    ) -> bytes:
        """The batch signed by the server: the DER of a ContentInfo; raises as `sign` does."""
        return sign_octets(
            oids.ID_CCT_PKI_RESPONSE,
            self.content().to_der(),
            signer,
            certificates=certificates,
            crls=crls,
            signing_time=signing_time,
        )
