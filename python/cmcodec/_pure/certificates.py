"""Certificates and key identifiers, by which signers are found (RULES V8).

A certificate is opaque to the walk, its issuer having signed octets that may be less than DER; one
of the caller has not been walked at all. So here, and only here, the shape is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmcodec._pure.tlv import Fault, Tlv, read_tlv
from cmcodec._pure.view import SEQUENCE, attributes, content, first, inside, octets, oid_octets
from cmcodec.limits import MAX_KEY_CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cmcodec._pure.view import Request

BOOLEAN, INTEGER, OCTET_STRING, OBJECT_IDENTIFIER = 0x01, 0x02, 0x04, 0x06

_EXTENSION_REQUESTS = (oid_octets("1.2.840.113549.1.9.14"), oid_octets("1.3.6.1.4.1.311.2.1.14"))
_SUBJECT_KEY_IDENTIFIER = oid_octets("2.5.29.14")


class Certificates:
    """Certificates by issuer and serial number, and by key identifier (V8).

    At most `MAX_KEY_CANDIDATES` of a name are kept, each of them once.
    """

    __slots__ = ("_found",)

    def __init__(self, received: Iterable[bytes]) -> None:
        self._found: dict[tuple[bytes, bytes] | bytes, list[Certificate]] = {}
        for data in received:
            found = certificate(data)
            if found:
                self._add((found.issuer, found.serial), found)
                if found.key_identifier is not None:
                    self._add(found.key_identifier, found)

    def _add(self, name: tuple[bytes, bytes] | bytes, found: Certificate) -> None:
        named = self._found.setdefault(name, [])
        if len(named) < MAX_KEY_CANDIDATES and found not in named:
            named.append(found)

    def named(self, name: tuple[bytes, bytes] | bytes) -> list[Certificate]:
        """The certificates of this name, in the order received."""
        return self._found.get(name, [])


class Certificate(NamedTuple):
    """What finding a signer's key takes (RFC 5280 §4.1)."""

    octets: bytes
    issuer: bytes
    serial: bytes
    spki: bytes
    key_identifier: bytes | None


def certificate(data: bytes) -> Certificate | None:
    """Take a certificate apart; None where the octets do not have the shape of one.

    They are opaque to the walk, and those of the caller have not been walked at all.
    """
    try:
        outer = read_tlv(data, 0, len(data))
        tbs = first(data, outer)
        if (outer.tag, outer.end, tbs.tag) != (SEQUENCE, len(data), SEQUENCE):
            return None
        fields = list(inside(data, tbs))
        if fields and fields[0].tag == 0xA0:
            del fields[0]
        if [field.tag for field in fields[:6]] != _CERTIFICATE_TAGS:
            return None
        serial, _, issuer, _, _, spki, *optional = fields
        tags = [field.tag for field in optional]
        if tags not in _OPTIONAL_TAGS:
            return None
        identifier = None
        if tags[-1:] == [0xA3]:
            extensions = only(data, optional[-1], SEQUENCE)
            if not extensions or not all(extension(data, e) for e in inside(data, extensions)):
                return None
            identifier = key_identifier(data, extensions)
    except Fault:
        return None
    return Certificate(
        data, octets(data, issuer), content(data, serial), octets(data, spki), identifier
    )


# serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
_CERTIFICATE_TAGS = [INTEGER, *[SEQUENCE] * 5]
# issuerUniqueID, subjectUniqueID, extensions
_OPTIONAL_TAGS = [
    [*issuer, *subject, *extensions]
    for issuer in ([], [0x81])
    for subject in ([], [0x82])
    for extensions in ([], [0xA3])
]


# --- key identifiers --------------------------------------------------------------------------


def requested_key_identifiers(data: bytes, asked: Request) -> set[bytes]:
    """The subject key identifiers that a request asks for."""
    lists: list[Tlv] = []
    if asked.crm and asked.crm.extensions:
        lists.append(asked.crm.extensions)
    if asked.tcr and asked.tcr.attributes:
        for attribute in attributes(data, asked.tcr.attributes):
            if attribute.type in _EXTENSION_REQUESTS:
                lists.extend(inside(data, attribute.values))
    found = (key_identifier(data, extensions) for extensions in lists)
    return {identifier for identifier in found if identifier is not None}


def key_identifier(data: bytes, extensions: Tlv) -> bytes | None:
    """The value of the first subjectKeyIdentifier in a SEQUENCE OF Extension, if it is one."""
    for element in inside(data, extensions):
        found = extension(data, element)
        if found and content(data, found.identifier) == _SUBJECT_KEY_IDENTIFIER:
            value = only(data, found.value, OCTET_STRING)
            return content(data, value) if value else None
    return None


class Extension(NamedTuple):
    """RFC 5280 §4.2: extnID and extnValue."""

    identifier: Tlv
    value: Tlv


def extension(data: bytes, tlv: Tlv) -> Extension | None:
    """Take an Extension apart, which may have ``critical`` where it is the DEFAULT."""
    try:
        fields = list(inside(data, tlv))
    except Fault:
        return None
    tags = [tlv.tag, *(field.tag for field in fields)]
    return Extension(fields[0], fields[-1]) if tags in _EXTENSION_TAGS else None


_EXTENSION_TAGS = (
    [SEQUENCE, OBJECT_IDENTIFIER, OCTET_STRING],
    [SEQUENCE, OBJECT_IDENTIFIER, BOOLEAN, OCTET_STRING],
)


def only(data: bytes, tlv: Tlv, tag: int) -> Tlv | None:
    """The one element inside another, if it has this tag."""
    try:
        found = first(data, tlv)
    except Fault:
        return None
    return found if (found.tag, found.end) == (tag, tlv.end) else None
