"""A SEQUENCE OF that stays octets until it is looked at."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from cmcodec import _backend
from cmcodec.asn1 import display

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


class LazySequence(Sequence[T], Generic[T]):
    """The elements of ``buffer[start:end]``, validated before, each built when it is reached.

    Iterating takes constant memory; indexing remembers eight octets per element. Nothing built is
    kept. Equal to any sequence with equal elements. A `to_der` around them copies their octets.
    """

    __slots__ = ("_offsets", "buffer", "end", "start", "type_name", "validated")

    buffer: bytes
    start: int
    end: int
    type_name: str
    _offsets: array[int] | None
    validated: object
    """What a backend knows about these octets, so that it need not read them again to encode."""

    def __init__(self, buffer: bytes, start: int, end: int, type_name: str) -> None:
        self.buffer = buffer
        self.start = start
        self.end = end
        self.type_name = type_name
        self._offsets = None
        self.validated = None

    @property
    def octets(self) -> bytes:
        """The elements as received, one after the other."""
        return self.buffer[self.start : self.end]

    def offsets(self) -> array[int]:
        """Where each element starts in ``buffer``."""
        if self._offsets is None:
            self._offsets = array("Q", _backend.offsets(self.buffer, self.start, self.end))
        return self._offsets

    def __len__(self) -> int:
        return len(self.offsets())

    def __iter__(self) -> Iterator[T]:
        pos = self.start
        while pos < self.end:
            value, pos = _backend.decode_at(self.type_name, self.buffer, pos, self.end)
            yield value

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        start = self.offsets()[index]
        value: T = _backend.decode_at(self.type_name, self.buffer, start, self.end)[0]
        return value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LazySequence) and other.type_name == self.type_name:
            return self.octets == other.octets
        if isinstance(other, (tuple, list, LazySequence)):
            return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __reduce__(self) -> tuple[object, ...]:
        return LazySequence, (self.octets, 0, self.end - self.start, self.type_name)

    def __repr__(self) -> str:
        return display.represent(self)
