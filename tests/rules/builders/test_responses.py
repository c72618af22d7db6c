"""ResponseBuilder, certs_only and the builders of batches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519

import cmcodec
from cmcodec import builders, cms, controls, oids, types
from cmcodec.asn1 import TLV
from cmcodec.builders import (
    BatchRequestBuilder,
    BatchResponseBuilder,
    NewRequest,
    RequestBuilder,
    ResponseBuilder,
    certs_only,
)
from kit.keys import certificate, crl, der, key, name

SECRET = b"correct horse battery"
WHEN = datetime(2027, 1, 1, tzinfo=UTC)
ISSUED = certificate("ed25519", 0)


def signer(kind: str = "p-256") -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key(kind, 0), certificate(kind, 0))


def request(number: int = 5, **fields: Any) -> NewRequest:
    return NewRequest(key=key("p-256", number), subject=name("device"), **fields)


def asked(builder: RequestBuilder | None = None) -> cmcodec.Opened:
    made = builder or RequestBuilder().transaction(7).add_request(request())
    return cmcodec.load(made.sign(signer())).open()


def statuses(content: Any) -> list[tuple[Any, ...]]:
    return [
        (value.cmc_status, [each.body_part_id for each in value.body_list], value.other_info)
        for control in content.control_sequence
        for value in control.attr_values
        if isinstance(value, types.CMCStatusInfoV2)
    ]


def test_r_069_issued_certificates_are_in_the_bag() -> None:
    """R-069, R-076: beside the intermediates, with success for the request."""
    octets = (
        ResponseBuilder()
        .for_request(asked())
        .issue(ISSUED, 3)
        .add_certificates(certificate("p-384", 0))
        .add_crls(crl())
        .sign(signer(), certificates=[certificate("p-521", 0)], crls=[crl()])
    )
    found = cmcodec.load(octets, strict=True).open()
    controls.check(found.content)
    carried = {each.der for each in found.message.certificates}
    others = {der(certificate(kind, 0)) for kind in ("p-256", "p-384", "p-521")}
    assert carried == {der(ISSUED), *others}
    assert statuses(found.content) == [(types.CMCStatus.SUCCESS, [3], None)]
    assert found.transaction_id == 7


def test_r_117_the_answer_belongs_to_the_request() -> None:
    """R-108, R-116, R-117: transaction id, nonces, and each dataReturn."""
    builder = RequestBuilder().transaction(7).add_control(types.DataReturn(b"mine"))
    sent = asked(builder.add_request(request()))
    content = ResponseBuilder().for_request(sent).issue(ISSUED, 4).content()
    values = {each.attr_type: each.attr_values[0] for each in content.control_sequence}
    ((_, nonce),) = sent.find(types.SenderNonce)
    assert values[oids.ID_CMC_TRANSACTION_ID].value == 7
    assert values[oids.ID_CMC_RECIPIENT_NONCE].value == nonce.value
    assert values[oids.ID_CMC_SENDER_NONCE].value != nonce.value
    assert values[oids.ID_CMC_DATA_RETURN].value == b"mine"


def test_r_078_a_simple_request_is_number_1() -> None:
    """R-078: its status names 1; it has no transaction."""
    simple = cmcodec.load(
        RequestBuilder().add_request(request()).content()
        .req_sequence[0].tcr.certification_request.to_der()
    )  # fmt: skip
    made = ResponseBuilder().for_request(simple).fail(types.CMCFailInfo.BAD_REQUEST, 1, text="no")
    (status,) = statuses(made.content())
    assert status[:2] == (types.CMCStatus.FAILED, [1])
    assert status[2].fail_info == types.CMCFailInfo.BAD_REQUEST
    made.pend(b"token", WHEN, 1).content()


def test_r_080_what_goes_with_which_status() -> None:
    """R-079, R-080, R-083, R-085: refused at the call."""
    builder = ResponseBuilder().for_request(asked())
    status, other = types.CMCStatusInfoV2, types.OtherStatusInfo
    part = (types.BodyPartReference(body_part_id=1),)
    pending = types.PendInfo(pend_token=b"x", pend_time=WHEN)
    for rule, call in (
        ("R-080", lambda: builder.status(types.CMCStatus.PENDING, 1)),
        ("R-080", lambda: builder.status(types.CMCStatus.PARTIAL, 1)),
        ("R-083", lambda: builder.pend(b"x", WHEN, 1)),
        ("R-085", lambda: builder.fail(14, 3)),
        ("R-085", lambda: builder.fail(999, 3)),
        ("R-085", lambda: builder.fail(2000, 3)),
        ("R-079", lambda: builder.add_control(
            status(cmc_status=0, body_list=part, other_info=other(fail_info=2)))),
        ("R-080", lambda: builder.add_control(status(cmc_status=3, body_list=part))),
        ("R-085", lambda: builder.add_control(
            status(cmc_status=2, body_list=part, other_info=other(fail_info=14)))),
        ("R-080", lambda: builder.add_control(
            status(cmc_status=0, body_list=part, other_info=other(pend_info=pending)))),
    ):  # fmt: skip
        with pytest.raises(cmcodec.ForbiddenError, match=rule):
            call()
    builder.pend(b"x", WHEN, 3).content()
    builder.fail(1000, 3).fail(1999, 3).content()
    with pytest.raises(ValueError, match="ids"):
        builder.fail(2)


def test_r_083_what_may_be_pending() -> None:
    """R-083: certification requests of both kinds, and what asks for them again; nothing else."""
    again = RequestBuilder().add_control(types.QueryPending(b"token"), body_part_id=9)
    other = types.TaggedRequest(
        orm=types.OtherRequest(
            body_part_id=7, request_message_type="1.2.3",
            request_message_value=TLV(b"\x05\x00"),
        )
    )  # fmt: skip
    sent = again.add_request(request(form="crmf"), body_part_id=5).add_request(other)
    builder = ResponseBuilder().for_request(asked(sent))
    for number in (5, 9):
        assert statuses(builder.pend(b"x", WHEN, number).content())[0][1] == [number]
    response = cmcodec.load(ResponseBuilder().issue(ISSUED, 1).sign(signer())).open()
    for answer, number in ((builder, 7), (ResponseBuilder().for_request(response), 1)):
        with pytest.raises(cmcodec.ForbiddenError, match="R-083"):
            answer.pend(b"x", WHEN, number)


def test_r_053_a_server_that_cannot_sign() -> None:
    """R-053: internalCAError without a SignerInfo, and nothing else."""
    made = ResponseBuilder().fail(types.CMCFailInfo.INTERNAL_CA_ERROR, 0)
    octets = made.without_signature()
    found = cmcodec.load(octets, strict=True).open_unsigned()
    assert statuses(found.unverified_content)[0][:2] == (types.CMCStatus.FAILED, [0])
    for other in (ResponseBuilder(), made.issue(ISSUED), made.status(0, 1)):
        with pytest.raises(cmcodec.ForbiddenError, match="R-053"):
            other.without_signature()


def test_mac_carries_certificates_in_a_member() -> None:
    """RFC 10002 §4.2: AuthenticatedData has no bag of certificates."""
    octets = ResponseBuilder().issue(ISSUED, 1).authenticate(SECRET, "me", iterations=1000)
    found = cmcodec.load(octets).open(cms.RecipientKey.from_password(SECRET, "me"))
    ((_, member),) = found.message.unverified_messages
    assert [each.der for each in member.certificates] == [der(ISSUED)]
    octets = ResponseBuilder().fail(2, 1).authenticate(SECRET, "me", iterations=1000)
    found = cmcodec.load(octets).open(cms.RecipientKey.from_password(SECRET, "me"))
    assert not found.message.unverified_messages


def test_r_010_certs_only() -> None:
    """R-062, R-065, R-218: no signer, no content, id-data."""
    octets = certs_only([ISSUED, certificate("p-256", 0)], [crl()])
    message = cmcodec.load(octets, strict=True)
    assert message.kind == "simple-response"
    assert len(message.certificates) == 2
    assert cmcodec.verify_batch(octets)[0].verdict == "unsigned"
    empty = "302306092a864886f70d010702a01630140201013100300b06092a864886f70d0107013100"
    assert certs_only([]).hex() == empty
    with pytest.raises(cmcodec.VerificationError, match="no_signer"):
        message.open()


def test_r_127_challenge_answer_and_abort() -> None:
    """R-124 to R-129: request, challenge, answer, and what a wrong challenge is answered with."""
    private = x25519.X25519PrivateKey.generate()
    first = (
        RequestBuilder()
        .transaction()
        .add_request(NewRequest(key=private, subject=name("device"), form="crmf", pop="challenge"))
    )
    sent = asked(first)
    (tagged,) = sent.content.req_sequence
    challenge, value = controls.encrypted_pop.challenge(tagged)
    octets = ResponseBuilder().for_request(sent).challenge(challenge, 3).sign(signer())
    response = cmcodec.load(octets).open()
    (status,) = statuses(response.content)
    assert status[2].fail_info == types.CMCFailInfo.POP_REQUIRED
    opener = cms.RecipientKey.from_private_key(private)
    answer = asked(RequestBuilder().follow_up(response).answer_challenges(response, opener))
    assert answer.octets("reqSequence[0]") == sent.octets("reqSequence[0]")
    ((_, proof),) = answer.find(types.DecryptedPOP)
    controls.encrypted_pop.verify(answer, proof, value)
    with pytest.raises(cmcodec.ProofError):
        controls.encrypted_pop.verify(answer, proof, bytes(32))
    stranger = cms.RecipientKey.from_private_key(x25519.X25519PrivateKey.generate())
    with pytest.raises(cmcodec.ProofError, match="challenge_wrong"):
        RequestBuilder().answer_challenges(response, stranger)
    (aborted,) = statuses(RequestBuilder().follow_up(response).abort("no").content())
    assert aborted[:2] == (types.CMCStatus.FAILED, [0])
    assert aborted[2].fail_info == types.CMCFailInfo.POP_FAILED


def test_r_132_no_challenge_beside_a_witness() -> None:
    """R-131, R-132: what an RA has witnessed is accepted, or answered with popFailed."""
    (tagged,) = asked().content.req_sequence
    challenge, _ = controls.encrypted_pop.challenge(tagged)
    one, two = (RequestBuilder().add_request(request(number)).sign(signer()) for number in (5, 6))
    batch = BatchRequestBuilder().add_all([one, two]).witness_pop(1, [1])
    answer = ResponseBuilder().for_request(cmcodec.load(batch.sign(signer())))
    with pytest.raises(cmcodec.ForbiddenError, match="R-132"):
        answer.challenge(challenge, (1, 1))
    assert statuses(answer.challenge(challenge, (2, 1)).content())
    failed = statuses(answer.fail(types.CMCFailInfo.POP_FAILED, (1, 1)).content())
    assert failed[0][2].fail_info == types.CMCFailInfo.POP_FAILED
    current = RequestBuilder().add_request(request())
    current = current.add_control(types.LraPopWitness(pki_data_bodyid=0, body_ids=(1,)))
    answer = ResponseBuilder().for_request(asked(current))
    with pytest.raises(cmcodec.ForbiddenError, match="R-132"):
        answer.challenge(challenge, 1)
    simple = cmcodec.load(tagged.tcr.certification_request.to_der())
    assert statuses(ResponseBuilder().for_request(simple).challenge(challenge, 1).content())


def test_r_099_challenges_to_linked_requests() -> None:
    """R-099, R-102, R-128: what the witness is over is sent again; another's request is refused."""
    private = key("rsa-2048", 3)
    wanted = NewRequest(key=private, subject=name("device"), form="crmf", pop="challenge")
    first = RequestBuilder().transaction().link_pop(b"secret").add_request(wanted)
    sent = asked(first)
    (tagged,) = sent.content.req_sequence
    challenge, value = controls.encrypted_pop.challenge(tagged)
    octets = ResponseBuilder().for_request(sent).challenge(challenge, 4).sign(signer())
    response = cmcodec.load(octets).open()
    opener = cms.RecipientKey.from_private_key(private)
    again = RequestBuilder().follow_up(response)
    answer = asked(again.answer_challenges(response, opener, sent=sent))
    assert answer.octets("reqSequence[0]") == sent.octets("reqSequence[0]")
    controls.pop_link.verify(answer, b"secret")
    ((_, proof),) = answer.find(types.DecryptedPOP)
    controls.encrypted_pop.verify(answer, proof, value)
    with pytest.raises(cmcodec.ForbiddenError, match="R-099"):
        again.answer_challenges(response, opener).content()
    with pytest.raises(cmcodec.EncodeError, match="bad_value in keys"):
        again.answer_challenges(response, ())
    another = asked(RequestBuilder().add_request(wanted))
    with pytest.raises(cmcodec.ProofError, match="challenge_wrong") as caught:
        again.answer_challenges(response, opener, sent=another)
    assert caught.value.fail_info == types.CMCFailInfo.POP_FAILED
    assert caught.value.body_parts == (0,)


def test_r_118_follow_up() -> None:
    """R-116 to R-118: the same transaction, the nonce that was received, and a new one."""
    sent = asked()
    response = cmcodec.load(
        ResponseBuilder().for_request(sent).issue(ISSUED, 3).sign(signer())
    ).open()
    builder = RequestBuilder().follow_up(response).confirm(ISSUED)
    content = builder.content()
    values = {each.attr_type: each for each in content.control_sequence}
    ((_, nonce),) = response.find(types.SenderNonce)
    assert values[oids.ID_CMC_RECIPIENT_NONCE].attr_values[0].value == nonce.value
    assert values[oids.ID_CMC_TRANSACTION_ID].attr_values[0].value == 7
    accepted = values[oids.ID_CMC_CONFIRM_CERT_ACCEPTANCE]
    assert statuses(content)[0][:2] == (types.CMCStatus.SUCCESS, [accepted.body_part_id])
    (rejected,) = statuses(RequestBuilder().reject(ISSUED, "no").content())
    assert (rejected[0], rejected[2].fail_info) == (
        types.CMCStatus.FAILED, types.CMCFailInfo.BAD_REQUEST,
    )  # fmt: skip


# --- batches ---------------------------------------------------------------------------------


def test_r_155_batch_requests() -> None:
    """R-155, R-174: each client's message as it is, named by the control; Simple ones beside."""
    messages = [RequestBuilder().add_request(request(n)).sign(signer()) for n in (5, 6, 7)]
    simple = (
        RequestBuilder().add_request(request(8)).content()
        .req_sequence[0].tcr.certification_request
    )  # fmt: skip
    octets = (
        BatchRequestBuilder()
        .add(messages[0], body_part_id=20)
        .add_all(messages[1:])
        .add_request(simple)
        .witness_pop(20, [1])
        .modify(20, [1], types.CertTemplate(subject=types.Name.from_cryptography(name("new"))))
        .witness_identity(20)
        .transaction()
        .sign(signer("rsa-2048"))
    )
    report = cmcodec.verify_batch(octets)
    assert report.counts() == {"verified": 4}
    assert [row.path for row in report] == [(), (20,), (1,), (2,)]
    assert [member.to_der() for _, member in cmcodec.load(octets).unverified_messages] == messages
    assert all(not row.notes for row in report)
    found = cmcodec.load(octets).open()
    ((_, listed),) = found.find("id-cmc-batchRequests")
    assert listed.value == (20, 1, 2)
    assert found.requests[0].id == 3
    with pytest.raises(cmcodec.EncodeError, match="bad_type"):
        BatchRequestBuilder().add(certs_only([ISSUED]))
    (tagged,) = asked(RequestBuilder().add_request(request(form="crmf"))).content.req_sequence
    with pytest.raises(cmcodec.EncodeError, match="bad_type in request"):
        BatchRequestBuilder().add_request(tagged)  # type: ignore[arg-type]
    alone = BatchRequestBuilder().add_request(simple).content()
    assert (len(alone.req_sequence), alone.control_sequence) == (1, ())


def test_r_164_a_witness_for_a_control_marks_it_as_processed() -> None:
    """R-164, R-241: raIdentityWitness several times, with controlProcessed for a control."""
    message = RequestBuilder().add_request(request()).identify(SECRET).sign(signer())
    made = BatchRequestBuilder().add(message).witness_identity(1, 2).witness_identity(1).content()
    names = [oids.name(each.attr_type) for each in made.control_sequence]
    assert names.count("id-cmc-raIdentityWitness") == 2
    assert names.count("id-cmc-controlProcessed") == 1


def test_r_061_unsigned_data_is_promoted() -> None:
    """R-059 to R-061: taken from the client's message, with its id before the path."""
    data = types.CMCUnsignedData(
        body_part_path=types.BodyPartPath((1,)), identifier="1.2.3", content=types.Data(b"x")
    )
    builder = RequestBuilder().add_request(request()).add_unsigned_data(data)
    for message, opener in (
        (builder.sign([signer(), signer("rsa-2048")]), ()),
        (builder.authenticate(SECRET, "me", iterations=1000),
         cms.RecipientKey.from_password(SECRET, "me")),
    ):  # fmt: skip
        assert len(controls.unsigned_data.read(cmcodec.load(message))) == 1
        octets = BatchRequestBuilder().add(message, body_part_id=9).sign(signer())
        (promoted,) = controls.unsigned_data.read(cmcodec.load(octets))
        assert promoted.body_part_path.value == (9, 1)
        ((_, member),) = cmcodec.load(octets).unverified_messages
        assert controls.unsigned_data.read(member) == ()
        assert member.open(opener).requests[0].pop == "verified"


def test_r_156_batch_responses() -> None:
    """R-156 to R-158: in order, each its own message; partial says when to ask again."""
    answers = [
        ResponseBuilder().issue(ISSUED, 1).sign(signer()),
        ResponseBuilder().fail(types.CMCFailInfo.BAD_REQUEST, 1).sign(signer()),
        certs_only([ISSUED]),
    ]
    batch = asked(RequestBuilder().transaction(9))
    octets = (
        BatchResponseBuilder().for_request(batch).add(answers[0]).add_all(answers[1:])
        .partial(b"token", WHEN).sign(signer())
    )  # fmt: skip
    found = cmcodec.load(octets).open()
    assert found.transaction_id == 9
    assert [member.to_der() for _, member in found.message.unverified_messages] == answers
    ((_, listed),) = found.find("id-cmc-batchResponses")
    assert listed.value == tuple(number for number, _ in found.message.unverified_messages)
    assert statuses(found.content)[0][0] == types.CMCStatus.PARTIAL


def test_nothing_is_signed_by_nobody() -> None:
    """RFC 5652 §5.3: of several signers there is one at least."""
    with pytest.raises(cmcodec.EncodeError, match="bad_value in signer"):
        ResponseBuilder().issue(ISSUED, 1).sign(())


def test_a_message_that_does_not_verify_is_not_made() -> None:
    """V10: whatever keeps the key, what it returns is verified before anybody gets it."""
    wrong = cms.SigningKey(sign=lambda _: bytes(64), algorithm="Ed25519", certificate=ISSUED)
    with pytest.raises(cmcodec.SigningError, match="signature_invalid"):
        ResponseBuilder().issue(ISSUED, 1).sign(wrong)


def test_unsigned_data_is_no_draft() -> None:
    """R-060: only `sign` writes it."""
    data = types.CMCUnsignedData(
        body_part_path=types.BodyPartPath((1,)), identifier="1.2.3", content=types.Data(b"x")
    )
    made = ResponseBuilder().issue(ISSUED, 1)
    assert made.draft() is not None
    assert made.add_unsigned_data(data).draft() is None


def test_a_large_batch_is_what_batch_requests_makes() -> None:
    """The same members in the same order, in one pass."""
    one = RequestBuilder().add_request(request()).sign(signer())
    messages = [one] * 1000
    octets = BatchRequestBuilder().add_all(messages).sign(signer())
    other = builders.batch_requests(messages, signer())
    assert len(octets) == pytest.approx(len(other), rel=0.01)
    assert cmcodec.verify_batch(octets).counts() == {"verified": 1001}
