"""BER in the CMS wrapper, converted to DER before the walk (RFC 5652 §10.1).

What the wrapper is, and what in it stays as received, say the shapes of `cmcodec.types.wrapper`.
What no shape names is copied octet for octet, so that the DER walk judges it as it was sent.
"""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from cmcodec._pure.codec.primitives import encode_object_identifier
from cmcodec.limits import MAX_BODY_PARTS, MAX_DEPTH
from cmcodec.types.wrapper import (
    CONTENT_INFO,
    CONTENT_TYPES,
    PLAIN,
    UNKNOWN_CONTENT,
    UNSORTED,
    VERBATIM,
    Kind,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec.types.wrapper import Shape


def to_der(data: bytes) -> bytes | None:
    """The DER form of a message whose wrapper is BER.

    ``None`` where the input cannot be read as the BER encoding of one ContentInfo. The wrapper is
    the ContentInfo and the CMS structure in it. Signed and authenticated attributes,
    certificates, CRLs, attribute values and the octets of eContent are not converted, even where
    they are BER (rule V4). The result is not validated: the walk follows.
    """
    converter = _Converter(data)
    try:
        root = _read(data, 0, len(data))
        first = _read(data, root.content, root.limit)
        if root.tag != 0x30 or first.tag != 0x06:
            return None
        end = converter.element(CONTENT_INFO, root, 1)
    except _UnreadableError:
        return None
    return bytes(converter.der) if end == len(data) else None


class _UnreadableError(Exception):
    """The input is not BER, or out of bounds; becomes ``None``."""


_CONTENT_TYPES: Final = {
    encode_object_identifier(oid): shape for oid, shape in CONTENT_TYPES.items()
}

_BY_TAGS: Final = (Kind.PLAIN, Kind.UNSORTED)
"""What is converted by universal tags alone."""

SEGMENTS: Final[dict[int, int]] = {
    0x23: 0x03,
    **dict.fromkeys((0x24, 0x27, 0x2C, *range(0x32, 0x3D), 0x3E), 0x04),
}
"""The tag of a primitive segment of a constructed string (X.690 8.6.4, 8.7.3, 8.23.6)."""


def _next_field(
    fields: tuple[tuple[bytes, Shape], ...], tag: int
) -> tuple[Shape, tuple[tuple[bytes, Shape], ...]]:
    """The shape of the next element, and the fields that may follow it.

    What stands before it is absent from the input.
    """
    for index, (tags, shape) in enumerate(fields):
        if tag in tags:
            return shape, fields[index + 1 :]
    return VERBATIM, fields


class _Converter:
    """One pass over the input.

    Elements are appended to ``der``; the length of a constructed one is put in before its content
    when that is complete. Every octet moves once per level, so `MAX_DEPTH` times at most.
    """

    __slots__ = ("data", "der", "view")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.view = memoryview(data)
        self.der = bytearray()

    def element(self, shape: Shape, header: _Header, depth: int) -> int:
        """Convert one element; return where it ends in the input."""
        if depth > MAX_DEPTH:
            raise _UnreadableError
        if shape.kind is Kind.VERBATIM:
            end = _skip(self.data, header)
            self.der += self.view[header.start : end]
            return end
        constructed = bool(header.tag & 0x20)
        segment = None
        if shape.kind in _BY_TAGS:
            segment = SEGMENTS.get(header.tag)
        elif shape.kind is Kind.OCTETS and constructed:
            segment = 0x04
        if segment is not None:
            self.der.append(header.tag & ~0x20)
        else:
            self.der += self.view[header.start : header.length]
        at = len(self.der)
        if segment is not None:
            end = self._joined(segment, header, depth)
        elif constructed:
            end = self._elements(shape, header, depth)
        else:
            end = self._primitive(shape, header)
        self._insert_length(at)
        return end

    def _primitive(self, shape: Shape, header: _Header) -> int:
        """Append the content of a primitive element."""
        end = header.limit
        content = self.view[header.content : end]
        if shape.kind in _BY_TAGS and header.tag == 0x01 and len(content) == 1 and content[0]:
            self.der.append(0xFF)
        else:
            self.der += content
        return end

    def _elements(self, shape: Shape, parent: _Header, depth: int) -> int:
        """Append the elements of a constructed element."""
        data, at = self.data, len(self.der)
        fields, oid = shape.fields, b""
        pos = parent.content
        while (end := _end_at(data, parent, pos)) is None:
            child = _read(data, pos, parent.limit)
            inner = UNSORTED if shape.kind is Kind.UNSORTED else PLAIN
            if shape.kind is Kind.SEQUENCE:
                inner, fields = _next_field(fields, child.tag)
            elif shape.element is not None:
                inner = shape.element
            if inner.kind is Kind.CONTENT:
                inner = _CONTENT_TYPES.get(oid, UNKNOWN_CONTENT)
            pos = self.element(inner, child, depth + 1)
            if child.tag == 0x06:
                oid = data[child.content : pos]
        if shape.kind is Kind.SET_OF or (parent.tag == 0x31 and shape.kind is not Kind.UNSORTED):
            self._sort(at)
        return end

    def _joined(self, segment: int, parent: _Header, depth: int) -> int:
        """Append the content of a string that comes in segments."""
        at = len(self.der)
        if segment == 0x03:
            self.der.append(0)
        return self._segments(segment, parent, depth, at)

    def _segments(self, segment: int, parent: _Header, depth: int, at: int) -> int:
        """Append segments to the string whose content begins at ``at``."""
        if depth > MAX_DEPTH:
            raise _UnreadableError
        pos = parent.content
        while (end := _end_at(self.data, parent, pos)) is None:
            child = _read(self.data, pos, parent.limit)
            if child.tag == segment | 0x20:
                pos = self._segments(segment, child, depth + 1, at)
                continue
            if child.tag != segment:
                raise _UnreadableError
            pos = child.limit
            content = self.view[child.content : pos]
            if segment == 0x03:
                # Only the last segment may leave bits unused (X.690 8.6.4.1).
                if not content or self.der[at]:
                    raise _UnreadableError
                self.der[at], content = content[0], content[1:]
            self.der += content
        return end

    def _sort(self, at: int) -> None:
        """Put the elements from ``at`` on in the order of DER (X.690 11.6).

        A set out of order has `MAX_BODY_PARTS` elements at most: what sorting may cost has a
        bound (rules P7, P8), and no batch has more certificates than body parts.
        """
        octets = bytes(self.der[at:])
        if all(earlier <= later for earlier, later in pairwise(_split(octets))):
            return
        elements = list(islice(_split(octets), MAX_BODY_PARTS + 1))
        if len(elements) > MAX_BODY_PARTS:
            raise _UnreadableError
        elements.sort()
        self.der[at:] = b"".join(elements)

    def _insert_length(self, at: int) -> None:
        """Put the length octets of what was appended from ``at`` on before it."""
        length = len(self.der) - at
        if length >= 1 << 32:
            raise _UnreadableError
        if length < 0x80:
            self.der[at:at] = bytes([length])
        else:
            octets = length.to_bytes((length.bit_length() + 7) // 8)
            self.der[at:at] = bytes([0x80 | len(octets)]) + octets


def _split(octets: bytes) -> Iterator[bytes]:
    """The elements of a SET OF that was converted."""
    pos = 0
    while pos < len(octets):
        end = _skip(octets, _read(octets, pos, len(octets)))
        yield octets[pos:end]
        pos = end


class _Header(NamedTuple):
    """Identifier and length octets as BER has them (X.690 8.1.2, 8.1.3)."""

    tag: int
    """First identifier octet."""
    start: int
    """Offset of the identifier."""
    length: int
    """Offset of the length octets."""
    content: int
    """Offset of the first content octet."""
    indefinite: bool
    limit: int
    """Offset just after the content; of an indefinite length, where the parent must have ended."""


def _read(data: bytes, start: int, limit: int) -> _Header:
    """The header at ``start`` of an element that must end at or before ``limit``.

    Refused are end-of-contents octets, what is no header, and lengths and tag numbers out of
    bounds (rules P2, P5).
    """
    if start + 2 > limit:
        raise _UnreadableError
    tag, pos = data[start], start + 1
    if tag & 0xDF == 0:
        raise _UnreadableError
    if tag & 0x1F == 0x1F:
        pos = _high_tag_number(data, pos, limit)
    length, first = pos, data[pos]
    pos += 1
    if first == 0x80 and tag & 0x20:
        return _Header(tag, start, length, pos, indefinite=True, limit=limit)
    declared = first
    if first >= 0x80:
        count = first - 0x80
        if not 1 <= count <= 4 or pos + count > limit:
            raise _UnreadableError
        declared = int.from_bytes(data[pos : pos + count])
        pos += count
    if declared > limit - pos:
        raise _UnreadableError
    return _Header(tag, start, length, pos, indefinite=False, limit=pos + declared)


def _high_tag_number(data: bytes, pos: int, limit: int) -> int:
    """Where the identifier ends that goes on at ``pos``, before the length octets.

    Refused are tag numbers below 31 and from 2^31 on (X.690 8.1.2.4, rule P5).
    """
    number = 0
    while pos + 1 < limit:
        octet = data[pos]
        pos += 1
        number = number << 7 | octet & 0x7F
        if number == 0 or number >= 1 << 31:
            break
        if octet < 0x80:
            if number < 0x1F:
                break
            return pos
    raise _UnreadableError


def _end_at(data: bytes, header: _Header, pos: int) -> int | None:
    """Where the element ends, if its content ends at ``pos``."""
    if header.indefinite:
        return pos + 2 if data[pos : min(pos + 2, header.limit)] == b"\0\0" else None
    return pos if pos == header.limit else None


def _skip(data: bytes, header: _Header) -> int:
    """Where the element ends; looks only at the headers that this depends on, each once."""
    limit, opened = header.limit, 0
    while True:
        pos = header.limit
        if header.indefinite:
            if opened == MAX_DEPTH:
                raise _UnreadableError
            opened += 1
            pos = header.content
        while opened and data[pos : min(pos + 2, limit)] == b"\0\0":
            opened -= 1
            pos += 2
        if not opened:
            return pos
        header = _read(data, pos, limit)
