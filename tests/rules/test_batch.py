"""The report of `verify_batch`: rows, inputs of every form, notes."""

from __future__ import annotations

import json
import mmap
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import Note, _backend, oids, types
from cmcodec.asn1.scalars import encode_object_identifier
from cmcodec.types.tables import CONTROL_ROWS
from cmcodec.verify import references
from kit.der import identifier, integer, oid, seq, tlv
from kit.messages import (
    Message,
    content_info,
    control,
    members,
    pki_data,
    pki_response,
    signed_data,
    tcr,
)
from kit.vectors import SHARED, VECTORS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cmcodec.asn1 import Asn1

BATCH = (SHARED / "batch" / "batch-req-10.der").read_bytes()
BER = (SHARED / "signed" / "rsa2048-pkcs10.ber").read_bytes()
PEM = (VECTORS / "openssl" / "requests" / "text.pem").read_bytes()
KEYS = [
    "index",
    "path",
    "kind",
    "encoding",
    "verdict",
    "reason",
    "rule",
    "offset",
    "span",
    "signers",
]
KEYS += ["origin", "requests", "transaction_id", "notes"]


def test_report_is_a_sequence() -> None:
    """One row per message, outer first, reached by position, slice and iteration."""
    report = cmcodec.verify_batch(BATCH)
    rows = list(report)
    assert len(report) == len(rows) == 11
    assert [row.path for row in rows][:2] == [(), rows[1].path]
    assert report[0] == rows[0]
    assert report[-1] == rows[-1]
    assert report[2:5] == rows[2:5]
    assert "11 messages: 11 verified" in repr(report)
    for position in (11, -12):
        with pytest.raises(IndexError):
            report[position]


def test_rows_have_the_fields_that_scripts_read() -> None:
    """The contract: names and order of the JSON fields, ``file`` in place of ``index``."""
    row = cmcodec.verify_batch(BATCH)[1]
    found = json.loads(json.dumps(row.to_dict()))
    assert list(found) == KEYS
    assert next(iter(row.to_dict("batch.der"))) == "file"
    assert list(found["signers"][0]) == [
        "algorithm", "certificate_sha256", "request_id", "chain", "anchor_sha256", "reason",
        "detail",
    ]  # fmt: skip
    assert list(found["requests"][0]) == ["id", "form", "algorithm", "pop"]
    assert found["transaction_id"] == hex(row.transaction_id)


def test_items_of_every_form(tmp_path: Path) -> None:
    """Rule P11: bytes and whatever has the buffer protocol, messages, PEM and BER, in one call."""
    path = tmp_path / "batch.der"
    path.write_bytes(BATCH)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        report = cmcodec.verify_batch(
            [BATCH, bytearray(BATCH), memoryview(BATCH), mapped, cmcodec.load(BATCH), BER, PEM]
        )
    assert report.counts() == {"verified": 5 * 11 + 2}
    assert [row.index for row in report if not row.path] == list(range(7))
    assert (report[-2].encoding, report[-1].kind) == ("ber", "simple-request")
    assert report.der(5) == cmcodec.load(BER).to_der() != BER
    assert report.der(0) == BATCH


@pytest.mark.parametrize("data", [BATCH, bytearray(BATCH), cmcodec.load(BATCH)])
def test_a_single_item(data: bytes) -> None:
    """One message is not an iterable of octets."""
    assert len(cmcodec.verify_batch(data)) == 11


def test_bad_items_are_rows() -> None:
    """R5: what is no message is one malformed row, and its neighbours are unaffected."""
    broken = b"-----BEGIN CMS-----\n!\n-----END CMS-----\n"
    report = cmcodec.verify_batch([b"", BATCH, b"\x30", broken, BATCH[:-1], BER])
    outer = [row for row in report if not row.path]
    assert [row.verdict for row in outer] == [
        "malformed", "verified", "malformed", "malformed", "malformed", "verified",
    ]  # fmt: skip
    assert [row.reason for row in outer] == [
        "truncated", None, "truncated", "bad_value", "truncated", None,
    ]  # fmt: skip
    assert len(report) == 16


@pytest.mark.parametrize("data", [5, None, 1.5, [None], [5], ["MIIB", 5]])
def test_what_is_no_input_is_the_callers_mistake(data: object) -> None:
    with pytest.raises(TypeError):
        cmcodec.verify_batch(data)  # type: ignore[arg-type]


def test_unverified_rows_raise_from_verify() -> None:
    """Failure raises, with the reason; a message without signers too."""
    for file, reason in (
        ("response/simple-certs-only.der", "no_signer"),
        ("enveloped/rsa-keytrans-aes256cbc.der", "encrypted"),
        ("authdata/pwri-hmacsha256-req.der", "mac_unchecked"),
        ("negative/flipped-signature.der", "signature_invalid"),
    ):
        message = cmcodec.load((SHARED / file).read_bytes())
        with pytest.raises(cmcodec.VerificationError) as caught:
            message.verify()
        assert caught.value.reason == reason


def test_verified_is_of_another_type() -> None:
    """Content of a verified message, and who vouches for it."""
    verified = cmcodec.load((SHARED / "signed" / "p256-pkcs10.der").read_bytes()).verify()
    assert isinstance(verified.content, types.PKIData)
    assert [signer.algorithm for signer in verified.signers] == ["ecdsa-with-SHA256"]
    assert [request.pop for request in verified.requests] == ["verified"]
    assert isinstance(verified.transaction_id, int)
    assert verified.notes == ()
    assert "Verified full-request" in repr(verified)
    for cls in (cmcodec.Verified, cmcodec.Message):
        with pytest.raises(TypeError):
            cls()


def test_inner_offsets_count_from_the_message_that_was_loaded() -> None:
    """The offset of a nested message's failure is one in the buffer of the outermost."""
    octets = (SHARED / "negative" / "batch10-inner5-flipped.der").read_bytes()
    bad = [row for row in cmcodec.verify_batch(octets) if row.path and row.verdict == "failed"]
    (number, message), *_ = [
        (number, message)
        for number, message in cmcodec.load(octets).unverified_messages
        if (number,) == bad[0].path
    ]
    with pytest.raises(cmcodec.VerificationError) as caught:
        message.verify()
    assert (caught.value.reason, caught.value.offset) == (bad[0].reason, bad[0].offset)
    assert message.span == bad[0].span
    assert number > 0


def noted(value: Asn1, kind: int, **parts: Iterable[bytes]) -> list[str]:
    """The reasons of the notes on a control with this value, which has the id 1."""
    octets = Message(
        content=pki_data(
            controls=(control(1, kind, value),),
            **parts,
        )
    ).encode()
    row = cmcodec.verify_batch(octets)[0]
    assert row.verdict == "verified"
    assert {note.body_part_id for note in row.notes} <= {1}
    return [note.reason for note in row.notes]


DANGLING, DUPLICATE = "dangling_reference", "duplicate_reference"
REQUEST = {"requests": (tcr(3),)}
INNER = {"members": members(Message(content=pki_data(requests=(tcr(9),))).encode())}
"""A message whose id in cmsSequence is that of the first of `members`."""


def inner_id() -> int:
    octets = Message(content=pki_data(**INNER)).encode()
    return cmcodec.load(octets).unverified_messages[0][0]


def test_r4_lists_of_messages() -> None:
    """R4, R-155, R-156: batchRequests, batchResponses and authData name members of cmsSequence."""
    there = inner_id()
    for kind in (28, 29):
        assert noted(types.BodyPartList((there,)), kind, **INNER) == []
        assert noted(types.BodyPartList((there, there)), kind, **INNER) == [DUPLICATE]
        assert noted(types.BodyPartList((77, there, 78)), kind, **INNER) == [DANGLING]
        assert noted(types.BodyPartList((1,)), kind, **INNER) == [DANGLING]
    assert noted(types.AuthPublish(there), 27, **INNER) == []
    assert noted(types.AuthPublish(77), 27, **INNER) == [DANGLING]


DIGESTED = content_info(
    oids.ID_DIGESTED_DATA,
    seq(
        integer(0),
        identifier(oids.ID_SHA256),
        seq(oid(oids.ID_CCT_PKI_DATA), tlv(0xA0, tlv(0x04, pki_data()))),
        tlv(0x04, bytes(32)),
    ),
)
NO_MESSAGES = {
    "data": content_info(oids.ID_DATA, tlv(0x04, b"x")),
    "signed data": signed_data(b"x", oids.ID_DATA),
    "digested": DIGESTED,
    "unknown": content_info("1.2.3", integer(7)),
}
MESSAGES = {
    "request": signed_data(),
    "response": signed_data(pki_response(), oids.ID_CCT_PKI_RESPONSE),
    "certs-only": VECTORS / "jss/messages/certs-only.der",
    "with a MAC": VECTORS / "bouncycastle/encrypted/authenticated-pwri.der",
    "enveloped": VECTORS / "bouncycastle/encrypted/enveloped-rsa.der",
    "signed and encrypted": VECTORS / "openssl/encrypted/signed-auth-enveloped.der",
    "malformed": content_info(oids.ID_DATA, integer(7)),
}


@pytest.mark.parametrize("kind", [28, 29])
def test_r4_not_a_message(kind: int) -> None:
    """R4: a batch control leads to PKI messages, or to what may hide one; else it has a note."""
    for octets in NO_MESSAGES.values():
        both = members(signed_data(), octets)
        assert noted(types.BodyPartList((11, 12)), kind, members=both) == ["not_a_message"]
        assert noted(types.BodyPartList((12, 12)), kind, members=both) == [
            DUPLICATE,
            "not_a_message",
        ]
        assert noted(types.BodyPartList((11,)), kind, members=both) == []
        assert noted(types.AuthPublish(12), 27, members=both) == []
    for held in MESSAGES.values():
        octets = held if isinstance(held, bytes) else held.read_bytes()
        assert noted(types.BodyPartList((11,)), kind, members=members(octets)) == []


def test_r4_requests_here_and_inside() -> None:
    """R4, R-109, R-133: witnesses and template changes name requests of the PKIData they say."""
    there = inner_id()
    witness = types.LraPopWitness
    assert noted(witness(pki_data_bodyid=0, body_ids=(3,)), 11, **REQUEST) == []
    assert noted(witness(pki_data_bodyid=0, body_ids=(4,)), 11, **REQUEST) == [DANGLING]
    assert noted(witness(pki_data_bodyid=there, body_ids=(9,)), 11, **INNER) == []
    assert noted(witness(pki_data_bodyid=there, body_ids=(3,)), 11, **INNER) == [DANGLING]
    assert noted(witness(pki_data_bodyid=77, body_ids=()), 11, **INNER) == [DANGLING]
    add = types.AddExtensions(pki_data_reference=0, cert_references=(3, 3), extensions=())
    assert noted(add, 8, **REQUEST) == [DUPLICATE]
    for path, id_, expected in (((0,), 3, []), ((0,), 4, [DANGLING]), ((77,), 3, [DANGLING])):
        change = types.ModCertTemplate(
            pki_data_reference=types.BodyPartPath(path),
            cert_references=types.BodyPartList((id_,)),
            cert_template=types.CertTemplate(),
        )
        assert noted(change, 31, **REQUEST) == expected
    algorithm = types.AlgorithmIdentifier(algorithm="1.2.840.113549.2.9")
    for id_, expected in ((3, []), (4, [DANGLING])):
        proof = types.DecryptedPOP(body_part_id=id_, the_pop_alg_id=algorithm, the_pop=b"")
        assert noted(proof, 10, **REQUEST) == expected


def test_r4_paths() -> None:
    """R4, T-25, T-26: paths walk through cmsSequence ids; 0 is the current message."""
    there = inner_id()
    path = types.BodyPartPath
    assert noted(path((there, 9)), 35, **INNER) == []
    assert noted(path((0, 1)), 35, **INNER) == []
    assert noted(path((there, 8)), 35, **INNER) == [DANGLING]
    assert noted(path((77, 9)), 35, **INNER) == [DANGLING]
    assert noted(path((there,)), 37, **INNER) == []
    assert noted(path((1,)), 37, **INNER) == [DANGLING]
    reference = types.BodyPartReference
    own = reference(body_part_id=1)
    along = reference(body_part_path=path((0, 1)))
    processed = types.ControlsProcessed(body_list=(own, along, own, reference(body_part_id=5)))
    assert noted(processed, 32) == [DUPLICATE, DANGLING]


def test_r4_duplicate_control() -> None:
    """R4: each control after the first that may stand has a note; any number of some may."""

    def found(*controls: bytes) -> tuple[Any, ...]:
        octets = Message(content=pki_data(controls)).encode()
        row = cmcodec.verify_batch(octets)[0]
        assert row.verdict == "verified"
        assert row.may_have_notes is bool(row.notes)
        return row.transaction_id, *((note.body_part_id, note.reason) for note in row.notes)

    twice = "duplicate_control"
    transaction = [control(number, 5, integer(number)) for number in (1, 2, 3)]
    nonces = [control(number, 6, types.SenderNonce(b"nonce")) for number in (4, 5)]
    assert found(transaction[0], nonces[0]) == (1,)
    assert found(*nonces) == (None, (5, twice))
    assert found(*transaction[:2], nonces[0]) == (None, (2, twice))
    assert found(*transaction, *nonces) == (None, (2, twice), (3, twice), (5, twice))
    assert found(control(7, 5), transaction[0]) == (None, (1, twice))
    for row in CONTROL_ROWS:
        expected = [] if row.at_most is None else [(2, twice)]
        if not row.refers or expected:
            both = (control(number, row.number) for number in (1, 2))
            assert found(*both) == (None, *expected), row.name
    # What no row says stands any number of times.
    assert found(control(1, 100), control(2, 100)) == (None,)
    # Each controlSequence has its own.
    octets = Message(
        content=pki_data(transaction[:1], members=members(signed_data(pki_data(transaction[1:2]))))
    )
    report = cmcodec.verify_batch(octets.encode())
    assert [(row.transaction_id, row.notes) for row in report] == [(1, ()), (2, ())]


def test_p7_what_may_stand_twice_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """P7, R4: how often a control may stand costs no walk through all controls for each."""
    encoded: list[str] = []

    def encode(dotted: str) -> bytes:
        encoded.append(dotted)
        return encode_object_identifier(dotted)

    monkeypatch.setattr(references, "encode_object_identifier", encode)
    counts = []
    for number in (2, 200):
        message = Message(content=pki_data(control(n, 2, tlv(0x0C)) for n in range(1, number + 1)))
        (row,) = cmcodec.verify_batch(message.encode())
        assert len(row.notes) == number - 1
        counts.append(len(encoded))
    assert counts[0] == counts[1]


def test_r4_duplicate_control_of_a_response() -> None:
    """R4: of a PKIResponse too, and without signers; notes on references stand beside."""
    lists = [control(number, 29, types.BodyPartList((77,))) for number in (1, 2)]
    octets = Message(content=pki_response(lists), content_type=oids.ID_CCT_PKI_RESPONSE)
    row = cmcodec.verify_batch(octets.encode())[0]
    assert [(note.body_part_id, note.reason) for note in row.notes] == [
        (1, DANGLING),
        (2, "duplicate_control"),
        (2, DANGLING),
    ]
    unsigned = cmcodec.verify_batch(signed_data(pki_data([control(n, 5) for n in (1, 2)])))[0]
    assert (unsigned.verdict, len(unsigned.notes)) == ("unsigned", 1)


def test_r4_a_control_of_another_type_is_no_reference() -> None:
    """R4: notes are about what a control means, so unknown controls have none."""
    octets = Message(content=pki_data(controls=(control(1, 4, types.DataReturn(b"")),)))
    assert cmcodec.verify_batch(octets.encode())[0].notes == ()
    assert oids.ID_CMC.endswith(".7")
    assert Note(body_part_id=1, reason="dangling_reference") == Note(
        body_part_id=1, reason="dangling_reference"
    )


@pytest.mark.parametrize("octets", [127, 128])
def test_r4_a_reference_behind_a_long_identifier(octets: int) -> None:
    """R4, P5: what stands before a control does not hide it, up to the longest identifier."""
    long = seq(integer(2), tlv(0x06, b"\x2a" * octets), tlv(0x31, tlv(0x05)))
    dangling = control(1, 28, types.BodyPartList((77,)))
    row = cmcodec.verify_batch(Message(content=pki_data(controls=(long, dangling))).encode())[0]
    assert [(note.body_part_id, note.reason) for note in row.notes] == [(1, DANGLING)]


@pytest.mark.parametrize("flag", ["no", "", 0, 1, None, [], object()])
def test_v10a_flags_are_true_or_false(flag: Any) -> None:
    """V10a, V14: ``legacy="no"`` is a mistake and not a yes, on either backend."""
    message = cmcodec.load(BATCH)
    for call in (
        lambda: cmcodec.verify_batch(BATCH, legacy=flag),
        lambda: message.verify(legacy=flag),
    ):
        with pytest.raises(TypeError, match="legacy must be True or False"):
            call()
    for read in (cmcodec.load, types.ContentInfo.from_der):
        with pytest.raises(TypeError, match="strict must be True or False"):
            read(BATCH, strict=flag)  # type: ignore[operator]


def test_v15_threads_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """V15: to start 1,000,000 threads takes longer than any batch; below 1 is 1."""
    started: list[int] = []
    verify = _backend.verify

    def noted(*_: Any, **options: Any) -> Any:
        started.append(options["threads"])
        return verify([], **options | {"threads": 1})

    monkeypatch.setattr(_backend, "verify", noted)
    for threads in (-1, 0, 1, 1024, 1025, 10**6, 10**30, True):
        cmcodec.verify_batch(BATCH, threads=threads)
    assert started == [1, 1, 1, 1024, 1024, 1024, 1024, 1]
    for threads in (2.0, "2", [2]):
        with pytest.raises(TypeError):
            cmcodec.verify_batch(BATCH, threads=threads)
