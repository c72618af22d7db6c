"""The rules for one SignerInfo, in their order (rules V1, V4, V7, V12, V5, V6, V10)."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cmcodec._pure import view
from cmcodec._pure.verify.algorithm import (
    algorithm_name,
    digest_algorithm,
    signature_algorithm,
)
from cmcodec._pure.verify.candidates import (
    signing_certificate,
    signing_certificate_v2,
    v8_find_key,
)
from cmcodec._pure.verify.certificates import (
    Certificates,
    requested_key_identifiers,
    validated_certificate,
)
from cmcodec._pure.verify.fault import Fault
from cmcodec._pure.verify.key import v9_read_key
from cmcodec._pure.view import oid_octets
from cmcodec.algorithms import Scheme
from cmcodec.limits import MAX_FAILED_WORK
from cmcodec.oids import (
    ID_AA_CMS_ALGORITHM_PROTECT,
    ID_AA_SIGNING_CERTIFICATE,
    ID_AA_SIGNING_CERTIFICATE_V2,
    ID_CONTENT_TYPE,
    ID_MESSAGE_DIGEST,
    ID_SIGNING_TIME,
)
from cmcodec.reasons import Reason, Rule
from cmcodec.verify.verdict import Signer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec._pure.codec.tlv import Tlv
    from cmcodec._pure.verify.algorithm import SignatureAlgorithm
    from cmcodec._pure.verify.candidates import Candidate, CertificateHash
    from cmcodec._pure.verify.key import PublicKey
    from cmcodec._pure.view import Algorithm, Request
    from cmcodec.algorithms import Digest

# The SubjectPublicKeyInfo of ML-DSA-87 takes 2,614 octets; that of the longest RSA key, 1,062.
_CACHED_KEY_OCTETS = 2700


def public_key(spki: bytes, *, legacy: bool) -> PublicKey:
    """The key of a SubjectPublicKeyInfo, read once while it is in use; raises `Fault` (V15)."""
    if len(spki) > _CACHED_KEY_OCTETS:
        return v9_read_key(spki, legacy=legacy)
    return _read_key(spki, legacy)


@lru_cache(maxsize=256)
def _read_key(spki: bytes, legacy: bool) -> PublicKey:
    return v9_read_key(spki, legacy=legacy)


class Policy(NamedTuple):
    """What the caller decides about signatures."""

    certificates: Certificates
    authorised_ras: frozenset[bytes]
    legacy: bool

    def authorises(self, certificate: bytes | None) -> bool:
        """Whether this is the certificate of an authorised RA (rule R2)."""
        if not self.authorised_ras or certificate is None:
            return False
        return hashlib.sha256(certificate).digest() in self.authorised_ras


class Signed:
    """A SignedData, and what its SignerInfos share: each is worked out once, when asked for.

    ``held`` is its EncapsulatedContentInfo, ``body`` the PKIData or PKIResponse in there, or what
    stands in its place.
    """

    def __init__(self, data: bytes, signed: Any, held: Any, body: Any, policy: Policy) -> None:
        self.data = data
        self.signed = signed
        self.held = held
        self.policy = policy
        self.sole_signer = True
        self._body = body
        self._digests: dict[str, bytes] = {}
        self._listed: set[str] | None = None
        self._certificates: Certificates | None = None
        self._requested: dict[bytes, tuple[Tlv, ...]] | None = None
        # Work on keys that did not verify (rule V15).
        self.failed = 0

    def requests(self) -> Iterator[Request]:
        """The requests of a PKIData. A million may be: they are not kept."""
        yield from view.requests(self.data, self._body)

    def digest(self, digest: Digest) -> bytes:
        """The digest of the eContent value octets."""
        if digest.name not in self._digests:
            held = self.held.e_content
            octets = view.content(self.data, held) if held else b""
            self._digests[digest.name] = hashlib.new(digest.name, octets).digest()
        return self._digests[digest.name]

    def lists(self, digest: Digest) -> bool:
        """Whether digestAlgorithms has this one, absent parameters and NULL being alike."""
        if self._listed is None:
            identifiers = view.inside(self.data, self.signed.digest_algorithms)
            listed = (digest_algorithm(*view.algorithm(self.data, each)) for each in identifiers)
            self._listed = {found.name for found in listed if found}
        return digest.name in self._listed

    def certificates(self) -> Certificates:
        """The certificates of the message."""
        if self._certificates is None:
            self._certificates = Certificates(
                validated_certificate(view.octets(self.data, choice))
                for choice in view.inside(self.data, self.signed.certificates)
                if view.CERTIFICATES[choice.tag] == "certificate"
            )
        return self._certificates

    def requesting(self, identifier: bytes) -> list[Request]:
        """The requests with a key identifier; two where there are more."""
        if self._requested is None:
            self._requested = {}
            for request in self.requests():
                for wanted in requested_key_identifiers(self.data, request):
                    known = self._requested.get(wanted, ())
                    if len(known) < 2:
                        self._requested[wanted] = (*known, request.element)
        found = self._requested.get(identifier, ())
        read = view.request_reader(self._body)
        return [read(self.data, element) for element in found]


def v3_each_signer(message: Signed, elements: list[Tlv]) -> tuple[list[Signer], Fault | None]:
    """What is found of every SignerInfo, and the first fault of them."""
    message.sole_signer = len(elements) == 1
    signers, first = [], None
    for element in elements:
        info = _SignerInfo(message, element)
        verified: list[Candidate] = []
        fault = None
        try:
            verified = info.verify()
        except Fault as found:
            # Without the frames it came through.
            fault = found.with_traceback(None)
            first = first or fault
        certificates = tuple(each.certificate for each in verified if each.certificate)
        signers.append(
            Signer(
                algorithm=info.name,
                certificate_sha256=_fingerprint(certificates[0]) if certificates else None,
                request_id=verified[0].request_id if verified else None,
                chain="unchecked" if certificates else None,
                reason=fault.reason if fault else None,
                candidates=certificates,
            )
        )
    return signers, first


def _fingerprint(certificate: bytes) -> str:
    return hashlib.sha256(certificate).hexdigest()


class _SignerInfo:
    """One SignerInfo under verification."""

    def __init__(self, message: Signed, element: Tlv) -> None:
        self.message = message
        self.data = message.data
        self.info = view.signer_info(message.data, element)
        self.digest_identifier = view.algorithm(self.data, self.info.digest_algorithm)
        self.signature_identifier = view.algorithm(self.data, self.info.signature_algorithm)
        digest = digest_algorithm(*self.digest_identifier)
        legacy = message.policy.legacy
        self.digest = None if digest and digest.legacy and not legacy else digest  # V10a
        self.algorithm: SignatureAlgorithm | Fault
        # Before the first rule, so that the verdict names it whichever rule is broken.
        try:
            self.algorithm = signature_algorithm(
                *self.signature_identifier, self.digest, legacy=legacy
            )
            self.name = self.algorithm.name
        except Fault as fault:
            self.algorithm = fault.at(self.info.signature_algorithm.start)
            self.name = algorithm_name(*self.signature_identifier, digest)

    def verify(self) -> list[Candidate]:
        """The candidates whose key verifies; raises `Fault`."""
        self.v1_signer_info_version()
        attributes = self.v4_attributes()
        content_type, digest, protection, *named = attributes or (None,) * 5
        hashes = self._certificate_hashes(*named)
        algorithm = self.v7_algorithms(protection)
        self.v12_no_signature(algorithm)
        if attributes:
            self.v5_content_type(content_type)
            self.v6_message_digest(digest)
        candidates = v8_find_key(self.message, self.info.sid, hashes)
        return self.v10_signature(algorithm, candidates)

    def _value(self, attribute: Any) -> bytes:
        return view.content(self.data, view.first(self.data, attribute.attr_values))

    def v1_signer_info_version(self) -> None:
        """Refuses a version, which no signature covers, that CMS does not have."""
        if view.content(self.data, self.info.version) not in view.CMS_VERSIONS:
            raise Fault(Reason.VERSION_MISMATCH, self.info.version.start)

    def v4_attributes(self) -> tuple[Any, ...] | None:
        """The attributes that may stand once, in the order of `_SINGLE`; None for one missing.

        None in all over id-data without signed attributes (RFC 5652 §5.3).
        """
        signed_attrs = self.info.signed_attrs
        if signed_attrs is None:
            if view.content(self.data, self.message.held.e_content_type) == view.DATA:
                return None
            raise Fault(Reason.ATTRIBUTE_MISSING, self.info.element.start)
        found: dict[bytes, list[Any]] = {name: [] for name in _SINGLE}
        for element in view.inside(self.data, signed_attrs):
            attribute = view.attribute(self.data, element)
            named = found.get(view.content(self.data, attribute.attr_type))
            if named is not None and len(named) < 2:
                named.append(attribute)
        for name, attributes in found.items():
            if attributes:
                self._check_single(attributes)
            elif name in _MANDATORY:
                raise Fault(Reason.ATTRIBUTE_MISSING, signed_attrs.start)
        content_type, digest, _, *others = (next(iter(each), None) for each in found.values())
        return content_type, digest, *others

    def _check_single(self, found: list[Any]) -> None:
        if len(found) > 1:
            raise Fault(Reason.ATTRIBUTE_DUPLICATE, found[1].element.start)
        values = found[0].attr_values
        if values.content == values.end or view.first(self.data, values).end != values.end:
            raise Fault(Reason.ATTRIBUTE_DUPLICATE, found[0].element.start)

    def _certificate_hashes(self, first: Any, second: Any) -> list[CertificateHash]:
        """What signingCertificate and signingCertificateV2 say, where they stand."""
        pairs = ((first, signing_certificate), (second, signing_certificate_v2))
        found = (
            read(self.data, view.first(self.data, attribute.attr_values))
            for attribute, read in pairs
            if attribute
        )
        return [each for each in found if each]

    def v7_algorithms(self, protection: Any) -> SignatureAlgorithm:
        """The algorithm, on offer, on which everything that names it agrees."""
        if self.digest is None:
            raise Fault(Reason.UNSUPPORTED_ALGORITHM, self.info.digest_algorithm.start)
        if isinstance(self.algorithm, Fault):
            raise self.algorithm
        if not self.message.lists(self.digest):
            raise Fault(Reason.ALGORITHM_MISMATCH, self.info.digest_algorithm.start)
        if protection and not self._protects(view.first(self.data, protection.attr_values)):
            raise Fault(Reason.ALGORITHM_MISMATCH, protection.element.start)
        return self.algorithm

    def _protects(self, value: Tlv) -> bool:
        """Whether a CMSAlgorithmProtection names this SignerInfo's algorithms and no MAC's."""
        named = view.algorithm_protection(self.data, value)
        return (
            named.mac_algorithm is None
            and named.signature_algorithm is not None
            and self._names(named.digest_algorithm, self.digest_identifier)
            and self._names(named.signature_algorithm, self.signature_identifier)
        )

    def _names(self, identifier: Tlv, other: Algorithm) -> bool:
        return view.algorithm(self.data, identifier).matches(other)

    def v12_no_signature(self, algorithm: SignatureAlgorithm) -> None:
        """Refuses id-alg-noSignature."""
        if algorithm.scheme is Scheme.NO_SIGNATURE:
            raise Fault(Reason.NO_SIGNATURE, self.info.signature_algorithm.start)

    def v5_content_type(self, attribute: Any) -> None:
        """Refuses a contentType attribute that is not eContentType."""
        held = self.message.held.e_content_type
        if self._value(attribute) != view.content(self.data, held):
            raise Fault(Reason.CONTENT_TYPE_MISMATCH, attribute.element.start)

    def v6_message_digest(self, attribute: Any) -> None:
        """Refuses a messageDigest attribute that is not the digest of eContent."""
        assert self.digest
        if self._value(attribute) != self.message.digest(self.digest):
            raise Fault(Reason.DIGEST_MISMATCH, attribute.element.start)

    def v10_signature(
        self, algorithm: SignatureAlgorithm, candidates: list[Candidate]
    ) -> list[Candidate]:
        """Every candidate whose key verifies the signature; raises `Fault`.

        First stands an authorised RA's, then the caller's, then the message's. Where no key
        verifies, the reason is that of one under which the signature is invalid, else of the first.
        """
        signed_attrs, policy = self.info.signed_attrs, self.message.policy
        if signed_attrs:
            message = b"\x31" + self.data[signed_attrs.start + 1 : signed_attrs.end]
        else:
            message = view.content(self.data, self.message.held.e_content)
        signature = view.content(self.data, self.info.signature)
        refused = None
        good: set[bytes] = set()
        # Twins share one verification.
        for spki in dict.fromkeys(candidate.spki for candidate in candidates):
            if self.message.failed >= MAX_FAILED_WORK:
                refused = Fault(Reason.LIMIT, self.info.sid.start, Rule.V15)
                break
            try:
                key = public_key(spki, legacy=policy.legacy)
                key.verify(algorithm, message, signature)
            except Fault as fault:
                if fault.reason is Reason.SIGNATURE_INVALID:
                    self.message.failed += key.work
                    refused = fault.at(self.info.signature.start)
                refused = refused or fault.at(self.info.sid.start)
            else:
                good.add(spki)
        verified = [candidate for candidate in candidates if candidate.spki in good]
        if not verified:
            assert refused
            raise refused
        if len(verified) > 1:
            verified.sort(key=lambda each: (not policy.authorises(each.certificate), *each))
        return verified


_MANDATORY = (oid_octets(ID_CONTENT_TYPE), oid_octets(ID_MESSAGE_DIGEST))
_SINGLE = (
    *_MANDATORY,
    oid_octets(ID_SIGNING_TIME),
    oid_octets(ID_AA_CMS_ALGORITHM_PROTECT),
    oid_octets(ID_AA_SIGNING_CERTIFICATE),
    oid_octets(ID_AA_SIGNING_CERTIFICATE_V2),
)
