"""``cmc ca serve`` beside a test."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kit.authority import SECRET
from kit.command import command, running, surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def served(folder: Path, backend: str, *, uses: int = 1, rules: str = "") -> Iterator[str]:
    """The URL of a new CA in a folder, which knows the secret of a device for so many times.

    ``rules``: lines of its ``config.toml``.
    """
    cmc = running(backend)
    secret = folder.with_suffix(".secret")
    secret.write_bytes(SECRET)
    known = ("device", "--secret-file", secret, "--uses", str(uses))
    for step in (("ca", "init", folder), ("ca", "secret", folder, *known)):
        done = cmc(*step)
        assert done.returncode == 0, done.stderr
    config = folder / "config.toml"
    config.write_text(config.read_text().replace("[rules]\n", f"[rules]\n{rules}\n"))
    process = subprocess.Popen(
        command("ca", "serve", folder, "--http", "127.0.0.1:0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=surroundings(backend),
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening http "), line
            yield f"http://{line.split()[-1]}/"
        finally:
            process.terminate()
    assert process.returncode == 0
