"""Names of certificates, and the constraints that CAs put on them (RFC 5280 §4.2.1.10)."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple
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

_NAMES: Final = {field.attribute: field.name for field in schema.node(GeneralName).fields}
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
            good = _are_within(kind, list(of_kind), permitted, excluded)
        except ValueError:
            good = False
        if not good:
            return _NAMES[kind]
    return None


def _kind(name: GeneralName) -> str:
    return name.alternative


def _are_within(
    kind: str,
    names: list[GeneralName],
    permitted: list[GeneralSubtree],
    excluded: list[GeneralSubtree],
) -> bool:
    """Whether names of one kind are; raises `ValueError` where that cannot be judged."""
    if not permitted and not excluded:
        return True
    compared = _COMPARED.get(kind)
    # RFC 5280 §4.2.1.10: minimum is 0 and maximum absent, or the constraint must be rejected.
    distances = ((each.minimum, each.maximum) for each in permitted + excluded)
    if compared is None or any(distance != (0, None) for distance in distances):
        raise ValueError("a constraint that is not processed")
    allowed, refused = (
        [compared.base(subtree.base.value) for subtree in each] for each in (permitted, excluded)
    )
    found = [compared.name(name.value) for name in names]
    return not any(compared.touches(name, base) for name in found for base in refused) and (
        not permitted or all(any(compared.within(name, it) for it in allowed) for name in found)
    )


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


# --- how names are compared with constraints ------------------------------------------------------


class _Compared(NamedTuple):
    """A kind of name: what of it and of a constraint is compared, and how.

    ``within`` is a name in all that it stands for, ``touches`` one in some of it.
    """

    name: Callable[[Any], Any]
    base: Callable[[Any], Any]
    within: Callable[[Any, Any], bool]
    touches: Callable[[Any, Any], bool]


def _relative_names(name: Name) -> list[set[tuple[str, object]]]:
    return [{(it.type, _comparable(it.value)) for it in rdn} for rdn in name.rdn_sequence or ()]


def _begins(own: list[Any], wanted: list[Any]) -> bool:
    return own[: len(wanted)] == wanted


def _domain(name: str) -> str:
    if not name or name.endswith("."):
        raise ValueError("no DNS name")
    return name.lower()


def _in_domain(host: str, base: str) -> bool:
    """Whether a host is another or has labels before it; after a leading dot, it must have them."""
    return base in (host, "") or host.endswith(base if base[0] == "." else f".{base}")


def _may_be_in_domain(host: str, base: str) -> bool:
    """The same of one of the hosts that ``*`` stands for."""
    return _in_domain(host, base) or (host[:2] == "*." and base.endswith(host[1:]))


def _mailbox(address: str) -> tuple[str, str]:
    mailbox, _, host = address.rpartition("@")
    if not (mailbox and host):
        raise ValueError("no mail address")
    return mailbox, host.lower()


def _mailboxes(base: str) -> tuple[str, str]:
    """One mailbox, or what `_is_host` has of a host or a domain."""
    mailbox, _, host = base.rpartition("@")
    return mailbox, host.lower()


def _is_mailbox(own: tuple[str, str], base: tuple[str, str]) -> bool:
    return own == base if base[0] else _is_host(own[1], base[1])


def _is_host(host: str, base: str) -> bool:
    """Whether a host is another, or after a leading dot one in a domain."""
    return base in (host, "") or (base[0] == "." and host.endswith(base))


def _host(uri: str) -> str:
    host = urlsplit(uri).hostname
    if not host or ":" in host or host.replace(".", "").isdigit():
        raise ValueError("no host that has a name")
    return host.lower()


def _address(octets: bytes) -> tuple[int, int]:
    if len(octets) not in (4, 16):
        raise ValueError("no address")
    return len(octets), int.from_bytes(octets, "big")


def _network(octets: bytes) -> tuple[int, int, int]:
    """An address and its mask."""
    half = len(octets) // 2
    length, address = _address(octets[:half])
    mask = _address(octets[half:])[1]
    zeros = mask ^ (1 << 8 * length) - 1
    if len(octets) != 2 * length or zeros & zeros + 1:
        raise ValueError("no network")
    return length, address & mask, mask


def _in_network(own: tuple[int, int], base: tuple[int, int, int]) -> bool:
    return own[0] == base[0] and own[1] & base[2] == base[1]


_COMPARED: Final = {
    "directory_name": _Compared(_relative_names, _relative_names, _begins, _begins),
    "dns_name": _Compared(_domain, str.lower, _in_domain, _may_be_in_domain),
    "rfc822_name": _Compared(_mailbox, _mailboxes, _is_mailbox, _is_mailbox),
    "uniform_resource_identifier": _Compared(_host, str.lower, _is_host, _is_host),
    "ip_address": _Compared(_address, _network, _in_network, _in_network),
}
"""By the alternative of GeneralName (RFC 5280 §4.2.1.10)."""
