"""Verdicts on whole messages and on every message nested in them (the engine's ``verify``)."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from cmcodec._pure import pop, signers, view
from cmcodec._pure.certificates import Certificates
from cmcodec._pure.load import Loaded, load
from cmcodec._pure.signers import Failure, Policy, Signed, SignerRow
from cmcodec._pure.tlv import Fault, Tlv, read_tlv
from cmcodec.limits import MAX_SIGNERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cmcodec._pure.pop import RequestRow
    from cmcodec._pure.view import ContentInfo, Kind

Verdict = Literal["verified", "failed", "unsigned", "unverified", "malformed"]
VERDICTS: tuple[Verdict, ...] = ("verified", "failed", "unsigned", "unverified", "malformed")

Row = tuple[
    int,  # item
    tuple[int, ...],  # body part ids from the outermost message
    "Kind",
    Literal["der", "ber"],
    Verdict,
    str | None,  # reason
    str | None,  # rule
    int | None,  # offset
    tuple[SignerRow, ...],
    tuple["RequestRow", ...],
    bytes | None,  # transaction id, content octets of the INTEGER
    tuple[int, int],  # span of the ContentInfo or CertificationRequest
    bool,  # whether a control refers to body parts
]

_PROGRESS_SECONDS = 0.05
# Messages per task: large enough to outweigh handing them over, small enough to spread.
_CHUNK = 16


class Verdicts:
    """The rows of all items, in order."""

    __slots__ = ("_ders", "_rows")

    def __init__(self, rows: list[Row], ders: list[bytes]) -> None:
        self._rows = rows
        self._ders = ders

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Row:
        return self._rows[index]

    def der(self, item: int) -> bytes:
        """The DER form of an item, which the offsets of its rows refer to."""
        return self._ders[item]

    def malformed(self) -> list[tuple[int, int]]:
        """Item and offset of each message that was not readable."""
        return [(row[0], row[11][0]) for row in self._rows if row[4] == "malformed"]

    def counts(self) -> dict[str, int]:
        """How many rows have each verdict."""
        found = Counter(row[4] for row in self._rows)
        return {verdict: found[verdict] for verdict in VERDICTS}


def verify(
    items: Sequence[bytes],
    *,
    strict: bool,
    max_layers: int,
    max_size: int,
    nested: bool,
    certificates: Sequence[bytes],
    authorised_ras: Sequence[bytes],
    legacy: bool,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> Verdicts:
    """A row for every item, and with ``nested`` for every message inside it (RULES V, R).

    ``certificates`` are more that may have signed; ``authorised_ras`` are the SHA-256 of the
    certificates whose raVerified counts. ``progress`` is called from this thread with the
    numbers of rows done and of all rows; with 0 and the number of items while those are read.
    """
    policy = Policy(Certificates(certificates), frozenset(authorised_ras), legacy)
    report = _Report(progress)
    ders: list[bytes] = []
    tasks: list[_Task | Row] = []
    read = partial(load, strict=strict, max_layers=max_layers, max_size=max_size, confine=True)
    for index, item in enumerate(items):
        der, found = _read(index, item, read, nested)
        ders.append(der)
        tasks += found
        report.advance(0, len(items))

    def work(chunk: Sequence[_Task | Row]) -> list[Row]:
        return [
            _evaluate(ders[task.item], task, policy) if isinstance(task, _Task) else task
            for task in chunk
        ]

    rows: list[Row] = []
    chunks = [tasks[start : start + _CHUNK] for start in range(0, len(tasks), _CHUNK)]
    for done in _in_threads(work, chunks, threads) if threads > 1 else map(work, chunks):
        rows += done
        report.advance(len(rows), len(tasks))
    report.end(len(tasks))
    return Verdicts(rows, ders)


class _Task(NamedTuple):
    """A message to be evaluated."""

    item: int
    path: tuple[int, ...]
    encoding: Literal["der", "ber"]
    root: Literal["ContentInfo", "CertificationRequest"]
    element: Tlv


def _read(
    index: int, item: bytes, read: Callable[[bytes], Loaded], nested: bool
) -> tuple[bytes, list[_Task | Row]]:
    """The DER form of an item, and its messages, or the row that it is none."""
    try:
        loaded = read(item)
    except Fault as fault:
        return item, [_malformed(index, (), (0, len(item)), fault)]
    except RecursionError:
        # So deep in its own stack does the caller stand that layers within the bounds do not fit.
        return item, [_malformed(index, (), (0, len(item)), Fault("depth", 0))]
    root = read_tlv(loaded.der, 0, len(loaded.der))
    outer = _Task(index, (), loaded.encoding, loaded.root, root)
    return loaded.der, [outer, *(_nested(outer, loaded) if nested else ())]


def _in_threads(
    work: Callable[[Sequence[_Task | Row]], list[Row]],
    chunks: list[list[_Task | Row]],
    threads: int,
) -> Iterator[list[Row]]:
    """The results in order; `cryptography` releases the GIL while it verifies."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="cmcodec-verify")
    try:
        try:
            results = pool.map(work, chunks)
        except RuntimeError:  # the system or an interpreter that ends has no thread to give
            results = map(work, chunks)
        yield from results
    finally:
        pool.shutdown(cancel_futures=True)


class _Report:
    """Calls ``progress`` not too often, and once at the end."""

    def __init__(self, progress: Callable[[int, int], object] | None) -> None:
        self.progress = progress
        self.last = time.monotonic()

    def advance(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self.progress and done < total and now - self.last >= _PROGRESS_SECONDS:
            self.last = now
            self.progress(done, total)

    def end(self, total: int) -> None:
        if self.progress:
            self.progress(total, total)


def _malformed(item: int, path: tuple[int, ...], span: tuple[int, int], fault: Fault) -> Row:
    return (
        item, path, "other", "der", "malformed", fault.reason, fault.rule, fault.offset,
        (), (), None, span, False,
    )  # fmt: skip


def _nested(outer: _Task, loaded: Loaded) -> Iterator[_Task | Row]:
    """The messages inside one, in received order.

    Of a message that holds its content in anything but a SignedData or AuthenticatedData, and of
    id-data (RFC 10002 §3.2.1.3), there is no more to list.
    """
    data, path = loaded.der, list[int]()
    # For each message around the next one, whether it can hold others.
    holds = [_type(data, outer.element) in _HOLDING]
    outermost = loaded.members[0].layer if loaded.members else 0
    for layer, start, fault in loaded.members:
        part, depth = view.part(data, read_tlv(data, start, len(data))), layer - outermost
        del path[depth:], holds[depth + 1 :]
        path.append(part.body_part_id)
        info, listed = part.content_info, all(holds)
        content_type = b"" if fault else _type(data, info)
        holds.append(content_type in _HOLDING)
        if listed and fault:
            yield _malformed(outer.item, tuple(path), (info.start, info.end), fault)
        elif listed and content_type != view.DATA:
            yield _Task(outer.item, tuple(path), "der", "ContentInfo", info)


_HOLDING = (view.SIGNED_DATA, view.AUTHENTICATED_DATA)


def _type(data: bytes, info: Tlv) -> bytes:
    """What begins a ContentInfo."""
    return view.content(data, view.first(data, info))


# --- one message -----------------------------------------------------------------------------


class _Outcome(NamedTuple):
    """What a row says of a message besides where it is."""

    kind: Kind
    verdict: Verdict
    failure: tuple[str | None, str | None, int | None] = (None, None, None)
    signers: tuple[SignerRow, ...] = ()
    requests: tuple[RequestRow, ...] = ()
    controls: tuple[bytes | None, bool] = (None, False)


def _evaluate(data: bytes, task: _Task, policy: Policy) -> Row:
    if task.root == "CertificationRequest":
        outcome = _simple_request(data, task.element, policy)
    else:
        outcome = _content_info(data, view.content_info(data, task.element), policy)
    return (
        task.item, task.path, outcome.kind, task.encoding, outcome.verdict, *outcome.failure,
        outcome.signers, outcome.requests, outcome.controls[0],
        (task.element.start, task.element.end), outcome.controls[1],
    )  # fmt: skip


def _simple_request(data: bytes, element: Tlv, policy: Policy) -> _Outcome:
    request = view.certification_request(data, element)
    state, failure = pop.evaluate_pkcs10(data, request, legacy=policy.legacy)
    if state == "absent":
        # Nothing else signs a bare PKCS#10: id-alg-noSignature must not make it verified (V12).
        failure = Failure("no_signature", 0)
    return _settled("simple-request", failure, requests=((1, "pkcs10", state),))


def _settled(
    kind: Kind,
    failure: Failure | None,
    *,
    verdict: Verdict = "failed",
    signers: tuple[SignerRow, ...] = (),
    requests: tuple[RequestRow, ...] = (),
    controls: tuple[bytes | None, bool] = (None, False),
) -> _Outcome:
    if failure is None:
        return _Outcome(kind, "verified", (None, None, None), signers, requests, controls)
    refused = (failure.reason, failure.rule, failure.offset)
    return _Outcome(kind, verdict, refused, signers, requests, controls)


def _content_info(data: bytes, info: ContentInfo, policy: Policy) -> _Outcome:
    content_type = view.content(data, info.type)
    if content_type == view.SIGNED_DATA:
        return _signed_data(data, view.signed_data(data, info.content), policy)
    if content_type in _ENCRYPTED:
        return _Outcome("other", "unverified", ("encrypted", None, None))
    if content_type == view.AUTHENTICATED_DATA:
        kind, held = view.kind(data, info)
        body = view.body(data, held) if held else None
        controls = view.controls(data, body.controls) if body else (None, False)
        unchecked = ("mac_unchecked", None, None)
        return _Outcome(kind, "unverified", unchecked, controls=controls)
    return _settled("other", Failure("wrong_content_type", info.type.start, "V1"))


_ENCRYPTED = (view.ENVELOPED_DATA, view.AUTH_ENVELOPED_DATA, view.ENCRYPTED_DATA)
# V1, certs-only apart.
_SIGNABLE = (view.PKI_DATA, view.PKI_RESPONSE, view.ENVELOPED_DATA, view.AUTH_ENVELOPED_DATA)


def _signed_data(data: bytes, signed: view.SignedData, policy: Policy) -> _Outcome:
    kind = view.kind_of_signed(data, signed)
    if kind == "simple-response":
        return _Outcome(kind, "unsigned")
    held, infos = signed.encapsulated, signed.signer_infos
    body = view.body(data, held)
    controls = view.controls(data, body.controls) if body else (None, False)
    has_signers = infos.content != infos.end
    if view.content(data, held.type) not in _SIGNABLE or (has_signers and not held.octets):
        wrong = Failure("wrong_content_type", held.type.start, "V1")
        return _settled(kind, wrong, controls=controls)
    message = Signed(data, signed, body.requests if body else None, policy)
    rows, failure, verdict = _signers(message)
    authorised = failure is None and any(
        row[1] and bytes.fromhex(row[1]) in policy.authorised_ras for row in rows
    )
    requests = []
    for request in message.requests():
        row, refused = pop.evaluate(data, request, ra_authorised=authorised, legacy=policy.legacy)
        requests.append(row)
        failure = failure or refused
    return _settled(
        kind, failure, verdict=verdict, signers=rows, requests=tuple(requests), controls=controls
    )


def _signers(message: Signed) -> tuple[tuple[SignerRow, ...], Failure | None, Verdict]:
    """The verdict on every SignerInfo, and the first failure of them (V2, V3)."""
    infos = message.signed.signer_infos
    elements: list[Tlv] = []
    for element in view.inside(message.data, infos):
        if len(elements) == MAX_SIGNERS:
            return (), Failure("limit", infos.start, "V2"), "failed"
        elements.append(element)
    if not elements:
        return (), Failure("no_signer", infos.start, "V2"), "unsigned"
    message.sole_signer = len(elements) == 1
    rows, failures = zip(*(signers.evaluate(message, each) for each in elements), strict=True)
    if not message.signed.has_right_version(message.data):  # V1: no signature covers the version
        return rows, Failure("version_mismatch", message.signed.version.start), "failed"
    return rows, next((each for each in failures if each), None), "failed"
