"""Shared secrets of commands: those that a file has, and new ones."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

import click

from cmcodec.cli.options import FILE, Misuse, read_secret

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Secret", "given_or_new", "secret_options"]

_OCTETS: Final = 16
"""Of chance in a new one: 128 bits (RFC 10002 §6.2)."""


@final
@dataclass(frozen=True, slots=True)
class Secret:
    """A shared secret, and whether it is new."""

    octets: bytes = field(repr=False)
    is_new: bool

    def show(self) -> int:
        """Prints a new one, as a line of its own; the exit status."""
        if self.is_new:
            sys.stdout.write(f"{self.octets.decode()}\n")
        return 0


def given_or_new(name: str | None) -> Secret:
    """The secret in a file, or a new one that can be typed."""
    if name is None:
        return Secret(secrets.token_urlsafe(_OCTETS).encode(), is_new=True)
    octets = read_secret(name)
    if not octets:
        raise Misuse(f"{name}: there is no secret in it")
    return Secret(octets, is_new=False)


def secret_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Whose it is, for which name and how often it counts."""
    for option in (
        click.option("--secret-file", type=FILE, help="A secret that there is already."),
        click.option("--uses", type=click.IntRange(1), default=1, help="How often it counts [1]."),
        click.option("--subject", metavar="DN", help="The only name that may be asked for."),
        click.argument("identification"),
    ):
        function = option(function)
    return function
