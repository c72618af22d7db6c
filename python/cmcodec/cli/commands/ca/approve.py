"""``cmc ca approve``: what waits is issued."""

from __future__ import annotations

from pathlib import Path

import click

from cmcodec.cli.folders import opened_ca
from cmcodec.cli.groups import example
from cmcodec.cli.hexadecimal import OCTETS
from cmcodec.cli.options import Failure, backend_option

__all__ = ["command"]


@click.command(
    "approve",
    short_help="Let a certificate be issued.",
    epilog=example("cmc ca approve lab 5f0c5a3bd1a94ff0b2b7d0b3a3a5a9c1"),
)
@click.argument("folder", type=Path)
@click.argument("application_id", type=OCTETS, metavar="ID")
@backend_option
def command(folder: Path, application_id: bytes) -> int:
    """Let a certificate be issued for the application ID of cmc ca pending.

    Its client gets it when it asks again. The exit status is 0, 1 where no such application waits,
    2 for wrong use.
    """
    with opened_ca(folder) as ca:
        try:
            ca.approve(application_id)
        except LookupError as error:
            raise Failure(str(error.args[0])) from None
    return 0
