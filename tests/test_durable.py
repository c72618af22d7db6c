"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cmcodec import durable

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH_BACKENDS = False


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_mode_of_a_file(tmp_path: Path) -> None:
    """As it is asked for, else that of the file which is replaced, else what the umask leaves."""
    path = tmp_path / "file"
    durable.write(path, b"1")
    assert (path.read_bytes(), mode(path)) == (b"1", 0o644)
    path.chmod(0o660)
    durable.write(path, b"2")
    assert (path.read_bytes(), mode(path)) == (b"2", 0o660)
    durable.write(path, b"3", mode=durable.PRIVATE)
    assert (path.read_bytes(), mode(path)) == (b"3", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_behind_a_link_is_replaced(tmp_path: Path) -> None:
    """And the link stays."""
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"1")
    link.symlink_to(path)
    durable.write(link, b"2")
    assert (path.read_bytes(), link.is_symlink()) == (b"2", True)


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    """A pipe is not replaced, and a folder is refused."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    durable.write(pipe, b"through")
    reader.join()
    assert (found, pipe.is_fifo()) == ([b"through"], True)
    durable.write("/dev/null", b"away")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(IsADirectoryError):
        durable.write(tmp_path, b"")


def test_what_is_there_may_have_to_stay(tmp_path: Path) -> None:
    """Without replacing, whatever has the name is in the way."""
    path = tmp_path / "file"
    durable.write(path, b"1", replace=False)
    with pytest.raises(FileExistsError):
        durable.write(path, b"2", replace=False)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"1", [path])
