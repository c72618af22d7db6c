"""What every peer must find in a batch, whatever its library calls it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benches import workload

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMON_NAME = "2.5.4.3"
KEY_OCTETS = {"rsa-2048": 270, "p-256": 65, "ed25519": 32}


@dataclass(frozen=True)
class Fields:
    """Six fields of a message, as every library has them after some conversion."""

    transaction_id: int | None
    sender_nonce: bytes | None
    common_name: str
    key_octets: int
    extensions: tuple[str, ...]
    pop: str


def expected(index: int) -> Fields:
    """What the generator knows of message number ``index``."""
    it = workload.facts(index)
    return Fields(
        it.transaction_id,
        it.sender_nonce,
        it.common_name,
        KEY_OCTETS[it.key_type],
        workload.EXTENSIONS,
        "pkcs10" if it.form == "pkcs10" else "signature",
    )


def check(found: Iterable[Fields], count: int) -> None:
    """Fails unless ``found`` are the fields of the messages of the batch of ``count``."""
    seen = 0
    for index, fields in enumerate(found):
        assert fields == expected(index), (index, fields)
        seen += 1
    assert seen == count


def digest_of(found: Iterable[Fields]) -> str:
    """The answer in one line, for peers that run in other processes: SHA-256 over a line each."""
    digest = hashlib.sha256()
    for it in found:
        nonce = "" if it.sender_nonce is None else it.sender_nonce.hex()
        extensions = ";".join(it.extensions)
        line = f"{it.transaction_id},{nonce},{it.common_name},{it.key_octets},{extensions},{it.pop}"
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
