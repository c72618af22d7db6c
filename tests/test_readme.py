"""What README.md shows works as it stands there."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

import cmcodec
from cmcodec import oids, types
from cmcodec.builders import BatchRequestBuilder, RequestBuilder, ResponseBuilder
from cmcodec.cms.signing import sign_octets
from kit.chains import DAY, issue, named
from kit.keys import key
from kit.messages import pkcs10
from kit.vectors import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SKETCHES = re.findall(r"```py\n(.*?)```", README, re.DOTALL)
"""Blocks that go on with names a reader has: keys, certificates, messages."""


def test_there_are_examples() -> None:
    assert (len(BLOCKS), len(SKETCHES)) == (3, 4)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_example_runs(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each example runs, and prints what its comments say."""
    monkeypatch.chdir(ROOT)
    try:
        exec(compile(BLOCKS[number], "README.md", "exec"), {})
    finally:
        # No other test is to meet the alias.
        for name in ("python_cmc", "python_cmc.cmc", "python_cmc.crmf"):
            sys.modules.pop(name, None)
    printed = capsys.readouterr().out
    for comment in re.findall(r"print\(.*?\) +# (.*)", BLOCKS[number]):
        assert comment in printed


@pytest.fixture
def names() -> dict[str, Any]:
    """What a reader has: keys, certificates, and answers to be sent."""
    now = datetime.now(UTC)
    ca = issue("CA", own=key("rsa-2048"), since=now - DAY, until=now + DAY)
    device = issue("device-1", ca, since=now - DAY, until=now + DAY, ca=None)
    status = types.CMCStatusInfoV2(
        cmc_status=types.CMCStatus.SUCCESS, body_list=(types.BodyPartReference(body_part_id=1),)
    )
    return {
        "cmcodec": cmcodec,
        "types": types,
        "ca": ca.certificate,
        "ca_key": ca.key,
        "key": ca.key,
        "certificate": ca.certificate,
        "issued": device.certificate,
        "answers": [(ResponseBuilder().status(0, 1).content(), device.certificate)] * 2,
        "status": status,
        "secret": b"correct horse battery",
        "name": named("device-1"),
    }


def test_sketches_run(names: dict[str, Any]) -> None:
    """One after the other, and what they find is what they say."""
    answering, asking, windows, batch = SKETCHES
    exec(answering, names)
    assert cmcodec.verify_batch(names["batch"]).counts() == {"verified": 3}
    exec(asking, names)
    answer = cmcodec.load(names["answer"]).open(trust=[names["ca"]])
    assert names["issued"] in [each.to_cryptography() for each in answer.message.certificates]
    names["octets"] = sign_octets(oids.ID_DATA, pkcs10(), names["signer"])
    exec(windows, names)
    assert names["request"] == types.CertificationRequest.from_der(pkcs10())
    first = RequestBuilder().add_request(names["new"]).sign_with_request_key()
    names["octets"] = BatchRequestBuilder().add(first).sign(names["signer"])
    exec(batch, names)
    assert names["report"].counts() == {"verified": 2}
    assert (names["accepted"], names["is_ra"], names["why_not"]) == (True, False, [None])
