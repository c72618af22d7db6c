"""Messages that are made so that several signatures at once save nothing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from tests.kit.der import identifier, seq, tlv
from tests.kit.keys import EcdsaKey, name
from tests.kit.messages import Message, Signer, pki_data

import cmcodec
from benches.workload import keys
from benches.workload.mixes import Facts
from benches.workload.parts import DAY
from benches.workload.requests import batch, message, pkcs10
from cmcodec import oids, types

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT: Final = 600
"""Messages of each kind."""
CANDIDATES: Final = 8
"""As many as are looked at (rule V8): half of them in the message, half from the caller."""


def _flipped(der: bytes) -> bytes:
    """Without a good signature, which is the last thing in it."""
    return der[:-1] + bytes([der[-1] ^ 1])


def _request(number: int) -> bytes:
    key = keys.key("rsa-2048", "requested", number)
    tagged = types.TaggedRequest.from_der(pkcs10(key, f"device-{number}", number))
    assert tagged.tcr is not None
    return tagged.tcr.certification_request.to_der()


@cache
def bad_signatures() -> list[bytes]:
    """The messages of the mixed batch, of which no signer's signature is good."""
    return [_flipped(it.to_der()) for _, it in cmcodec.load(batch(COUNT)).unverified_messages]


@cache
def bad_proofs() -> list[bytes]:
    """Requests for RSA keys, none of which proves possession."""
    return [_flipped(_request(number)) for number in range(COUNT)]


@cache
def few_of_a_kind() -> list[bytes]:
    """Three messages with two signatures each by keys of one kind: no register is full."""
    facts = [Facts(number, "p-256", "request-key", "pkcs10") for number in range(3)]
    return [message(each, keys.FEW_RSA_KEYS) for each in facts]


@cache
def _certificate(number: int) -> bytes:
    """Of a key of its own, under one name and serial number."""
    key = EcdsaKey(300 + number)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("signer"))
        .issuer_name(name("CA"))
        .public_key(key.scalar.public_key())
        .serial_number(7)
        .not_valid_before(DAY)
        .not_valid_after(DAY.replace(year=DAY.year + 1))
    )
    return builder.sign(EcdsaKey(299).scalar, hashes.SHA256()).public_bytes(Encoding.DER)


def _others() -> list[bytes]:
    """The certificates of the caller."""
    return [_certificate(number) for number in range(CANDIDATES // 2, CANDIDATES)]


@cache
def many_candidates() -> list[bytes]:
    """A signer who may have eight keys, of which the last that is tried is the right one."""
    sha256 = identifier(oids.ID_SHA256)
    right = CANDIDATES - 1
    sid = seq(name("CA").public_bytes(), tlv(0x02, b"\7"))
    signer = Signer(
        key=EcdsaKey(300 + right), sid=sid, digest=sha256, hash="sha256",
        algorithm=identifier(oids.ECDSA_WITH_SHA256),
    )  # fmt: skip
    inside = [_certificate(number) for number in range(CANDIDATES // 2)]
    der = Message(pki_data(), signers=(signer,), certificates=inside, digests=(sha256,)).encode()
    return [der] * COUNT


SLOW: Final[dict[str, tuple[Callable[[], list[bytes]], Callable[[], dict[str, Any]]]]] = {
    "no signature is good": (bad_signatures, dict),
    "no proof is good": (bad_proofs, dict),
    "six signatures of one kind": (few_of_a_kind, dict),
    "eight candidates with eight keys": (many_candidates, lambda: {"certificates": _others()}),
}
"""What each kind is made by, and what the caller says beside it."""
