"""What status controls say, whichever form they are in (RFC 10002 §6.1)."""

from __future__ import annotations

from typing import Final

from cmcodec import oids, types
from cmcodec.asn1.scalars import encode_integer
from cmcodec.checked import checked
from cmcodec.controls.messages import Source, inner_of
from cmcodec.types.controls import CMCStatus

__all__ = ["CONTROLS", "REFUSED", "WAITING", "fail_info", "number_of", "pend_info", "read"]

CONTROLS: Final = (oids.ID_CMC_STATUS_INFO, oids.ID_CMC_STATUS_INFO_V2)
"""The types of status controls."""
REFUSED: Final = (CMCStatus.FAILED, CMCStatus.NO_SUPPORT)
"""Nothing comes of what is named."""
WAITING: Final = (CMCStatus.PENDING, CMCStatus.PARTIAL)
"""There is more to ask for."""


@checked
def read(source: Source) -> tuple[types.CMCStatusInfoV2, ...]:
    """The statuses of a message, in received order; none where it has no controls.

    A statusInfo is given as a statusInfoV2 (R-076). What RFC 2797 and RFC 5272 wrote otherwise is
    given as RFC 10002 writes it (T-06): pendToken as the content octets of the INTEGER that it was,
    extendedFailInfo with its tag.
    """
    return tuple(
        _current(value)
        for control in getattr(inner_of(source), "control_sequence", ())
        if control.attr_type in CONTROLS
        for value in control.attr_values
    )


@checked
def fail_info(status: types.CMCStatusInfoV2) -> int | None:
    """Why something failed; None where it has not, or where that is said in other terms."""
    other = status.other_info
    return None if status.cmc_status != CMCStatus.FAILED or other is None else other.fail_info


@checked
def pend_info(status: types.CMCStatusInfoV2) -> types.PendInfo | None:
    """When to ask again and with which token; None where that is not said."""
    return None if status.other_info is None else status.other_info.pend_info


@checked
def number_of(reference: types.BodyPartReference) -> int | None:
    """The body part of this message that a status names; None for one of another message."""
    if reference.body_part_id is not None:
        return reference.body_part_id
    path = tuple(reference.body_part_path or ())
    if len(path) == 2 and path[0] == 0:
        path = path[1:]
    return path[0] if len(path) == 1 else None


def _current(value: types.CMCStatusInfo | types.CMCStatusInfoV2) -> types.CMCStatusInfoV2:
    other = value.other_info
    return types.CMCStatusInfoV2(
        cmc_status=value.cmc_status,
        body_list=tuple(
            each
            if isinstance(each, types.BodyPartReference)
            else types.BodyPartReference(body_part_id=each)
            for each in value.body_list
        ),
        status_string=value.status_string,
        other_info=None if other is None else _current_other(other),
    )


def _current_other(
    value: types.OtherStatusInfo | types.StatusInfoOther,
) -> types.OtherStatusInfo:
    """The one that is there, in the form of RFC 10002."""
    pending, legacy = value.pend_info, value.legacy_pend_info
    if legacy is not None:
        token = encode_integer(legacy.pend_token)
        pending = types.PendInfo(pend_token=token, pend_time=legacy.pend_time)
    extended = None
    if isinstance(value, types.OtherStatusInfo):
        extended = value.extended_fail_info or value.legacy_extended_fail_info
    return types.OtherStatusInfo(
        fail_info=value.fail_info, pend_info=pending, extended_fail_info=extended
    )
