"""Why a certificate is revoked, as an option of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.types import CRLReason

__all__ = ["reason_option"]


class _Reason(click.ParamType["CRLReason"]):
    """A reason by its name in RFC 5280 §5.3.1."""

    name = "reason"

    def convert(
        self, value: str | CRLReason, param: click.Parameter | None, ctx: click.Context | None
    ) -> CRLReason:
        from cmcodec.asn1 import schema
        from cmcodec.types import CRLReason

        if isinstance(value, CRLReason):
            return value
        names = {schema.number_name(each): each for each in CRLReason}
        if value not in names:
            self.fail(f"{value!r} is not one of {', '.join(names)}", param, ctx)
        return names[value]


def reason_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option ``--reason``, which gives a `CRLReason`."""
    return click.option(
        "--reason",
        metavar="NAME",
        type=_Reason(),
        default="unspecified",
        help="Why, by RFC 5280: keyCompromise, superseded, cessationOfOperation … [unspecified].",
    )(function)
