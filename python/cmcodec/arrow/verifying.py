"""One table of verdicts out of messages in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Unpack

from cmcodec import _backend
from cmcodec.arguments import flag
from cmcodec.columns.incoming import arrays, octets, octets_type
from cmcodec.errors import DecodeError
from cmcodec.limits import DEFAULT_MESSAGE_LAYERS, DEFAULT_MESSAGE_SIZE
from cmcodec.verify.batch import Decided, Verification
from cmcodec.verify.verdicts import Schema, Verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cmcodec._backend import Columns, Received
    from cmcodec.columns.fields import Field
    from cmcodec.columns.structures import ArrowArray
    from cmcodec.verify.checks import RequestKeys
    from cmcodec.verify.given import Certificates, Trust
    from cmcodec.verify.lanes import Wanted

__all__ = ["Options", "Verifier", "verify", "verify_rows"]

_ROWS: Final = 8192
_OCTETS: Final = 1 << 26
"""Messages that are verified at once: so many, or of so many octets. They are copied."""


class Options(Decided, total=False):
    """The keywords of `verify`."""

    nested: bool
    wrapped: bool
    plain: bool


class Verifier:
    """What was decided, checked once, for any number of arrays of messages.

    ``threads`` is 1 by default: an engine that calls has threads of its own.
    """

    def __init__(
        self,
        *,
        places: bool,
        nested: bool = True,
        wrapped: bool = False,
        plain: bool = False,
        **decided: Unpack[Decided],
    ) -> None:
        for name, value in (("nested", nested), ("wrapped", wrapped), ("plain", plain)):
            flag(name, value)
        decided.setdefault("threads", 1)
        self._verification = Verification(**decided)
        self._nested, self._wrapped = nested, wrapped
        self.schema = Schema(plain=plain, places=places)
        self._plain, self._places = plain, places

    def columns(self) -> Columns:
        """Columns for the verdicts, empty."""
        return _backend.columns(plain=self._plain, places=self._places)

    def add(self, columns: Columns, array: ArrowArray, field: Field, *, first: int = 0) -> None:
        """Adds the verdicts over an array, whose messages are called from number ``first`` on."""
        reader = octets(array, field)
        start = 0
        while start < array.length:
            messages = reader.take(start, min(start + _ROWS, array.length), _OCTETS)
            self._add(columns, messages, first=first + start)
            start += len(messages)

    def _add(self, columns: Columns, messages: Sequence[bytes | None], *, first: int) -> None:
        absent, refused = [], {}
        items: list[Received] = []
        for index, message in enumerate(messages):
            received: Any = b""
            if message is None:
                absent.append(index)
            else:
                received = self._verification.received(message, wrapped=self._wrapped)
                if isinstance(received, DecodeError):
                    refused[index] = received
                    received = b""
            items.append(received)
        report = self._verification.report(items, nested=self._nested, refused=refused)
        report.add_to(columns, nested=self._nested, first=first, absent=absent)


def verify(
    messages: Any,
    *,
    nested: bool = True,
    threads: int | None = 1,
    trust: Trust | None = None,
    certificates: Certificates = (),
    authorised_ras: Certificates = (),
    at: datetime | None = None,
    legacy: bool = False,
    request_keys: RequestKeys = "none",
    wrapped: bool = False,
    max_layers: int = DEFAULT_MESSAGE_LAYERS,
    max_size: int = DEFAULT_MESSAGE_SIZE,
    lanes: Wanted | None = None,
    plain: bool = False,
) -> Verdicts:
    """Verifies messages: one row in, one row out, in order.

    ``messages``: an object with ``__arrow_c_array__`` or ``__arrow_c_stream__``, of a type that the
    package names. Rows are those of the outermost messages. With ``nested`` (the default)
    ``members`` tells how many messages are nested in one, and ``members_failed`` how many of them
    failed or are malformed; else both are null. ``plain``: words are utf8 and not
    dictionary<int8, utf8>, for engines whose functions take no dictionaries. ``threads`` is 1 by
    default, and with None as many as pay. The other keywords are those of `cmcodec.verify_batch`,
    and so are the verdicts.

    Work goes piece by piece, so that memory beside the input and the table stays below some 64 MiB
    and a message. Raises `TypeError` for a column of another type or an object that speaks no
    Arrow, before anything is verified; `ValueError` for an array that is broken, and for more than
    2 GiB of text in a column of the result; and what `verify_batch` raises for its arguments.
    """
    verifier = Verifier(
        places=False,
        nested=nested,
        threads=threads,
        trust=trust,
        certificates=certificates,
        authorised_ras=authorised_ras,
        at=at,
        legacy=legacy,
        request_keys=request_keys,
        wrapped=wrapped,
        max_layers=max_layers,
        max_size=max_size,
        lanes=lanes,
        plain=plain,
    )
    return _table(messages, verifier)


def verify_rows(messages: Any, **options: Unpack[Options]) -> Verdicts:
    """`verify` with one row for every PKI message, nested ones too.

    ``index`` is the number of the message that was given, ``path`` the body part ids that lead to
    one in it. ``members`` are those nested in the message of the row.
    """
    return _table(messages, Verifier(places=True, **options))


def _table(messages: Any, verifier: Verifier) -> Verdicts:
    columns, first = verifier.columns(), 0
    with arrays(messages, "messages") as given:
        octets_type(given.field, "messages")
        for owned in given:
            with owned as array:
                verifier.add(columns, array, given.field, first=first)
                first += array.length
    return Verdicts(verifier.schema, columns.finish())
