"""The classes of ``python_cmc.cmc``: Certificate Management over CMS (RFC 10002)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmcodec import types
from cmcodec.compat import _derived
from cmcodec.compat.python_cmc import crmf as _crmf  # noqa: F401 - its classes are at home there

_CLASSES = _derived.classes(
    __name__, types.PKIData, types.PKIResponse, types.CMCUnsignedData, types.ExtensionReq
)

# Second names: what python_cmc declares twice, and names of its own.
_CLASSES["CertHashes"] = _CLASSES["AnchorHashes"]
_CLASSES["ControlList"] = _CLASSES["ControlsProcessed"]
_CLASSES["SetOfAuthPublish"] = _CLASSES["SetOfInteger"]

globals().update(_CLASSES)

__all__ = sorted(_CLASSES)  # noqa: PLE0605 - the names are those of the declarations

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...
