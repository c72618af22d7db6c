"""What a message holds in clear and whoever looks on is not to read."""

from __future__ import annotations

from typing import Any, Final

from cmcodec import oids, types

__all__ = ["FIELDS", "HIDDEN", "IDENTIFIERS", "masked"]

HIDDEN: Final = "(not shown)"

IDENTIFIERS: Final = frozenset(
    (oids.ID_CHALLENGE_PASSWORD, oids.ID_REG_CTRL_REG_TOKEN, oids.ID_REG_CTRL_AUTHENTICATOR)
)
"""Attributes and registration controls whose values are secrets."""

FIELDS: Final = frozenset({(types.RevokeRequest, "sharedSecret")})
"""Fields that are, by their names in the standard."""

_NAMES: Final = {name for _, name in FIELDS}


def masked(shown: Any) -> Any:
    """JSON types, as `Message.to_dict` makes them, without secrets."""
    if isinstance(shown, list):
        return [masked(each) for each in shown]
    if not isinstance(shown, dict):
        return shown
    found = {name: HIDDEN if name in _NAMES else masked(each) for name, each in shown.items()}
    if shown.get("attrType") in IDENTIFIERS:
        found["attrValues"] = [HIDDEN] * len(shown["attrValues"])
    if shown.get("type") in IDENTIFIERS:
        found["value"] = HIDDEN
    return found
