"""What is encrypted or has a MAC: documented errors, and nothing changed that opens."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.serialization import load_der_private_key

import cmcodec
from cmcodec import cms, oids
from cmcodec.cms import RecipientKey
from cmcodec.limits import MAX_ITERATIONS, MAX_LAYER_ITERATIONS
from kit import layers as kit
from kit.der import integer, tlv
from kit.keys import ALICE, BOB
from kit.layers import Authenticated, AuthEnveloped, Enveloped, signed_value
from kit.messages import Message, Signer, content_info, pki_data, signed_by, tcr
from kit.mutants import change_all, grafted, mutant
from kit.trees import encode, parse
from kit.vectors import VECTORS

from . import told
from .differential import AT, CERTIFICATES, members, smaller
from .sealing import seal_all
from .signing import anchor, sign_all
from .signing import signed_data as signed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kit.trees import Tree

SECONDS = 2.0
CONTENT = pki_data(requests=[tcr(3)])
SIGNED = signed_by(Signer(), content=CONTENT).encode()
VALUE = signed_value(SIGNED)
KEK = bytes(32)
DERIVED = 2000
"""Iterations that are computed; of more it is counted that they were asked for."""


class Kind(NamedTuple):
    """RecipientInfos for one secret, and the secret."""

    info: Callable[[bytes], bytes]
    opener: RecipientKey


@cache
def private_keys() -> dict[str, Any]:
    """The same every time, so that what was found opens again.

    The padding of RSA and the keys of key agreement are by chance.
    """
    octets = (VECTORS / "envelopes" / "keys" / "rsa.key.der").read_bytes()
    return {
        "ktri": load_der_private_key(octets, None),
        "p-256": ec.derive_private_key(7, ec.SECP256R1()),
        "p-384": ec.derive_private_key(7, ec.SECP384R1()),
        "x25519": x25519.X25519PrivateKey.from_private_bytes(bytes([7]) * 32),
        "x448": x448.X448PrivateKey.from_private_bytes(bytes([7]) * 56),
    }


@cache
def kinds() -> dict[str, Kind]:
    """Of a content-encryption key: each kind of recipient."""
    private = private_keys()
    openers = {
        name: RecipientKey.from_private_key(each, key_identifier=kit.KEY_IDENTIFIER)
        for name, each in private.items()
    }
    rsa = private["ktri"].public_key()
    x963, hkdf = (
        oids.DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME,
        oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA256_SCHEME,
    )
    password = RecipientKey.from_password(kit.PASSWORD)
    own_iv = bytes(range(64, 80))
    oaep, pad = kit.oaep("sha256"), kit.oaep_padding("sha256")

    def agreed(name: str, scheme: str) -> Callable[[bytes], bytes]:
        return lambda cek: kit.agreed(private[name].public_key(), scheme, cek)

    def wrapped(kek: bytes, cek: bytes) -> bytes:
        return kit.pwri_kek_wrap(kek, own_iv, cek)

    return {
        "ktri": Kind(lambda cek: kit.ktri(rsa, cek), openers["ktri"]),
        "oaep": Kind(lambda cek: kit.ktri(rsa, cek, algorithm=oaep, pad=pad), openers["ktri"]),
        "p-256": Kind(agreed("p-256", x963), openers["p-256"]),
        "p-384": Kind(agreed("p-384", x963), openers["p-384"]),
        "x25519": Kind(agreed("x25519", hkdf), openers["x25519"]),
        "x448": Kind(agreed("x448", hkdf), openers["x448"]),
        "kekri": Kind(lambda cek: kit.kekri(KEK, cek), RecipientKey.from_kek(KEK, b"kek-1")),
        "pwri": Kind(kit.pwri, password),
        "pwri-kek": Kind(
            lambda cek: kit.pwri(cek, wrap=kit.pwri_kek(own_iv), wrapped=wrapped), password
        ),
        **_kem(),
    }


def _kem() -> dict[str, Kind]:
    """ML-KEM, where the library has it."""
    try:
        from cryptography.hazmat.primitives.asymmetric import mlkem

        private = mlkem.MLKEM768PrivateKey.from_seed_bytes(bytes(64))
    except Exception:
        return {}
    opener = RecipientKey.from_private_key(private, key_identifier=kit.KEY_IDENTIFIER)
    number = oids.ID_ALG_ML_KEM_768
    return {"kemri": Kind(lambda cek: kit.kemri(private.public_key(), number, cek), opener)}


@cache
def infos(cek: bytes) -> dict[str, bytes]:
    """A RecipientInfo of each kind with this key."""
    return {name: kind.info(cek) for name, kind in kinds().items()}


@cache
def seeds() -> list[bytes]:
    """Each layer for each kind of recipient, for all at once, in a signature, and from others."""
    by_kind = infos(kit.CEK)
    found = [
        layer(VALUE, (info,)).encode()
        for info in by_kind.values()
        for layer in (Enveloped, AuthEnveloped)
    ]
    every = tuple(by_kind.values())
    found += [layer(VALUE, every).encode() for layer in (Enveloped, AuthEnveloped)]
    found.append(Authenticated(CONTENT).encode())
    found.append(Authenticated(CONTENT, (infos(kit.MAC_KEY)["pwri"],) * 3).encode())
    for layer, number in (
        (Enveloped, oids.ID_ENVELOPED_DATA),
        (AuthEnveloped, oids.ID_CT_AUTH_ENVELOPED_DATA),
    ):
        value = layer(VALUE, (by_kind["kekri"],)).value()
        signer = Signer(key=BOB)
        signed = Message(value, number, (signer,), certificates=(BOB.certificate(),))
        found.append(signed.encode())
    return found


@cache
def of_others() -> list[bytes]:
    """Layers of OpenSSL and BouncyCastle, which no key here opens."""
    found = sorted((VECTORS / "envelopes").rglob("*.der"))
    return [path.read_bytes() for path in found if path.parent.name in {"openssl", "bouncycastle"}]


# --- opening -------------------------------------------------------------------------------------


class Derivations:
    """PBKDF2 that keeps to what is allowed, and does not take long."""

    def __init__(self) -> None:
        self.iterations = 0
        self._derive = hashlib.pbkdf2_hmac

    def __call__(
        self, name: str, password: bytes, salt: bytes, iterations: int, dklen: int | None = None
    ) -> bytes:
        assert 1 <= iterations <= MAX_ITERATIONS, iterations
        assert dklen is not None
        assert 1 <= dklen <= 64, dklen
        self.iterations += iterations
        return self._derive(name, password, salt, min(iterations, DERIVED), dklen)


@dataclass(frozen=True)
class Layered:
    """A message, what it holds, and the secrets with which it is opened.

    ``is_sealed``: whether MACs were computed again over what it has become.
    """

    octets: bytes
    plain: bytes
    openers: tuple[str, ...]
    decisions: dict[str, Any] = field(default_factory=dict)
    is_sealed: bool = False

    @property
    def size(self) -> int:
        return len(self.octets)

    def check(self) -> str:
        said = told.by_both(self._told)
        if said[0][0] != "is":
            return f"{said[0][0]} {said[0][1]}"
        return f"opened {said[0][1]}"

    def _told(self) -> tuple[Any, ...]:
        derivations = Derivations()
        # What a key by chance opens is the same on both backends.
        chance = Random(self.octets).randbytes
        with (
            mock.patch.object(os, "urandom", chance),
            mock.patch.object(hashlib, "pbkdf2_hmac", derivations),
        ):
            found = self._opened(), self._unsigned(), self._decrypted()
        # P10, of each of the three: no message here has more than one layer that is opened.
        assert derivations.iterations <= 3 * MAX_LAYER_ITERATIONS, derivations.iterations
        return *found, derivations.iterations

    def _load(self) -> cmcodec.Message:
        return cmcodec.load(self.octets)

    def _keys(self) -> list[RecipientKey]:
        return [kinds()[name].opener for name in self.openers]

    def _opened(self) -> tuple[Any, ...]:
        told_ = told.refused_or(lambda: self._load().open(self._keys(), **self.decisions))
        if told_[0] != "is":
            return told_
        found = told_[1]
        self._assert_held(found)
        if found.origin == "mac" and not self.is_sealed:
            assert found.inner.to_der() == CONTENT, "another content than has a MAC"
        return "is", found.origin, *_said(found), found.signers

    def _unsigned(self) -> tuple[Any, ...]:
        found = told.refused_or(lambda: self._load().open_unsigned(self._keys()))
        if found[0] != "is":
            return found
        self._assert_held(found[1])
        return "is", found[1].origin, *_said(found[1])

    def _assert_held(self, found: Any) -> None:
        """What opens is what was sealed: in GCM to the octet, in CBC as far as it is signed."""
        sealed = {layer.kind for layer in found.layers} & {"enveloped", "auth-enveloped"}
        if not sealed:
            return
        # A whole ContentInfo may stand there too.
        tags = [each.tag for each in parse(self.plain)[0].trees]
        is_whole = tags[:1] == [0x06]
        whole = self.plain if is_whole else content_info(oids.ID_SIGNED_DATA, self.plain)
        expected = cmcodec.load(whole)
        assert found.inner == expected.unverified_content, "another content than was sealed"
        if sealed == {"auth-enveloped"}:
            assert found.message == expected, "other octets than were sealed"

    def _decrypted(self) -> tuple[Any, ...]:
        found = told.refused_or(lambda: cms.decrypt(self.octets, self._keys()))
        if found[0] != "is":
            return found
        made = found[1]
        assert not made.authenticated or made.unverified_octets == self.plain
        return (
            "is", made.content_type, made.algorithm, made.recipient, made.authenticated,
            made.unverified_octets,
        )  # fmt: skip

    def smaller(self) -> Iterator[Layered]:
        for octets in smaller(self.octets):
            yield replace(self, octets=octets)


def _said(found: Any) -> tuple[Any, ...]:
    return (
        found.to_dict(), repr(found), found.layers, found.requests, found.notes,
        found.transaction_id, found.message.to_der(), found.inner,
    )  # fmt: skip


# --- cases ---------------------------------------------------------------------------------------


def openers(random: Random) -> tuple[str, ...]:
    """Mostly all that fit; now and then few, or the same often."""
    every = list(kinds())
    if random.random() < 0.7:
        return ("ktri", "p-256", "p-384", "x25519", "x448", "kekri", "pwri", *_kem())
    return tuple(random.choices(every, k=random.choice((0, 1, 2, 6))))


def decisions(random: Random) -> dict[str, Any]:
    decided: dict[str, Any] = {"at": AT}
    if random.random() < 0.2:
        decided["legacy"] = True
    if random.random() < 0.2:
        decided["trust"] = [anchor(), ALICE.certificate(), BOB.certificate()]
        decided["request_keys"] = random.choice(("none", "nested", "all"))
    if random.random() < 0.3:
        decided["certificates"] = [*CERTIFICATES, ALICE.certificate()]
    return decided


def _case(
    random: Random, octets: bytes, plain: bytes = VALUE, *, is_sealed: bool = False
) -> Layered:
    return Layered(octets, plain, openers(random), decisions(random), is_sealed)


def raw(random: Random) -> Layered:
    seed = random.choice(seeds() if random.random() < 0.9 else of_others())
    return _case(random, mutant(random, seed))


def sealed_again(random: Random) -> Layered:
    """The layer is changed and sealed again: recipients, attributes, algorithms."""

    def seal(forest: list[Tree]) -> None:
        seal_all(random, forest, VALUE)
        if random.random() < 0.9:
            sign_all(random, forest)

    return _case(random, mutant(random, random.choice(seeds()), seal), is_sealed=True)


def crossed(random: Random) -> Layered:
    """An element of one layer in another, sealed again."""
    made = parse(grafted(random, random.choice(seeds()), random.choice(seeds())))
    seal_all(random, made, VALUE)
    return _case(random, encode(made), is_sealed=True)


def held_changed(random: Random) -> Layered:
    """What is inside is changed and signed again, and then sealed."""
    inner = random.choice([SIGNED, *members()])
    forest = parse(inner)
    if random.random() < 0.8:
        change_all(random, forest)
        sign_all(random, forest)
    octets = encode(forest)
    plain = octets if random.random() < 0.1 else _value(octets)
    layer = random.choice((Enveloped, AuthEnveloped))
    info = random.choice(list(infos(kit.CEK).values()))
    return _case(random, layer(plain, (info,)).encode(), plain)


def beside_changed(random: Random) -> Layered:
    """Certificates, which no signature covers, are changed inside, and the rest is sealed."""
    forest = parse(random.choice([SIGNED, *members()]))
    signed = signed_in(forest[0])
    for each in [] if signed is None else signed.trees:
        if each.tag == 0xA0:
            change_all(random, each.trees)
    plain = _value(encode(forest))
    layer = random.choice((Enveloped, Enveloped, AuthEnveloped))
    return _case(random, layer(plain, (infos(kit.CEK)["kekri"],)).encode(), plain)


def _value(message: bytes) -> bytes:
    """What stands in the [0] of a ContentInfo, or nothing."""
    found = next(iter(parse(message)), None)
    held = found.trees[1].trees if found is not None and len(found.trees) > 1 else []
    return held[0].encode() if held else b""


def authenticated_changed(random: Random) -> Layered:
    """The content under a MAC is changed, and the MAC computed again."""
    content = mutant(random, CONTENT, lambda forest: sign_all(random, forest))
    return _case(random, Authenticated(content).encode(), is_sealed=True)


COUNTS = (0, 1, 2, 3, 4, 5, 63, 64, 65, 66)


def counted(random: Random) -> Layered:
    """As many recipients, or keys of one, as there may be, and one more."""
    count = random.choice(COUNTS)
    layer = random.choice((Enveloped, AuthEnveloped))
    by_kind = infos(kit.CEK)
    if random.random() < 0.5:
        found = [by_kind[random.choice(list(by_kind))]] * count
        if random.random() < 0.5 and found:
            found[random.randrange(count)] = by_kind["pwri"]
        return _case(random, layer(VALUE, tuple(found)).encode())
    made = parse(by_kind["p-256"])[0]
    made.trees[-1].trees[:] = made.trees[-1].trees * count
    return _case(random, layer(VALUE, (made.encode(),)).encode())


ITERATIONS = (0, 1, -1, 10, 999_999, MAX_ITERATIONS, MAX_ITERATIONS + 1, 2**31, 2**63 - 1, 2**63)
LENGTHS = (None, None, None, 0, 1, 16, 31, 32, 33, 64, 65, 2**31)


def derived(random: Random) -> Layered:
    """PBKDF2 at its bounds, in some recipients of one layer."""
    made = []
    key_ = random.choice((kit.CEK, kit.MAC_KEY))
    for _ in range(random.choice((1, 1, 2, 3, 5))):
        salt = bytes(random.choice((0, 1, 8, 16, 1024)))
        length, iterations = random.choice(LENGTHS), random.choice(ITERATIONS)
        derivation = kit.pbkdf2(salt, iterations, length)
        if random.random() < 0.3:
            derivation = mutant(random, derivation)
        kek = hashlib.pbkdf2_hmac(
            "sha256", kit.PASSWORD, salt, min(max(1, iterations), DERIVED), 32
        )
        carried = b"\xa0" + derivation[1:]
        made.append(tlv(0xA3, integer(0), carried, kit.WRAP, tlv(0x04, kit.key_wrap(kek, key_))))
    if key_ is kit.MAC_KEY:
        return _case(random, Authenticated(CONTENT, tuple(made)).encode())
    layer = random.choice((Enveloped, AuthEnveloped))
    return _case(random, layer(VALUE, tuple(made)).encode())


KINDS: dict[Callable[[Random], Layered], int] = {
    raw: 25, sealed_again: 30, crossed: 10, held_changed: 15, beside_changed: 8,
    authenticated_changed: 6, counted: 4, derived: 10,
}  # fmt: skip


def case(random: Random) -> Layered:
    (kind,) = random.choices(list(KINDS), list(KINDS.values()))
    return kind(random)
