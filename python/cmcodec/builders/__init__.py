"""Requests and responses, step by step, and batches of them (RFC 10002 §3, §4 and §6).

A builder never changes: each call returns a new one. What it makes verifies, and what a standard
forbids raises `cmcodec.ForbiddenError` before anything is signed::

    from cmcodec import cms
    from cmcodec.builders import NewRequest, RequestBuilder, ResponseBuilder

    octets = (
        RequestBuilder()
        .transaction()
        .add_request(NewRequest(key=key, subject=name))
        .identify(secret, "device-1")
        .link_pop(secret)
        .sign_with_request_key()
    )
    opened = cmcodec.load(octets).open()
    answer = ResponseBuilder().for_request(opened).issue(certificate, 3).sign(signer)

`batch_requests` and `batch_responses` put signed messages into a batch in one call.
"""

from __future__ import annotations

from cmcodec.builders.batch_builders import BatchRequestBuilder, BatchResponseBuilder
from cmcodec.builders.batches import batch_requests, batch_responses
from cmcodec.builders.new_requests import NewRequest
from cmcodec.builders.requests import RequestBuilder
from cmcodec.builders.responses import ResponseBuilder, certs_only

__all__ = [
    "BatchRequestBuilder",
    "BatchResponseBuilder",
    "NewRequest",
    "RequestBuilder",
    "ResponseBuilder",
    "batch_requests",
    "batch_responses",
    "certs_only",
]
