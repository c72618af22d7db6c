"""The choice of backend, and the seam: every function both backends have.

``CMCODEC_BACKEND`` is ``auto`` (the engine where it is installed), ``rust`` (fails without it) or
``pure``. An engine that is installed and does not load is an error, never a silent slow-down.

The functions are those of ``_pure.backend``, where each is described. They stand here under their
own names from the first use on, so that a call goes straight to the backend.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cmcodec.errors import UnsupportedError

__all__ = [
    "content",
    "decode",
    "decode_at",
    "encode",
    "load",
    "locate",
    "members",
    "offsets",
    "outline",
    "verify",
]
"""The seam. `name` and `use` are about the backend itself."""

_MODULES = {"rust": "cmcodec._rust", "pure": "cmcodec._pure.backend"}

_chosen: str | None = None


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
    module = import_module(_MODULES[chosen])
    globals().update((function, getattr(module, function)) for function in __all__)
    _chosen = chosen


def name() -> str:
    """The backend in use, which the environment chooses when it is first needed."""
    if _chosen is None:
        use(os.environ.get("CMCODEC_BACKEND", "auto"))
    assert _chosen is not None
    return _chosen


if TYPE_CHECKING:
    from cmcodec._rust import (
        content,
        decode,
        decode_at,
        encode,
        load,
        locate,
        members,
        offsets,
        outline,
        verify,
    )
else:

    def __getattr__(attribute: str) -> Any:
        """A function of the seam, when no backend has been chosen yet."""
        if attribute not in __all__ or _chosen is not None:
            raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")
        name()
        return globals()[attribute]
