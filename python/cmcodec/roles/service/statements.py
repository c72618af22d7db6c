"""What a message claims, and what authorised RAs say of the messages inside theirs (RFC 10002 §6).

An RA says that it verified an identity (§6.20) or a possession (§6.8), and that it dealt with a
control (§6.19). Only authorised RAs are heard.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from cmcodec import oids, types
from cmcodec.cms.envelopes import layer_of, single
from cmcodec.cms.opening import Opened
from cmcodec.controls import placement
from cmcodec.controls.requests import attributes_of, public_key_of
from cmcodec.errors import ProofError
from cmcodec.reasons import Reason
from cmcodec.types import CONTROLS
from cmcodec.types.controls import CMCFailInfo
from cmcodec.verify.references import request_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from cmcodec.roles.service.arrivals import Arrival

__all__ = [
    "Statements",
    "check_controls",
    "check_time",
    "has_identity_proof",
    "identification",
    "identities",
    "is_linked",
    "keys_of",
    "of_certificate",
]

_Path = tuple[int, ...]

_OF_CLIENTS: Final = frozenset(
    (
        oids.SZ_OID_OS_VERSION, oids.SZ_OID_ENROLLMENT_CSP_PROVIDER, oids.SZ_OID_ENROLL_KSP_NAME,
        oids.SZ_OID_REQUEST_CLIENT_INFO,
    )
)  # fmt: skip
"""What Windows says of the machine, the program and the account that ask (MS-WCCE §2.2.2.7)."""
_PROOFS: Final = (
    oids.ID_CMC_IDENTITY_PROOF, oids.ID_CMC_IDENTITY_PROOF_V2, oids.ID_CMC_POP_LINK_WITNESS_V2,
)  # fmt: skip
_LINKS: Final = (oids.ID_CMC_POP_LINK_WITNESS, oids.ID_CMC_POP_LINK_WITNESS_V2)


@final
@dataclass(frozen=True, slots=True)
class Statements:
    """What authorised RAs say, each by the path of what they say it of."""

    identified: set[_Path] = field(default_factory=set)
    possessed: set[_Path] = field(default_factory=set)
    processed: set[_Path] = field(default_factory=set)

    @classmethod
    def of(cls, root: Arrival) -> Statements:
        """Those in a message and in all messages inside it."""
        made = cls()
        for arrival in root.walk():
            if arrival.is_ra and arrival.failure is None:
                made._hear(arrival)
        return made

    def _hear(self, arrival: Arrival) -> None:
        for _, value in arrival.control(oids.ID_CMC_RA_IDENTITY_WITNESS):
            self.identified.add(_from(arrival, value))
        for _, value in arrival.control(oids.ID_CMC_LRA_POP_WITNESS):
            around = _from(arrival, (value.pki_data_bodyid,))
            self.possessed.update((*around, number) for number in value.body_ids)
        for _, value in arrival.control(oids.ID_CMC_CONTROL_PROCESSED):
            for reference in value.body_list:
                given = reference.value
                steps = (given,) if isinstance(given, int) else given
                self.processed.add(_from(arrival, steps))

    def is_identified(self, arrival: Arrival) -> bool:
        """Whether an RA verified who sent a message: it names the message, or a proof in it."""
        proofs = (oids.ID_CMC_IDENTITY_PROOF, oids.ID_CMC_IDENTITY_PROOF_V2)
        return arrival.path in self.identified or any(
            (*arrival.path, number) in self.identified
            for attr_type in proofs
            for number, _ in arrival.control(attr_type)
        )


def _from(arrival: Arrival, steps: Iterable[int]) -> _Path:
    """A path from the outermost message, of one from a message inside; 0 is that itself (T-26)."""
    return (*arrival.path, *(step for step in steps if step))


def check_controls(
    arrival: Arrival, statements: Statements, *, compatibility: bool, is_final: bool
) -> None:
    """Checks that each control stands where it may, and that all are known (R-034, R-035).

    A server that is not the final one passes on those that it does not know (R-036).
    ``compatibility`` as in `placement.check`, and it knows what Windows adds of the client alone.
    Raises `ProofError` with badRequest and the ids at fault.
    """
    content = arrival.content
    placement.check(content, compatibility=compatibility)
    unknown = tuple(
        each.body_part_id
        for each in (getattr(content, "control_sequence", ()) if is_final else ())
        if each.attr_type not in CONTROLS
        and (*arrival.path, each.body_part_id) not in statements.processed
        and not (compatibility and _describes_client(each))
    )
    if unknown:
        raise ProofError(Reason.CONTROL_MISPLACED, CMCFailInfo.BAD_REQUEST, unknown)


def _describes_client(control: types.TaggedAttribute) -> bool:
    """Whether a control adds attributes to requests, and none that asks for anything."""
    return all(
        isinstance(value, types.CMCAddAttributes)
        and all(each.attr_type in _OF_CLIENTS for each in value.attributes)
        for value in control.attr_values
    )


def check_time(arrival: Arrival, now: datetime, skew: timedelta) -> None:
    """Checks that signing times, where there are any, are near now: else badTime."""
    assert arrival.opened is not None
    layer = layer_of(arrival.opened.message)
    attributes = [info.signed_attrs for info in getattr(layer, "signer_infos", ())]
    attributes.append(getattr(layer, "auth_attrs", None))
    for each in attributes:
        found = single(each or (), oids.ID_SIGNING_TIME)
        if isinstance(found, types.SigningTime) and abs(found.value.value - now) > skew:
            raise ProofError(Reason.NOT_CURRENT, CMCFailInfo.BAD_TIME)


def identification(arrival: Arrival) -> str | None:
    """The value of the identification control, which nobody has checked; None where it is none."""
    found = arrival.control(oids.ID_CMC_IDENTIFICATION)
    if arrival.opened is None:
        found = tuple(
            (each.body_part_id, value)
            for each in getattr(arrival.said, "control_sequence", ())
            if each.attr_type == oids.ID_CMC_IDENTIFICATION
            for value in each.attr_values
        )
    values = [value.value for _, value in found if isinstance(value, types.Identification)]
    return values[0] if len(values) == 1 else None


def has_identity_proof(arrival: Arrival, *, compatibility: bool) -> bool:
    """Whether a shared secret is to be proved; ``compatibility`` as in `identity_proof.verify`."""
    return any(map(arrival.control, _PROOFS if compatibility else _PROOFS[:2]))


def is_linked(arrival: Arrival) -> bool:
    """Whether a message has a POP link, or a part of one (RFC 10002 §6.3.1)."""
    return bool(arrival.control(oids.ID_CMC_POP_LINK_RANDOM)) or any(
        attr_type in _LINKS
        for request in arrival.requests
        for attr_type, _ in attributes_of(request)
    )


def identities(arrival: Arrival, proved: str | None, *, is_proved: bool) -> tuple[str, ...]:
    """Who sent a message, as far as the message proves it, to know later ones by.

    The certificate that signed; the identification whose secret was proved (``is_proved``); the key
    of the request that signed. Not those of other requests: anybody can send them again.
    """
    found = [of_certificate(arrival.signer_octets)] if arrival.signer_octets else []
    if is_proved:
        found.append(f"identification:{proved or ''}")
    if isinstance(arrival.opened, Opened):
        signing = {each.request_id for each in arrival.opened.signers} - {None}
        if isinstance(arrival.content, types.CertificationRequest):
            signing = {1}
        for each in arrival.requests:
            found += keys_of(each) if request_id(each) in signing else ()
    return tuple(found)


def keys_of(request: types.TaggedRequest) -> tuple[str, ...]:
    """What stands for the key of a request among identities; nothing where it has none.

    Whoever sends a request need not have the key.
    """
    key = public_key_of(request)
    return () if key is None else (f"key:{hashlib.sha256(key.to_der()).hexdigest()}",)


def of_certificate(octets: bytes) -> str:
    """What stands for a certificate among identities."""
    return f"certificate:{hashlib.sha256(octets).hexdigest()}"
