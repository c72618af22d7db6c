"""Exchanges as octets, and back: JSON, in which no key and no shared secret stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, get_args

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cmcodec import types
from cmcodec.errors import CMCError
from cmcodec.foreign import quietly
from cmcodec.message import load
from cmcodec.roles import records
from cmcodec.roles.end_entity import outgoing
from cmcodec.roles.end_entity.asked import Asked, AskedState
from cmcodec.roles.end_entity.certificates import loaded
from cmcodec.roles.end_entity.progress import Progress, Step

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cmcodec.roles.ee import Client
    from cmcodec.roles.end_entity.exchange import Exchange

__all__ = ["dumped", "restored"]

_VERSION: Final = 1
_KINDS: Final = {
    each.__name__: each
    for each in (types.TaggedRequest, types.GetCert, types.GetCRL, types.RevokeRequest)
}
_STATES: Final = ("send", "wait", "confirm", "done", "failed")


def dumped(exchange: Exchange, progress: Progress) -> bytes:
    """An exchange as JSON."""
    message = None if progress.sent is None else load(progress.sent)
    blank = message and outgoing.without_secret(message)
    record = {
        "version": _VERSION,
        "state": exchange.state,
        "not_before": _seconds(exchange.not_before),
        "crls": [records.text(each.public_bytes(Encoding.DER)) for each in exchange.crls],
        "statuses": _all_text(exchange.statuses),
        "anchors": list(map(records.text, exchange.anchors)),
        "response_info": list(map(records.text, exchange.response_info)),
        "items": list(map(_item_record, progress.items)),
        "step": progress.step,
        "sent": None if blank else _text(progress.sent),
        "octets": None if blank else _text(progress.octets),
        # Where the secret itself is in the message, it is left out.
        "content": _text(blank),
        "reply": _text(progress.reply),
        "bag": list(map(records.text, progress.bag)),
        "made": list(map(records.text, progress.made)),
        "failures": _all_text(progress.failures),
        "is_simple": progress.is_simple,
        "identify": progress.identify,
        "is_again": progress.is_again,
    }
    return json.dumps(record, separators=(",", ":")).encode()


def restored(octets: bytes, client: Client) -> tuple[dict[str, Any], Progress]:
    """What an exchange shows, and how far it is.

    Raises `ValueError` for what is no saved exchange, and where a secret is to be in its message
    that the client does not have.
    """
    try:
        record = json.loads(octets)
        content = record["content"]
        asked = None if content is None else types.PKIData.from_der(records.octets(content))
        sent, sent_octets = _octets(record["sent"]), _octets(record["octets"])
        is_known = record["version"] == _VERSION
    except _UNREADABLE:
        is_known = False
    if not is_known:
        raise ValueError(_NONE)
    if asked is not None:
        if client.secret is None:
            raise ValueError(
                "the message of this exchange has a secret in it: a client without one"
            )
        message = outgoing.with_secret(asked, client.secret)
        sent, sent_octets = outgoing.enveloped(client, message)
    try:
        found = _shown(record), _progress(record, sent, sent_octets)
        _check(found[0]["state"], found[1])
    except _UNREADABLE:
        raise ValueError(_NONE) from None
    return found


_NONE: Final = "this is no exchange that was saved"
_UNREADABLE: Final = (
    ArithmeticError, AssertionError, AttributeError, CMCError, LookupError, OSError,
    RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What is raised on the way through a record that is none."""


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": _one_of(_STATES, record["state"]),
        "not_before": _time(record["not_before"]),
        "crls": tuple(
            quietly(x509.load_der_x509_crl, records.octets(each)) for each in record["crls"]
        ),
        "statuses": _statuses(record["statuses"]),
        "anchors": tuple(map(records.octets, record["anchors"])),
        "response_info": tuple(map(records.octets, record["response_info"])),
    }


def _progress(record: dict[str, Any], sent: bytes | None, octets: bytes | None) -> Progress:
    return Progress(
        items=tuple(map(_item_of, record["items"])),
        step=_one_of(get_args(Step), record["step"]),
        sent=sent,
        octets=octets,
        reply=_octets(record["reply"]),
        bag=tuple(map(records.octets, record["bag"])),
        made=tuple(map(records.octets, record["made"])),
        failures=_statuses(record["failures"]),
        is_simple=_one_of((True, False), record["is_simple"]),
        identify=_one_of((True, False), record["identify"]),
        is_again=_one_of((True, False), record["is_again"]),
    )


def _check(state: str, progress: Progress) -> None:
    """What a record says goes together: whatever is called next finds what it needs."""
    states = [item.state for item in progress.items]
    kinds = {
        name: None if octets is None else load(octets).kind
        for name, octets in (("sent", progress.sent), ("reply", progress.reply))
    }
    is_settling = not {"accepted", "rejected"}.isdisjoint(states)
    asks = progress.step != "request" or not progress.is_simple
    good = (
        kinds["sent"] in ("full-request" if asks else "simple-request", None),
        kinds["reply"] in ("full-response", None),
        (progress.sent is None) == (progress.octets is None) == (kinds["sent"] is None),
        progress.octets is not None or not states,
        state != "send" or progress.octets is not None,
        state != "wait" or progress.is_again or "pending" in states or not states,
        state != "confirm" or "undecided" in states,
        not progress.is_again or (state == "wait" and progress.octets is not None),
        is_settling == (progress.step == "confirm" and (state == "send" or progress.is_again)),
        len({item.number for item in progress.items}) == len(states),
    )
    for item in progress.items:
        if item.certificate is not None:
            loaded(item.certificate)
    for octets in progress.made:
        loaded(octets)
    if not all(good):
        raise ValueError(_NONE)


# --- parts ---------------------------------------------------------------------------------------


def _item_record(item: Asked) -> dict[str, Any]:
    return {
        "number": item.number,
        "kind": type(item.what).__name__,
        "what": records.text(item.what.to_der()),
        "state": item.state,
        "certificate": _text(item.certificate),
        "token": _text(item.token),
        "due": _seconds(item.due),
        "text": item.text,
    }


def _item_of(record: dict[str, Any]) -> Asked:
    number, text = record["number"], record["text"]
    item = Asked(
        number=number,
        what=_KINDS[record["kind"]].from_der(records.octets(record["what"])),
        state=_one_of(get_args(AskedState), record["state"]),
        certificate=_octets(record["certificate"]),
        token=_octets(record["token"]),
        due=_time(record["due"]),
        text=text,
    )
    has_certificate = item.certificate is not None
    good = (
        type(number) is int and 1 <= number < 1 << 32,
        text is None or isinstance(text, str),
        (item.state == "pending") == (item.due is not None),
        item.state != "pending" or item.token is not None,
        item.state not in ("undecided", "accepted", "rejected") or has_certificate,
    )
    if not all(good):
        raise ValueError(_NONE)
    return item


def _statuses(record: list[str]) -> tuple[types.CMCStatusInfoV2, ...]:
    return tuple(types.CMCStatusInfoV2.from_der(records.octets(each)) for each in record)


def _all_text(values: Iterable[types.CMCStatusInfoV2]) -> list[str]:
    return [records.text(each.to_der()) for each in values]


def _one_of(allowed: tuple[Any, ...], value: Any) -> Any:
    if not any(value is each or (isinstance(value, str) and value == each) for each in allowed):
        raise ValueError(_NONE)
    return value


def _text(value: bytes | None) -> str | None:
    return None if value is None else records.text(value)


def _octets(value: str | None) -> bytes | None:
    return None if value is None else records.octets(value)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else records.seconds(moment)


def _time(value: float | None) -> datetime | None:
    return None if value is None else records.time(value)
