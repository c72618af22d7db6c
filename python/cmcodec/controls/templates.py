"""What each request asks for in the end (RFC 10002 §6.5 and §7.1).

A request says it itself, with changeSubjectName in other words than its own names. RAs change it
from outside by modCertTemplate and addExtensions, and never touch the request.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from cmcodec import oids, types
from cmcodec.checked import checked
from cmcodec.controls.messages import Source, message_of, request_of
from cmcodec.errors import ProofError
from cmcodec.reasons import Reason, Rule
from cmcodec.types.controls import CMCFailInfo
from cmcodec.verify.references import request_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmcodec.message import Message

__all__ = ["applied", "asked", "effective"]

_Path: TypeAlias = tuple[int, ...]
_Templates: TypeAlias = dict[_Path, types.CertTemplate]
_Demands: TypeAlias = dict[str, Any]
"""What a template is to have: values by the name of their field, extensions by their OBJECT
IDENTIFIER; None for what it is not to have."""

_FIELDS: Final = tuple(
    field.name for field in fields(types.CertTemplate) if field.name != "extensions"
)
_EMPTY: Final = types.Name(rdn_sequence=())


@checked
def effective(message: Source) -> _Templates:
    """The template that each certification request has once all changes are applied.

    The key is the path of a request: ids in cmsSequence, then its own (1 for a bare PKCS#10). It is
    that of every PKCS#10 and CRMF request in this message and in the signed PKIData messages nested
    in it. A member that is encrypted or MACed, or has no SignerInfo, is left out: open it, and ask
    again. Nobody verifies nested messages here: see `cmcodec.verify_batch`; nor whether their
    signer is an RA that may change anything, nor whether a new name may be had.

    A PKCS#10 request becomes a template with its subject, its key and the extensions it asks for.
    First changeSubjectName replaces subject and subjectAltName, and clears the one it does not have
    (R-172); the new subjectAltName is not critical, which whoever issues has to change where the
    subject is empty (RFC 5280 §4.2.1.6). Then come the controls, those of the innermost PKIData
    first, so that the outermost has the last word (R-112). The fields that modCertTemplate has
    replace those of the template, or are deleted, each extension by itself (R-111). addExtensions
    adds extensions, and overrides those that a PKIData further inside asks for (R-114).

    The order of controls means nothing (R-033). Hence what two of them demand of one field of one
    request must be the same, in one PKIData; and what addExtensions adds must not be there with
    another value, in a request of its own PKIData.

    Raises `VerificationError` (``wrong_content_type``) for what is no request, and `ProofError`
    with badRequest: ``dangling_reference`` with the id of the control that names what is not there
    (R-110); ``template_conflict`` with the id of the request; ``not_permitted`` with the id of a
    modCertTemplate that would put another key in the place of the one whose possession was proved.
    """
    loaded = message_of(message)
    content = loaded.unverified_content
    if isinstance(content, types.CertificationRequest):
        return asked(content)
    return _effective(loaded, request_of(message))


def _effective(message: Message, content: types.PKIData) -> _Templates:
    templates = asked(content)
    for identifier, member in message.unverified_messages:
        inner = member.unverified_content if _is_signed(member) else None
        if isinstance(inner, types.PKIData):
            for path, template in _effective(member, inner).items():
                templates[identifier, *path] = template
    return applied(content, templates)


@checked
def asked(
    content: types.PKIData | types.CertificationRequest,
) -> dict[tuple[int, ...], types.CertTemplate]:
    """What the requests of one content ask for themselves, by their ids, as in `effective`.

    Raises `ProofError` (``template_conflict``) for one that changes its names twice.
    """
    if isinstance(content, types.CertificationRequest):
        return {(1,): _changed(1, _of_pkcs10(content), _attributes(content))}
    found = ((request_id(request), _of(request)) for request in content.req_sequence)
    return {(number,): template for number, template in found if template is not None}


@checked
def applied(
    content: types.PKIData, templates: dict[tuple[int, ...], types.CertTemplate]
) -> dict[tuple[int, ...], types.CertTemplate]:
    """The templates of all requests in a content, by path, once its own controls are applied.

    Whoever opens encrypted members calls it with theirs too, the innermost content first. Raises
    `ProofError` as `effective` does.
    """
    return _Layer(content, templates).templates


class _Layer:
    """One PKIData: the templates of all requests in it, by their paths from here."""

    def __init__(self, content: types.PKIData, templates: _Templates) -> None:
        self.templates = templates
        self._demands: dict[_Path, _Demands] = {}
        for control in content.control_sequence:
            for value in control.attr_values:
                if isinstance(value, types.AddExtensions):
                    self._add(control.body_part_id, value)
                elif isinstance(value, types.ModCertTemplate):
                    self._modify(control.body_part_id, value)
        for path, demands in self._demands.items():
            self.templates[path] = _applied(self.templates[path], demands)

    def _add(self, control: int, value: types.AddExtensions) -> None:
        demanded = list(_extensions(value.extensions))
        for path in self._targets(control, (value.pki_data_reference,), value.cert_references):
            if len(path) == 1:
                own = dict(_extensions(self.templates[path].extensions or ()))
                for key, extension in demanded:
                    if key in own and not _alike(own[key], extension):
                        _conflict(path)
            self._demand(path, demanded)

    def _modify(self, control: int, value: types.ModCertTemplate) -> None:
        template = value.cert_template
        named = [(name, getattr(template, name)) for name in _FIELDS]
        present = [each for each in named if each[1] is not None]
        present += _extensions(template.extensions or ())
        demanded = present if value.replace else [(key, None) for key, _ in present]
        for path in self._targets(control, value.pki_data_reference, value.cert_references):
            key = self.templates[path].public_key
            if ("public_key", key) not in demanded and template.public_key and key:
                raise ProofError(Reason.NOT_PERMITTED, CMCFailInfo.BAD_REQUEST, (control,))
            self._demand(path, demanded)

    def _targets(
        self, control: int, reference: Iterable[int], requests: Iterable[int]
    ) -> Iterator[_Path]:
        """The paths of the requests that a control names, each once (T-26)."""
        around = tuple(identifier for identifier in reference if identifier)
        for identifier in dict.fromkeys(requests):
            path = (*around, identifier)
            if path not in self.templates:
                raise ProofError(
                    Reason.DANGLING_REFERENCE, CMCFailInfo.BAD_REQUEST, (control,), Rule.R4
                )
            yield path

    def _demand(self, path: _Path, demanded: Iterable[tuple[str, Any]]) -> None:
        demands = self._demands.setdefault(path, {})
        for key, value in demanded:
            if not _alike(demands.setdefault(key, value), value):
                _conflict(path)


def _conflict(path: _Path) -> NoReturn:
    raise ProofError(Reason.TEMPLATE_CONFLICT, CMCFailInfo.BAD_REQUEST, path[-1:], Rule.R4)


def _alike(one: Any, other: Any) -> bool:
    """Whether two demands are one; FALSE may be written out for ``critical``."""
    if isinstance(one, types.Extension) and isinstance(other, types.Extension):
        return (one.critical, one.extn_value) == (other.critical, other.extn_value)
    return bool(one == other)


def _extensions(given: Iterable[types.Extension]) -> Iterator[tuple[str, types.Extension]]:
    return ((extension.extn_id, extension) for extension in given)


def _applied(template: types.CertTemplate, demands: _Demands) -> types.CertTemplate:
    """The template with what is demanded; extensions that it has keep their place."""
    changes = {name: demands[name] for name in _FIELDS if name in demands}
    left = {key: value for key, value in demands.items() if key not in changes}
    extensions = []
    for extension in template.extensions or ():
        key = extension.extn_id
        if key not in demands:
            extensions.append(extension)
        elif left.get(key) is not None:
            extensions.append(left.pop(key))
    extensions += [extension for extension in left.values() if extension is not None]
    return replace(template, **changes, extensions=tuple(extensions) or None)


# --- requests --------------------------------------------------------------------------------


def _is_signed(member: Message) -> bool:
    """Whether it is a SignedData with a SignerInfo."""
    return bool(member.element_offsets(("content", "signerInfos")))


def _of(request: types.TaggedRequest) -> types.CertTemplate | None:
    """What a request asks for by itself; None for one of another form."""
    if request.tcr is not None:
        asked = request.tcr.certification_request
        return _changed(request.tcr.body_part_id, _of_pkcs10(asked), _attributes(asked))
    if request.crm is not None:
        asked_in_crmf = request.crm.cert_req
        given = [(each.type, each.value) for each in asked_in_crmf.controls or ()]
        return _changed(asked_in_crmf.cert_req_id, asked_in_crmf.cert_template, given)
    return None


def _attributes(request: types.CertificationRequest) -> list[tuple[str, Any]]:
    """Type and value of each value of an attribute."""
    return [
        (attribute.attr_type, value)
        for attribute in request.certification_request_info.attributes or ()
        for value in attribute.attr_values
    ]


def _of_pkcs10(request: types.CertificationRequest) -> types.CertTemplate:
    """R-012: extensions travel in an attribute, also in Microsoft's (T-22)."""
    info = request.certification_request_info
    extensions = [
        extension
        for _, value in _attributes(request)
        if isinstance(value, types.ExtensionReq)
        for extension in value
    ]
    return types.CertTemplate(
        subject=info.subject,
        public_key=info.subject_public_key_info,
        extensions=tuple(extensions) or None,
    )


def _changed(
    identifier: int, template: types.CertTemplate, given: Iterable[tuple[str, Any]]
) -> types.CertTemplate:
    """R-172: subject and subjectAltName as changeSubjectName has them."""
    changes = {value for key, value in given if key == oids.ID_CMC_CHANGE_SUBJECT_NAME}
    if not changes:
        return template
    if len(changes) > 1:
        _conflict((identifier,))
    (change,) = changes
    names = change.subject_alt or change.legacy_subject_alt
    alternative = names and types.Extension(
        extn_id=oids.ID_CE_SUBJECT_ALT_NAME, extn_value=names.to_der()
    )
    demands = {
        "subject": change.subject or _EMPTY,
        oids.ID_CE_SUBJECT_ALT_NAME: alternative,
    }
    return _applied(template, demands)
