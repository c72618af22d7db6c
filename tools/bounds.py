"""The tables of bounds in ``SECURITY.md``, from ``bounds.toml`` and the code."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import tomllib
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cmcodec
from cmcodec.reasons import Reason

PACKAGE = Path(cmcodec.__file__).parent
LIST = Path(__file__).with_suffix(".toml")
HEAD = "| What | Bound | Set by | Beyond it | Shown by |"


class Bound(NamedTuple):
    """One line of a table.

    ``beyond``: what happens then; a reason, if it is one. ``test``: what shows it,
    ``file.py::function``. ``place``: where the bound is set, a constant ``module.NAME`` or a
    parameter ``module.Class.name``; "" for one that the encoding has. ``set_by``: how a caller sets
    it. ``says`` and ``value``: what it is, where the code does not say it by itself.
    """

    beyond: str
    test: str
    place: str = ""
    set_by: str = ""
    says: str = ""
    value: str = ""


def read() -> dict[str, list[Bound]]:
    """What ``bounds.toml`` lists, by section."""
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return {section: [Bound(**each) for each in rows] for section, rows in listed.items()}


def table() -> str:
    """The sections, each with its table."""
    parts = []
    for heading, bounds in read().items():
        parts += [f"### {heading}", "", HEAD, "|---|---|---|---|---|"]
        parts += [_line(bound) for bound in bounds]
        parts.append("")
    return "\n".join(parts)


def _line(bound: Bound) -> str:
    says = bound.says or said(bound.place)
    value = bound.value or _shown(value_of(bound.place), says)
    owner, _, name = bound.place.rpartition(".")
    if bound.set_by:
        where = f"{bound.set_by}, `{bound.place}`"
    elif _is_field(owner):
        where = f"`{owner}({name}=…)`"
    else:
        where = f"`{bound.place}`" if bound.place else "the encoding"
    answer = bound.beyond
    if answer in {*Reason}:
        answer = f"[`{answer}`](docs/reasons.md#{answer})"
    return f"| {says} | {value} | {where} | {answer} | `{bound.test}` |"


def value_of(place: str) -> object:
    """The value of a constant, or the default of a field."""
    owner, _, name = place.rpartition(".")
    if not _is_field(owner):
        return getattr(importlib.import_module(f"cmcodec.{owner}"), name)
    module, _, cls = owner.rpartition(".")
    found = getattr(importlib.import_module(f"cmcodec.{module}"), cls)
    return inspect.signature(found).parameters[name].default


def said(place: str) -> str:
    """The first sentence behind a constant, without its end."""
    module, _, name = place.rpartition(".")
    found = importlib.import_module(f"cmcodec.{module}").__file__
    assert found
    body = ast.parse(Path(found).read_text(encoding="utf-8")).body
    for node, after in pairwise(body):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
            text = ast.literal_eval(after.value) if isinstance(after, ast.Expr) else ""
            sentence = re.split(r"\.(?:\s|$)", " ".join(text.split()))[0]
            what = sentence.partition(": ")[0].replace("``", "`")
            rule = re.search(r" \([PVR]\d+a?(?:, [PVR]\d+)*\)", sentence)
            return what + rule[0] if rule and rule[0] not in what else what
    raise ValueError(f"{place} does not say what it is")


def _is_field(owner: str) -> bool:
    return owner.rpartition(".")[2][:1].isupper()


def _shown(value: object, says: str) -> str:
    if isinstance(value, timedelta):
        hours = value.total_seconds() / 3600
        if hours >= 48:
            return f"{value.days} days"
        return f"{hours:g} h" if hours >= 1 else f"{value.total_seconds():g} s"
    if isinstance(value, float):
        return f"{value:g} s"
    assert isinstance(value, int)
    if says.startswith("Octets") and not value % (1 << 20) and value < 1 << 32:
        return f"{value >> 20:,} MiB"
    if value > 1 << 32 and not value & (value - 1):
        return f"2^{value.bit_length() - 1}"
    return f"{value:,}"
