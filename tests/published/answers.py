"""What is to be computed, and from what: known answers of proofs and keys.

Each is written out here in the words of its standard, without the package.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final, NamedTuple

from cmcodec import oids
from kit import layers
from kit.der import EMPTY, seq, tlv

from . import encrypted
from .vector import Vector

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET: Final = b"correct horse battery"
IDENTIFICATION: Final = "ee-0001"
RANDOM: Final = bytes(range(64))
VALUE: Final = bytes(range(32))
"""A shared secret of an agreement, or the value of a challenge."""
LONG_VALUE: Final = bytes(range(80))
CEK: Final = bytes(range(0x30, 0x40))
WRAP_IV: Final = bytes(range(0x20, 0x30))


class Answer(NamedTuple):
    """What is computed, by which requirement, from what, and what it is."""

    name: str
    title: str
    rule: str
    needs: dict[str, str | int]
    octets: bytes


def proof(name: str, secret: bytes, over: bytes) -> bytes:
    """The MAC under the hash of the secret, as identity proofs and POP links have it."""
    return hmac.digest(hashlib.new(name, secret).digest(), over, name)


def answers() -> Iterator[Answer]:
    """All of them."""
    secret: dict[str, str | int] = {"secret": SECRET.decode()}
    known = secret | {"identification": IDENTIFICATION}
    over: dict[str, str | int] = {"reqSequence": EMPTY.hex()}
    both = SECRET + IDENTIFICATION.encode()
    first, second = "identityProof", "identityProofV2"
    yield Answer(first, f"witness of {first}", "R-091", known | over, proof("sha1", both, EMPTY))
    yield Answer(
        f"{first}-without-identification",
        f"witness of {first}",
        "R-091",
        secret | over,
        proof("sha1", SECRET, EMPTY),
    )
    yield Answer(
        second,
        f"witness of {second}, SHA-256 and HMAC-SHA256",
        "R-088",
        known | over,
        proof("sha256", both, EMPTY),
    )
    yield Answer(
        f"{second}-without-identification",
        f"witness of {second}, SHA-256 and HMAC-SHA256",
        "R-088",
        secret | over,
        proof("sha256", SECRET, EMPTY),
    )
    random: dict[str, str | int] = {"popLinkRandom": RANDOM.hex()}
    first, second = "popLinkWitness", "popLinkWitnessV2"
    yield Answer(
        first, f"witness of {first}", "R-103", secret | random, proof("sha1", SECRET, RANDOM)
    )
    yield Answer(
        second,
        f"witness of {second}, SHA-256 and HMAC-SHA256",
        "R-100",
        secret | random,
        proof("sha256", SECRET, RANDOM),
    )
    salt: dict[str, str | int] = {"salt": (b"\1" * 8).hex(), "iterations": 1000, "octets": 32}
    derived = hashlib.pbkdf2_hmac("sha256", SECRET, b"\1" * 8, 1000, 32)
    yield Answer(
        f"{second}-pbkdf2",
        f"witness of {second}, PBKDF2 with HMAC-SHA256, and HMAC-SHA256",
        "R-201",
        secret | random | salt,
        hmac.digest(derived, RANDOM, "sha256"),
    )
    password = IDENTIFICATION.encode() + SECRET
    yield Answer(
        "password",
        "key-encryption key of a password, PBKDF2 with HMAC-SHA256",
        "R-025",
        known | salt,
        hashlib.pbkdf2_hmac("sha256", password, b"\1" * 8, 1000, 32),
    )
    yield from _challenges()
    yield from _keys()


def _challenges() -> Iterator[Answer]:
    request: dict[str, str | int] = {"request": encrypted.REQUEST.hex()}
    for name, value, digest in (
        ("", VALUE, "sha256"),
        ("-long", LONG_VALUE, "sha256"),
        ("-sha1", VALUE, "sha1"),
    ):
        yield Answer(
            f"thePOP{name}",
            f"thePOP, HMAC with {digest.upper()}",
            "R-128",
            request | {"y": value.hex()},
            hmac.digest(value[:64], encrypted.REQUEST, digest),
        )
    yield Answer(
        "witness",
        "witness of encryptedPOP, SHA-256",
        "R-124",
        {"y": VALUE.hex()},
        hashlib.sha256(VALUE).digest(),
    )


def _keys() -> Iterator[Answer]:
    wrap = layers.WRAP
    for text, ukm in (("", None), ("-ukm", b"ukm")):
        given: dict[str, str | int] = {"secret": VALUE.hex(), "wrap": wrap.hex()}
        given |= {} if ukm is None else {"ukm": ukm.hex()}
        info = layers.shared_info(wrap, ukm)
        yield Answer(
            f"x963-sha256{text}",
            "key-encryption key, dhSinglePass-stdDH-sha256kdf-scheme",
            "R-198",
            given,
            layers.x963("sha256", VALUE, info),
        )
        yield Answer(
            f"hkdf-sha256{text}",
            "key-encryption key, dhSinglePass-stdDH-hkdf-sha256-scheme",
            "R-198",
            given,
            layers.hkdf("sha256", VALUE, ukm, info),
        )
        yield Answer(
            f"esdh{text}",
            "key-encryption key, id-alg-ESDH",
            "R-198",
            given,
            layers.esdh(VALUE, oids.ID_AES256_WRAP, ukm),
        )
        yield Answer(
            f"kem{text}",
            "key-encryption key of a KEMRecipientInfo, HKDF with SHA-256",
            "R-070",
            given,
            layers.hkdf("sha256", VALUE, None, layers.kem_info(wrap, ukm=ukm)),
        )
    wrapped: dict[str, str | int] = {"kek": VALUE.hex(), "key": CEK.hex()}
    yield Answer(
        "aes-key-wrap",
        "a key wrapped with id-aes256-wrap",
        "R-199",
        wrapped,
        layers.key_wrap(VALUE, CEK),
    )
    yield Answer(
        "pwri-kek",
        "a key wrapped with id-alg-PWRI-KEK, AES-256-CBC",
        "R-199",
        wrapped | {"iv": WRAP_IV.hex(), "padding": (b"\xaa" * 12).hex()},
        layers.pwri_kek_wrap(VALUE, WRAP_IV, CEK),
    )
    name = seq(tlv(0x31, seq(tlv(0x06, b"\x55\x04\x0a"), tlv(0x0C, b"CA"))))
    key = hashlib.sha256(name + VALUE + name).digest()
    yield Answer(
        "dh-pop",
        "hashValue of id-alg-dhPop-static-sha256-hmac-sha256",
        "R-227",
        {
            "secret": VALUE.hex(),
            "subject": name.hex(),
            "issuer": name.hex(),
            "certificationRequestInfo": EMPTY.hex(),
        },
        hmac.digest(key, EMPTY, "sha256"),
    )


def vectors() -> Iterator[Vector]:
    """All of them; the file is the answer."""
    for answer in answers():
        yield Vector(
            id=f"answers/{answer.name}",
            kind="answer",
            title=answer.title,
            rules=(answer.rule,),
            octets=answer.octets,
            needs=answer.needs,
        )
