"""The registration authority: what goes on as it is, and what it refuses (RFC 10002 §6.19, §8)."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.asn1 import TLV
from cmcodec.builders import BatchRequestBuilder, RequestBuilder
from cmcodec.roles import Issue, Refuse, Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    ITERATIONS,
    SECRET,
    Answer,
    Authority,
    always,
    anchor,
    another_anchor,
    builder,
    certified,
    failed,
    identified,
    new,
    opener,
    renewal,
    signer,
    simple,
)
from kit.keys import SHA256, name
from kit.registration import Registration, chained, opened_at, ra

IDENTITY = CMCFailInfo.BAD_IDENTITY
SUCCESS = [(CMCStatus.SUCCESS, (3,), None)]


def deliver(registration: Registration, octets: bytes) -> Answer:
    """The only answer to the only message that waits."""
    received = registration.receive(octets)
    assert received.answer is None
    (delivery,) = registration.answered()
    assert delivery.id == received.id
    assert delivery.final
    return Answer(delivery.octets)


# --- as it is --------------------------------------------------------------------------------


def test_a_message_signed_by_a_certificate_goes_on_as_it_is() -> None:
    """R-173, R-177: octet for octet, with nothing said of it, and the CA's answer comes back.

    Shows RA: transactionId, senderNonce, recipientNonce, batchRequests, batchResponses.
    """
    registration = Registration()
    octets = renewal(certified("device"))
    answer = deliver(registration, octets)
    assert registration.member().to_der() == octets
    assert {each.attr_type for each in registration.content.control_sequence} == {
        oids.ID_CMC_TRANSACTION_ID, oids.ID_CMC_SENDER_NONCE, oids.ID_CMC_BATCH_REQUESTS,
    }  # fmt: skip
    assert answer.statuses() == SUCCESS
    assert answer.certificates() == [*registration.authority.issued.values()]


def test_a_message_whose_secret_only_the_next_server_knows_goes_on_as_it_is() -> None:
    """R-087: the RA checks no proof of a secret that it does not have, and says nothing of it."""
    registration = Registration()
    registration.authority.secret()
    octets = identified()
    assert deliver(registration, octets).statuses() == SUCCESS
    assert registration.member().to_der() == octets
    assert not registration.said(oids.ID_CMC_RA_IDENTITY_WITNESS)


def test_an_unknown_control_goes_on() -> None:
    """R-036: an RA passes on what it does not know; the final server fails it (R-034)."""
    registration = Registration()
    unknown = TLV(b"\x05\x00")
    octets = renewal(
        certified("device"),
        change=lambda made: made.add_control(unknown, "1.3.6.1.4.1.99999.1", body_part_id=77),
    )
    answer = deliver(registration, octets)
    assert registration.member().to_der() == octets
    assert answer.statuses() == failed(CMCFailInfo.BAD_REQUEST, 77)


def test_what_it_cannot_open_goes_on_as_it_is() -> None:
    """R-071: an envelope for the next server; what comes back is for the client alone."""
    registration = Registration()
    client = certified("device")
    octets = cms.encrypt(renewal(client), cms.Recipient.from_certificate(anchor().certificate))
    received = registration.receive(octets)
    (delivery,) = registration.answered()
    assert (delivery.id, delivery.status) == (received.id, CMCStatus.SUCCESS)
    assert registration.member().to_der() == octets
    opened = opened_at(delivery.octets, opener(client))
    assert [layer.kind for layer in opened.layers][:1] == ["auth-enveloped"]


def test_a_mac_with_an_unknown_secret_goes_on_as_it_is() -> None:
    """R-178: nothing is taken away that the next server can check; its answer is MACed."""
    registration = Registration()
    registration.authority.secret()
    octets = builder().authenticate(SECRET, "device", iterations=ITERATIONS)
    received = registration.receive(octets)
    (delivery,) = registration.answered(rules=Rules(iterations=ITERATIONS))
    assert (delivery.id, delivery.final) == (received.id, True)
    assert registration.member().to_der() == octets
    opened = cmcodec.load(delivery.octets).open(cms.RecipientKey.from_password(SECRET, "device"))
    assert opened.origin == "mac"


def test_the_batch_of_another_ra_goes_on_whole() -> None:
    """R-155, R-173: it is one request, and its answer comes back whole."""
    behind = Registration({"authorised_ras": [ra(1).certificate]})
    front = chained(behind)
    front.secret()
    received = front.receive(identified())
    assert received.answer is None
    (delivery,) = front.answered()
    assert Answer(delivery.octets).statuses() == SUCCESS
    batch = front.build().batch()
    assert batch is None
    inner = behind.member()
    assert inner.kind == "full-request"
    controls = inner.unverified_content.control_sequence
    assert oids.ID_CMC_BATCH_REQUESTS in {each.attr_type for each in controls}


@pytest.mark.parametrize("authorised", [True, False])
def test_only_an_authorised_ra_has_its_batches_taken(*, authorised: bool) -> None:
    """R-182: the batch of any other signer is refused, and does not go on."""
    ras = [ra(1).certificate] if authorised else []
    behind = Registration({"authorised_ras": ras})
    front = Registration(number=1)
    front.receive(renewal(certified("device")))
    batch = front.build().batch()
    assert batch is not None
    received = behind.receive(batch.octets)
    if authorised:
        assert received.answer is None
    else:
        assert received.answer is not None
        ((status, parts, fail_info),) = Answer(received.answer).statuses()
        assert (status, fail_info) == (CMCStatus.FAILED, CMCFailInfo.BAD_REQUEST)
        content = cmcodec.load(batch.octets).unverified_content
        assert [
            each.body_part_id for each in content.control_sequence if each.body_part_id in parts
        ] == list(parts)


def test_extensions_that_another_ra_adds_are_added() -> None:
    """R-173, R-114: addExtensions of an RA in front stays in its batch, and is done at the end.

    Shows RA: addExtensions, batchRequests.
    """
    made = Registration({"authorised_ras": [ra(1).certificate]})
    inner = renewal(certified("device"))
    (request,) = cmcodec.load(inner).unverified_content.req_sequence
    extension = types.Extension(
        extn_id="1.3.6.1.4.1.99999.4", critical=False, extn_value=b"\x05\x00"
    )
    added = types.AddExtensions(
        pki_data_reference=7,
        cert_references=(request.tcr.body_part_id,),
        extensions=(extension,),
    )
    batch = BatchRequestBuilder().transaction().add(inner, body_part_id=7).add_control(added)
    octets = batch.sign(signer(ra(1)))
    assert made.receive(octets).answer is None
    (delivery,) = made.answered()
    assert made.member().to_der() == octets
    (certificate,) = made.authority.issued.values()
    assert "1.3.6.1.4.1.99999.4" in {each.oid.dotted_string for each in certificate.extensions}
    (answer,) = Answer(delivery.octets).members()
    assert answer.statuses() == SUCCESS


def test_what_a_ca_publishes_passes() -> None:
    """R-147, R-153: trust anchors, and controls under a MAC of the client, pass as they are.

    Shows RA: trustedAnchors, authData.
    """
    anchors = types.PublishTrustAnchors(
        seq_number=1, hash_algorithm=SHA256, anchor_hashes=(b"\0" * 32,)
    )
    inner = RequestBuilder().add_control(anchors).content()
    sealed = cms.authenticate(inner, cms.Recipient.from_password(SECRET, "device"))

    def decorate(asked: Any, response: Any) -> Any:
        response = response.add_control(anchors)
        return response.add_message(sealed, body_part_id=50).add_control(
            types.AuthPublish(50), oids.ID_CMC_AUTH_DATA
        )

    made = Registration()
    made.authority.options["decorate"] = decorate
    answer = deliver(made, renewal(certified("device")))
    assert answer.controls(oids.ID_CMC_TRUSTED_ANCHORS) == [anchors]
    assert [each.value for each in answer.controls(oids.ID_CMC_AUTH_DATA)] == [50]
    assert dict(answer.message.unverified_messages)[50].to_der() == sealed


# --- refused here ----------------------------------------------------------------------------


def test_a_bad_signature_is_answered_by_the_ra() -> None:
    """R-052: badMessageCheck, signed by the RA; a message that is no request is badRequest."""
    registration = Registration()
    octets = bytearray(renewal(certified("device")))
    octets[-1] ^= 1
    refused = registration.refused(bytes(octets))
    assert refused.statuses() == failed(CMCFailInfo.BAD_MESSAGE_CHECK, 0)
    assert refused.opened().signers[0].certificate.der == ra().der
    assert registration.refused(b"\x30\x00").statuses() == failed(CMCFailInfo.BAD_REQUEST, 0)


def test_a_stranger_is_refused() -> None:
    """R-052: a certificate of an unknown CA is badIdentity."""
    registration = Registration()
    stranger = another_anchor()
    octets = builder().sign(signer(stranger))
    assert registration.refused(octets).statuses() == failed(IDENTITY, 0)


@pytest.mark.parametrize(
    "control",
    [
        (types.BodyPartPath((1,)), oids.ID_CMC_RA_IDENTITY_WITNESS),
        (types.LraPopWitness(pki_data_bodyid=0, body_ids=(1,)), oids.ID_CMC_LRA_POP_WITNESS),
        (types.BodyPartList((9,)), oids.ID_CMC_BATCH_REQUESTS),
    ],
)
def test_an_ee_says_nothing_that_only_an_ra_may(control: Any) -> None:
    """R-163: badRequest names the control; nothing of the message goes on."""
    registration = Registration()
    value, attr_type = control
    content = RequestBuilder().transaction().add_request(new(number=2)).content()
    said = types.TaggedAttribute(body_part_id=77, attr_type=attr_type, attr_values=(value,))
    content = replace(content, control_sequence=(*content.control_sequence, said))
    octets = cms.sign(content, signer(certified("device")))
    assert registration.refused(octets).statuses() == failed(CMCFailInfo.BAD_REQUEST, 77)


def test_a_refusal_of_the_policy_stops_the_message() -> None:
    """R-162: one request that fails is answered here, and none of the message goes on."""

    def policy(application: Any) -> Any:
        wanted = application.subject == name("second")
        return Refuse(CMCFailInfo.UNSUPPORTED_EXT, "no") if wanted else Issue()

    registration = Registration({"policy": policy})
    octets = builder(new("first"), new("second", 2)).sign_with_request_key(4)
    first, second = registration.refused(octets).statuses()
    assert first[2] == CMCFailInfo.BAD_REQUEST
    assert second[2] == CMCFailInfo.UNSUPPORTED_EXT
    octets = builder(new("first", 3), new("third", 4)).sign_with_request_key(4)
    assert registration.receive(octets).answer is None


def test_a_policy_that_raises_is_internal_or_later() -> None:
    """R-017: internalCAError, or tryLater for an OSError; the same message is worked on again."""

    def raising(error: Exception) -> Any:
        def policy(application: Any) -> Any:
            raise error

        return policy

    registration = Registration()
    octets = renewal(certified("device"))
    for error, code in (
        (ValueError("secret text"), CMCFailInfo.INTERNAL_CA_ERROR),
        (TimeoutError(), CMCFailInfo.TRY_LATER),
    ):
        refused = registration.refused(octets, policy=raising(error))
        ((_, _, fail_info),) = refused.statuses()
        assert fail_info == code
        assert b"secret text" not in refused.octets
    assert deliver(registration, octets).statuses() == SUCCESS


def test_a_bare_request_that_nobody_vouches_for_is_refused() -> None:
    """R-182: in a message of the RA it would count as vouched for; a policy may decide so."""
    registration = Registration()
    refused = registration.refused(simple())
    assert refused.statuses() == failed(IDENTITY, 1)
    received = registration.receive(simple(new(number=2)), policy=always)
    assert received.answer is None


def test_the_same_octets_get_the_same_answer() -> None:
    """R-017: a refusal and an answer that came back, from a new process too."""
    registration = Registration()
    good = renewal(certified("device"))
    first = registration.receive(good)
    again = registration.receive(good)
    assert (again.id, again.answer) == (first.id, None)
    (delivery,) = registration.answered()
    after = registration.receive(good)
    assert (after.id, after.answer) == (first.id, delivery.octets)
    assert registration.build().batch() is None

    def refuse(application: Any) -> Any:
        return Refuse(IDENTITY)

    bad = renewal(certified("device"), new(number=3))
    refused = registration.receive(bad, policy=refuse)
    assert registration.receive(bad).answer == refused.answer


def test_a_nonce_counts_once() -> None:
    """R-117: another message with the senderNonce of the first is badRequest."""
    registration = Registration()
    client = certified("device")
    nonce = types.SenderNonce(b"0123456789abcdef")

    def message(number: int) -> bytes:
        made = RequestBuilder().add_control(nonce, body_part_id=9).add_request(new(number=number))
        return made.renew(client.certificate).sign(signer(client))

    assert registration.receive(message(2)).answer is None
    answer = registration.receive(message(3)).answer
    assert answer is not None
    assert Answer(answer).statuses() == failed(CMCFailInfo.BAD_REQUEST, 9)


def test_many_are_taken_at_once() -> None:
    """R-051: verified in one call and kept in one transaction; a bad one fails alone (rule R5)."""
    registration = Registration()
    client = certified("device")
    good = [renewal(client, new(number=number)) for number in (2, 3, 4)]
    before = registration.store.transactions
    received = registration.build().receive_all([good[0], b"\x30\x00", *good[1:], good[0]])
    assert registration.store.transactions == before + 2
    assert [each.answer is None for each in received] == [True, False, True, True, True]
    assert received[0].id == received[4].id
    batch = registration.build().batch()
    assert batch is not None
    assert batch.ids == tuple(received[place].id for place in (0, 2, 3))
    assert registration.build().receive_all([]) == ()


def test_nobody_suffers_from_what_came_beside_it() -> None:
    """R5: a defect that one of them meets is its own."""

    class Broken(Exception):
        """What no code expects."""

    registration = Registration()
    made, client = registration.build(), certified("device")
    messages = [renewal(client, new(number=number)) for number in (2, 3, 4)]
    entry = made._intake._entry

    def breaking(case: Any, call: Any) -> Any:
        if case.arrival.digest == sha256(messages[1]).digest():
            raise Broken
        return entry(case, call)

    object.__setattr__(made._intake, "_entry", breaking)
    received = made.receive_all(messages)
    assert [each.answer is None for each in received] == [True, False, True]
    assert received[1].answer is not None
    assert Answer(received[1].answer).statuses() == failed(CMCFailInfo.INTERNAL_CA_ERROR, 0)
    assert len(registration.answered()) == 2
    registration.advance(minutes=2)
    assert registration.receive(messages[1]).answer is None


def test_an_authority_that_knows_no_ra_fails_each_client() -> None:
    """R-182: the next server refuses the batch, and every client in it learns that it failed."""
    registration = Registration(authority=Authority())
    received = [
        registration.receive(renewal(certified("device"), new(number=number))) for number in (2, 3)
    ]
    deliveries = registration.answered()
    assert [each.id for each in deliveries] == [each.id for each in received]
    for each in deliveries:
        assert (each.status, each.final) == (CMCStatus.FAILED, True)
        opened = opened_at(each.octets)
        assert opened.signers[0].certificate.der == ra().der
        assert Answer(each.octets).statuses() == failed(CMCFailInfo.BAD_REQUEST, 0)
