"""Arguments in hexadecimal digits, as the lists of CAs have them."""

from __future__ import annotations

from typing import Final

import click

__all__ = ["NUMBER", "OCTETS"]


class _Octets(click.ParamType[bytes]):
    name = "octets"

    def convert(
        self, value: str | bytes, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        try:
            return value if isinstance(value, bytes) else bytes.fromhex(value)
        except ValueError:
            self.fail(f"{value!r} is not hexadecimal", param, ctx)


class _Number(click.ParamType[int]):
    name = "number"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        try:
            return value if isinstance(value, int) else int(value, 16)
        except ValueError:
            self.fail(f"{value!r} is not hexadecimal", param, ctx)


OCTETS: Final = _Octets()
NUMBER: Final = _Number()
