"""A CA that is served, under the load of `serving`; and that load beside bad peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benches import serving
from benches.connections import hostile

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 150


@pytest.mark.parametrize("workers", [1, 2])
def test_load(tmp_path: Path, workers: int) -> None:
    """Every request gets a certificate of its own key, and the CA tells what it used."""
    made = serving.requests(COUNT)
    with serving.serving(tmp_path, made, workers=workers) as served:
        found = serving.loaded(served, made, 60, 20, keep=1)
    assert len(found.driven.latencies) == len(found.driven.kept) == COUNT
    assert 0 < found.outside < found.cpu


def test_bad_peers(tmp_path: Path) -> None:
    """Beside peers that are slow, lie and send garbage, every answer is right."""
    made = serving.requests(COUNT)
    with (
        serving.serving(tmp_path, made, server_key="rsa2048") as served,
        hostile(served.places["http"], 5),
    ):
        found = served.drive(made, 60, 20, keep=1)
    assert len(found.kept) == COUNT


def test_bare() -> None:
    """Signatures cost less than the messages that they stand in."""
    found = serving.bare("p256", count=5)
    assert 0 < found.signatures < found.messages
