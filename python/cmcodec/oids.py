"""Every OBJECT IDENTIFIER of this package, once: a constant, the number, and the standard's name.

Names are those of the ASN.1 modules that define them. Which identifier means which type stands in
`cmcodec.types.tables`; which algorithms are on offer, in `cmcodec.algorithms`.
"""

from __future__ import annotations

from typing import Final

NAMES: Final[dict[str, str]] = {}
"""The standard's name of every identifier that RFC 10002, RFC 10004 and what they import name."""


def _oid(number: str, name: str) -> str:
    NAMES[number] = name
    return number


def number(name: str) -> str | None:
    """The identifier of this name; None where there is none here."""
    return next((oid for oid, known in NAMES.items() if known == name), None)


def name(oid: str) -> str:
    """The name of an identifier, or the identifier itself where it has none here."""
    return NAMES.get(oid, oid)


ID_CMC: Final = "1.3.6.1.5.5.7.7"
"""The arc of the controls of CMC (RFC 10002 §6)."""

# Controls and attributes of CMC (RFC 10002 §6 and §7.1).
ID_CMC_STATUS_INFO = _oid("1.3.6.1.5.5.7.7.1", "id-cmc-statusInfo")
ID_CMC_IDENTIFICATION = _oid("1.3.6.1.5.5.7.7.2", "id-cmc-identification")
ID_CMC_IDENTITY_PROOF = _oid("1.3.6.1.5.5.7.7.3", "id-cmc-identityProof")
ID_CMC_DATA_RETURN = _oid("1.3.6.1.5.5.7.7.4", "id-cmc-dataReturn")
ID_CMC_TRANSACTION_ID = _oid("1.3.6.1.5.5.7.7.5", "id-cmc-transactionId")
ID_CMC_SENDER_NONCE = _oid("1.3.6.1.5.5.7.7.6", "id-cmc-senderNonce")
ID_CMC_RECIPIENT_NONCE = _oid("1.3.6.1.5.5.7.7.7", "id-cmc-recipientNonce")
ID_CMC_ADD_EXTENSIONS = _oid("1.3.6.1.5.5.7.7.8", "id-cmc-addExtensions")
ID_CMC_ENCRYPTED_POP = _oid("1.3.6.1.5.5.7.7.9", "id-cmc-encryptedPOP")
ID_CMC_DECRYPTED_POP = _oid("1.3.6.1.5.5.7.7.10", "id-cmc-decryptedPOP")
ID_CMC_LRA_POP_WITNESS = _oid("1.3.6.1.5.5.7.7.11", "id-cmc-lraPOPWitness")
ID_CMC_GET_CERT = _oid("1.3.6.1.5.5.7.7.15", "id-cmc-getCert")
ID_CMC_GET_CRL = _oid("1.3.6.1.5.5.7.7.16", "id-cmc-getCRL")
ID_CMC_REVOKE_REQUEST = _oid("1.3.6.1.5.5.7.7.17", "id-cmc-revokeRequest")
ID_CMC_REG_INFO = _oid("1.3.6.1.5.5.7.7.18", "id-cmc-regInfo")
ID_CMC_RESPONSE_INFO = _oid("1.3.6.1.5.5.7.7.19", "id-cmc-responseInfo")
ID_CMC_QUERY_PENDING = _oid("1.3.6.1.5.5.7.7.21", "id-cmc-queryPending")
ID_CMC_POP_LINK_RANDOM = _oid("1.3.6.1.5.5.7.7.22", "id-cmc-popLinkRandom")
ID_CMC_POP_LINK_WITNESS = _oid("1.3.6.1.5.5.7.7.23", "id-cmc-popLinkWitness")
ID_CMC_CONFIRM_CERT_ACCEPTANCE = _oid("1.3.6.1.5.5.7.7.24", "id-cmc-confirmCertAcceptance")
ID_CMC_STATUS_INFO_V2 = _oid("1.3.6.1.5.5.7.7.25", "id-cmc-statusInfoV2")
ID_CMC_TRUSTED_ANCHORS = _oid("1.3.6.1.5.5.7.7.26", "id-cmc-trustedAnchors")
ID_CMC_AUTH_DATA = _oid("1.3.6.1.5.5.7.7.27", "id-cmc-authData")
ID_CMC_BATCH_REQUESTS = _oid("1.3.6.1.5.5.7.7.28", "id-cmc-batchRequests")
ID_CMC_BATCH_RESPONSES = _oid("1.3.6.1.5.5.7.7.29", "id-cmc-batchResponses")
ID_CMC_PUBLISH_CERT = _oid("1.3.6.1.5.5.7.7.30", "id-cmc-publishCert")
ID_CMC_MOD_CERT_TEMPLATE = _oid("1.3.6.1.5.5.7.7.31", "id-cmc-modCertTemplate")
ID_CMC_CONTROL_PROCESSED = _oid("1.3.6.1.5.5.7.7.32", "id-cmc-controlProcessed")
ID_CMC_POP_LINK_WITNESS_V2 = _oid("1.3.6.1.5.5.7.7.33", "id-cmc-popLinkWitnessV2")
ID_CMC_IDENTITY_PROOF_V2 = _oid("1.3.6.1.5.5.7.7.34", "id-cmc-identityProofV2")
ID_CMC_RA_IDENTITY_WITNESS = _oid("1.3.6.1.5.5.7.7.35", "id-cmc-raIdentityWitness")
ID_CMC_CHANGE_SUBJECT_NAME = _oid("1.3.6.1.5.5.7.7.36", "id-cmc-changeSubjectName")
ID_CMC_RESPONSE_BODY = _oid("1.3.6.1.5.5.7.7.37", "id-cmc-responseBody")
ID_CMC_GLA_RR = _oid("1.3.6.1.5.5.7.7.99", "id-cmc-glaRR")

# Content types (RFC 10002 §3.2, RFC 5652, RFC 5083, RFC 4211, RFC 5958).
ID_CCT_CRS = _oid("1.3.6.1.5.5.7.12.1", "id-cct-crs")
ID_CCT_PKI_DATA = _oid("1.3.6.1.5.5.7.12.2", "id-cct-PKIData")
ID_CCT_PKI_RESPONSE = _oid("1.3.6.1.5.5.7.12.3", "id-cct-PKIResponse")
ID_DATA = _oid("1.2.840.113549.1.7.1", "id-data")
ID_SIGNED_DATA = _oid("1.2.840.113549.1.7.2", "id-signedData")
ID_ENVELOPED_DATA = _oid("1.2.840.113549.1.7.3", "id-envelopedData")
ID_DIGESTED_DATA = _oid("1.2.840.113549.1.7.5", "id-digestedData")
ID_ENCRYPTED_DATA = _oid("1.2.840.113549.1.7.6", "id-encryptedData")
ID_CT_AUTH_DATA = _oid("1.2.840.113549.1.9.16.1.2", "id-ct-authData")
ID_CT_TST_INFO = _oid("1.2.840.113549.1.9.16.1.4", "id-ct-TSTInfo")
ID_CT_ENC_KEY_WITH_ID = _oid("1.2.840.113549.1.9.16.1.21", "id-ct-encKeyWithID")
ID_CT_AUTH_ENVELOPED_DATA = _oid("1.2.840.113549.1.9.16.1.23", "id-ct-authEnvelopedData")
ID_CT_KP_A_KEY_PACKAGE = _oid("2.16.840.1.101.2.1.2.78.5", "id-ct-KP-aKeyPackage")
ID_ORI_KEM = _oid("1.2.840.113549.1.9.16.13.3", "id-ori-kem")

# Extended failure information (RFC 10002 §6.1.1, RFC 5275).
ID_CET = _oid("1.3.6.1.5.5.7.15", "id-cet")
ID_CET_SKD_FAIL_INFO = _oid("1.3.6.1.5.5.7.15.1", "id-cet-skdFailInfo")

# Attributes (PKCS#9, RFC 5652 §11, RFC 6211, RFC 10002 §3.2.3).
ID_EMAIL_ADDRESS = _oid("1.2.840.113549.1.9.1", "id-emailAddress")
ID_UNSTRUCTURED_NAME = _oid("1.2.840.113549.1.9.2", "id-unstructuredName")
ID_CONTENT_TYPE = _oid("1.2.840.113549.1.9.3", "id-contentType")
ID_MESSAGE_DIGEST = _oid("1.2.840.113549.1.9.4", "id-messageDigest")
ID_SIGNING_TIME = _oid("1.2.840.113549.1.9.5", "id-signingTime")
ID_COUNTERSIGNATURE = _oid("1.2.840.113549.1.9.6", "id-countersignature")
ID_CHALLENGE_PASSWORD = _oid("1.2.840.113549.1.9.7", "id-challengePassword")
ID_UNSTRUCTURED_ADDRESS = _oid("1.2.840.113549.1.9.8", "id-unstructuredAddress")
ID_EXTENSION_REQUEST = _oid("1.2.840.113549.1.9.14", "id-extensionRequest")
ID_SMIME_CAPABILITIES = _oid("1.2.840.113549.1.9.15", "id-smimeCapabilities")
ID_AA_CMS_ALGORITHM_PROTECT = _oid("1.2.840.113549.1.9.52", "id-aa-cmsAlgorithmProtect")
ID_AA_SIGNING_CERTIFICATE = _oid("1.2.840.113549.1.9.16.2.12", "id-aa-signingCertificate")
ID_AA_CMC_UNSIGNED_DATA = _oid("1.2.840.113549.1.9.16.2.34", "id-aa-cmc-unsignedData")
ID_AA_SIGNING_CERTIFICATE_V2 = _oid("1.2.840.113549.1.9.16.2.47", "id-aa-signingCertificateV2")
SZ_OID_CERT_EXTENSIONS = _oid("1.3.6.1.4.1.311.2.1.14", "szOID_CERT_EXTENSIONS")

# Registration controls and information of CRMF (RFC 4211 §6 and §7).
ID_REG_CTRL_REG_TOKEN = _oid("1.3.6.1.5.5.7.5.1.1", "id-regCtrl-regToken")
ID_REG_CTRL_AUTHENTICATOR = _oid("1.3.6.1.5.5.7.5.1.2", "id-regCtrl-authenticator")
ID_REG_CTRL_PKI_PUBLICATION_INFO = _oid("1.3.6.1.5.5.7.5.1.3", "id-regCtrl-pkiPublicationInfo")
ID_REG_CTRL_PKI_ARCHIVE_OPTIONS = _oid("1.3.6.1.5.5.7.5.1.4", "id-regCtrl-pkiArchiveOptions")
ID_REG_CTRL_OLD_CERT_ID = _oid("1.3.6.1.5.5.7.5.1.5", "id-regCtrl-oldCertID")
ID_REG_CTRL_PROTOCOL_ENCR_KEY = _oid("1.3.6.1.5.5.7.5.1.6", "id-regCtrl-protocolEncrKey")
ID_REG_INFO_UTF8_PAIRS = _oid("1.3.6.1.5.5.7.5.2.1", "id-regInfo-utf8Pairs")
ID_REG_INFO_CERT_REQ = _oid("1.3.6.1.5.5.7.5.2.2", "id-regInfo-certReq")

# Digests (RFC 5754, RFC 8702).
ID_SHA1 = _oid("1.3.14.3.2.26", "id-sha1")
ID_SHA256 = _oid("2.16.840.1.101.3.4.2.1", "id-sha256")
ID_SHA384 = _oid("2.16.840.1.101.3.4.2.2", "id-sha384")
ID_SHA512 = _oid("2.16.840.1.101.3.4.2.3", "id-sha512")
ID_SHA224 = _oid("2.16.840.1.101.3.4.2.4", "id-sha224")
ID_SHA512_256 = _oid("2.16.840.1.101.3.4.2.6", "id-sha512-256")
ID_SHA3_256 = _oid("2.16.840.1.101.3.4.2.8", "id-sha3-256")
ID_SHA3_384 = _oid("2.16.840.1.101.3.4.2.9", "id-sha3-384")
ID_SHA3_512 = _oid("2.16.840.1.101.3.4.2.10", "id-sha3-512")
ID_SHAKE128 = _oid("2.16.840.1.101.3.4.2.11", "id-shake128")
ID_SHAKE256 = _oid("2.16.840.1.101.3.4.2.12", "id-shake256")
ID_SHAKE256_LEN = _oid("2.16.840.1.101.3.4.2.18", "id-shake256-len")
ID_KMAC_WITH_SHAKE128 = _oid("2.16.840.1.101.3.4.2.19", "id-KmacWithSHAKE128")
ID_KMAC_WITH_SHAKE256 = _oid("2.16.840.1.101.3.4.2.20", "id-KmacWithSHAKE256")

# MACs and key derivation (RFC 4231, RFC 8018, RFC 4211).
HMAC_SHA1 = _oid("1.3.6.1.5.5.8.1.2", "hMAC-SHA1")
ID_HMAC_WITH_SHA1 = _oid("1.2.840.113549.2.7", "id-hmacWithSHA1")
ID_HMAC_WITH_SHA224 = _oid("1.2.840.113549.2.8", "id-hmacWithSHA224")
ID_HMAC_WITH_SHA256 = _oid("1.2.840.113549.2.9", "id-hmacWithSHA256")
ID_HMAC_WITH_SHA384 = _oid("1.2.840.113549.2.10", "id-hmacWithSHA384")
ID_HMAC_WITH_SHA512 = _oid("1.2.840.113549.2.11", "id-hmacWithSHA512")
ID_HMAC_WITH_SHA512_224 = _oid("1.2.840.113549.2.12", "id-hmacWithSHA512-224")
ID_HMAC_WITH_SHA512_256 = _oid("1.2.840.113549.2.13", "id-hmacWithSHA512-256")
ID_PBKDF2 = _oid("1.2.840.113549.1.5.12", "id-PBKDF2")
ID_PBES2 = _oid("1.2.840.113549.1.5.13", "id-PBES2")
ID_PASSWORD_BASED_MAC = _oid("1.2.840.113533.7.66.13", "id-PasswordBasedMac")

# Signatures and public keys (RFC 4055, RFC 5758, RFC 8410, RFC 9882).
RSA_ENCRYPTION = _oid("1.2.840.113549.1.1.1", "rsaEncryption")
SHA1_WITH_RSA_ENCRYPTION = _oid("1.2.840.113549.1.1.5", "sha1WithRSAEncryption")
SHA1_WITH_RSA_SIGNATURE = _oid("1.3.14.3.2.29", "sha1WithRSASignature")
ID_RSAES_OAEP = _oid("1.2.840.113549.1.1.7", "id-RSAES-OAEP")
ID_MGF1 = _oid("1.2.840.113549.1.1.8", "id-mgf1")
ID_P_SPECIFIED = _oid("1.2.840.113549.1.1.9", "id-pSpecified")
ID_RSASSA_PSS = _oid("1.2.840.113549.1.1.10", "id-RSASSA-PSS")
SHA256_WITH_RSA_ENCRYPTION = _oid("1.2.840.113549.1.1.11", "sha256WithRSAEncryption")
SHA384_WITH_RSA_ENCRYPTION = _oid("1.2.840.113549.1.1.12", "sha384WithRSAEncryption")
SHA512_WITH_RSA_ENCRYPTION = _oid("1.2.840.113549.1.1.13", "sha512WithRSAEncryption")
SHA224_WITH_RSA_ENCRYPTION = _oid("1.2.840.113549.1.1.14", "sha224WithRSAEncryption")
ID_DSA = _oid("1.2.840.10040.4.1", "id-dsa")
ID_DSA_WITH_SHA1 = _oid("1.2.840.10040.4.3", "id-dsa-with-sha1")
ID_DSA_WITH_SHA224 = _oid("2.16.840.1.101.3.4.3.1", "id-dsa-with-sha224")
ID_DSA_WITH_SHA256 = _oid("2.16.840.1.101.3.4.3.2", "id-dsa-with-sha256")
ID_EC_PUBLIC_KEY = _oid("1.2.840.10045.2.1", "id-ecPublicKey")
ECDSA_WITH_SHA1 = _oid("1.2.840.10045.4.1", "ecdsa-with-SHA1")
ECDSA_WITH_SHA224 = _oid("1.2.840.10045.4.3.1", "ecdsa-with-SHA224")
ECDSA_WITH_SHA256 = _oid("1.2.840.10045.4.3.2", "ecdsa-with-SHA256")
ECDSA_WITH_SHA384 = _oid("1.2.840.10045.4.3.3", "ecdsa-with-SHA384")
ECDSA_WITH_SHA512 = _oid("1.2.840.10045.4.3.4", "ecdsa-with-SHA512")
SECP256R1 = _oid("1.2.840.10045.3.1.7", "secp256r1")
SECP384R1 = _oid("1.3.132.0.34", "secp384r1")
SECP521R1 = _oid("1.3.132.0.35", "secp521r1")
DHPUBLICNUMBER = _oid("1.2.840.10046.2.1", "dhpublicnumber")
ID_X25519 = _oid("1.3.101.110", "id-X25519")
ID_X448 = _oid("1.3.101.111", "id-X448")
ID_ED25519 = _oid("1.3.101.112", "id-Ed25519")
ID_ED448 = _oid("1.3.101.113", "id-Ed448")
ID_ML_DSA_44 = _oid("2.16.840.1.101.3.4.3.17", "id-ml-dsa-44")
ID_ML_DSA_65 = _oid("2.16.840.1.101.3.4.3.18", "id-ml-dsa-65")
ID_ML_DSA_87 = _oid("2.16.840.1.101.3.4.3.19", "id-ml-dsa-87")

# No signature, and proofs of possession of Diffie-Hellman keys (RFC 10002 §C, RFC 6955).
ID_ALG_NO_SIGNATURE = _oid("1.3.6.1.5.5.7.6.2", "id-alg-noSignature")
ID_ALG_DH_POP_STATIC_SHA1_HMAC_SHA1 = _oid(
    "1.3.6.1.5.5.7.6.3", "id-alg-dhPop-static-sha1-hmac-sha1"
)
ID_ALG_DH_POP_SHA1 = _oid("1.3.6.1.5.5.7.6.4", "id-alg-dhPop-sha1")
ID_ALG_DH_POP_SHA224 = _oid("1.3.6.1.5.5.7.6.5", "id-alg-dhPop-sha224")
ID_ALG_DH_POP_SHA256 = _oid("1.3.6.1.5.5.7.6.6", "id-alg-dhPop-sha256")
ID_ALG_DH_POP_SHA384 = _oid("1.3.6.1.5.5.7.6.7", "id-alg-dhPop-sha384")
ID_ALG_DH_POP_SHA512 = _oid("1.3.6.1.5.5.7.6.8", "id-alg-dhPop-sha512")
ID_ALG_DH_POP_STATIC_SHA224_HMAC_SHA224 = _oid(
    "1.3.6.1.5.5.7.6.15", "id-alg-dhPop-static-sha224-hmac-sha224"
)
ID_ALG_DH_POP_STATIC_SHA256_HMAC_SHA256 = _oid(
    "1.3.6.1.5.5.7.6.16", "id-alg-dhPop-static-sha256-hmac-sha256"
)
ID_ALG_DH_POP_STATIC_SHA384_HMAC_SHA384 = _oid(
    "1.3.6.1.5.5.7.6.17", "id-alg-dhPop-static-sha384-hmac-sha384"
)
ID_ALG_DH_POP_STATIC_SHA512_HMAC_SHA512 = _oid(
    "1.3.6.1.5.5.7.6.18", "id-alg-dhPop-static-sha512-hmac-sha512"
)
ID_ALG_ECDH_POP_STATIC_SHA224_HMAC_SHA224 = _oid(
    "1.3.6.1.5.5.7.6.25", "id-alg-ecdhPop-static-sha224-hmac-sha224"
)
ID_ALG_ECDH_POP_STATIC_SHA256_HMAC_SHA256 = _oid(
    "1.3.6.1.5.5.7.6.26", "id-alg-ecdhPop-static-sha256-hmac-sha256"
)
ID_ALG_ECDH_POP_STATIC_SHA384_HMAC_SHA384 = _oid(
    "1.3.6.1.5.5.7.6.27", "id-alg-ecdhPop-static-sha384-hmac-sha384"
)
ID_ALG_ECDH_POP_STATIC_SHA512_HMAC_SHA512 = _oid(
    "1.3.6.1.5.5.7.6.28", "id-alg-ecdhPop-static-sha512-hmac-sha512"
)

# Key management (RFC 3370, RFC 5753, RFC 8418, RFC 9936, RFC 8619).
ID_ALG_ESDH = _oid("1.2.840.113549.1.9.16.3.5", "id-alg-ESDH")
ID_ALG_CMS3DES_WRAP = _oid("1.2.840.113549.1.9.16.3.6", "id-alg-CMS3DESwrap")
ID_ALG_PWRI_KEK = _oid("1.2.840.113549.1.9.16.3.9", "id-alg-PWRI-KEK")
ID_ALG_SSDH = _oid("1.2.840.113549.1.9.16.3.10", "id-alg-SSDH")
ID_ALG_HKDF_WITH_SHA256 = _oid("1.2.840.113549.1.9.16.3.28", "id-alg-hkdf-with-sha256")
ID_ALG_ML_KEM_768 = _oid("2.16.840.1.101.3.4.4.2", "id-alg-ml-kem-768")
ID_ALG_ML_KEM_1024 = _oid("2.16.840.1.101.3.4.4.3", "id-alg-ml-kem-1024")
DH_SINGLE_PASS_STD_DH_HKDF_SHA256_SCHEME = _oid(
    "1.2.840.113549.1.9.16.3.19", "dhSinglePass-stdDH-hkdf-sha256-scheme"
)
DH_SINGLE_PASS_STD_DH_HKDF_SHA384_SCHEME = _oid(
    "1.2.840.113549.1.9.16.3.20", "dhSinglePass-stdDH-hkdf-sha384-scheme"
)
DH_SINGLE_PASS_STD_DH_HKDF_SHA512_SCHEME = _oid(
    "1.2.840.113549.1.9.16.3.21", "dhSinglePass-stdDH-hkdf-sha512-scheme"
)
DH_SINGLE_PASS_STD_DH_SHA1KDF_SCHEME = _oid(
    "1.3.133.16.840.63.0.2", "dhSinglePass-stdDH-sha1kdf-scheme"
)
DH_SINGLE_PASS_STD_DH_SHA224KDF_SCHEME = _oid(
    "1.3.132.1.11.0", "dhSinglePass-stdDH-sha224kdf-scheme"
)
DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME = _oid(
    "1.3.132.1.11.1", "dhSinglePass-stdDH-sha256kdf-scheme"
)
DH_SINGLE_PASS_STD_DH_SHA384KDF_SCHEME = _oid(
    "1.3.132.1.11.2", "dhSinglePass-stdDH-sha384kdf-scheme"
)
DH_SINGLE_PASS_STD_DH_SHA512KDF_SCHEME = _oid(
    "1.3.132.1.11.3", "dhSinglePass-stdDH-sha512kdf-scheme"
)

# Content encryption and key wrap (RFC 3565, RFC 5084, RFC 3370).
RC2_CBC = _oid("1.2.840.113549.3.2", "rc2-cbc")
RC4 = _oid("1.2.840.113549.3.4", "rc4")
DES_EDE3_CBC = _oid("1.2.840.113549.3.7", "des-ede3-cbc")
DES_CBC = _oid("1.3.14.3.2.7", "desCBC")
ID_AES128_CBC = _oid("2.16.840.1.101.3.4.1.2", "id-aes128-CBC")
ID_AES128_WRAP = _oid("2.16.840.1.101.3.4.1.5", "id-aes128-wrap")
ID_AES128_GCM = _oid("2.16.840.1.101.3.4.1.6", "id-aes128-GCM")
ID_AES128_CCM = _oid("2.16.840.1.101.3.4.1.7", "id-aes128-CCM")
ID_AES192_CBC = _oid("2.16.840.1.101.3.4.1.22", "id-aes192-CBC")
ID_AES192_WRAP = _oid("2.16.840.1.101.3.4.1.25", "id-aes192-wrap")
ID_AES192_GCM = _oid("2.16.840.1.101.3.4.1.26", "id-aes192-GCM")
ID_AES192_CCM = _oid("2.16.840.1.101.3.4.1.27", "id-aes192-CCM")
ID_AES256_CBC = _oid("2.16.840.1.101.3.4.1.42", "id-aes256-CBC")
ID_AES256_WRAP = _oid("2.16.840.1.101.3.4.1.45", "id-aes256-wrap")
ID_AES256_GCM = _oid("2.16.840.1.101.3.4.1.46", "id-aes256-GCM")
ID_AES256_CCM = _oid("2.16.840.1.101.3.4.1.47", "id-aes256-CCM")

# Attributes of names (RFC 5280 §A.1, RFC 4519).
ID_AT_COMMON_NAME = _oid("2.5.4.3", "id-at-commonName")
ID_AT_SURNAME = _oid("2.5.4.4", "id-at-surname")
ID_AT_SERIAL_NUMBER = _oid("2.5.4.5", "id-at-serialNumber")
ID_AT_COUNTRY_NAME = _oid("2.5.4.6", "id-at-countryName")
ID_AT_LOCALITY_NAME = _oid("2.5.4.7", "id-at-localityName")
ID_AT_STATE_OR_PROVINCE_NAME = _oid("2.5.4.8", "id-at-stateOrProvinceName")
ID_AT_STREET_ADDRESS = _oid("2.5.4.9", "id-at-streetAddress")
ID_AT_ORGANIZATION_NAME = _oid("2.5.4.10", "id-at-organizationName")
ID_AT_ORGANIZATIONAL_UNIT_NAME = _oid("2.5.4.11", "id-at-organizationalUnitName")
ID_AT_TITLE = _oid("2.5.4.12", "id-at-title")
ID_AT_NAME = _oid("2.5.4.41", "id-at-name")
ID_AT_GIVEN_NAME = _oid("2.5.4.42", "id-at-givenName")
ID_AT_INITIALS = _oid("2.5.4.43", "id-at-initials")
ID_AT_GENERATION_QUALIFIER = _oid("2.5.4.44", "id-at-generationQualifier")
ID_AT_DN_QUALIFIER = _oid("2.5.4.46", "id-at-dnQualifier")
ID_AT_PSEUDONYM = _oid("2.5.4.65", "id-at-pseudonym")
ID_AT_ORGANIZATION_IDENTIFIER = _oid("2.5.4.97", "id-at-organizationIdentifier")
ID_AT_USER_ID = _oid("0.9.2342.19200300.100.1.1", "id-at-userId")
ID_DOMAIN_COMPONENT = _oid("0.9.2342.19200300.100.1.25", "id-domainComponent")

# Extensions of certificates and CRLs (RFC 5280 §4.2 and §5).
ID_CE_SUBJECT_DIRECTORY_ATTRIBUTES = _oid("2.5.29.9", "id-ce-subjectDirectoryAttributes")
ID_CE_SUBJECT_KEY_IDENTIFIER = _oid("2.5.29.14", "id-ce-subjectKeyIdentifier")
ID_CE_KEY_USAGE = _oid("2.5.29.15", "id-ce-keyUsage")
ID_CE_PRIVATE_KEY_USAGE_PERIOD = _oid("2.5.29.16", "id-ce-privateKeyUsagePeriod")
ID_CE_SUBJECT_ALT_NAME = _oid("2.5.29.17", "id-ce-subjectAltName")
ID_CE_ISSUER_ALT_NAME = _oid("2.5.29.18", "id-ce-issuerAltName")
ID_CE_BASIC_CONSTRAINTS = _oid("2.5.29.19", "id-ce-basicConstraints")
ID_CE_C_RL_NUMBER = _oid("2.5.29.20", "id-ce-cRLNumber")
ID_CE_C_RL_REASONS = _oid("2.5.29.21", "id-ce-cRLReasons")
ID_CE_INVALIDITY_DATE = _oid("2.5.29.24", "id-ce-invalidityDate")
ID_CE_DELTA_CRL_INDICATOR = _oid("2.5.29.27", "id-ce-deltaCRLIndicator")
ID_CE_ISSUING_DISTRIBUTION_POINT = _oid("2.5.29.28", "id-ce-issuingDistributionPoint")
ID_CE_CERTIFICATE_ISSUER = _oid("2.5.29.29", "id-ce-certificateIssuer")
ID_CE_NAME_CONSTRAINTS = _oid("2.5.29.30", "id-ce-nameConstraints")
ID_CE_C_RL_DISTRIBUTION_POINTS = _oid("2.5.29.31", "id-ce-cRLDistributionPoints")
ID_CE_CERTIFICATE_POLICIES = _oid("2.5.29.32", "id-ce-certificatePolicies")
ID_CE_POLICY_MAPPINGS = _oid("2.5.29.33", "id-ce-policyMappings")
ID_CE_AUTHORITY_KEY_IDENTIFIER = _oid("2.5.29.35", "id-ce-authorityKeyIdentifier")
ID_CE_POLICY_CONSTRAINTS = _oid("2.5.29.36", "id-ce-policyConstraints")
ID_CE_EXT_KEY_USAGE = _oid("2.5.29.37", "id-ce-extKeyUsage")
ID_CE_FRESHEST_CRL = _oid("2.5.29.46", "id-ce-freshestCRL")
ID_CE_INHIBIT_ANY_POLICY = _oid("2.5.29.54", "id-ce-inhibitAnyPolicy")
ID_PE_AUTHORITY_INFO_ACCESS = _oid("1.3.6.1.5.5.7.1.1", "id-pe-authorityInfoAccess")
ID_PE_SUBJECT_INFO_ACCESS = _oid("1.3.6.1.5.5.7.1.11", "id-pe-subjectInfoAccess")

# Certificate policies (RFC 5280 §4.2.1.4, CA/Browser Forum Baseline Requirements §7.1.6.1).
ANY_POLICY = _oid("2.5.29.32.0", "anyPolicy")
EV_GUIDELINES = _oid("2.23.140.1.1", "ev-guidelines")
DOMAIN_VALIDATED = _oid("2.23.140.1.2.1", "domain-validated")
ORGANIZATION_VALIDATED = _oid("2.23.140.1.2.2", "organization-validated")
INDIVIDUAL_VALIDATED = _oid("2.23.140.1.2.3", "individual-validated")

# Key purposes and the access method of CMC servers (RFC 10002 §9, RFC 5280 §4.2.1.12).
ANY_EXTENDED_KEY_USAGE = _oid("2.5.29.37.0", "anyExtendedKeyUsage")
ID_KP_SERVER_AUTH = _oid("1.3.6.1.5.5.7.3.1", "id-kp-serverAuth")
ID_KP_CLIENT_AUTH = _oid("1.3.6.1.5.5.7.3.2", "id-kp-clientAuth")
ID_KP_CODE_SIGNING = _oid("1.3.6.1.5.5.7.3.3", "id-kp-codeSigning")
ID_KP_EMAIL_PROTECTION = _oid("1.3.6.1.5.5.7.3.4", "id-kp-emailProtection")
ID_KP_TIME_STAMPING = _oid("1.3.6.1.5.5.7.3.8", "id-kp-timeStamping")
ID_KP_OCSP_SIGNING = _oid("1.3.6.1.5.5.7.3.9", "id-kp-OCSPSigning")
ID_KP_CMC_CA = _oid("1.3.6.1.5.5.7.3.27", "id-kp-cmcCA")
ID_KP_CMC_RA = _oid("1.3.6.1.5.5.7.3.28", "id-kp-cmcRA")
ID_KP_CMC_ARCHIVE = _oid("1.3.6.1.5.5.7.3.29", "id-kp-cmcArchive")
ID_KP_IPSEC_IKE = _oid("1.3.6.1.5.5.7.3.17", "id-kp-ipsecIKE")
ID_KP_DOCUMENT_SIGNING = _oid("1.3.6.1.5.5.7.3.36", "id-kp-documentSigning")
ID_PKINIT_KP_CLIENT_AUTH = _oid("1.3.6.1.5.2.3.4", "id-pkinit-KPClientAuth")
ID_PKINIT_KP_KDC = _oid("1.3.6.1.5.2.3.5", "id-pkinit-KPKdc")
SZ_OID_KP_EFS = _oid("1.3.6.1.4.1.311.10.3.4", "szOID_KP_EFS")
SZ_OID_EFS_RECOVERY = _oid("1.3.6.1.4.1.311.10.3.4.1", "szOID_EFS_RECOVERY")
SZ_OID_KP_DOCUMENT_SIGNING = _oid("1.3.6.1.4.1.311.10.3.12", "szOID_KP_DOCUMENT_SIGNING")
SZ_OID_ENROLLMENT_AGENT = _oid("1.3.6.1.4.1.311.20.2.1", "szOID_ENROLLMENT_AGENT")
SZ_OID_KP_SMARTCARD_LOGON = _oid("1.3.6.1.4.1.311.20.2.2", "szOID_KP_SMARTCARD_LOGON")
SZ_OID_KP_CA_EXCHANGE = _oid("1.3.6.1.4.1.311.21.5", "szOID_KP_CA_EXCHANGE")
SZ_OID_KP_KEY_RECOVERY_AGENT = _oid("1.3.6.1.4.1.311.21.6", "szOID_KP_KEY_RECOVERY_AGENT")
ID_AD_CMC = _oid("1.3.6.1.5.5.7.48.12", "id-ad-cmc")

# Microsoft's attributes, controls and extensions of requests and responses (MS-WCCE, wincrypt.h).
# The two disagree on 21.33, so it has no name here; nor has 13.3, which neither defines.
SZ_OID_CMC_ADD_ATTRIBUTES = _oid("1.3.6.1.4.1.311.10.10.1", "szOID_CMC_ADD_ATTRIBUTES")
SZ_OID_RENEWAL_CERTIFICATE = _oid("1.3.6.1.4.1.311.13.1", "szOID_RENEWAL_CERTIFICATE")
SZ_OID_ENROLLMENT_NAME_VALUE_PAIR = _oid(
    "1.3.6.1.4.1.311.13.2.1", "szOID_ENROLLMENT_NAME_VALUE_PAIR"
)
SZ_OID_ENROLLMENT_CSP_PROVIDER = _oid("1.3.6.1.4.1.311.13.2.2", "szOID_ENROLLMENT_CSP_PROVIDER")
SZ_OID_OS_VERSION = _oid("1.3.6.1.4.1.311.13.2.3", "szOID_OS_VERSION")
SZ_OID_ENROLL_CERTTYPE_EXTENSION = _oid("1.3.6.1.4.1.311.20.2", "szOID_ENROLL_CERTTYPE_EXTENSION")
SZ_OID_CERTSRV_CA_VERSION = _oid("1.3.6.1.4.1.311.21.1", "szOID_CERTSRV_CA_VERSION")
SZ_OID_CERTSRV_PREVIOUS_CERT_HASH = _oid("1.3.6.1.4.1.311.21.2", "szOID_CERTSRV_PREVIOUS_CERT_HASH")
SZ_OID_CERTIFICATE_TEMPLATE = _oid("1.3.6.1.4.1.311.21.7", "szOID_CERTIFICATE_TEMPLATE")
SZ_OID_RDN_DUMMY_SIGNER = _oid("1.3.6.1.4.1.311.21.9", "szOID_RDN_DUMMY_SIGNER")
SZ_OID_APPLICATION_CERT_POLICIES = _oid("1.3.6.1.4.1.311.21.10", "szOID_APPLICATION_CERT_POLICIES")
SZ_OID_APPLICATION_POLICY_MAPPINGS = _oid(
    "1.3.6.1.4.1.311.21.11", "szOID_APPLICATION_POLICY_MAPPINGS"
)
SZ_OID_APPLICATION_POLICY_CONSTRAINTS = _oid(
    "1.3.6.1.4.1.311.21.12", "szOID_APPLICATION_POLICY_CONSTRAINTS"
)
SZ_OID_ARCHIVED_KEY_ATTR = _oid("1.3.6.1.4.1.311.21.13", "szOID_ARCHIVED_KEY_ATTR")
SZ_OID_REQUIRE_CERT_CHAIN_POLICY = _oid("1.3.6.1.4.1.311.21.15", "szOID_REQUIRE_CERT_CHAIN_POLICY")
SZ_OID_ARCHIVED_KEY_CERT_HASH = _oid("1.3.6.1.4.1.311.21.16", "szOID_ARCHIVED_KEY_CERT_HASH")
SZ_OID_ISSUED_CERT_HASH = _oid("1.3.6.1.4.1.311.21.17", "szOID_ISSUED_CERT_HASH")
SZ_OID_REQUEST_CLIENT_INFO = _oid("1.3.6.1.4.1.311.21.20", "szOID_REQUEST_CLIENT_INFO")
SZ_OID_ENCRYPTED_KEY_HASH = _oid("1.3.6.1.4.1.311.21.21", "szOID_ENCRYPTED_KEY_HASH")
SZ_OID_CERTSRV_CROSSCA_VERSION = _oid("1.3.6.1.4.1.311.21.22", "szOID_CERTSRV_CROSSCA_VERSION")
SZ_OID_ENROLL_EK_INFO = _oid("1.3.6.1.4.1.311.21.23", "szOID_ENROLL_EK_INFO")
SZ_OID_ENROLL_ATTESTATION_STATEMENT = _oid(
    "1.3.6.1.4.1.311.21.24", "szOID_ENROLL_ATTESTATION_STATEMENT"
)
SZ_OID_ENROLL_KSP_NAME = _oid("1.3.6.1.4.1.311.21.25", "szOID_ENROLL_KSP_NAME")
SZ_OID_ENROLL_EKPUB_CHALLENGE = _oid("1.3.6.1.4.1.311.21.26", "szOID_ENROLL_EKPUB_CHALLENGE")
SZ_OID_ENROLL_CAXCHGCERT_HASH = _oid("1.3.6.1.4.1.311.21.27", "szOID_ENROLL_CAXCHGCERT_HASH")
SZ_OID_ENROLL_ATTESTATION_CHALLENGE = _oid(
    "1.3.6.1.4.1.311.21.28", "szOID_ENROLL_ATTESTATION_CHALLENGE"
)
SZ_OID_ENROLL_ENCRYPTION_ALGORITHM = _oid(
    "1.3.6.1.4.1.311.21.29", "szOID_ENROLL_ENCRYPTION_ALGORITHM"
)
SZ_OID_ENROLL_EKVERIFYKEY = _oid("1.3.6.1.4.1.311.21.30", "szOID_ENROLL_EKVERIFYKEY")
SZ_OID_ENROLL_EKVERIFYCERT = _oid("1.3.6.1.4.1.311.21.31", "szOID_ENROLL_EKVERIFYCERT")
SZ_OID_ENROLL_EKVERIFYCREDS = _oid("1.3.6.1.4.1.311.21.32", "szOID_ENROLL_EKVERIFYCREDS")
SZ_OID_ENROLL_SCEP_SERVER_STATE = _oid("1.3.6.1.4.1.311.21.34", "szOID_ENROLL_SCEP_SERVER_STATE")
SZ_OID_ENROLL_SCEP_CHALLENGE_ANSWER = _oid(
    "1.3.6.1.4.1.311.21.35", "szOID_ENROLL_SCEP_CHALLENGE_ANSWER"
)
SZ_OID_ENROLL_SCEP_CLIENT_REQUEST = _oid(
    "1.3.6.1.4.1.311.21.37", "szOID_ENROLL_SCEP_CLIENT_REQUEST"
)
SZ_OID_ENROLL_SCEP_SERVER_MESSAGE = _oid(
    "1.3.6.1.4.1.311.21.38", "szOID_ENROLL_SCEP_SERVER_MESSAGE"
)
SZ_OID_ENROLL_AIK_INFO = _oid("1.3.6.1.4.1.311.21.39", "szOID_ENROLL_AIK_INFO")

LABELS: Final[dict[str, str]] = {
    ID_AT_COMMON_NAME: "CN",
    ID_AT_SURNAME: "SN",
    ID_AT_SERIAL_NUMBER: "serialNumber",
    ID_AT_COUNTRY_NAME: "C",
    ID_AT_LOCALITY_NAME: "L",
    ID_AT_STATE_OR_PROVINCE_NAME: "ST",
    ID_AT_STREET_ADDRESS: "STREET",
    ID_AT_ORGANIZATION_NAME: "O",
    ID_AT_ORGANIZATIONAL_UNIT_NAME: "OU",
    ID_AT_TITLE: "title",
    ID_AT_GIVEN_NAME: "givenName",
    ID_AT_USER_ID: "UID",
    ID_DOMAIN_COMPONENT: "DC",
    ID_EMAIL_ADDRESS: "emailAddress",
}
"""The short forms of name attributes in the text form of a name (RFC 4514 §3, RFC 4519)."""
