"""Several signatures at once, in the lanes of a register: whether, and by what."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from cmcodec import _backend
from cmcodec.errors import UnsupportedError

__all__ = ["BackendInfo", "Lanes", "LanesWarning", "Wanted", "backend_info", "is_wanted"]

Lanes: TypeAlias = Literal["available", "absent", "stopped"]
"""What a process has: registers for eight numbers, none, or some that erred and are not asked."""

Wanted: TypeAlias = Literal["auto", "off"]
"""Whether lanes look at signatures first, where there are some."""

_VARIABLE = "CMCODEC_LANES"


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """What reads, writes and verifies octets in this process.

    ``name`` is ``"rust"`` or ``"pure"``. ``lanes`` tells whether this processor and this build
    can look at eight signatures at once; ``lanes_wanted`` whether that is done where a call does
    not say so, which is what ``CMCODEC_LANES`` says, and else ``"off"``.
    """

    name: str
    lanes: Lanes
    lanes_wanted: Wanted


class LanesWarning(RuntimeWarning):
    """Lanes called a signature good that the library refuses.

    Nothing that they said was reported: the verdicts are those of the library. This process does
    not ask lanes any more. The attributes are the evidence, which the maintainers ask for:
    ``algorithm``, its name; ``key``, a SubjectPublicKeyInfo; ``message``, what was signed;
    ``signature``.
    """

    def __init__(self, algorithm: str, key: bytes, message: bytes, signature: bytes) -> None:
        super().__init__(
            f"lanes called a signature good that is not ({algorithm}): every verdict is that of "
            f"the library, and lanes are off in this process; please report key {key.hex()} and "
            f"signature {signature.hex()}"
        )
        self.algorithm, self.key = algorithm, key
        self.message, self.signature = message, signature


def backend_info() -> BackendInfo:
    """The backend in use, and its lanes.

    Raises `UnsupportedError` where ``CMCODEC_LANES`` is neither ``auto`` nor ``off``.
    """
    wanted: Wanted = "auto" if is_wanted(None) else "off"
    return BackendInfo(_backend.name(), _backend.lanes(), wanted)


def is_wanted(wanted: Wanted | None) -> bool:
    """Whether lanes are to be asked, by the environment where the caller does not say so.

    Raises `ValueError` for what is neither ``auto`` nor ``off``, and `UnsupportedError` where the
    environment says so.
    """
    said = os.environ.get(_VARIABLE, "off") if wanted is None else wanted
    if said in get_args(Wanted):
        return said == "auto"
    if wanted is None:
        raise UnsupportedError(f"{_VARIABLE}={said}: not one of auto, off")
    raise ValueError(f"lanes: {said!r} is not one of auto, off")
