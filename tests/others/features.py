"""What a message has that others may not have, or see in another way.

Most are looked at without this library's verdict: a class of ``explained.toml`` that names one is
of no message without it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cmcodec import oids
from hostile.keys import HASHES
from kit.der import identifier, seq, tlv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec import Message, Row

UNREADABLE = (
    ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion,
)  # fmt: skip
"""What ``cryptography`` raises, as it documents."""
SIGNED_ONLY = {oids.ID_CONTENT_TYPE, oids.ID_MESSAGE_DIGEST, oids.ID_SIGNING_TIME}
CANDIDATES = 4
"""As many certificates fit a signer, or more are not looked at (V8)."""


def of_message(octets: bytes, message: Message, row: Row) -> tuple[str, ...]:
    """The features of a message that is read."""
    found = {signer.algorithm for signer in row.signers if signer.algorithm}
    found |= {str(note.reason) for note in row.notes}
    if octets[:1] != b"\x30":
        found.add("armour")
    if message.encoding != "der":
        found.add(message.encoding)
    if any(signer.request_id is not None for signer in row.signers):
        found.add("request key")
    if not all(_is_read(bytes(each.der)) for each in message.certificates):
        found.add("certificate")
    signed: Any = getattr(message.unverified_structure, "content", None)
    listed = {each.algorithm for each in getattr(signed, "digest_algorithms", None) or ()}
    if listed - set(HASHES.values()):
        found.add("unknown digest")
    for signer in getattr(signed, "signer_infos", ()):
        found |= set(_of_signer(signer, message))
    return tuple(sorted(found))


def of_request(octets: bytes, message: Message, row: Row) -> tuple[str, ...]:
    """The features of a PKCS#10 that is read."""
    found = {str(note.reason) for note in row.notes}
    request: Any = message.unverified_content
    if request.signature.unused_bits:
        found.add("unused bits")
    try:
        asked = x509.load_der_x509_csr(octets)
        _ = asked.subject, list(asked.extensions), list(asked.attributes)
    except (*UNREADABLE, TypeError):
        found.add("names, extensions")
    given = {each.attr_type for each in request.certification_request_info.attributes or ()}
    if given - {oids.ID_EXTENSION_REQUEST}:
        found.add("other attributes")
    return tuple(sorted(found))


def named(signer: Any) -> int | bytes:
    """The serial number or the key identifier by which a SignerInfo finds its certificate."""
    given = signer.sid.issuer_and_serial_number
    return bytes(signer.sid.subject_key_identifier) if given is None else given.serial_number


def _of_signer(signer: Any, message: Message) -> Iterator[str]:
    name = named(signer)
    if isinstance(name, bytes):
        yield "key identifier"
    elif not name:
        yield "serial number 0"
    fitting = [each for each in message.certificates if name in _names(bytes(each.der))]
    if len(fitting) > 1:
        yield "candidates"
    if len(fitting) > CANDIDATES:
        yield "more candidates"
    if any(each.attr_type == oids.ID_SIGNING_TIME for each in signer.signed_attrs or ()):
        yield "signing time"
    unsigned = signer.unsigned_attrs or ()
    if any(each.attr_type in SIGNED_ONLY for each in unsigned):
        yield "unsigned attributes"
    given = (*(signer.signed_attrs or ()), *unsigned)
    if any(value.to_der()[0] & 0xC0 for each in given for value in each.attr_values):
        yield "tagged value"
    if any(_is_without_null(signer, bytes(each.der)) for each in fitting):
        yield "DigestInfo without NULL"


def _names(certificate: bytes) -> tuple[int | bytes, ...]:
    """Its serial number and its key identifier."""
    try:
        read = x509.load_der_x509_certificate(certificate)
        own = read.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return (read.serial_number,)
    except UNREADABLE:
        return ()
    return read.serial_number, own.value.digest


def _is_read(certificate: bytes) -> bool:
    """Whether ``cryptography`` reads all of it, its version allows that, and it has an issuer."""
    try:
        read = x509.load_der_x509_certificate(certificate)
        _ = read.subject, read.not_valid_before_utc, read.not_valid_after_utc, read.public_key()
        extensions = list(read.extensions)
        allowed = read.version is x509.Version.v3 or not extensions
        return allowed and bool(read.issuer.rdns)
    except (*UNREADABLE, TypeError):
        return False


def _is_without_null(signer: Any, certificate: bytes) -> bool:
    """Whether a signature of RSA is good but for the NULL in its DigestInfo."""
    name = next((n for n, it in HASHES.items() if it == signer.digest_algorithm.algorithm), None)
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
        if name is None or not isinstance(key, rsa.RSAPublicKey):
            return False
        found = key.recover_data_from_signature(bytes(signer.signature), padding.PKCS1v15(), None)
    except (*UNREADABLE, InvalidSignature):
        return False
    signed = tlv(0x31, *(each.to_der() for each in signer.signed_attrs or ()))
    return found == seq(identifier(HASHES[name]), tlv(0x04, hashlib.new(name, signed).digest()))
