"""The registration authority: whole exchanges of end entities, through one of them and two."""

from __future__ import annotations

from typing import Any

import pytest

from cmcodec import cms, types
from cmcodec.builders import NewRequest
from cmcodec.roles import Challenge, Client, Issue, Pend, Rules
from kit.authority import (
    ITERATIONS,
    LATER,
    SECRET,
    Authority,
    anchor,
    certified,
    new,
    opener,
    pending,
    signer,
)
from kit.keys import key, name
from kit.registration import Registration, chained, ra

QUICK = Rules(iterations=ITERATIONS)


def scene(number: int, **rules: Any) -> Registration:
    """The RA that clients know, in front of ``number - 1`` others; all know the device's secret."""
    ras = [ra(each).certificate for each in range(3)]
    options = {"rules": Rules(iterations=ITERATIONS, **rules), "authorised_ras": ras}
    made = Registration({"rules": QUICK, "authorised_ras": ras}, authority=Authority(options))
    for _ in range(number - 1):
        made = chained(made, rules=QUICK, authorised_ras=ras)
    made.secret()
    return made


def client(made: Registration, **fields: Any) -> Client:
    options = {
        "trust": [anchor().certificate],
        "secret": SECRET,
        "identification": "device",
        "iterations": ITERATIONS,
        "clock": lambda: made.now,
    }
    return Client(**{**options, **fields})


def through(made: Registration, exchange: Any) -> Any:
    """The exchange once nothing is to be sent now; what is put off is sent again."""
    for _ in range(10):
        if exchange.state == "wait":
            made.advance(minutes=10)
            exchange = exchange.due()
        if exchange.state != "send":
            break
        exchange = exchange.receive(made.build().respond(exchange.request, made.upstream))
    return exchange


KINDS: dict[str, dict[str, Any]] = {
    "proof": {},
    "linked": {"link_pop": True},
    "maced": {"mac": True},
    "renewing": {
        "secret": None,
        "identification": None,
        "signer": signer(certified("device")),
        "keys": [opener(certified("device"))],
    },
}
FORMS: dict[str, Any] = {
    "pkcs10": lambda number: new(number=number),
    "crmf": lambda number: new(number=number, form="crmf"),
    "challenge": lambda number: NewRequest(
        key=key("rsa-2048", number), subject=name("device"), form="crmf", pop="challenge"
    ),
}


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("confirm", [False, True])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_client_gets_its_certificate(kind: str, form: str, number: int, *, confirm: bool) -> None:
    """R-116 to R-118, R-123, R-144, R-164: challenged and confirmed, through one RA and two."""
    made = scene(number, confirm=confirm)
    request = FORMS[form](3)
    if kind == "renewing":
        old = certified("device")
        exchange = client(made, **KINDS[kind]).renew(old.certificate, request)
    else:
        exchange = client(made, **KINDS[kind]).enroll(request)
    exchange = through(made, exchange)
    assert exchange.state == "done"
    (certificate,) = exchange.certificates
    assert certificate.public_key() == request.key.public_key()
    assert made.authority.calls == 1
    made.advance(days=2)
    made.authority.build().settle()
    assert made.authority.revoked == []


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_client_waits_for_somebody(kind: str, number: int) -> None:
    """R-142, R-143: pending at the CA, polled through the RAs."""
    made = scene(number)
    made.authority.options["policy"] = pending
    request = FORMS["pkcs10"](3)
    if kind == "renewing":
        exchange = client(made, **KINDS[kind]).renew(certified("device").certificate, request)
    else:
        exchange = client(made, **KINDS[kind]).enroll(request)
    for _ in range(2):
        exchange = exchange.receive(made.build().respond(exchange.request, made.upstream))
        assert exchange.state == "wait"
        made.advance(minutes=10)
        exchange = exchange.due()
    for application in list(made.authority.build().pending()):
        made.authority.build().decide(application.id, Issue())
    exchange = through(made, exchange)
    assert exchange.state == "done"
    (certificate,) = exchange.certificates
    assert certificate.public_key() == request.key.public_key()


@pytest.mark.parametrize("kind", ["proof", "renewing"])
@pytest.mark.parametrize("held", [False, True])
def test_what_a_client_encrypts_is_for_the_ra(kind: str, *, held: bool) -> None:
    """R-070, R-175: its requests and the answers are read by the two of them alone."""
    made = scene(1)
    encrypt_to = [cms.Recipient.from_certificate(ra().certificate)]
    user = client(made, encrypt_to=encrypt_to, **KINDS[kind])
    request = FORMS["pkcs10"](3)
    if kind == "renewing":
        exchange = user.renew(certified("device").certificate, request)
    else:
        exchange = user.enroll(request)
    if held:
        exchange = exchange.receive(
            made.build(policy=pending).respond(exchange.request, made.upstream)
        )
        assert exchange.state == "wait"
    exchange = through(made, exchange)
    assert exchange.state == "done"
    (certificate,) = exchange.certificates
    assert certificate.public_key() == request.key.public_key()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_the_ra_challenges_or_holds(kind: str, form: str) -> None:
    """R-121, R-209, R-142: each before the message goes on."""
    made = scene(1)
    answers = [Pend(LATER)] if form != "challenge" else [Challenge(), Pend(LATER)]

    def policy(application: Any) -> Any:
        return answers.pop(0) if answers else Issue()

    made.options["policy"] = policy
    request = FORMS[form](3)
    if kind == "renewing":
        exchange = client(made, **KINDS[kind]).renew(certified("device").certificate, request)
    else:
        exchange = client(made, **KINDS[kind]).enroll(request)
    exchange = through(made, exchange)
    assert exchange.state == "done"
    (certificate,) = exchange.certificates
    assert certificate.public_key() == request.key.public_key()
    assert not answers


def test_a_client_revokes_through_the_ra() -> None:
    """R-136 to R-140: signed, and with the secret in it, by which the certificate was issued."""
    made = scene(1)
    exchange = through(made, client(made).enroll(FORMS["pkcs10"](3)))
    (certificate,) = exchange.certificates
    own = cms.SigningKey.from_private_key(key("p-256", 3), certificate)
    signed = client(made, secret=None, identification=None, signer=own)
    reason = types.CRLReason.SUPERSEDED
    assert through(made, signed.revoke(certificate, reason)).state == "done"
    assert len(made.authority.revoked) == 1
    made.authority.secret()
    assert through(made, client(made).revoke(certificate, reason)).state == "done"
    assert len(made.authority.revoked) == 2
