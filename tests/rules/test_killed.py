"""A CA that is killed at random points, and started again: nothing is lost, nothing done twice.

``CMCODEC_KILLS`` is how often: 20 unless it says more.
"""

from __future__ import annotations

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from cmcodec.stores import SQLStore, add_secret
from kit.keys import name
from kit.killed import Question, Server
from kit.population import SECRET, Entity
from kit.postgresql import Server as PostgreSQL  # noqa: TC001 - a fixture's type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOTH_BACKENDS = False
KILLS = int(os.environ.get("CMCODEC_KILLS", "20"))
COUNT = 16
BEGIN = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ca.db'}"
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    return server.new()


class Killing:
    """A CA in processes, and the end entities that ask it."""

    def __init__(self, url: str, folder: Path, seed: int, **settings: Any) -> None:
        self.random, self.now = random.Random(seed), BEGIN
        self.kills = self.answers = 0
        self.lock = threading.Lock()
        self.folder = folder / "issued"
        self.folder.mkdir()
        key = ed25519.Ed25519PrivateKey.generate()
        self.ca = (
            x509.CertificateBuilder(name("CA"), name("CA"), key.public_key(), 1)
            .not_valid_before(BEGIN - timedelta(days=1))
            .not_valid_after(BEGIN + timedelta(days=900))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, None)
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.settings = {
            "certificate": self.ca.public_bytes(Encoding.PEM),
            "key": private,
            **settings,
        }
        self.store = SQLStore(url)
        self.url, self.servers = url, [Server(url, self.folder, self.settings)]
        self.entities = [Entity.of(number) for number in range(COUNT)]
        for each in self.entities:
            each.kind = "plain" if each.kind == "encrypted" else each.kind
            add_secret(self.store, each.name, SECRET)

    def clock(self) -> datetime:
        return self.now

    def close(self) -> None:
        for server in self.servers:
            server.close()
        self.store.close()

    def ask(self, octets: bytes, *, lethal: bool, server: int = 0) -> bytes | None:
        """The answer of the CA; None where it did not live to give it."""
        with self.lock:
            # Up to as many calls as an answer takes, and some more, of which nobody dies.
            at = self.random.randrange(1, 9000) if lethal and self.random.random() < 0.5 else 0
            moment = self.now.timestamp()
        reply = self.servers[server].ask(Question(octets, moment, at))
        with self.lock:
            self.kills += reply.octets is None
            self.answers += reply.octets is not None
        return reply.octets

    def decide(self) -> None:
        """Somebody decides about what waits."""
        self.servers[0].ask(Question(b"", self.now.timestamp(), decides=True))

    def live(self, entity: Entity, *, lethal: bool = True, server: int | None = None) -> None:
        """One end entity until it waits or is served, whatever happens to the CA."""
        for _ in range(60):
            octets = entity.next(self.now)
            if octets is None:
                return
            with self.lock:
                chosen = self.random.randrange(len(self.servers)) if server is None else server
            answer = self.ask(octets, lethal=lethal, server=chosen)
            if answer is not None:
                entity.take(answer)
                if not entity.waits:
                    return
        raise AssertionError(f"{entity.name} gets nowhere: {entity.log[-5:]}")

    def pass_time(self) -> None:
        """Until whoever waits may ask again."""
        self.decide()
        self.now += timedelta(minutes=5)

    def check(self) -> None:
        """Each has its own certificate; each application has exactly one; nothing is left over."""
        for each in self.entities:
            each.check()
        made = [path for path in self.folder.iterdir() if not path.name.startswith(".")]
        keys = [
            x509.load_der_x509_certificate(path.read_bytes())
            .public_key()
            .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            for path in made
        ]
        assert len(set(keys)) == len(keys)
        served = {each.public_key for each in self.entities if each.certificate is not None}
        assert served <= set(keys)


@pytest.fixture
def killing(url: str, tmp_path: Path) -> Iterator[Killing]:
    made = Killing(url, tmp_path, seed=12, confirm=True)
    yield made
    made.close()


def test_a_ca_that_is_killed_loses_nothing(killing: Killing) -> None:
    """R-017, R-142, R-144: after each kill the same octets go on where it was."""
    rounds = 0
    issued = 0
    while killing.kills < KILLS:
        for each in killing.entities:
            each.log.clear()
            each.exchange = each.certificate = None
            fresh = Entity.of(each.number)
            each.key = fresh.key
            add_secret(killing.store, each.name, SECRET)
            each.begin([killing.ca], killing.clock, ())
        for _ in range(12):
            waiting = [each for each in killing.entities if each.waits]
            if not waiting:
                break
            for each in waiting:
                killing.live(each)
            killing.pass_time()
        killing.check()
        rounds += 1
        found = sum(1 for path in killing.folder.iterdir() if not path.name.startswith("."))
        # Two of sixteen are refused; all others have one certificate of each round.
        assert found - issued == COUNT - COUNT // 8
        issued = found
    assert rounds
    assert killing.answers > killing.kills / 4


def _twice(killing: Killing, entities: list[Entity], server: int) -> None:
    """Each message goes to both CAs, and the other one may die of it."""
    for each in entities:
        octets = each.next(killing.now)
        if octets is not None:
            killing.ask(octets, lethal=True, server=1 - server)
        killing.live(each, server=server)


def test_two_cas_on_one_store(tmp_path: Path, postgresql_server: PostgreSQL) -> None:
    """R-017: processes beside one another, some of which are killed, and messages sent twice."""
    killing = Killing(postgresql_server.new(), tmp_path, seed=7, confirm=True)
    try:
        killing.servers.append(Server(killing.url, killing.folder, killing.settings))
        for each in killing.entities:
            each.begin([killing.ca], killing.clock, ())
        for _ in range(12):
            waiting = [each for each in killing.entities if each.waits]
            if not waiting:
                break
            with ThreadPoolExecutor(4) as pool:
                for done in [
                    pool.submit(_twice, killing, waiting[turn::4], turn % 2) for turn in range(4)
                ]:
                    done.result()
            killing.pass_time()
        killing.check()
        found = sum(1 for path in killing.folder.iterdir() if not path.name.startswith("."))
        assert found == COUNT - COUNT // 8
        assert killing.kills
    finally:
        killing.close()
