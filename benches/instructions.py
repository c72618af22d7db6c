"""Instructions that reading, encoding and verifying take: counts repeat where seconds do not.

    python -m benches.instructions [--update]

Runs each operation of the engine on ``examples/batch-1000.der`` once under callgrind, and compares
with ``benches/record/instructions.json``. Ends with status 1 where one takes more than the record
by more than its `tolerance`. ``--update`` makes what is counted the record.

Of verification all instructions are counted, and those of Rust alone: signatures take twenty times
as many, in the C and the assembly of aws-lc. Valgrind shows every processor that has AVX2 as the
same one, so that aws-lc chooses the same code on all.

Compilers and interpreters make other counts of the same source. Where they are not those of the
record, or there is no valgrind, nothing can be compared: it says so and ends with status 0. What is
above the record is counted again, three times at most, and the least counts. In an engine without
symbols, as it stands in wheels, nothing tells Rust from the rest, and only all instructions are
compared.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import cmcodec
from benches import memory
from benches.workload.parts import as_ber
from cmcodec import _backend, types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cmcodec import Row

ROOT = Path(__file__).resolve().parent.parent
INPUT = ROOT / "examples" / "batch-1000.der"
RECORD = ROOT / "benches" / "record" / "instructions.json"
TOLERANCE = 0.02
"""Of a count: hash tables have random keys, and libraries beside the engine are updated."""

VERIFYING = 0.01
"""The same of verification, most of which is arithmetic of one course."""

BY_ADDRESS = 0.04
"""The same of encoding, which keeps OBJECT IDENTIFIERs by where they are in memory."""

AGAIN = 3
"""How often what is above the record is counted once more."""

SOME = 200
"""Messages of each verification."""

OURS = ", without aws-lc"
"""What follows the name of a verification, where only the instructions of Rust are counted."""

DEEP = "signerInfos[0].signedAttrs[1].attrValues[0]"


def operations() -> Iterator[tuple[str, Callable[[], object]]]:
    """What is counted: its name, and what does it once."""
    der = INPUT.read_bytes()
    ber = as_ber(der)
    assert cmcodec.load(ber).encoding == "ber"
    assert cmcodec.load(ber).to_der() == der
    message = cmcodec.load(der)
    nested = [each for _, each in message.unverified_messages]
    contents = [each.unverified_content for each in nested]
    structures = [each.unverified_structure for each in nested]
    infos = [each.to_der() for each in structures]
    outer: Any = message.unverified_content
    report = cmcodec.verify_batch(der)
    assert report.counts() == {"verified": len(nested) + 1}

    yield "load", lambda: cmcodec.load(der)
    yield "load BER", lambda: cmcodec.load(ber)
    yield "load each", lambda: [cmcodec.load(each) for each in infos]
    yield "decode each", lambda: [types.ContentInfo.from_der(each) for each in infos]
    yield "go through messages", lambda: [it.kind for _, it in message.unverified_messages]
    yield "locate in each", lambda: [it.octets(f"content.{DEEP}") for it in nested]
    yield "load and read 6 fields", lambda: memory.read(der)
    yield "build each content", lambda: [it.unverified_content for it in nested]
    yield "build each structure", lambda: [it.unverified_structure for it in nested]
    yield "encode each content", lambda: [it.to_der() for it in contents if it]
    yield "encode each structure", lambda: [it.to_der() for it in structures]
    yield "encode the unchanged batch", outer.to_der
    yield "rows of a report", lambda: list(report)
    octets = [each.to_der() for each in nested]
    rows = list(report)[1:]
    yield f"verify {SOME} of the batch", _verification(octets)
    for algorithm in ("sha256WithRSAEncryption", "ecdsa-with-SHA256", "Ed25519"):
        # Signer and proof of possession both, so that one algorithm is counted and no other.
        alike = [der for der, row in zip(octets, rows, strict=True) if _named(row) == {algorithm}]
        yield f"verify {SOME} with {algorithm}", _verification(alike)


def _named(row: Row) -> set[str | None]:
    """The signature algorithms of a message."""
    return {each.algorithm for each in (*row.signers, *row.requests)}


def _verification(messages: list[bytes]) -> Callable[[], object]:
    """Verifies the first `SOME` messages by themselves."""
    some = messages[:SOME]
    assert cmcodec.verify_batch(some).counts() == {"verified": SOME}
    return lambda: cmcodec.verify_batch(some, threads=1).counts()


def _mark() -> None:
    """Ends a part of the counts: callgrind writes down what it has where this function begins."""
    os.getppid()


def run(operations: Iterable[tuple[str, Callable[[], object]]]) -> None:
    """Does each operation twice; the second time all that is made once is there."""
    _backend.use("rust")
    gc.disable()
    for _, work in operations:
        work()
        gc.collect()
        _mark()
        work()
        _mark()


def measures(name: str) -> tuple[str, ...]:
    """What is counted of an operation: all instructions; of a verification, those of Rust too."""
    return (name, name + OURS) if name.startswith("verify") else (name,)


def parts(module: str) -> list[str]:
    """What callgrind writes of each operation that `run` does where a module gets ``--run``."""
    with TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", "--dump-before=getppid"]
        command += ["--compress-strings=no", "--compress-pos=no"]
        command += [f"--callgrind-out-file={folder}/part", sys.executable]
        command += ["-m", module, "--run"]
        environment = os.environ | {"PYTHONHASHSEED": "0"}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        files = sorted(Path(folder).glob("part.*"), key=lambda path: int(path.suffix[1:]))
        # Each operation is followed by its own mark, and preceded by one after its first time.
        return [path.read_text(errors="replace") for path in files][1::2]


def count() -> dict[str, int]:
    """The instructions of each operation."""
    found = {}
    for (name, _), text in zip(operations(), parts("benches.instructions"), strict=True):
        numbers = (sum(counts(text)), sum(counts(text, ours)))
        named = zip(measures(name), numbers, strict=False)
        found |= {each: number for each, number in named if number}
    return found


def ours(library: str, function: str) -> bool:
    """Whether this is Rust in the engine, by its name: `cmcodec::schema::walk::Walker::element`."""
    return "_rust" in library and "::" in function


def counts(text: str, counted: Callable[[str, str], bool] = lambda *_: True) -> Iterator[int]:
    """The instructions of each line that callgrind writes, without those of functions called."""
    library = function = ""
    is_call = False
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key == "ob":
            library = value
        elif key == "fn":
            function = value
        elif key == "calls":
            is_call = True
        elif line[:1].isdigit():
            if not is_call and counted(library, function):
                yield int(line.rpartition(" ")[2])
            is_call = False


def environment() -> dict[str, str]:
    """What must be the same where counts are compared."""
    from cmcodec import _rust

    engine = Path(str(_rust.__file__)).read_bytes()
    compiler = re.search(rb"/rustc/([0-9a-f]{40})/", engine)
    return {
        "rustc": compiler[1].decode() if compiler else "unknown",
        "python": sys.version,
        "libc": " ".join(platform.libc_ver()),
        "machine": platform.machine(),
    }


def tolerance(name: str) -> float:
    """How far the count of an operation may be above the record."""
    if name.startswith("encode each"):
        return BY_ADDRESS
    return VERIFYING if name.startswith("verify") and not name.endswith(OURS) else TOLERANCE


def compare(counted: dict[str, int], recorded: dict[str, int]) -> list[str]:
    """Prints a table; returns the names of what takes too many instructions, or is not recorded."""
    worse = []
    for name, number in counted.items():
        before = recorded.get(name)
        change = float("inf") if before is None else number / before - 1
        verdict = "same" if abs(change) <= tolerance(name) else "fewer" if change < 0 else "MORE"
        if verdict == "MORE":
            worse.append(name)
        print(f"{name:52} {before or 0:14,} {number:14,} {change:+8.2%} {verdict}")
    return worse


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--update", action="store_true", help="make this the record")
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run(operations())
        return 0
    if shutil.which("valgrind") is None:
        print("not counted: there is no valgrind here")
        return 0

    here = environment()
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    if arguments.update:
        recorded = record.get("instructions", {})
        counted = count()
        compare(counted, recorded)
        RECORD.parent.mkdir(exist_ok=True)
        text = json.dumps({"environment": here, "instructions": counted}, indent=2)
        RECORD.write_text(f"{text}\n")
        return 0
    if here != record["environment"]:
        print("not compared: the record is of other tools, and wants --update on this machine")
        for name, value in here.items():
            print(f"  {name}: {record['environment'].get(name)!r} there, {value!r} here")
        return 0
    counted = count()
    worse = compare(counted, record["instructions"])
    for _ in range(AGAIN):
        if not worse:
            break
        print("once more: hash tables have random keys, and encoding knows types by their places")
        again = count()
        counted = {name: min(number, again[name]) for name, number in counted.items()}
        worse = compare(counted, record["instructions"])
    if worse:
        print(f"too far above the record: {', '.join(worse)}")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
