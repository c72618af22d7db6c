"""The names of OBJECT IDENTIFIERs, in one table: what a person sees where a message has an OID.

Names are those of the ASN.1 modules that define them. Nothing is decided by this table: which OID
means which type stands in ``cmcodec.types.tables``, and which algorithms verify, in the backends.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LABELS", "NAMES", "name"]


def name(oid: str) -> str:
    """The name of an OID, or the OID itself where it has none here."""
    return NAMES.get(oid, oid)


def _arc(prefix: str, names: dict[str, str]) -> dict[str, str]:
    return {f"{prefix}.{last}": known for last, known in names.items()}


NAMES: Final[dict[str, str]] = {
    # Controls and attributes of CMC (RFC 10002 §6 and §7.1).
    **_arc(
        "1.3.6.1.5.5.7.7",
        {
            "1": "id-cmc-statusInfo",
            "2": "id-cmc-identification",
            "3": "id-cmc-identityProof",
            "4": "id-cmc-dataReturn",
            "5": "id-cmc-transactionId",
            "6": "id-cmc-senderNonce",
            "7": "id-cmc-recipientNonce",
            "8": "id-cmc-addExtensions",
            "9": "id-cmc-encryptedPOP",
            "10": "id-cmc-decryptedPOP",
            "11": "id-cmc-lraPOPWitness",
            "15": "id-cmc-getCert",
            "16": "id-cmc-getCRL",
            "17": "id-cmc-revokeRequest",
            "18": "id-cmc-regInfo",
            "19": "id-cmc-responseInfo",
            "21": "id-cmc-queryPending",
            "22": "id-cmc-popLinkRandom",
            "23": "id-cmc-popLinkWitness",
            "24": "id-cmc-confirmCertAcceptance",
            "25": "id-cmc-statusInfoV2",
            "26": "id-cmc-trustedAnchors",
            "27": "id-cmc-authData",
            "28": "id-cmc-batchRequests",
            "29": "id-cmc-batchResponses",
            "30": "id-cmc-publishCert",
            "31": "id-cmc-modCertTemplate",
            "32": "id-cmc-controlProcessed",
            "33": "id-cmc-popLinkWitnessV2",
            "34": "id-cmc-identityProofV2",
            "35": "id-cmc-raIdentityWitness",
            "36": "id-cmc-changeSubjectName",
            "37": "id-cmc-responseBody",
            "99": "id-cmc-glaRR",
        },
    ),
    # Content types (RFC 10002 §3.2, RFC 5652, RFC 5083, RFC 4211).
    "1.3.6.1.5.5.7.12.1": "id-cct-crs",
    "1.3.6.1.5.5.7.12.2": "id-cct-PKIData",
    "1.3.6.1.5.5.7.12.3": "id-cct-PKIResponse",
    **_arc(
        "1.2.840.113549.1.7",
        {
            "1": "id-data",
            "2": "id-signedData",
            "3": "id-envelopedData",
            "5": "id-digestedData",
            "6": "id-encryptedData",
        },
    ),
    "1.2.840.113549.1.9.16.1.2": "id-ct-authData",
    "1.2.840.113549.1.9.16.1.21": "id-ct-encKeyWithID",
    "1.2.840.113549.1.9.16.1.23": "id-ct-authEnvelopedData",
    "1.2.840.113549.1.9.16.13.3": "id-ori-kem",
    # Extended failure information (RFC 10002 §6.1.1, RFC 5275).
    "1.3.6.1.5.5.7.15": "id-cet",
    "1.3.6.1.5.5.7.15.1": "id-cet-skdFailInfo",
    # Attributes (PKCS#9, RFC 5652 §11, RFC 6211, RFC 10002 §3.2.3).
    **_arc(
        "1.2.840.113549.1.9",
        {
            "1": "id-emailAddress",
            "2": "id-unstructuredName",
            "3": "id-contentType",
            "4": "id-messageDigest",
            "5": "id-signingTime",
            "6": "id-countersignature",
            "7": "id-challengePassword",
            "8": "id-unstructuredAddress",
            "14": "id-extensionRequest",
            "52": "id-aa-cmsAlgorithmProtect",
            "16.2.12": "id-aa-signingCertificate",
            "16.2.34": "id-aa-cmc-unsignedData",
            "16.2.47": "id-aa-signingCertificateV2",
        },
    ),
    "1.3.6.1.4.1.311.2.1.14": "szOID_CERT_EXTENSIONS",
    # Registration controls and information of CRMF (RFC 4211 §6 and §7).
    **_arc(
        "1.3.6.1.5.5.7.5.1",
        {
            "1": "id-regCtrl-regToken",
            "2": "id-regCtrl-authenticator",
            "3": "id-regCtrl-pkiPublicationInfo",
            "4": "id-regCtrl-pkiArchiveOptions",
            "5": "id-regCtrl-oldCertID",
            "6": "id-regCtrl-protocolEncrKey",
        },
    ),
    "1.3.6.1.5.5.7.5.2.1": "id-regInfo-utf8Pairs",
    "1.3.6.1.5.5.7.5.2.2": "id-regInfo-certReq",
    # Digests (RFC 5754, RFC 8702).
    "1.3.14.3.2.26": "id-sha1",
    **_arc(
        "2.16.840.1.101.3.4.2",
        {
            "1": "id-sha256",
            "2": "id-sha384",
            "3": "id-sha512",
            "4": "id-sha224",
            "6": "id-sha512-256",
            "8": "id-sha3-256",
            "9": "id-sha3-384",
            "10": "id-sha3-512",
            "11": "id-shake128",
            "12": "id-shake256",
            "18": "id-shake256-len",
            "19": "id-KmacWithSHAKE128",
            "20": "id-KmacWithSHAKE256",
        },
    ),
    # MACs and key derivation (RFC 4231, RFC 8018, RFC 4211).
    "1.3.6.1.5.5.8.1.2": "hMAC-SHA1",
    **_arc(
        "1.2.840.113549.2",
        {
            "7": "id-hmacWithSHA1",
            "8": "id-hmacWithSHA224",
            "9": "id-hmacWithSHA256",
            "10": "id-hmacWithSHA384",
            "11": "id-hmacWithSHA512",
            "12": "id-hmacWithSHA512-224",
            "13": "id-hmacWithSHA512-256",
        },
    ),
    "1.2.840.113549.1.5.12": "id-PBKDF2",
    "1.2.840.113533.7.66.13": "id-PasswordBasedMac",
    # Signatures and public keys (RFC 4055, RFC 5758, RFC 8410, RFC 9882).
    **_arc(
        "1.2.840.113549.1.1",
        {
            "1": "rsaEncryption",
            "5": "sha1WithRSAEncryption",
            "7": "id-RSAES-OAEP",
            "8": "id-mgf1",
            "9": "id-pSpecified",
            "10": "id-RSASSA-PSS",
            "11": "sha256WithRSAEncryption",
            "12": "sha384WithRSAEncryption",
            "13": "sha512WithRSAEncryption",
            "14": "sha224WithRSAEncryption",
        },
    ),
    "1.2.840.10040.4.1": "id-dsa",
    "1.2.840.10040.4.3": "id-dsa-with-sha1",
    "2.16.840.1.101.3.4.3.1": "id-dsa-with-sha224",
    "2.16.840.1.101.3.4.3.2": "id-dsa-with-sha256",
    "1.2.840.10045.2.1": "id-ecPublicKey",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.2.840.10045.3.1.7": "secp256r1",
    "1.3.132.0.34": "secp384r1",
    "1.3.132.0.35": "secp521r1",
    "1.2.840.10046.2.1": "dhpublicnumber",
    "1.3.101.110": "id-X25519",
    "1.3.101.111": "id-X448",
    "1.3.101.112": "id-Ed25519",
    "1.3.101.113": "id-Ed448",
    "2.16.840.1.101.3.4.3.17": "id-ml-dsa-44",
    "2.16.840.1.101.3.4.3.18": "id-ml-dsa-65",
    "2.16.840.1.101.3.4.3.19": "id-ml-dsa-87",
    # No signature, and proofs of possession of Diffie-Hellman keys (RFC 10002 §C, RFC 6955).
    **_arc(
        "1.3.6.1.5.5.7.6",
        {
            "2": "id-alg-noSignature",
            "3": "id-alg-dhPop-static-sha1-hmac-sha1",
            "4": "id-alg-dhPop-sha1",
            "5": "id-alg-dhPop-sha224",
            "6": "id-alg-dhPop-sha256",
            "7": "id-alg-dhPop-sha384",
            "8": "id-alg-dhPop-sha512",
            "15": "id-alg-dhPop-static-sha224-hmac-sha224",
            "16": "id-alg-dhPop-static-sha256-hmac-sha256",
            "17": "id-alg-dhPop-static-sha384-hmac-sha384",
            "18": "id-alg-dhPop-static-sha512-hmac-sha512",
            "25": "id-alg-ecdhPop-static-sha224-hmac-sha224",
            "26": "id-alg-ecdhPop-static-sha256-hmac-sha256",
            "27": "id-alg-ecdhPop-static-sha384-hmac-sha384",
            "28": "id-alg-ecdhPop-static-sha512-hmac-sha512",
        },
    ),
    # Key management (RFC 3370, RFC 5753, RFC 8418).
    **_arc(
        "1.2.840.113549.1.9.16.3",
        {
            "5": "id-alg-ESDH",
            "6": "id-alg-CMS3DESwrap",
            "9": "id-alg-PWRI-KEK",
            "10": "id-alg-SSDH",
            "19": "dhSinglePass-stdDH-hkdf-sha256-scheme",
            "20": "dhSinglePass-stdDH-hkdf-sha384-scheme",
            "21": "dhSinglePass-stdDH-hkdf-sha512-scheme",
        },
    ),
    "1.3.133.16.840.63.0.2": "dhSinglePass-stdDH-sha1kdf-scheme",
    "1.3.132.1.11.0": "dhSinglePass-stdDH-sha224kdf-scheme",
    "1.3.132.1.11.1": "dhSinglePass-stdDH-sha256kdf-scheme",
    "1.3.132.1.11.2": "dhSinglePass-stdDH-sha384kdf-scheme",
    "1.3.132.1.11.3": "dhSinglePass-stdDH-sha512kdf-scheme",
    # Content encryption and key wrap (RFC 3565, RFC 5084, RFC 3370).
    "1.2.840.113549.3.7": "des-ede3-cbc",
    **_arc(
        "2.16.840.1.101.3.4.1",
        {
            "2": "id-aes128-CBC",
            "5": "id-aes128-wrap",
            "6": "id-aes128-GCM",
            "7": "id-aes128-CCM",
            "22": "id-aes192-CBC",
            "25": "id-aes192-wrap",
            "26": "id-aes192-GCM",
            "27": "id-aes192-CCM",
            "42": "id-aes256-CBC",
            "45": "id-aes256-wrap",
            "46": "id-aes256-GCM",
            "47": "id-aes256-CCM",
        },
    ),
    # Attributes of names (RFC 5280 §A.1, RFC 4519).
    **_arc(
        "2.5.4",
        {
            "3": "id-at-commonName",
            "4": "id-at-surname",
            "5": "id-at-serialNumber",
            "6": "id-at-countryName",
            "7": "id-at-localityName",
            "8": "id-at-stateOrProvinceName",
            "9": "id-at-streetAddress",
            "10": "id-at-organizationName",
            "11": "id-at-organizationalUnitName",
            "12": "id-at-title",
            "41": "id-at-name",
            "42": "id-at-givenName",
            "43": "id-at-initials",
            "44": "id-at-generationQualifier",
            "46": "id-at-dnQualifier",
            "65": "id-at-pseudonym",
            "97": "id-at-organizationIdentifier",
        },
    ),
    "0.9.2342.19200300.100.1.1": "id-at-userId",
    "0.9.2342.19200300.100.1.25": "id-domainComponent",
    # Extensions of certificates and CRLs (RFC 5280 §4.2 and §5).
    **_arc(
        "2.5.29",
        {
            "9": "id-ce-subjectDirectoryAttributes",
            "14": "id-ce-subjectKeyIdentifier",
            "15": "id-ce-keyUsage",
            "16": "id-ce-privateKeyUsagePeriod",
            "17": "id-ce-subjectAltName",
            "18": "id-ce-issuerAltName",
            "19": "id-ce-basicConstraints",
            "20": "id-ce-cRLNumber",
            "21": "id-ce-cRLReasons",
            "24": "id-ce-invalidityDate",
            "27": "id-ce-deltaCRLIndicator",
            "28": "id-ce-issuingDistributionPoint",
            "29": "id-ce-certificateIssuer",
            "30": "id-ce-nameConstraints",
            "31": "id-ce-cRLDistributionPoints",
            "32": "id-ce-certificatePolicies",
            "33": "id-ce-policyMappings",
            "35": "id-ce-authorityKeyIdentifier",
            "36": "id-ce-policyConstraints",
            "37": "id-ce-extKeyUsage",
            "46": "id-ce-freshestCRL",
            "54": "id-ce-inhibitAnyPolicy",
        },
    ),
    "1.3.6.1.5.5.7.1.1": "id-pe-authorityInfoAccess",
    "1.3.6.1.5.5.7.1.11": "id-pe-subjectInfoAccess",
    # Key purposes and the access method of CMC servers (RFC 10002 §9, RFC 5280 §4.2.1.12).
    **_arc(
        "1.3.6.1.5.5.7.3",
        {
            "1": "id-kp-serverAuth",
            "2": "id-kp-clientAuth",
            "3": "id-kp-codeSigning",
            "4": "id-kp-emailProtection",
            "8": "id-kp-timeStamping",
            "9": "id-kp-OCSPSigning",
            "27": "id-kp-cmcCA",
            "28": "id-kp-cmcRA",
            "29": "id-kp-cmcArchive",
        },
    ),
    "1.3.6.1.5.5.7.48.12": "id-ad-cmc",
}
"""The name of every OID that RFC 10002, RFC 10004 and what they import speak of."""

LABELS: Final[dict[str, str]] = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.42": "givenName",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}
"""The short forms of name attributes in the text form of a name (RFC 4514 §3, RFC 4519)."""
