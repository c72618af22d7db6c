"""Peers do the work that they are measured at: they refuse what `cmcodec` refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.kit.der import set_of
from tests.kit.messages import pki_data, tagged_content_info

import cmcodec
from benches import peers, workload
from benches.conftest import offering
from benches.peers import answers, ours, signatures
from benches.workload import certificates, keys
from benches.workload.mixes import FORMS, KEY_TYPES
from benches.workload.parts import signed
from cmcodec import types
from cmcodec.asn1 import BitString

if TYPE_CHECKING:
    from types import ModuleType


def _wrong(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


def _with_signer_info(der: bytes, **fields: Any) -> bytes:
    """The message with other fields in its SignerInfo."""
    structure: Any = types.ContentInfo.from_der(der)
    (signer_info,) = structure.content.signer_infos
    changed = replace(structure.content, signer_infos=(replace(signer_info, **fields),))
    whole: types.ContentInfo = replace(structure, content=changed)
    return whole.to_der()


def _with_attribute(der: bytes, key: keys.PrivateKey, attr_type: str, value: Any) -> bytes:
    """The message with another value of a signed attribute, and signed."""
    structure: Any = types.ContentInfo.from_der(der)
    attributes = tuple(
        replace(it, attr_values=(value,)) if it.attr_type == attr_type else it
        for it in structure.content.signer_infos[0].signed_attrs
    )
    octets = set_of(*(it.to_der() for it in attributes))
    return _with_signer_info(der, signed_attrs=attributes, signature=keys.sign(key, octets))


def nothing(der: bytes, _: keys.PrivateKey) -> bytes:
    return der


def signature(der: bytes, _: keys.PrivateKey) -> bytes:
    structure: Any = types.ContentInfo.from_der(der)
    (signer_info,) = structure.content.signer_infos
    return _with_signer_info(der, signature=_wrong(signer_info.signature))


def message_digest(der: bytes, key: keys.PrivateKey) -> bytes:
    size = 64 if isinstance(key, Ed25519PrivateKey) else 32
    wrong = types.MessageDigest(bytes(size))
    return _with_attribute(der, key, signatures.MESSAGE_DIGEST, wrong)


def content_type(der: bytes, key: keys.PrivateKey) -> bytes:
    wrong = types.ContentType(workload.SIGNED_DATA)
    return _with_attribute(der, key, signatures.CONTENT_TYPE, wrong)


def proof_of_possession(der: bytes, key: keys.PrivateKey) -> bytes:
    """Another signature in the request, and everything around it signed."""
    content: Any = cmcodec.load(der).unverified_content
    (request,) = content.req_sequence
    if request.tcr is not None:
        inner = request.tcr.certification_request
        inner = replace(inner, signature=BitString(_wrong(inner.signature.data)))
        request = types.TaggedRequest(tcr=replace(request.tcr, certification_request=inner))
    else:
        proof = request.crm.popo.signature
        proof = replace(proof, signature=BitString(_wrong(proof.signature.data)))
        popo = types.ProofOfPossession(signature=proof)
        request = types.TaggedRequest(crm=replace(request.crm, popo=popo))
    return signed(replace(content, req_sequence=(request,)).to_der(), key)


TAMPERINGS = (signature, message_digest, content_type, proof_of_possession)
KINDS = [(key_type, form) for key_type in KEY_TYPES for form in FORMS]


def _batch(key_type: str, form: str, tamper: Any) -> bytes:
    """A batch of one message that somebody tampered with, rightly signed around it."""
    key = keys.key(key_type, "requested", 0, keys.FEW_RSA_KEYS)
    tampered = tamper(workload.single(key_type, form), key)
    authority = keys.key("p-256", "registration authority", 0)
    chain = certificates.chain(authority, "Example Devices RA", -1)
    content = pki_data(members=[tagged_content_info(tampered, workload.FIRST_ID)])
    return signed(content, authority, certificates=chain)


@pytest.mark.parametrize("tamper", TAMPERINGS)
@pytest.mark.parametrize("peer", offering("verify"))
def test_refuses(peer: ModuleType, tamper: Any) -> None:
    """Each check is made, with each kind of key, in both kinds of request."""
    for key_type, form in KINDS:
        der = _batch(key_type, form, tamper)
        with pytest.raises((InvalidSignature, signatures.Refused)):
            peer.verify(der)


@pytest.mark.parametrize("peer", offering("verify"))
def test_refuses_the_batch(peer: ModuleType) -> None:
    """The signature around all is verified too."""
    with pytest.raises(InvalidSignature):
        peer.verify(signature(workload.batch(workload.SMALL), keys.key("p-256", "none", 0)))


@pytest.mark.parametrize("peer", offering("verify"))
def test_accepts(peer: ModuleType) -> None:
    """What `test_refuses` refuses is refused for what was done to it."""
    for key_type, form in KINDS:
        assert peer.verify(_batch(key_type, form, nothing)) == 2


@pytest.mark.parametrize("tamper", TAMPERINGS)
@pytest.mark.usefixtures("backend")
def test_cmcodec_refuses(tamper: Any) -> None:
    for key_type, form in KINDS:
        assert ours.verify(_batch(key_type, form, tamper)) == 1
        assert ours.verify(_batch(key_type, form, nothing)) == 2


@pytest.mark.parametrize("peer", offering("load"))
def test_versions(peer: ModuleType) -> None:
    """It is known what is compared."""
    assert all(peers.versions(peer).values())


def test_answers() -> None:
    """An answer that lacks a message, or has a wrong field, is none."""
    right = [answers.expected(index) for index in range(3)]
    answers.check(right, 3)
    for wrong in (right[:2], [*right[:2], replace(right[2], sender_nonce=None)]):
        with pytest.raises(AssertionError):
            answers.check(wrong, 3)
        assert answers.digest_of(wrong) != answers.digest_of(right)
