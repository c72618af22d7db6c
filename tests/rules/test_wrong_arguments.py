"""Each function that makes or checks something, with each of its arguments of another type."""

from __future__ import annotations

import inspect
import pickle
from contextlib import suppress
from dataclasses import is_dataclass
from functools import partial
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, get_type_hints

import pytest

import cmcodec
from cmcodec import builders, cms, controls
from cmcodec.builders import NewRequest, RequestBuilder
from cmcodec.controls import conversation, encrypted_pop
from cmcodec.errors import ArgumentError
from kit.right_arguments import (
    CASES,
    SECRET,
    WRONG,
    challenged,
    loaded,
    message,
    password,
    recipient,
    response,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MADE = (
    *("RequestBuilder", "ResponseBuilder", "BatchRequestBuilder", "BatchResponseBuilder"),
    *("SigningKey", "Recipient", "RecipientKey"),
)
"""Classes that callers make; the others come from functions."""


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


@pytest.mark.parametrize("returned", [lambda n: b"", lambda n: bytes(n + 1), bytearray])
def test_octets_by_chance_are_as_many_as_asked_for(returned: Callable[[int], bytes]) -> None:
    """A callable that returns fewer would make a weak key or nonce, and nobody would see it."""
    asking = RequestBuilder(random=returned)
    recipients = [recipient(), password()]
    for make in (
        asking.transaction,
        lambda: asking.link_pop(SECRET),
        lambda: asking.authenticate(SECRET, "device-1", iterations=1),
        lambda: cms.authenticate(response(), password(), random=returned),
        lambda: conversation.reply(loaded(), random=returned),
        lambda: encrypted_pop.challenge(challenged()[0].request, random=returned),
        *(partial(cms.encrypt, message(), each, random=returned) for each in recipients),
        partial(cms.encrypt, message(), recipient(), algorithm="id-aes256-CBC", random=returned),
    ):
        with pytest.raises(ArgumentError, match="bad_type in random: it is to return"):
            make()


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
