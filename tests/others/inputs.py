"""What everybody is asked about: hostile messages, and mutants of valid ones.

A mutant follows from its number. Its kind says what was changed; what covers it is signed again, so
that a message is not refused for its signature alone.
"""

from __future__ import annotations

from copy import copy
from functools import cache
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import cmcodec
import published
from cmcodec import oids
from hostile.keys import HASHES, Curve, rsa
from hostile.signing import ECDSA, ED25519, PKCS1, PSS
from kit.der import NULL, attribute, identifier, integer, oid, seq, set_of, tlv
from kit.keys import ALICE, Key
from kit.messages import content_info, required_attributes
from kit.mutants import mutant
from kit.vectors import VECTORS

from .judges import MESSAGE, PKCS10
from .rekeyed import rekeyed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEED = 10002
MAX_OCTETS = 6000


class Input(NamedTuple):
    """Octets of a form; the name is the case's, or the kind and number of the mutant."""

    name: str
    octets: bytes
    form: int = MESSAGE


class Way(NamedTuple):
    """How a message is signed."""

    key: Key
    algorithm: bytes
    hash: str
    sign: Callable[[bytes], bytes]


@cache
def ways() -> tuple[Way, ...]:
    """Those that everyone has; Ed25519 not everyone has in CMS."""
    own, curve = rsa(), Curve(7)
    return (
        Way(own, PKCS1, "sha256", own.sign),
        Way(curve, ECDSA, "sha256", curve.sign),
        Way(own, PSS, "sha256", own.pss),
        Way(ALICE, ED25519, "sha512", ALICE.sign),
    )


# --- hostile ---------------------------------------------------------------------------------


def hostile_inputs(each: int = 1) -> Iterator[Input]:
    """Every hostile message about which the caller decides nothing, or one of so many of them.

    They are signed by a key of P-256 where that can be.
    """
    names = [name for name, case in published.cases().items() if not case.decisions]
    return map(hostile_input, names[::each])


@cache
def hostile_input(name: str) -> Input:
    """The hostile message of that name, signed again."""
    form = PKCS10 if "bare PKCS#10" in name else MESSAGE
    return Input(name, rekeyed(published.cases()[name].octets), form)


def is_request(octets: bytes) -> bool:
    """Whether a valid message is a PKCS#10 and nothing else."""
    return cmcodec.load(octets).kind == "simple-request"


# --- mutants ---------------------------------------------------------------------------------


@cache
def messages() -> tuple[bytes, ...]:
    """The valid messages among the vectors of all makers."""
    files = (
        path
        for maker in ("bouncycastle", "jss", "openssl", "shared")
        for path in sorted((VECTORS / maker).rglob("*.der"))
        if path.parent.name not in {"keys", "plain", "values", "crmf"}
        and not path.name.endswith(".value.der")
    )
    octets = [it for it in (path.read_bytes() for path in files) if len(it) <= MAX_OCTETS]
    reports = [(it, cmcodec.verify_batch(it, threads=1)) for it in octets]
    return tuple(
        octets
        for octets, rows in reports
        if rows[0].verdict == "verified" and not rows.counts().get("malformed")
    )


@cache
def contents() -> tuple[tuple[str, bytes], ...]:
    """Their contents and the types of those."""
    found = []
    for octets in messages():
        structure = cmcodec.load(octets).unverified_structure
        held = getattr(getattr(structure, "content", None), "encap_content_info", None)
        if held is not None and held.e_content is not None:
            found.append((held.e_content_type, bytes(held.e_content)))
    return tuple(found)


class Parts:
    """The parts of a message by one of the `ways`, each of which may be changed."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.way = random.choice(ways())
        self.version, self.digests = integer(3), set_of(identifier(HASHES[self.way.hash]))
        self.type, self.content = random.choice(contents())
        self.held_type = oid(self.type)
        self.certificate = self.way.key.certificate()
        self.more: tuple[bytes, ...] = ()
        self.signer_version = integer(random.choice((1, 1, 1, 3)))
        self.sid = (
            self.way.key.by_serial() if self.signer_version[-1] == 1 else self.way.key.by_ski()
        )
        self.digest = identifier(HASHES[self.way.hash])
        self.algorithm = self.way.algorithm
        self.unsigned = b""

    def attributes(self) -> bytes:
        """With the digest of the content as it is now."""
        optional = (
            attribute(oids.ID_SIGNING_TIME, tlv(0x17, b"260301120000Z")),
            attribute(
                oids.ID_AA_CMS_ALGORITHM_PROTECT,
                seq(self.digest, b"\xa1" + self.way.algorithm[1:]),
            ),
            attribute("1.2.3.4", NULL, integer(5)),
        )
        chosen = [each for each in optional if self.random.random() < 0.3]
        required = required_attributes(self.content, self.type, self.way.hash)
        return set_of(*required, *chosen, tag=0xA0)

    def encode(self, attributes: bytes | None = None, signature: bytes | None = None) -> bytes:
        attributes = self.attributes() if attributes is None else attributes
        if signature is None:
            signature = self.way.sign(b"\x31" + attributes[1:])
        info = seq(
            self.signer_version, self.sid, self.digest, attributes, self.algorithm,
            tlv(0x04, signature), self.unsigned,
        )  # fmt: skip
        held = seq(self.held_type, tlv(0xA0, tlv(0x04, self.content)))
        carried = tlv(0xA0, *self.more, self.certificate)
        signed = seq(self.version, self.digests, held, carried, tlv(0x31, info))
        return content_info(oids.ID_SIGNED_DATA, signed)


def of_octets(random: Random) -> Input:
    """Nothing is signed again."""
    octets = random.choice(messages())
    form = PKCS10 if is_request(octets) else MESSAGE
    return Input("octets", mutant(random, octets), form)


def of_content(random: Random) -> Input:
    parts = Parts(random)
    parts.content = mutant(random, parts.content)
    return Input("content", parts.encode())


def of_attributes(random: Random) -> Input:
    parts = Parts(random)
    return Input("attributes", parts.encode(mutant(random, parts.attributes())))


def of_signer(random: Random) -> Input:
    """What no signature covers in a SignerInfo."""
    parts = Parts(random)
    parts.unsigned = tlv(0xA1, attribute("1.2.3.5", NULL)) if random.random() < 0.3 else b""
    name = random.choice(("signer_version", "sid", "digest", "algorithm", "unsigned"))
    value = getattr(parts, name) or tlv(0xA1, attribute("1.2.3.5", NULL, NULL))
    setattr(parts, name, mutant(random, value))
    return Input("signer", parts.encode())


def of_wrapper(random: Random) -> Input:
    """What no signature covers in a SignedData."""
    parts = Parts(random)
    name = random.choice(("version", "digests", "held_type"))
    setattr(parts, name, mutant(random, getattr(parts, name)))
    return Input("wrapper", parts.encode())


def of_certificate(random: Random) -> Input:
    parts = Parts(random)
    parts.certificate = mutant(random, parts.certificate)
    if random.random() < 0.2:
        parts.more = (parts.way.key.certificate(),)
    return Input("certificate", parts.encode())


def of_key(random: Random) -> Input:
    """The key in the certificate; the one that signs is the same."""
    parts = Parts(random)
    changed: Any = copy(parts.way.key)
    octets = mutant(random, parts.way.key.spki())
    changed.spki = lambda: octets
    parts.certificate = changed.certificate()
    return Input("key", parts.encode())


def of_signature(random: Random) -> Input:
    parts = Parts(random)
    attributes = parts.attributes()
    signature = parts.way.sign(b"\x31" + attributes[1:])
    return Input("signature", parts.encode(attributes, mutant(random, signature)))


def _request(random: Random) -> tuple[Way, bytes]:
    way = random.choice(ways())
    extensions = seq(oid("2.5.29.15"), tlv(0x04, b"\x03\x02\x05\xa0"))
    wanted = attribute("1.2.840.113549.1.9.14", seq(extensions))
    given = (wanted,) if random.random() < 0.7 else ()
    subject = Key.name(b"device")
    return way, seq(integer(0), subject, way.key.spki(), set_of(*given, tag=0xA0))


def _proven(way: Way, info: bytes) -> bytes:
    return seq(info, way.algorithm, tlv(0x03, b"\0", way.sign(info)))


def of_request(random: Random) -> Input:
    """A PKCS#10 in which nothing is signed again."""
    return Input("request", mutant(random, _proven(*_request(random))), PKCS10)


def of_request_info(random: Random) -> Input:
    way, info = _request(random)
    return Input("request info", _proven(way, mutant(random, info)), PKCS10)


KINDS: tuple[Callable[[Random], Input], ...] = (
    of_octets, of_content, of_attributes, of_signer, of_wrapper, of_certificate, of_key,
    of_signature, of_request, of_request_info,
)  # fmt: skip


def mutants(number: int, seed: int = SEED) -> Iterator[Input]:
    """So many, of each kind in turn; those of a smaller number are among those of a larger."""
    for each, kind in zip(range(number), cycle(KINDS), strict=False):
        made = kind(Random(f"{seed} {each}"))
        yield made._replace(name=f"{made.name} {each}")
