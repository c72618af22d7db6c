"""Signs what was changed again, from the inside out: else all search ends at a digest (V6).

Each step is left out now and then, so that each check meets what only it refuses. The same in Rust
is ``rust/cmcodec/fuzz/src/sign.rs``; what has another key keeps it here now and then as well.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import load_der_private_key

from cmcodec import oids
from kit.der import identifier, oid
from kit.der import spki as spki_of
from kit.trees import Tree, encode, parse, tree
from kit.vectors import shared

if TYPE_CHECKING:
    from random import Random

ID_CONTENT_TYPE, ID_MESSAGE_DIGEST = oid(oids.ID_CONTENT_TYPE), oid(oids.ID_MESSAGE_DIGEST)
ID_SIGNED_DATA = oid(oids.ID_SIGNED_DATA)
CERTIFICATE = shared("keys/ra-ed25519-cert.der")
"""Of the key that signs: Ed25519, so that a number repeats its signatures."""


@cache
def signer() -> Any:
    return load_der_private_key(shared("keys/ra-ed25519-key.p8"), None)


@cache
def public_key() -> bytes:
    octets: bytes = signer().public_key().public_bytes_raw()
    return octets


def algorithm(number: str) -> Tree:
    return parse(identifier(number))[0]


def spki(tag: int) -> Tree:
    return parse(spki_of(identifier(oids.ID_ED25519), public_key(), tag=tag))[0]


def sign_all(random: Random, trees: list[Tree]) -> None:
    """Signs every request and message in it."""
    for each in trees:
        sign_all(random, each.trees)
        if _is_pkcs10(each):
            _sign_pkcs10(random, each)
        elif _is_crmf(each):
            _sign_crmf(random, each)
        elif is_certificate(each):
            sign_certificate(random, each)
        elif (signed := signed_data(each)) is not None:
            _sign_message(random, signed)


def sign_attributes(random: Random, trees: list[Tree]) -> None:
    """Signs every SignerInfo whose attributes, digest or algorithm are what they are (V4 to V7)."""
    for each in trees:
        sign_attributes(random, each.trees)
        signed = signed_data(each)
        if signed is not None and signed.trees:
            for info in signed.trees[-1].trees:
                _sign_info(random, info, None, b"")


def _tags(element: Tree) -> list[int]:
    return [each.tag for each in element.trees]


def often(random: Random) -> bool:
    """Whether a step is done."""
    return random.random() > 1 / 12


def _is_pkcs10(element: Tree) -> bool:
    """CertificationRequest: a CertificationRequestInfo, an algorithm, a BIT STRING."""
    return (
        element.tag == 0x30
        and _tags(element) == [0x30, 0x30, 0x03]
        and _tags(element.trees[0])[:3] == [0x02, 0x30, 0x30]
    )


def _sign_pkcs10(random: Random, element: Tree) -> None:
    info, _, value = element.trees
    if often(random):
        info.trees[2] = spki(0x30)
    if often(random):
        element.trees[1] = algorithm(oids.ID_ED25519)
    value.inside = b"\0" + signer().sign(info.encode())


def is_certificate(element: Tree) -> bool:
    """Certificate: a TBSCertificate of version 2 or 3, an algorithm, a BIT STRING."""
    return (
        element.tag == 0x30
        and _tags(element) == [0x30, 0x30, 0x03]
        and _tags(element.trees[0])[:3] == [0xA0, 0x02, 0x30]
    )


def sign_certificate(random: Random, element: Tree) -> None:
    """Half the time, so that certificates of others stay what they were as well."""
    if random.random() < 1 / 2:
        return
    info, _, value = element.trees
    if often(random):
        info.trees[2] = algorithm(oids.ID_ED25519)
    if often(random):
        element.trees[1] = algorithm(oids.ID_ED25519)
    value.inside = b"\0" + signer().sign(info.encode())


@cache
def anchor() -> bytes:
    """A certificate of the key that signs, under the name of the CA of the vectors."""
    made = parse(shared("keys/ca-cert.der"))
    info, _, value = made[0].trees
    info.trees[2] = made[0].trees[1] = algorithm(oids.ID_ED25519)
    info.trees[6] = spki(0x30)
    value.inside = b"\0" + signer().sign(info.encode())
    return encode(made)


def _is_crmf(element: Tree) -> bool:
    """CertReqMsg: a CertRequest, and a POPOSigningKey [1]."""
    return _tags(element)[:2] == [0x30, 0xA1] and _tags(element.trees[0])[:2] == [0x02, 0x30]


def _sign_crmf(random: Random, element: Tree) -> None:
    request, proof = element.trees[:2]
    if often(random):
        template = request.trees[1].trees
        template[:] = [spki(0xA6) if field.tag == 0xA6 else field for field in template]
    if len(proof.trees) > 1:
        if often(random):
            proof.trees[-2] = algorithm(oids.ID_ED25519)
        proof.trees[-1] = tree(0x03, b"\0" + signer().sign(request.encode()))


def signed_data(element: Tree) -> Tree | None:
    """The SignedData in a ContentInfo."""
    found = element.trees
    is_one = len(found) == 2 and found[0].encode() == ID_SIGNED_DATA and found[1].tag == 0xA0
    return found[1].trees[0] if is_one and found[1].trees else None


def _sign_message(random: Random, signed: Tree) -> None:
    content = next((each for each in signed.trees if each.tag == 0x30), None)
    if content is None or len(signed.trees) < 3:
        return
    content_type = content.trees[0].encode() if content.trees else b""
    held = content.trees[1].trees if len(content.trees) > 1 else []
    octets = held[0].content if held else b""
    sha512 = algorithm(oids.ID_SHA512)
    listed = signed.trees[1].trees
    if often(random) and listed and sha512 not in listed:
        listed.append(sha512)
        listed.sort(key=Tree.encode)
    infos = signed.trees[-1].trees
    for info in infos:
        _sign_info(random, info, content_type, octets)
    infos.sort(key=Tree.encode)


def _sign_info(random: Random, info: Tree, content_type: bytes | None, octets: bytes) -> None:
    """Signs a SignerInfo; without a ``content_type`` over the attributes that it has."""
    fields = info.trees
    if len(fields) < 5:
        return
    repaired = content_type is not None
    if often(random):
        own = parse(CERTIFICATE)[0].trees[0].trees
        fields[1] = tree(0x30, [own[3], own[1]])
    if repaired and often(random):
        fields[2] = algorithm(oids.ID_SHA512)
    covered = octets
    attributes = fields[3] if fields[3].tag == 0xA0 else None
    if attributes is not None:
        if content_type is not None:
            digest = tree(0x04, hashlib.sha512(octets).digest()).encode()
            for number, value in ((ID_CONTENT_TYPE, content_type), (ID_MESSAGE_DIGEST, digest)):
                if often(random):
                    set_attribute(attributes, number, value)
        if often(random):
            attributes.trees.sort(key=Tree.encode)
        covered = attributes.retagged(0x31).encode()
    after = fields[4:] if attributes is not None else fields[3:]
    if len(after) > 1:
        at = len(fields) - len(after)
        if repaired and often(random):
            fields[at] = algorithm(oids.ID_ED25519)
        fields[at + 1] = tree(0x04, signer().sign(covered))


def set_attribute(attributes: Tree, number: bytes, value: bytes) -> None:
    """Gives the first attribute of this type this only value."""
    for attribute in attributes.trees:
        if attribute.trees and attribute.trees[0].encode() == number:
            known = encode(attribute.trees[1].trees) if len(attribute.trees) > 1 else None
            if known != value:
                attribute.inside = [*parse(number), tree(0x31, parse(value))]
            return
