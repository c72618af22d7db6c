"""The registration authority: nothing twice, nothing lost, whenever its process ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import cmcodec
from cmcodec import cms
from cmcodec.errors import ProofError
from cmcodec.reasons import Reason
from cmcodec.roles import Rules
from cmcodec.stores import StoreError
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    ITERATIONS,
    SECRET,
    Answer,
    always,
    builder,
    certified,
    failed,
    identified,
    new,
    pending,
    renewal,
    simple,
    statuses,
)
from kit.registration import Registration, kept, ra
from kit.watched_stores import ConflictingStore, FailingStore, Killed, OverlappedStore

SUCCESS = CMCStatus.SUCCESS
PASSWORD = cms.RecipientKey.from_password(SECRET, "device")
STEPS = 16
"""More transactions than any of these takes."""


def registration(**options: Any) -> Registration:
    made = Registration({"rules": Rules(iterations=ITERATIONS), **options})
    made.secret()
    return made


def message(way: str) -> bytes:
    if way == "maced":
        return builder().authenticate(SECRET, "device", iterations=ITERATIONS)
    return {"signed": lambda: renewal(certified("device")), "proof": identified, "bare": simple}[
        way
    ]()


def is_good(octets: bytes, way: str) -> bool:
    """Whether a client got its certificate."""
    message = cmcodec.load(octets)
    if message.kind == "simple-response":
        return True
    return bool(said(octets, way)[0][0] == SUCCESS)


def said(octets: bytes, way: str) -> list[tuple[Any, ...]]:
    """What an answer says, under a MAC where the message was."""
    if way == "maced":
        return statuses(cmcodec.load(octets).open(PASSWORD).content)
    return Answer(octets).statuses()


@pytest.mark.parametrize("way", ["signed", "proof", "maced", "bare"])
@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("number", range(STEPS))
def test_a_process_that_ends_anywhere_loses_and_doubles_nothing(
    way: str, number: int, *, durable: bool
) -> None:
    """R-017: the same message gets its answer once the claim is over, and one certificate."""
    made = registration(policy=always)
    octets = message(way)
    store = FailingStore(made.store, number, Killed(), durable=durable)
    try:
        made.respond(octets, store=store)
    except Killed:
        made.advance(seconds=61)
    answer = made.respond(octets)
    assert is_good(answer.octets, way)
    assert made.authority.calls == 1
    assert made.respond(octets).octets == answer.octets
    made.advance(seconds=61)
    assert made.answered() == ()
    for kind in ("waiting", "batch", "sent", "due"):
        assert not made.store.keys(kind)


@pytest.mark.parametrize("number", range(STEPS))
def test_a_store_that_fails_is_tried_later(number: int) -> None:
    """R-017: tryLater, at whatever step, and nothing raised; then the same message works."""
    made = registration()
    octets = message("proof")
    store = FailingStore(made.store, number, StoreError("down"))
    found = made.respond(octets, store=store)
    if found.statuses()[0][0] != SUCCESS:
        assert found.statuses() == failed(CMCFailInfo.TRY_LATER, 0)
    made.advance(seconds=61)
    assert made.respond(octets).statuses()[0][0] == SUCCESS
    assert made.authority.calls == 1


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("number", range(8))
def test_a_batch_survives_whatever_happens_to_it(number: int, *, durable: bool) -> None:
    """R-017: received, sent and delivered by processes that end; each client gets its answer."""
    made = registration()
    client = certified("device")
    messages = [renewal(client, new(number=each)) for each in range(2, 6)]

    def killed(step: Any) -> Any:
        store = FailingStore(made.store, number, Killed(), durable=durable)
        try:
            return step(made.build(store=store))
        except Killed:
            made.advance(seconds=61)
            return step(made.build())

    received = killed(lambda each: each.receive_all(messages))
    assert [each.answer for each in received] == [None] * 4
    batch = killed(lambda each: each.batch())
    if batch is None:
        made.advance(seconds=61)
        batch = made.build().batch()
    assert batch is not None
    assert batch.ids == tuple(each.id for each in received)
    response = made.upstream(batch.octets)
    deliveries = killed(lambda each: each.deliver(response))
    assert [each.id for each in deliveries] == list(batch.ids)
    assert all(each.status == SUCCESS for each in deliveries)
    assert [made.receive(each).answer for each in messages] == [each.octets for each in deliveries]
    assert made.authority.calls == 4


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("number", range(6))
def test_a_request_of_the_ra_survives_too(number: int, *, durable: bool) -> None:
    """R-017, R-142: vouched for, pending, asked for and confirmed, each by a process that ends."""
    made = registration()
    made.authority.options["policy"] = pending
    made.authority.options["rules"] = Rules(confirm=True)
    identifier = made.build().vouch(simple(), by="the desk", identity="person 7").id
    done: list[Any] = []

    def killed(step: Any) -> Any:
        try:
            return step(
                made.build(store=FailingStore(made.store, number, Killed(), durable=durable))
            )
        except Killed:
            made.advance(seconds=61)
            return step(made.build())

    def deliver(octets: bytes) -> None:
        response = made.upstream(octets)
        done.extend(killed(lambda each: each.deliver(response)))

    for _ in range(8):
        batch = killed(lambda each: each.batch())
        if batch is not None:
            deliver(batch.octets)
        for poll in killed(lambda each: each.due()):
            deliver(poll)
        authority = made.authority.build()
        for application in list(authority.pending()):
            authority.decide(application.id, always(application))
        made.advance(minutes=6)
    final = {each.octets for each in done if each.final}
    assert {each.id for each in done} == {identifier}
    assert len(final) == 1
    assert cmcodec.load(final.pop()).kind == "simple-response"
    assert made.authority.calls == 1
    assert made.authority.revoked == []


@pytest.mark.parametrize("way", ["signed", "proof", "maced", "bare"])
def test_many_threads_send_one_message_once(way: str) -> None:
    """R-017: the same octets in many threads at once; whoever is late gets tryLater."""
    made = registration(policy=always)
    octets = message(way)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: made.respond(octets).octets, range(16)))
    made.advance(seconds=61)
    answer = made.respond(octets).octets
    assert is_good(answer, way)
    for each in found:
        assert each == answer or said(each, way)[0][2] == CMCFailInfo.TRY_LATER
    assert made.authority.calls == 1


def test_a_slow_process_is_taken_over_from() -> None:
    """R-017: what another one has sent on meanwhile is not sent on again."""
    made = registration()
    octets = renewal(certified("device"))
    taken = []

    def slow(application: Any) -> Any:
        made.advance(seconds=61)
        taken.append(made.receive(octets))
        return always(application)

    received = made.receive(octets, policy=slow)
    assert received.answer is None
    assert received.id == taken[0].id
    assert len(made.answered()) == 1
    assert made.answered() == ()


def test_what_expired_is_removed() -> None:
    """R-017: in small steps, with what is kept anyway; what waits is kept as long as it waits."""
    made = registration()
    made.receive(renewal(certified("device")))
    for number in range(3, 6):
        made.respond(renewal(certified("device"), new(number=number)))
    before = len(kept(made.store))
    made.advance(days=8)
    made.respond(renewal(certified("device"), new(number=6)))
    assert len(kept(made.store)) < before
    assert len(made.store.keys("waiting")) == 1
    made.advance(days=8)
    assert len(made.answered()) == 1


@pytest.mark.parametrize("way", ["signed", "proof", "maced", "bare"])
def test_a_transaction_that_is_run_again_doubles_nothing(way: str) -> None:
    """R-017: each is undone once, because of another one, and done anew."""
    made = registration(policy=always)
    octets = message(way)
    answer = made.respond(octets, store=ConflictingStore(made.store))
    assert is_good(answer.octets, way)
    assert made.respond(octets).octets == answer.octets
    assert made.authority.calls == 1
    assert len(made.sent) == 1


@pytest.mark.parametrize("way", ["signed", "maced", "encrypted"])
def test_a_step_takes_as_many_transactions_for_many_as_for_few(way: str) -> None:
    """R-155: they are for a step, and not for each request; each client has its own secret."""

    def ask(number: int) -> bytes:
        made = builder(new("device", number))
        if way == "maced":
            return made.authenticate(SECRET, f"device {number}", iterations=ITERATIONS)
        octets = made.identify(SECRET, f"device {number}").sign_with_request_key()
        recipient = cms.Recipient.from_certificate(ra().certificate)
        return cms.encrypt(octets, recipient) if way == "encrypted" else octets

    def counts(count: int) -> list[int]:
        made = registration()
        for number in range(count):
            made.secret(f"device {number}")
        found = []
        store = made.store
        before = store.transactions
        made.build().receive_all([ask(number) for number in range(count)])
        found.append(store.transactions - before)
        batch = made.build().batch()
        assert batch is not None
        assert len(batch.ids) == count
        found.append(store.transactions - before)
        deliveries = made.build().deliver(made.upstream(batch.octets))
        assert [each.status for each in deliveries] == [SUCCESS] * count
        found.append(store.transactions - before)
        return found

    assert counts(2) == counts(9)
    assert counts(2)[-1] <= 9


# --- other processes -------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [0, 2])
@pytest.mark.parametrize("number", range(6))
def test_another_process_answers_the_same_message_in_between(number: int, minutes: int) -> None:
    """R-017: whichever of their steps overlap, there is one certificate, and both are answered.

    After two minutes the one that is slow has lost its claim.
    """
    made = registration(policy=always)
    octets, other = message("bare"), []

    def act() -> None:
        made.advance(minutes=minutes)
        other.append(made.build().respond(octets, made.upstream))

    store = OverlappedStore(made.store, number, act)
    answer = made.build(store=store).respond(octets, made.upstream)
    for each in (answer, *other):
        assert is_good(each, "bare") or said(each, "bare")[0][2] == CMCFailInfo.TRY_LATER
    made.advance(minutes=2)
    assert is_good(made.build().respond(octets, made.upstream), "bare")
    assert made.authority.calls == 1


@pytest.mark.parametrize("number", range(1, 3))
def test_another_process_sends_and_delivers_in_between(number: int) -> None:
    """R-017: what was taken and is answered by then is no batch; two deliveries are alike."""
    made = registration()
    received = made.receive(renewal(certified("device"), new(number=2)))
    found: list[Any] = []

    def act() -> None:
        made.advance(minutes=2)
        batch = made.build().batch()
        assert batch is not None
        response = made.upstream(batch.octets)
        again = OverlappedStore(made.store, 1, lambda: found.append(made.build().deliver(response)))
        found.append(made.build(store=again).deliver(response))

    assert made.build(store=OverlappedStore(made.store, number, act)).batch() is None
    first, second = found
    assert first == second
    assert [each.id for each in first] == [received.id]
    assert made.authority.calls == 1


def test_another_process_asks_again_in_between() -> None:
    """R-118, R-142: the later question is the one that counts, also while an answer is read."""
    made = registration(policy=always)
    made.authority.options["policy"] = pending
    made.respond(message("bare"))
    made.advance(minutes=6)
    (poll,) = made.build().due()
    late, later = made.upstream(poll), []

    def act() -> None:
        made.advance(minutes=2)
        later.extend(made.build().due())

    with pytest.raises(ProofError) as refused:
        made.build(store=OverlappedStore(made.store, 1, act)).deliver(late)
    assert refused.value.reason == Reason.TRANSACTION_WRONG
    (delivery,) = made.build().deliver(made.upstream(later[0]))
    assert delivery.status == CMCStatus.PENDING


@pytest.mark.parametrize("number", range(3, 5))
def test_a_store_that_fails_at_any_step_puts_off(number: int) -> None:
    """R-017: the client is told tryLater; the next time it gets its certificate."""
    made = registration(policy=always)
    octets = message("maced")
    store = FailingStore(made.store, number, StoreError("down"))
    assert made.respond(octets, store=store).octets
    made.advance(minutes=2)
    assert is_good(made.respond(octets).octets, "maced")
    assert made.authority.calls == 1
