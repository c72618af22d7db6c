"""What stands in two languages is the same in both: bounds, declarations and reasons."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cmcodec import limits

BOTH_BACKENDS = False
ROOT = Path(__file__).parent.parent
RUST = ROOT / "rust"
PARSING = {
    "truncated", "limit", "not_canonical", "bad_tag", "bad_value", "trailing_data", "depth",
    "duplicate_body_part_id", "attributes_unsorted",
}  # fmt: skip
"""Reasons of parsing; those of verdicts have their tests with the verifier."""

pytestmark = pytest.mark.skipif(
    not RUST.is_dir(), reason="an installed package has no engine source"
)


def constants() -> dict[str, int]:
    """The numbers of limits.rs."""
    text = (RUST / "cmcodec" / "src" / "limits.rs").read_text(encoding="utf-8")
    found = re.findall(r"pub const (\w+): usize = ([0-9A-Fx_ *]+);", text)
    assert len(found) == text.count("pub const")
    values = {}
    for name, product in found:
        value = 1
        for factor in product.split("*"):
            value *= int(factor.replace("_", "").strip(), 0)
        values[name] = value
    return values


def test_limits_are_those_of_the_engine() -> None:
    """RULES P1 to P8, V2, V8: one number for each bound."""
    python = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert python == constants()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_DEPTH", 32),
        ("DEFAULT_MESSAGE_LAYERS", 8),
        ("MAX_MESSAGE_LAYERS", 32),
        ("DEFAULT_MESSAGE_SIZE", 512 << 20),
        ("MAX_BODY_PARTS", 1_000_000),
        ("MAX_OID_OCTETS", 128),
        ("MAX_INTEGER_OCTETS", 16_384 // 8),
        ("MAX_SIGNERS", 64),
        ("MAX_KEY_CANDIDATES", 4),
    ],
)
def test_limits_are_those_of_the_rules(name: str, value: int) -> None:
    """RULES P1, P5, P6, V2, V8: the numbers as they are written there."""
    assert getattr(limits, name) == value


def test_compiled_schema_is_current() -> None:
    """STYLE B.29: the engine's declarations are generated from those of `cmcodec.types`."""
    done = subprocess.run(
        [sys.executable, str(RUST / "compile_schema.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def reasons() -> list[str]:
    """The codes of error.rs."""
    text = (RUST / "cmcodec" / "src" / "error.rs").read_text(encoding="utf-8")
    return re.findall(r'Self::[\w| :]+ => "([a-z_]+)"', text)


def test_every_reason_has_a_test() -> None:
    """G12: each code of the engine is the expectation of a test."""
    here = Path(__file__).parent
    tested = {
        node.value
        for path in here.rglob("test_*.py")
        if path.name != Path(__file__).name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for manifest in here.rglob("MANIFEST.tsv"):
        tested |= set(re.split(r"[\t\n]", manifest.read_text(encoding="utf-8")))
    assert set(reasons()) >= PARSING
    assert set(reasons()) <= tested


def test_reasons_of_the_fallback_are_the_engines() -> None:
    """V14: every code the fallback parses with is one of the engine's."""
    for name in ("tlv", "primitives", "body_parts", "walk", "codec"):
        source = Path(str(importlib.import_module(f"cmcodec._pure.{name}").__file__))
        text = source.read_text(encoding="utf-8")
        codes = set(re.findall(r'Fault\("([a-z_]+)"', text))
        assert codes <= {*reasons(), "bad_type"}  # bad_type: of Python values, not of octets
