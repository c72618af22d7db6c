"""Extensions that a request asks for: none, or two of one OBJECT IDENTIFIER (rule R4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

import cmcodec
from cmcodec import oids, types
from cmcodec.limits import FEW_EXTENSIONS
from cmcodec.reasons import Reason
from cmcodec.verify.verdict import Note, Row
from kit.der import EMPTY, NULL, attribute, integer, oid, seq, tlv
from kit.keys import ALICE, BOB
from kit.messages import (
    Message,
    Signer,
    content_info,
    control,
    crm,
    judged,
    members,
    pkcs10,
    pki_data,
    signed_by,
    tcr,
)

KEY_USAGE, ALT_NAME, CAPABILITIES = "2.5.29.15", "2.5.29.17", "1.2.840.113549.1.9.15"
"""The first and the last end in one octet."""

REQUESTS = (oids.ID_EXTENSION_REQUEST, oids.SZ_OID_CERT_EXTENSIONS)


def extension(dotted: str, value: bytes = b"\x05\x00", *, critical: bool = False) -> bytes:
    return seq(oid(dotted), b"\x01\x01\xff" if critical else b"", tlv(0x04, value))


ONCE = (extension(KEY_USAGE), extension(ALT_NAME), extension(CAPABILITIES))
TWICE = (extension(KEY_USAGE), extension(ALT_NAME), extension(KEY_USAGE, EMPTY, critical=True))


def asking(*lists: tuple[bytes, ...], kind: str = oids.ID_EXTENSION_REQUEST) -> bytes:
    """A PKCS#10 with an extensionRequest attribute for each list."""
    return pkcs10(attributes=tuple(attribute(kind, seq(*each)) for each in lists))


def noted(*requests: bytes) -> tuple[list[int | None], bool]:
    """On which body parts there is the note, in a verified message, and whether it was expected."""
    octets = Message(content=pki_data(requests=requests)).encode()
    return repeating(octets), judged(octets).may_have_notes


def repeating(octets: bytes) -> list[int | None]:
    (row,) = cmcodec.verify_batch(octets)
    assert (row.verdict, row.reason) == ("verified", None)
    assert cmcodec.load(octets).verify().notes == row.notes
    return duplicates(row)


def duplicates(row: Row) -> list[int | None]:
    assert {note.reason for note in row.notes} <= {Reason.DUPLICATE_EXTENSION}
    return [note.body_part_id for note in row.notes]


@pytest.mark.parametrize("kind", REQUESTS)
def test_r4_an_extension_twice_in_a_pkcs10(kind: str) -> None:
    assert noted(tcr(3, asking(TWICE, kind=kind))) == ([3], True)
    assert noted(tcr(3, asking(ONCE, kind=kind))) == ([], False)
    # A bare one is request 1.
    assert repeating(asking(TWICE, kind=kind)) == [1]
    assert repeating(asking(ONCE, kind=kind)) == []
    assert judged(asking(TWICE, kind=kind)).may_have_notes is True
    assert judged(asking(ONCE, kind=kind)).may_have_notes is False


def test_r4_an_extension_in_two_lists_of_a_pkcs10() -> None:
    """Two attributes, two values of one attribute, or the attribute and Microsoft's."""
    assert noted(tcr(3, asking(ONCE, (extension(ALT_NAME),)))) == ([3], True)
    assert noted(tcr(3, asking(ONCE, (extension("2.5.29.19"),)))) == ([], False)
    values = (seq(*ONCE), seq(extension(ALT_NAME)))
    one = pkcs10(attributes=(attribute(oids.ID_EXTENSION_REQUEST, *values),))
    assert noted(tcr(3, one)) == ([3], True)
    twins = (attribute(kind, seq(extension(ALT_NAME))) for kind in REQUESTS)
    assert noted(tcr(3, pkcs10(attributes=tuple(twins)))) == ([3], True)


def test_r4_an_extension_twice_in_a_cert_template() -> None:
    assert noted(crm(extensions=b"".join(TWICE))) == ([3], True)
    assert noted(crm(extensions=b"".join(ONCE))) == ([], False)
    assert noted(crm()) == ([], False)


def test_r4_other_attributes_and_requests_ask_for_no_extensions() -> None:
    other = pkcs10(attributes=(attribute("1.2.3", seq(*TWICE)),))
    orm = tlv(0xA2, integer(4), oid("1.2.3"), seq(*TWICE))
    assert noted(tcr(3, other), orm) == ([], False)
    both = pkcs10(
        attributes=(
            attribute("1.2.3", seq(*TWICE)), attribute(oids.ID_EXTENSION_REQUEST, seq(*TWICE)),
        )
    )  # fmt: skip
    assert noted(orm, tcr(5, both)) == ([5], True)


def test_r4_each_request_has_its_own_note() -> None:
    requests = (
        tcr(3, asking(TWICE)),
        crm(body_part_id=4, extensions=b"".join(ONCE)),
        crm(body_part_id=5, extensions=b"".join((*TWICE, *TWICE))),
        tcr(6, asking(ONCE)),
    )
    assert noted(*requests) == ([3, 5], True)
    # An extension that two requests ask for is none that one repeats.
    assert noted(tcr(3, asking(ONCE)), tcr(4, asking(ONCE))) == ([], False)


def test_r4_duplicate_extensions_change_no_verdict() -> None:
    content = pki_data((control(7, 29, seq(integer(99))),), (tcr(3, asking(TWICE)),))
    note = Note(body_part_id=3, reason=Reason.DUPLICATE_EXTENSION)
    dangling = Note(body_part_id=7, reason=Reason.DANGLING_REFERENCE)
    version = Note(body_part_id=None, reason=Reason.VERSION_MISMATCH)
    for message, verdict in (
        (Message(content=content), "verified"),
        (signed_by(Signer(signature=bytes(64)), content=content), "failed"),
        (signed_by(content=content), "unsigned"),
    ):
        (row,) = cmcodec.verify_batch(message.encode())
        assert (row.verdict, row.notes) == (verdict, (dangling, note))
        (row,) = cmcodec.verify_batch(replace(message, version=1).encode())
        assert (row.verdict, row.notes) == (verdict, (version, dangling, note))
    bad = pki_data(requests=(tcr(3, pkcs10(
        signature=bytes(64), attributes=(attribute(oids.ID_EXTENSION_REQUEST, seq(*TWICE)),),
    )),))  # fmt: skip
    (row,) = cmcodec.verify_batch(Message(content=bad).encode())
    assert (row.verdict, row.reason, row.notes) == ("failed", "pop_invalid", (note,))
    assert row.to_dict()["notes"] == [{"body_part_id": 3, "reason": "duplicate_extension"}]


def test_r4_duplicate_extensions_in_nested_and_maced_messages() -> None:
    inner = Message(content=pki_data(requests=(tcr(3, asking(TWICE)),))).encode()
    good = Message(content=pki_data(requests=(tcr(3, asking(ONCE)),))).encode()
    report = cmcodec.verify_batch(Message(content=pki_data(members=members(inner, good))).encode())
    assert [duplicates(row) for row in report] == [[], [3], []]
    recipients = tlv(0x31, tlv(0xA4, oid("1.2.3"), NULL))
    for request, expected in ((asking(TWICE), [3]), (asking(ONCE), [])):
        content = pki_data(requests=(tcr(3, request),))
        held = seq(oid(oids.ID_CCT_PKI_DATA), tlv(0xA0, tlv(0x04, content)))
        fields = seq(integer(0), recipients, seq(oid("1.2.3")), held, tlv(0x04, b"mac"))
        (row,) = cmcodec.verify_batch(content_info(oids.ID_CT_AUTH_DATA, fields))
        assert (row.reason, duplicates(row)) == ("mac_unchecked", expected)


def many(count: int) -> list[bytes]:
    """So many Extensions, no two alike, whose identifiers end in few different octets."""
    return [extension(f"1.2.{number}.1") for number in range(count)]


@pytest.mark.parametrize("count", [FEW_EXTENSIONS, FEW_EXTENSIONS + 1, 10_000])
def test_r4_many_extensions(count: int) -> None:
    """P7: however many there are, each is looked at once."""
    lists = many(count)
    for form in (
        lambda them: tcr(3, asking(tuple(them))),
        lambda them: crm(extensions=b"".join(them)),
    ):
        assert noted(form(lists)) == ([], count > FEW_EXTENSIONS)
        assert noted(form([*lists, lists[0]])) == ([3], True)
        assert noted(form([*lists[1:], lists[-1]])) == ([3], True)


# --- no extensions -------------------------------------------------------------------------------

VALUES: tuple[tuple[bytes, ...], ...] = ((), (EMPTY,), (EMPTY, EMPTY))


@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("strict", [False, True])
def test_g10_an_extension_request_for_nothing(
    kind: str, values: tuple[bytes, ...], strict: bool
) -> None:
    """Without values or with empty lists: read, verified and encoded as it was."""
    request = pkcs10(attributes=(attribute(kind, *values),))
    (row,) = cmcodec.verify_batch(request)
    assert (row.verdict, row.notes, row.may_have_notes) == ("verified", (), False)
    message = cmcodec.load(request, strict=strict)
    content = message.unverified_content
    assert isinstance(content, types.CertificationRequest)
    assert content.to_der() == request
    (found,) = content.certification_request_info.attributes or ()
    assert found.attr_values == (types.ExtensionReq(()),) * len(values)
    assert types.CertificationRequest.from_der(request, strict=strict) == content


@pytest.mark.parametrize("values", VALUES)
def test_v8_an_extension_request_for_nothing_names_no_key(values: tuple[bytes, ...]) -> None:
    """Another attribute beside it is looked at all the same."""
    nothing = attribute(REQUESTS[0], *values)
    wanted = attribute(REQUESTS[1], seq(BOB.extension()))
    signer = Signer(key=BOB, sid=BOB.by_ski())
    for attributes, expected in (((nothing,), None), ((nothing, wanted), 3)):
        content = pki_data(requests=(tcr(3, pkcs10(BOB, attributes=attributes)),))
        row = judged(signed_by(signer, content=content, certificates=()))
        assert row.signers[0].request_id == expected
        assert row.reason == (None if expected else "signer_not_found")
    assert ALICE.by_ski() != BOB.by_ski()
