"""From received octets to a validated message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cmcodec import types
from cmcodec._pure import view
from cmcodec._pure.codec.ber import to_der
from cmcodec._pure.codec.tlv import Error, read_tlv
from cmcodec._pure.codec.walk import Walk
from cmcodec.asn1 import schema
from cmcodec.limits import MAX_MESSAGE_LAYERS, MAX_MESSAGE_SIZE
from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from cmcodec._pure.codec.walk import Member

Root = Literal["ContentInfo", "CertificationRequest"]


class Loaded(NamedTuple):
    """A validated message. ``der`` holds the octets all offsets refer to.

    ``wrapped`` where it is a wrapped request; ``members`` are the messages inside it, where they
    were asked for (rule R5).
    """

    der: bytes
    encoding: Literal["der", "ber"]
    root: Root
    wrapped: bool
    members: list[Member]


def load(
    data: bytes,
    *,
    strict: bool,
    max_layers: int,
    max_size: int,
    isolate_members: bool,
    wrapped: bool,
) -> Loaded:
    """Validate one of the four PKI messages, or another CMS content (RFC 10002 §3, §4).

    Where the input is not DER and ``strict`` is not set, the CMS wrapper is converted from BER;
    errors then refer to the converted form. An input that the converter cannot read, or has
    nothing to convert in, is refused for what the DER walk found. With ``wrapped`` a PKCS#10 in a
    SignedData over id-data is a wrapped request (rule V1). Raises `Error`.
    """
    if len(data) > min(max_size, MAX_MESSAGE_SIZE):
        raise Error(Reason.LIMIT, 0, Rule.P6)
    name = root(data)
    node = schema.node(getattr(types, name))

    def loaded(der: bytes, encoding: Literal["der", "ber"]) -> Loaded:
        layers = min(max_layers, MAX_MESSAGE_LAYERS)
        walk = Walk(der, max_layers=layers, isolate_members=isolate_members)
        walk.check(node, strict=strict)
        is_wrapped = wrapped and name == "ContentInfo" and _wrapped_request(walk, strict=strict)
        return Loaded(der, encoding, name, is_wrapped, walk.members)

    try:
        return loaded(data, "der")
    except Error:
        der = None if strict else to_der(data)
        if der is None or der == data:
            raise
    return loaded(der, "ber")


def _wrapped_request(walk: Walk, *, strict: bool) -> bool:
    """Whether a validated message is a wrapped request.

    What begins as one must have a PKCS#10 inside (rules P1, V1).
    """
    info = view.content_info(walk.data, read_tlv(walk.data, 0, len(walk.data)))
    kind, held = view.kind(walk.data, info, wrapped=True)
    if kind != "wrapped-request":
        return False
    try:
        walk.contained(schema.node(types.CertificationRequest), held.e_content, strict=strict)
    except Error as error:
        error.path += ["eContent", "encapContentInfo", "content"]
        raise
    return True


def root(data: bytes, start: int = 0) -> Root:
    """The type of the message at ``start``.

    A ContentInfo begins with an OBJECT IDENTIFIER, a CertificationRequest with a SEQUENCE.
    """
    content = start + 2
    if data[start + 1 : content] >= b"\x80":
        content += data[start + 1] & 0x7F
    return "CertificationRequest" if data[content : content + 1] == b"\x30" else "ContentInfo"
