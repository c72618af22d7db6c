"""Certification requests that are finished: they go into a message as they are."""

from __future__ import annotations

from typing import Any

from cmcodec import oids, types
from cmcodec.builders import forbidden
from cmcodec.builders.new_requests import key_identifier
from cmcodec.builders.unsigned import without_signers
from cmcodec.errors import EncodeError
from cmcodec.message import load
from cmcodec.reasons import Reason
from cmcodec.verify.batch import verify_items

__all__ = ["asked_identifier", "finished", "id_of", "tagged"]


def finished(request: Any) -> types.TaggedRequest | types.CertificationRequest:
    """A request that is finished, and may be made."""
    if isinstance(request, bytes):
        request = load(request).unverified_content
    if hasattr(request, "public_bytes"):
        from cryptography.hazmat.primitives.serialization import Encoding

        request = types.CertificationRequest.from_der(request.public_bytes(Encoding.DER))
    if isinstance(request, types.CertReqMsg):
        request = types.TaggedRequest(crm=request)
    if isinstance(request, types.CertificationRequest):
        _check_proof(request.to_der())
        return request
    if not isinstance(request, types.TaggedRequest):
        raise EncodeError(Reason.BAD_TYPE, None, "request")
    if request.crm is not None:
        forbidden.check_crmf(request.crm)
    _check_proof(_alone(request))
    return request


def _alone(request: types.TaggedRequest) -> bytes:
    """A message with nothing but this request."""
    content = types.PKIData(
        control_sequence=(), req_sequence=(request,), cms_sequence=(), other_msg_sequence=()
    )
    return without_signers(oids.ID_CCT_PKI_DATA, content.to_der())


def _check_proof(octets: bytes) -> None:
    """A proof of possession that is there is good."""
    (row,) = verify_items([octets], nested=False, threads=1)
    if any(request.pop == "failed" for request in row.requests):
        raise EncodeError(Reason.POP_INVALID, None, "request")


def id_of(request: types.TaggedRequest | types.CertificationRequest) -> int | None:
    """The body part id that a request has already; None for a PKCS#10 alone."""
    if isinstance(request, types.CertificationRequest):
        return None
    if request.tcr is not None:
        return request.tcr.body_part_id
    if request.crm is not None:
        return request.crm.cert_req.cert_req_id
    return request.orm.body_part_id if request.orm is not None else None


def tagged(
    request: types.TaggedRequest | types.CertificationRequest, body_part_id: int
) -> types.TaggedRequest:
    """The request as reqSequence has it."""
    if isinstance(request, types.TaggedRequest):
        return request
    tagged = types.TaggedCertificationRequest(
        body_part_id=body_part_id, certification_request=request
    )
    return types.TaggedRequest(tcr=tagged)


def asked_identifier(request: types.TaggedRequest) -> bytes | None:
    """The key identifier that a request asks for."""
    if request.crm is not None:
        return key_identifier(request.crm.cert_req.cert_template.extensions or ())
    if request.tcr is None:
        return None
    info = request.tcr.certification_request.certification_request_info
    for attribute in info.attributes or ():
        for value in attribute.attr_values:
            if isinstance(value, types.ExtensionReq):
                return key_identifier(value.value)
    return None
