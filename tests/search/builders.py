"""Arbitrary calls, one after the other, with right and wrong arguments: what they return opens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import cmcodec
from cmcodec import cms, types
from cmcodec.builders import (
    BatchRequestBuilder,
    BatchResponseBuilder,
    RequestBuilder,
    ResponseBuilder,
)
from cmcodec.cms import RecipientKey
from cmcodec.controls import check
from cmcodec.errors import CMCError
from kit import right_arguments as right
from kit.controls import BUILT

from . import told
from .controls import Changed, built, calls, changed_argument, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 4.0
PASSWORD, NAME = b"correct horse battery", "device-1"
CLASSES = {
    each.__name__: each
    for each in (RequestBuilder, ResponseBuilder, BatchRequestBuilder, BatchResponseBuilder)
}
ENDS = {
    "RequestBuilder": ("sign", "sign", "sign_with_request_key", "authenticate",
                       "without_signature", "envelope"),
    "ResponseBuilder": ("sign", "sign", "authenticate", "without_signature", "envelope"),
    "BatchRequestBuilder": ("sign", "envelope"),
    "BatchResponseBuilder": ("sign", "envelope"),
}  # fmt: skip
"""How a message is made of a builder in the end."""

NO_STEPS = {"sign", "sign_with_request_key", "authenticate", "extends", "content"}
FUNCTIONS = (
    "batch_requests", "batch_responses", "certs_only", "sign", "sign_many", "encrypt",
    "sign_envelope", "authenticate",
)  # fmt: skip
"""Those that return messages."""

FOREIGN = {
    "encrypt": "message", "sign_envelope": "envelope", "batch_requests": "messages",
    "batch_responses": "messages",
}  # fmt: skip
"""Arguments that are messages, which are not verified when others are made around them."""


@cache
def steps() -> dict[str, list[str]]:
    """The methods of each builder, as `right_arguments` calls them."""
    found: dict[str, list[str]] = {}
    for name in right.CASES:
        cls, _, method = name.partition(".")
        if cls in CLASSES and method and method not in NO_STEPS:
            found.setdefault(cls, []).append(method)
    return found


@cache
def pool() -> dict[str, list[Any]]:
    """Right arguments of all functions, by the name of the parameter."""
    found: dict[str, list[Any]] = {}
    for case in calls().values():
        for name, value in case.right.items():
            found.setdefault(name, []).append(value)
    found["value"] += list(BUILT.values())
    found["ids"] += [(0,), (3,), (1, 2), ((1, 2),), (1, (9, 1))]
    found["body_part_id"] += [None, 1, 2, 3, 9]
    found["identifier"] += [None, 0, -1, 1 << 127]
    found["version"] = [1, 2]
    return found


def argument(random: Random, name: str, value: Any) -> Any:
    """Mostly what is right, or was right elsewhere; else something changed, or of another kind."""
    chance = random.random()
    if chance < 0.55:
        return value
    if chance < 0.75:
        return random.choice(pool().get(name) or [value])
    if chance < 0.9:
        return changed_argument(random, value)
    # Made anew by each that uses it: one is an iterator.
    return Changed("wrong", b"", random.choice(list(right.WRONG)))


def arguments(random: Random, name: str) -> dict[str, Any]:
    given = right.CASES[name].right
    made = {each: argument(random, each, value) for each, value in given.items()}
    if name.endswith("add_control"):
        made["value"] = random.choice(pool()["value"])
    return made


@dataclass(frozen=True)
class Built:
    """A builder's class, calls of its methods, and how it ends."""

    cls: str
    calls: tuple[tuple[str, dict[str, Any]], ...]
    end: str
    chance: int

    @property
    def size(self) -> int:
        return sum(size_of(value) for _, given in self.calls for value in given.values())

    def check(self) -> str:
        made: list[bytes] = []

        def build() -> tuple[Any, ...]:
            said, octets = self._build()
            if octets is not None:
                made.append(octets)
            return said

        said = told.by_both(build)
        for octets in made:
            told.by_both(lambda octets=octets: self._opened(octets))
        if not made:
            return f"{self.end} {said[-1][0]} {said[-1][1]}"
        return f"{self.end} opened"

    def _build(self) -> tuple[tuple[Any, ...], bytes | None]:
        """What is said at each step; and the message."""
        chance = Random(self.chance).randbytes
        # Now and then the caller's octets are not as many as were asked for.
        more = self.chance % 37 if self.chance % 16 == 0 else 0
        builder = CLASSES[self.cls](random=lambda count: chance(count + more))
        said: list[Any] = []
        for method, given in self.calls:
            case = right.Case(getattr(builder, method), given)
            try:
                # One that is refused leaves the builder as it was.
                changed = _called(case, {name: built(value) for name, value in given.items()})
            except CMCError as error:
                said.append(told.refusal(error))
                continue
            assert isinstance(changed, CLASSES[self.cls]), changed
            builder = changed
            said.append("is")
        try:
            octets = self._end(builder)
        except CMCError as error:
            said.append(told.refusal(error))
            return tuple(said), None
        said.append(("is", shape(builder.content())))
        return tuple(said), octets

    def _end(self, builder: Any) -> bytes:
        octets: bytes
        match self.end:
            case "sign":
                octets = builder.sign(right.signer(), certificates=[right.authority().certificate])
            case "authenticate":
                octets = builder.authenticate(PASSWORD, NAME, iterations=10)
            case "envelope":
                octets = cms.encrypt(builder.sign(right.signer()), right.recipient())
                if self.chance % 2:
                    octets = cms.sign_envelope(octets, right.signer())
            case _:
                octets = getattr(builder, self.end)()
        return octets

    def _opened(self, octets: bytes) -> Any:
        return opened(octets, unsigned=self.end == "without_signature")

    def smaller(self) -> Iterator[Built]:
        for at in range(len(self.calls)):
            yield replace(self, calls=self.calls[:at] + self.calls[at + 1 :])


def _called(case: right.Case, given: dict[str, Any]) -> Any:
    """The builder that a call returns, without a message made of it."""
    args, kwargs = case.sorted(given)
    return case.function(*args, **kwargs)


def strictly(octets: bytes) -> cmcodec.Message:
    """What is made is strict, but for messages of others in it, which are kept as they are."""
    found = told.refused_or(lambda: cmcodec.load(octets, strict=True))
    if found[0] == "is":
        message: cmcodec.Message = found[1]
        return message
    assert ".cmsSequence[" in found[3], found
    return cmcodec.load(octets)


def opened(octets: bytes, *, unsigned: bool) -> Any:
    """What a message holds, which opens, is strict, and breaks no rule of controls."""
    message = strictly(octets)
    keys = [right.opener(), RecipientKey.from_password(PASSWORD, NAME)]
    found = message.open_unsigned() if unsigned else message.open(keys)
    assert found.inner is not None
    if isinstance(found.inner, (types.PKIData, types.PKIResponse)):
        check(found.inner)
    assert {request.pop for request in found.requests} <= {
        "verified", "absent", "challenge-needed", "ra-asserted"
    }  # fmt: skip
    return found.to_dict(), shape(found.inner), found.notes


def shape(content: Any) -> Any:
    """Ids and types of what a content holds, of which values differ by chance."""
    requests = getattr(content, "req_sequence", ())
    return (
        [(each.body_part_id, each.attr_type) for each in content.control_sequence],
        [each.alternative for each in requests],
        [each.body_part_id for each in content.cms_sequence],
    )


def calling(random: Random) -> Built:
    cls = random.choice(list(CLASSES))
    count = random.choice((1, 2, 3, 4, 6, 8))
    methods = random.choices(steps()[cls], k=count)
    made = tuple((method, arguments(random, f"{cls}.{method}")) for method in methods)
    return Built(cls, made, random.choice(ENDS[cls]), random.randrange(1 << 32))


@dataclass(frozen=True)
class Made:
    """A function that returns messages, with any arguments."""

    name: str
    arguments: dict[str, Any]

    @property
    def size(self) -> int:
        return sum(map(size_of, self.arguments.values()))

    def check(self) -> str:
        made: list[bytes] = []

        def call() -> tuple[Any, ...]:
            case = right.CASES[self.name]
            try:
                given = {name: built(value) for name, value in self.arguments.items()}
                result = _called(case, given)
                found = [result] if isinstance(result, bytes) else list(result)
            except CMCError as error:
                return told.refusal(error)
            made.extend(found)
            return "is", len(found)

        said = told.by_both(call)
        for octets in made:
            told.by_both(lambda octets=octets: self._opened(octets))
        return f"{self.name} {said[0]} {said[1]}"

    def _opened(self, octets: bytes) -> Any:
        if self.name == "certs_only":
            return told.whole(strictly(octets))
        if self.name in FOREIGN and self.arguments[FOREIGN[self.name]] is not self._right():
            # What somebody else signed may be wrong.
            return told.refused_or(lambda: opened(octets, unsigned=False))
        return opened(octets, unsigned=False)

    def _right(self) -> Any:
        return right.CASES[self.name].right[FOREIGN[self.name]]

    def smaller(self) -> Iterator[Made]:
        for name, value in right.CASES[self.name].right.items():
            if self.arguments.get(name) is not value:
                yield replace(self, arguments={**self.arguments, name: value})


def making(random: Random) -> Made:
    name = random.choice(FUNCTIONS)
    return Made(name, arguments(random, name))


KINDS: dict[Callable[[Random], Any], int] = {calling: 80, making: 20}


def case(random: Random) -> Any:
    (kind,) = random.choices(list(KINDS), list(KINDS.values()))
    return kind(random)
