"""BER around what was signed (rule P3): converted where nobody signed it, refused where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmcodec import oids
from cmcodec.limits import MAX_DEPTH
from cmcodec.reasons import Reason, Rule
from kit.der import NULL, attribute, identifier, indefinite, integer, oid, seq, set_of, tlv
from kit.keys import ALICE
from kit.messages import (
    EMPTY_PKI_DATA,
    Message,
    Signer,
    members,
    pki_data,
    required_attributes,
)

from .case import GOOD, MALFORMED, Series, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .case import Case

CONTENT = EMPTY_PKI_DATA
FIRST, SECOND = tlv(0x04, CONTENT[:3]), tlv(0x04, CONTENT[3:])
EMPTY_SEGMENT = tlv(0x04)


def cases() -> Iterator[Case]:
    for series in (segments(), wrapper(), signed_octets()):
        yield from series.cases


def message(
    content: bytes | None = None, signer: bytes | None = None, certificates: bytes | None = None,
    around: Callable[..., bytes] = tlv,
) -> bytes:  # fmt: skip
    """A signed PKIData, of which a part that is given is written in its own way."""
    held = tlv(0x04, CONTENT) if content is None else content
    info = Signer().encode(oids.ID_CCT_PKI_DATA, CONTENT) if signer is None else signer
    carried = tlv(0xA0, ALICE.certificate()) if certificates is None else certificates
    signed = around(
        0x30, integer(3), around(0x31, identifier(oids.ID_SHA512)),
        around(0x30, oid(oids.ID_CCT_PKI_DATA), around(0xA0, held)), carried, around(0x31, info),
    )  # fmt: skip
    return around(0x30, oid(oids.ID_SIGNED_DATA), around(0xA0, signed))


def deep(levels: int) -> bytes:
    """The content in one segment, so many strings in one another around it."""
    made = tlv(0x04, CONTENT)
    for _ in range(levels - 1):
        made = tlv(0x24, made)
    return made


def segments() -> Series:
    """eContent in segments: any number and nesting of OCTET STRINGs, and nothing else."""
    found = Series(Rule.P3)
    found.passes("eContent", message())
    for name, content in {
        "two segments": tlv(0x24, FIRST, SECOND),
        "two segments, indefinite": indefinite(0x24, FIRST, SECOND),
        "one segment": tlv(0x24, tlv(0x04, CONTENT)),
        "a segment for each octet": tlv(0x24, *(tlv(0x04, bytes([each])) for each in CONTENT)),
        "empty segments between": tlv(0x24, EMPTY_SEGMENT, FIRST, EMPTY_SEGMENT, SECOND,
                                      EMPTY_SEGMENT),
        "1,000 empty segments": tlv(0x24, *[EMPTY_SEGMENT] * 1000, FIRST, SECOND),
        "segments in segments": tlv(0x24, tlv(0x24, FIRST), indefinite(0x24, SECOND)),
        "segments of nothing but segments": tlv(0x24, tlv(0x24), tlv(0x24, FIRST), tlv(0x24),
                                                SECOND),
        "a length that is not minimal": b"\x04\x84\0\0\0" + bytes([len(CONTENT)]) + CONTENT,
    }.items():  # fmt: skip
        found.passes(f"eContent of {name}", message(content))
    for levels in (DEEPEST, DEEPEST + 1, 1000):
        name = f"eContent in {levels} strings in one another"
        if levels == DEEPEST:
            found.passes(name, message(deep(levels)))
        else:
            found.refused(name, message(deep(levels)), Reason.BAD_TAG)
    for name, content, reason in WRONG_SEGMENTS:
        found.refused(f"eContent of {name}", message(content), reason)
    return found


DEEPEST = MAX_DEPTH - 4
"""Strings in one another: ContentInfo, content, SignedData, encapContentInfo and eContent's tag are
five levels, and the last string, which is primitive, is none.
"""

WRONG_SEGMENTS = [
    ("no segment", tlv(0x24), Reason.TRUNCATED),
    ("an empty segment", tlv(0x24, EMPTY_SEGMENT), Reason.TRUNCATED),
    ("half the content", tlv(0x24, FIRST), Reason.TRUNCATED),
    ("a segment of UTF-8", tlv(0x24, FIRST, b"\x0c" + SECOND[1:]), Reason.BAD_TAG),
    ("a segment of a context tag", tlv(0x24, FIRST, b"\x80" + SECOND[1:]), Reason.BAD_TAG),
    ("a segment that is a SEQUENCE", tlv(0x24, FIRST, b"\x30" + SECOND[1:]), Reason.BAD_TAG),
    ("a BIT STRING as a segment", tlv(0x24, FIRST, tlv(0x03, b"\0" + CONTENT[3:])), Reason.BAD_TAG),
    ("NULL among segments", tlv(0x24, FIRST, NULL, SECOND), Reason.BAD_TAG),
    ("segments in a string that is primitive", tlv(0x04, FIRST, SECOND), Reason.BAD_TAG),
    ("a segment longer than the string", b"\x24\x05" + FIRST[:1] + b"\x7f" + FIRST[2:],
     Reason.BAD_TAG),
    ("a segment longer by one", tlv(0x24, FIRST, b"\x04" + bytes([len(SECOND) - 1]) + SECOND[2:]),
     Reason.BAD_TAG),
    ("a segment shorter by one",
     tlv(0x24, FIRST, b"\x04" + bytes([len(SECOND) - 3]) + SECOND[2:]), Reason.BAD_TAG),
    ("a string longer than what holds it", b"\x24\x7f" + FIRST + SECOND, Reason.TRUNCATED),
    ("a string shorter than its segments", b"\x24\x06" + FIRST + SECOND, Reason.BAD_TAG),
    ("segments without an end", b"\x24\x80" + FIRST + SECOND, Reason.NOT_CANONICAL),
    ("segments with half an end", b"\x24\x80" + FIRST + SECOND + b"\0", Reason.NOT_CANONICAL),
    ("an end among segments of a definite length", tlv(0x24, FIRST, b"\0\0", SECOND),
     Reason.BAD_TAG),
    ("an end that has a length", b"\x24\x80" + FIRST + SECOND + b"\0\1\0", Reason.NOT_CANONICAL),
    ("a segment of indefinite length that is primitive", tlv(0x24, b"\x04\x80" + CONTENT + b"\0\0"),
     Reason.BAD_TAG),
    ("two strings", tlv(0x04, CONTENT) * 2, Reason.TRAILING_DATA),
    ("two strings of segments", tlv(0x24, FIRST) + tlv(0x24, SECOND), Reason.TRUNCATED),
]  # fmt: skip


def wrapper() -> Series:
    """Lengths and order around what was signed."""
    found = Series(Rule.P3)
    whole = message(around=indefinite)
    found.passes("indefinite lengths", whole)
    found.refused("indefinite lengths and an octet", whole + b"\0", Reason.NOT_CANONICAL)
    found.refused("indefinite lengths and an end", whole + b"\0\0", Reason.NOT_CANONICAL)
    found.refused("indefinite lengths without the last end", whole[:-2], Reason.NOT_CANONICAL)
    found.refused("indefinite lengths with half an end", whole[:-1], Reason.NOT_CANONICAL)

    def signer(signature: bytes, sid: bytes = ALICE.by_serial(), version: int = 1) -> bytes:
        attributes = set_of(*required_attributes(), tag=0xA0)
        return seq(
            integer(version), sid, identifier(oids.ID_SHA512), attributes,
            identifier(oids.ID_ED25519), signature,
        )  # fmt: skip

    right = ALICE.sign(set_of(*required_attributes()))
    halves = tlv(0x04, right[:32]), tlv(0x04, right[32:])
    found.passes("a signature", message(signer=signer(tlv(0x04, right))))
    found.passes("a signature in segments", message(signer=signer(tlv(0x24, *halves))))
    octets = message(signer=signer(tlv(0x24, *halves[::-1])))
    found.fails("a signature in segments the wrong way round", octets, Reason.SIGNATURE_INVALID,
                Rule.V10)  # fmt: skip
    octets = message(signer=signer(tlv(0x24, halves[0])))
    found.fails("half a signature in a segment", octets, Reason.SIGNATURE_INVALID, Rule.V10)
    sid = tlv(0xA0, tlv(0x04, ALICE.identifier[:9]), tlv(0x04, ALICE.identifier[9:]))
    octets = message(signer=signer(tlv(0x04, right), ALICE.by_ski(), 3))
    found.passes("a key identifier", octets)
    # A sid is compared octet for octet, so it stays as it was received.
    octets = message(signer=signer(tlv(0x04, right), sid, 3))
    found.refused("a key identifier in segments", octets, Reason.BAD_TAG)
    others = [ALICE.certificate(2), ALICE.certificate()]
    found.passes("certificates in order", message(certificates=set_of(*others, tag=0xA0)))
    octets = message(certificates=tlv(0xA0, *sorted(others)[::-1]))
    found.passes("certificates out of order", octets)
    return found


def signed_octets() -> Series:
    """What was signed is DER as it was received, though another form would verify."""
    found = Series(Rule.P3)
    canonical = Reason.NOT_CANONICAL
    found.passes("attributes, certificates and content in DER", message())
    attributes = required_attributes()
    right = ALICE.sign(set_of(*attributes))
    parts = sorted(attributes)
    digest = attributes[1]
    value = tlv(0x24, tlv(0x04, digest[-64:-32]), tlv(0x04, digest[-32:]))
    segmented = attribute(oids.ID_MESSAGE_DIGEST, value)

    def signer(received: bytes, signature: bytes = right) -> bytes:
        return seq(
            integer(1), ALICE.by_serial(), identifier(oids.ID_SHA512), received,
            identifier(oids.ID_ED25519), tlv(0x04, signature),
        )  # fmt: skip

    for name, received in {
        "of indefinite length": indefinite(0xA0, *parts),
        "of a length that is not minimal": b"\xa0\x82\0" + tlv(0xA0, *parts)[2:],
        "of which one is of indefinite length": tlv(
            0xA0, *parts[:-1], indefinite(0x30, parts[-1][2:])
        ),
    }.items():
        found.refused(f"attributes {name}", message(signer=signer(received)), canonical)
    given = sorted((attributes[0], segmented))
    octets = message(signer=signer(tlv(0xA0, *given), ALICE.sign(tlv(0x31, *given))))
    found.refused("messageDigest in segments, signed so", octets, Reason.BAD_TAG)
    octets = message(signer=signer(tlv(0xA0, *given)))
    found.refused("messageDigest in segments, signed in DER", octets, Reason.BAD_TAG)
    certificate = ALICE.certificate()
    long = b"\x30\x83\0" + certificate[2:] if certificate[1] == 0x82 else b""
    long = long or b"\x30\x82\0" + certificate[2:]
    octets = message(certificates=tlv(0xA0, long))
    found.refused("a certificate whose length is not minimal", octets, canonical)
    ber = indefinite(0x30, *[b"\x30\0"] * 4)
    found.refused("a PKIData of indefinite length", Message(content=ber).encode(), canonical)
    inner = Message().encode()
    rows = GOOD, Told("verified", path=(11,))
    octets = Message(content=pki_data(members=members(inner))).encode()
    found.passes("a member in DER", octets, *rows)
    octets = Message(content=pki_data(members=members(message(around=indefinite)))).encode()
    broken = Told(MALFORMED, canonical, Rule.P3, (11,))
    found.says("a member in BER", octets, GOOD, broken, refused=canonical)
    return found
