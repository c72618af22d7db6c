"""SECURITY.md and docs/threats.md say what the code does, and name what shows it."""

from __future__ import annotations

import ast
import ctypes
import dataclasses
import re
import sys
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

import cmcodec
from cmcodec import limits
from cmcodec._pure.codec import load as fallback
from cmcodec._pure.verify import written
from cmcodec.columns import incoming
from cmcodec.columns.fields import Field
from cmcodec.columns.outgoing import fill_schema
from cmcodec.columns.structures import ArrowSchema
from cmcodec.reasons import Rule
from cmcodec.roles import Rules
from cmcodec.transports import Limits
from kit.columns import BINARY
from kit.vectors import ROOT, shared
from kit.wrong_inputs import armour

sys.path.insert(0, str(ROOT / "tools"))

from bounds import PACKAGE, read

BOTH_BACKENDS = False
TESTS = Path(__file__).parent
THREATS = ROOT / "docs" / "threats.md"
ROWS = [bound for bounds in read().values() for bound in bounds]

SHOWN = {
    *("asn1.display.MAX_TEXT", "asn1.display.MAX_OCTETS", "asn1.display.MAX_ELEMENTS"),
    *("asn1.display.MAX_JSON_INTEGER", "cli.show.elements.DEEPEST"),
    *("cli.show.elements._MAX_TAG_OCTETS", "cli.show.elements._MAX_LENGTH_OCTETS"),
    *("cli.show.elements._LONGEST_IDENTIFIER", "verify.names._LONGEST"),
    *("embedded.serving.logs._MOST_CAUSES", "hints._MOST_ELEMENTS", "hints._DEEPEST"),
}
"""How much of something is shown, or looked at to say what it is: nothing is refused for it."""

ENCODING = {"transports.framing._MAX_TAG_OCTETS", "transports.framing._MAX_LENGTH_OCTETS"}
"""Rules P2 and P5 again, where the end of a message is looked for."""

PAUSES = {"roles.store._LONGEST_PAUSE"}


# --- bounds --------------------------------------------------------------------------------------


def test_every_bound_has_a_row() -> None:
    """Constants of `limits` or named so, fields of `Limits`, times and numbers of `Rules`."""
    named = re.compile(r"_?(?:MAX|MOST|DEEPEST|LONGEST)(?:_|$)")
    found = {f"limits.{name}" for name in vars(limits) if name.isupper()}
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        found |= {
            f"{module}.{node.target.id}"
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and named.match(node.target.id)
        }
    found |= {f"transports.Limits.{field.name}" for field in dataclasses.fields(Limits)}
    listed = {row.place for row in ROWS}
    assert found - listed == SHOWN | ENCODING | PAUSES
    ours = {
        f"roles.Rules.{field.name}"
        for field in dataclasses.fields(Rules)
        if isinstance(field.default, int | timedelta) and not isinstance(field.default, bool)
    }
    # What a server does itself: how long a client is to wait, and how it derives keys.
    assert ours - listed == {"roles.Rules.poll_after", "roles.Rules.iterations"}


def test_security_names_tests_that_exist() -> None:
    """Beside each bound stands what shows it."""
    assert {row.test for row in ROWS} <= known()


def test_p6_no_max_size_is_beyond_offsets(monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: who allows more than 4 GiB has allowed 4 GiB."""
    message = shared("signed/p256-pkcs10.der")
    assert cmcodec.load(message, max_size=1 << 40)
    given = {"strict": False, "max_layers": 8, "isolate_members": False, "wrapped": False}
    for most, is_read in ((len(message), True), (len(message) - 1, False)):
        monkeypatch.setattr(fallback, "MAX_MESSAGE_SIZE", most)
        if is_read:
            assert fallback.load(message, max_size=1 << 40, **given).der == message
        else:
            with pytest.raises(fallback.Error, match="limit"):
                fallback.load(message, max_size=1 << 40, **given)


def test_p4_armour_begins_near_the_beginning() -> None:
    """P4: 64 KiB of text may stand before it."""
    text = armour(shared("signed/p256-pkcs10.der"))
    near = b"x\n" * (2**15 - 16) + text
    assert cmcodec.load(near)
    with pytest.raises(cmcodec.DecodeError):
        cmcodec.load(b"x\n" * 2**15 + text)


def test_schemas_of_others_are_bounded() -> None:
    """64 types inside one another, and 65,536 children of each."""
    field = BINARY
    for depth in range(incoming._MAX_DEPTH + 2):
        schema = ArrowSchema()
        fill_schema(schema, field)
        if depth <= incoming._MAX_DEPTH:
            assert incoming._field(schema).format == field.format
        else:
            with pytest.raises(ValueError, match="of no type, or of too many children"):
                incoming._field(schema)
        schema.release(ctypes.pointer(schema))
        field = Field("", "+l", (field,))
    schema = ArrowSchema()
    fill_schema(schema, BINARY)
    schema.n_children = incoming._MAX_CHILDREN + 1
    with pytest.raises(ValueError, match="too many children"):
        incoming._field(schema)
    schema.n_children = 0
    schema.release(ctypes.pointer(schema))


def test_columns_have_less_than_2_gib_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets of a column have 31 bits; the engine has the same number."""
    assert written._MOST == 2**31 - 1
    monkeypatch.setattr(written, "_MOST", 5)
    assert len(written._bounds([2, 3])) == 4 * 3
    with pytest.raises(ValueError, match="give fewer messages"):
        written._bounds([2, 4])


# --- threats -------------------------------------------------------------------------------------


@cache
def known() -> set[str]:
    """Every test, as ``file.py::function``."""
    return {
        f"{path.name}::{node.name}"
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def test_threats_name_tests_and_rules_that_exist() -> None:
    """Each attack is answered by something that can be run, and each rule answers an attack."""
    rows = threats()
    named = [each for row in rows for each in re.findall(r"`(test_\w+\.py::\w+)`", row)]
    assert len(rows) > 40
    assert set(named) <= known()
    assert [row for row in rows if "::" not in row] == []
    assert {each for row in rows for each in re.findall(r"\b[PVR]\d+a?\b", row)} == {*Rule}


def test_threats_name_advisories_and_nothing_else() -> None:
    """Public numbers in the last column: no name of other software, and no word about it."""
    for row in threats():
        last = row.rstrip(" |").rpartition("|")[2] if not row.endswith("| |") else ""
        number = r"(?:CVE-\d{4}-\d{4,}|RUSTSEC-\d{4}-\d{4})"
        assert re.fullmatch(rf" ?(?:{number}(?:, {number})*)?", last), row


def threats() -> list[str]:
    """The rows of the tables of docs/threats.md."""
    lines = THREATS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith("| Attack")]
