"""Every code is explained, and nothing pays for it who does not ask."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cmcodec import explanations
from cmcodec.asn1.schema import number_name
from cmcodec.reasons import Reason, Rule
from cmcodec.types import CMCFailInfo

BOTH_BACKENDS = False


@pytest.mark.parametrize("code", explanations.CODES)
def test_each_code_is_explained(code: str) -> None:
    """A sentence for each, and but for rules an example and what to do."""
    found = explanations.explain(code)
    assert found.code == code
    texts = [found.sentence]
    if not isinstance(code, Rule):
        texts += [found.example, found.advice]
    for text in texts:
        assert text.endswith(".")
        # Backticks come in pairs.
        assert text.count("`") % 2 == 0
        assert "  " not in text
    assert explanations.explain(code.upper()) == found


def test_all_codes_are_there() -> None:
    failures = {number_name(each) for each in CMCFailInfo}
    assert set(explanations.CODES) == {*Reason, *Rule, *failures}
    with pytest.raises(KeyError):
        explanations.explain("unheard_of")


def test_a_reason_names_its_rules_and_a_rule_its_reasons() -> None:
    assert explanations.explain("limit").rules == Reason.LIMIT.rules
    assert explanations.explain("V4").reasons == (
        Reason.ATTRIBUTE_MISSING,
        Reason.ATTRIBUTE_DUPLICATE,
        Reason.ATTRIBUTES_UNSORTED,
    )


def test_the_package_does_not_load_them() -> None:
    program = "import sys, cmcodec; cmcodec.verify_batch; assert sys.argv[1] not in sys.modules"
    subprocess.run([sys.executable, "-c", program, explanations.__name__], check=True)
