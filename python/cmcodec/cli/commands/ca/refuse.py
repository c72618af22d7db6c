"""``cmc ca refuse``: what waits is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from cmcodec.asn1 import schema
from cmcodec.cli.folders import opened_ca
from cmcodec.cli.groups import example
from cmcodec.cli.hexadecimal import OCTETS
from cmcodec.cli.options import Failure, backend_option
from cmcodec.types.controls import CMCFailInfo

__all__ = ["command"]

_REASONS: Final = {schema.number_name(each): each for each in CMCFailInfo}


@click.command(
    "refuse",
    short_help="Refuse a certificate.",
    epilog=example("cmc ca refuse lab 5f0c5a3bd1a94ff0b2b7d0b3a3a5a9c1 --text 'ask the desk'"),
)
@click.argument("folder", type=Path)
@click.argument("application_id", type=OCTETS, metavar="ID")
@click.option(
    "--fail-info",
    type=click.Choice(list(_REASONS)),
    metavar="NAME",
    default="badRequest",
    help=f"Why: {', '.join(_REASONS)}.",
)
@click.option("--text", metavar="TEXT", help="The same in words, for the client.")
@backend_option
def command(folder: Path, application_id: bytes, *, fail_info: str, text: str | None) -> int:
    """Refuse the application ID of cmc ca pending.

    Its client is told when it asks again. The exit status is 0, 1 where no such application waits,
    2 for wrong use.
    """
    with opened_ca(folder) as ca:
        try:
            ca.refuse(application_id, _REASONS[fail_info], text)
        except LookupError as error:
            raise Failure(str(error.args[0])) from None
    return 0
