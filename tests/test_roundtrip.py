"""Every declared type: what is built comes back, and what comes back encodes the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmcodec import _schema
from cmcodec.asn1 import TLV, BitString, NullType
from strategies import DECLARED, values

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1


def test_every_type_is_declared() -> None:
    """DESIGN: the compiled declarations are those of the public types, and no others."""
    compiled = {node.cls for node in _schema.nodes() if node.cls}
    assert compiled - {BitString, NullType, TLV} == set(DECLARED) - {BitString, NullType, TLV}


@pytest.mark.parametrize("cls", DECLARED, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_roundtrip(cls: type[Asn1], data: st.DataObject) -> None:
    """R-004, R-012, R-049, R-065, G10: `from_der` of `to_der` is the value, and the octets stay."""
    value = data.draw(values(_schema.node(cls)))
    octets = value.to_der()
    again = cls.from_der(octets)
    assert again == value
    assert hash(again) == hash(value)
    assert again.to_der() == octets
    value.to_dict()
    assert len(repr(again)) <= 2000
