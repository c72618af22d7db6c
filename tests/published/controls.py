"""Every control and attribute of CMC: its value alone, and in a message; put together by hand."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from cmcodec import oids
from cmcodec.reasons import Reason
from cmcodec.types.tables import CONTROL_ROWS, Place
from hostile.case import GOOD, VERIFIED, Told
from kit.der import attribute, identifier, integer, oid, seq, tlv
from kit.keys import ALICE
from kit.layers import Authenticated, pwri
from kit.messages import Message, control, members, pkcs10, pki_data, pki_response, tcr

from . import encrypted
from .vector import Vector, slug

if TYPE_CHECKING:
    from collections.abc import Iterator

SHA256, HMAC_SHA256 = identifier(oids.ID_SHA256), identifier(oids.ID_HMAC_WITH_SHA256)
NONCE: Final = bytes(range(32))
TIME: Final = tlv(0x18, b"20270101000000Z")
CA: Final = ALICE.name(b"CA")
URI: Final = tlv(0x86, b"http://a.example/")
ALT_NAME: Final = seq(oid("2.5.29.17"), tlv(0x04, seq(tlv(0x82, b"a.example"))))


def octets(value: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(0x04, value)


def text(value: str) -> bytes:
    """A UTF8String."""
    return tlv(0x0C, value.encode())


class Of(NamedTuple):
    """A control: its number, what is special about it, its value, and a requirement about it."""

    number: int
    title: str
    value: bytes
    requirement: str
    request: bytes = tcr()

    @property
    def place(self) -> Place:
        """Where such controls may stand."""
        return _ROWS[self.number].place


_ROWS: Final = {row.number: row for row in CONTROL_ROWS}
_ONE: Final = seq(integer(3))
_FAILED: Final = (integer(2), _ONE)
_PENDING: Final = seq(octets(b"\1\2"), TIME)


def controls() -> Iterator[Of]:
    """One of each, and of some more."""
    yield Of(1, "failed", seq(*_FAILED, text("bad request"), integer(2)), "R-074")
    yield Of(1, "pending", seq(integer(3), _ONE, _PENDING), "R-074")
    yield Of(2, "", text("ee-0001"), "R-092")
    yield Of(2, "not ASCII", text("Gerät-中"), "R-092")
    yield Of(3, "", octets(bytes(20)), "R-091")
    yield Of(4, "", octets(b"state"), "R-108")
    yield Of(5, "", integer(0x1234_5678_9ABC_DEF0), "R-116")
    yield Of(5, "below zero", integer(-42), "R-116")
    yield Of(6, "", octets(NONCE), "R-117")
    yield Of(7, "", octets(NONCE), "R-117")
    yield Of(8, "", seq(integer(0), _ONE, seq(ALT_NAME)), "R-114")
    yield Of(9, "", encrypted.CHALLENGE, "R-123")
    yield Of(10, "", encrypted.ANSWER, "R-128", encrypted.REQUEST)
    yield Of(11, "", seq(integer(0), _ONE), "R-133")
    yield Of(15, "", seq(tlv(0xA4, CA), integer(1)), "R-134")
    reasons = tlv(0x03, b"\6\x40")
    yield Of(16, "", seq(CA, URI, TIME, reasons), "R-134")
    yield Of(16, "of an issuer alone", seq(CA), "R-134")
    reason = tlv(0x0A, b"\1")
    shared = (octets(b"correct horse battery"), text("lost"))
    yield Of(17, "", seq(CA, integer(1), reason, TIME, *shared), "R-139")
    yield Of(17, "signed for", seq(CA, integer(1), tlv(0x0A, b"\0")), "R-139")
    yield Of(18, "", octets(b"name?x%"), "R-205")
    yield Of(19, "", octets(b"info"), "R-205")
    yield Of(21, "", octets(b"\1\2"), "R-142")
    yield Of(22, "", octets(bytes(range(64))), "R-099")
    yield Of(23, "", octets(bytes(20)), "R-103")
    yield Of(24, "", seq(CA, integer(1)), "R-144")
    yield Of(25, "success", seq(integer(0), _ONE), "R-077")
    yield Of(25, "failed", seq(*_FAILED, text("no"), integer(2)), "R-079")
    yield Of(25, "pending", seq(integer(3), _ONE, _PENDING), "R-080")
    path = seq(integer(11), integer(3))
    yield Of(25, "of a path", seq(integer(0), seq(path, integer(3))), "R-077")
    extended = tlv(0xA1, oid("1.3.6.1.4.1.99999.1"), integer(7))
    yield Of(25, "failed for another reason", seq(*_FAILED, extended), "R-084")
    hashed = seq(octets(hashlib.sha256(ALICE.certificate()).digest()))
    yield Of(26, "", seq(integer(1), SHA256, hashed), "R-147")
    yield Of(27, "", integer(13), "R-153")
    yield Of(28, "", seq(integer(11), integer(12)), "R-155")
    yield Of(29, "", seq(integer(11), integer(12)), "R-156")
    published = seq(integer(1), seq(seq(integer(2), URI)))
    yield Of(30, "", seq(SHA256, hashed, published), "R-159")
    yield Of(30, "of nothing", seq(SHA256, hashed, seq(integer(0))), "R-160")
    template = seq(tlv(0xA5, ALICE.name(b"other")))
    yield Of(31, "", seq(seq(integer(0)), _ONE, template), "R-111")
    yield Of(31, "not replacing", seq(seq(integer(0)), _ONE, tlv(0x01, b"\0"), template), "R-111")
    yield Of(32, "", seq(seq(integer(2), seq(integer(11), integer(1)))), "R-034")
    yield Of(33, "", seq(SHA256, HMAC_SHA256, octets(bytes(32))), "R-100")
    yield Of(34, "", seq(SHA256, HMAC_SHA256, octets(bytes(32))), "R-088")
    yield Of(35, "", seq(integer(11), integer(1)), "R-163")
    alternative = tlv(0xA1, tlv(0x82, b"a.example"))
    yield Of(36, "", seq(ALICE.name(b"new"), alternative), "R-171")
    yield Of(36, "alternative alone", seq(alternative), "R-171")
    yield Of(37, "", seq(integer(11)), "R-168")


_ANSWERS: Final = (1, 7, 25, 26)
"""Controls that may stand in requests, and mean something in responses."""

_MACED: Final = Authenticated(recipients=(pwri(Authenticated().key),)).encode()


@cache
def _members() -> list[bytes]:
    """Two messages with a control and a request each, and one with a MAC: 11, 12, 13."""
    inner = Message(content=pki_data([control(1, 2, text("ee"))], [tcr()])).encode()
    return members(inner, inner, _MACED)


_INSIDE: Final = (
    Told(VERIFIED, path=(11,)),
    Told(VERIFIED, path=(12,)),
    Told("unverified", Reason.MAC_UNCHECKED, path=(13,)),
)


def _message(of: Of) -> Message:
    """A message with this control, or with an attribute of its request."""
    if of.place == Place.ATTRIBUTE:
        asked = pkcs10(attributes=(attribute(f"{oids.ID_CMC}.{of.number}", of.value),))
        return Message(content=pki_data(requests=[tcr(3, asked)]))
    if of.number in _ANSWERS or Place.REQUEST not in of.place:
        held = pki_response([control(1, of.number, of.value)], _members())
        return Message(content=held, content_type=oids.ID_CCT_PKI_RESPONSE)
    # Controls refer to one another, too.
    own = [control(1, of.number, of.value), control(2, 18, octets(b"more"))]
    return Message(content=pki_data(own, [of.request], _members()))


def vectors() -> Iterator[Vector]:
    """The value of each, and a message."""
    for of in controls():
        row = _ROWS[of.number]
        name = "-".join(filter(None, (f"{of.number:02}", row.name, slug(of.title))))
        title = ", ".join(filter(None, (row.name, of.title)))
        rules = tuple(dict.fromkeys((of.requirement, "R-205")))
        yield Vector(
            id=f"controls/{name}/value",
            kind="value",
            title=title,
            rules=rules,
            octets=of.value,
            needs={"type": row.value.__name__},
        )
        message = _message(of)
        is_request = message.content_type == oids.ID_CCT_PKI_DATA
        yield Vector(
            id=f"controls/{name}/message",
            kind="full-request" if is_request else "full-response",
            title=f"a message with {title}",
            rules=rules,
            octets=message.encode(),
            rows=(GOOD,) if of.place == Place.ATTRIBUTE else (GOOD, *_INSIDE),
            signature="valid",
            algorithms=("Ed25519",),
        )
