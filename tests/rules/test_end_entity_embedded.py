"""What an answer holds beside: trust anchors, other responses, keys (RFC 10002 §6)."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import cmcodec
from cmcodec import builders, cms, oids, types
from cmcodec.asn1.der import element
from cmcodec.builders import ResponseBuilder
from cmcodec.cms.envelopes import seal
from cmcodec.controls import trust_anchors
from cmcodec.types import CMCFailInfo, CMCStatus
from kit.chains import DAY, NOW
from kit.enrolment import (
    CA,
    DEVICE,
    IDENTIFICATION,
    OTHER_CA,
    RA,
    SECRET,
    SERVER,
    STRANGER,
    alone,
    answer,
    asks,
    begun,
    client,
    failing,
    issuing,
    numbers,
    of,
    opened,
    opener,
    refused,
    secret_client,
    signer,
)
from kit.keys import key

SHA256 = hashes.SHA256()


# --- trust anchors -----------------------------------------------------------------------------


def test_r_148_published_anchors_are_taken_where_all_checks_hold() -> None:
    """R-147 … R-151: near now, by who may answer; else the rest of the answer still counts.

    Shows EE: trustedAnchors.
    """
    exchange = begun()
    published = trust_anchors.compute([OTHER_CA.certificate], 7)

    def change(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        return issuing()(request, response.add_control(published))

    done = exchange.receive(answer(exchange.request, change, signing_time=NOW))
    assert done.anchors == (OTHER_CA.certificate.fingerprint(SHA256),)
    for keywords in ({}, {"signing_time": NOW - DAY}):
        later = exchange.receive(answer(exchange.request, change, **keywords))
        assert (later.state, later.anchors) == ("done", ())


def test_r_153_what_the_secret_authenticates_in_an_answer() -> None:
    """R-153, R-154: anchors under a MAC by it; one that does not hold refuses the answer.

    Shows EE: authData, trustedAnchors.
    """
    exchange = begun()
    data = types.PKIData(
        control_sequence=(
            types.TaggedAttribute(
                body_part_id=1,
                attr_type=oids.ID_CMC_TRUSTED_ANCHORS,
                attr_values=(trust_anchors.compute([OTHER_CA.certificate], 7),),
            ),
        ),
        req_sequence=(),
        cms_sequence=(),
        other_msg_sequence=(),
    )

    def with_member(secret: bytes, time: Any = NOW) -> bytes:
        recipient = cms.Recipient.from_password(secret, IDENTIFICATION, iterations=1)
        member = cms.authenticate(data, recipient, signing_time=time)

        def change(request: Any, response: ResponseBuilder) -> ResponseBuilder:
            response = response.add_message(member, body_part_id=77)
            return issuing()(request, response.add_control(types.AuthPublish(77)))

        return answer(exchange.request, change)

    done = exchange.receive(with_member(SECRET))
    assert (done.state, done.anchors) == ("done", (OTHER_CA.certificate.fingerprint(SHA256),))
    for time in (None, NOW - DAY):
        done = exchange.receive(with_member(SECRET, time))
        assert (done.state, done.anchors) == ("done", ())
    assert refused(exchange, with_member(b"another")) == "auth_data_wrong"


# --- responses that others hold ------------------------------------------------------------------


def embedding(inner: bytes, *members: bytes) -> Any:
    """The answer of an RA, with that of a CA."""

    def change(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        response = response.add_message(inner, body_part_id=77)
        for number, member in enumerate(members, 78):
            response = response.add_message(member, body_part_id=number)
        return response.add_control(types.BodyPartPath((77,)), oids.ID_CMC_RESPONSE_BODY)

    return change


def test_r_168_an_embedded_response_is_the_answer() -> None:
    """R-167, R-168: with the nonces of this exchange or those of an RA; certificates alone too.

    Shows EE: responseBody.
    """
    exchange = begun()
    request = opened(exchange.request)
    other = answer(begun().request, lambda *_: issuing()(request, ResponseBuilder()), by=CA)
    for inner in (answer(exchange.request, issuing(), by=CA), other, alone(exchange)):
        done = exchange.receive(answer(exchange.request, embedding(inner), by=RA))
        assert (done.state, numbers(done.certificates)) == ("done", of(1))
    simple = client().enroll(asks())
    outer = answer(simple.request, embedding(answer(exchange.request, issuing(), by=CA)), by=RA)
    assert simple.receive(outer).state == "done"
    failed = answer(exchange.request, failing(CMCFailInfo.BAD_REQUEST, 1), by=CA)
    outer = answer(exchange.request, embedding(failed), by=RA)
    assert exchange.receive(outer).state == "failed"


def test_r_168_an_embedded_response_is_believed_for_itself_alone() -> None:
    """R-168: it is by a server, of this exchange where it says so, and referred to."""
    exchange = begun()
    number = opened(exchange.request).transaction_id
    same = builders.RequestBuilder().transaction(number).add_request(asks())
    stale = answer(same.sign_with_request_key(), issuing())
    for inner, reason in (
        (answer(exchange.request, issuing(), by=STRANGER), "not_permitted"),
        (answer(exchange.request, issuing(), by=OTHER_CA), "untrusted_chain"),
        (stale, "nonce_wrong"),
        (exchange.request, "untrusted_request_key"),
    ):
        outer = answer(exchange.request, embedding(inner), by=RA)
        assert refused(exchange, outer) == reason

    def dangling(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        return response.add_control(types.BodyPartPath((5,)), oids.ID_CMC_RESPONSE_BODY)

    assert refused(exchange, answer(exchange.request, dangling, by=RA)) == "dangling_reference"

    def control(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        return response.add_control(types.BodyPartPath((1,)), oids.ID_CMC_RESPONSE_BODY)

    assert refused(exchange, answer(exchange.request, control, by=RA)) == "dangling_reference"


def test_r_032_what_is_not_referred_to_is_ignored() -> None:
    """R-032: a member of cmsSequence without a control."""
    exchange = begun()
    failed = answer(exchange.request, failing(CMCFailInfo.BAD_REQUEST, 1), by=CA)

    def change(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        return issuing()(request, response.add_message(failed))

    assert exchange.receive(answer(exchange.request, change)).state == "done"


def test_a_response_that_refers_to_itself_is_read_once() -> None:
    """However often it does so."""
    exchange = begun()

    def loop(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        for _ in range(100):
            response = response.add_control(types.BodyPartPath((0,)), oids.ID_CMC_RESPONSE_BODY)
        return issuing()(request, response)

    done = exchange.receive(answer(exchange.request, loop))
    assert (done.state, len(done.statuses)) == ("done", 1)

    def many(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        for number in range(100, 140):
            inner = ResponseBuilder().status(CMCStatus.SUCCESS, number).sign(signer(CA))
            response = response.add_message(inner, body_part_id=number)
            path = types.BodyPartPath((number,))
            response = response.add_control(path, oids.ID_CMC_RESPONSE_BODY)
        return issuing()(request, response)

    assert refused(exchange, answer(exchange.request, many)) == "limit"


# --- keys that an RA makes -----------------------------------------------------------------------


def package(*keys: Any, recipient: cms.Recipient | None = None, tag: int = 0x30) -> bytes:
    """An AsymmetricKeyPackage for the owner of a certificate (RFC 5958 §2)."""
    octets = element(
        tag,
        *(
            each
            if isinstance(each, bytes)
            else each.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            for each in keys
        ),
    )
    recipient = recipient or cms.Recipient.from_password(SECRET, IDENTIFICATION, iterations=1)
    sealed = seal(octets, oids.ID_CT_KP_A_KEY_PACKAGE, recipient, "id-aes256-GCM", os.urandom)
    return sealed.to_der()


def made_by_ra(number: int = 9, *members: bytes) -> bytes:
    """What an RA delivers of its own accord, with the CA's original response."""
    asked = client().enroll(asks(number))
    inner = answer(asked.request, issuing(), by=CA)
    change = embedding(inner, *members)
    return change(None, ResponseBuilder()).sign(signer(RA), certificates=[CA.certificate])


@pytest.mark.parametrize("kind", ["password", "certificate"])
def test_r_169_a_key_made_by_an_ra_comes_with_its_certificate(kind: str) -> None:
    """R-169: nothing is sent for it, and it is matched by its public key."""
    recipient = None
    if kind == "certificate":
        recipient = cms.Recipient.from_certificate(DEVICE.certificate)
    exchange = secret_client(keys=[opener(DEVICE)]).enroll()
    assert (exchange.request, exchange.state, exchange.due()) == (None, "wait", exchange)
    member = package(key("p-256", 9), key("p-256", 8), recipient=recipient)
    other = package(key("p-256", 7), recipient=cms.Recipient.from_certificate(SERVER.certificate))
    done = exchange.receive(made_by_ra(9, other, member))
    assert (done.state, numbers(done.certificates)) == ("done", of(9))
    assert [each.private_numbers() for each in done.keys] == [key("p-256", 9).private_numbers()]
    assert "Key" not in repr(done)
    saved = done.save()
    assert b"PRIVATE" not in saved
    resumed = secret_client().resume(saved)
    assert (resumed.certificates, resumed.keys) == (done.certificates, ())
    record = json.loads(saved)
    record["made"] = ["MAA="]
    with pytest.raises(ValueError, match="no exchange"):
        secret_client().resume(json.dumps(record).encode())


def test_r_169_a_key_without_its_certificate_is_nothing() -> None:
    """R-169: nor one that the client cannot open, or that is none."""
    exchange = secret_client().enroll()
    wrong = cms.Recipient.from_password(b"another", IDENTIFICATION, iterations=1)
    for member in (package(key("p-256", 8)), package(key("p-256", 9), recipient=wrong)):
        with pytest.raises(cmcodec.VerificationError, match="untrusted_chain"):
            exchange.receive(made_by_ra(9, member))
    for broken in (package(b"\x30\x00"), package(b"\x30\x05"), package(tag=0x31)):
        with pytest.raises(cmcodec.DecodeError, match="AsymmetricKeyPackage"):
            exchange.receive(made_by_ra(9, broken))
    stranger = embedding(package(key("p-256", 9)))(None, ResponseBuilder())
    with pytest.raises(cmcodec.VerificationError, match="not_permitted"):
        exchange.receive(stranger.sign(signer(STRANGER), certificates=[CA.certificate]))
    asked = begun()
    with pytest.raises(cmcodec.ProofError, match="nonce_wrong"):
        exchange.receive(answer(asked.request, issuing()))
    failed = ResponseBuilder().fail(CMCFailInfo.BAD_REQUEST, 0)
    octets = failed.sign(signer(RA), certificates=[CA.certificate])
    assert exchange.receive(octets).state == "failed"
