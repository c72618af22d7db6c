"""Messages of each kind, and servers of transports that run beside a test."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cmcodec import cms, types
from cmcodec.builders import NewRequest, RequestBuilder, ResponseBuilder, certs_only
from cmcodec.transports import Limits, tcp

from .keys import certificate, key, name

if TYPE_CHECKING:
    from collections.abc import Iterator


def signer() -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key("p-256"), certificate("p-256"))


def new_request() -> NewRequest:
    return NewRequest(key=key("p-256", 5), subject=name("device"))


def full_request() -> bytes:
    return RequestBuilder().add_request(new_request()).transaction().sign(signer())


def messages() -> dict[str, bytes]:
    """A message of each kind by the name of the kind."""
    request = RequestBuilder().add_request(new_request()).content().req_sequence[0]
    assert request.tcr is not None
    return {
        "simple-request": request.tcr.certification_request.to_der(),
        "full-request": full_request(),
        "simple-response": certs_only([certificate("p-256")]),
        "full-response": ResponseBuilder().status(types.CMCStatus.SUCCESS, 1).sign(signer()),
    }


def enveloped(octets: bytes) -> bytes:
    return cms.encrypt(octets, [cms.Recipient.from_certificate(certificate("rsa-2048"))])


@contextmanager
def tcp_server(handler: Any, **limits: Any) -> Iterator[int]:
    """The port of a server that runs in a thread of its own until the block ends."""
    loop = asyncio.new_event_loop()
    server = tcp.Server(handler, port=0, limits=Limits(**limits))
    loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.port
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
