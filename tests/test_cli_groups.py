"""Groups of commands, options with many values, and what is shown to people who wait."""

from __future__ import annotations

import io
import subprocess
import sys

import click
import pytest

from cmcodec.cli.groups import Commands, Many, ManyCommand
from cmcodec.cli.show import progress
from kit.command import surroundings
from kit.served import until

BOTH_BACKENDS = False


@click.command("many", cls=ManyCommand)
@click.argument("first", required=False)
@click.option("--csr", cls=Many)
@click.option("--out")
@click.option("--flag", is_flag=True)
def many(first: str | None, csr: tuple[str, ...], out: str | None, flag: bool) -> object:
    return first, csr, out, flag


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("--csr a", (None, ("a",), None, False)),
        ("--csr a b --flag c", ("c", ("a", "b"), None, True)),
        ("x --csr a b --out o --csr=c d", ("x", ("a", "b", "c", "d"), "o", False)),
        ("--out o x --csr - b", ("x", ("-", "b"), "o", False)),
        ("--csr a -- x", ("x", ("a",), None, False)),
        ("x", ("x", (), None, False)),
    ],
)
def test_an_option_takes_what_follows(arguments: str, found: object) -> None:
    """Up to the next option, several times, behind = too; others are as they are everywhere."""
    assert many.main(arguments.split(), standalone_mode=False) == found


def test_an_option_without_a_value() -> None:
    with pytest.raises(click.BadOptionUsage, match="csr"):
        many.main(["--csr"], standalone_mode=False)


def test_a_group_imports_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the help; what is not among its names is no command."""
    group = Commands("request", home="cmcodec.cli.commands.request", names=("get-crl", "poll"))
    context = click.Context(group)
    assert group.list_commands(context) == ["get-crl", "poll"]
    found = group.get_command(context, "get-crl")
    assert found is not None
    assert found.name == "get-crl"
    assert group.get_command(context, "enroll") is None
    assert group.get_command(context, "get_crl") is None


def test_groups_import_nothing_for_their_own_help() -> None:
    """`cmc request --help` needs neither roles nor transports."""
    asked = [sys.executable, "-c", _IMPORTED]
    done = subprocess.run(
        asked, capture_output=True, check=True, text=True, env=surroundings("auto")
    )
    assert done.stdout.splitlines()[-1] == "[]"


_IMPORTED = """
import sys
from cmcodec.cli import main
main(["request", "--help"])
heavy = ("cmcodec.roles", "cmcodec.transports", "cmcodec.cms", "cryptography", "httpx2")
print(sorted(set(heavy) & set(sys.modules)))
"""


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_waited_for_is_said_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it takes long; elsewhere nothing is."""
    monkeypatch.setattr(progress, "PATIENCE", 0)
    monkeypatch.setattr(sys, "stderr", _Terminal())
    with progress.Working("waiting for the answer"):
        until(lambda: "waiting for the answer" in sys.stderr.getvalue())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress.Working("waiting for the answer"):
        pass
    assert sys.stderr.getvalue() == ""
