"""Certificate Management over CMS (RFC 10002): a strict codec and a batch verifier.

    import cmcodec

    message = cmcodec.load(octets)              # validated, not verified
    verified = message.verify()                 # or VerificationError with a reason
    verified.content.req_sequence[0]            # typed, with the standard's names

    opened = message.open(keys)                 # every layer, encrypted or under a MAC
    report = cmcodec.verify_batch(batch)        # one row per message, on every core
    report.counts()                             # {'verified': 10001}

Every ASN.1 type is a class of `cmcodec.types`; ``cmcodec.CONTROLS`` maps the OID of a control to
the class of its value. `cmcodec.cms` signs and encrypts, `cmcodec.builders` makes batches.
``cmcodec.backend`` is ``"rust"`` or ``"pure"``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cmcodec import _backend
from cmcodec._backend import use as use_backend
from cmcodec.errors import (
    ArgumentError,
    CMCError,
    DecodeError,
    DecryptionError,
    EncodeError,
    ForbiddenError,
    LimitError,
    ProofError,
    SigningError,
    UnsupportedError,
    VerificationError,
)
from cmcodec.message import Message, Verified, load, register_opener
from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from cmcodec import asn1, builders, cms, controls, types
    from cmcodec.cms.opening import Opened, Unsigned
    from cmcodec.received import Buffer
    from cmcodec.types import CONTROLS
    from cmcodec.verify.batch import verify_batch
    from cmcodec.verify.given import CertificateLike, Trust
    from cmcodec.verify.lanes import BackendInfo, LanesWarning, backend_info
    from cmcodec.verify.report import BatchReport
    from cmcodec.verify.verdict import Note, RequestReport, Row, Signer

    backend: str
    __version__: str

__all__ = [
    "CONTROLS",
    "ArgumentError",
    "BackendInfo",
    "BatchReport",
    "Buffer",
    "CMCError",
    "CertificateLike",
    "DecodeError",
    "DecryptionError",
    "EncodeError",
    "ForbiddenError",
    "LanesWarning",
    "LimitError",
    "Message",
    "Note",
    "Opened",
    "ProofError",
    "Reason",
    "RequestReport",
    "Row",
    "Rule",
    "Signer",
    "SigningError",
    "Trust",
    "Unsigned",
    "UnsupportedError",
    "VerificationError",
    "Verified",
    "__version__",
    "asn1",
    "backend",
    "backend_info",
    "builders",
    "cms",
    "controls",
    "load",
    "types",
    "use_backend",
    "verify_batch",
]

_ON_ACCESS = {
    "CONTROLS": "cmcodec.types",
    "BackendInfo": "cmcodec.verify.lanes",
    "BatchReport": "cmcodec.verify.report",
    "Buffer": "cmcodec.received",
    "CertificateLike": "cmcodec.verify.given",
    "LanesWarning": "cmcodec.verify.lanes",
    "Note": "cmcodec.verify.verdict",
    "Opened": "cmcodec.cms.opening",
    "RequestReport": "cmcodec.verify.verdict",
    "Row": "cmcodec.verify.verdict",
    "Unsigned": "cmcodec.cms.opening",
    "Signer": "cmcodec.verify.verdict",
    "Trust": "cmcodec.verify.given",
    "backend_info": "cmcodec.verify.lanes",
    "verify_batch": "cmcodec.verify.batch",
}
_PACKAGES = ("asn1", "builders", "cms", "controls", "types")

register_opener(lambda: import_module("cmcodec.cms.opening"))


def __getattr__(name: str) -> Any:
    """Loads what not every program needs when it is first used."""
    if name == "backend":
        return _backend.name()
    if name == "__version__":
        return import_module("importlib.metadata").version("cmcodec")
    if name in _PACKAGES:
        return import_module(f"cmcodec.{name}")
    if name in _ON_ACCESS:
        return getattr(import_module(_ON_ACCESS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
