"""One rule for what callers give: an argument of another type is `ArgumentError`, which names it.

Annotations say what a function takes. They are looked at when a call has failed, so that one that
is right costs nothing: if an argument is not what they say, that is the reason.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache, wraps
from importlib import import_module
from types import FunctionType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from cmcodec.errors import ArgumentError, CMCError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["checked", "fits"]

T = TypeVar("T")

_PACKAGE: Final = __name__.partition(".")[0]
_HELD: Final = (str, bytes, bytearray, tuple, list, set, frozenset, dict)
"""What is looked into: an iterator would be used up."""


def checked(target: T) -> T:
    """A function, or a class with all that is public, whose wrong arguments are `ArgumentError`."""
    if not isinstance(target, type):
        guarded: T = _guarded(target)
        return guarded
    for name, member in vars(target).copy().items():
        if isinstance(member, classmethod):
            setattr(target, name, classmethod(_guarded(member.__func__)))
        elif isinstance(member, FunctionType) and (name == "__init__" or name[0] != "_"):
            setattr(target, name, _guarded(member))
    return target


def _guarded(function: Any) -> Any:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except CMCError:
            raise
        except Exception:
            wrong = _wrong(function, args, kwargs)
            if wrong is None:
                raise
        raise wrong

    return call


def _wrong(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> ArgumentError | None:
    """The first argument that is not what its annotation says, or that holds such a one."""
    signature = inspect.signature(function)
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError:
        # Too many, too few, or one that has no such name: Python says it best.
        return None
    hints = _annotations(function)
    for name, value in given.items():
        is_many = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
        for each in value if is_many else (value,):
            if not fits(each, hints.get(name, Any)):
                return ArgumentError(name, each)
    return next((wrong for value in given.values() for wrong in _inside(value)), None)


def _inside(value: Any) -> Iterator[ArgumentError]:
    """Fields of this package's dataclasses that are not what they are declared to be."""
    if isinstance(value, (tuple, list)):
        for each in value:
            yield from _inside(each)
    elif is_dataclass(value) and _is_ours(type(value)):
        hints = _annotations(value.__class__)
        for field in fields(value):
            held = getattr(value, field.name, None)
            if not fits(held, hints.get(field.name, Any)):
                yield ArgumentError(field.name.lstrip("_"), held)
            yield from _inside(held)


def _is_ours(cls: Any) -> bool:
    """Whether a class is of this package; what an ASN.1 type holds is for its encoder to say."""
    return cls.__module__.startswith(_PACKAGE) and not hasattr(cls, "__asn1__")


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is what an annotation says, as far as that can be told without using it."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint is Any or hint is None:
        return hint is Any or value is None
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in inside)
    if origin is Annotated:
        return fits(value, inside[0])
    if origin is Literal:
        return value in inside
    if origin is not None:
        if not isinstance(value, origin):
            return False
        if origin is tuple and inside[-1] is not ...:
            pairs = zip(value, inside, strict=False)
            return len(value) == len(inside) and all(fits(each, of) for each, of in pairs)
        is_looked_into = issubclass(origin, Iterable) and isinstance(value, _HELD)
        return not is_looked_into or all(fits(each, inside[0]) for each in value)
    if not isinstance(hint, type) or getattr(hint, "_is_protocol", False):
        return True
    return isinstance(value, hint)


@cache
def _annotations(of: Any) -> dict[str, Any]:
    """The annotations of a function or a class, evaluated; what cannot be found is anything."""
    made: dict[str, Any] = {}
    for each in reversed(of.__mro__) if isinstance(of, type) else (of,):
        if each.__module__.startswith(_PACKAGE):
            names = _names(sys.modules[each.__module__])
            for name, text in inspect.get_annotations(each).items():
                made[name] = _evaluated(text, names)
    return made


def _evaluated(text: Any, names: _Names) -> Any:
    try:
        while isinstance(text, str):
            text = eval(text, {}, names)  # noqa: S307 - annotations of this package
    except TypeError:
        # Of what cannot be found nothing can be said.
        return Any
    return text


@cache
def _names(module: Any) -> _Names:
    return _Names(module)


class _Names(dict[str, Any]):
    """What annotations of a module can name: what type checkers import there too."""

    def __init__(self, module: Any) -> None:
        super().__init__({**vars(builtins), **vars(module)})
        source = ""
        with suppress(OSError):
            # It may not be installed.
            source = inspect.getsource(module)
        for statement in ast.parse(source).body:
            if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
                for each in statement.body:
                    if isinstance(each, ast.ImportFrom):
                        self._take(each)
                    else:
                        # An alias.
                        exec(ast.unparse(each), self)  # noqa: S102 - of this package

    def _take(self, statement: ast.ImportFrom) -> None:
        module = import_module(statement.module or "")
        for alias in statement.names:
            # It may be there for type checkers alone.
            found = getattr(module, alias.name, None) or _names(module)[alias.name]
            self[alias.asname or alias.name] = found

    def __missing__(self, name: str) -> Any:
        return Any
