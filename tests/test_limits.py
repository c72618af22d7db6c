"""Facts that stand once: what is generated is current, and the rules have the numbers."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cmcodec import limits
from cmcodec.reasons import Reason
from kit.vectors import ROOT

BOTH_BACKENDS = False


@pytest.mark.skipif(
    not (ROOT / "rust").is_dir(), reason="an installed package has no engine source"
)
def test_generated_files_are_current() -> None:
    """V14: declarations, identifiers, reasons, limits and algorithms of the engine are ours."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_DEPTH", 32),
        ("DEFAULT_MESSAGE_LAYERS", 8),
        ("MAX_MESSAGE_LAYERS", 32),
        ("DEFAULT_MESSAGE_SIZE", 512 << 20),
        ("MAX_MESSAGE_SIZE", (4 << 30) - 1),
        ("MAX_BODY_PARTS", 1_000_000),
        ("MAX_OID_OCTETS", 128),
        ("MAX_ARC_OCTETS", 19),
        ("MAX_INTEGER_OCTETS", 16_384 // 8),
        ("MAX_SIGNERS", 64),
        ("MAX_KEY_CANDIDATES", 4),
        ("MAX_THREADS", 1024),
        ("MIN_RSA_MODULUS_BITS", 2048),
        ("MAX_RSA_MODULUS_BITS", 8192),
        ("LEGACY_RSA_MODULUS_BITS", 1024),
        ("MIN_RSA_EXPONENT", 3),
        ("MAX_RSA_EXPONENT", 2**33),
    ],
)
def test_limits_are_those_of_the_rules(name: str, value: int) -> None:
    """Rules P1, P5, P6, V2, V8, V9, V10a: the numbers as they are written there."""
    assert getattr(limits, name) == value


def test_every_reason_has_a_test() -> None:
    """G12: each code is the expectation of a test."""
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
    assert {str(reason) for reason in Reason} <= tested
