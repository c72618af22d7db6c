"""How messages travel (RFC 10003): what is sent is octets, and so is what comes back."""

from __future__ import annotations

from cmcodec.transports import est, files, http, mail, tcp
from cmcodec.transports.limits import Handler, Limits, TransportError, TransportReason
from cmcodec.transports.urls import Sender, connect

__all__ = [
    "Handler",
    "Limits",
    "Sender",
    "TransportError",
    "TransportReason",
    "connect",
    "est",
    "files",
    "http",
    "mail",
    "tcp",
]
