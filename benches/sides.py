"""Who does an operation: this library, its fallback, the limits, and whichever peers are here.

Every side is asked for its answer once, and it must be right, before anybody is timed.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import cmcodec
from benches import peers, workload
from benches.measure import Side, timed, whole
from benches.peers import answers, ours, served
from benches.promises import ALL_THREADS, CORE, FALLBACK, LIMIT, MEMCPY, OURS
from cmcodec import _backend, types
from cmcodec.verify.batch import cores

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path
    from types import ModuleType

BACKENDS = {OURS: "rust", FALLBACK: "pure"}
LIMITS = {"load": "walk", "verify": "verify"}
"""What a limit is asked for where the others do an operation."""

FRESH = 10
"""Messages whose objects are built before they are encoded: few, as in a program that answers."""

WARM = 30.0
"""Seconds of work after which a virtual machine has compiled what it runs."""


class Job(NamedTuple):
    """What is timed, what gives it its input, and in which parts it gets that."""

    fresh: Callable[[], Any]
    work: Callable[[Any], object]
    parts: Callable[[Any], Iterable[Any]] = whole


class Program(NamedTuple):
    """A peer in a program that is under way; ``name`` is what the program calls it."""

    served: served.Served
    name: str
    offer: served.Offer
    patience: float
    """Seconds that it runs before it is timed."""


def base_of(side: str) -> str:
    """Who a side is, whatever number of threads it uses."""
    return side.removesuffix(ALL_THREADS)


def threads_of(side: str) -> int:
    """How many threads a side uses."""
    return cores() if side.endswith(ALL_THREADS) else 1


class Cast(ExitStack):
    """Those who are here, by the names that `promises` has for them.

    All peers, or those ``wanted`` of them, which must be installed or built; with ``limits``, the
    limits and the core crate whether wanted or not. Programs nobody of whom is wanted do not start.
    """

    def __init__(
        self,
        wanted: Collection[str] | None = None,
        *,
        jvm: bool = False,
        limits: bool = True,
    ) -> None:
        super().__init__()
        self._wanted = None if wanted is None else {*wanted, *((CORE, LIMIT) if limits else ())}
        self._problem = {
            "bouncycastle": "--jvm, with a JDK (17 or newer) and Maven",
            OURS: "install it where cargo is",
        }
        self._backends = [FALLBACK, *([OURS] if find_spec("cmcodec._rust") else [])]
        self.modules: dict[str, ModuleType] = {
            module.NAME: module
            for module in peers.installed().values()
            if self._is_wanted(module.NAME)
        }
        self.programs: dict[str, Program] = {}
        self._start(served.RUST, ("rust-asn1", "rasn", "rustcrypto", LIMIT, CORE), 0)
        if jvm:
            self._start(served.JAVA, ("bouncycastle",), WARM)

    def _is_wanted(self, name: str) -> bool:
        return self._wanted is None or name in self._wanted

    def _start(self, program: served.Program, names: tuple[str, ...], patience: float) -> None:
        if not any(map(self._is_wanted, names)):
            return
        try:
            started = self.enter_context(program.start())
        except served.ServedError as error:
            self._problem |= dict.fromkeys(names, str(error))
            return
        for name, offer in started.hello().items():
            known = CORE if name == OURS else name
            if self._is_wanted(known):
                self.programs[known] = Program(started, name, offer, patience)

    def is_here(self, side: str) -> bool:
        """Whether a side takes part."""
        name = base_of(side)
        return name in (*self._backends, MEMCPY, *self.modules, *self.programs)

    def how_to_get(self, side: str) -> str:
        """What would make a side take part that does not."""
        name = base_of(side)
        if not self._is_wanted(name):
            return "left out by --peers"
        return self._problem.get(name, 'pip install ".[bench]"')

    def modules_for(self, operation: str) -> list[str]:
        """Peers in Python that can do it."""
        return [name for name, it in self.modules.items() if operation in peers.offered(it)]

    def programs_for(self, operation: str) -> list[str]:
        """Peers and limits in programs that can do it."""
        return [
            name
            for name, it in self.programs.items()
            if (LIMITS.get(operation) if name == LIMIT else operation) in it.offer.operations
        ]

    def versions(self) -> dict[str, str]:
        """What is compared."""
        found: dict[str, str] = {}
        for module in self.modules.values():
            found |= peers.versions(module)
        for name, program in self.programs.items():
            if name != CORE:
                found["aws-lc-rs" if name == LIMIT else name] = program.offer.version
        return found

    def side(self, name: str, operation: str, count: int) -> Side:
        """Somebody who is here, after having given the right answer."""
        if name == MEMCPY:
            octets = e_content(workload.batch(count))
            return Side(name, timed(lambda it: bytes(memoryview(it)), lambda: octets))
        if name in self.modules:
            module, der = self.modules[name], workload.batch(count)
            peers.assert_right(module, operation, der, count)
            job = _job(module, operation, der)
            return Side(name, timed(job.work, job.fresh, job.parts))
        base = base_of(name)
        if base in BACKENDS:
            threads = threads_of(name)
            run = our_run(BACKENDS[base], operation, workload.batch(count), count, threads)
            return Side(name, run)
        return _served_side(name, self.programs[base], operation, count)


# --- this library ----------------------------------------------------------------------------


def our_run(
    backend: str, operation: str, der: bytes, count: int, threads: int = 1
) -> Callable[[], float]:
    """The ``run`` of this library, after it has given the right answer."""
    job = _our_job(operation, der, threads)
    _backend.use(backend)
    answer: Any = job.work(job.fresh())
    if operation == "unchanged":
        assert answer == e_content(der)
    elif operation == "relay":
        assert types.PKIData.from_der(answer).cms_sequence == _content(der).cms_sequence
    else:
        peers.assert_answer(ours, operation, answer, der, count)
    run = timed(job.work, job.fresh, job.parts)

    def switched() -> float:
        # Choosing looks at files, which the call after it would feel.
        if _backend.name() != backend:
            _backend.use(backend)
        return run()

    return switched


def _our_job(operation: str, der: bytes, threads: int) -> Job:
    """What this library does; it offers more than its peers."""
    if operation == "verify":
        return Job(lambda: der, partial(_verified, threads=threads))
    if operation == "build":
        return Job(
            partial(peers.prepared, ours, operation, der), partial(ours.build, threads=threads)
        )
    if operation == "unchanged":
        return Job(partial(_content, der), types.PKIData.to_der)
    if operation == "relay":
        return Job(partial(_content, der), _relay)
    return _job(ours, operation, der)


def _job(module: ModuleType, operation: str, der: bytes) -> Job:
    if operation == "encode":
        return Job(partial(module.objects, der), module.encode, in_groups)
    return Job(partial(peers.prepared, module, operation, der), getattr(module, operation))


def in_groups(objects: Iterable[Any]) -> Iterator[list[Any]]:
    """The objects of `FRESH` messages, built just before they are encoded."""
    objects = iter(objects)
    while group := list(islice(objects, FRESH)):
        yield group


def _verified(der: bytes, threads: int) -> int:
    return cmcodec.verify_batch(der, threads=threads).counts().get("verified", 0)


def _content(der: bytes) -> types.PKIData:
    content = cmcodec.load(der).unverified_content
    assert isinstance(content, types.PKIData)
    return content


def _relay(content: types.PKIData) -> bytes:
    return types.PKIData(
        control_sequence=(),
        req_sequence=(),
        cms_sequence=content.cms_sequence,
        other_msg_sequence=(),
    ).to_der()


def e_content(der: bytes) -> bytes:
    """The octets that a batch signs."""
    structure: Any = cmcodec.load(der).unverified_structure
    octets: bytes = structure.content.encap_content_info.e_content
    return octets


# --- programs --------------------------------------------------------------------------------


def _served_side(name: str, program: Program, operation: str, count: int) -> Side:
    asked = LIMITS[operation] if program.name == LIMIT else operation
    request = f"{program.name}/{asked}"
    file, threads = workload.batch_file(count), threads_of(name)

    def run() -> float:
        return program.served.ask(request, file, threads).seconds

    _check(asked, program.served.ask(request, file, threads), count)
    _warm(program, asked, file)
    return Side(name, run)


def _warm(program: Program, asked: str, file: Path) -> None:
    """Runs all it can do, what is asked last: what ran before decides how well that is compiled."""
    operations = sorted(program.offer.operations, key=lambda it: it == asked)
    for operation in operations:
        until = time.monotonic() + program.patience / len(operations)
        while time.monotonic() < until:
            program.served.ask(f"{program.name}/{operation}", file, 1)


def _check(asked: str, reply: served.Reply, count: int) -> None:
    """Fails unless a program's answer is right; `peers.served` says what it answers."""
    assert reply.messages == count
    if asked == "load":
        assert reply.answer == count
    elif asked == "read":
        assert reply.answer == answers.digest_of(map(answers.expected, range(count)))
    elif asked == "verify":
        assert reply.answer == count + 1
    else:
        # Of each message: a SEQUENCE, an OBJECT IDENTIFIER and a [0], at the very least.
        assert int(reply.answer) > 3 * count
