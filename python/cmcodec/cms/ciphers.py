"""Content encryption (RFC 3565, RFC 5084) and key wrap (RFC 3394, RFC 3211).

What is decrypted is None where anything is wrong with it: which octet it was that was wrong stays
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_wrap,
)
from cryptography.hazmat.primitives.padding import PKCS7

from cmcodec import oids, types
from cmcodec.algorithms import CONTENT_CIPHERS, KEY_WRAPS, KeyWrap, Mode
from cmcodec.arguments import by_chance
from cmcodec.asn1 import TLV
from cmcodec.asn1.der import element
from cmcodec.cms.identifiers import parameters, row_of, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.algorithms import ContentCipher


_NONCE_OCTETS: Final = range(8, 129)
"""What ``cryptography`` takes of the lengths that RFC 5084 §3.2 allows."""


class ContentEncryption(NamedTuple):
    """A content-encryption algorithm with its parameters."""

    row: ContentCipher
    iv: bytes
    tag_octets: int = 0

    @classmethod
    def read(
        cls, identifier: types.AlgorithmIdentifier, mode: Mode, *, legacy: bool
    ) -> ContentEncryption:
        """That of a message, in a layer that has this mode.

        Raises `VerificationError` (``unsupported_algorithm``) for what is not on offer there.
        """
        row = next((row for row in CONTENT_CIPHERS if row.oid == identifier.algorithm), None)
        if row is None or row.mode is not mode or (row.legacy and not legacy):
            raise unsupported()
        if mode is Mode.GCM:
            found = parameters(identifier, row.oid, types.GCMParameters)
            if len(found.aes_nonce) not in _NONCE_OCTETS:
                raise unsupported()
            return cls(row, found.aes_nonce, found.aes_icvlen)
        iv = _iv(identifier)
        if len(iv) != row.iv_octets:
            raise unsupported()
        return cls(row, iv)

    @classmethod
    def make(cls, row: ContentCipher, random: Callable[[int], bytes]) -> ContentEncryption:
        """A new one; of GCM the nonce and the tag have 12 octets (RFC 10004 §5.1)."""
        return cls(row, by_chance(random, row.iv_octets), 12 if row.mode is Mode.GCM else 0)

    def identifier(self) -> types.AlgorithmIdentifier:
        """The AlgorithmIdentifier."""
        if self.row.mode is Mode.GCM:
            encoded = types.GCMParameters(aes_nonce=self.iv, aes_icvlen=self.tag_octets).to_der()
        else:
            encoded = element(0x04, self.iv)
        return types.AlgorithmIdentifier(algorithm=self.row.oid, parameters=TLV(encoded))

    def encrypt(self, key: bytes, content: bytes, aad: bytes = b"") -> tuple[bytes, bytes]:
        """The encrypted content, and the tag of GCM."""
        if self.row.mode is Mode.GCM:
            encryptor = Cipher(algorithms.AES(key), modes.GCM(self.iv)).encryptor()
            encryptor.authenticate_additional_data(aad)
            encrypted = encryptor.update(content) + encryptor.finalize()
            return encrypted, encryptor.tag[: self.tag_octets]
        padder = PKCS7(8 * self.row.iv_octets).padder()
        padded = padder.update(content) + padder.finalize()
        return _cbc(self.row, key, self.iv, padded, encrypt=True), b""

    def decrypt(
        self, key: bytes, encrypted: bytes, aad: bytes = b"", tag: bytes = b""
    ) -> tuple[bytes, bool] | None:
        """The content and whether its padding is right; None for a wrong tag or a broken block.

        Nothing is released before the tag. Octets without a padding are for whoever may not let it
        be seen that there was none.
        """
        if self.row.mode is Mode.GCM:
            mode = modes.GCM(self.iv, tag, min_tag_length=len(tag))
            decryptor = Cipher(algorithms.AES(key), mode).decryptor()
            decryptor.authenticate_additional_data(aad)
            content = decryptor.update(encrypted)
            try:
                return content + decryptor.finalize(), True
            except InvalidTag:
                return None
        if not encrypted or len(encrypted) % self.row.iv_octets:
            return None
        unpadder = PKCS7(8 * self.row.iv_octets).unpadder()
        padded = _cbc(self.row, key, self.iv, encrypted, encrypt=False)
        try:
            return unpadder.update(padded) + unpadder.finalize(), True
        except ValueError:
            return padded, False


def _iv(identifier: types.AlgorithmIdentifier) -> bytes:
    """The OCTET STRING that the parameters of a CBC are."""
    return parameters(identifier, identifier.algorithm, types.Data).value


def _cbc(row: ContentCipher, key: bytes, iv: bytes, octets: bytes, *, encrypt: bool) -> bytes:
    if row.legacy:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES

        cipher = Cipher(TripleDES(key), modes.CBC(iv))
    else:
        cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    context = cipher.encryptor() if encrypt else cipher.decryptor()
    return context.update(octets) + context.finalize()


# --- key wrap --------------------------------------------------------------------------------


class Wrapping(NamedTuple):
    """How a content-encryption key is encrypted under a key-encryption key.

    ``cbc`` is the cipher of id-alg-PWRI-KEK; without one it is AES key wrap.
    """

    key_octets: int
    cbc: ContentEncryption | None = None

    @classmethod
    def read(cls, identifier: types.AlgorithmIdentifier) -> Wrapping:
        """That of a message; raises `VerificationError` (``unsupported_algorithm``)."""
        if identifier.algorithm != oids.ID_ALG_PWRI_KEK:
            return cls(row_of(KEY_WRAPS, identifier).key_octets)
        inner = parameters(identifier, oids.ID_ALG_PWRI_KEK, types.AlgorithmIdentifier)
        cbc = ContentEncryption.read(inner, Mode.CBC, legacy=False)
        return cls(cbc.row.key_octets, cbc)

    def wrap(self, kek: bytes, key: bytes, random: Callable[[int], bytes]) -> bytes:
        """The encrypted key."""
        if self.cbc is None:
            return aes_key_wrap(kek, key)
        return _pwri_wrap(self.cbc, kek, key, random)

    def unwrap(self, kek: bytes, encrypted: bytes) -> bytes | None:
        """The key; None where it is not what was wrapped."""
        if self.cbc is not None:
            return _pwri_unwrap(self.cbc, kek, encrypted)
        try:
            return aes_key_unwrap(kek, encrypted)
        except (InvalidUnwrap, ValueError):
            return None


def wrap_identifier(row: KeyWrap) -> types.AlgorithmIdentifier:
    """RFC 3565 §2.3.2: the parameters are absent."""
    return types.AlgorithmIdentifier(algorithm=row.oid)


def _pwri_wrap(
    cbc: ContentEncryption, kek: bytes, key: bytes, random: Callable[[int], bytes]
) -> bytes:
    """RFC 3211 §2.3.1: length and check octets before the key, then encrypted twice."""
    block = cbc.row.iv_octets
    plain = bytes((len(key), *(octet ^ 0xFF for octet in key[:3]))) + key
    plain += by_chance(random, max(-len(plain) % block, 2 * block - len(plain)))
    once = _cbc(cbc.row, kek, cbc.iv, plain, encrypt=True)
    return _cbc(cbc.row, kek, once[-block:], once, encrypt=True)


def _pwri_unwrap(cbc: ContentEncryption, kek: bytes, encrypted: bytes) -> bytes | None:
    """RFC 3211 §2.3.2."""
    block = cbc.row.iv_octets
    if len(encrypted) < 2 * block or len(encrypted) % block:
        return None
    before, last = encrypted[-2 * block : -block], encrypted[-block:]
    iv = _cbc(cbc.row, kek, before, last, encrypt=False)
    once = _cbc(cbc.row, kek, iv, encrypted, encrypt=False)
    plain = _cbc(cbc.row, kek, cbc.iv, once, encrypt=False)
    key = plain[4 : 4 + plain[0]]
    fits = len(key) == plain[0] and all(
        a ^ b == 0xFF for a, b in zip(plain[1:4], key, strict=False)
    )
    return key if fits and len(key) >= 3 else None
