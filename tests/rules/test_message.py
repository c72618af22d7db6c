"""Messages, the messages in them, and sequences that are built when they are looked at."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import oids, types
from cmcodec.asn1 import LazySequence
from cmcodec.message import Message, Messages, Verified
from kit.answers import refusal
from kit.der import integer, oid, seq, tlv
from kit.keys import ALICE
from kit.messages import content_info, control, pki_data, signed_data, tagged_content_info
from kit.vectors import manifest, shared

if TYPE_CHECKING:
    from collections.abc import Sequence

E_CONTENT = "content.encapContentInfo.eContent"


@pytest.fixture
def batch() -> Message:
    return cmcodec.load(shared("batch/batch-req-10.der"))


@pytest.fixture
def members(batch: Message) -> Sequence[types.TaggedContentInfo]:
    content = batch.unverified_content
    assert isinstance(content, types.PKIData)
    return content.cms_sequence


# --- LazySequence ------------------------------------------------------------------------------


def test_lazy_members_are_a_sequence(members: Sequence[types.TaggedContentInfo]) -> None:
    """Length, index from both ends, slices, iteration and membership."""
    assert isinstance(members, LazySequence)
    assert len(members) == 10
    everything = list(members)
    assert [member.body_part_id for member in everything] == list(range(10, 20))
    assert members[0] == everything[0]
    assert members[-1] == members[9] == everything[9]
    assert members[2:8:3] == (everything[2], everything[5])
    assert members[::-1] == tuple(reversed(everything)) == tuple(reversed(members))
    assert everything[3] in members
    assert members.index(everything[3]) == 3
    assert members.count(everything[3]) == 1
    for index in (10, -11):
        with pytest.raises(IndexError):
            members[index]
    with pytest.raises(TypeError):
        members["0"]  # type: ignore[call-overload]


def test_lazy_members_equal_any_sequence_of_equal_elements(
    members: Sequence[types.TaggedContentInfo],
) -> None:
    """As the dataclass says of its tuple: `==` and `hash` by elements."""
    everything = tuple(members)
    content = cmcodec.load(shared("batch/batch-req-10.der")).unverified_content
    assert isinstance(content, types.PKIData)
    assert members == content.cms_sequence
    assert members == everything
    assert everything == members
    assert members == list(everything)
    assert hash(members) == hash(everything)
    assert members != everything[1:]
    assert members != (*everything[:-1], everything[0])
    assert members != "members"
    assert (members == 5) is False


def test_no_lazy_members_equal_the_empty_tuple() -> None:
    """A decoded and a built empty message are one."""
    decoded = types.PKIData.from_der(pki_data())
    built = types.PKIData(
        control_sequence=(), req_sequence=(), cms_sequence=(), other_msg_sequence=()
    )
    assert decoded == built
    assert built == decoded
    assert hash(decoded) == hash(built)
    assert not decoded.cms_sequence


def test_lazy_members_pickle_without_their_message(
    members: Sequence[types.TaggedContentInfo],
) -> None:
    """A pickle holds the octets of the members, not all of the buffer."""
    content = types.PKIData.from_der(pki_data(members=_two_members()))
    pickled = pickle.dumps(content.cms_sequence)
    assert pickle.loads(pickled) == content.cms_sequence
    assert pickle.loads(pickle.dumps(members)) == members
    assert len(pickled) < len(content.to_der()) + 300


def _two_members() -> list[bytes]:
    return [tagged_content_info(signed_data(), 1), tagged_content_info(signed_data(), 2)]


def test_lazy_members_encode_as_received(members: Sequence[types.TaggedContentInfo]) -> None:
    """Unmodified members encode by copying; chosen ones as a tuple."""
    content = types.PKIData(
        control_sequence=(),
        req_sequence=(),
        cms_sequence=members,
        other_msg_sequence=(),  # type: ignore[arg-type]
    )
    assert isinstance(members, LazySequence)
    assert members.octets in content.to_der()
    chosen = types.PKIData(
        control_sequence=(), req_sequence=(), cms_sequence=members[3:5], other_msg_sequence=()
    )
    again = types.PKIData.from_der(chosen.to_der())
    assert again == chosen
    assert again.cms_sequence == members[3:5]


def test_lazy_members_have_a_short_repr(members: Sequence[types.TaggedContentInfo]) -> None:
    """A screen at most."""
    assert len(repr(members)) <= 2000
    assert "TaggedContentInfo(body_part_id=10" in repr(members)


# --- Message -----------------------------------------------------------------------------------

KINDS = {
    "SignedData(PKIData)": "full-request",
    "SignedData(PKIResponse)": "full-response",
    "SignedData degenerate": "simple-response",
    "SignedData(PKIData{batchRequests})": "full-request",
    "SignedData(PKIResponse{batchResponses})": "full-response",
    "EnvelopedData(SignedData(PKIData))": "other",
    "AuthenticatedData(PKIData)": "full-request",
}


@pytest.mark.parametrize("kind", KINDS)
def test_kind_of_message(kind: str) -> None:
    """RFC 10002 §3, §4: which of the four messages it is."""
    rows = [row for row in manifest(kind) if row["verdict"] != "malformed"]
    assert rows
    for row in rows:
        octets = shared(row["file"])
        message = cmcodec.load(octets)
        assert message.kind == KINDS[kind]
        assert message.encoding == "der"
        assert message.to_der() == octets == message.unverified_structure.to_der()
        assert message.span == (0, len(octets))
        assert cmcodec.load(octets, strict="legacy" not in row["note"]) == message
        assert message.kind in repr(message)


def test_content_of_message() -> None:
    """What a message says is reached under a name that says unverified."""
    request = cmcodec.load(shared("signed/rsa2048-pkcs10.der"))
    assert isinstance(request.unverified_content, types.PKIData)
    response = cmcodec.load(shared("response/full-rsa2048.der"))
    assert isinstance(response.unverified_content, types.PKIResponse)
    assert len(response.certificates) == 3
    simple = cmcodec.load(shared("response/simple-certs-only.der"))
    assert simple.unverified_content is None
    assert len(simple.certificates) == 2
    assert simple.crls == ()
    envelope = cmcodec.load(shared("enveloped/rsa-keytrans-aes256cbc.der"))
    assert envelope.unverified_content is None
    assert envelope.certificates == ()
    assert len(envelope.unverified_messages) == 0
    octets = request.octets(f"{E_CONTENT}.reqSequence[0].tcr.certificationRequest")
    assert octets
    pkcs10 = cmcodec.load(octets)
    assert isinstance(pkcs10.unverified_content, types.CertificationRequest)
    assert pkcs10.unverified_structure == pkcs10.unverified_content
    assert list(pkcs10.unverified_messages) == []
    assert pkcs10.certificates == ()


def test_certificates_and_crls_of_message() -> None:
    """R-065: only X.509 certificates and CRLs are given, other forms stay in the structure."""
    certificate, crl = ALICE.certificate(), seq(b"\x02\x01\x00")
    other = tlv(0xA3, b"\x06\x01\x2a", b"\x05\x00")
    fields = seq(
        integer(5),
        tlv(0x31),
        seq(oid(oids.ID_DATA)),
        tlv(0xA0, certificate, other),
        tlv(0xA1, crl, tlv(0xA1, b"\x06\x01\x2a", b"\x05\x00")),
        tlv(0x31),
    )
    octets = content_info(oids.ID_SIGNED_DATA, fields)
    message = cmcodec.load(octets)
    assert message.certificates == (types.Certificate(certificate),)
    assert message.crls == (types.CertificateList(crl),)
    assert message.unverified_structure.to_der() == octets


@pytest.mark.parametrize(
    ("path", "tag"),
    [
        ("contentType", 0x06),
        ("content", 0x30),
        ("content.encapContentInfo", 0x30),
        ("content.encapContentInfo.eContentType", 0x06),
        (E_CONTENT, 0x04),
        (f"{E_CONTENT}.controlSequence", 0x30),
        (f"{E_CONTENT}.controlSequence[0]", 0x30),
        (f"{E_CONTENT}.controlSequence[0].attrValues[0]", 0x02),
        (f"{E_CONTENT}.reqSequence[0]", 0xA0),
        (f"{E_CONTENT}.reqSequence[0].tcr", 0xA0),
        (f"{E_CONTENT}.reqSequence[0].tcr.certificationRequest", 0x30),
        ("content.certificates[0]", 0x30),
        ("content.signerInfos[0].signedAttrs", 0xA0),
        ("content.signerInfos[0].sid.issuerAndSerialNumber.serialNumber", 0x02),
        ("", 0x30),
    ],
)
def test_locate(path: str, tag: int) -> None:
    """The received octets of any element, through open types and octet strings."""
    message = cmcodec.load(shared("signed/rsa2048-pkcs10.der"))
    span = message.locate(path)
    assert span
    octets = message.octets(path)
    assert octets == message.to_der()[slice(*span)]
    assert octets
    assert octets[0] == tag


PEND_TIME = tlv(0x18, b"20270101000000Z")
SUBJECT = seq(tlv(0x31, seq(b"\x06\x01\x2a\x05\x00")))
ALTERNATIVE = tlv(0x82, b"a.example")


@pytest.mark.parametrize(
    ("number", "value", "present", "absent"),
    [
        (25, seq(integer(3), seq(integer(1)), seq(b"\x04\x01x", PEND_TIME)),
         {"otherInfo.pendInfo.pendToken": b"\x04\x01x", "otherInfo.pendInfo.pendTime": PEND_TIME},
         {"otherInfo.extendedFailInfo", "otherInfo.failInfo"}),
        (25, seq(integer(3), seq(integer(1)), seq(integer(7), PEND_TIME)),
         {"otherInfo.pendInfo.pendToken": integer(7)}, {"otherInfo.extendedFailInfo"}),
        (25, seq(integer(2), seq(integer(1)), seq(b"\x06\x01\x2a", integer(7))),
         {"otherInfo.extendedFailInfo.failInfoValue": integer(7)}, {"otherInfo.pendInfo"}),
        (25, seq(integer(2), seq(integer(1)), tlv(0xA1, b"\x06\x01\x2a", integer(7))),
         {"otherInfo.extendedFailInfo.failInfoValue": integer(7)}, {"otherInfo.pendInfo"}),
        (36, seq(seq(ALTERNATIVE)), {"subjectAlt[0].dNSName": ALTERNATIVE}, {"subject"}),
        (36, seq(SUBJECT, tlv(0xA1, ALTERNATIVE)),
         {"subject": SUBJECT, "subjectAlt[0]": ALTERNATIVE}, {"subjectAlt[1]"}),
        (24, seq(SUBJECT, integer(9)),
         {"issuerAndSerialNumber.serialNumber": integer(9)}, {"issuerSerial"}),
        (24, seq(seq(tlv(0xA4, SUBJECT)), integer(9)),
         {"issuerSerial.issuer[0].directoryName": SUBJECT}, {"issuerAndSerialNumber"}),
    ],
)  # fmt: skip
def test_locate_tells_forms_apart(
    number: int, value: bytes, present: dict[str, bytes], absent: set[str]
) -> None:
    """T-06, T-08, T-11: fields of one tag are told apart as they are in decoding."""
    message = cmcodec.load(signed_data(pki_data(controls=[control(1, number, value)])))
    prefix = f"{E_CONTENT}.controlSequence[0].attrValues[0]"
    assert message.octets(prefix) == value
    assert {path: message.octets(f"{prefix}.{path}") for path in present} == present
    assert [path for path in absent if message.locate(f"{prefix}.{path}")] == []


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "content.crls",
        "content[0]",
        "content.certificates[1]",
        "content.signerInfos[0].sid.subjectKeyIdentifier",
        f"{E_CONTENT}.controlSequence[2]",
        f"{E_CONTENT}.controlSequence[999999999]",
        f"{E_CONTENT}.reqSequence[0].crm",
        "contentType.more",
        "[0]",
    ],
)
def test_locate_what_is_not_there(path: str) -> None:
    """None where there is no such element."""
    message = cmcodec.load(shared("signed/rsa2048-pkcs10.der"))
    assert message.locate(path) is None
    assert message.octets(path) is None


@pytest.mark.parametrize(
    "path",
    [".content", "content.", "content..x", "content[", "content[-1]", "content[1234567890]",
     "content[x]", "content sid", "content/sid", "é"],
)  # fmt: skip
def test_locate_refuses_what_is_no_path(path: str) -> None:
    """A path has the form of those of errors."""
    with pytest.raises(ValueError, match="not a path"):
        cmcodec.load(signed_data()).locate(path)


def test_message_is_a_value() -> None:
    """Equal to a message of the same octets, hashable, pickled with its encoding."""
    octets = shared("signed/rsa2048-pkcs10.ber")
    message = cmcodec.load(octets)
    again = cmcodec.load(message.to_der())
    assert message == again
    assert hash(message) == hash(again)
    assert message != cmcodec.load(signed_data())
    assert message != message.to_der()
    restored = pickle.loads(pickle.dumps(message))
    assert restored == message
    assert restored.encoding == "ber"


def test_p9_pickled_messages_are_validated_again() -> None:
    """P9: a pickle is octets from outside."""
    pickled = pickle.dumps(cmcodec.load(signed_data()))
    good, bad = signed_data(), signed_data()[:-2] + b"\x30\x00"
    assert good in pickled
    with pytest.raises(cmcodec.DecodeError):
        pickle.loads(pickled.replace(good, bad))


def test_v13_pickles_say_nothing_of_what_was_found() -> None:
    """V13, P9: of a pickled message come its octets, loaded again, and how they were received."""
    for octets in (signed_data(), shared("signed/rsa2048-pkcs10.ber")):
        message = cmcodec.load(octets)
        make, arguments = message.__reduce__()
        assert arguments == (message.to_der(), message.encoding, False)
        assert callable(make)
        assert make(message.to_der(), "an encoding of its own").encoding == "der"
        assert make(message.to_der(), "ber").kind == message.kind
        assert make(message.to_der(), "der", "wrapped of its own").wrapped is False


def test_verified_messages_stay_what_was_verified() -> None:
    """Nothing is assigned to them, and no copy of them is made, by way of a pickle either."""
    message = cmcodec.load(shared("signed/p256-pkcs10.der"))
    verified = message.verify()
    other = cmcodec.load(signed_data())
    for name in ("_message", "_row", "message", "signers", "anything"):
        with pytest.raises(AttributeError):
            setattr(verified, name, other)
        with pytest.raises(AttributeError):
            delattr(verified, name)
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not copied or pickled"):
            duplicate(verified)
    with pytest.raises(TypeError):
        replace(verified, _message=other)  # type: ignore[type-var]
    assert verified.message is message


def test_messages_and_verdicts_come_from_the_package() -> None:
    """Nobody else makes a Message or a Verified."""
    for cls in (Message, Verified):
        with pytest.raises(TypeError):
            cls()


@pytest.mark.parametrize("name", [
    "signed/rsa2048-pkcs10.der", "batch/batch-req-10.der", "response/simple-certs-only.der",
    "response/full-rsa2048.der", "enveloped/pwri-aes128cbc.der",
    "authdata/pwri-hmacsha256-req.der", "controls/36-changeSubjectName.signed.der",
])  # fmt: skip
def test_to_dict(name: str) -> None:
    """The message as JSON, nested messages opened."""
    message = cmcodec.load(shared(name))
    found: dict[str, Any] = json.loads(json.dumps(message.to_dict()))
    assert found["contentType"].startswith("1.2.840.113549.1.")
    if message.unverified_content is not None:
        inner = found["content"]["encapContentInfo"]["eContent"]
        assert set(inner) >= {"controlSequence", "cmsSequence", "otherMsgSequence"}
    if "batch" in name:
        nested = inner["cmsSequence"][9]["contentInfo"]["content"]["encapContentInfo"]["eContent"]
        assert nested["reqSequence"]


def test_to_dict_of_a_simple_request() -> None:
    """RFC 10002 §3.1: a bare PKCS#10 is JSON too."""
    message = cmcodec.load(shared("signed/rsa2048-pkcs10.der"))
    octets = message.octets(f"{E_CONTENT}.reqSequence[0].tcr.certificationRequest")
    assert octets
    assert json.dumps(cmcodec.load(octets).to_dict()).startswith('{"certificationRequestInfo"')


# --- Messages ----------------------------------------------------------------------------------


def test_messages_are_a_sequence(batch: Message) -> None:
    """Pairs of body part id and message, in order."""
    messages = batch.unverified_messages
    assert isinstance(messages, Messages)
    assert len(messages) == 10
    everything = list(messages)
    assert [identifier for identifier, _ in everything] == list(range(10, 20))
    assert messages[0] == everything[0]
    assert messages[-1] == everything[9]
    assert messages[1:3] == everything[1:3]
    assert all(message.kind == "full-request" for _, message in messages)
    with pytest.raises(IndexError):
        messages[10]


def test_nested_message_stands_in_the_buffer_of_its_batch(batch: Message) -> None:
    """No octets are copied; spans are those of the whole."""
    for index, (_, message) in enumerate(batch.unverified_messages):
        assert message.buffer is batch.buffer
        start, end = message.span
        assert message.to_der() == batch.buffer[start:end]
        path = f"{E_CONTENT}.cmsSequence[{index}].contentInfo"
        assert batch.locate(path) == (start, end)
        assert cmcodec.load(message.to_der()) == message
        inner = message.locate(f"{E_CONTENT}.reqSequence")
        assert inner
        assert inner == batch.locate(f"{path}.{E_CONTENT}.reqSequence")
        content = message.unverified_content
        assert isinstance(content, types.PKIData)
        assert pickle.loads(pickle.dumps(message)) == message


def test_nested_errors_refuse_the_whole() -> None:
    """Rule R5: `load` of a message with a malformed inner one raises."""
    inner = signed_data(seq(), oids.ID_CCT_PKI_RESPONSE)
    octets = signed_data(pki_data(members=[tagged_content_info(inner)]))
    refused = refusal(lambda: cmcodec.load(octets))
    assert refused
    assert refused[3].endswith("cmsSequence[0].contentInfo.content.encapContentInfo.eContent"
                               ".controlSequence")  # fmt: skip
