"""Data beside the signatures of a message (RFC 10002 §3.2.3)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.asn1 import TLV
from cmcodec.cms import Recipient, RecipientKey
from cmcodec.controls import unsigned_data
from cmcodec.errors import DecodeError, EncodeError, ProofError
from cmcodec.types.controls import CMCFailInfo
from kit.controls import request
from kit.der import indefinite, oid, seq, tlv
from kit.keys import certificate, key
from kit.messages import members, pkcs10, pki_data, signed_data
from kit.vectors import shared

PASSWORD = b"beside"
KEY = RecipientKey.from_password(PASSWORD)


def datum(text: bytes = b"x", path: tuple[int, ...] = (1,)) -> types.CMCUnsignedData:
    return types.CMCUnsignedData(
        body_part_path=types.BodyPartPath(path),
        identifier="1.3.6.1.4.1.99999.1",
        content=TLV(tlv(0x04, text)),
    )


def holding(*values: types.CMCUnsignedData) -> types.Attribute:
    return types.Attribute(attr_type=oids.ID_AA_CMC_UNSIGNED_DATA, attr_values=values)


ONE, OTHER = datum(b"one"), datum(b"other", (1, 2))
PRIVATE = types.Attribute(attr_type="1.3.6.1.4.1.99999.2", attr_values=(TLV(b"\x05\x00"),))
LATER = types.Attribute(attr_type="2.5.4.3", attr_values=(TLV(b"\x05\x00"), TLV(b"\x02\x01\x01")))
"""Its encoding comes after that of the data in a SET OF, PRIVATE's before."""


@cache
def signer(kind: str = "ed25519") -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key(kind), certificate(kind))


@cache
def client(*kinds: str) -> bytes:
    """A message of a client under one signature or more."""
    content = request(key("ed25519"))
    made: list[Any] = [
        types.ContentInfo.from_der(cms.sign(content, signer(kind))).content
        for kind in kinds or ("ed25519",)
    ]
    merged = replace(
        made[0],
        digest_algorithms=tuple(dict.fromkeys(
            algorithm for each in made for algorithm in each.digest_algorithms
        )),
        certificates=tuple(one for each in made for one in each.certificates),
        signer_infos=tuple(one for each in made for one in each.signer_infos),
    )  # fmt: skip
    return types.ContentInfo(content_type=oids.ID_SIGNED_DATA, content=merged).to_der()


def beside(octets: bytes, *attributes: Any) -> bytes:
    """The message with these unsigned attributes: of each signer a tuple."""
    info = types.ContentInfo.from_der(octets)
    layer: Any = info.content
    infos = tuple(
        replace(one, unsigned_attrs=mine or None)
        for one, mine in zip(layer.signer_infos, attributes, strict=True)
    )
    return replace(info, content=replace(layer, signer_infos=infos)).to_der()


def under_mac(*attributes: types.Attribute) -> bytes:
    """The same message under a MAC with these unauthenticated attributes."""
    octets = cms.authenticate(
        request(key("ed25519")),
        Recipient.from_password(PASSWORD, iterations=1000),
        random=lambda count: bytes(range(count)),
    )
    info = types.ContentInfo.from_der(octets)
    layer: Any = info.content
    return replace(info, content=replace(layer, unauth_attrs=attributes or None)).to_der()


def promoted(octets: Any, number: int = 7) -> tuple[bytes, tuple[types.CMCUnsignedData, ...]]:
    """What is promoted; the rest is loaded as DER and has nothing to promote."""
    rest, values = unsigned_data.promote(octets, number)
    assert cmcodec.load(rest, strict=True).encoding == "der"
    assert unsigned_data.promote(rest, number) == (rest, ())
    return rest, values


def wrong(octets: bytes) -> None:
    """R-059, R-060: both functions refuse it."""
    for action in (
        lambda: unsigned_data.read(cmcodec.load(octets)),
        lambda: unsigned_data.promote(octets, 7),
    ):
        with pytest.raises(ProofError) as raised:
            action()
        found = raised.value
        assert (found.reason, found.fail_info, found.body_parts) == (
            "unsigned_data_wrong", CMCFailInfo.BAD_REQUEST, (0,),
        )  # fmt: skip


# --- reading ---------------------------------------------------------------------------------


def test_values_are_read() -> None:
    """R-059: one attribute with one value or more, of a signature and of a MAC."""
    for octets in (beside(client(), (holding(ONE, OTHER),)), under_mac(holding(ONE, OTHER))):
        message = cmcodec.load(octets)
        assert set(unsigned_data.read(message)) == {ONE, OTHER}
        assert unsigned_data.read(message) == unsigned_data.read(message.open(KEY))
    vector = cms.authenticate(
        request(key("ed25519")), Recipient.from_password(PASSWORD, iterations=1),
        unsigned_data=[ONE],
    )  # fmt: skip
    assert unsigned_data.read(cmcodec.load(vector)) == (ONE,)


@pytest.mark.parametrize(
    "octets",
    [
        pkcs10(),
        signed_data(),
        shared("response/simple-certs-only.der"),
        shared("enveloped/rsa-keytrans-aes256cbc.der"),
        shared("authdata/pwri-hmacsha256-req.der"),
        shared("signed/p256-pkcs10.der"),
    ],
    ids=["pkcs10", "no signer", "certs-only", "encrypted", "MAC", "signed"],
)
def test_messages_without_any(octets: bytes) -> None:
    """They are returned as they are."""
    assert unsigned_data.read(cmcodec.load(octets)) == ()
    assert unsigned_data.promote(octets, 7) == (octets, ())


def test_data_inside_the_content_are_not_beside_it() -> None:
    """R-061: what a nested message has beside its signature is that one's own affair."""
    inner = beside(client(), (holding(ONE),))
    outer = signed_data(pki_data(members=members(inner)))
    assert unsigned_data.promote(outer, 7) == (outer, ())
    octets = beside(client(), (PRIVATE,))
    assert unsigned_data.promote(octets, 7) == (octets, ())


def test_an_envelope_has_none() -> None:
    """R-059: its attributes are not those of a SignerInfo or an AuthenticatedData."""
    for algorithm, field in (("id-aes256-GCM", "unauth_attrs"),
                             ("id-aes256-CBC", "unprotected_attrs")):  # fmt: skip
        octets = cms.encrypt(client(), Recipient.from_kek(bytes(32), b"kek"), algorithm=algorithm)
        info = types.ContentInfo.from_der(octets)
        layer: Any = replace(info.content, **{field: (holding(ONE),)})  # type: ignore[type-var]
        octets = replace(info, content=layer).to_der()
        assert unsigned_data.read(cmcodec.load(octets)) == ()
        assert unsigned_data.promote(octets, 7) == (octets, ())


# --- what is wrong ---------------------------------------------------------------------------


def test_r_059_one_attribute() -> None:
    """R-059: not two, with the same values or others."""
    for pair in ((holding(ONE), holding(OTHER)), (holding(ONE), holding(ONE))):
        wrong(beside(client(), pair))
        wrong(under_mac(*pair))


def test_r_059_one_value_at_least() -> None:
    """R-059: an attribute without a value is wrong, also beside one that has some."""
    for attributes in ((holding(),), (holding(), holding(ONE)), (holding(), PRIVATE)):
        wrong(beside(client(), attributes))
        wrong(under_mac(*attributes))


def test_r_060_all_signers_have_the_same() -> None:
    """R-060: the same values, in any order; not more, not fewer, not none."""
    octets = client("ed25519", "p-256")
    same = beside(octets, (holding(ONE, OTHER),), (PRIVATE, holding(OTHER, ONE)))
    assert set(unsigned_data.read(cmcodec.load(same))) == {ONE, OTHER}
    for first, second in (
        ((holding(ONE),), (holding(OTHER),)),
        ((holding(ONE),), (holding(ONE, OTHER),)),
        ((holding(ONE),), ()),
        ((), (holding(ONE),)),
        ((holding(ONE),), (PRIVATE,)),
        ((holding(ONE),), (holding(ONE), holding(ONE))),
        ((holding(),), (holding(),)),
    ):
        wrong(beside(octets, first, second))


def test_values_of_another_type_are_no_message() -> None:
    """P1: such a message does not load."""
    unknown = oids.ID_AA_CMC_UNSIGNED_DATA[:-2] + "99"
    octets = beside(client(), (replace(PRIVATE, attr_type=unknown),))
    octets = octets.replace(oid(unknown), oid(oids.ID_AA_CMC_UNSIGNED_DATA))
    with pytest.raises(DecodeError):
        unsigned_data.promote(octets, 7)


# --- promoting -------------------------------------------------------------------------------


def test_r_061_data_are_taken_out_and_led_to() -> None:
    """R-061: the message is as if it had never had any, and each path begins with its id."""
    for with_data, without in (
        (beside(client(), (holding(ONE, OTHER),)), client()),
        (under_mac(holding(ONE, OTHER)), under_mac()),
    ):
        rest, values = promoted(with_data)
        assert rest == without
        assert {value.body_part_path.value for value in values} == {(7, 1), (7, 1, 2)}
        assert {(value.identifier, value.content) for value in values} == {
            (value.identifier, value.content) for value in (ONE, OTHER)
        }


def test_r_061_the_signature_and_the_mac_hold() -> None:
    """R-061: nothing that is signed has changed."""
    rest, _ = promoted(beside(client(), (holding(ONE),)))
    assert cmcodec.load(rest).verify().origin == "certificate"
    rest, _ = promoted(under_mac(holding(ONE)))
    assert cmcodec.load(rest).open(KEY).origin == "mac"


@pytest.mark.parametrize("others", [(PRIVATE,), (LATER,), (PRIVATE, LATER)],
                         ids=["before", "after", "both"])  # fmt: skip
def test_r_061_other_attributes_stay(others: tuple[types.Attribute, ...]) -> None:
    """R-061: only this one is taken out of those that nothing covers."""
    assert promoted(beside(client(), (*others, holding(ONE))))[0] == beside(client(), others)
    assert promoted(under_mac(*others, holding(ONE)))[0] == under_mac(*others)


def test_r_061_out_of_all_signers() -> None:
    """R-061: and what a SET OF sorts is sorted by what is left."""
    octets = client("ed25519", "p-256", "rsa-2048")
    mine = (holding(ONE),)
    rest, values = promoted(beside(octets, mine, mine, mine))
    assert (rest, len(values)) == (octets, 1)
    assert len(cmcodec.load(rest).verify().signers) == 3
    for order in ((PRIVATE,), (), (LATER,)), ((), (PRIVATE,), ()):
        kept = beside(octets, *order)
        assert promoted(beside(octets, *((*each, *mine) for each in order)))[0] == kept


def test_r_061_the_path_in_the_current_message() -> None:
    """R-061, T-26: 0 stays, and names the client's message from then on."""
    (value,) = promoted(beside(client(), (holding(datum(path=(0,))),)), 9)[1]
    assert value.body_part_path == types.BodyPartPath((9, 0))


def test_r_061_across_two_layers() -> None:
    """R-061: each RA puts its own id in front."""
    rest, first = promoted(beside(client(), (holding(ONE),)), 5)
    of_ra = beside(
        cms.sign(
            types.PKIData(
                control_sequence=(), req_sequence=(),
                cms_sequence=(types.TaggedContentInfo(
                    body_part_id=5, content_info=types.ContentInfo.from_der(rest)),),
                other_msg_sequence=(),
            ),
            signer(),
        ),
        (holding(*first),),
    )  # fmt: skip
    outer, second = promoted(of_ra, 6)
    assert [value.body_part_path.value for value in second] == [(6, 5, 1)]
    assert dict(cmcodec.load(outer).unverified_messages)[5].to_der() == client()


def test_messages_in_every_form() -> None:
    """A loaded message, one nested in a buffer, PEM's base64, and BER, which becomes DER."""
    octets = beside(client(), (holding(ONE),))
    expected = promoted(octets)
    assert unsigned_data.promote(cmcodec.load(octets), 7) == expected
    assert unsigned_data.promote(bytearray(octets), 7) == expected
    around = cmcodec.load(signed_data(pki_data(members=members(octets))))
    ((_, inside),) = around.unverified_messages
    assert unsigned_data.promote(inside, 7) == expected
    content = octets[cmcodec.load(octets).locate("content")[0] :]  # type: ignore[index]
    ber = indefinite(0x30, oid(oids.ID_SIGNED_DATA), indefinite(0xA0, content))
    assert cmcodec.load(ber).encoding == "ber"
    assert promoted(ber) == expected


@pytest.mark.parametrize("number", [0, -1, 2**32])
def test_r_056_the_id_is_one(number: int) -> None:
    """R-056: from 1 to 2^32-1."""
    with pytest.raises(EncodeError) as raised:
        unsigned_data.promote(client(), number)
    assert (raised.value.reason, raised.value.path) == ("bad_value", "bodyPartID")
    octets = beside(client(), (holding(ONE),))
    assert promoted(octets, 2**32 - 1)[1][0].body_part_path.value == (2**32 - 1, 1)


def test_what_is_no_message() -> None:
    """P9: it is refused as `load` does."""
    with pytest.raises(DecodeError):
        unsigned_data.promote(seq(b"\x05\x00"), 7)


@given(
    texts=st.lists(st.binary(max_size=300), min_size=1, max_size=4, unique=True),
    size=st.sampled_from([0, 90, 130, 300, 70_000]),
    before=st.booleans(),
)
def test_r_061_lengths_of_every_form(texts: list[bytes], size: int, before: bool) -> None:
    """R-061: however the lengths around change, the rest is as if there had been none."""
    big = replace(PRIVATE, attr_values=(TLV(tlv(0x04, bytes(size))),))
    others = (big,) if before else ()
    mine = holding(*(datum(text) for text in texts))
    octets = client("ed25519", "p-256")
    rest, values = promoted(beside(octets, (*others, mine), (mine,)))
    assert rest == beside(octets, others, ())
    assert len(values) == len(texts)
