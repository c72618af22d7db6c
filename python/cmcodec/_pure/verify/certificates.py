"""Certificates and key identifiers, by which signers are found (rule V8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmcodec import oids, types
from cmcodec._pure.codec.tlv import Error, header, read_tlv
from cmcodec._pure.codec.walk import Walk
from cmcodec._pure.view import SEQUENCE, attribute, content, first, inside, octets, oid_octets
from cmcodec.asn1 import schema
from cmcodec.limits import FEW_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmcodec._pure.codec.tlv import Tlv
    from cmcodec._pure.view import Request

BOOLEAN, OCTET_STRING = 0x01, 0x04
KEY_IDENTIFIER = 0x80

_EXTENSION_REQUESTS = (
    oid_octets(oids.ID_EXTENSION_REQUEST),
    oid_octets(oids.SZ_OID_CERT_EXTENSIONS),
)
_SUBJECT_KEY_IDENTIFIER = oid_octets(oids.ID_CE_SUBJECT_KEY_IDENTIFIER)


class Certificates:
    """Certificates by the tag and the content of the SignerIdentifiers that name them (rule V8)."""

    __slots__ = ("_found",)

    def __init__(self, received: Iterable[Certificate]) -> None:
        self._found: dict[tuple[int, bytes], list[Certificate]] = {}
        for found in received:
            name = (SEQUENCE, found.issuer + found.serial_number)
            self._found.setdefault(name, []).append(found)
            if found.key_identifier is not None:
                name = (KEY_IDENTIFIER, found.key_identifier)
                self._found.setdefault(name, []).append(found)

    def named(self, name: tuple[int, bytes]) -> list[Certificate]:
        """The certificates of this name, in the order received."""
        return self._found.get(name, [])


class Certificate(NamedTuple):
    """What finding a signer's key takes (RFC 5280 §4.1): elements, and an identifier."""

    octets: bytes
    issuer: bytes
    serial_number: bytes
    spki: bytes
    key_identifier: bytes | None
    validity: bytes
    subject: bytes
    extensions: bytes | None


def certificate(data: bytes) -> Certificate | None:
    """Takes octets apart of which nothing is known; None where they are no certificate (P3)."""
    try:
        Walk(data).check(schema.node(types.Certificate))
    except (Error, RecursionError):
        return None
    return validated_certificate(data)


def validated_certificate(data: bytes) -> Certificate:
    """Takes a certificate apart that the walk has accepted."""
    fields = list(inside(data, first(data, read_tlv(data, 0, len(data)))))
    if fields[0].tag == _VERSION:
        del fields[0]
    serial_number, _, issuer, validity, subject, spki, *_ = fields
    named = listed = None
    if fields[-1].tag == _EXTENSIONS:
        sequence = first(data, fields[-1])
        listed = octets(data, sequence)
        named = key_identifier(data, sequence.content, sequence.end)
    return Certificate(
        data,
        octets(data, issuer),
        octets(data, serial_number),
        octets(data, spki),
        named,
        octets(data, validity),
        octets(data, subject),
        listed,
    )


_VERSION, _EXTENSIONS = 0xA0, 0xA3


# --- extensions of requests ------------------------------------------------------------------


def _requested(data: bytes, asked: Request) -> Iterator[Tlv]:
    """The lists of Extensions that a request asks for."""
    if asked.crmf and asked.wanted:
        yield asked.wanted
    elif asked.wanted:
        for element in inside(data, asked.wanted):
            found = attribute(data, element)
            if content(data, found.attr_type) in _EXTENSION_REQUESTS:
                yield from inside(data, found.attr_values)


def may_repeat_extension(data: bytes, asked: Request) -> bool:
    """Whether it may ask for two extensions of one OBJECT IDENTIFIER.

    It does, or asks for more than a few. Whoever notes it looks again (rule R4).
    """
    seen: set[bytes] = set()
    for requested in _requested(data, asked):
        for extension in inside(data, requested):
            identifier = octets(data, first(data, extension))
            if identifier in seen or len(seen) == FEW_EXTENSIONS:
                return True
            seen.add(identifier)
    return False


def requested_key_identifiers(data: bytes, asked: Request) -> set[bytes]:
    """The subject key identifiers that a request asks for."""
    lists = _requested(data, asked)
    identifiers = (key_identifier(data, each.content, each.end) for each in lists)
    return {identifier for identifier in identifiers if identifier is not None}


def key_identifier(data: bytes, pos: int, end: int) -> bytes | None:
    """The value of the first subjectKeyIdentifier in a SEQUENCE OF Extension, if it is one."""
    while pos < end:
        inner, pos = header(data, pos, end)
        content, after = header(data, inner, pos)
        if data[content:after] == _SUBJECT_KEY_IDENTIFIER:
            if data[after] == BOOLEAN:
                _, after = header(data, after, pos)
            span = only(data, *header(data, after, pos), OCTET_STRING)
            return data[span[0] : span[1]] if span else None
    return None


def only(data: bytes, pos: int, end: int, tag: int) -> tuple[int, int] | None:
    """The content of the one element of a span, if it has this tag."""
    try:
        content, stop = header(data, pos, end)
    except Error:
        return None
    return (content, stop) if (data[pos], stop) == (tag, end) else None
