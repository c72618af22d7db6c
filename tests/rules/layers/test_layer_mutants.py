"""Mutants of encrypted and MACed messages: documented errors, and no changed content that opens.

CI takes a few thousand; the long run, 10,000 on each backend, is
``CMCODEC_MUTANTS=20000 pytest tests/rules/layers -k mutant``.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

import cmcodec
from cmcodec import cms, oids
from cmcodec.cms import RecipientKey
from cmcodec.errors import DecodeError, DecryptionError, VerificationError
from kit.controls import response
from kit.keys import ALICE, BOB, certificate, key
from kit.layers import (
    IV,
    KEY_IDENTIFIER,
    PASSWORD,
    Authenticated,
    AuthEnveloped,
    Enveloped,
    agreed,
    kekri,
    ktri,
    oaep,
    oaep_padding,
    pwri,
    pwri_kek,
    pwri_kek_wrap,
    signed_value,
)
from kit.messages import Message, Signer, pki_data, signed_by, tcr
from kit.mutants import mutant

if TYPE_CHECKING:
    from collections.abc import Iterator

MUTANTS = int(os.environ.get("CMCODEC_MUTANTS", "4000"))
SEED = 10002
CONTENT = pki_data(requests=[tcr(3)])
SIGNED = signed_by(Signer(), content=CONTENT).encode()
VALUE = signed_value(SIGNED)


class Subject(NamedTuple):
    """A message that opens."""

    name: str
    octets: bytes
    key: RecipientKey


@cache
def subjects() -> list[Subject]:
    rsa = RecipientKey.from_private_key(key("rsa-2048"), key_identifier=KEY_IDENTIFIER)
    point = RecipientKey.from_private_key(key("p-256"), key_identifier=KEY_IDENTIFIER)
    password = RecipientKey.from_password(PASSWORD)
    kek = RecipientKey.from_kek(bytes(32), b"kek-1")
    scheme = oids.DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME
    infos = {
        "ktri": (ktri(), rsa),
        "kari": (agreed(key("p-256").public_key(), scheme), point),
        "kekri": (kekri(), kek),
        "pwri": (pwri(), password),
    }
    found = []
    layers = (Enveloped, AuthEnveloped)
    found += [
        Subject(f"{name} {layer.__name__}", layer(VALUE, (info,)).encode(), own)
        for name, (info, own) in infos.items()
        for layer in layers
    ]
    every = tuple(info for info, _ in infos.values())
    found.append(Subject("all Enveloped", Enveloped(VALUE, every).encode(), password))
    found.append(Subject("Authenticated", Authenticated(CONTENT).encode(), password))
    for layer, number in (
        (Enveloped, oids.ID_ENVELOPED_DATA),
        (AuthEnveloped, oids.ID_CT_AUTH_ENVELOPED_DATA),
    ):
        around = Message(
            layer(VALUE, (infos["kekri"][0],)).value(),
            number,
            (Signer(key=BOB),),
            certificates=(BOB.certificate(),),
        )
        found.append(Subject(f"signed {layer.__name__}", around.encode(), kek))
    return found


def outcome(octets: bytes, own: RecipientKey) -> str:
    """The class and reason of the error, or that it opened with what it held."""
    try:
        found = cmcodec.load(octets).open(own)
    except (DecodeError, DecryptionError, VerificationError) as error:
        has_cause = isinstance(error, DecryptionError) and (error.__cause__ or error.__context__)
        return f"{type(error).__name__} {error.reason}{' with a cause' if has_cause else ''}"
    assert found.message.unverified_content == cmcodec.load(SIGNED).unverified_content
    assert CONTENT in found.message.to_der()
    if all(layer.kind != "enveloped" for layer in found.layers):
        for signer in found.signers:
            assert signer.candidates[0] == ALICE.certificate()
    return "opened"


def test_mutants_of_layers(backend: str) -> None:
    """P9, R-220, R-234: documented errors alone, and the content is what it was or nothing."""
    random = Random(f"{SEED} layers {backend}")
    seen: Counter[str] = Counter()
    for _ in range(MUTANTS // 2):
        subject = random.choice(subjects())
        octets = mutant(random, subject.octets)
        try:
            seen[outcome(octets, subject.key)] += 1
        except Exception as error:
            raise AssertionError(f"{subject.name}: {octets.hex()}") from error
    assert seen["opened"] < MUTANTS // 10
    assert not any("cause" in text for text in seen)
    assert {"DecryptionError decryption_failed", "DecryptionError no_recipient"} <= set(seen)


# --- CBC ---------------------------------------------------------------------------------------


def changes(octets: bytes, part: bytes) -> Iterator[bytes]:
    """Every octet of a part changed, in two ways."""
    at = octets.index(part)
    for pos in range(at, at + len(part)):
        for mask in (0x01, 0x80):
            yield octets[:pos] + bytes([octets[pos] ^ mask]) + octets[pos + 1 :]


def errors(part: bytes, octets: bytes, own: RecipientKey, **arguments: Any) -> set[tuple[Any, ...]]:
    """What is to be seen of the errors; it fails where one opens."""
    found = set()
    for changed in changes(octets, part):
        with pytest.raises(DecryptionError) as caught:
            cmcodec.load(changed).open(own, **arguments)
        error = caught.value
        assert error.__context__ is error.__cause__ is None
        found.add((type(error), error.reason, error.offset, error.path, str(error), repr(error)))
    return found


BARE = signed_by(Signer(), content=CONTENT, certificates=()).encode()
"""Signed with a certificate that the caller has: every octet of it is covered."""


@pytest.mark.parametrize("kind", ["ktri", "oaep", "kari", "kekri", "pwri", "pwri-kek"])
def test_one_error_for_every_changed_octet(kind: str) -> None:
    """RFC 3218: of the encrypted key, the IV and the encrypted content in CBC."""
    rsa = RecipientKey.from_private_key(key("rsa-2048"), key_identifier=KEY_IDENTIFIER)
    scheme = oids.DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME
    info, own = {
        "ktri": lambda: (ktri(), rsa),
        "oaep": lambda: (ktri(algorithm=oaep("sha256"), pad=oaep_padding("sha256")), rsa),
        "kari": lambda: (
            agreed(key("p-256").public_key(), scheme),
            RecipientKey.from_private_key(key("p-256"), key_identifier=KEY_IDENTIFIER),
        ),
        "kekri": lambda: (kekri(), RecipientKey.from_kek(bytes(32), b"kek-1")),
        "pwri": lambda: (pwri(), RecipientKey.from_password(PASSWORD)),
        "pwri-kek": lambda: (
            pwri(
                wrap=pwri_kek(bytes(range(64, 80))),
                wrapped=lambda kek, cek: pwri_kek_wrap(kek, bytes(range(64, 80)), cek),
            ),
            RecipientKey.from_password(PASSWORD),
        ),
    }[kind]()
    octets = Enveloped(signed_value(BARE), (info,)).encode()
    message: Any = cmcodec.load(octets).unverified_structure
    layer = message.content
    (found,) = layer.recipient_infos
    if found.kari is not None:
        encrypted_key = found.kari.recipient_encrypted_keys[0].encrypted_key
    else:
        encrypted_key = (found.ktri or found.kekri or found.pwri).encrypted_key
    seen = errors(encrypted_key, octets, own, certificates=ALICE.certificate())
    seen |= errors(IV, octets, own, certificates=ALICE.certificate())
    if kind in ("kekri", "ktri"):
        encrypted = layer.encrypted_content_info.encrypted_content
        seen |= errors(encrypted, octets, own, certificates=ALICE.certificate())
    assert len(seen) == 1
    opened = cmcodec.load(octets).open(own, certificates=ALICE.certificate())
    assert opened.message.to_der() == BARE


def test_changed_octets_beside_the_signature() -> None:
    """Certificates are covered by no signature, in CBC as elsewhere: the content is what it was."""
    own = RecipientKey.from_kek(bytes(32), b"kek-1")
    octets = Enveloped(VALUE, (kekri(),)).encode()
    message: Any = cmcodec.load(octets).unverified_structure
    encrypted = message.content.encrypted_content_info.encrypted_content
    seen = {outcome(changed, own) for changed in changes(octets, encrypted)}
    assert seen <= {"opened", "DecryptionError decryption_failed"}


def signed_itself(octets: bytes) -> bool:
    """Whether this is a certificate that names its own key as its issuer, and proves it."""
    try:
        found = x509.load_der_x509_certificate(octets)
        found.verify_directly_issued_by(found)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


@pytest.mark.parametrize("kind", ["ed25519", "p-256", "rsa-2048"])
def test_changed_octets_of_a_certificate(kind: str) -> None:
    """The same, and a certificate that its own key signed shows that it was changed."""
    own = RecipientKey.from_kek(bytes(32), b"kek-1")
    signer = cms.SigningKey.from_private_key(key(kind), certificate(kind))
    made = cms.encrypt(
        cms.sign(response(), signer),
        cms.Recipient.from_kek(bytes(32), b"kek-1"),
        algorithm="id-aes256-CBC",
    )
    message: Any = cmcodec.load(made).unverified_structure
    layer = message.content
    encrypted = layer.encrypted_content_info.encrypted_content
    iv = layer.encrypted_content_info.content_encryption_algorithm.parameters.der[2:]
    assert len(errors(iv, made, own)) == 1
    assert signed_itself(certificate(kind).public_bytes(Encoding.DER))
    seen = set()
    for changed in changes(made, encrypted):
        try:
            opened = cmcodec.load(changed).open(own)
        except DecryptionError as error:
            seen.add(str(error))
        else:
            assert opened.content == response()
            assert not signed_itself(opened.signers[0].candidates[0])
    assert len(seen) == 1
    assert cmcodec.load(made).open(own).content == response()


def test_every_changed_octet_of_gcm() -> None:
    """R-234: of key, nonce, encrypted content and tag; whatever differs, nothing opens."""
    own = RecipientKey.from_kek(bytes(32), b"kek-1")
    octets = AuthEnveloped(VALUE, (kekri(),)).encode()
    message: Any = cmcodec.load(octets).unverified_structure
    layer = message.content
    encrypted = layer.auth_encrypted_content_info.encrypted_content
    parts = (encrypted, layer.mac, layer.recipient_infos[0].kekri.encrypted_key)
    for part in parts:
        assert len(errors(part, octets, own)) == 1
