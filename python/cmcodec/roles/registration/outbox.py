"""What an RA has to send on, has sent, and waits for: records, and when they are due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cmcodec.controls.conversation import NONCE_OCTETS
from cmcodec.roles import records
from cmcodec.roles.store import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cmcodec.roles.registration.relaying import Told
    from cmcodec.roles.store import Transaction

__all__ = ["Sent"]

_ANSWER: Final = ("answer", "status", "final")


class Sent(NamedTuple):
    """A message of the RA, by its transaction id, that is not answered, or in part."""

    key: bytes
    record: dict[str, Any]

    @property
    def is_batch(self) -> bool:
        """Whether it has the messages of others."""
        return bool(self.record["is_batch"])

    @property
    def ids(self) -> list[bytes]:
        """The ids of what it is about, in order."""
        return list(map(records.octets, self.record["ids"]))

    @property
    def waiting(self) -> list[bytes]:
        """Those of what has no answer yet."""
        return self.ids[self.record["answered"] :]

    @property
    def nonce(self) -> bytes | None:
        """The senderNonce of what was sent last; None where an answer to it has come."""
        nonce = self.record["nonce"]
        return None if nonce is None else records.octets(nonce)

    @property
    def token(self) -> bytes | None:
        """What to ask for the rest with."""
        token = self.record["token"]
        return None if token is None else records.octets(token)


def key_of(transaction_id: int | None) -> bytes | None:
    """The key of the message with this transaction id; None where the RA has never sent it."""
    if transaction_id is None or not 0 <= transaction_id < 1 << 128:
        return None
    return transaction_id.to_bytes(16, "big")


def _microseconds(moment: float) -> bytes:
    return int(moment * 1_000_000).to_bytes(8, "big")


# --- to be sent ------------------------------------------------------------------------------


def put(
    transaction: Transaction,
    identifier: bytes,
    record: dict[str, Any],
    now: datetime,
    place: int | None = None,
) -> None:
    """Keeps what waits to be sent, behind what came before.

    ``place``: where it stands among what came at the same time, from `next_place` on.
    """
    if place is None:
        place = next_place(transaction, now)
    order = _microseconds(records.seconds(now)) + place.to_bytes(4, "big") + identifier
    kept = {**record, "order": records.text(order), "put_off": False}
    records.put(transaction, Kind.RECEIVED, identifier, kept)
    size = len(records.octets(record["octets"]))
    transaction.put(Kind.WAITING, order, size.to_bytes(8, "big"))


def next_place(transaction: Transaction, now: datetime) -> int:
    """The place behind all that came at the same time: clocks may be coarse."""
    moment = _microseconds(records.seconds(now))
    after, place = moment, 0
    while found := transaction.scan(Kind.WAITING, after=after):
        for after, _ in found:
            if after[:8] != moment:
                return place
            place = int.from_bytes(after[8:12], "big") + 1
    return place


def resume(transaction: Transaction, identifier: bytes, now: datetime) -> None:
    """Sends again what the next server has put off, the same octets (R-017)."""
    record = entry(transaction, identifier, now)
    if record is not None and record["put_off"]:
        put(transaction, identifier, record, now)


def take(
    transaction: Transaction,
    *,
    limit: int,
    max_size: int,
    came_by: datetime | None,
    until: datetime,
    random: Callable[[int], bytes],
) -> Sent | None:
    """Takes what goes into the next batch, of what came by some time; None where nothing waits."""
    ids: list[bytes] = []
    total = 0
    for order, value in transaction.scan(Kind.WAITING, limit=limit):
        if came_by is not None and order[:8] > _microseconds(records.seconds(came_by)):
            break
        total += int.from_bytes(value, "big")
        if ids and total > max_size:
            break
        ids.append(order[12:])
        transaction.delete(Kind.WAITING, order)
    return None if not ids else _begin(transaction, ids, until, random)


def take_one(
    identifier: bytes,
    now: datetime,
    until: datetime,
    random: Callable[[int], bytes],
    transaction: Transaction,
) -> Sent | None:
    """Takes one that waits, or was taken alone; None where it is in a batch, or answered."""
    record = entry(transaction, identifier, now)
    if record is None:
        return None
    order = records.octets(record["order"])
    if transaction.get(Kind.WAITING, order) is None:
        alone = record.get("alone")
        return None if alone is None else sent(transaction, records.octets(alone), now)
    transaction.delete(Kind.WAITING, order)
    found = _begin(transaction, [identifier], until, random)
    alone = {**record, "alone": records.text(found.key)}
    records.put(transaction, Kind.RECEIVED, identifier, alone)
    return found


def _begin(
    transaction: Transaction, ids: list[bytes], until: datetime, random: Callable[[int], bytes]
) -> Sent:
    key = random(16)
    record = {
        "ids": list(map(records.text, ids)),
        "answered": 0,
        "token": None,
        "is_batch": True,
        "nonce": records.text(random(NONCE_OCTETS)),
    }
    return _await(transaction, Sent(key, record), records.seconds(until))


def _await(transaction: Transaction, message: Sent, until: float) -> Sent:
    """Keeps that a message is to be sent again, or asked for, at some time and not before."""
    _forget_time(transaction, message)
    kept = Sent(message.key, {**message.record, "until": until})
    records.put(transaction, Kind.BATCH, kept.key, kept.record)
    transaction.put(Kind.DUE, _microseconds(until) + kept.key, b"")
    return kept


def _forget_time(transaction: Transaction, message: Sent) -> None:
    if "until" in message.record:
        transaction.delete(Kind.DUE, _microseconds(message.record["until"]) + message.key)


def entry(transaction: Transaction, identifier: bytes, now: datetime) -> dict[str, Any] | None:
    """What is kept of something received."""
    return records.read(transaction, Kind.RECEIVED, identifier, now)


def entries(transaction: Transaction, ids: list[bytes], now: datetime) -> list[dict[str, Any]]:
    """The same of several, which are there as long as they wait for an answer."""
    transaction.get_many(Kind.RECEIVED, ids)
    found = [entry(transaction, each, now) for each in ids]
    return [each for each in found if each is not None]


def sent(transaction: Transaction, key: bytes, now: datetime) -> Sent | None:
    """A message that has no answer, or not the whole."""
    record = records.read(transaction, Kind.BATCH, key, now)
    return None if record is None else Sent(key, record)


def octets_of(
    transaction: Transaction, message: Sent, now: datetime, made: bytes | None = None
) -> bytes | None:
    """The octets of a message: those that were sent before, else those that are made now.

    None where there are none yet, or the message is answered.
    """
    if sent(transaction, message.key, now) is None:
        return None
    if made is not None:
        transaction.add(Kind.SENT, message.key, made)
    return transaction.get(Kind.SENT, message.key)


# --- not answered ----------------------------------------------------------------------------


def _outstanding(transaction: Transaction, now: datetime) -> Iterator[Sent]:
    """What is due, first what has been for longest."""
    after, last = b"", _microseconds(records.seconds(now))
    while found := transaction.scan(Kind.DUE, after=after):
        for place, _ in found:
            if place[:8] > last:
                return
            message = sent(transaction, place[8:], now)
            if message is not None:
                yield message
        after = found[-1][0]


def overdue(transaction: Transaction, now: datetime, until: datetime) -> Sent | None:
    """A batch that nobody has answered in time, to be sent again."""
    for message in _outstanding(transaction, now):
        if message.token is None:
            return _await(transaction, message, records.seconds(until))
    return None


def polls(
    now: datetime, until: datetime, random: Callable[[int], bytes], transaction: Transaction
) -> list[Sent]:
    """What is to be asked for now, each time with another nonce."""
    found = []
    for message in _outstanding(transaction, now):
        if message.token is not None:
            record = {**message.record, "nonce": records.text(random(NONCE_OCTETS))}
            asked = Sent(message.key, record)
            found.append(_await(transaction, asked, records.seconds(until)))
    return found


# --- answered --------------------------------------------------------------------------------


def keep_poll(transaction: Transaction, key: bytes, identifier: bytes, told: Told) -> None:
    """Keeps when to ask for what the RA asked itself, in its transaction."""
    assert told.token is not None
    assert told.time is not None
    moment = records.seconds(told.time)
    record = {
        "ids": [records.text(identifier)],
        "answered": 0,
        "token": records.text(told.token),
        "is_batch": False,
        "nonce": None,
        "told": moment,
    }
    _await(transaction, Sent(key, record), moment)


def advance(
    transaction: Transaction, message: Sent, answered: int, told: Told, later: datetime
) -> None:
    """Keeps how much of a message is answered, and when to ask for the rest.

    ``later``: when to ask where the server says that there is more and not when, or has nothing
    new and repeats the pendInfo that it gave before (R-143), whose time has passed.
    """
    done = message.record["answered"] + (answered if message.is_batch else 0)
    token = told.token or message.token
    if told.is_final or token is None or done >= len(message.ids):
        _forget_time(transaction, message)
        transaction.delete(Kind.BATCH, message.key)
        transaction.delete(Kind.SENT, message.key)
        return
    before = message.record.get("told")
    time = before if told.time is None else records.seconds(told.time)
    is_new = time != before or done > message.record["answered"]
    moment = time if time is not None and is_new else records.seconds(later)
    record = {
        **message.record,
        "answered": done,
        "token": records.text(token),
        "nonce": None,
        "told": time,
    }
    _await(transaction, Sent(message.key, record), moment)


def keep_answered(
    transaction: Transaction, identifier: bytes, record: dict[str, Any], expires: datetime
) -> None:
    """Keeps an answer, for a client that sends the same message again; the rest is forgotten."""
    kept = {each: record[each] for each in (*_ANSWER, "way", "digest", "order", "put_off")}
    records.put(transaction, Kind.RECEIVED, identifier, kept, expires=expires)
    keep_for_client(transaction, identifier, record, expires)


def keep_for_client(
    transaction: Transaction, identifier: bytes, record: dict[str, Any], expires: datetime
) -> None:
    """Keeps what is answered now to the same octets, where there was a message."""
    if record["digest"] is None:
        return
    digest = bytes.fromhex(record["digest"])
    answered = {"answered": True, "received": records.text(identifier)}
    records.put(transaction, Kind.MESSAGE, digest, answered, expires=expires)
    octets = records.octets(record["answer"])
    transaction.put(Kind.ANSWER, digest, octets, expires=expires)


def keep_put_off(
    transaction: Transaction, identifier: bytes, record: dict[str, Any], expires: datetime
) -> None:
    """Keeps that something is to be sent again once its client does so."""
    kept = {**record, "put_off": True}
    records.put(transaction, Kind.RECEIVED, identifier, kept, expires=expires)


def keep_delivered(
    transaction: Transaction, response: bytes, ids: list[bytes], expires: datetime
) -> None:
    """Keeps what a response answered: delivering it once more says the same."""
    record = {"ids": list(map(records.text, ids))}
    records.put(transaction, Kind.DELIVERED, response, record, expires=expires)


def delivered(
    transaction: Transaction, response: bytes, now: datetime
) -> list[tuple[bytes, dict[str, Any]]] | None:
    """What was delivered by a response: ids and records; None where it is a new one."""
    record = records.read(transaction, Kind.DELIVERED, response, now)
    if record is None:
        return None
    ids = list(map(records.octets, record["ids"]))
    transaction.get_many(Kind.RECEIVED, ids)
    found = ((each, entry(transaction, each, now)) for each in ids)
    return [(each, kept) for each, kept in found if kept is not None]
