"""``cmc ca crl``: what is revoked."""

from __future__ import annotations

from pathlib import Path

import click

from cmcodec.cli.folders import opened_ca
from cmcodec.cli.groups import example
from cmcodec.cli.options import FILE, backend_option, write_output

__all__ = ["command"]


@click.command("crl", short_help="Write the CRL.", epilog=example("cmc ca crl lab --out lab.crl"))
@click.argument("folder", type=Path)
@click.option("--out", required=True, type=FILE, help="For the CRL, in DER.")
@backend_option
def command(folder: Path, *, out: str) -> int:
    """Write the CRL of the CA in FOLDER, with all that is revoked.

    The exit status is 0, or 2 for wrong use.
    """
    with opened_ca(folder) as ca:
        write_output(out, ca.crl())
    return 0
