"""The vector set for others: it is current, its index has a form, and no line of it is idle."""

from __future__ import annotations

import json

import fastjsonschema
import pytest

import hostile
import published
from published import index, optional

BOTH_BACKENDS = False


def listed() -> list[dict[str, object]]:
    """The lines of the index."""
    found: list[dict[str, object]] = json.loads((published.FOLDER / index.NAME).read_text("utf-8"))[
        "cases"
    ]
    return found


def test_what_stands_there_is_what_is_made() -> None:
    """Octet for octet, in this process as in that which wrote it: nothing is left to chance."""
    wrong = published.stale(index.counts())
    assert not wrong, f"run python tools/vectors.py: {sorted(wrong)[:9]}"


def test_what_is_read_is_what_was_made() -> None:
    """No decision and nothing that is to be said is lost in the index."""
    assert published.cases() == hostile.cases()


def test_the_index_has_the_form_of_its_schema() -> None:
    schema = json.loads((published.FOLDER / "index.schema.json").read_text("utf-8"))
    validate = fastjsonschema.compile(schema)
    whole = json.loads((published.FOLDER / index.NAME).read_text("utf-8"))
    validate(whole)
    for wrong in ({"result": "perhaps"}, {"file": "../x.der"}, {"more": 1}, {"rules": []}):
        with pytest.raises(fastjsonschema.JsonSchemaException):
            validate({**whole, "cases": [{**whole["cases"][0], **wrong}]})


def test_a_case_is_a_line_that_begins_with_its_texts() -> None:
    """Readers without JSON find ``file``, ``signature`` and ``optional`` before other texts."""
    lines = (published.FOLDER / index.NAME).read_text("utf-8").splitlines()
    cases = [json.loads(line.rstrip(",")) for line in lines if line.startswith('{"id":')]
    assert cases == listed()
    for case in cases:
        texts = [key for key, value in case.items() if isinstance(value, str)]
        assert list(case)[: len(texts)] == texts


def test_names_differ_whatever_the_case_of_letters() -> None:
    """Where files are told apart by it and where they are not."""
    names = [vector.file.lower() for vector in published.kept()]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) < 120


def test_codes_are_explained() -> None:
    """Rules and reasons of cases have their sentences in the index."""
    whole = json.loads((published.FOLDER / index.NAME).read_text("utf-8"))
    for vector in published.kept():
        assert {rule for rule in vector.rules if "-" not in rule} <= set(whole["rules"])
        assert {row.reason for row in vector.rows} - {None} <= set(whole["reasons"])


@pytest.mark.parametrize("ours", optional.OURS, ids=lambda ours: ours.why)
def test_every_decision_of_ours_decides_a_case(ours: optional.Ours) -> None:
    """No line that fits nothing; and few that fit more than what is to be refused anyhow."""
    assert [vector for vector in published.kept() if vector.optional == ours.why]


def test_what_no_standard_decides_is_little() -> None:
    """What others may say otherwise is no excuse for most: the rest is theirs to get right."""
    kept = published.kept()
    assert sum(vector.optional is not None for vector in kept) < len(kept) / 5


def test_a_wrong_signature_is_nobodys_decision() -> None:
    """V6, V10: a digest or a signature that is wrong is optional in two encodings of it alone."""
    wrong = {"digest_mismatch", "content_type_mismatch", "signature_invalid", "attribute_missing"}
    excused = {
        vector.optional
        for vector in published.kept()
        if vector.optional and wrong & {row.reason for row in vector.rows}
    }
    assert excused == {
        "whether BER is read in a signature of ECDSA",
        "whether a DigestInfo needs NULL (RFC 8017 B.1)",
    }


def test_signatures_that_are_valid_and_such_that_are_not() -> None:
    """Each that is invalid has a twin that is not, or no signer."""
    by_id = {vector.id: vector for vector in published.kept()}
    for vector in by_id.values():
        if vector.signature == "invalid" and vector.twin is None:
            assert vector.rows[0].verdict == "unsigned"
        elif vector.signature == "invalid":
            assert by_id[vector.twin].signature in {"valid", None}
