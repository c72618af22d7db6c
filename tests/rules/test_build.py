"""Signed messages: what is built verifies, is what the standards say, and nothing else is built."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import cms as asn1crypto_cms
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from hypothesis import given

import cmcodec
from cmcodec import _backend, cms, types
from cmcodec.asn1 import TLV, BitString, schema
from cmcodec.cms import private_keys
from cmcodec.cms.key_kinds import new_key
from kit.answers import refusal
from kit.controls import request, response, tagged_attribute
from kit.der import identifier, integer, oid, tlv
from kit.keys import ALICE, MOMENT, VALIDITY, certificate, crl, der, key, key_identifier
from kit.strategies import values

if TYPE_CHECKING:
    from pathlib import Path

ALGORITHMS = [
    ("rsa-2048", "sha256WithRSAEncryption"),
    ("rsa-2048", "sha384WithRSAEncryption"),
    ("rsa-2048", "sha512WithRSAEncryption"),
    ("rsa-2048", "RSASSA-PSS-SHA256"),
    ("rsa-2048", "RSASSA-PSS-SHA384"),
    ("rsa-2048", "RSASSA-PSS-SHA512"),
    ("p-256", "ecdsa-with-SHA256"),
    ("p-256", "ecdsa-with-SHA384"),
    ("p-384", "ecdsa-with-SHA384"),
    ("p-521", "ecdsa-with-SHA512"),
    ("ed25519", "Ed25519"),
]
NATURAL = {
    "rsa-2048": "sha256WithRSAEncryption",
    "p-256": "ecdsa-with-SHA256",
    "p-384": "ecdsa-with-SHA384",
    "p-521": "ecdsa-with-SHA512",
    "ed25519": "Ed25519",
}


def signer(kind: str = "ed25519", **options: Any) -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key(kind), certificate(kind), **options)


def callback(sign: Any, **options: Any) -> cms.SigningKey:
    chosen = {"algorithm": "Ed25519", "certificate": certificate("ed25519")} | options
    return cms.SigningKey(sign=sign, **chosen)


def signed(octets: bytes) -> Any:
    structure: Any = types.ContentInfo.from_der(octets)
    return structure.content


def attributes(octets: bytes) -> dict[str, Any]:
    (info,) = signed(octets).signer_infos
    return {it.attr_type.rpartition(".")[2]: it.attr_values[0] for it in info.signed_attrs}


# --- one message -----------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "algorithm"), ALGORITHMS)
@pytest.mark.parametrize("by_key_identifier", [False, True])
def test_every_algorithm_verifies(kind: str, algorithm: str, by_key_identifier: bool) -> None:
    """R-016, R-214: a message of every algorithm verifies, named either way by its certificate."""
    named = key_identifier(key(kind)) if by_key_identifier else None
    octets = cms.sign(response(), signer(kind, algorithm=algorithm, key_identifier=named))
    message = cmcodec.load(octets, strict=True)
    assert (message.kind, message.encoding, message.to_der()) == ("full-response", "der", octets)
    verified = message.verify()
    assert verified.content == response()
    (found,) = verified.signers
    assert found.algorithm == algorithm
    assert found.certificate_sha256 == certificate(kind).fingerprint(hashes.SHA256()).hex()
    assert signed(octets).signer_infos[0].version == (3 if by_key_identifier else 1)


@pytest.mark.parametrize("kind", NATURAL)
def test_algorithm_that_suits_the_key(kind: str) -> None:
    """RFC 10004 §5.1: RSA signs with SHA-256 unless told otherwise; others with their strength."""
    assert signer(kind).algorithm == NATURAL[kind]


def test_ml_dsa() -> None:
    """RFC 9882 §3: ML-DSA signs the attributes themselves, with SHA-512 over the content."""
    pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import mldsa

    try:
        private = mldsa.MLDSA44PrivateKey.generate()
    except UnsupportedAlgorithm:
        pytest.skip("this OpenSSL has no ML-DSA")
    spki = tlv(0x30, identifier("2.16.840.1.101.3.4.3.17"), tlv(3, b"\0", _raw(private)))
    made = cms.SigningKey.from_private_key(private, _with_key(spki))
    verified = cmcodec.load(cms.sign(response(), made)).verify()
    assert verified.signers[0].algorithm == made.algorithm == "ML-DSA-44"


def _raw(private: Any) -> bytes:
    octets: bytes = private.public_key().public_bytes_raw()
    return octets


def _with_key(spki: bytes) -> bytes:
    """A certificate with this key; nobody verifies its signature here."""
    tbs = tlv(
        0x30, tlv(0xA0, integer(2)), integer(1), identifier("1.3.101.112"), ALICE.issuer(),
        VALIDITY, tlv(0x30), spki,
    )  # fmt: skip
    return tlv(0x30, tbs, identifier("1.3.101.112"), tlv(0x03, b"\0"))


def test_structure() -> None:
    """R-213, R-215, RFC 5652 §5: versions, digest algorithm, attributes; no time unless asked."""
    octets = cms.sign(response(), signer("rsa-2048"))
    found = signed(octets)
    (info,) = found.signer_infos
    assert found.version == 3
    assert found.digest_algorithms == (info.digest_algorithm,)
    assert info.digest_algorithm.parameters is None
    assert found.crls is None
    assert info.unsigned_attrs is None
    held = attributes(octets)
    assert set(held) == {"3", "4", "52"}
    assert held["3"].value == found.encap_content_info.e_content_type == "1.3.6.1.5.5.7.12.3"
    assert held["52"].digest_algorithm == info.digest_algorithm
    assert held["52"].signature_algorithm == info.signature_algorithm


def test_rsa_parameters() -> None:
    """NULL with PKCS#1 v1.5; of PSS hash, MGF1 with it, and a salt of its length."""
    (plain,) = signed(cms.sign(response(), signer("rsa-2048"))).signer_infos
    assert plain.signature_algorithm.parameters.der == b"\x05\x00"
    pss = signer("rsa-2048", algorithm="RSASSA-PSS-SHA384")
    (info,) = signed(cms.sign(response(), pss)).signer_infos
    parameters = types.RSASSAPSSParams.from_der(info.signature_algorithm.parameters.der)
    assert parameters.hash_algorithm.algorithm == "2.16.840.1.101.3.4.2.2"
    hashed = parameters.hash_algorithm.to_der()
    assert parameters.mask_gen_algorithm.parameters == TLV(hashed)
    assert (parameters.salt_length, parameters.trailer_field) == (48, 1)


@pytest.mark.parametrize(
    ("moment", "alternative", "written"),
    [
        (datetime(2049, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "utc_time", b"491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), "general_time", b"20500101000000Z"),
        (datetime(1949, 12, 31, tzinfo=UTC), "general_time", b"19491231000000Z"),
        (
            datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "utc_time",
            b"260228230000Z",
        ),
    ],
)
def test_signing_time(moment: datetime, alternative: str, written: bytes) -> None:
    """R-222: UTCTime from 1950 to 2049, whole seconds, in UTC."""
    octets = cms.sign(response(), signer(), signing_time=moment)
    assert attributes(octets)["5"].value.alternative == alternative
    assert written in octets
    cmcodec.load(octets, strict=True).verify()


def test_signing_time_needs_a_zone() -> None:
    """A time that may be any of 24 is none."""
    naive = datetime(2026, 3, 1)
    with pytest.raises(cmcodec.EncodeError, match="bad_value in signingTime"):
        cms.sign(response(), signer(), signing_time=naive)


def test_certificates_and_crls() -> None:
    """R-069: the signer's certificate and those given, each once and sorted, in any form."""
    others = [certificate("p-256"), types.Certificate(der(certificate("p-384")))]
    octets = cms.sign(
        cms.Draft(response(), certificates=[der(certificate("p-521"))], crls=[der(crl())]),
        signer(),
        certificates=[*others, certificate("ed25519")],
        crls=[crl(), types.CertificateList(der(crl()))],
    )
    message = cmcodec.load(octets, strict=True)
    kinds = ("ed25519", "p-256", "p-384", "p-521")
    assert {it.der for it in message.certificates} == {der(certificate(kind)) for kind in kinds}
    assert len(message.certificates) == len(kinds)
    assert [it.der for it in message.crls] == [der(crl())]
    assert message.verify()


def test_crls_alone() -> None:
    """A request-key signer has no certificate to carry; absent fields are absent."""
    private = key("ed25519")
    made = cms.SigningKey.from_private_key(private, key_identifier=key_identifier(private))
    octets = cms.sign(request(private), made, crls=[crl()])
    assert signed(octets).certificates is None
    assert len(signed(octets).crls) == 1


@pytest.mark.parametrize("size", [0, 100, 120, 200, 230, 250, 60_000, 65_300, 70_000])
def test_lengths(size: int) -> None:
    """Lengths of one, two and three octets, wherever they change."""
    content = types.PKIResponse(
        control_sequence=(tagged_attribute(1, 19, types.ResponseInfo(bytes(size))),),
        cms_sequence=(),
        other_msg_sequence=(),
    )
    verified = cmcodec.load(cms.sign(content, signer()), strict=True).verify()
    assert verified.content == content


@given(content=values(schema.node(types.PKIResponse)))
def test_any_response(content: Any) -> None:
    """Whatever has an encoding is signed, verifies, and comes back."""
    octets = cms.sign(content, signer())
    assert cmcodec.load(octets).verify().content == content
    assert types.ContentInfo.from_der(octets).to_der() == octets


@given(content=values(schema.node(types.PKIData)))
def test_any_request(content: Any) -> None:
    """The same of a PKIData, whose proofs of possession are nobody's here."""
    message = cmcodec.load(cms.sign(content, signer()))
    assert message.kind == "full-request"
    assert message.unverified_content == content


# --- both backends, peers --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rsa-2048", "ed25519"])
def test_backends_write_the_same(kind: str) -> None:
    """Signatures without chance are the same octets from the engine and from the fallback."""
    if find_spec("cmcodec._rust") is None:
        pytest.skip("the engine is not installed")
    made = []
    before = cmcodec.backend
    for backend in ("rust", "pure"):
        _backend.use(backend)
        made.append(
            cms.sign(
                response(), signer(kind), certificates=[certificate("p-256")], signing_time=MOMENT
            )
        )
    _backend.use(before)
    assert made[0] == made[1]


def test_deterministic_is_true_or_false() -> None:
    """V10a: a flag is no other word for yes."""
    with pytest.raises(TypeError, match="bad_type in deterministic"):
        signer("p-256", deterministic="no")


def test_deterministic_ecdsa() -> None:
    """RFC 6979: the same message has the same signature, where that is asked for."""
    try:
        made = signer("p-256", deterministic=True)
    except cmcodec.UnsupportedError:
        pytest.skip("this OpenSSL has no deterministic ECDSA")
    assert cms.sign(response(), made) == cms.sign(response(), made)
    usual = signer("p-256")
    assert cms.sign(response(), usual) != cms.sign(response(), usual)


def test_a_library_with_less_costs_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 6979, FIPS 204: where it has neither, only what needs them is refused."""

    class ByChanceAlone(ec.ECDSA):
        def __init__(self, hashed: Any, deterministic_signing: bool = False) -> None:
            if deterministic_signing:
                raise UnsupportedAlgorithm("no deterministic ECDSA")
            super().__init__(hashed)

    with monkeypatch.context() as patched:
        patched.setattr(ec, "ECDSA", ByChanceAlone)
        with pytest.raises(cmcodec.UnsupportedError, match=r"OpenSSL 3\.2"):
            signer("p-256", deterministic=True)
    name = "cryptography.hazmat.primitives.asymmetric.mldsa"
    monkeypatch.setattr(
        private_keys, "find_spec", lambda wanted: None if wanted == name else find_spec(wanted)
    )
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delattr(name, raising=False)
    assert signer("ed25519").algorithm == "Ed25519"
    with pytest.raises(cmcodec.SigningError, match="unsupported_algorithm"):
        private_keys.usual(object())
    with pytest.raises(cmcodec.UnsupportedError, match="mldsa65"):
        new_key("mldsa65")


@pytest.mark.parametrize("kind", NATURAL)
def test_asn1crypto_reads_it(kind: str) -> None:
    """Another reader finds the same."""
    content_info = asn1crypto_cms.ContentInfo.load(cms.sign(response(), signer(kind)), strict=True)
    found = content_info["content"]
    assert found["version"].native == "v3"
    assert found["encap_content_info"]["content_type"].native == "1.3.6.1.5.5.7.12.3"
    info = found["signer_infos"][0]
    sid = info["sid"].chosen
    assert sid["serial_number"].native == certificate(kind).serial_number
    assert sid["issuer"].dump() == certificate(kind).issuer.public_bytes()
    assert found["certificates"][0].chosen.dump() == der(certificate(kind))


@pytest.mark.parametrize(("kind", "algorithm"), ALGORITHMS)
def test_openssl_verifies_it(kind: str, algorithm: str, tmp_path: Path) -> None:
    """Another verifier finds the signature good and the content the same."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl")
    octets = cms.sign(response(), signer(kind, algorithm=algorithm), signing_time=MOMENT)
    file = tmp_path / "message.der"
    file.write_bytes(octets)
    command = [openssl, "cms", "-verify", "-inform", "DER", "-noverify", "-binary", "-in", file]
    done = subprocess.run(command, capture_output=True, check=False)
    if kind == "ed25519" and b"invalid digest" in done.stderr:
        pytest.skip("this openssl does not verify Ed25519 in CMS")
    assert done.returncode == 0, done.stderr
    assert done.stdout == response().to_der()


# --- keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("rsa-1024", "key_rejected"),
        ("secp256k1", "unsupported_algorithm"),
        ("ed448", "unsupported_algorithm"),
    ],
)
def test_key_that_verifiers_refuse(kind: str, reason: str) -> None:
    """V7, V9: what no verifier accepts is not signed with."""
    with pytest.raises(cmcodec.SigningError, match=reason):
        signer(kind)


@pytest.mark.parametrize("other", ["not a key", None, lambda octets: octets])
def test_no_key(other: Any) -> None:
    with pytest.raises(cmcodec.SigningError, match="unsupported_algorithm"):
        cms.SigningKey.from_private_key(other, certificate("ed25519"))


@pytest.mark.parametrize(
    ("kind", "algorithm", "reason"),
    [
        ("rsa-2048", "ecdsa-with-SHA256", "algorithm_mismatch"),
        ("p-256", "sha256WithRSAEncryption", "algorithm_mismatch"),
        ("p-256", "RSASSA-PSS-SHA256", "algorithm_mismatch"),
        ("ed25519", "ML-DSA-44", "algorithm_mismatch"),
        ("ed25519", "ecdsa-with-SHA512", "algorithm_mismatch"),
        ("rsa-2048", "sha1WithRSAEncryption", "unsupported_algorithm"),
        ("rsa-2048", "", "unsupported_algorithm"),
    ],
)
def test_algorithm_of_other_keys(kind: str, algorithm: str, reason: str) -> None:
    """V7, V10a: a key signs with its own algorithms; with SHA-1 nobody signs."""
    with pytest.raises(cmcodec.SigningError, match=reason):
        signer(kind, algorithm=algorithm)


@pytest.mark.parametrize("kind", NATURAL)
def test_certificate_of_another_key(kind: str) -> None:
    """A key that does not fit the certificate is noticed before anything is signed with it."""
    with pytest.raises(cmcodec.SigningError, match="signature_invalid"):
        cms.SigningKey.from_private_key(key(kind, 1), certificate(kind))


def test_certificate_of_another_kind_of_key() -> None:
    with pytest.raises(cmcodec.SigningError, match="algorithm_mismatch"):
        cms.SigningKey.from_private_key(key("p-256"), certificate("rsa-2048"))


def test_key_restricted_to_pss() -> None:
    """RFC 4055 §3.3: what the certificate's key is restricted to binds the signer too."""
    public = key("rsa-2048").public_key().public_numbers()
    sha384 = tlv(0x30, oid("2.16.840.1.101.3.4.2.2"), b"\x05\x00")
    mgf1 = tlv(0x30, oid("1.2.840.113549.1.1.8"), sha384)
    pss = tlv(0x30, tlv(0xA0, sha384), tlv(0xA1, mgf1), tlv(0xA2, integer(48)))
    numbers = tlv(0x30, integer(public.n), integer(public.e))
    spki = tlv(0x30, identifier("1.2.840.113549.1.1.10", pss), tlv(0x03, b"\0", numbers))
    carried = _with_key(spki)
    for algorithm in (None, "RSASSA-PSS-SHA256"):
        with pytest.raises(cmcodec.SigningError, match="algorithm_mismatch"):
            cms.SigningKey.from_private_key(key("rsa-2048"), carried, algorithm=algorithm)
    made = cms.SigningKey.from_private_key(key("rsa-2048"), carried, algorithm="RSASSA-PSS-SHA384")
    assert cmcodec.load(cms.sign(response(), made)).verify()


def test_key_identifier_of_another_certificate() -> None:
    """V8: nobody would find the signer."""
    with pytest.raises(cmcodec.SigningError, match="signer_not_found"):
        signer("ed25519", key_identifier=b"another")
    with pytest.raises(cmcodec.SigningError, match="signer_not_found"):
        cms.SigningKey.from_private_key(
            ALICE.private, ALICE.certificate(by_ski=False), key_identifier=ALICE.identifier
        )


def test_signer_without_a_name() -> None:
    with pytest.raises(TypeError):
        cms.SigningKey.from_private_key(key("ed25519"))


NO_CERTIFICATES = [
    (b"", "bad_value"),
    (b"\x02\x01\x01", "bad_tag"),
    (b"-----BEGIN CERTIFICATE-----\nrubbish", "bad_value"),
    ("text", "bad_value"),
    (types.Certificate(5), "bad_type"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("wrong", "reason"), [*NO_CERTIFICATES, (b"\x30\x00", "bad_tag")])
def test_certificate_that_is_none(wrong: Any, reason: str) -> None:
    """A signer needs a certificate that names one."""
    found = refusal(lambda: cms.SigningKey.from_private_key(key("ed25519"), wrong))
    assert found == ("EncodeError", reason, None, "certificates[0]")


@pytest.mark.parametrize("field", ["certificates", "crls"])
@pytest.mark.parametrize(("wrong", "reason"), NO_CERTIFICATES)
def test_carried_that_is_none(field: str, wrong: Any, reason: str) -> None:
    """P9: whatever is given for a certificate or a CRL, the error says which of them it is."""
    right: Any = {"certificates": certificate("p-256"), "crls": crl()}[field]
    found = refusal(lambda: cms.sign(response(), signer(), **{field: [right, wrong]}))
    assert found is not None
    assert found[0] == "EncodeError"
    assert found[1] in (reason, "bad_value")
    assert found[3] == f"{field}[1]"


def test_key_identifier_that_is_none() -> None:
    made = cms.SigningKey.from_private_key(key("ed25519"), key_identifier="text")  # type: ignore[arg-type]
    with pytest.raises(cmcodec.EncodeError, match="bad_type"):
        cms.sign(request(key("ed25519")), made)


def test_signing_key_is_frozen_and_shows_no_key() -> None:
    made = signer("p-256")
    with pytest.raises(FrozenInstanceError):
        made.algorithm = "Ed25519"  # type: ignore[misc]
    assert "sign=" not in repr(made)
    assert made.check is False
    assert made.threads == 1
    assert signer("rsa-2048").threads is None


# --- the key of a request --------------------------------------------------------------------


@pytest.mark.parametrize("kind", NATURAL)
def test_request_key(kind: str) -> None:
    """R-019, R-020, R-022: the key of a request signs, named by its identifier."""
    private = key(kind)
    made = cms.SigningKey.from_private_key(private, key_identifier=key_identifier(private))
    octets = cms.sign(request(key("p-384", 1), private), made)
    verified = cmcodec.load(octets, strict=True).verify()
    assert verified.signers[0].request_id == 2
    assert signed(octets).signer_infos[0].version == 3
    assert signed(octets).certificates is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (response, "signer_not_found"),
        (request, "signer_not_found"),
        (lambda: request(key("p-256")), "signer_not_found"),
        (lambda: request(key("ed25519"), key("ed25519")), "signer_ambiguous"),
        (
            lambda: request(key("p-256"), identifier=key_identifier(key("ed25519"))),
            "algorithm_mismatch",
        ),
    ],
)
def test_request_key_that_nobody_finds(content: Any, reason: str) -> None:
    """V8: without a certificate, one request in the message has the key that signs it."""
    private = key("ed25519")
    made = cms.SigningKey.from_private_key(private, key_identifier=key_identifier(private))
    with pytest.raises(cmcodec.SigningError, match=reason):
        cms.sign(content(), made)


def test_short_request_key() -> None:
    """V9: a short key is noticed with the first message where there is no certificate."""
    private = key("rsa-1024")
    made = cms.SigningKey.from_private_key(private, key_identifier=key_identifier(private))
    with pytest.raises(cmcodec.SigningError, match="key_rejected"):
        cms.sign(request(private), made)


def test_wrong_proof_of_possession() -> None:
    """R6: a message that is verified is not sent with a proof that fails it."""
    private = key("ed25519")
    content = request(private)
    tagged: Any = content.req_sequence[0].tcr
    wrong = types.CertificationRequest(
        certification_request_info=tagged.certification_request.certification_request_info,
        signature_algorithm=tagged.certification_request.signature_algorithm,
        signature=BitString(bytes(64)),
    )
    changed = types.PKIData(
        control_sequence=(),
        req_sequence=(
            types.TaggedRequest(
                tcr=types.TaggedCertificationRequest(body_part_id=1, certification_request=wrong)
            ),
        ),
        cms_sequence=(),
        other_msg_sequence=(),
    )
    made = cms.SigningKey.from_private_key(private, key_identifier=key_identifier(private))
    with pytest.raises(cmcodec.SigningError, match="pop_invalid"):
        cms.sign(changed, made)


# --- callbacks -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "algorithm"), ALGORITHMS)
def test_callback(kind: str, algorithm: str) -> None:
    """A callback that signs the octets it gets makes what the key itself makes."""
    held = signer(kind, algorithm=algorithm)
    made = cms.SigningKey(sign=held.sign, algorithm=algorithm, certificate=certificate(kind))
    assert cmcodec.load(cms.sign(response(), made)).verify().signers[0].algorithm == algorithm


def test_callback_gets_the_signed_attributes() -> None:
    """R-216: what is signed is the SET OF that the SignerInfo has, with the tag of a SET OF."""
    given: list[bytes] = []

    def sign(octets: bytes) -> bytes:
        given.append(octets)
        signature: bytes = key("ed25519").sign(octets)
        return signature

    octets = cms.sign(response(), callback(sign))
    sent = cmcodec.load(octets).octets("content.signerInfos[0].signedAttrs")
    assert sent is not None
    assert given == [b"\x31" + sent[1:]]


@pytest.mark.parametrize(
    "returned",
    [b"", b"rubbish", bytes(64), key("ed25519").sign(b"another"), bytearray(64), None, "text", 5],
)
def test_callback_that_returns_rubbish(returned: Any) -> None:
    """What is no signature of this message never leaves in one."""
    with pytest.raises(cmcodec.SigningError, match="signature_invalid"):
        cms.sign(response(), callback(lambda octets: returned))


def test_callback_that_prehashes() -> None:
    """A common mistake: the digest of the attributes is signed instead of them."""
    made = cms.SigningKey(
        sign=lambda octets: key("rsa-2048").sign(octets[:32], padding.PKCS1v15(), hashes.SHA256()),
        algorithm="sha256WithRSAEncryption",
        certificate=certificate("rsa-2048"),
    )
    with pytest.raises(cmcodec.SigningError, match="signature_invalid"):
        cms.sign(response(), made)


def test_callback_that_is_trusted() -> None:
    """``check=False`` leaves it to the callback."""
    octets = cms.sign(response(), callback(lambda octets: bytes(64), check=False))
    with pytest.raises(cmcodec.VerificationError, match="signature_invalid"):
        cmcodec.load(octets).verify()


@pytest.mark.parametrize("algorithm", ["RSA", "sha1WithRSAEncryption", "Ed448"])
def test_callback_with_an_unknown_algorithm(algorithm: str) -> None:
    with pytest.raises(cmcodec.SigningError, match="unsupported_algorithm"):
        callback(lambda octets: octets, algorithm=algorithm)


class HsmError(Exception):
    """Of somebody else."""


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(
    "cls", [HsmError, KeyboardInterrupt, SystemExit, cmcodec.EncodeError, cmcodec.VerificationError]
)
def test_callback_that_raises(threads: int, cls: type[BaseException]) -> None:
    """What a callback raises comes out as it is: of several the one of the first message."""
    raised = {name: cls(name) for name in (b"3", b"7")}

    def sign(octets: bytes) -> bytes:
        wanted = attributes_of.get(octets)
        if wanted in raised:
            raise raised[wanted]
        signature: bytes = key("ed25519").sign(octets)
        return signature

    contents = [response(index) for index in range(12)]
    attributes_of: dict[bytes, bytes] = {}

    def record(octets: bytes) -> bytes:
        attributes_of[octets] = str(len(attributes_of)).encode()
        return b""

    cms.sign_many(contents, callback(record, check=False))
    with pytest.raises(cls) as caught:
        cms.sign_many(contents, callback(sign), threads=threads)
    assert caught.value is raised[b"3"]


# --- many messages ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NATURAL)
def test_many(kind: str) -> None:
    """All verify, in the order of the contents, each with its own certificate."""
    kinds = list(NATURAL)
    drafts = [
        cms.Draft(response(index), certificates=[certificate(kinds[index % len(kinds)])])
        for index in range(20)
    ]
    made = cms.sign_many(drafts, signer(kind), threads=4)
    report = cmcodec.verify_batch(made)
    assert report.counts() == {"verified": 20}
    assert [row.transaction_id for row in report] == list(range(20))
    for index, octets in enumerate(made):
        carried = {it.der for it in cmcodec.load(octets).certificates}
        assert carried == {der(certificate(kind)), der(certificate(kinds[index % len(kinds)]))}


@pytest.mark.parametrize("kind", ["rsa-2048", "ed25519"])
def test_threads_write_the_same(kind: str) -> None:
    """V14: any number of threads makes the octets that one call of `sign` makes."""
    contents = [response(index) for index in range(30)]
    made = signer(kind)
    alone = [cms.sign(it, made, signing_time=MOMENT) for it in contents]
    for threads in (1, 2, 4, 100, None):
        assert cms.sign_many(contents, made, signing_time=MOMENT, threads=threads) == alone


def test_any_iterable() -> None:
    """Contents may come from a generator, and there may be none."""
    assert cms.sign_many([], signer()) == []
    made = cms.sign_many((response(index) for index in range(3)), signer())
    assert len(made) == 3


def test_requests_and_responses() -> None:
    """One call may sign both."""
    made = cms.sign_many([response(), request(key("p-256"))], signer())
    assert [cmcodec.load(it).kind for it in made] == ["full-response", "full-request"]


class Answer(types.PKIResponse):
    """Of somebody's own."""

    __slots__ = ()


def test_derived_class() -> None:
    """A class derived from a declared one is signed as that one."""
    content = Answer(**{name: getattr(response(), name) for name in response().__slots__})
    assert cmcodec.load(cms.sign(content, signer())).verify().content == response()


WRONG = types.PKIResponse(
    control_sequence=(tagged_attribute(1, 5, 3),), cms_sequence=(), other_msg_sequence=()
)
TWICE = types.PKIResponse(
    control_sequence=(
        tagged_attribute(4, 19, types.ResponseInfo(b"")),
        tagged_attribute(4, 19, types.ResponseInfo(b"")),
    ),
    cms_sequence=(),
    other_msg_sequence=(),
)


@pytest.mark.parametrize(
    ("bad", "reason", "path"),
    [
        (WRONG, "bad_type", "controlSequence[0].attrValues[0]"),
        (TWICE, "duplicate_body_part_id", "controlSequence[1]"),
        (b"\x30\x00", "bad_type", ""),
        (None, "bad_type", ""),
        (types.TransactionId(3), "bad_type", ""),
        (types.PKIResponse, "bad_type", ""),
        (cms.Draft(response(), certificates=[b"\x02\x01\x01"]), "bad_tag", "certificates[0]"),
        (
            cms.Draft(response(), certificates=[b"\x30\x00\x30\x00"]),
            "bad_value",
            "certificates[0]",
        ),
        (cms.Draft(response(), crls=[b"rubbish"]), "bad_value", "crls[0]"),
        (cms.Draft(None), "bad_type", ""),  # type: ignore[arg-type]
    ],
)
@pytest.mark.parametrize("threads", [1, 4])
def test_bad_content(bad: Any, reason: str, path: str, threads: int) -> None:
    """One bad content raises its own error, with its index before the path inside of it."""
    assert refusal(lambda: cms.sign(bad, signer())) == ("EncodeError", reason, None, path)
    contents = [response(1), response(2), bad, response(3), bad]
    indexed = f"contents[2].{path}".rstrip(".")
    assert refusal(lambda: cms.sign_many(contents, signer(), threads=threads)) == (
        "EncodeError",
        reason,
        None,
        indexed,
    )


def test_bad_signature_of_one() -> None:
    """The index is that of the message whose signature is bad."""
    calls: list[bytes] = []

    def sign(octets: bytes) -> bytes:
        calls.append(octets)
        signature: bytes = key("ed25519").sign(octets if len(calls) != 2 else b"")
        return signature

    contents = [response(index) for index in range(4)]
    with pytest.raises(cmcodec.SigningError, match=r"signature_invalid in contents\[1\]"):
        cms.sign_many(contents, callback(sign))
    assert len(calls) == 2


def test_callback_in_one_thread() -> None:
    """Unless told otherwise, a callback is called from the calling thread only."""
    threads: set[int] = set()

    def sign(octets: bytes) -> bytes:
        threads.add(threading.get_ident())
        signature: bytes = key("ed25519").sign(octets)
        return signature

    cms.sign_many([response(index) for index in range(20)], callback(sign))
    assert threads == {threading.get_ident()}


def test_callback_in_several_threads() -> None:
    """Told so, by the signer or the call, it is: here each call waits until all four are there."""
    barrier = threading.Barrier(4)

    def sign(octets: bytes) -> bytes:
        barrier.wait(timeout=60)
        signature: bytes = key("ed25519").sign(octets)
        return signature

    contents = [response(index) for index in range(8)]
    for made in (
        cms.sign_many(contents, callback(sign, threads=4)),
        cms.sign_many(contents, callback(sign), threads=4),
    ):
        assert cmcodec.verify_batch(made).counts() == {"verified": 8}
    assert threading.active_count() == 1


def test_interrupt() -> None:
    """Ctrl-C ends the call while others sign, and leaves no thread behind."""
    calls: list[int] = []
    private = key("rsa-2048")

    def sign(octets: bytes) -> bytes:
        calls.append(1)
        if len(calls) == 5:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        signature: bytes = private.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        return signature

    made = cms.SigningKey(
        sign=sign,
        algorithm="sha256WithRSAEncryption",
        certificate=certificate("rsa-2048"),
        check=False,
    )
    contents = [response()] * 5000
    with pytest.raises(KeyboardInterrupt):
        cms.sign_many(contents, made, threads=2)
    assert len(calls) < len(contents)
    assert threading.active_count() == 1
