"""A small CA with its server and RA, and a server that answers as it is told.

Certificates are valid around `NOW`, which is the time of `client`. `answer` makes the response to a
message: what it says is up to a function of the opened request and a `ResponseBuilder`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import x25519

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import NewRequest, ResponseBuilder, certs_only
from cmcodec.controls.requests import public_key_of
from cmcodec.errors import CMCError, VerificationError
from cmcodec.roles import Client
from cmcodec.verify.references import request_id

from .chains import DAY, NOW, Issued, issue
from .keys import key, name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cmcodec.cms import Opened, RecipientKey, Unsigned
    from cmcodec.roles import Exchange

    Change = Callable[["Opened | Unsigned | cmcodec.Message", ResponseBuilder], ResponseBuilder]

SECRET = b"correct horse battery"
IDENTIFICATION = "ee-0001"


def purpose(*identifiers: str) -> tuple[x509.ExtensionType, bool]:
    """An extendedKeyUsage."""
    return x509.ExtendedKeyUsage(map(x509.ObjectIdentifier, identifiers)), False


SIGNS = ("digital_signature", "key_agreement", "key_encipherment")
CA = issue(
    "CA", own=key("p-256", 50), usages=(*SIGNS, "key_cert_sign", "crl_sign"), identified=True
)
SERVER = issue(
    "CMC server", CA, key("p-256", 51), ca=None, usages=SIGNS, identified=True,
    extensions=[purpose(oids.ID_KP_CMC_CA)],
)  # fmt: skip
RA = issue(
    "RA", CA, key("p-256", 52), ca=None, usages=SIGNS, identified=True,
    extensions=[purpose(oids.ID_KP_CMC_RA)],
)  # fmt: skip
NAMESAKE = issue("CA", CA, key("p-256", 53), ca=None, usages=SIGNS, identified=True)
"""Another key under the name of its issuer."""
STRANGER = issue("Stranger", CA, key("p-256", 54), ca=None, usages=SIGNS, identified=True)
"""An ordinary end entity."""
DEVICE = issue("device", CA, key("p-256", 60), ca=None, usages=SIGNS, identified=True)
"""Who has a certificate already."""
OTHER_CA = issue("Other CA", own=key("p-256", 55), identified=True)
"""Somebody whom nobody trusts."""
OUTSIDE = issue("CA", own=key("p-256", 56), identified=True)
"""Another CA of the same name, whom nobody trusts either."""


def signer(of: Issued, **keywords: Any) -> cms.SigningKey:
    return cms.SigningKey.from_private_key(of.key, of.certificate, **keywords)


def opener(of: Issued) -> RecipientKey:
    return cms.RecipientKey.from_private_key(of.key, of.certificate)


def password() -> RecipientKey:
    return cms.RecipientKey.from_password(SECRET, IDENTIFICATION)


def client(**fields: Any) -> Client:
    """A client that trusts the CA, at `NOW`."""
    return Client(**{"trust": [CA.certificate], "clock": lambda: NOW, "iterations": 1, **fields})


def secret_client(**fields: Any) -> Client:
    """The same with the shared secret."""
    return client(secret=SECRET, identification=IDENTIFICATION, **fields)


AGREES = x25519.X25519PrivateKey.generate()
"""A key that cannot sign."""


def asks(number: int = 1, **fields: Any) -> NewRequest:
    """A request for the key of that number."""
    return NewRequest(**{"key": key("p-256", number), "subject": name("device"), **fields})


def challenged(**fields: Any) -> NewRequest:
    """A request for a key that proves itself by decryption."""
    return asks(**{"key": AGREES, "form": "crmf", "pop": "challenge", **fields})


def begun(**fields: Any) -> Exchange:
    """An exchange of a client with the secret about one request."""
    return secret_client(**fields).enroll(asks())


def numbers(certificates: Iterable[x509.Certificate]) -> list[Any]:
    """The keys of certificates."""
    return [each.public_key().public_numbers() for each in certificates]  # type: ignore[union-attr]


def of(*keys: int) -> list[Any]:
    """The keys of requests, by their numbers."""
    return [key("p-256", number).public_key().public_numbers() for number in keys]


def refused(exchange: Exchange, octets: bytes) -> str:
    """Why an answer to `begun` is refused; the exchange takes the right one after it."""
    with pytest.raises(CMCError) as raised:
        exchange.receive(octets)
    good = exchange.receive(answer(exchange.request, issuing()))
    assert (good.state, numbers(good.certificates)) == ("done", of(1))
    return raised.value.reason


class Public(NamedTuple):
    """A public key where a private one is expected that nothing is signed with."""

    of: Any

    def public_key(self) -> Any:
        return self.of


def certify(
    request: types.TaggedRequest, name: str | x509.Name = "device", by: Issued = CA, **others: Any
) -> x509.Certificate:
    """A certificate for the key of a request."""
    asked = public_key_of(request)
    assert asked is not None
    others = {"ca": None, "identified": True, **others}
    return issue(name, by, Public(asked.to_cryptography()), **others).certificate


def opened(octets: bytes | None, *keys: RecipientKey) -> Opened | Unsigned | cmcodec.Message:
    """A message of a client, whoever signed it; a bare PKCS#10 as it is."""
    assert octets is not None
    message = cmcodec.load(octets)
    if message.kind == "simple-request":
        return message
    try:
        return message.open((*keys, password()), request_keys="all")
    except VerificationError:
        return message.open_unsigned((*keys, password()))


def content(source: Any) -> types.PKIData:
    """What a message of a client says."""
    message = source if isinstance(source, cmcodec.Message) else source.message
    found = message.unverified_content
    assert isinstance(found, types.PKIData)
    return found


def requests(source: Any) -> list[types.TaggedRequest]:
    """The certification requests of a message, a bare PKCS#10 as request 1."""
    message = source if isinstance(source, cmcodec.Message) else source.message
    found = message.unverified_content
    if isinstance(found, types.CertificationRequest):
        asked = types.TaggedCertificationRequest(body_part_id=1, certification_request=found)
        return [types.TaggedRequest(tcr=asked)]
    return list(content(message).req_sequence)


def answer(
    octets: bytes | None, change: Change, *keys: RecipientKey, by: Issued | None = SERVER,
    certificates: Iterable[Any] = (CA.certificate,), **keywords: Any,
) -> bytes:  # fmt: skip
    """The response to a message; ``by`` None: with a MAC by the shared secret."""
    request = opened(octets, *keys)
    response = change(request, ResponseBuilder().for_request(request))
    if by is None:
        response = response.add_certificates(*certificates)
        return response.authenticate(SECRET, IDENTIFICATION, iterations=1)
    return response.sign(signer(by), certificates=certificates, **keywords)


def issuing(**others: Any) -> Change:
    """A certificate for every request."""

    def change(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        for each in requests(request):
            response = response.issue(certify(each, **others), request_id(each))
        return response

    return change


def saying(status: types.CMCStatus, *ids: int) -> Change:
    """One status, for the message unless ids are given."""
    return lambda _, response: response.status(status, *(ids or (0,)))


def failing(fail_info: types.CMCFailInfo, *ids: int) -> Change:
    return lambda _, response: response.fail(fail_info, *(ids or (0,)))


SUCCESS = saying(types.CMCStatus.SUCCESS)


def confirming(request: Any, response: ResponseBuilder) -> ResponseBuilder:
    """A certificate for every request, which the client has to accept."""
    for each in requests(request):
        response = response.add_certificates(certify(each))
        response = response.status(types.CMCStatus.CONFIRM_REQUIRED, request_id(each))
    return response


HOUR = timedelta(hours=1)


def pending(token: bytes = b"token", *ids: int, after: timedelta = HOUR) -> Change:
    """Requests wait, the first unless others are named, with a token."""
    return lambda _, response: response.pend(token, NOW + after, *(ids or (1,)))


def alone(exchange: Exchange, *others: Any, by: Issued = CA) -> bytes:
    """Certificates for the requests of an exchange, and others, which nobody signs."""
    made = [certify(each, by=by) for each in requests(opened(exchange.request))]
    return certs_only([*others, *made, CA.certificate], [crl()])


@cache
def crl(by: Issued = CA) -> x509.CertificateRevocationList:
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.certificate.subject)
        .last_update(NOW - DAY)
        .next_update(NOW + DAY)
        .sign(by.key, hashes.SHA256())
    )


def statuses(exchange: Exchange) -> list[tuple[int, int | None]]:
    """The statuses of an exchange, each with its failInfo."""
    return [
        (status.cmc_status, status.other_info.fail_info if status.other_info else None)
        for status in exchange.statuses
    ]


def origin(exchange: Exchange, *keys: cms.RecipientKey) -> str:
    return opened(exchange.request, *keys).origin  # type: ignore[union-attr]


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now
