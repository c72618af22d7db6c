"""Proof of possession of a Diffie-Hellman key (RFC 6955, which obsoletes RFC 2875).

Three forms: a MAC under what the key and the recipient's key agree on, over a finite field or a
curve, and a signature of DSA by the key itself (R-202). RFC 10004 §5.1 asks for "Section 4", which
is the first in RFC 6955 and was the last in RFC 2875, so all are here.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from cmcodec import oids, types
from cmcodec.algorithms import CURVES, DH_PROOFS, DHProof, DHProofAlgorithm
from cmcodec.asn1 import TLV
from cmcodec.asn1.der import element
from cmcodec.checked import checked
from cmcodec.cms.identifiers import named, row_of, unsupported
from cmcodec.cms.recipients import diffie_hellman
from cmcodec.cms.recipients.agreement import agreeing
from cmcodec.controls import algorithms, discrete_log
from cmcodec.controls.names import CertificateNames
from cmcodec.errors import ArgumentError, DecodeError, EncodeError, SigningError
from cmcodec.reasons import Reason
from cmcodec.verify.given import CertificateLike

__all__ = ["sign", "static_value", "verify"]

_EMPTY_NAME = b"\x30\x00"
_SIMPLE_REQUEST = 1
"""The body part id of a bare PKCS#10 (RFC 10002 §3.1)."""


@checked
def sign(
    info: bytes,
    key: Any,
    recipient_certificate: CertificateLike | None = None,
    *,
    algorithm: str,
) -> bytes:
    """What the BIT STRING ``signature`` of a PKCS#10 request holds.

    ``info``: the DER of CertificationRequestInfo. ``key``: a private key of ``cryptography``, DH or
    EC. ``recipient_certificate``: for the static forms, one with a key of the same group.
    ``algorithm``: a name such as ``id-alg-ecdhPop-static-sha256-hmac-sha256``; its parameters are
    absent.

    Raises `EncodeError` for a name that is not on offer and for what is no certificate;
    `ArgumentError` for a key of another kind and a certificate that is missing; `SigningError`
    where the keys do not agree; `UnsupportedError` for a discrete-log signature whose q is longer
    than the hash, or of a size that the installation does not sign with.
    """
    row = named(DH_PROOFS, algorithm)
    if not _fits(row, key):
        raise ArgumentError("key", hint=f"{type(key).__name__} proves nothing with {algorithm}")
    if row.proof is DHProof.DISCRETE_LOG:
        return discrete_log.sign(info, key, row.digest)
    if recipient_certificate is None:
        raise ArgumentError("recipient_certificate", hint="the static forms are for somebody")
    held = CertificateNames.of(recipient_certificate)
    secret = _agreed(key, held.public_key)
    if secret is None:
        raise SigningError(Reason.KEY_REJECTED, path="recipient_certificate")
    value = types.DhSigStatic(
        issuer_and_serial=types.IssuerAndSerialNumber.from_der(
            element(0x30, held.issuer, held.serial_number)
        ),
        hash_value=_static_value(row, secret, held, info),
    )
    return value.to_der()


@checked
def verify(
    request: types.CertificationRequest | bytes,
    key: Any = None,
    certificate: CertificateLike | None = None,
) -> None:
    """Checks the proof of a PKCS#10 request.

    ``key`` and ``certificate``: the private key of ``cryptography`` and the certificate of the
    recipient, which the static forms need. Of a discrete-log signature the group is checked too: p
    and q are prime, q divides p-1, g and the key are of order q. Its parameters may be those of the
    key, which the other forms leave out.

    Raises `ProofError` with the id of a bare request, 1: ``pop_wrong`` with popFailed; badAlg for
    another algorithm, and for a static form without a key and certificate that fit it.
    `UnsupportedError` for a discrete-log signature whose q is longer than the hash, or whose p is
    longer than 4096 bits; `EncodeError` for what is no certificate; `DecodeError` for octets that
    are no PKCS#10.
    """
    if not isinstance(request, types.CertificationRequest):
        request = types.CertificationRequest.from_der(request)
    info = request.certification_request_info
    spki = info.subject_public_key_info
    identifier = request.signature_algorithm
    if identifier.parameters is not None and identifier.parameters == spki.algorithm.parameters:
        identifier = types.AlgorithmIdentifier(algorithm=identifier.algorithm)
    with algorithms.concerning(_SIMPLE_REQUEST):
        row = row_of(DH_PROOFS, identifier)
    signature = request.signature
    if signature.unused_bits:
        raise algorithms.pop_failed(Reason.POP_WRONG, _SIMPLE_REQUEST)
    if row.proof is DHProof.DISCRETE_LOG:
        discrete_log.verify(info.to_der(), spki, row.digest, signature.data, _SIMPLE_REQUEST)
        return
    if certificate is None or not _fits(row, key):
        # The form is the client's choice: this is no mistake of the caller.
        with algorithms.concerning(_SIMPLE_REQUEST):
            raise unsupported()
    if not _is_static(row, request, key, CertificateNames.of(certificate)):
        raise algorithms.pop_failed(Reason.POP_WRONG, _SIMPLE_REQUEST)


@checked
def static_value(digest: str, secret: bytes, leading: bytes, trailing: bytes, info: bytes) -> bytes:
    """HMAC of the request under HASH(LeadingInfo ‖ ZZ ‖ TrailingInfo) (RFC 6955 §4).

    Raises `EncodeError` for a digest that is not on offer.
    """
    if digest not in {row.digest for row in DH_PROOFS}:
        raise EncodeError(Reason.UNSUPPORTED_ALGORITHM, None, digest)
    key = hashlib.new(digest, leading + secret + trailing, usedforsecurity=False).digest()
    return hmac.digest(key, info, digest)


def _static_value(
    row: DHProofAlgorithm, secret: bytes, held: CertificateNames, info: bytes
) -> bytes:
    """That with the names of the recipient; an alternative name stands for an empty one."""
    leading, trailing = (
        alternative if name == _EMPTY_NAME and alternative is not None else name
        for name, alternative in (
            (held.subject, held.subject_alternative),
            (held.issuer, held.issuer_alternative),
        )
    )
    return static_value(row.digest, secret, leading, trailing, info)


def _is_static(
    row: DHProofAlgorithm, request: types.CertificationRequest, key: Any, held: CertificateNames
) -> bool:
    info = request.certification_request_info
    try:
        found = types.DhSigStatic.from_der(request.signature.data)
    except DecodeError:
        return False
    named_ = found.issuer_and_serial
    if named_ is not None and named_.to_der() != element(0x30, held.issuer, held.serial_number):
        return False
    secret = _agreed(key, info.subject_public_key_info.to_der())
    if secret is None:
        return False
    expected = _static_value(row, secret, held, info.to_der())
    # Rule R3.
    return hmac.compare_digest(found.hash_value, expected)


def _fits(row: DHProofAlgorithm, key: Any) -> bool:
    """Whether a private key is of the kind that this form needs."""
    if row.proof is DHProof.STATIC_ECDH:
        return isinstance(key, ec.EllipticCurvePrivateKey)
    return diffie_hellman.is_private(key)


def _agreed(key: Any, public_key: bytes) -> bytes | None:
    """ZZ; None where the keys are not of one group."""
    spki = types.SubjectPublicKeyInfo.from_der(public_key)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        curves = [row.oid for row in CURVES if row.name == key.curve.name]
        named_curve = spki.algorithm.parameters
        is_same = spki.algorithm.algorithm == oids.ID_EC_PUBLIC_KEY and named_curve in [
            TLV(types.ContentType(oid).to_der()) for oid in curves
        ]
    else:
        p, _, g = diffie_hellman.group(key)
        is_same = diffie_hellman.domain(spki)[:2] == (p, g)
    return agreeing(key)(public_key) if is_same else None
