"""Certificates and key identifiers, by which signers are found (rule V8).

A certificate is opaque to the walk, its issuer having signed octets that may be less than DER; one
of the caller has not been walked at all. So here, and only here, the shape is checked.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from cmcodec import oids
from cmcodec._pure.codec.tlv import Error, header, read_tlv
from cmcodec._pure.view import SEQUENCE, attribute, content, first, inside, octets, oid_octets
from cmcodec.limits import FEW_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmcodec._pure.codec.tlv import Tlv
    from cmcodec._pure.view import Request

BOOLEAN, INTEGER, OCTET_STRING, OBJECT_IDENTIFIER = 0x01, 0x02, 0x04, 0x06
KEY_IDENTIFIER = 0x80

_EXTENSION_REQUESTS = (
    oid_octets(oids.ID_EXTENSION_REQUEST),
    oid_octets(oids.SZ_OID_CERT_EXTENSIONS),
)
_SUBJECT_KEY_IDENTIFIER = oid_octets(oids.ID_CE_SUBJECT_KEY_IDENTIFIER)


class Certificates:
    """Certificates by the tag and the content of the SignerIdentifiers that name them (rule V8)."""

    __slots__ = ("_found",)

    def __init__(self, received: Iterable[bytes]) -> None:
        self._found: dict[tuple[int, bytes], list[Certificate]] = {}
        for data in received:
            found = certificate(data)
            if found:
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
    """Takes a certificate apart; None where the octets do not have the shape of one."""
    try:
        outer = read_tlv(data, 0, len(data))
        tbs = first(data, outer)
        if (outer.tag, outer.end, tbs.tag) != (SEQUENCE, len(data), SEQUENCE):
            return None
        fields = list(islice(inside(data, tbs), _TBS_FIELDS + 1))
        if fields and fields[0].tag == 0xA0:
            del fields[0]
        tags = bytes([field.tag for field in fields])
        if tags[:6] != _CERTIFICATE_TAGS or tags[6:] not in _OPTIONAL_TAGS:
            return None
        serial_number, _, issuer, validity, subject, spki, *_ = fields
        named = listed = None
        if tags[-1] == 0xA3:
            listed = data[fields[-1].content : fields[-1].end]
            sequence = only(data, fields[-1].content, fields[-1].end, SEQUENCE)
            if sequence is None:
                return None
            for found in extensions(data, *sequence):
                if found is None:
                    return None
                if found[0] == _SUBJECT_KEY_IDENTIFIER and named is None:
                    named = found
    except Error:
        return None
    return Certificate(
        data,
        octets(data, issuer),
        octets(data, serial_number),
        octets(data, spki),
        _octet_string(data, named) if named else None,
        octets(data, validity),
        octets(data, subject),
        listed,
    )


_TBS_FIELDS = 10
# serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
_CERTIFICATE_TAGS = bytes([INTEGER, *[SEQUENCE] * 5])
# issuerUniqueID, subjectUniqueID, extensions
_OPTIONAL_TAGS = {
    issuer + subject + extensions
    for issuer in (b"", b"\x81")
    for subject in (b"", b"\x82")
    for extensions in (b"", b"\xa3")
}


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
    for found in extensions(data, pos, end):
        if found and found[0] == _SUBJECT_KEY_IDENTIFIER:
            return _octet_string(data, found)
    return None


Extension = tuple[bytes, int, int]
"""RFC 5280 §4.2: the content of extnID, and the span of the octets in extnValue."""


def extensions(data: bytes, pos: int, end: int) -> Iterator[Extension | None]:
    """Takes the elements apart, which may have ``critical`` where it is the DEFAULT.

    None stands for what does not have the shape of an Extension.
    """
    while pos < end:
        start, (content, pos) = pos, header(data, pos, end)
        yield _extension(data, content, pos) if data[start] == SEQUENCE else None


def _extension(data: bytes, pos: int, end: int) -> Extension | None:
    try:
        content, after = header(data, pos, end)
        identifier = data[content:after]
        if data[pos] != OBJECT_IDENTIFIER:
            return None
        pos = after
        content, after = header(data, pos, end)
        if data[pos] == BOOLEAN:
            pos = after
            content, after = header(data, pos, end)
    except Error:
        return None
    return (identifier, content, after) if (data[pos], after) == (OCTET_STRING, end) else None


def _octet_string(data: bytes, found: Extension) -> bytes | None:
    """The OCTET STRING that is the value of an extension, if it is one."""
    _, content, end = found
    span = only(data, content, end, OCTET_STRING)
    return data[span[0] : span[1]] if span else None


def only(data: bytes, pos: int, end: int, tag: int) -> tuple[int, int] | None:
    """The content of the one element of a span, if it has this tag."""
    try:
        content, stop = header(data, pos, end)
    except Error:
        return None
    return (content, stop) if (data[pos], stop) == (tag, end) else None
