"""What a CA reads and writes without an OBJECT IDENTIFIER: controls, names, extensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

import cmcodec
from cmcodec import oids, types
from cmcodec.builders import NewRequest, RequestBuilder, ResponseBuilder
from cmcodec.types.tables import CONTROL_ROWS
from kit.chains import named

if TYPE_CHECKING:
    from typing import Any

KEY = ec.generate_private_key(ec.SECP256R1())
STATUS = types.CMCStatusInfoV2(
    cmc_status=types.CMCStatus.SUCCESS, body_list=(types.BodyPartReference(body_part_id=1),)
)
LIST = types.BodyPartList((1001, 1002))

# --- controls ----------------------------------------------------------------------------------


def content(*controls: types.TaggedAttribute) -> types.PKIData:
    return types.PKIData(
        control_sequence=controls, req_sequence=(), cms_sequence=(), other_msg_sequence=()
    )


def test_a_control_of_its_value() -> None:
    """The class of the value tells which control it is."""
    control = types.TaggedAttribute.of(STATUS, body_part_id=7)
    assert control == types.TaggedAttribute(
        body_part_id=7, attr_type=oids.ID_CMC_STATUS_INFO_V2, attr_values=(STATUS,)
    )
    assert types.TaggedAttribute.from_der(control.to_der()) == control


@pytest.mark.parametrize("row", CONTROL_ROWS, ids=lambda row: row.name)
def test_a_control_by_its_name(row: Any) -> None:
    """Each by its short name, by the name of its OBJECT IDENTIFIER, and by that."""
    value = object.__new__(row.value)
    for name in (row.name, f"id-cmc-{row.name}", row.oid):
        assert types.TaggedAttribute.of(value, name, body_part_id=1).attr_type == row.oid
    several = [each for each in CONTROL_ROWS if each.value is row.value]
    if len(several) == 1:
        assert types.TaggedAttribute.of(value, body_part_id=1).attr_type == row.oid


@pytest.mark.parametrize(
    ("value", "name"),
    [(LIST, None), (STATUS, "no such control"), (STATUS, 7), (STATUS, ""), (7, None), (None, None)],
)
def test_a_control_that_nothing_tells(value: Any, name: Any) -> None:
    """A BodyPartList is one of two controls; a number and a word are none."""
    with pytest.raises(cmcodec.EncodeError) as caught:
        types.TaggedAttribute.of(value, name, body_part_id=1)
    assert (caught.value.reason, caught.value.path) == ("bad_type", "attr_type")


@pytest.mark.parametrize("control", [types.SenderNonce, "senderNonce", "id-cmc-senderNonce",
                                     oids.ID_CMC_SENDER_NONCE])  # fmt: skip
def test_controls_are_found(control: Any) -> None:
    """By the class of the value, by a name or by the OBJECT IDENTIFIER; in received order."""
    nonces = [types.SenderNonce(bytes([number])) for number in (1, 2)]
    found = content(
        types.TaggedAttribute.of(nonces[1], body_part_id=9),
        types.TaggedAttribute.of(types.TransactionId(1), body_part_id=3),
        types.TaggedAttribute.of(nonces[0], body_part_id=4),
    )
    assert found.find(control) == ((9, nonces[1]), (4, nonces[0]))
    assert content().find(control) == ()


def test_controls_of_one_class_are_told_apart_by_name() -> None:
    """The class finds both, and a name one of them."""
    asked = types.TaggedAttribute.of(LIST, "batchRequests", body_part_id=1)
    answered = types.TaggedAttribute.of(LIST, "batchResponses", body_part_id=2)
    found = content(asked, answered)
    assert [number for number, _ in found.find(types.BodyPartList)] == [1, 2]
    assert found.find("batchResponses") == ((2, LIST),)
    assert found.find("no such control") == ()


def test_controls_of_what_was_received_are_found() -> None:
    """In a response too, in what was opened, and not in a PKCS#10."""
    response = ResponseBuilder().status(types.CMCStatus.SUCCESS, 1).content()
    assert types.PKIResponse.from_der(response.to_der()).find(types.CMCStatusInfoV2)[0][1] == STATUS
    request = RequestBuilder().transaction(5).add_request(NewRequest(key=KEY))
    opened = cmcodec.load(request.sign_with_request_key()).open()
    assert opened.find("transactionId") == ((1, types.TransactionId(5)),)
    assert opened.content.find(types.TransactionId) == opened.find(types.TransactionId)
    bare = request.content().req_sequence[0].tcr.certification_request.to_der()
    assert cmcodec.load(bare).open().find("transactionId") == ()


# --- objects of cryptography -------------------------------------------------------------------

EXTENSIONS = [
    x509.Extension(each.oid, critical, each)
    for each, critical in (
        (x509.SubjectAlternativeName([x509.DNSName("example.org")]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
    )
]


@pytest.mark.parametrize("extension", EXTENSIONS, ids=["known", "critical", "unknown"])
def test_an_extension_there_and_back(extension: x509.Extension[Any]) -> None:
    """As ``cryptography`` has it, whether it knows the type or not."""
    own = types.Extension.from_cryptography(extension)
    assert own.to_cryptography() == extension
    assert types.Extension.from_cryptography(own.to_cryptography()) == own


def test_p3_an_extension_with_critical_false_written_out() -> None:
    """P3: what certmonger writes is read as FALSE."""
    own = types.Extension.from_cryptography(EXTENSIONS[0])
    written = types.Extension(extn_id=own.extn_id, extn_value=own.extn_value, critical_written=True)
    assert written.to_cryptography() == EXTENSIONS[0]


@pytest.mark.parametrize(
    "octets", [b"", b"\x05\x00", b"\x30\x02\x88\x00", bytes.fromhex("3005a503300100")]
)
def test_an_extension_that_is_none(octets: bytes) -> None:
    """A value that ``cryptography`` cannot read is a ValueError, and nothing else."""
    bad = types.Extension(extn_id=oids.ID_CE_SUBJECT_ALT_NAME, extn_value=octets)
    template = types.CertTemplate(
        subject=types.Name.from_cryptography(named("a")), extensions=(bad,)
    )
    for convert in (bad.to_cryptography, template.to_cryptography):
        with pytest.raises(ValueError):  # noqa: PT011 - which words, that library decides
            convert()


def test_a_template_is_what_a_pkcs10_asks_for() -> None:
    """CRMF and PKCS#10 with the same in them are the same to a CA."""
    asked = {"key": KEY, "subject": named("device-1"), "extensions": EXTENSIONS}
    requests = RequestBuilder()
    for form in ("pkcs10", "crmf"):
        requests = requests.add_request(NewRequest(form=form, **asked))
    first, second = requests.content().req_sequence
    csr = first.tcr.certification_request.to_cryptography()
    template = second.crm.cert_req.cert_template.to_cryptography()
    assert template.subject == csr.subject == named("device-1")
    assert template.key == csr.public_key() == KEY.public_key()
    assert list(template.extensions) == list(csr.extensions)
    found = template.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert found == EXTENSIONS[0]


def test_a_template_that_asks_for_nothing() -> None:
    """Every field of a template is optional."""
    template = types.CertTemplate(serial_number=1).to_cryptography()
    assert (template.subject, template.key, list(template.extensions)) == (None, None, [])


def test_a_template_that_asks_for_one_thing_twice() -> None:
    """Two extensions of one type are a ValueError."""
    own = types.Extension.from_cryptography(EXTENSIONS[0])
    with pytest.raises(ValueError, match="Duplicate"):
        types.CertTemplate(extensions=(own, own)).to_cryptography()


def test_a_name_that_cryptography_refuses() -> None:
    """Another string type than the standard has is a ValueError."""
    value = cmcodec.asn1.TLV(b"\x02\x01\x00")
    part = types.AttributeTypeAndValue(type="2.5.4.3", value=value)
    with pytest.raises(ValueError):  # noqa: PT011 - which words, that library decides
        types.Name(rdn_sequence=((part,),)).to_cryptography()
