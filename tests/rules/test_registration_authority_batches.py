"""The registration authority: batches, and what comes back (RFC 10002 §6.13, §6.17)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import BatchResponseBuilder, RequestBuilder, ResponseBuilder
from cmcodec.errors import DecodeError, ProofError, VerificationError
from cmcodec.limits import DEFAULT_MESSAGE_LAYERS, MAX_CLIENT_LAYERS
from cmcodec.reasons import Reason
from cmcodec.roles import Issue, Refuse, Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    Answer,
    anchor,
    another_anchor,
    certified,
    failed,
    identified,
    new,
    renewal,
    signer,
)
from kit.registration import Registration, chained, ra

SUCCESS = CMCStatus.SUCCESS


def received(made: Registration, count: int, first: int = 2) -> list[bytes]:
    """The ids of some renewals, in the order in which they came."""
    client = certified("device")
    found = [made.receive(renewal(client, new(number=first + each))) for each in range(count)]
    assert all(each.answer is None for each in found)
    return [each.id for each in found]


# --- batches ---------------------------------------------------------------------------------


def deep(layers: int) -> bytes:
    """A renewal with so many messages inside one another."""
    made, client = renewal(certified("device"), new(number=20)), signer(certified("device"))
    for _ in range(layers - 1):
        made = RequestBuilder().transaction().add_message(made).sign(client)
    return made


ANSWER = types.PKIResponse(control_sequence=(), cms_sequence=(), other_msg_sequence=())
BY_NOBODY = cms.Recipient.from_password(b"of nobody", "nobody", iterations=1)
UNFIT = {
    "an answer under a MAC": lambda: cms.authenticate(ANSWER, BY_NOBODY),
    "too many layers": lambda: deep(MAX_CLIENT_LAYERS + 1),
    "more layers than are read": lambda: deep(DEFAULT_MESSAGE_LAYERS),
    "in an envelope": lambda: cms.encrypt(
        deep(DEFAULT_MESSAGE_LAYERS), cms.Recipient.from_certificate(ra().certificate)
    ),
}


@pytest.mark.parametrize("what", UNFIT)
def test_what_fits_in_no_batch_is_refused(what: str) -> None:
    """P6, R-155: it would be in the way of whatever waits beside it, for ever."""
    made = Registration()
    (before,) = received(made, 1)
    answer = made.receive(UNFIT[what]()).answer
    assert answer is not None
    if "envelope" not in what:
        assert Answer(answer).statuses() == failed(CMCFailInfo.BAD_REQUEST, 0)
    (delivery,) = made.answered()
    assert (delivery.id, delivery.status) == (before, SUCCESS)


def test_layers_that_fit_in_a_batch() -> None:
    """P6: the most that a client may have, through two RAs."""
    front = chained(Registration())
    assert front.receive(deep(MAX_CLIENT_LAYERS)).answer is None
    (delivery,) = front.answered()
    assert delivery.final


def test_a_batch_has_what_waits_in_order() -> None:
    """R-155: each message is a member of its own, listed in batchRequests, in the order received.

    Shows RA: batchRequests.
    """
    made = Registration()
    ids = received(made, 3)
    made.advance(seconds=1)
    ids += received(made, 2, 5)
    batch = made.build().batch()
    assert batch is not None
    assert batch.ids == tuple(ids)
    message = cmcodec.load(batch.octets)
    content = message.unverified_content
    (listed,) = made.said(oids.ID_CMC_BATCH_REQUESTS, content)
    assert [number for number, _ in message.unverified_messages] == list(listed)
    assert made.build().batch() is None


def test_a_batch_has_no_more_than_it_may() -> None:
    """R-155: up to a number of messages, and of octets; one that is longer goes alone."""
    made = Registration()
    ids = received(made, 4)
    size = len(renewal(certified("device"), new(number=2)))
    ra_now = made.build()
    batches = [ra_now.batch(limit=2), ra_now.batch(max_size=10), ra_now.batch(max_size=3 * size)]
    assert [each and each.ids for each in batches] == [tuple(ids[:2]), (ids[2],), (ids[3],)]
    with pytest.raises(ValueError, match="limit"):
        ra_now.batch(limit=0)


def test_an_unanswered_batch_is_given_again() -> None:
    """R-017: the same octets once its time is over, before anything else; then it is answered."""
    made = Registration()
    ids = received(made, 2)
    first = made.build().batch()
    assert first is not None
    later = received(made, 1, 9)
    made.advance(seconds=61)
    assert made.build().batch() == first
    second = made.build().batch()
    assert second is not None
    assert second.ids == tuple(later)
    deliveries = made.build().deliver(made.upstream(first.octets))
    assert [each.id for each in deliveries] == ids
    made.advance(seconds=61)
    assert made.build().batch() == second


def test_two_processes_that_make_one_batch_send_the_same() -> None:
    """R-017: what was kept first is sent, whoever made it."""
    made = Registration()
    received(made, 1)
    batches = []

    class Slow:
        """A store in which another process makes the batch while one signs."""

        def __init__(self) -> None:
            self.count = 0

        def transaction(self) -> Any:
            self.count += 1
            if self.count == 3:
                made.advance(seconds=61)
                batches.append(made.build().batch())
            return made.store.transaction()

    batches.append(made.build(store=Slow()).batch())
    first, second = batches
    assert first is not None
    assert first == second


# --- answers ---------------------------------------------------------------------------------


def test_each_client_gets_its_own_answer() -> None:
    """R-156, R-158: as the next server made it; one that failed fails alone.

    Shows RA: batchResponses, statusInfoV2.
    """
    made = Registration()
    others = [certified("device"), certified("other", number=60)]
    for number, client in enumerate(others, 2):
        name = "device" if number == 2 else "other"
        assert made.receive(renewal(client, new(name, number))).answer is None

    def policy(application: Any) -> Any:
        wanted = application.requester.certificate == others[1].certificate
        return Refuse(CMCFailInfo.UNSUPPORTED_EXT) if wanted else Issue()

    made.authority.options["policy"] = policy
    first, second = made.answered()
    assert (first.status, second.status) == (SUCCESS, CMCStatus.FAILED)
    assert Answer(first.octets).certificates() == [*made.authority.issued.values()]
    assert Answer(second.octets).statuses() == failed(CMCFailInfo.UNSUPPORTED_EXT, 3)
    assert first.final
    assert second.final


def test_one_response_delivered_twice_delivers_the_same() -> None:
    """R-017: whoever crashed after the first time gets it once more; for some time."""
    made = Registration()
    received(made, 2)
    batch = made.build().batch()
    assert batch is not None
    response = made.upstream(batch.octets)
    first = made.build().deliver(response)
    assert made.build().deliver(response) == first
    made.advance(days=8)
    with pytest.raises(ProofError):
        made.build().deliver(response)


def test_a_split_answer_comes_in_parts() -> None:
    """R-157, R-243, R-142: the RA asks for the rest when its time has come, by the token.

    Shows RA: queryPending, batchResponses.
    """
    made = Registration()
    made.authority.options["rules"] = Rules(split_after=2)
    ids = received(made, 5)
    found = [made.answered()]
    assert made.build().batch() is None
    polls = []
    while due := made.build().due():
        (octets,) = due
        polls.append(octets)
        assert made.build().due() == ()
        found.append(made.build().deliver(made.upstream(octets)))
    assert [[each.id for each in part] for part in found] == [ids[:2], ids[2:4], ids[4:]]
    assert len(polls) == 2
    assert all(each.status == SUCCESS for part in found for each in part)
    assert not made.store.keys("batch")
    assert not made.store.keys("sent")
    assert not made.store.keys("due")


def test_a_part_delivered_twice_is_nobody_elses() -> None:
    """R-118, R-157: the first part once more is the same; it does not count for the rest."""
    made = Registration()
    made.authority.options["rules"] = Rules(split_after=1)
    first, second = received(made, 2)
    batch = made.build().batch()
    assert batch is not None
    response = made.upstream(batch.octets)
    (delivery,) = made.build().deliver(response)
    assert delivery.id == first
    assert made.build().deliver(response) == (delivery,)
    (poll,) = made.build().due()
    assert made.build().deliver(response) == (delivery,)
    (rest,) = made.build().deliver(made.upstream(poll))
    assert rest.id == second
    assert rest.octets != delivery.octets


def test_a_poll_that_nobody_answers_is_sent_again() -> None:
    """R-142: with another nonce; a late answer to the one before is refused."""
    made = Registration()
    made.authority.options["rules"] = Rules(split_after=1)
    _, second = received(made, 2)
    made.answered()
    (lost,) = made.build().due()
    late = made.upstream(lost)
    made.advance(seconds=61)
    (poll,) = made.build().due()
    assert poll != lost
    with pytest.raises(ProofError) as refused:
        made.build().deliver(late)
    assert refused.value.reason == Reason.NONCE_WRONG
    (rest,) = made.build().deliver(made.upstream(poll))
    assert rest.id == second


# --- bad answers -----------------------------------------------------------------------------


def outstanding() -> tuple[Registration, bytes]:
    """An RA whose batch has no answer, and the good one."""
    made = Registration()
    received(made, 2)
    batch = made.build().batch()
    assert batch is not None
    return made, made.upstream(batch.octets)


def remade(response: bytes, by: Any = None, **changes: Any) -> bytes:
    """A response with something else in it, signed anew."""
    content = cmcodec.load(response).unverified_content
    return cms.sign(replace(content, **changes), signer(by or anchor()))


def without(response: bytes, attr_type: str) -> Any:
    content = cmcodec.load(response).unverified_content
    return tuple(each for each in content.control_sequence if each.attr_type != attr_type)


@pytest.mark.parametrize(
    "make",
    [
        lambda response: remade(response, certified("device")),
        lambda response: remade(response, another_anchor()),
        lambda response: ResponseBuilder().fail(CMCFailInfo.BAD_REQUEST, 0).without_signature(),
        lambda response: renewal(certified("device")),
        lambda response: response[:-1] + bytes([response[-1] ^ 1]),
        lambda response: b"",
        lambda response: b"\x30\x00",
    ],
    ids=["ordinary", "foreign", "unsigned", "request", "changed", "empty", "nothing"],
)
def test_who_is_no_server_answers_nothing(make: Any) -> None:
    """R-051, R-182: it raises, and the good answer still counts."""
    made, response = outstanding()
    with pytest.raises((VerificationError, DecodeError)):
        made.build().deliver(make(response))
    assert len(made.build().deliver(response)) == 2


@pytest.mark.parametrize("attr_type", [oids.ID_CMC_TRANSACTION_ID, oids.ID_CMC_RECIPIENT_NONCE])
def test_an_answer_to_something_else_is_refused(attr_type: str) -> None:
    """R-116, R-118: transaction id and nonce are those of the batch."""
    made, response = outstanding()
    with pytest.raises(ProofError):
        made.build().deliver(remade(response, control_sequence=without(response, attr_type)))
    other, another = outstanding()
    with pytest.raises(ProofError):
        made.build().deliver(another)
    assert len(made.build().deliver(response)) == 2
    assert len(other.build().deliver(another)) == 2


@pytest.mark.parametrize("place", [0, -1], ids=["before", "behind"])
def test_a_nonce_beside_that_of_the_batch_is_refused(place: int) -> None:
    """R-118: an answer to two messages is none."""
    made, response = outstanding()
    control = types.TaggedAttribute(
        body_part_id=900,
        attr_type=oids.ID_CMC_RECIPIENT_NONCE,
        attr_values=(types.RecipientNonce(b"0123456789abcdef"),),
    )
    controls = list(cmcodec.load(response).unverified_content.control_sequence)
    controls.insert(len(controls) if place else 0, control)
    with pytest.raises(ProofError) as refused:
        made.build().deliver(remade(response, control_sequence=tuple(controls)))
    assert refused.value.reason == Reason.NONCE_WRONG
    assert len(made.build().deliver(response)) == 2


@pytest.mark.parametrize("number", [-1, 1 << 200, 5])
def test_a_transaction_of_nobody_is_refused(number: int) -> None:
    """R-116: whatever the number is, it is a documented error."""
    made, response = outstanding()
    control = types.TaggedAttribute(
        body_part_id=900,
        attr_type=oids.ID_CMC_TRANSACTION_ID,
        attr_values=(types.TransactionId(number),),
    )
    controls = (*without(response, oids.ID_CMC_TRANSACTION_ID), control)
    with pytest.raises(ProofError):
        made.build().deliver(remade(response, control_sequence=controls))


def members_changed(response: bytes, change: Any) -> bytes:
    """A response of which one answer is another one."""
    message = cmcodec.load(response)
    content = message.unverified_content
    members = [octets.to_der() for _, octets in message.unverified_messages]
    members[0] = change(members)
    made = BatchResponseBuilder().add_all(members)
    for each in content.control_sequence:
        if each.attr_type != oids.ID_CMC_BATCH_RESPONSES:
            made = made.add_control(each.attr_values[0], each.attr_type)
    return made.sign(signer(anchor()))


@pytest.mark.parametrize(
    "change",
    [
        lambda members: members[0][:-1] + bytes([members[0][-1] ^ 1]),
        lambda members: members[1],
        lambda members: remade(members[0], certified("device")),
        lambda members: remade(members[0], another_anchor()),
    ],
    ids=["changed", "of another client", "ordinary", "foreign"],
)
def test_a_bad_answer_fails_alone(change: Any) -> None:
    """R-158, R-116: internalCAError for its client, which may send its message again (rule R5)."""
    made, response = outstanding()
    first, second = made.build().deliver(members_changed(response, change))
    assert (first.status, first.final) == (CMCStatus.FAILED, False)
    assert Answer(first.octets).statuses() == failed(CMCFailInfo.INTERNAL_CA_ERROR, 0)
    assert (second.status, second.final) == (SUCCESS, True)


def test_an_answer_that_is_missing_fails_alone() -> None:
    """R-156: fewer answers than messages, and no word of more."""
    made, response = outstanding()
    message = cmcodec.load(response)
    (first, _) = [octets.to_der() for _, octets in message.unverified_messages]
    shorter = BatchResponseBuilder().add(first)
    for each in message.unverified_content.control_sequence:
        if each.attr_type != oids.ID_CMC_BATCH_RESPONSES:
            shorter = shorter.add_control(each.attr_values[0], each.attr_type)
    good, missing = made.build().deliver(shorter.sign(signer(anchor())))
    assert good.status == SUCCESS
    assert Answer(missing.octets).statuses() == failed(CMCFailInfo.INTERNAL_CA_ERROR, 0)


# --- not now ---------------------------------------------------------------------------------


def saying(code: CMCFailInfo) -> Any:
    """A server that answers so, whatever is asked."""

    def upstream(octets: bytes) -> bytes:
        asked = cmcodec.load(octets)
        return ResponseBuilder().for_request(asked).fail(code, 0).sign(signer(anchor()))

    return upstream


def test_a_batch_that_is_put_off_is_sent_again() -> None:
    """R-017: tryLater and internalCAError for the whole deliver nothing."""
    made = Registration()
    ids = received(made, 2)
    for code in (CMCFailInfo.TRY_LATER, CMCFailInfo.INTERNAL_CA_ERROR):
        batch = made.build().batch()
        assert batch is not None
        assert made.build().deliver(saying(code)(batch.octets)) == ()
        assert made.build().batch() is None
        made.advance(seconds=61)
    assert [each.id for each in made.answered()] == ids


def test_a_client_that_is_put_off_sends_again() -> None:
    """R-017: its tryLater is not kept: the same octets go on once more, as they were."""
    made = Registration()

    def failing(application: Any) -> Any:
        raise TimeoutError

    made.authority.options["policy"] = failing
    octets = renewal(certified("device"))
    first = made.receive(octets)
    (delivery,) = made.answered()
    assert (delivery.id, delivery.final) == (first.id, False)
    assert Answer(delivery.octets).statuses()[0][2] == CMCFailInfo.TRY_LATER
    assert made.answered() == ()
    del made.authority.options["policy"]
    assert made.receive(octets).answer is None
    sent = made.member().to_der()
    (delivery,) = made.answered()
    assert (delivery.id, delivery.status, delivery.final) == (first.id, SUCCESS, True)
    assert made.member().to_der() == sent == octets


# --- one at a time ---------------------------------------------------------------------------


def test_one_request_goes_through() -> None:
    """R-017: the answer at once; the same octets get the same, and nothing is sent for it."""
    made = Registration()
    octets = renewal(certified("device"))
    answer = made.respond(octets)
    assert answer.statuses()[0][0] == SUCCESS
    assert made.respond(octets).octets == answer.octets
    assert len(made.sent) == 1


@pytest.mark.parametrize(
    "upstream",
    [
        lambda octets: b"",
        lambda octets: b"\x30\x00",
        saying(CMCFailInfo.TRY_LATER),
        lambda octets: ResponseBuilder().fail(CMCFailInfo.BAD_REQUEST, 0).without_signature(),
    ],
)
def test_a_server_that_does_not_answer_is_tried_later(upstream: Any) -> None:
    """R-017: tryLater of the RA; later the same message gets the same batch through."""
    made = Registration()
    octets = renewal(certified("device"))
    sent = []

    def remembering(asked: bytes) -> bytes:
        sent.append(asked)
        return upstream(asked)

    put_off = made.respond(octets, remembering)
    assert put_off.statuses() == failed(CMCFailInfo.TRY_LATER, 0)
    assert put_off.opened().signers[0].certificate.der == ra().der
    assert made.respond(octets).statuses()[0][0] == SUCCESS
    assert made.sent == sent
    assert made.authority.calls == 1


def test_a_connection_that_fails_is_tried_later() -> None:
    """R-017: an OSError is tryLater, also where the answer was lost on its way."""
    made = Registration()
    octets = renewal(certified("device"))

    def lost(asked: bytes) -> bytes:
        made.upstream(asked)
        raise ConnectionError("lost")

    assert made.respond(octets, lost).statuses() == failed(CMCFailInfo.TRY_LATER, 0)
    assert made.respond(octets).statuses()[0][0] == SUCCESS
    assert made.authority.calls == 1


def test_what_is_in_a_batch_is_answered_with_it() -> None:
    """R-017: one that waits in a batch of others is tryLater until the batch is answered."""
    made = Registration()
    octets = renewal(certified("device"))
    received(made, 1, 5)
    assert made.receive(octets).answer is None
    batch = made.build().batch()
    assert batch is not None
    assert made.respond(octets).statuses() == failed(CMCFailInfo.TRY_LATER, 0)
    made.build().deliver(made.upstream(batch.octets))
    assert made.respond(octets).statuses()[0][0] == SUCCESS


def test_registration_authorities_are_chained() -> None:
    """R-155, R-182: a request goes through two of them, and its answer back."""
    behind = Registration({"authorised_ras": [ra(1).certificate]})
    front = chained(behind)
    front.secret()
    answer = front.respond(identified())
    assert answer.statuses()[0][0] == SUCCESS
    assert len(behind.sent) == 1
