"""`cmcodec.compat.asn1crypto`: the same octets as objects of asn1crypto, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import algos, cms, core, crl, csr, keys, x509
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import DecodeError, EncodeError, asn1, types
from cmcodec.asn1 import schema
from cmcodec.compat import _derived, _tables
from cmcodec.compat.asn1crypto import from_asn1crypto, to_asn1crypto
from cmcodec.compat.python_cmc import cmc
from kit.controls import BUILT
from kit.der import integer, oid, seq, set_of, tlv
from kit.strategies import DECLARED, values
from kit.vectors import VECTORS

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1

BATCH = VECTORS / "shared/batch/batch-req-10.der"
REQUEST = VECTORS / "bouncycastle/requests/request-key-pkcs10-p256.der"

DERIVED = [
    cls
    for cls in DECLARED
    if cls not in _tables.STANDARD
    and issubclass(_derived.derive(schema.node(cls)), _derived.Checked)
]
"""Types for which asn1crypto has no class of its own."""


def request() -> types.CertificationRequest:
    content = cmcodec.load(REQUEST.read_bytes()).unverified_content
    assert isinstance(content, types.PKIData)
    tcr = content.req_sequence[0].tcr
    assert tcr is not None
    return tcr.certification_request


@pytest.mark.parametrize("name", BUILT)
def test_controls(name: str) -> None:
    """Every control: octets and value survive, and there is a ``native`` to look at."""
    value = BUILT[name]
    obj = to_asn1crypto(value)
    assert obj.dump() == value.to_der()
    assert obj.native is not None
    assert from_asn1crypto(obj, type(value)) == value


@pytest.mark.parametrize("cls", DERIVED, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_derived_types(cls: type[Asn1], data: st.DataObject) -> None:
    """Types without a class in asn1crypto: all values but those that it cannot hold."""
    value = data.draw(values(schema.node(cls)))
    try:
        obj = to_asn1crypto(value)
    except ValueError:
        # GeneralNames and names, which asn1crypto reads at once where they are alternatives.
        assert issubclass(_derived.derive(schema.node(cls)), core.Choice)
        return
    assert obj.dump() == value.to_der()
    assert from_asn1crypto(obj, cls) == value


def test_standard_types_are_asn1cryptos_own() -> None:
    certificate = types.Certificate((VECTORS / "shared/keys/ca-cert.der").read_bytes())
    pkcs10 = request()
    info = types.ContentInfo.from_der(BATCH.read_bytes())
    signed = info.content
    assert isinstance(signed, types.SignedData)
    told: list[tuple[Asn1, Any]] = [
        (certificate, x509.Certificate),
        (info, cms.ContentInfo),
        (signed, cms.SignedData),
        (signed.signer_infos[0], cms.SignerInfo),
        (signed.digest_algorithms[0], algos.AlgorithmIdentifier),
        (pkcs10, csr.CertificationRequest),
        (pkcs10.certification_request_info.subject, x509.Name),
        (pkcs10.certification_request_info.subject_public_key_info, keys.PublicKeyInfo),
        (types.GeneralName(dns_name="a.example"), x509.GeneralName),
        (types.PBKDF2Salt(specified=b"salt"), algos.Pbkdf2Salt),
    ]
    for value, cls in told:
        obj = to_asn1crypto(value)
        assert type(obj) is cls
        assert obj.dump() == value.to_der()
        back = from_asn1crypto(obj)
        assert type(back) is type(value)
        assert back == value


def test_crls() -> None:
    content = types.ContentInfo.from_der(
        (VECTORS / "bouncycastle/responses/certs-only-crl.der").read_bytes()
    ).content
    assert isinstance(content, types.SignedData)
    assert content.crls is not None
    found = content.crls[0].crl
    assert found is not None
    obj = to_asn1crypto(found)
    assert type(obj) is crl.CertificateList
    assert from_asn1crypto(obj) == found


def test_messages_become_classes_of_the_drop_in() -> None:
    content = cmcodec.load(BATCH.read_bytes()).unverified_content
    obj = to_asn1crypto(content)
    assert type(obj) is cmc.PKIData
    assert from_asn1crypto(obj) == content
    part = obj["cmsSequence"][0]
    assert from_asn1crypto(part) == content.cms_sequence[0]
    assert from_asn1crypto(part["contentInfo"]) == content.cms_sequence[0].content_info


def test_context_tags_are_left_out() -> None:
    """A field of another object has the tag it has there."""
    content = cmcodec.load(REQUEST.read_bytes()).unverified_content
    chosen = to_asn1crypto(content)["reqSequence"][0].chosen
    assert chosen.dump()[0] == 0xA0
    assert from_asn1crypto(chosen) == content.req_sequence[0].tcr
    key = request().certification_request_info.subject_public_key_info
    built = cmc.CertTemplate({"publicKey": to_asn1crypto(key), "subject": x509.Name.build({})})
    read = cmc.CertTemplate.load(built.dump())
    assert from_asn1crypto(read["publicKey"]) == key
    assert from_asn1crypto(read["subject"]) == types.Name(rdn_sequence=())


@pytest.mark.parametrize(
    ("obj", "cls"),
    [
        (algos.DigestAlgorithm({"algorithm": "sha256"}), types.AlgorithmIdentifier),
        (algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}), types.AlgorithmIdentifier),
        (cms.CMSAttribute({"type": "content_type", "values": ["data"]}), types.Attribute),
        (csr.CRIAttribute({"type": "challenge_password", "values": []}), types.Attribute),
        (x509.Extensions([{"extn_id": "key_usage", "extn_value": set()}]), types.Extensions),
        (cmc.BodyPartList([1]), types.BodyPartList),
        (cmc.ORM.load(bytes.fromhex("300a02010106022a03040178")), types.OtherRequest),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_type_is_told_from_the_class(obj: Any, cls: type[Asn1]) -> None:
    assert type(from_asn1crypto(obj)) is cls
    derived = type("Derived", (type(obj),), {})
    assert type(from_asn1crypto(derived.load(obj.dump()))) is cls


def test_types_of_asn1_itself() -> None:
    bits = asn1.BitString(b"\xa0", 5)
    for value in (bits, asn1.NULL, asn1.TLV(b"\x80\x00")):
        assert from_asn1crypto(to_asn1crypto(value)) == value
    assert from_asn1crypto(core.Any(core.Null())) == asn1.TLV(b"\x05\x00")


def test_scalars_have_to_be_told() -> None:
    assert from_asn1crypto(core.OctetString(b"n"), types.SenderNonce) == types.SenderNonce(b"n")
    assert to_asn1crypto(types.TransactionId(-5)).native == -5
    for unclear in (core.OctetString(b"n"), core.Sequence(), cmc.Controls([])):
        with pytest.raises(TypeError, match="which type"):
            from_asn1crypto(unclear)


def test_only_objects_are_taken() -> None:
    for other in (b"\x30\x00", None, types.SenderNonce(b"")):
        with pytest.raises(TypeError, match="not an object of asn1crypto"):
            from_asn1crypto(other)
    for other in (b"\x30\x00", core.Null()):
        with pytest.raises(TypeError, match="not a value of"):
            to_asn1crypto(other)  # type: ignore[arg-type]


def test_what_is_no_strict_der_is_refused() -> None:
    """BER that asn1crypto read, and values that the standard does not allow."""
    with pytest.raises(DecodeError) as caught:
        from_asn1crypto(algos.AlgorithmIdentifier.load(seq(tlv(0x06, b"\x80\x01"))))
    assert caught.value.offset == 2
    long_form = bytes.fromhex("30810406022a03")
    with pytest.raises(DecodeError) as caught:
        from_asn1crypto(algos.AlgorithmIdentifier.load(long_form))
    assert (caught.value.reason, caught.value.path) == ("not_canonical", "algorithmIdentifier")
    forced = algos.AlgorithmIdentifier.load(
        algos.AlgorithmIdentifier.load(long_form).dump(force=True)
    )
    assert from_asn1crypto(forced).to_der() == bytes.fromhex("300406022a03")
    with pytest.raises(DecodeError):
        from_asn1crypto(cmc.CMCStatusInfoV2({"cMCStatus": 2, "bodyList": []}))
    with pytest.raises(ValueError, match="missing"):
        from_asn1crypto(cmc.PendInfo({"pendToken": b"t"}))


LONG = seq(integer(1), oid("1.2.3"), set_of(tlv(0x04, bytes(200))))


@pytest.mark.parametrize(
    ("cls", "octets", "says"),
    [
        (cmc.Controls, b"\x05\0", ("bad_tag", 0, "controls")),
        (cmc.Controls, b"\x04\0", ("bad_tag", 0, "controls")),
        (cmc.Controls, seq(LONG, seq(integer(0))), ("bad_tag", 224, "controls[1].attrType")),
        (cmc.Controls, seq(LONG, b"\x30\x80\0\0"), ("not_canonical", 219, "controls[1]")),
        (cmc.SetOfInteger, tlv(0x31, integer(2), integer(1)), ("not_canonical", 5, "[1]")),
    ],
)
def test_a_list_says_which_element_is_wrong(
    cls: Any, octets: bytes, says: tuple[str, int, str]
) -> None:
    """No list at all, a long element before it, no DER in it, an order that is none."""
    with pytest.raises(DecodeError) as caught:
        cls.load(octets)
    error = caught.value
    assert (error.reason, error.offset) == says[:2]
    assert error.path.endswith(says[2])


def test_what_asn1crypto_cannot_hold() -> None:
    """T-12: a name that is NULL; and a value without an encoding."""
    with pytest.raises(ValueError, match="did not match"):
        to_asn1crypto(types.Name(null=asn1.NULL))
    with pytest.raises(EncodeError):
        to_asn1crypto(types.TransactionId("five"))  # type: ignore[arg-type]


def test_no_type_becomes_part_of_the_compiled_schema() -> None:
    """The engine's tables do not depend on what is imported."""
    named = {made._node.cls.__name__ for made in _derived._made.values() if made._node.cls}
    assert named <= {*types.__all__}
