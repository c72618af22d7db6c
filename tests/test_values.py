"""Declared values are Python values: equality, hash, pickle, copies, `match`, repr and JSON."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import types
from cmcodec.asn1 import NULL, TLV, BitString, NullType
from cmcodec.asn1.display import MAX_TEXT, decimal
from kit.controls import BUILT, name
from kit.der import tlv
from kit.vectors import SHARED, shared

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1

HUGE = 2**16383 - 1
"""The greatest INTEGER: 4,932 digits, which `str` refuses."""


@pytest.fixture
def all_controls() -> types.PKIData:
    return types.PKIData.from_der(shared("plain/pkidata-all-controls.der"))


@pytest.mark.parametrize("key", BUILT)
def test_decoded_and_built_values_are_one(key: str) -> None:
    """Equal, of equal hash, whether built or decoded."""
    built = BUILT[key]
    decoded = type(built).from_der(built.to_der())
    assert decoded == built
    assert not decoded != built  # noqa: SIM202 - the other operator
    assert hash(decoded) == hash(built)
    assert len({decoded, built}) == 1
    assert decoded != built.to_der()


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol: int, all_controls: types.PKIData) -> None:
    """Every value comes back equal, from each protocol."""
    for value in (*BUILT.values(), all_controls):
        again = pickle.loads(pickle.dumps(value, protocol))
        assert again == value
        assert again.to_der() == value.to_der()


def test_copies(all_controls: types.PKIData) -> None:
    """Shallow and deep copies are equal; `replace` changes one field."""
    for value in (*BUILT.values(), all_controls):
        assert copy.copy(value) == copy.deepcopy(value) == value
    changed = replace(all_controls, req_sequence=())
    assert changed.control_sequence is all_controls.control_sequence
    assert types.PKIData.from_der(changed.to_der()).req_sequence == ()
    if hasattr(copy, "replace"):
        assert copy.replace(all_controls, req_sequence=()) == changed


def test_decoded_null_is_the_null() -> None:
    """NULL is one value, and copies and pickles of it are equal to it."""
    popo = types.ProofOfPossession.from_der(b"\x80\x00")
    assert popo.ra_verified is NULL
    assert pickle.loads(pickle.dumps(popo)) == popo
    assert NullType() == NULL


def test_match_statement() -> None:
    """A CHOICE and what is in it are matched by class and field."""
    match BUILT["25-statusInfoV2-failInfo"]:
        case types.CMCStatusInfoV2(
            cmc_status=types.CMCStatus.FAILED,
            body_list=(
                types.BodyPartReference(body_part_id=3),
                types.BodyPartReference(body_part_id=last),
            ),
            other_info=types.OtherStatusInfo(fail_info=types.CMCFailInfo.POP_FAILED),
        ):
            assert last == 4
        case _:
            pytest.fail("no match")
    match types.TaggedRequest.from_der(BUILT["09-encryptedPOP"].request.to_der()):  # type: ignore[attr-defined]
        case types.TaggedRequest(tcr=types.TaggedCertificationRequest()):
            pytest.fail("not a tcr")
        case types.TaggedRequest(crm=types.CertReqMsg(cert_req=request)):
            assert request.cert_req_id == 3
    match types.DataReturn.from_der(b"\x04\x01x"):
        case types.DataReturn(b"x"):
            pass
        case _:
            pytest.fail("no match")


def test_choices_name_their_alternative() -> None:
    """``alternative`` and ``value``."""
    found = types.GeneralName.from_der(tlv(0x82, b"a.example"))
    assert (found.alternative, found.value) == ("dns_name", "a.example")


def test_named_sequences_read_like_tuples() -> None:
    """Length, index, iteration and membership."""
    path = types.BodyPartPath((5, 3))
    assert (len(path), path[0], path[-1], path[:1], list(path)) == (2, 5, 3, (5,), [5, 3])
    assert 3 in path


def test_many_object_identifiers() -> None:
    """P8: names of thousands of identifiers are not all kept, and all are right."""
    for number in range(5000):
        oid = f"1.3.9999.{number}"
        assert types.ContentType.from_der(types.ContentType(oid).to_der()).value == oid


def test_bit_strings() -> None:
    """X.690 8.6, 11.2: bits count from the high bit; a named bit list ends in no zeros."""
    flags = BitString.of_bits(types.ReasonFlag.KEY_COMPROMISE, types.ReasonFlag.AA_COMPROMISE)
    assert flags == BitString(b"\x40\x80", 7)
    assert types.ReasonFlag.AA_COMPROMISE in flags
    assert types.ReasonFlag.UNUSED not in flags
    assert -1 not in flags
    assert 1000 not in flags
    assert BitString.of_bits() == BitString(b"")
    assert BitString(b"\x01").to_der() == b"\x03\x02\x00\x01"


def test_empty_strings_are_present() -> None:
    """An empty value is not an absent one."""
    value = types.RevokeRequest(
        issuer_name=name("x"), serial_number=0, reason=0, shared_secret=b"", comment=""
    )
    decoded = types.RevokeRequest.from_der(value.to_der())
    assert decoded == value
    assert (decoded.shared_secret, decoded.comment, decoded.invalidity_date) == (b"", "", None)


def test_to_cryptography() -> None:
    """Certificates and requests become objects of ``cryptography``, which has the last
    word on what they are."""
    message = cmcodec.load(shared("signed/rsa2048-pkcs10.der"))
    (certificate,) = message.certificates
    subject = certificate.to_cryptography().subject
    assert types.Name.from_cryptography(subject).to_der() == subject.public_bytes()
    content = message.unverified_content
    assert isinstance(content, types.PKIData)
    request = content.req_sequence[0].tcr
    assert request
    assert request.certification_request.to_cryptography().is_signature_valid
    info = request.certification_request.certification_request_info
    assert info.subject_public_key_info.to_cryptography()
    with pytest.raises(ValueError, match="asn1"):
        types.Certificate(b"\x30\x00").to_cryptography()
    with pytest.raises(ValueError, match="asn1"):
        types.CertificateList.from_der(b"\x30\x00").to_cryptography()


# --- repr --------------------------------------------------------------------------------------


def test_repr_names_what_is_there() -> None:
    """Fields that are present, numbers by name, octets in hex."""
    assert repr(BUILT["25-statusInfoV2-failInfo"]) == (
        "CMCStatusInfoV2(cmc_status=CMCStatus.FAILED, "
        "body_list=(BodyPartReference(body_part_id=3), BodyPartReference(body_part_id=4)), "
        "status_string='POP', other_info=OtherStatusInfo(fail_info=CMCFailInfo.POP_FAILED))"
    )
    assert repr(types.DataReturn(b"x" * 17)) == f"DataReturn(value=<{'78' * 16}…(17 octets)>)"
    assert repr(types.BodyPartList((1,))) == "BodyPartList(value=(1,))"
    assert repr(types.BodyPartList(tuple(range(7)))).endswith("(0, 1, 2, 3, 4, … 2 more))")
    assert repr(NULL) == "NullType()"


def test_repr_is_short(all_controls: types.PKIData) -> None:
    """At most 2,000 characters, however large the value."""
    values: list[Asn1] = [
        all_controls,
        types.DataReturn(bytes(10**6)),
        types.Identification("é" * 10**6),
        types.BodyPartList(tuple(range(10**5))),
        types.TransactionId(HUGE),
        types.TransactionId(-(10**100_000)),
        types.ContentType("1.2" + ".1" * 127),
        TLV(bytes(10**6)),
    ]
    for value in values:
        assert 0 < len(repr(value)) <= MAX_TEXT
    for path in sorted(SHARED.rglob("*.signed.der")):
        assert len(repr(cmcodec.load(path.read_bytes()).unverified_structure)) <= MAX_TEXT


def test_repr_of_hostile_text_is_printable() -> None:
    """P9: control characters are escaped."""
    assert "\x1b" not in repr(types.Identification("\x1b[31m"))


@pytest.mark.parametrize(
    "value", [HUGE, -HUGE, 2**53, 10**4000, -(10**4000), 10**8001 + 7], ids=int.bit_length
)
def test_huge_integers_have_text(value: int) -> None:
    """P9: CPython's bound on digits of `str` does not reach the caller."""
    digits = decimal(value)
    assert (digits[0] == "-") == (value < 0)
    assert digits.lstrip("-").isdigit()
    # The digits say what the value is: by Horner's rule in blocks that `int` accepts.
    rest, again = digits.lstrip("-"), 0
    while rest:
        block, rest = rest[:4000], rest[4000:]
        again = again * 10 ** len(block) + int(block)
    assert again == abs(value)
    if abs(value).bit_length() <= 16_384:
        decoded = types.TransactionId.from_der(types.TransactionId(value).to_der())
        assert decoded.value == value
        assert decoded.to_dict() == digits
        assert repr(decoded)
        assert json.dumps(decoded.to_dict())


# --- JSON --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            BUILT["25-statusInfoV2-pendInfo"],
            {
                "cMCStatus": 3,
                "bodyList": [{"bodyPartID": 3}],
                "otherInfo": {
                    "pendInfo": {
                        "pendToken": "54a28e55d888a53d",
                        "pendTime": "2027-01-01T00:00:00Z",
                    }
                },
            },
        ),
        (BUILT["28-batchRequests"], [10, 11]),
        (BUILT["05-transactionId"], str(0xF2267FD8A9ECDFA1D883CFFDCB5893BB)),
        (BUILT["05-transactionId-negative"], -42),
        (types.TransactionId(2**53 - 1), 2**53 - 1),
        (types.TransactionId(2**53), str(2**53)),
        (BUILT["02-identification"], "dévice-中"),
        (BUILT["18-regInfo"], b"reg-info".hex()),
        (BitString(b"\xf0", 4), {"unusedBits": 4, "octets": "f0"}),
        (types.ProofOfPossession(ra_verified=NULL), {"raVerified": None}),
        (types.GCMParameters(aes_nonce=b"\x01"), {"aes-nonce": "01", "aes-ICVlen": 12}),
        (types.Certificate(b"\x30\x00"), "3000"),
        (
            types.Time(general_time=datetime(2027, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
            {"generalTime": "2027-01-01T00:00:00.500000Z"},
        ),
        (
            types.Attribute(attr_type="1.2.3", attr_values=(TLV(b"\x05\x00"),)),
            {"attrType": "1.2.3", "attrValues": ["0500"]},
        ),
    ],
)
def test_to_dict(value: Asn1, expected: Any) -> None:
    """JSON types under the standard's names; absent fields absent."""
    assert value.to_dict() == expected
    assert json.loads(json.dumps(value.to_dict())) == expected


def test_to_dict_of_everything(all_controls: types.PKIData) -> None:
    """Every control in one message is JSON."""
    text = json.dumps(all_controls.to_dict())
    assert '"controlSequence"' in text
    assert "_" not in "".join(_keys(json.loads(text)))


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in _keys(item))]
    if isinstance(value, list):
        return [key for item in value for key in _keys(item)]
    return []
