"""``cmc bench``: it runs the benches of a source tree, and says so where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec.cli import main
from cmcodec.cli.commands import bench
from kit.vectors import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = ROOT / "benches"
SHOW = """
import os, sys
def main(prog_name):
    print(prog_name, sys.argv[1:], os.getcwd())
    sys.exit(1)
"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory that is no source tree, and a package that stands in none."""
    site = tmp_path / "lib" / "site-packages"
    monkeypatch.setattr(cmcodec, "__file__", str(site / "cmcodec" / "__init__.py"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def make_tree(path: Path) -> None:
    (path / "benches").mkdir(parents=True)
    (path / "benches" / "__main__.py").write_text(SHOW)


def test_outside_of_a_source_tree_one_line_says_so(
    elsewhere: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--quick"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("cmc: bench: runs in a source tree")
    assert err.count("\n") == 1


def test_help_needs_no_source_tree(elsewhere: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--help"]) == 0
    assert "python -m benches" in capfd.readouterr().out


@pytest.mark.skipif(not SOURCE.is_dir(), reason="an installed package has no benches")
def test_help_names_the_command_that_was_called(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """In a source tree too, where the benches say what there is."""
    monkeypatch.chdir(SOURCE.parent)
    assert main(["bench", "--help"]) == 0
    out = capfd.readouterr().out
    assert out.startswith("Usage: cmc bench [OPTIONS]")
    assert "--quick" in out


def test_options_and_exit_status_are_those_of_the_benches(
    elsewhere: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """From the working directory that the command was called in, where files are."""
    make_tree(elsewhere)
    assert main(["bench", "--only", "load", "--json", "out.json"]) == 1
    options = ["--only", "load", "--json", "out.json"]
    expected = f"cmc bench {options} {elsewhere.resolve()}"
    assert capfd.readouterr().out.strip() == expected


def test_the_tree_of_the_package_comes_first(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = elsewhere.parent / "tree"
    make_tree(tree)
    make_tree(elsewhere)
    assert bench.source_tree() == elsewhere
    package = tree / "python" / "cmcodec" / "__init__.py"
    monkeypatch.setattr(cmcodec, "__file__", str(package))
    assert bench.source_tree() == tree.resolve()
