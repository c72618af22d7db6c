"""What has no encoding, and why: reason and path of every EncodeError."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import types
from cmcodec.asn1 import NULL, TLV, Asn1, BitString
from cmcodec.limits import MAX_DEPTH
from kit.answers import refusal
from kit.controls import BUILT, references
from kit.messages import EMPTY_PKI_DATA, pki_data, signed_data, tagged_content_info

if TYPE_CHECKING:
    from collections.abc import Callable

ALGORITHM = types.AlgorithmIdentifier(algorithm="1.2.3")
EMPTY = types.Name(rdn_sequence=())


class Text(str):
    """A text of the caller's own."""

    __slots__ = ()


@dataclass(frozen=True)
class Foreign(Asn1):
    """A class of the caller's own, which no backend knows."""

    value: int = 1


def pend_info(time: Any, token: Any = b"") -> types.PendInfo:
    return types.PendInfo(pend_token=token, pend_time=time)


def control(*values: Any, oid: str = "1.3.6.1.5.5.7.7.5") -> types.TaggedAttribute:
    return types.TaggedAttribute(body_part_id=1, attr_type=oid, attr_values=values)


def message(**fields: Any) -> types.PKIData:
    empty: dict[str, Any] = dict.fromkeys(types.PKIData.__dataclass_fields__, ())
    return types.PKIData(**{**empty, **fields})


def other(number: int) -> types.OtherMsg:
    return types.OtherMsg(
        body_part_id=number, other_msg_type="1.2.3", other_msg_value=TLV(b"\x05\x00")
    )


NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)
DEEP = TLV(b"\x30\x00")

REFUSED: list[tuple[str, str, Asn1]] = [
    # Python types
    ("bad_type", "transactionId", types.TransactionId("1")),  # type: ignore[arg-type]
    ("bad_type", "transactionId", types.TransactionId(True)),
    ("bad_type", "transactionId", types.TransactionId(1.0)),  # type: ignore[arg-type]
    ("bad_type", "dataReturn", types.DataReturn("x")),  # type: ignore[arg-type]
    ("bad_type", "dataReturn", types.DataReturn(bytearray(b"x"))),  # type: ignore[arg-type]
    ("bad_type", "dataReturn", types.DataReturn(None)),  # type: ignore[arg-type]
    ("bad_type", "identification", types.Identification(b"x")),  # type: ignore[arg-type]
    ("bad_type", "bodyPartList", types.BodyPartList({1, 2})),  # type: ignore[arg-type]
    ("bad_type", "bodyPartList", types.BodyPartList("12")),  # type: ignore[arg-type]
    ("bad_type", "bodyPartList[1]", types.BodyPartList((1, "2"))),  # type: ignore[arg-type]
    ("bad_type", "pendInfo.pendTime", pend_info("20270101")),
    ("bad_type", "pendInfo.pendToken", pend_info(NOON, None)),
    ("bad_type", "getCert.issuerName", types.GetCert(issuer_name=EMPTY, serial_number=1)),  # type: ignore[arg-type]
    ("bad_type", "algorithmIdentifier.parameters", replace(ALGORITHM, parameters=b"\x05\x00")),
    ("bad_type", "extension.critical", types.Extension(extn_id="1.2", critical=1, extn_value=b"")),  # type: ignore[arg-type]
    ("bad_type", "name.null", types.Name(null=True)),  # type: ignore[arg-type]
    ("bad_type", "taggedAttribute.attrValues[0]", control(5)),
    ("bad_type", "taggedAttribute.attrValues[0]", control(types.SenderNonce(b""))),
    ("bad_type", "taggedAttribute.attrValues[0]", control(Foreign())),
    ("bad_type", "taggedAttribute.attrValues[0]", control(Foreign(), oid="1.2.3")),
    ("bad_type", "any", TLV("0500")),  # type: ignore[arg-type]
    ("bad_type", "certificate", types.Certificate(bytearray(b"\x30\x00"))),  # type: ignore[arg-type]
    # values
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="")),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="1")),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="3.1")),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="1.40")),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="1.2.")),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="1.02")),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="1.2.3\n")),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="1.2.٣")),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="1.-2")),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="1.+2")),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="1.1_0")),
    (
        "bad_value",
        "algorithmIdentifier.algorithm",
        replace(ALGORITHM, algorithm="1.2." + "9" * 5000),
    ),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm="\ud800")),
    (
        "bad_value",
        "algorithmIdentifier.algorithm",
        replace(ALGORITHM, algorithm="1.2" + ".1" * 128),
    ),
    ("bad_value", "algorithmIdentifier.algorithm", replace(ALGORITHM, algorithm=f"1.2.{2**128}")),
    (
        "bad_value",
        "algorithmIdentifier.algorithm",
        replace(ALGORITHM, algorithm=f"2.{2**128 - 80}"),
    ),
    ("bad_value", "identification", types.Identification("\ud800")),
    ("bad_value", "generalName.dNSName", types.GeneralName(dns_name="é")),
    ("bad_value", "generalName.dNSName", types.GeneralName(dns_name="\ud800")),
    ("bad_value", "pendInfo.pendTime", pend_info(datetime(2027, 1, 1))),
    (
        "bad_value",
        "pendInfo.pendTime",
        pend_info(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
    ),
    ("bad_value", "time.utcTime", types.Time(utc_time=datetime(2050, 1, 1, tzinfo=UTC))),
    ("bad_value", "time.utcTime", types.Time(utc_time=datetime(1949, 12, 31, tzinfo=UTC))),
    ("bad_value", "time.utcTime", types.Time(utc_time=NOON.replace(microsecond=1))),
    ("bad_value", "bitString", BitString(b"\x00", 8)),
    ("bad_value", "bitString", BitString(b"\x00", -1)),
    ("bad_value", "bitString", BitString(b"\x00", "1")),  # type: ignore[arg-type]
    ("bad_value", "bitString", BitString("x")),  # type: ignore[arg-type]
    ("bad_value", "bitString", BitString(b"", 1)),
    ("not_canonical", "bitString", BitString(b"\xff", 1)),
    (
        "not_canonical",
        "getCRL.reasons",
        types.GetCRL(issuer_name=EMPTY, reasons=BitString(b"\x00")),
    ),
    ("bad_value", "any", TLV(b"")),
    ("bad_value", "any", TLV(b"\x05")),
    ("bad_value", "any", TLV(b"\x05\x00\x05\x00")),
    ("bad_value", "algorithmIdentifier.parameters", replace(ALGORITHM, parameters=TLV(b""))),
    (
        "bad_value",
        "algorithmIdentifier.parameters",
        replace(ALGORITHM, parameters=TLV(b"\x05\x00\x05\x00")),
    ),
    ("bad_value", "taggedAttribute.attrValues[0]", control(TLV(b"\x02\x01\x01\x02\x01\x02"))),
    # what the octets show
    ("bad_tag", "taggedAttribute.attrValues[0]", control(TLV(b"\x05\x00"))),
    ("bad_tag", "certificate", types.Certificate(b"\x05\x00")),
    (
        "not_canonical",
        "algorithmIdentifier.parameters",
        replace(ALGORITHM, parameters=TLV(b"\x01\x01\x01")),
    ),
    ("bad_value", "bodyPartList", types.BodyPartList(())),
    ("limit", "bodyPartList[1]", types.BodyPartList((0, -1))),
    ("limit", "bodyPartList[0]", types.BodyPartList((2**32,))),
    ("limit", "transactionId", types.TransactionId(2**16383 * 2)),
    ("limit", "transactionId", types.TransactionId(-(2**16400))),
    ("bad_value", "changeSubjectName", types.ChangeSubjectName()),
    ("bad_value", "optionalValidity", types.OptionalValidity()),
    ("bad_value", "cmcStatusInfoV2.bodyList", types.CMCStatusInfoV2(cmc_status=0, body_list=())),
    ("limit", "pkiData.otherMsgSequence[0]", message(other_msg_sequence=(other(0),))),
    (
        "duplicate_body_part_id",
        "pkiData.otherMsgSequence[1]",
        message(other_msg_sequence=(other(1), other(1))),
    ),
    ("limit", "gcmParameters.aes-ICVlen", types.GCMParameters(aes_nonce=b"", aes_icvlen=11)),
]


@pytest.mark.parametrize(("reason", "path", "value"), REFUSED)
def test_encode_errors(reason: str, path: str, value: Asn1) -> None:
    """R-029, R-055, R-056, P5: what `from_der` would not accept, or no ASN.1 value is."""
    assert refusal(value.to_der) == ("EncodeError", reason, None, path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("lraPopWitness.pkiDataBodyid", types.LraPopWitness(pki_data_bodyid="", body_ids="")),  # type: ignore[arg-type]
        ("lraPopWitness.bodyIds[1]", types.LraPopWitness(pki_data_bodyid=0, body_ids=(1, "", ""))),  # type: ignore[arg-type]
        ("taggedAttribute.attrType", control(5, oid=6)),  # type: ignore[arg-type]
    ],
)
def test_of_several_faults_the_first_is_named(path: str, value: Asn1) -> None:
    """In the order of the fields, whichever way the backend writes."""
    assert refusal(value.to_der) == ("EncodeError", "bad_type", None, path)


def test_encode_errors_are_value_errors() -> None:
    """P9: an EncodeError has reason and path, and no offset."""
    with pytest.raises(ValueError, match=r"^bad_value in bodyPartList$") as caught:
        types.BodyPartList(()).to_der()
    assert isinstance(caught.value, cmcodec.EncodeError)


@pytest.mark.parametrize(
    "build",
    [
        types.Name,
        lambda: types.Name(rdn_sequence=(), null=NULL),
        lambda: types.TaggedRequest(tcr=None),
        types.BodyPartReference,
        types.GetCert,  # type: ignore[call-arg]
        lambda: types.GetCert(EMPTY, 1),  # type: ignore[misc]
        lambda: types.GetCert(issuer_name=None, serial_number=1, other=2),  # type: ignore[call-arg,arg-type]
    ],
)
def test_constructors_refuse_what_is_no_value(build: Callable[[], Asn1]) -> None:
    """A CHOICE has exactly one alternative, a SEQUENCE all its fields, by keyword."""
    with pytest.raises(TypeError):
        build()


def test_values_are_frozen() -> None:
    """What was validated does not change."""
    value = types.DataReturn(b"x")
    with pytest.raises(AttributeError):
        value.value = b"y"  # type: ignore[misc]


def test_set_of_is_sorted() -> None:
    """P3, X.690 11.6: elements of a SET OF in any order encode in DER's."""
    values = (types.TransactionId(300), types.TransactionId(2), types.TransactionId(1))
    assert control(*values).to_der().hex().endswith("310a02010102010202 02012c".replace(" ", ""))
    shorter_first = (TLV(b"\x04\x02\x01\x00"), TLV(b"\x04\x01\x02"))
    encoded = control(*shorter_first, oid="1.2.3").to_der()
    assert encoded.endswith(b"\x04\x01\x02\x04\x02\x01\x00")


def test_defaults_are_left_out() -> None:
    """P3: a DEFAULT value is not encoded, whether it was given or not."""
    explicit = types.RSASSAPSSParams(salt_length=20, trailer_field=1)
    assert explicit.to_der() == types.RSASSAPSSParams().to_der() == b"\x30\x00"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, b"20270101120000Z"),
        (NOON.replace(microsecond=500_000), b"20270101120000.5Z"),
        (NOON.replace(microsecond=1), b"20270101120000.000001Z"),
        (datetime(1, 1, 1, tzinfo=UTC), b"00010101000000Z"),
        (datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), b"20261231230000Z"),
    ],
)
def test_times_are_written_in_utc(moment: datetime, text: bytes) -> None:
    """X.690 11.7: whatever the time zone of the value."""
    value = pend_info(moment)
    assert value.to_der().endswith(text)
    assert types.PendInfo.from_der(value.to_der()) == value


def test_subclasses_of_python_types_are_values() -> None:
    """An IntEnum is an INTEGER, a str of another class a text, a list a SEQUENCE OF."""
    assert types.TransactionId(types.CMCStatus.FAILED).to_der() == b"\x02\x01\x02"
    assert types.Identification(Text("é")).to_der() == b"\x0c\x02\xc3\xa9"
    assert types.BodyPartList([1, 2]).to_der().hex() == "3006020101020102"  # type: ignore[arg-type]


@pytest.mark.parametrize("oid", ["0.0", "2.999", f"2.{2**128 - 81}", f"1.2.{2**128 - 1}"])
def test_greatest_object_identifiers(oid: str) -> None:
    """P5: what is within the bounds is written and read back."""
    value = types.ContentType(oid)
    assert types.ContentType.from_der(value.to_der()) == value


def test_longest_object_identifier() -> None:
    """P5: 128 octets."""
    value = types.ContentType("1.2" + ".1" * 127)
    assert types.ContentType.from_der(value.to_der()) == value


def test_open_values_of_the_right_class_or_octets() -> None:
    """T-02: a known OID takes its class or octets of it; an unknown one any declared value."""
    known = control(types.TransactionId(5))
    assert control(TLV(b"\x02\x01\x05")).to_der() == known.to_der()
    free = control(types.Identification("x"), oid="1.2.3")
    decoded = types.TaggedAttribute.from_der(free.to_der())
    assert decoded.attr_values == (TLV(b"\x0c\x01x"),)
    for value in (NULL, BitString(b"\x01"), types.Certificate(b"\x30\x00")):
        encoded = control(value, oid="1.2.3").to_der()
        assert types.TaggedAttribute.from_der(encoded).to_der() == encoded


def test_deep_values() -> None:
    """P1: values nested deeper than the bound are refused, without a RecursionError."""
    der = b""
    for _ in range(MAX_DEPTH - 1):
        der = TLV(bytes([0x30, len(der)]) + der).der
    assert replace(ALGORITHM, parameters=TLV(der)).to_der()
    der = bytes([0x30, len(der)]) + der
    expected = ("EncodeError", "depth", None, "algorithmIdentifier.parameters")
    assert refusal(replace(ALGORITHM, parameters=TLV(der)).to_der) == expected


def test_values_inside_themselves(backend: str) -> None:
    """P9: a value made to contain itself is refused, in whatever depth that shows."""
    names: list[Any] = []
    value = types.GeneralNames(names)  # type: ignore[arg-type]
    info = types.SignerInfo(
        version=1,
        sid=types.SignerIdentifier(subject_key_identifier=b""),
        digest_algorithm=ALGORITHM,
        signature_algorithm=ALGORITHM,
        signature=b"",
        unsigned_attrs=names,  # type: ignore[arg-type]
    )
    names.append(types.Attribute(attr_type="1.2.840.113549.1.9.6", attr_values=(info,)))
    refused = refusal(info.to_der)
    assert refused == ("EncodeError", "depth", None, "signerInfo")
    assert refusal(value.to_der) == ("EncodeError", "bad_type", None, "generalNames[0]")


def test_messages_nested_too_deep() -> None:
    """P6: what `from_der` refuses, `to_der` does not make."""
    octets = EMPTY_PKI_DATA
    for _ in range(8):
        octets = pki_data(members=[tagged_content_info(signed_data(octets))])
    held = types.EncapsulatedContentInfo(e_content_type="1.3.6.1.5.5.7.12.2", e_content=octets)
    refused = refusal(held.to_der)
    assert refused
    assert refused[:3] == ("EncodeError", "limit", None)


def test_broken_content_is_not_encoded() -> None:
    """Octets that claim to be a PKIData are one."""
    held = types.EncapsulatedContentInfo(e_content_type="1.3.6.1.5.5.7.12.2", e_content=b"\x30\x00")
    path = "encapsulatedContentInfo.eContent.controlSequence"
    assert refusal(held.to_der) == ("EncodeError", "bad_tag", None, path)


def test_every_control_survives_a_change() -> None:
    """`dataclasses.replace` makes another value that encodes."""
    status = BUILT["25-statusInfoV2-failInfo"]
    assert isinstance(status, types.CMCStatusInfoV2)
    changed = replace(status, body_list=references(9), status_string=None)
    assert types.CMCStatusInfoV2.from_der(changed.to_der()) == changed != status
