"""Loading a message, and what verifying it gives (RFC 10002 §3 and §4)."""

from __future__ import annotations

import base64
import binascii
import re
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, cast, final, overload

from cmcodec import _backend
from cmcodec.errors import DecodeError, VerificationError
from cmcodec.limits import (
    DEFAULT_MESSAGE_LAYERS,
    DEFAULT_MESSAGE_SIZE,
    MAX_MESSAGE_LAYERS,
    MAX_MESSAGE_SIZE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from cmcodec import types
    from cmcodec.batch import Note, RequestReport, Row, Signer
    from cmcodec.trust import CertificateLike, Trust

    Kind = Literal["full-request", "full-response", "simple-request", "simple-response", "other"]
    Buffer = bytes | bytearray | memoryview

__all__ = ["Message", "Messages", "Verified", "load"]

_PEM: Final = re.compile(
    rb"-----BEGIN ([A-Z0-9 #]{1,64})-----[ \t\r]*\n([A-Za-z0-9+/=\s]*)-----END \1-----\s*"
)
_MAX_PREAMBLE: Final = 1 << 16
_STEP: Final = re.compile(r"\.?([A-Za-z0-9-]+)|\[([0-9]{1,9})\]")


def load(
    data: Buffer,
    *,
    strict: bool = False,
    max_layers: int = DEFAULT_MESSAGE_LAYERS,
    max_size: int = DEFAULT_MESSAGE_SIZE,
) -> Message:
    """Validates one message and everything nested in it, and makes no object of its content.

    ``data`` is DER, BER in the CMS wrapper, or PEM (RFC 7468), in ``bytes`` or anything with the
    buffer protocol, of at most ``max_size`` octets (512 MiB; 4 GiB is the cap) with at most
    ``max_layers`` PKI messages inside one another (8; 32 is the cap). ``strict`` refuses BER and
    the legacy forms of RFC 2797 and RFC 6402.

    Raises `DecodeError` with reason, offset and path; its subclass `LimitError` where a bound is
    exceeded. Nothing is verified: see `Message.verify`.
    """
    octets = received_octets(data)
    layers = max(1, min(max_layers, MAX_MESSAGE_LAYERS))
    der, encoding, root = _backend.load(octets, strict, layers, max(0, max_size))
    seal = _SEAL if layers > DEFAULT_MESSAGE_LAYERS else _PROVEN
    return Message(seal, der, (0, len(der)), encoding, root)


def received_octets(data: Buffer) -> bytes:
    """The octets as ``bytes``, out of their PEM armour if they have one.

    Anything but ``bytes`` is copied, because it can change under a running verification (RULES
    P11). Raises `DecodeError` for broken armour.
    """
    octets = data if type(data) is bytes else bytes(memoryview(data))
    # RFC 7468 §2: text may stand before the armour. No DER message begins like text.
    armour = -1 if octets[:1] == b"\x30" else octets.find(b"-----BEGIN ", 0, _MAX_PREAMBLE)
    if armour < 0:
        return octets
    found = _PEM.fullmatch(octets, armour)
    if found is None:
        raise DecodeError("bad_value", 0, "pem")
    try:
        return base64.b64decode(b"".join(found[2].split()), validate=True)
    except binascii.Error:
        raise DecodeError("bad_value", 0, "pem") from None


_SEAL: Final = object()
"""Only this package makes a `Message` or a `Verified`: each says that a check was passed."""
_PROVEN: Final = object()
"""The seal of a `Message` whose nested ones passed it too, within the bounds of encoding."""


@final
class Message:
    """A validated message. Its content is reached only under names that say ``unverified``.

    Equal to a message of the same octets. ``encoding`` is ``"der"`` or ``"ber"`` (as received).
    """

    __slots__ = ("_end", "_is_proven", "_root", "_start", "buffer", "encoding")

    def __init__(
        self, seal: object, buffer: bytes, span: tuple[int, int], encoding: str, root: str
    ) -> None:
        self._is_proven: Final = seal is _PROVEN
        if not self._is_proven and seal is not _SEAL:
            raise TypeError("messages come from cmcodec.load")
        self.buffer: Final = buffer
        self._start, self._end = span
        self.encoding: Final = encoding
        self._root: Final = root

    def _outline(self) -> tuple[str, str, int, int]:
        return _backend.outline(self.buffer, self._start, self._end, self._root)

    @property
    def kind(self) -> Kind:
        """Which of the four PKI messages this is, or ``"other"`` for any other CMS content."""
        return cast("Kind", self._outline()[0])

    @property
    def span(self) -> tuple[int, int]:
        """Where the message stands in ``buffer``, the DER form of what was loaded."""
        return self._start, self._end

    def to_der(self) -> bytes:
        """The message in DER: as received, or converted where its wrapper was BER."""
        return self.buffer[self._start : self._end]

    @property
    def unverified_structure(self) -> types.ContentInfo | types.CertificationRequest:
        """The whole message, CMS wrapper included, before any verification."""
        structure: types.ContentInfo | types.CertificationRequest = _backend.decode_at(
            self._root, self.buffer, self._start, self._end
        )[0]
        return structure

    @property
    def unverified_content(
        self,
    ) -> types.PKIData | types.PKIResponse | types.CertificationRequest | None:
        """What the message says, before any verification; None unless it is a request or response.

        A simple response says nothing: its certificates are in ``certificates``.
        """
        content: types.PKIData | types.PKIResponse | types.CertificationRequest | None = (
            _backend.content(self.buffer, self._start, self._end, self._root, self._is_proven)
        )
        return content

    @property
    def unverified_messages(self) -> Messages:
        """The messages in ``cmsSequence``, in order, each with a verdict of its own to come."""
        _, name, start, end = self._outline()
        found = None
        if name in ("PKIData", "PKIResponse"):
            found = _backend.locate(name, self.buffer, start, end, ("cmsSequence",))
        return Messages(self.buffer, *(found[1:] if found else (0, 0)))

    @property
    def certificates(self) -> tuple[types.Certificate, ...]:
        """The X.509 certificates the wrapper carries, which being there makes none trusted."""
        return tuple(
            choice.certificate
            for choice in self._choices("certificates", "CertificateChoices")
            if choice.certificate is not None
        )

    @property
    def crls(self) -> tuple[types.CertificateList, ...]:
        """The CRLs the wrapper carries."""
        return tuple(
            choice.crl
            for choice in self._choices("crls", "RevocationInfoChoice")
            if choice.crl is not None
        )

    def _choices(self, field: str, type_name: str) -> Iterator[Any]:
        found = self._locate(("content", field))
        _, pos, end = found or (0, 0, 0)
        while pos < end:
            choice, pos = _backend.decode_at(type_name, self.buffer, pos, end)
            yield choice

    def locate(self, path: str) -> tuple[int, int] | None:
        """Where the element at ``path`` stands in ``buffer``; None where there is none.

        Paths are those of errors without their root: ``content.signerInfos[0].sid``, and through
        octet strings and open types ``content.encapContentInfo.eContent.reqSequence[0].tcr``.
        Raises `ValueError` for what is no path.
        """
        steps: list[str | int] = []
        pos = 0
        while pos < len(path):
            step = _STEP.match(path, pos)
            if step is None or (step[1] and (pos == 0) == step[0].startswith(".")):
                raise ValueError(f"not a path: {path!r}")
            steps.append(int(step[2]) if step[2] else step[1])
            pos = step.end()
        found = self._locate(tuple(steps))
        return None if found is None else (found[0], found[2])

    def _locate(self, path: tuple[str | int, ...]) -> tuple[int, int, int] | None:
        return _backend.locate(self._root, self.buffer, self._start, self._end, path)

    def octets(self, path: str) -> bytes | None:
        """The octets of the element at ``path`` exactly as received."""
        found = self.locate(path)
        return None if found is None else self.buffer[found[0] : found[1]]

    def verify(
        self,
        *,
        threads: int | None = None,
        trust: Trust | None = None,
        certificates: Iterable[CertificateLike] = (),
        authorised_ras: Iterable[CertificateLike] = (),
        at: datetime | None = None,
        legacy: bool = False,
        progress: Callable[[int, int], object] | None = None,
    ) -> Verified:
        """Verifies every signature of this message and the proofs of possession in it.

        The arguments are those of `verify_batch` but for the bounds: the message was accepted
        within those of `load`. Messages nested in this one are not looked at:
        an outer signature says nothing about them (RULES R5).

        Raises `VerificationError` with the reason of the first check that failed; for a message
        without signers that reason is ``no_signer``, for an encrypted one ``encrypted``.
        """
        from cmcodec.batch import verify_items

        row = verify_items(
            [self.to_der()],
            nested=False,
            threads=threads,
            trust=trust,
            certificates=certificates,
            authorised_ras=authorised_ras,
            at=at,
            legacy=legacy,
            # It was accepted within the bounds of `load`.
            max_layers=MAX_MESSAGE_LAYERS,
            max_size=MAX_MESSAGE_SIZE,
            progress=progress,
        )[0]
        if row.verdict != "verified":
            offset = None if row.offset is None else row.offset + self._start
            raise VerificationError(row.reason or "no_signer", offset, rule=row.rule)
        return Verified(_SEAL, self, row)

    def to_dict(self) -> dict[str, Any]:
        """The message as JSON types, octets that are messages themselves opened."""
        from cmcodec._present import to_dict

        structure: dict[str, Any] = to_dict(self.unverified_structure)
        content = self.unverified_content
        if self._root == "ContentInfo" and content is not None:
            inner = to_dict(content)
            for nested, (_, message) in zip(
                inner.get("cmsSequence", ()), self.unverified_messages, strict=False
            ):
                nested["contentInfo"] = message.to_dict()
            structure["content"]["encapContentInfo"]["eContent"] = inner
        return structure

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self.to_der() == other.to_der()

    def __hash__(self) -> int:
        return hash(self.to_der())

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self.to_der(), self.encoding, self._root)

    def __repr__(self) -> str:
        return f"<Message {self.kind}, {self.encoding}, {self._end - self._start} octets>"


def _restore(der: bytes, encoding: str, root: str) -> Message:
    """Unpickles a message: octets from outside, so they are validated again."""
    message = load(der, max_layers=MAX_MESSAGE_LAYERS)
    return Message(_SEAL, message.buffer, message.span, encoding, root)


def message_at(der: bytes, span: tuple[int, int], kind: str) -> Message:
    """The message of this kind at ``span`` of a buffer that was validated."""
    root = "CertificationRequest" if kind == "simple-request" else "ContentInfo"
    return Message(_SEAL, der, span, "der", root)


@final
class Messages(Sequence[tuple[int, Message]]):
    """The members of a cmsSequence as pairs of body part id and `Message`.

    Made when they are reached and not kept: iterating takes constant memory, indexing eight
    octets per member.
    """

    __slots__ = ("_buffer", "_end", "_offsets", "_start")

    def __init__(self, buffer: bytes, start: int, end: int) -> None:
        self._buffer = buffer
        self._start = start
        self._end = end
        self._offsets: array[int] | None = None

    def _from(self, pos: int) -> Iterator[tuple[int, Message]]:
        buffer = self._buffer
        for identifier, start, end in _backend.members(buffer, pos, self._end):
            yield identifier, Message(_SEAL, buffer, (start, end), "der", "ContentInfo")

    def __iter__(self) -> Iterator[tuple[int, Message]]:
        return self._from(self._start)

    def _starts(self) -> array[int]:
        if self._offsets is None:
            self._offsets = array("Q", _backend.offsets(self._buffer, self._start, self._end))
        return self._offsets

    def __len__(self) -> int:
        return len(self._starts())

    @overload
    def __getitem__(self, index: int) -> tuple[int, Message]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[int, Message]]: ...
    def __getitem__(self, index: int | slice) -> tuple[int, Message] | list[tuple[int, Message]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return next(self._from(self._starts()[index]))


@final
class Verified:
    """A message whose signatures and proofs of possession verified, and what is known of them.

    Nested messages are not part of it: each has a verdict of its own (RULES R5).
    """

    __slots__ = ("_row", "message")

    def __init__(self, seal: object, message: Message, row: Row) -> None:
        if seal is not _SEAL:
            raise TypeError("verified messages come from Message.verify")
        self.message: Final = message
        self._row: Final = row

    @property
    def content(self) -> types.PKIData | types.PKIResponse | types.CertificationRequest | None:
        """The verified request or response."""
        return self.message.unverified_content

    @property
    def signers(self) -> tuple[Signer, ...]:
        """One for each SignerInfo: algorithm, key and chain."""
        return self._row.signers

    @property
    def requests(self) -> tuple[RequestReport, ...]:
        """The certification requests and the state of their proofs of possession."""
        return self._row.requests

    @property
    def transaction_id(self) -> int | None:
        """The value of the transactionId control."""
        return self._row.transaction_id

    @property
    def notes(self) -> tuple[Note, ...]:
        """References of controls that lead nowhere (RULES R4)."""
        return self._row.notes

    def __repr__(self) -> str:
        return f"<Verified {self.message.kind}, {len(self.signers)} signers>"
