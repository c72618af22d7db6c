"""What the hostile messages cover, and that they are the same every time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import hostile
from cmcodec.reasons import Reason, Rule

BOTH_BACKENDS = False
NOT_IN_MESSAGES = {
    Rule.P7: "time is shown by families of sizes",
    Rule.P8: "memory is shown by families of sizes",
    Rule.P9: "every case shows it: nothing but `DecodeError` is caught",
    Rule.P10: "a row does not tell: whatever the iterations, it is the same",
    Rule.P11: "of the kind of buffer, not of what is in it",
    Rule.P12: "of the fallback's inside; P5 shows what it says",
    Rule.V14: "every case shows it, on both backends and by threads",
    Rule.R3: "needs a secret of the caller, which no verdict has",
}
"""Rules that no message can break by itself, and why."""

NOT_OF_VERDICTS = {
    Reason.BAD_TYPE: "of values that are encoded",
    Reason.IDENTITY_PROOF_MISSING: "of `cmcodec.controls`, by a secret",
    Reason.IDENTITY_PROOF_WRONG: "of `cmcodec.controls`, by a secret",
    Reason.POP_LINK_MISSING: "of `cmcodec.controls`, by a secret",
    Reason.POP_LINK_WRONG: "of `cmcodec.controls`, by a secret",
    Reason.NAME_MISMATCH: "of `cmcodec.controls`, by whoever asks",
    Reason.POP_WRONG: "of `cmcodec.controls`, by a challenge",
    Reason.CHALLENGE_WRONG: "of `cmcodec.controls`, by a challenge",
    Reason.TEMPLATE_CONFLICT: "of roles and `cmcodec.controls`",
    Reason.CONTROL_MISPLACED: "of roles and `cmcodec.controls`",
    Reason.NONCE_WRONG: "of an exchange",
    Reason.TRANSACTION_WRONG: "of an exchange",
    Reason.NOT_NEWER: "of a list of trust anchors",
    Reason.NOT_CURRENT: "of an exchange",
    Reason.NOT_PERMITTED: "of an exchange",
    Reason.AUTH_DATA_WRONG: "of `cmcodec.controls`, by a secret",
    Reason.UNSIGNED_DATA_WRONG: "of `cmcodec.controls`",
    Reason.NO_RECIPIENT: "of layers that are opened",
    Reason.DECRYPTION_FAILED: "of layers that are opened",
    Reason.FORBIDDEN: "of what is built",
}
"""Reasons that no row of a report has."""


def told() -> set[tuple[Rule | None, Reason | None]]:
    """Every rule and reason that a row or a note has."""
    rows = [row for case in hostile.cases().values() for row in case.rows]
    notes = {(reason.rule, reason) for row in rows for _, reason in row.notes}
    return notes | {(row.rule, row.reason) for row in rows}


def test_every_rule_is_broken() -> None:
    """Each rule has a case that breaks it, but for those that say why not."""
    broken = {case.rule for case in hostile.cases().values() if case.twin}
    assert broken | set(NOT_IN_MESSAGES) == set(Rule)
    assert not broken & set(NOT_IN_MESSAGES)


def test_every_rule_is_kept() -> None:
    """The twin of each case is of the same rule and passes."""
    for case in hostile.cases().values():
        twin = hostile.cases()[case.twin] if case.twin else case
        assert (twin.rule, twin.twin) == (case.rule, None)
        assert twin.refused is None, twin.name
        assert case.twin is None or case.rows != twin.rows, case.name
        assert case.twin is None or case != twin


def test_every_reason_is_told() -> None:
    """Each reason is that of a row or of a note, but for those that say why not."""
    noted = {
        reason for case in hostile.cases().values() for row in case.rows for _, reason in row.notes
    }
    found = noted | {reason for _, reason in told() if reason}
    assert found | set(NOT_OF_VERDICTS) == set(Reason)
    assert not found & set(NOT_OF_VERDICTS)


def test_every_reason_is_told_for_each_of_its_rules() -> None:
    """Reasons of several rules are told for each of them."""
    pairs = {
        (rule, reason)
        for reason in Reason
        for rule in reason.rules
        if reason not in NOT_OF_VERDICTS and (rule, reason) not in NEVER_OF_A_ROW
    }
    assert pairs <= told(), sorted(pairs - told())


NEVER_OF_A_ROW = {
    (Rule.V15, Reason.LIMIT): "of a signer after others that failed, whose reasons come first",
}
"""Reasons that a rule gives to signers alone, and why."""


def test_cases_are_the_same_every_time() -> None:
    """In another process, whatever its hashes begin with, every octet is the same."""
    tests = Path(__file__).parent
    paths = os.pathsep.join([str(tests), *sys.path])
    digests = {
        subprocess.run(
            [sys.executable, "-m", "hostile"], check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert digests == {hostile.fingerprint() + "\n"}
