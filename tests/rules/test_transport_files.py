"""Messages in files (RFC 10003 §4)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cmcodec.transports import Limits, TransportError, files
from kit.transports import enveloped, messages

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGES = messages()
EXTENSIONS = {
    "simple-request": ".p10", "full-request": ".crq",
    "simple-response": ".p7c", "full-response": ".crp",
}  # fmt: skip


@pytest.mark.parametrize("kind", EXTENSIONS)
def test_r_187_a_file_has_a_message_and_its_extension(kind: str, tmp_path: Path) -> None:
    """R-187: the octets as they are, alone in the file, under the extension of their kind."""
    first = files.write(MESSAGES[kind], tmp_path)
    second = files.write(memoryview(MESSAGES[kind]), str(tmp_path))
    assert first != second
    assert {first.suffix, second.suffix} == {EXTENSIONS[kind]}
    assert first.read_bytes() == files.read(second) == MESSAGES[kind]
    assert sorted(tmp_path.iterdir()) == sorted((first, second))


def test_what_is_encrypted_needs_a_direction(tmp_path: Path) -> None:
    """R-187: its extension is that of what is in it, which does not show."""
    octets = enveloped(MESSAGES["full-request"])
    with pytest.raises(ValueError, match="direction"):
        files.write(octets, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert files.write(octets, tmp_path, direction="request").suffix == ".crq"
    assert files.write(octets, tmp_path, direction="answer").suffix == ".crp"
    with pytest.raises(ValueError, match="no answer"):
        files.write(MESSAGES["simple-request"], tmp_path, direction="answer")


def test_a_file_is_replaced_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the old one or the new one; where writing fails, the old one stays alone."""
    path = tmp_path / "any name"
    assert files.write(b"first", path) == path
    assert files.write(b"second", path).read_bytes() == b"second"

    def full(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        files.write(b"third", path)
    assert [(each, each.read_bytes()) for each in tmp_path.iterdir()] == [(path, b"second")]


def test_a_file_may_be_too_long(tmp_path: Path) -> None:
    """No more is read than a message may have."""
    path = files.write(b"12345", tmp_path / "long")
    assert files.read(path, limits=Limits(max_size=5)) == b"12345"
    with pytest.raises(TransportError, match="limit"):
        files.read(path, limits=Limits(max_size=4))
    with pytest.raises(FileNotFoundError):
        files.read(tmp_path / "none")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, Path.symlink_to])
def test_an_answer_is_a_file(make: Callable[..., None], tmp_path: Path) -> None:
    """Nobody waits for a pipe to end; what is no file is no answer."""
    client = files.Client(tmp_path, timeout=0.01)
    with pytest.raises(TransportError, match="timeout"):
        client.send(MESSAGES["full-request"])
    (request,) = tmp_path.iterdir()
    answer = request.with_suffix(".crp")
    make(answer, "/dev/zero") if make is Path.symlink_to else make(answer)
    with pytest.raises(TransportError, match="timeout"):
        client.send(MESSAGES["full-request"])
