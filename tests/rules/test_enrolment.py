"""What docs/enrolment.md shows works as it stands there, in two processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import cmcodec
from kit.chains import issue
from kit.keys import MOMENT, key
from kit.vectors import ROOT

TEXT = (ROOT / "docs" / "enrolment.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", TEXT, re.DOTALL))


@pytest.mark.parametrize("client", ["client.py", "hsm_client.py"])
def test_enrolment(client: str, tmp_path: Path, backend: str) -> None:
    """Request, challenge, answer, certificate, confirmation; and the same with keys in an HSM."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    usages = ("digital_signature", "key_cert_sign", "key_encipherment")
    year = datetime.now(UTC).year
    since, until = (MOMENT.replace(year=year + more) for more in (-1, 2))
    ca = issue("CA", own=key("rsa-2048"), usages=usages, since=since, until=until)
    private = ca.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "ca.key").write_bytes(private)
    (tmp_path / "ca.pem").write_bytes(ca.certificate.public_bytes(Encoding.PEM))
    path = os.pathsep.join([str(Path(cmcodec.__file__).parents[1]), *sys.path])
    done = subprocess.run(
        [sys.executable, client],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "CMCODEC_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    (expected,) = re.findall(r"print\(.*\)  # (.*)", FILES[client])
    assert done.stderr == ""
    assert (done.stdout, done.returncode) == (f"{expected}\n", 0)
