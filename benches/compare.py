"""Compares two commits in one alternating run and says what got slower than noise.

    python -m benches.compare OLD [NEW] [--only rust/load,rust/encode] [--starts N] [--rounds N]

Each commit's package and engine are built from its own files (``git archive``; kept in
``benches/.cache/commits``), and the same operations, those of these benches, are run by both: one
process for each, timed in turn as `measure` says. ``.``, which NEW is by default, is the working
tree with its uncommitted changes; untracked files are not in it.

What is noise: a process keeps for its life what chance gave it (addresses, hash seeds), so rounds
within it do not average that out. Both processes are therefore started anew several times, and
each start counts once, by the ratio of its best times. An operation got slower if in so many starts
the new one took more than `LEAST` longer that equally fast commits would do so in one run of a
hundred or fewer (sign test: with 7 starts it takes all 7, with 12 it takes 11). It got faster by
the same rule. The exit status is 1 if anything got slower.
"""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benches.measure import Side, alternate
from benches.peers.served import Served, ServedError
from benches.table import seconds
from benches.workload import BATCH, batch_file, store

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent

OPERATIONS = (
    "rust/load",
    "rust/read",
    "rust/walk",
    "rust/encode",
    "rust/unchanged",
    "rust/relay",
    "rust/verify",
    "rust/build",
    "pure/load",
    "pure/read",
    "pure/encode",
    "pure/verify",
)
"""By the engine and by the fallback."""

LEAST = 0.02
"""A difference that nobody need look at, as a part of the time."""

CHANCE = 0.01
"""How often two equal commits may differ in one operation."""

LIBRARIES = {"darwin": ("lib_rust.dylib", "_rust.abi3.so"), "win32": ("_rust.dll", "_rust.pyd")}
"""What cargo calls the engine, and what Python imports."""


class Unable(click.ClickException):
    """Nothing can be told of these commits."""

    exit_code = 2


@dataclass(frozen=True)
class Change:
    """An operation by two commits: best times, and new / old of each start."""

    operation: str
    old: float
    new: float
    starts: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return statistics.median(self.starts)

    @property
    def verdict(self) -> str:
        slower = sum(ratio > 1 + LEAST for ratio in self.starts)
        faster = sum(ratio < 1 / (1 + LEAST) for ratio in self.starts)
        for name, number in (("slower", slower), ("faster", faster)):
            if chance(number, len(self.starts)) <= CHANCE:
                return name
        return "same"

    def __str__(self) -> str:
        spread = f"{min(self.starts):.3f} to {max(self.starts):.3f}"
        times = f"{seconds(self.old):>9} {seconds(self.new):>9}"
        return f"{self.operation:14} {times}  {self.ratio:6.3f}  {spread:16}  {self.verdict}"


def chance(number: int, starts: int) -> float:
    """How likely it is that so many starts, or more, fall on one side."""
    ways: int = sum(math.comb(starts, k) for k in range(number, starts + 1))
    return ways / (1 << starts)


# --- commits ---------------------------------------------------------------------------------


def commit_id(name: str) -> str:
    """The commit of a name; ``.`` is one of the working tree, made for this."""
    if name == "." and (made := _git("stash", "create").decode().strip()):
        return made
    return _git("rev-parse", f"{'HEAD' if name == '.' else name}^{{commit}}").decode().strip()


def tree(commit: str) -> Path:
    """Where the files of a commit are, its engine built."""
    path = store.CACHE / "commits" / commit
    built, module = LIBRARIES.get(sys.platform, ("lib_rust.so", "_rust.abi3.so"))
    engine = path / "python" / "cmcodec" / module
    if engine.exists():
        return path
    path.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(_git("archive", commit))) as files:
        files.extractall(path, filter="data")
    # Its own: what another commit left in a shared one, cargo would take for what it needs here.
    target = path / "target"
    command = ["cargo", "build", "--quiet", "--release", "--locked", "-p", "cmcodec-python"]
    done = subprocess.run([*command, "--target-dir", str(target)], cwd=path, check=False)
    if done.returncode != 0:
        raise Unable(f"the engine of {commit} cannot be built")
    (target / "release" / built).replace(engine)
    shutil.rmtree(target)
    return path


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=False, capture_output=True)
    if done.returncode != 0:
        raise Unable(done.stderr.decode().strip())
    return done.stdout


def served(path: Path, *, own: bool = False) -> Served:
    """A process that runs the operations of these benches with the package of that tree.

    ``own``: the operations as the benches of that tree have them.
    """
    root = path if own else ROOT
    found = os.pathsep.join([str(path / "python"), str(root)])
    command = [sys.executable, "-m", "benches.served_commit", str(path)]
    return Served(command, root, env=os.environ | {"PYTHONPATH": found})


# --- comparing -------------------------------------------------------------------------------


def compare(
    old: Path,
    new: Path,
    operations: Sequence[str],
    file: Path,
    *,
    starts: int,
    rounds: int,
    own: bool = False,
) -> list[Change]:
    """Each operation by both, in so many starts; what one cannot do is told, and left out."""
    taken: dict[str, list[tuple[float, float]]] = {operation: [] for operation in operations}
    for _ in range(starts):
        with served(old, own=own) as before, served(new, own=own) as after:
            for operation in list(taken):
                sides = [_side(it, operation, file) for it in (before, after)]
                try:
                    first, second = alternate(sides, rounds, least=0)
                except ServedError as error:
                    click.echo(f"{operation}: not comparable: {error}", err=True)
                    del taken[operation]
                else:
                    taken[operation].append((first.best, second.best))
    if not taken:
        raise Unable("nothing is comparable")
    return [
        Change(
            operation,
            min(first for first, _ in best),
            min(second for _, second in best),
            tuple(second / first for first, second in best),
        )
        for operation, best in taken.items()
    ]


def _side(program: Served, operation: str, file: Path) -> Side:
    return Side(operation, lambda: program.ask(operation, file).seconds)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("old")
@click.argument("new", default=".")
@click.option("--only", default=",".join(OPERATIONS), show_default=True, help="Operations.")
@click.option("--messages", default=BATCH, show_default=True, help="In the batch.")
@click.option("--starts", default=7, show_default=True, help="Times both are started anew.")
@click.option("--rounds", default=5, show_default=True, help="Times they take turns in a start.")
@click.option("--own", is_flag=True, help="Each with its own benches: where names have moved.")
@click.option("--json", "to", type=click.Path(path_type=Path), help="Write the figures here too.")
def main(
    *,
    old: str,
    new: str,
    only: str,
    messages: int,
    starts: int,
    rounds: int,
    own: bool,
    to: Path | None,
) -> None:
    """Say what NEW does slower than OLD: commits, or . for the working tree.

    Exit status: 0 nothing got slower than noise, 1 something did, 2 it could not be told.
    """
    operations = only.split(",")
    if chance(starts, starts) > CHANCE:
        raise click.UsageError(f"{starts} starts are too few to tell anything from noise")
    commits = [commit_id(name) for name in (old, new)]
    before, after = map(tree, commits)
    for role, name, commit in zip(("old", "new"), (old, new), commits, strict=True):
        click.echo(f"{role}: {name} ({commit[:12]})")
    file = batch_file(messages)
    changes = compare(before, after, operations, file, starts=starts, rounds=rounds, own=own)
    click.echo(f"{'':14} {'old':>9} {'new':>9}  {'new/old':>7}  of single starts")
    for change in changes:
        click.echo(str(change))
    if to is not None:
        members = [asdict(it) | {"verdict": it.verdict} for it in changes]
        to.write_text(json.dumps(members, indent=1) + "\n")
    slower = [change.operation for change in changes if change.verdict == "slower"]
    click.echo(f"slower than noise: {', '.join(slower) or 'nothing'}")
    sys.exit(1 if slower else 0)


if __name__ == "__main__":
    main()
