"""Elements of messages: DER, controls, and the SignedData around all."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asn1crypto import core
from cryptography import x509

import cmcodec
from benches.workload import keys
from cmcodec import types

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ID_CMC = "1.3.6.1.5.5.7.7"
TRANSACTION_ID = f"{ID_CMC}.5"
SENDER_NONCE = f"{ID_CMC}.6"
PKI_DATA = "1.3.6.1.5.5.7.12.2"
PKI_RESPONSE = "1.3.6.1.5.5.7.12.3"
SIGNED_DATA = "1.2.840.113549.1.7.2"
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def tlv(octet: int, *parts: bytes) -> bytes:
    """An element with a tag of one octet; large ones are copied only once."""
    length = sum(map(len, parts))
    size = (length.bit_length() + 7) // 8
    form = bytes([length]) if length < 0x80 else bytes([0x80 | size]) + length.to_bytes(size, "big")
    return b"".join((bytes([octet]), form, *parts))


def oid(dotted: str) -> bytes:
    encoded: bytes = core.ObjectIdentifier(dotted).dump()
    return encoded


def integer(value: int) -> bytes:
    encoded: bytes = core.Integer(value).dump()
    return encoded


def set_of(octet: int, elements: Iterable[bytes]) -> bytes:
    """A SET OF, whose elements DER sorts."""
    return tlv(octet, *sorted(elements))


def control(body_part_id: int, number: int, *values: Any) -> bytes:
    """A TaggedAttribute of id-cmc."""
    return types.TaggedAttribute(
        body_part_id=body_part_id, attr_type=f"{ID_CMC}.{number}", attr_values=values
    ).to_der()


def member(body_part_id: int, content_info: bytes) -> bytes:
    """A TaggedContentInfo."""
    return tlv(0x30, integer(body_part_id), content_info)


def pki_data(
    *,
    controls: Iterable[bytes] = (),
    requests: Iterable[bytes] = (),
    members: Iterable[bytes] = (),
    others: Iterable[bytes] = (),
) -> bytes:
    return tlv(0x30, *(tlv(0x30, *parts) for parts in (controls, requests, members, others)))


def pki_response(*, controls: Iterable[bytes] = (), members: Iterable[bytes] = ()) -> bytes:
    return tlv(0x30, tlv(0x30, *controls), tlv(0x30, *members), tlv(0x30))


def signed(
    content: bytes,
    *signers: keys.PrivateKey,
    content_type: str = PKI_DATA,
    certificates: Sequence[bytes] = (),
    crls: Sequence[bytes] = (),
) -> bytes:
    """A SignedData by these keys, each named by its identifier."""
    digests = {keys.algorithms(key)[0].to_der() for key in signers}
    carried = [set_of(octet, some) for octet, some in ((0xA0, certificates), (0xA1, crls)) if some]
    data = tlv(
        0x30,
        integer(3),
        set_of(0x31, digests),
        tlv(0x30, oid(content_type), tlv(0xA0, tlv(0x04, content))),
        *carried,
        set_of(0x31, (_signer_info(key, content_type, content) for key in signers)),
    )
    return tlv(0x30, oid(SIGNED_DATA), tlv(0xA0, data))


def _signer_info(key: keys.PrivateKey, content_type: str, content: bytes) -> bytes:
    digest, signature = keys.algorithms(key)
    hashed = (hashlib.sha512 if digest is keys.SHA512 else hashlib.sha256)(content)
    protection = types.CMSAlgorithmProtection(
        digest_algorithm=digest, signature_algorithm=signature
    )
    attributes = tuple(
        types.Attribute(attr_type=f"1.2.840.113549.1.9.{number}", attr_values=(value,))
        for number, value in (
            (3, types.ContentType(content_type)),
            (4, types.MessageDigest(hashed.digest())),
            (5, types.SigningTime(types.Time(utc_time=DAY))),
            (52, protection),
        )
    )
    named = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
    return types.SignerInfo(
        version=3,
        sid=types.SignerIdentifier(subject_key_identifier=named),
        digest_algorithm=digest,
        signed_attrs=attributes,
        signature_algorithm=signature,
        signature=keys.sign(key, set_of(0x31, (it.to_der() for it in attributes))),
    ).to_der()


def as_ber(der: bytes, chunk: int = 1000) -> bytes:
    """A SignedData as streaming encoders write it: no lengths outside, the content in chunks."""
    message = cmcodec.load(der)
    field = {
        name: message.octets(f"content.{name}") or b""
        for name in ("version", "digestAlgorithms", "certificates", "crls", "signerInfos")
    }
    content_type = message.octets("content.encapContentInfo.eContentType") or b""
    start, end = message.locate("content.encapContentInfo.eContent") or (0, 0)
    element = message.buffer[start:end]
    content = element[2 + (element[1] & 0x7F if element[1] & 0x80 else 0) :]
    chunks = (tlv(0x04, content[at : at + chunk]) for at in range(0, len(content), chunk))
    encapsulated = _open(0x30, content_type, _open(0xA0, _open(0x24, *chunks)))
    before = field["version"] + field["digestAlgorithms"]
    after = field["certificates"] + field["crls"] + field["signerInfos"]
    data = _open(0x30, before, encapsulated, after)
    return _open(0x30, oid(SIGNED_DATA), _open(0xA0, data))


def _open(octet: int, *parts: bytes) -> bytes:
    """A constructed element of indefinite length."""
    return b"".join((bytes([octet, 0x80]), *parts, b"\0\0"))
