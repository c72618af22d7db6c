"""The messages that the benches work on: batches of distinct Full PKI Requests, made here.

Each message carries one certification request, a PKCS#10 or CRMF with a signature as proof of
possession, and one SignerInfo, by the requested key or by a certificate: two signatures. Keys are
RSA-2048, P-256 and Ed25519 in turn. A registration authority signs the batch around them.

Everything but the RSA keys follows from the number of the message. P-256 and Ed25519 keys are
fresh in each message; the RSA keys are a pool of 256, cycled through, so that a cache of fewer
keys is of no use. Keys and batches are kept in ``benches/.cache``, which may be deleted.

    python -m benches.workload 10000        # makes the batch; prints where it is and what is in it
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import cmcodec
from cmcodec import types
from cmcodec.asn1 import TLV, BitString
from cmcodec.types import controls

CACHE = Path(__file__).parent / ".cache"
RSA_POOL = 256
SMALL, BATCH, LARGE = 10, 1_000, 10_000
FIRST_ID = 1001
"""Body part id of the first nested message."""

ID_CMC = "1.3.6.1.5.5.7.7"
TRANSACTION_ID = f"{ID_CMC}.5"
SENDER_NONCE = f"{ID_CMC}.6"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
PKI_DATA = "1.3.6.1.5.5.7.12.2"
SIGNED_DATA = "1.2.840.113549.1.7.2"
DAY = datetime(2026, 1, 1, tzinfo=UTC)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Facts:
    """What is known of message number ``index`` without decoding it."""

    index: int
    key_type: str
    signer: str
    form: str

    @property
    def transaction_id(self) -> int:
        return int.from_bytes(octets("transaction", self.index, 12), "big") >> 1

    @property
    def sender_nonce(self) -> bytes:
        return octets("nonce", self.index, 16)

    @property
    def common_name(self) -> str:
        return f"device-{self.index:06}"


def facts(index: int) -> Facts:
    """The twelve combinations, in turn."""
    return Facts(
        index,
        ("rsa-2048", "p-256", "ed25519")[index % 3],
        ("request-key", "certificate")[index // 3 % 2],
        ("pkcs10", "crmf")[index // 6 % 2],
    )


def octets(what: str, index: int, length: int) -> bytes:
    """Octets that follow from their name."""
    return hashlib.shake_256(f"cmcodec benches, {what} {index}".encode()).digest(length)


# --- keys and signatures ---------------------------------------------------------------------


def _new_rsa(_: int) -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@cache
def rsa_pool(size: int) -> list[rsa.RSAPrivateKey]:
    """The first ``size`` RSA keys, out of the cache as far as they are there."""
    known = [path.read_bytes() for path in sorted(_cache("rsa").glob("*.der"))[:size]]
    missing = range(len(known), size)
    if missing:
        with ProcessPoolExecutor() as pool:
            for number, der in zip(missing, pool.map(_new_rsa, missing), strict=True):
                _write(_cache("rsa") / f"{number:03}.der", der)
                known.append(der)
    return [_load_rsa(der) for der in known]


def _load_rsa(der: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _key(key_type: str, what: str, index: int, pool: list[rsa.RSAPrivateKey]) -> PrivateKey:
    if key_type == "rsa-2048":
        # A signer's key is half a pool away from the key it asks a certificate for.
        away = 0 if what == "requested" else len(pool) // 2
        return pool[(index // 3 + away) % len(pool)]
    if key_type == "p-256":
        scalar = int.from_bytes(octets(what, index, 31), "big") + 1
        return ec.derive_private_key(scalar, ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.from_private_bytes(octets(what, index, 32))


SHA256 = types.AlgorithmIdentifier(algorithm="2.16.840.1.101.3.4.2.1")
SHA512 = types.AlgorithmIdentifier(algorithm="2.16.840.1.101.3.4.2.3")
RSA_SHA256 = types.AlgorithmIdentifier(
    algorithm="1.2.840.113549.1.1.11", parameters=TLV(b"\x05\x00")
)
ECDSA_SHA256 = types.AlgorithmIdentifier(algorithm="1.2.840.10045.4.3.2")
ED25519 = types.AlgorithmIdentifier(algorithm="1.3.101.112")


def _algorithms(key: PrivateKey) -> tuple[types.AlgorithmIdentifier, types.AlgorithmIdentifier]:
    if isinstance(key, rsa.RSAPrivateKey):
        return SHA256, RSA_SHA256
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return SHA256, ECDSA_SHA256
    return SHA512, ED25519


def _sign(key: PrivateKey, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return key.sign(message)


def _signing(key: PrivateKey) -> dict[str, Any]:
    """The arguments of `cryptography` builders that make their signatures repeatable."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"algorithm": hashes.SHA256(), "ecdsa_deterministic": True}
    return {"algorithm": hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else None}


# --- parts of a message ----------------------------------------------------------------------


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
        ]
    )


def _key_identifier(key: PrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _extensions(key: PrivateKey, common_name: str) -> list[tuple[x509.ExtensionType, bool]]:
    host = f"{common_name}.devices.example.net"
    return [
        (_key_identifier(key), False),
        (
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            True,
        ),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.SubjectAlternativeName([x509.DNSName(host)]), False),
    ]


def _certificate(key: PrivateKey, common_name: str, index: int) -> x509.Certificate:
    authority = _key("p-256", "authority", 0, [])
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(_name("Bench CA"))
        .public_key(key.public_key())
        .serial_number(int.from_bytes(octets("serial", index, 8), "big") >> 1 | 1)
        .not_valid_before(DAY)
        .not_valid_after(DAY.replace(year=2030))
    )
    for extension, critical in _extensions(key, common_name)[:2]:
        builder = builder.add_extension(extension, critical=critical)
    assert isinstance(authority, ec.EllipticCurvePrivateKey)
    return builder.sign(authority, **_signing(authority))


def _pkcs10(key: PrivateKey, common_name: str) -> types.TaggedRequest:
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(common_name))
    for extension, critical in _extensions(key, common_name):
        builder = builder.add_extension(extension, critical=critical)
    der = builder.sign(key, **_signing(key)).public_bytes(serialization.Encoding.DER)
    request = types.CertificationRequest.from_der(der)
    return types.TaggedRequest(
        tcr=types.TaggedCertificationRequest(body_part_id=101, certification_request=request)
    )


def _crmf(key: PrivateKey, common_name: str) -> types.TaggedRequest:
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    template = types.CertTemplate(
        subject=types.Name.from_cryptography(_name(common_name)),
        public_key=types.SubjectPublicKeyInfo.from_der(spki),
        extensions=tuple(
            types.Extension(
                extn_id=extension.oid.dotted_string,
                critical=critical,
                extn_value=extension.public_bytes(),
            )
            for extension, critical in _extensions(key, common_name)
        ),
    )
    request = types.CertRequest(cert_req_id=101, cert_template=template)
    proof = types.POPOSigningKey(
        algorithm_identifier=_algorithms(key)[1],
        signature=BitString(_sign(key, request.to_der())),
    )
    return types.TaggedRequest(
        crm=types.CertReqMsg(cert_req=request, popo=types.ProofOfPossession(signature=proof))
    )


def _control(body_part_id: int, number: int, value: Any) -> types.TaggedAttribute:
    return types.TaggedAttribute(
        body_part_id=body_part_id, attr_type=f"{ID_CMC}.{number}", attr_values=(value,)
    )


def _registration(index: int, length: int) -> bytes:
    """What a client tells about itself: the small messages are no smaller than real ones."""
    entries = (f"interface.{n}?{octets('mac', index * 100 + n, 6).hex(':')}%" for n in range(99))
    text = "model?Sensor 7%firmware?4.2.1%"
    for entry in entries:
        if len(text) >= length:
            break
        text += entry
    return text.encode()


def _signed(
    content: types.PKIData, key: PrivateKey, certificates: list[x509.Certificate]
) -> types.ContentInfo:
    """A SignedData by the key: of the first certificate, or else of the request inside."""
    octets = content.to_der()
    digest, signature = _algorithms(key)
    hashed = hashlib.sha512(octets) if digest is SHA512 else hashlib.sha256(octets)
    protection = types.CMSAlgorithmProtection(
        digest_algorithm=digest, signature_algorithm=signature
    )
    signing_time = types.SigningTime(types.Time(utc_time=DAY))
    attributes = tuple(
        types.Attribute(attr_type=f"1.2.840.113549.1.9.{number}", attr_values=(value,))
        for number, value in (
            (3, types.ContentType(PKI_DATA)),
            (4, types.MessageDigest(hashed.digest())),
            (5, signing_time),
            (52, protection),
        )
    )
    info = types.SignerInfo(
        version=3,
        sid=types.SignerIdentifier(subject_key_identifier=_key_identifier(key).digest),
        digest_algorithm=digest,
        signed_attrs=attributes,
        signature_algorithm=signature,
        signature=_sign(key, _attributes_der(attributes)),
    )
    carried = tuple(
        types.CertificateChoices(
            certificate=types.Certificate(it.public_bytes(serialization.Encoding.DER))
        )
        for it in certificates
    )
    signed = types.SignedData(
        version=3,
        digest_algorithms=(digest,),
        encap_content_info=types.EncapsulatedContentInfo(e_content_type=PKI_DATA, e_content=octets),
        certificates=carried or None,
        signer_infos=(info,),
    )
    return types.ContentInfo(content_type=SIGNED_DATA, content=signed)


def _attributes_der(attributes: tuple[types.Attribute, ...]) -> bytes:
    """The SET OF Attribute that is signed, which is no type of its own."""
    content = b"".join(sorted(attribute.to_der() for attribute in attributes))
    assert 128 <= len(content) < 256
    return bytes([0x31, 0x81, len(content)]) + content


# --- messages --------------------------------------------------------------------------------

CERTIFICATE_KEY = {"rsa-2048": "p-256", "p-256": "rsa-2048", "ed25519": "rsa-2048"}
"""Which certificates sign requests for which keys: that no message is far larger than others."""

REGISTRATION = {
    ("rsa-2048", "request-key"): 0,
    ("rsa-2048", "certificate"): 0,
    ("p-256", "request-key"): 560,
    ("p-256", "certificate"): 0,
    ("ed25519", "request-key"): 560,
    ("ed25519", "certificate"): 0,
}


def message(index: int, pool: list[rsa.RSAPrivateKey]) -> bytes:
    """Full PKI Request number ``index``."""
    it = facts(index)
    key = _key(it.key_type, "requested", index, pool)
    request = (_pkcs10 if it.form == "pkcs10" else _crmf)(key, it.common_name)
    parts = [
        _control(1, 5, controls.TransactionId(it.transaction_id)),
        _control(2, 6, controls.SenderNonce(it.sender_nonce)),
    ]
    if length := REGISTRATION[it.key_type, it.signer]:
        parts.append(_control(3, 18, controls.RegInfo(_registration(index, length))))
    content = types.PKIData(
        control_sequence=tuple(parts),
        req_sequence=(request,),
        cms_sequence=(),
        other_msg_sequence=(),
    )
    if it.signer == "request-key":
        return _signed(content, key, []).to_der()
    signer = _key(CERTIFICATE_KEY[it.key_type], "signer", index, pool)
    return _signed(content, signer, [_certificate(signer, it.common_name, index)]).to_der()


def _messages(numbers: range) -> list[bytes]:
    pool = rsa_pool(RSA_POOL if numbers.stop > 3 * RSA_POOL else SMALL)
    return [message(index, pool) for index in numbers]


def batch(count: int) -> bytes:
    """A batch of ``count`` messages signed by a registration authority."""
    path = _cache("batches") / f"{_version()}-{count}.der"
    if path.exists():
        return path.read_bytes()
    rsa_pool(RSA_POOL if count > 3 * RSA_POOL else SMALL)
    step = max(1, count // 16)
    ranges = [range(start, min(start + step, count)) for start in range(0, count, step)]
    with ProcessPoolExecutor() as pool:
        made = [one for some in pool.map(_messages, ranges) for one in some]
    key = _key("p-256", "registration authority", 0, [])
    content = types.PKIData(
        control_sequence=(
            _control(1, 5, controls.TransactionId(count)),
            _control(2, 6, controls.SenderNonce(octets("nonce", -1, 16))),
            _control(3, 28, types.BodyPartList(tuple(range(FIRST_ID, FIRST_ID + count)))),
        ),
        req_sequence=(),
        cms_sequence=tuple(
            types.TaggedContentInfo(
                body_part_id=FIRST_ID + index, content_info=types.ContentInfo.from_der(der)
            )
            for index, der in enumerate(made)
        ),
        other_msg_sequence=(),
    )
    der = _signed(content, key, [_certificate(key, "Bench RA", -1)]).to_der()
    _write(path, der)
    return der


def batch_file(count: int) -> Path:
    """Where `batch` keeps it."""
    batch(count)
    return _cache("batches") / f"{_version()}-{count}.der"


# --- cache -----------------------------------------------------------------------------------


@cache
def _version() -> str:
    """Another generator makes other messages."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]


def _cache(folder: str) -> Path:
    path = CACHE / folder
    if not path.exists():
        path.mkdir(parents=True, exist_ok=True)
        (CACHE / ".gitignore").write_text("*\n")
    return path


def _write(path: Path, data: bytes) -> None:
    """Writes a file that others who make the same find whole or not at all."""
    part = path.with_suffix(f".{os.getpid()}")
    part.write_bytes(data)
    part.replace(path)


def describe(count: int) -> str:
    """What is in a batch, in a few lines."""
    der = batch(count)
    sizes = [
        end - start
        for _, nested in cmcodec.load(der).unverified_messages
        for start, end in [nested.span]
    ]
    kinds = Counter((it.key_type, it.signer, it.form) for it in map(facts, range(count)))
    lines = [
        f"{batch_file(count)}",
        f"{count} messages, {len(der)} octets; each {min(sizes)} to {max(sizes)}, "
        f"{sum(sizes) // count} on average",
    ]
    lines += [f"  {number:6} {' '.join(kind)}" for kind, number in sorted(kinds.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    print(describe(int(sys.argv[1]) if len(sys.argv) > 1 else BATCH))
