"""What the pages of ``docs`` show in a console works as it stands there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec.verify.lines import COLUMNS
from kit.console import fits, shown
from kit.tokens import software_module
from kit.vectors import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BOTH_BACKENDS = False

DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

ELSEWHERE = {
    "embedding.md": "test_embedding.py",
    "enrolment.md": "rules/test_enrolment.py",
    "roles.md": "test_roles.py",
}
"""Pages whose examples have tests of their own."""

OF_A_TOKEN = ("howto/hsm.md",)

NO_PROGRAM = {"", "diff", "sh", "{toctree}"}
"""Blocks that show no program: output, drawings, what the reader changes, parts of the site."""

DOCTESTS = {"{doctest}", "{testsetup}", "{testcleanup}"}
"""Blocks that Sphinx runs (`test_site`)."""


def pages() -> dict[str, list[tuple[str, str]]]:
    """The blocks of each page: their languages, and what stands in them."""
    return {
        str(path.relative_to(DOCS)): BLOCK.findall(path.read_text(encoding="utf-8"))
        for path in sorted(DOCS.rglob("*.md"))
    }


PAGES = pages()
CONSOLES = {
    name: blocks
    for name, blocks in PAGES.items()
    if name not in ELSEWHERE and any(language == "console" for language, _ in blocks)
}


def test_each_program_on_a_page_runs() -> None:
    """In a doctest, in a console, or in a test that names the page."""
    left = {
        (name, language)
        for name, blocks in PAGES.items()
        for language, text in blocks
        if language not in NO_PROGRAM | DOCTESTS | {"console"}
        and name not in ELSEWHERE
        and not (language == "python" and file_of(text))
    }
    assert left == set()
    for page, test in ELSEWHERE.items():
        assert f"docs/{page}" in (ROOT / "tests" / test).read_text(encoding="utf-8")


def file_of(text: str) -> str | None:
    """The name that a program has in its first line."""
    found = re.match(r"# ([\w/]+\.py)\n", text)
    return found[1] if found else None


@pytest.mark.parametrize("page", [name for name in CONSOLES if name not in OF_A_TOKEN])
def test_console(page: str, shell: Callable[[str], str], tmp_path: Path) -> None:
    """Each command of a page does what stands below it, in the order of the page."""
    run(page, shell, tmp_path)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for a token in software; skips the test where there is none."""
    module, configuration = software_module(), tmp_path / "softhsm.conf"
    (tmp_path / "tokens").mkdir()
    configuration.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n", encoding="ascii")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    monkeypatch.setenv("PKCS11_MODULE", str(module))


@pytest.mark.parametrize("page", OF_A_TOKEN)
def test_console_with_a_token(
    page: str, token: None, shell: Callable[[str], str], tmp_path: Path
) -> None:
    """The same, with a token."""
    run(page, shell, tmp_path)


def run(page: str, shell: Callable[[str], str], folder: Path) -> None:
    for language, text in CONSOLES[page]:
        if language == "python":
            (folder / str(file_of(text))).write_text(text, encoding="utf-8")
        for line, expected in shown(text) if language == "console" else ():
            printed = shell(line)
            assert not expected or fits(expected, printed), f"$ {line}\n{printed}"


# --- reference -----------------------------------------------------------------------------------


def test_each_member_of_the_output_is_described() -> None:
    """Those of a row, of its signers, requests and notes, in their order, and no others."""
    text = (DOCS / "output.md").read_text(encoding="utf-8")
    tables = [
        re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
        for part in re.split(r"^##+ ", text, flags=re.MULTILINE)[1:]
    ]
    row = cmcodec.Row(
        index=0, path=(), kind="other", encoding="der", verdict="failed", reason=None, rule=None,
        offset=None, transaction_id=None, span=(0, 0),
        signers=(cmcodec.Signer(algorithm="", certificate_sha256="", request_id=0, chain=None),),
        requests=(cmcodec.RequestReport(id=0, form="other", algorithm=None, pop="absent"),),
        notes=(cmcodec.Note(body_part_id=None, reason=cmcodec.Reason.LIMIT),),
    ).to_dict()  # fmt: skip
    objects = [row, row["signers"][0], row["requests"][0], row["notes"][0]]
    assert [table for table in tables if table] == [list(each) for each in objects]
    assert ["index", *COLUMNS] == list(row)
