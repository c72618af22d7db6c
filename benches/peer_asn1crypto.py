"""The peer asn1crypto: the CMC levels as classes around ``asn1crypto.cms``.

``.native`` of a `ContentInfo` walks what `cmcodec.load` validates: nested messages and certificates
are opened, the values of extensions and keys in requests are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from asn1crypto import cms, core, x509

from benches.peers import COMMON_NAME, Fields
from benches.workload import (
    EXTENSION_REQUEST,
    ID_CMC,
    PKI_DATA,
    SENDER_NONCE,
    SIGNED_DATA,
    TRANSACTION_ID,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


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


CONTROLS: dict[str, type] = {
    TRANSACTION_ID: SetOfInteger,
    SENDER_NONCE: SetOfOctetString,
    f"{ID_CMC}.18": SetOfOctetString,
    f"{ID_CMC}.28": SetOfBodyPartList,
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


class SignedData(core.Sequence):
    _fields: ClassVar = [
        ("version", cms.CMSVersion),
        ("digest_algorithms", cms.DigestAlgorithms),
        ("encap_content_info", EncapsulatedContentInfo),
        ("certificates", Certificates, {"implicit": 0, "optional": True}),
        ("crls", cms.RevocationInfoChoices, {"implicit": 1, "optional": True}),
        ("signer_infos", cms.SignerInfos),
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


# A message holds messages, so that this cannot stand in its class.
EncapsulatedContentInfo._oid_specs[PKI_DATA] = PKIData  # noqa: SLF001


# --- what it is asked for ---------------------------------------------------------------------


def load(der: bytes) -> Any:
    """Everything as ``.native``: it parses nothing that it is not asked for."""
    return ContentInfo.load(der, strict=True).native


def fields(native: Any) -> Iterable[Fields]:
    for tagged in _e_content(native)["cms_sequence"]:
        content = _e_content(tagged["content_info"])
        controls = {it["attr_type"]: it["attr_values"][0] for it in content["control_sequence"]}
        request = content["req_sequence"][0]
        if "certification_request" in request:
            info = request["certification_request"]["certification_request_info"]
            subject, key = info["subject"], info["subject_public_key_info"]
            (extensions,) = (it["values"][0] for it in info["attributes"])
            pop = "pkcs10"
        else:
            template = request["cert_req"]["cert_template"]
            subject, key = template["subject"], template["public_key"]
            extensions = template["extensions"]
            pop = "signature" if "signature" in request["popo"] else "another"
        (name,) = (it["value"] for rdn in subject for it in rdn if it["type"] == COMMON_NAME)
        yield Fields(
            controls[TRANSACTION_ID],
            controls[SENDER_NONCE],
            name,
            len(key["subject_public_key"]),
            tuple(it["extn_id"] for it in extensions),
            pop,
        )


def _e_content(content_info: Any) -> Any:
    return content_info["content"]["encap_content_info"]["e_content"]
