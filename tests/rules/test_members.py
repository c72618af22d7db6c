"""Rules R5, P6 and P8: members of a cmsSequence that are no messages, many of them."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec import loaded, types, verify_batch
from cmcodec.limits import MAX_BODY_PARTS
from kit.der import integer, seq, tlv
from kit.messages import control, members, pki_data, signed_data, tagged_content_info, verify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cmcodec.verify.verdict import Row

LARGE = 3000
"""Members of five octets and more that the engine reads in several groups."""


def malformed(identifier: int) -> bytes:
    """The frame and the id of a TaggedContentInfo, and nothing else."""
    return seq(integer(identifier))


@cache
def ascending(first: int, last: int) -> bytes:
    """Malformed members with all these ids."""
    return b"".join(map(malformed, range(first, last + 1)))


def said(row: Row) -> tuple[object, ...]:
    return row.path, row.verdict, row.reason, row.offset, row.span


def rows(octets: bytes, threads: int = 1) -> list[tuple[object, ...]]:
    found = verify(octets, threads=threads)
    return [said(found[index]) for index in range(len(found))]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("step", [1, -1])
def test_r5_each_malformed_member_is_a_row(step: int, threads: int) -> None:
    """R5: a row for each, in received order, whether ids ascend or not."""
    ids = range(1, LARGE + 1)[::step]
    octets = signed_data(pki_data(members=map(malformed, ids)))
    outer, *nested = rows(octets, threads)
    assert outer[:2] == ((), "unsigned")
    place = octets.index(b"".join(map(malformed, ids)))
    for identifier, row in zip(ids, nested, strict=True):
        place += len(malformed(identifier))
        assert row == ((identifier,), "malformed", "bad_tag", place, (place, place))


def tree(shape: Iterable[object]) -> bytes:
    """A message: of each list in ``shape`` a message is made in turn, of all else what it says."""
    parts = [tree(part) if isinstance(part, list) else part for part in shape]
    inside = [
        malformed(number) if part is None else tagged_content_info(part, number)
        for number, part in enumerate(parts, 11)
        if part is None or isinstance(part, bytes)
    ]
    return signed_data(pki_data(members=inside))


@pytest.mark.parametrize("padding", [0, 20_000])
@pytest.mark.parametrize("threads", [1, 3])
def test_r5_paths_of_malformed_members(padding: int, threads: int) -> None:
    """R5: the path of a malformed member tells every message around it, before it and after."""
    data = tlv(0x04, bytes(padding))
    hidden = seq(tlv(0x06, b"\x2a\x03"), tlv(0xA0, data))
    octets = tree([None, [None, [None, [None], None], None, [None]], hidden, None, [[[None]]]])
    paths = [row[0] for row in rows(octets, threads)]
    assert paths == [
        (),
        (11,),
        (12,), (12, 11), (12, 12), (12, 12, 11), (12, 12, 12), (12, 12, 12, 11), (12, 12, 13),
        (12, 13), (12, 14), (12, 14, 11),
        (13,), (14,),
        (15,), (15, 11), (15, 11, 11), (15, 11, 11, 11),
    ]  # fmt: skip
    report = verify_batch(octets, threads=threads)
    assert [row.path for row in report] == paths
    assert report.counts() == {"unsigned": 8, "malformed": 9, "failed": 1}
    for row in report:
        held = octets[row.span[0] : row.span[1]]
        assert (held == b"") == (row.verdict == "malformed")
        if row.verdict == "unsigned":
            assert cmcodec.verify_batch(held)[0].verdict == "unsigned"
    starts = [row.span[0] for row in report]
    assert all(before < after for before, after in pairwise(starts[1:]))


def test_r5_rows_of_many_items() -> None:
    """R5: each item has its own rows; what is no message is one."""
    batch = signed_data(pki_data(members=map(malformed, range(1, 200))))
    items = [batch, b"", signed_data(), b"\x30\x03\x02\x01\x05", batch]
    report = verify_batch(items)
    assert [row.index for row in report] == [0] * 200 + [1, 2, 3] + [4] * 200
    assert [said(row) for row in report[:200]] == [said(row) for row in report[-200:]]
    assert [said(report[at])[4] for at in (200, 202)] == [(0, 0), (0, 5)]
    assert report.counts() == {"unsigned": 3, "malformed": 200 * 2}
    with pytest.raises(IndexError):
        report[len(report)]


def test_r5_a_member_without_an_id_is_no_row() -> None:
    """R5, P6: 0 names no body part. The message is refused, for what is wrong in it first."""
    parts = [malformed(1), malformed(0), malformed(2)]
    octets = signed_data(pki_data(members=parts))
    after = octets.index(parts[2])
    assert rows(octets) == [((), "malformed", "bad_tag", after, (0, len(octets)))]
    good = tagged_content_info(signed_data(), 0)
    octets = signed_data(pki_data(members=[malformed(1), good]))
    place = octets.index(integer(0) + signed_data())
    assert rows(octets) == [((), "malformed", "limit", place, (0, len(octets)))]


@pytest.mark.parametrize("shift", [0, 1])
def test_p6_equal_ids_of_malformed_members(shift: int) -> None:
    """P6: that an id stands twice refuses the message, wherever, with the place of the second."""
    ids = [*range(1, LARGE), shift * 7 + 1, LARGE + 1]
    octets = signed_data(pki_data(members=map(malformed, ids)))
    place = octets.rindex(integer(ids[-2]), 0, -len(malformed(LARGE + 1)))
    for threads in (1, 3):
        found = rows(octets, threads)
        expected = ((), "malformed", "duplicate_body_part_id", place, (0, len(octets)))
        assert found == [expected]


def limit_of(backend: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The limit of body parts; in the fallback a smaller one, at the same lines of code."""
    if backend == "rust":
        return MAX_BODY_PARTS
    for module in ("body_parts", "walk"):
        monkeypatch.setattr(f"cmcodec._pure.codec.{module}.MAX_BODY_PARTS", 3000)
    return 3000


BROKEN = {
    "of no use": b"\x04\x00",
    "without an id": seq(b"\x05\x00"),
    "that ends too late": b"\x30\x7f",
    "empty": seq(),
}
"""Members that refuse a message where they are read."""


@pytest.mark.parametrize("before", [0, 1])
def test_p6_no_member_is_read_beyond_the_limit(
    backend: str, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: the part that is one too many refuses the message, whatever stands after it."""
    limit = limit_of(backend, monkeypatch)
    controls = [control(number, 99, b"\x05\x00") for number in range(1, before + 1)]
    parts = ascending(before + 1, limit)
    good = signed_data(pki_data(controls, members=[parts]))
    assert verify_batch(good).counts() == {"unsigned": 1, "malformed": limit - before}
    for last, threads in zip(BROKEN.values(), (1, 3, 1, 3), strict=True):
        more = (malformed(limit + 1), *[malformed(limit + 2)] * before, last)
        octets = signed_data(pki_data(controls, members=[parts, *more]))
        (found,) = rows(octets, threads)
        assert found[1:3] == ("malformed", "limit")
        assert found[3] == octets.rindex(integer(limit + 1))


@pytest.mark.parametrize("last", BROKEN)
def test_p6_the_part_that_is_one_too_many_may_be_none(
    backend: str, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: of that part nothing is read but that it is there."""
    limit = limit_of(backend, monkeypatch)
    broken = BROKEN[last]
    parts = ascending(1, limit)
    octets = signed_data(pki_data(members=[parts, broken]))
    (found,) = rows(octets)
    is_part = last in ("without an id", "empty")
    assert found[2] == ("limit" if is_part else "bad_tag" if last == "of no use" else "truncated")
    assert found[3] == octets.index(parts) + len(parts)


def test_p6_a_repeated_id_stands_before_the_limit(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: of what refuses a message for its ids the first in received order is the reason."""
    limit = limit_of(backend, monkeypatch)
    octets = signed_data(pki_data(members=[malformed(5)] * (limit + 2)))
    (found,) = rows(octets)
    assert found[2:4] == ("duplicate_body_part_id", octets.index(malformed(5)) + 7)


def noted(values: Iterable[int], octets: list[bytes]) -> list[str]:
    named = control(9999, 28, types.BodyPartList(tuple(values)))
    row = verify_batch(signed_data(pki_data([named], members=octets)))[0]
    return [note.reason for note in row.notes]


@pytest.mark.parametrize("run", [16, 1 << 16])
@pytest.mark.parametrize("step", [1, -1, 7])
def test_r4_references_to_members_in_any_order(
    step: int, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: a member is found by its id, whatever the order; a malformed one has its own row."""
    monkeypatch.setattr(loaded, "_RUN", run)
    ids = [1 + number * step % 101 for number in range(100)]
    octets = [malformed(number) for number in ids]
    octets[50] = tagged_content_info(seq(tlv(0x06, b"\x2a\x03"), tlv(0xA0, integer(7))), ids[50])
    assert noted(ids[:50], octets) == []
    assert noted([*ids[51:], 0xFFFF], octets) == ["dangling_reference"]
    assert noted([0], octets) == ["dangling_reference"]
    assert noted(ids, octets) == ["not_a_message"]


def test_r4_a_member_after_a_malformed_one() -> None:
    """R4: what is known of a malformed member counts for no other that stands beside it."""
    data = seq(tlv(0x06, bytes.fromhex("2a864886f70d010701")), tlv(0xA0, tlv(0x04, b"x")))
    assert noted([1, 11], [malformed(1), *members(data), malformed(2)]) == ["not_a_message"]
