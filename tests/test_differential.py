"""Engine and fallback give the same answer to the same octets: refusal and value alike."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import CONTROLS, _backend, oids, types
from cmcodec.asn1 import NULL, TLV, Asn1, BitString, LazySequence, schema
from kit import strategies
from kit.answers import refusal
from kit.mutants import mutant
from kit.strategies import DECLARED
from kit.vectors import SHARED, VECTORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOTH_BACKENDS = False
pytestmark = pytest.mark.skipif(
    find_spec("cmcodec._rust") is None, reason="the engine is not installed"
)

MUTANTS = int(os.environ.get("CMCODEC_MUTANTS", "6000"))
SEED = 10002
MAX_OCTETS = 6000
"""Of a message that is mutated: larger ones say nothing new."""

SLICES = 12

NO_ELEMENTS = {"unusedBits", "octets", "critical", "replace", "aes-ICVlen", "nothing"}
"""Of a dictionary: the halves of a BIT STRING, and fields whose DEFAULT is not encoded."""


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


def answers(read: Callable[[], Any]) -> list[Any]:
    """What each backend makes of it: the refusal, or the value and its encoding."""
    found = []
    for name in ("rust", "pure"):
        _backend.use(name)
        refused = refusal(read)
        if refused is None:
            value = read()
            found.append((value, value.to_der(), value.to_dict(), repr(value)))
        else:
            found.append(refused)
    return found


@pytest.fixture(autouse=True)
def before() -> Iterator[None]:
    """Puts the backend back that the package had."""
    name = cmcodec.backend
    yield
    _backend.use(name)


@pytest.fixture(scope="module")
def corpus() -> tuple[list[bytes], list[tuple[type[Asn1], bytes]]]:
    return messages(), values()


@pytest.mark.parametrize("part", range(SLICES))
def test_backends_agree_on_messages(part: int, corpus: Any) -> None:
    """P9: `load` of mutants, strict and not, with few and many layers."""
    random = Random(f"{SEED} messages {part}")
    for _ in range(MUTANTS // SLICES // 2):
        octets = mutant(random, random.choice(corpus[0]))
        options = {"strict": random.random() < 0.3, "max_layers": random.choice((1, 8))}
        engine, fallback = answers(lambda o=octets, p=options: cmcodec.load(o, **p))
        assert engine == fallback, (octets.hex(), options)


@pytest.mark.parametrize("part", range(SLICES))
def test_backends_agree_on_values(part: int, corpus: Any) -> None:
    """P9: `from_der` of mutants of every type in the vectors."""
    random = Random(f"{SEED} values {part}")
    by_type: dict[type[Asn1], list[bytes]] = {}
    for cls, octets in corpus[1]:
        by_type.setdefault(cls, []).append(octets)
    classes = sorted(by_type, key=lambda cls: cls.__name__)
    for _ in range(MUTANTS // SLICES // 2):
        cls = random.choice(classes)
        octets = mutant(random, random.choice(by_type[cls]))
        strict = random.random() < 0.3
        engine, fallback = answers(lambda c=cls, o=octets, s=strict: c.from_der(o, strict=s))
        assert engine == fallback, (cls.__name__, octets.hex(), strict)


def test_backends_agree_on_certificates() -> None:
    """V13: which fields a certificate has, and why a key did not sign it."""
    random = Random(f"{SEED} certificates")
    certificates = [path.read_bytes() for path in (SHARED / "keys").glob("*-cert.der")]
    outline = _backend.certificate((SHARED / "keys" / "ca-cert.der").read_bytes())
    assert outline
    reasons = set()
    for _ in range(MUTANTS // 4):
        octets, spki = random.choice(certificates), outline[5]
        octets = octets if random.random() < 0.1 else mutant(random, octets)
        spki = spki if random.random() < 0.8 else mutant(random, spki)
        found = []
        for name in ("rust", "pure"):
            _backend.use(name)
            reason = _backend.certificate_signature(octets, spki)
            found.append((_backend.certificate(octets), reason))
        assert found[0] == found[1], (octets.hex(), spki.hex())
        reasons.add(reason)
    assert {None, "bad_value", "signature_invalid", "key_rejected"} <= reasons


def test_backends_agree_on_the_vectors(corpus: Any) -> None:
    """Unchanged, every vector is read alike, and what is accepted is kept."""
    for octets in corpus[0]:
        engine, fallback = answers(lambda o=octets: cmcodec.load(o))
        assert engine == fallback, octets.hex()
    for cls, octets in corpus[1]:
        engine, fallback = answers(lambda c=cls, o=octets: c.from_der(o))
        assert engine == fallback, octets.hex()
        assert engine[1] == octets


@pytest.mark.parametrize("cls", DECLARED, ids=lambda cls: cls.__name__)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_backends_agree_on_built_values(cls: type[Asn1], data: st.DataObject, seed: int) -> None:
    """Every type is encoded alike, and mutants of it are read alike."""
    value = data.draw(strategies.values(schema.node(cls)))
    engine, fallback = encodings(value)
    assert engine == fallback
    random = Random(seed)
    for _ in range(4):
        octets = mutant(random, engine)
        strict = random.random() < 0.3
        answer, other = answers(lambda o=octets, s=strict: cls.from_der(o, strict=s))
        assert answer == other, (octets.hex(), strict)


def encodings(value: Asn1) -> list[bytes]:
    """The octets that each backend makes of a value, after the other has read them."""
    found = []
    for writer, reader in (("rust", "pure"), ("pure", "rust")):
        _backend.use(writer)
        found.append(value.to_der())
        _backend.use(reader)
        assert type(value).from_der(found[-1]) == value
    return found


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


@pytest.mark.parametrize("part", range(SLICES))
def test_backends_refuse_to_encode_alike(part: int, corpus: Any) -> None:
    """P9: values with one or two fields that are nonsense."""
    random = Random(f"{SEED} junk {part}")
    for _ in range(MUTANTS // SLICES // 2):
        cls, octets = random.choice(corpus[1])
        value = cls.from_der(octets)
        found = list(places(value))
        try:
            for place in random.choices(found, k=random.choice((1, 1, 2))) if found else ():
                value = put(value, place, random.choice(JUNK))
        except (AttributeError, IndexError, TypeError):
            continue  # the constructor refuses it, or the second place went with the first
        engine, fallback = encoded(value)
        assert engine == fallback, repr(value)


def encoded(value: Asn1) -> list[Any]:
    """The octets that each backend makes of a value, or the refusal."""
    found: list[Any] = []
    for name in ("rust", "pure"):
        _backend.use(name)
        refused = refusal(value.to_der)
        found.append(refused or value.to_der())
    return found


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Every path into a value, as `to_dict` has opened it."""
    yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from paths(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, f"{path}[{index}]")


def test_backends_locate_alike(corpus: Any) -> None:
    """Every element of every vector is found, and by both backends at one place."""
    for octets in corpus[0]:
        if refusal(lambda o=octets: cmcodec.load(o)):
            continue
        message = cmcodec.load(octets)
        for path in [*paths(message.to_dict()), "content.nothing"]:
            spans = []
            for name in ("rust", "pure"):
                _backend.use(name)
                spans.append(message.locate(path))
            assert spans[0] == spans[1], (path, octets.hex())
            assert spans[0] or path.rpartition(".")[2] in NO_ELEMENTS, (path, octets.hex())
