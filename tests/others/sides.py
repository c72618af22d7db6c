"""Where the answers come from: one process for each implementation, or for each message.

A process that ends or takes more than `PATIENCE` seconds of CPU over a message is one answer, and
another one goes on.
"""

from __future__ import annotations

import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from interoperability.install import BOUNCYCASTLE
from kit.vectors import ROOT

from .answers import CRASHED, HUNG, INVALID, PATIENCE, REFUSED, UNSIGNED, VALID, Answer, hashed
from .judges import MESSAGE

if TYPE_CHECKING:
    from typing import Self

TESTS = Path(__file__).resolve().parent.parent
JARS = BOUNCYCASTLE / "lib"
NAMES = ("openssl", "asn1crypto", "cryptography", "bouncycastle")
OURS = {"ours": "rust", "ours, fallback": "pure"}
LOOK_AT_SIGNATURES = {"openssl", "bouncycastle", *OURS}
"""Of messages; ``cryptography`` looks at those of a PKCS#10 alone."""


class Side(Protocol):
    """Somebody who can be asked."""

    def ask(self, octets: bytes, form: int) -> Answer: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def is_here(name: str) -> bool:
    """Whether a side can be asked."""
    if name == "bouncycastle":
        return bool(shutil.which("java")) and any(JARS.glob("bcpkix-*.jar"))
    return name != "openssl" or bool(shutil.which("openssl"))


def side(name: str, *, measured: bool = False) -> Side:
    """The side of that name; ``measured``: it looks at its memory as well."""
    if name == "openssl":
        return OpenSSL(measured=measured)
    flag = ["memory"] if measured else []
    if name == "bouncycastle":
        # What is garbage counts until it is collected: little, in a small nursery. What runs for a
        # short time is compiled quickly.
        options = ["-XX:+UseSerialGC", "-Xmn8m", "-Xmx2g", "-cp", f"{JARS}{os.sep}*"]
        quick = [] if measured else ["-XX:TieredStopAtLevel=1"]
        return Served(
            ["java", *quick, *options, str(Path(__file__).parent / "Judge.java"), *flag], {}
        )
    judge = [sys.executable, "-m", "others.judges", name.partition(",")[0], *flag]
    paths = os.pathsep.join([str(TESTS), str(ROOT), *sys.path])
    chosen = {"CMCODEC_BACKEND": OURS[name]} if name in OURS else {}
    return Served(judge, {"PYTHONPATH": paths, **chosen})


class Served:
    """A process that answers one message after another."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._command, self._environment = command, {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        assert process.stdin is not None
        assert process.stdout is not None
        process.kill()
        process.communicate()
        return process.returncode

    def ask(self, octets: bytes, form: int) -> Answer:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        before = _seconds(process.pid)
        try:
            process.stdin.write(bytes([form]) + len(octets).to_bytes(4, "big") + octets)
            process.stdin.flush()
        except BrokenPipeError:
            self._end()
            return Answer(CRASHED, "before it read")
        while not select.select([process.stdout], [], [], 1)[0]:
            if _seconds(process.pid) - before > PATIENCE:
                self._end()
                return Answer(HUNG, seconds=PATIENCE)
        line = process.stdout.readline()
        if not line:
            process.wait()
            return Answer(CRASHED, f"status {self._end()}")
        return Answer(**json.loads(line))


def _seconds(pid: int) -> float:
    """The CPU that a process has taken, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- OpenSSL ---------------------------------------------------------------------------------

VERIFY = ("cms", "-verify", "-noverify", "-binary", "-inform", "DER")
"""Signatures by the certificates inside, whoever issued them."""
REQUEST = ("req", "-verify", "-noout", "-inform", "DER")
WORDS = (
    ("signer certificate not found", "certificate"),
    ("no signers", "no signer"),
    ("messagedigest", "digest"),
    ("CMS_SignerInfo_verify_content", "digest"),
    ("ossl_cms_si_check_attributes", "attributes"),
    ("cms_get0_signed", "type"),
    ("check_content", "content"),
    ("X509_PUBKEY_get0", "key"),
    ("ossl_x509v3_cache_extensions", "certificate"),
    ("invalid digest", "algorithm"),
    ("unknown digest", "algorithm"),
    ("DigestAlgorithm", "algorithm"),
    ("pss_to_ctx", "algorithm"),
    ("pss_verify_param", "algorithm"),
    ("rsa_check_pa", "algorithm"),
    ("rsa_set_ctx_params", "algorithm"),
    ("rsa_cms_verify", "algorithm"),
    ("evp_pkey_signature_init", "algorithm"),
    ("CMS_SignerInfo_verify", "signature"),
)
"""What stands in its errors, and the word for it; the first that is found counts."""


SPAWN = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]), int(sys.argv[2]) + 1))
pid = os.fork()
if not pid:
    os.execvp(sys.argv[3], sys.argv[3:])
_, status, used = os.wait4(pid, 0)
seconds = used.ru_utime + used.ru_stime
os.write(int(sys.argv[1]), f"{status} {seconds} {used.ru_maxrss}".encode())
"""
"""Runs a program as the child of a small process, whose memory would count as that of the child."""


class OpenSSL:
    """The program, once for each message; what it takes to start is part of what that takes."""

    def __init__(self, *, measured: bool = False) -> None:
        self._measured = measured

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def ask(self, octets: bytes, form: int) -> Answer:
        command = ["openssl", *(VERIFY if form == MESSAGE else REQUEST)]
        with ExitStack() as stack:
            files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(4)]
            given, content, errors, used = files
            given.write(octets)
            given.seek(0)
            if self._measured:
                spawn = [sys.executable, "-I", "-S", "-c", SPAWN]
                command = [*spawn, str(used.fileno()), str(int(PATIENCE)), *command]
            process = subprocess.Popen(
                command, stdin=given, stdout=content, stderr=errors, pass_fds=[used.fileno()]
            )
            if not self._measured:
                limit = int(PATIENCE)
                resource.prlimit(process.pid, resource.RLIMIT_CPU, (limit, limit + 1))
            status, seconds, resident = process.wait(), 0.0, 0
            for each in (content, errors, used):
                each.seek(0)
            if self._measured:
                told = used.read().split()
                status = os.waitstatus_to_exitcode(int(told[0]))
                seconds, resident = float(told[1]), int(told[2]) * 1024
            answer = _said(status, content.read(), errors.read().decode(), form)
        return replace(answer, seconds=seconds, peak=resident)


def _said(status: int, content: bytes, errors: str, form: int) -> Answer:
    if status == -signal.SIGXCPU:
        return Answer(HUNG)
    if status < 0:
        return Answer(CRASHED, f"signal {-status}")
    if form != MESSAGE:
        if "verify OK" in errors:
            return Answer(VALID)
        is_read = "verify failure" in errors
        return Answer(INVALID, "signature") if is_read else Answer(REFUSED, "parse")
    if status == 0:
        return Answer(VALID, values={"content": hashed(content)})
    if status == 2:
        return Answer(REFUSED, "parse")
    why = next((word for text, word in WORDS if text in errors), "other")
    return Answer(UNSIGNED if why == "no signer" else INVALID, why)
