"""A message as indented lines under the standard's names."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from cmcodec import oids, types
from cmcodec.asn1 import schema
from cmcodec.asn1.schema import Kind, Node
from cmcodec.cli.show import certificates, describe, secrets
from cmcodec.errors import CMCError
from cmcodec.types.tables import OPEN_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cmcodec.asn1 import Asn1
    from cmcodec.message import Message

    Path = tuple[str | int, ...]

SHOWN: Final = 20
"""Elements of a sequence that are shown unless all are asked for."""

_CONTENT: Final = ("content", "encapContentInfo", "eContent")

_ENCAPSULATED: Final[dict[str, type[Asn1]]] = {
    **OPEN_TYPES["encapsulated"],
    oids.ID_DATA: types.CertificationRequest,
}
"""What the octets of eContent may encode; id-data, the request of a Windows client."""

_LOCATED: Final = frozenset(
    {
        "certificates",
        "cmsSequence",
        "controlSequence",
        "crls",
        "otherMsgSequence",
        "recipientInfos",
        "reqSequence",
        "signerInfos",
    }
)
"""Sequences whose elements are shown with the octet offsets they stand at."""

_OPEN: Final = Node("open", Kind.OPEN)
"""The type of a value whose class says what it is."""


def write_message(
    message: Message, write: Callable[[str], object], shown: int | None, depth: int = 0
) -> None:
    """Writes a message and those nested in it, a line at a time without its line end.

    ``shown`` bounds the elements of each sequence; None does not.
    """
    tree = _Tree(message, write, shown)
    structure = message.unverified_structure
    if isinstance(structure, types.CertificationRequest):
        tree.line(depth, f"request: {_pkcs10(structure)}")
    tree.fields(depth, structure, ())


class _Tree:
    """Writes what is in one message. Paths start from that message and lead to its octets."""

    def __init__(self, message: Message, write: Callable[[str], object], shown: int | None) -> None:
        self._message = message
        self._write = write
        self._shown = shown

    def line(self, depth: int, text: str) -> None:
        self._write(f"{'  ' * depth}{text}")

    def fields(self, depth: int, value: Any, path: Path) -> None:
        """The fields of a SEQUENCE that are present."""
        for field in schema.node(type(value)).fields:
            item, node, inside = getattr(value, field.attribute), field.node, (*path, field.name)
            if item is None:
                continue
            if (type(value), field.name) in secrets.FIELDS:
                self.line(depth, f"{field.name}: {secrets.HIDDEN}")
                continue
            if node.kind is Kind.CONTAINING:
                item = self._opened(value, inside)
                node = node if isinstance(item, bytes) else schema.node(type(item))
            self._value(depth, field.name, item, node, inside)

    def _value(self, depth: int, label: str, value: Any, node: Node, path: Path) -> None:
        text = describe.one_line(value, node)
        if text is not None:
            self.line(depth, f"{label}: {text}")
            return
        value, node = describe.unnamed(value, node)
        match value:
            case types.TaggedAttribute() | types.Attribute() | types.AttributeTypeAndValue():
                self._typed(depth, label, value, path)
            case types.TaggedRequest():
                self._request(depth, label, value, path)
            case types.CertificationRequest():
                self.line(depth, f"{label}: {_pkcs10(value)}")
                self.fields(depth + 1, value, path)
            case types.Certificate():
                self._summary(depth, label, certificates.certificate(value))
            case types.CertificateList():
                self._summary(depth, label, certificates.revocation_list(value))
            case _ if node.kind is Kind.CHOICE:
                inner, name, content = describe.alternative(value)
                head = f"{label} {name}" if label.startswith("[") else f"{label}.{name}"
                step = name.partition(" ")[0]
                self._value(depth, head, content, inner, (*path, step))
            case _ if node.kind in (Kind.SEQUENCE_OF, Kind.SET_OF):
                self._elements(depth, label, value, node, path)
            case _:
                self.line(depth, f"{label}: {type(value).__name__}")
                self.fields(depth + 1, value, path)

    def _elements(self, depth: int, label: str, value: Any, node: Node, path: Path) -> None:
        self.line(depth, f"{label}: {len(value) or '(empty)'}")
        if path == (*_CONTENT, "cmsSequence") and self._message.unverified_content is not None:
            self._nested(depth + 1)
            return
        starts = self._message.element_offsets(path) if path[-1] in _LOCATED else None
        inner = node.inner or _OPEN
        for index, element in enumerate(self._first(value)):
            head = f"[{index}] @{starts[index]}" if starts else f"[{index}]"
            self._value(depth + 1, head, element, inner, (*path, index))
        self._rest(depth + 1, value)

    def _nested(self, depth: int) -> None:
        """The messages in cmsSequence, each under offsets of its own."""
        messages = self._message.unverified_messages
        for index, (identifier, message) in enumerate(self._first(messages)):
            head = f"[{index}] @{message.span[0]} bodyPartID {identifier}"
            self.line(depth, f"{head}: {message.kind}")
            write_message(message, self._write, self._shown, depth + 1)
        self._rest(depth, messages)

    def _first(self, value: Iterable[Any]) -> Iterator[Any]:
        return islice(value, self._shown)

    def _rest(self, depth: int, value: Sequence[Any]) -> None:
        if self._shown is not None and len(value) > self._shown:
            self.line(depth, f"… {len(value) - self._shown} more (--all shows them)")

    def _opened(self, value: types.EncapsulatedContentInfo, path: Path) -> Any:
        """What the octets of eContent encode, or the octets."""
        content = self._message.unverified_content if path == _CONTENT else None
        cls = _ENCAPSULATED.get(value.e_content_type)
        if content is not None or cls is None or value.e_content is None:
            return content or value.e_content
        try:
            return cls.from_der(value.e_content)
        except CMCError:
            return value.e_content

    def _typed(self, depth: int, label: str, value: Any, path: Path) -> None:
        """A control or an attribute: its name, and its value without a line of its own."""
        if isinstance(value, types.AttributeTypeAndValue):
            identifier, values = value.type, (value.value,)
            paths: tuple[Path, ...] = ((*path, "value"),)
        else:
            identifier, values = value.attr_type, value.attr_values
            paths = tuple((*path, "attrValues", index) for index in range(len(values)))
        head = f"{label} {describe.oid(identifier)}"
        if isinstance(value, types.TaggedAttribute):
            head = f"{head} bodyPartID {value.body_part_id}"
        text = describe.attribute(identifier, values)
        if text is not None:
            self.line(depth, f"{head}: {text}")
            return
        if len(values) == 1:
            self._value(depth, head, values[0], _OPEN, paths[0])
            return
        self.line(depth, f"{head}: {len(values)} values")
        for index, item in enumerate(self._first(values)):
            self._value(depth + 1, f"attrValues[{index}]", item, _OPEN, paths[index])
        self._rest(depth + 1, values)

    def _request(self, depth: int, label: str, value: types.TaggedRequest, path: Path) -> None:
        """A request: in one line whom and what it is for, then field by field."""
        _, name, content = describe.alternative(value)
        if value.tcr is not None:
            summary = _pkcs10(value.tcr.certification_request)
        elif value.crm is not None:
            summary = _crmf(value.crm)
        else:
            summary = "other request"
        self.line(depth, f"{label} {name}: {summary}")
        self.fields(depth + 1, content, (*path, name))

    def _summary(self, depth: int, label: str, lines: Iterable[tuple[str, str]]) -> None:
        self.line(depth, label)
        for head, text in lines:
            self.line(depth + 1, f"{head}: {text}")


def _pkcs10(request: types.CertificationRequest) -> str:
    """Whom a PKCS#10 request is for, which key it names and how possession is proven."""
    info = request.certification_request_info
    how = request.signature_algorithm.algorithm
    proof = "none" if how == oids.ID_ALG_NO_SIGNATURE else f"signature {oids.name(how)}"
    subject, key = describe.name(info.subject), describe.key(info.subject_public_key_info)
    return f"PKCS#10, subject {subject}, key {key}, POP {proof}"


def _crmf(request: types.CertReqMsg) -> str:
    """The same of a CRMF request."""
    template = request.cert_req.cert_template
    subject = "absent" if template.subject is None else describe.name(template.subject)
    key = "absent" if template.public_key is None else describe.key(template.public_key)
    return f"CRMF, subject {subject}, key {key}, POP {_proof(request.popo)}"


def _proof(popo: types.ProofOfPossession | None) -> str:
    if popo is None:
        return "none"
    _, form, content = describe.alternative(popo)
    if popo.signature is not None:
        return f"signature {oids.name(popo.signature.algorithm_identifier.algorithm)}"
    if popo.ra_verified is not None:
        return form
    return f"{form}.{describe.alternative(content)[1]}"
