"""Public keys, their bounds, and the signatures made with them (RULES V9, V10, V10a, V12).

A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) is read here, octet by octet as V9
demands, and only the numbers found are given to ``cryptography``: what its own reader
of keys accepts decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Self

from asn1crypto import core
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from cmcodec._pure import ml_dsa
from cmcodec._pure.signatures import (
    INTEGER,
    NULL,
    SEQUENCE,
    Family,
    PSSParameters,
    Refused,
    SignatureAlgorithm,
    elements,
    integer,
    rsassa_pss,
    single,
    take,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["PublicKey"]

BIT_STRING = 0x03
OBJECT_IDENTIFIER = 0x06

# V9, V10a: the bounds of an RSA key.
RSA_MODULUS_BITS = range(2048, 8192 + 1)
RSA_LEGACY_MODULUS_BITS = 1024
RSA_LEGACY_DIGESTS = frozenset({"sha1", "sha256", "sha512"})
RSA_EXPONENT = range(3, 2**33)
# An RSAPublicKey of 8192 bits with an exponent of 33 takes 1,040 octets; a longer one is not
# read, so that no INTEGER of more than 16,384 bits is ever made (P5, P12).
_RSA_PUBLIC_KEY_OCTETS = 1100

_HASHES: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {
        "sha1": hashes.SHA1(),
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }
)


def _oid(dotted: str) -> bytes:
    """Return the contents of an OBJECT IDENTIFIER, so that received ones are never decoded."""
    contents: bytes = core.ObjectIdentifier(dotted).contents
    return contents


# SPEC A.8: the type of a key.
_FAMILIES: Mapping[bytes, Family] = MappingProxyType(
    {
        _oid("1.2.840.113549.1.1.1"): "rsa",
        _oid("1.2.840.113549.1.1.10"): "rsa-pss",
        _oid("1.2.840.10045.2.1"): "ecdsa",
        _oid("1.3.101.112"): "ed25519",
        **{_oid(row.oid): family for family, row in ml_dsa.PARAMETER_SETS.items()},
    }
)


class _Curve(NamedTuple):
    """A named curve of RFC 5480 section 2.1.1.1, with the order n of its base point."""

    curve: ec.EllipticCurve
    field_octets: int
    order: int


_CURVES: Mapping[bytes, _Curve] = MappingProxyType(
    {
        _oid("1.2.840.10045.3.1.7"): _Curve(
            ec.SECP256R1(),
            32,
            0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551,
        ),
        _oid("1.3.132.0.34"): _Curve(
            ec.SECP384R1(),
            48,
            (2**192 - 1 << 192) + 0xC7634D81_F4372DDF_581A0DB2_48B0A77A_ECEC196A_CCC52973,
        ),
        _oid("1.3.132.0.35"): _Curve(
            ec.SECP521R1(),
            66,
            (2**262 - 1 << 259)
            + 0x2_51868783_BF2F966B_7FCC0148_F709A5D0_3BB5C9B8_899C47AE_BB6FB71E_91386409,
        ),
    }
)
_ORDERS = {row.curve.name: row.order for row in _CURVES.values()}
# SEQUENCE { r, s } for P-521: 3 octets of header, and 2 + 66 for each INTEGER.
_ECDSA_SIGNATURE_OCTETS = 139

# RFC 8032 section 5.1: the prime p of the field, and the order L of the base point.
_ED25519_PRIME = 2**255 - 19
_ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
# The y of the eight points whose order divides 8: of order 1, 2, 4 (twice), and 8 (four times).
_ED25519_SMALL_ORDER = frozenset(
    {
        1,
        _ED25519_PRIME - 1,
        0,
        0x05FC536D_880238B1_3933C6D3_05ACDFD5_F098EFF2_89F4C345_B027B2C2_8F95E826,
        0x7A03AC92_77FDC74E_C6CC392C_FA53202A_0F67100D_760B3CBA_4FD84D3D_706A17C7,
    }
)

# SPEC A.8: the signature algorithms that each type of key serves.
_SERVES: Mapping[Family, frozenset[Family]] = MappingProxyType(
    {
        "rsa": frozenset({"rsa", "rsa-pss"}),
        "rsa-pss": frozenset({"rsa-pss"}),
        "ecdsa": frozenset({"ecdsa"}),
        "ed25519": frozenset({"ed25519"}),
        **{family: frozenset({family}) for family in ml_dsa.PARAMETER_SETS},
    }
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key within the bounds of V9.

    ``pss`` holds the parameters to which a key of type id-RSASSA-PSS is restricted.
    """

    family: Family
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ml_dsa.PureKey
    pss: PSSParameters | None = None

    @classmethod
    def parse(cls, spki: bytes, *, legacy: bool) -> Self:
        """Read the DER of a SubjectPublicKeyInfo, or raise ``Refused``.

        The reason is ``unsupported_algorithm`` for a key algorithm, a named curve or
        RSASSA-PSS-params that are not offered, ``key_rejected`` for everything else.
        """
        try:
            fields = elements(single(spki, SEQUENCE), at_most=2)
            if [field.identifier for field in fields] != [SEQUENCE, BIT_STRING]:
                raise ValueError("not the fields of a SubjectPublicKeyInfo")
            if fields[1].contents[:1] != b"\x00":
                raise ValueError("the octets of a key leave no bits unused")
            oid, parameters = take(fields[0].contents)
            if oid.identifier != OBJECT_IDENTIFIER:
                raise ValueError("not the fields of an AlgorithmIdentifier")
            family = _FAMILIES.get(oid.contents)
            if family is None:
                raise Refused("unsupported_algorithm")
            key = fields[1].contents[1:]
            if family == "ecdsa":
                return cls(family, _ec_key(parameters, key))
            if family == "rsa-pss":
                # V10a offers no RSASSA-PSS with short moduli, so legacy changes nothing.
                restriction = rsassa_pss(parameters) if parameters else None
                return cls(family, _rsa_key(key, legacy=False), restriction)
            # RFC 3279 section 2.3.1: rsaEncryption has NULL; RFC 8410 section 3 and RFC 9881
            # section 2: Ed25519 and ML-DSA have none.
            if parameters != (NULL if family == "rsa" else b""):
                raise ValueError("parameters that this type of key does not have")
            if family == "rsa":
                return cls(family, _rsa_key(key, legacy=legacy))
            return cls(family, _PURE[family].key(key))
        except (ValueError, UnsupportedAlgorithm, InternalError) as error:
            raise Refused("key_rejected") from error

    def verify(self, algorithm: SignatureAlgorithm, message: bytes, signature: bytes) -> None:
        """Return where ``signature`` over ``message`` is valid, or raise ``Refused``.

        ``message`` is what was signed, never its digest.
        """
        if algorithm.family == "none":  # V12
            raise Refused("no_signature")
        if algorithm.family not in _SERVES[self.family]:
            raise Refused("algorithm_mismatch")
        try:
            if isinstance(self.key, rsa.RSAPublicKey):
                self._verify_rsa(self.key, algorithm, message, signature)
            elif isinstance(self.key, ec.EllipticCurvePublicKey):
                _check_ecdsa_form(signature, _ORDERS[self.key.curve.name])
                self.key.verify(signature, message, ec.ECDSA(_hash(algorithm)))
            else:
                _PURE[self.family].check_form(signature)
                self.key.verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise Refused("signature_invalid") from error
        except (UnsupportedAlgorithm, InternalError) as error:
            # The library was built or configured without this algorithm (a FIPS policy).
            raise Refused("unsupported_algorithm") from error

    def _verify_rsa(
        self,
        key: rsa.RSAPublicKey,
        algorithm: SignatureAlgorithm,
        message: bytes,
        signature: bytes,
    ) -> None:
        """Verify RSASSA-PKCS1-v1_5 or RSASSA-PSS (RFC 8017 sections 8.1.2 and 8.2.2)."""
        hashed = _hash(algorithm)
        if self.pss is not None and (
            self.pss.digest != algorithm.digest or self.pss.salt_length > algorithm.salt_length
        ):
            # RFC 4055 section 3.3: the parameters of the signature are not those of the key.
            raise Refused("algorithm_mismatch")
        if key.key_size == RSA_LEGACY_MODULUS_BITS and (
            algorithm.family != "rsa" or algorithm.digest not in RSA_LEGACY_DIGESTS
        ):
            raise Refused("key_rejected")  # V10a
        if len(signature) != (key.key_size + 7) // 8:
            raise ValueError("the signature is not as long as the modulus")
        if algorithm.family == "rsa":
            key.verify(signature, message, padding.PKCS1v15(), hashed)
        else:
            mask = padding.MGF1(hashed)
            pss = padding.PSS(mgf=mask, salt_length=algorithm.salt_length)
            key.verify(signature, message, pss, hashed)


def _hash(algorithm: SignatureAlgorithm) -> hashes.HashAlgorithm:
    """Return the hash of an algorithm that has one."""
    return _HASHES[algorithm.digest or ""]


# --- Keys (V9) ---


def _rsa_key(octets: bytes, *, legacy: bool) -> rsa.RSAPublicKey:
    """Read an RSAPublicKey (RFC 8017 appendix A.1.1), or raise ``ValueError``.

    ::

        RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }
    """
    if len(octets) > _RSA_PUBLIC_KEY_OCTETS:
        raise ValueError("an RSAPublicKey longer than any within the bounds")
    modulus, exponent = _two_integers(octets)
    bits = modulus.bit_length()
    if bits not in RSA_MODULUS_BITS and not (legacy and bits == RSA_LEGACY_MODULUS_BITS):
        raise ValueError("the length of the modulus is out of bounds")
    if modulus < 0 or modulus % 2 == 0 or exponent not in RSA_EXPONENT or exponent % 2 == 0:
        raise ValueError("not the numbers of an RSA key, or an exponent out of bounds")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _ec_key(parameters: bytes, point: bytes) -> ec.EllipticCurvePublicKey:
    """Read an uncompressed ECPoint (RFC 5480 section 2.2), or raise ``ValueError``.

    That its coordinates are less than the prime, and that it is on the curve, is
    checked by ``cryptography``.
    """
    # RFC 5480 section 2.1.1: namedCurve, no other form.
    named = _CURVES.get(single(parameters, OBJECT_IDENTIFIER))
    if named is None:
        raise Refused("unsupported_algorithm")
    if len(point) != 1 + 2 * named.field_octets or point[0] != 0x04:
        raise ValueError("not an uncompressed point of this curve")
    return ec.EllipticCurvePublicKey.from_encoded_point(named.curve, point)


def _ed25519_key(octets: bytes) -> ed25519.Ed25519PublicKey:
    """Read an Ed25519 public key A (RFC 8032 section 5.1.5), or raise ``ValueError``.

    Octets that are the encoding of no point at all are not told apart from a key: no
    signature verifies under them.
    """
    if len(octets) != 32:
        raise ValueError("an Ed25519 key has 32 octets")
    _check_ed25519_point(octets)
    return ed25519.Ed25519PublicKey.from_public_bytes(octets)


# --- The forms of signatures (V10) ---


def _check_ecdsa_form(signature: bytes, order: int) -> None:
    """Check an ECDSA-Sig-Value (RFC 5480 appendix A), or raise ``ValueError``.

    ::

        ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }
    """
    if len(signature) > _ECDSA_SIGNATURE_OCTETS:
        raise ValueError("longer than any ECDSA signature")
    if not all(0 < value < order for value in _two_integers(signature)):
        raise ValueError("r or s is not in 1..n-1")


def _check_ed25519_form(signature: bytes) -> None:
    """Check R and S of an Ed25519 signature (RFC 8032 section 5.1.7) or raise ``ValueError``."""
    if len(signature) != 64:
        raise ValueError("an Ed25519 signature has 64 octets")
    if int.from_bytes(signature[32:], "little") >= _ED25519_ORDER:
        raise ValueError("S is not less than L")
    _check_ed25519_point(signature[:32])


def _check_ed25519_point(octets: bytes) -> None:
    """Check that an encoded point has a canonical y and is not of small order (V9)."""
    y = int.from_bytes(octets, "little") & (2**255 - 1)
    if y >= _ED25519_PRIME:
        raise ValueError("y is not less than p")
    if y in _ED25519_SMALL_ORDER:
        raise ValueError("a point of small order")


def _two_integers(octets: bytes) -> tuple[int, int]:
    """Read the DER of a SEQUENCE of two INTEGERs, or raise ``ValueError``."""
    fields = elements(single(octets, SEQUENCE), at_most=2)
    if [field.identifier for field in fields] != [INTEGER, INTEGER]:
        raise ValueError("not a SEQUENCE of two INTEGERs")
    return integer(fields[0].contents), integer(fields[1].contents)


# --- Schemes that sign the message itself ---


class _Pure(NamedTuple):
    """How such a key is read, and what is checked of its signatures beforehand."""

    key: Callable[[bytes], ml_dsa.PureKey]
    check_form: Callable[[bytes], None]


_PURE: Mapping[Family, _Pure] = MappingProxyType(
    {
        "ed25519": _Pure(_ed25519_key, _check_ed25519_form),
        **{family: _Pure(row.key, row.check_form) for family, row in ml_dsa.PARAMETER_SETS.items()},
    }
)
