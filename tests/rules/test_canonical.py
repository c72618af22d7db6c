"""Rule P3: canonical DER only, each form with its nearest accepted neighbour."""

from __future__ import annotations

import pytest

import cmcodec
from cmcodec import types
from cmcodec.asn1 import TLV, Asn1, BitString, NullType
from kit.answers import answer, decode_error, limit_error, refusal
from kit.der import integer, seq, tlv
from kit.messages import control
from kit.times import GENERALIZED_TIMES, UTC_TIMES
from kit.vectors import shared

Refused = tuple[str, str, int | None, str] | None
Case = tuple[Refused, type[Asn1], bytes | str]
OK = None

ALGORITHM = b"\x06\x01\x2a"


def canonical(offset: int, path: str) -> Refused:
    return decode_error("not_canonical", offset, path)


LENGTHS: list[Case] = [
    (OK, types.DataReturn, tlv(0x04, bytes(127))),
    (OK, types.DataReturn, tlv(0x04, bytes(128))),
    (canonical(0, "dataReturn"), types.DataReturn, "04800000"),
    (canonical(0, "dataReturn"), types.DataReturn, "04817f" + "00" * 127),
    (canonical(0, "dataReturn"), types.DataReturn, "04820080" + "00" * 128),
    (canonical(0, "dataReturn"), types.DataReturn, "048400000001ff"),
    (canonical(2, "bodyPartList[0]"), types.BodyPartList, "300402810101"),
]
INTEGERS: list[Case] = [
    (OK, types.TransactionId, "020100"),
    (OK, types.TransactionId, "02020080"),
    (OK, types.TransactionId, "0202ff7f"),
    (canonical(0, "transactionId"), types.TransactionId, "02020001"),
    (canonical(0, "transactionId"), types.TransactionId, "0203000001"),
    (canonical(0, "transactionId"), types.TransactionId, "0202ff80"),
    (canonical(0, "any"), TLV, "0a020001"),
    (decode_error("bad_value", 0, "transactionId"), types.TransactionId, "0200"),
]
BOOLEANS: list[Case] = [
    (OK, types.Extension, seq(ALGORITHM, b"\x01\x01\xff", b"\x04\x00")),
    (canonical(5, "extension.critical"), types.Extension, seq(ALGORITHM, b"\x01\x01\x01\x04\x00")),
    (
        decode_error("bad_value", 5, "extension.critical"),
        types.Extension,
        seq(ALGORITHM, b"\x01\x00\x04\x00"),
    ),
    (
        decode_error("bad_value", 5, "extension.critical"),
        types.Extension,
        seq(ALGORITHM, b"\x01\x02\xff\xff\x04\x00"),
    ),
    (canonical(2, "any"), TLV, seq(b"\x01\x01\x02")),
]
DEFAULTS: list[Case] = [
    (OK, types.Extension, seq(ALGORITHM, b"\x04\x00")),
    (
        canonical(12, "modCertTemplate.replace"),
        types.ModCertTemplate,
        seq(seq(integer(1)), seq(integer(1)), b"\x01\x01\xff", seq()),
    ),
    (OK, types.ModCertTemplate, seq(seq(integer(1)), seq(integer(1)), b"\x01\x01\x00", seq())),
    (canonical(4, "gcmParameters.aes-ICVlen"), types.GCMParameters, seq(b"\x04\x00", integer(12))),
    (OK, types.GCMParameters, seq(b"\x04\x00", integer(13))),
    (
        limit_error("limit", 4, "gcmParameters.aes-ICVlen"),
        types.GCMParameters,
        seq(b"\x04\x00", integer(17)),
    ),
    (
        canonical(2, "rsassapssParams.saltLength"),
        types.RSASSAPSSParams,
        seq(tlv(0xA2, integer(20))),
    ),
    (
        canonical(2, "rsassapssParams.hashAlgorithm"),
        types.RSASSAPSSParams,
        seq(tlv(0xA0, bytes.fromhex("300906052b0e03021a0500"))),
    ),
    (OK, types.RSASSAPSSParams, seq(tlv(0xA0, bytes.fromhex("300706052b0e03021a")))),
]
SET_OF: list[Case] = [
    (OK, TLV, tlv(0x31, integer(1), integer(1), integer(2))),
    (canonical(5, "any"), TLV, tlv(0x31, integer(2), integer(1))),
    (OK, TLV, tlv(0x31, b"\x04\x01\x02", b"\x04\x02\x01\x00")),
    (canonical(6, "any"), TLV, tlv(0x31, b"\x04\x02\x01\x00", b"\x04\x01\x02")),
    (
        canonical(10, "attribute.attrValues[1]"),
        types.Attribute,
        seq(ALGORITHM, tlv(0x31, integer(2), integer(1))),
    ),
    (
        canonical(11, "name.rdnSequence[0][1]"),
        types.Name,
        seq(tlv(0x31, seq(b"\x06\x01\x2b\x05\x00"), seq(b"\x06\x01\x2a\x05\x00"))),
    ),
]
FORMS: list[Case] = [
    (decode_error("bad_tag", 0, "dataReturn"), types.DataReturn, "2403040100"),
    (decode_error("bad_tag", 0, "identification"), types.Identification, "2c030c0100"),
    (decode_error("bad_tag", 0, "bodyPartList"), types.BodyPartList, "1003020100"),
    (decode_error("bad_tag", 2, "any"), TLV, seq(b"\x24\x03\x04\x01\x00")),
    (decode_error("bad_tag", 2, "any"), TLV, seq(b"\x10\x00")),
    (decode_error("bad_tag", 2, "any"), TLV, seq(b"\x00\x00")),
    (OK, TLV, seq(b"\x28\x00\x2b\x00\x3d\x00")),
    (OK, TLV, seq(b"\x3f\x1f\x00\x1f\x1f\x00")),
    (decode_error("bad_tag", 0, "taggedRequest"), types.TaggedRequest, "8003020101"),
]
BIT_STRINGS: list[Case] = [
    (OK, BitString, "030100"),
    (OK, BitString, "03020780"),
    (canonical(0, "bitString"), BitString, "03020781"),
    (decode_error("bad_value", 0, "bitString"), BitString, "0300"),
    (decode_error("bad_value", 0, "bitString"), BitString, "030101"),
    (decode_error("bad_value", 0, "bitString"), BitString, "030208ff"),
]
NAMED_BITS: list[Case] = [
    (OK, types.GetCRL, seq(seq(), b"\x03\x01\x00")),
    (OK, types.GetCRL, seq(seq(), b"\x03\x02\x06\x40")),
    (OK, types.GetCRL, seq(seq(), b"\x03\x03\x07\x00\x80")),
    (canonical(4, "getCRL.reasons"), types.GetCRL, seq(seq(), b"\x03\x02\x05\x40")),
    (canonical(4, "getCRL.reasons"), types.GetCRL, seq(seq(), b"\x03\x02\x00\x00")),
    (canonical(4, "getCRL.reasons"), types.GetCRL, seq(seq(), b"\x03\x03\x00\x80\x00")),
]
TEXTS: list[Case] = [
    (OK, types.Identification, tlv(0x0C, "é中𝄞\x00".encode())),
    *(
        (decode_error("bad_value", 0, "identification"), types.Identification, tlv(0x0C, octets))
        for octets in (b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80")
    ),
    (OK, types.GeneralName, tlv(0x82, b"a.example")),
    (decode_error("bad_value", 0, "generalName.dNSName"), types.GeneralName, tlv(0x82, b"\xe9")),
    (OK, NullType, "0500"),
    (decode_error("bad_value", 0, "null"), NullType, "050100"),
]


@pytest.mark.parametrize(
    ("expected", "cls", "octets"),
    [
        *LENGTHS, *INTEGERS, *BOOLEANS, *DEFAULTS, *SET_OF, *FORMS, *BIT_STRINGS, *NAMED_BITS,
        *TEXTS,
    ],
)  # fmt: skip
def test_p3_canonical(expected: Refused, cls: type[Asn1], octets: bytes | str) -> None:
    """P3: one encoding for each value."""
    assert answer(cls, octets) == expected


WRITTEN_FALSE = b"\x01\x01\x00"
TRUE = b"\x01\x01\xff"
BAD_TAG = decode_error("bad_tag", 8, "extension.extnValue")


@pytest.mark.parametrize(("written", "otherwise", "strict"), [
    (b"", OK, OK),
    (TRUE, OK, OK),
    (WRITTEN_FALSE, OK, canonical(5, "extension.critical")),
    (b"\x01\x01\x01", canonical(5, "extension.critical"), canonical(5, "extension.critical")),
    (WRITTEN_FALSE * 2, BAD_TAG, canonical(5, "extension.critical")),
    (WRITTEN_FALSE + TRUE, BAD_TAG, canonical(5, "extension.critical")),
    (TRUE + WRITTEN_FALSE, BAD_TAG, BAD_TAG),
])  # fmt: skip
def test_p3_critical_written_out(written: bytes, otherwise: Refused, strict: Refused) -> None:
    """P3, G10: FALSE that an Extension has no need to say is kept as it is, unless ``strict``."""
    octets = seq(ALGORITHM, written, b"\x04\x00")
    assert answer(types.Extension, octets) == otherwise
    assert answer(types.Extension, octets, strict=True) == strict


@pytest.mark.parametrize(("reason", "text"), GENERALIZED_TIMES)
def test_p3_generalized_time(reason: str | None, text: str) -> None:
    """P3, X.690 11.7: in UTC, with seconds, without a trailing zero, on the calendar."""
    octets = seq(b"\x04\x00", tlv(0x18, text.encode()))
    expected = decode_error(reason, 4, "pendInfo.pendTime") if reason else OK
    assert answer(types.PendInfo, octets) == expected


@pytest.mark.parametrize(("reason", "year", "text"), UTC_TIMES)
def test_p3_utc_time(reason: str | None, year: int, text: str) -> None:
    """P3, R-222, X.690 11.8: years 1950 to 2049, with seconds, in UTC."""
    octets = tlv(0x17, text.encode())
    expected = decode_error(reason, 0, "time.utcTime") if reason else OK
    assert answer(types.Time, octets) == expected
    if not reason:
        moment = types.Time.from_der(octets).utc_time
        assert moment
        assert moment.year == year


def test_p3_signed_attributes_out_of_order() -> None:
    """V4: signed attributes in another order than DER's have a reason of their own."""
    octets = shared("signed/rsa2048-pkcs10.der")
    message = cmcodec.load(octets)
    path = "content.signerInfos[0].signedAttrs"
    elements = [message.octets(f"{path}[{index}]") or b"" for index in range(2)]
    swapped = octets.replace(b"".join(elements), b"".join(reversed(elements)))
    assert swapped != octets
    span = message.locate(f"{path}[0]")
    assert span
    expected = decode_error(
        "attributes_unsorted", span[0] + len(elements[1]), f"contentInfo.{path}[1]"
    )
    for strict in (False, True):
        assert refusal(lambda s=strict: cmcodec.load(swapped, strict=s)) == expected


def test_p3_unsigned_attributes_out_of_order() -> None:
    """P3: any other SET OF out of order is not canonical."""
    octets = seq(ALGORITHM, tlv(0x31, b"\x05\x00", b"\x02\x01\x01"))
    assert answer(types.Attribute, octets) == canonical(9, "attribute.attrValues[1]")


@pytest.mark.parametrize(
    ("expected", "cls", "octets"),
    [
        (decode_error("bad_tag", 0, "dataReturn"), types.DataReturn, "020101"),
        (decode_error("bad_tag", 2, "pkiData.controlSequence"), types.PKIData, seq()),
        (decode_error("bad_tag", 8, "pkiData.otherMsgSequence"), types.PKIData, seq(seq() * 3)),
        (decode_error("bad_tag", 2, "pkiData.controlSequence"), types.PKIData, seq(tlv(0x31) * 4)),
        (decode_error("bad_value", 0, "bodyPartList"), types.BodyPartList, seq()),
        (decode_error("bad_value", 0, "changeSubjectName"), types.ChangeSubjectName, seq()),
        (decode_error("bad_value", 0, "optionalValidity"), types.OptionalValidity, seq()),
        (
            decode_error("bad_value", 5, "cmcStatusInfoV2.bodyList"),
            types.CMCStatusInfoV2,
            seq(integer(0), seq()),
        ),
        (decode_error("bad_value", 2, "name.rdnSequence[0]"), types.Name, seq(tlv(0x31))),
        (decode_error("bad_tag", 0, "proofOfPossession"), types.ProofOfPossession, "a000"),
        (decode_error("truncated", 2, "generalName.directoryName"), types.GeneralName, "a400"),
        (decode_error("bad_tag", 2, "generalName.directoryName"), types.GeneralName, "a4020400"),
        (decode_error("truncated", 0, "any"), TLV, "1f1f"),
        (
            decode_error("bad_tag", 15, "contentInfo.content"),
            types.ContentInfo,
            seq(bytes.fromhex("06092a864886f70d010701"), tlv(0xA0, b"\x05\x00")),
        ),
        (
            decode_error("bad_tag", 17, "taggedAttribute.attrValues[0]"),
            types.TaggedAttribute,
            control(1, 2, integer(1)),
        ),
    ],
)
def test_p3_other_elements_than_the_type_has(
    expected: Refused, cls: type[Asn1], octets: bytes | str
) -> None:
    """P3, R-029: a missing, foreign or empty element is refused where it should stand."""
    assert answer(cls, octets) == expected
