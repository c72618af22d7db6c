"""``cmc request receive``: an answer that came another way."""

from __future__ import annotations

import click

from cmcodec.cli.exchange.options import Options, exchange_options
from cmcodec.cli.exchange.running import keys_option, resume
from cmcodec.cli.groups import example
from cmcodec.cli.inputs import read_message
from cmcodec.cli.options import FILE

__all__ = ["command"]


@click.command(
    "receive",
    short_help="Take an answer from a file.",
    epilog=example(
        "cmc request receive device.crq.state answer.crp --trust ca.pem --out device.pem",
    ),
)
@click.argument("saved", type=FILE, metavar="STATE")
@click.argument("file", type=FILE)
@keys_option
@exchange_options
def command(options: Options, *, saved: str, file: str, keys: tuple[str, ...]) -> int:
    """Take the answer in FILE to the request in STATE; - is standard input.

    What is to be sent next is written to --out, or sent with --to.

    The exit status is as for enroll.
    """
    return resume(options, saved, keys, answer=read_message(file))
