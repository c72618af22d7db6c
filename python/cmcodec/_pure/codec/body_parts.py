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


def _id_of(data: bytes, start: int, inner: int, end: int) -> tuple[int, int, int]:
    """Where the id of a body part starts, has its content, and ends."""
    while data[start] != 0x02:
        start = inner
        inner, end = header(data, start, end)
    return start, inner, end


def p6_body_part_ids(data: bytes, pos: int, end: int, names: Iterable[str]) -> None:
    """Refuses ids that are not from 1 to 2^32-1, or not unique over all sequences (R-055 to R-057).

    The id of every kind of element is the first INTEGER met on the way down through first
    children: bodyPartID, or certReq.certReqId of a crm.
    """
    seen: set[int] = set()
    for name in names:
        index, (content, stop) = 0, header(data, pos, end)
        while content < stop:
            is_one_too_many = len(seen) >= MAX_BODY_PARTS
            element, (inner, after) = content, header(data, content, stop)
            content = after
            try:
                identifier, inner, limit = _id_of(data, element, inner, after)
            except Error:
                if not is_one_too_many:
                    raise
                identifier = element  # it was not read before
            reason: Reason | None = Reason.LIMIT
            if not is_one_too_many:
                integer(data, identifier, inner, limit)
                value = number(data[inner:limit])
                if 0 < value < 1 << 32:
                    reason = Reason.DUPLICATE_BODY_PART_ID if value in seen else None
            if reason:
                error = Error(reason, identifier, Rule.P6)
                error.path += [index, name]
                raise error
            seen.add(value)
            index += 1
        pos = stop
