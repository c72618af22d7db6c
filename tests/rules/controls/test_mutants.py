"""Rule P9: whatever a message says, proofs are refused with exceptions of this package alone."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import cms, types
from cmcodec.controls import conversation, dh_pop, encrypted_pop, identity_proof, pop_link
from cmcodec.errors import CMCError
from kit.der import integer, seq, tlv
from kit.keys import certificate, key
from kit.messages import signed_data
from kit.mutants import mutant
from kit.proofs import RANDOM, SECRET
from kit.proven import DH_POPS, cms_public, dh_request, linked

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


@pytest.mark.parametrize("name", DH_POPS)
def test_rule_p9_mutants_of_dh_requests(name: str) -> None:
    """Rule P9, R-202: a changed request has no proof."""
    good, mine, held = dh_request(name)
    dh_pop.verify(good, mine, held)
    info = types.CertificationRequest.from_der(good).certification_request_info
    random = Random(13)
    for _ in range(MUTANTS // 4):
        octets = mutant(random, good)
        try:
            dh_pop.verify(octets, mine, held)
        except CMCError:
            continue
        read = types.CertificationRequest.from_der(octets)
        assert read.certification_request_info == info
