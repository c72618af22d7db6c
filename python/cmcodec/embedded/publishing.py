"""A folder in which certificates and the CRL stand for everybody (RFC 2585 §3, §4)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from cmcodec import durable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Publisher"]

_CRL: Final = "ca.crl"


@final
@dataclass(frozen=True)
class Publisher:
    """Writes into a folder, which it makes when the first file comes.

    Certificates are named by the SHA-256 of their DER; all of it may be done again.
    """

    path: Path

    def put(self, certificate: bytes) -> None:
        """Publishes a certificate."""
        self._write(self._place(certificate), certificate)

    def remove(self, certificate: bytes) -> None:
        """Takes it back."""
        self._place(certificate).unlink(missing_ok=True)

    def put_crl(self, crl: bytes) -> None:
        """Publishes a CRL in the place of the one before."""
        place = self.path / _CRL
        if not place.exists() or place.read_bytes() != crl:
            self._write(place, crl)

    def _place(self, certificate: bytes) -> Path:
        return self.path / f"{hashlib.sha256(certificate).hexdigest()}.cer"

    def _write(self, place: Path, octets: bytes) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        durable.write(place, octets)
