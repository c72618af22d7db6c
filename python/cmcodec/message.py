"""Loading a message, and what verifying it gives (RFC 10002 §3 and §4)."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NoReturn, final, overload

from cmcodec import _backend
from cmcodec.arguments import flag
from cmcodec.errors import DecodeError, VerificationError
from cmcodec.hints import hint
from cmcodec.limits import (
    DEFAULT_MESSAGE_LAYERS,
    DEFAULT_MESSAGE_SIZE,
    MAX_MESSAGE_LAYERS,
    MAX_MESSAGE_SIZE,
)
from cmcodec.loaded import Loaded
from cmcodec.reasons import Reason
from cmcodec.received import received_octets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from cmcodec import types
    from cmcodec.cms.opening import Opened, Unsigned
    from cmcodec.cms.recipients import RecipientKey
    from cmcodec.received import Buffer
    from cmcodec.verify.checks import RequestKeys
    from cmcodec.verify.given import Certificates, Trust
    from cmcodec.verify.verdict import Encoding, Note, Origin, RequestReport, Row, Signer

__all__ = ["Message", "Messages", "Verified", "load"]

_STEP: Final = re.compile(r"\.?([A-Za-z0-9-]+)|\[([0-9]{1,9})\]")


def load(
    data: Buffer | str,
    *,
    strict: bool = False,
    max_layers: int = DEFAULT_MESSAGE_LAYERS,
    max_size: int = DEFAULT_MESSAGE_SIZE,
    wrapped: bool = False,
) -> Message:
    """Validates one message and everything nested in it, and makes no object of its content.

    ``data`` is DER, BER in the CMS wrapper, PEM (RFC 7468) or base64, in ``bytes`` or anything with
    the buffer protocol; the last two also in a ``str``, or in UTF-8 or UTF-16 with a byte order
    mark. It has at most ``max_size`` octets (512 MiB; 4 GiB is the cap), text around it not
    counted, and at most ``max_layers`` PKI messages inside one another (8; 32 is the cap).
    ``strict`` refuses BER, the legacy forms of RFC 2797 and RFC 6402, ``critical`` FALSE written
    out (rule P3), and versions of SignedData and SignerInfo that their contents do not call for
    (rule V1); inside certificates and CRLs it refuses nothing more.

    ``wrapped``: a PKCS#10 in a SignedData over id-data, as Windows renews certificates (MS-WCCE
    §3.1.1.4.3.1.4), is a ``"wrapped-request"``, the outermost message alone; its content is the
    request (rule V1). What begins there as a PKCS#10 does, a SEQUENCE of version and Name, must be
    one to its end; anything else is what it is without ``wrapped``: ``"other"``.

    Raises `DecodeError` with reason, offset, path and hint; its subclass `LimitError` where a bound
    is exceeded; `TypeError` where ``data`` has no octets, as a file or a path, and where a switch
    is no bool. Nothing is verified: see `Message.verify`.
    """
    # What nearly every caller leaves as it is needs no call.
    if strict is not False:
        flag("strict", strict)
    if wrapped is not False:
        flag("wrapped", wrapped)
    size = max(0, max_size)
    octets = received_octets(data, size)
    layers = max(1, min(max_layers, MAX_MESSAGE_LAYERS))
    try:
        der, encoding, root = _backend.load(octets, strict, layers, size, wrapped)
    except DecodeError as error:
        error.hint = hint(octets)
        raise
    return _made(der, (0, len(der)), encoding, root, layers <= DEFAULT_MESSAGE_LAYERS)


@final
class Message(Loaded):
    """A validated message. Its content is reached only under names that say ``unverified``.

    Equal to a message of the same octets. ``encoding`` is ``"der"`` or ``"ber"`` (as received).
    """

    __slots__ = ()

    def __init__(self) -> None:
        raise TypeError("messages come from cmcodec.load")

    @property
    def unverified_messages(self) -> Messages:
        """The messages in ``cmsSequence``, in order, each with a verdict of its own to come."""
        return Messages(self.buffer, *self._sequence("cmsSequence"))

    def locate(self, path: str) -> tuple[int, int] | None:
        """Where the element at ``path`` stands in ``buffer``; None where there is none.

        Paths are those of errors without their root: ``content.signerInfos[0].sid``, and through
        octet strings and open types ``content.encapContentInfo.eContent.reqSequence[0].tcr``.
        Raises `ValueError` for what is no path.
        """
        found = self._locate(_steps(path))
        return None if found is None else (found[0], found[2])

    def element_offsets(self, path: tuple[str | int, ...]) -> list[int] | None:
        """Where each element of the sequence at ``path`` starts in ``buffer``; None without one.

        ``path`` is one of `locate`, step by step: names and positions.
        """
        found = self._locate(path)
        return None if found is None else _backend.offsets(self.buffer, found[1], found[2])

    def octets(self, path: str) -> bytes | None:
        """The octets of the element at ``path`` exactly as received."""
        found = self.locate(path)
        return None if found is None else self.buffer[found[0] : found[1]]

    def verify(
        self,
        *,
        threads: int | None = None,
        trust: Trust | None = None,
        request_keys: RequestKeys = "none",
        certificates: Certificates = (),
        authorised_ras: Certificates = (),
        at: datetime | None = None,
        legacy: bool = False,
        progress: Callable[[int, int], object] | None = None,
    ) -> Verified:
        """Verifies every signature of this message and the proofs of possession in it.

        The arguments are those of `verify_batch` but for the bounds and ``wrapped``: the message
        was accepted as `load` was told to. Messages nested in this one are not looked at:
        an outer signature says nothing about them (rule R5), and ``request_keys="nested"`` is
        ``"none"`` here.

        Raises what `verify_batch` raises, and `VerificationError` with the reason of the first
        check that failed; for a message without signers that reason is ``no_signer``, for an
        encrypted one ``encrypted``.
        """
        from cmcodec.verify.batch import verify_items

        row = verify_items(
            [self.item],
            nested=False,
            threads=threads,
            trust=trust,
            request_keys=request_keys,
            certificates=certificates,
            authorised_ras=authorised_ras,
            at=at,
            legacy=legacy,
            progress=progress,
        )[0]
        if row.verdict != "verified":
            reason = row.reason or Reason.NO_SIGNER
            raise VerificationError(reason, row.offset, rule=row.rule)
        verified = object.__new__(Verified)
        object.__setattr__(verified, "_message", self)
        object.__setattr__(verified, "_row", row)
        return verified

    def open(
        self,
        keys: RecipientKey | Iterable[RecipientKey] = (),
        *,
        trust: Trust | None = None,
        certificates: Certificates = (),
        authorised_ras: Certificates = (),
        at: datetime | None = None,
        legacy: bool = False,
        request_keys: RequestKeys = "none",
    ) -> Opened:
        """Opens and checks every layer around the request or response (RFC 10002 §3.2 and §5).

        A signature; an (Auth)EnvelopedData around it; a signature around that; or a MAC by a
        password, which needs no trust. A bare PKCS#10 has no layer. ``keys`` open what is
        encrypted, ``legacy`` opens des-ede3-cbc too; the other arguments are those of `verify`, for
        every signature.

        Raises what `verify` raises; `DecryptionError` where no key fits, and for everything that is
        wrong with an encrypted layer behind that, in an EnvelopedData up to the good signature
        inside; what `load` raises, for the content of an AuthEnvelopedData; `LimitError` for too
        many recipients, keys or iterations.
        """
        opened: Opened = _opener("open_message")(
            self,
            keys,
            trust=trust,
            certificates=certificates,
            authorised_ras=authorised_ras,
            at=at,
            legacy=legacy,
            request_keys=request_keys,
        )
        return opened

    def open_unsigned(
        self, keys: RecipientKey | Iterable[RecipientKey] = (), *, legacy: bool = False
    ) -> Unsigned:
        """Opens what nobody has authenticated (RFC 10002 §3.2, §4.2 and §C.1).

        That is a PKIData or PKIResponse with id-alg-noSignature, whose digest is checked, or
        without any SignerInfo; also inside one (Auth)EnvelopedData.

        Raises what `open` raises, and `VerificationError` for a message that somebody signed.
        """
        opened: Unsigned = _opener("open_unsigned")(self, keys, legacy=legacy)
        return opened

    def to_dict(self) -> dict[str, Any]:
        """The message as JSON types, octets that are messages themselves opened."""
        from cmcodec.asn1.display import to_dict

        structure: dict[str, Any] = to_dict(self.unverified_structure)
        content = self.unverified_content
        if self._root != "CertificationRequest" and content is not None:
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
        return _restore, (self.to_der(), self.encoding, self.wrapped)


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[str | int, ...]:
    """The names and positions of a path; raises `ValueError` for what is none."""
    steps: list[str | int] = []
    pos = 0
    while pos < len(path):
        step = _STEP.match(path, pos)
        if step is None or (step[1] and (pos == 0) == step[0].startswith(".")):
            raise ValueError(f"not a path: {path!r}")
        steps.append(int(step[2]) if step[2] else step[1])
        pos = step.end()
    return tuple(steps)


def register_opener(module: Callable[[], Any]) -> None:
    """Says where layers are opened: in a module above this one, loaded when it is first needed."""
    global _opening  # noqa: PLW0603 - one package has one
    _opening = module


def _opener(name: str) -> Any:
    assert _opening is not None
    return getattr(_opening(), name)


_opening: Callable[[], Any] | None = None


def _restore(der: bytes, encoding: str, wrapped: bool = False) -> Message:
    """Unpickles a message: octets from outside, so they are loaded again.

    A pickle tells of them only how they were received, and whether to expect a wrapped request.
    """
    message = load(
        der, max_layers=MAX_MESSAGE_LAYERS, max_size=MAX_MESSAGE_SIZE, wrapped=wrapped is True
    )
    known: Encoding = "ber" if encoding == "ber" else message.encoding
    return _made(message.buffer, message.span, known, message._root)  # noqa: SLF001 - of its own class


def _made(
    buffer: bytes,
    span: tuple[int, int],
    encoding: Encoding,
    root: str,
    nested_validated: bool = False,
) -> Message:
    made = object.__new__(Message)
    Loaded.__init__(made, buffer, span, encoding, root, nested_validated)
    return made


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
        buffer, new, begin = self._buffer, object.__new__, Loaded.__init__
        for identifier, start, end in _backend.members(buffer, pos, self._end):
            message = new(Message)
            begin(message, buffer, (start, end), "der", "ContentInfo")
            yield identifier, message

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


class Sealed:
    """What was found of a message: made by this package alone, never changed, copied or pickled."""

    __slots__ = ()

    def __init__(self) -> None:
        raise TypeError("what was checked comes from the methods of a message")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("it says what was checked")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("it says what was checked")

    def __reduce__(self) -> NoReturn:
        raise TypeError("what was checked is not copied or pickled: its message is, unverified")


@final
class Verified(Sealed):
    """A message whose signatures and proofs of possession verified, and what is known of them.

    Nested messages are not part of it: each has a verdict of its own (rule R5). It comes from
    `Message.verify` alone: it cannot be assigned to, copied or pickled.
    """

    __slots__ = ("_message", "_row")
    _message: Message
    _row: Row

    @property
    def message(self) -> Message:
        """The message that was verified."""
        return self._message

    @property
    def content(self) -> types.PKIData | types.PKIResponse | types.CertificationRequest | None:
        """The verified request or response."""
        return self.message.unverified_content

    @property
    def signers(self) -> tuple[Signer, ...]:
        """One for each SignerInfo: algorithm, key and chain."""
        return self._row.signers

    @property
    def origin(self) -> Origin | None:
        """What signed: ``"certificate"``, or ``"request-key"``, which authenticates nobody."""
        return self._row.origin

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
        """What is odd in the message and changes no verdict (rules R4, V1)."""
        return self._row.notes

    def __repr__(self) -> str:
        return f"<Verified {self.message.kind}, {len(self.signers)} signers>"
