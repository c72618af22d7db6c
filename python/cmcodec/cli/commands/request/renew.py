"""``cmc request renew``: a new certificate with the names of an old one."""

from __future__ import annotations

from dataclasses import replace

import click

from cmcodec.cli.exchange import asked
from cmcodec.cli.exchange.options import Options, exchange_options, first_certificate
from cmcodec.cli.exchange.running import begin
from cmcodec.cli.groups import example
from cmcodec.cli.options import FILE, Misuse

__all__ = ["command"]


@click.command(
    "renew",
    short_help="Renew a certificate.",
    epilog=example(
        "cmc request renew --certificate device.pem --signer-key device.key",
        "--new p256 --key-out new.key --trust ca.pem --to https://ca.example/cmc --out new.pem",
    ),
)
@click.option("--certificate", required=True, type=FILE, help="That which is renewed.")
@asked.key_options
@exchange_options
def command(
    options: Options,
    *,
    certificate: str,
    new: str | None,
    key_out: str | None,
    key: str | None,
) -> int:
    """Ask for a certificate with the names of an old one, signed by it.

    Nothing is done to the old one.

    The exit status is as for enroll.
    """
    if options.signer_key is None:
        raise Misuse("--signer-key KEY is needed: that of the certificate")
    if (new is not None or key_out is not None) == (key is not None):
        raise Misuse("one of --new NEWKEY --key-out FILE and --key KEY")
    options = replace(options, signer=options.signer or certificate)
    old = first_certificate(certificate)
    own = asked.asked_key(options, new=new, key_out=key_out, key=key)
    request = asked.new_request(own.key)
    return begin(options, lambda client: client.renew(old, request), own)
