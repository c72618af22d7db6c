"""What a private key does, wherever it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from cmcodec.errors import CMCError

if TYPE_CHECKING:
    from cmcodec.cms import RecipientKey, SigningKey
    from cmcodec.verify.given import CertificateLike

__all__ = ["Key", "KeyAccessError"]


class KeyAccessError(CMCError):
    """There is no private key, or it cannot be had; ``reason`` says why in words, and no secret."""


class Key(Protocol):
    """A private key, which never shows."""

    @property
    def public_key(self) -> bytes:
        """The DER of its SubjectPublicKeyInfo."""
        ...

    @property
    def for_request(self) -> Any:
        """What a `cmcodec.builders.NewRequest` has as ``key``.

        Raises `SigningError` for a key in a token that does not sign.
        """
        ...

    def signer(self, certificate: CertificateLike) -> SigningKey:
        """Who signs messages with it; raises what `SigningKey.from_private_key` raises.

        That is `SigningError` (``signature_invalid``) for the certificate of another key, too.
        """
        ...

    def opener(self, certificate: CertificateLike | None = None) -> RecipientKey:
        """What opens layers with it.

        Raises `TypeError` for a key that opens nothing, and for one in a token without a
        certificate.
        """
        ...
