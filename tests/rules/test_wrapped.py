"""V1: a PKCS#10 in a SignedData over id-data, as Windows renews certificates."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key

import cmcodec
from cmcodec import oids, types
from kit.der import EMPTY, NULL, attribute, identifier, indefinite, integer, oid, seq, set_of, tlv
from kit.keys import ALICE, BOB, CAROL
from kit.messages import (
    EMPTY_PKI_DATA,
    Message,
    Signer,
    content_info,
    judged,
    members,
    pkcs10,
    pki_data,
    refused,
    rows,
    verify,
)
from kit.vectors import SHARED, VECTORS

if TYPE_CHECKING:
    from collections.abc import Callable

RENEWAL = (VECTORS / "field" / "win-pkcs7-renewal.der").read_bytes()
REQUEST = pkcs10()
CONTENT = "content.encapContentInfo.eContent"

wrapped = partial(Message, content=REQUEST, content_type=oids.ID_DATA, version=1)
"""A request of Bob that Alice has signed."""


def bare(content: bytes = REQUEST, **fields: Any) -> Signer:
    """A SignerInfo of Alice's without signed attributes."""
    return Signer(without_attributes=True, signature=ALICE.sign(content), **fields)


def of(message: Message | bytes) -> cmcodec.Row:
    """The row of a message that may be wrapped, in a batch; alone it comes to the same."""
    octets = message if isinstance(message, bytes) else message.encode()
    (row,) = rows(verify((octets, True)))
    assert cmcodec.verify_batch(octets, wrapped=True)[0] == row
    if row.verdict == "malformed":
        return row
    loaded = cmcodec.load(octets, wrapped=True)
    assert loaded.kind == row.kind
    if row.verdict == "verified":
        verified = loaded.verify()
        assert (verified.signers, verified.requests) == (row.signers, row.requests)
    else:
        with pytest.raises(cmcodec.VerificationError) as caught:
            loaded.verify()
        assert (caught.value.reason, caught.value.offset) == (row.reason, row.offset)
    return row


def what(row: cmcodec.Row) -> tuple[str, str, str | None, str | None]:
    return row.kind, row.verdict, row.reason, row.rule


def not_wrapped(row: cmcodec.Row) -> bool:
    """Whether it is said of a message what is said of any other content of a SignedData."""
    return what(row) == ("other", "failed", "wrong_content_type", "V1") and not row.requests


# --- the message ---------------------------------------------------------------------------------


def test_v1_wrapped_renewal() -> None:
    """The renewal of Windows: signed by the old key, of a request for the new one."""
    row = of(RENEWAL)
    assert what(row) == ("wrapped-request", "verified", None, None)
    assert row.notes == ()
    assert row.origin == "certificate"
    assert [(it.id, it.form, it.pop) for it in row.requests] == [(1, "pkcs10", "verified")]
    message = cmcodec.load(RENEWAL, wrapped=True)
    content = message.unverified_content
    assert isinstance(content, types.CertificationRequest)
    assert message.verify().content == content
    assert content.to_der() == message.octets(CONTENT)[4:]  # type: ignore[index]
    kinds = [each.attr_type for each in content.certification_request_info.attributes or ()]
    assert "1.3.6.1.4.1.311.13.1" in kinds


def test_v1_wrapped_unless_asked_for() -> None:
    """Without the keyword kind and reason are those of any other content."""
    message = cmcodec.load(RENEWAL)
    assert (message.kind, message.unverified_content) == ("other", None)
    assert message.locate(f"{CONTENT}.certificationRequestInfo") is None
    with pytest.raises(cmcodec.VerificationError, match="wrong_content_type"):
        message.verify()
    assert not_wrapped(judged(RENEWAL))
    assert not_wrapped(cmcodec.verify_batch(message, wrapped=True)[0])


def test_v1_wrapped_locate() -> None:
    """Paths lead into the request, and the structure has the octets that were received."""
    message = cmcodec.load(wrapped().encode(), wrapped=True)
    info = f"{CONTENT}.certificationRequestInfo"
    assert message.octets(f"{info}.subjectPublicKeyInfo") == BOB.spki()
    assert message.octets(CONTENT) == tlv(0x04, REQUEST)
    assert message.locate(f"{info}.nothing") is None
    assert message.element_offsets(("content", "signerInfos")) is not None
    assert message.unverified_structure.to_der() == message.to_der()
    inner = message.to_dict()["content"]["encapContentInfo"]["eContent"]
    assert inner == types.CertificationRequest.from_der(REQUEST).to_dict()


def test_v1_wrapped_a_message_follows_what_load_was_told() -> None:
    """In a batch each message by itself, whatever is said of the others; after a pickle too."""
    told, untold = cmcodec.load(RENEWAL, wrapped=True), cmcodec.load(RENEWAL)
    for flag, octets_are in ((False, "other"), (True, "wrapped-request")):
        report = cmcodec.verify_batch([told, untold, RENEWAL], wrapped=flag)
        assert [row.kind for row in report] == ["wrapped-request", "other", octets_are]
    for message in (told, untold):
        copy = pickle.loads(pickle.dumps(message))
        assert (copy, copy.wrapped, copy.kind) == (message, message.wrapped, message.kind)
        assert copy.encoding == "der"
    assert pickle.loads(pickle.dumps(told)).verify().requests[0].pop == "verified"


@pytest.mark.parametrize("value", [1, None, "yes", b""])
def test_v1_wrapped_is_a_bool(value: Any) -> None:
    """What is no bool is refused before anything is read."""
    with pytest.raises(TypeError, match="wrapped"):
        cmcodec.load(b"", wrapped=value)
    with pytest.raises(TypeError, match="wrapped"):
        cmcodec.verify_batch([], wrapped=value)


def test_v1_wrapped_other_messages_stay_what_they_are() -> None:
    """The keyword changes nothing of any other message."""
    certs_only = Message(content=None, content_type=oids.ID_DATA, signers=()).encode()
    for octets in (Message().encode(), REQUEST, certs_only, pkcs10(version=1)):
        assert rows(verify((octets, True))) == rows(verify(octets))
        assert cmcodec.load(octets, wrapped=True).kind == cmcodec.load(octets).kind


# --- what counts as a PKCS#10 --------------------------------------------------------------------

NAMED_INFO = seq(integer(0), ALICE.issuer(), BOB.spki(), tlv(0xA0))
NOT_REQUESTS = {
    "nothing": b"",
    "text": b"renew my certificate, please",
    "half a header": b"\x30",
    "an element of one octet less": REQUEST[:-1],
    "PKIData": EMPTY_PKI_DATA,
    "a certificate": ALICE.certificate(),
    "a certificate of version 1": seq(
        seq(integer(1), identifier(oids.ID_ED25519), ALICE.issuer()), identifier(oids.ID_ED25519)
    ),
    "a CRL": seq(seq(integer(1), identifier(oids.ID_ED25519), ALICE.issuer())),
    "a message of CMP": seq(seq(integer(2), tlv(0xA4, EMPTY), tlv(0xA4, EMPTY)), tlv(0xA0)),
    "another message": content_info(oids.ID_DATA, tlv(0x04, REQUEST)),
    "a request in a SET": tlv(0x31, NAMED_INFO),
    "a SEQUENCE of nothing": EMPTY,
    "a SEQUENCE of one number": seq(seq(integer(0))),
}
MALFORMED = {
    "an octet after it": (REQUEST + b"\0", "trailing_data"),
    "no key": (seq(seq(integer(0), EMPTY)), "bad_tag"),
    "a legacy name and no key": (seq(seq(integer(0), NULL)), "bad_tag"),
    "a name of half an element": (seq(seq(integer(0), tlv(0x30, b"\x31"))), "truncated"),
    "a version of two octets": (seq(seq(b"\x02\x02\x00\x00", ALICE.issuer())), "not_canonical"),
    "attributes out of order": (
        seq(
            seq(
                integer(0), EMPTY, BOB.spki(),
                tlv(0xA0, attribute("1.2.4", NULL), attribute("1.2.3", NULL)),
            ),
            identifier(oids.ID_ED25519), tlv(0x03, b"\0"),
        ),
        "not_canonical",
    ),
}  # fmt: skip


@pytest.mark.parametrize("content", NOT_REQUESTS.values(), ids=NOT_REQUESTS)
@pytest.mark.parametrize("attributes", [True, False], ids=["attributes", "none"])
def test_v1_wrapped_anything_else(content: bytes, attributes: bool) -> None:
    """What does not begin as a PKCS#10 is what it is without the keyword, however it is signed."""
    signer = Signer() if attributes else bare(content)
    message = wrapped(content=content, signers=(signer,))
    assert not_wrapped(of(message))
    assert of(message) == judged(message)


@pytest.mark.parametrize(("content", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_p1_wrapped_is_validated(content: bytes, reason: str) -> None:
    """What begins as a PKCS#10 is validated to its end, before anything is made of it."""
    octets = wrapped(content=content).encode()
    assert cmcodec.load(octets).kind == "other"
    row = of(octets)
    assert (row.kind, row.verdict, row.reason) == ("other", "malformed", reason)
    with pytest.raises(cmcodec.DecodeError) as caught:
        cmcodec.load(octets, wrapped=True)
    assert (caught.value.reason, caught.value.offset) == (reason, row.offset)
    assert caught.value.path.startswith(f"contentInfo.{CONTENT}")


def test_p3_wrapped_strict() -> None:
    """The legacy form of a name is read in the request unless ``strict`` is set."""
    legacy = pkcs10().replace(EMPTY, NULL, 1)
    octets = wrapped(content=legacy).encode()
    assert cmcodec.load(octets, wrapped=True).kind == "wrapped-request"
    assert cmcodec.load(octets, strict=True).kind == "other"
    with pytest.raises(cmcodec.DecodeError) as caught:
        cmcodec.load(octets, strict=True, wrapped=True)
    assert caught.value.path.endswith("certificationRequestInfo.subject")


def test_p6_wrapped_layers() -> None:
    """The request is one layer more, which the smallest bound allows."""
    assert cmcodec.load(RENEWAL, wrapped=True, max_layers=1).kind == "wrapped-request"


def test_v1_wrapped_is_the_outermost_message() -> None:
    """One nested in another message is what it is without the keyword."""
    octets = Message(content=pki_data(members=members(wrapped().encode()))).encode()
    outer, inner = cmcodec.verify_batch(octets, wrapped=True)
    assert (outer.kind, outer.verdict) == ("full-request", "verified")
    assert not_wrapped(inner)
    message = cmcodec.load(octets, wrapped=True)
    ((_, nested),) = message.unverified_messages
    assert (nested.kind, nested.wrapped) == ("other", False)


def test_v1_wrapped_in_no_other_content() -> None:
    """A PKCS#10 in id-data without a SignedData, or in an AuthenticatedData, counts nothing."""
    data = content_info(oids.ID_DATA, tlv(0x04, REQUEST))
    assert not_wrapped(of(data))
    held = seq(oid(oids.ID_DATA), tlv(0xA0, tlv(0x04, REQUEST)))
    recipient = tlv(
        0xA2, integer(4), seq(tlv(0x04, b"k")), identifier(oids.ID_AES128_WRAP), tlv(0x04, b"")
    )
    authenticated = content_info(
        oids.ID_CT_AUTH_DATA,
        seq(integer(0), set_of(recipient), identifier(oids.HMAC_SHA1), held, tlv(0x04, b"m")),
    )
    (row,) = rows(verify((authenticated, True)))
    assert (row.kind, row.verdict, row.reason) == ("other", "unverified", "mac_unchecked")
    assert cmcodec.load(authenticated, wrapped=True).kind == "other"


# --- forms of the wrapper ------------------------------------------------------------------------


def as_ber(octets: bytes) -> bytes:
    """A wrapper of indefinite length around eContent in two segments."""
    structure: Any = types.ContentInfo.from_der(octets)
    signed = structure.content
    content = signed.encap_content_info.e_content
    halves = (tlv(0x04, content[:40]), tlv(0x04, content[40:]))
    held = indefinite(0x30, oid(oids.ID_DATA), indefinite(0xA0, indefinite(0x24, *halves)))
    parts = (
        integer(signed.version),
        set_of(*(each.to_der() for each in signed.digest_algorithms)),
        held,
        set_of(*(each.to_der() for each in signed.certificates), tag=0xA0),
        set_of(*(each.to_der() for each in signed.signer_infos)),
    )
    return indefinite(0x30, oid(oids.ID_SIGNED_DATA), indefinite(0xA0, indefinite(0x30, *parts)))


def test_v1_wrapped_in_ber() -> None:
    """Windows may send BER: the wrapper is converted, and a pickle keeps how it came."""
    octets = as_ber(RENEWAL)
    (row,) = rows(verify((octets, True)))
    assert (row.kind, row.encoding, row.verdict) == ("wrapped-request", "ber", "verified")
    message = cmcodec.load(octets, wrapped=True)
    assert (message.encoding, message.to_der()) == ("ber", RENEWAL)
    copy = pickle.loads(pickle.dumps(message))
    assert (copy.encoding, copy.kind) == ("ber", "wrapped-request")
    assert copy.verify().requests[0].pop == "verified"
    with pytest.raises(cmcodec.DecodeError):
        cmcodec.load(octets, wrapped=True, strict=True)
    broken = as_ber(wrapped(content=REQUEST + b"\0").encode())
    with pytest.raises(cmcodec.DecodeError, match="trailing_data"):
        cmcodec.load(broken, wrapped=True)


@pytest.mark.parametrize("text", [True, False], ids=["armour", "base64"])
def test_p4_wrapped_in_text(text: bool) -> None:
    """What is around it is what may be around every message."""
    import base64

    armoured = base64.encodebytes(RENEWAL)
    if text:
        label = b"NEW CERTIFICATE REQUEST-----\n"
        armoured = b"-----BEGIN " + label + armoured + b"-----END " + label
    (row,) = cmcodec.verify_batch(armoured, wrapped=True)
    assert (row.kind, row.verdict) == ("wrapped-request", "verified")
    assert cmcodec.load(armoured.decode(), wrapped=True).kind == "wrapped-request"


# --- its signatures ------------------------------------------------------------------------------


def test_v4_wrapped_without_attributes() -> None:
    """RFC 5652 §5.3: over id-data attributes may be absent; the signature is over the content."""
    row = of(wrapped(signers=(bare(),)))
    assert what(row) == ("wrapped-request", "verified", None, None)
    assert row.signers[0].certificate_sha256 == hashlib.sha256(ALICE.certificate()).hexdigest()


def test_v4_wrapped_attributes_are_what_is_signed() -> None:
    """Attributes that are there are signed in the place of the content, and the other way round."""
    over_content = replace(bare(), without_attributes=False)
    over_attributes = Signer(without_attributes=True)
    for signer in (over_content, over_attributes):
        row = of(wrapped(signers=(signer,)))
        assert what(row) == ("wrapped-request", "failed", "signature_invalid", "V10")


def test_v4_wrapped_empty_attributes() -> None:
    """Attributes that are there are not empty, and have contentType and messageDigest."""
    row = of(wrapped(signers=(Signer(attributes=()),)))
    assert (row.verdict, row.reason) == ("malformed", "bad_value")
    row = of(wrapped(signers=(Signer(attributes=(attribute("1.2.3", NULL),)),)))
    assert what(row) == ("wrapped-request", "failed", "attribute_missing", "V4")


def test_v4_full_request_without_attributes() -> None:
    """Over every other content they must be there, with the keyword too."""
    message = Message(signers=(bare(EMPTY_PKI_DATA),))
    assert refused(message)[:2] == ("attribute_missing", "V4")
    assert what(of(message))[1:] == ("failed", "attribute_missing", "V4")


TAMPERED: dict[str, tuple[dict[str, Any], str, str]] = {
    "contentType of a PKIData": (
        {"signers": (Signer(attributes=(
            attribute(oids.ID_CONTENT_TYPE, oid(oids.ID_CCT_PKI_DATA)),
            attribute(
                oids.ID_MESSAGE_DIGEST, tlv(0x04, hashlib.sha512(REQUEST).digest()),
            ),
        )),)}, "content_type_mismatch", "V5",
    ),
    "digest of another request": (
        {"signers": (Signer(attributes=(
            attribute(oids.ID_CONTENT_TYPE, oid(oids.ID_DATA)),
            attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, hashlib.sha512(b"").digest())),
        )),)}, "digest_mismatch", "V6",
    ),
    "signature over attributes": (
        {"signers": (Signer(signature=bytes(64)),)}, "signature_invalid", "V10",
    ),
    "signature over content": (
        {"signers": (Signer(without_attributes=True, signature=bytes(64)),)},
        "signature_invalid", "V10",
    ),
    "content that was not signed": (
        {"signers": (bare(pkcs10(attributes=(attribute("1.2.3", NULL),))),)},
        "signature_invalid", "V10",
    ),
    "digest algorithm that is not listed": (
        {"digests": (), "signers": (bare(),)}, "algorithm_mismatch", "V7",
    ),
    "no signature": (
        {"signers": (bare(algorithm=identifier(oids.ID_ALG_NO_SIGNATURE, NULL)),)},
        "no_signature", "V12",
    ),
    "no certificate": ({"certificates": (), "signers": (bare(),)}, "signer_not_found", "V8"),
    "no signer": ({"signers": ()}, "no_signer", "V2"),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "reason", "rule"), TAMPERED.values(), ids=TAMPERED)
def test_v10_wrapped_tampered(fields: dict[str, Any], reason: str, rule: str) -> None:
    """Every rule of a SignerInfo holds over id-data as it does over a PKIData."""
    row = of(wrapped(**fields))
    verdict = "unsigned" if reason == "no_signer" else "failed"
    assert what(row) == ("wrapped-request", verdict, reason, rule)
    assert [request.pop for request in row.requests] == ["verified"]


def test_v3_wrapped_two_signers() -> None:
    """Each SignerInfo counts, with attributes or without."""
    certificates = (ALICE.certificate(), BOB.certificate(2))
    other = Signer(key=BOB, sid=BOB.by_serial(2))
    both = wrapped(signers=(bare(), other), certificates=certificates)
    assert what(of(both)) == ("wrapped-request", "verified", None, None)
    bad = wrapped(signers=(bare(), replace(other, signature=bytes(64))), certificates=certificates)
    row = of(bad)
    assert what(row)[1:] == ("failed", "signature_invalid", "V10")
    assert [signer.reason for signer in row.signers] == [None, "signature_invalid"]


# --- keys of the request -------------------------------------------------------------------------

NAMED = pkcs10(attributes=(attribute(oids.ID_EXTENSION_REQUEST, seq(BOB.extension())),))


def by_request_key(**fields: Any) -> Message:
    """A request that its own key has signed."""
    signer = Signer(
        key=BOB, sid=BOB.by_ski(), without_attributes=True, signature=BOB.sign(NAMED), **fields
    )
    return wrapped(content=NAMED, certificates=(), signers=(signer,), version=3)


def test_v8_wrapped_request_key() -> None:
    """A signer whose key only the request has is request 1."""
    row = of(by_request_key())
    assert what(row) == ("wrapped-request", "verified", None, None)
    assert (row.signers[0].request_id, row.origin) == (1, "request-key")


def test_v8_wrapped_request_key_not_sole_signer() -> None:
    """Beside another signer it counts nothing."""
    message = by_request_key()
    alice = bare(NAMED)
    two = replace(message, signers=(*message.signers, alice), certificates=(ALICE.certificate(),))
    row = of(two)
    assert what(row)[1:] == ("failed", "request_key_not_sole_signer", "V8")
    assert sorted(str(signer.reason) for signer in row.signers) == [
        "None", "request_key_not_sole_signer",
    ]  # fmt: skip


def test_r6_wrapped_proof() -> None:
    """A wrong proof of possession fails the message; an absent one does not."""
    wrong = wrapped(content=pkcs10(signature=bytes(64)))
    row = of(wrong)
    assert what(row) == ("wrapped-request", "failed", "pop_invalid", "R1")
    assert [request.pop for request in row.requests] == ["failed"]
    absent = pkcs10(algorithm=identifier(oids.ID_ALG_NO_SIGNATURE, NULL), signature=b"x")
    row = of(wrapped(content=absent))
    assert what(row) == ("wrapped-request", "verified", None, None)
    assert [request.pop for request in row.requests] == ["absent"]
    version = of(wrapped(content=pkcs10(version=1)))
    assert what(version)[1:] == ("failed", "version_mismatch", "V1")


@pytest.mark.parametrize(
    ("fields", "noted"),
    [
        ({"version": 1}, False),
        ({"version": 3}, True),
        ({"version": 3, "signers": (Signer(sid=ALICE.by_ski()),)}, False),
        ({"version": 1, "signers": (Signer(sid=ALICE.by_ski()),)}, True),
        ({"version": 1, "signers": (Signer(version=3),)}, True),
        ({"version": 3, "signers": (Signer(version=3),)}, True),
        ({"version": 3, "certificates": (ALICE.certificate(), tlv(0xA1, b""))}, False),
        ({"version": 4, "certificates": (ALICE.certificate(), tlv(0xA2, b""))}, False),
    ],
)
def test_v1_wrapped_version_note(fields: dict[str, Any], noted: bool) -> None:
    """RFC 5652 §5.1: over id-data version 1 is called for, 3 beside a SignerInfo of version 3."""
    row = of(wrapped(**fields))
    assert row.verdict == "verified"
    assert [note.reason for note in row.notes] == ["version_mismatch"] * noted


def test_v1_wrapped_strict_version() -> None:
    """``strict`` refuses another version than the one that is called for."""
    assert cmcodec.load(wrapped().encode(), strict=True, wrapped=True).kind == "wrapped-request"
    with pytest.raises(cmcodec.DecodeError, match="version_mismatch"):
        cmcodec.load(wrapped(version=3).encode(), strict=True, wrapped=True)


def test_r4_wrapped_duplicate_extension() -> None:
    """Two extensions of one OBJECT IDENTIFIER are a note on request 1."""
    twice = attribute(oids.ID_EXTENSION_REQUEST, seq(BOB.extension(), BOB.extension()))
    octets = wrapped(content=pkcs10(attributes=(twice,))).encode()
    (row,) = cmcodec.verify_batch(octets, wrapped=True)
    assert row.verdict == "verified"
    assert [(note.body_part_id, note.reason) for note in row.notes] == [(1, "duplicate_extension")]
    assert cmcodec.load(octets, wrapped=True).verify().notes == row.notes


# --- trust ---------------------------------------------------------------------------------------

NOW = datetime(2027, 1, 1, tzinfo=UTC)
CA = (SHARED / "keys" / "ca-cert.der").read_bytes()


class _Certified:
    """A key whose certificate leads to the CA."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        authority = x509.load_der_x509_certificate(CA)
        builder = x509.CertificateBuilder(
            authority.subject,
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old key")]),
            self.private.public_key(),
            4242,
            datetime(2026, 12, 31, tzinfo=UTC),
            datetime(2027, 1, 2, tzinfo=UTC),
        )
        ca_key: Any = load_der_private_key((SHARED / "keys" / "ca-key.p8").read_bytes(), None)
        certificate = builder.sign(ca_key, hashes.SHA256())
        self.certificate = certificate.public_bytes(Encoding.DER)
        self.sid = seq(authority.subject.public_bytes(), integer(4242))

    def sign(self, octets: bytes) -> bytes:
        return self.private.sign(octets, ec.ECDSA(hashes.SHA256()))


@cache
def certified() -> bytes:
    key: Any = _Certified()
    digest = identifier(oids.ID_SHA256)
    signer = Signer(
        key=key, sid=key.sid, digest=digest, algorithm=identifier(oids.ECDSA_WITH_SHA256),
        hash="sha256",
    )  # fmt: skip
    return wrapped(signers=(signer,), certificates=(key.certificate,), digests=(digest,)).encode()


def test_v13_wrapped_chain() -> None:
    """The certificate of the old key is trusted, or it is not."""
    octets = certified()
    judge: Callable[..., cmcodec.Row] = lambda **trust: cmcodec.verify_batch(  # noqa: E731
        octets, wrapped=True, at=NOW, **trust
    )[0]
    assert judge().signers[0].chain == "unchecked"
    trusted = judge(trust=[CA])
    assert (trusted.verdict, trusted.signers[0].chain) == ("verified", "trusted")
    untrusted = judge(trust=[])
    assert what(untrusted) == ("wrapped-request", "failed", "untrusted_chain", "V13")
    with pytest.raises(cmcodec.VerificationError, match="untrusted_chain"):
        cmcodec.load(octets, wrapped=True).verify(trust=[], at=NOW)
    assert cmcodec.load(octets, wrapped=True).verify(trust=[CA], at=NOW).signers == trusted.signers


def test_v13_wrapped_request_key() -> None:
    """A request's own key authenticates nobody; no message of a batch is around it."""
    octets = by_request_key().encode()
    for keys, verdict in (("none", "failed"), ("nested", "failed"), ("all", "verified")):
        row = cmcodec.verify_batch(
            octets,
            wrapped=True,
            trust=[CA],
            at=NOW,
            request_keys=keys,  # type: ignore[arg-type]
        )[0]
        assert row.verdict == verdict
        assert row.reason == (None if verdict == "verified" else "untrusted_request_key")


def test_v8_wrapped_certificate_of_the_caller() -> None:
    """A signer whose certificate the message leaves out is found among the caller's."""
    message = wrapped(certificates=(), signers=(bare(),))
    row = judged(message.encode(), certificates=[ALICE.certificate()])
    assert not_wrapped(row)
    (found,) = rows(verify((message.encode(), True), certificates=[ALICE.certificate()]))
    assert what(found) == ("wrapped-request", "verified", None, None)


def test_v10_wrapped_ecdsa_without_attributes() -> None:
    """Other algorithms sign the content alone too."""
    digest = identifier(oids.ID_SHA256)
    signer = Signer(
        key=CAROL, sid=CAROL.by_serial(), digest=digest, hash="sha256",
        algorithm=identifier(oids.ECDSA_WITH_SHA256), without_attributes=True,
        signature=CAROL.sign(REQUEST),
    )  # fmt: skip
    message = wrapped(signers=(signer,), certificates=(CAROL.certificate(),), digests=(digest,))
    assert what(of(message)) == ("wrapped-request", "verified", None, None)


def test_v1_another_type_is_no_wrapped_request() -> None:
    """V1: a PKCS#10 counts in id-data alone, and id-data without content holds none."""
    for content, content_type in (
        (REQUEST, "1.2.3"), (REQUEST, oids.ID_SIGNED_DATA), (None, "1.2.3"),
    ):  # fmt: skip
        found = of(Message(content=content, content_type=content_type, version=1))
        assert (found.kind, found.reason) == ("other", "wrong_content_type")
