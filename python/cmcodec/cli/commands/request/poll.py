"""``cmc request poll``: what has become of a request."""

from __future__ import annotations

import click

from cmcodec.cli.exchange.options import Options, exchange_options
from cmcodec.cli.exchange.running import keys_option, resume
from cmcodec.cli.groups import example
from cmcodec.cli.options import FILE

__all__ = ["command"]


@click.command(
    "poll",
    short_help="Ask again, or send again.",
    epilog=example(
        "cmc request poll device.pem.state --key device.key",
        "--trust ca.pem --to https://ca.example/cmc --out device.pem",
    ),
)
@click.argument("saved", type=FILE, metavar="STATE")
@keys_option
@exchange_options
def command(options: Options, *, saved: str, keys: tuple[str, ...]) -> int:
    """Ask what has become of the request in STATE, or send it again where there was no answer.

    Before its time has come, nothing is sent.

    The exit status is as for enroll.
    """
    return resume(options, saved, keys, lambda exchange: exchange.due())
