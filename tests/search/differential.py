"""Both backends say the same of messages, batches, values and certificates, whatever they are."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import cmcodec
import hostile
from cmcodec import _backend
from kit import corpus
from kit.answers import refusal
from kit.messages import Message, Signer, pki_data, signed_data, tagged_content_info
from kit.mutants import change_all, changed_octets, grafted, mutant
from kit.trees import encode, parse, places
from kit.vectors import BATCH, shared

from . import told
from .signing import (
    CERTIFICATE,
    anchor,
    is_certificate,
    sign_all,
    sign_attributes,
    sign_certificate,
    spki,
)
from .signing import signed_data as signed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from cryptography import x509

    from cmcodec.asn1 import Asn1
    from kit.trees import Tree

SECONDS = 2.0
LARGEST = 8192
"""Octets of a message; a batch has many."""

RAS = [CERTIFICATE, shared("keys/ra-p256-cert.der")]
CERTIFICATES = [*RAS, shared("keys/ra-rsa2048-cert.der"), shared("keys/ca-cert.der")]
AT = datetime(2026, 6, 1, tzinfo=UTC)
DEFERRED = 1 << 14
"""Octets from which on the engine leaves the members of a message for later."""


def trusted(certificate: x509.Certificate, others: list[x509.Certificate], at: datetime) -> bool:
    """A caller who trusts every other certificate."""
    return certificate.serial_number % 2 == 0


# --- seeds ---------------------------------------------------------------------------------------


@cache
def messages() -> list[bytes]:
    """The messages of the vectors and the hostile ones."""
    found = corpus.messages() + [case.octets for case in hostile.cases().values()]
    return sorted({octets for octets in found if len(octets) <= LARGEST})


@cache
def members() -> list[bytes]:
    """Messages as they stand in a batch."""
    batch = cmcodec.load(BATCH.read_bytes()).unverified_messages[:8]
    own = [message.to_der() for _, message in batch]
    return own + [octets for octets in messages() if len(octets) <= 2048 and _is_message(octets)]


def _is_message(octets: bytes) -> bool:
    return refusal(lambda: cmcodec.load(octets)) is None and octets[4:6] != b"\x02\x01"


@cache
def values() -> dict[type[Asn1], list[bytes]]:
    """Values of every type in the vectors."""
    found: dict[type[Asn1], list[bytes]] = {}
    for cls, octets in corpus.values():
        found.setdefault(cls, []).append(octets)
    return {cls: found[cls] for cls in sorted(found, key=lambda cls: cls.__name__)}


# --- what is decided -----------------------------------------------------------------------------


def decisions(random: Random) -> dict[str, Any]:
    """What a caller may decide of a verification."""
    decided: dict[str, Any] = {"at": AT}
    if random.random() < 0.3:
        decided["legacy"] = True
    if random.random() < 0.5:
        decided["authorised_ras"] = RAS
    if random.random() < 0.4:
        decided["certificates"] = CERTIFICATES
    if random.random() < 0.4:
        anchors = [anchor(), shared("keys/ca-cert.der")]
        decided["trust"] = random.choice((trusted, anchors, anchors, anchors[:1]))
        decided["request_keys"] = random.choice(("none", "none", "nested", "all"))
    return decided


def bounds(random: Random, size: int) -> dict[str, Any]:
    """What a caller may decide of reading."""
    found: dict[str, Any] = {}
    if random.random() < 0.2:
        found["max_layers"] = random.choice((1, 2, 32))
    if random.random() < 0.05:
        found["max_size"] = max(0, size + random.choice((-1, 0, 1)))
    if random.random() < 0.2:
        found["wrapped"] = True
    return found


# --- messages ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OneMessage:
    """Octets that are read, opened, written, verified and counted."""

    octets: bytes
    bounds: dict[str, Any] = field(default_factory=dict)
    decisions: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.octets)

    def check(self) -> str:
        said = told.by_both(self._told)
        row = said[1][0][0]
        return row.verdict if row.reason is None else f"{row.verdict} {row.reason}"

    def _told(self) -> tuple[Any, ...]:
        """What is read, rows, and what `Message.verify` says of messages and those in them."""
        octets, decided = self.octets, self.decisions
        loaded = told.refused_or(lambda: cmcodec.load(octets, **self.bounds))
        said = told.verdicts(octets, decided | self.bounds)
        by_path = {row.path: row for row, *_ in said[0]}
        alone = []
        if loaded[0] == "is":
            assert all(row.verdict != "malformed" for row in by_path.values())
            message = loaded[1]
            alone.append(told.verified(message, decided))
            told.assert_alike(alone[0], by_path[()])
            if decided.get("request_keys") != "nested":
                for number, member in message.unverified_messages[:4]:
                    if (number,) in by_path:
                        alone.append(told.verified(member, decided))
                        told.assert_alike(alone[-1], by_path[number,])
        elif by_path[()].verdict == "malformed":
            row = by_path[()]
            # What is wrong with a member is no matter of the row, and may be met first.
            same = loaded[1:3] == (str(row.reason), row.offset)
            assert same or ".cmsSequence[" in loaded[3], (loaded, row)
        if cmcodec.backend == "rust":
            threaded = told.verdicts(octets, decided | self.bounds, threads=3)
            assert threaded == said, "by threads: " + told.first_difference(said, threaded)
        return told.reading(loaded, octets, self.bounds), *said, alone

    def smaller(self) -> Iterator[OneMessage]:
        for name in self.decisions:
            kept = {each: value for each, value in self.decisions.items() if each != name}
            yield replace(self, decisions=kept)
        for octets in smaller(self.octets):
            yield replace(self, octets=octets)


def smaller(octets: bytes) -> Iterator[bytes]:
    """Octets with an element less, or with one of nothing; or fewer octets."""
    forest = parse(octets)
    for siblings, at in places(forest):
        gone = siblings.pop(at)
        yield encode(forest)
        siblings.insert(at, gone)
    for each in range(0, len(octets), max(1, len(octets) // 16)):
        yield octets[:each] + octets[each + max(1, len(octets) // 16) :]


def armoured(random: Random, octets: bytes) -> bytes:
    """PEM or base64 around octets, broken now and then."""
    text = base64.encodebytes(octets)
    if random.random() < 0.5:
        text = b"-----BEGIN CMS-----\n" + text + b"-----END CMS-----\n"
    return changed_octets(random, text) if random.random() < 0.5 else text


def raw(random: Random) -> OneMessage:
    octets = mutant(random, random.choice(messages()))
    return _message(random, octets)


def crossed(random: Random) -> OneMessage:
    """An element of one message in another."""
    octets = grafted(random, random.choice(messages()), random.choice(messages()))
    return _message(random, octets)


def signed_again(random: Random) -> OneMessage:
    octets = mutant(random, random.choice(messages()), lambda forest: sign_all(random, forest))
    return _message(random, octets)


def content_signed_again(random: Random) -> OneMessage:
    """Changes in contents alone, and good signatures over them."""
    forest = parse(random.choice(messages()))
    for each in forest:
        signed = signed_in(each)
        held = (
            next((field for field in signed.trees if field.tag == 0x30), None) if signed else None
        )
        if held is not None and len(held.trees) > 1 and held.trees[1].trees:
            change_all(random, held.trees[1].trees[0].trees)
    sign_all(random, forest)
    return _message(random, encode(forest))


def attributes_signed_again(random: Random) -> OneMessage:
    """Changes in signed attributes alone, and good signatures over them."""
    forest = parse(random.choice(messages()))
    found = [
        info for each in forest if (signed := signed_in(each)) and signed.trees
        for info in signed.trees[-1].trees if len(info.trees) > 4
    ]  # fmt: skip
    for info in found:
        part = info.trees[3:4] if random.random() < 0.8 else info.trees
        change_all(random, part)
        if len(part) == 1 and part is not info.trees:
            info.trees[3] = part[0]
    sign_attributes(random, forest)
    return _message(random, encode(forest))


def armed(random: Random) -> OneMessage:
    octets = armoured(random, mutant(random, random.choice(messages())))
    return _message(random, octets)


def _message(random: Random, octets: bytes) -> OneMessage:
    return OneMessage(octets, bounds(random, len(octets)), decisions(random))


# --- batches -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Items:
    """Several items of one call, of which each is what it is alone."""

    octets: tuple[bytes, ...]
    decisions: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(map(len, self.octets))

    def check(self) -> str:
        said = told.by_both(lambda: told.verdicts(list(self.octets), self.decisions))
        if "trust" not in self.decisions:
            alone = [
                (replace_index(row, index), *more[1:])
                for index, octets in enumerate(self.octets)
                for row, *more in told.verdicts(octets, self.decisions)[0]
            ]
            together = [(row, *more[1:]) for row, *more in said[0]]
            assert alone == together, told.first_difference(alone, together)
        return f"batch of {len(said[1])} verdicts"

    def smaller(self) -> Iterator[Items]:
        for at in range(len(self.octets)):
            yield replace(self, octets=self.octets[:at] + self.octets[at + 1 :])
        for at, octets in enumerate(self.octets):
            for less in smaller(octets):
                yield replace(self, octets=(*self.octets[:at], less, *self.octets[at + 1 :]))


def replace_index(row: Any, index: int) -> Any:
    return row.with_changes(index=index)


def mutated_member(random: Random) -> bytes:
    octets = random.choice(members())
    match random.randrange(4):
        case 0:
            return octets
        case 1:
            return mutant(random, octets)
        case _:
            return mutant(random, octets, lambda forest: sign_all(random, forest))


def items(random: Random) -> Items:
    found = tuple(mutated_member(random) for _ in range(random.randrange(1, 6)))
    return Items(found, decisions(random))


def batch(random: Random, least: int = 0) -> OneMessage:
    """A message around changed members, of which frames lie now and then."""
    found: list[bytes] = []
    while not found or sum(map(len, found)) < least or random.random() < 0.7:
        number = random.choice((len(found) + 1,) * 20 + (1, 0, 1 << 31))
        member = tagged_content_info(mutated_member(random), number)
        if random.random() < 0.1:
            member = mutant(random, member)
        found.append(member)
    content = pki_data(members=found)
    if random.random() < 0.1:
        content = mutant(random, content)
    if random.random() < 0.5:
        return _message(random, signed_data(content))
    return _message(random, Message(content=content, signers=(Signer(),)).encode())


def large_batch(random: Random) -> OneMessage:
    """One whose members the engine leaves for later."""
    return batch(random, DEFERRED)


# --- values --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OneValue:
    """Octets as a declared type."""

    cls: type[Asn1]
    octets: bytes
    strict: bool

    @property
    def size(self) -> int:
        return len(self.octets)

    def check(self) -> str:
        read = lambda: self.cls.from_der(self.octets, strict=self.strict)  # noqa: E731
        said = told.by_both(lambda: told.value(read, self.octets))
        return "value" if said[0] == "is" else f"no value {said[1]}"

    def smaller(self) -> Iterator[OneValue]:
        for octets in smaller(self.octets):
            yield replace(self, octets=octets)


def one_value(random: Random) -> OneValue:
    cls = random.choice(list(values()))
    octets = random.choice(values()[cls])
    other = random.choice(values()[cls])
    made = mutant(random, octets) if random.random() < 0.7 else grafted(random, octets, other)
    return OneValue(cls, made, random.random() < 0.3)


@dataclass(frozen=True)
class Nonsense:
    """A value of which fields are what no field is."""

    value: Any

    @property
    def size(self) -> int:
        return 1024

    def check(self) -> str:
        said = told.by_both(lambda: told.refused_or(self.value.to_der))
        return "encoded" if said[0] == "is" else f"not encoded {said[1]}"

    def smaller(self) -> Iterator[Nonsense]:
        return iter(())


def nonsense(random: Random) -> Nonsense:
    cls = random.choice(list(values()))
    value = cls.from_der(random.choice(values()[cls]))
    changed_value = corpus.with_nonsense(random, value)
    return Nonsense(value if changed_value is None else changed_value)


# --- certificates --------------------------------------------------------------------------------


@dataclass(frozen=True)
class OneCertificate:
    """Octets as a certificate, and others as the key that may have signed it."""

    octets: bytes
    spki: bytes

    @property
    def size(self) -> int:
        return len(self.octets)

    def check(self) -> str:
        said = told.by_both(
            lambda: (
                _backend.certificate(self.octets),
                _backend.certificate_signature(self.octets, self.spki),
            )
        )
        return "no certificate" if said[0] is None else f"certificate {said[1]}"

    def smaller(self) -> Iterator[OneCertificate]:
        for octets in smaller(self.octets):
            yield replace(self, octets=octets)
        for octets in smaller(self.spki):
            yield replace(self, spki=octets)


@cache
def certificates() -> list[bytes]:
    """Those of the vectors' keys and of the messages."""
    found = {*CERTIFICATES, anchor()}
    for octets in messages():
        for siblings, at in places(parse(octets)):
            tags = [each.tag for each in siblings[at].trees]
            if tags == [0x30, 0x30, 0x03] and siblings[at].trees[0].encode()[:2] == b"\x30\x82":
                found.add(siblings[at].encode())
    return sorted(found)


@cache
def keys() -> list[bytes]:
    found = {spki(0x30).encode()}
    for octets in certificates():
        outline = _backend.certificate(octets)
        if outline is not None:
            found.add(outline[5])
    return sorted(found)


def one_certificate(random: Random) -> OneCertificate:
    def seal(forest: list[Tree]) -> None:
        if forest and is_certificate(forest[0]):
            sign_certificate(random, forest[0])

    octets = mutant(random, random.choice(certificates()), seal)
    key = spki(0x30).encode() if random.random() < 0.5 else random.choice(keys())
    return OneCertificate(octets, mutant(random, key) if random.random() < 0.3 else key)


KINDS: dict[Callable[[Random], Any], int] = {
    raw: 20, crossed: 6, signed_again: 14, content_signed_again: 14, attributes_signed_again: 8,
    armed: 2, items: 4, batch: 5, large_batch: 1, one_value: 12, nonsense: 6, one_certificate: 8,
}  # fmt: skip
"""How often each is tried."""


def case(random: Random) -> Any:
    (kind,) = random.choices(list(KINDS), list(KINDS.values()))
    return kind(random)
