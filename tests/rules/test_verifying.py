"""Verdicts, rule by rule, on messages that break one (rules V, R)."""

from __future__ import annotations

import hashlib
import inspect
import sys
import threading
from dataclasses import replace
from typing import Any

import pytest

import cmcodec
from cmcodec import _backend as backend
from cmcodec import oids, types
from cmcodec.errors import LimitError
from cmcodec.reasons import Reason
from cmcodec.verify.verdict import Note, RequestReport, Row
from cmcodec.verify.verdict import Signer as VerifiedSigner
from kit.der import EMPTY, NULL, attribute, identifier, integer, oid, seq, tlv
from kit.keys import ALICE, BOB, CAROL, Key
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
    refused,
    requests_of,
    rows,
    signed_by,
    signers_of,
    tcr,
    verify,
)
from kit.vectors import BATCH, VECTORS


def outcome(row: Row) -> tuple[str, str, str, str | None, str | None, int | None]:
    """What the message is, and what is wrong with it."""
    return row.kind, row.encoding, row.verdict, row.reason, row.rule, row.offset


# --- the rules -------------------------------------------------------------------------------


def test_a_good_message() -> None:
    message = Message(content=pki_data((control(1, 5, integer(-77)),), (tcr(),))).encode()
    certificate = ALICE.certificate()
    row = judged(message)
    assert row == Row(
        index=0,
        path=(),
        kind="full-request",
        encoding="der",
        verdict="verified",
        reason=None,
        rule=None,
        offset=None,
        signers=(
            VerifiedSigner(
                algorithm="Ed25519",
                certificate_sha256=hashlib.sha256(certificate).hexdigest(),
                request_id=None,
                chain="unchecked",
            ),
        ),
        requests=(RequestReport(id=3, form="pkcs10", algorithm="Ed25519", pop="verified"),),
        transaction_id=-77,
        notes=(),
        span=(0, len(message)),
    )
    assert row.signers[0].certificate == types.Certificate(certificate)
    assert row.buffer is message
    assert row.may_have_notes is False


@pytest.mark.parametrize("kind", [8, 10, 11, 27, 28, 29, 31, 32, 35, 37])
def test_controls_that_refer(kind: int) -> None:
    message = Message(content=pki_data((control(1, kind), control(2, 5))))
    row = judged(message)
    assert (row.transaction_id, row.may_have_notes) == (None, True)
    assert judged(Message(content=pki_data((control(1, kind + 100),)))).may_have_notes is False


def test_v1_wrong_content_type() -> None:
    message = replace(Message(), content=b"x", content_type=oids.ID_DATA)
    assert refused(message) == ("wrong_content_type", "V1", oid(oids.ID_DATA))
    message = replace(message, content=None)
    assert refused(message) == ("wrong_content_type", "V1", oid(oids.ID_DATA))
    other = content_info(oids.ID_DATA, tlv(0x04, b"x"))
    assert outcome(judged(other)) == ("other", "der", "failed", "wrong_content_type", "V1", 2)


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        (oids.ID_CCT_PKI_DATA, "full-request"),
        (oids.ID_CCT_PKI_RESPONSE, "full-response"),
        (oids.ID_ENVELOPED_DATA, "other"),
        (oids.ID_CT_AUTH_ENVELOPED_DATA, "other"),
    ],
)
def test_v1_content_missing(content_type: str, kind: str) -> None:
    message = Message(content=None, content_type=content_type)
    assert refused(message) == ("content_missing", "V1", oid(content_type))
    row = judged(message)
    assert (row.kind, row.signers, row.requests) == (kind, (), ())
    # Nobody signed: nothing is missing under a signature.
    unsigned = judged(replace(message, signers=()))
    assert outcome(unsigned)[2:5] == ("unsigned", "no_signer", "V2")


def encrypted_layer() -> Message:
    """An EnvelopedData under a good signature."""
    enveloped = (VECTORS / "bouncycastle/encrypted/enveloped-rsa.der").read_bytes()
    found = backend.locate("ContentInfo", enveloped, 0, len(enveloped), ("content",))
    assert found
    content = enveloped[found[0] : found[2]]
    return Message(content=content, content_type=oids.ID_ENVELOPED_DATA)


def test_r5_a_good_signature_over_encrypted_content_is_unverified() -> None:
    row = judged(encrypted_layer())
    assert outcome(row) == ("other", "der", "unverified", "encrypted", None, None)
    assert signers_of(row)[0][3:] == (ALICE.certificate(), None)
    octets = (VECTORS / "openssl/encrypted/signed-auth-enveloped.der").read_bytes()
    row = judged(octets)
    assert outcome(row) == ("other", "der", "unverified", "encrypted", None, None)
    assert [signer.reason for signer in row.signers] == [None]


def test_r5_a_bad_signature_over_encrypted_content_is_failed() -> None:
    message = encrypted_layer()
    bad = replace(message, signers=(Signer(), Signer(signature=b"\xff" * 64)))
    assert refused(bad) == ("signature_invalid", "V10", tlv(0x04, b"\xff" * 64))
    assert sorted(str(signer.reason) for signer in judged(bad).signers) == [
        "None", "signature_invalid",
    ]  # fmt: skip
    assert refused(replace(message, certificates=()))[0] == "signer_not_found"
    unsigned = judged(replace(message, signers=()))
    assert outcome(unsigned)[2:5] == ("unsigned", "no_signer", "V2")


NOTED = (Note(body_part_id=None, reason=Reason.VERSION_MISMATCH),)


def noted(message: Message) -> tuple[Note, ...]:
    """The notes on a message, which is verified all the same."""
    row = judged(message)
    assert outcome(row)[2:] == ("verified", None, None, None)
    assert [signer.reason for signer in row.signers] == [None] * len(row.signers)
    return row.notes


def test_v1_versions_follow_from_the_content() -> None:
    """R-213, R-214, G9: no signature covers the versions; another of CMS's own is a note."""
    for version in range(6):
        assert noted(Message(version=version)) == (() if version == 3 else NOTED)
        for sid, right in ((ALICE.by_serial(), 1), (ALICE.by_ski(), 3)):
            message = signed_by(Signer(sid=sid, version=version))
            assert noted(message) == (() if version == right else NOTED)
    other = tlv(0xA3, oid("1.2.3"), NULL)
    attribute_certificate = tlv(0xA2, EMPTY)
    for choice, right in ((attribute_certificate, 4), (other, 5)):
        certificates = (ALICE.certificate(), choice)
        assert noted(Message(certificates=certificates, version=right)) == ()
        assert noted(Message(certificates=certificates)) == NOTED
    # One note, however many versions are wrong.
    assert noted(signed_by(Signer(version=3), Signer(version=0), version=1)) == NOTED


def test_v1_versions_that_cms_has_not() -> None:
    for version in (-1, 6, 256):
        found = refused(Message(version=version))
        assert found == ("version_mismatch", "V1", integer(version))
        found = refused(signed_by(Signer(version=version)))
        assert found == ("version_mismatch", "V1", integer(version))
        assert judged(Message(version=version)).notes == ()
        unsigned = signed_by(version=version)
        assert refused(unsigned) == ("version_mismatch", "V1", integer(version))
        certs_only = signed_by(content=None, content_type=oids.ID_DATA, version=version)
        assert refused(certs_only) == ("version_mismatch", "V1", integer(version))


def test_v1_a_version_is_noted_whatever_the_verdict() -> None:
    bad = signed_by(Signer(signature=b"\xff" * 64), version=2)
    row = judged(bad)
    assert (row.verdict, row.reason, row.notes) == ("failed", "signature_invalid", NOTED)
    row = judged(signed_by(version=1))
    assert (row.verdict, row.reason, row.notes) == ("unsigned", "no_signer", NOTED)
    row = judged(replace(encrypted_layer(), version=5))
    assert (row.verdict, row.reason, row.notes) == ("unverified", "encrypted", NOTED)
    for version in range(6):
        row = judged(signed_by(content=None, content_type=oids.ID_DATA, version=version))
        assert (row.verdict, row.reason, row.notes) == ("unsigned", None, ())


def test_v1_a_version_is_noted_beside_references() -> None:
    controls = (control(7, 29, seq(integer(99))), control(8, 28, seq(integer(99))))
    (row,) = cmcodec.verify_batch(Message(content=pki_data(controls), version=1).encode())
    dangling = [Note(body_part_id=n, reason=Reason.DANGLING_REFERENCE) for n in (7, 8)]
    assert row.notes == (*NOTED, *dangling)
    assert row.to_dict()["notes"][0] == {"body_part_id": None, "reason": "version_mismatch"}
    message = cmcodec.load(Message(version=1).encode())
    assert message.verify().notes == NOTED


def test_v2_zero_signers() -> None:
    message = signed_by(content=pki_data(requests=(tcr(), crm(b"\x80\0", body_part_id=4))))
    octets = message.encode()
    row = judged(octets)
    assert outcome(row)[2:] == ("unsigned", "no_signer", "V2", len(octets) - 2)
    assert [request.pop for request in row.requests] == ["verified", "absent"]
    bad = signed_by(content=pki_data(requests=(tcr(3, pkcs10(signature=bytes(64))),)))
    assert outcome(judged(bad))[2:5] == ("unsigned", "no_signer", "V2")


def test_v2_certs_only() -> None:
    for content in (None, b""):
        row = judged(signed_by(content=content, content_type=oids.ID_DATA))
        assert outcome(row) == ("simple-response", "der", "unsigned", None, None, None)


def test_v1_id_data_with_content_is_not_certs_only() -> None:
    """V1: certs-only holds nothing but certificates and CRLs."""
    message = signed_by(content=b"content", content_type=oids.ID_DATA)
    assert judged(message).kind == "other"
    assert refused(message) == ("wrong_content_type", "V1", oid(oids.ID_DATA))


def test_v2_at_most_64_signers() -> None:
    assert judged(signed_by(*[Signer()] * 64)).verdict == "verified"
    reason, rule, element = refused(signed_by(*[Signer()] * 65))
    assert (reason, rule, element[0]) == ("limit", "V2", 0x31)
    assert judged(signed_by(*[Signer()] * 65)).signers == ()


def test_v3_the_first_bad_signer_is_the_reason() -> None:
    bad = Signer(signature=b"\xff" * 64)
    absent = Signer(sid=BOB.by_serial(9))
    row = judged(signed_by(bad, Signer(), absent))
    assert row.verdict == "failed"
    assert sorted(str(signer.reason) for signer in row.signers) == [
        "None", "signature_invalid", "signer_not_found",
    ]  # fmt: skip
    assert row.reason == next(signer.reason for signer in row.signers if signer.reason)


GOOD_TYPE = attribute(oids.ID_CONTENT_TYPE, oid(oids.ID_CCT_PKI_DATA))
GOOD_DIGEST = attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, hashlib.sha512(pki_data()).digest()))
NO_SIGNATURE = identifier(oids.ID_ALG_NO_SIGNATURE, NULL)
STATIC_DH = identifier(oids.ID_ALG_ECDH_POP_STATIC_SHA256_HMAC_SHA256)
MOMENT = tlv(0x17, b"260101000000Z")


def test_v4_attributes_missing() -> None:
    reason, rule, element = refused(signed_by(Signer(without_attributes=True)))
    assert (reason, rule, element[0]) == ("attribute_missing", "V4", 0x30)
    for attributes in ((GOOD_TYPE,), (GOOD_DIGEST,)):
        reason, rule, element = refused(signed_by(Signer(attributes=attributes)))
        assert (reason, rule, element[0]) == ("attribute_missing", "V4", 0xA0)


@pytest.mark.parametrize(
    "duplicate",
    [
        (attribute(oids.ID_CONTENT_TYPE, oid(oids.ID_CCT_PKI_RESPONSE)),),
        (attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, bytes(64))),),
        (
            attribute(oids.ID_SIGNING_TIME, MOMENT),
            attribute(oids.ID_SIGNING_TIME, tlv(0x17, b"270101000000Z")),
        ),
        (attribute(oids.ID_AA_CMS_ALGORITHM_PROTECT, tlv(0x30, identifier(oids.ID_SHA512))),) * 2,
    ],
)
def test_v4_a_second_attribute(duplicate: tuple[bytes, ...]) -> None:
    kind = next(
        k
        for k in (
            oids.ID_CONTENT_TYPE,
            oids.ID_MESSAGE_DIGEST,
            oids.ID_SIGNING_TIME,
            oids.ID_AA_CMS_ALGORITHM_PROTECT,
        )
        if oid(k) in duplicate[0]
    )
    received = sorted((GOOD_TYPE, GOOD_DIGEST, *duplicate))
    second = [each for each in received if oid(kind) in each][-1]
    found = refused(signed_by(Signer(more=duplicate)))
    assert found == ("attribute_duplicate", "V4", second)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (oids.ID_CONTENT_TYPE, ()),
        (oids.ID_CONTENT_TYPE, (oid(oids.ID_CCT_PKI_DATA), oid(oids.ID_CCT_PKI_RESPONSE))),
        (oids.ID_MESSAGE_DIGEST, ()),
        (oids.ID_SIGNING_TIME, (MOMENT, tlv(0x17, b"270101000000Z"))),
        (oids.ID_AA_CMS_ALGORITHM_PROTECT, ()),
    ],
)
def test_v4_not_one_value(kind: str, values: tuple[bytes, ...]) -> None:
    attributes = {
        oids.ID_CONTENT_TYPE: GOOD_TYPE,
        oids.ID_MESSAGE_DIGEST: GOOD_DIGEST,
        kind: attribute(kind, *values),
    }
    found = refused(signed_by(Signer(attributes=tuple(attributes.values()))))
    assert found == ("attribute_duplicate", "V4", attribute(kind, *values))


def test_v4_unsorted_attributes_are_malformed() -> None:
    octets = (VECTORS / "bouncycastle/faults/attributes-unsorted.der").read_bytes()
    row = judged(octets)
    assert outcome(row)[:5] == ("other", "der", "malformed", "attributes_unsorted", "V4")


@pytest.mark.parametrize(
    ("digest", "name"),
    [
        (identifier("2.16.840.1.101.3.4.2.4"), "Ed25519"),
        (identifier(oids.ID_SHA1), "Ed25519"),
        (identifier(oids.ID_SHA512, b"\x04\0"), "Ed25519"),
    ],
)
def test_v7_digest_algorithm_not_on_offer(digest: bytes, name: str) -> None:
    message = signed_by(Signer(digest=digest))
    assert refused(message) == ("unsupported_algorithm", "V7", digest)
    assert judged(message).signers[0].algorithm == name


def test_v7_signature_algorithm() -> None:
    unknown = identifier("1.3.101.113")
    message = signed_by(Signer(algorithm=unknown))
    assert refused(message) == ("unsupported_algorithm", "V7", unknown)
    assert signers_of(judged(message)) == (
        ("1.3.101.113", None, None, None, "unsupported_algorithm"),
    )
    message = signed_by(Signer(digest=identifier(oids.ID_SHA256), hash="sha256"))
    assert refused(message) == ("algorithm_mismatch", "V7", identifier(oids.ID_ED25519))
    assert judged(message).signers[0].algorithm == "Ed25519"


@pytest.mark.parametrize(
    ("algorithm", "digest", "name"),
    [
        (identifier(oids.SHA1_WITH_RSA_ENCRYPTION, NULL), oids.ID_SHA1, "sha1WithRSAEncryption"),
        (identifier(oids.SHA1_WITH_RSA_SIGNATURE, NULL), oids.ID_SHA1, "sha1WithRSAEncryption"),
        (identifier(oids.SHA1_WITH_RSA_ENCRYPTION), oids.ID_SHA256, "sha1WithRSAEncryption"),
        (identifier(oids.RSA_ENCRYPTION, NULL), oids.ID_SHA1, "sha1WithRSAEncryption"),
        (identifier(oids.RSA_ENCRYPTION, NULL), "1.2.3", oids.RSA_ENCRYPTION),
        (identifier(oids.ID_RSASSA_PSS), oids.ID_SHA256, oids.ID_RSASSA_PSS),
        (identifier(oids.ID_ED25519, NULL), oids.ID_SHA512, oids.ID_ED25519),
        (identifier("2.999.1"), oids.ID_SHA512, "2.999.1"),
    ],
)
def test_v8_algorithms_are_named(algorithm: bytes, digest: str, name: str) -> None:
    """V8, R-204: the verdict gives the algorithm always: its name, or what the message says.

    By it a server finds who still uses an old one.
    """
    row = judged(signed_by(Signer(algorithm=algorithm, digest=identifier(digest))))
    assert row.reason == "unsupported_algorithm"
    assert [signer.algorithm for signer in row.signers] == [name]


def test_v7_digest_algorithms() -> None:
    for digests in ((), (identifier(oids.ID_SHA256),), (identifier(oids.ID_SHA512, b"\x04\0"),)):
        found = refused(Message(digests=digests))
        assert found == ("algorithm_mismatch", "V7", identifier(oids.ID_SHA512))
    assert judged(Message(digests=(identifier(oids.ID_SHA512, NULL),))).verdict == "verified"


@pytest.mark.parametrize(
    ("good", "parts"),
    [
        (True, (identifier(oids.ID_SHA512), identifier(oids.ID_ED25519, tag=0xA1))),
        (True, (identifier(oids.ID_SHA512, NULL), identifier(oids.ID_ED25519, NULL, tag=0xA1))),
        (False, (identifier(oids.ID_SHA256), identifier(oids.ID_ED25519, tag=0xA1))),
        (False, (identifier(oids.ID_SHA512), identifier("1.3.101.113", tag=0xA1))),
        (False, (identifier(oids.ID_SHA512, b"\x04\0"), identifier(oids.ID_ED25519, tag=0xA1))),
        (False, (identifier(oids.ID_SHA512),)),
        (False, (identifier(oids.ID_SHA512), identifier(oids.ID_ED25519, tag=0xA2))),
        (
            False,
            (
                identifier(oids.ID_SHA512),
                identifier(oids.ID_ED25519, tag=0xA1),
                identifier(oids.ID_SHA1, tag=0xA2),
            ),
        ),
    ],
)
def test_v7_algorithm_protection(good: bool, parts: tuple[bytes, ...]) -> None:
    protection = attribute(oids.ID_AA_CMS_ALGORITHM_PROTECT, tlv(0x30, *parts))
    message = signed_by(Signer(more=(protection,)))
    if good:
        assert judged(message).verdict == "verified"
    else:
        assert refused(message) == ("algorithm_mismatch", "V7", protection)


def test_v12_no_signature() -> None:
    none = NO_SIGNATURE
    message = signed_by(Signer(algorithm=none, signature=b"", attributes=(GOOD_TYPE, GOOD_DIGEST)))
    assert refused(message) == ("no_signature", "V12", none)
    assert judged(message).signers[0].algorithm == "id-alg-noSignature"
    # A Simple PKI Request has no other signature that could count.
    row = judged(pkcs10(algorithm=none, signature=b""))
    assert outcome(row) == ("simple-request", "der", "failed", "no_signature", "V12", 0)
    assert requests_of(row) == ((1, "pkcs10", "absent"),)


def test_v5_content_type() -> None:
    """V5: all arcs, not only those that both have."""
    for number in (
        oids.ID_CCT_PKI_RESPONSE,
        oids.ID_CCT_PKI_DATA.rpartition(".")[0],
        f"{oids.ID_CCT_PKI_DATA}.1",
    ):
        other = attribute(oids.ID_CONTENT_TYPE, oid(number))
        message = signed_by(Signer(attributes=(other, GOOD_DIGEST)))
        assert refused(message) == ("content_type_mismatch", "V5", other)


def test_v6_message_digest() -> None:
    """V6: every octet, and all of them."""
    for octets in (bytes(64), hashlib.sha512(pki_data()).digest()[:63], b""):
        other = attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, octets))
        message = signed_by(Signer(attributes=(GOOD_TYPE, other)))
        assert refused(message) == ("digest_mismatch", "V6", other)


# --- V8 to V10 -------------------------------------------------------------------------------


def test_v8_certificates_of_the_caller() -> None:
    message = Message(certificates=())
    assert refused(message) == ("signer_not_found", "V8", ALICE.by_serial())
    extra = [b"", b"\x30", EMPTY, NULL, BOB.certificate(7), ALICE.certificate()]
    row = judged(message, certificates=extra)
    assert signers_of(row)[0][3] == ALICE.certificate()


@pytest.mark.parametrize(
    "certificate",
    [
        ALICE.certificate() + b"\0",
        b"\x31" + ALICE.certificate()[1:],
        tlv(0x30, EMPTY, EMPTY, EMPTY),
        tlv(0x30, tlv(0x30, tlv(0xA0, integer(2)))),
        ALICE.certificate().replace(b"\xa3", b"\xa4", 1),
        ALICE.certificate().replace(
            oid(oids.ID_CE_SUBJECT_KEY_IDENTIFIER),
            b"\x05" + oid(oids.ID_CE_SUBJECT_KEY_IDENTIFIER)[1:],
        ),
    ],
)
def test_v8_what_is_no_certificate_is_no_candidate(certificate: bytes) -> None:
    row = judged(Message(certificates=()), certificates=[certificate])
    assert row.reason == "signer_not_found"


def test_v8_at_most_four_candidates() -> None:
    others = [BOB.certificate(1, bytes([4, 0, 4, 1, n])) for n in range(4)]
    right = ALICE.certificate()
    certificates = [*others[:3], *others[:3], right]
    assert judged(Message(certificates=()), certificates=certificates).verdict == "verified"
    certificates = [*others, right]
    assert judged(Message(certificates=()), certificates=certificates).reason == "signature_invalid"
    # The message's and the caller's have slots of their own.
    assert judged(Message(), certificates=others).verdict == "verified"
    assert judged(Message(certificates=tuple(others)), certificates=[right]).verdict == "verified"
    carried = Message(certificates=(others[0],))
    assert signers_of(judged(carried, certificates=[others[0], right]))[0][3] == right


def test_v8_by_key_identifier() -> None:
    message = signed_by(Signer(sid=ALICE.by_ski()))
    assert signers_of(judged(message))[0][3] == ALICE.certificate()
    without = replace(message, certificates=(ALICE.certificate(by_ski=False),))
    assert refused(without) == ("signer_not_found", "V8", ALICE.by_ski())


def test_v8_certificates_of_an_outer_layer_do_not_count() -> None:
    inner = Message(certificates=()).encode()
    found = rows(verify(Message(content=pki_data(members=members(inner))).encode()))
    assert [(row.verdict, row.reason) for row in found] == [
        ("verified", None), ("failed", "signer_not_found"),
    ]  # fmt: skip


def requested(key: Key, kind: str = oids.ID_EXTENSION_REQUEST) -> tuple[bytes, ...]:
    return (attribute(kind, tlv(0x30, key.extension())),)


BY_BOB = Signer(key=BOB, sid=BOB.by_ski())


@pytest.mark.parametrize(
    "request_",
    [
        tcr(3, pkcs10(attributes=requested(BOB))),
        tcr(3, pkcs10(attributes=requested(BOB, "1.3.6.1.4.1.311.2.1.14"))),
        tcr(3, pkcs10(attributes=(attribute(oids.ID_EXTENSION_REQUEST, tlv(0x30, ALICE.extension()),
                                            tlv(0x30, BOB.extension())),))),
        crm(extensions=BOB.extension()),
    ],
)  # fmt: skip
def test_v8_request_key(request_: bytes) -> None:
    message = signed_by(BY_BOB, content=pki_data(requests=(request_,)), certificates=())
    assert signers_of(judged(message)) == (("Ed25519", None, 3, None, None),)
    both = replace(message, signers=(BY_BOB, BY_BOB))
    assert refused(both) == ("request_key_not_sole_signer", "V8", BOB.by_ski())


def test_v8_ambiguous_and_absent_request_keys() -> None:
    first = tcr(3, pkcs10(attributes=requested(BOB)))
    second = crm(body_part_id=4, extensions=BOB.extension())
    third = tcr(5, pkcs10(attributes=requested(BOB)))
    for requests in ((first, second), (first, second, third)):
        message = signed_by(BY_BOB, content=pki_data(requests=requests), certificates=())
        assert refused(message) == ("signer_ambiguous", "V8", BOB.by_ski())
    keyless = crm(b"\x80\0", key=b"", extensions=BOB.extension())
    message = replace(message, content=pki_data(requests=(keyless,)))
    assert refused(message) == ("signer_not_found", "V8", BOB.by_ski())
    odd = tlv(0x30, oid(oids.ID_CE_SUBJECT_KEY_IDENTIFIER), tlv(0x04, b"\x04"))
    message = replace(message, content=pki_data(requests=(crm(extensions=odd),)))
    assert refused(message) == ("signer_not_found", "V8", BOB.by_ski())
    message = replace(message, signers=(Signer(key=BOB, sid=BOB.by_serial()),))
    assert refused(message) == ("signer_not_found", "V8", BOB.by_serial())


def test_v9_and_v10_offsets() -> None:
    bad = Signer(signature=b"\xff" * 64)
    assert refused(signed_by(bad)) == ("signature_invalid", "V10", tlv(0x04, b"\xff" * 64))
    small, long = Key(3), Key(3)
    small.public, long.public = b"\1" + bytes(31), bytes(3000)
    for key in (small, long):
        message = signed_by(Signer(), certificates=(key.certificate(),))
        assert refused(message) == ("key_rejected", "V9", ALICE.by_serial())
    ed448 = Key(1)
    ed448.algorithm = "1.3.101.113"
    message = signed_by(Signer(), certificates=(ed448.certificate(),))
    assert refused(message) == ("unsupported_algorithm", "V7", ALICE.by_serial())
    # Of several candidates, the reason is that of one whose signature was looked at.
    message = signed_by(Signer(), certificates=(small.certificate(), BOB.certificate()))
    assert refused(message)[:2] == ("signature_invalid", "V10")


# --- proofs of possession --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "pop", "reason", "rule"),
    [
        (tcr(), "verified", None, None),
        (crm(), "verified", None, None),
        (tcr(3, pkcs10(signature=bytes(64))), "failed", "pop_invalid", "R1"),
        (tcr(3, pkcs10(unused=b"\1", signature=bytes(64))), "failed", "pop_invalid", "R1"),
        (tcr(3, pkcs10(algorithm=identifier("1.2.3"))), "failed", "unsupported_algorithm", "V7"),
        (
            tcr(3, pkcs10(algorithm=identifier("1.2.840.10045.4.3.2"))),
            "failed", "algorithm_mismatch", "V7",
        ),
        (tcr(3, pkcs10(algorithm=NO_SIGNATURE)), "absent", None, None),
        (
            tcr(3, pkcs10(algorithm=identifier(oids.ID_ALG_NO_SIGNATURE))),
            "failed", "unsupported_algorithm", "V7",
        ),
        (tcr(3, pkcs10(algorithm=STATIC_DH)), "absent", None, None),
        (crm(algorithm=STATIC_DH), "absent", None, None),
        (crm(b""), "absent", None, None),
        (crm(b"\x80\0"), "absent", None, None),
        (crm(tlv(0xA2, tlv(0x81, b"\1"))), "challenge-needed", None, None),
        (crm(tlv(0xA3, tlv(0x81, b"\1"))), "challenge-needed", None, None),
        (crm(key=b""), "failed", "pop_invalid", "R1"),
        (crm(key=b"", algorithm=identifier("1.2.3")), "failed", "pop_invalid", "R1"),
        (crm(key=b"", algorithm=NO_SIGNATURE), "absent", None, None),
        (crm(key=ALICE.spki(0xA6)), "failed", "pop_invalid", "R1"),
        (
            crm(poposk_input=tlv(0xA0, tlv(0xA0, tlv(0x82, b"x")), BOB.spki())),
            "failed", "pop_invalid", "R6",
        ),
        (
            crm(key=tlv(0xA6, identifier(oids.ID_ED25519), tlv(0x03, b"\0short"))),
            "failed", "key_rejected", "V9",
        ),
        (tlv(0xA2, integer(3), oid("2.999"), NULL), "absent", None, None),
    ],
)  # fmt: skip
def test_proofs_of_possession(
    request_: bytes, pop: str, reason: str | None, rule: str | None
) -> None:
    message = Message(content=pki_data(requests=(request_,)))
    row = judged(message)
    form = {0xA0: "pkcs10", 0xA1: "crmf", 0xA2: "other"}[request_[0]]
    assert requests_of(row) == ((3, form, pop),)
    if reason:
        assert refused(message) == (reason, rule, request_)
    else:
        assert outcome(row)[2:] == ("verified", None, None, None)


def test_v1_request_version() -> None:
    """RFC 2986 §4.1: a PKCS#10 has version 0. RFC 4211 §5: a CertTemplate has 2, or none."""
    for version in (1, 2, -1, 256):
        request = pkcs10(version=version)
        row = judged(request)
        assert outcome(row)[:5] == ("simple-request", "der", "failed", "version_mismatch", "V1")
        assert row.offset is not None
        assert request[row.offset :].startswith(integer(version))
        assert requests_of(row) == ((1, "pkcs10", "failed"),)
        message = Message(content=pki_data(requests=(tcr(3, request),)))
        assert refused(message) == ("version_mismatch", "V1", integer(version))
        assert requests_of(judged(message)) == ((3, "pkcs10", "failed"),)
        assert [signer.reason for signer in judged(message).signers] == [None]
    for popo in (None, b"\x80\0", tlv(0xA2, tlv(0x81, b"\1")), b""):
        for version in (0, 1, 3):
            message = Message(content=pki_data(requests=(crm(popo, version=version),)))
            element = b"\x80" + integer(version)[1:]
            assert refused(message) == ("version_mismatch", "V1", element)
        message = Message(content=pki_data(requests=(crm(popo, version=2),)))
        assert judged(message).verdict == "verified"
    # The version stands before the proof, and a signer that is bad before both.
    wrong = tcr(3, pkcs10(version=1, signature=bytes(64)))
    message = Message(content=pki_data(requests=(wrong,)))
    assert refused(message) == ("version_mismatch", "V1", integer(1))
    assert refused(replace(message, certificates=()))[0] == "signer_not_found"


def test_v1_request_version_changes_no_message_without_signers() -> None:
    message = Message(content=pki_data(requests=(tcr(3, pkcs10(version=1)),)), signers=())
    row = judged(message)
    assert outcome(row)[2:5] == ("unsigned", "no_signer", "V2")
    assert requests_of(row) == ((3, "pkcs10", "failed"),)


ECDSA = identifier(oids.ECDSA_WITH_SHA256)
ECDSA_NULL = identifier(oids.ECDSA_WITH_SHA256, NULL)


@pytest.mark.parametrize("algorithm", [ECDSA, ECDSA_NULL])
@pytest.mark.parametrize("protected", [ECDSA, ECDSA_NULL])
def test_v10_null_beside_ecdsa_is_read_as_absent(algorithm: bytes, protected: bytes) -> None:
    protection = attribute(
        oids.ID_AA_CMS_ALGORITHM_PROTECT,
        seq(identifier(oids.ID_SHA256), b"\xa1" + protected[1:]),
    )
    signer = Signer(
        key=CAROL, digest=identifier(oids.ID_SHA256), hash="sha256", algorithm=algorithm,
        more=(protection,),
    )  # fmt: skip
    key = CAROL.spki(0xA6)
    template = seq(integer(4), seq(key))
    popo = tlv(0xA1, algorithm, tlv(0x03, b"\0", CAROL.sign(template)))
    requests = (
        tcr(3, pkcs10(CAROL, algorithm=algorithm)),
        crm(popo, body_part_id=4, key=key),
    )
    message = signed_by(
        signer, content=pki_data(requests=requests), certificates=(CAROL.certificate(),),
        digests=(identifier(oids.ID_SHA256),),
    )  # fmt: skip
    row = judged(message)
    assert outcome(row)[2:] == ("verified", None, None, None)
    assert signers_of(row)[0][0] == "ecdsa-with-SHA256"
    assert requests_of(row) == ((3, "pkcs10", "verified"), (4, "crmf", "verified"))
    assert judged(pkcs10(CAROL, algorithm=algorithm)).verdict == "verified"
    other = identifier(oids.ECDSA_WITH_SHA256, EMPTY)
    assert refused(replace(message, signers=(replace(signer, algorithm=other),))) == (
        "unsupported_algorithm", "V7", other,
    )  # fmt: skip


def test_r1_simple_requests() -> None:
    assert judged(pkcs10()).verdict == "verified"
    row = judged(pkcs10(signature=bytes(64)))
    assert outcome(row) == ("simple-request", "der", "failed", "pop_invalid", "R1", 0)
    assert row.signers == ()
    assert requests_of(row) == ((1, "pkcs10", "failed"),)


def test_r1_unused_bits() -> None:
    """R1: octets are signed, so that no bit of the last may be unused, not even where it is 0."""
    good = next(it for seed in range(9, 99) if (it := pkcs10(Key(seed)))[-1] % 2 == 0)
    unused = good[:-65] + b"\1" + good[-64:]
    for request, verdict, reason in (
        (good, "verified", None),
        (unused, "failed", "pop_invalid"),
    ):
        for message in (request, Message(content=pki_data(requests=(tcr(3, request),)))):
            row = judged(message)
            assert (row.verdict, row.reason) == (verdict, reason)
            assert row.requests[0].pop == verdict


POPOSK_INPUT = tlv(0xA0, tlv(0xA0, tlv(0x82, b"x")), BOB.spki())
SHA1_WITH_RSA = identifier(oids.SHA1_WITH_RSA_ENCRYPTION, NULL)


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (tcr(), "Ed25519"),
        (tcr(3, pkcs10(signature=bytes(64))), "Ed25519"),
        (tcr(3, pkcs10(version=1)), "Ed25519"),
        (tcr(3, pkcs10(algorithm=NO_SIGNATURE)), "id-alg-noSignature"),
        (tcr(3, pkcs10(algorithm=STATIC_DH)), oids.ID_ALG_ECDH_POP_STATIC_SHA256_HMAC_SHA256),
        (tcr(3, pkcs10(algorithm=SHA1_WITH_RSA)), "sha1WithRSAEncryption"),
        (tcr(3, pkcs10(algorithm=identifier(oids.RSA_ENCRYPTION))), oids.RSA_ENCRYPTION),
        (tcr(3, pkcs10(algorithm=identifier("2.999.1"))), "2.999.1"),
        (crm(), "Ed25519"),
        (crm(version=1), "Ed25519"),
        (crm(poposk_input=POPOSK_INPUT), "Ed25519"),
        (crm(algorithm=SHA1_WITH_RSA), "sha1WithRSAEncryption"),
        (crm(key=b"", algorithm=identifier("2.999.1")), "2.999.1"),
        (crm(b""), None),
        (crm(b"\x80\0"), None),
        (crm(tlv(0xA2, tlv(0x81, b"\1"))), None),
        (tlv(0xA2, integer(3), oid("2.999"), NULL), None),
    ],
)
def test_r1_algorithms_are_named(request_: bytes, name: str | None) -> None:
    row = judged(Message(content=pki_data(requests=(request_,))))
    assert [request.algorithm for request in row.requests] == [name]


def test_r1_algorithm_of_a_simple_request() -> None:
    assert [request.algorithm for request in judged(pkcs10()).requests] == ["Ed25519"]
    row = judged(pkcs10(algorithm=SHA1_WITH_RSA))
    assert (row.reason, row.requests[0].algorithm) == (
        "unsupported_algorithm", "sha1WithRSAEncryption",
    )  # fmt: skip


def test_r2_ra_verified_counts_from_an_authorised_ra() -> None:
    message = Message(content=pki_data(requests=(crm(b"\x80\0"),)))
    authorised = {"authorised_ras": [hashlib.sha256(ALICE.certificate()).digest()]}
    assert requests_of(judged(message)) == ((3, "crmf", "absent"),)
    assert requests_of(judged(message, **authorised)) == ((3, "crmf", "ra-asserted"),)
    bad = replace(message, signers=(Signer(), Signer(sid=BOB.by_serial(9))))
    assert requests_of(judged(bad, **authorised)) == ((3, "crmf", "absent"),)
    other = {"authorised_ras": [hashlib.sha256(BOB.certificate()).digest()]}
    assert requests_of(judged(message, **other)) == ((3, "crmf", "absent"),)


# --- many messages ---------------------------------------------------------------------------


def test_r5_malformed_items_and_members() -> None:
    good, torn = Message().encode(), Message().encode()[:-1]
    inner = content_info(oids.ID_SIGNED_DATA, tlv(0x30, integer(3)))
    data = content_info(oids.ID_DATA, tlv(0x04, b"x"))
    outer = Message(content=pki_data(members=members(good, inner, data, good))).encode()
    verdicts = verify(b"", torn, outer, good + b"\0", good)
    found = [
        (row.index, row.path, row.kind, row.verdict, row.reason, row.rule) for row in rows(verdicts)
    ]
    assert found == [
        (0, (), "other", "malformed", "truncated", "P2"),
        (1, (), "other", "malformed", "truncated", "P2"),
        (2, (), "full-request", "verified", None, None),
        (2, (11,), "full-request", "verified", None, None),
        (2, (12,), "other", "malformed", "bad_tag", "P3"),
        (2, (14,), "full-request", "verified", None, None),
        (3, (), "other", "malformed", "trailing_data", "P4"),
        (4, (), "full-request", "verified", None, None),
    ]
    first = verdicts[0]
    assert (first.offset, first.signers, first.requests) == (0, (), ())
    assert (first.transaction_id, first.span, first.may_have_notes) == (None, (0, 0), False)
    start, end = verdicts[4].span
    assert verdicts.der(2)[start:end] == inner
    assert verdicts.counts()["malformed"] == 4
    assert verdicts.der(1) == torn


def test_p6_layers() -> None:
    message = Message(content=pki_data()).encode()
    for _ in range(8):
        message = Message(content=pki_data(members=members(message))).encode()
    found = [(row.verdict, row.reason, len(row.path)) for row in rows(verify(message))]
    assert found == [*(("verified", None, n) for n in range(8)), ("malformed", "limit", 8)]
    assert verify(message, max_layers=9).counts()["verified"] == 9
    assert len(verify(message, max_layers=1)) == 2
    assert cmcodec.load(message, max_layers=9).verify().signers
    assert cmcodec.verify_batch(message).counts()["malformed"] == 1
    assert cmcodec.verify_batch(message, max_layers=9).counts()["verified"] == 9
    with pytest.raises(LimitError) as caught:
        backend.load(message, False, 8, 1 << 20)
    assert caught.value.reason == "limit"
    assert caught.value.path.startswith("contentInfo.content.encapContentInfo.eContent.cmsSequence")


def test_p6_size() -> None:
    message = Message(content=pki_data()).encode()
    for size, reason in ((len(message), None), (len(message) - 1, "limit")):
        (row,) = rows(verify(message, max_size=size))
        assert row.reason == reason
        assert cmcodec.verify_batch(message, max_size=size)[0].reason == reason


def test_p9_no_room_on_the_stack() -> None:
    if backend.name() != "pure":
        pytest.skip("the engine does not use Python's stack")
    message = Message().encode()
    for _ in range(7):
        message = Message(content=pki_data(members=members(message))).encode()

    def deep(levels: int) -> tuple[LimitError, Any]:
        if levels:
            return deep(levels - 1)
        with pytest.raises(LimitError) as caught:
            backend.load(message, False, 8, 1 << 20)
        return caught.value, verify(message)[0]

    error, row = deep(sys.getrecursionlimit() - len(inspect.stack()) - 70)
    assert (error.reason, error.offset, error.path) == ("depth", 0, "contentInfo")
    assert outcome(row) == ("other", "der", "malformed", "depth", "P1", 0)


def test_ber_is_converted() -> None:
    octets = (VECTORS / "bouncycastle/batches/batch-5.ber").read_bytes()
    verdicts = verify(octets)
    der = verdicts.der(0)
    assert der == (VECTORS / "bouncycastle/batches/batch-5.der").read_bytes()
    assert (verdicts[0].encoding, verdicts[0].verdict) == ("ber", "verified")
    assert verdicts[0].span == (0, len(der))
    assert verdicts[1].encoding == "der"
    assert backend.load(octets, False, 8, 1 << 20) == (der, "ber", "ContentInfo")
    strictly = outcome(verify(octets, strict=True)[0])
    assert strictly[2:5] == ("malformed", "not_canonical", "P3")


def test_progress_comes_from_this_thread() -> None:
    calls: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        assert threading.current_thread() is caller
        calls.append((done, total))

    caller = threading.current_thread()
    octets = BATCH.read_bytes()
    for threads in (1, 3):
        calls.clear()
        verify(octets, threads=threads, progress=progress)
        assert calls[-1] == (1001, 1001)
        assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    calls.clear()
    verify(progress=progress)
    assert calls == [(0, 0)]


def test_what_progress_raises_ends_the_call() -> None:
    def progress(done: int, total: int) -> None:
        raise KeyboardInterrupt

    for threads in (1, 3):
        with pytest.raises(KeyboardInterrupt):
            verify(Message().encode(), threads=threads, progress=progress)
