"""The algorithms on offer, once: one row each (RFC 5754, RFC 4056, RFC 5480, RFC 8419, RFC 9882).

What is in no row is `unsupported_algorithm`. Both verifiers and the signers of `cmcodec.cms` read
the rows of signatures, the engine in the form that ``tools/generate.py`` gives them; `cmcodec.cms`
reads those of encryption and MACs. What computes, stands with the backends and there.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Final, NamedTuple

from cmcodec import oids


class Digest(NamedTuple):
    """A hash function: as `hashlib` calls it, and as FIPS 180-4 does; its parameters are absent.

    Readers accept NULL too (RFC 5754 §2). One that is ``legacy`` needs the caller's leave (rule
    V10a).
    """

    name: str
    title: str
    oid: str
    octets: int
    legacy: bool = False


SHA256: Final = Digest("sha256", "SHA-256", oids.ID_SHA256, 32)
SHA384: Final = Digest("sha384", "SHA-384", oids.ID_SHA384, 48)
SHA512: Final = Digest("sha512", "SHA-512", oids.ID_SHA512, 64)
SHA1: Final = Digest("sha1", "SHA-1", oids.ID_SHA1, 20, legacy=True)

DIGESTS: Final = (SHA256, SHA512, SHA384, SHA1)
"""The most frequent first."""


class Scheme(StrEnum):
    """A kind of signature, hash functions apart."""

    RSA_PKCS1 = "rsa"
    """RSASSA-PKCS1-v1_5 (RFC 8017 §8.2)."""
    RSA_PSS = "rsa-pss"
    """RSASSA-PSS with MGF1 over the same hash function (RFC 8017 §8.1, RFC 4056)."""
    ECDSA = "ecdsa"
    """ECDSA with an ECDSA-Sig-Value (RFC 5753 §7.2)."""
    ED25519 = "ed25519"
    """Ed25519, pure (RFC 8032 §5.1, RFC 8419)."""
    ML_DSA_44 = "ml-dsa-44"
    """ML-DSA-44, pure, without context (FIPS 204, RFC 9882)."""
    ML_DSA_65 = "ml-dsa-65"
    """ML-DSA-65, the same."""
    ML_DSA_87 = "ml-dsa-87"
    """ML-DSA-87, the same."""
    NO_SIGNATURE = "none"
    """id-alg-noSignature: nothing is signed (RFC 10002 §C.1, rule V12)."""


class Parameters(Enum):
    """Which parameters an AlgorithmIdentifier has to have."""

    ABSENT = "absent"
    ABSENT_OR_NULL = "absent or NULL"
    NULL = "NULL"
    PSS = "RSASSA-PSS-params, which also name the hash function"


class Signature(NamedTuple):
    """A signature algorithm.

    ``name`` is what reports call it; ``{}`` stands for the hash function where the identifier does
    not tell it: rsaEncryption leaves it to digestAlgorithm, RSASSA-PSS to its parameters.
    ``digests`` are the hash functions that go with it as digestAlgorithm, its own first. Ed25519
    and ML-DSA hash by themselves, but RFC 8419 §3 ties the one to SHA-512, and RFC 9882 §3.3 each
    parameter set of the other to hash functions that are as strong.
    """

    oid: str
    name: str
    scheme: Scheme
    parameters: Parameters
    digests: tuple[Digest, ...] = ()


_RSA: Final = (Scheme.RSA_PKCS1, Parameters.ABSENT_OR_NULL)
# NULL, which JSS and TPM tools write, is read as absent (rule V10); RFC 5758 §3.2 omits it.
_ECDSA: Final = (Scheme.ECDSA, Parameters.ABSENT_OR_NULL)

SIGNATURES: Final = (
    Signature(oids.SHA256_WITH_RSA_ENCRYPTION, "sha256WithRSAEncryption", *_RSA, (SHA256,)),
    Signature(oids.SHA384_WITH_RSA_ENCRYPTION, "sha384WithRSAEncryption", *_RSA, (SHA384,)),
    Signature(oids.SHA512_WITH_RSA_ENCRYPTION, "sha512WithRSAEncryption", *_RSA, (SHA512,)),
    # In SignerInfo.signatureAlgorithm (RFC 5754 §3.2).
    Signature(oids.RSA_ENCRYPTION, "{}WithRSAEncryption", *_RSA),
    Signature(oids.ID_RSASSA_PSS, "RSASSA-PSS-{}", Scheme.RSA_PSS, Parameters.PSS),
    Signature(oids.ECDSA_WITH_SHA256, "ecdsa-with-SHA256", *_ECDSA, (SHA256,)),
    Signature(oids.ECDSA_WITH_SHA384, "ecdsa-with-SHA384", *_ECDSA, (SHA384,)),
    Signature(oids.ECDSA_WITH_SHA512, "ecdsa-with-SHA512", *_ECDSA, (SHA512,)),
    Signature(oids.ID_ED25519, "Ed25519", Scheme.ED25519, Parameters.ABSENT, (SHA512,)),
    Signature(
        oids.ID_ML_DSA_44,
        "ML-DSA-44",
        Scheme.ML_DSA_44,
        Parameters.ABSENT,
        (SHA512, SHA384, SHA256),
    ),
    Signature(
        oids.ID_ML_DSA_65, "ML-DSA-65", Scheme.ML_DSA_65, Parameters.ABSENT, (SHA512, SHA384)
    ),
    Signature(oids.ID_ML_DSA_87, "ML-DSA-87", Scheme.ML_DSA_87, Parameters.ABSENT, (SHA512,)),
    Signature(oids.ID_ALG_NO_SIGNATURE, "id-alg-noSignature", Scheme.NO_SIGNATURE, Parameters.NULL),
    Signature(oids.SHA1_WITH_RSA_ENCRYPTION, "sha1WithRSAEncryption", *_RSA, (SHA1,)),
    # OIW's number for the same.
    Signature(oids.SHA1_WITH_RSA_SIGNATURE, "sha1WithRSAEncryption", *_RSA, (SHA1,)),
)
"""Every signature algorithm on offer."""


class PublicKey(NamedTuple):
    """A type of public key, and the schemes that it serves (RFC 5280 §4.1.2.7).

    Octets of a key and of a signature are given where the parameter set fixes them (FIPS 204 §4,
    table 2). ``work`` is what a verification costs, in those by RSA keys of 2048 bits (rule V15);
    that of RSA and EC depends on the key.
    """

    oid: str
    title: str
    schemes: tuple[Scheme, ...]
    key_octets: int = 0
    signature_octets: int = 0
    work: int = 0


PUBLIC_KEYS: Final = (
    PublicKey(oids.RSA_ENCRYPTION, "RSA", (Scheme.RSA_PKCS1, Scheme.RSA_PSS)),
    PublicKey(oids.ID_EC_PUBLIC_KEY, "EC", (Scheme.ECDSA,)),
    PublicKey(oids.ID_ED25519, "Ed25519", (Scheme.ED25519,), 32, 64, work=3),
    PublicKey(oids.ID_RSASSA_PSS, "RSA-PSS", (Scheme.RSA_PSS,)),
    PublicKey(oids.ID_ML_DSA_44, "ML-DSA-44", (Scheme.ML_DSA_44,), 1312, 2420, work=4),
    PublicKey(oids.ID_ML_DSA_65, "ML-DSA-65", (Scheme.ML_DSA_65,), 1952, 3309, work=6),
    PublicKey(oids.ID_ML_DSA_87, "ML-DSA-87", (Scheme.ML_DSA_87,), 2592, 4627, work=8),
)
"""Every type of key on offer."""


def rsa_work(modulus_bits: int, exponent_bits: int) -> int:
    """The work of a verification by an RSA key: a multiplication of squares for each bit."""
    return max(1, modulus_bits * modulus_bits * exponent_bits >> 26)


class Curve(NamedTuple):
    """A named curve (RFC 5480 §2.1.1.1) and the hash function of its strength.

    ``coordinate`` is the number of octets of a coordinate, ``work`` that of `PublicKey`, ``order``
    that of the base point.
    """

    oid: str
    name: str
    title: str
    coordinate: int
    work: int
    digest: Digest
    order: int


CURVES: Final = (
    Curve(
        oids.SECP256R1,
        "secp256r1",
        "P-256",
        32,
        3,
        SHA256,
        0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551,
    ),
    Curve(
        oids.SECP384R1,
        "secp384r1",
        "P-384",
        48,
        8,
        SHA384,
        (2**192 - 1 << 192) + 0xC7634D81_F4372DDF_581A0DB2_48B0A77A_ECEC196A_CCC52973,
    ),
    Curve(
        oids.SECP521R1,
        "secp521r1",
        "P-521",
        66,
        16,
        SHA512,
        (2**262 - 1 << 259)
        + 0x2_51868783_BF2F966B_7FCC0148_F709A5D0_3BB5C9B8_899C47AE_BB6FB71E_91386409,
    ),
)
"""Every curve on offer."""

# --- encryption and MACs (RFC 3565, RFC 5084, RFC 3370, RFC 5753, RFC 8418, RFC 9629) -------------


class Mode(Enum):
    """How a cipher takes a content."""

    CBC = "EnvelopedData: padded, not authenticated"
    GCM = "AuthEnvelopedData: authenticated"


class ContentCipher(NamedTuple):
    """A content-encryption algorithm; ``iv_octets`` is also what is made of a nonce.

    One that is ``legacy`` needs the caller's leave, and is only opened.
    """

    oid: str
    mode: Mode
    key_octets: int
    iv_octets: int
    legacy: bool = False


CONTENT_CIPHERS: Final = (
    ContentCipher(oids.ID_AES128_CBC, Mode.CBC, 16, 16),
    ContentCipher(oids.ID_AES192_CBC, Mode.CBC, 24, 16),
    ContentCipher(oids.ID_AES256_CBC, Mode.CBC, 32, 16),
    ContentCipher(oids.ID_AES128_GCM, Mode.GCM, 16, 12),
    ContentCipher(oids.ID_AES192_GCM, Mode.GCM, 24, 12),
    ContentCipher(oids.ID_AES256_GCM, Mode.GCM, 32, 12),
    ContentCipher(oids.DES_EDE3_CBC, Mode.CBC, 24, 8, legacy=True),
)
"""Every content-encryption algorithm on offer."""


class KeyWrap(NamedTuple):
    """AES key wrap (RFC 3394), whose parameters are absent."""

    oid: str
    key_octets: int


KEY_WRAPS: Final = (
    KeyWrap(oids.ID_AES128_WRAP, 16),
    KeyWrap(oids.ID_AES192_WRAP, 24),
    KeyWrap(oids.ID_AES256_WRAP, 32),
)
"""Every key-wrap algorithm on offer."""


class Mac(NamedTuple):
    """HMAC, and the hash function as `hashlib` calls it; as a MAC and as a PRF of PBKDF2.

    ``made`` tells whether messages are made with it; others are only read. Parameters are absent
    or NULL.
    """

    oid: str
    digest: str
    octets: int
    made: bool = True


MACS: Final = (
    Mac(oids.ID_HMAC_WITH_SHA256, "sha256", 32),
    Mac(oids.ID_HMAC_WITH_SHA384, "sha384", 48),
    Mac(oids.ID_HMAC_WITH_SHA512, "sha512", 64),
    Mac(oids.ID_HMAC_WITH_SHA224, "sha224", 28, made=False),
    Mac(oids.ID_HMAC_WITH_SHA1, "sha1", 20, made=False),
    Mac(oids.HMAC_SHA1, "sha1", 20, made=False),
)
"""Every MAC on offer."""


class Derivation(Enum):
    """How a key agreement makes a key-encryption key of a shared secret."""

    X963 = "RFC 5753 §7.2"
    HKDF = "RFC 8418 §2"
    X942 = "RFC 2631 §2.1.2"


class Agreement(NamedTuple):
    """A key-agreement scheme: which derivation it has, over which hash function.

    ``keys`` are the curves and types of keys for which it is the usual one. ``made`` tells whether
    messages are made with it; others are only read.
    """

    oid: str
    derivation: Derivation
    digest: str
    keys: tuple[str, ...] = ()
    made: bool = True


AGREEMENTS: Final = (
    Agreement(
        oids.DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME, Derivation.X963, "sha256", (oids.SECP256R1,)
    ),
    Agreement(
        oids.DH_SINGLE_PASS_STD_DH_SHA384KDF_SCHEME, Derivation.X963, "sha384", (oids.SECP384R1,)
    ),
    Agreement(
        oids.DH_SINGLE_PASS_STD_DH_SHA512KDF_SCHEME, Derivation.X963, "sha512", (oids.SECP521R1,)
    ),
    Agreement(oids.DH_SINGLE_PASS_STD_DH_SHA224KDF_SCHEME, Derivation.X963, "sha224", made=False),
    Agreement(oids.DH_SINGLE_PASS_STD_DH_SHA1KDF_SCHEME, Derivation.X963, "sha1", made=False),
    Agreement(
        oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA256_SCHEME, Derivation.HKDF, "sha256", (oids.ID_X25519,)
    ),
    Agreement(oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA384_SCHEME, Derivation.HKDF, "sha384"),
    Agreement(
        oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA512_SCHEME, Derivation.HKDF, "sha512", (oids.ID_X448,)
    ),
    Agreement(oids.ID_ALG_ESDH, Derivation.X942, "sha1", (oids.DHPUBLICNUMBER,)),
)
"""Every key-agreement scheme on offer."""

KEMS: Final = (oids.ID_ALG_ML_KEM_768, oids.ID_ALG_ML_KEM_1024)
"""Every key-encapsulation mechanism on offer (RFC 9936)."""


class DHProof(Enum):
    """How the owner of a Diffie-Hellman key proves that it has it (RFC 6955)."""

    STATIC_DH = "§4: a MAC under what both keys agree on"
    DISCRETE_LOG = "§5: a signature of DSA"
    STATIC_ECDH = "§6: a MAC, as in §4, over a curve"


class DHProofAlgorithm(NamedTuple):
    """Such a proof, and its hash function as `hashlib` calls it. Parameters are absent."""

    oid: str
    proof: DHProof
    digest: str


DH_PROOFS: Final = (
    DHProofAlgorithm(oids.ID_ALG_DH_POP_STATIC_SHA1_HMAC_SHA1, DHProof.STATIC_DH, "sha1"),
    DHProofAlgorithm(oids.ID_ALG_DH_POP_STATIC_SHA224_HMAC_SHA224, DHProof.STATIC_DH, "sha224"),
    DHProofAlgorithm(oids.ID_ALG_DH_POP_STATIC_SHA256_HMAC_SHA256, DHProof.STATIC_DH, "sha256"),
    DHProofAlgorithm(oids.ID_ALG_DH_POP_STATIC_SHA384_HMAC_SHA384, DHProof.STATIC_DH, "sha384"),
    DHProofAlgorithm(oids.ID_ALG_DH_POP_STATIC_SHA512_HMAC_SHA512, DHProof.STATIC_DH, "sha512"),
    DHProofAlgorithm(oids.ID_ALG_DH_POP_SHA1, DHProof.DISCRETE_LOG, "sha1"),
    DHProofAlgorithm(oids.ID_ALG_DH_POP_SHA224, DHProof.DISCRETE_LOG, "sha224"),
    DHProofAlgorithm(oids.ID_ALG_DH_POP_SHA256, DHProof.DISCRETE_LOG, "sha256"),
    DHProofAlgorithm(oids.ID_ALG_DH_POP_SHA384, DHProof.DISCRETE_LOG, "sha384"),
    DHProofAlgorithm(oids.ID_ALG_DH_POP_SHA512, DHProof.DISCRETE_LOG, "sha512"),
    DHProofAlgorithm(oids.ID_ALG_ECDH_POP_STATIC_SHA224_HMAC_SHA224, DHProof.STATIC_ECDH, "sha224"),
    DHProofAlgorithm(oids.ID_ALG_ECDH_POP_STATIC_SHA256_HMAC_SHA256, DHProof.STATIC_ECDH, "sha256"),
    DHProofAlgorithm(oids.ID_ALG_ECDH_POP_STATIC_SHA384_HMAC_SHA384, DHProof.STATIC_ECDH, "sha384"),
    DHProofAlgorithm(oids.ID_ALG_ECDH_POP_STATIC_SHA512_HMAC_SHA512, DHProof.STATIC_ECDH, "sha512"),
)
"""Every proof of possession of a Diffie-Hellman key on offer."""
