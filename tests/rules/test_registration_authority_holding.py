"""The registration authority: what it holds, and what clients ask for again (RFC 10002 §6.13)."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import RequestBuilder
from cmcodec.roles import Issue, Pend, Refuse, Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    ITERATIONS,
    LATER,
    SECRET,
    Answer,
    Authority,
    anchor,
    certified,
    failed,
    new,
    pending,
    renewal,
    signer,
    statuses,
)
from kit.keys import SHA256, crl, der, name
from kit.registration import Registration, ra

PENDING = CMCStatus.PENDING
SUCCESS = CMCStatus.SUCCESS
PASSWORD = cms.RecipientKey.from_password(SECRET, "device")


def poll(answer: Any, token: bytes, by: Any = None) -> bytes:
    made = RequestBuilder().follow_up(answer).add_control(types.QueryPending(token))
    return made.sign(signer(by or certified("device")))


def held(made: Registration) -> tuple[bytes, Answer]:
    """A renewal that the RA holds, and its answer."""
    octets = renewal(certified("device"))
    return octets, made.refused(octets, policy=pending)


def test_a_message_is_held_until_the_policy_lets_it_go() -> None:
    """R-083, R-142, R-143: the policy is asked again with each poll; then the message goes on.

    The answer to the poll is about the requests of the first message.

    Shows RA: queryPending, statusInfoV2, transactionId, recipientNonce.
    """
    made = Registration()
    octets, first = held(made)
    assert first.statuses() == [(PENDING, (3,), None)]
    again = Answer(made.receive(poll(first.opened(), first.token), policy=pending).answer)
    assert again.statuses()[0][0] == PENDING
    assert again.token == first.token
    assert again.opened().transaction_id == first.opened().transaction_id
    asked = poll(again.opened(), first.token)
    received = made.receive(asked)
    assert received.answer is None
    (delivery,) = made.answered()
    assert delivery.id == received.id
    assert made.member().to_der() == octets
    last = Answer(delivery.octets)
    assert last.statuses() == [(SUCCESS, (3,), None)]
    assert set(made.authority.issued.values()) <= set(last.certificates())
    (nonce,) = last.controls(oids.ID_CMC_RECIPIENT_NONCE)
    (sent,) = made.said(oids.ID_CMC_SENDER_NONCE, cmcodec.load(asked).unverified_content)
    assert nonce.value == sent.value


def test_a_time_of_the_policy_is_said_as_it_is() -> None:
    """R-080, R-143: pendTime is what the policy says, and repeated as it was at first."""
    made = Registration()
    _, first = held(made)
    later = LATER + timedelta(hours=1)

    def longer(application: Any) -> Any:
        return Pend(later)

    again = Answer(made.receive(poll(first.opened(), first.token), policy=longer).answer)
    times = [
        each.other_info.pend_info.pend_time
        for answer in (first, again)
        for each in answer.controls(oids.ID_CMC_STATUS_INFO_V2)
    ]
    assert times == [LATER, LATER]


def test_what_was_held_can_be_refused() -> None:
    """R-162: the answer to the poll says so, about the request; nothing goes on."""
    made = Registration()
    _, first = held(made)

    def refuse(application: Any) -> Any:
        return Refuse(CMCFailInfo.BAD_IDENTITY)

    refused = made.refused(poll(first.opened(), first.token), policy=refuse)
    assert refused.statuses() == failed(CMCFailInfo.BAD_IDENTITY, 3)


def test_nobody_else_asks_for_what_was_held() -> None:
    """R-142: another client with the token is none of the RA's; the next server refuses it."""
    made = Registration()
    octets, first = held(made)
    stranger = certified("stranger", number=70)
    received = made.receive(poll(first.opened(), first.token, stranger))
    assert received.answer is None
    (delivery,) = made.answered()
    assert delivery.status == CMCStatus.FAILED
    assert not made.authority.issued
    assert made.receive(octets).answer == first.octets


def test_what_was_held_goes_on_once() -> None:
    """R-017: polls before the answer are pending, those after it get it, with their own nonces."""
    made = Registration()
    _, first = held(made)
    opened, token = first.opened(), first.token
    polls = [poll(opened, token) for _ in range(4)]
    received = made.receive(polls[0])
    assert received.answer is None
    waiting = Answer(made.receive(polls[1]).answer)
    assert waiting.statuses()[0][0] == PENDING
    (delivery,) = made.answered()
    assert delivery.id == received.id
    after = Answer(made.receive(polls[2]).answer)
    assert after.statuses() == [(SUCCESS, (3,), None)]
    assert after.octets != delivery.octets
    assert made.receive(polls[0]).answer == delivery.octets
    assert made.answered() == ()
    assert made.authority.calls == 1


def test_two_polls_at_once_send_one_message() -> None:
    """R-017: the second of them is tryLater."""
    made = Registration()
    _, first = held(made)
    polls = [poll(first.opened(), first.token) for _ in range(2)]
    one, two = made.build().receive_all(polls)
    assert one.answer is None
    assert two.answer is not None
    assert Answer(two.answer).statuses() == failed(CMCFailInfo.TRY_LATER, 0)
    assert len(made.answered()) == 1
    assert Answer(made.receive(polls[1]).answer).statuses() == [(SUCCESS, (3,), None)]


def test_what_was_held_and_put_off_goes_on_as_it_was() -> None:
    """R-017: after a tryLater of the next server another poll sends the same octets on."""
    made = Registration({"rules": Rules(iterations=ITERATIONS)})
    made.secret()
    ask = RequestBuilder().transaction().add_request(new())
    octets = ask.authenticate(SECRET, "device", iterations=ITERATIONS)
    answer = made.receive(octets, policy=pending).answer
    assert answer is not None
    first = cmcodec.load(answer).open(PASSWORD)
    ((_, status),) = first.find(oids.ID_CMC_STATUS_INFO_V2)
    token = status.other_info.pend_info.pend_token

    def maced_poll() -> bytes:
        asked = RequestBuilder().follow_up(first).add_control(types.QueryPending(token))
        return asked.authenticate(SECRET, "device", iterations=ITERATIONS)

    def down(application: Any) -> Any:
        raise TimeoutError

    made.authority.options["policy"] = down
    assert made.receive(maced_poll()).answer is None
    (delivery,) = made.answered()
    assert not delivery.final
    sent = made.member().to_der()
    del made.authority.options["policy"]
    assert made.receive(maced_poll()).answer is None
    (delivery,) = made.answered()
    assert made.member().to_der() == sent
    opened = cmcodec.load(delivery.octets).open(PASSWORD)
    assert statuses(opened.content)[0][0] == SUCCESS


# --- pending at the next server --------------------------------------------------------------


def decided(made: Registration) -> None:
    """The CA decides about all that waits there."""
    authority = made.authority.build()
    for application in list(authority.pending()):
        authority.decide(application.id, Issue())


def pending_authority() -> Authority:
    return Authority(
        {
            "authorised_ras": [ra().certificate],
            "policy": pending,
            "rules": Rules(iterations=ITERATIONS),
        }
    )


def test_a_client_asks_through_the_ra() -> None:
    """R-142: a poll for what the next server holds goes on as it is, and its answer comes back.

    Shows RA: queryPending.
    """
    made = Registration(authority=pending_authority())
    assert made.receive(renewal(certified("device"))).answer is None
    (delivery,) = made.answered()
    assert (delivery.status, delivery.final) == (PENDING, False)
    assert made.build().due() == ()
    first = Answer(delivery.octets)
    decided(made)
    asked = poll(first.opened(), first.token)
    assert made.receive(asked).answer is None
    (delivery,) = made.answered()
    assert made.member().to_der() == asked
    assert (delivery.status, delivery.final) == (SUCCESS, True)


@pytest.mark.parametrize("is_decided", [True, False])
def test_a_client_with_a_mac_asks_through_the_ra(*, is_decided: bool) -> None:
    """R-142, R-178: its poll is made anew, and says of no request that its sender is known."""
    made = Registration({"rules": Rules(iterations=ITERATIONS)}, authority=pending_authority())
    made.secret()
    ask = RequestBuilder().transaction().add_request(new())
    made.receive(ask.authenticate(SECRET, "device", iterations=ITERATIONS))
    (delivery,) = made.answered()
    first = cmcodec.load(delivery.octets).open(PASSWORD)
    ((_, status),) = first.find(oids.ID_CMC_STATUS_INFO_V2)
    if is_decided:
        decided(made)
    asked = RequestBuilder().follow_up(first)
    asked = asked.add_control(types.QueryPending(status.other_info.pend_info.pend_token))
    made.receive(asked.authenticate(SECRET, "device", iterations=ITERATIONS))
    (delivery,) = made.answered()
    content = made.member().unverified_content
    assert not made.said(oids.ID_CMC_RA_IDENTITY_WITNESS, content)
    assert len(made.said(oids.ID_CMC_QUERY_PENDING, content)) == 1
    last = cmcodec.load(delivery.octets).open(PASSWORD)
    assert statuses(last.content)[0][0] == (SUCCESS if is_decided else PENDING)


def test_a_client_confirms_through_the_ra() -> None:
    """R-144, R-146: the confirmation of a client goes on as it is.

    Shows RA: confirmCertAcceptance, statusInfoV2.
    """
    made = Registration()
    made.authority.options["rules"] = Rules(confirm=True)
    made.receive(renewal(certified("device")))
    (delivery,) = made.answered()
    assert (delivery.status, delivery.final) == (CMCStatus.CONFIRM_REQUIRED, True)
    first = Answer(delivery.octets)
    (certificate,) = first.certificates()
    confirmation = RequestBuilder().follow_up(first.opened()).confirm(certificate)
    octets = confirmation.sign(signer(certified("device")))
    assert made.receive(octets).answer is None
    (delivery,) = made.answered()
    assert (delivery.status, delivery.final) == (SUCCESS, True)
    assert made.member().to_der() == octets


DIRECTORY = types.GeneralName(directory_name=types.Name.from_cryptography(name("CA")))
PUBLICATION = types.CMCPublicationInfo(
    hash_alg=SHA256,
    cert_hashes=(hashlib.sha256(b"certificate").digest(),),
    pub_info=types.PKIPublicationInfo(action=1),
)


@pytest.mark.parametrize(
    "control",
    [
        types.GetCert(issuer_name=DIRECTORY, serial_number=1),
        types.GetCRL(issuer_name=DIRECTORY.directory_name),
        PUBLICATION,
        types.RegInfo(b"info"),
    ],
    ids=["getCert", "getCRL", "publishCert", "regInfo"],
)
def test_what_else_a_client_asks_for_goes_on(control: Any) -> None:
    """R-134, R-159: as it is, also without a certification request; the answer comes back.

    Shows RA: getCert, getCRL, publishCert, regInfo, responseInfo, statusInfo.
    """
    made = Registration()

    def decorate(asked: Any, response: Any) -> Any:
        return response.add_control(types.ResponseInfo(b"said by the CA"))

    options = {
        "certificate": lambda issuer, serial: anchor().der,
        "crl": lambda asked: der(crl()),
        "decorate": decorate,
        "rules": Rules(status_v1=True),
    }
    made.authority.options.update(options)
    octets = RequestBuilder().transaction().add_control(control).sign(signer(certified("device")))
    assert made.receive(octets).answer is None
    (delivery,) = made.answered()
    assert made.member().to_der() == octets
    assert (delivery.status, delivery.final) == (SUCCESS, True)
    answer = Answer(delivery.octets)
    assert [each.value for each in answer.controls(oids.ID_CMC_RESPONSE_INFO)] == [
        b"said by the CA"
    ]
    assert answer.controls(oids.ID_CMC_STATUS_INFO)
    assert len(made.authority.published) == (control is PUBLICATION)


def test_an_old_client_is_told_in_both_ways() -> None:
    """R-076: what the RA answers itself has statusInfo beside statusInfoV2 where rules say so.

    What it makes of an answer of the next server says each thing once in each way.

    Shows RA: statusInfo, statusInfoV2.
    """
    rules = Rules(status_v1=True, iterations=ITERATIONS)
    made = Registration({"rules": rules})
    made.secret()
    made.authority.options["rules"] = Rules(status_v1=True)
    refused = made.refused(b"\x30\x00")
    assert len(refused.controls(oids.ID_CMC_STATUS_INFO)) == 1
    ask = RequestBuilder().transaction().add_request(new())
    made.receive(ask.authenticate(SECRET, "device", iterations=ITERATIONS))
    (delivery,) = made.answered()
    opened = cmcodec.load(delivery.octets).open(PASSWORD)
    assert len(opened.find(oids.ID_CMC_STATUS_INFO)) == 1
    assert len(opened.find(oids.ID_CMC_STATUS_INFO_V2)) == 1
