"""Messages by mail (RFC 10003 §5): the body of a mail, or one of its parts."""

from __future__ import annotations

from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from cmcodec.transports.limits import TransportError, TransportReason
from cmcodec.transports.media import ANSWERS, REQUESTS, media_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec.received import Buffer
    from cmcodec.transports.media import Direction

__all__ = ["compose", "extract"]


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


def extract(message: EmailMessage | bytes) -> bytes:
    """The message that a mail carries, as its body or as one of its parts.

    Parts are known by media type and smime-type, whatever their case; one without smime-type by
    the extension of its name. Raises `TransportError` (``media_type``) for a mail with none, with
    several, or with one that is no base64.
    """
    mail = (
        message if isinstance(message, EmailMessage) else message_from_bytes(message, policy=SMTP)
    )
    try:
        found = list(_bodies(mail))
    except (LookupError, MessageError, ValueError):
        found = []
    if len(found) != 1:
        raise TransportError(TransportReason.MEDIA_TYPE)
    return found[0]


def _bodies(mail: EmailMessage) -> Iterator[bytes]:
    for part in mail.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        found = part.get_param("smime-type")
        smime = None if found is None else str(found).lower()
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
