"""Rule P3 inside certificates: their shape counts, the order of a SET OF and DEFAULTs do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import _backend, cms, oids, types
from cmcodec.limits import MAX_DEPTH
from kit.answers import answer, decode_error, limit_error, refusal
from kit.controls import response
from kit.der import EMPTY, NULL, identifier, indefinite, integer, oid, seq, set_of, spki, tlv
from kit.keys import ALICE, VALIDITY
from kit.messages import (
    Message,
    Signer,
    judged,
    members,
    pki_data,
    refused,
    tcr,
)
from kit.vectors import VECTORS

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1

OK = None
UTC_TIME = tlv(0x17, b"260101000000Z")
ED25519 = identifier(oids.ID_ED25519)
COMMON_NAME = seq(oid("2.5.4.3"), tlv(0x0C, b"TPM CA"))
ORGANISATION = seq(oid("2.5.4.10"), tlv(0x0C, b"V"))
UNSORTED = tlv(0x31, COMMON_NAME, ORGANISATION)
SORTED = set_of(COMMON_NAME, ORGANISATION)
assert UNSORTED != SORTED
KEY_IDENTIFIER = seq(oid(oids.ID_CE_SUBJECT_KEY_IDENTIFIER), tlv(0x04, tlv(0x04, ALICE.identifier)))


def certificate(*more: bytes, **fields: bytes) -> bytes:
    """A certificate of ALICE's key; ``more`` stands after its three fields."""
    parts = {
        "version": tlv(0xA0, integer(2)),
        "serial_number": integer(1),
        "signature": ED25519,
        "issuer": ALICE.issuer(),
        "validity": VALIDITY,
        "subject": EMPTY,
        "key": ALICE.spki(),
        "issuer_unique_id": b"",
        "subject_unique_id": b"",
        "extensions": tlv(0xA3, seq(KEY_IDENTIFIER)),
        "after": b"",
    }
    outer = {"algorithm": ED25519, "value": tlv(0x03, b"\0")}
    assert fields.keys() <= parts.keys() | outer.keys()
    tbs = seq(*(fields.get(name, part) for name, part in parts.items()))
    return seq(tbs, *(fields.get(name, part) for name, part in outer.items()), *more)


def extension(*critical: bytes, value: bytes = b"") -> bytes:
    return seq(oid("2.5.29.15"), *critical, tlv(0x04, value))


def carried(octets: bytes) -> bytes:
    """A message of ALICE's that carries this beside her certificate."""
    return Message(certificates=(certificate(), octets)).encode()


# --- what breaks nothing -------------------------------------------------------------------------

GOOD: dict[str, bytes] = {
    "as issued in DER": certificate(),
    "issuer with an RDN out of order": certificate(issuer=seq(UNSORTED)),
    "subject with an RDN out of order": certificate(subject=seq(SORTED, UNSORTED)),
    "an attribute value with a SET out of order": certificate(
        subject=seq(set_of(seq(oid("2.5.4.3"), tlv(0x31, NULL, integer(0)))))
    ),
    "parameters with a SET out of order": certificate(
        signature=identifier("1.2.3", tlv(0x31, NULL, integer(0)))
    ),
    "a control of CRMF as an attribute of a name": certificate(
        subject=seq(set_of(seq(oid(oids.ID_REG_CTRL_REG_TOKEN), integer(1))))
    ),
    "version v1 written out": certificate(version=tlv(0xA0, integer(0)), extensions=b""),
    "version left out": certificate(version=b"", extensions=b""),
    "critical FALSE written out": certificate(
        extensions=tlv(0xA3, seq(extension(b"\x01\x01\x00"), KEY_IDENTIFIER))
    ),
    "critical TRUE": certificate(extensions=tlv(0xA3, seq(extension(b"\x01\x01\xff")))),
    "extnValue of any octets": certificate(
        extensions=tlv(0xA3, seq(extension(value=b"\x31\x80\x01\x01\x01")))
    ),
    "unique identifiers": certificate(
        issuer_unique_id=tlv(0x81, b"\0\1"), subject_unique_id=tlv(0x82, b"\7\x80")
    ),
    "GeneralizedTime": certificate(validity=seq(UTC_TIME, tlv(0x18, b"99991231235959Z"))),
    "a negative number": certificate(serial_number=integer(-5)),
    "empty names": certificate(issuer=EMPTY),
}


@pytest.mark.parametrize("octets", GOOD.values(), ids=GOOD)
def test_p3_order_and_defaults_inside_certificates(octets: bytes) -> None:
    """P3, G10: they are signed octets of others; ``strict`` makes no difference."""
    for strict in (False, True):
        assert answer(types.Certificate, octets, strict=strict) == OK
        message = cmcodec.load(carried(octets), strict=strict)
        assert octets in [held.der for held in message.certificates]
        assert message.unverified_structure.to_der() == message.to_der() == carried(octets)
    assert _backend.certificate(octets) is not None
    assert judged(Message(certificates=(certificate(), octets))).verdict == "verified"


@pytest.mark.parametrize("octets", GOOD.values(), ids=GOOD)
def test_v8_any_such_certificate_names_its_signer(octets: bytes) -> None:
    """V8: issuer and number are compared as octets, whoever has the certificate."""
    named = _backend.certificate(octets)
    assert named
    sid = seq(*named[:2])
    for message in (
        Message(certificates=(octets,), signers=(Signer(sid=sid),)),
        Message(certificates=(), signers=(Signer(sid=sid),)),
    ):
        row = judged(message, certificates=[octets])
        assert (row.verdict, row.signers[0].certificate) == ("verified", types.Certificate(octets))


# --- what does -----------------------------------------------------------------------------------

TBS = "tbsCertificate"


def wrong(octets: bytes, reason: str, path: str, before: bytes) -> tuple[bytes, Any]:
    """An error in ``octets`` where the octets ``before`` begin."""
    return octets, decode_error(reason, octets.index(before), f"certificate.{path}".rstrip("."))


NO_TIME, NO_TIME_OF_DER = tlv(0x17, b"269901000000Z"), tlv(0x17, b"2601010000Z")
LONG = b"\x02\x81\x01\x09"
BAD: dict[str, tuple[bytes, Any]] = {
    "a fourth element": wrong(certificate(tlv(0x13, b"end")), "trailing_data", "", b"\x13\x03end"),
    "no signature": (
        certificate(value=b""),
        decode_error("bad_tag", len(certificate(value=b"")), "certificate.signatureValue"),
    ),
    "a signature that is no BIT STRING": wrong(
        certificate(value=tlv(0x04, b"sig")), "bad_tag", "signatureValue", b"\x04\x03sig"
    ),
    "an algorithm without an identifier": wrong(
        certificate(algorithm=seq(LONG[:1] + b"\1\x09")), "bad_tag", "signatureAlgorithm.algorithm",
        b"\x02\x01\x09",
    ),
    "a version without its tag": wrong(
        certificate(version=integer(0x55)), "bad_tag", f"{TBS}.signature", integer(1)
    ),
    "two versions": wrong(
        certificate(version=tlv(0xA0, integer(2), integer(3))), "trailing_data", f"{TBS}.version",
        integer(3),
    ),
    "a number that is a string": wrong(
        certificate(serial_number=tlv(0x04, b"one")), "bad_tag", f"{TBS}.serialNumber",
        tlv(0x04, b"one"),
    ),
    "a number that is not minimal": wrong(
        certificate(serial_number=tlv(0x02, b"\0\1")), "not_canonical", f"{TBS}.serialNumber",
        tlv(0x02, b"\0\1"),
    ),
    "a length that is not minimal": wrong(
        certificate(serial_number=LONG), "not_canonical", f"{TBS}.serialNumber", LONG
    ),
    "an issuer that is a string": wrong(
        certificate(issuer=tlv(0x0C, b"CA")), "bad_tag", f"{TBS}.issuer", tlv(0x0C, b"CA")
    ),
    "a subject that is NULL": wrong(certificate(subject=NULL), "bad_tag", f"{TBS}.subject", NULL),
    "a subject of strings": wrong(
        certificate(subject=seq(tlv(0x0C, b"me"))), "bad_tag", f"{TBS}.subject.rdnSequence[0]",
        tlv(0x0C, b"me"),
    ),
    "an RDN without attributes": wrong(
        certificate(subject=seq(tlv(0x31))), "bad_value", f"{TBS}.subject.rdnSequence[0]",
        tlv(0x31),
    ),
    "an attribute without a value": wrong(
        certificate(subject=seq(set_of(seq(oid("2.5.4.6"))), seq())), "bad_tag",
        f"{TBS}.subject.rdnSequence[0][0].value", EMPTY,
    ),
    "a UTF8String that is none": wrong(
        certificate(subject=seq(set_of(seq(oid("2.5.4.6"), tlv(0x0C, b"\xff"))))), "bad_value",
        f"{TBS}.subject.rdnSequence[0][0].value", tlv(0x0C, b"\xff"),
    ),
    "no validity": wrong(
        certificate(validity=EMPTY, subject=seq(SORTED)), "bad_tag", f"{TBS}.validity.notBefore",
        seq(SORTED),
    ),
    "three times": wrong(
        certificate(validity=seq(UTC_TIME, UTC_TIME, tlv(0x17, b"3"))), "trailing_data",
        f"{TBS}.validity", tlv(0x17, b"3"),
    ),
    "a time on no calendar": wrong(
        certificate(validity=seq(NO_TIME, UTC_TIME)), "bad_value",
        f"{TBS}.validity.notBefore.utcTime", NO_TIME,
    ),
    "a time without seconds": wrong(
        certificate(validity=seq(UTC_TIME, NO_TIME_OF_DER)), "not_canonical",
        f"{TBS}.validity.notAfter.utcTime", NO_TIME_OF_DER,
    ),
    "a GeneralizedTime of letters": wrong(
        certificate(validity=seq(tlv(0x18, b"tomorrow"), UTC_TIME)), "not_canonical",
        f"{TBS}.validity.notBefore.generalTime", tlv(0x18, b"tomorrow"),
    ),
    "a time that is text": wrong(
        certificate(validity=seq(UTC_TIME, tlv(0x0C, b"never"))), "bad_tag",
        f"{TBS}.validity.notAfter", tlv(0x0C, b"never"),
    ),
    "a key that is no BIT STRING": wrong(
        certificate(key=seq(ED25519, tlv(0x04, b"key"))), "bad_tag",
        f"{TBS}.subjectPublicKeyInfo.subjectPublicKey", tlv(0x04, b"key"),
    ),
    "a key with unused bits that are set": wrong(
        certificate(key=spki(ED25519, b"\xff", unused=3)), "not_canonical",
        f"{TBS}.subjectPublicKeyInfo.subjectPublicKey", tlv(0x03, b"\3\xff"),
    ),
    "unique identifiers in the other order": wrong(
        certificate(issuer_unique_id=tlv(0x82, b"\0"), subject_unique_id=tlv(0x81, b"\0")),
        "trailing_data", TBS, tlv(0x81, b"\0"),
    ),
    "a constructed unique identifier": wrong(
        certificate(issuer_unique_id=tlv(0xA1, tlv(0x03, b"\0"))), "trailing_data", TBS,
        tlv(0xA1, tlv(0x03, b"\0")),
    ),
    "no extensions in the list": wrong(
        certificate(extensions=tlv(0xA3, EMPTY)), "bad_value", f"{TBS}.extensions",
        EMPTY + ED25519,
    ),
    "two lists of extensions": wrong(
        certificate(extensions=tlv(0xA3, seq(KEY_IDENTIFIER), seq(NULL))), "trailing_data",
        f"{TBS}.extensions", seq(NULL),
    ),
    "an extension of a string": wrong(
        certificate(extensions=tlv(0xA3, seq(tlv(0x04, b"extn")))), "bad_tag",
        f"{TBS}.extensions[0]", tlv(0x04, b"extn"),
    ),
    "an extension without a value": wrong(
        certificate(extensions=tlv(0xA3, seq(seq(oid("2.5.29.15")))), algorithm=ED25519), "bad_tag",
        f"{TBS}.extensions[0].extnValue", ED25519 + tlv(0x03, b"\0"),
    ),
    "critical 01": wrong(
        certificate(extensions=tlv(0xA3, seq(extension(b"\x01\x01\x01")))), "not_canonical",
        f"{TBS}.extensions[0].critical", b"\x01\x01\x01",
    ),
    "what no version has": wrong(
        certificate(after=tlv(0xA4, NULL)), "trailing_data", TBS, tlv(0xA4, NULL)
    ),
    "indefinite length": wrong(
        certificate(subject=indefinite(0x30)), "not_canonical", f"{TBS}.subject", indefinite(0x30)
    ),
    "a string in segments": wrong(
        certificate(subject=seq(set_of(seq(oid("2.5.4.6"), tlv(0x2C, tlv(0x0C, b"me")))))),
        "bad_tag", f"{TBS}.subject.rdnSequence[0][0].value", tlv(0x2C, tlv(0x0C, b"me")),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("octets", "expected"), BAD.values(), ids=BAD)
def test_p3_the_shape_of_certificates(octets: bytes, expected: Any) -> None:
    """P3, RFC 5280 §4.1: fields, tags and types, minimal lengths and numbers, times that are."""
    for strict in (False, True):
        assert answer(types.Certificate, octets, strict=strict) == expected
    assert _backend.certificate(octets) is None
    _, reason, offset, path = expected
    for message in (Message(certificates=(octets,)), Message(certificates=(certificate(), octets))):
        encoded = message.encode()
        at = encoded.index(octets) + offset
        found = refusal(lambda encoded=encoded: cmcodec.load(encoded))
        assert found
        assert found[:3] == ("DecodeError", reason, at)
        index = found[3].removeprefix("contentInfo.content.certificates[")[0]
        assert found[3] == f"contentInfo.content.certificates[{index}].{path}"
        (row,) = cmcodec.verify_batch(encoded)
        assert (row.verdict, row.reason, row.offset) == ("malformed", reason, at)
        assert row.signers == ()


@pytest.mark.parametrize(("octets", "expected"), BAD.values(), ids=BAD)
def test_p3_a_caller_gives_no_such_certificate(octets: bytes, expected: Any) -> None:
    """P3: the error is that of the walk, before anything is verified."""
    encoded = Message().encode()
    for argument in ("certificates", "authorised_ras", "trust"):
        given: dict[str, Any] = {argument: [octets]}
        assert refusal(lambda given=given: cmcodec.verify_batch(encoded, **given)) == expected
    found = refusal(types.Certificate(octets).to_der)
    assert found == ("EncodeError", expected[1], None, expected[3])
    for message in (Message(certificates=()), Message()):
        verdict = judged(message, certificates=[octets])
        assert verdict.reason == ("signer_not_found" if not message.certificates else None)


def test_p1_depth_inside_certificates() -> None:
    """P1: the 32nd level is the last, declared and open levels counted alike."""
    # Certificate, TBSCertificate, AlgorithmIdentifier, and what its parameters are.
    for levels, expected in ((MAX_DEPTH - 3, OK), (MAX_DEPTH - 2, "depth")):
        parameters = EMPTY
        for _ in range(levels - 1):
            parameters = tlv(0x31, parameters)
        octets = certificate(signature=identifier("1.2.3", parameters))
        found = answer(types.Certificate, octets)
        at = octets.index(parameters) + len(parameters) - 2
        path = "certificate.tbsCertificate.signature.parameters"
        assert found == (limit_error("depth", at, path) if expected else OK)


def test_p3_an_error_in_a_certificate_stays_in_its_member() -> None:
    """R5: the rest of the batch has its own verdicts."""
    bad = Message(certificates=(BAD["a fourth element"][0],)).encode()
    batch = pki_data(members=members(bad, Message().encode()))
    rows = cmcodec.verify_batch(Message(content=batch).encode())
    verdicts = [(row.verdict, row.reason) for row in rows]
    assert verdicts == [("verified", None), ("malformed", "trailing_data"), ("verified", None)]


# --- CRLs and other kinds ------------------------------------------------------------------------

ANY_SET = tlv(0x31, NULL, integer(0))
OTHERS: dict[str, tuple[str, bytes]] = {
    "extended": ("certificates", tlv(0xA0, ANY_SET)),
    "version 1 attribute": ("certificates", tlv(0xA1, ANY_SET)),
    "version 2 attribute": ("certificates", tlv(0xA2, seq(ANY_SET, b"\x01\x01\x00"))),
    "other": ("certificates", tlv(0xA3, oid("1.2.3"), seq(ANY_SET))),
    "CRL": ("crls", seq(ANY_SET, seq(seq(UNSORTED)), b"\x01\x01\x00")),
}


def with_choice(field: str, octets: bytes) -> bytes:
    """A certs-only message that carries this alone."""
    tag = {"certificates": 0xA0, "crls": 0xA1}[field]
    # RFC 5652 §5.1: by the kinds of certificates.
    version = {0xA1: 3, 0xA2: 4, 0xA3: 5}.get(octets[0], 1)
    signed = seq(integer(version), set_of(), seq(oid(oids.ID_DATA)), tlv(tag, octets), set_of())
    return seq(oid(oids.ID_SIGNED_DATA), tlv(0xA0, signed))


@pytest.mark.parametrize(("field", "octets"), OTHERS.values(), ids=OTHERS)
def test_p3_order_inside_other_signed_objects(field: str, octets: bytes) -> None:
    """P3, G10: neither their shape nor the order in them is checked; ``strict`` or not."""
    encoded = with_choice(field, octets)
    for strict in (False, True):
        message = cmcodec.load(encoded, strict=strict)
        assert message.unverified_structure.to_der() == encoded
        assert message.encoding == "der"


@pytest.mark.parametrize(("field", "octets"), OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize(
    ("right", "replaced", "reason"),
    [
        (integer(0), b"\x01\x01\x01", "not_canonical"),
        (NULL + integer(0), b"\x02\x03\0\0\1", "not_canonical"),
        (NULL + integer(0), b"\x24\x03\x04\x01A", "bad_tag"),
        (NULL + integer(0), b"\x02\x81\x01\x01\x00"[:5], "not_canonical"),
    ],
)
def test_p3_the_rest_inside_other_signed_objects(
    field: str, octets: bytes, right: bytes, replaced: bytes, reason: str
) -> None:
    """P3: BOOLEANs, INTEGERs, strings and lengths are canonical there too."""
    changed = octets.replace(right, replaced)
    assert len(changed) == len(octets)
    found = refusal(lambda: cmcodec.load(with_choice(field, changed)))
    assert found
    assert found[1] == reason
    assert found[3].startswith(f"contentInfo.content.{field}[0].")


def test_p3_a_crl_of_any_shape() -> None:
    """P3: a CRL by itself, as the type reads it."""
    for octets in (EMPTY, seq(ANY_SET), seq(integer(1), seq(UNSORTED))):
        assert answer(types.CertificateList, octets) == OK
    expected = decode_error("not_canonical", 2, "certificateList")
    assert answer(types.CertificateList, seq(b"\x01\x01\x01")) == expected


# --- elsewhere -----------------------------------------------------------------------------------


def element_before(octets: bytes) -> int:
    return octets.index(UNSORTED) + 2 + len(COMMON_NAME)


@pytest.mark.parametrize(
    ("cls", "octets", "path"),
    [
        (types.Name, seq(UNSORTED), "name.rdnSequence[0][1]"),
        (
            types.GeneralName,
            tlv(0xA4, seq(UNSORTED)),
            "generalName.directoryName.rdnSequence[0][1]",
        ),
        (
            types.CertTemplate,
            seq(tlv(0xA5, seq(UNSORTED))),
            "certTemplate.subject.rdnSequence[0][1]",
        ),
        (
            types.ChangeSubjectName,
            seq(seq(UNSORTED)),
            "changeSubjectName.subject.rdnSequence[0][1]",
        ),
    ],
)
def test_p3_order_elsewhere(cls: type[Asn1], octets: bytes, path: str) -> None:
    """P3: names that are no copy of a certificate's are in order."""
    assert answer(cls, octets) == decode_error("not_canonical", element_before(octets), path)


def test_p3_other_revocation_information_is_in_order() -> None:
    """P3: what is neither a certificate nor a CRL is canonical throughout."""
    octets = with_choice("crls", tlv(0xA1, oid("1.2.3"), seq(ANY_SET)))
    found = refusal(lambda: cmcodec.load(octets))
    assert found
    assert found[1] == "not_canonical"


# --- copies of a name ----------------------------------------------------------------------------


def test_v8_the_order_of_sid_and_issuer() -> None:
    """V8: octets are compared: the same in another order are another name."""
    for issuer in (SORTED, UNSORTED):
        for named in (SORTED, UNSORTED):
            message = Message(
                certificates=(certificate(issuer=seq(issuer)),),
                signers=(Signer(sid=seq(seq(named), integer(1))),),
            )
            encoded = message.encode()
            loaded = cmcodec.load(encoded)
            assert loaded.encoding == "der"
            assert loaded.unverified_structure.to_der() == encoded
            expected = None if issuer == named else "signer_not_found"
            assert judged(message).reason == expected
            if expected:
                assert refused(message)[:2] == (expected, "V8")


def test_v8_a_recipient_is_named_by_octets_too() -> None:
    """P3, G10: IssuerAndSerialNumber keeps the order of the certificate wherever it stands."""
    octets = seq(seq(UNSORTED), integer(7))
    for strict in (False, True):
        assert answer(types.IssuerAndSerialNumber, octets, strict=strict) == OK
        assert answer(types.RecipientIdentifier, octets, strict=strict) == OK
    value = types.IssuerAndSerialNumber.from_der(octets)
    first = value.issuer.rdn_sequence[0][0]  # type: ignore[index]
    assert (first.type, value.to_der()) == ("2.5.4.3", octets)
    # By itself the name is one of any kind, in order.
    assert value.issuer.to_der() == seq(SORTED)
    expected = decode_error("bad_value", 4, "issuerAndSerialNumber.issuer.rdnSequence[0]")
    assert answer(types.IssuerAndSerialNumber, seq(seq(tlv(0x31)), integer(7))) == expected


@pytest.mark.parametrize(
    "sid",
    [
        seq(seq(UNSORTED), integer(1)),
        # In BER, whose form alone is made that of DER.
        indefinite(0x30, indefinite(0x30, UNSORTED), integer(1)),
    ],
)
def test_p3_the_converter_keeps_certificates_and_copies(sid: bytes) -> None:
    """P3, V8: BER around them, minimal lengths in the copy, the order as received."""
    octets = certificate(issuer=seq(UNSORTED))
    ber = Message(certificates=(octets,), signers=(Signer(sid=sid),)).encode()
    ber = indefinite(0x30, ber[ber.index(oid(oids.ID_SIGNED_DATA)) :])
    copy = Signer(sid=seq(seq(UNSORTED), integer(1)))
    loaded = cmcodec.load(ber)
    expected = Message(certificates=(octets,), signers=(copy,)).encode()
    assert (loaded.encoding, loaded.buffer) == ("ber", expected)
    assert loaded.unverified_structure.to_der() == expected
    (row,) = cmcodec.verify_batch(ber)
    assert (row.verdict, row.encoding) == ("verified", "ber")


def test_a_signer_with_such_a_certificate() -> None:
    """RFC 5652 §5.3: the sid is a copy, and the message verifies."""
    octets = certificate(issuer=seq(UNSORTED))
    signer = cms.SigningKey.from_private_key(ALICE.private, octets)
    message = cmcodec.load(cms.sign(response(), signer))
    assert message.octets("content.signerInfos[0].sid") == seq(seq(UNSORTED), integer(1))
    assert message.verify().signers[0].certificate == types.Certificate(octets)


def test_octets_inside_a_certificate() -> None:
    """The paths of errors lead to octets inside of certificates, and no further."""
    octets = (VECTORS / "field" / "cmc-issuer-rdn-unsorted.der").read_bytes()
    message = cmcodec.load(octets)
    path = "content.certificates[0].certificate.tbsCertificate"
    assert message.octets(f"{path}.serialNumber") == integer(5)
    assert message.octets(f"{path}.validity.notBefore.utcTime") == tlv(0x17, b"250101000000Z")
    attribute = message.octets(f"{path}.issuer.rdnSequence[0][1]")
    assert attribute == seq(oid("2.5.4.10"), tlv(0x0C, b"Vendor"))
    assert message.octets(f"{path}.extensions[0].extnValue.keyIdentifier") is None
    crl = with_choice("crls", seq(integer(1)))
    assert cmcodec.load(crl).octets("content.crls[0].crl.version") is None


def test_p3_requests_are_in_order() -> None:
    """P3: a PKCS#10 in a PKIData, whose subject nobody has certified."""
    info = seq(integer(0), seq(UNSORTED), ALICE.spki(), tlv(0xA0))
    octets = tcr(1, seq(info, ED25519, tlv(0x03, b"\0" + ALICE.sign(info))))
    path = "taggedRequest.tcr.certificationRequest.certificationRequestInfo.subject"
    expected = decode_error("not_canonical", element_before(octets), f"{path}.rdnSequence[0][1]")
    assert answer(types.TaggedRequest, octets) == expected
