"""How a recipient is named: by its certificate or by a key identifier (RFC 5652 §6.2.1, §6.2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmcodec import _backend, types
from cmcodec.asn1.der import element
from cmcodec.errors import EncodeError
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from cmcodec.verify.given import CertificateLike


class Names(NamedTuple):
    """The names of one key: the DER of issuer and serial number, and a key identifier."""

    issuer_and_serial: bytes | None = None
    key_identifier: bytes | None = None

    @classmethod
    def of(cls, certificate: CertificateLike | None, key_identifier: bytes | None) -> Names:
        """Those of a certificate, whose key identifier may be another; raises `EncodeError`."""
        if certificate is None:
            return cls(None, key_identifier)
        from cmcodec.verify.certificates import certificate_octets

        try:
            found = _backend.certificate(certificate_octets(certificate))
        except (AttributeError, TypeError, ValueError):
            found = None
        if found is None:
            raise EncodeError(Reason.BAD_VALUE, None, "certificate")
        issuer, serial_number, own, *_ = found
        return cls(element(0x30, issuer, serial_number), key_identifier or own)

    def fit(self, rid: types.RecipientIdentifier | types.KeyAgreeRecipientIdentifier) -> bool:
        """Whether a recipient identifier names this key; one without names fits everyone."""
        if self == (None, None):
            return True
        if rid.issuer_and_serial_number is not None:
            return rid.issuer_and_serial_number.to_der() == self.issuer_and_serial
        if isinstance(rid, types.RecipientIdentifier):
            return rid.subject_key_identifier == self.key_identifier
        return rid.r_key_id is not None and (
            rid.r_key_id.subject_key_identifier == self.key_identifier
        )

    def _named(self) -> types.IssuerAndSerialNumber:
        assert self.issuer_and_serial is not None
        return types.IssuerAndSerialNumber.from_der(self.issuer_and_serial)

    def rid(self) -> types.RecipientIdentifier:
        """The name in a KeyTransRecipientInfo or KEMRecipientInfo: the key identifier, if any."""
        if self.key_identifier is not None:
            return types.RecipientIdentifier(subject_key_identifier=self.key_identifier)
        return types.RecipientIdentifier(issuer_and_serial_number=self._named())

    def agreement_rid(self) -> types.KeyAgreeRecipientIdentifier:
        """The same in a RecipientEncryptedKey."""
        if self.key_identifier is not None:
            named = types.RecipientKeyIdentifier(subject_key_identifier=self.key_identifier)
            return types.KeyAgreeRecipientIdentifier(r_key_id=named)
        return types.KeyAgreeRecipientIdentifier(issuer_and_serial_number=self._named())
