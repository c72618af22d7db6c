"""The backend interface: the functions that both backends have, called directly."""

from __future__ import annotations

from typing import Any

import pytest

from cmcodec import _backend as backend
from cmcodec import asn1, oids, types
from cmcodec.asn1 import LazySequence
from cmcodec.errors import DecodeError, EncodeError, LimitError
from kit.der import EMPTY, NULL, integer, oid, tlv
from kit.messages import (
    Message,
    content_info,
    control,
    members,
    pkcs10,
    pki_data,
    pki_response,
    signed_by,
    tagged_content_info,
    tcr,
)
from kit.vectors import VECTORS


def test_decode_and_encode() -> None:
    octets = Message(content=pki_data((control(1, 5, integer(7)),))).encode()
    info = backend.decode("ContentInfo", octets, False)
    assert isinstance(info, types.ContentInfo)
    assert backend.encode("ContentInfo", info) == octets
    value, end = backend.decode_at("ContentInfo", b"\0" + octets + b"\0", 1, len(octets) + 2)
    assert (value, end) == (info, len(octets) + 1)
    assert backend.decode("TLV", NULL, False) == asn1.TLV(NULL)
    assert backend.decode("NullType", NULL, False) == asn1.NULL
    assert backend.decode("BitString", b"\3\2\0\1", False) == asn1.BitString(b"\1")
    with pytest.raises(KeyError):
        backend.decode("CONTROLS", NULL, False)


def test_decode_at_does_not_read_nested_messages_again() -> None:
    inner = content_info(oids.ID_SIGNED_DATA, tlv(0x30, integer(3)))
    data = pki_data(members=members(inner))
    with pytest.raises(DecodeError):
        backend.decode("PKIData", data, False)
    value, _ = backend.decode_at("PKIData", data, 0, len(data))
    assert isinstance(value, types.PKIData)
    assert isinstance(value.cms_sequence, LazySequence)
    assert value.cms_sequence.octets == tlv(0x30, integer(11), inner)


def test_decode_errors_have_paths() -> None:
    octets = pki_data((control(1, 5, NULL),))
    with pytest.raises(DecodeError) as caught:
        backend.decode("PKIData", octets, False)
    assert not isinstance(caught.value, LimitError)
    assert caught.value.reason == "bad_tag"
    assert caught.value.offset == octets.index(NULL)
    assert caught.value.path == "pkiData.controlSequence[0].attrValues[0]"
    with pytest.raises(DecodeError) as caught:
        backend.decode("BodyPartList", tlv(0x30, NULL), False)
    assert caught.value.path == "bodyPartList[0]"
    with pytest.raises(DecodeError) as caught:
        backend.decode("PKIData", b"", False)
    assert (caught.value.offset, caught.value.path) == (0, "pkiData")
    with pytest.raises(LimitError) as limited:
        backend.decode("TLV", _deep(33), False)
    assert limited.value.reason == "depth"
    with pytest.raises(DecodeError) as caught:
        backend.load(tlv(0x30, EMPTY), False, 8, 1 << 20)
    assert caught.value.path.startswith("certificationRequest.")


def _deep(levels: int) -> bytes:
    octets = b""
    for _ in range(levels):
        octets = tlv(0x30, octets)
    return octets


def test_encode_errors_have_paths() -> None:
    cases: list[tuple[str, Any, str, str]] = [
        ("BodyPartList", types.BodyPartList(("x",)), "bad_type", "bodyPartList[0]"),  # type: ignore[arg-type]
        ("BodyPartList", types.BodyPartList(()), "bad_value", "bodyPartList"),
        ("BodyPartList", types.BodyPartList((-1,)), "limit", "bodyPartList[0]"),
        (
            "AlgorithmIdentifier",
            types.AlgorithmIdentifier(algorithm="1.2", parameters=asn1.TLV(b"")),
            "bad_value", "algorithmIdentifier.parameters",
        ),
        (
            "AlgorithmIdentifier",
            types.AlgorithmIdentifier(algorithm="1.2", parameters=asn1.TLV("x")),  # type: ignore[arg-type]
            "bad_type", "algorithmIdentifier.parameters",
        ),
        (
            "Attribute",
            types.Attribute(attr_type="1.2", attr_values=(asn1.TLV(NULL + NULL),)),
            "bad_value", "attribute.attrValues[0]",
        ),
    ]  # fmt: skip
    for name, value, reason, path in cases:
        with pytest.raises(EncodeError) as caught:
            backend.encode(name, value)
        assert (caught.value.reason, caught.value.offset, caught.value.path) == (reason, None, path)


def test_encode_refuses_what_python_cannot_convert() -> None:
    name: Any = types.GeneralName(rfc822_name="x")
    for _ in range(3000):
        name = types.BodyPartList((name,))
    with pytest.raises(EncodeError):
        backend.encode("BodyPartList", name)

    @asn1.sequence
    class Own(asn1.Asn1):
        integer: int

    with pytest.raises(EncodeError) as caught:
        backend.encode("Attribute", types.Attribute(attr_type="1.2", attr_values=(Own(integer=1),)))
    assert caught.value.reason == "bad_type"


def test_locate_offsets_and_members() -> None:
    octets = Message(content=pki_data((control(1, 5, integer(7)),), (tcr(),))).encode()
    body = ("content", "encapContentInfo", "eContent")

    def found(*path: str | int) -> bytes | None:
        span = backend.locate("ContentInfo", b"\0" + octets, 1, len(octets) + 1, path)
        return span and (b"\0" + octets)[span[0] : span[2]]

    assert found() == octets
    assert found("contentType") == oid(oids.ID_SIGNED_DATA)
    assert found(*body, "controlSequence", 0, "attrValues", 0) == integer(7)
    assert found(*body, "reqSequence", 0, "tcr", "certificationRequest") == pkcs10()
    assert found(*body, "reqSequence", 0, "crm") is None
    assert found(*body, "reqSequence", 1) is None
    assert found(*body, "reqSequence", -1) is None
    assert found("content", "crls") is None
    assert found("content", 0) is None
    assert found("contentType", "x") is None
    assert found("content", "signerInfos", 0, "sid", "issuerAndSerialNumber", "serialNumber") == (
        integer(1)
    )
    both = tagged_content_info(octets, 4) + tagged_content_info(octets, 5)
    starts = backend.offsets(b"\0" + both, 1, len(both) + 1)
    assert starts == [1, 1 + len(both) // 2]
    assert list(backend.members(b"\0" + both, 1, len(both) + 1)) == [
        (4, starts[1] - len(octets), starts[1]),
        (5, len(both) + 1 - len(octets), len(both) + 1),
    ]


def test_message_kind() -> None:
    def kind_of(octets: bytes, root: str = "ContentInfo") -> tuple[str, str, bytes]:
        kind, name, start, end = backend.message_kind(b"\0" + octets, 1, len(octets) + 1, root)
        return kind, name, (b"\0" + octets)[start:end]

    request = Message().encode()
    assert kind_of(request) == ("full-request", "PKIData", pki_data())
    body = pki_response()
    response = Message(content=body, content_type=oids.ID_CCT_PKI_RESPONSE).encode()
    assert kind_of(response) == ("full-response", "PKIResponse", body)
    simple = signed_by(content=None, content_type=oids.ID_DATA).encode()
    assert kind_of(simple) == ("simple-response", "", simple)
    empty = Message(content=None).encode()
    assert kind_of(empty) == ("full-request", "", empty)
    data = content_info(oids.ID_DATA, tlv(0x04, b"x"))
    assert kind_of(data) == ("other", "", data)
    certification = pkcs10()
    assert kind_of(certification, "CertificationRequest") == (
        "simple-request", "CertificationRequest", certification,
    )  # fmt: skip
    authenticated = (VECTORS / "bouncycastle/encrypted/authenticated-pwri.der").read_bytes()
    assert kind_of(authenticated)[:2] == ("full-request", "PKIData")


def test_content() -> None:
    def content(octets: bytes, root: str = "ContentInfo") -> Any:
        return backend.content(b"\0" + octets, 1, len(octets) + 1, root)

    assert content(Message().encode()) == types.PKIData.from_der(pki_data())
    assert content(signed_by(content=None, content_type=oids.ID_DATA).encode()) is None
    assert content(Message(content=None).encode()) is None
    certification = content(pkcs10(), "CertificationRequest")
    assert certification == types.CertificationRequest.from_der(pkcs10())
    assert content(Message().encode()).cms_sequence == ()
    with pytest.raises(DecodeError):
        content(Message(content=tlv(0x30, NULL)).encode())
