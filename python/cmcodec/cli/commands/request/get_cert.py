"""``cmc request get-cert``: a certificate, by its issuer and serial number."""

from __future__ import annotations

import click

from cmcodec.cli.exchange.asked import serial_number, subject_name
from cmcodec.cli.exchange.options import Options, exchange_options
from cmcodec.cli.exchange.running import begin
from cmcodec.cli.groups import example

__all__ = ["command"]


@click.command(
    "get-cert",
    short_help="Look up a certificate.",
    epilog=example(
        "cmc request get-cert --issuer CN=CA --serial 0x1A2B --signer device.pem",
        "--signer-key device.key --trust ca.pem --to https://ca.example/cmc --out found.pem",
    ),
)
@click.option("--issuer", required=True, metavar="DN", help="The name of its issuer, by RFC 4514.")
@click.option("--serial", required=True, metavar="N", help="Its number, hexadecimal behind 0x.")
@exchange_options
def command(options: Options, *, issuer: str, serial: str) -> int:
    """Get a certificate that was issued.

    The exit status is as for enroll.
    """
    name, number = subject_name(issuer, "--issuer"), serial_number(serial)
    return begin(options, lambda client: client.get_certificate(name, number))
