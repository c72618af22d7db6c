"""Files that are no message: how each is made, and what a reader is told that it is."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
import zipfile
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509 import ocsp

from cmcodec import oids

from .der import NULL, identifier, integer, oid, seq, set_of, tlv
from .keys import ALICE, BOB
from .messages import content_info, crm, pkcs10, pki_data, tcr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["OTHER_CMS", "WRONG_INPUTS", "WrongInput", "armour", "write_large_text"]


class WrongInput(NamedTuple):
    """How a file is made, and the hint over it."""

    make: Callable[[], bytes]
    hint: str


def armour(octets: bytes, label: str = "CMS") -> bytes:
    """PEM (RFC 7468) in lines of 76 characters."""
    text = base64.encodebytes(octets).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode()


MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN = serialization.NoEncryption()
SECRET = serialization.BestAvailableEncryption(b"password")


@cache
def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_2048() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def issued(subject: str = "CN=Grüße") -> x509.Certificate:
    """A certificate with names, unlike the bare ones of `Key.certificate`."""
    name = x509.Name.from_rfc4514_string(subject)
    builder = x509.CertificateBuilder(
        name, name, p256().public_key(), 7, MOMENT, MOMENT.replace(year=2046)
    )
    alternative = x509.SubjectAlternativeName([x509.DNSName("example.org")])
    return builder.add_extension(alternative, critical=False).sign(p256(), hashes.SHA256())


def certificate() -> bytes:
    return issued().public_bytes(Encoding.DER)


def crl() -> bytes:
    builder = x509.CertificateRevocationListBuilder(x509.Name([]), MOMENT, MOMENT)
    return builder.sign(p256(), hashes.SHA256()).public_bytes(Encoding.DER)


def public_key() -> bytes:
    return p256().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def private_key(
    form: PrivateFormat = PrivateFormat.PKCS8,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
    encoding: Encoding = Encoding.DER,
    protection: serialization.KeySerializationEncryption = PLAIN,
) -> bytes:
    return (key or p256()).private_bytes(encoding, form, protection)


def java_keystore() -> bytes:
    """Magic, version 2, no entries, SHA-1."""
    return bytes.fromhex("feedfeed 00000002 00000000") + bytes(20)


# --- OCSP (RFC 6960), time stamps (RFC 3161), CMP (RFC 9810) -----------------------------------


def ocsp_request() -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(issued(), issued(), hashes.SHA256())
    return builder.build().public_bytes(Encoding.DER)


def ocsp_response() -> bytes:
    builder = ocsp.OCSPResponseBuilder().add_response(
        issued(), issued(), hashes.SHA256(), ocsp.OCSPCertStatus.GOOD, MOMENT, None, None, None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issued())
    return builder.sign(p256(), hashes.SHA256()).public_bytes(Encoding.DER)


def ocsp_refusal() -> bytes:
    unauthorized = ocsp.OCSPResponseStatus.UNAUTHORIZED
    return ocsp.OCSPResponseBuilder.build_unsuccessful(unauthorized).public_bytes(Encoding.DER)


IMPRINT = seq(identifier(oids.ID_SHA256, NULL), tlv(0x04, bytes(32)))


def time_stamp_request() -> bytes:
    return seq(integer(1), IMPRINT, integer(2**63), tlv(0x01, b"\xff"))


def time_stamp_token() -> bytes:
    info = seq(integer(1), oid("1.3.6.1.4.1"), IMPRINT, integer(9), tlv(0x18, b"20260101000000Z"))
    return signed(oids.ID_CT_TST_INFO, info)


def time_stamp_response() -> bytes:
    return seq(seq(integer(0)), time_stamp_token())


def time_stamp_refusal() -> bytes:
    return seq(seq(integer(2), seq(tlv(0x0C, b"no")), tlv(0x03, b"\x05\x20")))


def signed(content_type: str, content: bytes) -> bytes:
    """A SignedData that nobody has signed."""
    encapsulated = seq(oid(content_type), tlv(0xA0, tlv(0x04, content)))
    data = seq(integer(3), set_of(), encapsulated, set_of())
    return content_info(oids.ID_SIGNED_DATA, data)


def cmp_message(body: bytes) -> bytes:
    sender = tlv(0xA4, BOB.name(b"device"))
    header = seq(
        integer(2), sender, sender, tlv(0xA0, tlv(0x18, b"20260101000000Z")),
        tlv(0xA1, identifier("1.2.840.113533.7.66.13")), tlv(0xA4, tlv(0x04, bytes(16))),
    )  # fmt: skip
    return seq(header, body, tlv(0xA0, tlv(0x03, bytes(33))))


def crmf() -> bytes:
    """A CertReqMsg by itself."""
    inside = crm()
    return b"\x30" + inside[1:]


# --- SSH and OpenPGP -----------------------------------------------------------------------------


def ssh_public_key() -> bytes:
    return p256().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b" a@b\n"


def ssh2_public_key() -> bytes:
    text = base64.encodebytes(bytes(80)).decode()
    return f"---- BEGIN SSH2 PUBLIC KEY ----\n{text}---- END SSH2 PUBLIC KEY ----\n".encode()


def openpgp(tag: bytes, body: bytes) -> bytes:
    """A packet with a length of two octets, in the old format (RFC 9580 §4.2.2)."""
    return tag + len(body).to_bytes(2, "big") + body


OPENPGP_KEY = openpgp(b"\x99", b"\x04" + bytes(200))


def openpgp_text() -> bytes:
    text = base64.encodebytes(OPENPGP_KEY).decode()
    label = "PGP PUBLIC KEY BLOCK-----"
    head = f"-----BEGIN {label}\nComment: none\n"
    return f"{head}\n{text}=twTO\n-----END {label}\n".encode()


# --- archives ------------------------------------------------------------------------------------


def zip_file() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("message.der", pkcs10())
    return file.getvalue()


def tar_file() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("message.der")
        member.size = len(pkcs10())
        archive.addfile(member, io.BytesIO(pkcs10()))
    return file.getvalue()


TEXT = "Grüße, 你好\n"
JSON = json.dumps([{"csr": base64.b64encode(pkcs10()).decode()}], indent=2).encode()
HTML = b"\n<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head></html>\n"
XML = b'<?xml version="1.0"?>\n<soap:Envelope/>\n'
MAIL = b"MIME-Version: 1.0\nContent-Type: application/pkcs7-mime\n\n" + base64.encodebytes(pkcs10())

CERTIFICATE, LISTED = "this is a certificate", "this is a list of PKCS#10 requests"
PRIVATE, PROTECTED = "this is a private key", "this is an encrypted private key"

WRONG_INPUTS = {
    "nothing": WrongInput(bytes, "this is empty"),
    "a new line": WrongInput(lambda: b"\r\n", "this is nothing but white space"),
    "certificate": WrongInput(certificate, CERTIFICATE),
    "bare certificate": WrongInput(ALICE.certificate, CERTIFICATE),
    "certificate in PEM": WrongInput(lambda: armour(certificate(), "CERTIFICATE"), CERTIFICATE),
    "certificate in base64": WrongInput(lambda: base64.b64encode(certificate()), CERTIFICATE),
    "certificate called a request": WrongInput(
        lambda: armour(certificate(), "CERTIFICATE REQUEST"), CERTIFICATE
    ),
    "certificate cut off": WrongInput(lambda: certificate()[:-9], CERTIFICATE),
    "two certificates": WrongInput(
        lambda: armour(certificate(), "CERTIFICATE") * 2, "there are several PEM blocks in one text"
    ),
    "CRL": WrongInput(crl, "this is a CRL"),
    "CRL called a request": WrongInput(
        lambda: armour(crl(), "NEW CERTIFICATE REQUEST"), "this is a CRL"
    ),
    "request under a broken first line": WrongInput(
        lambda: armour(pkcs10(), "CERTIFICATE REQUEST")[1:],
        "this is text whose armour begins with a broken line",
    ),
    "request that has no last line": WrongInput(
        lambda: armour(pkcs10(), "CERTIFICATE REQUEST")[:-12], "the armour has no last line"
    ),
    "public key": WrongInput(public_key, "this is a public key"),
    "PKCS#12": WrongInput(
        lambda: pkcs12.serialize_key_and_certificates(b"a", p256(), issued(), None, SECRET),
        "this is a PKCS#12 file",
    ),
    "PKCS#8": WrongInput(private_key, PRIVATE),
    "PKCS#8 in PEM": WrongInput(lambda: private_key(encoding=Encoding.PEM), PRIVATE),
    "PKCS#8, encrypted": WrongInput(lambda: private_key(protection=SECRET), PROTECTED),
    "PKCS#1": WrongInput(
        lambda: private_key(PrivateFormat.TraditionalOpenSSL, rsa_2048()), PRIVATE
    ),
    "SEC 1": WrongInput(lambda: private_key(PrivateFormat.TraditionalOpenSSL), PRIVATE),
    "SEC 1 with lines of header": WrongInput(
        lambda: private_key(PrivateFormat.TraditionalOpenSSL, None, Encoding.PEM, SECRET), PRIVATE
    ),
    "JKS": WrongInput(java_keystore, "this is a Java keystore"),
    "OCSP request": WrongInput(ocsp_request, "this is an OCSP request"),
    "OCSP response": WrongInput(ocsp_response, "this is an OCSP response"),
    "OCSP refusal": WrongInput(ocsp_refusal, "this is an OCSP response"),
    "time stamp request": WrongInput(time_stamp_request, "this is a time stamp request"),
    "time stamp response": WrongInput(time_stamp_response, "this is a time stamp response"),
    "time stamp refusal": WrongInput(time_stamp_refusal, "this is a time stamp response"),
    "CMP with PKCS#10": WrongInput(
        lambda: cmp_message(tlv(0xA4, pkcs10())), "this is a CMP message"
    ),
    "CMP with CRMF": WrongInput(
        lambda: cmp_message(tlv(0xA0, seq(crmf()))), "this is a CMP message"
    ),
    "CRMF alone": WrongInput(crmf, "this is a CRMF request without a message"),
    "CertReqMessages": WrongInput(
        lambda: seq(crmf(), crmf()), "this is a list of CRMF requests without a message"
    ),
    "SEQUENCE OF PKCS#10": WrongInput(lambda: seq(pkcs10(), pkcs10(ALICE)), LISTED),
    "SEQUENCE OF ContentInfo": WrongInput(
        lambda: seq(signed(oids.ID_DATA, b"")), "this is a list of CMS messages"
    ),
    "requests one behind the other": WrongInput(
        lambda: pkcs10() + pkcs10(ALICE), "there are several messages, one behind the other"
    ),
    "PKIData alone": WrongInput(
        lambda: pki_data(requests=[tcr()]), "this is a PKIData without CMS around it"
    ),
    "OpenPGP": WrongInput(lambda: OPENPGP_KEY, "this is OpenPGP"),
    "OpenPGP, armoured": WrongInput(openpgp_text, "this is OpenPGP"),
    "SSH public key": WrongInput(ssh_public_key, "this is an SSH public key"),
    "SSH2 public key": WrongInput(ssh2_public_key, "this is an SSH public key"),
    "SSH private key": WrongInput(
        lambda: private_key(PrivateFormat.OpenSSH, None, Encoding.PEM), "this is an SSH private key"
    ),
    "JSON": WrongInput(lambda: JSON, "this is JSON"),
    "HTML": WrongInput(lambda: HTML, "this is HTML"),
    "XML": WrongInput(lambda: XML, "this is XML"),
    "XML in UTF-16": WrongInput(lambda: XML.decode().encode("utf-16"), "this is XML"),
    "mail": WrongInput(lambda: MAIL, "this is a mail, not what is attached to it"),
    "HTTP": WrongInput(lambda: b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "this is an HTTP message"),
    "name of a file": WrongInput(
        lambda: b"examples/batch-1000.der", "this is the name of a file, not what is in it"
    ),
    "hexadecimal digits": WrongInput(
        lambda: pkcs10().hex().encode(), "this is text in hexadecimal digits"
    ),
    "text": WrongInput(lambda: b"To whom it may concern\n", "this is text"),
    "text in UTF-8": WrongInput(TEXT.encode, "this is text"),
    "text in UTF-16": WrongInput(lambda: TEXT.encode("utf-16"), "this is text"),
    "text that looks like base64": WrongInput(
        lambda: b"MIIsAbbreviationOf.many things", "this is text that is not base64"
    ),
    "ZIP": WrongInput(zip_file, "this is a ZIP file"),
    "gzip": WrongInput(lambda: gzip.compress(pkcs10()), "this is a gzip file"),
    "tar": WrongInput(tar_file, "this is a tar file"),
    "PDF": WrongInput(lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "this is a PDF file"),
    "Parquet": WrongInput(lambda: b"PAR1" + bytes(60) + b"PAR1", "this is a Parquet file"),
    "SQLite": WrongInput(lambda: b"SQLite format 3\0" + bytes(84), "this is an SQLite database"),
}
"""By a name for the test; every one is refused by `load` with `DecodeError`."""

OTHER_CMS = {
    "time stamp token": WrongInput(time_stamp_token, "this is a time stamp token"),
    "signed text": WrongInput(
        lambda: signed(oids.ID_DATA, b"To whom it may concern"), "this is CMS over id-data"
    ),
}
"""CMS that is no PKI message: `load` takes it, its kind is ``"other"``, and no row is verified."""


def write_large_text(file: Path, size: int = 600 << 20) -> None:
    """A text of ``size`` octets, for what takes no more memory than its beginning."""
    line = b"To whom it may concern: this goes on and on.\n"
    chunk = line * ((1 << 20) // len(line) + 1)
    with file.open("wb") as stream:
        while stream.tell() < size:
            stream.write(chunk)
        stream.truncate(size)
