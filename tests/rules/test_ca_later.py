"""The certification authority: what is decided, confirmed, revoked or published later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import RequestBuilder
from cmcodec.roles import Issue, Pend, Refuse, Rules
from cmcodec.roles.store import Kind
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    ITERATIONS,
    LATER,
    SECRET,
    Answer,
    Authority,
    builder,
    certified,
    failed,
    identified,
    issued_to,
    new,
    pending,
    ra,
    renewal,
    signer,
    simple,
)
from kit.chains import DAY, NOW, Issued
from kit.keys import key, key_identifier, name

BAD, MISSING = CMCFailInfo.BAD_REQUEST, CMCFailInfo.BAD_CERT_ID
OLD = certified("device")
CONFIRM = {"rules": Rules(confirm=True)}
SUCCESS = CMCStatus.SUCCESS


def poll(answer: Answer, by: Issued = OLD, **fields: Any) -> bytes:
    made = RequestBuilder().follow_up(answer.opened())
    return made.add_control(types.QueryPending(answer.token), **fields).sign(signer(by))


def test_settling_is_done_in_steps_and_ends() -> None:
    """R-144: 101 certificates that nobody confirmed; a hundred are looked at in one transaction."""
    authority = Authority({**CONFIRM, "authorised_ras": [ra().certificate]})
    requests = [new(f"device {number}", 1) for number in range(101)]
    octets = builder(*requests).sign(signer(ra()))
    assert len(authority.process(octets).certificates()) == 101
    authority.advance(days=2)
    assert authority.build().settle() == 101
    assert len({each.certificate.serial_number for each in authority.revoked}) == 101
    assert authority.build().settle() == 0


# --- applications that wait -----------------------------------------------------------------------


def test_somebody_decides_later() -> None:
    """R-080, R-083, R-142, R-143: until then each poll gets the pendInfo of the first answer.

    Shows CA: queryPending, statusInfoV2.
    """
    authority = Authority({"policy": pending})
    first = authority.process(renewal(OLD))
    assert first.statuses() == [(CMCStatus.PENDING, (3,), None)]
    (application,) = authority.build().pending()
    assert application.id == first.token
    assert application.renews == OLD.certificate
    assert (application.since, application.until) == (NOW, LATER)
    again = authority.process(poll(first, body_part_id=40))
    assert again.statuses() == [(CMCStatus.PENDING, (40,), None)]
    told = [each.controls(oids.ID_CMC_STATUS_INFO_V2)[0].other_info for each in (first, again)]
    assert told[0] == told[1]
    authority.advance(minutes=1)
    authority.build().decide(first.token, Issue())
    assert not list(authority.build().pending())
    last = authority.process(poll(again))
    assert last.statuses() == [(SUCCESS, (3,), None)]
    assert last.certificates() == [authority.issued[first.token]]
    assert last.opened().transaction_id == first.opened().transaction_id
    assert authority.process(poll(last_with_token(last, first))).certificates()
    assert authority.calls == 1


def last_with_token(last: Answer, first: Answer) -> Answer:
    """The conversation of one answer, which asks by the token of another."""

    class Asked(Answer):
        @property
        def token(self) -> bytes:
            return first.token

    return Asked(last.octets, last.outcomes, last.kind)


def test_somebody_refuses_later() -> None:
    """R-142, R-143: the poll gets what the request would have got."""
    authority = Authority({"policy": pending})
    first = authority.process(renewal(OLD))
    authority.build().decide(first.token, Refuse(CMCFailInfo.UNSUPPORTED_EXT, "no"))
    last = authority.process(poll(first))
    assert last.statuses() == failed(CMCFailInfo.UNSUPPORTED_EXT, 3)
    assert not authority.issued
    authority.advance(days=8)
    authority.build().settle()
    assert not authority.store.keys(Kind.APPLICATION)


def test_a_template_decided_later() -> None:
    """R-142: is what the issuer gets."""
    authority = Authority({"policy": pending})
    first = authority.process(renewal(OLD))
    (application,) = authority.build().pending()
    subject = types.Name.from_cryptography(name("decided"))
    authority.build().decide(application.id, Issue(replace(application.template, subject=subject)))
    (found,) = authority.process(poll(first)).certificates()
    assert found.subject == name("decided")


def test_only_what_waits_is_decided() -> None:
    """R-142: once, and by a decision."""
    authority = Authority({"policy": pending})
    ca = authority.build()
    with pytest.raises(LookupError):
        ca.decide(bytes(16), Issue())
    first = authority.process(renewal(OLD))
    ca.decide(first.token, Pend(NOW + DAY))
    (application,) = ca.pending()
    with pytest.raises(TypeError):
        ca.decide(application.id, None)  # type: ignore[arg-type]
    ca.decide(first.token, Issue())
    with pytest.raises(LookupError):
        ca.decide(first.token, Refuse(BAD))
    with pytest.raises(ValueError, match="time zone"):
        Pend(NOW.replace(tzinfo=None))


def test_a_poll_is_of_whoever_began() -> None:
    """R-116, R-142: another requester, or another transaction, learns nothing."""
    authority = Authority({"policy": pending})
    first = authority.process(renewal(OLD))
    authority.build().decide(first.token, Issue())
    other = certified("other", number=5)
    for made, by in (
        (RequestBuilder().follow_up(first.opened()), other),
        (RequestBuilder().transaction(), OLD),
    ):
        octets = made.add_control(types.QueryPending(first.token), body_part_id=40).sign(signer(by))
        assert authority.process(octets).statuses() == failed(BAD, 40)
    unknown = RequestBuilder().follow_up(first.opened())
    unknown = unknown.add_control(types.QueryPending(b"unknown"), body_part_id=40)
    assert authority.process(unknown.sign(signer(OLD))).statuses() == failed(BAD, 40)
    assert not authority.issued
    assert authority.process(poll(first)).certificates()


def test_a_poll_by_the_secret_or_the_key() -> None:
    """R-142: whoever came by a secret asks by it, or by the key of the request again."""
    authority = Authority({"policy": pending})
    authority.secret()
    sent = identified()
    first = authority.process(sent)
    made = RequestBuilder().follow_up(first.opened()).add_control(types.QueryPending(first.token))
    octets = made.authenticate(SECRET, "device", iterations=ITERATIONS)
    password = cms.RecipientKey.from_password(SECRET, "device")
    assert authority.process(octets).statuses(password)[0][0] == CMCStatus.PENDING
    authority.build().decide(first.token, Issue())
    (request,) = cmcodec.load(sent).unverified_content.req_sequence
    made = RequestBuilder().follow_up(first.opened()).add_control(types.QueryPending(first.token))
    own = cms.SigningKey.from_private_key(
        key("p-256", 1), key_identifier=key_identifier(key("p-256", 1))
    )
    assert authority.process(made.add_request(request).sign(own)).certificates()


def test_many_applications_wait() -> None:
    """R-142: they are all listed, in the order of their ids, without those decided."""
    authority = Authority({"policy": pending})
    tokens = []
    for number in range(5):
        old = certified(f"device {number}", number=number)
        tokens.append(authority.process(renewal(old, new(f"device {number}", 40))).token)
    ca = authority.build()
    ca.decide(tokens.pop(), Refuse(BAD))
    assert [each.id for each in ca.pending()] == sorted(tokens)


# --- confirmation ---------------------------------------------------------------------------------


def confirming(answer: Answer, new_one: Issued, *, accept: bool = True) -> bytes:
    made = RequestBuilder().follow_up(answer.opened())
    made = made.confirm(new_one.certificate) if accept else made.reject(new_one.certificate)
    return made.sign(signer(new_one))


def test_a_certificate_is_confirmed() -> None:
    """R-144, R-146: the answer says success, also the second time; nothing is revoked later.

    Shows CA: confirmCertAcceptance.
    """
    authority = Authority(CONFIRM)
    first = authority.process(renewal(OLD))
    assert first.statuses() == [(CMCStatus.CONFIRM_REQUIRED, (3,), None)]
    new_one = issued_to(first)
    for _ in range(2):
        answer = authority.process(confirming(first, new_one))
        assert answer.kind == "full-response"
        assert [each[0] for each in answer.statuses()] == [SUCCESS]
    assert authority.process(confirming(first, new_one, accept=False)).statuses()[0][2] == MISSING
    authority.advance(days=2)
    authority.build().settle()
    assert not authority.revoked


def test_a_certificate_is_rejected() -> None:
    """R-146: it is revoked, and cannot be confirmed any more."""
    authority = Authority(CONFIRM)
    first = authority.process(renewal(OLD))
    new_one = issued_to(first)
    answer = authority.process(confirming(first, new_one, accept=False))
    assert [each[0] for each in answer.statuses()] == [SUCCESS]
    (revocation,) = authority.revoked
    assert revocation.certificate.serial_number == new_one.certificate.serial_number
    assert revocation.reason == types.CRLReason.CESSATION_OF_OPERATION
    assert authority.process(confirming(first, new_one)).statuses()[0][2] == MISSING
    authority.advance(days=2)
    authority.build().settle()
    assert len(authority.revoked) == 1


def test_a_confirmation_that_does_not_come() -> None:
    """R-144: the certificate is revoked when its time is over, once; later it is too late."""
    authority = Authority({"rules": Rules(confirm=True, confirm_within=timedelta(hours=2))})
    first = authority.process(renewal(OLD))
    new_one = issued_to(first)
    authority.advance(hours=1)
    assert authority.build().settle() == 0
    assert not authority.revoked
    authority.advance(hours=1)
    assert authority.build().settle() == 1
    assert [each.certificate.serial_number for each in authority.revoked] == [
        new_one.certificate.serial_number
    ]
    assert authority.process(confirming(first, new_one)).statuses()[0][2] == MISSING
    assert authority.build().settle() == 0
    assert len(authority.revoked) == 1


def test_nobody_else_confirms() -> None:
    """R-116, R-146: another requester, another transaction, or a certificate of another."""
    authority = Authority(CONFIRM)
    first = authority.process(renewal(OLD))
    new_one = issued_to(first)
    made = RequestBuilder().follow_up(first.opened()).confirm(new_one.certificate)
    other = certified("other", number=5)
    assert authority.process(made.sign(signer(other))).statuses()[0][2] == MISSING
    made = RequestBuilder().transaction().confirm(new_one.certificate)
    assert authority.process(made.sign(signer(new_one))).statuses()[0][2] == MISSING
    made = RequestBuilder().follow_up(first.opened()).confirm(other.certificate)
    assert authority.process(made.sign(signer(new_one))).statuses()[0][2] == MISSING
    assert authority.process(confirming(first, new_one)).statuses()[0][0] == SUCCESS


def test_what_waited_is_confirmed_too() -> None:
    """R-144: an application that was decided later, and collected."""
    authority = Authority({"policy": pending, **CONFIRM})
    first = authority.process(renewal(OLD))
    authority.build().decide(first.token, Issue())
    last = authority.process(poll(first))
    assert last.statuses() == [(CMCStatus.CONFIRM_REQUIRED, (3,), None)]
    answer = authority.process(confirming(last, issued_to(last)))
    assert answer.statuses()[0][0] == SUCCESS


def test_a_simple_request_waits_too() -> None:
    """R-018, R-078, R-142: its status names request 1; the poll sends the request again."""
    authority = Authority({"policy": pending})
    octets = simple()
    first = authority.process(octets)
    assert first.statuses() == [(CMCStatus.PENDING, (1,), None)]
    authority.build().decide(first.token, Issue())
    made = RequestBuilder().add_control(types.QueryPending(first.token)).add_request(octets)
    own = cms.SigningKey.from_private_key(
        key("p-256", 1), key_identifier=key_identifier(key("p-256", 1))
    )
    last = authority.process(made.sign(own))
    assert last.statuses()[0][0] == SUCCESS
    assert last.certificates() == [authority.issued[first.token]]
