"""Private keys where they are kept: in files, and in tokens with PKCS#11.

`read` takes the name of a file or a ``pkcs11:`` URI. What comes back signs, opens and is asked for,
wherever the key is::

    key = keys.read("pkcs11:token=ra;object=signing?pin-source=/etc/ra.pin")
    ra = RegistrationAuthority(signer=key.signer(certificate), …)

`write` keeps a new one in a file, `parse` reads one that is in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmcodec.keys import files
from cmcodec.keys.files import FileKey, parse, write
from cmcodec.keys.kept import Key, KeyAccessError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileKey", "Key", "KeyAccessError", "is_uri", "parse", "read", "write"]


def is_uri(name: str | Path) -> bool:
    """Whether a name is that of a key in a token (RFC 7512)."""
    return str(name)[:7].lower() == "pkcs11:"


def read(name: str | Path, password: bytes | None = None) -> Key:
    """The private key in a file, PEM or DER, or behind a ``pkcs11:`` URI.

    ``password``: of a file that is encrypted; for any other it is not needed and changes nothing.
    Raises `OSError` for a file that cannot be read, `KeyAccessError` where there is no key or it
    cannot be had, and `UnsupportedError` where python-pkcs11 is not installed.
    """
    if is_uri(name):
        from cmcodec.keys import tokens

        return tokens.find(str(name))
    return FileKey(files.read(name, password))
