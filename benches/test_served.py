"""Peers that are programs of their own give the right answers.

They are asked as they are where they have been built, with ``cargo build --release`` in
``benches/rust`` and ``mvn compile`` in ``benches/java``; CMCODEC_BENCH_NATIVE=1 builds them first.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from benches import workload
from benches.peers import answers, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNT = workload.SMALL
PROGRAMS = {"rust": served.RUST, "java": served.JAVA}
OPERATIONS = [
    ("rust", "cmcodec/load"),
    ("rust", "cmcodec/verify"),
    ("rust", "limit/verify"),
    ("rust", "limit/walk"),
    ("rust", "rasn/load"),
    ("rust", "rasn/read"),
    ("rust", "rust-asn1/load"),
    ("rust", "rust-asn1/read"),
    ("rust", "rust-asn1/verify"),
    ("rust", "rustcrypto/load"),
    ("rust", "rustcrypto/read"),
    ("java", "bouncycastle/load"),
    ("java", "bouncycastle/read"),
    ("java", "bouncycastle/verify"),
]
THREADED = ("cmcodec/verify", "limit/verify")


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> Iterator[tuple[str, served.Served]]:
    """A program under way, by name."""
    it = PROGRAMS[request.param]
    is_wanted = os.environ.get("CMCODEC_BENCH_NATIVE") == "1"
    if not (it.is_built or is_wanted):
        pytest.skip("not built, and CMCODEC_BENCH_NATIVE is not 1")
    with it.start(as_built=not is_wanted) as under_way:
        yield request.param, under_way


@pytest.fixture(scope="module")
def file() -> Path:
    return workload.batch_file(COUNT)


def elements(der: bytes) -> int:
    """Values of a batch at all levels, those inside the eContent of messages included."""
    count = pos = 0
    names_message = False
    while pos < len(der):
        tag, length = der[pos], der[pos + 1]
        pos += 2
        if length > 0x7F:
            digits = length & 0x7F
            length = int.from_bytes(der[pos : pos + digits], "big")
            pos += digits
        count += 1
        is_inside = tag & 0x20 or (tag == 0x04 and names_message)
        if not is_inside:
            # id-cct-PKIData, before the explicit tag around an OCTET STRING.
            names_message = der[pos : pos + length] == bytes.fromhex("2b06010505070c02")
            pos += length
        elif tag != 0xA0:
            names_message = False
    return count


def right(operation: str, der: bytes) -> int | str:
    """What an operation must answer for the batch of `COUNT`."""
    match operation.partition("/")[2]:
        case "read":
            return answers.digest_of(map(answers.expected, range(COUNT)))
        case "verify":
            return COUNT + 1
        case "walk":
            return elements(der)
        case _:
            return COUNT


def test_operations(program: tuple[str, served.Served]) -> None:
    """The table of this test is whole."""
    name, it = program
    offers = it.hello()
    offered = [f"{peer}/{each}" for peer, offer in offers.items() for each in offer.operations]
    assert sorted(offered) == [operation for of, operation in OPERATIONS if of == name]
    assert all(offer.version for offer in offers.values())


def test_answers(program: tuple[str, served.Served], file: Path) -> None:
    """Each operation answers rightly, on one thread and on two, and says how long it took."""
    name, it = program
    der = file.read_bytes()
    for of, operation in OPERATIONS:
        for threads in (1, 2) if operation in THREADED else (1,):
            if of == name:
                reply = it.ask(operation, file, threads)
                assert (reply.messages, reply.answer) == (COUNT, right(operation, der)), operation
                assert reply.seconds > 0


def test_verifications(program: tuple[str, served.Served], file: Path) -> None:
    """The limit does as many verifications as `cmcodec`: two in each message, one around all."""
    name, it = program
    for of, operation in OPERATIONS:
        if of == name and operation in ("cmcodec/verify", "limit/verify"):
            assert it.ask(operation, file).more["verifications"] == 2 * COUNT + 1


def test_refuses(program: tuple[str, served.Served], file: Path, tmp_path: Path) -> None:
    """What is not a message, or not asked rightly, is an error, and the program goes on."""
    name, it = program
    operations = [operation for of, operation in OPERATIONS if of == name]
    broken = tmp_path / "broken.der"
    broken.write_bytes(file.read_bytes()[:-1])
    for operation in operations:
        if operation == "cmcodec/verify":
            # Reports, rather than refuses.
            assert it.ask(operation, broken).answer == 0
            continue
        with pytest.raises(served.ServedError):
            it.ask(operation, broken)
    for operation, path, threads in (
        ("nobody/load", file, 1),
        (operations[0].replace("load", "nothing"), file, 1),
        (operations[0], tmp_path / "missing", 1),
        (operations[0], file, 0),
    ):
        with pytest.raises(served.ServedError):
            it.ask(operation, path, threads)
    assert it.hello()


def test_wrong_signatures(program: tuple[str, served.Served], file: Path, tmp_path: Path) -> None:
    """Whoever verifies does so: with the last octet changed the outer signature is wrong."""
    name, it = program
    der = file.read_bytes()
    wrong = tmp_path / "wrong.der"
    wrong.write_bytes(der[:-1] + bytes([der[-1] ^ 1]))
    for of, operation in OPERATIONS:
        if of == name and operation == "cmcodec/verify":
            assert it.ask(operation, wrong).answer == COUNT
        elif of == name and operation.endswith("verify"):
            with pytest.raises(served.ServedError):
                it.ask(operation, wrong)


def test_missing_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cargo or Maven it is said what is missing."""
    monkeypatch.setenv("PATH", "")
    for program in PROGRAMS.values():
        with pytest.raises(served.ServedError, match="is not installed"):
            program.start()


def test_end(tmp_path: Path) -> None:
    """A program that ends without a reply is said to have ended."""
    with (
        served.Served(("sh", "-c", "exit 3"), tmp_path) as it,
        pytest.raises(served.ServedError, match="status 3"),
    ):
        it.hello()
