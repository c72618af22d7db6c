"""Arrays and their types, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Array", "Field", "words"]

Array: TypeAlias = "tuple[int, int, Sequence[bytes | None], Sequence[Array]]"
"""Length, number of nulls, buffers and children.

The buffers are those of the Arrow columnar format, in the byte order of the machine; the first,
which tells what is null, is None where nothing is.
"""


class Field(NamedTuple):
    """The name and the type of an array.

    ``format`` is that of the Arrow C data interface: ``u`` utf8, ``z`` binary, ``c`` int8, ``I``
    uint32, ``L`` uint64, ``+l`` list, ``+s`` struct. With ``words`` an array has their numbers
    (int8). ``flags`` and ``metadata`` are those of the interface.
    """

    name: str
    format: str
    children: tuple[Field, ...] = ()
    words: tuple[str, ...] = ()
    dictionary: Field | None = None
    flags: int = 2
    metadata: bytes | None = None


def words(name: str, values: Sequence[str]) -> Field:
    """A column of words out of a list that is known before: dictionary<int8, utf8>."""
    return Field(name, "c", words=tuple(values), dictionary=Field("", "u"))
