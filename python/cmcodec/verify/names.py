"""Names of certificates, and the constraints that CAs put on them (RFC 5280 §4.2.1.10)."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cmcodec import oids
from cmcodec.asn1 import schema
from cmcodec.types import GeneralName, GeneralNames, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec.types import GeneralSubtree, NameConstraints

__all__ = ["names_of", "outside", "title"]

_LONGEST: Final = 100
"""Letters of a name in words."""

_KINDS: Final = {field.attribute: field.name for field in schema.node(GeneralName).fields}
"""The alternatives, as the standard calls them."""

_TEXTS: Final = {
    0x0C: "utf-8",  # UTF8String
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # TeletexString, as it is used
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
"""The string types of attributes, and how they are written."""


def names_of(subject: bytes, alternatives: bytes | None) -> list[GeneralName]:
    """The names to which constraints apply: subject, its mail addresses, and subjectAltName.

    ``alternatives`` is the value of that extension. Raises `ValueError` where one cannot be read.
    """
    found = [] if alternatives is None else list(GeneralNames.from_der(alternatives))
    name = Name.from_der(subject)
    if name.rdn_sequence:
        found.append(GeneralName(directory_name=name))
    for attribute, value in _attributes(name):
        if attribute == oids.ID_EMAIL_ADDRESS:
            found.append(GeneralName(rfc822_name=_text(value)))
    return found


def title(subject: bytes) -> str:
    """A subject in words, the end of it where it is long."""
    try:
        parts = (
            f"{oids.LABELS.get(attribute, attribute)}={_text(value)}"
            for attribute, value in _attributes(Name.from_der(subject))
        )
        text = ", ".join(parts)
    except ValueError:
        return "a certificate whose name is not readable"
    cut = text if len(text) <= _LONGEST else f"…{text[-_LONGEST:]}"
    return cut or "a certificate without name"


def outside(constraints: NameConstraints, names: list[GeneralName]) -> str | None:
    """What kind of name is not within the constraints, None where all are.

    Of a kind that is constrained and cannot be judged, no name is within.
    """
    for kind, of_kind in groupby(sorted(names, key=_kind), key=_kind):
        permitted, excluded = (
            [subtree for subtree in subtrees or () if _kind(subtree.base) == kind]
            for subtrees in (constraints.permitted_subtrees, constraints.excluded_subtrees)
        )
        try:
            good = all(_is_within(name, permitted, excluded) for name in of_kind)
        except ValueError:
            good = False
        if not good:
            return _KINDS[kind]
    return None


def _kind(name: GeneralName) -> str:
    return name.alternative


def _is_within(
    name: GeneralName, permitted: list[GeneralSubtree], excluded: list[GeneralSubtree]
) -> bool:
    """Raises `ValueError` where that cannot be judged."""
    if any(subtree.minimum or subtree.maximum is not None for subtree in permitted + excluded):
        # RFC 5280 §4.2.1.10: minimum is 0 and maximum absent, or the constraint must be rejected.
        raise ValueError("a distance")
    bases = [subtree.base for subtree in permitted]
    return not any(_is_below(name, subtree.base, wild=True) for subtree in excluded) and (
        not bases or any(_is_below(name, base) for base in bases)
    )


def _is_below(name: GeneralName, base: GeneralName, *, wild: bool = False) -> bool:
    """``wild``: whether one of the hosts that a DNS name with ``*`` stands for is enough."""
    matches = _MATCHES.get(_kind(name))
    if matches is None:
        raise ValueError("a kind of name that is not compared")
    if wild and name.dns_name and name.dns_name.startswith("*."):
        rest = name.dns_name[1:].lower()
        if str(base.dns_name).lower().endswith(rest):
            return True
    return matches(name.value, base.value)


def _attributes(name: Name) -> Iterator[tuple[str, Any]]:
    for rdn in name.rdn_sequence or ():
        for attribute in rdn:
            yield attribute.type, attribute.value


def _text(value: Any) -> str:
    """The text of an attribute; raises `ValueError` for what is none."""
    octets = value.to_der()
    coding = _TEXTS.get(octets[0])
    if coding is None:
        raise ValueError("no text")
    long = octets[1] & 0x80
    return str(octets[2 + (octets[1] & 0x7F if long else 0) :], coding)


def _comparable(value: Any) -> object:
    """RFC 5280 §7.1: case and the number of spaces make no difference."""
    try:
        return " ".join(_text(value).casefold().split())
    except ValueError:
        return value.to_der()


def _directory(name: Name, base: Name) -> bool:
    """Whether a name begins with the relative names of another."""
    own, wanted = (
        [{(each.type, _comparable(each.value)) for each in rdn} for rdn in it.rdn_sequence or ()]
        for it in (name, base)
    )
    return own[: len(wanted)] == wanted


def _within(host: str, base: str) -> bool:
    """Whether a host is another or has labels before it; after a leading dot, it must have them."""
    return base in (host, "") or host.endswith(base if base[0] == "." else f".{base}")


def _dns(name: str, base: str) -> bool:
    name, base = name.lower(), base.lower()
    if not name or name.endswith("."):
        raise ValueError("no DNS name")
    return _within(name, base)


def _mail(name: str, base: str) -> bool:
    """A mailbox, all of a host, or after a dot all of the hosts in a domain."""
    mailbox, at, host = name.rpartition("@")
    if not (mailbox and host):
        raise ValueError("no mail address")
    of_mailbox, at, of_host = base.rpartition("@")
    if at:
        return (mailbox, host.lower()) == (of_mailbox, of_host.lower())
    return _on_host(host.lower(), base.lower())


def _on_host(host: str, base: str) -> bool:
    return base == "" or (host.endswith(base) if base[0] == "." else host == base)


def _uri(name: str, base: str) -> bool:
    """A host, or after a dot all of the hosts in a domain."""
    host = urlsplit(name).hostname
    if not host or ":" in host or host.replace(".", "").isdigit():
        raise ValueError("no host that has a name")
    return _on_host(host.lower(), base.lower())


def _ip(name: bytes, base: bytes) -> bool:
    """An address within a network, which is followed by its mask."""
    half = len(base) // 2
    if len(base) % 2 or half not in (4, 16):
        raise ValueError("no network")
    address, network = ip_address(name), ip_address(base[:half])
    if address.version != network.version:
        return False
    return address in ip_network(f"{network}/{_prefix(base[half:])}", strict=False)


def _prefix(mask: bytes) -> int:
    """The number of ones that a mask begins with; raises `ValueError` where others follow."""
    bits = f"{int.from_bytes(mask, 'big'):0{8 * len(mask)}b}"
    if "01" in bits:
        raise ValueError("no mask")
    return bits.count("1")


_MATCHES: Final[dict[str, Callable[..., bool]]] = {
    "rfc822_name": _mail,
    "dns_name": _dns,
    "directory_name": _directory,
    "uniform_resource_identifier": _uri,
    "ip_address": _ip,
}
"""How a name is compared with a constraint, by the alternative of GeneralName."""
