"""Body part ids, which name what stands in a PKIData or PKIResponse (rules P6, R5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmcodec._pure.codec.primitives import integer, number
from cmcodec._pure.codec.tlv import Error, header
from cmcodec.limits import MAX_BODY_PARTS
from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_named(data: bytes, content: int, end: int) -> bool:
    """Whether a TaggedContentInfo names its id: what follows can be refused by itself (R5)."""
    try:
        inner, stop = header(data, content, end)
        if data[content] != 0x02:
            return False
        integer(data, content, inner, stop)
    except Error:
        return False
    return 0 < number(data[inner:stop]) < 1 << 32


def p6_body_part_ids(data: bytes, pos: int, end: int, names: Iterable[str]) -> None:
    """Refuses ids that are not from 1 to 2^32-1, or not unique over all sequences (R-055 to R-057).

    The id of every kind of element is the first INTEGER met on the way down through first
    children: bodyPartID, or certReq.certReqId of a crm.
    """
    seen: set[int] = set()
    for name in names:
        index, (content, stop) = 0, header(data, pos, end)
        while content < stop:
            identifier = content
            inner, after = header(data, content, stop)
            content, limit = after, after
            while data[identifier] != 0x02:
                identifier = inner
                inner, limit = header(data, identifier, limit)
            integer(data, identifier, inner, limit)
            value = number(data[inner:limit])
            reason = None
            if not 0 < value < 1 << 32 or len(seen) >= MAX_BODY_PARTS:
                reason = Reason.LIMIT
            elif value in seen:
                reason = Reason.DUPLICATE_BODY_PART_ID
            if reason:
                error = Error(reason, identifier, Rule.P6)
                error.path += [index, name]
                raise error
            seen.add(value)
            index += 1
        pos = stop
