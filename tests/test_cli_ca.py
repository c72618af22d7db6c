"""``cmc ca``, ``cmc ra`` and ``cmc respond``: folders of CAs and RAs, and what is wrong there."""

from __future__ import annotations

import json
import stat
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from cmcodec import cms, keys, types
from cmcodec.builders import ResponseBuilder
from cmcodec.cms.key_kinds import new_key
from cmcodec.embedded import EmbeddedCA
from kit.authority import signer
from kit.chains import issue
from kit.keys import key
from kit.unreadable import of_version

if TYPE_CHECKING:
    from pathlib import Path

    from kit.command import Run

KEYS = ["--new", "p256", "--key-out"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cmc_inside: Run) -> Path:
    """A working directory with a CA in ``lab``."""
    monkeypatch.chdir(tmp_path)
    assert cmc_inside("ca", "init", "lab", "--subject", "CN=Lab").returncode == 0
    return tmp_path


def rows(cmc: Run, *arguments: str) -> list[dict[str, Any]]:
    done = cmc("ca", *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(cmc: Run, status: int, *arguments: str) -> str:
    """The one line that says what is wrong."""
    done = cmc(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    lines = done.stderr.splitlines()
    return lines[-1]


def asked(cmc: Run, here: Path, name: str = "device", *more: str) -> None:
    """A request in ``NAME.crq`` on a secret that the CA knows."""
    secret = cmc("ca", "secret", "lab", name, "--subject", f"CN={name}", *more)
    assert secret.returncode == 0
    (here / f"{name}.txt").write_text(secret.stdout)
    done = cmc(
        "request", "enroll", *KEYS, f"{name}.key", "--subject", f"CN={name}",
        "--secret-file", f"{name}.txt", "--identification", name,
        "--trust", "lab/ca-cert.pem", "--out", f"{name}.crq",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def answered(cmc: Run, here: Path, name: str = "device", *more: str) -> x509.Certificate:
    """The certificate of that name, issued by ``cmc respond``."""
    asked(cmc, here, name, *more)
    done = cmc("respond", f"{name}.crq", "--ca", "lab", "--out", f"{name}.crp")
    assert done.returncode == 0, done.stderr
    done = cmc(
        "request", "receive", f"{name}.crq.state", f"{name}.crp", "--trust", "lab/ca-cert.pem",
        "--out", f"{name}.pem",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return x509.load_pem_x509_certificates((here / f"{name}.pem").read_bytes())[0]


# --- init ----------------------------------------------------------------------------------------


def test_what_stands_in_a_folder(cmc: Run, here: Path) -> None:
    """Keys, the store and config.toml are for their owner alone."""
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (here / "lab").iterdir()}
    assert modes == {
        "ca-cert.pem": 0o644, "ca-key.pem": 0o600, "server-cert.pem": 0o644,
        "server-key.pem": 0o600, "store.sqlite": 0o600, "config.toml": 0o600,
    }  # fmt: skip
    anchor = x509.load_pem_x509_certificate((here / "lab" / "ca-cert.pem").read_bytes())
    assert anchor.subject.rfc4514_string() == "CN=Lab"


def test_nothing_is_written_over_a_ca(cmc: Run, here: Path) -> None:
    """A second time is wrong use, and everything stays as it was."""
    before = {each.name: each.read_bytes() for each in (here / "lab").iterdir()}
    assert refused(cmc, 2, "ca", "init", "lab") == "cmc: lab: there is a CA already"
    assert {each.name: each.read_bytes() for each in (here / "lab").iterdir()} == before


def test_a_new_key_of_the_server(cmc: Run, here: Path) -> None:
    """What is taken away is made anew, and the rest is kept: so keys are replaced."""
    own, server = ((here / "lab" / f"{each}-cert.pem").read_bytes() for each in ("ca", "server"))
    for name in ("server-cert.pem", "server-key.pem"):
        (here / "lab" / name).unlink()
    assert cmc("ca", "init", "lab").returncode == 0
    assert (here / "lab" / "ca-cert.pem").read_bytes() == own
    assert (here / "lab" / "server-cert.pem").read_bytes() != server
    assert answered(cmc, here).subject.rfc4514_string() == "CN=device"
    assert len(rows(cmc, "list", "lab")) == 3


def test_half_of_a_pair_is_told(cmc: Run, here: Path) -> None:
    """A key without its certificate is not written over."""
    (here / "lab" / "server-cert.pem").unlink()
    line = refused(cmc, 2, "ca", "init", "lab")
    assert "lab/server-key.pem: the key and the certificate belong together" in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--new", "rsa512"], "'rsa512' is not one of rsa2048"),
        (["--new", "x25519"], "a CA signs, x25519 does not"),
        (["--subject", "nobody"], "'nobody' is no name"),
        (["--days", "0"], "0 is not in the range"),
        (["--store", "mysql://x"], "no URL of sqlite or PostgreSQL"),
        (["--store", "what"], "no URL of sqlite or PostgreSQL"),
    ],
)
def test_init_with_wrong_use(arguments: list[str], said: str, cmc: Run, tmp_path: Path) -> None:
    """One line, and exit status 2."""
    assert said in refused(cmc, 2, "ca", "init", str(tmp_path / "new"), *arguments)


def test_another_store(cmc: Run, tmp_path: Path) -> None:
    """A file of sqlite elsewhere, by its URL."""
    store = tmp_path / "elsewhere.db"
    folder = str(tmp_path / "lab")
    assert cmc("ca", "init", folder, "--store", f"sqlite:///{store}").returncode == 0
    assert store.exists()
    assert not (tmp_path / "lab" / "store.sqlite").exists()
    assert len(rows(cmc, "list", folder)) == 1


# --- what is no CA -------------------------------------------------------------------------------


def test_what_is_no_ca(cmc: Run, here: Path) -> None:
    """A folder that is none, that is not there, and files that are something else."""
    assert "no-ca: there is no such folder" in refused(cmc, 2, "ca", "list", "no-ca")
    (here / "empty").mkdir()
    line = refused(cmc, 2, "ca", "list", "empty")
    assert line == "cmc: empty: there is no CA: cmc ca init empty"
    assert "there is no CA" in refused(cmc, 2, "ca", "serve", "empty")
    (here / "lab" / "ca-cert.pem").write_text("nothing")
    line = refused(cmc, 2, "ca", "list", "lab")
    assert line == "cmc: lab/ca-cert.pem: no certificate, PEM or DER"


@pytest.mark.parametrize(
    ("name", "octets", "said"),
    [
        ("config.toml", None, "there is no such file"),
        ("server-cert.pem", None, "there is no such file"),
        ("server-cert.pem", b"", "no certificate, PEM or DER"),
        ("server-key.pem", None, "there is no such file"),
        ("server-key.pem", b"", "no private key in PEM or DER, or of a kind not on offer"),
    ],
)
def test_a_file_that_is_missing_or_empty(
    name: str, octets: bytes | None, said: str, cmc_inside: Run, here: Path
) -> None:
    """It is named, and what is wrong with it."""
    (here / "lab" / name).unlink()
    if octets is not None:
        (here / "lab" / name).write_bytes(octets)
    assert refused(cmc_inside, 2, "ca", "list", "lab") == f"cmc: lab/{name}: {said}"


@pytest.mark.parametrize("name", ["config.toml", "server-cert.pem", "server-key.pem"])
def test_a_folder_in_the_place_of_a_file(name: str, cmc_inside: Run, here: Path) -> None:
    """Its name stands there once."""
    (here / "lab" / name).unlink()
    (here / "lab" / name).mkdir()
    assert refused(cmc_inside, 2, "ca", "list", "lab") == f"cmc: lab/{name}: Is a directory"


def test_a_file_in_the_place_of_a_folder(cmc_inside: Run, here: Path) -> None:
    """It is kept as it is, and named."""
    (here / "taken").write_text("mine")
    assert refused(cmc_inside, 2, "ca", "init", "taken") == "cmc: taken: File exists"
    assert refused(cmc_inside, 2, "ca", "init", "taken/lab") == "cmc: taken/lab: Not a directory"
    assert (here / "taken").read_text() == "mine"


def test_a_store_in_a_folder_that_is_not_there(cmc_inside: Run, here: Path) -> None:
    """Is named; no folder is made."""
    config = here / "lab" / "config.toml"
    config.write_text(config.read_text().replace("store.sqlite", "nowhere/store.sqlite"))
    line = refused(cmc_inside, 2, "ca", "list", "lab")
    assert line == "cmc: lab/nowhere/store.sqlite: No such file or directory"
    assert not (here / "lab" / "nowhere").exists()


def test_a_key_that_is_not_the_certificates(cmc: Run, here: Path) -> None:
    """Is told, with the name in the certificate."""
    (here / "lab" / "server-key.pem").unlink()
    keys.write(here / "lab" / "server-key.pem", new_key("p256"))
    line = refused(cmc, 2, "ca", "list", "lab")
    assert line == "cmc: server-key.pem: not the key of the certificate of 'CN=Lab'"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("colour = 1\n", "'colour' is not one of store, crl_days, published, rules, profiles"),
        ("crl_days = 'x'\n", "crl_days: a number, not 'x'"),
        ("crl_days = 0\n", "crl_days: at least 1"),
        ("[rules]\nconfirms = true\n", "'confirms' is not one of simple_requests"),
        ("[rules]\nconfirm = 1\n", "confirm: true or false, not 1"),
        ("[profiles.x]\ndays = 0\n", "days: at least 1"),
        ("[profiles.x]\npurposes = ['nobody']\n", "'nobody' is no name that is known"),
        ("[profiles.x]\ntake = ['id-ce-basicConstraints']\n", "is the CA's"),
        ("[profiles.x]\nsign = false\nencrypt = false\n", "sign, encrypt: at least one"),
        ("not toml", "Expected '=' after a key"),
    ],
)
def test_config_with_a_mistake(more: str, said: str, cmc: Run, here: Path) -> None:
    """The file is named, and what is wrong in it."""
    config = here / "lab" / "config.toml"
    text = config.read_text()
    if "crl_days" in more:
        text = text.replace("crl_days = 7\n", more)
    elif more.startswith("[rules]"):
        text = text.replace("[rules]\n", more)
    elif more.startswith("["):
        text += more
    else:
        text = more + text
    config.write_text(text)
    line = refused(cmc, 2, "ca", "list", "lab")
    assert line.startswith("cmc: lab/config.toml: ")
    assert said in line


# --- secrets, lists, decisions -------------------------------------------------------------------


def test_a_secret_is_printed_once(cmc: Run, here: Path) -> None:
    """Unless a file has one: then nothing is printed, and it counts."""
    first, second = (cmc("ca", "secret", "lab", "device").stdout for _ in range(2))
    assert first != second
    assert len(first.strip()) >= 22
    (here / "own.txt").write_text("correct horse battery\n")
    done = cmc("ca", "secret", "lab", "device", "--secret-file", "own.txt")
    assert (done.returncode, done.stdout) == (0, "")
    (here / "empty.txt").write_text("\n")
    line = refused(cmc, 2, "ca", "secret", "lab", "device", "--secret-file", "empty.txt")
    assert line == "cmc: empty.txt: there is no secret in it"
    line = refused(cmc, 2, "ca", "secret", "lab", "device", "--profile", "boss")
    assert line == "cmc: --profile: there is no profile 'boss', only ee, ra, server"


def test_issued_listed_revoked(cmc: Run, here: Path) -> None:
    """The columns that programs read, the CRL, and what is there no more."""
    certificate = answered(cmc, here)
    own, listed = sorted(rows(cmc, "list", "lab"), key=lambda row: row["requester"])
    assert own["requester"] == "none"
    assert listed == {
        "serial": f"{certificate.serial_number:x}",
        "sha256": certificate.fingerprint(_sha256()).hex(),
        "subject": "CN=device",
        "not_after": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "state": "issued",
        "application_id": listed["application_id"],
        "requester": "secret device",
    }
    done = cmc("ca", "revoke", "lab", listed["serial"], "--reason", "keyCompromise")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {row["state"] for row in rows(cmc, "list", "lab")} == {"issued", "revoked"}
    assert cmc("ca", "crl", "lab", "--out", "lab.crl").returncode == 0
    crl = x509.load_der_x509_crl((here / "lab.crl").read_bytes())
    assert [each.serial_number for each in crl] == [certificate.serial_number]
    text = cmc("ca", "list", "lab").stdout
    assert f"{listed['serial']}  revoked" in text
    assert refused(cmc, 1, "ca", "revoke", "lab", "4711") == "cmc: there is no such certificate"
    assert "'xyz' is not hexadecimal" in refused(cmc, 2, "ca", "revoke", "lab", "xyz")


def _sha256() -> Any:
    from cryptography.hazmat.primitives.hashes import SHA256

    return SHA256()


def test_what_waits_is_decided(cmc: Run, here: Path) -> None:
    """The rules of config.toml hold for `cmc respond` too; an unknown id is told."""
    assert rows(cmc, "pending", "lab") == []
    unknown = "00" * 16
    for command in ("approve", "refuse"):
        line = refused(cmc, 1, "ca", command, "lab", unknown)
        assert line == f"cmc: no application {unknown} waits"
        assert "is not hexadecimal" in refused(cmc, 2, "ca", command, "lab", "zz")


def test_what_waits_is_listed_and_refused(cmc_inside: Run, here: Path) -> None:
    """For people in a line; whoever asks again is told why."""
    config = here / "lab" / "config.toml"
    config.write_text(config.read_text().replace("poll_after = 60", "poll_after = 0"))
    asked(cmc_inside, here)
    with closing(EmbeddedCA(path="lab", manual=True)) as ca:
        (here / "device.crp").write_bytes(ca.respond((here / "device.crq").read_bytes()))
    (row,) = rows(cmc_inside, "pending", "lab")
    waiting, since = row["application_id"], row["since"]
    done = cmc_inside("ca", "pending", "lab")
    assert done.stdout == f"{waiting}  since {since}  CN=device, by secret device\n"
    why = ("--fail-info", "badIdentity", "--text", "ask the desk")
    done = cmc_inside("ca", "refuse", "lab", waiting, *why)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert rows(cmc_inside, "pending", "lab") == []
    known = (
        "device.crq.state", "--secret-file", "device.txt", "--identification", "device",
        "--trust", "lab/ca-cert.pem", "--out",
    )  # fmt: skip
    done = cmc_inside("request", "receive", known[0], "device.crp", *known[1:], "device.pem")
    assert done.returncode == 4
    assert cmc_inside("request", "poll", *known, "poll.crq").returncode == 0
    done = cmc_inside("respond", "poll.crq", "--ca", "lab", "--out", "poll.crp")
    assert done.returncode == 1
    assert "  failed, badIdentity: ask the desk" in done.stdout


# --- respond -------------------------------------------------------------------------------------


def test_respond_says_what_the_answer_says(cmc: Run, here: Path) -> None:
    """0 issued, 1 refused; the same octets have the same answer."""
    asked(cmc, here)
    done = cmc("respond", "device.crq", "--ca", "lab", "--out", "one.crp", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["state"] == "done"
    assert cmc("respond", "device.crq", "--ca", "lab", "--out", "two.crp").returncode == 0
    assert (here / "one.crp").read_bytes() == (here / "two.crp").read_bytes()
    (here / "garbage").write_bytes(b"0\x03\x02\x01\x00")
    done = cmc("respond", "garbage", "--ca", "lab", "--json", "--out", "no.crp")
    assert done.returncode == 1
    (status,) = json.loads(done.stdout)["statuses"]
    assert (status["status"], status["fail_info"]) == ("failed", "badRequest")
    assert refused(cmc, 2, "respond", "missing", "--ca", "lab").startswith("cmc: missing:")


def test_a_message_that_has_no_answer(cmc_inside: Run, here: Path) -> None:
    """R-072: a bad message that only says how another fared; one line, and no file."""
    status = ResponseBuilder().fail(types.CMCFailInfo.BAD_REQUEST, 0).content()
    content = types.PKIData(
        control_sequence=status.control_sequence, req_sequence=(), cms_sequence=(),
        other_msg_sequence=(),
    )  # fmt: skip
    own = issue("stranger", own=key("p-256", 5))
    (here / "status").write_bytes(cms.sign(content, signer(own)))
    line = refused(cmc_inside, 1, "respond", "status", "--ca", "lab", "--out", "no.crp")
    assert line == "cmc: there is no answer"
    assert not (here / "no.crp").exists()


def test_a_server_without_its_extra(
    cmc_inside: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that says what to install."""
    monkeypatch.setitem(sys.modules, "cmcodec.embedded.serving.listening", None)
    line = refused(cmc_inside, 2, "ca", "list", "lab")
    assert line.endswith(": pip install 'cmcodec[server]'")


def test_a_store_that_is_down(cmc_inside: Run, here: Path) -> None:
    """One line; nothing is made."""
    (here / "lab" / "store.sqlite").write_bytes(
        b"no database, but as long as the header of one" * 9
    )
    line = refused(cmc_inside, 2, "ca", "list", "lab")
    assert line.startswith("cmc: the store: ")


def test_certificates_that_cannot_be_read(cmc_inside: Run, here: Path) -> None:
    """Of an odd version: the file is named, and nothing is served."""
    (here / "odd.cer").write_bytes(of_version(19))
    serving = ("ca", "serve", "lab", "--http", "127.0.0.1:0", "--authorised-ra", "odd.cer")
    line = refused(cmc_inside, 2, *serving)
    assert line == "cmc: odd.cer: 19 is not a valid X509 version"


# --- RAs -----------------------------------------------------------------------------------------


def test_an_ra_of_the_lab(cmc: Run, here: Path) -> None:
    """Its certificate by the profile of RAs; its folder, its secrets; its key that is copied."""
    certificate = answered(cmc, here, "desk", "--profile", "ra")
    assert certificate.subject.rfc4514_string() == "CN=desk"
    init = [
        "ra", "init", "front", "--upstream", "http://127.0.0.1:9/",
        "--signer", "desk.pem", "--signer-key", "desk.key",
    ]  # fmt: skip
    assert "--trust FILE is needed" in refused(cmc, 2, *init)
    trust = ["--trust", "lab/ca-cert.pem", "--encrypt-to", "lab/server-cert.pem"]
    done = cmc(*init, *trust)
    assert (done.returncode, done.stderr) == (0, "")
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (here / "front").iterdir()}
    assert (modes["ra-key.pem"], modes["config.toml"]) == (0o600, 0o600)
    assert (here / "front" / "ra-key.pem").read_bytes() == (here / "desk.key").read_bytes()
    assert "there is an RA already" in refused(cmc, 2, *init, *trust)
    assert len(cmc("ra", "secret", "front", "person").stdout.strip()) >= 22
    assert "there is no RA: cmc ra init lab2" in refused(cmc, 2, *_made(here, "ra", "secret"), "x")


def _made(here: Path, *command: str) -> list[str]:
    (here / "lab2").mkdir()
    return [*command, "lab2"]


def test_an_ra_that_cannot_be_made(cmc: Run, here: Path) -> None:
    """Another key, a URL that is none, a certificate that is none; nothing is left half."""
    answered(cmc, here, "desk", "--profile", "ra")
    keys.write(here / "other.key", new_key("p256"))
    common = ["ra", "init", "front", "--signer", "desk.pem", "--trust", "lab/ca-cert.pem"]
    up = ["--upstream", "http://127.0.0.1:9/"]
    line = refused(cmc, 2, *common, *up, "--signer-key", "other.key")
    assert "not the key of the certificate of 'CN=desk'" in line
    line = refused(cmc, 2, *common, "--upstream", "gopher://x", "--signer-key", "desk.key")
    assert "url: http, https, est, ests, cmc, file, not gopher" in line
    assert not (here / "front" / "config.toml").exists()
    assert cmc(*common, *up, "--signer-key", "desk.key").returncode == 0


# --- help ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        *("ca init", "ca serve", "ca secret", "ca list", "ca pending", "ca approve"),
        *("ca refuse", "ca revoke", "ca crl", "ra init", "ra secret", "ra serve", "respond"),
    ],
)
def test_help_has_an_example(command: str, cmc: Run) -> None:
    """Of each command, with its name in it."""
    done = cmc(*command.split(), "--help")
    assert done.returncode == 0
    assert f"cmc {command}" in done.stdout.partition("For example:")[2]
    assert "exit status" in done.stdout.replace("\n  ", " ")
