"""What an end entity adds to its messages, and what comes back for it (RFC 10002 §6)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import cms, controls, oids, types
from cmcodec.asn1 import TLV
from cmcodec.builders import RequestBuilder, ResponseBuilder
from cmcodec.controls.messages import octets_of
from cmcodec.controls.requests import attributes_of
from cmcodec.errors import ForbiddenError, ProofError
from cmcodec.types import CMCFailInfo, CMCStatus
from cmcodec.verify.references import request_id
from kit.chains import NOW
from kit.enrolment import (
    CA,
    DEVICE,
    IDENTIFICATION,
    SECRET,
    STRANGER,
    SUCCESS,
    answer,
    asks,
    begun,
    certify,
    challenged,
    client,
    confirming,
    failing,
    issuing,
    opened,
    opener,
    pending,
    requests,
    secret_client,
    signer,
    statuses,
)
from kit.keys import key, name

if TYPE_CHECKING:
    from collections.abc import Callable


PRIVATE = "1.3.6.1.4.1.99999.1"


def adding(*values: Any) -> Callable[[RequestBuilder], RequestBuilder]:
    """Controls that a client adds."""

    def decorate(builder: RequestBuilder) -> RequestBuilder:
        for value in values:
            builder = builder.add_control(value)
        return builder

    return decorate


CLIENTS = {
    "signer": lambda **fields: client(signer=signer(DEVICE), **fields),
    "secret": secret_client,
    "link": lambda **fields: secret_client(link_pop=True, **fields),
    "mac": lambda **fields: secret_client(mac=True, **fields),
    "key": client,
}


# --- what is added -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLIENTS)
def test_data_comes_back(kind: str) -> None:
    """As it was sent, or the answer is none; the same after a restart.

    Shows EE: dataReturn.
    """
    asking = CLIENTS[kind](decorate=adding(types.DataReturn(b"shelf 7")))
    exchange = asking.enroll(asks())
    ((_, sent),) = opened(exchange.request).find(types.DataReturn)
    assert sent.value == b"shelf 7"
    for each in (exchange, asking.resume(exchange.save())):
        for wrong in ([], [b"shelf 8"]):
            octets = returning(each.request, wrong)
            with pytest.raises(ProofError, match="transaction_wrong"):
                each.receive(octets)
        assert each.receive(answer(each.request, issuing())).state == "done"
        assert each.receive(returning(each.request, [b"shelf 7"])).state == "done"


def returning(octets: bytes | None, values: list[bytes]) -> bytes:
    """An answer in which other data comes back."""
    message = opened(octets)
    own = {each: message.find(each)[0][1] for each in (types.TransactionId, types.SenderNonce)}
    response = ResponseBuilder().add_control(own[types.TransactionId])
    response = response.add_control(types.RecipientNonce(own[types.SenderNonce].value))
    for value in values:
        response = response.add_control(types.DataReturn(value))
    return issuing()(message, response).sign(signer(CA))


@pytest.mark.parametrize("kind", CLIENTS)
def test_what_both_sides_agreed_on_is_added(kind: str) -> None:
    """Each control as the caller made it, under the same signature or MAC as the rest.

    Shows EE: regInfo.
    """
    private = TLV(b"\x05\x00")

    def decorate(builder: RequestBuilder) -> RequestBuilder:
        builder = builder.add_control(types.RegInfo(b"one")).add_control(types.RegInfo(b"two"))
        return builder.add_control(private, PRIVATE)

    message = opened(CLIENTS[kind](decorate=decorate).enroll(asks()).request)
    assert isinstance(message, cms.Opened)
    assert [value.value for _, value in message.find(types.RegInfo)] == [b"one", b"two"]
    assert [value for _, value in message.find(PRIVATE)] == [private]
    controls.check(message.content)


def test_r_161_certificates_are_published_once() -> None:
    """R-161: the client says what is to be published, of one certificate one thing.

    Shows EE: publishCert.
    """
    compute = controls.publication.compute
    asking = client(signer=signer(DEVICE))
    wanted = compute([CA.certificate])
    for other in (compute([DEVICE.certificate], publish=False), compute([DEVICE.certificate])):
        both = replace(asking, decorate=adding(wanted, other)).enroll(asks())
        assert [value for _, value in opened(both.request).find(type(wanted))] == [wanted, other]
    for other in (wanted, compute([DEVICE.certificate, CA.certificate], publish=False)):
        with pytest.raises(ForbiddenError, match="R-161"):
            replace(asking, decorate=adding(wanted, other)).enroll(asks())
        with pytest.raises(ForbiddenError, match="R-161"):
            adding(wanted, other)(RequestBuilder()).content()


def test_the_first_message_of_every_exchange_is_decorated() -> None:
    """Those after it are not; nor is anything that cannot take a control a Simple PKI Request."""
    decorate = adding(types.RegInfo(b"info"))
    signs = client(signer=signer(DEVICE), decorate=decorate)
    issuer = CA.certificate.subject
    firsts = [
        signs.enroll(asks()),
        signs.renew(DEVICE.certificate, asks()),
        signs.revoke(DEVICE.certificate, 1),
        signs.get_certificate(issuer, 1),
        signs.get_crl(issuer),
        secret_client(mac=True, decorate=decorate).revoke(DEVICE.certificate, 1),
        client(decorate=decorate).enroll(asks()),
    ]
    for exchange in firsts:
        assert len(opened(exchange.request).find(types.RegInfo)) == 1
    for change in (pending(after=NOW - NOW), confirming):
        later = firsts[0].receive(answer(firsts[0].request, change)).due()
        assert later.request is not None
        assert opened(later.request).find(types.RegInfo) == ()
    with pytest.raises(ForbiddenError, match="R-016"):
        secret_client(decorate=decorate).revoke(DEVICE.certificate, 1)
    plain = secret_client(decorate=lambda builder: builder).revoke(DEVICE.certificate, 1)
    assert opened(plain.request).find(types.RevokeRequest)


def test_what_a_client_relies_on_stays() -> None:
    """Transaction id, nonce and requests are as the client made them; what adds breaks nothing."""

    def fresh(_: RequestBuilder) -> Any:
        return RequestBuilder().transaction()

    def asking_more(builder: RequestBuilder) -> RequestBuilder:
        return builder.add_request(asks(2))

    for decorate, error, said in (
        (fresh, ValueError, "takes nothing away"),
        (asking_more, ValueError, "adds no request"),
        (lambda _: None, TypeError, "RequestBuilder"),
        (adding(types.TransactionId(1)), cmcodec.EncodeError, "duplicate_control"),
        (adding(types.SenderNonce(b"another")), cmcodec.EncodeError, "duplicate_control"),
        (adding(types.RecipientNonce(b"none")), ForbiddenError, "R-119"),
        (adding(types.Identification("another")), ForbiddenError, "R-025"),
    ):
        asking = secret_client(mac=True, decorate=decorate)
        with pytest.raises(error, match=said):
            asking.enroll(asks())
        with pytest.raises(error, match=said):
            asking.get_crl(CA.certificate.subject)


# --- what comes back ---------------------------------------------------------------------------


def informing(*values: bytes, then: Any = SUCCESS) -> Any:
    """An answer with responseInfo."""

    def change(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        for value in values:
            response = response.add_control(types.ResponseInfo(value))
        made: ResponseBuilder = then(request, response)
        return made

    return change


def test_all_information_is_shown_in_order() -> None:
    """Of every answer, also of one that only says to wait, and after a restart.

    Shows EE: responseInfo.
    """
    asking = secret_client(accept=lambda _: None)
    exchange = asking.enroll(asks())
    assert exchange.response_info == ()
    busy = exchange.receive(
        answer(exchange.request, informing(b"1", then=failing(CMCFailInfo.TRY_LATER)))
    )
    assert (busy.state, busy.response_info) == ("wait", (b"1",))
    waits = exchange.receive(
        answer(exchange.request, informing(b"3", b"2", then=pending(after=NOW - NOW)))
    )
    assert (waits.state, waits.response_info) == ("wait", (b"3", b"2"))
    waits = asking.resume(waits.save())
    assert waits.response_info == (b"3", b"2")
    polls = waits.due()

    def settling(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        certificate = certify(requests(opened(exchange.request))[0])
        response = response.add_certificates(certificate)
        return response.status(CMCStatus.CONFIRM_REQUIRED, 1)

    offered = polls.receive(answer(polls.request, informing(b"3", then=settling)))
    assert (offered.state, offered.response_info) == ("confirm", (b"3", b"2", b"3"))
    assert "response_info" not in repr(offered)


def test_what_nobody_signed_informs_nobody() -> None:
    """A message that is embedded counts with the one that refers to it, any other does not."""
    exchange = begun()
    request = opened(exchange.request)
    response = ResponseBuilder().for_request(request).add_control(types.ResponseInfo(b"stranger"))
    with pytest.raises(cmcodec.VerificationError, match="not_permitted"):
        exchange.receive(response.status(CMCStatus.SUCCESS, 0).sign(signer(STRANGER)))
    stray = response.status(CMCStatus.SUCCESS, 0).sign(signer(CA))
    for refers in (False, True):
        outer = issuing()(request, ResponseBuilder().for_request(request))
        outer = outer.add_control(types.ResponseInfo(b"outer")).add_message(stray, body_part_id=50)
        if refers:
            outer = outer.add_control(types.BodyPartPath((50,)), "id-cmc-responseBody")
        done = exchange.receive(outer.sign(signer(CA)))
        assert done.response_info == ((b"outer", b"stranger") if refers else (b"outer",))


# --- old servers -------------------------------------------------------------------------------


def keyed(secret: bytes, octets: bytes | None) -> bytes:
    """HMAC-SHA1 under the SHA-1 of a secret."""
    assert octets is not None
    return hmac.digest(hashlib.sha1(secret).digest(), octets, "sha1")


def old_server(request: Any, response: ResponseBuilder) -> ResponseBuilder:
    """Issues to who proves the secret in the first versions, which is all that it reads."""
    proof = keyed(SECRET + IDENTIFICATION.encode(), octets_of(request, "reqSequence"))
    if [value.value for _, value in request.find(types.IdentityProof)] != [proof]:
        return response.fail(CMCFailInfo.BAD_IDENTITY, 0)
    ((_, random),) = request.find(types.PopLinkRandom)
    for each in requests(request):
        found = [
            value.value
            for attr_type, value in attributes_of(each)
            if attr_type == oids.ID_CMC_POP_LINK_WITNESS
        ]
        if found != [keyed(SECRET, random.value)]:
            return response.fail(CMCFailInfo.POP_FAILED, request_id(each))
    made: ResponseBuilder = issuing()(request, response)
    return made


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
def test_r_091_old_servers_read_the_first_versions(form: Any) -> None:
    """R-091, R-103: beside the second ones, only with `compatibility`; both versions hold.

    Shows EE: identityProof, popLinkWitness.
    """
    fields: dict[str, Any] = {"link_pop": True, "compatibility": True}
    asked = asks(form=form), asks(2, form=form)
    exchange = secret_client(**fields).enroll(*asked)
    assert exchange.receive(answer(exchange.request, old_server)).state == "done"
    message = opened(exchange.request)
    assert len(message.find(types.IdentityProofV2)) == 1
    controls.identity_proof.verify(message, SECRET)
    controls.pop_link.verify(message, SECRET)
    for change, failure in (
        ({"compatibility": False}, CMCFailInfo.BAD_IDENTITY),
        ({"secret": b"another"}, CMCFailInfo.BAD_IDENTITY),
    ):
        asking = replace(secret_client(**fields), **change)
        exchange = asking.enroll(*asked)
        failed = exchange.receive(answer(exchange.request, old_server))
        assert statuses(failed) == [(CMCStatus.FAILED, failure)]


def test_r_091_an_answer_to_a_challenge_proves_the_secret_likewise() -> None:
    """R-091: it has the requests once more, and so both proofs; a renewal has none (R-026)."""
    fields: dict[str, Any] = {"link_pop": True, "compatibility": True}
    exchange = secret_client(**fields).enroll(challenged(key=key("rsa-2048")), asks(2))
    answers = exchange.receive(answer(exchange.request, challenging))
    assert answers.receive(answer(answers.request, old_server)).state == "done"
    renewal = secret_client(signer=signer(DEVICE), **fields).renew(DEVICE.certificate, asks())
    for kind in (types.IdentityProof, types.IdentityProofV2, types.PopLinkRandom):
        assert opened(renewal.request).find(kind) == ()


def challenging(request: Any, response: ResponseBuilder) -> ResponseBuilder:
    """A challenge for the first request."""
    first, *_ = requests(request)
    challenge, _ = controls.encrypted_pop.challenge(first)
    return response.challenge(challenge, request_id(first))


# --- one identity ------------------------------------------------------------------------------


def test_r_031_a_message_is_of_one_identity() -> None:
    """R-031, R-105: one secret, and one name where that is what links the requests to it."""
    two = asks(), asks(2, subject=name("another device"))
    for asking in (secret_client(), secret_client(mac=True)):
        with pytest.raises(ForbiddenError, match="R-105"):
            asking.enroll(*two)
    for asking in (
        secret_client(link_pop=True),
        secret_client(mac=True, link_pop=True),
        secret_client(signer=signer(DEVICE), link_pop=True),
    ):
        message = opened(asking.enroll(*two).request)
        assert isinstance(message, cms.Opened)
        assert len(message.find(types.Identification)) == 1
        assert len(message.signers) == (not asking.mac)
    with pytest.raises(ForbiddenError, match="R-025"):
        secret_client(mac=True, decorate=adding(types.Identification("another"))).enroll(*two)


def test_r_094_a_hardware_token() -> None:
    """R-094, R-095: the token is identification and secret, and everything is in an envelope."""
    token = "token-0001"
    recipient = cms.Recipient.from_certificate(CA.certificate)
    asking = client(secret=token.encode(), identification=token, encrypt_to=[recipient])
    exchange = asking.enroll(asks(subject=name("holder")), asks(2, subject=name("holder")))
    assert exchange.request is not None
    for hidden in (token, "holder"):
        assert hidden.encode() not in exchange.request
    message = cmcodec.load(exchange.request).open(opener(CA), request_keys="all")
    assert message.layers[0].kind == "auth-enveloped"
    controls.identity_proof.verify(message, token.encode())
    ((_, named),) = message.find(types.Identification)
    assert named.value == token
    controls.pop_link.verify_subject(message, name("holder"))
    with pytest.raises(ProofError, match="identity_proof_wrong"):
        controls.identity_proof.verify(message, SECRET)
