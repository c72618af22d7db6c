"""Clients, RAs and a CA together: each client gets its own certificate, and no other's.

Two people ask at the same time, in every way in which a client can say who it is (RFC 10002 §3.2
and §6.2), directly and through RAs, in clear and encrypted (§5 and §8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519

from cmcodec import cms
from cmcodec.builders import NewRequest
from cmcodec.roles import Issue, Pend, default_policy
from cmcodec.types import CMCFailInfo, CMCStatus
from kit.chains import DAY, NOW, Issued
from kit.enrolment import CA, HOUR, opener, signer, statuses
from kit.house import PEOPLE, House
from kit.keys import key, name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography import x509

    from cmcodec.roles import Client, Exchange, Policy

AGREES = [x25519.X25519PrivateKey.generate() for _ in PEOPLE]


class Kind(NamedTuple):
    """A kind of client.

    ``secret``: it has one; ``signs``: its new keys can; ``encrypts``: its messages can be; the rest
    is what a `Client` calls it.
    """

    name: str
    secret: bool = False
    signs: bool = True
    encrypts: bool = True
    link_pop: bool = False
    mac: bool = False

    @property
    def has_certificate(self) -> bool:
        return self.name == "signer"

    @property
    def policy(self) -> Policy:
        """That of a CA which gives certificates to such clients, and to no others if it can."""
        is_known = self.secret or self.has_certificate
        return default_policy if is_known else lambda _: Issue()


KINDS = (
    Kind("signer"),
    Kind("secret", secret=True),
    Kind("secret and link", secret=True, link_pop=True),
    Kind("mac", secret=True, mac=True, encrypts=False),
    Kind("mac, challenged", secret=True, signs=False, encrypts=False),
    Kind("no signature, challenged", signs=False),
    Kind("simple", encrypts=False),
    Kind("request key"),
)


class Way(NamedTuple):
    """``to``: whom messages are encrypted for; ``ca_knows``: the secrets, in place of the front."""

    ras: int = 0
    to: str | None = None
    ca_knows: bool = False

    def __str__(self) -> str:
        words = [("direct", "RA", "two RAs")[self.ras]]
        words += [f"encrypted for {self.to}"] if self.to else []
        words += ["CA knows"] if self.ca_knows else []
        return ", ".join(words)


WAYS = [
    Way(),
    Way(to="CA"),
    *(Way(ras, to, ca_knows) for ras in (1, 2)
      for to, ca_knows in ((None, False), (None, True), ("CA", True), ("front", False))),
]  # fmt: skip


def has_place(kind: Kind, way: Way) -> bool:
    """Whether a kind of client goes this way: what has a MAC is in no envelope, for example."""
    if way.to is not None and not kind.encrypts:
        return False
    return kind.secret or way.to is not None or not way.ca_knows


CASES = [(kind, way) for kind in KINDS for way in WAYS if has_place(kind, way)]


def cases(wanted: Callable[[Kind, Way], bool] = has_place) -> pytest.MarkDecorator:
    """A test of each kind of client on each way, of those that are wanted."""
    params = [
        pytest.param(kind, way, id=f"{kind.name}-{way}") for kind, way in CASES if wanted(kind, way)
    ]
    return pytest.mark.parametrize(("kind", "way"), params)


def house(kind: Kind, way: Way, **settings: Any) -> House:
    settings = {"policy": kind.policy, "ca_knows": way.ca_knows, **settings}
    return House(way.ras, **settings)


def asking(at: House, kind: Kind, way: Way, number: int, **fields: Any) -> Client:
    """A client of a person, by number."""
    person = PEOPLE[number]
    fields = {"link_pop": kind.link_pop, "mac": kind.mac, "secret": kind.secret, **fields}
    if kind.has_certificate:
        fields["signer"] = signer(person.has)
    return person.client(at, **sealing(at, way, person.has), **fields)


def sealing(at: House, way: Way, has: Issued) -> dict[str, Any]:
    """What a client encrypts for, and what opens the answers to who has a certificate."""
    if way.to is None:
        return {}
    to = CA if way.to == "CA" else at.front
    return {"encrypt_to": cms.Recipient.from_certificate(to.certificate), "keys": opener(has)}


def request(kind: Kind, number: int, private: Any = None) -> NewRequest:
    """The request of a person, by number, for a key of its own."""
    new: dict[str, Any] = {"key": key("p-256", number)}
    if not kind.signs:
        new = {"key": AGREES[number], "form": "crmf", "pop": "challenge"}
    new = new if private is None else {"key": private, "form": "crmf"}
    return NewRequest(subject=name(PEOPLE[number].name), **new)


def enrolled(at: House, kind: Kind, way: Way, **fields: Any) -> list[Exchange]:
    """The exchanges of both, which take turns, at their ends."""
    return at.all_done(
        *(
            asking(at, kind, way, number, **fields).enroll(request(kind, number))
            for number in range(len(PEOPLE))
        )
    )


def check(exchanges: list[Exchange], keys: Sequence[Any]) -> None:
    """Each has its own certificate, of its key and with its name, and no other."""
    for exchange, private, person in zip(exchanges, keys, PEOPLE, strict=True):
        assert exchange.state == "done", statuses(exchange)
        (certificate,) = exchange.certificates
        assert certificate.public_key() == private.public_key()
        assert certificate.subject == name(person.name)


def keys_of(kind: Kind) -> list[Any]:
    return [key("p-256", number) for number in range(2)] if kind.signs else AGREES


@cases()
def test_each_gets_its_own_certificate(kind: Kind, way: Way) -> None:
    """R-175: also where what it sent is encrypted for an RA that the CA stands behind."""
    check(enrolled(house(kind, way), kind, way), keys_of(kind))


@cases(lambda kind, way: way == Way(1))
def test_each_gets_its_own_certificate_out_of_a_batch(kind: Kind, way: Way) -> None:
    """Whatever the order in which the RA sends what it received."""
    at = house(kind, way)
    begun = [asking(at, kind, way, number).enroll(request(kind, number)) for number in (1, 0)]
    (ra,) = at.ras
    received = ra.receive_all(each.request or b"" for each in begun)
    batch = ra.batch()
    assert batch is not None
    assert set(batch.ids) == {each.id for each in received}
    delivered = {each.id: each.octets for each in ra.deliver(at.ca.respond(batch.octets))}
    answered = [
        exchange.receive(delivered[each.id]) for exchange, each in zip(begun, received, strict=True)
    ]
    check(at.all_done(*reversed(answered)), keys_of(kind))


@cases(lambda kind, way: not kind.link_pop)
def test_what_is_pending_is_collected(kind: Kind, way: Way) -> None:
    """R-142, R-143: once it is decided, by who asked for it."""
    at = house(kind, way, policy=lambda _: Pend(NOW + HOUR))
    check(enrolled(at, kind, way), keys_of(kind))
    assert at.clock.now > NOW + HOUR


def can_confirm(kind: Kind, _: Way) -> bool:
    """Whether a client has a key that signs, or a secret."""
    return not kind.link_pop and (kind.signs or kind.secret)


@cases(can_confirm)
def test_each_confirms_its_own_certificate(kind: Kind, way: Way) -> None:
    """R-144: and it is not taken back once the time for that is over."""
    at = house(kind, way, confirm=True)
    check(enrolled(at, kind, way), keys_of(kind))
    at.clock.now += 2 * DAY
    at.ca.settle()
    assert at.revoked == []


def can_reject(kind: Kind, way: Way) -> bool:
    """Whether a client may say no; for one that sent a bare PKCS#10 the RA has said yes."""
    is_bare = way.ras > 0 and kind.name in ("simple", "request key")
    return can_confirm(kind, way) and way.to is None and not is_bare


@cases(can_reject)
def test_a_certificate_that_is_rejected_is_revoked(kind: Kind, way: Way) -> None:
    """R-144, R-145: it, and not that of another."""
    at = house(kind, way, confirm=True)
    offered: dict[x509.Name, int] = {}

    def accept(certificate: x509.Certificate) -> bool:
        offered[certificate.subject] = certificate.serial_number
        return certificate.subject == name(PEOPLE[1].name)

    first, second = enrolled(at, kind, way, accept=accept)
    assert (first.state, first.certificates) == ("failed", ())
    assert second.state == "done"
    (certificate,) = second.certificates
    assert certificate.serial_number == offered[name(PEOPLE[1].name)]
    assert [each.certificate.serial_number for each in at.revoked] == [
        offered[name(PEOPLE[0].name)]
    ]


@cases(lambda kind, way: not kind.signs and not kind.secret)
def test_who_can_prove_nothing_confirms_nothing(kind: Kind, way: Way) -> None:
    """R-144: a certificate says which request to name; only its key, or a secret, says who."""
    at = house(kind, way, confirm=True)
    for exchange in enrolled(at, kind, way):
        assert (exchange.state, exchange.certificates) == ("failed", ())
        assert (CMCStatus.FAILED, CMCFailInfo.BAD_CERT_ID) in statuses(exchange)


def gets_one(kind: Kind, way: Way) -> bool:
    """Some kinds of clients: once they have a certificate, all are alike."""
    return kind.name in ("signer", "secret", "mac", "simple")


@cases(gets_one)
def test_each_renews_its_own_certificate(kind: Kind, way: Way) -> None:
    """R-107: signed with what it has, which stays as it is."""
    at = house(kind, way)
    renewals, keys = [], [key("p-256", number) for number in (2, 3)]
    for number, exchange in enumerate(enrolled(at, kind, way)):
        (old,) = exchange.certificates
        renewing = owner(at, way, number, old)
        renewals.append(renewing.renew(old, request(kind, number, keys[number])))
    check(at.all_done(*renewals), keys)
    assert at.revoked == []


def owner(at: House, way: Way, number: int, certificate: x509.Certificate) -> Client:
    """A client of a person with a certificate that it has got."""
    has = Issued(certificate, key("p-256", number))
    return PEOPLE[number].client(at, signer=signer(has), **sealing(at, way, has))


@cases(gets_one)
def test_each_revokes_its_own_certificate(kind: Kind, way: Way) -> None:
    """R-136: by a signature under it; that of another is refused."""
    at = house(kind, way)
    found = [each.certificates[0] for each in enrolled(at, kind, way)]
    first, second = (owner(at, way, number, each) for number, each in enumerate(found))
    exchanges = at.all_done(first.revoke(found[0], 1), second.revoke(found[0], 1))
    assert [each.state for each in exchanges] == ["done", "failed"]
    assert [each.certificate.serial_number for each in at.revoked] == [found[0].serial_number]


@cases(lambda kind, way: kind.secret and (way.ca_knows or not way.ras))
def test_each_revokes_its_own_certificate_by_the_secret(kind: Kind, way: Way) -> None:
    """R-137, R-138: one that was issued for the secret, whoever has that; no other."""
    at = house(kind, way)
    found = [each.certificates[0] for each in enrolled(at, kind, way)]
    first, second = (asking(at, kind, way, number) for number in range(len(PEOPLE)))
    exchanges = at.all_done(first.revoke(found[0], 1), second.revoke(found[0], 1))
    assert [each.state for each in exchanges] == ["done", "failed"]
    assert [each.certificate.serial_number for each in at.revoked] == [found[0].serial_number]
