"""Key transport with RSA (RFC 5652 §6.2.1, RFC 3370 §4.2.1, RFC 3560)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from cmcodec import oids, types
from cmcodec.algorithms import DIGESTS
from cmcodec.asn1 import TLV
from cmcodec.cms.identifiers import NULL, parameters, row_of, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric import rsa

    from cmcodec.cms.recipients.names import Names

RSA: Final = types.AlgorithmIdentifier(algorithm=oids.RSA_ENCRYPTION, parameters=NULL)
_SHA256: Final = types.AlgorithmIdentifier(algorithm=oids.ID_SHA256)
OAEP: Final = types.AlgorithmIdentifier(
    algorithm=oids.ID_RSAES_OAEP,
    parameters=TLV(
        types.RSAESOAEPParams(
            hash_func=_SHA256,
            mask_gen_func=types.AlgorithmIdentifier(
                algorithm=oids.ID_MGF1, parameters=TLV(_SHA256.to_der())
            ),
        ).to_der()
    ),
)
"""RSAES-OAEP with SHA-256 and MGF1 of the same."""


def _padding(identifier: types.AlgorithmIdentifier) -> padding.AsymmetricPadding:
    """What ``cryptography`` calls it; raises `VerificationError` (``unsupported_algorithm``)."""
    if identifier.algorithm == oids.RSA_ENCRYPTION:
        if identifier.parameters not in (None, NULL):
            raise unsupported()
        return padding.PKCS1v15()
    if identifier.algorithm != oids.ID_RSAES_OAEP:
        raise unsupported()
    # RFC 4055 §4.1: absent parameters stand for the DEFAULTs.
    found = types.RSAESOAEPParams()
    if identifier.parameters is not None:
        found = parameters(identifier, oids.ID_RSAES_OAEP, types.RSAESOAEPParams)
    inner = parameters(found.mask_gen_func, oids.ID_MGF1, types.AlgorithmIdentifier)
    hashed, masked = (row_of(DIGESTS, each).name for each in (found.hash_func, inner))
    is_empty = found.p_source_func == types.RSAESOAEPParams().p_source_func
    if not is_empty or masked not in (hashed, "sha1"):
        raise unsupported()
    algorithm, mask = (getattr(hashes, name.upper())() for name in (hashed, masked))
    return padding.OAEP(padding.MGF1(mask), algorithm, None)


class TransportKey(NamedTuple):
    """What opens a KeyTransRecipientInfo: a private RSA key, or whoever keeps it."""

    names: Names
    decrypt: Callable[[bytes, types.AlgorithmIdentifier], bytes | None]

    def attempt(self, info: types.RecipientInfo) -> Callable[[], bytes | None] | None:
        """What gives the key, if the recipient is meant."""
        ktri = info.ktri
        if ktri is None or not self.names.fit(ktri.rid):
            return None
        algorithm = ktri.key_encryption_algorithm
        _padding(algorithm)
        return lambda: self.decrypt(ktri.encrypted_key, algorithm)


def decrypting(
    key: rsa.RSAPrivateKey,
) -> Callable[[bytes, types.AlgorithmIdentifier], bytes | None]:
    """What decrypts with a private key of ``cryptography``."""

    def decrypt(encrypted: bytes, identifier: types.AlgorithmIdentifier) -> bytes | None:
        try:
            # OpenSSL from 3.2 on rejects implicitly: a wrong padding gives octets by chance.
            return key.decrypt(encrypted, _padding(identifier))
        except ValueError:
            return None

    return decrypt


class TransportRecipient(NamedTuple):
    """Whom a key is encrypted for with RSA."""

    names: Names
    key: rsa.RSAPublicKey
    algorithm: types.AlgorithmIdentifier

    def make(self, content_key: bytes, _: Callable[[int], bytes]) -> types.RecipientInfo:
        """The RecipientInfo."""
        rid = self.names.rid()
        ktri = types.KeyTransRecipientInfo(
            version=0 if rid.subject_key_identifier is None else 2,
            rid=rid,
            key_encryption_algorithm=self.algorithm,
            encrypted_key=self.key.encrypt(content_key, _padding(self.algorithm)),
        )
        return types.RecipientInfo(ktri=ktri)
