"""A CA answers requests that BouncyCastle makes, over HTTP, and BouncyCastle reads the answers.

`Enrolment` in ``examples/bouncycastle`` makes them with its classes of CMC, CRMF and CMS. Of each
answer it checks the signature, the transaction and the nonce, and finds the certificate of its key.
It reads all of them but one: what is encrypted with a password it opens where the key is wrapped by
PWRI-KEK, and not by AES key wrap alone, which RFC 10004 has; a CA can be told to use the former.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cmcodec import cms
from cmcodec.roles import Issue, Refuse
from cmcodec.transports import http
from cmcodec.types.controls import CMCFailInfo
from interoperability.install import BOUNCYCASTLE
from interoperability.serving import served
from kit.authority import ITERATIONS, SECRET, Authority, anchor, pending
from kit.installed import needs_peer
from kit.transports import asgi_server

if TYPE_CHECKING:
    from pathlib import Path

    from cmcodec.roles import Application
    from cmcodec.roles.decisions import Decision

CLASSES = [BOUNCYCASTLE / "classes", BOUNCYCASTLE / "lib" / "*"]
ISSUED = "response 0(7) issued"
ASKED = {
    "simple": "certs-only issued",
    "pkcs10-rsa_2048": ISSUED,
    "pkcs10-p256": ISSUED,
    "pkcs10-ed25519": ISSUED,
    "crmf-rsa_2048": ISSUED,
    "crmf-p256": ISSUED,
    "crmf-ed25519": ISSUED,
    "pending": "response 3(7)=16 octets",
    "refused": f"response 2(7)={CMCFailInfo.UNSUPPORTED_EXT}",
    "stranger": f"response 2(4,7)={CMCFailInfo.BAD_IDENTITY}",
    "encrypted": "sealed",
}
"""By name: what BouncyCastle says of each answer: statuses, body parts, failInfo or token.

All but the first two forms prove identity by the secret; the stranger guesses it."""
RENEWED = {
    "renewal-rsa_2048": ISSUED,
    "renewal-p256": ISSUED,
    "encrypted-renewal-rsa_2048": "encrypted response 0(7) issued",
    "encrypted-renewal-p256": "encrypted response 0(7) issued",
    "authenticated-renewal-rsa_2048": "authenticated response 0(7) issued",
    "authenticated-renewal-p256": "authenticated response 0(7) issued",
}
"""Signed with the certificates issued before; answers are encrypted for their keys."""


def policy(application: Application) -> Decision:
    wanted = application.subject.rfc4514_string() if application.subject else ""
    if wanted == "CN=refused":
        return Refuse(CMCFailInfo.UNSUPPORTED_EXT)
    return pending(application) if wanted == "CN=pending" else Issue()


def enrolment(step: str, folder: Path) -> dict[str, str]:
    """A step of the end entity; of reading, what it says of each answer."""
    classes = os.pathsep.join(map(str, CLASSES))
    program = ["java", "-cp", classes, "cmcodec.examples.Enrolment", step, str(folder)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def answer(folder: Path, url: str) -> None:
    """Sends each request that has no answer yet."""
    with http.Client(url) as server:
        for request in folder.glob("*.request"):
            found = request.with_suffix(".answer")
            if not found.exists():
                found.write_bytes(server.send(request.read_bytes()))


def needs_bouncycastle() -> None:
    is_there = (CLASSES[0] / "cmcodec" / "examples" / "Enrolment.class").exists()
    name = "the peer on BouncyCastle (tests/interoperability/install.py)"
    needs_peer(name, is_there and shutil.which("java"))


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What BouncyCastle asks for first."""
    needs_bouncycastle()
    folder: Path = tmp_path_factory.mktemp("bouncycastle")
    for certificate in ("ca", "server"):
        (folder / f"{certificate}.der").write_bytes(anchor().der)
    enrolment("ask", folder)
    return folder


@pytest.fixture
def folder(requests: Path, tmp_path: Path) -> Path:
    return shutil.copytree(requests, tmp_path / "bouncycastle")


def authority(**options: Any) -> Authority:
    made = Authority({"policy": policy, **options})
    made.secret(uses=len(ASKED))
    return made


def test_requests_are_issued_and_answers_read(folder: Path) -> None:
    """Simple and Full requests, PKCS#10 and CRMF, proofs of identity, envelopes and renewals."""
    made = authority()
    with asgi_server(http.asgi(made.build().respond)) as url:
        answer(folder, url)
        assert enrolment("read", folder) == ASKED
        enrolment("renew", folder)
        answer(folder, url)
        assert enrolment("read", folder) == ASKED | RENEWED
    issued = [each for each in (ASKED | RENEWED).values() if each.endswith("issued")]
    # What is sealed has a certificate, too.
    assert len(made.issued) == len(issued) + 1


def test_an_answer_encrypted_with_a_password_is_read(folder: Path) -> None:
    """Where the CA is told to wrap keys as BouncyCastle does."""
    reader = cms.Recipient.from_password(
        SECRET, "device", wrap="id-alg-PWRI-KEK", iterations=ITERATIONS
    )
    made = authority(recipients=lambda _: [reader])
    for request in folder.glob("*.request"):
        if request.stem != "encrypted":
            request.unlink()
    with asgi_server(http.asgi(made.build().respond)) as url:
        answer(folder, url)
    assert enrolment("read", folder) == {"encrypted": "encrypted response 0(7) issued"}


def test_cmc_ca_serve_issues(tmp_path: Path, backend: str) -> None:
    """In a process of its own; whoever is authenticated is issued to, and nobody else."""
    expected = ASKED | {
        "pending": ISSUED,
        "refused": ISSUED,
        "simple": f"response 2(1)={CMCFailInfo.BAD_IDENTITY}",
    }
    needs_bouncycastle()
    with served(tmp_path / "folder", backend, uses=len(ASKED)) as url:
        for certificate in ("ca", "server"):
            pem = (tmp_path / "folder" / f"{certificate}-cert.pem").read_bytes()
            octets = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
            (tmp_path / f"{certificate}.der").write_bytes(octets)
        enrolment("ask", tmp_path)
        answer(tmp_path, url)
        assert enrolment("read", tmp_path) == expected
        enrolment("renew", tmp_path)
        answer(tmp_path, url)
        assert enrolment("read", tmp_path) == expected | RENEWED
