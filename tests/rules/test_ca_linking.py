"""The certification authority: what links requests to whoever was authenticated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.asn1 import TLV
from cmcodec.builders import RequestBuilder
from cmcodec.builders.finished import asked_identifier
from cmcodec.cms.signing import sign_octets
from cmcodec.controls import identity_proof
from cmcodec.roles import Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    SECRET,
    Asked,
    Authority,
    always,
    another_anchor,
    builder,
    certified,
    failed,
    identified,
    maced,
    new,
    password,
    renewal,
    signer,
    simple,
)
from kit.chains import issue
from kit.der import seq
from kit.keys import key, name

IDENTITY = CMCFailInfo.BAD_IDENTITY
OTHER = b"another secret of a device"


def _identifier(content: types.PKIData) -> bytes:
    found = asked_identifier(content.req_sequence[0])
    assert found is not None
    return found


# --- linking --------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
def test_a_pop_link_is_checked(version: int, form: Any) -> None:
    """R-096, R-101 to R-103: in every request, where there is one or one is required.

    Shows CA: popLinkRandom, popLinkWitness, popLinkWitnessV2.
    """
    authority = Authority({"rules": Rules(require_pop_link=True)})
    authority.secret(uses=9)

    def asked(secret: bytes) -> bytes:
        made = builder(new(form=form)).identify(SECRET, "device")
        return made.link_pop(secret, version=version).sign_with_request_key()

    assert authority.process(asked(SECRET)).certificates()
    assert authority.process(asked(OTHER)).statuses() == failed(IDENTITY, 3)
    assert authority.process(asked(OTHER), rules=Rules()).statuses() == failed(IDENTITY, 3)


def test_a_pop_link_can_be_required() -> None:
    """R-096, R-102: without one a secret proves nothing about the keys."""
    authority = Authority()
    authority.secret(uses=9)
    assert authority.process(identified()).certificates()
    strict = Rules(require_pop_link=True)
    assert authority.process(identified(), rules=strict).statuses() == failed(IDENTITY, 3)
    assert authority.process(maced(), rules=strict).statuses(password()) == failed(IDENTITY, 3)


def test_a_pop_link_that_takes_too_long_is_not_derived() -> None:
    """R-102, P7: 1,000,001 iterations of PBKDF2 fail the requests; the secret still counts."""
    authority = Authority()
    authority.secret()
    parameters = types.PBKDF2Params(
        salt=types.PBKDF2Salt(specified=bytes(8)), iteration_count=1_000_001, key_length=32,
        prf=types.AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA256),
    )  # fmt: skip
    slow = types.AlgorithmIdentifier(algorithm=oids.ID_PBKDF2, parameters=TLV(parameters.to_der()))
    witness = types.PopLinkWitnessV2(
        key_gen_algorithm=slow,
        mac_algorithm=types.AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA256),
        witness=bytes(32),
    )
    asked = new(
        attributes=[
            types.Attribute(attr_type=oids.ID_CMC_POP_LINK_WITNESS_V2, attr_values=(witness,))
        ]
    )
    made = builder(asked).add_control(types.PopLinkRandom(bytes(16))).identify(SECRET, "device")
    answer = authority.process(made.sign_with_request_key())
    assert answer.statuses() == failed(CMCFailInfo.BAD_REQUEST, 3)
    assert not authority.issued


def test_a_pop_link_is_of_all_requests_or_none() -> None:
    """R-102: what is wrong with one of them leaves the others unproved."""
    authority = Authority()
    authority.secret(uses=9)
    linked = builder(new(), new(number=2)).identify(SECRET, "device").link_pop(SECRET).content()
    wrong = builder(new(), new(number=2)).identify(SECRET, "device").link_pop(OTHER).content()
    bare = builder(new(), new(number=2)).identify(SECRET, "device").content()

    def answered(*requests: types.TaggedRequest) -> list[tuple[Any, ...]]:

        octets = seq(*(each.to_der() for each in requests))
        proof = identity_proof.compute(octets, SECRET, "device")
        controls = tuple(
            replace(each, attr_values=(proof,))
            if each.attr_type == oids.ID_CMC_IDENTITY_PROOF_V2
            else each
            for each in linked.control_sequence
            if each.attr_type != oids.ID_CMC_SENDER_NONCE
        )
        content = replace(linked, control_sequence=controls, req_sequence=requests)
        identifier = _identifier(content)
        own = cms.SigningKey.from_private_key(key("p-256", 1), key_identifier=identifier)
        return authority.process(cms.sign(content, own)).statuses()

    assert {each[0] for each in answered(*linked.req_sequence)} == {CMCStatus.SUCCESS}
    first, second = bare.req_sequence[0], wrong.req_sequence[1]
    refused = [(CMCStatus.FAILED, (number,), IDENTITY) for number in (3, 4)]
    assert answered(first, second) == refused
    assert answered(linked.req_sequence[0], second) == refused


def test_a_secret_goes_with_a_name() -> None:
    """R-097, R-104 to R-106: every request asks for it; it counts as a POP link."""
    authority = Authority({"rules": Rules(require_pop_link=True)})
    authority.secret(uses=9, subject=name("device"))
    assert authority.process(identified()).certificates()
    assert authority.process(identified(new("other"))).statuses() == failed(IDENTITY, 3)
    assert authority.process(maced(new("other"))).statuses(password()) == failed(IDENTITY, 3)
    assert authority.process(maced()).opened(password()).message.kind == "full-response"
    assert len(authority.issued) == 2


# --- certificates ---------------------------------------------------------------------------------


def test_a_certificate_gets_its_own_names() -> None:
    """R-026, R-107, R-170: a requester that is no RA asks for no other name."""
    policy = Asked()
    authority = Authority({"policy": policy})
    old = certified("device")
    assert authority.process(renewal(old)).certificates()
    assert policy.applications[0].renews == old.certificate
    assert policy.applications[0].requester.kind == "certificate"
    for other in ("other", "Device2"):
        octets = builder(new(other, number=2)).sign(signer(old))
        assert authority.process(octets).statuses() == failed(IDENTITY, 3)
    octets = builder(new("other", number=2), new(number=3)).sign(signer(old))
    assert {each[0] for each in authority.process(octets).statuses()} == {CMCStatus.FAILED}
    assert len(policy.applications) == 1


def test_another_name_is_asked_for_beside_the_old_one() -> None:
    """R-170 to R-172: changeSubjectName, which the policy may refuse, is what the issuer gets."""
    authority = Authority()
    old = certified("device")
    changed = types.ChangeSubjectName(subject=types.Name.from_cryptography(name("new name")))
    octets = renewal(old, new(number=2, change_subject_name=changed))
    (certificate,) = authority.process(octets).certificates()
    assert certificate.subject == name("new name")


def test_a_certificate_of_another_ca_is_believed_by_nobody() -> None:
    """R-051: an untrusted chain is badIdentity."""
    stranger = issue("device", another_anchor(), key("p-256", 4), ca=None, identified=True)
    authority = Authority({"policy": always})
    octets = renewal(stranger)
    assert authority.process(octets).statuses() == failed(IDENTITY, 0)
    assert authority.process(renewal(certified("device")), trust=()).statuses()[0][2] == IDENTITY
    trusting = [another_anchor().certificate]
    assert authority.process(octets, trust=trusting).certificates()


# --- follow-ups -----------------------------------------------------------------------------------


def test_a_follow_up_has_no_other_rights_than_its_exchange() -> None:
    """R-106, R-107, R-130: neither a certificate nor a spent secret sent later adds any.

    Somebody unknown is challenged for another's name; the answer is signed by a certificate, or has
    an identity proof by a secret that is spent. Nobody gets more than nobody would.
    """
    authority = Authority()
    authority.secret()
    assert authority.process(identified()).certificates()
    rsa = key("rsa-2048", 1)
    asked = new("victim", 1, "rsa-2048", form="crmf", pop="challenge")
    opener = cms.RecipientKey.from_private_key(rsa)

    def answering(sent: bytes) -> RequestBuilder:
        challenge = authority.process(sent).opened()
        made = RequestBuilder().follow_up(challenge)
        return made.answer_challenges(challenge, opener, sent=cmcodec.load(sent))

    mine = certified("device", number=5)
    octets = answering(builder(asked).without_signature()).sign(signer(mine))
    assert authority.process(octets).statuses()[0][2] == IDENTITY
    made = answering(builder(asked).without_signature()).identify(SECRET, "device")
    assert authority.process(made.without_signature()).statuses()[0][2] == IDENTITY
    assert len(authority.issued) == 1


def test_requests_of_two_exchanges_are_no_follow_up() -> None:
    """R-106, R-130: the answer to two challenges at once has nobody's rights for both requests."""
    authority = Authority()
    authority.secret(subject=name("device"))
    rsa = key("rsa-2048", 1)
    opener = cms.RecipientKey.from_private_key(rsa)
    own = builder(
        replace(new("device", 1, "rsa-2048", form="crmf", pop="challenge"), body_part_id=10),
        transaction=7,
    ).identify(SECRET, "device")
    foreign = builder(
        replace(new("victim", 1, "rsa-2048", form="crmf", pop="challenge"), body_part_id=20),
        transaction=7,
    )
    first = authority.process(own.without_signature()).opened()
    second = authority.process(foreign.without_signature()).opened()
    made = RequestBuilder().transaction(7)
    made = made.answer_challenges(first, opener).answer_challenges(second, opener)
    content = made.content()
    octets = cms.sign(content, signer(certified("nobody", number=6)))
    assert authority.process(octets).outcomes
    assert not authority.issued


def test_nobody_answers_for_others_without_an_answer() -> None:
    """R-107, R-122, R-139: a copy of a request that waits beside a challenged one is no follow-up.

    Whoever has seen it neither gets the certificate nor revokes in the name of who asked.
    """
    authority = Authority()
    victim = certified("device")
    asked = new("device", 1, "rsa-2048", form="crmf", pop="challenge")
    sent = builder(new(number=2), asked).renew(victim.certificate).sign(signer(victim))
    opened = authority.process(sent).opened()
    waiting = cmcodec.load(sent).unverified_content.req_sequence[0]
    ((_, challenge),) = opened.find(types.EncryptedPOP)
    for number in (3, 99):
        bogus = types.DecryptedPOP(
            body_part_id=number, the_pop_alg_id=challenge.the_pop_alg_id, the_pop=bytes(32)
        )
        made = RequestBuilder().follow_up(opened).add_request(waiting).add_control(bogus)
        made = made.revoke(victim.certificate, types.CRLReason.KEY_COMPROMISE)
        answer = authority.process(made.without_signature())
        assert {each[0] for each in answer.statuses()} == {CMCStatus.FAILED}
    assert not authority.issued
    assert not authority.revoked


def test_a_signed_pkcs10_is_a_renewal() -> None:
    """R-003, R-107: as Windows sends it, where a rule takes it; for the signer's own names."""
    old = certified("device")

    def wrapped(common_name: str) -> bytes:
        return sign_octets(oids.ID_DATA, simple(new(common_name, 2)), signer(old))

    policy = Asked()
    authority = Authority({"policy": policy})
    assert authority.process(wrapped("device")).statuses() == failed(CMCFailInfo.BAD_REQUEST, 0)
    rules = Rules(wrapped=True)
    assert authority.process(wrapped("device"), rules=rules).kind == "simple-response"
    assert policy.applications[0].renews == old.certificate
    assert authority.process(wrapped("victim"), rules=rules).statuses() == failed(IDENTITY, 1)
