"""What status controls say, whichever form they are in (RFC 10002 §6.1)."""

from __future__ import annotations

from typing import Any

import cmcodec
from cmcodec import asn1, cms, oids, types
from cmcodec.controls import statuses
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import simple
from kit.chains import NOW
from kit.enrolment import CA, begun, signer

PENDING = types.PendInfo(pend_token=b"\x12\x34", pend_time=NOW)
LEGACY = types.LegacyPendInfo(pend_token=0x1234, pend_time=NOW)
EXTENDED = types.ExtendedFailInfo(
    fail_info_oid="1.3.6.1.4.1.99999.1", fail_info_value=asn1.TLV(b"\x05\x00")
)


def first(status: int, *parts: int, text: str | None = None, **other: Any) -> Any:
    """A statusInfo."""
    return types.CMCStatusInfo(
        cmc_status=status,
        body_list=types.BodyPartList(parts),
        status_string=text,
        other_info=types.StatusInfoOther(**other) if other else None,
    )


def second(status: int, *parts: int, text: str | None = None, **other: Any) -> Any:
    """A statusInfoV2."""
    return types.CMCStatusInfoV2(
        cmc_status=status,
        body_list=tuple(types.BodyPartReference(body_part_id=each) for each in parts),
        status_string=text,
        other_info=types.OtherStatusInfo(**other) if other else None,
    )


def received(*values: Any) -> cmcodec.Message:
    """A response with a control for each value, as it arrives."""
    numbers = {
        types.CMCStatusInfo: oids.ID_CMC_STATUS_INFO,
        types.DataReturn: oids.ID_CMC_DATA_RETURN,
    }
    controls = tuple(
        types.TaggedAttribute(
            body_part_id=place,
            attr_type=numbers.get(type(value), oids.ID_CMC_STATUS_INFO_V2),
            attr_values=(value,),
        )
        for place, value in enumerate(values, 1)
    )
    content = types.PKIResponse(control_sequence=controls, cms_sequence=(), other_msg_sequence=())
    return cmcodec.load(cms.sign(content, signer(CA)))


def test_both_forms_are_read_in_order() -> None:
    """R-076: what a statusInfo says, a statusInfoV2 says in the same words."""
    said = received(
        first(CMCStatus.FAILED, 1, 2, text="old", fail_info=CMCFailInfo.BAD_ALG),
        types.DataReturn(b"mine"),
        second(CMCStatus.FAILED, 3, extended_fail_info=EXTENDED),
        first(CMCStatus.SUCCESS, 4),
    )
    assert statuses.read(said) == (
        second(CMCStatus.FAILED, 1, 2, text="old", fail_info=CMCFailInfo.BAD_ALG),
        second(CMCStatus.FAILED, 3, extended_fail_info=EXTENDED),
        second(CMCStatus.SUCCESS, 4),
    )


def test_old_forms_say_what_the_new_one_says() -> None:
    """T-06: pendInfo with an INTEGER, in both controls; extendedFailInfo without its tag."""
    said = received(
        first(CMCStatus.PENDING, 1, legacy_pend_info=LEGACY),
        first(CMCStatus.PENDING, 1, pend_info=PENDING),
        second(CMCStatus.PENDING, 1, legacy_pend_info=LEGACY),
    )
    assert set(statuses.read(said)) == {second(CMCStatus.PENDING, 1, pend_info=PENDING)}
    said = received(second(CMCStatus.FAILED, 1, legacy_extended_fail_info=EXTENDED))
    assert statuses.read(said) == (second(CMCStatus.FAILED, 1, extended_fail_info=EXTENDED),)


def test_a_message_may_say_nothing() -> None:
    """Requests have statuses too; a bare PKCS#10 has no controls."""
    assert statuses.read(cmcodec.load(simple())) == ()
    asked = begun().request
    assert asked is not None
    assert statuses.read(cmcodec.load(asked)) == ()
    assert statuses.read(received()) == ()


def test_a_reason_goes_with_a_failure_alone() -> None:
    """R-079: what fails in other terms has none of these, and what has not failed has none."""
    code = CMCFailInfo.BAD_ALG
    assert statuses.fail_info(second(CMCStatus.FAILED, 1, fail_info=code)) == code
    assert statuses.fail_info(second(CMCStatus.FAILED, 1)) is None
    assert statuses.fail_info(second(CMCStatus.FAILED, 1, extended_fail_info=EXTENDED)) is None
    assert statuses.fail_info(second(CMCStatus.SUCCESS, 1, fail_info=code)) is None
    assert statuses.pend_info(second(CMCStatus.PENDING, 1, pend_info=PENDING)) == PENDING
    assert statuses.pend_info(second(CMCStatus.PENDING, 1)) is None


def test_a_part_of_this_message_is_named_by_its_id_or_by_a_path() -> None:
    """R-078: 0 at the beginning of a path is the message itself (T-25)."""

    def path(*ids: int) -> int | None:
        reference = types.BodyPartReference(body_part_path=types.BodyPartPath(ids))
        return statuses.number_of(reference)

    assert statuses.number_of(types.BodyPartReference(body_part_id=5)) == 5
    assert [path(5), path(0, 5), path(0)] == [5, 5, 0]
    assert [path(4, 5), path(0, 4, 5)] == [None, None]
