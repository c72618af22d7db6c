"""The choice of backend, and the seam: every function both backends have.

``CMCODEC_BACKEND`` is ``auto`` (the engine where it is installed), ``rust`` (fails without it) or
``pure``. An engine that is installed and does not load is an error, never a silent slow-down.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cmcodec.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MODULES = {"rust": "cmcodec._rust", "pure": "cmcodec._pure.backend"}

_chosen: tuple[str, Any] | None = None


def use(wanted: str) -> None:
    """Chooses the backend for everything that follows.

    Raises `UnsupportedError` for an unknown one, and for an engine that is not installed.
    """
    global _chosen  # noqa: PLW0603 - one process has one backend
    installed = find_spec(_MODULES["rust"]) is not None
    chosen = ("rust" if installed else "pure") if wanted == "auto" else wanted
    if chosen not in _MODULES:
        raise UnsupportedError(f"CMCODEC_BACKEND={wanted}: not one of auto, rust, pure")
    if chosen == "rust" and not installed:
        raise UnsupportedError("CMCODEC_BACKEND=rust: the engine is not installed")
    _chosen = chosen, import_module(_MODULES[chosen])


def _engine() -> Any:
    if _chosen is None:
        use(os.environ.get("CMCODEC_BACKEND", "auto"))
    assert _chosen is not None
    return _chosen[1]


def name() -> str:
    """The backend in use, which the environment chooses when it is first needed."""
    _engine()
    assert _chosen is not None
    return _chosen[0]


def decode(type_name: str, data: bytes, strict: bool) -> Any:
    """The value of the whole of ``data`` as a declared type."""
    return _engine().decode(type_name, data, strict)


def decode_at(type_name: str, buffer: bytes, pos: int, end: int) -> tuple[Any, int]:
    """The value at ``pos`` of a validated buffer, and where it ends."""
    found: tuple[Any, int] = _engine().decode_at(type_name, buffer, pos, end)
    return found


def encode(type_name: str, value: object) -> bytes:
    """The DER encoding of a value of a declared type."""
    octets: bytes = _engine().encode(type_name, value)
    return octets


def load(data: bytes, strict: bool, max_layers: int, max_size: int) -> tuple[bytes, str, str]:
    """The DER form of a validated message, its encoding, and the name of its root type."""
    found: tuple[bytes, str, str] = _engine().load(data, strict, max_layers, max_size)
    return found


def offsets(buffer: bytes, start: int, end: int) -> list[int]:
    """Where each element of ``buffer[start:end]`` starts."""
    found: list[int] = _engine().offsets(buffer, start, end)
    return found


def member_at(buffer: bytes, pos: int, end: int) -> tuple[int, int, int, int]:
    """Of the TaggedContentInfo at ``pos``: its id, the span of its ContentInfo, and its end."""
    found: tuple[int, int, int, int] = _engine().member_at(buffer, pos, end)
    return found


def locate(
    type_name: str, buffer: bytes, start: int, end: int, path: tuple[str | int, ...]
) -> tuple[int, int, int] | None:
    """Start, content and end of the element that ``path`` leads to."""
    found: tuple[int, int, int] | None = _engine().locate(type_name, buffer, start, end, path)
    return found


def outline(buffer: bytes, start: int, end: int, root: str) -> tuple[str, str, int, int]:
    """Which message it is, the type name of its content ("" for none), and that content's span."""
    found: tuple[str, str, int, int] = _engine().outline(buffer, start, end, root)
    return found


def verify(
    items: Sequence[bytes],
    *,
    strict: bool,
    max_layers: int,
    nested: bool,
    certificates: list[bytes],
    authorised_ras: list[bytes],
    legacy: bool,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> Any:
    """The verdicts over every message in ``items`` (see ``_pure.verify.Verdicts``)."""
    return _engine().verify(
        items,
        strict=strict,
        max_layers=max_layers,
        nested=nested,
        certificates=certificates,
        authorised_ras=authorised_ras,
        legacy=legacy,
        threads=threads,
        progress=progress,
    )
