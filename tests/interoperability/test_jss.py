"""JSS 5.3.0, the library under Dogtag, reads the answers of a CA.

Its Java alone reads them all, in each state and with both controls of statuses: no native part is
loaded, so that signatures are not verified and nothing is decrypted. Of what is encrypted it reads
the type and no more; AuthEnvelopedData it does not know.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from cmcodec import cms
from cmcodec.roles import Refuse, Rules
from cmcodec.types.controls import CMCFailInfo
from interoperability.install import HERE, JSS
from kit.authority import Authority, always, anchor, certified, pending, renewal, simple

if TYPE_CHECKING:
    from pathlib import Path

JARS = [JSS / f"{name}.jar" for name in ("jss", "commons-lang3", "slf4j-api", "slf4j-nop")]
BOTH = Rules(status_v1=True)


def refused(_: Any) -> Refuse:
    return Refuse(CMCFailInfo.UNSUPPORTED_EXT, "not so")


def full() -> bytes:
    return renewal(certified("device"))


def encrypted() -> bytes:
    return cms.encrypt(full(), [cms.Recipient.from_certificate(anchor().certificate)])


CASES: list[tuple[Any, Any, Rules, str]] = [
    (simple, always, Rules(), "1 certificates"),
    (full, always, Rules(), "0(3) 2 certificates"),
    (full, always, Rules(confirm=True), "5(3) 2 certificates"),
    (full, always, BOTH, "0(3) old 0(3) 2 certificates"),
    (full, pending, BOTH, "3(3)=16 octets old 3(3)=16 octets 1 certificates"),
    (full, refused, BOTH, "2(3)=5 old 2(3)=5 1 certificates"),
    (encrypted, always, Rules(), "other"),
]
"""What is asked, what the CA does, and what JSS says: statuses, body parts, failInfo or token."""


def test_answers_are_read(tmp_path: Path) -> None:
    """Statuses and certificates of each."""
    if not (shutil.which("java") and all(jar.exists() for jar in JARS)):
        pytest.skip("JSS is not installed (tests/interoperability/install.py)")
    files = []
    for place, (asked, policy, rules, _) in enumerate(CASES):
        files.append(tmp_path / str(place))
        made = Authority({"policy": policy, "rules": rules})
        files[-1].write_bytes(made.build().respond(asked()))
    classes = os.pathsep.join(map(str, JARS))
    program = ["java", "-cp", classes, HERE / "jss" / "ReadAnswers.java", *files]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    said = [line.partition(" ")[2] for line in done.stdout.splitlines()]
    assert said == [expected for *_, expected in CASES]
