"""Rules P1, P2, P4 to P6: what is refused, why, where, and the last value that is not."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

import cmcodec
from cmcodec import oids, types
from cmcodec.asn1 import TLV, Asn1
from cmcodec.limits import MAX_BODY_PARTS, MAX_DEPTH
from kit.answers import answer, decode_error, limit_error, refusal
from kit.der import NULL, integer, oid, seq, tlv
from kit.messages import (
    EMPTY_PKI_DATA,
    control,
    crm,
    pki_data,
    signed_data,
    tagged_content_info,
    tcr,
)

Refused = tuple[str, str, int | None, str] | None
OK = None


def other_message(body_part_id: int) -> bytes:
    return seq(integer(body_part_id), tlv(0x06, b"\x2a\x03"), b"\x05\x00")


# --- P1 ----------------------------------------------------------------------------------------


def nested(levels: int) -> bytes:
    """A SEQUENCE in a SEQUENCE in …, ``levels`` of them."""
    octets = b""
    for _ in range(levels):
        octets = seq(octets)
    return octets


@pytest.mark.parametrize("levels", [1, 2, 31, 32, 33, 34, 1000])
def test_p1_depth_of_open_values(levels: int) -> None:
    """P1: 32 elements inside one another are accepted, the 33rd is refused where it starts."""
    octets = nested(levels)
    expected = OK
    if levels > MAX_DEPTH:
        # The 33rd starts where what it holds, and nothing else, is left with its header.
        expected = limit_error("depth", len(octets) - len(nested(levels - MAX_DEPTH)), "any")
    assert answer(TLV, octets) == expected


def test_p1_depth_counts_declared_and_open_levels_alike() -> None:
    """P1: an open value starts at the depth it stands at, not at one again."""
    levels = MAX_DEPTH - 1
    assert answer(types.AlgorithmIdentifier, seq(b"\x06\x01\x2a", nested(levels))) == OK
    octets = seq(b"\x06\x01\x2a", nested(levels + 1))
    expected = limit_error("depth", len(octets) - 2, "algorithmIdentifier.parameters")
    assert answer(types.AlgorithmIdentifier, octets) == expected


def test_p1_depth_inside_an_explicit_tag() -> None:
    """P1: what an explicit tag holds is a level, also where nothing stands inside it.

    A CertRequest may hold others: each in controls of the one around it, three levels deeper.
    """
    request = seq(integer(1), seq(tlv(0xA3, seq())))
    for _ in range(8):
        request = seq(integer(1), seq(), seq(cert_req(request)))
    at_29 = seq(seq(integer(1), seq(), seq(cert_req(request))))
    assert answer(types.CertReqMsg, at_29) == OK
    at_30 = seq(tlv(0xA3, seq(tlv(0x31, cert_req(request)))))
    refused = answer(types.CertTemplate, at_30)
    assert refused
    assert refused[:3] == ("LimitError", "depth", len(at_30) - 2)
    assert refused[3].endswith(".issuer")


def cert_req(request: bytes) -> bytes:
    """A CertRequest as the value of id-regInfo-certReq."""
    return seq(oid(oids.ID_REG_INFO_CERT_REQ), request)


@pytest.mark.parametrize(
    ("cls", "around", "most"),
    [
        (types.CertRequest, lambda it: it, 10),
        (types.CertReqMsg, seq, 9),
        (types.CertReqMessages, lambda it: seq(seq(it)), 9),
    ],
)
def test_p1_depth_in_every_kind_of_element(cls: Any, around: Any, most: int) -> None:
    """P1: whether a structure, a sequence of them or a value is at the bound, it is the same."""
    for inside, less in ((b"", 0), (seq(seq(oid("1.2.3"), seq(NULL))), 1)):
        request = seq(integer(1), seq(), inside)
        for levels in range(14):
            found = answer(cls, around(request))
            if levels <= most - less:
                assert found == OK
            elif levels > most:
                assert found
                assert found[:2] == ("LimitError", "depth")
            request = seq(integer(1), seq(), seq(cert_req(request)))


def test_p1_depth_of_a_hundred_thousand_levels() -> None:
    """P1, P9: hostile nesting is a LimitError, no RecursionError, in every entry point."""
    octets = nested(20_000)
    for read in (TLV.from_der, types.Extension.from_der, types.PKIData.from_der, cmcodec.load):
        refused = refusal(lambda read=read: read(octets))
        assert refused
        assert refused[1] in ("depth", "bad_tag")


def test_p1_depth_restarts_with_each_message_layer() -> None:
    """P1: eight layers of twenty levels each are within bounds."""
    controls = [control(1, 99, nested(20))]
    content = pki_data(controls)
    for _ in range(7):
        inner = tagged_content_info(signed_data(content), 2)
        content = pki_data(controls, members=[inner])
    assert cmcodec.load(signed_data(content)).kind == "full-request"


# --- P2 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "octets"),
    [
        (OK, "0400"),
        (OK, tlv(0x04, bytes(0x7F))),
        (OK, tlv(0x04, bytes(0x80))),
        (OK, tlv(0x04, bytes(0x100))),
        (OK, tlv(0x04, bytes(0x10000))),
        (decode_error("truncated", 0, "dataReturn"), ""),
        (decode_error("truncated", 0, "dataReturn"), "04"),
        (decode_error("truncated", 0, "dataReturn"), "0401"),
        (decode_error("truncated", 0, "dataReturn"), "0481"),
        (decode_error("truncated", 0, "dataReturn"), "048201"),
        (decode_error("truncated", 0, "dataReturn"), "0484ffffffff"),
        (limit_error("limit", 0, "dataReturn"), "04850100000000"),
        (limit_error("limit", 0, "dataReturn"), "0485"),
        (limit_error("limit", 0, "dataReturn"), "04ff"),
    ],
)
def test_p2_lengths(expected: Refused, octets: bytes | str) -> None:
    """P2: at most four length octets, and never more content than remains."""
    assert answer(types.DataReturn, octets) == expected


def test_p2_four_length_octets() -> None:
    """P2: the least length that needs four octets is read."""
    octets = tlv(0x04, bytes(1 << 24))
    assert octets[:6].hex() == "048401000000"
    assert types.DataReturn.from_der(octets).value == bytes(1 << 24)


def test_p2_length_of_an_inner_element() -> None:
    """P2: a length ends at its parent, however much input follows it."""
    octets = seq(integer(5), seq(b"\x02\x05\x01")) + bytes(100)
    expected = decode_error("truncated", 7, "lraPopWitness.bodyIds[0]")
    assert answer(types.LraPopWitness, octets) == expected


def test_p2_declared_lengths_allocate_nothing() -> None:
    """P2: four gigabytes declared in ten octets cost no memory."""
    tracemalloc.start()
    try:
        for octets in (b"\x30\x84\xff\xff\xff\xff", b"\x30\x06\x04\x84\xff\xff\xff\xff"):
            assert refusal(lambda o=octets: TLV.from_der(o))
            assert refusal(lambda o=octets: cmcodec.load(o))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


# --- P4 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "cls", "octets"),
    [
        (decode_error("trailing_data", 3, "transactionId"), types.TransactionId, "02010700"),
        (decode_error("trailing_data", 10, "pkiData"), types.PKIData, EMPTY_PKI_DATA + b"\x00"),
        (decode_error("trailing_data", 10, "pkiData"), types.PKIData, seq(seq() * 5)),
        (
            decode_error("trailing_data", 19, "optionalValidity.notBefore"),
            types.OptionalValidity,
            seq(tlv(0xA0, tlv(0x17, b"270101000000Z"), b"\x05\x00")),
        ),
    ],
)
def test_p4_trailing_data(expected: Refused, cls: type[Asn1], octets: bytes | str) -> None:
    """P4: nothing follows the outer value, the last field, or what an explicit tag holds."""
    assert answer(cls, octets) == expected


@pytest.mark.parametrize("strict", [False, True])
def test_p4_trailing_data_after_a_message(strict: bool) -> None:
    """P4: one octet after the outer ContentInfo, or after the content of eContent, is refused."""
    message = signed_data()
    expected = decode_error("trailing_data", len(message), "contentInfo")
    assert refusal(lambda: cmcodec.load(message + b"\x00", strict=strict)) == expected
    inner = signed_data(EMPTY_PKI_DATA + b"\x00")
    expected = decode_error(
        "trailing_data",
        inner.index(EMPTY_PKI_DATA) + len(EMPTY_PKI_DATA),
        "contentInfo.content.encapContentInfo.eContent",
    )
    assert refusal(lambda: cmcodec.load(inner, strict=strict)) == expected


# --- P5 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        (OK, b"\x7f" * 2048),
        (OK, b"\x80" * 2048),
        (OK, b"\x00" + b"\x80" * 2048),
        (limit_error("limit", 0, "transactionId"), b"\x7f" * 2049),
        (limit_error("limit", 0, "transactionId"), b"\x80" * 2049),
        (limit_error("limit", 0, "transactionId"), b"\x00" + b"\x80" * 2049),
        (limit_error("limit", 0, "transactionId"), b"\x01" * 1_000_000),
        (decode_error("bad_value", 0, "transactionId"), b""),
    ],
)
def test_p5_integer_of_16384_bits(expected: Refused, content: bytes) -> None:
    """P5: an INTEGER has at most 2048 octets, a leading zero not counted."""
    assert answer(types.TransactionId, tlv(0x02, content)) == expected


def arc(value: int) -> bytes:
    """Base 128, the high bit on all octets but the last."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        (OK, b"\x2a" + bytes([1] * 127)),
        (limit_error("limit", 0, "contentType"), b"\x2a" + bytes([1] * 128)),
        (OK, b"\x2a" + arc(2**128 - 1)),
        (limit_error("limit", 0, "contentType"), b"\x2a" + arc(2**128)),
        (OK, arc(2**128 - 1)),
        (limit_error("limit", 0, "contentType"), arc(2**128)),
        (OK, b"\x2a" + arc(2**128 - 1) + arc(2**64)),
        (limit_error("limit", 0, "contentType"), b"\x2a" + b"\xff" * 100 + b"\x7f"),
        (decode_error("bad_value", 0, "contentType"), b""),
        (decode_error("bad_value", 0, "contentType"), b"\x2a\x86"),
        (decode_error("not_canonical", 0, "contentType"), b"\x2a\x80\x01"),
    ],
)
def test_p5_object_identifiers(expected: Refused, content: bytes) -> None:
    """P5: at most 128 octets, each arc below 2^128, in open values too."""
    assert answer(types.ContentType, tlv(0x06, content)) == expected
    octets = seq(tlv(0x06, content))
    if expected is not OK:
        expected = (*expected[:2], octets.index(0x06), "any")
    assert answer(TLV, octets) == expected


@pytest.mark.parametrize(
    ("expected", "identifier"),
    [
        (OK, "5f1f"),
        (OK, "5f87ffffff7f"),
        (limit_error("limit", 0, "any"), "5f8880808000"),
        (limit_error("limit", 0, "any"), "5fffffffffffffffffff7f"),
        (decode_error("not_canonical", 0, "any"), "5f1e"),
        (decode_error("not_canonical", 0, "any"), "5f801f"),
        (decode_error("truncated", 0, "any"), "5f87ff"),
    ],
)
def test_p5_tag_numbers(expected: Refused, identifier: str) -> None:
    """P5: tag numbers stay below 2^31, in the form X.690 8.1.2.4 wants."""
    length = "" if expected and expected[1] == "truncated" else "00"
    assert answer(TLV, identifier + length) == expected


# --- P6 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "identifier"),
    [
        (limit_error("limit", 12, "pkiData.otherMsgSequence[0]"), 0),
        (OK, 1),
        (OK, 2**32 - 1),
        (limit_error("limit", 12, "pkiData.otherMsgSequence[0].bodyPartID"), 2**32),
        (limit_error("limit", 12, "pkiData.otherMsgSequence[0].bodyPartID"), -1),
        (limit_error("limit", 12, "pkiData.otherMsgSequence[0].bodyPartID"), 2**64),
    ],
)
def test_p6_body_part_ids(expected: Refused, identifier: int) -> None:
    """P6, R-056: an element's id is 1 to 2^32-1."""
    octets = pki_data(others=[other_message(identifier)])
    assert answer(types.PKIData, octets) == expected


@pytest.mark.parametrize("identifier", [0, 1, 2**32 - 1])
def test_p6_references_may_be_zero(identifier: int) -> None:
    """R-056: 0 is a good reference: to the current message."""
    assert answer(types.BodyPartList, seq(integer(identifier))) == OK


@pytest.mark.parametrize("identifier", [-1, 2**32])
def test_p6_references_are_in_range(identifier: int) -> None:
    """R-056: a reference outside 0 to 2^32-1 is refused."""
    expected = limit_error("limit", 2, "bodyPartList[0]")
    assert answer(types.BodyPartList, seq(integer(identifier))) == expected


def orm(identifier: int) -> bytes:
    return tlv(0xA2, integer(identifier), tlv(0x06, b"\x2a\x03"), b"\x05\x00")


MESSAGE = signed_data(b"", oids.ID_DATA)
PARTS = {
    "controlSequence": ("controls", lambda number: control(number, 99, b"\x05\x00")),
    "reqSequence tcr": ("requests", tcr),
    "reqSequence crm": ("requests", lambda number: crm(body_part_id=number)),
    "reqSequence orm": ("requests", orm),
    "cmsSequence": ("members", lambda number: tagged_content_info(MESSAGE, number)),
    "otherMsgSequence": ("others", other_message),
}


@pytest.mark.parametrize("second", PARTS)
@pytest.mark.parametrize("first", PARTS)
def test_p6_duplicate_body_part_ids(first: str, second: str) -> None:
    """P6, R-055, R-057: an id stands once over all sequences; certReqId is the id of a crm."""
    parts: dict[str, list[bytes]] = {name: [] for name, _ in PARTS.values()}
    for number, name in enumerate((first, second)):
        sequence, make = PARTS[name]
        parts[sequence].append(make(number + 1))
    assert answer(types.PKIData, pki_data(**parts)) == OK
    parts = {name: [] for name in parts}
    for name in (first, second):
        sequence, make = PARTS[name]
        parts[sequence].append(make(7))
    refused = answer(types.PKIData, pki_data(**parts))
    order = list(PARTS)
    later = max(first, second, key=order.index).partition(" ")[0]
    index = int(first.partition(" ")[0] == second.partition(" ")[0])
    assert refused
    assert (refused[1], refused[3]) == ("duplicate_body_part_id", f"pkiData.{later}[{index}]")
    assert pki_data(**parts)[refused[2] :][:3] == integer(7)


def test_p6_ids_may_repeat_in_other_layers() -> None:
    """R-055: uniqueness is within one PKIData, not across those nested in it."""
    inner = tagged_content_info(signed_data(pki_data(others=[other_message(1)])), 1)
    assert cmcodec.load(signed_data(pki_data(members=[inner])))


def test_p6_a_million_body_parts(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: at most 1,000,000 elements in one message."""
    limit = MAX_BODY_PARTS
    if backend == "pure":  # the same line of code, in a second
        limit = 1000
        monkeypatch.setattr("cmcodec._pure.codec.body_parts.MAX_BODY_PARTS", limit)
    parts = list(map(other_message, range(1, limit + 1)))
    assert len(cmcodec.load(signed_data(pki_data(others=parts))).to_der()) > limit
    octets = signed_data(pki_data(others=[*parts, other_message(limit + 1)]))
    path = f"contentInfo.content.encapContentInfo.eContent.otherMsgSequence[{limit}]"
    refused = refusal(lambda: cmcodec.load(octets))
    assert refused == limit_error("limit", octets.rindex(integer(limit + 1)), path)


def content_of(layers: int) -> bytes:
    """The PKIData of the outermost of so many PKI messages inside one another."""
    octets = EMPTY_PKI_DATA
    for _ in range(layers - 1):
        octets = pki_data(members=[tagged_content_info(signed_data(octets))])
    return octets


@pytest.mark.parametrize(
    ("count", "options", "accepted"),
    [
        (8, {}, True),
        (9, {}, False),
        (9, {"max_layers": 9}, True),
        (1, {"max_layers": 1}, True),
        (2, {"max_layers": 1}, False),
        (1, {"max_layers": 0}, True),
        (32, {"max_layers": 32}, True),
        (33, {"max_layers": 32}, False),
        (33, {"max_layers": 10**6}, False),
        (300, {"max_layers": 10**6}, False),
    ],
)
def test_p6_message_layers(count: int, options: dict[str, int], accepted: bool) -> None:
    """P6: eight PKI messages inside one another by default, 32 at most."""
    octets = signed_data(content_of(count))
    allowed = max(1, min(options.get("max_layers", 8), 32))
    content = ".content.encapContentInfo.eContent"
    path = f"contentInfo{content}" + f".cmsSequence[0].contentInfo{content}" * allowed
    expected = OK
    if not accepted:
        expected = limit_error("limit", octets.index(content_of(count - allowed)), path)
    assert refusal(lambda: cmcodec.load(octets, **options)) == expected


def test_p6_message_size() -> None:
    """P6: ``max_size`` octets are accepted, one more is refused before it is read."""
    octets = signed_data()
    assert cmcodec.load(octets, max_size=len(octets))
    refused = refusal(lambda: cmcodec.load(octets, max_size=len(octets) - 1))
    assert refused == ("LimitError", "limit", 0, "contentInfo")
