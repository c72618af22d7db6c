"""A CA, what it knows and who asks it: what the programs beside this one have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cmcodec import cms
from cmcodec.roles import Client
from kit.chains import DAY, Issued, issue

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.roles import Exchange

__all__ = ["asked", "ca", "client", "once", "valid"]


def valid() -> dict[str, datetime]:
    """Since yesterday, for a year."""
    now = datetime.now(UTC)
    return {"since": now - DAY, "until": now + 365 * DAY}


def ca(own: Any) -> Issued:
    usages = ("digital_signature", "key_cert_sign", "crl_sign")
    return issue("CA", own=own, usages=usages, identified=True, **valid())


def client(anchor: Issued, own: Issued | None = None, **fields: Any) -> Client:
    """A client that trusts the CA, and signs if it has a certificate."""
    signer = own and cms.SigningKey.from_private_key(own.key, own.certificate)
    return Client(trust=[anchor.certificate], signer=signer, **fields)


def asked(exchange: Exchange, post: Callable[[bytes], bytes]) -> Exchange:
    """The exchange once there is nothing to send."""
    while exchange.request is not None and exchange.state == "send":
        exchange = exchange.receive(post(exchange.request))
    return exchange


def once(made: Callable[..., Any]) -> Callable[..., Any]:
    """An issue hook that is called a second time each time, as after a crash."""

    def issued(*arguments: Any) -> Any:
        first, second = made(*arguments), made(*arguments)
        assert first == second
        return second

    return issued
