"""Which element of a validated SEQUENCE is which field, by the declarations."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from cmcodec._pure.codec.tlv import Tlv, header
from cmcodec.asn1 import schema

if TYPE_CHECKING:
    from collections.abc import Callable

ANY_TAG = frozenset(range(256))


def fields(cls: type[Any], *wanted: str) -> Callable[[bytes, Tlv], Any]:
    """What takes a SEQUENCE apart into the `Tlv` of each field, under the names of ``cls``.

    A field that is not there is None; of an EXPLICIT one it is the element inside. ``element`` is
    the whole. Where some are ``wanted``, others are left out, and nothing after the last of them is
    read. Raises `Error` where the octets are no elements.
    """
    declared = schema.node(cls).fields
    names = [field.attribute for field in declared if field.attribute in wanted or not wanted]
    rows = [
        (frozenset(field.tags) or ANY_TAG, field.explicit, field.attribute in names)
        for field in declared
    ]
    while not rows[-1][2]:
        del rows[-1]
    places = {name: property(itemgetter(place)) for place, name in enumerate(["element", *names])}
    # A tuple with names, which is made in half the time of an object with slots.
    made: type[Any] = type(cls.__name__, (tuple,), {"__slots__": (), **places})
    new = tuple.__new__

    def read(data: bytes, element: Tlv) -> Any:
        _, _, pos, end = element
        found: list[Tlv | None] = [element]
        add = found.append
        for tags, explicit, is_wanted in rows:
            if pos == end or data[pos] not in tags:
                if is_wanted:
                    add(None)
                continue
            start = pos
            content, pos = header(data, pos, end)
            if explicit and is_wanted:
                start = content
                content, stop = header(data, content, pos)
                add(new(Tlv, (data[start], start, content, stop)))
            elif is_wanted:
                add(new(Tlv, (data[start], start, content, pos)))
        return new(made, found)

    return read


def alternatives(cls: type[Any]) -> dict[int, str]:
    """The name of the alternative of a CHOICE that each identifier octet stands for."""
    return {tag: field.attribute for field in schema.node(cls).fields for tag in field.tags}
