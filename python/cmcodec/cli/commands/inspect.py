"""``cmc inspect``: what a message says, before anybody verified it."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import click

from cmcodec.cli.inputs import mapped, read_messages
from cmcodec.cli.options import FILE, WRAPPED, Failure, backend_option, bad_message, printable
from cmcodec.errors import DecodeError
from cmcodec.hints import hint
from cmcodec.message import load
from cmcodec.received import received_octets, several

if TYPE_CHECKING:
    from cmcodec.message import Message

_SEQUENCE: Final = b"\x30"
"""What begins so is BER, whatever is known of it besides."""


@click.command("inspect", short_help="Show what a message says; verifies nothing.")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="A JSON object: octets as hex.")
@click.option("--all", "everything", is_flag=True, help="Show every element of long sequences.")
@click.option(
    "--raw",
    is_flag=True,
    help="Show offset, depth, length and tag of each element of any BER.",
)
@click.option(
    "--strict", is_flag=True, help="Refuse BER, the legacy forms of older RFCs and wrong versions."
)
@click.option("--wrapped", is_flag=True, help=WRAPPED)
@backend_option
def command(
    file: str, *, as_json: bool, everything: bool, raw: bool, strict: bool, wrapped: bool
) -> int:
    """Show what the message in FILE says, under the names of the standard.

    FILE is PEM, DER or BER; - is standard input. Each PEM block is a message of its own. Numbers
    after @ are octet offsets in the DER form of the message. Challenge passwords are not shown.
    Nothing is verified.

    With --raw, FILE is anything in BER, a certificate for example, and what is shown are its
    elements as they stand there, but not what primitive ones hold, other than names and elements.
    """
    if raw and (as_json or everything or strict or wrapped):
        raise click.UsageError("--raw excludes the other options")
    if raw:
        return _show_elements(file)
    messages = read_messages([file]).messages
    status = 0
    for each in messages:
        try:
            message = load(each.octets, strict=strict, wrapped=wrapped)
        except DecodeError as error:
            failure = bad_message(each.name, error)
            if len(messages) == 1:
                raise failure from None
            sys.stdout.flush()
            failure.show()
            status = failure.exit_code
            continue
        if as_json:
            _write_json(message, each.octets, strict=strict)
        else:
            before = f"{printable(each.name)}: " if each.number else ""
            _write_tree(message, before, everything=everything)
    return status


def _write_json(message: Message, octets: bytes, *, strict: bool) -> None:
    import json

    from cmcodec.cli.show.secrets import masked

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
    sys.stdout.write(json.dumps({**head, **masked(shown.to_dict())}))
    # By itself: unbuffered output loses the rest of a text that its reader cuts short, and the
    # next write learns of it.
    sys.stdout.write("\n")


def _write_tree(message: Message, before: str, *, everything: bool) -> None:
    from cmcodec.cli.show.tree import SHOWN, write_message

    received = "" if message.encoding == "der" else ", received in BER: offsets are of its DER form"
    write = sys.stdout.write
    what = hint(message.buffer) if message.kind == "other" else ""
    kind = f"{message.kind}, {what}" if what else message.kind
    write(f"{before}NOT VERIFIED: {kind}, {len(message.buffer)} octets{received}\n")
    write_message(message, lambda line: write(f"{line}\n"), None if everything else SHOWN)


def _show_elements(file: str) -> int:
    """The elements of a file, or of what stands in a text: in each PEM block of it."""
    from cmcodec.cli.show.elements import write_elements

    is_whole = True
    write = sys.stdout.write
    with mapped(file) as octets:
        with memoryview(octets) as whole:
            pieces = several(whole)
        for piece in pieces:
            try:
                inside = received_octets(piece)
            except DecodeError as error:
                raise bad_message(file, error) from None
            # What is no text is looked at where it stands: a piece may be but its beginning.
            shown = octets if inside is piece else inside
            what = hint(inside)
            if what and inside[:1] != _SEQUENCE:
                raise Failure(f"{printable(file)}: {what}: these are no elements of BER")
            write(f"NOT VERIFIED: {len(shown)} octets{what and ', '}{what}\n")
            is_whole &= write_elements(shown, lambda line: write(f"{line}\n"))
    return 0 if is_whole else 1
