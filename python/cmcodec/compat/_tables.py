"""Where the classes of asn1crypto and the names of ``python_cmc`` differ from `cmcodec.types`."""

from __future__ import annotations

from typing import Any, Final

from asn1crypto import algos, cms, core, crl, csr, keys, x509

from cmcodec import types
from cmcodec.asn1 import TLV, Asn1, BitString, NullType
from cmcodec.asn1.schema import Kind
from cmcodec.compat._values import AnyValue, CertificationRequest

# Of OtherKeyAttribute asn1crypto demands the OPTIONAL keyAttr; RecipientKeyIdentifier holds one.
_CMS: Final = {
    declared: standard
    for name, declared in vars(types).items()
    if getattr(standard := vars(cms).get(name), "__module__", "") == cms.__name__
    and name not in {"OtherKeyAttribute", "RecipientKeyIdentifier"}
}
"""Types that ``asn1crypto.cms`` declares under the same name."""

STANDARD: Final[dict[type[Asn1] | None, Any]] = {
    **_CMS,
    types.AlgorithmIdentifier: algos.AlgorithmIdentifier,
    types.Attribute: cms.CMSAttribute,
    types.Certificate: x509.Certificate,
    types.CertificateList: crl.CertificateList,
    types.CertificationRequest: csr.CertificationRequest,
    types.CertificationRequestInfo: csr.CertificationRequestInfo,
    types.ECDSASigValue: algos.DSASignature,
    types.Extension: x509.Extension,
    types.Extensions: x509.Extensions,
    types.GeneralName: x509.GeneralName,
    types.GeneralNames: x509.GeneralNames,
    types.KeyAgreeRecipientIdentifier: cms.KeyAgreementRecipientIdentifier,
    types.Name: x509.Name,
    types.OtherName: x509.AnotherName,
    types.PBKDF2Params: algos.Pbkdf2Params,
    types.PBKDF2Salt: algos.Pbkdf2Salt,
    types.PrivateKeyInfo: keys.PrivateKeyInfo,
    types.RSAESOAEPParams: algos.RSAESOAEPParams,
    types.RSASSAPSSParams: algos.RSASSAPSSParams,
    types.SubjectPublicKeyInfo: keys.PublicKeyInfo,
    types.Time: x509.Time,
}
"""The classes that asn1crypto has itself."""

STANDARD_LISTS: Final[dict[tuple[Kind, Any], Any]] = {
    (Kind.SEQUENCE_OF, x509.Extension): x509.Extensions,
    (Kind.SET_OF, core.OctetString): cms.SetOfOctetString,
}
"""The same for a SEQUENCE OF or SET OF without a name, by the class of its elements."""

ALSO: Final[dict[Any, type[Asn1]]] = {
    AnyValue: TLV,
    core.Any: TLV,
    core.BitString: BitString,
    core.Null: NullType,
    algos.DigestAlgorithm: types.AlgorithmIdentifier,
    algos.EncryptionAlgorithm: types.AlgorithmIdentifier,
    algos.HmacAlgorithm: types.AlgorithmIdentifier,
    algos.KdfAlgorithm: types.AlgorithmIdentifier,
    algos.MaskGenAlgorithm: types.AlgorithmIdentifier,
    algos.SignedDigestAlgorithm: types.AlgorithmIdentifier,
    cms.KeyEncryptionAlgorithm: types.AlgorithmIdentifier,
    cms.Time: types.Time,
    csr.CRIAttribute: types.Attribute,
    keys.PrivateKeyAlgorithm: types.AlgorithmIdentifier,
    keys.PublicKeyAlgorithm: types.AlgorithmIdentifier,
}
"""Other classes that say which type they stand for."""

CLASS_NAMES: Final = {
    "KeyIdentifier": "Identifier",
    "LraPopWitness": "LraPOPWitness",
    "OctetStrings": "AnchorHashes",
    "OtherRequest": "ORM",
    "PublicationAction": "PKIPublicationInfoAction",
    "PublicationMethod": "SinglePubInfoPubMethod",
    "SetOfIssuerAndSerialNumber": "SetOfCMCCertId",
    "StatusInfoOther": "OtherInfo",
    "TaggedAttributes": "Controls",
}
"""What ``python_cmc`` calls a class, by our name or the one made for a SEQUENCE OF or SET OF."""

FIELD_NAMES: Final = {
    ("IdentityProofV2", "proofAlgID"): "hashAlgID",
    ("POPOSigningKeyInput", "authInfo"): "authinfo",
}
"""What ``python_cmc`` calls a field, by the names of the standard."""


FIELD_TYPES: Final[dict[tuple[str, str], Any]] = {
    ("CertTemplate", "version"): x509.Version,
    ("EncryptedKey", "encryptedValue"): types.EncryptedValue,
    ("GetCRL", "reasons"): x509.ReasonFlags,
    ("TaggedCertificationRequest", "certificationRequest"): CertificationRequest,
}
"""Fields for which there is a better class than the one derived from their type."""
