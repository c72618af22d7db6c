"""The certification authority: batches, and what registration authorities say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cryptography import x509

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import RequestBuilder
from cmcodec.roles import Issue, Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    Answer,
    Asked,
    anchor,
    batch,
    builder,
    certified,
    damaged,
    device,
    failed,
    identified,
    new,
    opener,
    ra,
    renewal,
    signer,
    values,
    with_ras,
)
from kit.keys import name

if TYPE_CHECKING:
    from cmcodec.roles import Application
    from cmcodec.roles.decisions import Decision


BAD = CMCFailInfo.BAD_REQUEST


def subjects(answer: Answer) -> list[str]:
    return [each.subject.rfc4514_string() for each in answer.certificates()]


# --- batches --------------------------------------------------------------------------------------


def test_a_batch_is_answered_in_its_order() -> None:
    """R-120, R-155, R-156: each message has its own signed answer, in the same order.

    Ids and nonces are those of each message; the batch has its own.

    Shows CA: batchRequests, batchResponses.
    """
    server = with_ras()
    messages = [device(number) for number in range(1, 6)]
    octets = batch(*messages).sign(signer(ra()))
    answer = server.process(octets)
    members = answer.members()
    assert [subjects(each) for each in members] == [[f"CN=device {n}"] for n in range(1, 6)]
    for each, asked in ((answer, octets), *zip(members, messages, strict=True)):
        sent = cmcodec.load(asked).unverified_content
        (nonce,) = values(sent, oids.ID_CMC_SENDER_NONCE)
        assert each.controls(oids.ID_CMC_RECIPIENT_NONCE) == [types.RecipientNonce(nonce.value)]
        numbers = values(sent, oids.ID_CMC_TRANSACTION_ID)
        assert each.controls(oids.ID_CMC_TRANSACTION_ID) == numbers
    assert [each.path for each in answer.outcomes] == [(n, 3) for n in range(50, 55)]
    assert all(each.status == CMCStatus.SUCCESS for each in answer.outcomes)


def test_a_batch_takes_few_transactions() -> None:
    """R-156: their number is that of the steps, not of the requests."""
    counts = []
    for size in (1, 8):
        server = with_ras()
        before = server.store.transactions
        server.process(batch(*map(device, range(1, size + 1))).sign(signer(ra())))
        counts.append(server.store.transactions - before)
    assert counts[0] == counts[1]


def test_a_bad_message_of_a_batch_fails_alone() -> None:
    """R-158, R-182: signature, controls, identity; the batch itself succeeds."""
    server = with_ras()
    damaged = bytearray(device(2))
    damaged[-3] ^= 1
    old = certified("device 3", number=3)
    unknown = renewal(
        old, new("device 3", 33), lambda made: made.add_control(types.RegInfo(b""), "1.2.3")
    )
    foreign = builder(new("victim", 34)).sign(signer(certified("device 4", number=4)))
    answer = server.process(
        batch(device(1), bytes(damaged), unknown, foreign, identified(), device(5)).sign(
            signer(ra())
        )
    )
    members = answer.members()
    assert [bool(each.certificates()) for each in members] == [True, *[False] * 4, True]
    assert [each.statuses()[0][2] for each in members[1:5]] == [
        CMCFailInfo.BAD_MESSAGE_CHECK, BAD, CMCFailInfo.BAD_IDENTITY, CMCFailInfo.BAD_IDENTITY,
    ]  # fmt: skip
    assert all(each[0] == CMCStatus.SUCCESS for each in answer.statuses())
    assert [each.status for each in answer.outcomes] == [
        CMCStatus.SUCCESS, *[CMCStatus.FAILED] * 4, CMCStatus.SUCCESS,
    ]  # fmt: skip


def test_extensions_for_a_broken_message_of_a_batch_are_left_out() -> None:
    """R-110, R5: what the RA adds to one that fails is lost with it; the others get theirs."""
    server = with_ras()
    damaged = bytearray(device(2))
    damaged[-3] ^= 1
    usage = x509.KeyUsage(True, *[False] * 8)
    extension = types.Extension(
        extn_id=oids.ID_CE_KEY_USAGE, critical=True, extn_value=usage.public_bytes()
    )

    def adding(number: int) -> types.AddExtensions:
        return types.AddExtensions(
            pki_data_reference=number, cert_references=(3,), extensions=(extension,)
        )

    octets = batch(device(1), bytes(damaged)).add_control(adding(50)).add_control(adding(51))
    good, bad = server.process(octets.sign(signer(ra()))).members()
    (certificate,) = good.certificates()
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value == usage
    assert bad.statuses()[0][2] == CMCFailInfo.BAD_MESSAGE_CHECK


def test_a_hook_that_raises_for_one_fails_that_one() -> None:
    """R-158: the others of the batch get their certificates."""

    def policy(application: Application) -> Decision:
        if "device 2" in application.subject.rfc4514_string():
            raise ValueError("no")
        if "device 3" in application.subject.rfc4514_string():
            return None  # type: ignore[return-value]
        return Issue()

    def decorate(opened: Any, made: Any) -> Any:
        if opened.transaction_id == 4:
            raise ValueError("no")
        return made

    server = with_ras(policy=policy, decorate=decorate)
    fourth = certified("device 4", number=4)
    messages = [device(1), device(2), device(3), renewal(fourth, new("device 4", 34), identifier=4)]
    octets = batch(*messages, device(5)).sign(signer(ra()))
    answer = server.process(octets)
    members = answer.members()
    assert [bool(each.certificates()) for each in members] == [True, *[False] * 3, True]
    assert {each.statuses()[0][2] for each in members[1:4]} == {CMCFailInfo.INTERNAL_CA_ERROR}
    again = server.process(octets, policy=Asked(), decorate=None).members()
    assert all(each.certificates() for each in again)
    assert len(server.issued) == 5


def test_the_same_batch_gets_the_same_answer() -> None:
    """R-156: nothing in it is done again, nor signed again."""
    calls = []

    def decorate(opened: Any, made: Any) -> Any:
        calls.append(opened)
        return made

    server = with_ras(decorate=decorate)
    octets = batch(device(1), device(2)).sign(signer(ra()))
    first = server.process(octets)
    assert server.process(octets).octets == first.octets
    assert (server.calls, len(calls)) == (2, 2)


def test_a_message_that_was_answered_gets_its_answer_in_a_batch() -> None:
    """R-156: as it was, whoever sends it."""
    server = with_ras()
    octets = device(1)
    alone = server.process(octets)
    first, second = server.process(batch(octets, device(2)).sign(signer(ra()))).members()
    assert first.octets == alone.octets
    assert second.certificates()
    assert server.calls == 2


def test_a_message_that_stands_twice_is_issued_once() -> None:
    """R-156: both places have an answer, with the same certificate."""
    server = with_ras()
    first, second = server.process(batch(device(1), device(1)).sign(signer(ra()))).members()
    assert first.certificates()
    assert second.certificates()
    octets = device(3)
    first, second = server.process(batch(octets, octets).sign(signer(ra()))).members()
    assert first.certificates() == second.certificates()


def test_members_that_a_batch_does_not_name_are_ignored() -> None:
    """R-054, R-155: the control says which are to be processed."""
    content = batch(device(1), device(2)).content()
    controls = tuple(
        replace(each, attr_values=(types.BodyPartList((51,)),))
        if each.attr_type == oids.ID_CMC_BATCH_REQUESTS
        else each
        for each in content.control_sequence
    )
    server = with_ras()
    octets = cms.sign(replace(content, control_sequence=controls), signer(ra()))
    (answer,) = server.process(octets).members()
    assert subjects(answer) == ["CN=device 2"]


def test_a_batch_that_names_what_is_not_there_fails() -> None:
    """R-155: badRequest names the control."""
    content = batch(device(1)).content()
    controls = tuple(
        replace(each, attr_values=(types.BodyPartList((50, 51)),))
        if each.attr_type == oids.ID_CMC_BATCH_REQUESTS
        else each
        for each in content.control_sequence
    )
    (number,) = [
        each.body_part_id
        for each in content.control_sequence
        if each.attr_type == oids.ID_CMC_BATCH_REQUESTS
    ]
    octets = cms.sign(replace(content, control_sequence=controls), signer(ra()))
    assert with_ras().process(octets).statuses() == failed(BAD, number)


def changed(common_name: str) -> types.CertTemplate:
    return types.CertTemplate(subject=types.Name.from_cryptography(name(common_name)))


# --- RAs in a row ---------------------------------------------------------------------------------


def test_a_batch_in_a_batch() -> None:
    """R-112, R-156, R-182: RAs are told outermost last, and the outermost has the last word.

    Shows CA: batchRequests, batchResponses, modCertTemplate.
    """
    policy = Asked()
    server = with_ras(policy=policy)
    anybody = builder(new("client")).sign_with_request_key()
    inner = batch(device(1), anybody).witness_identity(51).modify(50, [3], changed("inner"))
    deep = types.ModCertTemplate(
        pki_data_reference=types.BodyPartPath((50, 50)),
        cert_references=types.BodyPartList((3,)),
        cert_template=changed("outer"),
    )
    outer = batch(inner.sign(signer(ra())), device(2)).add_control(deep)
    answer = server.process(outer.sign(signer(ra(1))))
    first, second = answer.members()
    assert [subjects(each) for each in first.members()] == [["CN=outer"], ["CN=client"]]
    assert subjects(second) == ["CN=device 2"]
    chain = (ra().certificate, ra(1).certificate)
    assert [each.requester.ras for each in policy.applications] == [chain, chain, chain[1:]]
    assert [each.path for each in policy.applications] == [(50, 50, 3), (50, 51, 3), (51, 3)]
    assert [each.path for each in answer.outcomes] == [(50, 50, 3), (50, 51, 3), (51, 3)]


def test_a_batch_of_nobody_in_a_batch_fails_alone() -> None:
    """R-163, R-182: who is no RA is none inside another's batch either."""
    server = with_ras()
    inner = batch(device(1)).sign(signer(ra(2)))
    first, second = server.process(batch(inner, device(2)).sign(signer(ra()))).members()
    assert first.statuses()[0][2] == BAD
    assert second.certificates()
    assert len(server.issued) == 1


# --- in parts -------------------------------------------------------------------------------------


def test_an_answer_comes_in_parts() -> None:
    """R-157, R-243: all but the last say partial; the RA asks for the rest, and nobody else.

    Shows CA: queryPending, batchResponses.
    """
    server = with_ras(rules=Rules(split_after=2))
    made = batch(*map(device, range(1, 6)), identifier=77).sign(signer(ra()))
    answer = server.process(made)
    found = answer.members()
    for left in (2, 1):
        assert [each[0] for each in answer.statuses()] == [CMCStatus.PARTIAL]
        query = types.QueryPending(answer.token)
        asked = RequestBuilder().follow_up(answer.opened()).add_control(query)
        stranger = RequestBuilder().transaction(77).add_control(query).sign(signer(ra(1)))
        assert server.process(stranger).statuses()[0][2] == BAD
        octets = asked.sign(signer(ra()))
        answer = server.process(octets)
        assert server.process(octets).octets == answer.octets
        assert len(answer.members()) == left
        found += answer.members()
    assert all(each[0] == CMCStatus.SUCCESS for each in answer.statuses())
    assert [subjects(each) for each in found] == [[f"CN=device {n}"] for n in range(1, 6)]
    assert server.calls == 5


# --- encryption -----------------------------------------------------------------------------------


def test_an_encrypted_message_of_a_batch() -> None:
    """R-050, R-070: is opened by itself; one for somebody else fails alone."""
    server = with_ras()
    sealed = cms.encrypt(device(1), [cms.Recipient.from_certificate(anchor().certificate)])
    other = cms.encrypt(device(2), [cms.Recipient.from_certificate(ra().certificate)])
    forged = cms.encrypt(
        damaged(device(4)), [cms.Recipient.from_certificate(anchor().certificate)],
        algorithm="id-aes256-GCM",
    )  # fmt: skip
    answer = server.process(batch(sealed, other, device(3), forged).sign(signer(ra())))
    first, second, third, fourth = answer.members()
    assert fourth.statuses() == failed(CMCFailInfo.BAD_MESSAGE_CHECK, 0)
    own = certified("device 1", number=1)
    assert first.opened(opener(own)).message.certificates
    assert second.statuses() == failed(CMCFailInfo.BAD_MESSAGE_CHECK, 0)
    assert third.certificates()
