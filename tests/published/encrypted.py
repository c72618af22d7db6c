"""A challenge of the encrypted proof of possession, and its answer (RFC 10002 §6.7)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from cmcodec import oids
from kit.der import EMPTY, identifier, integer, seq, tlv
from kit.layers import CEK, Enveloped, spki_parts

from .layers import CURVES, RECIPIENTS

VALUE: Final = bytes(range(32))
"""What only the owner of the key can tell."""

_HMAC: Final = identifier(oids.ID_HMAC_WITH_SHA256)


def _request() -> bytes:
    """A CRMF request with the id 201, for an empty name, whose proof is to come."""
    own, _ = CURVES["x25519"]
    algorithm, public = spki_parts(own.public_key())
    template = seq(tlv(0xA5, EMPTY), tlv(0xA6, algorithm, tlv(0x03, b"\0", public)))
    return tlv(0xA1, seq(integer(201), template), tlv(0xA2, tlv(0x81, b"\1")))


REQUEST: Final = _request()
"""A TaggedRequest, for the key ``keys/x25519.p8``."""


def _challenge() -> bytes:
    _, make = RECIPIENTS["X25519, HKDF with SHA-256"]
    hidden = Enveloped(VALUE, (make(CEK),), content_type=oids.ID_DATA).encode()
    witness = tlv(0x04, hashlib.sha256(VALUE).digest())
    return seq(REQUEST, hidden, _HMAC, identifier(oids.ID_SHA256), witness)


CHALLENGE: Final = _challenge()
"""An EncryptedPOP."""

ANSWER: Final = seq(integer(201), _HMAC, tlv(0x04, hmac.digest(VALUE, REQUEST, "sha256")))
"""The DecryptedPOP."""
