"""What a vector is: octets, and what is to be said of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kit.vectors import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostile import Told

FOLDER = ROOT / "vectors"


@dataclass(frozen=True)
class Vector:
    """A file of the set; ``vectors/README.md`` says what its fields are.

    ``rules`` are ids of rules and requirements, that of its series first. ``rows`` are what is to
    be said of each message in it, outer first. ``beside`` are the files that ``given`` and
    ``needs`` name.
    """

    id: str
    kind: str
    title: str
    rules: tuple[str, ...]
    octets: bytes = field(repr=False)
    rows: tuple[Told, ...] = ()
    reason: str | None = None
    signature: str | None = None
    algorithms: tuple[str, ...] = ()
    optional: str | None = None
    twin: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    needs: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def file(self) -> str:
        """Its name in the folder."""
        if self.kind == "answer":
            return f"{self.id}.bin"
        return f"{self.id}.{'pem' if b'-----BEGIN' in self.octets else 'der'}"


def slug(text: str) -> str:
    """A name of small letters, digits and hyphens."""
    signed = re.sub(r"(?<!\w)-(?=\d)", "minus-", text).replace("+", "plus-").replace("^", "-to-")
    return re.sub(r"[^a-z0-9]+", "-", signed.lower()).strip("-")
