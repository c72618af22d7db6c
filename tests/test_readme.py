"""What README.md shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_there_are_examples() -> None:
    assert len(BLOCKS) == 2


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_example_runs(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """STYLE B.39: each example runs, and prints what its comments say."""
    monkeypatch.chdir(ROOT)
    exec(compile(BLOCKS[number], "README.md", "exec"), {})
    printed = capsys.readouterr().out
    for comment in re.findall(r"print\(.*?\) +# (.*)", BLOCKS[number]):
        assert comment in printed
