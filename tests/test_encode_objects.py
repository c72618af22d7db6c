"""Values as Python has them: derived, half made, changed meanwhile, and members of messages."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import cmcodec
from cmcodec import _backend, types
from cmcodec.asn1 import NULL, TLV, Asn1, BitString, LazySequence
from kit.answers import refusal
from kit.der import integer, seq, tlv
from kit.messages import EMPTY_PKI_DATA, control, pki_data, signed_data, tagged_content_info

ALGORITHM = types.AlgorithmIdentifier(algorithm="1.2.3")
EXTENSION = types.Extension(extn_id="1.2", critical=True, extn_value=b"x")
EXTENSIONS = "1.2.840.113549.1.9.14"


def bad_type(path: str) -> tuple[str, str, None, str]:
    return "EncodeError", "bad_type", None, path


def deleted(value: Any, name: str) -> Any:
    """The value with an attribute less, as no constructor makes it."""
    object.__delattr__(value, name)
    return value


def changed(value: Any, name: str, item: object) -> Any:
    """The value with an attribute changed behind the back of its class."""
    object.__setattr__(value, name, item)
    return value


# --- derived classes -------------------------------------------------------------------------


class MyTransactionId(types.TransactionId):
    """A class of the caller's own, with the slots of the declared one."""

    __slots__ = ()


class MyAlgorithm(types.AlgorithmIdentifier):
    """With more than the declared one, in a dictionary."""

    def __init__(self, algorithm: str, **more: object) -> None:
        super().__init__(algorithm=algorithm)
        vars(self).update(more)


class Computed(types.DataReturn):
    """A value that is looked up when it is asked for."""

    __slots__ = ()

    def __init__(self) -> None:
        pass

    @property
    def value(self) -> bytes:  # type: ignore[override]
        # Encoding inside encoding.
        return types.TransactionId(7).to_der()


class MyBits(BitString):  # type: ignore[misc]
    """`final` says it to type checkers only."""

    __slots__ = ()


class MyTLV(TLV):
    __slots__ = ()


class MyTime(datetime):
    """A time of the caller's own."""


@pytest.mark.parametrize(
    ("value", "same"),
    [
        (MyTransactionId(5), types.TransactionId(5)),
        (MyAlgorithm("1.2.3", note="x"), ALGORITHM),
        (Computed(), types.DataReturn(b"\x02\x01\x07")),
        (MyBits(b"\xf0", 4), BitString(b"\xf0", 4)),
        (MyTLV(b"\x05\x00"), TLV(b"\x05\x00")),
        (
            replace(ALGORITHM, parameters=MyTLV(b"\x05\x00")),
            replace(ALGORITHM, parameters=TLV(b"\x05\x00")),
        ),
        (
            replace(ALGORITHM, parameters=types.Certificate(b"\x30\x00")),
            replace(ALGORITHM, parameters=TLV(b"\x30\x00")),
        ),
        (
            types.GeneralName(directory_name=types.Name(rdn_sequence=[[]])),  # type: ignore[arg-type]
            types.GeneralName(directory_name=types.Name(rdn_sequence=((),))),
        ),
        (
            types.Time(utc_time=MyTime(2027, 1, 1, tzinfo=UTC)),
            types.Time(utc_time=datetime(2027, 1, 1, tzinfo=UTC)),
        ),
    ],
)
def test_instances_of_derived_classes(value: Asn1, same: Asn1) -> None:
    """A value of a class derived from a declared one is a value of the declared one."""
    refused = refusal(same.to_der)
    assert refusal(value.to_der) == refused
    if not refused:
        assert value.to_der() == same.to_der()


def test_derived_classes_inside_others() -> None:
    """The same in fields, in open types and among elements."""
    attribute = types.TaggedAttribute(
        body_part_id=1, attr_type="1.3.6.1.5.5.7.7.5", attr_values=(MyTransactionId(5),)
    )
    assert attribute.to_der() == control(1, 5, integer(5))
    signature = types.CMSAlgorithmProtection(
        digest_algorithm=MyAlgorithm("1.2.3"), signature_algorithm=MyAlgorithm("1.2.3")
    )
    plain = types.CMSAlgorithmProtection(digest_algorithm=ALGORITHM, signature_algorithm=ALGORITHM)
    assert signature.to_der() == plain.to_der()


def test_a_derived_class_is_not_another_type() -> None:
    """What goes by the name of a declared type is not one."""
    namesake = type("Name", (types.TransactionId,), {"__slots__": ()})
    assert namesake(5).to_der() == integer(5)
    value = types.GeneralName(directory_name=namesake(5))
    assert refusal(value.to_der) == bad_type("generalName.directoryName")
    holder = types.Attribute(attr_type="1.2.3", attr_values=(MyTransactionId(5),))
    assert refusal(holder.to_der) == bad_type("attribute.attrValues[0]")


# --- half made and changed -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("getCert.serialNumber", deleted(types.GetCert(issuer_name=types.GeneralName(
            dns_name="x"), serial_number=1), "serial_number")),
        ("getCert.issuerName", object.__new__(types.GetCert)),
        ("transactionId", object.__new__(types.TransactionId)),
        ("algorithmIdentifier.parameters", deleted(
            types.AlgorithmIdentifier(algorithm="1.2.3"), "parameters")),
        ("extension.critical", deleted(replace(EXTENSION), "critical")),
        ("any", object.__new__(TLV)),
        ("certificate", object.__new__(types.Certificate)),
        ("generalName.dNSName", changed(types.GeneralName(dns_name="x"), "dns_name", 5)),
        ("pkiData.controlSequence", changed(
            types.PKIData.from_der(EMPTY_PKI_DATA), "control_sequence", None)),
        ("pkiData.cmsSequence", changed(
            types.PKIData.from_der(EMPTY_PKI_DATA), "cms_sequence", b"")),
    ],
)  # fmt: skip
def test_attributes_gone_or_of_another_type(path: str, value: Asn1) -> None:
    """P9: what no constructor makes is refused like any wrong type."""
    assert refusal(value.to_der) == bad_type(path)


@pytest.mark.parametrize(
    ("reason", "path", "value"),
    [
        ("bad_value", "bitString", object.__new__(BitString)),
        ("bad_value", "bitString", deleted(BitString(b"x"), "unused_bits")),
        ("bad_value", "generalName", changed(types.GeneralName(dns_name="x"), "dns_name", None)),
        ("bad_value", "generalName", changed(types.GeneralName(dns_name="x"), "rfc822_name", "y")),
        ("bad_value", "generalName", deleted(types.GeneralName(dns_name="x"), "rfc822_name")),
    ],
)
def test_alternatives_and_bits_gone(reason: str, path: str, value: Asn1) -> None:
    """P9: a CHOICE has one alternative, whatever was done to it."""
    assert refusal(value.to_der) == ("EncodeError", reason, None, path)


class Equal:
    """Equal to everything, and nobody's type."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True


class Raising:
    """Not to be compared."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError


class Clearing:
    """Empties what it stands in when it is compared."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, *things: Any) -> None:
        self.things = things

    def __eq__(self, other: object) -> bool:
        for thing in self.things:
            if isinstance(thing, list):
                thing.clear()
            else:
                for name in type(thing).__dataclass_fields__:
                    object.__delattr__(thing, name)
        return False


def test_values_with_an_equality_of_their_own() -> None:
    """What says it is the DEFAULT is left out; only wholly foreign code raises through."""
    assert (
        replace(EXTENSION, critical=Equal()).to_der()
        == replace(  # type: ignore[arg-type]
            EXTENSION, critical=False
        ).to_der()
    )
    with pytest.raises(ZeroDivisionError):
        replace(EXTENSION, critical=Raising()).to_der()  # type: ignore[arg-type]


def test_values_that_change_while_they_are_encoded() -> None:
    """P9: code of the caller that runs meanwhile may take away what is being encoded."""
    elements: list[Any] = []
    last = replace(EXTENSION)
    template = types.CertTemplate(extensions=elements)  # type: ignore[arg-type]
    changed(last, "critical", Clearing(elements, template, last))
    elements += [replace(EXTENSION), last]
    refused = refusal(template.to_der)
    assert refused
    assert refused[:2] == ("EncodeError", "bad_type")


def test_what_the_walk_refuses_is_refused_wherever_it_stands() -> None:
    """P3, P5: octets in values are read as those of their type, whoever wrote them."""
    for parameters, reason in (
        (b"\x31\x06\x02\x01\x02\x02\x01\x01", "not_canonical"),
        (b"\x02\x02\x00\x01", "not_canonical"),
        (b"\x30\x03\x02\x02\x00", "truncated"),
        (b"\x0c\x01\xff", "bad_value"),
        (b"\x00\x00", "bad_tag"),
    ):
        refused = refusal(replace(ALGORITHM, parameters=TLV(parameters)).to_der)
        assert refused == ("EncodeError", reason, None, "algorithmIdentifier.parameters")
    refused = refusal(types.SignedData(
        version=3, digest_algorithms=(), signer_infos=(),
        encap_content_info=types.EncapsulatedContentInfo(e_content_type="1.2.3"),
        certificates=(types.CertificateChoices(certificate=types.Certificate(b"\x31\x00")),),
    ).to_der)  # fmt: skip
    assert refused
    assert refused[1] == "bad_tag"


def test_elements_that_would_be_read_as_others() -> None:
    """A value whose octets stand for another alternative or field is no encoding of itself."""
    archived = types.EncryptedKey(encrypted_value=TLV(b"\xa0\x00"))
    assert refusal(archived.to_der)
    assert types.EncryptedKey(encrypted_value=TLV(b"\x30\x00")).to_der() == b"\x30\x00"
    known = types.Attribute(attr_type=EXTENSIONS, attr_values=(TLV(b"\x31\x00"),))
    refused = refusal(known.to_der)
    assert refused == ("EncodeError", "bad_tag", None, "attribute.attrValues[0]")


# --- scalars ---------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [0, 7, 8, 15, 62, 63, 64, 65, 95, 127, 128, 160, 1023, 16383])
def test_integers_of_any_size(bits: int) -> None:
    """X.690 8.3: as short as they can be, positive and negative."""
    for size in (2**bits - 1, 2**bits, 2**bits + 1):
        for number in (size, -size):
            length = (number + (number < 0)).bit_length() // 8 + 1
            octets = number.to_bytes(length, "big", signed=True)
            value = types.TransactionId(number)
            if length > 2048 + (octets[0] == 0):
                refused = ("EncodeError", "limit", None, "transactionId")
                assert refusal(value.to_der) == refused
            else:
                assert value.to_der() == tlv(0x02, octets)


def test_object_identifiers_again_and_again() -> None:
    """One text, equal texts and very many texts: each has its own octets every time."""
    texts = [f"1.3.6.1.4.1.{number}.{number % 7}" for number in range(2000)]
    first = [types.ContentType(text).to_der() for text in texts]
    assert len(set(first)) == len(texts)
    assert [types.ContentType(text).to_der() for text in texts] == first
    assert [types.ContentType(" ".join(text).replace(" ", "")).to_der() for text in texts] == first
    assert types.ContentType.from_der(first[1999]).value == texts[1999]
    long = "2.999" + ".1000000" * 30
    for _ in range(2):
        assert types.ContentType.from_der(types.ContentType(long).to_der()).value == long


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(1950, 1, 1, tzinfo=UTC), b"500101000000Z"),
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"491231235959Z"),
        (datetime(2000, 2, 3, 4, 5, 6, tzinfo=UTC), b"000203040506Z"),
        (datetime(2050, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), b"491231230000Z"),
        (datetime(2027, 1, 1, tzinfo=timezone(timedelta())), b"270101000000Z"),
    ],
)
def test_utc_times(moment: datetime, text: bytes) -> None:
    """X.690 11.8: two digits of the year, in UTC, whichever object stands for it."""
    assert types.Time(utc_time=moment).to_der() == tlv(0x17, text)
    general = types.Time(general_time=moment).to_der()
    assert types.Time.from_der(general).general_time == moment


# --- what was encoded just before ------------------------------------------------------------

PKI_DATA = "1.3.6.1.5.5.7.12.2"
PKI_RESPONSE = "1.3.6.1.5.5.7.12.3"


def wrapped(octets: bytes, content_type: str = PKI_DATA) -> types.ContentInfo:
    """A ContentInfo without signers around the octets."""
    held = types.EncapsulatedContentInfo(e_content_type=content_type, e_content=octets)
    signed = types.SignedData(
        version=3, digest_algorithms=(), encap_content_info=held, signer_infos=()
    )
    return types.ContentInfo(content_type="1.2.840.113549.1.7.2", content=signed)


def test_content_is_of_its_type_although_it_was_just_encoded() -> None:
    """Octets that claim to be a PKIResponse are one, wherever they come from."""
    content = types.PKIData.from_der(pki_data(controls=[control(1, 5, integer(7))]))
    octets = content.to_der()
    assert wrapped(octets).to_der() == signed_data(octets)
    octets = content.to_der()
    refused = refusal(wrapped(octets, PKI_RESPONSE).to_der)
    assert refused
    assert refused[3].startswith("contentInfo.content.encapContentInfo.eContent")
    octets = types.ContentType("1.2").to_der()
    assert refusal(wrapped(octets).to_der)


def test_messages_built_from_the_inside() -> None:
    """P6: each layer encoded just before the one around it, up to the bound and no further."""
    octets = EMPTY_PKI_DATA
    for _ in range(8):
        info = wrapped(types.PKIData.from_der(octets).to_der())
        member = types.TaggedContentInfo(body_part_id=1, content_info=info)
        content = types.PKIData(
            control_sequence=(), req_sequence=(), cms_sequence=(member,), other_msg_sequence=()
        )
        octets = content.to_der()
        assert types.PKIData.from_der(octets) == content
    refused = refusal(wrapped(content.to_der()).to_der)
    assert refused
    assert refused[:3] == ("EncodeError", "limit", None)


# --- members ---------------------------------------------------------------------------------

INNER = signed_data(pki_data(controls=[control(1, 5, integer(7))]))
BATCH = pki_data(
    controls=[control(1, 5, integer(1))],
    members=[tagged_content_info(INNER, 2), tagged_content_info(INNER, 3)],
)
BROKEN = tagged_content_info(signed_data(b"\x30\x00"), 2)


def loaded(content: bytes, **options: Any) -> types.PKIData:
    """The content of a loaded message."""
    found = cmcodec.load(signed_data(content), **options).unverified_content
    assert isinstance(found, types.PKIData)
    return found


def members_of(content: types.PKIData) -> LazySequence[types.TaggedContentInfo]:
    assert isinstance(content.cms_sequence, LazySequence)
    return content.cms_sequence


@pytest.mark.parametrize("read", [loaded, types.PKIData.from_der])
def test_unchanged_members(read: Any) -> None:
    """What was not changed encodes as it was received, next to what was."""
    content = read(BATCH)
    assert content.to_der() == BATCH
    other = replace(content, control_sequence=(), other_msg_sequence=())
    assert other.to_der() == pki_data(
        members=[tagged_content_info(INNER, 2), tagged_content_info(INNER, 3)]
    )
    assert types.PKIData.from_der(other.to_der()) == other
    assert replace(content, cms_sequence=tuple(content.cms_sequence)).to_der() == BATCH
    values = (types.TransactionId(2**70), types.TransactionId(300), types.TransactionId(2))
    control_sequence = (replace(content.control_sequence[0], attr_values=values),)
    sorted_set = replace(content, control_sequence=control_sequence)
    assert types.PKIData.from_der(sorted_set.to_der()).cms_sequence == content.cms_sequence


def test_unchanged_members_beside_ids_of_their_own() -> None:
    """P6: ids are unique over all sequences, whichever of them is unchanged."""
    content = loaded(BATCH)
    clash = replace(content.control_sequence[0], body_part_id=3)
    refused = refusal(replace(content, control_sequence=(clash,)).to_der)
    assert refused == ("EncodeError", "duplicate_body_part_id", None, "pkiData.cmsSequence[1]")
    bad = replace(content.control_sequence[0], body_part_id=0)
    refused = refusal(replace(content, control_sequence=(bad,)).to_der)
    assert refused == ("EncodeError", "limit", None, "pkiData.controlSequence[0]")


def test_unchanged_members_in_another_message() -> None:
    """Members of one message may become those of another, of either kind."""
    content = loaded(BATCH)
    answer = types.PKIResponse(
        control_sequence=(), cms_sequence=content.cms_sequence, other_msg_sequence=()
    )
    assert answer.to_der() == seq(seq(), seq(members_of(content).octets), seq())
    assert types.PKIResponse.from_der(answer.to_der()) == answer
    twice = tuple(content.cms_sequence) + tuple(content.cms_sequence)
    refused = refusal(replace(content, cms_sequence=twice).to_der)
    assert refused
    assert refused[1] == "duplicate_body_part_id"


def test_no_members() -> None:
    """No members are a sequence too."""
    content = loaded(EMPTY_PKI_DATA)
    assert content.to_der() == EMPTY_PKI_DATA
    assert replace(content, cms_sequence=()).to_der() == EMPTY_PKI_DATA


@pytest.mark.parametrize(
    "change",
    [
        lambda found: setattr(found, "buffer", bytes(len(found.buffer))),
        lambda found: setattr(found, "start", found.start + 1),
        lambda found: setattr(found, "end", found.end - 1),
    ],
)
def test_members_that_were_changed(change: Any) -> None:
    """What is known of octets is not known of others."""
    content = loaded(BATCH)
    change(members_of(content))
    refused = refusal(content.to_der)
    assert refused
    assert refused[0] == "EncodeError"
    assert refused[3].startswith("pkiData.cmsSequence")


def test_members_made_by_hand() -> None:
    """What nobody has validated is validated, and nothing passes for it."""
    good = members_of(loaded(BATCH))
    by_hand: LazySequence[types.TaggedContentInfo] = LazySequence(
        good.octets, 0, len(good.octets), good.type_name
    )
    assert replace(loaded(BATCH), cms_sequence=by_hand).to_der() == BATCH
    copied = pickle.loads(pickle.dumps(good))
    assert replace(loaded(BATCH), cms_sequence=copied).to_der() == BATCH
    for octets in (BROKEN, b"\x30", b"\x05\x00"):
        broken: LazySequence[Any] = LazySequence(octets, 0, len(octets), good.type_name)
        refused = refusal(replace(loaded(BATCH), cms_sequence=broken).to_der)
        assert refused
        # What is known of good octets does not follow it to others.
        broken.validated = good.validated
        assert refusal(replace(loaded(BATCH), cms_sequence=broken).to_der) == refused
        for claim in (True, object(), (octets, 0, len(octets)), type(good.validated)):
            broken.validated = claim
            assert refusal(replace(loaded(BATCH), cms_sequence=broken).to_der) == refused
    foreign: LazySequence[Any] = LazySequence(good.octets, 0, len(good.octets), "OtherMsg")
    assert refusal(replace(loaded(BATCH), cms_sequence=foreign).to_der)


def test_the_engine_alone_says_what_was_validated(backend: str) -> None:
    """What the engine trusts cannot be made in Python, nor changed."""
    validated: Any = members_of(loaded(BATCH)).validated
    if backend == "rust":
        with pytest.raises(TypeError):
            type(validated)()
        with pytest.raises(TypeError):
            object.__new__(type(validated))
    with pytest.raises((AttributeError, TypeError)):
        validated.start = 0


def test_members_that_were_not_validated_with_the_rest() -> None:
    """R5: where an error is isolated in a member, its octets were not validated."""
    octets = pki_data(members=[BROKEN])
    content, _ = _backend.decode_at("PKIData", octets, 0, len(octets))
    assert members_of(content).octets == BROKEN
    refused = refusal(content.to_der)
    assert refused
    assert refused[0] == "EncodeError"
    assert refused[3].startswith("pkiData.cmsSequence[0].contentInfo")


def test_members_nested_deeper_than_from_der_accepts() -> None:
    """P6: what was loaded under wider bounds is encoded under the usual ones."""
    octets = EMPTY_PKI_DATA
    for _ in range(10):
        octets = pki_data(members=[tagged_content_info(signed_data(octets))])
    content = loaded(octets, max_layers=32)
    refused = refusal(content.to_der)
    assert refused
    assert refused[:3] == ("EncodeError", "limit", None)
    assert refusal(lambda: types.PKIData.from_der(octets))


def test_members_of_a_message_in_ber() -> None:
    """Offsets of a BER message are those of its DER form, and so are its members."""
    der = signed_data(BATCH)
    inside = der[4 if der[1] == 0x82 else 3 if der[1] == 0x81 else 2 :]
    message = cmcodec.load(b"\x30\x80" + inside + b"\x00\x00")
    assert message.encoding == "ber"
    content: Any = message.unverified_content
    assert content.to_der() == BATCH


def test_null_and_lists_next_to_members() -> None:
    """A list of members is as good as a tuple."""
    content = loaded(BATCH)
    assert replace(content, cms_sequence=list(content.cms_sequence)).to_der() == BATCH  # type: ignore[arg-type]
    refused = refusal(replace(content, cms_sequence=NULL).to_der)  # type: ignore[arg-type]
    assert refused == bad_type("pkiData.cmsSequence")
