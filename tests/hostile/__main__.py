"""``python -m hostile`` in ``tests``: the fingerprint of all cases."""

from __future__ import annotations

from . import fingerprint

print(fingerprint())
