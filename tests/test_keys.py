"""Private keys in files and in tokens: what is read, what is written, and that nothing shows."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import cmcodec
from cmcodec import cms, keys
from cmcodec.builders import NewRequest, RequestBuilder
from cmcodec.cms.key_kinds import KINDS, new_key
from cmcodec.errors import SigningError
from kit.chains import issue
from kit.keys import certificate, key, name
from kit.tokens import PIN, beside, objects

if TYPE_CHECKING:
    from pathlib import Path

    from kit.tokens import HSM

PASSWORD = b"of the key"
FORMS = {
    "PKCS #8": PrivateFormat.PKCS8,
    "SEC 1 or PKCS #1": PrivateFormat.TraditionalOpenSSL,
}


MESSAGE = (
    RequestBuilder()
    .add_request(NewRequest(key=key("p-256", 5), subject=name("device")))
    .transaction()
    .sign_with_request_key()
)


def spki(private: Any) -> bytes:
    octets: bytes = private.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return octets


def pem(private: Any, password: bytes | None = None) -> bytes:
    sealed = NoEncryption() if password is None else BestAvailableEncryption(password)
    octets: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
    return octets


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["p-256", "rsa-2048"])
def test_files_that_are_read(tmp_path: Path, kind: str, form: str, encoding: Encoding) -> None:
    """PKCS #8, SEC 1 and PKCS #1, in PEM or DER; a password that is not needed changes nothing."""
    path = tmp_path / "key"
    path.write_bytes(key(kind).private_bytes(encoding, FORMS[form], NoEncryption()))
    for password in (None, PASSWORD):
        assert keys.read(path, password).public_key == spki(key(kind))


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_key_under_a_password(tmp_path: Path, encoding: Encoding) -> None:
    """It is told apart whether the password is missing or wrong; neither shows it."""
    path = tmp_path / "key"
    sealed = BestAvailableEncryption(PASSWORD)
    path.write_bytes(key("p-256").private_bytes(encoding, PrivateFormat.PKCS8, sealed))
    assert keys.read(str(path), PASSWORD).public_key == spki(key("p-256"))
    with pytest.raises(keys.KeyAccessError, match="its password is needed"):
        keys.read(path)
    for wrong in (b"another", b""):
        with pytest.raises(keys.KeyAccessError, match="password of the key is wrong") as error:
            keys.read(path, wrong)
        assert "another" not in repr(error.value)


def test_what_is_no_key(tmp_path: Path) -> None:
    """A certificate, anything else, and nothing."""
    path = tmp_path / "key"
    for octets in (certificate("p-256").public_bytes(Encoding.PEM), b"\x30\x00", b"", b"a key"):
        path.write_bytes(octets)
        with pytest.raises(keys.KeyAccessError, match="no private key"):
            keys.read(path)
    with pytest.raises(FileNotFoundError):
        keys.read(tmp_path / "missing")


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_key_is_written_for_its_owner_alone(tmp_path: Path, kind: str) -> None:
    """PKCS #8 in PEM, mode 0600 whatever the umask is, and it is read again."""
    if kind in ("mldsa65", "mlkem768"):
        pytest.importorskip(
            f"cryptography.hazmat.primitives.asymmetric.{kind.rstrip('0123456789')}"
        )
    made, path = new_key(kind), tmp_path / "key"
    before = os.umask(0)
    try:
        keys.write(path, made)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert keys.read(path).public_key == spki(made)
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_is_never_written_over_a_file(tmp_path: Path) -> None:
    """Nor over a link that leads nowhere."""
    path = tmp_path / "key"
    path.write_bytes(b"another key")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for taken in (path, tmp_path / "link"):
        with pytest.raises(FileExistsError):
            keys.write(taken, key("p-256"))
    assert path.read_bytes() == b"another key"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["key", "link"]


def test_a_key_is_written_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails leaves nothing behind, and the name is not taken before the octets are there."""
    path = tmp_path / "key"

    def full(_: int) -> None:
        assert not path.exists()
        raise OSError("no space")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        keys.write(path, key("p-256"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_signs_and_opens(tmp_path: Path) -> None:
    """Under its own certificate, and under no other."""
    own = certificate("p-256")
    kept = keys.FileKey(key("p-256"))
    signed_and_opened(kept, own)
    with pytest.raises(SigningError, match="signature_invalid"):
        kept.signer(certificate("p-256", 1))
    agreeing = keys.FileKey(x25519.X25519PrivateKey.generate())
    assert agreeing.opener() is not None
    with pytest.raises(TypeError, match="opens nothing"):
        keys.FileKey(key("ed25519")).opener()


def test_a_key_never_shows(tmp_path: Path) -> None:
    private = key("p-256")
    shown = repr(keys.FileKey(private))
    assert shown == f"<FileKey, {type(private).__name__}>"


def signed_and_opened(kept: keys.Key, own: Any) -> None:
    """A request by the key is good, asks for the key, and what is encrypted for it is opened."""
    new = NewRequest(key=kept.for_request, subject=name("device"))
    made = RequestBuilder().add_request(new).transaction().sign(kept.signer(own))
    found = cmcodec.load(made).verify()
    assert [each.pop for each in found.requests] == ["verified"]
    assert RequestBuilder().add_request(new).transaction().sign_with_request_key()
    sealed = cms.encrypt(made, [cms.Recipient.from_certificate(own)])
    assert cmcodec.load(sealed).open(kept.opener(own)).message.to_der() == made


def test_kinds_that_are_not_on_offer(tmp_path: Path) -> None:
    """DSA is read, and signs nothing."""
    path = tmp_path / "key"
    path.write_bytes(pem(dsa.generate_private_key(1024)))
    with pytest.raises(SigningError, match="unsupported_algorithm"):
        keys.read(path).signer(certificate("p-256"))


# --- tokens --------------------------------------------------------------------------------------


@pytest.fixture
def no_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CMC_PKCS11_PIN", raising=False)


@pytest.mark.parametrize(("label", "kind"), [("rsa-2048", "rsa-2048"), ("agreeing", "p-521")])
def test_a_token_signs_and_opens(hsm: HSM, label: str, kind: str) -> None:
    """The same as a file, with RSA and with curves."""
    own = issue("token", own=key(kind, 7), identified=True)
    kept = keys.read(hsm.uri(label))
    assert kept.public_key == spki(key(kind, 7))
    signed_and_opened(kept, own.certificate)
    with pytest.raises(SigningError, match="signature_invalid"):
        kept.signer(certificate(kind, 1))
    with pytest.raises(TypeError, match="for a certificate"):
        kept.opener()


@pytest.mark.parametrize("kind", ["p-256", "p-384", "ed25519"])
def test_a_token_with_a_key_for_signatures(hsm: HSM, kind: str) -> None:
    """It signs, and opens nothing."""
    kept = keys.read(hsm.uri(kind))
    new = NewRequest(key=kept.for_request, subject=name("device"))
    made = RequestBuilder().add_request(new).transaction().sign_with_request_key()
    assert [each.pop for each in cmcodec.load(made).verify().requests] == ["verified"]
    with pytest.raises(TypeError, match="opens nothing"):
        kept.opener(certificate(kind, 7))


def test_what_a_token_cannot_decrypt_is_nothing(hsm: HSM) -> None:
    """One error, whatever is wrong: the reason of an error would decrypt for others."""
    own = issue("token", own=key("rsa-2048", 7)).certificate
    kept = keys.read(hsm.uri("rsa-2048"))
    sealed = bytearray(cms.encrypt(MESSAGE, [cms.Recipient.from_certificate(own)]))
    place = cmcodec.load(bytes(sealed)).locate("content.recipientInfos[0].ktri.encryptedKey")
    assert place is not None
    start, _ = place
    sealed[start + 40] ^= 1
    oaep = cms.Recipient.from_certificate(own, algorithm="id-RSAES-OAEP")
    for octets in (bytes(sealed), cms.encrypt(MESSAGE, [oaep])):
        with pytest.raises(cmcodec.DecryptionError, match="decryption_failed"):
            cmcodec.load(octets).open(kept.opener(own))


def test_a_key_that_the_token_has_no_longer_opens_nothing(hsm: HSM) -> None:
    """The same error, where the token fails to agree on a secret."""
    own = certificate("p-256", 8)
    sealed = cmcodec.load(cms.encrypt(MESSAGE, [cms.Recipient.from_certificate(own)]))
    with objects(key("p-256", 8), beside(own.public_bytes(Encoding.DER))) as label:
        opener = keys.read(hsm.uri(label)).opener(own)
        assert sealed.open(opener, request_keys="all").transaction_id is not None
    with pytest.raises(cmcodec.DecryptionError, match="decryption_failed"):
        sealed.open(opener, request_keys="all")


def test_a_key_that_the_token_has_for_no_signatures(hsm: HSM) -> None:
    """It neither signs nor asks for a certificate; it is said before anything is made."""
    own = certificate("p-256", 8)
    with objects(key("p-256", 8), beside(own.public_bytes(Encoding.DER)), signs=False) as label:
        kept = keys.read(hsm.uri(label))
        for use in (lambda: kept.signer(own), lambda: kept.for_request):
            with pytest.raises(SigningError, match="key_rejected"):
                use()
        assert kept.opener(own)


def test_the_public_key_is_beside_the_private_one(hsm: HSM) -> None:
    """In an object, in a certificate, or in an RSA key itself; else the token says what it is."""
    import pkcs11

    of, kinds = pkcs11.Attribute, pkcs11.ObjectClass
    held = certificate("p-256", 8).public_bytes(Encoding.DER)
    for private, *public in ((key("p-256", 8), beside(held)), (key("rsa-2048", 8),)):
        with objects(private, *public) as label:
            assert keys.read(hsm.uri(label)).public_key == spki(private)
    in_object = {
        of.CLASS: kinds.PUBLIC_KEY, of.KEY_TYPE: pkcs11.KeyType.EC,
        of.EC_PARAMS: bytes.fromhex("06082a8648ce3d030107"), of.EC_POINT: b"\x04\x02\x04\x01",
    }  # fmt: skip
    of_another_kind = {
        of.CLASS: kinds.PUBLIC_KEY, of.KEY_TYPE: pkcs11.KeyType.DH,
        of.PRIME: b"\x17", of.BASE: b"\x05", of.VALUE: b"\x08",
    }  # fmt: skip
    for public, says in (
        ([], "no public key and no certificate"),
        ([in_object], "the public key cannot be read"),
        ([of_another_kind], "RSA, EC and Ed25519 keys are on offer"),
        ([beside(b"\x30\0")], "the certificate cannot be read"),
    ):
        with (
            objects(key("p-256", 8), *public) as label,
            pytest.raises(keys.KeyAccessError, match=says),
        ):
            keys.read(hsm.uri(label))


def test_a_key_is_found_by_what_the_uri_says(hsm: HSM) -> None:
    """By label or id, with attributes of the token; the type has to be private."""
    source = f"?pin-source={hsm.pin_file}"
    by_id = keys.read(f"pkcs11:token=cmc;id=%02;type=private{source}")
    assert by_id.public_key == spki(key("rsa-2048", 7))
    by_model = keys.read(f"PKCS11:token=cmc;model=SoftHSM%20v2;object=p-256{source}")
    assert by_model.public_key == spki(key("p-256", 7))
    module = hsm.environment["PKCS11_MODULE"]
    named = keys.read(f"pkcs11:token=cmc;object=p-384{source}&module-path={module}")
    assert named.public_key == spki(key("p-384", 7))


@pytest.mark.usefixtures("no_pin")
def test_the_pin_comes_from_a_file_or_the_environment(
    hsm: HSM, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Never from the URI, which others see; and it is in no error."""
    (tmp_path / "wrong").write_text("0815", encoding="ascii")
    uri = "pkcs11:token=cmc;object=p-256"
    for text, says in (
        (f"{uri}?pin-value={PIN}", "pin-source"),
        (f"{uri}?pin-source={tmp_path / 'missing'}", "pin-source: No such file"),
    ):
        with pytest.raises(keys.KeyAccessError, match=says) as error:
            keys.read(text)
        assert PIN not in str(error.value)
    monkeypatch.setenv("CMC_PKCS11_PIN", PIN)
    assert keys.read(uri).public_key == spki(key("p-256", 7))


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("pkcs11:token=another;object=p-256", "0 tokens fit"),
        ("pkcs11:token=cmc;object=another", "0 private keys fit"),
        ("pkcs11:token=cmc", "5 private keys fit"),
        ("pkcs11:token=cmc;type=public", "type=private"),
        ("pkcs11:token=cmc;colour=red", "'colour' is none of token"),
        ("pkcs11:token=cmc;token=cmc", "token stands twice"),
        ("pkcs11:token", "token stands twice, or has no value"),
        ("pkcs11:object=%zz", "object stands twice, or has no value"),
        ("pkcs11:object=%ff", "UTF-8"),
    ],
)
def test_uris_that_find_nothing(
    hsm: HSM, monkeypatch: pytest.MonkeyPatch, uri: str, says: str
) -> None:
    """Each says in one line what to change."""
    monkeypatch.setenv("CMC_PKCS11_PIN", PIN)
    with pytest.raises(keys.KeyAccessError, match=says):
        keys.read(uri)


def test_the_library_of_the_token(hsm: HSM, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named by the URI or the environment, and has to be one."""
    with pytest.raises(keys.KeyAccessError, match="pkcs11: "):
        keys.read(f"{hsm.uri()}&module-path=/dev/null")
    monkeypatch.delenv("PKCS11_MODULE")
    with pytest.raises(keys.KeyAccessError, match="module-path"):
        keys.read(hsm.uri())


def test_without_python_pkcs11(hsm: HSM, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "pkcs11", None)
    with pytest.raises(cmcodec.UnsupportedError, match=r"cmcodec\[pkcs11\]"):
        keys.read(hsm.uri())


def test_a_key_in_a_token_never_shows(hsm: HSM) -> None:
    assert repr(keys.read(hsm.uri())).startswith("<TokenKey, ")
