"""django-ca-cmc 0.0.1, as it is, issues on requests of `Client`, over HTTP.

It knows a client by the certificate that signs, and returns certificates and the nonce, without the
transactionId: hence ``compatibility``. It compares media types as a whole: hence ``bare``.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cmcodec import CMCError, cms
from cmcodec.builders import NewRequest
from cmcodec.roles import Client
from cmcodec.transports import TransportError, http
from embedding.scene import valid
from interoperability.install import DJANGO_PYTHON, HERE
from kit.chains import Issued, issue
from kit.installed import needs_peer
from kit.keys import key, name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Peer(NamedTuple):
    """The server, its CA, and who may ask it."""

    url: str
    anchor: x509.Certificate
    known: Issued

    def client(self, known: Issued | None = None, **fields: Any) -> Client:
        who = known or self.known
        signer = cms.SigningKey.from_private_key(who.key, who.certificate)
        return Client(**{"trust": [self.anchor], "signer": signer, "compatibility": True, **fields})


def certified(common_name: str, number: int) -> Issued:
    return issue(common_name, own=key("p-256", number), ca=None, identified=True, **valid())


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    needs_peer("django-ca-cmc (tests/interoperability/install.py)", DJANGO_PYTHON.exists())
    folder: Path = tmp_path_factory.mktemp("django-ca-cmc")
    known = certified("known", 3)
    (folder / "client.pem").write_bytes(known.certificate.public_bytes(Encoding.PEM))
    program = [DJANGO_PYTHON, HERE / "serve_django_ca_cmc.py", folder]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as server,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        assert url, (folder / "log").read_text()
        anchor = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        yield Peer(url, anchor, known)
        server.communicate()


def asked(number: int, **fields: Any) -> NewRequest:
    return NewRequest(key=key("p-256", number), subject=name(f"device {number}"), **fields)


def test_it_issues_on_a_request_of_the_client(peer: Peer) -> None:
    """A certificate of the CA for the key that was asked for, which the client believes."""
    exchange = peer.client().enroll(asked(5))
    with http.Client(peer.url, content_type="bare") as server:
        exchange = exchange.receive(server.send(exchange.request))
    assert exchange.state == "done"
    (certificate,) = exchange.certificates
    assert certificate.public_key() == key("p-256", 5).public_key()
    assert certificate.subject == name("device 5")
    certificate.verify_directly_issued_by(peer.anchor)


def test_without_compatibility_the_answer_lacks_something(peer: Peer) -> None:
    """R-116: the transactionId."""
    exchange = peer.client(compatibility=False).enroll(asked(6))
    with http.Client(peer.url, content_type="bare") as server:
        answer = server.send(exchange.request)
    with pytest.raises(CMCError, match="transaction_wrong"):
        exchange.receive(answer)


@pytest.mark.parametrize(
    ("client", "request_fields", "content_type", "status"),
    [
        ({}, {}, "rfc10003", 400),
        ({"known": "stranger"}, {}, "bare", 403),
        ({}, {"form": "crmf"}, "bare", 400),
    ],
    ids=["smime-type", "stranger", "crmf"],
)
def test_what_it_refuses(
    peer: Peer,
    client: dict[str, str],
    request_fields: dict[str, str],
    content_type: Any,
    status: int,
) -> None:
    """With a status of HTTP, and without a message.

    smime-type; whom it does not know; and CRMF with a signature as its proof of possession, where
    python_cmc expects something else.
    """
    stranger = certified(client["known"], 4) if client else None
    exchange = peer.client(stranger).enroll(asked(7, **request_fields))
    with (
        http.Client(peer.url, content_type=content_type) as server,
        pytest.raises(TransportError) as raised,
    ):
        server.send(exchange.request)
    assert raised.value.status == status
