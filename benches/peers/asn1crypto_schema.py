"""The CMC levels as classes of `asn1crypto`, down to the last value.

Its own ``cms`` and ``algos`` are used where they serve: ``algos`` adds a NULL to what is built of
it, ``csr`` and ``keys`` open keys and extensions, which `cmcodec` keeps as octets.
"""

from __future__ import annotations

from typing import ClassVar

from asn1crypto import cms, core, x509

from benches.peers.ingredients import (
    BATCH_RESPONSES,
    IDENTIFICATION,
    IDENTITY_PROOF_V2,
    RECIPIENT_NONCE,
    STATUS,
)
from benches.peers.signatures import (
    ALGORITHM_PROTECTION,
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNING_TIME,
)
from benches.workload import (
    EXTENSION_REQUEST,
    ID_CMC,
    PKI_DATA,
    PKI_RESPONSE,
    SENDER_NONCE,
    SIGNED_DATA,
    TRANSACTION_ID,
)


class Opaque(core.OctetString):
    """A SEQUENCE that stays octets."""

    tag = 16
    method = 1


# --- X.509 and PKCS#10 -----------------------------------------------------------------------


class AlgorithmIdentifier(core.Sequence):
    _fields: ClassVar = [
        ("algorithm", core.ObjectIdentifier),
        ("parameters", core.Any, {"optional": True}),
    ]


class AttributeTypeAndValue(core.Sequence):
    _fields: ClassVar = [("type", core.ObjectIdentifier), ("value", core.Any)]


class RelativeDistinguishedName(core.SetOf):
    _child_spec = AttributeTypeAndValue


class Name(core.SequenceOf):
    _child_spec = RelativeDistinguishedName


class Extension(core.Sequence):
    _fields: ClassVar = [
        ("extn_id", core.ObjectIdentifier),
        ("critical", core.Boolean, {"default": False}),
        ("extn_value", core.OctetString),
    ]


class Extensions(core.SequenceOf):
    _child_spec = Extension


class SetOfExtensions(core.SetOf):
    _child_spec = Extensions


class SubjectPublicKeyInfo(core.Sequence):
    _fields: ClassVar = [
        ("algorithm", AlgorithmIdentifier),
        ("subject_public_key", core.OctetBitString),
    ]


class SetOfAny(core.SetOf):
    _child_spec = core.Any


class Attribute(core.Sequence):
    _fields: ClassVar = [("type", core.ObjectIdentifier), ("values", None)]

    def _values_spec(self) -> type:
        return SetOfExtensions if self["type"].native == EXTENSION_REQUEST else SetOfAny

    _spec_callbacks: ClassVar = {"values": _values_spec}


class Attributes(core.SetOf):
    _child_spec = Attribute


class CertificationRequestInfo(core.Sequence):
    _fields: ClassVar = [
        ("version", core.Integer),
        ("subject", Name),
        ("subject_public_key_info", SubjectPublicKeyInfo),
        ("attributes", Attributes, {"implicit": 0, "optional": True}),
    ]


class CertificationRequest(core.Sequence):
    _fields: ClassVar = [
        ("certification_request_info", CertificationRequestInfo),
        ("signature_algorithm", AlgorithmIdentifier),
        ("signature", core.OctetBitString),
    ]


# --- CRMF ------------------------------------------------------------------------------------


class OptionalValidity(core.Sequence):
    _fields: ClassVar = [
        ("not_before", cms.Time, {"explicit": 0, "optional": True}),
        ("not_after", cms.Time, {"explicit": 1, "optional": True}),
    ]


class CertTemplate(core.Sequence):
    _fields: ClassVar = [
        ("version", core.Integer, {"implicit": 0, "optional": True}),
        ("serial_number", core.Integer, {"implicit": 1, "optional": True}),
        ("signing_alg", AlgorithmIdentifier, {"implicit": 2, "optional": True}),
        ("issuer", Name, {"explicit": 3, "optional": True}),
        ("validity", OptionalValidity, {"implicit": 4, "optional": True}),
        ("subject", Name, {"explicit": 5, "optional": True}),
        ("public_key", SubjectPublicKeyInfo, {"implicit": 6, "optional": True}),
        ("issuer_uid", core.OctetBitString, {"implicit": 7, "optional": True}),
        ("subject_uid", core.OctetBitString, {"implicit": 8, "optional": True}),
        ("extensions", Extensions, {"implicit": 9, "optional": True}),
    ]


class RegistrationControls(core.SequenceOf):
    _child_spec = AttributeTypeAndValue


class CertRequest(core.Sequence):
    _fields: ClassVar = [
        ("cert_req_id", core.Integer),
        ("cert_template", CertTemplate),
        ("controls", RegistrationControls, {"optional": True}),
    ]


class POPOSigningKey(core.Sequence):
    _fields: ClassVar = [
        ("poposk_input", Opaque, {"implicit": 0, "optional": True}),
        ("algorithm_identifier", AlgorithmIdentifier),
        ("signature", core.OctetBitString),
    ]


class ProofOfPossession(core.Choice):
    _alternatives: ClassVar = [
        ("ra_verified", core.Null, {"implicit": 0}),
        ("signature", POPOSigningKey, {"implicit": 1}),
        ("key_encipherment", core.Any, {"explicit": 2}),
        ("key_agreement", core.Any, {"explicit": 3}),
    ]


class CertReqMsg(core.Sequence):
    _fields: ClassVar = [
        ("cert_req", CertRequest),
        ("popo", ProofOfPossession, {"optional": True}),
        ("reg_info", RegistrationControls, {"optional": True}),
    ]


# --- CMC -------------------------------------------------------------------------------------


class TaggedCertificationRequest(core.Sequence):
    _fields: ClassVar = [
        ("body_part_id", core.Integer),
        ("certification_request", CertificationRequest),
    ]


class OtherRequest(core.Sequence):
    _fields: ClassVar = [
        ("body_part_id", core.Integer),
        ("request_message_type", core.ObjectIdentifier),
        ("request_message_value", core.Any),
    ]


class TaggedRequest(core.Choice):
    _alternatives: ClassVar = [
        ("tcr", TaggedCertificationRequest, {"implicit": 0}),
        ("crm", CertReqMsg, {"implicit": 1}),
        ("orm", OtherRequest, {"implicit": 2}),
    ]


class TaggedRequests(core.SequenceOf):
    _child_spec = TaggedRequest


class SetOfInteger(core.SetOf):
    _child_spec = core.Integer


class SetOfOctetString(core.SetOf):
    _child_spec = core.OctetString


class BodyPartList(core.SequenceOf):
    _child_spec = core.Integer


class SetOfBodyPartList(core.SetOf):
    _child_spec = BodyPartList


class SetOfUTF8String(core.SetOf):
    _child_spec = core.UTF8String


class IdentityProofV2(core.Sequence):
    _fields: ClassVar = [
        ("proof_alg_id", AlgorithmIdentifier),
        ("mac_alg_id", AlgorithmIdentifier),
        ("witness", core.OctetString),
    ]


class SetOfIdentityProofV2(core.SetOf):
    _child_spec = IdentityProofV2


class BodyPartReference(core.Choice):
    _alternatives: ClassVar = [
        ("body_part_id", core.Integer),
        ("body_part_path", BodyPartList),
    ]


class BodyPartReferences(core.SequenceOf):
    _child_spec = BodyPartReference


class OtherStatusInfo(core.Choice):
    _alternatives: ClassVar = [
        ("fail_info", core.Integer),
        ("pend_info", core.Any),
        ("extended_fail_info", core.Any, {"implicit": 1}),
    ]


class CMCStatusInfoV2(core.Sequence):
    _fields: ClassVar = [
        ("cmc_status", core.Integer),
        ("body_list", BodyPartReferences),
        ("status_string", core.UTF8String, {"optional": True}),
        ("other_info", OtherStatusInfo, {"optional": True}),
    ]


class SetOfCMCStatusInfoV2(core.SetOf):
    _child_spec = CMCStatusInfoV2


CONTROLS: dict[str, type] = {
    IDENTIFICATION: SetOfUTF8String,
    TRANSACTION_ID: SetOfInteger,
    SENDER_NONCE: SetOfOctetString,
    RECIPIENT_NONCE: SetOfOctetString,
    STATUS: SetOfCMCStatusInfoV2,
    f"{ID_CMC}.28": SetOfBodyPartList,
    BATCH_RESPONSES: SetOfBodyPartList,
    IDENTITY_PROOF_V2: SetOfIdentityProofV2,
}


class TaggedAttribute(core.Sequence):
    _fields: ClassVar = [
        ("body_part_id", core.Integer),
        ("attr_type", core.ObjectIdentifier),
        ("attr_values", None),
    ]

    def _attr_values_spec(self) -> type:
        return CONTROLS.get(self["attr_type"].native, SetOfAny)

    _spec_callbacks: ClassVar = {"attr_values": _attr_values_spec}


class TaggedAttributes(core.SequenceOf):
    _child_spec = TaggedAttribute


class EncapsulatedContentInfo(core.Sequence):
    _fields: ClassVar = [
        ("e_content_type", core.ObjectIdentifier),
        ("e_content", core.ParsableOctetString, {"explicit": 0, "optional": True}),
    ]
    _oid_pair = ("e_content_type", "e_content")
    _oid_specs: ClassVar = {}


class Certificates(core.SetOf):
    _child_spec = x509.Certificate


# --- signers ---------------------------------------------------------------------------------


class Time(core.Choice):
    _alternatives: ClassVar = [
        ("utc_time", core.UTCTime),
        ("general_time", core.GeneralizedTime),
    ]


class CMSAlgorithmProtection(core.Sequence):
    _fields: ClassVar = [
        ("digest_algorithm", AlgorithmIdentifier),
        ("signature_algorithm", AlgorithmIdentifier, {"implicit": 1, "optional": True}),
        ("mac_algorithm", AlgorithmIdentifier, {"implicit": 2, "optional": True}),
    ]


class SetOfObjectIdentifier(core.SetOf):
    _child_spec = core.ObjectIdentifier


class SetOfTime(core.SetOf):
    _child_spec = Time


class SetOfCMSAlgorithmProtection(core.SetOf):
    _child_spec = CMSAlgorithmProtection


SIGNED_ATTRIBUTES: dict[str, type] = {
    CONTENT_TYPE: SetOfObjectIdentifier,
    MESSAGE_DIGEST: SetOfOctetString,
    SIGNING_TIME: SetOfTime,
    ALGORITHM_PROTECTION: SetOfCMSAlgorithmProtection,
}


class CMSAttribute(core.Sequence):
    _fields: ClassVar = [("type", core.ObjectIdentifier), ("values", None)]

    def _values_spec(self) -> type:
        return SIGNED_ATTRIBUTES.get(self["type"].native, SetOfAny)

    _spec_callbacks: ClassVar = {"values": _values_spec}


class CMSAttributes(core.SetOf):
    _child_spec = CMSAttribute


class SignerInfo(core.Sequence):
    _fields: ClassVar = [
        ("version", cms.CMSVersion),
        ("sid", cms.SignerIdentifier),
        ("digest_algorithm", AlgorithmIdentifier),
        ("signed_attrs", CMSAttributes, {"implicit": 0, "optional": True}),
        ("signature_algorithm", AlgorithmIdentifier),
        ("signature", core.OctetString),
        ("unsigned_attrs", CMSAttributes, {"implicit": 1, "optional": True}),
    ]


class SignerInfos(core.SetOf):
    _child_spec = SignerInfo


class AlgorithmIdentifiers(core.SetOf):
    _child_spec = AlgorithmIdentifier


# --- messages --------------------------------------------------------------------------------


class SignedData(core.Sequence):
    _fields: ClassVar = [
        ("version", cms.CMSVersion),
        ("digest_algorithms", AlgorithmIdentifiers),
        ("encap_content_info", EncapsulatedContentInfo),
        ("certificates", Certificates, {"implicit": 0, "optional": True}),
        ("crls", cms.RevocationInfoChoices, {"implicit": 1, "optional": True}),
        ("signer_infos", SignerInfos),
    ]


class ContentInfo(core.Sequence):
    _fields: ClassVar = [
        ("content_type", core.ObjectIdentifier),
        ("content", core.Any, {"explicit": 0}),
    ]
    _oid_pair = ("content_type", "content")
    _oid_specs: ClassVar = {SIGNED_DATA: SignedData}


class TaggedContentInfo(core.Sequence):
    _fields: ClassVar = [("body_part_id", core.Integer), ("content_info", ContentInfo)]


class TaggedContentInfos(core.SequenceOf):
    _child_spec = TaggedContentInfo


class OtherMsg(core.Sequence):
    _fields: ClassVar = [
        ("body_part_id", core.Integer),
        ("other_msg_type", core.ObjectIdentifier),
        ("other_msg_value", core.Any),
    ]


class OtherMsgs(core.SequenceOf):
    _child_spec = OtherMsg


class PKIData(core.Sequence):
    _fields: ClassVar = [
        ("control_sequence", TaggedAttributes),
        ("req_sequence", TaggedRequests),
        ("cms_sequence", TaggedContentInfos),
        ("other_msg_sequence", OtherMsgs),
    ]


class PKIResponse(core.Sequence):
    _fields: ClassVar = [
        ("control_sequence", TaggedAttributes),
        ("cms_sequence", TaggedContentInfos),
        ("other_msg_sequence", OtherMsgs),
    ]


# A message holds messages, so that this cannot stand in its class.
EncapsulatedContentInfo._oid_specs[PKI_DATA] = PKIData  # noqa: SLF001
EncapsulatedContentInfo._oid_specs[PKI_RESPONSE] = PKIResponse  # noqa: SLF001
