"""``cmc ra serve``: the RA of a folder, on HTTP, TCP or in a folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from cmcodec.cli.folders import certificates, serve, serving_options
from cmcodec.cli.groups import ManyCommand, example

__all__ = ["command"]

_BATCH: Final = 10_000
_EVERY: Final = 5.0
_THREADS: Final = 32


@click.command(
    "serve",
    cls=ManyCommand,
    short_help="Take requests, and send them on.",
    epilog=example("cmc ra serve desk --http 0.0.0.0:8081 --batch 1000 --every 60"),
)
@click.argument("folder", type=Path)
@click.option("--batch", type=click.IntRange(1), metavar="N", help="Send so many together.")
@click.option(
    "--every",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Send what there is, so often.",
)
@serving_options
def command(
    folder: Path,
    *,
    batch: int | None,
    every: float | None,
    authorised_ra: tuple[str, ...],
    serving: dict[str, Any],
) -> int:
    """Take requests for the RA in FOLDER until SIGTERM or SIGINT, and send them on.

    Each is sent at once, and answered in the same connection. With --batch or --every they go
    together, and clients are told to ask again. Of each listener a line says that it accepts:
    listening http 127.0.0.1:8081.

    The exit status is 0 at the end, or 2 where it cannot serve.
    """
    ras = certificates(authorised_ra)
    is_collecting = batch is not None or every is not None

    def make(**counted: Any) -> Any:
        from cmcodec.embedded import EmbeddedRA

        return EmbeddedRA(
            path=folder,
            authorised_ras=ras,
            batch=(batch or _BATCH) if is_collecting else None,
            interval=every or _EVERY,
            **counted,
        )

    # While a request waits for the CA, others go up.
    return serve(make, serving if is_collecting else {**serving, "threads": _THREADS})
