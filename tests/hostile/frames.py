"""Batches whose frames lie about their length (rules P2, P4, P6, R5).

The engine reads the members of a cmsSequence of 16 KiB and more in runs, of 16 members and 8 KiB at
least, and on several threads. So each lie is told in a small batch that is read in one pass, and in
the first, a middle and the last run of a large one; what is said is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from cmcodec.reasons import Reason, Rule
from kit.der import NULL, integer, seq, tlv
from kit.messages import Message, control, members, pki_data, signed_data

from .case import GOOD, MALFORMED, VERIFIED, Series, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .case import Case

COUNTS = {"small": 3, "large": 52}
"""Members of a batch: of 600 octets each, some twenty are a run."""


def cases() -> Iterator[Case]:
    for series in (lies(), inner_lies(), ids(), ends(), bounds(), around()):
        yield from series.cases


@cache
def member() -> bytes:
    """A signed request of some 600 octets, which ends as no element begins."""
    return Message(content=pki_data([control(1, 9999, tlv(0x04, bytes(200)))])).encode()


def frame(identifier: int, held: bytes, more: int = 0) -> bytes:
    """A TaggedContentInfo that says it is ``more`` octets longer than it is."""
    parts = integer(identifier) + held
    return _header(len(parts) + more) + parts


def _header(length: int) -> bytes:
    """That of a SEQUENCE, as DER has it."""
    return seq(bytes(length))[: -length or None]


def identifiers(count: int) -> range:
    """Ids of two octets, so that all frames are of one length."""
    return range(0x101, 0x101 + count)


@dataclass(frozen=True)
class Place:
    """The member of a batch that lies."""

    name: str
    count: int
    at: int

    @property
    def ids(self) -> range:
        return identifiers(self.count)

    def batch(self, liar: bytes) -> bytes:
        """A signed batch with this in the place of the member."""
        frames = [frame(number, member()) for number in self.ids]
        frames[self.at] = liar
        return Message(content=pki_data(members=frames)).encode()

    def rows(self, *instead: Told, skipped: int = 1) -> tuple[Told, ...]:
        """The rows of all others, and ``instead`` of so many members from the liar on."""
        good = [Told(VERIFIED, path=(number,)) for number in self.ids]
        good[self.at : self.at + skipped] = instead
        return GOOD, *good

    @property
    def id(self) -> int:
        return self.ids[self.at]


def places() -> Iterator[Place]:
    """First and last of a small batch, and of the first, a middle and the last run of a large."""
    small, large = COUNTS["small"], COUNTS["large"]
    yield Place("the first of three", small, 0)
    yield Place("the last of three", small, small - 1)
    yield Place("the first of the first run", large, 0)
    yield Place("the last of the first run", large, 15)
    yield Place("the first of the second run", large, 16)
    yield Place("one of a middle run", large, 25)
    yield Place("the first of the last run", large, 48)
    yield Place("the last but one", large, large - 2)
    yield Place("the last", large, large - 1)


def _body(number: int) -> bytes:
    """What is in a frame."""
    return integer(number) + member()


def lies() -> Series:
    """A frame says that it is longer or shorter than it is."""
    found = Series(Rule.P2)
    for place in places():
        number, last = place.id, place.at == place.count - 1
        octets = place.batch(frame(number, member()))
        found.passes(
            f"{place.name}: the truth", octets, *place.rows(Told(VERIFIED, path=(number,)))
        )
        whole = len(frame(number, member()))
        inside = len(integer(number) + member())
        # By an octet, by a header, by all but an octet of the next, by the next and an octet.
        for more in (1, 4, whole - 1, whole + 1):
            octets = place.batch(frame(number, member(), more))
            name = f"{place.name}: {more} octets longer"
            if last or (place.at == place.count - 2 and more > whole):
                found.refused(name, octets, Reason.TRUNCATED)
                continue
            # An octet is left where the last frame but one takes the rest.
            is_cut = place.at == place.count - 2 and more == whole - 1
            reason = Reason.TRUNCATED if is_cut else Reason.BAD_TAG
            row = Told(MALFORMED, reason, reason.rule)
            found.says(name, octets, row, refused=Reason.TRAILING_DATA)
        if not last:
            trailing = Told(MALFORMED, Reason.TRAILING_DATA, Rule.P4, (number,))
            octets = place.batch(frame(number, member(), whole))
            found.says(f"{place.name}: longer by the next", octets,
                       *place.rows(trailing, skipped=2), refused=Reason.TRAILING_DATA)  # fmt: skip
        # By an octet, by the signature with its header, to the id, to half of it, to nothing.
        for less, reason, refused in (
            (1, Reason.TRUNCATED if last else Reason.BAD_TAG, Reason.TRUNCATED),
            (66, Reason.BAD_TAG, Reason.TRUNCATED),
            (inside - 4, Reason.BAD_TAG, Reason.BAD_TAG),
            (inside - 3, Reason.TRUNCATED, Reason.TRUNCATED),
            (inside, Reason.BAD_TAG, Reason.BAD_TAG),
        ):
            octets = place.batch(frame(number, member(), -less))
            row = Told(MALFORMED, reason, reason.rule)
            found.says(f"{place.name}: {less} octets shorter", octets, row, refused=refused)
        for name, length in (
            ("of five octets", b"\x85\0\0\0\0\xff"), ("that is not minimal", b"\x83\0\xff\xff"),
            ("that is indefinite", b"\x80"), ("of four gigabytes", b"\x84\xff\xff\xff\xff"),
        ):  # fmt: skip
            octets = place.batch(b"\x30" + length + _body(number))
            reason = {
                "of five octets": Reason.LIMIT, "that is indefinite": Reason.NOT_CANONICAL,
                "that is not minimal": Reason.NOT_CANONICAL, "of four gigabytes": Reason.TRUNCATED,
            }[name]  # fmt: skip
            found.refused(f"{place.name}: a length {name}", octets, reason)
    return found


def inner_lies() -> Series:
    """A sound frame around a message that lies is one malformed row (rule R5)."""
    found = Series(Rule.R5)
    lies_: dict[str, tuple[Callable[[bytes], bytes], Reason]] = {
        "longer by one": (lambda held: _length(held, 1), Reason.TRUNCATED),
        "longer by what follows": (lambda held: _length(held, len(held)), Reason.TRUNCATED),
        "shorter by one": (lambda held: _length(held, -1), Reason.TRUNCATED),
        "of nothing": (lambda held: b"\x30\0" + held, Reason.BAD_TAG),
        "cut off": (lambda held: held[:-1], Reason.TRUNCATED),
        "with an octet behind it": (lambda held: held + b"\0", Reason.TRAILING_DATA),
        "not there": (lambda held: b"", Reason.BAD_TAG),
        "twice": (lambda held: held + held, Reason.TRAILING_DATA),
    }
    for place in places():
        good = Told(VERIFIED, path=(place.id,))
        found.passes(f"{place.name}: sound", place.batch(frame(place.id, member())),
                     *place.rows(good))  # fmt: skip
        for name, (lie, reason) in lies_.items():
            octets = place.batch(_framed(place.id, lie(member())))
            broken = Told(MALFORMED, reason, reason.rule, (place.id,))
            found.says(f"{place.name}: a message {name}", octets, *place.rows(broken),
                       refused=reason)  # fmt: skip
    return found


def _framed(identifier: int, held: bytes) -> bytes:
    return seq(integer(identifier), held)


def _length(held: bytes, more: int) -> bytes:
    """A message whose length of two octets says more or less."""
    length = int.from_bytes(held[2:4], "big") + more
    return held[:2] + length.to_bytes(2, "big") + held[4:]


def ids() -> Series:
    """Ids of members are those of rule P6, in whichever run they stand."""
    found = Series(Rule.P6)
    for place in places():
        good = Told(VERIFIED, path=(place.id,))
        found.passes(f"{place.name}: its own id", place.batch(frame(place.id, member())),
                     *place.rows(good))  # fmt: skip
        duplicate = Reason.DUPLICATE_BODY_PART_ID
        for other in {0, place.count // 2, place.count - 1} - {place.at}:
            octets = place.batch(frame(place.ids[other], member()))
            found.refused(f"{place.name}: the id of member {other}", octets, duplicate)
        for number in (0, -1, 1 << 32):
            octets = place.batch(_framed(number, member()))
            found.refused(f"{place.name}: the id {number}", octets, Reason.LIMIT, Rule.P6)
        for name, octets, reason in (
            ("no id", seq(member()), Reason.BAD_TAG),
            ("an id in another type", seq(tlv(0x04, b"\x01"), member()), Reason.BAD_TAG),
            ("an id of nothing", seq(tlv(0x02), member()), Reason.BAD_VALUE),
            ("an id with a zero before it", seq(tlv(0x02, b"\0\1"), member()),
             Reason.NOT_CANONICAL),
            ("an empty frame", seq(), Reason.BAD_TAG),
            ("another frame", tlv(0x31, integer(place.id), member()), Reason.BAD_TAG),
            ("NULL", NULL, Reason.BAD_TAG),
            ("an end of contents", b"\0\0", Reason.BAD_TAG),
        ):  # fmt: skip
            found.refused(f"{place.name}: {name}", place.batch(octets), reason)
    return found


def ends() -> Series:
    """The last frame is cut off, or something stands behind it."""
    found = Series(Rule.P2)
    for name, count in COUNTS.items():
        frames = b"".join(frame(number, member()) for number in identifiers(count))
        rows = [Told(VERIFIED, path=(number,)) for number in identifiers(count)]
        found.passes(f"{name}: all of it", _sequence(frames), GOOD, *rows)
        for cut in (1, 64, len(member()), len(member()) + 4):
            octets = _sequence(frames[:-cut])
            found.refused(f"{name}: {cut} octets cut off", octets, Reason.TRUNCATED)
        octets = _sequence(frames[: -len(member()) - 7])
        found.refused(f"{name}: a tag is left of the last", octets, Reason.TRUNCATED)
        for more, reason in ((b"\0", Reason.TRUNCATED), (b"\x30", Reason.TRUNCATED),
                             (b"\x30\1", Reason.TRUNCATED), (NULL, Reason.BAD_TAG)):  # fmt: skip
            octets = _sequence(frames + more)
            found.refused(f"{name}: {more.hex()} behind the last", octets, reason)
    return found


def _sequence(frames: bytes) -> bytes:
    return Message(content=pki_data(members=[frames])).encode()


DEFERRED_FROM, RUN = 16 * 1024, 8 * 1024
"""Octets of a cmsSequence whose members are left for later, and of a run of them."""


def bounds() -> Series:
    """Sequences of as many octets as the engine's bounds, and one less and more."""
    found = Series(Rule.R5)
    duplicate = Reason.DUPLICATE_BODY_PART_ID
    for bound, octets_, count in (
        ("a large sequence", DEFERRED_FROM, 24),
        ("a run", RUN, 16),
        ("a run of more members", RUN, 17),
        ("two runs", 2 * RUN, 32),
    ):
        for more in (-1, 0, 1):
            name = f"{bound} {more:+}" if more else bound
            sizes = [octets_ // count] * (count - 1)
            sizes.append(octets_ + more - sum(sizes))
            # A run ends a sequence that is large enough, or there would be none.
            sizes += [octets_ // count] * (24 if octets_ < DEFERRED_FROM else 0)
            held = [
                padded(number, size)
                for number, size in zip(identifiers(len(sizes)), sizes, strict=True)
            ]
            rows = [Told(VERIFIED, path=(number,)) for number in identifiers(len(sizes))]
            found.passes(f"{name}: sound", _sequence(b"".join(held)), GOOD, *rows)
            for at in sorted({count - 1, count, len(sizes) - 1} - {len(sizes)}):
                torn = list(held)
                number = identifiers(99)[at]
                torn[at] = _torn(held[at])
                broken = Told(MALFORMED, Reason.BAD_TAG, Rule.P3, (number,))
                told = [*rows[:at], broken, *rows[at + 1 :]]
                found.says(f"{name}: member {at} is no message", _sequence(b"".join(torn)), GOOD,
                           *told, refused=Reason.BAD_TAG)  # fmt: skip
                torn[at] = padded(identifiers(99)[0], sizes[at])
                found.refused(f"{name}: member {at} has the first id", _sequence(b"".join(torn)),
                              duplicate)  # fmt: skip
    return found


@cache
def padded(identifier: int, octets: int) -> bytes:
    """A frame of so many octets in all."""
    least = len(_filled(identifier, 0))
    # Longer lengths take some of the octets.
    for size in range(max(0, octets - least - 16), octets - least + 1):
        made = _filled(identifier, size)
        if len(made) == octets:
            return made
    raise ValueError(f"no frame has {octets} octets")


def _filled(identifier: int, size: int) -> bytes:
    content = pki_data([control(1, 9999, tlv(0x04, bytes(size)))])
    return frame(identifier, Message(content=content).encode())


def _torn(held: bytes) -> bytes:
    """The frame, with NULL in the place of the content type."""
    return held.replace(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", b"\x05\x09" + bytes(9), 1)


def around() -> Series:
    """What is around the members lies: cmsSequence, PKIData, eContent."""
    found = Series(Rule.P2)
    for name, count in COUNTS.items():
        frames = b"".join(frame(number, member()) for number in identifiers(count))
        rows = [Told(VERIFIED, path=(number,)) for number in identifiers(count)]

        def made(more: int, behind: bytes = b"\x30\0", frames: bytes = frames) -> bytes:
            held = _header(len(frames) + more) + frames
            return Message(content=seq(b"\x30\0", b"\x30\0", held, behind)).encode()

        found.passes(f"{name}: cmsSequence", made(0), GOOD, *rows)
        for more, reason in ((1, Reason.TRUNCATED), (2, Reason.BAD_TAG), (3, Reason.TRUNCATED)):
            octets = made(more)
            if more == 2:
                # It takes the empty otherMsgSequence for a member without an id.
                found.refused(f"{name}: cmsSequence longer by otherMsgSequence", octets, reason)
            else:
                found.refused(f"{name}: cmsSequence {more} octets longer", octets, reason)
        for less in (1, len(member())):
            octets = made(-less)
            found.refused(f"{name}: cmsSequence {less} octets shorter", octets, Reason.TRUNCATED)
    # A batch that says it has no signer is not read in another way.
    content = pki_data(members=members(*[member()] * 3))
    rows = [Told(VERIFIED, path=(number,)) for number in (11, 12, 13)]
    unsigned = Told("unsigned", Reason.NO_SIGNER, Rule.V2)
    found.passes("three members, unsigned", signed_data(content), unsigned, *rows)
    return found
