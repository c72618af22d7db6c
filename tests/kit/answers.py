"""Refusals as tuples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmcodec.errors import CMCError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.asn1 import Asn1


def refusal(action: Callable[[], Any]) -> tuple[str, str, int | None, str] | None:
    """Class, reason, offset and path of what ``action`` is refused with; None if it is not.

    Any exception that is not the package's own passes through and fails the test (rule P9).
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
