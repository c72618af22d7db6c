"""Private keys in files (RFC 5958, RFC 5915, RFC 8017 §A.1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from cmcodec import durable
from cmcodec.builders.new_requests import public_key_info
from cmcodec.cms import RecipientKey, SigningKey
from cmcodec.keys.kept import KeyAccessError

if TYPE_CHECKING:
    from cmcodec.verify.given import CertificateLike

__all__ = ["FileKey", "parse", "read", "write"]


@final
@dataclass(frozen=True, slots=True, repr=False)
class FileKey:
    """A key of ``cryptography``, as a `Key`."""

    private: Any

    @property
    def public_key(self) -> bytes:
        return public_key_info(self.private).to_der()

    @property
    def for_request(self) -> Any:
        return self.private

    def signer(self, certificate: CertificateLike) -> SigningKey:
        return SigningKey.from_private_key(self.private, certificate)

    def opener(self, certificate: CertificateLike | None = None) -> RecipientKey:
        return RecipientKey.from_private_key(self.private, certificate)

    def __repr__(self) -> str:
        return f"<FileKey, {type(self.private).__name__}>"


def parse(octets: bytes, password: bytes | None = None) -> Any:
    """The private key of ``cryptography`` in octets: PKCS #8, SEC 1 or PKCS #1, PEM or DER.

    ``password``: where it is encrypted. Raises `KeyAccessError`.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_der_private_key,
        load_pem_private_key,
    )

    load = load_pem_private_key if b"-----BEGIN" in octets else load_der_private_key
    try:
        return load(octets, None)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyAccessError("no private key in PEM or DER, or of a kind not on offer") from None
    except TypeError:
        if password is None:
            raise KeyAccessError("the key is encrypted: its password is needed") from None
    try:
        return load(octets, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyAccessError("the password of the key is wrong") from None


def read(path: str | Path, password: bytes | None = None) -> Any:
    """The private key of ``cryptography`` in a file; raises `OSError` and as `parse` does."""
    return parse(Path(path).read_bytes(), password)


def write(path: str | Path, key: Any) -> None:
    """Keeps a private key of ``cryptography`` in a file: PKCS #8 in PEM, for its owner alone.

    Raises `FileExistsError` where the name is taken, and `OSError`; then nothing is written.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    durable.write(path, octets, mode=durable.PRIVATE, replace=False)
