"""Which answers an end entity takes, and what their statuses say (RFC 10002 §4 and §6.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509

import cmcodec
from cmcodec import builders, cms, oids, types
from cmcodec.builders import ResponseBuilder
from cmcodec.types import CMCFailInfo, CMCStatus
from kit.chains import DAY, NOW, Issued, issue
from kit.enrolment import (
    CA,
    DEVICE,
    IDENTIFICATION,
    NAMESAKE,
    OTHER_CA,
    OUTSIDE,
    RA,
    SECRET,
    SERVER,
    SIGNS,
    STRANGER,
    SUCCESS,
    answer,
    asks,
    begun,
    certify,
    client,
    failing,
    issuing,
    numbers,
    of,
    opened,
    opener,
    purpose,
    refused,
    requests,
    saying,
    secret_client,
    signer,
    statuses,
)
from kit.keys import key, name

# --- who answers -----------------------------------------------------------------------------


@pytest.mark.parametrize("by", [CA, SERVER, RA, NAMESAKE], ids=["CA", "cmcCA", "cmcRA", "name"])
def test_r_068_a_server_answers(by: Issued) -> None:
    """R-062, R-068, R-180: a CA, who has its name, and who is certified for it."""
    exchange = begun()
    done = exchange.receive(answer(exchange.request, issuing(), by=by))
    assert (done.state, numbers(done.certificates)) == ("done", of(1))
    assert CA.certificate in done.chain
    assert exchange.certificates == ()


def test_an_ordinary_end_entity_is_no_server() -> None:
    """Of the same CA, with a certificate that is good for everything else."""
    exchange = begun()
    assert refused(exchange, answer(exchange.request, issuing(), by=STRANGER)) == "not_permitted"
    both = ResponseBuilder().for_request(opened(exchange.request))
    both = both.status(CMCStatus.SUCCESS, 0)
    octets = both.sign([signer(SERVER), signer(STRANGER)], certificates=[CA.certificate])
    assert refused(exchange, octets) == "not_permitted"


@pytest.mark.parametrize("has_purpose", [False, True])
def test_r_181_who_offers_cmc_has_the_purpose(has_purpose: bool) -> None:
    """R-181: id-ad-cmc in a certificate goes with a purpose of CMC, a CA's own too."""
    place = x509.UniformResourceIdentifier("http://ca.example/cmc")
    access = x509.AccessDescription(x509.ObjectIdentifier(oids.ID_AD_CMC), place)
    extensions = [(x509.SubjectInformationAccess([access]), False)]
    extensions += [purpose(oids.ID_KP_CMC_CA)] if has_purpose else []
    server = issue(
        "CA", CA, key("p-256", 58), ca=None, usages=SIGNS, identified=True, extensions=extensions
    )
    exchange = begun()
    octets = answer(exchange.request, issuing(), by=server)
    if has_purpose:
        assert exchange.receive(octets).state == "done"
    else:
        assert refused(exchange, octets) == "not_permitted"


def test_a_server_is_one_under_any_certificate_of_its_key() -> None:
    """Who adds another certificate of that key to a message changes nothing (rule V8)."""
    exchange = begun()
    plain = issue("CMC server", CA, SERVER.key, ca=None, usages=SIGNS, identified=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(SERVER.key.public_key()).digest
    by = cms.SigningKey.from_private_key(SERVER.key, SERVER.certificate, key_identifier=identifier)
    request = opened(exchange.request)
    response = issuing()(request, ResponseBuilder().for_request(request))
    octets = response.sign(by, certificates=[CA.certificate, plain.certificate])
    assert exchange.receive(octets).state == "done"
    alone = cms.SigningKey.from_private_key(plain.key, plain.certificate)
    assert refused(exchange, response.sign(alone)) == "not_permitted"


def test_an_anchor_need_not_come_with_the_answer() -> None:
    """The client has it."""
    exchange = begun(trust=[CA.certificate, OTHER_CA.certificate])
    private = cms.SigningKey.from_private_key(CA.key, CA.certificate)
    identifier = x509.SubjectKeyIdentifier.from_public_key(CA.key.public_key()).digest
    by = replace(private, certificate=None, key_identifier=identifier, check=False)
    request = opened(exchange.request)
    octets = issuing()(request, ResponseBuilder().for_request(request)).sign(by)
    assert len(cmcodec.load(octets).certificates) == 1
    assert exchange.receive(octets).state == "done"


def test_who_is_not_trusted_does_not_answer() -> None:
    """R-051, R-148: not a stranger's CA, nobody at all, nor the key of the request itself."""
    exchange = begun()
    for by in (OTHER_CA, OUTSIDE):
        assert refused(exchange, answer(exchange.request, issuing(), by=by)) == "untrusted_chain"
    response = ResponseBuilder().for_request(opened(exchange.request))
    bare = response.fail(CMCFailInfo.INTERNAL_CA_ERROR, 0).without_signature()
    assert refused(exchange, bare) == "no_signer"
    assert exchange.request is not None
    assert refused(exchange, exchange.request) == "untrusted_request_key"
    own = client(signer=signer(DEVICE)).enroll(asks())
    assert own.request is not None
    assert refused(own, own.request) == "wrong_content_type"
    for octets in (b"", b"\x30\x00", b"junk"):
        with pytest.raises(cmcodec.DecodeError):
            exchange.receive(octets)


def test_trust_may_be_a_callback() -> None:
    """It is asked about signers and about what was issued."""
    asked = []

    def trust(certificate: x509.Certificate, others: Any, at: Any) -> bool:
        asked.append(certificate.subject)
        return certificate.issuer == CA.certificate.subject

    exchange = begun(trust=trust)
    assert exchange.receive(answer(exchange.request, issuing())).state == "done"
    assert {SERVER.certificate.subject, name("device")} <= set(asked)
    nobody = begun(trust=lambda *_: False)
    with pytest.raises(cmcodec.VerificationError, match="untrusted_chain"):
        nobody.receive(answer(nobody.request, issuing()))


@pytest.mark.parametrize("by", [None, SERVER], ids=["MAC", "signature"])
def test_r_025_who_has_the_secret_answers_too(by: Issued | None) -> None:
    """R-025: what has a MAC by the secret, and what a trusted server signed, to either."""
    for exchange in (begun(mac=True), begun()):
        done = exchange.receive(answer(exchange.request, issuing(), by=by))
        assert (done.state, numbers(done.certificates)) == ("done", of(1))
    wrong = issuing()(
        opened(exchange.request), ResponseBuilder().for_request(opened(exchange.request))
    ).authenticate(b"another secret", IDENTIFICATION, iterations=1)
    assert refused(exchange, wrong) == "decryption_failed"
    bare = client().enroll(asks(), asks(2))
    with pytest.raises(cmcodec.DecryptionError):
        bare.receive(answer(bare.request, issuing(), by=None))


def test_r_070_an_answer_is_opened() -> None:
    """R-070: for a key of the client, and for the secret."""
    for recipient, fields in (
        (cms.Recipient.from_certificate(DEVICE.certificate), {"keys": opener(DEVICE)}),
        (cms.Recipient.from_password(SECRET, IDENTIFICATION, iterations=1), {}),
    ):
        exchange = begun(**fields)
        plain = answer(exchange.request, issuing())
        octets = cms.encrypt(plain, recipient)
        assert exchange.receive(octets).state == "done"
        assert exchange.receive(cms.sign_envelope(octets, signer(SERVER))).state == "done"
    assert refused(begun(), cms.encrypt(plain, cms.Recipient.from_certificate(CA.certificate)))


# --- what it answers ---------------------------------------------------------------------------


def test_r_118_an_answer_is_to_what_was_sent() -> None:
    """R-116 … R-118: not one to another exchange, nor with other nonces; the old one goes on.

    Shows EE: recipientNonce, transactionId.
    """
    exchange, other = begun(), begun()
    assert refused(exchange, answer(other.request, issuing())) == "transaction_wrong"
    request = opened(exchange.request)
    number = request.transaction_id
    assert number is not None
    same = builders.RequestBuilder().transaction(number).add_request(asks())
    stale = answer(same.sign_with_request_key(), issuing())
    assert refused(exchange, stale) == "nonce_wrong"
    bare = issuing()(request, ResponseBuilder()).sign(signer(SERVER))
    assert refused(exchange, bare) == "transaction_wrong"


def test_r_163_controls_that_may_not_stand_there_are_refused() -> None:
    """R-163: and one that stands twice."""
    exchange = begun()
    request = opened(exchange.request)
    content = ResponseBuilder().for_request(request).status(CMCStatus.SUCCESS, 0).content()
    path = types.TaggedAttribute(
        body_part_id=99,
        attr_type=oids.ID_CMC_RA_IDENTITY_WITNESS,
        attr_values=(types.BodyPartPath((1,)),),
    )
    nonce = types.TaggedAttribute(
        body_part_id=99,
        attr_type=oids.ID_CMC_DATA_RETURN,
        attr_values=(types.DataReturn(b"1"), types.DataReturn(b"2")),
    )
    for wrong in (path, nonce):
        controls = (*content.control_sequence, wrong)
        made = types.PKIResponse(control_sequence=controls, cms_sequence=(), other_msg_sequence=())
        octets = cms.sign(made, signer(SERVER), certificates=[CA.certificate])
        assert refused(exchange, octets) == "control_misplaced"


def test_nothing_is_received_where_nothing_was_sent() -> None:
    """A caller's mistake."""
    exchange = begun()
    done = exchange.receive(answer(exchange.request, issuing()))
    with pytest.raises(ValueError, match="nothing was sent"):
        done.receive(answer(exchange.request, issuing()))


# --- statuses ------------------------------------------------------------------------------------


def test_r_082_what_has_no_status_succeeded() -> None:
    """R-082: the certificate says so; and who says so without one, gives no answer."""
    exchange = begun()

    def silent(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        return response.add_certificates(*map(certify, requests(request)))

    assert exchange.receive(answer(exchange.request, silent)).state == "done"
    assert refused(exchange, answer(exchange.request, SUCCESS)) == "untrusted_chain"


def test_r_075_requests_have_their_own_statuses() -> None:
    """R-075, R-077: one is issued and one is not; "failed" is where nothing was obtained.

    Shows EE: statusInfoV2.
    """
    exchange = secret_client().enroll(asks(), asks(2))

    def mixed(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        first, _ = requests(request)
        response = response.issue(certify(first), 1).fail(CMCFailInfo.BAD_REQUEST, 2, text="no")
        return response.fail(CMCFailInfo.UNSUPPORTED_EXT, 2)

    done = exchange.receive(answer(exchange.request, mixed))
    assert (done.state, numbers(done.certificates)) == ("done", of(1))
    assert statuses(done) == [(0, None), (2, CMCFailInfo.BAD_REQUEST), (2, 5)]
    for change in (
        failing(CMCFailInfo.BAD_IDENTITY),
        failing(CMCFailInfo.INTERNAL_CA_ERROR, 1, 2),
        saying(CMCStatus.NO_SUPPORT, 1, 2),
        saying(CMCStatus.POP_REQUIRED),
    ):
        failed = exchange.receive(answer(exchange.request, change))
        assert (failed.state, failed.certificates, failed.request) == ("failed", (), None)
        assert len(failed.statuses) == 1


def test_r_076_the_first_version_of_a_status_counts_too() -> None:
    """R-076: statusInfo alone, with its failInfo, and with what is pending.

    Shows EE: statusInfo.
    """
    exchange = begun()

    def old(status: int, **other: Any) -> Any:
        value = types.CMCStatusInfo(
            cmc_status=status,
            body_list=types.BodyPartList((1,)),
            status_string="old",
            other_info=types.StatusInfoOther(**other),
        )
        return lambda _, response: response.add_control(value)

    failed = exchange.receive(answer(exchange.request, old(2, fail_info=CMCFailInfo.BAD_ALG)))
    assert (failed.state, statuses(failed)) == ("failed", [(2, CMCFailInfo.BAD_ALG)])
    assert failed.statuses[0].status_string == "old"
    told = types.PendInfo(pend_token=b"token", pend_time=NOW + DAY)
    waits = exchange.receive(answer(exchange.request, old(3, pend_info=told)))
    assert (waits.state, waits.not_before) == ("wait", NOW + DAY)


def test_an_extended_failure_fails() -> None:
    """R-078: whatever it says."""
    exchange = begun()
    extended = types.ExtendedFailInfo(
        fail_info_oid="1.3.6.1.4.1.99999.1", fail_info_value=cmcodec.asn1.TLV(b"\x05\x00")
    )
    value = types.CMCStatusInfoV2(
        cmc_status=CMCStatus.FAILED,
        body_list=(types.BodyPartReference(body_part_path=types.BodyPartPath((0, 1))),),
        other_info=types.OtherStatusInfo(extended_fail_info=extended),
    )
    octets = answer(exchange.request, lambda _, response: response.add_control(value))
    assert exchange.receive(octets).state == "failed"
    elsewhere = types.CMCStatusInfoV2(
        cmc_status=CMCStatus.FAILED,
        body_list=(types.BodyPartReference(body_part_path=types.BodyPartPath((5, 1))),),
    )

    def beside(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        return issuing()(request, response.add_control(elsewhere))

    assert exchange.receive(answer(exchange.request, beside)).state == "done"


def nonce_of(exchange: Any) -> int:
    """The senderNonce of the last message, by its id."""
    found = opened(exchange.request)
    return int(found.find(oids.ID_CMC_SENDER_NONCE)[0][0])  # type: ignore[union-attr]


def test_r_075_what_a_control_fails_with_the_message_fails_with() -> None:
    """R-075, R-118: a server that refuses a nonce has done nothing, whatever was asked for."""
    bad = CMCFailInfo.BAD_REQUEST
    renewing = client(signer=signer(DEVICE))
    for exchange in (
        begun(),
        renewing.renew(DEVICE.certificate, asks()),
        renewing.revoke(DEVICE.certificate, types.CRLReason.SUPERSEDED),
        renewing.get_crl(CA.certificate.subject),
    ):
        failed = exchange.receive(answer(exchange.request, failing(bad, nonce_of(exchange))))
        assert (failed.state, failed.request) == ("failed", None)
        assert statuses(failed) == [(CMCStatus.FAILED, bad)]


def test_r_075_a_certificate_that_came_is_there_whatever_failed_beside_it() -> None:
    """R-075: of a request that has its certificate, and of one that has its own status."""
    exchange = begun()
    beside = nonce_of(exchange)

    def change(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        return issuing()(request, response).fail(CMCFailInfo.BAD_REQUEST, beside)

    assert exchange.receive(answer(exchange.request, change)).state == "done"
    revoking = client(signer=signer(DEVICE)).revoke(DEVICE.certificate, types.CRLReason.SUPERSEDED)
    ((asked, _),) = opened(revoking.request).find(oids.ID_CMC_REVOKE_REQUEST)  # type: ignore[union-attr]
    beside = nonce_of(revoking)

    def both(_: Any, response: ResponseBuilder) -> ResponseBuilder:
        made = response.status(CMCStatus.SUCCESS, asked)
        return made.fail(CMCFailInfo.BAD_REQUEST, beside)

    assert revoking.receive(answer(revoking.request, both)).state == "done"
