"""What is known of an exchange beside what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, final

from cmcodec.roles.end_entity.certificates import loaded, readable_ones

if TYPE_CHECKING:
    from cryptography import x509

    from cmcodec import types
    from cmcodec.roles.end_entity.asked import Asked

__all__ = ["Progress", "Step"]

Step: TypeAlias = Literal["request", "answer", "poll", "confirm", "abort"]
"""What the last message was about: requests, answers to challenges, tokens, one certificate."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the next message and the next answer depend on.

    ``sent``: the last message, ``octets``: what was sent, which may be an envelope around it.
    ``reply``: the last response, which the next message follows. ``bag``: all certificates that
    came, DER; ``made``: those for keys made by an RA. ``failures``: with which requests failed.
    ``is_simple``: it began with a Simple PKI Request. ``identify``: messages with requests prove
    the secret. ``is_again``: the same octets are sent once more.
    """

    items: tuple[Asked, ...]
    step: Step
    sent: bytes | None
    octets: bytes | None
    reply: bytes | None = None
    bag: tuple[bytes, ...] = ()
    made: tuple[bytes, ...] = ()
    failures: tuple[types.CMCStatusInfoV2, ...] = ()
    is_simple: bool = False
    identify: bool = False
    is_again: bool = False

    def obtained(self) -> tuple[x509.Certificate, ...]:
        """The certificates that may be used."""
        issued = (item.certificate for item in self.items if item.state == "done")
        return tuple(loaded(each) for each in (*issued, *self.made) if each is not None)

    def others(self) -> tuple[x509.Certificate, ...]:
        """The certificates that came beside those of the requests."""
        own = {item.certificate for item in self.items} | set(self.made)
        return tuple(readable_ones(each for each in self.bag if each not in own))
