"""``cmc request …``: certificates asked for, renewed, revoked and looked up."""

from __future__ import annotations

import click

from cmcodec.cli.groups import Commands

__all__ = ["command"]

_COMMANDS = (
    "enroll", "renew", "revoke", "poll", "receive", "confirm", "reject", "get-cert", "get-crl",
)  # fmt: skip


@click.group(
    "request",
    cls=Commands,
    home=__name__,
    names=_COMMANDS,
    short_help="Get, renew and revoke certificates.",
    epilog="Exit status: 0 done or written, 1 refused or failed, 2 wrong use, 4 pending or held.",
)
def command() -> None:
    """Ask a CA or an RA, and act on what it answers.

    Without --to a request is written to --out, and its answer is for receive. With --to it is sent,
    and what is answered is acted on until there is nothing to send. In between everything is in the
    file --state, in which no key and no secret stands.

    KEY is a file in PEM or DER, or a key in a token: pkcs11:token=LABEL;object=LABEL (RFC 7512).
    The PIN is in the file that pin-source names, or in CMC_PKCS11_PIN, and the library is what
    module-path names, or PKCS11_MODULE.
    """
