"""What a message may be wrapped in when it arrives: one recogniser (rules P4, P6, P11).

A message is DER or BER; or PEM armour around that (RFC 7468), or its base64 alone (RFC 7030 §4),
each as ASCII, or as UTF-8 or UTF-16 with a byte order mark.
"""

from __future__ import annotations

import binascii
import os
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final, NoReturn, TypeAlias

from cmcodec.errors import DecodeError, LimitError
from cmcodec.hints import head_as_text, hint_of_label
from cmcodec.limits import DEFAULT_MESSAGE_SIZE, MAX_TEXT_RATIO
from cmcodec.reasons import Reason

Buffer: TypeAlias = bytes | bytearray | memoryview
"""Octets: ``bytes`` are read in place, what can change is copied first (rule P11)."""

_BEGIN: Final = b"-----BEGIN "
_MAX_PREAMBLE: Final = 1 << 16
"""Octets of text in which the armour of a message begins (P4)."""

_HEAD: Final = 2 * _MAX_PREAMBLE
"""Octets that tell text around a message from anything else, in UTF-16 too."""
_SPACE: Final = b" \t\r\n\v\f"
_LABEL: Final = rb"((?:[ -]?[!-,.-~]){0,64})-----"
_FIRST_LINE: Final = re.compile(rb"-----BEGIN " + _LABEL + rb"[ \t]*[\r\n]")
_LAST_LINE: Final = re.compile(rb"-----END " + _LABEL)
_BEGIN_OR_END: Final = re.compile(rb"(-----BEGIN )|-----END " + _LABEL)
_BASE64: Final = re.compile(rb"\s*M[A-I][A-Za-z0-9+/=\s]*")
"""What begins with the SEQUENCE that every message is."""
_LIKE_BASE64: Final = re.compile(rb"\s*MI[!-~]{14}")


def received_octets(data: Buffer | str, max_size: int = DEFAULT_MESSAGE_SIZE) -> bytes:
    """The octets as ``bytes``, out of the text around them if there is any.

    Anything but ``bytes`` is copied, because it can change under a running verification (rule
    P11). Raises `DecodeError` with ``bad_value`` at ``pem`` for broken text, `LimitError` for more
    than `MAX_TEXT_RATIO` octets of it for each octet of ``max_size``, and `TypeError` for what has
    no octets.
    """
    # What most messages are, before anything else is asked.
    if type(data) is bytes and data[:1] == b"\x30" and data[1:2] >= b"\x80":
        return data
    if isinstance(data, str):
        octets = data.encode(errors="replace")
    else:
        octets = data if type(data) is bytes else bytes(_view(data))
    if _may_be_message(octets, len(octets)):
        return octets
    text = _without_mark(octets, max_size)
    # RFC 7468 §2: text may stand before the armour.
    armour = text.find(_BEGIN, 0, _MAX_PREAMBLE)
    if armour >= 0:
        _bound(text, max_size)
        return _from_armour(text, armour)
    if _BASE64.fullmatch(text):
        _bound(text, max_size)
        return _from_base64(text)
    if _LIKE_BASE64.match(text):
        _refuse("this is text that is not base64")
    return octets


def several(data: Buffer, max_size: int = DEFAULT_MESSAGE_SIZE) -> list[bytes]:
    """What a file holds, one by one: its messages, each as `received_octets` takes it.

    A text is cut behind the last line of each armour, and before the first line of one whose
    predecessor has no last line, so that a broken block spoils no other. Text before an armour
    stays with it. Anything else is one; of what can be no message, as its beginning tells, that
    beginning alone, whatever the size. ``max_size`` is that of `received_octets`, which refuses
    what this leaves as it is. ``data`` is contiguous, a mapped file for example. Raises nothing.
    """
    whole = memoryview(data).cast("B")
    head = bytes(whole[:_HEAD])
    if _may_be_message(head, len(whole)):
        return [bytes(whole)]
    beginning = head_as_text(head)
    if beginning.find(_BEGIN, 0, _MAX_PREAMBLE) < 0:
        return [bytes(whole) if _LIKE_BASE64.match(beginning) else head]
    octets = bytes(whole)
    try:
        text = _without_mark(octets, max_size)
    except DecodeError:
        return [octets]
    cuts: list[int] = []
    is_open = False
    for line in _BEGIN_OR_END.finditer(text):
        if line[1]:
            if is_open:
                cuts.append(line.start())
            is_open = True
        elif is_open:
            is_open = False
            cuts.append(line.end())
    # What stands behind the last of them belongs to it.
    if not is_open:
        cuts.pop()
    if not cuts:
        return [octets]
    return [text[start:end] for start, end in pairwise((0, *cuts, len(text)))]


def is_buffer(data: object) -> bool:
    """Whether something has octets: ``bytes``, an array, a mapped file."""
    try:
        memoryview(data)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def advice(data: object) -> str:
    """What something is that has no octets, and what to give in its place."""
    kind = type(data).__name__
    if hasattr(data, "read"):
        return f"{kind} is a file: give the bytes that its read() returns"
    if isinstance(data, os.PathLike):
        return f"{kind} is a path: give the bytes that its read_bytes() returns"
    if isinstance(data, Mapping):
        return f"{kind} is a mapping: give its values()"
    return f"{kind} is no message: give bytes, text or a Message"


def _view(data: object) -> memoryview:
    try:
        return memoryview(data)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(advice(data)) from None


def _may_be_message(head: bytes, size: int) -> bool:
    """Whether ``size`` octets are a SEQUENCE as the first ones tell: a digit 0 begins text too."""
    if head[:1] != b"\x30":
        return False
    return size < 2 or head[1] >= 0x80 or size == 2 + head[1]


def _without_mark(octets: bytes, max_size: int) -> bytes:
    """Text without its byte order mark, in UTF-8."""
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        _bound(octets, max_size)
        try:
            return octets.decode("utf-16").encode()
        except UnicodeDecodeError:
            _refuse("this is text that is not UTF-16, though its byte order mark says so")
    return octets.removeprefix(b"\xef\xbb\xbf")


def _from_armour(text: bytes, begin: int) -> bytes:
    first = _FIRST_LINE.match(text, begin)
    if first is None:
        _refuse("the first line of the armour is broken")
    end = text.find(b"-----END ", first.end())
    last = None if end < 0 else _LAST_LINE.match(text, end)
    if last is None:
        _refuse("the armour has no last line")
    if first[1] != last[1]:
        _refuse("the first and the last line of the armour have different labels")
    rest = text[last.end() :].strip()
    if rest:
        _refuse(
            "there are several PEM blocks in one text"
            if _BEGIN in rest
            else "text follows the armour"
        )
    return _from_base64(text[first.end() : end], first[1])


def _from_base64(text: bytes, label: bytes = b"") -> bytes:
    try:
        return binascii.a2b_base64(text.translate(None, _SPACE), strict_mode=True)
    except binascii.Error:
        _refuse(hint_of_label(label) or "this is text that is not base64")


def _bound(text: bytes, max_size: int) -> None:
    if len(text) > MAX_TEXT_RATIO * max_size:
        raise LimitError(Reason.LIMIT, 0, "pem")


def _refuse(hint: str) -> NoReturn:
    raise DecodeError(Reason.BAD_VALUE, 0, "pem", hint=hint)
