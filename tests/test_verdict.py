"""Rows of a report: where they stand, what is found only once, and which check comes first."""

from __future__ import annotations

import copy
import pickle
from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import _backend, types
from cmcodec._pure.codec.walk import Walk
from cmcodec.asn1 import display
from cmcodec.reasons import Reason, Rule
from cmcodec.verify import checks, references
from cmcodec.verify.trust import Paths
from cmcodec.verify.verdict import RequestReport, Row, Signer
from kit.keys import ALICE
from kit.messages import Message, control, members, pki_data, rows, signers_of, tcr, verify
from kit.vectors import shared

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = shared("batch/batch-req-10.der")
DANGLING = Message(content=pki_data([control(1, 28, types.BodyPartList((77,)))])).encode()


def counted(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> tuple[list[Any], Callable[..., Any]]:
    """The calls of a function, which still does its work."""
    calls: list[Any] = []
    real = getattr(owner, name)

    def call(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr(owner, name, call)
    return calls, real


# --- where a row stands --------------------------------------------------------------------------


def test_the_buffer_is_that_of_the_report() -> None:
    """P11: offsets count in one buffer, of which no row has a copy."""
    report = cmcodec.verify_batch([BATCH, shared("signed/rsa2048-pkcs10.ber"), b"\x30"])
    assert report.der(0) is BATCH
    assert {id(row.buffer) for row in report} == {id(report.der(index)) for index in range(3)}
    assert all(row.buffer is report.der(row.index) for row in report)
    assert report[0].buffer is report.der(0)


def test_the_buffer_is_no_part_of_a_row() -> None:
    """Rows of one content are one, wherever they stand; what is written of them has no buffer."""
    row = cmcodec.verify_batch(BATCH)[0]
    by_hand = replace(row)
    assert row.buffer is BATCH
    assert by_hand.buffer is None
    assert (by_hand, hash(by_hand), repr(by_hand)) == (row, hash(row), repr(row))
    assert "buffer" not in repr(row)
    assert row.to_dict() == by_hand.to_dict()
    assert "buffer" not in row.to_dict()
    assert asdict(row) == asdict(by_hand)
    assert "buffer" not in asdict(row)
    pickled = pickle.dumps(row)
    assert len(pickled) < len(BATCH)
    assert pickle.loads(pickled) == row
    assert pickle.loads(pickled).buffer is None
    assert pickle.loads(pickled).may_have_notes is False


def test_a_changed_row_stands_where_it_stood() -> None:
    """`with_changes` changes what it is told to."""
    row = cmcodec.verify_batch(BATCH)[0]
    changed = row.with_changes(verdict="failed", reason=Reason.UNTRUSTED_CHAIN)
    assert changed == replace(row, verdict="failed", reason=Reason.UNTRUSTED_CHAIN)
    assert changed.buffer is BATCH
    assert changed.may_have_notes is row.may_have_notes is True
    by_hand = replace(row).with_changes(verdict="failed")
    assert (by_hand.buffer, by_hand.may_have_notes) == (None, False)


def test_what_a_report_adds_stands_in_the_same_buffer() -> None:
    """R4, V13: with notes and chains too."""
    row = cmcodec.verify_batch(DANGLING, trust=lambda *_: False)[0]
    assert ([note.reason for note in row.notes], row.rule) == (["dangling_reference"], Rule.V13)
    assert row.buffer is DANGLING
    signed = shared("signed/p256-pkcs10.der")
    row = cmcodec.verify_batch(signed, trust=lambda *_: False)[0]
    assert row.rule is Rule.V13
    assert row.buffer is signed


def test_signers_have_their_certificates() -> None:
    """The certificate is there as a value, and no part of what is compared or printed."""
    row = cmcodec.verify_batch(Message().encode())[0]
    (signer,) = row.signers
    assert signer.certificate == types.Certificate(ALICE.certificate())
    assert signers_of(row)[0][3] == ALICE.certificate()
    assert replace(signer, candidates=()) == signer
    assert "certificate=" not in repr(signer)
    assert copy.deepcopy(signer).certificate == signer.certificate


def test_rows_of_any_transaction_id_are_shown() -> None:
    """P9: one of 16,384 bits has more digits than Python writes by itself."""
    number = 2**16383
    octets = Message(content=pki_data([control(1, 5, types.TransactionId(number))])).encode()
    row = cmcodec.verify_batch(octets)[0]
    assert row.transaction_id == number
    for text in (repr(row), str(row), f"{row}", f"{[row]}", f"{row!r}"):
        assert "transaction_id=" + display.decimal(number) in text
    small = row.with_changes(transaction_id=5)
    assert repr(small).startswith("Row(index=0, path=(), kind='full-request', encoding='der', ")
    assert "transaction_id=5, notes=(), span=(0, " in repr(small)


# --- what is found once --------------------------------------------------------------------------


def test_notes_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """V15, R4: a second loop over a report looks at no control again."""
    calls, _ = counted(monkeypatch, references, "notes")
    report = cmcodec.verify_batch([DANGLING, BATCH, DANGLING])
    assert calls == []
    first = list(report)
    assert [bool(row.notes) for row in first if not row.path] == [True, False, True]
    assert len(calls) == 3
    assert list(report) == first
    assert report[0] == first[0]
    assert report.counts() == {"verified": 13}
    assert list(report.failures()) == []
    assert len(calls) == 3


def test_chains_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """V15, V13: a second loop over a report builds no chain again."""
    calls, _ = counted(monkeypatch, Paths, "chain")
    asked: list[Any] = []

    def decide(*question: Any) -> bool:
        asked.append(question)
        return False

    report = cmcodec.verify_batch([BATCH, shared("signed/p256-pkcs10.der")], trust=decide)
    first = list(report)
    count = len(calls), len(asked)
    assert min(count) > 0
    assert list(report) == first
    assert report.counts() == Counter(row.verdict for row in first)
    assert list(report.failures()) == [row for row in first if row.verdict == "failed"]
    assert (len(calls), len(asked)) == count


# --- what was validated is not read again --------------------------------------------------------


def test_a_loaded_message_is_verified_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """V15: `Message.verify` neither copies nor walks what `load` has walked."""
    batch = cmcodec.load(BATCH)
    loads, _ = counted(monkeypatch, _backend, "load")
    walks, _ = counted(monkeypatch, Walk, "check")
    calls, _ = counted(monkeypatch, _backend, "verify")
    for _, message in batch.unverified_messages:
        assert message.verify().signers == cmcodec.load(message.to_der()).verify().signers
        ((item,),) = calls[-2]
        assert item == (BATCH, *message.span, "der")
        assert item[0] is BATCH
    assert len(loads) == 10
    assert len(walks) == (10 if _backend.name() == "pure" else 0)


def test_validated_items() -> None:
    """V15: what the caller has validated is judged as it stands, in a part of its buffer."""
    octets = Message(content=pki_data([control(1, 5, types.TransactionId(7))], [tcr()])).encode()
    (alone,) = rows(verify(octets))
    buffer = b"before" + octets + b"behind"
    span = (6, 6 + len(octets))
    for encoding in ("der", "ber"):
        verdicts = verify((buffer, *span, encoding), nested=False)
        (row,) = rows(verdicts)
        assert row == replace(alone, span=span, encoding=encoding)  # type: ignore[arg-type]
        assert row.buffer is verdicts.der(0) is buffer


def test_validated_items_are_not_walked() -> None:
    """V15: an INTEGER with a zero too many is what a walk refuses, and no signature minds."""
    octets = Message(content=pki_data([control(1, 99, b"\x02\x02\x00\x01")])).encode()
    walked, validated = rows(verify(octets, (octets, 0, len(octets), "der"), nested=False))
    assert (walked.verdict, walked.reason) == ("malformed", "not_canonical")
    assert (validated.verdict, validated.reason) == ("verified", None)


def test_members_of_validated_items_are_not_looked_at() -> None:
    """R5: they are items of their own."""
    octets = Message(content=pki_data(members=members(Message().encode()))).encode()
    assert len(verify(octets, nested=True)) == 2
    assert len(verify((octets, 0, len(octets), "der"), nested=True)) == 1


def test_r4_no_member_has_the_id_0() -> None:
    """The number of the message itself names none, where there are no members either."""
    content = pki_data([control(1, 28, types.BodyPartList((0,)))])
    (row,) = cmcodec.verify_batch(Message(content=content).encode())
    assert row.verdict == "verified"
    assert "not_a_message" not in {note.reason for note in row.notes}


# --- which check comes first ---------------------------------------------------------------------


def test_order_of_the_rules() -> None:
    """Algorithms before their results, signers before chains, chains before proofs."""
    order = [Rule.V4, Rule.V7, Rule.V12, Rule.V5, Rule.V6, Rule.V8, Rule.V9, Rule.V10, Rule.V10A]
    order += [Rule.V13, Rule.R1, Rule.R2, Rule.R6]
    assert [rule.order for rule in order] == sorted(rule.order for rule in order)
    assert Rule.P1.order < Rule.P12.order < Rule.V1.order < Rule.V4.order
    assert sorted(rule.order for rule in Rule) == list(range(len(Rule)))


def by_hand(reason: Reason | None, rule: Rule | None, chain: Any, verdict: Any = "failed") -> Row:
    """A row as a backend makes it, and a chain as a report adds it."""
    signer = Signer(algorithm="Ed25519", certificate_sha256="00", request_id=None, chain=chain)
    return Row(
        index=0,
        path=(),
        kind="full-request",
        encoding="der",
        verdict=verdict if reason else "verified",
        reason=reason,
        rule=rule,
        offset=90 if reason else None,
        signers=(replace(signer, chain="trusted"), signer),
        requests=(RequestReport(id=1, form="pkcs10", algorithm=None, pop="failed"),),
        transaction_id=None,
        notes=(),
        span=(10, 100),
    )


@pytest.mark.parametrize(
    ("reason", "rule"),
    [
        (None, None),
        (Reason.POP_INVALID, Rule.R1),
        (Reason.POP_INVALID, Rule.R6),
    ],
)
def test_an_untrusted_chain_comes_first(reason: Reason | None, rule: Rule | None) -> None:
    """V13: before the proofs of possession."""
    row = by_hand(reason, rule, "untrusted")
    assert checks.settle(row, checks.Policy("none")) == replace(
        row, verdict="failed", reason=Reason.UNTRUSTED_CHAIN, rule=Rule.V13, offset=10
    )


@pytest.mark.parametrize(
    ("reason", "rule", "verdict"),
    [
        (Reason.UNSUPPORTED_ALGORITHM, Rule.V7, "failed"),
        (Reason.NO_SIGNATURE, Rule.V12, "failed"),
        (Reason.SIGNATURE_INVALID, Rule.V10, "failed"),
        (Reason.WRONG_CONTENT_TYPE, Rule.V1, "failed"),
        (Reason.NO_SIGNER, Rule.V2, "unsigned"),
        (Reason.ENCRYPTED, None, "unverified"),
        (Reason.TRUNCATED, Rule.P2, "malformed"),
    ],
)
def test_an_untrusted_chain_comes_later(reason: Reason, rule: Rule | None, verdict: str) -> None:
    """V13: behind the signatures, and behind what there is nothing to verify for."""
    row = by_hand(reason, rule, "untrusted", verdict)
    assert checks.settle(row, checks.Policy("none")) is row


@pytest.mark.parametrize("chain", ["trusted", "unchecked", None])
@pytest.mark.parametrize(("reason", "rule"), [(None, None), (Reason.POP_INVALID, Rule.R1)])
def test_other_chains_change_nothing(reason: Reason | None, rule: Rule | None, chain: Any) -> None:
    """V13: a verdict is made worse by nothing but an untrusted signer."""
    row = by_hand(reason, rule, chain)
    assert checks.settle(row, checks.Policy("none")) is row


def test_every_check_is_in_the_list() -> None:
    """A check that nobody asks checks nothing."""
    named = {check for name, check in vars(checks).items() if name.startswith("of_")}
    assert set(checks.CHECKS) == named
