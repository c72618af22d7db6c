"""Time and memory of hostile messages over their size."""

from __future__ import annotations

import sys

import pytest

from benches import hostile

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_point(backend: str) -> None:
    """A family is measured in a process of its own, on the backend that is asked for."""
    name = "references to nothing"
    found = hostile.point(name, 2000, backend)
    assert found.octets == len(hostile.families()[name](2000))
    assert min(found.seconds, found.seconds_twice) > 0


def test_bounds() -> None:
    """A third more for each octet, or more memory than the bound, is not what was promised."""
    good = hostile.Point(1 << 24, 1.0, 2.0, 8 << 24)
    assert good.is_kept("rust")
    assert not good._replace(seconds_twice=2.4).is_kept("rust")
    assert not good._replace(peak=9 << 24).is_kept("rust")
    assert good._replace(peak=9 << 24).is_kept("pure")
    assert hostile.Point(1000, 1.0, 2.0, hostile.FLOOR).is_kept("rust")
