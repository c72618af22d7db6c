"""What Windows puts into requests and responses (MS-WCCE, MS-CRTD, certenroll).

The ASN.1 is that of Microsoft's documents. Where it is the type of an attribute or a control, it
counts as far as it fits: Windows takes liberties with it, and a value of another form is a `TLV`,
as if nobody had published anything (see `tables.TOLERANT`). Values of extensions are read with
``from_der``, as those of other extensions are.
"""

from __future__ import annotations

from typing import Annotated

from cmcodec.asn1 import (
    OID,
    Asn1,
    BitString,
    BMPString,
    Choice,
    Elements,
    FieldName,
    IA5String,
    Range,
    SetOf,
    Size,
    alias,
    choice,
    sequence,
)
from cmcodec.types.cmc import BodyPartID
from cmcodec.types.pkcs10 import Attribute
from cmcodec.types.pkix import PolicyInformation

# --- controls ------------------------------------------------------------------------------------


@choice
class BodyPartIDSequence(Choice):
    """The certReferences of a `CMCAddAttributes`.

    ::

        BodyPartIDSequence ::= SEQUENCE OF BodyPartID

    Windows writes a SET OF too. ``value`` is the tuple of either.
    """

    sequence: tuple[BodyPartID, ...] | None = None
    set: SetOf[BodyPartID] | None = None


@sequence
class CMCAddAttributes(Asn1):
    """szOID_CMC_ADD_ATTRIBUTES: attributes added to requests, as addExtensions adds extensions.

    ::

        CmcAddAttributes ::= SEQUENCE {
          pkiDataReference        BodyPartID,
          certReferences          BodyPartIDSequence,
          attributes              Attributes }

        Attributes ::= SET OF Attribute
    """

    pki_data_reference: BodyPartID
    cert_references: BodyPartIDSequence
    attributes: SetOf[Attribute]


# --- attributes ----------------------------------------------------------------------------------


@choice
class OSVersion(Choice):
    """MS-WCCE §2.2.2.7.1, szOID_OS_VERSION: the client's operating system, ``"10.0.26100.2"`` say.

    ::

        AnyString ::= CHOICE {
          …
          ia5String       IA5STRING,
          …
          bmpString       BMPSTRING }

    The standard lists every string type of ASN.1, and wants an IA5String. The others stay octets.
    """

    ia5_string: IA5String | None = None
    bmp_string: BMPString | None = None


@sequence
class CSPProvider(Asn1):
    """MS-WCCE §2.2.2.7.2, szOID_ENROLLMENT_CSP_PROVIDER: what has made the key.

    ::

        CSPProvider ::= SEQUENCE {
          keySpec     INTEGER,
          cspName     BMPSTRING,
          signature   BITSTRING }
    """

    key_spec: int
    csp_name: BMPString
    signature: BitString


@sequence
class EnrollmentNameValuePair(Asn1):
    """MS-WCCE §2.2.2.7.10, szOID_ENROLLMENT_NAME_VALUE_PAIR: one of a client's wishes.

    ::

        EnrollmentNameValuePair ::= SEQUENCE {
          name     BMPSTRING,
          value    BMPSTRING }

    An attribute has one for each of its values.
    """

    name: BMPString
    value: BMPString


@sequence
class RequestClientInfo(Asn1):
    """MS-WCCE §2.2.2.7.4, szOID_REQUEST_CLIENT_INFO: who asks, by which program.

    ::

        SEQUENCE {
          clientId       INTEGER,
          MachineName    UTF8STRING,
          UserName       UTF8STRING,
          ProcessName    UTF8STRING }
    """

    client_id: int
    machine_name: Annotated[str, FieldName("MachineName")]
    user_name: Annotated[str, FieldName("UserName")]
    process_name: Annotated[str, FieldName("ProcessName")]


@alias
class EncryptedKeyHash(Asn1):
    """MS-WCCE §2.2.2.7.9, szOID_ENCRYPTED_KEY_HASH: the hash of the key to archive.

    ::

        OCTET STRING
    """

    value: bytes


@alias
class IssuedCertHash(Asn1):
    """MS-WCCE §2.2.2.7.11, szOID_ISSUED_CERT_HASH: the SHA-1 of the certificate issued.

    ::

        OCTET STRING
    """

    value: bytes


@alias
class EnrollAttestationStatement(Asn1):
    """szOID_ENROLL_ATTESTATION_STATEMENT: the KeyAttestationStatement of MS-WCCE §2.2.2.5.

    ::

        OCTET STRING
    """

    value: bytes


@alias
class EnrollKSPName(Asn1):
    """MS-WCCE §2.2.2.7.14, szOID_ENROLL_KSP_NAME: the provider that encrypts the challenge.

    ::

        BMPSTRING
    """

    value: BMPString


@alias
class EnrollCAXchgCertHash(Asn1):
    """MS-WCCE §2.2.2.8.1.2, szOID_ENROLL_CAXCHGCERT_HASH: the SHA-1 of the exchange certificate.

    ::

        OCTET STRING
    """

    value: bytes


@alias
class EnrollAttestationChallenge(Asn1):
    """MS-WCCE §2.2.2.8.1.1, szOID_ENROLL_ATTESTATION_CHALLENGE: a secret, encrypted to the TPM.

    ::

        OCTET STRING
    """

    value: bytes


# --- extensions ----------------------------------------------------------------------------------


@sequence
class CertificateTemplateOID(Asn1):
    """MS-WCCE §2.2.2.7.7.2, szOID_CERTIFICATE_TEMPLATE: the template, version 2, of a certificate.

    ::

        CertificateTemplateOID ::= SEQUENCE {
          templateID              OBJECT IDENTIFIER,
          templateMajorVersion    INTEGER (0..4294967295) OPTIONAL,
          templateMinorVersion    INTEGER (0..4294967295) OPTIONAL }

    A minor version without a major one is read as a major one: nothing tells them apart.
    """

    template_id: Annotated[OID, FieldName("templateID")]
    template_major_version: Annotated[int | None, Range(0, 2**32 - 1)] = None
    template_minor_version: Annotated[int | None, Range(0, 2**32 - 1)] = None


@sequence
class CertificateTemplateName(Asn1):
    """MS-WCCE §2.2.2.7.7.1: the name of a template, version 1, as the standard has it.

    ::

        CertificateTemplateName ::= SEQUENCE {
          Name    UTF8String }
    """

    name: Annotated[str, FieldName("Name")]


@choice
class EnrollCertType(Choice):
    """MS-WCCE §2.2.2.7.7.1, szOID_ENROLL_CERTTYPE: the template, version 1, of a certificate.

    Windows writes a BMPString, where the standard has a `CertificateTemplateName`.
    """

    bmp_string: BMPString | None = None
    certificate_template_name: CertificateTemplateName | None = None


@alias
class ApplicationCertPolicies(Elements):
    """MS-WCCE §2.2.2.7.7.3, szOID_APPLICATION_CERT_POLICIES: what a key is for, as policies.

    ::

        CertificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation
    """

    value: Annotated[tuple[PolicyInformation, ...], Size(1)]
