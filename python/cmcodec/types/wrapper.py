"""The CMS wrapper of a message, which may be BER, and what of it becomes DER (RFC 5652 §10.1).

The wrapper is the ContentInfo and the CMS structure in it. The shapes say how each part of it is
converted; they follow from the declarations. The fallback converts by them, the engine by the form
that ``tools/generate.py`` gives them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Final

from cmcodec.asn1 import schema
from cmcodec.types.cms import ContentInfo
from cmcodec.types.tables import OPEN_TYPES

if TYPE_CHECKING:
    from cmcodec.asn1.schema import Field, Node


class Kind(Enum):
    """How an element is converted."""

    VERBATIM = "as received"
    PLAIN = "by its universal tags alone, all the way down"
    """Minimal definite lengths, strings in one piece, sets in order, TRUE as FF."""
    UNSORTED = "as PLAIN, but sets stay in the order received"
    OCTETS = "an OCTET STRING under whatever tag, in one piece"
    SEQUENCE = "the fields in order, each found by the tags it may have"
    """Verbatim where there is no such field left. Also what is inside an EXPLICIT tag."""
    SET_OF = "elements of one shape, put in order"
    CONTENT = "the content of a ContentInfo, tag included: a row of CONTENT_TYPES"


@dataclass(frozen=True, slots=True)
class Shape:
    """A `Kind`, with the fields of a SEQUENCE or the element of a SET OF."""

    kind: Kind
    fields: tuple[tuple[bytes, Shape], ...] = ()
    element: Shape | None = None


VERBATIM: Final = Shape(Kind.VERBATIM)
PLAIN: Final = Shape(Kind.PLAIN)
UNSORTED: Final = Shape(Kind.UNSORTED)
OCTETS: Final = Shape(Kind.OCTETS)
CONTENT: Final = Shape(Kind.CONTENT)

OCTETS_INSIDE: Final = Shape(Kind.SEQUENCE, ((b"\x04\x24", OCTETS),))
"""An EXPLICIT tag around an OCTET STRING. Other content, as PKCS #7 had it, is verbatim."""

UNKNOWN_CONTENT: Final = Shape(Kind.SEQUENCE)
"""Of an unknown type only the tag around it belongs to the wrapper."""


@cache
def shape(node: Node) -> Shape:
    """The shape of a type, whatever its tag.

    Signed octets stay as received: signed and authenticated attributes, certificates, CRLs, and
    the values of unsigned attributes (a countersignature, a time-stamp). What may hold a copy of a
    part of a certificate keeps its order.
    """
    if node.kind is schema.Kind.ALIAS and node.inner:
        return shape(node.inner)
    if node.kind in (schema.Kind.OCTET_STRING, schema.Kind.CONTAINING):
        return OCTETS
    if node.kind is schema.Kind.SEQUENCE:
        fields = tuple(map(_field, node.fields))
        return PLAIN if all(made is PLAIN for _, made in fields) else Shape(Kind.SEQUENCE, fields)
    if node.kind is schema.Kind.SET_OF and node.inner:
        if node.signed:
            return VERBATIM
        element = VERBATIM if _may_be_signed(node.inner) else shape(node.inner)
        return PLAIN if element is PLAIN else Shape(Kind.SET_OF, element=element)
    return UNSORTED if _holds_issued(node) else PLAIN


def _holds_issued(node: Node) -> bool:
    """Whether something in a type stands as others have signed it."""
    inside = [field.node for field in node.fields]
    inside += [node.inner] if node.inner else []
    return node.issued or any(map(_holds_issued, inside))


def _may_be_signed(node: Node) -> bool:
    """Whether a type is a value of any kind, or an object with a signature of its own."""
    opaque = (schema.Kind.OPEN, schema.Kind.OPAQUE)
    return node.kind in opaque or (
        node.kind is schema.Kind.CHOICE and any(field.node.kind in opaque for field in node.fields)
    )


def _field(field: Field) -> tuple[bytes, Shape]:
    """The identifier octets that a field may have in BER, and its shape."""
    tags, made = bytes(field.tags), shape(field.node)
    if field.explicit and field.node.kind is schema.Kind.OPEN:
        return tags, CONTENT
    if made is OCTETS:
        return (tags, OCTETS_INSIDE) if field.explicit else (tags + bytes([tags[0] | 0x20]), OCTETS)
    return tags, made


def _content(node: Node) -> Shape:
    """The shape of a content with the EXPLICIT tag around it."""
    made = shape(node)
    return OCTETS_INSIDE if made is OCTETS else Shape(Kind.SEQUENCE, ((bytes(node.tags), made),))


CONTENT_INFO: Final = shape(schema.node(ContentInfo))
"""The shape of the outermost type."""

CONTENT_TYPES: Final = {
    oid: _content(schema.node(cls)) for oid, cls in OPEN_TYPES["content"].items()
}
"""The shapes of what a ContentInfo can hold, by the dotted text of contentType."""
