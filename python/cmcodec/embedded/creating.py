"""A new CA in a folder."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509

from cmcodec.cms.key_kinds import new_key
from cmcodec.embedded import register
from cmcodec.embedded.config import CAConfig, read_ca, text_of
from cmcodec.embedded.folder import (
    CA_CERTIFICATE,
    CA_KEY,
    CONFIG,
    SERVER_CERTIFICATE,
    SERVER_KEY,
    Folder,
    FolderError,
    FolderReason,
)
from cmcodec.embedded.issuing import Issuer, self_signed, server_access
from cmcodec.roles.ca import now
from cmcodec.stores import attempting

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = ["create"]


def create(
    path: str | Path,
    *,
    subject: x509.Name,
    key: str = "p256",
    days: int = 3650,
    store: str | None = None,
    url: str,
    clock: Callable[[], datetime] = now,
) -> None:
    """Makes the folder of a CA, or completes one.

    What is there already is kept: a CA's own certificate and key, a ``config.toml``; only where
    nothing is missing, there is a CA already. So a server's key is replaced by taking both of its
    files away. ``subject``, ``key``, ``days``: of the CA's own certificate, the key by its kind.
    ``store``: a URL of SQLAlchemy, by default a file in the folder. ``url``: where the server will
    be, which its certificate says.

    Raises `FolderError`, `ValueError` for days or a kind that are none, `UnsupportedError`, and
    `StoreError`.
    """
    Path(path).mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Folder(path)
    moment = clock().replace(microsecond=0)
    is_new = _complete(folder, CA_CERTIFICATE, CA_KEY, lambda: _new_ca(subject, key, days, moment))
    if not folder.has(CONFIG):
        folder.put_text(CONFIG, text_of(CAConfig, **({} if store is None else {"store": store})))
        is_new = True
    config = read_ca(folder)
    certificate = folder.certificate(CA_CERTIFICATE)
    issuer = Issuer(certificate, folder.key(CA_KEY, certificate).for_request)
    made = _complete(
        folder,
        SERVER_CERTIFICATE,
        SERVER_KEY,
        lambda: _new_server(issuer, config, url, moment),
    )
    if not (is_new or made):
        raise FolderError(FolderReason.EXISTS, folder.path, "there is a CA already")
    opened = folder.store(config.store)
    try:
        server = folder.certificate(SERVER_CERTIFICATE)
        attempting(opened, lambda transaction: register.put_own(transaction, server))
    finally:
        opened.close()


def _complete(
    folder: Folder,
    certificate: str,
    key: str,
    make: Callable[[], tuple[Any, x509.Certificate]],
) -> bool:
    """Writes a key and its certificate where neither is there; whether it did."""
    if folder.has(certificate) and folder.has(key):
        return False
    for name in (certificate, key):
        if folder.has(name):
            text = "the key and the certificate belong together: one of them is missing"
            raise FolderError(FolderReason.EXISTS, folder / name, text)
    private, made = make()
    folder.put_key(key, private)
    folder.put_certificates(certificate, [made])
    return True


def _new_ca(
    subject: x509.Name, kind: str, days: int, moment: datetime
) -> tuple[Any, x509.Certificate]:
    if days < 1:
        raise ValueError("days: at least 1")
    private = new_key(kind)
    if not hasattr(private, "sign"):
        raise ValueError(f"key: a CA signs, {kind} does not")
    serial = _random_serial()
    return private, self_signed(private, subject, serial=serial, now=moment, days=days)


def _new_server(
    issuer: Issuer, config: CAConfig, url: str, moment: datetime
) -> tuple[Any, x509.Certificate]:
    """The key that signs answers and opens requests; its certificate has the issuer's name."""
    private = new_key("p256")
    public = private.public_key()
    builder = x509.CertificateBuilder(issuer.name, issuer.name, public)
    profile = config.profiles["server"]
    certificate = issuer.certify(
        builder, public, profile, serial=_random_serial(), now=moment, more=[server_access(url)]
    )
    return private, certificate


def _random_serial() -> int:
    return secrets.randbits(126) | 1 << 126
