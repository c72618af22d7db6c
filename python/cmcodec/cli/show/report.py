"""What ``cmc verify`` and ``cmc demo`` print about a batch report."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import click

import cmcodec
from cmcodec.algorithms import SIGNATURES
from cmcodec.cli.options import printable
from cmcodec.limits import LEGACY_RSA_MODULUS_BITS
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cmcodec.verify.report import BatchReport
    from cmcodec.verify.report import Group as Found
    from cmcodec.verify.verdict import Row

EXAMPLES: Final = 3
"""Messages named for each reason."""

DETAILED: Final = 10
"""Messages up to which each is described with its signers and requests."""

_VERDICTS: Final = {
    "verified": "green",
    "failed": "red",
    "malformed": "red",
    "unsigned": "yellow",
    "unverified": "yellow",
}
"""Every verdict in the order of the table, with its colour."""

TRIED: Final = 1000
"""Messages that are verified again to say whether ``--legacy`` would help."""

_LEGACY: Final = {row.name for row in SIGNATURES if any(digest.legacy for digest in row.digests)}
"""Algorithms that need ``--legacy`` (rule V10a)."""

_STRICT: Final = (Reason.UNSUPPORTED_ALGORITHM, Reason.KEY_REJECTED)
"""Reasons that there may be for the lack of it."""


def is_good(row: Row | Found) -> bool:
    """Whether a row, or a group, leaves the exit status 0: verified, or certificates only."""
    return row.verdict == "verified" or (row.verdict == "unsigned" and row.reason is None)


@dataclass(frozen=True, slots=True)
class Example:
    """A message that is spoken of: its row, what its input is called and what that is."""

    row: Row
    name: str
    octets: bytes
    hint: str = ""
    """What is known of an input that is no message."""


@dataclass(slots=True)
class Group:
    """The messages that failed for one reason."""

    count: int = 0
    examples: list[Example] = field(default_factory=list)


class Tally:
    """What is counted over reports."""

    def __init__(self) -> None:
        self.messages = self.bad = self.strict = 0
        self.chains: Counter[str] = Counter()
        self.proofs: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.request_keys: Counter[str] = Counter()
        self.groups: dict[tuple[str, str, str], Group] = {}
        self.tried: list[Row] = []
        self.first: list[Example] = []

    def add(self, report: BatchReport, names: Sequence[str], octets: Sequence[bytes]) -> None:
        """Counts the rows of a report, whose inputs were called so."""
        summary = report.summary(TRIED)
        self.messages += len(report)
        self.chains.update(summary.chains)
        self.proofs.update(summary.proofs)
        self.notes.update(summary.notes)
        tried: list[int] = []
        examples: dict[tuple[str, str, str], list[Row]] = {}
        for found in summary.groups:
            self.verdicts[found.verdict] += found.messages
            if is_good(found):
                continue
            self.bad += found.messages
            if found.reason == Reason.UNTRUSTED_REQUEST_KEY:
                self.request_keys["nested" if found.is_nested else "all"] += found.messages
            if found.reason in _STRICT:
                self.strict += found.messages
                tried += found.first
            key = (found.verdict, found.reason or "", found.rule or "")
            self.groups.setdefault(key, Group()).count += found.messages
            examples.setdefault(key, []).extend(map(report.__getitem__, found.first[:EXAMPLES]))

        def example(row: Row) -> Example:
            hint = "" if row.path else report.hint(row)
            return Example(row, names[row.index], octets[row.index], hint)

        for key, rows in examples.items():
            known = self.groups[key].examples
            wanted = sorted(rows, key=_place_in_report)[: EXAMPLES - len(known)]
            known += map(example, wanted)
        more = sorted(tried)[: TRIED - len(self.tried)]
        self.tried += [report[position] for position in more]
        self.first += map(example, report[: DETAILED - len(self.first)])


def _place_in_report(row: Row) -> tuple[int, int]:
    return row.index, row.span[0]


@dataclass(frozen=True, slots=True)
class Run:
    """How the verification was done.

    ``leniently`` does it again with some messages, as ``--legacy`` does; None where that was given.
    """

    seconds: float
    threads: int
    leniently: Callable[[list[bytes]], Iterable[Row]] | None = None
    wrapped: bool = False

    def speed(self, messages: int) -> str:
        """Throughput, in words."""
        rate = messages / self.seconds if self.seconds else float(messages)
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.seconds:.3f} s, {rate:,.0f} messages/s, {cmcodec.backend} backend, {threads}"


def strangers(tally: Tally) -> Iterator[str]:
    """What is known of inputs that are no messages: a line for each that is an example."""
    for group in tally.groups.values():
        for example in group.examples:
            if example.hint:
                yield f"{printable(example.name)}: {example.hint}"


def write_line(tally: Tally, run: Run) -> None:
    """The summary in one line on standard error, after what stands on standard output."""
    sys.stdout.flush()
    counts = ", ".join(f"{tally.verdicts[v]} {v}" for v in _VERDICTS if tally.verdicts[v])
    noun = "message" if tally.messages == 1 else "messages"
    click.echo(f"cmc: {tally.messages} {noun}: {counts}; {run.speed(tally.messages)}", err=True)
    for hint in _hints(tally, run):
        click.echo(f"cmc: {hint}", err=True)


def write_table(tally: Tally, run: Run) -> None:
    """The summary for people: a table, throughput, and what failed for which reason."""
    rows = [(verdict, tally.verdicts[verdict], colour) for verdict, colour in _VERDICTS.items()]
    number = f"{tally.messages:,}"
    width = max(len(number), len("count"))
    lines = [f"{'verdict':10} {'count':>{width}}", "-" * (11 + width)]
    lines += [
        click.style(f"{verdict:10} {n:>{width},}", fg=colour) for verdict, n, colour in rows if n
    ]
    lines += ["-" * (11 + width), f"{'messages':10} {number:>{width}}"]
    click.echo("".join(f"  {line}\n" for line in lines))
    click.echo(run.speed(tally.messages))
    _write_counts("chains of signers", tally.chains)
    _write_counts("proofs of possession", tally.proofs)
    _write_counts("notes, which change no verdict", tally.notes)
    if tally.messages <= DETAILED:
        _write_details(tally.first)
    _write_failures(tally, run)
    for hint in _hints(tally, run):
        click.echo(hint)


def _write_counts(label: str, counts: Mapping[str, int]) -> None:
    if counts:
        click.echo(f"{label}: {', '.join(f'{number:,} {what}' for what, number in counts.items())}")


def _write_details(examples: Sequence[Example]) -> None:
    click.echo("")
    for example in examples:
        row = example.row
        click.echo(f"{_message(example)}: {row.kind}, {row.verdict}")
        for signer in row.signers:
            who = signer.reason or "nobody"
            if signer.certificate_sha256 is not None:
                who = f"certificate {signer.certificate_sha256}, chain {signer.chain}"
                who += f": {printable(signer.detail)}" if signer.detail else ""
            elif signer.request_id is not None:
                who = f"the key of request {signer.request_id}"
            click.echo(f"  signer {signer.algorithm or '(unknown algorithm)'}: {who}")
        for request in row.requests:
            how = f" with {request.algorithm}" if request.algorithm else ""
            proof = f"proof of possession{how} {request.pop}"
            click.echo(f"  request {request.id}, {request.form}: {proof}")
        for note in row.notes:
            about = "the message"
            if note.body_part_id is not None:
                about = f"body part {note.body_part_id}"
            click.echo(f"  note on {about}: {note.reason}")


def _write_failures(tally: Tally, run: Run) -> None:
    if tally.groups:
        click.echo(f"\n{tally.bad:,} not verified:")
    groups = sorted(tally.groups.items(), key=lambda item: -item[1].count)
    for (verdict, reason, rule), group in groups:
        why = " ".join(filter(None, (reason, f"({rule})" if rule else "")))
        click.echo(f"  {group.count:,} {verdict}{f', {why}' if why else ''}")
        for example in group.examples:
            click.echo(f"    {_place(example, run)}")
        if group.count > len(group.examples):
            click.echo(f"    … {group.count - len(group.examples):,} more")


def _hints(tally: Tally, run: Run) -> Iterator[str]:
    """Which options would accept what was refused."""
    if tally.request_keys:
        yield _request_keys(tally)
    if tally.tried and run.leniently:
        octets = [(row.buffer or b"")[slice(*row.span)] for row in tally.tried]
        again = [row for row in run.leniently(octets) if not row.path]
        yield from _legacy(tally, again)


def _legacy(tally: Tally, again: Sequence[Row]) -> Iterator[str]:
    """What ``--legacy`` accepts, given what became of the messages that were tried with it."""
    algorithms: Counter[str] = Counter()
    keys = 0
    for row, lenient in zip(tally.tried, again, strict=True):
        if lenient.reason in _STRICT:
            continue
        if row.reason == Reason.KEY_REJECTED:
            keys += 1
        else:
            named = {signer.algorithm for signer in row.signers}
            named.update(request.algorithm for request in row.requests)
            algorithms.update(_LEGACY & named)
    least = "at least " if tally.strict > len(tally.tried) else ""
    if algorithms:
        counts = (f"{least}{number:,} signed with {name}" for name, number in algorithms.items())
        yield f"{', '.join(counts)}: --legacy accepts this algorithm"
    if keys:
        accepted = f"--legacy accepts RSA keys of {LEGACY_RSA_MODULUS_BITS:,} bits"
        yield f"{least}{keys:,} with a key that is too short: {accepted}"


def _request_keys(tally: Tally) -> str:
    """Which value of ``--request-keys`` accepts what no certificate has signed."""
    ways = {
        "nested": "--request-keys nested accepts those inside another message",
        "all": "--request-keys all accepts every one",
    }
    helpful = [way for value, way in ways.items() if tally.request_keys[value]]
    number = tally.request_keys.total()
    return f"{number:,} signed by no key but that of their own request: {', '.join(helpful)}"


def _message(example: Example) -> str:
    path = f" message {'.'.join(map(str, example.row.path))}" if example.row.path else ""
    return printable(example.name) + path


def _place(example: Example, run: Run) -> str:
    """Which message of which file, and where in it the check failed."""
    row, what, path = example.row, "", ""
    if row.verdict == "malformed" and not row.path:
        what, path = _refused(example.octets, wrapped=run.wrapped)
    place = f"{_message(example)}: {what}:" if what else _message(example)
    if row.offset is not None:
        place += f" at offset {row.offset}"
    return f"{place} in {path}" if path else place


def _refused(octets: bytes, *, wrapped: bool) -> tuple[str, str]:
    """What a malformed input is, in words, and which element is at fault: rows do not say."""
    from cmcodec.errors import DecodeError
    from cmcodec.message import load

    try:
        load(octets, wrapped=wrapped)
    except DecodeError as error:
        return error.hint, error.path
    return "", ""
