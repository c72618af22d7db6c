"""Mutants of verified messages: none still verifies, and both backends say the same of each."""

from __future__ import annotations

import os
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec import Note, Reason, _backend
from kit.mutants import mutant
from kit.vectors import VECTORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec import Row

    Recording = Callable[[str, object], None]

BOTH_BACKENDS = False

MUTANTS = int(os.environ.get("CMCODEC_MUTANTS", "6000"))
SEED = 10004
MAX_OCTETS = 6000
RA = VECTORS / "shared" / "keys" / "ra-p256-cert.der"

needs_engine = pytest.mark.skipif(
    find_spec("cmcodec._rust") is None, reason="the engine is not installed"
)


def messages() -> list[bytes]:
    files = [
        path
        for maker in ("bouncycastle", "jss", "openssl", "shared")
        for path in sorted((VECTORS / maker).rglob("*.der"))
        if path.parent.name not in {"keys", "plain", "values", "crmf"}
        and not path.name.endswith(".value.der")
    ]
    return [o for o in (path.read_bytes() for path in files) if len(o) <= MAX_OCTETS]


@pytest.fixture(autouse=True)
def before() -> Iterator[None]:
    """Puts the backend back that the package had."""
    name = cmcodec.backend
    yield
    _backend.use(name)


def rows(octets: bytes, backend: str, *, legacy: bool) -> list[Row]:
    _backend.use(backend)
    report = cmcodec.verify_batch(
        octets, threads=1, legacy=legacy, authorised_ras=[RA.read_bytes()]
    )
    return list(report)


@needs_engine
def test_v14_backends_agree_on_verdicts(record_property: Recording) -> None:
    """V14, G5: every field of every row, notes included."""
    random = Random(f"{SEED} verdicts")
    corpus = messages()
    verdicts = set()
    for number in range(MUTANTS // 2):
        octets = random.choice(corpus)
        octets = octets if number % 50 == 0 else mutant(random, octets)
        legacy = random.random() < 0.3
        engine = rows(octets, "rust", legacy=legacy)
        assert engine == rows(octets, "pure", legacy=legacy), (octets.hex(), legacy)
        verdicts |= {row.verdict for row in engine}
    assert verdicts == {"verified", "failed", "unsigned", "unverified", "malformed"}
    record_property("tried", MUTANTS // 2)


def assert_changed(changed: bytearray, at: int) -> None:
    """A change is not verified; that of a version, which no signature covers, is noted (V1)."""
    row = cmcodec.verify_batch(changed, threads=1)[0]
    if row.verdict == "verified":
        message = cmcodec.load(bytes(changed))
        paths = ["content.version"]
        paths += [f"content.signerInfos[{number}].version" for number in range(4)]
        versions = [message.locate(path) for path in paths]
        assert at in [end - 1 for _, end in filter(None, versions)], (changed.hex(), at)
        assert Note(body_part_id=None, reason=Reason.VERSION_MISMATCH) in row.notes


def unsigned_places(octets: bytes) -> list[tuple[int, int]]:
    """Where a SignedData holds what no signature of it covers by design."""
    message = cmcodec.load(octets)
    paths = ["content.certificates", "content.crls"]
    paths += [f"content.signerInfos[{number}].unsignedAttrs" for number in range(4)]
    return [place for path in paths if (place := message.locate(path)) is not None]


@pytest.mark.parametrize(
    ("name", "count"),
    [pytest.param("rust", MUTANTS // 2, marks=needs_engine), ("pure", MUTANTS // 6)],
)
def test_g9_no_changed_message_verifies(name: str, count: int, record_property: Recording) -> None:
    """G9: one bit changed outside certificates, CRLs and unsigned attributes is one too many.

    One in a version is noted.
    """
    _backend.use(name)
    random = Random(f"{SEED} bits")
    corpus = []
    for octets in messages():
        verdicts = [row.verdict for row in cmcodec.verify_batch(octets, threads=1)]
        if verdicts[0] == "verified" and "malformed" not in verdicts:
            corpus.append((octets, unsigned_places(octets)))
    assert len(corpus) > 100
    tried = 0
    while tried < count:
        octets, excluded = random.choice(corpus)
        at = random.randrange(len(octets))
        if any(start <= at < end for start, end in excluded):
            continue
        changed = bytearray(octets)
        changed[at] ^= 1 << random.randrange(8)
        assert_changed(changed, at)
        tried += 1
    record_property("tried", tried)


def test_g9_every_bit_of_the_wrapper() -> None:
    """G9: all bits in front of the content and of the SignerInfos, not only those met by chance."""
    path = VECTORS / "shared" / "signed" / "rsa2048-pkcs10.der"
    octets = path.read_bytes()
    message = cmcodec.load(octets)
    content = message.locate("content.encapContentInfo.eContent")
    signers = message.locate("content.signerInfos")
    signature = message.locate("content.signerInfos[0].signature")
    assert content is not None
    assert signers is not None
    assert signature is not None
    for at in (*range(content[0] + 4), *range(signers[0], signature[0] + 4)):
        for bit in range(8):
            changed = bytearray(octets)
            changed[at] ^= 1 << bit
            assert_changed(changed, at)
