"""Notes: references of controls to other body parts, and what stands too often (rule R4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic

from cmcodec import _backend, oids, types
from cmcodec.loaded import AnyLoaded, Members
from cmcodec.reasons import Reason
from cmcodec.types.tables import CONTROL_ROWS
from cmcodec.verify.verdict import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cmcodec.loaded import Loaded


def notes(message: Loaded, is_malformed: Callable[[int], bool]) -> tuple[Note, ...]:
    """What is odd in a message and changes no verdict, each thing once.

    A control has one note for each way in which it stands too often or names what is not there, a
    request one where it asks for two extensions of one OBJECT IDENTIFIER. ``is_malformed`` tells of
    the offset of a nested message whether that has not been validated.
    """
    scope: Scope[Loaded] = Scope(message, is_malformed)
    found: dict[Note, None] = {}
    left = {row.oid: row.at_most for row in CONTROL_ROWS if row.at_most is not None}
    for control in scope.controls:
        if control.attr_type in left:
            left[control.attr_type] -= 1
            if left[control.attr_type] < 0:
                note = Note(body_part_id=control.body_part_id, reason=Reason.DUPLICATE_CONTROL)
                found[note] = None
        for value in control.attr_values:
            check = _CHECKS.get((control.attr_type, type(value)))
            if check is None:
                continue
            for reason in check(scope, value):
                found[Note(body_part_id=control.body_part_id, reason=reason)] = None
    for identifier, extensions in _requested(scope.content):
        if _repeats(extension.extn_id for extension in extensions):
            found[Note(body_part_id=identifier, reason=Reason.DUPLICATE_EXTENSION)] = None
    return tuple(found)


def _requested(content: Any) -> Iterator[tuple[int, Iterator[types.Extension]]]:
    """The id of each request in a content, and the extensions that it asks for."""
    if isinstance(content, types.CertificationRequest):
        yield 1, _attributed(content)
    for request in getattr(content, "req_sequence", ()):
        if request.tcr is not None:
            yield request_id(request), _attributed(request.tcr.certification_request)
        elif request.crm is not None:
            yield request_id(request), iter(request.crm.cert_req.cert_template.extensions or ())


def _attributed(request: types.CertificationRequest) -> Iterator[types.Extension]:
    """The extensions in all extensionRequest attributes of a PKCS#10."""
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


class Scope(Generic[AnyLoaded]):
    """What stands in one message, by id.

    ``is_malformed`` tells of the offset of a nested message whether that has not been validated.
    """

    def __init__(
        self, message: AnyLoaded, is_malformed: Callable[[int], bool] = lambda _: False
    ) -> None:
        self._is_malformed = is_malformed
        self.content: Any = message.unverified_content
        self.message = message
        self.controls: tuple[types.TaggedAttribute, ...] = getattr(
            self.content, "control_sequence", ()
        )
        self.controls_by_id = {control.body_part_id: control for control in self.controls}
        self.requests: dict[int, types.TaggedRequest] = {
            request_id(request): request for request in getattr(self.content, "req_sequence", ())
        }
        self.other_ids = {o.body_part_id for o in getattr(self.content, "other_msg_sequence", ())}
        self._members: Members[AnyLoaded] | None = None
        self._scopes: dict[int, Scope[AnyLoaded] | None] = {}

    def members(self) -> Members[AnyLoaded]:
        """The members of cmsSequence by id."""
        if self._members is None:
            self._members = Members(self.message)
        return self._members

    def _member(self, identifier: int) -> AnyLoaded | None:
        """The message with this id, unless it is malformed: that has a row of its own (rule R5)."""
        member = self.members().get(identifier)
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
            or identifier in self.controls_by_id
            or identifier in self.requests
            or identifier in self.other_ids
            or identifier in self.members()
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


_ENCRYPTED: Final = (
    oids.ID_ENVELOPED_DATA,
    oids.ID_CT_AUTH_ENVELOPED_DATA,
    oids.ID_ENCRYPTED_DATA,
)
"""What may hide a PKI message, by itself or under a signature or MAC."""


def _seen_type(message: Loaded) -> str:
    """The eContentType where there is one, else the contentType."""
    buffer, span = message.buffer, message.span
    paths = ("content", "encapContentInfo", "eContentType"), ("contentType",)
    places = (_backend.locate("ContentInfo", buffer, *span, path) for path in paths)
    start, _, end = next(filter(None, places))
    return str(_backend.decode_at("ContentType", buffer, start, end)[0].value)


def request_id(request: types.TaggedRequest) -> int:
    """Its body part id, which of CRMF is certReqId (R-057)."""
    if request.crm is not None:
        return request.crm.cert_req.cert_req_id
    return int((request.tcr or request.orm).body_part_id)  # type: ignore[union-attr]


_DANGLING, _DUPLICATE = Reason.DANGLING_REFERENCE, Reason.DUPLICATE_REFERENCE


def _each(identifiers: Iterable[int], is_there: Callable[[int], bool]) -> Iterator[Reason]:
    seen: set[int] = set()
    for identifier in identifiers:
        if identifier in seen:
            yield _DUPLICATE
        elif not is_there(identifier):
            yield _DANGLING
        seen.add(identifier)


def _batch(scope: Scope[Loaded], value: types.BodyPartList) -> Iterator[Reason]:
    there = scope.members()
    yield from _each(value, there.__contains__)
    for identifier in dict.fromkeys(value):
        if identifier in there and scope.is_no_message(identifier):
            yield Reason.NOT_A_MESSAGE


def _published(scope: Scope[Loaded], value: types.AuthPublish) -> Iterator[Reason]:
    return _each([value.value], scope.members().__contains__)


def _requests_in(target: Scope[Loaded] | None, identifiers: Iterable[int]) -> Iterator[Reason]:
    if target is None:
        yield _DANGLING
    else:
        yield from _each(identifiers, target.requests.__contains__)


def _witnessed(scope: Scope[Loaded], value: types.LraPopWitness) -> Iterator[Reason]:
    return _requests_in(scope.enter(value.pki_data_bodyid), value.body_ids)


def _extended(scope: Scope[Loaded], value: types.AddExtensions) -> Iterator[Reason]:
    return _requests_in(scope.enter(value.pki_data_reference), value.cert_references)


def _modified(scope: Scope[Loaded], value: types.ModCertTemplate) -> Iterator[Reason]:
    found = scope.follow(value.pki_data_reference)
    target = found[0].enter(found[1]) if found else None
    return _requests_in(target, value.cert_references)


def _decrypted(scope: Scope[Loaded], value: types.DecryptedPOP) -> Iterator[Reason]:
    return _requests_in(scope, [value.body_part_id])


def _along(scope: Scope[Loaded], value: types.BodyPartPath) -> Iterator[Reason]:
    found = scope.follow(value)
    if found is None or not found[0].has(found[1]):
        yield _DANGLING


def _responded(scope: Scope[Loaded], value: types.BodyPartPath) -> Iterator[Reason]:
    found = scope.follow(value)
    if found is None or found[1] not in found[0].members():
        yield _DANGLING


def _processed(scope: Scope[Loaded], value: types.ControlsProcessed) -> Iterator[Reason]:
    seen: set[types.BodyPartReference] = set()
    for reference in value.body_list:
        path = (
            (reference.body_part_id,)
            if reference.body_part_path is None
            else reference.body_part_path.value
        )
        found = scope.follow(path)  # type: ignore[arg-type]
        if reference in seen:
            yield _DUPLICATE
        elif found is None or found[1] not in found[0].controls_by_id:
            yield _DANGLING
        seen.add(reference)


_CHECKS: dict[tuple[str, type[Any]], Callable[[Scope[Loaded], Any], Iterator[Reason]]] = {
    (oids.ID_CMC_ADD_EXTENSIONS, types.AddExtensions): _extended,
    (oids.ID_CMC_DECRYPTED_POP, types.DecryptedPOP): _decrypted,
    (oids.ID_CMC_LRA_POP_WITNESS, types.LraPopWitness): _witnessed,
    (oids.ID_CMC_AUTH_DATA, types.AuthPublish): _published,
    (oids.ID_CMC_BATCH_REQUESTS, types.BodyPartList): _batch,
    (oids.ID_CMC_BATCH_RESPONSES, types.BodyPartList): _batch,
    (oids.ID_CMC_MOD_CERT_TEMPLATE, types.ModCertTemplate): _modified,
    (oids.ID_CMC_CONTROL_PROCESSED, types.ControlsProcessed): _processed,
    (oids.ID_CMC_RA_IDENTITY_WITNESS, types.BodyPartPath): _along,
    (oids.ID_CMC_RESPONSE_BODY, types.BodyPartPath): _responded,
}
"""How each control that `tables.CONTROL_ROWS` says refers to body parts is followed."""
