"""``cmc ca list``: the certificates of a CA."""

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
    from cmcodec.embedded import Listed

__all__ = ["command"]


@click.command(
    "list",
    short_help="List the certificates.",
    epilog=example("cmc ca list lab --json | jq 'select(.state == \"revoked\")'"),
)
@click.argument("folder", type=Path)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines: an object for each.")
@backend_option
def command(folder: Path, *, as_json: bool) -> int:
    """List the certificates of the CA in FOLDER that have not ended, those of its server too.

    The exit status is 0, or 2 for wrong use.
    """
    with opened_ca(folder) as ca:
        show(map(_row, ca.certificates()), _what, as_json=as_json)
    return 0


def _what(row: dict[str, Any]) -> str:
    return f"{row['serial']:>32}  {row['state']:9}  {row['not_after']}"


def _row(listed: Listed) -> dict[str, Any]:
    from cryptography.hazmat.primitives.hashes import SHA256

    certificate, identifier = listed.certificate, listed.application_id
    return {
        "serial": f"{certificate.serial_number:x}",
        "sha256": certificate.fingerprint(SHA256()).hex(),
        "subject": certificate.subject.rfc4514_string(),
        "not_after": display.to_dict(certificate.not_valid_after_utc),
        "state": listed.state,
        "application_id": None if identifier is None else identifier.hex(),
        "requester": listed.requester,
    }
