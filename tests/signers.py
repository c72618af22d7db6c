"""Keys, certificates and contents for the tests of building."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from cmcodec import types
from cmcodec.types import controls

ID_CMC = "1.3.6.1.5.5.7.7"
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)

_KEYS: dict[str, Any] = {
    "rsa-1024": lambda: rsa.generate_private_key(65537, 1024),
    "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
    "p-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}


@cache
def _key(kind: str, _: int) -> Any:
    return _KEYS[kind]()


def key(kind: str, number: int = 0) -> Any:
    """A private key, the same in all tests."""
    return _key(kind, number)


def key_identifier(private: Any) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(private.public_key()).digest


def hash_for(private: Any) -> Any:
    pure = isinstance(private, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return None if pure else hashes.SHA256()


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@cache
def certificate(kind: str, number: int = 0) -> x509.Certificate:
    """A certificate of that key, signed by itself."""
    private = key(kind, number)
    own = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name(f"{kind} {number}"))
        .issuer_name(name(f"{kind} {number}"))
        .public_key(private.public_key())
        .serial_number(2**70 + number)
        .not_valid_before(MOMENT)
        .not_valid_after(MOMENT.replace(year=2036))
        .add_extension(own, critical=False)
        .sign(private, hash_for(private))
    )


def control(body_part_id: int, number: int, *values: Any) -> types.TaggedAttribute:
    return types.TaggedAttribute(
        body_part_id=body_part_id, attr_type=f"{ID_CMC}.{number}", attr_values=values
    )


def response(number: int = 1) -> types.PKIResponse:
    """A response that says success."""
    status = types.CMCStatusInfoV2(
        cmc_status=types.CMCStatus.SUCCESS,
        body_list=(types.BodyPartReference(body_part_id=1),),
    )
    return types.PKIResponse(
        control_sequence=(
            control(1, 5, controls.TransactionId(number)),
            control(2, 25, status),
        ),
        cms_sequence=(),
        other_msg_sequence=(),
    )


def request(*privates: Any, identifier: bytes | None = None) -> types.PKIData:
    """A request for a certificate of each key, which it names by key identifier."""
    tagged = []
    for number, private in enumerate(privates, 1):
        own = key_identifier(private) if identifier is None else identifier
        pkcs10 = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(name("requested"))
            .add_extension(x509.SubjectKeyIdentifier(own), critical=False)
            .sign(private, hash_for(private))
        )
        asked = types.CertificationRequest.from_der(_der(pkcs10))
        tagged.append(
            types.TaggedRequest(
                tcr=types.TaggedCertificationRequest(
                    body_part_id=number, certification_request=asked
                )
            )
        )
    return types.PKIData(
        control_sequence=(),
        req_sequence=tuple(tagged),
        cms_sequence=(),
        other_msg_sequence=(),
    )


def _der(value: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    octets: bytes = value.public_bytes(Encoding.DER)
    return octets


def der(value: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return _der(value)


@cache
def crl() -> x509.CertificateRevocationList:
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name("p-256 0"))
        .last_update(MOMENT)
        .next_update(MOMENT.replace(year=2027))
        .sign(key("p-256"), hashes.SHA256())
    )
