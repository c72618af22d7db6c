"""Where controls may stand, and how often (RFC 10002 §6, table 1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import cmcodec
from cmcodec import controls, oids, types
from cmcodec.asn1 import TLV
from cmcodec.errors import ProofError
from cmcodec.types.controls import CMCFailInfo
from cmcodec.types.tables import CONTROL_ROWS, Control, Place
from kit.controls import BUILT, REQUEST, references, request, tagged_attribute
from kit.keys import key
from kit.vectors import manifest, shared

VALUES = {name.partition("-")[0]: value for name, value in BUILT.items()}
"""A value for each control, by its number."""

ROWS = {row.name: row for row in CONTROL_ROWS}


def value(row: Control) -> Any:
    return VALUES[f"{row.number:02}"]


def tagged(row: Control, *numbers: int) -> tuple[types.TaggedAttribute, ...]:
    """The control as often as there are ids."""
    return tuple(tagged_attribute(number, row.number, value(row)) for number in numbers)


def pki_data(*sequence: types.TaggedAttribute, requests: Any = ()) -> types.PKIData:
    return types.PKIData(
        control_sequence=sequence, req_sequence=requests, cms_sequence=(), other_msg_sequence=()
    )


def pki_response(*sequence: types.TaggedAttribute) -> types.PKIResponse:
    return types.PKIResponse(control_sequence=sequence, cms_sequence=(), other_msg_sequence=())


def pkcs10(*attributes: types.Attribute) -> types.CertificationRequest:
    asked = request(key("ed25519")).req_sequence[0].tcr
    assert asked is not None
    made = asked.certification_request
    info = replace(made.certification_request_info, attributes=attributes)
    return replace(made, certification_request_info=info)


def in_pkcs10(number: int, *attributes: types.Attribute) -> types.TaggedRequest:
    return types.TaggedRequest(
        tcr=types.TaggedCertificationRequest(
            body_part_id=number, certification_request=pkcs10(*attributes)
        )
    )


def in_crmf(*given: types.AttributeTypeAndValue, **fields: Any) -> types.TaggedRequest:
    """Request 3."""
    assert REQUEST.crm is not None
    asked = replace(REQUEST.crm.cert_req, controls=given or None)
    return types.TaggedRequest(crm=replace(REQUEST.crm, cert_req=asked, **fields))


def attribute(row: Control, *values: Any) -> types.Attribute:
    return types.Attribute(attr_type=row.oid, attr_values=values or (value(row),))


def crmf_control(row: Control) -> types.AttributeTypeAndValue:
    return types.AttributeTypeAndValue(type=row.oid, value=value(row))


def refused(content: Any, **flags: Any) -> tuple[str, tuple[int, ...]]:
    """Reason and ids; the failInfo is badRequest."""
    with pytest.raises(ProofError) as raised:
        controls.check(content, **flags)
    assert raised.value.fail_info is CMCFailInfo.BAD_REQUEST
    return raised.value.reason, raised.value.body_parts


OTHERS = [
    row["file"]
    for row in manifest()
    if row["file"].startswith(("signed/", "batch/", "authdata/", "response/full"))
    and row["file"].endswith((".der", ".ber"))
]
MISPLACED, DUPLICATE = "control_misplaced", "duplicate_control"
SECOND = ROWS["popLinkWitnessV2"]


@pytest.mark.parametrize("name", ROWS)
def test_each_control_stands_only_where_it_may(name: str) -> None:
    """R-163, R-167, R-240: table 1, for a PKIData, a PKIResponse and both forms of request."""
    row = ROWS[name]
    wrong = (MISPLACED, (7,))
    places = {
        Place.REQUEST: (pki_data(*tagged(row, 7)), wrong),
        Place.RESPONSE: (pki_response(*tagged(row, 7)), wrong),
        Place.ATTRIBUTE: (pki_data(requests=(in_pkcs10(7, attribute(row)),)), wrong),
    }
    for place, (content, expected) in places.items():
        if place in row.place:
            controls.check(content)
        else:
            assert refused(content) == expected
    in_control = pki_data(requests=(in_crmf(crmf_control(row)),))
    bare = pkcs10(attribute(row))
    if Place.ATTRIBUTE in row.place:
        controls.check(in_control)
        controls.check(bare)
    else:
        assert refused(in_control) == (MISPLACED, (3,))
        assert refused(bare) == (MISPLACED, (1,))


@pytest.mark.parametrize("name", ROWS)
def test_each_control_stands_as_often_as_it_may(name: str) -> None:
    """R4: the ids are those of the controls after the first that may stand."""
    row = ROWS[name]
    if row.place is Place.ATTRIBUTE:
        twice = pki_data(requests=(in_pkcs10(7, attribute(row), attribute(row)),))
        assert refused(twice) == (DUPLICATE, (7,))
        assert refused(pki_data(requests=(in_crmf(*2 * (crmf_control(row),)),))) == (
            DUPLICATE,
            (3,),
        )
        # One for each request.
        controls.check(
            pki_data(requests=(in_pkcs10(1, attribute(row)), in_pkcs10(2, attribute(row))))
        )
        return
    make: Any = pki_data if Place.REQUEST in row.place else pki_response
    content = make(*tagged(row, 4, 5, 6))
    if row.at_most is None:
        controls.check(content)
    else:
        assert refused(content) == (DUPLICATE, (5, 6))


def test_r_163_identity_witness_of_an_ra_only_in_a_request() -> None:
    """R-163: raIdentityWitness in a PKIResponse is refused, in a PKIData it stands."""
    row = ROWS["raIdentityWitness"]
    assert refused(pki_response(*tagged(row, 2))) == (MISPLACED, (2,))
    controls.check(pki_data(*tagged(row, 2)))


def test_r_241_identity_witness_may_stand_several_times() -> None:
    """R-241: each names another object."""
    controls.check(pki_data(*tagged(ROWS["raIdentityWitness"], 1, 2, 3)))


def test_r_167_response_body_only_in_a_response() -> None:
    """R-167: responseBody in a PKIData is refused, in a PKIResponse it stands."""
    row = ROWS["responseBody"]
    assert refused(pki_data(*tagged(row, 2))) == (MISPLACED, (2,))
    controls.check(pki_response(*tagged(row, 2)))


def test_r_240_change_of_the_name_only_in_a_request() -> None:
    """R-240: in PKCS#10 attributes and CRMF controls; not among the controls, not in regInfo."""
    row = ROWS["changeSubjectName"]
    controls.check(pki_data(requests=(in_pkcs10(4, attribute(row)), in_crmf(crmf_control(row)))))
    assert refused(pki_data(*tagged(row, 9))) == (MISPLACED, (9,))
    assert refused(pki_response(*tagged(row, 9))) == (MISPLACED, (9,))
    assert refused(pki_data(requests=(in_crmf(reg_info=(crmf_control(row),)),))) == (
        MISPLACED,
        (3,),
    )


def test_r_035_all_controls_that_are_wrong_are_named() -> None:
    """R-035: the ids are those of all of them, of requests too, each once; places come first."""
    bad = (
        *tagged(ROWS["responseBody"], 1, 2),
        *tagged(ROWS["transactionId"], 3, 4),
        *tagged(ROWS["popLinkWitness"], 5),
    )
    wrong = in_pkcs10(6, attribute(ROWS["senderNonce"]), attribute(ROWS["dataReturn"]))
    assert refused(pki_data(*bad, requests=(wrong,))) == (MISPLACED, (1, 2, 5, 6))
    repeated = (*tagged(ROWS["transactionId"], 3, 4), *tagged(ROWS["dataReturn"], 5, 6))
    assert refused(pki_data(*repeated)) == (DUPLICATE, (4, 6))


def test_r_033_the_order_of_controls_means_nothing() -> None:
    """R-033: whichever comes first, one of two is too many."""
    nonces = tagged(ROWS["senderNonce"], 2, 3)
    assert refused(pki_data(*nonces)) == (DUPLICATE, (3,))
    assert refused(pki_data(*reversed(nonces))) == (DUPLICATE, (2,))


@pytest.mark.parametrize("count", [0, 2])
def test_each_control_has_one_value(count: int) -> None:
    """This project's decision: attrValues, a SET OF without a size, holds exactly one value."""
    nonces = (types.SenderNonce(b"a"), types.SenderNonce(b"b"))[:count]
    assert refused(pki_data(tagged_attribute(2, 6, *nonces))) == (MISPLACED, (2,))
    unknown = types.TaggedAttribute(
        body_part_id=8,
        attr_type="1.3.6.1.4.1.99999.1",
        attr_values=(TLV(b"\x02\x01\x01"), TLV(b"\x02\x01\x02"))[:count],
    )
    assert refused(pki_data(unknown)) == (MISPLACED, (8,))
    controls.check(pki_data(replace(unknown, attr_values=(TLV(b"\x02\x01\x01"),))))
    names = (
        types.ChangeSubjectName(subject=types.Name(rdn_sequence=())),
        types.ChangeSubjectName(subject_alt=types.GeneralNames((types.GeneralName(dns_name="a"),))),
    )[:count]
    if count:
        changed = in_pkcs10(4, attribute(ROWS["changeSubjectName"], *names))
        assert refused(pki_data(requests=(changed,))) == (MISPLACED, (4,))


def test_other_peoples_attributes_and_controls_are_left_alone() -> None:
    """T-22: private attributes of a request stand as they are, with any number of values."""
    private = types.Attribute(
        attr_type="1.3.6.1.4.1.99999.1", attr_values=(TLV(b"\x02\x01\x01"), TLV(b"\x02\x01\x02"))
    )
    token = types.AttributeTypeAndValue(
        type=oids.ID_REG_CTRL_REG_TOKEN, value=types.RegToken("once")
    )
    content = pki_data(requests=(in_pkcs10(4, private, private), in_crmf(token, token)))
    controls.check(content)
    controls.check(pkcs10(private))


def test_t_01_swapped_numbers_by_their_place() -> None:
    """T-01: with ``compatibility`` 33 among controls is a proof, and 34 in a request a witness."""
    proof, witness = ROWS["identityProofV2"], SECOND
    swapped = types.TaggedAttribute(
        body_part_id=2, attr_type=witness.oid, attr_values=(value(witness),)
    )
    linked = in_pkcs10(4, attribute(proof))
    controls.check(pki_data(swapped, requests=(linked,)), compatibility=True)
    assert refused(pki_data(swapped, requests=(linked,))) == (MISPLACED, (2, 4))
    # Either number counts.
    both = pki_data(swapped, *tagged(proof, 3))
    assert refused(both, compatibility=True) == (DUPLICATE, (3,))
    twice = pki_data(requests=(in_pkcs10(4, attribute(proof), attribute(witness)),))
    assert refused(twice, compatibility=True) == (DUPLICATE, (4,))
    # A response has neither.
    assert refused(pki_response(swapped), compatibility=True) == (MISPLACED, (2,))


def test_compatibility_is_a_switch() -> None:
    """``"no"`` is not on."""
    with pytest.raises(TypeError, match="compatibility"):
        controls.check(pki_data(), compatibility="no")  # type: ignore[arg-type]


def test_other_forms_of_requests_have_no_place_for_controls() -> None:
    """R-037: what is in an orm is its own business."""
    other = types.OtherRequest(
        body_part_id=5,
        request_message_type="1.3.6.1.4.1.99999.1",
        request_message_value=TLV(b"\x05\x00"),
    )
    controls.check(pki_data(requests=(types.TaggedRequest(orm=other),)))


@pytest.mark.parametrize("name", OTHERS)
def test_messages_of_others_pass(name: str) -> None:
    """What BouncyCastle made stands where it may."""
    content = cmcodec.load(shared(name)).unverified_content
    assert content is not None
    controls.check(content)


def test_status_of_a_client_stands_in_a_request() -> None:
    """R-127: a client aborts and rejects with a status, of both versions."""
    status = types.CMCStatusInfoV2(cmc_status=types.CMCStatus.FAILED, body_list=references(0))
    controls.check(pki_data(tagged_attribute(1, 25, status), *tagged(ROWS["statusInfo"], 2)))
