"""CAs and RAs in folders, their clocks, and clients that ask them."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509

from cmcodec.builders import NewRequest
from cmcodec.cms import Recipient, SigningKey
from cmcodec.embedded import EmbeddedCA, create
from cmcodec.roles import Client

from .keys import key, name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec.embedded.serving.service import Answer, Service
    from cmcodec.roles import Exchange

SECRET = b"correct horse battery"
START = datetime(2026, 7, 1, 12, tzinfo=UTC)
URL = "http://localhost:8080/"


class Clock:
    """The time, which stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@cache
def _made(kind: str) -> Path:
    """The folder of a new CA, to be copied."""
    path = Path(tempfile.mkdtemp(prefix="cmcodec-ca-")) / "ca"
    create(path, subject=name("Lab CA"), key=kind, url=URL, clock=lambda: START)
    return path


def folder(where: Path, kind: str = "p256") -> Path:
    """A folder with a CA, in another one."""
    return shutil.copytree(_made(kind), where / "ca")


class Lab:
    """A CA in a folder, its clock, and what its clients know of it."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock = path, Clock()
        self.anchor, self.server = (
            x509.load_pem_x509_certificate((path / each).read_bytes())
            for each in ("ca-cert.pem", "server-cert.pem")
        )

    @contextmanager
    def ca(self, **options: Any) -> Iterator[EmbeddedCA]:
        """The CA, opened anew."""
        ca = EmbeddedCA(path=self.path, **{"clock": self.clock, **options})
        try:
            yield ca
        finally:
            ca.close()

    def client(self, identification: str | None = "device", **options: Any) -> Client:
        known = {} if identification is None else {
            "secret": SECRET, "identification": identification,
        }  # fmt: skip
        return Client(**{"trust": [self.anchor], "clock": self.clock, **known, **options})

    def encrypting(self) -> dict[str, Any]:
        return {"encrypt_to": [Recipient.from_certificate(self.server)]}

    def holder(self, certificate: x509.Certificate, number: int = 1, **options: Any) -> Client:
        """A client with a certificate of the key of this number."""
        signer = SigningKey.from_private_key(key("p-256", number), certificate)
        return self.client(None, signer=signer, **options)


def new(common_name: str = "device", number: int = 1, **fields: Any) -> NewRequest:
    return NewRequest(**{"key": key("p-256", number), "subject": name(common_name), **fields})


def answer(service: Service, octets: bytes) -> Answer:
    """What a CA or an RA says to one message as a server asks it."""
    (found,) = service.answer_all([octets])
    return found


def ended(exchange: Exchange, respond: Callable[[bytes], bytes]) -> Exchange:
    """An exchange once there is nothing to be sent."""
    while exchange.state == "send":
        assert exchange.request is not None
        exchange = exchange.receive(respond(exchange.request))
    return exchange


def fail_info(exchange: Exchange) -> Any:
    """Why an exchange failed."""
    assert exchange.state == "failed"
    other = exchange.statuses[0].other_info
    return None if other is None else other.fail_info
