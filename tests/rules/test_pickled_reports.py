"""What went through a pickle, to another process for example, is what it was: reports, errors."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec import errors, types
from cmcodec.embedded.folder import FolderError, FolderReason
from cmcodec.transports import TransportError, TransportReason
from kit.der import oid, seq
from kit.messages import Message, control, members, pki_data, signed_data
from kit.vectors import SHARED, shared
from kit.wrong_inputs import armour

if TYPE_CHECKING:
    from typing import Any

BATCH = (SHARED / "batch" / "batch-req-10.der").read_bytes()
NOTED = Message(content=pki_data([control(1, 29, types.BodyPartList((77,)))])).encode()
BROKEN_INSIDE = signed_data(pki_data(members=members(seq(oid("1.2.3")), signed_data())))
INPUTS = [
    BATCH,
    NOTED,
    armour(BATCH) * 2,
    BROKEN_INSIDE,
    b"\x30",
    shared("signed/rsa2048-pkcs10.ber"),
]
TRUST = {"none": {}, "anchors": {"trust": []}, "callback": {"trust": lambda *_: True}}


@pytest.fixture(params=TRUST)
def report(request: pytest.FixtureRequest) -> cmcodec.BatchReport:
    trust: dict[str, Any] = TRUST[request.param]
    return cmcodec.verify_batch(INPUTS, **trust)


def test_a_pickled_report_has_equal_rows(report: cmcodec.BatchReport) -> None:
    """Verdicts, signers with their chains, notes; and what rows know besides."""
    for copied in (pickle.loads(pickle.dumps(report)), copy.deepcopy(report)):
        assert type(copied) is cmcodec.BatchReport
        assert len(copied) == len(report)
        assert list(copied) == list(report)
        assert copied[3].notes == report[3].notes
        assert any(row.notes for row in copied)
        for mine, theirs in zip(copied, report, strict=True):
            assert mine.buffer == theirs.buffer
            assert [each.candidates for each in mine.signers] == [
                each.candidates for each in theirs.signers
            ]
            assert [each.purposes for each in mine.signers] == [
                each.purposes for each in theirs.signers
            ]


def test_a_pickled_report_answers_as_before(report: cmcodec.BatchReport) -> None:
    """Its octets, its counts and what it writes."""
    copied = pickle.loads(pickle.dumps(report))
    assert [copied.der(item) for item in range(len(INPUTS))] == [
        report.der(item) for item in range(len(INPUTS))
    ]
    assert copied.counts() == report.counts()
    assert copied.summary() == report.summary()
    assert repr(copied) == repr(report)
    assert list(copied.failures()) == list(report.failures())
    assert [copied.hint(row) for row in copied] == [report.hint(row) for row in report]
    assert "".join(copied.to_json_lines()) == "".join(report.to_json_lines())
    assert "".join(copied.to_csv()) == "".join(report.to_csv())
    assert copied.to_arrow() == report.to_arrow()
    with pytest.raises(IndexError):
        copied[len(copied)]


def test_a_pickled_report_is_pickled_again(report: cmcodec.BatchReport) -> None:
    """Nothing is lost on the way, and nothing is found that was not there."""
    once = pickle.dumps(pickle.loads(pickle.dumps(report)))
    assert list(pickle.loads(once)) == list(report)
    assert pickle.loads(once).der(0) == BATCH


def test_a_pickled_report_asks_nobody() -> None:
    """A callback decided before; it is no part of the pickle, which a function could not be in."""
    asked = []

    def decide(*certificates: object) -> bool:
        asked.append(certificates)
        return True

    report = cmcodec.verify_batch(BATCH, trust=decide)
    before = len(asked)
    assert pickle.loads(pickle.dumps(report)).counts() == report.counts()
    assert len(asked) == before


def test_a_report_over_nothing_is_pickled() -> None:
    """No rows, no octets."""
    assert len(pickle.loads(pickle.dumps(cmcodec.verify_batch([])))) == 0


@pytest.mark.parametrize(
    "error",
    [
        errors.DecodeError("bad_tag", 3, "pkiData", hint="this is a certificate"),
        errors.LimitError("limit", 0, "pem"),
        errors.EncodeError("bad_value", None, "version", hint="3 is not 1 or 2"),
        errors.ArgumentError("key", object()),
        errors.ForbiddenError("R-026", "controls"),
        errors.DecryptionError("decryption_failed"),
        errors.VerificationError("digest_mismatch", 7, "authAttrs", rule="V6"),
        errors.ProofError("pop_wrong", types.CMCFailInfo.POP_FAILED, (1, 2), rule="R3"),
        errors.SigningError("signature_invalid", None, "contents[1]"),
        errors.UnsupportedError("the engine is not installed"),
        TransportError(TransportReason.STATUS, 503),
        FolderError(FolderReason.MISSING, Path("ca"), "there is no such file"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_p9_errors_say_the_same_behind_a_pickle(error: errors.CMCError) -> None:
    """P9: class, words, and everything that programs go by."""
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)
