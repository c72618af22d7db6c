"""A CA that is served, under the load of `serving`; and that load beside bad peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benches import serving
from benches.connections import hostile

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 200


@pytest.mark.parametrize(("workers", "server_key", "bad"), [(1, "p256", 0), (2, "rsa2048", 5)])
def test_load(tmp_path: Path, workers: int, server_key: str, bad: int) -> None:
    """Every request gets a certificate of its own key, beside bad peers too."""
    made = serving.requests(COUNT)
    with (
        serving.serving(tmp_path, made, workers=workers, server_key=server_key) as served,
        hostile(served.places["http"], bad),
    ):
        found = serving.loaded(served, made, 60, 20, keep=1)
    assert len(found.driven.latencies) == len(found.driven.kept) == COUNT
    assert 0 < found.outside < found.cpu


def test_bare() -> None:
    """Signatures cost less than the messages that they stand in."""
    found = serving.bare("p256", count=5)
    assert 0 < found.signatures < found.messages
