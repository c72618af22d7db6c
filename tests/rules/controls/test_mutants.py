"""Rule P9: whatever a message says, proofs are refused with exceptions of this package alone."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.controls import conversation, dh_pop, encrypted_pop, identity_proof, pop_link
from cmcodec.errors import CMCError
from kit.der import EMPTY, attribute, identifier, integer, oid, seq, set_of, tlv
from kit.diffie_hellman import dh_key
from kit.keys import BOB, certificate, key
from kit.messages import control, pkcs10, pki_data, signed_data, tcr
from kit.mutants import mutant
from kit.proofs import IDENTIFICATION, RANDOM, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

MUTANTS = 400


def checked(message: cmcodec.Message) -> None:
    """Everything that can be checked of a request."""
    content: Any = message.unverified_content
    checks: list[Callable[[], None]] = [
        lambda: identity_proof.verify(message, SECRET, compatibility=True),
        lambda: pop_link.verify(message, SECRET, compatibility=True),
        lambda: pop_link.verify_renewal(message, certificate("p-256")),
        lambda: pop_link.verify_subject(message, certificate("p-256").subject),
        lambda: conversation.check(message, message),
    ]
    checks += [
        partial(encrypted_pop.verify, message, value, RANDOM)
        for each in getattr(content, "control_sequence", ())
        for value in each.attr_values
        if isinstance(value, types.DecryptedPOP)
    ]
    for each in checks:
        try:
            each()
        except CMCError:
            continue
    conversation.reply(message)


def linked() -> bytes:
    """A request with every control that proves something."""

    witness = pop_link.compute(RANDOM, SECRET)
    first = pop_link.compute_v1(RANDOM, SECRET)
    pkcs10_ = pkcs10(
        attributes=(
            attribute(oids.ID_CMC_POP_LINK_WITNESS_V2, witness.to_der()),
            attribute(oids.ID_CMC_POP_LINK_WITNESS, first.to_der()),
        )
    )
    held = seq(oid(oids.ID_CMC_POP_LINK_WITNESS_V2), witness.to_der())
    inner = seq(integer(4), seq(BOB.spki(0xA6)), seq(held))
    requests = tcr(3, pkcs10_), tlv(0xA1, inner, tlv(0xA2, tlv(0x81, b"\1")))
    answer = types.DecryptedPOP(
        body_part_id=4, the_pop_alg_id=witness.mac_algorithm, the_pop=bytes(32)
    )
    controls = (
        control(1, 2, types.Identification(IDENTIFICATION)),
        control(2, 34, identity_proof.compute(seq(*requests), SECRET, IDENTIFICATION)),
        control(5, 3, identity_proof.compute_v1(seq(*requests), SECRET, IDENTIFICATION)),
        control(6, 22, types.PopLinkRandom(RANDOM)),
        control(7, 10, answer),
        control(8, 5, types.TransactionId(1)),
        control(9, 6, types.SenderNonce(b"nonce")),
        control(10, 4, types.DataReturn(b"data")),
    )
    return pki_data(controls, requests)


def test_rule_p9_mutants_of_requests() -> None:
    """Rule P9, R-089, R-102: no other exception, and no proof over other requests."""
    content = linked()
    good = cmcodec.load(signed_data(content))
    identity_proof.verify(good, SECRET)
    pop_link.verify(good, SECRET)
    path = "content.encapContentInfo.eContent.reqSequence"
    random = Random(11)
    loaded = 0
    for _ in range(MUTANTS):
        try:
            message = cmcodec.load(signed_data(mutant(random, content)))
        except CMCError:
            continue
        loaded += 1
        checked(message)
        if message.octets(path) != good.octets(path):
            with pytest.raises(CMCError):
                identity_proof.verify(message, SECRET)
    assert loaded > MUTANTS // 20


def test_rule_p9_mutants_of_challenges() -> None:
    """Rule P9, R-127: a changed challenge is refused, or answered as the same."""
    private = key("p-256")

    spki = cms_public(private)
    asked = tlv(0xA1, seq(integer(4), seq(tlv(0xA6, spki[2:]))), tlv(0xA2, tlv(0x81, b"\1")))
    request = types.TaggedRequest.from_der(asked)
    opener = cms.RecipientKey.from_private_key(private)
    random = Random(12)
    for content in ("id-aes256-GCM", "id-aes128-CBC"):
        made, _ = encrypted_pop.challenge(request, content=content)
        good = encrypted_pop.answer(made, opener, 4)
        for _ in range(MUTANTS // 4):
            octets = mutant(random, made.to_der())
            try:
                changed = types.EncryptedPOP.from_der(octets)
                answer = encrypted_pop.answer(changed, opener, 4)
            except CMCError:
                continue
            same = changed.request == made.request and (
                changed.the_pop_alg_id == made.the_pop_alg_id
            )
            assert (answer == good) == same


def cms_public(private: Any) -> bytes:
    octets: bytes = private.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return octets


@pytest.mark.parametrize("name", ["dh", "ecdh", "discrete-log"])
def test_rule_p9_mutants_of_dh_requests(name: str) -> None:
    """Rule P9, R-202: a changed request has no proof."""

    private = key("p-256", 2) if name == "ecdh" else dh_key(1024, 2)
    mine = key("p-256", 1) if name == "ecdh" else dh_key(1024, 1)
    algorithm = {
        "dh": "id-alg-dhPop-static-sha256-hmac-sha256",
        "ecdh": "id-alg-ecdhPop-static-sha256-hmac-sha256",
        "discrete-log": "id-alg-dhPop-sha256",
    }[name]
    held = recipient_certificate(mine)
    info = seq(integer(0), EMPTY, cms_public(private), tlv(0xA0))
    signature = dh_pop.sign(info, private, held, algorithm=algorithm)
    number = oids.number(algorithm)
    assert number is not None
    good = seq(info, identifier(number), tlv(0x03, b"\0", signature))
    dh_pop.verify(good, mine, held)
    random = Random(13)
    for _ in range(MUTANTS // 4):
        octets = mutant(random, good)
        try:
            dh_pop.verify(octets, mine, held)
        except CMCError:
            continue
        read = types.CertificationRequest.from_der(octets)
        assert read.certification_request_info.to_der() == info


def recipient_certificate(private: Any) -> bytes:

    name = seq(set_of(seq(oid(oids.ID_AT_COMMON_NAME), tlv(0x0C, b"RA"))))
    times = seq(tlv(0x17, b"260101000000Z"), tlv(0x17, b"360101000000Z"))
    algorithm = identifier(oids.ID_ED25519)
    tbs = seq(tlv(0xA0, integer(2)), integer(5), algorithm, name, times, name, cms_public(private))
    return seq(tbs, algorithm, tlv(0x03, b"\0", bytes(64)))
