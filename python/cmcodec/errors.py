"""Every exception this package raises on bad input or bad use (rule P9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from cmcodec.types import CMCFailInfo

__all__ = [
    "ArgumentError",
    "CMCError",
    "DecodeError",
    "DecryptionError",
    "EncodeError",
    "ForbiddenError",
    "LimitError",
    "ProofError",
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
    """The value has no DER encoding as its declared type. ``offset`` is ``None``.

    ``hint`` says in words what is wrong, where that helps. It may change; programs go by
    ``reason``.
    """

    def __init__(
        self, reason: str, offset: int | None = None, path: str = "", *, hint: str = ""
    ) -> None:
        super().__init__(reason, offset, path)
        self.hint = hint

    def __str__(self) -> str:
        return f"{super().__str__()}: {self.hint}" if self.hint else super().__str__()


class ArgumentError(EncodeError, TypeError):
    """A function that makes or checks something was given an argument of another type.

    ``reason`` is ``bad_type``, and ``path`` the name of the argument. Values never show.
    """

    def __init__(self, argument: str, given: object = None, *, hint: str = "") -> None:
        kind = "None" if given is None else type(given).__name__
        super().__init__(Reason.BAD_TYPE, None, argument, hint=hint or f"{kind} was given")

    def __reduce__(self) -> tuple[object, ...]:
        return _argument_error, (self.path, self.hint)


def _argument_error(argument: str, hint: str) -> ArgumentError:
    return ArgumentError(argument, hint=hint)


class ForbiddenError(EncodeError):
    """What a standard forbids to be made; the reason is `Reason.FORBIDDEN`.

    ``rule`` is the requirement that it would break, as ``R-026`` (docs/requirements.md).
    """

    def __init__(self, rule: str, path: str = "") -> None:
        super().__init__(Reason.FORBIDDEN, None, path)
        self.rule = rule

    def __str__(self) -> str:
        return f"{super().__str__()}: {self.rule}"

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.rule, self.path)


class DecryptionError(CMCError):
    """A layer cannot be opened.

    ``reason`` is ``no_recipient`` where none of the keys fits, else ``decryption_failed``, whatever
    it is that is wrong: who is told more can decrypt with the answers.
    """


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


class ProofError(VerificationError):
    """A control proves something wrong, or nothing, or stands where it may not.

    ``fail_info`` is what a server answers (RFC 10002 §6.1.4), ``body_parts`` the ids of the
    controls and requests that it concerns; 0 is the message.
    """

    def __init__(
        self,
        reason: str,
        fail_info: CMCFailInfo,
        body_parts: tuple[int, ...] = (0,),
        rule: str | None = None,
    ) -> None:
        super().__init__(reason, None, "", rule)
        self.fail_info = fail_info
        self.body_parts = body_parts

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.reason, self.fail_info, self.body_parts, self.rule)


class SigningError(CMCError, ValueError):
    """A key, or what a callback returned, makes no message that verifies.

    ``reason`` is the one with which verifiers would refuse it.
    """


class UnsupportedError(CMCError):
    """The installation cannot do what was asked; ``reason`` says what is missing."""
