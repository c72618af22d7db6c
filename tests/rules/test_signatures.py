"""The rules on algorithms, keys and forms of signatures (rules V7, V9, V10, V10a, V12)."""

from __future__ import annotations

import functools
import hashlib
import json
import lzma
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import core, parser
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from test_wycheproof import VECTORS, verify, verify_pure  # noqa: F401

from cmcodec._pure.verify import key as keys
from cmcodec._pure.verify.algorithm import digest_algorithm
from cmcodec._pure.verify.ml_dsa import PARAMETER_SETS
from cmcodec.algorithms import DIGESTS
from kit.der import EMPTY, NULL, identifier, integer, tlv
from kit.der import oid as oid_octets
from kit.der import spki as spki_of
from kit.pss import DIGEST_OIDS, PSS_NOT_OFFERED, pss

if TYPE_CHECKING:
    from test_wycheproof import Verify

MESSAGE = b"the octets that were signed"

RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
RSASSA_PSS = "1.2.840.113549.1.1.10"
RSA_WITH = {
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}
ECDSA_WITH = {
    "sha1": "1.2.840.10045.4.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
SHA1_RSA_OIW = "1.3.14.3.2.29"
EC_PUBLIC_KEY = "1.2.840.10045.2.1"
CURVES: list[tuple[ec.EllipticCurve, str, int]] = [
    (ec.SECP256R1(), "1.2.840.10045.3.1.7", 0xFFFFFFFF00000001 << 192 | (1 << 96) - 1),
    (ec.SECP384R1(), "1.3.132.0.34", (1 << 384) - (1 << 128) - (1 << 96) + (1 << 32) - 1),
    (ec.SECP521R1(), "1.3.132.0.35", (1 << 521) - 1),
]
ED25519 = "1.3.101.112"
ED25519_PRIME = 2**255 - 19
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
NO_SIGNATURE = identifier("1.3.6.1.5.5.7.6.2", NULL)
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


# --- What the tests are made of ---


def rsa_spki(key: bytes, algorithm: bytes = identifier(RSA_ENCRYPTION, NULL)) -> bytes:
    """Return a SubjectPublicKeyInfo with an RSA key."""
    return spki_of(algorithm, key)


@functools.cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return one RSA key of each length."""
    return rsa.generate_private_key(65537, bits)


def rsa_octets(bits: int = 2048) -> bytes:
    """Return the DER of the RSAPublicKey of ``rsa_key``."""
    return (
        rsa_key(bits)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    )


def rsa_signature(name: str, bits: int = 2048) -> bytes:
    """Return an RSASSA-PKCS1-v1_5 signature over the message."""
    return rsa_key(bits).sign(MESSAGE, padding.PKCS1v15(), HASHES[name])


def pss_signature(name: str, salt: int, bits: int = 2048) -> bytes:
    """Return an RSASSA-PSS signature over the message."""
    scheme = padding.PSS(padding.MGF1(HASHES[name]), salt)
    return rsa_key(bits).sign(MESSAGE, scheme, HASHES[name])


@functools.cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """Return one key on each curve."""
    return ec.generate_private_key({curve.name: curve for curve, _, _ in CURVES}[name])


def ec_point(name: str) -> bytes:
    """Return the uncompressed point of ``ec_key``."""
    return (
        ec_key(name)
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )


def ec_spki(oid: str, point: bytes) -> bytes:
    """Return a SubjectPublicKeyInfo with a point on a named curve."""
    return spki_of(identifier(EC_PUBLIC_KEY, oid_octets(oid)), point)


@functools.cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    """Return an Ed25519 key."""
    return ed25519.Ed25519PrivateKey.generate()


def ed25519_spki(key: bytes | None = None, parameters: bytes = b"") -> bytes:
    """Return a SubjectPublicKeyInfo with an Ed25519 key."""
    octets = ed25519_key().public_key().public_bytes_raw() if key is None else key
    return spki_of(identifier(ED25519, parameters), octets)


SHA256_RSA = identifier(RSA_WITH["sha256"], NULL)
SHA256_ECDSA = identifier(ECDSA_WITH["sha256"])


# --- V7: the table of algorithms ---


@pytest.mark.parametrize("parameters", [None, NULL, EMPTY, b"\x05\x01\x00"])
def test_digest_parameters(parameters: bytes | None) -> None:
    """V7: a digest has absent or NULL parameters, and SHA-224 is not offered."""
    for name, oid in DIGEST_OIDS.items():
        offered = name != "sha224" and parameters in (None, NULL)
        found = digest_algorithm(oid, parameters)
        assert (found and found.name) == (name if offered else None)


@pytest.mark.parametrize("name", HASHES)
def test_digests(name: str) -> None:
    """V6: the digest is the one that the name says."""
    digest = hashes.Hash(HASHES[name])
    digest.update(MESSAGE)
    (row,) = [row for row in DIGESTS if row.oid == DIGEST_OIDS[name]]
    assert hashlib.new(row.name, MESSAGE).digest() == digest.finalize()
    assert (row.octets, row.legacy) == (HASHES[name].digest_size, name == "sha1")


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_rsa_parameters(verify: Verify, name: str) -> None:  # noqa: F811
    """V10: the parameters of RSA PKCS#1 v1.5 are NULL or absent."""
    spki, signature = rsa_spki(rsa_octets()), rsa_signature(name)
    for oid, digest in ((RSA_WITH[name], None), (RSA_ENCRYPTION, name)):
        for parameters in (b"", NULL):
            assert verify(spki, identifier(oid, parameters), digest, MESSAGE, signature) is None
        for parameters in (EMPTY, b"\x05\x01\x00", NULL + NULL):
            reason = verify(spki, identifier(oid, parameters), digest, MESSAGE, signature)
            assert reason == "unsupported_algorithm"


@pytest.mark.parametrize("digest", [None, "sha1", "sha224"])
def test_rsa_encryption_without_a_hash(verify: Verify, digest: str | None) -> None:  # noqa: F811
    """V7: rsaEncryption takes its hash from digestAlgorithm, which has to be offered."""
    algorithm = identifier(RSA_ENCRYPTION, NULL)
    reason = verify(rsa_spki(rsa_octets()), algorithm, digest, MESSAGE, rsa_signature("sha256"))
    assert reason == "unsupported_algorithm"


def test_absent_parameters(verify: Verify) -> None:  # noqa: F811
    """V10: the parameters of ECDSA are absent or NULL, those of Ed25519 absent."""
    refused = [identifier(ED25519, NULL)]
    for name in ("sha256", "sha384", "sha512"):
        oid = ECDSA_WITH[name]
        refused += [identifier(oid, parameters) for parameters in (EMPTY, b"\x05\x01\x00")]
        signature = ec_key("secp256r1").sign(MESSAGE, ec.ECDSA(HASHES[name]))
        spki = ec_spki(CURVES[0][1], ec_point("secp256r1"))
        for algorithm in (identifier(oid), identifier(oid, NULL)):
            assert verify(spki, algorithm, None, MESSAGE, signature) is None
            assert verify(spki, algorithm, name, MESSAGE, signature) is None
    for algorithm in refused:
        assert verify(ed25519_spki(), algorithm, None, MESSAGE, b"") == "unsupported_algorithm"


def test_v10a_oiw_number(verify: Verify) -> None:  # noqa: F811
    """V10a: OIW's number stands for RSA with SHA-1, which needs the caller's leave."""
    spki, signature = rsa_spki(rsa_octets()), rsa_signature("sha1")
    for algorithm in (identifier(SHA1_RSA_OIW), identifier(SHA1_RSA_OIW, NULL)):
        for digest in (None, "sha1"):
            reason = verify(spki, algorithm, digest, MESSAGE, signature)
            assert reason == "unsupported_algorithm"
            assert verify(spki, algorithm, digest, MESSAGE, signature, legacy=True) is None
        reason = verify(spki, algorithm, "sha256", MESSAGE, signature, legacy=True)
        assert reason == "algorithm_mismatch"
    reason = verify(spki, identifier(SHA1_RSA_OIW, EMPTY), None, MESSAGE, signature, legacy=True)
    assert reason == "unsupported_algorithm"


def test_digest_agrees_with_the_signature(verify: Verify) -> None:  # noqa: F811
    """V7: digestAlgorithm, the hash of signatureAlgorithm and the PSS parameter hash agree."""
    algorithms = {
        SHA256_RSA: "sha256",
        SHA256_ECDSA: "sha256",
        identifier(RSASSA_PSS, pss("sha384", 48)): "sha384",
        identifier(ED25519): "sha512",  # RFC 8419 §3
    }
    for algorithm, own in algorithms.items():
        for digest in ("sha256", "sha384", "sha512"):
            if digest != own:
                reason = verify(b"", algorithm, digest, MESSAGE, b"")
                assert reason == "algorithm_mismatch"
        assert verify(b"", algorithm, own, MESSAGE, b"") == "key_rejected"
        assert verify(b"", algorithm, "sha1", MESSAGE, b"") == "unsupported_algorithm"
        assert verify(b"", algorithm, "sha1", MESSAGE, b"", legacy=True) == "algorithm_mismatch"
    signature = ed25519_key().sign(MESSAGE)
    assert verify(ed25519_spki(), identifier(ED25519), "sha512", MESSAGE, signature) is None


@pytest.mark.parametrize(("name", "length"), [("sha256", 32), ("sha384", 48), ("sha512", 64)])
def test_pss_salt(verify: Verify, name: str, length: int) -> None:  # noqa: F811
    """V10: salt = hash length, shorter salts where the library offers them."""
    spki = rsa_spki(rsa_octets())
    for salt in (length, length - 1, 0):
        algorithm = identifier(RSASSA_PSS, pss(name, salt))
        assert verify(spki, algorithm, None, MESSAGE, pss_signature(name, salt)) is None
        other = pss_signature(name, salt + 1)
        assert verify(spki, algorithm, None, MESSAGE, other) == "signature_invalid"
    algorithm = identifier(RSASSA_PSS, pss(name, None))
    assert verify(spki, algorithm, None, MESSAGE, pss_signature(name, 20)) is None


@pytest.mark.parametrize("parameters", PSS_NOT_OFFERED.values(), ids=PSS_NOT_OFFERED)
def test_pss_parameters(verify: Verify, parameters: bytes) -> None:  # noqa: F811
    """V10: PSS parameters explicit and DER; those of a key as well."""
    algorithm, signature = identifier(RSASSA_PSS, parameters), pss_signature("sha256", 32)
    reason = verify(rsa_spki(rsa_octets()), algorithm, None, MESSAGE, signature)
    assert reason == "unsupported_algorithm"
    if parameters:
        offered = identifier(RSASSA_PSS, pss("sha256", 32))
        reason = verify(rsa_spki(rsa_octets(), algorithm), offered, None, MESSAGE, signature)
        assert reason == "unsupported_algorithm"


# --- V9: keys ---

RSA_2048 = rsa_key().public_key().public_numbers().n
RSA_KEYS = {
    "2047 bits": (2**2047 - 1, 65537, "key_rejected"),
    "2048 bits": (2**2047 + 1, 65537, "signature_invalid"),
    "8192 bits": (2**8191 + 1, 65537, "signature_invalid"),
    "8193 bits": (2**8192 + 1, 65537, "key_rejected"),
    "16384 bits": (2**16383 + 1, 65537, "key_rejected"),
    "even modulus": (RSA_2048 - 1, 65537, "key_rejected"),
    "modulus negative": (-RSA_2048, 65537, "key_rejected"),
    "modulus 0": (0, 65537, "key_rejected"),
    "exponent 1": (RSA_2048, 1, "key_rejected"),
    "exponent 3": (RSA_2048, 3, "signature_invalid"),
    "exponent even": (RSA_2048, 65536, "key_rejected"),
    "exponent negative": (RSA_2048, -3, "key_rejected"),
    "exponent of 33 bits": (RSA_2048, 2**33 - 1, "signature_invalid"),
    "exponent of 34 bits": (RSA_2048, 2**33 + 1, "key_rejected"),
}


@pytest.mark.parametrize(("modulus", "exponent", "expected"), RSA_KEYS.values(), ids=RSA_KEYS)
def test_rsa_key_bounds(
    verify: Verify,  # noqa: F811
    modulus: int,
    exponent: int,
    expected: str,
) -> None:
    """V9: RSA 2048...8192 bits, odd modulus, odd exponent 3...2^33."""
    spki = rsa_spki(tlv(0x30, integer(modulus), integer(exponent)))
    signature = b"\x00" * ((modulus.bit_length() + 7) // 8)
    assert verify(spki, SHA256_RSA, None, MESSAGE, signature) == expected


def test_rsa_key_encoding(verify: Verify) -> None:  # noqa: F811
    """V9, P3, P4: an RSAPublicKey is DER of two INTEGERs, with nothing behind it."""
    octets = rsa_octets()
    modulus, exponent = integer(RSA_2048), integer(65537)
    wrong = [
        b"",
        octets + b"\x00",
        octets[:-1],
        tlv(0x30, modulus),
        tlv(0x30, modulus, exponent, exponent),
        tlv(0x30, modulus, b"\x02\x04\x00\x01\x00\x01"),
        tlv(0x30, modulus, b"\x02\x00"),
        tlv(0x30, modulus, tlv(0x04, b"\x01\x00\x01")),
        tlv(0x30, tlv(0x02, b"\x00", modulus[4:]), exponent),
        tlv(0x31, modulus, exponent),
        b"\x30\x80" + modulus + exponent + b"\x00\x00",
        b"\x30\x83\x00" + octets[2:],
    ]
    for key in wrong:
        reason = verify(rsa_spki(key), SHA256_RSA, None, MESSAGE, rsa_signature("sha256"))
        assert reason == "key_rejected", key.hex()


def test_spki_encoding(verify: Verify) -> None:  # noqa: F811
    """V9: a BIT STRING without unused bits; rsaEncryption with NULL; Ed25519 without."""
    rsa_null, octets = identifier(RSA_ENCRYPTION, NULL), rsa_octets()
    bits = tlv(0x03, b"\x00", octets)
    wrong = [
        b"",
        EMPTY,
        spki_of(rsa_null, octets, unused=1),
        spki_of(identifier(RSA_ENCRYPTION), octets),
        spki_of(identifier(RSA_ENCRYPTION, EMPTY), octets),
        spki_of(identifier(RSA_ENCRYPTION, NULL + NULL), octets),
        tlv(0x30, rsa_null, b"\x03\x00"),
        tlv(0x30, rsa_null, tlv(0x04, b"\x00", octets)),
        tlv(0x30, bits, rsa_null),
        tlv(0x30, rsa_null, bits, bits),
        rsa_spki(octets) + b"\x00",
        ed25519_spki(parameters=NULL),
        spki_of(EMPTY, octets),
        spki_of(tlv(0x30, NULL), octets),
    ]
    for spki in wrong:
        reason = verify(spki, SHA256_RSA, None, MESSAGE, rsa_signature("sha256"))
        assert reason == "key_rejected", spki.hex()


@pytest.mark.parametrize(
    ("restriction", "salt", "expected"),
    [
        (b"", 32, None),
        (pss("sha256", 32), 32, None),
        (pss("sha256", None), 32, None),
        (pss("sha256", None), 20, None),
        (pss("sha256", 0), 0, None),
        (pss("sha256", None), 19, "algorithm_mismatch"),
        (pss("sha256", 32), 31, "algorithm_mismatch"),
        (pss("sha384", 32), 32, "algorithm_mismatch"),
    ],
)
def test_rsassa_pss_key(
    verify: Verify,  # noqa: F811
    restriction: bytes,
    salt: int,
    expected: str | None,
) -> None:
    """V7: same hash, same MGF, salt >= the key's, same trailer, else it fails."""
    spki = rsa_spki(rsa_octets(), identifier(RSASSA_PSS, restriction))
    signature = pss_signature("sha256", salt)
    parameters = pss("sha256", None if salt == 20 else salt)
    assert verify(spki, identifier(RSASSA_PSS, parameters), None, MESSAGE, signature) == expected
    reason = verify(spki, SHA256_RSA, None, MESSAGE, rsa_signature("sha256"))
    assert reason == "algorithm_mismatch"


@pytest.mark.parametrize(("curve", "oid", "prime"), CURVES, ids=lambda value: str(value)[-12:])
def test_ec_key(
    verify: Verify,  # noqa: F811
    curve: ec.EllipticCurve,
    oid: str,
    prime: int,
) -> None:
    """V9: EC points uncompressed and on the curve; every curve goes with every hash."""
    private, point = ec_key(curve.name), ec_point(curve.name)
    for name in ("sha256", "sha384", "sha512"):
        signature = private.sign(MESSAGE, ec.ECDSA(HASHES[name]))
        assert (
            verify(ec_spki(oid, point), identifier(ECDSA_WITH[name]), None, MESSAGE, signature)
            is None
        )
    length = (curve.key_size + 7) // 8
    x, y = point[1 : 1 + length], point[1 + length :]
    compressed = bytes([2 + y[-1] % 2]) + x
    hybrid = bytes([6 + y[-1] % 2]) + x + y
    above = b"\x04" + x + prime.to_bytes(length, "big")
    off = b"\x04" + x + y[:-1] + bytes([y[-1] ^ 1])
    infinity = b"\x04" + b"\x00" * 2 * length
    wrong = [b"", b"\x00", compressed, hybrid, above, off, infinity, point[:-1], point + b"\x00"]
    signature = private.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    for octets in wrong:
        reason = verify(ec_spki(oid, octets), SHA256_ECDSA, None, MESSAGE, signature)
        assert reason == "key_rejected", octets.hex()


def test_ec_parameters(verify: Verify) -> None:  # noqa: F811
    """V9: named curve only; V7: a curve that is not in the table is unsupported."""
    named = oid_octets(CURVES[0][1])
    point = ec_point("secp256r1")
    for parameters in (b"", NULL, EMPTY, tlv(0x30, integer(1)), named + NULL, named + named):
        spki = spki_of(identifier(EC_PUBLIC_KEY, parameters), point)
        assert verify(spki, SHA256_ECDSA, None, MESSAGE, b"") == "key_rejected"
    secp256k1 = ec_spki("1.3.132.0.10", point)
    assert verify(secp256k1, SHA256_ECDSA, None, MESSAGE, b"") == "unsupported_algorithm"


def order_eight() -> set[int]:
    """Return the y of every Ed25519 point whose order divides 8, from -x^2 + y^2 = 1 + d*x^2*y^2.

    Those of order 1, 2 and 4 have y = 1, -1 and 0. Twice a point of order 8 is one of
    order 4, whose y is 0, so that x^2 = -y^2 and therefore d*y^4 + 2*y^2 - 1 = 0.
    """
    prime = ED25519_PRIME
    d = -121665 * pow(121666, -1, prime) % prime
    found = {0, 1, prime - 1}
    root = square_root((1 + d) % prime)
    for sign in (1, -1):
        square = (-1 + sign * root) * pow(d, -1, prime) % prime
        if pow(square, (prime - 1) // 2, prime) == 1:
            y = square_root(square)
            found |= {y, prime - y}
    return found


def square_root(value: int) -> int:
    """Return a square root modulo 2^255 - 19 (RFC 8032 §5.1.3)."""
    root = pow(value, (ED25519_PRIME + 3) // 8, ED25519_PRIME)
    if root * root % ED25519_PRIME != value:
        root = root * pow(2, (ED25519_PRIME - 1) // 4, ED25519_PRIME) % ED25519_PRIME
    assert root * root % ED25519_PRIME == value
    return root


def test_ed25519_points(verify: Verify) -> None:  # noqa: F811
    """V9: canonical A and R, no small order, in the key and in the signature."""
    small = order_eight()
    assert len(small) == 5
    signature = ed25519_key().sign(MESSAGE)
    algorithm = identifier(ED25519)
    for y in small | set(range(ED25519_PRIME, 2**255)):
        for sign in (0, 1 << 255):
            point = (y | sign).to_bytes(32, "little")
            reason = verify(ed25519_spki(point), algorithm, None, MESSAGE, signature)
            assert reason == "key_rejected", point.hex()
            forged = point + signature[32:]
            reason = verify(ed25519_spki(), algorithm, None, MESSAGE, forged)
            assert reason == "signature_invalid", point.hex()
    nowhere = (2).to_bytes(32, "little")  # y = 2 is on no point of the curve
    assert verify(ed25519_spki(nowhere), algorithm, None, MESSAGE, signature) == "signature_invalid"
    for key in (b"", signature[:31], signature[:33]):
        assert verify(ed25519_spki(key), algorithm, None, MESSAGE, signature) == "key_rejected"


# --- V10: signatures ---


def test_rsa_signature_length(verify: Verify) -> None:  # noqa: F811
    """V10, RFC 8017 §8.2.2: an RSA signature is as long as the modulus, and less than it."""
    spki, signature = rsa_spki(rsa_octets()), rsa_signature("sha256")
    assert verify(spki, SHA256_RSA, None, MESSAGE, signature) is None
    value = int.from_bytes(signature, "big") + RSA_2048
    wrong = [b"", signature[1:], b"\x00" + signature, signature + b"\x00"]
    if value.bit_length() <= 2048:
        wrong.append(value.to_bytes(256, "big"))
    for octets in wrong:
        assert verify(spki, SHA256_RSA, None, MESSAGE, octets) == "signature_invalid"
    assert verify(spki, SHA256_RSA, None, MESSAGE + b"!", signature) == "signature_invalid"


def test_ecdsa_signature(verify: Verify) -> None:  # noqa: F811
    """V10: ECDSA r, s in 1...n-1, DER, high-s accepted."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    spki = ec_spki(CURVES[0][1], ec_point("secp256r1"))
    signature = ec_key("secp256r1").sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(signature)
    for octets in (tlv(0x30, integer(r), integer(s)), tlv(0x30, integer(r), integer(order - s))):
        assert verify(spki, SHA256_ECDSA, None, MESSAGE, octets) is None
    wrong = [
        b"",
        signature + b"\x00",
        tlv(0x30, integer(r), integer(s), NULL),
        tlv(0x30, integer(r)),
        tlv(0x30, integer(r), integer(0)),
        tlv(0x30, integer(0), integer(s)),
        tlv(0x30, integer(r), integer(order)),
        tlv(0x30, integer(r), integer(s - order)),
        tlv(0x30, integer(r), integer(s + order)),
        tlv(0x30, integer(r), b"\x02\x23\x00\x00" + s.to_bytes(33, "big")),
        b"\x30\x81" + signature[1:],
        tlv(0x31, integer(r), integer(s)),
        tlv(0x30, integer(r), integer(s + (1 << 2000))),
        r.to_bytes(32, "big") + s.to_bytes(32, "big"),
    ]
    for octets in wrong:
        reason = verify(spki, SHA256_ECDSA, None, MESSAGE, octets)
        assert reason == "signature_invalid", octets.hex()


def test_ed25519_signature(verify: Verify) -> None:  # noqa: F811
    """V9: an Ed25519 signature has 64 octets and s < L."""
    signature, algorithm = ed25519_key().sign(MESSAGE), identifier(ED25519)
    assert verify(ed25519_spki(), algorithm, None, MESSAGE, signature) is None
    raised = int.from_bytes(signature[32:], "little") + ED25519_ORDER
    wrong = [b"", signature[:63], signature + b"\x00"]
    wrong.append(signature[:32] + raised.to_bytes(32, "little"))
    for octets in wrong:
        assert verify(ed25519_spki(), algorithm, None, MESSAGE, octets) == "signature_invalid"


# --- V10a: legacy ---


@pytest.mark.parametrize("bits", [1024, 2048])
@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("completed", [False, True], ids=["own hash", "rsaEncryption"])
def test_legacy(verify: Verify, bits: int, name: str, *, completed: bool) -> None:  # noqa: F811
    """V10a, R-204: ``legacy=True`` adds only RSA PKCS#1 v1.5 with SHA-1, and 1024-bit moduli.

    The latter with SHA-1, SHA-256 or SHA-512. Without it they are
    ``unsupported_algorithm`` and ``key_rejected``.
    """
    spki, signature = rsa_spki(rsa_octets(bits)), rsa_signature(name, bits)
    algorithm = identifier(RSA_ENCRYPTION if completed else RSA_WITH[name], NULL)
    digest = name if completed else None
    strict = "unsupported_algorithm" if name == "sha1" else None
    if strict is None and bits == 1024:
        strict = "key_rejected"
    assert verify(spki, algorithm, digest, MESSAGE, signature) == strict
    lenient = "key_rejected" if (bits, name) == (1024, "sha384") else None
    assert verify(spki, algorithm, digest, MESSAGE, signature, legacy=True) == lenient


def test_legacy_adds_nothing_else(verify: Verify) -> None:  # noqa: F811
    """V10a: no other short modulus, no short modulus with PSS, no ECDSA with SHA-1."""
    for bits in (512, 1023, 1025, 1536, 2047):
        spki = rsa_spki(tlv(0x30, integer(2 ** (bits - 1) + 1), integer(65537)))
        reason = verify(spki, SHA256_RSA, None, MESSAGE, b"", legacy=True)
        assert reason == "key_rejected"
    algorithm, signature = (
        identifier(RSASSA_PSS, pss("sha256", 32)),
        pss_signature("sha256", 32, 1024),
    )
    for key in (identifier(RSA_ENCRYPTION, NULL), identifier(RSASSA_PSS)):
        spki = rsa_spki(rsa_octets(1024), key)
        reason = verify(spki, algorithm, None, MESSAGE, signature, legacy=True)
        assert reason == "key_rejected"
    spki = ec_spki(CURVES[0][1], ec_point("secp256r1"))
    signature = ec_key("secp256r1").sign(MESSAGE, ec.ECDSA(hashes.SHA1()))
    reason = verify(spki, identifier(ECDSA_WITH["sha1"]), None, MESSAGE, signature, legacy=True)
    assert reason == "unsupported_algorithm"


def test_library_without_an_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    """V7: what ``cryptography`` was built or configured without is ``unsupported_algorithm``.

    A FIPS policy may forbid SHA-1, for which a hash that OpenSSL does not know stands here.
    """

    class Unknown(hashes.SHA1):
        name = "unknown"

    spki, algorithm = rsa_spki(rsa_octets()), identifier(RSA_WITH["sha1"], NULL)
    monkeypatch.setattr(keys, "_HASHES", {"sha1": Unknown()})
    reason = verify_pure(spki, algorithm, None, MESSAGE, b"\x00" * 256, legacy=True)
    assert reason == "unsupported_algorithm"


# --- V12, and the order of the checks ---


def test_no_signature(verify: Verify) -> None:  # noqa: F811
    """V12: id-alg-noSignature never makes a message or certificate valid."""
    spki = rsa_spki(rsa_octets())
    for digest in (None, "sha256", "sha512"):
        value = hashlib.new(digest or "sha256", MESSAGE).digest()
        assert verify(spki, NO_SIGNATURE, digest, MESSAGE, value) == "no_signature"
    assert verify(spki, NO_SIGNATURE, "sha1", MESSAGE, b"") == "unsupported_algorithm"
    assert verify(spki, NO_SIGNATURE, "sha1", MESSAGE, b"", legacy=True) == "no_signature"
    absent = identifier("1.3.6.1.5.5.7.6.2")
    assert verify(spki, absent, None, MESSAGE, b"") == "unsupported_algorithm"


def test_key_of_another_type(verify: Verify) -> None:  # noqa: F811
    """V7: a key that does not fit the signature algorithm is ``algorithm_mismatch``."""
    keys = {
        "rsa": rsa_spki(rsa_octets()),
        "ecdsa": ec_spki(CURVES[0][1], ec_point("secp256r1")),
        "ed25519": ed25519_spki(),
    }
    algorithms = {
        "rsa": [SHA256_RSA, identifier(RSASSA_PSS, pss("sha256", 32))],
        "ecdsa": [SHA256_ECDSA],
        "ed25519": [identifier(ED25519)],
    }
    for family, spki in keys.items():
        for other, offered in algorithms.items():
            for algorithm in offered:
                expected = "signature_invalid" if family == other else "algorithm_mismatch"
                assert verify(spki, algorithm, None, MESSAGE, b"") == expected


def test_unknown_key(verify: Verify) -> None:  # noqa: F811
    """V7: algorithms come from the table, those of keys too."""
    for oid in ("1.2.840.10040.4.1", "1.3.101.110", "1.2.840.113549.1.1.11"):
        spki = spki_of(identifier(oid), b"\x00" * 32)
        assert verify(spki, SHA256_RSA, None, MESSAGE, b"") == "unsupported_algorithm"


def test_order_of_checks(verify: Verify) -> None:  # noqa: F811
    """V7, V9, V10: parameters, key, fit of the two, form of the signature, signature."""
    unsupported = identifier(ECDSA_WITH["sha256"], EMPTY)
    short = rsa_spki(rsa_octets(1024))
    good = rsa_spki(rsa_octets())
    assert verify(short, unsupported, None, MESSAGE, b"") == "unsupported_algorithm"
    assert verify(short, SHA256_ECDSA, None, MESSAGE, b"") == "key_rejected"
    assert verify(short, SHA256_ECDSA, None, MESSAGE, b"", legacy=True) == "algorithm_mismatch"
    assert verify(good, SHA256_ECDSA, None, MESSAGE, b"") == "algorithm_mismatch"


# --- The tables that both backends read ---


def table(name: str) -> list[dict[str, Any]]:
    """Return the cases of a file in ``tests/vectors/signatures``."""
    path = VECTORS.parent / "signatures" / name
    octets = path.read_bytes()
    cases: list[dict[str, Any]] = json.loads(
        lzma.decompress(octets) if path.suffix == ".xz" else octets
    )
    return cases


@pytest.mark.parametrize("name", ["cases.json", "ml_dsa.json.xz"])
def test_every_case_has_the_outcome_of_its_rule(verify: Verify, name: str) -> None:  # noqa: F811
    """V7, V9, V10, V10a, V12: as the engine, case by case.

    Where ``cryptography`` has no ML-DSA, its keys and signatures are ``unsupported_algorithm``.
    """
    offered = PARAMETER_SETS or name == "cases.json"
    wrong = []
    for case in table(name):
        expected = case["expected"] if offered else "unsupported_algorithm"
        found = outcome(verify, case) or "valid"
        if found != expected:
            wrong.append((case["name"], found, expected))
    assert wrong == []


def outcome(verify: Verify, case: dict[str, Any]) -> str | None:  # noqa: F811
    """Return the reason of the first of the three steps that fails."""
    digest = None
    if case["digest"] is not None:
        fields = parser.parse(bytes.fromhex(case["digest"]))[4]
        oid = core.ObjectIdentifier.load(fields[: parser.peek(fields)])
        found = digest_algorithm(oid.native, fields[parser.peek(fields) :] or None)
        if found is None:
            return "unsupported_algorithm"
        digest = found.name
    key, algorithm, message, signature = (
        bytes.fromhex(case[name]) for name in ("key", "algorithm", "message", "signature")
    )
    return verify(key, algorithm, digest, message, signature, legacy=case["legacy"])


# --- P9: no foreign exception ---


def damaged(octets: bytes) -> list[bytes]:
    """Return octets cut off at each place, and with each octet replaced by telling ones."""
    cut = [octets[:length] for length in range(len(octets))]
    values = (0x00, 0x01, 0x02, 0x1F, 0x30, 0x3F, 0x7F, 0x80, 0x81, 0x84, 0xA0, 0xFF)
    return cut + [
        octets[:at] + bytes([value]) + octets[at + 1 :]
        for at in range(min(len(octets), 80))
        for value in values
        if value != octets[at]
    ]


def test_damaged_input_is_refused(verify: Verify) -> None:  # noqa: F811
    """P9: hostile keys, parameters and signatures give a reason and never another exception."""
    reasons = {"algorithm_mismatch", "key_rejected", "signature_invalid", "unsupported_algorithm"}
    cases: list[tuple[bytes, str, bytes, bytes]] = [
        (
            rsa_spki(rsa_octets(), identifier(RSASSA_PSS, pss("sha256", 31))),
            RSASSA_PSS,
            pss("sha256", 32),
            pss_signature("sha256", 32),
        ),
        (
            ec_spki(CURVES[0][1], ec_point("secp256r1")),
            ECDSA_WITH["sha256"],
            b"",
            ec_key("secp256r1").sign(MESSAGE, ec.ECDSA(hashes.SHA256())),
        ),
        (ed25519_spki(), ED25519, b"", ed25519_key().sign(MESSAGE)),
    ]
    harmless = 0
    for spki, oid, parameters, signature in cases:
        assert verify(spki, identifier(oid, parameters), None, MESSAGE, signature) is None
        inputs: list[tuple[Any, ...]] = [
            *((octets, parameters, signature) for octets in damaged(spki)),
            *((spki, octets, signature) for octets in damaged(parameters)),
            *((spki, parameters, octets) for octets in damaged(signature)),
        ]
        for key, found, value in inputs:
            reason = verify(key, identifier(oid, found), None, MESSAGE, value)
            harmless += reason is None
            assert reason is None or reason in reasons
    # The key's own saltLength may fall to any value up to 32 other than the DEFAULT.
    assert harmless <= 8
