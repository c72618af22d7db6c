"""The modules of ``rust/cmcodec/src/generated``: the facts of this package as rows.

What is no fact, the macros and structs of ``rust/cmcodec/src/generated.rs`` have.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any

from cmcodec import _backend, algorithms, limits, oids, types
from cmcodec.asn1 import schema
from cmcodec.asn1.scalars import encode_integer, encode_object_identifier
from cmcodec.asn1.schema import Kind
from cmcodec.explanations import docstrings, explain
from cmcodec.reasons import Reason, Rule
from cmcodec.types import tables, wrapper

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmcodec.asn1.schema import Field, Node
    from cmcodec.types.wrapper import Shape

OIDS = {
    value: name for name, value in vars(oids).items() if name.isupper() and isinstance(value, str)
}

ENUMS = {
    algorithms.Digest: "DigestAlgorithm",
    algorithms.PublicKey: "KeyAlgorithm",
    algorithms.Curve: "Curve",
}
"""What has a variant by its title."""

VIEWS = (  # noqa: SIM905 (as a list, one a line)
    "AlgorithmIdentifier Attribute AuthenticatedData CMSAlgorithmProtection CertReqMsg CertRequest "
    "CertTemplate CertificationRequest CertificationRequestInfo ContentInfo ESSCertID ESSCertIDv2 "
    "EncapsulatedContentInfo OtherRequest PKIData PKIResponse POPOSigningKey ProofOfPossession "
    "SignedData SignerInfo TaggedAttribute TaggedCertificationRequest TaggedRequest"
).split()
"""The types whose fields the verifier asks for."""

# Encodes DEFAULT values: the engine is built from what is written here.
_backend.use("pure")


def constant(name: str) -> str:
    """``PKIData`` → ``PKI_DATA``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).upper()


def variant(name: str) -> str:
    """``ML-DSA-44`` and ``ML_DSA_44`` → ``MlDsa44``."""
    return "".join(word.capitalize() for word in re.split(r"[-_]", name))


def octets(value: Iterable[int]) -> str:
    """A byte string."""
    return "&[" + ", ".join(f"0x{octet:02X}" for octet in value) + "]"


def rust(value: Any) -> str:
    """A truth value, a number, an OBJECT IDENTIFIER, what has a variant, or several of these."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}::{variant(value.name)}"
    if type(value) in ENUMS:
        return f"{ENUMS[type(value)]}::{variant(value.title)}"
    if isinstance(value, tuple):
        return "&[" + ", ".join(map(rust, value)) + "]"
    return f"oids::{OIDS[value]}" if isinstance(value, str) else f"{value}".lower()


def block(head: str, rows: Iterable[str], end: str = "];") -> str:
    """A head, rows, and an end."""
    return "\n".join([head, *(f"    {row}" for row in rows), end])


def enum(doc: str, name: str, rows: Iterable[tuple[str, str, str]]) -> str:
    """An enum: the text, the variant and the name of each row."""
    lines = (f'    /// {text}\n        {each} = "{title}",' for text, each, title in rows)
    return block(f"named! {{\n    /// {doc}\n    pub enum {name} {{", lines, "    }\n}")


def oid_module() -> Iterator[str]:
    """``oids.rs``."""
    for value, name in OIDS.items():
        title = oids.NAMES.get(value, name.lower().replace("_", "-"))
        content = octets(encode_object_identifier(value))
        yield f"/// {title}, {value}.\npub const {name}: &[u8] = {content};"
    rows = tables.CONTROL_ROWS
    yield arcs(
        "REFERRING_CONTROLS",
        "The controls whose values refer to other body parts (rule R4)",
        (row for row in rows if row.refers),
    )
    yield arcs(
        "COUNTED_CONTROLS",
        "The controls that may not stand any number of times (rule R4)",
        (row for row in rows if row.at_most is not None),
    )


def arcs(name: str, text: str, rows: Iterable[tables.Control]) -> str:
    """A set of controls: a bit for each arc below id-cmc."""
    numbers = [row.number for row in rows]
    listed = ", ".join(map(str, numbers))
    mask = sum(1 << number for number in numbers)
    return (
        f"/// {text}, each the bit of its arc\n/// below id-cmc: {listed}.\n"
        f"pub const {name}: u64 = {mask:#_x};"
    )


# --- declarations ---------------------------------------------------------------------------------


def nodes() -> list[Node]:
    """Every type: the declared ones in the order of their names, then all others."""
    classes = [getattr(types, name) for name in types.__all__]
    classes += [cls for table in tables.OPEN_TYPES.values() for cls in table.values()]
    declared = [schema.node(cls) for cls in classes if hasattr(cls, "__asn1__")]
    for name, table in tables.OPEN_TYPES.items():
        for oid in table:
            tables.open_node(name, oid)
    return [*dict.fromkeys(node for node in declared if node.cls), *schema.others()]


def default(field: Field) -> bytes:
    """The encoding of a DEFAULT value."""
    value = field.default
    if isinstance(value, bool):
        encoded = b"\x01\x01" + (b"\xff" if value else b"\x00")
    elif isinstance(value, int):
        content = encode_integer(value)
        encoded = bytes((0x02, len(content))) + content
    else:
        encoded = value.to_der()
    return encoded if field.implicit is None else bytes((field.implicit,)) + encoded[1:]


def field_texts(node: Node) -> Iterator[str]:
    """The fields; attributes that remember a written DEFAULT have the places after them."""
    place = len(node.fields)
    for field in node.fields:
        yield field_text(field, place)
        place += bool(field.written)


def field_text(field: Field, place: int) -> str:
    """A field of a SEQUENCE or an alternative of a CHOICE."""
    text = f'Field::new("{field.name}", "{field.attribute}", &{constant(field.node.name)}, '
    text += f"{octets(field.tags)})"
    if field.implicit is not None:
        text += f".implicit(0x{field.implicit:02X})"
    text += ".explicit()" * field.explicit + ".optional()" * field.optional
    if field.default is not None:
        text += f".default_value({octets(default(field))})"
    if field.written:
        text += f'.written("{field.written}", {place})'
    if field.first or field.or_empty:
        text += f".first({octets(field.first)}, {rust(field.or_empty)})"
    return text + ".legacy()" * field.legacy


def kind(node: Node) -> str:
    """What a type is made of."""
    fields = block("&[", (f"    {text}," for text in field_texts(node)), "    ]")
    inner = f"&{constant(node.inner.name)}" if node.inner else ""
    numbers = f'numbers: Some("{node.numbers.__name__}")' if node.numbers else "numbers: None"
    bounds = f"Some({node.range})" if node.range else "None"
    sizes = f"minimum: {node.minimum}, maximum: {node.maximum or 'usize::MAX'}"
    flags = f"at_least_one: {rust(node.at_least_one)}, body_parts: {rust(node.body_parts)}"
    contents = {
        Kind.SEQUENCE: f" {{ {flags}, fields: {fields} }}",
        Kind.CHOICE: f" {{ fields: {fields} }}",
        Kind.SEQUENCE_OF: f" {{ element: {inner}, {sizes}, lazy: {rust(node.lazy)} }}",
        Kind.SET_OF: f" {{ element: {inner}, {sizes}, signed: {rust(node.signed)} }}",
        Kind.ALIAS: f"({inner})",
        Kind.OPAQUE: f"({inner})",
        Kind.TOLERANT: f"({inner})",
        Kind.OPEN: f"(&TABLE_{node.table.upper()})",
        Kind.CONTAINING: f"(&TABLE_{node.table.upper()})",
        Kind.INTEGER: f" {{ range: {bounds}, {numbers} }}",
        Kind.ENUMERATED: f" {{ {numbers} }}",
        Kind.BIT_STRING: f" {{ named_bit_list: {rust(node.named_bit_list)} }}",
    }
    return f"Kind::{node.kind.value}{contents.get(node.kind, '')}"


def end_first(oid: str) -> tuple[int, bool, bytes]:
    """What a table is sorted by: the last octet, then whether a standard defines the type."""
    backwards = encode_object_identifier(oid)[::-1]
    return backwards[0], oid in tables.TOLERANT, backwards


def schema_module() -> Iterator[str]:
    """``schema.rs``."""
    yield "use super::oids;\nuse crate::schema::node::{Field, Kind, Node, Table, Tags};"
    yield block("nodes! {", (f"{constant(node.name)}," for node in nodes()), "}")
    for name, table in sorted(tables.OPEN_TYPES.items()):
        # By last octet: so the engine looks them up. First those that every message has.
        by_end = sorted(table, key=end_first)
        rows = (f"({rust(oid)}, &{constant(tables.open_node(name, oid).name)})," for oid in by_end)
        yield block(f"pub static TABLE_{name.upper()}: Table = Table::new(&[", rows, "]);")
    for node in nodes():
        values = (
            f"id: Id::{constant(node.name)} as usize,",
            f'name: "{node.cls.__name__ if node.cls else node.name}",',
            f'root: "{schema.root_name(node.name)}",',
            f"tags: Tags::new({octets(node.tags)}),",
            f"issued: {rust(node.issued)},",
            f"kind: {kind(node)},",
        )
        yield block(f"pub static {constant(node.name)}: Node = Node {{", values, "};")


def view_row(field: Field, alternative: bool) -> str:
    """How a field of a SEQUENCE is read, or an alternative of a CHOICE."""
    view = field.node.name if field.node.name in VIEWS else "Tlv"
    tag = f"0x{field.tags[0]:02X}" if field.tags else ""
    if alternative:
        value = "Some(tlv)" if view == "Tlv" else f"{view}::read(data, tlv)"
        return f"    {variant(field.attribute)}({view}) = {tag}, {value};"
    value = f"take_any({octets(field.tags)})" if field.tags else "next()"
    if len(field.tags) == 1:
        value = f"{'take_explicit' if field.explicit else 'take_if'}({tag})"
    if view != "Tlv":
        value += f".and_then(|tlv| {view}::read(data, tlv))"
    if field.optional:
        return f"    {field.attribute}: Option<{view}> = fields.{value};"
    return f"    {field.attribute}: {view} = fields.{value}?;"


def view_module() -> Iterator[str]:
    """``views.rs``."""
    yield "use crate::der::{Elements, Tlv};"
    for name in VIEWS:
        node = schema.node(getattr(types, name))
        choice = node.kind is Kind.CHOICE
        head = "choice! { |data, tlv|" if choice else "view! { |data, fields|"
        doc = str(node.cls.__doc__).partition("\n")[0].replace("``", "`")
        rows = (view_row(field, choice) for field in node.fields)
        yield block(f"{head}\n    /// {doc}\n    {name} {{", rows, "    }\n}")


# --- rules, reasons and limits --------------------------------------------------------------------


def reason_module() -> Iterator[str]:
    """``reasons.rs``: a reason for each of its rules; under the usual one it has its plain name."""
    yield enum("A rule.", "Rule", ((explain(rule).sentence, rule.name, rule) for rule in Rule))
    rows = []
    for reason in Reason:
        text = explain(reason).sentence.removesuffix(".")
        if not reason.rules:
            rows.append(f'/// {text}.\n    {variant(reason.name)} = "{reason}", None;')
        for place, rule in enumerate(reason.rules):
            name = variant(reason.name) + rule.name * bool(place)
            doc = f"/// {text} (rule {rule})."
            rows.append(f'{doc}\n    {name} = "{reason}", Some(Rule::{rule.name});')
    yield block("reasons! {", rows, "}")


def limit_module() -> Iterator[str]:
    """``limits.rs``."""
    for name, text in docstrings(limits).items():
        number = "u64" if name.endswith("RSA_EXPONENT") else "usize"
        yield f"/// {text}\npub const {name}: {number} = {getattr(limits, name):_};"


# --- algorithms -----------------------------------------------------------------------------------


def table(doc: str, name: str, row: str, rows: Iterable[Any], fields: str) -> str:
    """A table of structs; the field ``kind`` is the variant of a row."""

    def text(each: Any) -> str:
        values = (
            (name, each if name == "kind" else getattr(each, name)) for name in fields.split()
        )
        return ", ".join(f"{name}: {rust(value)}" for name, value in values)

    lines = (f"{row} {{ {text(each)} }}," for each in rows)
    return block(f"/// {doc}\npub static {name}: &[{row}] = &[", lines)


def signature_names() -> Iterator[str]:
    """What reports call each scheme with each hash function, once for each."""
    found = {}
    for row in algorithms.SIGNATURES:
        own: Iterable[Any] = row.digests[:1] or [None]
        if "{}" in row.name:
            own = (digest for digest in algorithms.DIGESTS if not digest.legacy)
        for digest in own:
            name = digest.name if digest else ""
            upper = row.scheme is not algorithms.Scheme.RSA_PKCS1
            found[row.scheme, digest] = row.name.format(name.upper() if upper else name)
    for (scheme, digest), name in found.items():
        yield f'({rust(scheme)}, {f"Some({rust(digest)})" if digest else "None"}, "{name}"),'


def algorithm_module() -> Iterator[str]:
    """``algorithms.rs``."""
    titled: list[tuple[str, Iterable[Any]]] = [
        ("A hash function (RFC 5754 §2).", algorithms.DIGESTS),
        ("A type of public key.", algorithms.PUBLIC_KEYS),
        ("A named curve (RFC 5480 §2.1.1.1).", algorithms.CURVES),
    ]
    for doc, rows in titled:
        names = ((f"{row.title}.", variant(row.title), row.title) for row in rows)
        yield enum(doc, ENUMS[type(next(iter(rows)))], names)
    for cls in (algorithms.Scheme, algorithms.Parameters):
        texts = docstrings(algorithms, cls.__name__)
        names = ((texts.get(it.name, f"{it.value}."), variant(it.name), it.value) for it in cls)
        yield enum(str(cls.__doc__), cls.__name__, names)


def algorithm_tables() -> Iterator[str]:
    """``algorithm_tables.rs``."""
    yield "use super::algorithms::{Curve, DigestAlgorithm, KeyAlgorithm, Parameters, Scheme};"
    yield "use super::oids;\nuse crate::algorithms::{CurveRow, DigestRow, KeyRow, SignatureRow};"
    doc = "Every hash function on offer, the most frequent first."
    yield table(doc, "DIGESTS", "DigestRow", algorithms.DIGESTS, "kind oid legacy")
    doc = "Every signature algorithm on offer."
    fields = "oid scheme parameters digests"
    yield table(doc, "SIGNATURES", "SignatureRow", algorithms.SIGNATURES, fields)
    doc, fields = "Every type of key on offer.", "kind oid schemes key_octets signature_octets work"
    yield table(doc, "PUBLIC_KEYS", "KeyRow", algorithms.PUBLIC_KEYS, fields)
    doc, fields = "Every curve on offer.", "kind oid coordinate work"
    yield table(doc, "CURVES", "CurveRow", algorithms.CURVES, fields)
    yield block(
        "/// Every proof of possession of a Diffie-Hellman key (RFC 6955).\n"
        "pub static DH_PROOFS: &[&[u8]] = &[",
        (f"{rust(row.oid)}," for row in algorithms.DH_PROOFS),
    )
    yield block(
        "/// What reports call a signature once its hash function is known.\n"
        "pub static SIGNATURE_NAMES: &[(Scheme, Option<DigestAlgorithm>, &str)] = &[",
        signature_names(),
    )


# --- shapes of the CMS wrapper --------------------------------------------------------------------


def shape_module() -> Iterator[str]:
    """``ber_shapes.rs``: shapes of declared classes by name, those that are reached."""
    declared = {id(wrapper.shape(node)): node for node in reversed(nodes()) if node.fields}
    blocks: dict[str, str] = {}

    def expression(shape: Shape) -> str:
        if shape.kind is not wrapper.Kind.SEQUENCE:
            element = f"(&{expression(shape.element)})" if shape.element else ""
            return variant(shape.kind.name) + element
        fields = [f"({octets(tags)}, {expression(each)})" for tags, each in shape.fields]
        node = declared.get(id(shape))
        if node is None:
            return f"Sequence(&[{', '.join(fields)}])"
        rows = (f"{text}, // {of.name}" for text, of in zip(fields, node.fields, strict=True))
        name = constant(node.name)
        blocks[name] = block(f"pub const {name}: Shape = Sequence(&[", rows, "]);")
        return name

    expression(wrapper.CONTENT_INFO)
    content = block(
        "/// What a ContentInfo can hold, by the content octets of contentType.\n"
        "pub const CONTENT_TYPES: &[(&[u8], Shape)] = &[",
        [f"({rust(oid)}, {expression(of)})," for oid, of in wrapper.CONTENT_TYPES.items()],
    )
    yield "use super::oids;\nuse crate::der::shape::Shape::{self, *};"
    yield from blocks.values()
    yield content
    unknown = expression(wrapper.UNKNOWN_CONTENT)
    yield f"/// The content of any other type.\npub const UNKNOWN_CONTENT: Shape = {unknown};"


MODULES = (
    ("algorithm_tables", "algorithms.py", "The algorithms on offer, as data.", algorithm_tables),
    ("algorithms", "algorithms.py", "The names of what is on offer.", algorithm_module),
    ("ber_shapes", "types/wrapper.py", "How the CMS wrapper is converted from BER.", shape_module),
    ("limits", "limits.py", "Every bound on untrusted input.", limit_module),
    ("oids", "oids.py", "Every OBJECT IDENTIFIER: the content octets.", oid_module),
    ("reasons", "reasons.py", "Every rule, and every reason of each.", reason_module),
    ("schema", "types", "The ASN.1 declarations, as data.", schema_module),
    ("views", "types", "The fields of validated elements, in order.", view_module),
)


def modules() -> Iterator[tuple[str, str]]:
    """The name of each file, and its text."""
    for name, source, doc, blocks in MODULES:
        head = (
            f"//! {doc}\n//!\n//! Generated by `tools/generate.py` from `python/cmcodec/{source}`."
        )
        yield f"{name}.rs", "\n\n".join([head, *blocks()]) + "\n"
