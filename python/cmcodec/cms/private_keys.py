"""What messages are signed with: the algorithms on offer, and private keys of ``cryptography``.

An algorithm has the name that reports give it (`cmcodec.Signer.algorithm`). Which keys are long
enough is for the verifier to say (rule V9), and only for it.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from cmcodec import algorithms, oids, types
from cmcodec.algorithms import Digest, Parameters, Scheme
from cmcodec.asn1 import TLV
from cmcodec.errors import SigningError, UnsupportedError
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

    PrivateKey: TypeAlias = (
        rsa.RSAPrivateKey
        | ec.EllipticCurvePrivateKey
        | ed25519.Ed25519PrivateKey
        | mldsa.MLDSA44PrivateKey
        | mldsa.MLDSA65PrivateKey
        | mldsa.MLDSA87PrivateKey
    )
    """The keys that ``cryptography`` signs with; ML-DSA where it is offered."""
else:
    # Not every release of ``cryptography`` has ML-DSA; `usual` refuses what is no such key.
    PrivateKey = Any


class Algorithm(NamedTuple):
    """A signature algorithm with its hash function, and the identifiers that name them."""

    name: str
    scheme: Scheme
    digest: Digest
    digest_algorithm: types.AlgorithmIdentifier
    signature_algorithm: types.AlgorithmIdentifier


_NULL: Final = TLV(b"\x05\x00")


def _identifier(oid: str, parameters: TLV | None = None) -> types.AlgorithmIdentifier:
    return types.AlgorithmIdentifier(algorithm=oid, parameters=parameters)


def _pss(digest: Digest) -> TLV:
    """RSASSA-PSS-params: MGF1 over the same hash function, a salt of its length (RFC 4055 §3.1)."""
    hashed = _identifier(digest.oid, _NULL)
    parameters = types.RSASSAPSSParams(
        hash_algorithm=hashed,
        mask_gen_algorithm=_identifier(oids.ID_MGF1, TLV(hashed.to_der())),
        salt_length=digest.octets,
    )
    return TLV(parameters.to_der())


def _offered() -> Iterator[Algorithm]:
    """Every signature algorithm whose identifier or parameters tell the hash function."""
    for row in algorithms.SIGNATURES:
        pss = row.parameters is Parameters.PSS
        for digest in algorithms.DIGESTS if pss else row.digests[:1]:
            if digest.legacy:
                continue
            parameters = _NULL if row.scheme is Scheme.RSA_PKCS1 else None
            yield Algorithm(
                row.name.format(digest.name.upper()),
                row.scheme,
                digest,
                # RFC 5754 §2: the parameters of a digest algorithm are absent.
                _identifier(digest.oid),
                _identifier(row.oid, _pss(digest) if pss else parameters),
            )


_ALGORITHMS: Final = {offered.name: offered for offered in _offered()}


def algorithm(name: str) -> Algorithm:
    """The algorithm of this name, or `SigningError`."""
    found = _ALGORITHMS.get(name)
    if found is None:
        raise SigningError(Reason.UNSUPPORTED_ALGORITHM)
    return found


def _schemes(key: object) -> tuple[Scheme, ...]:
    """The schemes that a private key serves, or that of a public one; the usual one first."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    classes: dict[str, tuple[type, ...]] = {
        oids.RSA_ENCRYPTION: (rsa.RSAPrivateKey, rsa.RSAPublicKey),
        oids.ID_EC_PUBLIC_KEY: (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey),
        oids.ID_ED25519: (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey),
    }
    if find_spec("cryptography.hazmat.primitives.asymmetric.mldsa") is not None:
        from cryptography.hazmat.primitives.asymmetric import mldsa

        classes[oids.ID_ML_DSA_44] = (mldsa.MLDSA44PrivateKey, mldsa.MLDSA44PublicKey)
        classes[oids.ID_ML_DSA_65] = (mldsa.MLDSA65PrivateKey, mldsa.MLDSA65PublicKey)
        classes[oids.ID_ML_DSA_87] = (mldsa.MLDSA87PrivateKey, mldsa.MLDSA87PublicKey)
    for row in algorithms.PUBLIC_KEYS:
        if row.oid in classes and isinstance(key, classes[row.oid]):
            return row.schemes
    raise SigningError(Reason.UNSUPPORTED_ALGORITHM)


def usual(key: Any) -> Algorithm:
    """The algorithm that a private key, or that of a public one, signs with by default.

    For RSA that is what RFC 10004 §5.1 demands of everyone, for a curve ECDSA with the hash
    function of its strength. Raises `SigningError` for keys that are not on offer.
    """
    scheme = _schemes(key)[0]
    digests: dict[Scheme, Digest | None] = {Scheme.RSA_PKCS1: algorithms.SHA256}
    if scheme is Scheme.ECDSA:
        curves = {curve.name: curve.digest for curve in algorithms.CURVES}
        digests[scheme] = curves.get(key.curve.name)
    for offered in _ALGORITHMS.values():
        if offered.scheme is scheme and digests.get(scheme, offered.digest) is offered.digest:
            return offered
    raise SigningError(Reason.UNSUPPORTED_ALGORITHM)


def is_fast(key: Any) -> bool:
    """Whether a signature takes so little time that threads only get in each other's way."""
    return (usual(key).scheme, usual(key).digest) in (
        (Scheme.ECDSA, algorithms.SHA256),
        (Scheme.ED25519, algorithms.SHA512),
    )


def signing(key: Any, chosen: Algorithm, *, deterministic: bool) -> Callable[[bytes], bytes]:
    """The function that signs with a private key, which stays in ``cryptography``.

    Raises `SigningError` where the key does not serve the algorithm, and `UnsupportedError` for
    deterministic ECDSA that the installed OpenSSL does not have.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    # A key of a curve that is not on offer serves no algorithm.
    usual(key)
    if chosen.scheme not in _schemes(key):
        raise SigningError(Reason.ALGORITHM_MISMATCH)
    sign: Callable[..., bytes] = key.sign
    hashed = getattr(hashes, chosen.digest.name.upper())()
    if chosen.scheme is Scheme.ECDSA:
        try:
            ecdsa = ec.ECDSA(hashed, deterministic_signing=deterministic)
        except UnsupportedAlgorithm as error:
            raise UnsupportedError("deterministic ECDSA needs OpenSSL 3.2 or newer") from error
        return lambda octets: sign(octets, ecdsa)
    if chosen.scheme is Scheme.RSA_PKCS1:
        return lambda octets: sign(octets, padding.PKCS1v15(), hashed)
    if chosen.scheme is Scheme.RSA_PSS:
        pss = padding.PSS(mgf=padding.MGF1(hashed), salt_length=hashed.digest_size)
        return lambda octets: sign(octets, pss, hashed)
    return sign
