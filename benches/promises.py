"""What this project promises about speed and memory; README.md says how to read it.

`SPEED` holds ratios of two sides that are measured in turn in one run. What is promised of growth
and of starting stands in `growth.promises` and `startup.promises`.
"""

from __future__ import annotations

from dataclasses import dataclass

from benches.workload import BATCH, LARGE

OURS = "cmcodec"
FALLBACK = "cmcodec, fallback"
CORE = "cmcodec, core crate"
LIMIT = "limit"
MEMCPY = "memcpy"

ALL_THREADS = ", all threads"
"""What the name of a side ends with that uses every core; all others use one thread."""

SCALING = 0.93
"""What is promised of each core when all are used."""

OPERATIONS = {
    "load": "validate every value, nested messages included",
    "read": "load, and read six fields of each message",
    "walk": "load, and make everything typed values",
    "encode": "encode each message from freshly built objects",
    "unchanged": "encode the loaded content of a batch of which nothing was changed",
    "relay": "encode a new content around the loaded messages of a batch",
    "verify": "verify signer and proof of possession of each message",
    "build": "build and sign a response to each message, and a batch of them (P-256)",
}
"""What is done to a batch of distinct messages (see `workload`)."""


@dataclass(frozen=True)
class Speed:
    """``ours`` is at least ``bound`` times as fast as ``peer`` on a batch of ``count`` messages.

    With ``per_core`` that is meant for each core, less what `SCALING` leaves for sharing them: the
    peer uses one. Without a bound nothing is promised, and the ratio is shown.
    """

    operation: str
    count: int
    ours: str
    peer: str
    bound: float | None
    per_core: bool = False

    def at_least(self, cores: int) -> float | None:
        """The bound on a machine of so many cores."""
        if self.bound is None or not self.per_core:
            return self.bound
        return self.bound * SCALING * cores


def _verify(peer: str, bound: float) -> tuple[Speed, Speed]:
    """On one thread and on all of them, against the peer's one."""
    return (
        Speed("verify", LARGE, OURS, peer, bound),
        Speed("verify", LARGE, OURS + ALL_THREADS, peer, bound, per_core=True),
    )


# Peers in pure Python get a tenth of the messages, and this library as well beside them.
SPEED = (
    # More on AMD; these are what an Intel Xeon keeps too (README.md).
    Speed("load", LARGE, OURS, "rust-asn1", 2),
    Speed("read", LARGE, OURS, "rust-asn1", 0.65),
    Speed("load", LARGE, OURS, "rasn", 8),
    Speed("load", LARGE, OURS, "bouncycastle", 12),
    Speed("load", LARGE, OURS, "hazmat.asn1", 12),
    Speed("load", BATCH, OURS, "asn1crypto", 800),
    Speed("read", LARGE, OURS, "hazmat.asn1", 4.5),
    Speed("read", BATCH, OURS, "asn1crypto", None),
    Speed("walk", BATCH, OURS, "hazmat.asn1", 2.8),
    Speed("walk", BATCH, OURS, "asn1crypto", 50),
    Speed("encode", BATCH, OURS, "hazmat.asn1", 3.5),
    Speed("encode", BATCH, OURS, "asn1crypto", 60),
    Speed("unchanged", LARGE, OURS, MEMCPY, 0.25),
    Speed("relay", LARGE, OURS, MEMCPY, 0.25),
    Speed("verify", LARGE, OURS, LIMIT, 0.97),
    Speed("verify", LARGE, OURS + ALL_THREADS, LIMIT, 1, per_core=True),
    Speed("verify", LARGE, OURS + ALL_THREADS, LIMIT + ALL_THREADS, None),
    *_verify("asn1crypto", 5),
    *_verify("hazmat.asn1", 2.6),
    *_verify("bouncycastle", 5.5),
    Speed("verify", BATCH, FALLBACK, "asn1crypto", 1),
    Speed("verify", 1, OURS, "asn1crypto", None),
    Speed("build", BATCH, OURS, "asn1crypto", None),
    Speed("build", BATCH, OURS + ALL_THREADS, "asn1crypto", None),
)

MEMORY = {"load": 1.1, "read": 1.1, "verify": 2.0}
"""Peak memory in sizes of the input, which is one of them."""

MALFORMED = {"rust": 4, "pure": 150}
"""The same of the report over messages whose members are malformed, beside the input (rule P8)."""
