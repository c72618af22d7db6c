"""What stands in ``config.toml``, and what it means; unknown words are refused."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from cmcodec.embedded.folder import CONFIG, FolderError, FolderReason
from cmcodec.embedded.profiles import Profile
from cmcodec.roles import Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmcodec.embedded.folder import Folder

__all__ = ["CAConfig", "RAConfig", "read_ca", "read_ra", "text_of"]

T = TypeVar("T")

_RULES: Final = """\
[rules]
# Any of cmcodec.roles.Rules, times in seconds.
poll_after = 60                   # when those come again whose application waits
# confirm = true                  # certificates must be accepted by their owners
# revoke_replaced_after = 604800  # the old certificate, a week after its renewal
"""

_CA: Final = (
    """\
# What this CA issues, and how. It is read when a command or a server begins.

store = {store}
crl_days = {crl_days}
published = {published}

"""
    + _RULES
    + """
# What certificates have in them, by the profile of its secret (cmc ca secret --profile), else ee.
# A renewal has the profile of the old one.

[profiles.ee]
days = 90
sign = true
encrypt = true
purposes = []                     # extended key usages: "id-kp-clientAuth", or their numbers
take = ["id-ce-subjectAltName"]   # extensions that are taken from the request

[profiles.ra]
days = 365
purposes = ["id-kp-cmcRA"]
authorised_ra = true              # an RA whose word counts here

[profiles.server]
days = 365
purposes = ["id-kp-cmcCA"]
"""
)

_RA: Final = (
    """\
# How this RA works. It is read when a command or a server begins.

store = {store}
upstream = {upstream}
key = {key}

"""
    + _RULES
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CAConfig:
    """Of a CA. ``store``: a URL of SQLAlchemy; ``crl_days``: how long a CRL counts.

    ``published``: a folder for certificates and the CRL; a path that is not absolute begins at that
    of the CA, in the URL of sqlite too. ``rules``, ``profiles``: by their names.
    """

    store: str = "sqlite:///store.sqlite"
    crl_days: int = 7
    published: str = "published"
    rules: Rules = field(default_factory=Rules)
    profiles: Mapping[str, Profile] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if self.crl_days < 1:
            raise ValueError("crl_days: at least 1")
        for name in ("ee", "server"):
            if name not in self.profiles:
                raise ValueError(f"[profiles.{name}] is missing")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RAConfig:
    """Of an RA. ``upstream``: the URL of the next server; ``key``: a file or a ``pkcs11:`` URI."""

    upstream: str
    store: str = "sqlite:///store.sqlite"
    key: str = "ra-key.pem"
    rules: Rules = field(default_factory=Rules)


def text_of(kind: type[CAConfig | RAConfig], **given: Any) -> str:
    """A new ``config.toml``, with what is given in the place of defaults."""
    template = _CA if kind is CAConfig else _RA
    defaults = {each.name: each.default for each in fields(kind) if f"{{{each.name}}}" in template}
    # Text and numbers are written in TOML as they are in JSON.
    return template.format(**{name: json.dumps(each) for name, each in (defaults | given).items()})


def read_ca(folder: Folder) -> CAConfig:
    """Raises `FolderError`."""
    return _read(folder, CAConfig)


def read_ra(folder: Folder) -> RAConfig:
    """Raises `FolderError`."""
    return _read(folder, RAConfig)


def _read(folder: Folder, kind: type[T]) -> T:
    try:
        found = tomllib.loads(folder.octets(CONFIG).decode())
        if "rules" in found:
            found["rules"] = replace(Rules(), **_rules(found["rules"]))
        if "profiles" in found:
            made = {name: _made(Profile, each) for name, each in found["profiles"].items()}
            found["profiles"] = MappingProxyType(made)
        return _made(kind, found)
    except (ValueError, TypeError, AttributeError) as error:
        raise FolderError(FolderReason.MALFORMED, folder / CONFIG, str(error)) from None


def _made(kind: type[T], given: dict[str, Any]) -> T:
    known: Any = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    _check_names(given, known)
    listed = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    for name, value in listed.items():
        _check(name, value, known[name].default)
    return kind(**listed)


def _rules(given: dict[str, Any]) -> dict[str, Any]:
    """Rules as `Rules` has them: times were seconds."""
    known = {each.name: each for each in fields(Rules)}
    _check_names(given, known)
    found = {}
    for name, value in given.items():
        is_time = isinstance(known[name].default, timedelta) or "timedelta" in str(known[name].type)
        found[name] = timedelta(seconds=value) if is_time else value
        _check(name, found[name], known[name].default)
    return found


def _check_names(given: dict[str, Any], known: Mapping[str, Any]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"{name!r} is not one of {', '.join(known)}")


def _check(name: str, value: object, default: object) -> None:
    """Raises `ValueError` where a value is not of the type of its default."""
    kind = type(default)
    if (
        default is not None
        and kind in (bool, int, str, tuple, timedelta)
        and type(value) is not kind
    ):
        words = {bool: "true or false", int: "a number", str: "text", tuple: "a list"}
        raise ValueError(f"{name}: {words.get(kind, 'seconds')}, not {value!r}")
