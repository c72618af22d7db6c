"""A CA answers requests whose layers the ``openssl`` program makes, which reads the answers."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.builders import NewRequest, RequestBuilder
from cmcodec.cms.identifiers import elements
from cmcodec.controls import statuses
from cmcodec.transports import http
from interoperability.serving import served
from kit.authority import NOW, SECRET, Authority, always, anchor, certified
from kit.chains import Issued, issue
from kit.der import oid
from kit.installed import needs_peer
from kit.keys import key, name
from kit.messages import content_info
from kit.transports import asgi_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PKI_DATA = ("-econtent_type", "1.3.6.1.5.5.7.12.2")
AT = ("-attime", str(int(NOW.timestamp())))


class OpenSSL:
    """Runs ``openssl`` in a folder with the certificates and keys of the test."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("openssl")
        needs_peer("openssl", program)
        self._program, self._folder = str(program), folder
        self.keep("ca", anchor())

    def keep(self, label: str, of: Issued) -> None:
        pem = of.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        certificate = of.certificate.public_bytes(Encoding.PEM)
        (self._folder / f"{label}.pem").write_bytes(certificate)
        (self._folder / f"{label}.key").write_bytes(pem)

    def __call__(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = subprocess.run(
            [self._program, *arguments],
            cwd=self._folder,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def sign(self, content: bytes, *options: str) -> bytes:
        signing = ("cms", "-sign", "-binary", "-nodetach", "-outform", "DER", *PKI_DATA)
        return self(
            *signing, "-signer", "signer.pem", "-inkey", "signer.key", *options, stdin=content
        )

    def encrypt(self, message: bytes, cipher: str, recipient: str = "ca.pem") -> bytes:
        """Encrypts a SignedData for a server.

        ``cms -encrypt`` has no option for what it says is encrypted, which it calls id-data.
        """
        (_, tagged) = elements(message)
        (signed_data,) = elements(tagged)
        encrypting = ("cms", "-encrypt", "-binary", "-outform", "DER", cipher)
        found = self(*encrypting, recipient, stdin=signed_data)
        data, signed = oid("1.2.840.113549.1.7.1"), oid("1.2.840.113549.1.7.2")
        before, _, after = found.partition(data)
        assert after
        assert data not in after
        return before + signed + after


@pytest.fixture
def openssl(tmp_path: Path) -> OpenSSL:
    return OpenSSL(tmp_path)


@pytest.fixture
def send() -> Iterator[Callable[[bytes], bytes]]:
    """Sends to a CA that issues to anybody, and knows the secret."""
    made = Authority({"policy": always})
    made.secret(uses=2)
    with asgi_server(http.asgi(made.build().respond)) as url, http.Client(url) as server:
        yield server.send


def asked(number: int) -> bytes:
    """A PKIData with a request and a proof of identity."""
    builder = RequestBuilder().transaction().identify(SECRET, "device")
    builder = builder.add_request(NewRequest(key=key("p-256", number), subject=name("device")))
    return builder.content().to_der()


def test_a_request_of_openssl(openssl: OpenSSL, send: Callable[[bytes], bytes]) -> None:
    """A PKCS#10 of ``req``; the certificates are read by ``pkcs7``, and verified."""
    request = ("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "new.key")
    octets = openssl(*request, "-subj", "/CN=device", "-outform", "DER")
    answer = send(octets)
    found = openssl("pkcs7", "-inform", "DER", "-print_certs", stdin=answer)
    public = x509.load_der_x509_csr(octets).public_key()
    (certificate,) = (
        each for each in x509.load_pem_x509_certificates(found) if each.public_key() == public
    )
    pem = certificate.public_bytes(Encoding.PEM)
    assert b"OK" in openssl("verify", "-CAfile", "ca.pem", *AT, stdin=pem)


SIGNERS: dict[str, Any] = {
    "p-256": lambda: certified("device", "p-256", 92),
    "rsa-2048": lambda: certified("device", "rsa-2048", 0),
}


@pytest.mark.parametrize("kind", SIGNERS)
def test_layers_of_openssl(openssl: OpenSSL, send: Callable[[bytes], bytes], kind: str) -> None:
    """``cms`` signs a PKIData of ours, and encrypts that; it decrypts and verifies the answers."""
    openssl.keep("signer", SIGNERS[kind]())
    answer = send(openssl.sign(asked(4)))
    assert_issued(openssl, answer, 4)
    answer = send(openssl.encrypt(openssl.sign(asked(5)), "-aes-256-cbc"))
    assert cmcodec.load(answer).kind == "other"
    decrypting = ("cms", "-decrypt", "-binary", "-inform", "DER")
    opened = openssl(*decrypting, "-inkey", "signer.key", "-recip", "signer.pem", stdin=answer)
    answer = content_info(oids.ID_SIGNED_DATA, opened)
    assert_issued(openssl, answer, 5)


def test_gcm_of_openssl_is_refused(openssl: OpenSSL, send: Callable[[bytes], bytes]) -> None:
    """It has no authenticated attributes, which RFC 5083 wants beside what is no id-data."""
    openssl.keep("signer", SIGNERS["p-256"]())
    answer = send(openssl.encrypt(openssl.sign(asked(5)), "-aes-256-gcm"))
    (status,) = statuses.read(cmcodec.load(answer))
    assert statuses.fail_info(status) == types.CMCFailInfo.BAD_MESSAGE_CHECK
    assert status.status_string == "attribute_missing"


def test_the_key_of_a_request_signs(openssl: OpenSSL, send: Callable[[bytes], bytes]) -> None:
    """Which ``cms`` has under a certificate that it leaves out, as its key identifier."""
    openssl.keep("signer", issue("device", own=key("p-256", 6), ca=None, identified=True))
    answer = send(openssl.sign(asked(6), "-keyid", "-nocerts"))
    assert_issued(openssl, answer, 6)


def test_cmc_ca_serve_issues(openssl: OpenSSL, tmp_path: Path, backend: str) -> None:
    """In a process of its own: to who has the secret, also where that is encrypted for it."""
    folder = tmp_path / "folder"
    openssl.keep("signer", issue("device", own=key("p-256", 6), ca=None, identified=True))
    with served(folder, backend, uses=2) as url, http.Client(url) as server:
        shutil.copy(folder / "ca-cert.pem", tmp_path / "ca.pem")
        message = openssl.sign(asked(6), "-keyid", "-nocerts")
        assert_issued(openssl, server.send(message), 6)
        message = openssl.sign(asked(6), "-keyid", "-nocerts")
        certificate = str(folder / "server-cert.pem")
        sealed = server.send(openssl.encrypt(message, "-aes-256-cbc", certificate))
    password = cms.RecipientKey.from_password(SECRET, "device")
    answer = cms.decrypt(cmcodec.load(sealed), [password]).unverified_octets
    answer = content_info(oids.ID_SIGNED_DATA, answer)
    assert_issued(openssl, answer, 6)


def assert_issued(openssl: OpenSSL, answer: bytes, number: int) -> None:
    """``cms`` verifies an answer, and finds what is in it; one certificate is of this key."""
    verifying = ("cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", *AT)
    content = openssl(*verifying, "-CAfile", "ca.pem", stdin=answer)
    message = cmcodec.load(answer)
    assert types.PKIResponse.from_der(content) == message.unverified_content
    keys = [each.to_cryptography().public_key() for each in message.certificates]
    assert keys.count(key("p-256", number).public_key()) == 1
