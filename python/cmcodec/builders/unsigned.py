"""Messages that nobody authenticates (RFC 10002 §3.2, §4.2 and §C.1)."""

from __future__ import annotations

import hashlib
from typing import Final

from cmcodec import oids, types
from cmcodec.asn1 import TLV
from cmcodec.asn1.der import element, set_of
from cmcodec.cms.signing import around
from cmcodec.controls import no_signature

_SHA256: Final = types.AlgorithmIdentifier(algorithm=oids.ID_SHA256)
NO_SIGNATURE: Final = types.AlgorithmIdentifier(
    algorithm=oids.ID_ALG_NO_SIGNATURE, parameters=TLV(b"\x05\x00")
)
"""R-183: the parameters are there, and NULL."""

_NONE: Final = b"\x31\x00"


def without_signers(content_type: str, octets: bytes) -> bytes:
    """A SignedData without a SignerInfo around a content: the DER of a ContentInfo."""
    return around(types.ContentType(content_type).to_der(), _NONE, octets, b"", _NONE)


def with_no_signature(
    content_type: str,
    octets: bytes,
    key_identifier: bytes,
    unsigned_data: tuple[types.CMCUnsignedData, ...] = (),
) -> bytes:
    """A SignedData with id-alg-noSignature by a key identifier (R-185)."""
    named = types.ContentType(content_type)
    values = {
        oids.ID_CONTENT_TYPE: named,
        oids.ID_MESSAGE_DIGEST: types.MessageDigest(hashlib.sha256(octets).digest()),
    }
    attributes = tuple(
        types.Attribute(attr_type=oid, attr_values=(value,)) for oid, value in values.items()
    )
    unsigned = types.Attribute(attr_type=oids.ID_AA_CMC_UNSIGNED_DATA, attr_values=unsigned_data)
    info = types.SignerInfo(
        version=3,
        sid=types.SignerIdentifier(subject_key_identifier=key_identifier),
        digest_algorithm=_SHA256,
        signed_attrs=attributes,
        signature_algorithm=NO_SIGNATURE,
        signature=no_signature.value(set_of([each.to_der() for each in attributes])),
        unsigned_attrs=(unsigned,) if unsigned_data else None,
    )
    digests = set_of([_SHA256.to_der()])
    return around(named.to_der(), digests, octets, b"", element(0x31, info.to_der()))
