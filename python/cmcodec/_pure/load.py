"""From received octets to a validated message (the engine's ``load``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cmcodec import _schema, types
from cmcodec._pure.ber import to_der
from cmcodec._pure.tlv import Fault
from cmcodec._pure.walk import Walk
from cmcodec.limits import MAX_MESSAGE_LAYERS, MAX_MESSAGE_SIZE

if TYPE_CHECKING:
    from cmcodec._pure.walk import Member
    from cmcodec._schema import Node

Root = Literal["ContentInfo", "CertificationRequest"]


class Loaded(NamedTuple):
    """A validated message. ``der`` holds the octets all offsets refer to.

    ``members`` are the messages inside it, where they were asked for (RULES R5).
    """

    der: bytes
    encoding: Literal["der", "ber"]
    root: Root
    members: list[Member]


def load(
    data: bytes,
    *,
    strict: bool,
    max_layers: int,
    max_size: int,
    confine: bool,
) -> Loaded:
    """Validate one of the four PKI messages, or another CMS content (RFC 10002 §3, §4).

    Where the input is not DER and ``strict`` is not set, the CMS wrapper is converted from BER;
    faults then refer to the converted form. An input that the converter cannot read, or has
    nothing to convert in, is refused for what the DER walk found. Raises `Fault`.
    """
    if len(data) > min(max_size, MAX_MESSAGE_SIZE):
        raise Fault("limit", 0, "P6")
    name = root(data)
    node = _schema.node(getattr(types, name))
    try:
        members = _walk(node, data, strict, max_layers, confine)
    except Fault:
        der = None if strict else to_der(data)
        if der is None or der == data:
            raise
    else:
        return Loaded(data, "der", name, members)
    members = _walk(node, der, strict, max_layers, confine)
    return Loaded(der, "ber", name, members)


def _walk(node: Node, data: bytes, strict: bool, max_layers: int, confine: bool) -> list[Member]:
    walk = Walk(data, max_layers=min(max_layers, MAX_MESSAGE_LAYERS), confine=confine)
    walk.check(node, strict=strict)
    return walk.members


def root(data: bytes) -> Root:
    """The type of a message.

    A ContentInfo begins with an OBJECT IDENTIFIER, a CertificationRequest with a SEQUENCE.
    """
    header = 2
    if data[1:2] >= b"\x80":
        header += data[1] & 0x7F
    return "CertificationRequest" if data[header : header + 1] == b"\x30" else "ContentInfo"
