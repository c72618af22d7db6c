"""Trust anchors that a server publishes (RFC 10002 §6.15)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.asn1 import TLV
from cmcodec.cms import RecipientKey
from cmcodec.controls import trust_anchors
from cmcodec.errors import EncodeError, ProofError, VerificationError
from cmcodec.types.controls import CMCFailInfo
from kit.controls import response, tagged_attribute
from kit.keys import SHA256, certificate, der
from kit.messages import signed_data
from kit.vectors import shared

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TOLERANCE = timedelta(minutes=10)
CA = shared("keys/ca-cert.der")
ANCHORS = [CA, der(certificate("ed25519"))]
HASHES = tuple(hashlib.sha256(each).digest() for each in ANCHORS)


@cache
def signer(name: str = "p256") -> cms.SigningKey:
    private: Any = load_der_private_key(shared(f"keys/ra-{name}-key.p8"), None)
    return cms.SigningKey.from_private_key(private, shared(f"keys/ra-{name}-cert.der"))


def content(*values: types.PublishTrustAnchors) -> types.PKIResponse:
    controls = tuple(tagged_attribute(number, 26, value) for number, value in enumerate(values, 7))
    return replace(response(), control_sequence=response().control_sequence + controls)


LIST = trust_anchors.compute(ANCHORS, 5)


def opened(
    *values: types.PublishTrustAnchors, time: datetime | None = NOW, by: str = "p256",
    trust: Any = CA,
) -> cms.Opened:  # fmt: skip
    octets = cms.sign(content(*values or (LIST,)), signer(by), signing_time=time)
    return cmcodec.load(octets).open(trust=trust, at=NOW)


def accept(message: Any, **changes: Any) -> tuple[bytes, ...]:
    decisions: dict[str, Any] = {"last": 4, "may_publish": lambda _: True, "at": NOW}
    return trust_anchors.accept(message, **{**decisions, **changes})


def refused(message: Any, **changes: Any) -> tuple[str, CMCFailInfo, tuple[int, ...]]:
    with pytest.raises(ProofError) as raised:
        accept(message, **changes)
    return raised.value.reason, raised.value.fail_info, raised.value.body_parts


NOT_CURRENT = ("not_current", CMCFailInfo.BAD_TIME, (7,))
NOT_NEWER = ("not_newer", CMCFailInfo.BAD_REQUEST, (7,))
NOT_PERMITTED = ("not_permitted", CMCFailInfo.BAD_REQUEST, (7,))


def test_r_147_hashes_are_sha_256() -> None:
    """R-147: by default, of the whole DER; SHA-384 and SHA-512 by name; SHA-1 is not made."""
    assert types.PublishTrustAnchors.from_der(LIST.to_der()) == LIST
    assert (LIST.seq_number, LIST.hash_algorithm, LIST.anchor_hashes) == (5, SHA256, HASHES)
    longer = trust_anchors.compute(CA, 2**80, hash="id-sha512")
    assert longer.anchor_hashes == (hashlib.sha512(CA).digest(),)
    assert accept(opened(longer)) == longer.anchor_hashes
    with pytest.raises(EncodeError, match="unsupported_algorithm"):
        trust_anchors.compute(CA, 1, hash="id-sha1")


def test_all_four_checks_pass() -> None:
    """R-148, R-149, R-150, R-151: then the hashes are those of the control, in its order."""
    assert accept(opened()) == HASHES
    assert accept(opened(replace(LIST, anchor_hashes=HASHES[::-1]))) == HASHES[::-1]


def test_r_148_the_signature_leads_to_an_anchor() -> None:
    """R-148: what was opened without trust is not accepted."""
    with pytest.raises(VerificationError, match="untrusted_chain") as raised:
        accept(opened(trust=None))
    assert raised.value.rule == "V13"
    # Another anchor: such a message does not open.
    with pytest.raises(VerificationError, match="untrusted_chain"):
        opened(trust=certificate("p-256"))


def test_r_148_only_what_was_opened() -> None:
    """R-148: a message that nobody verified, or nobody signed, publishes nothing."""
    message = cmcodec.load(cms.sign(content(LIST), signer(), signing_time=NOW))
    with pytest.raises(TypeError, match="opened"):
        accept(message)
    unsigned = signed_data(content(LIST).to_der(), oids.ID_CCT_PKI_RESPONSE)
    with pytest.raises(TypeError, match="opened"):
        accept(cmcodec.load(unsigned).open_unsigned())


def test_r_149_the_signer_may_publish() -> None:
    """R-149: the caller's policy gets the signer, and says True or False."""
    asked: list[Any] = []
    message = opened()
    accept(message, may_publish=lambda signer: not asked.append(signer))
    assert asked == list(message.signers)
    assert (
        asked[0].certificate_sha256 == hashlib.sha256(shared("keys/ra-p256-cert.der")).hexdigest()
    )
    assert refused(message, may_publish=lambda _: False) == NOT_PERMITTED

    async def later(_: Any) -> bool:
        return True

    for answer in (lambda _: None, lambda _: 1):
        with pytest.raises(TypeError, match="may_publish"):
            accept(message, may_publish=answer)
    coroutine = later(None)
    with pytest.raises(TypeError, match="may_publish"):
        accept(message, may_publish=lambda _: coroutine)
    coroutine.close()


def test_r_149_each_of_several_signers() -> None:
    """R-149, R-150: all of them may publish, and all signed at about this time."""
    both = two_signers(NOW, NOW)
    assert accept(both) == HASHES
    ours = both.signers[0].certificate_sha256
    assert refused(both, may_publish=lambda s: s.certificate_sha256 == ours) == NOT_PERMITTED
    assert refused(two_signers(NOW, None)) == NOT_CURRENT
    assert refused(two_signers(NOW - 2 * TOLERANCE, NOW)) == NOT_CURRENT


def two_signers(*times: datetime | None) -> cms.Opened:
    """A list under two signatures."""
    made = [
        types.ContentInfo.from_der(cms.sign(content(LIST), signer(name), signing_time=time)).content
        for name, time in zip(("p256", "ed25519"), times, strict=True)
    ]
    one, other = made
    assert isinstance(one, types.SignedData)
    assert isinstance(other, types.SignedData)
    merged = replace(
        one,
        digest_algorithms=(*one.digest_algorithms, *other.digest_algorithms),
        certificates=(*(one.certificates or ()), *(other.certificates or ())),
        signer_infos=(*one.signer_infos, *other.signer_infos),
    )
    info = types.ContentInfo(content_type=oids.ID_SIGNED_DATA, content=merged)
    return cmcodec.load(info.to_der()).open(trust=CA, at=NOW)


@pytest.mark.parametrize("sign", [1, -1])
def test_r_150_the_signing_time_is_near(sign: int) -> None:
    """R-150: within the tolerance, before and after; ten minutes by default."""
    edge = NOW + sign * TOLERANCE
    assert accept(opened(time=edge)) == HASHES
    assert refused(opened(time=edge + sign * SECOND)) == NOT_CURRENT
    near = opened(time=NOW + sign * SECOND)
    assert accept(near, tolerance=SECOND) == HASHES
    assert refused(near, tolerance=timedelta(0)) == NOT_CURRENT
    assert accept(opened(time=edge + sign * SECOND), tolerance=timedelta(hours=1)) == HASHES


def test_r_150_there_is_a_signing_time() -> None:
    """R-150: without one there is nothing to check."""
    assert refused(opened(time=None), tolerance=timedelta(days=10_000)) == NOT_CURRENT


def test_r_150_the_time_is_now_by_default() -> None:
    """R-150: ``at`` needs a time zone, and is now where it is not given."""
    now = datetime.now(UTC)
    octets = cms.sign(content(LIST), signer(), signing_time=now)
    message = cmcodec.load(octets).open(trust=CA, at=NOW)
    assert accept(message, at=None) == HASHES
    with pytest.raises(ValueError, match="time zone"):
        accept(message, at=datetime(2027, 1, 1))
    with pytest.raises(TypeError, match="at"):
        accept(message, at="now")


def test_r_151_the_number_is_greater_than_the_last() -> None:
    """R-151: not the same, and not a smaller one."""
    message = opened()
    assert accept(message, last=4) == HASHES
    assert accept(message, last=-1) == HASHES
    assert refused(message, last=5) == NOT_NEWER
    assert refused(message, last=2**100) == NOT_NEWER


def test_r_152_publishers_count_by_themselves() -> None:
    """R-152: each has its own last number, which the caller keeps."""
    last: dict[str | None, int] = {}
    for by, number in (("p256", 9), ("ed25519", 2), ("ed25519", 3), ("p256", 10)):
        message = opened(replace(LIST, seq_number=number), by=by)
        publisher = message.signers[0].certificate_sha256
        mine: Any = lambda signer, mine=publisher: signer.certificate_sha256 == mine  # noqa: E731
        assert accept(message, last=last.get(publisher, 0), may_publish=mine) == HASHES
        last[publisher] = number
        assert refused(message, last=last[publisher], may_publish=mine) == NOT_NEWER
    assert sorted(last.values()) == [3, 10]


def test_the_checks_have_an_order() -> None:
    """Signature, policy, time, number: the first that fails is reported."""
    bad: dict[str, Any] = {"may_publish": lambda _: False, "last": 9}
    with pytest.raises(VerificationError, match="untrusted_chain"):
        accept(opened(trust=None, time=None), **bad)
    assert refused(opened(time=None), **bad) == NOT_PERMITTED
    assert refused(opened(time=None), last=9) == NOT_CURRENT


def test_the_control_stands_once() -> None:
    """R4: a message without a list, or with two, publishes none."""
    without = cms.sign(response(), signer(), signing_time=NOW)
    assert refused(cmcodec.load(without).open(trust=CA, at=NOW)) == (
        "control_misplaced", CMCFailInfo.BAD_REQUEST, (0,),
    )  # fmt: skip
    assert refused(opened(LIST, replace(LIST, seq_number=6))) == (
        "duplicate_control", CMCFailInfo.BAD_REQUEST, (7, 8),
    )  # fmt: skip


def test_a_signed_request_publishes_none() -> None:
    """Trust anchors stand in responses, and in what authData refers to."""
    controls = (tagged_attribute(7, 26, LIST),)
    data = types.PKIData(
        control_sequence=controls, req_sequence=(), cms_sequence=(), other_msg_sequence=()
    )
    octets = cms.sign(data, signer(), signing_time=NOW)
    assert refused(cmcodec.load(octets).open(trust=CA, at=NOW)) == (
        "control_misplaced", CMCFailInfo.BAD_REQUEST, (7,),
    )  # fmt: skip


@pytest.mark.parametrize("number", [oids.ID_SHA1, "1.3.6.1.4.1.99999.1"])
def test_digests_that_are_not_on_offer(number: str) -> None:
    """Nobody would know which certificates they name; SHA-1 is not on offer either."""
    value = replace(LIST, hash_algorithm=types.AlgorithmIdentifier(algorithm=number))
    with pytest.raises(VerificationError, match="unsupported_algorithm"):
        accept(opened(value))
    null = types.AlgorithmIdentifier(algorithm=oids.ID_SHA256, parameters=TLV(b"\x05\x00"))
    assert accept(opened(replace(LIST, hash_algorithm=null))) == HASHES


def test_hashes_of_another_length() -> None:
    """R3: hashes are compared at full length, so shorter ones are refused."""
    for bad in (HASHES[0][:16], HASHES[0] + b"\0", b""):
        with pytest.raises(VerificationError, match="bad_value") as raised:
            accept(opened(replace(LIST, anchor_hashes=(HASHES[1], bad))))
        assert raised.value.path == "anchorHashes"
    assert accept(opened(replace(LIST, anchor_hashes=()))) == ()


# --- under a MAC -----------------------------------------------------------------------------

PASSWORD = b"first contact"


def under_mac(time: datetime | None) -> cms.Opened:
    """A PKIData with a list, as authData refers to it."""
    data = types.PKIData(
        control_sequence=(tagged_attribute(7, 26, LIST),),
        req_sequence=(), cms_sequence=(), other_msg_sequence=(),
    )  # fmt: skip
    recipient = cms.Recipient.from_password(PASSWORD, iterations=1000)
    octets = cms.authenticate(data, recipient, signing_time=time)
    return cmcodec.load(octets).open(RecipientKey.from_password(PASSWORD))


def test_r_153_a_list_under_a_mac() -> None:
    """R-153: the secret answers for it; the policy is asked, the time and the number count."""
    asked: list[Any] = []
    message = under_mac(NOW)
    assert accept(message, may_publish=lambda signer: not asked.append(signer)) == HASHES
    assert [(each.algorithm, each.certificate, each.chain) for each in asked] == [
        ("id-hmacWithSHA256", None, None)
    ]
    assert refused(message, may_publish=lambda _: False) == NOT_PERMITTED
    assert refused(message, last=5) == NOT_NEWER
    assert refused(message, at=NOW + 2 * TOLERANCE) == NOT_CURRENT
    assert refused(under_mac(None)) == NOT_CURRENT
    with pytest.raises(cmcodec.EncodeError, match="signingTime"):
        under_mac(NOW.replace(tzinfo=None))
