"""Asks everybody about the same messages, and sorts what they say differently."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import cmcodec
from kit.trees import parse

from .answers import hashed
from .explained import NEVER, disagreement, explanation
from .judges import judged
from .sides import side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .answers import Answer
    from .explained import Disagreement, Explanation
    from .inputs import Input


@dataclass
class Comparison:
    """Answers by side, in the order of the inputs; classes by side, and what is in none of them."""

    given: Sequence[Input]
    answers: dict[str, list[Answer]] = field(repr=False)
    explained: Counter[tuple[Explanation, str]] = field(default_factory=Counter)
    unexplained: list[tuple[str, Disagreement]] = field(default_factory=list)


def asked(name: str, given: Iterable[Input]) -> list[Answer]:
    """What a side says of each."""
    with side(name) as it:
        return [it.ask(each.octets, each.form) for each in given]


def compared(names: Sequence[str], given: Sequence[Input]) -> Comparison:
    """What each side says beside this library, in this process."""
    with ThreadPoolExecutor(len(names)) as pool:
        others = pool.map(lambda name: asked(name, given), names)
        ours = [judged("ours", each.octets, each.form) for each in given]
        found = Comparison(given, dict(zip(names, others, strict=True)))
    for name, answers in found.answers.items():
        for each, own, theirs in zip(given, ours, answers, strict=True):
            differs = disagreement(name, each, own, theirs)
            if differs is None:
                continue
            if differs.says in NEVER and "candidates" in differs.features:
                differs = _of_one_certificate(name, each, differs)
            reason = explanation(differs)
            if reason is None:
                found.unexplained.append((each.name, differs))
            else:
                found.explained[reason, name] += 1
    return found


def _of_one_certificate(name: str, each: Input, differs: Disagreement) -> Disagreement:
    """What differs where a side is asked again, with the certificates alone that we name."""
    signers = cmcodec.verify_batch(each.octets, threads=1)[0].signers
    named = {signer.certificate_sha256 for signer in signers}
    (outer,) = parse(each.octets)
    for element in outer.trees[1].trees[0].trees:
        if element.tag == 0xA0:
            element.inside = [it for it in element.trees if hashed(it.encode()) in named]
    with side(name) as it:
        answer = it.ask(outer.encode(), each.form)
    return replace(differs, says="first certificate") if answer.is_good else differs


def classes(found: Comparison) -> dict[str, dict[str, int]]:
    """How many disagreements are of each class, by side."""
    told: dict[str, dict[str, int]] = {}
    for (reason, name), number in sorted(
        found.explained.items(), key=lambda it: (str(it[0][0]), it[0][1])
    ):
        told.setdefault(str(reason), {})[name] = number
    return told


def lines(found: Comparison) -> Iterator[str]:
    """A table of the classes, and what is unexplained."""
    for title, sides in classes(found).items():
        yield f"{title:60} " + ", ".join(f"{name} {count}" for name, count in sides.items())
    for name, differs in found.unexplained:
        yield f"unexplained: {name}: {differs}"
