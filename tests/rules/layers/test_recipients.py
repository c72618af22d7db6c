"""Recipients: every algorithm, which key fits, bounds, and that no secret shows."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import pprint
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis.vendor.pretty import pretty

import cmcodec
from cmcodec import _backend, cms, oids, types
from cmcodec.algorithms import KEY_WRAPS
from cmcodec.cms import Recipient, RecipientKey, derivation
from cmcodec.errors import DecryptionError, LimitError
from kit import diffie_hellman, layers
from kit.answers import refusal
from kit.der import identifier, integer, oid, seq, set_of, tlv
from kit.keys import certificate, key
from kit.layers import (
    CEK,
    IV,
    KEY_IDENTIFIER,
    PASSWORD,
    Authenticated,
    AuthEnveloped,
    Enveloped,
    agreed,
    by_serial,
    curve_key,
    kari,
    kekri,
    ktri,
    pbkdf2,
    pwri,
    rekey,
    signed_value,
)
from kit.messages import Signer, control, pki_data, signed_by, signed_data

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNED = signed_by(Signer()).encode()
VALUE = signed_value(SIGNED)
RSA = RecipientKey.from_private_key(key("rsa-2048"), key_identifier=KEY_IDENTIFIER)
NAMELESS = RecipientKey.from_private_key(key("rsa-2048"))
BY_PASSWORD = RecipientKey.from_password(PASSWORD)
BY_KEK = RecipientKey.from_kek(bytes(32), b"kek-1")
FAILED = ("DecryptionError", "decryption_failed")
NO_RECIPIENT = ("DecryptionError", "no_recipient")
UNSUPPORTED = ("VerificationError", "unsupported_algorithm")
LIMIT = ("LimitError", "limit")

CURVE_KEYS = {
    "p-256": lambda: key("p-256"),
    "p-384": lambda: key("p-384"),
    "p-521": lambda: key("p-521"),
    "x25519": lambda: curve_key("x25519"),
    "x448": lambda: curve_key("x448"),
}
X963 = [oid for oid, (kind, _) in layers.SCHEMES.items() if kind == "x963"]
HKDF = [oid for oid, (kind, _) in layers.SCHEMES.items() if kind == "hkdf"]


def envelope(*recipients: bytes, **fields: Any) -> bytes:
    return Enveloped(VALUE, recipients, **fields).encode()


def opened(octets: bytes, keys: Any = RSA, **arguments: Any) -> cms.Opened:
    return cmcodec.load(octets).open(keys, **arguments)


def refused(octets: bytes, keys: Any = RSA, **arguments: Any) -> tuple[str, str]:
    found = refusal(lambda: opened(octets, keys, **arguments))
    assert found is not None
    return found[0], found[1]


def is_open(octets: bytes, keys: Any = RSA, **arguments: Any) -> bool:
    return opened(octets, keys, **arguments).message.to_der() == SIGNED


def private(private_key: Any) -> RecipientKey:
    return RecipientKey.from_private_key(private_key, key_identifier=KEY_IDENTIFIER)


# --- key transport ---------------------------------------------------------------------------


def test_r197_rsa() -> None:
    """R-197: RSA with PKCS #1 v1.5, whose parameters are NULL or absent."""
    assert is_open(envelope(ktri()))
    assert is_open(envelope(ktri(algorithm=identifier(oids.RSA_ENCRYPTION))))
    other = identifier(oids.RSA_ENCRYPTION, b"\x30\x00")
    assert refused(envelope(ktri(algorithm=other))) == UNSUPPORTED
    made: Any = types.ContentInfo.from_der(
        cms.encrypt(SIGNED, Recipient.from_certificate(certificate("rsa-2048")))
    ).content
    assert made.recipient_infos[0].ktri.key_encryption_algorithm.algorithm == oids.RSA_ENCRYPTION


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("is_mask_sha1", [False, True])
def test_oaep(digest: str, is_mask_sha1: bool) -> None:
    """RFC 4055 §4.1: OAEP, MGF1 of the same hash function or of SHA-1."""
    mask = "sha1" if is_mask_sha1 else digest
    algorithm, pad = layers.oaep(digest, mask), layers.oaep_padding(digest, mask)
    assert is_open(envelope(ktri(algorithm=algorithm, pad=pad)))


def test_oaep_parameters() -> None:
    """RFC 4055 §4.1: DEFAULTs, and what is not on offer."""
    sha1 = layers.oaep_padding("sha1")
    absent = identifier(oids.ID_RSAES_OAEP)
    assert is_open(envelope(ktri(algorithm=absent, pad=sha1)))
    label = tlv(0xA2, identifier("1.2.840.113549.1.1.9", tlv(0x04, b"label")))
    labelled = layers.oaep("sha256", None, label)
    for algorithm in (
        labelled,
        layers.oaep("sha224"),
        layers.oaep("sha256", "sha512"),
        identifier(oids.ID_RSAES_OAEP, b"\x05\x00"),
        identifier(oids.ID_RSAES_OAEP, seq(tlv(0xA3, integer(1)))),
    ):
        octets = envelope(ktri(algorithm=algorithm, pad=layers.oaep_padding("sha256")))
        assert refused(octets) == UNSUPPORTED
    wrong = envelope(ktri(algorithm=layers.oaep("sha256"), pad=layers.oaep_padding("sha384")))
    assert refused(wrong) == FAILED


@pytest.mark.parametrize("size", [0, 1, 16, 24, 31, 33, 48])
def test_rsa_key_of_another_length(size: int) -> None:
    """RFC 3218 §2.3.2: a key of another length goes on with one by chance."""
    octets = envelope(ktri(cek=bytes(size)), key=CEK)
    assert refused(octets) == FAILED
    sealed = AuthEnveloped(VALUE, (ktri(cek=bytes(size)),)).encode()
    assert refused(sealed) == FAILED


@pytest.mark.parametrize(
    "encrypted", [b"", b"\0", bytes(255), bytes(256), b"\xff" * 256, bytes(257)]
)
def test_rsa_octets_that_are_none(encrypted: bytes) -> None:
    """RFC 3218: whatever stands for the encrypted key, it is one error."""
    assert refused(envelope(ktri(encrypted=encrypted))) == FAILED
    oaep = ktri(encrypted=encrypted, algorithm=layers.oaep("sha256"))
    assert refused(envelope(oaep)) == FAILED


# --- key agreement ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CURVE_KEYS)
@pytest.mark.parametrize("ukm", [None, b"", b"user keying material"])
@pytest.mark.parametrize("wrap", KEY_WRAPS)
def test_agreement(kind: str, ukm: bytes | None, wrap: Any) -> None:
    """RFC 5753, RFC 8418: every scheme with every curve, with and without ukm."""
    own = CURVE_KEYS[kind]()
    named = identifier(wrap.oid)
    for scheme in X963 if kind.startswith("p") else HKDF:
        info = agreed(own.public_key(), scheme, wrap=named, octets=wrap.key_octets, ukm=ukm)
        assert is_open(envelope(info), private(own))


def test_agreement_of_another_family() -> None:
    """RFC 8418 §2: curves of RFC 7748 have HKDF, those of NIST X9.63."""
    for kind, scheme in (("p-256", HKDF[0]), ("x25519", X963[2])):
        own = CURVE_KEYS[kind]()
        info = agreed(own.public_key(), scheme)
        assert refused(envelope(info), private(own)) == UNSUPPORTED


def test_originator_without_parameters() -> None:
    """RFC 5753 §3.1.1: parameters that are absent or NULL are those of the recipient."""
    own = key("p-384")
    scheme = oids.DH_SINGLE_PASS_STD_DH_SHA384KDF_SCHEME
    originator, secret = layers.agreement(own.public_key())
    octets = layers.spki_parts(own.public_key())[0]
    kek = layers.derived(scheme, secret, layers.WRAP, None, 32)
    encrypted = rekey(layers.key_wrap(kek, CEK))
    for parameters in (b"", b"\x05\x00"):
        changed = tlv(
            0xA1,
            identifier(oids.ID_EC_PUBLIC_KEY, parameters),
            originator[originator.index(octets) + len(octets) :],
        )
        assert is_open(envelope(kari(changed, scheme, encrypted)), private(own))


@pytest.mark.parametrize(
    "originator",
    [
        pytest.param(by_serial(), id="issuerAndSerialNumber"),
        pytest.param(tlv(0x80, b"static"), id="subjectKeyIdentifier"),
    ],
)
def test_a_static_originator(originator: bytes) -> None:
    """RFC 5753 §3.2: whose key that is would have to be known."""
    info = kari(originator, X963[2], rekey(bytes(40)))
    assert refused(envelope(info), private(key("p-256"))) == UNSUPPORTED


def point(private_key: Any, octets: bytes | None = None, algorithm: bytes | None = None) -> bytes:
    own_algorithm, own = layers.spki_parts(private_key.public_key())
    return tlv(
        0xA1, algorithm or own_algorithm, tlv(0x03, b"\0", own if octets is None else octets)
    )


def bad_points() -> Iterator[tuple[str, bytes]]:
    _, good = layers.spki_parts(key("p-256").public_key())
    yield "off the curve", point(key("p-256"), good[:-1] + bytes([good[-1] ^ 1]))
    yield "compressed", point(key("p-256"), bytes([2 + good[-1] % 2]) + good[1:33])
    yield "hybrid", point(key("p-256"), bytes([6 + good[-1] % 2]) + good[1:])
    yield "at infinity", point(key("p-256"), b"\0")
    yield "empty", point(key("p-256"), b"")
    yield "too short", point(key("p-256"), good[:-1])
    yield "another curve", point(key("p-384"))
    yield "another kind", point(curve_key("x25519"))
    yield "unused bits", tlv(0xA1, layers.spki_parts(key("p-256").public_key())[0], tlv(
        0x03, b"\1", good[:-1] + bytes([good[-1] & 0xFE])
    ))  # fmt: skip


def all_keys(private_key: Any, public: Any) -> list[RecipientKey]:
    """The same key twice: here, and behind a callback that agrees on anything."""
    from cmcodec.cms.recipients.agreement import AgreementKey
    from cmcodec.cms.recipients.names import Names

    def agree(spki: bytes) -> bytes:
        raise AssertionError("asked with a key that is none")

    away = RecipientKey(AgreementKey(Names(None, KEY_IDENTIFIER), public, agree))
    return [private(private_key), away]


@pytest.mark.parametrize("name", [name for name, _ in bad_points()])
def test_v9_points(name: str) -> None:
    """V9: nobody agrees with a point that is compressed, off the curve or of another one."""
    originator = dict(bad_points())[name]
    info = kari(originator, X963[2], rekey(bytes(40)))
    for own in all_keys(key("p-256"), key("p-256").public_key()):
        assert refused(envelope(info), own) == FAILED


SMALL = [
    bytes(32),
    b"\1" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


@pytest.mark.parametrize("octets", [*SMALL, b"", bytes(31), bytes(33)])
def test_v9_x25519(octets: bytes) -> None:
    """V9, RFC 8418 §7: a result of nothing but zero octets is no secret, nor is a bad length."""
    own = curve_key("x25519")
    info = kari(point(own, octets), HKDF[0], rekey(bytes(40)))
    assert refused(envelope(info), private(own)) == FAILED


def test_v9_zero_octets_of_a_callback() -> None:
    """V9: the same where somebody else agrees."""
    from cmcodec.cms.recipients.agreement import AgreementKey
    from cmcodec.cms.recipients.names import Names

    own = curve_key("x25519")
    kek = layers.derived(HKDF[0], bytes(32), layers.WRAP, None, 32)
    info = kari(point(own, SMALL[0]), HKDF[0], rekey(layers.key_wrap(kek, CEK)))
    for secret in (bytes(32), b""):
        names = Names(None, KEY_IDENTIFIER)
        away = AgreementKey(names, own.public_key(), lambda _, secret=secret: secret)
        assert refused(envelope(info), RecipientKey(away)) == FAILED


def test_several_keys_in_one_kari() -> None:
    """RFC 5652 §6.2.2: each RecipientEncryptedKey is a recipient of its own."""
    own = key("p-256")
    scheme = oids.DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME
    originator, secret = layers.agreement(own.public_key())
    kek = layers.derived(scheme, secret, layers.WRAP, None, 32)
    encrypted = layers.key_wrap(kek, CEK)
    others = [rekey(bytes(40), by_serial(n)) for n in range(9)]
    info = kari(originator, scheme, *others, rekey(encrypted))
    assert is_open(envelope(info), private(own))
    nameless = RecipientKey.from_private_key(own)
    assert is_open(envelope(info), nameless)
    assert is_open(envelope(kari(originator, scheme, rekey(encrypted), *others)), nameless)
    assert refused(envelope(kari(originator, scheme)), nameless) == NO_RECIPIENT


# --- Diffie-Hellman --------------------------------------------------------------------------


def ffdhe2048() -> int:
    """The prime of RFC 7919 §A.1, of digits of e."""
    scale = 2**1918
    term = total = scale << 64
    for number in range(1, 400):
        term //= number
        total += term
    return int(2**2048 - 2**1984 + ((total >> 64) + 560316) * 2**64 - 1)


def dh_key() -> Any:
    """A private key of Diffie-Hellman."""
    p, x = ffdhe2048(), 0x1234567890ABCDEF << 960
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cryptography.hazmat.primitives.asymmetric import dh

        parameters = dh.DHParameterNumbers(p, 2, (p - 1) // 2)
        numbers = dh.DHPrivateNumbers(x, dh.DHPublicNumbers(pow(2, x, p), parameters))
        return numbers.private_key()


def test_diffie_hellman_without_q() -> None:
    """RFC 2631 §2.2: what names the numbers without q is another identifier, for the same key."""
    with_q = dh_key().private_numbers()
    numbers = with_q.public_numbers.parameter_numbers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cryptography.hazmat.primitives.asymmetric import dh

        public = dh.DHPublicNumbers(with_q.public_numbers.y, dh.DHParameterNumbers(numbers.p, 2))
        own = dh.DHPrivateNumbers(with_q.x, public).private_key()
    wanted = Recipient.from_public_key(own.public_key(), key_identifier=KEY_IDENTIFIER)
    for opener in (private(own), private(dh_key())):
        assert is_open(cms.encrypt(SIGNED, wanted), opener)
    # A group of nobody's, whose identifier says that there is no q.
    own = diffie_hellman.nameless_key()
    wanted = Recipient.from_public_key(own.public_key(), key_identifier=KEY_IDENTIFIER)
    assert is_open(cms.encrypt(SIGNED, wanted), private(own))


def test_r198_diffie_hellman() -> None:
    """R-198: id-alg-ESDH with AES key wrap, by a second implementation, without a warning."""
    own = dh_key()
    numbers = own.public_key().public_numbers()
    p, g, y = numbers.parameter_numbers.p, numbers.parameter_numbers.g, numbers.y
    secret = pow(y, 77, p).to_bytes(256, "big")
    algorithm = identifier(oids.DHPUBLICNUMBER)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opener = private(own)
        for ukm in (None, bytes(64)):
            kek = layers.esdh(secret, oids.ID_AES256_WRAP, ukm)
            public = tlv(0x03, b"\0", integer(pow(g, 77, p)))
            encrypted = rekey(layers.key_wrap(kek, CEK))
            originator = tlv(0xA1, algorithm, public)
            info = kari(originator, oids.ID_ALG_ESDH, encrypted, ukm=ukm)
            assert is_open(envelope(info), opener)
        for bad in (0, 1, p - 1, p, p + 2, -5, p - y, 3):
            public = tlv(0x03, b"\0", integer(bad))
            info = kari(tlv(0xA1, algorithm, public), oids.ID_ALG_ESDH, encrypted)
            assert refused(envelope(info), opener) == FAILED
        for octets in (b"", b"\x05\x00", b"\x02\x00"):
            public = tlv(0x03, b"\0", octets)
            info = kari(tlv(0xA1, algorithm, public), oids.ID_ALG_ESDH, encrypted)
            assert refused(envelope(info), opener) == FAILED
        recipient = Recipient.from_public_key(own.public_key(), key_identifier=KEY_IDENTIFIER)
        made = cms.encrypt(SIGNED, recipient, algorithm="id-aes128-CBC")
        assert is_open(made, opener)
    content: Any = types.ContentInfo.from_der(made).content
    found = content.recipient_infos[0].kari
    assert found.key_encryption_algorithm.algorithm == oids.ID_ALG_ESDH
    assert found.originator.originator_key.algorithm.parameters is None


def test_without_diffie_hellman_and_ml_kem(monkeypatch: pytest.MonkeyPatch) -> None:
    """R-198: a library that offers neither costs nothing but these two."""
    from cmcodec.cms.recipients import diffie_hellman as offered
    from cmcodec.cms.recipients import kem

    own = dh_key()
    for module in ("dh", "mlkem"):
        name = f"cryptography.hazmat.primitives.asymmetric.{module}"
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delattr(f"cryptography.hazmat.primitives.asymmetric.{module}", raising=False)
    offered._classes.cache_clear()
    kem.kinds.cache_clear()
    try:
        with pytest.raises(TypeError):
            RecipientKey.from_private_key(own)
        with pytest.raises(TypeError):
            Recipient.from_public_key(own.public_key(), key_identifier=b"x")
        for kind in ("rsa-2048", "p-256"):
            wanted = Recipient.from_certificate(certificate(kind))
            opener = RecipientKey.from_private_key(key(kind), certificate(kind))
            assert is_open(cms.encrypt(SIGNED, wanted), opener)
        x25519 = curve_key("x25519")
        wanted = Recipient.from_public_key(x25519.public_key(), key_identifier=KEY_IDENTIFIER)
        assert is_open(cms.encrypt(SIGNED, wanted), private(x25519))
        assert is_open(envelope(pwri()), BY_PASSWORD)
    finally:
        offered._classes.cache_clear()
        kem.kinds.cache_clear()


# --- passwords and key-encryption keys -------------------------------------------------------


@pytest.mark.parametrize(
    ("prf", "digest"),
    [
        (oids.ID_HMAC_WITH_SHA256, "sha256"),
        (oids.ID_HMAC_WITH_SHA384, "sha384"),
        (oids.ID_HMAC_WITH_SHA512, "sha512"),
        (oids.ID_HMAC_WITH_SHA224, "sha224"),
        (oids.ID_HMAC_WITH_SHA1, "sha1"),
    ],
)
@pytest.mark.parametrize("wrap", KEY_WRAPS)
def test_r199_pbkdf2_and_key_wrap(prf: str, digest: str, wrap: Any) -> None:
    """R-199: PBKDF2 with every PRF, parameters absent or NULL, and AES key wrap."""
    for parameters in (b"", b"\x05\x00"):
        for length in (None, wrap.key_octets):
            derived = pbkdf2(prf=identifier(prf, parameters), length=length)
            if (prf, parameters) == (oids.ID_HMAC_WITH_SHA1, b"\x05\x00"):
                # That is the DEFAULT, which DER leaves out.
                derived = pbkdf2(prf=b"", length=length)
            info = pwri(
                digest=digest,
                derivation=derived,
                wrap=identifier(wrap.oid),
                octets=wrap.key_octets,
            )
            assert is_open(envelope(info), BY_PASSWORD)


@pytest.mark.parametrize(
    ("cipher", "octets"),
    [(oids.ID_AES128_CBC, 16), (oids.ID_AES192_CBC, 24), (oids.ID_AES256_CBC, 32)],
)
def test_pwri_kek(cipher: str, octets: int) -> None:
    """RFC 3211: id-alg-PWRI-KEK, which OpenSSL and BouncyCastle write."""
    info = pwri(
        wrap=layers.pwri_kek(cipher=cipher),
        octets=octets,
        wrapped=lambda kek, cek: layers.pwri_kek_wrap(kek, IV, cek),
    )
    assert is_open(envelope(info), BY_PASSWORD)
    assert refused(envelope(info), RecipientKey.from_password(b"another")) == FAILED


@pytest.mark.parametrize(
    "derivation",
    [
        pytest.param(pbkdf2(salt_choice=identifier("1.2.3")), id="salt from elsewhere"),
        pytest.param(pbkdf2(prf=identifier("1.2.3")), id="unknown PRF"),
        pytest.param(
            pbkdf2(prf=identifier(oids.ID_HMAC_WITH_SHA256, seq())), id="parameters of the PRF"
        ),
        pytest.param(pbkdf2(length=16), id="another length than the wrap wants"),
        pytest.param(pbkdf2(iterations=0), id="no iteration"),
        pytest.param(identifier(oids.ID_PBKDF2), id="no parameters"),
        pytest.param(identifier("1.3.6.1.4.1.11591.4.11", seq()), id="scrypt"),
        pytest.param(b"", id="no derivation"),
    ],
)
def test_derivations_that_are_not_on_offer(derivation: bytes) -> None:
    """RFC 8018 §5.2: PBKDF2 with a salt of its own and a known PRF, and nothing else."""
    assert refused(envelope(pwri(derivation=derivation)), BY_PASSWORD) == UNSUPPORTED


@pytest.mark.parametrize(
    "wrap",
    [
        identifier(oids.ID_AES256_WRAP, b"\x30\x00"),
        identifier(oids.ID_ALG_PWRI_KEK),
        identifier(oids.ID_ALG_PWRI_KEK, b"\x05\x00"),
        layers.pwri_kek(IV[:8]),
        layers.pwri_kek(cipher=oids.ID_AES256_GCM),
        identifier(oids.ID_ALG_PWRI_KEK, identifier(oids.ID_AES256_CBC)),
        identifier(oids.ID_ALG_CMS3DES_WRAP, b"\x05\x00"),
        identifier("1.2.3"),
    ],
)
def test_wraps_that_are_not_on_offer(wrap: bytes) -> None:
    """RFC 3565, RFC 3211: AES key wrap without parameters, id-alg-PWRI-KEK with AES in CBC."""
    assert refused(envelope(pwri(wrap=wrap)), BY_PASSWORD) == UNSUPPORTED
    assert refused(envelope(kekri(wrap=wrap)), BY_KEK) == UNSUPPORTED
    info = agreed(key("p-256").public_key(), X963[2], wrap=wrap)
    assert refused(envelope(info), private(key("p-256"))) == UNSUPPORTED


def test_pwri_kek_is_for_passwords() -> None:
    """RFC 5753 §7.1.5: what is agreed on wraps with AES key wrap."""
    own = key("p-256")
    info = agreed(own.public_key(), X963[2], wrap=layers.pwri_kek())
    assert refused(envelope(info), private(own)) == UNSUPPORTED


def test_p10_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """P10: more than 1,000,000 iterations are refused before anything is derived."""
    asked: list[int] = []
    honest = derivation.hashlib.pbkdf2_hmac

    def pbkdf2_hmac(*arguments: Any) -> bytes:
        asked.append(arguments[3])
        return honest(*arguments)

    info = pwri(iterations=1_000_001)
    cheap = pwri(iterations=10)
    big = pwri(iterations=2**62)
    messages = [
        envelope(info),
        envelope(cheap, info),
        envelope(big),
        AuthEnveloped(VALUE, (info,)).encode(),
        Authenticated(recipients=(info,)).encode(),
        envelope(pwri(derivation=pbkdf2(length=65))),
    ]
    most = envelope(pwri(b"x" * 32, iterations=1_000_000))
    monkeypatch.setattr(derivation.hashlib, "pbkdf2_hmac", pbkdf2_hmac)
    for octets in messages:
        assert refused(octets, BY_PASSWORD) == LIMIT
    assert not asked
    assert refused(most, BY_PASSWORD) == FAILED
    assert asked == [1_000_000]


def test_p10_iterations_of_a_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """P10: 4,000,000 for all recipients and keys that fit them, and no derivation beyond."""
    asked: list[int] = []
    heavy, cheap = pwri(iterations=1_000_000), pwri(iterations=1)

    def pbkdf2_hmac(*arguments: Any) -> bytes:
        asked.append(arguments[3])
        return bytes(32)

    monkeypatch.setattr(derivation.hashlib, "pbkdf2_hmac", pbkdf2_hmac)
    both = [BY_PASSWORD, RecipientKey.from_password(b"other")]
    messages: list[tuple[Any, ...]] = [
        (BY_PASSWORD, *[heavy] * 4),
        (both, heavy, heavy),
        (both, heavy, ktri(), heavy),
    ]
    for keys, *infos in messages:
        for make in (Enveloped, AuthEnveloped):
            del asked[:]
            assert refused(make(VALUE, (*infos,)).encode(), keys) == FAILED
            assert asked == [1_000_000] * 4
            assert refused(make(VALUE, (*infos, cheap)).encode(), keys) == LIMIT
            assert len(asked) == 4
    assert refused(Authenticated(recipients=(heavy,) * 4).encode(), BY_PASSWORD) == FAILED
    assert refused(Authenticated(recipients=(heavy,) * 5).encode(), BY_PASSWORD) == LIMIT
    # Those that nothing given fits cost nothing.
    assert is_open(envelope(*[heavy] * 5, ktri()))
    # What nobody could open is not made.
    assert cms.encrypt(SIGNED, [Recipient.from_password(b"x", iterations=1_000_000)] * 4)
    with pytest.raises(LimitError):
        cms.encrypt(SIGNED, [Recipient.from_password(b"x", iterations=1_000_000)] * 5)


def test_kek() -> None:
    """RFC 5652 §6.2.3: a key-encryption key is known by its identifier."""
    assert is_open(envelope(kekri()), BY_KEK)
    assert refused(envelope(kekri(name=b"kek-2")), BY_KEK) == NO_RECIPIENT
    assert refused(envelope(kekri()), RecipientKey.from_kek(b"\1" * 32, b"kek-1")) == FAILED
    short = RecipientKey.from_kek(bytes(16), b"kek-1")
    assert refused(envelope(kekri()), short) == UNSUPPORTED
    wrapped = kekri(bytes(16), wrap=identifier(oids.ID_AES128_WRAP))
    assert is_open(envelope(wrapped), short)


# --- KEM -------------------------------------------------------------------------------------


def ml_kem(name: str) -> Any:
    """A private key; skips where the library has none."""
    mlkem = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mlkem")
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return getattr(mlkem, f"MLKEM{name}PrivateKey").generate()
    except UnsupportedAlgorithm:
        pytest.skip("this OpenSSL has no ML-KEM")


@pytest.mark.parametrize("name", ["768", "1024"])
def test_kem(name: str) -> None:
    """RFC 9629, RFC 9936: ML-KEM, HKDF with SHA-256, AES-256 key wrap."""
    own = ml_kem(name)
    number = oids.ID_ALG_ML_KEM_768 if name == "768" else oids.ID_ALG_ML_KEM_1024
    opener = private(own)
    assert is_open(envelope(layers.kemri(own.public_key(), number)), opener)
    made = cms.encrypt(
        SIGNED, Recipient.from_public_key(own.public_key(), key_identifier=KEY_IDENTIFIER)
    )
    assert is_open(made, opener)
    assert opened(made, opener).layers[0].recipient == "kemri"
    other = ml_kem(name)
    assert refused(made, private(other)) == FAILED
    for change in (
        {"kem": identifier(oids.ID_ALG_ML_KEM_768, b"\x05\x00")},
        {"kem": identifier(oids.ID_ALG_ML_KEM_768 if name == "1024" else oids.ID_ALG_ML_KEM_1024)},
        {"kdf": identifier(oids.ID_ALG_HKDF_WITH_SHA256, b"\x05\x00")},
        {"kdf": identifier("1.2.840.113549.1.9.16.3.29")},
        {"kek_length": integer(16)},
        {"wrap": layers.pwri_kek()},
    ):
        info = layers.kemri(own.public_key(), number, **change)
        assert refused(envelope(info), opener) == UNSUPPORTED
    for kemct in (b"", b"\0", bytes(1088), bytes(1568), bytes(5000)):
        info = layers.kemri(own.public_key(), number, kemct=tlv(0x04, kemct))
        assert refused(envelope(info), opener) == FAILED
    with pytest.raises(cmcodec.EncodeError):
        Recipient.from_public_key(own.public_key(), key_identifier=b"x", wrap="id-aes128-wrap")
    with pytest.raises(cmcodec.EncodeError):
        Recipient.from_public_key(own.public_key(), key_identifier=b"x", algorithm="id-alg-ESDH")
    with pytest.raises(TypeError):
        RecipientKey.from_private_key(own.public_key())


def test_another_kind_of_recipient() -> None:
    """RFC 5652 §6.2.5: an OtherRecipientInfo of a type that is not known is somebody else's."""
    other = tlv(0xA4, oid("1.2.3.4"), seq())
    assert is_open(envelope(other, ktri()))
    assert refused(envelope(other)) == NO_RECIPIENT


# --- content ciphers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cipher", "octets"),
    [(oids.ID_AES128_CBC, 16), (oids.ID_AES192_CBC, 24), (oids.ID_AES256_CBC, 32)],
)
def test_cbc(cipher: str, octets: int) -> None:
    """R-197: AES in CBC in an EnvelopedData."""
    cek = CEK[:octets]
    named = identifier(cipher, tlv(0x04, IV))
    made = envelope(ktri(cek=cek), cipher=named, key=cek)
    assert is_open(made)
    assert opened(made).layers[0].algorithm == oids.name(cipher)


@pytest.mark.parametrize(
    ("cipher", "octets"),
    [(oids.ID_AES128_GCM, 16), (oids.ID_AES192_GCM, 24), (oids.ID_AES256_GCM, 32)],
)
def test_gcm(cipher: str, octets: int) -> None:
    """R-228: AES-GCM in an AuthEnvelopedData."""
    cek = CEK[:octets]
    named = identifier(cipher, seq(tlv(0x04, layers.NONCE)))
    made = AuthEnveloped(VALUE, (ktri(cek=cek),), cipher=named, key=cek).encode()
    assert opened(made).layers[0].algorithm == oids.name(cipher)


@pytest.mark.parametrize(
    "cipher",
    [
        identifier(oids.ID_AES256_GCM, seq(tlv(0x04, bytes(12)))),
        identifier(oids.ID_AES256_CCM, seq(tlv(0x04, bytes(12)))),
        identifier(oids.ID_AES256_CBC),
        identifier(oids.ID_AES256_CBC, b"\x05\x00"),
        identifier(oids.ID_AES256_CBC, tlv(0x04, bytes(8))),
        identifier(oids.ID_AES256_CBC, tlv(0x04, bytes(12))),
        identifier(oids.ID_AES256_CBC, tlv(0x04, bytes(17))),
        identifier("1.2.840.113549.3.2", tlv(0x04, bytes(8))),
    ],
)
def test_ciphers_that_are_not_for_enveloped_data(cipher: bytes) -> None:
    """RFC 5084 §1, RFC 3565: AEAD is not for EnvelopedData, and CBC wants its IV."""
    assert refused(envelope(ktri(), cipher=cipher)) == UNSUPPORTED
    assert refused(envelope(ktri(), cipher=cipher), legacy=True) == UNSUPPORTED


@pytest.mark.parametrize(
    "cipher",
    [
        identifier(oids.ID_AES256_CBC, tlv(0x04, bytes(16))),
        identifier(oids.ID_AES256_CCM, seq(tlv(0x04, bytes(12)))),
        identifier(oids.DES_EDE3_CBC, tlv(0x04, bytes(8))),
    ],
)
def test_ciphers_that_are_not_for_auth_enveloped_data(cipher: bytes) -> None:
    """RFC 5083 §2.1: an AuthEnvelopedData has AES-GCM."""
    octets = AuthEnveloped(VALUE, cipher=cipher).encode()
    assert refused(octets, legacy=True) == UNSUPPORTED


def test_triple_des() -> None:
    """des-ede3-cbc opens where the caller allows it, and is never made."""
    decrepit = pytest.importorskip("cryptography.hazmat.decrepit.ciphers.algorithms")
    cek = bytes(range(1, 25))
    encryptor = Cipher(decrepit.TripleDES(cek), modes.CBC(bytes(8))).encryptor()
    encrypted = encryptor.update(layers.padded(VALUE, 8)) + encryptor.finalize()
    named = identifier(oids.DES_EDE3_CBC, tlv(0x04, bytes(8)))
    octets = envelope(ktri(cek=cek), cipher=named, encrypted=encrypted)
    assert refused(octets) == UNSUPPORTED
    found = opened(octets, legacy=True)
    assert found.layers[0].algorithm == "des-ede3-cbc"
    assert cms.decrypt(octets, RSA, legacy=True).unverified_octets == VALUE
    assert refused(envelope(ktri(cek=CEK), cipher=named), legacy=True) == FAILED


def test_encrypted_content_that_is_missing() -> None:
    """RFC 5652 §6.1: content encrypted elsewhere is not here."""
    held = seq(oid(oids.ID_SIGNED_DATA), Enveloped(b"").cipher)
    layer = seq(integer(2), set_of(ktri()), held)
    octets = layers.content_info(oids.ID_ENVELOPED_DATA, layer)
    assert refused(octets) == ("VerificationError", "content_missing")


@pytest.mark.parametrize("encrypted", [b"", bytes(8), bytes(15), bytes(17), bytes(16)])
def test_encrypted_octets_that_are_none(encrypted: bytes) -> None:
    """CBC over no whole blocks, or without padding, is the one error too."""
    assert refused(envelope(ktri(), encrypted=encrypted)) == FAILED


def test_content_without_padding() -> None:
    """RFC 5652 §6.3: a content that fills its blocks without padding is the one error."""
    signed = SIGNED
    filling = 0
    while len(signed_value(signed)) % 16:
        filling += 1
        content = pki_data(controls=[control(1, 18, types.RegInfo(bytes(filling)))])
        signed = signed_by(Signer(), content=content).encode()
    value = signed_value(signed)
    octets = envelope(ktri(), encrypted=layers.cbc(CEK, IV, value))
    assert refused(octets) == FAILED
    with pytest.raises(DecryptionError):
        cms.decrypt(octets, RSA)
    whole = Enveloped(value, (ktri(),)).encode()
    assert opened(whole).message.to_der() == signed
    unsigned = signed_data(pki_data(controls=[control(1, 18, types.RegInfo(bytes(16)))]))
    value = signed_value(unsigned)
    bare = envelope(ktri(), encrypted=layers.cbc(CEK, IV, value + bytes(-len(value) % 16)))
    with pytest.raises(DecryptionError):
        cmcodec.load(bare).open_unsigned(RSA)
    filling = 0
    while len(value := signed_value(unsigned)) % 16:
        filling += 1
        unsigned = signed_data(pki_data(controls=[control(1, 18, types.RegInfo(bytes(filling)))]))
    whole = Enveloped(value, (ktri(),)).encode()
    assert cmcodec.load(whole).open_unsigned(RSA).message.to_der() == unsigned
    bare = envelope(ktri(), encrypted=layers.cbc(CEK, IV, value))
    with pytest.raises(DecryptionError):
        cmcodec.load(bare).open_unsigned(RSA)


# --- which key fits --------------------------------------------------------------------------


def test_names() -> None:
    """RFC 5652 §6.2.1: a recipient is named by issuer and serial number or by key identifier."""
    of = Recipient.from_certificate
    for by_key_identifier in (False, True):
        for kind in ("rsa-2048", "p-256", "p-521"):
            recipient = of(certificate(kind), by_key_identifier=by_key_identifier)
            octets = cms.encrypt(SIGNED, recipient)
            own = RecipientKey.from_private_key(key(kind), certificate(kind))
            assert is_open(octets, own)
            assert is_open(octets, RecipientKey.from_private_key(key(kind)))
            assert refused(octets, private(key(kind))) == NO_RECIPIENT
            other = RecipientKey.from_private_key(key(kind), certificate("p-384"))
            named = {"key_identifier": b"another"}
            assert refused(octets, RecipientKey.from_private_key(key(kind), **named)) == (
                NO_RECIPIENT
            )
            assert refused(octets, other) == NO_RECIPIENT
    by_name = types.IssuerAndSerialNumber.from_der(by_serial())
    recipient = Recipient.from_public_key(key("rsa-2048").public_key(), issuer_and_serial=by_name)
    assert is_open(cms.encrypt(SIGNED, recipient), NAMELESS)
    assert is_open(envelope(ktri(rid=by_serial())), NAMELESS)
    assert refused(envelope(ktri(rid=by_serial()))) == NO_RECIPIENT


def test_certificate_without_key_identifier() -> None:
    """RFC 5652 §6.2.1: nobody is named by what the certificate does not have."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    from kit.keys import name

    made = (
        x509.CertificateBuilder()
        .subject_name(name("none"))
        .issuer_name(name("none"))
        .public_key(key("rsa-2048").public_key())
        .serial_number(5)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .sign(key("rsa-2048"), hashes.SHA256())
    )
    with pytest.raises(cmcodec.EncodeError):
        Recipient.from_certificate(made, by_key_identifier=True)
    octets = cms.encrypt(SIGNED, Recipient.from_certificate(made))
    assert is_open(octets, RecipientKey.from_private_key(key("rsa-2048"), made))
    given = made.public_bytes(Encoding.PEM)
    assert is_open(octets, RecipientKey.from_private_key(key("rsa-2048"), given))


@pytest.mark.parametrize("keys", [(), [BY_PASSWORD], [BY_KEK], (key for key in ())])
def test_no_recipient(keys: Any) -> None:
    """Which key fits is said."""
    assert refused(envelope(ktri()), keys) == NO_RECIPIENT


def test_every_kind_in_one() -> None:
    """RFC 5652 §6.2: any recipient opens, whoever the others are."""
    own = key("p-256")
    octets = envelope(
        ktri(), agreed(own.public_key(), X963[2]), kekri(), pwri(),
        ktri(key("rsa-2048", 1).public_key(), rid=by_serial()),
    )  # fmt: skip
    for opener, kind in [(RSA, "ktri"), (private(own), "kari"), (BY_KEK, "kekri")]:
        assert opened(octets, opener).layers[0].recipient == kind
    assert opened(octets, [BY_PASSWORD]).layers[0].recipient == "pwri"
    assert opened(octets, iter([BY_PASSWORD, RSA])).origin == "certificate"


def test_the_first_of_several_keys_does_not_spoil_it() -> None:
    """A wrong key that fits, or opens something by chance, leaves the next one its turn."""
    wrong = RecipientKey.from_private_key(key("rsa-2048", 1))
    octets = envelope(ktri())
    for _ in range(64):
        assert is_open(octets, [wrong, NAMELESS])
    mixed = envelope(ktri(key("rsa-2048", 1).public_key(), rid=by_serial(), cek=b"x"), ktri())
    assert is_open(mixed, NAMELESS)
    passwords = [RecipientKey.from_password(b"one"), BY_PASSWORD]
    assert is_open(envelope(pwri()), passwords)
    assert is_open(AuthEnveloped(VALUE).encode(), [wrong, NAMELESS])


def test_a_key_by_chance_that_opens_something(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the padding is right by chance, which no tag tells."""
    from cmcodec.cms import envelopes

    octets = envelope(ktri(b"" or key("rsa-2048", 1).public_key(), rid=by_serial()), ktri())
    monkeypatch.setattr(envelopes.os, "urandom", lambda size: CEK[:size])
    other = Enveloped(b"no message", (ktri(encrypted=bytes(256)), ktri())).encode()
    assert refused(other, NAMELESS) == FAILED
    assert is_open(octets, NAMELESS)


def test_recipients_that_are_refused_and_others() -> None:
    """An algorithm that is not on offer fails the message only where nothing else fits."""
    odd = ktri(algorithm=identifier("1.2.3"))
    assert refused(envelope(odd)) == UNSUPPORTED
    assert is_open(envelope(odd, ktri()))
    assert is_open(envelope(odd, pwri()), [RSA, BY_PASSWORD])
    assert refused(envelope(odd), BY_PASSWORD) == NO_RECIPIENT


def test_more_than_64_recipients() -> None:
    """64 recipients are tried, and not one more, however they are written."""
    info = ktri(rid=by_serial(), encrypted=b"")
    for octets, answer in [
        (envelope(*[info] * 63, ktri()), None),
        (envelope(*[info] * 64, ktri()), LIMIT),
        (envelope(kari(point(key("p-256")), X963[2], *[rekey(b"")] * 65)), LIMIT),
        (envelope(kari(point(key("p-256")), X963[2], *[rekey(b"")] * 64), ktri()), LIMIT),
        (envelope(*[kari(point(key("p-256")), X963[2])] * 65), LIMIT),
    ]:
        if answer is None:
            assert is_open(octets)
        else:
            assert refused(octets) == answer
    many = Authenticated(recipients=(pwri(layers.MAC_KEY),) * 65).encode()
    assert refused(many, BY_PASSWORD) == LIMIT


def test_more_than_4_keys() -> None:
    """4 keys are tried for one recipient, and nothing is decrypted where there are more."""
    asked: list[bytes] = []

    def decrypt(encrypted: bytes, _: Any) -> bytes:
        asked.append(encrypted)
        return b""

    callback = RecipientKey.from_callbacks(certificate("rsa-2048"), decrypt=decrypt)
    octets = cms.encrypt(SIGNED, Recipient.from_certificate(certificate("rsa-2048")))
    assert is_open(octets, [callback] * 3 + [NAMELESS])
    assert len(asked) == 3
    assert refused(octets, [callback] * 5) == LIMIT
    assert len(asked) == 3
    assert is_open(octets, [private(key("p-256"))] * 9 + [BY_PASSWORD] * 9 + [NAMELESS])
    one = envelope(*[pwri()] * 2)
    assert is_open(one, [RecipientKey.from_password(b"x")] * 3 + [BY_PASSWORD])


@pytest.mark.parametrize(
    "info",
    [
        ktri(version=0),
        ktri(rid=by_serial(), version=2),
        ktri(version=3),
        pwri(version=1),
        kekri(version=3),
        kari(point(key("p-256")), X963[2], version=4),
    ],
)
def test_versions_of_recipients(info: bytes) -> None:
    """V1, RFC 5652 §6.2: each kind of RecipientInfo has its version."""
    keys = [NAMELESS, BY_PASSWORD, BY_KEK]
    octets = envelope(info, version=3 if info[0] == 0xA3 else 2)
    assert refused(octets, keys) == ("VerificationError", "version_mismatch")


@pytest.mark.parametrize(
    ("recipients", "version"),
    [((ktri(rid=by_serial()),), 0), ((ktri(),), 2), ((kekri(),), 2), ((pwri(),), 3)],
)
def test_versions_of_enveloped_data(recipients: tuple[bytes, ...], version: int) -> None:
    """V1, RFC 5652 §6.1: the version follows from the recipients and from what else is there."""
    keys = [NAMELESS, BY_PASSWORD, BY_KEK]
    for number in range(6):
        octets = envelope(*recipients, version=number)
        if number == version:
            assert is_open(octets, keys)
        else:
            assert refused(octets, keys) == ("VerificationError", "version_mismatch")
    more = tlv(0xA1, seq(oid("1.2.3"), set_of(b"\x05\x00")))
    with_attributes = envelope(*recipients, version=max(version, 2), attributes=more)
    assert is_open(with_attributes, keys)
    originator = tlv(0xA0, tlv(0xA0, certificate("p-256").public_bytes(Encoding.DER)))
    assert is_open(envelope(*recipients, version=max(version, 2), originator=originator), keys)
    other = tlv(0xA0, tlv(0xA1, tlv(0xA1, oid("1.2.3"), b"\x05\x00")))
    assert is_open(envelope(*recipients, version=4, originator=other), keys)


# --- callbacks -------------------------------------------------------------------------------


def test_callback_that_decrypts() -> None:
    """A key in an HSM decrypts what RSA encrypted, and is told the algorithm."""
    asked: list[tuple[int, str]] = []

    def decrypt(encrypted: bytes, algorithm: types.AlgorithmIdentifier) -> bytes:
        asked.append((len(encrypted), algorithm.algorithm))
        from cmcodec.cms.recipients.transport import decrypting

        return decrypting(key("rsa-2048"))(encrypted, algorithm) or b""

    own = RecipientKey.from_callbacks(certificate("rsa-2048"), decrypt=decrypt)
    for algorithm in (None, "id-RSAES-OAEP"):
        octets = cms.encrypt(
            SIGNED, Recipient.from_certificate(certificate("rsa-2048"), algorithm=algorithm)
        )
        assert is_open(octets, own)
    assert asked == [(256, oids.RSA_ENCRYPTION), (256, oids.ID_RSAES_OAEP)]
    nothing = RecipientKey.from_callbacks(certificate("rsa-2048"), decrypt=lambda *_: b"")
    assert refused(octets, nothing) == FAILED

    def broken(*_: Any) -> bytes:
        raise ConnectionError("no HSM")

    with pytest.raises(ConnectionError):
        opened(octets, RecipientKey.from_callbacks(certificate("rsa-2048"), decrypt=broken))


@pytest.mark.parametrize("kind", ["p-256", "p-384", "p-521"])
def test_callback_that_agrees(kind: str) -> None:
    """A key in an HSM agrees with the originator's SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    asked: list[bytes] = []

    def agree(spki: bytes) -> bytes:
        asked.append(spki)
        peer: Any = load_der_public_key(spki)
        return key(kind).exchange(ec.ECDH(), peer)

    own = RecipientKey.from_callbacks(certificate(kind), agree=agree)
    octets = cms.encrypt(SIGNED, Recipient.from_certificate(certificate(kind)))
    assert is_open(octets, own)
    assert len(asked) == 1
    nothing = RecipientKey.from_callbacks(certificate(kind), agree=lambda _: b"")
    assert refused(octets, nothing) == FAILED
    with pytest.raises(TypeError):
        RecipientKey.from_callbacks(certificate(kind), agree=agree, decrypt=lambda *_: b"")


# --- secrets ---------------------------------------------------------------------------------


def shown(error: BaseException) -> str:
    """What an exception shows, its causes and contexts included."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(error)


def test_secrets_never_show() -> None:
    """No secret is in a repr, a text or an exception."""
    secret, kek = b"tell nobody xyzzy", b"not this, plugh!"
    values = [
        RecipientKey.from_password(secret, "device"),
        RecipientKey.from_kek(kek, b"kek-1"),
        Recipient.from_password(secret, "device", iterations=1),
        Recipient.from_kek(kek, b"kek-1"),
        RSA,
        private(key("p-256")),
        private(curve_key("x25519")),
        Recipient.from_certificate(certificate("rsa-2048")),
    ]
    for value in values:
        inner = getattr(value, "_opener", None) or value._maker  # type: ignore[union-attr]
        texts = (repr(value), str(value), f"{value}", repr(inner), repr([value]), pretty(value))
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        for text in (*texts, repr(fields), pprint.pformat(inner)):
            assert "xyzzy" not in text
            assert "plugh" not in text
            assert "Private" not in text or "object at" in text
    found = cms.decrypt(envelope(ktri()), RSA)
    assert VALUE[-8:].hex() not in repr(found)
    assert "unverified_octets" not in repr(found)
    wrong = RecipientKey.from_password(secret)
    for octets in (envelope(pwri()), Authenticated().encode(), envelope(kekri())):
        with pytest.raises(DecryptionError) as caught:
            opened(octets, [wrong, RecipientKey.from_kek(kek * 2, b"kek-1")])
        assert "xyzzy" not in shown(caught.value)
        assert "plugh" not in shown(caught.value)


def every_failure() -> Iterator[bytes]:
    """Messages that fail behind the recipient, each at another place."""
    yield envelope(ktri(cek=b"short"))
    yield envelope(ktri(encrypted=bytes(256)))
    yield envelope(ktri(encrypted=bytes(7)))
    yield envelope(ktri(), encrypted=bytes(32))
    yield envelope(ktri(), encrypted=bytes(31))
    yield Enveloped(b"no message").encode()
    yield Enveloped(signed_value(signed_by(Signer(signature=bytes(64))).encode())).encode()
    yield Enveloped(signed_value(signed_by(Signer(), certificates=()).encode())).encode()
    yield AuthEnveloped(VALUE, tag=bytes(12)).encode()
    yield AuthEnveloped(VALUE, (ktri(cek=b"short"),)).encode()


def test_one_error_without_a_cause() -> None:
    """RFC 3218: equal in kind, text and all that hangs on it."""
    found = set()
    for octets in every_failure():
        with pytest.raises(DecryptionError) as caught:
            opened(octets)
        error = caught.value
        assert error.__cause__ is None
        assert error.__context__ is None
        found.add((type(error), str(error), error.reason, error.offset, error.path, error.args))
    assert len(found) == 1


@pytest.mark.parametrize("work", ["open", "open_unsigned", "decrypt"])
def test_one_error_of_every_function(work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of what opens otherwise.

    A key by chance finds a padding in one of 256 ciphertexts, and `decrypt` asks for no more: the
    key is the same in every run.
    """
    monkeypatch.setattr("os.urandom", bytes)
    for octets in (envelope(ktri(cek=b"short")), AuthEnveloped(VALUE, tag=bytes(12)).encode()):
        message = cmcodec.load(octets)
        with pytest.raises(DecryptionError) as caught:
            cms.decrypt(message, RSA) if work == "decrypt" else getattr(message, work)(RSA)
        assert str(caught.value) == "decryption_failed"
        assert caught.value.__context__ is None


def test_errors_can_be_pickled() -> None:
    """P9: what is raised in a worker process arrives as what it was."""
    with pytest.raises(DecryptionError) as caught:
        opened(envelope(ktri()), ())
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.reason) == (DecryptionError, "no_recipient")
    assert copy.copy(caught.value).reason == "no_recipient"
    with pytest.raises(LimitError):
        opened(envelope(*[ktri()] * 65))


def test_both_backends_are_under_test() -> None:
    """The layers stand above the backends, and once."""
    assert _backend.name() in ("rust", "pure")
