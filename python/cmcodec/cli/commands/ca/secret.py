"""``cmc ca secret``: a shared secret that the CA knows."""

from __future__ import annotations

from pathlib import Path

import click

from cmcodec.cli.folders import name_of, opened_ca
from cmcodec.cli.groups import example
from cmcodec.cli.options import Misuse, backend_option
from cmcodec.cli.shared_secrets import given_or_new, secret_options

__all__ = ["command"]


@click.command(
    "secret",
    short_help="Make a shared secret known.",
    epilog=example("cmc ca secret lab device-1 --subject CN=device-1"),
)
@click.argument("folder", type=Path)
@click.option("--profile", metavar="NAME", default="ee", help="Of what is issued on it [ee].")
@secret_options
@backend_option
def command(
    folder: Path,
    identification: str,
    *,
    subject: str | None,
    profile: str,
    uses: int,
    secret_file: str | None,
) -> int:
    """Make a secret known to the CA in FOLDER, by the IDENTIFICATION that its client sends.

    A new one is printed, unless a file has one. The profile ra is for RAs: their certificates have
    the purpose cmcRA, and their word counts.

    The exit status is 0, or 2 for wrong use.
    """
    secret = given_or_new(secret_file)
    with opened_ca(folder) as ca:
        try:
            ca.add_secret(
                identification,
                secret.octets,
                subject=name_of(subject),
                profile=profile,
                uses=uses,
            )
        except LookupError as error:
            raise Misuse(f"--profile: {error.args[0]}") from None
    return secret.show()
