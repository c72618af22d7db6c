"""A folder in which requests are answered (RFC 10003 §4)."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from cmcodec.embedded.serving.service import Answer
from cmcodec.embedded.serving.watching import MOST, Watch
from cmcodec.transports import Limits
from kit.served import served, until
from kit.transports import full_request, messages

if TYPE_CHECKING:
    from pathlib import Path

BOTH_BACKENDS = False

MESSAGES = messages()
REQUEST = MESSAGES["full-request"]


class Answers:
    """What is answered, one after the other, the last one for ever; ``asked`` is what came."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[bytes] = []

    def __call__(self, octets: bytes) -> Answer:
        self.asked.append(octets)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, Exception):
            raise found
        return found


def success(kind: str = "full-response") -> Answer:
    return Answer(MESSAGES[kind], "success", 0.0)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize(
    ("name", "kind", "answer"),
    [
        ("a.p10", "simple-response", "a.p7c"), ("a.p10", "full-response", "a.crp"),
        ("a.b.crq", "full-response", "a.b.crp"),
    ],
)  # fmt: skip
def test_a_request_is_answered(tmp_path: Path, name: str, kind: str, answer: str) -> None:
    """Under the extension of the answer; once."""
    asked = MESSAGES["simple-request" if name.endswith(".p10") else "full-request"]
    (tmp_path / name).write_bytes(asked)
    answers = Answers(success(kind))
    watch = Watch(tmp_path, answers)
    assert [watch.look(), watch.look()] == [1, 0]
    assert names(tmp_path) == sorted([name, answer])
    assert (tmp_path / answer).read_bytes() == MESSAGES[kind]
    assert answers.asked == [asked]


def test_what_has_an_answer_is_left_alone(tmp_path: Path) -> None:
    """Whichever it is, and whoever wrote it; who removes it gets another one."""
    (tmp_path / "a.crq").write_bytes(REQUEST)
    (tmp_path / "a.p7c").write_bytes(b"of somebody else")
    watch = Watch(tmp_path, Answers(success()))
    assert watch.look() == 0
    (tmp_path / "a.p7c").unlink()
    assert watch.look() == 1


def test_what_is_no_request_is_left_alone(tmp_path: Path) -> None:
    """Links, folders, what is hidden, pipes, and other extensions."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(REQUEST)
    (tmp_path / "link.crq").symlink_to(elsewhere)
    (tmp_path / "folder.crq").mkdir()
    os.mkfifo(tmp_path / "pipe.crq")
    for name in (".hidden.crq", "a.crp", "a.txt", "crq", ".crq"):
        (tmp_path / name).write_bytes(REQUEST)
    before = names(tmp_path)
    assert Watch(tmp_path, Answers(success())).look() == 0
    assert names(tmp_path) == before


def test_half_a_request_is_not_taken(tmp_path: Path) -> None:
    """Neither while it grows, nor when it has not grown for a moment."""
    answers = Answers(success())
    watch = Watch(tmp_path, answers, settled=3600)
    with (tmp_path / "a.crq").open("wb", buffering=0) as file:
        for octets in (b"", REQUEST[:100], REQUEST[100:200]):
            file.write(octets)
            assert [watch.look(), watch.look()] == [0, 0]
        file.write(REQUEST[200:])
        assert watch.look() == 1
    assert answers.asked == [REQUEST]


def test_garbage_is_taken_as_it_is_once_it_is_settled(tmp_path: Path) -> None:
    """It gets the answer that the service has for it."""
    (tmp_path / "a.crq").write_bytes(b"garbage")
    answers = Answers(Answer(MESSAGES["full-response"], "badRequest", 0.0))
    watch = Watch(tmp_path, answers, settled=0)
    assert [watch.look(), watch.look(), watch.look()] == [0, 1, 0]
    assert answers.asked == [b"garbage"]
    assert names(tmp_path) == ["a.crp", "a.crq"]


def test_what_gets_no_answer_is_logged_once(tmp_path: Path, caplog: Any) -> None:
    """Until it changes."""
    (tmp_path / "a\n.crq").write_bytes(REQUEST)
    answers = Answers(Answer(b"", "none", 0.0), success())
    watch = Watch(tmp_path, answers)
    assert [watch.look() for _ in range(5)] == [0] * 5
    assert caplog.messages == [r"'a\n.crq' gets no answer"]
    (tmp_path / "a\n.crq").write_bytes(full_request())
    os.utime(tmp_path / "a\n.crq", (1, 1))
    assert watch.look() == 1


def test_what_is_too_long_is_logged_once(tmp_path: Path, caplog: Any) -> None:
    """Nobody is asked."""
    (tmp_path / "a.crq").write_bytes(REQUEST)
    answers = Answers(success())
    watch = Watch(tmp_path, answers, limits=Limits(max_size=100))
    assert [watch.look() for _ in range(5)] == [0] * 5
    assert caplog.messages == ["'a.crq' is longer than 100 octets"]
    assert answers.asked == []


@pytest.mark.parametrize(
    "first", [Answer(MESSAGES["full-response"], "tryLater", 0.0), OSError("no space")]
)
def test_what_is_put_off_is_tried_again(tmp_path: Path, first: Any, caplog: Any) -> None:
    """After a while: with the answer that it has then."""
    (tmp_path / "a.crq").write_bytes(REQUEST)
    answers = Answers(first, success())
    watch = Watch(tmp_path, answers, again=3600)
    assert [watch.look() for _ in range(5)] == [0] * 5
    assert answers.asked == [REQUEST]
    assert caplog.messages == (["'a.crq' is tried again"] if isinstance(first, OSError) else [])
    watch = Watch(tmp_path, Answers(first, success()), again=0)
    assert [watch.look() for _ in range(3)] == [0, 1, 0]


def test_one_look_answers_so_many(tmp_path: Path) -> None:
    """The others the next one."""
    for number in range(MOST + 5):
        (tmp_path / f"{number}.crq").write_bytes(REQUEST)
    watch = Watch(tmp_path, Answers(success()))
    assert [watch.look() for _ in range(3)] == [MOST, 5, 0]


def test_a_folder_that_has_gone_is_logged_once(tmp_path: Path, caplog: Any) -> None:
    """And used again when it is back."""
    folder = tmp_path / "watched"
    watch = Watch(folder, Answers(success()))
    assert [watch.look() for _ in range(5)] == [0] * 5
    assert len(caplog.messages) == 1
    folder.mkdir()
    (folder / "a.crq").write_bytes(REQUEST)
    assert watch.look() == 1


def test_watching_ends(tmp_path: Path) -> None:
    """When it is to stop."""
    stopping = threading.Event()
    stopping.set()
    Watch(tmp_path, Answers(success())).run(stopping)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_watches(tmp_path: Path, workers: int) -> None:
    """Each request gets one whole answer, however many workers there are."""
    folder = tmp_path / "watched"
    folder.mkdir()
    (folder / "before.crq").write_bytes(REQUEST)
    with served(tmp_path, watch=folder, workers=workers) as server:
        part = folder / ".later"
        part.write_bytes(MESSAGES["simple-request"])
        part.rename(folder / "later.p10")
        for name in ("before.crp", "later.crp"):
            until((folder / name).exists)
            assert (folder / name).read_bytes() == server.answer
        assert server.end() == 0
    assert names(folder) == ["before.crp", "before.crq", "later.crp", "later.p10"]
