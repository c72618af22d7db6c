"""A certification authority of today, for commands: these have no clock but the system's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cmcodec.roles import CertificationAuthority, Pend, Rules
from cmcodec.stores import MemoryStore, add_secret

from .authority import ITERATIONS, SECRET, USAGES, opener, signer
from .chains import DAY, Issued, issue
from .keys import key

if TYPE_CHECKING:
    from pathlib import Path

    from cmcodec import types
    from cmcodec.roles import Application
    from cmcodec.roles.decisions import Decision


def valid() -> dict[str, datetime]:
    """Since yesterday, for a year."""
    now = datetime.now(UTC)
    return {"since": now - DAY, "until": now + 365 * DAY}


@cache
def anchor() -> Issued:
    """The CA, which answers too."""
    return issue("CA", own=key("p-256", 90), usages=USAGES, identified=True, **valid())


@cache
def middle() -> Issued:
    """A CA below it, which issues."""
    return issue("Middle", anchor(), key("p-256", 88), identified=True, **valid())


@cache
def stranger() -> Issued:
    """A CA that nobody trusts."""
    return issue("Stranger", own=key("p-256", 89), usages=USAGES, identified=True, **valid())


@cache
def certified(common_name: str, number: int, kind: str = "p-256", **fields: Any) -> Issued:
    """A certificate of the CA for the key of this number."""
    fields = {"ca": None, "identified": True, **valid(), **fields}
    return issue(common_name, anchor(), key(kind, number), **fields)


def pending(_: Application) -> Decision:
    """The policy that leaves it to somebody; clients may ask at once."""
    return Pend(datetime.now(UTC) - timedelta(minutes=1))


def later(_: Application) -> Decision:
    """The same, and there is no use in asking before tomorrow."""
    return Pend(datetime.now(UTC) + DAY)


@dataclass
class Today:
    """A CA whose clock is the system's, and what it has done.

    ``options`` of the CA may be changed between two messages, ``rules`` are those of its `Rules`.
    ``received`` are all messages.
    """

    options: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    store: MemoryStore = field(default_factory=MemoryStore)
    issued: dict[bytes, x509.Certificate] = field(default_factory=dict)
    revoked: list[Any] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)

    def build(self) -> CertificationAuthority:
        own = anchor()
        options: dict[str, Any] = {
            "signer": signer(own),
            "issue": self.issue,
            "store": self.store,
            "trust": [own.certificate],
            "keys": [opener(own)],
            "chain": [middle().certificate],
            "revoke": self.revoked.append,
            "certificate": self.find,
            "crl": lambda _: self.crl.public_bytes(Encoding.DER),
            "rules": Rules(iterations=ITERATIONS, **self.rules),
        }
        return CertificationAuthority(**{**options, **self.options})

    def respond(self, octets: bytes) -> bytes:
        self.received.append(octets)
        return self.build().respond(octets)

    def issue(self, application: Application, _: types.CertTemplate) -> x509.Certificate:
        if application.id not in self.issued:
            serial = int.from_bytes(application.id, "big") >> 1 or 1
            dates = valid()
            self.issued[application.id] = (
                application.builder(middle().certificate.subject)
                .serial_number(serial)
                .not_valid_before(dates["since"])
                .not_valid_after(dates["until"])
                .sign(middle().key, hashes.SHA256())
            )
        return self.issued[application.id]

    def find(self, _: types.GeneralName, serial: int) -> bytes | None:
        found = (each for each in self.issued.values() if each.serial_number == serial)
        return next((each.public_bytes(Encoding.DER) for each in found), None)

    @property
    def crl(self) -> x509.CertificateRevocationList:
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder()
        builder = builder.issuer_name(anchor().certificate.subject)
        builder = builder.last_update(now).next_update(now + DAY)
        return builder.sign(anchor().key, hashes.SHA256())

    def secret(self, identification: str = "device", secret: bytes = SECRET, **more: Any) -> None:
        add_secret(self.store, identification, secret, **more)

    def decide(self, decision: Decision) -> None:
        """Decides about all that waits."""
        ca = self.build()
        for application in list(ca.pending()):
            ca.decide(application.id, decision)


def keep(folder: Path, name: str, own: Issued) -> None:
    """A certificate and its key in files of this name."""
    (folder / f"{name}.pem").write_bytes(own.certificate.public_bytes(Encoding.PEM))
    pem = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.key").write_bytes(pem)
