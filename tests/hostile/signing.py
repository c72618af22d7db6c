"""Signatures, keys and algorithms (rules V7, V9, V10, V10a, V12)."""

from __future__ import annotations

import hashlib
from copy import copy
from typing import TYPE_CHECKING, Any

from cmcodec import oids
from cmcodec.reasons import Reason, Rule
from kit.der import EMPTY, NULL, attribute, identifier, integer, seq, set_of, spki, tlv
from kit.keys import ALICE, Key
from kit.messages import EMPTY_PKI_DATA, Message, Signer, required_attributes, signed_by
from kit.pss import PSS_NOT_OFFERED, pss

from .case import Series
from .keys import HASHES, LATTICES, RSA_WITH, Curve, digest_info, lattice, rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .case import Case
    from .keys import Lattice, RsaKey

INVALID, REJECTED = Reason.SIGNATURE_INVALID, Reason.KEY_REJECTED
UNSUPPORTED, MISMATCH = Reason.UNSUPPORTED_ALGORITHM, Reason.ALGORITHM_MISMATCH
PKCS1 = identifier(RSA_WITH["sha256"], NULL)
PSS = identifier(oids.ID_RSASSA_PSS, pss("sha256", 32))
ECDSA = identifier(oids.ECDSA_WITH_SHA256)
ED25519 = identifier(oids.ID_ED25519)
CURVE = Curve(3)
NO_SIGNATURE = identifier(oids.ID_ALG_NO_SIGNATURE, NULL)


def signing(own: Key, sign: Callable[[bytes], bytes]) -> Key:
    """The same key, which signs in another way."""
    made: Any = copy(own)
    made.sign = sign
    return made


def always(signature: bytes) -> Callable[[bytes], bytes]:
    """Signs whatever it is with this."""
    return lambda _: signature


def message(
    own: Key, algorithm: bytes, name: str = "sha256", sign: Callable[[bytes], bytes] | None = None,
    **fields: Any,
) -> bytes:  # fmt: skip
    """An empty request that this key has signed, with the certificate of it."""
    digest = identifier(HASHES[name])
    by = own if sign is None else signing(own, sign)
    defaults = {"certificates": (own.certificate(),), "digests": (digest,)}
    signer = Signer(key=by, algorithm=algorithm, digest=digest, hash=name)
    return signed_by(signer, **(defaults | fields)).encode()


def cases() -> Iterator[Case]:
    for series in (
        digests(), protection(), pss_parameters(), pss_keys(), lattice_digests(),
        rsa_keys(), curve_keys(), edwards_keys(), lattice_keys(),
        pkcs1(), pss_signatures(), ecdsa(), edwards(), lattices(), legacy(), none(),
    ):  # fmt: skip
        yield from series.cases


# --- V7 ------------------------------------------------------------------------------------------


def digests() -> Series:
    """digestAlgorithm, the hash of the signature, and digestAlgorithms."""
    found = Series(Rule.V7)
    own = rsa()
    found.passes("PKCS#1 with SHA-256", message(own, PKCS1))
    other = identifier(RSA_WITH["sha512"], NULL)
    octets = message(own, other, sign=lambda octets: own.pkcs1(octets, "sha512"))
    found.fails("a signature with another hash than digestAlgorithm", octets, MISMATCH)
    octets = message(own, PKCS1, digests=(identifier(oids.ID_SHA512),))
    found.fails("digestAlgorithms without the digest", octets, MISMATCH)
    found.fails("digestAlgorithms of none", message(own, PKCS1, digests=()), MISMATCH)
    both = (identifier(oids.ID_SHA256), identifier(oids.ID_SHA512))
    found.passes("digestAlgorithms with one more", message(own, PKCS1, digests=both))
    bare = identifier(oids.RSA_ENCRYPTION, NULL)
    found.passes("rsaEncryption, its hash that of digestAlgorithm", message(own, bare))
    octets = message(own, bare, sign=lambda octets: own.pkcs1(octets, "sha1"), name="sha1")
    found.fails("rsaEncryption, its hash SHA-1", octets, UNSUPPORTED)
    found.passes("Ed25519 with SHA-512", message(ALICE, ED25519, "sha512"))
    found.fails("Ed25519 with SHA-256", message(ALICE, ED25519, "sha256"), MISMATCH)
    for parameters, text in ((NULL, "NULL"), (EMPTY, "an empty SEQUENCE")):
        algorithm = identifier(oids.ID_ED25519, parameters)
        found.fails(f"Ed25519 with {text}", message(ALICE, algorithm, "sha512"), UNSUPPORTED)
    found.passes("ECDSA without parameters", message(CURVE, ECDSA))
    octets = message(CURVE, identifier(oids.ECDSA_WITH_SHA256, EMPTY))
    found.fails("ECDSA with an empty SEQUENCE", octets, UNSUPPORTED)
    found.fails("a key of another algorithm", message(CURVE, PKCS1), MISMATCH)
    octets = message(CURVE, identifier("1.2.840.10045.4.1"), "sha1")
    found.fails("ECDSA with SHA-1", octets, UNSUPPORTED)
    found.fails("ECDSA with SHA-1, with leave", octets, UNSUPPORTED, legacy=True)
    return found


def protection() -> Series:
    """CMSAlgorithmProtection (RFC 6211)."""
    found = Series(Rule.V7)
    sha512, own = identifier(oids.ID_SHA512), identifier(oids.ID_ED25519, tag=0xA1)
    values = {
        "which agrees": (sha512, own),
        "with another digest": (identifier(oids.ID_SHA256), own),
        "with another signature": (sha512, identifier(oids.ECDSA_WITH_SHA256, tag=0xA1)),
        "with a MAC in the place of the signature": (sha512, identifier(oids.ID_ED25519, tag=0xA2)),
        "with a MAC beside the signature": (sha512, own, identifier(oids.ID_SHA1, tag=0xA2)),
        "of half": (sha512,),
        "of nothing": (),
    }
    for text, parts in values.items():
        protected = attribute(oids.ID_AA_CMS_ALGORITHM_PROTECT, tlv(0x30, *parts))
        octets = signed_by(Signer(more=(protected,))).encode()
        if text == "which agrees":
            found.passes(f"CMSAlgorithmProtection {text}", octets)
        elif not parts:
            found.refused(f"CMSAlgorithmProtection {text}", octets, Reason.BAD_TAG)
        else:
            found.fails(f"CMSAlgorithmProtection {text}", octets, MISMATCH)
    return found


def lattice_digests() -> Series:
    """ML-DSA without parameters; how strong a digest must be the tests of ML-DSA show."""
    found = Series(Rule.V7)
    for bits in LATTICES:
        own = lattice(bits)
        algorithm = identifier(own.algorithm)
        found.passes(f"ML-DSA-{bits}", message(own, algorithm, "sha512"))
        for parameters in (NULL, EMPTY):
            octets = message(own, identifier(own.algorithm, parameters), "sha512")
            found.fails(f"ML-DSA-{bits}, parameters {parameters.hex()}", octets, UNSUPPORTED)
        for other in LATTICES:
            if other != bits:
                octets = message(own, identifier(lattice(other).algorithm), "sha512")
                found.fails(f"ML-DSA-{bits} called ML-DSA-{other}", octets, MISMATCH)
    return found


def pss_parameters() -> Series:
    """Parameters that say nothing else than good ones, or nothing (rule V10 says which)."""
    found = Series(Rule.V10)
    own = rsa()
    found.passes("PSS", message(own, PSS, sign=own.pss))
    for text, parameters in PSS_NOT_OFFERED.items():
        octets = message(own, identifier(oids.ID_RSASSA_PSS, parameters), sign=own.pss)
        name = f"PSS parameters: {text}"
        if text in IN_BER:
            found.passes(name, octets)
        elif text in UNREADABLE:
            found.refused(name, octets, UNREADABLE[text])
        else:
            found.fails(name, octets, UNSUPPORTED, Rule.V7)
    sha256 = identifier(oids.ID_SHA256)
    mask = tlv(0xA1, identifier(oids.ID_MGF1, sha256))
    hashed, salt = tlv(0xA0, sha256), tlv(0xA2, integer(32))
    for text, parts in {
        "hash twice": (hashed, hashed, mask, salt),
        "mask twice": (hashed, mask, mask, salt),
        "salt before the hash": (salt, hashed, mask),
        "salt before the mask": (hashed, salt, mask),
        "trailer before the salt": (hashed, mask, tlv(0xA3, integer(1)), salt),
        "salt of 20 written out": (hashed, mask, tlv(0xA2, integer(20))),
        "no hash": (mask, salt),
        "another tag behind": (hashed, mask, salt, tlv(0xA4, integer(1))),
    }.items():
        parameters = seq(*parts)
        salted = 20 if "20" in text else 32
        octets = message(
            own, identifier(oids.ID_RSASSA_PSS, parameters),
            sign=lambda octets, salted=salted: own.pss(octets, salt=salted),
        )  # fmt: skip
        found.fails(f"PSS parameters: {text}", octets, UNSUPPORTED, Rule.V7)
    parameters = pss("sha256", None)
    algorithm = identifier(oids.ID_RSASSA_PSS, parameters)
    octets = message(own, algorithm, sign=lambda octets: own.pss(octets, salt=20))
    found.passes("PSS parameters: salt of 20 left out", octets)
    return found


UNREADABLE = {
    "salt without octets": Reason.BAD_VALUE,
    "salt not minimal": Reason.NOT_CANONICAL,
    "high tag number": Reason.NOT_CANONICAL,
    "five octets of length": Reason.LIMIT,
    "no length": Reason.TRUNCATED,
    "truncated": Reason.TRUNCATED,
    "trailing element": Reason.TRAILING_DATA,
    "too long": Reason.BAD_TAG,
}
"""Parameters that no message can hold: the walk ends at them."""

IN_BER = {"length not minimal", "length indefinite"}
"""Parameters that the converter mends, for no signature covers them (rule P3)."""


def pss_keys() -> Series:
    """Keys for RSASSA-PSS alone, which may say more (RFC 4055 §1.2)."""
    found = Series(Rule.V7)
    own = rsa()
    free = own.restricted()
    found.passes("a key for PSS", message(free, PSS, sign=own.pss))
    found.fails("a key for PSS that signs with PKCS#1", message(free, PKCS1), MISMATCH)
    for salt, other in ((32, 33), (20, 21), (0, 1)):
        key = own.restricted(pss("sha256", None if salt == 20 else salt))
        algorithm = identifier(oids.ID_RSASSA_PSS, pss("sha256", None if salt == 20 else salt))
        sign = lambda octets, salt=salt: own.pss(octets, salt=salt)  # noqa: E731
        octets = message(key, algorithm, sign=sign)
        found.passes(f"a key for PSS with a salt of {salt}, and as long a one", octets)
        if other <= 32:
            key = own.restricted(pss("sha256", other))
            octets = message(key, algorithm, sign=sign)
            found.fails(f"a key for PSS with a salt of {other}, and one less", octets, MISMATCH)
    key = own.restricted(pss("sha384", 32))
    found.fails("a key for PSS with another hash", message(key, PSS, sign=own.pss), MISMATCH)
    # What is in a certificate has been signed, and is not converted.
    unreadable = UNREADABLE | dict.fromkeys(IN_BER, Reason.NOT_CANONICAL)
    for text, parameters in PSS_NOT_OFFERED.items():
        octets = message(own.restricted(parameters), PSS, sign=own.pss)
        name = f"a key for PSS with parameters: {text}"
        if text == "absent":
            found.passes(name, octets)
        elif text in unreadable:
            found.refused(name, octets, unreadable[text])
        else:
            found.fails(name, octets, UNSUPPORTED)
    return found


# --- V9 ------------------------------------------------------------------------------------------


def rsa_keys() -> Series:
    """Lengths and exponents; all of them have signed."""
    found = Series(Rule.V9)
    bounds = [
        (2048, 65537), (2047, 65537), (1024, 65537), (8192, 65537), (8193, 65537),
        (2048, 3), (2048, 1), (2048, (1 << 33) - 1), (2048, (1 << 33) + 1),
    ]  # fmt: skip
    for bits, exponent in bounds:
        good = 2048 <= bits <= 8192 and 3 <= exponent <= 1 << 33
        octets = message(rsa(bits, exponent), PKCS1)
        name = f"RSA of {bits} bits, exponent {exponent}"
        if good:
            found.passes(name, octets)
        else:
            found.fails(name, octets, REJECTED)
    found.fails("RSA with an even modulus", message(rsa(2048, 65537, 2), PKCS1), REJECTED)
    own = rsa()
    wrong = {
        "a modulus below zero": seq(integer(-own.modulus), integer(own.exponent)),
        "an even exponent": seq(integer(own.modulus), integer(65536)),
        "an exponent below zero": seq(integer(own.modulus), integer(-own.exponent)),
        "three numbers": seq(integer(own.modulus), integer(own.exponent), integer(1)),
        "one number": seq(integer(own.modulus)),
        "octets behind it": own.public + b"\0",
        "a modulus with a zero before it": seq(
            tlv(0x02, b"\0" + integer(own.modulus)[4:]), integer(own.exponent)
        ),
        "nothing": b"",
    }
    for text, public in wrong.items():
        key: Any = copy(own)
        key.public = public
        found.fails(f"an RSA key of {text}", message(key, PKCS1), REJECTED)
    for parameters, text in ((b"", "nothing"), (EMPTY, "an empty SEQUENCE")):
        key = copy(own)
        key.algorithm_octets = identifier(oids.RSA_ENCRYPTION, parameters)
        found.fails(f"an RSA key with parameters of {text}", message(key, PKCS1), REJECTED)
    return found


class _Point(Curve):
    """A key on P-256 that is said to be other octets, after other parameters."""

    def __init__(self, octets: bytes, parameters: bytes | None = None) -> None:
        super().__init__(3)
        self.public, self._parameters = octets, parameters

    def spki(self, tag: int = 0x30) -> bytes:
        if self._parameters is None:
            return super().spki(tag)
        return spki(identifier(oids.ID_EC_PUBLIC_KEY, self._parameters), self.public, tag=tag)


def curve_keys() -> Series:
    """Points that are none, and curves that are none."""
    found = Series(Rule.V9)
    point = CURVE.public
    found.passes("a point of P-256", message(CURVE, ECDSA))
    last = point[-1:]
    wrong = {
        "compressed": bytes([2 + last[0] % 2]) + point[1:33],
        "hybrid": bytes([6 + last[0] % 2]) + point[1:],
        "not on the curve": point[:-1] + bytes([last[0] ^ 1]),
        "at infinity": b"\0",
        "of nothing": b"",
        "one octet short": point[:-1],
        "one octet long": point + b"\0",
        "beyond the field": b"\4" + b"\xff" * 64,
        "zero": b"\4" + bytes(64),
    }
    for text, octets in wrong.items():
        found.fails(f"a point {text}", message(_Point(octets), ECDSA), REJECTED)
    return found


def edwards_keys() -> Series:
    """Ed25519 keys of small order, or out of range, under which anything may verify."""
    found = Series(Rule.V9)
    found.passes("an Ed25519 key", message(ALICE, ED25519, "sha512"))
    prime = (1 << 255) - 19
    one = (1).to_bytes(32, "little")
    wrong = {
        "of order 1": one,
        "of order 2": (prime - 1).to_bytes(32, "little"),
        "of order 4": bytes(32),
        "of order 1, the sign set": one[:-1] + b"\x80",
        "of order 1, not canonical": (prime + 1).to_bytes(32, "little"),
        "not canonical": (prime + 3).to_bytes(32, "little"),
        "one octet short": ALICE.public[:-1],
        "one octet long": ALICE.public + b"\0",
    }
    # R = identity and s = 0 verify under a key of order 1, whatever was signed.
    forged = one + bytes(32)
    for text, octets in wrong.items():
        key: Any = copy(ALICE)
        key.public = octets
        signed = message(key, ED25519, "sha512", sign=lambda octets: forged)
        found.fails(f"an Ed25519 key {text}", signed, REJECTED)
    key = copy(ALICE)
    # y = 2 is on no point of the curve, which is seen when it is used.
    key.public = (2).to_bytes(32, "little")
    octets = message(key, ED25519, "sha512")
    found.fails("an Ed25519 key not on the curve", octets, INVALID, Rule.V10)
    return found


def lattice_keys() -> Series:
    """ML-DSA keys of another length, or with parameters."""
    found = Series(Rule.V9)
    for bits in LATTICES:
        own = lattice(bits)
        algorithm = identifier(own.algorithm)
        found.passes(f"an ML-DSA-{bits} key", message(own, algorithm, "sha512"))
        for text, octets in {
            "one octet short": own.public[:-1],
            "one octet long": own.public + b"\0",
            "of nothing": b"",
            "in an OCTET STRING": tlv(0x04, own.public),
        }.items():
            key: Any = copy(own)
            key.public = octets
            found.fails(f"an ML-DSA-{bits} key {text}", message(key, algorithm, "sha512"), REJECTED)
        key = copy(own)
        key.spki = lambda tag=0x30, own=own: spki(
            identifier(own.algorithm, NULL), own.public, tag=tag
        )
        octets = message(key, algorithm, "sha512")
        found.fails(f"an ML-DSA-{bits} key with NULL", octets, REJECTED)
    return found


# --- V10 -----------------------------------------------------------------------------------------


def _encodings(own: RsaKey, octets: bytes) -> dict[str, bytes]:
    """What is not the encoding of RSASSA-PKCS1-v1_5, and near it."""
    info = digest_info(octets, "sha256")
    bare = seq(identifier(oids.ID_SHA256), tlv(0x04, hashlib.sha256(octets).digest()))
    rest = own.octets - len(info) - 3
    ones = b"\xff" * rest
    return {
        "without NULL": own.padded(bare),
        "with other parameters": own.padded(digest_info(octets, "sha256", EMPTY)),
        "with a length that is not minimal": own.padded(b"\x30\x81" + info[1:]),
        "with octets behind it": own.padded(info + b"\0"),
        "with another block type": b"\0\2" + ones + b"\0" + info,
        "with another first octet": b"\1\1" + ones + b"\0" + info,
        "with a short padding": b"\0\1" + ones[:8] + b"\0" + info + bytes(rest - 8),
        "without padding": b"\0\1\0" + info + bytes(rest),
        "with a zero in the padding": b"\0\1" + ones[:-1] + b"\0\0" + info,
        "without the zero": b"\0\1" + ones + b"\xff" + info,
        "of the bare hash": own.padded(hashlib.sha256(octets).digest()),
        "of another hash": own.padded(digest_info(octets, "sha512")),
    }


def _numbers(own: RsaKey, octets: bytes) -> dict[str, bytes]:
    """What is not the number that a signature is, and near it."""
    right = own.sign(octets)
    number = int.from_bytes(right, "big")
    return {
        "a zero before it": b"\0" + right,
        "an octet short": right[:-1],
        "the modulus added": (number + own.modulus).to_bytes(own.octets + 1, "big"),
        "0": bytes(own.octets),
        "1": bytes(own.octets - 1) + b"\1",
        "nothing": b"",
    }


def pkcs1() -> Series:
    """The whole encoding is compared, so nothing is found inside of another padding."""
    found = Series(Rule.V10)
    for exponent in (65537, 3):
        own = rsa(2048, exponent)
        name = f"PKCS#1 with exponent {exponent}"
        found.passes(name, message(own, PKCS1))
        covered = set_of(*required_attributes(name="sha256"))
        for text, encoded in _encodings(own, covered).items():
            octets = message(own, PKCS1, sign=always(own.raised(encoded)))
            found.fails(f"{name}, {text}", octets, INVALID)
        for text, signature in _numbers(own, covered).items():
            octets = message(own, PKCS1, sign=always(signature))
            found.fails(f"{name}, signature: {text}", octets, INVALID)
    return found


def pss_signatures() -> Series:
    """The salt has the length that the parameters say, and the padding is what it is."""
    found = Series(Rule.V10)
    own = rsa()
    for salt in (0, 31, 32):
        algorithm = identifier(oids.ID_RSASSA_PSS, pss("sha256", salt))
        octets = message(own, algorithm, sign=lambda octets, salt=salt: own.pss(octets, salt=salt))
        found.passes(f"PSS with a salt of {salt}", octets)
        octets = message(own, algorithm, sign=lambda octets, n=salt + 1: own.pss(octets, salt=n))
        found.fails(f"PSS with a salt of {salt}, and one more octet", octets, INVALID)
    for text, sign in {
        "another mask": lambda octets: own.pss(octets, mask="sha512"),
        "another trailer": lambda octets: own.pss(octets, trailer=0xCC),
        "another hash": lambda octets: own.pss(octets, "sha512", 32, mask="sha256"),
        "PKCS#1": own.pkcs1,
        "an octet short": lambda octets: own.pss(octets)[:-1],
        "a zero before it": lambda octets: b"\0" + own.pss(octets),
    }.items():
        found.fails(f"PSS by {text}", message(own, PSS, sign=sign), INVALID)
    return found


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""That of P-256."""


def _halves(signature: bytes) -> tuple[int, int]:
    first = signature[4 : 4 + signature[3]]
    second = signature[6 + signature[3] :]
    return int.from_bytes(first, "big"), int.from_bytes(second, "big")


def ecdsa() -> Series:
    """DER of two numbers within the order; a high s is one."""
    found = Series(Rule.V10)

    def changed(change: Callable[[int, int], bytes]) -> bytes:
        return message(CURVE, ECDSA, sign=lambda octets: change(*_halves(CURVE.sign(octets))))

    found.passes("ECDSA", message(CURVE, ECDSA))
    found.passes("ECDSA, the other s", changed(lambda r, s: seq(integer(r), integer(ORDER - s))))
    found.passes("ECDSA with NULL", message(CURVE, identifier(oids.ECDSA_WITH_SHA256, NULL)))
    for text, change in {
        "r of 0": lambda r, s: seq(integer(0), integer(s)),
        "s of 0": lambda r, s: seq(integer(r), integer(0)),
        "both 0": lambda r, s: seq(integer(0), integer(0)),
        "both 1": lambda r, s: seq(integer(1), integer(1)),
        "r with the order added": lambda r, s: seq(integer(r + ORDER), integer(s)),
        "s with the order added": lambda r, s: seq(integer(r), integer(s + ORDER)),
        "s below zero": lambda r, s: seq(integer(r), integer(s - ORDER)),
        "r of the order": lambda r, s: seq(integer(ORDER), integer(s)),
        "r and s swapped": lambda r, s: seq(integer(s), integer(r)),
        "a third number": lambda r, s: seq(integer(r), integer(s), integer(1)),
        "one number": lambda r, s: seq(integer(r)),
        "octets behind it": lambda r, s: seq(integer(r), integer(s)) + b"\0",
        "a zero before r": lambda r, s: seq(tlv(2, b"\0\0" + integer(r)[2:]), integer(s)),
        "a length that is not minimal": lambda r, s: b"\x30\x81" + seq(integer(r), integer(s))[1:],
        "a SET": lambda r, s: tlv(0x31, integer(r), integer(s)),
        "the numbers bare": lambda r, s: r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        "nothing": lambda r, s: b"",
    }.items():
        found.fails(f"ECDSA, {text}", changed(change), INVALID)
    return found


EDWARDS_ORDER = (1 << 252) + 27742317777372353535851937790883648493


def edwards() -> Series:
    """s below the order, and exactly 64 octets (RFC 8032 §5.1.7)."""
    found = Series(Rule.V10)
    found.passes("Ed25519", message(ALICE, ED25519, "sha512"))

    def by(change: Callable[[bytes], bytes]) -> bytes:
        return message(ALICE, ED25519, "sha512", sign=lambda octets: change(ALICE.sign(octets)))

    def added(signature: bytes) -> bytes:
        number = int.from_bytes(signature[32:], "little") + EDWARDS_ORDER
        return signature[:32] + number.to_bytes(32, "little")

    for text, change in {
        "the order added to s": added,
        "an octet short": lambda signature: signature[:-1],
        "an octet long": lambda signature: signature + b"\0",
        "the high bit of s set": lambda signature: signature[:-1] + bytes([signature[-1] | 0x80]),
        "R of order 1": lambda signature: b"\1" + bytes(31) + signature[32:],
        "nothing": lambda signature: b"",
    }.items():
        found.fails(f"Ed25519, {text}", by(change), INVALID)
    tagged = message(ALICE, ED25519, "sha512", sign=lambda o: ALICE.sign(b"\xa0" + o[1:]))
    found.fails("the attributes as received, with their tag", tagged, INVALID)
    whole = message(ALICE, ED25519, "sha512", sign=lambda o: ALICE.sign(EMPTY_PKI_DATA))
    found.fails("the content in the place of the attributes", whole, INVALID)
    return found


def _hints(own: Lattice, right: bytes) -> dict[str, bytes]:
    """Signatures of which the hints alone differ (FIPS 204, algorithm 21)."""
    _, _, k, omega = LATTICES[own.bits]
    start = len(right) - omega - k
    hints = right[start:]

    def with_octets(changes: dict[int, int]) -> bytes:
        changed = bytearray(hints)
        for at, octet in changes.items():
            changed[at] = octet
        return right[:start] + bytes(changed)

    # A place that no hint takes is zero; all are taken by chance alone.
    assert hints[-1] < omega
    assert hints[omega] > 1
    return {
        "hints out of order": with_octets({0: hints[1], 1: hints[0]}),
        "a hint twice": with_octets({1: hints[0]}),
        "an octet where no hint is": with_octets({omega - 1: 1}),
        "a hint beyond the count": with_octets({hints[-1]: 0xFF}),
        "a count of hints below the one before": with_octets({omega + 1: hints[omega] - 1}),
        "a count of hints beyond all": with_octets({omega + k - 1: omega + 1}),
        "a count of hints of 255": with_octets({omega: 255}),
        "no hints": right[:start] + bytes(omega + k),
    }


def lattices() -> Series:
    """Hints have one encoding; the context is empty; the length is exact."""
    found = Series(Rule.V10)
    covered = set_of(*required_attributes())
    for bits, (_, challenge, _, _) in LATTICES.items():
        own = lattice(bits)
        algorithm = identifier(own.algorithm)
        right = own.sign(covered)
        found.passes(f"ML-DSA-{bits}", message(own, algorithm, "sha512"))
        for text, signature in {
            **_hints(own, right),
            "with a context": own.signature(covered, "context"),
            "over the digest": own.signature(covered, "digest"),
            "an octet short": right[:-1],
            "an octet long": right + b"\0",
            "a z out of range": right[:challenge] + b"\0\0\0" + right[challenge + 3 :],
            "another challenge": bytes([right[0] ^ 1]) + right[1:],
            "nothing": b"",
            "zeros": bytes(len(right)),
            "of another parameter set": lattice({44: 65, 65: 87, 87: 44}[bits]).sign(covered),
        }.items():
            octets = message(own, algorithm, "sha512", sign=always(signature))
            found.fails(f"ML-DSA-{bits}, {text}", octets, INVALID)
    return found


# --- V10a, V12 -----------------------------------------------------------------------------------


def legacy() -> Series:
    """RSA with SHA-1, and 1024 bits with PKCS#1, by the caller's leave; nothing else."""
    found = Series(Rule.V10A)
    old = identifier(RSA_WITH["sha1"], NULL)
    for bits in (1024, 2048):
        own = rsa(bits)
        octets = message(own, old, "sha1", sign=lambda o, own=own: own.pkcs1(o, "sha1"))
        found.passes(f"SHA-1 with {bits} bits, with leave", octets, legacy=True)
        found.fails(f"SHA-1 with {bits} bits", octets, UNSUPPORTED, Rule.V7)
    for name in ("sha256", "sha512"):
        algorithm = identifier(RSA_WITH[name], NULL)
        own = rsa(1024)
        octets = message(own, algorithm, name, sign=lambda o, n=name: rsa(1024).pkcs1(o, n))
        found.passes(f"1024 bits with {name}, with leave", octets, legacy=True)
        found.fails(f"1024 bits with {name}", octets, REJECTED, Rule.V9)
    for bits in (1023, 1025, 2047):
        octets = message(rsa(bits), PKCS1)
        found.fails(f"{bits} bits, with leave", octets, REJECTED, Rule.V9, legacy=True)
    own = rsa(1024)
    octets = message(own, identifier(RSA_WITH["sha384"], NULL), "sha384",
                     sign=lambda octets: rsa(1024).pkcs1(octets, "sha384"))  # fmt: skip
    found.fails("1024 bits with sha384, with leave", octets, REJECTED, Rule.V9, legacy=True)
    octets = message(own, PSS, sign=own.pss)
    found.fails("1024 bits with PSS, with leave", octets, REJECTED, Rule.V9, legacy=True)
    return found


def none() -> Series:
    """id-alg-noSignature."""
    found = Series(Rule.V12)
    found.passes("a signature", Message().encode())
    attributes = required_attributes()
    for text, signature in {
        "nothing": b"",
        "a hash": hashlib.sha512(tlv(0x31, *sorted(attributes))).digest(),
        "a good signature of another algorithm": None,
    }.items():
        octets = signed_by(Signer(algorithm=NO_SIGNATURE, signature=signature)).encode()
        found.fails(f"no signature: {text}", octets, Reason.NO_SIGNATURE)
    return found
