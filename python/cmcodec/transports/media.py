"""Media types, and the names of files (RFC 10003 §3)."""

from __future__ import annotations

import re
from email.message import Message as Head
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from cmcodec.message import Message, load

if TYPE_CHECKING:
    from cmcodec.received import Buffer

__all__ = ["ANSWERS", "MAX_FIELD", "MEDIA", "REQUESTS", "Direction", "Media", "media_of", "parsed"]

MAX_FIELD: Final = 1_000
"""Characters of a header field that says what a message is: parameters take quadratic time."""

Direction: TypeAlias = Literal["request", "answer"]


class Media(NamedTuple):
    """How a kind of message is called.

    ``type``: its media type, ``smime_type`` the parameter beside it; ``stem`` and ``extension``:
    its name in mail and HTTP; ``file_extension``: where it is a file.
    """

    type: str
    smime_type: str | None
    stem: str
    extension: str
    file_extension: str

    @property
    def name(self) -> str:
        """The name that mail and HTTP give it: ``request.p7m``."""
        return self.stem + self.extension

    @property
    def content_type(self) -> str:
        """The value of Content-Type."""
        smime = "" if self.smime_type is None else f"; smime-type={self.smime_type}"
        return f"{self.type}{smime}; name={self.name}"

    def fits(self, kind: str, smime_type: str | None) -> bool:
        """Whether a media type and a smime-type, in lower case, are its own; None fits any."""
        own = self.smime_type and self.smime_type.lower()
        return kind == self.type and smime_type in (None, own)


_SMIME_TYPE: Final = re.compile("smime-type", re.IGNORECASE)
_PKCS7: Final = "application/pkcs7-mime"
MEDIA: Final = {
    "simple-request": Media("application/pkcs10", None, "request", ".p10", ".p10"),
    "full-request": Media(_PKCS7, "CMC-Request", "request", ".p7m", ".crq"),
    "simple-response": Media(_PKCS7, "certs-only", "response", ".p7c", ".p7c"),
    "full-response": Media(_PKCS7, "CMC-Response", "response", ".p7m", ".crp"),
}
"""By the kind of the message."""

REQUESTS: Final = (MEDIA["simple-request"], MEDIA["full-request"])
ANSWERS: Final = (MEDIA["simple-response"], MEDIA["full-response"])


def media_of(message: Buffer | Message, direction: Direction | None = None) -> Media:
    """How a message is called; raises what `load` raises.

    ``direction``: whether it asks or answers, which does not show where it is encrypted or under a
    MAC. Raises `ValueError` for such a message without it, and for one that goes the other way.
    """
    kind = (message if isinstance(message, Message) else load(message)).kind
    own = MEDIA.get(kind)
    if direction is None:
        if own is None:
            raise ValueError("does not show whether it asks or answers: direction is needed")
        return own
    simple, full = REQUESTS if direction == "request" else ANSWERS
    if own is None:
        return full
    if own not in (simple, full):
        raise ValueError(f"a {kind} is no {direction}")
    return own


def parsed(content_type: str) -> tuple[str, str | None]:
    """Media type and smime-type of a Content-Type, both in lower case: they are compared so (T-33).

    A smime-type may be coded or in pieces (RFC 2231): it is ASCII in whatever charset. What is too
    long to be one of a message is none, nor is what cannot be read.
    """
    if len(content_type) > MAX_FIELD:
        return "", None
    head = Head()
    # Of a name with a hyphen the parser leaves codes and pieces as they are.
    head["Content-Type"] = _SMIME_TYPE.sub("smime_type", " ".join(content_type.splitlines()))
    try:
        found = head.get_param("smime_type")
    except (TypeError, ValueError):
        # Pieces of one parameter that do not fit together.
        return "", None
    smime_type = found[-1] if isinstance(found, tuple) else found
    return head.get_content_type(), None if smime_type is None else smime_type.lower()
