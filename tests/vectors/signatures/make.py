"""Writes cases.json: one case per decision of the rules V7, V9, V10, V10a and V12.

Every case is (key, algorithm, digest, legacy, message, signature, expected);
`expected` is the reason code, or "valid". It is written down here by hand,
from the rules; no backend of cmcodec takes part. Keys are random, so a new
run gives new octets with the same meaning.
"""

import json
import pathlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MESSAGE = bytes(range(150))
VALID, MISMATCH = "valid", "algorithm_mismatch"
UNSUPPORTED, KEY, BAD, NONE = (
    "unsupported_algorithm",
    "key_rejected",
    "signature_invalid",
    "no_signature",
)


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    first, second, *arcs = map(int, dotted.split("."))
    content = b""
    for arc in [first * 40 + second, *arcs]:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        content += bytes(reversed(septets))
    return tlv(0x06, content)


def algorithm(dotted: str, *parameters: bytes) -> bytes:
    return seq(oid(dotted), *parameters)


NULL = b"\x05\x00"
SHA = {
    "SHA-1": (hashes.SHA1(), "1.3.14.3.2.26"),
    "SHA-224": (hashes.SHA224(), "2.16.840.1.101.3.4.2.4"),
    "SHA-256": (hashes.SHA256(), "2.16.840.1.101.3.4.2.1"),
    "SHA-384": (hashes.SHA384(), "2.16.840.1.101.3.4.2.2"),
    "SHA-512": (hashes.SHA512(), "2.16.840.1.101.3.4.2.3"),
}
PKCS1 = {
    "SHA-1": "1.2.840.113549.1.1.5",
    "SHA-224": "1.2.840.113549.1.1.14",
    "SHA-256": "1.2.840.113549.1.1.11",
    "SHA-384": "1.2.840.113549.1.1.12",
    "SHA-512": "1.2.840.113549.1.1.13",
}
ECDSA = {
    "SHA-1": "1.2.840.10045.4.1",
    "SHA-224": "1.2.840.10045.4.3.1",
    "SHA-256": "1.2.840.10045.4.3.2",
    "SHA-384": "1.2.840.10045.4.3.3",
    "SHA-512": "1.2.840.10045.4.3.4",
}
RSA, PSS, MGF1 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
EC, ED25519, ED448 = "1.2.840.10045.2.1", "1.3.101.112", "1.3.101.113"
NO_SIGNATURE = "1.3.6.1.5.5.7.6.2"
SHA2 = ("SHA-256", "SHA-384", "SHA-512")


def digest(name: str, *parameters: bytes) -> bytes:
    return algorithm(SHA[name][1], *parameters)


def pss(name: str, salt: bytes | int | None, mgf: str | None = None, *, null: bool = True) -> bytes:
    """RSASSA-PSS-params; `salt` as octets is the whole [2] field."""
    parameters = (NULL,) if null else ()
    if isinstance(salt, int):
        salt = tlv(0xA2, integer(salt))
    return seq(
        tlv(0xA0, digest(name, *parameters)),
        tlv(0xA1, algorithm(MGF1, digest(mgf or name, *parameters))),
        salt or b"",
    )


def size(name: str) -> int:
    return SHA[name][0].digest_size


def spki(identifier: bytes, key: bytes, unused: int = 0) -> bytes:
    return seq(identifier, tlv(0x03, bytes([unused]), key))


def rsa_key(modulus: int, exponent: int) -> bytes:
    return seq(integer(modulus), integer(exponent))


def rsa_spki(modulus: int, exponent: int) -> bytes:
    return spki(algorithm(RSA, NULL), rsa_key(modulus, exponent))


def of(private) -> bytes:
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


cases: list[dict[str, object]] = []


def case(
    name: str,
    expected: str,
    key: bytes,
    signer: bytes,
    signature: bytes,
    digested: bytes | None = None,
    *,
    legacy: bool = False,
    message: bytes = MESSAGE,
) -> None:
    assert all(known["name"] != name for known in cases), name
    cases.append(
        {
            "name": name,
            "expected": expected,
            "legacy": legacy,
            "key": key.hex(),
            "algorithm": signer.hex(),
            "digest": None if digested is None else digested.hex(),
            "message": message.hex(),
            "signature": signature.hex(),
        }
    )


def sign_pkcs1(private, name: str) -> bytes:
    return private.sign(MESSAGE, padding.PKCS1v15(), SHA[name][0])


def sign_pss(private, name: str, salt: int, mgf: str | None = None) -> bytes:
    scheme = padding.PSS(padding.MGF1(SHA[mgf or name][0]), salt)
    return private.sign(MESSAGE, scheme, SHA[name][0])


def with_exponent(private, exponent: int):
    """The same modulus with another exponent, or None if it has no inverse."""
    numbers = private.private_numbers()
    phi = (numbers.p - 1) * (numbers.q - 1)
    try:
        d = pow(exponent, -1, phi)
    except ValueError:
        return None
    n = numbers.public_numbers.n
    return n, d


def sign_raw(n: int, d: int, name: str) -> bytes:
    """PKCS#1 v1.5 by hand, for exponents that the library does not make keys for."""
    from hashlib import new

    octets = (n.bit_length() + 7) // 8
    value = new(name.replace("-", "").lower(), MESSAGE).digest()
    info = seq(digest(name, NULL), tlv(0x04, value))
    encoded = b"\x00\x01" + b"\xff" * (octets - 3 - len(info)) + b"\x00" + info
    return pow(int.from_bytes(encoded, "big"), d, n).to_bytes(octets, "big")


def rsa_cases() -> None:
    keys = {
        bits: rsa.generate_private_key(65537, bits)
        for bits in (1024, 1025, 2047, 2048, 2049, 3072, 4095, 8192)
    }
    key = keys[2048]
    public = of(key)

    for bits, private in keys.items():
        expected = VALID if bits >= 2048 else KEY
        for name in SHA2:
            signature = sign_pkcs1(private, name)
            case(
                f"rsa {bits} pkcs1 {name}",
                expected,
                of(private),
                algorithm(PKCS1[name], NULL),
                signature,
            )
    for name in SHA2:
        signature = sign_pkcs1(key, name)
        case(
            f"pkcs1 {name}, parameters absent",
            VALID,
            public,
            algorithm(PKCS1[name]),
            signature,
            digest(name),
        )
        case(
            f"pkcs1 {name}, digest parameters NULL",
            VALID,
            public,
            algorithm(PKCS1[name], NULL),
            signature,
            digest(name, NULL),
        )
        case(
            f"rsaEncryption with {name}",
            VALID,
            public,
            algorithm(RSA, NULL),
            signature,
            digest(name),
        )
        case(
            f"rsaEncryption with {name}, parameters absent",
            VALID,
            public,
            algorithm(RSA),
            signature,
            digest(name),
        )
        case(
            f"rsaEncryption with {name}, no digestAlgorithm",
            UNSUPPORTED,
            public,
            algorithm(RSA, NULL),
            signature,
        )
        for other in SHA2:
            if other != name:
                case(
                    f"pkcs1 {name}, digestAlgorithm {other}",
                    MISMATCH,
                    public,
                    algorithm(PKCS1[name], NULL),
                    signature,
                    digest(other),
                )
                case(
                    f"rsaEncryption with {other}, signed with {name}",
                    BAD,
                    public,
                    algorithm(RSA, NULL),
                    signature,
                    digest(other),
                )
    signature = sign_pkcs1(key, "SHA-256")
    sha256 = algorithm(PKCS1["SHA-256"], NULL)
    case("pkcs1, another message", BAD, public, sha256, signature, message=MESSAGE[:-1])
    case("pkcs1, empty signature", BAD, public, sha256, b"")
    case("pkcs1, signature one octet short", BAD, public, sha256, signature[:-1])
    case("pkcs1, signature with a leading zero", BAD, public, sha256, b"\0" + signature)
    case("pkcs1, signature with an octet after it", BAD, public, sha256, signature + b"\0")
    number = int.from_bytes(signature, "big") + key.public_key().public_numbers().n
    larger = number.to_bytes(257, "big")
    case(
        "pkcs1, signature plus modulus",
        BAD,
        public,
        sha256,
        larger[1:] if larger[0] == 0 else larger,
    )
    case(
        "pkcs1, signature of another key",
        BAD,
        of(keys[2049]),
        sha256,
        sign_pkcs1(keys[2049], "SHA-512"),
    )
    case("pkcs1, signature for PSS", BAD, public, sha256, sign_pss(key, "SHA-256", 32))
    for name, parameters in {
        "empty SEQUENCE": seq(),
        "BER NULL": b"\x05\x81\x00",
        "NULL twice": NULL + NULL,
        "INTEGER": integer(0),
    }.items():
        case(
            f"pkcs1, parameters {name}",
            UNSUPPORTED,
            public,
            algorithm(PKCS1["SHA-256"], parameters),
            signature,
        )
        case(
            f"pkcs1, digest parameters {name}",
            UNSUPPORTED,
            public,
            sha256,
            signature,
            digest("SHA-256", parameters),
        )
    sha224 = sign_pkcs1(key, "SHA-224")
    case(
        "pkcs1 SHA-224", UNSUPPORTED, public, algorithm(PKCS1["SHA-224"], NULL), sha224, legacy=True
    )
    case(
        "digestAlgorithm SHA-224",
        UNSUPPORTED,
        public,
        algorithm(RSA, NULL),
        sha224,
        digest("SHA-224"),
        legacy=True,
    )

    # V10a
    sha1 = sign_pkcs1(key, "SHA-1")
    for legacy, expected in ((False, UNSUPPORTED), (True, VALID)):
        case(
            f"pkcs1 SHA-1, legacy {legacy}",
            expected,
            public,
            algorithm(PKCS1["SHA-1"], NULL),
            sha1,
            digest("SHA-1"),
            legacy=legacy,
        )
        case(
            f"pkcs1 SHA-1, parameters absent, legacy {legacy}",
            expected,
            public,
            algorithm(PKCS1["SHA-1"]),
            sha1,
            legacy=legacy,
        )
        case(
            f"rsaEncryption with SHA-1, legacy {legacy}",
            expected,
            public,
            algorithm(RSA, NULL),
            sha1,
            digest("SHA-1", NULL),
            legacy=legacy,
        )
        expected = MISMATCH if legacy else UNSUPPORTED
        case(
            f"pkcs1 SHA-256, digestAlgorithm SHA-1, legacy {legacy}",
            expected,
            public,
            sha256,
            signature,
            digest("SHA-1"),
            legacy=legacy,
        )
        case(
            f"pkcs1 SHA-1, digestAlgorithm SHA-256, legacy {legacy}",
            expected,
            public,
            algorithm(PKCS1["SHA-1"]),
            sha1,
            digest("SHA-256"),
            legacy=legacy,
        )
    for name in ("SHA-1", *SHA2):
        expected = KEY if name == "SHA-384" else VALID
        small = sign_pkcs1(keys[1024], name)
        case(
            f"rsa 1024 pkcs1 {name}, legacy",
            expected,
            of(keys[1024]),
            algorithm(PKCS1[name], NULL),
            small,
            legacy=True,
        )
        case(
            f"rsa 1025 pkcs1 {name}, legacy",
            KEY,
            of(keys[1025]),
            algorithm(PKCS1[name], NULL),
            sign_pkcs1(keys[1025], name),
            legacy=True,
        )
        case(
            f"rsa 2047 pkcs1 {name}, legacy",
            KEY,
            of(keys[2047]),
            algorithm(PKCS1[name], NULL),
            sign_pkcs1(keys[2047], name),
            legacy=True,
        )
    case(
        "rsa 1024 pkcs1 SHA-1, not legacy",
        UNSUPPORTED,
        of(keys[1024]),
        algorithm(PKCS1["SHA-1"], NULL),
        sign_pkcs1(keys[1024], "SHA-1"),
    )
    case(
        "rsa 1024 pss SHA-256, legacy",
        KEY,
        of(keys[1024]),
        algorithm(PSS, pss("SHA-256", 32)),
        sign_pss(keys[1024], "SHA-256", 32),
        legacy=True,
    )
    case("rsa 1024, wrong signature, legacy", BAD, of(keys[1024]), sha256, bytes(128), legacy=True)

    # PSS
    for name in SHA2:
        for salt in (0, 1, 19, 21, size(name) - 1, size(name)):
            signature = sign_pss(key, name, salt)
            signer = algorithm(PSS, pss(name, salt))
            case(f"pss {name} salt {salt}", VALID, public, signer, signature, digest(name))
            case(
                f"pss {name} salt {salt}, wrong salt length",
                BAD,
                public,
                algorithm(PSS, pss(name, salt + 2 if salt < 20 else salt - 2)),
                signature,
            )
        case(
            f"pss {name} salt absent",
            VALID,
            public,
            algorithm(PSS, pss(name, None)),
            sign_pss(key, name, 20),
        )
        case(
            f"pss {name} salt absent, signed with {size(name)}",
            BAD,
            public,
            algorithm(PSS, pss(name, None)),
            sign_pss(key, name, size(name)),
        )
        case(
            f"pss {name} salt 20 encoded",
            UNSUPPORTED,
            public,
            algorithm(PSS, pss(name, 20)),
            sign_pss(key, name, 20),
        )
        case(
            f"pss {name} salt {size(name) + 1}",
            UNSUPPORTED,
            public,
            algorithm(PSS, pss(name, size(name) + 1)),
            sign_pss(key, name, size(name) + 1),
        )
        case(
            f"pss {name} without NULL",
            VALID,
            public,
            algorithm(PSS, pss(name, size(name), null=False)),
            sign_pss(key, name, size(name)),
        )
        for other in SHA2:
            if other != name:
                case(
                    f"pss {name}, MGF1 {other}",
                    UNSUPPORTED,
                    public,
                    algorithm(PSS, pss(name, size(name), other)),
                    sign_pss(key, name, size(name), other),
                )
                case(
                    f"pss {name}, digestAlgorithm {other}",
                    MISMATCH,
                    public,
                    algorithm(PSS, pss(name, size(name))),
                    sign_pss(key, name, size(name)),
                    digest(other),
                )
    for bits in (2049, 3072, 4095, 8192):
        case(
            f"rsa {bits} pss",
            VALID,
            of(keys[bits]),
            algorithm(PSS, pss("SHA-256", 32)),
            sign_pss(keys[bits], "SHA-256", 32),
        )
        case(
            f"rsa {bits} pss, no salt",
            VALID,
            of(keys[bits]),
            algorithm(PSS, pss("SHA-512", 0)),
            sign_pss(keys[bits], "SHA-512", 0),
        )
    signature = sign_pss(key, "SHA-256", 32)
    good = pss("SHA-256", 32)
    inner = good[2:]
    hashed, masked = (
        tlv(0xA0, digest("SHA-256", NULL)),
        tlv(0xA1, algorithm(MGF1, digest("SHA-256", NULL))),
    )
    salted = tlv(0xA2, integer(32))
    for name, parameters in {
        "absent": b"",
        "NULL": NULL,
        "empty": seq(),
        "trailer 1 encoded": seq(inner, tlv(0xA3, integer(1))),
        "trailer 2": seq(inner, tlv(0xA3, integer(2))),
        "twice": good + good,
        "octets after": good + NULL,
        "octets inside": seq(inner, NULL),
        "hash absent": seq(masked, salted),
        "MGF absent": seq(hashed, salted),
        "in another order": seq(masked, hashed, salted),
        "salt twice": seq(inner, salted),
        "MGF without hash": seq(hashed, tlv(0xA1, algorithm(MGF1)), salted),
        "MGF with octets after": seq(
            hashed, tlv(0xA1, algorithm(MGF1, digest("SHA-256", NULL), NULL)), salted
        ),
        "MGF of another kind": seq(
            hashed, tlv(0xA1, algorithm("1.2.840.113549.1.1.9", digest("SHA-256", NULL))), salted
        ),
        "hash with other parameters": seq(tlv(0xA0, digest("SHA-256", seq())), masked, salted),
        "salt negative": pss("SHA-256", -1),
        "salt not minimal": pss("SHA-256", tlv(0xA2, tlv(0x02, b"\x00\x20"))),
        "salt empty": pss("SHA-256", tlv(0xA2, tlv(0x02))),
        "salt huge": pss("SHA-256", 1 << 64),
        "salt with octets after": pss("SHA-256", tlv(0xA2, integer(32), NULL)),
        "length not minimal": b"\x30\x81" + good[1:],
        "hash SHA-1": pss("SHA-1", None),
        "hash SHA-224": pss("SHA-224", 28),
    }.items():
        case(
            f"pss, parameters {name}",
            UNSUPPORTED,
            public,
            algorithm(PSS, parameters),
            signature,
            legacy=True,
        )
    case(
        "pss, rsaEncryption signature",
        BAD,
        public,
        algorithm(PSS, good),
        sign_pkcs1(key, "SHA-256"),
    )
    case("pss, signature one octet short", BAD, public, algorithm(PSS, good), signature[:-1])
    case("pss, signature with a leading zero", BAD, public, algorithm(PSS, good), b"\0" + signature)
    case(
        "pss, short salt, signature with a leading zero",
        BAD,
        public,
        algorithm(PSS, pss("SHA-256", 8)),
        b"\0" + sign_pss(key, "SHA-256", 8),
    )

    # Keys that name id-RSASSA-PSS
    numbers = key.public_key().public_numbers()
    raw = rsa_key(numbers.n, numbers.e)
    free = spki(algorithm(PSS), raw)
    bound = spki(algorithm(PSS, pss("SHA-256", 16)), raw)
    case("pss key, no parameters", VALID, free, algorithm(PSS, good), signature)
    case(
        "pss key, no parameters, salt 0",
        VALID,
        free,
        algorithm(PSS, pss("SHA-384", 0)),
        sign_pss(key, "SHA-384", 0),
    )
    case(
        "pss key, no parameters, pkcs1 signature",
        MISMATCH,
        free,
        sha256,
        sign_pkcs1(key, "SHA-256"),
    )
    case(
        "pss key, salt as demanded",
        VALID,
        bound,
        algorithm(PSS, pss("SHA-256", 16)),
        sign_pss(key, "SHA-256", 16),
    )
    case("pss key, longer salt than demanded", VALID, bound, algorithm(PSS, good), signature)
    case(
        "pss key, shorter salt than demanded",
        MISMATCH,
        bound,
        algorithm(PSS, pss("SHA-256", 15)),
        sign_pss(key, "SHA-256", 15),
    )
    case(
        "pss key, another hash than demanded",
        MISMATCH,
        bound,
        algorithm(PSS, pss("SHA-512", 64)),
        sign_pss(key, "SHA-512", 64),
    )
    case(
        "pss key, demands with and without NULL",
        VALID,
        spki(algorithm(PSS, pss("SHA-256", 32, null=False)), raw),
        algorithm(PSS, good),
        signature,
    )
    case(
        "pss key, parameters NULL",
        UNSUPPORTED,
        spki(algorithm(PSS, NULL), raw),
        algorithm(PSS, good),
        signature,
    )
    case(
        "pss key, parameters empty",
        UNSUPPORTED,
        spki(algorithm(PSS, seq()), raw),
        algorithm(PSS, good),
        signature,
    )
    case(
        "pss key, demands SHA-1",
        UNSUPPORTED,
        spki(algorithm(PSS, pss("SHA-1", 32)), raw),
        algorithm(PSS, good),
        signature,
    )
    case(
        "pss key, demands a trailer",
        UNSUPPORTED,
        spki(algorithm(PSS, seq(inner, tlv(0xA3, integer(1)))), raw),
        algorithm(PSS, good),
        signature,
    )
    small = keys[1024].public_key().public_numbers()
    case(
        "pss key of 1024 bits, legacy",
        KEY,
        spki(algorithm(PSS), rsa_key(small.n, small.e)),
        algorithm(PSS, good),
        bytes(128),
        legacy=True,
    )

    # V9
    signature = sign_pkcs1(key, "SHA-256")
    n, e = numbers.n, numbers.e
    for exponent in (3, (1 << 33) - 1, (1 << 33) + 1):
        found = None
        while found is None:
            found = with_exponent(rsa.generate_private_key(65537, 2048), exponent)
        modulus, d = found
        expected = VALID if exponent < 1 << 33 else KEY
        case(
            f"rsa exponent {exponent}",
            expected,
            rsa_spki(modulus, exponent),
            sha256,
            sign_raw(modulus, d, "SHA-256"),
        )
    for name, broken in {
        "modulus even": rsa_spki(n - 1, e),
        "modulus of 8193 bits": rsa_spki((1 << 8192) + 1, e),
        "modulus zero": rsa_spki(0, e),
        "modulus one": rsa_spki(1, e),
        "modulus negative": rsa_spki(-n, e),
        "modulus not minimal": spki(
            algorithm(RSA, NULL), seq(tlv(0x02, b"\0" + integer(n)[4:]), integer(e))
        ),
        "modulus without sign octet": spki(
            algorithm(RSA, NULL), seq(tlv(0x02, n.to_bytes(256, "big")), integer(e))
        ),
        "exponent zero": rsa_spki(n, 0),
        "exponent one": rsa_spki(n, 1),
        "exponent even": rsa_spki(n, 65536),
        "exponent 2^33": rsa_spki(n, 1 << 33),
        "exponent negative": rsa_spki(n, -3),
        "exponent 2^64 + 1": rsa_spki(n, (1 << 64) + 1),
        "exponent not minimal": spki(
            algorithm(RSA, NULL), seq(integer(n), tlv(0x02, b"\0\x01\0\x01"))
        ),
        "exponent empty": spki(algorithm(RSA, NULL), seq(integer(n), tlv(0x02))),
        "exponent missing": spki(algorithm(RSA, NULL), seq(integer(n))),
        "octets in RSAPublicKey": spki(algorithm(RSA, NULL), seq(integer(n), integer(e), NULL)),
        "octets after RSAPublicKey": spki(algorithm(RSA, NULL), raw + b"\0"),
        "RSAPublicKey with a BER length": spki(algorithm(RSA, NULL), b"\x30\x83\0" + raw[2:]),
        "RSAPublicKey empty": spki(algorithm(RSA, NULL), b""),
        "unused bits": spki(algorithm(RSA, NULL), raw, 1),
        "BIT STRING empty": seq(algorithm(RSA, NULL), tlv(0x03)),
        "OCTET STRING": seq(algorithm(RSA, NULL), tlv(0x04, b"\0", raw)),
        "parameters absent": spki(algorithm(RSA), raw),
        "parameters empty SEQUENCE": spki(algorithm(RSA, seq()), raw),
        "parameters twice": spki(algorithm(RSA, NULL, NULL), raw),
        "octets in SubjectPublicKeyInfo": seq(algorithm(RSA, NULL), tlv(0x03, b"\0", raw), NULL),
        "octets after SubjectPublicKeyInfo": public + b"\0",
        "SubjectPublicKeyInfo cut": public[:-1],
        "SubjectPublicKeyInfo empty": b"",
        "no SubjectPublicKeyInfo": raw,
    }.items():
        case(f"rsa key, {name}", KEY, broken, sha256, signature)
        case(f"rsa key, {name}, legacy", KEY, broken, sha256, signature, legacy=True)
    case("key algorithm SHA-256 with RSA", UNSUPPORTED, spki(sha256, raw), sha256, signature)
    case(
        "key algorithm DSA",
        UNSUPPORTED,
        spki(algorithm("1.2.840.10040.4.1"), raw),
        sha256,
        signature,
    )
    case("key algorithm Ed448", UNSUPPORTED, spki(algorithm(ED448), bytes(57)), sha256, signature)
    case(
        "key algorithm X25519",
        UNSUPPORTED,
        spki(algorithm("1.3.101.110"), bytes(range(32))),
        sha256,
        signature,
    )
    case(
        "key algorithm SLH-DSA-SHA2-128s",
        UNSUPPORTED,
        spki(algorithm("2.16.840.1.101.3.4.3.20"), bytes(32)),
        sha256,
        signature,
    )
    for dotted in (
        "1.2.840.113549.1.1.4",
        ED448,
        "1.2.840.10040.4.3",
        "2.16.840.1.101.3.4.3.20",
        "1.2.840.10045.4.3",
    ):
        case(
            f"signature algorithm {dotted}",
            UNSUPPORTED,
            public,
            algorithm(dotted),
            signature,
            legacy=True,
        )
    case(
        "unsupported algorithm before rejected key",
        UNSUPPORTED,
        b"",
        algorithm("1.2.840.113549.1.1.4"),
        b"",
    )
    case("mismatch before rejected key", MISMATCH, b"", sha256, b"", digest("SHA-512"))
    case("noSignature", NONE, public, algorithm(NO_SIGNATURE, NULL), bytes(20), digest("SHA-256"))
    case("noSignature, no digestAlgorithm", NONE, public, algorithm(NO_SIGNATURE, NULL), b"")
    case(
        "noSignature with the signature of another algorithm",
        NONE,
        public,
        algorithm(NO_SIGNATURE, NULL),
        signature,
    )
    case("noSignature, parameters absent", UNSUPPORTED, public, algorithm(NO_SIGNATURE), bytes(20))
    case(
        "noSignature, parameters empty",
        UNSUPPORTED,
        public,
        algorithm(NO_SIGNATURE, seq()),
        bytes(20),
    )
    case(
        "noSignature, SHA-1, legacy",
        NONE,
        public,
        algorithm(NO_SIGNATURE, NULL),
        bytes(20),
        digest("SHA-1"),
        legacy=True,
    )
    case(
        "noSignature, SHA-1",
        UNSUPPORTED,
        public,
        algorithm(NO_SIGNATURE, NULL),
        bytes(20),
        digest("SHA-1"),
    )
    case("rsa key, ECDSA signature", MISMATCH, public, algorithm(ECDSA["SHA-256"]), signature)
    case("rsa key, Ed25519 signature", MISMATCH, public, algorithm(ED25519), signature)
    case(
        "rsa 1024, ECDSA signature, legacy",
        MISMATCH,
        of(keys[1024]),
        algorithm(ECDSA["SHA-256"]),
        signature,
        legacy=True,
    )


def ec_cases() -> None:
    curves = {
        "P-256": (ec.SECP256R1(), "1.2.840.10045.3.1.7"),
        "P-384": (ec.SECP384R1(), "1.3.132.0.34"),
        "P-521": (ec.SECP521R1(), "1.3.132.0.35"),
    }
    for curve, (parameters, named) in curves.items():
        order = parameters.group_order
        private = ec.generate_private_key(parameters)
        public = of(private)
        point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        width = len(point) // 2
        for name in SHA2:
            signature = private.sign(MESSAGE, ec.ECDSA(SHA[name][0]))
            signer = algorithm(ECDSA[name])
            r, s = decode_dss_signature(signature)
            low, high = sorted((s, order - s))
            case(f"{curve} {name}", VALID, public, signer, signature, digest(name))
            case(f"{curve} {name}, low s", VALID, public, signer, seq(integer(r), integer(low)))
            case(
                f"{curve} {name}, high s",
                VALID,
                public,
                signer,
                seq(integer(r), integer(high)),
                digest(name, NULL),
            )
            case(f"{curve} {name}, another message", BAD, public, signer, signature, message=b"")
            case(
                f"{curve} {name}, parameters NULL",
                VALID,
                public,
                algorithm(ECDSA[name], NULL),
                signature,
            )
            for other in SHA2:
                if other != name:
                    case(
                        f"{curve} {name}, digestAlgorithm {other}",
                        MISMATCH,
                        public,
                        signer,
                        signature,
                        digest(other),
                    )
        signature = private.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
        signer = algorithm(ECDSA["SHA-256"])
        r, s = decode_dss_signature(signature)
        for name, broken in {
            "empty": b"",
            "r zero": seq(integer(0), integer(s)),
            "s zero": seq(integer(r), integer(0)),
            "r and s zero": seq(integer(0), integer(0)),
            "r negative": seq(integer(-r), integer(s)),
            "s plus n": seq(integer(r), integer(s + order)),
            "r plus n": seq(integer(r + order), integer(s)),
            "r is n": seq(integer(order), integer(s)),
            "s is n": seq(integer(r), integer(order)),
            "r not minimal": seq(tlv(0x02, b"\0" + integer(r)[2:]), integer(s)),
            "s missing": seq(integer(r)),
            "octets inside": seq(integer(r), integer(s), NULL),
            "octets after": signature + b"\0",
            "cut": signature[:-1],
            "SET": b"\x31" + signature[1:],
            "BER length": b"\x30\x82\0" + (signature[1:] if signature[1] < 0x80 else signature[2:]),
            "indefinite length": b"\x30\x80" + integer(r) + integer(s) + b"\0\0",
            "raw": r.to_bytes(width, "big") + s.to_bytes(width, "big"),
            "huge r": seq(integer(1 << 4096), integer(s)),
        }.items():
            case(f"{curve}, signature {name}", BAD, public, signer, broken)
        for name in ("SHA-1", "SHA-224"):
            weak = private.sign(MESSAGE, ec.ECDSA(SHA[name][0]))
            case(f"{curve} {name}", UNSUPPORTED, public, algorithm(ECDSA[name]), weak, legacy=True)
        sha1 = private.sign(MESSAGE, ec.ECDSA(hashes.SHA1()))
        case(
            f"{curve} rsaEncryption",
            MISMATCH,
            public,
            algorithm(RSA, NULL),
            sha1,
            digest("SHA-1"),
            legacy=True,
        )
        case(
            f"{curve} key, RSA signature",
            MISMATCH,
            public,
            algorithm(PKCS1["SHA-256"], NULL),
            signature,
        )
        case(
            f"{curve} key, PSS signature",
            MISMATCH,
            public,
            algorithm(PSS, pss("SHA-256", 32)),
            signature,
        )
        case(f"{curve} key, Ed25519 signature", MISMATCH, public, algorithm(ED25519), bytes(64))

        identifier = algorithm(EC, oid(named))
        moved = bytearray(point)
        moved[-1] ^= 1
        compressed = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        y_even = point[-1] & 1 == 0
        explicit = seq(
            integer(1),
            seq(oid("1.2.840.10045.1.1"), integer(7)),
            seq(tlv(0x04), tlv(0x04)),
            tlv(0x04, point),
            integer(order),
        )
        for name, broken in {
            "off the curve": spki(identifier, bytes(moved)),
            "coordinates zero": spki(identifier, b"\x04" + bytes(2 * width)),
            "coordinates too large": spki(identifier, b"\x04" + b"\xff" * (2 * width)),
            "compressed": spki(identifier, compressed),
            "hybrid": spki(identifier, (b"\x06" if y_even else b"\x07") + point[1:]),
            "at infinity": spki(identifier, b"\0"),
            "empty": spki(identifier, b""),
            "cut": spki(identifier, point[:-1]),
            "octets after": spki(identifier, point + b"\0"),
            "without 04": spki(identifier, point[1:]),
            "unused bits": spki(identifier, point, 7),
            "parameters absent": spki(algorithm(EC), point),
            "parameters NULL": spki(algorithm(EC, NULL), point),
            "parameters explicit": spki(algorithm(EC, explicit), point),
            "parameters twice": spki(algorithm(EC, oid(named), NULL), point),
        }.items():
            case(f"{curve} key, {name}", KEY, broken, signer, signature)
        for other, (_, another) in curves.items():
            if other != curve:
                case(
                    f"{curve} point on {other}",
                    KEY,
                    spki(algorithm(EC, oid(another)), point),
                    signer,
                    signature,
                )
        case(
            f"{curve} point on secp256k1",
            UNSUPPORTED,
            spki(algorithm(EC, oid("1.3.132.0.10")), point),
            signer,
            signature,
        )
    foreign = ec.generate_private_key(ec.SECP256K1())
    case(
        "secp256k1",
        UNSUPPORTED,
        of(foreign),
        algorithm(ECDSA["SHA-256"]),
        foreign.sign(MESSAGE, ec.ECDSA(hashes.SHA256())),
    )


def edwards_cases() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    public, signature, signer = of(private), private.sign(MESSAGE), algorithm(ED25519)
    raw = public[-32:]
    field, order = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
    case("Ed25519", VALID, public, signer, signature, digest("SHA-512"))
    case(
        "Ed25519, digest parameters NULL", VALID, public, signer, signature, digest("SHA-512", NULL)
    )
    case("Ed25519, no digestAlgorithm", VALID, public, signer, signature)
    case("Ed25519, empty message", VALID, public, signer, private.sign(b""), message=b"")
    case("Ed25519, another message", BAD, public, signer, signature, message=b"")
    case("Ed25519, digestAlgorithm SHA-256", MISMATCH, public, signer, signature, digest("SHA-256"))
    case("Ed25519, parameters NULL", UNSUPPORTED, public, algorithm(ED25519, NULL), signature)
    case("Ed25519 key, ECDSA signature", MISMATCH, public, algorithm(ECDSA["SHA-256"]), signature)
    case(
        "Ed25519 key, RSA signature", MISMATCH, public, algorithm(PKCS1["SHA-512"], NULL), signature
    )
    s = int.from_bytes(signature[32:], "little")
    for name, broken in {
        "empty": b"",
        "cut": signature[:-1],
        "octets after": signature + b"\0",
        "s plus L": signature[:32] + (s + order).to_bytes(32, "little"),
        "s is L": signature[:32] + order.to_bytes(32, "little"),
        "R zero": bytes(32) + signature[32:],
        "R not canonical": (field + 3).to_bytes(32, "little") + signature[32:],
    }.items():
        case(f"Ed25519, signature {name}", BAD, public, signer, broken)
    order8 = int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    )
    for y in (0, 1, field - 1, order8, field - order8, *range(field, 2**255)):
        for sign in (0, 1):
            octets = (y | sign << 255).to_bytes(32, "little")
            # The trivial forgery where A is the neutral element: R = [s]B.
            case(
                f"Ed25519 key {octets.hex()}", KEY, spki(signer, octets), signer, octets + bytes(32)
            )
            case(f"Ed25519 signature, R {octets.hex()}", BAD, public, signer, octets + bytes(32))
    case(
        "Ed25519 key, y 2, no point",
        BAD,
        spki(signer, (2).to_bytes(32, "little")),
        signer,
        signature,
    )
    for name, broken in {
        "parameters NULL": spki(algorithm(ED25519, NULL), raw),
        "cut": spki(signer, raw[:-1]),
        "octets after": spki(signer, raw + b"\0"),
        "empty": spki(signer, b""),
        "unused bits": spki(signer, raw, 1),
        "wrapped in an OCTET STRING": spki(signer, tlv(0x04, raw)),
    }.items():
        case(f"Ed25519 key, {name}", KEY, broken, signer, signature)


if __name__ == "__main__":
    rsa_cases()
    ec_cases()
    edwards_cases()
    lines = ",\n".join(json.dumps(entry) for entry in cases)
    pathlib.Path(__file__).with_name("cases.json").write_text(f"[\n{lines}\n]\n")
    print(len(cases), "cases")
