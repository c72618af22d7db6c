"""Searches for input that breaks a property of the engine: builds the targets, makes seeds, runs.

    python tools/fuzz.py ci                     # each for some ten seconds, from one seed
    python tools/fuzz.py minute                 # each target for a minute
    python tools/fuzz.py long                   # until LONG is reached: hours
    python tools/fuzz.py release                # the same for RELEASE, before a release: a day
    python tools/fuzz.py minute load verify     # two of them
    python tools/fuzz.py 600 --address          # with AddressSanitizer

Needs cargo, a C++ compiler, and the package with its dependencies, on Linux. As many targets run at
a time as there are processors. What was found by search is kept in build/fuzz/corpus and is where
the next run begins. An input that breaks something is named, kept in build/fuzz/findings, and makes
the exit status 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python"))

import cmcodec
from cmcodec import CMCError, types

CRATE = ROOT / "rust" / "cmcodec" / "fuzz"
BUILD = ROOT / "build" / "fuzz"
VECTORS = ROOT / "tests" / "vectors"
TRIPLE = (
    "x86_64-unknown-linux-gnu" if os.uname().machine == "x86_64" else "aarch64-unknown-linux-gnu"
)

TARGETS = {
    "parsing": ("load", "ber", "decode_encode"),
    "verifying": ("verify", "batch", "crmf_pkcs10"),
    "functions": ("lanes_functions",),
    "signatures": ("lanes_signatures",),
}
KINDS = {target: kind for kind, targets in TARGETS.items() for target in targets}

LONG = {"parsing": 2 * 10**7, "verifying": 10**6, "functions": 42 * 10**4, "signatures": 10**5}
"""Executions, of each kind of targets together; one of lanes_functions is of some 250 functions on
a lane, so that there are 10^8 of those, and one of lanes_signatures is of eight signatures."""

RELEASE = {**LONG, "parsing": 10**8}

COVERAGE = (
    "--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1"
    " -Cllvm-args=-sanitizer-coverage-level=4"
    " -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
    " -Cllvm-args=-sanitizer-coverage-pc-table"
)
"""What the stable compiler needs to tell libFuzzer where an input has led."""

COMPARES = " -Cllvm-args=-sanitizer-coverage-trace-compares"
"""What it needs to tell what was compared with what, which costs half of the time: a long run does
without, and begins with what others found."""

CI = {"parsing": 60_000, "verifying": 12_000, "functions": 20_000, "signatures": 1_000}
"""Executions of each target, from one seed: CI tries nearly the same every time (hash tables have
random keys), to say whether a change broke something. What is new is found by the clock."""

SEED = 10002

MANY = 10_000
"""Inputs that are kept of a target at most: what leads nowhere else is left out then."""

LARGEST = 8192
"""Octets of an input: no longer one says anything new, and each is slower."""


def build(*, address: bool, compares: bool) -> Path:
    """Builds every target; returns the folder that they are in."""
    kind = "fuzz-address" if address else "fuzz" if compares else "fuzz-long"
    folder = ROOT / "target" / kind
    flags = COVERAGE + (COMPARES if compares else "") + (" -Zsanitizer=address" if address else "")
    environment = {**os.environ, "RUSTFLAGS": flags}
    if address:
        environment["RUSTC_BOOTSTRAP"] = "1"
    # With a target named, build scripts are built without these flags.
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--target", TRIPLE]
    subprocess.run(
        [*command, "--target-dir", folder, "--manifest-path", CRATE / "Cargo.toml"],
        check=True,
        env=environment,
    )
    return folder / TRIPLE / "release"


# --- seeds ----------------------------------------------------------------------------------------


def messages() -> Iterator[bytes]:
    """Every message of the vectors, and every value of a control."""
    for path in sorted(VECTORS.rglob("*")):
        if path.suffix in {".der", ".ber"} and path.parent.name != "keys":
            octets = path.read_bytes()
            if len(octets) <= LARGEST:
                yield octets
    for case in json.loads((VECTORS / "ber" / "cases.json").read_text("utf-8")):
        yield bytes.fromhex(case["input"])


def contents() -> Iterator[types.PKIData]:
    """The PKIData of every message that has one."""
    for octets in messages():
        try:
            content = cmcodec.load(octets).unverified_content
        except CMCError:
            continue
        if isinstance(content, types.PKIData):
            yield content


def requests() -> Iterator[bytes]:
    """What stands in a reqSequence, and each PKCS#10 by itself."""
    for content in contents():
        for request in content.req_sequence:
            yield request.to_der()
            if request.tcr is not None:
                yield request.tcr.certification_request.to_der()


def batches() -> Iterator[bytes]:
    """The first members of a batch, in a message that nobody signed."""
    whole = cmcodec.load((ROOT / "examples" / "batch-1000.der").read_bytes())
    content, outer = whole.unverified_content, whole.unverified_structure
    assert isinstance(content, types.PKIData)
    signed = outer.content
    for count in (1, 2, 3, 5):
        few = replace(
            content, control_sequence=(), cms_sequence=tuple(content.cms_sequence[:count])
        )
        inside = replace(signed.encap_content_info, e_content=few.to_der())
        signed = replace(signed, encap_content_info=inside, certificates=None, signer_infos=())
        yield replace(outer, content=signed).to_der()


def numbers() -> Iterator[bytes]:
    """Octets that numbers are made of; the first names what is done with them."""
    for first in range(64):
        yield bytes([first]) + hashlib.shake_128(bytes([first])).digest(511)


def seeds(target: str) -> Path:
    """Writes what a target begins with; returns the folder."""
    found: Iterable[bytes] = messages()
    if KINDS[target] in {"functions", "signatures"}:
        found = numbers()
    elif target == "crmf_pkcs10":
        found = requests()
    elif target == "batch":
        found = [*messages(), *batches()]
    folder = BUILD / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, octets in enumerate(dict.fromkeys(found)):
        (folder / f"{number:04}").write_bytes(octets)
    return folder


# --- runs -----------------------------------------------------------------------------------------


def run(program: Path, bound: list[str], *, address: bool) -> tuple[str, bool]:
    """Runs a target; returns what there is to say, and whether nothing was found."""
    target = program.name
    corpus, findings = BUILD / "corpus" / target, BUILD / "findings"
    if f"-seed={SEED}" in bound:
        # What was found before would change what is tried.
        corpus = BUILD / "corpus-ci" / target
        shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    log = BUILD / f"{target}.log"
    command = [
        program, corpus, BUILD / "seeds" / target, *bound, f"-max_len={LARGEST}", "-timeout=5",
        f"-rss_limit_mb={4096 if address else 1024}", "-print_final_stats=1", "-mutate_depth=1",
        # A thread that is about to end looks like a leak.
        "-detect_leaks=0",
        f"-artifact_prefix={findings}/{target}-",
    ]  # fmt: skip
    with log.open("w") as out:
        status = subprocess.run(command, check=False, stdout=out, stderr=out).returncode
    text = log.read_text("utf-8", errors="replace")
    executed = int((re.findall(r"number_of_executed_units:\s*(\d+)", text) or ["0"])[-1])
    reached = (re.findall(r"cov: (\d+)", text) or ["0"])[-1]
    told = f"{target:17}{executed:>12,} executions{reached:>7} edges{more(text)}"
    if status == 0:
        leave_out(program, corpus)
        return told, True
    kept = re.findall(r"Test unit written to (\S+)", text)
    why = re.findall(r"panicked at (.*\n.*)|ERROR: (.*)", text)
    reason = " ".join(filter(None, why[0])).replace("\n", " ") if why else f"status {status}"
    again = f"\n  {program} {kept[-1]}" if kept else f"\n  see {log}"
    return f"{told}  {reason}{again}", False


def more(text: str) -> str:
    """What a target tells of its inputs: how many were readable, or what was done on lanes."""
    if lanes := re.findall(r"lanes: (\d+) of (\w+), (\d+) left to the library", text):
        count, machine, left = lanes[-1]
        return f" {int(count):>12,} on lanes of {machine}, {int(left):,} left to the library"
    readable = (re.findall(r"readable: (\d+)", text) or ["0"])[-1]
    return f"{readable:>4} % readable"


def leave_out(program: Path, corpus: Path) -> None:
    """Leaves out of what is kept what leads nowhere that others do not lead, where it is much."""
    if sum(1 for _ in corpus.iterdir()) <= MANY:
        return
    fewer = corpus.with_name(f"{corpus.name}-fewer")
    shutil.rmtree(fewer, ignore_errors=True)
    fewer.mkdir()
    command = [program, "-merge=1", f"-max_len={LARGEST}", "-timeout=5", fewer, corpus]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(corpus)
    fewer.rename(corpus)


def bounds(time: str, targets: list[str]) -> dict[str, list[str]]:
    """How long each target runs, as libFuzzer is told."""
    if time == "ci":
        return {it: [f"-seed={SEED}", f"-runs={CI[KINDS[it]]}"] for it in targets}
    if time not in {"long", "release"}:
        seconds = 60 if time == "minute" else int(time)
        return {it: [f"-max_total_time={seconds}"] for it in targets}
    counts = LONG if time == "long" else RELEASE
    each = {kind: -(-counts[kind] // len(names)) for kind, names in TARGETS.items()}
    return {it: [f"-runs={each[KINDS[it]]}"] for it in targets}


def main() -> int:
    """Does what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("time", help="ci, minute, long, release, or seconds for each target")
    parser.add_argument("targets", nargs="*", metavar="target", help=", ".join(KINDS))
    parser.add_argument("--address", action="store_true", help="with AddressSanitizer")
    given = parser.parse_args()
    targets = given.targets or [*KINDS]
    if unknown := set(targets) - {*KINDS}:
        parser.error(f"no target: {', '.join(sorted(unknown))}")
    if given.time not in {"ci", "minute", "long", "release"} and not given.time.isdecimal():
        parser.error("time is ci, minute, long, release or a number of seconds")
    for target in targets:
        seeds(target)
    folder = build(address=given.address, compares=given.time not in {"long", "release"})
    told = bounds(given.time, targets)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda it: run(folder / it, told[it], address=given.address), targets)
        good = True
        for line, is_good in results:
            print(line, flush=True)
            good &= is_good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
