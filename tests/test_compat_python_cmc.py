"""`cmcodec.compat.python_cmc`: what was right in ``python_cmc`` 1.22 stays, the rest is mended."""

from __future__ import annotations

import copy
import pickle
import sys
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import cms, core, csr, x509

import cmcodec
import made_by_python_cmc as made
from cmcodec import DecodeError, LimitError, oids, types
from cmcodec.compat import _derived, python_cmc
from cmcodec.compat.python_cmc import cmc, crmf
from kit.answers import refusal
from kit.der import integer, seq, tlv
from kit.messages import pki_data
from kit.vectors import VECTORS

if TYPE_CHECKING:
    from collections.abc import Iterator

LEGACY_SUBJECT_ALT = "36-changeSubjectName.signed.der"
CRITICAL_FALSE = "crmf-critical-false.der"
ML_DSA = bytes.fromhex("0609608648016503040311")[:-1]
"""The beginning of the OBJECT IDENTIFIERs of ML-DSA, id-ml-dsa-44 to -87."""


def contents() -> Iterator[Any]:
    """Every PKIData and PKIResponse in the vectors."""
    for path in sorted(VECTORS.rglob("*")):
        if path.suffix not in {".der", ".ber", ".pem"}:
            continue
        try:
            content = cmcodec.load(path.read_bytes()).unverified_content
        except DecodeError:
            continue
        if isinstance(content, (types.PKIData, types.PKIResponse)):
            yield pytest.param(content, id=str(path.relative_to(VECTORS)))


def status(**fields: Any) -> Any:
    """A CMCStatusInfoV2 about body part 3."""
    parts = [cmc.BodyPartReference("bodyPartID", 3)]
    return cmc.CMCStatusInfoV2({"cMCStatus": "failed", "bodyList": parts, **fields})


def control(kind: str, values: Any) -> Any:
    return cmc.TaggedAttribute({"bodyPartID": 1, "attrType": kind, "attrValues": values})


def again(value: Any) -> Any:
    """The value, written and read."""
    return type(value).load(value.dump())


# --- what stays -------------------------------------------------------------------------------


@pytest.mark.parametrize(("module", "listed"), [(cmc, made.CMC_CLASSES), (crmf, made.CRMF_CLASSES)])
def test_names_are_there(module: ModuleType, listed: str) -> None:
    for line in listed.strip().splitlines():
        name, *fields = line.split()
        cls = getattr(module, name)
        parts = getattr(cls, "_fields", None) or getattr(cls, "_alternatives", None) or []
        assert issubclass(cls, core.Asn1Value)
        assert name in module.__all__
        assert {part[0] for part in parts} == set(fields)
        if issubclass(cls, core.Sequence):
            assert [part[0] for part in parts] == fields
    assert python_cmc.__version__ == "1.22"


@pytest.mark.parametrize(
    ("made_here", "octets", "native"),
    [
        (made.request, made.REQUEST, made.REQUEST_NATIVE),
        (made.response, made.RESPONSE, made.RESPONSE_NATIVE),
    ],
    ids=["request", "response"],
)
def test_messages_are_the_same(made_here: Any, octets: str, native: dict[str, Any]) -> None:
    """What programs build has the octets it had, and reads as it did."""
    built = made_here(cmc)
    assert built.dump().hex() == octets
    assert built.native == native
    read = type(built).load(bytes.fromhex(octets))
    assert read.native == native
    assert read.dump().hex() == octets


@pytest.mark.parametrize(
    ("name", "value", "octets", "more"), made.VALUES, ids=[row[0] for row in made.VALUES]
)
def test_values_are_the_same(
    name: str, value: dict[str, Any], octets: str, more: dict[str, Any]
) -> None:
    cls = getattr(cmc, name)
    assert cls(value).dump().hex() == octets
    assert cls.load(bytes.fromhex(octets)).native == value | more


def test_requests_are_told_by_their_class() -> None:
    """As django-ca-cmc does."""
    read = cmc.PKIData.load(bytes.fromhex(made.REQUEST))
    requests = [request.chosen for request in read["reqSequence"]]
    assert [request.name for request in read["reqSequence"]] == ["crm", "tcr", "orm"]
    assert [type(request) for request in requests] == [
        cmc.CertReqMsg,
        cmc.TaggedCertificationRequest,
        cmc.ORM,
    ]
    assert isinstance(requests[0]["certReq"]["certTemplate"]["extensions"], x509.Extensions)
    assert isinstance(requests[1]["certificationRequest"], csr.CertificationRequest)


@pytest.mark.parametrize("content", list(contents()))
def test_vectors_survive(content: types.PKIData | types.PKIResponse, request: Any) -> None:
    """Octets come back, looked at or not, copied, and encoded anew."""
    octets = content.to_der()
    cls = getattr(cmc, type(content).__name__)
    value = cls.load(octets)
    assert value.dump() == value.copy().dump() == pickle.loads(pickle.dumps(value)).dump() == octets
    if LEGACY_SUBJECT_ALT in request.node.name:
        with pytest.raises(ValueError, match="ChangeSubjectName: an element"):
            assert value.native
        return
    if b"\x30\x0b" + ML_DSA in octets:
        # asn1crypto's class of public keys, which a certification request has, knows no such key.
        with pytest.raises(KeyError, match=r"2\.16\.840\.1\.101\.3\.4\.3"):
            assert value.native
        return
    assert value.native
    assert value.dump() == octets
    # Anew, asn1crypto leaves a DEFAULT value out that was written out.
    assert (value.dump(force=True) == octets) == (CRITICAL_FALSE not in request.node.name)


def test_what_asn1crypto_may_extend() -> None:
    """``_map`` and ``_oid_specs``, by which programs register controls of their own."""
    assert cmc.TaggedAttribute._oid_specs["id-cmc-getCert"] is cmc.SetOfGetCert
    assert cmc.TaggedAttribute._oid_specs["id-cmc-senderNonce"] is cms.SetOfOctetString
    assert cmc.TaggedAttributeType._map[f"{oids.ID_CMC}.28"] == "id-cmc-batchRequests"


# --- what is mended ---------------------------------------------------------------------------


def test_a_batch_reads() -> None:
    """RFC 10002 §3.2.1.3: contentInfo is a ContentInfo; it was an EncapsulatedContentInfo."""
    message = cmcodec.load((VECTORS / "shared/batch/batch-req-10.der").read_bytes())
    octets = message.unverified_content.to_der()
    parts = cmc.PKIData.load(octets)["cmsSequence"]
    assert len(parts) == 10
    inner = parts[0]["contentInfo"]
    assert isinstance(inner, cms.ContentInfo)
    assert inner["content_type"].native == "signed_data"
    nested = inner["content"]["encap_content_info"]["content"].native
    assert cmc.PKIData.load(nested).native["reqSequence"]
    assert cmc.TaggedContentInfos(list(parts)).dump() == parts.dump()


def test_encrypted_pop_holds_a_content_info() -> None:
    """RFC 10002 §6.7."""
    value = (VECTORS / "shared/controls/09-encryptedPOP.value.der").read_bytes()
    assert cmc.EncryptedPOP.load(value).native["cms"]["content_type"] == "enveloped_data"


def test_crmf_with_a_signature() -> None:
    """RFC 4211 §4: the signature is IMPLICIT."""
    path = VECTORS / "bouncycastle/requests/request-key-crmf-p256.der"
    octets = cmcodec.load(path.read_bytes()).unverified_content.to_der()
    popo = cmc.PKIData.load(octets)["reqSequence"][0].chosen["popo"]
    assert popo.name == "signature"
    assert popo.chosen["algorithmIdentifier"]["algorithm"].native == "1.2.840.10045.4.3.2"
    assert cmc.ProofOfPossession("signature", popo.chosen.untag()).dump() == popo.dump()


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (lambda: crmf.ProofOfPossession("raVerified", core.Null()), "8000"),
        (
            lambda: crmf.ProofOfPossession(
                "keyEncipherment", crmf.POPOPrivKey("subsequentMessage", "challengeResp")
            ),
            "a203810101",
        ),
        (
            lambda: crmf.AuthInfo("sender", x509.GeneralName("dns_name", "a.example")),
            "a00b8209612e6578616d706c65",
        ),
        (
            lambda: crmf.PKIArchiveOptions(
                "encryptedPrivKey",
                crmf.EncryptedKey("encryptedValue", {"encValue": (1, 0, 1)}),
            ),
            "a0063004030205a0",
        ),
    ],
    ids=["raVerified", "keyEncipherment", "sender", "encryptedPrivKey"],
)
def test_tags_of_crmf(value: Any, octets: str) -> None:
    """RFC 4211 §4 and §6.4: a CHOICE is tagged EXPLICIT, what is no CHOICE IMPLICIT."""
    built = value()
    assert built.dump().hex() == octets
    read = type(built).load(bytes.fromhex(octets))
    assert (read.name, read.native) == (built.name, built.native)


def test_validity() -> None:
    """RFC 4211 §5: two fields, each with a tag."""
    moment = x509.Time("utc_time", datetime(2027, 1, 1, tzinfo=UTC))
    after = cmc.OptionalValidity({"notAfter": moment})
    assert after.dump().hex() == "3011a10f170d3237303130313030303030305a"
    assert again(after).native == {"notBefore": None, "notAfter": moment.native}


def test_pend_info_is_told_from_extended_fail_info() -> None:
    """RFC 10002 §6.1.1: extendedFailInfo is [1]; without, every pendInfo was taken for one."""
    pend = again(status(otherInfo={"pendInfo": {"pendToken": b"t", "pendTime": made.NEW_YEAR}}))
    assert pend["otherInfo"].name == "pendInfo"
    assert pend.native["otherInfo"] == {"pendToken": b"t", "pendTime": made.NEW_YEAR}

    value = {"failInfoOID": "1.2.3", "failInfoValue": core.Integer(1)}
    extended = again(status(otherInfo={"extendedFailInfo": value}))
    assert extended["otherInfo"].name == "extendedFailInfo"
    assert extended["otherInfo"].dump().hex() == "a10706022a03020101"
    assert extended.native["otherInfo"] == {"failInfoOID": "1.2.3", "failInfoValue": 1}


def test_what_python_cmc_wrote_for_extended_fail_info_still_reads() -> None:
    """T-06: without its tag; it stays as it was read, and is not written by mistake."""
    old = seq(integer(2), seq(integer(3)), bytes.fromhex("300706022a03020101"))
    read = cmc.CMCStatusInfoV2.load(old)
    assert read["otherInfo"].name == "extendedFailInfo"
    assert read.native["otherInfo"] == {"failInfoOID": "1.2.3", "failInfoValue": 1}
    assert read.dump() == read.dump(force=True) == old
    held = read["otherInfo"].chosen
    assert status(otherInfo=held)["otherInfo"].dump().hex() == "a10706022a03020101"


def test_pend_info_of_rfc_2797() -> None:
    """The token an INTEGER."""
    old = seq(integer(7), tlv(0x18, b"20270101000000Z"))
    for cls in (cmc.OtherInfo, cmc.OtherStatusInfo):
        read = cls.load(old)
        assert (read.name, read.native) == (
            "pendInfo",
            {"pendToken": 7, "pendTime": made.NEW_YEAR},
        )


def test_control_processed() -> None:
    """RFC 10002 §6.19: a SEQUENCE around the list."""
    parts = [cmc.BodyPartReference("bodyPartID", 3)]
    built = control("id-cmc-controlProcessed", [{"bodyList": parts}])
    assert again(built).native["attrValues"] == [{"bodyList": [3]}]
    assert built["attrValues"].dump().hex() == "310730053003020103"
    assert cmc.ControlList is cmc.ControlsProcessed


def test_pop_link_witness_v2() -> None:
    """RFC 10002 §6.3.1.1: three fields, no OCTET STRING."""
    value = {"keyGenAlgorithm": made.SHA256, "macAlgorithm": made.HMAC_SHA256, "witness": b"w"}
    assert again(control("id-cmc-popLinkWitnessV2", [value])).native["attrValues"] == [value]


@pytest.mark.parametrize(
    ("number", "kind", "native"),
    [
        ("35", "id-cmc-raIdentityWitness", [0, 7]),
        ("37", "id-cmc-responseBody", [0, 7]),
        ("36", "id-cmc-changeSubjectName", {"subject": None, "subjectAlt": ["a.example"]}),
    ],
)
def test_later_controls_have_names_and_types(number: str, kind: str, native: Any) -> None:
    """RFC 10002 §7.1 and RFC 6402 §3: 35, 36 and 37."""
    given = (
        [0, 7] if number != "36" else {"subjectAlt": [x509.GeneralName("dns_name", "a.example")]}
    )
    built = again(control(kind, [given]))
    assert built["attrType"].dotted == f"{oids.ID_CMC}.{number}"
    assert built.native["attrType"] == kind
    assert built.native["attrValues"] == [native]


@pytest.mark.parametrize(
    ("values", "native"),
    [
        ("0403616263", [b"abc"]),
        ("040161040162", [b"a", b"b"]),
        ("", []),
        ("a003020101", [bytes.fromhex("a003020101")]),
        ("30038101ff", [{"0": True}]),
        ("3003800100", [bytes.fromhex("3003800100")]),
        ("3103020101", [[1]]),
    ],
)
def test_unknown_controls(values: str, native: list[Any]) -> None:
    """Octets come back whatever they are; a list to read, octets where there is no type."""
    octets = seq(integer(1), tlv(0x06, b"\x2a\x03"), tlv(0x31, bytes.fromhex(values)))
    read = cmc.TaggedAttribute.load(octets)
    assert read.dump() == read.dump(force=True) == octets
    assert read.native == {"bodyPartID": 1, "attrType": "1.2.3", "attrValues": native}
    assert read.dump() == read.dump(force=True) == read.copy().dump() == octets
    assert cmc.Controls([read]).dump() == seq(octets)


def test_unknown_controls_are_built_from_any_object() -> None:
    values = cms.SetOfOctetString([b"abc"])
    expected = seq(integer(1), tlv(0x06, b"\x2a\x03"), values.dump())
    for given in (values, core.Any(values), _derived.AnyValue(values)):
        assert control("1.2.3", given).dump() == expected
    with pytest.raises(TypeError):
        _derived.AnyValue([b"abc"])


def test_values_of_unknown_type_can_be_read_as_some_type() -> None:
    """``parsed`` and ``parse``, as asn1crypto's ``Any`` has them."""
    option = crmf.PKIArchiveOptions("archiveRemGenPrivKey", True)
    built = cmc.AttributeTypeAndValue({"type": "1.3.6.1.5.5.7.5.1.4", "value": option})
    value = again(built)["value"]
    with pytest.raises(ValueError, match="not a universal tag"):
        assert value.parsed
    assert value.native == option.dump()
    assert value.parse(crmf.PKIArchiveOptions).name == "archiveRemGenPrivKey"
    assert value.parsed is value.chosen
    assert value.native is True
    assert value.dump() == copy.deepcopy(value).dump() == option.dump()


def test_requests_with_attributes_that_asn1crypto_does_not_know() -> None:
    """As OpenSSL and JSS make them; without a ``native``, django-ca-cmc refuses the message."""
    path = VECTORS / "openssl/signed/p256-sha256.der"
    octets = cmcodec.load(path.read_bytes()).unverified_content.to_der()
    native = cmc.PKIData.load(octets)["reqSequence"][0].native
    attributes = native["certificationRequest"]["certification_request_info"]["attributes"]
    assert all(isinstance(attribute["values"], list) for attribute in attributes)


# --- load -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "refused"),
    [
        ("", ("DecodeError", "truncated", 0, "pkiData")),
        ("3008300030003000300000", ("DecodeError", "trailing_data", 10, "pkiData")),
        ("308030003000300030000000", ("DecodeError", "not_canonical", 0, "pkiData")),
        ("3006300030003000", ("DecodeError", "bad_tag", 8, "pkiData.otherMsgSequence")),
    ],
)
def test_load_refuses_at_once(octets: str, refused: Any) -> None:
    """Reason, offset and path; a `ValueError`, so that handlers keep working."""
    data = bytes.fromhex(octets)
    assert refusal(lambda: cmc.PKIData.load(data)) == refused
    with pytest.raises(ValueError, match=refused[1]):
        cmc.PKIData.load(data, strict=True)


def test_load_refuses_what_is_deep_inside() -> None:
    """It used to be found, if at all, when somebody looked."""
    bad = pki_data([seq(integer(1), tlv(0x06, b"\x2a\x03"), tlv(0x31, b"\x30\x80"))])
    assert refusal(lambda: cmc.PKIData.load(bad)) is not None
    empty = status().dump().replace(seq(integer(3)), seq())
    with pytest.raises(DecodeError):
        cmc.CMCStatusInfoV2.load(empty[:1] + bytes([len(empty) - 2]) + empty[2:])
    with pytest.raises(LimitError):
        cmc.BodyPartList.load(seq(integer(2**32)))


def test_load_of_a_list_without_a_name() -> None:
    """Classes that are no type of ours refuse alike, under their own name."""
    assert cmc.Controls.load(seq()).native == []
    assert cmc.SetOfGetCert.load(tlv(0x31)).native == []
    refused = refusal(lambda: cmc.Controls.load(seq(seq())))
    assert refused == ("DecodeError", "bad_tag", 4, "controls[0].bodyPartID")
    assert cmc.CMCStatus.load(integer(99)).native == 99
    with pytest.raises(DecodeError):
        cmc.CMCStatus.load(b"\x02\x02\x00\x01")


def test_load_with_a_tag() -> None:
    tagged = cmc.TaggedRequest(
        "tcr", cmc.PKIData.load(bytes.fromhex(made.REQUEST))["reqSequence"][1].chosen
    )
    read = cmc.TaggedCertificationRequest.load(tagged.dump(), implicit=0)
    assert read["bodyPartID"].native == 10
    assert read.dump() == tagged.dump()
    with pytest.raises(DecodeError):
        cmc.PendInfo.load(tlv(0xA0, tlv(0x04, b"t"), tlv(0x18, b"2027")), implicit=0)


@pytest.mark.parametrize("octets", ["text", 5, None])
def test_load_wants_octets(octets: Any) -> None:
    with pytest.raises(TypeError):
        cmc.PKIData.load(octets)


def test_dump_does_not_check() -> None:
    """django-ca-cmc answers failures so; a reader is told that it is wrong."""
    wrong = cmc.CMCStatusInfoV2({"cMCStatus": "failed", "bodyList": []})
    assert wrong.dump().hex() == "30050201023000"
    with pytest.raises(DecodeError):
        cmc.CMCStatusInfoV2.load(wrong.dump())


@pytest.mark.parametrize("size", [119, 120, 121, 247, 375, 376, 377])
def test_lengths_that_end_in_80(size: int) -> None:
    """asn1crypto takes 81 80 for the indefinite length, and encodes anew what it may not know."""
    value = tlv(0xA0, tlv(0x04, bytes(size)))
    octets = seq(integer(1), tlv(0x06, b"\x2a\x03"), value)
    for looked_at in (False, True):
        message = cmc.OtherMsg.load(octets)
        if looked_at:
            assert message.native["otherMsgValue"] == value
        assert message.dump() == octets


def test_text_that_is_none() -> None:
    """Octets for what cannot be decoded, also of a length that ends in 80."""
    value = tlv(0x1E, b"\xd8\x00" * 64)
    message = cmc.OtherMsg.load(seq(integer(1), tlv(0x06, b"\x2a\x03"), value))
    assert message.native["otherMsgValue"] == message["otherMsgValue"].dump() == value


def test_lengths_that_end_in_80_inside_of_choices() -> None:
    """The same one, two and three alternatives down."""
    value = tlv(0xA0, tlv(0x04, bytes(116)))
    name = seq(tlv(0x31, seq(tlv(0x06, b"\x2a\x03"), value)))
    assert name.startswith(b"\x30\x81\x80")
    octets = tlv(0xA0, tlv(0xA4, name))
    assert crmf.AuthInfo.load(octets).dump() == octets


# --- the alias --------------------------------------------------------------------------------


@pytest.fixture
def unimported() -> Iterator[None]:
    """A process in which nobody has imported ``python_cmc``."""
    names = ("python_cmc", "python_cmc.cmc", "python_cmc.crmf")
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    yield
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update(before)


@pytest.mark.usefixtures("unimported")
def test_install() -> None:
    python_cmc.install()
    assert import_module("python_cmc") is python_cmc
    assert import_module("python_cmc.cmc") is cmc
    assert import_module("python_cmc.crmf") is crmf
    scope: dict[str, Any] = {}
    exec("from python_cmc import cmc; from python_cmc.crmf import POPOPrivKey", scope)
    assert scope["cmc"] is cmc
    assert scope["POPOPrivKey"] is crmf.POPOPrivKey
    python_cmc.install()


@pytest.mark.usefixtures("unimported")
def test_the_module_alone_serves_as_well() -> None:
    """``sys.modules["python_cmc"] = …``: modules imported by it have the same classes."""
    sys.modules["python_cmc"] = python_cmc
    assert import_module("python_cmc.cmc").PKIData is cmc.PKIData


@pytest.mark.usefixtures("unimported")
def test_install_is_not_too_late() -> None:
    """Programs that hold classes of ``python_cmc`` itself would mix both."""
    sys.modules["python_cmc"] = ModuleType("python_cmc")
    with pytest.raises(ImportError, match="imported before"):
        python_cmc.install()
    assert "python_cmc.cmc" not in sys.modules
