"""Messages made octet by octet, so that each can break one rule, and their verdicts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asn1crypto import core, parser
from cryptography.hazmat.primitives.asymmetric import ed25519

from cmcodec import _backend as backend

ROOT = Path(__file__).resolve().parent.parent
VECTORS = ROOT / "tests" / "vectors"
BATCH = ROOT / "examples" / "batch-1000.der"


def verify(*items: bytes, **decisions: Any) -> Any:
    """The rows of some messages, with the decisions of a caller who decides nothing."""
    defaults: dict[str, Any] = {
        "strict": False,
        "max_layers": 8,
        "max_size": 1 << 29,
        "nested": True,
        "certificates": [],
        "authorised_ras": [],
        "legacy": False,
        "threads": 1,
        "progress": None,
    }
    return backend.verify(list(items), **(defaults | decisions))


def rows(verdicts: Any) -> list[Any]:
    return [verdicts[index] for index in range(len(verdicts))]


# --- messages made here ----------------------------------------------------------------------


def tlv(octet: int, *parts: bytes) -> bytes:
    encoded: bytes = parser.emit(octet >> 6, octet >> 5 & 1, octet & 0x1F, b"".join(parts))
    return encoded


def oid(dotted: str) -> bytes:
    encoded: bytes = core.ObjectIdentifier(dotted).dump()
    return encoded


def number(value: int) -> bytes:
    encoded: bytes = core.Integer(value).dump()
    return encoded


def identifier(dotted: str, *parameters: bytes, tag: int = 0x30) -> bytes:
    return tlv(tag, oid(dotted), *parameters)


def set_of(*elements: bytes, tag: int = 0x31) -> bytes:
    return tlv(tag, *sorted(elements))


def attribute(dotted: str, *values: bytes) -> bytes:
    return tlv(0x30, oid(dotted), set_of(*values))


NULL, EMPTY = b"\x05\x00", b"\x30\x00"
DATA, SIGNED, ENVELOPED = (f"1.2.840.113549.1.7.{n}" for n in (1, 2, 3))
PKI_DATA, PKI_RESPONSE = "1.3.6.1.5.5.7.12.2", "1.3.6.1.5.5.7.12.3"
CONTENT_TYPE, DIGEST, TIME, PROTECTION = (f"1.2.840.113549.1.9.{n}" for n in (3, 4, 5, 52))
SHA1, SHA256, SHA512 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.3"
ED25519, NO_SIGNATURE = "1.3.101.112", "1.3.6.1.5.5.7.6.2"
EXTENSION_REQUEST, KEY_IDENTIFIER = "1.2.840.113549.1.9.14", "2.5.29.14"
ID_CMC = "1.3.6.1.5.5.7.7"


class Key:
    """A deterministic Ed25519 key and what names it."""

    def __init__(self, seed: int) -> None:
        self.private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public = self.private.public_key().public_bytes_raw()
        self.algorithm = ED25519
        self.identifier = hashlib.sha1(self.public).digest()

    def spki(self, tag: int = 0x30) -> bytes:
        return tlv(tag, identifier(self.algorithm), tlv(0x03, b"\0", self.public))

    def certificate(self, serial: int = 1, note: bytes = b"", *, by_ski: bool = True) -> bytes:
        """The shape of a certificate; nobody verifies its signature here."""
        extensions = tlv(0xA3, tlv(0x30, self.extension())) if by_ski else b""
        tbs = tlv(
            0x30, tlv(0xA0, number(2)), number(serial), identifier(ED25519), self.issuer(),
            tlv(0x30, note), EMPTY, self.spki(), extensions,
        )  # fmt: skip
        return tlv(0x30, tbs, identifier(ED25519), tlv(0x03, b"\0"))

    @staticmethod
    def issuer() -> bytes:
        return tlv(0x30, set_of(tlv(0x30, oid("2.5.4.3"), tlv(0x0C, b"CA"))))

    def extension(self) -> bytes:
        return tlv(0x30, oid(KEY_IDENTIFIER), tlv(0x04, tlv(0x04, self.identifier)))

    def by_serial(self, serial: int = 1) -> bytes:
        return tlv(0x30, self.issuer(), number(serial))

    def by_ski(self) -> bytes:
        return tlv(0x80, self.identifier)

    def sign(self, octets: bytes) -> bytes:
        return self.private.sign(octets)


ALICE, BOB = Key(1), Key(2)


@dataclass
class Signer:
    """A SignerInfo; a field that is given takes the place of what is right."""

    key: Key = ALICE
    sid: bytes = b""
    digest: bytes = identifier(SHA512)
    algorithm: bytes = identifier(ED25519)
    more: tuple[bytes, ...] = ()
    attributes: tuple[bytes, ...] | None = None
    signature: bytes | None = None
    without_attributes: bool = False
    hash: str = "sha512"
    version: int | None = None

    def encode(self, content_type: str, content: bytes) -> bytes:
        attrs = self.attributes
        if attrs is None:
            digest = tlv(0x04, hashlib.new(self.hash, content).digest())
            attrs = (attribute(CONTENT_TYPE, oid(content_type)), attribute(DIGEST, digest))
        signed = set_of(*attrs, *self.more)
        signature = self.key.sign(signed) if self.signature is None else self.signature
        sid = self.sid or self.key.by_serial()
        version = (3 if sid[0] == 0x80 else 1) if self.version is None else self.version
        return tlv(
            0x30, number(version), sid, self.digest,
            b"" if self.without_attributes else b"\xa0" + signed[1:],
            self.algorithm, tlv(0x04, signature),
        )  # fmt: skip


def content_info(content_type: str, content: bytes) -> bytes:
    return tlv(0x30, oid(content_type), tlv(0xA0, content))


def pki_data(
    controls: tuple[bytes, ...] = (),
    requests: tuple[bytes, ...] = (),
    messages: tuple[bytes, ...] = (),
) -> bytes:
    tagged = (tlv(0x30, number(11 + n), inner) for n, inner in enumerate(messages))
    return tlv(0x30, tlv(0x30, *controls), tlv(0x30, *requests), tlv(0x30, *tagged), EMPTY)


@dataclass
class Message:
    """A SignedData."""

    content: bytes | None = field(default_factory=pki_data)
    content_type: str = PKI_DATA
    signers: tuple[Signer, ...] = (Signer(),)
    certificates: tuple[bytes, ...] = (ALICE.certificate(),)
    digests: tuple[bytes, ...] = (identifier(SHA512),)
    version: int = 3

    def encode(self) -> bytes:
        content = b"" if self.content is None else tlv(0xA0, tlv(0x04, self.content))
        certificates = set_of(*self.certificates, tag=0xA0) if self.certificates else b""
        infos = (s.encode(self.content_type, self.content or b"") for s in self.signers)
        signed = tlv(
            0x30, number(self.version), set_of(*self.digests),
            tlv(0x30, oid(self.content_type), content), certificates, set_of(*infos),
        )  # fmt: skip
        return content_info(SIGNED, signed)


def control(body_part_id: int, kind: int, *values: bytes) -> bytes:
    return tlv(0x30, number(body_part_id), oid(f"{ID_CMC}.{kind}"), set_of(*values))


def pkcs10(
    key: Key = BOB, *, algorithm: bytes = identifier(ED25519), attributes: tuple[bytes, ...] = (),
    signature: bytes | None = None, unused: bytes = b"\0",
) -> bytes:  # fmt: skip
    info = tlv(0x30, number(0), EMPTY, key.spki(), set_of(*attributes, tag=0xA0))
    signature = key.sign(info) if signature is None else signature
    return tlv(0x30, info, algorithm, tlv(0x03, unused, signature))


def tcr(body_part_id: int = 3, request: bytes | None = None) -> bytes:
    return tlv(0xA0, number(body_part_id), pkcs10() if request is None else request)


def crm(
    popo: bytes | None = None, *, body_part_id: int = 3, key: bytes = BOB.spki(0xA6),
    extensions: bytes = b"", algorithm: bytes = identifier(ED25519), poposk_input: bytes = b"",
) -> bytes:  # fmt: skip
    template = tlv(0x30, key, tlv(0xA9, extensions) if extensions else b"")
    request = tlv(0x30, number(body_part_id), template)
    if popo is None:
        popo = tlv(0xA1, poposk_input, algorithm, tlv(0x03, b"\0", BOB.sign(request)))
    return tlv(0xA1, request, popo)


def judged(message: Message | bytes, **decisions: Any) -> Any:
    """The only row of a message."""
    octets = message if isinstance(message, bytes) else message.encode()
    verdicts = verify(octets, **decisions)
    assert len(verdicts) == 1
    assert rows(verify(octets, threads=2, **decisions)) == rows(verdicts)
    return verdicts[0]


def refused(message: Message, **decisions: Any) -> tuple[str, str, bytes]:
    """Reason, rule, and the element at the offset."""
    octets = message.encode()
    row = judged(octets, **decisions)
    assert row[4] == "failed"
    offset = row[7]
    end = parser.peek(octets[offset:]) + offset
    return row[5], row[6], octets[offset:end]


def signed_by(*signers: Signer, **fields: Any) -> Message:
    return Message(signers=signers, **fields)
