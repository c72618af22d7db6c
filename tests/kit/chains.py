"""Certificates that issue one another, and what chains of them lead to."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from cmcodec import oids
from cmcodec.verify.trust import Checker

from .der import identifier, integer, seq, tlv
from .keys import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cmcodec.verify.search import ChainResult

NOW = datetime(2027, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


class Issued(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()


def named(common_name: str | x509.Name) -> x509.Name:
    if isinstance(common_name, x509.Name):
        return common_name
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def issue(
    name: str | x509.Name, by: Issued | None = None, own: Any = None, *, ca: bool | None = True,
    path_length: int | None = None, usages: Iterable[str] | None = None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (), issuer: str | None = None,
    since: datetime = NOW - DAY, until: datetime = NOW + DAY, identified: bool = False,
    serial: int | None = None,
) -> Issued:  # fmt: skip
    """A certificate by an issuer, or by itself; ``identified`` with the identifiers of both keys.

    Keys are those of `kit.keys` by number; without ``own`` it is one that belongs to the name.
    """
    private = key("p-256", crc32(str(name).encode()) % 97) if own is None else own
    subject = named(name)
    issuer_name, signing = (by.certificate.subject, by.key) if by else (subject, private)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(named(issuer) if issuer else issuer_name)
        .public_key(private.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length), True)
    if usages is not None:
        usages = list(usages)
        builder = builder.add_extension(
            x509.KeyUsage(**{usage: usage in usages for usage in USAGES}), True
        )
    if identified:
        own_identifier = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
        builder = builder.add_extension(own_identifier, False).add_extension(authority, False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    pure = isinstance(signing, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return Issued(builder.sign(signing, None if pure else hashes.SHA256()), private)


def of_unknown_version(issued: Issued, by: Issued) -> bytes:
    """A certificate whose issuer, with a key of P-256, gave it a version that there is not."""
    first, last = tlv(0xA0, integer(2)), tlv(0xA0, integer(3))
    tbs = issued.certificate.tbs_certificate_bytes.replace(first, last, 1)
    signature = by.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return seq(tbs, identifier(oids.ECDSA_WITH_SHA256), tlv(0x03, b"\0", signature))


def chain(
    signer: Issued, anchors: Iterable[Issued], carried: Iterable[Issued] = (),
    known: Iterable[Issued] = (), at: datetime = NOW, signs: bool = True,
) -> ChainResult:  # fmt: skip
    """What a signer's certificate leads to, in a message that carries it and others."""
    others = [each.der for each in known]
    checker = Checker([each.der for each in anchors], others, at, signs=signs)
    return checker.paths([signer.der, *(each.der for each in carried)]).chain(signer.der)


def why(*question: Any, **others: Any) -> str | None:
    """Why a chain is not trusted; None where it is."""
    found = chain(*question, **others)
    assert (found.anchor_sha256 is None) == (found.detail is not None)
    return found.detail
