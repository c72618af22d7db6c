"""What becomes of an application: what a policy answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, final

from cmcodec.arguments import moment
from cmcodec.builders.forbidden import check_failure
from cmcodec.types.controls import CMCFailInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cmcodec import types
    from cmcodec.roles.applications import Application

__all__ = ["Challenge", "Decision", "Issue", "Pend", "Policy", "Refuse", "default_policy"]


@final
@dataclass(frozen=True, slots=True)
class Issue:
    """The certificate is issued; an RA sends the request on.

    ``template``: what it is to have in the place of what was asked for; whole, as
    `Application.template` is.
    """

    template: types.CertTemplate | None = None


@final
@dataclass(frozen=True, slots=True)
class Pend:
    """Somebody decides later; the client asks again at ``until``, which has a time zone."""

    until: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "until", moment("until", self.until))


@final
@dataclass(frozen=True, slots=True)
class Refuse:
    """There is no certificate (RFC 10002 §6.1.4); raises `ForbiddenError` for an unknown code.

    ``text`` is for people, and goes to the client.
    """

    fail_info: CMCFailInfo | int
    text: str | None = None

    def __post_init__(self) -> None:
        check_failure(self.fail_info)


@final
@dataclass(frozen=True, slots=True)
class Challenge:
    """Possession of the key is to be proved by decryption, whatever other proof there is (§6.7)."""


Decision: TypeAlias = Issue | Pend | Refuse | Challenge
"""What a policy answers."""

Policy: TypeAlias = "Callable[[Application], Decision]"
"""Is asked about each application whose proofs are good, in whichever thread has it."""


def default_policy(application: Application) -> Decision:
    """Everybody who is authenticated gets what is asked for, and nobody else anything."""
    if application.requester.kind == "none":
        return Refuse(CMCFailInfo.BAD_IDENTITY)
    return Issue()
