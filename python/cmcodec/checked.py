"""One rule for what callers give: an argument of another type is `ArgumentError`, which names it.

Annotations say what a function takes. They are looked at when a call has failed, so that one that
is right costs nothing: if an argument is not what they say, that is the reason. Modules import
what the annotations of their checked functions name, and not for type checkers alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from functools import cache, wraps
from types import FunctionType, UnionType
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from cmcodec.errors import ArgumentError, CMCError

__all__ = ["checked"]

T = TypeVar("T")

_HELD: Final = (str, bytes, bytearray, tuple, list, set, frozenset, dict)
"""What is looked into: an iterator would be used up."""

_hints = cache(get_type_hints)
_modules: Final = set[str]()
"""Those of what is checked: a dataclass of theirs keeps what callers gave, and is looked into."""


def checked(target: T) -> T:
    """A function, or a dataclass with its public methods, that says which argument was wrong."""
    _modules.add(target.__module__)
    if not isinstance(target, type):
        guarded: T = _guarded(target, target)
        return guarded
    for name, member in vars(target).copy().items():
        if name == "__init__":
            # Its own annotations are those of the fields, inherited ones too, as they are written.
            setattr(target, name, _guarded(member, target))
        elif isinstance(member, classmethod):
            setattr(target, name, classmethod(_guarded(member.__func__, member.__func__)))
        elif isinstance(member, FunctionType) and name[0] != "_":
            setattr(target, name, _guarded(member, member))
    return target


def _guarded(function: Any, annotated: Any) -> Any:
    """The function; ``annotated`` is what has the annotations of its arguments."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except CMCError:
            raise
        except Exception:
            wrong = _wrong(annotated, _given(function, args, kwargs))
            if wrong is None:
                raise
        raise wrong

    return call


def _given(function: Any, args: Any, kwargs: Any) -> list[tuple[str, Any]]:
    """The arguments with their names; none where they are too many, too few, or of other names."""
    signature = inspect.signature(function)
    try:
        bound = signature.bind(*args, **kwargs).arguments
    except TypeError:
        # Python says it best.
        return []
    many = inspect.Parameter.VAR_POSITIONAL
    return [
        (name, each)
        for name, value in bound.items()
        for each in (value if signature.parameters[name].kind is many else (value,))
    ]


def _wrong(annotated: Any, given: list[tuple[str, Any]]) -> ArgumentError | None:
    """The first that is not what its annotation says, or that holds such a one."""
    hints = _hints(annotated)
    for name, value in given:
        if not _fits(value, hints.get(name, Any)):
            return ArgumentError(name, value)
    for _, value in given:
        for each in value if isinstance(value, tuple | list) else (value,):
            if type(each).__module__ in _modules and is_dataclass(each):
                wrong = _wrong(type(each), _fields(each))
                if wrong is not None:
                    return wrong
    return None


def _fields(value: Any) -> list[tuple[str, Any]]:
    """What a dataclass holds; one whose ``__init__`` failed may not have everything."""
    names = [field.name for field in fields(value)]
    return [(name, getattr(value, name)) for name in names if hasattr(value, name)]


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is what an annotation says, as far as that can be told without using it."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin is None:
        return isinstance(value, hint)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in inside)
    if origin is Literal:
        return value in inside
    if not isinstance(value, origin):
        return False
    if origin is tuple and inside[-1] is not ...:
        return len(value) == len(inside) and all(map(_fits, value, inside))
    is_looked_into = issubclass(origin, Iterable) and isinstance(value, _HELD)
    return not is_looked_into or all(_fits(each, inside[0]) for each in value)
