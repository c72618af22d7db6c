"""What an implementation says of octets, in words that are the same for all of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

VALID = "valid"
"""Read, and every signature that is looked at is good."""
READ = "read"
"""Read, by somebody who looks at no signature."""
UNSIGNED = "unsigned"
"""Read, and there is nothing to verify."""
INVALID = "invalid"
REFUSED = "refused"
CRASHED = "crashed"
"""The process ended, or an exception came that nothing documents."""
HUNG = "hung"
"""No answer after `PATIENCE` seconds of CPU."""

PATIENCE = 20.0


@dataclass(frozen=True)
class Answer:
    """``why`` is a word of the side's own where it is not content.

    ``rule``, ``offset``, ``path`` and ``features`` are ours, the last of messages that are read:
    what others may not have. ``values`` are what it read, of what it tells, by name. ``seconds``
    are of CPU, ``peak`` octets of memory beyond what the process had, where it is measured.
    """

    said: str
    why: str = ""
    rule: str = ""
    offset: int | None = None
    path: str = ""
    features: Sequence[str] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    peak: int = 0

    @property
    def is_good(self) -> bool:
        """Whether somebody who asked would go on."""
        return self.said in {VALID, READ}


def hashed(octets: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(octets).hexdigest()


def values(
    content_type: str,
    content: bytes | None,
    signers: Iterable[tuple[int | bytes, str, str, bytes]],
) -> dict[str, str]:
    """The type and hash of the content, and the signers in order of their texts.

    A signer is a serial number or key identifier, the object identifiers of its digest and its
    signature, and the signature. ``Judge.java`` writes the same.
    """
    texts = []
    for sid, digest, algorithm, signature in signers:
        named = sid.hex() if isinstance(sid, bytes) else f"{sid:x}"
        texts.append(f"{named} {digest} {algorithm} {hashed(signature)}")
    found = {"type": content_type, "signers": "; ".join(sorted(texts))}
    return found if content is None else found | {"content": hashed(content)}
