"""How shared secrets stand in a database: under AES-GCM, with a key that is not in it."""

from __future__ import annotations

import os
from typing import Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cmcodec.roles.store import StoreError

__all__ = ["Seal"]

_KEY_LENGTHS: Final = (16, 24, 32)
_NONCE: Final = 12


@final
class Seal:
    """A key, and values under it: a random nonce, the ciphertext, the tag.

    Kind and key are authenticated, so that no value counts in the place of another.
    """

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        if not isinstance(key, bytes):
            raise TypeError(f"sealing_key: bytes, not {type(key).__name__}")
        if len(key) not in _KEY_LENGTHS:
            raise ValueError(f"sealing_key: 16, 24 or 32 octets, not {len(key)}")
        self._cipher = AESGCM(key)

    def sealed(self, kind: str, key: bytes, value: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value, _place(kind, key))

    def opened(self, kind: str, key: bytes, value: bytes) -> bytes:
        """And back; raises `StoreError` for what was not sealed in this place with this key."""
        try:
            return self._cipher.decrypt(value[:_NONCE], value[_NONCE:], _place(kind, key))
        except (InvalidTag, ValueError):
            raise StoreError("a sealed value was changed, or has another sealing_key") from None


def _place(kind: str, key: bytes) -> bytes:
    return kind.encode() + b"\0" + key
