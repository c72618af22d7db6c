"""Commands in groups that are imported when they are used, and options that take many files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Commands", "Many", "ManyCommand", "example"]


def example(*lines: str) -> str:
    """One call of a command over several lines, for the end of its help."""
    return "\b\nFor example:\n\n\b\n    " + " \\\n        ".join(lines)


class Commands(click.Group):
    """A group whose commands are the modules of a package, each with its own as ``command``.

    ``home``: the package. ``names``: of the commands, in the order of the help; ``get-cert`` is the
    module ``get_cert``. A package among them is a group of its own.
    """

    def __init__(self, *arguments: Any, home: str, names: Sequence[str], **fields: Any) -> None:
        super().__init__(*arguments, **fields)
        self._home, self._names = home, tuple(names)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self._names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._names:
            return None
        module = import_module(f"{self._home}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command


class Many(click.Option):
    """An option that takes every argument up to the next option: ``--csr *.p10``."""

    def __init__(self, declarations: Sequence[str], **fields: Any) -> None:
        super().__init__(declarations, **{**fields, "multiple": True})


class ManyCommand(click.Command):
    """A command with such options, which may stand several times as well."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        names = {name for each in self.params if isinstance(each, Many) for name in each.opts}
        return super().parse_args(ctx, _repeated(args, names))


def _repeated(arguments: Sequence[str], names: set[str]) -> list[str]:
    """The arguments with the name of an option before each of its values."""
    found: list[str] = []
    name, is_awaited = None, False
    for place, each in enumerate(arguments):
        if each == "--":
            return found + list(arguments[place:])
        if each.startswith("-") and each != "-":
            own = each.partition("=")[0]
            name, is_awaited = (own if own in names else None), own == each
        elif name is not None and not is_awaited:
            found.append(name)
        else:
            is_awaited = False
        found.append(each)
    return found
