"""The certification authority: revocation, certificates and CRLs."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography import x509

from cmcodec import cms, oids, types
from cmcodec.builders import RequestBuilder
from cmcodec.controls import auth_data, trust_anchors
from cmcodec.errors import ProofError
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    ITERATIONS,
    SECRET,
    Authority,
    anchor,
    certified,
    failed,
    identified,
    issued_to,
    ra,
    renewal,
    signer,
)
from kit.chains import DAY, NOW, Issued
from kit.keys import certificate, crl, der, name

BAD, MISSING = CMCFailInfo.BAD_REQUEST, CMCFailInfo.BAD_CERT_ID
OLD = certified("device")
SUCCESS = CMCStatus.SUCCESS


# --- revocation -----------------------------------------------------------------------------------


def enrolled(authority: Authority) -> Issued:
    """A certificate that came by the secret of device, which is spent."""
    authority.secret()
    answer = authority.process(identified())
    return issued_to(answer, 1)


def revoking(of: Issued, by: Issued, **fields: Any) -> bytes:
    made = RequestBuilder().transaction()
    return made.revoke(of.certificate, types.CRLReason.KEY_COMPROMISE, **fields).sign(signer(by))


def test_a_certificate_revokes_itself() -> None:
    """R-136, R-139, R-140: signed by its own key; the hook is told all that was said.

    Shows CA: revokeRequest.
    """
    authority = Authority()
    own = enrolled(authority)
    date = NOW - DAY
    answer = authority.process(revoking(own, own, invalidity_date=date, comment="lost"))
    assert answer.kind == "full-response"
    assert [each[0] for each in answer.statuses()] == [SUCCESS]
    (revocation,) = authority.revoked
    assert revocation.certificate.serial_number == own.certificate.serial_number
    assert (revocation.reason, revocation.comment) == (types.CRLReason.KEY_COMPROMISE, "lost")
    assert revocation.invalidity_date == date
    assert revocation.requester.certificate == own.certificate


@pytest.mark.parametrize("named", [True, False])
def test_a_secret_revokes(named: bool) -> None:
    """R-137 to R-139: unsigned, by the secret it was issued under, though that is spent.

    Shows CA: revokeRequest.
    """
    authority = Authority()
    own = enrolled(authority)

    def unsigned(secret: bytes) -> bytes:
        made = RequestBuilder().transaction()
        if named:
            made = made.add_control(types.Identification("device"))
        made = made.revoke(own.certificate, types.CRLReason.KEY_COMPROMISE, secret=secret)
        return made.without_signature()

    assert authority.process(unsigned(b"wrong")).statuses()[0][2] == CMCFailInfo.BAD_IDENTITY
    assert not authority.revoked
    assert authority.process(unsigned(SECRET)).statuses()[0][0] == SUCCESS
    assert len(authority.revoked) == 1
    for _ in range(5):
        authority.process(unsigned(b"wrong"))
    assert authority.process(unsigned(SECRET)).statuses()[0][2] == CMCFailInfo.BAD_IDENTITY


def test_a_mac_revokes() -> None:
    """R-139: the whole message is under the secret."""
    authority = Authority()
    own = enrolled(authority)
    made = RequestBuilder().transaction().revoke(own.certificate, types.CRLReason.KEY_COMPROMISE)
    octets = made.authenticate(SECRET, "device", iterations=ITERATIONS)
    password = cms.RecipientKey.from_password(SECRET, "device")
    assert authority.process(octets).statuses(password)[0][0] == SUCCESS
    authority.secret("other", b"another secret")
    octets = made.authenticate(b"another secret", "other", iterations=ITERATIONS)
    password = cms.RecipientKey.from_password(b"another secret", "other")
    answer = authority.process(octets)
    assert answer.statuses(password)[0][2] == CMCFailInfo.BAD_IDENTITY
    assert len(authority.revoked) == 1


def test_another_certificate_of_the_same_name_revokes() -> None:
    """R-139: the new one revokes the old one; an RA revokes any; nobody else does."""
    authority = Authority({"authorised_ras": [ra().certificate]})
    own = enrolled(authority)
    fresh = issued_to(authority.process(renewal(own)), 2)
    assert authority.process(revoking(own, fresh)).statuses()[0][0] == SUCCESS
    assert authority.process(revoking(fresh, ra())).statuses()[0][0] == SUCCESS
    assert len(authority.revoked) == 2
    stranger = certified("other", number=5)
    answer = authority.process(revoking(own, stranger))
    assert answer.statuses()[0][2] == CMCFailInfo.BAD_IDENTITY
    answer = authority.process(revoking(stranger, own))
    assert answer.statuses()[0][2] == CMCFailInfo.BAD_IDENTITY
    assert len(authority.revoked) == 2


def test_a_certificate_whose_names_cannot_be_read_is_nobodys() -> None:
    """R-139: of the same subject, with a subjectAltName that is none, it revokes no other."""
    authority = Authority()
    own = enrolled(authority)
    none = x509.UnrecognizedExtension(x509.OID_SUBJECT_ALTERNATIVE_NAME, b"\x30")
    odd = certified("device", number=5, extensions=((none, False),))
    answer = authority.process(revoking(own, odd))
    assert answer.statuses()[0][2] == CMCFailInfo.BAD_IDENTITY
    assert not authority.revoked


def test_what_a_revocation_comes_to() -> None:
    """R-140: an unknown certificate is badCertId; without a hook it is not supported."""

    def unknown(revocation: Any) -> None:
        raise LookupError

    def fail(revocation: Any) -> None:
        raise ValueError("x")

    def down(revocation: Any) -> None:
        raise OSError("x")

    authority = Authority()
    own = enrolled(authority)
    octets = revoking(own, own)
    codes = [
        authority.process(octets, revoke=hook).statuses()[0][2]
        for hook in (down, fail)
    ]  # fmt: skip
    assert codes == [CMCFailInfo.TRY_LATER, CMCFailInfo.INTERNAL_CA_ERROR]
    assert authority.process(octets).statuses()[0][0] == SUCCESS
    assert authority.process(octets, revoke=fail).statuses()[0][0] == SUCCESS
    assert authority.process(revoking(own, own), revoke=unknown).statuses()[0][2] == MISSING
    answer = authority.process(revoking(own, own), revoke=None)
    assert answer.statuses()[0][0] == CMCStatus.NO_SUPPORT


# --- certificates and CRLs ------------------------------------------------------------------------


def test_certificates_and_crls_are_found() -> None:
    """R-134, R-135: alone they come in a Simple PKI Response.

    Shows CA: getCert, getCRL.
    """
    found, listed = certificate("p-256"), crl()
    directory = types.GeneralName(directory_name=types.Name.from_cryptography(found.issuer))
    asked: list[Any] = []

    def find(issuer: Any, serial: int) -> bytes | None:
        asked.append((issuer, serial))
        return der(found) if serial == found.serial_number else None

    authority = Authority({"certificate": find, "crl": lambda wanted: der(listed)})

    def get(*serials: int, crls: bool = False, transaction: bool = False) -> bytes:
        made = RequestBuilder().transaction() if transaction else RequestBuilder()
        for number, serial in enumerate(serials, 20):
            control = types.GetCert(issuer_name=directory, serial_number=serial)
            made = made.add_control(control, body_part_id=number)
        if crls:
            made = made.add_control(types.GetCRL(issuer_name=directory.directory_name))
        return made.sign(signer(OLD))

    answer = authority.process(get(found.serial_number, crls=True))
    assert answer.kind == "simple-response"
    assert [each.to_cryptography() for each in answer.message.certificates] == [found]
    assert [each.to_cryptography() for each in answer.message.crls] == [listed]
    assert asked == [(directory, found.serial_number)]
    answer = authority.process(get(found.serial_number, transaction=True))
    assert answer.kind == "full-response"
    assert answer.certificates() == [found]
    answer = authority.process(get(found.serial_number, 7))
    assert answer.statuses() == [(SUCCESS, (20,), None), (CMCStatus.FAILED, (21,), MISSING)]
    unable = authority.process(get(1), certificate=None)
    assert unable.statuses() == [(CMCStatus.NO_SUPPORT, (20,), None)]
    sealed = cms.encrypt(
        get(found.serial_number), cms.Recipient.from_certificate(anchor().certificate)
    )
    assert authority.process(sealed).kind == "other"


def test_a_lookup_that_fails() -> None:
    """R-017: tryLater or internalCAError, by its control."""
    directory = types.GeneralName(directory_name=types.Name.from_cryptography(name("CA")))
    control = types.GetCert(issuer_name=directory, serial_number=1)
    octets = RequestBuilder().add_control(control, body_part_id=20).sign(signer(OLD))

    def fail(issuer: Any, serial: int) -> bytes | None:
        raise OSError

    authority = Authority({"certificate": lambda issuer, serial: None})
    assert authority.process(octets, certificate=fail).statuses() == failed(
        CMCFailInfo.TRY_LATER, 20
    )
    assert authority.process(octets).statuses() == failed(MISSING, 20)


# --- trust anchors ---------------------------------------------------------------------------


def test_trust_anchors_are_published() -> None:
    """R-150: whoever embeds the authority adds them; the answer has a signing time.

    Shows CA: trustedAnchors.
    """
    anchors = [anchor().certificate]
    authority = Authority(
        {"decorate": lambda opened, made: made.add_control(trust_anchors.compute(anchors, 5))}
    )
    hashes = (hashlib.sha256(anchor().der).digest(),)
    for octets in (renewal(OLD), RequestBuilder().transaction().abort().sign(signer(OLD))):
        opened = authority.process(octets).opened()
        found = trust_anchors.accept(opened, last=4, may_publish=lambda _: True, at=NOW)
        assert found == hashes
        with pytest.raises(ProofError, match="not_current"):
            trust_anchors.accept(opened, last=4, may_publish=lambda _: True, at=NOW + DAY)


def test_trust_anchors_are_published_under_a_secret() -> None:
    """R-153, R-154: for a client that trusts nobody yet, in an authData member.

    Shows CA: trustedAnchors, authData.
    """
    control = types.TaggedAttribute(
        body_part_id=1,
        attr_type=oids.ID_CMC_TRUSTED_ANCHORS,
        attr_values=(trust_anchors.compute([anchor().certificate], 5),),
    )
    inner = types.PKIData(
        control_sequence=(control,), req_sequence=(), cms_sequence=(), other_msg_sequence=()
    )
    to_device = cms.Recipient.from_password(SECRET, "device", iterations=ITERATIONS)

    def decorate(opened: Any, made: Any) -> Any:
        under_mac = cms.authenticate(inner, to_device, signing_time=NOW)
        made = made.add_message(under_mac, body_part_id=70)
        return made.add_control(types.AuthPublish(70), body_part_id=71)

    answer = Authority({"decorate": decorate}).process(renewal(OLD))
    password = cms.RecipientKey.from_password(SECRET, "device")
    ((number, found),) = auth_data.open(answer.opened(), password)
    assert number == 71
    hashes = trust_anchors.accept(found, last=4, may_publish=lambda _: True, at=NOW)
    assert hashes == (hashlib.sha256(anchor().der).digest(),)
    with pytest.raises(ProofError, match="auth_data_wrong"):
        auth_data.open(answer.opened(), cms.RecipientKey.from_password(b"wrong", "device"))
