"""Certificate Management over CMS (RFC 10002): a strict codec and a batch verifier.

    import cmcodec

    message = cmcodec.load(octets)              # validated, not verified
    verified = message.verify()                 # or VerificationError with a reason
    verified.content.req_sequence[0]            # typed, with the standard's names

    report = cmcodec.verify_batch(batch)        # one row per message, on every core
    report.counts()                             # {'verified': 10001}

Every ASN.1 type is a class of `cmcodec.types`; ``cmcodec.CONTROLS`` maps the OID of a control to
the class of its value. ``cmcodec.backend`` is ``"rust"`` or ``"pure"``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cmcodec import _backend
from cmcodec.errors import (
    CMCError,
    DecodeError,
    EncodeError,
    LimitError,
    SigningError,
    UnsupportedError,
    VerificationError,
)
from cmcodec.message import Message, Verified, load

if TYPE_CHECKING:
    from cmcodec import asn1, build, types
    from cmcodec.batch import BatchReport, Note, RequestReport, Row, Signer, verify_batch
    from cmcodec.types import CONTROLS

    backend: str
    __version__: str

__all__ = [
    "CONTROLS",
    "BatchReport",
    "CMCError",
    "DecodeError",
    "EncodeError",
    "LimitError",
    "Message",
    "Note",
    "RequestReport",
    "Row",
    "Signer",
    "SigningError",
    "UnsupportedError",
    "VerificationError",
    "Verified",
    "__version__",
    "asn1",
    "backend",
    "build",
    "load",
    "types",
    "verify_batch",
]

_ON_ACCESS = {
    "CONTROLS": "cmcodec.types",
    "BatchReport": "cmcodec.batch",
    "Note": "cmcodec.batch",
    "RequestReport": "cmcodec.batch",
    "Row": "cmcodec.batch",
    "Signer": "cmcodec.batch",
    "verify_batch": "cmcodec.batch",
}


def __getattr__(name: str) -> Any:
    """Loads what not every program needs when it is first used."""
    if name == "backend":
        return _backend.name()
    if name == "__version__":
        return import_module("importlib.metadata").version("cmcodec")
    if name in ("asn1", "build", "types"):
        return import_module(f"cmcodec.{name}")
    if name in _ON_ACCESS:
        return getattr(import_module(_ON_ACCESS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
