"""Encrypts again, and computes MACs again: else all search in a layer ends at a tag or a padding.

The keys are those of `kit.layers`. Each step is left out now and then.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cmcodec import oids
from kit.der import oid
from kit.layers import CEK, MAC_KEY, PASSWORD, WRAP, cbc, key_wrap, padded
from kit.trees import Tree, tree, walk

from .signing import ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, often, set_attribute

if TYPE_CHECKING:
    from random import Random

ID_ENVELOPED, ID_AUTH_ENVELOPED, ID_AUTHENTICATED, AES_CBC, AES_GCM, PBKDF2 = map(
    oid,
    (
        oids.ID_ENVELOPED_DATA,
        oids.ID_CT_AUTH_ENVELOPED_DATA,
        oids.ID_CT_AUTH_DATA,
        oids.ID_AES256_CBC,
        oids.ID_AES256_GCM,
        oids.ID_PBKDF2,
    ),
)
PRFS = {
    oid(oids.ID_HMAC_WITH_SHA1): "sha1",
    oid(oids.ID_HMAC_WITH_SHA256): "sha256",
    oid(oids.ID_HMAC_WITH_SHA384): "sha384",
    oid(oids.ID_HMAC_WITH_SHA512): "sha512",
}
FEW = 1000
"""Iterations after which a key is derived here again."""


def seal_all(random: Random, trees: list[Tree], plain: bytes) -> None:
    """Every layer, also one in a signature: recipients by a password, encryption, MAC.

    ``plain`` is what an envelope holds.
    """
    for each in walk(trees):
        found = each.trees
        if len(found) != 2 or found[1].tag != 0xA0 or not found[1].trees:
            continue
        held = found[1].trees[0]
        layer = held.trees[0] if held.tag == 0x04 and held.trees else held
        number = found[0].encode()
        if number == ID_ENVELOPED:
            _seal_passwords(random, layer, CEK)
            _seal_enveloped(layer, plain)
        elif number == ID_AUTH_ENVELOPED:
            _seal_passwords(random, layer, CEK)
            _seal_auth_enveloped(random, layer, plain)
        elif number == ID_AUTHENTICATED:
            _seal_passwords(random, layer, MAC_KEY)
            _seal_authenticated(random, layer)


def _content(layer: Tree) -> tuple[Tree, int] | None:
    """The EncryptedContentInfo of a layer, and where it stands."""
    for at, each in enumerate(layer.trees):
        tags = [field.tag for field in each.trees]
        if each.tag == 0x30 and tags[:2] == [0x06, 0x30] and 0x80 in tags[2:]:
            return each, at
    return None


def _parameters(held: Tree) -> tuple[bytes, list[Tree]]:
    algorithm = held.trees[1].trees
    if not algorithm:
        return b"", []
    return algorithm[0].encode(), algorithm[1:]


def _seal_enveloped(layer: Tree, plain: bytes) -> None:
    found = _content(layer)
    if found is None:
        return
    held, _ = found
    number, rest = _parameters(held)
    if number == AES_CBC and rest and len(rest[0].content) == 16:
        held.trees[2] = tree(0x80, cbc(CEK, rest[0].content, padded(plain)))


def _seal_auth_enveloped(random: Random, layer: Tree, plain: bytes) -> None:
    found = _content(layer)
    if found is None:
        return
    held, at = found
    number, rest = _parameters(held)
    if number != AES_GCM or not rest or not rest[0].trees:
        return
    nonce, *length = rest[0].trees
    icv = length[0].content if length else b"\x0c"
    if not 8 <= len(nonce.content) <= 128:
        return
    attributes = next((each for each in layer.trees[at + 1 :] if each.tag == 0xA1), None)
    covered = b""
    if attributes is not None:
        if often(random):
            set_attribute(attributes, ID_CONTENT_TYPE, held.trees[0].encode())
        if often(random):
            attributes.trees.sort(key=Tree.encode)
        covered = attributes.retagged(0x31).encode()
    sealed = AESGCM(CEK).encrypt(nonce.content, plain, covered)
    held.trees[2] = tree(0x80, sealed[:-16])
    for place in range(at + 1, len(layer.trees)):
        if layer.trees[place].tag == 0x04 and often(random):
            size = icv[-1] if icv and often(random) else random.randrange(17)
            layer.trees[place] = tree(0x04, sealed[-16:][:size])


def _seal_authenticated(random: Random, layer: Tree) -> None:
    fields = layer.trees
    held = next((each for each in fields if each.tag == 0x30 and _is_encapsulated(each)), None)
    attributes = next((each for each in fields if each.tag == 0xA2), None)
    if held is None:
        return
    content = held.trees[1].trees[0].content
    covered = content
    if attributes is not None:
        digest = tree(0x04, hashlib.sha256(content).digest()).encode()
        for number, value in (
            (ID_CONTENT_TYPE, held.trees[0].encode()),
            (ID_MESSAGE_DIGEST, digest),
        ):
            if often(random):
                set_attribute(attributes, number, value)
        if often(random):
            attributes.trees.sort(key=Tree.encode)
        covered = attributes.retagged(0x31).encode()
    for at, each in enumerate(fields):
        if each.tag == 0x04:
            fields[at] = tree(0x04, hmac.digest(MAC_KEY, covered, "sha256"))


def _is_encapsulated(element: Tree) -> bool:
    found = element.trees
    return len(found) == 2 and [each.tag for each in found] == [0x06, 0xA0] and bool(found[1].trees)


def _seal_passwords(random: Random, layer: Tree, key: bytes) -> None:
    """Each PasswordRecipientInfo by AES key wrap, whatever its derivation has become."""
    for info in walk(layer.trees):
        fields = info.trees
        if info.tag != 0xA3 or len(fields) != 4 or fields[1].tag != 0xA0:
            continue
        kek = _derived(fields[1].trees)
        if kek is not None and fields[2].encode() == WRAP and often(random):
            fields[3] = tree(0x04, key_wrap(kek, key))


def _derived(derivation: list[Tree]) -> bytes | None:
    """The key-encryption key of PBKDF2; None for what is none, or takes long."""
    if len(derivation) != 2 or derivation[0].encode() != PBKDF2 or not derivation[1].trees:
        return None
    salt, *rest = derivation[1].trees
    numbers = [int.from_bytes(each.content, "big") for each in rest if each.tag == 0x02]
    named = [each.trees[0].encode() for each in rest if each.trees]
    prf = PRFS.get(named[0]) if named else "sha1"
    if salt.tag != 0x04 or not numbers or not 0 < numbers[0] <= FEW or prf is None:
        return None
    return hashlib.pbkdf2_hmac(prf, PASSWORD, salt.content, numbers[0], 32)
