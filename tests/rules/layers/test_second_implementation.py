"""What is made here is opened by a second implementation: asn1crypto reads, kit.layers computes."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from asn1crypto import algos, core
from asn1crypto import cms as asn1crypto_cms
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import aead
from cryptography.hazmat.primitives.serialization import load_der_public_key
from test_recipients import CURVE_KEYS, ml_kem

from cmcodec import cms, oids
from cmcodec.cms import Recipient
from kit import layers
from kit.controls import response
from kit.der import identifier, tlv
from kit.keys import key
from kit.layers import KEY_IDENTIFIER, PASSWORD, signed_value
from kit.messages import Signer, signed_by

SIGNED = signed_by(Signer()).encode()
CIPHERS = [f"id-aes{bits}-{mode}" for mode in ("CBC", "GCM") for bits in (128, 192, 256)]
WRAPS = {f"id-aes{bits}-wrap": bits // 8 for bits in (128, 192, 256)}
DIGESTS = {f"id-hmacWithSHA{bits}": f"sha{bits}" for bits in (256, 384, 512)}


def parts(octets: bytes) -> list[tuple[int, bytes, bytes]]:
    """Tag, content and whole of each element."""
    found = []
    while octets:
        pos = 2
        size = octets[1]
        if size & 0x80:
            pos += size & 0x7F
            size = int.from_bytes(octets[2:pos], "big")
        found.append((octets[0], octets[pos : pos + size], octets[: pos + size]))
        octets = octets[pos + size :]
    return found


def opened(octets: bytes, unwrap: Any) -> bytes:
    """The content of an envelope, whose only recipient ``unwrap`` gets as its elements."""
    ((_, info, _),) = parts(octets)
    _, (_, explicit, _) = parts(info)
    ((_, layer, _),) = parts(explicit)
    _, (_, infos, _), (_, held, _), *rest = parts(layer)
    cek = unwrap(infos)
    _, (_, cipher, _), (_, encrypted, _) = parts(held)
    _, (_, parameters, _) = parts(cipher)
    if not rest:
        plain = layers.cbc(cek, parameters, encrypted, decrypt=True)
        return plain[: -plain[-1]]
    ((_, nonce, _),) = parts(parameters)
    (_, attributes, _), (_, mac, _) = rest
    plain = _xor(cek, nonce, encrypted)
    # Of the tag, which has 16 octets, 12 are there.
    sealed = aead.AESGCM(cek).encrypt(nonce, plain, tlv(0x31, attributes))
    assert sealed[:-16] == encrypted
    assert sealed[-16:-4] == mac
    return plain


def _xor(cek: bytes, nonce: bytes, encrypted: bytes) -> bytes:
    """GCM without its tag: AES in counter mode."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    counter = nonce + (2).to_bytes(4, "big")
    decryptor = Cipher(algorithms.AES(cek), modes.CTR(counter)).decryptor()
    return decryptor.update(encrypted) + decryptor.finalize()


def of_password(infos: bytes) -> bytes:
    """The key of a PasswordRecipientInfo with AES key wrap."""
    ((_, pwri, _),) = parts(infos)
    (_, version, _), (_, derivation, _), (_, wrap, _), (_, encrypted, _) = parts(pwri)
    assert version == b"\0"
    pbkdf2 = algos.KdfAlgorithm.load(tlv(0x30, derivation))
    parameters = pbkdf2["parameters"]
    number = core.ObjectIdentifier.load(wrap[: wrap[1] + 2]).native
    octets = {oids.ID_AES128_WRAP: 16, oids.ID_AES192_WRAP: 24, oids.ID_AES256_WRAP: 32}[number]
    assert parameters["key_length"].native is None
    digest = parameters["prf"]["algorithm"].native
    kek = hashlib.pbkdf2_hmac(
        digest,
        PASSWORD,
        parameters["salt"].native,
        parameters["iteration_count"].native,
        octets,
    )
    return layers.key_unwrap(kek, encrypted)


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("prf", DIGESTS)
@pytest.mark.parametrize("algorithm", CIPHERS)
def test_r199_pbkdf2_and_key_wrap(wrap: str, prf: str, algorithm: str) -> None:
    """R-199: PBKDF2 and AES key wrap, as RFC 10004 has it and no other tool does."""
    wanted = Recipient.from_password(PASSWORD, wrap=wrap, prf=prf, iterations=10)
    octets = cms.encrypt(SIGNED, wanted, algorithm=algorithm)
    assert opened(octets, of_password) == signed_value(SIGNED)


@pytest.mark.parametrize("mac", DIGESTS)
def test_r220_mac(mac: str) -> None:
    """R-025, R-199, R-220: the MAC of an AuthenticatedData, by a password with AES key wrap."""
    made = cms.authenticate(response(), Recipient.from_password(PASSWORD, iterations=10), mac=mac)
    info = asn1crypto_cms.ContentInfo.load(made)
    layer = info["content"]
    assert layer["version"].native == "v0"
    ((_, whole, _),) = parts(made)
    _, (_, explicit, _) = parts(whole)
    ((_, body, _),) = parts(explicit)
    _, (_, infos, _), *_, (tag, attributes, _), (_, value, _) = parts(body)
    assert tag == 0xA2
    cek = of_password(infos)
    assert hmac.digest(cek, tlv(0x31, attributes), DIGESTS[mac]) == value
    named = {each["type"].native: each["values"] for each in layer["auth_attrs"]}
    content = layer["encap_content_info"]["content"].contents
    assert named["message_digest"][0].native == hashlib.new(DIGESTS[mac], content).digest()


@pytest.mark.parametrize("kind", CURVE_KEYS)
@pytest.mark.parametrize("algorithm", CIPHERS)
def test_agreement(kind: str, algorithm: str) -> None:
    """RFC 5753, RFC 8418: the usual scheme of each curve."""
    own = CURVE_KEYS[kind]()

    def unwrap(infos: bytes) -> bytes:
        ((_, kari, _),) = parts(infos)
        version, (_, originator, _), (_, scheme, _), (_, rekeys, _) = parts(kari)
        assert version[1] == b"\3"
        ((_, key_of, _),) = parts(originator)
        (_, _, named), (_, bits, _) = parts(key_of)
        peer: Any = load_der_public_key(tlv(0x30, named, tlv(3, bits)))
        is_point = isinstance(own, ec.EllipticCurvePrivateKey)
        secret = own.exchange(ec.ECDH(), peer) if is_point else own.exchange(peer)
        (_, number, _), (_, _, wrap) = parts(scheme)
        name = core.ObjectIdentifier.load(tlv(6, number)).native
        assert wrap == identifier(oids.ID_AES256_WRAP)
        kek = layers.derived(name, secret, wrap, None, 32)
        ((_, rekey, _),) = parts(rekeys)
        return layers.key_unwrap(kek, parts(rekey)[1][1])

    wanted = Recipient.from_public_key(own.public_key(), key_identifier=KEY_IDENTIFIER)
    octets = cms.encrypt(SIGNED, wanted, algorithm=algorithm)
    assert opened(octets, unwrap) == signed_value(SIGNED)


@pytest.mark.parametrize("name", ["768", "1024"])
@pytest.mark.parametrize("algorithm", CIPHERS)
def test_kem(name: str, algorithm: str) -> None:
    """RFC 9629, RFC 9936: also in AuthEnvelopedData, where BouncyCastle has none."""
    own = ml_kem(name)

    def unwrap(infos: bytes) -> bytes:
        ((_, ori, _),) = parts(infos)
        _, (_, kem, _) = parts(ori)
        version, _, _, (_, kemct, _), _, (_, octets, _), (_, _, wrap), (_, encrypted, _) = parts(
            kem
        )
        assert (version[1], octets) == (b"\0", b"\x20")
        kek = layers.hkdf("sha256", own.decapsulate(kemct), None, layers.kem_info(wrap))
        return layers.key_unwrap(kek, encrypted)

    wanted = Recipient.from_public_key(own.public_key(), key_identifier=KEY_IDENTIFIER)
    octets = cms.encrypt(SIGNED, wanted, algorithm=algorithm)
    assert opened(octets, unwrap) == signed_value(SIGNED)


def test_transport() -> None:
    """R-197: RSA, and a recipient named by key identifier."""
    from cryptography.hazmat.primitives.asymmetric import padding

    own = key("rsa-2048")

    def unwrap(infos: bytes) -> bytes:
        ((_, ktri, _),) = parts(infos)
        version, rid, _, (_, encrypted, _) = parts(ktri)
        assert (version[1], rid[0], rid[1]) == (b"\2", 0x80, KEY_IDENTIFIER)
        return own.decrypt(encrypted, padding.PKCS1v15())

    wanted = Recipient.from_public_key(own.public_key(), key_identifier=KEY_IDENTIFIER)
    for algorithm in CIPHERS:
        octets = cms.encrypt(SIGNED, wanted, algorithm=algorithm)
        assert opened(octets, unwrap) == signed_value(SIGNED)
