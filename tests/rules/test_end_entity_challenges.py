"""Challenges, and how an end entity answers them (RFC 10002 §6.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import cmcodec
from cmcodec import cms, controls, types
from cmcodec.builders import RequestBuilder, ResponseBuilder
from cmcodec.controls import encrypted_pop
from cmcodec.errors import CMCError, ForbiddenError
from cmcodec.types import CMCFailInfo
from cmcodec.verify.references import request_id
from kit.chains import NOW
from kit.enrolment import (
    AGREES,
    CA,
    DEVICE,
    RA,
    SECRET,
    STRANGER,
    SUCCESS,
    Clock,
    answer,
    asks,
    certify,
    challenged,
    client,
    confirming,
    content,
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
from kit.keys import key

if TYPE_CHECKING:
    from cmcodec.roles import Client

# --- challenges ----------------------------------------------------------------------------------


def challenging(*chosen: int, also: tuple[int, ...] = (), **keywords: Any) -> Any:
    """Challenges for some requests; others are refused beside them."""

    def change(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        for each in requests(request):
            number = request_id(each)
            if number in chosen:
                value = encrypted_pop.stateless_value(b"seed", each)
                challenge, _ = encrypted_pop.challenge(each, value=value, **keywords)
                response = response.challenge(challenge, number)
            elif number in also:
                response = response.fail(CMCFailInfo.POP_REQUIRED, number)
        return response

    return change


def check_answers(message: Any) -> None:
    """Every answer proves possession of its request's key."""
    asked = {request_id(each): each for each in requests(message)}
    found = message.find(types.DecryptedPOP)
    assert found
    for _, each in found:
        value = encrypted_pop.stateless_value(b"seed", asked[each.body_part_id])
        encrypted_pop.verify(message, each, value)


@pytest.mark.parametrize("cipher", ["id-aes256-GCM", "id-aes256-CBC"])
@pytest.mark.parametrize(
    ("asking", "signs"),
    [
        (client(signer=signer(DEVICE)), "certificate"),
        (secret_client(signer=signer(DEVICE)), "certificate"),
        (secret_client(), "mac"),
        (client(), "none"),
    ],
)
def test_r_128_a_challenge_is_answered(asking: Client, signs: str, cipher: str) -> None:
    """R-116, R-128, R-203, R-232: with the same request, for a key that cannot sign.

    Shows EE: encryptedPOP, decryptedPOP.
    """
    exchange = asking.enroll(challenged())
    answers = exchange.receive(answer(exchange.request, challenging(1, content=cipher)))
    assert (answers.state, origin(answers)) == ("send", signs)
    message = opened(answers.request)
    assert requests(message) == requests(opened(exchange.request))
    check_answers(message)
    if asking.secret is not None and signs != "mac":
        controls.identity_proof.verify(message, SECRET)
    done = answers.receive(answer(answers.request, issuing()))
    assert done.state == "done"
    assert done.certificates[0].public_key() == AGREES.public_key()


def test_r_128_a_key_that_signs_answers_itself() -> None:
    """R-086, R-128: with its identity proof, also where the first message had a MAC."""
    decrypts = asks(key=key("rsa-2048"), form="crmf", pop="challenge")
    for asking in (secret_client(), secret_client(mac=True)):
        exchange = asking.enroll(decrypts)
        answers = exchange.receive(answer(exchange.request, challenging(1)))
        assert origin(answers) == "request-key"
        message = opened(answers.request)
        controls.identity_proof.verify(message, SECRET)
        check_answers(message)


def test_r_122_what_was_refused_beside_a_challenge_is_sent_again() -> None:
    """R-099, R-122: unchanged, with the random value that its witness is of."""
    decrypts = challenged(key=key("rsa-2048"))
    exchange = secret_client(link_pop=True).enroll(decrypts, asks(2), asks(3))
    change = challenging(1, also=(2,))
    answers = exchange.receive(answer(exchange.request, change))
    message = opened(answers.request)
    before = opened(exchange.request)
    assert {request_id(each): each for each in requests(message)} == {
        request_id(each): each for each in requests(before)
    }
    controls.pop_link.verify(message, SECRET)
    controls.identity_proof.verify(message, SECRET)
    assert message.find(types.PopLinkRandom)[0][1] == before.find(types.PopLinkRandom)[0][1]  # type: ignore[union-attr]
    check_answers(message)
    done = answers.receive(answer(answers.request, issuing()))
    assert (done.state, len(done.certificates)) == ("done", 3)


def test_a_message_may_be_challenged_in_part() -> None:
    """One issued, one pending, one refused: only the fourth is answered for."""
    clock = Clock()
    rsa = challenged(key=key("rsa-2048"))
    exchange = secret_client(clock=clock).enroll(asks(), asks(2), asks(3), rsa)

    def mixed(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        response = challenging(4)(request, response).issue(certify(requests(request)[0]), 1)
        response = response.pend(b"token", NOW, 2)
        return response.fail(CMCFailInfo.BAD_REQUEST, 3)

    answers = exchange.receive(answer(exchange.request, mixed))
    assert (answers.state, numbers(answers.certificates)) == ("send", of(1))
    assert list(map(request_id, requests(opened(answers.request)))) == [4]
    waits = answers.receive(answer(answers.request, failing(CMCFailInfo.POP_FAILED, 4)))
    assert (waits.state, waits.not_before) == ("wait", NOW)
    polls = waits.due()
    asked = requests(opened(exchange.request))
    done = polls.receive(answer(polls.request, lambda _, made: made.issue(certify(asked[1]), 2)))
    assert (done.state, numbers(done.certificates)) == ("done", of(1, 2))
    assert [status[1] for status in statuses(done)] == [
        CMCFailInfo.BAD_REQUEST, CMCFailInfo.POP_FAILED, None,
    ]  # fmt: skip


def test_a_server_may_challenge_again() -> None:
    """And again, as long as somebody sends what it says."""
    exchange = client().enroll(challenged())
    for _ in range(3):
        exchange = exchange.receive(answer(exchange.request, challenging(1)))
        check_answers(opened(exchange.request))
    assert exchange.receive(answer(exchange.request, issuing())).state == "done"


def test_r_127_a_bad_challenge_is_aborted() -> None:
    """R-127: one for another key, of another request, twice for one, with a wrong witness."""
    exchange = secret_client().enroll(challenged())
    own = requests(opened(exchange.request))[0]
    good, _ = encrypted_pop.challenge(own)
    other = requests(opened(client().enroll(challenged(key=DEVICE.key)).request))[0]
    foreign, _ = encrypted_pop.challenge(other)
    wrong = (
        [replace(good, witness=bytes(32))],
        [replace(foreign, request=own)],
        [foreign],
        [good, good],
        [replace(good, the_pop_alg_id=types.AlgorithmIdentifier(algorithm="1.2.3"))],
    )
    for challenges in wrong:

        def change(_: Any, response: ResponseBuilder, challenges: Any = challenges) -> Any:
            for each in challenges:
                response = response.challenge(each, 1)
            return response

        aborts = exchange.receive(answer(exchange.request, change))
        assert (aborts.state, origin(aborts)) == ("send", "mac")
        ((_, status),) = opened(aborts.request).find(types.CMCStatusInfoV2)  # type: ignore[union-attr]
        assert [each.body_part_id for each in status.body_list] == [0]
        assert status.other_info.fail_info == CMCFailInfo.POP_FAILED
        failed = aborts.receive(answer(aborts.request, SUCCESS))
        assert (failed.state, failed.request) == ("failed", None)
        assert (2, CMCFailInfo.POP_REQUIRED) in statuses(failed)
        # A server that says nothing to a status alone has read it, or will not.
        assert aborts.receive(b"").state == "failed"
        with pytest.raises(cmcodec.VerificationError, match="not_permitted"):
            aborts.receive(answer(aborts.request, SUCCESS, by=STRANGER))


def test_r_127_a_challenge_for_a_key_that_opens_nothing_is_aborted() -> None:
    """R-127: Ed25519 signs, and nothing is encrypted for it."""
    exchange = client().enroll(asks(key=key("ed25519"), form="crmf"))
    own = requests(opened(exchange.request))[0]
    foreign, _ = encrypted_pop.challenge(requests(opened(client().enroll(challenged()).request))[0])
    wrong = replace(foreign, request=own)
    aborts = exchange.receive(answer(exchange.request, lambda _, made: made.challenge(wrong, 1)))
    assert origin(aborts) == "request-key"
    ((_, status),) = opened(aborts.request).find(types.CMCStatusInfoV2)  # type: ignore[union-attr]
    assert status.other_info.fail_info == CMCFailInfo.POP_FAILED


def test_a_challenge_of_nobody_is_not_answered() -> None:
    """Nothing is decrypted for who is no server."""
    exchange = client().enroll(challenged())
    with pytest.raises(CMCError, match="not_permitted"):
        exchange.receive(answer(exchange.request, challenging(1), by=STRANGER))


def test_a_proof_that_is_missing_without_a_challenge_fails() -> None:
    """R-121: there is nothing to answer."""
    exchange = client().enroll(challenged())
    for change in (failing(CMCFailInfo.POP_REQUIRED, 1), lambda _, made: made.status(6, 1)):
        assert exchange.receive(answer(exchange.request, change)).state == "failed"


def test_a_challenge_may_be_opened_by_a_key_of_the_client() -> None:
    """For a key that cannot leave its HSM."""
    private = key("rsa-2048")
    hsm = cms.SigningKey(
        sign=lambda octets: private.sign(octets, padding.PKCS1v15(), hashes.SHA256()),
        algorithm="sha256WithRSAEncryption",
        key_identifier=b"hsm",
        public_key=private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        ),
    )
    opens = cms.RecipientKey.from_private_key(private)
    exchange = client(keys=[opens]).enroll(asks(key=hsm, form="crmf", pop="challenge"))
    answers = exchange.receive(answer(exchange.request, challenging(1)))
    check_answers(opened(answers.request))
    bare = client().enroll(asks(key=hsm, form="crmf", pop="challenge"))
    with pytest.raises(ValueError, match="not known"):
        bare.receive(answer(bare.request, challenging(1)))


def test_r_168_an_embedded_challenge_is_answered() -> None:
    """R-168: what an RA holds of the CA's answer is followed as the answer."""
    exchange = client().enroll(challenged())
    inner = answer(exchange.request, challenging(1), by=CA)

    def change(_: Any, response: ResponseBuilder) -> ResponseBuilder:
        response = response.add_message(inner, body_part_id=77)
        return response.add_control(types.BodyPartPath((77,)), "id-cmc-responseBody")

    answers = exchange.receive(answer(exchange.request, change, by=RA))
    check_answers(opened(answers.request))


def test_r_072_every_message_is_encrypted() -> None:
    """R-072: answers and confirmations as the first one; polls under a MAC are not."""
    recipient = cms.Recipient.from_certificate(CA.certificate)
    exchange = secret_client(encrypt_to=recipient).enroll(challenged())
    answers = exchange.receive(answer(exchange.request, challenging(1), opener(CA)))
    message = opened(answers.request, opener(CA))
    assert [layer.kind for layer in message.layers] == ["auth-enveloped", "signed"]  # type: ignore[union-attr]
    controls.identity_proof.verify(message, SECRET)
    exchange = secret_client(encrypt_to=recipient).enroll(asks())
    confirms = exchange.receive(answer(exchange.request, confirming, opener(CA)))
    message = opened(confirms.request, opener(CA))
    kinds = [layer.kind for layer in message.layers]  # type: ignore[union-attr]
    assert kinds == ["signed", "auth-enveloped", "signed"]
    polls = exchange.receive(answer(exchange.request, pending(after=timedelta()), opener(CA)))
    assert origin(polls.due()) == "mac"


def test_r_016_what_nobody_can_sign_is_refused() -> None:
    """R-016: two keys that cannot sign, challenged without a secret."""
    with pytest.raises(ForbiddenError, match="R-016"):
        client().enroll(challenged(), challenged(key=x25519.X25519PrivateKey.generate()))
    finished = RequestBuilder().add_request(asks(form="crmf")).content().req_sequence[0]
    assert origin(client().enroll(finished)) == "none"
    assert content(opened(client().enroll(finished).request)).req_sequence[0] == finished
