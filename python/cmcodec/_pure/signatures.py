"""The digest and signature algorithms that the fallback offers (SPEC D.2, D.3; RULES V7, V10a).

An algorithm is data: a row of ``_SIGNATURES``. What a row does not allow is refused
with the reason ``unsupported_algorithm``; nothing is guessed from a similar row. Public
keys, and the signatures made with them, are in ``keys``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from asn1crypto import algos, core

from cmcodec._pure import ml_dsa, primitives
from cmcodec._pure.tlv import Fault, header

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DIGESTS",
    "DIGEST_OCTETS",
    "Element",
    "Family",
    "PSSParameters",
    "Reason",
    "Refused",
    "SignatureAlgorithm",
    "digest_algorithm",
    "elements",
    "hash_octets",
    "integer",
    "rsassa_pss",
    "signature_algorithm",
    "single",
    "take",
]

Reason = Literal[
    "algorithm_mismatch",
    "key_rejected",
    "no_signature",
    "signature_invalid",
    "unsupported_algorithm",
]
Family = Literal["rsa", "rsa-pss", "ecdsa", "ed25519", "none"] | ml_dsa.Family

SEQUENCE = 0x30
INTEGER = 0x02
NULL = b"\x05\x00"

# RSASSA-PSS-params of an offered algorithm take at most 54 octets; longer ones are not read (P12).
_PSS_PARAMETERS_OCTETS = 64


class Refused(Exception):
    """A signature, a key or an algorithm is refused; ``reason`` is a code of RULES.

    This exception stays inside the backend: the verifier turns it into a verdict.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


# --- Digests (SPEC D.2) ---

DIGESTS: Mapping[str, str] = MappingProxyType(
    {
        "1.3.14.3.2.26": "sha1",
        "2.16.840.1.101.3.4.2.1": "sha256",
        "2.16.840.1.101.3.4.2.2": "sha384",
        "2.16.840.1.101.3.4.2.3": "sha512",
    }
)
"""The name of each digest algorithm, by its OID. SHA-1 serves ``legacy`` alone (V10a)."""

DIGEST_OCTETS: Mapping[str, int] = MappingProxyType(
    {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
)
"""The length of each digest."""


def digest_algorithm(oid: str, parameters: bytes | None) -> str | None:
    """Return the name of a digest algorithm, or ``None`` where it is not offered.

    ``parameters`` is the received TLV. RFC 5754 section 2: a reader accepts both
    absent and NULL parameters.
    """
    return DIGESTS.get(oid) if parameters in (None, NULL) else None


def hash_octets(name: str, data: bytes) -> bytes:
    """Return the digest of ``data`` under the algorithm of ``DIGESTS`` called ``name``."""
    return hashlib.new(name, data).digest()


# --- Signature algorithms (SPEC D.3) ---


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """A signature algorithm on offer, its hash and parameters settled.

    ``name`` is as the standards write it: ``sha256WithRSAEncryption`` also where the
    identifier was rsaEncryption with a digest algorithm of SHA-256. ``digest`` is
    ``sha512`` for Ed25519 and ML-DSA, which hash by themselves, and ``None`` for
    id-alg-noSignature.
    ``salt_length`` is 0 unless the family is ``rsa-pss``.
    """

    name: str
    family: Family
    digest: str | None
    salt_length: int = 0


class _Row(NamedTuple):
    """A line of the table of SPEC D.3: what an OID stands for, and the parameters it takes.

    ``digests`` are the digest algorithms that go with it, the signature's own first. It is
    empty where the OID does not tell: rsaEncryption leaves the hash to the digest algorithm,
    RSASSA-PSS to its parameters, id-alg-noSignature has none. ``parameters`` is ``None``
    for RSASSA-PSS, whose parameters are a structure.
    """

    family: Family
    digests: tuple[str, ...]
    parameters: tuple[bytes | None, ...] | None


# RFC 4055 section 5 and RFC 8017 appendix A.2.4: NULL is written, absent is accepted.
_NULL_OR_ABSENT = (NULL, None)
# RFC 5758 section 3.2 (ECDSA), RFC 8410 section 3 (Ed25519) and RFC 9882 section 2 (ML-DSA):
# parameters MUST be absent.
_ABSENT = (None,)
# RFC 10002 appendix C.1 (id-alg-noSignature): parameters MUST be NULL.
_NULL = (NULL,)

_SIGNATURES: Mapping[str, _Row] = MappingProxyType(
    {
        "1.2.840.113549.1.1.11": _Row("rsa", ("sha256",), _NULL_OR_ABSENT),
        "1.2.840.113549.1.1.12": _Row("rsa", ("sha384",), _NULL_OR_ABSENT),
        "1.2.840.113549.1.1.13": _Row("rsa", ("sha512",), _NULL_OR_ABSENT),
        "1.2.840.113549.1.1.5": _Row("rsa", ("sha1",), _NULL_OR_ABSENT),  # with legacy alone
        "1.2.840.113549.1.1.1": _Row("rsa", (), _NULL_OR_ABSENT),
        "1.2.840.113549.1.1.10": _Row("rsa-pss", (), None),
        "1.2.840.10045.4.3.2": _Row("ecdsa", ("sha256",), _ABSENT),
        "1.2.840.10045.4.3.3": _Row("ecdsa", ("sha384",), _ABSENT),
        "1.2.840.10045.4.3.4": _Row("ecdsa", ("sha512",), _ABSENT),
        "1.3.101.112": _Row("ed25519", ("sha512",), _ABSENT),  # RFC 8419 section 3: with SHA-512
        "1.3.6.1.5.5.7.6.2": _Row("none", (), _NULL),
        **{
            row.oid: _Row(family, row.digests, _ABSENT)
            for family, row in ml_dsa.PARAMETER_SETS.items()
        },
    }
)
_NAMES: Mapping[Family, str] = MappingProxyType(
    {
        "rsa": "{}WithRSAEncryption",
        "rsa-pss": "RSASSA-PSS-{}",
        "ecdsa": "ecdsa-with-{}",
        "ed25519": "Ed25519",
        "ml-dsa-44": "ML-DSA-44",
        "ml-dsa-65": "ML-DSA-65",
        "ml-dsa-87": "ML-DSA-87",
        "none": "id-alg-noSignature",
    }
)


def signature_algorithm(
    oid: str, parameters: bytes | None, digest: str | None, *, legacy: bool
) -> SignatureAlgorithm:
    """Return the algorithm that an AlgorithmIdentifier names (V7), or raise ``Refused``.

    ``parameters`` is the received TLV. ``digest`` is the name of the digest algorithm
    of the SignerInfo, ``None`` where the syntax has none (PKCS#10, CRMF, certificates).
    The reasons, in this order: ``unsupported_algorithm`` for an algorithm or parameters
    that are in no row, for rsaEncryption without ``digest``, and for SHA-1 in either
    place without ``legacy``; ``algorithm_mismatch`` where ``digest`` does not go with the
    signature: another hash than its own, or a weaker one than the parameter set of ML-DSA.
    id-alg-noSignature goes with every digest.
    """
    row = _SIGNATURES.get(oid)
    if row is None:
        raise Refused("unsupported_algorithm")
    digests, salt_length = row.digests, 0
    if row.parameters is None:
        own, salt_length = rsassa_pss(parameters or b"")
        digests = (own,)
    elif parameters not in row.parameters:
        raise Refused("unsupported_algorithm")
    if not legacy and "sha1" in (*digests, digest):
        raise Refused("unsupported_algorithm")  # V10a
    if row.family == "none":
        return SignatureAlgorithm(_NAMES["none"], "none", None)
    settled = digests[0] if digests else digest
    if settled is None or settled not in DIGEST_OCTETS:
        raise Refused("unsupported_algorithm")
    if digest not in (None, settled, *digests):
        raise Refused("algorithm_mismatch")
    name = _NAMES[row.family].format(settled if row.family == "rsa" else settled.upper())
    return SignatureAlgorithm(name, row.family, settled, salt_length)


class PSSParameters(NamedTuple):
    """RSASSA-PSS-params with MGF1 over the same hash, and trailer field 1."""

    digest: str
    salt_length: int


def rsassa_pss(parameters: bytes) -> PSSParameters:
    """Read the parameters of RSASSA-PSS in a signature or in a key, or raise ``Refused``.

    In a signature they MUST be present (RFC 4056 section 3; V10).
    """
    try:
        return _pss_parameters(parameters)
    except ValueError as error:
        raise Refused("unsupported_algorithm") from error


def _pss_parameters(octets: bytes) -> PSSParameters:
    """Read RSASSA-PSS-params (RFC 4055 section 3.1), or raise ``ValueError``.

    ::

        RSASSA-PSS-params ::= SEQUENCE {
          hashAlgorithm    [0] HashAlgorithm DEFAULT sha1Identifier,
          maskGenAlgorithm [1] MaskGenAlgorithm DEFAULT mgf1SHA1Identifier,
          saltLength       [2] INTEGER DEFAULT 20,
          trailerField     [3] INTEGER DEFAULT 1 }

    Only strict DER is read, with an offered hash, with MGF1 over that same hash, and
    with a salt that is not longer than it (V10). The two hash identifiers may differ in
    NULL against absent parameters. A trailerField is refused: 1 is the DEFAULT, which
    DER omits, and no other is offered.
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
        if salt_length == 20 or salt_length not in range(DIGEST_OCTETS[digest] + 1):
            raise ValueError("an encoded DEFAULT, or a salt longer than the hash")
    return PSSParameters(digest, salt_length)


def _pss_identifiers() -> tuple[dict[bytes, str], dict[bytes, str]]:
    """Return every accepted encoding of hashAlgorithm and of maskGenAlgorithm."""
    hashes: dict[bytes, str] = {}
    masks: dict[bytes, str] = {}
    for name in ("sha256", "sha384", "sha512"):
        for parameters in (None, core.Null()):
            identifier = {"algorithm": name, "parameters": parameters}
            hashes[algos.DigestAlgorithm(identifier).dump()] = name
            mask = algos.MaskGenAlgorithm({"algorithm": "mgf1", "parameters": identifier})
            masks[mask.dump()] = name
    return hashes, masks


# --- Reading hostile octets (P12) ---


class Element(NamedTuple):
    """One TLV: its identifier octet and its contents."""

    identifier: int
    contents: bytes


def take(octets: bytes) -> tuple[Element, bytes]:
    """Split octets into one DER TLV and the rest, or raise ``ValueError``.

    The identifier octet of a high tag number is that of no element here, so that only
    low ones ever match. Contents are not looked into.
    """
    try:
        content, end = header(octets, 0, len(octets))
    except Fault as fault:
        raise ValueError(fault.reason) from fault
    return Element(octets[0], octets[content:end]), octets[end:]


def elements(octets: bytes, *, at_most: int) -> list[Element]:
    """Split octets into TLVs as ``take`` does, or raise ``ValueError``."""
    found: list[Element] = []
    while octets:
        if len(found) == at_most:
            raise ValueError("more elements than the type has")
        element, octets = take(octets)
        found.append(element)
    return found


def single(octets: bytes, identifier: int) -> bytes:
    """Return the contents of the only TLV in ``octets``, or raise ``ValueError``."""
    element, rest = take(octets)
    if rest or element.identifier != identifier:
        raise ValueError("another element than the type has")
    return element.contents


def integer(contents: bytes) -> int:
    """Return the value of a minimal INTEGER, or raise ``ValueError``.

    The caller has bounded the length of ``contents``.
    """
    try:
        primitives.integer(contents, 0, 0, len(contents))
    except Fault as fault:
        raise ValueError(fault.reason) from fault
    return primitives.number(contents)


_PSS_HASHES, _PSS_MASKS = _pss_identifiers()
