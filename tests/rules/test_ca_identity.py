"""The certification authority: who asks, how that is proved, and what it is linked to."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cmcodec import cms, oids, types
from cmcodec.builders.finished import asked_identifier
from cmcodec.roles import Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    SECRET,
    Asked,
    Authority,
    anchor,
    builder,
    certified,
    failed,
    identified,
    maced,
    new,
    password,
    signer,
)
from kit.chains import NOW, chain, of_unknown_version
from kit.keys import key

IDENTITY = CMCFailInfo.BAD_IDENTITY
OTHER = b"another secret of a device"


def test_p9_a_signer_whose_certificate_cannot_be_read() -> None:
    """P9: badIdentity, where the chain is good and `cryptography` has no such version."""
    client = certified("client")
    octets = of_unknown_version(client, anchor())
    signed_by = cms.SigningKey.from_private_key(client.key, octets)
    assert chain(client, [anchor()]).anchor_sha256
    answer = Authority().process(builder(new()).sign(signed_by))
    assert answer.statuses() == failed(IDENTITY, 0)


def test_a_layer_under_a_mac_that_is_refused_before_its_secret() -> None:
    """V1: of a version that it does not have, badRequest; no secret is tried."""
    authority = Authority()
    authority.secret()
    info = types.ContentInfo.from_der(maced(new()))
    layer: Any = info.content
    other = replace(info, content=replace(layer, version=1)).to_der()
    answer = authority.process(other)
    assert answer.statuses() == failed(CMCFailInfo.BAD_REQUEST, 0)
    assert not authority.issued
    authority.process(info.to_der())
    assert authority.issued


def test_r_050_an_answer_to_a_key_that_decrypts_nothing() -> None:
    """R-050: who asks in an envelope by such a certificate is answered in the clear."""
    own = certified("device", "ed25519", 1)
    sealed = cms.encrypt(
        builder(new(number=2)).sign(signer(own)),
        [cms.Recipient.from_certificate(anchor().certificate)],
    )
    assert Authority().process(sealed).certificates()


# --- proofs of identity ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("identification", ["device", None])
def test_an_identity_proof_is_believed(version: int, identification: str | None) -> None:
    """R-086, R-087, R-089 to R-093: both versions, with and without identification.

    Shows CA: identityProof, identityProofV2, identification.
    """
    policy = Asked()
    authority = Authority({"policy": policy})
    authority.secret(identification)
    octets = identified(identification=identification, version=version)
    assert authority.process(octets).certificates()
    (application,) = policy.applications
    assert application.requester.kind == "secret"
    assert application.requester.identification == identification
    assert application.requester.certificate is None


@pytest.mark.parametrize("version", [1, 2])
def test_a_wrong_identity_proof_is_not(version: int) -> None:
    """R-089: badIdentity names the control and the requests, in a Full PKI Response.

    Shows CA: identityProof, identityProofV2, identification.
    """
    authority = Authority()
    authority.secret()
    answer = authority.process(identified(secret=OTHER, version=version))
    ((status, parts, fail_info),) = answer.statuses()
    assert (status, fail_info) == (CMCStatus.FAILED, IDENTITY)
    assert 3 in parts
    assert len(parts) == 2
    assert not authority.issued


def test_a_proof_is_over_the_requests_as_received() -> None:
    """R-088, R-089: with other requests beside it, it proves nothing."""
    authority = Authority()
    authority.secret()
    proved = builder(new()).identify(SECRET, "device").content()
    other = builder(new(number=2)).content()
    mixed = replace(other, control_sequence=proved.control_sequence)
    octets = cms.sign(
        mixed, cms.SigningKey.from_private_key(key("p-256", 2), key_identifier=_identifier(mixed))
    )
    assert authority.process(octets).statuses()[0][2] == IDENTITY
    assert authority.process(identified()).certificates()


def _identifier(content: types.PKIData) -> bytes:
    found = asked_identifier(content.req_sequence[0])
    assert found is not None
    return found


def test_a_secret_counts_as_often_as_it_may() -> None:
    """R-090: once in an exchange; a spent one is badIdentity; the same octets are no use."""
    authority = Authority()
    authority.secret(uses=2)
    first = identified()
    assert authority.process(first).certificates()
    assert authority.process(first).certificates()
    assert authority.process(identified()).certificates()
    assert authority.process(identified()).statuses() == failed(IDENTITY, 0)
    assert authority.process(first).certificates()
    authority.secret()
    assert authority.process(identified()).certificates()
    assert len(authority.issued) == 3


def test_a_secret_is_used_once_by_whoever_comes_first() -> None:
    """R-090: of many who have it at once, one gets a certificate."""
    authority = Authority()
    authority.secret()
    messages = [identified(new(number=number)) for number in range(1, 9)]
    ca = authority.build()
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(ca.process, messages))
    assert sum(each.outcomes[0].certificate is not None for each in kept) == 1
    assert len(authority.issued) == 1


def test_wrong_secrets_lock_an_identification() -> None:
    """R-090: after so many even the right one is refused, until it is given anew."""
    authority = Authority({"rules": Rules(secret_attempts=3)})
    authority.secret()
    authority.secret("other")
    wrong = [authority.process(identified(secret=OTHER)).statuses()[0][2] for _ in range(3)]
    right = authority.process(identified()).statuses()
    assert {*wrong, right[0][2]} == {IDENTITY}
    assert authority.process(identified(identification="other")).certificates()
    authority.secret()
    assert authority.process(identified()).certificates()


def test_a_right_secret_ends_the_count() -> None:
    """R-090: what locks is wrong ones in a row."""
    authority = Authority({"rules": Rules(secret_attempts=2)})
    authority.secret(uses=9)
    for _ in range(3):
        assert not authority.process(identified(secret=OTHER)).opened().message.certificates[1:]
        assert authority.process(identified()).certificates()


def test_wrong_secrets_at_once_are_all_counted() -> None:
    """R-090: the count loses none where many are tried at once."""
    authority = Authority({"rules": Rules(secret_attempts=8)})
    authority.secret()
    ca = authority.build()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ca.process, [identified(secret=OTHER) for _ in range(8)]))
    assert authority.process(identified()).statuses()[0][2] == IDENTITY


def test_an_unknown_identification_is_answered_alike() -> None:
    """R-089: nobody learns whether a name, a secret or a lock is what is wrong."""
    authority = Authority({"rules": Rules(secret_attempts=1)})
    authority.secret()

    def text(octets: bytes) -> Any:
        content = authority.process(octets).content()
        return [
            each.attr_values for each in content.control_sequence if each.attr_type.endswith(".25")
        ]

    unknown = text(identified(identification="nobody"))
    wrong = text(identified(secret=OTHER))
    locked = text(identified())
    assert unknown == wrong == locked


def test_a_callback_knows_the_secrets() -> None:
    """R-093: uses are its own affair, attempts are counted in the store."""
    known = {"device": SECRET, None: OTHER}
    authority = Authority({"secrets": known.get, "rules": Rules(secret_attempts=2)})
    for _ in range(3):
        assert authority.process(identified()).certificates()
    assert authority.process(identified(secret=OTHER, identification=None)).certificates()
    assert authority.process(maced()).outcomes[0].certificate
    for _ in range(2):
        assert authority.process(identified(secret=OTHER)).statuses()[0][2] == IDENTITY
    assert authority.process(identified()).statuses()[0][2] == IDENTITY
    authority.secret("stored")
    assert authority.process(identified(identification="stored")).statuses()[0][2] == IDENTITY


def test_an_expired_secret_is_unknown() -> None:
    """R-090: from its time on."""
    authority = Authority()
    authority.secret(uses=2, expires=NOW + timedelta(hours=1))
    assert authority.process(identified()).certificates()
    authority.advance(hours=1)
    assert authority.process(identified()).statuses()[0][2] == IDENTITY


def test_a_request_key_authenticates_nobody() -> None:
    """R-087: its message is believed only with a proof, or where the policy says so for none."""
    policy = Asked()
    authority = Authority()
    octets = builder().sign_with_request_key()
    assert authority.process(octets).statuses() == failed(IDENTITY, 3)
    answer = authority.process(builder().sign_with_request_key(), policy=policy)
    assert answer.certificates()
    assert policy.applications[0].requester.kind == "none"


# --- MACs -----------------------------------------------------------------------------------------


def test_a_mac_is_answered_under_a_mac() -> None:
    """R-023 to R-025: by the same secret, with the certificate in it.

    Shows CA: identification.
    """
    policy = Asked()
    authority = Authority({"policy": policy})
    authority.secret()
    answer = authority.process(maced())
    opened = answer.message.open(password())
    assert opened.origin == "mac"
    assert answer.statuses(password())[0][0] == CMCStatus.SUCCESS
    assert policy.applications[0].requester.kind == "secret"
    assert policy.applications[0].requester.identification == "device"
    assert authority.process(maced()).statuses(password()) == failed(IDENTITY, 0)


def test_a_wrong_mac_is_counted_and_answered_with_a_signature() -> None:
    """R-050, R-090: badMessageCheck, and the same once the identification is locked."""
    authority = Authority({"rules": Rules(secret_attempts=2)})
    authority.secret()
    answers = [
        authority.process(octets)
        for octets in (
            maced(identification="nobody"), maced(secret=OTHER), maced(secret=OTHER), maced(),
        )
    ]  # fmt: skip
    found = [each.controls(oids.ID_CMC_STATUS_INFO_V2) for each in answers]
    assert answers[0].statuses() == failed(CMCFailInfo.BAD_MESSAGE_CHECK, 0)
    assert found[0] == found[1] == found[2] == found[3]
    authority.secret()
    assert authority.process(maced()).statuses(password())[0][0] == CMCStatus.SUCCESS


def test_secrets_are_nowhere_to_be_read(caplog: pytest.LogCaptureFixture) -> None:
    """R-090: neither in the log nor in what is printed of the authority."""
    caplog.set_level(logging.DEBUG, "cmcodec")
    authority = Authority()
    authority.secret(secret=b"SECRETSECRET", uses=3)
    for secret in (b"SECRETSECRET", b"SECRETOTHER!"):
        authority.process(identified(secret=secret))
        authority.process(maced(secret=secret))
    assert "refused" in caplog.text
    assert "SECRET" not in caplog.text
    ca = authority.build(secrets={"SECRET": b"SECRET"}.get)
    assert "SECRET" not in repr(ca)
