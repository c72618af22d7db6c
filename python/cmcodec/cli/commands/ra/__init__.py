"""``cmc ra …``: an RA in a folder, between its clients and the next server."""

from __future__ import annotations

import click

from cmcodec.cli.groups import Commands

__all__ = ["command"]


@click.group(
    "ra",
    cls=Commands,
    home=__name__,
    names=("init", "secret", "serve"),
    short_help="An RA in a folder: make it, serve it.",
    epilog="Exit status: 0 done, 2 wrong use.",
)
def command() -> None:
    """Run a registration authority in a folder, in front of a CA or of another one."""
