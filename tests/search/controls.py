"""What proves something, and what answers it: documented errors, and no proof of anything else.

Each public function of builders, layers and controls is called with its right arguments, of which
some are changed: messages, values, certificates, octets. Proofs are also computed again over what
was changed, and what is said to be proven is computed here once more.
"""

from __future__ import annotations

import hashlib
import hmac
import inspect
import os
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.asn1 import Asn1
from cmcodec.builders import BatchRequestBuilder, ResponseBuilder
from cmcodec.cms import Opened, Recipient, RecipientKey
from cmcodec.controls import (
    auth_data,
    conversation,
    dh_pop,
    encrypted_pop,
    identity_proof,
    pop_link,
    references,
    templates,
    trust_anchors,
    unsigned_data,
)
from cmcodec.errors import CMCError
from kit import right_arguments as right
from kit.backends import using
from kit.der import integer, oid, seq, tlv
from kit.keys import certificate, key
from kit.messages import control as control_of
from kit.messages import members, pki_data, signed_data, tcr
from kit.mutants import changed_octets, mutant
from kit.proofs import IDENTIFICATION, RANDOM, SECRET
from kit.proven import DH_POPS, cms_public, dh_request, linked
from kit.trees import parse, tree, walk

from . import told
from .differential import smaller
from .layers import Derivations
from .signing import CERTIFICATE, sign_all, signer
from .signing import signed_data as signed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kit.right_arguments import Case
    from kit.trees import Tree

SECONDS = 4.0
NUMBERS = (0, 1, 2, 3, 7, 255, 1 << 31, 1 << 32, (1 << 32) - 1, -1, 1 << 70)
TEXTS = ("", "device-1", "ä", "\0", "x" * 300, "id-sha1", "id-aes256-CBC", "Ed25519")


# --- what is called ------------------------------------------------------------------------------


@cache
def calls() -> dict[str, Case]:
    """Functions with right arguments, by name."""
    return right.CASES | dict(_more())


def _more() -> Iterator[tuple[str, Case]]:
    """Functions that only check something where there is something to check."""
    message = cmcodec.load(signed_data(linked()))
    answers = message.unverified_content.find(types.DecryptedPOP)
    subject = certificate("p-256").subject
    more: list[tuple[Any, dict[str, Any]]] = [
        (identity_proof.verify, {"message": message, "secret": SECRET, "compatibility": True}),
        (pop_link.verify, {"message": message, "secret": SECRET, "compatibility": True}),
        (pop_link.verify_renewal, {"message": message, "certificate": certificate("p-256")}),
        (pop_link.verify_subject, {"message": message, "subject": subject}),
        (conversation.check, {"response": message, "request": message}),
        (conversation.reply, {"request": message}),
        (encrypted_pop.verify, {"message": message, "answer": answers[0][1], "value": RANDOM}),
    ]
    for name in DH_POPS:
        octets, own, held = dh_request(name)
        request = {"request": octets, "key": own, "recipient_certificate": held}
        more.append(
            (dh_pop.verify, dict(zip(_names(dh_pop.verify), request.values(), strict=False)))
        )
    private = key("p-256")
    asked = tlv(0xA1, seq(integer(4), seq(tlv(0xA6, cms_public(private)[2:]))),
                tlv(0xA2, tlv(0x81, b"\1")))  # fmt: skip
    opener = RecipientKey.from_private_key(private)
    for content in ("id-aes256-GCM", "id-aes128-CBC"):
        challenge, _ = encrypted_pop.challenge(types.TaggedRequest.from_der(asked), content=content)
        given = {"challenge": challenge, "key": opener, "body_part_id": 4}
        more.append((encrypted_pop.answer, given))
    batch = cmcodec.load(_batch())
    more += [
        (templates.effective, {"message": batch}),
        (templates.asked, {"content": batch.unverified_content}),
        (references.follow, {"message": batch, "path": (9, 1)}),
    ]
    listed = ResponseBuilder().status(0, 1).add_control(trust_anchors.compute([CERTIFICATE], 5))
    anchors = cmcodec.load(listed.sign(_signer(), signing_time=right.NOW)).open()
    given = {"opened": anchors, "last": 4, "may_publish": lambda _: True, "at": right.NOW}
    more.append((trust_anchors.accept, given))
    data = types.PKIData(
        control_sequence=(), req_sequence=(), cms_sequence=(), other_msg_sequence=()
    )
    macced = cms.authenticate(data, Recipient.from_password(SECRET, iterations=10))
    inside = pki_data([control_of(5, 27, types.AuthPublish(11))], [tcr()], members(macced))
    opened = cmcodec.load(signed_data(inside)).open_unsigned()
    more.append((auth_data.open, {"opened": opened, "keys": RecipientKey.from_password(SECRET)}))
    sent = right.request().add_unsigned_data(
        types.CMCUnsignedData(
            body_part_path=types.BodyPartPath((1,)),
            identifier="1.2.3",
            content=cmcodec.asn1.TLV(b"\5\0"),
        )
    ).sign_with_request_key()  # fmt: skip
    more += [
        (unsigned_data.read, {"message": cmcodec.load(sent)}),
        (unsigned_data.promote, {"octets": sent, "body_part_id": 1}),
    ]
    for number, (function, given) in enumerate(more):
        module = function.__module__.rpartition(".")[2]
        yield f"{module}.{function.__name__} {number}", right.Case(function, given)


def _names(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def _signer() -> cms.SigningKey:
    return cms.SigningKey.from_private_key(signer(), CERTIFICATE)


def _batch() -> bytes:
    template = types.CertTemplate(subject=types.Name.from_cryptography(right.named("b")))
    builder = BatchRequestBuilder().add(right.message(), body_part_id=9)
    return builder.modify(9, [1], template).witness_pop(9, [1]).sign(_signer())


# --- arguments -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Changed:
    """An argument that is made anew on each backend: octets as what ``kind`` says.

    ``cls`` is the class of a value, or which of the wrong ones it is.
    """

    kind: str
    octets: bytes
    cls: Any = None

    def build(self) -> Any:
        match self.kind:
            case "message":
                return cmcodec.load(self.octets)
            case "opened":
                return cmcodec.load(self.octets).open(certificates=[CERTIFICATE])
            case "unsigned":
                return cmcodec.load(self.octets).open_unsigned()
            case "value":
                return self.cls.from_der(self.octets)
            case "wrong":
                return right.WRONG[self.cls]()
        return self.octets


def changed_argument(random: Random, value: Any) -> Any:
    """What stands in the place of a right argument; the same where nothing can be changed."""

    def seal(forest: list[Tree]) -> None:
        if random.random() < 0.7:
            sign_all(random, forest)

    match value:
        case cmcodec.Message():
            return Changed("message", mutant(random, value.to_der(), seal))
        case Opened():
            return Changed("opened", mutant(random, value.message.to_der(), seal))
        case cms.Unsigned():
            return Changed("unsigned", mutant(random, value.message.to_der(), seal))
        case x509.Certificate():
            return Changed("octets", mutant(random, value.public_bytes(Encoding.DER)))
        case Asn1():
            return Changed("value", mutant(random, value.to_der(), seal), type(value))
        case bytes():
            mutate = changed_octets if value[:1] != b"\x30" else mutant
            return Changed("octets", mutate(random, value))
        case bool():
            return not value
        case int():
            return random.choice(NUMBERS)
        case str():
            return random.choice(TEXTS)
        case tuple() | list() if value:
            at = random.randrange(len(value))
            made = [*value]
            made[at] = changed_argument(random, value[at])
            return type(value)(made)
    return value


def built(value: Any) -> Any:
    if isinstance(value, Changed):
        return value.build()
    if isinstance(value, (tuple, list)):
        return type(value)(built(each) for each in value)
    return value


def size_of(value: Any) -> int:
    if isinstance(value, Changed):
        return len(value.octets)
    if isinstance(value, (tuple, list)):
        return sum(map(size_of, value))
    return len(value.to_der()) if isinstance(value, cmcodec.Message) else 0


def shown(value: Any) -> Any:
    """What a function returned, in what can be compared."""
    if isinstance(value, cmcodec.Message):
        return "message", value.to_der()
    if isinstance(value, Asn1):
        return type(value).__name__, value.to_der(), repr(value)
    if isinstance(value, (tuple, list)):
        return tuple(map(shown, value))
    if isinstance(value, dict):
        return tuple((shown(name), shown(each)) for name, each in value.items())
    return value.to_dict() if hasattr(value, "to_dict") else repr(value)


@dataclass(frozen=True)
class Call:
    """A function of `calls` with other arguments than the right ones."""

    name: str
    arguments: dict[str, Any]

    @property
    def size(self) -> int:
        given = calls()[self.name].right | self.arguments
        return sum(map(size_of, given.values()))

    def check(self) -> str:
        with (
            mock.patch.object(hashlib, "pbkdf2_hmac", Derivations()),
            using("rust"),
        ):
            engine, again = self._told(), self._told()
            with using("pure"):
                fallback = self._told()
        if engine != again:
            # It signs, or has keys by chance.
            assert (engine[0], again[0]) == ("is", "is")
            engine, fallback = engine[:1], fallback[:1]
        assert engine == fallback, told.first_difference(engine, fallback)
        return "is" if engine[0] == "is" else f"{engine[0]} {engine[1]}"

    def _told(self) -> tuple[Any, ...]:
        with mock.patch.object(os, "urandom", Random(self.name).randbytes):
            try:
                given = {name: built(value) for name, value in self.arguments.items()}
            except CMCError as error:
                return ("not read", str(error.reason), *told.refusal(error))
            return told.refused_or(lambda: shown(calls()[self.name].call(**given)))

    def smaller(self) -> Iterator[Call]:
        for name, value in self.arguments.items():
            if isinstance(value, Changed):
                for octets in smaller(value.octets):
                    made = replace(value, octets=octets)
                    yield replace(self, arguments={**self.arguments, name: made})


def call(random: Random) -> Call:
    name = random.choice(list(calls()))
    given = calls()[name].right
    names = random.sample(list(given), k=min(len(given), random.choice((1, 1, 1, 2))))
    return Call(name, {each: changed_argument(random, given[each]) for each in names})


# --- proofs over what was changed ----------------------------------------------------------------

DIGESTS = {
    oid(getattr(oids, f"ID_{name.upper()}")): name
    for name in ("sha1", "sha224", "sha256", "sha384", "sha512")
}
MACS = {
    oid(getattr(oids, f"ID_HMAC_WITH_{name.upper()}")): name
    for name in ("sha1", "sha256", "sha384", "sha512")
} | {oid("1.3.6.1.5.5.8.1.2"): "sha1"}


def control(number: int) -> bytes:
    return oid(f"{oids.ID_CMC}.{number}")


@dataclass(frozen=True)
class Proven:
    """A request whose proofs were computed over what it has become."""

    octets: bytes

    @property
    def size(self) -> int:
        return len(self.octets)

    def check(self) -> str:
        with mock.patch.object(hashlib, "pbkdf2_hmac", Derivations()):
            said = told.by_both(self._told)
        if said[0] == "not read":
            return "not read"
        identified, was_linked = (each[0] == "is" for each in said[1:3])
        if identified:
            self._assert_identified()
        if was_linked:
            self._assert_linked()
        return f"identified {identified}, linked {was_linked}"

    def _told(self) -> tuple[Any, ...]:
        try:
            message = cmcodec.load(self.octets)
        except CMCError as error:
            return ("not read", *told.refusal(error))
        return (
            "is",
            told.refused_or(lambda: identity_proof.verify(message, SECRET)),
            told.refused_or(lambda: pop_link.verify(message, SECRET)),
            told.refused_or(lambda: identity_proof.verify(message, SECRET, compatibility=True)),
            told.refused_or(lambda: pop_link.verify(message, SECRET, compatibility=True)),
            told.refused_or(lambda: shown(templates.effective(message))),
            # Whose nonce is by chance.
            told.refused_or(lambda: len(conversation.reply(message))),
        )

    def _content(self) -> list[Tree]:
        """The four sequences of the PKIData."""
        signed = signed_in(parse(cmcodec.load(self.octets).to_der())[0])
        assert signed is not None
        held = next(each for each in signed.trees if each.tag == 0x30)
        return held.trees[1].trees[0].trees[0].trees

    def _assert_identified(self) -> None:
        """R-089: a MAC by the secret over reqSequence as received, in each control."""
        controls, requests, *_ = self._content()
        named = _values(controls, 2)
        keyed = SECRET + (named[0].content if named else b"")
        covered = requests.encode()
        proofs = [
            (*(each.trees[0].encode() for each in value.trees[:2]), value.trees[2].content)
            for value in _values(controls, 34)
        ]
        proofs = [(DIGESTS[digest], MACS[mac], witness) for digest, mac, witness in proofs]
        proofs += [("sha1", "sha1", value.content) for value in _values(controls, 3)]
        assert proofs, "proven by nothing"
        for digest, mac, witness in proofs:
            expected = hmac.digest(hashlib.new(digest, keyed).digest(), covered, mac)
            assert witness == expected, "proven by another witness"

    def _assert_linked(self) -> None:
        """R-102: each request holds a MAC of the random value by the secret."""
        controls, requests, *_ = self._content()
        (value,) = _values(controls, 22)
        expected = [
            hmac.digest(hashlib.new(digest, SECRET).digest(), value.content, mac)
            for digest in DIGESTS.values()
            for mac in set(MACS.values())
        ]
        assert requests.trees, "nothing is linked"
        for request in requests.trees:
            octets = request.encode()
            is_derived = oid(oids.ID_PBKDF2) in octets
            assert is_derived or any(each in octets for each in expected), "linked by nothing"

    def smaller(self) -> Iterator[Proven]:
        for octets in smaller(self.octets):
            yield Proven(octets)


def _values(controls: Tree, number: int) -> list[Tree]:
    """The values of a control."""
    return [
        value
        for each in controls.trees
        if each.trees[1].encode() == control(number)
        for value in each.trees[2].trees
    ]


def proven(random: Random) -> Proven:
    def seal(forest: list[Tree]) -> None:
        if random.random() < 0.8:
            _link(random, forest)
        if random.random() < 0.8:
            sign_all(random, forest)
        if random.random() < 0.8:
            _identify(random, forest)

    return Proven(signed_data(mutant(random, linked(), seal)))


def _link(random: Random, forest: list[Tree]) -> None:
    """Witnesses of the random value that the message has now."""
    value = next(
        (each.trees[2].trees[0].content for each in walk(forest) if _is_control(each, 22)), RANDOM
    )
    for compute in (pop_link.compute, pop_link.compute_v1):
        before = _witness(compute(RANDOM, SECRET))
        after = _witness(compute(value, SECRET))
        for each in walk(forest):
            if each.inside == before:
                each.inside = after


def _witness(value: Any) -> bytes:
    witness: bytes = value.witness if hasattr(value, "witness") else value.value
    return witness


def _is_control(element: Tree, number: int) -> bool:
    found = element.trees
    return len(found) == 3 and found[1].encode() == control(number) and bool(found[2].trees)


def _identify(random: Random, forest: list[Tree]) -> None:
    """Witnesses over the requests that the message has now."""
    if not forest or len(forest[0].trees) < 2:
        return
    covered = forest[0].trees[1].encode()
    named = next(
        (each.trees[2].trees[0].content for each in walk(forest) if _is_control(each, 2)),
        IDENTIFICATION.encode(),
    )
    keyed = SECRET + named
    for each in walk(forest):
        if _is_control(each, 34):
            value = each.trees[2].trees[0]
            if len(value.trees) > 2:
                witness = hmac.digest(hashlib.sha256(keyed).digest(), covered, "sha256")
                value.trees[2] = tree(0x04, witness)
        elif _is_control(each, 3):
            witness = hmac.digest(hashlib.sha1(keyed).digest(), covered, "sha1")
            each.trees[2].trees[0] = tree(0x04, witness)


KINDS: dict[Callable[[Random], Any], int] = {call: 75, proven: 25}


def case(random: Random) -> Any:
    (kind,) = random.choices(list(KINDS), list(KINDS.values()))
    return kind(random)
