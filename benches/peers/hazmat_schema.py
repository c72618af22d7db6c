"""The CMC levels as sequences of ``cryptography.hazmat.asn1``.

Typed as far as that goes: no open types (`asn1.TLV`), no OCTET STRING that contains a type
(``bytes``, to be decoded again), an optional ANY only as a CHOICE of what occurs.
"""

from __future__ import annotations

from typing import Annotated

import cryptography
from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier  # noqa: TC002 - the annotations are evaluated

if int(cryptography.__version__.partition(".")[0]) < 50:
    raise ImportError("this schema needs cryptography 50")

# --- X.509 and PKCS#10 -----------------------------------------------------------------------


@asn1.sequence
class AlgorithmIdentifier:
    algorithm: ObjectIdentifier
    parameters: asn1.Null | ObjectIdentifier | None


@asn1.sequence
class AttributeTypeAndValue:
    type: ObjectIdentifier
    value: asn1.TLV


@asn1.sequence
class Extension:
    extn_id: ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]
    extn_value: bytes


@asn1.sequence
class SubjectPublicKeyInfo:
    algorithm: AlgorithmIdentifier
    subject_public_key: asn1.BitString


@asn1.sequence
class Attribute:
    type: ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class ExtensionRequest:
    """The only attribute that occurs: a TLV could not be parsed as a list later."""

    type: ObjectIdentifier
    values: asn1.SetOf[list[Extension]]


@asn1.sequence
class CertificationRequestInfo:
    version: int
    subject: list[asn1.SetOf[AttributeTypeAndValue]]
    subject_public_key_info: SubjectPublicKeyInfo
    attributes: Annotated[asn1.SetOf[ExtensionRequest] | None, asn1.Implicit(0)]


@asn1.sequence
class CertificationRequest:
    certification_request_info: CertificationRequestInfo
    signature_algorithm: AlgorithmIdentifier
    signature: asn1.BitString


# --- CRMF ------------------------------------------------------------------------------------


@asn1.sequence
class OptionalValidity:
    not_before: Annotated[asn1.UTCTime | asn1.GeneralizedTime | None, asn1.Explicit(0)]
    not_after: Annotated[asn1.UTCTime | asn1.GeneralizedTime | None, asn1.Explicit(1)]


@asn1.sequence
class CertTemplate:
    version: Annotated[int | None, asn1.Implicit(0)]
    serial_number: Annotated[int | None, asn1.Implicit(1)]
    signing_alg: Annotated[AlgorithmIdentifier | None, asn1.Implicit(2)]
    issuer: Annotated[list[asn1.SetOf[AttributeTypeAndValue]] | None, asn1.Explicit(3)]
    validity: Annotated[OptionalValidity | None, asn1.Implicit(4)]
    subject: Annotated[list[asn1.SetOf[AttributeTypeAndValue]] | None, asn1.Explicit(5)]
    public_key: Annotated[SubjectPublicKeyInfo | None, asn1.Implicit(6)]
    issuer_uid: Annotated[asn1.BitString | None, asn1.Implicit(7)]
    subject_uid: Annotated[asn1.BitString | None, asn1.Implicit(8)]
    extensions: Annotated[list[Extension] | None, asn1.Implicit(9)]


@asn1.sequence
class CertRequest:
    cert_req_id: int
    cert_template: CertTemplate
    controls: list[AttributeTypeAndValue] | None


@asn1.sequence
class POPOSigningKeyInput:
    auth_info: asn1.TLV
    public_key: SubjectPublicKeyInfo


@asn1.sequence
class POPOSigningKey:
    poposk_input: Annotated[POPOSigningKeyInput | None, asn1.Implicit(0)]
    algorithm_identifier: AlgorithmIdentifier
    signature: asn1.BitString


@asn1.sequence
class CertReqMsg:
    cert_req: CertRequest
    popo: (
        Annotated[asn1.Null, asn1.Implicit(0)]
        | Annotated[POPOSigningKey, asn1.Implicit(1)]
        | Annotated[asn1.TLV, asn1.Explicit(2)]
        | None
    )
    reg_info: list[AttributeTypeAndValue] | None


# --- CMS -------------------------------------------------------------------------------------


@asn1.sequence
class CMSAlgorithmProtection:
    digest_algorithm: AlgorithmIdentifier
    signature_algorithm: Annotated[AlgorithmIdentifier | None, asn1.Implicit(1)]
    mac_algorithm: Annotated[AlgorithmIdentifier | None, asn1.Implicit(2)]


@asn1.sequence
class EncapsulatedContentInfo:
    e_content_type: ObjectIdentifier
    e_content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class IssuerAndSerialNumber:
    issuer: list[asn1.SetOf[AttributeTypeAndValue]]
    serial_number: int


@asn1.sequence
class SignerInfo:
    version: int
    sid: IssuerAndSerialNumber | Annotated[bytes, asn1.Implicit(0)]
    digest_algorithm: AlgorithmIdentifier
    signed_attrs: Annotated[asn1.SetOf[Attribute] | None, asn1.Implicit(0)]
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    unsigned_attrs: Annotated[asn1.SetOf[Attribute] | None, asn1.Implicit(1)]


@asn1.sequence
class SignedData:
    version: int
    digest_algorithms: asn1.SetOf[AlgorithmIdentifier]
    encap_content_info: EncapsulatedContentInfo
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)]
    crls: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]
    signer_infos: asn1.SetOf[SignerInfo]


@asn1.sequence
class ContentInfo:
    content_type: ObjectIdentifier
    content: Annotated[SignedData, asn1.Explicit(0)]


# --- CMC -------------------------------------------------------------------------------------


@asn1.sequence
class IdentityProofV2:
    proof_alg_id: AlgorithmIdentifier
    mac_alg_id: AlgorithmIdentifier
    witness: bytes


@asn1.sequence
class TaggedAttribute:
    body_part_id: int
    attr_type: ObjectIdentifier
    attr_values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class TaggedCertificationRequest:
    body_part_id: int
    certification_request: CertificationRequest


@asn1.sequence
class OtherRequest:
    body_part_id: int
    request_message_type: ObjectIdentifier
    request_message_value: asn1.TLV


@asn1.sequence
class TaggedContentInfo:
    body_part_id: int
    content_info: ContentInfo


@asn1.sequence
class OtherMsg:
    body_part_id: int
    other_msg_type: ObjectIdentifier
    other_msg_value: asn1.TLV


@asn1.sequence
class PKIData:
    control_sequence: list[TaggedAttribute]
    req_sequence: list[
        Annotated[TaggedCertificationRequest, asn1.Implicit(0)]
        | Annotated[CertReqMsg, asn1.Implicit(1)]
        | Annotated[OtherRequest, asn1.Implicit(2)]
    ]
    cms_sequence: list[TaggedContentInfo]
    other_msg_sequence: list[OtherMsg]
