"""Requirements on what is made that no single builder shows: forms, statuses, algorithms."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import x25519

import cmcodec
from cmcodec import cms, controls, oids, types
from cmcodec.asn1 import TLV
from cmcodec.builders import NewRequest, RequestBuilder, ResponseBuilder
from kit.chains import issue
from kit.keys import certificate, key, name
from kit.messages import Signer, pki_data, signed_by, tcr

SECRET = b"correct horse battery"
SUCCESS, FAILED = types.CMCStatus.SUCCESS, types.CMCStatus.FAILED
BAD_REQUEST = types.CMCFailInfo.BAD_REQUEST


def signer(kind: str = "p-256") -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key(kind), certificate(kind))


def new(**fields: Any) -> NewRequest:
    return NewRequest(**{"key": key("p-256", 5), "subject": name("device")} | fields)


def opened(builder: RequestBuilder | ResponseBuilder) -> cmcodec.Opened:
    return cmcodec.load(builder.sign(signer()), strict=True).open()


def statuses(found: cmcodec.Opened) -> list[types.CMCStatusInfoV2]:
    return [value for _, value in found.find("id-cmc-statusInfoV2")]


# --- statuses --------------------------------------------------------------------------------


def test_r_006_fail_info_says_why() -> None:
    """R-006: every code is written as failInfo, a private one too."""
    for code in (*types.CMCFailInfo, 1000, 1999):
        (status,) = statuses(opened(ResponseBuilder().fail(code, 1)))
        assert status.other_info == types.OtherStatusInfo(fail_info=code)
        assert status.cmc_status == FAILED


def test_r_007_an_extended_fail_info_has_a_fail_info_beside_it() -> None:
    """R-007, R-074, R-075, R-077, R-084: several status infos of one body part are found."""
    extended = types.ExtendedFailInfo(fail_info_oid="1.2.3", fail_info_value=TLV(b"\x05\x00"))
    status = types.CMCStatusInfoV2(
        cmc_status=FAILED,
        body_list=(types.BodyPartReference(body_part_id=1),),
        other_info=types.OtherStatusInfo(extended_fail_info=extended),
    )
    found = opened(ResponseBuilder().add_control(status).fail(BAD_REQUEST, 1, text="why"))
    first, second = statuses(found)
    assert first == status
    assert second.other_info == types.OtherStatusInfo(fail_info=BAD_REQUEST)
    assert first.body_list == second.body_list
    assert second.status_string == "why"
    controls.check(found.content)


def test_r_058_repeated_ids() -> None:
    """R-058: a request with one is not read; badRequest for body part 0 is the answer to it."""
    octets = signed_by(Signer(), content=pki_data(requests=[tcr(3), tcr(3)])).encode()
    with pytest.raises(cmcodec.DecodeError) as caught:
        cmcodec.load(octets)
    assert caught.value.reason == "duplicate_body_part_id"
    (status,) = statuses(opened(ResponseBuilder().fail(BAD_REQUEST, 0)))
    assert [each.body_part_id for each in status.body_list] == [0]
    assert status.other_info == types.OtherStatusInfo(fail_info=BAD_REQUEST)


def test_r_068_everything_in_a_response_is_found() -> None:
    """R-068: statuses by body part, certificates, and what belongs to the conversation."""
    sent = opened(RequestBuilder().transaction(9).add_request(new()))
    issued = certificate("p-384")
    made = ResponseBuilder().for_request(sent).issue(issued, 3).fail(BAD_REQUEST, (4, 1))
    found = opened(made)
    controls.conversation.check(found, sent)
    assert [status.cmc_status for status in statuses(found)] == [SUCCESS, FAILED]
    assert statuses(found)[1].body_list[0].body_part_path == types.BodyPartPath((4, 1))
    assert issued in [each.to_cryptography() for each in found.message.certificates]


def test_r_142_the_pend_token_comes_back_unchanged() -> None:
    """R-142: from pendInfo into queryPending, octet by octet."""
    sent = opened(RequestBuilder().transaction().add_request(new()))
    token = bytes(range(256))
    pending = ResponseBuilder().for_request(sent).pend(token, datetime(2027, 1, 1, tzinfo=UTC), 3)
    (status,) = statuses(opened(pending))
    assert status.other_info is not None
    assert status.other_info.pend_info is not None
    query = types.QueryPending(status.other_info.pend_info.pend_token)
    asked = opened(RequestBuilder().follow_up(opened(pending)).add_control(query))
    ((_, found),) = asked.find("id-cmc-queryPending")
    assert found.value == token


# --- requests --------------------------------------------------------------------------------


def test_r_040_controls_of_cmc_instead_of_crmf() -> None:
    """R-040, R-207: a CRMF request that is made has no control but the witness of a POP link."""
    linked = RequestBuilder().transaction().add_request(new(form="crmf")).identify(SECRET, "device")
    (request,) = linked.content().req_sequence
    assert request.crm.cert_req.controls is None
    (request,) = linked.link_pop(SECRET).content().req_sequence
    kinds = [each.type for each in request.crm.cert_req.controls]
    assert kinds == [oids.ID_CMC_POP_LINK_WITNESS_V2]


def test_r_041_what_crmf_says_otherwise() -> None:
    """R-041, R-207: controls of CRMF are kept as they are and change nothing that CMC says."""
    archived = types.AttributeTypeAndValue(
        type=oids.ID_REG_CTRL_PKI_ARCHIVE_OPTIONS,
        value=types.PKIArchiveOptions(archive_rem_gen_priv_key=True),
    )
    (made,) = RequestBuilder().add_request(new(form="crmf", pop="challenge")).content().req_sequence
    asked = replace(made.crm.cert_req, controls=(archived,))
    finished = replace(made.crm, cert_req=asked)
    changed = types.ModCertTemplate(
        pki_data_reference=types.BodyPartPath((0,)),
        cert_references=types.BodyPartList((1,)),
        cert_template=types.CertTemplate(subject=types.Name.from_cryptography(name("changed"))),
    )
    found = opened(RequestBuilder().add_request(finished).add_control(changed))
    assert found.content.req_sequence[0].crm.cert_req.controls == (archived,)
    template = controls.templates.effective(found)[1,]
    assert template.subject == types.Name.from_cryptography(name("changed"))
    assert template.public_key == asked.cert_template.public_key


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
def test_r_045_possession_is_proved_in_another_way(form: Any) -> None:
    """R-045: by signature, or by a challenge; never with POPOSigningKeyInput (R-044)."""
    found = opened(RequestBuilder().add_request(new(form=form)))
    assert [each.pop for each in found.requests] == ["verified"]
    if form == "crmf":
        (request,) = found.content.req_sequence
        assert request.crm.popo.signature.poposk_input is None
        found = opened(RequestBuilder().add_request(new(form=form, pop="challenge")))
        assert [each.pop for each in found.requests] == ["challenge-needed"]


def test_r_098_pop_link_random() -> None:
    """R-098: 512 bits by chance."""
    builder = RequestBuilder(random=lambda size: b"\x07" * size).add_request(new())
    found = opened(builder.link_pop(SECRET))
    ((_, random),) = found.find("id-cmc-popLinkRandom")
    assert random.value == b"\x07" * 64


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
def test_r_170_the_name_of_the_certificate_beside_the_new_one(form: Any) -> None:
    """R-170: the request has the name that the old certificate has; the new one stands beside."""
    old = certificate("p-256")
    wanted = types.Name.from_cryptography(name("new name"))
    changed = types.ChangeSubjectName(subject=wanted)
    asked = NewRequest(key=key("p-256", 5), form=form, change_subject_name=changed)
    found = opened(RequestBuilder().add_request(asked).renew(old))
    controls.pop_link.verify_renewal(found, old)
    (request,) = found.content.req_sequence
    if request.tcr is not None:
        subject = request.tcr.certification_request.certification_request_info.subject
    else:
        subject = request.crm.cert_req.cert_template.subject
    assert subject == types.Name.from_cryptography(old.subject)
    assert controls.templates.effective(found)[1,].subject == wanted


def test_r_113_extensions_keep_their_meaning() -> None:
    """R-113: what a request asks for reaches the CA with its value and criticality."""
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    asked = x509.Extension(usage.oid, True, usage)
    found = opened(RequestBuilder().add_request(new(extensions=[asked])))
    template = controls.templates.effective(found)[1,]
    (kept,) = (each for each in template.extensions if each.extn_id == usage.oid.dotted_string)
    assert (kept.critical, kept.extn_value) == (True, usage.public_bytes())


def test_r_186_a_request_without_signature_is_challenged() -> None:
    """R-186: nothing else proves possession of its key; the answer comes without signature too."""
    private = x25519.X25519PrivateKey.generate()
    asked = NewRequest(key=private, subject=name("device"), pop="no-signature")
    sent = cmcodec.load(RequestBuilder().transaction().add_request(asked).without_signature())
    found = sent.open_unsigned()
    assert [each.pop for each in found.requests] == ["absent"]
    (request,) = found.unverified_content.req_sequence
    challenge, value = controls.encrypted_pop.challenge(request)
    response = ResponseBuilder().for_request(found).challenge(challenge, 3)
    answered = RequestBuilder().follow_up(opened(response))
    opener = cms.RecipientKey.from_private_key(private)
    octets = answered.answer_challenges(opened(response), opener, sent=found).without_signature()
    answer = cmcodec.load(octets).open_unsigned()
    ((_, proof),) = answer.find("id-cmc-decryptedPOP")
    controls.encrypted_pop.verify(answer, proof, value)


def test_r_212_proofs_of_diffie_hellman_keys() -> None:
    """R-202, R-212, R-227: made, opened as absent, and checked by the recipient.

    Parameters are absent, and DhSigStatic is the value of the signature.
    """
    own, ra = key("p-256", 5), key("p-256", 6)
    algorithm = "id-alg-ecdhPop-static-sha256-hmac-sha256"
    held = issue("RA", issue("CA"), own=ra, ca=None).certificate
    asked = new(key=own, pop="dh", algorithm=algorithm, dh_recipient=held)
    found = opened(RequestBuilder().add_request(asked))
    assert [(each.pop, each.algorithm) for each in found.requests] == [
        ("absent", oids.number(algorithm))
    ]
    request = found.content.req_sequence[0].tcr.certification_request
    assert request.signature_algorithm.parameters is None
    assert types.DhSigStatic.from_der(request.signature.data).issuer_and_serial is not None
    controls.dh_pop.verify(request, ra, held)
    with pytest.raises(cmcodec.ProofError, match="pop_wrong"):
        controls.dh_pop.verify(request, own, held)


# --- algorithms ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "parameters"),
    [
        ("sha256WithRSAEncryption", b"\x05\x00"),
        ("sha384WithRSAEncryption", b"\x05\x00"),
        ("sha512WithRSAEncryption", b"\x05\x00"),
        ("ecdsa-with-SHA256", None),
        ("Ed25519", None),
    ],
)
def test_r_224_parameters_of_what_is_made(algorithm: str, parameters: bytes | None) -> None:
    """R-223, R-224, R-226: NULL with RSA, absent with others, and never with a digest."""
    kind = {"s": "rsa-2048", "e": "p-256", "E": "ed25519"}[algorithm[0]]
    own = cms.SigningKey.from_private_key(key(kind), certificate(kind), algorithm=algorithm)
    octets = RequestBuilder().add_request(new(key=key(kind), algorithm=algorithm)).sign(own)
    signed: Any = cmcodec.load(octets).unverified_structure.content
    (info,) = signed.signer_infos
    (tagged,) = cmcodec.load(octets).open().content.req_sequence
    expected = None if parameters is None else TLV(parameters)
    for identifier in (
        info.signature_algorithm,
        tagged.tcr.certification_request.signature_algorithm,
    ):
        assert identifier.parameters == expected
    assert [each.parameters for each in signed.digest_algorithms] == [None]
    assert info.digest_algorithm.parameters is None
    if kind == "ed25519":
        assert info.digest_algorithm.algorithm == oids.ID_SHA512


def test_r_225_parameters_of_rsassa_pss() -> None:
    """R-225: present, with the hash of the signed attributes."""
    for name_, digest in (("SHA256", oids.ID_SHA256), ("SHA512", oids.ID_SHA512)):
        own = cms.SigningKey.from_private_key(
            key("rsa-2048"), certificate("rsa-2048"), algorithm=f"RSASSA-PSS-{name_}"
        )
        signed: Any = cmcodec.load(ResponseBuilder().sign(own)).unverified_structure.content
        (info,) = signed.signer_infos
        found = types.RSASSAPSSParams.from_der(info.signature_algorithm.parameters.der)
        assert found.hash_algorithm.algorithm == info.digest_algorithm.algorithm == digest
