"""Key agreement, ephemeral-static (RFC 5652 §6.2.2, RFC 5753, RFC 8418, RFC 2631)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from cmcodec import oids, types
from cmcodec.algorithms import AGREEMENTS, CURVES, Derivation
from cmcodec.asn1 import TLV, BitString
from cmcodec.cms.ciphers import Wrapping, wrap_identifier
from cmcodec.cms.derivation import agreed_key
from cmcodec.cms.identifiers import NULL, named, parameters, unsupported
from cmcodec.cms.recipients import diffie_hellman
from cmcodec.errors import ArgumentError, EncodeError
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.algorithms import Agreement, KeyWrap
    from cmcodec.cms.recipients.names import Names


_DERIVATIONS: Final = {
    oids.ID_EC_PUBLIC_KEY: Derivation.X963,
    oids.ID_X25519: Derivation.HKDF,
    oids.ID_X448: Derivation.HKDF,
    oids.DHPUBLICNUMBER: Derivation.X942,
}
"""By the type of the key."""

_UNCOMPRESSED: Final = b"\x04"


class AgreementKey(NamedTuple):
    """What opens a KeyAgreeRecipientInfo: a private key, or whoever keeps it.

    ``public`` is the public key. ``agree`` gets the originator's SubjectPublicKeyInfo, which is a
    key of the same kind (rule V9), and returns the shared secret, of a curve the x coordinate; None
    where there is none.
    """

    names: Names
    public: Any
    agree: Callable[[bytes], bytes | None]

    def attempt(self, info: types.RecipientInfo) -> Callable[[], bytes | None] | None:
        """What gives the key, if the recipient is meant."""
        kari = info.kari
        if kari is None:
            return None
        (recipient,) = kari.recipient_encrypted_keys
        if not self.names.fit(recipient.rid):
            return None
        agreement, wrap = _scheme(kari.key_encryption_algorithm, self.public)
        originator = kari.originator.originator_key
        if originator is None:
            # A static key of the originator (RFC 5753 §3.2): who it is would have to be known.
            raise unsupported()
        wrapping = Wrapping.read(wrap)
        if wrapping.cbc is not None:
            raise unsupported()

        def attempt() -> bytes | None:
            spki = _originator_key(originator, self.public)
            secret = None if spki is None else self.agree(spki)
            # RFC 8418 §7: a secret of nothing but zero octets is none.
            if not secret or not any(secret):
                return None
            if diffie_hellman.is_public(self.public):
                secret = diffie_hellman.as_long_as_p(self.public, secret)
            kek = agreed_key(agreement, secret, wrap, kari.ukm, wrapping.key_octets)
            return wrapping.unwrap(kek, recipient.encrypted_key)

        return attempt


def _scheme(
    identifier: types.AlgorithmIdentifier, public: Any
) -> tuple[Agreement, types.AlgorithmIdentifier]:
    """The scheme and the key wrap in it; raises `VerificationError`."""
    derivation = _DERIVATIONS[public_algorithm(public).algorithm]
    for row in AGREEMENTS:
        if row.oid == identifier.algorithm and row.derivation is derivation:
            return row, parameters(identifier, row.oid, types.AlgorithmIdentifier)
    raise unsupported()


def _originator_key(originator: types.OriginatorPublicKey, public: Any) -> bytes | None:
    """The originator's SubjectPublicKeyInfo; without parameters it has those of the recipient.

    None for a key of another kind, a point that is compressed or off the curve, and a number that
    is no key of Diffie-Hellman (rule V9).
    """
    own = public_algorithm(public)
    algorithm = originator.algorithm
    if algorithm.algorithm == own.algorithm and algorithm.parameters in (None, NULL):
        algorithm = own
    point = originator.public_key
    if algorithm != own or point.unused_bits or not _is_key(public, point.data):
        return None
    return types.SubjectPublicKeyInfo(algorithm=own, subject_public_key=point).to_der()


def _is_key(public: Any, octets: bytes) -> bool:
    """Whether ``octets`` are a public key of the same kind as ``public``."""
    if diffie_hellman.is_public(public):
        return diffie_hellman.number(public, octets) is not None
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            ec.EllipticCurvePublicKey.from_encoded_point(public.curve, octets)
            return octets[:1] == _UNCOMPRESSED
        is_x25519 = isinstance(public, x25519.X25519PublicKey)
        (x25519.X25519PublicKey if is_x25519 else x448.X448PublicKey).from_public_bytes(octets)
    except ValueError:
        return False
    return True


def public_algorithm(key: Any) -> types.AlgorithmIdentifier:
    """The AlgorithmIdentifier of a public key."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    algorithm = types.SubjectPublicKeyInfo.from_der(der).algorithm
    if diffie_hellman.is_public(key) and algorithm.algorithm != oids.DHPUBLICNUMBER:
        # Without q the numbers have the name that PKCS #3 gives them.
        return types.AlgorithmIdentifier(algorithm=oids.DHPUBLICNUMBER)
    return algorithm


def agrees(public: Any) -> bool:
    """Whether a public key is one that agrees: of a curve that is on offer, or Diffie-Hellman."""
    if isinstance(public, ec.EllipticCurvePublicKey):
        return any(row.name == public.curve.name for row in CURVES)
    is_curve = isinstance(public, (x25519.X25519PublicKey, x448.X448PublicKey))
    return is_curve or diffie_hellman.is_public(public)


def agreeing(key: Any) -> Callable[[bytes], bytes | None]:
    """What agrees with a private key of ``cryptography``."""

    def agree(spki: bytes) -> bytes | None:
        try:
            if diffie_hellman.is_private(key):
                octets = types.SubjectPublicKeyInfo.from_der(spki).subject_public_key.data
                y = diffie_hellman.number(key.public_key(), octets)
                return None if y is None else diffie_hellman.agree(key, y)
            peer: Any = load_der_public_key(spki)
            is_point = isinstance(key, ec.EllipticCurvePrivateKey)
            secret: bytes = key.exchange(ec.ECDH(), peer) if is_point else key.exchange(peer)
        except ValueError:
            return None
        return secret

    return agree


def scheme_for(key: Any, algorithm: str | None) -> Agreement:
    """The scheme of this name, or the usual one of a public key.

    Raises `TypeError` for what is no key that agrees, and `EncodeError` for a scheme or a curve
    that is not on offer for it.
    """
    is_point = isinstance(key, ec.EllipticCurvePublicKey)
    if not is_point and not agrees(key):
        raise ArgumentError("key", hint=f"nothing is encrypted for {type(key).__name__}")
    if not agrees(key):
        raise EncodeError(Reason.UNSUPPORTED_ALGORITHM, None, "key")
    kind = public_algorithm(key).algorithm
    rows = [row for row in AGREEMENTS if row.derivation is _DERIVATIONS[kind]]
    if algorithm is not None:
        return named(rows, algorithm)
    if is_point:
        kind = next(row.oid for row in CURVES if row.name == key.curve.name)
    return next(row for row in rows if kind in row.keys)


class AgreementRecipient(NamedTuple):
    """Whom a key is encrypted for by key agreement; each message has an ephemeral key."""

    names: Names
    key: Any
    agreement: Agreement
    wrap: KeyWrap

    def make(self, content_key: bytes, random: Callable[[int], bytes]) -> types.RecipientInfo:
        """The RecipientInfo."""
        ephemeral, secret = _ephemeral(self.key)
        wrap = wrap_identifier(self.wrap)
        wrapping = Wrapping.read(wrap)
        kek = agreed_key(self.agreement, secret, wrap, None, wrapping.key_octets)
        encrypted = types.RecipientEncryptedKey(
            rid=self.names.agreement_rid(),
            encrypted_key=wrapping.wrap(kek, content_key, random),
        )
        kari = types.KeyAgreeRecipientInfo(
            version=3,
            originator=types.OriginatorIdentifierOrKey(originator_key=ephemeral),
            key_encryption_algorithm=types.AlgorithmIdentifier(
                algorithm=self.agreement.oid, parameters=TLV(wrap.to_der())
            ),
            recipient_encrypted_keys=(encrypted,),
        )
        return types.RecipientInfo(kari=kari)


def _ephemeral(key: Any) -> tuple[types.OriginatorPublicKey, bytes]:
    """A new key of the recipient's kind, its public half and what it agrees on."""
    if diffie_hellman.is_public(key):
        y, secret = diffie_hellman.ephemeral(key)
        # RFC 3370 §4.1.1: the parameters are those of the recipient, and absent.
        algorithm = types.AlgorithmIdentifier(algorithm=oids.DHPUBLICNUMBER)
        public = types.OriginatorPublicKey(algorithm=algorithm, public_key=BitString(y))
        return public, secret
    private: Any
    if isinstance(key, ec.EllipticCurvePublicKey):
        private = ec.generate_private_key(key.curve)
        secret = private.exchange(ec.ECDH(), key)
    else:
        is_x25519 = isinstance(key, x25519.X25519PublicKey)
        private = (x25519.X25519PrivateKey if is_x25519 else x448.X448PrivateKey).generate()
        secret = private.exchange(key)
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    spki = types.SubjectPublicKeyInfo.from_der(der)
    public = types.OriginatorPublicKey(algorithm=spki.algorithm, public_key=spki.subject_public_key)
    return public, secret
