"""Every control and the structures of RFC 10002, against octets that others made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec import CONTROLS, oids, types
from cmcodec.asn1 import TLV, BitString, schema
from cmcodec.loaded import SEQUENCES
from cmcodec.types.tables import CONTROL_ROWS
from cmcodec.verify import references
from kit.controls import BUILT
from kit.controls import references as named
from kit.vectors import manifest, shared

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1

LEGACY = {
    "25-statusInfoV2-extFailInfo": "untagged extendedFailInfo (T-06)",
    "36-changeSubjectName": "untagged subjectAlt (T-08)",
}
"""Vectors in a form that is read and kept, and that nobody builds."""

VALUES = [
    (row["file"].removeprefix("controls/").removesuffix(".value.der"), row["reason_or_type"])
    for row in manifest("control value")
    if row["reason_or_type"]
]
NAMES = [name for name, _ in VALUES]


def oid(name: str) -> str:
    return f"{oids.ID_CMC}.{int(name[:2])}"


def value(name: str) -> bytes:
    return shared(f"controls/{name}.value.der")


def assert_encodes(value: Asn1, octets: str | bytes) -> None:
    """The value is what the octets say, in both directions."""
    expected = bytes.fromhex(octets) if isinstance(octets, str) else octets
    assert value.to_der().hex() == expected.hex()
    decoded = type(value).from_der(expected, strict=True)
    assert decoded == value
    assert decoded.to_der() == expected


def test_there_are_33_controls() -> None:
    """the numbers 1 to 11, 15 to 19 and 21 to 37, each with a vector."""
    numbers = [*range(1, 12), *range(15, 20), *range(21, 38)]
    of_the_standard = [f"{oids.ID_CMC}.{number}" for number in numbers]
    assert list(CONTROLS)[:33] == of_the_standard
    assert {oid(name) for name in NAMES} == set(of_the_standard)
    assert {oid(name) for name in BUILT} == set(of_the_standard)
    assert set(NAMES) == set(BUILT) | set(LEGACY)


def test_rows_of_controls() -> None:
    """RFC 10002 §6: number, identifier, name and class of each row are of one control."""
    by_number = {int(number): kind for number, kind, *_ in (name.split("-") for name in NAMES)}
    for row in CONTROL_ROWS:
        assert row.oid == f"{oids.ID_CMC}.{row.number}"
        assert row.name == by_number.pop(row.number, row.name)
        assert CONTROLS[row.oid] is row.value
        assert oids.name(row.oid) == f"id-cmc-{row.name}"
    assert by_number == {}
    assert len({row.number for row in CONTROL_ROWS}) == len(CONTROL_ROWS) == len(CONTROLS)


def test_controls_that_refer_are_followed() -> None:
    """R4: exactly those that name other body parts."""
    referring = {row.oid for row in CONTROL_ROWS if row.refers}
    assert set(references._CHECKS) == referring


def test_contents_have_their_sequences_in_order() -> None:
    """Where a sequence stands is known without its type, whose fields are these."""
    for name, sequences in SEQUENCES.items():
        fields = schema.node(getattr(types, name)).fields
        assert tuple(field.name for field in fields) == sequences


@pytest.mark.parametrize(("name", "type_name"), VALUES, ids=NAMES)
def test_control_value_has_its_class(name: str, type_name: str) -> None:
    """the OID of a control names the type of its value, which round-trips."""
    cls = CONTROLS[oid(name)]
    assert cls.__name__ == type_name
    decoded = cls.from_der(value(name))
    assert type(decoded) is cls
    assert decoded.to_der() == value(name)


@pytest.mark.parametrize("name", BUILT)
def test_control_value_is_built_by_keyword(name: str) -> None:
    """what the constructor is told is what another implementation wrote."""
    assert type(BUILT[name]) is CONTROLS[oid(name)]
    assert_encodes(BUILT[name], value(name))


@pytest.mark.parametrize("name", LEGACY)
def test_legacy_control_value_is_kept(name: str) -> None:
    """T-06, T-08: forms of RFC 5272 and RFC 6402 re-encode unchanged; strict refuses them."""
    cls = CONTROLS[oid(name)]
    assert cls.from_der(value(name)).to_der() == value(name)
    with pytest.raises(cmcodec.DecodeError):
        cls.from_der(value(name), strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_control_in_a_message_is_its_value(name: str) -> None:
    """T-02: in a message, the same control is decoded by its OID."""
    octets = shared(f"controls/{name}.signed.der")
    message = cmcodec.load(octets, strict=name not in LEGACY)
    content = message.unverified_content
    assert isinstance(content, (types.PKIData, types.PKIResponse))
    held = [c.attr_values for c in content.control_sequence if c.attr_type == oid(name)]
    # Every message has a transactionId and a senderNonce too.
    assert (CONTROLS[oid(name)].from_der(value(name)),) in held
    assert message.to_der() == octets
    assert message.unverified_structure.to_der() == octets


def test_unknown_control_is_kept_as_octets() -> None:
    """T-02: a control of an unregistered OID is a TLV and round-trips octet for octet."""
    octets = shared("controls/unknown-control.signed.der")
    content = cmcodec.load(octets).unverified_content
    assert isinstance(content, types.PKIData)
    found = next(c for c in content.control_sequence if c.attr_type not in CONTROLS)
    assert found.attr_type == f"{oids.ID_CMC}.999"
    assert found.attr_values == (TLV(shared("controls/unknown-control.value.der")),)
    assert types.TaggedAttribute.from_der(found.to_der()) == found


def test_all_controls_in_one_pkidata() -> None:
    """R-029: four sequences in order; every control, both kinds of request, a nested message."""
    octets = shared("plain/pkidata-all-controls.der")
    data = types.PKIData.from_der(octets)
    assert data.to_der() == octets
    assert {c.attr_type for c in data.control_sequence} >= {
        oid(name) for name in NAMES if name[:2] != "36"
    }
    assert {request.alternative for request in data.req_sequence} == {"tcr", "crm"}
    assert (len(data.cms_sequence), len(data.other_msg_sequence)) == (1, 1)


@pytest.mark.parametrize(("cls", "octets"), [
    (types.PKIData, "30083000300030003000"),
    (types.PKIResponse, "3006300030003000"),
])  # fmt: skip
def test_empty_messages(cls: type[Asn1], octets: str) -> None:
    """R-029: the sequences of an empty message are present and empty."""
    names = cls.__dataclass_fields__  # type: ignore[attr-defined]
    assert_encodes(cls(**dict.fromkeys(names, ())), octets)


def test_greatest_body_part_id() -> None:
    """R-056: 2^32-1 is the greatest id, five octets in DER."""
    assert_encodes(types.AuthPublish(2**32 - 1), "020500ffffffff")


def status(number: int, value: types.CMCStatusInfoV2) -> types.TaggedAttribute:
    return types.TaggedAttribute(
        body_part_id=number, attr_type=f"{oids.ID_CMC}.25", attr_values=(value,)
    )


STATUS_INFOS = {
    "success": (
        types.CMCStatusInfoV2(cmc_status=0, body_list=named(1)),
        "301902010106082b06010505070719310a30080201003003020101",
    ),
    "failed, with a path": (
        types.CMCStatusInfoV2(
            cmc_status=types.CMCStatus.FAILED,
            body_list=named(1, (2, 3)),
            other_info=types.OtherStatusInfo(fail_info=types.CMCFailInfo.BAD_REQUEST),
        ),
        "302402010106082b0601050507071931153013020102300b0201013006020102020103020102",
    ),
    "pending": (
        types.CMCStatusInfoV2(
            cmc_status=types.CMCStatus.PENDING,
            body_list=named(201),
            other_info=types.OtherStatusInfo(
                pend_info=types.PendInfo(
                    pend_token=b"\x01\x02", pend_time=datetime(2027, 1, 1, tzinfo=UTC)
                )
            ),
        ),
        "303102010106082b06010505070719312230200201033004020200c9301504020102180f32303237303130"
        "313030303030305a",
    ),
    "failed, extended": (
        types.CMCStatusInfoV2(
            cmc_status=types.CMCStatus.FAILED,
            body_list=named(0),
            other_info=types.OtherStatusInfo(
                extended_fail_info=types.ExtendedFailInfo(
                    fail_info_oid="1.3.6.1.4.1.99999.1",
                    fail_info_value=TLV(b"\x02\x01\x07"),
                )
            ),
        ),
        "302902010106082b06010505070719311a30180201023003020100a10e06092b06010401868d1f01020107",
    ),
}


@pytest.mark.parametrize(("value", "octets"), STATUS_INFOS.values(), ids=STATUS_INFOS)
def test_status_info_v2(value: types.CMCStatusInfoV2, octets: str) -> None:
    """R-076, R-078, T-06, T-07: bodyList holds ids and paths; extendedFailInfo is [1]."""
    assert_encodes(status(1, value), octets)


def test_unknown_status_and_fail_info_stay_integers() -> None:
    """T-18, R-085: codes outside the lists are kept; those inside are their enumeration."""
    value = types.CMCStatusInfoV2(
        cmc_status=99,
        body_list=named(1),
        other_info=types.OtherStatusInfo(fail_info=1999),
    )
    assert_encodes(value, "300c0201633003020101020207cf")
    known = types.CMCStatusInfoV2.from_der(bytes.fromhex("30080201003003020101"))
    assert known.cmc_status is types.CMCStatus.SUCCESS


def test_batch_requests() -> None:
    """R-155: batchRequests lists the ids of the members of cmsSequence."""
    control = types.TaggedAttribute(
        body_part_id=102,
        attr_type=f"{oids.ID_CMC}.28",
        attr_values=(types.BodyPartList((1, 2)),),
    )
    assert_encodes(control, "301702016606082b0601050507071c31083006020101020102")


def test_mod_cert_template() -> None:
    """R-111: replace FALSE is written, TRUE is the DEFAULT and is not."""
    empty = types.CertTemplate(subject=types.Name(rdn_sequence=()))
    value = types.ModCertTemplate(
        pki_data_reference=types.BodyPartPath((1,)),
        cert_references=types.BodyPartList((201,)),
        replace=False,
        cert_template=empty,
    )
    assert_encodes(value, "301430030201013004020200c90101003004a5023000")


def test_change_subject_name() -> None:
    """R-171, R-172: a new subjectAltName alone, under [1]."""
    value = types.ChangeSubjectName(
        subject_alt=types.GeneralNames((types.GeneralName(dns_name="a.example"),))
    )
    assert_encodes(value, "300da10b8209612e6578616d706c65")


def test_certs_only_without_certificates() -> None:
    """R-218: a degenerate SignedData is version 1, id-data, without eContent and signers."""
    value = types.ContentInfo(
        content_type="1.2.840.113549.1.7.2",
        content=types.SignedData(
            version=1,
            digest_algorithms=(),
            encap_content_info=types.EncapsulatedContentInfo(e_content_type="1.2.840.113549.1.7.1"),
            signer_infos=(),
        ),
    )
    octets = "302306092a864886f70d010702a01630140201013100300b06092a864886f70d0107013100"
    assert_encodes(value, octets)
    assert cmcodec.load(bytes.fromhex(octets), strict=True).kind == "simple-response"


def test_crm_request() -> None:
    """R-057, T-13, T-14: [1] replaces the SEQUENCE of CertReqMsg; [5] is explicit."""
    value = types.TaggedRequest(
        crm=types.CertReqMsg(
            cert_req=types.CertRequest(
                cert_req_id=201,
                cert_template=types.CertTemplate(
                    subject=types.Name(rdn_sequence=()),
                    public_key=types.SubjectPublicKeyInfo(
                        algorithm=types.AlgorithmIdentifier(algorithm="1.3.101.110"),
                        subject_public_key=BitString(bytes(range(32))),
                    ),
                ),
            ),
            popo=types.ProofOfPossession(
                key_encipherment=types.POPOPrivKey(
                    subsequent_message=types.SubsequentMessage.CHALLENGE_RESP
                )
            ),
        )
    )
    assert_encodes(
        value,
        "a13d3036020200c93030a5023000a62a300506032b656e032100000102030405060708090a0b0c0d0e0f"
        "101112131415161718191a1b1c1d1e1fa203810101",
    )


def test_no_signature() -> None:
    """R-183, RFC 10002 §C.1: the parameters are NULL; the value is an OCTET STRING."""
    assert_encodes(
        types.AlgorithmIdentifier(algorithm="1.3.6.1.5.5.7.6.2", parameters=TLV(b"\x05\x00")),
        "300c06082b060105050706020500",
    )
    digest = bytes.fromhex("63eb00c7e4880b3db2430beddc9516a389e0f0d9")
    assert_encodes(types.NoSignatureValue(digest), b"\x04\x14" + digest)


def test_identity_proof_in_a_pkidata() -> None:
    """R-088, R-092: identification and identityProofV2 over an empty reqSequence."""
    proof = types.IdentityProofV2(
        proof_alg_id=types.AlgorithmIdentifier(algorithm="2.16.840.1.101.3.4.2.1"),
        mac_alg_id=types.AlgorithmIdentifier(algorithm="1.2.840.113549.2.9"),
        witness=bytes.fromhex("824f35e538b555f8c28b22bd1350229828863e36bfc54feddea879fa8b91db90"),
    )
    controls = ((2, 2, types.Identification("ee-0001")), (3, 34, proof))
    value = types.PKIData(
        control_sequence=tuple(
            types.TaggedAttribute(
                body_part_id=identifier, attr_type=f"{oids.ID_CMC}.{number}", attr_values=(held,)
            )
            for identifier, number, held in controls
        ),
        req_sequence=(),
        cms_sequence=(),
        other_msg_sequence=(),
    )
    assert_encodes(
        value,
        "30703068301802010206082b0601050507070231090c0765652d30303031304c02010306082b060105050707"
        "22313d303b300b0609608648016503040201300a06082a864886f70d02090420824f35e538b555f8c28b22bd"
        "1350229828863e36bfc54feddea879fa8b91db90300030003000",
    )
