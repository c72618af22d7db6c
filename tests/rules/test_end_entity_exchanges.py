"""Exchanges that wait: for a decision, for a server, for who accepts (RFC 10002 §6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import cms, types
from cmcodec.builders import ResponseBuilder, certs_only
from cmcodec.types import CMCFailInfo, CMCStatus
from kit.chains import NOW
from kit.enrolment import (
    CA,
    DEVICE,
    HOUR,
    SUCCESS,
    Clock,
    answer,
    asks,
    certify,
    challenged,
    client,
    confirming,
    failing,
    issuing,
    numbers,
    of,
    opened,
    opener,
    origin,
    pending,
    requests,
    secret_client,
    signer,
    statuses,
)

if TYPE_CHECKING:
    from cryptography import x509

    from cmcodec.roles import Exchange

CLIENTS = {
    "signer": lambda **fields: client(signer=signer(DEVICE), **fields),
    "secret": secret_client,
    "mac": lambda **fields: secret_client(mac=True, **fields),
    "request key": client,
}


# --- pending -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "signs"),
    [
        ("signer", "certificate"), ("secret", "mac"), ("mac", "mac"),
        ("request key", "request-key"),
    ],
)  # fmt: skip
def test_r_142_what_is_pending_is_asked_for_in_time(kind: str, signs: str) -> None:
    """R-116, R-142, R-143: the token as it came, not before its time, again until it is decided.

    Shows EE: queryPending.
    """
    clock = Clock()
    exchange = CLIENTS[kind](clock=clock).enroll(asks(form="crmf"))
    first = opened(exchange.request).transaction_id  # type: ignore[union-attr]
    waits = exchange.receive(answer(exchange.request, pending(b"\0token")))
    assert (waits.state, waits.request, waits.not_before) == ("wait", None, NOW + HOUR)
    assert waits.due() is waits
    clock.now += HOUR
    polls = waits.due()
    assert (polls.state, origin(polls)) == ("send", signs)
    message = opened(polls.request)
    ((number, token),) = message.find(types.QueryPending)  # type: ignore[union-attr]
    assert (token.value, message.transaction_id) == (b"\0token", first)  # type: ignore[union-attr]
    # Who has nothing but the key of the request sends it again.
    asked = requests(opened(exchange.request))
    assert requests(message) == (asked if kind == "request key" else [])
    told = types.PendInfo(pend_token=b"\0token", pend_time=NOW + 2 * HOUR)
    still = types.CMCStatusInfoV2(
        cmc_status=CMCStatus.PENDING,
        body_list=(types.BodyPartReference(body_part_id=number),),
        other_info=types.OtherStatusInfo(pend_info=told),
    )
    again = polls.receive(answer(polls.request, lambda _, made: made.add_control(still)))
    assert (again.state, again.not_before) == ("wait", NOW + 2 * HOUR)
    clock.now += HOUR
    polls = again.due()
    again = polls.receive(altered(polls.request, replace(still, other_info=None)))
    assert (again.state, again.not_before) == ("wait", clock.now + timedelta(minutes=1))
    # Nor is the next poll sent at once where pendInfo is repeated with its time, which has passed.
    again = polls.receive(altered(polls.request, still))
    assert (again.state, again.not_before) == ("wait", clock.now + timedelta(minutes=1))
    clock.now += timedelta(minutes=1)
    polls = again.due()
    issued = certify(asked[0])
    done = polls.receive(answer(polls.request, lambda _, made: made.issue(issued, 1)))
    assert (done.state, done.certificates) == ("done", (issued,))


def altered(request: bytes | None, *values: Any) -> bytes:
    """A response with controls that a builder does not make."""
    reply = ResponseBuilder().for_request(opened(request)).content().control_sequence  # type: ignore[arg-type]
    made = tuple(
        types.TaggedAttribute(
            body_part_id=50 + place, attr_type="1.3.6.1.5.5.7.7.25", attr_values=(value,)
        )
        for place, value in enumerate(values)
    )
    response = types.PKIResponse(
        control_sequence=(*reply, *made), cms_sequence=(), other_msg_sequence=()
    )
    return cms.sign(response, signer(CA))


def test_pending_without_a_token_is_no_answer() -> None:
    """R-080: nobody could ask again."""
    exchange = secret_client().enroll(asks())
    bare = types.CMCStatusInfoV2(
        cmc_status=CMCStatus.PENDING, body_list=(types.BodyPartReference(body_part_id=1),)
    )
    with pytest.raises(cmcodec.VerificationError, match="pendInfo"):
        exchange.receive(altered(exchange.request, bare))


def test_what_is_pending_may_fail() -> None:
    """With the id of the request, or that of the control that asked."""
    clock = Clock()
    exchange = secret_client(clock=clock).enroll(asks())
    waits = exchange.receive(answer(exchange.request, pending(after=timedelta())))
    polls = waits.due()
    ((number, _),) = opened(polls.request).find(types.QueryPending)  # type: ignore[union-attr]
    assert number != 1
    for ids in ((1,), (number,), (0,)):
        failed = polls.receive(answer(polls.request, failing(CMCFailInfo.BAD_REQUEST, *ids)))
        assert (failed.state, statuses(failed)) == ("failed", [(2, CMCFailInfo.BAD_REQUEST)])


def test_a_token_of_rfc_2797_is_returned() -> None:
    """R-142: which was an INTEGER there."""
    exchange = secret_client().enroll(asks())
    old = types.CMCStatusInfoV2(
        cmc_status=CMCStatus.PENDING,
        body_list=(types.BodyPartReference(body_part_id=1),),
        other_info=types.OtherStatusInfo(
            legacy_pend_info=types.LegacyPendInfo(pend_token=0x1234, pend_time=NOW)
        ),
    )
    polls = exchange.receive(altered(exchange.request, old)).due()
    ((_, token),) = opened(polls.request).find(types.QueryPending)  # type: ignore[union-attr]
    assert token.value == b"\x12\x34"


def test_requests_of_one_message_wait_for_themselves() -> None:
    """One issued, two pending with their own tokens, one refused: all is kept."""
    clock = Clock()
    exchange = secret_client(clock=clock).enroll(asks(), asks(2), asks(3), asks(4))
    asked = requests(opened(exchange.request))

    def mixed(_: Any, response: ResponseBuilder) -> ResponseBuilder:
        response = response.issue(certify(asked[3]), 4).fail(CMCFailInfo.BAD_REQUEST, 3)
        response = response.pend(b"one", NOW + timedelta(hours=1), 1)
        return response.pend(b"two", NOW + timedelta(hours=2), 2)

    waits = exchange.receive(answer(exchange.request, mixed))
    assert (waits.state, waits.not_before) == ("wait", NOW + timedelta(hours=1))
    assert numbers(waits.certificates) == of(4)
    clock.now += timedelta(hours=1)
    polls = waits.due()
    ((_, token),) = opened(polls.request).find(types.QueryPending)  # type: ignore[union-attr]
    assert token.value == b"one"
    waits = polls.receive(answer(polls.request, lambda _, made: made.issue(certify(asked[0]), 1)))
    assert (waits.state, waits.not_before) == ("wait", NOW + timedelta(hours=2))
    clock.now += timedelta(hours=1)
    polls = waits.due()
    done = polls.receive(answer(polls.request, failing(CMCFailInfo.BAD_IDENTITY, 2)))
    assert (done.state, numbers(done.certificates)) == ("done", of(1, 4))
    assert statuses(done) == [(2, CMCFailInfo.BAD_REQUEST), (2, CMCFailInfo.BAD_IDENTITY)]


def test_a_simple_request_may_be_pending() -> None:
    """R-003: the rest of the exchange is Full, by the request's key."""
    exchange = client().enroll(asks())
    waits = exchange.receive(answer(exchange.request, pending(after=timedelta())))
    polls = waits.due()
    assert origin(polls) == "request-key"
    done = polls.receive(answer(polls.request, issuing()))
    assert (done.state, numbers(done.certificates)) == ("done", of(1))
    finished = client().enroll(
        cmcodec.load(exchange.request or b"").unverified_content  # type: ignore[arg-type]
    )
    polls = finished.receive(answer(finished.request, pending(after=timedelta()))).due()
    assert origin(polls) == "none"


# --- busy servers --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_busy_server_gets_the_same_request_again(kind: str) -> None:
    """tryLater: the same octets, so that nothing is done twice."""
    clock = Clock()
    exchange = CLIENTS[kind](clock=clock).enroll(asks())
    waits = exchange.receive(answer(exchange.request, failing(CMCFailInfo.TRY_LATER)))
    assert (waits.state, waits.request) == ("wait", None)
    assert statuses(waits) == [(2, CMCFailInfo.TRY_LATER)]
    assert waits.not_before == NOW + timedelta(minutes=1)
    assert waits.due() is waits
    clock.now += timedelta(minutes=1)
    again = waits.due()
    assert (again.state, again.request, again.not_before) == ("send", exchange.request, None)
    assert again.due() is again
    done = again.receive(answer(again.request, issuing()))
    assert (done.state, done.due()) == ("done", done)


def test_a_busy_server_may_be_so_in_the_middle() -> None:
    """At a confirmation too."""
    clock = Clock()
    exchange = secret_client(clock=clock).enroll(asks())
    confirms = exchange.receive(answer(exchange.request, confirming))
    waits = confirms.receive(answer(confirms.request, failing(CMCFailInfo.TRY_LATER)))
    clock.now += timedelta(minutes=1)
    again = waits.due()
    assert again.request == confirms.request
    assert again.receive(answer(again.request, SUCCESS)).state == "done"


# --- confirmations -------------------------------------------------------------------------------


def told(exchange: Exchange) -> tuple[Any, int]:
    """The certificate that a message is about, and what it says of it."""
    message = opened(exchange.request)
    ((number, named),) = message.find(types.CMCCertId)  # type: ignore[union-attr]
    ((_, status),) = message.find(types.CMCStatusInfoV2)  # type: ignore[union-attr]
    assert [each.body_part_id for each in status.body_list] == [number]
    return named.issuer_and_serial_number.serial_number, status.cmc_status


@pytest.mark.parametrize("kind", CLIENTS)
def test_r_144_a_certificate_is_confirmed_under_itself(kind: str) -> None:
    """R-144, R-145: and not to be used before that is answered.

    Shows EE: confirmCertAcceptance, statusInfoV2.
    """
    exchange = CLIENTS[kind]().enroll(asks(form="crmf"))
    confirms = exchange.receive(answer(exchange.request, confirming))
    assert (confirms.state, confirms.certificates) == ("send", ())
    serial, status = told(confirms)
    assert status == CMCStatus.SUCCESS
    message = opened(confirms.request)
    assert isinstance(message, cms.Opened)
    assert message.origin == "certificate"
    signed_by = message.message.certificates[0].to_cryptography()
    if kind == "signer":
        assert signed_by == DEVICE.certificate
    else:
        assert signed_by.serial_number == serial
    done = confirms.receive(answer(confirms.request, SUCCESS))
    assert done.state == "done"
    assert [each.serial_number for each in done.certificates] == [serial]
    refused = confirms.receive(answer(confirms.request, failing(CMCFailInfo.BAD_CERT_ID)))
    assert (refused.state, refused.certificates) == ("failed", ())


def test_r_144_a_key_that_cannot_sign_confirms_otherwise() -> None:
    """R-144: one that agrees, and one whose certificate is not for signatures."""
    for asking, expected in ((secret_client(), "mac"), (client(), "none")):
        exchange = asking.enroll(challenged())
        confirms = exchange.receive(answer(exchange.request, confirming))
        assert origin(confirms) == expected
        assert confirms.receive(answer(confirms.request, SUCCESS)).state == "done"

    def encipherment(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        made = certify(requests(request)[0], usages=["key_agreement"])
        return response.add_certificates(made).status(CMCStatus.CONFIRM_REQUIRED, 1)

    for asking, expected in ((secret_client(), "mac"), (client(), "request-key")):
        exchange = asking.enroll(asks(form="crmf"))
        confirms = exchange.receive(answer(exchange.request, encipherment))
        assert origin(confirms) == expected


def test_what_is_for_a_new_certificate_is_opened_by_its_key() -> None:
    """The answer to a confirmation under it; after a restart, the request is needed."""
    offered = []

    def accept(certificate: x509.Certificate) -> bool:
        offered.append(certificate)
        return True

    recipient = cms.Recipient.from_certificate(CA.certificate)
    asking = secret_client(encrypt_to=recipient, accept=accept)
    exchange = asking.enroll(asks())
    confirms = exchange.receive(answer(exchange.request, confirming, opener(CA)))
    octets = answer(confirms.request, SUCCESS, opener(CA))
    sealed = cms.encrypt(octets, cms.Recipient.from_certificate(offered[0]))
    for each in (confirms, asking.resume(confirms.save(), asks())):
        done = each.receive(sealed)
        assert (done.state, numbers(done.certificates)) == ("done", of(1))
    with pytest.raises(cmcodec.DecryptionError):
        asking.resume(confirms.save()).receive(sealed)
    with pytest.raises(cmcodec.DecryptionError):
        exchange.receive(sealed)


def test_r_144_who_accepts_is_asked() -> None:
    """R-144: yes, no, or later; anything else is a mistake, and what is raised passes through."""
    exchange = secret_client(accept=lambda _: True).enroll(asks())
    assert told(exchange.receive(answer(exchange.request, confirming)))[1] == CMCStatus.SUCCESS
    exchange = secret_client(accept=lambda _: False).enroll(asks())
    rejects = exchange.receive(answer(exchange.request, confirming))
    assert told(rejects)[1] == CMCStatus.FAILED
    failed = rejects.receive(answer(rejects.request, SUCCESS))
    assert (failed.state, failed.certificates) == ("failed", ())
    exchange = secret_client(accept=lambda _: 1).enroll(asks())
    with pytest.raises(TypeError, match="accept"):
        exchange.receive(answer(exchange.request, confirming))

    def broken(_: Any) -> bool:
        raise RuntimeError("the disk is full")

    exchange = secret_client(accept=broken).enroll(asks())
    with pytest.raises(RuntimeError, match="the disk is full"):
        exchange.receive(answer(exchange.request, confirming))
    # Nobody is asked about what is not to be confirmed.
    assert exchange.receive(answer(exchange.request, issuing())).state == "done"


def test_r_145_a_certificate_may_wait_for_its_owner() -> None:
    """R-145: until it is confirmed or rejected, and it is nowhere before."""
    seen = []
    exchange = secret_client(accept=seen.append).enroll(asks(), asks(2))
    waits = exchange.receive(answer(exchange.request, confirming))
    assert (waits.state, waits.request, waits.certificates) == ("confirm", None, ())
    assert numbers(seen) == of(1, 2)
    assert not set(seen) & set(waits.chain)
    confirms = waits.confirm()
    assert told(confirms) == (seen[0].serial_number, CMCStatus.SUCCESS)
    # One after the other.
    second = confirms.receive(answer(confirms.request, SUCCESS))
    assert (second.state, second.certificates) == ("send", (seen[0],))
    assert told(second) == (seen[1].serial_number, CMCStatus.SUCCESS)
    done = second.receive(answer(second.request, SUCCESS))
    assert (done.state, done.certificates) == ("done", tuple(seen))
    rejects = waits.reject("not mine")
    assert told(rejects)[1] == CMCStatus.FAILED
    ((_, status),) = opened(rejects.request).find(types.CMCStatusInfoV2)  # type: ignore[union-attr]
    assert status.status_string == "not mine"
    for ended in (exchange, confirms, done):
        with pytest.raises(ValueError, match="confirmed"):
            ended.confirm()
        with pytest.raises(ValueError, match="confirmed"):
            ended.reject()


def test_r_146_certificates_alone_confirm_nothing() -> None:
    """R-146: a confirmation has a Full response."""
    exchange = client().enroll(asks())
    confirms = exchange.receive(answer(exchange.request, confirming))
    with pytest.raises(cmcodec.VerificationError, match="no_signer"):
        confirms.receive(certs_only([CA.certificate]))
