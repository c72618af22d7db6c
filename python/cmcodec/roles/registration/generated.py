"""Keys that an RA makes for end entities (RFC 10002 §6.21, RFC 5958)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cmcodec import oids
from cmcodec.asn1.der import element
from cmcodec.builders import NewRequest
from cmcodec.builders.new_requests import make
from cmcodec.cms.envelopes import seal
from cmcodec.cms.key_kinds import new_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cryptography import x509

    from cmcodec import types
    from cmcodec.builders.new_requests import RequestPop
    from cmcodec.cms.recipients import Recipient

__all__ = ["generated"]


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
    private = new_key(key)
    # Possession is proved by whoever made the key: the RA says so.
    pop: RequestPop = "signature" if hasattr(private, "sign") else "no-signature"
    request = NewRequest(key=private, subject=subject, extensions=extensions, pop=pop)
    encoded = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    package = element(0x30, encoded)
    sealed = seal(package, oids.ID_CT_KP_A_KEY_PACKAGE, deliver_to, "id-aes256-GCM", random)
    return make(request, 1, ()), sealed.to_der()
