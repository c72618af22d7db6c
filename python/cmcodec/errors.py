"""Every exception this package raises on bad input or bad use (rule P9)."""

from __future__ import annotations

__all__ = [
    "CMCError",
    "DecodeError",
    "EncodeError",
    "LimitError",
    "SigningError",
    "UnsupportedError",
    "VerificationError",
]


class CMCError(Exception):
    """The base class of every exception of this package.

    ``reason`` is a stable code, ``offset`` counts octets from the start of the
    input (of its DER form, where the input was BER or PEM) and ``path`` names
    the element at fault from the root type on, as in
    ``pkiData.controlSequence[2].attrValues[0]``.
    """

    def __init__(self, reason: str, offset: int | None = None, path: str = "") -> None:
        super().__init__(reason, offset, path)
        self.reason = reason
        self.offset = offset
        self.path = path

    def __str__(self) -> str:
        place = "" if self.offset is None else f" at offset {self.offset}"
        return f"{self.reason}{place}{f' in {self.path}' if self.path else ''}"


class DecodeError(CMCError, ValueError):
    """The octets are not the DER encoding of the expected type.

    ``hint`` says in words what they are instead, where that is known: a certificate, for example.
    It may change; programs go by ``reason``.
    """

    def __init__(
        self, reason: str, offset: int | None = None, path: str = "", *, hint: str = ""
    ) -> None:
        super().__init__(reason, offset, path)
        self.hint = hint

    def __str__(self) -> str:
        return f"{super().__str__()}: {self.hint}" if self.hint else super().__str__()


class LimitError(DecodeError):
    """The octets exceed a bound that keeps the work finite (rules P1, P2, P5, P6, P10)."""


class EncodeError(CMCError, ValueError):
    """The value has no DER encoding as its declared type. ``offset`` is ``None``."""


class VerificationError(CMCError):
    """A message or a proof does not verify; ``reason`` names the first check that failed.

    ``rule`` is the id of that check.
    """

    def __init__(
        self, reason: str, offset: int | None = None, path: str = "", rule: str | None = None
    ) -> None:
        super().__init__(reason, offset, path)
        self.rule = rule

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.reason, self.offset, self.path, self.rule)


class SigningError(CMCError, ValueError):
    """A key, or what a callback returned, makes no message that verifies.

    ``reason`` is the one with which verifiers would refuse it.
    """


class UnsupportedError(CMCError):
    """The installation cannot do what was asked; ``reason`` says what is missing."""
