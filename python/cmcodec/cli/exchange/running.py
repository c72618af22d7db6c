"""An exchange from a command to the next: kept on the disk before anything is sent."""

from __future__ import annotations

import json
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import click

from cmcodec.cli.exchange.asked import new_request
from cmcodec.cli.exchange.result import Result, chain_of, pem
from cmcodec.cli.exchange.sending import answer_to, opened
from cmcodec.cli.options import Failure, Misuse, printable, read_input, read_key, write_output
from cmcodec.errors import CMCError, EncodeError, ForbiddenError, SigningError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmcodec.cli.exchange.asked import AskedKey
    from cmcodec.cli.exchange.options import Options
    from cmcodec.roles import Client, Exchange

__all__ = ["begin", "keys_option", "resume"]

_OPEN: Final = ("wait", "confirm")
"""States in which a server has something for us."""


keys_option = click.option(
    "--key", "keys", multiple=True, metavar="KEY", help="The key of the request, where it signs."
)
"""For who goes on: no key stands in a state."""


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
    exchange = _asking(ask, client)
    if key is not None:
        key.keep()
    return _go_on(options, exchange, state)


def resume(
    options: Options,
    name: str,
    keys: Sequence[str],
    act: Callable[[Exchange], Exchange],
    *,
    is_answered: bool = False,
    is_rejecting: bool = False,
) -> int:
    """Goes on with an exchange that was kept, and gives the exit status.

    ``keys``: those of requests, which have to sign or to open again. ``is_answered``: whether
    ``act`` takes an answer.
    """
    client = options.client(is_answered=is_answered or options.to is not None)
    requests = [new_request(read_key(each, options.password).for_request) for each in keys]
    try:
        before = client.resume(read_input(name), *requests)
    except ValueError as error:
        raise Misuse(f"{printable(name)}: {error}") from None
    exchange = _asking(act, before)
    state = _State(options.state or name)
    return _go_on(options, exchange, state, is_rejecting=is_rejecting)


def _new_state(options: Options) -> _State:
    """Where a new exchange is kept; ends where that would lose another one."""
    if options.to is None and options.out is None:
        raise Misuse("--out FILE is needed: the request is written there, as there is no --to")
    if options.state is None and options.out is None:
        return _State(f"cmc-{secrets.token_hex(8)}.state", is_asked_for=False)
    name = options.state or f"{options.out}.state"
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
    except CMCError:
        # Of an answer, which is bad.
        raise
    except (ValueError, TypeError) as error:
        raise Misuse(str(error)) from None


def _go_on(
    options: Options, exchange: Exchange, state: _State, *, is_rejecting: bool = False
) -> int:
    """Sends what is to be sent, acts on the answers, and shows what has become of it."""
    result: Result | None = None
    if options.to is None:
        state.save(exchange)
        if exchange.state == "send":
            result = _written(options, exchange, state)
    else:
        exchange = _sent(options.to, exchange, state)
    if result is None:
        result = _settled(options, exchange, state, is_rejecting=is_rejecting)
    status = result.show(as_json=options.as_json)
    is_shown = result.out is not None or not (exchange.certificates or exchange.crls)
    if options.out is None and not is_shown and not options.as_json:
        sys.stdout.write(_obtained(exchange).decode())
        is_shown = True
    if is_shown and exchange.state in ("done", "failed"):
        state.drop()
    return status


def _sent(url: str, exchange: Exchange, state: _State) -> Exchange:
    with opened(url) as sender:
        state.save(exchange)
        while exchange.state == "send":
            assert exchange.request is not None
            note = f"; the same again: cmc request poll {printable(state.name)} --to URL"
            answer = answer_to(sender, url, exchange.request, note)
            try:
                exchange = exchange.receive(answer)
            except CMCError as error:
                what = f"the answer does not count: {error}" if answer else "there is no answer"
                raise Failure(f"{what}{note}") from None
            except ValueError as error:
                # Of a challenge.
                raise Misuse(f"--key: {error}{note}") from None
            state.save(exchange)
    return exchange


def _written(options: Options, exchange: Exchange, state: _State) -> Result:
    """The request in its file; whoever has a secret may guess it by the request."""
    assert exchange.request is not None
    if options.out is None:
        raise Misuse("--out FILE is needed: the request is written there, as there is no --to")
    write_output(options.out, exchange.request, private=options.secret_file is not None)
    return Result(
        state="written",
        transaction_id=exchange.transaction_id,
        out=options.out,
        notes=[f"the answer: cmc request receive {printable(state.name)} ANSWER"],
    )


def _settled(options: Options, exchange: Exchange, state: _State, *, is_rejecting: bool) -> Result:
    """The exchange as it is, with what was obtained in its file."""
    out = None
    if options.out is not None and exchange.state != "confirm":
        octets = _obtained(exchange)
        if octets:
            out = options.out
            write_output(out, octets)
    shown = printable(state.name)
    notes = {
        "wait": [f"then: cmc request poll {shown}"],
        "confirm": [f"decide: cmc request confirm {shown}, or reject"],
    }
    result = Result(
        state=exchange.state,
        transaction_id=exchange.transaction_id,
        certificates=[*exchange.certificates, *options.held],
        statuses=exchange.statuses,
        not_before=exchange.not_before,
        out=out,
        notes=notes.get(exchange.state, []),
    )
    if is_rejecting and exchange.state == "failed" and not result.is_refused:
        # What was to be rejected and is, is what was asked for.
        return replace(result, state="done")
    return result


def _obtained(exchange: Exchange) -> bytes:
    """In PEM: certificates with what issued them, or CRLs where those were asked for."""
    if exchange.certificates:
        return pem(chain_of(exchange.certificates, exchange.chain))
    return pem(exchange.crls) if exchange.state == "done" else b""
