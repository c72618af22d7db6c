"""Each function that makes or checks something, with each of its arguments of another type."""

from __future__ import annotations

import inspect
import pickle
from contextlib import suppress
from dataclasses import is_dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

import pytest

import cmcodec
from cmcodec import builders, cms, controls, oids, types
from cmcodec.builders import (
    BatchRequestBuilder,
    BatchResponseBuilder,
    NewRequest,
    RequestBuilder,
    ResponseBuilder,
)
from cmcodec.controls import (
    auth_data,
    conversation,
    dh_pop,
    encrypted_pop,
    identity_proof,
    no_signature,
    pop_link,
    publication,
    references,
    revocation,
    templates,
    trust_anchors,
    unsigned_data,
)
from cmcodec.errors import ArgumentError
from kit.chains import issue, named
from kit.der import seq
from kit.keys import key
from kit.messages import pkcs10

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MADE = (
    *("RequestBuilder", "ResponseBuilder", "BatchRequestBuilder", "BatchResponseBuilder"),
    *("SigningKey", "Recipient", "RecipientKey"),
)
"""Classes that callers make; the others come from functions."""

SECRET = b"correct horse battery"
DH_POP = oids.name(oids.ID_ALG_ECDH_POP_STATIC_SHA256_HMAC_SHA256)
NOW = datetime(2026, 1, 1, tzinfo=UTC)

WRONG: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "int": lambda: 7,
    "negative": lambda: -1,
    "float": lambda: 1.5,
    "bool": lambda: True,
    "str": lambda: "text",
    "bytes": lambda: b"octets",
    "object": object,
    "list": list,
    "list of objects": lambda: [object()],
    "tuple": lambda: (7,),
    "dict": lambda: {"a": 1},
    "iterator": lambda: iter([7]),
    "value": lambda: types.TransactionId(1),
}
"""Values of all kinds but functions; where one is right by chance, nothing has to be refused."""


class Case(NamedTuple):
    """A function, and arguments that are right: those of ``*name`` under its name."""

    function: Callable[..., Any]
    right: dict[str, Any]

    def call(self, **changed: Any) -> Any:
        """Calls it, and makes a message of a builder that it returns."""
        given = {**self.right, **changed}
        args, kwargs = [], {}
        for name, parameter in inspect.signature(self.function).parameters.items():
            if name not in given:
                continue
            if parameter.kind is parameter.VAR_POSITIONAL:
                args += [*given[name]]
            elif parameter.kind is parameter.KEYWORD_ONLY or not _all_before(self, name, given):
                kwargs[name] = given[name]
            else:
                args.append(given[name])
        return finished(self.function(*args, **kwargs))


def _all_before(case: Case, name: str, given: dict[str, Any]) -> bool:
    names = list(inspect.signature(case.function).parameters)
    return all(each in given for each in names[: names.index(name)])


def finished(made: Any) -> Any:
    if isinstance(made, ResponseBuilder | BatchRequestBuilder | BatchResponseBuilder):
        return made.sign(signer())
    if isinstance(made, RequestBuilder):
        return made.content()
    if isinstance(made, NewRequest):
        return RequestBuilder().add_request(made).content()
    if isinstance(made, cms.Draft):
        return cms.sign(made, signer())
    if isinstance(made, cms.SigningKey):
        return cms.sign(response(), made)
    if isinstance(made, cms.Recipient):
        return cms.encrypt(message(), made)
    if isinstance(made, cms.RecipientKey):
        return made
    return list(made) if hasattr(made, "__next__") else made


@cache
def authority() -> Any:
    return issue("CA", own=key("rsa-2048"))


@cache
def signer() -> cms.SigningKey:
    return cms.SigningKey.from_private_key(authority().key, authority().certificate)


@cache
def response() -> types.PKIResponse:
    return ResponseBuilder().status(0, 1).content()


@cache
def device() -> bytes:
    return issue("device", own=key("p-256", 1)).der


def request() -> RequestBuilder:
    return (
        RequestBuilder()
        .transaction()
        .add_request(NewRequest(key=key("p-256"), subject=named("device-1")))
        .identify(SECRET, "device-1")
        .link_pop(SECRET)
    )


@cache
def message() -> bytes:
    return request().sign_with_request_key()


@cache
def loaded() -> cmcodec.Message:
    return cmcodec.load(message())


@cache
def answer() -> bytes:
    return ResponseBuilder().for_request(loaded()).status(0, 1).sign(signer())


@cache
def asked() -> types.TaggedRequest:
    return loaded().unverified_content.req_sequence[0]


@cache
def challenged() -> tuple[types.EncryptedPOP, bytes]:
    new = NewRequest(key=authority().key, subject=named("a"), form="crmf", pop="challenge")
    wanted = RequestBuilder().add_request(new).content().req_sequence[0]
    return encrypted_pop.challenge(wanted)


def opener() -> cms.RecipientKey:
    return cms.RecipientKey.from_private_key(authority().key, authority().certificate)


def recipient() -> cms.Recipient:
    return cms.Recipient.from_certificate(authority().certificate)


def password() -> cms.Recipient:
    return cms.Recipient.from_password(SECRET, "device-1", iterations=1000)


def cases() -> Iterator[tuple[str, Case]]:
    """By the name of each public function and method; one that takes nothing is not here."""
    certificate, private = authority().certificate, authority().key
    status = types.CMCStatusInfoV2(
        cmc_status=types.CMCStatus.SUCCESS, body_list=(types.BodyPartReference(body_part_id=1),)
    )
    unsigned = types.CMCUnsignedData(
        body_part_path=types.BodyPartPath((1,)),
        identifier="1.2.3",
        content=cmcodec.asn1.TLV(b"\5\0"),
    )
    extra = {"certificates": [certificate], "signing_time": NOW}
    template = types.CertTemplate(subject=types.Name.from_cryptography(named("b")))
    revoke = types.RevokeRequest(
        issuer_name=types.Name.from_cryptography(named("CA")),
        serial_number=1,
        reason=types.CRLReason.SUPERSEDED,
        shared_secret=SECRET,
    )

    yield (
        "batch_requests",
        Case(builders.batch_requests, {"messages": [message()], "signer": signer()}),
    )
    yield (
        "batch_responses",
        Case(builders.batch_responses, {"messages": [answer()], "signer": signer()}),
    )
    yield "certs_only", Case(builders.certs_only, {"certificates": [certificate]})
    new = {"key": key("p-256"), "subject": named("a"), "extensions": []}
    yield "NewRequest", Case(NewRequest, new)

    asking = RequestBuilder().add_request(NewRequest(**new))
    received = cmcodec.load(answer())
    signing = {"signer": signer(), **extra}
    for name, right in {
        "abort": {"text": "no"},
        "add_request": {"request": pkcs10()},
        "add_control": {"value": types.DataReturn(b"")},
        "add_message": {"message": message()},
        "add_unsigned_data": {"data": unsigned},
        "answer_challenges": {"response": received, "keys": opener()},
        "authenticate": {"secret": SECRET, "identification": "device-1", "iterations": 1000},
        "confirm": {"certificate": certificate},
        "extends": {"other": asking},
        "follow_up": {"response": received},
        "identify": {"secret": SECRET, "identification": "device-1"},
        "link_pop": {"secret": SECRET},
        "reject": {"certificate": certificate},
        "renew": {"certificate": certificate},
        "revoke": {"certificate": certificate, "reason": 0},
        "sign": signing,
        "sign_with_request_key": {"body_part_id": None},
        "transaction": {"identifier": 5},
    }.items():
        builder = RequestBuilder() if name == "answer_challenges" else asking
        yield f"RequestBuilder.{name}", Case(getattr(builder, name), right)
    for name, right in {
        "add_certificates": {"certificates": (certificate,)},
        "add_control": {"value": status},
        "add_crls": {"crls": ()},
        "add_message": {"message": message()},
        "add_unsigned_data": {"data": unsigned},
        "authenticate": {"secret": SECRET, "identification": "device-1", "iterations": 1000},
        "challenge": {"challenge": challenged()[0], "ids": (1,)},
        "fail": {"fail_info": types.CMCFailInfo.BAD_REQUEST, "ids": (1,), "text": "no"},
        "for_request": {"request": loaded()},
        "issue": {"certificate": certificate, "ids": (1,)},
        "pend": {"token": b"token", "time": NOW, "ids": (1,)},
        "sign": signing,
        "status": {"status": 0, "ids": (1,), "text": "yes"},
    }.items():
        yield f"ResponseBuilder.{name}", Case(getattr(ResponseBuilder(), name), right)
    asking_for_others = BatchRequestBuilder().add(message(), body_part_id=9)
    for name, right in {
        "add": {"message": message()},
        "add_all": {"messages": [message()]},
        "add_control": {"value": types.DataReturn(b"")},
        "add_request": {"request": pkcs10()},
        "modify": {"message_id": 9, "request_ids": [1], "template": template},
        "processed": {"paths": (9,)},
        "sign": signing,
        "transaction": {"identifier": 5},
        "witness_identity": {"path": (9, 1)},
        "witness_pop": {"message_id": 9, "request_ids": [1]},
    }.items():
        yield f"BatchRequestBuilder.{name}", Case(getattr(asking_for_others, name), right)
    answering_others = BatchResponseBuilder().add(answer())
    for name, right in {
        "add": {"response": answer()},
        "add_all": {"responses": [answer()]},
        "add_control": {"value": status},
        "for_request": {"batch": cmcodec.load(asking_for_others.sign(signer()))},
        "partial": {"token": b"token", "time": NOW, "ids": (1,)},
        "sign": signing,
    }.items():
        yield f"BatchResponseBuilder.{name}", Case(getattr(answering_others, name), right)
    yield "RequestBuilder", Case(lambda random: RequestBuilder(random=random).transaction(), {
        "random": bytes})  # fmt: skip

    yield (
        "SigningKey",
        Case(
            cms.SigningKey,
            {
                "sign": signer().sign,
                "algorithm": "sha256WithRSAEncryption",
                "certificate": certificate,
            },
        ),
    )
    yield (
        "SigningKey.from_private_key",
        Case(cms.SigningKey.from_private_key, {"key": private, "certificate": certificate}),
    )
    yield "Draft", Case(cms.Draft, {"content": response()})
    yield "sign", Case(cms.sign, {"content": response(), "signer": signer(), **extra})
    yield "sign_many", Case(cms.sign_many, {"contents": [response()], "signer": signer(), **extra})
    yield "encrypt", Case(cms.encrypt, {"message": message(), "recipients": recipient()})
    envelope = cms.encrypt(message(), recipient())
    yield "decrypt", Case(cms.decrypt, {"message": envelope, "keys": opener()})
    yield "sign_envelope", Case(cms.sign_envelope, {"envelope": envelope, "signer": signer()})
    yield (
        "authenticate",
        Case(
            cms.authenticate, {"content": response(), "recipient": password(), "signing_time": NOW}
        ),
    )
    for name, right in {
        "from_certificate": {"certificate": certificate},
        "from_public_key": {"key": private.public_key(), "key_identifier": b"id"},
        "from_password": {"secret": SECRET, "identification": "device-1", "iterations": 1000},
        "from_kek": {"key": bytes(32), "identifier": b"id"},
    }.items():
        yield f"Recipient.{name}", Case(getattr(cms.Recipient, name), right)
    for name, right in {
        "from_private_key": {"key": private, "certificate": certificate},
        "from_password": {"secret": SECRET, "identification": "device-1"},
        "from_kek": {"key": bytes(32), "identifier": b"id"},
        "from_callbacks": {"certificate": certificate, "decrypt": lambda *_: b""},
    }.items():
        yield f"RecipientKey.{name}", Case(getattr(cms.RecipientKey, name), right)

    sent = loaded()
    opened = sent.open()
    requests = sent.octets("content.encapContentInfo.eContent.reqSequence")
    for function, right in (
        (auth_data.open, {"opened": opened, "keys": opener()}),
        (controls.check, {"content": sent.unverified_content}),
        (conversation.check, {"response": cmcodec.load(answer()), "request": sent}),
        (conversation.reply, {"request": sent}),
        (dh_pop.sign, {
            "info": seq(), "key": key("p-256"), "recipient_certificate": device(),
            "algorithm": DH_POP}),
        (dh_pop.static_value, {
            "digest": "sha256", "secret": SECRET, "leading": b"", "trailing": b"", "info": b""}),
        (dh_pop.verify, {"request": pkcs10()}),
        (encrypted_pop.challenge, {"request": challenged()[0].request}),
        (encrypted_pop.stateless_value, {"seed": SECRET, "request": asked()}),
        (encrypted_pop.answer, {"challenge": challenged()[0], "key": opener(), "body_part_id": 1}),
        (encrypted_pop.verify, {
            "message": sent, "answer": types.DecryptedPOP(
                body_part_id=1, the_pop_alg_id=types.AlgorithmIdentifier(
                    algorithm=oids.ID_HMAC_WITH_SHA256), the_pop=bytes(32)), "value": SECRET}),
        (identity_proof.compute, {"req_sequence": requests, "secret": SECRET}),
        (identity_proof.compute_v1, {"req_sequence": requests, "secret": SECRET}),
        (identity_proof.proofs, {"content": sent.unverified_content, "compatibility": False}),
        (identity_proof.verify, {"message": sent, "secret": SECRET}),
        (no_signature.value, {"octets": b""}),
        (pop_link.compute, {"random": bytes(64), "secret": SECRET}),
        (pop_link.compute_v1, {"random": bytes(64), "secret": SECRET}),
        (pop_link.verify, {"message": sent, "secret": SECRET}),
        (pop_link.verify_renewal, {"message": sent, "certificate": certificate}),
        (pop_link.verify_subject, {"message": sent, "subject": named("device-1")}),
        (publication.compute, {"certificates": [certificate]}),
        (references.follow, {"message": sent, "path": 3}),
        (revocation.verify, {"request": revoke, "secret": SECRET}),
        (templates.effective, {"message": sent}),
        (templates.asked, {"content": sent.unverified_content}),
        (templates.applied, {"content": sent.unverified_content, "templates": {}}),
        (trust_anchors.accept, {"opened": opened, "last": 0, "may_publish": lambda _: True}),
        (trust_anchors.compute, {"certificates": [certificate], "seq_number": 1}),
        (unsigned_data.promote, {"octets": message(), "body_part_id": 1}),
        (unsigned_data.read, {"message": sent}),
    ):  # fmt: skip
        module = function.__module__.rpartition(".")[2].replace("linked_names", "pop_link")
        yield f"{module}.{function.__name__}", Case(function, right)


CASES = dict(cases())


@pytest.mark.parametrize("name", CASES)
def test_right_arguments_are_right(name: str) -> None:
    """What the other tests begin with is refused for nothing, or for what it proves."""
    case = CASES[name]
    with suppress(cmcodec.VerificationError, cmcodec.ForbiddenError):
        case.call()


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_argument_is_an_encode_error(name: str) -> None:
    """Each argument, with a value of each kind: nothing leaves that is not documented."""
    case = CASES[name]
    for parameter in inspect.signature(case.function).parameters.values():
        for kind, make in WRONG.items():
            wrong = (make(),) if parameter.kind is parameter.VAR_POSITIONAL else make()
            try:
                case.call(**{parameter.name: wrong})
            except cmcodec.CMCError:
                continue
            except Exception as error:
                pytest.fail(f"{name}, {parameter.name}: {kind}: {error!r}", pytrace=False)


def test_each_public_function_is_here() -> None:
    """Of the builders, of `cmcodec.cms` and of `cmcodec.controls`."""
    expected = set()
    for module in (builders, cms, controls):
        for exported in module.__all__:
            member = getattr(module, exported)
            if inspect.isfunction(member):
                expected.add(exported if module is not controls else f"placement.{exported}")
            elif inspect.ismodule(member):
                of = {each for each in member.__all__ if inspect.isfunction(getattr(member, each))}
                expected |= {f"{exported}.{each}" for each in of}
            elif isinstance(member, type) and member.__name__ in MADE:
                for method, function in inspect.getmembers(member, callable):
                    is_public = method[0] != "_" and method not in ("attempt", "make")
                    if is_public and [*inspect.signature(function).parameters] not in (
                        [],
                        ["self"],
                    ):
                        expected.add(f"{exported}.{method}")
    assert expected - {*CASES} == set()


def test_annotations_of_what_is_checked_are_evaluated() -> None:
    """What they name is imported when the program runs, or they could say nothing."""
    guard = cms.sign.__code__
    modules = [
        import_module(found.name)
        for package in (builders, cms, controls)
        for found in walk_packages(package.__path__, f"{package.__name__}.")
    ]
    functions, dataclasses = set(), set()
    for module in modules:
        own = [each for each in vars(module).values() if inspect.getmodule(each) is module]
        classes = [each for each in own if isinstance(each, type)]
        members = [getattr(each, "__func__", each) for of in classes for each in vars(of).values()]
        checked = {each for each in (*own, *members) if getattr(each, "__code__", None) is guard}
        functions |= checked
        if checked:
            dataclasses |= {each for each in classes if is_dataclass(each)}
    assert len(functions) > 100
    assert {NewRequest, cms.Draft, cms.SigningKey, RequestBuilder} <= dataclasses
    for each in (*dataclasses, *(each for each in functions if each.__name__ != "__init__")):
        get_type_hints(each)


def test_an_argument_error_says_which_and_what() -> None:
    """It is an EncodeError and a TypeError, shows no value, and goes through a pickle."""
    with pytest.raises(ArgumentError) as caught:
        RequestBuilder().identify("a secret that is text").content()  # type: ignore[arg-type]
    error = caught.value
    assert isinstance(error, cmcodec.EncodeError)
    assert isinstance(error, TypeError)
    assert (error.reason, error.path) == ("bad_type", "secret")
    assert str(error) == "bad_type in secret: str was given"
    copied = pickle.loads(pickle.dumps(error))
    assert (str(copied), copied.args) == (str(error), error.args)


def test_what_a_callback_raises_leaves_unchanged() -> None:
    """An error of the caller's own is no wrong argument."""

    def sign(octets: bytes) -> bytes:
        raise AttributeError("the token is gone")

    key = cms.SigningKey(sign=sign, algorithm="Ed25519", key_identifier=b"id")
    with pytest.raises(AttributeError, match="the token is gone"):
        cms.sign(response(), key)


def test_too_many_arguments_are_what_python_says() -> None:
    """Names and numbers of arguments are no matter of types."""
    with pytest.raises(TypeError, match="unexpected keyword"):
        RequestBuilder().transaction(number=5)  # type: ignore[call-arg]
