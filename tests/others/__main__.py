"""Asks other implementations about the messages that this one is asked about.

    python -m tests.others [--mutants N] [--seed N] [--side NAME ...] [--record]

All hostile messages, and so many mutants of valid ones, whose signatures are good again where that
can be: what is said differently is of a class of ``explained.toml``, or printed as unexplained, and
the command ends with status 1. With ``--record`` all sides, and this library on both backends, are
counted and measured too, and ``benches/record/others.json`` is written: some minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from others import comparing, counting, sides  # noqa: E402
from others.inputs import SEED, hostile_inputs, mutants  # noqa: E402

RECORD = ROOT / "benches" / "record" / "others.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutants", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--side", action="append", choices=sides.NAMES, help="by default all")
    parser.add_argument("--record", action="store_true", help="count, measure, and write it down")
    arguments = parser.parse_args()
    names = arguments.side or sides.NAMES
    if arguments.record and (arguments.side or arguments.seed != SEED):
        parser.error("a record is of all sides and of the usual mutants")
    if missing := [name for name in names if not sides.is_here(name)]:
        parser.error(f"not installed: {', '.join(missing)}")

    hostile = list(hostile_inputs())
    given = [*hostile, *mutants(arguments.mutants, arguments.seed)]
    found = comparing.compared(names, given)
    print(f"{len(hostile)} hostile messages and {arguments.mutants} mutants")
    for line in comparing.lines(found):
        print(line)
    if arguments.record and not found.unexplained:
        answers = {name: found.answers[name][: len(hostile)] for name in names}
        answers |= {name: comparing.asked(name, hostile) for name in sides.OURS}
        record = {
            "versions": counting.versions([*sides.OURS, *names]),
            "mutants": arguments.mutants,
            "classes": comparing.classes(found),
            "counts": {
                name: counting.counts(name, hostile, answers[name])._asdict() for name in answers
            },
            "octets of a family": counting.OCTETS,
            "costs": {name: counting.costs(name)._asdict() for name in answers},
        }
        RECORD.write_text(json.dumps(record, indent=2) + "\n")
        print(f"{RECORD.relative_to(ROOT)} is written: python tools/proof.py shows it")
    return 1 if found.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
