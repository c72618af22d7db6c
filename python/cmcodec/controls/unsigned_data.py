"""Data beside the signatures of a message, which an RA takes over (RFC 10002 §3.2.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, final

from cmcodec import _backend, oids, types
from cmcodec.asn1.der import element
from cmcodec.asn1.scalars import encode_object_identifier
from cmcodec.checked import checked
from cmcodec.cms.envelopes import loaded_message
from cmcodec.controls.messages import Source, message_of
from cmcodec.errors import EncodeError, ProofError
from cmcodec.message import Message
from cmcodec.reasons import Reason
from cmcodec.received import Buffer
from cmcodec.types.controls import CMCFailInfo

__all__ = ["promote", "read"]

_TYPE: Final = encode_object_identifier(oids.ID_AA_CMC_UNSIGNED_DATA)
"""Where these octets are nowhere, no such data are."""


@checked
def read(message: Source) -> tuple[types.CMCUnsignedData, ...]:
    """The CMC Unsigned Data of a message; none where it has none, or no signature and no MAC.

    It stands among the unsigned attributes of each SignerInfo, or the unauthenticated ones of an
    AuthenticatedData, so that anybody can have changed it. Of an `Opened` it is that of the
    innermost layer.

    Raises `ProofError` (``unsigned_data_wrong``, badRequest, for the message) where it stands twice
    in one place or without a value (R-059), or not with the same values in all SignerInfos (R-060).
    """
    return _values(_places(message_of(message)))


@checked
def promote(
    octets: Buffer | Message, body_part_id: int
) -> tuple[bytes, tuple[types.CMCUnsignedData, ...]]:
    """A client's message without its CMC Unsigned Data, and that for the RA's own (R-061).

    ``octets``: a message as `load` takes it, or one that was loaded. ``body_part_id``: under which
    the RA puts it into cmsSequence; each bodyPartPath begins with it then. The message is in DER;
    everything but the attributes removed and the lengths around them is as received, so that
    signatures and MACs hold as before. An attribute field that became empty is left out.

    Raises what `load` and `read` raise, and `EncodeError` for an id that is none.
    """
    if not 0 < body_part_id < 1 << 32:
        raise EncodeError(Reason.BAD_VALUE, None, "bodyPartID")
    message = loaded_message(octets)
    places = _places(message)
    values = _values(places)
    if not values:
        return message.to_der(), ()
    promoted = tuple(
        replace(value, body_part_path=types.BodyPartPath((body_part_id, *value.body_part_path)))
        for value in values
    )
    return _around(message, [place.without() for place in places]), promoted


@final
class _Place:
    """A SignerInfo or AuthenticatedData, whose last field are attributes that nothing covers."""

    def __init__(self, buffer: bytes, name: str, field: str, span: tuple[int, int]) -> None:
        first, found = (
            _backend.locate(name, buffer, *span, (each,)) for each in ("version", field)
        )
        assert first is not None
        start, content, end = found or (span[1], span[1], span[1])
        self._before = buffer[first[0] : start]
        self._tag = buffer[start] if found else 0
        self.own: list[types.Attribute] = []
        self._others: list[bytes] = []
        starts = _backend.offsets(buffer, content, end)
        for one, next_one in zip(starts, [*starts[1:], end], strict=False):
            octets = buffer[one:next_one]
            attribute = types.Attribute.from_der(octets)
            if attribute.attr_type == oids.ID_AA_CMC_UNSIGNED_DATA:
                self.own.append(attribute)
            else:
                self._others.append(octets)

    def without(self) -> bytes:
        """The element without the data."""
        others = element(self._tag, *self._others) if self._others else b""
        return element(0x30, self._before, others)


def may_stand_in(octets: bytes, start: int = 0, end: int | None = None) -> bool:
    """Whether octets can have such data, which most have not; nothing is read for it."""
    return octets.find(_TYPE, start, end) >= 0


def _places(message: Message) -> list[_Place]:
    """Where the data of a message stands: all places, or none where there is no such data."""
    buffer = message.buffer
    if not may_stand_in(buffer, *message.span):
        return []
    infos = message.element_offsets(("content", "signerInfos"))
    if infos:
        _, end = message.locate("content.signerInfos") or message.span
        spans = zip(infos, [*infos[1:], end], strict=True)
        return [_Place(buffer, "SignerInfo", "unsignedAttrs", span) for span in spans]
    span = message.locate("content")
    if span is None or message.locate("content.macAlgorithm") is None:
        return []
    return [_Place(buffer, "AuthenticatedData", "unauthAttrs", span)]


def _values(places: list[_Place]) -> tuple[types.CMCUnsignedData, ...]:
    """The data, which is the same in all places."""
    found = [
        [value for attribute in place.own for value in attribute.attr_values] for place in places
    ]
    alike = {tuple(sorted(value.to_der() for value in values)) for values in found}
    if len(alike) > 1 or any(
        len(place.own) > 1 or (place.own and not values)
        for place, values in zip(places, found, strict=True)
    ):
        raise ProofError(Reason.UNSIGNED_DATA_WRONG, CMCFailInfo.BAD_REQUEST)
    values = found[0] if found else []
    return tuple(value for value in values if isinstance(value, types.CMCUnsignedData))


def _around(message: Message, places: list[bytes]) -> bytes:
    """The message with other octets in its places."""
    content_type = message.octets("contentType")
    version, infos = message.locate("content.version"), message.locate("content.signerInfos")
    assert content_type is not None
    assert version is not None
    layer = places[0]
    if infos is not None:
        # A SET OF, which DER sorts.
        signer_infos = element(0x31, *sorted(places))
        layer = element(0x30, message.buffer[version[0] : infos[0]], signer_infos)
    return element(0x30, content_type, element(0xA0, layer))
