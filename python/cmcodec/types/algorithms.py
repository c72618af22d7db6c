"""Parameters of AlgorithmIdentifiers (RFC 4055, RFC 5084, RFC 6955, RFC 8018).

The tags of RFC 4055 are EXPLICIT.
"""

from __future__ import annotations

from typing import Annotated

from cmcodec import oids
from cmcodec.asn1 import (
    TLV,
    Asn1,
    Choice,
    Default,
    Explicit,
    FieldName,
    Range,
    alias,
    choice,
    sequence,
)
from cmcodec.asn1.der import element
from cmcodec.asn1.scalars import encode_object_identifier
from cmcodec.types.pkix import AlgorithmIdentifier, IssuerAndSerialNumber

_NULL = TLV(b"\x05\x00")
_SHA1 = AlgorithmIdentifier(algorithm=oids.ID_SHA1, parameters=_NULL)
_MGF1_SHA1 = AlgorithmIdentifier(
    algorithm=oids.ID_MGF1,
    parameters=TLV(element(0x30, element(0x06, encode_object_identifier(oids.ID_SHA1)), _NULL.der)),
)
_P_SPECIFIED_EMPTY = AlgorithmIdentifier(algorithm=oids.ID_P_SPECIFIED, parameters=TLV(b"\x04\x00"))
_HMAC_SHA1 = AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA1, parameters=_NULL)


@sequence
class RSASSAPSSParams(Asn1):
    """RFC 4055 §3.1: the parameters of id-RSASSA-PSS, in an algorithm and in a key.

    ::

        RSASSA-PSS-params ::= SEQUENCE {
          hashAlgorithm      [0] HashAlgorithm DEFAULT sha1Identifier,
          maskGenAlgorithm   [1] MaskGenAlgorithm DEFAULT mgf1SHA1Identifier,
          saltLength         [2] INTEGER DEFAULT 20,
          trailerField       [3] INTEGER DEFAULT 1 }

        HashAlgorithm ::= AlgorithmIdentifier
        MaskGenAlgorithm ::= AlgorithmIdentifier
    """

    hash_algorithm: Annotated[AlgorithmIdentifier, Explicit(0), Default(_SHA1)] = _SHA1
    mask_gen_algorithm: Annotated[AlgorithmIdentifier, Explicit(1), Default(_MGF1_SHA1)] = (
        _MGF1_SHA1
    )
    salt_length: Annotated[int, Explicit(2), Default(20)] = 20
    trailer_field: Annotated[int, Explicit(3), Default(1)] = 1


@sequence
class RSAESOAEPParams(Asn1):
    """RFC 4055 §4.1: the parameters of id-RSAES-OAEP.

    ::

        RSAES-OAEP-params ::= SEQUENCE {
          hashFunc      [0] AlgorithmIdentifier DEFAULT sha1Identifier,
          maskGenFunc   [1] AlgorithmIdentifier DEFAULT mgf1SHA1Identifier,
          pSourceFunc   [2] AlgorithmIdentifier DEFAULT pSpecifiedEmptyIdentifier }
    """

    hash_func: Annotated[AlgorithmIdentifier, Explicit(0), Default(_SHA1)] = _SHA1
    mask_gen_func: Annotated[AlgorithmIdentifier, Explicit(1), Default(_MGF1_SHA1)] = _MGF1_SHA1
    p_source_func: Annotated[AlgorithmIdentifier, Explicit(2), Default(_P_SPECIFIED_EMPTY)] = (
        _P_SPECIFIED_EMPTY
    )


@choice
class PBKDF2Salt(Choice):
    """RFC 8018 §A.2: ``salt`` of PBKDF2-params.

    ::

        PBKDF2-params ::= SEQUENCE {
          salt CHOICE {
            specified OCTET STRING,
            otherSource AlgorithmIdentifier {{PBKDF2-SaltSources}}
          },
          iterationCount INTEGER (1..MAX),
          keyLength INTEGER (1..MAX) OPTIONAL,
          prf AlgorithmIdentifier {{PBKDF2-PRFs}} DEFAULT algid-hmacWithSHA1 }

    CMS wants ``specified``.
    """

    specified: bytes | None = None
    other_source: AlgorithmIdentifier | None = None


@sequence
class PBKDF2Params(Asn1):
    """RFC 8018 §A.2: the parameters of id-PBKDF2.

    ::

        PBKDF2-params ::= SEQUENCE {
          salt CHOICE {
            specified OCTET STRING,
            otherSource AlgorithmIdentifier {{PBKDF2-SaltSources}}
          },
          iterationCount INTEGER (1..MAX),
          keyLength INTEGER (1..MAX) OPTIONAL,
          prf AlgorithmIdentifier {{PBKDF2-PRFs}} DEFAULT algid-hmacWithSHA1 }

    Bounds on the work are the user's (rule P10), not the syntax's.
    """

    salt: PBKDF2Salt
    iteration_count: Annotated[int, Range(1, 2**63 - 1)]
    key_length: Annotated[int | None, Range(1, 2**63 - 1)] = None
    prf: Annotated[AlgorithmIdentifier, Default(_HMAC_SHA1)] = _HMAC_SHA1


@sequence
class GCMParameters(Asn1):
    """RFC 5084 §3.2: the parameters of AES-GCM.

    ::

        GCMParameters ::= SEQUENCE {
          aes-nonce        OCTET STRING, -- recommended size is 12 octets
          aes-ICVlen       AES-GCM-ICVlen DEFAULT 12 }

        AES-GCM-ICVlen ::= INTEGER (12 | 13 | 14 | 15 | 16)
    """

    aes_nonce: Annotated[bytes, FieldName("aes-nonce")]
    aes_icvlen: Annotated[int, Range(12, 16), Default(12), FieldName("aes-ICVlen")] = 12


@alias
class DHPublicKey(Asn1):
    """RFC 3279 §2.3.3: what a public key of dhpublicnumber holds, the number y.

    ::

        DHPublicKey ::= INTEGER
    """

    value: int


@sequence
class DhSigStatic(Asn1):
    """RFC 6955 §4: what stands for the signature in a static DH or ECDH proof of possession.

    ::

        DhSigStatic ::= SEQUENCE {
          issuerAndSerial IssuerAndSerialNumber OPTIONAL,
          hashValue       MessageDigest }

        MessageDigest ::= OCTET STRING
    """

    issuer_and_serial: IssuerAndSerialNumber | None = None
    hash_value: bytes


@sequence
class ECDSASigValue(Asn1):
    """RFC 3279 §2.2.3: the content of an ECDSA signature.

    ::

        Ecdsa-Sig-Value ::= SEQUENCE {
          r     INTEGER,
          s     INTEGER }
    """

    r: int
    s: int
