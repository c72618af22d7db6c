"""What is measured is what it is said to be: every shape is right, on both backends."""

from __future__ import annotations

import hashlib

import pytest

import cmcodec
from benches import workload
from benches.workload import worst
from benches.workload.parts import DAY
from cmcodec.limits import DEFAULT_MESSAGE_LAYERS, MAX_MESSAGE_LAYERS

_REQUEST = "content.encapContentInfo.eContent.reqSequence[0]"
KEYS = {
    "pkcs10": f"{_REQUEST}.tcr.certificationRequest.certificationRequestInfo.subjectPublicKeyInfo",
    "crmf": f"{_REQUEST}.crm.certReq.certTemplate.publicKey",
}


@pytest.mark.parametrize("name", workload.SHAPES)
@pytest.mark.usefixtures("backend")
def test_shape(name: str) -> None:
    """Each shape loads and has the verdicts that it is meant to have."""
    shape = workload.SHAPES[name]
    der = shape.der(shape.smallest)
    assert cmcodec.load(der).encoding == ("ber" if name == "batch-ber" else "der")
    report = cmcodec.verify_batch(der)
    assert report.counts() == shape.counts(shape.smallest)
    assert {request.pop for row in report for request in row.requests} <= {"verified"}
    notes = [note.reason for row in report for note in row.notes]
    expected = {
        "many-references": ["dangling_reference"],
        "many-controls": ["duplicate_control"] * (shape.smallest - 1),
    }
    assert notes == expected.get(name, [])


def test_the_same_everywhere() -> None:
    """Records of figures are about these very octets."""
    digest = hashlib.sha256(workload.batch(workload.SMALL)).hexdigest()
    assert digest.startswith("b2bf4787c13e446b")


def test_facts() -> None:
    """A batch consists of what its facts say, each message with a key of its own."""
    for mix in workload.MIXES.values():
        messages = cmcodec.load(workload.batch(workload.SMALL, mix)).unverified_messages
        keys = set()
        for index, (identifier, message) in enumerate(messages):
            it = workload.facts(index, mix)
            assert identifier == workload.FIRST_ID + index
            (row,) = cmcodec.verify_batch(message)
            (signer,) = row.signers
            assert row.transaction_id == it.transaction_id
            assert (signer.certificate_sha256 is None) == (it.signer == "request-key")
            assert row.requests[0].form == it.form
            keys.add(message.octets(KEYS[it.form]))
        assert None not in keys
        assert len({octets[-60:] for octets in keys}) == workload.SMALL


def test_chains() -> None:
    """The certificates of signers lead to the root over their issuer's, which is there too."""
    der = workload.batch(workload.SMALL)
    report = cmcodec.verify_batch(der, trust=workload.anchors(), request_keys="nested", at=DAY)
    assert report.counts() == {"verified": workload.SMALL + 1}
    assert {signer.chain for row in report for signer in row.signers} == {None, "trusted"}


@pytest.mark.usefixtures("backend")
def test_large_response() -> None:
    """It has 5 MB."""
    shape = workload.SHAPES["large-response"]
    message = cmcodec.load(shape.der(shape.largest))
    assert message.kind == "full-response"
    assert 4_900_000 < len(message.to_der()) < 5_100_000
    assert message.verify().message == message


@pytest.mark.usefixtures("backend")
def test_as_deep_as_allowed() -> None:
    """Rule P6: one layer more than the deepest is refused."""
    for layers in (DEFAULT_MESSAGE_LAYERS, MAX_MESSAGE_LAYERS):
        assert cmcodec.load(worst.deep_layers(layers), max_layers=layers).kind == "full-request"
        with pytest.raises(cmcodec.LimitError):
            cmcodec.load(worst.deep_layers(layers + 1), max_layers=layers)
