"""BER in the CMS wrapper, converted to DER before the walk (SPEC E, "DER/BER").

What the wrapper is, and what in it stays as received, is the table of shapes below; the engine's
``der::ber`` has the same one. Whatever the table does not name is copied octet for octet, so that
the DER walk that follows judges it as it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from cmcodec.limits import MAX_BODY_PARTS, MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterator


def to_der(data: bytes) -> bytes | None:
    """The DER form of a message whose wrapper is BER.

    ``None`` where the input cannot be read as the BER encoding of one ContentInfo. The wrapper is
    the ContentInfo and the CMS structure in it. Signed and authenticated attributes,
    certificates, CRLs, attribute values and the octets of eContent are not converted, even where
    they are BER (RULES V4). The result is not proven to be anything: it has yet to be walked.
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


class Kind(Enum):
    """How an element is converted."""

    VERBATIM = "as received"
    PLAIN = "by its universal tags alone, all the way down"
    """Minimal definite lengths, strings in one piece, sets in order, TRUE as FF."""
    OCTETS = "an OCTET STRING under whatever tag, in one piece"
    SEQUENCE = "the fields in order, each found by the tags it may have"
    """Verbatim where there is no such field left. Also what is inside an EXPLICIT tag."""
    SET_OF = "elements of one shape, put in order"
    CONTENT = "the content of a ContentInfo, tag included: a row of CONTENT_TYPES"


@dataclass(frozen=True, slots=True)
class Shape:
    """A `Kind`, with the fields of a SEQUENCE or the element of a SET OF."""

    kind: Kind
    fields: tuple[tuple[bytes, Shape], ...] = ()
    element: Shape | None = None


def _sequence(*fields: tuple[bytes, Shape]) -> Shape:
    return Shape(Kind.SEQUENCE, fields)


def _set_of(element: Shape) -> Shape:
    return Shape(Kind.SET_OF, element=element)


VERBATIM: Final = Shape(Kind.VERBATIM)
PLAIN: Final = Shape(Kind.PLAIN)
OCTETS: Final = Shape(Kind.OCTETS)
CONTENT: Final = Shape(Kind.CONTENT)

CONTENT_INFO: Final = _sequence((b"\x06", PLAIN), (b"\xa0", CONTENT))

OCTETS_INSIDE: Final = _sequence((b"\x04\x24", OCTETS))
"""An EXPLICIT tag around an OCTET STRING. Other content, as PKCS #7 had it, is verbatim."""

SET_OF_SIGNED: Final = _set_of(VERBATIM)
"""Certificates or CRLs."""

UNSIGNED_ATTRIBUTES: Final = _set_of(_sequence((b"\x06", PLAIN), (b"\x31", _set_of(VERBATIM))))
"""Attributes that no signature or MAC covers.

Their values may hold signed octets of their own (a countersignature, a time-stamp).
"""

SIGNER_INFO: Final = _sequence(
    (b"\x02", PLAIN),  # version
    (b"\x30\x80", PLAIN),  # sid
    (b"\x30", PLAIN),  # digestAlgorithm
    (b"\xa0", VERBATIM),  # signedAttrs
    (b"\x30", PLAIN),  # signatureAlgorithm
    (b"\x04\x24", OCTETS),  # signature
    (b"\xa1", UNSIGNED_ATTRIBUTES),  # unsignedAttrs
)

ENCAPSULATED_CONTENT_INFO: Final = _sequence(
    (b"\x06", PLAIN),  # eContentType
    (b"\xa0", OCTETS_INSIDE),  # eContent
)

SIGNED_DATA: Final = _sequence(
    (b"\x02", PLAIN),  # version
    (b"\x31", PLAIN),  # digestAlgorithms
    (b"\x30", ENCAPSULATED_CONTENT_INFO),  # encapContentInfo
    (b"\xa0", SET_OF_SIGNED),  # certificates
    (b"\xa1", SET_OF_SIGNED),  # crls
    (b"\x31", _set_of(SIGNER_INFO)),  # signerInfos
)

ORIGINATOR_INFO: Final = _sequence(
    (b"\xa0", SET_OF_SIGNED),  # certs
    (b"\xa1", SET_OF_SIGNED),  # crls
)

ENCRYPTED_CONTENT_INFO: Final = _sequence(
    (b"\x06", PLAIN),  # contentType
    (b"\x30", PLAIN),  # contentEncryptionAlgorithm
    (b"\x80\xa0", OCTETS),  # encryptedContent
)

ENVELOPED_DATA: Final = _sequence(
    (b"\x02", PLAIN),  # version
    (b"\xa0", ORIGINATOR_INFO),  # originatorInfo
    (b"\x31", PLAIN),  # recipientInfos
    (b"\x30", ENCRYPTED_CONTENT_INFO),  # encryptedContentInfo
    (b"\xa1", UNSIGNED_ATTRIBUTES),  # unprotectedAttrs
)

AUTH_ENVELOPED_DATA: Final = _sequence(
    (b"\x02", PLAIN),  # version
    (b"\xa0", ORIGINATOR_INFO),  # originatorInfo
    (b"\x31", PLAIN),  # recipientInfos
    (b"\x30", ENCRYPTED_CONTENT_INFO),  # authEncryptedContentInfo
    (b"\xa1", VERBATIM),  # authAttrs
    (b"\x04\x24", OCTETS),  # mac
    (b"\xa2", UNSIGNED_ATTRIBUTES),  # unauthAttrs
)

AUTHENTICATED_DATA: Final = _sequence(
    (b"\x02", PLAIN),  # version
    (b"\xa0", ORIGINATOR_INFO),  # originatorInfo
    (b"\x31", PLAIN),  # recipientInfos
    (b"\x30", PLAIN),  # macAlgorithm
    (b"\xa1", PLAIN),  # digestAlgorithm
    (b"\x30", ENCAPSULATED_CONTENT_INFO),  # encapContentInfo
    (b"\xa2", VERBATIM),  # authAttrs
    (b"\x04\x24", OCTETS),  # mac
    (b"\xa3", UNSIGNED_ATTRIBUTES),  # unauthAttrs
)

DIGESTED_DATA: Final = _sequence(
    (b"\x02", PLAIN),  # version
    (b"\x30", PLAIN),  # digestAlgorithm
    (b"\x30", ENCAPSULATED_CONTENT_INFO),  # encapContentInfo
    (b"\x04\x24", OCTETS),  # digest
)

ENCRYPTED_DATA: Final = _sequence(
    (b"\x02", PLAIN),  # version
    (b"\x30", ENCRYPTED_CONTENT_INFO),  # encryptedContentInfo
    (b"\xa1", UNSIGNED_ATTRIBUTES),  # unprotectedAttrs
)

CONTENT_TYPES: Final[dict[bytes, Shape]] = {
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01": OCTETS_INSIDE,
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02": _sequence((b"\x30", SIGNED_DATA)),
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03": _sequence((b"\x30", ENVELOPED_DATA)),
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x05": _sequence((b"\x30", DIGESTED_DATA)),
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06": _sequence((b"\x30", ENCRYPTED_DATA)),
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x02": _sequence((b"\x30", AUTHENTICATED_DATA)),
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17": _sequence((b"\x30", AUTH_ENVELOPED_DATA)),
}
"""What a ContentInfo can hold, by the content octets of contentType (SPEC A.1)."""

UNKNOWN_CONTENT: Final = _sequence()
"""Of an unknown type only the tag around it belongs to the wrapper."""

SEGMENTS: Final[dict[int, int]] = {
    0x23: 0x03,
    **dict.fromkeys((0x24, 0x27, 0x2C, *range(0x32, 0x3D), 0x3E), 0x04),
}
"""The tag of a primitive segment of a constructed string (X.690 8.6.4, 8.7.3, 8.23.6)."""


def _next_field(
    fields: tuple[tuple[bytes, Shape], ...], tag: int
) -> tuple[Shape, tuple[tuple[bytes, Shape], ...]]:
    """The shape of the next element, and the fields that may follow it.

    What the table has before it is absent from the input.
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
        if shape.kind is Kind.PLAIN:
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
        if shape.kind is Kind.PLAIN and header.tag == 0x01 and len(content) == 1 and content[0]:
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
            inner = PLAIN
            if shape.kind is Kind.SEQUENCE:
                inner, fields = _next_field(fields, child.tag)
            elif shape.element is not None:
                inner = shape.element
            if inner.kind is Kind.CONTENT:
                inner = CONTENT_TYPES.get(oid, UNKNOWN_CONTENT)
            pos = self.element(inner, child, depth + 1)
            if child.tag == 0x06:
                oid = data[child.content : pos]
        if shape.kind is Kind.SET_OF or parent.tag == 0x31:
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
        bound (P7, P8), and no batch has more certificates than parts.
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
    bounds (RULES P2, P5).
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

    Refused are tag numbers below 31 and from 2^31 on (X.690 8.1.2.4, RULES P5).
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
