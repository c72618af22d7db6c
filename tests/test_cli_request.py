"""``cmc request``: certificates from a CA over each transport, and what becomes of them."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

import cmcodec
from cmcodec import oids, types
from cmcodec.cms.key_kinds import KINDS
from cmcodec.roles import Issue, Refuse
from cmcodec.types import CMCFailInfo
from kit.authority import SECRET, always
from kit.command import command, surroundings
from kit.keys import key, name
from kit.messages import pkcs10
from kit.today import Today, anchor, certified, keep, later, middle, pending, stranger
from kit.tokens import beside, objects
from kit.transports import SCHEMES, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kit.command import Run
    from kit.tokens import HSM

MEMBERS = ["state", "transaction_id", "certificates", "statuses", "not_before", "out"]
NEW = ("--new", "p256", "--key-out", "new.key", "--subject", "CN=device")
BY_SECRET = ("--secret-file", "secret", "--identification", "device")
SIGNED = ("--signer", "device.pem", "--signer-key", "device.key")
ANSWERED = ("--trust", "ca.pem", "--out", "issued.pem")
PASSWORD = b"of the key"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with what the tests name."""
    monkeypatch.chdir(tmp_path)
    keep(tmp_path, "ca", anchor())
    keep(tmp_path, "stranger", stranger())
    keep(tmp_path, "device", certified("device", 3))
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    (tmp_path / "wrong").write_bytes(b"another secret\n")
    return tmp_path


@pytest.fixture
def ca() -> Today:
    made = Today()
    made.secret()
    return made


@pytest.fixture
def url(ca: Today, tmp_path: Path) -> Iterator[str]:
    """Where the CA answers."""
    with served("cmc", ca.respond, tmp_path) as found:
        yield found


def told(cmc: Run, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
    """The one object that ``--json`` prints."""
    done = cmc("request", *arguments, "--json")
    assert (done.returncode, done.stderr) == (status, ""), done
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    assert list(found) == MEMBERS
    return found


def refused(cmc: Run, *arguments: str | Path, status: int = 2) -> str:
    """The one line on standard error; nothing is on standard output."""
    done = cmc("request", *arguments)
    assert (done.returncode, done.stdout) == (status, ""), done
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith(("cmc: ", "Error: ", "Try ")), line
    return line


def certificates(path: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(Path(path).read_bytes())


def mode(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def state(path: str = "issued.pem.state") -> str:
    found: str = json.loads(Path(path).read_text(encoding="utf-8"))["state"]
    return found


def csr(path: Path, number: int, encoding: Encoding = Encoding.PEM) -> None:
    builder = x509.CertificateSigningRequestBuilder().subject_name(name(f"device {number}"))
    made = builder.sign(key("p-256", number), hashes.SHA256())
    path.write_bytes(made.public_bytes(encoding))


# --- enrolling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_over_each_transport(cmc: Run, here: Path, ca: Today, scheme: str) -> None:
    """The chain is in the file, the issued certificate first, and it is of the new key."""
    with served(scheme, ca.respond, here) as to:
        found = told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", to)
    issued, *others = certificates("issued.pem")
    assert others == [middle().certificate, anchor().certificate]
    assert issued.subject == name("device")
    private = load_pem_private_key(Path("new.key").read_bytes(), None)
    assert issued.public_key() == private.public_key()
    assert found["state"] == "done"
    assert found["certificates"] == [issued.fingerprint(hashes.SHA256()).hex()]
    assert int(found["transaction_id"], 16) > 0
    assert (found["not_before"], found["out"]) == (None, "issued.pem")
    (status,) = found["statuses"]
    assert (status["status"], status["fail_info"], status["text"]) == ("success", None, None)
    assert all(isinstance(each, int) for each in status["body_list"])
    assert [mode(each) for each in ("new.key", "issued.pem.state")] == [0o600, 0o600]
    assert state() == "done"


@pytest.mark.parametrize(
    "by",
    [
        BY_SECRET,
        (*BY_SECRET, "--link-pop"),
        (*BY_SECRET, "--mac"),
        (*BY_SECRET, "--compatibility"),
        (*BY_SECRET, "--encrypt-to", "ca.pem"),
        (*SIGNED, "--encrypt-to", "ca.pem"),
        SIGNED,
    ],
    ids=["secret", "link", "mac", "compatibility", "sealed", "signed and sealed", "signed"],
)
def test_each_way_to_say_who_asks(
    cmc: Run, here: Path, ca: Today, url: str, by: tuple[str, ...]
) -> None:
    """By a secret or a certificate, linked, under a MAC, encrypted."""
    found = told(cmc, "enroll", *NEW, *by, *ANSWERED, "--to", url)
    assert found["state"] == "done"
    assert certificates("issued.pem")[0].subject == name("device")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_key(cmc: Run, here: Path, ca: Today, url: str, kind: str) -> None:
    """Those that cannot sign are challenged by the CA."""
    if kind in ("mldsa65", "mlkem768"):
        pytest.importorskip(
            f"cryptography.hazmat.primitives.asymmetric.{kind.rstrip('0123456789')}"
        )
    new = ("--new", kind, "--key-out", "new.key", "--subject", "CN=device")
    found = told(cmc, "enroll", *new, *BY_SECRET, *ANSWERED, "--to", url)
    assert found["state"] == "done"
    private = load_pem_private_key(Path("new.key").read_bytes(), None)
    assert spki(certificates("issued.pem")[0]) == spki(private)
    is_challenged = kind in ("x25519", "mlkem768")
    assert len(ca.received) == (2 if is_challenged else 1)


def spki(of: Any) -> bytes:
    octets: bytes = of.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return octets


def test_what_is_asked_for(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Subject, names of each kind, extensions, in CRMF."""
    more = [
        "--san", "dns:device.example", "--san", "email:device@example.com",
        "--san", "uri:urn:device:1", "--san", "ip:2001:db8::1",
        "--extension", "1.2.3.4=0c0141", "--form", "crmf",
    ]  # fmt: skip
    subject = ("--subject", "CN=device,O=Example")
    told(cmc, "enroll", *NEW[:4], *subject, *more, *BY_SECRET, *ANSWERED, "--to", url)
    issued = certificates("issued.pem")[0]
    assert issued.subject.rfc4514_string() == "CN=device,O=Example"
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert [str(each.value) for each in names.value] == [
        "device.example", "device@example.com", "urn:device:1", "2001:db8::1",
    ]  # fmt: skip
    assert not names.critical
    own = issued.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.2.3.4"))
    assert own.value == x509.UnrecognizedExtension(own.oid, bytes.fromhex("0c0141"))
    asked = cmcodec.load(ca.received[0]).unverified_content.req_sequence
    assert [each.alternative for each in asked] == ["crm"]


def test_a_key_that_is_there(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """It is not written; of a file under a password too."""
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        PrivateFormat,
    )

    sealed = BestAvailableEncryption(PASSWORD)
    pem = key("p-256", 5).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
    (here / "sealed.key").write_bytes(pem)
    (here / "password").write_bytes(PASSWORD + b"\n")
    own = ("--key", "sealed.key", "--key-password-file", "password", "--subject", "CN=device")
    told(cmc, "enroll", *own, *BY_SECRET, *ANSWERED, "--to", url)
    assert spki(certificates("issued.pem")[0]) == spki(key("p-256", 5))
    assert (here / "sealed.key").read_bytes() == pem


def test_a_key_in_a_token(cmc: Run, here: Path, ca: Today, url: str, hsm: HSM) -> None:
    """It is certified, and then renews by itself."""
    own = ("--key", hsm.uri("p-256"), "--subject", "CN=device")
    to = (*ANSWERED, "--to", url)
    done = cmc("request", "enroll", *own, *BY_SECRET, *to, **hsm.environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert spki(certificates("issued.pem")[0]) == spki(key("p-256", 7))
    (here / "old.pem").write_bytes((here / "issued.pem").read_bytes())
    renewing = ("--certificate", "old.pem", "--signer-key", hsm.uri("p-256"), *NEW[:4])
    done = cmc("request", "renew", *renewing, *to, **hsm.environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert certificates("issued.pem")[0].subject == name("device")


def test_a_key_in_a_token_that_is_not_had(
    cmc: Run, cmc_inside: Run, here: Path, hsm: HSM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has logged in; or the token has it for no signatures. The PIN is never shown."""
    asked = ("request", "enroll", "--subject", "CN=device", "--out", "x", "--key")
    monkeypatch.delenv("CMC_PKCS11_PIN", raising=False)
    done = cmc(*asked, "pkcs11:token=cmc;object=p-256", **hsm.environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "cmc: pkcs11:token=cmc;object=p-256: pkcs11: no key without a PIN: pin-source in the URI, "
        "or CMC_PKCS11_PIN\n"
    )
    public = certified("agrees", 8).certificate.public_bytes(Encoding.DER)
    with objects(key("p-256", 8), beside(public), signs=False) as label:
        line = refused(cmc_inside, *asked[1:], hsm.uri(label))
    shown = f"pkcs11:token=cmc;object={label}"
    assert line == f"cmc: {shown}: no certificate is asked for with it: key_rejected"


def test_a_key_that_signs_nothing_in_a_pkcs10(
    cmc_inside: Run, here: Path, ca: Today, url: str
) -> None:
    """R-183: it proves nothing by itself, and answers the challenge of the CA."""
    new = ("--new", "x25519", "--key-out", "new.key", "--subject", "CN=device", "--form", "pkcs10")
    found = told(cmc_inside, "enroll", *new, *BY_SECRET, *ANSWERED, "--to", url)
    assert (found["state"], len(ca.received)) == ("done", 2)
    content: Any = cmcodec.load(ca.received[0]).unverified_content
    request = content.req_sequence[0].tcr.certification_request
    assert request.signature_algorithm.algorithm == oids.ID_ALG_NO_SIGNATURE


def test_requests_that_are_finished(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Several, PEM or DER, behind one option or more; the certificates are in their order."""
    csr(here / "1.p10", 11)
    csr(here / "2.p10", 12, Encoding.DER)
    csr(here / "3.p10", 13)
    asked = ("--csr", "1.p10", "2.p10", *BY_SECRET, "--csr=3.p10")
    found = told(cmc, "enroll", *asked, *ANSWERED, "--to", url)
    issued = certificates("issued.pem")
    assert [spki(each) for each in issued[:3]] == [
        spki(key("p-256", each)) for each in (11, 12, 13)
    ]
    assert issued[3] == middle().certificate
    assert len(found["certificates"]) == 3


def test_one_request_that_is_finished(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Alone it is a Simple PKI Request, which has no transaction id."""
    ca.options["policy"] = always
    csr(here / "1.p10", 11)
    found = told(cmc, "enroll", "--csr", "1.p10", *ANSWERED, "--to", url)
    assert (found["state"], found["transaction_id"]) == ("done", None)
    assert cmcodec.load(ca.received[0]).kind == "simple-request"


def test_for_people(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """A few lines; without --out the certificates follow them, and nothing is left behind."""
    done = cmc("request", "enroll", *NEW, *BY_SECRET, "--trust", "ca.pem", "--to", url)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    (issued, *_) = x509.load_pem_x509_certificates(done.stdout.encode())
    assert lines[0] == "done"
    assert lines[1] == f"  certificate {issued.fingerprint(hashes.SHA256()).hex()}"
    assert lines[2].startswith(f"    CN=device, serial number {issued.serial_number:#x}, until ")
    assert lines[3] == "-----BEGIN CERTIFICATE-----"
    assert not list(here.glob("*.state"))


# --- by files ------------------------------------------------------------------------------------


def test_written_and_received(cmc: Run, here: Path, ca: Today) -> None:
    """Without --to the request is in the file, and its answer comes in another."""
    found = told(cmc, "enroll", *NEW, *BY_SECRET, "--out", "device.crq")
    assert (found["state"], found["out"], found["certificates"]) == ("written", "device.crq", [])
    assert [mode(each) for each in ("device.crq", "device.crq.state")] == [0o600, 0o600]
    assert state("device.crq.state") == "send"
    (here / "answer").write_bytes(ca.respond((here / "device.crq").read_bytes()))
    going = ("device.crq.state", "answer", *BY_SECRET)
    found = told(cmc, "receive", *going, *ANSWERED)
    assert (found["state"], found["out"]) == ("done", "issued.pem")
    assert certificates("issued.pem")[0].subject == name("device")
    assert state("device.crq.state") == "done"
    assert not Path("issued.pem.state").exists()


def test_a_challenge_by_files(cmc: Run, here: Path, ca: Today) -> None:
    """What is to be sent next is written again; the key is needed to open the challenge."""
    new = ("--new", "x25519", "--key-out", "new.key", "--subject", "CN=device")
    told(cmc, "enroll", *new, *BY_SECRET, "--out", "device.crq")
    (here / "answer").write_bytes(ca.respond((here / "device.crq").read_bytes()))
    going = ("device.crq.state", "answer", *BY_SECRET, "--trust", "ca.pem")
    assert "--key" in refused(cmc, "receive", *going, "--out", "second.crq")
    going = (*going, "--key", "new.key")
    found = told(cmc, "receive", *going, "--out", "second.crq")
    assert (found["state"], found["out"]) == ("written", "second.crq")
    (here / "answer").write_bytes(ca.respond((here / "second.crq").read_bytes()))
    assert told(cmc, "receive", *going, "--out", "issued.pem")["state"] == "done"


def test_sent_again_after_the_end_of_a_process(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Key and state are on the disk before the message leaves; the same octets are sent again."""
    seen = []

    def asleep(octets: bytes) -> bytes:
        seen.append((octets, mode("new.key"), state()))
        return b""

    with served("cmc", asleep, here) as dead:
        line = refused(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", dead, status=1)
    assert "cmc request poll issued.pem.state" in line
    ((first, *kept),) = seen
    assert kept == [0o600, "send"]
    found = told(cmc, "poll", "issued.pem.state", *BY_SECRET, *ANSWERED, "--to", url)
    assert (found["state"], ca.received) == ("done", [first])


def test_killed_while_it_waits(cmc: Run, here: Path, ca: Today, url: str, backend: str) -> None:
    """The next poll gets what was issued, and nothing is issued twice."""
    running: list[subprocess.Popen[bytes]] = []

    def killing(octets: bytes) -> bytes:
        answer = ca.respond(octets)
        running[0].kill()
        running[0].wait()
        return answer

    with served("cmc", killing, here) as deadly:
        asked = ("request", "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", deadly)
        running.append(subprocess.Popen(command(*asked), env=surroundings(backend)))
        assert running[0].wait(60) == -signal.SIGKILL
    assert (state(), Path("issued.pem").exists()) == ("send", False)
    going = ("issued.pem.state", *BY_SECRET, *ANSWERED, "--to", url)
    assert told(cmc, "poll", *going)["state"] == "done"
    (issued,) = ca.issued.values()
    assert certificates("issued.pem")[0] == issued
    assert spki(issued) == spki(load_pem_private_key(Path("new.key").read_bytes(), None))


# --- renewing and revoking -----------------------------------------------------------------------


def test_renewing(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Names of the old certificate, signed by it."""
    old = ("--certificate", "device.pem", "--signer-key", "device.key")
    told(cmc, "renew", *old, *NEW[:4], *ANSWERED, "--to", url)
    issued = certificates("issued.pem")[0]
    assert issued.subject == name("device")
    assert issued.public_key() != key("p-256", 3).public_key()
    assert mode("new.key") == 0o600


def test_renewing_with_the_old_key(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Where the CA allows it; the old certificate is not taken for the new one."""
    old = ("--certificate", "device.pem", "--signer-key", "device.key", "--key", "device.key")
    found = told(cmc, "renew", *old, *ANSWERED, "--to", url, status=1)
    assert [each["fail_info"] for each in found["statuses"]] == ["noKeyReuse"]
    assert not Path("issued.pem").exists()
    ca.rules["allow_key_reuse"] = True
    told(cmc, "renew", *old, *ANSWERED, "--to", url)
    issued = certificates("issued.pem")[0]
    assert (issued.public_key(), issued.issuer) == (
        key("p-256", 3).public_key(),
        middle().certificate.subject,
    )


def test_revoking_by_certificate(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Signed by it, with everything that may be said."""
    more = ("--reason", "keyCompromise", "--comment", "lost", "--invalidity", "2026-01-02T03:04Z")
    what = ("revoke", "--certificate", "device.pem", *more, *SIGNED, "--trust", "ca.pem")
    found = told(cmc, *what, "--to", url)
    assert (found["state"], found["out"], found["certificates"]) == ("done", None, [])
    (revoked,) = ca.revoked
    own = certified("device", 3).certificate
    assert revoked.certificate.serial_number == certificates("device.pem")[0].serial_number
    assert (revoked.reason, revoked.comment) == (types.CRLReason.KEY_COMPROMISE, "lost")
    assert revoked.invalidity_date.isoformat() == "2026-01-02T03:04:00+00:00"
    assert own.subject == name("device")
    assert not list(here.glob("*.state"))


def test_revoking_by_issuer_and_serial_number(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Decimal or hexadecimal; the reason is unspecified unless it is said."""
    number = certificates("device.pem")[0].serial_number
    for serial in (str(number), hex(number)):
        what = ("revoke", "--issuer", "CN=CA", "--serial", serial, *SIGNED, "--trust", "ca.pem")
        assert told(cmc, *what, "--to", url)["state"] == "done"
    assert [each.certificate.serial_number for each in ca.revoked] == [number, number]
    assert {each.reason for each in ca.revoked} == {types.CRLReason.UNSPECIFIED}


@pytest.mark.parametrize("more", [("--mac",), ("--encrypt-to", "ca.pem")])
def test_revoking_by_a_secret(
    cmc: Run, here: Path, ca: Today, url: str, more: tuple[str, ...]
) -> None:
    """Under a MAC, or with the secret in it, which is in no state and for no other to read."""
    told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", url)
    what = ("revoke", "--certificate", "issued.pem", *BY_SECRET, *more, "--trust", "ca.pem")
    told(cmc, *what, "--out", "revoke.crq")
    assert mode("revoke.crq") == 0o600
    assert SECRET.hex() not in (here / "revoke.crq.state").read_text(encoding="utf-8")
    told(cmc, *what, "--to", url, "--state", "revoke.state")
    assert len(ca.revoked) == 1


# --- pending -------------------------------------------------------------------------------------


def test_pending_then_issued(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """It is asked for again until it is decided, with the key that signed."""
    ca.options["policy"] = pending
    found = told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", url, status=4)
    assert (found["state"], found["out"], found["certificates"]) == ("wait", None, [])
    assert found["not_before"].endswith("Z")
    assert [each["status"] for each in found["statuses"]] == ["pending"]
    ca.decide(Issue())
    going = ("issued.pem.state", *BY_SECRET, *ANSWERED, "--to", url)
    assert told(cmc, "poll", *going)["state"] == "done"
    assert certificates("issued.pem")[0].subject == name("device")
    # What is done stays so, and is shown again.
    assert told(cmc, "poll", *going)["state"] == "done"
    assert len(ca.received) == 2


def test_pending_then_refused(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Why is said to people too; no certificate is written."""
    ca.options["policy"] = pending
    told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", url, status=4)
    ca.decide(Refuse(CMCFailInfo.BAD_REQUEST, "not\nyours"))
    going = ("issued.pem.state", *BY_SECRET, *ANSWERED, "--to", url)
    done = cmc("request", "poll", *going)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("failed\n  failed, badRequest: not\\nyours (body parts ")
    assert not Path("issued.pem").exists()


def test_a_state_that_nobody_named(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Where something is to come, it is kept all the same, and its name is said."""
    ca.options["policy"] = pending
    asked = ("enroll", *NEW, *BY_SECRET, "--trust", "ca.pem", "--to", url)
    done = cmc("request", *asked, "--json")
    (kept,) = here.glob("cmc-*.state")
    assert (done.returncode, done.stderr) == (4, f"cmc: the state is in {kept.name}\n")
    assert mode(kept.name) == 0o600
    ca.decide(Issue())
    going = (kept, *BY_SECRET, *ANSWERED, "--to", url)
    assert told(cmc, "poll", *going)["state"] == "done"


def test_asked_too_early(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Nothing is sent, and it is said when to ask."""
    ca.options["policy"] = later
    first = told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", url, status=4)
    going = ("issued.pem.state", *BY_SECRET, *ANSWERED, "--to", url)
    again = told(cmc, "poll", *going, status=4)
    assert (again["state"], again["not_before"]) == ("wait", first["not_before"])
    done = cmc("request", "poll", *going)
    assert f"to be asked for again from {first['not_before']} on" in done.stdout
    assert len(ca.received) == 1


def test_who_asks_again_is_not_believed(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """What waits is not lost: the right secret gets it."""
    ca.options["policy"] = pending
    told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", url, status=4)
    ca.decide(Issue())
    before = Path("issued.pem.state").read_bytes()
    going = ("issued.pem.state", *ANSWERED, "--to", url)
    wrong = ("--secret-file", "wrong", "--identification", "device")
    found = told(cmc, "poll", *going, *wrong, status=1)
    assert (found["state"], found["statuses"][0]["fail_info"]) == ("failed", "badMessageCheck")
    assert Path("issued.pem.state").read_bytes() == before
    assert told(cmc, "poll", *going, *BY_SECRET)["state"] == "done"


def test_a_poll_that_is_only_written(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """It is done: exit status 0; the answer comes in a file."""
    ca.options["policy"] = pending
    told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", url, status=4)
    found = told(cmc, "poll", "issued.pem.state", *BY_SECRET, "--out", "poll.crq")
    assert (found["state"], state()) == ("written", "send")
    (here / "answer").write_bytes(ca.respond((here / "poll.crq").read_bytes()))
    going = ("issued.pem.state", "answer", *BY_SECRET, *ANSWERED)
    assert told(cmc, "receive", *going, status=4)["state"] == "wait"


def test_a_state_that_waits_is_not_lost(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Another request does not go into its file; nor over a file that is no state."""
    ca.options["policy"] = later
    told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", url, status=4)
    before = Path("issued.pem.state").read_bytes()
    again = ("--key", "new.key", "--subject", "CN=device", *BY_SECRET, *ANSWERED, "--to", url)
    assert "cmc request poll issued.pem.state" in refused(cmc, "enroll", *again)
    assert Path("issued.pem.state").read_bytes() == before
    assert "is no state" in refused(cmc, "enroll", *again, "--state", "ca.pem")
    assert len(ca.received) == 1


# --- confirming ----------------------------------------------------------------------------------


@pytest.fixture
def confirming(ca: Today) -> Today:
    ca.rules["confirm"] = True
    return ca


def test_confirmed_at_once(cmc: Run, here: Path, confirming: Today, url: str) -> None:
    """Unless it is held."""
    assert told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", url)["state"] == "done"
    assert len(confirming.received) == 2


@pytest.mark.parametrize("by", [BY_SECRET, ("--key", "new.key")])
def test_held_and_confirmed(
    cmc: Run, here: Path, confirming: Today, url: str, by: tuple[str, ...]
) -> None:
    """R-145: the certificate is shown, and not to be used before it is confirmed."""
    asked = (*NEW, *BY_SECRET, *ANSWERED, "--hold", "--to", url)
    found = told(cmc, "enroll", *asked, status=4)
    assert (found["state"], found["out"]) == ("confirm", None)
    (held,) = found["certificates"]
    assert not Path("issued.pem").exists()
    going = ("issued.pem.state", *by, *ANSWERED, "--to", url)
    assert told(cmc, "poll", *going, status=4)["state"] == "confirm"
    found = told(cmc, "confirm", *going)
    assert (found["state"], found["certificates"]) == ("done", [held])
    assert certificates("issued.pem")[0].fingerprint(hashes.SHA256()).hex() == held
    assert "nothing is to be confirmed" in refused(cmc, "confirm", *going)


def test_held_and_rejected(cmc: Run, here: Path, confirming: Today, url: str) -> None:
    """The CA takes note of it and revokes; there is no certificate."""
    told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--hold", "--to", url, status=4)
    found = told(cmc, "reject", "issued.pem.state", "--key", "new.key", *ANSWERED, "--to", url)
    assert (found["state"], found["certificates"], found["out"]) == ("done", [], None)
    assert len(confirming.revoked) == 1
    assert not Path("issued.pem").exists()


def test_a_decision_that_goes_nowhere(cmc: Run, here: Path, confirming: Today, url: str) -> None:
    """Without --to and --out nothing is decided."""
    told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--hold", "--to", url, status=4)
    before = Path("issued.pem.state").read_bytes()
    for decision in ("confirm", "reject"):
        line = refused(cmc, decision, "issued.pem.state", "--key", "new.key")
        assert "--out FILE is needed" in line
    assert Path("issued.pem.state").read_bytes() == before


def test_a_confirmation_by_files(cmc: Run, here: Path, confirming: Today) -> None:
    """It is written, and its answer received."""
    told(cmc, "enroll", *NEW, *BY_SECRET, "--out", "device.crq")
    (here / "answer").write_bytes(confirming.respond((here / "device.crq").read_bytes()))
    going = ("device.crq.state", "answer", "--key", "new.key", "--trust", "ca.pem")
    assert told(cmc, "receive", *going, "--out", "confirm.crq")["state"] == "written"
    (here / "answer").write_bytes(confirming.respond((here / "confirm.crq").read_bytes()))
    assert told(cmc, "receive", *going, "--out", "issued.pem")["state"] == "done"


# --- certificates and CRLs -----------------------------------------------------------------------


def test_a_certificate_that_was_issued(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """It is found by issuer and serial number; one that is not there is not."""
    told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", url)
    own = certificates("issued.pem")
    asked = ("get-cert", "--issuer", "CN=Middle", *SIGNED, "--trust", "ca.pem", "--to", url)
    number = own[0].serial_number
    found = told(cmc, *asked, "--serial", hex(number), "--out", "found.pem")
    assert (found["state"], certificates("found.pem")[0]) == ("done", own[0])
    found = told(cmc, *asked, "--serial", "5", "--out", "none.pem", status=1)
    assert [each["fail_info"] for each in found["statuses"]] == ["badCertId"]
    assert not Path("none.pem").exists()


def test_a_crl(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """The newest of an issuer, in PEM."""
    asked = ("get-crl", "--issuer", "CN=CA", *SIGNED, "--trust", "ca.pem", "--to", url)
    found = told(cmc, *asked, "--out", "ca.crl")
    assert (found["state"], found["out"]) == ("done", "ca.crl")
    crl = x509.load_pem_x509_crl(Path("ca.crl").read_bytes())
    assert crl.issuer == anchor().certificate.subject
    done = cmc("request", *asked)
    assert x509.load_pem_x509_crl(done.stdout.encode()).issuer == crl.issuer


# --- refused -------------------------------------------------------------------------------------


def test_a_secret_that_is_wrong(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """The CA says so: exit status 1."""
    by = ("--secret-file", "wrong", "--identification", "device")
    found = told(cmc, "enroll", *NEW, *by, *ANSWERED, "--to", url, status=1)
    assert (found["state"], found["certificates"], found["out"]) == ("failed", [], None)
    assert [each["fail_info"] for each in found["statuses"]] == ["badIdentity"]
    assert state() == "failed"


def test_one_of_several_is_refused(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """What was issued is kept, and the exit status is 1."""

    def choosy(application: Any) -> Any:
        is_good = application.subject == name("device 11")
        return Issue() if is_good else Refuse(CMCFailInfo.BAD_REQUEST)

    ca.options["policy"] = choosy
    csr(here / "1.p10", 11)
    csr(here / "2.p10", 12)
    asked = ("--csr", "1.p10", "2.p10", *BY_SECRET)
    found = told(cmc, "enroll", *asked, *ANSWERED, "--to", url, status=1)
    assert (found["state"], len(found["certificates"])) == ("done", 1)
    assert spki(certificates("issued.pem")[0]) == spki(key("p-256", 11))
    assert {each["fail_info"] for each in found["statuses"]} == {None, "badRequest"}


def test_an_answer_of_somebody_else(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """It does not count: nothing is written, and the exchange is as it was."""
    to = ("--trust", "stranger.pem", "--out", "issued.pem", "--to", url)
    line = refused(cmc, "enroll", *NEW, *BY_SECRET, *to, status=1)
    assert "does not count: untrusted_chain" in line
    assert (Path("issued.pem").exists(), state()) == (False, "send")
    going = ("issued.pem.state", *BY_SECRET, *ANSWERED, "--to", url)
    assert told(cmc, "poll", *going)["state"] == "done"


@pytest.mark.parametrize("scheme", ["http", "cmc", "file"])
def test_nobody_is_there(cmc: Run, here: Path, scheme: str) -> None:
    """One line, and what to do; the state stays."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        to = "file:missing" if scheme == "file" else f"{scheme}://user:hidden@127.0.0.1:{port}"
        line = refused(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", to, status=1)
    assert "nobody is there; the same again: cmc request poll issued.pem.state" in line
    assert "hidden" not in line
    assert state() == "send"


# --- wrong use -----------------------------------------------------------------------------------

WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "nothing": ((), "one of --new"),
    "new and key": ((*NEW, "--key", "device.key", "--out", "x"), "one of --new"),
    "new without key-out": (("--new", "p256", "--out", "x"), "--key-out"),
    "key-out alone": (("--key-out", "new.key", "--out", "x"), "--new"),
    "another kind": (("--new", "dsa", "--key-out", "new.key", "--out", "x"), "dsa"),
    "no out": (NEW, "--out FILE is needed"),
    "no trust": ((*NEW, "--out", "x", "--to", "cmc://ca"), "--trust FILE is needed"),
    "no URL": ((*NEW, *ANSWERED, "--to", "ftp://ca"), "--to ftp://ca: url: http"),
    "subject": (("--key", "device.key", "--subject", "device", "--out", "x"), "RFC 4514"),
    "san": ((*NEW, "--san", "host.example", "--out", "x"), "dns:NAME"),
    "san ip": ((*NEW, "--san", "ip:1.2.3", "--out", "x"), "--san ip:1.2.3"),
    "extension": ((*NEW, "--extension", "1.2.3.4=xy", "--out", "x"), "OID=HEX"),
    "extension OID": ((*NEW, "--extension", "9=0500", "--out", "x"), "OID=HEX"),
    "an extension twice": (
        (*NEW, "--extension", "1.2.3=0500", "--extension", "1.2.3=0500", "--out", "x"),
        "duplicate_extension",
    ),
    "csr with subject": (("--csr", "secret", "--subject", "CN=x", "--out", "x"), "--csr"),
    "no csr": (("--csr", "secret", "--out", "x"), "secret: neither DER nor PEM"),
    "no key": (("--key", "secret", "--out", "x"), "secret: no private key"),
    "missing key": (("--key", "missing", "--out", "x"), "missing: No such file"),
    "signer alone": ((*NEW, "--signer", "device.pem", "--out", "x"), "go together"),
    "key of another": (
        (*NEW, "--signer", "device.pem", "--signer-key", "ca.key", "--out", "x"),
        "ca.key: does not sign for device.pem",
    ),
    "mac without secret": ((*NEW, "--mac", "--out", "x"), "--secret-file"),
    "link without secret": ((*NEW, "--link-pop", "--out", "x"), "--secret-file"),
    "identification alone": ((*NEW, "--identification", "x", "--out", "x"), "--secret-file"),
    "empty secret": ((*NEW, "--secret-file", "/dev/null", "--out", "x"), "--secret-file"),
    "a reader that cannot": (
        (*NEW, "--encrypt-to", "signs.pem", "--out", "x"),
        "signs.pem: nothing is encrypted for it",
    ),
    "no certificate": ((*NEW, "--encrypt-to", "secret", "--out", "x"), "secret: neither"),
    "a csr of no version": (("--csr", "odd.p10", "--out", "x"), "odd.p10: neither"),
    "nowhere": ((*NEW, "--out", "nowhere/x"), "nowhere/x.state: there is no such folder"),
    "several that nobody signs": (
        ("--csr", "device.p10", "second.p10", "--out", "x"),
        "--signer, or --secret-file",
    ),
    "linked and finished": (
        ("--csr", "device.p10", *BY_SECRET, "--link-pop", "--out", "x"),
        "R-100",
    ),
    "a token without a library": (("--key", "pkcs11:object=x", "--out", "x"), "pkcs11"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_of_enroll(
    cmc: Run, here: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that says what is wrong, exit status 2, and no key is left behind."""
    monkeypatch.delenv("PKCS11_MODULE", raising=False)
    csr(here / "device.p10", 11)
    csr(here / "second.p10", 12)
    (here / "odd.p10").write_bytes(pkcs10(version=3))
    keep(here, "signs", certified("signs", 7, "ed25519"))
    arguments, says = WRONG[case]
    before = sorted(here.iterdir())
    assert says in refused(cmc, "enroll", *arguments)
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("renew", *NEW[:4], "--out", "x"), "--certificate"),
        (("renew", "--certificate", "device.pem", *NEW[:4], "--out", "x"), "--signer-key KEY"),
        (("renew", "--certificate", "device.pem", "--signer-key", "device.key"), "one of --new"),
        (
            ("renew", "--certificate", "ca.pem", *SIGNED, *NEW[:4], "--out", "x"),
            "this makes no message",
        ),
        (("revoke", *SIGNED, "--out", "x"), "one of --certificate"),
        (("revoke", "--issuer", "CN=CA", *SIGNED, "--out", "x"), "one of --certificate"),
        (
            ("revoke", "--issuer", "CN=CA", "--serial", "1a", *SIGNED, "--out", "x"),
            "--serial 1a: decimal, or hexadecimal behind 0x",
        ),
        (
            ("revoke", "--issuer", "CA", "--serial", "1", *SIGNED, "--out", "x"),
            "--issuer: no name by RFC 4514",
        ),
        (("revoke", "--certificate", "device.pem", "--reason", "mood", "--out", "x"), "mood"),
        (
            ("revoke", "--certificate", "device.pem", "--invalidity", "now", *SIGNED, "--out", "x"),
            "--invalidity now: a time",
        ),
        (("revoke", "--certificate", "device.pem", "--out", "x"), "a signer or a secret"),
        (("get-cert", "--issuer", "CN=CA", *SIGNED, "--out", "x"), "--serial"),
        (("get-crl", *SIGNED, "--out", "x"), "--issuer"),
        (("get-crl", "--issuer", "CN=CA", "--out", "x"), "a signer or a secret"),
        (("poll", "missing", "--out", "x"), "missing: No such file"),
        (("poll", "secret", "--out", "x"), "secret: this is no exchange that was saved"),
        (("receive", "secret", "secret", "--trust", "ca.pem"), "no exchange"),
        (("receive", "secret", "secret"), "--trust FILE is needed"),
        (("cancel",), "cancel"),
    ],
)
def test_wrong_use(cmc: Run, here: Path, arguments: tuple[str, ...], says: str) -> None:
    """The same of the other commands."""
    assert says in refused(cmc, *arguments)
    assert not (here / "new.key").exists()


def test_wrong_use_of_a_state(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """A key that is not its own, an answer that is not waited for, and what is not held."""
    ca.options["policy"] = later
    told(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", url, status=4)
    going = ("issued.pem.state", *BY_SECRET, *ANSWERED)
    assert "not in the exchange" in refused(cmc, "poll", *going, "--key", "device.key")
    line = refused(cmc, "receive", "issued.pem.state", "secret", *BY_SECRET, *ANSWERED)
    assert "no answer is expected" in line
    for decision in ("confirm", "reject"):
        assert "nothing is to be confirmed" in refused(cmc, decision, *going)


def test_a_state_whose_message_is_none(cmc_inside: Run, here: Path, ca: Today) -> None:
    """Somebody has changed it: nothing is sent."""
    told(cmc_inside, "enroll", *NEW, *BY_SECRET, *ANSWERED)
    kept = Path("issued.pem.state")
    record = json.loads(kept.read_text())
    record["octets"] = "MAA="
    kept.write_text(json.dumps(record))
    going = ("issued.pem.state", *BY_SECRET, *ANSWERED, "--to", f"file:{here}")
    line = refused(cmc_inside, "poll", *going, status=1)
    assert line.startswith("cmc: this is no message: ")


def test_a_key_is_never_written_over(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Whatever stands there; nothing is sent."""
    (here / "new.key").write_bytes(b"precious")
    line = refused(cmc, "enroll", *NEW, *BY_SECRET, *ANSWERED, "--to", url)
    assert "new.key: is there" in line
    assert ((here / "new.key").read_bytes(), ca.received) == (b"precious", [])


def test_secrets_never_show(cmc: Run, here: Path, ca: Today, url: str) -> None:
    """Neither secret nor key is in what is printed, or in the state."""
    to = (*ANSWERED, "--to", url)
    outputs = []
    for arguments in (
        ("enroll", *NEW, *BY_SECRET, *to),
        ("enroll", "--key", "device.key", *BY_SECRET, *to),
        ("enroll", "--key", "secret", *to),
        ("enroll", *NEW, "--secret-file", "wrong", *to),
        ("poll", "secret", *to),
    ):
        done = cmc("request", *arguments)
        outputs.append(done.stdout + done.stderr)
    outputs.append((here / "issued.pem.state").read_text(encoding="utf-8"))
    private = key("p-256", 3).private_numbers().private_value
    for text in outputs:
        assert "horse" not in text
        assert SECRET.hex() not in text
        assert "PRIVATE KEY" not in text
        assert f"{private:x}" not in text


def test_help_names_each_kind_of_key(cmc: Run) -> None:
    text = cmc("request", "enroll", "--help").stdout
    assert all(kind in text for kind in KINDS)


def test_each_command_has_an_example(cmc: Run) -> None:
    """And says its options; so do the groups."""
    for name_ in ("enroll", "renew", "revoke", "poll", "receive", "confirm", "reject",
                  "get-cert", "get-crl"):  # fmt: skip
        done = cmc("request", name_, "--help")
        assert done.returncode == 0
        assert f"For example:\n\n      cmc request {name_} " in done.stdout
        assert "The exit status is " in done.stdout
        assert name_ in cmc("request", "--help").stdout
