"""What docs/embedding.md shows works as it stands there, with the real components."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from base64 import b64decode, encodebytes
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cmcodec import cms, oids
from cmcodec.builders import NewRequest
from cmcodec.roles import CertificationAuthority, Issue
from cmcodec.stores import MemoryStore, SQLStore, add_secret
from embedding.document import FILES, TEXT, Document, needs
from embedding.scene import ca, client, valid
from kit.chains import Issued, issue, named
from kit.keys import key
from kit.vectors import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec.roles import Application, Exchange

COMMANDS = re.findall(r"^\$ (softhsm2-util .*)$", TEXT, re.MULTILINE)
MODULES = [Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/lib64/pkcs11/libsofthsm2.so")]
SECRET = b"correct horse battery"


@pytest.fixture
def document(tmp_path: Path, backend: str) -> Document:
    return Document(tmp_path, backend)


def test_each_example_is_short() -> None:
    """Each file has less than 60 lines of code."""
    lines = {name: len(re.findall(r"^ *\S", text, re.MULTILINE)) for name, text in FILES.items()}
    first = ["cmc/views.py", "cmc/models.py", "cmc/store.py"]
    assert list(lines) == [*first, "hsm.py", "app.py", "est.py", "job.py"]
    assert max(lines.values()) < 60


# --- Django --------------------------------------------------------------------------------------


def test_django_view(document: Document) -> None:
    """Whom its table knows gets certificates, others badIdentity."""
    needs("Django", find_spec("django"))
    document.run(ROOT / "tests" / "embedding" / "django_clients.py")


# --- FastAPI -------------------------------------------------------------------------------------


def test_fastapi_with_the_keys_in_an_hsm(document: Document) -> None:
    """The token signs certificates and answers, for many clients at once."""
    needs("FastAPI", find_spec("fastapi"))
    needs("python-pkcs11", find_spec("pkcs11"))
    module = next(filter(Path.exists, MODULES), None)
    needs("SoftHSM", module)
    anchor, folder = ca(key("p-256")), document.folder
    (folder / "ca.pem").write_bytes(anchor.certificate.public_bytes(Encoding.PEM))
    (folder / "ca.key").write_bytes(pkcs8(anchor))
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\n", encoding="ascii")
    where = {"SOFTHSM2_CONF": str(configuration)}
    for command in COMMANDS:
        words = command.split()
        subprocess.run(words, cwd=folder, env=os.environ | where, check=True, capture_output=True)
    (folder / "ca.key").unlink()
    program = ROOT / "tests" / "embedding" / "fastapi_clients.py"
    document.run(program, PKCS11_MODULE=str(module), PKCS11_PIN="1234", **where)


def pkcs8(own: Issued) -> bytes:
    octets: bytes = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return octets


# --- EST -----------------------------------------------------------------------------------------


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *_: Any) -> None: ...  # noqa: A002


@contextmanager
def served(respond: Callable[[bytes], bytes]) -> Iterator[str]:
    """The URL of a server with the view."""
    names: dict[str, Any] = {}
    exec(compile(FILES["est.py"], "est.py", "exec"), names)
    view = validator(names["fullcmc"](respond))
    with make_server("127.0.0.1", 0, view, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/.well-known/est"
        server.shutdown()
        thread.join()


def ask(url: str, octets: bytes, method: str = "POST") -> tuple[int, str, bytes]:
    """Status, type and content of an answer."""
    kind = {"Content-Type": "application/pkcs7-mime; smime-type=CMC-request"}
    try:
        answer = urlopen(Request(f"{url}/fullcmc", encodebytes(octets), kind, method=method))
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers["Content-Type"], answer.read()


def authority(
    anchor: Issued, made: list[bytes] | None = None, **fields: Any
) -> CertificationAuthority:
    """A CA whose serial numbers follow from the ids of applications, which it notes."""
    ids = [] if made is None else made
    fields = {"store": MemoryStore(), "trust": [anchor.certificate], **fields}

    def issued(application: Application, _: Any) -> x509.Certificate:
        dates = valid()
        ids.append(application.id)
        return (
            application.builder(anchor.certificate.subject)
            .serial_number(int.from_bytes(application.id) >> 1)
            .not_valid_before(dates["since"])
            .not_valid_after(dates["until"])
            .sign(anchor.key, SHA256())
        )

    signer = cms.SigningKey.from_private_key(anchor.key, anchor.certificate)
    return CertificationAuthority(signer=signer, issue=issued, **fields)


def test_est_view() -> None:
    """RFC 7030 §4.3: the status of HTTP says what the answer says, which is there in any case."""
    anchor = ca(key("p-256"))
    made = authority(anchor)
    add_secret(made.store, "device-1", SECRET)
    knowing = client(anchor, secret=SECRET, identification="device-1")
    full, certs_only = (
        f"application/pkcs7-mime; smime-type={kind}" for kind in ("CMC-response", "certs-only")
    )

    def sent(url: str, exchange: Exchange) -> tuple[int, str, Exchange]:
        assert exchange.request is not None
        status, kind, body = ask(url, exchange.request)
        return status, kind, exchange.receive(b64decode(body))

    def wanted() -> NewRequest:
        return NewRequest(key=key("p-256", 1), subject=named("device-1"))

    with served(made.respond) as url:
        status, kind, exchange = sent(url, knowing.enroll(wanted()))
        assert (status, kind, exchange.state) == (200, full, "done")
        # Its uses are spent.
        status, kind, exchange = sent(url, knowing.enroll(wanted()))
        assert (status, kind, exchange.state) == (400, full, "failed")
        assert ask(url, b"\x30\x80")[:2] == (400, full)
        assert ask(url, b"", "PUT")[:2] == (405, "text/plain")
    with served(authority(anchor, policy=lambda _: Issue()).respond) as url:
        status, kind, exchange = sent(url, client(anchor).enroll(wanted()))
        assert (status, kind, exchange.state) == (200, certs_only, "done")

    def down(_: Application) -> Issue:
        raise ConnectionError

    def broken(_: Application) -> Issue:
        raise KeyError

    for policy, expected in ((down, 503), (broken, 500)):
        with served(authority(anchor, policy=policy).respond) as url:
            request = client(anchor).enroll(wanted()).request
            assert request is not None
            assert ask(url, request)[:2] == (expected, full)


# --- the job -------------------------------------------------------------------------------------

REQUESTS = 100


@pytest.fixture
def scene(document: Document) -> tuple[Issued, Issued, dict[Path, Exchange]]:
    """A CA, an RA, and the requests of devices that renew their certificates."""
    anchor, folder = ca(key("p-256")), document.folder
    purpose = x509.ExtendedKeyUsage([x509.ObjectIdentifier(oids.ID_KP_CMC_RA)]), False
    ra = issue("RA", anchor, ca=None, extensions=[purpose], **valid())
    for name, own in (("ca", anchor), ("ra", ra)):
        (folder / f"{name}.pem").write_bytes(own.certificate.public_bytes(Encoding.PEM))
    (folder / "ra.key").write_bytes(pkcs8(ra))
    (folder / "requests").mkdir()
    exchanges = {}
    for number in range(REQUESTS):
        device = issue(f"device-{number}", anchor, key("p-256", number), ca=None, **valid())
        new = NewRequest(key=key("p-256", REQUESTS + number))
        exchange = client(anchor, device).renew(device.certificate, new)
        path = folder / "requests" / f"{number:05}.req"
        assert exchange.request is not None
        path.write_bytes(exchange.request)
        exchanges[path.with_suffix(".rsp")] = exchange
    return anchor, ra, exchanges


def test_ra_job(document: Document, scene: tuple[Issued, Issued, dict[Path, Exchange]]) -> None:
    """Killed before the CA answers and after, and before all answers are written: nothing is lost.

    Each device gets the certificate of its own key, and the CA issues one for each.
    """
    anchor, ra, exchanges = scene
    url = f"sqlite:///{document.folder / 'ca.db'}"
    issued: list[bytes] = []
    made = authority(anchor, issued, store=SQLStore(url), authorised_ras=[ra.certificate])
    running: list[subprocess.Popen[str]] = []

    def killing_before(_: bytes) -> bytes:
        running[-1].kill()
        running[-1].wait()
        return b""

    def killing_after(octets: bytes) -> bytes:
        answer = made.respond(octets)
        killing_before(octets)
        return answer

    for respond in (killing_before, killing_after):
        with served(respond) as est:
            running.append(document.start("job.py", EST=est))
            running[-1].communicate(timeout=120)
        assert running[-1].returncode == -signal.SIGKILL
        assert not any(path.exists() for path in exchanges)
    assert len(issued) == REQUESTS
    with served(made.respond) as est:
        document.run("job.py", EST=est)
        answers = {path: path.read_bytes() for path in exchanges}
        # As if it had been killed while it wrote them.
        lost = list(exchanges)[REQUESTS // 3 :]
        for path in lost:
            path.unlink()
        document.run("job.py", EST=est)
    assert {path: path.read_bytes() for path in exchanges} == answers
    for path, exchange in exchanges.items():
        assert exchange.receive(answers[path]).state == "done"
    assert len(issued) == len(set(issued)) == REQUESTS
    made.store.close()


def test_ra_job_sends_again_what_was_put_off(
    document: Document, scene: tuple[Issued, Issued, dict[Path, Exchange]]
) -> None:
    """A request that the CA cannot serve now has no answer yet; the others have theirs."""
    anchor, ra, exchanges = scene
    first, *others = exchanges
    is_up: list[bool] = []

    def policy(application: Application) -> Issue:
        if application.subject == named("device-0") and not is_up:
            raise ConnectionError
        return Issue()

    made = authority(anchor, policy=policy, authorised_ras=[ra.certificate])
    with served(made.respond) as est:
        document.run("job.py", EST=est)
        assert not first.exists()
        assert all(path.exists() for path in others)
        is_up.append(True)
        document.run("job.py", EST=est)
    assert exchanges[first].receive(first.read_bytes()).state == "done"
