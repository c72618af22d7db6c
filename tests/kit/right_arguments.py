"""Arguments that are right, of each public function that makes or checks something."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

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

from .chains import issue, named
from .der import seq
from .keys import key
from .messages import pkcs10

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        args, kwargs = self.sorted({**self.right, **changed})
        return finished(self.function(*args, **kwargs))

    def sorted(self, given: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Arguments by position and by name."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for name, parameter in inspect.signature(self.function).parameters.items():
            if name not in given:
                continue
            if parameter.kind is parameter.VAR_POSITIONAL:
                value = given[name]
                args += value if isinstance(value, (tuple, list)) else [value]
            elif parameter.kind is parameter.KEYWORD_ONLY or not _all_before(self, name, given):
                kwargs[name] = given[name]
            else:
                args.append(given[name])
        return args, kwargs


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
