"""Vectors as ``vectors/index.json`` has them: a line for each."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cmcodec.explanations import explain
from cmcodec.reasons import Reason, Rule
from hostile import Told
from kit.vectors import ROOT

from .vector import FOLDER, Vector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Counts = Mapping[str, tuple[int, int]]
    """Of others, how many say what is to be said, and how many something else, by file."""

NAME = "index.json"
OF_VECTORS = ("signature", "reason", "optional", "twin")
TOGETHER = ("algorithms", "given", "needs")


def text(vectors: Iterable[Vector], counts: Counts) -> str:
    """The index of some vectors."""
    listed = list(vectors)
    rows = [row for vector in listed for row in vector.rows]
    reasons = {row.reason for row in rows} | {note for row in rows for _, note in row.notes}
    reasons |= {vector.needs.get("fails") for vector in listed}
    head = {
        "licence": "CC0-1.0",
        "schema": "index.schema.json",
        "rules": {rule: explain(rule).sentence for rule in Rule} | _requirements(listed),
        "reasons": {each: explain(each).sentence for each in Reason if each in reasons},
    }
    lines = ",\n".join(_line(_entry(vector, counts)) for vector in listed)
    return f'{json.dumps(head, indent=1, ensure_ascii=False)[:-2]},\n "cases": [\n{lines}\n ]\n}}\n'


_REQUIREMENT = re.compile(r"^\| (R-\d{3}) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def _requirements(vectors: Iterable[Vector]) -> dict[str, str]:
    """The requirements that vectors name, as ``docs/requirements.md`` has them."""
    named = {rule for vector in vectors for rule in vector.rules}
    page = (ROOT / "docs" / "requirements.md").read_text("utf-8")
    found = _REQUIREMENT.findall(page)
    return {key: f"{text} (RFC {section})" for key, section, text in found if key in named}


def _line(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


def _entry(vector: Vector, counts: Counts) -> dict[str, Any]:
    """A vector in JSON; what is empty is left out."""
    found: dict[str, Any] = {
        "id": vector.id,
        "file": vector.file,
        "result": "accepted" if vector.reason is None else "refused",
    }
    found |= {key: value for key in OF_VECTORS if (value := getattr(vector, key)) is not None}
    found |= {"kind": vector.kind, "title": vector.title, "rules": list(vector.rules)}
    found |= {key: value for key in TOGETHER if (value := getattr(vector, key))}
    if vector.file in counts:
        agree, differ = counts[vector.file]
        found["others"] = {"agree": agree, "differ": differ}
    return found | {"rows": [_row(row) for row in vector.rows]}


def _row(row: Told) -> dict[str, Any]:
    found: dict[str, Any] = {
        "path": list(row.path),
        "verdict": row.verdict,
        "reason": row.reason,
        "rule": row.rule,
        "notes": [{"body_part_id": number, "reason": note} for number, note in row.notes],
        "proofs": list(row.pops),
    }
    return {key: value for key, value in found.items() if value}


def _told(row: Mapping[str, Any]) -> Told:
    return Told(
        row["verdict"],
        Reason(row["reason"]) if "reason" in row else None,
        Rule(row["rule"]) if "rule" in row else None,
        tuple(row.get("path", ())),
        tuple((note["body_part_id"], Reason(note["reason"])) for note in row.get("notes", ())),
        tuple(row.get("proofs", ())),
    )


def read() -> list[Vector]:
    """Every vector of the index, with the octets of its file."""
    return [
        Vector(
            id=entry["id"],
            kind=entry["kind"],
            title=entry["title"],
            rules=tuple(entry["rules"]),
            octets=(FOLDER / entry["file"]).read_bytes(),
            rows=tuple(map(_told, entry["rows"])),
            algorithms=tuple(entry.get("algorithms", ())),
            given=entry.get("given", {}),
            needs=entry.get("needs", {}),
            **{key: entry.get(key) for key in OF_VECTORS},
        )
        for entry in json.loads((FOLDER / NAME).read_text("utf-8"))["cases"]
    ]


def counts() -> dict[str, tuple[int, int]]:
    """What the index says of others, by file."""
    if not (FOLDER / NAME).exists():
        return {}
    listed = json.loads((FOLDER / NAME).read_text("utf-8"))["cases"]
    found = {entry["file"]: entry["others"] for entry in listed if "others" in entry}
    return {file: (each["agree"], each["differ"]) for file, each in found.items()}
