"""``cmc batch …``: many requests in one message, and the answers out of one."""

from __future__ import annotations

import click

from cmcodec.cli.groups import Commands

__all__ = ["command"]


@click.group(
    "batch",
    cls=Commands,
    home=__name__,
    names=("make", "split"),
    short_help="Many requests in one message of an RA.",
    epilog="Exit status: 0 done or written, 1 refused or failed, 2 wrong use, 4 pending.",
)
def command() -> None:
    """Send the requests of many as one (RFC 10002 §6.17), and give each its answer."""
