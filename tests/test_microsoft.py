"""What Windows puts into messages: names, types, and values of another form (MS-WCCE)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import oids, types
from cmcodec.asn1 import TLV, Asn1, BitString
from cmcodec.errors import DecodeError, EncodeError
from cmcodec.types.tables import EXTENSIONS, OPEN_TYPES, TOLERANT
from kit.der import EMPTY, NULL, attribute, identifier, integer, oid, seq, set_of, tlv
from kit.keys import ALICE
from kit.messages import (
    EMPTY_PKI_DATA,
    Message,
    Signer,
    content_info,
    judged,
    members,
    pkcs10,
    pki_data,
    rows,
    signed_data,
    tcr,
    verify,
)
from kit.vectors import VECTORS

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELD = VECTORS / "field"
ARC = "1.3.6.1.4.1.311"


def bmp(text: str) -> bytes:
    return tlv(0x1E, text.encode("utf-16-be"))


def utf8(text: str) -> bytes:
    return tlv(0x0C, text.encode())


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("2.1.14", "CERT_EXTENSIONS"),
        ("10.10.1", "CMC_ADD_ATTRIBUTES"),
        ("13.1", "RENEWAL_CERTIFICATE"),
        ("13.2.1", "ENROLLMENT_NAME_VALUE_PAIR"),
        ("13.2.2", "ENROLLMENT_CSP_PROVIDER"),
        ("13.2.3", "OS_VERSION"),
        ("20.2", "ENROLL_CERTTYPE_EXTENSION"),
        ("21.1", "CERTSRV_CA_VERSION"),
        ("21.7", "CERTIFICATE_TEMPLATE"),
        ("21.10", "APPLICATION_CERT_POLICIES"),
        ("21.13", "ARCHIVED_KEY_ATTR"),
        ("21.17", "ISSUED_CERT_HASH"),
        ("21.20", "REQUEST_CLIENT_INFO"),
        ("21.21", "ENCRYPTED_KEY_HASH"),
        ("21.23", "ENROLL_EK_INFO"),
        ("21.24", "ENROLL_ATTESTATION_STATEMENT"),
        ("21.25", "ENROLL_KSP_NAME"),
        ("21.39", "ENROLL_AIK_INFO"),
    ],
)
def test_names(number: str, name: str) -> None:
    """wincrypt.h: an identifier is called what its constant is."""
    assert oids.name(f"{ARC}.{number}") == f"szOID_{name}"


def test_only_types_of_microsoft_are_tolerant() -> None:
    """What a standard defines is read as that, and nothing else is known of Microsoft's arc."""
    known = {it for table in ("attribute", "control") for it in OPEN_TYPES[table]}
    ours = {it for it in known if it.startswith(f"{ARC}.")} - {oids.SZ_OID_CERT_EXTENSIONS}
    assert ours == TOLERANT


# --- types ---------------------------------------------------------------------------------------

PAIR = seq(bmp("CertificateTemplate"), bmp("Benutzer ä𝄞"))
CLIENT = seq(integer(9), utf8("pc.lab.example"), utf8("LAB\\rudi"), utf8("certreq"))
ADDED = set_of(attribute(oids.SZ_OID_ENROLLMENT_NAME_VALUE_PAIR, PAIR))
ENVELOPED = content_info(
    oids.ID_ENVELOPED_DATA,
    seq(
        integer(0),
        set_of(
            tlv(
                0xA2, integer(4), seq(tlv(0x04, b"k")), identifier(oids.ID_AES128_WRAP),
                tlv(0x04, b"w"),
            )
        ),
        seq(oid(oids.ID_DATA), identifier(oids.ID_AES128_CBC), tlv(0x80, b"octets")),
    ),
)  # fmt: skip

ATTRIBUTES: dict[str, tuple[bytes, Asn1 | type[Asn1]]] = {
    oids.SZ_OID_RENEWAL_CERTIFICATE: (
        ALICE.certificate(), types.Certificate(ALICE.certificate()),
    ),
    oids.SZ_OID_ENROLLMENT_NAME_VALUE_PAIR: (
        PAIR, types.EnrollmentNameValuePair(name="CertificateTemplate", value="Benutzer ä𝄞"),
    ),
    oids.SZ_OID_ENROLLMENT_CSP_PROVIDER: (
        seq(integer(1), bmp("Provider"), tlv(0x03, b"\0")),
        types.CSPProvider(key_spec=1, csp_name="Provider", signature=BitString(b"")),
    ),
    oids.SZ_OID_OS_VERSION: (tlv(0x16, b"6.1"), types.OSVersion(ia5_string="6.1")),
    oids.SZ_OID_ARCHIVED_KEY_ATTR: (ENVELOPED, types.ContentInfo),
    oids.SZ_OID_ISSUED_CERT_HASH: (tlv(0x04, b"hash"), types.IssuedCertHash(b"hash")),
    oids.SZ_OID_REQUEST_CLIENT_INFO: (
        CLIENT,
        types.RequestClientInfo(
            client_id=9, machine_name="pc.lab.example", user_name="LAB\\rudi",
            process_name="certreq",
        ),
    ),
    oids.SZ_OID_ENCRYPTED_KEY_HASH: (tlv(0x04, b"hash"), types.EncryptedKeyHash(b"hash")),
    oids.SZ_OID_ENROLL_EK_INFO: (ENVELOPED, types.ContentInfo),
    oids.SZ_OID_ENROLL_ATTESTATION_STATEMENT: (
        tlv(0x04, b"KADS"), types.EnrollAttestationStatement(b"KADS"),
    ),
    oids.SZ_OID_ENROLL_KSP_NAME: (bmp("Provider\0"), types.EnrollKSPName("Provider\0")),
    oids.SZ_OID_ENROLL_CAXCHGCERT_HASH: (tlv(0x04, b"h"), types.EnrollCAXchgCertHash(b"h")),
    oids.SZ_OID_ENROLL_ATTESTATION_CHALLENGE: (
        tlv(0x04, b"c"), types.EnrollAttestationChallenge(b"c"),
    ),
    oids.SZ_OID_ENROLL_ENCRYPTION_ALGORITHM: (
        identifier(oids.ID_AES256_CBC), types.AlgorithmIdentifier(algorithm=oids.ID_AES256_CBC),
    ),
    oids.SZ_OID_ENROLL_AIK_INFO: (ENVELOPED, types.ContentInfo),
}  # fmt: skip


def held(kind: str, *values: bytes, strict: bool = False) -> tuple[Asn1, ...]:
    """The values of an attribute of a PKCS#10, which comes back as it was."""
    octets = pkcs10(attributes=(attribute(kind, *values),))
    request = types.CertificationRequest.from_der(octets, strict=strict)
    assert request.to_der() == octets
    (found,) = request.certification_request_info.attributes or ()
    assert found == types.Attribute.from_der(attribute(kind, *values))
    assert cmcodec.load(octets, strict=strict).unverified_content == request
    return found.attr_values


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_attributes(kind: str) -> None:
    """A value of the published type comes typed, encodes the same, and is built by keyword."""
    octets, expected = ATTRIBUTES[kind]
    (value,) = held(kind, octets)
    assert value.to_der() == octets
    if isinstance(expected, Asn1):
        assert value == expected
        built = types.Attribute(attr_type=kind, attr_values=(expected,))
        assert built.to_der() == attribute(kind, octets)
    else:
        assert type(value) is expected


def test_every_attribute_is_tested() -> None:
    assert {*ATTRIBUTES, oids.SZ_OID_CMC_ADD_ATTRIBUTES} == TOLERANT


def add_attributes(references: bytes, attributes: bytes = ADDED) -> bytes:
    return seq(integer(0), references, attributes)


def control(value: bytes) -> bytes:
    return seq(integer(2), oid(oids.SZ_OID_CMC_ADD_ATTRIBUTES), set_of(value))


@pytest.mark.parametrize("tag", [0x30, 0x31])
def test_add_attributes(tag: int) -> None:
    """The control has the references in a SEQUENCE, or as Windows writes them in a SET."""
    octets = pki_data((control(add_attributes(tlv(tag, integer(1), integer(2)))),), (tcr(3),))
    content = types.PKIData.from_der(octets)
    value: Any = content.control_sequence[0].attr_values[0]
    assert isinstance(value, types.CMCAddAttributes)
    assert (value.pki_data_reference, value.cert_references.value) == (0, (1, 2))
    assert value.cert_references.alternative == ("sequence" if tag == 0x30 else "set")
    assert value.attributes[0].attr_values[0].name == "CertificateTemplate"
    assert content.to_der() == octets
    row = judged(Message(content=octets))
    assert (row.verdict, row.notes) == ("verified", ())


def test_extensions() -> None:
    """Values of extensions are read with the class that the table names."""
    template = seq(oid("1.3.6.1.4.1.311.21.8.1.2"), integer(100), integer(2**32 - 1))
    cases: dict[str, tuple[bytes, Asn1]] = {
        oids.SZ_OID_CERTIFICATE_TEMPLATE: (
            template,
            types.CertificateTemplateOID(
                template_id="1.3.6.1.4.1.311.21.8.1.2", template_major_version=100,
                template_minor_version=2**32 - 1,
            ),
        ),
        oids.SZ_OID_ENROLL_CERTTYPE_EXTENSION: (
            bmp("User"), types.EnrollCertType(bmp_string="User"),
        ),
        oids.SZ_OID_APPLICATION_CERT_POLICIES: (
            seq(seq(oid(oids.ID_KP_SERVER_AUTH)), seq(oid(oids.ID_KP_CLIENT_AUTH), seq(EMPTY))),
            types.ApplicationCertPolicies(
                (
                    types.PolicyInformation(policy_identifier=oids.ID_KP_SERVER_AUTH),
                    types.PolicyInformation(
                        policy_identifier=oids.ID_KP_CLIENT_AUTH, policy_qualifiers=(TLV(EMPTY),)
                    ),
                )
            ),
        ),
    }  # fmt: skip
    for kind, (octets, value) in cases.items():
        assert EXTENSIONS[kind].from_der(octets) == value
        assert value.to_der() == octets
    standard = types.EnrollCertType.from_der(seq(utf8("User")))
    assert standard.value == types.CertificateTemplateName(name="User")
    bare = types.CertificateTemplateOID.from_der(seq(oid("1.2.3")))
    assert bare.template_major_version is None
    with pytest.raises(DecodeError, match="limit"):
        types.CertificateTemplateOID.from_der(seq(oid("1.2.3"), integer(2**32)))


# --- BMPString -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "User", "ä€", "\0", "𝄞", "\ufffe"])
def test_bmp_string(text: str) -> None:
    """UTF-16, of whatever planes, in both directions."""
    value = types.EnrollKSPName(text)
    assert value.to_der() == bmp(text)
    assert types.EnrollKSPName.from_der(bmp(text)) == value


@pytest.mark.parametrize("octets", [b"\0", b"\0a\0", b"\xd8\x00", b"\xdc\x00\0a", b"\0a\xd8\x34"])
def test_bmp_string_that_is_none(octets: bytes) -> None:
    """Half a character, and a surrogate that stands alone."""
    with pytest.raises(DecodeError) as caught:
        types.EnrollKSPName.from_der(tlv(0x1E, octets))
    assert (caught.value.reason, caught.value.offset) == ("bad_value", 0)
    assert held(oids.SZ_OID_ENROLL_KSP_NAME, tlv(0x1E, octets)) == (TLV(tlv(0x1E, octets)),)


def test_bmp_string_of_what_is_no_text() -> None:
    for value, reason in (("\ud834", "bad_value"), (b"User", "bad_type"), (None, "bad_type")):
        with pytest.raises(EncodeError) as caught:
            types.EnrollKSPName(value).to_der()  # type: ignore[arg-type]
        assert caught.value.reason == reason


# --- values of another form ----------------------------------------------------------------------

OTHERS = (
    NULL, EMPTY, tlv(0x13, b"text"), utf8("text"), tlv(0xA0, NULL), seq(NULL, NULL),
    seq(integer(5), utf8("a"), utf8("b"), tlv(0x16, b"c")),
    seq(bmp("name"), utf8("value")), seq(seq(bmp("name"), bmp("value"))),
    seq(integer(1), bmp("Provider"), tlv(0x03, b"\0"), NULL),
    seq(oid(oids.ID_ENVELOPED_DATA), tlv(0xA0, EMPTY)), content_info("1.2.3", seq(NULL)),
)  # fmt: skip


def fits(kind: str, octets: bytes) -> bool:
    try:
        OPEN_TYPES["attribute"][kind].from_der(octets)
    except DecodeError:
        return False
    return True


def other_forms() -> Iterator[tuple[str, bytes]]:
    for kind in ATTRIBUTES:
        yield from ((kind, octets) for octets in OTHERS)


@pytest.mark.parametrize("strict", [False, True])
def test_values_of_another_form(strict: bool) -> None:
    """What does not fit is kept as it stands: no message that loads becomes malformed by a name."""
    misfits = 0
    for kind, octets in other_forms():
        (value,) = held(kind, octets, strict=strict)
        assert (type(value) is TLV) != fits(kind, octets), (kind, octets.hex())
        assert value.to_der() == octets
        misfits += type(value) is TLV
    assert misfits > 100


def test_values_of_another_form_beside_others() -> None:
    """Each value is judged by itself, and a TLV encodes whether it fits or not."""
    kind = oids.SZ_OID_REQUEST_CLIENT_INFO
    found = held(kind, NULL, CLIENT)
    assert [type(value) for value in found] == [TLV, types.RequestClientInfo]
    built = types.Attribute(attr_type=kind, attr_values=(TLV(NULL), TLV(CLIENT)))
    assert built.to_der() == attribute(kind, NULL, CLIENT)
    assert types.Attribute.from_der(built.to_der()).attr_values == found


def test_values_of_another_form_in_messages() -> None:
    """Signed attributes and controls too: the message is verified as without the names."""
    content = pki_data((control(NULL),), (tcr(3),))
    signer = Signer(more=(attribute(oids.SZ_OID_ENROLLMENT_NAME_VALUE_PAIR, integer(7)),))
    row = judged(Message(content=content, signers=(signer,)))
    assert (row.verdict, row.notes) == ("verified", ())
    value = types.PKIData.from_der(content).control_sequence[0].attr_values[0]
    assert value == TLV(NULL)
    assert types.PKIData.from_der(content).to_der() == content


def test_values_of_another_form_are_still_der() -> None:
    """P1, P3: what fits no type is read as a value of any type is."""
    for octets, reason in (
        (b"\x30\x02\x05\x01", "truncated"), (b"\x02\x02\x00\x01", "not_canonical"),
        (b"\x30\x80\x00\x00", "not_canonical"), (tlv(0x0C, b"\xff"), "bad_value"),
    ):  # fmt: skip
        for kind in ATTRIBUTES:
            with pytest.raises(DecodeError) as caught:
                types.Attribute.from_der(attribute(kind, octets))
            assert caught.value.reason == reason
            assert caught.value.path == "attribute.attrValues[0]"


def test_values_of_another_type_are_no_values() -> None:
    """Under a name of Microsoft's a value of the published type is written, or octets."""
    wrong = types.Attribute(
        attr_type=oids.SZ_OID_OS_VERSION, attr_values=(types.EncryptedKeyHash(b"x"),)
    )
    with pytest.raises(EncodeError, match="bad_type"):
        wrong.to_der()


def test_p6_misfits_leave_the_walk_as_it_was() -> None:
    """What was read in vain counts no layer, lists no member, and isolates no error (R5)."""
    broken = signed_data(pki_data(members=[seq(integer(1), NULL)]))
    deep = signed_data(EMPTY_PKI_DATA)
    for _ in range(8):
        deep = signed_data(pki_data(members=members(deep)))
    for octets in (broken, deep):
        kind = oids.SZ_OID_ARCHIVED_KEY_ATTR
        assert held(kind, octets) == (TLV(octets),)
        inner = pkcs10(attributes=(attribute(kind, octets),))
        first = Message(content=pki_data((), (tcr(3, inner),))).encode()
        second = Message().encode()
        batch = Message(content=pki_data(members=members(first, second))).encode()
        assert [row.verdict for row in rows(verify(batch))] == ["verified"] * 3
    fine = signed_data(pki_data(members=members(signed_data())))
    (value,) = held(oids.SZ_OID_ARCHIVED_KEY_ATTR, fine)
    assert type(value) is types.ContentInfo


def test_p7_two_levels() -> None:
    """Inside two values that fit a third one is not tried: each level is read once more."""
    kind = oids.SZ_OID_ARCHIVED_KEY_ATTR
    octets, levels = NULL, 0
    for _ in range(3):
        octets = content_info(
            oids.ID_SIGNED_DATA,
            seq(
                integer(3), set_of(), seq(oid("1.2.3")),
                set_of(
                    seq(
                        integer(1), ALICE.by_serial(), identifier(oids.ID_SHA512),
                        identifier(oids.ID_ED25519), tlv(0x04, b""),
                        tlv(0xA1, attribute(kind, octets)),
                    )
                ),
            ),
        )  # fmt: skip
    attributes = types.Attribute.from_der(attribute(kind, octets))
    assert attributes.to_der() == attribute(kind, octets)
    value: Any = attributes.attr_values[0]
    while type(value) is types.ContentInfo and isinstance(value.content, types.SignedData):
        levels += 1
        value = value.content.signer_infos[0].unsigned_attrs[0].attr_values[0]
    assert (levels, type(value)) == (2, TLV)


# --- the field -----------------------------------------------------------------------------------


def test_field_renewal() -> None:
    message = cmcodec.load((FIELD / "win-pkcs7-renewal.der").read_bytes(), wrapped=True)
    request: Any = message.unverified_content
    values = {
        each.attr_type: each.attr_values[0]
        for each in request.certification_request_info.attributes
    }
    assert values[oids.SZ_OID_RENEWAL_CERTIFICATE] == message.certificates[0]
    assert values[oids.SZ_OID_OS_VERSION].value == "6.1.7053.2"
    assert values[oids.SZ_OID_REQUEST_CLIENT_INFO].process_name == "MMC.EXE"
    csp = values[oids.SZ_OID_ENROLLMENT_CSP_PROVIDER]
    assert csp.csp_name == "Microsoft Software Key Storage Provider"


def test_field_key_archival() -> None:
    message = cmcodec.load((FIELD / "win-key-archival.der").read_bytes())
    content: Any = message.unverified_content
    added = content.control_sequence[0].attr_values[0]
    assert isinstance(added, types.CMCAddAttributes)
    assert added.cert_references.value == (1,)
    (digest,) = added.attributes[0].attr_values
    assert isinstance(digest, types.EncryptedKeyHash)
    structure: Any = message.unverified_structure
    (archived,) = structure.content.signer_infos[0].unsigned_attrs[0].attr_values
    assert isinstance(archived.content, types.EnvelopedData)
    request = content.req_sequence[0].tcr.certification_request
    extensions = request.certification_request_info.attributes[-1].attr_values[0]
    template = EXTENSIONS[extensions[0].extn_id].from_der(extensions[0].extn_value)
    assert isinstance(template, types.CertificateTemplateOID)
    assert (template.template_major_version, template.template_minor_version) == (100, 16)


@pytest.mark.parametrize("path", sorted(FIELD.glob("win-*.der")), ids=lambda path: path.stem)
def test_field_comes_back(path: Any) -> None:
    """G10: what Windows has sent encodes as it was received."""
    octets = path.read_bytes()
    message = cmcodec.load(octets)
    assert message.unverified_structure.to_der() == octets
    content = message.unverified_content
    assert content is None or content.to_der() in octets
