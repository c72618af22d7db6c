"""A backend for some lines."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import cmcodec
from cmcodec import _backend

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def using(name: str) -> Iterator[None]:
    """This backend, then the one before."""
    before = cmcodec.backend
    _backend.use(name)
    try:
        yield
    finally:
        _backend.use(before)
