"""V8 and V15: anybody can add a certificate to a message, so all that fit count."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

import cmcodec
from cmcodec import limits, oids
from kit.der import attribute, identifier, seq, tlv
from kit.keys import EcdsaKey, name
from kit.messages import Message, Signer, crm, judged, pkcs10, pki_data, signed_by, tcr

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2027, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
EE, RA, CA_KEY = EcdsaKey(11), EcdsaKey(12), EcdsaKey(13)
SHA256 = identifier(oids.ID_SHA256)


def certificate(
    key: Any, serial: int = 7, *, by: Any = CA_KEY, ski: bytes | None = None,
    until: datetime = NOW + YEAR, purposes: Sequence[str] = (), spki: Any = None,
) -> bytes:  # fmt: skip
    """A certificate by the CA of this name, or by a forger who takes its name."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("signer"))
        .issuer_name(name("CA"))
        .public_key(spki or key.scalar.public_key())
        .serial_number(serial)
        .not_valid_before(NOW - 2 * YEAR)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier(ski or key.identifier), False)
    )
    if purposes:
        extension = x509.ExtendedKeyUsage([x509.ObjectIdentifier(each) for each in purposes])
        builder = builder.add_extension(extension, False)
    return builder.sign(by.scalar, hashes.SHA256()).public_bytes(Encoding.DER)


ANCHOR = (
    x509.CertificateBuilder()
    .subject_name(name("CA"))
    .issuer_name(name("CA"))
    .public_key(CA_KEY.scalar.public_key())
    .serial_number(1)
    .not_valid_before(NOW - 2 * YEAR)
    .not_valid_after(NOW + YEAR)
    .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    .sign(CA_KEY.scalar, hashes.SHA256())
    .public_bytes(Encoding.DER)
)
FORGER = EcdsaKey(99)
GENUINE = certificate(EE)


def by_serial(octets: bytes) -> bytes:
    parsed = x509.load_der_x509_certificate(octets)
    return seq(parsed.issuer.public_bytes(), tlv(0x02, bytes([parsed.serial_number])))


def signer(key: Any = EE, sid: bytes = by_serial(GENUINE), *more: bytes, **fields: Any) -> Signer:
    defaults = {"digest": SHA256, "hash": "sha256", "algorithm": identifier(oids.ECDSA_WITH_SHA256)}
    return Signer(key=key, sid=sid, more=more, **{**defaults, **fields})


def message(*certificates: bytes, by: Signer | None = None, content: bytes = pki_data()) -> bytes:
    infos = (by or signer(),)
    return Message(content, signers=infos, certificates=certificates, digests=(SHA256,)).encode()


def row(octets: bytes, **decisions: Any) -> cmcodec.Row:
    return cmcodec.verify_batch(octets, **{"at": NOW, **decisions})[0]


def named(octets: bytes, **decisions: Any) -> bytes | None:
    """The certificate that the signer of a verified message is called by."""
    found = row(octets, **decisions)
    assert found.verdict == "verified", found
    (only,) = found.signers
    if only.certificate is None:
        return None
    assert only.certificate_sha256 == hashlib.sha256(only.certificate.der).hexdigest()
    return only.certificate.der


def twins(number: int, **fields: Any) -> list[bytes]:
    """Forged certificates of the same key, issuer and serial number; no two alike."""
    return [certificate(EE, by=FORGER, **fields) for _ in range(number)]


def test_v8_a_forged_twin_does_not_take_the_place_of_the_genuine() -> None:
    """V8: wherever it stands, the certificate with a trusted chain is named."""
    for others in (twins(1), twins(3)):
        octets = message(*others, GENUINE)
        assert named(octets, trust=[ANCHOR]) == GENUINE
        found = cmcodec.load(octets).verify(trust=[ANCHOR], at=NOW)
        assert found.signers[0].chain == "trusted"
        assert found.signers[0].certificate.der == GENUINE
        assert set(found.signers[0].candidates) == {GENUINE, *others}
    assert row(message(*twins(3)), trust=[ANCHOR]).reason == "untrusted_chain"


def test_v8_an_expired_certificate_does_not_stand_in_for_the_renewed() -> None:
    """V8: two certificates of one key, found by its identifier; the valid one is named."""
    expired, renewed = certificate(EE, 7, until=NOW - YEAR), certificate(EE, 8)
    by = signer(sid=EE.by_ski())
    for certificates in permutations([expired, renewed]):
        octets = message(*certificates, by=by)
        assert named(octets, trust=[ANCHOR]) == renewed
        assert named(octets, trust=[ANCHOR], at=NOW - YEAR * 1.5) in certificates
        assert row(octets, trust=[ANCHOR], at=NOW + 2 * YEAR).reason == "untrusted_chain"


def test_v8_without_trust_the_first_in_der_order_is_named() -> None:
    """V8: an authorised RA's before the caller's, and those before the message's."""
    both = sorted([GENUINE, *twins(2)])
    octets = message(*both)
    assert named(octets) == both[0]
    for each in both:
        assert named(octets, certificates=[each]) == each
        assert named(octets, authorised_ras=[each]) == each
        assert named(octets, certificates=[both[1]], authorised_ras=[each]) == each
    forged = twins(1)[0]
    assert named(octets, certificates=[forged, both[2]]) == forged
    assert named(octets, certificates=[both[2], forged]) == both[2]


def test_v8_trust_comes_before_every_other_preference() -> None:
    """V8: one with a trusted chain is named before an RA's and the caller's."""
    forged = twins(1)[0]
    octets = message(GENUINE, forged)
    assert named(octets, trust=[ANCHOR], certificates=[forged], authorised_ras=[forged]) == GENUINE
    twin = certificate(EE, 7)
    assert named(message(GENUINE, twin), trust=[ANCHOR], authorised_ras=[twin]) == twin
    assert named(message(GENUINE, twin), trust=[ANCHOR], certificates=[twin]) == twin
    trusting = x509.load_der_x509_certificate(forged)
    assert named(octets, trust=lambda leaf, *_: leaf == trusting) == forged


def test_r2_a_twin_does_not_take_an_authorised_ra_away() -> None:
    """R2: raVerified counts where any candidate is the certificate of an authorised RA."""
    ra = certificate(RA)
    content = pki_data(requests=[crm(popo=b"\x80\x00")])
    forged = [certificate(RA, by=FORGER) for _ in range(3)]
    octets = message(ra, *forged, by=signer(RA, by_serial(ra)), content=content)
    found = row(octets, authorised_ras=[ra])
    assert (found.verdict, found.requests[0].pop) == ("verified", "ra-asserted")
    assert found.signers[0].certificate_sha256 == hashlib.sha256(ra).hexdigest()
    assert row(octets, authorised_ras=[GENUINE]).requests[0].pop == "absent"
    assert row(octets).requests[0].pop == "absent"


def test_v8_strangers_do_not_starve_the_certificate_of_the_caller() -> None:
    """V8: the message's certificates and the caller's have slots of their own."""
    strangers = [
        certificate(EcdsaKey(number), ski=EE.identifier) for number in range(200, 204)
    ]  # fmt: skip
    for sid in (EE.by_ski(), by_serial(GENUINE)):
        octets = message(*strangers, by=signer(sid=sid))
        assert row(octets).reason == "signature_invalid"
        assert named(octets, certificates=[GENUINE]) == GENUINE
        assert named(octets, certificates=[*strangers, GENUINE]) == GENUINE
    more = [certificate(EcdsaKey(number), ski=EE.identifier) for number in range(204, 208)]
    assert row(octets, certificates=[*more, GENUINE]).reason == "signature_invalid"


def ess(octets: bytes, digest: str = "sha256", algorithm: bytes = b"") -> bytes:
    """A signed attribute that names a certificate by its hash (RFC 5035)."""
    value = tlv(0x04, hashlib.new(digest, octets).digest())
    number = oids.ID_AA_SIGNING_CERTIFICATE_V2
    if digest == "sha1":
        number, algorithm = oids.ID_AA_SIGNING_CERTIFICATE, b""
    return attribute(number, seq(seq(seq(algorithm, value))))


@pytest.mark.parametrize(
    "names",
    [
        lambda it: [ess(it, "sha1")],
        lambda it: [ess(it)],
        lambda it: [ess(it, "sha256", SHA256)],
        lambda it: [ess(it, "sha512", identifier(oids.ID_SHA512))],
        lambda it: [ess(it), ess(it, "sha1")],
    ],
    ids=["v1", "v2", "v2 written out", "v2 sha512", "both"],
)
def test_v8_a_signed_attribute_excludes_other_certificates(names: Any) -> None:
    """V8: signingCertificate and signingCertificateV2 say which it is, whoever is preferred."""
    others = twins(5)
    octets = message(GENUINE, *others, by=signer(EE, by_serial(GENUINE), *names(GENUINE)))
    assert named(octets) == GENUINE
    assert named(octets, certificates=others, authorised_ras=others) == GENUINE
    found = row(octets)
    assert found.signers[0].candidates == (GENUINE,)
    without = message(*others, by=signer(EE, by_serial(GENUINE), *names(GENUINE)))
    assert (row(without).reason, row(without).rule) == ("signer_not_found", "V8")
    assert named(without, certificates=[GENUINE]) == GENUINE


def test_v8_a_signed_attribute_that_contradicts_or_cannot_be_checked() -> None:
    """V8: both attributes have to agree; a hash function that is not on offer excludes all."""
    forged = twins(1)[0]
    sha3 = identifier("2.16.840.1.101.3.4.2.8")
    for more in (
        (ess(GENUINE), ess(forged, "sha1")),
        (ess(GENUINE, "sha3_256", sha3),),
        (attribute(oids.ID_AA_SIGNING_CERTIFICATE_V2, seq(seq(seq(tlv(0x04))))),),
    ):
        octets = message(GENUINE, forged, by=signer(EE, by_serial(GENUINE), *more))
        assert row(octets).reason == "signer_not_found"
    for number in (oids.ID_AA_SIGNING_CERTIFICATE, oids.ID_AA_SIGNING_CERTIFICATE_V2):
        nobody = attribute(number, seq(seq()))
        found = row(message(GENUINE, by=signer(EE, by_serial(GENUINE), nobody)))
        assert found.verdict == "verified"
    twice = attribute(oids.ID_AA_SIGNING_CERTIFICATE_V2, seq(seq()), seq(seq(), seq()))
    found = row(message(GENUINE, by=signer(EE, by_serial(GENUINE), twice)))
    assert (found.reason, found.rule) == ("attribute_duplicate", "V4")


def test_v8_an_excluded_certificate_does_not_lead_to_a_request() -> None:
    """V8: who says that a certificate signs, does not sign with a request's key."""
    own = attribute(oids.ID_EXTENSION_REQUEST, seq(EE.extension()))
    request = pkcs10(EE, algorithm=identifier(oids.ECDSA_WITH_SHA256), attributes=(own,))
    content = pki_data(requests=[tcr(3, request)])
    octets = message(by=signer(EE, EE.by_ski()), content=content)
    assert row(octets).origin == "request-key"
    by = signer(EE, EE.by_ski(), ess(twins(1)[0]))
    assert row(message(GENUINE, by=by, content=content)).reason == "signer_not_found"


# --- V15 -----------------------------------------------------------------------------------------


HEAVIEST = limits.MAX_RSA_EXPONENT - 1


def heavy_key(number: int) -> rsa.RSAPublicKey:
    """A key that costs as much as any; nobody has the private one."""
    return rsa.RSAPublicNumbers(HEAVIEST, (1 << 8192) - 2 * number - 1).public_key()


def badly_signed(number: int, *keys: rsa.RSAPublicKey) -> Message:
    """Many signers whom these keys are said to belong to."""
    infos = tuple(
        Signer(
            sid=EE.by_ski(), digest=SHA256, hash="sha256", signature=bytes([place]) * 1024,
            algorithm=identifier(oids.SHA256_WITH_RSA_ENCRYPTION),
        )
        for place in range(number)
    )  # fmt: skip
    carried = tuple(certificate(None, ski=EE.identifier, spki=key) for key in keys)
    return Message(signers=infos, certificates=carried, digests=(SHA256,))


def test_v15_twins_share_one_verification() -> None:
    """V15: four certificates of a wrong key cost what one costs: the budget shows it."""
    found = judged(badly_signed(15, *[heavy_key(0)] * 4))
    assert [each.reason for each in found.signers] == ["signature_invalid"] * 15


def test_v15_candidates_that_do_not_verify_have_a_budget() -> None:
    """V15: 64 signers with four of the heaviest RSA keys each; the work ends, and says so."""
    found = judged(badly_signed(64, *map(heavy_key, range(4))))
    reasons = [each.reason for each in found.signers]
    each = 8192 * 8192 * HEAVIEST.bit_length() >> 26
    tried = -(-limits.MAX_FAILED_WORK // each)
    assert 4 <= tried <= 16
    assert reasons == ["signature_invalid"] * (tried // 4) + ["limit"] * (64 - tried // 4)
    assert found.reason == "signature_invalid"


def test_v15_what_verifies_costs_nothing_of_the_budget() -> None:
    """V15: 64 signers with one good candidate each, or with three bad ones besides, are read."""
    strangers = [certificate(EcdsaKey(n), ski=EE.identifier) for n in range(200, 202)]
    octets = signed_by(
        *(signer(sid=EE.by_ski()) for _ in range(64)),
        certificates=(GENUINE, *strangers), digests=(SHA256,),
    ).encode()  # fmt: skip
    assert row(octets).verdict == "verified"


@pytest.mark.parametrize("good", range(5))
def test_v8_lanes_name_the_same_certificate(good: int) -> None:
    """V8, V15: of eight candidates, as many as are good, and in whichever order they stand."""
    others = [certificate(EcdsaKey(200 + number), by=FORGER) for number in range(8 - good)]
    own = [*twins(good), *others[: 4 - good]]
    items = [message(*order) for order in permutations(own)]
    for decisions in ({}, {"trust": [ANCHOR]}, {"authorised_ras": own[-1:]}):
        known: dict[str, Any] = {"certificates": others[4 - good :], **decisions}
        found = [
            list(map(repr, cmcodec.verify_batch(items, lanes=lanes, threads=1, **known)))
            for lanes in ("off", "auto")
        ]
        assert found[0] == found[1]
        assert len(found[0]) == len(items)
