"""``cmc open``: layers opened, secrets checked, one answer for people and one for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import NewRequest, RequestBuilder, ResponseBuilder
from kit.keys import certificate, der, key, name
from kit.vectors import VECTORS

if TYPE_CHECKING:
    from pathlib import Path

    from kit.command import Run

SECRET = b"correct horse battery"
ANOTHER = b"wrong horse"
PASSWORD = b"a password of a layer"
KEK = bytes(range(16))
ENVELOPES = VECTORS / "envelopes"
UNCHECKED = {"identity": "unchecked", "pop_link": "unchecked"}


def request(*, identified: bool = True, linked: bool = True, number: int = 5) -> bytes:
    """A first request: with identity proof and POP link unless said otherwise."""
    builder = RequestBuilder().transaction(77)
    builder = builder.add_request(NewRequest(key=key("p-256", number), subject=name("device")))
    builder = builder.identify(SECRET, "device") if identified else builder
    builder = builder.link_pop(SECRET) if linked else builder
    return builder.sign(signer())


def signer() -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key("p-256"), certificate("p-256"))


REQUEST = request()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the keys and secrets that the tests name."""
    monkeypatch.chdir(tmp_path)
    for kind in ("rsa-2048", "p-256"):
        private = key(kind, 1)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{kind}.key").write_bytes(pem)
        octets = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{kind}.der").write_bytes(octets)
        (tmp_path / f"{kind}.pem").write_bytes(certificate(kind, 1).public_bytes(Encoding.PEM))
    sealed = BestAvailableEncryption(b"of the key")
    pem = key("rsa-2048", 1).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
    (tmp_path / "sealed.key").write_bytes(pem)
    (tmp_path / "key-password").write_bytes(b"of the key\n")
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    (tmp_path / "another").write_bytes(ANOTHER)
    (tmp_path / "password").write_bytes(PASSWORD + b"\n")
    (tmp_path / "kek").write_bytes(KEK)
    (tmp_path / "request").write_bytes(REQUEST)
    return tmp_path


def told(cmc: Run, *arguments: str, status: int = 0) -> dict[str, Any]:
    """The one object that ``--json`` prints."""
    done = cmc("open", *arguments, "--json")
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refused(cmc: Run, *arguments: str, status: int = 1) -> str:
    """The one line on standard error; nothing is on standard output."""
    done = cmc("open", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith(("cmc: ", "Error: "))
    return line


def test_a_signed_request(cmc: Run, here: Path) -> None:
    """Every member of the object; proofs are unchecked without a secret."""
    found = told(cmc, "request")
    members = ["file", "origin", "layers", "requests", "transaction_id", "content", "proofs"]
    assert list(found) == members
    assert (found["file"], found["origin"]) == ("request", "certificate")
    assert found["proofs"] == UNCHECKED
    assert [(each["id"], each["pop"]) for each in found["requests"]] == [(3, "verified")]
    assert found["transaction_id"] == cmcodec.load(REQUEST).open().to_dict()["transaction_id"]
    (layer,) = found["layers"]
    assert list(layer) == ["kind", "algorithm", "recipient", "signers"]
    assert (layer["kind"], layer["algorithm"]) == ("signed", "ecdsa-with-SHA256")
    assert layer["signers"][0]["chain"] == "unchecked"
    assert found["content"] == cmcodec.load(REQUEST).unverified_content.to_dict()


def test_for_people(cmc: Run, here: Path) -> None:
    """The same in lines, of which none depends on the message's own characters."""
    done = cmc("open", "request", "--secret-file", "secret")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "full-request, origin: certificate"
    assert lines[1] == "  signed: ecdsa-with-SHA256"
    assert "  request 3: pkcs10, pop verified" in lines
    assert lines[-1] == "  identity proof: good, POP link: good"


@pytest.mark.parametrize(
    ("made", "secret", "status", "proofs"),
    [
        ({}, "secret", 0, ("good", "good")),
        ({}, "another", 1, ("wrong", "wrong")),
        ({"linked": False}, "secret", 0, ("good", "absent")),
        ({"identified": False}, "secret", 1, ("absent", "good")),
        ({"identified": False, "linked": False}, "secret", 1, ("absent", "absent")),
    ],
)
def test_proofs(
    cmc: Run, here: Path, made: Any, secret: str, status: int, proofs: tuple[str, str]
) -> None:
    """With a secret an absent or wrong identity proof and a wrong POP link fail; JSON tells all."""
    (here / "made").write_bytes(request(**made))
    found = told(cmc, "made", "--secret-file", secret, status=status)
    assert found["proofs"] == dict(zip(("identity", "pop_link"), proofs, strict=True))
    assert [each["pop"] for each in found["requests"]] == ["verified"]


@pytest.mark.parametrize("how", ["rsa-2048.key", "rsa-2048.der", "sealed.key"])
@pytest.mark.parametrize("named", [True, False], ids=["certificate", "no certificate"])
def test_envelopes(cmc: Run, here: Path, how: str, named: bool) -> None:
    """Keys in PEM, DER and encrypted; the innermost message is written out."""
    recipient = cms.Recipient.from_certificate(certificate("rsa-2048", 1))
    (here / "sealed").write_bytes(cms.encrypt(REQUEST, [recipient]))
    options = ["--key", how, "--secret-file", "secret", "--out", "inner"]
    options += ["--certificate", "rsa-2048.pem"] if named else []
    options += ["--key-password-file", "key-password"] if how == "sealed.key" else []
    found = told(cmc, "sealed", *options)
    kinds = [(layer["kind"], layer["algorithm"], layer["recipient"]) for layer in found["layers"]]
    expected = ("auth-enveloped", "id-aes256-GCM", "ktri")
    assert kinds == [expected, ("signed", "ecdsa-with-SHA256", None)]
    assert found["proofs"] == {"identity": "good", "pop_link": "good"}
    assert (here / "inner").read_bytes() == REQUEST


def test_several_keys(cmc: Run, here: Path) -> None:
    """Of several keys the one that fits opens; its certificate is found by its public key."""
    recipient = cms.Recipient.from_certificate(certificate("p-256", 1))
    (here / "sealed").write_bytes(cms.encrypt(REQUEST, [recipient]))
    keys = ["--key", "rsa-2048.key", "--key", "p-256.key"]
    certificates = ["--certificate", "p-256.pem", "--certificate", "rsa-2048.pem"]
    found = told(cmc, "sealed", *keys, *certificates)
    assert found["layers"][0]["recipient"] == "kari"


def test_shared_keys(cmc: Run, here: Path) -> None:
    """A password with its identification, a key-encryption key, and a MAC."""
    by_password = cms.Recipient.from_password(PASSWORD, "device", iterations=1000)
    (here / "pwri").write_bytes(cms.encrypt(REQUEST, [by_password]))
    options = ["--password-file", "password", "--identification", "device"]
    assert told(cmc, "pwri", *options)["layers"][0]["recipient"] == "pwri"
    (here / "kekri").write_bytes(cms.encrypt(REQUEST, [cms.Recipient.from_kek(KEK, b"\1\2")]))
    options = ["--kek-file", "kek", "--kek-id", "0102"]
    assert told(cmc, "kekri", *options)["layers"][0]["recipient"] == "kekri"
    made = RequestBuilder().add_request(NewRequest(key=key("p-256", 5), subject=name("device")))
    (here / "mac").write_bytes(made.authenticate(PASSWORD, "device", iterations=1000))
    found = told(cmc, "mac", "--password-file", "password", "--identification", "device")
    assert (found["origin"], found["layers"][0]["algorithm"]) == ("mac", "id-hmacWithSHA256")
    line = refused(cmc, "mac", "--password-file", "another", "--identification", "device")
    assert "decryption_failed" in line


def test_trust(cmc: Run, here: Path) -> None:
    """Chains are checked where anchors are given."""
    (here / "anchor").write_bytes(der(certificate("p-256")))
    found = told(cmc, "request", "--trust", "anchor")
    assert found["layers"][0]["signers"][0]["chain"] == "trusted"
    assert "untrusted_chain" in refused(cmc, "request", "--trust", "p-256.pem")


def test_unsigned(cmc: Run, here: Path) -> None:
    """What nobody signed is shown, and fails."""
    failure = ResponseBuilder().fail(types.CMCFailInfo.INTERNAL_CA_ERROR, 0)
    (here / "failure").write_bytes(failure.without_signature())
    found = told(cmc, "failure", status=1)
    assert (found["origin"], found["layers"]) == ("none", [])
    assert found["content"]["controlSequence"]


def test_bad_messages(cmc: Run, here: Path) -> None:
    """One line that says which file, and why; exit status 1."""
    recipient = cms.Recipient.from_certificate(certificate("rsa-2048", 1))
    sealed = cms.encrypt(REQUEST, [recipient])
    (here / "sealed").write_bytes(sealed)
    assert "no_recipient" in refused(cmc, "sealed")
    assert "no_recipient" in refused(cmc, "sealed", "--key", "p-256.key")
    (here / "changed").write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert "decryption_failed" in refused(cmc, "changed", "--key", "rsa-2048.key")
    (here / "half").write_bytes(REQUEST[:-1])
    assert "half: truncated" in refused(cmc, "half", "--out", "inner")
    (here / "wrong").write_bytes(REQUEST[:-1] + bytes([REQUEST[-1] ^ 1]))
    assert "signature_invalid" in refused(cmc, "wrong", "--out", "inner")
    assert not (here / "inner").exists()


def test_legacy(cmc: Run, here: Path) -> None:
    """Triple DES, of OpenSSL, opens with ``--legacy`` alone."""
    file = str(ENVELOPES / "openssl" / "ktri-rsa-des3-cbc.der")
    options = [file, "--key", str(ENVELOPES / "keys" / "rsa.key.der")]
    assert "unsupported_algorithm" in refused(cmc, *options)
    assert told(cmc, *options, "--legacy")["layers"][0]["algorithm"] == "des-ede3-cbc"


def test_a_first_message_without_transaction(cmc_inside: Run, here: Path) -> None:
    """RFC 10002 §6.6: the control may be left out; a line less is shown."""
    made = RequestBuilder().add_request(NewRequest(key=key("p-256", 5), subject=name("device")))
    content = made.content()
    controls = [x for x in content.control_sequence if x.attr_type != oids.ID_CMC_TRANSACTION_ID]
    content = replace(content, control_sequence=tuple(controls))
    (here / "made").write_bytes(cms.sign(content, signer()))
    done = cmc_inside("open", "made")
    assert (done.returncode, done.stderr) == (0, "")
    *_, before, last = done.stdout.splitlines()
    assert before == "  request 1: pkcs10, pop verified"
    assert last == "  identity proof: unchecked, POP link: unchecked"


def test_a_random_without_its_witness_is_a_wrong_link(cmc_inside: Run, here: Path) -> None:
    """R-102: popLinkRandom says that there is a link; no request has one."""
    made = RequestBuilder().add_control(types.PopLinkRandom(bytes(16)))
    made = made.add_request(NewRequest(key=key("p-256", 5), subject=name("device")))
    (here / "made").write_bytes(made.identify(SECRET, "device").sign(signer()))
    found = told(cmc_inside, "made", "--secret-file", "secret", status=1)
    assert found["proofs"] == {"identity": "good", "pop_link": "wrong"}


def test_a_key_that_opens_nothing(cmc_inside: Run, here: Path) -> None:
    """One line with its file; exit status 2."""
    pem = key("ed25519").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (here / "signs.key").write_bytes(pem)
    line = refused(cmc_inside, "request", "--key", "signs.key", status=2)
    assert line.startswith("cmc: signs.key: no private key that opens: ")


def test_compatibility(cmc: Run, here: Path) -> None:
    """T-03: an identity proof of version 1 that leaves out the identification."""
    content = RequestBuilder().add_control(types.Identification("device"))
    content = content.add_request(NewRequest(key=key("p-256", 5), subject=name("device")))
    (here / "made").write_bytes(content.identify(SECRET, version=1).sign(signer()))
    options = ["made", "--secret-file", "secret"]
    assert told(cmc, *options, status=1)["proofs"]["identity"] == "wrong"
    assert told(cmc, *options, "--compatibility")["proofs"]["identity"] == "good"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("missing",), "missing: No such file"),
        (("request", "--key", "missing"), "missing: No such file"),
        (("request", "--key", "rsa-2048.pem"), "rsa-2048.pem: no private key"),
        (("request", "--key", "sealed.key"), "sealed.key: the key is encrypted"),
        (
            ("request", "--key", "sealed.key", "--key-password-file", "secret"),
            "password of the key",
        ),
        (("request", "--certificate", "rsa-2048.pem"), "--certificate: there is no --key of it"),
        (("request", "--kek-file", "kek"), "--kek-file and --kek-id go together"),
        (("request", "--kek-id", "01"), "--kek-file and --kek-id go together"),
        (("request", "--kek-file", "kek", "--kek-id", "xyz"), "--kek-file, --kek-id"),
        (("request", "--kek-file", "secret", "--kek-id", "01"), "--kek-file, --kek-id"),
        (("request", "--secret-file", "missing"), "missing: No such file"),
        (("request", "--trust", "secret"), "secret"),
        (("request", "--out", "nowhere/inner"), "nowhere/inner: No such file"),
        (("request", "--what"), "--what"),
        ((), "FILE"),
    ],
)
def test_wrong_use(cmc: Run, here: Path, arguments: tuple[str, ...], says: str) -> None:
    """One line that says what is wrong; exit status 2."""
    assert says in refused(cmc, *arguments, status=2)


def test_secrets_never_show(cmc: Run, here: Path) -> None:
    """Not in what is printed, nor in an error."""
    for arguments in (
        ("request", "--secret-file", "another"),
        ("request", "--key", "sealed.key", "--key-password-file", "secret"),
        ("request", "--password-file", "password", "--kek-file", "secret", "--kek-id", "01"),
    ):
        done = cmc("open", *arguments)
        for secret in (SECRET, ANOTHER, PASSWORD):
            assert secret.decode() not in done.stdout + done.stderr
            assert secret.hex() not in done.stdout + done.stderr
