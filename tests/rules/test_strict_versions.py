"""Versions of SignedData and SignerInfo, which `load` with ``strict`` refuses (rule V1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import cmcodec
from cmcodec import oids, types
from kit.answers import refusal
from kit.der import EMPTY, NULL, attribute, identifier, integer, oid, seq, tlv
from kit.keys import ALICE
from kit.messages import Message, Signer, content_info, members, pki_data, signed_by

VERSIONS = (-1, *range(7), 256)
SIGNER = "signerInfos[0]."
MEMBER = "encapContentInfo.eContent.cmsSequence[1].contentInfo.content."

FIRST, SECOND = tlv(0xA1, EMPTY), tlv(0xA2, EMPTY)
OTHER = tlv(0xA3, oid("1.2.3"), NULL)
"""Attribute certificates of version 1 and 2, and a certificate of the kind "other"."""

BY_KEY = Signer(sid=ALICE.by_ski())
DATA: dict[str, Any] = {"content": b"x", "content_type": oids.ID_DATA}
CERTS_ONLY: dict[str, Any] = {"content": None, "content_type": oids.ID_DATA, "signers": ()}


def check(octets: bytes, wrong: int | None, path: str = "") -> None:
    """Read it is in any case; ``strict`` refuses a version for what it is, where it stands."""
    cmcodec.load(octets)
    found = refusal(lambda: cmcodec.load(octets, strict=True))
    if wrong is None:
        assert found is None
        return
    assert found is not None
    kind, reason, offset, where = found
    assert (kind, reason) == ("DecodeError", "version_mismatch")
    assert where == f"contentInfo.content.{path}version"
    assert octets[offset:].startswith(integer(wrong))


@pytest.mark.parametrize(("sid", "right"), [(ALICE.by_serial(), 1), (ALICE.by_ski(), 3)])
def test_v1_strict_refuses_a_version_of_a_signer_info(sid: bytes, right: int) -> None:
    """R-214: 1 with issuerAndSerialNumber, 3 with subjectKeyIdentifier."""
    for version in VERSIONS:
        octets = signed_by(Signer(sid=sid, version=version)).encode()
        check(octets, None if version == right else version, SIGNER)


def test_v1_strict_reads_signer_infos_before_what_they_are_in() -> None:
    check(signed_by(Signer(version=3), version=1).encode(), 3, SIGNER)


@pytest.mark.parametrize(("right", "message"), [
    (3, Message()),
    (3, Message(content_type=oids.ID_ENVELOPED_DATA, content=None)),
    (3, Message(certificates=(FIRST,))),
    (4, Message(certificates=(ALICE.certificate(), SECOND))),
    (5, Message(certificates=(ALICE.certificate(), SECOND, OTHER))),
    (1, Message(**DATA)),
    (3, Message(**DATA, signers=(BY_KEY,))),
    (3, Message(**DATA, signers=(Signer(), BY_KEY))),
    (3, Message(**DATA, certificates=(FIRST,))),
    (4, Message(**DATA, certificates=(FIRST, SECOND))),
    (5, Message(**DATA, certificates=(OTHER,))),
    (1, Message(**CERTS_ONLY)),
    (1, Message(**CERTS_ONLY, certificates=())),
    (3, Message(**CERTS_ONLY, certificates=(FIRST,))),
    (4, Message(**CERTS_ONLY, certificates=(SECOND,))),
    (5, Message(**CERTS_ONLY, certificates=(OTHER,))),
])  # fmt: skip
def test_v1_strict_refuses_a_version_of_a_signed_data(right: int, message: Message) -> None:
    """R-213: by the certificates, the SignerInfos and the eContentType."""
    for version in VERSIONS:
        octets = replace(message, version=version).encode()
        check(octets, None if version == right else version)


def test_v1_strict_sees_crls() -> None:
    """R-213: 5 with a CRL of the kind "other"."""
    crls = tlv(0xA1, tlv(0xA1, oid("1.2.3"), NULL))
    for version in VERSIONS:
        signed = seq(integer(version), tlv(0x31), seq(oid(oids.ID_DATA)), crls, tlv(0x31))
        octets = content_info(oids.ID_SIGNED_DATA, signed)
        check(octets, None if version == 5 else version)


def test_v1_strict_refuses_a_version_of_a_nested_message() -> None:
    """Under signatures and MACs, as deep as messages stand."""
    good = Message().encode()
    for bad, path in ((signed_by(Signer(version=3)), SIGNER), (replace(Message(), version=3), "")):
        nested = bad.encode()
        wrong = None if path == "" else 3
        content = pki_data(members=members(good, nested))
        check(Message(content=content).encode(), wrong, MEMBER + path)
        twice = pki_data(members=members(good, Message(content=content).encode()))
        check(Message(content=twice).encode(), wrong, MEMBER + MEMBER + path)
        check(authenticated(content), wrong, MEMBER + path)
    certs_only = Message(**CERTS_ONLY, version=3).encode()
    content = pki_data(members=members(good, certs_only))
    check(Message(content=content).encode(), 3, MEMBER)
    check(Message(content=pki_data(members=members(good)), version=1).encode(), 1)


def authenticated(content: bytes) -> bytes:
    """An AuthenticatedData."""
    recipients = tlv(0x31, tlv(0xA4, oid("1.2.3"), NULL))
    held = seq(oid(oids.ID_CCT_PKI_DATA), tlv(0xA0, tlv(0x04, content)))
    mac = identifier(oids.ID_SHA512)
    fields = seq(integer(0), recipients, mac, held, tlv(0x04, b"mac"))
    return content_info(oids.ID_CT_AUTH_DATA, fields)


def test_v1_strict_refuses_a_version_of_a_countersignature() -> None:
    """RFC 5652 §11.4: its value is a SignerInfo."""
    for version in VERSIONS:
        value = Signer(version=version).encode(oids.ID_DATA, b"")
        signer = Signer(unsigned=(attribute(oids.ID_COUNTERSIGNATURE, value),))
        path = f"{SIGNER}unsignedAttrs[0].attrValues[0]."
        check(signed_by(signer).encode(), None if version == 1 else version, path)


def test_v1_strict_holds_for_values_too() -> None:
    """`SignedData.from_der` reads as `load` does."""
    message = cmcodec.load(signed_by(Signer(version=3)).encode())
    octets = message.octets("content")
    assert octets is not None
    value = types.SignedData.from_der(octets)
    assert value.to_der() == octets
    found = refusal(lambda: types.SignedData.from_der(octets, strict=True))
    assert found is not None
    assert (found[1], found[3]) == ("version_mismatch", f"signedData.{SIGNER}version")
    octets = value.signer_infos[0].to_der()
    found = refusal(lambda: types.SignerInfo.from_der(octets, strict=True))
    assert found is not None
    assert (found[1], found[3]) == ("version_mismatch", "signerInfo.version")


def test_v1_without_strict_versions_are_as_they_were() -> None:
    """A note, a failure or nothing, when it is verified."""
    for version in VERSIONS:
        row = cmcodec.verify_batch(Message(version=version).encode())[0]
        expected = "verified" if version in range(6) else "failed"
        assert row.verdict == expected
        assert len(row.notes) == (version in (0, 1, 2, 4, 5))
