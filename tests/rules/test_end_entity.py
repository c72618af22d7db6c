"""What an end entity sends, and who signs it (RFC 10002 §3, §5 and §6)."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import cmcodec
from cmcodec import cms, controls, oids, types
from cmcodec.builders import NewRequest, RequestBuilder
from cmcodec.builders.finished import asked_identifier
from cmcodec.errors import EncodeError, ForbiddenError
from cmcodec.roles import Client, Exchange
from cmcodec.verify.references import request_id
from kit.chains import NOW, USAGES, issue
from kit.enrolment import (
    AGREES,
    CA,
    DEVICE,
    IDENTIFICATION,
    SECRET,
    SERVER,
    SIGNS,
    answer,
    asks,
    challenged,
    client,
    issuing,
    opened,
    opener,
    requests,
    secret_client,
    signer,
)
from kit.keys import der, key, key_identifier, name


def kinds(source: Any) -> list[str]:
    return [layer.kind for layer in source.layers]


def has(source: Any, *names: str) -> list[bool]:
    return [bool(source.find(f"id-cmc-{each}")) for each in names]


def test_an_exchange_knows_its_transaction() -> None:
    """The id in its messages, also of what is encrypted or kept; a simple request has none."""
    sealed = client(
        signer=signer(DEVICE), encrypt_to=cms.Recipient.from_certificate(CA.certificate)
    )
    for asking in (secret_client(), secret_client(mac=True), sealed):
        exchange = asking.enroll(asks())
        assert exchange.transaction_id is not None
        assert asking.resume(exchange.save()).transaction_id == exchange.transaction_id
    exchange = secret_client().enroll(asks())
    assert exchange.request is not None
    assert cmcodec.load(exchange.request).open(request_keys="all").transaction_id == (
        exchange.transaction_id
    )
    assert client().enroll(asks()).transaction_id is None


# --- simple requests ---------------------------------------------------------------------------


def test_r_009_a_sole_pkcs10_of_nobody_is_a_simple_request() -> None:
    """R-003, R-009: without a signer and a secret; as soon as there is one, it is a Full one."""
    exchange = client().enroll(asks())
    assert exchange.request is not None
    message = cmcodec.load(exchange.request)
    assert (message.kind, exchange.state) == ("simple-request", "send")
    finished = message.unverified_content.to_cryptography()
    for given in (finished, der(finished), types.CertificationRequest.from_der(der(finished))):
        assert client().enroll(given).request == exchange.request
    tagged = types.TaggedRequest(
        tcr=types.TaggedCertificationRequest(
            body_part_id=9, certification_request=message.unverified_content
        )
    )
    assert client().enroll(tagged).request == exchange.request
    for full in (
        client(signer=signer(DEVICE)).enroll(asks()),
        secret_client().enroll(asks()),
        client(encrypt_to=cms.Recipient.from_certificate(CA.certificate)).enroll(asks()),
        client().enroll(asks(), asks(2)),
        client().enroll(asks(form="crmf")),
        client().enroll(asks(pop="no-signature")),
        client().enroll(challenged()),
        client().enroll(pkcs10(asks(pop="no-signature"))),
    ):
        assert full.request is not None
        assert cmcodec.load(full.request).kind != "simple-request"


def pkcs10(new: NewRequest) -> types.CertificationRequest:
    """A request that is finished."""
    asked = RequestBuilder().add_request(new).content().req_sequence[0].tcr
    assert asked is not None
    return asked.certification_request


# --- who signs ---------------------------------------------------------------------------------


def test_r_115_a_first_message_has_a_transaction_and_a_nonce() -> None:
    """R-115, R-119: both by chance, from where the client says; nothing that is returned.

    Shows EE: transactionId, senderNonce.
    """
    drawn = []

    def random(size: int) -> bytes:
        drawn.append(size)
        return bytes([len(drawn)]) * size

    message = opened(secret_client(random=random).enroll(asks()).request)
    assert message.transaction_id == int.from_bytes(b"\1" * 16, "big")
    ((_, nonce),) = message.find(types.SenderNonce)
    assert nonce.value == b"\2" * 16
    assert has(message, "recipientNonce") == [False]


def test_r_086_a_request_key_signs_with_an_identity_proof() -> None:
    """R-086, R-092, R-019 … R-022: one signer, by the identifier that the request asks for.

    Shows EE: identityProofV2, identification.
    """
    message = opened(secret_client().enroll(asks(), asks(2)).request)
    assert isinstance(message, cms.Opened)
    assert message.origin == "request-key"
    assert [each.request_id for each in message.signers] == [1]
    controls.identity_proof.verify(message, SECRET)
    ((_, named),) = message.find(types.Identification)
    assert named.value == IDENTIFICATION
    assert [asked_identifier(each) for each in requests(message)] == [
        key_identifier(key("p-256", number)) for number in (1, 2)
    ]


def test_r_020_the_first_key_that_can_sign_does() -> None:
    """R-020: one that agrees cannot, and one whose request says that it has no signature."""
    message = opened(client().enroll(challenged(), asks(2), asks(3)).request)
    assert isinstance(message, cms.Opened)
    assert [each.request_id for each in message.signers] == [2]
    only = (challenged(), asks(pop="no-signature", form="crmf", key=key("rsa-2048")))
    with pytest.raises(ForbiddenError, match="R-016"):
        client().enroll(*only)
    message = opened(secret_client().enroll(*only).request)
    assert kinds(message) == ["authenticated"]


def test_r_185_a_key_that_cannot_sign_has_no_signature() -> None:
    """R-183, R-185, R-203: id-alg-noSignature by key identifier, where there is no secret."""
    message = opened(client().enroll(challenged()).request)
    assert isinstance(message, cms.Unsigned)
    (info,) = message.message.unverified_structure.content.signer_infos
    assert info.sid.subject_key_identifier == key_identifier(AGREES)
    assert info.signature_algorithm.algorithm == oids.ID_ALG_NO_SIGNATURE


def test_r_025_a_mac_stands_for_the_signature() -> None:
    """R-023, R-025: with `mac`, or where no key signs; then there is no identity proof."""
    for exchange in (
        secret_client(mac=True).enroll(asks()),
        secret_client().enroll(challenged()),
    ):
        message = opened(exchange.request)
        assert isinstance(message, cms.Opened)
        assert (message.origin, kinds(message)) == ("mac", ["authenticated"])
        assert has(message, "identityProofV2", "identification") == [False, True]


def test_a_secret_without_identification_has_the_empty_one() -> None:
    """R-025, R-092: the server finds it by nothing."""
    bare = client(secret=SECRET, mac=True).enroll(asks())
    message = cmcodec.load(bare.request or b"").open(cms.RecipientKey.from_password(SECRET))
    assert message.origin == "mac"
    signed = opened(client(secret=SECRET).enroll(asks()).request)
    assert has(signed, "identification", "identityProofV2") == [False, True]
    controls.identity_proof.verify(signed, SECRET)


def test_a_signer_signs_whatever_else_there_is() -> None:
    """With a secret the identity is proved too, so that a server may ask for both."""
    for asking, proves in (
        (client(signer=signer(DEVICE)), False),
        (secret_client(signer=signer(DEVICE)), True),
        (secret_client(signer=signer(DEVICE), mac=True), True),
    ):
        message = opened(asking.enroll(asks()).request)
        assert isinstance(message, cms.Opened)
        assert message.origin == "certificate"
        assert message.signers[0].certificate_sha256 == DEVICE.sha256
        assert has(message, "identityProofV2") == [proves]


def test_r_100_every_request_is_linked() -> None:
    """R-096, R-098 … R-101: a witness in each, one random value of 64 octets, also under a MAC.

    Shows EE: popLinkRandom, popLinkWitnessV2.
    """
    for fields in ({}, {"mac": True}):
        asking = secret_client(link_pop=True, **fields)
        message = opened(asking.enroll(asks(), asks(2, form="crmf")).request)
        controls.pop_link.verify(message, SECRET)
        ((_, random),) = message.find(types.PopLinkRandom)
        assert len(random.value) == 64
    finished = RequestBuilder().add_request(asks()).content().req_sequence[0]
    with pytest.raises(ForbiddenError, match="R-100"):
        asking.enroll(asks(2), finished)
    plain = opened(secret_client().enroll(asks()).request)
    assert has(plain, "popLinkRandom") == [False]


def test_r_055_requests_keep_the_ids_that_they_have() -> None:
    """R-055: finished ones have theirs, new ones get what is free."""
    finished = RequestBuilder().add_request(asks(form="crmf"), body_part_id=2).content()
    made = client().enroll(asks(2), finished.req_sequence[0], asks(3, body_part_id=7), asks(4))
    assert list(map(request_id, requests(opened(made.request)))) == [1, 2, 7, 3]


def test_a_key_in_an_hsm_signs_by_its_callback() -> None:
    """The same as any other key."""
    private = key("p-256", 5)
    hsm = cms.SigningKey(
        sign=lambda octets: private.sign(octets, ec.ECDSA(hashes.SHA256())),
        algorithm="ecdsa-with-SHA256",
        key_identifier=key_identifier(private),
        public_key=private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        ),
    )
    message = opened(secret_client().enroll(asks(key=hsm)).request)
    assert isinstance(message, cms.Opened)
    assert message.origin == "request-key"


def test_r_203_a_key_for_encryption_does_not_sign() -> None:
    """R-203: the request of one that could says in its keyUsage that it is not to."""
    usages = dict.fromkeys(USAGES, False)
    for usage, signs in (("key_encipherment", "none"), ("content_commitment", "request-key")):
        asked = x509.Extension(x509.KeyUsage.oid, True, x509.KeyUsage(**{**usages, usage: True}))
        new = challenged(key=key("rsa-2048"), extensions=[asked])
        message = opened(client().enroll(new).request)
        assert not isinstance(message, cmcodec.Message)
        assert message.origin == signs


# --- renewal -----------------------------------------------------------------------------------


def test_r_107_a_renewal_has_the_names_and_the_signature_of_the_old_certificate() -> None:
    """R-026, R-027, R-107: no identification and no identity proof, though there is a secret."""
    names = [x509.DNSName("device.example")]
    old = issue(
        "old name", CA, key("p-256", 61), ca=None, usages=SIGNS, identified=True,
        extensions=[(x509.SubjectAlternativeName(names), False)],
    )  # fmt: skip
    asking = secret_client(signer=signer(old), link_pop=True)
    message = opened(asking.renew(old.certificate, asks(subject=name("another"))).request)
    assert isinstance(message, cms.Opened)
    assert has(message, "identityProofV2", "identification", "popLinkRandom") == [False] * 3
    controls.pop_link.verify_renewal(message, old.certificate)
    with pytest.raises(ForbiddenError, match="R-107"):
        client(signer=signer(DEVICE)).renew(old.certificate, asks())
    with pytest.raises(ValueError, match="signer"):
        secret_client().renew(old.certificate, asks())
    with pytest.raises(ValueError, match="requests"):
        asking.renew(old.certificate)


# --- revocation and retrieval -----------------------------------------------------------------


def revoked(message: Any) -> types.RevokeRequest:
    ((_, value),) = message.find(types.RevokeRequest)
    assert isinstance(value, types.RevokeRequest)
    return value


def test_r_136_a_revocation_is_signed() -> None:
    """R-136: and then has no secret, though there is one.

    Shows EE: revokeRequest.
    """
    asking = secret_client(signer=signer(DEVICE))
    request = asking.revoke(
        DEVICE.certificate, types.CRLReason.SUPERSEDED, comment="replaced", invalidity_date=NOW
    ).request
    message = opened(request)
    assert isinstance(message, cms.Opened)
    assert message.origin == "certificate"
    value = revoked(message)
    assert value.serial_number == DEVICE.certificate.serial_number
    assert (value.reason, value.comment) == (types.CRLReason.SUPERSEDED, "replaced")
    assert (value.invalidity_date, value.shared_secret) == (NOW, None)
    assert has(message, "identityProofV2", "identification") == [False, False]


def test_r_137_a_revocation_by_secret_is_signed_by_nobody() -> None:
    """R-137, R-138: the secret itself is in it, and the name that it goes by."""
    message = opened(secret_client().revoke(DEVICE.certificate, 1).request)
    assert isinstance(message, cms.Unsigned)
    assert kinds(message) == []
    controls.revocation.verify(revoked(message), SECRET)
    ((_, named),) = message.find(types.Identification)
    assert named.value == IDENTIFICATION
    nameless = opened(client(secret=SECRET).revoke(DEVICE.certificate, 1).request)
    assert has(nameless, "identification") == [False]
    with pytest.raises(ValueError, match="signer or a secret"):
        client().revoke(DEVICE.certificate, 1)


def test_r_137_with_a_mac_the_secret_is_not_in_it() -> None:
    """R-137: who reads it does not learn the secret; in an envelope only the server does."""
    message = opened(secret_client(mac=True).revoke(DEVICE.certificate, 1).request)
    assert kinds(message) == ["authenticated"]
    assert revoked(message).shared_secret is None
    recipient = cms.Recipient.from_certificate(CA.certificate)
    request = secret_client(encrypt_to=[recipient]).revoke(DEVICE.certificate, 1).request
    assert request is not None
    assert SECRET not in request
    hidden = opened(request, opener(CA))
    assert kinds(hidden) == ["auth-enveloped"]
    assert revoked(hidden).shared_secret == SECRET


def test_r_134_certificates_and_crls_are_asked_for() -> None:
    """R-134: by who has something to sign or to prove with."""
    issuer = CA.certificate.subject
    own = types.Name.from_cryptography(issuer)
    for asking in (client(signer=signer(DEVICE)), secret_client()):
        message = opened(asking.get_certificate(issuer, 2**70).request)
        ((_, wanted),) = message.find(types.GetCert)
        assert (wanted.issuer_name.directory_name, wanted.serial_number) == (own, 2**70)
        message = opened(asking.get_crl(own).request)
        ((_, crl),) = message.find(types.GetCRL)
        assert crl.issuer_name == own
        assert kinds(message) == ["authenticated" if asking.secret else "signed"]
    elsewhere = types.GeneralName(uniform_resource_identifier="ldap://ca.example")
    message = opened(secret_client().get_certificate(elsewhere, 1).request)
    ((_, wanted),) = message.find(types.GetCert)
    assert wanted.issuer_name == elsewhere
    for ask in (client().get_crl, lambda issuer: client().get_certificate(issuer, 1)):
        with pytest.raises(ValueError, match="signer or a secret"):
            ask(issuer)


# --- encryption ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["p-256", "rsa-2048"])
def test_r_072_what_is_encrypted_is_signed_outside_where_there_is_a_certificate(kind: str) -> None:
    """R-070, R-072, R-231: else the envelope is the outermost layer."""
    server = issue("CA", own=key(kind, 70))
    recipient = cms.Recipient.from_certificate(server.certificate)
    outside = opened(client(signer=signer(DEVICE), encrypt_to=[recipient]).enroll(asks()).request,
                     opener(server))  # fmt: skip
    assert kinds(outside) == ["signed", "auth-enveloped", "signed"]
    inside = opened(secret_client(encrypt_to=recipient).enroll(asks()).request, opener(server))
    assert kinds(inside) == ["auth-enveloped", "signed"]
    with pytest.raises(cmcodec.DecryptionError):
        cmcodec.load(secret_client(encrypt_to=recipient).enroll(asks()).request or b"").open(
            opener(SERVER), request_keys="all"
        )


def test_r_095_nothing_of_an_encrypted_request_is_in_clear() -> None:
    """R-094, R-095: a key that cannot sign has no MAC then, but an identity proof."""
    recipient = cms.Recipient.from_certificate(CA.certificate)
    for asking in (secret_client(encrypt_to=[recipient]), client(encrypt_to=[recipient])):
        for request in (asks(subject=name("secret name")), challenged(subject=name("secret name"))):
            sent = asking.enroll(request).request
            assert sent is not None
            assert b"secret name" not in sent
            message = opened(sent, opener(CA))
            assert kinds(message) == ["auth-enveloped", "signed"]
            assert has(message, "identityProofV2") == [asking.secret is not None]
    # Who wants a MAC gets no envelope: it goes around signatures only.
    maced = secret_client(encrypt_to=[recipient], mac=True).enroll(asks())
    assert kinds(opened(maced.request)) == ["authenticated"]


# --- callers' mistakes and secrets --------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"mac": True}, ValueError),
        ({"link_pop": True}, ValueError),
        ({"secret": b""}, ValueError),
        ({"secret": "text"}, TypeError),
        ({"mac": 1}, TypeError),
        ({"compatibility": "no"}, TypeError),
        ({"iterations": 0}, ValueError),
        ({"iterations": 1_000_001}, ValueError),
        ({"keys": [key("p-256")]}, TypeError),
        ({"encrypt_to": [CA.certificate]}, TypeError),
        ({"trust": b"\x30\x00"}, cmcodec.DecodeError),
        (
            {"signer": cms.SigningKey.from_private_key(key("p-256"), key_identifier=b"x")},
            ValueError,
        ),
    ],
)
def test_a_client_says_what_is_wrong_with_it(
    fields: dict[str, Any], error: type[Exception]
) -> None:
    """Before anything is asked for."""
    with pytest.raises(error):
        client(**fields)
    with pytest.raises(TypeError):
        Client([CA.certificate])  # type: ignore[misc]


def test_what_cannot_be_asked_for_is_refused() -> None:
    """Whatever a builder refuses, and a clock that says no time."""
    with pytest.raises(EncodeError):
        client().enroll(3)  # type: ignore[arg-type]
    with pytest.raises(ForbiddenError, match="R-055"):
        client().enroll(asks(body_part_id=1), asks(2, body_part_id=1))
    assert Client(trust=()).clock().utcoffset() == timedelta()
    exchange = client(clock=lambda: NOW.replace(tzinfo=None)).enroll(asks())
    with pytest.raises(ValueError, match="time zone"):
        exchange.receive(answer(exchange.request, issuing()))


def test_nothing_shows_a_secret() -> None:
    """No repr, no pickle, neither of a client nor of an exchange with a secret in its request."""
    asking = secret_client(keys=[opener(DEVICE)], signer=None)
    exchange = asking.revoke(DEVICE.certificate, 1)
    assert isinstance(exchange, Exchange)
    for each in (asking, exchange):
        assert "correct horse" not in repr(each) + str(each)
        for store in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                store(each)
    with pytest.raises(AttributeError):
        asking.secret = b"another"  # type: ignore[misc]
