"""The engine. `cmcodec._pure.backend` describes each function."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, final

__all__ = [
    "Verdicts",
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

def content(buffer: bytes, start: int, end: int, root: str, is_proven: bool = False) -> Any: ...
def decode(name: str, data: bytes, strict: bool) -> Any: ...
def decode_at(name: str, buffer: bytes, pos: int, end: int) -> tuple[Any, int]: ...
def encode(name: str, value: Any) -> bytes: ...
def load(data: bytes, strict: bool, max_layers: int, max_size: int) -> tuple[bytes, str, str]: ...
def locate(
    name: str, buffer: bytes, start: int, end: int, path: tuple[str | int, ...]
) -> tuple[int, int, int] | None: ...
def members(buffer: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]: ...
def offsets(buffer: bytes, start: int, end: int) -> list[int]: ...
def outline(buffer: bytes, start: int, end: int, root: str) -> tuple[str, str, int, int]: ...
def verify(
    items: Sequence[bytes],
    *,
    strict: bool,
    max_layers: int,
    max_size: int,
    nested: bool,
    certificates: Sequence[bytes],
    authorised_ras: Sequence[bytes],
    legacy: bool,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> Verdicts: ...

@final
class Verdicts:
    """The rows over a list of messages; each is made a tuple when it is asked for."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> tuple[Any, ...]: ...
    def der(self, item: int) -> bytes: ...
    def malformed(self) -> list[tuple[int, int]]: ...
    def counts(self) -> dict[str, int]: ...
