"""``cmc ca init``: a new CA."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import click

from cmcodec.cli.folders import name_of, told
from cmcodec.cli.groups import example
from cmcodec.cli.options import backend_option

__all__ = ["command"]


@click.command(
    "init",
    short_help="Make a CA.",
    epilog=example("cmc ca init lab --subject 'CN=Lab CA' --days 365"),
)
@click.argument("folder", type=Path)
@click.option("--subject", metavar="DN", default="CN=Lab CA", help="Its name [CN=Lab CA].")
@click.option("--new", "kind", metavar="NEWKEY", default="p256", help="Its key [p256].")
@click.option("--days", type=click.IntRange(1), default=3650, help="How long it lasts [3650].")
@click.option("--store", metavar="URL", help="Of SQLAlchemy [a file of sqlite in the folder].")
@click.option("--url", metavar="URL", help="Where its server will be [http://THIS-HOST:8080/].")
@backend_option
def command(
    folder: Path, *, subject: str, kind: str, days: int, store: str | None, url: str | None
) -> int:
    """Make the keys, the certificates, the store and config.toml of a CA in FOLDER.

    What is there already is kept: put ca-cert.pem and ca-key.pem there for a CA of your own; take
    server-cert.pem and server-key.pem away for a new key of the server. NEWKEY: rsa2048, rsa3072,
    rsa4096, p256, p384, p521, ed25519 or mldsa65.

    The exit status is 0, or 2 where there is a CA already or something cannot be made.
    """
    named = name_of(subject)
    assert named is not None
    where = url or f"http://{socket.gethostname()}:8080/"
    with told():
        from cmcodec.embedded import create

        create(folder, subject=named, key=kind, days=days, store=store, url=where)
    sys.stdout.write(f"{folder}: a CA, whose clients trust {folder / 'ca-cert.pem'}\n")
    return 0
