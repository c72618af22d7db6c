"""Threads, forks and exits around a verification (rules P11, V14, G11)."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cmcodec
from kit import vectors
from kit.der import integer, oid, seq, tlv
from kit.messages import Message, members, pki_data

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = vectors.BATCH.read_bytes()
BATCHES = int(os.environ.get("CMCODEC_BATCHES", "1"))
"""Of a thousand messages, for each of eight threads."""
PACKAGE = Path(cmcodec.__file__).parent.parent


def run(program: str) -> subprocess.CompletedProcess[str]:
    """A program of its own, on the backend under test."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(PACKAGE),
        "CMCODEC_BACKEND": cmcodec.backend,
    }
    return subprocess.run(
        [sys.executable, "-c", program, str(vectors.BATCH)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )


def test_v14_verifications_side_by_side(record_property: Callable[[str, object], None]) -> None:
    """V14, G11: eight calls at once, each with threads of its own, say what one says."""
    batches = [BATCH] * BATCHES
    alone = list(cmcodec.verify_batch(batches, threads=1))
    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(lambda _: list(cmcodec.verify_batch(batches, threads=2)), range(8)))
    assert all(report == alone for report in reports)
    record_property("tried", sum(map(len, reports)))


def test_v14_first_use_in_eight_threads_at_once() -> None:
    """V14: what is compiled on first use is complete when a thread sees it."""
    done = run(
        "import sys, threading, cmcodec\n"
        "batch = open(sys.argv[1], 'rb').read()\n"
        "sys.setswitchinterval(1e-6)\n"
        "ready, good = threading.Barrier(8), []\n"
        "def load():\n"
        "    ready.wait()\n"
        "    good.append(cmcodec.load(batch).unverified_structure)\n"
        "threads = [threading.Thread(target=load) for _ in range(8)]\n"
        "[thread.start() for thread in threads], [thread.join() for thread in threads]\n"
        "assert len(good) == 8 and len(set(good)) == 1\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_p11_a_buffer_changed_during_the_call() -> None:
    """P11: what counts is what the buffer held when the call began."""
    buffer = bytearray(BATCH)

    def spoil(done: int, total: int) -> None:
        buffer[:] = bytes(len(buffer))

    assert cmcodec.verify_batch(buffer, progress=spoil).counts() == {"verified": 1001}
    assert not any(buffer)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_g11_fork_after_use() -> None:
    """G11: no thread outlives a call, so a child can verify too."""
    done = run(
        "import os, sys, warnings, cmcodec\n"
        "warnings.simplefilter('ignore')\n"
        "batch = open(sys.argv[1], 'rb').read()\n"
        "assert cmcodec.verify_batch(batch, threads=4).counts() == {'verified': 1001}\n"
        "child = os.fork()\n"
        "good = cmcodec.verify_batch(batch, threads=4).counts() == {'verified': 1001}\n"
        "if not child:\n"
        "    os._exit(0 if good else 7)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 and good\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_g11_exit_during_a_call() -> None:
    """G11: an interpreter that ends while another thread verifies ends without a crash."""
    done = run(
        "import sys, threading, cmcodec\n"
        "batch = [open(sys.argv[1], 'rb').read()] * 4\n"
        "begun = threading.Event()\n"
        "call = lambda: cmcodec.verify_batch(batch, threads=2, progress=lambda *_: begun.set())\n"
        "threading.Thread(target=call, daemon=True).start()\n"
        "begun.wait(60)\n"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="what C runs at the end is told otherwise")
def test_g11_exit_before_a_call_ends(tmp_path: Path) -> None:
    """G11: a thread that is still at work when the interpreter has ended crashes nothing.

    The process lives on for 2.5 seconds after it, in which the call ends.
    """
    large = seq(integer(3), oid("1.2.3"), tlv(0x04, bytes(24 << 20)))
    file = tmp_path / "large.der"
    file.write_bytes(Message(content=pki_data(others=(large,))).encode())
    done = run(
        f"""
import ctypes, pathlib, sys, threading, cmcodec
message = pathlib.Path({str(file)!r}).read_bytes()
cmcodec.verify_batch(b"").counts()
libc = ctypes.CDLL(None)
libc.__cxa_atexit(libc.usleep, ctypes.c_void_p(2_500_000), None)
begun = threading.Event()
def call():
    begun.set()
    cmcodec.verify_batch(message, threads=1)
# Nobody else runs until the engine lets go of the interpreter.
sys.setswitchinterval(1000)
threading.Thread(target=call, daemon=True).start()
begun.wait(60)
"""
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_interrupt_ends_the_call() -> None:
    """What ``progress`` raises ends the call; nothing of it is left behind."""

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cmcodec.verify_batch(BATCH, progress=interrupt)
    assert cmcodec.verify_batch(BATCH).counts() == {"verified": 1001}


def test_p1_threads_with_a_small_stack(tmp_path: Path) -> None:
    """P1, P9: 31 layers and an ML-DSA-87 signature crash no thread of 64 KiB.

    What is imported on first use is imported before: from Python 3.14 on such a thread has no room
    for an import, and Python says so.
    """
    deep = Message().encode()
    for _ in range(30):
        deep = Message(content=pki_data(members=members(deep))).encode()
    file = tmp_path / "deep.der"
    file.write_bytes(deep)
    signed = vectors.VECTORS / "ml-dsa" / "signers" / "ml-dsa-87-sha512.der"
    done = run(
        f"""
import pathlib, threading, cmcodec
deep, signed = (pathlib.Path(name).read_bytes() for name in ({str(file)!r}, {str(signed)!r}))
cmcodec.load(signed).unverified_content, cmcodec.verify_batch(signed).counts()
def work():
    message = cmcodec.load(deep, max_layers=32)
    print(message.kind, message.unverified_content is not None)
    print(cmcodec.verify_batch(deep, max_layers=32, threads=1).counts())
    print(cmcodec.verify_batch([signed] * 8, threads=1).counts())
    print(cmcodec.verify_batch([signed] * 8, threads=4).counts())
threading.stack_size(64 * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "full-request True",
        "{'verified': 31}",
        "{'verified': 8}",
        "{'verified': 8}",
    ]
