"""Where controls stand, and how often (RFC 10002 §6, table 1, and §7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmcodec import oids, types
from cmcodec.arguments import flag
from cmcodec.checked import checked
from cmcodec.errors import ProofError
from cmcodec.reasons import Reason, Rule
from cmcodec.types.controls import CMCFailInfo
from cmcodec.types.tables import CONTROL_ROWS, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    Standing: TypeAlias = tuple[int, str, int]
    """Whose it is, a control or a request, by its id; the type; how many values it has."""

__all__ = ["check"]

_ROWS: Final = {row.oid: row for row in CONTROL_ROWS}
_SWAPPED: Final = {
    (Place.REQUEST, oids.ID_CMC_POP_LINK_WITNESS_V2): oids.ID_CMC_IDENTITY_PROOF_V2,
    (Place.ATTRIBUTE, oids.ID_CMC_IDENTITY_PROOF_V2): oids.ID_CMC_POP_LINK_WITNESS_V2,
}
"""What old peers mean by a type in this place (T-01)."""


@checked
def check(
    content: types.PKIData | types.PKIResponse | types.CertificationRequest,
    *,
    compatibility: bool = False,
) -> None:
    """Checks that each control stands where it may, as often as it may, with exactly one value.

    Controls that are not listed may stand anywhere, with one value too. What stands in a
    certification request (attributes of PKCS#10, ``controls`` of CRMF) is checked as the rest is; a
    bare PKCS#10 is request 1. Messages nested in the content are not looked at. trustedAnchors may
    stand in any PKIData: whether that is one for authData, its content cannot tell.
    ``compatibility`` takes identityProofV2 and popLinkWitnessV2 for each other by their place
    (T-01).

    Raises `ProofError` with the failInfo badRequest: ``control_misplaced`` with the ids of all
    controls, or of the requests they are in, that stand where they may not (R-163, R-167, R-240) or
    have not exactly one value; else ``duplicate_control`` with the ids of all after those that may
    stand (rule R4).
    """
    swapped = _SWAPPED if flag("compatibility", compatibility) else {}
    misplaced: dict[int, None] = {}
    repeated: dict[int, None] = {}
    for place, standing in _places(content):
        left: dict[str, int] = {}
        for identifier, written, values in standing:
            attr_type = written if place is None else swapped.get((place, written), written)
            row = _ROWS.get(attr_type)
            if row is None:
                # In a request these are other people's attributes.
                if place is not Place.ATTRIBUTE and values != 1:
                    misplaced[identifier] = None
                continue
            if place is None or place not in row.place or values != 1:
                misplaced[identifier] = None
            if row.at_most is not None:
                left[attr_type] = left.get(attr_type, row.at_most) - 1
                if left[attr_type] < 0:
                    repeated[identifier] = None
    for reason, found in (
        (Reason.CONTROL_MISPLACED, misplaced),
        (Reason.DUPLICATE_CONTROL, repeated),
    ):
        if found:
            raise ProofError(reason, CMCFailInfo.BAD_REQUEST, tuple(found), Rule.R4)


def _places(
    content: types.PKIData | types.PKIResponse | types.CertificationRequest,
) -> Iterator[tuple[Place | None, Iterable[Standing]]]:
    """Each place where controls stand, and those there; None is a place for none of them."""
    if isinstance(content, types.CertificationRequest):
        yield Place.ATTRIBUTE, _of_pkcs10(1, content)
        return
    is_request = isinstance(content, types.PKIData)
    controls = content.control_sequence
    yield (
        Place.REQUEST if is_request else Place.RESPONSE,
        ((each.body_part_id, each.attr_type, len(each.attr_values)) for each in controls),
    )
    for request in content.req_sequence if isinstance(content, types.PKIData) else ():
        if request.tcr is not None:
            tcr = request.tcr
            yield Place.ATTRIBUTE, _of_pkcs10(tcr.body_part_id, tcr.certification_request)
        elif request.crm is not None:
            asked = request.crm.cert_req
            yield Place.ATTRIBUTE, _of_crmf(asked.cert_req_id, asked.controls)
            yield None, _of_crmf(asked.cert_req_id, request.crm.reg_info)


def _of_pkcs10(identifier: int, request: types.CertificationRequest) -> Iterator[Standing]:
    for attribute in request.certification_request_info.attributes or ():
        yield identifier, attribute.attr_type, len(attribute.attr_values)


def _of_crmf(
    identifier: int, controls: Iterable[types.AttributeTypeAndValue] | None
) -> Iterator[Standing]:
    for control in controls or ():
        yield identifier, control.type, 1
