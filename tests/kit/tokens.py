"""A token with PKCS#11: SoftHSM, with keys of the tests in it."""

from __future__ import annotations

import os
import secrets
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from embedding.document import needs

from .keys import key

if TYPE_CHECKING:
    from collections.abc import Iterator

PIN = "471147"
KINDS = {"p-256": "01", "rsa-2048": "02", "p-384": "03", "ed25519": "04"}
MODULES = [Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/lib64/pkcs11/libsofthsm2.so")]


@dataclass(frozen=True)
class HSM:
    """Where it is: ``environment`` for processes, ``pin_file`` with the PIN."""

    environment: dict[str, str]
    pin_file: Path

    def uri(self, kind: str = "p-256", more: str = "") -> str:
        return f"pkcs11:token=cmc;object={kind}{more}?pin-source=file:{self.pin_file}"


def software_module() -> Path:
    """The library of SoftHSM; skips the test where there is none."""
    needs("python-pkcs11", find_spec("pkcs11"))
    module = next(filter(Path.exists, MODULES), None)
    needs("SoftHSM", module)
    assert module is not None
    return module


@pytest.fixture(scope="session")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HSM]:
    """A token with a key of each kind that SoftHSM has, the tests' own number 7 of it."""
    module, folder = software_module(), tmp_path_factory.mktemp("hsm")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\n", encoding="ascii")
    environment = {"SOFTHSM2_CONF": str(configuration), "PKCS11_MODULE": str(module)}
    pin_file = folder / "pin"
    pin_file.write_text(f"{PIN}\n", encoding="ascii")

    def softhsm(*arguments: str) -> None:
        command = ["softhsm2-util", *arguments, "--pin", PIN]
        subprocess.run(command, env=os.environ | environment, check=True, capture_output=True)

    softhsm("--init-token", "--free", "--label", "cmc", "--so-pin", PIN)
    for kind, number in KINDS.items():
        pem = key(kind, 7).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key").write_bytes(pem)
        named = ["--token", "cmc", "--label", kind, "--id", number]
        softhsm("--import", str(folder / "key"), *named)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        _add_agreeing()
        yield HSM(environment, pin_file)


@contextmanager
def objects(private: Any, *public: dict[Any, Any], signs: bool = True) -> Iterator[str]:
    """The label of a private key that is in the token for the block, and of other objects."""
    import pkcs11
    from pkcs11.util import ec, rsa

    of = pkcs11.Attribute
    made, is_rsa = f"made {secrets.token_hex(4)}", isinstance(private, RSAPrivateKey)
    named = {of.TOKEN: True, of.LABEL: made, of.ID: made.encode()}
    agrees = {of.SIGN: signs} | ({} if is_rsa else {of.DERIVE: True})
    der = private.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    key_of = (rsa.decode_rsa_private_key if is_rsa else ec.decode_ec_private_key)(der)
    token = pkcs11.lib(os.environ["PKCS11_MODULE"]).get_token(token_label="cmc")
    try:
        session = token.open(rw=True, user_pin=PIN)
    except pkcs11.UserAlreadyLoggedIn:
        session = token.open(rw=True)
    with session:
        found = [
            session.create_object({**each, **named}) for each in ({**key_of, **agrees}, *public)
        ]
        yield made
        for each in found:
            each.destroy()


def beside(octets: bytes) -> dict[Any, Any]:
    """A certificate in a token."""
    import pkcs11

    of = pkcs11.Attribute
    return {
        of.CLASS: pkcs11.ObjectClass.CERTIFICATE, of.VALUE: octets, of.SUBJECT: b"\x30\0",
        of.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
    }  # fmt: skip


def _add_agreeing() -> None:
    """A key of P-521 for signatures and key agreement, which the command cannot make."""
    import pkcs11
    from pkcs11.util import ec

    private, of = key("p-521", 7), pkcs11.Attribute
    der = private.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    named = {of.TOKEN: True, of.LABEL: "agreeing", of.ID: b"\x05"}
    token = pkcs11.lib(os.environ["PKCS11_MODULE"]).get_token(token_label="cmc")
    with token.open(rw=True, user_pin=PIN) as session:
        session.create_object({**ec.decode_ec_public_key(spki), **named})
        session.create_object(
            {**ec.decode_ec_private_key(der), **named, of.SIGN: True, of.DERIVE: True}
        )
