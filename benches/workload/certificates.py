"""Names, extensions and certificates: of devices, and of the two authorities above them."""

from __future__ import annotations

import ipaddress
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from benches.workload import keys
from benches.workload.mixes import octets
from benches.workload.parts import DAY
from cmcodec import oids

EXTENSIONS = (
    oids.ID_CE_BASIC_CONSTRAINTS,
    oids.ID_CE_KEY_USAGE,
    oids.ID_CE_EXT_KEY_USAGE,
    oids.ID_CE_SUBJECT_KEY_IDENTIFIER,
    oids.ID_CE_SUBJECT_ALT_NAME,
    oids.ID_CE_CERTIFICATE_POLICIES,
)
"""The extensions that each request asks for, in order."""

ROOT, ISSUING = "Example Devices Root CA", "Example Devices Issuing CA 1"
_POLICY = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1.7")
_WEB = "http://pki.example.net"

Extensions = list[tuple[x509.ExtensionType, bool]]


def name(common_name: str, serial_number: str | None = None) -> x509.Name:
    """Of a device, or of an authority, which has no serial number."""
    values = [
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATION_NAME, "Example Devices"),
        (NameOID.COMMON_NAME, common_name),
    ]
    if serial_number is not None:
        values.append((NameOID.SERIAL_NUMBER, serial_number))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in values])


def subject(common_name: str, index: int) -> x509.Name:
    """The name of a device."""
    return name(common_name, octets("device", index, 6).hex().upper())


def key_identifier(key: keys.PrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def extensions(key: keys.PrivateKey, common_name: str, index: int) -> Extensions:
    """Those of `EXTENSIONS`, as a device asks for them and gets them."""
    address = ipaddress.IPv6Address(octets("address", index, 16))
    names = [x509.DNSName(f"{common_name}.devices.example.net"), x509.IPAddress(address)]
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(ca=False), True),
        (x509.ExtendedKeyUsage(usages), False),
        (key_identifier(key), False),
        (x509.SubjectAlternativeName(names), False),
        (x509.CertificatePolicies([x509.PolicyInformation(_POLICY, None)]), False),
    ]


def _origin(authority: keys.PrivateKey, file: str) -> Extensions:
    """What the authority adds: which key signed, where its certificate and its CRL are."""
    issuers = AuthorityInformationAccessOID.CA_ISSUERS
    ocsp = AuthorityInformationAccessOID.OCSP
    access = [
        x509.AccessDescription(ocsp, x509.UniformResourceIdentifier(f"{_WEB}/ocsp")),
        x509.AccessDescription(issuers, x509.UniformResourceIdentifier(f"{_WEB}/{file}.cer")),
    ]
    point = x509.DistributionPoint(
        [x509.UniformResourceIdentifier(f"{_WEB}/{file}.crl")], None, None, None
    )
    identifier = key_identifier(authority)
    return [
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
        (x509.CRLDistributionPoints([point]), False),
        (x509.AuthorityInformationAccess(access), False),
    ]


def _certificate(
    key: keys.PrivateKey, subject: x509.Name, serial: int, issuer: str, added: Extensions
) -> bytes:
    """A certificate by the authority of this name."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(DAY)
        .not_valid_after(DAY.replace(year=2030))
    )
    for extension, critical in added:
        builder = builder.add_extension(extension, critical=critical)
    signer = authority(issuer)
    signed = builder.sign(signer, **keys.signing(signer))
    return signed.public_bytes(serialization.Encoding.DER)


@cache
def authority(common_name: str = ISSUING) -> keys.PrivateKey:
    """The key of an authority."""
    return keys.key("p-256", common_name, 0)


@cache
def authority_certificate(common_name: str = ISSUING) -> bytes:
    """The certificate of an authority, by the root."""
    key = authority(common_name)
    below = 0 if common_name == ISSUING else None
    added: Extensions = [
        (x509.BasicConstraints(ca=True, path_length=below), True),
        (_key_usage(ca=True), True),
        (key_identifier(key), False),
        *_origin(authority(ROOT), "root"),
    ]
    return _certificate(key, name(common_name), serial(common_name, 0), ROOT, added)


def anchors() -> list[bytes]:
    """What every chain leads to."""
    return [authority_certificate(ROOT)]


def serial(what: str, index: int) -> int:
    return int.from_bytes(octets(f"serial {what}", index, 16), "big") >> 1 | 1


def chain(key: keys.PrivateKey, common_name: str, index: int) -> tuple[bytes, bytes]:
    """The certificate of a device and that of its issuer."""
    added = extensions(key, common_name, index) + _origin(authority(), "issuing-1")
    subject_name = subject(common_name, index)
    own = _certificate(key, subject_name, serial("device", index), ISSUING, added)
    return own, authority_certificate()
