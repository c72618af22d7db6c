"""Shared secrets that a server is told, and whose certificates may answer."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509

from cmcodec.roles.secrets import add_secret
from cmcodec.roles.servers import is_server
from cmcodec.roles.service.cases import Status
from cmcodec.stores import MemoryStore
from cmcodec.verify.verdict import Signer
from kit.authority import SECRET, anchor
from kit.chains import Issued, issue, of_unknown_version
from kit.keys import name

BOTH_BACKENDS = False


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [
        (TypeError, {"secret": "text"}),
        (TypeError, {"subject": "CN=device"}),
        (ValueError, {"secret": b""}),
        (ValueError, {"uses": 0}),
    ],
)
def test_secrets_that_are_none(cls: type[Exception], arguments: dict[str, Any]) -> None:
    """R3: no empty one, none that counts nowhere, and none that is something else."""
    store = MemoryStore()
    add_secret(store, "device", SECRET, subject=name("device"))
    with pytest.raises(cls, match=next(iter(arguments))):
        add_secret(store, "device", **{"secret": SECRET, **arguments})


def test_codes_of_nobody_are_told_by_their_numbers() -> None:
    """R-085: private codes have no names."""
    assert str(Status.failed(1500, 1, 2, text="no")) == "failInfo 1500, body parts 1, 2: no"
    assert str(Status.failed(2)) == "badRequest, body parts 0"


def signed_by(octets: bytes) -> Signer:
    return Signer(
        algorithm="ecdsa-with-SHA256", certificate_sha256="", request_id=None, chain=None,
        candidates=(octets,),
    )  # fmt: skip


def test_r_181_servers_are_told_by_certificates_that_can_be_read() -> None:
    """R-181, P9: a CA's, unless it may say that its owner offers CMC under another one."""
    ca = anchor()
    assert is_server(signed_by(ca.der))
    assert not is_server(signed_by(issue("device", ca, ca=None).der))
    unknown = of_unknown_version(ca, ca)
    x400 = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("2.5.29.17"), bytes.fromhex("3004a3023000")
    )
    odd: Issued = issue("CA", own=ca.key, extensions=[(x400, False)])
    usage = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.15"), b"\x05\x00")
    unreadable = issue("CA", own=ca.key, extensions=[(usage, False)])
    for octets in (unknown, odd.der, unreadable.der, b"\x30\x00"):
        assert not is_server(signed_by(octets))
