"""``cmc request enroll``: certificates for keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cmcodec.cli.exchange import asked
from cmcodec.cli.exchange.options import Options, exchange_options
from cmcodec.cli.exchange.running import begin
from cmcodec.cli.groups import Many, ManyCommand, example
from cmcodec.cli.options import FILE, Misuse, printable, read_input
from cmcodec.foreign import quietly

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["command"]


@click.command(
    "enroll",
    cls=ManyCommand,
    short_help="Ask for a certificate.",
    epilog=example(
        "cmc request enroll --new p256 --key-out device.key --subject CN=device-1",
        "--secret-file secret.txt --identification device-1",
        "--trust ca.pem --to https://ca.example/cmc --out device.pem",
    ),
)
@asked.key_options
@click.option(
    "--csr", "csrs", cls=Many, type=FILE, metavar="FILE…", help="Finished PKCS#10, PEM or DER."
)
@click.option("--subject", metavar="DN", help="The name that is asked for, by RFC 4514.")
@click.option(
    "--san", "sans", multiple=True, metavar="KIND:NAME", help="Another: dns, email, uri or ip."
)
@click.option("--form", type=click.Choice(["pkcs10", "crmf"]), help="Of the request [pkcs10].")
@click.option(
    "--extension", "extensions", multiple=True, metavar="OID=HEX", help="Its value in DER."
)
@exchange_options
def command(
    options: Options,
    *,
    new: str | None,
    key_out: str | None,
    key: str | None,
    csrs: tuple[str, ...],
    subject: str | None,
    sans: tuple[str, ...],
    form: str | None,
    extensions: tuple[str, ...],
) -> int:
    """Ask for a certificate: for a new key, for one that is there, or by finished requests.

    Keys that cannot sign (x25519, mlkem768) are challenged by the server, in CRMF.

    The exit status is 0 where it is done or written, 1 where it is refused, 2 for wrong use, 4
    where it is pending or held.
    """
    if sum((new is not None or key_out is not None, key is not None, bool(csrs))) != 1:
        raise Misuse("one of --new NEWKEY --key-out FILE, --key KEY and --csr FILE…")
    if csrs:
        if subject is not None or sans or form is not None or extensions:
            raise Misuse("--csr: what is asked for stands in it, and nothing beside it")
        finished = [_finished(name) for name in csrs]
        return begin(options, lambda client: client.enroll(*finished))
    named = asked.subject_name(subject or "")
    wanted = [asked.extension(each) for each in extensions]
    if sans:
        # RFC 5280 §4.2.1.6: without a subject it says alone whose the certificate is.
        wanted.append(asked.alternative_names(sans, critical=not subject))
    own = asked.asked_key(options, new=new, key_out=key_out, key=key)
    request = asked.new_request(own.key, form=form, subject=named, extensions=wanted)
    return begin(options, lambda client: client.enroll(request), own)


def _finished(name: str) -> x509.CertificateSigningRequest:
    from cryptography import x509

    octets = read_input(name)
    load = x509.load_pem_x509_csr if b"-----BEGIN" in octets else x509.load_der_x509_csr
    try:
        return quietly(load, octets)
    except ValueError:
        raise Misuse(f"{printable(name)}: neither DER nor PEM of a PKCS#10") from None
