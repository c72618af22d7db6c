"""Names of certificates and requests, and whether they are the same (RFC 5280 §7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cmcodec import _backend, oids, types
from cmcodec.errors import CMCError, EncodeError
from cmcodec.reasons import Reason
from cmcodec.verify.certificates import certificate_octets

if TYPE_CHECKING:
    from cmcodec.verify.given import CertificateLike

_TEXT: Final = (0x0C, 0x13, 0x16)
"""UTF8String, PrintableString, IA5String."""


class CertificateNames(NamedTuple):
    """The names in a certificate as they stand there, alternative ones as GeneralNames.

    And its key, a SubjectPublicKeyInfo.
    """

    subject: bytes
    issuer: bytes
    serial_number: bytes
    public_key: bytes
    subject_alternative: bytes | None
    issuer_alternative: bytes | None

    @classmethod
    def of(cls, certificate: CertificateLike) -> CertificateNames:
        """Those of a certificate; raises `EncodeError` for what is none."""
        try:
            outline = _backend.certificate(certificate_octets(certificate))
            if outline is None:
                raise ValueError("no certificate")
            issuer, serial_number, _, _, subject, public_key, encoded = outline
            extensions: Any = () if encoded is None else types.Extensions.from_der(encoded)
        except (CMCError, AttributeError, TypeError, ValueError):
            raise EncodeError(Reason.BAD_VALUE, None, "certificate") from None
        found = {extension.extn_id: extension.extn_value for extension in extensions}
        return cls(
            subject,
            issuer,
            serial_number,
            public_key,
            found.get(oids.ID_CE_SUBJECT_ALT_NAME),
            found.get(oids.ID_CE_ISSUER_ALT_NAME),
        )

    def comparable(self) -> tuple[object, object]:
        """Subject and subjectAltName, to compare with those of requests.

        Raises `EncodeError` for names that are not DER: no request can have them.
        """
        own = self.subject_alternative
        alternatives = comparable_alternatives([] if own is None else [own])
        try:
            subject = comparable(types.Name.from_der(self.subject))
        except CMCError:
            alternatives = None
        if alternatives is None:
            raise EncodeError(Reason.BAD_VALUE, None, "certificate")
        return subject, alternatives


def comparable(name: types.Name | None) -> tuple[tuple[tuple[str, bytes], ...], ...]:
    """What two names have in common that match (RFC 5280 §7.1); () is the empty name.

    Text is compared without regard to case, to white space around words, and to which kind of
    string it is; other values octet by octet. It is not normalised, which takes quadratic time
    (rule P7): names that differ in nothing else do not match.
    """
    rdns = () if name is None else name.rdn_sequence or ()
    return tuple(
        tuple(sorted((each.type, _comparable_value(each.value.to_der())) for each in rdn))
        for rdn in rdns
    )


def _comparable_value(octets: bytes) -> bytes:
    if octets[0] not in _TEXT:
        return octets
    length_of_length = octets[1] & 0x7F if octets[1] & 0x80 else 0
    try:
        text = octets[2 + length_of_length :].decode()
    except UnicodeDecodeError:
        return octets
    return b"\0" + " ".join(text.casefold().split()).encode()


def comparable_alternatives(values: list[bytes]) -> frozenset[object] | None:
    """The same of the values of subjectAltName extensions: at most one, in any order.

    None for what is no such value.
    """
    if not values:
        return frozenset()
    if len(values) > 1:
        return None
    try:
        names = types.GeneralNames.from_der(values[0])
    except CMCError:
        return None
    return frozenset(map(_comparable_general, names))


def _comparable_general(name: types.GeneralName) -> object:
    """Host names are compared without regard to case (RFC 5280 §7.2, §7.5)."""
    if name.dns_name is not None:
        return "dns", name.dns_name.lower()
    if name.rfc822_name is not None:
        local, at, host = name.rfc822_name.rpartition("@")
        return "rfc822", local, at, host.lower()
    if name.directory_name is not None:
        return "directory", comparable(name.directory_name)
    return name.to_der()
