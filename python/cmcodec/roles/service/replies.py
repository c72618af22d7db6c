"""What a server answers (RFC 10002 §4, §5 and §6.1).

Under a MAC where the request was, in an envelope where the request was, else signed. Signatures of
a batch are made on all cores.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, final

from cmcodec import oids, types
from cmcodec.builders import BatchResponseBuilder, ResponseBuilder, certs_only
from cmcodec.builders.parts import status_of
from cmcodec.cms import encrypt, sign_envelope, sign_many
from cmcodec.cms.recipients import Recipient
from cmcodec.errors import CMCError
from cmcodec.message import load
from cmcodec.roles import records
from cmcodec.roles.service.cases import Status, try_later
from cmcodec.roles.service.statements import identification
from cmcodec.types.controls import CMCFailInfo, CMCStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from cmcodec.cms.opening import Opened, Unsigned
    from cmcodec.cms.signing import SigningKey
    from cmcodec.message import Message
    from cmcodec.roles.applications import Requester
    from cmcodec.roles.registration.relaying import Told
    from cmcodec.roles.rules import Rules
    from cmcodec.roles.service.cases import Case
    from cmcodec.verify.given import CertificateLike

    Decorate = Callable[[Opened | Unsigned, ResponseBuilder], ResponseBuilder]
    Recipients = Callable[[Requester], Iterable[Recipient]]

__all__ = ["Replies"]

_LOG: Final = logging.getLogger("cmcodec.roles")
_AT_A_TIME: Final = 256
_FETCHING: Final = (oids.ID_CMC_GET_CERT, oids.ID_CMC_GET_CRL)


@final
class Replies:
    """Makes the answers of one server; each says when it was signed (R-150)."""

    def __init__(
        self,
        *,
        signer: SigningKey,
        chain: Iterable[CertificateLike],
        rules: Rules,
        decorate: Decorate | None,
        recipients: Recipients | None,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
    ) -> None:
        self._clock = clock
        self._signer, self._chain, self._rules = signer, tuple(chain), rules
        self._decorate, self._recipients, self._random = decorate, recipients, random

    def write(self, cases: Sequence[Case]) -> None:
        """Gives each case its answer, the batches around them excepted.

        So many at a time as keep all cores busy: what becomes octets does not pile up.
        """
        for start in range(0, len(cases), _AT_A_TIME):
            self._write_some(cases[start : start + _AT_A_TIME])

    def _write_some(self, cases: Sequence[Case]) -> None:
        signed: list[tuple[Case, ResponseBuilder]] = []
        for case in cases:
            if case.stored is not None:
                case.answer = case.stored
                continue
            if _is_unanswered(case):
                continue
            try:
                self._write_alone(case, signed)
            except Exception as error:
                # What a hook made of it, or gave for it.
                signed.append((case, self._failed(case, error)))
        self._sign(signed)

    def _write_alone(self, case: Case, signed: list[tuple[Case, ResponseBuilder]]) -> None:
        """An answer, or what is to be signed of it."""
        if _is_simple(case):
            case.answer = certs_only((*case.certificates, *self._chain), case.crls)
            return
        builder = self._builder(case)
        if case.arrival.is_maced and case.secret is not None and case.wrong_mac is None:
            name, chain = identification(case.arrival), self._chain if case.certificates else ()
            case.answer = builder.add_certificates(*chain).authenticate(
                case.secret,
                name or "",
                iterations=self._rules.iterations,
                signing_time=self._clock(),
            )
            return
        signed.append((case, builder))

    def _failed(self, case: Case, error: Exception) -> ResponseBuilder:
        """What takes the place of an answer that cannot be made, and is not kept."""
        _LOG.error("no answer to %s: %r", case.arrival.digest.hex()[:16], error, exc_info=error)
        case.is_makeshift = True
        return self._with_statuses(_begun(case, self._random), case, [Status.raised(error)])

    def _builder(self, case: Case) -> ResponseBuilder:
        """The controls, certificates and CRLs of an answer."""
        opened = case.arrival.opened
        made = _begun(case, self._random)
        statuses = list(case.all_statuses())
        if case.failure is not None:
            statuses = [Status.of(case.failure)]
        elif case.is_busy:
            statuses = [try_later()]
        for each in case.asked:
            if each.challenge is not None and case.failure is None:
                made = made.add_control(each.challenge)
        for value, attr_type in case.controls:
            made = made.add_control(value, attr_type)
        made = self._with_statuses(made, case, statuses or [Status(CMCStatus.SUCCESS)])
        if case.certificates or case.crls:
            made = made.add_certificates(*case.certificates).add_crls(*case.crls)
        if self._decorate is not None and opened is not None and case.failure is None:
            made = self._decorate(opened, made)
        return made

    def _with_statuses(
        self, made: ResponseBuilder, case: Case, statuses: Iterable[Status]
    ) -> ResponseBuilder:
        is_simple = isinstance(case.arrival.said, types.CertificationRequest)
        for status in statuses:
            # of a Simple PKI Request, 1 is all there is.
            for value in self._controls(replace(status, parts=(1,)) if is_simple else status):
                made = made.add_control(value)
        return made

    def _controls(self, status: Status) -> list[Any]:
        """What says how body parts fared."""
        other = None
        if status.fail_info is not None:
            other = types.OtherStatusInfo(fail_info=status.fail_info)
        elif status.token is not None and status.time is not None:
            pending = types.PendInfo(pend_token=status.token, pend_time=status.time)
            other = types.OtherStatusInfo(pend_info=pending)
        found: list[Any] = [status_of(status.status, status.parts, status.text, other)]
        if self._rules.status_v1:
            # beside the other, for who knows no other.
            first = types.CMCStatusInfo(
                cmc_status=status.status,
                body_list=types.BodyPartList(status.parts),
                status_string=status.text,
                other_info=None
                if other is None
                else types.StatusInfoOther(fail_info=other.fail_info, pend_info=other.pend_info),
            )
            found.append(first)
        return found

    def write_batch(self, case: Case, answers: Sequence[bytes], now: datetime) -> None:
        """The answers to the messages of a batch, in one message, in their order (§6.17).

        Where they are split, ``case.parts`` has the rest, by the token that asks for it.
        """
        source: Any = case.arrival.opened
        split = self._rules.split_after or len(answers)
        made = BatchResponseBuilder(random=self._random).for_request(source)
        made = made.add_all(answers[:split])
        for asked in case.asked:
            if asked.challenge is not None:
                made = made.add_control(asked.challenge)
        for status in case.all_statuses():
            for value in self._controls(status):
                made = made.add_control(value)
        if len(answers) > split:
            token = self._random(16)
            case.parts[token] = list(answers[split:])
            controls = case.arrival.control(oids.ID_CMC_BATCH_REQUESTS)
            polls = case.arrival.control(oids.ID_CMC_QUERY_PENDING)
            made = made.partial(token, now, *(number for number, _ in controls or polls))
        certificates = (*case.certificates, *self._chain)
        try:
            octets = made.sign(
                self._signer, certificates=certificates, crls=case.crls, signing_time=self._clock()
            )
        except Exception:
            _LOG.exception("cannot sign")
            case.answer, case.is_makeshift = self.bare(case), True
        else:
            case.answer = self._sealed(case, octets)

    def refusal(self, octets: bytes, status: Status) -> bytes:
        """What is answered where nothing else can be, to whatever was received."""
        made = ResponseBuilder(random=self._random)
        try:
            message = load(octets)
            if isinstance(message.unverified_content, types.PKIData):
                made = made.for_request(message)
        except CMCError:
            pass
        try:
            for value in self._controls(status):
                made = made.add_control(value)
            return made.sign(self._signer, certificates=self._chain, signing_time=self._clock())
        except Exception:
            _LOG.exception("cannot sign")
            return self.bare(None)

    def of_ra(self, answer: Message | None, told: Told, package: str | None) -> bytes:
        """What an RA answers that made the request itself.

        Certificates alone; or with the key that it made, in a response around that of the CA, which
        says where that is (R-169); or why there are none.
        """
        if answer is None or told.status != CMCStatus.SUCCESS:
            status = Status(told.status, (1,), told.fail_info, told.text, told.token, told.time)
            made = ResponseBuilder(random=self._random)
            for value in self._controls(status):
                made = made.add_control(value)
            return made.sign(self._signer, signing_time=self._clock())
        if package is None:
            return certs_only([each.der for each in answer.certificates])
        body = types.BodyPartPath((1,))
        return (
            ResponseBuilder(random=self._random)
            .add_message(answer, body_part_id=1)
            .add_message(records.octets(package), body_part_id=2)
            .add_control(body, oids.ID_CMC_RESPONSE_BODY)
            .status(CMCStatus.SUCCESS, 0)
            .sign(self._signer, signing_time=self._clock())
        )

    # --- signatures --------------------------------------------------------------------------

    def _sign(self, signed: list[tuple[Case, ResponseBuilder]]) -> None:
        """Signs all, and encrypts what is an answer to something encrypted."""
        try:
            self._sign_all(signed)
        except Exception:
            # Whatever a key in a device raises: nobody learns of it but the log.
            _LOG.exception("cannot sign")
            for case, _ in signed:
                case.answer, case.is_makeshift = self.bare(case), True

    def _sign_all(self, signed: list[tuple[Case, ResponseBuilder]]) -> None:
        drafts = [(case, builder, builder.draft()) for case, builder in signed]
        many = [(case, draft) for case, _, draft in drafts if draft is not None]
        octets = sign_many(
            [draft for _, draft in many],
            self._signer,
            certificates=self._chain,
            signing_time=self._clock(),
        )
        for (case, _), each in zip(many, octets, strict=True):
            self.seal(case, each)
        for case, builder, draft in drafts:
            if draft is None:
                self.seal(
                    case,
                    builder.sign(
                        self._signer, certificates=self._chain, signing_time=self._clock()
                    ),
                )

    def seal(self, case: Case, octets: bytes) -> None:
        """Gives a case an answer that is signed, encrypted where the request was."""
        try:
            case.answer = self._sealed(case, octets)
        except Exception as error:
            # Whoever is to read it: nothing of it is sent in the clear.
            builder = self._failed(case, error)
            case.answer = builder.sign(
                self._signer, certificates=self._chain, signing_time=self._clock()
            )

    def bare(self, case: Case | None) -> bytes:
        """What a server answers that cannot sign (R-053)."""
        made = ResponseBuilder(random=self._random)
        if case is not None and isinstance(case.arrival.claims, types.PKIData):
            made = made.for_request(case.arrival.message)
        return made.fail(CMCFailInfo.INTERNAL_CA_ERROR, 0).without_signature()

    def _sealed(self, case: Case, octets: bytes) -> bytes:
        """The answer to an encrypted request, encrypted in the same way (§5)."""
        arrival = case.arrival
        if not arrival.is_encrypted or arrival.opened is None or case.is_makeshift:
            return octets
        recipients = self._readers(case)
        if not recipients:
            return octets
        kinds = [layer.kind for layer in arrival.opened.layers]
        cipher = "id-aes256-GCM" if "auth-enveloped" in kinds else "id-aes256-CBC"
        sealed = encrypt(octets, recipients, algorithm=cipher, random=self._random)
        return sealed if kinds[0] != "signed" else sign_envelope(sealed, self._signer)

    def _readers(self, case: Case) -> tuple[Recipient, ...]:
        """Who reads an answer: the certificate where its key can, or who has the secret."""
        requester = case.requester
        if self._recipients is not None:
            return tuple(self._recipients(requester))
        if requester.certificate is not None:
            try:
                return (Recipient.from_certificate(requester.certificate),)
            except (CMCError, TypeError):
                _LOG.info("the key of the requester's certificate decrypts nothing")
        if case.secret is None:
            return ()
        iterations = self._rules.iterations
        return (
            Recipient.from_password(
                case.secret, requester.identification or "", iterations=iterations
            ),
        )


def _begun(case: Case, random: Callable[[int], bytes]) -> ResponseBuilder:
    """What belongs to the conversation, as far as the message can be read."""
    arrival, made = case.arrival, ResponseBuilder(random=random)
    if not isinstance(arrival.said, types.PKIData):
        return made
    return made.for_request(arrival.message if arrival.opened is None else arrival.opened)


def _is_unanswered(case: Case) -> bool:
    """A bad message that only says how another fared gets no answer: there would be no end."""
    is_outermost = case.arrival.outer is None
    return case.failure is not None and is_outermost and case.arrival.is_status_alone


def _is_simple(case: Case) -> bool:
    """Whether certificates and CRLs alone are the answer (RFC 10002 §3.1, §6.9 and §6.10)."""
    arrival = case.arrival
    if case.failure is not None or case.is_busy or arrival.is_maced or arrival.is_encrypted:
        return False
    statuses = list(case.all_statuses())
    if any(each.status != CMCStatus.SUCCESS for each in statuses):
        return False
    content = case.arrival.content
    if isinstance(content, types.CertificationRequest):
        return True
    kinds = {each.attr_type for each in getattr(content, "control_sequence", ())}
    # Beside any other control a client expects a Full PKI Response.
    return bool(kinds) and kinds <= set(_FETCHING) and not case.arrival.requests
