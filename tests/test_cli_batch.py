"""``cmc batch`` and ``cmc send``: an RA's requests in one message, and the answers out of one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import NewRequest, certs_only
from cmcodec.roles import Client, Issue, Refuse, Rules
from cmcodec.types import CMCFailInfo
from kit.authority import ITERATIONS, SECRET, signer
from kit.keys import key, name
from kit.today import Today, anchor, certified, keep, pending, stranger
from kit.transports import SCHEMES, served
from kit.wrong_inputs import armour

if TYPE_CHECKING:
    from kit.command import Run

EKU = x509.ExtendedKeyUsage([x509.ObjectIdentifier(oids.ID_KP_CMC_RA)])
MAKE = ("--signer", "ra.pem", "--signer-key", "ra.key", "--out", "batch.crq")
MEMBERS = ["state", "transaction_id", "certificates", "statuses", "not_before", "out"]


@pytest.fixture
def ca() -> Today:
    made = Today()
    made.secret("device 1")
    made.secret("device 2")
    made.options["authorised_ras"] = [ra().certificate]
    return made


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an RA's key, and requests of each kind that a batch takes."""
    monkeypatch.chdir(tmp_path)
    for each, own in (("ca", anchor()), ("stranger", stranger()), ("ra", ra())):
        keep(tmp_path, each, own)
    (tmp_path / "requests").mkdir()
    for number in (1, 2):
        (tmp_path / "requests" / f"{number}.crq").write_bytes(request(number))
    csr = x509.CertificateSigningRequestBuilder().subject_name(name("device 3"))
    made = csr.sign(key("p-256", 13), hashes.SHA256())
    (tmp_path / "requests" / "3.p10").write_bytes(made.public_bytes(Encoding.PEM))
    (tmp_path / "requests" / "4.crq").write_bytes(sealed(4))
    return tmp_path


def ra() -> Any:
    return certified("RA", 81, extensions=((EKU, False),))


def client(number: int, **fields: Any) -> Client:
    trust = [anchor().certificate]
    return Client(trust=trust, secret=SECRET, identification=f"device {number}", **fields)


def request(number: int, **fields: Any) -> bytes:
    """By the secret of a device, for its key."""
    new = NewRequest(key=key("p-256", 10 + number), subject=name(f"device {number}"))
    octets = client(number, **fields).enroll(new).request
    assert octets is not None
    return octets


def sealed(number: int) -> bytes:
    """The renewal of a device, which only the CA reads."""
    old = certified(f"device {number}", 40 + number)
    sealing = Client(
        trust=[anchor().certificate],
        signer=signer(old),
        encrypt_to=[cms.Recipient.from_certificate(anchor().certificate)],
    )
    octets = sealing.renew(old.certificate, NewRequest(key=key("p-256", 10 + number))).request
    assert octets is not None
    return octets


def told(cmc: Run, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
    """The one object that ``--json`` prints."""
    done = cmc(*arguments, "--json")
    assert (done.returncode, done.stderr) == (status, ""), done
    found: dict[str, Any] = json.loads(done.stdout)
    assert list(found) == MEMBERS
    return found


def refused(cmc: Run, *arguments: str | Path, status: int = 2) -> str:
    done = cmc(*arguments)
    assert (done.returncode, done.stdout) == (status, ""), done
    return done.stderr.strip().splitlines()[-1]


def files(folder: str = "requests") -> list[Path]:
    return sorted(Path(folder).iterdir())


def split(*more: str | Path, trust: str = "ca.pem", out: str = "answers") -> tuple[str | Path, ...]:
    return ("batch", "split", "batch.crp", *more, "--trust", trust, "--out", out)


def answered(cmc: Run, ca: Today) -> dict[str, Any]:
    """A batch of all requests is made, and the CA answers it."""
    made = told(cmc, "batch", "make", *files(), *MAKE)
    Path("batch.crp").write_bytes(ca.respond(Path("batch.crq").read_bytes()))
    return made


# --- batches -------------------------------------------------------------------------------------


def test_made_sent_and_split(cmc: Run, here: Path, ca: Today) -> None:
    """Each request has its answer, under its own name; a bare PKCS#10 is vouched for."""
    made = told(cmc, "batch", "make", *files(), *MAKE)
    assert (made["state"], made["out"]) == ("written", "batch.crq")
    (listed,) = (
        cmcodec.load((here / "batch.crq").read_bytes()).open().find(oids.ID_CMC_BATCH_REQUESTS)
    )
    assert len(listed[1]) == 4
    with served("http", ca.respond, here) as url:
        sent = told(cmc, "send", "batch.crq", "--to", url, "--out", "batch.crp")
    assert (sent["state"], sent["out"]) == ("done", "batch.crp")
    assert sent["transaction_id"] == made["transaction_id"]
    found = told(cmc, *split("--requests", *files()))
    assert (found["state"], found["out"]) == ("done", "answers")
    assert [each.name for each in files("answers")] == ["1.crp", "2.crp", "3.p7c", "4.crp"]
    for number, path in enumerate(files("answers")[:3], 1):
        answer = cmcodec.load(path.read_bytes())
        carried = [each.to_cryptography().public_key() for each in answer.certificates]
        assert key("p-256", 10 + number).public_key() in carried
    # That of the fourth is in an envelope.
    issued = {each.fingerprint(hashes.SHA256()).hex() for each in ca.issued.values()}
    assert len(found["certificates"]) == 3
    assert set(found["certificates"]) < issued


def test_requests_in_one_file(cmc: Run, here: Path, ca: Today) -> None:
    """A file of several PEM blocks is as many requests, whose answers have numbers."""
    blocks = [armour(cmcodec.load(file.read_bytes()).to_der()) for file in files()]
    Path("all.pem").write_bytes(b"\n".join(blocks))
    told(cmc, "batch", "make", "all.pem", *MAKE)
    Path("batch.crp").write_bytes(ca.respond(Path("batch.crq").read_bytes()))
    found = told(cmc, *split("--requests", "all.pem"))
    assert found["state"] == "done"
    names = ["all-1.crp", "all-2.crp", "all-3.p7c", "all-4.crp"]
    assert [each.name for each in files("answers")] == names
    Path("all.pem").write_bytes(blocks[0] + armour(anchor().certificate.public_bytes(Encoding.DER)))
    refusal = refused(cmc, "batch", "make", "all.pem", *MAKE, status=1)
    assert refusal.startswith("cmc: all.pem#2: this is a certificate: ")


def test_answers_are_received_by_those_who_asked(cmc: Run, here: Path, ca: Today) -> None:
    """Of a Full PKI Request and of a bare PKCS#10, each with the state of its own."""
    for number in (1, 3):
        own = key("p-256", 10 + number)
        pem = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (here / f"{number}.key").write_bytes(pem)
        (here / "requests" / f"{number}.crq").unlink(missing_ok=True)
    (here / "requests" / "3.p10").unlink()
    (here / "secret").write_bytes(SECRET)
    by = {1: ("--secret-file", "secret", "--identification", "device 1"), 3: ()}
    for number, more in by.items():
        asked = ("--key", f"{number}.key", "--subject", f"CN=device {number}", *more)
        state = ("--state", f"{number}.state")
        told(cmc, "request", "enroll", *asked, "--out", f"requests/{number}.crq", *state)
    answered(cmc, ca)
    told(cmc, *split("--requests", *files()))
    for number, extension in ((1, "crp"), (3, "p7c")):
        answer = f"answers/{number}.{extension}"
        going = (f"{number}.state", answer, "--trust", "ca.pem", "--out", f"{number}.pem")
        assert told(cmc, "request", "receive", *going)["state"] == "done"
        (issued, *_) = x509.load_pem_x509_certificates((here / f"{number}.pem").read_bytes())
        assert issued.public_key() == key("p-256", 10 + number).public_key()


def test_requests_in_another_order(cmc: Run, here: Path, ca: Today) -> None:
    """Transaction ids and keys say which answer is whose."""
    (here / "requests" / "4.crq").unlink()
    answered(cmc, ca)
    told(cmc, *split("--requests", *files()))
    before = {each.name: each.read_bytes() for each in files("answers")}
    told(cmc, *split("--requests", *reversed(files()), out="again"))
    assert {each.name: each.read_bytes() for each in files("again")} == before
    assert len(before) == 3


def test_an_answer_that_is_bad_among_requests_in_another_order(
    cmc_inside: Run, here: Path, ca: Today
) -> None:
    """The others are found by their transactions and keys; that request has none."""
    (here / "requests" / "4.crq").unlink()
    answered(cmc_inside, ca)
    line = refused(cmc_inside, *split("--requests", *files(), out="ca.pem"))
    assert line == "cmc: ca.pem: File exists"
    response = bytearray((here / "batch.crp").read_bytes())
    members = dict(cmcodec.load(bytes(response)).unverified_messages)
    (first, *_) = members.values()
    changed = bytearray(first.to_der())
    changed[-3] ^= 1
    made = cmcodec.load(bytes(response)).unverified_content
    sequence = [
        replace(each, content_info=types.ContentInfo.from_der(bytes(changed)))
        if each.body_part_id == next(iter(members))
        else each
        for each in made.cms_sequence
    ]
    octets = cms.sign(replace(made, cms_sequence=tuple(sequence)), signer(anchor()))
    (here / "batch.crp").write_bytes(octets)
    found = told(cmc_inside, *split("--requests", *reversed(files())), status=1)
    assert found["state"] == "failed"
    assert [each.name for each in files("answers")] == ["2.crp", "3.p7c"]


def test_requests_that_are_not_those_of_the_batch(cmc: Run, here: Path, ca: Today) -> None:
    """An answer that belongs to nobody is no reason to give it to somebody; nothing is written."""
    answered(cmc, ca)
    line = refused(cmc, *split("--requests", *files()[:3]))
    assert "--requests: all of the batch are needed" in line
    (here / "requests" / "1.crq").write_bytes(request(1))
    assert "--requests" in refused(cmc, *split("--requests", *files()))
    assert not (here / "answers").exists()


def test_answers_that_refuse(cmc: Run, here: Path, ca: Today) -> None:
    """They are answers: the exit status is 0, and people are told."""

    def choosy(application: Any) -> Any:
        is_good = application.subject != name("device 2")
        return Issue() if is_good else Refuse(CMCFailInfo.BAD_REQUEST)

    ca.options["policy"] = choosy
    answered(cmc, ca)
    done = cmc(*split("--requests", *files()))
    assert (done.returncode, done.stderr) == (0, "")
    assert "  requests/2.crq: failed" in done.stdout.splitlines()
    assert "  4 of 4 requests have an answer" in done.stdout.splitlines()


def test_answers_that_are_to_come(cmc: Run, here: Path, ca: Today) -> None:
    """The exit status is 4 where the server has not answered all yet."""
    ca.rules["split_after"] = 2
    answered(cmc, ca)
    found = told(cmc, *split("--requests", *files()), status=4)
    assert found["state"] == "wait"
    assert found["not_before"].endswith("Z")
    assert [each.name for each in files("answers")] == ["1.crp", "2.crp"]


def test_pending_inside_a_batch(cmc: Run, here: Path, ca: Today) -> None:
    """Each is its own: the batch itself is done."""
    ca.options["policy"] = pending
    answered(cmc, ca)
    done = cmc(*split("--requests", *files()))
    assert done.returncode == 0
    assert "  requests/1.crq: pending" in done.stdout.splitlines()


def test_an_answer_that_is_changed(cmc: Run, here: Path, ca: Today) -> None:
    """It is not given to anybody; the batch around it was signed by whoever changed it."""
    from cmcodec.builders import batch_responses

    answered(cmc, ca)
    opened = cmcodec.load((here / "batch.crp").read_bytes()).open(trust=[anchor().certificate])
    answers = [bytearray(each.to_der()) for _, each in opened.message.unverified_messages]
    answers[1][-3] ^= 1
    controls = [
        each
        for each in opened.content.control_sequence
        if each.attr_type != oids.ID_CMC_BATCH_RESPONSES
    ]
    octets = batch_responses(map(bytes, answers), signer(anchor()), controls=controls)
    (here / "batch.crp").write_bytes(octets)
    found = told(cmc, *split("--requests", *files()), status=1)
    assert found["state"] == "failed"
    assert [each.name for each in files("answers")] == ["1.crp", "3.p7c", "4.crp"]


def test_a_batch_of_somebody_else(cmc: Run, here: Path, ca: Today) -> None:
    """Its signature has to lead to whom is trusted."""
    answered(cmc, ca)
    line = refused(cmc, *split("--requests", *files(), trust="stranger.pem"), status=1)
    assert line.startswith("cmc: batch.crp: untrusted_chain")
    assert not (here / "answers").exists()


def test_a_batch_that_is_refused(cmc: Run, here: Path, ca: Today) -> None:
    """An RA that is none: nobody has an answer."""
    ca.options["trust"] = [stranger().certificate]
    answered(cmc, ca)
    found = told(cmc, *split("--requests", *files()), status=1)
    assert (found["state"], found["out"]) == ("failed", None)


@pytest.mark.parametrize(
    ("arguments", "says", "status"),
    [
        (("make", *MAKE), "FILE", 2),
        (("make", "missing", *MAKE), "missing: No such file", 2),
        (("make", "ca.pem", *MAKE), "ca.pem: ", 1),
        (("make", "answer", *MAKE), "answer: a full-response is no request", 1),
        (("make", "requests/1.crq", *MAKE[:2], "--signer-key", "ca.key", "--out", "x"),
         "ca.key: does not sign for ra.pem", 2),
        (("make", "requests/1.crq", *MAKE[:4], "--out", "nowhere/x"), "nowhere/x: No such", 2),
        (("split", "answer", "--out", "x", "--trust", "ca.pem"), "--requests", 2),
        (("split", "answer", "--requests", "requests/1.crq", "--out", "x"), "--trust", 2),
        (("split", "answer", "--requests", "requests/1.crq", "requests/1.crq", "--out", "x",
          "--trust", "ca.pem"), "two files are called alike", 2),
        (("split", "answer", "--requests", "answer", "ca.pem", "--trust", "ca.pem", "--out", "x"),
         "ca.pem: ", 1),
        (("split", "requests/1.crq", "--requests", "requests/1.crq", "--out", "x",
          "--trust", "ca.pem"), "requests/1.crq: ", 1),
    ],
)  # fmt: skip
def test_wrong_use(
    cmc: Run, here: Path, ca: Today, arguments: tuple[str, ...], says: str, status: int
) -> None:
    """One line that says what is wrong; nothing is written."""
    (here / "answer").write_bytes(ca.respond(request(1)))
    before = sorted(here.rglob("*"))
    assert says in refused(cmc, "batch", *arguments, status=status)
    assert sorted(here.rglob("*")) == before


# --- sending -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_message_is_sent_as_it_is(cmc: Run, here: Path, ca: Today, scheme: str) -> None:
    """Over each transport; the answer is what the server said."""
    answers = []

    def noting(octets: bytes) -> bytes:
        answers.append(ca.respond(octets))
        return answers[-1]

    with served(scheme, noting, here) as url:
        found = told(cmc, "send", "requests/1.crq", "--to", url, "--out", "answer")
    assert ca.received == [(here / "requests" / "1.crq").read_bytes()]
    assert [(here / "answer").read_bytes()] == answers
    assert found["state"] == "done"
    assert [each["status"] for each in found["statuses"]] == ["success"]


def test_an_answer_without_a_file(cmc: Run, here: Path, ca: Today) -> None:
    """It is on standard output, as it is, and nothing else."""
    import subprocess

    from kit.command import command, surroundings

    answers = []

    def noting(octets: bytes) -> bytes:
        answers.append(ca.respond(octets))
        return answers[-1]

    with served("cmc", noting, here) as url:
        run = command("send", "-", "--to", url)
        octets = (here / "requests" / "1.crq").read_bytes()
        done = subprocess.run(
            run, input=octets, capture_output=True, check=True, env=surroundings("auto")
        )
    assert ([done.stdout], done.stderr) == (answers, b"")


@pytest.mark.parametrize(
    ("options", "state", "status"),
    [
        ({"policy": pending}, "wait", 4),
        ({"policy": lambda _: Refuse(CMCFailInfo.BAD_ALG)}, "failed", 1),
    ],
)
def test_what_an_answer_says(
    cmc: Run, here: Path, ca: Today, options: dict[str, Any], state: str, status: int
) -> None:
    """The exit status follows, with --json or without."""
    ca.options |= options
    with served("cmc", ca.respond, here) as url:
        asked = ("send", "requests/1.crq", "--to", url, "--out", "answer")
        assert told(cmc, *asked, status=status)["state"] == state
        done = cmc(*asked)
    assert (done.returncode, done.stdout.splitlines()[0]) == (status, state)


def test_an_answer_that_needs_more_or_says_nothing(cmc_inside: Run, here: Path, ca: Today) -> None:
    """To be confirmed, certificates alone, encrypted for somebody, or no message at all."""
    rules = Rules(iterations=ITERATIONS, confirm=True)
    ca.options |= {"rules": rules, "policy": lambda _: Issue()}
    odd = [b"\x30\0"]

    def respond(octets: bytes) -> bytes:
        return odd.pop() if octets == plain else ca.respond(octets)

    plain = (here / "requests" / "2.crq").read_bytes()
    with served("cmc", respond, here) as url:
        for name, state, status in (("1.crq", "confirm", 4), ("4.crq", "written", 0)):
            asked = ("send", f"requests/{name}", "--to", url)
            assert told(cmc_inside, *asked, status=status)["state"] == state
        line = refused(cmc_inside, "send", "requests/2.crq", "--to", url, "--json", status=1)
        assert line.startswith("cmc: the answer is no message: ")
        ca.options["rules"] = Rules(iterations=ITERATIONS)
        found = told(cmc_inside, "send", "requests/3.p10", "--to", url)
        assert (found["state"], found["transaction_id"]) == ("done", None)
        assert found["certificates"]


def test_wrong_use_of_send(cmc: Run, here: Path) -> None:
    """No URL, no message, no request, nobody."""
    Path("answer.crp").write_bytes(certs_only([anchor().certificate]))
    for arguments, says, status in (
        (("requests/1.crq",), "--to", 2),
        (("requests/1.crq", "--to", "ca.example"), "--to ca.example: url", 2),
        (("missing", "--to", "cmc://ca"), "missing: No such file", 2),
        (("ca.pem", "--to", "cmc://ca"), "ca.pem: ", 1),
        (("answer.crp", "--to", "http://127.0.0.1:9/"), "a simple-response is no request", 2),
        (("requests/1.crq", "--to", "file:nowhere"), "file:nowhere: nobody is there", 1),
    ):
        assert says in refused(cmc, "send", *arguments, status=status)


def test_each_command_has_an_example(cmc: Run) -> None:
    for arguments in (("batch", "make"), ("batch", "split"), ("send",)):
        done = cmc(*arguments, "--help")
        assert f"For example:\n\n      cmc {' '.join(arguments)} " in done.stdout
        assert "The exit status is " in done.stdout
