"""A CA on loopback: how much of its time is its own, and what load and bad peers do to it.

    python -m benches.serving [--seconds N] [--only NAME…] [--server-key KIND] [--store KIND]
                              [--rate N]

`cmc ca serve` in processes of its own, whose CA has a key of RSA-2048, and 200 connections that are
kept alive, each with a request on its way. A request is that of an end entity with a secret:
PKCS#10, a new key of P-256 that signs it and the message around it, identification and proof of
identity. It is what most first requests are, and its signatures are cheap, so that what the CA does
beside them shows. Each is sent once; all are made before, with the secrets in the store.

load     answers per second, p50, p99; of the processor time of the CA, how much is not signing and
         verifying: those cost what `bare` finds in the same run, times the answers
workers  two workers beside one, in turn, each with a new CA
peers    p99 beside peers that are slow, lie about lengths and send garbage, and without, in turn
memory   resident memory of the worker, the last quarter of the time beside the first

Generator, CA and store share two cores. Ends with status 1 where a promise is not kept.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from tests.kit.command import command, surroundings

import cmcodec
from benches import measure
from benches.connections import Asked, Driven, drive, hostile
from cmcodec import cms, types
from cmcodec.builders import NewRequest, RequestBuilder
from cmcodec.controls import statuses
from cmcodec.embedded.config import read_ca
from cmcodec.embedded.folder import Folder
from cmcodec.embedded.issuing import Issuer
from cmcodec.roles.ca import now
from cmcodec.roles.secrets import Secret
from cmcodec.stores import SQLStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CONNECTIONS = 200
SECONDS = 60.0
PEERS = 18
"""Of each kind: with the others as many connections as a server has by default."""
OUTSIDE = 0.5
"""Of the CA's processor time, at most, with RSA-2048."""
WORKERS = 1.4
"""Times as many answers by two workers as by one, at least."""
PEERS_COST = 1.5
"""Times p99 without bad peers, less than."""
GROWTH = 1.02
"""Times the memory of the first quarter, at most: what varies without growing."""
ROUNDS = 3

_SECRET = b"correct horse battery"
_NUMBERS = iter(range(1 << 62))
_TICKS = os.sysconf("SC_CLK_TCK")


# --- requests ------------------------------------------------------------------------------------


def _made(numbers: Sequence[int]) -> list[Asked]:
    found = []
    for number in numbers:
        name = f"device-{number}"
        key = ec.generate_private_key(ec.SECP256R1())
        request = NewRequest(key=key, subject=x509.Name.from_rfc4514_string(f"CN={name}"))
        message = RequestBuilder().add_request(request).identify(_SECRET, name)
        own = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        found.append(Asked(message.sign_with_request_key(), own))
    return found


class Made(NamedTuple):
    """Requests, and the numbers of those who ask."""

    numbers: list[int]
    asked: list[Asked]


def requests(count: int) -> Made:
    """New ones, made on all cores."""
    numbers = [next(_NUMBERS) for _ in range(count)]
    chunks = [numbers[first : first + 500] for first in range(0, count, 500)]
    if len(chunks) == 1:
        return Made(numbers, _made(numbers))
    with ProcessPoolExecutor(mp_context=get_context("fork")) as pool:
        return Made(numbers, [each for chunk in pool.map(_made, chunks) for each in chunk])


# --- a CA that is served -------------------------------------------------------------------------


class Usage(NamedTuple):
    """Of a server: processor time, that outside cryptography as it tells itself, memory."""

    cpu: float
    outside: float
    resident: int


@dataclass
class Served:
    """A CA, and the process or processes that serve it."""

    folder: Path
    process: subprocess.Popen[str]
    places: dict[str, tuple[str, int]]

    @property
    def _processes(self) -> list[int]:
        """The process that was started, and its workers."""
        own = self.process.pid
        return [own, *map(int, Path(f"/proc/{own}/task/{own}/children").read_text().split())]

    def usage(self) -> Usage:
        """What it has used so far; memory: that of all processes."""
        ticks = resident = 0
        for each in self._processes:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
            status = Path(f"/proc/{each}/status").read_text()
            resident += int(re.findall(r"VmRSS:\s*(\d+) kB", status)[0]) * 1024
        host, port = self.places["metrics"]
        with urllib.request.urlopen(f"http://{host}:{port}/metrics") as answer:
            text = answer.read().decode()
        outside = re.findall(r"(?m)^cmc_outside_cryptography_seconds_total.* (\S+)$", text)
        return Usage(ticks / _TICKS, sum(map(float, outside)), resident)

    def drive(
        self,
        made: Made,
        seconds: float,
        connections: int = CONNECTIONS,
        *,
        keep: int = 100,
        rate: float = math.inf,
    ) -> Driven:
        """Asks all of it, or as much as there is time for; the answers are right."""
        driven = drive(
            self.places["http"],
            made.asked,
            connections=connections,
            seconds=seconds,
            keep=keep,
            rate=rate,
        )
        assert not driven.errors, driven.errors[0]
        trust = [x509.load_pem_x509_certificate((self.folder / "ca-cert.pem").read_bytes())]
        for number, octets in driven.kept:
            _assert_answer(octets, made.asked[number], trust)
        return driven

    def knows(self, made: Made) -> None:
        """The secrets of all who ask, in one transaction."""
        store = SQLStore(_url(self.folder))
        with store.transaction() as transaction:
            for number in made.numbers:
                name = f"device-{number}"
                Secret(identification=name, secret=_SECRET).keep(transaction)
        store.close()


def _url(folder: Path) -> str:
    (url,) = re.findall(r'(?m)^store = "(.*)"$', (folder / "config.toml").read_text())
    return str(url).replace("sqlite:///", f"sqlite:///{folder}/")


def _assert_answer(octets: bytes, asked: Asked, trust: list[x509.Certificate]) -> None:
    """The certificate is of this key, by this CA; the answer is signed and says success."""
    message = cmcodec.load(octets)
    message.verify(trust=trust)
    (status,) = statuses.read(message)
    assert status.cmc_status == types.CMCStatus.SUCCESS
    found = [each.to_cryptography() for each in message.certificates]
    (own,) = [
        each
        for each in found
        if each.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        == asked.mark
    ]
    own.verify_directly_issued_by(trust[0])


@contextmanager
def serving(
    folder: Path,
    made: Made,
    *,
    workers: int = 1,
    server_key: str = "p256",
    store: str | None = None,
) -> Iterator[Served]:
    """A new CA that knows the secrets of these requests, and is served until the block ends."""
    path = folder / "ca"
    given = [] if store is None else ["--store", store]
    _run("ca", "init", str(path), "--new", "rsa2048", *given)
    if server_key != "p256":
        _replace_server_key(path)
    listeners = [each for name in ("http", "metrics") for each in (f"--{name}", "127.0.0.1:0")]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command("ca", "serve", path, *listeners, "--workers", str(workers)),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=surroundings(cmcodec.backend),
        ) as process,
    ):
        try:
            assert process.stdout is not None
            places = {}
            for line in process.stdout:
                _, name, place = line.split()
                host, _, port = place.rpartition(":")
                places[name] = host, int(port)
                if len(places) == 2:
                    break
            served = Served(path, process, places)
            served.knows(made)
            yield served
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0, (folder / "log").read_text()[-2000:]
    shutil.rmtree(path)


def _run(*arguments: str) -> None:
    subprocess.run(
        command(*arguments), check=True, capture_output=True, env=surroundings(cmcodec.backend)
    )


def _replace_server_key(folder: Path) -> None:
    """Another key for the answers, of RSA-2048."""
    place = Folder(folder)
    certificate = place.certificate("ca-cert.pem")
    issuer = Issuer(certificate, place.key("ca-key.pem", certificate).for_request)
    key = rsa.generate_private_key(65537, 2048)
    builder = x509.CertificateBuilder(issuer.name, issuer.name, key.public_key())
    profile = read_ca(place).profiles["server"]
    made = issuer.certify(builder, key.public_key(), profile, serial=1 << 100, now=now())
    octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server-key.pem").write_bytes(octets)
    place.put_certificates("server-cert.pem", [made])


# --- what signing and verifying cost -------------------------------------------------------------


class Bare(NamedTuple):
    """Seconds of processor time for one answer.

    ``signatures``: two verifications and two signatures, of octets that are at hand. ``messages``:
    the same, with all that verifying a message and signing one takes.
    """

    signatures: float
    messages: float


def bare(server_key: str, count: int = 200) -> Bare:
    """What signing and verifying cost, as `issuing` has it; the least of some rounds."""
    issuer = rsa.generate_private_key(65537, 2048)
    key: Any = ec.generate_private_key(ec.SECP256R1()) if server_key == "p256" else issuer
    name = x509.Name.from_rfc4514_string("CN=CA")
    moment = now().replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(moment)
        .not_valid_after(moment.replace(year=moment.year + 1))
        .sign(issuer, hashes.SHA256())
    )
    signer = cms.SigningKey.from_private_key(key, certificate)
    content = types.PKIResponse(control_sequence=(), cms_sequence=(), other_msg_sequence=())
    draft = cms.Draft(content, [certificate])
    asked = requests(count).asked
    octets = certificate.tbs_certificate_bytes
    other = ec.generate_private_key(ec.SECP256R1())
    ecdsa, pkcs1 = ec.ECDSA(hashes.SHA256()), padding.PKCS1v15()
    public, signature = other.public_key(), other.sign(octets, ecdsa)

    def certify() -> None:
        issuer.sign(octets, pkcs1, hashes.SHA256())

    def answer() -> None:
        if server_key == "p256":
            key.sign(octets, ecdsa)
        else:
            certify()

    def check() -> None:
        public.verify(signature, octets, ecdsa)

    def messages() -> None:
        for each in asked:
            report = cmcodec.verify_batch([each.octets], trust=[certificate], request_keys="all")
            assert report.counts() == {"verified": 1}
        for _ in asked:
            cms.sign_many([draft], signer)

    certifying = _seconds(certify, count)
    return Bare(
        certifying + _seconds(answer, count) + 2 * _seconds(check, count),
        certifying + _seconds(messages, 1) / count,
    )


def _seconds(work: Callable[[], object], count: int, rounds: int = 5) -> float:
    found = []
    for _ in range(rounds):
        since = time.process_time()
        for _ in range(count):
            work()
        found.append((time.process_time() - since) / count)
    return min(found)


# --- figures -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Options:
    """What is measured, and how long."""

    folder: Path
    seconds: float
    server_key: str = "p256"
    store: Callable[[], str | None] = lambda: None
    rounds: int = ROUNDS
    connections: int = CONNECTIONS
    rate: float = math.inf

    @contextmanager
    def serving(self, made: Made, workers: int = 1) -> Iterator[Served]:
        with serving(
            self.folder, made, workers=workers, server_key=self.server_key, store=self.store()
        ) as served:
            yield served


class Loaded(NamedTuple):
    """A load, and what the CA used for it."""

    driven: Driven
    cpu: float
    outside: float

    @property
    def each(self) -> float:
        """Seconds of processor time of the CA for one answer."""
        return self.cpu / len(self.driven.latencies)

    def __str__(self) -> str:
        driven = self.driven
        return (
            f"{driven.rate:.0f} answers/s, p50 {driven.percentile(0.5) * 1e3:.0f} ms, "
            f"p99 {driven.percentile(0.99) * 1e3:.0f} ms; {self.each * 1e3:.2f} ms of the CA's "
            f"processor time each ({self.cpu / driven.seconds:.2f} cores), "
            f"{driven.cpu / len(driven.latencies) * 1e6:.0f} µs of the generator's"
        )


def loaded(
    served: Served,
    made: Made,
    seconds: float,
    connections: int,
    *,
    keep: int = 100,
    rate: float = math.inf,
) -> Loaded:
    """The CA under load for so long, or until all is asked."""
    before = served.usage()
    driven = served.drive(made, seconds, connections, keep=keep, rate=rate)
    after = served.usage()
    return Loaded(driven, after.cpu - before.cpu, after.outside - before.outside)


def _needed(options: Options) -> int:
    """Requests that a CA answers in a second, and some more; the files are warm after it."""
    made = requests(1000)
    with options.serving(made) as served:
        return int(loaded(served, made, 30, options.connections).driven.rate * 1.4)


def load(options: Options) -> list[tuple[str, float, float | None]]:
    """The figures of one worker; those that something is promised of with the promise."""
    least = bare(options.server_key)
    made = requests(int(_needed(options) * options.seconds) + options.connections)
    with options.serving(made) as served:
        found = loaded(served, made, options.seconds, options.connections)
    print(f"load: {len(found.driven.latencies):,} answers, no error, {found}")
    within, told = least.messages / found.each, found.outside / found.cpu
    print(
        f"  signing and verifying: {least.messages * 1e6:.0f} µs for an answer, the signatures "
        f"alone {least.signatures * 1e6:.0f} µs; all the CA does: {found.each * 1e6:.0f} µs; "
        f"{told:.2f} of it is outside of cryptography in the answers, as it tells itself"
    )
    promise = OUTSIDE if options.server_key == "rsa2048" else None
    return [("outside signing and verifying", 1 - within, promise)]


def workers(options: Options) -> list[tuple[str, float, float | None]]:
    """Two workers beside one, in turn; the medians of the rounds are compared."""
    needed = int(_needed(options) * options.seconds) + options.connections
    rates: dict[int, list[float]] = {1: [], 2: []}
    for number in range(options.rounds):
        for count in (1, 2) if number % 2 == 0 else (2, 1):
            made = requests(needed * count)
            with options.serving(made, count) as served:
                found = loaded(served, made, options.seconds, options.connections)
            print(f"workers {count}: {found}")
            rates[count].append(found.driven.rate)
    ratio = statistics.median(rates[2]) / statistics.median(rates[1])
    return [("one worker, of two", 1 / ratio, 1 / WORKERS)]


def peers(options: Options) -> list[tuple[str, float, float | None]]:
    """p99 beside bad peers and without, in turn, at one CA."""
    needed = int(_needed(options) * options.seconds) + options.connections
    parts = [requests(needed) for _ in range(2 * options.rounds)]
    everybody = Made([n for each in parts for n in each.numbers], [])
    found: dict[bool, list[float]] = {False: [], True: []}
    with options.serving(everybody) as served:
        for number, part in enumerate(parts):
            is_hostile = number % 2 == 1
            with hostile(served.places["http"], PEERS if is_hostile else 0):
                one = loaded(served, part, options.seconds, options.connections)
            print(f"{'beside bad peers' if is_hostile else 'without'}: {one}")
            found[is_hostile].append(one.driven.percentile(0.99))
    ratio = statistics.median(found[True]) / statistics.median(found[False])
    return [("p99 beside bad peers, times that without", ratio, PEERS_COST)]


def memory(options: Options) -> list[tuple[str, float, float | None]]:
    """Memory of the worker, looked at every ten seconds while it is asked at ``--rate``."""
    rate = min(options.rate, _needed(options))
    made = requests(int(rate * options.seconds) + options.connections)
    samples: list[int] = []
    ended = threading.Event()
    with options.serving(made) as served:

        def look() -> None:
            while not ended.wait(min(10.0, options.seconds / 40)):
                samples.append(served.usage().resident)

        looking = threading.Thread(target=look)
        looking.start()
        try:
            found = loaded(
                served, made, options.seconds, options.connections, keep=1000, rate=options.rate
            )
        finally:
            ended.set()
            looking.join()
    quarter = max(1, len(samples) // 4)
    first, last = statistics.mean(samples[:quarter]), statistics.mean(samples[-quarter:])
    print(
        f"memory: {found.driven.seconds:.0f} s, {len(found.driven.latencies):,} answers, "
        f"{first / 2**20:.1f} MiB in the first quarter, {last / 2**20:.1f} MiB in the last"
    )
    return [("memory of the last quarter, times the first", last / first, GROWTH)]


SCENARIOS = {each.__name__: each for each in (load, workers, peers, memory)}


def _few_cores() -> None:
    """All of it on two cores, whatever there are."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])


@contextmanager
def _stores(kind: str) -> Iterator[Callable[[], str | None]]:
    """What makes new stores: with None, the CA makes its own file."""
    if kind == "sqlite":
        yield lambda: None
        return
    from tests.kit.postgresql import server

    with server() as running:
        yield running.new


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_AsItStands)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--server-key", choices=("p256", "rsa2048"), default="p256")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--rate", type=float, default=math.inf, help="of memory: asked a second")
    given = parser.parse_args()
    _few_cores()
    print(f"{cmcodec.backend}, load average {measure.load_average():.1f}")
    is_kept = True
    with tempfile.TemporaryDirectory() as folder, _stores(given.store) as store:
        options = Options(
            Path(folder),
            given.seconds,
            given.server_key,
            store,
            given.rounds,
            given.connections,
            given.rate,
        )
        for name in given.only:
            for text, value, at_most in SCENARIOS[name](options):
                promised = "" if at_most is None else f", at most {at_most:.2f}"
                print(f"{name}: {text}: {value:.2f}{promised}", flush=True)
                is_kept = is_kept and (at_most is None or value <= at_most)
    print(f"load average {measure.load_average():.1f}")
    return 0 if is_kept else 1


class _AsItStands(argparse.RawDescriptionHelpFormatter):
    """The description has lines of its own."""


if __name__ == "__main__":
    sys.exit(main())
