"""What other implementations wrote: kind, verdict, reason and octets (rules V, R, P3, G10)."""

from __future__ import annotations

import base64
import csv
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

import cmcodec
from cmcodec import DecodeError, VerificationError, types
from kit.answers import refusal
from kit.vectors import VECTORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cmcodec import Row

MAKERS = ("bouncycastle", "jss", "openssl")
NOTE = re.compile(r"(certificates|legacy|load|rows|strict)(?:=|: )([^;, ]+(?:,[^;, ]+)*)")


class Vector(NamedTuple):
    """A row of a MANIFEST.tsv."""

    folder: Path
    file: str
    kind: str
    type_name: str
    verdict: str
    reason: str | None
    rule: str | None
    pop: list[str]
    note: dict[str, str]

    @property
    def octets(self) -> bytes:
        return (self.folder / self.file).read_bytes()

    @property
    def name(self) -> str:
        return f"{self.folder.name}/{self.file}"

    @property
    def encoding(self) -> str:
        return "ber" if self.file.endswith(".ber") else "der"

    @property
    def certificates(self) -> list[bytes]:
        """What the caller has to give."""
        files = self.note.get("certificates")
        return [(self.folder / file).read_bytes() for file in files.split(",")] if files else []

    @property
    def der(self) -> bytes:
        """The octets without their armour."""
        if not self.file.endswith(".pem"):
            return self.octets
        armoured = self.octets[self.octets.index(b"-----BEGIN") :]
        return base64.b64decode(b"".join(armoured.splitlines()[1:-1]))


def vectors() -> Iterator[Vector]:
    for maker in MAKERS:
        folder = VECTORS / maker
        with (folder / "MANIFEST.tsv").open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                yield Vector(
                    folder=folder,
                    file=row["file"],
                    kind=row["kind"],
                    type_name=row.get("type", ""),
                    verdict=row["verdict"],
                    reason=row["reason"] or None,
                    rule=row["rule"] or None,
                    pop=row["pop"].split(",") if row["pop"] else [],
                    note={
                        found[1]: found[2]
                        for part in row["note"].split("; ")
                        if (found := NOTE.match(part))
                    },
                )


def each(wanted: Callable[[Vector], bool]) -> pytest.MarkDecorator:
    """Parametrises a test with the vectors that are wanted."""
    picked = [pytest.param(vector, id=vector.name) for vector in vectors() if wanted(vector)]
    return pytest.mark.parametrize("vector", picked)


def is_message(vector: Vector) -> bool:
    return vector.kind != "value"


def is_loaded(vector: Vector) -> bool:
    return is_message(vector) and vector.verdict != "malformed" and "load" not in vector.note


def outcome(row: Row) -> tuple[str, str, str | None, str | None, list[str], str]:
    pop: list[str] = [request.pop for request in row.requests]
    return row.kind, row.verdict, row.reason, row.rule, pop, row.encoding


@each(is_message)
def test_verdict(vector: Vector) -> None:
    rows = list(cmcodec.verify_batch(vector.octets, certificates=vector.certificates))
    assert outcome(rows[0]) == (
        vector.kind,
        vector.verdict,
        vector.reason,
        vector.rule,
        vector.pop,
        vector.encoding,
    )
    if "rows" in vector.note:
        assert [row.reason or row.verdict for row in rows] == vector.note["rows"].split(",")
    if "legacy" in vector.note:
        assert cmcodec.verify_batch(vector.octets, legacy=True)[0].verdict == vector.note["legacy"]


@each(is_loaded)
def test_verify_alone_gives_the_same(vector: Vector) -> None:
    """V14: `Message.verify` raises what the row of the report says."""
    message = cmcodec.load(vector.octets)
    assert (message.kind, message.encoding) == (vector.kind, vector.encoding)
    if vector.verdict == "verified":
        verified = message.verify(certificates=vector.certificates)
        assert [request.pop for request in verified.requests] == vector.pop
        return
    with pytest.raises(VerificationError) as caught:
        message.verify(certificates=vector.certificates)
    assert caught.value.reason == (vector.reason or "no_signer")
    assert caught.value.rule == vector.rule


@each(is_loaded)
def test_octets_survive(vector: Vector) -> None:
    """G10: DER comes back as it was, BER has one DER form, objects encode to what they were."""
    message = cmcodec.load(vector.octets)
    der = message.to_der()
    if vector.encoding == "der":
        assert der == vector.der
        strictly = refusal(lambda: cmcodec.load(vector.octets, strict=True))
        assert (strictly is not None) == (vector.note.get("strict") == "refused")
    else:
        assert der != vector.octets
        assert cmcodec.load(der).to_der() == der
        assert cmcodec.load(der).encoding == "der"
        refused = refusal(lambda: cmcodec.load(vector.octets, strict=True))
        assert refused is not None
        assert refused[1] == "not_canonical"
    assert message.unverified_structure.to_der() == der
    content = message.unverified_content
    assert content is None or content.to_der() in der
    assert all(inner.to_der() in der for _, inner in message.unverified_messages)


@each(lambda vector: is_message(vector) and not is_loaded(vector))
def test_load_refuses(vector: Vector) -> None:
    with pytest.raises(DecodeError) as caught:
        cmcodec.load(vector.octets)
    assert caught.value.reason == vector.note.get("load", vector.reason)


@each(lambda vector: vector.kind == "value")
def test_value(vector: Vector) -> None:
    declared = getattr(types, vector.type_name)
    value = declared.from_der(vector.octets)
    assert type(value) is declared
    assert value.to_der() == vector.octets
    strictly = refusal(lambda: declared.from_der(vector.octets, strict=True))
    assert (strictly is not None) == (vector.note.get("strict") == "refused")


def test_many_at_once_give_the_same() -> None:
    """V14: neighbours and threads change nothing."""
    unaided = [v for v in vectors() if is_message(v) and not v.certificates]
    report = cmcodec.verify_batch([vector.octets for vector in unaided], threads=3)
    outer = [row for row in report if not row.path]
    assert [row.index for row in outer] == list(range(len(unaided)))
    assert [(row.verdict, row.reason) for row in outer] == [(v.verdict, v.reason) for v in unaided]


@pytest.mark.parametrize("maker", ["jss", "openssl"])
def test_every_file_is_in_the_manifest(maker: str) -> None:
    listed = {vector.file for vector in vectors() if vector.folder.name == maker}
    there = {
        path.relative_to(VECTORS / maker).as_posix()
        for path in (VECTORS / maker).rglob("*.*")
        if path.suffix in {".der", ".ber", ".pem"} and path.parent.name != "keys"
    }
    assert there == listed
