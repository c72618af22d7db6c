"""What ``cryptography`` makes of octets from outside."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["quietly"]

T = TypeVar("T")


def quietly(work: Callable[..., T], *arguments: Any) -> T:
    """What a function of ``cryptography`` returns, without the warnings that it gives.

    Raises what it raises, and `ValueError` for a version, a name or a repetition that it refuses.
    """
    from cryptography import x509

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return work(*arguments)
        except (
            x509.InvalidVersion, x509.UnsupportedGeneralNameType, x509.DuplicateExtension,
        ) as error:  # fmt: skip
            raise ValueError(str(error)) from error
