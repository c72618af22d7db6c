"""Where the files of the tests stand, and what their manifests say."""

from __future__ import annotations

import csv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors"
SHARED = VECTORS / "shared"
BATCH = ROOT / "examples" / "batch-1000.der"


def manifest(kind: str | None = None, folder: Path = SHARED) -> list[dict[str, str]]:
    """The rows of a folder's MANIFEST.tsv, of one kind or all."""
    with (folder / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row for row in rows if kind is None or row["kind"] == kind]


def shared(name: str) -> bytes:
    """The octets of a shared vector."""
    return (SHARED / name).read_bytes()
