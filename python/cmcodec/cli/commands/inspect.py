"""``cmc inspect``: what a message says, before anybody verified it."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from cmcodec.cli.options import WRAPPED, Failure, backend_option, printable, read_input
from cmcodec.errors import DecodeError
from cmcodec.message import load


@click.command("inspect", short_help="Show what a message says; verifies nothing.")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: octets as hex.")
@click.option("--all", "everything", is_flag=True, help="Show every element of long sequences.")
@click.option(
    "--strict", is_flag=True, help="Refuse BER, the legacy forms of older RFCs and wrong versions."
)
@click.option("--wrapped", is_flag=True, help=WRAPPED)
@backend_option
def command(file: str, as_json: bool, everything: bool, strict: bool, wrapped: bool) -> int:
    """Show what the message in FILE says, under the names of the standard.

    FILE is PEM, DER or BER; - is standard input. Numbers after @ are octet offsets in the DER form
    of the message. Nothing is verified.
    """
    octets = read_input(file)
    try:
        message = load(octets, strict=strict, wrapped=wrapped)
    except DecodeError as error:
        raise Failure(f"{printable(file)}: {error}") from None
    if as_json:
        import json

        shown = message
        if message.kind == "other":
            # A request in id-data is shown, whether it counts as a message or not.
            with suppress(DecodeError):
                shown = load(octets, strict=strict, wrapped=True)
        head = {
            "kind": message.kind,
            "encoding": message.encoding,
            "verification": "not verified",
        }
        sys.stdout.write(json.dumps({**head, **shown.to_dict()}))
        # By itself: unbuffered output loses the rest of a text that its reader cuts short, and the
        # next write learns of it.
        sys.stdout.write("\n")
        return 0
    from cmcodec.cli.show.tree import SHOWN, write_message

    received = "" if message.encoding == "der" else ", received in BER: offsets are of its DER form"
    write = sys.stdout.write
    write(f"NOT VERIFIED: {message.kind}, {len(message.buffer)} octets{received}\n")
    write_message(message, lambda line: write(f"{line}\n"), None if everything else SHOWN)
    return 0
