"""The CA of a folder: what it issues, revokes and publishes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from cmcodec import oids, types
from cmcodec.builders import RequestBuilder
from cmcodec.cms.key_kinds import new_key
from cmcodec.controls import publication
from cmcodec.roles import RegistrationAuthority
from cmcodec.stores import MemoryStore
from cmcodec.types import CRLReason
from cmcodec.types.controls import CMCFailInfo
from kit.embedded import SECRET, START, Lab, answer, ended, fail_info, folder, new
from kit.keys import name

if TYPE_CHECKING:
    from pathlib import Path

    from cmcodec.embedded import EmbeddedCA

ISSUERS = ["p256", "p384", "rsa2048", "ed25519", "mldsa65"]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(folder(tmp_path))


def issued(lab: Lab, ca: EmbeddedCA, *requests: Any, by: str = "device") -> x509.Certificate:
    """The certificate that a client gets on its secret, once."""
    if not any(each.requester == f"secret {by}" for each in ca.certificates()):
        ca.add_secret(by, SECRET)
    exchange = ended(lab.client(by).enroll(*(requests or (new(),))), ca.respond)
    assert exchange.state == "done"
    return exchange.certificates[0]


def extension(certificate: x509.Certificate, cls: type[Any]) -> Any:
    return certificate.extensions.get_extension_for_class(cls).value


def crl_of(ca: EmbeddedCA) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(ca.crl())


# --- the certificates of a new CA ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ISSUERS)
def test_every_kind_of_issuer(kind: str, tmp_path: Path) -> None:
    """RSA, ECDSA, Ed25519 and ML-DSA sign certificates and CRLs."""
    lab = Lab(folder(tmp_path, kind))
    with lab.ca() as ca:
        certificate = issued(lab, ca)
        certificate.verify_directly_issued_by(lab.anchor)
        ca.revoke(certificate.serial_number, CRLReason.SUPERSEDED)
        crl = crl_of(ca)
    assert crl.is_signature_valid(lab.anchor.public_key())
    assert [each.serial_number for each in crl] == [certificate.serial_number]


def test_r180_the_server_has_the_name_of_the_issuer(lab: Lab) -> None:
    """R-180: a certificate of its own, with the same name, and the key identifier of the issuer."""
    assert lab.server.subject == lab.anchor.subject == lab.server.issuer
    assert lab.server.public_key() != lab.anchor.public_key()
    own = extension(lab.anchor, x509.SubjectKeyIdentifier)
    assert extension(lab.server, x509.AuthorityKeyIdentifier).key_identifier == own.digest


def test_r181_the_server_says_where_it_is(lab: Lab) -> None:
    """R-181: id-ad-cmc names a URI, and the purpose cmcCA goes with it."""
    (access,) = extension(lab.server, x509.SubjectInformationAccess)
    assert access.access_method.dotted_string == oids.ID_AD_CMC
    assert access.access_location == x509.UniformResourceIdentifier("http://localhost:8080/")
    purposes = [each.dotted_string for each in extension(lab.server, x509.ExtendedKeyUsage)]
    assert purposes == [oids.ID_KP_CMC_CA]


def test_the_server_signs_and_opens(lab: Lab) -> None:
    """RFC 5280 §4.2.1.3: digitalSignature and keyAgreement; the CA itself signs certificates."""
    usage = extension(lab.server, x509.KeyUsage)
    assert (usage.digital_signature, usage.key_agreement, usage.key_cert_sign) == (
        True, True, False,
    )  # fmt: skip
    usage = extension(lab.anchor, x509.KeyUsage)
    assert (usage.digital_signature, usage.key_cert_sign, usage.crl_sign) == (False, True, True)
    assert extension(lab.anchor, x509.BasicConstraints).ca


# --- what is issued ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "bits"),
    [
        ("rsa2048", {"digital_signature", "key_encipherment"}),
        ("p256", {"digital_signature", "key_agreement"}),
        ("ed25519", {"digital_signature"}),
        ("mldsa65", {"digital_signature"}),
        ("x25519", {"key_agreement"}),
        ("mlkem768", {"key_encipherment"}),
    ],
)
def test_key_usage_is_what_the_key_can(kind: str, bits: set[str], lab: Lab) -> None:
    """RFC 5280 §4.2.1.3, RFC 9935 §5: of signing and encrypting."""
    private = new_key(kind)
    signs = hasattr(private, "sign")
    more = {} if signs else {"form": "crmf", "pop": "challenge"}
    with lab.ca() as ca:
        certificate = issued(lab, ca, new(key=private, **more))
    usage = extension(certificate, x509.KeyUsage)
    names = ("digital_signature", "key_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
    assert {each for each in names if getattr(usage, each)} == bits


def test_every_certificate_has_both_identifiers(lab: Lab) -> None:
    """R-179: RFC 5280 §4.2.1.1 and §4.2.1.2, whatever was asked for; it is no CA."""
    asked = x509.SubjectKeyIdentifier(b"of the client's own")
    with lab.ca() as ca:
        certificate = issued(lab, ca, new(extensions=[x509.Extension(asked.oid, False, asked)]))
    own = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
    assert extension(certificate, x509.SubjectKeyIdentifier) == own
    issuer = extension(lab.anchor, x509.SubjectKeyIdentifier)
    assert extension(certificate, x509.AuthorityKeyIdentifier).key_identifier == issuer.digest
    assert not extension(certificate, x509.BasicConstraints).ca


def test_extensions_are_taken_that_the_profile_names(lab: Lab) -> None:
    """subjectAltName is; a purpose, a keyUsage and basicConstraints never are as asked for."""
    names = x509.SubjectAlternativeName([x509.DNSName("device.example")])
    wanted = [
        names,
        x509.ExtendedKeyUsage([x509.ObjectIdentifier(oids.ID_KP_CMC_RA)]),
        x509.BasicConstraints(ca=True, path_length=None),
        x509.KeyUsage(False, False, False, False, False, True, True, False, False),
        x509.OCSPNoCheck(),
    ]
    with lab.ca() as ca:
        asked = [x509.Extension(each.oid, True, each) for each in wanted]
        certificate = issued(lab, ca, new(extensions=asked))
    assert extension(certificate, x509.SubjectAlternativeName) == names
    found = {each.oid for each in certificate.extensions}
    assert x509.ExtendedKeyUsage.oid not in found
    assert x509.OCSPNoCheck.oid not in found
    assert not extension(certificate, x509.BasicConstraints).ca
    assert not extension(certificate, x509.KeyUsage).key_cert_sign


def test_the_serial_number_is_that_of_the_application(lab: Lab) -> None:
    """So whoever is asked twice, by a crash, finds what was issued first, and returns it."""
    asked: list[tuple[Any, Any]] = []
    with lab.ca() as ca:
        issue = ca.role.issue

        def watched(*application: Any) -> Any:
            asked.append(application)
            return issue(*application)

        object.__setattr__(ca.role, "issue", watched)
        certificate = issued(lab, ca)
        lab.clock.advance(hours=1)
        application, template = asked[0]
        assert issue(replace(application, again=True), template) == certificate
        assert certificate.serial_number == int.from_bytes(application.id, "big") >> 1
        assert [each.application_id for each in ca.certificates()] == [None, application.id]


def test_a_certificate_ends_with_the_ca_at_the_latest(lab: Lab) -> None:
    """RFC 5280 §6.1.3: later it would be of no use."""
    with (lab.path / "config.toml").open("a") as file:
        file.write("[profiles.long]\ndays = 4000\n")
    with lab.ca() as ca:
        ca.add_secret("device", SECRET, profile="long")
        (certificate,) = ended(lab.client().enroll(new()), ca.respond).certificates
    assert certificate.not_valid_after_utc == lab.anchor.not_valid_after_utc


def test_nobody_unknown_gets_anything(lab: Lab) -> None:
    """Neither on no secret nor on a wrong one, nor twice on one that is for one use."""
    with lab.ca() as ca:
        bare = ended(lab.client(None).enroll(new()), ca.respond)
        assert fail_info(bare) == CMCFailInfo.BAD_IDENTITY
        ca.add_secret("device", SECRET)
        wrong = ended(lab.client(secret=b"guessed").enroll(new()), ca.respond)
        assert fail_info(wrong) == CMCFailInfo.BAD_IDENTITY
        assert ended(lab.client().enroll(new()), ca.respond).state == "done"
        again = ended(lab.client().enroll(new(number=2)), ca.respond)
        assert fail_info(again) == CMCFailInfo.BAD_IDENTITY
        assert len(list(ca.certificates())) == 2


def test_nobody_gets_the_name_of_the_ca(lab: Lab) -> None:
    """R-180: its owner could answer for the CA; not even the server renews it so."""
    with lab.ca() as ca:
        ca.add_secret("device", SECRET, uses=2)
        for each in ("Lab CA", "lab ca"):
            refused = ended(lab.client().enroll(new(each)), ca.respond)
            assert fail_info(refused) == CMCFailInfo.BAD_REQUEST
            assert refused.statuses[0].status_string == "that is the name of the CA"
        assert len(list(ca.certificates())) == 1


def test_a_secret_is_for_a_name_and_for_so_many_uses(lab: Lab) -> None:
    """RFC 10002 §6.3.2: the name goes with the secret."""
    with lab.ca() as ca:
        ca.add_secret("device", SECRET, subject=name("device"), uses=2)
        other = ended(lab.client().enroll(new("another")), ca.respond)
        assert fail_info(other) == CMCFailInfo.BAD_IDENTITY
        assert ended(lab.client().enroll(new()), ca.respond).state == "done"


def test_encrypted_both_ways(lab: Lab) -> None:
    """R-070: the server's key opens, and the answer to that is encrypted too."""
    with lab.ca() as ca:
        ca.add_secret("device", SECRET)
        exchange = lab.client(**lab.encrypting()).enroll(new())
        exchange = exchange.receive(ca.respond(exchange.request or b""))
    assert exchange.state == "done"


# --- profiles ------------------------------------------------------------------------------------


def test_a_profile_goes_with_the_secret(lab: Lab) -> None:
    """And with the renewal; the operator's own stands in config.toml."""
    with (lab.path / "config.toml").open("a") as file:
        file.write("[profiles.web]\ndays = 10\nencrypt = false\npurposes = ['id-kp-serverAuth']\n")
    with lab.ca() as ca:
        ca.add_secret("device", SECRET, profile="web")
        certificate = ended(lab.client().enroll(new()), ca.respond).certificates[0]
        renewed = ended(
            lab.holder(certificate).renew(certificate, new(number=2)), ca.respond
        ).certificates[0]
        again = ended(
            lab.holder(renewed, 2).renew(renewed, new(number=3)), ca.respond
        ).certificates[0]
        with pytest.raises(LookupError, match=r"only ee, ra, server, web"):
            ca.add_secret("other", SECRET, profile="nobody's")
    for each in (certificate, renewed, again):
        assert list(extension(each, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.SERVER_AUTH]
        assert not extension(each, x509.KeyUsage).key_agreement
        assert each.not_valid_after_utc == START + timedelta(days=10)


def test_a_profile_that_is_gone_issues_nothing(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever has a secret or a certificate of it is told internalCAError; the log says why."""
    config = lab.path / "config.toml"
    without = config.read_text()
    config.write_text(f"{without}[profiles.web]\ndays = 10\n")
    with lab.ca() as ca:
        ca.add_secret("device", SECRET, profile="web")
    config.write_text(without)
    with lab.ca() as ca:
        assert answer(ca, lab.client().enroll(new()).request or b"").outcome == "internalCAError"
        assert not [each for each in ca.certificates() if each.requester == "secret device"]
    assert "there is no profile 'web' in config.toml" in caplog.text


def test_an_ra_of_the_profile_is_heard(lab: Lab) -> None:
    """R-182: its certificate has the purpose cmcRA, and its word counts until revoked."""
    with lab.ca() as ca:
        ca.add_secret("ra", SECRET, profile="ra")
        certificate = ended(lab.client("ra").enroll(new("RA")), ca.respond).certificates[0]
        purposes = [each.dotted_string for each in extension(certificate, x509.ExtendedKeyUsage)]
        assert purposes == [oids.ID_KP_CMC_RA]
        holder = lab.holder(certificate)
        assert holder.signer is not None
        ra = RegistrationAuthority(
            signer=holder.signer, store=MemoryStore(), upstream_trust=[lab.anchor],
            clock=lab.clock,
        )  # fmt: skip
        vouched = _request(new("person", 2))
        ra.vouch(vouched, by="desk", identity="4711")
        batch = ra.batch()
        assert batch is not None
        (delivery,) = ra.deliver(ca.respond(batch.octets))
        assert delivery.status == types.CMCStatus.SUCCESS
        ca.revoke(certificate.serial_number, CRLReason.KEY_COMPROMISE)
        ra.vouch(_request(new("another", 3)), by="desk", identity="4712")
        batch = ra.batch()
        assert batch is not None
        content = types.ContentInfo.from_der(ca.respond(batch.octets))
        assert content is not None
        assert len(list(ca.certificates())) == 3


def _request(request: Any) -> bytes:
    content = RequestBuilder().add_request(request).content()
    found: bytes = content.req_sequence[0].tcr.certification_request.to_der()
    return found


def test_a_purpose_alone_makes_no_ra(lab: Lab) -> None:
    """R-182: what another profile gave it for is not the CA's word for an RA."""
    with (lab.path / "config.toml").open("a") as file:
        file.write("[profiles.like]\npurposes = ['id-kp-cmcRA']\n")
    with lab.ca() as ca:
        ca.add_secret("device", SECRET, profile="like")
        certificate = ended(lab.client().enroll(new()), ca.respond).certificates[0]
        signer = lab.holder(certificate).signer
        assert signer is not None
        made = RequestBuilder().transaction().add_request(new("another", 5)).sign(signer)
        assert answer(ca, made).outcome == "badIdentity"


def test_an_ra_from_elsewhere_is_named(lab: Lab, tmp_path: Path) -> None:
    """Its certificate is in a file; another one of the same CA is not heard."""
    (tmp_path / "other").mkdir()
    other = Lab(folder(tmp_path / "other", "p384"))
    with other.ca() as issuer:
        issuer.add_secret("ra", SECRET)
        certificate = ended(other.client("ra").enroll(new("RA")), issuer.respond).certificates[0]
    signer = lab.holder(certificate).signer
    assert signer is not None
    for ras, outcome in (([certificate], "success"), ([], "badIdentity")):
        with lab.ca(authorised_ras=ras) as ca:
            made = RequestBuilder().transaction().add_request(new("person", 5)).sign(signer)
            assert answer(ca, made).outcome == outcome


# --- revocation ----------------------------------------------------------------------------------


def test_revoked_by_its_owner(lab: Lab) -> None:
    """R-136: on the CRL with its reason; what it signs then is not believed."""
    with lab.ca() as ca:
        certificate = issued(lab, ca)
        holder = lab.holder(certificate)
        lost = lab.clock.now - timedelta(hours=3)
        asked = holder.revoke(certificate, CRLReason.KEY_COMPROMISE, invalidity_date=lost)
        assert ended(asked, ca.respond).state == "done"
        (entry,) = crl_of(ca)
        assert entry.serial_number == certificate.serial_number
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value
        assert reason.reason == x509.ReasonFlags.key_compromise
        date = entry.extensions.get_extension_for_class(x509.InvalidityDate).value
        assert date.invalidity_date_utc == lost
        after = ended(holder.renew(certificate, new(number=2)), ca.respond)
        assert fail_info(after) == CMCFailInfo.BAD_IDENTITY
        states = [each.state for each in ca.certificates()]
    assert states == ["issued", "revoked"]


def test_a_hold_can_be_lifted_and_nothing_else(lab: Lab) -> None:
    """RFC 5280 §5.3.1: removeFromCRL, or another reason; what is revoked stays so."""
    with lab.ca() as ca:
        serial = issued(lab, ca).serial_number
        ca.revoke(serial, CRLReason.CERTIFICATE_HOLD)
        assert [each.serial_number for each in crl_of(ca)] == [serial]
        ca.revoke(serial, CRLReason.REMOVE_FROM_CRL)
        assert list(crl_of(ca)) == []
        ca.revoke(serial, CRLReason.CERTIFICATE_HOLD)
        first = lab.clock.now
        ca.revoke(serial, CRLReason.SUPERSEDED)
        lab.clock.advance(hours=1)
        ca.revoke(serial, CRLReason.KEY_COMPROMISE)
        ca.revoke(serial, CRLReason.REMOVE_FROM_CRL)
        (entry,) = crl_of(ca)
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value
    assert reason.reason == x509.ReasonFlags.superseded
    assert entry.revocation_date_utc == first


def test_no_reason_is_no_entry_extension(lab: Lab) -> None:
    """RFC 5280 §5.3.1: unspecified is said by saying nothing."""
    with lab.ca() as ca:
        ca.revoke(issued(lab, ca).serial_number)
        (entry,) = crl_of(ca)
    assert len(entry.extensions) == 0


def test_only_what_was_issued_is_revoked(lab: Lab) -> None:
    """RFC 10002 §6.11: another number, or another issuer's; that of the server is."""
    with lab.ca() as ca:
        with pytest.raises(LookupError):
            ca.revoke(4711)
        certificate = issued(lab, ca)
        wanted = types.IssuerAndSerialNumber(
            issuer=types.Name.from_cryptography(name("Another CA")),
            serial_number=certificate.serial_number,
        )
        asked = lab.holder(certificate).revoke(wanted, CRLReason.SUPERSEDED)
        assert ended(asked, ca.respond).state == "failed"
        ca.add_secret("ra", SECRET, profile="ra")
        (own,) = ended(lab.client("ra").enroll(new("RA", 2)), ca.respond).certificates
        asked = lab.holder(own, 2).revoke(wanted, CRLReason.SUPERSEDED)
        # It may revoke what others have; but not this.
        assert fail_info(ended(asked, ca.respond)) == CMCFailInfo.BAD_CERT_ID
        assert not list(crl_of(ca))
        ca.revoke(lab.server.serial_number, CRLReason.SUPERSEDED)
        assert [each.serial_number for each in crl_of(ca)] == [lab.server.serial_number]


def test_a_crl_is_renewed_in_time_and_on_change(lab: Lab) -> None:
    """RFC 5280 §5.1.2.5 and §5.2.3: numbers grow; at half its life there is a new one."""
    with lab.ca() as ca:
        first, same = crl_of(ca), crl_of(ca)
        assert first == same
        assert first.next_update_utc == START + timedelta(days=7)
        ca.revoke(issued(lab, ca).serial_number)
        second = crl_of(ca)
        lab.clock.advance(days=3)
        assert crl_of(ca) == second
        lab.clock.advance(days=1)
        third = crl_of(ca)
    numbers = [
        each.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        for each in (first, second, third)
    ]
    assert numbers == [1, 2, 3]
    assert third.last_update_utc == START + timedelta(days=4)


def test_a_crl_of_a_time(lab: Lab) -> None:
    """RFC 10002 §6.10: the newest that is older than the time; none where there is none."""
    with lab.ca() as ca:
        first = ca.crl()
        lab.clock.advance(days=4)
        second = ca.crl()

        def before(**by: float) -> bytes | None:
            wanted = types.GetCRL(
                issuer_name=types.Name.from_cryptography(lab.anchor.subject),
                time=START + timedelta(**by),
            )
            assert ca.role.crl is not None
            return ca.role.crl(wanted)

        assert before(seconds=0) is None
        assert before(seconds=1) == before(days=4) == first
        assert before(days=5) == second


def test_getcert_and_getcrl(lab: Lab) -> None:
    """R-135: what the CA has, also its own certificate; not what it has not."""
    with lab.ca() as ca:
        certificate = issued(lab, ca)
        holder = lab.holder(certificate)
        for wanted in (certificate, lab.anchor, lab.server):
            asked = holder.get_certificate(lab.anchor.subject, wanted.serial_number)
            exchange = ended(asked, ca.respond)
            assert exchange.state == "done"
            assert wanted in (*exchange.certificates, *exchange.chain)
        elsewhere = types.GeneralName(uniform_resource_identifier="http://ca.example")
        for issuer, serial in (
            (lab.anchor.subject, 4711),
            (name("Another CA"), certificate.serial_number),
            (elsewhere, certificate.serial_number),
        ):
            missing = ended(holder.get_certificate(issuer, serial), ca.respond)
            assert fail_info(missing) == CMCFailInfo.BAD_CERT_ID
        found = ended(holder.get_crl(lab.anchor.subject), ca.respond)
        assert [each.public_bytes(Encoding.DER) for each in found.crls] == [ca.crl()]
        other = ended(holder.get_crl(name("Another CA")), ca.respond)
        assert other.state == "failed"


# --- publication ---------------------------------------------------------------------------------


def test_published_and_taken_back(lab: Lab) -> None:
    """RFC 10002 §6.18: a file for each in the folder of the CA, by its hash."""
    with lab.ca() as ca:
        certificate = issued(lab, ca)
        octets = certificate.public_bytes(Encoding.DER)
        place = lab.path / "published" / f"{hashlib.sha256(octets).hexdigest()}.cer"
        signer = lab.holder(certificate).signer
        assert signer is not None

        def asked(wanted: Any, **fields: Any) -> str:
            made = RequestBuilder().transaction()
            made = made.add_control(publication.compute([wanted], **fields))
            return answer(ca, made.sign(signer)).outcome

        assert asked(certificate) == "success"
        assert place.read_bytes() == octets
        assert asked(certificate, publish=False) == "success"
        assert not place.exists()
        assert asked(certificate, publish=False) == "success"
        assert asked(lab.anchor) == "badCertId"
        content = publication.compute([certificate])
        unknown = replace(content, hash_alg=types.AlgorithmIdentifier(algorithm="1.2.3"))
        made = RequestBuilder().transaction().add_control(unknown).sign(signer)
        assert answer(ca, made).outcome == "badCertId"


def test_the_crl_is_published(lab: Lab) -> None:
    """RFC 2585 §3: what `tick` does, and each revocation."""
    place = lab.path / "published" / "ca.crl"
    with lab.ca() as ca:
        certificate = issued(lab, ca)
        ca.tick()
        assert place.read_bytes() == ca.crl()
        ca.revoke(certificate.serial_number)
        assert [each.serial_number for each in x509.load_der_x509_crl(place.read_bytes())] == [
            certificate.serial_number
        ]


# --- what waits ----------------------------------------------------------------------------------


def test_what_the_policy_would_issue_waits(lab: Lab) -> None:
    """``manual``: approved, or refused with a reason; who is unknown is refused at once."""
    with lab.ca(manual=True) as ca:
        bare = ended(lab.client(None).enroll(new()), ca.respond)
        assert fail_info(bare) == CMCFailInfo.BAD_IDENTITY
        exchanges = {}
        for each in ("device", "other"):
            ca.add_secret(each, SECRET)
            exchanges[each] = ended(lab.client(each).enroll(new(each)), ca.respond)
            assert exchanges[each].state == "wait"
        waiting = {each.subject: each for each in ca.pending()}
        assert {str(each.requester) for each in waiting.values()} == {
            "secret device", "secret other",
        }  # fmt: skip
        assert {each.since for each in waiting.values()} == {START}
        gauges = ca.gauges()
        assert gauges["cmc_applications_pending"] == 2
        lab.clock.advance(minutes=5)
        assert ca.gauges()["cmc_applications_pending_oldest_seconds"] == 300
        ca.approve(waiting[name("device")].id)
        ca.refuse(waiting[name("other")].id, CMCFailInfo.POP_FAILED, "not today")
        done = ended(exchanges["device"].due(), ca.respond)
        assert done.state == "done"
        refused = ended(exchanges["other"].due(), ca.respond)
        assert fail_info(refused) == CMCFailInfo.POP_FAILED
        with pytest.raises(LookupError):
            ca.approve(waiting[name("device")].id)
        assert ca.gauges() == {
            "cmc_applications_pending": 0, "cmc_applications_pending_oldest_seconds": 0.0,
        }  # fmt: skip


def test_confirmed_and_rejected(lab: Lab) -> None:
    """R-144, R-146: listed as confirmed; a rejected one is revoked."""
    with lab.ca(confirm=True) as ca:
        for each, accept in (("device", True), ("other", False)):
            ca.add_secret(each, SECRET)
            client = lab.client(each, accept=lambda _, accept=accept: accept)
            ended(client.enroll(new(each)), ca.respond)
        found = {each.certificate.subject: each.state for each in ca.certificates()}
    assert found[name("device")] == "confirmed"
    assert found[name("other")] == "revoked"


# --- as a service --------------------------------------------------------------------------------


def test_outcomes_of_answers(lab: Lab) -> None:
    """A word for each answer: that of the first failure, of what waits, or success."""
    with lab.ca() as ca:
        ca.add_secret("device", SECRET)
        octets = lab.client().enroll(new()).request or b""
        first = answer(ca, octets)
        assert first.outcome == "success"
        assert first.outside > 0
        again = answer(ca, octets)
        assert (again.octets, again.outcome) == (first.octets, "repeated")
        assert answer(ca, b"garbage").outcome == "badRequest"
    with lab.ca(manual=True) as ca:
        ca.add_secret("other", SECRET)
        assert answer(ca, lab.client("other").enroll(new()).request or b"").outcome == "pending"
    with lab.ca(confirm=True) as ca:
        ca.add_secret("third", SECRET)
        outcome = answer(ca, lab.client("third").enroll(new()).request or b"").outcome
        assert outcome == "confirm_required"


def test_what_is_done_is_logged(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """Issued, revoked and refused, each with who asked, and no secret."""
    caplog.set_level("INFO")
    with lab.ca() as ca:
        serial = issued(lab, ca).serial_number
        ca.revoke(serial)
        ended(lab.client(secret=b"guessed").enroll(new()), ca.respond)
    said = [each.getMessage() for each in caplog.records]
    assert f"issued {serial:x}: CN=device, by secret device" in said
    assert f"revoked {serial:x}, by none" in said
    assert any(each.endswith("refused: identity_proof_wrong") for each in said)
    assert SECRET.decode() not in caplog.text


def test_health(lab: Lab) -> None:
    """Store and keys answer, or do not."""
    failed: list[bool] = []
    with lab.ca(store_failed=lambda: failed.append(True)) as ca:
        assert ca.health() == {"store": True, "keys": True}
        for each in lab.path.glob("store.sqlite*"):
            each.unlink()
        lab.path.joinpath("store.sqlite").mkdir()
        ca.store.close()
        assert ca.health() == {"store": False, "keys": True}
    assert failed


def test_many_processes_share_a_folder(lab: Lab) -> None:
    """What one of them issues and revokes, the others know."""
    with lab.ca() as one, lab.ca() as other:
        certificate = issued(lab, one)
        assert len(list(other.certificates())) == 2
        other.revoke(certificate.serial_number)
        asked = lab.holder(certificate).renew(certificate, new(number=2))
        assert fail_info(ended(asked, one.respond)) == CMCFailInfo.BAD_IDENTITY
        assert one.crl() == other.crl()


def test_dates_come_from_the_clock(lab: Lab) -> None:
    """That which was passed in, with some minutes for clocks that are slow."""
    with lab.ca() as ca:
        certificate = issued(lab, ca)
    assert certificate.not_valid_before_utc == START - timedelta(minutes=5)
    assert certificate.not_valid_after_utc == START + timedelta(days=90)
