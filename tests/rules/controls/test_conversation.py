"""Transaction ids, nonces and data to return (RFC 10002 §6.4, §6.6)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.controls import conversation
from kit.messages import Message, control, pkcs10, tcr
from kit.proofs import full_request, full_response, vector, wrong

BAD_REQUEST = types.CMCFailInfo.BAD_REQUEST
TRANSACTION = control(5, 5, types.TransactionId(2**100))
NONCE = control(6, 6, types.SenderNonce(b"first"))
DATA = control(7, 4, types.DataReturn(b"\x00\xffkept")), control(8, 4, types.DataReturn(b""))
REQUEST = full_request([TRANSACTION, NONCE, *DATA], [tcr(3)])


def answered(*controls: types.TaggedAttribute) -> cmcodec.Message:
    return full_response([each.to_der() for each in controls])


def values(controls: tuple[types.TaggedAttribute, ...]) -> list[Any]:
    return [each.attr_values[0] for each in controls]


def refusal(response: cmcodec.Message, request: cmcodec.Message | None = REQUEST) -> Any:
    return wrong(lambda: conversation.check(response, request))


# --- what an answer has ----------------------------------------------------------------------


def test_r_117_reply() -> None:
    """R-108, R-116, R-117: id, nonces and every dataReturn, with ids from 1 on."""
    wanted: list[int] = []

    def random(octets: int) -> bytes:
        wanted.append(octets)
        return b"n" * octets

    made = conversation.reply(REQUEST, random=random)
    assert values(made) == [
        types.TransactionId(2**100),
        types.RecipientNonce(b"first"),
        types.SenderNonce(b"n" * 16),
        types.DataReturn(b"\x00\xffkept"),
        types.DataReturn(b""),
    ]
    assert [each.body_part_id for each in made] == [1, 2, 3, 4, 5]
    assert wanted == [16]
    for source in (REQUEST, REQUEST.open()):
        conversation.check(answered(*conversation.reply(source)), source)


def test_r_117_nonces_are_fresh() -> None:
    """R-117: two replies have two nonces."""
    first, second = (conversation.reply(REQUEST)[2] for _ in range(2))
    assert first != second


def test_r_115_a_request_without() -> None:
    """R-115: who sends nothing of it gets nothing of it; a Simple PKI Request cannot."""
    for request in (full_request([], [tcr(3)]), cmcodec.load(pkcs10())):
        assert conversation.reply(request) == ()
        conversation.check(full_response(), request)
    only_id = full_request([TRANSACTION])
    assert values(conversation.reply(only_id)) == [types.TransactionId(2**100)]


def test_rule_r4_what_stands_twice_is_none() -> None:
    """Rule R4: of two transaction ids or nonces nobody knows which is meant."""
    again = control(9, 5, types.TransactionId(1)), control(10, 6, types.SenderNonce(b"other"))
    request = full_request([TRANSACTION, NONCE, *again])
    assert conversation.reply(request) == ()
    conversation.check(full_response(), request)
    good = conversation.reply(REQUEST)
    twice = [each.to_der() for each in good]
    bad_id = full_response([*twice, control(9, 5, types.TransactionId(2**100))])
    assert refusal(bad_id) == ("transaction_wrong", BAD_REQUEST, (1, 9))
    bad_nonce = full_response([*twice, control(9, 7, types.RecipientNonce(b"first"))])
    assert refusal(bad_nonce) == ("nonce_wrong", BAD_REQUEST, (2, 9))


def test_r_117_following_a_response_up() -> None:
    """R-116, R-117: a client answers with the server's nonce; dataReturn is not the server's."""
    response = answered(*conversation.reply(REQUEST, random=bytes))
    follow_up = conversation.reply(response)
    assert values(follow_up)[:2] == [types.TransactionId(2**100), types.RecipientNonce(bytes(16))]
    assert len(follow_up) == 3
    again = full_request([each.to_der() for each in follow_up])
    conversation.check(again, response)
    stale = full_request([TRANSACTION, control(6, 7, types.RecipientNonce(b"first"))])
    assert refusal(stale, response) == ("nonce_wrong", BAD_REQUEST, (6,))


# --- what is checked -------------------------------------------------------------------------


def test_r_116_transaction_id() -> None:
    """R-116: another id, or none, is no answer; an id that nobody asked for is no harm."""
    good = conversation.reply(REQUEST)
    other = full_response(
        [control(9, 5, types.TransactionId(-1)), *(each.to_der() for each in good[1:])]
    )
    assert refusal(other) == ("transaction_wrong", BAD_REQUEST, (9,))
    assert refusal(answered(*good[1:])) == ("transaction_wrong", BAD_REQUEST, (0,))
    conversation.check(full_response([TRANSACTION]), full_request([], [tcr(3)]))


def test_the_nonce_alone_is_enough_for_compatibility() -> None:
    """R-116: django-ca-cmc returns no transactionId; another one is still wrong."""

    def check(response: cmcodec.Message, request: cmcodec.Message = REQUEST) -> Any:
        return wrong(lambda: conversation.check(response, request, compatibility=True))

    good = conversation.reply(REQUEST)
    conversation.check(answered(*good[1:]), REQUEST, compatibility=True)
    other = control(9, 5, types.TransactionId(-1)), *(each.to_der() for each in good[1:])
    assert check(full_response([*other])) == ("transaction_wrong", BAD_REQUEST, (9,))
    assert check(answered(*good[2:])) == ("nonce_wrong", BAD_REQUEST, (0,))
    without = full_request([TRANSACTION])
    assert check(full_response([]), without) == ("transaction_wrong", BAD_REQUEST, (0,))


@pytest.mark.parametrize("nonce", [b"", b"firs", b"first\0", b"First", b"other"])
def test_r_118_recipient_nonce(nonce: bytes) -> None:
    """R-118: the nonce that was sent comes back, in full length; a wrong one is a replay."""
    good = [each.to_der() for each in conversation.reply(REQUEST)]
    bad = full_response([good[0], control(9, 7, types.RecipientNonce(nonce)), *good[3:]])
    assert refusal(bad) == ("nonce_wrong", BAD_REQUEST, (9,))


def test_r_118_missing_nonce() -> None:
    """R-118: without recipientNonce nothing is known, nor of a response that has no controls."""
    good = conversation.reply(REQUEST)
    assert refusal(answered(good[0], *good[2:])) == ("nonce_wrong", BAD_REQUEST, (0,))
    bare = Message(content=None, content_type=oids.ID_DATA, signers=(), digests=())
    certs_only = cmcodec.load(bare.encode())
    assert refusal(certs_only, full_request([NONCE])) == ("nonce_wrong", BAD_REQUEST, (0,))
    conversation.check(certs_only, full_request([], [tcr(3)]))


def test_r_118_a_nonce_that_nobody_sent() -> None:
    """R-118: it belongs to another message."""
    response = full_response([control(9, 7, types.RecipientNonce(b"first"))])
    assert refusal(response, full_request([])) == ("nonce_wrong", BAD_REQUEST, (9,))


def test_r_119_first_message() -> None:
    """R-119: a first message has no recipientNonce, be it one or two."""
    conversation.check(REQUEST, None)
    conversation.check(vector("signed/rsa2048-crmf-sigpop.der"), None)
    nonces = [control(number, 7, types.RecipientNonce(b"x")) for number in (9, 10)]
    assert refusal(full_request([NONCE, nonces[0]]), None) == ("nonce_wrong", BAD_REQUEST, (9,))
    assert refusal(full_request(nonces), None) == ("nonce_wrong", BAD_REQUEST, (9, 10))


def test_r_108_data_return() -> None:
    """R-108: every dataReturn comes back octet for octet, in any order; more do no harm."""
    good = conversation.reply(REQUEST)
    conversation.check(answered(*good[:3], *good[:2:-1]), REQUEST)
    more = control(9, 4, types.DataReturn(b"more"))
    conversation.check(full_response([*(each.to_der() for each in good), more]), REQUEST)
    expected = "transaction_wrong", BAD_REQUEST
    assert refusal(answered(*good[:4])) == (*expected, (4,))
    assert refusal(answered(*good[:3])) == (*expected, (0,))
    twice = full_request([*DATA, control(9, 4, types.DataReturn(b""))])
    assert refusal(full_response(DATA), twice) == (*expected, (7, 8))


def test_r_120_only_the_outermost_layer_counts() -> None:
    """R-120: ids and nonces of nested messages are those of another conversation."""
    from kit.messages import members

    outer = full_request([], members=members(REQUEST.to_der()))
    assert conversation.reply(outer) == ()
    conversation.check(outer, None)


def test_in_a_message_authenticated_by_a_mac() -> None:
    """Controls are found in AuthenticatedData, too."""
    content = types.PKIResponse(
        control_sequence=conversation.reply(REQUEST), cms_sequence=(), other_msg_sequence=()
    )
    octets = cms.authenticate(content, cms.Recipient.from_password(b"pw", iterations=1))
    response = cmcodec.load(octets).open(cms.RecipientKey.from_password(b"pw"))
    conversation.check(response, REQUEST)


@given(
    transaction_id=st.none() | st.integers(min_value=-(2**200), max_value=2**200),
    nonce=st.none() | st.binary(max_size=40),
    data=st.lists(st.binary(max_size=40), max_size=4),
)
def test_what_is_replied_is_accepted(
    transaction_id: int | None, nonce: bytes | None, data: list[bytes]
) -> None:
    """R-108, R-116, R-117, R-118: for everything that a client may send."""
    controls = [control(9 + at, 4, types.DataReturn(each)) for at, each in enumerate(data)]
    if transaction_id is not None:
        controls.append(control(1, 5, types.TransactionId(transaction_id)))
    if nonce is not None:
        controls.append(control(2, 6, types.SenderNonce(nonce)))
    request = full_request(controls)
    response = answered(*conversation.reply(request))
    conversation.check(response, request)
    assert len(conversation.reply(response)) == (transaction_id is not None) + 2 * (
        nonce is not None
    )
