"""Versions of SignedData and SignerInfo, for a strict walk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cmcodec import types
from cmcodec._pure import view
from cmcodec._pure.codec.tlv import Error
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from cmcodec._pure.codec.tlv import Tlv

VERSIONED: Final[dict[Any, Any]] = {
    types.SignedData: (view.signed_data, view.signed_data_version),
    types.SignerInfo: (view.signer_info, view.signer_info_version),
}
"""The types whose versions follow from their contents: what reads them, and what says which."""


def v1_strict_version(cls: type[Any], data: bytes, element: Tlv) -> None:
    """Refuses another version than the content of a SignedData or SignerInfo calls for."""
    read, called_for = VERSIONED[cls]
    found = read(data, element)
    if view.content(data, found.version) != called_for(data, found):
        error = Error(Reason.VERSION_MISMATCH, found.version.start)
        error.path.append("version")
        raise error
