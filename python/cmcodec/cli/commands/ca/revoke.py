"""``cmc ca revoke``: a certificate is revoked by its CA."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cmcodec.cli.folders import opened_ca
from cmcodec.cli.groups import example
from cmcodec.cli.hexadecimal import NUMBER
from cmcodec.cli.options import Failure, backend_option
from cmcodec.cli.revocation import reason_option

if TYPE_CHECKING:
    from cmcodec.types import CRLReason

__all__ = ["command"]


@click.command(
    "revoke",
    short_help="Revoke a certificate.",
    epilog=example("cmc ca revoke lab 2f862d1de8d4a7f8a4b1c0d2e3f40516 --reason keyCompromise"),
)
@click.argument("folder", type=Path)
@click.argument("serial", type=NUMBER)
@reason_option
@backend_option
def command(folder: Path, serial: int, *, reason: CRLReason) -> int:
    """Revoke the certificate with the SERIAL number of cmc ca list.

    What is on certificateHold is taken off by removeFromCRL. The exit status is 0, 1 where there is
    no such certificate, 2 for wrong use.
    """
    with opened_ca(folder) as ca:
        try:
            ca.revoke(serial, reason)
        except LookupError as error:
            raise Failure(str(error.args[0])) from None
    return 0
