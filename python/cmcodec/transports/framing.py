"""Where a message ends that has no length before it (RFC 10003 §7): where its outer element does.

Messages are BER: an element of indefinite length ends where the last of those in it does.
"""

from __future__ import annotations

from typing import Final, final

from cmcodec.limits import MAX_DEPTH
from cmcodec.transports.limits import TransportError, TransportReason

__all__ = ["MAX_FRAME_ELEMENTS", "Framer"]

MAX_FRAME_ELEMENTS: Final = 1_000_000
"""Elements that are passed over to find the end of one of indefinite length."""

_SEQUENCE: Final = 0x30
_INDEFINITE: Final = 0x80
_CONSTRUCTED: Final = 0x20
_MANY_TAG: Final = 0x1F
_MAX_TAG_OCTETS: Final = 5
_MAX_LENGTH_OCTETS: Final = 4


@final
class Framer:
    """Takes octets as they arrive, and gives messages as they are complete.

    Each octet is looked at once, and what elements contain is not, where their length is definite.
    """

    __slots__ = ("_depth", "_elements", "_max_size", "_octets", "_place")

    def __init__(self, max_size: int) -> None:
        self._octets = bytearray()
        self._max_size = max_size
        self._begin()

    def _begin(self) -> None:
        self._place = self._depth = self._elements = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing has arrived of the next message."""
        return not self._octets

    def feed(self, octets: bytes) -> None:
        """Takes what has arrived."""
        self._octets += octets

    def message(self) -> bytes | None:
        """The next message; None as long as it is not complete.

        Raises `TransportError` (``limit``) for what is too long or too deep, and what is no
        message.
        """
        while not self._place or self._depth:
            if not self._pass_element():
                return None
        if len(self._octets) < self._place:
            return None
        message = bytes(self._octets[: self._place])
        del self._octets[: self._place]
        self._begin()
        return message

    def _pass_element(self) -> bool:
        """Goes on behind the next element, or into it; False where it has not arrived."""
        octets, place = self._octets, self._place
        if len(octets) < place + 2:
            return False
        tag = octets[place]
        if not place and tag != _SEQUENCE:
            raise TransportError(TransportReason.LIMIT)
        if tag == octets[place + 1] == 0 and self._depth:
            self._place, self._depth = place + 2, self._depth - 1
            return True
        self._elements += 1
        if self._elements > MAX_FRAME_ELEMENTS:
            raise TransportError(TransportReason.LIMIT)
        after = place + 1
        if tag & _MANY_TAG == _MANY_TAG:
            while after < len(octets) and octets[after] & 0x80:
                after += 1
            after += 1
            if after > place + 1 + _MAX_TAG_OCTETS:
                raise TransportError(TransportReason.LIMIT)
        if len(octets) <= after:
            return False
        first = octets[after]
        after += 1
        if first == _INDEFINITE:
            if not tag & _CONSTRUCTED or self._depth == MAX_DEPTH:
                raise TransportError(TransportReason.LIMIT)
            self._depth += 1
            return self._behind(after)
        count = first & 0x7F if first & 0x80 else 0
        if count > _MAX_LENGTH_OCTETS:
            raise TransportError(TransportReason.LIMIT)
        if len(octets) < after + count:
            return False
        length = int.from_bytes(octets[after : after + count], "big") if count else first
        return self._behind(after + count + length)

    def _behind(self, place: int) -> bool:
        if place > self._max_size:
            raise TransportError(TransportReason.LIMIT)
        self._place = place
        return True
