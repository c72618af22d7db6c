"""What was made before: files in ``benches/.cache``."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache"
KIT = HERE.parents[1] / "tests" / "kit"


@cache
def _version() -> str:
    """Another generator makes other messages."""
    kit = [KIT / f"{name}.py" for name in ("der", "keys", "messages")]
    sources = b"".join(path.read_bytes() for path in [*sorted(HERE.glob("*.py")), *kit])
    return hashlib.sha256(sources).hexdigest()[:12]


def path(folder: str, name: str) -> Path:
    """Where a file of the cache is or will be."""
    parent = CACHE / folder
    if not parent.exists():
        parent.mkdir(parents=True, exist_ok=True)
        (CACHE / ".gitignore").write_text("*\n")
    return parent / name


def write(file: Path, data: bytes) -> None:
    """Writes a file that others who make the same find whole or not at all."""
    part = file.with_suffix(f".{os.getpid()}")
    part.write_bytes(data)
    part.replace(file)


def kept(name: str, make: Callable[[], bytes]) -> Path:
    """The file of this name, made now unless this generator has made it before."""
    file = path("messages", f"{name}.{_version()}.der")
    if not file.exists():
        write(file, make())
        for stale in set(file.parent.glob(f"{name}.*.der")) - {file}:
            stale.unlink(missing_ok=True)
    return file
