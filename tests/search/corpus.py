"""What the fuzz targets have kept: both backends say the same of it, and end (G1).

It is in ``build/fuzz/corpus``, where ``tools/fuzz.py`` puts it, and is chosen by chance.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kit.vectors import ROOT

from .differential import SECONDS, OneMessage, bounds, decisions

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

__all__ = ["SECONDS", "case"]

KEPT = ROOT / "build" / "fuzz" / "corpus"


@cache
def files() -> list[Path]:
    """Every input that led to something new; raises `FileNotFoundError` where there is none."""
    found = sorted(path for path in KEPT.rglob("*") if path.is_file())
    if not found:
        raise FileNotFoundError(f"{KEPT} is empty: run python tools/fuzz.py minute")
    return found


def case(random: Random) -> OneMessage:
    """One of them as a message."""
    octets = random.choice(files()).read_bytes()
    return OneMessage(octets, bounds(random, len(octets)), decisions(random))
