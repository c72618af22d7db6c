"""A message that a server works on, from its arrival to the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

from cryptography import x509

from cmcodec.asn1.schema import number_name
from cmcodec.roles.applications import NOBODY
from cmcodec.roles.service.issued import Issued
from cmcodec.types.controls import CMCFailInfo, CMCStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cmcodec import types
    from cmcodec.errors import ProofError
    from cmcodec.roles.applications import Application, Requester, Revocation
    from cmcodec.roles.decisions import Decision
    from cmcodec.roles.service.arrivals import Arrival
    from cmcodec.verify.verdict import Pop

__all__ = ["Asked", "Case", "Status"]


@final
@dataclass(frozen=True, slots=True)
class Status:
    """What becomes of body parts: what a statusInfoV2 says (RFC 10002 §6.1.1)."""

    status: CMCStatus
    parts: tuple[int, ...] = (0,)
    fail_info: int | None = None
    text: str | None = None
    token: bytes | None = None
    time: datetime | None = None

    @classmethod
    def failed(cls, fail_info: int, *parts: int, text: str | None = None) -> Status:
        """Failed, and why."""
        return cls(CMCStatus.FAILED, parts or (0,), fail_info, text)

    @classmethod
    def of(cls, error: ProofError) -> Status:
        """What a proof gets that is wrong; the text is the reason."""
        return cls.failed(error.fail_info, *error.body_parts, text=str(error.reason))

    @classmethod
    def raised(cls, error: Exception, *parts: int) -> Status:
        """What a client is told where a hook raised this, and nothing else of it."""
        # An OSError is also a TimeoutError, and what a store raises that is down.
        passing = isinstance(error, OSError)
        code = CMCFailInfo.TRY_LATER if passing else CMCFailInfo.INTERNAL_CA_ERROR
        return cls.failed(code, *parts)

    def __str__(self) -> str:
        """As a log has it: ``badRequest, body parts 1, 2: what a policy said``."""
        try:
            why = "failed" if self.fail_info is None else number_name(CMCFailInfo(self.fail_info))
        except ValueError:
            why = f"failInfo {self.fail_info}"
        about = f"{why}, body parts {', '.join(map(str, self.parts))}"
        return about if self.text is None else f"{about}: {self.text}"

    @property
    def is_passing(self) -> bool:
        """Whether the same message is to be worked on again: the answer is not kept."""
        return self.fail_info in (CMCFailInfo.TRY_LATER, CMCFailInfo.INTERNAL_CA_ERROR)


@final
@dataclass(slots=True, eq=False)
class Asked:
    """A certification request that a server works on.

    ``number``: its body part id, in the message that it came in first. ``is_decrypted``: a
    challenge was answered for it. ``kept``: what is to be kept of a challenge. ``poll``: the
    queryPending control that asks for it, ``known``: what was kept of it. ``is_waited_for``:
    whether something may be to be done once it is settled. ``error``: what a hook raised.
    """

    number: int
    request: types.TaggedRequest
    pop: Pop
    is_decrypted: bool = False
    application: Application | None = None
    decision: Decision | None = None
    issued: Issued | None = None
    challenge: types.EncryptedPOP | None = None
    status: Status | None = None
    kept: dict[str, Any] | None = field(default=None, repr=False)
    poll: int | None = None
    known: dict[str, Any] | None = field(default=None, repr=False)
    is_waited_for: bool = True
    error: Exception | None = None

    @property
    def certificate(self) -> x509.Certificate | None:
        """The certificate that was issued."""
        return None if self.issued is None else self.issued.certificate

    @property
    def is_pending(self) -> bool:
        """Whether somebody decides later."""
        return self.status is not None and self.status.status == CMCStatus.PENDING


@final
@dataclass(slots=True)
class Follows:
    """What a message follows up, as the store has it: records by body part id.

    ``issued``: the keys of certificates to be confirmed, None where there is no such one.
    """

    challenges: dict[int, dict[str, Any]] = field(default_factory=dict)
    polls: dict[int, dict[str, Any] | None] = field(default_factory=dict)
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    issued: dict[int, bytes | None] = field(default_factory=dict)


@final
@dataclass(slots=True, eq=False)
class Case:
    """A message that a server works on.

    ``failure``: why nothing of it is done. ``stored``: the answer that it got before; ``received``:
    under which id an RA has sent it on; ``held``: until when an RA holds it. ``is_busy``: another
    process works on it. ``is_again``: a call has begun with it before. ``exchange``: 16 octets by
    chance, those of the message that began it. ``claim``: what the store has of this call. ``who``:
    by what later messages show that they are from the same requester; ``claimed``: the keys of its
    requests. ``secret``: by which it came, for the answer. ``templates``: what requests ask for, by
    their paths from the outermost message. ``due``: what is to be done once it is answered.
    ``is_makeshift``: the answer is not what it should be, and is not kept.
    """

    arrival: Arrival
    members: list[Case] = field(default_factory=list)
    failure: ProofError | None = None
    stored: bytes | None = None
    received: bytes | None = None
    held: datetime | None = None
    is_busy: bool = False
    is_again: bool = False
    exchange: bytes = b""
    claim: bytes = b""
    wrong_mac: ProofError | None = None
    decisions: dict[str, Any] = field(default_factory=dict)
    requester: Requester = NOBODY
    who: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    secret: bytes | None = field(default=None, repr=False)
    is_proved: bool = False
    subject: x509.Name | None = None
    follows: Follows = field(default_factory=Follows, repr=False)
    inherited: Requester | None = None
    unsigned_data: tuple[types.CMCUnsignedData, ...] = ()
    templates: dict[tuple[int, ...], types.CertTemplate] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    statuses: tuple[Status, ...] = ()
    certificates: tuple[Any, ...] = ()
    crls: tuple[Any, ...] = ()
    controls: tuple[tuple[Any, str], ...] = ()
    revocations: dict[int, Revocation | Status] = field(default_factory=dict)
    actions: tuple[dict[str, Any], ...] = ()
    confirmations: tuple[Status, ...] = ()
    due: list[bytes] = field(default_factory=list)
    parts: dict[bytes, list[bytes]] = field(default_factory=dict)
    answer: bytes = b""
    is_makeshift: bool = False

    @classmethod
    def of(cls, arrival: Arrival) -> Case:
        """The case of a message, with those of the messages inside."""
        made = cls(arrival, failure=arrival.failure)
        made.members = [cls.of(member) for member in arrival.members]
        return made

    def walk(self) -> Iterator[Case]:
        """The case itself, and those inside it in order."""
        yield self
        for member in self.members:
            yield from member.walk()

    def walk_open(self) -> Iterator[Case]:
        """Those of them about which something is to be done: none inside one that is not open."""
        if self.is_open:
            yield self
            for member in self.members:
                yield from member.walk_open()

    @property
    def is_open(self) -> bool:
        """Whether there is something to be done."""
        is_done = self.stored is not None or self.received is not None
        return self.failure is None and not is_done and not self.is_busy

    @property
    def transaction_id(self) -> int | None:
        """The value of the transactionId control."""
        opened = self.arrival.opened
        return None if opened is None else opened.transaction_id

    @property
    def is_passing(self) -> bool:
        """Whether the answer is not kept: the same message is worked on again (R-017)."""
        own = any(each.is_passing for each in self.all_statuses())
        return (
            own
            or self.is_busy
            or self.is_makeshift
            or any(each.is_passing for each in self.members)
        )

    def all_statuses(self) -> Iterator[Status]:
        """What is said of requests, in their order, and of other body parts."""
        yield from (each.status for each in self.asked if each.status is not None)
        yield from self.statuses
        yield from self.confirmations

    def replace_issued(self, asked: Asked, octets: bytes) -> None:
        """Gives a request this certificate in the place of another one."""
        issued = asked.issued
        if issued is not None and issued.octets != octets:
            asked.issued = kept = Issued.of(x509.load_der_x509_certificate(octets))
            self.certificates = tuple(
                kept.certificate if each is issued.certificate else each
                for each in self.certificates
            )

    def fail_requests(self, error: ProofError) -> None:
        """Fails all requests: the error is about one, and the others have not been looked at."""
        for each in self.asked:
            each.status = Status.failed(error.fail_info, each.number, text=str(error.reason))


def try_later(text: str | None = None) -> Status:
    """The server is busy (RFC 10002 §6.1.4)."""
    return Status.failed(CMCFailInfo.TRY_LATER, text=text)
