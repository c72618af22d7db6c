"""The generated tables of ``docs/rules.md``: what `cmcodec.reasons` says of rules and reasons."""

from __future__ import annotations

import re

from cmcodec.explanations import explain
from cmcodec.reasons import Reason, Rule


def rules(text: str) -> str:
    """The page with its tables as they have to be.

    A table stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
    """
    for letter in "PVR":
        text = _replace(text, f"rules {letter}", _rules(letter))
    return _replace(text, "reasons", _reasons())


def _text(of: Reason | Rule) -> str:
    """What stands under a rule or reason."""
    return explain(of).sentence.removesuffix(".")


def _replace(text: str, name: str, table: str) -> str:
    marked = re.compile(f"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.S)
    made, count = marked.subn(lambda found: f"{found[1]}\n{table}\n{found[2]}", text)
    if count != 1:
        raise ValueError(f"docs/rules.md: {count} places for {name}")
    return made


def _rules(letter: str) -> str:
    rows = ["| Id | Rule | Reasons |", "|---|---|---|"]
    for rule in Rule:
        if rule.startswith(letter):
            codes = ", ".join(f"`{reason}`" for reason in Reason if rule in reason.rules)
            rows.append(f"| {rule} | {_text(rule)} | {codes} |")
    return "\n".join([*rows, ""])


def _reasons() -> str:
    rows = ["| Reason | What it says | Rules |", "|---|---|---|"]
    rows += [f"| `{reason}` | {_text(reason)} | {', '.join(reason.rules)} |" for reason in Reason]
    return "\n".join([*rows, ""])
