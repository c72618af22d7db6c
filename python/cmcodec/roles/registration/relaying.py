"""What the next server answered, and what a client is told of it (RFC 10002 §6.13, §6.17)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self, final

from cmcodec import oids, types
from cmcodec.controls import conversation, statuses
from cmcodec.errors import ProofError, VerificationError
from cmcodec.message import Message, load
from cmcodec.reasons import Reason, Rule
from cmcodec.roles.servers import is_server
from cmcodec.roles.service.cases import Status
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from cmcodec.verify.batch import verify_batch

if TYPE_CHECKING:
    from datetime import datetime

    from cmcodec.cms.opening import Opened
    from cmcodec.cms.recipients import RecipientKey
    from cmcodec.roles.service.cases import Case
    from cmcodec.verify.given import Trust
    from cmcodec.verify.verdict import Row

__all__ = ["NOTHING", "Told", "Upstream", "answers", "relay"]

_LOG: Final = logging.getLogger("cmcodec.roles")

_OF_MESSAGE: Final = frozenset(
    (
        oids.ID_CMC_TRANSACTION_ID, oids.ID_CMC_SENDER_NONCE, oids.ID_CMC_RECIPIENT_NONCE,
        oids.ID_CMC_DATA_RETURN, oids.ID_CMC_AUTH_DATA, oids.ID_CMC_RESPONSE_BODY,
    )
)  # fmt: skip
"""What says something of the message that it is in: each answer has its own."""
_WORST: Final = (
    CMCStatus.FAILED, CMCStatus.NO_SUPPORT, CMCStatus.POP_REQUIRED, CMCStatus.PENDING,
    CMCStatus.PARTIAL, CMCStatus.CONFIRM_REQUIRED, CMCStatus.SUCCESS,
)  # fmt: skip


@final
@dataclass(frozen=True, slots=True)
class Told:
    """What a response says: the worst of its statuses, and when to ask for more."""

    status: CMCStatus
    fail_info: int | None = None
    text: str | None = None
    token: bytes | None = None
    time: datetime | None = None

    @classmethod
    def of(cls, message: Message) -> Self:
        """What a message says; one of certificates alone says success."""
        said = map(_status_of, statuses.read(message))
        first = min(said, key=lambda each: _WORST.index(each.status), default=None)
        if first is None:
            return cls(CMCStatus.SUCCESS)
        return cls(first.status, first.fail_info, first.text, first.token, first.time)

    @property
    def is_final(self) -> bool:
        """Whether nobody has to ask again."""
        return self.status not in statuses.WAITING

    @property
    def is_passing(self) -> bool:
        """Whether the same message is to be sent again."""
        return self.fail_info in (CMCFailInfo.TRY_LATER, CMCFailInfo.INTERNAL_CA_ERROR)


NOTHING: Final = Told(CMCStatus.FAILED, CMCFailInfo.INTERNAL_CA_ERROR)
"""What a client is told whose answer is missing, or is none."""


def _status_of(value: types.CMCStatusInfoV2) -> Status:
    """What a status says; one that is unknown counts as failed."""
    if value.cmc_status not in _WORST:
        value = replace(value, cmc_status=CMCStatus.FAILED)
    pending = statuses.pend_info(value)
    return Status(
        CMCStatus(value.cmc_status),
        tuple(map(_last_of, value.body_list)),
        statuses.fail_info(value),
        value.status_string,
        None if pending is None else pending.pend_token,
        None if pending is None else pending.pend_time,
    )


def _last_of(part: types.BodyPartReference) -> int:
    """The body part that a status is about, of a path the last id."""
    path = part.body_part_path
    return part.body_part_id or 0 if path is None else path.value[-1]


def relay(case: Case, response: Message) -> None:
    """Puts what a response says into the answer to a client's own message."""
    content = response.unverified_content
    case.asked = []
    case.statuses = tuple(dict.fromkeys(map(_status_of, statuses.read(response))))
    case.controls = tuple(
        (value, control.attr_type)
        for control in getattr(content, "control_sequence", ())
        if control.attr_type not in (*_OF_MESSAGE, *statuses.CONTROLS)
        for value in control.attr_values
    )
    case.certificates = tuple(each.der for each in response.certificates)
    case.crls = tuple(each.der for each in response.crls)


@final
class Upstream:
    """Reads the responses of the next server."""

    def __init__(self, *, trust: Trust, keys: tuple[RecipientKey, ...]) -> None:
        self._trust, self._keys = trust, keys

    def open(self, octets: bytes, at: datetime) -> Opened:
        """A response of a server that is trusted; raises `VerificationError`."""
        opened = load(octets).open(self._keys, trust=self._trust, at=at)
        if not isinstance(opened.content, types.PKIResponse) or opened.origin != "certificate":
            raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)
        if not any(is_server(signer) for signer in opened.signers):
            raise VerificationError(Reason.NOT_PERMITTED)
        return opened

    def answers(self, opened: Opened, at: datetime) -> list[Message | None]:
        """The answers in a response to a batch, in their order.

        Each is verified by itself (rule R5), unless it is for its reader alone: encrypted, or under
        a MAC. None stands for one that is bad.
        """
        rows = {row.path: row for row in verify_batch(opened.message, trust=self._trust, at=at)}
        members = dict(opened.message.unverified_messages)
        listed = [
            number for _, value in opened.find(oids.ID_CMC_BATCH_RESPONSES) for number in value
        ]
        return [
            members[number] if number in members and _is_good(rows[number,]) else None
            for number in listed
        ]


def _is_good(row: Row) -> bool:
    """Whether an answer may be passed on."""
    if row.verdict == "verified":
        return any(map(is_server, row.signers))
    return row.verdict == "unsigned" or row.reason in (Reason.ENCRYPTED, Reason.MAC_UNCHECKED)


def answers(response: Message, asked: Message) -> bool:
    """Whether a response is the one to a message, as far as it says (R-116, R-117)."""
    says = isinstance(response.unverified_content, types.PKIResponse)
    if not says or asked.unverified_content is None:
        # Certificates alone; or one of them is encrypted.
        return True
    try:
        conversation.check(response, asked)
    except ProofError as error:
        _LOG.warning("an answer is to another message: %s", error)
        return False
    return True
