"""The verdict over one message (rules V1 to V3, R2, R5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cmcodec import oids
from cmcodec._pure import view
from cmcodec._pure.verify import pop
from cmcodec._pure.verify.certificates import may_repeat_extension
from cmcodec._pure.verify.fault import Fault
from cmcodec._pure.verify.signer import Signed, v3_each_signer
from cmcodec._pure.view import oid_octets
from cmcodec.limits import MAX_SIGNERS
from cmcodec.reasons import Reason, Rule
from cmcodec.verify.verdict import Note, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmcodec._pure.codec.load import Root
    from cmcodec._pure.codec.tlv import Error, Tlv
    from cmcodec._pure.codec.walk import Member
    from cmcodec._pure.verify.signer import Policy
    from cmcodec.verify.verdict import Encoding, Signer, Verdict


class Message(NamedTuple):
    """A validated message in the DER of an item."""

    der: bytes
    item: int
    path: tuple[int, ...]
    encoding: Encoding
    root: Root
    element: Tlv
    wrapped: bool = False


def verify_message(message: Message, policy: Policy) -> Row:
    """The row of a message."""
    if message.root == "CertificationRequest":
        found = _simple_request(message.der, message.element, policy)
    else:
        found = _content_info(message.der, message.element, policy, wrapped=message.wrapped)
    _, start, _, end = message.element
    der, item, path, encoding, *_ = message
    return row(der, item, path, span=(start, end), encoding=encoding, **found)


def row(
    der: bytes,
    item: int,
    path: tuple[int, ...],
    *,
    span: tuple[int, int],
    fault: Fault | Error | Member | None = None,
    controls: view.Controls = view.Controls(),  # noqa: B008 - a constant
    **found: Any,
) -> Row:
    """A row, with the buffer that it counts in."""
    made = Row(
        index=item,
        path=path,
        span=span,
        reason=fault.reason if fault else None,
        rule=fault.rule if fault else None,
        offset=fault.offset if fault else None,
        transaction_id=controls.transaction_id,
        **{**_NOTHING, **found},
    )
    object.__setattr__(made, "_buffer", der)
    object.__setattr__(made, "_may_have_notes", controls.may_have_notes)
    return made


_NOTHING = {"kind": "other", "encoding": "der", "signers": (), "requests": (), "notes": ()}
"""What a row says where nothing was found."""


def _verdict(fault: Fault | None) -> Verdict:
    return _VERDICTS.get(fault.reason, "failed") if fault else "verified"


_VERDICTS: dict[Reason, Verdict] = {
    Reason.NO_SIGNER: "unsigned",
    Reason.ENCRYPTED: "unverified",
}


def _simple_request(data: bytes, element: Tlv, policy: Policy) -> dict[str, Any]:
    request = view.simple_request(data, element)
    report, fault = pop.evaluate(data, request, ra_authorised=False, legacy=policy.legacy)
    if report.pop == "absent":
        # Nothing else signs a bare PKCS#10: id-alg-noSignature must not make it verified (V12).
        fault = Fault(Reason.NO_SIGNATURE, element.start)
    return {
        "kind": "simple-request",
        "verdict": _verdict(fault),
        "fault": fault,
        "controls": view.Controls(may_have_notes=may_repeat_extension(data, request)),
        "requests": (report,),
    }


def _content_info(data: bytes, element: Tlv, policy: Policy, *, wrapped: bool) -> dict[str, Any]:
    info = view.content_info(data, element)
    content_type = view.content(data, info.content_type)
    if content_type == view.SIGNED_DATA:
        return _signed_data(data, view.signed_data(data, info.content), policy, wrapped=wrapped)
    if content_type in _ENCRYPTED:
        return {"verdict": "unverified", "fault": Fault(Reason.ENCRYPTED)}
    kind, held = view.kind(data, info, wrapped=wrapped)
    if held is None:
        fault = Fault(Reason.WRONG_CONTENT_TYPE, info.content_type.start)
        return {"verdict": "failed", "fault": fault}
    body = view.body(data, held)
    may_repeat = any(may_repeat_extension(data, it) for it in view.requests(data, body))
    return {
        "kind": kind,
        "verdict": "unverified",
        "fault": Fault(Reason.MAC_UNCHECKED),
        "controls": _noting(view.controls(data, body), may_repeat),
    }


def _noting(controls: view.Controls, may_repeat: bool) -> view.Controls:
    """The controls, with whether there may be something to note of a request."""
    return controls._replace(may_have_notes=True) if may_repeat else controls


_LAYERS = (oid_octets(oids.ID_ENVELOPED_DATA), oid_octets(oids.ID_CT_AUTH_ENVELOPED_DATA))
_ENCRYPTED = (*_LAYERS, oid_octets(oids.ID_ENCRYPTED_DATA))
_SIGNABLE = (view.PKI_DATA, view.PKI_RESPONSE, *_LAYERS)


def _signed_data(data: bytes, signed: Any, policy: Policy, *, wrapped: bool) -> dict[str, Any]:
    held = view.encapsulated(data, signed.encap_content_info)
    kind = view.kind_of_signed(data, signed, held, wrapped=wrapped)
    if kind == "simple-response":
        fault = v1_signed_data_version(data, signed)
        return {"kind": kind, "verdict": "failed" if fault else "unsigned", "fault": fault}
    is_wrapped = kind == "wrapped-request"
    body = view.WrappedBody(held.e_content) if is_wrapped else view.body(data, held)
    controls = view.controls(data, body)
    found: dict[str, Any] = {"kind": kind, "controls": controls}
    fault = None if is_wrapped else v1_content_type(data, signed, held)
    if fault:
        return {**found, "verdict": "failed", "fault": fault}
    if v1_version_note(data, signed):
        found["notes"] = (Note(body_part_id=None, reason=Reason.VERSION_MISMATCH),)
    message = Signed(data, signed, held, body, policy)
    signers, fault = _signers(message)
    authorised = fault is None and r2_authorised_ra(signers, policy)
    requests, may_repeat = [], False
    for request in message.requests():
        report, refused = pop.evaluate(
            data, request, ra_authorised=authorised, legacy=policy.legacy
        )
        requests.append(report)
        may_repeat = may_repeat or may_repeat_extension(data, request)
        fault = fault or refused
    fault = fault or r5_encrypted_content(data, held)
    return {
        **found,
        "controls": _noting(controls, may_repeat),
        "verdict": _verdict(fault),
        "fault": fault,
        "signers": tuple(signers),
        "requests": tuple(requests),
    }


def _signers(message: Signed) -> tuple[Sequence[Signer], Fault | None]:
    """What is found of the SignerInfos, and the first fault of them."""
    version = v1_signed_data_version(message.data, message.signed)
    try:
        elements = v2_count_signers(message.data, message.signed.signer_infos)
    except Fault as refused:
        return (), version or refused.with_traceback(None)
    signers, fault = v3_each_signer(message, elements)
    return signers, version or fault


def v1_content_type(data: bytes, signed: Any, held: Any) -> Fault | None:
    """What is wrong where a signature is over no PKI message and no encrypted layer.

    A wrapped request is no matter for this.
    """
    infos, content_type = signed.signer_infos, held.e_content_type
    if view.content(data, content_type) not in _SIGNABLE:
        return Fault(Reason.WRONG_CONTENT_TYPE, content_type.start)
    if held.e_content is None and infos.content != infos.end:
        return Fault(Reason.CONTENT_MISSING, content_type.start)
    return None


def v1_signed_data_version(data: bytes, signed: Any) -> Fault | None:
    """What is wrong where the version, which no signature covers, is none that CMS has."""
    if view.content(data, signed.version) in view.CMS_VERSIONS:
        return None
    return Fault(Reason.VERSION_MISMATCH, signed.version.start)


def v1_version_note(data: bytes, signed: Any) -> bool:
    """Whether a version of CMS stands where another is called for. Clients in use get them wrong.

    In the SignedData (RFC 5652 §5.1, R-213), or in a SignerInfo (RFC 5652 §5.3, R-214).
    """
    found = [(signed.version, view.signed_data_version(data, signed))]
    for element in view.inside(data, signed.signer_infos):
        info = view.signer_info(data, element)
        found.append((info.version, view.signer_info_version(data, info)))
    return any(
        view.content(data, version) in {*view.CMS_VERSIONS} - {expected}
        for version, expected in found
    )


def v2_count_signers(data: bytes, infos: Tlv) -> list[Tlv]:
    """The SignerInfos, of which there are one to `MAX_SIGNERS`; raises `Fault`."""
    elements: list[Tlv] = []
    for element in view.inside(data, infos):
        if len(elements) == MAX_SIGNERS:
            raise Fault(Reason.LIMIT, infos.start, Rule.V2)
        elements.append(element)
    if not elements:
        raise Fault(Reason.NO_SIGNER, infos.start)
    return elements


def r5_encrypted_content(data: bytes, held: Any) -> Fault | None:
    """Why a good signature says nothing yet: nobody has seen what it is over."""
    is_layer = view.content(data, held.e_content_type) in _LAYERS
    return Fault(Reason.ENCRYPTED) if is_layer else None


def r2_authorised_ra(signers: Sequence[Signer], policy: Policy) -> bool:
    """Whether an RA signed that the caller lets assert possession.

    It is the first of the certificates that a signer may have (rule V8).
    """
    return any(policy.authorises(octets) for each in signers for octets in each.candidates[:1])
