"""The certification authority: registration authorities, and what they say of others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import BatchRequestBuilder, NewRequest
from cmcodec.roles import Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    ITERATIONS,
    SECRET,
    Answer,
    Asked,
    anchor,
    batch,
    builder,
    certified,
    device,
    failed,
    identified,
    new,
    ra,
    renewal,
    signer,
    simple,
    with_ras,
)
from kit.keys import key, name

BAD = CMCFailInfo.BAD_REQUEST


def subjects(answer: Answer) -> list[str]:
    return [each.subject.rfc4514_string() for each in answer.certificates()]


# --- who is an RA ---------------------------------------------------------------------------------


def test_only_an_authorised_ra_is_one() -> None:
    """R-163, R-182: what only RAs may say fails the message of anybody else, and names it."""
    octets = batch(device(1)).witness_identity(50).sign(signer(ra(2)))
    server = with_ras()
    ((status, parts, fail_info),) = server.process(octets).statuses()
    assert (status, fail_info, len(parts)) == (CMCStatus.FAILED, BAD, 2)
    assert not server.issued
    by_name: list[Any] = []

    def is_ra(certificate: Any) -> bool:
        by_name.append(certificate)
        return certificate.subject == name("RA 2")

    (member,) = server.process(octets, authorised_ras=is_ra).members()
    assert member.certificates()
    assert ra(2).certificate in by_name


@pytest.mark.parametrize(
    "value",
    [
        types.LraPopWitness(pki_data_bodyid=0, body_ids=(3,)),
        types.ControlsProcessed(body_list=(types.BodyPartReference(body_part_id=9),)),
        types.ModCertTemplate(
            pki_data_reference=types.BodyPartPath((0,)),
            cert_references=types.BodyPartList((3,)),
            cert_template=types.CertTemplate(subject=types.Name.from_cryptography(name("victim"))),
        ),
        types.AddExtensions(pki_data_reference=0, cert_references=(3,), extensions=()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_end_entity_says_nothing_of_an_ras(value: Any) -> None:
    """R-163, R-182: each of these controls, in the message of a certificate that is no RA's."""
    server = with_ras()
    old = certified("device")
    answer = server.process(renewal(old, change=lambda made: made.add_control(value)))
    assert answer.statuses()[0][2] == BAD
    assert not server.issued


BASIC = types.Extension(extn_id=oids.ID_CE_BASIC_CONSTRAINTS, extn_value=b"\x30\0")


@pytest.mark.parametrize(
    ("compatibility", "attr_type", "value", "is_taken"),
    [
        (True, oids.SZ_OID_OS_VERSION, types.OSVersion(ia5_string="10.0.26100.2"), True),
        (True, oids.ID_EXTENSION_REQUEST, types.ExtensionReq((BASIC,)), False),
        (False, oids.SZ_OID_OS_VERSION, types.OSVersion(ia5_string="10.0.26100.2"), False),
    ],
    ids=["described", "asked", "strict"],
)
def test_windows_describes_the_client_of_an_ra(
    compatibility: bool, attr_type: str, value: Any, is_taken: bool
) -> None:
    """R-035: what szOID_CMC_ADD_ATTRIBUTES says of a machine asks for nothing; else unknown."""
    added = types.CMCAddAttributes(
        pki_data_reference=0,
        cert_references=types.BodyPartIDSequence(sequence=(3,)),
        attributes=(types.Attribute(attr_type=attr_type, attr_values=(value,)),),
    )
    server = with_ras(rules=Rules(compatibility=compatibility))
    made = builder(new("client")).add_control(added, oids.SZ_OID_CMC_ADD_ATTRIBUTES, body_part_id=9)
    answer = server.process(made.sign(signer(ra())))
    if is_taken:
        assert subjects(answer) == ["CN=client"]
    else:
        assert answer.statuses() == failed(BAD, 9)


def test_an_ra_asks_for_itself() -> None:
    """R-182: a request in its own reqSequence needs no other proof of identity."""
    policy = Asked()
    server = with_ras(policy=policy)
    octets = (
        BatchRequestBuilder().transaction().add_request(simple(new("client"))).sign(signer(ra()))
    )
    assert subjects(server.process(octets)) == ["CN=client"]
    (application,) = policy.applications
    assert application.requester.kind == "ra"
    assert application.requester.ras == (ra().certificate,)
    assert application.requester.certificate == ra().certificate


def test_a_batch_has_requests_of_the_ra_beside() -> None:
    """R-017, R-121: both are answered, the RA's own in the batch's answer; a challenge too."""
    server = with_ras()
    mixed = batch(device(1)).add_request(simple(new("client"))).sign(signer(ra()))
    answer = server.process(mixed)
    assert subjects(answer) == ["CN=client"]
    assert subjects(answer.members()[0]) == ["CN=device 1"]
    asked = NewRequest(key=key("rsa-2048", 1), subject=name("client"), form="crmf", pop="challenge")
    request = builder(replace(asked, body_part_id=90)).content().req_sequence
    content = replace(batch(device(2)).content(), req_sequence=request)
    answer = server.process(cms.sign(content, signer(ra())))
    assert len(answer.controls(oids.ID_CMC_ENCRYPTED_POP)) == 1
    assert subjects(answer.members()[0]) == ["CN=device 2"]


# --- witnesses ------------------------------------------------------------------------------------


def test_an_ra_vouches_for_an_identity() -> None:
    """R-087, R-163, R-182: its witness is of a message, or of the proof in it.

    Shows CA: raIdentityWitness, controlProcessed.
    """
    policy = Asked()
    server = with_ras(policy=policy)
    anybody = builder(new("client")).sign_with_request_key()
    octets = batch(anybody).witness_identity(50).sign(signer(ra()))
    (member,) = server.process(octets).members()
    assert subjects(member) == ["CN=client"]
    asked = identified(secret=b"only the RA knows it", identification="account")
    (number,) = [
        each.body_part_id
        for each in cmcodec.load(asked).unverified_content.control_sequence
        if each.attr_type == oids.ID_CMC_IDENTITY_PROOF_V2
    ]
    octets = batch(asked).witness_identity(50, number).sign(signer(ra()))
    (member,) = server.process(octets).members()
    assert member.certificates()
    kinds = [(each.requester.kind, each.requester.ras) for each in policy.applications]
    assert kinds == [("ra", (ra().certificate,))] * 2
    assert policy.applications[1].requester.identification == "account"


def test_without_a_witness_nobody_is_vouched_for() -> None:
    """R-089, R-163: that a message comes from an RA says nothing of whom it is from."""
    server = with_ras()
    anybody = builder(new("client")).sign_with_request_key()
    proof = identified(secret=b"only the RA knows it", identification="account")
    octets = batch(anybody, proof, anybody).witness_identity(52).sign(signer(ra()))
    first, second, _ = server.process(octets).members()
    assert first.statuses()[0][2] == CMCFailInfo.BAD_IDENTITY
    assert second.statuses()[0][2] == CMCFailInfo.BAD_IDENTITY
    other = batch(builder(new("client", 2)).sign_with_request_key()).witness_identity(49)
    (member,) = server.process(other.sign(signer(ra()))).members()
    assert member.statuses()[0][2] == CMCFailInfo.BAD_IDENTITY


def test_an_ra_has_dealt_with_a_control() -> None:
    """R-034: what controlProcessed names is no unknown control.

    Shows CA: controlProcessed.
    """
    server = with_ras()
    old = certified("device")

    def asked() -> bytes:
        return renewal(
            old,
            change=lambda made: made.add_control(types.RegInfo(b""), "1.2.3", body_part_id=60),
        )

    octets = batch(asked()).processed((50, 60)).sign(signer(ra()))
    assert server.process(octets).members()[0].certificates()
    octets = batch(asked()).processed((50, 61)).sign(signer(ra()))
    assert server.process(octets).members()[0].statuses() == failed(BAD, 60)
    own = batch(device(1)).add_control(types.RegInfo(b""), "1.2.3", body_part_id=70)
    octets = own.processed(70).sign(signer(ra()))
    assert server.process(octets).members()[0].certificates()


def test_an_ra_has_dealt_with_a_control_of_a_maced_message() -> None:
    """R-034: also where the authority has to have the secret before it can look."""
    server = with_ras()
    server.secret()
    made = builder().add_control(types.RegInfo(b""), "1.2.3", body_part_id=60)
    octets = made.authenticate(SECRET, "device", iterations=ITERATIONS)
    answer = server.process(batch(octets).processed((50, 60)).sign(signer(ra())))
    assert answer.outcomes[0].certificate is not None


# --- templates ------------------------------------------------------------------------------------


def changed(common_name: str) -> types.CertTemplate:
    return types.CertTemplate(subject=types.Name.from_cryptography(name(common_name)))


USAGE = types.Extension(extn_id="2.5.29.37", extn_value=bytes.fromhex("300406022a03"))
OTHER_USAGE = types.Extension(extn_id="2.5.29.37", extn_value=bytes.fromhex("300406022a04"))


def test_an_ra_changes_what_is_issued() -> None:
    """R-109, R-111, R-113: names and extensions, never the request.

    Shows CA: modCertTemplate.
    """
    server = with_ras()
    octets = batch(device(1), device(2)).modify(50, [3], changed("decided")).sign(signer(ra()))
    assert [subjects(each) for each in server.process(octets).members()] == [
        ["CN=decided"],
        ["CN=device 2"],
    ]
    template = types.CertTemplate(extensions=(USAGE,))
    octets = batch(device(3)).modify(50, [3], template).sign(signer(ra()))
    (certificate,) = server.process(octets).members()[0].certificates()
    assert [each.oid.dotted_string for each in certificate.extensions][-1] == USAGE.extn_id


def test_an_ra_adds_extensions() -> None:
    """R-114: addExtensions, still taken; two that differ fail the request.

    Shows CA: addExtensions.
    """
    server = with_ras()
    added = types.AddExtensions(pki_data_reference=50, cert_references=(3,), extensions=(USAGE,))
    octets = batch(device(1)).add_control(added).sign(signer(ra()))
    (certificate,) = server.process(octets).members()[0].certificates()
    assert [each.oid.dotted_string for each in certificate.extensions][-1] == USAGE.extn_id
    other = replace(added, extensions=(OTHER_USAGE,))
    octets = batch(device(2)).add_control(added).add_control(other).sign(signer(ra()))
    assert server.process(octets).statuses() == failed(BAD, 3)


def test_a_change_of_what_is_not_there_fails() -> None:
    """R-110: badRequest names the control."""
    server = with_ras()
    made = batch(device(1))
    value = types.ModCertTemplate(
        pki_data_reference=types.BodyPartPath((50,)),
        cert_references=types.BodyPartList((9,)),
        cert_template=changed("x"),
    )
    octets = made.add_control(value, body_part_id=70).sign(signer(ra()))
    assert server.process(octets).statuses() == failed(BAD, 70)
    assert not server.issued


def test_a_change_of_a_broken_message_harms_no_other() -> None:
    """R-110, R-158: what cannot be opened, or fails, is answered by itself; also deep inside."""
    server = with_ras()
    damaged = bytearray(device(2))
    damaged[-3] ^= 1
    hidden = builder().authenticate(b"unknown secret", "nobody", iterations=ITERATIONS)
    made = batch(device(1), bytes(damaged), hidden)
    made = made.modify(51, [3], changed("x")).modify(52, [3], changed("y"))
    octets = made.sign(signer(ra()))
    members = server.process(octets).members()
    assert [bool(each.certificates()) for each in members] == [True, False, False]
    deep = types.ModCertTemplate(
        pki_data_reference=types.BodyPartPath((50, 51)),
        cert_references=types.BodyPartList((3,)),
        cert_template=changed("z"),
    )
    outer = batch(batch(device(3), bytes(damaged)).sign(signer(ra()))).add_control(deep)
    (inner,) = server.process(outer.sign(signer(ra(1)))).members()
    assert [bool(each.certificates()) for each in inner.members()] == [True, False]


def test_changes_reach_into_what_is_encrypted() -> None:
    """R-111, R-112: where the authority opens it, the RA's changes count."""
    server = with_ras()
    sealed = cms.encrypt(device(1), [cms.Recipient.from_certificate(anchor().certificate)])
    octets = batch(sealed).modify(50, [3], changed("decided")).sign(signer(ra()))
    answer = server.process(octets)
    assert answer.outcomes[0].certificate.subject == name("decided")
