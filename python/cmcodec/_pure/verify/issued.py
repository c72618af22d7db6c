"""Who signed a certificate (rule V13)."""

from __future__ import annotations

from typing import NamedTuple

from cmcodec._pure.codec.primitives import dotted, object_identifier
from cmcodec._pure.codec.tlv import Error
from cmcodec._pure.verify.algorithm import (
    INTEGER,
    SEQUENCE,
    elements,
    signature_algorithm,
    single,
    take,
)
from cmcodec._pure.verify.fault import Fault
from cmcodec._pure.verify.key import BIT_STRING, OBJECT_IDENTIFIER
from cmcodec._pure.verify.signer import public_key
from cmcodec.reasons import Reason


def v13_certificate_signature(certificate: bytes, spki: bytes) -> None:
    """Returns where the key of a SubjectPublicKeyInfo signed a certificate; raises `Fault`.

    RFC 5280 §4.1.1.3 and 6.1.3 (a); never with the leave of rule V10a. The reasons, in this order:
    ``bad_value`` where ``certificate`` has not the fields of a certificate, ``algorithm_mismatch``
    where its two signature algorithms are not the same octets, and what `signature_algorithm`,
    `v9_read_key` and `PublicKey.verify` say.
    """
    try:
        signed = _signed(certificate)
        if signed.algorithm != signed.inner_algorithm:
            raise Fault(Reason.ALGORITHM_MISMATCH)
        identifier, parameters = take(signed.algorithm)
        if identifier.identifier != OBJECT_IDENTIFIER:
            raise ValueError("not the fields of an AlgorithmIdentifier")
    except ValueError as error:
        raise Fault(Reason.BAD_VALUE) from error
    oid = _oid(identifier.contents)
    algorithm = signature_algorithm(oid, parameters or None, None, legacy=False)
    key = public_key(spki, legacy=False)
    if signed.signature[:1] != b"\0":  # no algorithm on offer has signatures that end in an octet
        raise Fault(Reason.SIGNATURE_INVALID)
    key.verify(algorithm, signed.tbs, signed.signature[1:])


class _Signed(NamedTuple):
    """What the signature of a certificate is about: an element, then the contents of others."""

    tbs: bytes
    inner_algorithm: bytes
    algorithm: bytes
    signature: bytes


def _signed(certificate: bytes) -> _Signed:
    """Takes a certificate apart; raises `ValueError`."""
    fields = single(certificate, SEQUENCE)
    tbs, rest = take(fields)
    others = elements(rest, at_most=2)
    if [each.identifier for each in (tbs, *others)] != [SEQUENCE, SEQUENCE, BIT_STRING]:
        raise ValueError("not the fields of a Certificate")
    inner, inside = take(tbs.contents)
    if inner.identifier == 0xA0:  # version
        inner, inside = take(inside)
    algorithm, _ = take(inside)
    if [inner.identifier, algorithm.identifier] != [INTEGER, SEQUENCE]:
        raise ValueError("not the fields of a TBSCertificate")
    whole = fields[: len(fields) - len(rest)]
    return _Signed(whole, algorithm.contents, others[0].contents, others[1].contents)


def _oid(contents: bytes) -> str:
    """Dotted text; of octets that are no OBJECT IDENTIFIER, none that is on offer."""
    try:
        object_identifier(contents, 0, 0, len(contents))
    except Error:
        return ""
    return dotted(contents)
