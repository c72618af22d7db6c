"""The same work by `cmcodec` (here) and its peers (`peer_asn1crypto`, `peer_hazmat`); the answers.

All have the schema of the same levels: ContentInfo, SignedData, SignerInfo, PKIData, its controls
and requests (PKCS#10, CRMF), and the messages nested in it. What `cmcodec` keeps as octets
(certificates, the values of extensions and keys) is kept as octets by the peers.

Where they do less it is in their favour: neither peer refuses everything that is not DER, looks
for repeated body part ids, or bounds depth and counts; and ``hazmat.asn1`` has no open types, so
that the values of controls and attributes are octets to it until somebody asks for one.

A reader returns, for each nested message, six fields in the types of its library: transaction id,
sender nonce, subject, public key, extensions, and form of the proof of possession.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cmcodec
from benches import workload
from benches.workload import EXTENSION_REQUEST, SENDER_NONCE, TRANSACTION_ID
from cmcodec import types

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMON_NAME = "2.5.4.3"
KEY_OCTETS = {"rsa-2048": 270, "p-256": 65, "ed25519": 32}


# --- answers ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fields:
    """Six fields of a message, as every library has them after some conversion."""

    transaction_id: int | None
    sender_nonce: bytes | None
    common_name: str
    key_octets: int
    extensions: tuple[str, ...]
    pop: str


def expected(index: int) -> Fields:
    """What the generator knows of message number ``index``."""
    it = workload.facts(index)
    return Fields(
        it.transaction_id,
        it.sender_nonce,
        it.common_name,
        KEY_OCTETS[it.key_type],
        workload.EXTENSIONS,
        "pkcs10" if it.form == "pkcs10" else "signature",
    )


def check(found: Iterable[Fields], count: int) -> None:
    """Fails unless ``found`` are the fields of the messages of the batch of ``count``."""
    seen = 0
    for index, fields in enumerate(found):
        assert fields == expected(index), (index, fields)
        seen += 1
    assert seen == count


# --- cmcodec ---------------------------------------------------------------------------------


def load(der: bytes) -> cmcodec.Message:
    """Validates everything."""
    return cmcodec.load(der)


def read(der: bytes) -> list[tuple[Any, ...]]:
    """Validates everything and reads the six fields."""
    messages = cmcodec.load(der).unverified_messages
    return [six_fields(message.unverified_content) for _, message in messages]


def six_fields(content: Any) -> tuple[Any, ...]:
    """The fields, as they are in a PKIData."""
    transaction_id = sender_nonce = None
    for control in content.control_sequence:
        if control.attr_type == TRANSACTION_ID:
            transaction_id = control.attr_values[0].value
        elif control.attr_type == SENDER_NONCE:
            sender_nonce = control.attr_values[0].value
    request = content.req_sequence[0]
    if request.tcr is not None:
        info = request.tcr.certification_request.certification_request_info
        subject, key, extensions = info.subject, info.subject_public_key_info, ()
        for attribute in info.attributes:
            if attribute.attr_type == EXTENSION_REQUEST:
                extensions = attribute.attr_values[0].value
        return transaction_id, sender_nonce, subject, key, extensions, "pkcs10"
    template = request.crm.cert_req.cert_template
    pop = "another" if request.crm.popo.signature is None else "signature"
    return (
        transaction_id,
        sender_nonce,
        template.subject,
        template.public_key,
        template.extensions,
        pop,
    )


def fields(rows: list[tuple[Any, ...]]) -> Iterable[Fields]:
    for transaction_id, sender_nonce, subject, key, extensions, pop in rows:
        (name,) = (
            attribute.value.der[2:].decode()
            for rdn in subject.rdn_sequence
            for attribute in rdn
            if attribute.type == COMMON_NAME
        )
        size = len(key.subject_public_key.data)
        oids = tuple(extension.extn_id for extension in extensions)
        yield Fields(transaction_id, sender_nonce, name, size, oids, pop)


def walk(der: bytes) -> int:
    """Validates everything and reads everything of it; returns the number of messages."""
    message = cmcodec.load(der)
    assert message.unverified_structure is not None
    return 1 + sum(
        nested.unverified_structure is not None and nested.unverified_content is not None
        for _, nested in message.unverified_messages
    )


def contents(der: bytes) -> list[types.PKIData]:
    """The PKIData of each nested message, to be encoded again."""
    found = [message.unverified_content for _, message in cmcodec.load(der).unverified_messages]
    return [content for content in found if isinstance(content, types.PKIData)]


def received(der: bytes) -> list[bytes]:
    """The octets of each of `contents`."""
    return [e_content(message) for _, message in cmcodec.load(der).unverified_messages]


def e_content(message: cmcodec.Message) -> bytes:
    """The octets that a message signs."""
    structure: Any = message.unverified_structure
    octets: bytes = structure.content.encap_content_info.e_content
    return octets


def encode(contents: list[types.PKIData]) -> list[bytes]:
    """Encodes each value afresh."""
    return [content.to_der() for content in contents]
