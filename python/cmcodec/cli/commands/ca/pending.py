"""``cmc ca pending``: what waits for somebody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cmcodec.asn1 import display
from cmcodec.cli.folders import opened_ca
from cmcodec.cli.groups import example
from cmcodec.cli.options import backend_option
from cmcodec.cli.rows import show

if TYPE_CHECKING:
    from cmcodec.roles import Application

__all__ = ["command"]


@click.command(
    "pending", short_help="List what waits.", epilog=example("cmc ca pending lab --json")
)
@click.argument("folder", type=Path)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines: an object for each.")
@backend_option
def command(folder: Path, *, as_json: bool) -> int:
    """List the applications that wait for cmc ca approve or cmc ca refuse.

    The exit status is 0, or 2 for wrong use.
    """
    with opened_ca(folder) as ca:
        show(map(_row, ca.pending()), _what, as_json=as_json)
    return 0


def _what(row: dict[str, Any]) -> str:
    return f"{row['application_id']}  since {row['since']}"


def _row(application: Application) -> dict[str, Any]:
    return {
        "application_id": application.id.hex(),
        "subject": application.subject.rfc4514_string(),
        "requester": str(application.requester),
        "since": display.to_dict(application.since),
        "until": display.to_dict(application.until),
    }
