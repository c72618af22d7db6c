"""Cryptographic Message Syntax (RFC 5652, RFC 5083, RFC 9629).

A tag without a keyword is IMPLICIT, as in the modules of these RFCs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from cmcodec.asn1 import (
    OID,
    TLV,
    AsIssued,
    Asn1,
    BitString,
    Choice,
    Containing,
    Explicit,
    Implicit,
    Open,
    Range,
    SetOf,
    SignedSetOf,
    Size,
    alias,
    choice,
    sequence,
)
from cmcodec.types.pkcs10 import Attribute
from cmcodec.types.pkix import (
    AlgorithmIdentifier,
    Certificate,
    CertificateList,
    IssuerAndSerialNumber,
    Time,
)


@sequence
class ContentInfo(Asn1):
    """RFC 5652 §3: a content with the OID of its type, the outermost type of every CMS message.

    ::

        ContentInfo ::= SEQUENCE {
          contentType ContentType,
          content [0] EXPLICIT ANY DEFINED BY contentType }

        ContentType ::= OBJECT IDENTIFIER
    """

    content_type: OID
    content: Annotated[Asn1, Open("content"), Explicit(0)]


@alias
class Data(Asn1):
    """RFC 5652 §4: the content of id-data.

    ::

        Data ::= OCTET STRING

    RFC 5652 prints no ASN.1 for it; this is that of RFC 2315 §8.
    """

    value: bytes


@sequence
class EncapsulatedContentInfo(Asn1):
    """RFC 5652 §5.2: the signed, digested or authenticated content and its type.

    ::

        EncapsulatedContentInfo ::= SEQUENCE {
          eContentType ContentType,
          eContent [0] EXPLICIT OCTET STRING OPTIONAL }

    A PKIData or PKIResponse in ``e_content`` is validated, and stays octets.
    """

    e_content_type: OID
    e_content: Annotated[bytes | None, Containing("encapsulated"), Explicit(0)] = None


@sequence
class OtherCertificateFormat(Asn1):
    """RFC 5652 §10.2.2: a certificate of any other format, the alternative ``other``.

    ::

        OtherCertificateFormat ::= SEQUENCE {
          otherCertFormat OBJECT IDENTIFIER,
          otherCert ANY DEFINED BY otherCertFormat }
    """

    other_cert_format: OID
    other_cert: AsIssued[TLV]


@choice
class CertificateChoices(Choice):
    """RFC 5652 §10.2.2: one certificate, of one of five formats.

    ::

        CertificateChoices ::= CHOICE {
          certificate Certificate,
          extendedCertificate [0] IMPLICIT ExtendedCertificate,  -- Obsolete
          v1AttrCert [1] IMPLICIT AttributeCertificateV1,        -- Obsolete
          v2AttrCert [2] IMPLICIT AttributeCertificateV2,
          other [3] IMPLICIT OtherCertificateFormat }

    Attribute certificates and PKCS#6 certificates stay octets, in which neither the order of a SET
    OF nor DEFAULT values count, as their issuers have signed them (rule P3).
    """

    certificate: Certificate | None = None
    extended_certificate: Annotated[AsIssued[TLV] | None, Implicit(0)] = None
    v1_attr_cert: Annotated[AsIssued[TLV] | None, Implicit(1)] = None
    v2_attr_cert: Annotated[AsIssued[TLV] | None, Implicit(2)] = None
    other: Annotated[OtherCertificateFormat | None, Implicit(3)] = None


@sequence
class OtherRevocationInfoFormat(Asn1):
    """RFC 5652 §10.2.1: revocation information of any other format, an OCSP response say.

    ::

        OtherRevocationInfoFormat ::= SEQUENCE {
          otherRevInfoFormat OBJECT IDENTIFIER,
          otherRevInfo ANY DEFINED BY otherRevInfoFormat }
    """

    other_rev_info_format: OID
    other_rev_info: TLV


@choice
class RevocationInfoChoice(Choice):
    """RFC 5652 §10.2.1: one CRL, or revocation information of another format.

    ::

        RevocationInfoChoice ::= CHOICE {
          crl CertificateList,
          other [1] IMPLICIT OtherRevocationInfoFormat }
    """

    crl: CertificateList | None = None
    other: Annotated[OtherRevocationInfoFormat | None, Implicit(1)] = None


@choice
class SignerIdentifier(Choice):
    """RFC 5652 §5.3: which certificate verifies a signature.

    ::

        SignerIdentifier ::= CHOICE {
          issuerAndSerialNumber IssuerAndSerialNumber,
          subjectKeyIdentifier [0] SubjectKeyIdentifier }

        SubjectKeyIdentifier ::= OCTET STRING
    """

    issuer_and_serial_number: IssuerAndSerialNumber | None = None
    subject_key_identifier: Annotated[bytes | None, Implicit(0)] = None


@sequence
class SignerInfo(Asn1):
    """RFC 5652 §5.3: who signed, and how.

    ::

        SignerInfo ::= SEQUENCE {
          version CMSVersion,
          sid SignerIdentifier,
          digestAlgorithm DigestAlgorithmIdentifier,
          signedAttrs [0] IMPLICIT SignedAttributes OPTIONAL,
          signatureAlgorithm SignatureAlgorithmIdentifier,
          signature SignatureValue,
          unsignedAttrs [1] IMPLICIT UnsignedAttributes OPTIONAL }

        SignedAttributes ::= SET SIZE (1..MAX) OF Attribute
        UnsignedAttributes ::= SET SIZE (1..MAX) OF Attribute
        SignatureValue ::= OCTET STRING
    """

    version: int
    sid: SignerIdentifier
    digest_algorithm: AlgorithmIdentifier
    signed_attrs: Annotated[SignedSetOf[Attribute] | None, Size(1), Implicit(0)] = None
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    unsigned_attrs: Annotated[SetOf[Attribute] | None, Size(1), Implicit(1)] = None


@sequence
class SignedData(Asn1):
    """RFC 5652 §5.1: a content with its signatures, certificates and CRLs.

    ::

        SignedData ::= SEQUENCE {
          version CMSVersion,
          digestAlgorithms DigestAlgorithmIdentifiers,
          encapContentInfo EncapsulatedContentInfo,
          certificates [0] IMPLICIT CertificateSet OPTIONAL,
          crls [1] IMPLICIT RevocationInfoChoices OPTIONAL,
          signerInfos SignerInfos }

        DigestAlgorithmIdentifiers ::= SET OF DigestAlgorithmIdentifier
        SignerInfos ::= SET OF SignerInfo
        CertificateSet ::= SET OF CertificateChoices
        RevocationInfoChoices ::= SET OF RevocationInfoChoice
        CMSVersion ::= INTEGER { v0(0), v1(1), v2(2), v3(3), v4(4), v5(5) }
    """

    version: int
    digest_algorithms: SetOf[AlgorithmIdentifier]
    encap_content_info: EncapsulatedContentInfo
    certificates: Annotated[SetOf[CertificateChoices] | None, Implicit(0)] = None
    crls: Annotated[SetOf[RevocationInfoChoice] | None, Implicit(1)] = None
    signer_infos: SetOf[SignerInfo]


@sequence
class OriginatorInfo(Asn1):
    """RFC 5652 §6.1: certificates and CRLs of the sender of an encrypted or authenticated content.

    ::

        OriginatorInfo ::= SEQUENCE {
          certs [0] IMPLICIT CertificateSet OPTIONAL,
          crls [1] IMPLICIT RevocationInfoChoices OPTIONAL }

        CertificateSet ::= SET OF CertificateChoices
        RevocationInfoChoices ::= SET OF RevocationInfoChoice
    """

    certs: Annotated[SetOf[CertificateChoices] | None, Implicit(0)] = None
    crls: Annotated[SetOf[RevocationInfoChoice] | None, Implicit(1)] = None


@choice
class RecipientIdentifier(Choice):
    """RFC 5652 §6.2.1: which certificate of the recipient the sender used.

    ::

        RecipientIdentifier ::= CHOICE {
          issuerAndSerialNumber IssuerAndSerialNumber,
          subjectKeyIdentifier [0] SubjectKeyIdentifier }

        SubjectKeyIdentifier ::= OCTET STRING
    """

    issuer_and_serial_number: IssuerAndSerialNumber | None = None
    subject_key_identifier: Annotated[bytes | None, Implicit(0)] = None


@sequence
class KeyTransRecipientInfo(Asn1):
    """RFC 5652 §6.2.1: the key encrypted with the recipient's public key, by RSA say.

    ::

        KeyTransRecipientInfo ::= SEQUENCE {
          version CMSVersion,  -- always set to 0 or 2
          rid RecipientIdentifier,
          keyEncryptionAlgorithm KeyEncryptionAlgorithmIdentifier,
          encryptedKey EncryptedKey }

        EncryptedKey ::= OCTET STRING
    """

    version: int
    rid: RecipientIdentifier
    key_encryption_algorithm: AlgorithmIdentifier
    encrypted_key: bytes


@sequence
class OriginatorPublicKey(Asn1):
    """RFC 5652 §6.2.2: the sender's public key for key agreement.

    ::

        OriginatorPublicKey ::= SEQUENCE {
          algorithm AlgorithmIdentifier,
          publicKey BIT STRING }
    """

    algorithm: AlgorithmIdentifier
    public_key: BitString


@choice
class OriginatorIdentifierOrKey(Choice):
    """RFC 5652 §6.2.2: the sender's key for key agreement, by its certificate or as it is.

    ::

        OriginatorIdentifierOrKey ::= CHOICE {
          issuerAndSerialNumber IssuerAndSerialNumber,
          subjectKeyIdentifier [0] SubjectKeyIdentifier,
          originatorKey [1] OriginatorPublicKey }

        SubjectKeyIdentifier ::= OCTET STRING
    """

    issuer_and_serial_number: IssuerAndSerialNumber | None = None
    subject_key_identifier: Annotated[bytes | None, Implicit(0)] = None
    originator_key: Annotated[OriginatorPublicKey | None, Implicit(1)] = None


@sequence
class OtherKeyAttribute(Asn1):
    """RFC 5652 §10.2.7: a further attribute by which a recipient finds its key.

    ::

        OtherKeyAttribute ::= SEQUENCE {
          keyAttrId OBJECT IDENTIFIER,
          keyAttr ANY DEFINED BY keyAttrId OPTIONAL }
    """

    key_attr_id: OID
    key_attr: TLV | None = None


@sequence
class RecipientKeyIdentifier(Asn1):
    """RFC 5652 §6.2.2: the recipient's key for key agreement, by its key identifier.

    ::

        RecipientKeyIdentifier ::= SEQUENCE {
          subjectKeyIdentifier SubjectKeyIdentifier,
          date GeneralizedTime OPTIONAL,
          other OtherKeyAttribute OPTIONAL }

        SubjectKeyIdentifier ::= OCTET STRING
    """

    subject_key_identifier: bytes
    date: datetime | None = None
    other: OtherKeyAttribute | None = None


@choice
class KeyAgreeRecipientIdentifier(Choice):
    """RFC 5652 §6.2.2: which certificate of the recipient the sender used for key agreement.

    ::

        KeyAgreeRecipientIdentifier ::= CHOICE {
          issuerAndSerialNumber IssuerAndSerialNumber,
          rKeyId [0] IMPLICIT RecipientKeyIdentifier }
    """

    issuer_and_serial_number: IssuerAndSerialNumber | None = None
    r_key_id: Annotated[RecipientKeyIdentifier | None, Implicit(0)] = None


@sequence
class RecipientEncryptedKey(Asn1):
    """RFC 5652 §6.2.2: one recipient of a key agreement, and the key encrypted for it.

    ::

        RecipientEncryptedKey ::= SEQUENCE {
          rid KeyAgreeRecipientIdentifier,
          encryptedKey EncryptedKey }

        EncryptedKey ::= OCTET STRING
    """

    rid: KeyAgreeRecipientIdentifier
    encrypted_key: bytes


@sequence
class KeyAgreeRecipientInfo(Asn1):
    """RFC 5652 §6.2.2: the key encrypted under keys agreed with the recipients, by ECDH say.

    ::

        KeyAgreeRecipientInfo ::= SEQUENCE {
          version CMSVersion,  -- always set to 3
          originator [0] EXPLICIT OriginatorIdentifierOrKey,
          ukm [1] EXPLICIT UserKeyingMaterial OPTIONAL,
          keyEncryptionAlgorithm KeyEncryptionAlgorithmIdentifier,
          recipientEncryptedKeys RecipientEncryptedKeys }

        RecipientEncryptedKeys ::= SEQUENCE OF RecipientEncryptedKey
        UserKeyingMaterial ::= OCTET STRING
    """

    version: int
    originator: Annotated[OriginatorIdentifierOrKey, Explicit(0)]
    ukm: Annotated[bytes | None, Explicit(1)] = None
    key_encryption_algorithm: AlgorithmIdentifier
    recipient_encrypted_keys: tuple[RecipientEncryptedKey, ...]


@sequence
class KEKIdentifier(Asn1):
    """RFC 5652 §6.2.3: which key-encryption key, known to both sides before, the sender used.

    ::

        KEKIdentifier ::= SEQUENCE {
          keyIdentifier OCTET STRING,
          date GeneralizedTime OPTIONAL,
          other OtherKeyAttribute OPTIONAL }
    """

    key_identifier: bytes
    date: datetime | None = None
    other: OtherKeyAttribute | None = None


@sequence
class KEKRecipientInfo(Asn1):
    """RFC 5652 §6.2.3: the key encrypted under a key-encryption key that both sides know.

    ::

        KEKRecipientInfo ::= SEQUENCE {
          version CMSVersion,  -- always set to 4
          kekid KEKIdentifier,
          keyEncryptionAlgorithm KeyEncryptionAlgorithmIdentifier,
          encryptedKey EncryptedKey }

        EncryptedKey ::= OCTET STRING
    """

    version: int
    kekid: KEKIdentifier
    key_encryption_algorithm: AlgorithmIdentifier
    encrypted_key: bytes


@sequence
class PasswordRecipientInfo(Asn1):
    """RFC 5652 §6.2.4: the key encrypted under a password or shared secret.

    ::

        PasswordRecipientInfo ::= SEQUENCE {
          version CMSVersion,  -- Always set to 0
          keyDerivationAlgorithm [0] KeyDerivationAlgorithmIdentifier OPTIONAL,
          keyEncryptionAlgorithm KeyEncryptionAlgorithmIdentifier,
          encryptedKey EncryptedKey }

        EncryptedKey ::= OCTET STRING

    It is the recipient of a CMC AuthenticatedData (R-023).
    """

    version: int
    key_derivation_algorithm: Annotated[AlgorithmIdentifier | None, Implicit(0)] = None
    key_encryption_algorithm: AlgorithmIdentifier
    encrypted_key: bytes


@sequence
class OtherRecipientInfo(Asn1):
    """RFC 5652 §6.2.5: a recipient of a kind that RFC 5652 does not name, KEMRecipientInfo say.

    ::

        OtherRecipientInfo ::= SEQUENCE {
          oriType OBJECT IDENTIFIER,
          oriValue ANY DEFINED BY oriType }
    """

    ori_type: OID
    ori_value: Annotated[Asn1, Open("recipient")]


@sequence
class KEMRecipientInfo(Asn1):
    """RFC 9629 §3: the key encrypted by a KEM, ML-KEM say; the value of id-ori-kem.

    ::

        KEMRecipientInfo ::= SEQUENCE {
          version CMSVersion,  -- always set to 0
          rid RecipientIdentifier,
          kem KEMAlgorithmIdentifier,
          kemct OCTET STRING,
          kdf KeyDerivationAlgorithmIdentifier,
          kekLength INTEGER (1..65535),
          ukm [0] EXPLICIT UserKeyingMaterial OPTIONAL,
          wrap KeyEncryptionAlgorithmIdentifier,
          encryptedKey EncryptedKey }

        UserKeyingMaterial ::= OCTET STRING
        EncryptedKey ::= OCTET STRING
    """

    version: int
    rid: RecipientIdentifier
    kem: AlgorithmIdentifier
    kemct: bytes
    kdf: AlgorithmIdentifier
    kek_length: Annotated[int, Range(1, 65535)]
    ukm: Annotated[bytes | None, Explicit(0)] = None
    wrap: AlgorithmIdentifier
    encrypted_key: bytes


@choice
class RecipientInfo(Choice):
    """RFC 5652 §6.2: one recipient, and how it gets the key.

    ::

        RecipientInfo ::= CHOICE {
          ktri KeyTransRecipientInfo,
          kari [1] KeyAgreeRecipientInfo,
          kekri [2] KEKRecipientInfo,
          pwri [3] PasswordRecipientInfo,
          ori [4] OtherRecipientInfo }
    """

    ktri: KeyTransRecipientInfo | None = None
    kari: Annotated[KeyAgreeRecipientInfo | None, Implicit(1)] = None
    kekri: Annotated[KEKRecipientInfo | None, Implicit(2)] = None
    pwri: Annotated[PasswordRecipientInfo | None, Implicit(3)] = None
    ori: Annotated[OtherRecipientInfo | None, Implicit(4)] = None


@sequence
class EncryptedContentInfo(Asn1):
    """RFC 5652 §6.1: the encrypted content, its type and the algorithm.

    ::

        EncryptedContentInfo ::= SEQUENCE {
          contentType ContentType,
          contentEncryptionAlgorithm ContentEncryptionAlgorithmIdentifier,
          encryptedContent [0] IMPLICIT EncryptedContent OPTIONAL }

        EncryptedContent ::= OCTET STRING
    """

    content_type: OID
    content_encryption_algorithm: AlgorithmIdentifier
    encrypted_content: Annotated[bytes | None, Implicit(0)] = None


@sequence
class EnvelopedData(Asn1):
    """RFC 5652 §6.1: a content encrypted for its recipients.

    ::

        EnvelopedData ::= SEQUENCE {
          version CMSVersion,
          originatorInfo [0] IMPLICIT OriginatorInfo OPTIONAL,
          recipientInfos RecipientInfos,
          encryptedContentInfo EncryptedContentInfo,
          unprotectedAttrs [1] IMPLICIT UnprotectedAttributes OPTIONAL }

        RecipientInfos ::= SET SIZE (1..MAX) OF RecipientInfo
        UnprotectedAttributes ::= SET SIZE (1..MAX) OF Attribute
    """

    version: int
    originator_info: Annotated[OriginatorInfo | None, Implicit(0)] = None
    recipient_infos: Annotated[SetOf[RecipientInfo], Size(1)]
    encrypted_content_info: EncryptedContentInfo
    unprotected_attrs: Annotated[SetOf[Attribute] | None, Size(1), Implicit(1)] = None


@sequence
class AuthEnvelopedData(Asn1):
    """RFC 5083 §2.1: a content encrypted for its recipients with authentication, by AES-GCM say.

    ::

        AuthEnvelopedData ::= SEQUENCE {
          version CMSVersion,
          originatorInfo [0] IMPLICIT OriginatorInfo OPTIONAL,
          recipientInfos RecipientInfos,
          authEncryptedContentInfo EncryptedContentInfo,
          authAttrs [1] IMPLICIT AuthAttributes OPTIONAL,
          mac MessageAuthenticationCode,
          unauthAttrs [2] IMPLICIT UnauthAttributes OPTIONAL }

        RecipientInfos ::= SET SIZE (1..MAX) OF RecipientInfo
        AuthAttributes ::= SET SIZE (1..MAX) OF Attribute
        UnauthAttributes ::= SET SIZE (1..MAX) OF Attribute
        MessageAuthenticationCode ::= OCTET STRING
    """

    version: int
    originator_info: Annotated[OriginatorInfo | None, Implicit(0)] = None
    recipient_infos: Annotated[SetOf[RecipientInfo], Size(1)]
    auth_encrypted_content_info: EncryptedContentInfo
    auth_attrs: Annotated[SignedSetOf[Attribute] | None, Size(1), Implicit(1)] = None
    mac: bytes
    unauth_attrs: Annotated[SetOf[Attribute] | None, Size(1), Implicit(2)] = None


@sequence
class AuthenticatedData(Asn1):
    """RFC 5652 §9.1: a content with a MAC whose key its recipients get.

    ::

        AuthenticatedData ::= SEQUENCE {
          version CMSVersion,
          originatorInfo [0] IMPLICIT OriginatorInfo OPTIONAL,
          recipientInfos RecipientInfos,
          macAlgorithm MessageAuthenticationCodeAlgorithm,
          digestAlgorithm [1] DigestAlgorithmIdentifier OPTIONAL,
          encapContentInfo EncapsulatedContentInfo,
          authAttrs [2] IMPLICIT AuthAttributes OPTIONAL,
          mac MessageAuthenticationCode,
          unauthAttrs [3] IMPLICIT UnauthAttributes OPTIONAL }

        RecipientInfos ::= SET SIZE (1..MAX) OF RecipientInfo
        AuthAttributes ::= SET SIZE (1..MAX) OF Attribute
        UnauthAttributes ::= SET SIZE (1..MAX) OF Attribute
        MessageAuthenticationCode ::= OCTET STRING
    """

    version: int
    originator_info: Annotated[OriginatorInfo | None, Implicit(0)] = None
    recipient_infos: Annotated[SetOf[RecipientInfo], Size(1)]
    mac_algorithm: AlgorithmIdentifier
    digest_algorithm: Annotated[AlgorithmIdentifier | None, Implicit(1)] = None
    encap_content_info: EncapsulatedContentInfo
    auth_attrs: Annotated[SignedSetOf[Attribute] | None, Size(1), Implicit(2)] = None
    mac: bytes
    unauth_attrs: Annotated[SetOf[Attribute] | None, Size(1), Implicit(3)] = None


@sequence
class DigestedData(Asn1):
    """RFC 5652 §7: a content with its digest.

    ::

        DigestedData ::= SEQUENCE {
          version CMSVersion,
          digestAlgorithm DigestAlgorithmIdentifier,
          encapContentInfo EncapsulatedContentInfo,
          digest Digest }

        Digest ::= OCTET STRING
    """

    version: int
    digest_algorithm: AlgorithmIdentifier
    encap_content_info: EncapsulatedContentInfo
    digest: bytes


@sequence
class EncryptedData(Asn1):
    """RFC 5652 §8: a content encrypted under a key that is agreed elsewhere.

    ::

        EncryptedData ::= SEQUENCE {
          version CMSVersion,
          encryptedContentInfo EncryptedContentInfo,
          unprotectedAttrs [1] IMPLICIT UnprotectedAttributes OPTIONAL }

        UnprotectedAttributes ::= SET SIZE (1..MAX) OF Attribute
    """

    version: int
    encrypted_content_info: EncryptedContentInfo
    unprotected_attrs: Annotated[SetOf[Attribute] | None, Size(1), Implicit(1)] = None


# --- attribute values ------------------------------------------------------------------------


@alias
class ContentType(Asn1):
    """RFC 5652 §11.1: the value of the attribute id-contentType, the type of the content.

    ::

        ContentType ::= OBJECT IDENTIFIER
    """

    value: OID


@alias
class MessageDigest(Asn1):
    """RFC 5652 §11.2: the value of the attribute id-messageDigest, the digest of the content.

    ::

        MessageDigest ::= OCTET STRING
    """

    value: bytes


@alias
class SigningTime(Asn1):
    """RFC 5652 §11.3: the value of the attribute id-signingTime, when the signer says it signed.

    ::

        SigningTime ::= Time

    It is reported, never trusted (rule V11).
    """

    value: Time


@sequence
class CMSAlgorithmProtection(Asn1):
    """RFC 6211 §2: the value of the attribute id-aa-CMSAlgorithmProtection, the algorithms again.

    ::

        CMSAlgorithmProtection ::= SEQUENCE {
          digestAlgorithm         DigestAlgorithmIdentifier,
          signatureAlgorithm  [1] SignatureAlgorithmIdentifier OPTIONAL,
          macAlgorithm        [2] MessageAuthenticationCodeAlgorithm OPTIONAL }
        (WITH COMPONENTS { signatureAlgorithm PRESENT, macAlgorithm ABSENT } |
         WITH COMPONENTS { signatureAlgorithm ABSENT, macAlgorithm PRESENT })
    """

    digest_algorithm: AlgorithmIdentifier
    signature_algorithm: Annotated[AlgorithmIdentifier | None, Implicit(1)] = None
    mac_algorithm: Annotated[AlgorithmIdentifier | None, Implicit(2)] = None
