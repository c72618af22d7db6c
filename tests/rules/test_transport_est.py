"""Full CMC over EST (RFC 7030 §4.3)."""

from __future__ import annotations

import asyncio
from base64 import b64decode, encodebytes
from typing import TYPE_CHECKING, Any

import pytest

from cmcodec import cms, types
from cmcodec.builders import ResponseBuilder
from cmcodec.transports import Limits, TransportError, est
from kit.authority import NOW, Authority
from kit.keys import certificate
from kit.transports import SERVERS, Response, enveloped, full_request, messages, raw, signer

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGES = messages()
PKCS7 = "application/pkcs7-mime"
APPLICATIONS: dict[str, Callable[..., Any]] = {"asgi": est.asgi, "wsgi": est.wsgi}
LABELLED = "/.well-known/est/devices/fullcmc"

each_side = pytest.mark.parametrize("side", APPLICATIONS)


def served(side: str, handler: Any, **limits: Any) -> Any:
    return SERVERS[side](APPLICATIONS[side](handler, limits=Limits(**limits)))


def post(
    url: str, body: bytes, path: str = est.PATH, content_type: str = PKCS7
) -> Response:  # fmt: skip
    return raw(url + path, body, {"Content-Type": content_type})


@each_side
@pytest.mark.parametrize("path", [est.PATH, LABELLED, "/mounted" + LABELLED])
def test_messages_are_base64(side: str, path: str) -> None:
    """Both ways, with or without line breaks, under the path of EST; a label may be in it."""
    seen = []

    def handler(octets: bytes) -> bytes:
        seen.append(octets)
        return MESSAGES["full-response"]

    lines = encodebytes(MESSAGES["full-request"])
    with served(side, handler) as url:
        for body in (lines, lines.replace(b"\n", b""), lines.replace(b"\n", b"\r\n")):
            response = post(url, body, path)
            assert (response.status, b64decode(response.body)) == (200, MESSAGES["full-response"])
            assert response.headers["content-type"].startswith(f"{PKCS7}; smime-type=CMC-Response")
            assert response.headers["content-transfer-encoding"] == "base64"
        with est.Client(url + path) as client:
            assert client.send(MESSAGES["full-request"]) == MESSAGES["full-response"]
    assert seen == [MESSAGES["full-request"]] * 4


@each_side
@pytest.mark.parametrize(
    "path", ["/", "/.well-known/est/simpleenroll", "/x/fullcmc", est.PATH + "/x"]
)
def test_other_paths_are_not_found(side: str, path: str) -> None:
    """404: EST has other operations, which are not these."""
    with served(side, None) as url:
        assert post(url, b"", path).status == 404


@each_side
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"no base64!", PKCS7, 400),
        (b"MA", PKCS7, 400),
        (b"MAA=", "application/pkcs10", 415),
        (b"MAA=", f"{PKCS7}; smime-type=certs-only", 415),
        (b"A" * 300, PKCS7, 413),
    ],
)
def test_what_is_no_message_is_refused(
    side: str, body: bytes, content_type: str, status: int
) -> None:
    """Nobody is asked about it."""
    with served(side, None, max_size=100) as url:
        assert post(url, body, content_type=content_type).status == status


def failing(fail_info: types.CMCFailInfo) -> bytes:
    return ResponseBuilder().fail(fail_info, 0).sign(signer())


FAIL = types.CMCFailInfo
ANSWERS = [
    (failing(FAIL.BAD_REQUEST), 400),
    (failing(FAIL.POP_FAILED), 400),
    (failing(FAIL.BAD_IDENTITY), 403),
    (failing(FAIL.INTERNAL_CA_ERROR), 500),
    (failing(FAIL.TRY_LATER), 503),
    (ResponseBuilder().pend(b"token", NOW, 1).sign(signer()), 200),
    (ResponseBuilder().status(types.CMCStatus.SUCCESS, 1).sign(signer()), 200),
    (ResponseBuilder().issue(certificate("p-256"), 1).fail(FAIL.BAD_ALG, 2).sign(signer()), 200),
    (enveloped(failing(FAIL.BAD_REQUEST)), 200),
    (MESSAGES["simple-response"], 200),
]


@each_side
@pytest.mark.parametrize(("answer", "status"), ANSWERS)
def test_http_says_whether_cmc_failed(side: str, answer: bytes, status: int) -> None:
    """RFC 7030 §4.3.2: with the answer in it, which a client gets all the same."""
    with served(side, lambda octets: answer) as url, est.Client(url) as client:
        response = post(url, encodebytes(MESSAGES["full-request"]))
        assert (response.status, b64decode(response.body)) == (status, answer)
        assert client.send(MESSAGES["full-request"]) == answer


def test_an_error_without_an_answer_is_one() -> None:
    """A status of somebody else."""
    with (
        served("asgi", lambda octets: 1 // 0) as url,
        est.Client(url) as client,
        pytest.raises(TransportError) as caught,
    ):
        client.send(MESSAGES["full-request"])
    assert (caught.value.reason, caught.value.status) == ("status", 500)


@each_side
def test_a_ca_refuses(side: str) -> None:
    """Whom it does not know: 4xx with its answer."""
    with served(side, Authority().build().respond) as url, est.Client(url) as client:
        response = post(url, encodebytes(full_request()))
        assert 400 <= response.status < 500
        answer = client.send(full_request())
        assert isinstance(answer, bytes)
        assert answer[:1] == b"\x30"


def test_clients_on_an_event_loop() -> None:
    """As those of plain HTTP."""

    async def work(url: str) -> bytes:
        async with est.AsyncClient(url) as client:
            return await client.send(MESSAGES["full-request"])

    with served("asgi", lambda octets: MESSAGES["full-response"]) as url:
        assert asyncio.run(work(url)) == MESSAGES["full-response"]


def test_encrypted_requests_are_sent() -> None:
    """What is in them does not show."""
    octets = enveloped(cms.sign(types.PKIData(
        control_sequence=(), req_sequence=(), cms_sequence=(), other_msg_sequence=()
    ), signer()))  # fmt: skip
    with served("asgi", lambda found: MESSAGES["full-response"]) as url, est.Client(url) as client:
        assert client.send(octets) == MESSAGES["full-response"]
