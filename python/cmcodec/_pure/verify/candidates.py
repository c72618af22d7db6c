"""Whose key it is that a SignerInfo was signed with (rules V8, V15)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from cmcodec._pure import view
from cmcodec._pure.verify.algorithm import digest_algorithm
from cmcodec._pure.verify.fault import Fault
from cmcodec.algorithms import SHA1, SHA256
from cmcodec.limits import MAX_KEY_CANDIDATES
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from cmcodec._pure.codec.tlv import Tlv
    from cmcodec._pure.verify.signer import Signed
    from cmcodec.algorithms import Digest


class Candidate(NamedTuple):
    """A key that a SignerIdentifier names, and who has it: a certificate or a request.

    Certificates sort in the order of preference: the caller's, then the message's.
    """

    is_own: bool
    place: int
    spki: bytes
    certificate: bytes | None = None
    request_id: int | None = None


class CertificateHash(NamedTuple):
    """The hash of the signer's certificate in a signed attribute (RFC 5035 §3 and §5.4).

    ``digest`` is None where it is not on offer: then no certificate has it.
    """

    digest: Digest | None
    value: bytes

    def admits(self, certificate: bytes) -> bool:
        """Whether it is the hash of this certificate."""
        if self.digest is None:
            return False
        return hashlib.new(self.digest.name, certificate).digest() == self.value


def signing_certificate(data: bytes, value: Tlv) -> CertificateHash | None:
    """The first of ``certs``, which is the signer's (RFC 5035 §5.4.1)."""
    element = next(view.inside(data, view.first(data, value)), None)
    if element is None:
        return None
    return CertificateHash(SHA1, view.content(data, view.ess_cert_id(data, element).cert_hash))


def signing_certificate_v2(data: bytes, value: Tlv) -> CertificateHash | None:
    """The same, by any hash function, SHA-256 where none is named (RFC 5035 §4)."""
    element = next(view.inside(data, view.first(data, value)), None)
    if element is None:
        return None
    found = view.ess_cert_id_v2(data, element)
    digest: Digest | None = SHA256
    if found.hash_algorithm:
        digest = digest_algorithm(*view.algorithm(data, found.hash_algorithm))
    return CertificateHash(digest, view.content(data, found.cert_hash))


def v8_find_key(message: Signed, sid: Tlv, hashes: list[CertificateHash]) -> list[Candidate]:
    """The keys that the sid names: of this message's certificates, then of the caller's.

    ``hashes``, which were signed, exclude other certificates. Where no certificate has the sid, the
    key is that of the one request with this key identifier (R-022). Raises `Fault`.
    """
    name = (sid.tag, view.content(message.data, sid))
    own, given = message.certificates().named(name), message.policy.certificates.named(name)
    if own or given:
        found: dict[bytes, Candidate] = {}
        for is_own, certificates in ((True, own), (False, given)):
            full = len(found) + MAX_KEY_CANDIDATES
            for place, (octets, _, _, spki, *_) in enumerate(certificates):
                is_candidate = all(each.admits(octets) for each in hashes)
                if is_candidate and (octets in found or len(found) < full):
                    # Of one that stands twice, the caller's counts.
                    found[octets] = Candidate(is_own, place, spki, octets)
        if not found:
            raise Fault(Reason.SIGNER_NOT_FOUND, sid.start)
        return list(found.values())
    by_key = view.SIGNER_IDENTIFIERS[sid.tag] == "subject_key_identifier"
    requests = message.requesting(name[1]) if by_key else []
    if len(requests) > 1:
        raise Fault(Reason.SIGNER_AMBIGUOUS, sid.start)
    if requests and not message.sole_signer:
        raise Fault(Reason.REQUEST_KEY_NOT_SOLE_SIGNER, sid.start)
    key = view.public_key(message.data, requests[0]) if requests else None
    if key is None:
        raise Fault(Reason.SIGNER_NOT_FOUND, sid.start)
    return [Candidate(True, 0, key, request_id=requests[0].body_part_id)]
