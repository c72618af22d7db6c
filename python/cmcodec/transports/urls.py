"""Who sends messages to a URL: HTTP, EST, TCP, or a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, Self
from urllib.parse import SplitResult, unquote, urlsplit

from cmcodec.transports import est, files, http, tcp
from cmcodec.transports.limits import DEFAULT, Limits

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

__all__ = ["SCHEMES", "Sender", "connect"]

SCHEMES: Final = ("http", "https", "est", "ests", "cmc", "file")
"""What a URL may begin with."""


class Sender(Protocol):
    """Sends messages to one server, one after the other."""

    def send(self, octets: bytes) -> bytes:
        """The answer to a message, ``b""`` where there is none; raises `TransportError`."""
        ...

    def close(self) -> None:
        """Ends what is open."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def connect(
    url: str,
    *,
    timeout: float = 30.0,
    tls: ssl.SSLContext | None = None,
    limits: Limits = DEFAULT,
) -> Sender:
    """Who sends to a URL; nothing is connected before there is something to send.

    ``http://`` and ``https://``; ``est://`` and ``ests://``, EST over HTTP and HTTPS, with or
    without its path; ``cmc://HOST`` with an optional port, TCP; ``file:FOLDER``, which somebody
    else watches. ``timeout``: seconds for each message, until its answer is complete. ``tls``: as
    `cmcodec.transports.http.Client` has it.

    Raises `ValueError` for any other URL, and `UnsupportedError` where httpx2 is not installed.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - which is read when it is asked for
    except ValueError:
        raise ValueError("url: not one") from None
    if parts.scheme not in SCHEMES:
        raise ValueError(f"url: {', '.join(SCHEMES)}, not {parts.scheme or 'none'}")
    if parts.scheme == "file":
        return files.Client(_folder(parts), timeout=timeout, limits=limits)
    if not parts.hostname:
        raise ValueError(f"url: {parts.scheme}://HOST")
    if parts.scheme == "cmc":
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("url: cmc://HOST:PORT has no path")
        port = tcp.PORT if parts.port is None else parts.port
        return tcp.Client(parts.hostname, port, timeout, limits)
    kind: Callable[..., Sender] = est.Client if parts.scheme.startswith("est") else http.Client
    plain = parts._replace(scheme=parts.scheme.replace("est", "http")).geturl()
    return kind(plain, timeout=timeout, tls=tls, limits=limits)


def _folder(parts: SplitResult) -> str:
    """RFC 8089: an absolute path behind three slashes or one, or a relative one behind none."""
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
        raise ValueError("url: file:FOLDER on this machine")
    if not parts.path:
        raise ValueError("url: file:FOLDER")
    return unquote(parts.path)
