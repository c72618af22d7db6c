"""``cmc ra secret``: a shared secret that the RA knows."""

from __future__ import annotations

from pathlib import Path

import click

from cmcodec.cli.folders import name_of, opened_ra
from cmcodec.cli.groups import example
from cmcodec.cli.options import backend_option
from cmcodec.cli.shared_secrets import given_or_new, secret_options

__all__ = ["command"]


@click.command(
    "secret",
    short_help="Make a shared secret known.",
    epilog=example("cmc ra secret desk device-1 --subject CN=device-1"),
)
@click.argument("folder", type=Path)
@secret_options
@backend_option
def command(
    folder: Path,
    identification: str,
    *,
    subject: str | None,
    uses: int,
    secret_file: str | None,
) -> int:
    """Make a secret known to the RA in FOLDER, by the IDENTIFICATION that its client sends.

    A new one is printed, unless a file has one. The exit status is 0, or 2 for wrong use.
    """
    secret = given_or_new(secret_file)
    with opened_ra(folder) as ra:
        ra.add_secret(identification, secret.octets, subject=name_of(subject), uses=uses)
    return secret.show()
