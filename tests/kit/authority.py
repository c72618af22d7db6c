"""A certification authority with a small issuer, and what its clients send and read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import BatchRequestBuilder, NewRequest, RequestBuilder
from cmcodec.roles import CertificationAuthority, Issue, Pend
from cmcodec.roles.secrets import add_secret

from .chains import DAY, NOW, Issued, issue
from .keys import key, name
from .watched_stores import WatchedStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography import x509

    from cmcodec.roles import Application
    from cmcodec.roles.decisions import Decision

SECRET = b"correct horse battery"
USAGES = ("digital_signature", "key_cert_sign", "crl_sign", "key_agreement")
ITERATIONS = 1000
LATER = NOW + timedelta(minutes=5)


@cache
def anchor() -> Issued:
    """The CA's own certificate and key, which sign answers too."""
    own = key("p-256", 90)
    return issue("CA", own=own, usages=USAGES, identified=True, until=NOW + 900 * DAY)


@cache
def certified(common_name: str, kind: str = "p-256", number: int = 91, **fields: Any) -> Issued:
    """A certificate of the CA that its records do not have."""
    return issue(common_name, anchor(), key(kind, number), ca=None, identified=True,
                 until=NOW + 90 * DAY, **fields)  # fmt: skip


@cache
def another_anchor() -> Issued:
    """A CA that nobody here trusts."""
    return issue("Another CA", own=key("p-256", 89), usages=USAGES, identified=True)


def ra(number: int = 0) -> Issued:
    """A registration authority."""
    return certified(f"RA {number}", number=80 + number)


def signer(of: Issued) -> cms.SigningKey:
    return cms.SigningKey.from_private_key(of.key, of.certificate)


def opener(of: Issued) -> cms.RecipientKey:
    return cms.RecipientKey.from_private_key(of.key, of.certificate)


def with_ras(**options: Any) -> Authority:
    """A CA that works with two RAs."""
    return Authority({"authorised_ras": [ra().certificate, ra(1).certificate], **options})


def always(application: Application) -> Decision:
    """The policy that issues to anybody."""
    return Issue()


def pending(application: Application) -> Decision:
    """The policy that leaves it to somebody."""
    return Pend(LATER)


class Asked:
    """A policy that remembers what it was asked, and issues."""

    def __init__(self) -> None:
        self.applications: list[Application] = []

    def __call__(self, application: Application) -> Decision:
        self.applications.append(application)
        return Issue()


@dataclass
class Authority:
    """A CA of the test, with a clock that stands; ``issued`` by the ids of applications.

    ``calls``: how often the issuer was called. ``build`` makes the CA anew, on the same store.
    """

    options: dict[str, Any] = field(default_factory=dict)
    store: Any = field(default_factory=WatchedStore)
    now: datetime = NOW
    issued: dict[bytes, x509.Certificate] = field(default_factory=dict)
    calls: int = 0
    revoked: list[Any] = field(default_factory=list)
    published: list[Any] = field(default_factory=list)

    def build(self, **changes: Any) -> CertificationAuthority:
        """The CA; ``changes`` are options besides those of the test."""
        ca = anchor()
        options: dict[str, Any] = {
            "signer": signer(ca),
            "issue": self.issue,
            "store": self.store,
            "trust": [ca.certificate],
            "keys": [opener(ca)],
            "revoke": self.revoked.append,
            "publish": self.published.append,
            "clock": lambda: self.now,
        }
        return CertificationAuthority(**{**options, **self.options, **changes})

    def process(self, octets: bytes, **changes: Any) -> Answer:
        found = self.build(**changes).process(octets)
        return Answer(found.octets, found.outcomes, found.kind)

    def issue(self, application: Application, template: types.CertTemplate) -> x509.Certificate:
        """The issuer: the serial number follows from the application."""
        assert application.template == template
        self.calls += 1
        if application.id not in self.issued:
            ca = anchor()
            self.issued[application.id] = (
                application.builder(ca.certificate.subject)
                .serial_number(int.from_bytes(application.id, "big") >> 1 or 1)
                .not_valid_before(NOW - DAY)
                .not_valid_after(NOW + 90 * DAY)
                .sign(ca.key, hashes.SHA256())
            )
        return self.issued[application.id]

    def secret(
        self, identification: str | None = "device", secret: bytes = SECRET, **more: Any
    ) -> None:
        add_secret(self.store, identification, secret, **more)

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass(frozen=True)
class Answer:
    """What the CA sent."""

    octets: bytes
    outcomes: tuple[Any, ...] = ()
    kind: str = ""

    @property
    def message(self) -> cmcodec.Message:
        return cmcodec.load(self.octets, strict=True)

    def opened(self, *keys: cms.RecipientKey) -> cmcodec.Opened:
        """With its signature by the CA checked, at the time of the certificates."""
        return self.message.open(keys, trust=[anchor().certificate], at=NOW)

    def content(self, *keys: cms.RecipientKey) -> types.PKIResponse:
        found = self.opened(*keys).content
        assert isinstance(found, types.PKIResponse)
        return found

    def controls(self, attr_type: str, *keys: cms.RecipientKey) -> list[Any]:
        return values(self.content(*keys), attr_type)

    def statuses(self, *keys: cms.RecipientKey) -> list[tuple[Any, ...]]:
        """Of each statusInfoV2: status, parts, failInfo."""
        return statuses(self.content(*keys))

    def certificates(self, *keys: cms.RecipientKey) -> list[x509.Certificate]:
        """Those that are not the CA's own."""
        message = self.message if self.kind == "simple-response" else self.opened(*keys).message
        found = [each.to_cryptography() for each in message.certificates]
        return [each for each in found if each != anchor().certificate]

    @property
    def token(self) -> bytes:
        """The token of the pending or partial status."""
        (found,) = [
            value.other_info.pend_info
            for value in self.controls(oids.ID_CMC_STATUS_INFO_V2)
            if value.other_info is not None and value.other_info.pend_info is not None
        ]
        token: bytes = found.pend_token
        return token

    def members(self) -> list[Answer]:
        """The answers to the messages of a batch, in the order of batchResponses."""
        opened = self.opened()
        (listed,) = self.controls(oids.ID_CMC_BATCH_RESPONSES)
        found = dict(opened.message.unverified_messages)
        return [
            Answer(found[each].to_der(), kind=cmcodec.load(found[each].to_der()).kind)
            for each in listed
        ]


def values(content: Any, attr_type: str) -> list[Any]:
    return [
        value
        for each in content.control_sequence
        if each.attr_type == attr_type
        for value in each.attr_values
    ]


def statuses(content: Any) -> list[tuple[Any, ...]]:
    return [
        (
            value.cmc_status,
            tuple(getattr(part.value, "value", part.value) for part in value.body_list),
            value.other_info and value.other_info.fail_info,
        )
        for value in values(content, oids.ID_CMC_STATUS_INFO_V2)
    ]


def failed(fail_info: types.CMCFailInfo, *parts: int) -> list[tuple[Any, ...]]:
    """The only status of an answer."""
    return [(types.CMCStatus.FAILED, parts, fail_info)]


# --- requests ------------------------------------------------------------------------------------


def new(
    common_name: str = "device", number: int = 1, kind: str = "p-256", **fields: Any
) -> NewRequest:
    return NewRequest(key=key(kind, number), subject=name(common_name), **fields)


def builder(*requests: NewRequest, transaction: int | None = None) -> RequestBuilder:
    made = RequestBuilder().transaction(transaction)
    for each in requests or (new(),):
        made = made.add_request(each)
    return made


def identified(
    *requests: NewRequest,
    secret: bytes = SECRET,
    identification: str | None = "device",
    **fields: Any,
) -> bytes:
    """A Full PKI Request by a secret, signed by the key of its request."""
    return builder(*requests).identify(secret, identification, **fields).sign_with_request_key()


def renewal(
    old: Issued, request: NewRequest | None = None,
    change: Callable[[RequestBuilder], RequestBuilder] = lambda made: made, **fields: Any,
) -> bytes:  # fmt: skip
    """A Full PKI Request signed by a certificate, for the same names."""
    made = RequestBuilder().transaction(**fields).add_request(request or new(number=2))
    return change(made.renew(old.certificate)).sign(signer(old))


def device(number: int) -> bytes:
    """A renewal by the device of a number, for its own name."""
    old = certified(f"device {number}", number=number)
    return renewal(old, new(f"device {number}", number + 30))


def batch(*messages: bytes, **fields: Any) -> BatchRequestBuilder:
    """Those messages from the id 50 on."""
    made = BatchRequestBuilder().transaction(**fields)
    for number, each in enumerate(messages, 50):
        made = made.add(each, body_part_id=number)
    return made


def confirming(answer: Answer, *, number: int = 2, accept: bool = True) -> bytes:
    """The acceptance of the only certificate of an answer, or not, by its key of that number."""
    (found,) = answer.certificates()
    made = RequestBuilder().follow_up(answer.opened())
    made = made.confirm(found) if accept else made.reject(found)
    return made.sign(signer(Issued(found, key("p-256", number))))


def polling(answer: Answer, by: Issued) -> bytes:
    """The question what became of what an answer says is pending."""
    made = RequestBuilder().follow_up(answer.opened())
    return made.add_control(types.QueryPending(answer.token)).sign(signer(by))


def simple(request: NewRequest | None = None) -> bytes:
    """A bare PKCS#10."""
    content = RequestBuilder().add_request(request or new()).content()
    return content.req_sequence[0].tcr.certification_request.to_der()


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def damaged(octets: bytes, place: int = -3) -> bytes:
    changed = bytearray(octets)
    changed[place] ^= 1
    return bytes(changed)


def maced(*requests: Any, secret: bytes = SECRET, identification: str = "device") -> bytes:
    made = builder(*requests)
    return made.authenticate(secret, identification, iterations=ITERATIONS)


def password(secret: bytes = SECRET, identification: str = "device") -> cms.RecipientKey:
    return cms.RecipientKey.from_password(secret, identification)


def issued_to(answer: Answer, number: int = 2) -> Issued:
    """The certificate that was issued, with its key."""
    (found,) = answer.certificates()
    return Issued(found, key("p-256", number))
