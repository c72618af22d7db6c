"""Declarations are strict: what says nothing, or contradicts itself, is refused when it is read."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import pytest

from cmcodec import asn1, types
from cmcodec.asn1 import schema
from cmcodec.asn1.notation import (
    AS_ISSUED,
    IA5_STRING,
    LAZY,
    OBJECT_IDENTIFIER,
    SET_OF,
    UTC_TIME,
    Containing,
    Default,
    Explicit,
    FieldName,
    Implicit,
    Legacy,
    NamedBitList,
    NamedNumbers,
    Open,
    Range,
    Size,
)
from cmcodec.asn1.schema import Kind

BOTH_BACKENDS = False


def declared(hint: Any, declare: Callable[[type], type] = asn1.sequence, **values: Any) -> type:
    """A class ``Own`` with one field."""
    name = "value" if declare is asn1.alias else "field"
    body: dict[str, Any] = {"__annotations__": {name: hint}, "__module__": __name__, **values}
    return declare(type("Own", (asn1.Asn1,), body))


REFUSED: dict[str, tuple[Any, str]] = {
    "an annotation nobody knows": (Annotated[int, "at least one"], "does not go with"),
    "a class of annotation": (Annotated[int, Legacy], "does not go with"),
    "a size twice": (Annotated[tuple[int, ...], Size(1), Size(1)], "Size stands twice"),
    "a name twice": (Annotated[int, FieldName("a"), FieldName("b")], "FieldName stands twice"),
    "a tag twice": (Annotated[int, Implicit(0), Implicit(1)], "Implicit stands twice"),
    "a tag twice, on either side of OPTIONAL": (
        Annotated[Annotated[int, Explicit(0)] | None, Explicit(0)], "Explicit stands twice",
    ),
    "a marker twice": (Annotated[tuple[int, ...], SET_OF, SET_OF], "SET OF stands twice"),
    "both kinds of tag": (Annotated[int, Implicit(0), Explicit(0)], "exclude each other"),
    "Size on an INTEGER": (Annotated[int, Size(1)], "does not go with"),
    "Size on an element": (tuple[Annotated[int, Size(1)], ...], "does not go with"),
    "Range on a SEQUENCE OF": (Annotated[tuple[int, ...], Range(0, 1)], "does not go with"),
    "Range on an OCTET STRING": (Annotated[bytes, Range(0, 1)], "does not go with"),
    "NamedBitList on an INTEGER": (Annotated[int, NamedBitList], "does not go with"),
    "NamedNumbers on a BIT STRING": (
        Annotated[asn1.BitString, NamedNumbers(types.CRLReason)], "does not go with",
    ),
    "OBJECT IDENTIFIER of octets": (Annotated[bytes, OBJECT_IDENTIFIER], "does not go with"),
    "IA5String of a number": (Annotated[int, IA5_STRING], "does not go with"),
    "IA5String and OBJECT IDENTIFIER": (
        Annotated[str, IA5_STRING, OBJECT_IDENTIFIER], "does not go with",
    ),
    "UTCTime of a text": (Annotated[str, UTC_TIME], "does not go with"),
    "SET OF one": (Annotated[types.Name, SET_OF], "does not go with"),
    "a number as issued": (Annotated[int, AS_ISSUED], "does not go with"),
    "as issued twice": (Annotated[types.Name, AS_ISSUED, AS_ISSUED], "as issued stands twice"),
    "lazy octets": (Annotated[bytes, LAZY], "does not go with"),
    "Open without such a table": (Annotated[asn1.Asn1, Open("nothing")], "no table 'nothing'"),
    "Containing without such a table": (
        Annotated[bytes, Containing("nothing")], "no table 'nothing'",
    ),
    "Containing in a text": (Annotated[str, Containing("encapsulated")], "does not go with"),
    "a union of two types": (int | str, "is no CHOICE"),
    "a union of two types and None": (int | str | None, "is no CHOICE"),
    "a type that is not declared": (float, "is no declared type"),
    "an EXPLICIT DEFAULT that may be written": (
        Annotated[int, Explicit(0), Default(0, written="noted")], "is never written out",
    ),
    "a list": (list[int], "is no declared type"),
}  # fmt: skip


@pytest.mark.parametrize(("hint", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_in_a_sequence(hint: Any, reason: str) -> None:
    """`TypeError` names class and field."""
    with pytest.raises(TypeError, match=rf"^Own\.field: .*{reason}"):
        schema.node(declared(hint))


@pytest.mark.parametrize(("hint", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_in_a_choice(hint: Any, reason: str) -> None:
    """The same in an alternative."""
    with pytest.raises(TypeError, match=rf"^Own\.field: .*{reason}"):
        schema.node(declared(hint | None, asn1.choice, field=None))


@pytest.mark.parametrize(
    "annotation", [Implicit(0), Explicit(0), FieldName("x"), Default(0), Legacy()]
)
def test_an_alias_has_nothing_of_a_field(annotation: Any) -> None:
    """Context tags, names and defaults stand where the alias is used."""
    with pytest.raises(TypeError, match=r"^Own\.value: .*does not go with"):
        schema.node(declared(Annotated[int, annotation], asn1.alias))


@pytest.mark.parametrize(
    ("annotations", "value"), [((Default(1),), 2), ((Default(1),), None), ((), 1)]
)
def test_the_default_is_that_of_the_class(annotations: tuple[Any, ...], value: Any) -> None:
    """One value, although Python needs it a second time."""
    hint: Any = int
    for annotation in annotations:
        hint = Annotated[hint, annotation]
    with pytest.raises(TypeError, match=r"^Own\.field: the DEFAULT is not that of the class"):
        schema.node(declared(hint, field=value))


def test_what_is_refused_stays_refused() -> None:
    """A declaration that was refused once is not taken for a good one the next time."""
    cls = declared(Annotated[int, Size(1)])
    for _ in range(2):
        with pytest.raises(TypeError):
            schema.node(cls)


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (int, Kind.INTEGER),
        (Annotated[int, Range(0, 7)], Kind.INTEGER),
        (Annotated[int, NamedNumbers(types.CRLReason, enumerated=True)], Kind.ENUMERATED),
        (Annotated[Annotated[str, IA5_STRING] | None, Implicit(1)], Kind.IA5_STRING),
        (Annotated[datetime, UTC_TIME], Kind.UTC_TIME),
        (Annotated[tuple[int, ...], SET_OF, Size(1, 5)], Kind.SET_OF),
        (Annotated[asn1.BitString, NamedBitList], Kind.BIT_STRING),
        (Annotated[asn1.Asn1, Open("control")], Kind.OPEN),
        (Annotated[bytes, Containing("encapsulated")], Kind.CONTAINING),
    ],
)
def test_what_is_allowed(hint: Any, kind: Kind) -> None:
    """The nearest good neighbours."""
    (field,) = schema.node(declared(hint)).fields
    assert field.node.kind is kind


def test_as_issued_all_the_way_down() -> None:
    """A SET OF that keeps its order, a DEFAULT that may be there, and the same elsewhere."""
    usual, issued = (
        schema.node(declared(hint)).fields[0].node
        for hint in (types.Extension, Annotated[types.Extension, AS_ISSUED])
    )
    assert [field.default for field in usual.fields] == [None, False, None]
    assert [field.default for field in issued.fields] == [None, None, None]
    assert [field.optional for field in issued.fields] == [False, True, False]
    assert (usual.name, issued.name, issued.cls) == ("Extension", "issued_Extension", usual.cls)
    assert schema.node(types.Extension) is usual
    names = schema.node(declared(Annotated[types.Name, AS_ISSUED])).fields[0].node
    sequence = names.fields[0].node
    assert sequence.inner
    assert (sequence.kind, sequence.inner.kind) == (Kind.SEQUENCE_OF, Kind.SET_OF)
    assert names.issued
    assert sequence.issued
    assert sequence.inner.issued


@pytest.mark.parametrize(
    ("namespace", "reason"),
    [
        ({"field": False, "noted": None}, ""),
        ({"field": False}, "Own.noted: does not stand after the DEFAULT it remembers"),
        ({"field": False, "noted": False}, "Own.noted: remembers a DEFAULT, is not None"),
        ({"noted": None, "field": False}, "Own.noted: does not stand after"),
    ],
)
def test_what_remembers_a_default(namespace: dict[str, Any], reason: str) -> None:
    """It is an attribute after the field, is None in most values, and is no field."""
    hints = {"field": Annotated[bool, Default(False, written="noted")], "noted": bool | None}
    annotations = {name: hints[name] for name in namespace}
    cls = asn1.sequence(type("Own", (asn1.Asn1,), {"__annotations__": annotations, **namespace}))
    if reason:
        with pytest.raises(TypeError, match=reason):
            schema.node(cls)
    else:
        assert [field.attribute for field in schema.node(cls).fields] == ["field"]
