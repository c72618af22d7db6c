"""What statuses say to who asked (RFC 10002 §6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmcodec import oids, types
from cmcodec.asn1.scalars import encode_integer
from cmcodec.types.controls import CMCFailInfo, CMCStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec.cms import Opened

__all__ = ["FAILURES", "WAITING", "fail_info", "needs_proof", "number_of", "pending_of", "statuses"]

FAILURES: Final = (CMCStatus.FAILED, CMCStatus.NO_SUPPORT, CMCStatus.POP_REQUIRED)
WAITING: Final = (CMCStatus.PENDING, CMCStatus.PARTIAL)


def statuses(opened: Opened) -> Iterator[types.CMCStatusInfoV2]:
    """The statuses of a response, those of the first version as the second has them (R-076)."""
    for _, value in opened.find(oids.ID_CMC_STATUS_INFO_V2):
        yield value
    for _, value in opened.find(oids.ID_CMC_STATUS_INFO):
        other = value.other_info
        yield types.CMCStatusInfoV2(
            cmc_status=value.cmc_status,
            body_list=tuple(types.BodyPartReference(body_part_id=each) for each in value.body_list),
            status_string=value.status_string,
            other_info=other
            and types.OtherStatusInfo(fail_info=other.fail_info, pend_info=pending_of(other)),
        )


def number_of(reference: types.BodyPartReference) -> int | None:
    """The body part of this message that a status names; None for one of another message."""
    if reference.body_part_id is not None:
        return reference.body_part_id
    path = tuple(reference.body_part_path or ())
    if len(path) == 2 and path[0] == 0:
        path = path[1:]
    return path[0] if len(path) == 1 else None


def fail_info(status: types.CMCStatusInfoV2) -> int | None:
    """Why something failed; None where it has not, or where that is said in other terms."""
    other = status.other_info
    return None if status.cmc_status != CMCStatus.FAILED or other is None else other.fail_info


def needs_proof(status: types.CMCStatusInfoV2) -> bool:
    """Whether nothing but a proof of possession is missing (§6.7)."""
    is_asked = status.cmc_status == CMCStatus.POP_REQUIRED
    return is_asked or fail_info(status) == CMCFailInfo.POP_REQUIRED


def pending_of(other: types.OtherStatusInfo | types.StatusInfoOther) -> types.PendInfo | None:
    """When to ask again and with which token, which RFC 2797 had as an INTEGER."""
    legacy = other.legacy_pend_info
    if legacy is None:
        return other.pend_info
    return types.PendInfo(pend_token=encode_integer(legacy.pend_token), pend_time=legacy.pend_time)
