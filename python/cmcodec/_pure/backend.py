"""The fallback behind the seam of ``cmcodec._backend``: the functions of ``cmcodec._rust``."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cmcodec import _schema, asn1, types
from cmcodec._pure import codec, proof, view
from cmcodec._pure.load import load as _load
from cmcodec._pure.load import root as _root
from cmcodec._pure.locate import locate as _locate
from cmcodec._pure.tlv import Fault, children, header, read_tlv
from cmcodec._pure.verify import Verdicts, verify
from cmcodec._pure.walk import Walk
from cmcodec.errors import DecodeError, EncodeError, LimitError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec._schema import Node

__all__ = [
    "Verdicts",
    "content",
    "decode",
    "decode_at",
    "encode",
    "load",
    "locate",
    "members",
    "offsets",
    "outline",
    "verify",
]


@cache
def _node(name: str) -> Node:
    """The compiled form of the class of this name; raises `KeyError` where there is none."""
    cls = getattr(asn1 if name in ("BitString", "NullType", "TLV") else types, name, None)
    if not (isinstance(cls, type) and issubclass(cls, asn1.Asn1)):
        raise KeyError(name)
    return _schema.node(cls)


def _path(name: str, fault: Fault) -> str:
    root, steps = _schema.root_name(name), fault.dotted()
    return root + steps if not steps or steps.startswith("[") else f"{root}.{steps}"


def _refused(name: str, fault: Fault) -> DecodeError:
    cls = LimitError if fault.reason in ("depth", "limit") else DecodeError
    return cls(fault.reason, fault.offset, _path(name, fault))


def decode(name: str, data: bytes, strict: bool) -> object:
    """The value of ``data``, all of it validated, as the class of this name."""
    return decode_node(_node(name), name, data, strict=strict)


def decode_node(node: Node, name: str, data: bytes, *, strict: bool) -> object:
    """`decode` for any compiled type; the path of an error begins with ``name``."""
    try:
        value = Walk(data).value(node, 0, len(data), strict=strict)
        proof.prove(node, value)
        return value
    except Fault as fault:
        raise _refused(name, fault) from None
    except RecursionError:
        raise _refused(name, Fault("depth", 0)) from None


def decode_at(name: str, buffer: bytes, pos: int, end: int) -> tuple[object, int]:
    """The value at ``pos``, and where it ends; ``buffer`` has been validated before."""
    node = _node(name)
    try:
        _, stop = header(buffer, pos, end)
        return Walk(buffer, descends=False).value(node, pos, stop), stop
    except Fault as fault:
        raise _refused(name, fault) from None
    except RecursionError:
        raise _refused(name, Fault("depth", 0)) from None


def encode(name: str, value: object) -> bytes:
    """The DER of ``value``, which `decode` accepts."""
    node = _node(name)
    try:
        octets = codec.write(node, value)
        Walk(octets, proven=proof.proven(node, value)).check(node)
    except Fault as fault:
        raise EncodeError(fault.reason, None, _path(name, fault)) from None
    except RecursionError:
        raise EncodeError("depth", None, _schema.root_name(name)) from None
    except (OverflowError, ValueError) as error:
        raise EncodeError("bad_value", None, _schema.root_name(name)) from error
    return octets


def load(data: bytes, strict: bool, max_layers: int, max_size: int) -> tuple[bytes, str, str]:
    """A validated message: its DER form, how it was encoded, and the type of its root."""
    try:
        loaded = _load(data, strict=strict, max_layers=max_layers, max_size=max_size, confine=False)
    except Fault as fault:
        raise _refused(_root(data), fault) from None
    except RecursionError:
        raise _refused(_root(data), Fault("depth", 0)) from None
    return loaded.der, loaded.encoding, loaded.root


def offsets(buffer: bytes, start: int, end: int) -> list[int]:
    """Where each element of ``buffer[start:end]`` starts; validated before."""
    try:
        return [tlv.start for tlv in children(buffer, start, end)]
    except Fault as fault:
        raise _refused("TLV", fault) from None


def members(buffer: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Of each TaggedContentInfo of ``buffer[start:end]``: its id, and the span of its ContentInfo.

    Validated before; raises `ValueError` at what is no TaggedContentInfo.
    """
    while start < end:
        try:
            part = view.part(buffer, read_tlv(buffer, start, end))
        except Fault:
            raise ValueError("no TaggedContentInfo") from None
        yield part.body_part_id, part.content_info.start, part.content_info.end
        start = part.element.end


def locate(
    name: str, buffer: bytes, start: int, end: int, path: tuple[str | int, ...]
) -> tuple[int, int, int] | None:
    """Start, content and end of the element that ``path`` leads to; validated before."""
    found = _locate(_node(name), buffer, start, end, path)
    return (found.start, found.content, found.end) if found else None


def outline(buffer: bytes, start: int, end: int, root: str) -> tuple[str, str, int, int]:
    """The kind of a message, and its content's type and span; validated before.

    The type is PKIData, PKIResponse or CertificationRequest, else empty with the span given.
    """
    if root == "CertificationRequest":
        return "simple-request", root, start, end
    try:
        kind, held = view.kind(buffer, view.content_info(buffer, read_tlv(buffer, start, end)))
    except Fault as fault:
        raise _refused(root, fault) from None
    name = _CONTENT.get(kind, "")
    if not name or not held or not held.octets:
        return kind, "", start, end
    return kind, name, held.octets.content, held.octets.end


def content(buffer: bytes, start: int, end: int, root: str, is_proven: bool = False) -> object:
    """The content of a message, as `outline` finds it; None where there is none.

    ``is_proven``: what is nested in it was validated too, within the default bounds.
    """
    _, name, pos, stop = outline(buffer, start, end, root)
    if not name:
        return None
    value = decode_at(name, buffer, pos, stop)[0]
    if is_proven:
        proof.prove(_node(name), value)
    return value


_CONTENT = {"full-request": "PKIData", "full-response": "PKIResponse"}
