"""The SignedData around a content, in DER and in BER."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.kit.der import indefinite, integer, oid, seq, set_of, tlv
from tests.kit.keys import key_identifier
from tests.kit.messages import content_info

import cmcodec
from benches.workload import keys
from cmcodec import oids, types

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def signed(
    content: bytes,
    *signers: keys.PrivateKey,
    content_type: str = oids.ID_CCT_PKI_DATA,
    certificates: Sequence[bytes] = (),
    crls: Sequence[bytes] = (),
) -> bytes:
    """A SignedData by these keys, each named by its identifier."""
    digests = {keys.algorithms(key)[0].to_der() for key in signers}
    carried = [set_of(*some, tag=tag) for tag, some in ((0xA0, certificates), (0xA1, crls)) if some]
    data = seq(
        integer(3),
        set_of(*digests),
        seq(oid(content_type), tlv(0xA0, tlv(0x04, content))),
        *carried,
        set_of(*(_signer_info(key, content_type, content) for key in signers)),
    )
    return content_info(oids.ID_SIGNED_DATA, data)


def _signer_info(key: keys.PrivateKey, content_type: str, content: bytes) -> bytes:
    digest, signature = keys.algorithms(key)
    hashed = (hashlib.sha512 if digest is keys.SHA512 else hashlib.sha256)(content)
    protection = types.CMSAlgorithmProtection(
        digest_algorithm=digest, signature_algorithm=signature
    )
    attributes = tuple(
        types.Attribute(attr_type=attr_type, attr_values=(value,))
        for attr_type, value in (
            (oids.ID_CONTENT_TYPE, types.ContentType(content_type)),
            (oids.ID_MESSAGE_DIGEST, types.MessageDigest(hashed.digest())),
            (oids.ID_SIGNING_TIME, types.SigningTime(types.Time(utc_time=DAY))),
            (oids.ID_AA_CMS_ALGORITHM_PROTECT, protection),
        )
    )
    return types.SignerInfo(
        version=3,
        sid=types.SignerIdentifier(subject_key_identifier=key_identifier(key)),
        digest_algorithm=digest,
        signed_attrs=attributes,
        signature_algorithm=signature,
        signature=keys.sign(key, set_of(*(it.to_der() for it in attributes))),
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
    encapsulated = indefinite(0x30, content_type, indefinite(0xA0, indefinite(0x24, *chunks)))
    before = field["version"] + field["digestAlgorithms"]
    after = field["certificates"] + field["crls"] + field["signerInfos"]
    data = indefinite(0x30, before, encapsulated, after)
    return indefinite(0x30, oid(oids.ID_SIGNED_DATA), indefinite(0xA0, data))
