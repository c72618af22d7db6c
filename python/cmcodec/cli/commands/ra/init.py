"""``cmc ra init``: a new RA."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cmcodec.cli.folders import certificates, told
from cmcodec.cli.groups import Many, ManyCommand, example
from cmcodec.cli.options import FILE, Misuse, backend_option, read_key, read_secret

__all__ = ["command"]


@click.command(
    "init",
    cls=ManyCommand,
    short_help="Make an RA.",
    epilog=example(
        "cmc ra init desk --upstream http://ca.example:8080/",
        "--signer ra.pem --signer-key ra.key --trust ca-cert.pem",
    ),
)
@click.argument("folder", type=Path)
@click.option("--upstream", required=True, metavar="URL", help="The next server.")
@click.option("--signer", required=True, type=FILE, help="The certificate of the RA.")
@click.option(
    "--signer-key", required=True, type=FILE, metavar="KEY", help="Its key: copied, or pkcs11:."
)
@click.option("--key-password-file", type=FILE, help="The password of that key.")
@click.option(
    "--trust", cls=Many, type=FILE, metavar="FILE…", help="Whom it trusts, below and above."
)
@click.option(
    "--encrypt-to", cls=Many, type=FILE, metavar="FILE…", help="Who reads what it sends up."
)
@backend_option
def command(
    folder: Path,
    *,
    upstream: str,
    signer: str,
    signer_key: str,
    key_password_file: str | None,
    trust: tuple[str, ...],
    encrypt_to: tuple[str, ...],
) -> int:
    """Make the folder of an RA, which sends what it receives to the next server.

    The exit status is 0, or 2 where there is an RA already or something cannot be made.
    """
    if not trust:
        raise Misuse("--trust FILE is needed: the CAs of its clients and of the next server")
    password = None if key_password_file is None else read_secret(key_password_file)
    key = read_key(signer_key, password)
    with told():
        from cmcodec.embedded import create_ra

        create_ra(
            folder,
            upstream=upstream,
            certificate=certificates((signer,))[0],
            key=key,
            key_uri=signer_key,
            trust=certificates(trust),
            encrypt_to=certificates(encrypt_to),
        )
    sys.stdout.write(f"{folder}: an RA in front of {upstream}\n")
    return 0
