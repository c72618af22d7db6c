"""The gate on instruction counts, without counting."""

from __future__ import annotations

import json

import pytest

from benches import instructions


@pytest.mark.parametrize("backend", ["rust"], indirect=True)
@pytest.mark.usefixtures("backend")
def test_operations() -> None:
    """Each can be done, twice, and is recorded."""
    recorded = json.loads(instructions.RECORD.read_text())["instructions"]
    names = []
    for name, work in instructions.operations():
        assert work() == work()
        names.append(name)
    assert names == list(recorded)


@pytest.mark.parametrize(
    ("count", "worse"), [(10_500, ["load"]), (10_100, []), (10_000, []), (9_000, [])]
)
def test_five_per_cent_are_too_many(count: int, worse: list[str]) -> None:
    assert instructions.compare({"load": count}, {"load": 10_000}) == worse


def test_encoding_may_differ_by_where_objects_are() -> None:
    encode = "encode each content"
    assert instructions.compare({encode: 10_300}, {encode: 10_000}) == []
    assert instructions.compare({encode: 10_500}, {encode: 10_000}) == [encode]


def test_what_is_not_recorded_is_not_passed() -> None:
    assert instructions.compare({"load": 1}, {}) == ["load"]
