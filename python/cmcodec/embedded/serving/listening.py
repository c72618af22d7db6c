"""Where a server listens: addresses, and the sockets that its processes accept from."""

from __future__ import annotations

import re
import socket
import sys
from typing import Final, NamedTuple

from cmcodec.errors import CMCError

__all__ = ["Address", "Listener", "ServingError"]

_ADDRESS: Final = re.compile(r"(?:\[([^\[\]/@\s]+)\]|([^:\[\]/@\s]+)):(\d{1,5})")
_BACKLOG: Final = 1024
"""Connections that wait to be accepted."""


class ServingError(CMCError):
    """A server cannot start, or cannot go on; the reason says why, in words."""


class Address(NamedTuple):
    """A host and a port; port 0 is a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """That of ``HOST:PORT``, an IPv6 address in brackets; raises `ServingError`."""
        found = _ADDRESS.fullmatch(text)
        if found is None or int(found[3]) > 65535:
            raise ServingError(f"{text}: an address is HOST:PORT, as 127.0.0.1:8080 or [::1]:8080")
        return cls(found[1] or found[2], int(found[3]))

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


class Listener:
    """An address that is bound: a socket for each process that accepts from it.

    On Linux each has its own, between which the kernel distributes connections; elsewhere they
    accept from the same one. What waits in the socket of a process that died is accepted by the one
    in its place.
    """

    def __init__(self, name: str, address: Address, count: int = 1) -> None:
        """Binds; raises `ServingError` where it cannot."""
        self.name = name
        distributes = count > 1 and sys.platform == "linux"
        try:
            family, *_, where = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
            # One that is not shared finds out whether the port is free; a shared one would not.
            first = socket.create_server(where[:2], family=family, backlog=_BACKLOG)
            self.sockets = [first] * count
            if distributes:
                where = first.getsockname()
                first.close()
                self.sockets = []
                for _ in range(count):
                    self.sockets.append(
                        socket.create_server(
                            where[:2], family=family, backlog=_BACKLOG, reuse_port=True
                        )
                    )
        except OSError as error:
            # What Python adds to the text of the system repeats the address.
            text = str(error.strerror or error).partition(" (while")[0]
            raise ServingError(f"{name} {address}: {text}") from error

    @property
    def line(self) -> str:
        """What is said of it: ``http 127.0.0.1:8080``, with the real port."""
        return f"{self.name} {Address(*self.sockets[0].getsockname()[:2])}"

    def take(self, slot: int) -> socket.socket:
        """The socket of one of the processes; those of the others are closed in it."""
        own = self.sockets[slot]
        for each in self.sockets:
            if each is not own:
                each.close()
        return own

    def close(self) -> None:
        """Listens no longer, as far as this process is concerned."""
        for each in self.sockets:
            each.close()
