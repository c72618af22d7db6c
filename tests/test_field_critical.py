"""Requests of clients that write ``critical`` FALSE out (rules P3, G10)."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import DecodeError, types
from kit.answers import refusal
from kit.der import seq
from kit.vectors import VECTORS

if TYPE_CHECKING:
    from cmcodec.asn1 import Asn1

OCTETS = seq(b"\x06\x01\x2a", b"\x01\x01\x00", b"\x04\x01\x78")
OTHER = seq(b"\x06\x01\x2a", b"\x04\x01\x78")
CSR_PATH = "certificationRequest.certificationRequestInfo.attributes[0].attrValues[0][0].critical"
CRMF_PATH = (
    "contentInfo.content.encapContentInfo.eContent.reqSequence[0].crm.certReq.certTemplate"
    ".extensions[0].critical"
)


def extension() -> types.Extension:
    """An Extension read where FALSE is written out."""
    return types.Extension.from_der(OCTETS)


@pytest.mark.parametrize(
    ("file", "kind", "path"),
    [
        ("csr-critical-false.der", "simple-request", CSR_PATH),
        ("crmf-critical-false.der", "full-request", CRMF_PATH),
    ],
)
def test_messages_of_clients(file: str, kind: str, path: str) -> None:
    """P3, G10: verified, proof of possession too, and encoded as received; ``strict`` refuses."""
    octets = (VECTORS / "field" / file).read_bytes()
    message = cmcodec.load(octets)
    assert (message.kind, message.to_der()) == (kind, octets)
    structure = message.unverified_structure
    assert structure.to_der() == octets
    assert type(structure).from_der(octets).to_der() == octets
    row = cmcodec.verify_batch([octets])[0]
    assert (row.verdict, row.requests[0].pop) == ("verified", "verified")
    with pytest.raises(DecodeError) as raised:
        cmcodec.load(octets, strict=True)
    assert (raised.value.reason, raised.value.path) == ("not_canonical", path)


def test_critical_is_false() -> None:
    """P3: who asks whether it is critical need not know."""
    value = extension()
    assert value.critical is False
    assert value.critical_written is True
    assert value.to_dict() == {"extnID": "1.2", "critical": False, "extnValue": "78"}
    assert repr(value) == (
        "Extension(extn_id='1.2', critical=False, extn_value=<78>, critical_written=True)"
    )
    assert "critical_written" not in repr(types.Extension.from_der(OTHER))


def test_values_that_encode_differently_differ() -> None:
    """G10: equal values encode equally, so FALSE written out is no FALSE left out."""
    written, left_out = extension(), types.Extension.from_der(OTHER)
    assert written != left_out
    assert len({written, left_out, extension()}) == 2
    assert replace(written, critical_written=None) == left_out
    assert replace(left_out, critical_written=True) == written
    assert types.Extension(extn_id="1.2", extn_value=b"x").to_der() == OTHER
    assert types.Extension(extn_id="1.2", critical=False, extn_value=b"x").to_der() == OTHER


@pytest.mark.parametrize(
    "same",
    [
        copy.copy,
        copy.deepcopy,
        lambda value: pickle.loads(pickle.dumps(value)),
        replace,
        lambda value: types.Extensions((value,)).value[0],
    ],
)
def test_copies_encode_as_received(same: Any) -> None:
    """G10: whatever makes a copy keeps what was written."""
    assert same(extension()) == extension()
    assert same(extension()).to_der() == OCTETS


def test_a_changed_value_is_encoded() -> None:
    """G10: TRUE is written whatever was read, and another content after FALSE as it was."""
    true = replace(extension(), critical=True)
    assert true.to_der() == OCTETS.replace(b"\x01\x01\x00", b"\x01\x01\xff")
    assert types.Extension.from_der(true.to_der(), strict=True).critical is True
    other = replace(extension(), extn_value=b"y")
    assert other.to_der() == OCTETS.replace(b"x", b"y")


class Derived(types.Extension):
    """A class of the caller's own."""


def test_a_derived_class_encodes_as_received() -> None:
    """G10: the same of an instance of a derived class."""
    value: Asn1 = Derived(extn_id="1.2", extn_value=b"x", critical_written=True)
    assert value.to_der() == OCTETS


@pytest.mark.parametrize("wrong", [False, 1, "x"])
def test_it_is_true_or_none(wrong: Any) -> None:
    """Anything else is of another type, and is refused at the field."""
    value = replace(extension(), critical_written=wrong)
    assert refusal(value.to_der) == ("EncodeError", "bad_type", None, "extension.critical")
    elements = types.Extensions((extension(), value))
    assert refusal(elements.to_der) == ("EncodeError", "bad_type", None, "extensions[1].critical")
