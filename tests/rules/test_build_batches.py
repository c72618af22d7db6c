"""Batches around signed messages (RFC 10002 §6.17)."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import builders, cms, oids, types
from cmcodec.limits import DEFAULT_MESSAGE_LAYERS
from kit.answers import refusal
from kit.controls import request, response, tagged_attribute
from kit.keys import certificate, der, key
from kit.vectors import VECTORS

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH_REQUESTS, BATCH_RESPONSES = f"{oids.ID_CMC}.28", f"{oids.ID_CMC}.29"


@cache
def signer() -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key("ed25519"), certificate("ed25519"))


@cache
def requests() -> tuple[bytes, ...]:
    """Full PKI Requests of three kinds of keys."""
    kinds = ("rsa-2048", "p-256", "ed25519")
    return tuple(cms.sign_many([request(key(kind, 1)) for kind in kinds], signer()))


@cache
def responses() -> tuple[bytes, ...]:
    """Full PKI Responses with distinct transaction ids."""
    return tuple(cms.sign_many([response(index) for index in range(4)], signer()))


def contents(octets: bytes) -> Any:
    return cmcodec.load(octets, strict=True).verify().content


def ids(octets: bytes) -> list[int]:
    return [number for number, _ in cmcodec.load(octets).unverified_messages]


def nested(octets: bytes) -> list[bytes]:
    return [message.to_der() for _, message in cmcodec.load(octets).unverified_messages]


def test_batch_of_requests() -> None:
    """R-155: each message is an entry of its own, named by batchRequests, and still verifies."""
    octets = builders.batch_requests(requests(), signer())
    report = cmcodec.verify_batch(octets)
    assert report.counts() == {"verified": 4}
    assert report[0].kind == "full-request"
    assert report[0].notes == ()
    assert nested(octets) == list(requests())
    (tagged,) = contents(octets).control_sequence
    assert tagged.attr_type == BATCH_REQUESTS
    assert tagged.attr_values == (types.BodyPartList((2, 3, 4)),)
    assert ids(octets) == [2, 3, 4]


def test_batch_of_responses() -> None:
    """R-156: the same for responses, in the order given, beside other controls."""
    status = types.CMCStatusInfoV2(
        cmc_status=types.CMCStatus.SUCCESS,
        body_list=(types.BodyPartReference(body_part_id=0),),
    )
    octets = builders.batch_responses(
        responses(),
        signer(),
        controls=[tagged_attribute(7, 5, types.TransactionId(99)), tagged_attribute(3, 25, status)],
        certificates=[certificate("p-256")],
    )
    report = cmcodec.verify_batch(octets)
    assert report.counts() == {"verified": 5}
    assert [row.transaction_id for row in report] == [99, 0, 1, 2, 3]
    assert [row.notes for row in report] == [()] * 5
    kinds = [tagged.attr_type for tagged in contents(octets).control_sequence]
    assert kinds == [f"{oids.ID_CMC}.5", f"{oids.ID_CMC}.25", BATCH_RESPONSES]
    assert contents(octets).control_sequence[2].body_part_id == 8
    assert ids(octets) == [9, 10, 11, 12]
    assert der(certificate("p-256")) in {it.der for it in cmcodec.load(octets).certificates}


def test_given_ids() -> None:
    """Ids may be given, in any order; that of the control goes out of their way."""
    octets = builders.batch_responses(responses()[:2], signer(), ids=[999, 998])
    assert ids(octets) == [999, 998]
    octets = builders.batch_requests(requests(), signer(), ids=[1, 2, 2**32 - 1])
    assert ids(octets) == [1, 2, 2**32 - 1]
    (tagged,) = contents(octets).control_sequence
    assert tagged.body_part_id == 3
    assert tagged.attr_values[0].value == (1, 2, 2**32 - 1)


@given(
    taken=st.sets(st.integers(1, 12), max_size=4),
    given_ids=st.none() | st.permutations(range(1, 5)),
)
def test_ids_are_unique(taken: set[int], given_ids: list[int] | None) -> None:
    """P6: whatever ids the controls have, no id is there twice unless it was given twice."""
    controls = [tagged_attribute(number, 19, types.ResponseInfo(b"")) for number in taken]

    def make() -> bytes:
        return builders.batch_responses(responses(), signer(), controls=controls, ids=given_ids)

    if given_ids is not None and taken & set(given_ids):
        assert refusal(make) is not None
        return
    octets = make()
    assert cmcodec.verify_batch(octets).counts() == {"verified": 5}
    assert given_ids is None or ids(octets) == given_ids
    assert given_ids is not None or min(ids(octets)) > max(taken, default=0)


@pytest.mark.parametrize(
    ("given_ids", "error"),
    [
        ([5, 5, 6], ("duplicate_body_part_id", "cmsSequence[1]")),
        ([4, 5, 6], ("duplicate_body_part_id", "cmsSequence[0]")),
        ([0, 5, 6], ("limit", "cmsSequence[0]")),
        ([5, 6, 2**32], ("limit", "controlSequence")),
        ([5, 6], ("bad_value", "ids")),
        ([5, 6, 7, 8], ("bad_value", "ids")),
    ],
)
def test_bad_ids(given_ids: list[int], error: tuple[str, str]) -> None:
    """P6: ids are of 1 to 2^32 - 1, each of one element of the message, one for each message."""
    controls = [tagged_attribute(4, 5, types.TransactionId(1))]
    found = refusal(
        lambda: builders.batch_requests(requests(), signer(), controls=controls, ids=given_ids)
    )
    assert found is not None
    assert found[0] == "EncodeError"
    assert found[1] == error[0]
    assert found[3].startswith(error[1])


def test_messages_in_every_form() -> None:
    """What `load` takes: DER, BER and PEM, in any buffer, or what it gave."""
    one, two, three = requests()
    ber = (VECTORS / "ber" / "rsa2048-pkcs10.ber").read_bytes()
    pem = b"-----BEGIN CMS-----\n" + base64.encodebytes(three) + b"-----END CMS-----\n"
    given_messages = [bytearray(one), memoryview(two), pem, cmcodec.load(one), ber]
    octets = builders.batch_requests(given_messages, signer())
    assert nested(octets) == [one, two, three, one, cmcodec.load(ber).to_der()]
    assert nested(builders.batch_requests(iter(requests()), signer())) == list(requests())


def test_batch_in_a_batch() -> None:
    """A batch is a Full PKI Request, and may be in one."""
    inner = builders.batch_requests(requests(), signer())
    outer = builders.batch_requests([inner, requests()[0]], signer())
    assert cmcodec.verify_batch(outer).counts() == {"verified": 6}
    assert nested(outer) == [inner, requests()[0]]


def test_batches_in_batches() -> None:
    """P6: as deep as `load` reads by default, and no deeper."""
    octets = requests()[0]
    for layers in range(2, DEFAULT_MESSAGE_LAYERS + 1):
        octets = builders.batch_requests([octets], signer())
        assert cmcodec.verify_batch(octets).counts() == {"verified": layers}
    for given_message in (octets, cmcodec.load(octets)):
        found = refusal(lambda it=given_message: builders.batch_requests([it], signer()))
        assert found is not None
        assert found[:2] == ("LimitError", "limit")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (builders.batch_requests, lambda: responses()[0]),
        (builders.batch_responses, lambda: requests()[0]),
        (
            builders.batch_requests,
            # A Simple PKI Request is no ContentInfo.
            request(key("p-256")).req_sequence[0].value.certification_request.to_der,
        ),
    ],
)
def test_message_of_another_kind(make: Callable[..., bytes], message: Callable[[], bytes]) -> None:
    """R-155, R-156: requests go into a PKIData and responses into a PKIResponse."""
    right = requests() if make is builders.batch_requests else responses()
    found = refusal(lambda: make([*right, message()], signer()))
    assert found == ("EncodeError", "bad_type", None, f"messages[{len(right)}]")


@pytest.mark.parametrize("bad", [b"", b"\x30\x00", b"text"])
def test_what_is_no_message(bad: bytes) -> None:
    """Octets that `load` refuses are in no batch."""
    found = refusal(lambda: builders.batch_requests([requests()[0], bad], signer()))
    expected = refusal(lambda: cmcodec.load(bad))
    assert found is not None
    assert expected is not None
    assert found == (*expected[:3], f"messages[1].{expected[3]}".rstrip("."))


@pytest.mark.parametrize("make", [builders.batch_requests, builders.batch_responses])
def test_batch_of_nothing(make: Callable[..., bytes]) -> None:
    """BodyPartList has SIZE (1..MAX)."""
    found = refusal(lambda: make([], signer()))
    assert found is not None
    assert found[0] == "EncodeError"


def test_simple_responses() -> None:
    """R-156: one request of a batch may be answered by certificates alone."""
    simple = types.ContentInfo(
        content_type="1.2.840.113549.1.7.2",
        content=types.SignedData(
            version=1,
            digest_algorithms=(),
            encap_content_info=types.EncapsulatedContentInfo(e_content_type="1.2.840.113549.1.7.1"),
            certificates=(
                types.CertificateChoices(certificate=types.Certificate(der(certificate("p-256")))),
            ),
            signer_infos=(),
        ),
    ).to_der()
    octets = builders.batch_responses([simple, responses()[0]], signer())
    assert cmcodec.verify_batch(octets).counts() == {"verified": 2, "unsigned": 1}
    assert nested(octets) == [simple, responses()[0]]
