"""The cases of ``tests/hostile`` as vectors, and vectors as cases."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import cmcodec
import hostile
from cmcodec.errors import DecodeError
from cmcodec.reasons import Reason, Rule
from hostile import Case

from .optional import why
from .vector import FOLDER, Vector, slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cmcodec.verify.verdict import Row

PLACE = "hostile"
CERTIFICATES = ("trust", "authorised_ras", "certificates")
OF_READING = ("max_layers", "max_size", "wrapped")
"""Decisions that are certificates, and decisions of `cmcodec.load`."""

NOT_OF_A_SIGNATURE = {
    Reason.CONTENT_MISSING, Reason.ENCRYPTED, Reason.MAC_UNCHECKED,
    Reason.REQUEST_KEY_NOT_SOLE_SIGNER, Reason.SIGNER_AMBIGUOUS, Reason.UNTRUSTED_CHAIN,
    Reason.UNTRUSTED_REQUEST_KEY, Reason.VERSION_MISMATCH, Reason.WRONG_CONTENT_TYPE,
}  # fmt: skip
"""What is nothing to those who only know CMS."""


NOT_WITHOUT = {"certificates", "max_size"}
"""Decisions without which nothing can be said."""


def vectors() -> Iterator[Vector]:
    """A vector for each case."""
    return map(_vector, hostile.cases().values())


def _name(case: Case) -> str:
    return f"{PLACE}/{case.rule}/{slug(case.title)}"


def _vector(case: Case) -> Vector:
    twin = hostile.cases()[case.twin] if case.twin else case
    place = _place(case)
    # What cannot be read is of the kind of its twin.
    row = _first(twin if case.rows[0].verdict == "malformed" else case)
    given, beside = _given(case.decisions)
    broken = {row.rule for row in case.rows if row.rule} - {case.rule}
    return Vector(
        id=_name(case),
        kind=row.kind,
        title=case.title,
        rules=(case.rule, *sorted(broken)),
        octets=case.octets,
        rows=case.rows,
        reason=case.refused,
        signature=_signature(case, row, place),
        algorithms=tuple(sorted({signer.algorithm for signer in row.signers if signer.algorithm})),
        optional=why(case, place),
        twin=_name(twin) if case.twin else None,
        given=given,
        beside=beside,
    )


def _first(case: Case) -> Row:
    return cmcodec.verify_batch(case.octets, **case.decisions)[0]


def _place(case: Case) -> str:
    """The path of what a reader refuses; nothing where it does not."""
    options: dict[str, Any] = {k: v for k, v in case.decisions.items() if k in OF_READING}
    try:
        cmcodec.load(case.octets, **options)
    except DecodeError as error:
        return error.path
    return ""


def _signature(case: Case, row: Row, place: str) -> str | None:
    """What those say who know CMS and have nothing but the message."""
    first = case.rows[0]
    is_text = case.octets[:1] not in {b"0", b""}
    if is_text or first.reason in NOT_OF_A_SIGNATURE or NOT_WITHOUT & set(case.decisions):
        return None
    if first.verdict == "malformed":
        return "invalid" if row.signers and "eContent" not in place else None
    if first.reason == Reason.NO_SIGNER or any(each.reason for each in row.signers):
        return "invalid"
    by_certificate = row.signers and all(each.certificate_sha256 for each in row.signers)
    return "valid" if by_certificate else None


def _given(decisions: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Decisions in JSON, and the files that they name."""
    given: dict[str, Any] = {}
    beside: dict[str, bytes] = {}
    for key, value in sorted(decisions.items()):
        if key in CERTIFICATES:
            files = {
                f"certificates/{hashlib.sha256(one).hexdigest()[:16]}.der": one for one in value
            }
            beside |= files
            given[key] = list(files)
        else:
            given[key] = value.isoformat() if key == "at" else value
    return given, beside


def cases(vectors: Iterable[Vector]) -> dict[str, Case]:
    """The cases among some vectors, by name."""
    found = [each for each in vectors if each.id.startswith(f"{PLACE}/")]
    names = {each.id: f"{each.rules[0]}: {each.title}" for each in found}
    return {
        names[each.id]: Case(
            names[each.id],
            Rule(each.rules[0]),
            each.octets,
            each.rows,
            Reason(each.reason) if each.reason else None,
            names[each.twin] if each.twin else None,
            decisions(each.given),
        )
        for each in found
    }


def decisions(given: Mapping[str, Any]) -> dict[str, Any]:
    """Decisions as `verify_batch` takes them."""
    found = dict(given)
    for key in set(CERTIFICATES) & set(given):
        found[key] = [(FOLDER / name).read_bytes() for name in given[key]]
    if "at" in given:
        found["at"] = datetime.fromisoformat(given["at"])
    return found
