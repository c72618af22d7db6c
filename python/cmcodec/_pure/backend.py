"""The functions of the backend interface, which `cmcodec._backend.Backend` describes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from cmcodec import asn1, types
from cmcodec._pure import view
from cmcodec._pure.codec import encode as _encode
from cmcodec._pure.codec import load as _load
from cmcodec._pure.codec import locate as _locate
from cmcodec._pure.codec.tlv import Error, children, header, read_tlv
from cmcodec._pure.codec.validated import mark_validated, validated_octets
from cmcodec._pure.codec.walk import Walk
from cmcodec._pure.verify import certificates as _certificates
from cmcodec._pure.verify.batch import verify
from cmcodec._pure.verify.fault import Fault
from cmcodec._pure.verify.issued import v13_certificate_signature
from cmcodec._pure.verify.written import columns, tally
from cmcodec.asn1 import schema
from cmcodec.errors import DecodeError, EncodeError, LimitError
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cmcodec._backend import Outline
    from cmcodec.asn1.schema import Node
    from cmcodec.verify.lanes import Lanes
    from cmcodec.verify.verdict import Encoding, Kind

__all__ = [
    "certificate",
    "certificate_signature",
    "columns",
    "content",
    "decode",
    "decode_at",
    "encode",
    "lanes",
    "load",
    "locate",
    "members",
    "message_kind",
    "offsets",
    "tally",
    "verify",
]


@cache
def _node(name: str) -> Node:
    cls = getattr(asn1 if name in ("BitString", "NullType", "TLV") else types, name, None)
    if not (isinstance(cls, type) and issubclass(cls, asn1.Asn1)):
        raise KeyError(name)
    return schema.node(cls)


def _path(name: str, innermost_first: Sequence[str | int]) -> str:
    """The path from the root inwards: ``pkiData.controlSequence[2].attrValues[0]``."""
    steps = reversed(innermost_first)
    return schema.root_name(name) + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps
    )


def _refused(name: str, error: Error) -> DecodeError:
    cls = LimitError if error.reason in (Reason.DEPTH, Reason.LIMIT) else DecodeError
    return cls(error.reason, error.offset, _path(name, error.path))


def certificate(octets: bytes, /) -> Outline | None:
    found = _certificates.certificate(octets)
    if found is None:
        return None
    return (
        found.issuer,
        found.serial_number,
        found.key_identifier,
        found.validity,
        found.subject,
        found.spki,
        found.extensions,
    )


def certificate_signature(certificate: bytes, spki: bytes, /) -> Reason | None:
    try:
        v13_certificate_signature(certificate, spki)
    except Fault as fault:
        return fault.reason
    return None


def content(
    buffer: bytes, start: int, end: int, root: str, nested_validated: bool = False, /
) -> Any:
    _, name, pos, stop = message_kind(buffer, start, end, root)
    if not name:
        return None
    value = decode_at(name, buffer, pos, stop)[0]
    if nested_validated:
        mark_validated(_node(name), value)
    return value


def decode(name: str, data: bytes, strict: bool, /) -> Any:
    node = _node(name)
    try:
        value = Walk(data).value(node, 0, len(data), strict=strict)
        mark_validated(node, value)
        return value
    except Error as error:
        raise _refused(name, error) from None
    except RecursionError:
        raise _refused(name, Error(Reason.DEPTH, 0)) from None


def decode_at(name: str, buffer: bytes, pos: int, end: int, /) -> tuple[Any, int]:
    node = _node(name)
    try:
        _, stop = header(buffer, pos, end)
        return Walk(buffer, descends=False).value(node, pos, stop), stop
    except Error as error:
        raise _refused(name, error) from None
    except RecursionError:
        raise _refused(name, Error(Reason.DEPTH, 0)) from None


def encode(name: str, value: Any, /) -> bytes:
    node = _node(name)
    try:
        octets = _encode.write(node, value)
        Walk(octets, validated=validated_octets(node, value)).check(node)
    except (_encode.Refusal, Error) as refusal:
        raise EncodeError(refusal.reason, None, _path(name, refusal.path)) from None
    except RecursionError:
        raise EncodeError(Reason.DEPTH, None, schema.root_name(name)) from None
    except (OverflowError, ValueError) as error:
        raise EncodeError(Reason.BAD_VALUE, None, schema.root_name(name)) from error
    return octets


def load(
    data: bytes, strict: bool, max_layers: int, max_size: int, wrapped: bool = False, /
) -> tuple[bytes, Encoding, str]:
    try:
        loaded = _load.load(
            data,
            strict=strict,
            max_layers=max_layers,
            max_size=max_size,
            isolate_members=False,
            wrapped=wrapped,
        )
    except Error as error:
        raise _refused(_load.root(data), error) from None
    except RecursionError:
        raise _refused(_load.root(data), Error(Reason.DEPTH, 0)) from None
    return loaded.der, loaded.encoding, "WrappedRequest" if loaded.wrapped else loaded.root


def locate(
    name: str, buffer: bytes, start: int, end: int, path: tuple[str | int, ...], /
) -> tuple[int, int, int] | None:
    found = _locate.locate(_node(name), buffer, start, end, path)
    return (found.start, found.content, found.end) if found else None


def members(buffer: bytes, start: int, end: int, /) -> Iterator[tuple[int, int, int]]:
    while start < end:
        try:
            member = view.member(buffer, read_tlv(buffer, start, end))
        except Error:
            raise ValueError("no TaggedContentInfo") from None
        yield member.body_part_id, member.content_info.start, member.content_info.end
        start = member.element.end


def message_kind(buffer: bytes, start: int, end: int, root: str, /) -> tuple[Kind, str, int, int]:
    if root == "CertificationRequest":
        return "simple-request", root, start, end
    try:
        info = view.content_info(buffer, read_tlv(buffer, start, end))
        kind, held = view.kind(buffer, info, wrapped=root == "WrappedRequest")
    except Error as error:
        raise _refused(root, error) from None
    name = _CONTENT.get(kind)
    if not name or not held.e_content:
        return kind, "", start, end
    return kind, name, held.e_content.content, held.e_content.end


_CONTENT = {
    "full-request": "PKIData",
    "full-response": "PKIResponse",
    "wrapped-request": "CertificationRequest",
}


def lanes() -> Lanes:
    return "absent"


def offsets(buffer: bytes, start: int, end: int, /) -> list[int]:
    try:
        return [tlv.start for tlv in children(buffer, start, end)]
    except Error as error:
        raise _refused("TLV", error) from None
