"""Which OBJECT IDENTIFIER means which type: one row per open type (RFC 10002 §6, RFC 5652 §11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmcodec.types import cmc, cms, controls, crmf, pkcs10, pkix

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1

ID_CMC: Final = "1.3.6.1.5.5.7.7"

CONTROLS: Final[dict[str, type[Asn1]]] = {
    f"{ID_CMC}.1": controls.CMCStatusInfo,
    f"{ID_CMC}.2": controls.Identification,
    f"{ID_CMC}.3": controls.IdentityProof,
    f"{ID_CMC}.4": controls.DataReturn,
    f"{ID_CMC}.5": controls.TransactionId,
    f"{ID_CMC}.6": controls.SenderNonce,
    f"{ID_CMC}.7": controls.RecipientNonce,
    f"{ID_CMC}.8": controls.AddExtensions,
    f"{ID_CMC}.9": controls.EncryptedPOP,
    f"{ID_CMC}.10": controls.DecryptedPOP,
    f"{ID_CMC}.11": controls.LraPopWitness,
    f"{ID_CMC}.15": controls.GetCert,
    f"{ID_CMC}.16": controls.GetCRL,
    f"{ID_CMC}.17": controls.RevokeRequest,
    f"{ID_CMC}.18": controls.RegInfo,
    f"{ID_CMC}.19": controls.ResponseInfo,
    f"{ID_CMC}.21": controls.QueryPending,
    f"{ID_CMC}.22": controls.PopLinkRandom,
    f"{ID_CMC}.23": controls.PopLinkWitness,
    f"{ID_CMC}.24": controls.CMCCertId,
    f"{ID_CMC}.25": controls.CMCStatusInfoV2,
    f"{ID_CMC}.26": controls.PublishTrustAnchors,
    f"{ID_CMC}.27": controls.AuthPublish,
    f"{ID_CMC}.28": cmc.BodyPartList,
    f"{ID_CMC}.29": cmc.BodyPartList,
    f"{ID_CMC}.30": controls.CMCPublicationInfo,
    f"{ID_CMC}.31": controls.ModCertTemplate,
    f"{ID_CMC}.32": controls.ControlsProcessed,
    f"{ID_CMC}.33": controls.PopLinkWitnessV2,
    f"{ID_CMC}.34": controls.IdentityProofV2,
    f"{ID_CMC}.35": cmc.BodyPartPath,
    f"{ID_CMC}.36": controls.ChangeSubjectName,
    f"{ID_CMC}.37": cmc.BodyPartPath,
}
"""The 33 controls and attribute values of CMC (SPEC A.2)."""

ATTRIBUTES: Final[dict[str, type[Asn1]]] = {
    "1.2.840.113549.1.9.3": cms.ContentType,
    "1.2.840.113549.1.9.4": cms.MessageDigest,
    "1.2.840.113549.1.9.5": cms.SigningTime,
    "1.2.840.113549.1.9.6": cms.SignerInfo,
    "1.2.840.113549.1.9.14": pkcs10.ExtensionReq,
    "1.2.840.113549.1.9.16.2.34": cmc.CMCUnsignedData,
    "1.2.840.113549.1.9.52": cms.CMSAlgorithmProtection,
    "1.3.6.1.4.1.311.2.1.14": pkcs10.ExtensionReq,
    f"{ID_CMC}.23": controls.PopLinkWitness,
    f"{ID_CMC}.33": controls.PopLinkWitnessV2,
    f"{ID_CMC}.34": controls.IdentityProofV2,
    f"{ID_CMC}.36": controls.ChangeSubjectName,
}
"""Values of signed and unsigned attributes and of attributes in a PKCS#10 request."""

REGISTRATION: Final[dict[str, type[Asn1]]] = {
    "1.3.6.1.5.5.7.5.1.1": crmf.RegToken,
    "1.3.6.1.5.5.7.5.1.2": crmf.Authenticator,
    "1.3.6.1.5.5.7.5.1.3": crmf.PKIPublicationInfo,
    "1.3.6.1.5.5.7.5.1.4": crmf.PKIArchiveOptions,
    "1.3.6.1.5.5.7.5.1.5": crmf.CertId,
    "1.3.6.1.5.5.7.5.1.6": pkix.SubjectPublicKeyInfo,
    "1.3.6.1.5.5.7.5.2.1": crmf.UTF8Pairs,
    "1.3.6.1.5.5.7.5.2.2": crmf.CertRequest,
    f"{ID_CMC}.23": controls.PopLinkWitness,
    f"{ID_CMC}.33": controls.PopLinkWitnessV2,
    f"{ID_CMC}.34": controls.IdentityProofV2,
    f"{ID_CMC}.36": controls.ChangeSubjectName,
}
"""Values of ``CertRequest.controls`` and ``CertReqMsg.regInfo``: one value, no SET (T-15)."""

CONTENT_TYPES: Final[dict[str, type[Asn1]]] = {
    "1.2.840.113549.1.7.1": cms.Data,
    "1.2.840.113549.1.7.2": cms.SignedData,
    "1.2.840.113549.1.7.3": cms.EnvelopedData,
    "1.2.840.113549.1.7.5": cms.DigestedData,
    "1.2.840.113549.1.7.6": cms.EncryptedData,
    "1.2.840.113549.1.9.16.1.2": cms.AuthenticatedData,
    "1.2.840.113549.1.9.16.1.23": cms.AuthEnvelopedData,
}
"""What a ContentInfo can hold (SPEC A.1)."""

ENCAPSULATED: Final[dict[str, type[Asn1]]] = {
    "1.2.840.113549.1.7.3": cms.EnvelopedData,
    "1.2.840.113549.1.9.16.1.23": cms.AuthEnvelopedData,
    "1.3.6.1.5.5.7.12.2": cmc.PKIData,
    "1.3.6.1.5.5.7.12.3": cmc.PKIResponse,
}
"""What the octets of eContent encode (RFC 10002 §3.2 and §5)."""

OPEN_TYPES: Final[dict[str, dict[str, type[Asn1]]]] = {
    "attribute": ATTRIBUTES,
    "content": CONTENT_TYPES,
    "control": CONTROLS,
    "encapsulated": ENCAPSULATED,
    "failure": {},
    "message": {},
    "recipient": {"1.2.840.113549.1.9.16.13.3": cms.KEMRecipientInfo},
    "registration": REGISTRATION,
    "request": {},
    "unsigned": {},
}
"""The tables that ``Open`` and ``Containing`` name."""
