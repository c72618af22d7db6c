"""Verdicts over a stream, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack, final

from cmcodec.arrow.verifying import Options, Verifier
from cmcodec.columns.fields import Field
from cmcodec.columns.incoming import Arrays, arrays, column_places, octets_type, sliced
from cmcodec.columns.outgoing import Source, adopt, fill_array, schema_capsule, stream_capsule
from cmcodec.columns.structures import ArrowArray, moved

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["VerdictStream", "verify_stream"]


@final
class VerdictStream:
    """Record batches to be: each is verified when it is asked for.

    It has ``__arrow_c_stream__``, once: ``pyarrow.RecordBatchReader.from_stream(stream)``.
    """

    __slots__ = ("_field", "_source")

    def __init__(self, source: _Verified) -> None:
        self._source: _Verified | None = source
        self._field = source.field()

    def __arrow_c_schema__(self) -> object:
        return schema_capsule(self._field)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        source, self._source = self._source, None
        if source is None:
            raise ValueError("this stream was read before")
        return stream_capsule(source)


def verify_stream(
    reader: Any, *, column: str = "message", keep: Sequence[str] = (), **options: Unpack[Options]
) -> VerdictStream:
    """Verifies the messages in one column of a stream, batch by batch.

    ``reader``: anything with ``__arrow_c_stream__`` (or ``__arrow_c_array__``) whose arrays are
    record batches. ``keep``: columns that are passed on, before those of `verify`, without a copy.
    The other keywords are those of `verify`. One batch of messages is in memory at a time.

    Raises `ValueError` for a column that is missing or there twice, or for one to keep that is
    called like a column of the verdicts, and `TypeError` for a column that is not binary, before
    anything is verified. What goes wrong later, in ``reader`` too, is the error of the stream.
    """
    verifier = Verifier(places=False, **options)
    given = arrays(reader, "reader")
    try:
        return VerdictStream(_Verified(given, verifier, column, tuple(keep)))
    except BaseException:
        given.close()
        raise


class _Verified(Source):
    def __init__(
        self, given: Arrays, verifier: Verifier, column: str, keep: tuple[str, ...]
    ) -> None:
        if given.field.format != "+s":
            raise TypeError("reader: its arrays are no record batches")
        self._given, self._verifier = given, verifier
        (self._column,) = column_places(given.field, [column])
        self._keep = column_places(given.field, keep)
        octets_type(given.field.children[self._column], column)
        names = verifier.schema.names
        for name in keep:
            if name in names:
                raise ValueError(f"column {name!r} to keep is called like one of the verdicts")

    def field(self) -> Field:
        kept = (self._given.field.children[place] for place in self._keep)
        return Field("", "+s", (*kept, *self._verifier.schema.fields), flags=0)

    def next_into(self, array: ArrowArray) -> bool:
        owned = self._given.following()
        if owned is None:
            return False
        with owned as batch:
            messages = sliced(batch, self._given.field, self._column)
            columns = self._verifier.columns()
            self._verifier.add(columns, messages, self._given.field.children[self._column])
            length, _, _, verdicts = columns.finish()
            kept = []
            for place in self._keep:
                shown = sliced(batch, self._given.field, place)
                child = moved(batch.children[place].contents)
                child.length, child.offset = shown.length, shown.offset
                child.null_count = shown.null_count
                kept.append(child)
        made = [ArrowArray() for _ in verdicts]
        for each, field, values in zip(made, self._verifier.schema.fields, verdicts, strict=True):
            fill_array(each, field, values)
        adopt(array, length, 0, [None], [*kept, *made])
        return True

    def close(self) -> None:
        self._given.close()
