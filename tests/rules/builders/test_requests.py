"""RequestBuilder and NewRequest: what they make verifies, what is forbidden is not made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import cmcodec
from cmcodec import cms, controls, oids, types
from cmcodec.asn1 import NULL, TLV, BitString
from cmcodec.builders import NewRequest, RequestBuilder, ResponseBuilder
from kit.keys import ALICE, ED25519, certificate, der, key, key_identifier, name

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = b"correct horse battery"
NAME = name("device-1")


def signer(kind: str = "p-256", number: int = 0) -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key(kind, number), certificate(kind, number))


def new(kind: str = "p-256", number: int = 5, **fields: Any) -> NewRequest:
    return NewRequest(key=key(kind, number), subject=NAME, **fields)


def opened(octets: bytes, **decisions: Any) -> cmcodec.Opened:
    return cmcodec.load(octets, strict=True).open(**decisions)


def content(octets: bytes) -> types.PKIData:
    found = opened(octets).content
    assert isinstance(found, types.PKIData)
    return found


# --- requests --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
@pytest.mark.parametrize("kind", ["rsa-2048", "p-256", "p-384", "p-521", "ed25519"])
def test_r_046_new_requests_prove_possession(form: Any, kind: str) -> None:
    """R-004, R-005, R-046: both forms with a signature of every kind of key."""
    octets = RequestBuilder().add_request(new(kind, form=form)).sign(signer())
    found = opened(octets)
    (request,) = found.requests
    assert (request.id, request.form, request.pop) == (1, form, "verified")
    controls.check(found.content)


def test_a_member_is_a_message_in_any_form() -> None:
    """R-054: octets, a message that was loaded, or the structure of one are the same member."""
    octets = RequestBuilder().add_request(new()).sign(signer())
    member = cmcodec.load(octets)
    for each in (octets, member, member.unverified_structure):
        made = RequestBuilder().add_message(each, body_part_id=7).sign(signer())
        ((number, found),) = cmcodec.load(made).unverified_messages
        assert (number, found.to_der()) == (7, octets)


def test_r_012_extensions_travel_in_one_attribute() -> None:
    """R-012: of cryptography and of this package; a key identifier is added unless given."""
    usage = x509.Extension(
        x509.KeyUsage.oid, True,
        x509.KeyUsage(True, False, False, False, False, False, False, False, False),
    )  # fmt: skip
    made = content(RequestBuilder().add_request(new(extensions=[usage])).sign(signer()))
    info = made.req_sequence[0].tcr.certification_request.certification_request_info
    (attribute,) = info.attributes
    assert attribute.attr_type == oids.ID_EXTENSION_REQUEST
    (asked,) = attribute.attr_values
    assert [each.extn_id for each in asked.value] == ["2.5.29.15", "2.5.29.14"]
    assert asked.value[0].critical
    own = types.Extension(extn_id="2.5.29.14", extn_value=b"\x04\x02hi")
    made = content(RequestBuilder().add_request(new(extensions=[own])).sign(signer()))
    info = made.req_sequence[0].tcr.certification_request.certification_request_info
    assert info.attributes[0].attr_values[0].value == (own,)
    with pytest.raises(cmcodec.EncodeError, match="duplicate_extension"):
        RequestBuilder().add_request(new(extensions=[usage, usage])).content()


def test_r_037_a_subject_may_be_empty() -> None:
    """R-037, R-039: it is there, and may be the empty name."""
    for form in ("pkcs10", "crmf"):
        request = NewRequest(key=key("p-256", 5), form=form)
        made = content(RequestBuilder().add_request(request).sign(signer()))
        (asked,) = made.req_sequence
        subject = (
            asked.tcr.certification_request.certification_request_info.subject
            if asked.tcr
            else asked.crm.cert_req.cert_template.subject
        )
        assert subject.to_der() == b"\x30\x00"


def finished() -> x509.CertificateSigningRequest:
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(NAME)
        .sign(key("p-256", 6), hashes.SHA256())
    )


@pytest.mark.parametrize(
    "form",
    [
        lambda it: it,
        der,
        lambda it: it.public_bytes(Encoding.PEM),
        lambda it: types.CertificationRequest.from_der(der(it)),
        lambda it: types.TaggedRequest(
            tcr=types.TaggedCertificationRequest(
                body_part_id=1, certification_request=types.CertificationRequest.from_der(der(it))
            )
        ),
    ],
    ids=["cryptography", "der", "pem", "type", "tagged"],
)
def test_r_173_a_finished_request_stays_as_it_is(form: Callable[[Any], Any]) -> None:
    """R-173: octet for octet, in whatever form it is given."""
    request = finished()
    octets = RequestBuilder().add_request(form(request)).sign(signer())
    found = opened(octets)
    assert found.octets("reqSequence[0].tcr.certificationRequest") == der(request)
    assert found.requests[0].pop == "verified"


def test_r1_a_finished_request_with_a_wrong_proof_is_refused() -> None:
    """R1: what would not verify is not taken."""
    octets = der(finished())
    broken = octets[:-1] + bytes([octets[-1] ^ 1])
    with pytest.raises(cmcodec.EncodeError, match="pop_invalid"):
        RequestBuilder().add_request(broken)


def crmf(**changes: Any) -> types.CertReqMsg:
    made = RequestBuilder().add_request(new(form="crmf")).content().req_sequence[0].crm
    from dataclasses import replace

    template = replace(made.cert_req.cert_template, **changes.pop("template", {}))
    asked = replace(made.cert_req, cert_template=template, **changes.pop("cert_req", {}))
    return replace(made, cert_req=asked, **changes)


POPOSK_INPUT = types.POPOSigningKey(
    poposk_input=types.POPOSigningKeyInput(
        auth_info=types.AuthInfo(sender=types.GeneralName(dns_name="device.example")),
        public_key=types.SubjectPublicKeyInfo.from_der(ALICE.spki()),
    ),
    algorithm_identifier=ED25519,
    signature=BitString(bytes(64)),
)
ENCR_CERT = types.POPOPrivKey(subsequent_message=0)
ATTRIBUTE = types.AttributeTypeAndValue


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("R-039", {"template": {"subject": None}}),
        ("R-039", {"template": {"public_key": None}}),
        ("R-042", {"reg_info": (ATTRIBUTE(type="1.2.3", value=TLV(b"\x05\x00")),)}),
        ("R-043", {"popo": types.ProofOfPossession(key_encipherment=ENCR_CERT)}),
        ("R-043", {"popo": types.ProofOfPossession(key_agreement=ENCR_CERT)}),
        ("R-044", {"popo": types.ProofOfPossession(signature=POPOSK_INPUT)}),
        ("R-047", {"popo": types.ProofOfPossession(ra_verified=NULL)}),
        ("R-048", {"template": {"serial_number": 1}}),
        ("R-048", {"template": {"signing_alg": types.AlgorithmIdentifier(algorithm="1.2.3")}}),
        ("R-206", {"cert_req": {"controls": (
            ATTRIBUTE(type=oids.ID_REG_CTRL_REG_TOKEN, value=types.RegToken("x")),)}}),
    ],
)  # fmt: skip
def test_what_is_forbidden_in_crmf(rule: str, changes: dict[str, Any]) -> None:
    """R-039, R-042 to R-044, R-047, R-048, R-206: refused at the call."""
    with pytest.raises(cmcodec.ForbiddenError, match=rule) as caught:
        RequestBuilder().add_request(crmf(**changes))
    assert (caught.value.reason, caught.value.rule) == ("forbidden", rule)


def test_a_finished_crmf_without_a_proof_is_taken() -> None:
    """R-046: an RA may prove possession in another way, later."""
    found = opened(RequestBuilder().add_request(crmf(popo=None)).sign(signer()))
    assert found.requests[0].pop == "absent"


OTHER = types.TaggedRequest(
    orm=types.OtherRequest(
        body_part_id=7, request_message_type="1.2.3", request_message_value=TLV(b"\x05\x00")
    )
)


def test_requests_of_another_kind_keep_their_id() -> None:
    """RFC 10002 §3.2.1.2.3: taken as they are; no key of theirs signs."""
    builder = RequestBuilder().add_request(OTHER, body_part_id=7)
    assert content(builder.sign(signer())).req_sequence == (OTHER,)
    for number in (1, 8):
        with pytest.raises(cmcodec.EncodeError, match="bad_value in body_part_id"):
            RequestBuilder().add_request(OTHER, body_part_id=number)
    by_request_key = cms.SigningKey(
        sign=lambda _: b"", algorithm="Ed25519", key_identifier=bytes(20)
    )
    with pytest.raises(cmcodec.ForbiddenError, match="R-019"):
        builder.sign(by_request_key)
    with pytest.raises(cmcodec.ForbiddenError, match="R-016"):
        builder.without_signature()


def test_new_requests_that_contradict_themselves() -> None:
    """What is unknown, and proofs that the form of request does not have."""
    for field, fields in (
        ("form", {"form": "pkcs12"}), ("pop", {"pop": "promise"}), ("pop", {"pop": "challenge"}),
        ("pop", {"pop": "dh", "form": "crmf"}),
    ):  # fmt: skip
        with pytest.raises(cmcodec.EncodeError, match=f"bad_value in {field}"):
            new(**fields)
    with pytest.raises(cmcodec.ArgumentError, match="is no private key"):
        NewRequest(key=object())
    attribute = types.Attribute(attr_type="1.2.3", attr_values=(TLV(b"\x05\x00"),))
    with pytest.raises(cmcodec.EncodeError, match="bad_value in attributes"):
        RequestBuilder().add_request(new(form="crmf", attributes=[attribute])).content()


def test_what_is_no_request_is_refused() -> None:
    """At the call: an object of another kind, and a message that holds none."""
    for other in (object(), RequestBuilder().content()):
        with pytest.raises((cmcodec.EncodeError, cmcodec.ArgumentError)):
            RequestBuilder().add_request(other)  # type: ignore[arg-type]
    with pytest.raises(cmcodec.EncodeError, match="bad_type in request"):
        RequestBuilder().add_request(RequestBuilder().add_request(new()).sign(signer()))


def test_r_171_change_subject_name_has_a_field() -> None:
    """R-171, R-240: an attribute of the request, never empty, and no control."""
    empty = types.ChangeSubjectName()
    with pytest.raises(cmcodec.ForbiddenError, match="R-171"):
        RequestBuilder().add_request(new(change_subject_name=empty))
    changed = types.ChangeSubjectName(subject=types.Name.from_cryptography(name("new")))
    with pytest.raises(cmcodec.ForbiddenError, match="R-240"):
        RequestBuilder().add_control(changed)
    for form in ("pkcs10", "crmf"):
        octets = (
            RequestBuilder().add_request(new(form=form, change_subject_name=changed)).sign(signer())
        )
        (template,) = controls.templates.effective(opened(octets)).values()
        assert template.subject == changed.subject


# --- ids -------------------------------------------------------------------------------------


def test_r_055_ids_are_given_around_those_that_are_fixed() -> None:
    """R-055, R-056, R-057: from 1 on in the order of the calls; repeated ones are refused."""
    builder = (
        RequestBuilder()
        .add_control(types.RegInfo(b"x"), body_part_id=2)
        .add_request(new())
        .add_request(new(number=6, form="crmf"))
        .add_control(types.RegInfo(b"y"))
    )
    made = builder.content()
    assert [each.body_part_id for each in made.control_sequence] == [2, 4]
    assert made.req_sequence[0].tcr.body_part_id == 1
    assert made.req_sequence[1].crm.cert_req.cert_req_id == 3
    for number, rule in ((2, "R-055"), (0, "R-056"), (1 << 32, "R-056")):
        with pytest.raises(cmcodec.ForbiddenError, match=rule):
            builder.add_control(types.RegInfo(b"z"), body_part_id=number).content()


# --- who asks --------------------------------------------------------------------------------


def test_r_089_identity_proof_and_pop_link() -> None:
    """R-086, R-092, R-096, R-099 to R-102: over the requests as they are sent."""
    for version in (1, 2):
        octets = (
            RequestBuilder()
            .add_request(new())
            .add_request(new(number=6, form="crmf"))
            .identify(SECRET, "ee-0001", version=version)
            .link_pop(SECRET, version=version)
            .sign(signer())
        )
        found = opened(octets)
        controls.check(found.content)
        controls.identity_proof.verify(found, SECRET)
        controls.pop_link.verify(found, SECRET)
        with pytest.raises(cmcodec.ProofError):
            controls.identity_proof.verify(found, SECRET + b"x")
        with pytest.raises(cmcodec.ProofError):
            controls.pop_link.verify(found, SECRET + b"x")


def test_versions_of_proofs_are_two() -> None:
    """R-092, R-096: there is no other."""
    for call in (RequestBuilder().identify, RequestBuilder().link_pop):
        with pytest.raises(cmcodec.EncodeError, match="bad_value in version"):
            call(SECRET, version=3)


def test_r_100_a_finished_request_takes_no_witness() -> None:
    """R-099, R-100: beside link_pop it is refused, whichever comes first."""
    with pytest.raises(cmcodec.ForbiddenError, match="R-100"):
        RequestBuilder().add_request(finished()).link_pop(SECRET)
    with pytest.raises(cmcodec.ForbiddenError, match="R-100"):
        RequestBuilder().link_pop(SECRET).add_request(finished())
    linked = RequestBuilder().add_request(new()).link_pop(SECRET).content()
    with pytest.raises(cmcodec.ForbiddenError, match="R-099"):
        RequestBuilder().add_request(linked.req_sequence[0]).content()


def test_r_026_a_renewal_has_no_identity_proof() -> None:
    """R-026: at the call, in either order, and under a MAC."""
    renewed = RequestBuilder().renew(certificate("p-256", 0))
    for call in (
        lambda: renewed.identify(SECRET),
        lambda: renewed.add_control(types.Identification("x")),
        lambda: renewed.authenticate(SECRET, "x", iterations=1),
        lambda: RequestBuilder().identify(SECRET).renew(certificate("p-256", 0)),
    ):
        with pytest.raises(cmcodec.ForbiddenError, match="R-026"):
            call()
    with pytest.raises(cmcodec.EncodeError, match="bad_value in certificate"):
        RequestBuilder().renew(b"\x30\x00")


def test_r_026_an_identification_that_stands_there_identifies() -> None:
    """R-026: also where the caller puts the control there; under a MAC it is the same (R-025)."""
    named = RequestBuilder().add_request(new()).add_control(types.Identification("me"))
    with pytest.raises(cmcodec.ForbiddenError, match="R-026"):
        named.renew(certificate("p-256", 0))
    octets = named.authenticate(SECRET, "me", iterations=1000)
    found = opened(octets, keys=cms.RecipientKey.from_password(SECRET, "me"))
    assert len(found.find(types.Identification)) == 1
    with pytest.raises(cmcodec.ForbiddenError, match="R-025"):
        named.authenticate(SECRET, "you", iterations=1000)


def test_r_107_a_renewal_has_the_names_of_the_certificate() -> None:
    """R-107: subject and subjectAltName; only the key of that certificate signs."""
    old = certificate("p-256", 0)
    builder = RequestBuilder().add_request(NewRequest(key=key("p-256", 5))).renew(old)
    found = opened(builder.sign(signer()))
    controls.pop_link.verify_renewal(found, old)
    with pytest.raises(cmcodec.ForbiddenError, match="R-107"):
        builder.sign(signer("p-384"))
    with pytest.raises(cmcodec.ForbiddenError, match="R-107"):
        builder.sign_with_request_key()


def test_r_105_one_name_for_one_secret() -> None:
    """R-105: without a POP link the name links, so it is the same in every request."""
    two = (
        RequestBuilder()
        .add_request(new())
        .add_request(NewRequest(key=key("p-256", 6), subject=name("another")))
    )
    with pytest.raises(cmcodec.ForbiddenError, match="R-105"):
        two.identify(SECRET).content()
    two.identify(SECRET).link_pop(SECRET).content()
    two.content()


def test_r_021_request_key_signs() -> None:
    """R-019 to R-022: by the key identifier that the request asks for, alone."""
    octets = RequestBuilder().add_request(new()).sign_with_request_key()
    found = opened(octets)
    assert found.origin == "request-key"
    assert found.signers[0].request_id == 1
    own_key = key("p-256", 5)
    stranger = cms.SigningKey.from_private_key(key("p-256", 7), key_identifier=b"stranger")
    with pytest.raises(cmcodec.ForbiddenError, match="R-021"):
        RequestBuilder().add_request(new()).sign(stranger)
    own = cms.SigningKey.from_private_key(own_key, key_identifier=key_identifier(own_key))
    without = (
        x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(own_key, hashes.SHA256())
    )
    with pytest.raises(cmcodec.ForbiddenError, match="R-019"):
        RequestBuilder().add_request(without).sign(own)
    with pytest.raises(cmcodec.ForbiddenError, match="R-022"):
        RequestBuilder().add_request(new()).sign([own, signer()])
    two = RequestBuilder().add_request(new()).add_request(new(number=6))
    with pytest.raises(ValueError, match="body_part_id"):
        two.sign_with_request_key()
    assert opened(two.sign_with_request_key(2)).signers[0].request_id == 2


def test_several_signers() -> None:
    """R-051: each SignerInfo is good."""
    octets = RequestBuilder().add_request(new()).sign([signer(), signer("rsa-2048")])
    found = opened(octets)
    assert len(found.signers) == 2
    assert {each.reason for each in found.signers} == {None}


def test_a_key_behind_a_callback() -> None:
    """A SigningKey with its public key makes the request and signs the message."""
    private = key("p-256", 5)
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    hsm = cms.SigningKey(
        sign=lambda octets: private.sign(octets, ec.ECDSA(hashes.SHA256())),
        algorithm="ecdsa-with-SHA256",
        key_identifier=b"unused",
        public_key=spki,
    )
    request = NewRequest(key=hsm, subject=NAME)
    assert opened(RequestBuilder().add_request(request).sign_with_request_key()).origin == (
        "request-key"
    )
    from dataclasses import replace

    with pytest.raises(TypeError, match="public_key"):
        NewRequest(key=replace(hsm, public_key=None))


def test_r_025_mac() -> None:
    """R-023 to R-025: with the identification control, whose value goes before the secret."""
    octets = RequestBuilder().add_request(new()).authenticate(SECRET, "ee-0001", iterations=1000)
    found = opened(octets, keys=cms.RecipientKey.from_password(SECRET, "ee-0001"))
    assert found.origin == "mac"
    assert found.find(types.Identification) == ((2, types.Identification("ee-0001")),)
    named = RequestBuilder().add_request(new()).identify(SECRET, "other")
    with pytest.raises(cmcodec.ForbiddenError, match="R-025"):
        named.authenticate(SECRET, "ee-0001", iterations=1)


# --- nobody asks -----------------------------------------------------------------------------


def test_r_185_no_signature() -> None:
    """R-183, R-185, R-203: by the key identifier of the only request."""
    request = NewRequest(
        key=x25519.X25519PrivateKey.generate(), subject=NAME, form="crmf", pop="challenge"
    )
    octets = RequestBuilder().add_request(request).without_signature()
    found = cmcodec.load(octets, strict=True).open_unsigned()
    assert found.origin == "none"
    assert found.requests[0].pop == "challenge-needed"
    with pytest.raises(cmcodec.VerificationError, match="no_signature"):
        cmcodec.load(octets).open()
    for form in ("pkcs10", "crmf"):
        cannot = NewRequest(
            key=x25519.X25519PrivateKey.generate(), subject=NAME, form=form, pop="no-signature"
        )
        octets = RequestBuilder().add_request(cannot).without_signature()
        assert cmcodec.load(octets).open_unsigned().requests[0].pop == "absent"


@pytest.mark.parametrize("extensions", [(), (x509.OCSPNoCheck(),)])
def test_r_185_a_finished_request_that_names_no_key_identifier(extensions: Any) -> None:
    """R-021, R-185: nobody finds its key, so that it neither signs nor stands unsigned."""
    built = x509.CertificateSigningRequestBuilder().subject_name(NAME)
    for extension in extensions:
        built = built.add_extension(extension, critical=False)
    built = built.add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, b"secret")
    builder = RequestBuilder().add_request(built.sign(key("p-256", 6), hashes.SHA256()))
    with pytest.raises(cmcodec.ForbiddenError, match="R-016"):
        builder.without_signature()


def test_r_137_revocation_by_secret() -> None:
    """R-136 to R-138: signed, or without a SignerInfo where there is nothing else."""
    when = datetime(2027, 1, 1, tzinfo=UTC)
    builder = RequestBuilder().transaction().revoke(
        certificate("p-256", 0), types.CRLReason.KEY_COMPROMISE, secret=SECRET,
        invalidity_date=when, comment="lost",
    )  # fmt: skip
    found = cmcodec.load(builder.without_signature(), strict=True).open_unsigned()
    ((_, value),) = found.find(types.RevokeRequest)
    controls.revocation.verify(value, SECRET)
    assert (value.comment, value.invalidity_date) == ("lost", when)
    assert opened(builder.sign(signer())).find("id-cmc-revokeRequest")
    for other in (
        builder.add_control(types.RegInfo(b"x")),
        builder.revoke(certificate("p-384", 0), 1),
        RequestBuilder().transaction(),
    ):
        with pytest.raises(cmcodec.ForbiddenError, match="R-016"):
            other.without_signature()


# --- controls --------------------------------------------------------------------------------


def test_controls_have_their_place() -> None:
    """R-119, R-160, R-163, R-167: what may not stand in a request, and what contradicts itself."""
    path = types.BodyPartPath((1,))
    nowhere = types.CMCPublicationInfo(
        hash_alg=types.AlgorithmIdentifier(algorithm=oids.ID_SHA256),
        cert_hashes=(b"x",),
        pub_info=types.PKIPublicationInfo(action=0, pub_infos=(types.SinglePubInfo(pub_method=0),)),
    )
    for rule, call in (
        ("R-119", lambda: RequestBuilder().add_control(types.RecipientNonce(b"x"))),
        ("R-160", lambda: RequestBuilder().add_control(nowhere)),
        ("R-163", lambda: RequestBuilder().add_control(path, "id-cmc-raIdentityWitness")),
        ("R-163", lambda: ResponseBuilder().add_control(path, "id-cmc-raIdentityWitness")),
        ("R-167", lambda: RequestBuilder().add_control(path, "id-cmc-responseBody")),
    ):
        with pytest.raises(cmcodec.ForbiddenError, match=rule):
            call()
    with pytest.raises(cmcodec.EncodeError, match="bad_type"):
        RequestBuilder().add_control(path)
    with pytest.raises(cmcodec.EncodeError, match="control_misplaced"):
        RequestBuilder().add_control(types.ResponseInfo(b"x"))
    twice = RequestBuilder().transaction(1).transaction(2)
    with pytest.raises(cmcodec.EncodeError, match="duplicate_control"):
        twice.content()
    published = types.CMCPublicationInfo(
        hash_alg=types.AlgorithmIdentifier(algorithm=oids.ID_SHA256),
        cert_hashes=(b"x",), pub_info=types.PKIPublicationInfo(action=1),
    )  # fmt: skip
    once = RequestBuilder().add_control(published)
    assert len(once.content().control_sequence) == 1
    with pytest.raises(cmcodec.ForbiddenError, match="R-161"):
        once.add_control(published).content()
    private = RequestBuilder().add_control(TLV(b"\x05\x00"), attr_type="1.3.6.1.4.1.99999.1")
    assert opened(private.sign(signer())).find("1.3.6.1.4.1.99999.1") == ((1, TLV(b"\x05\x00")),)


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
def test_r4_a_witness_stands_once(form: Any) -> None:
    """In a request that is made; both versions of it may stand there."""
    linked = RequestBuilder().add_request(new(form=form)).link_pop(SECRET)
    with pytest.raises(cmcodec.EncodeError, match="duplicate_control"):
        linked.link_pop(SECRET).content()
    found = opened(linked.link_pop(SECRET, version=1).sign(signer()))
    controls.check(found.content)
    controls.pop_link.verify(found, SECRET)


def test_builders_change_nothing() -> None:
    """Each call returns a new one, and secrets do not show."""
    empty = RequestBuilder()
    full = empty.add_request(new()).identify(SECRET, "me").link_pop(SECRET)
    assert not empty.content().req_sequence
    assert SECRET.decode() not in repr(full)
    assert "PrivateKey" not in repr(new())
    assert isinstance(key("rsa-2048"), rsa.RSAPrivateKey)
    assert isinstance(key("ed25519"), ed25519.Ed25519PrivateKey)
