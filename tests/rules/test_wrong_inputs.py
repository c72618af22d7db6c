"""Files that are no message: what `load` and a report say that they are."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec import oids
from cmcodec.hints import hint
from kit.der import NULL, seq
from kit.keys import ALICE
from kit.messages import members, pkcs10, pki_data
from kit.vectors import VECTORS
from kit.wrong_inputs import OTHER_CMS, WRONG_INPUTS, signed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", WRONG_INPUTS)
def test_p4_load_says_what_it_is(name: str) -> None:
    """P4: the error names it; its reason is that of a batch."""
    octets, hint = WRONG_INPUTS[name].make(), WRONG_INPUTS[name].hint
    with pytest.raises(cmcodec.DecodeError) as caught:
        cmcodec.load(octets)
    assert caught.value.hint == hint
    assert str(caught.value).endswith(f": {hint}")
    (row,) = cmcodec.verify_batch(octets)
    assert (row.verdict, row.reason) == ("malformed", caught.value.reason)


def test_p4_a_report_says_what_each_row_is() -> None:
    """P4, R5: it says so of each row that is no message, and of no other."""
    cases = [*WRONG_INPUTS.values(), *OTHER_CMS.values()]
    report = cmcodec.verify_batch([case.make() for case in cases])
    assert [report.hint(row) for row in report] == [case.hint for case in cases]
    messages = cmcodec.verify_batch([pkcs10(), pkcs10(signature=bytes(64)), b"\x02\x01\x00"])
    assert [row.verdict for row in messages] == ["verified", "failed", "malformed"]
    assert [messages.hint(row) for row in messages] == ["", "", ""]


def test_r5_a_report_says_what_is_nested() -> None:
    """R5: what stands in the place of a nested message is named as well."""
    around = signed(oids.ID_CCT_PKI_DATA, pki_data(members=members(ALICE.certificate())))
    report = cmcodec.verify_batch(around)
    outer, nested = report
    assert (outer.verdict, nested.verdict) == ("unsigned", "malformed")
    assert report.hint(outer) == ""
    assert report.hint(nested) == "this is a certificate"


@pytest.mark.parametrize("name", OTHER_CMS)
def test_v1_load_takes_other_cms(name: str) -> None:
    """V1: another content of CMS is no PKI message, and malformed neither."""
    octets = OTHER_CMS[name].make()
    assert cmcodec.load(octets).kind == "other"
    (row,) = cmcodec.verify_batch(octets)
    assert row.reason == "wrong_content_type"


@pytest.mark.parametrize("file", sorted(VECTORS.rglob("*.der")), ids=lambda file: file.stem)
def test_p4_no_message_is_taken_for_anything_else(file: Path) -> None:
    """P4: a message that is broken is not called what it never was."""
    octets = file.read_bytes()
    try:
        message = cmcodec.load(octets)
    except cmcodec.DecodeError:
        return
    # Certificates alone may stand in a SignedData over no octets of id-data.
    if message.kind != "other" and message.octets("content.encapContentInfo.eContent") != b"\4\0":
        assert hint(octets) == ""
        assert hint(octets[:-1]) == ""


def test_p4_hints_of_no_der() -> None:
    """P4: of octets that could be anything nothing is said."""
    for octets in (b"\x30", b"\x30\x80", b"\x02\x01\x00", b"\x30\x03\x02\x01", b"\x30\x84\xff"):
        assert hint(octets) == ""
    assert hint(pkcs10()[:-1]) == ""


@pytest.mark.parametrize(
    "file",
    sorted((VECTORS / "shared" / "controls").glob("*.value.der")),
    ids=lambda file: file.stem,
)
def test_p4_hints_are_not_guessed(file: Path) -> None:
    """P4: the value of a control is nothing that has a hint."""
    assert hint(file.read_bytes()) == ""


@pytest.mark.parametrize("size", [100, 40_000_000])
def test_p8_a_hint_takes_no_more_memory_than_a_beginning(size: int) -> None:
    """P8: not for elements without number either, whatever is nested in them."""
    for octets in (seq(NULL * (size // 2)), b"\x30\x80" * (size // 2)):
        tracemalloc.start()
        assert hint(octets) == ""
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1 << 20
