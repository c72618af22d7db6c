"""What both backends say of what is published beside the hostile messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key

import cmcodec
import published
from cmcodec import types
from cmcodec.cms import RecipientKey
from cmcodec.controls import encrypted_pop, identity_proof, pop_link
from cmcodec.errors import CMCError
from cmcodec.types.tables import CONTROL_ROWS
from cmcodec.verify.verdict import Kind
from hostile.case import Told
from published import FOLDER, hostile_cases
from test_hostile import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from published import Vector

KEPT = {each.id: each for each in published.kept() if not each.id.startswith("hostile/")}


def of(*folders: str, kind: str | None = None, is_hidden: bool = False) -> Any:
    """The vectors of some folders, one after another: values or messages, or hidden ones."""
    chosen = [
        each
        for each in KEPT.values()
        if each.id.startswith(folders)
        and kind in {None, "value" if each.kind == "value" else "message"}
        and (each.needs or not is_hidden)
    ]
    return pytest.mark.parametrize("vector", chosen, ids=lambda each: each.id)


def why(action: Callable[[], object]) -> str | None:
    """The reason of what is raised."""
    try:
        action()
    except CMCError as error:
        return error.reason
    return None


def key_of(needs: dict[str, Any]) -> RecipientKey:
    """What opens a layer."""
    if "secret" in needs:
        secret = needs["secret"].encode()
        return RecipientKey.from_password(secret, needs.get("identification", ""))
    octets, name = (FOLDER / needs["key"]).read_bytes(), needs["key_identifier"].encode()
    if needs["key"].endswith(".bin"):
        return RecipientKey.from_kek(octets, name)
    try:
        private = load_der_private_key(octets, None)
    except (UnsupportedAlgorithm, ValueError):
        assert "ml-kem" in needs["key"]
        pytest.skip("the installed cryptography has no ML-KEM")
    return RecipientKey.from_private_key(private, key_identifier=name)


@of("kinds/", "controls/", "layers/", "proofs/", kind="message")
def test_every_row_is_told(vector: Vector) -> None:
    """Kind, verdict, reason and notes of each message; proofs where the vector is about them."""
    report = cmcodec.verify_batch(vector.octets, **hostile_cases.decisions(vector.given))
    found = [said(row) for row in report]
    told = [
        row if row.pops else Told(**{**vars(row), "pops": is_said.pops})
        for row, is_said in zip(vector.rows, found, strict=True)
    ]
    assert found == told
    assert report[0].kind == vector.kind
    assert tuple(sorted({each.algorithm for each in report[0].signers})) == vector.algorithms


def test_every_control_is_there() -> None:
    """R-205: its value, and a message with it."""
    named = [each.split("/")[1] for each in KEPT if each.startswith("controls/")]
    for row in CONTROL_ROWS:
        assert sum(name.startswith(f"{row.number:02}-{row.name}") for name in named) >= 2


def test_every_kind_is_there() -> None:
    kinds = set(get_args(Kind)) | {"value", "answer"}
    assert {each.kind for each in KEPT.values()} == kinds


@of("kinds/", "controls/", "layers/", "proofs/", kind="message")
def test_messages_come_back(vector: Vector) -> None:
    """G10: what is read strictly is written as it was."""
    message = cmcodec.load(vector.octets, wrapped=True, strict=True)
    assert vector.file.endswith(".pem") or message.to_der() == vector.octets


@of("controls/", kind="value")
def test_values_come_back(vector: Vector) -> None:
    """G10: so is a value of the type that is named."""
    assert getattr(types, vector.needs["type"]).from_der(vector.octets).to_der() == vector.octets


@of("layers/", is_hidden=True)
def test_layers_open(vector: Vector) -> None:
    """R-070: each gives what is in it, or fails, with the key that is named."""
    message, key = cmcodec.load(vector.octets), key_of(dict(vector.needs))
    if "fails" in vector.needs:
        assert why(lambda: message.open(key)) == vector.needs["fails"]
        return
    opened = message.open(key)
    assert opened.transaction_id == 77
    if opened.origin != "mac":
        assert opened.message.to_der() == (FOLDER / vector.needs["content"]).read_bytes()


@of("proofs/")
def test_proofs_hold_or_fail(vector: Vector) -> None:
    """R-089, R-102: under the secret that is named."""
    checks = identity_proof if "identityproof" in vector.id else pop_link
    message, secret = cmcodec.load(vector.octets), vector.needs["secret"].encode()
    assert why(lambda: checks.verify(message, secret)) == vector.needs.get("fails")


def test_a_challenge_and_its_answer() -> None:
    """R-124, R-128: the key opens the challenge, whose value proves the answer."""
    challenge = types.EncryptedPOP.from_der(KEPT["controls/09-encryptedPOP/value"].octets)
    answer = KEPT["controls/10-decryptedPOP/value"].octets
    key = load_der_private_key((FOLDER / "keys" / "x25519.p8").read_bytes(), None)
    made = encrypted_pop.answer(challenge, RecipientKey.from_private_key(key), 201)
    assert made.to_der() == answer
