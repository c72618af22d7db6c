"""The certification authority: what answers say, and that the same octets get the same one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.asn1 import TLV
from cmcodec.builders import RequestBuilder, ResponseBuilder
from cmcodec.controls import unsigned_data
from cmcodec.errors import ForbiddenError
from cmcodec.roles import Issue, Pend, Refuse, Rules
from cmcodec.stores import StoreError
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    ITERATIONS,
    LATER,
    SECRET,
    Authority,
    anchor,
    batch,
    builder,
    certified,
    damaged,
    failed,
    identified,
    new,
    opener,
    pending,
    ra,
    renewal,
    signer,
    simple,
    statuses,
    values,
)
from kit.chains import NOW
from kit.watched_stores import FailingStore

if TYPE_CHECKING:
    from cmcodec.roles.decisions import Decision


BAD, CHECK = CMCFailInfo.BAD_REQUEST, CMCFailInfo.BAD_MESSAGE_CHECK
BUSY, INTERNAL = CMCFailInfo.TRY_LATER, CMCFailInfo.INTERNAL_CA_ERROR
OLD = certified("device")


# --- the conversation -----------------------------------------------------------------------------


def test_an_answer_belongs_to_its_conversation() -> None:
    """R-108, R-115 to R-118: transaction id, nonces and dataReturn come back, with a new nonce.

    Shows CA: transactionId, senderNonce, recipientNonce, dataReturn.
    """
    octets = renewal(
        OLD, change=lambda made: made.add_control(types.DataReturn(b"mine")), identifier=2**90
    )
    sent = cmcodec.load(octets).unverified_content
    (nonce,) = [
        each.attr_values[0].value
        for each in sent.control_sequence
        if each.attr_type == oids.ID_CMC_SENDER_NONCE
    ]
    answers = [Authority().process(octets), Authority().process(damaged(octets))]
    answers.append(Authority({"policy": pending}).process(octets))
    for answer in answers:
        assert answer.opened().transaction_id == 2**90
        assert answer.controls(oids.ID_CMC_RECIPIENT_NONCE) == [types.RecipientNonce(nonce)]
        (own,) = answer.controls(oids.ID_CMC_SENDER_NONCE)
        assert own.value != nonce
        assert answer.controls(oids.ID_CMC_DATA_RETURN) == [types.DataReturn(b"mine")]
    plain = RequestBuilder().add_request(new(number=2)).renew(OLD.certificate).sign(signer(OLD))
    answer = Authority().process(plain)
    assert answer.opened().transaction_id is None
    assert not answer.controls(oids.ID_CMC_RECIPIENT_NONCE)


def with_nonce(nonce: bytes, *, number: int = 2) -> bytes:
    made = RequestBuilder().add_control(types.SenderNonce(nonce), body_part_id=9)
    return made.add_request(new(number=number)).renew(OLD.certificate).sign(signer(OLD))


def test_a_nonce_is_used_once() -> None:
    """R-117: another message with it is badRequest, as long as the window is open.

    Shows CA: senderNonce.
    """
    authority = Authority()
    first = with_nonce(b"n" * 16)
    assert authority.process(first).certificates()
    assert authority.process(with_nonce(b"n" * 16)).statuses() == failed(BAD, 9)
    assert authority.process(first).certificates()
    authority.advance(hours=1)
    assert authority.process(with_nonce(b"n" * 16)).certificates()
    assert authority.calls == 2


def test_a_nonce_is_its_senders_own() -> None:
    """R-117: another sender may have the same; and a message that fails uses none."""
    authority = Authority()
    assert authority.process(with_nonce(b"n" * 16)).certificates()
    other = certified("other", number=5)
    made = RequestBuilder().add_control(types.SenderNonce(b"n" * 16)).add_request(new("other", 6))
    assert authority.process(made.renew(other.certificate).sign(signer(other))).certificates()
    authority.secret()

    def asked(secret: bytes) -> bytes:
        made = RequestBuilder().add_control(types.SenderNonce(b"m" * 16)).add_request(new())
        return made.identify(secret, "device").sign_with_request_key()

    assert authority.process(asked(b"wrong")).statuses()[0][2] == CMCFailInfo.BAD_IDENTITY
    assert authority.process(asked(SECRET)).certificates()


# --- statuses -------------------------------------------------------------------------------------


def test_each_request_has_its_status() -> None:
    """R-074, R-076, R-079 to R-083: success, failed with its reason, pending with its token.

    Shows CA: statusInfoV2.
    """
    decisions: list[Decision] = [
        Issue(), Refuse(CMCFailInfo.BAD_IDENTITY, "no"), Pend(LATER), Refuse(1234)
    ]  # fmt: skip
    authority = Authority({"policy": lambda application: decisions.pop(0)})
    made = builder(*(new(number=number) for number in range(2, 6))).renew(OLD.certificate)
    answer = authority.process(made.sign(signer(OLD)))
    assert answer.statuses() == [
        (CMCStatus.SUCCESS, (3,), None),
        (CMCStatus.FAILED, (4,), CMCFailInfo.BAD_IDENTITY),
        (CMCStatus.PENDING, (5,), None),
        (CMCStatus.FAILED, (6,), 1234),
    ]
    found = answer.controls(oids.ID_CMC_STATUS_INFO_V2)
    assert [each.status_string for each in found] == [None, "no", None, None]
    assert found[2].other_info.pend_info.pend_time == LATER
    assert len(answer.certificates()) == 1
    assert [(each.status, each.fail_info) for each in answer.outcomes] == [
        (status, fail_info) for status, _, fail_info in answer.statuses()
    ]


def test_no_policy_invents_a_reason() -> None:
    """R-085: codes that nobody has defined are private, from 1000 to 1999."""
    Refuse(1000)
    Refuse(1999)
    for code in (14, 999, 2000, -1):
        with pytest.raises(ForbiddenError):
            Refuse(code)


def test_old_clients_get_their_own_status_beside() -> None:
    """R-076: statusInfo says the same, where it is asked for.

    Shows CA: statusInfo.
    """
    authority = Authority({"policy": pending, "rules": Rules(status_v1=True)})
    answer = authority.process(renewal(OLD))
    (first,) = answer.controls(oids.ID_CMC_STATUS_INFO)
    (second,) = answer.controls(oids.ID_CMC_STATUS_INFO_V2)
    assert first.cmc_status == second.cmc_status == CMCStatus.PENDING
    assert first.other_info.pend_info == second.other_info.pend_info
    answer = authority.process(damaged(renewal(OLD)))
    assert answer.controls(oids.ID_CMC_STATUS_INFO)[0].other_info.fail_info == CHECK
    assert not Authority().process(renewal(OLD)).controls(oids.ID_CMC_STATUS_INFO)


def test_a_bad_message_is_answered() -> None:
    """R-017, R-052: signature, structure, another kind of message, no message at all."""
    authority = Authority()
    assert authority.process(damaged(renewal(OLD))).statuses() == failed(CHECK, 0)
    response = ResponseBuilder().status(CMCStatus.SUCCESS, 1).add_control(types.ResponseInfo(b""))
    assert authority.process(response.sign(signer(OLD))).statuses() == failed(BAD, 0)
    for octets in (b"", b"\x30\x00", b"x" * 100, renewal(OLD)[:-1]):
        answer = authority.process(octets)
        assert answer.kind == "full-response"
        assert answer.statuses() == failed(BAD, 0)


def test_a_bad_message_of_statuses_alone_is_not_answered() -> None:
    """R-052: answers to answers would have no end; a good one is answered (R-127)."""
    octets = RequestBuilder().transaction().abort().sign(signer(OLD))
    answer = Authority().process(damaged(octets))
    assert (answer.octets, answer.outcomes) == (b"", ())
    assert Authority().process(octets).statuses() == [(CMCStatus.SUCCESS, (0,), None)]
    response = ResponseBuilder().status(CMCStatus.SUCCESS, 0).sign(signer(OLD))
    assert Authority().process(response).octets == b""
    mixed = RequestBuilder().transaction().abort().add_request(new(number=2))
    octets = mixed.renew(OLD.certificate).sign(signer(OLD))
    assert Authority().process(damaged(octets)).statuses() == failed(CHECK, 0)


@given(st.data())
def test_nothing_that_is_sent_is_raised(data: st.DataObject) -> None:
    """R-017: whatever octet is changed, there is an answer."""
    octets = bytearray(MESSAGE)
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del octets[data.draw(st.integers(0, len(octets))) :]
    answer = Authority({"rules": Rules(compatibility=True)}).process(bytes(octets))
    assert answer.kind == "full-response"
    status = answer.statuses()[0]
    assert status[2] not in (BUSY, INTERNAL)


MESSAGE = renewal(OLD)


def test_a_time_far_off_is_refused() -> None:
    """R-079: badTime, where a rule says how far off is far."""

    def signed(moment: Any) -> bytes:
        made = builder(new(number=2)).renew(OLD.certificate)
        return made.sign(signer(OLD), signing_time=moment)

    authority = Authority({"rules": Rules(clock_skew=timedelta(minutes=10))})
    assert authority.process(signed(NOW - timedelta(minutes=9))).certificates()
    early = authority.process(signed(NOW + timedelta(minutes=11)))
    assert early.statuses() == failed(CMCFailInfo.BAD_TIME, 0)
    assert authority.process(renewal(OLD)).certificates()
    assert Authority().process(signed(NOW + timedelta(minutes=11))).certificates()


# --- who cannot sign ------------------------------------------------------------------------------


def away(octets: bytes) -> bytes:
    """What a device does that is not there."""
    raise RuntimeError("the device is away")


AWAY = cms.SigningKey(sign=away, algorithm="ecdsa-with-SHA256", certificate=anchor().certificate)


def unsigned(answer: Any) -> Any:
    """What an answer says that nobody signed."""
    message = cmcodec.load(answer.octets, strict=True)
    assert not cmcodec.verify_batch([answer.octets])[0].signers
    return message.open_unsigned().message.unverified_content


def test_an_authority_that_cannot_sign_says_so() -> None:
    """R-053: without a SignerInfo, internalCAError for the message; later the same octets work."""
    authority = Authority()
    octets = renewal(OLD)
    answer = authority.process(octets, signer=AWAY)
    (row,) = cmcodec.verify_batch([answer.octets])
    assert row.transaction_id == cmcodec.verify_batch([octets])[0].transaction_id
    assert statuses(unsigned(answer)) == failed(INTERNAL, 0)
    assert authority.process(octets).certificates()
    assert len(authority.issued) == 1
    authority.secret()
    by_mac = builder().authenticate(SECRET, "device", iterations=ITERATIONS)
    answer = authority.process(by_mac, signer=AWAY)
    password = cms.RecipientKey.from_password(SECRET, "device")
    assert answer.message.open(password).origin == "mac"


def test_an_authority_without_store_and_key_says_so() -> None:
    """R-017, R-053: to each that it received, be it a message or none; nothing is kept."""
    authority, octets = Authority(), renewal(OLD)
    for broken, fail_info in ((signer(anchor()), CMCFailInfo.TRY_LATER), (AWAY, INTERNAL)):
        down = FailingStore(authority.store, 0, StoreError("down"))
        found = authority.build(store=down, signer=broken).process_all([octets, b"\x30\0"])
        for each in found:
            assert each.statuses == ((CMCStatus.FAILED, CMCFailInfo.TRY_LATER),)
            content = cmcodec.load(each.octets).unverified_content
            assert statuses(content) == failed(fail_info, 0)
        if broken is AWAY:
            assert list(map(unsigned, found))


def test_a_batch_that_cannot_be_signed_is_answered_without_a_signature() -> None:
    """R-053, R-158: as a whole; later the same octets are answered one by one."""
    authority = Authority({"authorised_ras": [ra().certificate]})
    octets = batch(renewal(OLD)).sign(signer(ra()))
    answer = authority.process(octets, signer=AWAY)
    assert statuses(unsigned(answer)) == failed(INTERNAL, 0)
    (member,) = authority.process(octets).members()
    assert member.certificates()


def test_a_bare_request_that_cannot_be_answered_is_told_so() -> None:
    """R-053: it has no conversation to go on with."""
    authority = Authority({"policy": pending})
    content = unsigned(authority.process(simple(), signer=AWAY))
    assert statuses(content) == failed(INTERNAL, 0)
    assert not values(content, oids.ID_CMC_TRANSACTION_ID)


def test_an_answer_with_unsigned_data_is_signed_and_encrypted_as_others() -> None:
    """R-150, R-229: what a hook adds stands beside the signature, inside the envelope."""
    sealed = cms.encrypt(renewal(OLD), cms.Recipient.from_certificate(anchor().certificate))

    data = types.CMCUnsignedData(
        body_part_path=types.BodyPartPath((0,)), identifier="1.2.3", content=TLV(b"\x04\x01x")
    )

    def decorate(opened: Any, made: Any) -> Any:
        return made.add_unsigned_data(data)

    answer = Authority({"decorate": decorate}).process(sealed)
    opened = answer.opened(opener(OLD))
    assert [each.kind for each in opened.layers] == ["auth-enveloped", "signed"]
    assert unsigned_data.read(opened.message) == (data,)


# --- encryption -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["p-256", "rsa-2048"])
@pytest.mark.parametrize("cipher", ["id-aes256-GCM", "id-aes256-CBC"])
@pytest.mark.parametrize("outer", [False, True], ids=["option-1", "option-2"])
def test_the_answer_to_an_encrypted_request_is_encrypted(
    kind: str, cipher: str, outer: bool
) -> None:
    """R-070, R-229, R-231: by the same kind of envelope, and in the same layers."""
    old = certified("device", kind, 92)
    sealed = cms.encrypt(
        renewal(old), cms.Recipient.from_certificate(anchor().certificate), algorithm=cipher
    )
    octets = cms.sign_envelope(sealed, signer(old)) if outer else sealed
    answer = Authority().process(octets)
    opened = answer.opened(opener(old))
    envelope = "auth-enveloped" if cipher.endswith("GCM") else "enveloped"
    expected = [envelope, "signed"]
    assert [each.kind for each in opened.layers] == (["signed", *expected] if outer else expected)
    assert len(opened.message.certificates) == 2
    plain = Authority().process(renewal(old))
    assert [each.kind for each in plain.opened().layers] == ["signed"]


def test_the_answer_is_encrypted_by_a_secret() -> None:
    """R-070: where the requester has no certificate that reads."""
    authority = Authority({"rules": Rules(iterations=ITERATIONS)})
    authority.secret()
    sealed = cms.encrypt(identified(), cms.Recipient.from_certificate(anchor().certificate))
    answer = authority.process(sealed)
    opened = answer.opened(cms.RecipientKey.from_password(SECRET, "device"))
    assert opened.layers[0].recipient == "pwri"
    assert len(opened.message.certificates) == 2


def test_a_hook_says_who_reads_the_answer() -> None:
    """R-070: and where it fails, nothing of the answer is sent in the clear, nor kept."""
    reader = certified("reader", number=7)
    sealed = cms.encrypt(renewal(OLD), cms.Recipient.from_certificate(anchor().certificate))

    def fail(requester: Any) -> Any:
        raise ValueError("nobody")

    authority = Authority()
    answer = authority.process(sealed, recipients=fail)
    assert answer.statuses() == failed(INTERNAL, 0)
    assert not answer.certificates()
    chosen = lambda requester: [cms.Recipient.from_certificate(reader.certificate)]  # noqa: E731
    answer = authority.process(sealed, recipients=chosen)
    assert answer.opened(opener(reader)).message.certificates
    assert len(authority.issued) == 1


def test_what_cannot_be_decrypted_is_one_error() -> None:
    """R-050, R-230: badMessageCheck for the message, whatever is wrong with it."""
    for cipher in ("id-aes256-GCM", "id-aes256-CBC"):
        mine = cms.Recipient.from_certificate(anchor().certificate)
        other = cms.Recipient.from_certificate(certified("x", number=8).certificate)
        for octets in (
            damaged(cms.encrypt(renewal(OLD), mine, algorithm=cipher), -1),
            cms.encrypt(renewal(OLD), other, algorithm=cipher),
        ):
            assert Authority().process(octets).statuses() == failed(CHECK, 0)
