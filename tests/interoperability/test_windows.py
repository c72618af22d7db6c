"""A CA answers messages in the forms that Windows sends, over HTTP, under rules that allow them.

They are those of `tests/vectors/field`. ``certreq`` and MMC get their certificate, and so does a
renewal in PKCS#7. What the others have that is not taken, the answer says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import types
from cmcodec.controls import statuses
from cmcodec.roles import Rules
from cmcodec.transports import http
from cmcodec.types.controls import CMCFailInfo
from interoperability.serving import served
from kit.authority import Authority, always
from kit.transports import asgi_server
from kit.vectors import VECTORS

if TYPE_CHECKING:
    from pathlib import Path

    from cmcodec.message import Message

ALL = Rules(compatibility=True, legacy=True, wrapped=True, status_v1=True)


def asked(name: str, rules: Rules, **options: Any) -> tuple[Message, Authority]:
    """The answer to a message, by the name of its file, and who gave it."""
    made = Authority({"policy": always, "rules": rules, "trust": lambda *_: True, **options})
    with asgi_server(http.asgi(made.build().respond)) as url, http.Client(url) as server:
        return cmcodec.load(server.send((VECTORS / "field" / f"win-{name}.der").read_bytes())), made


def failures(message: Message) -> set[tuple[Any, ...]]:
    return {(statuses.fail_info(each), each.status_string) for each in statuses.read(message)}


def test_certreq_gets_its_certificate() -> None:
    """R-076: SHA-1, a control that says who asks, and both controls of statuses in the answer."""
    answer, made = asked("certreq-sha1-no-legacy", ALL)
    assert answer.kind == "full-response"
    said = statuses.read(answer)
    assert {each.cmc_status for each in said} == {types.CMCStatus.SUCCESS}
    assert len(said) == 2
    (certificate,) = made.issued.values()
    assert certificate in [each.to_cryptography() for each in answer.certificates]


def test_a_renewal_in_pkcs_7_gets_its_certificate() -> None:
    """A PKCS#10 in a SignedData, answered as a bare one is."""
    answer, made = asked("pkcs7-renewal", ALL)
    assert answer.kind == "simple-response"
    (certificate,) = made.issued.values()
    assert certificate in [each.to_cryptography() for each in answer.certificates]


def test_cmc_ca_serve_answers(tmp_path: Path, backend: str) -> None:
    """Under the same rules; that nobody knows the client is all that is wrong then."""
    rules = "compatibility = true\nlegacy = true\nstatus_v1 = true"
    message = (VECTORS / "field" / "win-certreq-sha1-no-legacy.der").read_bytes()
    with (
        served(tmp_path / "folder", backend, rules=rules) as url,
        http.Client(url) as server,
    ):
        answer = cmcodec.load(server.send(message))
    assert len(statuses.read(answer)) == 2
    assert {code for code, _ in failures(answer)} == {CMCFailInfo.BAD_IDENTITY}


@pytest.mark.parametrize(
    ("name", "rules", "expected"),
    [
        ("certreq-sha1-no-legacy", Rules(), (CMCFailInfo.BAD_ALG, "unsupported_algorithm")),
        ("certreq-sha1-no-legacy", Rules(legacy=True),
         (CMCFailInfo.BAD_REQUEST, "control_misplaced")),
        ("pkcs7-renewal", Rules(), (CMCFailInfo.BAD_REQUEST, "wrong_content_type")),
        ("key-archival", ALL, (CMCFailInfo.BAD_REQUEST, "control_misplaced")),
        ("eobo-two-signers", ALL, (CMCFailInfo.BAD_MESSAGE_CHECK, "request_key_not_sole_signer")),
        ("otp-nosignature-and-ra", ALL, (CMCFailInfo.BAD_MESSAGE_CHECK, "no_signature")),
    ],
)  # fmt: skip
def test_others_are_told_why(name: str, rules: Rules, expected: tuple[Any, ...]) -> None:
    """R-034: also what the added attributes ask for beside that, such as that a key is archived."""
    answer, made = asked(name, rules)
    assert failures(answer) == {expected}
    assert not made.issued
