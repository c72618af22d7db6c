"""Keys that an RA makes for end entities (RFC 10002 §6.21, RFC 5958)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cmcodec import oids
from cmcodec.asn1.der import element
from cmcodec.builders import NewRequest
from cmcodec.builders.new_requests import make
from cmcodec.cms.envelopes import seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cryptography import x509

    from cmcodec import types
    from cmcodec.cms.recipients import Recipient

__all__ = ["KEYS", "generated"]

KEYS: Final[dict[str, Callable[[], Any]]] = {
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa3072": lambda: rsa.generate_private_key(65537, 3072),
    "rsa4096": lambda: rsa.generate_private_key(65537, 4096),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}
"""How keys are made, by what callers call them."""


def generated(
    subject: x509.Name,
    deliver_to: Recipient,
    *,
    extensions: Iterable[x509.Extension[Any]],
    key: str,
    random: Callable[[int], bytes],
) -> tuple[types.TaggedRequest, bytes]:
    """A request for a new key, and the key for whoever is to have it: an AuthEnvelopedData.

    Its content is an AsymmetricKeyPackage with one key. Raises `ValueError` for an unknown kind.
    """
    if key not in KEYS:
        raise ValueError(f"key: {key!r} is not one of {', '.join(KEYS)}")
    private = KEYS[key]()
    request = NewRequest(key=private, subject=subject, extensions=extensions)
    encoded = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    package = element(0x30, encoded)
    sealed = seal(package, oids.ID_CT_KP_A_KEY_PACKAGE, deliver_to, "id-aes256-GCM", random)
    return make(request, 1, ()), sealed.to_der()
