"""PKI Responses, step by step (RFC 10002 §4 and §6.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self, TypeAlias, final

from cmcodec import oids, types
from cmcodec.asn1.der import element
from cmcodec.builders import forbidden
from cmcodec.builders.parts import (
    MessageBuilder,
    status_of,
)
from cmcodec.builders.unsigned import without_signers
from cmcodec.checked import checked
from cmcodec.cms import authenticated
from cmcodec.cms.recipients import Recipient
from cmcodec.cms.signing import CRLLike, Draft, SigningKey, carried_elements, sign_octets
from cmcodec.controls.messages import Source, inner_of
from cmcodec.errors import EncodeError, ForbiddenError
from cmcodec.reasons import Reason
from cmcodec.types.cmc import control_type
from cmcodec.types.tables import Place
from cmcodec.verify.given import CertificateLike

__all__ = ["ResponseBuilder", "certs_only"]

BodyPart: TypeAlias = int | tuple[int, ...]
"""A body part: its id, or the path to it."""


@checked
def certs_only(certificates: Iterable[CertificateLike], crls: Iterable[CRLLike] = ()) -> bytes:
    """A Simple PKI Response (RFC 10002 §4.1): certificates and CRLs, which nobody signs.

    Raises `EncodeError` for what is no certificate or CRL.
    """
    held = types.EncapsulatedContentInfo(e_content_type=oids.ID_DATA).to_der()
    signed = element(
        0x30, b"\x02\x01\x01\x31\x00", held, carried_elements(certificates, crls), b"\x31\x00"
    )
    named = types.ContentType(oids.ID_SIGNED_DATA).to_der()
    return element(0x30, named, element(0xA0, signed))


@final
@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseBuilder(MessageBuilder):
    """A Full PKI Response that grows; each call returns a new one and changes none.

    Body parts are ids of the request that is answered, or paths into it; 1 is a Simple PKI
    Request, 0 the message. ``random``: where nonces, keys and salts come from::

        octets = ResponseBuilder().for_request(opened).issue(certificate, 1).sign(signer)
    """

    _certificates: tuple[CertificateLike, ...] = field(default=(), init=False, repr=False)
    _crls: tuple[CRLLike, ...] = field(default=(), init=False, repr=False)
    _request: Source | None = field(default=None, init=False, repr=False, compare=False)

    def for_request(self, request: Source) -> Self:
        """The transaction id, the nonces and each dataReturn of a request (§6.4 and §6.6)."""
        made = self._with(_request=request)
        return made._replying(request)  # noqa: SLF001 - of its own class

    def issue(self, certificate: CertificateLike, *ids: BodyPart) -> Self:
        """A certificate that was issued, and success for the requests named (§4.2)."""
        made = self.add_certificates(certificate)
        return made.status(types.CMCStatus.SUCCESS, *ids) if ids else made

    def fail(
        self, fail_info: types.CMCFailInfo | int, *ids: BodyPart, text: str | None = None
    ) -> Self:
        """The body parts named failed (§6.1.4); raises `ForbiddenError` for an unknown code."""
        forbidden.check_failure(fail_info)
        return self._status(
            types.CMCStatus.FAILED, ids, text, types.OtherStatusInfo(fail_info=fail_info)
        )

    def pend(self, token: bytes, time: datetime, *ids: BodyPart, partial: bool = False) -> Self:
        """The requests named wait for something; ask again at ``time`` with the token (§6.1.1).

        ``partial``: a batch is answered in part. Raises `ForbiddenError` where pending is no
        certification request of the request that is answered (R-083).
        """
        if (
            not partial
            and self._request is not None
            and not _pendable(self._request).issuperset(
                each for each in ids if isinstance(each, int)
            )
        ):
            raise ForbiddenError("R-083")
        status = types.CMCStatus.PARTIAL if partial else types.CMCStatus.PENDING
        pending = types.PendInfo(pend_token=token, pend_time=time)
        return self._status(status, ids, None, types.OtherStatusInfo(pend_info=pending))

    def status(
        self, status: types.CMCStatus | int, *ids: BodyPart, text: str | None = None
    ) -> Self:
        """Any other status (§6.1.3).

        Raises `ForbiddenError` for pending and partial, which need `pend` (R-080).
        """
        if status in (types.CMCStatus.PENDING, types.CMCStatus.PARTIAL):
            raise ForbiddenError("R-080")
        return self._status(status, ids, text, None)

    def challenge(self, challenge: types.EncryptedPOP, *ids: BodyPart) -> Self:
        """A challenge to prove possession of a key: failed, popRequired (§6.7).

        Raises `ForbiddenError` for a request whose possession an RA has witnessed (R-132): a CA
        that takes no such witness answers popFailed.
        """
        paths = {(each,) if isinstance(each, int) else tuple(each) for each in ids}
        if self._request is not None and not _witnessed(self._request).isdisjoint(paths):
            raise ForbiddenError("R-132")
        parts = self._parts.control(oids.ID_CMC_ENCRYPTED_POP, challenge)
        return self._with(_parts=parts).fail(types.CMCFailInfo.POP_REQUIRED, *ids)

    def _status(
        self,
        status: int,
        ids: tuple[BodyPart, ...],
        text: str | None,
        other: types.OtherStatusInfo | None,
    ) -> Self:
        if not ids:
            raise EncodeError(Reason.BAD_VALUE, None, "ids", hint="at least one body part")
        value = status_of(status, ids, text, other)
        return self._control(oids.ID_CMC_STATUS_INFO_V2, value)

    def add_control(
        self, value: Any, attr_type: str | None = None, *, body_part_id: int | None = None
    ) -> Self:
        """A control; ``attr_type`` is its OBJECT IDENTIFIER or name where the class does not tell.

        Raises `ForbiddenError`, or `EncodeError` (``control_misplaced``), for one that may not
        stand in a response, and `ForbiddenError` for a status info that contradicts itself (R-079,
        R-080, R-085).
        """
        named = control_type(value, attr_type)
        forbidden.check_control(named, value, Place.RESPONSE)
        forbidden.check_status(value)
        return self._control(named, value, body_part_id)

    def add_certificates(self, *certificates: CertificateLike) -> Self:
        """Certificates beside those that were issued: intermediates (§4.2)."""
        return self._with(_certificates=(*self._certificates, *certificates))

    def add_crls(self, *crls: CRLLike) -> Self:
        """CRLs."""
        return self._with(_crls=(*self._crls, *crls))

    # --- the result --------------------------------------------------------------------------

    def content(self) -> types.PKIResponse:
        """The PKIResponse; raises `ForbiddenError` (R-055, R-056) and `EncodeError`."""
        content = self._parts.response()
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
        """The response signed by one or several: the DER of a ContentInfo.

        It carries ``certificates`` and ``crls`` beside all that were added. Raises what `content`
        and `cmcodec.cms.sign` raise.
        """
        return sign_octets(
            oids.ID_CCT_PKI_RESPONSE,
            self.content().to_der(),
            signer,
            certificates=(*self._certificates, *certificates),
            crls=(*self._crls, *crls),
            signing_time=signing_time,
            unsigned_data=self._unsigned,
        )

    def draft(self) -> Draft | None:
        """The response for `cmcodec.cms.sign_many`, which signs many at once.

        None where it has CMC Unsigned Data, which only `sign` writes. Raises what `content` raises.
        """
        if self._unsigned:
            return None
        return Draft(self.content(), self._certificates, self._crls)

    def authenticate(
        self,
        secret: bytes,
        identification: str,
        *,
        mac: str = "id-hmacWithSHA256",
        iterations: int = 600_000,
        signing_time: datetime | None = None,
    ) -> bytes:
        """The response under a MAC by a password.

        It has no certificates of its own: they are in a certs-only member of cmsSequence.
        """
        made = self
        if self._certificates or self._crls:
            made = self.add_message(certs_only(self._certificates, self._crls))
        recipient = Recipient.from_password(secret, identification, iterations=iterations)
        return authenticated.authenticate(
            made.content(),
            recipient,
            mac=mac,
            signing_time=signing_time,
            unsigned_data=self._unsigned,
            random=self.random,
        )

    def without_signature(self) -> bytes:
        """What a server sends that cannot sign (§3.2.1.3.4): internalCAError for the message.

        Nobody trusts it. Raises `ForbiddenError` for anything but that status, and what belongs to
        the conversation (R-053).
        """
        content = self.content()
        statuses = [value for _, value in content.find(oids.ID_CMC_STATUS_INFO_V2)]
        if not statuses or self._certificates or any(map(_is_success, statuses)):
            raise ForbiddenError("R-053")
        return without_signers(oids.ID_CCT_PKI_RESPONSE, content.to_der())


def _is_success(status: types.CMCStatusInfoV2) -> bool:
    return status.cmc_status != types.CMCStatus.FAILED


def _pendable(request: Source) -> frozenset[int]:
    """The ids that may be pending: of certification requests, and of what asks for them again."""
    content = inner_of(request)
    if isinstance(content, types.CertificationRequest):
        return frozenset({1})
    found: set[int] = set()
    if isinstance(content, types.PKIData):
        for each in content.req_sequence:
            if each.tcr is not None:
                found.add(each.tcr.body_part_id)
            elif each.crm is not None:
                found.add(each.crm.cert_req.cert_req_id)
        found.update(number for number, _ in content.find(oids.ID_CMC_QUERY_PENDING))
    return frozenset(found)


def _witnessed(request: Source) -> frozenset[tuple[int, ...]]:
    """Paths of the requests whose possession the RA that asks has checked (§6.8)."""
    content = inner_of(request)
    if not isinstance(content, types.PKIData):
        return frozenset()
    return frozenset(
        (witness.pki_data_bodyid, number) if witness.pki_data_bodyid else (number,)
        for _, witness in content.find(oids.ID_CMC_LRA_POP_WITNESS)
        if isinstance(witness, types.LraPopWitness)
        for number in witness.body_ids
    )
