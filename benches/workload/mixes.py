"""What is in message number so-and-so, and everything random about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

SMALL, BATCH, LARGE, HUGE = 10, 1_000, 10_000, 100_000
FIRST_ID = 1001
"""Body part id of the first nested message."""

KEY_TYPES = ("rsa-2048", "p-256", "ed25519")
SIGNERS = ("request-key", "certificate")
FORMS = ("pkcs10", "crmf")


def octets(what: str, index: int, length: int) -> bytes:
    """Octets that follow from their name."""
    return hashlib.shake_256(f"cmcodec benches, {what} {index}".encode()).digest(length)


@dataclass(frozen=True)
class Facts:
    """What is known of message number ``index`` without decoding it."""

    index: int
    key_type: str
    signer: str
    form: str

    @property
    def transaction_id(self) -> int:
        return int.from_bytes(octets("transaction", self.index, 12), "big") >> 1

    @property
    def sender_nonce(self) -> bytes:
        return octets("nonce", self.index, 16)

    @property
    def common_name(self) -> str:
        return f"device-{self.index:06}"


@dataclass(frozen=True)
class Mix:
    """The messages of a batch: all combinations in turn, the kind of key changing fastest."""

    name: str
    key_types: tuple[str, ...] = KEY_TYPES
    signers: tuple[str, ...] = SIGNERS
    forms: tuple[str, ...] = FORMS

    def facts(self, index: int) -> Facts:
        turn, key_type = divmod(index, len(self.key_types))
        turn, signer = divmod(turn, len(self.signers))
        form = turn % len(self.forms)
        return Facts(index, self.key_types[key_type], self.signers[signer], self.forms[form])


MIXED = Mix("mixed")
MIXES = {
    mix.name: mix
    for kind, key_types in (("mixed", KEY_TYPES), *((each, (each,)) for each in KEY_TYPES))
    for mix in (
        Mix(kind, key_types),
        Mix(f"{kind}-with-certificates", key_types, ("certificate",)),
        Mix(f"{kind}-without-certificates", key_types, ("request-key",)),
    )
}
"""By name: all kinds of keys or one; signed by certificates and by requested keys, or either."""


def facts(index: int, mix: Mix = MIXED) -> Facts:
    """What is known of message number ``index``."""
    return mix.facts(index)
