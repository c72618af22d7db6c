"""Many end entities of every kind, who want certificates through RAs from a CA.

Each sees to itself: it sends what its exchange says, waits as long as it is told, and ends with its
own certificate, or without one where the policy says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cmcodec import cms, types
from cmcodec.builders import NewRequest
from cmcodec.roles import Client, Issue, Pend, Refuse

from .keys import name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography import x509

    from cmcodec.roles import Application, Decision, Exchange

SECRET = b"correct horse battery"
KINDS = ("linked", "maced", "pending", "refused", "challenged", "encrypted", "crmf", "plain")
WAIT = timedelta(minutes=5)


def policy(clock: Callable[[], datetime]) -> Callable[[Application], Decision]:
    """What the CA decides, by the kind that stands in the name."""

    def decide(application: Application) -> Decision:
        (common_name,) = application.subject
        kind = str(common_name.value).partition(" ")[0]
        if application.requester.kind == "none" or kind == "refused":
            return Refuse(types.CMCFailInfo.BAD_IDENTITY)
        return Pend(clock() + WAIT) if kind == "pending" else Issue()

    return decide


@dataclass
class Entity:
    """One of them: its key, and how it is getting on.

    ``options``: what its clients have besides, or otherwise.
    """

    number: int
    kind: str
    key: Any
    exchange: Exchange | None = None
    certificate: x509.Certificate | None = None
    log: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, number: int) -> Self:
        """A new one; each has a key of its own."""
        kind = KINDS[number % len(KINDS)]
        own: Any = ec.generate_private_key(ec.SECP256R1())
        if kind == "challenged":
            own = x25519.X25519PrivateKey.generate()
        return cls(number, kind, own)

    @property
    def name(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def public_key(self) -> bytes:
        octets: bytes = self.key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        return octets

    @property
    def waits(self) -> bool:
        """Whether it still wants something."""
        return self.exchange is not None and self.exchange.state in ("send", "wait", "confirm")

    def begin(self, trust: Any, clock: Callable[[], datetime], encrypt_to: Any) -> None:
        """Asks for its first certificate, by its shared secret."""
        client = self._client(
            trust=trust,
            secret=SECRET,
            identification=self.name,
            link_pop=self.kind == "linked",
            mac=self.kind == "maced",
            iterations=1,
            encrypt_to=encrypt_to if self.kind == "encrypted" else (),
            clock=clock,
        )
        is_crmf = self.kind in ("crmf", "challenged")
        request = NewRequest(
            key=self.key,
            subject=name(self.name),
            form="crmf" if is_crmf else "pkcs10",
            pop="challenge" if self.kind == "challenged" else "signature",
        )
        self.exchange = client.enroll(request)

    def _client(self, **given: Any) -> Client:
        return Client(**{**given, **self.options})

    def _holder(self, **given: Any) -> Client:
        """A client with the certificate, which signs what is sent and opens what comes."""
        signer = cms.SigningKey.from_private_key(self.key, self.certificate)
        opener = cms.RecipientKey.from_private_key(self.key, self.certificate)
        return self._client(signer=signer, keys=[opener], **given)

    def renew(self, trust: Any, clock: Callable[[], datetime]) -> None:
        """Asks for the next one, by the certificate that it has."""
        assert self.certificate is not None
        client = self._holder(trust=trust, clock=clock)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.exchange = client.renew(self.certificate, NewRequest(key=self.key))

    def revoke(self, trust: Any, clock: Callable[[], datetime]) -> None:
        """Wants its certificate revoked."""
        assert self.certificate is not None
        client = self._holder(trust=trust, clock=clock)
        self.exchange = client.revoke(self.certificate, types.CRLReason.KEY_COMPROMISE)

    def next(self, now: datetime) -> bytes | None:
        """What it sends now; None where it has nothing to send yet."""
        assert self.exchange is not None
        if self.exchange.state == "wait":
            assert self.exchange.not_before is not None
            if self.exchange.not_before > now:
                return None
            self.exchange = self.exchange.due()
        return self.exchange.request if self.exchange.state == "send" else None

    def take(self, octets: bytes) -> None:
        """Reads an answer."""
        assert self.exchange is not None
        self.exchange = self.exchange.receive(octets)
        self.log.append(self.exchange.state)
        if self.exchange.certificates:
            (self.certificate,) = self.exchange.certificates

    def check(self) -> None:
        """It has its own certificate and no other's, or none where none is to be had."""
        assert self.exchange is not None
        if self.kind == "refused":
            assert (self.exchange.state, self.certificate) == ("failed", None), self.log
            return
        assert self.exchange.state == "done", (self.name, self.log, self.exchange.statuses)
        assert self.certificate is not None
        found = self.certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        assert found == self.public_key
        assert self.certificate.subject == name(self.name)
