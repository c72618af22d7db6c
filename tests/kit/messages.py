"""Messages made octet by octet, so that each can break one rule, and their verdicts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asn1crypto import parser

from cmcodec import _backend, oids
from cmcodec.verify.lanes import is_wanted

from .der import EMPTY, attribute, identifier, integer, oid, seq, set_of, tlv
from .keys import ALICE, BOB, Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cmcodec._backend import Verdicts
    from cmcodec.asn1 import Asn1
    from cmcodec.verify.verdict import Row

# --- content -------------------------------------------------------------------------------------


def control(body_part_id: int, number: int, *values: bytes | Asn1) -> bytes:
    """A TaggedAttribute of id-cmc."""
    encoded = (value if isinstance(value, bytes) else value.to_der() for value in values)
    return seq(integer(body_part_id), oid(f"{oids.ID_CMC}.{number}"), set_of(*encoded))


def pki_data(
    controls: Iterable[bytes] = (),
    requests: Iterable[bytes] = (),
    members: Iterable[bytes] = (),
    others: Iterable[bytes] = (),
) -> bytes:
    return seq(seq(*controls), seq(*requests), seq(*members), seq(*others))


def pki_response(controls: Iterable[bytes] = (), members: Iterable[bytes] = ()) -> bytes:
    return seq(seq(*controls), seq(*members), EMPTY)


EMPTY_PKI_DATA = pki_data()


def pkcs10(
    key: Key = BOB, *, algorithm: bytes = identifier(oids.ID_ED25519),
    attributes: tuple[bytes, ...] = (), signature: bytes | None = None, unused: bytes = b"\0",
    version: int = 0,
) -> bytes:  # fmt: skip
    info = seq(integer(version), EMPTY, key.spki(), set_of(*attributes, tag=0xA0))
    signature = key.sign(info) if signature is None else signature
    return seq(info, algorithm, tlv(0x03, unused, signature))


def tcr(body_part_id: int = 3, request: bytes | None = None) -> bytes:
    return tlv(0xA0, integer(body_part_id), pkcs10() if request is None else request)


def crm(
    popo: bytes | None = None, *, body_part_id: int = 3, key: bytes = BOB.spki(0xA6),
    extensions: bytes = b"", algorithm: bytes = identifier(oids.ID_ED25519),
    poposk_input: bytes = b"", version: int | None = None,
) -> bytes:  # fmt: skip
    numbered = b"" if version is None else b"\x80" + integer(version)[1:]
    template = seq(numbered, key, tlv(0xA9, extensions) if extensions else b"")
    request = seq(integer(body_part_id), template)
    if popo is None:
        popo = tlv(0xA1, poposk_input, algorithm, tlv(0x03, b"\0", BOB.sign(request)))
    return tlv(0xA1, request, popo)


# --- what is around it ---------------------------------------------------------------------------


def content_info(content_type: str, content: bytes) -> bytes:
    return seq(oid(content_type), tlv(0xA0, content))


def tagged_content_info(content_info: bytes, body_part_id: int = 1) -> bytes:
    return seq(integer(body_part_id), content_info)


def members(*content_infos: bytes) -> list[bytes]:
    """Members of cmsSequence, with the ids 11, 12, 13, …"""
    return [tagged_content_info(each, number) for number, each in enumerate(content_infos, 11)]


def signed_data(content: bytes = EMPTY_PKI_DATA, content_type: str = oids.ID_CCT_PKI_DATA) -> bytes:
    """A message without signers around the content."""
    held = seq(oid(content_type), tlv(0xA0, tlv(0x04, content)))
    return content_info(oids.ID_SIGNED_DATA, seq(integer(3), tlv(0x31), held, tlv(0x31)))


def required_attributes(
    content: bytes = EMPTY_PKI_DATA, content_type: str = oids.ID_CCT_PKI_DATA, name: str = "sha512"
) -> tuple[bytes, bytes]:
    """contentType and messageDigest, by the hash of this name."""
    digest = tlv(0x04, hashlib.new(name, content).digest())
    return (
        attribute(oids.ID_CONTENT_TYPE, oid(content_type)),
        attribute(oids.ID_MESSAGE_DIGEST, digest),
    )


@dataclass
class Signer:
    """A SignerInfo; a field that is given takes the place of what is right."""

    key: Key = ALICE
    sid: bytes = b""
    digest: bytes = identifier(oids.ID_SHA512)
    algorithm: bytes = identifier(oids.ID_ED25519)
    more: tuple[bytes, ...] = ()
    attributes: tuple[bytes, ...] | None = None
    signature: bytes | None = None
    without_attributes: bool = False
    hash: str = "sha512"
    version: int | None = None
    unsigned: tuple[bytes, ...] = ()

    def encode(self, content_type: str, content: bytes) -> bytes:
        attributes = self.attributes
        if attributes is None:
            attributes = required_attributes(content, content_type, self.hash)
        signed = set_of(*attributes, *self.more)
        signature = self.key.sign(signed) if self.signature is None else self.signature
        sid = self.sid or self.key.by_serial()
        version = (3 if sid[0] == 0x80 else 1) if self.version is None else self.version
        return seq(
            integer(version), sid, self.digest,
            b"" if self.without_attributes else b"\xa0" + signed[1:],
            self.algorithm, tlv(0x04, signature),
            set_of(*self.unsigned, tag=0xA1) if self.unsigned else b"",
        )  # fmt: skip


@dataclass
class Message:
    """A SignedData."""

    content: bytes | None = EMPTY_PKI_DATA
    content_type: str = oids.ID_CCT_PKI_DATA
    signers: tuple[Signer, ...] = (Signer(),)
    certificates: tuple[bytes, ...] = (ALICE.certificate(),)
    digests: tuple[bytes, ...] = (identifier(oids.ID_SHA512),)
    version: int = 3

    def encode(self) -> bytes:
        content = b"" if self.content is None else tlv(0xA0, tlv(0x04, self.content))
        certificates = set_of(*self.certificates, tag=0xA0) if self.certificates else b""
        infos = (s.encode(self.content_type, self.content or b"") for s in self.signers)
        signed = seq(
            integer(self.version), set_of(*self.digests),
            seq(oid(self.content_type), content), certificates, set_of(*infos),
        )  # fmt: skip
        return content_info(oids.ID_SIGNED_DATA, signed)


def signed_by(*signers: Signer, **fields: Any) -> Message:
    return Message(signers=signers, **fields)


# --- verdicts ------------------------------------------------------------------------------------


def verify(*items: Any, **decisions: Any) -> Verdicts:
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
        "lanes": is_wanted(None),
        "progress": None,
    }
    return _backend.verify(list(items), **(defaults | decisions))


def rows(verdicts: Verdicts) -> list[Row]:
    return [verdicts[index] for index in range(len(verdicts))]


def signers_of(row: Row) -> tuple[tuple[Any, ...], ...]:
    """Of each: algorithm, hash of its certificate, id of its request, certificate and reason."""
    return tuple(
        (
            signer.algorithm, signer.certificate_sha256, signer.request_id,
            signer.certificate and signer.certificate.der, signer.reason,
        )
        for signer in row.signers
    )  # fmt: skip


def requests_of(row: Row) -> tuple[tuple[int, str, str], ...]:
    """Of each request: id, form, and the state of its proof of possession."""
    return tuple((request.id, request.form, request.pop) for request in row.requests)


def everything(verdicts: Verdicts) -> list[tuple[Any, ...]]:
    """The rows with what is no part of their equality."""
    return [(row, row.may_have_notes, row.buffer, signers_of(row)) for row in rows(verdicts)]


def judged(message: Message | bytes, **decisions: Any) -> Row:
    """The only row of a message."""
    octets = message if isinstance(message, bytes) else message.encode()
    verdicts = verify(octets, **decisions)
    assert len(verdicts) == 1
    assert everything(verify(octets, threads=2, **decisions)) == everything(verdicts)
    return verdicts[0]


def refused(message: Message, **decisions: Any) -> tuple[str | None, str | None, bytes]:
    """Reason, rule, and the element at the offset."""
    octets = message.encode()
    row = judged(octets, **decisions)
    assert row.verdict == "failed"
    assert row.offset is not None
    end = parser.peek(octets[row.offset :]) + row.offset
    return row.reason, row.rule, octets[row.offset : end]
