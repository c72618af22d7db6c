"""What the tests of `cmcodec.controls` prove with, and what a wrong proof is answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec.errors import ProofError

from .messages import Message, pki_data, pki_response, signed_by
from .vectors import shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


SECRET = b"correct horse battery"
IDENTIFICATION = "ee-0001"
RANDOM = bytes(range(64))
CORPUS_SECRET = b"cmc-corpus-shared-secret"
"""That of the shared vectors."""


def full_request(
    controls: Iterable[bytes] = (), requests: Iterable[bytes] = (), members: Iterable[bytes] = ()
) -> cmcodec.Message:
    """A signed PKIData."""
    return cmcodec.load(
        signed_by(*Message().signers, content=pki_data(controls, requests, members)).encode()
    )


def full_response(controls: Iterable[bytes] = ()) -> cmcodec.Message:
    """A signed PKIResponse."""
    from cmcodec import oids

    return cmcodec.load(
        signed_by(
            *Message().signers,
            content=pki_response(controls),
            content_type=oids.ID_CCT_PKI_RESPONSE,
        ).encode()
    )


def vector(name: str) -> cmcodec.Message:
    """A shared vector."""
    return cmcodec.load(shared(name))


def wrong(action: Callable[[], Any]) -> tuple[str, int, tuple[int, ...]]:
    """Reason, failInfo and body parts of the `ProofError` that ``action`` raises."""
    with pytest.raises(ProofError) as raised:
        action()
    error = raised.value
    assert SECRET.decode() not in repr(error) + str(error)
    return error.reason, error.fail_info, error.body_parts
