"""``cmc ca serve``: the CA of a folder, on HTTP, TCP or in a folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cmcodec.cli.folders import certificates, serve, serving_options
from cmcodec.cli.groups import ManyCommand, example

__all__ = ["command"]


@click.command(
    "serve",
    cls=ManyCommand,
    short_help="Answer requests.",
    epilog=example("cmc ca serve lab --http 0.0.0.0:8080 --tcp 0.0.0.0:5318 --manual"),
)
@click.argument("folder", type=Path)
@click.option("--manual", is_flag=True, help="What would be issued waits for cmc ca approve.")
@click.option("--confirm", is_flag=True, help="Certificates have to be accepted by their owners.")
@serving_options
def command(
    folder: Path,
    *,
    manual: bool,
    confirm: bool,
    authorised_ra: tuple[str, ...],
    serving: dict[str, Any],
) -> int:
    """Answer requests to the CA in FOLDER until SIGTERM or SIGINT.

    HTTP has CMC at / and EST at /.well-known/est/fullcmc. Of each listener a line says that it
    accepts: listening http 127.0.0.1:8080.

    The exit status is 0 at the end, or 2 where it cannot serve.
    """
    ras = certificates(authorised_ra)

    def make(**counted: Any) -> Any:
        from cmcodec.embedded import EmbeddedCA

        # Without the option, config.toml says it.
        confirmed = True if confirm else None
        return EmbeddedCA(
            path=folder, authorised_ras=ras, manual=manual, confirm=confirmed, **counted
        )

    return serve(make, serving)
