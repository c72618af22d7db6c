"""The same messages signed by keys that every implementation has.

Most hostile messages are signed with Ed25519, which not everyone has in CMS: all of them would be
refused for that, whatever else is wrong with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from cmcodec import oids
from hostile.keys import Curve
from kit.der import oid, seq, tlv
from kit.keys import Key
from kit.trees import parse, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kit.trees import Tree

KEYS = {
    key.spki(): (key, Curve(number + 1000)) for number in range(1, 120) for key in [Key(number)]
}
"""Keys of Ed25519 by their SubjectPublicKeyInfo, each with the one of P-256 in its place."""
EDDSA = oid(oids.ID_ED25519)
ECDSA = oid("1.2.840.10045.4.3.4")
"""With SHA-512, and without parameters, as Ed25519."""
BY_EDDSA = seq(EDDSA) + b"\x04"
"""What stands before a signature."""
BY_RFC_6979 = ec.ECDSA(hashes.SHA512(), deterministic_signing=True)


def rekeyed(octets: bytes) -> bytes:
    """The message with signatures by P-256 where all of them are good ones by Ed25519.

    What is in its content stays the same.
    """
    try:
        (outer,) = parse(octets)
        signed = outer.trees[1].trees[0]
        infos = signed.trees[-1].trees
    except (ValueError, IndexError):
        return octets
    keys = []
    for each in walk(signed.trees[3:-1]):
        if pair := KEYS.get(each.encode()):
            keys.append(pair)
            _becomes(each, pair[1].spki())
    return outer.encode() if all(_sign(info, keys) for info in infos) else octets


def _becomes(element: Tree, octets: bytes) -> None:
    (other,) = parse(octets)
    element.identifier, element.inside, element.form = other.identifier, other.inside, other.form


def _sign(info: Tree, keys: Iterable[tuple[Key, Curve]]) -> bool:
    """Signs again what one of the keys has signed; returns whether one has."""
    attributes = [each for each in info.trees if each.tag == 0xA0]
    signatures = [each for each in info.trees if each.tag == 0x04]
    if len(attributes) != 1 or len(signatures) != 1 or BY_EDDSA not in info.encode():
        return False
    for key, curve in keys:
        try:
            key.private.public_key().verify(signatures[0].content, _signed(attributes[0]))
        except InvalidSignature:
            continue
        for each in walk([info]):
            if each.encode() == EDDSA:
                _becomes(each, ECDSA)
        signatures[0].inside = curve.scalar.sign(_signed(attributes[0]), BY_RFC_6979)
        return True
    return False


def _signed(attributes: Tree) -> bytes:
    return tlv(0x31, *(each.encode() for each in attributes.trees))
