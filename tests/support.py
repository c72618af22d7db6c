"""What the tests share: the vectors, octets written by hand, and refusals as tuples."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.x509 import verification

from cmcodec.errors import CMCError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.asn1 import Asn1

NEEDS_CHAINS = pytest.mark.skipif(
    not hasattr(verification, "ExtensionPolicy"), reason="chains need cryptography 45"
)

VECTORS = Path(__file__).parent / "vectors"
SHARED = VECTORS / "shared"

ID_CMC = "1.3.6.1.5.5.7.7"
ID_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
ID_DATA = bytes.fromhex("06092a864886f70d010701")
ID_PKI_DATA = bytes.fromhex("06082b06010505070c02")
ID_PKI_RESPONSE = bytes.fromhex("06082b06010505070c03")
EMPTY_PKI_DATA = bytes.fromhex("30083000300030003000")


def manifest(kind: str) -> list[dict[str, str]]:
    """The rows of the shared vectors' MANIFEST.tsv of this kind."""
    with (SHARED / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file, delimiter="\t") if row["kind"] == kind]


def shared(name: str) -> bytes:
    """The octets of a shared vector."""
    return (SHARED / name).read_bytes()


def tlv(tag: int, *parts: bytes) -> bytes:
    """An element in DER, made without the package under test."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def control(number: int, value: bytes, body_part_id: int = 1) -> bytes:
    """A TaggedAttribute with one value."""
    oid = tlv(0x06, bytes.fromhex("2b06010505070700")[:-1], bytes([number]))
    return seq(integer(body_part_id), oid, tlv(0x31, value))


def pki_data(
    controls: bytes = b"", requests: bytes = b"", contents: bytes = b"", others: bytes = b""
) -> bytes:
    return seq(seq(controls), seq(requests), seq(contents), seq(others))


def signed_data(content: bytes = EMPTY_PKI_DATA, content_type: bytes = ID_PKI_DATA) -> bytes:
    """A ContentInfo without signers around the content."""
    held = seq(content_type, tlv(0xA0, tlv(0x04, content)))
    return seq(ID_SIGNED_DATA, tlv(0xA0, seq(integer(3), tlv(0x31), held, tlv(0x31))))


def tagged_content_info(content_info: bytes, body_part_id: int = 1) -> bytes:
    return seq(integer(body_part_id), content_info)


def refusal(action: Callable[[], Any]) -> tuple[str, str, int | None, str] | None:
    """Class, reason, offset and path of what ``action`` is refused with; None if it is not.

    Any exception that is not the package's own passes through and fails the test (RULES P9).
    """
    try:
        action()
    except CMCError as error:
        return type(error).__name__, error.reason, error.offset, error.path
    return None


def answer(
    cls: type[Asn1], octets: bytes | str, *, strict: bool = False
) -> tuple[str, str, int | None, str] | None:
    """`refusal` of decoding; what is accepted must encode to the same octets."""
    data = bytes.fromhex(octets) if isinstance(octets, str) else octets

    def read() -> None:
        assert cls.from_der(data, strict=strict).to_der() == data

    return refusal(read)


def decode_error(reason: str, offset: int, path: str) -> tuple[str, str, int, str]:
    return "DecodeError", reason, offset, path


def limit_error(reason: str, offset: int, path: str) -> tuple[str, str, int, str]:
    return "LimitError", reason, offset, path
