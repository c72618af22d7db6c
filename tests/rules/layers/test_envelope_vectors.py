"""Layers that OpenSSL and BouncyCastle made, opened here; layers made here, opened by OpenSSL."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_der_public_key,
)

import cmcodec
from cmcodec import cms, oids
from cmcodec.cms import Recipient, RecipientKey
from cmcodec.errors import CMCError
from kit.answers import refusal
from kit.layers import signed_value
from kit.vectors import VECTORS, manifest

if TYPE_CHECKING:
    from pathlib import Path

ENVELOPES = VECTORS / "envelopes"
ROWS = manifest(folder=ENVELOPES)
MESSAGE = (ENVELOPES / "message.der").read_bytes()
SECRET = b"correct horse battery"
IDENTIFICATION = "device-0001"
KEK = (ENVELOPES / "keys" / "kek.bin").read_bytes()


def certificate(name: str) -> bytes:
    return (ENVELOPES / "keys" / f"{name}.cert.der").read_bytes()


@cache
def private_key(name: str) -> Any:
    octets = (ENVELOPES / "keys" / f"{name}.key.der").read_bytes()
    with warnings.catch_warnings():
        # Of Diffie-Hellman, from a library that is going to drop it.
        warnings.simplefilter("ignore")
        try:
            return load_der_private_key(octets, None)
        except (UnsupportedAlgorithm, ValueError):
            if name.startswith("ml-kem"):
                return None
            raise


def opener(name: str, kek_octets: int = 32) -> RecipientKey:
    """The key of a recipient."""
    if name == "pwri":
        return RecipientKey.from_password(SECRET)
    if name == "mac":
        return RecipientKey.from_password(SECRET, IDENTIFICATION)
    if name == "kekri":
        return RecipientKey.from_kek(KEK[:kek_octets], b"kek")
    found = private_key(name)
    if found is None:
        pytest.skip("the installed cryptography has no ML-KEM")
    return RecipientKey.from_private_key(found, certificate(name))


def kek_octets(file: str) -> int:
    return next((bits // 8 for bits in (128, 192) if f"kekri-aes{bits}" in file), 32)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["file"]) for row in ROWS])
def test_made_by_others(row: dict[str, str]) -> None:
    """R-070, R-197 to R-199, R-228: what others made opens, and says what it is."""
    octets = (ENVELOPES / row["file"]).read_bytes()
    keys = opener(row["key"], kek_octets(row["file"]))
    legacy = row["result"] == "legacy"
    message = cmcodec.load(octets)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if row["result"] == "decrypted":
            found = cms.decrypt(message, keys)
            assert found.unverified_octets == signed_value(MESSAGE)
            assert (found.content_type, found.recipient) == (oids.ID_DATA, row["recipient"])
            assert found.algorithm == row["content"]
            return
        if row["result"] not in ("opened", "legacy"):
            answer = refusal(lambda: message.open(keys))
            assert answer is not None
            assert answer[:2] == ("VerificationError", row["result"])
            return
        opened = message.open(keys, legacy=legacy, trust=_trust)
    layer = opened.layers[0]
    assert (layer.kind, layer.algorithm) == (row["kind"], row["content"])
    assert layer.recipient == row["recipient"]
    assert opened.transaction_id == 77
    if row["kind"] == "authenticated":
        assert opened.origin == "mac"
    else:
        assert opened.message.to_der() == MESSAGE
        assert opened.origin == "certificate"
    if legacy:
        with pytest.raises(CMCError) as caught:
            message.open(keys)
        assert caught.value.reason == "unsupported_algorithm"


def _trust(found: Any, *_: Any) -> bool:
    return bool(found.public_bytes(Encoding.DER) == certificate("signer"))


def test_every_cell_has_a_vector() -> None:
    """Each algorithm that is on offer was met in a message of somebody else."""
    from cmcodec import algorithms

    met = {
        oids.name(each) for row in ROWS for each in _oids((ENVELOPES / row["file"]).read_bytes())
    }
    on_offer = {
        oids.name(row.oid)
        for rows in (
            algorithms.CONTENT_CIPHERS,
            algorithms.KEY_WRAPS,
            algorithms.MACS,
            algorithms.AGREEMENTS,
        )
        for row in rows
    }
    on_offer |= {oids.name(each) for each in algorithms.KEMS}
    on_offer |= {"rsaEncryption", "id-RSAES-OAEP", "id-alg-PWRI-KEK", "id-PBKDF2"}
    assert on_offer - met == set()


def _oids(octets: bytes) -> set[str]:
    """Every OBJECT IDENTIFIER that is named here and stands in a message."""
    from kit.der import oid

    return {number for number in oids.NAMES if oid(number) in octets}


# --- made here, opened by OpenSSL ------------------------------------------------------------

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="openssl is not here")

SCHEMES = [f"dhSinglePass-stdDH-sha{bits}kdf-scheme" for bits in (256, 384, 512)]
MADE = [
    *[("rsa", {}, f"id-aes{bits}-CBC") for bits in (128, 192, 256)],
    ("rsa", {"algorithm": "id-RSAES-OAEP"}, "id-aes256-CBC"),
    ("rsa", {"by_key_identifier": True}, "id-aes256-CBC"),
    *[
        (curve, {"algorithm": scheme}, "id-aes256-CBC")
        for curve in ("p256", "p384", "p521")
        for scheme in (None, *SCHEMES)
    ],
    *[
        (key, {"wrap": f"id-aes{bits}-wrap"}, "id-aes128-CBC")
        for key in ("p256", "dh")
        for bits in (128, 192, 256)
    ],
    ("p384", {"by_key_identifier": True}, "id-aes256-CBC"),
    *[
        ("pwri", {"prf": f"id-hmacWithSHA{bits}"}, f"id-aes{content}-CBC")
        for bits, content in ((256, 128), (384, 192), (512, 256))
    ],
    *[("kekri", {"octets": octets}, "id-aes256-CBC") for octets in (16, 24, 32)],
]


@needs_openssl
@pytest.mark.parametrize(("key", "options", "algorithm"), MADE)
def test_opened_by_openssl(
    tmp_path: Path, key: str, options: dict[str, Any], algorithm: str
) -> None:
    """R-197 to R-199: OpenSSL opens what is made here, and gets the SignedData."""
    if key == "pwri":
        wanted = Recipient.from_password(SECRET, wrap="id-alg-PWRI-KEK", iterations=2048, **options)
        by = ["-pwri_password", SECRET.decode()]
    elif key == "kekri":
        kek = KEK[: options["octets"]]
        wanted = Recipient.from_kek(kek, b"kek")
        by = ["-secretkey", kek.hex(), "-secretkeyid", b"kek".hex()]
    else:
        wanted = Recipient.from_certificate(certificate(key), **options)
        by = ["-inkey", "key.pem", "-recip", "cert.pem"]
        made = private_key(key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "key.pem").write_bytes(made)
        from cryptography import x509

        pem = x509.load_der_x509_certificate(certificate(key)).public_bytes(Encoding.PEM)
        (tmp_path / "cert.pem").write_bytes(pem)
    octets = cms.encrypt(MESSAGE, wanted, algorithm=algorithm)
    assert OPENSSL is not None
    done = subprocess.run(
        [OPENSSL, "cms", "-decrypt", "-binary", "-inform", "DER", *by],
        cwd=tmp_path,
        input=octets,
        capture_output=True,
        check=False,
    )
    assert done.stdout == signed_value(MESSAGE), done.stderr.decode()


# --- vectors of the other folders ------------------------------------------------------------

OLD_SECRET = b"cmc-corpus-shared-secret"
OLD = [
    ("shared", "enveloped", 2),
    ("shared", "authdata", 1),
    ("bouncycastle", "encrypted", 11),
    ("openssl", "encrypted", 14),
]
NEVER = {
    "authenticated-rsa.der": "wrong_content_type",
    "digested-data.der": "wrong_content_type",
    "encrypted-data.der": "wrong_content_type",
    "id-data.der": "wrong_content_type",
    "kari-p256-gcm.der": "wrong_content_type",
    "kekri-gcm.der": "wrong_content_type",
    "ktri-rsa-gcm-stream.ber": "wrong_content_type",
    "ktri-rsa-gcm.der": "wrong_content_type",
    "signed-auth-enveloped.der": "wrong_content_type",
}


def old_keys(folder: Path) -> list[RecipientKey]:
    """Every key of a folder of vectors."""
    found = [
        RecipientKey.from_password(OLD_SECRET),
        RecipientKey.from_password(OLD_SECRET, "device-0001"),
        RecipientKey.from_password(OLD_SECRET, "device-1"),
    ]
    for path in sorted((folder / "keys").glob("*.p8")):
        private = load_der_private_key(path.read_bytes(), None)
        stem = path.stem.removesuffix("-key")
        if stem.startswith(("recipient", "enc")):
            suffix = "-cert.der" if path.stem != stem else ".der"
            beside = path.with_name(stem + suffix).read_bytes()
            found.append(RecipientKey.from_private_key(private, beside))
    if (folder / "keys" / "kek.bin").exists():
        kek = (folder / "keys" / "kek.bin").read_bytes()
        found.append(RecipientKey.from_kek(kek, b"kek-1"))
    return found


@pytest.mark.parametrize(("maker", "name", "count"), OLD)
def test_other_folders(maker: str, name: str, count: int) -> None:
    """R-070, R-199: what other folders hold opens too, BER included, or says why not."""
    keys = old_keys(VECTORS / maker)
    opened = 0
    for path in sorted((VECTORS / maker / name).iterdir()):
        message = cmcodec.load(path.read_bytes())
        if path.name in NEVER:
            answer = refusal(lambda: message.open(keys))  # noqa: B023 - called at once
            assert answer is not None, path.name
            assert answer[1] == NEVER[path.name], path.name
            continue
        found = message.open(keys)
        is_mac = name == "authdata" or path.name.startswith("authenticated")
        assert found.origin == ("mac" if is_mac else "certificate")
        assert found.content is not None
        opened += 1
    assert opened == count


@pytest.mark.parametrize("name", ["p521", "x25519", "x448", "dh"])
def test_callbacks_of_certificates(name: str) -> None:
    """A key of each kind in an HSM agrees, without a warning of a library that is going to end."""
    own = private_key(name)
    asked: list[bytes] = []

    def agree(spki: bytes) -> bytes:
        asked.append(spki)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer: Any = load_der_public_key(spki)
        secret: bytes = own.exchange(ec.ECDH(), peer) if name == "p521" else own.exchange(peer)
        # What some devices do with leading zero octets, which Diffie-Hellman counts.
        return secret.lstrip(b"\0") if name == "dh" else secret

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        key = RecipientKey.from_callbacks(certificate(name), agree=agree)
        wanted = Recipient.from_certificate(certificate(name))
        for _ in range(4 if name != "dh" else 40):
            opened = cmcodec.load(cms.encrypt(MESSAGE, wanted)).open(key)
            assert opened.message.to_der() == MESSAGE
    assert asked
