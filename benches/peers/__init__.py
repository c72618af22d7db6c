"""The same work by `cmcodec` (`ours`) and by everything its users could take instead.

Each peer is a module with a ``NAME``, the ``DISTRIBUTIONS`` it needs, and those of the OPERATIONS
that its library can do rightly:

``load(der)``     decodes and checks all that the library checks; ``contents(loaded)`` and
                  ``six_fields(content)`` read from what it gives.
``read(der)``     decodes and reads six fields of each nested message, in the library's types;
                  ``fields(rows)`` converts them to `answers.Fields`.
``walk(der)``     decodes and makes everything, as typed as the library has it; read as ``load``.
``encode(it)``    encodes whole messages from what ``objects(der)`` yields, good for one use.
``verify(der)``   verifies signer and proof of possession of each nested message and the signature
                  around them; returns how many messages are verified.
``build(it)``     builds and signs a response to each request of `ingredients.answers`, and the
                  batch of them, both by the authority; returns the message.

All have the schema of the same levels: ContentInfo, SignedData, SignerInfo, PKIData, its controls
and requests (PKCS#10, CRMF), and the messages nested in it. What `cmcodec` keeps as octets
(certificates, the values of extensions and keys) may stay octets. Where a peer does less, its
module says so. All run as their users write them: one thread, no cache of keys.

Left out: scapy 2.8, which refuses a message with a CRMF request, and so every batch that holds one.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

from benches.peers import answers, ingredients

if TYPE_CHECKING:
    from types import ModuleType

PEERS = (
    "hazmat_peer",
    "hazmat_encoder_peer",
    "asn1crypto_peer",
    "python_cmc_peer",
    "fasder_peer",
    "pyasn1_peer",
)
"""Modules of this package; the last two take milliseconds for each message."""

OPERATIONS = ("load", "read", "walk", "encode", "verify", "build")


def missing(peer: str) -> str | None:
    """Why a peer cannot run here; None if it can."""
    try:
        import_module(f"benches.peers.{peer}")
    except ImportError as error:
        if (error.name or "").partition(".")[0] in ("benches", "cmcodec"):
            raise
        return f"{error}: pip install .[bench]"
    return None


def installed() -> dict[str, ModuleType]:
    """The peers that can run here."""
    return {peer: import_module(f"benches.peers.{peer}") for peer in PEERS if missing(peer) is None}


def offered(peer: ModuleType) -> tuple[str, ...]:
    """The operations that a peer can do."""
    return tuple(operation for operation in OPERATIONS if hasattr(peer, operation))


def versions(peer: ModuleType) -> dict[str, str]:
    """What is compared."""
    return {name: version(name) for name in peer.DISTRIBUTIONS}


def prepared(peer: ModuleType, operation: str, der: bytes) -> object:
    """What an operation works on, made anew: it is good for one use."""
    if operation == "build":
        return ingredients.answers(der)
    return list(peer.objects(der)) if operation == "encode" else der


def assert_right(peer: ModuleType, operation: str, der: bytes, count: int) -> None:
    """Does an operation once on the batch of ``count`` and fails unless its answer is right."""
    answer = getattr(peer, operation)(prepared(peer, operation, der))
    assert_answer(peer, operation, answer, der, count)


def assert_answer(peer: ModuleType, operation: str, answer: object, der: bytes, count: int) -> None:
    """Fails unless this is what an operation has to answer for the batch of ``count``."""
    if operation == "verify":
        assert answer == count + 1
    elif operation == "encode":
        assert answer == ingredients.received(der)
    elif operation == "build":
        assert isinstance(answer, bytes)
        ingredients.check_built(answer, count)
    elif operation == "read":
        answers.check(peer.fields(answer), count)
    else:
        answers.check(peer.fields(map(peer.six_fields, peer.contents(answer))), count)
