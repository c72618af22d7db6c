"""The layers of a message: what opens, what never opens, and what is told (RFC 10002 §3.2, §5)."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.cms import Recipient, RecipientKey
from cmcodec.errors import (
    CMCError,
    DecryptionError,
    EncodeError,
    ForbiddenError,
    LimitError,
    VerificationError,
)
from kit import layers
from kit.answers import refusal
from kit.controls import request, response
from kit.der import attribute, identifier, integer, oid, seq, set_of, tlv
from kit.keys import ALICE, BOB, certificate, key, key_identifier
from kit.layers import (
    KEY_IDENTIFIER,
    PASSWORD,
    Authenticated,
    AuthEnveloped,
    Enveloped,
    content_type_attribute,
    ktri,
    pwri,
    signed_value,
)
from kit.messages import (
    Message,
    Signer,
    control,
    members,
    pkcs10,
    pki_data,
    pki_response,
    signed_by,
    signed_data,
    tcr,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNED = signed_by(Signer()).encode()
RSA = RecipientKey.from_private_key(key("rsa-2048"), key_identifier=KEY_IDENTIFIER)
BY_PASSWORD = RecipientKey.from_password(PASSWORD)
ENVELOPES = {"EnvelopedData": Enveloped, "AuthEnvelopedData": AuthEnveloped}
LAYER = {"EnvelopedData": "enveloped", "AuthEnvelopedData": "auth-enveloped"}
E_CONTENT = {
    "EnvelopedData": oids.ID_ENVELOPED_DATA,
    "AuthEnvelopedData": oids.ID_CT_AUTH_ENVELOPED_DATA,
}
both = pytest.mark.parametrize("envelope", ENVELOPES)


def sealed(envelope: str, content: bytes = SIGNED, **fields: Any) -> bytes:
    return ENVELOPES[envelope](signed_value(content), **fields).encode()


def resigned(envelope: str, octets: bytes, *signers: Signer, **fields: Any) -> bytes:
    """A signature around an envelope (option 2)."""
    fields = {"certificates": (BOB.certificate(9),)} | fields
    return Message(
        signed_value(octets),
        E_CONTENT[envelope],
        signers or (Signer(key=BOB, sid=BOB.by_serial(9)),),
        **fields,
    ).encode()


def opened(octets: bytes, keys: Any = RSA, **arguments: Any) -> cms.Opened:
    return cmcodec.load(octets).open(keys, **arguments)


def refused(octets: bytes, keys: Any = RSA, **arguments: Any) -> tuple[str, str]:
    """Class and reason of what `Message.open` raises."""
    found = refusal(lambda: opened(octets, keys, **arguments))
    assert found is not None
    return found[0], found[1]


FAILED = ("DecryptionError", "decryption_failed")


def invalid(reason: str) -> tuple[str, str]:
    return "VerificationError", reason


# --- nestings --------------------------------------------------------------------------------


def test_r016_normal() -> None:
    """R-016, R-070: a PKIData in a SignedData is the layer that it is."""
    found = opened(SIGNED, ())
    assert [(layer.kind, layer.algorithm, layer.recipient) for layer in found.layers] == [
        ("signed", "Ed25519", None)
    ]
    assert found.origin == "certificate"
    assert found.signers == found.layers[0].signers == cmcodec.load(SIGNED).verify().signers
    assert found.message == cmcodec.load(SIGNED)
    assert found.content == cmcodec.load(SIGNED).unverified_content


@both
def test_r070_option_1(envelope: str) -> None:
    """R-070, R-229, R-231: an envelope around a SignedData, which is its value alone."""
    found = opened(sealed(envelope))
    assert [layer.kind for layer in found.layers] == [LAYER[envelope], "signed"]
    assert [layer.recipient for layer in found.layers] == ["ktri", None]
    assert found.message.to_der() == SIGNED
    assert found.origin == "certificate"


@both
def test_r072_option_2(envelope: str) -> None:
    """R-070, R-072, R-229: a second signature around an envelope."""
    found = opened(resigned(envelope, sealed(envelope)))
    assert [layer.kind for layer in found.layers] == ["signed", LAYER[envelope], "signed"]
    outer, _, inner = found.layers
    assert outer.signers != inner.signers == found.signers
    assert found.message.to_der() == SIGNED


@both
@pytest.mark.parametrize("content", [pki_data(), pki_response()])
def test_r070_both_contents(envelope: str, content: bytes) -> None:
    """R-070: PKIData and PKIResponse alike."""
    kind = oids.ID_CCT_PKI_DATA if content == pki_data() else oids.ID_CCT_PKI_RESPONSE
    inner = signed_by(Signer(), content=content, content_type=kind).encode()
    found = opened(resigned(envelope, sealed(envelope, inner)))
    expected = "full-request" if content == pki_data() else "full-response"
    assert found.message.kind == expected


@both
def test_r231_a_content_info_inside(envelope: str) -> None:
    """R-231: a whole ContentInfo is read too, and nothing else that `load` would read."""
    assert opened(ENVELOPES[envelope](SIGNED).encode()).message.to_der() == SIGNED
    armour = b"-----BEGIN CMS-----\nMAAA\n-----END CMS-----\n"
    for octets in (armour, pkcs10(), b"", b"\x30", b"\x30\x82\x01", seq(), b"\x05\x00"):
        answer = refused(ENVELOPES[envelope](octets).encode())
        assert answer == FAILED or envelope == "AuthEnvelopedData"


@pytest.mark.parametrize("inner", [Authenticated().encode(), Enveloped(b"").encode()])
def test_r231_another_content_info_inside(inner: bytes) -> None:
    """R-231: a ContentInfo of another layer is none of a SignedData."""
    assert refused(AuthEnveloped(inner).encode()) == invalid("wrong_content_type")
    assert refused(Enveloped(inner).encode()) == FAILED


@both
@pytest.mark.parametrize(
    "content_type", [oids.ID_DATA, oids.ID_CCT_PKI_DATA, oids.ID_ENVELOPED_DATA]
)
def test_r231_another_type_inside(envelope: str, content_type: str) -> None:
    """R-231: what is encrypted is named id-signedData."""
    fields: dict[str, Any] = {"content_type": content_type}
    if envelope == "AuthEnvelopedData":
        fields["attributes"] = (content_type_attribute(content_type),)
    octets = sealed(envelope, **fields)
    assert refused(octets) == invalid("wrong_content_type")
    assert cms.decrypt(octets, RSA).content_type == content_type


@both
def test_an_envelope_in_an_envelope(envelope: str) -> None:
    """RFC 10002 §5: three nestings, and no fourth."""
    for inner_type in ENVELOPES:
        inner = resigned(inner_type, sealed(inner_type))
        expected = FAILED if envelope == "EnvelopedData" else invalid("wrong_content_type")
        assert refused(sealed(envelope, inner)) == expected


def test_a_signed_data_in_a_signed_data() -> None:
    """RFC 10002 §5: a signature is around a PKIData, a PKIResponse or an envelope."""
    twice = Message(signed_value(SIGNED), oids.ID_SIGNED_DATA).encode()
    assert refused(twice) == invalid("wrong_content_type")


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(
            Message(signed_value(Authenticated().encode()), oids.ID_CT_AUTH_DATA).encode(),
            id="AuthenticatedData in SignedData",
        ),
        pytest.param(
            Authenticated(signed_value(SIGNED), content_type=oids.ID_SIGNED_DATA).encode(),
            id="SignedData in AuthenticatedData",
        ),
        pytest.param(
            Authenticated(b"text", content_type=oids.ID_DATA).encode(),
            id="id-data in AuthenticatedData",
        ),
        pytest.param(
            Message(
                seq(integer(0), seq(oid(oids.ID_DATA), layers.Enveloped(b"").cipher)),
                oids.ID_ENCRYPTED_DATA,
            ).encode(),
            id="EncryptedData in SignedData",
        ),
        pytest.param(
            layers.content_info(
                oids.ID_ENCRYPTED_DATA,
                seq(integer(0), seq(oid(oids.ID_DATA), layers.Enveloped(b"").cipher)),
            ),
            id="EncryptedData",
        ),
    ],
)
def test_other_nestings(octets: bytes) -> None:
    """RFC 10002 §3.2, §5: their octets may be fine, and they never open."""
    assert refused(octets, [RSA, BY_PASSWORD]) == invalid("wrong_content_type")
    answer = refusal(lambda: cmcodec.load(octets).open_unsigned([RSA, BY_PASSWORD]))
    assert answer is not None
    assert answer[:2] == invalid("wrong_content_type")


def test_bare_messages() -> None:
    """A PKCS#10 has no layer; a certs-only message has nobody who made it, as in `verify`."""
    found = opened(pkcs10(), ())
    assert (found.layers, found.origin, found.signers) == ((), "request-key", ())
    assert [each.pop for each in found.requests] == ["verified"]
    assert found.octets("certificationRequestInfo.subject") == b"\x30\x00"
    assert refused(pkcs10(signature=bytes(64)), ()) == invalid("pop_invalid")
    certs_only = signed_data()
    assert refused(certs_only, ()) == invalid("no_signer")
    simple = seq(oid(oids.ID_SIGNED_DATA), tlv(0xA0, seq(
        integer(1), tlv(0x31), seq(oid(oids.ID_DATA)), tlv(0x31)
    )))  # fmt: skip
    assert cmcodec.load(simple).kind == "simple-response"
    assert refused(simple, ()) == invalid("no_signer")


def test_v1_wrapped_request() -> None:
    """A PKCS#10 that Windows renews with opens where `load` was told of it, and there alone."""
    request_ = pkcs10()
    octets = Message(content=request_, content_type=oids.ID_DATA, version=1).encode()
    found = cmcodec.load(octets, wrapped=True).open(trust=lambda *_: True)
    assert (found.message.kind, found.origin) == ("wrapped-request", "certificate")
    assert [layer.kind for layer in found.layers] == ["signed"]
    assert found.content == types.CertificationRequest.from_der(request_)
    assert [(each.id, each.pop) for each in found.requests] == [(1, "verified")]
    key_info = "certificationRequestInfo.subjectPublicKeyInfo"
    assert found.octets(key_info) == BOB.spki()
    assert found.find("id-cmc-transactionId") == ()
    assert refused(octets, ()) == invalid("wrong_content_type")
    assert refused(octets, RSA) == invalid("wrong_content_type")


# --- what is found in it ---------------------------------------------------------------------


def test_find_and_octets() -> None:
    """Controls by number, name and class; octets by path, as they were received."""
    content = pki_data(
        controls=[
            control(1, 5, types.TransactionId(77)),
            control(2, 2, types.Identification("device")),
            control(4, 18, types.RegInfo(b"one")),
            control(5, 18, types.RegInfo(b"two")),
        ],
        requests=[tcr(3)],
    )
    found = opened(sealed("AuthEnvelopedData", signed_by(Signer(), content=content).encode()))
    infos = ((4, types.RegInfo(b"one")), (5, types.RegInfo(b"two")))
    assert found.find("id-cmc-regInfo") == found.find(oids.ID_CMC_REG_INFO) == infos
    assert found.find(types.RegInfo) == infos
    assert found.find(types.Identification) == ((2, types.Identification("device")),)
    assert found.find("id-cmc-dataReturn") == found.find("nothing") == ()
    assert found.transaction_id == 77
    assert found.octets("reqSequence") == seq(tcr(3))
    assert found.octets("reqSequence[0]") == tcr(3)
    assert found.octets("reqSequence[1]") is None
    assert [(each.id, each.pop) for each in found.requests] == [(3, "verified")]
    assert found.notes == ()


def test_mac_finds_the_same() -> None:
    """The same methods over a MAC."""
    content = pki_data([control(1, 5, types.TransactionId(77))], [tcr(3)])
    found = opened(Authenticated(content).encode(), BY_PASSWORD)
    assert found.octets("reqSequence") == seq(tcr(3))
    assert found.find(types.TransactionId) == ((1, types.TransactionId(77)),)
    assert found.transaction_id == 77
    assert [(each.id, each.pop) for each in found.requests] == [(3, "verified")]
    assert (found.origin, found.signers) == ("mac", ())


def test_an_opened_message_is_sealed() -> None:
    """It is not made, changed, copied or pickled by anybody."""
    found = opened(SIGNED)
    for act in (
        cms.Opened,
        cms.Unsigned,
        lambda: pickle.dumps(found),
        lambda: copy.copy(found),
    ):
        with pytest.raises(TypeError):
            act()
    with pytest.raises(AttributeError):
        found.origin = "mac"  # type: ignore[misc, assignment]
    with pytest.raises(AttributeError):
        found._origin = "mac"
    assert repr(found) == "<Opened full-request, signed>"
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.layers[0].kind = "authenticated"  # type: ignore[misc]


# --- trust and request keys in each layer ----------------------------------------------------


def trusting(*trusted: bytes) -> Callable[..., bool]:
    """A trust callback that knows these certificates."""

    def decide(found: Any, *_: Any) -> bool:
        return found.public_bytes(Encoding.DER) in trusted

    return decide


def real(kind: str, number: int = 0) -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key(kind, number), certificate(kind, number))


def encoded(kind: str, number: int = 0) -> bytes:
    return certificate(kind, number).public_bytes(Encoding.DER)


RECIPIENT = Recipient.from_public_key(key("rsa-2048").public_key(), key_identifier=KEY_IDENTIFIER)
CIPHERS = {"EnvelopedData": "id-aes256-CBC", "AuthEnvelopedData": "id-aes256-GCM"}


@both
def test_trust_in_each_layer(envelope: str) -> None:
    """V13: option 2 wants both signers trusted; each is told as what it is."""
    inner = cms.sign(response(), real("p-256"))
    one = cms.encrypt(inner, RECIPIENT, algorithm=CIPHERS[envelope])
    two = cms.sign_envelope(one, real("ed25519"))
    of_inner, of_outer = encoded("p-256"), encoded("ed25519")
    found = opened(two, trust=trusting(of_inner, of_outer))
    assert [layer.signers[0].chain for layer in found.layers if layer.signers] == ["trusted"] * 2
    for trusted in ((), (of_inner,), (of_outer,)):
        assert refused(two, trust=trusting(*trusted)) == invalid("untrusted_chain")
    assert opened(one, trust=trusting(of_inner)).signers[0].chain == "trusted"
    assert refused(one, trust=trusting(of_outer)) == invalid("untrusted_chain")
    assert opened(two).signers[0].chain == "unchecked"


@both
def test_an_outer_signature_that_is_not_good(envelope: str) -> None:
    """R-051: every signature is verified; nothing is decrypted behind a bad one."""
    octets = resigned(envelope, sealed(envelope), Signer(key=BOB, signature=bytes(64)))
    asked: list[bytes] = []

    def decrypt(encrypted: bytes, _: Any) -> bytes:
        asked.append(encrypted)
        return b""

    keys = RecipientKey.from_callbacks(certificate("rsa-2048"), decrypt=decrypt)
    assert refused(octets, keys)[0] == "VerificationError"
    unsigned = Message(signed_value(sealed(envelope)), E_CONTENT[envelope], signers=()).encode()
    assert refused(unsigned, keys) == invalid("no_signer")
    assert not asked


@both
def test_signers_that_only_an_outer_layer_knows(envelope: str) -> None:
    """V8: the certificates of an outer layer are no candidates of an inner one."""
    inner = signed_by(Signer(), certificates=()).encode()
    outer = resigned(
        envelope,
        sealed(envelope, inner),
        certificates=(BOB.certificate(9), ALICE.certificate()),
    )
    expected = FAILED if envelope == "EnvelopedData" else invalid("signer_not_found")
    assert refused(outer) == expected
    assert opened(outer, certificates=ALICE.certificate()).origin == "certificate"


@both
def test_request_keys_in_each_layer(envelope: str) -> None:
    """V13: with trust a request's own key counts inside a trusted signature, or where told."""
    private = key("p-256", 5)
    own = cms.SigningKey.from_private_key(private, key_identifier=key_identifier(private))
    inner = cms.sign(request(private), own)
    one = cms.encrypt(inner, RECIPIENT, algorithm=CIPHERS[envelope])
    two = cms.sign_envelope(one, real("ed25519"))
    trust = trusting(encoded("ed25519"))
    assert opened(one).origin == opened(inner, ()).origin == "request-key"
    for octets in (inner, one, two):
        assert refused(octets, trust=trust) == invalid("untrusted_request_key")
        assert opened(octets, trust=trust, request_keys="all").origin == "request-key"
    for octets in (inner, one):
        answer = refused(octets, trust=trust, request_keys="nested")
        assert answer == invalid("untrusted_request_key")
    assert opened(two, trust=trust, request_keys="nested").origin == "request-key"
    assert refused(two, trust=trusting(), request_keys="nested") == invalid("untrusted_chain")


@both
def test_what_is_told_behind_a_good_signature(envelope: str) -> None:
    """R6: a wrong proof of possession is told, also inside CBC."""
    wrong = pki_data(requests=[tcr(3, pkcs10(signature=bytes(64)))])
    inner = signed_by(Signer(), content=wrong).encode()
    assert refused(sealed(envelope, inner)) == invalid("pop_invalid")


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        (signed_by(Signer(signature=bytes(64))).encode(), "signature_invalid"),
        (signed_by(Signer(), certificates=()).encode(), "signer_not_found"),
        (signed_data(), "no_signer"),
        (signed_by(Signer(), Signer(signature=bytes(64))).encode(), "signature_invalid"),
        (signed_by(Signer(), content=None).encode(), "content_missing"),
        (Message(b"x", oids.ID_DATA).encode(), "wrong_content_type"),
    ],
)
def test_what_is_not_told_before_it(inner: bytes, reason: str) -> None:
    """Everything up to the good signature is one error in CBC; GCM tells what it is."""
    assert refused(sealed("EnvelopedData", inner)) == FAILED
    assert refused(sealed("AuthEnvelopedData", inner)) == invalid(reason)


@both
def test_p9_a_certificate_of_a_version_that_is_none(envelope: str) -> None:
    """P9: that `cryptography` does not read it, makes no difference and raises nothing of its."""
    held = BOB.certificate(9)
    unknown = held.replace(tlv(0xA0, integer(2)), tlv(0xA0, integer(3)), 1)
    assert unknown != held
    signer = Signer(key=BOB, sid=BOB.by_serial(9))
    octets = Message(pki_data(), signers=(signer,), certificates=(unknown,)).encode()
    assert cmcodec.verify_batch(octets).counts() == {"verified": 1}
    assert opened(sealed(envelope, octets)).message.to_der() == octets
    with pytest.raises(ValueError, match="3 is not a valid X509 version"):
        types.Certificate(unknown).to_cryptography()


def test_malformed_content_in_each_envelope() -> None:
    """Octets that are no message are told behind a tag alone."""
    assert refused(Enveloped(b"\x30\x03\x02\x01\x07").encode()) == FAILED
    found = refused(AuthEnveloped(b"\x30\x03\x02\x01\x07").encode())
    assert found[0] == "DecodeError"


# --- AuthEnvelopedData -----------------------------------------------------------------------


@pytest.mark.parametrize("icv", [12, 13, 14, 15, 16])
def test_r228_icv(icv: int) -> None:
    """R-228, R-235: tags of 12 to 16 octets, as long as aes-ICVlen says."""
    assert opened(sealed("AuthEnvelopedData", icv=icv)).layers[0].algorithm == "id-aes256-GCM"


@pytest.mark.parametrize("octets", [b"", bytes(11), bytes(13), bytes(16)])
def test_r235_tag_of_another_length(octets: bytes) -> None:
    """R-235: nothing is decrypted where mac is not as long as aes-ICVlen."""
    assert refused(sealed("AuthEnvelopedData", tag=octets)) == invalid("bad_value")


@pytest.mark.parametrize(
    "parameters",
    [
        b"",
        b"\x05\x00",
        seq(tlv(0x04, bytes(12)), integer(11)),
        seq(tlv(0x04, bytes(12)), integer(17)),
        seq(tlv(0x04, bytes(12)), integer(12)),
        seq(),
        tlv(0x04, bytes(12)),
    ],
)
def test_r235_parameters(parameters: bytes) -> None:
    """R-235: the parameters are there, in DER, and within their bounds."""
    cipher = identifier(oids.ID_AES256_GCM, parameters)
    answer = refused(sealed("AuthEnvelopedData", cipher=cipher))
    assert answer == invalid("unsupported_algorithm")


@pytest.mark.parametrize("size", [0, 1, 7, 129, 4096])
def test_nonces_that_the_library_does_not_take(size: int) -> None:
    """P9: no exception of the library leaves the package."""
    octets = sealed("AuthEnvelopedData", nonce=bytes(size))
    assert refused(octets) == invalid("unsupported_algorithm")


@pytest.mark.parametrize("size", [8, 12, 16, 128])
def test_nonces_that_it_takes(size: int) -> None:
    """RFC 5084 §3.2: 12 octets are recommended, others allowed."""
    assert opened(sealed("AuthEnvelopedData", nonce=bytes(size))).origin == "certificate"


def test_r233_without_attributes() -> None:
    """R-233: over id-signedData there are authenticated attributes; id-data needs none."""
    assert refused(sealed("AuthEnvelopedData", attributes=None)) == invalid("attribute_missing")
    plain = AuthEnveloped(b"value", attributes=None, content_type=oids.ID_DATA).encode()
    assert cms.decrypt(plain, RSA).unverified_octets == b"value"


def test_r233_content_type_attribute() -> None:
    """R-233: contentType stands once, with one value, which is the encrypted type."""
    once = content_type_attribute()
    time = attribute(oids.ID_SIGNING_TIME, tlv(0x17, b"260301120000Z"))
    for attributes, reason in [
        ((time,), "attribute_missing"),
        ((content_type_attribute(oids.ID_DATA),), "content_type_mismatch"),
        ((once, once), "attribute_duplicate"),
        ((seq(oid(oids.ID_CONTENT_TYPE), set_of(oid("1.2"), oid("1.3"))),), "attribute_duplicate"),
        ((seq(oid(oids.ID_CONTENT_TYPE), tlv(0x31)),), "attribute_duplicate"),
    ]:
        answer = refusal(lambda: opened(sealed("AuthEnvelopedData", attributes=attributes)))  # noqa: B023 - called at once
        assert answer is not None
        assert answer[1] == reason


def test_r233_version() -> None:
    """R-233, V1: the version is 0, and is looked at when the layer is opened."""
    octets = sealed("AuthEnvelopedData", version=1)
    assert cmcodec.load(octets).kind == "other"
    assert refused(octets) == invalid("version_mismatch")


def test_r234_what_the_tag_covers() -> None:
    """R-234: the attributes under the tag of SET OF, in the order in which they stand in DER."""
    more = attribute(oids.ID_AA_CMS_ALGORITHM_PROTECT, seq(identifier(oids.ID_SHA256)))
    octets = sealed("AuthEnvelopedData", attributes=(content_type_attribute(), more))
    assert opened(octets).origin == "certificate"
    at = octets.index(more) + len(more) - 1
    assert refused(octets[:at] + b"\x02" + octets[at + 1 :]) == FAILED
    unsorted = sealed("AuthEnvelopedData", attributes=(more, content_type_attribute()), sort=False)
    assert refused(unsorted) == ("DecodeError", "attributes_unsorted")


def test_r234_nothing_before_the_tag() -> None:
    """R-234: no content where the tag is wrong."""
    octets = sealed("AuthEnvelopedData", tag=bytes(12))
    assert refused(octets) == FAILED
    with pytest.raises(DecryptionError):
        cms.decrypt(octets, RSA)


def test_r228_what_is_made() -> None:
    """R-228, R-233: nonce and ICV have 12 octets, which DER does not write."""
    made: Any = types.ContentInfo.from_der(cms.encrypt(SIGNED, RECIPIENT)).content
    held = made.auth_encrypted_content_info
    parameters = held.content_encryption_algorithm.parameters.der
    assert parameters[:4] == b"\x30\x0e\x04\x0c"
    assert len(made.mac) == 12
    assert made.version == 0
    assert made.auth_attrs == (
        types.Attribute(
            attr_type=oids.ID_CONTENT_TYPE, attr_values=(types.ContentType(oids.ID_SIGNED_DATA),)
        ),
    )
    again: Any = types.ContentInfo.from_der(cms.encrypt(SIGNED, RECIPIENT)).content
    other = again.auth_encrypted_content_info
    assert parameters != other.content_encryption_algorithm.parameters.der


# --- AuthenticatedData -----------------------------------------------------------------------


def authenticated(**fields: Any) -> bytes:
    return Authenticated(**fields).encode()


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(pki_data(), oids.ID_CCT_PKI_DATA), (pki_response(), oids.ID_CCT_PKI_RESPONSE)],
)
def test_r023_a_mac_by_a_password(content: bytes, content_type: str) -> None:
    """R-016, R-023: PKIData and PKIResponse stand directly in an AuthenticatedData."""
    octets = authenticated(content=content, content_type=content_type)
    found = opened(octets, BY_PASSWORD, trust=trusting())
    assert [(layer.kind, layer.algorithm, layer.recipient) for layer in found.layers] == [
        ("authenticated", "id-hmacWithSHA256", "pwri")
    ]
    assert found.origin == "mac"
    assert found.message.to_der() == octets


@pytest.mark.parametrize(
    "recipients",
    [
        (ktri(cek=layers.MAC_KEY),),
        (pwri(layers.MAC_KEY), ktri(cek=layers.MAC_KEY)),
        (layers.kekri(cek=layers.MAC_KEY),),
    ],
)
def test_r023_another_recipient(recipients: tuple[bytes, ...]) -> None:
    """R-023: a recipient that is no password never opens."""
    keys = [RSA, BY_PASSWORD, RecipientKey.from_kek(bytes(32), b"kek-1")]
    answer = refused(authenticated(recipients=recipients), keys)
    assert answer == invalid("wrong_content_type")


def test_r023_making_for_another_recipient() -> None:
    """R-023: nothing is made for another recipient either."""
    with pytest.raises(ForbiddenError) as caught:
        cms.authenticate(response(), RECIPIENT)
    assert (caught.value.reason, caught.value.rule) == ("forbidden", "R-023")


def test_r024_the_key_is_random() -> None:
    """R-024: the key of the MAC comes from ``random``, and is new each time."""
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return bytes([len(asked)]) * size

    recipient = Recipient.from_password(PASSWORD, iterations=10)
    octets = cms.authenticate(response(), recipient, random=random)
    assert asked == [32, 16]
    assert octets == cms.authenticate(response(), recipient, random=_again())
    assert octets != cms.authenticate(response(), recipient)
    assert opened(octets, BY_PASSWORD).content == response()


def _again() -> Callable[[int], bytes]:
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return bytes([len(asked)]) * size

    return random


def test_r025_identification_before_the_secret() -> None:
    """R-025: the password is the UTF-8 of the identifier, then the secret."""
    octets = authenticated(recipients=(pwri(layers.MAC_KEY, password="gerät".encode() + PASSWORD),))
    assert opened(octets, RecipientKey.from_password(PASSWORD, "gerät")).origin == "mac"
    for wrong in (
        RecipientKey.from_password(PASSWORD),
        RecipientKey.from_password(PASSWORD + "gerät".encode()),
        RecipientKey.from_password(b"", "gerät"),
    ):
        assert refused(octets, wrong) == FAILED
    assert opened(octets, [BY_PASSWORD, RecipientKey.from_password(PASSWORD, "gerät")])


def test_r219_attributes_and_digest_algorithm() -> None:
    """R-219: without attributes, or without their digest algorithm, nothing opens."""
    for fields in ({"without_attributes": True}, {"digest_algorithm": None}):
        answer = refused(authenticated(**fields), BY_PASSWORD)
        assert answer == invalid("attribute_missing")
    both_absent = authenticated(without_attributes=True, digest_algorithm=None)
    assert refused(both_absent, BY_PASSWORD) == invalid("attribute_missing")


def test_r219_attributes_in_der() -> None:
    """R-219: attributes out of order are refused."""
    octets = authenticated()
    first = content_type_attribute(oids.ID_CCT_PKI_DATA)
    start = octets.index(first)
    second = octets[start + len(first) :]
    size = 2 + second[1]
    swapped = second[:size] + first
    changed = octets[:start] + swapped + octets[start + len(swapped) :]
    assert refused(changed, BY_PASSWORD) == ("DecodeError", "attributes_unsorted")


def test_r220_what_the_mac_covers() -> None:
    """R-220: the attributes under the tag of SET OF."""
    assert opened(authenticated(), BY_PASSWORD).origin == "mac"
    assert refused(authenticated(mac=bytes(32)), BY_PASSWORD) == FAILED
    for short in (b"", layers.MAC_KEY[:16]):
        assert refused(authenticated(mac=short), BY_PASSWORD) == FAILED


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ((), "attribute_missing"),
        ((content_type_attribute(oids.ID_CCT_PKI_DATA),), "attribute_missing"),
        ((content_type_attribute(oids.ID_CCT_PKI_RESPONSE),), "content_type_mismatch"),
    ],
)
def test_r217_content_type_and_digest(attributes: tuple[bytes, ...], reason: str) -> None:
    """R-217, R-221: contentType and messageDigest are there, contentType is that of it (V4, V5)."""
    if not attributes:
        digest = attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, bytes(32)))
        attributes = (digest,)
    answer = refused(authenticated(attributes=attributes), BY_PASSWORD)
    assert answer == invalid(reason)


def test_r217_digest() -> None:
    """R-217: the digest is that of the content, with the algorithm that is named (V6)."""
    wrong = (
        content_type_attribute(oids.ID_CCT_PKI_DATA),
        attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, bytes(32))),
    )
    assert refused(authenticated(attributes=wrong), BY_PASSWORD) == invalid("digest_mismatch")


def test_r221_once_and_with_one_value() -> None:
    """R-221: contentType, messageDigest and signingTime stand once, with one value."""
    time = attribute(oids.ID_SIGNING_TIME, tlv(0x17, b"260301120000Z"))
    later = attribute(oids.ID_SIGNING_TIME, tlv(0x17, b"260301120001Z"))
    assert opened(authenticated(more=(time,)), BY_PASSWORD).origin == "mac"
    two = seq(
        oid(oids.ID_SIGNING_TIME),
        set_of(tlv(0x17, b"260301120000Z"), tlv(0x17, b"260301120001Z")),
    )
    digests = attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, bytes(32)))
    kinds = content_type_attribute(oids.ID_DATA)
    for more in ((time, later), (two,), (digests,), (kinds,)):
        answer = refused(authenticated(more=more), BY_PASSWORD)
        assert answer == invalid("attribute_duplicate")


def test_algorithm_protection() -> None:
    """V7, RFC 6211: what CMSAlgorithmProtection says is so."""

    def protected(*parts: bytes) -> bytes:
        return authenticated(more=(attribute(oids.ID_AA_CMS_ALGORITHM_PROTECT, seq(*parts)),))

    digest = identifier(oids.ID_SHA256)
    mac = identifier(oids.ID_HMAC_WITH_SHA256, tag=0xA2)
    null = identifier(oids.ID_HMAC_WITH_SHA256, b"\x05\x00", tag=0xA2)
    assert opened(protected(digest, mac), BY_PASSWORD).origin == "mac"
    assert opened(protected(digest, null), BY_PASSWORD).origin == "mac"
    for parts in (
        (identifier(oids.ID_SHA512), mac),
        (digest,),
        (digest, identifier(oids.ID_HMAC_WITH_SHA512, tag=0xA2)),
        (digest, identifier(oids.ID_ED25519, tag=0xA1), mac),
    ):
        assert refused(protected(*parts), BY_PASSWORD) == invalid("algorithm_mismatch")


@pytest.mark.parametrize(
    ("number", "digest"),
    [
        (oids.ID_HMAC_WITH_SHA256, "sha256"),
        (oids.ID_HMAC_WITH_SHA384, "sha384"),
        (oids.ID_HMAC_WITH_SHA512, "sha512"),
        (oids.ID_HMAC_WITH_SHA1, "sha1"),
        (oids.HMAC_SHA1, "sha1"),
    ],
)
@pytest.mark.parametrize("parameters", [b"", b"\x05\x00"])
def test_every_mac(number: str, digest: str, parameters: bytes) -> None:
    """R-199, RFC 6268: HMAC with parameters that are absent or NULL."""
    octets = authenticated(mac_algorithm=identifier(number, parameters), mac_hash=digest)
    assert opened(octets, BY_PASSWORD).layers[0].algorithm == oids.name(number)


def test_digests_of_a_mac() -> None:
    """V10a: SHA-1 is the digest of HMAC with SHA-1 alone, unless the caller allows it."""
    sha1 = {"digest_algorithm": identifier(oids.ID_SHA1), "digest_hash": "sha1"}
    assert refused(authenticated(**sha1), BY_PASSWORD) == invalid("unsupported_algorithm")
    assert opened(authenticated(**sha1), BY_PASSWORD, legacy=True).origin == "mac"
    hmac_sha1 = {"mac_algorithm": identifier(oids.HMAC_SHA1), "mac_hash": "sha1"}
    assert opened(authenticated(**sha1, **hmac_sha1), BY_PASSWORD).origin == "mac"
    unknown = identifier("2.16.840.1.101.3.4.2.8")
    answer = refused(authenticated(digest_algorithm=unknown), BY_PASSWORD)
    assert answer == invalid("unsupported_algorithm")
    assert refused(authenticated(mac_algorithm=unknown), BY_PASSWORD) == answer


def test_versions_of_a_mac() -> None:
    """V1, RFC 5652 §9.1: 0, unless an originator has something else than certificates."""
    assert refused(authenticated(version=1), BY_PASSWORD) == invalid("version_mismatch")
    other = tlv(0xA0, tlv(0xA0, tlv(0xA3, oid("1.2.3"), b"\x05\x00")))
    assert opened(authenticated(version=3, originator=other), BY_PASSWORD).origin == "mac"
    assert refused(authenticated(originator=other), BY_PASSWORD) == invalid("version_mismatch")


def test_content_missing_under_a_mac() -> None:
    """V1: a MAC over a content that is not there."""
    assert refused(authenticated(content=None), BY_PASSWORD) == invalid("content_missing")


def test_a_wrong_proof_under_a_mac() -> None:
    """R6: a wrong proof of possession fails the message."""
    content = pki_data(requests=[tcr(3, pkcs10(signature=bytes(64)))])
    assert refused(authenticated(content=content), BY_PASSWORD) == invalid("pop_invalid")


def test_a_deep_message_under_a_mac() -> None:
    """P6: a content that only a wider bound lets through is judged all the same, or refused."""
    inner = SIGNED
    for _ in range(9):
        inner = signed_by(Signer(), content=pki_data(members=members(inner))).encode()
    bad = tcr(3, pkcs10(signature=bytes(64)))
    content = pki_data(requests=[bad], members=members(inner))
    message = cmcodec.load(authenticated(content=content), max_layers=32)
    with pytest.raises(CMCError):
        message.open(BY_PASSWORD)


def test_a_member_of_a_message_is_opened_like_any_other() -> None:
    """RFC 10002 §6.16: an AuthenticatedData in cmsSequence, opened where it stands."""
    outer = signed_by(Signer(), content=pki_data(members=members(authenticated(), SIGNED)))
    (_, mac), (_, signed) = cmcodec.load(outer.encode()).unverified_messages
    assert mac.open(BY_PASSWORD).origin == "mac"
    assert signed.open().origin == "certificate"


# --- nobody who made it ----------------------------------------------------------------------


def unsigned(octets: bytes, keys: Any = ()) -> cms.Unsigned:
    return cmcodec.load(octets).open_unsigned(keys)


def refused_unsigned(octets: bytes, keys: Any = ()) -> tuple[str, str]:
    found = refusal(lambda: unsigned(octets, keys))
    assert found is not None
    return found[0], found[1]


NO_SIGNATURE = identifier(oids.ID_ALG_NO_SIGNATURE, b"\x05\x00")


def no_signature(**fields: Any) -> bytes:
    signer = Signer(
        **{"sid": BOB.by_ski(), "algorithm": NO_SIGNATURE, "signature": bytes(20)} | fields
    )
    return signed_by(signer, certificates=()).encode()


def test_no_signature() -> None:
    """R-184: what id-alg-noSignature is over has its digest, and nobody who made it."""
    found = unsigned(no_signature())
    assert (found.origin, [layer.kind for layer in found.layers]) == ("none", ["signed"])
    assert found.layers[0].algorithm == "id-alg-noSignature"
    assert found.unverified_content == cmcodec.load(SIGNED).unverified_content
    assert not isinstance(found, cms.Opened)
    assert refused(no_signature(), ()) == invalid("no_signature")
    assert unsigned(no_signature(signature=b"ignored")).origin == "none"


def test_no_signature_with_a_wrong_digest() -> None:
    """V5, V6: digest and content type are checked, which is all there is."""
    wrong = attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, bytes(64)))
    kind = content_type_attribute(oids.ID_CCT_PKI_DATA)
    assert refused_unsigned(no_signature(attributes=(kind, wrong)))[1] == "digest_mismatch"
    other = content_type_attribute(oids.ID_CCT_PKI_RESPONSE)
    answer = refused_unsigned(no_signature(attributes=(other, wrong)))
    assert answer[1] == "content_type_mismatch"
    assert refused_unsigned(no_signature(attributes=(kind,)))[1] == "attribute_missing"
    assert refused_unsigned(no_signature(without_attributes=True))[1] == "attribute_missing"


def test_no_signer() -> None:
    """RFC 10002 §3.2, §6.11: no SignerInfo, and a content."""
    for content, kind in (
        (pki_data(), oids.ID_CCT_PKI_DATA),
        (pki_response(), oids.ID_CCT_PKI_RESPONSE),
    ):
        found = unsigned(signed_data(content, kind))
        assert (found.layers, found.origin) == ((), "none")
        assert found.message.to_der() == signed_data(content, kind)
    for octets, reason in [
        (Message(None, signers=(), certificates=()).encode(), "content_missing"),
        (Message(None, oids.ID_DATA, signers=(), certificates=()).encode(), "wrong_content_type"),
        (pkcs10(), "wrong_content_type"),
        (Authenticated().encode(), "wrong_content_type"),
    ]:
        assert refused_unsigned(octets) == invalid(reason)


def test_somebody_signed() -> None:
    """What somebody signed is to be verified, a signature that is wrong too."""
    for octets in (
        SIGNED,
        signed_by(Signer(signature=bytes(64))).encode(),
        signed_by(
            Signer(),
            Signer(sid=BOB.by_ski(), algorithm=NO_SIGNATURE, signature=b""),
        ).encode(),
        resigned("EnvelopedData", sealed("EnvelopedData")),
    ):
        assert refused_unsigned(octets, RSA)[0] == "VerificationError"


@both
@pytest.mark.parametrize("inner", [no_signature(), signed_data()])
def test_nobody_inside_an_envelope(envelope: str, inner: bytes) -> None:
    """An envelope around it proves nothing of who made it."""
    found = unsigned(sealed(envelope, inner), RSA)
    assert found.layers[0].kind == LAYER[envelope]
    assert found.origin == "none"
    expected = (
        FAILED
        if envelope == "EnvelopedData"
        else invalid("no_signer" if inner == signed_data() else "no_signature")
    )
    assert refused(sealed(envelope, inner)) == expected
    signed = refused_unsigned(sealed(envelope), RSA)
    assert signed == FAILED or envelope == "AuthEnvelopedData"


def test_a_wrong_proof_of_nobody() -> None:
    """R6: a wrong proof of possession fails what nobody signed too."""
    content = pki_data(requests=[tcr(3, pkcs10(signature=bytes(64)))])
    assert refused_unsigned(signed_data(content)) == invalid("pop_invalid")


# --- making ----------------------------------------------------------------------------------


def test_r231_what_is_not_encrypted() -> None:
    """R-231, R-070: an envelope is around a SignedData over a PKIData or PKIResponse."""
    twice = resigned("AuthEnvelopedData", sealed("AuthEnvelopedData"))
    certs_only = Message(None, oids.ID_DATA, signers=(), certificates=()).encode()
    for octets, rule in [
        (pkcs10(), None),
        (sealed("EnvelopedData"), "R-231"),
        (Authenticated().encode(), "R-231"),
        (twice, "R-070"),
        (certs_only, "R-070"),
    ]:
        with pytest.raises(CMCError) as caught:
            cms.encrypt(octets, RECIPIENT)
        assert getattr(caught.value, "rule", None) in (rule, "R-231", "V1")


def test_r072_what_is_not_signed_around() -> None:
    """R-072, R-231: option 2 is around an envelope of a SignedData."""
    data = Enveloped(b"value", content_type=oids.ID_DATA).encode()
    for octets, rule in [(SIGNED, "R-072"), (Authenticated().encode(), "R-072"), (data, "R-231")]:
        with pytest.raises(ForbiddenError) as caught:
            cms.sign_envelope(octets, real("ed25519"))
        assert caught.value.rule == rule


@both
def test_r072_made_here(envelope: str) -> None:
    """R-070, R-072: what is made here opens here, strictly DER."""
    one = cms.encrypt(SIGNED, RECIPIENT, algorithm=CIPHERS[envelope])
    two = cms.sign_envelope(one, real("p-384"), certificates=[certificate("ed25519")])
    for octets in (one, two):
        message = cmcodec.load(octets, strict=True)
        assert message.to_der() == octets
        assert message.open(RSA).message.to_der() == SIGNED
    assert len(cmcodec.load(two).certificates) == 2


def _with_odd_key() -> bytes:
    """A certificate with a key of an algorithm that nobody knows."""
    made = certificate("ed25519").public_bytes(Encoding.DER)
    return made.replace(oid(oids.ID_ED25519), oid("1.3.101.99"))


def test_wrong_arguments() -> None:
    """Wrong types, names and numbers are told before anything is made."""
    message = cmcodec.load(SIGNED)
    rsa = key("rsa-2048").public_key()
    named: dict[str, Any] = {"key_identifier": b"x"}
    for act, expected in [
        (lambda: message.open(legacy=1), TypeError),  # type: ignore[arg-type]
        (lambda: message.open_unsigned(legacy=1), TypeError),  # type: ignore[arg-type]
        (lambda: cms.decrypt(sealed("EnvelopedData"), [key("rsa-2048")]), TypeError),
        (lambda: cms.decrypt(SIGNED, RSA), VerificationError),
        (lambda: cms.decrypt(pkcs10(), RSA), VerificationError),
        (lambda: cms.encrypt(SIGNED, []), ValueError),
        (lambda: cms.encrypt(SIGNED, [rsa]), TypeError),
        (lambda: cms.encrypt(SIGNED, [RECIPIENT] * 65), LimitError),
        (lambda: cms.encrypt(SIGNED, RECIPIENT, algorithm="id-aes256-CCM"), EncodeError),
        (lambda: cms.encrypt(SIGNED, RECIPIENT, algorithm="des-ede3-cbc"), EncodeError),
        (lambda: cms.authenticate(types.Data(b""), RECIPIENT), EncodeError),  # type: ignore[arg-type]
        (
            lambda: cms.authenticate(
                response(), Recipient.from_password(b"x", iterations=1), mac="id-hmacWithSHA1"
            ),
            EncodeError,
        ),
        (lambda: Recipient.from_public_key(rsa), TypeError),
        (lambda: Recipient.from_public_key(rsa, **named, wrap="id-aes256-CBC"), EncodeError),
        (lambda: Recipient.from_public_key(rsa, **named, algorithm="id-alg-ESDH"), EncodeError),
        (
            lambda: Recipient.from_public_key(key("rsa-1024").public_key(), **named),
            EncodeError,
        ),
        (lambda: Recipient.from_public_key(key("ed25519").public_key(), **named), TypeError),
        (lambda: Recipient.from_public_key(key("secp256k1").public_key(), **named), EncodeError),
        (
            lambda: Recipient.from_public_key(
                key("p-256").public_key(), **named, algorithm="dhSinglePass-stdDH-sha1kdf-scheme"
            ),
            EncodeError,
        ),
        (lambda: Recipient.from_certificate(certificate("ed25519")), TypeError),
        (lambda: Recipient.from_certificate(b"none"), EncodeError),
        (lambda: Recipient.from_password("text"), TypeError),  # type: ignore[arg-type]
        (lambda: Recipient.from_password(b"x", prf="id-hmacWithSHA1"), EncodeError),
        (lambda: Recipient.from_password(b"x", wrap="des-ede3-cbc"), EncodeError),
        (lambda: Recipient.from_password(b"x", iterations=0), LimitError),
        (lambda: Recipient.from_password(b"x", iterations=1_000_001), LimitError),
        (lambda: Recipient.from_kek(bytes(15), b"x"), ValueError),
        (lambda: RecipientKey.from_kek(bytes(15), b"x"), ValueError),
        (lambda: RecipientKey.from_kek("text", b"x"), TypeError),  # type: ignore[arg-type]
        (lambda: RecipientKey.from_password("text"), TypeError),  # type: ignore[arg-type]
        (lambda: RecipientKey.from_private_key(key("ed25519")), TypeError),
        (lambda: RecipientKey.from_private_key(key("secp256k1")), TypeError),
        (lambda: RecipientKey.from_private_key(rsa), TypeError),
        (lambda: RecipientKey.from_private_key(key("rsa-2048"), b"none"), EncodeError),
        (lambda: RecipientKey.from_private_key(key("rsa-2048"), object()), EncodeError),  # type: ignore[arg-type]
        (lambda: Recipient.from_certificate(_with_odd_key()), EncodeError),
        (lambda: cms.sign_envelope(pkcs10(), real("ed25519")), VerificationError),
        (lambda: RecipientKey.from_callbacks(certificate("rsa-2048")), TypeError),
        (
            lambda: RecipientKey.from_callbacks(
                certificate("ed25519"), agree=lambda spki: spki
            ),
            TypeError,
        ),
    ]:  # fmt: skip
        with pytest.raises(expected):
            act()


def test_types_are_at_the_top() -> None:
    """`Opened`, `Unsigned` and the errors stand at the top too."""
    assert cmcodec.Opened is cms.Opened
    assert cmcodec.Unsigned is cms.Unsigned
    assert cmcodec.DecryptionError is DecryptionError
    assert cmcodec.ForbiddenError is ForbiddenError


def test_curve_of_the_key() -> None:
    """Tests below rely on it: curves by name."""
    assert isinstance(key("p-256").curve, ec.SECP256R1)


@both
def test_r050_r230_what_a_server_answers(envelope: str) -> None:
    """R-050, R-230: one error says that a layer cannot be opened: badMessageCheck, id 0."""
    wrong = RecipientKey.from_private_key(key("rsa-2048", 1), key_identifier=KEY_IDENTIFIER)
    for octets in (sealed(envelope), resigned(envelope, sealed(envelope))):
        assert refused(octets, wrong) == FAILED
        assert refused(octets, ()) == ("DecryptionError", "no_recipient")
        assert opened(octets).origin == "certificate"


@both
def test_r232_encrypted_proofs(envelope: str) -> None:
    """R-124, R-232: either envelope over id-data, as an encryptedPOP holds it, is decrypted."""
    fields: dict[str, Any] = {"content_type": oids.ID_DATA}
    if envelope == "AuthEnvelopedData":
        fields["attributes"] = (content_type_attribute(oids.ID_DATA),)
    octets = ENVELOPES[envelope](b"proof", **fields).encode()
    info = types.ContentInfo.from_der(octets)
    for message in (octets, info, cmcodec.load(octets), bytearray(octets)):
        found = cms.decrypt(message, RSA)
        assert found.unverified_octets == b"proof"
        assert found.authenticated == (envelope == "AuthEnvelopedData")


@both
def test_r196_rsa_with_sha_256(envelope: str) -> None:
    """R-196: signatures with RSA and SHA-256 are made and verified, inside and outside."""
    signer = real("rsa-2048", 1)
    one = cms.encrypt(cms.sign(response(), signer), RECIPIENT, algorithm=CIPHERS[envelope])
    found = opened(cms.sign_envelope(one, signer))
    algorithms = [layer.algorithm for layer in found.layers]
    assert algorithms == [
        "sha256WithRSAEncryption",
        CIPHERS[envelope],
        "sha256WithRSAEncryption",
    ]
