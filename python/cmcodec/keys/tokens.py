"""Private keys in tokens: smart cards and HSMs with PKCS#11, by RFC 7512."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, final

from cmcodec import _backend, oids, types
from cmcodec.cms import RecipientKey, SigningKey, private_keys
from cmcodec.errors import SigningError, UnsupportedError
from cmcodec.foreign import quietly
from cmcodec.keys import uris
from cmcodec.keys.kept import KeyAccessError
from cmcodec.reasons import Reason
from cmcodec.verify.certificates import certificate_octets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec.keys.uris import URI
    from cmcodec.verify.given import CertificateLike

__all__ = ["MODULE", "PIN", "TokenKey", "find"]

MODULE: Final = "PKCS11_MODULE"
"""The environment names the library there, unless the URI does."""
PIN: Final = "CMC_PKCS11_PIN"
"""And the PIN there."""

_OF_TOKEN: Final[dict[str, Callable[[Any], Any]]] = {
    "token": lambda token: token.label,
    "manufacturer": lambda token: token.manufacturer_id,
    "serial": lambda token: token.serial,
    "model": lambda token: token.model,
    "slot-id": lambda token: token.slot.slot_id,
    "slot-description": lambda token: token.slot.slot_description,
    "slot-manufacturer": lambda token: token.slot.manufacturer_id,
}


def find(uri: str) -> TokenKey:
    """The private key of a URI; its token is open as long as the process runs.

    A process that was forked finds its keys itself. Raises `KeyAccessError`, and `UnsupportedError`
    where python-pkcs11 is not installed.
    """
    wanted = uris.parse(uri)
    pkcs11 = _library()
    module = wanted.module or os.environ.get(MODULE)
    if module is None:
        raise KeyAccessError(f"pkcs11: which library? module-path in the URI, or {MODULE}")
    pin = _pin(wanted)
    with _errors():
        token = _token(pkcs11.lib(module), wanted)
        session = _session(token, pin)
        key = _key(session, wanted, has_pin=pin is not None)
        return TokenKey(key, _public_key(session, key))


def _library() -> Any:
    try:
        import pkcs11
    except ImportError as error:
        raise UnsupportedError(f"{error}: pip install 'cmcodec[pkcs11]'") from error
    return pkcs11


@contextmanager
def _errors() -> Iterator[None]:
    """What the library says is wrong, which it says by the names of its classes."""
    pkcs11 = _library()
    try:
        yield
    except pkcs11.PKCS11Error as error:
        detail = f": {error}" if str(error) else ""
        raise KeyAccessError(f"pkcs11: {type(error).__name__}{detail}") from None


def _pin(wanted: URI) -> str | None:
    if wanted.pin_source is None:
        return os.environ.get(PIN)
    try:
        text = Path(wanted.pin_source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        raise KeyAccessError(f"pkcs11: pin-source: {reason}") from None
    return text.removesuffix("\n").removesuffix("\r")


def _token(library: Any, wanted: URI) -> Any:
    def is_meant(token: Any) -> bool:
        return all(_plain(_OF_TOKEN[name](token)) == value for name, value in wanted.token.items())

    found = [token for token in library.get_tokens() if is_meant(token)]
    if len(found) != 1:
        raise KeyAccessError(f"pkcs11: {len(found)} tokens fit: token=LABEL says which")
    return found[0]


def _plain(value: object) -> str:
    """An attribute of a token, which is filled up with spaces."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text.rstrip(" \0")


def _session(token: Any, pin: str | None) -> Any:
    pkcs11 = _library()
    if pin is None:
        return token.open()
    try:
        return token.open(user_pin=pin)
    except pkcs11.UserAlreadyLoggedIn:
        # Who has logged in has done so for all sessions of this process.
        return token.open()


def _key(session: Any, wanted: URI, *, has_pin: bool) -> Any:
    pkcs11 = _library()
    template: dict[Any, Any] = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
    if wanted.label is not None:
        template[pkcs11.Attribute.LABEL] = wanted.label
    if wanted.id is not None:
        template[pkcs11.Attribute.ID] = wanted.id
    found = list(session.get_objects(template))
    if len(found) == 1:
        return found[0]
    if not found and not has_pin:
        raise KeyAccessError(f"pkcs11: no key without a PIN: pin-source in the URI, or {PIN}")
    raise KeyAccessError(
        f"pkcs11: {len(found)} private keys fit: object=LABEL or id=%01 says which"
    )


def _public_key(session: Any, key: Any) -> Any:
    """The public key of a private one, in an object or a certificate beside it."""
    pkcs11 = _library()
    attribute, kinds = pkcs11.Attribute, pkcs11.ObjectClass
    named = {attribute.ID: key.id} if key.id else {attribute.LABEL: key.label}
    for kind, made in ((kinds.PUBLIC_KEY, _of_object), (kinds.CERTIFICATE, _of_certificate)):
        for found in session.get_objects({attribute.CLASS: kind, **named}):
            return made(found)
    if key.key_type == pkcs11.KeyType.RSA:
        return _of_object(key)
    raise KeyAccessError("pkcs11: no public key and no certificate beside the private key")


def _of_object(found: Any) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    pkcs11 = _library()
    try:
        if found.key_type == pkcs11.KeyType.RSA:
            return load_der_public_key(pkcs11.util.rsa.encode_rsa_public_key(found))
        if found.key_type == pkcs11.KeyType.EC:
            return load_der_public_key(pkcs11.util.ec.encode_ec_public_key(found))
        if found.key_type == pkcs11.KeyType.EC_EDWARDS:
            # Tokens differ in whether there is an OCTET STRING around it.
            point = bytes(found[pkcs11.Attribute.EC_POINT])[-32:]
            return Ed25519PublicKey.from_public_bytes(point)
    except (ValueError, TypeError):
        raise KeyAccessError("pkcs11: the public key cannot be read") from None
    raise KeyAccessError("pkcs11: RSA, EC and Ed25519 keys are on offer")


def _of_certificate(found: Any) -> Any:
    from cryptography import x509

    try:
        octets = found[_library().Attribute.VALUE]
        return quietly(x509.load_der_x509_certificate, octets).public_key()
    except ValueError:
        raise KeyAccessError("pkcs11: the certificate cannot be read") from None


@final
class TokenKey:
    """A key in a token, as a `Key`. It does one thing at a time, whoever asks."""

    __slots__ = ("_key", "_lock", "_public")

    def __init__(self, key: Any, public: Any) -> None:
        self._key, self._public, self._lock = key, public, Lock()

    @property
    def public_key(self) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        octets: bytes = self._public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return octets

    @property
    def for_request(self) -> SigningKey:
        from cryptography.x509 import SubjectKeyIdentifier

        identifier = SubjectKeyIdentifier.from_public_key(self._public).digest
        return self._signing(key_identifier=identifier)

    def signer(self, certificate: CertificateLike) -> SigningKey:
        found = _backend.certificate(certificate_octets(certificate))
        if found is None or found[5] != self.public_key:
            raise SigningError(Reason.SIGNATURE_INVALID)
        return self._signing(certificate=certificate)

    def _signing(self, **named: Any) -> SigningKey:
        # The library gives an object the methods for which the token has the key.
        if not hasattr(self._key, "sign"):
            raise SigningError(Reason.KEY_REJECTED)
        algorithm = private_keys.usual(self._public)
        sign = self._signature(algorithm)
        return SigningKey(sign=sign, algorithm=algorithm.name, public_key=self.public_key, **named)

    def _signature(self, algorithm: private_keys.Algorithm) -> Callable[[bytes], bytes]:
        pkcs11 = _library()
        kind, mechanism = self._key.key_type, pkcs11.Mechanism

        def sign(octets: bytes) -> bytes:
            if kind == pkcs11.KeyType.EC:
                digest = hashlib.new(algorithm.digest.name, octets).digest()
                made = self._asked("sign", digest, mechanism=mechanism.ECDSA)
                return bytes(pkcs11.util.ec.encode_ecdsa_signature(made))
            is_rsa = kind == pkcs11.KeyType.RSA
            chosen = mechanism.SHA256_RSA_PKCS if is_rsa else mechanism.EDDSA
            return bytes(self._asked("sign", octets, mechanism=chosen))

        return sign

    def opener(self, certificate: CertificateLike | None = None) -> RecipientKey:
        if certificate is None:
            raise TypeError("a key in a token opens what is for a certificate")
        kinds, kind = _library().KeyType, self._key.key_type
        if kind == kinds.RSA and hasattr(self._key, "decrypt"):
            return RecipientKey.from_callbacks(certificate, decrypt=self._decrypted)
        if kind == kinds.EC and hasattr(self._key, "derive_key"):
            return RecipientKey.from_callbacks(certificate, agree=self._agreed)
        raise TypeError("the token has this key for signatures, which opens nothing")

    def _decrypted(self, encrypted: bytes, algorithm: types.AlgorithmIdentifier) -> bytes:
        """RSA PKCS #1 v1.5, which everybody has (R-197); of OAEP tokens differ in what they do."""
        pkcs11 = _library()
        if algorithm.algorithm != oids.RSA_ENCRYPTION:
            return b""
        try:
            return bytes(self._asked("decrypt", encrypted, mechanism=pkcs11.Mechanism.RSA_PKCS))
        except KeyAccessError:
            # It is not said in what way it is wrong.
            return b""

    def _agreed(self, spki: bytes) -> bytes:
        """ECDH: the x coordinate of the shared point."""
        pkcs11 = _library()
        point = types.SubjectPublicKeyInfo.from_der(spki).subject_public_key.data
        size = (self._public.key_size + 7) // 8
        attribute = pkcs11.Attribute
        try:
            secret = self._asked(
                "derive_key",
                pkcs11.KeyType.GENERIC_SECRET,
                size * 8,
                mechanism_param=(pkcs11.KDF.NULL, None, point),
                template={attribute.SENSITIVE: False, attribute.EXTRACTABLE: True},
            )
            with self._lock, _errors():
                value = bytes(secret[attribute.VALUE])
                secret.destroy()
        except KeyAccessError:
            return b""
        return value

    def _asked(self, what: str, *arguments: Any, **named: Any) -> Any:
        with self._lock, _errors():
            return getattr(self._key, what)(*arguments, **named)

    def __repr__(self) -> str:
        return f"<TokenKey, {type(self._public).__name__}>"
