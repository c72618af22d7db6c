"""The folder of a CA or an RA: what stands where, and what is wrong with one."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cmcodec import durable, keys
from cmcodec.errors import CMCError, DecodeError
from cmcodec.foreign import quietly
from cmcodec.stores import SQLStore
from cmcodec.verify.certificates import certificates_octets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cmcodec.keys import Key

__all__ = ["Folder", "FolderError", "FolderReason"]

CA_CERTIFICATE: Final = "ca-cert.pem"
CA_KEY: Final = "ca-key.pem"
SERVER_CERTIFICATE: Final = "server-cert.pem"
SERVER_KEY: Final = "server-key.pem"
CONFIG: Final = "config.toml"


class FolderReason(StrEnum):
    """What is wrong with a folder."""

    MISSING = "missing"
    """A file that belongs there is not there."""
    EXISTS = "exists"
    """There is one already; nothing is written over it."""
    MALFORMED = "malformed"
    """A file is not what its name says, or cannot be read."""
    KEY_MISMATCH = "key_mismatch"
    """A key is not that of its certificate."""


class FolderError(CMCError):
    """A folder is not that of a CA or RA, or cannot become one.

    ``reason`` is a `FolderReason`, ``path`` the file or folder, ``text`` what to do.
    """

    def __init__(self, reason: FolderReason, path: str | Path, text: str) -> None:
        super().__init__(reason, None, str(path))
        self.text = text

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.reason, self.path, self.text)


@final
class Folder:
    """Files by their names, in a folder that is there.

    Each method raises a `FolderError` for what is not there, or is something else; so does the
    class for a path that is no folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path: Final = Path(path)
        if not self.path.is_dir():
            raise FolderError(FolderReason.MISSING, self.path, "there is no such folder")

    def __truediv__(self, name: str) -> Path:
        # What is absolute stays as it is.
        return self.path / name

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        return (self / name).exists()

    def octets(self, name: str) -> bytes:
        """What is in a file."""
        try:
            return (self / name).read_bytes()
        except OSError as error:
            raise self._not_read(name, error) from None

    def certificates(self, name: str) -> list[x509.Certificate]:
        """The certificates in a file."""
        octets = self.octets(name)
        if not octets:
            return []
        try:
            found = certificates_octets(name, octets)
            return [quietly(x509.load_der_x509_certificate, each) for each in found]
        except (DecodeError, ValueError):
            raise self._malformed(name, "no certificate, PEM or DER") from None

    def certificate(self, name: str) -> x509.Certificate:
        """The first of them."""
        found = self.certificates(name)
        if not found:
            raise self._malformed(name, "no certificate, PEM or DER")
        return found[0]

    def key(self, name: str, certificate: x509.Certificate) -> Key:
        """A private key, which is that of a certificate; ``name`` may be a ``pkcs11:`` URI."""
        try:
            found = keys.read(name if keys.is_uri(name) else self / name)
        except OSError as error:
            raise self._not_read(name, error) from None
        except keys.KeyAccessError as error:
            raise self._malformed(name, str(error)) from None
        self.check(name, found, certificate)
        return found

    @staticmethod
    def check(name: str, key: Key, certificate: x509.Certificate) -> None:
        """Raises `FolderError` unless a key is that of a certificate."""
        own = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if key.public_key != own:
            text = f"not the key of the certificate of {certificate.subject.rfc4514_string()!r}"
            raise FolderError(FolderReason.KEY_MISMATCH, name, text)

    def put_key(self, name: str, key: Any) -> None:
        """Writes a new key, for its owner alone; raises `FileExistsError` where one is there."""
        keys.write(self / name, key)

    def put_certificates(self, name: str, certificates: Iterable[x509.Certificate]) -> None:
        """Writes certificates in PEM."""
        octets = b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
        durable.write(self / name, octets)

    def put_text(self, name: str, text: str) -> None:
        """Writes a text for the owner of the folder alone: URLs may have passwords in them."""
        durable.write(self / name, text.encode(), mode=durable.PRIVATE)

    def store(self, url: str) -> SQLStore:
        """The store at a URL of SQLAlchemy; a file of sqlite that is not absolute is in here.

        Raises `StoreError` too.
        """
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            place = make_url(url)
            if place.get_backend_name() == "sqlite" and place.database:
                self._make_private(place.database)
                place = place.set(database=str(self / place.database))
            return SQLStore(place)
        except (ArgumentError, ValueError):
            raise self._malformed(CONFIG, "store: no URL of sqlite or PostgreSQL") from None

    def _make_private(self, name: str) -> None:
        """Makes an empty file for the owner alone, where there is none: it will have secrets."""
        try:
            os.close(os.open(self / name, os.O_RDWR | os.O_CREAT, durable.PRIVATE))
        except OSError as error:
            raise self._malformed(name, error.strerror or str(error)) from None

    def _not_read(self, name: str, error: OSError) -> FolderError:
        if isinstance(error, FileNotFoundError):
            return FolderError(FolderReason.MISSING, self / name, "there is no such file")
        return self._malformed(name, error.strerror or str(error))

    def _malformed(self, name: str, text: str) -> FolderError:
        return FolderError(FolderReason.MALFORMED, self / name, text)
