"""The registration authority: what it takes away, and what it makes of answers (RFC 10002 §8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.asn1 import TLV
from cmcodec.builders import RequestBuilder
from cmcodec.controls import unsigned_data
from cmcodec.roles import Issue, Refuse, Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    ITERATIONS,
    SECRET,
    Answer,
    always,
    anchor,
    builder,
    certified,
    failed,
    identified,
    new,
    opener,
    renewal,
    signer,
    simple,
    statuses,
)
from kit.keys import name
from kit.registration import Registration, opened_at, ra

if TYPE_CHECKING:
    from kit.chains import Issued

BAD_IDENTITY = CMCFailInfo.BAD_IDENTITY
QUICK = Rules(iterations=ITERATIONS)
PASSWORD = cms.RecipientKey.from_password(SECRET, "device")


def registration(**options: Any) -> Registration:
    """With the secret of a device that the CA does not know."""
    made = Registration({"rules": QUICK, **options})
    made.secret()
    return made


def requests_of(message: Any) -> list[bytes]:
    return [each.to_der() for each in message.unverified_content.req_sequence]


def delivered(made: Registration, octets: bytes) -> Answer:
    received = made.receive(octets)
    assert received.answer is None
    (delivery,) = made.answered()
    assert delivery.final
    return Answer(delivery.octets, kind=cmcodec.load(delivery.octets).kind)


# --- envelopes -------------------------------------------------------------------------------


def enveloped(octets: bytes, algorithm: str, *, outer: Issued | None = None) -> bytes:
    recipient = cms.Recipient.from_certificate(ra().certificate)
    sealed = cms.encrypt(octets, recipient, algorithm=algorithm)
    return sealed if outer is None else cms.sign_envelope(sealed, signer(outer))


@pytest.mark.parametrize("algorithm", ["id-aes256-CBC", "id-aes256-GCM"])
@pytest.mark.parametrize("is_signed", [False, True])
def test_an_envelope_for_the_ra_is_taken_away(algorithm: str, *, is_signed: bool) -> None:
    """R-175, R-176: what was inside goes on octet for octet, without the signatures around.

    The answer is encrypted in the same way, for the certificate that signed.
    """
    made, client = registration(), certified("device")
    inner = renewal(client)
    octets = enveloped(inner, algorithm, outer=client if is_signed else None)
    received = made.receive(octets)
    assert received.answer is None
    (delivery,) = made.answered()
    assert made.member().to_der() == inner
    opened = opened_at(delivery.octets, opener(client))
    kinds = [layer.kind for layer in opened.layers]
    sealed = "enveloped" if algorithm.endswith("CBC") else "auth-enveloped"
    assert kinds == (["signed", sealed, "signed"] if is_signed else [sealed, "signed"])
    assert statuses(opened.content) == [(CMCStatus.SUCCESS, (3,), None)]
    if is_signed:
        assert opened.layers[0].signers[0].certificate.der == ra().der


def test_an_answer_to_what_a_secret_sent_encrypted_is_for_that_secret() -> None:
    """R-175, R-070: without a certificate the secret opens the answer."""
    made = registration()
    answer = delivered(made, enveloped(identified(), "id-aes256-GCM"))
    opened = opened_at(answer.octets, PASSWORD)
    assert statuses(opened.content) == [(CMCStatus.SUCCESS, (3,), None)]


def test_an_envelope_that_the_ra_cannot_open_rightly_is_answered() -> None:
    """R-050, R-230: what is for the RA and damaged is badMessageCheck, in a Full PKI Response."""
    made = registration()
    octets = bytearray(enveloped(renewal(certified("device")), "id-aes256-GCM"))
    octets[-1] ^= 1
    refused = made.refused(bytes(octets))
    assert refused.statuses() == failed(CMCFailInfo.BAD_MESSAGE_CHECK, 0)


def test_a_refused_batch_is_told_encrypted() -> None:
    """R-175: what fails without an answer of the next server is for the client alone too."""
    made = registration()
    made.authority.options["authorised_ras"] = []
    client = certified("device")
    made.receive(enveloped(renewal(client), "id-aes256-GCM"))
    (delivery,) = made.answered()
    opened = opened_at(delivery.octets, opener(client))
    assert statuses(opened.content) == failed(CMCFailInfo.BAD_REQUEST, 0)


# --- MACs ------------------------------------------------------------------------------------


def maced(made: RequestBuilder, secret: bytes = SECRET) -> bytes:
    return made.authenticate(secret, "device", iterations=ITERATIONS)


def test_a_mac_of_the_ra_is_taken_away() -> None:
    """R-173, R-176, R-178: one PKIData of the RA, with the client's controls and requests.

    The requests are as received; the proof that the RA checked is not there, but its witness is.
    The answer is MACed.

    Shows RA: identification, dataReturn, regInfo, raIdentityWitness.
    """
    made = registration()
    asked = builder(new(), new("device", 2)).add_control(types.DataReturn(b"kept"))
    asked = asked.add_control(types.RegInfo(b"info")).add_control(types.Identification("device"))
    octets = maced(asked)
    sent = cmcodec.load(octets)
    answer = delivered(made, octets)
    member = made.member()
    assert requests_of(member) == requests_of(sent)
    signed = opened_at(member.to_der())
    assert signed.signers[0].certificate.der == ra().der
    kept = [each.to_der() for each in sent.unverified_content.control_sequence]
    controls = member.unverified_content.control_sequence
    assert [each.to_der() for each in controls[: len(kept)]] == kept
    ids = [each.tcr.body_part_id for each in member.unverified_content.req_sequence]
    said = made.said(oids.ID_CMC_RA_IDENTITY_WITNESS, member.unverified_content)
    assert [tuple(path) for path in said] == [(each,) for each in ids]
    opened = cmcodec.load(answer.octets).open(PASSWORD)
    assert opened.origin == "mac"
    assert [each.value for _, each in opened.find(types.DataReturn)] == [b"kept"]
    assert statuses(opened.content) == [(CMCStatus.SUCCESS, (each,), None) for each in ids]
    ((_, bag),) = opened.message.unverified_messages
    issued = set(made.authority.issued.values())
    assert len(issued) == 2
    assert issued <= {each.to_cryptography() for each in bag.certificates}


def test_two_macs_are_two_messages() -> None:
    """R-178: one new signed PKIData for each client."""
    made = registration()
    made.secret("other")
    first = maced(builder(new()).add_control(types.Identification("device")))
    second = builder(new("other", 2)).authenticate(SECRET, "other", iterations=ITERATIONS)
    for octets in (first, second):
        assert made.receive(octets).answer is None
    deliveries = made.answered()
    assert [len(requests_of(made.member(place))) for place in (0, 1)] == [1, 1]
    for delivery, name_of in zip(deliveries, ("device", "other"), strict=True):
        secret = cms.RecipientKey.from_password(SECRET, name_of)
        assert cmcodec.load(delivery.octets).open(secret).origin == "mac"


def test_an_identity_proof_under_a_mac_is_not_sent_on() -> None:
    """R-166: what the RA vouches for has no identity proof; everything else is there."""
    made = registration()
    octets = maced(builder().identify(SECRET, "device"))
    assert oids.ID_CMC_IDENTITY_PROOF_V2 in kinds(cmcodec.load(octets))
    assert delivered(made, octets)
    assert oids.ID_CMC_IDENTITY_PROOF_V2 not in kinds(made.member())


def kinds(message: Any) -> set[str]:
    return {each.attr_type for each in message.unverified_content.control_sequence}


def test_a_wrong_mac_is_answered_by_the_ra() -> None:
    """R-052, R-090: badMessageCheck, not MACed; after some attempts the right one is wrong too."""
    made = registration()
    for number in range(QUICK.secret_attempts):
        refused = made.refused(maced(builder(new(number=number)), b"a wrong secret"))
        assert refused.statuses() == failed(CMCFailInfo.BAD_MESSAGE_CHECK, 0)
    assert made.refused(maced(builder())).statuses() == failed(CMCFailInfo.BAD_MESSAGE_CHECK, 0)


def test_a_revocation_under_a_mac_of_the_ra_is_refused() -> None:
    """R-162: signed by the RA the CA would revoke anything; a signed one goes on as it is.

    Shows RA: revokeRequest.
    """
    made, other = registration(), certified("other")
    asked = RequestBuilder().transaction().revoke(other.certificate, types.CRLReason.KEY_COMPROMISE)
    refused = made.receive(maced(asked))
    assert refused.answer is not None
    opened = cmcodec.load(refused.answer).open(PASSWORD)
    ((status, _, fail_info),) = statuses(opened.content)
    assert (status, fail_info) == (CMCStatus.FAILED, BAD_IDENTITY)
    assert delivered(made, asked.sign(signer(other))).statuses()[0][0] == CMCStatus.SUCCESS
    assert len(made.authority.revoked) == 1


# --- data beside the signatures --------------------------------------------------------------


def test_unsigned_data_is_promoted() -> None:
    """R-059 to R-061: it leaves the client's message, and its path begins with the message's id.

    That of a message whose MAC is taken away stays with the requests, and is promoted as well. The
    policy is told of both.
    """
    seen = []

    def policy(application: Any) -> Any:
        seen.append(application.unsigned_data)
        return Issue()

    made = registration(policy=policy)
    data = types.CMCUnsignedData(
        body_part_path=types.BodyPartPath((3,)),
        identifier="1.3.6.1.4.1.99999.2",
        content=TLV(b"\x0c\x06beside"),
    )
    signed = identified_with(data, signed=True)
    mac = identified_with(data, signed=False)
    for octets in (signed, mac):
        assert made.receive(octets).answer is None
    for delivery in made.answered():
        assert delivery.status == CMCStatus.SUCCESS
    batch = cmcodec.load(made.sent[-1])
    (listed,) = made.said(oids.ID_CMC_BATCH_REQUESTS)
    paths = [tuple(each.body_part_path) for each in unsigned_data.read(batch)]
    assert paths == [(member, 3) for member in listed]
    assert [unsigned_data.read(made.member(place)) for place in (0, 1)] == [(), ()]
    assert seen == [(data,), (data,)]
    applications = made.authority.issued
    assert len(applications) == 2


def identified_with(data: types.CMCUnsignedData, *, signed: bool) -> bytes:
    made = builder(new(number=1 if signed else 2)).add_unsigned_data(data)
    if signed:
        return made.sign(signer(certified("device")))
    return maced(made)


# --- a PKCS#10 alone -------------------------------------------------------------------------


def test_a_simple_request_goes_into_the_reqsequence() -> None:
    """R-174, R-173, R-010: certificates alone come back.

    Shows RA: raIdentityWitness.
    """
    made = registration(policy=always)
    octets = simple()
    answer = delivered(made, octets)
    member = made.member()
    (asked,) = member.unverified_content.req_sequence
    assert asked.tcr.certification_request.to_der() == octets
    assert opened_at(member.to_der()).signers[0].certificate.der == ra().der
    assert answer.kind == "simple-response"
    (certificate,) = answer.certificates()
    assert certificate.subject == name("device")


def test_a_simple_request_that_fails_is_told_so() -> None:
    """R-011, R-078: a Full PKI Response of the RA, about body part 1."""
    made = registration(policy=always)
    made.authority.options["policy"] = lambda _: Refuse(CMCFailInfo.UNSUPPORTED_EXT)
    answer = delivered(made, simple())
    assert answer.statuses() == failed(CMCFailInfo.UNSUPPORTED_EXT, 1)
    assert answer.opened().signers[0].certificate.der == ra().der


def test_what_the_ra_sends_can_be_encrypted() -> None:
    """R-245, R-072: for the next server alone, signed outside; what comes back too.

    Given again it is the same message, octet for octet.
    """
    encrypt_to = [cms.Recipient.from_certificate(anchor().certificate)]
    made = registration(encrypt_to=encrypt_to, upstream_keys=[opener(ra())])
    received = made.receive(identified())
    first = made.build().batch()
    assert first is not None
    made.advance(minutes=2)
    assert made.build().batch() == first
    layers = opened_at(first.octets, opener(anchor()))
    assert [each.kind for each in layers.layers] == ["signed", "auth-enveloped", "signed"]
    answer = made.upstream(first.octets)
    assert (
        "envelope"
        in cmcodec.load(answer)
        .open(opener(ra()), trust=[anchor().certificate], at=made.now)
        .layers[-2]
        .kind
    )
    (delivery,) = made.build().deliver(answer)
    assert (delivery.id, delivery.status) == (received.id, CMCStatus.SUCCESS)
