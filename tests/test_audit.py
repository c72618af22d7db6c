"""tools/audit.py finds what it looks for, and says what it could not look for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from kit.vectors import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import audit

BOTH_BACKENDS = False

REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"
MIT = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"}


@pytest.mark.skipif(shutil.which("cargo") is None, reason="there is no cargo")
def test_crates_are_from_the_registry_under_known_licences() -> None:
    """deny.toml, over what is in Cargo.lock; advisories need more (`.ci/run audit`)."""
    done = audit.output("cargo", "metadata", "--format-version", "1", "--locked")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["packages"]) > 20
    assert list(audit.against(tomllib.loads(audit.DENY.read_text("utf-8")), found)) == []


@pytest.mark.parametrize(
    ("expression", "is_allowed"),
    [
        ("MIT", True),
        ("GPL-3.0", False),
        ("", False),
        ("MIT OR GPL-3.0", True),
        ("GPL-3.0/MIT", True),
        ("MIT AND GPL-3.0", False),
        ("(MIT OR GPL-3.0) AND Apache-2.0", True),
        ("MIT AND (GPL-3.0 OR LGPL-2.1)", False),
        ("GPL-3.0 OR MIT AND Apache-2.0", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT WITH LLVM-exception", False),
        ("MIT)", False),
        ("(MIT", False),
        ("MIT Apache-2.0", False),
    ],
)
def test_expressions_of_licences(expression: str, is_allowed: bool) -> None:
    """What is no expression is not allowed either."""
    assert audit.allowed(expression, MIT) is is_allowed


def crate(**fields: Any) -> dict[str, Any]:
    given = {"name": "a", "version": "1.0.0", "id": "a", "license": "MIT", "source": REGISTRY}
    return given | {"dependencies": []} | fields


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, None),
        ({"license": "GPL-3.0"}, "a 1.0.0: licence GPL-3.0"),
        ({"license": None}, "a 1.0.0: licence unknown"),
        ({"name": "ring"}, "ring 1.0.0: banned"),
        ({"source": "git+https://example.org/a"}, "a 1.0.0: from git+https://example.org/a"),
        ({"source": f"{REGISTRY}-2"}, f"a 1.0.0: from {REGISTRY}-2"),
        ({"source": None}, "a 1.0.0: from a path"),
        ({"source": None, "id": "member"}, None),
        ({"dependencies": [{"name": "b", "req": "*"}]}, "a 1.0.0: any version of b"),
        ({"dependencies": [{"name": "b", "req": "*", "path": "/b"}]}, None),
    ],
)
def test_what_deny_toml_forbids(fields: dict[str, Any], said: str | None) -> None:
    """Each kind is found, and nothing beside it."""
    deny = {"licenses": {"allow": ["MIT"]}, "bans": {"deny": [{"name": "ring"}]}}
    keeps = crate(id="keeps", name="keeps")
    metadata = {"workspace_members": ["member"], "packages": [keeps, crate(**fields)]}
    found = list(audit.against(deny, metadata))
    assert len(found) == (said is not None)
    assert all(each.startswith(str(said)) for each in found)


def test_what_is_allowed_is_in_use() -> None:
    """An allowance that nobody needs is one for whoever comes."""
    deny = {"licenses": {"allow": ["MIT", "ISC"]}, "bans": {"deny": []}}
    found = audit.against(deny, {"workspace_members": [], "packages": [crate()]})
    assert list(found) == ["licence ISC: allowed and not in use"]


def test_what_pip_audit_says() -> None:
    """A vulnerability is a finding; what was left out is no proof that there is none."""
    good = {"name": "a", "version": "1", "vulns": []}
    found = {"id": "X-1", "aliases": ["Y"], "fix_versions": ["3"]}
    bad = {"name": "b", "version": "2", "vulns": [found]}
    left = {"name": "c", "skip_reason": "not found"}
    own = {"name": "cmcodec", "skip_reason": "not found"}
    assert audit.audited([good, own]) == ([], [])
    assert audit.audited([good, bad]) == (["b 2: X-1 Y, fixed in 3"], [])
    assert audit.audited([good, left]) == ([], ["vulnerabilities of packages: c"])
    assert audit.audited([left, own]) == ([], ["vulnerabilities of packages: the index tells none"])


@pytest.mark.parametrize(("complete", "status"), [((), 0), (("--complete",), 1)])
def test_what_cannot_be_looked_up_is_said(complete: tuple[str, ...], status: int) -> None:
    """Without tools nothing is found, which is no failure unless it is to be complete."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "audit.py"), *complete],
        capture_output=True, text=True, check=False, env={"PATH": ""},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (status, "")
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        "without crates",
        "without vulnerabilities of packages",
    ]
