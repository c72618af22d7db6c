"""``cmc batch make``: requests in one message that an RA signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cmcodec.builders import BatchRequestBuilder, RequestBuilder
from cmcodec.builders.batches import REQUESTS
from cmcodec.cli.exchange.options import signing_key
from cmcodec.cli.exchange.result import Result
from cmcodec.cli.groups import example
from cmcodec.cli.inputs import read_messages
from cmcodec.cli.options import (
    FILE,
    Failure,
    backend_option,
    bad_message,
    printable,
    read_secret,
    write_output,
)
from cmcodec.cli.show.progress import Bar
from cmcodec.controls.messages import request_of
from cmcodec.errors import CMCError
from cmcodec.message import load

if TYPE_CHECKING:
    from cmcodec.cli.inputs import Input
    from cmcodec.cms import SigningKey

__all__ = ["command"]


@click.command(
    "make",
    short_help="Put requests into one message.",
    epilog=example(
        "cmc batch make requests/*.crq --signer ra.pem --signer-key ra.key --out batch.crq"
    ),
)
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE…")
@click.option("--signer", required=True, type=FILE, help="The certificate of the RA.")
@click.option("--signer-key", required=True, type=FILE, metavar="KEY", help="Its key.")
@click.option("--key-password-file", type=FILE, help="The password of that key.")
@click.option("--out", required=True, type=FILE, help="For the batch.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@backend_option
def command(
    files: tuple[str, ...],
    *,
    signer: str,
    signer_key: str,
    key_password_file: str | None,
    out: str,
    as_json: bool,
) -> int:
    """Put requests into one message that a registration authority signs.

    Full PKI Requests, encrypted ones too, go into it as they are. A PKCS#10 goes into a request of
    the RA's own, by which the RA vouches for it. Each PEM block of a file is a request.

    The exit status is 0, 1 where a file is no request, 2 for wrong use.
    """
    password = None if key_password_file is None else read_secret(key_password_file)
    own, _ = signing_key(signer, signer_key, password)
    given = read_messages(files).messages
    messages = []
    with Bar("reading") as bar:
        for number, each in enumerate(given, 1):
            messages.append(_request(each, own))
            bar(number, len(given))
    try:
        batch = BatchRequestBuilder().transaction().add_all(messages).sign(own)
    except CMCError as error:
        raise Failure(f"this makes no batch: {error}") from None
    write_output(out, batch)
    ((_, transaction),) = request_of(load(batch)).find("transactionId")
    notes = [f"{len(given)} requests, in the order of the files"]
    result = Result(state="written", transaction_id=transaction.value, out=out, notes=notes)
    return result.show(as_json=as_json)


def _request(given: Input, signer: SigningKey) -> bytes:
    """A request that was read, as it goes into a batch."""
    try:
        message = load(given.octets)
        if message.kind == "simple-request":
            asked = RequestBuilder().add_request(message.to_der()).transaction()
            return asked.sign(signer)
    except CMCError as error:
        raise bad_message(given.name, error) from None
    if message.kind not in REQUESTS:
        raise Failure(f"{printable(given.name)}: a {message.kind} is no request for a batch")
    return message.to_der()
