"""What docs/roles.md shows works as it stands there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kit.vectors import ROOT

if TYPE_CHECKING:
    import pytest

PAGE = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """One block after the other, and they print what their comments say."""
    names: dict[str, Any] = {}
    assert len(BLOCKS) == 2
    for block in BLOCKS:
        exec(compile(block, "docs/roles.md", "exec"), names)
        printed = capsys.readouterr().out
        comments = re.findall(r"print\(.*\) +# (.*)", block)
        assert comments
        assert set(printed.splitlines()) == set(comments)
