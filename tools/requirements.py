"""What ``docs/requirements.md`` lists: requirements, controls by role, algorithms by use.

Whatever can be shown has a key: the id of a requirement (``R-017``), a role and a control that is
for it (``EE identityProofV2``), the word ``algorithms`` and a use (``algorithms key transport``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

ROLES = ("EE", "RA", "CA")
ALGORITHMS = "algorithms"
NOT_FOR_THIS_ROLE = "—"

_ID = re.compile(r"R-\d{3}")
_HEADS = {
    ("Id", "Where", "Requirement"): "requirements",
    ("Control", *ROLES): "controls",
    ("Use", "Level"): ALGORITHMS,
}


@dataclass(frozen=True)
class Listed:
    """The tables of the page.

    ``sections``: the ids under each heading, in order. ``controls``: the levels of each control for
    the three roles. ``algorithms``: the level of each use. ``problems``: what is wrong with rows.
    """

    sections: dict[str, list[str]] = field(default_factory=dict)
    controls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    algorithms: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """The ids of all requirements."""
        return [name for names in self.sections.values() for name in names]

    @property
    def cells(self) -> dict[str, str]:
        """The level of every control for every role that it is for, by key."""
        return {
            f"{role} {control}": level
            for control, levels in self.controls.items()
            for role, level in zip(ROLES, levels, strict=True)
            if level != NOT_FOR_THIS_ROLE
        }

    @property
    def keys(self) -> list[str]:
        """Everything that is to be shown."""
        return [*self.cells, *(f"{ALGORITHMS} {use}" for use in self.algorithms), *self.ids]


def read(text: str) -> Listed:
    """The tables of the page's text."""
    listed = Listed()
    heading, kind, columns = "", "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        if not line.startswith("|") or line.startswith("|---"):
            continue
        cells = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
        if cells in _HEADS:
            kind, columns = _HEADS[cells], len(cells)
        elif len(cells) != columns or not all(cells):
            listed.problems.append(f"line {number}: {cells[0]} does not have its {columns} columns")
        elif kind == "requirements":
            listed.sections.setdefault(heading, []).append(cells[0])
        elif kind == "controls":
            listed.controls[cells[0]] = cells[1:]
        else:
            listed.algorithms[cells[0]] = cells[1]
    listed.problems.extend(_order(listed))
    return listed


def _order(listed: Listed) -> list[str]:
    """What is wrong with the ids and their order."""
    found = [f"{name!r} is no id" for name in listed.ids if not _ID.fullmatch(name)]
    return found + [
        f"{second} stands after {first}"
        for first, second in pairwise(listed.ids)
        if second <= first
    ]
