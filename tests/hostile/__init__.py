"""Messages that break one rule each under good signatures, and their twins, which pass.

Every case says what is to be said of each of its rows. What is made here follows from fixed keys:
the octets are the same every time, and stand in ``vectors/``, where tests read them.
"""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from . import ber, frames, parsing, requests, signed, signing
from .case import Case, Told

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["MODULES", "Case", "Told", "cases", "of"]


MODULES: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (parsing, ber, frames, signed, signing, requests)
}
"""What makes cases, by name."""


@cache
def of(name: str) -> tuple[Case, ...]:
    """The cases of a module."""
    return tuple(MODULES[name].cases())


@cache
def cases() -> dict[str, Case]:
    """All cases, by name."""
    found: dict[str, Case] = {}
    for case in chain.from_iterable(map(of, MODULES)):
        if case.name in found:
            raise ValueError(f"two cases are called {case.name}")
        found[case.name] = case
    return found
