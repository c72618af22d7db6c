"""Calls of builders in any order: what comes out opens, keeps its rules, and is what was put in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import cms, controls, types
from cmcodec.builders import BatchRequestBuilder, NewRequest, RequestBuilder, ResponseBuilder
from cmcodec.errors import EncodeError, ForbiddenError
from kit.keys import certificate, key, name

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = b"correct horse battery"
SIGNER = cms.SigningKey.from_private_key(key("p-256"), certificate("p-256"))
OPENER = cms.RecipientKey.from_private_key(key("p-256"), certificate("p-256"))
RECIPIENT = cms.Recipient.from_certificate(certificate("p-256"))
NAMES = [x509.Name([]), name("one"), name("two")]
IDS = st.none() | st.integers(1, 12)


@dataclass
class Asked:
    """A builder, and what was put into it."""

    builder: Any
    requests: int = 0
    infos: list[bytes] = field(default_factory=list)
    members: int = 0
    identified: bool = False
    linked: bool = False


@st.composite
def request_steps(draw: st.DrawFn) -> Callable[[Asked], None]:
    """One call of a `RequestBuilder`."""
    kind = draw(st.sampled_from(["new", "finished", "info", "member", "identify", "link", "renew"]))
    number = draw(IDS)
    version = draw(st.sampled_from([1, 2]))
    form = draw(st.sampled_from(["pkcs10", "crmf"]))
    asked = NewRequest(key=key("ed25519", 5), subject=draw(st.sampled_from(NAMES)), form=form)
    octets = draw(st.binary(max_size=20))

    def step(given: Asked) -> None:
        builder = given.builder
        if kind == "new":
            given.builder = builder.add_request(asked, body_part_id=number)
            given.requests += 1
        elif kind == "finished":
            (done,) = (
                RequestBuilder().add_request(asked, body_part_id=number).content().req_sequence
            )
            given.builder = builder.add_request(done)
            given.requests += 1
        elif kind == "info":
            given.builder = builder.add_control(types.RegInfo(octets), body_part_id=number)
            given.infos.append(octets)
        elif kind == "member":
            given.builder = builder.add_message(MEMBER, body_part_id=number)
            given.members += 1
        elif kind == "identify":
            given.builder = builder.identify(SECRET, "device", version=version)
            given.identified = True
        elif kind == "link":
            given.builder = builder.link_pop(SECRET, version=version)
            given.linked = True
        else:
            given.builder = builder.renew(certificate("p-256"))

    return step


@st.composite
def response_steps(draw: st.DrawFn) -> Callable[[Asked], None]:
    """One call of a `ResponseBuilder`."""
    kind = draw(st.sampled_from(["issue", "fail", "status", "info", "member", "challenge"]))
    ids = draw(st.lists(st.integers(0, 5) | st.tuples(st.integers(1, 5), st.integers(1, 5)),
                        min_size=1, max_size=3))  # fmt: skip
    number = draw(IDS)
    octets = draw(st.binary(max_size=20))
    code = draw(st.sampled_from([*types.CMCFailInfo, 1000, 1999, 77]))

    def step(given: Asked) -> None:
        builder = given.builder
        if kind == "issue":
            given.builder = builder.issue(certificate("p-384"), *ids)
        elif kind == "fail":
            given.builder = builder.fail(code, *ids, text="why")
        elif kind == "status":
            given.builder = builder.status(types.CMCStatus.NO_SUPPORT, *ids)
        elif kind == "challenge":
            given.builder = builder.challenge(CHALLENGE, *ids)
        elif kind == "info":
            given.builder = builder.add_control(types.ResponseInfo(octets), body_part_id=number)
            given.infos.append(octets)
        else:
            given.builder = builder.add_message(MEMBER, body_part_id=number)
            given.members += 1

    return step


FIRST = RequestBuilder().add_request(NewRequest(key=key("ed25519", 5), subject=NAMES[1]))
MEMBER = FIRST.sign(SIGNER)
CHALLENGE = controls.encrypted_pop.challenge(
    RequestBuilder().add_request(
        NewRequest(key=key("rsa-2048", 5), subject=NAMES[1], form="crmf", pop="challenge")
    ).content().req_sequence[0]
)[0]  # fmt: skip


def made(given: Asked, steps: list[Callable[[Asked], None]]) -> Asked:
    """All steps that are allowed; one that is not leaves everything as it was."""
    for step in steps:
        before = given.builder
        counted = given.requests, given.members, given.identified, given.linked
        infos = list(given.infos)
        try:
            step(given)
        except (ForbiddenError, EncodeError):
            assert given.builder is before
            assert infos == given.infos
            assert counted == (given.requests, given.members, given.identified, given.linked)
    return given


def opened_in_every_way(octets: bytes) -> list[cmcodec.Opened]:
    """As it is, and encrypted; nothing that a signature covers differs."""
    plain = cmcodec.load(octets, strict=True).open()
    sealed = cmcodec.load(cms.encrypt(octets, [RECIPIENT]), strict=True).open(OPENER)
    assert sealed.message == plain.message
    assert [layer.kind for layer in sealed.layers] == ["auth-enveloped", "signed"]
    return [plain, sealed]


@given(steps=st.lists(request_steps(), max_size=8))
def test_requests(steps: list[Callable[[Asked], None]]) -> None:
    """What RequestBuilder signs opens, passes `controls.check`, and proves what was put in."""
    given_ = made(Asked(RequestBuilder()), steps)
    try:
        octets = given_.builder.sign(SIGNER)
    except (ForbiddenError, EncodeError):
        # A wrong number, two of what may stand once, two names: nothing was signed.
        return
    for found in opened_in_every_way(octets):
        controls.check(found.content)
        assert isinstance(found.content, types.PKIData)
        assert len(found.content.req_sequence) == given_.requests == len(found.requests)
        assert {request.pop for request in found.requests} <= {"verified"}
        assert [value.value for _, value in found.find("id-cmc-regInfo")] == given_.infos
        assert len(found.message.unverified_messages) == given_.members
        assert [note.reason for note in found.notes] == []
        if given_.identified:
            controls.identity_proof.verify(found, SECRET)
        if given_.linked and given_.requests:
            controls.pop_link.verify(found, SECRET)


@given(steps=st.lists(response_steps(), max_size=8))
def test_responses(steps: list[Callable[[Asked], None]]) -> None:
    """What ResponseBuilder signs opens, and passes `controls.check`."""
    given_ = made(Asked(ResponseBuilder()), steps)
    try:
        octets = given_.builder.sign(SIGNER)
    except (ForbiddenError, EncodeError):
        return
    for found in opened_in_every_way(octets):
        controls.check(found.content)
        assert [value.value for _, value in found.find("id-cmc-responseInfo")] == given_.infos
        assert len(found.message.unverified_messages) == given_.members


@given(
    each=st.lists(st.lists(request_steps(), max_size=4), min_size=1, max_size=4),
    number=IDS,
)
def test_batches(each: list[list[Callable[[Asked], None]]], number: int | None) -> None:
    """What BatchRequestBuilder signs opens, with every member as it was."""
    messages = []
    for steps in each:
        try:
            messages.append(made(Asked(RequestBuilder()), steps).builder.sign(SIGNER))
        except (ForbiddenError, EncodeError):
            messages.append(MEMBER)
    first, *others = messages
    batch = BatchRequestBuilder().add(first, body_part_id=number).add_all(others)
    octets = batch.transaction().sign(SIGNER)
    for found in opened_in_every_way(octets):
        controls.check(found.content)
        inside = [member.to_der() for _, member in found.message.unverified_messages]
        assert inside == messages
    assert set(cmcodec.verify_batch(octets).counts()) == {"verified"}
