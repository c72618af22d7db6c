"""Proof of possession by decryption (RFC 10002 §6.7)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from cmcodec import cms, oids, types
from cmcodec.asn1 import TLV
from cmcodec.cms.envelopes import seal
from cmcodec.controls import encrypted_pop
from cmcodec.errors import EncodeError, LimitError, VerificationError
from kit.der import identifier, integer, oid, seq, tlv
from kit.diffie_hellman import dh_key
from kit.keys import key
from kit.messages import control, tcr
from kit.proofs import full_request, full_response, vector, wrong
from kit.vectors import shared

POP_FAILED, BAD_ALG = types.CMCFailInfo.POP_FAILED, types.CMCFailInfo.BAD_ALG
BAD_REQUEST = types.CMCFailInfo.BAD_REQUEST
Y32, Y80 = bytes(range(32)), bytes(range(80))
KNOWN = bytes.fromhex(
    "a13d3036020200c93030a5023000a62a300506032b656e032100000102030405060708090a0b0c0d0e0f1011"
    "12131415161718191a1b1c1d1e1fa203810101"
)
"""TaggedRequest crm (id 201, empty subject, X25519 key 00..1f, challengeResp)."""
KNOWN_REQUEST = types.TaggedRequest.from_der(KNOWN)
SHA256_POP = types.AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA256)


def spki(private: Any) -> bytes:
    octets: bytes = private.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return octets


def request(private: Any, *, body_part_id: int = 3, ski: bytes | None = b"\x11" * 20) -> bytes:
    """A CRMF request that asks to be challenged."""
    public = types.SubjectPublicKeyInfo.from_der(spki(private)).to_der()
    extension = b""
    if ski is not None:
        value = seq(oid(oids.ID_CE_SUBJECT_KEY_IDENTIFIER), tlv(0x04, tlv(0x04, ski)))
        extension = tlv(0xA9, value)
    inner = public[4:] if public[1] == 0x82 else public[3:] if public[1] == 0x81 else public[2:]
    template = seq(tlv(0xA6, inner), extension)
    return tlv(0xA1, seq(integer(body_part_id), template), tlv(0xA2, tlv(0x81, b"\1")))


def tagged(private: Any, **more: Any) -> types.TaggedRequest:
    return types.TaggedRequest.from_der(request(private, **more))


KEYS = {
    "rsa": lambda: key("rsa-2048"),
    "p-256": lambda: key("p-256"),
    "p-521": lambda: key("p-521"),
    "x25519": lambda: x25519.X25519PrivateKey.from_private_bytes(b"\5" * 32),
    "dh": dh_key,
    "x448": lambda: x448.X448PrivateKey.from_private_bytes(b"\5" * 56),
}


# --- known answers ---------------------------------------------------------------------------


def test_r_124_known_witness() -> None:
    """R-124: POP witness SHA-256(y32)."""
    made, value = encrypted_pop.challenge(KNOWN_REQUEST, value=Y32)
    assert value == Y32
    assert made.witness.hex() == "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
    assert made.witness_alg_id == types.AlgorithmIdentifier(algorithm=oids.ID_SHA256)
    assert made.the_pop_alg_id == SHA256_POP
    assert made.request.to_der() == KNOWN


@pytest.mark.parametrize(
    ("algorithm", "value", "the_pop"),
    [
        (
            oids.ID_HMAC_WITH_SHA256,
            Y32,
            "7a6114bb9fcb318e89c8ca73cffa9654999ef7040b496805d4d71ec4f5b1278a",
        ),
        (
            oids.ID_HMAC_WITH_SHA256,
            Y80,
            "095d5bcde853dfb59871ed7206524211ea5040380ec5f5a34c404dd9b178c5b3",
        ),
        (oids.ID_HMAC_WITH_SHA1, Y32, "a82955593e78058b2750bec28ecfbc052c2a2a10"),
        (oids.HMAC_SHA1, Y32, "a82955593e78058b2750bec28ecfbc052c2a2a10"),
    ],
    ids=["HMAC-SHA256(y32)", "HMAC-SHA256(y80 cut to 64)", "HMAC-SHA1(y32)", "hMAC-SHA1(y32)"],
)
def test_r_128_known_answers(algorithm: str, value: bytes, the_pop: str) -> None:
    """R-128, R-129: thePOP over the TaggedRequest with its tag, under 64 octets at most."""
    proof = types.DecryptedPOP(
        body_part_id=201,
        the_pop_alg_id=types.AlgorithmIdentifier(algorithm=algorithm),
        the_pop=bytes.fromhex(the_pop),
    )
    message = full_request([control(1, 10, proof)], [KNOWN])
    encrypted_pop.verify(message, proof, value)
    encrypted_pop.verify(message.open(request_keys="all"), proof, value)
    for other in (value[::-1], value[:-1] if len(value) < 64 else value[:63], b""):
        assert wrong(lambda v=other: encrypted_pop.verify(message, proof, v)) == (
            "pop_wrong",
            POP_FAILED,
            (201,),
        )


def test_stateless_known_answer() -> None:
    """RFC 10002 §6.7: stateless y is HMAC-SHA256 of the request under the seed."""
    value = encrypted_pop.stateless_value(b"\xff" * 32, KNOWN_REQUEST)
    assert value.hex() == "43f4dd18adb34423bac7e596b39d9bf6bc3da92ec7a66a74bf15113e82c4db6e"
    with pytest.raises(ValueError, match="secret"):
        encrypted_pop.stateless_value(b"", KNOWN_REQUEST)


def test_r_128_another_implementation() -> None:
    """R-127, R-128: BouncyCastle's challenge has BouncyCastle's answer."""
    (challenge,) = (
        value
        for _, value in vector("controls/09-encryptedPOP.signed.der")
        .open()
        .find("id-cmc-encryptedPOP")
    )
    private = load_der_private_key(shared("keys/enc-rsa-key.p8"), None)
    opener = cms.RecipientKey.from_private_key(private)
    answer = encrypted_pop.answer(challenge, opener, 3)
    assert answer == types.DecryptedPOP.from_der(shared("controls/10-decryptedPOP.value.der"))


# --- challenge and answer --------------------------------------------------------------------


@pytest.mark.parametrize("content", ["id-aes256-GCM", "id-aes128-GCM", "id-aes256-CBC"])
@pytest.mark.parametrize("kind", KEYS)
def test_r_123_challenge_and_answer(kind: str, content: str) -> None:
    """R-123, R-124, R-128: keys of every kind prove that they decrypt."""
    private = KEYS[kind]()
    octets = request(private)
    made, value = encrypted_pop.challenge(types.TaggedRequest.from_der(octets), content=content)
    assert len(value) == 32
    is_gcm = content.endswith("GCM")
    assert made.cms.content_type == (
        oids.ID_CT_AUTH_ENVELOPED_DATA if is_gcm else oids.ID_ENVELOPED_DATA
    )
    received = types.EncryptedPOP.from_der(made.to_der(), strict=True)
    opener = cms.RecipientKey.from_private_key(private)
    assert cms.decrypt(received.cms, opener).content_type == oids.ID_DATA
    again = types.TaggedRequest.from_der(octets)
    answer = encrypted_pop.answer(received, opener, 3)
    assert answer.body_part_id == 3
    assert answer.the_pop_alg_id == made.the_pop_alg_id
    message = full_request([control(1, 10, answer)], [again.to_der()])
    encrypted_pop.verify(message, answer, value)
    full_response([control(1, 9, made)])


def test_r_125_recipient_by_key_identifier() -> None:
    """R-125: the SubjectKeyIdentifier of the request names the recipient, in both forms."""
    private = KEYS["rsa"]()
    made, _ = encrypted_pop.challenge(tagged(private, ski=b"id"))
    (info,) = made.cms.content.recipient_infos
    assert info.ktri.rid == types.RecipientIdentifier(subject_key_identifier=b"id")
    assert info.ktri.version == 2
    made, _ = encrypted_pop.challenge(tagged(KEYS["p-256"](), ski=b"id"))
    (info,) = made.cms.content.recipient_infos
    (each,) = info.kari.recipient_encrypted_keys
    assert each.rid.r_key_id == types.RecipientKeyIdentifier(subject_key_identifier=b"id")
    opener = cms.RecipientKey.from_private_key(KEYS["p-256"](), key_identifier=b"id")
    encrypted_pop.answer(made, opener, 1)


@pytest.mark.parametrize("kind", ["rsa", "x25519"])
def test_r_126_recipient_by_body_part_id(kind: str) -> None:
    """R-126: without one, the empty name and the body part id of the request."""
    named = types.IssuerAndSerialNumber(issuer=types.Name(rdn_sequence=()), serial_number=77)
    private = KEYS[kind]()
    plain = request(private, body_part_id=77, ski=None)
    made, _ = encrypted_pop.challenge(types.TaggedRequest.from_der(plain), content="id-aes128-CBC")
    (info,) = made.cms.content.recipient_infos
    rid = info.ktri.rid if info.ktri else info.kari.recipient_encrypted_keys[0].rid
    assert rid.issuer_and_serial_number == named
    encrypted_pop.answer(made, cms.RecipientKey.from_private_key(private), 1)


def test_r_126_an_identifier_that_is_none() -> None:
    """R-126: an extension that holds no OCTET STRING names nobody."""
    private = KEYS["x25519"]()
    value = seq(oid(oids.ID_CE_SUBJECT_KEY_IDENTIFIER), tlv(0x04, b"\5\0"))
    public = spki(private)
    template = seq(tlv(0xA6, public[2:]), tlv(0xA9, value))
    octets = tlv(0xA1, seq(integer(5), template), tlv(0xA2, tlv(0x81, b"\1")))
    made, _ = encrypted_pop.challenge(types.TaggedRequest.from_der(octets))
    (info,) = made.cms.content.recipient_infos
    assert info.kari.recipient_encrypted_keys[0].rid.issuer_and_serial_number.serial_number == 5


def test_a_pkcs10_request_is_challenged_too() -> None:
    """R-123: what counts is the key, not the form."""
    octets = tcr(4, pkcs10_of(KEYS["rsa"]()))
    made, value = encrypted_pop.challenge(types.TaggedRequest.from_der(octets))
    opener = cms.RecipientKey.from_private_key(KEYS["rsa"]())
    answer = encrypted_pop.answer(made, opener, 4)
    encrypted_pop.verify(full_request([], [octets]), answer, value)


def pkcs10_of(private: Any) -> bytes:
    info = seq(integer(0), seq(), spki(private), tlv(0xA0))
    none = identifier(oids.ID_ALG_NO_SIGNATURE, b"\5\0")
    return seq(info, none, tlv(0x03, b"\0", tlv(0x04, b"\0" * 20)))


def test_random_is_the_callers() -> None:
    """Chance comes from the caller."""
    wanted = []

    def random(octets: int) -> bytes:
        wanted.append(octets)
        return bytes(octets)

    made, value = encrypted_pop.challenge(tagged(KEYS["rsa"]()), random=random)
    assert wanted == [32, 12, 32]
    assert value == bytes(32)
    assert made.cms.content.auth_encrypted_content_info.encrypted_content is not None


@pytest.mark.parametrize(
    ("private", "reason"),
    [
        (ed25519.Ed25519PrivateKey.from_private_bytes(b"\1" * 32), "unsupported_algorithm"),
        (key("rsa-1024"), "key_rejected"),
        (key("secp256k1"), "unsupported_algorithm"),
    ],
    ids=["Ed25519", "RSA-1024", "secp256k1"],
)
def test_a_key_that_nothing_is_encrypted_for(private: Any, reason: str) -> None:
    """Rule V9: keys that sign only, short ones, and curves that are not on offer."""
    with pytest.raises(EncodeError, match=reason):
        encrypted_pop.challenge(tagged(private))


def test_a_group_that_is_too_large_is_not_challenged() -> None:
    """P7: 4,104 bits; whether that is prime would be tested for long."""
    group = seq(integer((1 << 4104) - 1), integer(2), integer((1 << 256) - 1))
    spki = identifier(oids.DHPUBLICNUMBER, group), tlv(0x03, b"\0", integer(5))
    octets = tlv(0xA1, seq(integer(6), seq(tlv(0xA6, *spki))))
    with pytest.raises(EncodeError, match="key_rejected in publicKey"):
        encrypted_pop.challenge(types.TaggedRequest.from_der(octets))


def test_requests_without_a_key_are_not_challenged() -> None:
    """A template without a key, a request of another kind, and octets that are no key."""
    other = tlv(0xA2, integer(6), oid(oids.ID_DATA), seq())
    without = tlv(0xA1, seq(integer(6), seq()), tlv(0xA2, tlv(0x81, b"\1")))
    for octets in (other, without):
        with pytest.raises(EncodeError, match="bad_value in publicKey"):
            encrypted_pop.challenge(types.TaggedRequest.from_der(octets))
    broken = seq(seq(tlv(0x06, b"\x2b\x65\x6e")), tlv(0x03, b"\0\1"))
    octets = tlv(0xA1, seq(integer(6), seq(tlv(0xA6, broken[2:]))))
    with pytest.raises(EncodeError, match="key_rejected in publicKey"):
        encrypted_pop.challenge(types.TaggedRequest.from_der(octets))


def test_arguments_of_a_challenge() -> None:
    """Names that are not on offer, and a value that everybody has."""
    with pytest.raises(ValueError, match="value"):
        encrypted_pop.challenge(KNOWN_REQUEST, value=b"")
    for argument, name in (
        ("hash", "id-sha224"),
        ("mac", "id-sha256"),
        ("content", "des-ede3-cbc"),
    ):
        with pytest.raises(EncodeError, match="unsupported_algorithm"):
            encrypted_pop.challenge(KNOWN_REQUEST, **{argument: name})  # type: ignore[arg-type]


# --- wrong challenges ------------------------------------------------------------------------


def challenged(**more: Any) -> types.EncryptedPOP:
    return encrypted_pop.challenge(tagged(KEYS["p-256"]()), value=Y32, **more)[0]


OPENER = cms.RecipientKey.from_private_key(key("p-256"))


def refusal(challenge: types.EncryptedPOP, opener: cms.RecipientKey = OPENER) -> Any:
    return wrong(lambda: encrypted_pop.answer(challenge, opener, 3))


def test_r_127_wrong_challenges() -> None:
    """R-127: what cannot be decrypted, and what has another witness: popFailed, and no more."""
    expected = "challenge_wrong", POP_FAILED, (0,)
    good = challenged()
    other = cms.RecipientKey.from_private_key(key("p-256", 1))
    named = cms.RecipientKey.from_private_key(key("p-256"), key_identifier=b"another")
    rsa_key = cms.RecipientKey.from_private_key(key("rsa-2048"))
    for opener in (other, named, rsa_key, cms.RecipientKey.from_password(b"pw")):
        assert refusal(good, opener) == expected
    for witness in (b"", good.witness[:-1], good.witness + b"\0", bytes(32)):
        assert refusal(replace(good, witness=witness)) == expected
    for content in ("id-aes256-GCM", "id-aes256-CBC"):
        whole = challenged(content=content).cms
        broken = whole.to_der()[:-1] + bytes([whole.to_der()[-1] ^ 1])
        changed = types.ContentInfo.from_der(broken)
        assert refusal(replace(good, cms=changed)) == expected


def test_r_124_the_content_is_data() -> None:
    """R-124: a challenge is over id-data, in an envelope."""
    recipient = cms.Recipient.from_public_key(key("p-256").public_key(), key_identifier=b"x")

    def sealed(content_type: str, value: bytes = Y32) -> types.ContentInfo:
        return seal(value, content_type, recipient, "id-aes256-GCM", bytes)

    good = challenged()
    encrypted_pop.answer(replace(good, cms=sealed(oids.ID_DATA)), OPENER, 3)
    expected = "challenge_wrong", POP_FAILED, (0,)
    assert refusal(replace(good, cms=sealed(oids.ID_SIGNED_DATA))) == expected
    plain = types.ContentInfo(content_type=oids.ID_DATA, content=types.Data(Y32))
    assert refusal(replace(good, cms=plain)) == expected
    nothing = sealed(oids.ID_DATA, b"")
    empty = replace(good, cms=nothing, witness=hashlib.sha256(b"").digest())
    assert refusal(empty) == expected


def test_algorithms_of_a_challenge() -> None:
    """RFC 10002 §6.1.4: badAlg for a digest or MAC that is not on offer."""
    sha224 = types.AlgorithmIdentifier(algorithm=oids.ID_SHA224)
    for field in ("the_pop_alg_id", "witness_alg_id"):
        bad = replace(challenged(), **{field: sha224})
        assert refusal(bad) == ("unsupported_algorithm", BAD_ALG, (0,))
    old = challenged(mac="id-hmacWithSHA1", hash="id-sha1")
    answer = encrypted_pop.answer(old, OPENER, 3)
    assert answer.the_pop == hmac.digest(Y32, old.request.to_der(), "sha1")


def test_rule_p10_a_derivation_that_takes_too_long() -> None:
    """Rule P10: a challenge by password does not occupy the client."""
    recipient = cms.Recipient.from_password(b"pw", iterations=1)
    made = seal(Y32, oids.ID_DATA, recipient, "id-aes256-GCM", bytes)
    layer = made.content
    (info,) = layer.recipient_infos
    parameters = types.PBKDF2Params(
        salt=types.PBKDF2Salt(specified=b"salt"), iteration_count=1_000_001
    )
    derivation = types.AlgorithmIdentifier(
        algorithm=oids.ID_PBKDF2, parameters=TLV(parameters.to_der())
    )
    info = replace(info, pwri=replace(info.pwri, key_derivation_algorithm=derivation))
    slow = replace(made, content=replace(layer, recipient_infos=(info,)))
    with pytest.raises(LimitError):
        encrypted_pop.answer(
            replace(challenged(), cms=slow), cms.RecipientKey.from_password(b"pw"), 3
        )


# --- wrong answers ---------------------------------------------------------------------------


def test_r_130_wrong_answers() -> None:
    """R-130: another request, another octet, a short value: pop_wrong, and the request."""
    good = encrypted_pop.answer(challenged(), OPENER, 3)
    octets = request(key("p-256"))
    message = full_request([control(1, 10, good)], [octets, tcr(4)])
    encrypted_pop.verify(message, good, Y32)
    expected = "pop_wrong", POP_FAILED, (3,)
    for the_pop in (b"", good.the_pop[:-1], good.the_pop + b"\0", bytes(32)):
        bad = replace(good, the_pop=the_pop)
        assert wrong(lambda a=bad: encrypted_pop.verify(message, a, Y32)) == expected
    elsewhere = replace(good, body_part_id=4)
    assert wrong(lambda: encrypted_pop.verify(message, elsewhere, Y32)) == (
        "pop_wrong",
        POP_FAILED,
        (4,),
    )
    changed = full_request([], [request(key("p-256"), ski=b"other")])
    assert wrong(lambda: encrypted_pop.verify(changed, good, Y32)) == expected
    by_nothing = replace(good, the_pop=hmac.digest(b"", octets, "sha256"))
    assert wrong(lambda: encrypted_pop.verify(message, by_nothing, b"")) == expected
    with pytest.raises(TypeError, match="value"):
        encrypted_pop.verify(message, good, None)  # type: ignore[arg-type]


def test_r_128_the_request_is_there() -> None:
    """R-128: bodyPartID names a request of the new PKIData, or else the control is at fault."""
    good = encrypted_pop.answer(challenged(), OPENER, 9)
    message = full_request([control(5, 10, good), control(6, 10, good)], [request(key("p-256"))])
    expected = "dangling_reference", BAD_REQUEST, (5, 6)
    assert wrong(lambda: encrypted_pop.verify(message, good, Y32)) == expected
    other = replace(good, body_part_id=5)
    assert wrong(lambda: encrypted_pop.verify(message, other, Y32))[2] == (0,)


def test_an_unknown_mac_of_an_answer_is_bad_alg() -> None:
    """RFC 10002 §6.1.4: badAlg, and the control."""
    sha224 = types.AlgorithmIdentifier(algorithm=oids.ID_SHA224)
    bad = types.DecryptedPOP(body_part_id=3, the_pop_alg_id=sha224, the_pop=b"w")
    message = full_request([control(5, 10, bad)], [request(key("p-256"))])
    assert wrong(lambda: encrypted_pop.verify(message, bad, Y32)) == (
        "unsupported_algorithm",
        BAD_ALG,
        (5,),
    )
    with pytest.raises(VerificationError, match="wrong_content_type"):
        encrypted_pop.verify(full_response(), bad, Y32)


@given(seed=st.binary(min_size=1, max_size=80), value=st.none() | st.binary(min_size=1))
def test_what_is_answered_verifies(seed: bytes, value: bytes | None) -> None:
    """R-128, R-129: with values of any length, kept or made of the request again."""
    octets = request(key("p-256"))
    asked = types.TaggedRequest.from_der(octets)
    sent = encrypted_pop.stateless_value(seed, asked) if value is None else value
    made, returned = encrypted_pop.challenge(asked, value=sent)
    assert returned == sent
    answer = encrypted_pop.answer(made, OPENER, 3)
    message = full_request([control(1, 10, answer)], [octets])
    (again,) = message.unverified_content.req_sequence  # type: ignore[union-attr]
    checked = encrypted_pop.stateless_value(seed, again) if value is None else value
    encrypted_pop.verify(message, answer, checked)
