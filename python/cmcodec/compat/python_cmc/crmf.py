"""The classes of ``python_cmc.crmf``: Certificate Request Message Format (RFC 4211)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmcodec import types
from cmcodec.compat import _derived

_CLASSES = _derived.classes(
    __name__,
    types.CertId,
    types.EncKeyWithID,
    types.PBMParameter,
    types.PKIArchiveOptions,
    types.ProofOfPossession,
)

globals().update(_CLASSES)

__all__ = sorted(_CLASSES)  # noqa: PLE0605 - the names are those of the declarations

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...
