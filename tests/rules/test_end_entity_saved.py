"""Exchanges that are kept as octets, in whichever state they are."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from cmcodec import cms, types
from cmcodec.builders import NewRequest, ResponseBuilder, certs_only
from cmcodec.controls import encrypted_pop
from cmcodec.errors import CMCError, ForbiddenError
from cmcodec.types import CMCFailInfo, CMCStatus
from cmcodec.verify.references import request_id
from kit.chains import NOW
from kit.enrolment import (
    CA,
    DEVICE,
    SECRET,
    SUCCESS,
    answer,
    asks,
    certify,
    challenged,
    client,
    confirming,
    crl,
    failing,
    issuing,
    opened,
    opener,
    requests,
    secret_client,
    signer,
)
from kit.keys import key, name
from kit.trees import tree
from kit.unreadable import with_field

if TYPE_CHECKING:
    from cmcodec.roles import Client, Exchange

SHOWN = (
    "request", "state", "not_before", "certificates", "chain", "crls", "statuses", "anchors",
    "response_info",
)  # fmt: skip


def again(exchange: Exchange, *new: NewRequest, by: Client | None = None) -> Exchange:
    """The exchange after a restart; nothing that it shows has changed."""
    saved = exchange.save()
    private = key("p-256", 1).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    for secret in (SECRET, private, b"PRIVATE"):
        assert secret not in saved
    resumed = (by or secret_client()).resume(saved, *new)
    for field in SHOWN:
        assert getattr(resumed, field) == getattr(exchange, field), field
    assert resumed.save() == saved
    return resumed


def challenging(request: Any, response: ResponseBuilder) -> ResponseBuilder:
    for each in requests(request):
        challenge, _ = encrypted_pop.challenge(each)
        response = response.challenge(challenge, request_id(each))
    return response


def waiting(_: Any, response: ResponseBuilder) -> ResponseBuilder:
    return response.pend(b"token", NOW, 1)


def test_a_first_message_waits_for_its_answer() -> None:
    """Nonce and transaction are still known: the right answer is taken, and no other."""
    exchange = again(secret_client().enroll(asks()))
    done = again(exchange.receive(answer(exchange.request, issuing())))
    assert (done.state, len(done.certificates)) == ("done", 1)
    other = secret_client().enroll(asks())
    with pytest.raises(CMCError, match="transaction_wrong"):
        exchange.receive(answer(other.request, issuing()))
    failed = exchange.receive(answer(exchange.request, failing(CMCFailInfo.BAD_REQUEST)))
    assert again(failed).state == "failed"


def test_a_simple_request_is_still_one() -> None:
    """Certificates alone answer it."""
    bare = client()
    exchange = again(bare.enroll(asks()), by=bare)
    issued = certify(requests(opened(exchange.request))[0])
    done = exchange.receive(certs_only([issued, CA.certificate], [crl()]))
    assert again(done, by=bare).crls == (crl(),)


def test_what_is_pending_is_asked_for_after_a_restart() -> None:
    """By the secret; without one with the key of the request, which is given again."""
    exchange = secret_client().enroll(asks())
    waits = again(exchange.receive(answer(exchange.request, waiting)))
    polls = again(waits.due())
    asked = requests(opened(exchange.request))
    done = polls.receive(answer(polls.request, lambda _, made: made.issue(certify(asked[0]), 1)))
    assert done.state == "done"
    bare = client()
    exchange = bare.enroll(asks(form="crmf"))
    waits = exchange.receive(answer(exchange.request, waiting))
    polls = again(waits, asks(), by=bare).due()
    assert opened(polls.request).origin == "request-key"  # type: ignore[union-attr]
    keyless = again(waits, by=bare).due()
    assert opened(keyless.request).origin == "none"  # type: ignore[union-attr]


def test_a_busy_server_gets_the_same_octets_after_a_restart() -> None:
    """tryLater: they were kept."""
    exchange = secret_client().enroll(asks())
    waits = again(exchange.receive(answer(exchange.request, failing(CMCFailInfo.TRY_LATER))))
    later = secret_client(clock=lambda: NOW + timedelta(hours=1))
    assert again(waits, by=later).due().request == exchange.request


def test_a_challenge_is_answered_after_a_restart() -> None:
    """With the key given again; without it that is a caller's mistake."""
    exchange = again(secret_client().enroll(challenged()))
    octets = answer(exchange.request, challenging)
    with pytest.raises(ValueError, match="not known"):
        exchange.receive(octets)
    known = again(exchange, challenged())
    answers = again(known.receive(octets), challenged())
    assert opened(answers.request).find(types.DecryptedPOP)  # type: ignore[union-attr]
    assert answers.receive(answer(answers.request, issuing())).state == "done"
    wrong = answer(exchange.request, lambda _, made: foreign(made))
    aborts = again(known.receive(wrong))
    assert aborts.receive(answer(aborts.request, SUCCESS)).state == "failed"


def foreign(response: ResponseBuilder) -> ResponseBuilder:
    """A challenge about a request of somebody else."""
    new = asks(key=DEVICE.key, form="crmf", pop="challenge")
    other = requests(opened(client().enroll(new).request))[0]
    challenge, _ = encrypted_pop.challenge(other)
    return response.challenge(challenge, 1)


def test_a_confirmation_goes_on_after_a_restart() -> None:
    """Before and after it was decided."""
    exchange = secret_client(accept=lambda _: None).enroll(asks(), asks(2))
    waits = again(exchange.receive(answer(exchange.request, confirming)), asks(), asks(2))
    assert waits.state == "confirm"
    confirms = again(waits.confirm(), asks(), asks(2))
    second = confirms.receive(answer(confirms.request, SUCCESS))
    assert (second.state, len(second.certificates)) == ("send", 1)
    done = again(second).receive(answer(second.request, SUCCESS))
    assert (done.state, len(done.certificates)) == ("done", 2)
    rejects = again(waits.reject("no"))
    assert rejects.receive(answer(rejects.request, SUCCESS)).state == "send"


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_secret_of_a_revocation_is_not_kept(encrypted: bool) -> None:
    """R-138: it is put in again from the client, who needs it."""
    recipients = [cms.Recipient.from_certificate(CA.certificate)] if encrypted else []
    asking = secret_client(encrypt_to=recipients)
    exchange = asking.revoke(DEVICE.certificate, 1)
    saved = exchange.save()
    texts = [value for value in json.loads(saved).values() if isinstance(value, str)]
    assert not any(SECRET in b64decode(text + "==") for text in texts)
    resumed = asking.resume(saved)
    message, before = (opened(each.request, opener(CA)) for each in (resumed, exchange))
    assert message.message == before.message  # type: ignore[union-attr]
    done = resumed.receive(answer(exchange.request, SUCCESS, opener(CA)))
    assert again(done, by=asking).state == "done"
    with pytest.raises(ValueError, match="a client without one"):
        client().resume(saved)
    for other in (secret_client(mac=True), client(signer=signer(DEVICE))):
        again(other.revoke(DEVICE.certificate, 1), by=other)


def test_what_was_asked_for_is_still_known() -> None:
    """R-134: the certificate, the CRL, and what an RA makes."""
    fetching = secret_client().get_certificate(
        CA.certificate.subject, DEVICE.certificate.serial_number
    )
    exchange = again(fetching)
    change = lambda _, made: made.add_certificates(DEVICE.certificate)  # noqa: E731
    assert exchange.receive(answer(exchange.request, change)).certificates == (DEVICE.certificate,)
    exchange = again(secret_client().get_crl(CA.certificate.subject))
    change = lambda _, made: made.add_crls(crl())  # noqa: E731
    assert exchange.receive(answer(exchange.request, change)).crls == (crl(),)
    assert again(secret_client().enroll()).state == "wait"


def test_a_request_without_key_identifier_is_signed_by_nobody() -> None:
    """R-016, R-019: though its key is given later, no message could name it."""
    csr = x509.CertificateSigningRequestBuilder(name("device")).sign(
        key("p-256", 1), hashes.SHA256()
    )
    bare = client()
    exchange = bare.enroll(csr)
    waits = exchange.receive(answer(exchange.request, waiting))
    with pytest.raises(ForbiddenError, match="R-016"):
        again(waits, asks(), by=bare).due()


def test_a_certificate_that_cannot_be_read_signs_no_confirmation() -> None:
    """R-146: by the secret then, as where there is none for signatures."""
    exchange = secret_client(accept=lambda _: None).enroll(asks())
    waits = exchange.receive(answer(exchange.request, confirming))
    signed = opened(waits.confirm().request)
    assert signed.origin == "certificate"  # type: ignore[union-attr]
    twice = tree(0x30, [tree(0x06, b"\x55\x1d\x0e"), tree(0x04, b"\x04\x01a")])
    record = json.loads(waits.save())
    octets = b64decode(record["items"][0]["certificate"])
    octets = with_field(0xA3, 0, tree(0xA3, [tree(0x30, [twice, twice])]), octets)
    record["items"][0]["certificate"] = b64encode(octets).decode()
    resumed = secret_client().resume(json.dumps(record).encode(), asks())
    assert opened(resumed.confirm().request).origin == "mac"  # type: ignore[union-attr]


def test_requests_are_found_by_their_keys() -> None:
    """One that is not in the exchange is a mistake."""
    saved = secret_client().enroll(asks(), asks(2)).save()
    secret_client().resume(saved, asks(2))
    with pytest.raises(ValueError, match="not in the exchange"):
        secret_client().resume(saved, asks(3))


# --- what is none --------------------------------------------------------------------------------


def examples() -> list[dict[str, Any]]:
    """Exchanges in all states, as records."""
    first = secret_client(accept=lambda _: None).enroll(asks(), asks(2))
    confirm = first.receive(answer(first.request, confirming))
    simple = client().enroll(asks())
    busy = first.receive(answer(first.request, failing(CMCFailInfo.TRY_LATER)))
    pending = first.receive(
        answer(first.request, lambda _, made: made.pend(b"token", NOW, 1).pend(b"2", NOW, 2))
    )
    encrypted = secret_client().enroll(challenged())
    made = (
        first, confirm, confirm.confirm(), confirm.reject("no"), simple, busy, pending,
        pending.due(), encrypted.receive(answer(encrypted.request, challenging)),
        first.receive(answer(first.request, issuing())), secret_client().enroll(),
        secret_client().revoke(DEVICE.certificate, 1),
        secret_client().get_crl(CA.certificate.subject),
    )  # fmt: skip
    return [json.loads(each.save()) for each in made]


EXAMPLES = examples()
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9),
    st.lists(st.none() | st.text(max_size=4), max_size=3),
    st.sampled_from(["send", "wait", "confirm", "done", "failed", "request", "answer", "poll",
                     "abort", "open", "pending", "undecided", "accepted", "rejected", "MAA=",
                     "RevokeRequest", "GetCert", "TaggedRequest"]),
)  # fmt: skip


def use(saved: bytes) -> None:
    """Resumes an exchange and does everything with it: only what is documented is raised."""
    try:
        exchange = secret_client(clock=lambda: NOW + timedelta(days=400)).resume(saved)
    except ValueError:
        return
    exchange.save()
    for step in (exchange.due, exchange.confirm, exchange.reject):
        try:
            step().save()
        except (CMCError, ValueError):
            continue
    for octets in (ANSWER, b""):
        try:
            exchange.receive(octets)
        except (CMCError, ValueError):
            continue


ANSWER = ResponseBuilder().status(CMCStatus.SUCCESS, 0).sign(signer(CA))


@given(st.data())
def test_only_what_was_saved_is_resumed(data: Any) -> None:
    """Whatever stands where: a `ValueError`, or an exchange that behaves as one."""
    record = json.loads(json.dumps(data.draw(st.sampled_from(EXAMPLES))))
    for _ in range(data.draw(st.integers(1, 3))):
        place = record
        if record.get("items") and data.draw(st.booleans()):
            items = record["items"]
            if isinstance(items, list) and items and isinstance(items[0], dict):
                place = items[0]
        name_of = data.draw(st.sampled_from(sorted(place)))
        if data.draw(st.booleans()):
            place[name_of] = data.draw(VALUES)
        else:
            other = data.draw(st.sampled_from(EXAMPLES))
            place[name_of] = other.get(name_of)
    use(json.dumps(record).encode())


@given(st.data())
def test_octets_that_are_no_exchange_are_refused(data: Any) -> None:
    """Cut off, changed, something else."""
    saved = json.dumps(data.draw(st.sampled_from(EXAMPLES))).encode()
    place = data.draw(st.integers(0, len(saved) - 1))
    octet = data.draw(st.binary(min_size=1, max_size=1))
    use(saved[:place] + octet + saved[place + 1 :])
    with pytest.raises(ValueError, match="no exchange"):
        secret_client().resume(saved[:place])


@pytest.mark.parametrize(
    ("example", "changes"),
    [
        (0, {"number": 0}),
        (0, {"number": 1 << 32}),
        (0, {"number": 1.0}),
        (0, {"text": 5}),
        (0, {"due": 1.0}),
        (6, {"due": None}),
        (6, {"token": None}),
        (1, {"certificate": None}),
    ],
)
def test_an_item_that_is_none_is_refused(example: int, changes: dict[str, Any]) -> None:
    """An id of no body part, no text; pending without a time or a token, confirmed without more."""
    record = json.loads(json.dumps(EXAMPLES[example]))
    assert secret_client().resume(json.dumps(record).encode())
    record["items"][0].update(changes)
    with pytest.raises(ValueError, match="no exchange"):
        secret_client().resume(json.dumps(record).encode())


@pytest.mark.parametrize(
    "octets",
    [b"", b"{}", b"[]", b"null", b"\xff", b"1", b"[" * 100_000, b'{"version":2}', b"NaN"],
)
def test_what_is_no_record_is_refused(octets: bytes) -> None:
    """Whatever it is."""
    with pytest.raises(ValueError, match="no exchange"):
        secret_client().resume(octets)
