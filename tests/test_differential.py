"""Engine and fallback give the same answer to the same octets: refusal and value alike."""

from __future__ import annotations

import os
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import _backend
from cmcodec.asn1 import Asn1, schema
from kit import strategies
from kit.answers import refusal
from kit.corpus import messages, values, with_nonsense
from kit.mutants import mutant
from kit.strategies import DECLARED
from kit.vectors import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOTH_BACKENDS = False
pytestmark = pytest.mark.skipif(
    find_spec("cmcodec._rust") is None, reason="the engine is not installed"
)

MUTANTS = int(os.environ.get("CMCODEC_MUTANTS", "6000"))
SEED = 10002
SLICES = 12

NO_ELEMENTS = {"unusedBits", "octets", "critical", "replace", "aes-ICVlen", "nothing"}
"""Of a dictionary: the halves of a BIT STRING, and fields whose DEFAULT is not encoded."""


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
    for _ in range(3):
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


@pytest.mark.parametrize("part", range(SLICES))
def test_backends_refuse_to_encode_alike(part: int, corpus: Any) -> None:
    """P9: values with one or two fields that are nonsense."""
    random = Random(f"{SEED} junk {part}")
    for _ in range(MUTANTS // SLICES // 2):
        cls, octets = random.choice(corpus[1])
        changed = with_nonsense(random, cls.from_der(octets))
        if changed is None:
            continue
        engine, fallback = encoded(changed)
        assert engine == fallback, repr(changed)


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
