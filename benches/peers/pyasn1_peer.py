"""``pyasn1`` with the CMS and CMC modules of ``pyasn1-modules``, and ``cryptography``.

In its favour: it does not refuse everything that is not DER, looks for no repeated body part ids,
and bounds neither depth nor counts. What it decoded is as good as built, as no object keeps its
encoding; for the same reason ``verify`` encodes anew what was signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyasn1.codec.der import decoder, encoder
from pyasn1_modules import rfc5652

from benches.peers.pyasn1_library import Library

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = "pyasn1"
DISTRIBUTIONS = ("pyasn1", "pyasn1-modules", "cryptography")


def decode(der: bytes, spec: Any) -> Any:
    value, rest = decoder.decode(der, asn1Spec=spec)
    assert not rest
    return value


_library = Library(decode)
load = _library.load
read = _library.read
walk = _library.walk
contents = _library.contents
six_fields = _library.six_fields
fields = _library.fields
verify = _library.verify


def objects(der: bytes) -> list[tuple[Any, Any]]:
    """SignedData and PKIData of each nested message."""
    return walk(der)[1:]


def encode(objects: Iterable[tuple[Any, Any]]) -> list[bytes]:
    return [encoder.encode(_whole(*it)) for it in objects]


def _whole(signed: Any, content: Any) -> Any:
    """The message, each layer put into the next: its user has to encode open types, too."""
    signed["encapContentInfo"]["eContent"] = encoder.encode(content)
    content_info = rfc5652.ContentInfo()
    content_info["contentType"] = rfc5652.id_signedData
    content_info["content"] = encoder.encode(signed)
    return content_info
