"""What an embedded CA keeps in its store beside what its role does.

Which profile goes with a certificate, what is revoked, and CRLs. Each function works in
a transaction of the caller.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cmcodec.roles import records
from cmcodec.types.pkix import CRLReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cmcodec.roles.store import Transaction

__all__ = ["Revoked"]

_OWN: Final = "embedded-own"
_PROFILE: Final = "embedded-profile"
_REVOKED: Final = "embedded-revoked"
_CRL: Final = "embedded-crl"
_CRL_STATE: Final = "embedded-crl-state"
_THE_ONLY: Final = b"\0"

_KEPT: Final = timedelta(days=90)
"""How long a CRL can be asked for by its time, and a certificate stands in CRLs after its end."""


def _serial(serial: int) -> bytes:
    """A serial number as a key: of twenty octets at most (RFC 5280 §4.1.2.2)."""
    return serial.to_bytes(20, "big")


# --- certificates of the CA itself -----------------------------------------------------------


def put_own(transaction: Transaction, certificate: x509.Certificate) -> None:
    """Keeps a certificate that nobody asked for: that of the CA's server."""
    record = {"certificate": records.text(certificate.public_bytes(Encoding.DER))}
    key, end = _serial(certificate.serial_number), certificate.not_valid_after_utc
    records.put(transaction, _OWN, key, record, expires=end)


def own(transaction: Transaction, serial: int, now: datetime) -> x509.Certificate | None:
    """One of these."""
    found = records.read(transaction, _OWN, _serial(serial), now)
    return None if found is None else _certificate(found)


def all_own(transaction: Transaction, now: datetime) -> list[x509.Certificate]:
    """All of these."""
    found = (records.loaded(value, now) for _, value in transaction.scan(_OWN))
    return [_certificate(each) for each in found if each is not None]


def _certificate(record: dict[str, Any]) -> x509.Certificate:
    return x509.load_der_x509_certificate(records.octets(record["certificate"]))


# --- profiles --------------------------------------------------------------------------------


def put_profile(transaction: Transaction, certificate: x509.Certificate, name: str) -> None:
    """Keeps the profile of a certificate, as long as that is valid."""
    key, end = _serial(certificate.serial_number), certificate.not_valid_after_utc
    records.put(transaction, _PROFILE, key, {"profile": name}, expires=end)


def profile(transaction: Transaction, certificate: x509.Certificate, now: datetime) -> str | None:
    """The profile of a certificate; None where none was kept."""
    found = records.read(transaction, _PROFILE, _serial(certificate.serial_number), now)
    return None if found is None else found["profile"]


# --- revocation ------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """A certificate that is revoked."""

    serial: int
    reason: int
    date: datetime
    invalidity_date: datetime | None = None


def revoked(transaction: Transaction, serial: int, now: datetime) -> Revoked | None:
    """What is known of the revocation of a certificate."""
    found = records.read(transaction, _REVOKED, _serial(serial), now)
    return None if found is None else _revoked(_serial(serial), found)


def all_revoked(transaction: Transaction, now: datetime) -> Iterator[Revoked]:
    """Everything that is revoked, by serial number."""
    after = b""
    while found := transaction.scan(_REVOKED, after=after):
        for after, value in found:
            record = records.loaded(value, now)
            if record is not None:
                yield _revoked(after, record)


def _revoked(key: bytes, record: dict[str, Any]) -> Revoked:
    date = record["invalidity_date"]
    return Revoked(
        serial=int.from_bytes(key, "big"),
        reason=record["reason"],
        date=records.time(record["date"]),
        invalidity_date=None if date is None else records.time(date),
    )


def revoke(transaction: Transaction, wanted: Revoked, end: datetime) -> bool:
    """Keeps that a certificate that ends at ``end`` is revoked; False where nothing changes.

    What is revoked stays so, from the first date on, unless it is on hold: then it gets another
    reason, or none (removeFromCRL).
    """
    known = revoked(transaction, wanted.serial, wanted.date)
    is_on_hold = known is not None and known.reason == CRLReason.CERTIFICATE_HOLD
    if known is not None and (not is_on_hold or wanted.reason == CRLReason.CERTIFICATE_HOLD):
        return False
    if wanted.reason == CRLReason.REMOVE_FROM_CRL:
        transaction.delete(_REVOKED, _serial(wanted.serial))
    else:
        date = wanted.invalidity_date
        record = {
            "reason": int(wanted.reason),
            "date": records.seconds(wanted.date),
            "invalidity_date": None if date is None else records.seconds(date),
        }
        records.put(transaction, _REVOKED, _serial(wanted.serial), record, expires=end + _KEPT)
    state = _state(transaction)
    records.put(transaction, _CRL_STATE, _THE_ONLY, {**state, "stale": True})
    return known is not None or wanted.reason != CRLReason.REMOVE_FROM_CRL


# --- CRLs ------------------------------------------------------------------------------------


def _state(transaction: Transaction) -> dict[str, Any]:
    value = transaction.get(_CRL_STATE, _THE_ONLY)
    if value is None:
        return {"number": 0, "stale": True, "renew": 0.0}
    found: dict[str, Any] = json.loads(value)
    return found


def crl(
    transaction: Transaction,
    now: datetime,
    lifetime: timedelta,
    make: Callable[[list[Revoked], int], bytes],
) -> bytes:
    """The CRL that says what is revoked; a new one where it changed, and at half its lifetime."""
    state = _state(transaction)
    if not state["stale"] and state["renew"] > records.seconds(now):
        value = transaction.get(_CRL, _number(state["number"]))
        assert value is not None
        return records.octets(json.loads(value)["crl"])
    number = state["number"] + 1
    octets = make(list(all_revoked(transaction, now)), number)
    record = {"crl": records.text(octets), "this_update": records.seconds(now)}
    records.put(transaction, _CRL, _number(number), record, expires=now + lifetime + _KEPT)
    renew = records.seconds(now + lifetime / 2)
    state = {"number": number, "stale": False, "renew": renew}
    records.put(transaction, _CRL_STATE, _THE_ONLY, state)
    return octets


def crl_before(transaction: Transaction, moment: datetime) -> bytes | None:
    """The newest CRL that is older (RFC 10002 §6.10)."""
    after, newest = b"", None
    while found := transaction.scan(_CRL, after=after):
        for after, value in found:  # noqa: B007 - the last is where to go on
            record = json.loads(value)
            if record["this_update"] >= records.seconds(moment):
                return newest
            newest = records.octets(record["crl"])
    return newest


def _number(number: int) -> bytes:
    return number.to_bytes(8, "big")
