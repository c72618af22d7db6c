"""What a server receives: each PKI message, opened, with those of batches inside it.

Everything is verified in one call, on all cores. What is encrypted is opened with the server's
keys; what a password authenticates waits for the secret.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

from cmcodec import oids, types
from cmcodec.cms.opening import Opened, Unsigned, opened_as
from cmcodec.cms.recipients import RecipientKey
from cmcodec.controls import statuses
from cmcodec.controls.requests import simple_request
from cmcodec.errors import (
    CMCError,
    DecodeError,
    DecryptionError,
    ProofError,
    VerificationError,
)
from cmcodec.message import Message
from cmcodec.reasons import Reason, Rule
from cmcodec.types.controls import CMCFailInfo
from cmcodec.verify.batch import verify_batch
from cmcodec.verify.certificates import certificates_octets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from cryptography import x509

    from cmcodec.received import Buffer
    from cmcodec.roles.rules import Rules
    from cmcodec.verify.given import CertificateLike, Certificates, Trust
    from cmcodec.verify.report import BatchReport
    from cmcodec.verify.verdict import RequestReport, Row

    _Path: TypeAlias = tuple[int, ...]
    _Rows: TypeAlias = dict[_Path, Row]

__all__ = ["Arrival", "Reader", "failure_of"]

_UNSIGNED: Final = (Reason.NO_SIGNER, Reason.NO_SIGNATURE)
_RA_CONTROLS: Final = frozenset(
    (
        oids.ID_CMC_ADD_EXTENSIONS, oids.ID_CMC_LRA_POP_WITNESS, oids.ID_CMC_BATCH_REQUESTS,
        oids.ID_CMC_MOD_CERT_TEMPLATE, oids.ID_CMC_CONTROL_PROCESSED,
        oids.ID_CMC_RA_IDENTITY_WITNESS,
    )
)  # fmt: skip
"""What only an RA may say (RFC 10002 §6)."""
_FAIL_INFO: Final = {
    Reason.UNSUPPORTED_ALGORITHM: CMCFailInfo.BAD_ALG,
    Reason.UNTRUSTED_CHAIN: CMCFailInfo.BAD_IDENTITY,
    Reason.UNTRUSTED_REQUEST_KEY: CMCFailInfo.BAD_IDENTITY,
    Reason.WRONG_CONTENT_TYPE: CMCFailInfo.BAD_REQUEST,
    Reason.VERSION_MISMATCH: CMCFailInfo.BAD_REQUEST,
}
"""What a server answers where not badMessageCheck (RFC 10002 §6.1.4)."""
_OF_REQUESTS: Final = {
    Reason.POP_INVALID: CMCFailInfo.POP_FAILED,
    Reason.KEY_REJECTED: CMCFailInfo.BAD_REQUEST,
}
"""The same where it is requests that are wrong."""


@final
@dataclass(slots=True, eq=False)
class Arrival:
    """One PKI message of those that arrived together, and what is known of it.

    ``path``: ids in cmsSequence. ``outer``: the RA's message that it came in. ``opened`` is None as
    long as it is under a MAC that nobody has checked, and where ``failure`` says what is wrong.
    ``signer``: the trusted certificate that signed; ``is_ra``: an authorised RA's. What RAs around
    it say: ``is_identified``, that they know who sent it; ``possessed``, the ids of the requests
    whose keys they know the sender to have.
    """

    path: tuple[int, ...]
    message: Message
    row: Row
    outer: Arrival | None = None
    opened: Opened | Unsigned | None = None
    failure: ProofError | None = None
    signer: x509.Certificate | None = None
    signer_octets: bytes = b""
    is_ra: bool = False
    is_identified: bool = False
    possessed: frozenset[int] = frozenset()
    members: list[Arrival] = field(default_factory=list)
    digest: bytes = b""
    _controls: dict[str, Sequence[types.TaggedAttribute]] | None = None
    _requests: tuple[types.TaggedRequest, ...] | None = None

    def __post_init__(self) -> None:
        self.digest = hashlib.sha256(self.message.to_der()).digest()

    @property
    def content(self) -> Any:
        """The innermost content: a PKIData or a PKCS#10 request, None where nothing is opened."""
        return None if self.opened is None else self.opened.inner

    @property
    def claims(self) -> Any:
        """What the message says, before anything is checked; None for what is malformed."""
        if self.row.verdict == "malformed":
            return None
        return self.message.unverified_content

    @property
    def said(self) -> Any:
        """The content, or what the message claims to say where nothing is opened."""
        return self.claims if self.content is None else self.content

    @property
    def requests(self) -> tuple[types.TaggedRequest, ...]:
        """The certification requests, a bare PKCS#10 as number 1."""
        if self._requests is None:
            if self.content is None:
                return ()
            self._requests = self.claimed_requests
        return self._requests

    @property
    def claimed_requests(self) -> tuple[types.TaggedRequest, ...]:
        """The same where nothing is opened, as far as they can be read."""
        said = self.said
        if isinstance(said, types.CertificationRequest):
            return (simple_request(said),)
        return tuple(said.req_sequence) if isinstance(said, types.PKIData) else ()

    @property
    def reports(self) -> tuple[RequestReport, ...]:
        """What verifying found of the requests."""
        return () if self.opened is None else self.opened.requests

    @property
    def is_maced(self) -> bool:
        """Whether the message is under a MAC by a password."""
        return self.row.reason is Reason.MAC_UNCHECKED

    @property
    def is_encrypted(self) -> bool:
        """Whether there is an envelope among its layers."""
        return self.opened is not None and any("envelope" in x.kind for x in self.opened.layers)

    def ras(self) -> tuple[x509.Certificate, ...]:
        """The RAs whose messages it came in, outermost last."""
        found = []
        around = self.outer
        while around is not None:
            assert around.signer is not None
            found.append(around.signer)
            around = around.outer
        return tuple(found)

    def walk(self) -> Iterator[Arrival]:
        """The message itself, and those inside it in order."""
        yield self
        for member in self.members:
            yield from member.walk()

    def control(self, attr_type: str) -> tuple[tuple[int, Any], ...]:
        """Body part id and value of each control of a type."""
        if self._controls is None:
            if self.opened is None:
                return ()
            self._controls = _by_type(getattr(self.content, "control_sequence", ()))
        found = self._controls.get(attr_type, ())
        return tuple((each.body_part_id, value) for each in found for value in each.attr_values)

    @property
    def is_status_alone(self) -> bool:
        """Whether nothing but status infos is in it: no answer to a bad one of these (§6.1)."""
        content = self.claims
        others = (oids.ID_CMC_TRANSACTION_ID, oids.ID_CMC_SENDER_NONCE, oids.ID_CMC_RECIPIENT_NONCE)
        kinds = {each.attr_type for each in getattr(content, "control_sequence", ())}
        return (
            not kinds.isdisjoint(statuses.CONTROLS)
            and kinds <= {*others, *statuses.CONTROLS}
            and not getattr(content, "req_sequence", ())
            and not content.cms_sequence
        )


def _by_type(
    controls: Iterable[types.TaggedAttribute],
) -> dict[str, Sequence[types.TaggedAttribute]]:
    """Controls by their types, in order; most types stand once."""
    found: dict[str, Sequence[types.TaggedAttribute]] = {}
    for each in controls:
        before = found.get(each.attr_type)
        if isinstance(before, list):
            before.append(each)
        else:
            found[each.attr_type] = (each,) if before is None else [*before, each]
    return found


def failure_of(error: CMCError, reports: Iterable[RequestReport] = ()) -> ProofError:
    """What a server answers to a message with this error (RFC 10002 §6.1.4)."""
    if isinstance(error, ProofError):
        return error
    reason = Reason(error.reason)
    if isinstance(error, DecodeError):
        return ProofError(reason, CMCFailInfo.BAD_REQUEST)
    if isinstance(error, DecryptionError):
        return ProofError(reason, CMCFailInfo.BAD_MESSAGE_CHECK)
    failed = tuple(each.id for each in reports if each.pop == "failed")
    about_requests = _OF_REQUESTS.get(reason) if failed else None
    if about_requests is not None:
        return ProofError(reason, about_requests, failed, getattr(error, "rule", None))
    fail_info = _FAIL_INFO.get(reason, CMCFailInfo.BAD_MESSAGE_CHECK)
    return ProofError(reason, fail_info, (0,), getattr(error, "rule", None))


def _loaded(certificate: types.Certificate) -> x509.Certificate:
    """A signer's certificate; raises `ProofError` for one that ``cryptography`` cannot read."""
    try:
        return certificate.to_cryptography()
    except ValueError:
        raise ProofError(Reason.BAD_VALUE, CMCFailInfo.BAD_IDENTITY) from None


@final
class Reader:
    """Opens and checks what arrives, as far as no secret is needed (RFC 10002 §3.2 and §5)."""

    def __init__(
        self,
        *,
        trust: Trust,
        authorised_ras: Iterable[CertificateLike] | Callable[[x509.Certificate], bool],
        keys: Iterable[RecipientKey],
        certificates: Certificates,
        rules: Rules,
        enters_batches: bool = True,
    ) -> None:
        self._keys, self._rules, self._enters = tuple(keys), rules, enters_batches
        ras = () if callable(authorised_ras) else tuple(authorised_ras)
        self._ras = tuple(certificates_octets("authorised_ras", ras))
        self._is_ra = authorised_ras if callable(authorised_ras) else None
        self._decisions: dict[str, Any] = {
            "trust": trust if callable(trust) else tuple(certificates_octets("trust", trust)),
            "authorised_ras": self._ras,
            "certificates": tuple(certificates_octets("certificates", certificates)),
            "legacy": rules.legacy,
            "request_keys": "all",
        }

    def read_all(self, messages: list[Buffer], at: datetime) -> list[Arrival]:
        """What arrived, verified together, with the members of batches that authorised RAs sent.

        One that is no message has a ``failure`` and nothing else.
        """
        report = verify_batch(messages, at=at, wrapped=self._rules.wrapped, **self._decisions)
        by_index: list[dict[tuple[int, ...], Row]] = [{} for _ in messages]
        for row in report:
            by_index[row.index][row.path] = row
        return [self._root(report, rows, at) for rows in by_index]

    def _root(self, report: BatchReport, rows: _Rows, at: datetime) -> Arrival:
        row = rows[()]
        message = Message.of(report.der(row.index), row.span, row.kind)
        arrival = Arrival((), message, row)
        self._enter(arrival, rows, (), at)
        return arrival

    def _enter(self, arrival: Arrival, rows: _Rows, inside: _Path, at: datetime) -> None:
        """Opens a message, and those of its batch; ``inside``: where ``rows`` have it."""
        try:
            arrival.opened = self._opened(arrival, at)
            if arrival.opened is not None:
                self._check(arrival)
                self._enter_batch(arrival, rows, inside, at)
        except CMCError as error:
            arrival.failure = failure_of(error, arrival.row.requests)

    def _enter_batch(self, arrival: Arrival, rows: _Rows, inside: _Path, at: datetime) -> None:
        batch = arrival.control(oids.ID_CMC_BATCH_REQUESTS)
        if not batch or arrival.opened is None or not self._enters:
            return
        message = arrival.opened.message
        if message.buffer is not arrival.message.buffer:
            # What was encrypted has not been verified with the rest.
            report = verify_batch(message, at=at, **self._decisions)
            rows, inside = {row.path: row for row in report}, ()
            message = Message.of(report.der(0), rows[()].span, rows[()].kind)
        listed = {number for _, value in batch for number in value}
        for number, member in message.unverified_messages:
            if number in listed:
                listed.discard(number)
                place = (*inside, number)
                made = Arrival((*arrival.path, number), member, rows[place], arrival)
                arrival.members.append(made)
                self._enter(made, rows, place, at)
        if listed:
            controls = tuple(number for number, _ in batch)
            raise ProofError(Reason.DANGLING_REFERENCE, CMCFailInfo.BAD_REQUEST, controls, Rule.R4)

    def open_by_password(self, arrival: Arrival, secret: bytes, identification: str) -> None:
        """Opens a message that is under a MAC; raises what `Message.open` raises."""
        key = RecipientKey.from_password(secret, identification)
        arrival.opened = arrival.message.open(key, legacy=self._rules.legacy)
        self._check(arrival)

    def _opened(self, arrival: Arrival, at: datetime) -> Opened | Unsigned | None:
        """The message with its layers; None where a secret is needed."""
        row, message = arrival.row, arrival.message
        if row.verdict == "malformed":
            raise DecodeError(row.reason or Reason.BAD_VALUE, row.offset)
        if row.reason is Reason.MAC_UNCHECKED:
            return None
        if row.reason in _UNSIGNED:
            return message.open_unsigned(legacy=self._rules.legacy)
        if row.reason is not Reason.ENCRYPTED:
            return opened_as(message, row)
        try:
            return message.open(self._keys, at=at, **self._decisions)
        except VerificationError as error:
            # In an envelope that is authenticated itself; in another, everything is one error.
            if error.reason not in _UNSIGNED:
                raise
            return message.open_unsigned(self._keys, legacy=self._rules.legacy)

    def _check(self, arrival: Arrival) -> None:
        """Who signed; raises `ProofError` for what only an RA may say."""
        opened = arrival.opened
        content = arrival.content
        if not isinstance(content, (types.PKIData, types.CertificationRequest)):
            raise ProofError(Reason.WRONG_CONTENT_TYPE, CMCFailInfo.BAD_REQUEST, rule=Rule.V1)
        if isinstance(opened, Opened) and opened.origin == "certificate":
            signers = [each.certificate for each in opened.signers if each.certificate is not None]
            trusted = [(each.der, _loaded(each)) for each in signers]
            ras = [each for each in trusted if self._authorised(each[1], each[0])]
            arrival.is_ra = bool(ras)
            arrival.signer_octets, arrival.signer = (ras or trusted)[0]
        if arrival.is_ra:
            return
        found = tuple(
            each.body_part_id
            for each in getattr(content, "control_sequence", ())
            if each.attr_type in _RA_CONTROLS
        )
        if found:
            raise ProofError(Reason.NOT_PERMITTED, CMCFailInfo.BAD_REQUEST, found)

    def _authorised(self, certificate: x509.Certificate, octets: bytes) -> bool:
        return octets in self._ras if self._is_ra is None else bool(self._is_ra(certificate))
