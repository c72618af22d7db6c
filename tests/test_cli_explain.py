"""``cmc explain``: what the codes mean that the other commands print."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from cmcodec.cli import main
from cmcodec.explanations import CODES
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from kit.command import Run

BOTH_BACKENDS = False


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal with lines as long as they get."""
    monkeypatch.setenv("COLUMNS", "100")


def explained(capsys: pytest.CaptureFixture[str], *codes: str) -> str:
    assert main(["explain", *codes]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("wide")
def test_a_reason_is_told_with_rule_example_and_advice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = explained(capsys, "digest_mismatch").splitlines()
    assert lines[:3] == [
        "digest_mismatch",
        "  The messageDigest attribute differs from the digest of eContent.",
        "  rule: V6",
    ]
    assert [line.partition(":")[0] for line in lines if line.startswith("  ") and line[2] != " "][
        2:
    ] == ["  example", "  what to do"]


@pytest.mark.usefixtures("wide")
def test_a_rule_is_told_with_its_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, "V13")
    assert text.startswith("V13\n  Chains are unchecked unless the caller says whom to trust")
    assert text.endswith("  refused with: untrusted_chain, untrusted_request_key\n")


def test_case_does_not_count_and_several_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    heads = [line for line in explained(capsys, "BADREQUEST", "v5").splitlines() if line[:1] > " "]
    assert heads == ["badRequest", "V5"]


def test_each_code_is_told_in_the_width_of_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    for code in CODES:
        text = explained(capsys, code)
        assert text.startswith(f"{code}\n")
        assert "`" not in text
        assert max(map(len, text.splitlines())) <= 60
    listed = explained(capsys)
    assert [line.split()[0] for line in listed.splitlines() if line[0] != " "] == [*CODES]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("V99", "is it V"),
        ("digest_missmatch", "is it digest_mismatch or "),
        ("?", "cmc explain lists"),
    ],
)
def test_an_unknown_code_exits_2_with_one_line(
    code: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", code]) == 2
    out, errors = capsys.readouterr()
    assert out == ""
    assert errors.startswith(f"cmc: {code}: there is no such code: {hint}")
    assert errors.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="shells complete on POSIX")
def test_shells_complete_codes_and_files(cmc: Run) -> None:
    """The manual says how they are told to."""

    def completed(*words: str) -> list[str]:
        done = cmc(
            COMP_WORDS=" ".join(("cmc", *words)),
            COMP_CWORD=str(len(words)),
            _CMC_COMPLETE="bash_complete",
        )
        return done.stdout.splitlines()

    assert completed("ver") == ["plain,verify"]
    assert completed("explain", "trun") == [f"plain,{Reason.TRUNCATED}"]
    assert completed("inspect", "mess") == ["file,mess"]
    assert completed("verify", "--trust", "ca") == ["file,ca"]
    for shell in ("bash", "zsh", "fish"):
        assert "cmc_completion" in cmc(_CMC_COMPLETE=f"{shell}_source").stdout
