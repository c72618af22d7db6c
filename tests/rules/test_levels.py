"""RFC 10004: each control and algorithm that it asks for is made, opened and checked.

One row per level of §5.1 (algorithms) and §5.2 (controls), as far as no role is needed for it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import cms, controls, oids, types
from cmcodec.asn1 import TLV
from cmcodec.builders import (
    BatchRequestBuilder,
    NewRequest,
    RequestBuilder,
    ResponseBuilder,
    certs_only,
)
from cmcodec.foreign import quietly
from kit.diffie_hellman import dh_key
from kit.keys import certificate, crl, key, name

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = b"correct horse battery"
ISSUED = certificate("p-256", 3)
SHA256, HMAC_SHA256 = oids.ID_SHA256, oids.ID_HMAC_WITH_SHA256


def signer(kind: str = "rsa-2048", **fields: Any) -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key(kind), certificate(kind), **fields)


def request() -> RequestBuilder:
    asked = NewRequest(key=key("rsa-2048", 5), subject=name("device"))
    return RequestBuilder().transaction(7).add_request(asked)


def opened(octets: bytes, *keys: Any) -> cmcodec.Opened:
    found = cmcodec.load(octets, strict=True).open(keys)
    controls.check(found.content)
    return found


# --- messages (§5) ---------------------------------------------------------------------------


def test_r_002_messages() -> None:
    """R-002: the three messages that everybody must have are made, told apart and read."""
    full = cmcodec.load(request().sign(signer()), strict=True)
    assert full.kind == "full-request"
    assert [each.pop for each in full.open().requests] == ["verified"]
    answer = cmcodec.load(ResponseBuilder().issue(ISSUED, 1).sign(signer()), strict=True)
    assert answer.kind == "full-response"
    assert answer.open().find(types.CMCStatusInfoV2)
    simple = cmcodec.load(certs_only([ISSUED]), strict=True)
    assert simple.kind == "simple-response"
    assert [each.to_cryptography() for each in simple.certificates] == [ISSUED]


# --- algorithms (§5.1) -----------------------------------------------------------------------


def test_r_196_signed_data() -> None:
    """R-196: RSA with SHA-256 is what an RSA key signs with, and what is verified.

    Shows algorithms: SignedData verification, SignedData generation.
    """
    (layer,) = opened(request().sign(signer())).layers
    assert layer.algorithm == "sha256WithRSAEncryption"


@pytest.mark.parametrize("algorithm", ["id-aes256-CBC", "id-aes256-GCM", "id-aes128-GCM"])
def test_r_197_envelopes_and_key_transport(algorithm: str) -> None:
    """R-197, R-228: AES-CBC and AES-GCM, for RSA with PKCS#1 v1.5 unless told otherwise.

    Shows algorithms: EnvelopedData encryption, AuthEnvelopedData encryption, key transport.
    """
    recipient = cms.Recipient.from_certificate(certificate("rsa-2048", 1))
    octets = cms.encrypt(request().sign(signer()), recipient, algorithm=algorithm)
    (layer, _) = opened(octets, cms.RecipientKey.from_private_key(key("rsa-2048", 1))).layers
    assert (layer.algorithm, layer.recipient) == (algorithm, "ktri")
    held: Any = cmcodec.load(octets).unverified_structure.content
    (info,) = held.recipient_infos
    assert info.ktri.key_encryption_algorithm.algorithm == oids.RSA_ENCRYPTION


@pytest.mark.parametrize("algorithm", ["id-aes256-CBC", "id-aes256-GCM"])
def test_r_198_key_agreement(algorithm: str) -> None:
    """R-198: Diffie-Hellman as in RFC 2631, for both kinds of envelopes.

    Shows algorithms: key agreement.
    """
    own = dh_key()
    recipient = cms.Recipient.from_public_key(quietly(own.public_key), key_identifier=b"device")
    octets = cms.encrypt(request().sign(signer()), recipient, algorithm=algorithm)
    opener = cms.RecipientKey.from_private_key(own, key_identifier=b"device")
    (layer, _) = opened(octets, opener).layers
    assert (layer.algorithm, layer.recipient) == (algorithm, "kari")
    held: Any = cmcodec.load(octets).unverified_structure.content
    (info,) = held.recipient_infos
    assert info.kari.key_encryption_algorithm.algorithm == oids.ID_ALG_ESDH


def test_r_199_password() -> None:
    """R-199: PBKDF2 and AES key wrap, for AuthenticatedData and for envelopes.

    Shows algorithms: passwords.
    """
    octets = request().authenticate(SECRET, "device", iterations=1000)
    (layer,) = opened(octets, cms.RecipientKey.from_password(SECRET, "device")).layers
    assert (layer.kind, layer.recipient) == ("authenticated", "pwri")
    recipient = cms.Recipient.from_password(SECRET, iterations=1000)
    sealed = cms.encrypt(request().sign(signer()), recipient)
    (layer, _) = opened(sealed, cms.RecipientKey.from_password(SECRET)).layers
    assert layer.recipient == "pwri"


def test_r_200_identity_proof() -> None:
    """R-200: SHA-256 and HMAC-SHA256 unless told otherwise.

    Shows algorithms: identityProofV2.
    """
    found = opened(request().identify(SECRET, "device").sign(signer()))
    ((_, proof),) = found.find(types.IdentityProofV2)
    assert proof.proof_alg_id.algorithm == SHA256
    assert proof.mac_alg_id.algorithm == HMAC_SHA256
    controls.identity_proof.verify(found, SECRET)


@pytest.mark.parametrize("derived", [False, True], ids=["SHA-256", "PBKDF2"])
def test_r_201_pop_link(derived: bool) -> None:
    """R-200, R-201: SHA-256 and HMAC-SHA256 unless told otherwise; PBKDF2 too.

    Shows algorithms: popLinkWitnessV2.
    """
    parameters = types.PBKDF2Params(
        salt=types.PBKDF2Salt(specified=bytes(8)),
        iteration_count=1000,
        key_length=32,
        prf=types.AlgorithmIdentifier(algorithm=HMAC_SHA256, parameters=TLV(b"\x05\x00")),
    )
    pbkdf2 = types.AlgorithmIdentifier(
        algorithm=oids.ID_PBKDF2, parameters=TLV(parameters.to_der())
    )
    linked = request().link_pop(SECRET, key_gen=pbkdf2) if derived else request().link_pop(SECRET)
    found = opened(linked.sign(signer()))
    controls.pop_link.verify(found, SECRET)
    info: Any = found.content
    attributes = info.req_sequence[
        0
    ].tcr.certification_request.certification_request_info.attributes
    (witness,) = (value for each in attributes for value in each.attr_values
                  if isinstance(value, types.PopLinkWitnessV2))  # fmt: skip
    assert witness.key_gen_algorithm.algorithm == (oids.ID_PBKDF2 if derived else SHA256)
    assert witness.mac_algorithm.algorithm == HMAC_SHA256


def test_r_200_challenges_and_trust_anchors() -> None:
    """R-200: encryptedPOP, decryptedPOP and trustedAnchors with SHA-256.

    Shows algorithms: encryptedPOP and decryptedPOP, trustedAnchors.
    """
    asked = NewRequest(key=key("rsa-2048", 5), subject=name("device"), form="crmf", pop="challenge")
    (tagged,) = RequestBuilder().add_request(asked).content().req_sequence
    challenge, _ = controls.encrypted_pop.challenge(tagged)
    assert challenge.the_pop_alg_id.algorithm == HMAC_SHA256
    assert challenge.witness_alg_id.algorithm == SHA256
    opener = cms.RecipientKey.from_private_key(key("rsa-2048", 5))
    assert controls.encrypted_pop.answer(challenge, opener, 1).the_pop_alg_id == (
        challenge.the_pop_alg_id
    )
    anchors = controls.trust_anchors.compute([certificate("p-256")], 1)
    assert anchors.hash_algorithm.algorithm == SHA256


# --- controls (§5.2) -------------------------------------------------------------------------

STATUS = types.CMCStatusInfo(cmc_status=types.CMCStatus.SUCCESS, body_list=types.BodyPartList((1,)))
GET_CRL = types.GetCRL(issuer_name=types.Name.from_cryptography(name("CA")))
SERIAL = types.IssuerAndSerialNumber(
    issuer=types.Name.from_cryptography(name("CA")), serial_number=7
)
GET_CERT = types.GetCert(
    issuer_name=types.GeneralName(directory_name=SERIAL.issuer), serial_number=7
)

REQUESTS: dict[str, Callable[[], RequestBuilder]] = {
    "identification": lambda: request().identify(SECRET, "device"),
    "identityProof": lambda: request().identify(SECRET, version=1),
    "identityProofV2": lambda: request().identify(SECRET),
    "popLinkRandom": lambda: request().link_pop(SECRET),
    "dataReturn": lambda: request().add_control(types.DataReturn(b"kept")),
    "transactionId": request,
    "senderNonce": request,
    "getCert": lambda: request().add_control(GET_CERT),
    "getCRL": lambda: request().add_control(GET_CRL),
    "publishCert": lambda: request().add_control(controls.publication.compute([ISSUED])),
    "revokeRequest": lambda: request().revoke(SERIAL, types.CRLReason.KEY_COMPROMISE),
    "regInfo": lambda: request().add_control(types.RegInfo(b"text")),
    "queryPending": lambda: request().add_control(types.QueryPending(b"token")),
    "confirmCertAcceptance": lambda: request().confirm(ISSUED),
    "statusInfo": lambda: request().add_control(STATUS),
}


@pytest.mark.parametrize("control", REQUESTS)
def test_r_205_controls_of_requests(control: str) -> None:
    """R-205: each control that an EE is to have is made, and found again."""
    found = opened(REQUESTS[control]().sign(signer()))
    assert found.find(f"id-cmc-{control}")


WHEN = datetime(2027, 1, 1, tzinfo=UTC)
RESPONSES: dict[str, Callable[[], ResponseBuilder]] = {
    "statusInfoV2": lambda: ResponseBuilder().pend(b"token", WHEN, 3),
    "statusInfo": lambda: ResponseBuilder().add_control(STATUS),
    "responseInfo": lambda: ResponseBuilder().add_control(types.ResponseInfo(b"text")),
    "recipientNonce": lambda: ResponseBuilder().for_request(opened(request().sign(signer()))),
    "trustedAnchors": lambda: ResponseBuilder().add_control(
        controls.trust_anchors.compute([ISSUED], 1)
    ),
    "responseBody": lambda: (
        ResponseBuilder()
        .add_message(ResponseBuilder().issue(ISSUED, 1).add_crls(crl()).sign(signer()))
        .add_control(types.BodyPartPath((2,)), "id-cmc-responseBody", body_part_id=1)
    ),
}


@pytest.mark.parametrize("control", RESPONSES)
def test_r_205_controls_of_responses(control: str) -> None:
    """R-205: each control that a server is to have is made, and found again."""
    found = opened(RESPONSES[control]().sign(signer()))
    assert found.find(f"id-cmc-{control}")


def test_r_205_controls_of_an_ra() -> None:
    """R-205: what an RA says of the requests in its batch."""
    template = types.CertTemplate(subject=types.Name.from_cryptography(name("changed")))
    inner = request().identify(SECRET, "device").sign(signer())
    batch = BatchRequestBuilder().add(inner, body_part_id=1).modify(1, [3], template)
    batch = batch.witness_pop(1, [3]).witness_identity(1, 4)
    added = types.AddExtensions(
        pki_data_reference=1,
        cert_references=(3,),
        extensions=(types.Extension(extn_id=oids.ID_CE_EXT_KEY_USAGE, extn_value=b"\x30\x00"),),
    )
    found = opened(batch.add_control(added).transaction().sign(signer()))
    for control in (
        "batchRequests", "modCertTemplate", "addExtensions", "lraPOPWitness", "raIdentityWitness",
        "controlProcessed", "transactionId",
    ):  # fmt: skip
        assert found.find(f"id-cmc-{control}"), control
    assert found.notes == ()
    effective = controls.templates.effective(found)[1, 3]
    assert effective.subject == template.subject
