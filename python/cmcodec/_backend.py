"""The backend interface, and the choice of backend.

`Backend` is what both have: the engine in ``_rust``, the fallback in ``_pure.backend``. The type
checker holds both to it. Everything else of this package stands above it, once.

``CMCODEC_BACKEND`` is ``auto`` (the engine where it is installed), ``rust`` (fails without it) or
``pure``. An engine that is installed and does not load is an error, never a silent slow-down.

The functions stand here under their own names from the first use on, so that a call goes straight
to the backend.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from cmcodec.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from cmcodec.columns.fields import Array
    from cmcodec.reasons import Reason
    from cmcodec.verify.lanes import Lanes
    from cmcodec.verify.verdict import Encoding, Kind, Row

    Amended: TypeAlias = dict[int, Row] | dict[int, Row | None]
    """By number: rows that say something else than the backend found."""

    Group: TypeAlias = tuple[str, str | None, str | None, bool, int, list[int]]
    """Verdict, reason, rule, whether they are nested; how many rows, and the first of them."""

    Counts: TypeAlias = list[tuple[str, int]]

    Received: TypeAlias = bytes | tuple[bytes, bool]
    """Octets as received; with True beside them a wrapped request counts (rule V1)."""

    Validated: TypeAlias = tuple[bytes, int, int, str] | tuple[bytes, int, int, str, bool]
    """A message that was validated: its buffer, start and end there, and how it was encoded.

    With True behind that it is a wrapped request.
    """

    Outline: TypeAlias = tuple[bytes, bytes, bytes | None, bytes, bytes, bytes, bytes | None]
    """Issuer, serial number, key identifier; validity, subject, SubjectPublicKeyInfo, extensions.

    All are whole elements but the key identifier, which is the value of subjectKeyIdentifier. The
    last is the SEQUENCE OF Extension.
    """


class Backend(Protocol):
    """What reads, writes and verifies octets.

    A ``name`` is that of a class of `cmcodec.types`, or ``BitString``, ``NullType``, ``TLV``;
    another raises `KeyError`. ``buffer[start:end]`` has been validated before, unless it says
    otherwise. Functions that read octets from outside raise `DecodeError` or `LimitError`, with
    the same reason, offset and path on every backend.
    """

    def certificate(self, octets: bytes, /) -> Outline | None:
        """The fields of a certificate (RFC 5280 §4.1).

        None where ``octets`` are no certificate (rule P3).
        """

    def certificate_signature(self, certificate: bytes, spki: bytes, /) -> Reason | None:
        """Why a certificate was not signed by the key of a SubjectPublicKeyInfo, if it was not.

        All signature algorithms and keys of rules V9 and V10 count, those of rule V10a never
        (RFC 5280 §6.1.3, rule V13). ``bad_value`` where ``certificate`` is none.
        """

    def columns(self, *, plain: bool, places: bool) -> Columns:
        """Columns without rows yet (`cmcodec.verify.columns`).

        ``plain``: words are texts, and no dictionary is needed. ``places``: every row has the
        number of its input and its path; without, only inputs have rows.
        """

    def content(
        self, buffer: bytes, start: int, end: int, root: str, nested_validated: bool = False, /
    ) -> Any:
        """The content of a message, as `message_kind` finds it; None where there is none.

        ``nested_validated``: what is nested in it was validated too, within the default bounds.
        """

    def decode(self, name: str, data: bytes, strict: bool, /) -> Any:
        """The value of ``data``, all of it validated here, as the class of this name.

        ``strict`` refuses the legacy forms of RFC 2797 and RFC 6402, DEFAULT values that are
        written out, and versions that the contents of SignedData and SignerInfo do not call for.
        """

    def decode_at(self, name: str, buffer: bytes, pos: int, end: int, /) -> tuple[Any, int]:
        """The value at ``pos`` as the class of this name, and where it ends."""

    def encode(self, name: str, value: Any, /) -> bytes:
        """The DER of ``value``, which `decode` accepts; raises `EncodeError`."""

    def load(
        self, data: bytes, strict: bool, max_layers: int, max_size: int, wrapped: bool = False, /
    ) -> tuple[bytes, Encoding, str]:
        """Validates a message: its DER form, how it was encoded, and its root.

        That is the name of its type, ContentInfo or CertificationRequest. With ``wrapped``, what
        begins as a PKCS#10 in a SignedData over id-data must be one, and then the root is
        WrappedRequest.
        """

    def locate(
        self, name: str, buffer: bytes, start: int, end: int, path: tuple[str | int, ...], /
    ) -> tuple[int, int, int] | None:
        """Start, content and end of the element that ``path`` leads to; None where there is none.

        A path crosses octet strings and open types without a step of its own.
        """

    def lanes(self) -> Lanes:
        """What this process has to look at several signatures at once."""

    def members(self, buffer: bytes, start: int, end: int, /) -> Iterator[tuple[int, int, int]]:
        """Of each TaggedContentInfo in a cmsSequence: its id, and the span of its ContentInfo.

        Raises `ValueError` at what is no TaggedContentInfo.
        """

    def message_kind(
        self, buffer: bytes, start: int, end: int, root: str, /
    ) -> tuple[Kind, str, int, int]:
        """The kind of a message, and the type and span of its content.

        The type is PKIData, PKIResponse or CertificationRequest, else empty with the span given.
        """

    def offsets(self, buffer: bytes, start: int, end: int, /) -> list[int]:
        """Where each element of ``buffer[start:end]`` starts."""

    def tally(self, examples: int, /) -> Tally:
        """Counts over no rows yet; of each group so many rows are named."""

    def verify(
        self,
        items: Sequence[Received | Validated],
        *,
        strict: bool,
        max_layers: int,
        max_size: int,
        nested: bool,
        certificates: Sequence[bytes],
        authorised_ras: Sequence[bytes],
        legacy: bool,
        threads: int,
        lanes: bool,
        progress: Callable[[int, int], object] | None,
    ) -> Verdicts:
        """A row for every item, and with ``nested`` for every message inside it (rules V, R).

        Octets are loaded first, within the bounds given; messages inside a validated item are not
        looked at. ``certificates`` are more that may have signed; ``authorised_ras`` are the
        SHA-256 of the certificates whose raVerified counts. ``lanes``: whether several signatures
        are looked at at once, where `lanes` are available. ``progress`` is called from this
        thread with the numbers of rows done and of all rows; with 0 and the number of items while
        those are read. What it raises ends the work.
        """


class Verdicts(Protocol):
    """The rows of a verification, in order; each is made when it is asked for."""

    @property
    def disagreement(self) -> tuple[str, bytes, bytes, bytes] | None:
        """What lanes called good and the library did not, if that stopped them on the way.

        The algorithm, the SubjectPublicKeyInfo, what was signed, and the signature.
        """

    def __len__(self) -> int:
        """How many rows there are."""

    def __getitem__(self, index: int, /) -> Row:
        """A row, with what the backend found: no chain, no notes. Raises `IndexError`."""

    def der(self, item: int, /) -> bytes:
        """The octets that the offsets of an item refer to."""

    def is_malformed(self, item: int, start: int, /) -> bool:
        """Whether the message nested in an item at ``start`` could not be read."""

    def position(self, item: int, /) -> int:
        """Which row is that of an item. Raises `IndexError`."""

    def noted(self, start: int, stop: int, /) -> list[int]:
        """The rows among these that may have notes."""

    def json_lines(
        self, start: int, stop: int, amended: Amended, firsts: list[str] | None, /
    ) -> str:
        """What `json` makes of ``to_dict`` of some rows, a line each.

        ``firsts``: for each item the member that its lines begin with, instead of ``index``.
        """

    def csv_lines(
        self, start: int, stop: int, amended: Amended, firsts: list[str] | None, /
    ) -> str:
        """The same in CSV; ``firsts`` are the first cells."""

    def counts(self) -> dict[str, int]:
        """How many rows have each verdict."""


class Columns(Protocol):
    """Columns in the making."""

    def add(
        self,
        verdicts: Any,
        start: int,
        stop: int,
        amended: Amended,
        *,
        first: int,
        nested: bool,
    ) -> None:
        """Adds some rows of verdicts of this backend.

        ``first`` is the number of their first item; ``nested`` tells whether messages nested in
        items were looked at. Rows that ``amended`` has None for are null.
        """

    def finish(self) -> Array:
        """The columns as the children of one array; raises `ValueError` for more than 2 GiB."""


class Tally(Protocol):
    """Counts over rows."""

    def add(self, verdicts: Any, start: int, stop: int, amended: Amended, /) -> None:
        """Counts some rows of verdicts of this backend."""

    def counts(self) -> tuple[list[Group], Counts, Counts, Counts]:
        """The groups; and how often each chain, each proof of possession and each note was met."""


_FUNCTIONS = tuple(name for name in vars(Backend) if not name.startswith("_"))
_MODULES = {"rust": "cmcodec._rust", "pure": "cmcodec._pure.backend"}

_chosen: str | None = None


def use(wanted: str) -> None:
    """Chooses the backend for everything that follows: ``auto``, ``rust`` or ``pure``.

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
    globals().update((function, getattr(module, function)) for function in _FUNCTIONS)
    _chosen = chosen


def name() -> str:
    """The backend in use, which the environment chooses when it is first needed."""
    if _chosen is None:
        use(os.environ.get("CMCODEC_BACKEND", "auto"))
    assert _chosen is not None
    return _chosen


def kept(rows: list[Row], ders: list[bytes]) -> tuple[Backend, Verdicts]:
    """Verdicts of rows that were made before, of items with these DER forms.

    With them the backend that writes them: the fallback, because rows are Python's.
    """
    pure: Backend = import_module(_MODULES["pure"])
    verdicts: Verdicts = import_module("cmcodec._pure.verify.batch").Verdicts(rows, ders)
    return pure, verdicts


if TYPE_CHECKING:
    from cmcodec import _rust
    from cmcodec._pure import backend as _pure

    _engine: Backend = _rust
    _fallback: Backend = _pure

    certificate = _engine.certificate
    certificate_signature = _engine.certificate_signature
    columns = _engine.columns
    content = _engine.content
    decode = _engine.decode
    decode_at = _engine.decode_at
    encode = _engine.encode
    lanes = _engine.lanes
    load = _engine.load
    locate = _engine.locate
    members = _engine.members
    message_kind = _engine.message_kind
    offsets = _engine.offsets
    tally = _engine.tally
    verify = _engine.verify
else:

    def __getattr__(attribute: str) -> Any:
        """A function of the interface, when no backend had been chosen yet.

        Another thread may have chosen one since it was looked for.
        """
        if attribute in _FUNCTIONS:
            name()
        if attribute not in globals():
            raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")
        return globals()[attribute]
