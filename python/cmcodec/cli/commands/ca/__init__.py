"""``cmc ca …``: a CA in a folder, for labs and tests."""

from __future__ import annotations

import click

from cmcodec.cli.groups import Commands

__all__ = ["command"]

_NAMES = (*("init", "serve", "secret", "list", "pending", "approve", "refuse", "revoke", "crl"),)


@click.group(
    "ca",
    cls=Commands,
    home=__name__,
    names=_NAMES,
    short_help="A CA in a folder: make it, serve it, run it.",
    epilog="Exit status: 0 done, 1 there is no such certificate or application, 2 wrong use.",
)
def command() -> None:
    """Run a CA in a folder, for labs and tests.

    The folder has its keys, its store and config.toml, where profiles and rules stand.
    """
