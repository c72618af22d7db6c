"""Every declared type: what is built comes back, and what comes back encodes the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmcodec.asn1 import TLV, BitString, NullType, schema
from cmcodec.asn1.schema import Kind
from cmcodec.types.tables import OPEN_TYPES, PARAMETERS
from kit.strategies import DECLARED, values

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1
    from cmcodec.asn1.schema import Node


def test_every_type_is_declared() -> None:
    """The compiled declarations are those of the public types, and no others.

    What an opaque type is checked to be is no part of them.
    """
    reached: dict[int, Node] = {}
    opened = [cls for table in OPEN_TYPES.values() for cls in table.values()]
    waiting = [schema.node(cls) for cls in (*DECLARED, *opened, *PARAMETERS.values())]
    while waiting:
        node = waiting.pop()
        if id(node) not in reached:
            reached[id(node)] = node
            waiting += [field.node for field in node.fields]
            waiting += [node.inner] if node.inner and node.kind is not Kind.OPAQUE else []
    assert {node.cls for node in reached.values() if node.cls} == (
        set(DECLARED) - {BitString, NullType, TLV}
    )


@pytest.mark.parametrize("cls", DECLARED, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_roundtrip(cls: type[Asn1], data: st.DataObject) -> None:
    """R-004, R-012, R-049, R-065, G10: `from_der` of `to_der` is the value, and the octets stay."""
    value = data.draw(values(schema.node(cls)))
    octets = value.to_der()
    again = cls.from_der(octets)
    assert again == value
    assert hash(again) == hash(value)
    assert again.to_der() == octets
    value.to_dict()
    assert len(repr(again)) <= 2000
