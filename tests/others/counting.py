"""Figures of this library and of the others over the same hostile messages.

Counts alone: which messages they are is nobody's business but theirs.
"""

from __future__ import annotations

import platform
import re
import subprocess
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from benches.hostile import families

import published

from .answers import CRASHED, HUNG, VALID
from .judges import MESSAGE
from .rekeyed import rekeyed
from .sides import JARS, LOOK_AT_SIGNATURES, OURS, side

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .answers import Answer
    from .inputs import Input

OCTETS = 400_000
SMALL = 1_000
"""What a message of a family of so many octets takes is no part of the figure."""


class Counts(NamedTuple):
    """Of the hostile messages; None where a side looks at no signature of theirs.

    What it must reject is mostly in the content, which whoever knows CMS alone does not read. An
    exception that nobody documents is a crash, too.
    """

    asked: int
    crashed: int
    hung: int
    must_reject: int
    must_reject_accepted: int
    must_be_invalid: int
    invalid_called_valid: int | None
    valid: int
    valid_refused: int


def counts(name: str, given: Iterable[Input], answers: Iterable[Answer]) -> Counts:
    """Figures of what a side says of messages of which our cases tell what to say."""
    found = dict.fromkeys(Counts._fields, 0)
    for each, answer in zip(given, answers, strict=True):
        case = published.cases()[each.name]
        verdict = case.rows[0].verdict
        found["asked"] += 1
        found["crashed"] += answer.said == CRASHED
        found["hung"] += answer.said == HUNG
        if case.refused is not None:
            found["must_reject"] += 1
            found["must_reject_accepted"] += answer.is_good
        elif verdict == "failed":
            found["must_be_invalid"] += 1
            found["invalid_called_valid"] += answer.said == VALID
        elif verdict == "verified":
            found["valid"] += 1
            found["valid_refused"] += not answer.is_good
    if name not in LOOK_AT_SIGNATURES:
        found["invalid_called_valid"] = None
    return Counts(**found)


class Costs(NamedTuple):
    """The worst of all families: CPU and peak of memory over the size of the message.

    Of this library to load and to verify; ``python -m benches.hostile`` looks at notes, too.
    """

    families: int
    families_crashed: int
    families_hung: int
    nanoseconds_per_octet: float
    memory_multiple: float


def costs(name: str, octets: int = OCTETS) -> Costs:
    """What each family of sizes takes; one that ends a side has no figure but that."""
    crashed = hung = 0
    seconds, memory = [0.0], [0.0]
    with side(name, measured=True) as it:
        for make in families().values():
            small, large = rekeyed(make(SMALL)), rekeyed(make(octets))
            it.ask(small, MESSAGE)
            before, answer = it.ask(small, MESSAGE), it.ask(large, MESSAGE)
            crashed += answer.said == CRASHED
            hung += answer.said == HUNG
            if answer.said == HUNG:
                seconds.append(answer.seconds / len(large))
            elif answer.said != CRASHED:
                seconds.append((answer.seconds - before.seconds) / len(large))
                memory.append((answer.peak - before.peak) / len(large))
    worst = round(max(seconds) * 1e9, 1), round(max(memory), 1)
    return Costs(len(families()), crashed, hung, *worst)


def versions(names: Iterable[str]) -> dict[str, str]:
    """What answered."""
    found = {}
    for name in names:
        if name in OURS:
            found[name] = version("cmcodec")
        elif name == "openssl":
            said = subprocess.run(
                ["openssl", "version"], capture_output=True, text=True, check=True
            )
            found[name] = said.stdout.split()[1]
        elif name == "bouncycastle":
            (jar,) = JARS.glob("bcpkix-*.jar")
            found[name] = re.sub(r".*-|\.jar", "", jar.name)
        else:
            found[name] = version(name)
    return {**found, "Python": platform.python_version()}
