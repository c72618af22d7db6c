"""Everything that a backend says of octets, in what can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cmcodec
from cmcodec.errors import CMCError, DecodeError, DecryptionError, EncodeError, VerificationError
from cmcodec.limits import DEFAULT_MESSAGE_LAYERS
from cmcodec.reasons import Reason
from kit.backends import using

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cmcodec import BatchReport, Message, Row

BACKENDS = ("rust", "pure")


def by_both(ask: Callable[[], Any]) -> Any:
    """What ``ask`` says on one backend, which it says on the other too."""
    found = []
    for name in BACKENDS:
        with using(name):
            found.append(ask())
    engine, fallback = found
    assert engine == fallback, first_difference(engine, fallback)
    return engine


def first_difference(one: Any, other: Any) -> str:
    """Where two structures differ first."""
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        for left, right in zip(one, other, strict=False):
            if left != right:
                return first_difference(left, right)
        return f"{len(one)} and {len(other)} in {one!r:.2000} and {other!r:.2000}"
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one:
            if name not in other or one[name] != other[name]:
                return f"{name}: {first_difference(one[name], other.get(name))}"
    return f"the engine says {one!r:.4000}\nthe fallback says {other!r:.4000}"


def refused_or(action: Callable[[], Any]) -> tuple[Any, ...]:
    """What ``action`` returns behind ``"is"``, or all that its documented exception says."""
    try:
        return "is", action()
    except CMCError as error:
        return refusal(error)


def refusal(error: CMCError) -> tuple[Any, ...]:
    """All that an exception says."""
    if isinstance(error, DecryptionError):
        assert error.__cause__ is error.__context__ is None, "it says what was wrong"
    more = tuple(getattr(error, name, None) for name in ("hint", "rule", "fail_info", "body_parts"))
    said: tuple[Any, ...]
    said = type(error).__name__, str(error.reason), error.offset, error.path, str(error)
    assert isinstance(error.reason, str)
    assert error.offset is None or error.offset >= 0
    return (*said, *more)


# --- reading -------------------------------------------------------------------------------------


def reading(plain: tuple[Any, ...], octets: bytes, options: Mapping[str, Any]) -> tuple[Any, ...]:
    """What `load` makes of octets, plain and strict: every value, walked to its end.

    ``plain`` is what it makes of them when it is not strict.
    """
    strict = refused_or(lambda: cmcodec.load(octets, strict=True, **options))
    if plain[0] != "is":
        assert strict[0] != "is", "strict accepts what plain refuses"
        return plain, strict
    message = plain[1]
    if strict[0] == "is":
        assert strict[1].to_der() == message.to_der()
        assert message.encoding == "der", "strict accepts BER"
        strict = ("is",)
    return whole(message, deep=options.get("max_layers", 0) > DEFAULT_MESSAGE_LAYERS), strict


def whole(message: Message, *, deep: bool = False) -> tuple[Any, ...]:
    """Everything in a message, opened; what was read is what would be written (G10).

    Values are written within the default bounds, which a ``deep`` message may exceed.
    """
    der, structure, content = (
        message.to_der(), message.unverified_structure, message.unverified_content,
    )  # fmt: skip
    assert structure is not None
    written = refused_or(structure.to_der)
    is_limited = deep and written[:2] == ("EncodeError", "limit")
    assert is_limited or written == ("is", der), "what was read is not what is written"
    inside = None
    if content is not None:
        inside = refused_or(content.to_der)
        assert is_limited or inside[1] in der, "the content is not what is written"
    nested = [(number, each.kind, each.to_der()) for number, each in message.unverified_messages]
    assert len(nested) == len(message.unverified_messages)
    return (
        message.encoding, message.kind, der, inside, nested,
        [each.der for each in message.certificates],
        message.to_dict(), repr(structure), repr(content),
    )  # fmt: skip


# --- verifying -----------------------------------------------------------------------------------


def rows(report: BatchReport) -> list[Any]:
    """Every field of every row, also those that are no part of their equality."""
    return [(row, row.to_dict(), [signer.candidates for signer in row.signers]) for row in report]


def verdicts(items: Any, decisions: Mapping[str, Any], threads: int = 1) -> tuple[Any, ...]:
    """What `verify_batch` says, row by row, counted, and as text."""
    report = cmcodec.verify_batch(items, threads=threads, **decisions)
    told = rows(report)
    assert len(told) == len(report)
    counts, summary = report.counts(), report.summary()
    assert sum(counts.values()) == len(told) == sum(each.messages for each in summary.groups)
    lines = "".join(report.to_json_lines())
    assert lines.count("\n") == len(told)
    return told, counts, summary, lines, "".join(report.to_csv()), repr(report)


def verified(message: Message, decisions: Mapping[str, Any]) -> tuple[Any, ...]:
    """What `Message.verify` says."""
    told = refused_or(lambda: message.verify(threads=1, **decisions))
    if told[0] != "is":
        return told
    found = told[1]
    assert found.message == message
    return "is", found.signers, found.origin, found.requests, found.transaction_id, found.notes


def assert_alike(told: tuple[Any, ...], row: Row) -> None:
    """`Message.verify` says of a message what its row says (V14)."""
    if told[0] == "is":
        assert row.verdict == "verified"
        known = (row.signers, row.origin, row.requests, row.transaction_id, row.notes)
        assert told[1:] == known, first_difference(list(told[1:]), list(known))
        return
    assert row.verdict != "verified", told
    assert told[0] == VerificationError.__name__, told
    assert told[1:3] == (str(row.reason or Reason.NO_SIGNER), row.offset), (told, row)


# --- values --------------------------------------------------------------------------------------


def value(read: Callable[[], Any], octets: bytes | None = None) -> tuple[Any, ...]:
    """A declared value with all that is in it, or why there is none; it is written as it was."""
    told = refused_or(read)
    if told[0] != "is":
        assert told[0] in (DecodeError.__name__, EncodeError.__name__, "LimitError"), told
        return told
    found = told[1]
    der = found.to_der()
    assert octets is None or der == octets, "what was read is not what is written"
    return "is", der, found.to_dict(), repr(found), found
