"""The certification authority: possession of the key, by signature, challenge, or an RA's word."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import BatchRequestBuilder, NewRequest, RequestBuilder
from cmcodec.controls.requests import extension_values
from cmcodec.roles import Challenge, Issue, Pend, Refuse, Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    LATER,
    SECRET,
    Answer,
    Authority,
    always,
    anchor,
    builder,
    certified,
    failed,
    new,
    ra,
    signer,
)
from kit.der import tlv
from kit.diffie_hellman import dh_key
from kit.keys import key, key_identifier, name

if TYPE_CHECKING:
    from cmcodec.roles import Application
    from cmcodec.roles.decisions import Decision

ALGORITHM = "id-alg-dhPop-sha256"
NEEDED, WRONG = CMCFailInfo.POP_REQUIRED, CMCFailInfo.POP_FAILED
RSA = key("rsa-2048", 1)
X25519 = x25519.X25519PrivateKey.generate()


def challenged(private: Any = RSA, common_name: str = "device", **fields: Any) -> NewRequest:
    return NewRequest(
        key=private, subject=name(common_name), form="crmf", pop="challenge", **fields
    )


def proved(*requests: NewRequest, transaction: int | None = None) -> RequestBuilder:
    return builder(*requests, transaction=transaction).identify(SECRET, "device")


def answering(answer: Answer, sent: bytes, private: Any = RSA) -> RequestBuilder:
    """The next message, which answers all challenges."""
    opened = answer.opened()
    opener = cms.RecipientKey.from_private_key(private)
    made = RequestBuilder().follow_up(opened)
    return made.answer_challenges(opened, opener, sent=cmcodec.load(sent))


def challenges(answer: Answer) -> list[types.EncryptedPOP]:
    return answer.controls(oids.ID_CMC_ENCRYPTED_POP)


@pytest.mark.parametrize("private", [RSA, X25519], ids=["rsa", "x25519"])
def test_a_key_is_proved_by_decryption(private: Any) -> None:
    """R-017, R-121, R-123 to R-125, R-129, R-203: a challenge, its answer, the certificate.

    Shows CA: encryptedPOP, decryptedPOP.
    """
    authority = Authority()
    authority.secret()
    sent = proved(challenged(private)).without_signature()
    first = authority.process(sent)
    assert first.statuses() == failed(NEEDED, 3)
    (challenge,) = challenges(first)
    assert challenge.request == cmcodec.load(sent).unverified_content.req_sequence[0]
    assert not authority.issued
    second = authority.process(answering(first, sent, private).without_signature())
    assert second.statuses()[0][0] == CMCStatus.SUCCESS
    (certificate,) = second.certificates()
    assert certificate.public_key() == private.public_key()


def test_a_secret_is_used_once_for_an_exchange() -> None:
    """R-090, R-121: the answer to the challenge is no other use, with or without the proof."""
    for again in (False, True):
        authority = Authority()
        authority.secret()
        sent = proved(challenged()).without_signature()
        made = answering(authority.process(sent), sent)
        made = made.identify(SECRET, "device") if again else made
        assert authority.process(made.without_signature()).certificates()
        assert authority.process(proved().sign_with_request_key()).statuses() == failed(
            CMCFailInfo.BAD_IDENTITY, 0
        )


def test_a_wrong_answer_is_refused() -> None:
    """R-130: popFailed, and no certificate; the right one still counts."""
    authority = Authority()
    authority.secret()
    sent = proved(challenged()).without_signature()
    first = authority.process(sent)
    opened = first.opened()
    (challenge,) = challenges(first)
    wrong = types.DecryptedPOP(
        body_part_id=3, the_pop_alg_id=challenge.the_pop_alg_id, the_pop=bytes(32)
    )
    made = RequestBuilder().follow_up(opened).add_request(challenge.request).add_control(wrong)
    assert authority.process(made.without_signature()).statuses() == failed(WRONG, 3)
    assert not authority.issued
    assert authority.process(answering(first, sent).without_signature()).certificates()


def test_a_second_answer_is_refused() -> None:
    """R-130: a challenge is answered once; the same octets get what they got."""
    authority = Authority()
    authority.secret()
    sent = proved(challenged()).without_signature()
    first = authority.process(sent)
    octets = answering(first, sent).without_signature()
    kept = authority.process(octets)
    assert kept.certificates()
    assert authority.process(answering(first, sent).without_signature()).statuses() == failed(
        WRONG, 3
    )
    assert authority.process(octets).octets == kept.octets
    assert authority.calls == 1


def test_an_answer_without_a_challenge_is_refused() -> None:
    """R-130: of another transaction, or of none at all."""
    authority = Authority()
    authority.secret(uses=3)
    sent = proved(challenged()).without_signature()
    first = authority.process(sent)
    opened = first.opened()
    made = RequestBuilder().transaction(99).identify(SECRET, "device")
    made = made.answer_challenges(opened, cms.RecipientKey.from_private_key(RSA))
    assert authority.process(made.without_signature()).statuses() == failed(WRONG, 3)


def by_second_key() -> cms.SigningKey:
    """The key of a request beside a challenged one."""
    own = key("p-256", 2)
    return cms.SigningKey.from_private_key(own, key_identifier=key_identifier(own))


def test_all_requests_wait_for_a_missing_proof() -> None:
    """R-122: what has its proof is not issued before the other has it."""
    authority = Authority()
    authority.secret()
    sent = proved(new(number=2), challenged()).sign_with_request_key(3)
    first = authority.process(sent)
    assert first.statuses() == [(CMCStatus.FAILED, (number,), NEEDED) for number in (3, 4)]
    assert len(challenges(first)) == 1
    assert not authority.issued
    other = cmcodec.load(sent).unverified_content.req_sequence[0]
    made = answering(first, sent).add_request(other)
    second = authority.process(made.sign(by_second_key()))
    assert {each[0] for each in second.statuses()} == {CMCStatus.SUCCESS}
    assert len(second.certificates()) == 2


def test_all_requests_wait_for_a_wrong_proof() -> None:
    """R-122, R-130: a wrong answer to one challenge keeps the other requests back."""
    authority = Authority()
    authority.secret()
    sent = proved(new(number=2), challenged()).sign_with_request_key(3)
    first = authority.process(sent)
    content = cmcodec.load(sent).unverified_content
    (challenge,) = challenges(first)
    wrong = types.DecryptedPOP(
        body_part_id=4, the_pop_alg_id=challenge.the_pop_alg_id, the_pop=bytes(32)
    )
    made = RequestBuilder().follow_up(first.opened()).add_control(wrong)
    for each in content.req_sequence:
        made = made.add_request(each)
    refused = authority.process(made.sign(by_second_key())).statuses()
    assert {each[2] for each in refused} == {NEEDED, WRONG}
    made = answering(first, sent).add_request(content.req_sequence[0])
    assert len(authority.process(made.sign(by_second_key())).certificates()) == 2


def test_challenges_can_be_switched_off() -> None:
    """R-121, R-211: then a key without proof gets no certificate at all."""
    authority = Authority({"policy": always, "rules": Rules(challenge=False)})
    answer = authority.process(builder(challenged()).without_signature())
    assert answer.statuses() == failed(NEEDED, 3)
    assert not challenges(answer)


def test_no_signature_needs_a_challenge() -> None:
    """R-183, R-184, R-186, R-203: a request that nobody signed proves no possession."""
    authority = Authority({"policy": always})
    asked = NewRequest(key=RSA, subject=name("device"), pop="no-signature")
    sent = builder(asked).without_signature()
    first = authority.process(sent)
    assert first.statuses() == failed(NEEDED, 3)
    assert authority.process(answering(first, sent).without_signature()).certificates()


def test_a_signature_over_a_group_of_diffie_hellman_is_a_proof() -> None:
    """R-202, R-208, R-212: RFC 6955 §5; a wrong one is popFailed, of the right request."""
    seen: list[Application] = []

    def policy(application: Application) -> Decision:
        seen.append(application)
        return Pend(LATER)

    authority = Authority({"policy": policy})
    asked = NewRequest(key=dh_key(), subject=name("device"), pop="dh", algorithm=ALGORITHM)
    content = builder(asked).content()
    own = signer(certified("device"))
    assert authority.process(cms.sign(content, own)).statuses()[0][0] == CMCStatus.PENDING
    assert [each.pop for each in seen] == ["verified"]
    request = content.req_sequence[0].tcr.certification_request
    other = NewRequest(key=dh_key(number=1), subject=name("device"), pop="dh", algorithm=ALGORITHM)
    damaged = builder(other).content()
    wrong = replace(damaged.req_sequence[0].tcr.certification_request, signature=request.signature)
    tagged = types.TaggedCertificationRequest(body_part_id=3, certification_request=wrong)
    damaged = replace(damaged, req_sequence=(types.TaggedRequest(tcr=tagged),))
    assert authority.process(cms.sign(damaged, own)).statuses() == failed(WRONG, 3)


def test_a_signature_with_a_hash_that_is_too_short_leaves_the_proof_to_be_given() -> None:
    """R-121, R-202: q has 256 bits, and SHA-1 160; the key is challenged, as unsigned."""
    authority = Authority({"policy": always})
    asked = NewRequest(key=dh_key(), subject=name("device"), pop="dh", algorithm=ALGORITHM)
    content = builder(asked).content()
    request = content.req_sequence[0].tcr.certification_request
    short = types.AlgorithmIdentifier(algorithm=oids.ID_ALG_DH_POP_SHA1)
    tagged = types.TaggedCertificationRequest(
        body_part_id=3, certification_request=replace(request, signature_algorithm=short)
    )
    content = replace(content, req_sequence=(types.TaggedRequest(tcr=tagged),))
    answer = authority.process(cms.sign(content, signer(certified("device"))))
    assert answer.statuses() == failed(NEEDED, 3)
    assert not authority.issued


def test_a_proof_for_another_recipient_is_none() -> None:
    """R-202, R-122: what only the holder of another key can check leaves the proof to be given."""
    authority = Authority({"policy": always})
    asked = NewRequest(
        key=key("p-256", 1), subject=name("device"), pop="dh", dh_recipient=ra().certificate,
        algorithm="id-alg-ecdhPop-static-sha256-hmac-sha256",
    )  # fmt: skip
    answer = authority.process(builder(asked).sign(signer(certified("device"))))
    assert answer.statuses() == failed(NEEDED, 3)
    assert not authority.issued


def test_a_key_that_decrypts_nothing_is_not_challenged() -> None:
    """R-121: without a proof, its possession has to be proved in another way."""
    authority = Authority({"policy": always})
    content = builder(new(kind="ed25519", form="crmf")).content()
    bare = types.TaggedRequest(crm=replace(content.req_sequence[0].crm, popo=None))
    octets = cms.sign(replace(content, req_sequence=(bare,)), signer(certified("device")))
    answer = authority.process(octets)
    assert answer.statuses() == failed(NEEDED, 3)
    assert not challenges(answer)


def test_a_challenge_names_the_key_as_the_request_does() -> None:
    """R-125, R-126: by its identifier where it asks for one, else by the id of the request."""
    authority = Authority({"policy": always})
    request = builder(challenged()).content().req_sequence[0]
    sent = builder(challenged()).without_signature()
    (challenge,) = challenges(authority.process(sent))
    assert _recipient(challenge).subject_key_identifier is not None
    template = request.crm.cert_req.cert_template
    bare = replace(request.crm.cert_req, cert_template=replace(template, extensions=None))
    asked = types.TaggedRequest(crm=replace(request.crm, cert_req=bare))
    content = replace(builder(challenged()).content(), req_sequence=(asked,))
    octets = cms.sign(content, signer(certified("device")))
    (challenge,) = challenges(authority.process(octets))
    named = _recipient(challenge).issuer_and_serial_number
    assert named.serial_number == 3
    assert not named.issuer.rdn_sequence


def _recipient(challenge: types.EncryptedPOP) -> Any:
    (info,) = challenge.cms.content.recipient_infos
    return info.ktri.rid


def test_a_policy_asks_for_decryption_besides() -> None:
    """R-121: Challenge is for a key that signed, too; once answered, nothing else is missing."""
    asked: list[Application] = []

    def policy(application: Application) -> Decision:
        asked.append(application)
        return Challenge()

    authority = Authority({"policy": policy})
    sent = builder(new(kind="rsa-2048"), new(number=2)).sign_with_request_key(3)
    first = authority.process(sent)
    assert first.statuses() == [(CMCStatus.FAILED, (number,), NEEDED) for number in (3, 4)]
    assert not authority.issued
    assert len(asked) == 2


def test_an_answered_challenge_of_a_policy_is_enough() -> None:
    """R-121: the same policy asked again does not challenge for ever; ids stay the same."""
    ids = []

    def policy(application: Application) -> Decision:
        ids.append(application.id)
        return Challenge()

    authority = Authority({"policy": policy})
    sent = builder(new(kind="rsa-2048")).sign_with_request_key()
    made = answering(authority.process(sent), sent)
    assert authority.process(made.without_signature()).certificates()
    assert len(set(ids)) == 1
    assert set(authority.issued) == set(ids)


def test_an_operator_challenges_what_waits() -> None:
    """R-121, R-142: Challenge decided later is what the poll gets; the id stays the same."""
    decisions: list[Decision] = [Pend(LATER), Issue()]
    authority = Authority({"policy": lambda application: decisions.pop(0)})
    authority.secret()
    sent = proved(new(kind="rsa-2048")).sign_with_request_key()
    first = authority.process(sent)
    authority.build().decide(first.token, Challenge())
    own = cms.SigningKey.from_private_key(
        RSA, key_identifier=types.Data.from_der(_identifier(sent)).value
    )
    poll = RequestBuilder().follow_up(first.opened()).add_control(types.QueryPending(first.token))
    poll = poll.add_request(cmcodec.load(sent).unverified_content.req_sequence[0])
    second = authority.process(poll.sign(own))
    assert second.statuses() == failed(NEEDED, 3)
    third = authority.process(answering(second, sent).without_signature())
    assert third.certificates()
    assert set(authority.issued) == {first.token}


def _identifier(sent: bytes) -> bytes:
    (request,) = cmcodec.load(sent).unverified_content.req_sequence
    (found,) = extension_values(request, oids.ID_CE_SUBJECT_KEY_IDENTIFIER)
    return found


# --- what RAs say ----------------------------------------------------------------------------


def batched(message: bytes, *, witness: bool = True, identity: bool = True) -> bytes:
    made = BatchRequestBuilder().add(message, body_part_id=50).transaction()
    if witness:
        made = made.witness_pop(50, [3])
    if identity:
        made = made.witness_identity(50)
    return made.sign(signer(ra()))


def test_an_ra_vouches_for_possession() -> None:
    """R-131, R-132, R-133, R-211: its word counts; where it does not, popFailed, no challenge.

    Shows CA: lraPOPWitness.
    """
    seen: list[Application] = []

    def policy(application: Application) -> Decision:
        seen.append(application)
        return Issue()

    authority = Authority({"policy": policy, "authorised_ras": [ra().certificate]})
    octets = batched(builder(challenged()).without_signature())
    (member,) = authority.process(octets).members()
    assert member.certificates()
    assert [each.pop for each in seen] == ["ra-asserted"]
    octets = batched(builder(challenged()).without_signature())
    (member,) = authority.process(octets, rules=Rules(ra_pop=False)).members()
    assert member.statuses() == failed(WRONG, 3)
    assert not challenges(member)
    octets = batched(builder(challenged()).without_signature(), witness=False)
    (member,) = authority.process(octets).members()
    assert member.statuses() == failed(NEEDED, 3)


def test_an_ra_vouches_for_its_own_requests() -> None:
    """R-133: 0 is the message itself."""
    authority = Authority({"authorised_ras": [ra().certificate]})
    asked = builder(challenged()).add_control(types.LraPopWitness(pki_data_bodyid=0, body_ids=(3,)))
    assert authority.process(asked.sign(signer(ra()))).certificates()


def test_ra_verified_is_nothing_for_an_end_entity_to_say() -> None:
    """R-047: an RA says it of its own requests; from anybody else it is no proof."""
    authority = Authority({"policy": always, "authorised_ras": [ra().certificate]})
    request = builder(challenged()).content().req_sequence[0].crm
    popo = types.ProofOfPossession.from_der(tlv(0x80))
    asked = types.TaggedRequest(crm=replace(request, popo=popo))
    content = replace(builder(challenged()).content(), req_sequence=(asked,))
    answer = authority.process(cms.sign(content, signer(certified("device"))))
    assert not answer.certificates()
    assert not authority.issued
    content = replace(builder(challenged()).content(), req_sequence=(asked,))
    assert authority.process(cms.sign(content, signer(ra()))).certificates()
    refused = replace(builder(challenged()).content(), req_sequence=(asked,))
    answer = authority.process(cms.sign(refused, signer(ra())), rules=Rules(ra_pop=False))
    assert answer.statuses() == failed(WRONG, 3)


def test_a_client_that_gives_up_is_answered() -> None:
    """R-017: its status is taken, with success; it names no certificate."""
    authority = Authority()
    authority.secret()
    sent = proved(challenged()).without_signature()
    first = authority.process(sent)
    octets = RequestBuilder().follow_up(first.opened()).abort().sign(signer(certified("device")))
    assert authority.process(octets).statuses() == [(CMCStatus.SUCCESS, (0,), None)]
    assert not authority.issued


def test_a_refused_request_is_not_challenged_again() -> None:
    """R-130: after the proof the policy has the word."""
    authority = Authority({"policy": lambda application: Refuse(CMCFailInfo.BAD_REQUEST)})
    sent = builder(challenged()).without_signature()
    made = answering(authority.process(sent), sent)
    assert authority.process(made.without_signature()).statuses() == failed(
        CMCFailInfo.BAD_REQUEST, 3
    )


def test_the_answer_to_an_encrypted_answer_is_encrypted() -> None:
    """R-070: for who began the exchange by a secret, which the answer to the challenge omits."""
    authority = Authority({"rules": Rules(iterations=1000)})
    authority.secret()
    to_authority = cms.Recipient.from_certificate(anchor().certificate)
    password = cms.RecipientKey.from_password(SECRET, "device")
    sent = proved(challenged()).without_signature()
    opened = authority.process(cms.encrypt(sent, to_authority)).opened(password)
    made = RequestBuilder().follow_up(opened)
    made = made.answer_challenges(opened, cms.RecipientKey.from_private_key(RSA))
    last = authority.process(cms.encrypt(made.without_signature(), to_authority))
    assert last.kind == "other"
    assert len(last.certificates(password)) == 1
