"""``cmc ca pending``: what waits for somebody."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cmcodec.asn1 import display
from cmcodec.cli.folders import opened_ca
from cmcodec.cli.groups import example
from cmcodec.cli.options import backend_option, printable

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
        for each in ca.pending():
            row = _row(each)
            if as_json:
                sys.stdout.write(f"{json.dumps(row)}\n")
            else:
                who = printable(f"{row['subject']}, by {row['requester']}")
                sys.stdout.write(f"{row['application_id']}  since {row['since']}  {who}\n")
    return 0


def _row(application: Application) -> dict[str, Any]:
    return {
        "application_id": application.id.hex(),
        "subject": application.subject.rfc4514_string(),
        "requester": str(application.requester),
        "since": display.to_dict(application.since),
        "until": display.to_dict(application.until),
    }
