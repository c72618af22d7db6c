"""The docstrings of constants and of the members of enums: the texts that stand under names."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def docstrings(path: Path, cls: str | None = None) -> dict[str, str]:
    """The docstring under each name of a module, or of one of its classes, in one line.

    What the module writes ``so``, the text has `so`.
    """
    body = ast.parse(path.read_text()).body
    if cls is not None:
        body = next(n.body for n in body if isinstance(n, ast.ClassDef) and n.name == cls)
    found = {}
    for item, following in pairwise(body):
        match item, following:
            case (
                ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)),
                ast.Expr(ast.Constant(str(text))),
            ):
                found[name] = " ".join(text.split()).replace("``", "`")
    return found
