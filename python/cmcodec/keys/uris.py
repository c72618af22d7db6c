"""The URIs of objects in tokens (RFC 7512)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final
from urllib.parse import unquote_to_bytes

from cmcodec.keys.kept import KeyAccessError

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["TOKEN", "URI", "parse"]

TOKEN: Final = (
    "token", "manufacturer", "serial", "model", "slot-id", "slot-description", "slot-manufacturer",
)  # fmt: skip
"""What may say which token is meant."""

_PATH: Final = (*TOKEN, "object", "id", "type")
_QUERY: Final = ("module-path", "pin-source")
_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@final
@dataclass(frozen=True, slots=True)
class URI:
    """A private key in a token.

    ``token``: what the token is like, by `TOKEN`. ``label`` and ``id``: those of the key.
    ``module``: the library; ``pin_source``: the file that has the PIN.
    """

    token: dict[str, str] = field(default_factory=dict)
    label: str | None = None
    id: bytes | None = None
    module: str | None = None
    pin_source: str | None = None


def parse(text: str) -> URI:
    """A URI; raises `KeyAccessError` for what is none, or says what is not known here."""
    path, _, query = text[len("pkcs11:") :].partition("?")
    found = _attributes(path, ";", _PATH)
    asked = _attributes(query, "&", _QUERY)
    if found.get("type", b"private") != b"private":
        raise KeyAccessError("pkcs11: type=private")
    pin_source = _text(asked.get("pin-source"))
    return URI(
        token={name: _text(found[name]) or "" for name in TOKEN if name in found},
        label=_text(found.get("object")),
        id=found.get("id"),
        module=_text(asked.get("module-path")),
        pin_source=pin_source and pin_source.removeprefix("file://").removeprefix("file:"),
    )


def _attributes(text: str, separator: str, known: Collection[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for each in filter(None, text.split(separator)):
        name, equals, value = each.partition("=")
        if name == "pin-value":
            # Others see the arguments of a process.
            raise KeyAccessError("pkcs11: a PIN belongs into a file: pin-source")
        if name not in known:
            raise KeyAccessError(f"pkcs11: {name!r} is none of {', '.join(known)}")
        if not equals or name in found or _ESCAPE.search(value):
            raise KeyAccessError(f"pkcs11: {name} stands twice, or has no value")
        found[name] = unquote_to_bytes(value)
    return found


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        raise KeyAccessError("pkcs11: UTF-8 is expected") from None
