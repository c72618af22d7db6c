"""Full PKI Requests, step by step (RFC 10002 §3.2 and §6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, final

from cryptography import x509

from cmcodec import _backend, oids, types
from cmcodec.arguments import by_chance
from cmcodec.asn1.der import element
from cmcodec.builders import forbidden
from cmcodec.builders.finished import asked_identifier, finished, id_of, tagged
from cmcodec.builders.new_requests import (
    NewRequest,
    asked_extensions,
    key_identifier,
    make,
    name_of,
)
from cmcodec.builders.parts import (
    Context,
    Later,
    MessageBuilder,
    Parts,
    RequestPart,
    status_of,
)
from cmcodec.builders.unsigned import with_no_signature, without_signers
from cmcodec.checked import checked
from cmcodec.cms import authenticated
from cmcodec.cms.recipients import Recipient, RecipientKey
from cmcodec.cms.signing import CRLLike, SigningKey, sign_octets
from cmcodec.controls import encrypted_pop, identity_proof, pop_link
from cmcodec.controls.messages import Source, content_of, request_of
from cmcodec.errors import DecodeError, EncodeError, ForbiddenError, ProofError
from cmcodec.reasons import Reason
from cmcodec.types.cmc import control_type
from cmcodec.types.tables import Place
from cmcodec.verify.certificates import certificate_octets
from cmcodec.verify.given import CertificateLike

if TYPE_CHECKING:
    from cmcodec._backend import Outline

__all__ = ["RequestBuilder"]

Algorithm: TypeAlias = str | types.AlgorithmIdentifier
Request: TypeAlias = (
    "NewRequest | x509.CertificateSigningRequest | types.CertificationRequest | types.CertReqMsg"
    " | types.TaggedRequest | bytes"
)

_RANDOM_OCTETS: Final = 64
_UNSIGNED: Final = (
    oids.ID_CMC_REVOKE_REQUEST, oids.ID_CMC_TRANSACTION_ID, oids.ID_CMC_SENDER_NONCE,
    oids.ID_CMC_RECIPIENT_NONCE, oids.ID_CMC_IDENTIFICATION,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Link:
    """A POP link: the witness of every request."""

    attr_type: str
    witness: Any


@final
@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBuilder(MessageBuilder):
    """A Full PKI Request that grows; each call returns a new one and changes none.

    Ids are given when the content is made, from 1 on in the order of the calls, around those given
    as ``body_part_id``. What a standard forbids raises `ForbiddenError`, at the call or at the
    latest before anything is signed. ``random``: where nonces, keys and salts come from::

        octets = (
            RequestBuilder()
            .transaction()
            .add_request(NewRequest(key=key, subject=name))
            .identify(secret, "device-1")
            .link_pop(secret)
            .sign_with_request_key()
        )
    """

    _links: tuple[_Link, ...] = field(default=(), init=False, repr=False)
    _renewed: bytes | None = field(default=None, init=False, repr=False)
    _identified: bool = field(default=False, init=False, repr=False)

    # --- what is asked -----------------------------------------------------------------------

    def add_request(self, request: Request, *, body_part_id: int | None = None) -> Self:
        """A certification request: a new one, or one that is finished, which is kept as it is.

        ``bytes`` are a PKCS#10 as `load` takes it. Raises `ForbiddenError` for a finished one that
        RFC 10002 or RFC 4211 forbids, `EncodeError` (``pop_invalid``) for one whose proof of
        possession is wrong, and what `load` raises.
        """
        if isinstance(request, NewRequest):
            forbidden.check_changed_name(request.change_subject_name)
            number = request.body_part_id if body_part_id is None else body_part_id
            return self._plus(RequestPart(request, number))
        asked = finished(request)
        if self._links:
            raise ForbiddenError("R-100")
        fixed = id_of(asked)
        if fixed is not None and body_part_id not in (None, fixed):
            raise EncodeError(Reason.BAD_VALUE, None, "body_part_id")
        return self._plus(RequestPart(asked, body_part_id if fixed is None else fixed))

    def add_control(
        self, value: Any, attr_type: str | None = None, *, body_part_id: int | None = None
    ) -> Self:
        """A control; ``attr_type`` is its OBJECT IDENTIFIER or name where the class does not tell.

        Raises `ForbiddenError`, or `EncodeError` (``control_misplaced``), for one that may not
        stand in a request.
        """
        named = control_type(value, attr_type)
        forbidden.check_control(named, value, Place.REQUEST)
        if named == oids.ID_CMC_RECIPIENT_NONCE:
            # `follow_up` sends one.
            raise ForbiddenError("R-119")
        if named == oids.ID_CMC_RA_IDENTITY_WITNESS:
            # `BatchRequestBuilder`, which is an RA's, sends one.
            raise ForbiddenError("R-163")
        if named in (oids.ID_CMC_IDENTIFICATION, oids.ID_CMC_IDENTITY_PROOF,
                     oids.ID_CMC_IDENTITY_PROOF_V2):  # fmt: skip
            self._check_identifying()
            parts = self._parts.control(named, value, body_part_id)
            return self._with(_parts=parts, _identified=True)
        return self._control(named, value, body_part_id)

    # --- who asks ----------------------------------------------------------------------------

    def identify(
        self,
        secret: bytes,
        identification: str | None = None,
        *,
        version: int = 2,
        hash: Algorithm = "id-sha256",  # noqa: A002 - the standard's word
        mac: Algorithm = "id-hmacWithSHA256",
    ) -> Self:
        """An identity proof over the requests with a shared secret (RFC 10002 §6.2).

        ``version`` 1 is the control of RFC 2797, SHA-1 and HMAC-SHA1. Raises `ForbiddenError` in a
        renewal (R-026).
        """
        self._check_identifying()
        parts = self._parts
        if identification is not None and not parts.values(oids.ID_CMC_IDENTIFICATION):
            parts = parts.control(oids.ID_CMC_IDENTIFICATION, types.Identification(identification))
        if _version(version) == 1:

            def first(context: Context) -> Any:
                return identity_proof.compute_v1(context.req_sequence, secret, identification)

            parts = parts.control(oids.ID_CMC_IDENTITY_PROOF, Later(first))
        else:

            def second(context: Context) -> Any:
                return identity_proof.compute(
                    context.req_sequence, secret, identification, hash=hash, mac=mac
                )

            parts = parts.control(oids.ID_CMC_IDENTITY_PROOF_V2, Later(second))
        return self._with(_parts=parts, _identified=True)

    def link_pop(
        self,
        secret: bytes,
        *,
        version: int = 2,
        key_gen: Algorithm = "id-sha256",
        mac: Algorithm = "id-hmacWithSHA256",
    ) -> Self:
        """A witness in every request that its key is known to who has the secret (§6.3.1).

        Raises `ForbiddenError` beside a finished request (R-100), which can take no witness.
        """
        if any(not isinstance(part.asked, NewRequest) for part in self._parts.requests()):
            raise ForbiddenError("R-100")
        parts = self._parts
        known = parts.values(oids.ID_CMC_POP_LINK_RANDOM)
        random = known[0].value if known else by_chance(self.random, _RANDOM_OCTETS)
        if not known:
            parts = parts.control(oids.ID_CMC_POP_LINK_RANDOM, types.PopLinkRandom(random))
        if _version(version) == 1:
            link = _Link(oids.ID_CMC_POP_LINK_WITNESS, pop_link.compute_v1(random, secret))
        else:
            witness = pop_link.compute(random, secret, key_gen=key_gen, mac=mac)
            link = _Link(oids.ID_CMC_POP_LINK_WITNESS_V2, witness)
        return self._with(_parts=parts, _links=(*self._links, link))

    def renew(self, certificate: CertificateLike) -> Self:
        """The names of a certificate in every new request; only its key may sign (§6.3.3).

        Raises `ForbiddenError` beside an identity proof (R-026).
        """
        if self._identified:
            raise ForbiddenError("R-026")
        _names_in(certificate_octets(certificate))
        return self._with(_renewed=certificate_octets(certificate))

    # --- the conversation --------------------------------------------------------------------

    def transaction(self, identifier: int | None = None) -> Self:
        """A transaction id, 128 bits by chance unless given, and a senderNonce (§6.6)."""
        return self._in_transaction(identifier)

    def follow_up(self, response: Source) -> Self:
        """The next message of a transaction: its id, the nonce received and a new one (§6.6)."""
        return self._replying(response)

    def answer_challenges(
        self,
        response: Source,
        keys: RecipientKey | Iterable[RecipientKey],
        *,
        sent: Source | None = None,
    ) -> Self:
        """The answers to all encryptedPOP, and the requests they are about, unchanged (§6.7).

        ``sent``: the request that ``response`` answers. Then only what was asked in it is answered
        for, and its popLinkRandom is sent again, which requests with a POP link witness need.

        Raises `ProofError` (``challenge_wrong``) for a challenge that none of the keys opens, that
        does not hold what it says, or is about another request: `abort` is the answer to that.
        """
        given = (keys,) if isinstance(keys, RecipientKey) else tuple(keys)
        parts = self._parts
        own = None if sent is None else request_of(sent)
        for _, challenge in content_of(response).find(types.EncryptedPOP):
            if own is not None and challenge.request not in own.req_sequence:
                raise ProofError(Reason.CHALLENGE_WRONG, types.CMCFailInfo.POP_FAILED, (0,))
            number = id_of(challenge.request)
            assert number is not None
            answer = _answer(challenge, given, number)
            parts = parts.plus(RequestPart(challenge.request, number))
            parts = parts.control(oids.ID_CMC_DECRYPTED_POP, answer)
        for _, random in () if own is None else own.find(oids.ID_CMC_POP_LINK_RANDOM):
            parts = parts.control(oids.ID_CMC_POP_LINK_RANDOM, random)
        return self._with(_parts=parts)

    def confirm(self, certificate: CertificateLike) -> Self:
        """The certificate is accepted (§6.14)."""
        return self._settle(certificate, types.CMCStatus.SUCCESS, None, None)

    def reject(self, certificate: CertificateLike, text: str | None = None) -> Self:
        """The certificate is not accepted: failed, badRequest (§6.14)."""
        failed = types.OtherStatusInfo(fail_info=types.CMCFailInfo.BAD_REQUEST)
        return self._settle(certificate, types.CMCStatus.FAILED, failed, text)

    def _settle(
        self,
        certificate: CertificateLike,
        status: types.CMCStatus,
        other: types.OtherStatusInfo | None,
        text: str | None,
    ) -> Self:
        named = types.CMCCertId(issuer_and_serial_number=_name_of(certificate))
        place = len(self._parts.parts)

        def status_info(context: Context) -> types.CMCStatusInfoV2:
            return status_of(status, (context.ids[place],), text, other)

        parts = self._parts.control(oids.ID_CMC_CONFIRM_CERT_ACCEPTANCE, named)
        return self._with(_parts=parts.control(oids.ID_CMC_STATUS_INFO_V2, Later(status_info)))

    def abort(self, text: str | None = None) -> Self:
        """A challenge cannot be answered: failed, popFailed, for the message (R-127)."""
        failed = types.OtherStatusInfo(fail_info=types.CMCFailInfo.POP_FAILED)
        value = status_of(types.CMCStatus.FAILED, (0,), text, failed)
        return self._control(oids.ID_CMC_STATUS_INFO_V2, value)

    def revoke(
        self,
        certificate: CertificateLike | types.IssuerAndSerialNumber,
        reason: types.CRLReason | int,
        *,
        secret: bytes | None = None,
        invalidity_date: datetime | None = None,
        comment: str | None = None,
    ) -> Self:
        """A certificate is to be revoked (§6.11), with a shared secret where nobody signs."""
        named = certificate
        if not isinstance(named, types.IssuerAndSerialNumber):
            named = _name_of(named)
        value = types.RevokeRequest(
            issuer_name=named.issuer,
            serial_number=named.serial_number,
            reason=reason,
            invalidity_date=invalidity_date,
            shared_secret=secret,
            comment=comment,
        )
        return self._control(oids.ID_CMC_REVOKE_REQUEST, value)

    def extends(self, other: RequestBuilder) -> bool:
        """Whether it is another with more controls and members, and no more requests."""
        count = len(other._parts.parts)
        before, more = self._parts.parts[:count], Parts(self._parts.parts[count:])
        return before == other._parts.parts and not more.requests()

    # --- the result --------------------------------------------------------------------------

    def content(self) -> types.PKIData:
        """The PKIData; each call signs the new requests in it anew.

        Raises `ForbiddenError` for ids that are repeated or out of range (R-055, R-056), a witness
        without popLinkRandom (R-099), names that differ beside an identity proof without POP link
        (R-105), one certificate in two publishCert controls (R-161); `EncodeError` for what has no
        encoding and for controls that stand too often.
        """
        return self._made(None)[0]

    def _made(self, signing: int | None) -> tuple[types.PKIData, NewRequest | None]:
        """The content, and the new request with a body part id, or the only one."""
        ids = self._parts.ids()
        asked = [
            (part.asked, number)
            for part, number in zip(self._parts.parts, ids, strict=True)
            if isinstance(part, RequestPart)
        ]
        new = [(each, number) for each, number in asked if isinstance(each, NewRequest)]
        self._check_names(new)
        more = tuple((link.attr_type, link.witness) for link in self._links)
        requests = [
            make(self._renewing(each), number, more)
            if isinstance(each, NewRequest)
            else tagged(each, number)
            for each, number in asked
        ]
        has_random = bool(self._parts.values(oids.ID_CMC_POP_LINK_RANDOM))
        forbidden.check_witnesses(requests, has_random=has_random)
        sequence = element(0x30, *(request.to_der() for request in requests))
        content = types.PKIData(
            control_sequence=self._parts.controls(Context(sequence, ids)),
            req_sequence=tuple(requests),
            cms_sequence=self._parts.members(ids),
            other_msg_sequence=(),
        )
        # A finished request is as it is.
        made = tuple(
            request
            for request, (each, _) in zip(requests, asked, strict=True)
            if isinstance(each, NewRequest)
        )
        forbidden.check_places(replace(content, req_sequence=made))
        forbidden.check_publications(content)
        chosen = [each for each, number in new if signing in (None, number)]
        return content, self._renewing(chosen[0]) if len(chosen) == 1 else None

    def _check_names(self, new: list[tuple[NewRequest, int]]) -> None:
        """R-105: one name, where it is the name that links the requests to the identity proof."""
        names = {name_of(each.subject).to_der() for each, _ in new}
        if self._identified and not self._links and len(names) > 1:
            raise ForbiddenError("R-105")

    def _renewing(self, request: NewRequest) -> NewRequest:
        """R-107: subject and subjectAltName of the certificate that is renewed."""
        if self._renewed is None:
            return request
        subject, alternative = _names_in(self._renewed)
        others = (
            each
            for each in asked_extensions(request)
            if each.extn_id != oids.ID_CE_SUBJECT_ALT_NAME
        )
        return replace(request, subject=subject, extensions=(*others, *alternative))

    def sign(
        self,
        signer: SigningKey | Sequence[SigningKey],
        *,
        certificates: Iterable[CertificateLike] = (),
        crls: Iterable[CRLLike] = (),
        signing_time: datetime | None = None,
    ) -> bytes:
        """The request signed by one or several: the DER of a ContentInfo.

        Raises what `content` and `cmcodec.cms.sign` raise, and `ForbiddenError` for a renewal that
        another key would sign (R-107), and for a key without a certificate that is of no request
        (R-021), of one without a key identifier (R-019), or not alone (R-022).
        """
        signers = (signer,) if isinstance(signer, SigningKey) else tuple(signer)
        content, _ = self._made(None)
        self._check_signers(content, signers)
        return sign_octets(
            oids.ID_CCT_PKI_DATA,
            content.to_der(),
            signers,
            certificates=certificates,
            crls=crls,
            signing_time=signing_time,
            unsigned_data=self._unsigned,
        )

    def _check_signers(self, content: types.PKIData, signers: Sequence[SigningKey]) -> None:
        if self._renewed is not None and any(
            signer.certificate is None or certificate_octets(signer.certificate) != self._renewed
            for signer in signers
        ):
            raise ForbiddenError("R-107")
        for signer in signers:
            if signer.certificate is None:
                wanted = {asked_identifier(request) for request in content.req_sequence} - {None}
                if signer.key_identifier not in wanted:
                    raise ForbiddenError("R-021" if wanted else "R-019")
                if len(signers) > 1:
                    raise ForbiddenError("R-022")

    def sign_with_request_key(self, body_part_id: int | None = None) -> bytes:
        """The request signed by the key of a new request in it, of the only one by default.

        Whoever receives it learns that one party has the key and made the message, and not who
        that is. Raises what `content` and `cmcodec.cms.sign` raise, `ForbiddenError` in a renewal
        (R-107), and `EncodeError` where the request is not told.
        """
        if self._renewed is not None:
            raise ForbiddenError("R-107")
        content, request = self._made(body_part_id)
        if request is None:
            raise EncodeError(Reason.BAD_VALUE, None, "body_part_id", hint="of one new request")
        identifier = key_identifier(asked_extensions(request))
        assert identifier is not None
        if isinstance(request.key, SigningKey):
            signer = replace(request.key, certificate=None, key_identifier=identifier)
        else:
            signer = SigningKey.from_private_key(
                request.key, key_identifier=identifier, algorithm=request.algorithm
            )
        return sign_octets(
            oids.ID_CCT_PKI_DATA, content.to_der(), signer, unsigned_data=self._unsigned
        )

    def authenticate(
        self,
        secret: bytes,
        identification: str,
        *,
        mac: str = "id-hmacWithSHA256",
        iterations: int = 600_000,
    ) -> bytes:
        """The request under a MAC by a password, with the identification control (§3.2).

        Raises what `content` and `cmcodec.cms.authenticate` raise, and `ForbiddenError` in a
        renewal (R-026) or where another identification stands in it (R-025).
        """
        self._check_identifying()
        parts = self._parts
        known = parts.values(oids.ID_CMC_IDENTIFICATION)
        named = types.Identification(identification)
        if known and known != [named]:
            raise ForbiddenError("R-025")
        if not known:
            parts = parts.control(oids.ID_CMC_IDENTIFICATION, named)
        made = self._with(_parts=parts, _identified=True)
        recipient = Recipient.from_password(secret, identification, iterations=iterations)
        return authenticated.authenticate(
            made.content(), recipient, mac=mac, unsigned_data=self._unsigned, random=self.random
        )

    def without_signature(self) -> bytes:
        """The request that nobody authenticates: the DER of a ContentInfo.

        With id-alg-noSignature by the key identifier of the only request, for a key that cannot
        sign (§C.1); without a SignerInfo where there are only revocations by secret (§6.11). Raises
        what `content` raises, and `ForbiddenError` for what is neither (R-016).
        """
        content, _ = self._made(None)
        octets = content.to_der()
        identifiers = [asked_identifier(request) for request in content.req_sequence]
        if len(identifiers) == 1 and identifiers[0] is not None:
            return with_no_signature(oids.ID_CCT_PKI_DATA, octets, identifiers[0], self._unsigned)
        secrets = [value for _, value in content.find(oids.ID_CMC_REVOKE_REQUEST)]
        only = all(each.attr_type in _UNSIGNED for each in content.control_sequence)
        has_members = any(True for _ in content.cms_sequence)
        if (
            identifiers
            or not secrets
            or not only
            or has_members
            or any(each.shared_secret is None for each in secrets)
        ):
            raise ForbiddenError("R-016")
        return without_signers(oids.ID_CCT_PKI_DATA, octets)

    def _check_identifying(self) -> None:
        """R-026: a renewal has no identification and no identity proof."""
        if self._renewed is not None:
            raise ForbiddenError("R-026")


def _version(version: int) -> int:
    if version not in (1, 2):
        raise EncodeError(Reason.BAD_VALUE, None, "version", hint=f"{version!r} is not 1 or 2")
    return version


def _fields(certificate: CertificateLike) -> Outline:
    """The fields of a certificate; raises `EncodeError` for what is none."""
    try:
        found = _backend.certificate(certificate_octets(certificate))
    except ValueError:
        found = None
    if found is None:
        raise EncodeError(Reason.BAD_VALUE, None, "certificate")
    return found


def _name_of(certificate: CertificateLike) -> types.IssuerAndSerialNumber:
    issuer, serial_number, *_ = _fields(certificate)
    return types.IssuerAndSerialNumber.from_der(element(0x30, issuer, serial_number))


def _names_in(certificate: bytes) -> tuple[types.Name, tuple[types.Extension, ...]]:
    """The subject of a certificate, and its subjectAltName if it has one."""
    *_, subject, _, extensions = _fields(certificate)
    try:
        found = () if extensions is None else tuple(types.Extensions.from_der(extensions))
        named = tuple(each for each in found if each.extn_id == oids.ID_CE_SUBJECT_ALT_NAME)
        for each in named:
            types.GeneralNames.from_der(each.extn_value)
        return types.Name.from_der(subject), named
    except DecodeError:
        raise EncodeError(Reason.BAD_VALUE, None, "certificate") from None


def _answer(
    challenge: types.EncryptedPOP, keys: tuple[RecipientKey, ...], body_part_id: int
) -> types.DecryptedPOP:
    """The answer of the first key that opens the challenge."""
    refused: ProofError | None = None
    for key in keys:
        try:
            return encrypted_pop.answer(challenge, key, body_part_id)
        except ProofError as error:
            refused = error
    if refused is None:
        raise EncodeError(Reason.BAD_VALUE, None, "keys", hint="at least one")
    raise refused
