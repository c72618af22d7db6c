"""Certificate chains: which signers a caller trusts (rule V13, RFC 10002 §9).

CMC certificates carry neither WebPKI key usages nor a subject alternative name, so the policy here
is RFC 5280's path validation with CA certificates that say so, key usages that allow what was
signed where there are any, and nothing more. Revocation is not checked.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

from cmcodec import _backend
from cmcodec.errors import DecodeError, UnsupportedError
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from cmcodec.types import Certificate

    CertificateLike: TypeAlias = x509.Certificate | Certificate | bytes
    """A certificate as an object of ``cryptography``, of this package, as DER or as PEM."""

    Certificates: TypeAlias = CertificateLike | Iterable[CertificateLike]
    """One certificate or many; PEM is a bundle, and every certificate in it counts."""

    Trust: TypeAlias = (
        Certificates | Callable[[x509.Certificate, list[x509.Certificate], datetime], bool]
    )
    """Trust anchors, or a callback.

    The callback gets the signer's certificate, the certificates that came with it and the time,
    and returns True where the signer is trusted, else False. Anything else, a coroutine too, raises
    `TypeError`; what the callback raises ends the verification. It is asked before the call that
    verifies returns, about each certificate once, and never about a request's own key.
    """

__all__ = ["Checker", "certificate_octets", "certificates_octets"]

T = TypeVar("T")

_PEM_CERTIFICATE: Final = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----")


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
        return _quietly(x509.load_pem_x509_certificate, octets).public_bytes(Encoding.DER)
    return octets


def certificates_octets(argument: str, given: Certificates) -> list[bytes]:
    """The DER octets of every certificate given, in order; each was read as a certificate.

    Raises `DecodeError` for octets that are none, and `TypeError`, which names the argument, for
    what are no octets.
    """
    is_many = isinstance(given, Iterable) and not isinstance(given, str)
    if not isinstance(given, (tuple, list)):
        found = _one_or_bundle(given)
        if found is not None:
            return found
    certificates: list[bytes] = []
    for element in cast("Iterable[object]", given) if is_many else (given,):
        octets = _one_or_bundle(element)
        if octets is None:
            raise TypeError(f"{argument}: {type(element).__name__} is no certificate")
        certificates += octets
    return certificates


def _one_or_bundle(given: object) -> list[bytes] | None:
    """The certificates in one object; None for what can hold none."""
    from cmcodec.asn1 import TLV

    if isinstance(given, TLV):
        return [_checked(given.der)]
    if hasattr(given, "public_bytes"):
        from cryptography import x509

        if isinstance(given, x509.Certificate):
            return [_checked(certificate_octets(given))]
        return None
    try:
        octets = bytes(memoryview(given))  # type: ignore[arg-type]
    except TypeError:
        return None
    armoured = 0 if octets[:1] == b"\x30" else len(_PEM_CERTIFICATE.findall(octets))
    return _bundle(octets, armoured) if armoured else [_checked(octets)]


def _bundle(octets: bytes, armoured: int) -> list[bytes]:
    """The certificates of a PEM bundle, which are as many as have begun in it."""
    from cryptography import x509

    try:
        found = _quietly(x509.load_pem_x509_certificates, octets)
    except ValueError:
        found = []
    if len(found) != armoured:
        raise DecodeError(Reason.BAD_VALUE, 0, "pem")
    return [certificate_octets(certificate) for certificate in found]


def _checked(octets: bytes) -> bytes:
    """Octets that are one certificate (RFC 5280 §4.1)."""
    _backend.decode("Certificate", octets, False)
    if _backend.certificate(octets) is None:
        raise DecodeError(Reason.BAD_VALUE, 0, "certificate")
    return octets


def _loaded(octets: bytes) -> x509.Certificate:
    from cryptography import x509

    return _quietly(x509.load_der_x509_certificate, octets)


def _quietly(load: Callable[[bytes], T], octets: bytes) -> T:
    """What a function makes of octets from outside, without the warnings it gives about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load(octets)


class Checker:
    """Finds the trust anchor of signers' certificates, each only once."""

    def __init__(self, trust: Trust, extra: list[bytes], at: datetime) -> None:
        self._at = at
        self._extra = extra
        self._found: dict[bytes, str | None] = {}
        self._callback: Any = trust if callable(trust) else None
        self._verifier: Any = None
        if self._callback is None:
            anchors = certificates_octets("trust", trust)  # type: ignore[arg-type]
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
            leaf = _loaded(certificate)
        except ValueError:
            return None
        intermediates = []
        for other in others:
            try:
                intermediates.append(_loaded(other))
            except ValueError:
                continue
        if self._callback is not None:
            return "" if _answer(self._callback(leaf, intermediates, self._at)) else None
        if self._verifier is None:
            return None
        try:
            chain = self._verifier.verify(leaf, intermediates).chain
        except (VerificationError, ValueError):
            return None
        return hashlib.sha256(chain[-1].public_bytes(Encoding.DER)).hexdigest()


def _answer(answer: object) -> bool:
    """What a callback returned, which is True or False: what merely counts as true, trusts."""
    if answer is True or answer is False:
        return answer
    if isinstance(answer, Coroutine):
        answer.close()
    raise TypeError(f"a trust callback returns True or False, not {answer!r}")


def _issuer_usage(_: object, __: object, usage: x509.KeyUsage | None) -> None:
    """RFC 5280 §4.2.1.3: a CA whose key has usages may sign certificates."""
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("the keyUsage of an issuer lacks keyCertSign")


def _signer_usage(_: object, __: object, usage: x509.KeyUsage | None) -> None:
    """RFC 5280 §4.2.1.3: a signer whose key has usages may sign messages."""
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise ValueError("the keyUsage of a signer lacks digitalSignature and nonRepudiation")


def _verifier(anchors: list[bytes], at: datetime) -> Any:
    from cryptography import x509
    from cryptography.x509 import verification

    if not hasattr(verification, "ExtensionPolicy"):
        raise UnsupportedError("trust anchors need cryptography 45 or newer")
    policy = verification.ExtensionPolicy
    agnostic = verification.Criticality.AGNOSTIC
    authorities = (
        policy.permit_all()
        .require_present(x509.BasicConstraints, agnostic, None)
        .may_be_present(x509.KeyUsage, agnostic, _issuer_usage)
    )
    signers = policy.permit_all().may_be_present(x509.KeyUsage, agnostic, _signer_usage)
    try:
        store = verification.Store([_loaded(anchor) for anchor in anchors])
    except ValueError:
        raise DecodeError(Reason.BAD_VALUE, 0, "certificate") from None
    return (
        verification.PolicyBuilder()
        .store(store)
        .time(at.astimezone(UTC).replace(tzinfo=None))
        .extension_policies(ca_policy=authorities, ee_policy=signers)
        .build_client_verifier()
    )
