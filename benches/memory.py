"""What a batch costs in memory, measured in a process of its own.

    python -m benches.memory verify FILE        # or read, load, or look

Prints as JSON the octets of the input and the peak of resident memory above what the process had
when it had done the same to ten messages, before it read the file. The input itself counts.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cmcodec
from benches import workload
from benches.peers import ours

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent


def load(der: bytes) -> int:
    """Validates; returns the number of messages."""
    return 1 + len(cmcodec.load(der).unverified_messages)


def read(der: bytes) -> int:
    """Reads six fields of each nested message and keeps none."""
    messages = cmcodec.load(der).unverified_messages
    return 1 + sum(len(ours.six_fields(message.unverified_content)) == 6 for _, message in messages)


def verify(der: bytes) -> int:
    """Verifies everything and looks at each row."""
    return sum(row.verdict == "verified" for row in cmcodec.verify_batch(der, threads=2))


def look(der: bytes) -> int:
    """Verifies everything and does with the report what can be done with it."""
    report = cmcodec.verify_batch(der, threads=2)
    kept = report[0], report[-1], repr(report)
    return len(kept) and sum(len(row.to_dict()["path"]) > 0 for row in report.failures())


WORK: dict[str, Callable[[bytes], int]] = {
    "load": load,
    "read": read,
    "verify": verify,
    "look": look,
}


def measured(name: str, file: Path) -> dict[str, int]:
    """Does the work in another process; returns ``octets``, ``messages`` and ``peak``."""
    command = [sys.executable, "-m", "benches.memory", name, str(file)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    figures: dict[str, int] = json.loads(done.stdout)
    return figures


def resident_from_now() -> int:
    """The octets in memory now, from which on `peak` looks."""
    gc.collect()
    # 5 sets the peak back to what is resident now (proc(5)).
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak() -> int:
    """The most octets in memory since `resident_from_now`."""
    return _status("VmHWM")


def _status(field: str) -> int:
    """A figure of /proc/self/status, in octets."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {field}: not Linux")


def _main(name: str, file: Path) -> None:
    work = WORK[name]
    work(workload.batch_file(workload.SMALL).read_bytes())
    before = resident_from_now()
    der = file.read_bytes()
    messages = work(der)
    print(json.dumps({"octets": len(der), "messages": messages, "peak": peak() - before}))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
