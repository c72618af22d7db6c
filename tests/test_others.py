"""What other implementations say of the same messages, and that each difference has its reason.

``python -m tests.others`` asks about all of them; here are as many as take seconds.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from itertools import islice, product
from typing import TYPE_CHECKING

import pytest

import published
from cmcodec import Reason, Rule
from kit.installed import needs_peer
from kit.vectors import ROOT
from others import comparing, explained, sides
from others.answers import CRASHED, HUNG, INVALID, REFUSED, VALID, Answer
from others.explained import LAXER, NO_ANSWER, STRICTER, Explanation, disagreement, explanation
from others.inputs import KINDS, Input, hostile_input, hostile_inputs, mutants
from others.judges import MESSAGE, PKCS10, judged
from test_hostile import wrong

if TYPE_CHECKING:
    from others.explained import Disagreement

BOTH_BACKENDS = False

MUTANTS = 100
EACH = 16
"""One hostile message of so many."""
RECORD = ROOT / "benches" / "record" / "others.json"
EVERY_FEATURE = tuple(sorted({it for each in explained.explanations() for it in each.features}))
PLACES = (*explained.PARTS.values(), explained.ELSEWHERE, "request", "")
MESSAGE_INPUT = Input("a message", b"0\0")


def needs(name: str) -> None:
    needs_peer(f"{name} (tests/interoperability/install.py)", sides.is_here(name))


# --- what they say -------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=sides.NAMES)
def asked(request: pytest.FixtureRequest) -> tuple[str, comparing.Comparison]:
    """What each of them says of some messages."""
    name: str = request.param
    needs(name)
    return name, comparing.compared([name], [*hostile_inputs(EACH), *mutants(MUTANTS)])


def test_every_difference_is_explained(asked: tuple[str, comparing.Comparison]) -> None:
    """Whoever goes on where the other does not, or reads something else, has a rule for it."""
    name, found = asked
    assert not found.unexplained
    assert found.explained
    assert any(answer.is_good for answer in found.answers[name])


def test_a_wrong_verdict_is_not_explained(asked: tuple[str, comparing.Comparison]) -> None:
    """Good in our words where they have found a bad signature or digest, whatever the message."""
    name, found = asked
    ours = Answer(VALID, features=EVERY_FEATURE)
    planted = [
        disagreement(name, each, ours, theirs)
        for each, theirs in zip(found.given, found.answers[name], strict=True)
        if theirs.why in explained.NEVER
    ]
    assert len(planted) > 10 or name not in sides.LOOK_AT_SIGNATURES
    assert not [each for each in planted if each is None or explanation(each)]


WORDS = {
    "V6: messageDigest its last bit changed": (INVALID, "digest"),
    "V6: messageDigest an octet short": (INVALID, "digest"),
    "V8: no certificate": (INVALID, "certificate"),
    "V10: ECDSA, both 1": (INVALID, "signature"),
    "V10: PSS with a salt of 0, and one more octet": (INVALID, "signature"),
    "P2: nothing": (REFUSED, "parse"),
    "V6: messageDigest": (VALID, ""),
}
"""Cases, and the words that no class may have, or has for them."""


@pytest.mark.parametrize("name", ["openssl", "bouncycastle"])
def test_bad_signatures_and_digests_are_called_so(name: str) -> None:
    """By their words for them, which no class has."""
    needs(name)
    given = {key: hostile_input(key) for key in WORDS}
    with sides.side(name) as it:
        said = {key: it.ask(each.octets, each.form) for key, each in given.items()}
    assert {key: (answer.said, answer.why) for key, answer in said.items()} == WORDS


# --- the table -----------------------------------------------------------------------------------


def difference(side: str, ours: Answer, theirs: Answer) -> Disagreement:
    found = disagreement(side, MESSAGE_INPUT, ours, theirs)
    assert found is not None
    return found


@pytest.mark.parametrize("why", ["signature", "digest"])
@pytest.mark.parametrize("name", sides.NAMES)
def test_no_class_has_a_bad_signature_that_we_call_good(name: str, why: str) -> None:
    """Whatever else the message has."""
    ours = Answer(VALID, features=EVERY_FEATURE)
    found = difference(name, ours, Answer(INVALID, why))
    assert found.direction == LAXER
    assert explanation(found) is None
    assert explanation(replace(found, says="no such word")) is None


@pytest.mark.parametrize("reason", [Reason.SIGNATURE_INVALID, Reason.DIGEST_MISMATCH])
@pytest.mark.parametrize("name", sorted(sides.LOOK_AT_SIGNATURES & set(sides.NAMES)))
def test_no_class_has_a_good_signature_that_we_call_bad(name: str, reason: Reason) -> None:
    """Of a message with nothing special, wherever it is found."""
    ours = Answer(INVALID, reason, reason.rule or "")
    found = difference(name, ours, Answer(VALID))
    assert found.direction == STRICTER
    assert all(explanation(replace(found, place=place)) is None for place in PLACES)


def test_no_class_has_two_contents() -> None:
    """What is verified is the same octets."""
    ours = Answer(VALID, features=EVERY_FEATURE, values={"content": "1"})
    for name in sides.NAMES:
        found = difference(name, ours, Answer(VALID, values={"content": "2"}))
        assert explanation(found) is None
        assert disagreement(name, MESSAGE_INPUT, ours, ours) is None


def test_no_class_has_a_message_of_which_we_say_nothing() -> None:
    """Even where nobody else goes on."""
    for said, name in product((CRASHED, HUNG), sides.NAMES):
        found = difference(name, Answer(said, features=EVERY_FEATURE), Answer(REFUSED, "parse"))
        assert found.direction == NO_ANSWER
        assert explanation(found) is None


def test_no_class_has_a_reason_at_another_place() -> None:
    """A reason explains where it is found, and by its rule."""
    ours = Answer(REFUSED, Reason.DEPTH, Rule.P1)
    found = difference("openssl", ours, Answer(VALID))
    assert explanation(replace(found, place="content")) is not None
    assert explanation(replace(found, place="version")) is None
    assert explanation(replace(found, place="content", rule=Rule.P2)) is None
    assert explanation(replace(found, place="content", side="nobody")) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"direction": LAXER, "says": {"signature"}, "features": {"ber"}},
        {"direction": LAXER, "says": {"digest", "parse"}, "features": {"ber"}},
        {"direction": LAXER, "says": {"parse"}},
        {"direction": LAXER, "features": {"ber"}},
        {"direction": STRICTER, "reasons": {Reason.DEPTH}},
        {"direction": STRICTER, "reasons": {Reason.DIGEST_MISMATCH}, "places": {"signers"}},
        {"direction": STRICTER, "reasons": {Reason.SIGNATURE_INVALID}, "places": {"signers"}},
        {"direction": STRICTER, "reasons": {Reason.POP_INVALID}, "places": {"request"}},
        {"direction": STRICTER, "says": {"parse"}, "features": {"ber"}},
        {"direction": NO_ANSWER, "says": {"crashed"}, "features": {"ber"}},
    ],
)
def test_a_class_that_a_fault_could_be_of_is_none(fields: dict[str, object]) -> None:
    sets = {key: frozenset(it) if isinstance(it, set) else it for key, it in fields.items()}
    with pytest.raises(ValueError, match=r"a fault could be|too much"):
        Explanation(rule=Rule.V10, sides=frozenset({"openssl"}), why="", **sets)  # type: ignore[arg-type]


def test_every_class_was_met() -> None:
    """In the run that is recorded: what nobody needs any more is taken out."""
    names = [str(each) for each in explained.explanations()]
    assert len(names) == len(set(names))
    record = json.loads(RECORD.read_text())
    assert set(record["classes"]) == set(names)
    for each in explained.explanations():
        assert set(record["classes"][str(each)]) <= each.sides
    assert record["mutants"] >= 2000


def test_nothing_is_counted_against_this_library() -> None:
    """G1, G3, G4 of the record, on both backends; others are counted alike."""
    record = json.loads(RECORD.read_text())
    assert set(record["counts"]) == set(record["costs"]) == {*sides.OURS, *sides.NAMES}
    wrong_counts = ("crashed", "hung", "must_reject_accepted", "invalid_called_valid")
    for name in sides.OURS:
        counted = record["counts"][name]
        assert [counted[key] for key in (*wrong_counts, "valid_refused")] == [0] * 5
        costs = record["costs"][name]
        assert [costs[key] for key in ("families_crashed", "families_hung")] == [0, 0]
    asked = {tuple(it[key] for key in COUNTED) for it in record["counts"].values()}
    assert len(asked) == 1


COUNTED = ("asked", "must_reject", "must_be_invalid", "valid")


# --- what they are asked about -------------------------------------------------------------------


def test_mutants_follow_from_their_numbers() -> None:
    """Fewer are the first of more; each kind has its turn."""
    some = list(mutants(3 * len(KINDS)))
    assert some == list(islice(mutants(4 * len(KINDS)), len(some)))
    assert some != list(mutants(len(some), seed=1))
    kinds = [each.name.rpartition(" ")[0] for each in some]
    assert kinds[: len(KINDS)] == kinds[len(KINDS) : 2 * len(KINDS)]
    assert len(set(kinds)) == len(KINDS)
    assert {each.form for each in some} == {MESSAGE, PKCS10}


def test_mutants_are_not_refused_for_their_signatures_alone() -> None:
    """Some are valid, and what was changed is what is wrong with most others."""
    given = [each for each in mutants(40 * len(KINDS)) if not each.name.startswith("octets")]
    answers = [judged("ours", each.octets, each.form) for each in given]
    assert sum(answer.said == VALID for answer in answers) > len(given) // 20
    wrong_signatures = [
        each.name
        for each, answer in zip(given, answers, strict=True)
        if answer.why == Reason.SIGNATURE_INVALID
    ]
    changed = ("signature", "key", "certificate", "signer", "wrapper")
    assert all(name.startswith(changed) for name in wrong_signatures)


def test_hostile_messages_by_another_key_say_the_same() -> None:
    """Most have one; each row has its verdict, reason and notes."""
    changed = 0
    given = list(hostile_inputs(EACH))
    for each in given:
        case = published.cases()[each.name]
        changed += each.octets != case.octets
        assert wrong(replace(case, octets=each.octets), 1) is None
    assert changed > len(given) // 2


# --- processes -----------------------------------------------------------------------------------


def test_a_side_that_ends_is_asked_again() -> None:
    """Its message is a crash; the next one gets a process of its own."""
    program = 'import sys; sys.stdin.buffer.read(6); print(\'{"said": "read"}\', flush=True)'
    with sides.Served([sys.executable, "-c", program], {}) as side:
        assert side.ask(b"1", MESSAGE).said == "read"
        assert side.ask(b"2", MESSAGE).said == CRASHED
        assert side.ask(b"3", MESSAGE).said == "read"


def test_a_side_that_does_not_answer_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the CPU that it takes."""
    monkeypatch.setattr(sides, "PATIENCE", 0.1)
    with sides.Served([sys.executable, "-c", "while True: pass"], {}) as side:
        assert side.ask(b"1", MESSAGE).said == HUNG
