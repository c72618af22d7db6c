"""Encrypted and MACed layers made octet by octet: a second implementation, to test the first.

Nothing of the package but its OBJECT IDENTIFIERs takes part. Derivations and key wraps are written
out here; only block ciphers, RSA and curves are those of ``cryptography``.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, x448, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cmcodec import oids

from . import keys
from .der import attribute, identifier, integer, oid, seq, set_of, tlv
from .messages import EMPTY_PKI_DATA, content_info

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD = b"correct horse battery"
WRAP = identifier(oids.ID_AES256_WRAP)
CEK, MAC_KEY = bytes(range(0x30, 0x50)), bytes(range(0x60, 0x80))
IV, NONCE = bytes(range(16)), bytes(range(12))
BLOCK = 16

# --- ciphers ---------------------------------------------------------------------------------


def cbc(key: bytes, iv: bytes, octets: bytes, *, decrypt: bool = False) -> bytes:
    """AES-CBC without padding."""
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    context = cipher.decryptor() if decrypt else cipher.encryptor()
    return context.update(octets) + context.finalize()


def padded(octets: bytes, block: int = BLOCK) -> bytes:
    missing = block - len(octets) % block
    return octets + bytes([missing]) * missing


def key_wrap(kek: bytes, key: bytes) -> bytes:
    """RFC 3394 §2.2.1."""
    block = Cipher(algorithms.AES(kek), modes.ECB()).encryptor()
    a, parts = b"\xa6" * 8, [key[i : i + 8] for i in range(0, len(key), 8)]
    for step in range(6 * len(parts)):
        index = step % len(parts)
        made = block.update(a + parts[index])
        a = (int.from_bytes(made[:8], "big") ^ (step + 1)).to_bytes(8, "big")
        parts[index] = made[8:]
    return a + b"".join(parts)


def pwri_kek_wrap(kek: bytes, iv: bytes, key: bytes, filling: bytes = b"\xaa" * 64) -> bytes:
    """RFC 3211 §2.3.1."""
    plain = bytes([len(key)]) + bytes(octet ^ 0xFF for octet in key[:3]) + key
    size = max(2 * BLOCK, -(-len(plain) // BLOCK) * BLOCK)
    once = cbc(kek, iv, plain + filling[: size - len(plain)])
    return cbc(kek, once[-BLOCK:], once)


# --- derivations -----------------------------------------------------------------------------


def shared_info(wrap: bytes, ukm: bytes | None, octets: int = 32) -> bytes:
    """ECC-CMS-SharedInfo (RFC 5753 §7.2)."""
    party = b"" if ukm is None else tlv(0xA0, tlv(0x04, ukm))
    return seq(wrap, party, tlv(0xA2, tlv(0x04, (8 * octets).to_bytes(4, "big"))))


def x963(digest: str, secret: bytes, info: bytes, octets: int = 32) -> bytes:
    """SEC 1 §3.6.1."""
    made = b""
    counter = 1
    while len(made) < octets:
        made += hashlib.new(digest, secret + counter.to_bytes(4, "big") + info).digest()
        counter += 1
    return made[:octets]


def hkdf(digest: str, secret: bytes, salt: bytes | None, info: bytes, octets: int = 32) -> bytes:
    """RFC 5869 §2."""
    size = hashlib.new(digest).digest_size
    extracted = hmac.digest(salt or bytes(size), secret, digest)
    made, last = b"", b""
    for counter in range(1, 256):
        last = hmac.digest(extracted, last + info + bytes([counter]), digest)
        made += last
        if len(made) >= octets:
            break
    return made[:octets]


def esdh(secret: bytes, wrap: str, ukm: bytes | None = None, octets: int = 32) -> bytes:
    """RFC 2631 §2.1.2."""
    party = b"" if ukm is None else tlv(0xA0, tlv(0x04, ukm))
    public = tlv(0xA2, tlv(0x04, (8 * octets).to_bytes(4, "big")))
    made = b""
    for counter in range(1, 4):
        specific = seq(oid(wrap), tlv(0x04, counter.to_bytes(4, "big")))
        made += hashlib.sha1(secret + seq(specific, party, public)).digest()
    return made[:octets]


def kem_info(wrap: bytes, octets: int = 32, ukm: bytes | None = None) -> bytes:
    """CMSORIforKEMOtherInfo (RFC 9629 §5)."""
    return seq(wrap, integer(octets), b"" if ukm is None else tlv(0xA0, tlv(0x04, ukm)))


# --- recipients ------------------------------------------------------------------------------

KEY_IDENTIFIER = b"recipient"
BY_KEY_IDENTIFIER = tlv(0x80, KEY_IDENTIFIER)
RSA = identifier(oids.RSA_ENCRYPTION, b"\x05\x00")


def by_serial(serial: int = 7) -> bytes:
    """An IssuerAndSerialNumber."""
    return seq(seq(set_of(seq(oid(oids.ID_AT_COMMON_NAME), tlv(0x0C, b"CA")))), integer(serial))


def oaep(digest: str, mask: str | None = None, *more: bytes) -> bytes:
    """RSAES-OAEP-params, DEFAULTs left out."""
    numbers = {
        "sha1": oids.ID_SHA1,
        "sha224": oids.ID_SHA224,
        "sha256": oids.ID_SHA256,
        "sha384": oids.ID_SHA384,
        "sha512": oids.ID_SHA512,
    }
    hashed = b"" if digest == "sha1" else tlv(0xA0, identifier(numbers[digest]))
    masked = b""
    if (mask or digest) != "sha1":
        mgf1 = identifier(oids.ID_MGF1, identifier(numbers[mask or digest]))
        masked = tlv(0xA1, mgf1)
    return identifier(oids.ID_RSAES_OAEP, seq(hashed, masked, *more))


def oaep_padding(digest: str, mask: str | None = None, label: bytes | None = None) -> Any:
    made = getattr(hashes, digest.upper())()
    return padding.OAEP(padding.MGF1(getattr(hashes, (mask or digest).upper())()), made, label)


def ktri(
    public: Any = None, cek: bytes = CEK, *, rid: bytes = BY_KEY_IDENTIFIER,
    algorithm: bytes = RSA, pad: Any = None, version: int | None = None,
    encrypted: bytes | None = None,
) -> bytes:  # fmt: skip
    public = public or keys.key("rsa-2048").public_key()
    if encrypted is None:
        encrypted = public.encrypt(cek, pad or padding.PKCS1v15())
    number = (2 if rid[0] == 0x80 else 0) if version is None else version
    return seq(integer(number), rid, algorithm, tlv(0x04, encrypted))


def spki_parts(public: Any) -> tuple[bytes, bytes]:
    """Algorithm and octets of a public key of a curve."""
    if isinstance(public, ec.EllipticCurvePublicKey):
        curve = {"secp256r1": oids.SECP256R1, "secp384r1": oids.SECP384R1}
        number = curve.get(public.curve.name, oids.SECP521R1)
        octets = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return identifier(oids.ID_EC_PUBLIC_KEY, oid(number)), octets
    number = oids.ID_X25519 if isinstance(public, x25519.X25519PublicKey) else oids.ID_X448
    return identifier(number), public.public_bytes_raw()


def agreement(public: Any) -> tuple[bytes, bytes]:
    """A new originatorKey of the recipient's kind, and the secret."""
    if isinstance(public, ec.EllipticCurvePublicKey):
        private: Any = ec.generate_private_key(public.curve)
        secret = private.exchange(ec.ECDH(), public)
    else:
        is_x25519 = isinstance(public, x25519.X25519PublicKey)
        private = (x25519.X25519PrivateKey if is_x25519 else x448.X448PrivateKey).generate()
        secret = private.exchange(public)
    algorithm, octets = spki_parts(private.public_key())
    return tlv(0xA1, algorithm, tlv(0x03, b"\0", octets)), secret


def rekey(encrypted: bytes, rid: bytes | None = None) -> bytes:
    """A RecipientEncryptedKey; ``rid`` is rKeyId by default."""
    return seq(rid or tlv(0xA0, tlv(0x04, KEY_IDENTIFIER)), tlv(0x04, encrypted))


def kari(
    originator: bytes, scheme: str, *rekeys: bytes, wrap: bytes = WRAP, ukm: bytes | None = None,
    version: int = 3,
) -> bytes:  # fmt: skip
    carried = b"" if ukm is None else tlv(0xA1, tlv(0x04, ukm))
    algorithm = identifier(scheme, wrap)
    return tlv(
        0xA1, integer(version), tlv(0xA0, originator), carried, algorithm, seq(*rekeys)
    )  # fmt: skip


SCHEMES = {
    oids.DH_SINGLE_PASS_STD_DH_SHA1KDF_SCHEME: ("x963", "sha1"),
    oids.DH_SINGLE_PASS_STD_DH_SHA224KDF_SCHEME: ("x963", "sha224"),
    oids.DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME: ("x963", "sha256"),
    oids.DH_SINGLE_PASS_STD_DH_SHA384KDF_SCHEME: ("x963", "sha384"),
    oids.DH_SINGLE_PASS_STD_DH_SHA512KDF_SCHEME: ("x963", "sha512"),
    oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA256_SCHEME: ("hkdf", "sha256"),
    oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA384_SCHEME: ("hkdf", "sha384"),
    oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA512_SCHEME: ("hkdf", "sha512"),
}


def derived(scheme: str, secret: bytes, wrap: bytes, ukm: bytes | None, octets: int) -> bytes:
    """The key-encryption key of a scheme."""
    kind, digest = SCHEMES[scheme]
    info = shared_info(wrap, ukm, octets)
    if kind == "x963":
        return x963(digest, secret, info, octets)
    return hkdf(digest, secret, ukm, info, octets)


def agreed(
    public: Any, scheme: str, cek: bytes = CEK, *, wrap: bytes = WRAP, octets: int = 32,
    ukm: bytes | None = None, rid: bytes | None = None,
) -> bytes:  # fmt: skip
    """A KeyAgreeRecipientInfo for one public key."""
    originator, secret = agreement(public)
    kek = derived(scheme, secret, wrap, ukm, octets)
    return kari(originator, scheme, rekey(key_wrap(kek, cek), rid), wrap=wrap, ukm=ukm)


def kekri(
    kek: bytes = bytes(32), cek: bytes = CEK, *, wrap: bytes = WRAP, name: bytes = b"kek-1",
    version: int = 4,
) -> bytes:  # fmt: skip
    return tlv(
        0xA2, integer(version), seq(tlv(0x04, name)), wrap, tlv(0x04, key_wrap(kek, cek))
    )  # fmt: skip


def pbkdf2(
    salt: bytes = b"12345678", iterations: int = 10, length: int | None = None,
    prf: bytes = identifier(oids.ID_HMAC_WITH_SHA256), salt_choice: bytes | None = None,
) -> bytes:  # fmt: skip
    """The AlgorithmIdentifier of PBKDF2."""
    parameters = seq(
        salt_choice or tlv(0x04, salt), integer(iterations),
        b"" if length is None else integer(length), prf,
    )  # fmt: skip
    return identifier(oids.ID_PBKDF2, parameters)


def pwri(
    cek: bytes = CEK, *, password: bytes = PASSWORD, digest: str = "sha256",
    salt: bytes = b"12345678",
    iterations: int = 10, wrap: bytes = WRAP, octets: int = 32, derivation: bytes | None = None,
    wrapped: Callable[[bytes, bytes], bytes] = key_wrap, version: int = 0,
) -> bytes:  # fmt: skip
    """A PasswordRecipientInfo; with another ``derivation`` than fits, the key is not to be had."""
    kek = hashlib.pbkdf2_hmac(digest, password, salt, min(iterations, 10_000), octets)
    named = pbkdf2(salt, iterations) if derivation is None else derivation
    carried = b"\xa0" + named[1:] if named else b""
    return tlv(0xA3, integer(version), carried, wrap, tlv(0x04, wrapped(kek, cek)))


def pwri_kek(iv: bytes = IV, cipher: str = oids.ID_AES256_CBC) -> bytes:
    """The AlgorithmIdentifier of id-alg-PWRI-KEK."""
    return identifier(oids.ID_ALG_PWRI_KEK, identifier(cipher, tlv(0x04, iv)))


def kemri(public: Any, number: str, cek: bytes = CEK, /, **changes: bytes) -> bytes:
    """An OtherRecipientInfo with a KEMRecipientInfo; ``changes`` take the place of fields."""
    secret, ciphertext = public.encapsulate()
    kek = hkdf("sha256", secret, None, kem_info(WRAP))
    fields = {
        "version": integer(0),
        "rid": BY_KEY_IDENTIFIER,
        "kem": identifier(number),
        "kemct": tlv(0x04, ciphertext),
        "kdf": identifier(oids.ID_ALG_HKDF_WITH_SHA256),
        "kek_length": integer(32),
        "wrap": WRAP,
        "key": tlv(0x04, key_wrap(kek, cek)),
    } | changes
    return tlv(0xA4, oid(oids.ID_ORI_KEM), seq(*fields.values()))


# --- layers ----------------------------------------------------------------------------------


@dataclass
class Enveloped:
    """An EnvelopedData; a field that is given takes the place of what is right."""

    content: bytes
    recipients: tuple[bytes, ...] = field(default_factory=lambda: (ktri(),))
    content_type: str = oids.ID_SIGNED_DATA
    cipher: bytes = identifier(oids.ID_AES256_CBC, tlv(0x04, IV))
    key: bytes = CEK
    encrypted: bytes | None = None
    version: int | None = None
    originator: bytes = b""
    attributes: bytes = b""

    def encode(self) -> bytes:
        return content_info(oids.ID_ENVELOPED_DATA, self.value())

    def value(self) -> bytes:
        """Without the ContentInfo, as a signature is around it."""
        encrypted = self.encrypted
        if encrypted is None:
            encrypted = cbc(self.key, IV, padded(self.content))
        held = seq(oid(self.content_type), self.cipher, tlv(0x80, encrypted))
        version = self._version() if self.version is None else self.version
        return seq(
            integer(version), self.originator, set_of(*self.recipients), held, self.attributes
        )  # fmt: skip

    def _version(self) -> int:
        if any(each[0] in (0xA3, 0xA4) for each in self.recipients):
            return 3
        plain = all(
            each[0] == 0x30 and each[-1:] and b"\x02\x01\x00" in each[:8]
            for each in self.recipients
        )
        return 0 if plain and not self.attributes and not self.originator else 2


def content_type_attribute(content_type: str = oids.ID_SIGNED_DATA) -> bytes:
    return attribute(oids.ID_CONTENT_TYPE, oid(content_type))


@dataclass
class AuthEnveloped:
    """An AuthEnvelopedData; a field that is given takes the place of what is right."""

    content: bytes
    recipients: tuple[bytes, ...] = field(default_factory=lambda: (ktri(),))
    content_type: str = oids.ID_SIGNED_DATA
    attributes: tuple[bytes, ...] | None = (content_type_attribute(),)
    icv: int = 12
    nonce: bytes = NONCE
    key: bytes = CEK
    cipher: bytes | None = None
    tag: bytes | None = None
    version: int = 0
    sort: bool = True

    def encode(self) -> bytes:
        return content_info(oids.ID_CT_AUTH_ENVELOPED_DATA, self.value())

    def value(self) -> bytes:
        """Without the ContentInfo, as a signature is around it."""
        signed = b""
        if self.attributes is not None:
            signed = set_of(*self.attributes) if self.sort else tlv(0x31, *self.attributes)
        nonce = self.nonce if 8 <= len(self.nonce) <= 128 else NONCE
        sealed = aead.AESGCM(self.key).encrypt(nonce, self.content, signed)
        encrypted, tag = sealed[:-16], sealed[-16:]
        parameters = seq(tlv(0x04, self.nonce), b"" if self.icv == 12 else integer(self.icv))
        cipher = self.cipher or identifier(oids.ID_AES256_GCM, parameters)
        held = seq(oid(self.content_type), cipher, tlv(0x80, encrypted))
        mac = tag[: self.icv] if self.tag is None else self.tag
        return seq(
            integer(self.version), set_of(*self.recipients), held,
            b"\xa1" + signed[1:] if signed else b"", tlv(0x04, mac),
        )  # fmt: skip


@dataclass
class Authenticated:
    """An AuthenticatedData; a field that is given takes the place of what is right."""

    content: bytes | None = EMPTY_PKI_DATA
    recipients: tuple[bytes, ...] = field(default_factory=lambda: (pwri(MAC_KEY),))
    content_type: str = oids.ID_CCT_PKI_DATA
    attributes: tuple[bytes, ...] | None = None
    more: tuple[bytes, ...] = ()
    without_attributes: bool = False
    mac_algorithm: bytes = identifier(oids.ID_HMAC_WITH_SHA256)
    mac_hash: str = "sha256"
    digest_algorithm: bytes | None = identifier(oids.ID_SHA256)
    digest_hash: str = "sha256"
    key: bytes = MAC_KEY
    mac: bytes | None = None
    version: int = 0
    unsigned: bytes = b""
    originator: bytes = b""

    def encode(self) -> bytes:
        content = self.content or b""
        attributes = self.attributes
        if attributes is None:
            digest = tlv(0x04, hashlib.new(self.digest_hash, content).digest())
            attributes = (
                content_type_attribute(self.content_type),
                attribute(oids.ID_MESSAGE_DIGEST, digest),
                *self.more,
            )
        signed = set_of(*attributes)
        covered = content if self.without_attributes else signed
        mac = hmac.digest(self.key, covered, self.mac_hash) if self.mac is None else self.mac
        digest_algorithm = self.digest_algorithm
        held = b"" if self.content is None else tlv(0xA0, tlv(0x04, self.content))
        layer = seq(
            integer(self.version), self.originator, set_of(*self.recipients), self.mac_algorithm,
            b"\xa1" + digest_algorithm[1:] if digest_algorithm else b"",
            seq(oid(self.content_type), held),
            b"" if self.without_attributes else b"\xa2" + signed[1:],
            tlv(0x04, mac), self.unsigned,
        )  # fmt: skip
        return content_info(oids.ID_CT_AUTH_DATA, layer)


@cache
def curve_key(kind: str) -> Any:
    """A private key that only agrees."""
    made = x25519.X25519PrivateKey if kind == "x25519" else x448.X448PrivateKey
    return made.generate()


def signed_value(message: bytes) -> bytes:
    """The SignedData in a ContentInfo, which is what is encrypted."""
    pos = 2 if message[1] < 0x80 else 2 + (message[1] & 0x7F)
    pos += 2 + message[pos + 1]
    return message[pos + (2 if message[pos + 1] < 0x80 else 2 + (message[pos + 1] & 0x7F)) :]


def key_unwrap(kek: bytes, wrapped: bytes) -> bytes:
    """RFC 3394 §2.2.2."""
    block = Cipher(algorithms.AES(kek), modes.ECB()).decryptor()
    a, parts = wrapped[:8], [wrapped[i : i + 8] for i in range(8, len(wrapped), 8)]
    for step in reversed(range(6 * len(parts))):
        index = step % len(parts)
        before = (int.from_bytes(a, "big") ^ (step + 1)).to_bytes(8, "big")
        made = block.update(before + parts[index])
        a, parts[index] = made[:8], made[8:]
    assert a == b"\xa6" * 8
    return b"".join(parts)
