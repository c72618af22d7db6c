"""``cmc respond``: the answer of a CA to one message."""

from __future__ import annotations

from pathlib import Path

import click

from cmcodec.cli.folders import opened_ca
from cmcodec.cli.groups import example
from cmcodec.cli.inputs import read_message
from cmcodec.cli.options import FILE, backend_option

__all__ = ["command"]


@click.command(
    "respond",
    short_help="Answer one message, as a CA does.",
    epilog=example("cmc respond device.crq --ca lab --out device.crp"),
)
@click.argument("file", type=FILE)
@click.option("--ca", required=True, type=Path, metavar="FOLDER", help="That of the CA.")
@click.option("--out", type=FILE, help="For the answer, DER [standard output].")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@backend_option
def command(file: str, *, ca: Path, out: str | None, as_json: bool) -> int:
    """Answer the message in FILE as the CA in a folder; - is standard input.

    The exit status is 0 where the answer says that all is well, 1 where it says that something
    failed or there is none, 2 for wrong use, 4 where it is pending or is to be confirmed.
    """
    from cmcodec.cli.exchange.result import show_answer

    octets = read_message(file)
    with opened_ca(ca) as opened:
        answer = opened.respond(octets)
    return show_answer(answer, out, as_json=as_json)
