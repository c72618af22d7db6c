"""The one pass over untrusted octets, driven by the declarations.

`_Compiler` turns each node of the schema into a closure that checks an element. The order of
checks is the engine's, so that both refuse with the same reason at the same offset under the same
path. The same rules serve two ends: to validate, which makes nothing, and to make values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from cmcodec._pure.codec import body_parts, primitives
from cmcodec._pure.codec.encode import write
from cmcodec._pure.codec.primitives import check_any
from cmcodec._pure.codec.tlv import Error, Tlv, header
from cmcodec._pure.codec.versions import VERSIONED, v1_strict_version
from cmcodec.asn1 import TLV, LazySequence
from cmcodec.asn1.schema import Field, Kind, Node
from cmcodec.limits import (
    DEFAULT_MESSAGE_LAYERS,
    MAX_BODY_PARTS,
    MAX_DEPTH,
    MAX_TOLERANT_LEVELS,
)
from cmcodec.reasons import Reason, Rule
from cmcodec.types.tables import OPEN_TYPES, open_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cmcodec._pure.codec.primitives import Leaf

    # Where an element starts, has its content, and ends; how deep it stands; the content of the
    # last OBJECT IDENTIFIER before it in its SEQUENCE.
    Reader = Callable[["Walk", int, int, int, int, bytes], Any]


class Walk:
    """One pass over one input."""

    __slots__ = (
        "data",
        "descends",
        "isolate_members",
        "layers",
        "levels",
        "max_layers",
        "members",
        "validated",
    )

    def __init__(
        self,
        data: bytes,
        *,
        max_layers: int = DEFAULT_MESSAGE_LAYERS,
        isolate_members: bool = False,
        descends: bool = True,
        validated: bytes = b"",
    ) -> None:
        self.data = data
        self.max_layers = max_layers
        self.layers = 1
        # How many values around this one are read as a type where they fit.
        self.levels = 0
        # Set: list what stands in a cmsSequence, in received order, and keep errors inside a
        # TaggedContentInfo of sound frame to it (rule R5).
        self.isolate_members = isolate_members
        self.members: list[Member] = []
        # Unset where the input was validated before: nested messages are not read again.
        self.descends = descends
        # The elements of a cmsSequence of the outermost layer that are not read again.
        self.validated = validated

    def enters(self, content: int, end: int) -> bool:
        """Whether the elements in ``data[content:end]``, a cmsSequence, are to be read."""
        if self.validated and self.layers == 1:
            return self.data[content:end] != self.validated
        return self.descends

    def check(self, node: Node, *, strict: bool = False) -> None:
        """Checks that the whole input is ``node``."""
        _COMPILERS[strict, False].whole(self, node, 0, len(self.data))

    def contained(self, node: Node, octets: Tlv, *, strict: bool = False) -> None:
        """Checks that an OCTET STRING contains ``node``: one message layer more (rules P1, P6)."""
        _COMPILERS[strict, False].contained(self, node, octets.content, octets.end)

    def value(self, node: Node, pos: int, end: int, *, strict: bool = False) -> Any:
        """The value of ``data[pos:end]``, which is checked to be ``node``."""
        return _COMPILERS[strict, True].whole(self, node, pos, end)


class Member(NamedTuple):
    """A TaggedContentInfo: messages around it, where it starts, the error that was kept to it.

    Of an error no more than this, and not the frames it came through, which hold all that was read.
    """

    layer: int
    start: int
    reason: Reason | None = None
    rule: Rule | None = None
    offset: int | None = None


class _Compiled(NamedTuple):
    """What reads a node: a leaf, where ``reader`` does no more than call it, or a reader."""

    tags: frozenset[int]
    leaf: Leaf | None
    reader: Reader


class _Row(NamedTuple):
    """What reads a field: unpacked in loops, where looking attributes up would take longer."""

    name: str
    tags: frozenset[int]
    first: Field | None
    required: bool
    leaf: Leaf | None
    reader: Reader
    names_type: bool
    default: Any


_ANY_TAG = frozenset(range(256))


class _Compiler:
    """Closures for every node, for one end, made when they are first needed.

    No declared type holds itself but by way of an open type, which is compiled when it is met.
    """

    def __init__(self, *, strict: bool, makes: bool) -> None:
        self._strict = strict
        self._makes = makes
        self._made: dict[Node, _Compiled] = {}

    def whole(self, walk: Walk, node: Node, pos: int, end: int) -> Any:
        """Reads ``data[pos:end]`` as ``node``, nothing left over."""
        data = walk.data
        tags, _, reader = self.of(node)
        content, stop = header(data, pos, end)
        if data[pos] not in tags:
            raise Error(Reason.BAD_TAG, pos)
        value = reader(walk, pos, content, stop, 1, b"")
        if stop != end:
            raise Error(Reason.TRAILING_DATA, stop)
        return value

    def contained(self, walk: Walk, node: Node, content: int, end: int) -> None:
        """Reads what an OCTET STRING contains, where depth counts from one again."""
        if walk.layers > walk.max_layers:
            raise Error(Reason.LIMIT, content, Rule.P6)
        walk.layers += 1
        self.whole(walk, node, content, end)
        walk.layers -= 1

    def of(self, node: Node) -> _Compiled:
        """What reads this node."""
        made = self._made.get(node)
        if made is None:
            leaf = primitives.leaf(node, makes=self._makes)
            reader = _reader(leaf) if leaf else self._READERS[node.kind](self, node)
            tags = frozenset(node.tags) or _ANY_TAG
            made = self._made[node] = _Compiled(tags, leaf, reader)
        return made

    def _validating(self) -> _Compiler:
        return _COMPILERS[self._strict, False]

    # --- names for types, and types the schema does not say or says elsewhere ----------------

    def _alias(self, node: Node) -> Reader:
        assert node.inner
        assert node.cls
        reader, cls = self.of(node.inner).reader, node.cls
        if not self._makes:
            return reader
        return lambda walk, start, content, end, depth, oid: cls(
            reader(walk, start, content, end, depth, oid)
        )

    def _any(self, node: Node) -> Reader:
        makes, ordered = self._makes, not node.issued

        def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
            check_any(walk.data, start, content, end, depth, ordered=ordered)
            return TLV(walk.data[start:end]) if makes else None

        return read

    def _opaque(self, node: Node) -> Reader:
        assert node.inner
        assert node.cls
        reader, cls = self._validating().of(node.inner).reader, node.cls
        if not self._makes:
            return reader

        def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
            reader(walk, start, content, end, depth, b"")
            return cls(walk.data[start:end])

        return read

    def _open(self, node: Node) -> Reader:
        types = _by_octets(node.table)
        unknown = self._any(node)
        known: dict[bytes, _Compiled] = {}

        def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
            compiled = known.get(oid)
            if compiled is None:
                if oid not in types:
                    return unknown(walk, start, content, end, depth, oid)
                compiled = known[oid] = self.of(open_node(node.table, types[oid]))
            tags, _, reader = compiled
            if walk.data[start] not in tags:
                raise Error(Reason.BAD_TAG, start)
            return reader(walk, start, content, end, depth, b"")

        return read

    def _tolerant(self, node: Node) -> Reader:
        """A value of the type where it fits, with its legacy forms; else one of unknown type."""
        assert node.inner
        tags, _, reader = _COMPILERS[False, self._makes].of(node.inner)
        unknown = self._any(node)

        def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
            if walk.data[start] in tags and walk.levels < MAX_TOLERANT_LEVELS:
                before = walk.layers, walk.isolate_members, walk.descends
                walk.isolate_members, walk.descends = False, True
                walk.levels += 1
                try:
                    return reader(walk, start, content, end, depth, b"")
                except Error:
                    pass
                finally:
                    walk.levels -= 1
                    walk.layers, walk.isolate_members, walk.descends = before
            return unknown(walk, start, content, end, depth, oid)

        return read

    def _containing(self, node: Node) -> Reader:
        types = _by_octets(node.table)
        validating, makes = self._validating, self._makes

        def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
            if walk.descends and oid in types:
                validating().contained(walk, open_node(node.table, types[oid]), content, end)
            return walk.data[content:end] if makes else None

        return read

    # --- collections -------------------------------------------------------------------------

    def _collection(self, node: Node) -> Reader:
        assert node.inner
        if node.lazy:
            return self._lazy(node.inner)
        tags, leaf, reader = self.of(node.inner)
        minimum, maximum, makes = node.minimum, node.maximum, self._makes
        ordered = node.kind is Kind.SET_OF and not node.issued
        unordered = Reason.ATTRIBUTES_UNSORTED if node.signed else Reason.NOT_CANONICAL

        def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
            data, pos, index, previous = walk.data, content, 0, b""
            values = []
            depth += 1
            try:
                while pos < end:
                    if depth > MAX_DEPTH:
                        raise Error(Reason.DEPTH, pos)
                    content, stop = header(data, pos, end)
                    if data[pos] not in tags:
                        raise Error(Reason.BAD_TAG, pos)
                    if leaf:
                        value = leaf(data, pos, content, stop)
                    else:
                        value = reader(walk, pos, content, stop, depth, oid)
                    if makes:
                        values.append(value)
                    if ordered:
                        octets = data[pos:stop]
                        if octets < previous:
                            raise Error(unordered, pos)
                        previous = octets
                    pos = stop
                    index += 1
            except Error as error:
                error.path.append(index)
                raise
            if index < minimum or (maximum is not None and index > maximum):
                raise Error(Reason.BAD_VALUE, start)
            return tuple(values)

        return read

    def _lazy(self, element: Node) -> Reader:
        """A SEQUENCE OF TaggedContentInfo, whose elements may be messages."""
        tags, _, reader = self._validating().of(element)
        makes = self._makes

        def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
            if walk.enters(content, end):
                check(walk, content, end, depth + 1)
            if makes:
                return LazySequence(walk.data, content, end, element.name)
            return None

        def check(walk: Walk, pos: int, end: int, depth: int) -> None:
            # Nothing is read from the first on that is too many: the message is refused (rule P6).
            data, index = walk.data, 0
            try:
                while pos < end:
                    if depth > MAX_DEPTH:
                        raise Error(Reason.DEPTH, pos)
                    content, stop = header(data, pos, end)
                    if data[pos] not in tags:
                        raise Error(Reason.BAD_TAG, pos)
                    if index == MAX_BODY_PARTS:
                        break
                    layers, isolates, known = walk.layers, walk.isolate_members, len(walk.members)
                    if isolates:
                        walk.members.append(Member(layers, pos))
                    try:
                        reader(walk, pos, content, stop, depth, b"")
                    except Error as error:
                        walk.layers, walk.isolate_members = layers, isolates
                        if not isolates or not body_parts.is_named(data, content, stop):
                            raise
                        del walk.members[known:]
                        kept = Member(layers, pos, error.reason, error.rule, error.offset)
                        walk.members.append(kept)
                    pos = stop
                    index += 1
            except Error as error:
                error.path.append(index)
                raise

        return read

    # --- fields ------------------------------------------------------------------------------

    def _sequence(self, node: Node) -> Reader:
        rows = [self._row(node, field) for field in node.fields]
        names = [field.name for field in node.fields]
        make = _sequence_maker(node)
        makes, at_least_one, unique = self._makes, node.at_least_one, node.body_parts
        versioned = node.cls if self._strict and node.cls in VERSIONED else None

        def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
            data, pos, after, last, name = walk.data, content, content, b"", ""
            values = []
            depth += 1
            try:
                for name, tags, first, required, leaf, reader, names_type, default in rows:  # noqa: B007
                    if pos < end:
                        if pos == after:
                            if depth > MAX_DEPTH:
                                raise Error(Reason.DEPTH, pos)
                            inner, after = header(data, pos, end)
                        if data[pos] in tags and not (
                            first and not begins(first, data, inner, after)
                        ):
                            if leaf:
                                value = leaf(data, pos, inner, after)
                            else:
                                value = reader(walk, pos, inner, after, depth, last)
                            if makes:
                                values.append(value)
                            if names_type:
                                last = data[inner:after]
                            pos = after
                            continue
                    if required:
                        raise Error(Reason.BAD_TAG, pos)
                    if makes:
                        values.append(default)
            except Error as error:
                error.path.append(name)
                raise
            if pos < end:
                raise Error(Reason.TRAILING_DATA, pos)
            if at_least_one and content == end:
                raise Error(Reason.BAD_VALUE, start)
            if unique:
                body_parts.p6_body_part_ids(data, content, end, names)
            if versioned:
                v1_strict_version(versioned, data, Tlv(data[start], start, content, end))
            return make(values) if makes else None

        return read

    def _choice(self, node: Node) -> Reader:
        rows = [self._row(node, field) for field in node.fields]
        by_tag = [
            [(row, at) for at, row in enumerate(rows) if tag in row.tags] for tag in range(256)
        ]
        make = _maker(node.cls, [field.attribute for field in node.fields])
        makes, absent = self._makes, [None] * len(rows)

        def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
            for (name, _, first, _, _, reader, _, _), at in by_tag[walk.data[start]]:
                if first and not begins(first, walk.data, content, end):
                    continue
                try:
                    value = reader(walk, start, content, end, depth, oid)
                except Error as error:
                    error.path.append(name)
                    raise
                return make([*absent[:at], value, *absent[at + 1 :]]) if makes else None
            raise Error(Reason.BAD_TAG, start)

        return read

    def _row(self, node: Node, field: Field) -> _Row:
        compiled = self.of(field.node)
        default = None
        if field.default is not None:
            default = write(field.node, field.default, field.implicit)
        tags, leaf, reader = frozenset(field.tags) or _ANY_TAG, compiled.leaf, compiled.reader
        if field.legacy and self._strict:
            tags = frozenset()
        if field.explicit:
            leaf, reader = None, _explicit(compiled, default)
        elif default is not None:
            remembers = bool(field.written) and not self._strict
            leaf, reader = None, _not_default(reader, default, remembers=remembers)
        if node.body_parts and not field.node.lazy:
            reader = _not_isolated(reader)
        return _Row(
            field.name,
            tags,
            field if field.first else None,
            not field.optional and default is None,
            leaf,
            reader,
            field.node.kind is Kind.OBJECT_IDENTIFIER,
            field.default,
        )

    _READERS: ClassVar[dict[Kind, Callable[[_Compiler, Node], Reader]]] = {
        Kind.ANY: _any,
        Kind.CHOICE: _choice,
        Kind.CONTAINING: _containing,
        Kind.ALIAS: _alias,
        Kind.OPAQUE: _opaque,
        Kind.OPEN: _open,
        Kind.SEQUENCE: _sequence,
        Kind.SEQUENCE_OF: _collection,
        Kind.SET_OF: _collection,
        Kind.TOLERANT: _tolerant,
    }


_COMPILERS = {
    (strict, makes): _Compiler(strict=strict, makes=makes)
    for strict in (False, True)
    for makes in (False, True)
}


def begins(field: Field, data: bytes, content: int, end: int) -> bool:
    """Whether the first elements inside one have the tags by which it is this field."""
    if content == end:
        return field.or_empty
    for tag in field.first:
        try:
            inner, stop = header(data, content, end)
        except Error:
            return False
        if data[content] != tag:
            return False
        content, end = inner, stop
    return True


def _by_octets(table: str) -> dict[bytes, str]:
    """The OBJECT IDENTIFIERs of a row of `OPEN_TYPES` by their content octets."""
    found = ((primitives.encode_object_identifier(oid), oid) for oid in OPEN_TYPES[table])
    return {octets: oid for octets, oid in found if octets is not None}


def _maker(cls: type[Any] | None, attributes: Iterable[str]) -> Callable[[Iterable[Any]], Any]:
    """Makes instances without ``__init__``: the walk has checked what it would."""
    assert cls
    new = object.__new__
    setters = [getattr(cls, attribute).__set__ for attribute in attributes]

    def make(values: Iterable[Any]) -> Any:
        made = new(cls)
        for setter, value in zip(setters, values, strict=True):
            setter(made, value)
        return made

    return make


_WRITTEN: Final = object()
"""What is read where a DEFAULT value that may be is written out."""


def _sequence_maker(node: Node) -> Callable[[list[Any]], Any]:
    """`_maker` of a SEQUENCE, which sets the attributes that remember what is written out too."""
    remembered = [(at, field) for at, field in enumerate(node.fields) if field.written]
    attributes = [field.attribute for field in node.fields]
    make = _maker(node.cls, [*attributes, *(field.written for _, field in remembered)])
    if not remembered:
        return make

    def make_remembering(values: list[Any]) -> Any:
        for at, field in remembered:
            is_written = values[at] is _WRITTEN
            values.append(is_written or None)
            if is_written:
                values[at] = field.default
        return make(values)

    return make_remembering


def _reader(leaf: Leaf) -> Reader:
    return lambda walk, start, content, end, depth, oid: leaf(walk.data, start, content, end)


def _explicit(compiled: _Compiled, default: bytes | None) -> Reader:
    """A field whose tag stands around the type's own."""
    tags, leaf, reader = compiled

    def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
        data = walk.data
        if depth >= MAX_DEPTH:
            raise Error(Reason.DEPTH, content)
        inner, stop = header(data, content, end)
        if data[content] not in tags:
            raise Error(Reason.BAD_TAG, content)
        if leaf:
            value = leaf(data, content, inner, stop)
        else:
            value = reader(walk, content, inner, stop, depth + 1, oid)
        if stop != end:
            raise Error(Reason.TRAILING_DATA, stop)
        if default is not None and data[content:end] == default:
            raise Error(Reason.NOT_CANONICAL, start)
        return value

    return read


def _not_default(reader: Reader, default: bytes, *, remembers: bool) -> Reader:
    """A field that has a DEFAULT value, ``default`` being its encoding."""

    def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
        value = reader(walk, start, content, end, depth, oid)
        if walk.data[start:end] == default:
            if not remembers:
                raise Error(Reason.NOT_CANONICAL, start)
            return _WRITTEN
        return value

    return read


def _not_isolated(reader: Reader) -> Reader:
    """Only what stands in cmsSequence is a message of its own."""

    def read(walk: Walk, start: int, content: int, end: int, depth: int, oid: bytes) -> Any:
        isolates, walk.isolate_members = walk.isolate_members, False
        value = reader(walk, start, content, end, depth, oid)
        walk.isolate_members = isolates
        return value

    return read
