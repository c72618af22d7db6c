"""How an exchange goes on: the next message, or what is waited for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from cmcodec import oids, types
from cmcodec.builders import RequestBuilder
from cmcodec.controls.conversation import NONCE_OCTETS
from cmcodec.controls.messages import inner_of
from cmcodec.message import load
from cmcodec.roles.end_entity import outgoing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cmcodec.roles.ee import Client
    from cmcodec.roles.end_entity.asked import Asked
    from cmcodec.roles.end_entity.exchange import Exchange
    from cmcodec.roles.end_entity.outgoing import Outgoing
    from cmcodec.roles.end_entity.progress import Progress, Step

__all__ = ["ExchangeState", "following", "proceeding", "sending"]


ExchangeState: TypeAlias = Literal["send", "wait", "confirm", "done", "failed"]


def proceeding(client: Client, exchange: Exchange, progress: Progress) -> Exchange:
    """The exchange in the state that what was asked for is in.

    First the server is told what becomes of certificates, of one after the other: each has a key of
    its own to say so.
    """
    items = progress.items
    states = {item.state for item in items}
    settling = next((item for item in items if item.state in ("accepted", "rejected")), None)
    if settling is not None:
        return sending(exchange, progress, "confirm", _settling(client, progress, settling))
    if "undecided" in states:
        return _at(exchange, progress, "confirm")
    if "pending" in states:
        due = min(item.due for item in items if item.due is not None)
        return _at(exchange, progress, "wait", due)
    is_obtained = "done" in states or bool(progress.made)
    return _at(exchange, progress, "done" if is_obtained else "failed")


def following(client: Client, progress: Progress) -> RequestBuilder:
    """The next message, after the last response.

    It has a nonce in any case: that of a Simple PKI Request has none to return, and comes again
    where the request does, when the next message is to be answered.
    """
    builder = RequestBuilder(random=client.random)
    if progress.reply is None:
        return builder
    reply = load(progress.reply)
    builder = builder.follow_up(reply)
    kinds = {each.attr_type for each in getattr(inner_of(reply), "control_sequence", ())}
    if oids.ID_CMC_SENDER_NONCE not in kinds:
        builder = builder.add_control(types.SenderNonce(client.random(NONCE_OCTETS)))
    return builder


def sending(
    exchange: Exchange,
    progress: Progress,
    step: Step,
    made: Outgoing,
    failures: Iterable[types.CMCStatusInfoV2] = (),
) -> Exchange:
    """The exchange with a message that is to be sent."""
    progress = replace(
        progress,
        step=step,
        sent=made.message,
        octets=made.octets,
        failures=(*progress.failures, *failures),
    )
    return replace(exchange, state="send", request=made.octets, not_before=None, _progress=progress)


def _settling(client: Client, progress: Progress, item: Asked) -> Outgoing:
    """R-144: what becomes of a certificate."""
    assert item.certificate is not None
    builder = following(client, progress)
    if item.state == "accepted":
        builder = builder.confirm(item.certificate)
    else:
        builder = builder.reject(item.certificate, item.text)
    return outgoing.settling(client, builder, item)


def _at(
    exchange: Exchange,
    progress: Progress,
    state: ExchangeState,
    not_before: datetime | None = None,
) -> Exchange:
    return replace(exchange, state=state, request=None, not_before=not_before, _progress=progress)
