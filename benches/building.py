"""What the builders add to signing and to making batches, in one run.

    python -m benches.building [COUNT] [--rounds N]

A message around a finished request: `RequestBuilder` against `cms.sign` of the same content, made
beforehand, with a key of RSA-2048. With one on P-256, which signs 20 times as fast, the builder's
check of the request's proof of possession is as much as all that `cms.sign` does: that figure is
shown, too. A batch of COUNT messages, and of a quarter of them: `BatchRequestBuilder.add_all`
against `builders.batch_requests`. Ends with status 1 where a builder takes longer than it may.
"""

from __future__ import annotations

import argparse
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import cmcodec
from benches import measure, workload
from benches.workload.parts import DAY
from cmcodec import builders, cms

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.message import Message

COUNT = 10_000
REQUESTS = 500
AROUND_A_REQUEST = 1.5
"""Times `cms.sign` that a message around a finished request may take."""
A_BATCH = 1.2
"""Times `batch_requests` that a batch may take."""
LONGER = 1.5
"""Times as long as in a quarter of the batch a message may take; 4 if it looked at all others."""


class Inputs(NamedTuple):
    """The same for both sides."""

    requests: list[Any]
    contents: list[Any]
    messages: list[Message]
    signer: cms.SigningKey


@cache
def signer(kind: str) -> cms.SigningKey:
    """One key, "rsa" or "p-256", and its certificate."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = (
        rsa.generate_private_key(65537, 2048)
        if kind == "rsa"
        else ec.generate_private_key(ec.SECP256R1())
    )
    name = x509.Name.from_rfc4514_string("CN=RA")
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(DAY)
        .not_valid_after(DAY.replace(year=DAY.year + 9))
        .sign(key, hashes.SHA256())
    )
    return cms.SigningKey.from_private_key(key, certificate)


def inputs(count: int, kind: str = "p-256") -> Inputs:
    """Requests and messages of the workload; making them is not timed."""
    messages = [message for _, message in cmcodec.load(workload.batch(count)).unverified_messages]
    requests = []
    for message in messages[:REQUESTS]:
        content: Any = message.unverified_content
        requests.append(content.req_sequence[0])
    contents = [builders.RequestBuilder().add_request(request).content() for request in requests]
    return Inputs(requests, contents, messages, signer(kind))


def built(given: Inputs) -> list[bytes]:
    """A message around each request, by the builder."""
    empty = builders.RequestBuilder()
    return [empty.add_request(request).sign(given.signer) for request in given.requests]


def signed(given: Inputs) -> list[bytes]:
    """The same content signed."""
    return [cms.sign(content, given.signer) for content in given.contents]


def batch_built(given: Inputs) -> list[bytes]:
    """A batch by the builder."""
    return [builders.BatchRequestBuilder().add_all(given.messages).sign(given.signer)]


def batch_made(given: Inputs) -> list[bytes]:
    """The same batch by the function."""
    return [builders.batch_requests(given.messages, given.signer)]


def contents(made: list[bytes]) -> list[Any]:
    """What was signed; of a batch what is in it, as its ids are given in another order."""
    loaded = [cmcodec.load(octets) for octets in made]
    return [
        [member.to_der() for _, member in message.unverified_messages] or message.unverified_content
        for message in loaded
    ]


def measured(
    works: tuple[Callable[[Inputs], list[bytes]], ...], given: Inputs, rounds: int
) -> tuple[measure.Times, ...]:
    """The builder and the function it is held against, which make the same."""
    first, second = (contents(work(given)) for work in works)
    assert first == second
    sides = [measure.Side(work.__name__, measure.timed(work, lambda: given)) for work in works]
    return tuple(measure.alternate(sides, rounds))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=COUNT)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    print(f"{cmcodec.backend}, load average {measure.load_average():.1f}")
    large, small = inputs(arguments.count), inputs(arguments.count // 4)
    around = [
        measured((built, signed), inputs(REQUESTS, kind), arguments.rounds)
        for kind in ("rsa", "p-256")
    ]
    many = measured((batch_built, batch_made), large, arguments.rounds)
    fewer = measured((batch_built, batch_made), small, arguments.rounds)
    figures = (
        ("a message around a finished request, of cms.sign, RSA-2048", around[0], AROUND_A_REQUEST),
        ("the same, P-256", around[1], None),
        ("a batch, of batch_requests", many, A_BATCH),
    )
    kept = True
    for name, (ours, theirs), at_most in figures:
        ratio = ours.best / theirs.best
        print(f"{name}: {ratio:.2f}" + (f", at most {at_most}" if at_most else ""))
        kept = kept and (at_most is None or ratio <= at_most)
    grown = many[0].best / fewer[0].best * len(small.messages) / len(large.messages)
    print(f"a message in a batch, of one in a quarter of it: {grown:.2f}, at most {LONGER}")
    return 0 if kept and grown <= LONGER else 1


if __name__ == "__main__":
    sys.exit(main())
