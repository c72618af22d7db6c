"""Public keys, their bounds, and the signatures made with them (rules V9, V10, V10a, V12).

A SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) is read here, octet by octet as rule V9 demands, and only
the numbers found are given to ``cryptography``: what its own reader of keys accepts decides
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from cmcodec import algorithms, limits, oids
from cmcodec._pure.verify import ml_dsa
from cmcodec._pure.verify.algorithm import (
    INTEGER,
    NULL,
    SEQUENCE,
    PSSParameters,
    SignatureAlgorithm,
    elements,
    integer,
    rsassa_pss,
    single,
    take,
)
from cmcodec._pure.verify.fault import Fault
from cmcodec._pure.view import oid_octets
from cmcodec.algorithms import SHA1, SHA256, SHA512, Scheme
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

BIT_STRING = 0x03
OBJECT_IDENTIFIER = 0x06

_LEGACY_DIGESTS: Final = (SHA1, SHA256, SHA512)
"""What a short modulus may sign (rule V10a)."""

# An RSAPublicKey of 8192 bits with an exponent of 33 takes 1,040 octets; a longer one is not
# read, so that no INTEGER of more than 16,384 bits is ever made (P5, P12).
_RSA_PUBLIC_KEY_OCTETS = 1100
# SEQUENCE { r, s } for P-521: 3 octets of header, and 2 + 66 for each INTEGER.
_ECDSA_SIGNATURE_OCTETS = 139

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    row.name: getattr(hashes, row.name.upper())() for row in algorithms.DIGESTS
}
_KEYS: Final = {
    oid_octets(row.oid): row
    for row in algorithms.PUBLIC_KEYS
    if ml_dsa.NOT_OFFERED.isdisjoint(row.schemes)
}
_CURVES: Final = {oid_octets(row.oid): row for row in algorithms.CURVES}
_ORDERS: Final = {row.name: row.order for row in algorithms.CURVES}
_WORK: Final = {row.name: row.work for row in algorithms.CURVES}

# RFC 8032 §5.1: the prime p of the field, and the order L of the base point.
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


class PublicKey(NamedTuple):
    """A public key within the bounds of rule V9.

    ``pss`` holds the parameters to which a key of type id-RSASSA-PSS is restricted.
    """

    row: algorithms.PublicKey
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ml_dsa.PureKey
    pss: PSSParameters | None = None

    @property
    def work(self) -> int:
        """What a verification costs, in those by RSA keys of 2048 bits (rule V15)."""
        if isinstance(self.key, rsa.RSAPublicKey):
            exponent = self.key.public_numbers().e
            return algorithms.rsa_work(self.key.key_size, exponent.bit_length())
        if isinstance(self.key, ec.EllipticCurvePublicKey):
            return _WORK[self.key.curve.name]
        return self.row.work

    def verify(self, algorithm: SignatureAlgorithm, message: bytes, signature: bytes) -> None:
        """Returns where ``signature`` over ``message`` is valid; raises `Fault`.

        ``message`` is what was signed, never its digest.
        """
        if algorithm.scheme is Scheme.NO_SIGNATURE:
            raise Fault(Reason.NO_SIGNATURE)
        if algorithm.scheme not in self.row.schemes:
            raise Fault(Reason.ALGORITHM_MISMATCH)
        try:
            if isinstance(self.key, rsa.RSAPublicKey):
                self._verify_rsa(self.key, algorithm, message, signature)
            elif isinstance(self.key, ec.EllipticCurvePublicKey):
                _check_ecdsa_form(signature, _ORDERS[self.key.curve.name])
                self.key.verify(signature, message, ec.ECDSA(_hash(algorithm)))
            else:
                if len(signature) != self.row.signature_octets:
                    raise ValueError("not the length of a signature of this parameter set")
                if algorithm.scheme is Scheme.ED25519:
                    _check_ed25519_form(signature)
                self.key.verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise Fault(Reason.SIGNATURE_INVALID) from error
        except (UnsupportedAlgorithm, InternalError) as error:
            # The library was built or configured without this algorithm (a FIPS policy).
            raise Fault(Reason.UNSUPPORTED_ALGORITHM) from error

    def _verify_rsa(
        self,
        key: rsa.RSAPublicKey,
        algorithm: SignatureAlgorithm,
        message: bytes,
        signature: bytes,
    ) -> None:
        """RSASSA-PKCS1-v1_5 or RSASSA-PSS (RFC 8017 §8.1.2 and §8.2.2)."""
        hashed = _hash(algorithm)
        if self.pss is not None and (
            self.pss.digest != algorithm.digest or self.pss.salt_length > algorithm.salt_length
        ):
            # RFC 4055 §3.3: the parameters of the signature are not those of the key.
            raise Fault(Reason.ALGORITHM_MISMATCH)
        if key.key_size == limits.LEGACY_RSA_MODULUS_BITS and (
            algorithm.scheme is not Scheme.RSA_PKCS1 or algorithm.digest not in _LEGACY_DIGESTS
        ):
            raise Fault(Reason.KEY_REJECTED)  # V10a
        if len(signature) != (key.key_size + 7) // 8:
            raise ValueError("the signature is not as long as the modulus")
        if algorithm.scheme is Scheme.RSA_PKCS1:
            key.verify(signature, message, padding.PKCS1v15(), hashed)
        else:
            mask = padding.MGF1(hashed)
            pss = padding.PSS(mgf=mask, salt_length=algorithm.salt_length)
            key.verify(signature, message, pss, hashed)


def v9_read_key(spki: bytes, *, legacy: bool) -> PublicKey:
    """The key of a SubjectPublicKeyInfo; raises `Fault`.

    The reason is ``unsupported_algorithm`` for a key algorithm, a named curve or RSASSA-PSS-params
    that are not offered, ``key_rejected`` for everything else.
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
        row = _KEYS.get(oid.contents)
        if row is None:
            raise Fault(Reason.UNSUPPORTED_ALGORITHM)
        octets = fields[1].contents[1:]
        if row.oid == oids.ID_EC_PUBLIC_KEY:
            return PublicKey(row, _ec_key(parameters, octets))
        if row.oid == oids.ID_RSASSA_PSS:
            # V10a offers no RSASSA-PSS with short moduli, so legacy changes nothing.
            restriction = rsassa_pss(parameters) if parameters else None
            return PublicKey(row, _rsa_key(octets, legacy=False), restriction)
        # RFC 3279 §2.3.1: rsaEncryption has NULL; RFC 8410 §3 and RFC 9881 §2: Ed25519 and ML-DSA
        # have none.
        is_rsa = row.oid == oids.RSA_ENCRYPTION
        if parameters != (NULL if is_rsa else b""):
            raise ValueError("parameters that this type of key does not have")
        if is_rsa:
            return PublicKey(row, _rsa_key(octets, legacy=legacy))
        if len(octets) != row.key_octets:
            raise ValueError("not the length of a key of this parameter set")
        return PublicKey(row, _PURE[row.schemes[0]](octets))
    except (ValueError, UnsupportedAlgorithm, InternalError) as error:
        raise Fault(Reason.KEY_REJECTED) from error


def _hash(algorithm: SignatureAlgorithm) -> hashes.HashAlgorithm:
    """The hash of an algorithm that has one."""
    assert algorithm.digest
    return _HASHES[algorithm.digest.name]


# --- keys ------------------------------------------------------------------------------------


def _rsa_key(octets: bytes, *, legacy: bool) -> rsa.RSAPublicKey:
    """An RSAPublicKey (RFC 8017 §A.1.1); raises `ValueError`.

    ::

        RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }
    """
    if len(octets) > _RSA_PUBLIC_KEY_OCTETS:
        raise ValueError("an RSAPublicKey longer than any within the bounds")
    modulus, exponent = _two_integers(octets)
    bits = modulus.bit_length()
    if not (
        limits.MIN_RSA_MODULUS_BITS <= bits <= limits.MAX_RSA_MODULUS_BITS
        or (legacy and bits == limits.LEGACY_RSA_MODULUS_BITS)
    ):
        raise ValueError("the length of the modulus is out of bounds")
    if modulus < 0 or modulus % 2 == 0 or exponent % 2 == 0:
        raise ValueError("not the numbers of an RSA key")
    if not limits.MIN_RSA_EXPONENT <= exponent <= limits.MAX_RSA_EXPONENT:
        raise ValueError("the exponent is out of bounds")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _ec_key(parameters: bytes, point: bytes) -> ec.EllipticCurvePublicKey:
    """An uncompressed ECPoint (RFC 5480 §2.2); raises `ValueError`.

    That its coordinates are less than the prime, and that it is on the curve, is checked by
    ``cryptography``.
    """
    # RFC 5480 §2.1.1: namedCurve, no other form.
    curve = _CURVES.get(single(parameters, OBJECT_IDENTIFIER))
    if curve is None:
        raise Fault(Reason.UNSUPPORTED_ALGORITHM)
    if len(point) != 1 + 2 * curve.coordinate or point[0] != 0x04:
        raise ValueError("not an uncompressed point of this curve")
    named: ec.EllipticCurve = getattr(ec, curve.name.upper())()
    return ec.EllipticCurvePublicKey.from_encoded_point(named, point)


def _ed25519_key(octets: bytes) -> ed25519.Ed25519PublicKey:
    """An Ed25519 public key A (RFC 8032 §5.1.5); raises `ValueError`.

    Octets that are the encoding of no point at all are not told apart from a key: no signature
    verifies under them.
    """
    _check_ed25519_point(octets)
    return ed25519.Ed25519PublicKey.from_public_bytes(octets)


_PURE: Final[dict[Scheme, Callable[[bytes], ml_dsa.PureKey]]] = {
    Scheme.ED25519: _ed25519_key,
    **ml_dsa.PARAMETER_SETS,
}
"""What reads keys whose signatures are over the message itself."""


# --- the forms of signatures -----------------------------------------------------------------


def _check_ecdsa_form(signature: bytes, order: int) -> None:
    """Checks an ECDSA-Sig-Value (RFC 5480 §A); raises `ValueError`.

    ::

        ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }
    """
    if len(signature) > _ECDSA_SIGNATURE_OCTETS:
        raise ValueError("longer than any ECDSA signature")
    if not all(0 < value < order for value in _two_integers(signature)):
        raise ValueError("r or s is not in 1..n-1")


def _check_ed25519_form(signature: bytes) -> None:
    """Checks R and S of an Ed25519 signature (RFC 8032 §5.1.7); raises `ValueError`."""
    if int.from_bytes(signature[32:], "little") >= _ED25519_ORDER:
        raise ValueError("S is not less than L")
    _check_ed25519_point(signature[:32])


def _check_ed25519_point(octets: bytes) -> None:
    """Checks that an encoded point has a canonical y and is not of small order (rule V9)."""
    y = int.from_bytes(octets, "little") & (2**255 - 1)
    if y >= _ED25519_PRIME:
        raise ValueError("y is not less than p")
    if y in _ED25519_SMALL_ORDER:
        raise ValueError("a point of small order")


def _two_integers(octets: bytes) -> tuple[int, int]:
    """The numbers in the DER of a SEQUENCE of two INTEGERs; raises `ValueError`."""
    fields = elements(single(octets, SEQUENCE), at_most=2)
    if [field.identifier for field in fields] != [INTEGER, INTEGER]:
        raise ValueError("not a SEQUENCE of two INTEGERs")
    return integer(fields[0].contents), integer(fields[1].contents)
