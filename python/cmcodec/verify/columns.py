"""The columns that verdicts have in tables: `SCHEMA`, and what stands in them of a row.

The engine writes the same columns from what it found, without a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from cmcodec.columns.fields import Field, words
from cmcodec.reasons import Reason, Rule
from cmcodec.verify import verdict

if TYPE_CHECKING:
    from cmcodec.verify.verdict import Row

__all__ = ["Counted", "cells", "fields"]

_PLACES: Final = (
    Field("index", "L"),
    Field("path", "+l", (Field("item", "I"),)),
)

_FIELDS: Final = (
    words("verdict", get_args(verdict.Verdict)),
    words("reason", tuple(Reason)),
    words("rule", tuple(Rule)),
    words("kind", get_args(verdict.Kind)),
    words("encoding", get_args(verdict.Encoding)),
    words("origin", get_args(verdict.Origin)),
    Field("offset", "L"),
    Field("transaction_id", "u"),
    Field(
        "signers",
        "+l",
        (
            Field(
                "item",
                "+s",
                (
                    Field("algorithm", "u"),
                    Field("certificate_sha256", "z"),
                    Field("request_id", "I"),
                    Field("chain", "u"),
                    Field("anchor_sha256", "z"),
                    Field("reason", "u"),
                    Field("detail", "u"),
                    Field("purposes", "+l", (Field("item", "u"),)),
                ),
            ),
        ),
    ),
    Field(
        "requests",
        "+l",
        (
            Field(
                "item",
                "+s",
                (Field("id", "I"), Field("form", "u"), Field("pop", "u"), Field("algorithm", "u")),
            ),
        ),
    ),
    Field(
        "notes",
        "+l",
        (Field("item", "+s", (Field("body_part_id", "I"), Field("reason", "u"))),),
    ),
    Field("members", "I"),
    Field("members_failed", "I"),
)
"""Never changed but by adding at the end: of the columns, or of a struct."""


def fields(*, plain: bool, places: bool) -> tuple[Field, ...]:
    """The columns, in order.

    ``plain``: words are utf8, and no dictionaries. ``places``: the number of the input and the
    path come first.
    """
    wanted = (*_PLACES, *_FIELDS) if places else _FIELDS
    return tuple(
        each._replace(format="u", words=(), dictionary=None) if plain and each.words else each
        for each in wanted
    )


class Counted(NamedTuple):
    """The messages nested in one, and how many of them failed or are malformed."""

    members: int
    failed: int


def cells(row: Row | None, counted: Counted | None, *, places: bool) -> tuple[Any, ...]:
    """What stands in the columns of a row; only None without one.

    An element of a list of structs is a tuple.
    """
    if row is None:
        return (None,) * len(fields(plain=False, places=places))
    number = row.transaction_id
    return (
        *((row.index, row.path) if places else ()),
        row.verdict,
        row.reason,
        row.rule,
        row.kind,
        row.encoding,
        row.origin,
        row.offset,
        None if number is None else hex(number),
        tuple(
            (
                signer.algorithm,
                _octets(signer.certificate_sha256),
                signer.request_id,
                signer.chain,
                _octets(signer.anchor_sha256),
                signer.reason,
                signer.detail,
                signer.purposes,
            )
            for signer in row.signers
        ),
        tuple((each.id, each.form, each.pop, each.algorithm) for each in row.requests),
        tuple((note.body_part_id, note.reason) for note in row.notes),
        *(counted or (None, None)),
    )


def _octets(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
