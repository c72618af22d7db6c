"""What stands for a signature where a key cannot sign (RFC 10002 §C.1)."""

from __future__ import annotations

import hashlib

from cmcodec.checked import checked

__all__ = ["value"]


@checked
def value(octets: bytes) -> bytes:
    """The 20 octets of the value that goes with id-alg-noSignature: SHA-1 of the octets.

    ``octets`` are what a signature would be over: the DER of CertificationRequestInfo, of
    CertRequest, or of the signed attributes as a SET OF. In SignerInfo.signature the value stands
    as it is, in a BIT STRING inside an OCTET STRING, ``types.NoSignatureValue(value).to_der()``
    (T-21). Whoever reads it ignores it: it proves nothing (rule V12).
    """
    return hashlib.sha1(octets, usedforsecurity=False).digest()
