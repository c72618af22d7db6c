"""Values built by keyword: all controls of CMC, a request and a response.

`BUILT` has one control for each shared vector that is no legacy form, under the vector's name.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography import x509

from cmcodec import oids, types
from cmcodec.asn1 import TLV, BitString

from . import keys
from .der import tlv
from .keys import HMAC_SHA256, RSA, RSA_SHA256, SHA256
from .vectors import shared

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1

NEW_YEAR_2027 = datetime(2027, 1, 1, tzinfo=UTC)


def name(common_name: str) -> types.Name:
    """CN=…, O=Corpus."""
    pairs = ((oids.ID_AT_COMMON_NAME, common_name), (oids.ID_AT_ORGANIZATION_NAME, "Corpus"))
    return types.Name(
        rdn_sequence=tuple(
            (types.AttributeTypeAndValue(type=oid, value=TLV(tlv(0x0C, text.encode()))),)
            for oid, text in pairs
        )
    )


def references(*parts: int | tuple[int, ...]) -> tuple[types.BodyPartReference, ...]:
    """Body part ids as they are, paths as tuples."""
    return tuple(
        types.BodyPartReference(body_part_id=part)
        if isinstance(part, int)
        else types.BodyPartReference(body_part_path=types.BodyPartPath(part))
        for part in parts
    )


CA = name("CMC Corpus Test CA")
SUBJECT_ALT_NAME = types.Extension(
    extn_id=oids.ID_CE_SUBJECT_ALT_NAME,
    extn_value=bytes.fromhex("3016821461646465642e636f727075732e6578616d706c65"),
)
CHANGED = types.CertTemplate(subject=name("Changed"), extensions=(SUBJECT_ALT_NAME,))

# The long octets of the encrypted POP are the vector's: they are random.
_POP = shared("controls/09-encryptedPOP.value.der")

REQUEST = types.TaggedRequest(
    crm=types.CertReqMsg(
        cert_req=types.CertRequest(
            cert_req_id=3,
            cert_template=types.CertTemplate(
                subject=name("Device 1"),
                public_key=types.SubjectPublicKeyInfo(
                    algorithm=RSA, subject_public_key=BitString(_POP[83:353])
                ),
                extensions=(
                    types.Extension(
                        extn_id=oids.ID_CE_SUBJECT_KEY_IDENTIFIER, extn_value=_POP[364:386]
                    ),
                    types.Extension(
                        extn_id=oids.ID_CE_KEY_USAGE,
                        critical=True,
                        extn_value=bytes.fromhex("03020780"),
                    ),
                ),
            ),
        ),
        popo=types.ProofOfPossession(
            signature=types.POPOSigningKey(
                algorithm_identifier=RSA_SHA256, signature=BitString(_POP[426:682])
            )
        ),
    )
)
ENVELOPED = types.EnvelopedData(
    version=0,
    recipient_infos=(
        types.RecipientInfo(
            ktri=types.KeyTransRecipientInfo(
                version=0,
                rid=types.RecipientIdentifier(
                    issuer_and_serial_number=types.IssuerAndSerialNumber(
                        issuer=CA, serial_number=1005
                    )
                ),
                key_encryption_algorithm=RSA,
                encrypted_key=_POP[792:1048],
            )
        ),
    ),
    encrypted_content_info=types.EncryptedContentInfo(
        content_type=oids.ID_DATA,
        content_encryption_algorithm=types.AlgorithmIdentifier(
            algorithm=oids.ID_AES256_CBC, parameters=TLV(_POP[1074:1092])
        ),
        encrypted_content=_POP[1094:1142],
    ),
)

BUILT: dict[str, Asn1] = {
    "01-statusInfo-failed": types.CMCStatusInfo(
        cmc_status=types.CMCStatus.FAILED,
        body_list=types.BodyPartList((3, 4)),
        status_string="bad request",
        other_info=types.StatusInfoOther(fail_info=types.CMCFailInfo.BAD_REQUEST),
    ),
    "01-statusInfo-pending": types.CMCStatusInfo(
        cmc_status=types.CMCStatus.PENDING,
        body_list=types.BodyPartList((3,)),
        other_info=types.StatusInfoOther(
            pend_info=types.PendInfo(
                pend_token=bytes.fromhex("83576a68df9d7c95"), pend_time=NEW_YEAR_2027
            )
        ),
    ),
    "02-identification": types.Identification("dévice-中"),
    "03-identityProof": types.IdentityProof(
        bytes.fromhex("cdf6f0000eddc2edc5384b825990cd3e51f8f9db")
    ),
    "04-dataReturn": types.DataReturn(
        bytes.fromhex("b8e4d3eb040550597c592c35e7a83ceb78f8fc024914253ed299ec0032a4a366")
        + bytes.fromhex("ca42fbeb1c3ec94b")
    ),
    "05-transactionId": types.TransactionId(0xF2267FD8A9ECDFA1D883CFFDCB5893BB),
    "05-transactionId-negative": types.TransactionId(-42),
    "06-senderNonce": types.SenderNonce(
        bytes.fromhex("db34611d2c34808cf658747e0ee360cd62179081f3d33853b9783cc167cb8e73")
    ),
    "07-recipientNonce": types.RecipientNonce(
        bytes.fromhex("57b17d7323605e00cfe0aada72d2e8ad309008bb0033395a2a6211b8e815f527")
    ),
    "08-addExtensions": types.AddExtensions(
        pki_data_reference=0, cert_references=(3,), extensions=(SUBJECT_ALT_NAME,)
    ),
    "09-encryptedPOP": types.EncryptedPOP(
        request=REQUEST,
        cms=types.ContentInfo(content_type=oids.ID_ENVELOPED_DATA, content=ENVELOPED),
        the_pop_alg_id=HMAC_SHA256,
        witness_alg_id=SHA256,
        witness=bytes.fromhex("fe40a28fa2be44dd9b9b8ccb73fcb3a2977d30f5abacce3c27949d18a2d34018"),
    ),
    "10-decryptedPOP": types.DecryptedPOP(
        body_part_id=3,
        the_pop_alg_id=HMAC_SHA256,
        the_pop=bytes.fromhex("048824edd47034726ee8d86f1d0c22936579b28f795a7faa20442373f25d875a"),
    ),
    "11-lraPOPWitness": types.LraPopWitness(pki_data_bodyid=0, body_ids=(3,)),
    "15-getCert": types.GetCert(
        issuer_name=types.GeneralName(directory_name=CA), serial_number=1001
    ),
    "16-getCRL": types.GetCRL(
        issuer_name=CA,
        crl_name=types.GeneralName(uniform_resource_identifier="http://crl.corpus.example/1.crl"),
        time=datetime(2026, 1, 1, tzinfo=UTC),
        reasons=BitString.of_bits(types.ReasonFlag.KEY_COMPROMISE),
    ),
    "16-getCRL-min": types.GetCRL(issuer_name=CA),
    "17-revokeRequest": types.RevokeRequest(
        issuer_name=CA,
        serial_number=1001,
        reason=types.CRLReason.KEY_COMPROMISE,
        invalidity_date=datetime(2026, 6, 1, 12, tzinfo=UTC),
        shared_secret=b"cmc-corpus-shared-secret",
        comment="lost",
    ),
    "17-revokeRequest-min": types.RevokeRequest(
        issuer_name=CA, serial_number=1001, reason=types.CRLReason.UNSPECIFIED
    ),
    "18-regInfo": types.RegInfo(b"reg-info"),
    "19-responseInfo": types.ResponseInfo(b"resp-info"),
    "21-queryPending": types.QueryPending(bytes.fromhex("68cca92d47bec66a")),
    "22-popLinkRandom": types.PopLinkRandom(
        bytes.fromhex("8c12c2ec53c3ab404e2271b3ef4f379fa9daa65d9b72da373a52e8b415721ef4")
        + bytes.fromhex("07e12acdf2da685b3cc8b7e4ceb7920ab13873feb7d4c2d73976a7c0333dd3ee")
    ),
    "23-popLinkWitness": types.PopLinkWitness(
        bytes.fromhex("f26d00c27520972b87621612c60bd87385b88077")
    ),
    "24-confirmCertAcceptance": types.CMCCertId(
        issuer_and_serial_number=types.IssuerAndSerialNumber(issuer=CA, serial_number=1001)
    ),
    "25-statusInfoV2-success": types.CMCStatusInfoV2(
        cmc_status=types.CMCStatus.SUCCESS, body_list=references(3), status_string="OK"
    ),
    "25-statusInfoV2-failInfo": types.CMCStatusInfoV2(
        cmc_status=types.CMCStatus.FAILED,
        body_list=references(3, 4),
        status_string="POP",
        other_info=types.OtherStatusInfo(fail_info=types.CMCFailInfo.POP_FAILED),
    ),
    "25-statusInfoV2-pendInfo": types.CMCStatusInfoV2(
        cmc_status=types.CMCStatus.PENDING,
        body_list=references(3),
        other_info=types.OtherStatusInfo(
            pend_info=types.PendInfo(
                pend_token=bytes.fromhex("54a28e55d888a53d"), pend_time=NEW_YEAR_2027
            )
        ),
    ),
    "25-statusInfoV2-bodyPartPath": types.CMCStatusInfoV2(
        cmc_status=types.CMCStatus.SUCCESS, body_list=references((5, 3), 6)
    ),
    "25-statusInfoV2-extFailInfo-tagged1": types.CMCStatusInfoV2(
        cmc_status=types.CMCStatus.FAILED,
        body_list=references(3),
        other_info=types.OtherStatusInfo(
            extended_fail_info=types.ExtendedFailInfo(
                fail_info_oid="1.3.6.1.4.1.99999.1", fail_info_value=TLV(tlv(0x0C, b"x"))
            )
        ),
    ),
    "26-trustedAnchors": types.PublishTrustAnchors(
        seq_number=5,
        hash_algorithm=SHA256,
        anchor_hashes=(
            bytes.fromhex("c9a266d0d06d0ab6ccc39aeec179db6bfa99399072bd36fc7a3da9aaef72c0ca"),
        ),
    ),
    "27-authData": types.AuthPublish(9),
    "28-batchRequests": types.BodyPartList((10, 11)),
    "29-batchResponses": types.BodyPartList((10, 11)),
    "30-publishCert": types.CMCPublicationInfo(
        hash_alg=SHA256,
        cert_hashes=(
            bytes.fromhex("6ff2e1db6b1a8dc65970629e6a6719bc5d1d9fe2d9e82ecf01a4834396e17b82"),
        ),
        pub_info=types.PKIPublicationInfo(
            action=types.PublicationAction.PLEASE_PUBLISH,
            pub_infos=(
                types.SinglePubInfo(
                    pub_method=types.PublicationMethod.WEB,
                    pub_location=types.GeneralName(
                        uniform_resource_identifier="http://pub.corpus.example/"
                    ),
                ),
            ),
        ),
    ),
    "31-modCertTemplate": types.ModCertTemplate(
        pki_data_reference=types.BodyPartPath((0,)),
        cert_references=types.BodyPartList((3,)),
        replace=False,
        cert_template=CHANGED,
    ),
    "31-modCertTemplate-replace-default": types.ModCertTemplate(
        pki_data_reference=types.BodyPartPath((0,)),
        cert_references=types.BodyPartList((3,)),
        cert_template=CHANGED,
    ),
    "32-controlProcessed": types.ControlsProcessed(body_list=references(7, (5, 3))),
    "33-popLinkWitnessV2": types.PopLinkWitnessV2(
        key_gen_algorithm=SHA256,
        mac_algorithm=HMAC_SHA256,
        witness=bytes.fromhex("8bea6eb9d2bdaa87c5387a4ea68a087a403d711a388ed9034be1cbfe38cc8b01"),
    ),
    "34-identityProofV2": types.IdentityProofV2(
        proof_alg_id=SHA256,
        mac_alg_id=HMAC_SHA256,
        witness=bytes.fromhex("b8fe0e8d0b72726c43a34a590ceb54585e71585c0ac78d34c8a5e46d8f549981"),
    ),
    "35-raIdentityWitness": types.BodyPartPath((5, 3)),
    "36-changeSubjectName-tagged1": types.ChangeSubjectName(
        subject=name("New Name"),
        subject_alt=types.GeneralNames((types.GeneralName(rfc822_name="n@corpus.example"),)),
    ),
    "37-responseBody": types.BodyPartPath((5,)),
}


# --- whole messages ------------------------------------------------------------------------------


def tagged_attribute(body_part_id: int, number: int, *values: Any) -> types.TaggedAttribute:
    """A control of id-cmc."""
    return types.TaggedAttribute(
        body_part_id=body_part_id, attr_type=f"{oids.ID_CMC}.{number}", attr_values=values
    )


def response(number: int = 1) -> types.PKIResponse:
    """A response that says success."""
    status = types.CMCStatusInfoV2(cmc_status=types.CMCStatus.SUCCESS, body_list=references(1))
    return types.PKIResponse(
        control_sequence=(
            tagged_attribute(1, 5, types.TransactionId(number)),
            tagged_attribute(2, 25, status),
        ),
        cms_sequence=(),
        other_msg_sequence=(),
    )


def request(*privates: Any, identifier: bytes | None = None) -> types.PKIData:
    """A request for a certificate of each key, which it names by key identifier."""
    tagged = []
    for number, private in enumerate(privates, 1):
        own = keys.key_identifier(private) if identifier is None else identifier
        pkcs10 = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(keys.name("requested"))
            .add_extension(x509.SubjectKeyIdentifier(own), critical=False)
            .sign(private, keys.hash_for(private))
        )
        asked = types.CertificationRequest.from_der(keys.der(pkcs10))
        tagged.append(
            types.TaggedRequest(
                tcr=types.TaggedCertificationRequest(
                    body_part_id=number, certification_request=asked
                )
            )
        )
    return types.PKIData(
        control_sequence=(),
        req_sequence=tuple(tagged),
        cms_sequence=(),
        other_msg_sequence=(),
    )
