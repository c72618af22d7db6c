"""The notation, inside content that is signed as it stands (rules P1 to P6)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from cmcodec import oids
from cmcodec.limits import MAX_DEPTH
from cmcodec.reasons import Reason, Rule
from kit.der import EMPTY, NULL, attribute, identifier, integer, oid, seq, set_of, tlv
from kit.keys import ALICE, Key
from kit.messages import (
    EMPTY_PKI_DATA,
    Message,
    Signer,
    control,
    crm,
    members,
    pkcs10,
    pki_data,
    pki_response,
    signed_by,
    tagged_content_info,
    tcr,
)
from kit.times import GENERALIZED_TIMES, UTC_TIMES

from .case import GOOD, MALFORMED, Series, Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .case import Case

UNKNOWN = 9999
"""The number of a control that nobody knows."""

CANONICAL, BAD_VALUE, BAD_TAG = Reason.NOT_CANONICAL, Reason.BAD_VALUE, Reason.BAD_TAG


def cases() -> Iterator[Case]:
    for series in (
        depth(), layers(), lengths(), forms(), orders(), times(), trailing(), text(),
        numbers(), body_part_ids(), duplicates(), message_layers(), size(),
    ):  # fmt: skip
        yield from series.cases


def holding(*controls: bytes, **parts: Any) -> bytes:
    """A signed PKIData with these controls."""
    return Message(content=pki_data(controls, **parts)).encode()


def value(octets: bytes) -> bytes:
    """A signed PKIData with a control of this value, which nobody knows."""
    return holding(control(1, UNKNOWN, octets))


def nest(levels: int) -> bytes:
    """Elements in one another, so many levels of them."""
    made = NULL
    for _ in range(levels - 1):
        made = seq(made)
    return made


# --- P1 ------------------------------------------------------------------------------------------

IN_VALUES = MAX_DEPTH - 4
"""Levels of a control's value: PKIData, controlSequence, the control and attrValues stand above."""


def depth() -> Series:
    """32 levels wherever a value may be anything."""
    found = Series(Rule.P1)
    places: dict[str, tuple[int, Any]] = {
        # Above: those of a PKIData; in the message the levels from ContentInfo on.
        "a control": (4, value),
        "an otherMsg": (3, lambda v: holding(others=[seq(integer(1), oid("1.2.3"), v)])),
        "a request of another kind": (
            3, lambda v: holding(requests=[tlv(0xA2, integer(1), oid("1.2.3"), v)]),
        ),
        "a signed attribute": (
            8, lambda v: signed_by(Signer(more=(attribute("1.2.3", v),))).encode(),
        ),
        "an unsigned attribute": (
            8, lambda v: signed_by(Signer(unsigned=(attribute("1.2.3", v),))).encode(),
        ),
        "an attribute of a PKCS#10": (
            8, lambda v: holding(requests=[tcr(3, pkcs10(attributes=(attribute("1.2.3", v),)))]),
        ),
        "parameters of a digest that nobody uses": (
            5, lambda v: Message(digests=(
                identifier(oids.ID_SHA512), identifier("2.999.1", v))).encode(),
        ),
    }  # fmt: skip
    for name, (above, make) in places.items():
        most = MAX_DEPTH - above
        found.passes(f"{name}: {MAX_DEPTH} levels", make(nest(most)))
        found.refused(f"{name}: {MAX_DEPTH + 1} levels", make(nest(most + 1)), Reason.DEPTH)
        found.refused(f"{name}: 1,000 levels", make(nest(1000)), Reason.DEPTH)
    return found


def layers() -> Series:
    """Depth begins anew in each layer, and ends in each at the same bound."""
    found = Series(Rule.P1)

    def nested(*levels: int) -> bytes:
        octets = b""
        for deep in reversed(levels):
            held = members(octets) if octets else ()
            octets = holding(control(1, UNKNOWN, nest(deep)), members=held)
        return octets

    paths = [(11,) * number for number in range(8)]
    rows = [Told("verified", path=path) for path in paths]
    found.passes("eight layers of 32 levels", nested(*[IN_VALUES] * 8), *rows)
    for number in range(8):
        deep = [IN_VALUES] * 8
        deep[number] += 1
        broken = Told(MALFORMED, Reason.DEPTH, Rule.P1, paths[number])
        found.says(
            f"eight layers, the {number + 1}th of 33 levels", nested(*deep),
            *rows[:number], broken, refused=Reason.DEPTH,
        )  # fmt: skip
    return found


# --- P2, P3 --------------------------------------------------------------------------------------


def lengths() -> Series:
    """A length ends within what is around it, in at most four octets."""
    found = Series(Rule.P2)
    found.passes("an INTEGER of one octet", value(b"\x02\x01\x05"))
    for name, octets, reason in (
        ("one octet more than there is", b"\x02\x02\x05", Reason.TRUNCATED),
        ("as much as what follows", b"\x04\x20\x05", Reason.TRUNCATED),
        ("four gigabytes", b"\x04\x84\xff\xff\xff\xff\x05", Reason.TRUNCATED),
        ("five octets of length", b"\x02\x85\0\0\0\0\x01\x05", Reason.LIMIT),
        ("127 octets of length", b"\x02\xff" + bytes(126) + b"\x01\x05", Reason.LIMIT),
        ("no length", b"\x02", Reason.TRUNCATED),
        ("half a length", b"\x02\x82\x01", Reason.TRUNCATED),
        ("no tag number", b"\x1f\x81", Reason.TRUNCATED),
    ):
        found.refused(name, value(octets), reason)
    found.passes("a SEQUENCE", value(seq(NULL)))
    octets = b"\x30\x01" + NULL
    found.refused("a SEQUENCE shorter than what is in it", value(octets), Reason.TRUNCATED)
    whole = Message().encode()
    found.passes("a message", whole)
    for cut in (1, len(whole) // 2, len(whole) - 1):
        found.refused(f"a message without its last {cut} octets", whole[:-cut], Reason.TRUNCATED)
    found.refused("nothing", b"", Reason.TRUNCATED)
    return found


FORMS: list[tuple[str, bytes, list[tuple[str, bytes, Reason]]]] = [
    ("an INTEGER", b"\x02\x02\x00\x80", [
        ("with a zero before it", b"\x02\x02\x00\x7f", CANONICAL),
        ("with ones before it", b"\x02\x02\xff\x80", CANONICAL),
        ("of nothing", b"\x02\x00", BAD_VALUE),
        ("in segments", b"\x22\x03\x02\x01\x05", BAD_TAG),
    ]),
    ("a BOOLEAN", b"\x01\x01\xff", [
        ("of 01", b"\x01\x01\x01", CANONICAL),
        ("of nothing", b"\x01\x00", BAD_VALUE),
        ("of two octets", b"\x01\x02\xff\xff", BAD_VALUE),
    ]),
    ("a BIT STRING", b"\x03\x02\x07\x80", [
        ("with an unused bit set", b"\x03\x02\x07\x81", CANONICAL),
        ("with 8 unused bits", b"\x03\x02\x08\x00", BAD_VALUE),
        ("with unused bits of nothing", b"\x03\x01\x01", BAD_VALUE),
        ("of nothing", b"\x03\x00", BAD_VALUE),
        ("in segments", b"\x23\x04\x03\x02\x00\x80", BAD_TAG),
    ]),
    ("an OCTET STRING", b"\x04\x01\x05", [
        ("in segments", b"\x24\x03\x04\x01\x05", BAD_TAG),
        ("of indefinite length", b"\x24\x80\x04\x01\x05\0\0", CANONICAL),
        ("with a length in two octets", b"\x04\x81\x01\x05", CANONICAL),
        ("with a length in five octets", b"\x04\x84\0\0\0\x01\x05", CANONICAL),
    ]),
    ("128 octets", tlv(0x04, bytes(128)), [
        ("with a length in three octets", b"\x04\x82\0\x80" + bytes(128), CANONICAL),
    ]),
    ("NULL", NULL, [
        ("of an octet", b"\x05\x01\x00", BAD_VALUE),
    ]),
    ("a SEQUENCE", EMPTY, [
        ("that is primitive", b"\x10\x00", BAD_TAG),
        ("of indefinite length", b"\x30\x80\0\0", CANONICAL),
    ]),
    ("an OBJECT IDENTIFIER", b"\x06\x02\x2a\x03", [
        ("of nothing", b"\x06\x00", BAD_VALUE),
        ("without end", b"\x06\x02\x2a\x83", BAD_VALUE),
        ("with an arc of leading zeros", b"\x06\x03\x2a\x80\x03", CANONICAL),
    ]),
    ("a tag number of 31", b"\x1f\x1f\x00", [
        ("30 in the long form", b"\x1f\x1e\x00", CANONICAL),
        ("31 with leading zeros", b"\x1f\x80\x1f\x00", CANONICAL),
    ]),
    ("a UTF8String", tlv(0x0C, "é".encode()), [
        ("in Latin-1", tlv(0x0C, b"\xe9"), BAD_VALUE),
        ("longer than it need be", tlv(0x0C, b"\xc0\x80"), BAD_VALUE),
        ("of half a pair", tlv(0x0C, b"\xed\xa0\x80"), BAD_VALUE),
        ("beyond Unicode", tlv(0x0C, b"\xf4\x90\x80\x80"), BAD_VALUE),
    ]),
    ("an ENUMERATED", b"\x0a\x01\x05", [
        ("with a zero before it", b"\x0a\x02\x00\x05", CANONICAL),
    ]),
]  # fmt: skip
"""Values that are DER, and their neighbours that are not; in a control of any value."""


def forms() -> Series:
    """Each value has one encoding."""
    found = Series(Rule.P3)
    for name, good, others in FORMS:
        found.passes(name, value(good))
        for how, octets, reason in others:
            found.refused(f"{name} {how}", value(octets), reason)
    found.passes("no end of contents", value(seq(NULL)))
    found.refused("an end of contents in a definite length", value(seq(b"\0\0")), BAD_TAG)
    template = {
        b"": None, b"\x01\x01\x00": None, b"\x01\x01\xff": CANONICAL, b"\x01\x01\x01": CANONICAL,
    }  # fmt: skip
    for written, reason in template.items():
        modified = seq(seq(integer(0)), seq(integer(3)), written, EMPTY)
        octets = holding(control(1, 31, modified), requests=[tcr()])
        name = f"replace, which is TRUE by default, as {written.hex() or 'nothing'}"
        if reason:
            found.refused(name, octets, reason)
        else:
            found.passes(name, octets)
    for critical, reason in (
        (b"", None), (b"\x01\x01\xff", None), (b"\x01\x01\x00", None), (b"\x01\x01\x01", CANONICAL),
        (b"\x01\x01\x00" * 2, BAD_TAG),
    ):  # fmt: skip
        extension = seq(oid("2.5.29.15"), critical, tlv(0x04, b"\3\2\7\x80"))
        asked = attribute(oids.ID_EXTENSION_REQUEST, seq(extension))
        octets = holding(requests=[tcr(3, pkcs10(attributes=(asked,)))])
        name = f"critical as {critical.hex() or 'nothing'}"
        if reason:
            found.refused(name, octets, reason)
        else:
            found.passes(name, octets)
    return found


def orders() -> Series:
    """A SET OF is in order, in signed octets and elsewhere; certificates keep their own."""
    found = Series(Rule.P3)
    pairs = {
        "numbers": (integer(1), integer(2)),
        "a prefix": (b"\x04\x01\x02", b"\x04\x02\x01\x00"),
        "tags": (b"\x02\x01\x05", b"\x04\x01\x00"),
    }
    for name, (first, second) in pairs.items():
        found.passes(f"values in order: {name}", holding(_values(first, second)))
        found.passes(f"values alike: {name}", holding(_values(first, first)))
        octets = holding(_values(second, first))
        found.refused(f"values out of order: {name}", octets, CANONICAL)
    inside = tlv(0x31, integer(1), integer(2))
    found.passes("a SET in order in a value", value(seq(inside)))
    inside = tlv(0x31, integer(2), integer(1))
    found.refused("a SET out of order in a value", value(seq(inside)), CANONICAL)
    ordered = sorted((_name_part("2.5.4.3"), _name_part("2.5.4.10")))
    for how, pair in (("in order", ordered), ("out of order", ordered[::-1])):
        name = seq(tlv(0x31, *pair))
        wanted = seq(tlv(0xA4, name), integer(5))
        octets = holding(control(1, 15, wanted))
        if how == "in order":
            found.passes(f"an RDN {how} in getCert", octets)
        else:
            found.refused(f"an RDN {how} in getCert", octets, CANONICAL)
        # A certificate has been signed by others, and its issuer is a copy.
        key = _Named(name)
        octets = signed_by(
            Signer(key=key, sid=key.by_serial()), certificates=(key.certificate(),)
        ).encode()
        found.passes(f"an RDN {how} in a certificate and in the sid", octets)
    unsigned = (attribute("1.2.3", NULL), attribute("1.2.4", NULL))
    octets = signed_by(Signer(unsigned=unsigned)).encode()
    found.passes("unsigned attributes in order", octets)
    swapped = octets.replace(b"".join(unsigned), b"".join(unsigned[::-1]))
    assert swapped != octets
    # Nobody signed them: the converter puts them right.
    found.passes("unsigned attributes out of order", swapped)
    return found


def _values(*values: bytes) -> bytes:
    """A control with values in this order."""
    return seq(integer(1), oid(f"{oids.ID_CMC}.{UNKNOWN}"), tlv(0x31, *values))


def _name_part(number: str) -> bytes:
    return seq(oid(number), tlv(0x0C, b"x"))


class _Named(Key):
    """ALICE's key in a certificate of an issuer of this name."""

    def __init__(self, name: bytes) -> None:
        super().__init__(1)
        self._issuer = name

    def issuer(self) -> bytes:
        return self._issuer


def times() -> Series:
    """Every way to be no time, where a time is signed."""
    found = Series(Rule.P3)

    def signing_time(time: bytes) -> bytes:
        return signed_by(Signer(more=(attribute(oids.ID_SIGNING_TIME, time),))).encode()

    def get_crl(time: bytes) -> bytes:
        return holding(control(1, 16, seq(Key.name(b"CA"), time)))

    def certificate(time: bytes) -> bytes:
        key = _Valid(time)
        return signed_by(Signer(key=key), certificates=(key.certificate(),)).encode()

    everywhere = {"signingTime": signing_time, "a certificate": certificate}
    wherever = {"getCRL": get_crl, **everywhere}
    for tag, reason, text_ in (
        *((0x17, reason, text_) for reason, _, text_ in UTC_TIMES),
        *((0x18, reason, text_) for reason, text_ in GENERALIZED_TIMES),
    ):
        for place, make in (everywhere if tag == 0x17 else wherever).items():
            octets = make(tlv(tag, text_.encode()))
            name = f"{place}: {'UTCTime' if tag == 0x17 else 'GeneralizedTime'} {text_!r}"
            if reason is None:
                found.passes(name, octets)
            else:
                found.refused(name, octets, Reason(reason))
    for place, make in wherever.items():
        # In getCRL the time may be left out: another element is one too many.
        reason = Reason.TRAILING_DATA if place == "getCRL" else BAD_TAG
        found.refused(f"{place}: a text", make(tlv(0x0C, b"270101000000Z")), reason)
        octets = make(tlv(0x38, tlv(0x18, b"20270101000000Z")))
        found.refused(f"{place}: a time in segments", octets, reason)
    octets = get_crl(tlv(0x17, b"270101000000Z"))
    found.refused("getCRL: UTCTime", octets, Reason.TRAILING_DATA)
    return found


class _Valid(Key):
    """ALICE's key in a certificate that is valid until a time of any form."""

    def __init__(self, time: bytes) -> None:
        super().__init__(1)
        self._time = time

    def certificate(self, serial: int = 1, note: bytes = b"", *, by_ski: bool = True) -> bytes:
        validity = seq(tlv(0x17, b"260101000000Z"), self._time)
        tbs = seq(
            tlv(0xA0, integer(2)), integer(serial), identifier(oids.ID_ED25519), self.issuer(),
            validity, EMPTY, self.spki(), tlv(0xA3, seq(self.extension())),
        )  # fmt: skip
        return seq(tbs, identifier(oids.ID_ED25519), tlv(0x03, b"\0"))


# --- P4 ------------------------------------------------------------------------------------------


def trailing() -> Series:
    """Nothing follows, wherever a value ends."""
    found = Series(Rule.P4)
    whole = Message().encode()
    found.passes("a message", whole)
    for octets in (b"\0", NULL, whole):
        name = f"a message and {len(octets)} octets"
        found.refused(name, whole + octets, Reason.TRAILING_DATA)
    for octets in (b"\0", NULL):
        name = f"a PKIData and {len(octets)} octets"
        found.refused(name, Message(content=EMPTY_PKI_DATA + octets).encode(), Reason.TRAILING_DATA)
    four = seq(EMPTY, EMPTY, EMPTY, EMPTY)
    found.passes("a PKIData of four sequences", Message(content=four).encode())
    five = seq(EMPTY, EMPTY, EMPTY, EMPTY, EMPTY)
    found.refused("a PKIData of five", Message(content=five).encode(), Reason.TRAILING_DATA)
    content = pki_response()
    response = Message(content=content, content_type=oids.ID_CCT_PKI_RESPONSE)
    found.passes("a PKIResponse of three sequences", response.encode())
    octets = Message(content=four, content_type=oids.ID_CCT_PKI_RESPONSE).encode()
    found.refused("a PKIResponse of four", octets, Reason.TRAILING_DATA)
    found.passes("a control of three elements", value(NULL))
    four_parts = seq(integer(1), oid(f"{oids.ID_CMC}.{UNKNOWN}"), set_of(NULL), NULL)
    found.refused("a control of four", holding(four_parts), Reason.TRAILING_DATA)
    return found


def text() -> Series:
    """Text around a message is one block, to its end."""
    found = Series(Rule.P4)
    whole = Message().encode()
    body = base64.encodebytes(whole)
    begin, end = b"-----BEGIN CMC-----\n", b"-----END CMC-----\n"
    found.passes("PEM", begin + body + end)
    found.passes("base64", body)
    for name, octets in {
        "PEM without end": begin + body,
        "PEM with text after it": begin + body + end + b"and more\n",
        "PEM twice": (begin + body + end) * 2,
        "PEM with another label at its end": begin + body + b"-----END CMS-----\n",
        "PEM with a letter that is none": begin + b"?" + body + end,
        "PEM with an octet too few": begin + body.rstrip()[:-1] + b"\n" + end,
        "PEM with text in it": begin + body[:64] + b"Proc-Type: 4\n" + body[64:] + end,
    }.items():
        found.refused(name, octets, BAD_VALUE, Rule.P4)
    return found


# --- P5 ------------------------------------------------------------------------------------------


def numbers() -> Series:
    """Identifiers, INTEGERs and tag numbers at the bound and one beyond."""
    found = Series(Rule.P5)
    limit = Reason.LIMIT
    for size in (128, 129):
        identifier_ = tlv(0x06, b"\x2a" + b"\x01" * (size - 1))
        for place, octets in {
            "a value": value(identifier_),
            "a control's type": holding(seq(integer(1), identifier_, tlv(0x31))),
            "a signed attribute's type": signed_by(
                Signer(more=(seq(identifier_, set_of(NULL)),))
            ).encode(),
            "eContentType of a member": holding(members=members(seq(identifier_, tlv(0xA0, NULL)))),
            "the algorithm of a request": holding(
                requests=[tcr(3, pkcs10(algorithm=seq(identifier_), signature=b""))]
            ),
        }.items():
            name = f"an OBJECT IDENTIFIER of {size} octets as {place}"
            if size == 129:
                if place == "eContentType of a member":
                    broken = Told(MALFORMED, limit, Rule.P5, (11,))
                    found.says(name, octets, GOOD, broken, refused=limit)
                else:
                    found.refused(name, octets, limit, Rule.P5)
            elif place == "eContentType of a member":
                row = Told("failed", Reason.WRONG_CONTENT_TYPE, Rule.V1, (11,))
                found.passes(name, octets, GOOD, row)
            elif place == "the algorithm of a request":
                row = Told("failed", Reason.UNSUPPORTED_ALGORITHM, Rule.V7)
                found.passes(name, octets, row)
            else:
                found.passes(name, octets)
    for first, good in ((0x83, True), (0x84, False)):
        arc = bytes([first]) + b"\xff" * 17 + b"\x7f"
        name = f"an arc of 19 octets, the first {first:x}"
        if good:
            found.passes(name, value(tlv(0x06, b"\x2a" + arc)))
        else:
            found.refused(name, value(tlv(0x06, b"\x2a" + arc)), limit, Rule.P5)
    found.refused("an arc of 20 octets", value(tlv(0x06, b"\x2a\x81" + b"\x80" * 18 + b"\0")),
                  limit, Rule.P5)  # fmt: skip
    bounds = {"above zero": ((1 << 16384) - 1, 1 << 16384),
              "below zero": (-(1 << 16383), -(1 << 16383) - 1)}  # fmt: skip
    for side, (most, beyond) in bounds.items():
        for place, number in (("a value", UNKNOWN), ("transactionId", 5), ("getCert", 15)):

            def made(octets: bytes, number: int = number) -> bytes:
                held = seq(tlv(0xA4, EMPTY), octets) if number == 15 else octets
                return holding(control(1, number, held))

            found.passes(f"the INTEGER furthest {side} as {place}", made(integer(most)))
            name = f"the first INTEGER too far {side} as {place}"
            found.refused(name, made(integer(beyond)), limit, Rule.P5)
    for serial in bounds["above zero"]:
        certificates = (ALICE.certificate(serial),)
        octets = signed_by(
            Signer(sid=ALICE.by_serial(serial)), certificates=certificates
        ).encode()  # fmt: skip
        if serial.bit_length() <= 16384:
            found.passes("a serial number of 16,384 bits", octets)
        else:
            found.refused("a serial number of 16,385 bits", octets, limit, Rule.P5)
    found.passes("the tag number 2^31-1", value(b"\x9f\x87\xff\xff\xff\x7f\x00"))
    found.refused("the tag number 2^31", value(b"\x9f\x88\x80\x80\x80\x00\x00"), limit, Rule.P5)
    octets = value(b"\x9f\x81\x80\x80\x80\x80\x00\x00")
    found.refused("the tag number 2^35", octets, limit, Rule.P5)
    return found


# --- P6 ------------------------------------------------------------------------------------------


def body_part_ids() -> Series:
    """From 1 to 2^32-1."""
    found = Series(Rule.P6)

    def parts(number: int) -> dict[str, bytes]:
        held = integer(number)
        return {
            "a control": holding(control(number, UNKNOWN, NULL)),
            "a PKCS#10": holding(requests=[tcr(number)]),
            "a CRMF request": holding(requests=[crm(body_part_id=number)]),
            "another request": holding(requests=[tlv(0xA2, held, oid("1.2.3"), NULL)]),
            "an otherMsg": holding(others=[seq(held, oid("1.2.3"), NULL)]),
        }

    most = (1 << 32) - 1
    for place in parts(1):
        for number in (1, most):
            found.passes(f"{place} with the id {number}", parts(number)[place])
        for number in (0, -1, most + 1, 1 << 64):
            octets = parts(number)[place]
            found.refused(f"{place} with the id {number}", octets, Reason.LIMIT, Rule.P6)
    inner = Message().encode()
    for number in (1, most):
        octets = holding(members=[tagged_content_info(inner, number)])
        row = Told("verified", path=(number,))
        found.passes(f"a member with the id {number}", octets, GOOD, row)
    for number in (0, -1, most + 1):
        octets = holding(members=[tagged_content_info(inner, number)])
        found.refused(f"a member with the id {number}", octets, Reason.LIMIT, Rule.P6)
    return found


def duplicates() -> Series:
    """An id stands once over all sequences of a message, and again in another."""
    found = Series(Rule.P6)
    inner = Message(content=pki_data([control(1, UNKNOWN, NULL)])).encode()
    makers: dict[str, tuple[str, Any]] = {
        "a control": ("controls", lambda n: control(n, UNKNOWN, NULL)),
        "a PKCS#10": ("requests", tcr),
        "a CRMF request": ("requests", lambda n: crm(body_part_id=n)),
        "a member": ("members", lambda n: tagged_content_info(inner, n)),
        "an otherMsg": ("others", lambda n: seq(integer(n), oid("1.2.3"), NULL)),
    }
    kinds = list(makers)
    for place, first in enumerate(kinds):
        for second in kinds[place:]:
            for numbers_ in ((7, 8), (7, 7)):
                parts: dict[str, list[bytes]] = {}
                for kind, number in zip((first, second), numbers_, strict=True):
                    field, make = makers[kind]
                    parts.setdefault(field, []).append(make(number))
                octets = Message(content=pki_data(**parts)).encode()
                name = f"{first} and {second} with the ids {numbers_[0]} and {numbers_[1]}"
                if numbers_ == (7, 7):
                    found.refused(name, octets, Reason.DUPLICATE_BODY_PART_ID)
                    continue
                rows = [
                    Told("verified", path=(number,))
                    for kind, number in zip((first, second), numbers_, strict=True)
                    if kind == "a member"
                ]
                found.passes(name, octets, GOOD, *rows)
    octets = Message(content=pki_data([control(1, UNKNOWN, NULL)], members=[
        tagged_content_info(inner, 2)])).encode()  # fmt: skip
    found.passes("the id of a control inside and outside", octets, GOOD,
                 Told("verified", path=(2,)))  # fmt: skip
    return found


def message_layers() -> Series:
    """Eight messages inside one another, or as many as the caller says, up to 32."""
    found = Series(Rule.P6)

    def nested(count: int) -> bytes:
        octets = Message().encode()
        for _ in range(count - 1):
            octets = holding(members=members(octets))
        return octets

    for most in (1, 8, 32):
        rows = [Told("verified", path=(11,) * number) for number in range(most)]
        found.passes(f"{most} layers of {most}", nested(most), *rows, max_layers=most)
        broken = Told(MALFORMED, Reason.LIMIT, Rule.P6, (11,) * most)
        found.says(f"{most + 1} layers of {most}", nested(most + 1), *rows, broken,
                   refused=Reason.LIMIT, max_layers=most)  # fmt: skip
    rows = [Told("verified", path=(11,) * number) for number in range(32)]
    broken = Told(MALFORMED, Reason.LIMIT, Rule.P6, (11,) * 32)
    found.says("33 layers of as many as there are", nested(33), *rows, broken,
               refused=Reason.LIMIT, max_layers=1000)  # fmt: skip
    return found


def size() -> Series:
    """As many octets as the caller says."""
    found = Series(Rule.P6)
    octets = Message().encode()
    found.passes("a message of all the octets allowed", octets, max_size=len(octets))
    found.refused("a message of one octet more", octets, Reason.LIMIT, Rule.P6,
                  max_size=len(octets) - 1)  # fmt: skip
    return found
