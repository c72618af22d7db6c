"""What is changed to see what becomes of it: messages, values of every type, and nonsense."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cmcodec
from cmcodec import CONTROLS, oids, types
from cmcodec.asn1 import NULL, TLV, Asn1, BitString, LazySequence

from .answers import refusal
from .vectors import SHARED, VECTORS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

MAX_OCTETS = 6000
"""Of a message that is mutated: larger ones say nothing new."""


def messages() -> list[bytes]:
    """Every message of the vectors, valid in the end or not."""
    files = sorted(p for p in VECTORS.rglob("*") if p.suffix in (".der", ".ber"))
    skipped = ("keys", "plain", "wycheproof", "signatures")
    found = [
        p.read_bytes()
        for p in files
        if p.parent.name not in skipped and not p.name.endswith(".value.der")
    ]
    return [octets for octets in found if len(octets) <= MAX_OCTETS]


def inside(value: object) -> Iterator[Asn1]:
    """A declared value and all declared values in it."""
    if isinstance(value, Asn1):
        yield value
        for name in getattr(type(value), "__dataclass_fields__", ()):
            yield from inside(getattr(value, name))
    elif isinstance(value, (tuple, LazySequence)):
        for item in value:
            yield from inside(item)


def values() -> list[tuple[type[Asn1], bytes]]:
    """Values of every type that the vectors have, a few of each."""
    found: dict[type[Asn1], set[bytes]] = {}
    roots: list[object] = [
        types.PKIData.from_der((SHARED / "plain" / "pkidata-all-controls.der").read_bytes())
    ]
    for path in sorted((SHARED / "controls").glob("[0-9]*.value.der")):
        cls = CONTROLS[f"{oids.ID_CMC}.{int(path.name[:2])}"]
        roots.append(cls.from_der(path.read_bytes()))
    for octets in messages():
        if refusal(lambda octets=octets: cmcodec.load(octets)) is None:
            message = cmcodec.load(octets)
            roots += [message.unverified_structure, message.unverified_content]
    for root in roots:
        for value in inside(root):
            known = found.setdefault(type(value), set())
            if len(known) < 40:
                known.add(value.to_der())
    return [(cls, octets) for cls, known in found.items() for octets in sorted(known)]


JUNK: list[object] = [
    None, "x", "", 5, -1, 2**32, True, b"", b"x", (), [], (5,), [None], 1.5, {}, NULL, TLV(b""),
    TLV(b"\x05\x00"), TLV(b"\x30\x00"), BitString(b"\xff", 3), types.Name(rdn_sequence=()),
    types.BodyPartList(()), types.TransactionId(7), types.CMCStatus.FAILED, types.DataReturn,
    types.Certificate(b"\x30\x00"), "1.2.3", "1.3.6.1.5.5.7.7.5", "\ud800", 10**5000,
]  # fmt: skip
"""What a field is replaced by."""


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where the values inside a value stand."""
    if isinstance(value, Asn1):
        for name in getattr(type(value), "__dataclass_fields__", ()):
            yield (*path, name)
            yield from places(getattr(value, name), (*path, name))
    elif isinstance(value, (tuple, LazySequence)):
        for index, item in enumerate(value):
            yield (*path, index)
            yield from places(item, (*path, index))


def put(value: Any, path: tuple[str | int, ...], new: object) -> Any:
    """The value with another one at this place."""
    if not path:
        return new
    step, *rest = path
    if isinstance(step, str):
        return replace(value, **{step: put(getattr(value, step), tuple(rest), new)})
    items = list(value)
    items[step] = put(items[step], tuple(rest), new)
    return tuple(items)


def with_nonsense(random: Random, value: Any) -> Any:
    """A declared value with one or two fields that are nonsense; None where no class takes it."""
    found = list(places(value))
    try:
        for place in random.choices(found, k=random.choice((1, 1, 2))) if found else ():
            value = put(value, place, random.choice(JUNK))
    except (AttributeError, IndexError, TypeError):
        return None  # the constructor refuses it, or the second place went with the first
    return value
