"""The parts of a content while it is put together, and their ids (RFC 10002 §3.2.2)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Self

from cmcodec import oids, types
from cmcodec.arguments import by_chance
from cmcodec.asn1 import LazySequence
from cmcodec.asn1.der import element
from cmcodec.asn1.scalars import encode_integer
from cmcodec.checked import checked
from cmcodec.controls import conversation
from cmcodec.controls.messages import Source
from cmcodec.errors import ForbiddenError
from cmcodec.message import Message, load
from cmcodec.received import Buffer


@dataclass(frozen=True, slots=True)
class Context:
    """What the value of a control may depend on: the requests, which are final, and all ids."""

    req_sequence: bytes
    ids: list[int]


@dataclass(frozen=True, slots=True)
class Later:
    """The value of a control that depends on the context."""

    made: Callable[[Context], Any]


@dataclass(frozen=True, slots=True)
class ControlPart:
    """A control before it has an id."""

    attr_type: str
    value: Any
    body_part_id: int | None = None

    def make(self, context: Context, body_part_id: int) -> types.TaggedAttribute:
        """The control."""
        value = self.value.made(context) if isinstance(self.value, Later) else self.value
        return types.TaggedAttribute(
            body_part_id=body_part_id, attr_type=self.attr_type, attr_values=(value,)
        )


@dataclass(frozen=True, slots=True)
class RequestPart:
    """A certification request, made or to be made."""

    asked: Any
    body_part_id: int | None = None


@dataclass(frozen=True, slots=True)
class MemberPart:
    """A message in cmsSequence, as it is."""

    octets: bytes
    body_part_id: int | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """Controls, requests and members in the order of the calls."""

    parts: tuple[ControlPart | RequestPart | MemberPart, ...] = ()

    def plus(self, *parts: ControlPart | RequestPart | MemberPart) -> Parts:
        """With more."""
        return Parts((*self.parts, *parts))

    def control(self, attr_type: str, value: Any, body_part_id: int | None = None) -> Parts:
        """With one more control."""
        return self.plus(ControlPart(attr_type, value, body_part_id))

    def response(self) -> types.PKIResponse:
        """A PKIResponse of them; raises `ForbiddenError` (R-055, R-056) and `EncodeError`."""
        ids = self.ids()
        return types.PKIResponse(
            control_sequence=self.controls(Context(b"", ids)),
            cms_sequence=self.members(ids),
            other_msg_sequence=(),
        )

    def values(self, attr_type: str) -> list[Any]:
        """The values of the controls of a type."""
        return [
            part.value
            for part in self.parts
            if isinstance(part, ControlPart) and part.attr_type == attr_type
        ]

    def with_list(self, attr_type: str) -> Parts:
        """With a control that names all members, if there are any."""
        places = [place for place, part in enumerate(self.parts) if isinstance(part, MemberPart)]
        if not places:
            return self

        def listed(context: Context) -> types.BodyPartList:
            return types.BodyPartList(tuple(context.ids[place] for place in places))

        return self.control(attr_type, Later(listed))

    def requests(self) -> list[RequestPart]:
        """The requests."""
        return [part for part in self.parts if isinstance(part, RequestPart)]

    def ids(self) -> list[int]:
        """The ids of all parts."""
        return allocated(part.body_part_id for part in self.parts)

    def controls(self, context: Context) -> tuple[types.TaggedAttribute, ...]:
        """The controlSequence."""
        return tuple(
            part.make(context, number)
            for part, number in zip(self.parts, context.ids, strict=True)
            if isinstance(part, ControlPart)
        )

    def members(self, ids: list[int]) -> Any:
        """The cmsSequence, in which messages are copied as they are."""
        return cms_sequence(
            (number, part.octets)
            for part, number in zip(self.parts, ids, strict=True)
            if isinstance(part, MemberPart)
        )


@cache
def _names(cls: type[Builder]) -> tuple[str, ...]:
    """The names of a builder's fields."""
    return tuple(each.name for each in fields(cls))


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """What all builders have; each call of one returns a new one."""

    random: Callable[[int], bytes] = field(default=os.urandom, repr=False)
    _parts: Parts = field(default_factory=Parts, init=False, repr=False)

    def _with(self, **changes: Any) -> Self:
        """The same but for these fields."""
        made = object.__new__(type(self))
        cls: Any = type(self)
        for name in _names(cls):
            value = changes[name] if name in changes else getattr(self, name)
            object.__setattr__(made, name, value)
        return made

    def _plus(self, *parts: ControlPart | RequestPart | MemberPart) -> Self:
        """With more parts."""
        return self._with(_parts=self._parts.plus(*parts))

    def _control(self, attr_type: str, value: Any, body_part_id: int | None = None) -> Self:
        """With one more control."""
        return self._plus(ControlPart(attr_type, value, body_part_id))

    def _in_transaction(self, identifier: int | None) -> Self:
        """With a transaction id, 128 bits by chance unless given, and a senderNonce (§6.6)."""
        number = identifier
        if number is None:
            number = int.from_bytes(by_chance(self.random, 16), "big")
        nonce = types.SenderNonce(by_chance(self.random, conversation.NONCE_OCTETS))
        return self._plus(
            ControlPart(oids.ID_CMC_TRANSACTION_ID, types.TransactionId(number)),
            ControlPart(oids.ID_CMC_SENDER_NONCE, nonce),
        )

    def _replying(self, message: Source) -> Self:
        """With the controls that an answer to a message has because of it."""
        return self._plus(
            *(
                ControlPart(each.attr_type, value)
                for each in conversation.reply(message, random=self.random)
                for value in each.attr_values
            )
        )


@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBuilder(Builder):
    """What a builder of one request or response has, beside those of batches."""

    _unsigned: tuple[types.CMCUnsignedData, ...] = field(default=(), init=False, repr=False)

    def add_message(
        self, message: Buffer | Message | types.ContentInfo, *, body_part_id: int | None = None
    ) -> Self:
        """A message in cmsSequence, as it is; raises what `load` raises."""
        return self._plus(MemberPart(message_octets(message), body_part_id))

    def add_unsigned_data(self, data: types.CMCUnsignedData) -> Self:
        """CMC Unsigned Data, alike in all SignerInfos or beside the MAC (RFC 10002 §3.2.3)."""
        return self._with(_unsigned=(*self._unsigned, data))


def cms_sequence(members: Iterable[tuple[int, bytes]]) -> Any:
    """A cmsSequence of body part ids and messages, which are copied as they are."""
    tagged = b"".join(
        element(0x30, element(0x02, encode_integer(number)), octets) for number, octets in members
    )
    return LazySequence(tagged, 0, len(tagged), "TaggedContentInfo")


def references(parts: Iterable[int | tuple[int, ...]]) -> tuple[types.BodyPartReference, ...]:
    """Body parts, each an id or a path, as controls name them."""
    return tuple(
        types.BodyPartReference(body_part_id=part)
        if isinstance(part, int)
        else types.BodyPartReference(body_part_path=types.BodyPartPath(part))
        for part in parts
    )


def status_of(
    status: int,
    parts: Iterable[int | tuple[int, ...]],
    text: str | None,
    other: types.OtherStatusInfo | None,
) -> types.CMCStatusInfoV2:
    """A statusInfoV2 over body parts, each an id or a path."""
    return types.CMCStatusInfoV2(
        cmc_status=status,
        body_list=references(parts),
        status_string=text,
        other_info=other,
    )


def allocated(fixed: Iterable[int | None]) -> list[int]:
    """The ids of parts in the order of the calls: from 1 on, around those that are given.

    Raises `ForbiddenError` for one that is repeated (R-055) or out of range (R-056).
    """
    wanted = list(fixed)
    taken = set[int]()
    for number in wanted:
        if number is None:
            continue
        if number in taken:
            raise ForbiddenError("R-055")
        if not 1 <= number < 1 << 32:
            raise ForbiddenError("R-056")
        taken.add(number)
    ids, following = [], 1
    for number in wanted:
        while number is None and following in taken:
            following += 1
        if number is None:
            ids.append(following)
            following += 1
        else:
            ids.append(number)
    return ids


def message_octets(message: Buffer | Message | types.ContentInfo) -> bytes:
    """The DER of a message, loaded where it is octets from outside."""
    if isinstance(message, types.ContentInfo):
        return message.to_der()
    return (message if isinstance(message, Message) else load(message)).to_der()
