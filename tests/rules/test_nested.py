"""What holds for a message holds alone, in a batch and inside another one (rules R5, V1, V8)."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import oids, types
from cmcodec.asn1 import display
from kit.der import integer, oid, tlv
from kit.messages import (
    Message,
    Signer,
    control,
    crm,
    members,
    pkcs10,
    pki_data,
    pki_response,
    signed_by,
    tcr,
)

if TYPE_CHECKING:
    from cmcodec import Row

GOOD = Message().encode()


def everywhere(octets: bytes) -> list[Row]:
    """The row of a message: alone, in a list, and one and two messages deep.

    All others are verified, and all that is said of the message is the same but for its place.
    """
    one = Message(content=pki_data(members=members(GOOD, octets))).encode()
    two = Message(content=pki_data(members=members(one, GOOD))).encode()
    response = pki_response(members=members(octets))
    answer = Message(content=response, content_type=oids.ID_CCT_PKI_RESPONSE).encode()
    (alone,) = cmcodec.verify_batch(octets)
    found = [alone]
    for items, place in (
        ([GOOD, octets, GOOD], (1, ())), ([one], (0, (12,))), ([GOOD, two], (1, (11, 12))),
        ([answer], (0, (11,))),
    ):  # fmt: skip
        rows = cmcodec.verify_batch(items)
        assert {row.verdict for row in rows if (row.index, row.path) != place} <= {"verified"}
        (row,) = [row for row in rows if (row.index, row.path) == place]
        start = row.span[0] if row.path else 0
        assert row.span == (start, start + len(octets))
        moved = {"index": 0, "path": (), "span": alone.span, "offset": alone.offset}
        assert row.with_changes(**moved) == alone
        assert row.offset == (None if alone.offset is None else alone.offset + start)
        found.append(row)
    return found


def reasons(message: Message) -> tuple[str, str | None, str | None]:
    row = everywhere(message.encode())[0]
    return row.verdict, row.reason, row.rule


MISMATCH = ("failed", "version_mismatch", "V1")


@pytest.mark.parametrize("version", [1, 2, 3, 127])
def test_v1_the_version_of_a_pkcs10_counts_everywhere(version: int) -> None:
    """RFC 2986 §4.1: it is 0, in a PKIData; a bare PKCS#10 has no place inside another message."""
    request = pkcs10(version=version)
    assert reasons(Message(content=pki_data(requests=(tcr(3, request),)))) == MISMATCH
    requests = (tcr(3), tcr(4, request), tcr(5))
    assert reasons(Message(content=pki_data(requests=requests))) == MISMATCH
    for items, at in ((request, 0), ([GOOD, request], 1)):
        row = cmcodec.verify_batch(items)[at]
        assert (row.kind, row.verdict, row.reason, row.rule) == ("simple-request", *MISMATCH)
        assert request[row.offset :].startswith(integer(version))
    with pytest.raises(cmcodec.VerificationError, match="version_mismatch"):
        cmcodec.load(request).verify()
    assert cmcodec.verify_batch(pkcs10())[0].verdict == "verified"


@pytest.mark.parametrize("popo", [None, b"", b"\x80\0", tlv(0xA2, tlv(0x81, b"\1"))])
def test_v1_the_version_of_a_cert_template_counts_everywhere(popo: bytes | None) -> None:
    """RFC 4211 §5: it is 2 or left out, whatever proves possession."""
    for version in (0, 1, 3, 127):
        content = pki_data(requests=(tcr(4), crm(popo, version=version)))
        assert reasons(Message(content=content)) == MISMATCH
    for right in (2, None):
        content = pki_data(requests=(tcr(4), crm(popo, version=right)))
        assert reasons(Message(content=content)) == ("verified", None, None)


MISSING = ("failed", "content_missing", "V1")


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (oids.ID_CCT_PKI_DATA, MISSING),
        (oids.ID_CCT_PKI_RESPONSE, MISSING),
        (oids.ID_ENVELOPED_DATA, MISSING),
        (oids.ID_CT_AUTH_ENVELOPED_DATA, MISSING),
        # What may not be signed is refused for that, whether it is there or not.
        (oids.ID_DATA, ("failed", "wrong_content_type", "V1")),
        (oids.ID_SIGNED_DATA, ("failed", "wrong_content_type", "V1")),
        ("1.2.3", ("failed", "wrong_content_type", "V1")),
    ],
)
def test_v1_content_that_is_missing_is_missed_everywhere(
    content_type: str, expected: tuple[str, str, str]
) -> None:
    message = Message(content=None, content_type=content_type)
    octets = message.encode()
    rows = everywhere(octets)
    assert {(row.verdict, row.reason, row.rule) for row in rows} == {expected}
    assert all(row.signers == () for row in rows)
    assert octets[rows[0].offset :].startswith(oid(content_type))
    # Two signers miss it as one does; nobody misses what nobody signed.
    assert reasons(replace(message, signers=(Signer(), Signer()))) == expected
    unsigned = everywhere(replace(message, signers=()).encode())[0]
    if expected == MISSING:
        assert (unsigned.verdict, unsigned.reason) == ("unsigned", "no_signer")
    else:
        assert unsigned.reason == (None if content_type == oids.ID_DATA else expected[1])


def test_v1_content_that_is_there_is_not_missed() -> None:
    assert reasons(Message()) == ("verified", None, None)
    assert reasons(Message(content=b"", content_type="1.2.3"))[1] == "wrong_content_type"


def test_v1_notes_on_versions_stand_everywhere() -> None:
    for message, noted in ((Message(version=1), True), (signed_by(Signer(version=3)), True),
                           (Message(), False)):  # fmt: skip
        for row in everywhere(message.encode()):
            assert [note.reason for note in row.notes] == ["version_mismatch"] * noted


# --- what rows take and say ----------------------------------------------------------------------


def test_r4_a_message_without_anything_to_note_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R4, V15: the backend tells which messages there may be something to note of."""
    from cmcodec.verify import references

    looked: list[object] = []
    monkeypatch.setattr(references, "notes", lambda message, _: looked.append(message) or ())
    transaction, nonce = control(1, 5, integer(1)), control(2, 6, types.SenderNonce(b"nonce"))
    plain = Message(content=pki_data((transaction, nonce), (tcr(), crm(body_part_id=4)))).encode()
    batch = control(9, 28, types.BodyPartList((11, 12)))
    outer = Message(content=pki_data((batch,), members=members(plain, plain))).encode()
    assert len(list(cmcodec.verify_batch([plain, plain]))) == 2
    assert looked == []
    assert len(list(cmcodec.verify_batch([plain, outer]))) == 4
    assert len(looked) == 1


def test_p9_rows_of_any_transaction_id_are_shown_everywhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """P9: no way of showing a row trips over a number of 16,384 bits, of either sign."""
    for number in (2**16383 - 1, -(2**16383), 0):
        message = Message(content=pki_data((control(1, 5, integer(number)),)))
        for row in everywhere(message.encode()):
            assert row.transaction_id == number
            text = f"transaction_id={display.decimal(number)}"
            shown: list[Any] = [str(row), repr(row), f"{row}", f"{row!s:>9}", format(row)]
            for form in (*shown, repr([row]), repr({1: (row,)})):
                assert text in form
            logging.getLogger("cmcodec.tests").warning("a row: %s, %r", row, [row])
            assert text in caplog.text
            caplog.clear()
            assert json.loads(json.dumps(row.to_dict()))["verdict"] == "verified"
        assert repr(cmcodec.load(message.encode()).verify()).startswith("<Verified full-request")
