"""Messages by mail (RFC 10003 §5): the body of a mail, or one of its parts."""

from __future__ import annotations

from email.errors import MessageError
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import SMTP, Policy, compat32
from typing import TYPE_CHECKING, Final

from cmcodec.transports.limits import DEFAULT, Limits, TransportError, TransportReason
from cmcodec.transports.media import ANSWERS, MAX_FIELD, REQUESTS, media_of, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec.received import Buffer
    from cmcodec.transports.media import Direction

__all__ = ["MAX_PARTS", "compose", "extract"]

MAX_PARTS: Final = 100
"""Parts of a mail, those inside others too: each line of one is looked at by all around it."""

_FIELDS: Final = ("content-type", "content-disposition", "content-transfer-encoding")


def compose(
    octets: Buffer, *, sender: str, recipient: str, direction: Direction | None = None
) -> EmailMessage:
    """A mail with a message as its body: base64, with smime-type and a file name (R-188).

    Nothing is encrypted on the way: a message that others must not read is encrypted itself.
    ``direction``: as for `media_of`, whose exceptions it raises; `ValueError` for addresses with
    line breaks.
    """
    media = media_of(octets, direction)
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"] = sender, recipient
    made["Subject"] = "CMC " + media.stem
    maintype, subtype = media.type.split("/")
    parameters = {"name": media.name}
    if media.smime_type is not None:
        parameters["smime-type"] = media.smime_type
    made.set_content(
        bytes(memoryview(octets)),
        maintype=maintype,
        subtype=subtype,
        disposition="attachment",
        filename=media.name,
        params=parameters,
    )
    return made


def extract(message: Message | bytes, *, limits: Limits = DEFAULT) -> bytes:
    """The message that a mail carries, as its body or as one of its parts.

    Parts are known by media type and smime-type, whatever their case; one without smime-type by
    the extension of its name. Raises `TransportError`: ``media_type`` for a mail with none, with
    several, or with one that is no base64; ``limit`` for one of more than `MAX_PARTS` parts, with
    more than twice ``limits.max_size`` octets, or with a field about a part that is too long.
    """
    try:
        octets = message if isinstance(message, bytes) else message.as_bytes()
        # As in HTTP: base64 and its line breaks are longer than what they stand for.
        if len(octets) > 2 * limits.max_size:
            raise TransportError(TransportReason.LIMIT)
        found = list(_bodies(_parsed(octets)))
    except (LookupError, MessageError, RecursionError, TypeError, ValueError):
        found = []
    if len(found) != 1:
        raise TransportError(TransportReason.MEDIA_TYPE)
    if len(found[0]) > limits.max_size:
        raise TransportError(TransportReason.LIMIT)
    return found[0]


class _Part(Message):
    """A mail or a part of one, by the old policy: a field is a string, and not a language."""

    def set_raw(self, name: str, value: str) -> None:
        """Takes a field of the head; raises `TransportError` before anybody reads a long one."""
        if name.lower() in _FIELDS and len(value) > MAX_FIELD:
            raise TransportError(TransportReason.LIMIT)
        super().set_raw(name, value)


def _parsed(octets: bytes) -> Message:
    parts = 0

    def part(policy: Policy[Message] = compat32) -> _Part:
        nonlocal parts
        parts += 1
        if parts > MAX_PARTS:
            raise TransportError(TransportReason.LIMIT)
        return _Part(policy)

    return BytesParser(policy=compat32.clone(message_factory=part)).parsebytes(octets)


def _bodies(mail: Message) -> Iterator[bytes]:
    for part in mail.walk():
        if part.is_multipart():
            continue
        kind, smime = parsed(str(part.get("content-type", "")))
        extension = "." + (part.get_filename() or "").lower().rpartition(".")[2]
        if any(
            media.fits(kind, smime)
            and (smime or media.smime_type is None or extension == media.extension)
            for media in (*REQUESTS, *ANSWERS)
        ):
            octets = part.get_payload(decode=True)
            if not isinstance(octets, bytes) or part.defects:
                raise ValueError("no octets")
            yield octets
