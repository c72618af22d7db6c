"""What certification requests say, PKCS#10 and CRMF alike (RFC 2986 §4, RFC 4211 §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cmcodec import oids, types

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXTENSION_REQUESTS: Final = (oids.ID_EXTENSION_REQUEST, oids.SZ_OID_CERT_EXTENSIONS)


def simple_request(request: types.CertificationRequest) -> types.TaggedRequest:
    """A bare PKCS#10 as one of a PKIData, with the id that statuses give it (R-078)."""
    asked = types.TaggedCertificationRequest(body_part_id=1, certification_request=request)
    return types.TaggedRequest(tcr=asked)


def attributes_of(request: types.TaggedRequest) -> Iterator[tuple[str, Any]]:
    """Type and value of each attribute of a PKCS#10 request, or control of a CRMF one (T-15)."""
    if request.tcr is not None:
        info = request.tcr.certification_request.certification_request_info
        for attribute in info.attributes or ():
            for value in attribute.attr_values:
                yield attribute.attr_type, value
    elif request.crm is not None:
        for control in request.crm.cert_req.controls or ():
            yield control.type, control.value


def subject_of(request: types.TaggedRequest) -> types.Name | None:
    """The name that is asked for; None where there is none."""
    if request.tcr is not None:
        return request.tcr.certification_request.certification_request_info.subject
    return None if request.crm is None else request.crm.cert_req.cert_template.subject


def public_key_of(request: types.TaggedRequest) -> types.SubjectPublicKeyInfo | None:
    """The key that is to be certified; None where there is none."""
    if request.tcr is not None:
        info = request.tcr.certification_request.certification_request_info
        return info.subject_public_key_info
    return None if request.crm is None else request.crm.cert_req.cert_template.public_key


def extension_values(request: types.TaggedRequest, extn_id: str) -> list[bytes]:
    """The values of each extension of this type that is asked for."""
    extensions: list[types.Extension] = []
    if request.crm is not None:
        extensions.extend(request.crm.cert_req.cert_template.extensions or ())
    elif request.tcr is not None:
        for attr_type, value in attributes_of(request):
            if attr_type in _EXTENSION_REQUESTS:
                extensions.extend(value.value)
    return [each.extn_value for each in extensions if each.extn_id == extn_id]
