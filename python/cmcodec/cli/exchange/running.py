"""An exchange from a command to the next: kept on the disk before anything is sent."""

from __future__ import annotations

import json
import secrets
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

import click

from cmcodec.cli.exchange.asked import new_request
from cmcodec.cli.options import (
    FILE,
    Failure,
    Misuse,
    printable,
    read_input,
    read_key,
    reason_of,
    write_output,
)
from cmcodec.errors import CMCError, EncodeError, ForbiddenError, SigningError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cmcodec.cli.exchange.asked import AskedKey
    from cmcodec.cli.exchange.options import Options
    from cmcodec.cli.exchange.result import Result
    from cmcodec.roles import Client, Exchange
    from cmcodec.transports import Sender

__all__ = ["begin", "keys_option", "resume"]

_NO_OUT: Final = "--out FILE is needed: the request is written there, as there is no --to"
_OPEN: Final = ("wait", "confirm")
"""States in which a server has something for us."""


keys_option = click.option(
    "--key",
    "keys",
    multiple=True,
    type=FILE,
    metavar="KEY",
    help="The key of the request, where it signs.",
)
"""For who goes on: no key stands in a state."""


class _Server(NamedTuple):
    """Who is asked, and by whom messages go there."""

    url: str
    sender: Sender


@final
@dataclass(frozen=True, slots=True)
class _State:
    """The file that an exchange is kept in; ``is_asked_for``: whether the caller knows of it."""

    name: str
    is_asked_for: bool = True

    def save(self, exchange: Exchange) -> None:
        write_output(self.name, exchange.save(), private=True)

    def drop(self) -> None:
        """Removes what nobody asked for and nobody needs."""
        if not self.is_asked_for:
            with suppress(OSError):
                Path(self.name).unlink()


def begin(options: Options, ask: Callable[[Client], Exchange], key: AskedKey | None = None) -> int:
    """Asks for something, and gives the exit status.

    ``key`` is kept once it is known that the request can be made, and before it is sent.
    """
    state = _new_state(options)
    client = options.client(is_answered=options.to is not None)
    with _server(options) as server:
        exchange = _asking(ask, client)
        if key is not None:
            key.keep()
        exchange = _sent(server, exchange, state)
    return _shown(options, exchange, state, _result(options, exchange, state))


def resume(
    options: Options,
    name: str,
    keys: Sequence[str],
    act: Callable[[Exchange], Exchange] | None = None,
    *,
    answer: bytes | None = None,
) -> int:
    """Goes on with an exchange that was kept, and gives the exit status.

    ``keys``: those of requests, which have to sign or to open again. ``act``: what is to be done
    with it; else it takes ``answer``. Where the server does not believe who asks, the exchange is
    kept as it was: the next one may have the right key.
    """
    client = options.client(is_answered=answer is not None or options.to is not None)
    requests = [new_request(read_key(each, options.password).for_request) for each in keys]
    try:
        before = client.resume(read_input(name), *requests)
    except ValueError as error:
        raise Misuse(f"{printable(name)}: {error}") from None
    state = _State(options.state or name)
    with _server(options) as server:
        if act is not None:
            exchange = _asking(act, before)
        else:
            if before.state != "send":
                raise Misuse(f"{printable(name)}: no answer is expected, as nothing was sent")
            exchange = _received(before, answer or b"", "")
        if exchange.state == "send" and options.to is None and options.out is None:
            raise Misuse(_NO_OUT)
        exchange = _sent(server, exchange, state)
    result = _result(options, exchange, state)
    if result.is_about_who_asks:
        state.save(before)
        result = replace(result, notes=["who asks is not believed: the state is as it was"])
    return _shown(options, exchange, state, result)


def _new_state(options: Options) -> _State:
    """Where a new exchange is kept; ends where that would lose another one."""
    if options.to is None and options.out is None:
        raise Misuse(_NO_OUT)
    if options.state is None and options.out is None:
        return _State(f"cmc-{secrets.token_hex(8)}.state", is_asked_for=False)
    name = options.state or f"{options.out}.state"
    for each in (name, options.out or name):
        if not Path(each).parent.is_dir():
            raise Misuse(f"{printable(each)}: there is no such folder")
    if Path(name).exists():
        try:
            before = json.loads(read_input(name))["state"]
        except (ValueError, TypeError, LookupError):
            raise Misuse(f"{printable(name)}: is there, and is no state") from None
        if before in _OPEN:
            shown = printable(name)
            raise Misuse(f"{shown}: a server has something for it: cmc request poll {shown}")
    return _State(name)


def _asking(act: Callable[[Any], Exchange], given: Any) -> Exchange:
    """What a client or an exchange makes of what is asked, which may be wrong use."""
    try:
        return act(given)
    except ForbiddenError as error:
        hint = ": a key that signs, --signer, or --secret-file" if error.rule == "R-016" else ""
        raise Misuse(f"this makes no message{hint} ({error})") from None
    except (EncodeError, SigningError) as error:
        raise Misuse(f"this makes no message: {error}") from None
    except (ValueError, TypeError) as error:
        raise Misuse(str(error)) from None


@contextmanager
def _server(options: Options) -> Iterator[_Server | None]:
    """Whom messages go to, if to anybody."""
    from cmcodec.cli.exchange.sending import opened

    if options.to is None:
        yield None
        return
    with opened(options.to) as sender:
        yield _Server(options.to, sender)


def _sent(server: _Server | None, exchange: Exchange, state: _State) -> Exchange:
    """The exchange when there is nothing to send, or nowhere to; each step of it was kept."""
    from cmcodec.cli.exchange.sending import answer_to

    state.save(exchange)
    while server is not None and exchange.state == "send":
        assert exchange.request is not None
        note = f"; the same again: cmc request poll {printable(state.name)} --to URL"
        answer = answer_to(server.sender, server.url, exchange.request, note)
        exchange = _received(exchange, answer, note)
        state.save(exchange)
    return exchange


def _received(exchange: Exchange, answer: bytes, note: str) -> Exchange:
    """The exchange after an answer; ``note``: what to do where it does not count."""
    try:
        return exchange.receive(answer)
    except CMCError as error:
        what = f"the answer does not count: {reason_of(error)}" if answer else "there is no answer"
        raise Failure(f"{what}{note}") from None
    except ValueError as error:
        raise Misuse(f"{error}: --key KEY{note}") from None


def _result(options: Options, exchange: Exchange, state: _State) -> Result:
    """What has become of it, with what is written in its file."""
    from cmcodec.cli.exchange.result import Result

    out, notes = None, []
    shown = printable(state.name)
    if exchange.state == "send":
        out = _written(options, exchange)
        notes = [f"the answer: cmc request receive {shown} ANSWER"]
    elif exchange.state == "wait":
        notes = [f"then: cmc request poll {shown}"]
    elif exchange.state == "confirm":
        notes = [f"decide: cmc request confirm {shown}, or reject"]
    if exchange.state != "send" and options.out is not None and (octets := _obtained(exchange)):
        out = options.out
        write_output(out, octets)
    result = Result(
        state="written" if exchange.state == "send" else exchange.state,
        transaction_id=exchange.transaction_id,
        certificates=[*exchange.certificates, *options.held],
        statuses=() if exchange.state == "send" else exchange.statuses,
        not_before=exchange.not_before,
        out=out,
        notes=notes,
    )
    if result.state == "failed" and not result.refusals:
        # We have rejected what was issued, and the server takes note of it.
        return replace(result, state="done")
    return result


def _written(options: Options, exchange: Exchange) -> str:
    """The file that the request is in; whoever has a secret may be guessed by it."""
    assert exchange.request is not None
    # Whoever asks without it was told so at first.
    assert options.out is not None
    write_output(options.out, exchange.request, private=options.secret_file is not None)
    return options.out


def _shown(options: Options, exchange: Exchange, state: _State, result: Result) -> int:
    """Shows the result, and what has no file to go to; gives the exit status."""
    status = result.show(as_json=options.as_json)
    octets = _obtained(exchange) if options.out is None else b""
    if octets and not options.as_json:
        sys.stdout.write(octets.decode())
        octets = b""
    if not octets and exchange.state in ("done", "failed"):
        state.drop()
    elif options.as_json and not state.is_asked_for:
        # In the object there is no place for its name.
        click.echo(f"cmc: the state is in {state.name}", err=True)
    return status


def _obtained(exchange: Exchange) -> bytes:
    """In PEM: certificates with what issued them, or CRLs where those were asked for."""
    from cmcodec.cli.exchange.result import chain_of, pem

    if exchange.state == "confirm":
        return b""
    if exchange.certificates:
        return pem(chain_of(exchange.certificates, exchange.chain))
    return pem(exchange.crls) if exchange.state == "done" else b""
