"""Messages of any size, each full of one thing that could cost more than its octets (P7, P8).

Those of members that are no messages, and valid ones of the dearest parts, are in
``benches/workload``. ``python -m benches.hostile`` measures all of them.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from cmcodec import oids
from cmcodec.reasons import Reason, Rule
from kit.der import EMPTY, NULL, attribute, identifier, indefinite, integer, oid, seq, tlv
from kit.keys import ALICE
from kit.messages import (
    Message,
    Signer,
    control,
    crm,
    pkcs10,
    pki_data,
    signed_by,
    tcr,
)

from .ber import message as wrapped
from .case import GOOD, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNKNOWN = 9999
MALFORMED = "malformed"


@dataclass(frozen=True)
class Family:
    """``make`` gives a message of about so many octets; ``first`` is to be said of its first row.

    ``notes`` is whether that row has notes as well.
    """

    make: Callable[[int], bytes]
    first: Told = GOOD
    notes: bool = False


def _until(octets: int, parts: Iterator[bytes]) -> list[bytes]:
    """As many of the parts as have so many octets."""
    found: list[bytes] = []
    while octets > 0:
        found.append(next(parts))
        octets -= len(found[-1])
    return found


def _holding(*controls: bytes) -> bytes:
    return Message(content=pki_data(controls)).encode()


def _value(octets: bytes) -> bytes:
    return _holding(control(1, UNKNOWN, octets))


def _long(number: int) -> bytes:
    """An INTEGER of four octets, whose order is that of the numbers."""
    return tlv(0x02, (0x1000_0000 + number).to_bytes(4, "big"))


# --- values --------------------------------------------------------------------------------------


def one_string(octets: int) -> bytes:
    return _value(tlv(0x04, bytes(octets)))


def one_text(octets: int) -> bytes:
    """Of characters that take four octets."""
    return _holding(control(1, 2, tlv(0x0C, "\U0001f511".encode() * (octets // 4))))


def identifiers(octets: int) -> bytes:
    """Each as long as one may be."""
    longest = tlv(0x06, b"\x2a" + b"\x83" + b"\xff" * 17 + b"\x7f" + b"\x01" * 108)
    return _value(seq(longest * (octets // len(longest))))


def numbers(octets: int) -> bytes:
    """Each as long as one may be."""
    longest = integer((1 << 16384) - 1)
    return _value(seq(longest * (octets // len(longest))))


def empty_elements(octets: int) -> bytes:
    return _value(seq(NULL * (octets // len(NULL))))


def set_in_order(octets: int) -> bytes:
    return _value(tlv(0x31, *map(_long, range(octets // 6))))


def set_out_of_order_at_its_end(octets: int) -> bytes:
    return _value(tlv(0x31, *map(_long, range(octets // 6)), integer(1)))


def set_alike(octets: int) -> bytes:
    return _value(tlv(0x31, _long(1) * (octets // 6)))


# --- SignedData ----------------------------------------------------------------------------------


def _attributes(octets: int) -> list[bytes]:
    return _until(octets, (attribute(f"1.2.3.{number}", NULL) for number in count()))


def signed_attributes(octets: int) -> bytes:
    return signed_by(Signer(more=tuple(_attributes(octets)))).encode()


def unsigned_attributes(octets: int) -> bytes:
    return signed_by(Signer(unsigned=tuple(_attributes(octets)))).encode()


def digest_algorithms(octets: int) -> bytes:
    others = _until(octets, (identifier(f"1.2.3.{number}") for number in count()))
    return Message(digests=(identifier(oids.ID_SHA512), *others)).encode()


def signers(octets: int) -> bytes:
    one = Signer()
    encoded = one.encode(oids.ID_CCT_PKI_DATA, pki_data())
    return signed_by(*[one] * max(65, octets // len(encoded))).encode()


def certificates(octets: int) -> bytes:
    """Of one key, issuer and serial number; no two alike."""
    notes = (ALICE.certificate(1, b"%08d" % number) for number in count())
    return Message(certificates=tuple(_until(octets, notes))).encode()


def certificates_out_of_order(octets: int) -> bytes:
    """Which the converter sorts."""
    notes = (ALICE.certificate(1, b"%08d" % number) for number in count())
    return wrapped(certificates=tlv(0xA0, *_until(octets, notes)[::-1]))


# --- BER -----------------------------------------------------------------------------------------


def segments(octets: int) -> bytes:
    """Of an octet each."""
    content = pki_data([control(1, UNKNOWN, tlv(0x04, bytes(octets // 3)))])
    each = (tlv(0x04, content[at : at + 1]) for at in range(len(content)))
    signer = Signer().encode(oids.ID_CCT_PKI_DATA, content)
    return wrapped(indefinite(0x24, *each), signer)


def empty_segments(octets: int) -> bytes:
    segment = tlv(0x04)
    whole = tlv(0x04, pki_data())
    return wrapped(indefinite(0x24, segment * (octets // len(segment)), whole))


def open_segments(octets: int) -> bytes:
    """Strings in strings that never end."""
    return wrapped(b"\x24\x80" * (octets // 2))


def open_elements(octets: int) -> bytes:
    return b"\x30\x80" * (octets // 2)


# --- requests and controls -----------------------------------------------------------------------


def name_parts(octets: int) -> bytes:
    """Relative names in the subject of a template."""
    part = tlv(0x31, seq(oid("2.5.4.3"), tlv(0x0C, b"x")))
    name = tlv(0xA5, seq(part * (octets // len(part))))
    return Message(content=pki_data(requests=[crm(b"", key=name + ALICE.spki(0xA6))])).encode()


def _extensions(octets: int, numbers_: Iterator[int]) -> bytes:
    extensions = (seq(oid(f"1.2.3.{number}"), tlv(0x04, NULL)) for number in numbers_)
    asked = attribute(oids.ID_EXTENSION_REQUEST, seq(*_until(octets, extensions)))
    request = pkcs10(attributes=(asked,))
    return Message(content=pki_data(requests=[tcr(3, request)])).encode()


def extensions(octets: int) -> bytes:
    """No two alike."""
    return _extensions(octets, count())


def extensions_alike(octets: int) -> bytes:
    return _extensions(octets, iter(lambda: 7, None))


def single_controls(octets: int) -> bytes:
    """Controls of which one may stand."""
    return _holding(*_until(octets, (control(number, 2, tlv(0x0C)) for number in count(1))))


def references(octets: int) -> bytes:
    """Controls that refer to nothing."""
    dangling = (control(number, 28, seq(integer(0xFFFF_FFFF))) for number in count(1))
    return _holding(*_until(octets, dangling))


def references_alike(octets: int) -> bytes:
    """A control that refers to one member again and again."""
    return _holding(control(1, 28, seq(integer(1) * (octets // 3))))


def path_of_references(octets: int) -> bytes:
    """A control that names a request by a path through as many messages."""
    path = seq(integer(1) * (octets // 3))
    return _holding(control(1, 31, seq(path, seq(integer(1)), EMPTY)))


# --- text ----------------------------------------------------------------------------------------


def base64_lines(octets: int) -> bytes:
    return base64.encodebytes(one_string(octets * 3 // 4))


def short_lines(octets: int) -> bytes:
    """Of a character each."""
    text = base64.b64encode(one_string(octets * 3 // 8))
    return _block(b"\n".join(text[at : at + 1] for at in range(len(text))) + b"\n")


def blocks(octets: int) -> bytes:
    block = _block(base64.encodebytes(Message().encode()))
    return block * max(2, octets // len(block))


def _block(lines: bytes) -> bytes:
    return b"-----BEGIN CMC-----\n" + lines + b"-----END CMC-----\n"


NOT_DER = Told(MALFORMED, Reason.NOT_CANONICAL, Rule.P3)

FAMILIES: dict[str, Family] = {
    "one string": Family(one_string),
    "one text": Family(one_text),
    "longest identifiers": Family(identifiers),
    "longest numbers": Family(numbers),
    "empty elements": Family(empty_elements),
    "a set in order": Family(set_in_order),
    "a set out of order at its end": Family(set_out_of_order_at_its_end, NOT_DER),
    "a set of equals": Family(set_alike),
    "signed attributes": Family(signed_attributes),
    "unsigned attributes": Family(unsigned_attributes),
    "digest algorithms": Family(digest_algorithms),
    "signers": Family(signers, Told("failed", Reason.LIMIT, Rule.V2)),
    "certificates": Family(certificates),
    "certificates out of order": Family(certificates_out_of_order),
    "segments of an octet": Family(segments),
    "empty segments": Family(empty_segments),
    "segments that never end": Family(open_segments, NOT_DER),
    "elements that never end": Family(open_elements, NOT_DER),
    "parts of a name": Family(name_parts),
    "extensions": Family(extensions),
    "extensions alike": Family(extensions_alike, notes=True),
    "controls of which one may stand": Family(single_controls, notes=True),
    "references to nothing": Family(references, notes=True),
    "references to one": Family(references_alike, notes=True),
    "a path": Family(path_of_references, notes=True),
    "base64": Family(base64_lines),
    "a character a line": Family(short_lines),
    "blocks": Family(blocks, Told(MALFORMED, Reason.BAD_VALUE, Rule.P4)),
}
"""What a message can be full of, by name."""
