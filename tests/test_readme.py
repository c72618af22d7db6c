"""What README.md shows works as it stands there."""

from __future__ import annotations

import re
import sys

import pytest

from kit.vectors import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_there_are_examples() -> None:
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_example_runs(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each example runs, and prints what its comments say."""
    monkeypatch.chdir(ROOT)
    try:
        exec(compile(BLOCKS[number], "README.md", "exec"), {})
    finally:
        # No other test is to meet the alias.
        for name in ("python_cmc", "python_cmc.cmc", "python_cmc.crmf"):
            sys.modules.pop(name, None)
    printed = capsys.readouterr().out
    for comment in re.findall(r"print\(.*?\) +# (.*)", BLOCKS[number]):
        assert comment in printed
