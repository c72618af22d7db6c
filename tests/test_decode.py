"""Where a refusal points, PEM, and the forms of RFC 2797, RFC 6402 and old peers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec import types
from cmcodec.asn1 import NULL
from kit.answers import answer, decode_error, limit_error, refusal
from kit.der import integer, seq, tlv
from kit.messages import EMPTY_PKI_DATA, control, pki_data, signed_data, tagged_content_info
from kit.vectors import shared

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1

OK = None
E_CONTENT = ".content.encapContentInfo.eContent"

# --- located errors ----------------------------------------------------------------------------


def test_error_path_through_open_types_and_octet_strings() -> None:
    """Path and offset are right many levels deep, through every kind of layer."""
    bad = b"\x01\x01\x02"  # a BOOLEAN neither 00 nor FF
    extension = seq(b"\x06\x03\x55\x1d\x0f", bad, b"\x04\x00")
    template = seq(tlv(0xA9, extension))
    value = seq(seq(integer(1)), seq(integer(2)), template)
    inner = signed_data(pki_data(controls=(control(1, 99, b"\x05\x00"), control(2, 31, value))))
    octets = signed_data(
        pki_data(
            members=(tagged_content_info(signed_data(), 1), tagged_content_info(inner, 2)),
        )
    )
    expected = decode_error(
        "not_canonical",
        octets.index(bad),
        f"contentInfo{E_CONTENT}.cmsSequence[1].contentInfo{E_CONTENT}"
        ".controlSequence[1].attrValues[0].certTemplate.extensions[0].critical",
    )
    assert refusal(lambda: cmcodec.load(octets)) == expected


def test_error_path_in_a_request() -> None:
    """Alternatives of a CHOICE and elements of a SET OF are steps too."""
    name = seq(tlv(0x31, seq(b"\x06\x03\x55\x04\x03", b"\x0c\x01\xff")))
    key = seq(seq(b"\x06\x03\x2b\x65\x70"), tlv(0x03, bytes(33)))
    info = seq(integer(0), name, key, tlv(0xA0))
    request = seq(info, seq(b"\x06\x03\x2b\x65\x70"), tlv(0x03, bytes(65)))
    octets = pki_data(requests=[tlv(0xA0, integer(1), request)])
    assert answer(types.PKIData, octets) == decode_error(
        "bad_value",
        octets.index(b"\x0c\x01\xff"),
        "pkiData.reqSequence[0].tcr.certificationRequest.certificationRequestInfo"
        ".subject.rdnSequence[0][0].value",
    )


def test_error_path_is_what_locate_takes() -> None:
    """The path of an error, without its root, leads to the octets at fault."""
    octets = shared("signed/p256-pkcs10.der")
    path = f"{E_CONTENT}.reqSequence[0].tcr.certificationRequest.signatureAlgorithm.algorithm"[1:]
    span = cmcodec.load(octets).locate(path)
    assert span
    broken = octets[: span[1] - 1] + b"\x86" + octets[span[1] :]
    refused = refusal(lambda: cmcodec.load(broken))
    assert refused == decode_error("bad_value", span[0], f"contentInfo.{path}")


def test_errors_of_a_simple_request() -> None:
    """RFC 10002 §3.1: a bare PKCS#10 has its own root."""
    octets = bytearray(shared("signed/p256-pkcs10.der"))
    path = "content.encapContentInfo.eContent.reqSequence[0].tcr.certificationRequest"
    request = cmcodec.load(octets).octets(path)
    assert request
    assert cmcodec.load(request).kind == "simple-request"
    refused = refusal(lambda: cmcodec.load(request + b"\x00"))
    assert refused == decode_error("trailing_data", len(request), "certificationRequest")


@pytest.mark.parametrize("cut", range(0, 2189, 41))
def test_truncated_messages(cut: int) -> None:
    """P2: a message cut anywhere is truncated at its first octet."""
    octets = shared("signed/rsa2048-pkcs10.der")[:cut]
    expected = decode_error("truncated", 0, "contentInfo")
    assert refusal(lambda: cmcodec.load(octets)) == expected


@pytest.mark.parametrize(
    "name", ["negative/truncated-half.der", "negative/duplicate-bodypartid.der"]
)
def test_negative_vectors(name: str) -> None:
    """P2, P6: what another implementation wrote wrong."""
    refused = refusal(lambda: cmcodec.load(shared(name)))
    assert refused
    assert refused[1] in ("truncated", "duplicate_body_part_id")
    assert refused[1].split("_")[0] in name


# --- PEM ---------------------------------------------------------------------------------------


def pem(octets: bytes, label: str = "CMC", width: int = 64) -> bytes:
    text = base64.b64encode(octets).decode()
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


@pytest.mark.parametrize(
    "armoured",
    [
        pem(signed_data()),
        pem(signed_data(), "PKCS7"),
        pem(signed_data(), width=76),
        pem(signed_data()).replace(b"\n", b"\r\n"),
        b"\n \n" + pem(signed_data()) + b"\n\n",
        b"Subject: a message\n\n" + pem(signed_data()),
        pem(signed_data()).rstrip(),
    ],
)
def test_pem(armoured: bytes) -> None:
    """RFC 7468: one object in armour, in lines of any width, is what is in it."""
    assert cmcodec.load(armoured).to_der() == signed_data()
    assert cmcodec.load(bytearray(armoured)).to_der() == signed_data()


@pytest.mark.parametrize(
    "broken",
    [
        b"-----BEGIN CMC-----",
        b"-----BEGIN CMC-----\n",
        pem(signed_data())[:-10],
        pem(signed_data()).replace(b"END CMC", b"END PKCS7"),
        pem(signed_data()) + b"text",
        pem(signed_data()) * 2,
        pem(signed_data()).replace(b"M", b"!", 10),
        pem(signed_data()).replace(b"\n-----END", b"=\n-----END"),
        b"-----BEGIN CMC-----\n" + b"A\n" * 100_001 + b"-----END CMC-----",
    ],
)
def test_broken_pem(broken: bytes) -> None:
    """P9, RFC 7468: broken armour is bad_value in ``pem``, whatever is wrong with it."""
    assert refusal(lambda: cmcodec.load(broken)) == decode_error("bad_value", 0, "pem")


def test_errors_inside_pem_count_from_its_content() -> None:
    """P4: the offset is that in the DER form."""
    octets = signed_data() + b"\x00"
    expected = decode_error("trailing_data", len(octets) - 1, "contentInfo")
    assert refusal(lambda: cmcodec.load(pem(octets))) == expected


# --- legacy forms ------------------------------------------------------------------------------


def status(other: bytes) -> bytes:
    return seq(integer(2), seq(integer(1)), other)


PEND_TIME = tlv(0x18, b"20270101000000Z")
DIRECTORY_NAME = tlv(0xA4, seq())

LEGACY: dict[str, tuple[type[Asn1], bytes, str, int, str]] = {
    "T-06 extendedFailInfo without its tag": (
        types.CMCStatusInfoV2,
        status(seq(b"\x06\x01\x2a", b"\x05\x00")),
        "other_info.legacy_extended_fail_info",
        12,
        "otherInfo.pendInfo.pendToken",
    ),
    "PendInfo with an INTEGER token": (
        types.CMCStatusInfoV2,
        status(seq(integer(7), PEND_TIME)),
        "other_info.legacy_pend_info",
        12,
        "otherInfo.pendInfo.pendToken",
    ),
    "PendInfo with an INTEGER token in statusInfo": (
        types.CMCStatusInfo,
        status(seq(integer(7), PEND_TIME)),
        "other_info.legacy_pend_info",
        12,
        "otherInfo.pendInfo.pendToken",
    ),
    "T-08 subjectAlt without its tag": (
        types.ChangeSubjectName,
        seq(seq(tlv(0x82, b"a.example"))),
        "legacy_subject_alt",
        2,
        "",
    ),
    "T-08 subject and subjectAlt without its tag": (
        types.ChangeSubjectName,
        seq(seq(), seq(tlv(0x82, b"a.example"))),
        "legacy_subject_alt",
        4,
        "",
    ),
    "T-11 IssuerSerial of RFC 2797": (
        types.CMCCertId,
        seq(seq(DIRECTORY_NAME), integer(9)),
        "legacy_issuer_serial",
        4,
        "issuerAndSerialNumber.issuer.rdnSequence[0]",
    ),
    "T-11 IssuerSerial with issuerUID": (
        types.CMCCertId,
        seq(seq(DIRECTORY_NAME), integer(9), tlv(0x03, b"\x00\x01")),
        "legacy_issuer_serial",
        4,
        "issuerAndSerialNumber.issuer.rdnSequence[0]",
    ),
    "T-12 NULL for the empty name": (
        types.GetCRL,
        seq(b"\x05\x00"),
        "issuer_name.null",
        2,
        "issuerName",
    ),
    "T-12 NULL for the empty name in a template": (
        types.CertTemplate,
        seq(tlv(0xA5, b"\x05\x00")),
        "subject.null",
        4,
        "subject",
    ),
}


@pytest.mark.parametrize(
    ("cls", "octets", "attribute", "offset", "path"), LEGACY.values(), ids=LEGACY
)
def test_legacy_forms(
    cls: type[Asn1], octets: bytes, attribute: str, offset: int, path: str
) -> None:
    """T-06, T-08, T-11, T-12: read under a name of their own, written back unchanged, and
    refused where ``strict``."""
    value: object = cls.from_der(octets)
    for step in attribute.split("."):
        value = getattr(value, step)
    assert value is not None
    assert answer(cls, octets) == OK
    refused = answer(cls, octets, strict=True)
    assert refused
    assert refused[0] == "DecodeError"
    assert refused[1] in ("bad_tag", "trailing_data")
    root = cls.__name__
    assert refused[2] == offset, refused
    assert refused[3].lower() == f"{root}.{path}".rstrip(".").lower(), refused


@pytest.mark.parametrize(
    ("cls", "octets", "attribute"),
    [
        (types.OtherStatusInfo, "300e 06092b06010401868d1f01 0c0178", "legacy_extended_fail_info"),
        (types.OtherStatusInfo, "a10e06092b06010401868d1f010c0178", "extended_fail_info"),
        (types.OtherStatusInfo, seq(b"\x04\x00", PEND_TIME), "pend_info"),
        (types.OtherStatusInfo, seq(integer(1), PEND_TIME), "legacy_pend_info"),
        (types.OtherStatusInfo, "020102", "fail_info"),
        (types.StatusInfoOther, seq(b"\x04\x00", PEND_TIME), "pend_info"),
        (types.CMCCertId, seq(seq(DIRECTORY_NAME), integer(1)), "legacy_issuer_serial"),
        (types.CMCCertId, seq(seq(), integer(1)), "issuer_and_serial_number"),
        (types.Name, "0500", "null"),
        (types.Name, "3000", "rdn_sequence"),
    ],
)
def test_legacy_and_current_forms_are_told_apart(
    cls: type[Asn1], octets: bytes | str, attribute: str
) -> None:
    """T-06, T-11, T-12: by the first elements inside."""
    data = bytes.fromhex(octets) if isinstance(octets, str) else octets
    assert cls.from_der(data).alternative == attribute  # type: ignore[attr-defined]
    assert answer(cls, data) == OK


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        (seq(seq()), {"subject"}),
        (seq(seq(tlv(0x31, seq(b"\x06\x01\x2a\x05\x00")))), {"subject"}),
        (seq(seq(tlv(0x82, b"a"))), {"legacy_subject_alt"}),
        (seq(tlv(0xA1, tlv(0x82, b"a"))), {"subject_alt"}),
        (seq(seq(), tlv(0xA1, tlv(0x82, b"a"))), {"subject", "subject_alt"}),
    ],
)
def test_change_subject_name_fields(octets: bytes, fields: set[str]) -> None:
    """T-08: an empty SEQUENCE is the subject; else the tag inside says which field it is."""
    value = types.ChangeSubjectName.from_der(octets)
    names = ("subject", "legacy_subject_alt", "subject_alt")
    assert {name for name in names if getattr(value, name) is not None} == fields
    assert answer(types.ChangeSubjectName, octets) == OK


def test_null_name_is_kept_as_null() -> None:
    """T-12: ASN.1 NULL is not the empty name, so that the request's octets stay what was signed."""
    assert types.Name.from_der(b"\x05\x00").null is NULL
    assert types.Name(rdn_sequence=()).to_der() == b"\x30\x00"


def test_legacy_issuer_serial_has_one_name() -> None:
    """T-11: two names are not understood."""
    octets = seq(seq(DIRECTORY_NAME, DIRECTORY_NAME), integer(9))
    expected = decode_error("bad_value", 2, "cmcCertId.issuerSerial.issuer")
    assert answer(types.CMCCertId, octets) == expected


def test_strict_refuses_ber() -> None:
    """P3: BER in the wrapper is converted, unless ``strict``."""
    octets = shared("signed/rsa2048-pkcs10.ber")
    message = cmcodec.load(octets)
    assert (message.encoding, message.kind) == ("ber", "full-request")
    assert cmcodec.load(message.to_der(), strict=True).encoding == "der"
    expected = decode_error("not_canonical", 0, "contentInfo")
    assert refusal(lambda: cmcodec.load(octets, strict=True)) == expected


def test_strict_reaches_nested_messages() -> None:
    """T-12: ``strict`` holds for every layer."""
    legacy = pki_data(controls=[control(1, 16, seq(b"\x05\x00"))])
    octets = signed_data(pki_data(members=[tagged_content_info(signed_data(legacy))]))
    assert cmcodec.load(octets).to_der() == octets
    expected = decode_error(
        "bad_tag",
        octets.index(b"\x05\x00"),
        f"contentInfo{E_CONTENT}.cmsSequence[0].contentInfo{E_CONTENT}"
        ".controlSequence[0].attrValues[0].issuerName",
    )
    assert refusal(lambda: cmcodec.load(octets, strict=True)) == expected


def test_from_der_has_the_default_bound_on_layers() -> None:
    """P6: eight layers, as `load` without ``max_layers``."""
    octets = EMPTY_PKI_DATA
    for _ in range(7):
        octets = pki_data(members=[tagged_content_info(signed_data(octets))])
    assert answer(types.ContentInfo, signed_data(octets)) == OK
    octets = pki_data(members=[tagged_content_info(signed_data(octets))])
    refused = answer(types.ContentInfo, signed_data(octets))
    assert refused
    assert refused[:2] == limit_error("limit", 0, "")[:2]
