"""Which certificates and CRLs of a response count (RFC 10002 §4.1 and §4.2).

A certificate is of the key that was asked for and leads to somebody whom the client trusts; in
which order certificates stand, and whether they sign themselves, says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cmcodec import types
from cmcodec.arguments import moment
from cmcodec.controls.names import comparable
from cmcodec.errors import CMCError, VerificationError
from cmcodec.foreign import quietly
from cmcodec.reasons import Reason
from cmcodec.types import KeyUsage
from cmcodec.verify.certificates import certificate_octets, certificates_octets
from cmcodec.verify.path import Certificate, readable
from cmcodec.verify.trust import Checker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from cmcodec.roles.ee import Client
    from cmcodec.roles.end_entity.answers import Answer
    from cmcodec.roles.end_entity.asked import Asked
    from cmcodec.verify.trust import Paths

__all__ = ["Found", "loaded", "readable_ones"]


@final
class Found:
    """The certificates of an answer, and what they are for one client."""

    __slots__ = ("_answer", "_by_key", "_client", "_known", "_now", "_paths", "_read")

    def __init__(self, client: Client, answer: Answer) -> None:
        self._client, self._answer, self._now = client, answer, moment("clock", client.clock())
        own = None if client.signer is None else client.signer.certificate
        # A renewal may keep its key: the certificate that is there already is not the new one.
        self._known = set() if own is None else {certificate_octets(own)}
        read = map(readable, answer.certificates)
        self._read = [each for each in read if each is not None and each.facts is not None]
        self._by_key: dict[bytes, list[Certificate]] = {}
        for each in self._read:
            self._by_key.setdefault(each.spki, []).append(each)
        self._paths: dict[datetime, Paths] = {}

    def has(self, item: Asked) -> bool:
        """Whether there is a certificate of the key of a request, trusted or not."""
        return bool(self._by_key.get(item.public_key or b""))

    def of(self, item: Asked) -> bytes | None:
        """The certificate that was asked for; None where none was.

        Raises `VerificationError` (``untrusted_chain``) where it, or the CRL, is not there or leads
        to nobody whom the client trusts.
        """
        if isinstance(item.what, types.RevokeRequest):
            return None
        if isinstance(item.what, types.GetCRL):
            if not self._crls_of(item.what):
                raise VerificationError(Reason.UNTRUSTED_CHAIN)
            return None
        if isinstance(item.what, types.GetCert):
            found = self._named(item.what)
        else:
            found = self._issued(item.public_key or b"")
        if found is None:
            raise VerificationError(Reason.UNTRUSTED_CHAIN)
        return found

    def made_by_ra(self) -> list[tuple[bytes, PrivateKeyTypes]]:
        """The keys that an RA has made, each with its certificate."""
        found = []
        for key in self._answer.keys:
            public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            certificate = self._issued(public)
            if certificate is not None:
                found.append((certificate, key))
        return found

    def crls(self) -> Iterator[x509.CertificateRevocationList]:
        """The CRLs that can be read."""
        return (crl for _, crl in self._named_crls())

    def _named_crls(self) -> Iterator[tuple[object, x509.CertificateRevocationList]]:
        """The same with the names of their issuers, which are read when they are looked at."""
        for octets in self._answer.crls:
            try:
                crl = quietly(x509.load_der_x509_crl, octets)
                name = _comparable(crl.issuer.public_bytes())
            except ValueError:
                continue
            yield name, crl

    # --- certificates ----------------------------------------------------------------------------

    def _issued(self, public_key: bytes) -> bytes | None:
        """The newest certificate of a key that is trusted."""
        candidates = [
            each for each in self._by_key.get(public_key, ()) if each.octets not in self._known
        ]
        for each in sorted(candidates, key=_age, reverse=True):
            assert each.facts
            if _quietly_loaded(each.octets) is None:
                continue
            # Two clocks need not agree on what has just been issued.
            if self._is_trusted(each, max(self._now, each.facts.since)):
                return each.octets
        return None

    def _named(self, wanted: types.GetCert) -> bytes | None:
        """The certificate that issuer and serial number name, which may have expired."""
        directory = wanted.issuer_name.directory_name
        name = None if directory is None else comparable(directory)
        for each in self._read:
            certificate = _quietly_loaded(each.octets)
            if certificate is None or certificate.serial_number != wanted.serial_number:
                continue
            if name is not None and _comparable(each.issuer) != name:
                continue
            if self._is_trusted(each, self._while_valid(each)):
                return each.octets
        return None

    def _while_valid(self, certificate: Certificate) -> datetime:
        assert certificate.facts
        return min(max(self._now, certificate.facts.since), certificate.facts.until)

    def _is_trusted(self, certificate: Certificate, at: datetime) -> bool:
        """Whether a certificate, whatever it is for, leads to an anchor."""
        if at not in self._paths:
            checker = Checker(self._client.trust, [], at, signs=False)
            self._paths[at] = checker.paths(list(self._answer.certificates))
        return self._paths[at].chain(certificate.octets).anchor_sha256 is not None

    # --- CRLs -----------------------------------------------------------------------------------

    def _crls_of(self, wanted: types.GetCRL) -> bool:
        """Whether there is a CRL of an issuer that a trusted key of it has signed."""
        name = comparable(wanted.issuer_name)
        of_issuer = [crl for found, crl in self._named_crls() if found == name]
        return any(_has_signed(each, crl) for crl in of_issuer for each in self._issuers(name))

    def _issuers(self, name: object) -> Iterator[Certificate]:
        """The trusted certificates of a CA that signs CRLs."""
        trust = self._client.trust
        anchors = () if callable(trust) else certificates_octets("trust", trust)
        others = (each for each in map(readable, anchors) if each is not None)
        for each in (*others, *self._read):
            facts = each.facts
            if facts is None or (facts.usages and KeyUsage.CRL_SIGN not in facts.usages):
                continue
            if _comparable(each.subject) != name:
                continue
            if self._is_trusted(each, self._while_valid(each)):
                yield each


def _age(certificate: Certificate) -> tuple[datetime, bytes]:
    assert certificate.facts
    return certificate.facts.since, certificate.octets


def _has_signed(issuer: Certificate, crl: x509.CertificateRevocationList) -> bool:
    certificate = _quietly_loaded(issuer.octets)
    if certificate is None:
        return False
    try:
        key: Any = certificate.public_key()
        return bool(crl.is_signature_valid(key))
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _comparable(name: bytes) -> object:
    """What names that match have in common; None for one that is not DER, which matches none."""
    try:
        return comparable(types.Name.from_der(name))
    except CMCError:
        return None


def loaded(octets: bytes) -> x509.Certificate:
    """A certificate as an object of ``cryptography``; raises `ValueError`."""
    return quietly(x509.load_der_x509_certificate, octets)


def readable_ones(certificates: Iterable[bytes]) -> Iterator[x509.Certificate]:
    """Those that ``cryptography`` reads."""
    for octets in certificates:
        certificate = _quietly_loaded(octets)
        if certificate is not None:
            yield certificate


def _quietly_loaded(octets: bytes) -> x509.Certificate | None:
    try:
        return loaded(octets)
    except ValueError:
        return None
