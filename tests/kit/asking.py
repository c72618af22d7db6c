"""What end entities ask for, and what may become of it, for a network in which anything happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from cryptography import x509

    from cmcodec.builders import NewRequest
    from cmcodec.roles import Client, Exchange


class Kind(NamedTuple):
    """What sort of end entity asks.

    ``ways``: what becomes of each of its requests, which is what policies go by. ``knows``: whether
    its secret is the right one, None where it has none. ``form``: of its requests. ``asks``: it
    asks somebody whether it wants its certificate.
    """

    ways: tuple[str, ...] = ("issued",)
    knows: bool | None = True
    mac: bool = False
    link_pop: bool = False
    encrypts: bool = False
    form: str = "pkcs10"
    pop: str = "signature"
    asks: bool = False


KINDS = {
    "secret": Kind(),
    "mac": Kind(mac=True),
    "linked": Kind(link_pop=True),
    "crmf": Kind(form="crmf"),
    "challenged": Kind(form="crmf", pop="challenge"),
    "challenged by policy": Kind(("challenged",)),
    "encrypted": Kind(encrypts=True),
    "pending": Kind(("pending",)),
    "pending, mac": Kind(("pending",), mac=True),
    "two": Kind(("issued", "pending")),
    "held": Kind(("held",)),
    "held, mac": Kind(("held",), mac=True),
    "choosing": Kind(asks=True),
    "simple": Kind(knows=None),
    "simple, pending": Kind(("pending",), knows=None),
    "refused": Kind(("refused",)),
    "wrong": Kind(knows=False),
    "wrong, mac": Kind(knows=False, mac=True),
}


@dataclass(eq=False)
class Asking:
    """One exchange, and what the model says of it.

    ``old``: the certificate that it renews. ``settled``: since when that may be on its way out.
    ``is_known_to_ca``: by its secret. ``is_excused``: whether it may fail, whatever it asked for:
    it is late, or was told what another was; ``shares``: or another exchange had its secret first.
    ``refused``: the keys that somebody refused. ``saved``: the states that it was in.
    """

    kind: str
    is_direct: bool
    client: Client
    requests: list[NewRequest]
    identification: str | None
    began: datetime
    exchange: Exchange = field(init=False)
    old: x509.Certificate | None = None
    settled: datetime | None = None
    is_known_to_ca: bool = False
    is_excused: bool = False
    shares: bool = False
    is_rejected: bool = False
    refused: set[bytes] = field(default_factory=set)
    saved: list[bytes] = field(default_factory=list)

    @property
    def keys(self) -> set[bytes]:
        """The public keys that it asks for certificates of."""
        return {spki(each.key.public_key()) for each in self.requests}

    @property
    def subject(self) -> x509.Name:
        return self.requests[0].subject if self.old is None else self.old.subject

    @property
    def is_hopeless(self) -> bool:
        return self.kind.startswith(("refused", "wrong"))

    @property
    def is_by_secret(self) -> bool:
        """Whether it is a revocation with the secret in it."""
        return self.kind == "revocation" and self.client.secret is not None

    @property
    def is_open(self) -> bool:
        return self.exchange.state not in ("done", "failed")


@dataclass(eq=False)
class Packet:
    """A message on its way.

    ``to``: the place of the server, behind all RAs that of the CA. ``asking``: who sent it, or for
    whom it is; None where that is the RA before. ``about``: the request that it is, or answers.
    """

    octets: bytes
    to: int
    asking: Asking | None = None
    about: bytes = b""
    is_answer: bool = False


def spki(key: Any) -> bytes:
    octets: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return octets
