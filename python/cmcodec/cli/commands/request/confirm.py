"""``cmc request confirm``: a certificate is accepted."""

from __future__ import annotations

import click

from cmcodec.cli.exchange.options import Options, exchange_options
from cmcodec.cli.exchange.running import keys_option, resume
from cmcodec.cli.groups import example
from cmcodec.cli.options import FILE

__all__ = ["command"]


@click.command(
    "confirm",
    short_help="Accept what --hold left.",
    epilog=example(
        "cmc request confirm device.pem.state --key device.key",
        "--trust ca.pem --to https://ca.example/cmc --out device.pem",
    ),
)
@click.argument("saved", type=FILE, metavar="STATE")
@keys_option
@exchange_options
def command(options: Options, *, saved: str, keys: tuple[str, ...]) -> int:
    """Accept the certificates that --hold left in STATE.

    The exit status is as for enroll.
    """
    return resume(options, saved, keys, lambda exchange: exchange.confirm())
