"""Where this library and another implementation say different things, and why they may.

``explained.toml`` has the reasons: each is of a class of messages, never of one. What is in no
class is unexplained.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmcodec import Reason, Rule

from .answers import CRASHED, HUNG, REFUSED
from .judges import MESSAGE
from .sides import LOOK_AT_SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .answers import Answer
    from .inputs import Input

TABLE = Path(__file__).with_name("explained.toml")
STRICTER, LAXER, OTHER, NO_ANSWER = "we refuse", "they refuse", "values", "crash"
"""Who goes on where the other does not; both read, and not the same; or we say nothing."""
NEVER = {"signature", "digest"}
"""What no class may be of: who calls these wrong where we call them good has found a fault."""


@dataclass(frozen=True)
class Disagreement:
    """Where we do not go on, our reason, rule and place; where we do, their word.

    ``features`` are those of the message, where we read it.
    """

    side: str
    direction: str
    reason: str = ""
    rule: str = ""
    place: str = ""
    says: str = ""
    features: tuple[str, ...] = ()


def disagreement(side: str, given: Input, ours: Answer, theirs: Answer) -> Disagreement | None:
    """What two say differently of an input, if anything: whether to go on, then what they read.

    Who looks at no signature goes on where there is only something wrong with that.
    """
    features = tuple(ours.features)
    if ours.said in {CRASHED, HUNG}:
        return Disagreement(side, NO_ANSWER, says=ours.why or ours.said)
    looks = side in LOOK_AT_SIGNATURES or (side == "cryptography" and given.form != MESSAGE)
    if theirs.is_good and not (ours.is_good or (ours.said != REFUSED and not looks)):
        place = place_of(given, ours)
        return Disagreement(side, STRICTER, ours.why, ours.rule, place, features=features)
    if ours.is_good and not theirs.is_good:
        says = theirs.said if theirs.said in {CRASHED, HUNG} else theirs.why or theirs.said
        return Disagreement(side, LAXER, says=says, features=features)
    if ours.said != REFUSED and theirs.is_good:
        both = ours.values.keys() & theirs.values.keys()
        wrong = sorted(name for name in both if ours.values[name] != theirs.values[name])
        if wrong:
            return Disagreement(side, OTHER, says=" ".join(wrong), features=features)
    return None


# --- places ----------------------------------------------------------------------------------

PARTS = {
    "version": "version",
    "digestAlgorithms": "digests",
    "encapContentInfo": "content",
    "certificates": "certificates",
    "crls": "crls",
    "signerInfos": "signers",
}
"""Of a SignedData: by their names in it."""
TAGGED = {0xA0: "certificates", 0xA1: "crls"}
ELSEWHERE = "elsewhere"


def place_of(given: Input, ours: Answer) -> str:
    """The part of a SignedData where we found something, by its path or else by its offset."""
    if given.form != MESSAGE:
        return "request"
    outer, _, path = ours.path.partition("contentInfo.content.")
    if not outer and path:
        return PARTS.get(path.partition(".")[0].partition("[")[0], ELSEWHERE)
    if ours.offset is None:
        return ""
    octets = given.octets
    try:
        (_, start, end) = next(_elements(octets, 0, len(octets)))
        (_, start, end) = next(islice(_elements(octets, start, end), 1, None))
        (_, start, end) = next(_elements(octets, start, end))
        for number, (first, _, last) in enumerate(_elements(octets, start, end)):
            if first <= ours.offset < last:
                begins = ("version", "digests", "content")
                return begins[number] if number < 3 else TAGGED.get(octets[first], "signers")
    except (IndexError, StopIteration):
        pass
    return ELSEWHERE


def _elements(octets: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Where each begins, where its content does, and where that ends."""
    while at < end:
        length, content = octets[at + 1], at + 2
        if length > 0x80:
            content += length - 0x80
            length = int.from_bytes(octets[at + 2 : content], "big")
        yield at, content, content + length
        at = content + length


# --- the table -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Explanation:
    """A class of disagreements, by a rule, and why they are no fault of ours.

    Where we refuse it has reasons of ours and the places where we found them, else words of others.
    A message must have one of the features, where the class has any.
    """

    rule: Rule
    direction: str
    sides: frozenset[str]
    why: str
    reasons: frozenset[Reason] = frozenset()
    places: frozenset[str] = frozenset()
    says: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        stricter = self.direction == STRICTER
        known = self.direction in {STRICTER, LAXER, OTHER} and self.sides
        if not known or stricter == bool(self.says) or stricter != bool(self.reasons):
            raise ValueError(f"{self}: too much, or not enough")
        of_some = bool(self.features) if not stricter else bool(self.places)
        is_signature = self.reasons & SIGNATURES or (
            Reason.POP_INVALID in self.reasons and "request" in self.places
        )
        if not of_some or (is_signature and not self.features) or self.says & NEVER:
            raise ValueError(f"{self}: a fault could be of this class")

    def covers(self, it: Disagreement) -> bool:
        """Whether a disagreement is of this class."""
        if it.side not in self.sides or it.direction != self.direction:
            return False
        if self.features and self.features.isdisjoint(it.features):
            return False
        if self.direction != STRICTER:
            return it.says in self.says
        is_ours = it.reason in self.reasons and it.place in self.places
        return is_ours and it.rule in {self.rule, *BESIDES.get(self.rule, ())}

    def __str__(self) -> str:
        words = sorted(self.reasons) or sorted(self.says)
        where = sorted(self.places) or sorted(self.features)
        return f"{self.rule} {self.direction}: {', '.join(words)} ({', '.join(where)})"


SIGNATURES = {Reason.SIGNATURE_INVALID, Reason.DIGEST_MISMATCH}
"""What needs a feature, too: a signature that we call wrong and others good may be our fault."""
BESIDES: dict[Rule, tuple[Rule | str, ...]] = {Rule.V8: (Rule.V10,), Rule.R5: ("",)}
"""Which certificates are looked at decides what a signature is; some reasons have no rule."""


def _explanation(row: dict[str, Any]) -> Explanation:
    sets = {
        key: frozenset(row[key]) for key in row.keys() & {"sides", "places", "says", "features"}
    }
    reasons = frozenset(map(Reason, row.get("reasons", ())))
    return Explanation(**row | sets | {"rule": Rule(row["rule"]), "reasons": reasons})


@cache
def explanations() -> tuple[Explanation, ...]:
    """The table, as it is committed."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["class"]
    return tuple(map(_explanation, rows))


def explanation(it: Disagreement) -> Explanation | None:
    """The first class that a disagreement is of."""
    return next((each for each in explanations() if each.covers(it)), None)
