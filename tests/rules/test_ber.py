"""BER in the CMS wrapper, converted to DER (rules P1 to P3, P9, V4).

`Encoder` writes the wrapper of a DER message in the many ways of BER. It is driven by the
declarations of ``cmcodec.types`` and knows nothing of the converter's own table.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmcodec._pure.codec import ber
from cmcodec._pure.codec.tlv import Tlv, children, read_tlv
from cmcodec.asn1 import schema
from cmcodec.asn1.schema import Kind
from cmcodec.errors import DecodeError
from cmcodec.types import ContentInfo, ContentType
from cmcodec.types.tables import OPEN_TYPES
from kit.der import indefinite
from kit.vectors import VECTORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.asn1.schema import Field, Node

    Converter = Callable[[bytes], bytes | None]

CASES = json.loads((VECTORS / "ber" / "cases.json").read_text())
FILES = sorted((VECTORS / "bouncycastle").rglob("*.der"))
CONTENT_INFO = schema.node(ContentInfo)

BOTH_BACKENDS = False
CONVERTERS: dict[str, Converter] = {"pure": ber.to_der}
"""The engine's joins when the bindings offer it."""


@pytest.fixture(params=list(CONVERTERS.values()), ids=list(CONVERTERS))
def to_der(request: pytest.FixtureRequest) -> Converter:
    """Give the converter of each backend."""
    converter: Converter = request.param
    return converter


def is_content_info(data: bytes) -> bool:
    """Tell a ContentInfo from the certificates and PKCS#10 requests among the vectors."""
    return data[read_tlv(data, 0, len(data)).content] == 0x06


MESSAGES = {
    path.relative_to(VECTORS).as_posix(): data
    for path in FILES
    if is_content_info(data := path.read_bytes())
}


# --- the table -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_converts_as_the_table_says(to_der: Converter, case: dict[str, str | None]) -> None:
    """The table of the engine's own tests; a conversion has nothing left to convert."""
    assert case["input"] is not None
    expected = None if case["output"] is None else bytes.fromhex(case["output"])
    assert to_der(bytes.fromhex(case["input"])) == expected
    if expected is not None:
        assert to_der(expected) == expected


# --- vectors ---------------------------------------------------------------------------------


def test_converts_what_bouncycastle_writes(to_der: Converter) -> None:
    """A message whose DER form is known."""
    batch = VECTORS / "bouncycastle" / "batches"
    assert to_der((batch / "batch-5.ber").read_bytes()) == (batch / "batch-5.der").read_bytes()


@pytest.mark.parametrize("name", ["bouncycastle/batches/batch-5.ber", "ber/rsa2048-pkcs10.ber"])
def test_the_result_is_der_and_what_was_signed_is_untouched(to_der: Converter, name: str) -> None:
    """P3: refused as it stands, accepted as converted. V4: signed attributes are as received."""
    received = (VECTORS / name).read_bytes()
    with pytest.raises(DecodeError, match="not_canonical"):
        ContentInfo.from_der(received)
    converted = to_der(received)
    assert converted is not None
    assert ContentInfo.from_der(converted)
    attributes = span(converted, "signedAttrs")
    assert converted[attributes.start : attributes.end] in received
    assert to_der(converted) == converted


@pytest.mark.parametrize("name", MESSAGES)
def test_der_is_returned_unchanged(to_der: Converter, name: str) -> None:
    """Nothing to convert, so nothing may change."""
    assert to_der(MESSAGES[name]) == MESSAGES[name]


def test_what_is_no_content_info_is_refused(to_der: Converter) -> None:
    """Simple PKI Requests and certificates have no CMS wrapper."""
    others = [path for path in FILES if path.relative_to(VECTORS).as_posix() not in MESSAGES]
    assert others
    for path in others:
        assert to_der(path.read_bytes()) is None, path


# --- what stays as received ------------------------------------------------------------------


def span(data: bytes, name: str) -> Tlv:
    """Where signedAttrs of the first SignerInfo, or the first certificate, stands."""
    *_, explicit = children(data, read_tlv(data, 0, len(data)).content, len(data))
    signed_data = read_tlv(data, explicit.content, explicit.end)
    fields = list(children(data, signed_data.content, signed_data.end))
    if name == "certificates":
        return read_tlv(data, fields[3].content, fields[3].end)
    signer_info = read_tlv(data, fields[-1].content, fields[-1].end)
    return list(children(data, signer_info.content, signer_info.end))[3]


def splice(data: bytes, target: Tlv, octets: bytes) -> bytes:
    """The message with one element replaced; all lengths around it are indefinite."""

    def rewrite(tlv: Tlv) -> bytes:
        if tlv == target:
            return octets
        if not tlv.start <= target.start < tlv.end:
            return data[tlv.start : tlv.end]
        inner = b"".join(map(rewrite, children(data, tlv.content, tlv.end)))
        return indefinite(tlv.tag, inner)

    return rewrite(read_tlv(data, 0, len(data)))


REWRITTEN = {
    "indefinite": indefinite,
    "non-minimal": lambda tag, content: bytes([tag, 0x84]) + len(content).to_bytes(4) + content,
}


@pytest.mark.parametrize("form", REWRITTEN)
@pytest.mark.parametrize("name", ["certificates", "signedAttrs"])
def test_v4_what_was_signed_must_be_der_as_received(
    to_der: Converter, name: str, form: str
) -> None:
    """BER in signed attributes and certificates is not mended but refused, in its place."""
    data = MESSAGES["bouncycastle/signers/p256-sha256.der"]
    target = span(data, name)
    octets = REWRITTEN[form](target.tag, data[target.content : target.end])
    converted = to_der(splice(data, target, octets))
    assert converted is not None
    assert octets in converted
    with pytest.raises(DecodeError) as caught:
        ContentInfo.from_der(converted)
    assert caught.value.reason == "not_canonical"
    assert name in caught.value.path
    assert caught.value.offset is not None
    assert converted[caught.value.offset :].startswith(octets)


def test_v4_the_order_of_signed_attributes_is_kept(to_der: Converter) -> None:
    """Attributes out of order stay so, for the walk to refuse."""
    data = MESSAGES["bouncycastle/faults/attributes-unsorted.der"]
    target = span(data, "signedAttrs")
    converted = to_der(splice(data, target, data[target.start : target.end]))
    assert converted == data
    with pytest.raises(DecodeError, match="attributes_unsorted"):
        ContentInfo.from_der(data)


# --- every form of BER -----------------------------------------------------------------------

STRINGS = (0x04, 0x0C, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1A, 0x1B, 0x1C, 0x1E)


class Encoder:
    """Writes DER that was read back as BER, in the wrapper only."""

    def __init__(self, data: bytes, choices: random.Random) -> None:
        self.data = data
        self.choices = choices

    def message(self) -> bytes:
        """The whole message."""
        return self.node(CONTENT_INFO, read_tlv(self.data, 0, len(self.data)), "")

    def node(self, node: Node, tlv: Tlv, oid: str) -> bytes:
        """An element of a type."""
        data = self.data
        if node.kind is Kind.OPEN and node.table == "content" and oid in OPEN_TYPES["content"]:
            return self.node(schema.node(OPEN_TYPES["content"][oid]), tlv, "")
        if node.name in ("CertificateChoices", "RevocationInfoChoice") or node.signed:
            return data[tlv.start : tlv.end]
        if node.kind is Kind.OPEN and node.table != "recipient":
            return data[tlv.start : tlv.end]
        if node.kind is Kind.ALIAS:
            assert node.inner
            return self.node(node.inner, tlv, oid)
        if node.kind is Kind.SET_OF:
            assert node.inner
            elements = [self.node(node.inner, e, oid) for e in self.children(tlv)]
            self.choices.shuffle(elements)
            return self.wrap(tlv.tag, b"".join(elements), constructed=True)
        if node.kind is Kind.SEQUENCE:
            return self.wrap(tlv.tag, b"".join(self.fields(node, tlv)), constructed=True)
        return self.plain(tlv)

    def fields(self, node: Node, tlv: Tlv) -> list[bytes]:
        """The fields of a SEQUENCE."""
        written, oid, elements = [], "", self.children(tlv)
        fields = list(node.fields)
        for element in elements:
            field = fields.pop(0)
            while element.tag not in field.tags and field.tags:
                field = fields.pop(0)
            if field.node.kind is Kind.OBJECT_IDENTIFIER:
                oid = _schema_oid(self.data, element)
            written.append(self.field(field, element, oid))
        return written

    def field(self, field: Field, tlv: Tlv, oid: str) -> bytes:
        """An element that stands in a field."""
        if field.explicit:
            inner = read_tlv(self.data, tlv.content, tlv.end)
            return self.wrap(tlv.tag, self.node(field.node, inner, oid), constructed=True)
        if field.name == "encryptedContent":
            return self.string(tlv, 0x04)
        return self.node(field.node, tlv, oid)

    def plain(self, tlv: Tlv) -> bytes:
        """An element by its tag."""
        if tlv.tag in STRINGS:
            return self.string(tlv, 0x04)
        if tlv.tag == 0x03:
            return self.string(tlv, 0x03)
        content = self.data[tlv.content : tlv.end]
        if tlv.tag & 0x20 == 0:
            if tlv.tag == 0x01 and content != b"\0":
                content = bytes([self.choices.randint(1, 255)])
            return self.wrap(tlv.tag, content, constructed=False)
        elements = list(map(self.plain, self.children(tlv)))
        if tlv.tag == 0x31:
            self.choices.shuffle(elements)
        return self.wrap(tlv.tag, b"".join(elements), constructed=True)

    def string(self, tlv: Tlv, segment: int) -> bytes:
        """A string, in one piece or in segments, in up to three levels."""
        content = self.data[tlv.content : tlv.end]
        if self.choices.random() < 0.3:
            return self.wrap(tlv.tag, content, constructed=False)
        unused = content[:1] if segment == 0x03 else b""
        content = content[len(unused) :]
        pieces, pos = [], 0
        while pos < len(content):
            size = self.choices.choice((0, 1, 7, 1000))
            pieces.append(content[pos : pos + size])
            pos += size
            if len(pieces) > 20:
                pieces.append(content[pos:])
                break
        last = len(pieces) - 1
        padding = [(unused if index == last else b"\0"[: len(unused)]) for index in range(last + 1)]
        segments = [
            self.wrap(segment, pad + piece, constructed=False)
            for pad, piece in zip(padding, pieces, strict=True)
        ]
        for _ in range(self.choices.randrange(3)):
            start = self.choices.randint(0, len(segments))
            stop = self.choices.randint(start, len(segments))
            nested = self.wrap(segment | 0x20, b"".join(segments[start:stop]), constructed=True)
            segments[start:stop] = [nested]
        return self.wrap(tlv.tag | 0x20, b"".join(segments), constructed=True)

    def wrap(self, tag: int, content: bytes, *, constructed: bool) -> bytes:
        """Identifier and length around content, in one of the permitted forms."""
        if constructed and self.choices.random() < 0.5:
            return indefinite(tag, content)
        least = (len(content).bit_length() + 7) // 8
        octets = self.choices.randint(max(least, 0 if len(content) < 0x80 else 1), 4)
        if octets == 0:
            return bytes([tag, len(content)]) + content
        return bytes([tag, 0x80 | octets]) + len(content).to_bytes(octets) + content

    def children(self, tlv: Tlv) -> list[Tlv]:
        """The elements of a constructed element."""
        return list(children(self.data, tlv.content, tlv.end))


def _schema_oid(data: bytes, tlv: Tlv) -> str:
    return ContentType.from_der(data[tlv.start : tlv.end]).value


@pytest.mark.parametrize("name", MESSAGES)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_every_form_of_ber_converts_back(name: str, seed: int) -> None:
    """Whatever the sender chose, the DER form is the one message there is."""
    received = Encoder(MESSAGES[name], random.Random(seed)).message()
    for to_der in CONVERTERS.values():
        assert to_der(received) == MESSAGES[name]


# --- hostile input ---------------------------------------------------------------------------

INPUTS = [bytes.fromhex(case["input"]) for case in CASES]


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_p9_damage_never_raises(data: st.DataObject) -> None:
    """Octets replaced, inserted and cut: a conversion that can be repeated, or None."""
    octets = bytearray(data.draw(st.sampled_from(INPUTS)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(octets)))
        stop = data.draw(st.integers(at, min(at + 3, len(octets))))
        octets[at:stop] = data.draw(
            st.binary(max_size=4) | st.sampled_from([b"\0\0", b"\x30\x80", b"\x24\x80", b"\x84"])
        )
    for to_der in CONVERTERS.values():
        converted = to_der(bytes(octets))
        assert converted is None or to_der(converted) == converted


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64))
def test_p9_anything_never_raises(octets: bytes) -> None:
    """Octets of no origin."""
    for to_der in CONVERTERS.values():
        to_der(octets)
        to_der(b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80" + octets)


@pytest.mark.parametrize("opening", [b"\x30\x80", b"\xa0\x80", b"\x24\x80", b"\x31\x80"])
@pytest.mark.parametrize("where", ["digestAlgorithms", "eContent", "certificates", "content"])
def test_p1_nesting_is_bounded(to_der: Converter, opening: bytes, where: str) -> None:
    """A hundred thousand levels are refused, wherever they begin."""
    start = {
        "digestAlgorithms": b"\x02\x01\x03\x31\x80",
        "eContent": b"\x02\x01\x03\x31\x00\x30\x80\x06\x01\x2a\xa0\x80",
        "certificates": b"\x02\x01\x03\x31\x00\x30\x03\x06\x01\x2a\xa0\x80",
        "content": b"",
    }[where]
    head = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80"
    assert to_der(head + start + opening * 100_000) is None
    assert to_der(head + start + opening * 100_000 + b"\0\0" * 100_010) is None


def test_p7_sorting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set in order may have any number of elements, one out of order only so many."""
    monkeypatch.setattr(ber, "MAX_BODY_PARTS", 1000)

    def message(first: bytes, count: int) -> bytes:
        head = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80"
        return head + b"\x02\x01\x03\x31\x80" + first + b"\x05\0" * count + b"\0" * 8

    assert ber.to_der(message(b"", 1001)) is not None
    assert ber.to_der(message(b"\x06\0", 999)) is not None
    assert ber.to_der(message(b"\x06\0", 1000)) is None


def test_p2_a_declared_length_costs_nothing(to_der: Converter) -> None:
    """Four gigabytes that are not there."""
    assert to_der(b"\x30\x84\xff\xff\xff\xff\x06\x01\x2a") is None
    assert to_der(b"\x30\x80\x06\x84\xff\xff\xff\xff\x2a") is None


def test_p2_a_converted_length_has_at_most_four_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments can add up to more than DER within P2 can say."""

    class Long(bytearray):
        def __len__(self) -> int:
            return super().__len__() << 32

    monkeypatch.setattr(ber, "bytearray", Long, raising=False)
    assert ber.to_der(MESSAGES["bouncycastle/responses/success.der"]) is None
