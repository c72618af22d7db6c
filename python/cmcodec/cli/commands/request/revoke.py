"""``cmc request revoke``: the revocation of a certificate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from cmcodec.cli.exchange.asked import serial_number, subject_name
from cmcodec.cli.exchange.options import Options, exchange_options, first_certificate
from cmcodec.cli.exchange.running import begin
from cmcodec.cli.groups import example
from cmcodec.cli.options import FILE, Misuse, printable
from cmcodec.cli.revocation import reason_option

if TYPE_CHECKING:
    from cmcodec import types
    from cmcodec.types import CRLReason

__all__ = ["command"]


@click.command(
    "revoke",
    short_help="Ask for a revocation.",
    epilog=example(
        "cmc request revoke --certificate device.pem --reason keyCompromise",
        "--signer device.pem --signer-key device.key --trust ca.pem --to https://ca.example/cmc",
    ),
)
@click.option("--certificate", type=FILE, help="That which is revoked; or:")
@click.option("--issuer", metavar="DN", help="The name of its issuer, by RFC 4514,")
@click.option("--serial", metavar="N", help="and its number, hexadecimal behind 0x.")
@reason_option
@click.option("--comment", metavar="TEXT", help="For people.")
@click.option("--invalidity", metavar="TIME", help="Since when, as 2026-11-29T12:00Z.")
@exchange_options
def command(
    options: Options,
    *,
    certificate: str | None,
    issuer: str | None,
    serial: str | None,
    reason: CRLReason,
    comment: str | None,
    invalidity: str | None,
) -> int:
    """Ask for the revocation of a certificate, signed by it or by whoever may.

    Without --signer, --secret-file is needed; without --mac too, the secret itself is in the
    request, which --encrypt-to keeps from others.

    The exit status is as for enroll.
    """
    if (certificate is None) == (issuer is None) or (issuer is None) != (serial is None):
        raise Misuse("one of --certificate FILE and --issuer DN --serial N")
    if certificate is not None:
        what: bytes | types.IssuerAndSerialNumber = first_certificate(certificate)
    else:
        what = _named(issuer or "", serial or "")
    since = None if invalidity is None else _moment(invalidity)

    return begin(
        options,
        lambda client: client.revoke(what, reason, comment=comment, invalidity_date=since),
    )


def _named(issuer: str, serial: str) -> types.IssuerAndSerialNumber:
    from cmcodec import types

    name = types.Name.from_cryptography(subject_name(issuer, "--issuer"))
    return types.IssuerAndSerialNumber(issuer=name, serial_number=serial_number(serial))


def _moment(text: str) -> datetime:
    """A time by ISO 8601, of UTC where it has no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(f"--invalidity {printable(text)}: a time, as 2026-11-29T12:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
