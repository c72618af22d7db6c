"""Verifying many messages at once (rules V and R)."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, TypedDict, Unpack, cast

from cmcodec import _backend, metering
from cmcodec.arguments import flag, moment, thread_count
from cmcodec.errors import DecodeError
from cmcodec.limits import DEFAULT_MESSAGE_LAYERS, DEFAULT_MESSAGE_SIZE
from cmcodec.loaded import Loaded
from cmcodec.received import Buffer, advice, is_buffer, received_octets
from cmcodec.verify.certificates import certificates_octets
from cmcodec.verify.checks import Policy
from cmcodec.verify.lanes import LanesWarning, is_wanted
from cmcodec.verify.report import BatchReport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmcodec._backend import Received, Validated
    from cmcodec.verify.checks import RequestKeys
    from cmcodec.verify.given import Certificates, Trust
    from cmcodec.verify.lanes import Wanted
    from cmcodec.verify.trust import Checker

__all__ = [
    "Decided",
    "Item",
    "Verification",
    "cores",
    "default_threads",
    "verify_batch",
    "verify_items",
]

Item: TypeAlias = Buffer | str | Loaded
"""A message as `load` takes it, or one that was loaded."""


def verify_batch(
    data: Item | Iterable[Item],
    *,
    threads: int | None = None,
    trust: Trust | None = None,
    request_keys: RequestKeys = "none",
    certificates: Certificates = (),
    authorised_ras: Certificates = (),
    at: datetime | None = None,
    legacy: bool = False,
    max_layers: int = DEFAULT_MESSAGE_LAYERS,
    max_size: int = DEFAULT_MESSAGE_SIZE,
    wrapped: bool = False,
    lanes: Wanted | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> BatchReport:
    """Verifies one message with all that are nested in it, or many messages.

    ``data`` is a message as `load` takes it, a `Message`, or an iterable of either. Never raises
    for a bad message: it is a row of the report, and its neighbours are unaffected (rule R5).

    ``threads``: how many to use, 1,024 at most; by default all cores, and in the fallback one.
    ``trust``: trust anchors, or a callback (see `cmcodec.Trust`); without it chains are
    ``"unchecked"``. Revocation is not checked. ``request_keys``: where trust is given, which
    messages may be signed by a key that only their own request has, and which bare PKCS#10 pass:
    ``"none"``, ``"nested"`` (inside another message of this call) or ``"all"``; the others fail
    with ``untrusted_request_key`` (rule V13). ``certificates``: where to look for signers beside
    the messages' own. ``authorised_ras``: the RA certificates whose ``raVerified`` counts (rule
    R2). Anchors, certificates and RAs are each one certificate, a PEM bundle, or an iterable of
    either. ``at``: when chains must be valid, with its time zone; now by default. ``legacy`` adds
    RSA PKCS#1 v1.5 with SHA-1 and 1024-bit RSA, and nothing else (rule V10a). ``max_layers`` and
    ``max_size`` bound each item, a `Message` too, as they do in `load`. ``wrapped``: whether an
    item may be a PKCS#10 in a SignedData over id-data, as in `load`; a `Message` follows what
    `load` was told. ``lanes``: with ``"auto"`` the engine looks at eight signatures at once where
    the processor can, and asks the library about all that are not found good, so that the report
    is the same; by default what the environment says in ``CMCODEC_LANES``, and else ``"off"``
    (docs/lanes.md). ``progress``: called with messages done and messages in all, from the calling
    thread.

    Before anything is verified, raises `TypeError` for an argument of another type, a file or a
    path for example, and says what to give in its place; `ValueError` for a time without zone or an
    unknown ``request_keys`` or ``lanes``, and its subclass `DecodeError` for octets that are no
    certificate. Then it raises `TypeError` where a trust callback returns
    neither True nor False, and what the callback or ``progress`` raises.
    """
    verification = Verification(
        threads=threads,
        trust=trust,
        request_keys=request_keys,
        certificates=certificates,
        authorised_ras=authorised_ras,
        at=at,
        legacy=legacy,
        max_layers=max_layers,
        max_size=max_size,
        lanes=lanes,
    )
    flag("wrapped", wrapped)
    received = [verification.received(item, wrapped=wrapped) for item in _items(data)]
    refused = {index: each for index, each in enumerate(received) if isinstance(each, DecodeError)}
    given = [b"" if isinstance(each, DecodeError) else each for each in received]
    return verification.report(given, nested=True, refused=refused, progress=progress)


def verify_items(
    items: Sequence[Received | Validated],
    *,
    nested: bool,
    refused: Mapping[int, DecodeError] = MappingProxyType({}),
    progress: Callable[[int, int], object] | None = None,
    **decided: Unpack[Decided],
) -> BatchReport:
    """`verify_batch` over octets or validated messages, with or without what is nested in them.

    ``refused`` tells by position which items are none, and why.
    """
    verification = Verification(**decided)
    return verification.report(items, nested=nested, refused=refused, progress=progress)


class Decided(TypedDict, total=False):
    """What the caller of `verify_batch` decides about every message."""

    threads: int | None
    trust: Trust | None
    request_keys: RequestKeys
    certificates: Certificates
    authorised_ras: Certificates
    at: datetime | None
    legacy: bool
    max_layers: int
    max_size: int
    lanes: Wanted | None


class Verification:
    """What was decided, checked once, for any number of lists of messages.

    Raises what `verify_batch` raises for wrong arguments.
    """

    def __init__(
        self,
        *,
        threads: int | None = None,
        trust: Trust | None = None,
        request_keys: RequestKeys = "none",
        certificates: Certificates = (),
        authorised_ras: Certificates = (),
        at: datetime | None = None,
        legacy: bool = False,
        max_layers: int = DEFAULT_MESSAGE_LAYERS,
        max_size: int = DEFAULT_MESSAGE_SIZE,
        lanes: Wanted | None = None,
    ) -> None:
        self._policy = Policy.of(request_keys)
        flag("legacy", legacy)
        at = datetime.now(UTC) if at is None else moment("at", at)
        self._threads = thread_count(default_threads() if threads is None else threads)
        self._certificates = certificates_octets("certificates", certificates)
        ras = certificates_octets("authorised_ras", authorised_ras)
        self._ras = [hashlib.sha256(ra).digest() for ra in ras]
        self._checker = None if trust is None else _checker(trust, self._certificates, at)
        self._legacy, self._lanes = legacy, is_wanted(lanes)
        self._max_layers, self._max_size = max(1, max_layers), max(0, max_size)

    def report(
        self,
        items: Sequence[Received | Validated],
        *,
        nested: bool,
        refused: Mapping[int, DecodeError] = MappingProxyType({}),
        progress: Callable[[int, int], object] | None = None,
    ) -> BatchReport:
        """The report over these, as `verify_items` has it."""
        with metering.cryptography():
            verdicts = _backend.verify(
                items,
                strict=False,
                max_layers=self._max_layers,
                max_size=self._max_size,
                nested=nested,
                certificates=self._certificates,
                authorised_ras=self._ras,
                legacy=self._legacy,
                threads=self._threads,
                lanes=self._lanes,
                progress=progress,
            )
        if verdicts.disagreement is not None:
            warnings.warn(LanesWarning(*verdicts.disagreement), stacklevel=3)
        return BatchReport(verdicts, self._checker, self._policy, refused)

    def received(self, item: Item, *, wrapped: bool) -> Received | DecodeError:
        """An item as a backend takes it, or what is wrong with the text around it."""
        return _received(item, self._max_size, wrapped)


def _checker(trust: Trust, extra: list[bytes], at: datetime) -> Checker:
    """What finds chains, loaded where somebody is trusted."""
    from cmcodec.verify.trust import Checker

    return Checker(trust, extra, at)


def default_threads() -> int:
    """As many as pay: two thirds of what the fallback does hold the interpreter's lock."""
    return cores() if _backend.name() == "rust" else 1


def cores() -> int:
    """The cores that this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return usable or os.cpu_count() or 1


def _items(data: Item | Iterable[Item]) -> Iterable[Item]:
    """The messages in what a caller gives; raises `TypeError` for what would be one by accident.

    A file iterates over its lines, and a mapping over its keys.
    """
    if _is_item(data):
        return [cast("Item", data)]
    is_other = hasattr(data, "read") or isinstance(data, Mapping)
    if is_other or not isinstance(data, Iterable):
        raise TypeError(advice(data))
    items = list(cast("Iterable[Item]", data))
    for index, item in enumerate(items):
        if not _is_item(item):
            raise TypeError(f"number {index}: {advice(item)}")
    return items


def _is_item(data: object) -> bool:
    # What most are, before anything else is asked.
    return type(data) is bytes or isinstance(data, (str, Loaded)) or is_buffer(data)


def _received(item: Item, max_size: int, wrapped: bool) -> Received | DecodeError:
    """An item's octets and how they are read, or what is wrong with the text around them."""
    if isinstance(item, Loaded):
        octets, wrapped = item.to_der(), item.wrapped
    else:
        try:
            octets = received_octets(item, max_size)
        except DecodeError as error:
            return error
    return (octets, True) if wrapped else octets
