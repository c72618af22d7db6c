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
    """More time for each octet, of a larger input or than a good one takes, or more memory: no."""
    good = hostile.Point(1 << 24, 1.0, 2.0, 8 << 24)
    assert good.is_kept("rust", good)
    assert good.is_kept("rust", None)
    assert not good._replace(seconds_twice=2.4).is_kept("rust", good)
    assert not good._replace(peak=9 << 24).is_kept("rust", good)
    assert good._replace(peak=9 << 24).is_kept("pure", good)
    assert hostile.Point(1000, 1.0, 2.0, hostile.FLOOR).is_kept("rust", None)
    assert good._replace(seconds=8.0, seconds_twice=16.0).is_kept("rust", good)
    assert not good._replace(seconds=8.1, seconds_twice=16.2).is_kept("rust", good)


def test_most() -> None:
    """The worst of each is told, but for what is small or as fast as memory."""
    valid = hostile.Point(1 << 24, 1.0, 2.0, 2 << 24)
    fast = valid._replace(seconds=0.001, seconds_twice=0.01, peak=hostile.FLOOR)
    worse = valid._replace(seconds=2.0, seconds_twice=5.0)
    points = {hostile.VALID: valid, "fast": fast, "worse": worse}
    assert (
        hostile.most(points)
        == "2.50 × valid (worse), 2.48 × for twice (worse), 1.00 × memory (valid)"
    )
