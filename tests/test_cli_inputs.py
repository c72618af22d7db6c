"""What ``cmc`` takes from files and folders: several messages, none, too much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

import cmcodec
from cmcodec.asn1.der import element
from cmcodec.cli import inputs, main, options
from kit.command import surroundings
from kit.messages import pkcs10
from kit.vectors import VECTORS
from kit.wrong_inputs import MOMENT, OTHER_CMS, WRONG_INPUTS, armour, write_large_text

if TYPE_CHECKING:
    from pathlib import Path

    from kit.command import Run

BATCHES = VECTORS / "bouncycastle" / "batches"
TWO = VECTORS / "field" / "csr-two-blocks.pem"
CA = VECTORS / "bouncycastle" / "keys" / "ca-cert.der"
MEGABYTES = 60


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# --- several messages in one file ----------------------------------------------------------------


def test_verify_takes_each_block_as_a_message(cmc: Run) -> None:
    done = cmc("verify", "--json", TWO)
    assert done.returncode == 0
    assert [(row["file"], row["verdict"]) for row in rows(done.stdout)] == [
        (f"{TWO}#1", "verified"),
        (f"{TWO}#2", "verified"),
    ]
    assert cmc("verify", "--csv", "-", stdin=TWO.read_bytes()).stdout.count("\n-#") == 2
    assert f"{TWO}#2: simple-request, verified" in cmc("verify", TWO).stdout


def test_a_bad_block_spoils_no_other(cmc: Run) -> None:
    octets = TWO.read_bytes() + armour(CA.read_bytes(), "CERTIFICATE") + TWO.read_bytes()
    done = cmc("verify", "--json", "-", stdin=octets)
    verdicts = [row["verdict"] for row in rows(done.stdout)]
    assert verdicts == ["verified", "verified", "malformed", "verified", "verified"]
    assert done.stderr.splitlines()[0] == "cmc: -#3: this is a certificate"
    shown = cmc("inspect", "--json", "-", stdin=octets)
    assert shown.returncode == 1
    assert len(rows(shown.stdout)) == 4
    assert shown.stderr.startswith("cmc: -#3: this is a certificate: ")
    assert shown.stderr.count("\n") == 1


def test_inspect_shows_each_block(cmc: Run) -> None:
    text = cmc("inspect", TWO).stdout.splitlines()
    heads = [line for line in text if "NOT VERIFIED" in line]
    assert heads == [f"{TWO}#{n}: NOT VERIFIED: simple-request, 616 octets" for n in (1, 2)]
    assert [row["kind"] for row in rows(cmc("inspect", "--json", TWO).stdout)] == [
        "simple-request",
        "simple-request",
    ]


@pytest.mark.parametrize("name", ["open", "send"])
def test_a_command_for_one_message_refuses_several(cmc: Run, name: str, tmp_path: Path) -> None:
    to = ("--to", f"file:{tmp_path}") if name == "send" else ()
    done = cmc(name, TWO, *to)
    assert done.returncode == 1
    assert "there are several PEM blocks in one text" in done.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_all_blocks_of_a_large_file_are_taken(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of which not all is read at once, in whatever encoding."""
    monkeypatch.setattr(inputs, "_HEAD", 1 << 18)
    file = tmp_path / "large.pem"
    file.write_bytes((armour(pkcs10()).decode() * 2000).encode(encoding))
    assert file.stat().st_size > 1 << 18
    messages = inputs.read_messages([str(file)]).messages
    assert [each.number for each in messages] == [*range(1, 2001)]
    assert {cmcodec.load(each.octets).to_der() for each in messages} == {pkcs10()}


# --- folders -------------------------------------------------------------------------------------


def test_recursive_takes_all_files_below_in_order(cmc: Run, tmp_path: Path) -> None:
    request = pkcs10()
    for name in ("b.der", "a/z.der", "a/b/c.der", "c/one.der"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(request)
    (tmp_path / "a" / "two.pem").write_bytes(TWO.read_bytes())
    (tmp_path / "empty").mkdir()
    (tmp_path / "again").symlink_to(tmp_path)
    done = cmc("verify", "--json", "--recursive", BATCHES / "batch-5.der", tmp_path)
    assert done.returncode == 0
    found = [row["file"] for row in rows(done.stdout) if not row["path"]]
    assert found == [
        f"{BATCHES}/batch-5.der",
        *(f"{tmp_path}/{name}" for name in ("b.der", "a/two.pem#1", "a/two.pem#2", "a/z.der")),
        *(f"{tmp_path}/{name}" for name in ("a/b/c.der", "c/one.der")),
    ]


def test_a_folder_without_files_exits_2(cmc: Run, tmp_path: Path) -> None:
    done = cmc("verify", "--recursive", tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"cmc: {tmp_path}: there is no file in this folder\n"


def test_what_is_found_and_cannot_be_read_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are verified; that one was not shows in the exit status."""
    monkeypatch.setattr(options, "MAX_FILE_SIZE", 1 << 12)
    (tmp_path / "good.der").write_bytes(pkcs10())
    (tmp_path / "large.der").write_bytes(bytes(5000))
    assert main(["verify", "--json", "--recursive", str(tmp_path)]) == 1
    out, errors = capsys.readouterr()
    assert [row["file"] for row in rows(out)] == [f"{tmp_path}/good.der"]
    refusal = "limit: 5,000 octets, and 4,096 are read at most"
    assert errors.splitlines()[0] == f"cmc: {tmp_path}/large.der: {refusal}"
    # What was named is another matter.
    assert main(["verify", str(tmp_path / "large.der")]) == 1
    assert capsys.readouterr() == ("", f"cmc: {tmp_path}/large.der: {refusal}\n")


# --- how much is read ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["inspect", "open", "verify"])
def test_p6_a_file_that_is_too_large_is_refused_unread(cmc: Run, name: str, tmp_path: Path) -> None:
    """P6: its size tells, here of a file of which nothing is on the disk."""
    file = tmp_path / "sparse.der"
    with file.open("wb") as stream:
        stream.truncate(options.MAX_FILE_SIZE + 1)
    done = cmc(name, file)
    assert done.returncode == 1
    size, most = f"{options.MAX_FILE_SIZE + 1:,}", f"{options.MAX_FILE_SIZE:,}"
    assert done.stderr == f"cmc: {file}: limit: {size} octets, and {most} are read at most\n"


def test_p6_a_pipe_is_read_up_to_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: nobody knows its size before."""
    monkeypatch.setattr(options, "MAX_FILE_SIZE", 6 << 20)
    monkeypatch.setattr(options, "_CHUNK", 1 << 16)
    reader, writer = os.pipe()
    writing = Thread(target=_write, args=(writer, bytes.fromhex("3084") + bytes(7 << 20)))
    writing.start()
    with (
        os.fdopen(reader, "rb") as stream,
        pytest.raises(options.Failure, match="more than 6,291,456 octets"),
    ):
        options.read_rest(stream, "-")
    writing.join()


def _write(descriptor: int, octets: bytes) -> None:
    """All of it, or until nobody reads on."""
    with suppress(BrokenPipeError), os.fdopen(descriptor, "wb", buffering=0) as stream:
        stream.write(octets)


def crl(size: int) -> bytes:
    """A CRL of somewhat more octets than these."""
    builder = x509.CertificateRevocationListBuilder(x509.Name([]), MOMENT, MOMENT)
    made = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    entry = element(0x30, element(0x02, b"\x01" * 20), element(0x17, b"260101000000Z"))
    head = made.tbs_certlist_bytes[2:]
    listed = element(0x30, entry * (size // len(entry)))
    rest = made.public_bytes(Encoding.DER)[-80:]
    return element(0x30, element(0x30, head, listed), element(0x30), element(0x03, b"\0", rest))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("large")
    text, revoked, binary = folder / "text", folder / "crl", folder / "zip"
    write_large_text(text)
    revoked.write_bytes(crl(100 << 20))
    with binary.open("wb") as stream:
        stream.write(b"PK\3\4")
        stream.truncate(600 << 20)
    return {"text": text, "a CRL": revoked, "a ZIP file": binary}


MEASURED = """
import sys
from pathlib import Path
from cmcodec.cli import main
status = main(sys.argv[1:])
print(next(line for line in Path("/proc/self/status").open() if line.startswith("VmHWM")))
sys.exit(status)
"""


def peak(backend: str, *arguments: str | Path, stdin: int | None = None) -> tuple[int, int, str]:
    """Exit status, megabytes at most, and the first line of standard error of a run."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, arguments)],
        stdin=stdin,
        capture_output=True,
        check=False,
        text=True,
        env=surroundings(backend),
    )
    kilobytes = int(done.stdout.split()[-2])
    return done.returncode, kilobytes >> 10, done.stderr.splitlines()[0]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in /proc")
@pytest.mark.parametrize("name", ["inspect", "verify"])
@pytest.mark.parametrize("kind", ["text", "a CRL", "a ZIP file"])
def test_p8_a_large_file_that_is_no_message_takes_little_memory(
    backend: str, name: str, kind: str, large: dict[str, Path]
) -> None:
    """P8: whatever its size, for a file and for a pipe."""
    file = large[kind]
    status, megabytes, line = peak(backend, name, file)
    assert (status, line.startswith(f"cmc: {file}: this is {kind}")) == (1, True), line
    assert megabytes < MEGABYTES
    with subprocess.Popen(["cat", file], stdout=subprocess.PIPE, stderr=-3) as cat:
        assert cat.stdout is not None
        status, megabytes, line = peak(backend, name, "-", stdin=cat.stdout.fileno())
        cat.stdout.close()
    assert (status, line.startswith(f"cmc: -: this is {kind}")) == (1, True), line
    assert megabytes < MEGABYTES


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in /proc")
def test_p8_a_folder_takes_little_memory(backend: str, tmp_path: Path) -> None:
    for name in ("inspect", "verify"):
        status, megabytes, line = peak(backend, name, tmp_path)
        assert (status, line.startswith(f"cmc: {tmp_path}: this is a folder")) == (2, True)
        assert megabytes < MEGABYTES


# --- files that are no message -------------------------------------------------------------------


RUNS = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from cmcodec.cli import main
for arguments in json.load(sys.stdin):
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as errors:
        status = main(arguments)
    print(json.dumps([status, out.getvalue(), errors.getvalue()]))
"""
"""Many runs in one process, which starting one for each would make slow."""


def test_each_wrong_file_is_named_in_the_first_line(backend: str, tmp_path: Path) -> None:
    """What it is comes before what was expected in its place; nothing ends in a traceback."""
    commands = (["inspect"], ["verify"], ["verify", "--json"], ["verify", "--csv"])
    cases = []
    for number, (name, (make, hint)) in enumerate({**WRONG_INPUTS, **OTHER_CMS}.items()):
        file = tmp_path / f"{number}"
        file.write_bytes(make())
        cases += [(name, hint, [*command, str(file)], file) for command in commands]
    done = subprocess.run(
        [sys.executable, "-c", RUNS],
        input=json.dumps([arguments for _, _, arguments, _ in cases]).encode(),
        capture_output=True,
        check=True,
        env=surroundings(backend),
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for (name, hint, arguments, file), (status, out, errors) in zip(cases, found, strict=True):
        about = (name, arguments[:-1], out, errors)
        assert "Traceback" not in errors, about
        assert "defect" not in errors, about
        if arguments[0] == "inspect" and name in OTHER_CMS:
            assert (status, errors) == (0, ""), about
            assert out.startswith(f"NOT VERIFIED: other, {hint}, "), about
            continue
        assert status == 1, about
        # A text of several blocks is several messages.
        place, what = (f"{file}#1", "this is a ") if hint.startswith("there are several PEM") else (
            str(file), hint
        )  # fmt: skip
        assert errors.startswith(f"cmc: {place}: {what}"), about
        if arguments[-2] == "inspect" and place == str(file):
            assert errors.count("\n") == 1, about
