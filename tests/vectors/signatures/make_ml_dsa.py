"""Writes ml_dsa.json.xz: the cases of cases.json for ML-DSA (FIPS 204, RFC 9881, RFC 9882).

Needs `cryptography` 48 or newer. Keys and signatures are random, as in make.py.
"""

import json
import lzma
import pathlib

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from make import (
    BAD,
    ECDSA,
    ED25519,
    KEY,
    MESSAGE,
    MISMATCH,
    NULL,
    PKCS1,
    UNSUPPORTED,
    VALID,
    algorithm,
    case,
    cases,
    digest,
    of,
    seq,
    spki,
    tlv,
)

NIST = "2.16.840.1.101.3.4"
# Name, arc, private key, digest algorithms that are strong enough (RFC 9882 §3.3).
SETS = [
    ("ML-DSA-44", 17, mldsa.MLDSA44PrivateKey, ("SHA-256", "SHA-384", "SHA-512")),
    ("ML-DSA-65", 18, mldsa.MLDSA65PrivateKey, ("SHA-384", "SHA-512")),
    ("ML-DSA-87", 19, mldsa.MLDSA87PrivateKey, ("SHA-512",)),
]
HASH_ML_DSA = {"ML-DSA-44": 32, "ML-DSA-65": 33, "ML-DSA-87": 34}
OTHER_DIGESTS = {"SHA3-256": 8, "SHA3-512": 10, "SHAKE128": 11, "SHAKE256": 12}


def flipped(octets: bytes, bit: int) -> bytes:
    value = bytearray(octets)
    value[bit // 8] ^= 1 << bit % 8
    return bytes(value)


def cases_of(name: str, arc: int, kind, digests: tuple[str, ...]) -> None:
    signer = algorithm(f"{NIST}.3.{arc}")
    private = kind.generate()
    public, signature = of(private), private.sign(MESSAGE)
    raw = private.public_key().public_bytes_raw()

    case(f"{name}, no digestAlgorithm", VALID, public, signer, signature)
    for sha in ("SHA-256", "SHA-384", "SHA-512"):
        expected = VALID if sha in digests else MISMATCH
        case(f"{name}, {sha}", expected, public, signer, signature, digest(sha))
    case(
        f"{name}, digest parameters NULL", VALID, public, signer, signature, digest("SHA-512", NULL)
    )
    case(f"{name}, SHA-1", UNSUPPORTED, public, signer, signature, digest("SHA-1"))
    case(
        f"{name}, SHA-1, legacy", MISMATCH, public, signer, signature, digest("SHA-1"), legacy=True
    )
    for other, last in OTHER_DIGESTS.items():
        identifier = algorithm(f"{NIST}.2.{last}")
        case(f"{name}, {other}", UNSUPPORTED, public, signer, signature, identifier)
    for what, parameters in {"NULL": NULL, "an empty SEQUENCE": seq()}.items():
        identifier = algorithm(f"{NIST}.3.{arc}", parameters)
        case(f"{name}, parameters {what}", UNSUPPORTED, public, identifier, signature)
    identifier = algorithm(f"{NIST}.3.{HASH_ML_DSA[name]}")
    case(f"Hash{name} with SHA-512", UNSUPPORTED, public, identifier, signature)

    case(f"{name}, empty message", VALID, public, signer, private.sign(b""), message=b"")
    case(f"{name}, another message", BAD, public, signer, signature, message=b"")
    case(f"{name}, a context", BAD, public, signer, private.sign(MESSAGE, b"CMS"))
    another = of(kind.generate())
    case(f"{name}, another key", BAD, another, signer, signature)
    for what, broken in {
        "empty": b"",
        "cut": signature[:-1],
        "octet after": signature + b"\0",
        "all zero": bytes(len(signature)),
        "first bit": flipped(signature, 7),
        "middle bit": flipped(signature, 4 * len(signature)),
        "last bit": flipped(signature, 8 * len(signature) - 8),
        "in an OCTET STRING": tlv(0x04, signature),
    }.items():
        case(f"{name}, signature {what}", BAD, public, signer, broken)

    for what, broken in {
        "parameters NULL": spki(algorithm(f"{NIST}.3.{arc}", NULL), raw),
        "empty": spki(signer, b""),
        "cut": spki(signer, raw[:-1]),
        "octet after": spki(signer, raw + b"\0"),
        "unused bits": spki(signer, raw[:-1] + b"\0", 1),
        "in an OCTET STRING": spki(signer, tlv(0x04, raw)),
        "in itself": spki(signer, public),
    }.items():
        case(f"{name} key {what}", KEY, broken, signer, signature)
    case(f"{name} key all zero", BAD, spki(signer, bytes(len(raw))), signer, signature)

    p256 = of(ec.generate_private_key(ec.SECP256R1()))
    edwards = of(ed25519.Ed25519PrivateKey.generate())
    case(f"P-256 key, {name} signature", MISMATCH, p256, signer, signature)
    case(f"Ed25519 key, {name} signature", MISMATCH, edwards, signer, signature)
    case(f"{name} key, Ed25519 signature", MISMATCH, public, algorithm(ED25519), signature)
    for dotted in (ECDSA["SHA-256"], PKCS1["SHA-256"]):
        case(f"{name} key, {dotted} signature", MISMATCH, public, algorithm(dotted), signature)
    for other, number, foreign_kind, _ in SETS:
        if other != name:
            foreign = foreign_kind.generate()
            identifier = algorithm(f"{NIST}.3.{number}")
            case(f"{other} key, {name} signature", MISMATCH, of(foreign), signer, signature)
            octets = foreign.public_key().public_bytes_raw()
            case(f"{other} key as {name}", KEY, spki(signer, octets), signer, signature)
            case(f"{name} signature as {other}", BAD, of(foreign), identifier, signature)


if __name__ == "__main__":
    for name, arc, kind, digests in SETS:
        cases_of(name, arc, kind, digests)
    lines = ",\n".join(json.dumps(entry) for entry in cases)
    path = pathlib.Path(__file__).with_name("ml_dsa.json.xz")
    path.write_bytes(lzma.compress(f"[\n{lines}\n]\n".encode(), preset=9))
    print(len(cases), "cases")
