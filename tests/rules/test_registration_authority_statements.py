"""The registration authority: what it says of requests (RFC 10002 §6.2 to §6.8, §6.19, §6.20)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import NewRequest, RequestBuilder
from cmcodec.roles import Challenge, Issue, Pend, Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    ITERATIONS,
    LATER,
    SECRET,
    Answer,
    Authority,
    builder,
    certified,
    identified,
    new,
    renewal,
)
from kit.keys import key, name
from kit.registration import Registration, chained, ra

BAD_IDENTITY = CMCFailInfo.BAD_IDENTITY
POP_REQUIRED = CMCFailInfo.POP_REQUIRED
QUICK = Rules(iterations=ITERATIONS)


class Asked:
    """The policy of a CA that remembers what it was asked, and issues."""

    def __init__(self) -> None:
        self.applications: list[Any] = []

    def __call__(self, application: Any) -> Any:
        self.applications.append(application)
        return Issue()


def registration(**options: Any) -> tuple[Registration, Asked]:
    """With the secret of a device that the CA does not know; and what the CA's policy is asked."""
    policy = Asked()
    authority = Authority({"authorised_ras": [ra(0).certificate], "policy": policy, "rules": QUICK})
    made = Registration({"rules": QUICK, **options}, authority=authority)
    made.secret()
    return made, policy


def delivered(made: Registration, octets: bytes) -> Answer:
    received = made.receive(octets)
    assert received.answer is None
    (delivery,) = made.answered()
    return Answer(delivery.octets)


# --- identity --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("linked", [True, False])
def test_a_proof_that_the_ra_has_checked_is_witnessed(version: int, *, linked: bool) -> None:
    """R-164, R-165, R-241: raIdentityWitness and controlProcessed lead to the proof.

    The message goes on as it is; the CA believes the RA, and need not know the secret.

    Shows RA: identityProof, identityProofV2, identification, popLinkRandom, popLinkWitness.
    Shows RA: popLinkWitnessV2, raIdentityWitness, controlProcessed.
    """
    made, asked = registration()
    ask = builder().identify(SECRET, "device", version=version)
    octets = (ask.link_pop(SECRET, version=version) if linked else ask).sign_with_request_key()
    answer = delivered(made, octets)
    assert answer.statuses()[0][0] == CMCStatus.SUCCESS
    assert made.member().to_der() == octets
    ((member,),) = made.said(oids.ID_CMC_BATCH_REQUESTS)
    proofs = (oids.ID_CMC_IDENTITY_PROOF, oids.ID_CMC_IDENTITY_PROOF_V2)
    (proof,) = [
        each.body_part_id
        for each in cmcodec.load(octets).unverified_content.control_sequence
        if each.attr_type in proofs
    ]
    (witness,) = made.said(oids.ID_CMC_RA_IDENTITY_WITNESS)
    assert tuple(witness) == (member, proof)
    (processed,) = made.said(oids.ID_CMC_CONTROL_PROCESSED)
    assert [tuple(each.value) for each in processed.body_list] == [(member, proof)]
    (application,) = asked.applications
    assert application.requester.kind == "ra"
    assert application.requester.identification == "device"
    assert application.requester.ras == (ra().certificate,)


@pytest.mark.parametrize("version", [1, 2])
def test_a_wrong_proof_is_answered_by_the_ra(version: int) -> None:
    """R-089, R-242: badIdentity for the control, signed by the RA; nothing goes on."""
    made, asked = registration()
    octets = identified(secret=b"a wrong secret", version=version)
    refused = made.refused(octets)
    ((status, _, fail_info),) = refused.statuses()
    assert (status, fail_info) == (CMCStatus.FAILED, BAD_IDENTITY)
    assert refused.opened().signers[0].certificate.der == ra().der
    assert not asked.applications


def test_a_wrong_link_is_answered_by_the_ra() -> None:
    """R-102, R-165: whoever checks the proof checks the POP link too."""
    made, _ = registration()
    octets = builder().identify(SECRET, "device").link_pop(b"a wrong secret")
    ((_, _, fail_info),) = made.refused(octets.sign_with_request_key()).statuses()
    assert fail_info == BAD_IDENTITY
    needed = replace(QUICK, require_pop_link=True)
    ((_, _, fail_info),) = made.refused(identified(new(number=2)), rules=needed).statuses()
    assert fail_info == BAD_IDENTITY


def test_the_name_of_a_secret_is_the_only_one() -> None:
    """R-104 to R-106, R-165: a request for another name does not go on."""
    made, _ = registration()
    made.secret(subject=name("device"))
    ((_, _, fail_info),) = made.refused(identified(new("other"))).statuses()
    assert fail_info == BAD_IDENTITY
    made.secret(subject=name("device"))
    assert made.receive(identified(new(number=2))).answer is None


def test_a_renewal_is_for_the_names_of_the_certificate() -> None:
    """R-107, R-165: another name is refused by the RA already."""
    made, _ = registration()
    octets = builder(new("other", 2)).sign(
        cms.SigningKey.from_private_key(certified("device").key, certified("device").certificate)
    )
    ((_, _, fail_info),) = made.refused(octets).statuses()
    assert fail_info == BAD_IDENTITY
    assert made.receive(renewal(certified("device"), new(number=3))).answer is None


def test_a_secret_of_the_ra_counts_once() -> None:
    """R-090: the second message is badIdentity; the same octets are no second use."""
    made, _ = registration()
    octets = identified()
    first = made.receive(octets)
    assert made.receive(octets).id == first.id
    ((_, _, fail_info),) = Answer(made.receive(identified(new(number=2))).answer).statuses()
    assert fail_info == BAD_IDENTITY


# --- templates -------------------------------------------------------------------------------

LOCALITY = x509.Name(
    [
        x509.NameAttribute(x509.NameOID.COMMON_NAME, "device"),
        x509.NameAttribute(x509.NameOID.LOCALITY_NAME, "here"),
    ]
)


def changing(application: Any) -> Any:
    """The policy that gives another name, drops keyUsage and adds an extension."""
    extensions = tuple(
        each for each in application.template.extensions or ()
        if each.extn_id != oids.ID_CE_KEY_USAGE
    )  # fmt: skip
    policies = types.Extension(
        extn_id="1.3.6.1.4.1.99999.3", critical=False, extn_value=b"\x05\x00"
    )
    return Issue(
        replace(
            application.template,
            subject=types.Name.from_cryptography(LOCALITY),
            extensions=(*extensions, policies),
        )
    )


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
@pytest.mark.parametrize("way", ["signed", "maced"])
def test_what_the_policy_changes_is_a_mod_cert_template(form: str, way: str) -> None:
    """R-109, R-111, R-173: what replaces and what is deleted, by the id of the request.

    The request is as it was; the certificate is as the policy decided.

    Shows RA: modCertTemplate.
    """
    made, asked = registration(policy=changing)
    usage = x509.KeyUsage(True, *(False,) * 8)
    request = new(form=form, extensions=[x509.Extension(usage.oid, True, usage)])
    ask = builder(request)
    if way == "signed":
        octets = ask.identify(SECRET, "device").sign_with_request_key()
    else:
        octets = ask.authenticate(SECRET, "device", iterations=ITERATIONS)
    assert delivered(made, octets)
    if way == "signed":
        assert made.member().to_der() == octets
        ((member,),) = made.said(oids.ID_CMC_BATCH_REQUESTS)
        changes = made.said(oids.ID_CMC_MOD_CERT_TEMPLATE)
    else:
        member, content = 0, made.member().unverified_content
        changes = made.said(oids.ID_CMC_MOD_CERT_TEMPLATE, content)
    assert [(tuple(each.pki_data_reference), each.replace) for each in changes] == [
        ((member,), True),
        ((member,), False),
    ]
    (application,) = asked.applications
    assert application.subject == LOCALITY
    found = {each.oid.dotted_string for each in application.extensions}
    assert "1.3.6.1.4.1.99999.3" in found
    assert oids.ID_CE_KEY_USAGE not in found
    (certificate,) = made.authority.issued.values()
    assert certificate.subject == LOCALITY


def test_a_field_can_be_taken_away() -> None:
    """R-111: what the policy's template does not have is deleted, and what it has is replaced."""

    def without_subject(application: Any) -> Any:
        return Issue(replace(application.template, subject=None))

    made, asked = registration(policy=without_subject)
    made.authority.options["rules"] = Rules(empty_subject=True)
    assert delivered(made, identified()).statuses()[0][0] == CMCStatus.SUCCESS
    (change,) = made.said(oids.ID_CMC_MOD_CERT_TEMPLATE)
    assert not change.replace
    assert change.cert_template.subject is not None
    (application,) = asked.applications
    assert application.template.subject is None


# --- possession ------------------------------------------------------------------------------


def encryption_key(number: int = 1) -> NewRequest:
    """A request for a key whose possession is proved by decryption."""
    fields = {"form": "crmf", "pop": "challenge"}
    return NewRequest(key=key("rsa-2048", number), subject=name("device"), **fields)


def challenging(application: Any) -> Any:
    return Challenge()


def answer_to(first: bytes, challenge: Answer, number: int = 1) -> bytes:
    opener = cms.RecipientKey.from_private_key(key("rsa-2048", number))
    made = RequestBuilder().follow_up(challenge.opened())
    made = made.answer_challenges(challenge.message, opener, sent=cmcodec.load(first))
    return made.without_signature()


def challenged(made: Registration, **changes: Any) -> tuple[bytes, Answer]:
    """A first request without signature, and the challenge of the RA."""
    octets = builder(encryption_key()).identify(SECRET, "device").without_signature()
    received = made.receive(octets, policy=challenging, **changes)
    assert received.answer is not None
    return octets, Answer(received.answer)


def test_a_challenge_of_the_ra_is_answered_and_witnessed() -> None:
    """R-121, R-133, R-209: lraPOPWitness names the member, and the request in it.

    Who asked was proved with the first message: the witness names the second one as a whole.

    Shows RA: encryptedPOP, decryptedPOP, lraPOPWitness, raIdentityWitness.
    """
    made, asked = registration()
    first, challenge = challenged(made)
    assert challenge.statuses()[0][2] == POP_REQUIRED
    assert len(challenge.controls(oids.ID_CMC_ENCRYPTED_POP)) == 1
    second = answer_to(first, challenge)
    received = made.receive(second, policy=challenging)
    assert received.answer is None
    (delivery,) = made.answered()
    assert delivery.status == CMCStatus.SUCCESS
    assert made.member().to_der() == second
    ((member,),) = made.said(oids.ID_CMC_BATCH_REQUESTS)
    (witness,) = made.said(oids.ID_CMC_LRA_POP_WITNESS)
    (number,) = [
        each.crm.cert_req.cert_req_id for each in made.member().unverified_content.req_sequence
    ]
    assert (witness.pki_data_bodyid, tuple(witness.body_ids)) == (member, (number,))
    (identity,) = made.said(oids.ID_CMC_RA_IDENTITY_WITNESS)
    assert tuple(identity) == (member,)
    (application,) = asked.applications
    assert (application.pop, application.requester.kind) == ("ra-asserted", "ra")


def test_a_challenge_is_answered_once() -> None:
    """R-130: a wrong answer and a second one are popFailed, and do not go on."""
    made, asked = registration()
    first, challenge = challenged(made)
    wrong = cmcodec.load(answer_to(first, challenge)).unverified_content
    control = next(
        each for each in wrong.control_sequence if each.attr_type == oids.ID_CMC_DECRYPTED_POP
    )
    (value,) = control.attr_values
    bad = replace(control, attr_values=(replace(value, the_pop=b"wrong" * 7),))
    controls = [bad if each is control else each for each in wrong.control_sequence]
    octets = without_signature(replace(wrong, control_sequence=tuple(controls)))
    ((_, _, fail_info),) = made.refused(octets, policy=challenging).statuses()
    assert fail_info == CMCFailInfo.POP_FAILED
    assert made.receive(answer_to(first, challenge), policy=challenging).answer is None
    again = made.receive(answer_to(first, challenge), policy=challenging).answer
    assert again is not None
    assert Answer(again).statuses()[0][2] == CMCFailInfo.POP_FAILED
    assert len(made.answered()) == 1
    assert len(asked.applications) == 1


def without_signature(content: types.PKIData) -> bytes:
    from cmcodec.builders.unsigned import without_signers

    return without_signers(oids.ID_CCT_PKI_DATA, content.to_der())


def test_nobody_else_takes_part_in_an_exchange() -> None:
    """R-182: a message that answers nothing and repeats the request of another has no witness."""
    made, asked = registration()
    first, _ = challenged(made)
    content = cmcodec.load(first).unverified_content
    kept = [
        each for each in content.control_sequence if each.attr_type == oids.ID_CMC_TRANSACTION_ID
    ]
    answer = types.DecryptedPOP(
        body_part_id=999,
        the_pop_alg_id=types.AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA256),
        the_pop=b"x" * 32,
    )
    junk = types.TaggedAttribute(
        body_part_id=1000, attr_type=oids.ID_CMC_DECRYPTED_POP, attr_values=(answer,)
    )
    octets = without_signature(replace(content, control_sequence=(*kept, junk)))
    received = made.receive(octets)
    if received.answer is None:
        made.answered()
        assert not made.said(oids.ID_CMC_RA_IDENTITY_WITNESS)
    assert not asked.applications


def test_an_answer_names_nobody_else() -> None:
    """R-164, R-182: who began an exchange goes on as no other, with a proof that is none."""
    made, asked = registration()
    first, challenge = challenged(made)
    opener = cms.RecipientKey.from_private_key(key("rsa-2048", 1))
    second = RequestBuilder().follow_up(challenge.opened())
    second = second.answer_challenges(challenge.message, opener, sent=cmcodec.load(first))
    stolen = second.identify(b"the secret of another", "another").without_signature()
    refused = made.refused(stolen, policy=challenging)
    ((status, _, fail_info),) = refused.statuses()
    assert (status, fail_info) == (CMCStatus.FAILED, BAD_IDENTITY)
    assert made.receive(second.without_signature(), policy=challenging).answer is None
    assert not asked.applications


@pytest.mark.parametrize("identification", ["device", "another"])
def test_an_answer_names_who_began(identification: str) -> None:
    """R-091, R-182: without another proof, under the identification of the first message."""
    made, asked = registration()
    first, challenge = challenged(made)
    opener = cms.RecipientKey.from_private_key(key("rsa-2048", 1))
    second = RequestBuilder().follow_up(challenge.opened())
    second = second.answer_challenges(challenge.message, opener, sent=cmcodec.load(first))
    octets = second.add_control(types.Identification(identification)).without_signature()
    if identification != "device":
        assert made.refused(octets, policy=challenging).statuses()[0][2] == BAD_IDENTITY
        return
    assert made.receive(octets, policy=challenging).answer is None
    (delivery,) = made.answered()
    assert delivery.status == CMCStatus.SUCCESS
    assert len(asked.applications) == 1


def test_a_challenge_under_a_mac_is_witnessed_for_the_ra_itself() -> None:
    """R-133: 0 where the requests are in the RA's own PKIData; the answer is not sent on."""
    made, asked = registration()
    first = builder(encryption_key()).authenticate(SECRET, "device", iterations=ITERATIONS)
    received = made.receive(first, policy=challenging)
    assert received.answer is not None
    secret = cms.RecipientKey.from_password(SECRET, "device")
    challenge = cmcodec.load(received.answer).open(secret)
    opener = cms.RecipientKey.from_private_key(key("rsa-2048", 1))
    second = RequestBuilder().follow_up(challenge)
    second = second.answer_challenges(challenge.message, opener, sent=cmcodec.load(first))
    octets = second.authenticate(SECRET, "device", iterations=ITERATIONS)
    assert made.receive(octets, policy=challenging).answer is None
    (delivery,) = made.answered()
    assert delivery.status == CMCStatus.SUCCESS
    content = made.member().unverified_content
    (witness,) = made.said(oids.ID_CMC_LRA_POP_WITNESS, content)
    (number,) = [each.crm.cert_req.cert_req_id for each in content.req_sequence]
    assert (witness.pki_data_bodyid, tuple(witness.body_ids)) == (0, (number,))
    assert not made.said(oids.ID_CMC_DECRYPTED_POP, content)
    assert asked.applications[0].pop == "ra-asserted"


def test_what_was_proved_before_a_message_was_held_is_witnessed_after_it() -> None:
    """R-209: the answer to a challenge, held by the policy, goes on with its witness."""
    made, asked = registration()
    first, challenge = challenged(made)

    def pending(application: Any) -> Any:
        return Pend(LATER)

    second = answer_to(first, challenge)
    held = made.receive(second, policy=pending).answer
    assert held is not None
    answer = Answer(held)
    poll = RequestBuilder().follow_up(answer.opened()).add_control(types.QueryPending(answer.token))
    request = cmcodec.load(first).unverified_content.req_sequence[0]
    octets = poll.add_request(request).without_signature()
    received = made.receive(octets, policy=challenging)
    assert received.answer is None
    (delivery,) = made.answered()
    assert delivery.status == CMCStatus.SUCCESS
    assert made.member().to_der() == second
    assert len(made.said(oids.ID_CMC_LRA_POP_WITNESS)) == 1
    assert asked.applications[0].pop == "ra-asserted"


def test_a_challenge_of_the_next_server_passes() -> None:
    """R-123: the RA passes the challenge and the answer, which proves nothing to it.

    Shows RA: encryptedPOP, decryptedPOP.
    """
    made, asked = registration()
    first = builder(encryption_key()).identify(SECRET, "device").without_signature()
    challenge = delivered(made, first)
    assert challenge.statuses()[0][2] == POP_REQUIRED
    seen = Asked()
    second = answer_to(first, challenge)
    assert made.receive(second, policy=seen).answer is None
    assert seen.applications[0].requester.kind == "none"
    (delivery,) = made.answered()
    assert delivery.status == CMCStatus.SUCCESS
    assert not made.said(oids.ID_CMC_RA_IDENTITY_WITNESS)
    assert asked.applications[-1].pop == "verified"
    assert asked.applications[-1].requester.kind == "ra"


def test_a_challenge_of_the_next_server_is_no_second_use_of_a_secret() -> None:
    """R-090, R-123: under a MAC the RA knows who answers, and the secret has counted."""
    made, asked = registration()
    first = builder(encryption_key()).authenticate(SECRET, "device", iterations=ITERATIONS)
    made.receive(first)
    (delivery,) = made.answered()
    secret = cms.RecipientKey.from_password(SECRET, "device")
    challenge = cmcodec.load(delivery.octets).open(secret)
    opener = cms.RecipientKey.from_private_key(key("rsa-2048", 1))
    second = RequestBuilder().follow_up(challenge)
    second = second.answer_challenges(challenge.message, opener, sent=cmcodec.load(first))
    seen = Asked()
    octets = second.authenticate(SECRET, "device", iterations=ITERATIONS)
    assert made.receive(octets, policy=seen).answer is None
    assert seen.applications[0].requester.identification == "device"
    (delivery,) = made.answered()
    assert delivery.status == CMCStatus.SUCCESS
    assert asked.applications[-1].pop == "verified"


def test_all_requests_wait_for_a_challenge() -> None:
    """R-122: one is challenged, and the other is popRequired too."""
    made, _ = registration()

    def policy(application: Any) -> Any:
        return Challenge() if application.path[-1] == 3 else Issue()

    octets = builder(encryption_key(), new(number=2)).identify(SECRET, "device")
    refused = made.refused(octets.sign_with_request_key(4), policy=policy)
    assert [each[2] for each in refused.statuses()] == [POP_REQUIRED, POP_REQUIRED]


def test_what_an_ra_in_front_says_reaches_the_ca() -> None:
    """R-112, R-173: its modCertTemplate, and its witnesses, go through an RA behind it."""
    policy = Asked()
    ras = [ra(number).certificate for number in (0, 1)]
    authority = Authority({"authorised_ras": ras, "policy": policy})
    behind = Registration({"authorised_ras": ras}, authority=authority)
    front = chained(behind, policy=changing)
    front.secret()
    assert front.respond(identified()).statuses()[0][0] == CMCStatus.SUCCESS
    (application,) = policy.applications
    assert application.subject == LOCALITY
    assert application.requester.kind == "ra"
    assert application.requester.ras == (ras[1], ras[0])
