"""Processes that share a database, part and end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from cmcodec.stores import Kind, SQLStore, Transaction, attempting

if TYPE_CHECKING:
    from pathlib import Path

BOTH_BACKENDS = False

NUMBER = b"number"


def count(transaction: Transaction) -> None:
    number = int(transaction.get(Kind.DUE, NUMBER) or b"0")
    transaction.put(Kind.DUE, NUMBER, str(number + 1).encode())


def counted(url: str) -> int:
    with closing(SQLStore(url)) as store, store.transaction() as transaction:
        return int(transaction.get(Kind.DUE, NUMBER) or b"0")


def process(code: str, url: str) -> subprocess.Popen[bytes]:
    """A process that runs this, with the functions of this module and a ``store``."""
    program = f"""
import os, sys
from cmcodec.stores import Kind, SQLStore, StoreError, attempting
from test_processes import count
store = SQLStore({url!r})
{code}
"""
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_processes_do_not_meet(url: str) -> None:
    """Two of them, which make the table both, count to 200 each: to 400 together."""
    running = [process("for _ in range(200): attempting(store, count)", url) for _ in range(2)]
    for one in running:
        one.communicate(timeout=120)
    assert [one.returncode for one in running] == [0, 0]
    assert counted(url) == 400


def test_a_process_that_is_killed_leaves_nothing(url: str) -> None:
    """What it wrote in its transaction is not there, and nobody waits for it."""
    code = """
with store.transaction() as transaction:
    for number in range(2000):
        transaction.put(Kind.NONCE, number.to_bytes(2, "big"), bytes(100))
    transaction.delete(Kind.DUE, b"number")
    print(len(transaction.scan(Kind.NONCE, limit=5000)), flush=True)
    sys.stdin.read()
"""
    with closing(SQLStore(url)) as store:
        attempting(store, count)
        with process(code, url) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == b"2000\n"
            running.send_signal(signal.SIGKILL)
            running.communicate()
        with store.transaction() as transaction:
            assert transaction.scan(Kind.NONCE) == []
        attempting(store, count)
    assert counted(url) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_connects_anew(url: str) -> None:
    """After a fork both go on, at the same time, and neither disturbs the other."""
    code = """
for _ in range(3): attempting(store, count)
child = os.fork()
for _ in range(100): attempting(store, count)
store.close()
if child == 0: os._exit(0)
_, status = os.waitpid(child, 0)
attempting(store, count)
sys.exit(status)
"""
    with process(code, url) as running:
        running.communicate(timeout=120)
    assert running.returncode == 0
    assert counted(url) == 204


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_of_a_transaction_is_told(tmp_path: Path) -> None:
    """With sqlite it would believe that it has the locks of its parent, which goes on."""
    url = f"sqlite:///{tmp_path / 'cmc.db'}"
    code = """
with store.transaction() as transaction:
    count(transaction)
    child = os.fork()
    if child == 0:
        try:
            attempting(store, count)
        except StoreError as error:
            os._exit(3 if "forked" in str(error) else 4)
        os._exit(0)
    _, status = os.waitpid(child, 0)
attempting(store, count)
sys.exit(os.waitstatus_to_exitcode(status))
"""
    with process(code, url) as running:
        running.communicate(timeout=120)
    assert running.returncode == 3
    assert counted(url) == 2
