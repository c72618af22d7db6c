"""What ``python_cmc`` 1.22 has and makes: its classes, how messages are built, their octets.

Octets and ``native`` are copied from runs of ``python_cmc`` 1.22 on asn1crypto 1.5.1.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, core, csr, keys, x509

CRMF_CLASSES = """
AuthInfo sender publicKeyMAC
CertId issuer serialNumber
EncKeyWithID privateKey identifier
EncryptedKey encryptedValue envelopedData
EncryptedValue intendedAlg symmAlg encSymmKey keyAlg valueHint encValue
Identifier string generalName
PBMParameter salt owf iterationCount mac
PKIArchiveOptions encryptedPrivKey keyGenParameters archiveRemGenPrivKey
PKMACValue algId value
POPOPrivKey thisMessage subsequentMessage dhMAC agreeMAC encryptedKey
POPOSigningKey poposkInput algorithmIdentifier signature
POPOSigningKeyInput authinfo publicKey
ProofOfPossession raVerified signature keyEncipherment keyAgreement
SubsequentMessage
"""

CMC_CLASSES = """
AddExtensions pkiDataReference certReferences extensions
AnchorHashes
AttributeTypeAndValue type value
AttributeTypeAndValues
BodyPartList
BodyPartPath
BodyPartReference bodyPartID bodyPartPath
BodyPartReferences
CMCFailInfo
CMCPublicationInfo hashAlg certHashes pubInfo
CMCStatus
CMCStatusInfo cMCStatus bodyList statusString otherInfo
CMCStatusInfoV2 cMCStatus bodyList statusString otherInfo
CMCUnsignedData bodyPartPath identifier content
CertHashes
CertReqMsg certReq popo regInfo
CertRequest certReqId certTemplate controls
CertTemplate version serialNumber signingAlg issuer validity subject publicKey issuerUID subjectUID extensions
ControlList bodyList
Controls
DecryptedPOP bodyPartID thePOPAlgID thePOP
EncryptedPOP request cms thePOPAlgID witnessAlgID witness
ExtendedFailInfo failInfoOID failInfoValue
ExtensionReq
GetCRL issuerName cRLName time reasons
GetCert issuerName serialNumber
IdentityProofV2 hashAlgID macAlgID witness
LraPOPWitness pkiDataBodyid bodyIds
ModCertTemplate pkiDataReference certReferences replace certTemplate
ORM bodyPartID requestMessageType requestMessageValue
OptionalValidity notBefore notAfter
OtherInfo failInfo pendInfo
OtherMsg bodyPartID otherMsgType otherMsgValue
OtherMsgs
OtherStatusInfo failInfo pendInfo extendedFailInfo
PKIData controlSequence reqSequence cmsSequence otherMsgSequence
PKIPublicationInfo action pubInfos
PKIPublicationInfoAction
PKIResponse controlSequence cmsSequence otherMsgSequence
PendInfo pendToken pendTime
PopLinkWitnessV2 keyGenAlgorithm macAlgorithm witness
ProofOfPossession raVerified signature keyEncipherment keyAgreement
PublishTrustAnchors seqNumber hashAlgorithm anchorHashes
RevokeRequest issuerName serialNumber reason invalidityDate sharedSecret comment
SetOfAddExtensions
SetOfAuthPublish
SetOfBodyPartList
SetOfCMCCertId
SetOfCMCPublicationInfo
SetOfCMCStatusInfo
SetOfCMCStatusInfoV2
SetOfControlsProcessed
SetOfDecryptedPOP
SetOfEncryptedPOP
SetOfGetCRL
SetOfGetCert
SetOfIdentityProofV2
SetOfInteger
SetOfLraPOPWitness
SetOfModCertTemplate
SetOfPublishTrustAnchors
SetOfRevokeRequest
SetOfUTF8String
SinglePubInfo pubMethod pubLocation
SinglePubInfoPubMethod
SinglePubInfos
TaggedAttribute bodyPartID attrType attrValues
TaggedAttributeType
TaggedCertificationRequest bodyPartID certificationRequest
TaggedContentInfo bodyPartID contentInfo
TaggedContentInfos
TaggedRequest tcr crm orm
TaggedRequests
"""  # noqa: E501
"""The classes of ``python_cmc`` 1.22, with their fields or alternatives."""

SHA256 = {"algorithm": "2.16.840.1.101.3.4.2.1", "parameters": None}
HMAC_SHA256 = {"algorithm": "1.2.840.113549.2.9", "parameters": None}
DEVICE = {"organization_name": "Corpus", "common_name": "Device 1"}
KEY = {"algorithm": {"algorithm": "ed25519", "parameters": None}, "public_key": bytes(32)}
USAGE = {"extn_id": "key_usage", "critical": True, "extn_value": {"digital_signature"}}
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)

NO_TEMPLATE = dict.fromkeys(
    (
        "version",
        "serialNumber",
        "signingAlg",
        "issuer",
        "validity",
        "subject",
        "publicKey",
        "issuerUID",
        "subjectUID",
        "extensions",
    )
)

NAME = "3024310f300d060355040a0c06436f727075733111300f06035504030c084465766963652031"
PUBLIC_KEY = "2a300506032b6570032100" + 32 * "00"

REQUEST = (
    "3082029a30820132"
    "301202010106082b06010505070705310302010730160201"
    "0206082b06010505070706310704056e6f6e6365"
    "301802010306082b0601050507070231090c0764c3a976696365"
    "301902010406082b0601050507070b310a30080201003003020108"
    f"303c02010506082b0601050507070f312d302ba426{NAME}020109"
    f"303b02010606082b06010505070710312c302a{NAME}03020640"
    f"305402010706082b0601050507071131453043{NAME}"
    "0201090a0104180f32303236303630313030303030305a0c046c6f7374"
    f"30820149a16d306b0201083066a526{NAME}a6{PUBLIC_KEY}a910300e0603551d0f0101ff040403020780"
    f"a081c002010a3081ba306e020100{NAME}30{PUBLIC_KEY}"
    "a017301506092a864886f70d01090731080c06736563726574"
    f"300506032b6570034100{64 * '00'}"
    "a21502010b06092b06010401868d1f0204056f74686572"
    "30003013301102010c06092b06010401868d1f03020105"
)

REQUEST_NATIVE: dict[str, Any] = {
    "controlSequence": [
        {"bodyPartID": 1, "attrType": "id-cmc-transactionId", "attrValues": [7]},
        {"bodyPartID": 2, "attrType": "id-cmc-senderNonce", "attrValues": [b"nonce"]},
        {"bodyPartID": 3, "attrType": "id-cmc-identification", "attrValues": ["dévice"]},
        {
            "bodyPartID": 4,
            "attrType": "id-cmc-lraPOPWitness",
            "attrValues": [{"pkiDataBodyid": 0, "bodyIds": [8]}],
        },
        {
            "bodyPartID": 5,
            "attrType": "id-cmc-getCert",
            "attrValues": [{"issuerName": DEVICE, "serialNumber": 9}],
        },
        {
            "bodyPartID": 6,
            "attrType": "id-cmc-getCRL",
            "attrValues": [
                {"issuerName": DEVICE, "cRLName": None, "time": None, "reasons": {"key_compromise"}}
            ],
        },
        {
            "bodyPartID": 7,
            "attrType": "id-cmc-revokeRequest",
            "attrValues": [
                {
                    "issuerName": DEVICE,
                    "serialNumber": 9,
                    "reason": "superseded",
                    "invalidityDate": JUNE,
                    "sharedSecret": None,
                    "comment": "lost",
                }
            ],
        },
    ],
    "reqSequence": [
        {
            "certReq": {
                "certReqId": 8,
                "certTemplate": NO_TEMPLATE
                | {"subject": DEVICE, "publicKey": KEY, "extensions": [USAGE]},
                "controls": None,
            },
            "popo": None,
            "regInfo": None,
        },
        {
            "bodyPartID": 10,
            "certificationRequest": {
                "certification_request_info": {
                    "version": "v1",
                    "subject": DEVICE,
                    "subject_pk_info": KEY,
                    "attributes": [{"type": "challenge_password", "values": ["secret"]}],
                },
                "signature_algorithm": {"algorithm": "ed25519", "parameters": None},
                "signature": bytes(64),
            },
        },
        {
            "bodyPartID": 11,
            "requestMessageType": "1.3.6.1.4.1.99999.2",
            "requestMessageValue": b"other",
        },
    ],
    "cmsSequence": [],
    "otherMsgSequence": [
        {"bodyPartID": 12, "otherMsgType": "1.3.6.1.4.1.99999.3", "otherMsgValue": 5}
    ],
}

RESPONSE = (
    "30483042302802010106082b0601050507071931193017020102300b0201033006020104020105"
    "0c026e6f02010b301602010206082b06010505070707310704056e6f6e636530003000"
)
RESPONSE_NATIVE: dict[str, Any] = {
    "controlSequence": [
        {
            "bodyPartID": 1,
            "attrType": "id-cmc-statusInfoV2",
            "attrValues": [
                {
                    "cMCStatus": "failed",
                    "bodyList": [3, [4, 5]],
                    "statusString": "no",
                    "otherInfo": "internalCAError",
                }
            ],
        },
        {"bodyPartID": 2, "attrType": "id-cmc-recipientNonce", "attrValues": [b"nonce"]},
    ],
    "cmsSequence": [],
    "otherMsgSequence": [],
}

VALUES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "AddExtensions",
        {"pkiDataReference": 0, "certReferences": [8], "extensions": [USAGE]},
        "301a02010030030201083010300e0603551d0f0101ff040403020780",
        {},
    ),
    (
        "CMCPublicationInfo",
        {
            "hashAlg": SHA256,
            "certHashes": [b"h"],
            "pubInfo": {
                "action": "pleasePublish",
                "pubInfos": [{"pubMethod": "ldap", "pubLocation": None}],
            },
        },
        "301e300b06096086480165030402013003040168300a02010130053003020103",
        {},
    ),
    (
        "DecryptedPOP",
        {"bodyPartID": 3, "thePOPAlgID": SHA256, "thePOP": b"p"},
        "3013020103300b0609608648016503040201040170",
        {},
    ),
    (
        "IdentityProofV2",
        {"hashAlgID": SHA256, "macAlgID": HMAC_SHA256, "witness": b"w"},
        "301c300b0609608648016503040201300a06082a864886f70d0209040177",
        {},
    ),
    (
        "ModCertTemplate",
        {"pkiDataReference": [0], "certReferences": [8], "certTemplate": {"version": "v3"}},
        "300f300302010030030201083003800102",
        {"replace": True, "certTemplate": NO_TEMPLATE | {"version": "v3"}},
    ),
    (
        "PublishTrustAnchors",
        {"seqNumber": 5, "hashAlgorithm": SHA256, "anchorHashes": [b"a"]},
        "3015020105300b06096086480165030402013003040161",
        {},
    ),
    (
        "PendInfo",
        {"pendToken": b"t", "pendTime": NEW_YEAR},
        "3014040174180f32303237303130313030303030305a",
        {},
    ),
]
"""Class, argument of its constructor, octets, and what ``native`` has besides the argument."""


def request(cmc: Any) -> Any:
    """`REQUEST`, as programs build it."""
    name = x509.Name.build({"common_name": "Device 1", "organization_name": "Corpus"})
    key = keys.PublicKeyInfo(KEY)
    issuer = x509.GeneralName("directory_name", name)
    controls = cmc.Controls(
        [
            {"bodyPartID": 1, "attrType": "id-cmc-transactionId", "attrValues": [7]},
            {"bodyPartID": 2, "attrType": "id-cmc-senderNonce", "attrValues": [b"nonce"]},
            {"bodyPartID": 3, "attrType": "id-cmc-identification", "attrValues": ["dévice"]},
        ]
    )
    for number, kind, value in (
        (4, "id-cmc-lraPOPWitness", {"pkiDataBodyid": 0, "bodyIds": [8]}),
        (5, "id-cmc-getCert", {"issuerName": issuer, "serialNumber": 9}),
        (6, "id-cmc-getCRL", {"issuerName": name, "reasons": {"key_compromise"}}),
        (
            7,
            "id-cmc-revokeRequest",
            {
                "issuerName": name,
                "serialNumber": 9,
                "reason": "superseded",
                "invalidityDate": JUNE,
                "comment": "lost",
            },
        ),
    ):
        controls.append({"bodyPartID": number, "attrType": kind, "attrValues": [value]})
    template = {"subject": name, "publicKey": key, "extensions": [USAGE]}
    crm = cmc.CertReqMsg({"certReq": {"certReqId": 8, "certTemplate": template}})
    attribute = {
        "type": "challenge_password",
        "values": [x509.DirectoryString("utf8_string", "secret")],
    }
    tcr = cmc.TaggedCertificationRequest()
    tcr["bodyPartID"] = 10
    tcr["certificationRequest"] = csr.CertificationRequest(
        {
            "certification_request_info": {
                "version": "v1",
                "subject": name,
                "subject_pk_info": key,
                "attributes": [attribute],
            },
            "signature_algorithm": {"algorithm": "ed25519"},
            "signature": bytes(64),
        }
    )
    orm = cmc.ORM(
        {
            "bodyPartID": 11,
            "requestMessageType": "1.3.6.1.4.1.99999.2",
            "requestMessageValue": core.OctetString(b"other"),
        }
    )
    other = {
        "bodyPartID": 12,
        "otherMsgType": "1.3.6.1.4.1.99999.3",
        "otherMsgValue": core.Integer(5),
    }
    made = cmc.PKIData()
    made["reqSequence"] = cmc.TaggedRequests(
        [
            cmc.TaggedRequest(name="crm", value=crm),
            cmc.TaggedRequest({"tcr": tcr}),
            cmc.TaggedRequest(("orm", orm)),
        ]
    )
    made["controlSequence"] = controls
    made["cmsSequence"] = []
    made["otherMsgSequence"] = [other]
    return made


def response(cmc: Any) -> Any:
    """`RESPONSE`, as programs build it."""
    parts = cmc.BodyPartReferences()
    parts.append(cmc.BodyPartReference({"bodyPartID": 3}))
    parts.append(cmc.BodyPartReference("bodyPartPath", [4, 5]))
    status = cmc.CMCStatusInfoV2()
    status["bodyList"] = parts
    status["cMCStatus"] = cmc.CMCStatus(2)
    status["statusString"] = "no"
    status["otherInfo"] = cmc.OtherStatusInfo({"failInfo": cmc.CMCFailInfo(11)})
    statuses = cmc.SetOfCMCStatusInfoV2()
    statuses.append(status)
    controls = cmc.Controls()
    nonces = cms.SetOfOctetString.load(bytes.fromhex("310704056e6f6e6365"))
    for number, oid, values in ((1, 25, statuses), (2, 7, nonces)):
        control = cmc.TaggedAttribute()
        control["bodyPartID"] = number
        control["attrType"] = cmc.TaggedAttributeType(f"1.3.6.1.5.5.7.7.{oid}")
        control["attrValues"] = values
        controls.append(control)
    made = cmc.PKIResponse()
    made["controlSequence"] = controls
    made["cmsSequence"] = cmc.TaggedContentInfos([])
    made["otherMsgSequence"] = cmc.OtherMsgs([])
    return made
