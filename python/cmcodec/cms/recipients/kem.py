"""Key encapsulation with ML-KEM (RFC 9629, RFC 9936)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cmcodec import oids, types
from cmcodec.algorithms import KEMS
from cmcodec.cms.ciphers import Wrapping, wrap_identifier
from cmcodec.cms.derivation import encapsulated_key
from cmcodec.cms.identifiers import unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.algorithms import KeyWrap
    from cmcodec.cms.recipients.names import Names


@cache
def kinds() -> dict[str, tuple[type, type]]:
    """The private and the public keys of ``cryptography`` by KEM; none where it offers none."""
    try:
        from cryptography.hazmat.primitives.asymmetric import mlkem
    except ImportError:
        return {}
    return {
        oids.ID_ALG_ML_KEM_768: (mlkem.MLKEM768PrivateKey, mlkem.MLKEM768PublicKey),
        oids.ID_ALG_ML_KEM_1024: (mlkem.MLKEM1024PrivateKey, mlkem.MLKEM1024PublicKey),
    }


def kem_of(key: object) -> str | None:
    """The KEM that a private or public key serves."""
    for oid in KEMS:
        if isinstance(key, kinds().get(oid, ())):
            return oid
    return None


class KemKey(NamedTuple):
    """What opens a KEMRecipientInfo: a private key."""

    names: Names
    key: Any

    def attempt(self, info: types.RecipientInfo) -> Callable[[], bytes | None] | None:
        """What gives the key, if the recipient is meant."""
        kem = info.ori and info.ori.ori_value
        if not isinstance(kem, types.KEMRecipientInfo) or not self.names.fit(kem.rid):
            return None
        if kem.kem.algorithm != kem_of(self.key) or kem.kem.parameters is not None:
            raise unsupported()
        wrapping = Wrapping.read(kem.wrap)
        hkdf = types.AlgorithmIdentifier(algorithm=oids.ID_ALG_HKDF_WITH_SHA256)
        if kem.kdf != hkdf or wrapping.cbc is not None or kem.kek_length != wrapping.key_octets:
            raise unsupported()
        return lambda: self._open(kem, wrapping)

    def _open(self, kem: types.KEMRecipientInfo, wrapping: Wrapping) -> bytes | None:
        try:
            secret = self.key.decapsulate(kem.kemct)
        except ValueError:
            return None
        kek = encapsulated_key(secret, kem.wrap, kem.ukm, kem.kek_length)
        return wrapping.unwrap(kek, kem.encrypted_key)


class KemRecipient(NamedTuple):
    """Whom a key is encrypted for by key encapsulation."""

    names: Names
    key: Any
    kem: str
    wrap: KeyWrap

    def make(self, content_key: bytes, random: Callable[[int], bytes]) -> types.RecipientInfo:
        """The RecipientInfo."""
        wrap = wrap_identifier(self.wrap)
        secret, ciphertext = self.key.encapsulate()
        kek = encapsulated_key(secret, wrap, None, self.wrap.key_octets)
        kem = types.KEMRecipientInfo(
            version=0,
            rid=self.names.rid(),
            kem=types.AlgorithmIdentifier(algorithm=self.kem),
            kemct=ciphertext,
            kdf=types.AlgorithmIdentifier(algorithm=oids.ID_ALG_HKDF_WITH_SHA256),
            kek_length=self.wrap.key_octets,
            wrap=wrap,
            encrypted_key=Wrapping.read(wrap).wrap(kek, content_key, random),
        )
        other = types.OtherRecipientInfo(ori_type=oids.ID_ORI_KEM, ori_value=kem)
        return types.RecipientInfo(ori=other)
