"""A validated message at a place of a buffer, and what a backend tells of it.

`cmcodec.message.Message` is this with all that users do; what verifies stands between the two.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from heapq import merge
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from cmcodec import _backend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec import types
    from cmcodec._backend import Validated
    from cmcodec.verify.verdict import Encoding, Kind

_ROOTS: Final = {"simple-request": "CertificationRequest", "wrapped-request": "WrappedRequest"}
_CONTENT: Final = ("content", "encapContentInfo", "eContent")

SEQUENCES: Final = {
    "PKIData": ("controlSequence", "reqSequence", "cmsSequence", "otherMsgSequence"),
    "PKIResponse": ("controlSequence", "cmsSequence", "otherMsgSequence"),
}
"""The elements of contents in their order: no type is loaded to find one."""


def content(buffer: bytes, start: int) -> int:
    """Where the content of the validated element at ``start`` begins."""
    length = buffer[start + 1]
    return start + 2 + (length & 0x7F if length >= 0x80 else 0)


def behind(buffer: bytes, start: int) -> int:
    """Where the validated element at ``start`` ends."""
    length, inside = buffer[start + 1], content(buffer, start)
    if length >= 0x80:
        length = int.from_bytes(buffer[start + 2 : inside], "big")
    return inside + length


def elements(buffer: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Where each of the validated elements from ``start`` to ``end`` starts and ends."""
    return list(pairwise([*_backend.offsets(buffer, start, end), end]))


class Loaded:
    """A validated message. Its content is reached only under names that say ``unverified``."""

    __slots__ = ("_end", "_nested_validated", "_root", "_start", "buffer", "encoding")

    def __init__(
        self,
        buffer: bytes,
        span: tuple[int, int],
        encoding: Encoding,
        root: str,
        nested_validated: bool = False,
    ) -> None:
        self.buffer: Final = buffer
        self._start, self._end = span
        self.encoding: Final = encoding
        self._root: Final = root
        # Whether what is nested in it was validated too, within the bounds of encoding.
        self._nested_validated: Final = nested_validated

    @classmethod
    def of(cls, der: bytes, span: tuple[int, int], kind: Kind) -> Self:
        """The message of this kind at ``span`` of a buffer that was validated."""
        made = object.__new__(cls)
        Loaded.__init__(made, der, span, "der", _ROOTS.get(kind, "ContentInfo"))
        return made

    def _kind(self) -> tuple[Kind, str, int, int]:
        return _backend.message_kind(self.buffer, self._start, self._end, self._root)

    @property
    def wrapped(self) -> bool:
        """Whether this is a wrapped request (rule V1), which `load` was told to expect."""
        return self._root == "WrappedRequest"

    @property
    def kind(self) -> Kind:
        """Which of the four PKI messages this is, or ``"other"`` for any other CMS content.

        Also ``"wrapped-request"``, where `load` was told to expect one.
        """
        return self._kind()[0]

    @property
    def span(self) -> tuple[int, int]:
        """Where the message stands in ``buffer``, the DER form of what was loaded."""
        return self._start, self._end

    @property
    def item(self) -> Validated:
        """The message as a backend takes it to verify."""
        place = (self.buffer, self._start, self._end, self.encoding)
        return (*place, True) if self.wrapped else place

    def to_der(self) -> bytes:
        """The message in DER: as received, or converted where its wrapper was BER."""
        return self.buffer[self._start : self._end]

    @property
    def unverified_structure(self) -> types.ContentInfo | types.CertificationRequest:
        """The whole message, CMS wrapper included, before any verification."""
        name = self._root
        if name == "WrappedRequest":
            name = "ContentInfo"
        structure: types.ContentInfo | types.CertificationRequest = _backend.decode_at(
            name, self.buffer, self._start, self._end
        )[0]
        return structure

    @property
    def unverified_content(
        self,
    ) -> types.PKIData | types.PKIResponse | types.CertificationRequest | None:
        """What the message says, before any verification; None unless it is a request or response.

        A simple response says nothing: its certificates are in ``certificates``.
        """
        content: types.PKIData | types.PKIResponse | types.CertificationRequest | None = (
            _backend.content(
                self.buffer, self._start, self._end, self._root, self._nested_validated
            )
        )
        return content

    def parts(self, sequence: str) -> list[tuple[int, int]]:
        """Where each element of a sequence of its PKIData or PKIResponse starts and ends.

        There are none where the content is another one, or has no sequence of this name.
        """
        return elements(self.buffer, *self._sequence(sequence))

    def _sequence(self, sequence: str) -> tuple[int, int]:
        """Where the elements of a sequence stand; an empty span where there is none."""
        _, name, start, end = self._kind()
        names = SEQUENCES.get(name, ())
        if sequence not in names:
            return 0, 0
        inside = elements(self.buffer, content(self.buffer, start), end)
        start, end = inside[names.index(sequence)]
        return content(self.buffer, start), end

    @property
    def certificates(self) -> tuple[types.Certificate, ...]:
        """The X.509 certificates the wrapper carries, which being there makes none trusted."""
        return tuple(
            choice.certificate
            for choice in self._choices("certificates", "CertificateChoices")
            if choice.certificate is not None
        )

    @property
    def crls(self) -> tuple[types.CertificateList, ...]:
        """The CRLs the wrapper carries."""
        return tuple(
            choice.crl
            for choice in self._choices("crls", "RevocationInfoChoice")
            if choice.crl is not None
        )

    def _choices(self, field: str, type_name: str) -> Iterator[Any]:
        found = self._locate(("content", field))
        _, pos, end = found or (0, 0, 0)
        while pos < end:
            choice, pos = _backend.decode_at(type_name, self.buffer, pos, end)
            yield choice

    def _locate(self, path: tuple[str | int, ...]) -> tuple[int, int, int] | None:
        name, start, end = self._root, self._start, self._end
        if name == "WrappedRequest":
            name = "ContentInfo"
            if path[:3] == _CONTENT and path[3:]:
                # No type says that id-data holds a request.
                path = path[3:]
                _, name, start, end = self._kind()
        return _backend.locate(name, self.buffer, start, end, path)

    def __repr__(self) -> str:
        size = self._end - self._start
        return f"<{type(self).__name__} {self.kind}, {self.encoding}, {size} octets>"


AnyLoaded = TypeVar("AnyLoaded", bound=Loaded)


class Members(Generic[AnyLoaded]):
    """The messages in cmsSequence by body part id, in eight octets each (rule P8).

    They are of the class of the message that they are in.
    """

    __slots__ = ("_buffer", "_class", "_end", "_places")

    def __init__(self, message: AnyLoaded) -> None:
        self._class = type(message)
        # Reaches into what it knows to be its own.
        start, self._end = message._sequence("cmsSequence")  # noqa: SLF001
        self._buffer = message.buffer
        # An id above where its member starts, which is where the one before ends.
        places, last, ascend = array("Q"), 0, True
        for identifier, _, end in _backend.members(self._buffer, start, self._end):
            places.append(identifier << 32 | start)
            start, last, ascend = end, identifier, ascend and last < identifier
        self._places = places if ascend else _sorted(places)

    def _place(self, identifier: int) -> int | None:
        at = bisect_left(self._places, identifier << 32)
        if at == len(self._places) or self._places[at] >> 32 != identifier:
            return None
        return self._places[at] & 0xFFFF_FFFF

    def __contains__(self, identifier: int) -> bool:
        return self._place(identifier) is not None

    def get(self, identifier: int) -> AnyLoaded | None:
        """The message with this id, which may be malformed; None where there is none."""
        place = self._place(identifier)
        if place is None:
            return None
        _, start, end = next(_backend.members(self._buffer, place, self._end))
        made = object.__new__(self._class)
        Loaded.__init__(made, self._buffer, (start, end), "der", "ContentInfo")
        return made


_RUN: Final = 1 << 16
"""Numbers that are sorted at a time: as Python objects they take five times the room."""


def _sorted(numbers: array[int]) -> array[int]:
    starts = range(0, len(numbers), _RUN)
    for start in starts:
        run = slice(start, start + _RUN)
        numbers[run] = array("Q", sorted(numbers[run]))
    whole = memoryview(numbers)
    return array("Q", merge(*(whole[start : start + _RUN] for start in starts)))
