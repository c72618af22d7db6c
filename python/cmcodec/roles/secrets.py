"""Shared secrets: how often they may be used, and be guessed (RFC 10002 §6.2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cmcodec import types
from cmcodec.arguments import moment
from cmcodec.roles import records
from cmcodec.roles.store import Kind

if TYPE_CHECKING:
    from datetime import datetime

    from cmcodec.roles.store import Store, Transaction

__all__ = ["Secret", "add_secret", "block_key", "is_blocked", "key_hash"]


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
            expires=None if expires is None else records.time(expires),
        )

    def keep(self, transaction: Transaction) -> None:
        """Keeps it in the place of what was known."""
        record: dict[str, Any] = {
            "secret": records.text(self.secret),
            "subject": self.subject and records.text(self.subject.public_bytes()),
            "uses": self.uses,
            "wrong": self.wrong,
        }
        key = _key(self.identification)
        records.put(transaction, Kind.SECRET, key, record, expires=self.expires)


def add_secret(
    store: Store,
    identification: str | None,
    secret: bytes,
    *,
    subject: x509.Name | None = None,
    uses: int = 1,
    expires: datetime | None = None,
) -> None:
    """Makes a shared secret known; once more for one identification, replaces and unlocks it.

    ``identification``: what the client sends beside its proof, None where it sends nothing.
    ``secret``: at least one octet; 16 by chance are good, and clients support more. ``subject``:
    the only name that its requests may ask for (RFC 10002 §6.3.2). ``uses``: in how many exchanges
    it counts. ``expires``: when it is no longer known, with its time zone.

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
    )
    with store.transaction() as transaction:
        made.keep(transaction)


def _key(identification: str | None) -> bytes:
    return (identification or "").encode()


def block_key(store: Store, key: Any) -> None:
    """Refuses certificates for a public key from now on (R-210).

    ``key``: a public key of ``cryptography``, or the DER of a SubjectPublicKeyInfo. Raises what
    reading that raises.
    """
    octets = key if isinstance(key, bytes) else _encoded(key)
    types.SubjectPublicKeyInfo.from_der(octets)
    with store.transaction() as transaction:
        transaction.put(Kind.BLOCKED, key_hash(octets), b"")


def is_blocked(transaction: Transaction, public_key: bytes) -> bool:
    """Whether certificates for a key, a SubjectPublicKeyInfo, are refused."""
    return transaction.get(Kind.BLOCKED, key_hash(public_key)) is not None


def key_hash(public_key: bytes) -> bytes:
    """What a key is known by: SHA-256 of its SubjectPublicKeyInfo."""
    return hashlib.sha256(public_key).digest()


def _encoded(key: Any) -> bytes:
    octets: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return octets
