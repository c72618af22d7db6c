"""What a poll costs where many applications wait, against where few do, in one run.

    python -m benches.polling [MANY] [--rounds N] [--store sqlite|memory]

A client asks for what is pending in a store with 100 applications, and in one with MANY: each poll
is a signed message of its own, verified, looked up and answered. Ends with status 1 where the one
costs more than a fifth more than the other, in processor time.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import cmcodec
from benches import issuing, measure
from benches.workload.parts import DAY
from cmcodec import cms, types
from cmcodec.builders import NewRequest, RequestBuilder
from cmcodec.roles import Application, CertificationAuthority, Pend
from cmcodec.stores import Kind

if TYPE_CHECKING:
    from cmcodec.stores import Store

FEW, MANY = 100, 100_000
POLLS = 100
AT_MOST = 1.2
"""Times what a poll costs where few wait."""


def _certificate(key: Any, name: str, issuer: Any, is_ca: bool) -> x509.Certificate:
    subject, by = (x509.Name.from_rfc4514_string(f"CN={each}") for each in (name, "CA"))
    return (
        x509.CertificateBuilder(by, subject, key.public_key(), 1 + is_ca)
        .not_valid_before(DAY)
        .not_valid_after(DAY.replace(year=DAY.year + 9))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .sign(issuer, hashes.SHA256())
    )


class Waiting:
    """A CA with so many applications that wait, and a client with one of them."""

    def __init__(self, store: Store, count: int) -> None:
        key, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        ca = _certificate(key, "CA", key, is_ca=True)
        certificate = _certificate(own, "device", key, is_ca=False)
        self.signer = cms.SigningKey.from_private_key(own, certificate)
        self.authority = CertificationAuthority(
            signer=cms.SigningKey.from_private_key(key, ca),
            issue=self._issue,
            store=store,
            trust=[ca],
            policy=lambda _: Pend(DAY + timedelta(days=1)),
            clock=lambda: DAY,
        )
        request = NewRequest(key=ec.generate_private_key(ec.SECP256R1()))
        asked = RequestBuilder().transaction(7).add_request(request).renew(certificate)
        answer = cmcodec.load(self.authority.respond(asked.sign(self.signer)))
        (self.application,) = self.authority.pending()
        self.answer = answer
        with store.transaction() as transaction:
            record = transaction.get(Kind.APPLICATION, self.application.id)
            assert record is not None
            for number in range(count - 1):
                key_of_another = number.to_bytes(16, "big")
                transaction.put(Kind.APPLICATION, key_of_another, record)

    def _issue(self, application: Application, _: types.CertTemplate) -> x509.Certificate:
        raise AssertionError(f"nobody has decided about {application}")

    def polls(self, count: int) -> list[bytes]:
        """Messages that ask, each with a nonce of its own."""
        token = types.QueryPending(self.application.id)
        return [
            RequestBuilder().follow_up(self.answer).add_control(token).sign(self.signer)
            for _ in range(count)
        ]

    def seconds(self, polls: list[bytes]) -> float:
        """Processor time that the answers take, all of which say pending."""
        begin = time.process_time()
        answers = [self.authority.respond(each) for each in polls]
        taken = time.process_time() - begin
        for each in answers:
            content: Any = cmcodec.load(each).unverified_content
            (status,) = (
                value
                for control in content.control_sequence
                for value in control.attr_values
                if isinstance(value, types.CMCStatusInfoV2)
            )
            assert status.cmc_status == types.CMCStatus.PENDING
        return taken


def compared(many: int, kind: str, rounds: int, polls: int = POLLS) -> tuple[float, float]:
    """The least time of a poll where few wait, and where many do."""
    with issuing.stores(kind) as new:
        sides = [Waiting(new(), count) for count in (FEW, many)]
        found: list[list[float]] = [[], []]
        for _ in range(rounds):
            for times, side in zip(found, sides, strict=True):
                times.append(side.seconds(side.polls(polls)) / polls)
        for side in sides:
            side.authority.store.close()
    return min(found[0]), min(found[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("many", nargs="?", type=int, default=MANY)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--store", choices=("memory", "sqlite"), default="sqlite")
    arguments = parser.parse_args()
    print(f"{cmcodec.backend}, load average {measure.load_average():.1f}")
    few, many = compared(arguments.many, arguments.store, arguments.rounds)
    ratio = many / few
    print(
        f"a poll where {arguments.many:,} wait: {many * 1e3:.2f} ms, {ratio:.2f} of one where "
        f"{FEW} do, at most {AT_MOST}"
    )
    return 0 if ratio <= AT_MOST else 1


if __name__ == "__main__":
    sys.exit(main())
