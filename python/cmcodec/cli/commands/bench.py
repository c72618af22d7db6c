"""``cmc bench``: measures this library, its peers and the limits of the machine.

What measures is no part of the package: it stands beside it, in ``benches`` of the source tree.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import click

import cmcodec
from cmcodec.cli.options import Misuse

_HELP: Final = {"-h", "--help"}

_RUN: Final = "from benches.__main__ import main; main(prog_name='cmc bench')"
"""`python -m benches` under the name that it was called by."""


@click.command(
    "bench",
    short_help="Measure against peers and limits, in a source tree.",
    context_settings={"ignore_unknown_options": True},
    options_metavar="",
    add_help_option=False,
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(context: click.Context, options: tuple[str, ...]) -> int:
    """Measure speed, memory and starting on this machine, beside every peer that is here.

    Runs `python -m benches` of the source tree, with the same OPTIONS; there, --help lists them.
    The exit status is 0 where all promises of speed are kept, and 1 where one is not.
    """
    tree = source_tree()
    if tree is None and _HELP.intersection(options):
        click.echo(context.get_help())
        return 0
    if tree is None:
        raise Misuse("bench: runs in a source tree of cmcodec, and this is none: no benches here")
    found = os.pathsep.join(filter(None, [str(tree), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(  # noqa: S603 - the benches, with the arguments that are for them
        [sys.executable, "-c", _RUN, *options],
        check=False,
        env=os.environ | {"PYTHONPATH": found},
    )
    return done.returncode


def source_tree() -> Path | None:
    """The source tree that the package stands in, or the working directory if it is one."""
    for tree in (Path(cmcodec.__file__).resolve().parents[2], Path.cwd()):
        if (tree / "benches" / "__main__.py").is_file():
            return tree
    return None
