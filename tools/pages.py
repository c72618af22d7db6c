"""Pages that follow from the code: ``docs/reasons.md``, and tables of others.

Those of ``docs/rules.md`` say what `cmcodec.explanations` says, that of ``SECURITY.md`` what
`bounds` finds.
"""

from __future__ import annotations

import re

import bounds

from cmcodec.explanations import CODES, explain
from cmcodec.reasons import Reason, Rule

_HEAD = """\
# Reasons

Each code with which something is refused: what it says, the rules it belongs to, a case in which
it comes, and what to do then. `cmc explain CODE` prints the same. The page is generated from
`python/cmcodec/explanations.py` and `reasons.py`.
"""

_FAIL_INFOS = """\
## What servers answer

The codes of a failInfo (RFC 10002 §6.1.4), by which a server says why it failed a request.
"""


def rules(text: str) -> str:
    """The page with its tables as they have to be.

    A table stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
    """
    for letter in "PVR":
        text = _replace(text, f"rules {letter}", _rules(letter))
    return text


def reasons() -> str:
    """The page of reasons, and behind them failInfos."""
    parts = [_HEAD, "## What this package says\n"]
    parts += [_section(code) for code in CODES if isinstance(code, Reason)]
    parts.append(_FAIL_INFOS)
    parts += [_section(code) for code in CODES if not isinstance(code, Reason | Rule)]
    return "\n".join(parts)


def _section(code: str) -> str:
    found = explain(code)
    belongs = (
        f" Rule{'s' * (len(found.rules) > 1)} {', '.join(found.rules)}." if found.rules else ""
    )
    return f"""\
### {found.code}

{found.sentence}{belongs}

*For example:* {found.example}

*What to do:* {found.advice}
"""


def security(text: str) -> str:
    """The page with its table of bounds."""
    return _replace(text, "bounds", bounds.table())


def _replace(text: str, name: str, table: str) -> str:
    marked = re.compile(f"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.S)
    made, count = marked.subn(lambda found: f"{found[1]}\n{table}\n{found[2]}", text)
    if count != 1:
        raise ValueError(f"{count} places for {name}")
    return made


def _rules(letter: str) -> str:
    rows = ["| Id | Rule | Reasons |", "|---|---|---|"]
    for rule in Rule:
        if rule.startswith(letter):
            found = explain(rule)
            codes = ", ".join(f"[`{reason}`](reasons.md#{reason})" for reason in found.reasons)
            rows.append(f"| {rule} | {found.sentence.removesuffix('.')} | {codes} |")
    return "\n".join([*rows, ""])
