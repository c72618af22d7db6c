"""The engine. `cmcodec._backend.Backend` describes each function."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, final

from cmcodec._backend import Amended, Counts, Group, Outline, Received, Validated
from cmcodec.columns.fields import Array
from cmcodec.reasons import Reason
from cmcodec.verify.lanes import Lanes
from cmcodec.verify.verdict import Encoding, Kind, Row

__all__ = [
    "Columns",
    "Tally",
    "Verdicts",
    "certificate",
    "certificate_signature",
    "columns",
    "content",
    "decode",
    "decode_at",
    "encode",
    "lanes",
    "load",
    "locate",
    "members",
    "message_kind",
    "offsets",
    "tally",
    "verify",
]

def certificate(octets: bytes, /) -> Outline | None:
    """See `cmcodec._backend.Backend.certificate`."""

def certificate_signature(certificate: bytes, spki: bytes, /) -> Reason | None:
    """See `cmcodec._backend.Backend.certificate_signature`."""

def columns(*, plain: bool, places: bool) -> Columns:
    """See `cmcodec._backend.Backend.columns`."""

def content(
    buffer: bytes, start: int, end: int, root: str, nested_validated: bool = False, /
) -> Any:
    """See `cmcodec._backend.Backend.content`."""

def decode(name: str, data: bytes, strict: bool, /) -> Any:
    """See `cmcodec._backend.Backend.decode`."""

def decode_at(name: str, buffer: bytes, pos: int, end: int, /) -> tuple[Any, int]:
    """See `cmcodec._backend.Backend.decode_at`."""

def encode(name: str, value: Any, /) -> bytes:
    """See `cmcodec._backend.Backend.encode`."""

def load(
    data: bytes, strict: bool, max_layers: int, max_size: int, wrapped: bool = False, /
) -> tuple[bytes, Encoding, str]:
    """See `cmcodec._backend.Backend.load`."""

def locate(
    name: str, buffer: bytes, start: int, end: int, path: tuple[str | int, ...], /
) -> tuple[int, int, int] | None:
    """See `cmcodec._backend.Backend.locate`."""

def lanes() -> Lanes:
    """See `cmcodec._backend.Backend.lanes`."""

def members(buffer: bytes, start: int, end: int, /) -> Iterator[tuple[int, int, int]]:
    """See `cmcodec._backend.Backend.members`."""

def message_kind(buffer: bytes, start: int, end: int, root: str, /) -> tuple[Kind, str, int, int]:
    """See `cmcodec._backend.Backend.message_kind`."""

def offsets(buffer: bytes, start: int, end: int, /) -> list[int]:
    """See `cmcodec._backend.Backend.offsets`."""

def tally(examples: int, /) -> Tally:
    """See `cmcodec._backend.Backend.tally`."""

def verify(
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
    """See `cmcodec._backend.Backend.verify`."""

@final
class Verdicts:
    """See `cmcodec._backend.Verdicts`."""

    @property
    def disagreement(self) -> tuple[str, bytes, bytes, bytes] | None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Row: ...
    def der(self, item: int, /) -> bytes: ...
    def is_malformed(self, item: int, start: int, /) -> bool: ...
    def position(self, item: int, /) -> int: ...
    def noted(self, start: int, stop: int, /) -> list[int]: ...
    def json_lines(
        self, start: int, stop: int, amended: Amended, firsts: list[str] | None, /
    ) -> str: ...
    def csv_lines(
        self, start: int, stop: int, amended: Amended, firsts: list[str] | None, /
    ) -> str: ...
    def counts(self) -> dict[str, int]: ...

@final
class Columns:
    """See `cmcodec._backend.Columns`."""

    def add(
        self,
        verdicts: Verdicts,
        start: int,
        stop: int,
        amended: Amended,
        *,
        first: int,
        nested: bool,
    ) -> None: ...
    def finish(self) -> Array: ...

@final
class Tally:
    """See `cmcodec._backend.Tally`."""

    def add(self, verdicts: Verdicts, start: int, stop: int, amended: Amended, /) -> None: ...
    def counts(self) -> tuple[list[Group], Counts, Counts, Counts]: ...
