"""Which algorithm an AlgorithmIdentifier stands for (rules V7, V10a).

What no row of `cmcodec.algorithms` allows is refused with the reason ``unsupported_algorithm``;
nothing is guessed from a similar row. Public keys, and the signatures made with them, are in
``key``.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final, NamedTuple

from asn1crypto import algos, core

from cmcodec._pure.codec import primitives
from cmcodec._pure.codec.tlv import Error, header
from cmcodec._pure.verify import ml_dsa
from cmcodec._pure.verify.fault import Fault
from cmcodec.algorithms import DIGESTS, SIGNATURES, Digest, Parameters, Scheme
from cmcodec.reasons import Reason

SEQUENCE = 0x30
INTEGER = 0x02
NULL = b"\x05\x00"

# RSASSA-PSS-params of an offered algorithm take at most 54 octets; longer ones are not read (P12).
_PSS_PARAMETERS_OCTETS = 64

_DIGESTS: Final = {row.oid: row for row in DIGESTS}
_SIGNATURES: Final = {row.oid: row for row in SIGNATURES if row.scheme not in ml_dsa.NOT_OFFERED}
_ACCEPTED: Final[dict[Parameters, tuple[bytes | None, ...]]] = {
    Parameters.ABSENT: (None,),
    Parameters.ABSENT_OR_NULL: (None, NULL),
    Parameters.NULL: (NULL,),
}


def digest_algorithm(oid: str, parameters: bytes | None) -> Digest | None:
    """The digest algorithm of an identifier, or None where it is not on offer.

    ``parameters`` is the received element. RFC 5754 §2: a reader accepts both absent and NULL
    parameters.
    """
    return _DIGESTS.get(oid) if parameters in (None, NULL) else None


class SignatureAlgorithm(NamedTuple):
    """A signature algorithm on offer, its hash and parameters settled.

    ``name`` is as the standards write it: ``sha256WithRSAEncryption`` also where the identifier was
    rsaEncryption with a digest algorithm of SHA-256. ``digest`` is SHA-512 for Ed25519 and ML-DSA,
    which hash by themselves, and None for id-alg-noSignature. ``salt_length`` is 0 unless the
    scheme is RSASSA-PSS.
    """

    name: str
    scheme: Scheme
    digest: Digest | None
    salt_length: int = 0


def signature_algorithm(
    oid: str, parameters: bytes | None, digest: Digest | None, *, legacy: bool
) -> SignatureAlgorithm:
    """The algorithm that an AlgorithmIdentifier names; raises `Fault`.

    ``parameters`` is the received element. ``digest`` is the digest algorithm of the SignerInfo,
    None where the syntax has none (PKCS#10, CRMF). The reasons, in this order:
    ``unsupported_algorithm`` for an algorithm or parameters that are in no row, for rsaEncryption
    without ``digest``, and for SHA-1 in either place without ``legacy`` (rule V10a);
    ``algorithm_mismatch`` where ``digest`` does not go with the signature: another hash than its
    own, or a weaker one than the parameter set of ML-DSA. id-alg-noSignature goes with every
    digest.
    """
    row = _SIGNATURES.get(oid)
    if row is None:
        raise Fault(Reason.UNSUPPORTED_ALGORITHM)
    digests, salt_length = row.digests, 0
    if row.parameters is Parameters.PSS:
        own, salt_length = rsassa_pss(parameters or b"")
        digests = (own,)
    elif parameters not in _ACCEPTED[row.parameters]:
        raise Fault(Reason.UNSUPPORTED_ALGORITHM)
    settled = digests[0] if digests else digest
    if not legacy and ((settled and settled.legacy) or (digest and digest.legacy)):
        raise Fault(Reason.UNSUPPORTED_ALGORITHM)
    if row.scheme is Scheme.NO_SIGNATURE:
        return SignatureAlgorithm(row.name, row.scheme, None)
    if settled is None:
        raise Fault(Reason.UNSUPPORTED_ALGORITHM)
    if digest not in (None, settled, *digests):
        raise Fault(Reason.ALGORITHM_MISMATCH)
    hashed = settled.name.upper() if row.scheme is Scheme.RSA_PSS else settled.name
    return SignatureAlgorithm(row.name.format(hashed), row.scheme, settled, salt_length)


def algorithm_name(oid: str, parameters: bytes | None, digest: Digest | None) -> str:
    """What reports call the algorithm that an AlgorithmIdentifier names (rule V8).

    Its name, also where `signature_algorithm` refuses it for the lack of ``legacy`` or for
    ``digest``; its OBJECT IDENTIFIER where it is not on offer.
    """
    for given in (digest, None):
        with suppress(Fault):
            return signature_algorithm(oid, parameters, given, legacy=True).name
    return oid


class PSSParameters(NamedTuple):
    """RSASSA-PSS-params with MGF1 over the same hash, and trailer field 1."""

    digest: Digest
    salt_length: int


def rsassa_pss(parameters: bytes) -> PSSParameters:
    """The parameters of RSASSA-PSS in a signature or in a key; raises `Fault`.

    In a signature they MUST be present (RFC 4056 §3; rule V10).
    """
    try:
        return _pss_parameters(parameters)
    except ValueError as error:
        raise Fault(Reason.UNSUPPORTED_ALGORITHM) from error


def _pss_parameters(octets: bytes) -> PSSParameters:
    """RSASSA-PSS-params (RFC 4055 §3.1); raises `ValueError`.

    ::

        RSASSA-PSS-params ::= SEQUENCE {
          hashAlgorithm    [0] HashAlgorithm DEFAULT sha1Identifier,
          maskGenAlgorithm [1] MaskGenAlgorithm DEFAULT mgf1SHA1Identifier,
          saltLength       [2] INTEGER DEFAULT 20,
          trailerField     [3] INTEGER DEFAULT 1 }

    Only strict DER is read, with an offered hash, with MGF1 over that same hash, and with a salt
    that is not longer than it (rule V10). The two hash identifiers may differ in NULL against
    absent parameters. A trailerField is refused: 1 is the DEFAULT, which DER omits, and no other
    is offered.
    """
    if len(octets) > _PSS_PARAMETERS_OCTETS:
        raise ValueError("RSASSA-PSS-params are longer than any that are offered")
    fields = elements(single(octets, SEQUENCE), at_most=3)
    if [field.identifier for field in fields] not in ([0xA0, 0xA1], [0xA0, 0xA1, 0xA2]):
        raise ValueError("RSASSA-PSS-params have other fields than are offered")
    digest = _PSS_HASHES.get(fields[0].contents)
    if digest is None or _PSS_MASKS.get(fields[1].contents) != digest:
        raise ValueError("the hash of RSASSA-PSS or of its MGF1 is not offered")
    salt_length = 20
    if fields[2:]:
        salt_length = integer(single(fields[2].contents, INTEGER))
        if salt_length == 20 or salt_length not in range(digest.octets + 1):
            raise ValueError("an encoded DEFAULT, or a salt longer than the hash")
    return PSSParameters(digest, salt_length)


def _pss_identifiers() -> tuple[dict[bytes, Digest], dict[bytes, Digest]]:
    """Every accepted encoding of hashAlgorithm and of maskGenAlgorithm."""
    hashes: dict[bytes, Digest] = {}
    masks: dict[bytes, Digest] = {}
    for digest in DIGESTS:
        for parameters in () if digest.legacy else (None, core.Null()):
            identifier = {"algorithm": digest.name, "parameters": parameters}
            hashes[algos.DigestAlgorithm(identifier).dump()] = digest
            mask = algos.MaskGenAlgorithm({"algorithm": "mgf1", "parameters": identifier})
            masks[mask.dump()] = digest
    return hashes, masks


# --- octets that no walk has validated (rule P12) --------------------------------------------


class Element(NamedTuple):
    """One element: its identifier octet and its contents."""

    identifier: int
    contents: bytes


def take(octets: bytes) -> tuple[Element, bytes]:
    """The first DER element of octets, and the rest; raises `ValueError`.

    The identifier octet of a high tag number is that of no element here, so that only low ones
    ever match. Contents are not looked into.
    """
    try:
        content, end = header(octets, 0, len(octets))
    except Error as error:
        raise ValueError(error.reason) from error
    return Element(octets[0], octets[content:end]), octets[end:]


def elements(octets: bytes, *, at_most: int) -> list[Element]:
    """All elements of octets; raises `ValueError`."""
    found: list[Element] = []
    while octets:
        if len(found) == at_most:
            raise ValueError("more elements than the type has")
        element, octets = take(octets)
        found.append(element)
    return found


def single(octets: bytes, identifier: int) -> bytes:
    """The contents of the only element of octets; raises `ValueError`."""
    element, rest = take(octets)
    if rest or element.identifier != identifier:
        raise ValueError("another element than the type has")
    return element.contents


def integer(contents: bytes) -> int:
    """The value of a minimal INTEGER, whose length is bounded before; raises `ValueError`."""
    try:
        primitives.integer(contents, 0, 0, len(contents))
    except Error as error:
        raise ValueError(error.reason) from error
    return primitives.number(contents)


_PSS_HASHES, _PSS_MASKS = _pss_identifiers()
