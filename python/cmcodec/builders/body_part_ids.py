"""The allocation of body part ids (RFC 10002 §3.2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmcodec.errors import EncodeError
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmcodec import types


def allocate(
    controls: Sequence[types.TaggedAttribute], ids: Sequence[int] | None, count: int
) -> tuple[int, Sequence[int]]:
    """The id of one more control, and those of ``count`` messages: ``ids`` or the ones after it.

    Whether ids are unique and in range is checked where the whole is encoded (rule P6).
    """
    taken = {control.body_part_id for control in controls} | set(ids or ())
    own = max((control.body_part_id for control in controls), default=0) + 1
    while own in taken:
        own += 1
    if ids is None:
        ids = range(own + 1, own + 1 + count)
    if len(ids) != count:
        raise EncodeError(Reason.BAD_VALUE, None, "ids")
    return own, ids
