"""Certificate chains: which signers a caller trusts (rule V13, RFC 10002 §9).

CMC certificates carry neither WebPKI key usages nor a subject alternative name, so the policy here
is RFC 5280's path validation with CA certificates that say so, and nothing more.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from cmcodec.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cryptography import x509

    from cmcodec.types import Certificate

    CertificateLike: TypeAlias = x509.Certificate | Certificate | bytes
    """A certificate as an object of ``cryptography``, of this package, as DER or as PEM."""

    Trust: TypeAlias = (
        Iterable[CertificateLike]
        | Callable[[x509.Certificate, list[x509.Certificate], datetime], bool]
    )
    """Trust anchors, or a callback.

    The callback gets the signer's certificate, the certificates that came with it and the time,
    and says whether the signer is trusted. What it raises ends the verification.
    """

__all__ = ["Checker", "certificate_octets"]


def certificate_octets(certificate: CertificateLike) -> bytes:
    """The DER octets of a certificate in any of the forms that are accepted.

    Raises `ValueError` for what is none.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from cmcodec.asn1 import TLV

    if isinstance(certificate, TLV):
        return certificate.der
    if isinstance(certificate, x509.Certificate):
        return certificate.public_bytes(Encoding.DER)
    octets = bytes(certificate)
    if octets.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_certificate(octets).public_bytes(Encoding.DER)
    return octets


class Checker:
    """Finds the trust anchor of signers' certificates, each only once."""

    def __init__(self, trust: Trust, extra: list[bytes], at: datetime | None) -> None:
        from cryptography import x509

        self._at = at or datetime.now(UTC)
        self._extra = extra
        self._found: dict[bytes, str | None] = {}
        self._callback: Any = trust if callable(trust) else None
        self._verifier: Any = None
        self._load = x509.load_der_x509_certificate
        if self._callback is None:
            anchors = [certificate_octets(anchor) for anchor in trust]  # type: ignore[union-attr]
            self._verifier = _verifier(anchors, self._at) if anchors else None

    def anchor(self, certificate: bytes, carried: list[bytes]) -> str | None:
        """SHA-256 of the anchor the certificate leads to, None for none, "" from a callback."""
        others = [c for c in (*carried, *self._extra) if c != certificate]
        key = hashlib.sha256(b"".join((certificate, *others))).digest()
        if key not in self._found:
            self._found[key] = self._search(certificate, others)
        return self._found[key]

    def _search(self, certificate: bytes, others: list[bytes]) -> str | None:
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.x509.verification import VerificationError

        try:
            leaf = self._load(certificate)
        except ValueError:
            return None
        intermediates = []
        for other in others:
            try:
                intermediates.append(self._load(other))
            except ValueError:
                continue
        if self._callback is not None:
            return "" if self._callback(leaf, intermediates, self._at) else None
        if self._verifier is None:
            return None
        try:
            chain = self._verifier.verify(leaf, intermediates).chain
        except (VerificationError, ValueError):
            return None
        return hashlib.sha256(chain[-1].public_bytes(Encoding.DER)).hexdigest()


def _verifier(anchors: list[bytes], at: datetime) -> Any:
    from cryptography import x509
    from cryptography.x509 import verification

    if not hasattr(verification, "ExtensionPolicy"):
        raise UnsupportedError("trust anchors need cryptography 45 or newer")
    policy = verification.ExtensionPolicy
    authorities = policy.permit_all().require_present(
        x509.BasicConstraints, verification.Criticality.AGNOSTIC, None
    )
    store = verification.Store([x509.load_der_x509_certificate(anchor) for anchor in anchors])
    return (
        verification.PolicyBuilder()
        .store(store)
        .time(at.astimezone(UTC).replace(tzinfo=None))
        .extension_policies(ca_policy=authorities, ee_policy=policy.permit_all())
        .build_client_verifier()
    )
