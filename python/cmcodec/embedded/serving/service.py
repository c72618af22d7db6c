"""What is served: the interface between a CA or an RA and the process that it runs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Answer", "Make", "Service"]


class Answer(NamedTuple):
    """What a service says to a message.

    ``octets``: ``b""`` is no answer at all. ``outcome``: ``"success"``, ``"pending"``,
    ``"confirm_required"``, ``"none"`` or the name of a failInfo, as ``"badRequest"``. ``outside``:
    seconds of processor time that it took, those of cryptography not counted.
    """

    octets: bytes
    outcome: str
    outside: float


class Service(Protocol):
    """A CA or an RA, as it is served; safe in many threads.

    ``every``: seconds from one `tick` to the next. ``together``: how many messages it takes at
    once, at most.
    """

    @property
    def every(self) -> float: ...

    @property
    def together(self) -> int: ...

    def answer_all(self, messages: Sequence[bytes]) -> Sequence[Answer]:
        """Answers messages, in a thread, each as if it were alone.

        Raises nothing for what a peer sent.
        """

    def tick(self) -> None:
        """Does what nobody asks for. An exception is logged, and it is tried again."""

    def health(self) -> Mapping[str, bool]:
        """What has to be there, and whether it is: ``{"store": True, "keys": True}``."""

    def gauges(self) -> Mapping[str, float]:
        """Values of metrics of `cmcodec.embedded.serving.metrics.GAUGES`, by their names.

        They are of the store, so that every process gives the same.
        """

    def close(self) -> None:
        """Gives up what it holds open."""


Make: TypeAlias = Callable[[Callable[[], None]], Service]
"""Makes the service, in the process that it works in: called once in each.

Its argument counts an error of the store; `cmcodec.embedded.counted.CountedStore` calls it.
"""
