"""What the hostile messages in ``vectors/`` cover."""

from __future__ import annotations

import ast
import importlib
from itertools import chain

import pytest

import published
from cmcodec.reasons import Reason, Rule
from kit.vectors import ROOT

BOTH_BACKENDS = False
RULES = ROOT / "tests" / "rules"
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
    Reason.BAD_TYPE: "test_encode.py::test_of_several_faults_the_first_is_named",
    Reason.IDENTITY_PROOF_MISSING: "controls/test_identity_proof.py::test_r_089_missing",
    Reason.IDENTITY_PROOF_WRONG: "controls/test_identity_proof.py::test_r_089_wrong_secret",
    Reason.POP_LINK_MISSING: "controls/test_pop_link.py::test_r_102_missing_in_one_request",
    Reason.POP_LINK_WRONG: "controls/test_pop_link.py::test_r_102_wrong_in_one_request",
    Reason.NAME_MISMATCH: "controls/test_pop_link.py::test_r_106_subject",
    Reason.POP_WRONG: "controls/test_encrypted_pop.py::test_r_130_wrong_answers",
    Reason.CHALLENGE_WRONG: "controls/test_encrypted_pop.py::test_r_127_wrong_challenges",
    Reason.TEMPLATE_CONFLICT: "controls/test_templates.py::test_r_114_conflicts_within_one_pkidata",
    Reason.CONTROL_MISPLACED: "controls/test_trust_anchors.py::test_the_control_stands_once",
    Reason.NONCE_WRONG: "controls/test_conversation.py::test_r_118_recipient_nonce",
    Reason.TRANSACTION_WRONG: "controls/test_conversation.py::test_r_116_transaction_id",
    Reason.NOT_NEWER: "controls/test_trust_anchors.py::"
    "test_r_151_the_number_is_greater_than_the_last",
    Reason.NOT_CURRENT: "controls/test_trust_anchors.py::test_r_150_the_signing_time_is_near",
    Reason.NOT_PERMITTED: "test_end_entity_answers.py::test_an_ordinary_end_entity_is_no_server",
    Reason.AUTH_DATA_WRONG: "controls/test_auth_data.py::test_r_154_a_mac_that_does_not_verify",
    Reason.UNSIGNED_DATA_WRONG: "controls/test_unsigned_data.py::test_r_059_one_attribute",
    Reason.NO_RECIPIENT: "layers/test_opening.py::test_r050_r230_what_a_server_answers",
    Reason.DECRYPTION_FAILED: "layers/test_recipients.py::test_one_error_of_every_function",
    Reason.FORBIDDEN: "layers/test_opening.py::test_r023_making_for_another_recipient",
}
"""Reasons that no row of a report has, and the test below ``tests/rules`` that expects each."""


def told() -> set[tuple[Rule | None, Reason | None]]:
    """Every rule and reason that a row or a note has."""
    rows = [row for case in published.cases().values() for row in case.rows]
    notes = {(reason.rule, reason) for row in rows for _, reason in row.notes}
    return notes | {(row.rule, row.reason) for row in rows}


def test_every_rule_is_broken() -> None:
    """Each rule has a case that breaks it, but for those that say why not."""
    broken = {case.rule for case in published.cases().values() if case.twin}
    assert broken | set(NOT_IN_MESSAGES) == set(Rule)
    assert not broken & set(NOT_IN_MESSAGES)


def test_every_rule_is_kept() -> None:
    """The twin of each case is of the same rule and passes."""
    for case in published.cases().values():
        twin = published.cases()[case.twin] if case.twin else case
        assert (twin.rule, twin.twin) == (case.rule, None)
        assert twin.refused is None, twin.name
        assert case.twin is None or case.rows != twin.rows, case.name
        assert case.twin is None or case != twin


def test_every_reason_is_told() -> None:
    """Each reason is that of a row or of a note, but for those that say why not."""
    noted = {
        reason
        for case in published.cases().values()
        for row in case.rows
        for _, reason in row.notes
    }
    found = noted | {reason for _, reason in told() if reason}
    assert found | set(NOT_OF_VERDICTS) == set(Reason)
    assert not found & set(NOT_OF_VERDICTS)


@pytest.mark.parametrize(("reason", "name"), NOT_OF_VERDICTS.items())
def test_every_other_reason_has_a_named_test(
    reason: Reason, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs, and it or what it names of its module says the reason."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    shown = importlib.import_module("shown")
    assert name in {test.name for test in shown.tests(RULES)}
    file, _, function = name.rpartition("::")
    assert reason in said(ast.parse((RULES / file).read_text(encoding="utf-8")), function)


def said(module: ast.Module, function: str) -> set[object]:
    """The constants in a function, and in what it names at the top of its module."""
    top: dict[str, ast.stmt] = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef):
            top[node.name] = node
        elif isinstance(node, ast.Assign):
            top |= {ast.unparse(target): node for target in node.targets}
    names = {node.id for node in ast.walk(top[function]) if isinstance(node, ast.Name)}
    reached = [top[name] for name in (names & top.keys()) | {function}]
    walked = chain.from_iterable(map(ast.walk, reached))
    return {node.value for node in walked if isinstance(node, ast.Constant)}


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
