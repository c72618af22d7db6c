"""Shared secrets: how often they may be used, and be guessed (RFC 10002 §6.2)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, final

from cryptography import x509

from cmcodec import types
from cmcodec.arguments import moment
from cmcodec.errors import ProofError
from cmcodec.reasons import Reason
from cmcodec.roles import records
from cmcodec.roles.store import Kind
from cmcodec.types.controls import CMCFailInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cmcodec.roles.store import Store, Transaction

__all__ = ["Lookup", "Secret", "add_secret", "attempt"]

Lookup: TypeAlias = "Callable[[str | None], bytes | None]"
"""Knows the secret of an identification, None where there is none."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What a store knows of the secret of one identification; None is that of none."""

    identification: str | None
    secret: bytes = field(repr=False)
    subject: x509.Name | None = None
    uses: int = 1
    wrong: int = 0
    expires: datetime | None = None
    about: str | None = None

    @classmethod
    def read(
        cls, transaction: Transaction, identification: str | None, now: datetime
    ) -> Secret | None:
        """The secret that goes with an identification; None where there is none."""
        found = records.read(transaction, Kind.SECRET, _key(identification), now)
        if found is None:
            return None
        subject, expires = found["subject"], found.get("expires")
        return cls(
            identification=identification,
            secret=records.octets(found["secret"]),
            subject=subject and types.Name.from_der(records.octets(subject)).to_cryptography(),
            uses=found["uses"],
            wrong=found["wrong"],
            about=found["about"],
            expires=None if expires is None else records.time(expires),
        )

    def keep(self, transaction: Transaction) -> None:
        """Keeps it in the place of what was known."""
        record: dict[str, Any] = {
            "secret": records.text(self.secret),
            "subject": self.subject and records.text(self.subject.public_bytes()),
            "uses": self.uses,
            "wrong": self.wrong,
            "about": self.about,
        }
        key = _key(self.identification)
        records.put(transaction, Kind.SECRET, key, record, expires=self.expires)


def attempt(
    transaction: Transaction,
    identification: str | None,
    check: Callable[[bytes], None],
    *,
    now: datetime,
    limit: int,
    decoy: bytes,
    lookup: Lookup | None = None,
    use: bool = False,
) -> Secret:
    """The secret of an identification, once ``check`` has passed with it.

    ``check`` raises `ProofError` for a secret that is wrong, which is counted; with ``limit`` of
    them the identification is locked until `add_secret` is called for it. ``lookup``: who knows the
    secrets where the store does not. ``use``: whether this is one of its uses. An unknown or locked
    secret costs the same time as a wrong one: ``decoy`` is checked, which nobody knows.

    Raises what ``check`` raises, for all of these alike, and `ProofError` with badIdentity for a
    secret whose uses are spent.
    """
    found = Secret.read(transaction, identification, now)
    if lookup is not None:
        found = _looked_up(found, identification, lookup(identification))
    is_locked = found is None or found.wrong >= limit
    try:
        check(decoy if found is None or is_locked else found.secret)
    except ProofError:
        if found is not None and not is_locked:
            _count(transaction, replace(found, wrong=found.wrong + 1), lookup)
        raise
    assert found is not None
    if use and found.uses < 1:
        raise ProofError(Reason.IDENTITY_PROOF_WRONG, CMCFailInfo.BAD_IDENTITY)
    if found.wrong or (use and lookup is None):
        _count(transaction, replace(found, wrong=0, uses=found.uses - use), lookup)
    return found


def _looked_up(
    kept: Secret | None, identification: str | None, secret: bytes | None
) -> Secret | None:
    """The secret that a callback knows, with what the store counted."""
    if not secret:
        return None
    wrong = 0 if kept is None else kept.wrong
    return Secret(identification=identification, secret=secret, wrong=wrong)


def _count(transaction: Transaction, counted: Secret, lookup: Lookup | None) -> None:
    """Keeps the counts; of a callback's secret nothing else."""
    (counted if lookup is None else replace(counted, secret=b"")).keep(transaction)


def add_secret(
    store: Store,
    identification: str | None,
    secret: bytes,
    *,
    subject: x509.Name | None = None,
    uses: int = 1,
    expires: datetime | None = None,
    about: str | None = None,
) -> None:
    """Makes a shared secret known; once more for one identification, replaces and unlocks it.

    ``identification``: what the client sends beside its proof, None where it sends nothing.
    ``secret``: at least one octet; 16 by chance are good, and clients support more. ``subject``:
    the only name that its requests may ask for (RFC 10002 §6.3.2). ``uses``: in how many exchanges
    it counts. ``expires``: when it is no longer known, with its time zone. ``about``: what policy
    and issuer are to know of whoever has it (`Requester.about`): the name of a profile, say.

    Raises `TypeError` and `ValueError` for what is none of these.
    """
    if not isinstance(secret, bytes):
        raise TypeError(f"secret: bytes, not {type(secret).__name__}")
    if not secret:
        raise ValueError("secret: at least one octet")
    if uses < 1:
        raise ValueError("uses: at least one")
    if subject is not None and not isinstance(subject, x509.Name):
        raise TypeError(f"subject: a Name of cryptography, not {type(subject).__name__}")
    made = Secret(
        identification=identification,
        secret=secret,
        subject=subject,
        uses=uses,
        expires=None if expires is None else moment("expires", expires),
        about=about,
    )
    with store.transaction() as transaction:
        made.keep(transaction)


def _key(identification: str | None) -> bytes:
    return (identification or "").encode()
