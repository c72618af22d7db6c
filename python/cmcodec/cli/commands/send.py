"""``cmc send``: a message to a server, and its answer."""

from __future__ import annotations

import click

from cmcodec.cli.groups import example
from cmcodec.cli.inputs import loaded
from cmcodec.cli.options import FILE, backend_option

__all__ = ["command"]


@click.command(
    "send",
    short_help="Send a message, and keep its answer.",
    epilog=example("cmc send device.crq --to https://ca.example/cmc --out device.crp"),
)
@click.argument("file", type=FILE)
@click.option(
    "--to", required=True, metavar="URL", help="http(s)://, est(s)://, cmc://HOST, file:FOLDER."
)
@click.option("--out", type=FILE, help="For the answer, DER [standard output].")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@backend_option
def command(file: str, *, to: str, out: str | None, as_json: bool) -> int:
    """Send the message in FILE as it is, and keep the answer; - is standard input.

    What is shown is what the answer says, and nobody has checked who says so: cmc request receive
    and cmc open do.

    The exit status is 0 where the answer says that all is well, 1 where it says that something
    failed or there is none, 2 for wrong use, 4 where it is pending or is to be confirmed.
    """
    from cmcodec.cli.exchange.result import show_answer
    from cmcodec.cli.exchange.sending import answer_to, opened

    message = loaded(file)
    with opened(to) as sender:
        answer = answer_to(sender, to, message.to_der())
    return show_answer(answer, out, as_json=as_json)
