"""The rules for one SignerInfo, in their order (RULES V4 to V10 and V12)."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cmcodec._pure import signatures, view
from cmcodec._pure.certificates import Certificates, requested_key_identifiers
from cmcodec._pure.keys import PublicKey
from cmcodec._pure.signatures import Refused, SignatureAlgorithm
from cmcodec._pure.view import SEQUENCE
from cmcodec.limits import MAX_KEY_CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cmcodec._pure.certificates import Certificate
    from cmcodec._pure.tlv import Tlv
    from cmcodec._pure.view import Algorithm, Attribute, Request, SignedData

RULES: Mapping[str, str] = {
    "algorithm_mismatch": "V7",
    "attribute_duplicate": "V4",
    "attribute_missing": "V4",
    "content_type_mismatch": "V5",
    "digest_mismatch": "V6",
    "key_rejected": "V9",
    "no_signature": "V12",
    "request_key_not_sole_signer": "V8",
    "signature_invalid": "V10",
    "signer_ambiguous": "V8",
    "signer_not_found": "V8",
    "unsupported_algorithm": "V7",
    "version_mismatch": "V1",
}
"""The rule of each reason for which a signature is refused."""


class Failure(Exception):
    """A rule is broken at ``offset``."""

    def __init__(self, reason: str, offset: int, rule: str = "") -> None:
        super().__init__(reason, offset)
        self.reason = reason
        self.offset = offset
        self.rule = rule or RULES[reason]


SignerRow = tuple[str | None, str | None, int | None, bytes | None, str | None]
"""Algorithm, SHA-256 of the certificate, id of the request, certificate, reason."""

# --- keys ------------------------------------------------------------------------------------

# The SubjectPublicKeyInfo of ML-DSA-87 takes 2,614 octets; that of the longest RSA key, 1,062.
_CACHED_KEY_OCTETS = 2700


def public_key(spki: bytes, *, legacy: bool) -> PublicKey:
    """Parse a SubjectPublicKeyInfo once while it is in use, or raise `Refused` (V15)."""
    if len(spki) > _CACHED_KEY_OCTETS:
        return PublicKey.parse(spki, legacy=legacy)
    return _parse(spki, legacy)


@lru_cache(maxsize=256)
def _parse(spki: bytes, legacy: bool) -> PublicKey:
    return PublicKey.parse(spki, legacy=legacy)


class Policy(NamedTuple):
    """What the caller decides about signatures."""

    certificates: Certificates
    authorised_ras: frozenset[bytes]
    legacy: bool


# --- messages --------------------------------------------------------------------------------


class Signed:
    """A SignedData, and what its SignerInfos share: each is worked out once, when asked for."""

    def __init__(
        self, data: bytes, signed: SignedData, req_sequence: Tlv | None, policy: Policy
    ) -> None:
        self.data = data
        self.signed = signed
        self.policy = policy
        self.sole_signer = True
        self._req_sequence = req_sequence
        self._digests: dict[str, bytes] = {}
        self._listed: set[str] | None = None
        self._certificates: Certificates | None = None
        self._requested: dict[bytes, tuple[Tlv, ...]] | None = None

    def requests(self) -> Iterator[Request]:
        """The requests of a PKIData. A million may be: they are not kept."""
        if self._req_sequence:
            for element in view.inside(self.data, self._req_sequence):
                yield view.request(self.data, element)

    def digest(self, name: str) -> bytes:
        """The digest of the eContent value octets (V6)."""
        if name not in self._digests:
            held = self.signed.encapsulated.octets
            octets = view.content(self.data, held) if held else b""
            self._digests[name] = signatures.hash_octets(name, octets)
        return self._digests[name]

    def lists(self, digest: Algorithm) -> bool:
        """Whether digestAlgorithms has this one, absent parameters and NULL being alike (V7)."""
        if self._listed is None:
            listed = (
                view.algorithm(self.data, element)
                for element in view.inside(self.data, self.signed.digest_algorithms)
            )
            self._listed = {
                found.oid
                for found in listed
                if signatures.digest_algorithm(found.oid, found.parameters)
            }
        return digest.oid in self._listed

    def candidates(self, sid: Tlv) -> list[Certificate]:
        """The certificates that a sid names: of this message, then of the caller (V8)."""
        name = self._name(sid)
        if self._certificates is None:
            element = self.signed.certificates
            choices = view.inside(self.data, element) if element else ()
            self._certificates = Certificates(
                view.octets(self.data, choice) for choice in choices if choice.tag == SEQUENCE
            )
        own, given = self._certificates.named(name), self.policy.certificates.named(name)
        return [*own, *(other for other in given if other not in own)][:MAX_KEY_CANDIDATES]

    def _name(self, sid: Tlv) -> tuple[bytes, bytes] | bytes:
        if sid.tag != SEQUENCE:
            return view.content(self.data, sid)
        issuer, serial = view.inside(self.data, sid)
        return view.octets(self.data, issuer), view.content(self.data, serial)

    def requesting(self, sid: Tlv) -> list[Request]:
        """The requests with the key identifier that a sid names; two where there are more."""
        if self._requested is None:
            self._requested = {}
            for request in self.requests():
                for identifier in requested_key_identifiers(self.data, request):
                    known = self._requested.get(identifier, ())
                    if len(known) < 2:
                        self._requested[identifier] = (*known, request.element)
        found = self._requested.get(view.content(self.data, sid), ())
        return [view.request(self.data, element) for element in found]


def evaluate(message: Signed, element: Tlv) -> tuple[SignerRow, Failure | None]:
    """The verdict on one SignerInfo (V3)."""
    signer = _Signer(message, element)
    try:
        certificate, request_id = signer.verify()
    except Failure as failure:
        return (signer.name, None, None, None, failure.reason), failure.with_traceback(None)
    digest = hashlib.sha256(certificate).hexdigest() if certificate else None
    return (signer.name, digest, request_id, certificate, None), None


class _Signer:
    """One SignerInfo under verification."""

    def __init__(self, message: Signed, element: Tlv) -> None:
        self.message = message
        self.data = message.data
        self.info = view.signer_info(message.data, element)
        self.digest_algorithm = view.algorithm(self.data, self.info.digest_algorithm)
        self.signature_algorithm = view.algorithm(self.data, self.info.signature_algorithm)
        # Before the first rule, so that the verdict names it whichever rule is broken.
        self.name, self.algorithm = self._settle()

    def verify(self) -> tuple[bytes | None, int | None]:
        """The certificate, or the id of the request, whose key verifies; raises `Failure`."""
        info, data = self.info, self.data
        if not info.has_right_version(data):  # V1: no signature covers the version
            raise Failure("version_mismatch", info.version.start)
        if info.signed_attrs is None:
            raise Failure("attribute_missing", info.element.start)
        content_type, digest, protection = self._attributes(info.signed_attrs)
        algorithm = self._agreed(protection)
        if algorithm.family == "none":  # V12
            raise Failure("no_signature", info.signature_algorithm.start)
        expected = view.content(data, self.message.signed.encapsulated.type)
        if self._value(content_type) != expected:  # V5
            raise Failure("content_type_mismatch", content_type.element.start)
        name = signatures.DIGESTS[self.digest_algorithm.oid]
        if self._value(digest) != self.message.digest(name):  # V6
            raise Failure("digest_mismatch", digest.element.start)
        return self._signed_by(algorithm, info.signed_attrs)

    def _value(self, attribute: Attribute) -> bytes:
        return view.content(self.data, view.first(self.data, attribute.values))

    # V4

    def _attributes(self, signed_attrs: Tlv) -> tuple[Attribute, Attribute, Attribute | None]:
        """The contentType, messageDigest and CMSAlgorithmProtection attributes."""
        found: dict[bytes, list[Attribute]] = {}
        for attribute in view.attributes(self.data, signed_attrs):
            if attribute.type in _SINGLE and len(found.setdefault(attribute.type, [])) < 2:
                found[attribute.type].append(attribute)
        single = {name: self._single(found.get(name, ()), signed_attrs) for name in _MANDATORY}
        for name in _SINGLE[len(_MANDATORY) :]:
            if name in found:
                single[name] = self._single(found[name], signed_attrs)
        return (
            single[view.CONTENT_TYPE],
            single[view.MESSAGE_DIGEST],
            single.get(view.ALGORITHM_PROTECTION),
        )

    def _single(self, found: Sequence[Attribute], signed_attrs: Tlv) -> Attribute:
        if not found:
            raise Failure("attribute_missing", signed_attrs.start)
        if len(found) > 1:
            raise Failure("attribute_duplicate", found[1].element.start)
        values = found[0].values
        if values.content == values.end or view.first(self.data, values).end != values.end:
            raise Failure("attribute_duplicate", found[0].element.start)
        return found[0]

    # V7

    def _settle(self) -> tuple[str | None, SignatureAlgorithm | Failure]:
        """The algorithm or what is wrong with it, and its name where it has one."""
        digest = signatures.digest_algorithm(*self.digest_algorithm)
        if digest == "sha1" and not self.message.policy.legacy:  # V10a
            digest = None
        if digest is None:
            failure = Failure("unsupported_algorithm", self.info.digest_algorithm.start)
            return self._name(), failure
        try:
            settled = self._signature_algorithm(digest)
        except Refused as refused:
            failure = Failure(refused.reason, self.info.signature_algorithm.start)
            return self._name(), failure
        return settled.name, settled

    def _name(self) -> str | None:
        """The name of the algorithm apart from digestAlgorithm."""
        try:
            return self._signature_algorithm(None).name
        except Refused:
            return None

    def _signature_algorithm(self, digest: str | None) -> SignatureAlgorithm:
        legacy = self.message.policy.legacy
        return signatures.signature_algorithm(*self.signature_algorithm, digest, legacy=legacy)

    def _agreed(self, protection: Attribute | None) -> SignatureAlgorithm:
        """The algorithm, everything that names it being of one mind."""
        if isinstance(self.algorithm, Failure):
            raise self.algorithm
        if not self.message.lists(self.digest_algorithm):
            raise Failure("algorithm_mismatch", self.info.digest_algorithm.start)
        if protection and not self._protects(view.first(self.data, protection.values)):
            raise Failure("algorithm_mismatch", protection.element.start)
        return self.algorithm

    def _protects(self, protection: Tlv) -> bool:
        """Whether a CMSAlgorithmProtection names this SignerInfo's algorithms and no MAC's."""
        digest, *rest = view.inside(self.data, protection)
        return (
            [other.tag for other in rest] == [0xA1]
            and view.algorithm(self.data, digest).matches(self.digest_algorithm)
            and view.algorithm(self.data, rest[0]).matches(self.signature_algorithm)
        )

    # V8 to V10

    def _signed_by(
        self, algorithm: SignatureAlgorithm, signed_attrs: Tlv
    ) -> tuple[bytes | None, int | None]:
        sid = self.info.sid
        message = b"\x31" + self.data[signed_attrs.start + 1 : signed_attrs.end]
        candidates = self.message.candidates(sid)
        if not candidates:
            request = self._request(sid)
            key = view.public_key(self.data, request)
            if key is None:
                raise Failure("signer_not_found", sid.start)
            reason = self._refused(key, algorithm, message)
            if reason is None:
                return None, request.body_part_id
            raise self._no_key(reason)
        reasons = []
        for candidate in candidates:
            reason = self._refused(candidate.spki, algorithm, message)
            if reason is None:
                return candidate.octets, None
            reasons.append(reason)
        raise self._no_key("signature_invalid" if "signature_invalid" in reasons else reasons[0])

    def _request(self, sid: Tlv) -> Request:
        """The one request whose key identifier this is (R-022)."""
        found = self.message.requesting(sid) if sid.tag != SEQUENCE else []
        if not found:
            raise Failure("signer_not_found", sid.start)
        if len(found) > 1:
            raise Failure("signer_ambiguous", sid.start)
        if not self.message.sole_signer:
            raise Failure("request_key_not_sole_signer", sid.start)
        return found[0]

    def _refused(self, spki: bytes, algorithm: SignatureAlgorithm, message: bytes) -> str | None:
        """Why a key does not verify the signature; None where it does."""
        signature = view.content(self.data, self.info.signature)
        try:
            key = public_key(spki, legacy=self.message.policy.legacy)
            key.verify(algorithm, message, signature)
        except Refused as refused:
            return refused.reason
        return None

    def _no_key(self, reason: str) -> Failure:
        invalid = reason == "signature_invalid"
        return Failure(reason, self.info.signature.start if invalid else self.info.sid.start)


_MANDATORY = (view.CONTENT_TYPE, view.MESSAGE_DIGEST)
_SINGLE = (*_MANDATORY, view.SIGNING_TIME, view.ALGORITHM_PROTECTION)
