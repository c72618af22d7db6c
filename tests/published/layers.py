"""Messages in every layer that hides or authenticates them, for recipients of every kind.

What senders choose by chance is chosen here once: keys of contents, ephemeral keys, paddings. What
ML-KEM encapsulates, libraries choose by chance: that is kept, in ``ml_kem.json``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cmcodec import oids
from cmcodec.reasons import Reason
from hostile.case import GOOD, Told
from hostile.keys import mgf1
from kit import layers
from kit.der import integer, tlv
from kit.layers import Authenticated, AuthEnveloped, Enveloped
from kit.messages import Message, control, pki_data

from .vector import Vector, slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRIMES: Final = (
    "c7b1c9c93092b6eed65305cd167700f927ae6f19febb977f6bbe702516ed7d15b469acd586c90f125740a27c255e1eab"
    "63c3c1799049aa4e7ab2159480dc9c0fc3ff7900986422766afee7b0fd3dedb38d013062533bc1b1c4968a2013be6e76"
    "3628e093c400fd2b9d246b244499ff030fec92602db59ef3f6c6b0f5f6dafe19",
    "ceb658201aa55a306e26a5070027dfcc2e9d35e9402216f7ad942ef5e00bc7d2dd99d68b2096d262cf03edeaafd307a3"
    "2e8e0c71a8abf19b80167734d3cbe94523635d16ec7c7ebadfc819b84611baaf7302e6c632cec89c2ef93d3cc340142a"
    "8ff0fd3c3123b0b608faeceeec044e2ace4a94a9cbd4ecb7170e7937d59b53a9",
)
"""Those of the recipient's key of RSA, found once."""

KEK: Final = bytes(range(32))
IDENTIFICATION: Final = "ee-0001"
UKM: Final = b"ukm"


def _rsa() -> rsa.RSAPrivateKey:
    first, second = (int(prime, 16) for prime in PRIMES)
    private = pow(65537, -1, (first - 1) * (second - 1))
    return rsa.RSAPrivateNumbers(
        first, second, private, private % (first - 1), private % (second - 1),
        pow(second, -1, first), rsa.RSAPublicNumbers(65537, first * second),
    ).private_key()  # fmt: skip


RSA: Final = _rsa()
CURVES: Final[dict[str, tuple[Any, Any]]] = {
    "x25519": (
        x25519.X25519PrivateKey.from_private_bytes(bytes(range(32))),
        x25519.X25519PrivateKey.from_private_bytes(bytes(range(32, 64))),
    ),
    "x448": (
        x448.X448PrivateKey.from_private_bytes(bytes(range(56))),
        x448.X448PrivateKey.from_private_bytes(bytes(range(56, 112))),
    ),
    "p-256": tuple(ec.derive_private_key(number, ec.SECP256R1()) for number in (7, 8)),
    "p-384": tuple(ec.derive_private_key(number, ec.SECP384R1()) for number in (7, 8)),
    "p-521": tuple(ec.derive_private_key(number, ec.SECP521R1()) for number in (7, 8)),
}
"""Of each curve the recipient's key, and the one that the sender made for one message."""


def raised(block: bytes) -> bytes:
    """What RSA makes of a block of 256 octets."""
    public = RSA.public_key().public_numbers()
    return pow(int.from_bytes(block, "big"), public.e, public.n).to_bytes(256, "big")


def pkcs1(key: bytes) -> bytes:
    """RSAES-PKCS1-v1_5 (RFC 8017 §7.2.1), with a known padding."""
    return raised(b"\0\2" + b"\xa5" * (256 - len(key) - 3) + b"\0" + key)


def oaep(key: bytes, name: str) -> bytes:
    """RSAES-OAEP (RFC 8017 §7.1.1), with a known seed."""
    label = hashlib.new(name).digest()
    size = len(label)
    seed = bytes(range(size))
    block = label + bytes(256 - len(key) - 2 * size - 2) + b"\1" + key
    masked = _xor(block, mgf1(seed, len(block), name))
    return raised(b"\0" + _xor(seed, mgf1(masked, size, name)) + masked)


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(left, right, strict=True))


def agreed(curve: str, scheme: str, ukm: bytes | None = None) -> Callable[[bytes], bytes]:
    """A KeyAgreeRecipientInfo of the sender's known key."""
    own, sender = CURVES[curve]
    public = own.public_key()
    is_ec = isinstance(own, ec.EllipticCurvePrivateKey)
    secret = sender.exchange(ec.ECDH(), public) if is_ec else sender.exchange(public)
    algorithm, octets = layers.spki_parts(sender.public_key())
    originator = tlv(0xA1, algorithm, tlv(0x03, b"\0", octets))
    kek = layers.derived(scheme, secret, layers.WRAP, ukm, 32)
    return lambda key: layers.kari(
        originator, scheme, layers.rekey(layers.key_wrap(kek, key)), ukm=ukm
    )


def _by_pwri_kek(key: bytes) -> bytes:
    wrapped = lambda kek, cek: layers.pwri_kek_wrap(kek, layers.IV, cek)  # noqa: E731
    return layers.pwri(key, wrap=layers.pwri_kek(), wrapped=wrapped)


KEPT: Final = {
    f"ml-kem-{bits}": {name: base64.b64decode(text) for name, text in kept.items()}
    for bits, kept in json.loads(Path(__file__).with_name("ml_kem.json").read_text("utf-8")).items()
}
"""Of each parameter set the key of the seed 00 to 3f, in PKCS#8, and what was encapsulated once."""


class _Encapsulated(NamedTuple):
    """A public key of ML-KEM that does again what it has done."""

    secret: bytes
    ciphertext: bytes

    def encapsulate(self) -> tuple[bytes, bytes]:
        return self


def encapsulated(name: str, number: str) -> Callable[[bytes], bytes]:
    """A KEMRecipientInfo of what is kept."""
    kept = KEPT[name]
    public = _Encapsulated(kept["secret"], kept["ciphertext"])
    return lambda key: layers.kemri(public, number, key)


RECIPIENTS: Final[dict[str, tuple[str, Callable[[bytes], bytes]]]] = {
    "RSA, PKCS#1 v1.5": ("rsa", lambda key: layers.ktri(encrypted=pkcs1(key))),
    "RSA, OAEP with SHA-256": ("rsa", lambda key: layers.ktri(
        algorithm=layers.oaep("sha256"), encrypted=oaep(key, "sha256"))),
    "RSA, OAEP with SHA-512": ("rsa", lambda key: layers.ktri(
        algorithm=layers.oaep("sha512"), encrypted=oaep(key, "sha512"))),
    "X25519, HKDF with SHA-256": ("x25519", agreed(
        "x25519", oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA256_SCHEME)),
    "X25519, HKDF with SHA-256, and a ukm": ("x25519", agreed(
        "x25519", oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA256_SCHEME, UKM)),
    "X448, HKDF with SHA-512": ("x448", agreed(
        "x448", oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA512_SCHEME)),
    "P-256, X9.63 with SHA-256": ("p-256", agreed(
        "p-256", oids.DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME)),
    "P-256, X9.63 with SHA-256, and a ukm": ("p-256", agreed(
        "p-256", oids.DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME, UKM)),
    "P-384, X9.63 with SHA-384": ("p-384", agreed(
        "p-384", oids.DH_SINGLE_PASS_STD_DH_SHA384KDF_SCHEME)),
    "P-521, X9.63 with SHA-512": ("p-521", agreed(
        "p-521", oids.DH_SINGLE_PASS_STD_DH_SHA512KDF_SCHEME)),
    "ML-KEM-768": ("ml-kem-768", encapsulated("ml-kem-768", oids.ID_ALG_ML_KEM_768)),
    "ML-KEM-1024": ("ml-kem-1024", encapsulated("ml-kem-1024", oids.ID_ALG_ML_KEM_1024)),
    "a key that both have": ("kek", lambda key: layers.kekri(KEK, key)),
    "a password, AES key wrap": ("password", layers.pwri),
    "a password, PWRI-KEK": ("password", _by_pwri_kek),
}  # fmt: skip
"""Of each kind the key that opens it, and what makes one for a content's key."""

REQUIREMENTS: Final = {"rsa": "R-197", "password": "R-199"} | dict.fromkeys((*KEPT, "kek"), "R-070")
"""What a kind of recipient is for, R-198 elsewhere."""

MESSAGE: Final = Message(content=pki_data([control(1, 5, integer(77))])).encode()
"""What every layer hides. It is signed."""

SIGNED: Final = layers.signed_value(MESSAGE)


def keys() -> dict[str, bytes]:
    """The files of the recipients' keys."""
    private = {"rsa": RSA} | {name: own for name, (own, _) in CURVES.items()}
    made = {
        f"keys/{name}.p8": own.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        for name, own in private.items()
    }
    kept = {f"keys/{name}.p8": kept["key"] for name, kept in KEPT.items()}
    return made | kept | {"keys/kek.bin": KEK}


def _needs(kind: str) -> dict[str, str]:
    if kind == "password":
        return {"secret": layers.PASSWORD.decode()}
    if kind == "kek":
        return {"key": "keys/kek.bin", "key_identifier": "kek-1"}
    return {"key": f"keys/{kind}.p8", "key_identifier": layers.KEY_IDENTIFIER.decode()}


ENCRYPTED: Final = Told("unverified", Reason.ENCRYPTED)


def _vector(title: str, octets: bytes, kind: str, *more: str, **changes: Any) -> Vector:
    """A message that hides `MESSAGE`."""
    key = _needs(kind)
    made = Vector(
        id=f"layers/{slug(title)}",
        kind="other",
        title=title,
        rules=tuple(dict.fromkeys((*more, REQUIREMENTS.get(kind, "R-198")))),
        octets=octets,
        rows=(ENCRYPTED,),
        needs=key | {"content": "layers/message.der"},
        beside={name: held for name, held in keys().items() if name == key.get("key")},
    )
    return replace(made, **changes)


def vectors() -> Iterator[Vector]:
    """The message, and it in every layer."""
    yield Vector(
        id="layers/message",
        kind="full-request",
        title="what is in every layer",
        rules=("R-016",),
        octets=MESSAGE,
        rows=(GOOD,),
        signature="valid",
        algorithms=("Ed25519",),
    )
    for title, (kind, make) in RECIPIENTS.items():
        recipients = (make(layers.CEK),)
        yield _vector(f"EnvelopedData for {title}", Enveloped(SIGNED, recipients).encode(), kind,
                      "R-070")  # fmt: skip
        yield _vector(f"AuthEnvelopedData for {title}", AuthEnveloped(SIGNED, recipients).encode(),
                      kind, "R-229")  # fmt: skip
    yield from _nested()
    yield from _variants()
    yield from _maced()


def _nested() -> Iterator[Vector]:
    """Signed outside, and for several recipients."""
    _, make = RECIPIENTS["X25519, HKDF with SHA-256"]
    for layer, content_type, of in (
        (Enveloped(SIGNED, (make(layers.CEK),)), oids.ID_ENVELOPED_DATA, "R-072"),
        (AuthEnveloped(SIGNED, (make(layers.CEK),)), oids.ID_CT_AUTH_ENVELOPED_DATA, "R-229"),
    ):
        name = type(layer).__name__
        octets = Message(content=layer.value(), content_type=content_type).encode()
        yield _vector(f"a signature around {name}Data", octets, "x25519", of, signature="valid",
                      algorithms=("Ed25519",))  # fmt: skip
    everybody = tuple(each(layers.CEK) for _, each in RECIPIENTS.values())
    octets = Enveloped(SIGNED, everybody).encode()
    yield _vector("EnvelopedData for everybody", octets, "rsa", "R-070")


def _variants() -> Iterator[Vector]:
    """An ICV of each length, and what does not open."""
    _, make = RECIPIENTS["X25519, HKDF with SHA-256"]
    good = (make(layers.CEK),)
    for icv in (13, 14, 15, 16):
        octets = AuthEnveloped(SIGNED, good, icv=icv).encode()
        yield _vector(f"AuthEnvelopedData with an ICV of {icv} octets", octets, "x25519", "R-228")
    failed = {"fails": Reason.DECRYPTION_FAILED}
    torn = bytes(len(SIGNED) // 16 * 16)
    for title, layer in {
        "a tag that is wrong": AuthEnveloped(SIGNED, good, tag=bytes(12)),
        "another key": AuthEnveloped(SIGNED, (make(bytes(32)),)),
        "a padding that is none": Enveloped(SIGNED, good, encrypted=torn),
    }.items():
        name = type(layer).__name__
        yield _vector(f"{name}Data with {title}", layer.encode(), "x25519", "R-234",
                      needs=_needs("x25519") | failed)  # fmt: skip


def _maced() -> Iterator[Vector]:
    """A MAC whose key a password hides, after the identification."""
    named = tlv(0x0C, IDENTIFICATION.encode())
    content = pki_data([control(1, 5, integer(77)), control(2, 2, named)])
    password = IDENTIFICATION.encode() + layers.PASSWORD
    recipients = (layers.pwri(layers.MAC_KEY, password=password),)
    good = Authenticated(content, recipients)
    needs = _needs("password") | {"identification": IDENTIFICATION}
    for title, layer, gives in (
        ("", good, {}),
        (" whose MAC is wrong", replace(good, mac=bytes(32)), {"fails": Reason.DECRYPTION_FAILED}),
    ):
        made = _vector(f"AuthenticatedData{title}", layer.encode(), "password", "R-023", "R-025")
        yield replace(made, kind="full-request", needs=needs | gives,
                      rows=(Told("unverified", Reason.MAC_UNCHECKED),))  # fmt: skip
