"""All there is, by name, and the verdicts that are right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benches.workload import responses, store, worst
from benches.workload.mixes import FORMS, HUGE, KEY_TYPES, MIXED, MIXES, SMALL
from benches.workload.parts import as_ber
from benches.workload.requests import make_batch, single
from cmcodec.limits import DEFAULT_MESSAGE_LAYERS, MAX_SIGNERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Shape:
    """A kind of message that can be made in sizes, up to ``largest``."""

    name: str
    make: Callable[[int], bytes]
    largest: int
    verified: Callable[[int], int] = lambda _: 1
    """How many messages of one of this size are verified."""
    unsigned: Callable[[int], int] = lambda _: 0
    """How many have no signature that could be."""

    @property
    def smallest(self) -> int:
        return min(SMALL, self.largest)

    def file(self, size: int) -> Path:
        """Where `der` keeps it."""
        return store.kept(f"{self.name}-{size}", partial(self.make, size))

    def der(self, size: int) -> bytes:
        return self.file(size).read_bytes()

    def counts(self, size: int) -> dict[str, int]:
        """What `cmcodec.BatchReport.counts` must be."""
        found = {"verified": self.verified(size), "unsigned": self.unsigned(size)}
        return {verdict: number for verdict, number in found.items() if number}


def _and_outer(size: int) -> int:
    return size + 1


def _single(key_type: str, form: str, _: int) -> bytes:
    return single(key_type, form)


LARGE_RESPONSE = 6_600
"""Requests that are answered with 5 MB."""

_SHAPES = [
    *(
        Shape(f"single-{key_type}-{form}", partial(_single, key_type, form), 1)
        for key_type in KEY_TYPES
        for form in FORMS
    ),
    *(
        Shape(f"batch-{name}", partial(make_batch, mix=mix), HUGE, _and_outer)
        for name, mix in MIXES.items()
    ),
    Shape("batch-response", responses.batch_response, HUGE, _and_outer),
    Shape("batch-ber", lambda size: as_ber(make_batch(size, MIXED)), HUGE, _and_outer),
    Shape("large-response", responses.large_response, LARGE_RESPONSE),
    Shape("many-controls", worst.many_controls, HUGE),
    Shape("many-values", worst.many_values, HUGE),
    Shape("many-references", worst.many_references, HUGE),
    Shape("many-requests", worst.many_requests, HUGE),
    Shape("many-others", worst.many_others, HUGE),
    Shape("many-data", worst.many_data, HUGE),
    Shape("many-empty", worst.many_empty, HUGE, unsigned=lambda size: size),
    Shape("many-certificates", worst.many_certificates, 1_000),
    Shape("many-signers", worst.many_signers, MAX_SIGNERS),
    Shape("deep-values", worst.deep_values, HUGE),
    Shape("deep-layers", worst.deep_layers, DEFAULT_MESSAGE_LAYERS, lambda size: size),
]
SHAPES = {shape.name: shape for shape in _SHAPES}
