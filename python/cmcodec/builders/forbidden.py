"""What the standards forbid to be made, checked before anything is signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cmcodec import oids, types
from cmcodec.controls import placement
from cmcodec.errors import EncodeError, ForbiddenError, ProofError
from cmcodec.reasons import Reason
from cmcodec.types.tables import CONTROL_ROWS, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROWS: Final = {row.oid: row for row in CONTROL_ROWS}

_MISPLACED: Final = {
    (oids.ID_CMC_RESPONSE_BODY, Place.REQUEST): "R-167",
    (oids.ID_CMC_RA_IDENTITY_WITNESS, Place.RESPONSE): "R-163",
    (oids.ID_CMC_CHANGE_SUBJECT_NAME, Place.REQUEST): "R-240",
    (oids.ID_CMC_CHANGE_SUBJECT_NAME, Place.RESPONSE): "R-240",
}
_CRMF_CONTROLS: Final = (oids.ID_REG_CTRL_REG_TOKEN, oids.ID_REG_CTRL_AUTHENTICATOR)
_TEMPLATE_FIELDS: Final = ("serial_number", "signing_alg", "issuer_uid", "subject_uid")
_WITNESSES: Final = (oids.ID_CMC_POP_LINK_WITNESS, oids.ID_CMC_POP_LINK_WITNESS_V2)


def check_control(attr_type: str, value: Any, place: Place) -> None:
    """A control in a request or response; what is no control of CMC may stand anywhere.

    Raises `ForbiddenError`, or `EncodeError` (``control_misplaced``) where no requirement has a
    number for it.
    """
    row = _ROWS.get(attr_type)
    if row is not None and not row.place & place:
        rule = _MISPLACED.get((attr_type, place))
        if rule is not None:
            raise ForbiddenError(rule)
        raise EncodeError(Reason.CONTROL_MISPLACED, None, oids.name(attr_type))
    if isinstance(value, types.CMCPublicationInfo):
        info = value.pub_info
        if info.action == types.PublicationAction.DONT_PUBLISH and info.pub_infos is not None:
            raise ForbiddenError("R-160")


def check_places(content: types.PKIData | types.PKIResponse) -> None:
    """What `controls.check` refuses is not made: a control too often, or in the wrong place."""
    try:
        placement.check(content)
    except ProofError as error:
        raise EncodeError(Reason(error.reason), None, "controls") from None


def check_publications(content: types.PKIData) -> None:
    """No certificate stands in two publishCert controls, as far as their digests tell."""
    seen = set[tuple[str, bytes]]()
    for control in content.control_sequence:
        for value in control.attr_values:
            if not isinstance(value, types.CMCPublicationInfo):
                continue
            named = {(value.hash_alg.algorithm, each) for each in value.cert_hashes}
            if not seen.isdisjoint(named):
                raise ForbiddenError("R-161")
            seen |= named


def check_crmf(request: types.CertReqMsg) -> None:
    """A finished CRMF request of a client."""
    template, popo = request.cert_req.cert_template, request.popo
    if template.subject is None or template.public_key is None:
        raise ForbiddenError("R-039")
    if request.reg_info is not None:
        raise ForbiddenError("R-042")
    if any(getattr(template, field) is not None for field in _TEMPLATE_FIELDS):
        raise ForbiddenError("R-048")
    if any(control.type in _CRMF_CONTROLS for control in request.cert_req.controls or ()):
        raise ForbiddenError("R-206")
    if popo is None:
        return
    if popo.ra_verified is not None:
        raise ForbiddenError("R-047")
    if popo.signature is not None and popo.signature.poposk_input is not None:
        raise ForbiddenError("R-044")
    for key in (popo.key_encipherment, popo.key_agreement):
        if key is not None and key.subsequent_message == types.SubsequentMessage.ENCR_CERT:
            raise ForbiddenError("R-043")


def check_changed_name(changed: types.ChangeSubjectName | None) -> None:
    """ChangeSubjectName has a field at least."""
    if changed is not None and changed.subject is None and changed.subject_alt is None:
        raise ForbiddenError("R-171")


def has_witness(request: types.TaggedRequest) -> bool:
    """Whether a request carries a POP link witness."""
    if request.tcr is not None:
        info = request.tcr.certification_request.certification_request_info
        return any(attribute.attr_type in _WITNESSES for attribute in info.attributes or ())
    controls = request.crm.cert_req.controls if request.crm is not None else None
    return any(control.type in _WITNESSES for control in controls or ())


def check_witnesses(requests: Iterable[types.TaggedRequest], *, has_random: bool) -> None:
    """A witness is over the value of popLinkRandom, which has to be there."""
    if not has_random and any(map(has_witness, requests)):
        raise ForbiddenError("R-099")


def check_failure(fail_info: int) -> None:
    """Codes that RFC 10002 does not have are private, from 1000 to 1999."""
    known = fail_info in set(types.CMCFailInfo)
    if not known and not 1000 <= fail_info <= 1999:
        raise ForbiddenError("R-085")


def check_status(value: Any) -> None:
    """A status info that the caller made: what goes with which status."""
    if not isinstance(value, types.CMCStatusInfoV2 | types.CMCStatusInfo):
        return
    other = value.other_info
    failed = value.cmc_status == types.CMCStatus.FAILED
    waits = value.cmc_status in (types.CMCStatus.PENDING, types.CMCStatus.PARTIAL)
    has_failure = other is not None and (
        other.fail_info is not None or getattr(other, "extended_fail_info", None) is not None
    )
    if has_failure and not failed:
        raise ForbiddenError("R-079")
    if waits != (other is not None and other.pend_info is not None):
        raise ForbiddenError("R-080")
    if other is not None and other.fail_info is not None:
        check_failure(other.fail_info)
