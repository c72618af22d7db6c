"""The notation in which every ASN.1 type of this package is declared, once.

A declaration is a frozen dataclass; what ASN.1 needs beyond the Python type stands in
``Annotated``::

    @sequence
    class GetCert(Asn1):
        issuer_name: GeneralName
        serial_number: int

Both backends read these declarations: the fallback compiles them into closures, the engine
into the committed table ``rust/cmcodec/src/generated/schema.rs``.

================================  ==========================================================
Python type                       ASN.1 type
================================  ==========================================================
``int`` ``bool`` ``bytes``        INTEGER, BOOLEAN, OCTET STRING
``str``                           UTF8String (``IA5String``, ``BMPString``, ``OID`` below)
``BitString`` ``NullType``        BIT STRING, NULL
``datetime``                      GeneralizedTime (``UTCTime`` below), always in UTC
``tuple[T, ...]`` ``SetOf[T]``    SEQUENCE OF, SET OF
``T | None`` with default None    OPTIONAL, or an alternative of a CHOICE
an ``Asn1`` class                 that type
================================  ==========================================================
"""

from cmcodec.asn1.lazy import LazySequence
from cmcodec.asn1.notation import (
    OID,
    AsIssued,
    BMPString,
    Containing,
    Default,
    Explicit,
    FieldName,
    First,
    IA5String,
    Implicit,
    LazySequenceOf,
    Legacy,
    NamedBitList,
    NamedNumbers,
    Open,
    Range,
    SetOf,
    SignedSetOf,
    Size,
    UTCTime,
)
from cmcodec.asn1.values import (
    NULL,
    TLV,
    Asn1,
    BitString,
    Choice,
    Elements,
    NullType,
    alias,
    choice,
    sequence,
)

__all__ = [
    "NULL",
    "OID",
    "TLV",
    "AsIssued",
    "Asn1",
    "BMPString",
    "BitString",
    "Choice",
    "Containing",
    "Default",
    "Elements",
    "Explicit",
    "FieldName",
    "First",
    "IA5String",
    "Implicit",
    "LazySequence",
    "LazySequenceOf",
    "Legacy",
    "NamedBitList",
    "NamedNumbers",
    "NullType",
    "Open",
    "Range",
    "SetOf",
    "SignedSetOf",
    "Size",
    "UTCTime",
    "alias",
    "choice",
    "sequence",
]
