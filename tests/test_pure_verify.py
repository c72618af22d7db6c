"""The fallback's verifier, rule by rule, and the functions of the seam (RULES V, R)."""

from __future__ import annotations

import csv
import hashlib
import inspect
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import core, parser
from cryptography.hazmat.primitives.asymmetric import ed25519

from cmcodec import asn1, types
from cmcodec._parts import Parts
from cmcodec._pure import backend
from cmcodec.errors import DecodeError, EncodeError, LimitError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cmcodec._pure.verify import Verdicts

# The fallback is called by name. With `from cmcodec import _backend as backend` this module runs on
# both.
BOTH_BACKENDS = False

ROOT = Path(__file__).resolve().parent.parent
VECTORS = ROOT / "tests" / "vectors"
BATCH = ROOT / "examples" / "batch-1000.der"


def verify(*items: bytes, **decisions: Any) -> Verdicts:
    """The rows of some messages, with the decisions of a caller who decides nothing."""
    defaults: dict[str, Any] = {
        "strict": False,
        "max_layers": 8,
        "nested": True,
        "certificates": [],
        "authorised_ras": [],
        "legacy": False,
        "threads": 1,
        "progress": None,
    }
    return backend.verify(list(items), **(defaults | decisions))


def rows(verdicts: Verdicts) -> list[Any]:
    return [verdicts[index] for index in range(len(verdicts))]


# --- vectors ---------------------------------------------------------------------------------


def _manifest(folder: Path) -> Iterable[Any]:
    if not folder.exists():
        return
    with (folder / "MANIFEST.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["verdict"] in {"verified", "failed", "unsigned", "unverified", "malformed"}:
                yield pytest.param(folder, row, id=f"{folder.name}-{row['file']}")


@pytest.mark.parametrize(
    ("folder", "expected"),
    [*_manifest(VECTORS / "bouncycastle"), *_manifest(VECTORS / "shared")],
)
def test_vectors(folder: Path, expected: dict[str, str]) -> None:
    octets = (folder / expected["file"]).read_bytes()
    verdicts = verify(octets)
    row = verdicts[0]
    verdict, pop = expected["verdict"], expected["pop"]
    if expected["file"] == "faults/attributes-unsorted.der":
        # The walk refuses them before anything is verified, and looks into nothing (V4).
        verdict, pop = "malformed", ""
    assert row[4] == verdict
    assert row[5] == (expected.get("reason") or expected.get("reason_or_type") or None)
    assert row[6] == (expected["rule"] or None)
    if pop or "reason" in expected:
        assert ",".join(state for _, _, state in row[9]) == pop
    if verdict != "malformed" and "reason" in expected:
        assert row[2] == expected["kind"]
    if "legacy: verified" in expected["note"]:
        assert verify(octets, legacy=True)[0][4] == "verified"
    if expected.get("rows_verified/other"):
        verified, _, other = expected["rows_verified/other"].partition("/")
        assert verdicts.counts()["verified"] == int(verified)
        assert len(verdicts) == int(verified) + int(other)


def test_inner_messages_have_verdicts_of_their_own() -> None:
    octets = (VECTORS / "bouncycastle/batches/batch-3-inner-signature-broken.der").read_bytes()
    found = [(row[1], row[4], row[5], row[6]) for row in rows(verify(octets))]
    assert found == [
        ((), "verified", None, None),
        ((11,), "verified", None, None),
        ((12,), "failed", "signature_invalid", "V10"),
        ((13,), "verified", None, None),
    ]


def test_rows_are_in_pre_order() -> None:
    octets = (VECTORS / "bouncycastle/batches/nested-batch.der").read_bytes()
    assert [row[1] for row in rows(verify(octets))][:4] == [(), (21,), (21, 11), (21, 12)]
    assert len(verify(octets)) == 5
    assert [row[1] for row in rows(verify(octets, nested=False))] == [()]


def test_a_batch_of_a_thousand() -> None:
    octets = BATCH.read_bytes()
    verdicts = verify(octets)
    assert verdicts.counts() == {
        "verified": 1001, "failed": 0, "unsigned": 0, "unverified": 0, "malformed": 0,
    }  # fmt: skip
    broken = bytearray(octets)
    for index in (100, 900):
        span = verdicts[index][11]
        path = ("content", "signerInfos", 0, "signature")
        found = backend.locate("ContentInfo", octets, *span, path)
        assert found
        broken[found[2] - 1] ^= 1
    transaction, (start, _) = verdicts[500][10], verdicts[500][11]
    assert transaction
    broken[octets.index(transaction, start) + 1] ^= 1
    again = verify(bytes(broken))
    assert again.counts() == {
        "verified": 997, "failed": 4, "unsigned": 0, "unverified": 0, "malformed": 0,
    }  # fmt: skip
    failed = [(row[1], row[5]) for row in rows(again) if row[4] == "failed"]
    assert failed == [
        ((), "digest_mismatch"),
        (verdicts[100][1], "signature_invalid"),
        (verdicts[500][1], "digest_mismatch"),
        (verdicts[900][1], "signature_invalid"),
    ]
    assert rows(again) == rows(verify(bytes(broken), threads=4))


# --- messages made here ----------------------------------------------------------------------


def tlv(octet: int, *parts: bytes) -> bytes:
    encoded: bytes = parser.emit(octet >> 6, octet >> 5 & 1, octet & 0x1F, b"".join(parts))
    return encoded


def oid(dotted: str) -> bytes:
    encoded: bytes = core.ObjectIdentifier(dotted).dump()
    return encoded


def number(value: int) -> bytes:
    encoded: bytes = core.Integer(value).dump()
    return encoded


def identifier(dotted: str, *parameters: bytes, tag: int = 0x30) -> bytes:
    return tlv(tag, oid(dotted), *parameters)


def set_of(*elements: bytes, tag: int = 0x31) -> bytes:
    return tlv(tag, *sorted(elements))


def attribute(dotted: str, *values: bytes) -> bytes:
    return tlv(0x30, oid(dotted), set_of(*values))


NULL, EMPTY = b"\x05\x00", b"\x30\x00"
DATA, SIGNED, ENVELOPED = (f"1.2.840.113549.1.7.{n}" for n in (1, 2, 3))
PKI_DATA, PKI_RESPONSE = "1.3.6.1.5.5.7.12.2", "1.3.6.1.5.5.7.12.3"
CONTENT_TYPE, DIGEST, TIME, PROTECTION = (f"1.2.840.113549.1.9.{n}" for n in (3, 4, 5, 52))
SHA1, SHA256, SHA512 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.3"
ED25519, NO_SIGNATURE = "1.3.101.112", "1.3.6.1.5.5.7.6.2"
EXTENSION_REQUEST, KEY_IDENTIFIER = "1.2.840.113549.1.9.14", "2.5.29.14"
ID_CMC = "1.3.6.1.5.5.7.7"


class Key:
    """A deterministic Ed25519 key and what names it."""

    def __init__(self, seed: int) -> None:
        self.private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public = self.private.public_key().public_bytes_raw()
        self.algorithm = ED25519
        self.identifier = hashlib.sha1(self.public).digest()

    def spki(self, tag: int = 0x30) -> bytes:
        return tlv(tag, identifier(self.algorithm), tlv(0x03, b"\0", self.public))

    def certificate(self, serial: int = 1, note: bytes = b"", *, by_ski: bool = True) -> bytes:
        """The shape of a certificate; nobody verifies its signature here."""
        extensions = tlv(0xA3, tlv(0x30, self.extension())) if by_ski else b""
        tbs = tlv(
            0x30, tlv(0xA0, number(2)), number(serial), identifier(ED25519), self.issuer(),
            tlv(0x30, note), EMPTY, self.spki(), extensions,
        )  # fmt: skip
        return tlv(0x30, tbs, identifier(ED25519), tlv(0x03, b"\0"))

    @staticmethod
    def issuer() -> bytes:
        return tlv(0x30, set_of(tlv(0x30, oid("2.5.4.3"), tlv(0x0C, b"CA"))))

    def extension(self) -> bytes:
        return tlv(0x30, oid(KEY_IDENTIFIER), tlv(0x04, tlv(0x04, self.identifier)))

    def by_serial(self, serial: int = 1) -> bytes:
        return tlv(0x30, self.issuer(), number(serial))

    def by_ski(self) -> bytes:
        return tlv(0x80, self.identifier)

    def sign(self, octets: bytes) -> bytes:
        return self.private.sign(octets)


ALICE, BOB = Key(1), Key(2)


@dataclass
class Signer:
    """A SignerInfo; a field that is given takes the place of what is right."""

    key: Key = ALICE
    sid: bytes = b""
    digest: bytes = identifier(SHA512)
    algorithm: bytes = identifier(ED25519)
    more: tuple[bytes, ...] = ()
    attributes: tuple[bytes, ...] | None = None
    signature: bytes | None = None
    without_attributes: bool = False
    hash: str = "sha512"

    def encode(self, content_type: str, content: bytes) -> bytes:
        attrs = self.attributes
        if attrs is None:
            digest = tlv(0x04, hashlib.new(self.hash, content).digest())
            attrs = (attribute(CONTENT_TYPE, oid(content_type)), attribute(DIGEST, digest))
        signed = set_of(*attrs, *self.more)
        signature = self.key.sign(signed) if self.signature is None else self.signature
        return tlv(
            0x30, number(1), self.sid or self.key.by_serial(), self.digest,
            b"" if self.without_attributes else b"\xa0" + signed[1:],
            self.algorithm, tlv(0x04, signature),
        )  # fmt: skip


def content_info(content_type: str, content: bytes) -> bytes:
    return tlv(0x30, oid(content_type), tlv(0xA0, content))


def pki_data(
    controls: tuple[bytes, ...] = (),
    requests: tuple[bytes, ...] = (),
    messages: tuple[bytes, ...] = (),
) -> bytes:
    tagged = (tlv(0x30, number(11 + n), inner) for n, inner in enumerate(messages))
    return tlv(0x30, tlv(0x30, *controls), tlv(0x30, *requests), tlv(0x30, *tagged), EMPTY)


@dataclass
class Message:
    """A SignedData."""

    content: bytes | None = field(default_factory=pki_data)
    content_type: str = PKI_DATA
    signers: tuple[Signer, ...] = (Signer(),)
    certificates: tuple[bytes, ...] = (ALICE.certificate(),)
    digests: tuple[bytes, ...] = (identifier(SHA512),)

    def encode(self) -> bytes:
        content = b"" if self.content is None else tlv(0xA0, tlv(0x04, self.content))
        certificates = set_of(*self.certificates, tag=0xA0) if self.certificates else b""
        infos = (s.encode(self.content_type, self.content or b"") for s in self.signers)
        signed = tlv(
            0x30, number(3), set_of(*self.digests),
            tlv(0x30, oid(self.content_type), content), certificates, set_of(*infos),
        )  # fmt: skip
        return content_info(SIGNED, signed)


def control(body_part_id: int, kind: int, *values: bytes) -> bytes:
    return tlv(0x30, number(body_part_id), oid(f"{ID_CMC}.{kind}"), set_of(*values))


def pkcs10(
    key: Key = BOB, *, algorithm: bytes = identifier(ED25519), attributes: tuple[bytes, ...] = (),
    signature: bytes | None = None, unused: bytes = b"\0",
) -> bytes:  # fmt: skip
    info = tlv(0x30, number(0), EMPTY, key.spki(), set_of(*attributes, tag=0xA0))
    signature = key.sign(info) if signature is None else signature
    return tlv(0x30, info, algorithm, tlv(0x03, unused, signature))


def tcr(body_part_id: int = 3, request: bytes | None = None) -> bytes:
    return tlv(0xA0, number(body_part_id), pkcs10() if request is None else request)


def crm(
    popo: bytes | None = None, *, body_part_id: int = 3, key: bytes = BOB.spki(0xA6),
    extensions: bytes = b"", algorithm: bytes = identifier(ED25519), poposk_input: bytes = b"",
) -> bytes:  # fmt: skip
    template = tlv(0x30, key, tlv(0xA9, extensions) if extensions else b"")
    request = tlv(0x30, number(body_part_id), template)
    if popo is None:
        popo = tlv(0xA1, poposk_input, algorithm, tlv(0x03, b"\0", BOB.sign(request)))
    return tlv(0xA1, request, popo)


def judged(message: Message | bytes, **decisions: Any) -> Any:
    """The only row of a message."""
    octets = message if isinstance(message, bytes) else message.encode()
    verdicts = verify(octets, **decisions)
    assert len(verdicts) == 1
    assert rows(verify(octets, threads=2, **decisions)) == rows(verdicts)
    return verdicts[0]


def refused(message: Message, **decisions: Any) -> tuple[str, str, bytes]:
    """Reason, rule, and the element at the offset."""
    octets = message.encode()
    row = judged(octets, **decisions)
    assert row[4] == "failed"
    offset = row[7]
    end = parser.peek(octets[offset:]) + offset
    return row[5], row[6], octets[offset:end]


def signed_by(*signers: Signer, **fields: Any) -> Message:
    return Message(signers=signers, **fields)


# --- the rules -------------------------------------------------------------------------------


def test_a_good_message() -> None:
    message = Message(content=pki_data((control(1, 5, number(-77)),), (tcr(),))).encode()
    certificate = ALICE.certificate()
    assert judged(message) == (
        0, (), "full-request", "der", "verified", None, None, None,
        (("Ed25519", hashlib.sha256(certificate).hexdigest(), None, certificate, None),),
        ((3, "pkcs10", "verified"),), b"\xb3", (0, len(message)), False,
    )  # fmt: skip


@pytest.mark.parametrize("kind", [8, 10, 11, 27, 28, 29, 31, 32, 35, 37])
def test_controls_that_refer(kind: int) -> None:
    message = Message(content=pki_data((control(1, kind), control(2, 5))))
    assert judged(message)[10:13:2] == (None, True)
    assert judged(Message(content=pki_data((control(1, kind + 100),))))[12] is False


def test_v1_wrong_content_type() -> None:
    message = replace(Message(), content=b"x", content_type=DATA)
    assert refused(message) == ("wrong_content_type", "V1", oid(DATA))
    message = replace(Message(), content=None)
    assert refused(message) == ("wrong_content_type", "V1", oid(PKI_DATA))
    other = content_info(DATA, tlv(0x04, b"x"))
    assert judged(other)[2:8] == ("other", "der", "failed", "wrong_content_type", "V1", 2)


def test_v1_an_encrypted_layer_may_be_signed() -> None:
    enveloped = (VECTORS / "bouncycastle/encrypted/enveloped-rsa.der").read_bytes()
    path = ("content",)
    found = backend.locate("ContentInfo", enveloped, 0, len(enveloped), path)
    assert found
    message = Message(content=enveloped[found[0] : found[2]], content_type=ENVELOPED)
    assert judged(message)[2:6] == ("other", "der", "verified", None)


def test_v2_zero_signers() -> None:
    message = signed_by(content=pki_data(requests=(tcr(), crm(b"\x80\0", body_part_id=4))))
    octets = message.encode()
    row = judged(octets)
    assert row[4:8] == ("unsigned", "no_signer", "V2", len(octets) - 2)
    assert [pop for _, _, pop in row[9]] == ["verified", "absent"]
    bad = signed_by(content=pki_data(requests=(tcr(3, pkcs10(signature=bytes(64))),)))
    assert judged(bad)[4:7] == ("unsigned", "no_signer", "V2")


def test_v2_certs_only() -> None:
    for content in (None, b""):
        row = judged(signed_by(content=content, content_type=DATA))
        assert row[2:8] == ("simple-response", "der", "unsigned", None, None, None)


def test_v2_at_most_64_signers() -> None:
    assert judged(signed_by(*[Signer()] * 64))[4] == "verified"
    reason, rule, element = refused(signed_by(*[Signer()] * 65))
    assert (reason, rule, element[0]) == ("limit", "V2", 0x31)
    assert judged(signed_by(*[Signer()] * 65))[8] == ()


def test_v3_the_first_bad_signer_is_the_reason() -> None:
    bad = Signer(signature=b"\xff" * 64)
    absent = Signer(sid=BOB.by_serial(9))
    row = judged(signed_by(bad, Signer(), absent))
    assert row[4] == "failed"
    assert sorted(str(signer[4]) for signer in row[8]) == [
        "None", "signature_invalid", "signer_not_found",
    ]  # fmt: skip
    assert row[5] == next(signer[4] for signer in row[8] if signer[4])


GOOD_TYPE = attribute(CONTENT_TYPE, oid(PKI_DATA))
GOOD_DIGEST = attribute(DIGEST, tlv(0x04, hashlib.sha512(pki_data()).digest()))
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
        (attribute(CONTENT_TYPE, oid(PKI_RESPONSE)),),
        (attribute(DIGEST, tlv(0x04, bytes(64))),),
        (attribute(TIME, MOMENT), attribute(TIME, tlv(0x17, b"270101000000Z"))),
        (attribute(PROTECTION, tlv(0x30, identifier(SHA512))),) * 2,
    ],
)
def test_v4_a_second_attribute(duplicate: tuple[bytes, ...]) -> None:
    kind = next(k for k in (CONTENT_TYPE, DIGEST, TIME, PROTECTION) if oid(k) in duplicate[0])
    received = sorted((GOOD_TYPE, GOOD_DIGEST, *duplicate))
    second = [each for each in received if oid(kind) in each][-1]
    found = refused(signed_by(Signer(more=duplicate)))
    assert found == ("attribute_duplicate", "V4", second)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (CONTENT_TYPE, ()),
        (CONTENT_TYPE, (oid(PKI_DATA), oid(PKI_RESPONSE))),
        (DIGEST, ()),
        (TIME, (MOMENT, tlv(0x17, b"270101000000Z"))),
        (PROTECTION, ()),
    ],
)
def test_v4_not_one_value(kind: str, values: tuple[bytes, ...]) -> None:
    attributes = {CONTENT_TYPE: GOOD_TYPE, DIGEST: GOOD_DIGEST, kind: attribute(kind, *values)}
    found = refused(signed_by(Signer(attributes=tuple(attributes.values()))))
    assert found == ("attribute_duplicate", "V4", attribute(kind, *values))


def test_v4_unsorted_attributes_are_malformed() -> None:
    octets = (VECTORS / "bouncycastle/faults/attributes-unsorted.der").read_bytes()
    assert judged(octets)[2:7] == ("other", "der", "malformed", "attributes_unsorted", "V4")


@pytest.mark.parametrize(
    ("digest", "name"),
    [
        (identifier("2.16.840.1.101.3.4.2.4"), "Ed25519"),
        (identifier(SHA1), "Ed25519"),
        (identifier(SHA512, b"\x04\0"), "Ed25519"),
    ],
)
def test_v7_digest_algorithm_not_on_offer(digest: bytes, name: str) -> None:
    message = signed_by(Signer(digest=digest))
    assert refused(message) == ("unsupported_algorithm", "V7", digest)
    assert judged(message)[8][0][0] == name


def test_v7_signature_algorithm() -> None:
    unknown = identifier("1.3.101.113")
    message = signed_by(Signer(algorithm=unknown))
    assert refused(message) == ("unsupported_algorithm", "V7", unknown)
    assert judged(message)[8] == ((None, None, None, None, "unsupported_algorithm"),)
    message = signed_by(Signer(digest=identifier(SHA256), hash="sha256"))
    assert refused(message) == ("algorithm_mismatch", "V7", identifier(ED25519))
    assert judged(message)[8][0][0] == "Ed25519"


def test_v7_digest_algorithms() -> None:
    for digests in ((), (identifier(SHA256),), (identifier(SHA512, b"\x04\0"),)):
        found = refused(Message(digests=digests))
        assert found == ("algorithm_mismatch", "V7", identifier(SHA512))
    assert judged(Message(digests=(identifier(SHA512, NULL),)))[4] == "verified"


@pytest.mark.parametrize(
    ("good", "parts"),
    [
        (True, (identifier(SHA512), identifier(ED25519, tag=0xA1))),
        (True, (identifier(SHA512, NULL), identifier(ED25519, NULL, tag=0xA1))),
        (False, (identifier(SHA256), identifier(ED25519, tag=0xA1))),
        (False, (identifier(SHA512), identifier("1.3.101.113", tag=0xA1))),
        (False, (identifier(SHA512, b"\x04\0"), identifier(ED25519, tag=0xA1))),
        (False, (identifier(SHA512),)),
        (False, (identifier(SHA512), identifier(ED25519, tag=0xA2))),
        (False, (identifier(SHA512), identifier(ED25519, tag=0xA1), identifier(SHA1, tag=0xA2))),
    ],
)
def test_v7_algorithm_protection(good: bool, parts: tuple[bytes, ...]) -> None:
    protection = attribute(PROTECTION, tlv(0x30, *parts))
    message = signed_by(Signer(more=(protection,)))
    if good:
        assert judged(message)[4] == "verified"
    else:
        assert refused(message) == ("algorithm_mismatch", "V7", protection)


def test_v12_no_signature() -> None:
    none = identifier(NO_SIGNATURE, NULL)
    message = signed_by(Signer(algorithm=none, signature=b"", attributes=(GOOD_TYPE, GOOD_DIGEST)))
    assert refused(message) == ("no_signature", "V12", none)
    assert judged(message)[8][0][0] == "id-alg-noSignature"
    # A Simple PKI Request has no other signature that could count.
    row = judged(pkcs10(algorithm=none, signature=b""))
    assert row[2:8] == ("simple-request", "der", "failed", "no_signature", "V12", 0)
    assert row[9] == ((1, "pkcs10", "absent"),)


def test_v5_and_v6() -> None:
    other = attribute(CONTENT_TYPE, oid(PKI_RESPONSE))
    message = signed_by(Signer(attributes=(other, GOOD_DIGEST)))
    assert refused(message) == ("content_type_mismatch", "V5", other)
    for octets in (bytes(64), hashlib.sha512(pki_data()).digest()[:63], b""):
        other = attribute(DIGEST, tlv(0x04, octets))
        message = signed_by(Signer(attributes=(GOOD_TYPE, other)))
        assert refused(message) == ("digest_mismatch", "V6", other)


# --- V8 to V10 -------------------------------------------------------------------------------


def test_v8_certificates_of_the_caller() -> None:
    message = Message(certificates=())
    assert refused(message) == ("signer_not_found", "V8", ALICE.by_serial())
    extra = [b"", b"\x30", EMPTY, NULL, BOB.certificate(7), ALICE.certificate()]
    row = judged(message, certificates=extra)
    assert row[8][0][3] == ALICE.certificate()


@pytest.mark.parametrize(
    "certificate",
    [
        ALICE.certificate() + b"\0",
        b"\x31" + ALICE.certificate()[1:],
        tlv(0x30, EMPTY, EMPTY, EMPTY),
        tlv(0x30, tlv(0x30, tlv(0xA0, number(2)))),
        ALICE.certificate().replace(b"\xa3", b"\xa4", 1),
        ALICE.certificate().replace(oid(KEY_IDENTIFIER), b"\x05" + oid(KEY_IDENTIFIER)[1:]),
    ],
)
def test_v8_what_is_no_certificate_is_no_candidate(certificate: bytes) -> None:
    row = judged(Message(certificates=()), certificates=[certificate])
    assert row[5] == "signer_not_found"


def test_v8_at_most_four_candidates() -> None:
    others = [BOB.certificate(1, bytes([4, 0, 4, 1, n])) for n in range(4)]
    right = ALICE.certificate()
    certificates = [*others[:3], *others[:3], right]
    assert judged(Message(certificates=()), certificates=certificates)[4] == "verified"
    certificates = [*others, right]
    assert judged(Message(certificates=()), certificates=certificates)[5] == "signature_invalid"
    # The message's own stand before the caller's.
    assert judged(Message(), certificates=others)[4] == "verified"
    assert judged(Message(certificates=tuple(others)), certificates=[right])[4] == "failed"
    carried = Message(certificates=(others[0],))
    assert judged(carried, certificates=[others[0], right])[8][0][3] == right


def test_v8_by_key_identifier() -> None:
    message = signed_by(Signer(sid=ALICE.by_ski()))
    assert judged(message)[8][0][3] == ALICE.certificate()
    without = replace(message, certificates=(ALICE.certificate(by_ski=False),))
    assert refused(without) == ("signer_not_found", "V8", ALICE.by_ski())


def test_v8_certificates_of_an_outer_layer_do_not_count() -> None:
    inner = Message(certificates=()).encode()
    found = rows(verify(Message(content=pki_data(messages=(inner,))).encode()))
    assert [(row[4], row[5]) for row in found] == [
        ("verified", None), ("failed", "signer_not_found"),
    ]  # fmt: skip


def requested(key: Key, kind: str = EXTENSION_REQUEST) -> tuple[bytes, ...]:
    return (attribute(kind, tlv(0x30, key.extension())),)


BY_BOB = Signer(key=BOB, sid=BOB.by_ski())


@pytest.mark.parametrize(
    "request_",
    [
        tcr(3, pkcs10(attributes=requested(BOB))),
        tcr(3, pkcs10(attributes=requested(BOB, "1.3.6.1.4.1.311.2.1.14"))),
        tcr(3, pkcs10(attributes=(attribute(EXTENSION_REQUEST, tlv(0x30, ALICE.extension()),
                                            tlv(0x30, BOB.extension())),))),
        crm(extensions=BOB.extension()),
    ],
)  # fmt: skip
def test_v8_request_key(request_: bytes) -> None:
    message = signed_by(BY_BOB, content=pki_data(requests=(request_,)), certificates=())
    assert judged(message)[8] == (("Ed25519", None, 3, None, None),)
    both = replace(message, signers=(BY_BOB, BY_BOB))
    assert refused(both) == ("request_key_not_sole_signer", "V8", BOB.by_ski())


def test_v8_ambiguous_and_absent_request_keys() -> None:
    first = tcr(3, pkcs10(attributes=requested(BOB)))
    second = crm(body_part_id=4, extensions=BOB.extension())
    message = signed_by(BY_BOB, content=pki_data(requests=(first, second)), certificates=())
    assert refused(message) == ("signer_ambiguous", "V8", BOB.by_ski())
    keyless = crm(b"\x80\0", key=b"", extensions=BOB.extension())
    message = replace(message, content=pki_data(requests=(keyless,)))
    assert refused(message) == ("signer_not_found", "V8", BOB.by_ski())
    odd = tlv(0x30, oid(KEY_IDENTIFIER), tlv(0x04, b"\x04"))
    message = replace(message, content=pki_data(requests=(crm(extensions=odd),)))
    assert refused(message) == ("signer_not_found", "V8", BOB.by_ski())
    message = replace(message, signers=(Signer(key=BOB, sid=BOB.by_serial()),))
    assert refused(message) == ("signer_not_found", "V8", BOB.by_serial())


def test_v9_and_v10_offsets() -> None:
    bad = Signer(signature=b"\xff" * 64)
    assert refused(signed_by(bad)) == ("signature_invalid", "V10", tlv(0x04, b"\xff" * 64))
    small = Key(3)
    small.public = b"\1" + bytes(31)
    message = signed_by(Signer(), certificates=(small.certificate(),))
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
        (tcr(3, pkcs10(algorithm=identifier(NO_SIGNATURE, NULL))), "absent", None, None),
        (tcr(3, pkcs10(algorithm=identifier(NO_SIGNATURE))), "failed", "unsupported_algorithm",
         "V7"),
        (crm(b""), "absent", None, None),
        (crm(b"\x80\0"), "absent", None, None),
        (crm(tlv(0xA2, tlv(0x81, b"\1"))), "challenge-needed", None, None),
        (crm(tlv(0xA3, tlv(0x81, b"\1"))), "challenge-needed", None, None),
        (crm(key=b""), "failed", "pop_invalid", "R1"),
        (crm(key=b"", algorithm=identifier("1.2.3")), "failed", "pop_invalid", "R1"),
        (crm(key=b"", algorithm=identifier(NO_SIGNATURE, NULL)), "absent", None, None),
        (crm(key=ALICE.spki(0xA6)), "failed", "pop_invalid", "R1"),
        (
            crm(poposk_input=tlv(0xA0, tlv(0xA0, tlv(0x82, b"x")), BOB.spki())),
            "failed", "pop_invalid", "R6",
        ),
        (
            crm(key=tlv(0xA6, identifier(ED25519), tlv(0x03, b"\0short"))),
            "failed", "key_rejected", "V9",
        ),
        (tlv(0xA2, number(3), oid("2.999"), NULL), "absent", None, None),
    ],
)  # fmt: skip
def test_proofs_of_possession(
    request_: bytes, pop: str, reason: str | None, rule: str | None
) -> None:
    message = Message(content=pki_data(requests=(request_,)))
    row = judged(message)
    form = {0xA0: "pkcs10", 0xA1: "crmf", 0xA2: "other"}[request_[0]]
    assert row[9] == ((3, form, pop),)
    if reason:
        assert refused(message) == (reason, rule, request_)
    else:
        assert row[4:8] == ("verified", None, None, None)


def test_r1_simple_requests() -> None:
    assert judged(pkcs10())[4] == "verified"
    row = judged(pkcs10(signature=bytes(64)))
    assert row[2:10] == (
        "simple-request", "der", "failed", "pop_invalid", "R1", 0, (), ((1, "pkcs10", "failed"),),
    )  # fmt: skip


def test_r2_ra_verified_counts_from_an_authorised_ra() -> None:
    message = Message(content=pki_data(requests=(crm(b"\x80\0"),)))
    authorised = {"authorised_ras": [hashlib.sha256(ALICE.certificate()).digest()]}
    assert judged(message)[9] == ((3, "crmf", "absent"),)
    assert judged(message, **authorised)[9] == ((3, "crmf", "ra-asserted"),)
    bad = replace(message, signers=(Signer(), Signer(sid=BOB.by_serial(9))))
    assert judged(bad, **authorised)[9] == ((3, "crmf", "absent"),)
    other = {"authorised_ras": [hashlib.sha256(BOB.certificate()).digest()]}
    assert judged(message, **other)[9] == ((3, "crmf", "absent"),)


# --- many messages ---------------------------------------------------------------------------


def test_r5_malformed_items_and_members() -> None:
    good, torn = Message().encode(), Message().encode()[:-1]
    inner = content_info(SIGNED, tlv(0x30, number(3)))
    data = content_info(DATA, tlv(0x04, b"x"))
    outer = Message(content=pki_data(messages=(good, inner, data, good))).encode()
    verdicts = verify(b"", torn, outer, good + b"\0", good)
    found = [(row[0], row[1], row[2], row[4], row[5], row[6]) for row in rows(verdicts)]
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
    assert verdicts[0][7:] == (0, (), (), None, (0, 0), False)
    start, end = verdicts[4][11]
    assert verdicts.der(2)[start:end] == inner
    assert verdicts.counts()["malformed"] == 4
    assert verdicts.der(1) == torn


def test_p6_layers() -> None:
    message = Message(content=pki_data()).encode()
    for _ in range(8):
        message = Message(content=pki_data(messages=(message,))).encode()
    found = [(row[4], row[5], len(row[1])) for row in rows(verify(message))]
    assert found == [*(("verified", None, n) for n in range(8)), ("malformed", "limit", 8)]
    assert verify(message, max_layers=9).counts()["verified"] == 9
    assert len(verify(message, max_layers=1)) == 2
    with pytest.raises(LimitError) as caught:
        backend.load(message, False, 8, 1 << 20)
    assert caught.value.reason == "limit"
    assert caught.value.path.startswith("contentInfo.content.encapContentInfo.eContent.cmsSequence")


def test_p9_no_room_on_the_stack() -> None:
    message = Message().encode()
    for _ in range(7):
        message = Message(content=pki_data(messages=(message,))).encode()

    def deep(levels: int) -> tuple[LimitError, Any]:
        if levels:
            return deep(levels - 1)
        with pytest.raises(LimitError) as caught:
            backend.load(message, False, 8, 1 << 20)
        return caught.value, verify(message)[0]

    error, row = deep(sys.getrecursionlimit() - len(inspect.stack()) - 70)
    assert (error.reason, error.offset, error.path) == ("depth", 0, "contentInfo")
    assert row[2:8] == ("other", "der", "malformed", "depth", "P1", 0)


def test_ber_is_converted() -> None:
    octets = (VECTORS / "bouncycastle/batches/batch-5.ber").read_bytes()
    verdicts = verify(octets)
    der = verdicts.der(0)
    assert der == (VECTORS / "bouncycastle/batches/batch-5.der").read_bytes()
    assert verdicts[0][3:5] == ("ber", "verified")
    assert verdicts[0][11] == (0, len(der))
    assert verdicts[1][3] == "der"
    assert backend.load(octets, False, 8, 1 << 20) == (der, "ber", "ContentInfo")
    assert verify(octets, strict=True)[0][4:7] == ("malformed", "not_canonical", "P3")


def test_progress_comes_from_this_thread() -> None:
    calls: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        assert threading.current_thread() is caller
        calls.append((done, total))

    caller = threading.current_thread()
    octets = BATCH.read_bytes()
    for threads in (1, 3):
        calls.clear()
        begin = time.monotonic()
        verify(octets, threads=threads, progress=progress)
        assert calls[-1] == (1001, 1001)
        assert [done for done, _ in calls] == sorted(done for done, _ in calls)
        assert len(calls) <= 2 + 20 * (time.monotonic() - begin)
    calls.clear()
    verify(progress=progress)
    assert calls == [(0, 0)]


def test_what_progress_raises_ends_the_call() -> None:
    def progress(done: int, total: int) -> None:
        raise KeyboardInterrupt

    for threads in (1, 3):
        with pytest.raises(KeyboardInterrupt):
            verify(Message().encode(), threads=threads, progress=progress)


# --- the seam --------------------------------------------------------------------------------


def test_decode_and_encode() -> None:
    octets = Message(content=pki_data((control(1, 5, number(7)),))).encode()
    info = backend.decode("ContentInfo", octets, False)
    assert isinstance(info, types.ContentInfo)
    assert backend.encode("ContentInfo", info) == octets
    value, end = backend.decode_at("ContentInfo", b"\0" + octets + b"\0", 1, len(octets) + 2)
    assert (value, end) == (info, len(octets) + 1)
    assert backend.decode("TLV", NULL, False) == asn1.TLV(NULL)
    assert backend.decode("NullType", NULL, False) == asn1.NULL
    assert backend.decode("BitString", b"\3\2\0\1", False) == asn1.BitString(b"\1")
    with pytest.raises(KeyError):
        backend.decode("CONTROLS", NULL, False)


def test_decode_at_does_not_read_nested_messages_again() -> None:
    inner = content_info(SIGNED, tlv(0x30, number(3)))
    data = pki_data(messages=(inner,))
    with pytest.raises(DecodeError):
        backend.decode("PKIData", data, False)
    value, _ = backend.decode_at("PKIData", data, 0, len(data))
    assert isinstance(value, types.PKIData)
    assert isinstance(value.cms_sequence, Parts)
    assert value.cms_sequence.octets == tlv(0x30, number(11), inner)


def test_decode_errors_have_paths() -> None:
    octets = pki_data((control(1, 5, NULL),))
    with pytest.raises(DecodeError) as caught:
        backend.decode("PKIData", octets, False)
    assert not isinstance(caught.value, LimitError)
    assert caught.value.reason == "bad_tag"
    assert caught.value.offset == octets.index(NULL)
    assert caught.value.path == "pkiData.controlSequence[0].attrValues[0]"
    with pytest.raises(DecodeError) as caught:
        backend.decode("BodyPartList", tlv(0x30, NULL), False)
    assert caught.value.path == "bodyPartList[0]"
    with pytest.raises(DecodeError) as caught:
        backend.decode("PKIData", b"", False)
    assert (caught.value.offset, caught.value.path) == (0, "pkiData")
    with pytest.raises(LimitError) as limited:
        backend.decode("TLV", _deep(33), False)
    assert limited.value.reason == "depth"
    with pytest.raises(DecodeError) as caught:
        backend.load(tlv(0x30, EMPTY), False, 8, 1 << 20)
    assert caught.value.path.startswith("certificationRequest.")


def _deep(levels: int) -> bytes:
    octets = b""
    for _ in range(levels):
        octets = tlv(0x30, octets)
    return octets


def test_encode_errors_have_paths() -> None:
    cases: list[tuple[str, Any, str, str]] = [
        ("BodyPartList", types.BodyPartList(("x",)), "bad_type", "bodyPartList[0]"),  # type: ignore[arg-type]
        ("BodyPartList", types.BodyPartList(()), "bad_value", "bodyPartList"),
        ("BodyPartList", types.BodyPartList((-1,)), "limit", "bodyPartList[0]"),
        (
            "AlgorithmIdentifier",
            types.AlgorithmIdentifier(algorithm="1.2", parameters=asn1.TLV(b"")),
            "bad_value", "algorithmIdentifier.parameters",
        ),
        (
            "AlgorithmIdentifier",
            types.AlgorithmIdentifier(algorithm="1.2", parameters=asn1.TLV("x")),  # type: ignore[arg-type]
            "bad_type", "algorithmIdentifier.parameters",
        ),
        (
            "Attribute",
            types.Attribute(attr_type="1.2", attr_values=(asn1.TLV(NULL + NULL),)),
            "bad_value", "attribute.attrValues[0]",
        ),
    ]  # fmt: skip
    for name, value, reason, path in cases:
        with pytest.raises(EncodeError) as caught:
            backend.encode(name, value)
        assert (caught.value.reason, caught.value.offset, caught.value.path) == (reason, None, path)


def test_encode_refuses_what_python_cannot_convert() -> None:
    name: Any = types.GeneralName(rfc822_name="x")
    for _ in range(3000):
        name = types.BodyPartList((name,))
    with pytest.raises(EncodeError):
        backend.encode("BodyPartList", name)

    @asn1.sequence
    class Own(asn1.Asn1):
        number: int

    with pytest.raises(EncodeError) as caught:
        backend.encode("Attribute", types.Attribute(attr_type="1.2", attr_values=(Own(number=1),)))
    assert caught.value.reason == "bad_type"


def test_locate_offsets_and_members() -> None:
    octets = Message(content=pki_data((control(1, 5, number(7)),), (tcr(),))).encode()
    body = ("content", "encapContentInfo", "eContent")

    def found(*path: str | int) -> bytes | None:
        span = backend.locate("ContentInfo", b"\0" + octets, 1, len(octets) + 1, path)
        return span and (b"\0" + octets)[span[0] : span[2]]

    assert found() == octets
    assert found("contentType") == oid(SIGNED)
    assert found(*body, "controlSequence", 0, "attrValues", 0) == number(7)
    assert found(*body, "reqSequence", 0, "tcr", "certificationRequest") == pkcs10()
    assert found(*body, "reqSequence", 0, "crm") is None
    assert found(*body, "reqSequence", 1) is None
    assert found(*body, "reqSequence", -1) is None
    assert found("content", "crls") is None
    assert found("content", 0) is None
    assert found("contentType", "x") is None
    assert found("content", "signerInfos", 0, "sid", "issuerAndSerialNumber", "serialNumber") == (
        number(1)
    )
    parts = tlv(0x30, number(4), octets) + tlv(0x30, number(5), octets)
    starts = backend.offsets(b"\0" + parts, 1, len(parts) + 1)
    assert starts == [1, 1 + len(parts) // 2]
    assert backend.member_at(b"\0" + parts, starts[1], len(parts) + 1) == (
        5, len(parts) + 1 - len(octets), len(parts) + 1, len(parts) + 1,
    )  # fmt: skip
    with pytest.raises(ValueError, match="no TaggedContentInfo"):
        backend.member_at(b"\0", 0, 1)


def test_outline() -> None:
    def outline(octets: bytes, root: str = "ContentInfo") -> tuple[str, str, bytes]:
        kind, name, start, end = backend.outline(b"\0" + octets, 1, len(octets) + 1, root)
        return kind, name, (b"\0" + octets)[start:end]

    request = Message().encode()
    assert outline(request) == ("full-request", "PKIData", pki_data())
    body = tlv(0x30, EMPTY, EMPTY, EMPTY)
    response = Message(content=body, content_type=PKI_RESPONSE).encode()
    assert outline(response) == ("full-response", "PKIResponse", body)
    simple = signed_by(content=None, content_type=DATA).encode()
    assert outline(simple) == ("simple-response", "", simple)
    empty = Message(content=None).encode()
    assert outline(empty) == ("full-request", "", empty)
    data = content_info(DATA, tlv(0x04, b"x"))
    assert outline(data) == ("other", "", data)
    certification = pkcs10()
    assert outline(certification, "CertificationRequest") == (
        "simple-request", "CertificationRequest", certification,
    )  # fmt: skip
    authenticated = (VECTORS / "bouncycastle/encrypted/authenticated-pwri.der").read_bytes()
    assert outline(authenticated)[:2] == ("full-request", "PKIData")
