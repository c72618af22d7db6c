"""Verdicts as a table that every library takes which speaks the Arrow PyCapsule interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, final

from cmcodec.columns.fields import Field
from cmcodec.verify.columns import fields

if TYPE_CHECKING:
    from cmcodec.columns.fields import Array

__all__ = ["Schema", "Verdicts"]


@final
class Schema:
    """The names and types of the columns of verdicts.

    ``plain``: words are utf8, and not dictionary<int8, utf8>. ``places``: ``index`` and ``path``
    come first.
    """

    __slots__ = ("_places", "_plain")

    def __init__(self, *, plain: bool = False, places: bool = False) -> None:
        self._plain, self._places = plain, places

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns, in order."""
        return fields(plain=self._plain, places=self._places)

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called, in order."""
        return tuple(field.name for field in self.fields)

    def __arrow_c_schema__(self) -> object:
        from cmcodec.columns.outgoing import schema_capsule

        return schema_capsule(self.struct)

    @property
    def struct(self) -> Field:
        """The columns as one struct, which is never null."""
        return Field("", "+s", self.fields, flags=0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schema):
            return NotImplemented
        return (self._plain, self._places) == (other._plain, other._places)

    def __hash__(self) -> int:
        return hash((self._plain, self._places))

    def __reduce__(self) -> tuple[Any, ...]:
        return _schema, (self._plain, self._places)

    def __repr__(self) -> str:
        return f"<Schema {', '.join(self.names)}>"


def _schema(plain: bool, places: bool) -> Schema:
    return Schema(plain=plain, places=places)


@final
class Verdicts:
    """A table of verdicts, which other libraries take as it is.

    It has ``__arrow_c_array__`` and ``__arrow_c_stream__``: ``polars.DataFrame(verdicts)``,
    ``duckdb.sql("SELECT verdict, count(*) FROM verdicts GROUP BY 1")``,
    ``pyarrow.record_batch(verdicts)``. Nothing is copied on the way. `schema` tells the columns.
    """

    __slots__ = ("_array", "_schema")

    def __init__(self, schema: Schema, array: Array) -> None:
        self._schema, self._array = schema, array

    @property
    def schema(self) -> Schema:
        """The columns."""
        return self._schema

    def __len__(self) -> int:
        """How many rows there are."""
        return self._array[0]

    def __arrow_c_schema__(self) -> object:
        return self._schema.__arrow_c_schema__()

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        from cmcodec.columns.outgoing import array_capsule

        struct = self._schema.struct
        return self._schema.__arrow_c_schema__(), array_capsule(struct, self._array)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        from cmcodec.columns.outgoing import arrays_capsule

        return arrays_capsule(self._schema.struct, [self._array])

    def to_pyarrow(self) -> Any:
        """The table as a ``pyarrow.RecordBatch``; needs pyarrow."""
        import pyarrow as pa

        return pa.record_batch(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Verdicts):
            return NotImplemented
        return self._schema == other._schema and _plain(self._array) == _plain(other._array)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type[Self], tuple[Schema, Array]]:
        return type(self), (self._schema, self._array)

    def __repr__(self) -> str:
        return f"<Verdicts {len(self)} rows: {', '.join(self._schema.names)}>"


def _plain(array: Array) -> Any:
    length, nulls, buffers, children = array
    return length, nulls, list(buffers), list(map(_plain, children))
