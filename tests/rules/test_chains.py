"""V13: chains are unchecked unless the caller says whom to trust, and then they count."""

from __future__ import annotations

import gc
import hashlib
import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key

import cmcodec
from cmcodec import _backend, types
from kit.messages import members, pkcs10, pki_data
from kit.vectors import SHARED

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2027, 1, 1, tzinfo=UTC)
CA = (SHARED / "keys" / "ca-cert.der").read_bytes()
CA_KEY: Any = load_der_private_key((SHARED / "keys" / "ca-key.p8").read_bytes(), None)
SIGNED = (SHARED / "signed" / "p256-pkcs10.der").read_bytes()
BAD_POP = (SHARED / "negative" / "pkcs10-bad-pop.der").read_bytes()
BAD_SIGNATURE = (SHARED / "negative" / "flipped-signature.der").read_bytes()
REQUEST_KEY = (SHARED / "signed" / "selfsigned-ski-p256.der").read_bytes()
PKCS10 = pkcs10()

USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def row(octets: bytes, **decisions: Any) -> cmcodec.Row:
    return cmcodec.verify_batch(octets, **{"at": NOW, **decisions})[0]


def authority(
    name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None,
    key: ec.EllipticCurvePrivateKey | None = None, *, ca: bool | None = True,
    usages: Sequence[str] | None = None, critical: bool = True,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:  # fmt: skip
    """A certificate and its key, by itself or by an issuer."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    by, with_key = (issuer[0].subject, issuer[1]) if issuer else (subject, own)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
    if usages is not None:
        every = {name: name in usages for name in USAGES}
        builder = builder.add_extension(x509.KeyUsage(**every), critical)
    return builder.sign(with_key, hashes.SHA256()), own


@pytest.mark.parametrize(
    "anchors",
    [
        [CA],
        [types.Certificate(CA)],
        [x509.load_der_x509_certificate(CA)],
        [x509.load_der_x509_certificate(CA).public_bytes(Encoding.PEM)],
        [authority("other")[0], CA],
    ],
    ids=["der", "type", "cryptography", "pem", "among others"],
)
def test_v13_trusted(anchors: Sequence[Any]) -> None:
    """V13: a chain to an anchor, in whatever form it is given, is trusted and named."""
    found = row(SIGNED, trust=anchors)
    (signer,) = found.signers
    assert (found.verdict, signer.chain) == ("verified", "trusted")
    assert signer.anchor_sha256 == hashlib.sha256(CA).hexdigest()


def test_v13_unchecked() -> None:
    """V13: without anchors nothing is said about the chain."""
    (signer,) = row(SIGNED).signers
    assert (signer.chain, signer.anchor_sha256) == ("unchecked", None)


@pytest.mark.parametrize("anchors", [[], [authority("other")[0]]], ids=["none", "another"])
def test_v13_untrusted(anchors: list[Any]) -> None:
    """V13: a chain that leads to no anchor fails the message."""
    found = row(SIGNED, trust=anchors)
    assert (found.verdict, found.reason, found.rule) == ("failed", "untrusted_chain", "V13")
    assert found.signers[0].chain == "untrusted"
    with pytest.raises(cmcodec.VerificationError) as caught:
        cmcodec.load(SIGNED).verify(trust=anchors, at=NOW)
    assert (caught.value.reason, caught.value.rule) == ("untrusted_chain", "V13")


def test_v13_at_the_time_that_is_asked_for() -> None:
    """V13: ``at`` decides when the certificates must be valid."""
    later = datetime(2050, 1, 1, tzinfo=UTC)
    assert row(SIGNED, trust=[CA], at=later).reason == "untrusted_chain"
    assert cmcodec.load(SIGNED).verify(trust=[CA], at=NOW).signers[0].chain == "trusted"


def test_v13_stands_before_the_proofs_and_behind_the_signatures() -> None:
    """V13: the first rule that fails is the reason."""
    assert row(BAD_POP, trust=[CA]).reason == "pop_invalid"
    assert row(BAD_POP, trust=[]).reason == "untrusted_chain"
    assert row(BAD_SIGNATURE, trust=[]).reason == "signature_invalid"


def refused(found: cmcodec.Row) -> bool:
    """Whether a row is refused for the key that signed it."""
    return (found.verdict, found.reason, found.rule, found.offset) == (
        "failed", "untrusted_request_key", "V13", found.span[0],
    )  # fmt: skip


def test_v13_a_request_key_authenticates_nobody() -> None:
    """V13: whoever makes a message can make its request's key, whomever the caller trusts."""
    asked: list[Any] = []
    for trust in ([], [CA], asked.append):
        for octets in (REQUEST_KEY, PKCS10):
            found = row(octets, trust=trust)
            assert refused(found)
            assert [signer.chain for signer in found.signers] in ([], [None])
            with pytest.raises(cmcodec.VerificationError) as caught:
                cmcodec.load(octets).verify(trust=trust)
            assert (caught.value.reason, caught.value.rule) == ("untrusted_request_key", "V13")
    assert asked == []


def test_v13_a_request_key_counts_where_nobody_is_trusted() -> None:
    """V13: without trust nothing is said about who signed."""
    for octets in (REQUEST_KEY, PKCS10):
        for request_keys in ("none", "nested", "all"):
            assert row(octets, request_keys=request_keys).verdict == "verified"


def test_v13_request_keys_that_the_caller_allows() -> None:
    """V13: all of them, or those inside another message of the call; nothing else changes."""
    root = authority("root")
    batch = signed_by(*root, content=pki_data(members=members(REQUEST_KEY, SIGNED)))
    items, trust = [batch, REQUEST_KEY, PKCS10], lambda *_: True

    def reasons(**decisions: Any) -> list[str | None]:
        return [found.reason for found in cmcodec.verify_batch(items, **decisions)]

    no = "untrusted_request_key"
    assert reasons(trust=trust) == [None, no, None, no, no]
    assert reasons(trust=trust, request_keys="nested") == [None, None, None, no, no]
    assert reasons(trust=trust, request_keys="all") == [None] * 5
    chain = "untrusted_chain"
    assert reasons(trust=[], request_keys="all") == [chain, None, chain, None, None]
    message = cmcodec.load(REQUEST_KEY)
    assert message.verify(trust=[], request_keys="all").origin == "request-key"
    with pytest.raises(cmcodec.VerificationError, match=no):
        message.verify(trust=[], request_keys="nested")


@pytest.mark.parametrize("value", ["", "All", None, True, [], ("none",)])
def test_v13_other_values_of_request_keys_are_refused(value: Any) -> None:
    """V13: with trust and without."""
    for trust in (None, []):
        with pytest.raises(ValueError, match="request_keys"):
            row(SIGNED, trust=trust, request_keys=value)
        with pytest.raises(ValueError, match="request_keys"):
            cmcodec.load(SIGNED).verify(trust=trust, request_keys=value)


def test_v13_the_first_rule_counts_for_request_keys_too() -> None:
    """V13: behind the signature, before the proofs; what is no verdict stays what it is."""
    broken = REQUEST_KEY[:-1] + bytes([REQUEST_KEY[-1] ^ 1])
    assert row(broken, trust=[]).reason == row(broken).reason == "signature_invalid"
    wrong_pop = PKCS10[:-1] + bytes([PKCS10[-1] ^ 1])
    assert row(wrong_pop).reason == "pop_invalid"
    assert refused(row(wrong_pop, trust=[]))
    assert row(wrong_pop, trust=[], request_keys="all").reason == "pop_invalid"
    for name in ("response/simple-certs-only", "enveloped/pwri-aes128cbc"):
        octets = (SHARED / f"{name}.der").read_bytes()
        assert row(octets, trust=[]) == row(octets)
        assert row(octets).verdict in ("unsigned", "unverified")
    assert row(PKCS10[:-1], trust=[]) == row(PKCS10[:-1])


def test_v13_rows_tell_whose_key_signed() -> None:
    """V13: `origin` is the same with trust and without."""
    origins = {SIGNED: "certificate", REQUEST_KEY: "request-key", PKCS10: "request-key"}
    origins |= {BAD_SIGNATURE: None, PKCS10[:-1] + bytes([PKCS10[-1] ^ 1]): None}
    origins |= {(SHARED / "response/simple-certs-only.der").read_bytes(): None, b"\x30": None}
    for octets, origin in origins.items():
        for decisions in ({}, {"trust": []}, {"trust": [CA]}):
            found = row(octets, **decisions)
            assert found.origin == found.to_dict()["origin"] == origin
    assert list(row(SIGNED).to_dict())[9:11] == ["signers", "origin"]
    assert cmcodec.load(SIGNED).verify().origin == "certificate"
    assert cmcodec.load(PKCS10).verify().origin == "request-key"


def test_v13_callback() -> None:
    """V13: a callback gets certificate, the others and the time, and decides."""
    asked: list[tuple[Any, ...]] = []

    def decide(*question: Any) -> bool:
        asked.append(question)
        return len(asked) == 1

    first, second = row(SIGNED, trust=decide), row(SIGNED, trust=decide)
    assert (first.verdict, first.signers[0].chain) == ("verified", "trusted")
    assert first.signers[0].anchor_sha256 is None
    assert second.reason == "untrusted_chain"
    certificate, others, at = asked[0]
    assert "RA p256" in certificate.subject.rfc4514_string()
    assert (isinstance(others, list), at) == (True, NOW)

    def fail(*_: Any) -> bool:
        raise LookupError("no answer")

    with pytest.raises(LookupError):
        row(SIGNED, trust=fail)


def test_v13_counts_follow_the_chains() -> None:
    """V13: `counts` and `failures` say what the rows say."""
    report = cmcodec.verify_batch([SIGNED, REQUEST_KEY], trust=[], at=NOW, request_keys="all")
    assert report.counts() == {"failed": 1, "verified": 1}
    assert [found.index for found in report.failures()] == [0]
    assert cmcodec.verify_batch([SIGNED], trust=[CA], at=NOW).counts() == {"verified": 1}
    report = cmcodec.verify_batch([REQUEST_KEY, PKCS10], trust=[], at=NOW)
    assert report.counts() == {"failed": 2}
    assert [found.index for found in report.failures()] == [0, 1]


def signed_by(
    certificate: x509.Certificate, key: Any, *carried: x509.Certificate, content: bytes = pki_data()
) -> bytes:
    """A Full PKI Request signed by this certificate."""
    digest = types.AlgorithmIdentifier(algorithm="2.16.840.1.101.3.4.2.1")
    content_type = types.ContentType("1.3.6.1.5.5.7.12.2")
    summary = hashes.Hash(hashes.SHA256())
    summary.update(content)
    attributes = (
        types.Attribute(attr_type="1.2.840.113549.1.9.3", attr_values=(content_type,)),
        types.Attribute(
            attr_type="1.2.840.113549.1.9.4",
            attr_values=(types.MessageDigest(summary.finalize()),),
        ),
    )
    signer = types.SignerInfo(
        version=1,
        sid=types.SignerIdentifier(
            issuer_and_serial_number=types.IssuerAndSerialNumber(
                issuer=types.Name.from_cryptography(certificate.issuer),
                serial_number=certificate.serial_number,
            )
        ),
        digest_algorithm=digest,
        signed_attrs=attributes,
        signature_algorithm=types.AlgorithmIdentifier(algorithm="1.2.840.10045.4.3.2"),
        signature=b"",
    )
    data = types.SignedData(
        version=3,
        digest_algorithms=(digest,),
        encap_content_info=types.EncapsulatedContentInfo(
            e_content_type=content_type.value, e_content=content
        ),
        certificates=tuple(
            types.CertificateChoices(certificate=types.Certificate(c.public_bytes(Encoding.DER)))
            for c in (certificate, *carried)
        ),
        signer_infos=(signer,),
    )
    message = types.ContentInfo(content_type="1.2.840.113549.1.7.2", content=data)
    signed = cmcodec.load(message.to_der()).octets("content.signerInfos[0].signedAttrs")
    assert signed is not None
    signature = key.sign(b"\x31" + signed[1:], ec.ECDSA(hashes.SHA256()))
    signer = replace(signer, signature=signature)
    return replace(message, content=replace(data, signer_infos=(signer,))).to_der()


def test_v13_intermediates() -> None:
    """V13: intermediates come with the message or from the caller, and must be CAs."""
    root = authority("root")
    middle = authority("middle", root)
    leaf = authority("leaf", middle, ca=None)
    anchors = [root[0]]
    assert row(signed_by(*leaf, middle[0]), trust=anchors).verdict == "verified"
    alone = signed_by(*leaf)
    assert row(alone, trust=anchors).reason == "untrusted_chain"
    assert row(alone, trust=anchors, certificates=[middle[0]]).verdict == "verified"

    impostor = authority("end entity", root, ca=False)
    child = authority("child", impostor, ca=None)
    assert row(signed_by(*child, impostor[0]), trust=anchors).reason == "untrusted_chain"
    unmarked = authority("unmarked", root, ca=None)
    grandchild = authority("grandchild", unmarked, ca=None)
    assert row(signed_by(*grandchild, unmarked[0]), trust=anchors).reason == "untrusted_chain"


def test_r_066_what_a_message_brings_is_not_trusted() -> None:
    """R-066, V13: a self-signed certificate counts where the caller trusts it, and there only."""
    root = authority("root")
    leaf = authority("leaf", root, ca=None)
    octets = signed_by(*leaf, root[0])
    assert row(octets, trust=[root[0]]).verdict == "verified"
    assert row(octets, trust=[authority("root")[0]]).reason == "untrusted_chain"
    assert row(octets, trust=[]).reason == "untrusted_chain"
    by_itself = signed_by(*root)
    assert row(by_itself, trust=[CA]).reason == "untrusted_chain"


@pytest.mark.parametrize("critical", [True, False])
def test_v13_issuers_may_sign_certificates(critical: bool) -> None:
    """V13: keyCertSign, where an issuer has a keyUsage; the anchor's counts too."""
    for root_usages, middle_usages, good in (
        (None, None, True),
        (["key_cert_sign", "crl_sign"], ["key_cert_sign"], True),
        (["key_cert_sign"], None, True),
        (None, ["crl_sign", "digital_signature"], False),
        (["key_cert_sign"], ["digital_signature"], False),
        (["crl_sign"], ["key_cert_sign"], False),
    ):
        root = authority("root", usages=root_usages, critical=critical)
        middle = authority("middle", root, usages=middle_usages, critical=critical)
        found = row(signed_by(*authority("leaf", middle, ca=None), middle[0]), trust=[root[0]])
        assert found.signers[0].chain == ("trusted" if good else "untrusted")
        assert found.reason == (None if good else "untrusted_chain")


@pytest.mark.parametrize("critical", [True, False])
def test_v13_signers_may_sign_messages(critical: bool) -> None:
    """V13: digitalSignature or nonRepudiation, where a signer has a keyUsage."""
    root = authority("root")
    for usages, good in (
        (None, True),
        (["digital_signature"], True),
        (["content_commitment", "key_encipherment"], True),
        (["key_encipherment", "data_encipherment"], False),
        (["key_agreement"], False),
        (["key_cert_sign", "crl_sign"], False),
    ):
        leaf = authority("leaf", root, ca=None, usages=usages, critical=critical)
        found = row(signed_by(*leaf), trust=[root[0]])
        assert found.signers[0].chain == ("trusted" if good else "untrusted")
        assert row(signed_by(*leaf)).verdict == "verified"
        assert row(signed_by(*leaf), trust=lambda *_: True).verdict == "verified"


def test_v13_an_anchor_may_sign_itself() -> None:
    """V13: a signer that is a trust anchor is trusted."""
    root = authority("root")
    assert row(signed_by(*root), trust=[root[0]]).signers[0].chain == "trusted"


ANCHOR = x509.load_der_x509_certificate(CA)
BUNDLE = b"Two anchors:\n" + b"\n".join(
    certificate.public_bytes(Encoding.PEM) for certificate in (authority("other")[0], ANCHOR)
)


@pytest.mark.parametrize(
    "given",
    [
        CA, bytearray(CA), types.Certificate(CA), ANCHOR, BUNDLE, memoryview(BUNDLE), [BUNDLE],
        {ANCHOR}, (CA,),
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_v13_one_certificate_a_bundle_or_many(given: Any) -> None:
    """V13, R2, V8: wherever certificates are given, all that are there count."""
    assert row(SIGNED, trust=given).signers[0].chain == "trusted"
    assert cmcodec.load(SIGNED).verify(trust=given, at=NOW).signers[0].chain == "trusted"
    middle = authority("middle", (ANCHOR, CA_KEY))
    leaf = authority("leaf", middle, ca=None)
    assert row(signed_by(*leaf), trust=given).reason == "untrusted_chain"
    assert row(signed_by(*leaf), trust=given, certificates=iter([middle[0]])).reason is None
    assert row(signed_by(*leaf), trust=iter([CA]), certificates=middle[0]).reason is None
    raverified = (SHARED / "signed" / "p256-crmf-raverified.der").read_bytes()
    assert row(raverified, authorised_ras=given).requests[0].pop == "absent"
    ra = x509.load_der_x509_certificate((SHARED / "keys" / "ra-p256-cert.der").read_bytes())
    for ras in (ra, BUNDLE + ra.public_bytes(Encoding.PEM), [given, ra] if given == CA else [ra]):
        assert row(raverified, authorised_ras=ras).requests[0].pop == "ra-asserted"


NO_CERTIFICATES: list[Any] = [
    b"", b"text", b"\x30\x00", CA[: len(CA) // 2], CA + CA, SIGNED, PKCS10, types.Certificate(b""),
    BUNDLE[:-30], BUNDLE.replace(b"MII", b"MI!"), BUNDLE[: BUNDLE.rindex(b"MII") + 9], [CA, b""],
]  # fmt: skip


@pytest.mark.parametrize("argument", ["trust", "certificates", "authorised_ras"])
def test_v13_what_is_no_certificate_is_refused(
    argument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V13: it is the caller's mistake, which is said before anything is verified."""
    monkeypatch.delattr(_backend, "verify", raising=False)
    for given in NO_CERTIFICATES:
        with pytest.raises(cmcodec.DecodeError):
            row(SIGNED, **{argument: given})
    for given in (7, "", "ca.pem", [7], [[CA]], [None], True, ANCHOR.public_key()):
        with pytest.raises(TypeError, match=f"in {argument}: "):
            row(SIGNED, **{argument: given})
    if argument != "trust":
        with pytest.raises(TypeError, match="NoneType is no certificate"):
            row(SIGNED, **{argument: None})


async def later(*_: Any) -> bool:
    """A callback that answers when nobody waits any more."""
    return True


@pytest.mark.parametrize("answer", [None, 1, 0, "no", "", [], object(), NotImplemented])
@pytest.mark.filterwarnings("error")
def test_v13_callbacks_answer_true_or_false(answer: Any) -> None:
    """V13: what merely counts as true or false is a mistake, and nobody is trusted by one."""
    for octets in (SIGNED, [BAD_SIGNATURE, SIGNED]):
        with pytest.raises(TypeError, match="True or False"):
            cmcodec.verify_batch(octets, trust=lambda *_: answer)
    for mistaken in (lambda *_: answer, later):
        with pytest.raises(TypeError, match="True or False"):
            cmcodec.load(SIGNED).verify(trust=mistaken)
    gc.collect()


def test_v13_callbacks_are_asked_before_the_call_returns() -> None:
    """V13: and never again, however often the report is looked at."""
    asked: list[Any] = []

    def decide(*question: Any) -> bool:
        asked.append(question)
        return True

    report = cmcodec.verify_batch([SIGNED, BAD_SIGNATURE, REQUEST_KEY, PKCS10], trust=decide)
    assert len(asked) == 1
    assert [found.verdict for found in report] == ["verified", "failed", "failed", "failed"]
    assert (len(asked), report.counts()) == (1, {"verified": 1, "failed": 3})


@pytest.mark.parametrize("trust", [None, [CA], lambda *_: True])
def test_v13_a_time_has_its_zone(trust: Any) -> None:
    """V13: hours that nobody named decide no chain."""
    for verify in (lambda **given: row(SIGNED, **given), cmcodec.load(SIGNED).verify):
        with pytest.raises(ValueError, match="at has no time zone"):
            verify(trust=trust, at=datetime(2027, 1, 1))
        with pytest.raises(ValueError, match="at is no time in UTC"):
            verify(trust=trust, at=datetime.min.replace(tzinfo=timezone(timedelta(hours=1))))
        for no_time in ("2027-01-01", 1798761600, NOW.date()):
            with pytest.raises(TypeError, match="at must be a datetime"):
                verify(trust=trust, at=no_time)
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    assert row(SIGNED, trust=trust, at=east) == row(SIGNED, trust=trust)


def test_v13_warnings_of_others_stay_inside() -> None:
    """V13: a certificate with a negative serial number is one like others, and warns nobody."""
    at = CA.index(b"\xa0\x03\x02\x01\x02\x02") + 7
    odd = CA[:at] + bytes([CA[at] | 0x80]) + CA[at + 1 :]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for trust in ([CA, odd], lambda *_: True):
            assert row(SIGNED, trust=trust, certificates=[odd]).verdict == "verified"
    assert caught == []
