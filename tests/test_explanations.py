"""Every code is explained, and nothing pays for it who does not ask."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec import builders, explanations, oids, types
from cmcodec.asn1.schema import number_name
from cmcodec.reasons import Reason, Rule
from kit.der import tlv
from kit.vectors import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable


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
    failures = {number_name(each) for each in types.CMCFailInfo}
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


NONCE = types.TaggedAttribute(
    body_part_id=1,
    attr_type=oids.ID_CMC_SENDER_NONCE,
    attr_values=(types.SenderNonce(b"nonce"),),
)
MESSAGE = (ROOT / "examples" / "batch-1000.der").read_bytes()
CERTIFICATE = (ROOT / "examples" / "batch-1000-ca.der").read_bytes()

EXAMPLES: dict[Reason, Callable[[], object]] = {
    Reason.TRUNCATED: lambda: cmcodec.load(bytes.fromhex("30821000") + bytes(3996)),
    Reason.LIMIT: lambda: types.AlgorithmIdentifier.from_der(
        tlv(0x30, tlv(0x06, b"\x2a" + b"\x81" * 128 + b"\x01"))
    ),
    Reason.NOT_CANONICAL: lambda: types.SenderNonce.from_der(b"\x04\x81\x05nonce"),
    Reason.BAD_TAG: lambda: cmcodec.load(CERTIFICATE),
    Reason.BAD_VALUE: lambda: types.Time.from_der(tlv(0x17, b"260231000000Z")),
    Reason.BAD_TYPE: lambda: types.PendInfo(
        pend_token="token",  # type: ignore[arg-type]
        pend_time=datetime.now(UTC),
    ).to_der(),
    Reason.TRAILING_DATA: lambda: cmcodec.load(MESSAGE + MESSAGE),
    Reason.DEPTH: lambda: types.OtherMsg.from_der(
        tlv(
            0x30,
            tlv(0x02, b"\x01"),
            types.ContentType(oids.ID_DATA).to_der(),
            reduce(lambda inner, _: tlv(0x30, inner), range(40), b""),
        )
    ),
    Reason.DUPLICATE_BODY_PART_ID: lambda: types.PKIData(
        control_sequence=(NONCE, NONCE), req_sequence=(), cms_sequence=(), other_msg_sequence=()
    ).to_der(),
    Reason.DIGEST_MISMATCH: lambda: cmcodec.load(
        MESSAGE[:-2000] + bytes([MESSAGE[-2000] ^ 1]) + MESSAGE[-1999:]
    ).verify(),
    Reason.UNTRUSTED_CHAIN: lambda: cmcodec.load(MESSAGE).verify(
        trust=[CERTIFICATE], at=datetime(2050, 1, 1, tzinfo=UTC)
    ),
    Reason.FORBIDDEN: lambda: (
        builders.RequestBuilder()
        .add_control(types.SenderNonce(b"nonce"), body_part_id=1)
        .add_control(types.DataReturn(b"data"), body_part_id=1)
        .content()
    ),
}


@pytest.mark.parametrize("reason", EXAMPLES)
def test_an_example_is_refused_for_its_reason(reason: Reason) -> None:
    """What the example says, where a few octets say it."""
    with pytest.raises(cmcodec.CMCError) as raised:
        EXAMPLES[reason]()
    assert raised.value.reason == reason
