"""What both backends say of every hostile message in ``vectors/`` (rules P, V, R)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
import published
from cmcodec.errors import DecodeError
from hostile.case import Told
from hostile.families import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.reasons import Reason
    from cmcodec.verify.verdict import Row
    from hostile import Case


def said(row: Row) -> Told:
    return Told(
        row.verdict,
        row.reason,
        row.rule,
        row.path,
        tuple((note.body_part_id, note.reason) for note in row.notes),
        tuple(request.pop for request in row.requests),
    )


def wrong(case: Case, threads: int) -> str | None:
    """What is said of a case in the place of what is to be said."""
    report = cmcodec.verify_batch(case.octets, threads=threads, **case.decisions)
    found = [said(row) for row in report]
    expected = list(case.rows)
    for at, (is_said, to_say) in enumerate(zip(found, expected, strict=False)):
        if not to_say.pops:
            expected[at] = Told(**{**vars(to_say), "pops": is_said.pops})
    return None if found == expected else f"{case.name}: {found} where {expected} is to be said"


def refusal(case: Case) -> Reason | None:
    """Why `load` refuses a case."""
    known = {"max_layers", "max_size", "wrapped"}
    options: dict[str, Any] = {key: case.decisions[key] for key in known & set(case.decisions)}
    try:
        cmcodec.load(case.octets, **options)
    except DecodeError as error:
        return error.reason
    return None


def is_offered(case: Case, backend: str) -> bool:
    """The fallback has ML-DSA where ``cryptography`` has it."""
    from cmcodec._pure.verify.ml_dsa import PARAMETER_SETS

    return backend == "rust" or bool(PARAMETER_SETS) or "ML-DSA" not in case.name


@pytest.mark.parametrize("rule", sorted({case.rule for case in published.cases().values()}))
def test_every_row_is_told(
    rule: str, backend: str, record_property: Callable[[str, object], None]
) -> None:
    """V14: verdict, reason, rule, notes and proofs of each row, on one thread and on three.

    `load` refuses what has a malformed row, and nothing else.
    """
    cases = [case for case in published.cases().values() if case.rule == rule]
    offered = [case for case in cases if is_offered(case, backend)]
    for case in offered:
        assert wrong(case, 1) is None
        assert wrong(case, 3) is None
        assert refusal(case) == case.refused, case.name
        assert (case.refused is None) == all(row.verdict != "malformed" for row in case.rows)
    record_property("tried", len(offered))


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_told(name: str) -> None:
    """P7, P8: what is measured of each size is said of each size."""
    family = FAMILIES[name]
    for octets in (2_000, 20_000):
        row = cmcodec.verify_batch(family.make(octets))[0]
        told = said(row)
        assert (told.verdict, told.reason, told.rule) == (
            family.first.verdict,
            family.first.reason,
            family.first.rule,
        )
        assert bool(told.notes) == family.notes
