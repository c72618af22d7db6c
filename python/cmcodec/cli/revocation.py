"""Why a certificate is revoked, as an option of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from cmcodec.asn1 import schema
from cmcodec.types import CRLReason

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["REASONS", "reason_option"]

REASONS: Final = {schema.number_name(each): each for each in CRLReason}
"""By the names of RFC 5280."""


def reason_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option ``--reason``, one of `REASONS`."""
    return click.option(
        "--reason",
        metavar="NAME",
        type=click.Choice(list(REASONS)),
        default="unspecified",
        help=f"Why: {', '.join(REASONS)}.",
    )(function)
