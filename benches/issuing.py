"""What a CA costs beyond the signatures of a batch, in one run.

    python -m benches.issuing [COUNT] [--rounds N] [--store memory|sqlite] [--memory]

COUNT requests of the workload in one batch, half of them with an identity proof, half signed by the
certificate that is renewed: `CertificationAuthority.process` decides about each, has a certificate
for it that was made beforehand, and signs an answer to each. Held against bare verification of the
same batch and bare signing of as many responses with those certificates, by the same key: RSA-2048,
and P-256, which signs so fast that what is left is the CA's own work. Times are those of the
processor, all threads together, and of the wall. Ends with status 1 below the ratio promised.
With ``--memory`` it is the peak of resident memory, beyond what is there before, that is held
against the size of the batch.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import cmcodec
from benches import building, measure, memory, workload
from benches.workload import certificates, keys
from benches.workload.mixes import octets
from benches.workload.parts import DAY
from cmcodec import cms, types
from cmcodec.roles import CertificationAuthority
from cmcodec.stores import MemoryStore, SQLStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from cmcodec.roles import Application, Processed
    from cmcodec.stores import Store, Transaction

COUNT = 10_000
MEMORY = 10
"""Times the size of the batch that the CA may need."""
PROMISED = 0.7
"""Of bare verification plus signing, with RSA-2048, in processor time."""


@dataclass
class Counting:
    """A store that counts its transactions."""

    inner: Store
    transactions: int = field(default=0)

    def transaction(self) -> AbstractContextManager[Transaction]:
        self.transactions += 1
        return self.inner.transaction()

    def close(self) -> None:
        self.inner.close()


class Inputs(NamedTuple):
    """A batch, and what a CA needs for it."""

    batch: bytes
    count: int
    secrets: dict[str, bytes]
    issued: dict[bytes, x509.Certificate]


def inputs(count: int) -> Inputs:
    """The batch of the workload, the secrets of its devices, a certificate for each key in it."""
    batch = workload.batch(count)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=CA")
    issued: dict[bytes, x509.Certificate] = {}
    for number, (_, message) in enumerate(cmcodec.load(batch).unverified_messages):
        content: Any = message.unverified_content
        request = content.req_sequence[0]
        if request.tcr is not None:
            info = request.tcr.certification_request.certification_request_info
            spki = info.subject_public_key_info
        else:
            spki = request.crm.cert_req.cert_template.public_key
        subject = x509.Name.from_rfc4514_string(f"CN={number}")
        builder = x509.CertificateBuilder(name, subject, spki.to_cryptography(), number + 1)
        builder = builder.not_valid_before(DAY).not_valid_after(DAY.replace(year=DAY.year + 9))
        issued[request.to_der()] = builder.sign(key, hashes.SHA256())
    secrets = {}
    for index in range(count):
        it = workload.facts(index)
        secrets[it.common_name] = octets("secret", it.index, 12).hex().encode()
    return Inputs(batch, count, secrets, issued)


def bare(given: Inputs, signer: cms.SigningKey) -> int:
    """Verifies the batch, and signs as many responses."""
    report = cmcodec.verify_batch(
        given.batch, trust=certificates.anchors(), request_keys="all", at=DAY
    )
    assert report.counts() == {"verified": given.count + 1}
    content = types.PKIResponse(control_sequence=(), cms_sequence=(), other_msg_sequence=())
    drafts = [cms.Draft(content, [each]) for each in given.issued.values()]
    return len(cms.sign_many(drafts, signer))


def authority(given: Inputs, signer: cms.SigningKey, store: Store) -> CertificationAuthority:
    """A CA with certificates made beforehand."""

    def issue(application: Application, _: types.CertTemplate) -> x509.Certificate:
        return given.issued[application.request.to_der()]

    def secret(identification: str | None) -> bytes | None:
        return given.secrets.get(identification or "")

    return CertificationAuthority(
        signer=signer,
        issue=issue,
        store=store,
        trust=certificates.anchors(),
        authorised_ras=[_ra()],
        secrets=secret,
        clock=lambda: DAY,
    )


def _ra() -> bytes:
    """The certificate that signs the batches of the workload."""
    key = keys.key("p-256", "registration authority", 0)
    return certificates.chain(key, "Example Devices RA", -1)[0]


def served(given: Inputs, signer: cms.SigningKey, store: Store) -> Processed:
    """The whole batch, each request with its certificate."""
    processed = authority(given, signer, store).process(given.batch)
    assert len(processed.outcomes) == given.count
    wrong = [each for each in processed.outcomes if each.status != types.CMCStatus.SUCCESS]
    assert not wrong, wrong[0]
    return processed


@contextmanager
def stores(kind: str) -> Iterator[Callable[[], Counting]]:
    """New stores of a kind, one after another."""
    with tempfile.TemporaryDirectory() as folder:
        number = iter(range(1000))

        def new() -> Counting:
            if kind == "memory":
                return Counting(MemoryStore())
            return Counting(SQLStore(f"sqlite:///{Path(folder) / str(next(number))}.db"))

        yield new


class Cost(NamedTuple):
    """Seconds of the wall and of the processor."""

    wall: float
    cpu: float


def cost(work: Callable[[], object]) -> Cost:
    """What some work costs."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def compared(given: Inputs, kind: str, store: str, rounds: int) -> tuple[Cost, Cost, int]:
    """The least that bare work and the CA took, and the transactions that the CA needed."""
    signer = building.signer(kind)
    theirs, ours, transactions = [], [], 0
    with stores(store) as new:
        for _ in range(rounds):
            theirs.append(cost(lambda: bare(given, signer)))
            counting = new()
            ours.append(cost(lambda counting=counting: served(given, signer, counting)))  # type: ignore[misc]
            counting.close()
            transactions = counting.transactions
    return _least(theirs), _least(ours), transactions


def _least(costs: list[Cost]) -> Cost:
    return Cost(min(each.wall for each in costs), min(each.cpu for each in costs))


def memory_of(count: int, store: str) -> float:
    """The most memory that the CA needs, by the size of the batch."""
    signer = building.signer("rsa")
    with stores(store) as new:
        # What only the first batch needs is there then.
        served(inputs(10), signer, new())
        given = inputs(count)
        before = memory.resident_from_now()
        processed = served(given, signer, new())
        assert processed.octets
        return (memory.peak() - before) / len(given.batch)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=COUNT)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", choices=("memory", "sqlite"), default="sqlite")
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    if arguments.memory:
        needed = memory_of(arguments.count, arguments.store)
        print(f"memory: {needed:.2f} of the batch, at most {MEMORY}")
        return 0 if needed <= MEMORY else 1
    print(f"{cmcodec.backend}, load average {measure.load_average():.1f}")
    given = inputs(arguments.count)
    kept = True
    for kind, at_least in (("rsa", PROMISED), ("p-256", None)):
        theirs, ours, transactions = compared(given, kind, arguments.store, arguments.rounds)
        cpu, wall = theirs.cpu / ours.cpu, theirs.wall / ours.wall
        own = (ours.cpu - theirs.cpu) / arguments.count * 1e6
        print(
            f"{kind}: {cpu:.2f} of bare work in processor time"
            f"{f', at least {at_least}' if at_least else ''}; {wall:.2f} by the wall; "
            f"{own:.0f} µs of its own for each request; {transactions} transactions"
        )
        kept = kept and (at_least is None or cpu >= at_least)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
