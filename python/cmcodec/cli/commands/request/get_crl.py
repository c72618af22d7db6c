"""``cmc request get-crl``: the newest CRL of an issuer."""

from __future__ import annotations

import click

from cmcodec.cli.exchange.asked import subject_name
from cmcodec.cli.exchange.options import Options, exchange_options
from cmcodec.cli.exchange.running import begin
from cmcodec.cli.groups import example

__all__ = ["command"]


@click.command(
    "get-crl",
    short_help="Get the newest CRL.",
    epilog=example(
        "cmc request get-crl --issuer CN=CA --signer device.pem --signer-key device.key",
        "--trust ca.pem --to https://ca.example/cmc --out ca.crl",
    ),
)
@click.option("--issuer", required=True, metavar="DN", help="Of which issuer, by RFC 4514.")
@exchange_options
def command(options: Options, *, issuer: str) -> int:
    """Get the newest CRL of an issuer, in PEM.

    The exit status is as for enroll.
    """
    name = subject_name(issuer, "--issuer")
    return begin(options, lambda client: client.get_crl(name))
