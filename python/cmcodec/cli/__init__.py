"""The command ``cmc``: ask for certificates, and look into messages, verify and open them.

Exit status: 0 everything is as asked for, 1 something failed, is refused or malformed, 2 wrong use
or an unreadable file, 3 a defect of this program, 4 what was asked for is pending, or held until it
is confirmed, 130 interrupted, 141 nobody reads the output.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from cmcodec.cli.groups import Commands
from cmcodec.cli.options import reason_of
from cmcodec.errors import CMCError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_COMMANDS = (
    *("request", "send", "respond", "batch", "ca", "ra"),
    *("inspect", "verify", "open", "explain", "demo", "bench"),
)
"""Each is a module or a package of `cmcodec.cli.commands`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs ``cmc`` and gives its exit status; prints what went wrong, and raises nothing."""
    _prepare_streams()
    given = None if arguments is None else list(arguments)
    try:
        return int(_cmc.main(given, prog_name="cmc", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("cmc: interrupted", err=True)
        return 130
    except CMCError as error:
        click.echo(f"cmc: {reason_of(error)}", err=True)
        return 1
    except OSError as error:
        return _cut_off(error)
    except MemoryError:
        click.echo("cmc: not enough memory", err=True)
        return 3
    except Exception as error:
        # A traceback helps nobody at a terminal; CMC_TRACEBACK is for those who repair this.
        if os.environ.get("CMC_TRACEBACK"):
            raise
        click.echo(f"cmc: defect, please report: {type(error).__name__}: {error}", err=True)
        return 3


def _prepare_streams() -> None:
    """Makes standard output and error take any text, and be there (a shell can close them)."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - open as long as we run
    sys.stderr = sys.stderr or sys.stdout
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Names of files and text in messages need not be in the terminal's character set.
            stream.reconfigure(errors="backslashreplace")


def _cut_off(error: OSError) -> int:
    """The exit status where standard output takes no more, which is no defect of ours."""
    with suppress(OSError, ValueError):
        # Python flushes once more when it exits, and must be able to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 141
    click.echo(f"cmc: {error.strerror or error}", err=True)
    return 2


class _Root(Commands):
    """All commands, which may be cut off by their reader."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            # Here, because click would make it the exit status of a message that failed.
            return _cut_off(error)
        return status


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError

    import cmcodec

    try:
        version = cmcodec.__version__
    except PackageNotFoundError:
        version = "(not installed)"
    info = cmcodec.backend_info()
    lanes = f"lanes {info.lanes}, {info.lanes_wanted}"
    click.echo(f"cmc {version} ({info.name} backend; {lanes})")
    ctx.exit()


@click.group(
    cls=_Root,
    home="cmcodec.cli.commands",
    names=_COMMANDS,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="CMCODEC_BACKEND=auto|rust|pure chooses the backend, --backend overrides it. "
    "Exit status: 0 all is well, 1 something failed, is refused or malformed, 2 wrong use, "
    "4 pending or held.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show version and backend, and exit.",
)
def _cmc() -> None:
    """Certificate Management over CMS (RFC 10002): get certificates, look into messages."""
