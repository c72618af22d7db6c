"""Which OBJECT IDENTIFIER means which type: one table per open type (RFC 10002 §6, RFC 5652 §11).

`CONTROL_ROWS` also says where a control may stand, how often, and whether it refers to others.
"""

from __future__ import annotations

from enum import Flag, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from cmcodec import oids
from cmcodec.asn1 import schema
from cmcodec.types import (
    algorithms,
    cmc,
    cms,
    controls,
    crmf,
    ess,
    microsoft,
    pkcs10,
    pkix,
)

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1
    from cmcodec.asn1.schema import Node

__all__ = [
    "CONTROLS",
    "CONTROL_ROWS",
    "EXTENSIONS",
    "OPEN_TYPES",
    "PARAMETERS",
    "TOLERANT",
    "Control",
    "Place",
    "open_node",
]


class Place(Flag):
    """Where a control may stand (RFC 10002 §6, table 1)."""

    REQUEST = auto()
    """In the controlSequence of a PKIData."""
    RESPONSE = auto()
    """In the controlSequence of a PKIResponse."""
    ATTRIBUTE = auto()
    """In a certification request: an attribute of PKCS#10, a control of CRMF."""


class Control(NamedTuple):
    """A control or attribute of CMC: ``number`` is its arc below id-cmc.

    ``at_most`` is how often it may stand in one place, None for any number of times. ``refers``:
    its value names other body parts, which `cmcodec.verify.references` follows.
    """

    number: int
    oid: str
    value: type[Asn1]
    place: Place
    at_most: int | None = 1
    refers: bool = False

    @property
    def name(self) -> str:
        """The standard's name: ``batchRequests``."""
        return oids.name(self.oid).removeprefix("id-cmc-")


_Q, _P, _A = Place
_ANY: Final = None

CONTROL_ROWS: Final = (
    Control(1, oids.ID_CMC_STATUS_INFO, controls.CMCStatusInfo, _P | _Q, _ANY),
    Control(2, oids.ID_CMC_IDENTIFICATION, controls.Identification, _Q),
    Control(3, oids.ID_CMC_IDENTITY_PROOF, controls.IdentityProof, _Q),
    Control(4, oids.ID_CMC_DATA_RETURN, controls.DataReturn, _P | _Q),
    Control(5, oids.ID_CMC_TRANSACTION_ID, controls.TransactionId, _P | _Q),
    Control(6, oids.ID_CMC_SENDER_NONCE, controls.SenderNonce, _P | _Q),
    Control(7, oids.ID_CMC_RECIPIENT_NONCE, controls.RecipientNonce, _P | _Q),
    Control(8, oids.ID_CMC_ADD_EXTENSIONS, controls.AddExtensions, _Q, _ANY, refers=True),
    Control(9, oids.ID_CMC_ENCRYPTED_POP, controls.EncryptedPOP, _P, _ANY),
    Control(10, oids.ID_CMC_DECRYPTED_POP, controls.DecryptedPOP, _Q, _ANY, refers=True),
    Control(11, oids.ID_CMC_LRA_POP_WITNESS, controls.LraPopWitness, _Q, _ANY, refers=True),
    Control(15, oids.ID_CMC_GET_CERT, controls.GetCert, _Q, _ANY),
    Control(16, oids.ID_CMC_GET_CRL, controls.GetCRL, _Q, _ANY),
    Control(17, oids.ID_CMC_REVOKE_REQUEST, controls.RevokeRequest, _Q, _ANY),
    Control(18, oids.ID_CMC_REG_INFO, controls.RegInfo, _Q, _ANY),
    Control(19, oids.ID_CMC_RESPONSE_INFO, controls.ResponseInfo, _P, _ANY),
    Control(21, oids.ID_CMC_QUERY_PENDING, controls.QueryPending, _Q, _ANY),
    Control(22, oids.ID_CMC_POP_LINK_RANDOM, controls.PopLinkRandom, _Q),
    Control(23, oids.ID_CMC_POP_LINK_WITNESS, controls.PopLinkWitness, _A),
    Control(24, oids.ID_CMC_CONFIRM_CERT_ACCEPTANCE, controls.CMCCertId, _Q, _ANY),
    Control(25, oids.ID_CMC_STATUS_INFO_V2, controls.CMCStatusInfoV2, _P | _Q, _ANY),
    Control(26, oids.ID_CMC_TRUSTED_ANCHORS, controls.PublishTrustAnchors, _P | _Q),
    Control(27, oids.ID_CMC_AUTH_DATA, controls.AuthPublish, _P | _Q, _ANY, refers=True),
    Control(28, oids.ID_CMC_BATCH_REQUESTS, cmc.BodyPartList, _Q, refers=True),
    Control(29, oids.ID_CMC_BATCH_RESPONSES, cmc.BodyPartList, _P, refers=True),
    Control(30, oids.ID_CMC_PUBLISH_CERT, controls.CMCPublicationInfo, _Q, _ANY),
    Control(31, oids.ID_CMC_MOD_CERT_TEMPLATE, controls.ModCertTemplate, _Q, _ANY, refers=True),
    Control(32, oids.ID_CMC_CONTROL_PROCESSED, controls.ControlsProcessed, _Q, _ANY, refers=True),
    Control(33, oids.ID_CMC_POP_LINK_WITNESS_V2, controls.PopLinkWitnessV2, _A),
    Control(34, oids.ID_CMC_IDENTITY_PROOF_V2, controls.IdentityProofV2, _Q),
    Control(35, oids.ID_CMC_RA_IDENTITY_WITNESS, cmc.BodyPartPath, _Q, _ANY, refers=True),
    Control(36, oids.ID_CMC_CHANGE_SUBJECT_NAME, controls.ChangeSubjectName, _A),
    Control(37, oids.ID_CMC_RESPONSE_BODY, cmc.BodyPartPath, _P, _ANY, refers=True),
)
"""The 33 controls and attributes of CMC."""

CONTROLS: Final[dict[str, type[Asn1]]] = {row.oid: row.value for row in CONTROL_ROWS}
"""The class of the value of each control and attribute."""

# 34 is no attribute, but was taken for 33, which is one (T-01).
_IN_REQUESTS: Final[dict[str, type[Asn1]]] = {
    oids.ID_CMC_POP_LINK_WITNESS: controls.PopLinkWitness,
    oids.ID_CMC_POP_LINK_WITNESS_V2: controls.PopLinkWitnessV2,
    oids.ID_CMC_IDENTITY_PROOF_V2: controls.IdentityProofV2,
    oids.ID_CMC_CHANGE_SUBJECT_NAME: controls.ChangeSubjectName,
}

# Attributes of Windows: in PKCS#10, in CMCAddAttributes, and beside signatures (MS-WCCE §2.2.2.7).
_MICROSOFT: Final[dict[str, type[Asn1]]] = {
    oids.SZ_OID_RENEWAL_CERTIFICATE: pkix.Certificate,
    oids.SZ_OID_ENROLLMENT_NAME_VALUE_PAIR: microsoft.EnrollmentNameValuePair,
    oids.SZ_OID_ENROLLMENT_CSP_PROVIDER: microsoft.CSPProvider,
    oids.SZ_OID_OS_VERSION: microsoft.OSVersion,
    oids.SZ_OID_ARCHIVED_KEY_ATTR: cms.ContentInfo,
    oids.SZ_OID_ISSUED_CERT_HASH: microsoft.IssuedCertHash,
    oids.SZ_OID_REQUEST_CLIENT_INFO: microsoft.RequestClientInfo,
    oids.SZ_OID_ENCRYPTED_KEY_HASH: microsoft.EncryptedKeyHash,
    oids.SZ_OID_ENROLL_EK_INFO: cms.ContentInfo,
    oids.SZ_OID_ENROLL_ATTESTATION_STATEMENT: microsoft.EnrollAttestationStatement,
    oids.SZ_OID_ENROLL_KSP_NAME: microsoft.EnrollKSPName,
    oids.SZ_OID_ENROLL_CAXCHGCERT_HASH: microsoft.EnrollCAXchgCertHash,
    oids.SZ_OID_ENROLL_ATTESTATION_CHALLENGE: microsoft.EnrollAttestationChallenge,
    oids.SZ_OID_ENROLL_ENCRYPTION_ALGORITHM: pkix.AlgorithmIdentifier,
    oids.SZ_OID_ENROLL_AIK_INFO: cms.ContentInfo,
}

OPEN_TYPES: Final[dict[str, dict[str, type[Asn1]]]] = {
    # Values of signed and unsigned attributes, and of attributes in a PKCS#10 request.
    "attribute": {
        oids.ID_CONTENT_TYPE: cms.ContentType,
        oids.ID_MESSAGE_DIGEST: cms.MessageDigest,
        oids.ID_SIGNING_TIME: cms.SigningTime,
        oids.ID_COUNTERSIGNATURE: cms.SignerInfo,
        oids.ID_EXTENSION_REQUEST: pkcs10.ExtensionReq,
        oids.ID_AA_CMC_UNSIGNED_DATA: cmc.CMCUnsignedData,
        oids.ID_AA_CMS_ALGORITHM_PROTECT: cms.CMSAlgorithmProtection,
        oids.ID_AA_SIGNING_CERTIFICATE: ess.SigningCertificate,
        oids.ID_AA_SIGNING_CERTIFICATE_V2: ess.SigningCertificateV2,
        oids.SZ_OID_CERT_EXTENSIONS: pkcs10.ExtensionReq,
        **_IN_REQUESTS,
        **_MICROSOFT,
    },
    # What a ContentInfo can hold.
    "content": {
        oids.ID_DATA: cms.Data,
        oids.ID_SIGNED_DATA: cms.SignedData,
        oids.ID_ENVELOPED_DATA: cms.EnvelopedData,
        oids.ID_DIGESTED_DATA: cms.DigestedData,
        oids.ID_ENCRYPTED_DATA: cms.EncryptedData,
        oids.ID_CT_AUTH_DATA: cms.AuthenticatedData,
        oids.ID_CT_AUTH_ENVELOPED_DATA: cms.AuthEnvelopedData,
    },
    "control": {**CONTROLS, oids.SZ_OID_CMC_ADD_ATTRIBUTES: microsoft.CMCAddAttributes},
    # What the octets of eContent encode (RFC 10002 §3.2 and §5).
    "encapsulated": {
        oids.ID_ENVELOPED_DATA: cms.EnvelopedData,
        oids.ID_CT_AUTH_ENVELOPED_DATA: cms.AuthEnvelopedData,
        oids.ID_CCT_PKI_DATA: cmc.PKIData,
        oids.ID_CCT_PKI_RESPONSE: cmc.PKIResponse,
    },
    "failure": {},
    "message": {},
    "recipient": {oids.ID_ORI_KEM: cms.KEMRecipientInfo},
    # Values of ``CertRequest.controls`` and ``CertReqMsg.regInfo``: one value, no SET (T-15).
    "registration": {
        oids.ID_REG_CTRL_REG_TOKEN: crmf.RegToken,
        oids.ID_REG_CTRL_AUTHENTICATOR: crmf.Authenticator,
        oids.ID_REG_CTRL_PKI_PUBLICATION_INFO: crmf.PKIPublicationInfo,
        oids.ID_REG_CTRL_PKI_ARCHIVE_OPTIONS: crmf.PKIArchiveOptions,
        oids.ID_REG_CTRL_OLD_CERT_ID: crmf.CertId,
        oids.ID_REG_CTRL_PROTOCOL_ENCR_KEY: pkix.SubjectPublicKeyInfo,
        oids.ID_REG_INFO_UTF8_PAIRS: crmf.UTF8Pairs,
        oids.ID_REG_INFO_CERT_REQ: crmf.CertRequest,
        **_IN_REQUESTS,
    },
    "request": {},
    "unsigned": {},
}
"""The tables that ``Open`` and ``Containing`` name."""

schema.register_open_types(OPEN_TYPES)

TOLERANT: Final = frozenset((*_MICROSOFT, oids.SZ_OID_CMC_ADD_ATTRIBUTES))
"""Identifiers of which the type counts as far as a value fits it; any other value is a ``TLV``.

Their senders go by no standard that refuses anything, and what is a private matter of two others
must not make a message malformed.
"""


def open_node(table: str, oid: str) -> Node:
    """The type that an identifier of a table of `OPEN_TYPES` stands for."""
    node = schema.node(OPEN_TYPES[table][oid])
    return schema.tolerant(node) if oid in TOLERANT else node


EXTENSIONS: Final[dict[str, type[Asn1]]] = {
    oids.ID_CE_SUBJECT_ALT_NAME: pkix.GeneralNames,
    oids.ID_CE_ISSUER_ALT_NAME: pkix.GeneralNames,
    oids.ID_CE_BASIC_CONSTRAINTS: pkix.BasicConstraints,
    oids.ID_CE_AUTHORITY_KEY_IDENTIFIER: pkix.AuthorityKeyIdentifier,
    oids.ID_CE_EXT_KEY_USAGE: pkix.ExtKeyUsageSyntax,
    # One type under two names.
    oids.ID_CE_CERTIFICATE_POLICIES: microsoft.ApplicationCertPolicies,
    oids.SZ_OID_ENROLL_CERTTYPE_EXTENSION: microsoft.EnrollCertType,
    oids.SZ_OID_CERTIFICATE_TEMPLATE: microsoft.CertificateTemplateOID,
    oids.SZ_OID_APPLICATION_CERT_POLICIES: microsoft.ApplicationCertPolicies,
}
"""What the octets of extnValue encode; an Extension keeps them as received."""

PARAMETERS: Final[dict[str, type[Asn1]]] = {
    oids.ID_PASSWORD_BASED_MAC: crmf.PBMParameter,
    oids.ID_RSAES_OAEP: algorithms.RSAESOAEPParams,
    oids.ID_MGF1: pkix.AlgorithmIdentifier,
    oids.ID_RSASSA_PSS: algorithms.RSASSAPSSParams,
    oids.ID_PBKDF2: algorithms.PBKDF2Params,
    oids.ID_ALG_ESDH: pkix.AlgorithmIdentifier,
    oids.ID_ALG_PWRI_KEK: pkix.AlgorithmIdentifier,
    oids.ID_ALG_SSDH: pkix.AlgorithmIdentifier,
    oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA256_SCHEME: pkix.AlgorithmIdentifier,
    oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA384_SCHEME: pkix.AlgorithmIdentifier,
    oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA512_SCHEME: pkix.AlgorithmIdentifier,
    oids.DH_SINGLE_PASS_STD_DH_SHA1KDF_SCHEME: pkix.AlgorithmIdentifier,
    oids.DH_SINGLE_PASS_STD_DH_SHA224KDF_SCHEME: pkix.AlgorithmIdentifier,
    oids.DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME: pkix.AlgorithmIdentifier,
    oids.DH_SINGLE_PASS_STD_DH_SHA384KDF_SCHEME: pkix.AlgorithmIdentifier,
    oids.DH_SINGLE_PASS_STD_DH_SHA512KDF_SCHEME: pkix.AlgorithmIdentifier,
    oids.ID_AES128_GCM: algorithms.GCMParameters,
    oids.ID_AES192_GCM: algorithms.GCMParameters,
    oids.ID_AES256_GCM: algorithms.GCMParameters,
}
"""What the parameters of an algorithm are; an AlgorithmIdentifier keeps them as received."""
