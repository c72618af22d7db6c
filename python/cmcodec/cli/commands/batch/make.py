"""``cmc batch make``: requests in one message that an RA signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cmcodec.builders import BatchRequestBuilder, RequestBuilder
from cmcodec.builders.batches import REQUESTS
from cmcodec.cli.exchange.options import signing_key
from cmcodec.cli.exchange.result import Result
from cmcodec.cli.groups import example
from cmcodec.cli.options import (
    Failure,
    backend_option,
    printable,
    read_input,
    read_secret,
    write_output,
)
from cmcodec.cli.show.progress import Bar
from cmcodec.controls.messages import request_of
from cmcodec.errors import CMCError
from cmcodec.message import load

if TYPE_CHECKING:
    from cmcodec.cms import SigningKey

__all__ = ["command"]


@click.command(
    "make",
    short_help="Put requests into one message.",
    epilog=example(
        "cmc batch make requests/*.crq --signer ra.pem --signer-key ra.key --out batch.crq"
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--signer", required=True, metavar="FILE", help="The certificate of the RA.")
@click.option("--signer-key", required=True, metavar="KEY", help="Its key.")
@click.option("--key-password-file", metavar="FILE", help="The password of that key.")
@click.option("--out", required=True, metavar="FILE", help="For the batch.")
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
    the RA's own, by which the RA vouches for it.

    The exit status is 0, 1 where a file is no request, 2 for wrong use.
    """
    password = None if key_password_file is None else read_secret(key_password_file)
    own, _ = signing_key(signer, signer_key, password)
    messages = []
    with Bar("reading") as bar:
        for number, name in enumerate(files, 1):
            messages.append(_request(name, own))
            bar(number, len(files))
    try:
        batch = BatchRequestBuilder().transaction().add_all(messages).sign(own)
    except CMCError as error:
        raise Failure(f"this makes no batch: {error}") from None
    write_output(out, batch)
    ((_, transaction),) = request_of(load(batch)).find("transactionId")
    notes = [f"{len(files)} requests, in the order of the files"]
    result = Result(state="written", transaction_id=transaction.value, out=out, notes=notes)
    return result.show(as_json=as_json)


def _request(name: str, signer: SigningKey) -> bytes:
    """The request in a file, as it goes into a batch."""
    try:
        message = load(read_input(name))
        if message.kind == "simple-request":
            asked = RequestBuilder().add_request(message.to_der()).transaction()
            return asked.sign(signer)
    except CMCError as error:
        raise Failure(f"{printable(name)}: {error}") from None
    if message.kind not in REQUESTS:
        raise Failure(f"{printable(name)}: a {message.kind} is no request for a batch")
    return message.to_der()
