"""Parameters of AlgorithmIdentifiers (RFC 4055, RFC 5084, RFC 6955, RFC 8018)."""

from __future__ import annotations

from typing import Annotated

from cmcodec.asn1 import (
    TLV,
    Asn1,
    Choice,
    Default,
    Explicit,
    Range,
    choice,
    sequence,
)
from cmcodec.asn1 import (
    Name as FieldName,
)
from cmcodec.types.pkix import AlgorithmIdentifier, IssuerAndSerialNumber

_NULL = TLV(b"\x05\x00")
_SHA1 = AlgorithmIdentifier(algorithm="1.3.14.3.2.26", parameters=_NULL)
_MGF1_SHA1 = AlgorithmIdentifier(
    algorithm="1.2.840.113549.1.1.8",
    parameters=TLV(bytes.fromhex("300906052b0e03021a0500")),
)
_P_SPECIFIED_EMPTY = AlgorithmIdentifier(
    algorithm="1.2.840.113549.1.1.9", parameters=TLV(b"\x04\x00")
)
_HMAC_SHA1 = AlgorithmIdentifier(algorithm="1.2.840.113549.2.7", parameters=_NULL)


@sequence
class RSASSAPSSParams(Asn1):
    """RFC 4055 §3.1."""

    hash_algorithm: Annotated[AlgorithmIdentifier, Explicit(0), Default(_SHA1)] = _SHA1
    mask_gen_algorithm: Annotated[AlgorithmIdentifier, Explicit(1), Default(_MGF1_SHA1)] = (
        _MGF1_SHA1
    )
    salt_length: Annotated[int, Explicit(2), Default(20)] = 20
    trailer_field: Annotated[int, Explicit(3), Default(1)] = 1


@sequence
class RSAESOAEPParams(Asn1):
    """RFC 4055 §4.1."""

    hash_func: Annotated[AlgorithmIdentifier, Explicit(0), Default(_SHA1)] = _SHA1
    mask_gen_func: Annotated[AlgorithmIdentifier, Explicit(1), Default(_MGF1_SHA1)] = _MGF1_SHA1
    p_source_func: Annotated[AlgorithmIdentifier, Explicit(2), Default(_P_SPECIFIED_EMPTY)] = (
        _P_SPECIFIED_EMPTY
    )


@choice
class PBKDF2Salt(Choice):
    """RFC 8018 §A.2, ``salt``. CMS wants ``specified``."""

    specified: bytes | None = None
    other_source: AlgorithmIdentifier | None = None


@sequence
class PBKDF2Params(Asn1):
    """RFC 8018 §A.2. Bounds on the work are the user's (RULES P10), not the syntax's."""

    salt: PBKDF2Salt
    iteration_count: Annotated[int, Range(1, 2**63 - 1)]
    key_length: Annotated[int | None, Range(1, 2**63 - 1)] = None
    prf: Annotated[AlgorithmIdentifier, Default(_HMAC_SHA1)] = _HMAC_SHA1


@sequence
class GCMParameters(Asn1):
    """RFC 5084 §3.2."""

    aes_nonce: Annotated[bytes, FieldName("aes-nonce")]
    aes_icvlen: Annotated[int, Range(12, 16), Default(12), FieldName("aes-ICVlen")] = 12


@sequence
class DhSigStatic(Asn1):
    """RFC 6955 §4."""

    issuer_and_serial: IssuerAndSerialNumber | None = None
    hash_value: bytes


@sequence
class ECDSASigValue(Asn1):
    """RFC 3279 §2.2.3, the content of an ECDSA signature."""

    r: int
    s: int
