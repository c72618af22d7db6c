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
        names += instructions.measures(name)
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


def test_verification_may_take_one_per_cent_more() -> None:
    every, ours = instructions.measures("verify 200 of the batch")
    assert instructions.compare({every: 10_090}, {every: 10_000}) == []
    assert instructions.compare({every: 10_110}, {every: 10_000}) == [every]
    assert instructions.compare({ours: 10_190}, {ours: 10_000}) == []
    assert instructions.compare({ours: 10_210}, {ours: 10_000}) == [ours]


CALLGRIND = """events: Ir

ob=/x/_rust.abi3.so
fl=???
fn=cmcodec::load
0 5
cob=/x/libc.so.6
cfn=malloc
calls=1 7
0 1000
0 6
fn=aws_lc_0_47_0_SHA256_Update
0 70

ob=/x/libc.so.6
fn=malloc
3 800
fn=not::ours
3 9000

totals: 9881
"""


def test_instructions_are_those_of_the_function_itself() -> None:
    assert sum(instructions.counts(CALLGRIND)) == 9881
    assert list(instructions.counts(CALLGRIND, instructions.ours)) == [5, 6]


def test_what_is_not_recorded_is_not_passed() -> None:
    assert instructions.compare({"load": 1}, {}) == ["load"]
