"""The registration authority: clients without CMC, and keys that it makes (RFC 10002 §6.21)."""

from __future__ import annotations

import logging
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import BatchResponseBuilder, RequestBuilder, ResponseBuilder
from cmcodec.errors import CMCError, EncodeError
from cmcodec.roles import Issue, Refuse, Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    Answer,
    Authority,
    always,
    anchor,
    certified,
    failed,
    new,
    pending,
    renewal,
    signer,
    simple,
)
from kit.keys import key, name
from kit.registration import Registration, kept, opened_at, ra
from kit.unreadable import of_version

SUCCESS = CMCStatus.SUCCESS


class Asked:
    """The policy of a CA that remembers what it was asked, and issues."""

    def __init__(self) -> None:
        self.applications: list[Any] = []

    def __call__(self, application: Any) -> Any:
        self.applications.append(application)
        return Issue()


def registration(policy: Any = always, **rules: Any) -> Registration:
    options = {"authorised_ras": [ra().certificate], "policy": policy, "rules": Rules(**rules)}
    return Registration(authority=Authority(options))


def vouched(made: Registration, octets: bytes | None = None) -> bytes:
    """The id of a PKCS#10 that somebody vouches for."""
    received = made.build().vouch(octets or simple(), by="the desk", identity="person 7")
    assert received.answer is None
    return received.id


# --- vouched for -----------------------------------------------------------------------------


def test_a_request_that_somebody_vouches_for(caplog: pytest.LogCaptureFixture) -> None:
    """R-174, R-166, R-173: in a PKIData of the RA, with its witness; certificates alone come back.

    Who vouches, and for whom, is kept and logged, and not sent.

    Shows RA: raIdentityWitness, transactionId.
    """
    policy = Asked()
    made = registration(policy)
    octets = simple()
    with caplog.at_level(logging.INFO, "cmcodec.roles"):
        identifier = vouched(made, octets)
    assert "the desk vouches for person 7" in caplog.text
    record = b"".join(kept(made.store))
    assert b"the desk" in record
    assert b"person 7" in record
    (delivery,) = made.answered()
    assert b"the desk" not in made.sent[-1]
    assert b"person 7" not in made.sent[-1]
    content = made.member().unverified_content
    (asked,) = content.req_sequence
    assert asked.tcr.certification_request.to_der() == octets
    (witness,) = made.said(oids.ID_CMC_RA_IDENTITY_WITNESS, content)
    assert tuple(witness) == (asked.tcr.body_part_id,)
    assert (delivery.id, delivery.status, delivery.final) == (identifier, SUCCESS, True)
    answer = Answer(delivery.octets, kind=cmcodec.load(delivery.octets).kind)
    assert answer.kind == "simple-response"
    assert answer.certificates() == [*made.authority.issued.values()]
    (application,) = policy.applications
    assert application.requester.kind == "ra"


def test_who_vouches_vouches_for_a_good_request() -> None:
    """R-047: what is no PKCS#10, or has a wrong signature, raises, and nothing is kept of it."""
    made = registration()
    octets = bytearray(simple())
    octets[-1] ^= 1
    crmf = RequestBuilder().add_request(new(form="crmf")).content().req_sequence[0].crm
    for wrong in (bytes(octets), b"\x30\x00", renewal(certified("device")), crmf):
        with pytest.raises((CMCError, EncodeError)):
            made.build().vouch(wrong, by="the desk", identity="person 7")
    assert not kept(made.store)


def test_a_refused_one_is_told_as_a_simple_request() -> None:
    """R-011, R-078: a Full PKI Response of the RA about body part 1."""
    made = registration(lambda _: Refuse(CMCFailInfo.UNSUPPORTED_EXT, "not so"))
    vouched(made)
    (delivery,) = made.answered()
    answer = Answer(delivery.octets)
    assert (delivery.status, delivery.final) == (CMCStatus.FAILED, True)
    assert answer.statuses() == failed(CMCFailInfo.UNSUPPORTED_EXT, 1)
    (status,) = answer.controls(oids.ID_CMC_STATUS_INFO_V2)
    assert status.status_string == "not so"


def test_an_ra_that_is_not_known_vouches_for_nobody() -> None:
    """R-182: the next server refuses the batch; the RA says so."""
    made = Registration(authority=Authority({"policy": always}))
    vouched(made)
    (delivery,) = made.answered()
    assert Answer(delivery.octets).statuses() == failed(CMCFailInfo.BAD_REQUEST, 1)
    assert not made.authority.issued


# --- the RA asks again -----------------------------------------------------------------------


def decided(made: Registration, decision: Any = None) -> None:
    authority = made.authority.build()
    for application in list(authority.pending()):
        authority.decide(application.id, decision or Issue())


def test_the_ra_asks_for_what_is_pending() -> None:
    """R-142, R-143: when its time has come, each time anew, until it is decided.

    Shows RA: queryPending, transactionId.
    """
    made = registration(pending)
    identifier = vouched(made)
    (delivery,) = made.answered()
    assert (delivery.id, delivery.status, delivery.final) == (
        identifier, CMCStatus.PENDING, False,
    )  # fmt: skip
    assert made.build().due() == ()
    made.advance(minutes=6)
    (delivery,) = made.polled()
    assert (delivery.id, delivery.final) == (identifier, False)
    # pendInfo is repeated as it was; its time has passed, and nobody asks again at once for that.
    assert made.build().due() == ()
    decided(made)
    made.advance(minutes=6)
    (delivery,) = made.polled()
    assert (delivery.id, delivery.status, delivery.final) == (identifier, SUCCESS, True)
    assert cmcodec.load(delivery.octets).kind == "simple-response"
    made.advance(hours=1)
    assert made.polled() == ()
    assert not made.store.keys("batch")


def test_a_poll_that_is_put_off_is_asked_again() -> None:
    """R-017: tryLater to a poll is no answer to the request."""
    made = registration(pending)
    vouched(made)
    made.answered()
    made.advance(minutes=6)
    (poll,) = made.build().due()

    later = ResponseBuilder().for_request(cmcodec.load(poll)).fail(CMCFailInfo.TRY_LATER, 0)
    assert made.build().deliver(later.sign(signer(anchor()))) == ()
    decided(made)
    made.advance(minutes=2)
    (delivery,) = made.polled()
    assert (delivery.status, delivery.final) == (SUCCESS, True)


def test_what_is_put_off_goes_into_the_next_batch() -> None:
    """R-017: the RA sends its own requests again, the same octets; another delivery follows."""

    def down(application: Any) -> Any:
        raise TimeoutError

    made = registration(down)
    identifier = vouched(made)
    (delivery,) = made.answered()
    assert (delivery.id, delivery.final) == (identifier, False)
    sent = made.member().to_der()
    made.authority.options["policy"] = always
    (delivery,) = made.answered()
    assert made.member().to_der() == sent
    assert (delivery.id, delivery.status, delivery.final) == (identifier, SUCCESS, True)


def test_the_ra_confirms_what_it_asked_for() -> None:
    """R-144, R-145: the certificate is delivered once its confirmation is answered.

    Shows RA: confirmCertAcceptance, statusInfoV2.
    """
    made = registration(confirm=True)
    identifier = vouched(made)
    (delivery,) = made.answered()
    assert (delivery.status, delivery.final) == (CMCStatus.CONFIRM_REQUIRED, False)
    (delivery,) = made.answered()
    content = made.member().unverified_content
    assert len(made.said(oids.ID_CMC_CONFIRM_CERT_ACCEPTANCE, content)) == 1
    assert (delivery.id, delivery.status, delivery.final) == (identifier, SUCCESS, True)
    answer = Answer(delivery.octets, kind="simple-response")
    assert answer.certificates() == [*made.authority.issued.values()]
    made.advance(days=2)
    made.authority.build().settle()
    assert made.authority.revoked == []


def test_a_confirmation_that_comes_too_late_is_told() -> None:
    """R-144: the client is told that it failed, and gets no certificate."""
    made = registration(confirm=True)
    vouched(made)
    made.answered()
    made.advance(days=2)
    made.authority.build().settle()
    (delivery,) = made.answered()
    assert (delivery.status, delivery.final) == (CMCStatus.FAILED, True)
    assert Answer(delivery.octets).statuses() == failed(CMCFailInfo.BAD_CERT_ID, 1)


@pytest.mark.parametrize("confirm", [True, False])
def test_a_bare_request_goes_through_at_once(*, confirm: bool) -> None:
    """R-010, R-174: where a policy lets it; confirmed by the RA where that is asked for."""
    made = registration(confirm=confirm)
    made.options["policy"] = always
    octets = simple()
    answer = made.respond(octets)
    assert answer.kind == "simple-response"
    assert answer.certificates() == [*made.authority.issued.values()]
    assert made.respond(octets).octets == answer.octets
    assert len(made.sent) == (2 if confirm else 1)


def test_a_bare_request_that_is_pending_gets_its_certificate_when_it_comes_again() -> None:
    """R-011, R-142: the RA polls for it; the same PKCS#10 gets what is known by then."""
    made = registration(pending)
    made.options["policy"] = always
    octets = simple()
    assert made.respond(octets).statuses() == [(CMCStatus.PENDING, (1,), None)]
    assert made.respond(octets).statuses() == [(CMCStatus.PENDING, (1,), None)]
    decided(made)
    made.advance(minutes=6)
    made.polled()
    answer = made.respond(octets)
    assert answer.kind == "simple-response"
    assert len(made.sent) == 2


@pytest.mark.parametrize("decision", [Issue(), Refuse(CMCFailInfo.UNSUPPORTED_EXT)])
def test_a_bare_request_can_be_asked_for(decision: Any) -> None:
    """R-142: by the token, signed by the key of the request, also where the RA had to confirm."""
    made = registration(pending, confirm=True)
    made.options["policy"] = always
    first = made.respond(simple())
    private = key("p-256", 1)
    identifier = x509.SubjectKeyIdentifier.from_public_key(private.public_key()).digest
    own = cms.SigningKey.from_private_key(private, key_identifier=identifier)

    def polled() -> Answer:
        poll = RequestBuilder().add_control(types.QueryPending(first.token)).add_request(new())
        return made.respond(poll.sign(own))

    assert polled().statuses()[0][0] == CMCStatus.PENDING
    decided(made, decision)
    made.advance(minutes=6)
    made.polled()
    made.answered()
    found = polled()
    if isinstance(decision, Issue):
        assert found.statuses()[0][0] == SUCCESS
        assert set(made.authority.issued.values()) <= set(found.certificates())
    else:
        assert found.statuses()[0][2] == CMCFailInfo.UNSUPPORTED_EXT


# --- what other servers say ------------------------------------------------------------------


def batched(made: Registration) -> tuple[bytes, cmcodec.Message]:
    """What the RA sends now, and the first request in it."""
    batch = made.build().batch()
    assert batch is not None
    messages = cmcodec.load(batch.octets).unverified_messages
    return batch.octets, next(member for _, member in messages)


def saying(asked: Any, status: CMCStatus, *certificates: Any, **other: Any) -> bytes:
    """An answer with a status and nothing beside it; ``other``: what its otherInfo says."""
    content = ResponseBuilder().for_request(asked).content()
    value = types.CMCStatusInfoV2(
        cmc_status=status,
        body_list=(types.BodyPartReference(body_part_id=1),),
        other_info=types.OtherStatusInfo(**other) if other else None,
    )
    said = types.TaggedAttribute(
        body_part_id=99, attr_type=oids.ID_CMC_STATUS_INFO_V2, attr_values=(value,)
    )
    content = replace(content, control_sequence=(*content.control_sequence, said))
    return cms.sign(content, signer(anchor()), certificates=certificates)


def in_batch(octets: bytes, made: Registration, *answers: bytes) -> bytes:
    batch = BatchResponseBuilder().for_request(cmcodec.load(octets)).add_all(answers)
    made.sent.append(octets)
    return batch.sign(signer(anchor()))


def test_a_server_may_leave_out_what_it_said_before() -> None:
    """R-143: pending without a time keeps the token; the RA asks again after `poll_after`."""
    made = registration(pending)
    identifier = vouched(made)
    made.answered()
    made.advance(minutes=6)
    (poll,) = made.build().due()
    (delivery,) = made.build().deliver(saying(cmcodec.load(poll), CMCStatus.PENDING))
    assert (delivery.id, delivery.status, delivery.final) == (
        identifier, CMCStatus.PENDING, False,
    )  # fmt: skip
    assert made.build().due() == ()
    decided(made)
    made.advance(minutes=6)
    (delivery,) = made.polled()
    assert (delivery.status, delivery.final) == (SUCCESS, True)


def test_the_ra_returns_a_token_of_rfc_2797() -> None:
    """R-142: which was an INTEGER there; the RA asks with its octets when its time has come."""
    made = registration()
    vouched(made)
    batch, message = batched(made)
    told = types.LegacyPendInfo(pend_token=0x1234, pend_time=made.now + timedelta(minutes=20))
    answer = saying(message, CMCStatus.PENDING, legacy_pend_info=told)
    (delivery,) = made.build().deliver(in_batch(batch, made, answer))
    (status,) = Answer(delivery.octets).controls(oids.ID_CMC_STATUS_INFO_V2)
    assert delivery.status == status.cmc_status == CMCStatus.PENDING
    expected = types.PendInfo(pend_token=b"\x12\x34", pend_time=told.pend_time)
    assert status.other_info.pend_info == expected
    made.advance(minutes=19)
    assert made.build().due() == ()
    made.advance(minutes=1)
    (poll,) = made.build().due()
    content = cmcodec.load(poll).unverified_content
    (token,) = made.said(oids.ID_CMC_QUERY_PENDING, content)
    assert token.value == b"\x12\x34"


def test_what_nobody_can_ask_for_is_sent_again() -> None:
    """R-080: pending without a token from the start is none of an answer."""
    made = registration()
    vouched(made)
    batch, message = batched(made)
    response = in_batch(batch, made, saying(message, CMCStatus.PENDING))
    (delivery,) = made.build().deliver(response)
    assert Answer(delivery.octets).statuses() == failed(CMCFailInfo.INTERNAL_CA_ERROR, 1)
    (delivery,) = made.answered()
    assert (delivery.status, delivery.final) == (SUCCESS, True)


def test_a_status_that_nobody_defined_is_a_failure() -> None:
    """R-074: 9 is none of RFC 10002; the client is told that its request failed."""
    made = registration()
    vouched(made)
    batch, message = batched(made)
    answer = saying(message, 9)
    (delivery,) = made.build().deliver(in_batch(batch, made, answer))
    assert (delivery.status, delivery.final) == (CMCStatus.FAILED, True)
    assert [each[:2] for each in Answer(delivery.octets).statuses()] == [(CMCStatus.FAILED, (1,))]


def test_a_certificate_of_another_key_is_not_confirmed() -> None:
    """R-144: the RA accepts the certificate of the key that was asked for, and no other."""
    made = registration()
    vouched(made)
    batch, message = batched(made)
    wrong = certified("device", number=77).certificate
    answer = saying(message, CMCStatus.CONFIRM_REQUIRED, wrong)
    (delivery,) = made.build().deliver(in_batch(batch, made, answer))
    assert (delivery.status, delivery.final) == (CMCStatus.CONFIRM_REQUIRED, True)
    assert made.build().batch() is None
    assert wrong not in Answer(delivery.octets).certificates()


@pytest.mark.parametrize("own", [True, False])
def test_a_certificate_that_cryptography_cannot_read_hinders_no_confirmation(*, own: bool) -> None:
    """R-144: neither before that of the key, nor in its place: the key and the name are read."""
    made = registration()
    vouched(made)
    batch, message = batched(made)
    good = certified("device", number=1).certificate
    # The shorter one comes first.
    odd = of_version(19, (certified("device", number=1) if own else certified("d", number=77)).der)
    with pytest.raises(ValueError, match="19 is not a valid X509 version"):
        types.Certificate(odd).to_cryptography()
    answer = saying(message, CMCStatus.CONFIRM_REQUIRED, odd, *([] if own else [good]))
    (delivery,) = made.build().deliver(in_batch(batch, made, answer))
    assert (delivery.status, delivery.final) == (CMCStatus.CONFIRM_REQUIRED, False)
    _, message = batched(made)
    content = message.unverified_content
    (confirmed,) = made.said(oids.ID_CMC_CONFIRM_CERT_ACCEPTANCE, content)
    confirmed = confirmed.issuer_and_serial_number
    assert confirmed.serial_number == good.serial_number


# --- keys that the RA makes ------------------------------------------------------------------

PASSWORD = b"the password of the person"


def recipient() -> cms.Recipient:
    return cms.Recipient.from_password(PASSWORD, "person 7", iterations=1000)


def private_key(octets: bytes) -> Any:
    """The key in a response of an RA."""
    opened = opened_at(octets)
    (body,) = [tuple(each) for _, each in opened.find(oids.ID_CMC_RESPONSE_BODY)]
    members = dict(opened.message.unverified_messages)
    (package,) = [each for number, each in members.items() if (number,) != body]
    reader = cms.RecipientKey.from_password(PASSWORD, "person 7")
    plain = cms.decrypt(package.to_der(), reader)
    assert plain.content_type == oids.ID_CT_KP_A_KEY_PACKAGE
    content = plain.unverified_octets
    # An AsymmetricKeyPackage with one key: the PrivateKeyInfo is all of it.
    start = 2 if content[1] < 0x80 else 2 + (content[1] & 0x7F)
    return members[body[0]], load_der_private_key(content[start:], None)


@pytest.mark.parametrize(
    "kind", ["rsa2048", "p256", "p384", "p521", "ed25519", "mldsa65", "x25519", "mlkem768"]
)
def test_the_ra_makes_a_key(kind: str) -> None:
    """R-169: the CA's own response, named by responseBody, and the key, for its owner alone.

    Shows RA: responseBody, lraPOPWitness, raIdentityWitness.
    """
    policy = Asked()
    made = registration(policy)
    usage = x509.KeyUsage(True, *(False,) * 8)
    received = made.build().generate(
        name("person 7"), deliver_to=recipient(), key=kind,
        extensions=[x509.Extension(usage.oid, True, usage)],
    )  # fmt: skip
    before = kept(made.store)
    (delivery,) = made.answered()
    assert (delivery.id, delivery.status, delivery.final) == (received.id, SUCCESS, True)
    response, private = private_key(delivery.octets)
    (certificate,) = made.authority.issued.values()
    assert certificate.subject == name("person 7")
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value == usage
    assert private.public_key() == certificate.public_key()
    assert certificate in [each.to_cryptography() for each in response.certificates]
    content = made.member().unverified_content
    (witness,) = made.said(oids.ID_CMC_LRA_POP_WITNESS, content)
    assert (witness.pki_data_bodyid, tuple(witness.body_ids)) == (0, (1,))
    assert policy.applications[0].requester.kind == "ra"
    assert_no_key(private, [*before, *kept(made.store), *made.sent])


def assert_no_key(private: Any, octets: list[bytes]) -> None:
    """R-169: no record and no message has a number of the key that is secret."""
    for secret in secrets_of(private):
        # Base64 of it looks in three ways, by what stands before.
        encoded = [b64encode(secret[shift:])[:20] for shift in range(3)]
        assert not any(each in value for value in octets for each in (secret, *encoded))


def secrets_of(private: Any) -> list[bytes]:
    if hasattr(private, "private_bytes_raw"):
        return [private.private_bytes_raw()]
    numbers = private.private_numbers()
    found = [numbers.private_value] if hasattr(numbers, "private_value") else []
    found += [getattr(numbers, each) for each in "dpq" if hasattr(numbers, each)]
    return [each.to_bytes((each.bit_length() + 7) // 8, "big") for each in found]


def test_a_key_is_of_a_known_kind() -> None:
    """R-169: another name is a mistake of the caller, who is told those that there are."""
    made = registration()
    with pytest.raises(ValueError, match="rsa2048, rsa3072"):
        made.build().generate(name("person 7"), deliver_to=recipient(), key="rsa1024")
    assert not kept(made.store)


def test_a_key_without_a_certificate_is_not_delivered() -> None:
    """R-169: what was refused has no key in it."""
    made = registration(lambda _: Refuse(CMCFailInfo.BAD_IDENTITY))
    made.build().generate(name("person 7"), deliver_to=recipient(), key="p256")
    (delivery,) = made.answered()
    answer = Answer(delivery.octets)
    assert answer.statuses() == failed(CMCFailInfo.BAD_IDENTITY, 1)
    assert not list(answer.message.unverified_messages)


def test_a_key_is_delivered_after_a_poll_and_a_confirmation() -> None:
    """R-169, R-142, R-144: it waits, encrypted, until there is a certificate."""
    made = registration(pending, confirm=True)
    made.build().generate(name("person 7"), deliver_to=recipient(), key="p256")
    made.answered()
    decided(made)
    made.advance(minutes=6)
    (delivery,) = made.polled()
    assert (delivery.status, delivery.final) == (CMCStatus.CONFIRM_REQUIRED, False)
    (delivery,) = made.answered()
    assert (delivery.status, delivery.final) == (SUCCESS, True)
    response, private = private_key(delivery.octets)
    (certificate,) = made.authority.issued.values()
    assert certificate in [each.to_cryptography() for each in response.certificates]
    assert private.public_key() == certificate.public_key()
