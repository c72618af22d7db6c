"""What ``openssl cms -verify`` says of the signatures of this set.

    python openssl.py [--openssl PROGRAM] [--cases]

Needs Python, its standard library, and OpenSSL. Verifies the outermost message of each case that
says what its signature is, with the certificates in it, and no path. Prints counts; with --cases a
line for each case before them: its file, and what was said.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SET = Path(__file__).resolve().parent.parent
SECONDS = 20
"""After which a process counts as one that hangs."""


def said(openssl: str, file: str) -> str:
    """``valid``, ``invalid``, or what else came of a process."""
    command = [openssl, "cms", "-verify", "-noverify", "-inform", "DER", "-in", SET / file]
    try:
        done = subprocess.run(
            [*command, "-out", os.devnull], capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "hang"
    if done.returncode < 0:
        return "crash"
    return "invalid" if done.returncode else "valid"


def all_said(openssl: str, cases: list[dict]) -> list[str]:
    """What is said of each; ``not-offered`` where nothing with its algorithms was valid."""
    groups = defaultdict(list)
    for case in cases:
        if case["signature"] == "valid":
            groups[tuple(case.get("algorithms", ()))].append(case["file"])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        tried = pool.map(lambda files: [said(openssl, file) for file in files[:3]], groups.values())
        offered = {group for group, words in zip(groups, tried, strict=True) if "valid" in words}

        def word(case: dict) -> str:
            is_offered = tuple(case.get("algorithms", ())) in offered
            return said(openssl, case["file"]) if is_offered else "not-offered"

        return list(pool.map(word, cases))


def outcome(case: dict, word: str) -> str:
    """Which of the counts a case belongs to."""
    if word == case["signature"]:
        return "agree"
    if word not in {"valid", "invalid"}:
        return word
    return "differ, as others may" if "optional" in case else f"{word} instead"


def main() -> None:
    """Prints what was said."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--openssl", default="openssl", help="the program")
    parser.add_argument("--cases", action="store_true", help="print each case")
    given = parser.parse_args()
    index = json.loads((SET / "index.json").read_text("utf-8"))
    cases = [case for case in index["cases"] if "signature" in case]
    found = all_said(given.openssl, cases)
    if given.cases:
        for case, word in zip(cases, found, strict=True):
            print(case["file"], word)
    version = subprocess.run([given.openssl, "version"], capture_output=True, text=True, check=True)
    print(f"{version.stdout.split(' (')[0].strip()}: {len(cases)} signatures")
    for result, count in sorted(Counter(map(outcome, cases, found)).items()):
        print(f"{count:6} {result}")


if __name__ == "__main__":
    main()
