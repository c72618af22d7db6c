"""Roles twice: in memory on one backend, and in a database on the other, made anew for each call.

Both get the same octets and the same chance, and have to say the same.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from itertools import count
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import cmcodec
from cmcodec import oids
from cmcodec.roles import Delivery, Received
from cmcodec.roles.ra import Batch
from cmcodec.stores import SQLStore

from .backends import using

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cmcodec.stores import Store


class Twins:
    """The stores of the second ones, in a folder that ends with them, and what both say."""

    def __init__(self, ras: int) -> None:
        self._folder = TemporaryDirectory()
        self.stores = [
            SQLStore(f"sqlite:///{self._folder.name}/{number}.db") for number in range(ras + 1)
        ]
        self._chances = [[count() for _ in self.stores] for _ in range(2)]

    def close(self) -> None:
        for store in self.stores:
            store.close()
        self._folder.cleanup()

    def restarted(
        self, stores: Sequence[Store], roles: Callable[..., Any]
    ) -> tuple[Any, list[Any]]:
        """The CA and the RAs, each with its twin."""

        def second() -> Any:
            return roles(self.stores, self._chance(1))

        ca, ras = roles(stores, self._chance(0))
        return Both(ca, lambda: second()[0]), [
            Both(ra, lambda place=place: second()[1][place]) for place, ra in enumerate(ras)
        ]

    def _chance(self, which: int) -> Callable[[int], Callable[[int], bytes]]:
        """Of the first or the second ones: the same, for each role its own."""

        def chance(place: int) -> Callable[[int], bytes]:
            def random(octets: int) -> bytes:
                number = next(self._chances[which][place])
                return hashlib.shake_256(f"{place} {number}".encode()).digest(octets)

            return random

        return chance


class Both:
    """A role, and its twin that ``second`` makes for each call."""

    def __init__(self, first: Any, second: Callable[[], Any]) -> None:
        self._first, self._second = first, second

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            said: list[bytes] = []
            one = _outcome(getattr(self._first, name), _noting(arguments, said))
            if isinstance(one, AssertionError):
                raise one
            with using(_other_backend()):
                other = _outcome(getattr(self._second(), name), _again(arguments, said))
            assert not (differs := _differing(_told(one), _told(other))), (name, *differs)
            if isinstance(one, Exception):
                raise one
            return one

        return call


def _other_backend() -> str:
    """The other one, where the engine is installed."""
    return "rust" if cmcodec.backend == "pure" and find_spec("cmcodec._rust") else "pure"


def _noting(arguments: tuple[Any, ...], said: list[bytes]) -> Iterator[Any]:
    """Arguments; what a next server among them says is noted."""

    def noted(upstream: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        def asked(octets: bytes) -> bytes:
            said.append(upstream(octets))
            return said[-1]

        return asked

    return (noted(each) if callable(each) else each for each in arguments)


def _again(arguments: tuple[Any, ...], said: list[bytes]) -> Iterator[Any]:
    """The same arguments; the next server says what it said."""
    return ((lambda _: said.pop(0)) if callable(each) else each for each in arguments)


def _outcome(call: Callable[..., Any], arguments: Iterator[Any]) -> Any:
    try:
        found = call(*arguments)
    except Exception as error:
        return error
    return list(found) if hasattr(found, "__next__") else found


def _told(found: Any) -> Any:
    """What is the same of two outcomes: all but signatures, and what is encrypted."""
    match found:
        case bytes():
            return _message(found)
        case list() | tuple():
            return [_told(each) for each in found]
        case Received():
            return found.id, _told(found.answer)
        case Batch():
            return found.ids, _told(found.octets)
        case Delivery():
            return found.id, found.status, found.final, _told(found.octets)
        case Exception():
            return type(found), getattr(found, "reason", str(found))
    return getattr(found, "id", found)


def _differing(one: Any, other: Any) -> tuple[Any, ...]:
    """The first two things in both that are not alike, and where; none where there are none."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        found = ((place, *_differing(*pair)) for place, pair in pairs)
        return next((each for each in found if len(each) > 1), ())
    return () if one == other else (one, other)


def _message(octets: bytes) -> Any:
    if not octets:
        return b""
    message = cmcodec.load(octets)
    content = message.unverified_content
    certificates = sorted(each.der for each in message.certificates)
    controls = [
        (each.body_part_id, each.attr_type, [value.to_der() for value in each.attr_values])
        for each in getattr(content, "control_sequence", ())
        if each.attr_type != oids.ID_CMC_ENCRYPTED_POP
    ]
    requests = [each.to_der() for each in getattr(content, "req_sequence", ())]
    members = [
        (number, _message(member.to_der())) for number, member in message.unverified_messages
    ]
    return message.kind, certificates, controls, requests, members
