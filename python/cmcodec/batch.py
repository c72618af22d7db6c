"""Verifying many messages at once, and the report (RULES V and R)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast, final, overload

from cmcodec import _backend, _present
from cmcodec.limits import DEFAULT_MESSAGE_LAYERS, DEFAULT_MESSAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cmcodec.message import Buffer, Message
    from cmcodec.trust import CertificateLike, Trust

    Item = Buffer | Message
    Verdict = Literal["verified", "failed", "unsigned", "unverified", "malformed"]
    Pop = Literal["verified", "ra-asserted", "absent", "challenge-needed", "failed"]

__all__ = ["BatchReport", "Note", "RequestReport", "Row", "Signer", "verify_batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """One SignerInfo: which key verified it, and whether that key's certificate is trusted.

    ``certificate_sha256`` names the certificate, ``request_id`` the certification request whose
    own key signed; both are None where the signature is not good, and then ``reason`` says why.
    ``chain`` is None without a certificate, ``"unchecked"`` without trust anchors;
    ``anchor_sha256`` names the anchor of a trusted chain.
    """

    algorithm: str | None
    certificate_sha256: str | None
    request_id: int | None
    chain: Literal["unchecked", "trusted", "untrusted"] | None
    anchor_sha256: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReport:
    """One certification request and the state of its proof of possession (RULES R1, R2, R6)."""

    id: int
    form: Literal["pkcs10", "crmf", "other"]
    pop: Pop


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A control that refers to something that is not there (RULES R4). Changes no verdict."""

    control_id: int
    reason: Literal["dangling_reference", "duplicate_reference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The verdict over one PKI message.

    ``index`` is the position of the input it came in, ``path`` the body part ids from the
    outermost message to this one (empty for the outermost). ``offset`` and ``span`` count octets
    in the DER form of that input. ``reason`` and ``rule`` are None for a verified message.
    """

    index: int
    path: tuple[int, ...]
    kind: str
    encoding: str
    verdict: Verdict
    reason: str | None
    rule: str | None
    offset: int | None
    signers: tuple[Signer, ...]
    requests: tuple[RequestReport, ...]
    transaction_id: int | None
    notes: tuple[Note, ...]
    span: tuple[int, int]

    def to_dict(self, file: str | None = None) -> dict[str, Any]:
        """The row as JSON types; ``file`` takes the place of ``index`` where given."""
        number = self.transaction_id
        return {
            **({"index": self.index} if file is None else {"file": file}),
            "path": list(self.path),
            "kind": self.kind,
            "encoding": self.encoding,
            "verdict": self.verdict,
            "reason": self.reason,
            "rule": self.rule,
            "offset": self.offset,
            "signers": [
                {
                    "algorithm": signer.algorithm,
                    "certificate_sha256": signer.certificate_sha256,
                    "request_id": signer.request_id,
                    "chain": signer.chain,
                }
                for signer in self.signers
            ],
            "requests": [
                {"id": request.id, "form": request.form, "pop": request.pop}
                for request in self.requests
            ],
            "transaction_id": None if number is None else _present.decimal(number),
            "notes": [
                {"control_id": note.control_id, "reason": note.reason} for note in self.notes
            ],
        }


@final
class BatchReport(Sequence[Row]):
    """One `Row` for each PKI message: the outer one first, then its nested ones in order.

    Rows are made when they are reached, so a report over 100,000 messages stays small.
    """

    __slots__ = ("_chains", "_malformed", "_verdicts")

    def __init__(self, verdicts: Any, chains: _Chains | None) -> None:
        self._verdicts = verdicts
        self._chains = chains
        # Where nested messages stand that are no messages, by item, once it is needed.
        self._malformed: dict[int, set[int]] | None = None

    def __len__(self) -> int:
        return len(self._verdicts)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError("no such row")
        return self._row(self._verdicts[position])

    def __iter__(self) -> Iterator[Row]:
        for position in range(len(self)):
            yield self._row(self._verdicts[position])

    def counts(self) -> dict[str, int]:
        """How many messages got which verdict; verdicts nobody got are left out."""
        if self._chains is None:
            found: dict[str, int] = self._verdicts.counts()
            return {verdict: number for verdict, number in found.items() if number}
        counted: dict[str, int] = {}
        for row in self:
            counted[row.verdict] = counted.get(row.verdict, 0) + 1
        return counted

    def failures(self) -> Iterator[Row]:
        """The rows of every message that is not verified."""
        return (row for row in self if row.verdict != "verified")

    def der(self, index: int) -> bytes:
        """The DER form of input number ``index``, which offsets and spans refer to."""
        octets: bytes = self._verdicts.der(index)
        return octets

    def _row(self, fields: tuple[Any, ...]) -> Row:
        (index, path, kind, encoding, verdict, reason, rule, offset) = fields[:8]
        signers, requests, transaction_id, span, has_references = fields[8:]
        row = Row(
            index=index,
            path=path,
            kind=kind,
            encoding=encoding,
            verdict=verdict,
            reason=reason,
            rule=rule,
            offset=offset,
            signers=tuple(
                Signer(
                    algorithm=algorithm,
                    certificate_sha256=digest,
                    request_id=request_id,
                    chain=None if digest is None else "unchecked",
                    reason=why,
                )
                for algorithm, digest, request_id, _, why in signers
            ),
            requests=tuple(
                RequestReport(id=request_id, form=form, pop=pop)
                for request_id, form, pop in requests
            ),
            transaction_id=(
                None
                if transaction_id is None
                else int.from_bytes(transaction_id, "big", signed=True)
            ),
            notes=self._notes(index, span, kind) if has_references else (),
            span=span,
        )
        if self._chains is None or not any(certificate for _, _, _, certificate, _ in signers):
            return row
        return self._chains.check(row, self.der(index), [entry[3] for entry in signers])

    def _notes(self, index: int, span: tuple[int, int], kind: str) -> tuple[Note, ...]:
        from cmcodec import _references
        from cmcodec.message import message_at

        if self._malformed is None:
            self._malformed = {}
            for item, start in self._verdicts.malformed():
                self._malformed.setdefault(item, set()).add(start)
        message = message_at(self.der(index), span, kind)
        return _references.notes(message, self._malformed.get(index, frozenset()))

    def __repr__(self) -> str:
        counted = ", ".join(f"{number} {verdict}" for verdict, number in self.counts().items())
        return f"<BatchReport {len(self)} messages: {counted}>"


@final
class _Chains:
    """Chain results for the rows of one report, each chain built once (RULES V13)."""

    def __init__(self, trust: Trust, extra: list[bytes], at: datetime | None) -> None:
        from cmcodec.trust import Checker

        self._checker = Checker(trust, extra, at)

    def check(self, row: Row, der: bytes, certificates: list[bytes | None]) -> Row:
        from cmcodec.message import message_at

        carried = [c.der for c in message_at(der, row.span, row.kind).certificates]
        signers = []
        for signer, certificate in zip(row.signers, certificates, strict=True):
            if certificate is None:
                signers.append(signer)
                continue
            anchor = self._checker.anchor(certificate, carried)
            chain: Any = "untrusted" if anchor is None else "trusted"
            signers.append(replace(signer, chain=chain, anchor_sha256=anchor or None))
        row = replace(row, signers=tuple(signers))
        untrusted = any(signer.chain == "untrusted" for signer in signers)
        # The first failing rule is the reason, and V13 stands before the proofs of possession.
        if untrusted and (row.verdict == "verified" or (row.rule or "").startswith("R")):
            return replace(
                row, verdict="failed", reason="untrusted_chain", rule="V13", offset=row.span[0]
            )
        return row


def verify_batch(
    data: Item | Iterable[Item],
    *,
    threads: int | None = None,
    trust: Trust | None = None,
    certificates: Iterable[CertificateLike] = (),
    authorised_ras: Iterable[CertificateLike] = (),
    at: datetime | None = None,
    legacy: bool = False,
    max_layers: int = DEFAULT_MESSAGE_LAYERS,
    max_size: int = DEFAULT_MESSAGE_SIZE,
    progress: Callable[[int, int], object] | None = None,
) -> BatchReport:
    """Verifies one message with all that are nested in it, or many messages.

    ``data`` is a message as `load` takes it, a `Message`, or an iterable of either. Never raises
    for a bad message: it is a row of the report, and its neighbours are unaffected (RULES R5).

    ``threads``: how many to use; by default all cores, and in the fallback one. ``trust``: trust
    anchors, or a callback (see `cmcodec.trust`); without it chains are ``"unchecked"``.
    ``certificates``: where to look for signers beside the messages' own. ``authorised_ras``: the RA
    certificates whose ``raVerified`` counts (RULES R2). ``at``: when chains must be valid, now by
    default. ``legacy`` adds RSA PKCS#1 v1.5 with SHA-1 and 1024-bit RSA, and nothing else (RULES
    V10a). ``max_layers`` and ``max_size`` bound each item, a `Message` too, as they do in `load`.
    ``progress``: called with messages done and messages in all, from the calling thread.

    Raises `UnsupportedError` where ``trust`` needs a newer ``cryptography``, and what ``progress``
    or a trust callback raises.
    """
    from cmcodec.message import Message

    items: list[Item]
    if isinstance(data, Message) or _is_buffer(data):
        items = [cast("Item", data)]
    else:
        items = list(cast("Iterable[Item]", data))
    return verify_items(
        [_item_octets(item) for item in items],
        nested=True,
        threads=threads,
        trust=trust,
        certificates=certificates,
        authorised_ras=authorised_ras,
        at=at,
        legacy=legacy,
        max_layers=max_layers,
        max_size=max_size,
        progress=progress,
    )


def verify_items(
    items: list[bytes],
    *,
    nested: bool,
    threads: int | None = None,
    trust: Trust | None = None,
    certificates: Iterable[CertificateLike] = (),
    authorised_ras: Iterable[CertificateLike] = (),
    at: datetime | None = None,
    legacy: bool = False,
    max_layers: int = DEFAULT_MESSAGE_LAYERS,
    max_size: int = DEFAULT_MESSAGE_SIZE,
    progress: Callable[[int, int], object] | None = None,
) -> BatchReport:
    """`verify_batch` over octets, with or without what is nested in them."""
    extra: list[bytes] = []
    ras: list[bytes] = []
    if certificates or authorised_ras:
        import hashlib

        from cmcodec.trust import certificate_octets

        extra = [certificate_octets(certificate) for certificate in certificates]
        ras = [hashlib.sha256(certificate_octets(ra)).digest() for ra in authorised_ras]
    chains = None if trust is None else _Chains(trust, extra, at)
    if threads is None:
        threads = default_threads()
    verdicts = _backend.verify(
        items,
        strict=False,
        max_layers=max(1, max_layers),
        max_size=max(0, max_size),
        nested=nested,
        certificates=extra,
        authorised_ras=ras,
        legacy=legacy,
        threads=max(1, threads),
        progress=progress,
    )
    return BatchReport(verdicts, chains)


def default_threads() -> int:
    """As many as pay: two thirds of what the fallback does hold the interpreter's lock."""
    return cores() if _backend.name() == "rust" else 1


def cores() -> int:
    """The cores that this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return usable or os.cpu_count() or 1


def _is_buffer(data: object) -> bool:
    try:
        memoryview(data)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def _item_octets(item: Item) -> bytes:
    """An item's octets; what has broken PEM armour stays as it is and becomes a malformed row."""
    from cmcodec.errors import DecodeError
    from cmcodec.message import Message, received_octets

    if isinstance(item, Message):
        return item.to_der()
    try:
        octets = received_octets(item)
    except DecodeError:
        return bytes(memoryview(item))
    return octets
