"""What README.md shows works as it stands there."""

from __future__ import annotations

import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import cmcodec
from cmcodec import keys, oids, types
from cmcodec.builders import BatchRequestBuilder, NewRequest, RequestBuilder, ResponseBuilder
from cmcodec.cms.signing import sign_octets
from cmcodec.embedded import create
from cmcodec.roles import Client
from kit.chains import DAY, issue, named
from kit.console import lines_of
from kit.embedded import ended
from kit.keys import key
from kit.messages import pkcs10
from kit.transports import asgi_server
from kit.vectors import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.embedded import EmbeddedCA

README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
CONSOLES = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
SKETCHES = re.findall(r"```py\n(.*?)```", README, re.DOTALL)
"""Blocks that go on with names a reader has: keys, certificates, messages."""

ROLES = [each for each in PYTHON if "transports" in each]
BLOCKS = [each for each in PYTHON if each not in ROLES]
PORT = "127.0.0.1:8080"


def test_there_are_examples() -> None:
    assert [*map(len, (BLOCKS, ROLES, SKETCHES, CONSOLES))] == [4, 3, 4, 4]
    # An example of a role is short.
    assert all(len(each.splitlines()) <= 20 for each in ROLES)


def check(block: str, printed: str) -> None:
    """That what was printed is what the comments say."""
    for comment in re.findall(r"print\(.*?\) +# (.*)", block):
        assert comment in printed


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_example_runs(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each example runs, and prints what its comments say."""
    monkeypatch.chdir(ROOT)
    try:
        exec(compile(BLOCKS[number], "README.md", "exec"), {})
    finally:
        # No other test is to meet the alias.
        for name in ("python_cmc", "python_cmc.cmc", "python_cmc.crmf"):
            sys.modules.pop(name, None)
    check(BLOCKS[number], capsys.readouterr().out)


def test_an_example_of_each_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The device asks the RA over HTTP, and the RA the CA, as they stand there."""
    monkeypatch.chdir(tmp_path)
    create("lab", subject=named("Lab CA"), url=f"http://{PORT}/")
    authority, registration, device = ROLES
    ca, ra = (compile_names(each) for each in (authority, registration))
    ca_names = ca()
    certify_ra(ca_names["ca"])
    with asgi_server(ca_names["app"]) as url:
        ra_names = ra(f"http://{PORT}", url)
        with asgi_server(ra_names["app"]) as front:
            compile_names(device)("http://127.0.0.1:8081", front)
    for each in (ca_names["ca"], ra_names["upstream"], ra_names["ra"].store):
        each.close()
    check(device, capsys.readouterr().out)


def compile_names(block: str) -> Callable[..., dict[str, Any]]:
    """Runs a block, with another URL in the place of one, and gives its names."""

    def run(shown: str = "", real: str = "") -> dict[str, Any]:
        names: dict[str, Any] = {}
        exec(compile(block.replace(shown, real) if shown else block, "README.md", "exec"), names)
        return names

    return run


def certify_ra(ca: EmbeddedCA) -> None:
    """The key and the certificate that the example of an RA has."""
    private = key("p-256", 40)
    keys.write("ra.key", private)
    ca.add_secret("ra", b"secret", profile="ra")
    anchor = Path("lab/ca-cert.pem").read_bytes()
    client = Client(trust=[anchor], secret=b"secret", identification="ra")
    exchange = ended(client.enroll(NewRequest(key=private, subject=named("RA"))), ca.respond)
    Path("ra.pem").write_bytes(exchange.certificates[0].public_bytes(Encoding.PEM))


def test_the_script_shows_each_step(shell: Callable[[str], str], tmp_path: Path) -> None:
    """A device, an RA and a CA; in the end there is a certificate in a file."""
    install, script = lines_of(CONSOLES[1])
    assert install == '.venv/bin/pip install ".[client,server]"'
    assert script.endswith("sh examples/lab.sh")
    shell("sh examples/lab.sh made")
    renewed = x509.load_pem_x509_certificates((tmp_path / "made/device-2.pem").read_bytes())[0]
    assert renewed.subject == named("device-1")
    assert renewed.public_key() == keys.read(tmp_path / "made/device-2.key").private.public_key()
    revoked = x509.load_der_x509_crl((tmp_path / "made/ca.crl").read_bytes())
    first = x509.load_pem_x509_certificates((tmp_path / "made/device.pem").read_bytes())[0]
    assert [each.serial_number for each in revoked] == [first.serial_number]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_commands_with_curl(shell: Callable[[str], str], tmp_path: Path) -> None:
    """As they stand there, but for the port, and for waiting as a person does."""
    lines = []
    for line in lines_of(CONSOLES[2]):
        if line.endswith("&"):
            told = line.removesuffix("&").replace(PORT, "127.0.0.1:0")
            lines += [
                f"{told} > out &",
                "trap 'kill $!; wait' EXIT",
                "until grep -q listening out; do sleep 0.1; done",
                "place=$(sed 's/listening http //' out)",
            ]
        else:
            lines.append(line.replace(PORT, "$place"))
    shell("\n".join(lines))
    chain = x509.load_pem_x509_certificates((tmp_path / "device.pem").read_bytes())
    assert chain[0].subject == named("device-1")


@pytest.fixture
def names() -> dict[str, Any]:
    """What a reader has: keys, certificates, and answers to be sent."""
    now = datetime.now(UTC)
    ca = issue("CA", own=key("rsa-2048"), since=now - DAY, until=now + DAY)
    device = issue("device-1", ca, since=now - DAY, until=now + DAY, ca=None)
    status = types.CMCStatusInfoV2(
        cmc_status=types.CMCStatus.SUCCESS, body_list=(types.BodyPartReference(body_part_id=1),)
    )
    return {
        "cmcodec": cmcodec,
        "types": types,
        "ca": ca.certificate,
        "ca_key": ca.key,
        "key": ca.key,
        "certificate": ca.certificate,
        "issued": device.certificate,
        "answers": [(ResponseBuilder().status(0, 1).content(), device.certificate)] * 2,
        "status": status,
        "secret": b"correct horse battery",
        "name": named("device-1"),
    }


def test_sketches_run(names: dict[str, Any]) -> None:
    """One after the other, and what they find is what they say."""
    answering, asking, windows, batch = SKETCHES
    exec(answering, names)
    assert cmcodec.verify_batch(names["batch"]).counts() == {"verified": 3}
    exec(asking, names)
    answer = cmcodec.load(names["answer"]).open(trust=[names["ca"]])
    assert names["issued"] in [each.to_cryptography() for each in answer.message.certificates]
    names["octets"] = sign_octets(oids.ID_DATA, pkcs10(), names["signer"])
    exec(windows, names)
    assert names["request"] == types.CertificationRequest.from_der(pkcs10())
    first = RequestBuilder().add_request(names["new"]).sign_with_request_key()
    names["octets"] = BatchRequestBuilder().add(first).sign(names["signer"])
    exec(batch, names)
    assert names["report"].counts() == {"verified": 2}
    assert (names["accepted"], names["is_ra"], names["why_not"]) == (True, False, [None])
