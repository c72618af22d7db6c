"""Notes: references of controls to other body parts, and what stands too often (rule R4).

What is read are the octets, which were validated: most messages have nothing to note, and no type
is loaded to find that.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple

from cmcodec import _backend, oids
from cmcodec.asn1.scalars import encode_object_identifier
from cmcodec.loaded import AnyLoaded, Members, behind, content, elements
from cmcodec.reasons import Reason
from cmcodec.verify.verdict import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cmcodec import types
    from cmcodec.loaded import Loaded

    Check = Callable[["Scope[Loaded]", "Element"], Iterator[Reason]]


def notes(message: Loaded, is_malformed: Callable[[int], bool]) -> tuple[Note, ...]:
    """What is odd in a message and changes no verdict, each thing once.

    A control has one note for each way in which it stands too often or names what is not there, a
    request one where it asks for two extensions of one OBJECT IDENTIFIER. ``is_malformed`` tells of
    the offset of a nested message whether that has not been validated.
    """
    scope: Scope[Loaded] = Scope(message, is_malformed)
    found: dict[tuple[int, Reason], None] = {}
    times: dict[bytes, int] = {}
    for identifier, oid, values in scope.controls():
        times[oid] = number = times.get(oid, 0) + 1
        if number > 1 and number > _at_most().get(oid, number):
            found[identifier, Reason.DUPLICATE_CONTROL] = None
        check = _CHECKED.get(oid)
        if check is None:
            continue
        for value in values.inside:
            for reason in check(scope, value):
                found[identifier, reason] = None
    for identifier, extensions in _requested(message):
        if _repeats(extension.extn_id for extension in extensions):
            found[identifier, Reason.DUPLICATE_EXTENSION] = None
    return tuple(Note(body_part_id=identifier, reason=reason) for identifier, reason in found)


@cache
def _at_most() -> dict[bytes, int]:
    """How often a control may stand in one place, where that is bounded: by its octets."""
    from cmcodec.types.tables import CONTROL_ROWS

    return {
        encode_object_identifier(row.oid): row.at_most
        for row in CONTROL_ROWS
        if row.at_most is not None
    }


def _requested(message: Loaded) -> Iterator[tuple[int, Iterator[types.Extension]]]:
    """The id of each request in a message, and the extensions that it asks for."""
    if message.kind in ("full-request", "full-response") and not message.parts("reqSequence"):
        return
    from cmcodec import types

    asked: Any = message.unverified_content
    if isinstance(asked, types.CertificationRequest):
        yield 1, _attributed(asked)
    for request in getattr(asked, "req_sequence", ()):
        if request.tcr is not None:
            yield request_id(request), _attributed(request.tcr.certification_request)
        elif request.crm is not None:
            yield request_id(request), iter(request.crm.cert_req.cert_template.extensions or ())


def _attributed(request: types.CertificationRequest) -> Iterator[types.Extension]:
    """The extensions in all extensionRequest attributes of a PKCS#10."""
    from cmcodec import types

    for attribute in request.certification_request_info.attributes or ():
        for value in attribute.attr_values:
            if isinstance(value, types.ExtensionReq):
                yield from value.value


def _repeats(identifiers: Iterable[str]) -> bool:
    seen: set[str] = set()
    for identifier in identifiers:
        if identifier in seen:
            return True
        seen.add(identifier)
    return False


# --- octets ------------------------------------------------------------------------------------


class Element(NamedTuple):
    """A validated element: where it starts in a buffer, and where it ends."""

    buffer: bytes
    start: int
    end: int

    @property
    def octets(self) -> bytes:
        """Its content."""
        buffer, start, end = self
        return buffer[content(buffer, start) : end]

    @property
    def number(self) -> int:
        """The value of an INTEGER."""
        return int.from_bytes(self.octets, "big", signed=True)

    @property
    def inside(self) -> list[Element]:
        """The elements inside it."""
        buffer, start, end = self
        places = elements(buffer, content(buffer, start), end)
        return [Element(buffer, start, end) for start, end in places]

    @property
    def numbers(self) -> Iterator[int]:
        """The values of a SEQUENCE OF BodyPartID, each of five octets at most."""
        buffer, start, end = self
        place = content(buffer, start)
        while place < end:
            start = place + 2
            place = start + buffer[place + 1]
            yield int.from_bytes(buffer[start:place], "big")


class Control(NamedTuple):
    """A control: its id, the octets of its OBJECT IDENTIFIER, and the SET of its values."""

    body_part_id: int
    oid: bytes
    values: Element


class Scope(Generic[AnyLoaded]):
    """What stands in one message, by id.

    ``is_malformed`` tells of the offset of a nested message whether that has not been validated.
    """

    def __init__(
        self, message: AnyLoaded, is_malformed: Callable[[int], bool] = lambda _: False
    ) -> None:
        self._is_malformed = is_malformed
        self.message = message
        self._scopes: dict[int, Scope[AnyLoaded] | None] = {}

    def _parts(self, sequence: str) -> Iterator[Element]:
        buffer = self.message.buffer
        return (Element(buffer, *span) for span in self.message.parts(sequence))

    def controls(self) -> Iterator[Control]:
        """The controls, in order."""
        buffer = self.message.buffer
        for start, end in self.message.parts("controlSequence"):
            # Without lists in between: a message may have a million controls.
            identifier = content(buffer, start)
            oid = behind(buffer, identifier)
            values = behind(buffer, oid)
            number = int.from_bytes(buffer[identifier + 2 : oid], "big")
            octets = buffer[content(buffer, oid) : values]
            yield Control(number, octets, Element(buffer, values, end))

    @cached_property
    def control_ids(self) -> set[int]:
        return {control.body_part_id for control in self.controls()}

    @cached_property
    def request_ids(self) -> set[int]:
        """The ids of the requests; that of a CRMF request is certReqId (R-057)."""
        found = set()
        for element in self._parts("reqSequence"):
            first = element.inside[0]
            is_crm = element.buffer[element.start] == _CRM
            found.add((first.inside[0] if is_crm else first).number)
        return found

    @cached_property
    def other_ids(self) -> set[int]:
        return {element.inside[0].number for element in self._parts("otherMsgSequence")}

    @cached_property
    def members(self) -> Members[AnyLoaded]:
        """The members of cmsSequence by id."""
        return Members(self.message)

    def _member(self, identifier: int) -> AnyLoaded | None:
        """The message with this id, unless it is malformed: that has a row of its own (rule R5)."""
        member = self.members.get(identifier)
        return None if member is None or self._is_malformed(member.span[0]) else member

    def enter(self, identifier: int) -> Scope[AnyLoaded] | None:
        """The message in cmsSequence with this id; 0 is the current one (T-26)."""
        if identifier == 0:
            return self
        if identifier not in self._scopes:
            member = self._member(identifier)
            self._scopes[identifier] = None if member is None else Scope(member, self._is_malformed)
        return self._scopes[identifier]

    def is_no_message(self, identifier: int) -> bool:
        """Whether this member holds what is seen to be neither a PKI message nor encrypted."""
        member = self._member(identifier)
        if member is None or member.kind != "other":
            return False
        return _seen_type(member) not in _ENCRYPTED

    def has(self, identifier: int) -> bool:
        return (
            identifier == 0
            or identifier in self.control_ids
            or identifier in self.request_ids
            or identifier in self.other_ids
            or identifier in self.members
        )

    def follow(self, path: Iterable[int]) -> tuple[Scope[AnyLoaded], int] | None:
        """The scope the last id of a path is looked up in, and that id."""
        *outer, last = path
        scope = self
        for identifier in outer:
            inner = scope.enter(identifier)
            if inner is None:
                return None
            scope = inner
        return scope, last


_CRM: Final = 0xA1
"""The tag of a CRMF request in a TaggedRequest."""

_INTEGER: Final = 0x02

_ENCRYPTED: Final = {
    encode_object_identifier(oid)
    for oid in (oids.ID_ENVELOPED_DATA, oids.ID_CT_AUTH_ENVELOPED_DATA, oids.ID_ENCRYPTED_DATA)
}
"""What may hide a PKI message, by itself or under a signature or MAC."""


def _seen_type(message: Loaded) -> bytes:
    """The octets of the eContentType where there is one, else of the contentType."""
    buffer, span = message.buffer, message.span
    paths = ("content", "encapContentInfo", "eContentType"), ("contentType",)
    places = (_backend.locate("ContentInfo", buffer, *span, path) for path in paths)
    _, start, end = next(filter(None, places))
    return buffer[start:end]


def request_id(request: types.TaggedRequest) -> int:
    """Its body part id, which of CRMF is certReqId (R-057)."""
    if request.crm is not None:
        return request.crm.cert_req.cert_req_id
    return int((request.tcr or request.orm).body_part_id)  # type: ignore[union-attr]


_DANGLING, _DUPLICATE = Reason.DANGLING_REFERENCE, Reason.DUPLICATE_REFERENCE


def _each(identifiers: Iterable[int], is_there: Callable[[int], bool]) -> Iterator[Reason]:
    named = list(identifiers)
    distinct = dict.fromkeys(named)
    if len(distinct) < len(named):
        yield _DUPLICATE
    if not all(map(is_there, distinct)):
        yield _DANGLING


def _batch(scope: Scope[Loaded], value: Element) -> Iterator[Reason]:
    there, named = scope.members, list(value.numbers)
    yield from _each(named, there.__contains__)
    if any(map(scope.is_no_message, filter(there.__contains__, dict.fromkeys(named)))):
        yield Reason.NOT_A_MESSAGE


def _published(scope: Scope[Loaded], value: Element) -> Iterator[Reason]:
    return _each([value.number], scope.members.__contains__)


def _requests_in(target: Scope[Loaded] | None, identifiers: Iterable[int]) -> Iterator[Reason]:
    if target is None:
        yield _DANGLING
    else:
        yield from _each(identifiers, target.request_ids.__contains__)


def _named(scope: Scope[Loaded], value: Element) -> Iterator[Reason]:
    """``SEQUENCE { BodyPartID, SEQUENCE OF BodyPartID, … }``: a message, and requests in it."""
    message, requests, *_ = value.inside
    return _requests_in(scope.enter(message.number), requests.numbers)


def _modified(scope: Scope[Loaded], value: Element) -> Iterator[Reason]:
    path, requests, *_ = value.inside
    found = scope.follow(path.numbers)
    target = found[0].enter(found[1]) if found else None
    return _requests_in(target, requests.numbers)


def _decrypted(scope: Scope[Loaded], value: Element) -> Iterator[Reason]:
    return _requests_in(scope, [value.inside[0].number])


def _along(scope: Scope[Loaded], value: Element) -> Iterator[Reason]:
    found = scope.follow(value.numbers)
    if found is None or not found[0].has(found[1]):
        yield _DANGLING


def _responded(scope: Scope[Loaded], value: Element) -> Iterator[Reason]:
    found = scope.follow(value.numbers)
    if found is None or found[1] not in found[0].members:
        yield _DANGLING


def _processed(scope: Scope[Loaded], value: Element) -> Iterator[Reason]:
    seen: set[bytes] = set()
    for reference in value.inside[0].inside:
        is_id = reference.buffer[reference.start] == _INTEGER
        found = scope.follow([reference.number] if is_id else reference.numbers)
        written = reference.buffer[reference.start : reference.end]
        if written in seen:
            yield _DUPLICATE
        elif found is None or found[1] not in found[0].control_ids:
            yield _DANGLING
        seen.add(written)


_CHECKS: Final[dict[str, Check]] = {
    oids.ID_CMC_ADD_EXTENSIONS: _named,
    oids.ID_CMC_DECRYPTED_POP: _decrypted,
    oids.ID_CMC_LRA_POP_WITNESS: _named,
    oids.ID_CMC_AUTH_DATA: _published,
    oids.ID_CMC_BATCH_REQUESTS: _batch,
    oids.ID_CMC_BATCH_RESPONSES: _batch,
    oids.ID_CMC_MOD_CERT_TEMPLATE: _modified,
    oids.ID_CMC_CONTROL_PROCESSED: _processed,
    oids.ID_CMC_RA_IDENTITY_WITNESS: _along,
    oids.ID_CMC_RESPONSE_BODY: _responded,
}
"""How each control that `tables.CONTROL_ROWS` says refers to body parts is followed."""

_CHECKED: Final = {encode_object_identifier(oid): check for oid, check in _CHECKS.items()}
"""The same by the octets of identifiers."""
