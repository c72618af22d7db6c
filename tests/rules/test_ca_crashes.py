"""The certification authority: a crash, or another process, loses and doubles nothing."""

from __future__ import annotations

import pytest

import cmcodec
from cmcodec import types
from cmcodec.builders import BatchRequestBuilder, RequestBuilder
from cmcodec.cms import RecipientKey
from cmcodec.roles import Issue, Refuse, Rules
from cmcodec.roles.store import Kind
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    Authority,
    builder,
    certified,
    confirming,
    failed,
    identified,
    new,
    pending,
    polling,
    ra,
    renewal,
    signer,
)
from kit.keys import key
from kit.watched_stores import ConflictingStore, FailingStore, Killed

OLD = certified("device")
SUCCESS = CMCStatus.SUCCESS


def revoke(made: RequestBuilder) -> RequestBuilder:
    return made.revoke(OLD.certificate, types.CRLReason.SUPERSEDED)


# --- crashes ---------------------------------------------------------------------------------


def killed(authority: Authority, octets: bytes, number: int, *, durable: bool) -> bool:
    """Processes octets on a store that is killed with that transaction; whether it came so far."""
    store = FailingStore(authority.store, number, Killed(), durable=durable)
    try:
        authority.process(octets, store=store)
    except Killed:
        return True
    return False


@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("confirm", [False, True])
def test_a_crash_at_any_step_of_an_enrolment(durable: bool, confirm: bool) -> None:
    """R-017, R-090: the same octets again: one certificate, of one application, one use."""
    number = 0
    while True:
        authority = Authority({"rules": Rules(confirm=confirm)})
        authority.secret()
        octets = identified()
        was_killed = killed(authority, octets, number, durable=durable)
        authority.advance(minutes=2)
        answer = authority.process(octets)
        assert len(answer.certificates()) == 1
        assert len(authority.issued) == 1
        assert len(authority.store.keys(Kind.ISSUED)) == 1
        assert authority.process(octets).octets == answer.octets
        if not was_killed:
            break
        number += 1
    assert number > 3


@pytest.mark.parametrize("durable", [False, True])
def test_a_crash_at_any_step_of_a_batch(durable: bool) -> None:
    """R-017, R-156: each message of it is issued once."""
    number = 0
    while True:
        authority = Authority({"authorised_ras": [ra().certificate]})
        messages = [
            renewal(certified(f"device {n}", number=n), new(f"device {n}", n + 30))
            for n in range(1, 4)
        ]
        octets = BatchRequestBuilder().add_all(messages).transaction().sign(signer(ra()))
        was_killed = killed(authority, octets, number, durable=durable)
        authority.advance(minutes=2)
        answer = authority.process(octets)
        assert [len(each.certificates()) for each in answer.members()] == [1, 1, 1]
        assert len(authority.issued) == 3
        if not was_killed:
            break
        number += 1
    assert number > 3


def test_a_decision_outlives_a_crash_before_the_answer() -> None:
    """R-142: an application that was kept may be decided before the same octets come again."""
    number = 0
    while True:
        authority = Authority({"policy": pending})
        octets = renewal(OLD)
        if not killed(authority, octets, number, durable=True):
            break
        number += 1
        authority.advance(minutes=1)
        waiting = list(authority.build().pending())
        for each in waiting:
            authority.build().decide(each.id, Refuse(CMCFailInfo.BAD_REQUEST))
        answer = authority.process(octets)
        polled = authority.process(polling(answer, OLD))
        status = CMCStatus.FAILED if waiting else CMCStatus.PENDING
        assert [each[0] for each in polled.statuses()] == [status]
        assert list(authority.build().pending()) == [] or not waiting
    assert number > 2


@pytest.mark.parametrize("durable", [False, True])
def test_a_crash_at_any_step_of_a_poll(durable: bool) -> None:
    """R-142, R-159: what was decided is issued once, and what waited for it is done."""
    number = 0
    while True:
        authority = Authority({"policy": pending})
        first = authority.process(renewal(OLD, change=revoke))
        authority.build().decide(first.token, Issue())
        octets = polling(first, OLD)
        was_killed = killed(authority, octets, number, durable=durable)
        authority.advance(minutes=2)
        assert authority.process(octets).certificates()
        authority.build().settle()
        assert set(authority.issued) == {first.token}
        assert authority.revoked
        if not was_killed:
            assert len(authority.revoked) == 1
            break
        number += 1
    assert number > 3


@pytest.mark.parametrize("durable", [False, True])
def test_a_crash_at_any_step_of_a_confirmation(durable: bool) -> None:
    """R-144, R-146: the same octets again are a success, and what waited is done."""
    number = 0
    while True:
        authority = Authority({"rules": Rules(confirm=True)})
        first = authority.process(renewal(OLD, change=revoke))
        octets = confirming(first)
        was_killed = killed(authority, octets, number, durable=durable)
        authority.advance(minutes=2)
        assert authority.process(octets).statuses()[0][0] == SUCCESS
        authority.advance(days=2)
        authority.build().settle()
        serials = {each.certificate.serial_number for each in authority.revoked}
        assert serials == {OLD.certificate.serial_number}
        if not was_killed:
            break
        number += 1
    assert number > 3


@pytest.mark.parametrize("durable", [False, True])
def test_a_crash_at_any_step_of_settling(durable: bool) -> None:
    """R-144: what nobody confirmed is revoked in the end, and stays so."""
    number = 0
    while True:
        authority = Authority({"rules": Rules(confirm=True)})
        first = authority.process(renewal(OLD, change=revoke))
        authority.advance(days=1)
        store = FailingStore(authority.store, number, Killed(), durable=durable)
        was_killed = True
        try:
            authority.build(store=store).settle()
            was_killed = False
        except Killed:
            pass
        authority.advance(minutes=2)
        authority.build().settle()
        (certificate,) = first.certificates()
        serials = {each.certificate.serial_number for each in authority.revoked}
        assert serials == {certificate.serial_number}
        if not was_killed:
            break
        number += 1
    assert number > 3


# --- others in the way -----------------------------------------------------------------------


@pytest.mark.parametrize("confirm", [False, True])
def test_others_in_the_way_change_nothing(confirm: bool) -> None:
    """R-017, R-144: a transaction that is run again counts, decides and does nothing twice."""
    authority = Authority({"rules": Rules(confirm=confirm, secret_attempts=2)})
    authority.secret()
    store = ConflictingStore(authority.store)
    assert authority.process(identified(secret=b"wrong"), store=store).statuses()[0][2] is not None
    octets = identified()
    answer = authority.process(octets, store=store)
    assert len(answer.certificates()) == 1
    assert authority.process(octets, store=store).octets == answer.octets
    spent = authority.process(identified(), store=store)
    assert spent.statuses() == failed(CMCFailInfo.BAD_IDENTITY, 0)
    assert authority.process(renewal(OLD, change=revoke), store=store).certificates()
    assert len(authority.revoked) == (0 if confirm else 1)
    assert authority.calls == 2


def test_others_in_the_way_of_a_challenge_and_a_poll() -> None:
    """R-130, R-142: neither an answer nor a decision is lost by it."""
    authority = Authority({"policy": pending})
    store = ConflictingStore(authority.store)
    asked = new(kind="rsa-2048", form="crmf", pop="challenge")
    sent = builder(asked).without_signature()
    opened = authority.process(sent, store=store).opened()
    made = RequestBuilder().follow_up(opened)
    opener = RecipientKey.from_private_key(key("rsa-2048", 1))
    made = made.answer_challenges(opened, opener)
    first = authority.process(made.without_signature(), store=store)
    authority.build(store=store).decide(first.token, Issue())
    query = RequestBuilder().follow_up(first.opened()).add_control(types.QueryPending(first.token))
    query = query.add_request(cmcodec.load(sent).unverified_content.req_sequence[0])
    assert authority.process(query.without_signature(), store=store).certificates()
    assert authority.calls == 1
